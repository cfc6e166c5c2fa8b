/* SPDX-License-Identifier: GPL-2.0 */
/*
 * qemu-nbd, started for one image.
 */
#ifndef VMBT_RUN_QEMUNBD_H
#define VMBT_RUN_QEMUNBD_H

#include <sys/types.h>

#include "types.h"

/* Of an image and its format. */
#define QEMUNBD_MISSING	"%s: format=%s needs qemu-nbd (package qemu-utils)"

/* What it may do with the image. */
enum qemunbd_how {
	QEMUNBD_WRITES,
	QEMUNBD_READS,
	QEMUNBD_CONFINED,	/* reads, and makes no connection for what the image names */
};

pid_t qemunbd_start(const char *path, const char *format, enum qemunbd_how how, char *socket,
		    size_t room, char *why, size_t size);
void qemunbd_connected(const char *socket);

#endif
