// SPDX-License-Identifier: GPL-2.0
/*
 * The folder that guests boot from over the network, for libslirp inside the sandbox.
 *
 * libslirp serves TFTP itself: it puts the folder in front of the name that the guest
 * asked for and opens that, at a time when this process can't open anything. As with
 * the resolver's file there is no hook, but it calls open64(), and a function of that
 * name in the program comes before the C library's: ours gets files of such a folder
 * from the broker, which lets no name and no link lead out of it, and opens all others
 * as usual, which is refused.
 */
#include "tftp.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "broker.h"
#include "options.h"

/* One for each network at most; before there are threads it is filled. */
static const char *allowed[MAX_NIC];
static unsigned int count;

/**
 * tftp_allow() - files of a folder will be opened later
 * @folder: its name, kept
 */
void tftp_allow(const char *folder)
{
	broker_allow_inside(folder);
	if (count < MAX_NIC)
		allowed[count++] = folder;
}

static bool inside(const char *path)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < count; i++) {
		len = strlen(allowed[i]);
		if (!strncmp(path, allowed[i], len) && path[len] == '/')
			return true;
	}
	return false;
}

/**
 * open64() - open64(2), for libraries
 * @path: the file
 * @flags: how
 *
 * Return: a descriptor, or -1 and errno.
 */
int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (!(flags & ~O_CLOEXEC) && inside(path))
		return broker_open_inside(path);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return openat(AT_FDCWD, path, flags, mode);
}
