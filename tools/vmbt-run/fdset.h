/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors that somebody handed over, by name and by number.
 */
#ifndef VMBT_RUN_FDSET_H
#define VMBT_RUN_FDSET_H

#include "types.h"

#define MONITOR_FDS	16

/**
 * struct fd_entry - a descriptor that was handed over
 * @fd: the descriptor, -1: the place is free
 * @name: getfd's name, or NULL
 * @set: number of the set that it is in, -1: none
 * @opaque: what add-fd said about it, or NULL
 */
struct fd_entry {
	int fd;
	char *name;
	s64 set;
	char *opaque;
};

/**
 * struct fdsets - all of them
 * @entry: each
 */
struct fdsets {
	struct fd_entry entry[MONITOR_FDS];
};

void fdset_init(struct fdsets *f);
void fdset_fini(struct fdsets *f);
struct fd_entry *fdset_add(struct fdsets *f, int fd);
void fdset_drop(struct fd_entry *e);
struct fd_entry *fdset_named(struct fdsets *f, const char *name);
int fdset_open(struct fdsets *f, const char *path, int flags);

#endif
