// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM's printf against the C library's, for all that it knows.
 *
 * It prints what is known when a VMM dies, from arguments a guest may have
 * chosen, into a buffer of fixed size: too long a text must be cut, never
 * written behind the end. A buffer here is exactly as large as it is said to be.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runner/check.h"
#include "../../../../../../arch/x86/vmbt/vmm/lib/fmt.h"

#define LONGEST	200

/* The same text and length in every size of buffer that there can be. */
#define SAME(...)							\
	do {								\
		for (size_t size_ = 1; size_ < LONGEST; size_++) {	\
			char *ours_ = malloc(size_), theirs_[LONGEST];	\
			int n_ = vmbt_snprintf(ours_, size_, __VA_ARGS__); \
									\
			EXPECT_EQ(n_, snprintf(theirs_, size_, __VA_ARGS__)); \
			EXPECT(!strcmp(ours_, theirs_));		\
			free(ours_);					\
		}							\
	} while (0)

static void numbers(void)
{
	SAME("%d %i %u", 0, -1, 1U);
	SAME("%d %d", INT_MIN, INT_MAX);
	SAME("%lld %lld", LLONG_MIN, LLONG_MAX);
	SAME("%ld %lu %zu", -5L, ULONG_MAX, (size_t)7);
	SAME("%x %X %llx", 0xdeadbeefU, 0xdeadbeefU, ULLONG_MAX);
	SAME("%hu %hhu", (unsigned short)65535, (unsigned char)255);
}

static void widths(void)
{
	SAME("[%5d] [%-5d] [%05d]", 42, 42, 42);
	SAME("[%5d] [%-5d] [%05d]", -42, -42, -42);
	SAME("[%08x] [%16llx] [%-16llx]", 0x1234U, 0xabcdefULL, 0xabcdefULL);
	SAME("[%1d] [%2d]", 12345, 12345);
	SAME("[%*d] [%-*d]", 7, 3, 7, 3);
	SAME("[%60d]", 1);
}

static void strings(void)
{
	SAME("%s and %s", "this", "");
	SAME("[%10s] [%-10s] [%2s]", "text", "text", "text");
	SAME("[%.3s] [%.0s] [%10.2s] [%.*s]", "text", "text", "text", 1, "text");
	SAME("%c%c%c", 'a', ' ', '~');
	SAME("100%%");
}

/* Formats that the compiler would not let pass. */
static void is(const char *want, const char *fmt, ...)
{
	char buf[64];
	va_list ap;

	va_start(ap, fmt);
	EXPECT_EQ(vmbt_vsnprintf(buf, sizeof(buf), fmt, ap), strlen(want));
	va_end(ap);
	EXPECT(!strncmp(buf, want, sizeof(buf) - 1));
}

/* Where the C library's answer is another, or there is none. */
static void others(void)
{
	char buf[64];

	/* A pointer is a number, as the kernel prints it with %px. */
	is("abc", "%p", (void *)0xabc);
	is("(null)", "%s", (char *)NULL);
	is("%q %y|", "%q %5y|");
	is("an end: ", "an end: %");
	/* More zeros than there is room for are spaces. */
	EXPECT_EQ(vmbt_snprintf(buf, sizeof(buf), "%050d", 1), 50);
	EXPECT_EQ(strlen(buf), 50);
	EXPECT_EQ(vmbt_snprintf(buf, sizeof(buf), "%0500d", -1), 500);
	EXPECT_EQ(strlen(buf), 63);
	EXPECT_EQ(vmbt_snprintf(buf, 1, "text"), 4);
	EXPECT_EQ(buf[0], 0);
}

int main(void)
{
	CASE(numbers);
	CASE(widths);
	CASE(strings);
	CASE(others);
	return check_failed != 0;
}
