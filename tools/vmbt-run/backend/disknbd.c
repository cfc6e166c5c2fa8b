// SPDX-License-Identifier: GPL-2.0
/*
 * Drives behind NBD: servers of network block devices, and images of other formats.
 *
 * vmbt-run parses no image format but raw. Whoever has a qcow2 or VMDK image, or a disk on
 * another machine, has a program that serves it: one that runs already, under a name that
 * QEMU takes too (nbdname.c), or Debian's qemu-nbd, started for the drive (qemunbd.c).
 * The broker makes the connections; here there is only what one socket needs.
 */
#include "disknbd.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "broker.h"
#include "disk.h"
#include "module.h"
#include "nbdlib.h"
#include "nbdname.h"
#include "qemunbd.h"

#define SECTOR		512
#define START		60	/* seconds in which a program has started */
#define NOT_SERVED	"%s: qemu-nbd does not serve it as %s"

static const struct nbdlib *library(void)
{
	static const struct nbdlib *lib;
	void *so = lib ? NULL : module_load("nbdlib");

	if (so)
		lib = dlsym(so, "nbdlib");
	return lib && lib->version == NBDLIB_VERSION ? lib : NULL;
}

/**
 * disknbd_prepare() - there may be a medium that a server has, once the guest runs
 *
 * Nothing can be loaded by then; without the library such a medium is refused.
 */
void disknbd_prepare(void)
{
	library();
}

/* See whether what is served at a socket is fit for a drive. */
static bool ask(struct disknbd *n, int fd, const char *export, const char *path,
		bool readonly, char *why, size_t size)
{
	struct nbd_export e;
	const char *reason;

	if (fd < 0) {
		snprintf(why, size, "%s: %s", path, nbd_reach_why(errno));
		return false;
	}
	reason = n->lib->open(fd, export, &e);
	if (reason) {
		snprintf(why, size, "%s: %s", path, reason);
		return false;
	}
	n->handle = e.handle;
	n->size = e.size;
	n->flushes = e.flushes;
	if (e.block <= SECTOR && (readonly || !e.readonly))
		return true;
	if (e.block > SECTOR)
		snprintf(why, size, "%s: serves blocks of %u bytes; drives have sectors of %u",
			 path, e.block, SECTOR);
	else
		snprintf(why, size, "%s: served to be read only (readonly=on, or -snapshot)",
			 path);
	n->lib->close(n->handle);
	return false;
}

/* While the guest runs, for a medium that changes. */
static bool open_later(struct disknbd *n, const char *path, const char *format, char *why,
		       size_t size)
{
	int fd = broker_serve(path, format);

	if (fd >= 0)
		return ask(n, fd, "", path, true, why, size);
	if (errno == ENOPKG)
		snprintf(why, size, QEMUNBD_MISSING, path, format);
	else if (errno == EPROTO)
		snprintf(why, size, NOT_SERVED, path, format);
	else
		snprintf(why, size, "%s: %s", path, strerror(errno));
	return false;
}

static bool open_image(struct disknbd *n, const char *path, const char *format, bool readonly,
		       char *why, size_t size)
{
	char socket[64];
	bool ok;

	n->server = qemunbd_start(path, format, readonly ? QEMUNBD_READS : QEMUNBD_WRITES,
				  socket, sizeof(socket), why, size);
	if (n->server < 0)
		return false;
	ok = ask(n, nbd_reach(socket, true, START), "", path, readonly, why, size);
	qemunbd_connected(socket);
	if (ok)
		return true;
	/* What is wrong with the image qemu-nbd has said itself. */
	snprintf(why, size, NOT_SERVED, path, format);
	kill(n->server, SIGTERM);
	waitpid(n->server, NULL, 0);
	return false;
}

/**
 * disknbd_open() - connect to the server of a drive
 * @path: the server's name, or an image of @how's format, for which one is started
 * @how: how it is used
 * @why: gets the reason if that is not possible
 * @size: room for it
 *
 * What the sandbox forbids the broker does: connect, and start a program for an image that is
 * not to be written. disknbd_prepare() was called before.
 *
 * Return: the connection, or NULL.
 */
struct disknbd *disknbd_open(const char *path, const struct disk_how *how, char *why,
			     size_t size)
{
	const char *format = nbd_name_is(path) ? NULL : how->format;
	bool readonly = how->readonly || how->snapshot, ok = false;
	struct disknbd *n = calloc(1, sizeof(*n));
	struct nbd_name name;

	if (!n) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	n->lib = library();
	if (!n->lib)
		snprintf(why, size, "%s: no module nbdlib, which speaks NBD (package libnbd0)",
			 path);
	else if (format && how->later && !readonly)
		snprintf(why, size,
			 "%s: format=%s: a medium that changes is not written (read-only)", path,
			 format);
	else if (format && how->later && broker_serves())
		ok = open_later(n, path, format, why, size);
	else if (format)
		ok = open_image(n, path, format, readonly, why, size);
	else if (!nbd_name_parse(&name, path))
		snprintf(why, size,
			 "%s: not nbd:HOST:PORT, nbd:unix:PATH, nbd://HOST or nbd+unix://, without TLS",
			 path);
	else
		ok = ask(n, broker_connect(name.where, name.local), name.export, path, readonly,
			 why, size);
	if (ok)
		return n;
	free(n);
	return NULL;
}

/**
 * disknbd_read() - read
 * @n: the connection
 * @buf: room
 * @len: bytes
 * @offset: from where on
 *
 * On any thread, one at a time; so is what follows.
 *
 * Return: 0 or a negative error number.
 */
int disknbd_read(struct disknbd *n, void *buf, u64 len, u64 offset)
{
	return n->lib->read(n->handle, buf, len, offset);
}

/**
 * disknbd_write() - write
 * @n: the connection
 * @buf: the bytes
 * @len: how many
 * @offset: where to
 *
 * Return: 0 or a negative error number.
 */
int disknbd_write(struct disknbd *n, const void *buf, u64 len, u64 offset)
{
	return n->lib->write(n->handle, buf, len, offset);
}

/**
 * disknbd_flush() - make sure of what was written
 * @n: the connection
 *
 * Return: 0 or a negative error number.
 */
int disknbd_flush(struct disknbd *n)
{
	return n->flushes ? n->lib->flush(n->handle) : 0;
}

/**
 * disknbd_close() - end the connection
 * @n: the connection, freed
 *
 * Returns when a server that was started for it has ended: the image is complete then.
 */
void disknbd_close(struct disknbd *n)
{
	n->lib->close(n->handle);
	if (n->server)
		waitpid(n->server, NULL, 0);
	free(n);
}
