/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the guest's exit status in its serial output.
 *
 * A script in the guest ends by printing "PREFIX N" on the console. That line
 * is for whoever started vmbt-run and is not shown.
 */
#ifndef VMBT_RUN_EXITLINE_H
#define VMBT_RUN_EXITLINE_H

#include "types.h"

#define EXIT_LINE_MAX	256

/**
 * struct exit_line - filter
 * @prefix: what announces the status, NULL for no filter
 * @held: bytes that may turn out to be the line
 * @len: how many
 * @found: a status was found
 * @status: the last one
 */
struct exit_line {
	const char *prefix;
	u8 held[EXIT_LINE_MAX];
	unsigned int len;
	bool found;
	u8 status;
};

unsigned int exit_line_filter(struct exit_line *f, u8 byte, u8 out[EXIT_LINE_MAX]);

#endif
