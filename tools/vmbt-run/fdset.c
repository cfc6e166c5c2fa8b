// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that somebody handed over, by name and by number.
 *
 * A program that may open more than vmbt-run may passes an open file over its
 * monitor's socket: add-fd puts it into a set, and wherever a command names a file,
 * /dev/fdset/N is the one in set N whose access mode fits. All files that commands
 * name are opened here.
 */
#include "fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"

#define PREFIX	"/dev/fdset/"

/**
 * fdset_init() - there are none
 * @f: filled
 */
void fdset_init(struct fdsets *f)
{
	unsigned int i;

	for (i = 0; i < MONITOR_FDS; i++)
		f->entry[i] = (struct fd_entry){ .fd = -1, .set = -1 };
}

/**
 * fdset_fini() - close all of them
 * @f: the sets
 */
void fdset_fini(struct fdsets *f)
{
	unsigned int i;

	for (i = 0; i < MONITOR_FDS; i++)
		if (f->entry[i].fd >= 0)
			fdset_drop(&f->entry[i]);
}

/**
 * fdset_add() - keep a descriptor
 * @f: the sets
 * @fd: the descriptor, theirs from now on
 *
 * Return: its entry without name and set, or NULL if there is no room; then @fd is
 * closed.
 */
struct fd_entry *fdset_add(struct fdsets *f, int fd)
{
	unsigned int i;

	for (i = 0; i < MONITOR_FDS; i++) {
		if (f->entry[i].fd < 0) {
			f->entry[i].fd = fd;
			return &f->entry[i];
		}
	}
	close(fd);
	return NULL;
}

/**
 * fdset_drop() - close one
 * @e: its entry
 */
void fdset_drop(struct fd_entry *e)
{
	close(e->fd);
	free(e->name);
	free(e->opaque);
	*e = (struct fd_entry){ .fd = -1, .set = -1 };
}

/**
 * fdset_named() - the one with a name
 * @f: the sets
 * @name: getfd's
 *
 * Return: its entry or NULL.
 */
struct fd_entry *fdset_named(struct fdsets *f, const char *name)
{
	unsigned int i;

	for (i = 0; i < MONITOR_FDS; i++)
		if (f->entry[i].name && !strcmp(f->entry[i].name, name))
			return &f->entry[i];
	return NULL;
}

static bool fits(int fd, int flags)
{
	int has = fcntl(fd, F_GETFL);

	return has >= 0 && (has & O_ACCMODE) == (flags & O_ACCMODE);
}

/**
 * fdset_open() - open what a command calls a file
 * @f: the sets
 * @path: its name
 * @flags: as open(2)'s
 *
 * Return: a descriptor, or -1 and errno.
 */
int fdset_open(struct fdsets *f, const char *path, int flags)
{
	unsigned int i;
	char *end;
	s64 set;

	if (strncmp(path, PREFIX, sizeof(PREFIX) - 1))
		return broker_open(path, flags);
	set = strtoll(path + sizeof(PREFIX) - 1, &end, 10);
	errno = ENOENT;
	if (end == path + sizeof(PREFIX) - 1 || *end || set < 0)
		return -1;
	for (i = 0; i < MONITOR_FDS; i++) {
		if (f->entry[i].fd < 0 || f->entry[i].set != set)
			continue;
		if (fits(f->entry[i].fd, flags))
			return fcntl(f->entry[i].fd, F_DUPFD_CLOEXEC, 3);
		errno = EACCES;
	}
	return -1;
}
