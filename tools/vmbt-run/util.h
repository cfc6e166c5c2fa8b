/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every file of vmbt-run needs: one way to complain, and the time.
 *
 * A user gets one line for one problem, prefixed with the program's name, and
 * one of the exit statuses below. They are documented in vmbt-run(1).
 */
#ifndef VMBT_RUN_UTIL_H
#define VMBT_RUN_UTIL_H

#include "types.h"

enum exit_status {
	EXIT_ENDED = 0,		/* the guest powered off or rebooted, or the user left */
	EXIT_FAILED = 1,	/* something on the host is missing or wrong */
	EXIT_USAGE = 2,		/* the command line is wrong */
	EXIT_INTERNAL = 3,	/* the VM stopped with an internal error */
	EXIT_TRIPLE = 4,	/* triple fault under -no-reboot */
	EXIT_SIGNAL = 128,	/* plus the number of the signal that ended it */
};

__printf(1, 2) void warn(const char *fmt, ...);
__printf(1, 2) __noreturn void die(const char *fmt, ...);
u64 now_ns(void);
u64 wall_ns(void);

#endif
