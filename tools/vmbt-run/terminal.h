/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user's terminal: raw while the guest has it, restored whatever happens.
 */
#ifndef VMBT_RUN_TERMINAL_H
#define VMBT_RUN_TERMINAL_H

#include "types.h"

/**
 * enum terminal_key - what the keys typed so far mean
 * @KEY_NONE: nothing yet
 * @KEY_BYTE: a byte for the guest
 * @KEY_LEAVE: Ctrl-A x
 * @KEY_HELP: Ctrl-A h
 * @KEY_CONSOLE: Ctrl-A c
 */
enum terminal_key {
	KEY_NONE,
	KEY_BYTE,
	KEY_LEAVE,
	KEY_HELP,
	KEY_CONSOLE,
};

extern const char terminal_help[];

bool terminal_raw(void);
void terminal_restore(void);
enum terminal_key terminal_key(bool *escaped, u8 byte);

#endif
