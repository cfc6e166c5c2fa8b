/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's end of a network card: a thread, and frames on their way.
 */
#ifndef VMBT_RUN_NET_H
#define VMBT_RUN_NET_H

#include <poll.h>
#include <pthread.h>

#include "loop.h"
#include "options.h"
#include "types.h"

#define NET_FRAME	1522
#define NET_FRAMES	256	/* on their way in one direction */
#define NET_POLL	512	/* descriptors that a back end waits for */

/**
 * struct net_queue - frames in order
 * @frame: their bytes
 * @len: how many of them
 * @head: oldest
 * @count: frames
 */
struct net_queue {
	u8 frame[NET_FRAMES][NET_FRAME];
	u16 len[NET_FRAMES];
	unsigned int head;
	unsigned int count;
};

/**
 * struct net - a back end
 * @loop: calls @ready
 * @thread: the thread
 * @running: it was started
 * @lock: protects the queues and @stop
 * @room: there is room in @in again
 * @out: frames of the guest's
 * @in: frames for the guest
 * @stop: the thread shall end
 * @wake: eventfd that wakes the thread
 * @event: eventfd that wakes the loop
 * @lfd: waits for it
 * @poll: what the thread waits for; the first is @wake
 * @npoll: how many
 * @fill: adds to @poll, may shorten the timeout in milliseconds
 * @handle: something of @poll may be ready
 * @input: takes a frame of the guest's
 * @close: gives back what was opened
 * @state: the back end's own
 * @fd: the back end's own
 * @ready: called on the main thread when there are frames in @in
 * @arg: its first argument
 */
struct net {
	struct loop *loop;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t room;
	struct net_queue out;
	struct net_queue in;
	bool stop;
	int wake;
	int event;
	struct loop_fd lfd;
	struct pollfd poll[NET_POLL];
	unsigned int npoll;
	void (*fill)(struct net *n, int *timeout);
	void (*handle)(struct net *n, bool failed);
	void (*input)(struct net *n, const u8 *frame, u32 len);
	void (*close)(struct net *n);
	void *state;
	int fd;
	void (*ready)(void *arg);
	void *arg;
};

struct net *net_open(struct loop *loop, const struct netdev *o);
void net_start(struct net *n);
void net_close(struct net *n);
bool net_send(struct net *n, const u8 *frame, u32 len);
const u8 *net_peek(struct net *n, u32 *len);
void net_drop(struct net *n);

/* For the back ends. */
unsigned int net_poll(struct net *n, int fd, short events);
void net_deliver(struct net *n, const u8 *frame, u32 len);
void net_open_user(struct net *n, const struct netdev *o);
void net_open_tap(struct net *n, const struct netdev *o);

#endif
