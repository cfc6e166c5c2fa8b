/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys by the symbols that VNC's clients send.
 */
#ifndef VMBT_RUN_KEYSYM_H
#define VMBT_RUN_KEYSYM_H

#include "keys.h"

bool keysym_find(u32 sym, struct key *key, bool *shifted);

#endif
