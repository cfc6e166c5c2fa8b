/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's end of a serial line: terminal, file, pseudo terminal or nothing.
 */
#ifndef VMBT_RUN_CHARDEV_H
#define VMBT_RUN_CHARDEV_H

#include <pthread.h>

#include "exitline.h"
#include "loop.h"
#include "types.h"

#define CHARDEV_OUT	4096
#define CHARDEV_IN	1024

/**
 * struct chardev - the host's end of a serial line
 * @loop: the event loop
 * @in: descriptor that is read, or -1
 * @out: descriptor that is written, or -1
 * @slave: the other end of a pseudo terminal, or 0
 * @keys: input is a terminal, Ctrl-A is the escape key
 * @file: input is a regular file
 * @paused: input is not waited for until the guest has taken some
 * @lossy: output that nobody takes is dropped (pseudo terminal)
 * @escaped: the last key was Ctrl-A
 * @want_flush: the vCPU's thread should call chardev_flush() soon
 * @lfd: waits for input
 * @is_socket: and can hang up
 * @listen: where the next peer comes from; -1: from nowhere
 * @flush_timer: limits how long output is held
 * @input: bytes read and not yet received by the guest
 * @in_head: oldest
 * @in_count: how many
 * @out_lock: protects @output; taken after the machine's lock
 * @output: bytes sent by the guest and not yet written
 * @out_count: how many
 * @exit_line: filter on the output
 * @room: how many bytes the guest's end can take
 * @receive: gives it one
 * @idle: tells it that there are no more
 * @shared: the terminal is the monitor's, too; Ctrl-A c changes over
 * @at_console: it is the monitor's now
 * @console: gives the monitor a byte
 * @leave: the user wants to leave
 * @exit_status: the guest has told its exit status
 * @arg: first argument of @room, @receive and @idle
 * @owner: first argument of @console, @leave and @exit_status
 */
struct chardev {
	struct loop *loop;
	int in;
	int out;
	int slave;
	bool keys;
	bool file;
	bool paused;
	bool lossy;
	bool escaped;
	bool want_flush;
	struct loop_fd lfd;
	bool is_socket;
	struct loop_fd listen;
	struct loop_timer flush_timer;
	u8 input[CHARDEV_IN];
	unsigned int in_head;
	unsigned int in_count;
	pthread_mutex_t out_lock;
	u8 output[CHARDEV_OUT];
	unsigned int out_count;
	struct exit_line exit_line;
	unsigned int (*room)(void *arg);
	void (*receive)(void *arg, u8 byte);
	void (*idle)(void *arg);
	bool shared;
	bool at_console;
	void (*console)(void *owner, u8 byte);
	void (*leave)(void *owner);
	void (*exit_status)(void *owner, u8 status);
	void *arg;
	void *owner;
};

void chardev_open(struct chardev *c, struct loop *loop, const char *label, const char *where);
void chardev_wait(struct chardev *c);
void chardev_close(struct chardev *c);
void chardev_put(struct chardev *c, u8 byte);
void chardev_flush(struct chardev *c);
void chardev_feed(struct chardev *c);

#endif
