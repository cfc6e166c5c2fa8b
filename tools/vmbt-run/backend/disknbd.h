/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drives behind NBD: servers of network block devices, and images of other formats.
 */
#ifndef VMBT_RUN_DISKNBD_H
#define VMBT_RUN_DISKNBD_H

#include <sys/types.h>

#include "types.h"

struct disk_how;
struct nbdlib;

/**
 * struct disknbd - a connection to a server
 * @lib: the module
 * @handle: its own
 * @size: bytes of the disk
 * @flushes: the server knows how to flush
 * @server: process of a server that was started for it, or 0
 */
struct disknbd {
	const struct nbdlib *lib;
	void *handle;
	u64 size;
	bool flushes;
	pid_t server;
};

void disknbd_prepare(void);
struct disknbd *disknbd_open(const char *path, const struct disk_how *how, char *why,
			     size_t size);
int disknbd_read(struct disknbd *n, void *buf, u64 len, u64 offset);
int disknbd_write(struct disknbd *n, const void *buf, u64 len, u64 offset);
int disknbd_flush(struct disknbd *n);
void disknbd_close(struct disknbd *n);

#endif
