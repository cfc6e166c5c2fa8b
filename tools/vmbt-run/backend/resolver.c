// SPDX-License-Identifier: GPL-2.0
/*
 * Which name server the host has, for libslirp inside the sandbox.
 *
 * libslirp reads /etc/resolv.conf when the guest first asks for a name, and again
 * whenever the file has changed, as it does when a laptop changes networks. It has no
 * hook for that and can't open the file itself by then. It calls fopen64(), and a
 * function of that name in the program comes before the C library's: ours gets that
 * one file from the broker and opens all others as usual, which is refused.
 */
#include "resolver.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"

/**
 * resolver_allow() - the file will be opened later
 */
void resolver_allow(void)
{
	broker_allow(RESOLVER, O_RDONLY);
}

static int mode_flags(const char *mode)
{
	int flags = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

	if (*mode == 'r')
		return flags;
	return flags | O_CREAT | (*mode == 'a' ? O_APPEND : O_TRUNC);
}

/**
 * fopen64() - fopen64(3), for libraries
 * @path: the file
 * @mode: r, w or a, and what may stand behind them
 *
 * Return: the stream, closed on exec, or NULL and errno.
 */
FILE *fopen64(const char *path, const char *mode)
{
	int flags = mode_flags(mode), fd;
	FILE *f;

	if (flags == O_RDONLY && !strcmp(path, RESOLVER))
		fd = broker_open(path, flags);
	else
		fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	f = fdopen(fd, mode);
	if (!f)
		close(fd);
	return f;
}
