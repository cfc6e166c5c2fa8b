// SPDX-License-Identifier: GPL-2.0
/*
 * How a guest says what it found: lines on the text port.
 *
 *   ok NAME			the check holds
 *   not ok NAME: got .. want ..
 *   skip NAME: why
 *   found NAME: what		the manual permits several answers
 *   done N checks, M failed	the last one; without it the guest died
 *
 * judge.py compares the lines that fail with the table of what is known.
 */
#include <stdarg.h>

#include "guest.h"

static char line[512];
static u32 used, checks, failed;
static char prefix[128];
static char sweep_name[128];
static u32 sweep_count, sweep_failed;

static void flush(void)
{
	const char *p = line;
	u32 n = used;

	used = 0;
	asm volatile("rep outsb" : "+S" (p), "+c" (n) : "d" (PORT_TEXT) : "memory");
}

static void put(char c)
{
	if (used < sizeof(line) - 1)
		line[used++] = c;
}

static void put_number(u32 v, u32 base, u32 width)
{
	char digits[10];
	u32 n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (width > n) {
		put('0');
		width--;
	}
	while (n)
		put(digits[--n]);
}

static void put_format(const char *fmt, va_list ap)
{
	for (; *fmt; fmt++) {
		const char *s;
		u32 width = 0;

		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		for (fmt++; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + *fmt - '0';
		switch (*fmt) {
		case 's':
			for (s = va_arg(ap, const char *); *s; s++)
				put(*s);
			break;
		case 'x':
			put_number(va_arg(ap, u32), 16, width);
			break;
		case 'u':
			put_number(va_arg(ap, u32), 10, width);
			break;
		case 'c':
			put(va_arg(ap, u32));
			break;
		default:
			put(*fmt);
		}
	}
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_format(fmt, ap);
	va_end(ap);
	flush();
}

/* Keeps what is formatted in @to. */
static void keep(char *to, u32 size, const char *fmt, va_list ap)
{
	u32 i;

	put_format(fmt, ap);
	for (i = 0; i < used && i < size - 1; i++)
		to[i] = line[i];
	to[i] = 0;
	used = 0;
}

void name(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
}

bool check(bool good, const char *fmt, ...)
{
	va_list ap;

	checks++;
	failed += !good;
	if (good) {
		say("ok %s\n", prefix);
		return true;
	}
	say("not ok %s: ", prefix);
	va_start(ap, fmt);
	put_format(fmt, ap);
	va_end(ap);
	put('\n');
	flush();
	return false;
}

bool expect(const char *what, u32 got, u32 want)
{
	checks++;
	if (got == want) {
		say("ok %s/%s\n", prefix, what);
		return true;
	}
	failed++;
	say("not ok %s/%s: got %x want %x\n", prefix, what, got, want);
	return false;
}

bool expect_trap(const struct cpu *c, u32 vector, u32 error, const void *eip)
{
	return check(c->vector == vector && c->error == error && c->eip == (u32)eip,
		     "got vector %u error %x at %x want %u %x %x", c->vector, c->error, c->eip,
		     vector, error, (u32)eip);
}

bool expect_end(const struct cpu *c)
{
	return check(c->vector == VEC_END, "got vector %u error %x at %x cr2 %x", c->vector,
		     c->error, c->eip, c->cr2);
}

void found(const char *fmt, ...)
{
	va_list ap;

	say("found %s: ", prefix);
	va_start(ap, fmt);
	put_format(fmt, ap);
	va_end(ap);
	put('\n');
	flush();
}

void skip(const char *what, const char *why)
{
	say("skip %s: %s\n", what, why);
}

void sweep_begin(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(sweep_name, sizeof(sweep_name), fmt, ap);
	va_end(ap);
	sweep_count = 0;
	sweep_failed = 0;
}

bool sweep(bool good, const char *fmt, ...)
{
	va_list ap;

	checks++;
	sweep_count++;
	if (good)
		return true;
	failed++;
	sweep_failed++;
	say("not ok %s/", sweep_name);
	va_start(ap, fmt);
	put_format(fmt, ap);
	va_end(ap);
	put('\n');
	flush();
	return false;
}

void sweep_end(void)
{
	say("%s %s (%u of %u)\n", sweep_failed ? "swept" : "ok", sweep_name,
	    sweep_count - sweep_failed, sweep_count);
}

void finish(void)
{
	const char *p = "Shutdown";

	say("done %u checks, %u failed\n", checks, failed);
	outb(PORT_END, 0);
	while (*p)
		outb(PORT_BOCHS, *p++);
	for (;;)
		asm volatile("cli; hlt");
}
