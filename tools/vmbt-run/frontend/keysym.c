// SPDX-License-Identifier: GPL-2.0
/*
 * Keys by the symbols that VNC's clients send.
 *
 * RFC 6143, 7.5.4: X's symbols, which are Latin-1's codes for characters. A client
 * tells what a key means on its keyboard; the guest wants to know which one it is. As
 * everybody does, this takes a US keyboard: whoever has the same layout in client and
 * guest types what is printed on the keys of such a one. Shift comes as a key of its
 * own, so that '!' and '1' are the same key here.
 */
#include "keysym.h"

#include <string.h>

static const struct {
	u32 sym;
	const char *name;
} special[] = {
	{ 0xff08, "backspace" },	{ 0xff09, "tab" },	{ 0xfe20, "tab" },
	{ 0xff0d, "ret" },		{ 0xff13, "pause" },	{ 0xff14, "scroll_lock" },
	{ 0xff15, "print" },		{ 0xff1b, "esc" },	{ 0xff50, "home" },
	{ 0xff51, "left" },		{ 0xff52, "up" },	{ 0xff53, "right" },
	{ 0xff54, "down" },		{ 0xff55, "pgup" },	{ 0xff56, "pgdn" },
	{ 0xff57, "end" },		{ 0xff61, "print" },	{ 0xff63, "insert" },
	{ 0xff67, "menu" },		{ 0xff6b, "pause" },	{ 0xff7e, "alt_r" },
	{ 0xff7f, "num_lock" },		{ 0xff8d, "kp_enter" },	{ 0xff95, "kp_7" },
	{ 0xff96, "kp_4" },		{ 0xff97, "kp_8" },	{ 0xff98, "kp_6" },
	{ 0xff99, "kp_2" },		{ 0xff9a, "kp_9" },	{ 0xff9b, "kp_3" },
	{ 0xff9c, "kp_1" },		{ 0xff9d, "kp_5" },	{ 0xff9e, "kp_0" },
	{ 0xff9f, "kp_decimal" },	{ 0xffaa, "kp_multiply" },
	{ 0xffab, "kp_add" },		{ 0xffac, "kp_decimal" },
	{ 0xffad, "kp_subtract" },	{ 0xffae, "kp_decimal" },
	{ 0xffaf, "kp_divide" },	{ 0xffe1, "shift" },	{ 0xffe2, "shift_r" },
	{ 0xffe3, "ctrl" },		{ 0xffe4, "ctrl_r" },	{ 0xffe5, "caps_lock" },
	{ 0xffe7, "meta_l" },		{ 0xffe8, "meta_r" },	{ 0xffe9, "alt" },
	{ 0xffea, "alt_r" },		{ 0xffeb, "meta_l" },	{ 0xffec, "meta_r" },
	{ 0xfe03, "alt_r" },		{ 0xffff, "delete" },
};

static const struct {
	char plain;
	char shifted;
	const char *name;
} character[] = {
	{ '1', '!', "1" }, { '2', '@', "2" }, { '3', '#', "3" }, { '4', '$', "4" },
	{ '5', '%', "5" }, { '6', '^', "6" }, { '7', '&', "7" }, { '8', '*', "8" },
	{ '9', '(', "9" }, { '0', ')', "0" }, { '-', '_', "minus" }, { '=', '+', "equal" },
	{ '[', '{', "bracket_left" }, { ']', '}', "bracket_right" },
	{ ';', ':', "semicolon" }, { '\'', '"', "apostrophe" },
	{ '`', '~', "grave_accent" }, { '\\', '|', "backslash" },
	{ ',', '<', "comma" }, { '.', '>', "dot" }, { '/', '?', "slash" },
	{ ' ', ' ', "spc" },
};

static bool named(const char *name, struct key *key)
{
	return key_find(name, strlen(name), key);
}

/**
 * keysym_find() - which key is it?
 * @sym: X's symbol
 * @key: filled
 * @shifted: filled: it takes a shift to get that symbol
 *
 * Return: false if there is no such key.
 */
bool keysym_find(u32 sym, struct key *key, bool *shifted)
{
	char name[4] = { 0 };
	unsigned int i;

	*shifted = false;
	if ((sym >= 'a' && sym <= 'z') || (sym >= 'A' && sym <= 'Z')) {
		*shifted = sym < 'a';
		name[0] = sym | 0x20;
		return named(name, key);
	}
	for (i = 0; i < ARRAY_SIZE(character); i++) {
		*shifted = sym == (u8)character[i].shifted && sym != ' ';
		if (*shifted || sym == (u8)character[i].plain)
			return named(character[i].name, key);
	}
	*shifted = false;
	if (sym >= 0xffb0 && sym <= 0xffb9) {		/* the number pad's digits */
		char digit[] = { 'k', 'p', '_', '0' + (sym - 0xffb0), 0 };

		return named(digit, key);
	}
	if (sym >= 0xffbe && sym <= 0xffc9) {		/* F1 to F12 */
		unsigned int n = sym - 0xffbe + 1;

		name[0] = 'f';
		name[1] = n < 10 ? '0' + n : '1';
		name[2] = n < 10 ? 0 : '0' + n - 10;
		return named(name, key);
	}
	for (i = 0; i < ARRAY_SIZE(special); i++)
		if (special[i].sym == sym)
			return named(special[i].name, key);
	return false;
}
