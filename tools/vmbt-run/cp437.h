/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code page 437, the characters in a VGA's ROM, as Unicode.
 */
#ifndef VMBT_RUN_CP437_H
#define VMBT_RUN_CP437_H

#include "types.h"

u16 cp437(u8 c);

#endif
