// SPDX-License-Identifier: GPL-2.0
/*
 * Drives' contents on the host: raw images and NBD servers, read and written by a thread.
 *
 * A device hands over a request and goes on; the vCPU never waits for a disk.
 * The thread does requests one after the other, in order, so that what a guest
 * wrote is what it reads, and a flush covers all that came before it. With an
 * overlay, written sectors go to a nameless file that ends with the program,
 * and the image stays as it is.
 */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "broker.h"
#include "diskformat.h"
#include "disknbd.h"
#include "hostdrive.h"
#include "nbdname.h"
#include "sandbox.h"
#include "util.h"

static int all(int fd, u8 *buf, u64 len, u64 offset, bool write)
{
	ssize_t n;

	while (len) {
		n = write ? pwrite(fd, buf, len, offset) : pread(fd, buf, len, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n) {	/* the last sector of a file may be cut short */
			if (write)
				return -ENOSPC;
			memset(buf, 0, len);
			return 0;
		}
		buf += n;
		offset += n;
		len -= n;
	}
	return 0;
}

/* The image itself, wherever it is. */
static int image(const struct disk *d, u8 *buf, u64 len, u64 offset, bool write)
{
	if (!d->nbd)
		return all(d->fd, buf, len, offset, write);
	return write ? disknbd_write(d->nbd, buf, len, offset) :
	       disknbd_read(d->nbd, buf, len, offset);
}

static bool in_overlay(const struct disk *d, u64 sector)
{
	return d->overlay >= 0 && d->written[sector / 8] & BIT(sector % 8);
}

static int read_sectors(const struct disk *d, u64 sector, u32 count, u8 *buf)
{
	u32 run;
	bool over;
	int rc;

	for (; count; count -= run, sector += run, buf += (u64)run * DISK_SECTOR) {
		over = in_overlay(d, sector);
		for (run = 1; run < count && in_overlay(d, sector + run) == over; run++)
			;
		if (over)
			rc = all(d->overlay, buf, (u64)run * DISK_SECTOR, sector * DISK_SECTOR,
				 false);
		else
			rc = image(d, buf, (u64)run * DISK_SECTOR, sector * DISK_SECTOR, false);
		if (rc)
			return rc;
	}
	return 0;
}

static int write_sectors(const struct disk *d, u64 sector, u32 count, u8 *buf)
{
	u64 len = (u64)count * DISK_SECTOR;
	int rc;
	u32 i;

	if (d->overlay < 0)
		return image(d, buf, len, sector * DISK_SECTOR, true);
	rc = all(d->overlay, buf, len, sector * DISK_SECTOR, true);
	for (i = 0; !rc && i < count; i++)
		d->written[(sector + i) / 8] |= BIT((sector + i) % 8);
	return rc;
}

static int flush(const struct disk *d)
{
	if (d->overlay >= 0 || d->readonly)
		return 0;
	if (d->nbd)
		return disknbd_flush(d->nbd);
	return fdatasync(d->fd) ? -errno : 0;
}

static int perform(const struct disk_req *r)
{
	const struct disk *d = r->disk;

	if (r->op == DISK_CALL)
		return r->call(r->arg);
	/* The medium that the guest knows is gone, and it will hear of it. */
	if (d->host && d->host->stale)
		return -ENOMEDIUM;
	if (r->op == DISK_FLUSH)
		return flush(d);
	if (r->sector > d->sectors || r->count > d->sectors - r->sector)
		return -EINVAL;
	if (r->op == DISK_READ)
		return read_sectors(d, r->sector, r->count, r->buf);
	if (d->readonly && d->overlay < 0)
		return -EROFS;
	return write_sectors(d, r->sector, r->count, r->buf);
}

static void append(struct disk_req **list, struct disk_req *r)
{
	while (*list)
		list = &(*list)->next;
	r->next = NULL;
	*list = r;
}

static void *worker(void *arg)
{
	struct disk_io *io = arg;
	struct disk_req *r;
	u64 one = 1;
	int rc;

	sandbox_thread(io->kind);
	pthread_mutex_lock(&io->lock);
	for (;;) {
		while (!io->todo && !io->stop)
			pthread_cond_wait(&io->wake, &io->lock);
		r = io->todo;
		if (!r)
			break;
		io->todo = r->next;
		io->active++;
		pthread_mutex_unlock(&io->lock);

		rc = perform(r);

		pthread_mutex_lock(&io->lock);
		r->result = rc;
		append(&io->finished, r);
		if (write(io->event, &one, sizeof(one)) < 0)
			warn("drives: %s", strerror(errno));
		if (!--io->active && !io->todo)
			pthread_cond_broadcast(&io->idle);
	}
	pthread_mutex_unlock(&io->lock);
	return NULL;
}

static struct disk_req *take_finished(struct disk_io *io)
{
	struct disk_req *r;

	pthread_mutex_lock(&io->lock);
	r = io->finished;
	if (r)
		io->finished = r->next;
	pthread_mutex_unlock(&io->lock);
	return r;
}

/* On the main thread, with the machine's lock held. */
static void ready(void *arg, u32 events)
{
	struct disk_io *io = arg;
	struct disk_req *r;
	u64 n;

	(void)events;
	if (read(io->event, &n, sizeof(n)) < 0)
		return;
	while ((r = take_finished(io))) {
		r->busy = false;
		if (r->result && r->result != -ENOMEDIUM)
			warn("%s: sector %llu: %s", r->disk->path ? r->disk->path :
			     "a medium that is gone", r->sector, strerror(-r->result));
		r->done(r->arg, r->result);
	}
}

/**
 * disk_io_init() - prepare; the thread is started with the first image
 * @io: filled
 * @loop: the event loop
 * @kind: what the thread may do
 */
void disk_io_init(struct disk_io *io, struct loop *loop, enum sandbox_thread kind)
{
	*io = (struct disk_io){ .loop = loop, .kind = kind, .event = -1 };
	pthread_mutex_init(&io->lock, NULL);
	pthread_cond_init(&io->wake, NULL);
	pthread_cond_init(&io->idle, NULL);
}

/**
 * disk_io_start() - start the thread, unless it runs
 * @io: the thread
 */
void disk_io_start(struct disk_io *io)
{
	sigset_t block, old;

	if (io->running)
		return;
	io->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (io->event < 0)
		die("drives: %s", strerror(errno));
	io->lfd = (struct loop_fd){ .fd = io->event, .ready = ready, .arg = io };
	loop_add_fd(io->loop, &io->lfd, EPOLLIN);
	/* Signals are the main thread's. */
	sigfillset(&block);
	pthread_sigmask(SIG_SETMASK, &block, &old);
	sandbox_expect();
	if (pthread_create(&io->thread, NULL, worker, io))
		die("drives: no thread");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	io->running = true;
}

/**
 * disk_io_drain() - wait for all requests and forget them
 * @io: the thread; nobody submits any more
 *
 * No @done is called: the machine that asked is gone.
 */
void disk_io_drain(struct disk_io *io)
{
	pthread_mutex_lock(&io->lock);
	while (io->todo || io->active)
		pthread_cond_wait(&io->idle, &io->lock);
	io->finished = NULL;
	pthread_mutex_unlock(&io->lock);
}

/**
 * disk_io_settle() - wait until nothing is being read or written
 * @io: the thread
 *
 * Whoever asked for it is told on the main thread, later.
 */
void disk_io_settle(struct disk_io *io)
{
	pthread_mutex_lock(&io->lock);
	while (io->todo || io->active)
		pthread_cond_wait(&io->idle, &io->lock);
	pthread_mutex_unlock(&io->lock);
}

/**
 * disk_io_fini() - end the thread
 * @io: the thread
 */
void disk_io_fini(struct disk_io *io)
{
	if (!io->running)
		return;
	pthread_mutex_lock(&io->lock);
	io->stop = true;
	pthread_cond_signal(&io->wake);
	pthread_mutex_unlock(&io->lock);
	pthread_join(io->thread, NULL);
	loop_remove_fd(io->loop, &io->lfd);
	close(io->event);
	io->event = -1;
	io->running = false;
}

static u64 file_size(int fd)
{
	struct stat st;
	u64 size;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return st.st_size;
	return ioctl(fd, BLKGETSIZE64, &size) ? ~0ULL : size;
}

/* For what is written with -snapshot. */
static bool add_overlay(struct disk *d, char *why, size_t size)
{
	const char *dir = getenv("TMPDIR");

	if (!dir)
		dir = "/var/tmp";
	d->overlay = broker_open(dir, O_TMPFILE | O_RDWR);
	d->written = calloc(d->sectors / 8 + 1, 1);
	if (d->overlay < 0)
		snprintf(why, size, "%s: no place for -snapshot: %s (set TMPDIR)", dir,
			 strerror(errno));
	else if (!d->written)
		snprintf(why, size, "out of memory");
	return d->overlay >= 0 && d->written;
}

/**
 * disk_take() - make an image of an open file
 * @d: filled
 * @io: who reads and writes it
 * @path: of the file, for messages
 * @fd: the file or block device, theirs from now on
 * @how: how it is used; its format is "raw" if it is known to be that, or NULL
 * @why: gets the reason if that is not possible
 * @size: room for it
 *
 * Return: whether it is one.
 */
bool disk_take(struct disk *d, struct disk_io *io, const char *path, int fd,
	       const struct disk_how *how, char *why, size_t size)
{
	const char *looks = how->format ? NULL : disk_format(fd);
	u64 bytes = file_size(fd);
	bool ok = false;

	*d = (struct disk){ .io = io, .path = strdup(path), .fd = fd, .readonly = how->readonly,
			    .overlay = -1 };
	d->sectors = (bytes + DISK_SECTOR - 1) / DISK_SECTOR;
	if (flock(fd, (how->readonly || how->snapshot ? LOCK_SH : LOCK_EX) | LOCK_NB) &&
	    errno == EWOULDBLOCK)
		snprintf(why, size, "%s: in use by another program", path);
	else if (bytes == ~0ULL)
		snprintf(why, size, "%s: not a file or block device", path);
	else if (!bytes)
		snprintf(why, size, "%s: empty", path);
	else if (looks)
		snprintf(why, size,
			 "%s: looks like %s: -drive file=%s,format=%s (or format=raw)", path,
			 looks, path, looks);
	else
		ok = !how->snapshot || how->readonly || add_overlay(d, why, size);
	if (ok)
		disk_io_start(io);
	else
		disk_close(d);
	return ok;
}

/**
 * disk_serve() - make an image of what an NBD server has
 * @d: filled
 * @io: who reads and writes it
 * @path: the server's name, or an image of @how's format, for which one is started
 * @how: how it is used
 * @why: gets the reason if that is not possible
 * @size: room for it
 *
 * Return: whether it is one.
 */
bool disk_serve(struct disk *d, struct disk_io *io, const char *path,
		const struct disk_how *how, char *why, size_t size)
{
	bool writes = !how->readonly && !how->snapshot, ok = false;

	*d = (struct disk){ .io = io, .path = strdup(path), .fd = -1, .readonly = how->readonly,
			    .overlay = -1 };
	d->nbd = disknbd_open(path, how, why, size);
	/* What is left behind the last whole sector is not the guest's. */
	d->sectors = d->nbd ? d->nbd->size / DISK_SECTOR : 0;
	if (d->nbd && !d->sectors)
		snprintf(why, size, "%s: empty", path);
	else if (d->nbd)
		ok = !how->snapshot || how->readonly || add_overlay(d, why, size);
	if (!ok) {
		disk_close(d);
		return false;
	}
	if (writes && !d->nbd->flushes)
		warn("%s: the server can't flush: what the guest flushes may be lost with it",
		     path);
	disk_io_start(io);
	return true;
}

/**
 * disk_open() - open an image; ends the program if that fails
 * @d: filled
 * @io: who reads and writes it
 * @path: the file or block device, or an NBD server's name
 * @how: how it is used
 */
void disk_open(struct disk *d, struct disk_io *io, const char *path, const struct disk_how *how)
{
	bool raw = !how->format || !strcmp(how->format, "raw"), served = nbd_name_is(path);
	char why[600];
	int fd;

	if (served && !raw)
		die("%s: format=%s: what a server serves is raw", path, how->format);
	if (served || !raw) {
		if (!disk_serve(d, io, path, how, why, sizeof(why)))
			die("%s", why);
		return;
	}
	fd = broker_open(path, how->readonly || how->snapshot ? O_RDONLY : O_RDWR);
	if (fd < 0)
		die("%s: %s%s", path, strerror(errno), errno == EACCES || errno == EROFS ?
		    " (-snapshot needs no write permission)" : "");
	if (!disk_take(d, io, path, fd, how, why, sizeof(why)))
		die("%s", why);
}

/**
 * disk_close() - close an image
 * @d: the image, without requests
 */
void disk_close(struct disk *d)
{
	if (!d->io)
		return;
	if (d->host)
		hostdrive_close(d->host);
	if (d->fd >= 0)
		close(d->fd);
	if (d->nbd)
		disknbd_close(d->nbd);
	if (d->overlay >= 0)
		close(d->overlay);
	free(d->written);
	free(d->path);
	*d = (struct disk){ .fd = -1, .overlay = -1 };
}

/**
 * disk_submit() - have something done
 * @r: what; not busy
 */
void disk_submit(struct disk_req *r)
{
	struct disk_io *io = r->disk->io;

	r->busy = true;
	pthread_mutex_lock(&io->lock);
	append(&io->todo, r);
	pthread_cond_signal(&io->wake);
	pthread_mutex_unlock(&io->lock);
}
