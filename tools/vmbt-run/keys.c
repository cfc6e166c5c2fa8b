// SPDX-License-Identifier: GPL-2.0
/*
 * Keys by the names that QEMU's sendkey gives them.
 *
 * Codes are those of scan code set 2 on a keyboard with 102 keys, from the IBM
 * PS/2 hardware interface technical reference.
 */
#include "keys.h"

#include <string.h>

static const struct {
	const char *name;
	struct key key;
} table[] = {
	{ "a", { 0x1c, false } },	{ "b", { 0x32, false } },	{ "c", { 0x21, false } },
	{ "d", { 0x23, false } },	{ "e", { 0x24, false } },	{ "f", { 0x2b, false } },
	{ "g", { 0x34, false } },	{ "h", { 0x33, false } },	{ "i", { 0x43, false } },
	{ "j", { 0x3b, false } },	{ "k", { 0x42, false } },	{ "l", { 0x4b, false } },
	{ "m", { 0x3a, false } },	{ "n", { 0x31, false } },	{ "o", { 0x44, false } },
	{ "p", { 0x4d, false } },	{ "q", { 0x15, false } },	{ "r", { 0x2d, false } },
	{ "s", { 0x1b, false } },	{ "t", { 0x2c, false } },	{ "u", { 0x3c, false } },
	{ "v", { 0x2a, false } },	{ "w", { 0x1d, false } },	{ "x", { 0x22, false } },
	{ "y", { 0x35, false } },	{ "z", { 0x1a, false } },	{ "0", { 0x45, false } },
	{ "1", { 0x16, false } },	{ "2", { 0x1e, false } },	{ "3", { 0x26, false } },
	{ "4", { 0x25, false } },	{ "5", { 0x2e, false } },	{ "6", { 0x36, false } },
	{ "7", { 0x3d, false } },	{ "8", { 0x3e, false } },	{ "9", { 0x46, false } },
	{ "f1", { 0x05, false } },	{ "f2", { 0x06, false } },	{ "f3", { 0x04, false } },
	{ "f4", { 0x0c, false } },	{ "f5", { 0x03, false } },	{ "f6", { 0x0b, false } },
	{ "f7", { 0x83, false } },	{ "f8", { 0x0a, false } },	{ "f9", { 0x01, false } },
	{ "f10", { 0x09, false } },	{ "f11", { 0x78, false } },	{ "f12", { 0x07, false } },
	{ "ret", { 0x5a, false } },	{ "spc", { 0x29, false } },	{ "esc", { 0x76, false } },
	{ "tab", { 0x0d, false } },	{ "backspace", { 0x66, false } },
	{ "minus", { 0x4e, false } },	{ "equal", { 0x55, false } },
	{ "bracket_left", { 0x54, false } },	{ "bracket_right", { 0x5b, false } },
	{ "semicolon", { 0x4c, false } },	{ "apostrophe", { 0x52, false } },
	{ "grave_accent", { 0x0e, false } },	{ "backslash", { 0x5d, false } },
	{ "comma", { 0x41, false } },	{ "dot", { 0x49, false } },
	{ "slash", { 0x4a, false } },	{ "less", { 0x61, false } },
	{ "shift", { 0x12, false } },	{ "shift_r", { 0x59, false } },
	{ "ctrl", { 0x14, false } },	{ "ctrl_r", { 0x14, true } },
	{ "alt", { 0x11, false } },	{ "alt_r", { 0x11, true } },
	{ "meta_l", { 0x1f, true } },	{ "meta_r", { 0x27, true } },	{ "menu", { 0x2f, true } },
	{ "print", { 0x7c, true } },	{ "sysrq", { 0x84, false } },	{ "pause", { 0x77, true } },
	{ "caps_lock", { 0x58, false } },	{ "num_lock", { 0x77, false } },
	{ "scroll_lock", { 0x7e, false } },	{ "meta_r", { 0x27, true } },
	{ "sysrq", { 0x84, false } },	{ "asterisk", { 0x7c, false } },
	{ "up", { 0x75, true } },	{ "down", { 0x72, true } },	{ "left", { 0x6b, true } },
	{ "right", { 0x74, true } },	{ "home", { 0x6c, true } },	{ "end", { 0x69, true } },
	{ "pgup", { 0x7d, true } },	{ "pgdn", { 0x7a, true } },
	{ "insert", { 0x70, true } },	{ "delete", { 0x71, true } },
	{ "kp_0", { 0x70, false } },	{ "kp_1", { 0x69, false } },	{ "kp_2", { 0x72, false } },
	{ "kp_3", { 0x7a, false } },	{ "kp_4", { 0x6b, false } },	{ "kp_5", { 0x73, false } },
	{ "kp_6", { 0x74, false } },	{ "kp_7", { 0x6c, false } },	{ "kp_8", { 0x75, false } },
	{ "kp_9", { 0x7d, false } },	{ "kp_decimal", { 0x71, false } },
	{ "kp_add", { 0x79, false } },	{ "kp_subtract", { 0x7b, false } },
	{ "kp_multiply", { 0x7c, false } },	{ "kp_divide", { 0x4a, true } },
	{ "kp_enter", { 0x5a, true } },
};

/**
 * key_find() - look a key up
 * @name: its name
 * @len: characters of it
 * @key: filled
 *
 * Return: false if there is no such key.
 */
bool key_find(const char *name, size_t len, struct key *key)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		if (strlen(table[i].name) == len && !strncmp(table[i].name, name, len)) {
			*key = table[i].key;
			return true;
		}
	}
	return false;
}

/* Set 1's make codes 01h to 58h as set 2's: the reference's table of key numbers. */
static const u8 set2[] = {
	0x00, 0x76, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55,
	0x66, 0x0d, 0x15, 0x1d, 0x24, 0x2d, 0x2c, 0x35, 0x3c, 0x43, 0x44, 0x4d, 0x54, 0x5b,
	0x5a, 0x14, 0x1c, 0x1b, 0x23, 0x2b, 0x34, 0x33, 0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x0e,
	0x12, 0x5d, 0x1a, 0x22, 0x21, 0x2a, 0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a, 0x59, 0x7c,
	0x11, 0x29, 0x58, 0x05, 0x06, 0x04, 0x0c, 0x03, 0x0b, 0x83, 0x0a, 0x01, 0x09, 0x77,
	0x7e, 0x6c, 0x75, 0x7d, 0x7b, 0x6b, 0x73, 0x74, 0x79, 0x69, 0x72, 0x7a, 0x70, 0x71,
	0x84, 0x00, 0x61, 0x78, 0x07,
};

/**
 * key_number() - a key by its make code in scan code set 1
 * @number: the code; 80h is added to those behind E0h
 * @key: filled
 *
 * Return: false if there is no such key.
 */
bool key_number(s64 number, struct key *key)
{
	u8 code = number & 0x7f;

	if (number < 0 || number > 0xff || code >= ARRAY_SIZE(set2) || !set2[code])
		return false;
	*key = (struct key){ set2[code], number & 0x80 };
	return true;
}
