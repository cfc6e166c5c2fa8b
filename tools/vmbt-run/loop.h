/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The event loop: file descriptors and timers, on the main thread.
 *
 * Devices are touched by two threads: the vCPU's, when the guest accesses
 * them, and this one. Both hold the machine's lock while they do, so handlers
 * are called with it held. A timer may be set from either thread.
 */
#ifndef VMBT_RUN_LOOP_H
#define VMBT_RUN_LOOP_H

#include <pthread.h>

#include "types.h"

#define LOOP_TIMERS	32
#define TIMER_OFF	(~0ULL)

/**
 * struct loop_fd - a descriptor that is waited for
 * @fd: the descriptor
 * @ready: called when it is ready, with the epoll events
 * @arg: its first argument
 */
struct loop_fd {
	int fd;
	void (*ready)(void *arg, u32 events);
	void *arg;
};

/**
 * struct loop_timer - something to do at a time
 * @deadline: when, in now_ns() time; TIMER_OFF if not set
 * @expired: called once when the time has come
 * @arg: its first argument
 */
struct loop_timer {
	u64 deadline;
	void (*expired)(void *arg, u64 now);
	void *arg;
};

/**
 * struct loop - the event loop
 * @lock: the machine's lock
 * @epoll: what the main thread sleeps in
 * @timerfd: the one host timer
 * @wakefd: eventfd that wakes the loop from the other thread
 * @armed: when @timerfd expires, or TIMER_OFF
 * @timer: all timers
 * @ntimers: how many
 * @fixed_timers: of these, how many stay when the machine is reset
 * @woken: called on the main thread after somebody wrote to @wakefd
 * @arg: its first argument
 * @stop: leave loop_run()
 */
struct loop {
	pthread_mutex_t *lock;
	int epoll;
	int timerfd;
	int wakefd;
	u64 armed;
	struct loop_timer *timer[LOOP_TIMERS];
	unsigned int ntimers;
	unsigned int fixed_timers;
	void (*woken)(void *arg);
	void *arg;
	bool stop;
};

void loop_init(struct loop *loop, pthread_mutex_t *lock);
void loop_fini(struct loop *loop);
void loop_add_fd(struct loop *loop, struct loop_fd *lfd, u32 events);
void loop_remove_fd(struct loop *loop, struct loop_fd *lfd);
void loop_add_timer(struct loop *loop, struct loop_timer *t,
		    void (*expired)(void *arg, u64 now), void *arg);
void loop_set_timer(struct loop *loop, struct loop_timer *t, u64 deadline);
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
