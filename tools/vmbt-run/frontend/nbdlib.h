/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module is that speaks NBD, the protocol of network block devices.
 */
#ifndef VMBT_RUN_NBDLIB_H
#define VMBT_RUN_NBDLIB_H

#include "types.h"

#define NBDLIB_VERSION	2

/**
 * struct nbd_export - what the server says of the disk
 * @handle: the connection, the module's own
 * @size: bytes
 * @readonly: it can't be written
 * @flushes: it can be told to make sure of what was written
 * @block: what is read and written must be a multiple of so many bytes, at least 1
 */
struct nbd_export {
	void *handle;
	u64 size;
	bool readonly;
	bool flushes;
	u32 block;
};

/**
 * struct nbdlib - the module
 * @version: NBDLIB_VERSION
 * @open: agree with the server at @fd, taken over, on one of its disks, "" for the usual one;
 *	returns NULL, or why it can't be, valid until the next call
 * @read: read bytes of the disk; returns 0 or a negative error number
 * @write: write them
 * @flush: return when all that was written is where it stays
 * @close: end the connection
 *
 * One thread at a time uses a connection. @open and @close wait for the server, some seconds
 * at most.
 */
struct nbdlib {
	u32 version;
	const char *(*open)(int fd, const char *export, struct nbd_export *e);
	int (*read)(void *handle, void *buf, u64 len, u64 offset);
	int (*write)(void *handle, const void *buf, u64 len, u64 offset);
	int (*flush)(void *handle);
	void (*close)(void *handle);
};

extern __attribute__((visibility("default"))) const struct nbdlib nbdlib;

#endif
