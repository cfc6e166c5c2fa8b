// SPDX-License-Identifier: GPL-2.0
/*
 * Drives behind NBD: servers of network block devices, and images of other formats.
 *
 * vmbt-run parses no image format but raw. Whoever has a qcow2 or VMDK image, or a disk on
 * another machine, has a program that serves it: one that runs already, under a name that
 * QEMU takes too (nbd:HOST:PORT, nbd:unix:PATH, NBD's own URIs), or Debian's qemu-nbd,
 * started for the drive (qemunbd.c). Connections are made before the sandbox; later
 * there is only what one socket needs.
 */
#include "disknbd.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "module.h"
#include "nbdlib.h"

#define EXPORT		":exportname="
#define SECTOR		512

/* A server's name, taken apart. */
struct name {
	char text[512];
	struct nbd_server where;
};

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/**
 * disknbd_named() - is that the name of an NBD server
 * @path: what somebody calls an image; "./nbd:x" is a file
 *
 * Return: whether it is.
 */
bool disknbd_named(const char *path)
{
	return begins(path, "nbd:") || begins(path, "nbd+") || begins(path, "nbds:") ||
	       begins(path, "nbds+");
}

/* QEMU's nbd:HOST:PORT and nbd:unix:PATH, with an export's name behind or not. */
static bool take_apart(const char *path, struct name *n)
{
	char *export, *colon;

	*n = (struct name){ .where = { .export = "" } };
	if (begins(path, "nbd://") || begins(path, "nbd+unix://")) {
		n->where.uri = path;
		return true;
	}
	if (!begins(path, "nbd:") || strlen(path) >= sizeof(n->text))
		return false;
	snprintf(n->text, sizeof(n->text), "%s", path + strlen("nbd:"));
	export = strstr(n->text, EXPORT);
	if (export) {
		*export = 0;
		n->where.export = export + strlen(EXPORT);
	}
	if (begins(n->text, "unix:")) {
		n->where.socket = n->text + strlen("unix:");
		return *n->where.socket;
	}
	colon = strrchr(n->text, ':');
	if (!colon || colon == n->text || !colon[1])
		return false;
	*colon = 0;
	n->where.host = n->text;
	n->where.port = colon + 1;
	/* An IPv6 address has brackets around it. */
	if (*n->text == '[' && colon[-1] == ']') {
		colon[-1] = 0;
		n->where.host++;
	}
	return true;
}

static const struct nbdlib *library(void)
{
	void *so = module_load("nbdlib");
	const struct nbdlib *lib = so ? dlsym(so, "nbdlib") : NULL;

	return lib && lib->version == NBDLIB_VERSION ? lib : NULL;
}

/* Connect, and see whether what is served is fit for a drive. */
static bool ask(struct disknbd *n, const struct nbd_server *where, const char *path,
		bool readonly, char *why, size_t size)
{
	struct nbd_export e;
	const char *reason = n->lib->open(where, &e);

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

static bool open_image(struct disknbd *n, const char *path, const char *format, bool readonly,
		       char *why, size_t size)
{
	char socket[64];
	struct nbd_server where = { .socket = socket, .export = "" };
	bool ok;

	n->server = qemunbd_start(path, format, readonly, socket, sizeof(socket), why, size);
	if (n->server < 0)
		return false;
	ok = ask(n, &where, path, readonly, why, size);
	qemunbd_connected(socket);
	if (ok)
		return true;
	/* What is wrong with the image qemu-nbd has said itself. */
	snprintf(why, size, "%s: qemu-nbd does not serve it as %s", path, format);
	waitpid(n->server, NULL, 0);
	return false;
}

/**
 * disknbd_open() - connect to the server of a drive
 * @path: the server's name, or, with @format, an image for which one is started
 * @format: format of the image, as QEMU names it, or NULL
 * @readonly: it is not to be written
 * @why: gets the reason if that is not possible
 * @size: room for it
 *
 * Only before the sandbox: it loads a library, makes a connection and may start a program.
 *
 * Return: the connection, or NULL.
 */
struct disknbd *disknbd_open(const char *path, const char *format, bool readonly, char *why,
			     size_t size)
{
	struct disknbd *n = calloc(1, sizeof(*n));
	struct name name;

	if (!n) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	n->lib = library();
	if (!n->lib) {
		snprintf(why, size, "%s: no module nbdlib, which speaks NBD (package libnbd0)",
			 path);
	} else if (format) {
		if (open_image(n, path, format, readonly, why, size))
			return n;
	} else if (!take_apart(path, &name)) {
		snprintf(why, size,
			 "%s: not nbd:HOST:PORT, nbd:unix:PATH, nbd://HOST or nbd+unix://, without TLS",
			 path);
	} else if (ask(n, &name.where, path, readonly, why, size)) {
		return n;
	}
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
