/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks for the unit tests of vmbt-run and of the chips.
 *
 * A test is a function; CASE() runs it and prints one line that the runner of
 * all tests sums up: "ok NAME" or "not ok NAME: why". A failed EXPECT() notes
 * where and what, and the test goes on. The first note is the reason that is
 * printed.
 */
#ifndef VMBT_UNIT_CHECK_H
#define VMBT_UNIT_CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../../../../../arch/x86/vmbt/include/types.h"

static char check_why[512];
static unsigned int check_failed;

__printf(1, 2)
static inline void check_fail(const char *fmt, ...)
{
	va_list ap;

	if (check_why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(check_why, sizeof(check_why), fmt, ap);
	va_end(ap);
}

#define EXPECT(cond)							\
	do {								\
		if (!(cond))						\
			check_fail("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#define EXPECT_EQ(got, want)						\
	do {								\
		unsigned long long got_ = (got), want_ = (want);	\
									\
		if (got_ != want_)					\
			check_fail("%s:%d: %s is %#llx, not %#llx",	\
				   __FILE__, __LINE__, #got, got_, want_); \
	} while (0)

#define CASE(fn)							\
	do {								\
		check_why[0] = 0;					\
		fn();							\
		if (check_why[0]) {					\
			printf("not ok %s: %s\n", #fn, check_why);	\
			check_failed++;					\
		} else {						\
			printf("ok %s\n", #fn);				\
		}							\
		fflush(stdout);						\
	} while (0)

#endif
