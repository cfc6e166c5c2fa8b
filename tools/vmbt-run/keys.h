/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys by the names that QEMU's sendkey gives them.
 */
#ifndef VMBT_RUN_KEYS_H
#define VMBT_RUN_KEYS_H

#include "types.h"

/**
 * struct key - a key
 * @code: its make code in scan code set 2
 * @extended: it is one behind E0h
 */
struct key {
	u8 code;
	bool extended;
};

bool key_find(const char *name, size_t len, struct key *key);
bool key_number(s64 number, struct key *key);

#endif
