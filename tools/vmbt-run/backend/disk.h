/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drives' contents on the host: raw images and NBD servers, read and written by a thread.
 */
#ifndef VMBT_RUN_DISK_H
#define VMBT_RUN_DISK_H

#include <pthread.h>

#include "loop.h"
#include "sandbox.h"
#include "types.h"

#define DISK_SECTOR	512

enum disk_op {
	DISK_READ,
	DISK_WRITE,
	DISK_FLUSH,
	DISK_CALL,	/* something else, in its turn */
};

enum disk_drive {
	DISK_FIXED,
	DISK_CD,
	DISK_FLOPPY,
};

struct disk_io;
struct disknbd;
struct hostdrive;

/**
 * struct disk_how - how an image is used
 * @format: of the image, as QEMU names it, or NULL for one that is raw
 * @readonly: it is never written
 * @snapshot: writes go elsewhere and are forgotten
 * @later: the guest runs already
 */
struct disk_how {
	const char *format;
	bool readonly;
	bool snapshot;
	bool later;
};

/**
 * struct disk - an image
 * @io: who reads and writes it
 * @path: of the file, for messages
 * @fd: the file, or -1
 * @nbd: the server that has it instead, or NULL
 * @host: the drive of the host's that it is in, or NULL
 * @readonly: it can't be written
 * @sectors: of DISK_SECTOR bytes; 0 if a drive of the host's is empty
 * @overlay: file that has what was written instead of @fd, or -1
 * @written: a bit per sector: it is in @overlay
 */
struct disk {
	struct disk_io *io;
	char *path;
	int fd;
	struct disknbd *nbd;
	struct hostdrive *host;
	bool readonly;
	u64 sectors;
	int overlay;
	u8 *written;
};

/**
 * struct disk_req - something to be done
 * @disk: the image
 * @op: what
 * @sector: first sector
 * @count: sectors
 * @buf: the data; belongs to the thread until @done is called
 * @call: what DISK_CALL is, with @arg
 * @done: called on the main thread, with 0 or a negative error number
 * @arg: its first argument
 * @busy: on its way
 * @result: what @done will be told
 * @next: in a list
 */
struct disk_req {
	struct disk *disk;
	enum disk_op op;
	u64 sector;
	u32 count;
	u8 *buf;
	int (*call)(void *arg);
	void (*done)(void *arg, int result);
	void *arg;
	bool busy;
	int result;
	struct disk_req *next;
};

/**
 * struct disk_io - the thread, and what it has to do
 * @loop: calls @done
 * @kind: of thread, for the sandbox
 * @thread: the thread
 * @running: it was started
 * @lock: protects the lists
 * @wake: there is work
 * @idle: there is none any more
 * @todo: requests, oldest first
 * @finished: those whose @done is to be called
 * @active: requests taken from @todo and not finished
 * @stop: the thread shall end
 * @event: eventfd that wakes the loop
 * @lfd: waits for it
 */
struct disk_io {
	struct loop *loop;
	enum sandbox_thread kind;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t idle;
	struct disk_req *todo;
	struct disk_req *finished;
	unsigned int active;
	bool stop;
	int event;
	struct loop_fd lfd;
};

/* Is there a medium? */
static inline bool disk_loaded(const struct disk *d)
{
	return d->io && d->sectors;
}

void disk_io_init(struct disk_io *io, struct loop *loop, enum sandbox_thread kind);
void disk_io_start(struct disk_io *io);
void disk_io_drain(struct disk_io *io);
void disk_io_settle(struct disk_io *io);
void disk_io_fini(struct disk_io *io);
void disk_open(struct disk *d, struct disk_io *io, const char *path, const struct disk_how *how);
bool disk_take(struct disk *d, struct disk_io *io, const char *path, int fd,
	       const struct disk_how *how, char *why, size_t size);
bool disk_serve(struct disk *d, struct disk_io *io, const char *path,
		const struct disk_how *how, char *why, size_t size);
void disk_close(struct disk *d);
void disk_submit(struct disk_req *r);

#endif
