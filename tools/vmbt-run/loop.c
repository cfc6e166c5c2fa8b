// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop: file descriptors and timers, on the main thread.
 *
 * Guests reprogram their timers at every tick, and each system call costs, so
 * the host timer is only moved to an earlier time. When it goes off too early,
 * the loop finds nothing due and sets it right.
 */
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "util.h"

#define MAX_EVENTS	8

static void arm(struct loop *loop, u64 deadline)
{
	struct itimerspec when = {
		.it_value.tv_sec = deadline / 1000000000,
		.it_value.tv_nsec = deadline % 1000000000,
	};

	loop->armed = deadline;
	timerfd_settime(loop->timerfd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void add(struct loop *loop, int fd, void *ptr, u32 events)
{
	struct epoll_event ev = { .events = events, .data.ptr = ptr };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev))
		die("epoll: %s", strerror(errno));
}

/**
 * loop_init() - prepare the loop
 * @loop: filled
 * @lock: held while handlers run
 */
void loop_init(struct loop *loop, pthread_mutex_t *lock)
{
	*loop = (struct loop){
		.lock = lock,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.armed = TIMER_OFF,
	};
	if (loop->epoll < 0 || loop->timerfd < 0 || loop->wakefd < 0)
		die("event loop: %s", strerror(errno));
	add(loop, loop->timerfd, &loop->timerfd, EPOLLIN);
	add(loop, loop->wakefd, &loop->wakefd, EPOLLIN);
}

/**
 * loop_fini() - close what loop_init() opened
 * @loop: the loop
 */
void loop_fini(struct loop *loop)
{
	close(loop->wakefd);
	close(loop->timerfd);
	close(loop->epoll);
}

/**
 * loop_add_fd() - start to wait for a descriptor
 * @loop: the loop
 * @lfd: the descriptor and its handler
 * @events: EPOLLIN, EPOLLOUT
 *
 * A descriptor that can't be waited for, such as /dev/null, is never reported.
 */
void loop_add_fd(struct loop *loop, struct loop_fd *lfd, u32 events)
{
	struct epoll_event ev = { .events = events, .data.ptr = lfd };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, lfd->fd, &ev) && errno != EPERM)
		die("epoll: %s", strerror(errno));
}

/**
 * loop_remove_fd() - stop to wait for a descriptor
 * @loop: the loop
 * @lfd: a descriptor that was added
 */
void loop_remove_fd(struct loop *loop, struct loop_fd *lfd)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, lfd->fd, NULL);
}

/**
 * loop_add_timer() - introduce a timer
 * @loop: the loop
 * @t: the timer, off at first
 * @expired: its handler
 * @arg: the handler's first argument
 */
void loop_add_timer(struct loop *loop, struct loop_timer *t,
		    void (*expired)(void *arg, u64 now), void *arg)
{
	*t = (struct loop_timer){ .deadline = TIMER_OFF, .expired = expired, .arg = arg };
	if (loop->ntimers == LOOP_TIMERS)
		die("too many timers");
	loop->timer[loop->ntimers++] = t;
}

/**
 * loop_set_timer() - set a timer, or turn it off
 * @loop: the loop
 * @t: the timer
 * @deadline: when, in now_ns() time, or TIMER_OFF
 */
void loop_set_timer(struct loop *loop, struct loop_timer *t, u64 deadline)
{
	t->deadline = deadline;
	if (deadline < loop->armed)
		arm(loop, deadline ? deadline : 1);
}

static void run_timers(struct loop *loop)
{
	u64 now = now_ns(), next = TIMER_OFF, n;
	struct loop_timer *t;
	unsigned int i;

	if (read(loop->timerfd, &n, sizeof(n)) < 0)
		return;
	loop->armed = TIMER_OFF;
	for (i = 0; i < loop->ntimers; i++) {
		t = loop->timer[i];
		if (t->deadline <= now) {
			t->deadline = TIMER_OFF;
			t->expired(t->arg, now);
		}
	}
	for (i = 0; i < loop->ntimers; i++)
		if (loop->timer[i]->deadline < next)
			next = loop->timer[i]->deadline;
	if (next < loop->armed)
		arm(loop, next);
}

/**
 * loop_run() - serve until loop_stop()
 * @loop: the loop
 */
void loop_run(struct loop *loop)
{
	struct epoll_event ev[MAX_EVENTS];
	struct loop_fd *lfd;
	int i, n;
	u64 v;

	for (;;) {
		n = epoll_wait(loop->epoll, ev, MAX_EVENTS, -1);
		if (n < 0 && errno != EINTR)
			die("epoll: %s", strerror(errno));

		pthread_mutex_lock(loop->lock);
		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == &loop->timerfd) {
				run_timers(loop);
			} else if (ev[i].data.ptr == &loop->wakefd) {
				if (read(loop->wakefd, &v, sizeof(v)) == sizeof(v))
					loop->woken(loop->arg);
			} else {
				lfd = ev[i].data.ptr;
				lfd->ready(lfd->arg, ev[i].events);
			}
		}
		if (loop->stop) {
			pthread_mutex_unlock(loop->lock);
			return;
		}
		pthread_mutex_unlock(loop->lock);
	}
}

/**
 * loop_stop() - make loop_run() return
 * @loop: the loop
 *
 * Called with the lock held, from any thread.
 */
void loop_stop(struct loop *loop)
{
	u64 one = 1;

	loop->stop = true;
	if (write(loop->wakefd, &one, sizeof(one)) < 0)
		warn("event loop: %s", strerror(errno));
}
