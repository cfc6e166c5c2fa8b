// SPDX-License-Identifier: GPL-2.0
/*
 * The filter that takes the exit status out of the guest's output.
 */
#include "check.h"
#include "exitline.h"

static struct exit_line f;
static char shown[4096];
static unsigned int nshown;

static void feed(const char *s)
{
	u8 out[EXIT_LINE_MAX];
	unsigned int n;

	f = (struct exit_line){ .prefix = "vmbt-exit:" };
	nshown = 0;
	for (; *s; s++) {
		n = exit_line_filter(&f, *s, out);
		if (n > sizeof(out) || nshown + n >= sizeof(shown)) {
			check_fail("too much output");
			return;
		}
		memcpy(shown + nshown, out, n);
		nshown += n;
	}
	shown[nshown] = 0;
}

static void expect(const char *in, const char *out, int status)
{
	feed(in);
	if (strcmp(shown, out))
		check_fail("'%s' shows '%s'", in, shown);
	if ((f.found ? f.status : -1) != status)
		check_fail("'%s': found %d, status %u", in, f.found, f.status);
}

static void finds_the_line(void)
{
	expect("vmbt-exit: 0\n", "", 0);
	expect("vmbt-exit: 3\r\n", "", 3);
	expect("vmbt-exit:255\n", "", 255);
	expect("one\ntwo\nvmbt-exit: 42\nthree\n", "one\ntwo\nthree\n", 42);
	expect("no newlinevmbt-exit: 1\n", "no newline", 1);
	expect("vmbt-exit: 1\nvmbt-exit: 2\n", "", 2);
}

static void leaves_the_rest(void)
{
	expect("hello\n", "hello\n", -1);
	expect("vmbt-exit\n", "vmbt-exit\n", -1);
	expect("vmbt-exit: x\n", "vmbt-exit: x\n", -1);
	expect("vmbt-exit:\n", "vmbt-exit:\n", -1);
	expect("vmbt-exit: 1 2\n", "vmbt-exit: 1 2\n", -1);
	expect("vvmbt-vmbt-exit\n", "vvmbt-vmbt-exit\n", -1);
	expect("vmbt-vmbt-exit: 7\n", "vmbt-", 7);
}

static void holds_no_more_than_it_must(void)
{
	feed("vmbt-ex");
	EXPECT_EQ(nshown, 0);
	feed("prompt v$ ");
	EXPECT_EQ(nshown, 10);
}

static void long_lines(void)
{
	char text[1200];

	memset(text, '1', sizeof(text));
	memcpy(text, "vmbt-exit:", 10);
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = 0;
	feed(text);
	EXPECT(!f.found);
	EXPECT(!strcmp(shown, text));
}

int main(void)
{
	CASE(finds_the_line);
	CASE(leaves_the_rest);
	CASE(holds_no_more_than_it_must);
	CASE(long_lines);
	return check_failed != 0;
}
