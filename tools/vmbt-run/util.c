// SPDX-License-Identifier: GPL-2.0
/*
 * Messages and clocks.
 *
 * In raw mode the terminal's output processing stays on (terminal.c), so a
 * plain newline is right for messages at any time. A message is one write(2),
 * so that it isn't torn apart by the guest's own output.
 */
#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void message(const char *fmt, va_list ap)
{
	char line[1024];
	int n, len;

	n = snprintf(line, sizeof(line), "vmbt-run: ");
	len = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (len < 0)
		return;
	len = len > (int)sizeof(line) - n - 2 ? (int)sizeof(line) - 2 : n + len;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/**
 * warn() - print one line for the user
 * @fmt: as printf's, without a newline
 */
void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
}

/**
 * die() - print one line and end with EXIT_FAILED
 * @fmt: as printf's, without a newline
 */
void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	exit(EXIT_FAILED);
}

static u64 clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/**
 * now_ns() - the time that all devices run on
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
u64 now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/**
 * wall_ns() - the time of day, for the real-time clock
 *
 * Return: nanoseconds since 1970 in UTC.
 */
u64 wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}
