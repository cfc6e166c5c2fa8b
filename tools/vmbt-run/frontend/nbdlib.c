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

#include <libnbd.h>

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

static int reach(struct nbd_handle *h, const struct nbd_server *where)
{
	if (nbd_set_tls(h, LIBNBD_TLS_DISABLE) < 0)
		return -1;
	if (where->uri)
		return nbd_set_uri_allow_tls(h, LIBNBD_TLS_DISABLE) < 0 ||
		       nbd_set_uri_allow_transports(h, LIBNBD_ALLOW_TRANSPORT_TCP |
						    LIBNBD_ALLOW_TRANSPORT_UNIX) < 0 ? -1 :
		       nbd_connect_uri(h, where->uri);
	if (nbd_set_export_name(h, where->export) < 0)
		return -1;
	return where->socket ? nbd_connect_unix(h, where->socket) :
	       nbd_connect_tcp(h, where->host, where->port);
}

static const char *open(const struct nbd_server *where, struct nbd_export *e)
{
	struct nbd_handle *h = nbd_create();
	int64_t size, block;

	if (!h)
		return "out of memory";
	if (reach(h, where) < 0)
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

static int read(void *handle, void *buf, u64 len, u64 offset)
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

static int write(void *handle, const void *buf, u64 len, u64 offset)
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

static int flush(void *handle)
{
	return error(nbd_flush(handle, 0));
}

static void close(void *handle)
{
	/* Says goodbye, or a server complains. */
	nbd_shutdown(handle, 0);
	nbd_close(handle);
}

const struct nbdlib nbdlib = {
	.version = NBDLIB_VERSION, .open = open, .read = read, .write = write, .flush = flush,
	.close = close,
};
