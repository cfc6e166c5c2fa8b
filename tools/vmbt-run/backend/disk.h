/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drives' contents on the host: raw images and NBD servers, read and written by a thread.
 */
#ifndef VMBT_RUN_DISK_H
#define VMBT_RUN_DISK_H

#include <pthread.h>

#include "loop.h"
#include "types.h"

#define DISK_SECTOR	512

enum disk_op {
	DISK_READ,
	DISK_WRITE,
	DISK_FLUSH,
};

struct disk_io;
struct disknbd;

/**
 * struct disk - an image
 * @io: who reads and writes it
 * @path: of the file, for messages
 * @fd: the file, or -1
 * @nbd: the server that has it instead, or NULL
 * @readonly: it can't be written
 * @sectors: of DISK_SECTOR bytes
 * @overlay: file that has what was written instead of @fd, or -1
 * @written: a bit per sector: it is in @overlay
 */
struct disk {
	struct disk_io *io;
	char *path;
	int fd;
	struct disknbd *nbd;
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
	void (*done)(void *arg, int result);
	void *arg;
	bool busy;
	int result;
	struct disk_req *next;
};

/**
 * struct disk_io - the thread, and what it has to do
 * @loop: calls @done
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

void disk_io_init(struct disk_io *io, struct loop *loop);
void disk_io_drain(struct disk_io *io);
void disk_io_settle(struct disk_io *io);
void disk_io_fini(struct disk_io *io);
void disk_open(struct disk *d, struct disk_io *io, const char *path, const char *format,
	       bool readonly, bool snapshot);
bool disk_take(struct disk *d, struct disk_io *io, const char *path, int fd,
	       const char *format, bool readonly, bool snapshot, char *why, size_t size);
void disk_close(struct disk *d);
void disk_submit(struct disk_req *r);

#endif
