// SPDX-License-Identifier: GPL-2.0
/*
 * NBD, by libnbd.
 *
 * A module, since that library brings one for TLS and one for XML along, and few
 * machines have a drive behind it. Connections are made without TLS: encryption needs
 * files and system calls that vmbt-run's sandbox does not leave, and who has the server
 * elsewhere can lead its port through ssh.
 */
#include "nbdlib.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <libnbd.h>

#define PATIENCE	10000	/* ms, in which a server has to say what it has */
#define MOST	(32U << 20)	/* what a server takes at once that says nothing: NBD protocol */

static const char *failure(struct nbd_handle *h)
{
	static char why[200];

	snprintf(why, sizeof(why), "%s", nbd_get_error());
	nbd_close(h);
	return why;
}

static int error(int rc)
{
	if (rc >= 0)
		return 0;
	return nbd_get_errno() > 0 ? -nbd_get_errno() : -EIO;
}

static s64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Go on while something is so, but not for ever: the guest may be waiting. */
static void wait_while(struct nbd_handle *h, int (*is)(struct nbd_handle *h))
{
	s64 end = now_ms() + PATIENCE, left;

	do {
		left = end - now_ms();
	} while (left > 0 && is(h) > 0 && nbd_poll(h, left) > 0);
}

static int is_open(struct nbd_handle *h)
{
	return nbd_aio_is_closed(h) <= 0 && nbd_aio_is_dead(h) <= 0;
}

static const char *lib_open(int fd, const char *export, struct nbd_export *e)
{
	struct nbd_handle *h = nbd_create();
	int64_t size, block;

	if (!h) {
		close(fd);
		return "out of memory";
	}
	if (nbd_set_tls(h, LIBNBD_TLS_DISABLE) < 0 || nbd_set_export_name(h, export) < 0) {
		close(fd);
		return failure(h);
	}
	if (nbd_aio_connect_socket(h, fd) < 0)
		return failure(h);
	wait_while(h, nbd_aio_is_connecting);
	if (nbd_aio_is_connecting(h) > 0) {
		nbd_close(h);
		return "the server does not say what it has";
	}
	if (nbd_aio_is_ready(h) <= 0)
		return failure(h);
	size = nbd_get_size(h);
	block = nbd_get_block_size(h, LIBNBD_SIZE_MINIMUM);
	if (size < 0 || block < 0)
		return failure(h);
	*e = (struct nbd_export){
		.handle = h, .size = size, .readonly = nbd_is_read_only(h) != 0,
		.flushes = nbd_can_flush(h) > 0, .block = block ? block : 1 };
	return NULL;
}

/* How much of @len is asked for at once: a server may end the connection over more. */
static u64 piece(void *handle, u64 len)
{
	int64_t most = nbd_get_block_size(handle, LIBNBD_SIZE_MAXIMUM);

	if (most <= 0 || most > MOST)
		most = MOST;
	return len < (u64)most ? len : (u64)most;
}

static int lib_read(void *handle, void *buf, u64 len, u64 offset)
{
	u64 n;
	int rc;

	for (; len; len -= n, buf += n, offset += n) {
		n = piece(handle, len);
		rc = error(nbd_pread(handle, buf, n, offset, 0));
		if (rc)
			return rc;
	}
	return 0;
}

static int lib_write(void *handle, const void *buf, u64 len, u64 offset)
{
	u64 n;
	int rc;

	for (; len; len -= n, buf += n, offset += n) {
		n = piece(handle, len);
		rc = error(nbd_pwrite(handle, buf, n, offset, 0));
		if (rc)
			return rc;
	}
	return 0;
}

static int lib_flush(void *handle)
{
	return error(nbd_flush(handle, 0));
}

static void lib_close(void *handle)
{
	/* Says goodbye, or a server complains. */
	if (!nbd_aio_disconnect(handle, 0))
		wait_while(handle, is_open);
	nbd_close(handle);
}

const struct nbdlib nbdlib = {
	.version = NBDLIB_VERSION, .open = lib_open, .read = lib_read, .write = lib_write,
	.flush = lib_flush, .close = lib_close,
};
