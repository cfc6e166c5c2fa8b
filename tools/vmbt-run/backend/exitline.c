// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the guest's exit status in its serial output.
 *
 * The prefix is looked for anywhere, not only where a line begins, because
 * what ran before may not have ended its last line. Bytes that could be part
 * of it are held back until they can't be any more.
 */
#include "exitline.h"

#include <stdlib.h>
#include <string.h>

/* Could the held bytes be (the beginning of) prefix, blanks, number, end of line? */
static bool possible(const struct exit_line *f)
{
	unsigned int plen = strlen(f->prefix), i = plen;

	if (memcmp(f->held, f->prefix, f->len < plen ? f->len : plen))
		return false;
	if (f->len <= plen)
		return true;
	if (f->len == EXIT_LINE_MAX)
		return false;
	while (i < f->len && (f->held[i] == ' ' || f->held[i] == ':'))
		i++;
	while (i < f->len && f->held[i] >= '0' && f->held[i] <= '9')
		i++;
	while (i < f->len && f->held[i] == '\r')
		i++;
	return i == f->len || (i == f->len - 1 && f->held[i] == '\n');
}

/**
 * exit_line_filter() - pass a byte of output through the filter
 * @f: the filter
 * @byte: what the guest has sent
 * @out: filled with what to show now
 *
 * Return: number of bytes in @out.
 */
unsigned int exit_line_filter(struct exit_line *f, u8 byte, u8 out[EXIT_LINE_MAX])
{
	unsigned int n = 0, i;
	u8 text[EXIT_LINE_MAX];

	f->held[f->len++] = byte;
	while (f->len && !possible(f)) {
		out[n++] = f->held[0];
		memmove(f->held, f->held + 1, --f->len);
	}
	if (byte != '\n' || f->len <= strlen(f->prefix))
		return n;

	/* The whole line is there: take the number out of it. */
	memcpy(text, f->held, f->len);
	text[f->len - 1] = 0;
	i = strcspn((char *)text + strlen(f->prefix), "0123456789") + strlen(f->prefix);
	if (text[i]) {
		f->status = strtoul((char *)text + i, NULL, 10);
		f->found = true;
	} else {
		memcpy(out + n, f->held, f->len);
		n += f->len;
	}
	f->len = 0;
	return n;
}
