// SPDX-License-Identifier: GPL-2.0
/*
 * The host's end of a network card: a thread, and frames on their way.
 *
 * A card hands over a frame and goes on; the vCPU never waits for a network. Each
 * back end has a thread of its own, and all of the back end happens there: it waits
 * for the host's descriptors, takes the guest's frames from one queue and puts those
 * for the guest into another, which the main thread empties into the card. When
 * the guest is slow the thread waits, and with it the host's side of the
 * connections; when the network is slow the card keeps its descriptors.
 */
#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sandbox.h"
#include "util.h"

static void put(struct net_queue *q, const u8 *frame, u32 len)
{
	unsigned int at = (q->head + q->count++) % NET_FRAMES;

	memcpy(q->frame[at], frame, len);
	q->len[at] = len;
}

static void drop(struct net_queue *q)
{
	q->head = (q->head + 1) % NET_FRAMES;
	q->count--;
}

static void ring(int fd)
{
	u64 one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		warn("network: %s", strerror(errno));
}

static void hush(int fd)
{
	u64 n;

	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		warn("network: %s", strerror(errno));
}

/**
 * net_poll() - have the thread wait for a descriptor, this once
 * @n: the back end, in its @fill
 * @fd: the descriptor
 * @events: of poll()
 *
 * Return: its index in @poll; 0, which is never ready for a back end, if there are
 * too many.
 */
unsigned int net_poll(struct net *n, int fd, short events)
{
	if (n->npoll == NET_POLL)
		return 0;
	n->poll[n->npoll] = (struct pollfd){ .fd = fd, .events = events };
	return n->npoll++;
}

/**
 * net_deliver() - a frame for the guest
 * @n: the back end, on its thread
 * @frame: the frame
 * @len: bytes; a frame that is too long is lost
 *
 * Waits until there is room.
 */
void net_deliver(struct net *n, const u8 *frame, u32 len)
{
	if (!len || len > NET_FRAME)
		return;
	pthread_mutex_lock(&n->lock);
	while (n->in.count == NET_FRAMES && !n->stop)
		pthread_cond_wait(&n->room, &n->lock);
	if (!n->stop) {
		put(&n->in, frame, len);
		if (n->in.count == 1)
			ring(n->event);
	}
	pthread_mutex_unlock(&n->lock);
}

static bool take(struct net *n, u8 *frame, u32 *len)
{
	bool some;

	pthread_mutex_lock(&n->lock);
	some = n->out.count && !n->stop;
	if (some) {
		*len = n->out.len[n->out.head];
		memcpy(frame, n->out.frame[n->out.head], *len);
		drop(&n->out);
	}
	pthread_mutex_unlock(&n->lock);
	return some;
}

static void *worker(void *arg)
{
	struct net *n = arg;
	u8 frame[NET_FRAME];
	int timeout, rc;
	u32 len;

	sandbox_thread(SANDBOX_NET);
	while (!__atomic_load_n(&n->stop, __ATOMIC_RELAXED)) {
		timeout = -1;
		n->poll[0] = (struct pollfd){ .fd = n->wake, .events = POLLIN };
		n->npoll = 1;
		n->fill(n, &timeout);
		rc = poll(n->poll, n->npoll, timeout);
		if (rc > 0 && n->poll[0].revents)
			hush(n->wake);
		while (take(n, frame, &len))
			n->input(n, frame, len);
		n->handle(n, rc < 0);
	}
	return NULL;
}

/* On the main thread, with the machine's lock held. */
static void readable(void *arg, u32 events)
{
	struct net *n = arg;

	(void)events;
	hush(n->event);
	n->ready(n->arg);
}

/**
 * net_open() - open a back end; ends the program if that fails
 * @loop: the event loop
 * @o: which
 *
 * Return: the back end, not running yet.
 */
struct net *net_open(struct loop *loop, const struct netdev *o)
{
	struct net *n = calloc(1, sizeof(*n));

	if (!n)
		die("out of memory");
	n->loop = loop;
	n->fd = -1;
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->room, NULL);
	n->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	n->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->wake < 0 || n->event < 0)
		die("network: %s", strerror(errno));
	if (o->kind == NET_USER)
		net_open_user(n, o);
	else
		net_open_tap(n, o);
	return n;
}

/**
 * net_start() - start the thread
 * @n: the back end, with @ready filled in
 */
void net_start(struct net *n)
{
	sigset_t block, old;

	n->lfd = (struct loop_fd){ .fd = n->event, .ready = readable, .arg = n };
	loop_add_fd(n->loop, &n->lfd, EPOLLIN);
	/* Signals are the main thread's. */
	sigfillset(&block);
	pthread_sigmask(SIG_SETMASK, &block, &old);
	sandbox_expect();
	if (pthread_create(&n->thread, NULL, worker, n))
		die("network: no thread");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	n->running = true;
}

/**
 * net_close() - end the thread and close the back end
 * @n: the back end
 */
void net_close(struct net *n)
{
	if (n->running) {
		pthread_mutex_lock(&n->lock);
		__atomic_store_n(&n->stop, true, __ATOMIC_RELAXED);
		pthread_cond_signal(&n->room);
		pthread_mutex_unlock(&n->lock);
		ring(n->wake);
		pthread_join(n->thread, NULL);
		loop_remove_fd(n->loop, &n->lfd);
	}
	n->close(n);
	close(n->wake);
	close(n->event);
	free(n);
}

/**
 * net_send() - a frame of the guest's
 * @n: the back end
 * @frame: the frame
 * @len: bytes, at most NET_FRAME
 *
 * Return: false if there is no room for it now.
 */
bool net_send(struct net *n, const u8 *frame, u32 len)
{
	bool room;

	pthread_mutex_lock(&n->lock);
	room = n->out.count < NET_FRAMES;
	if (room) {
		put(&n->out, frame, len);
		if (n->out.count == 1)
			ring(n->wake);
	}
	pthread_mutex_unlock(&n->lock);
	return room;
}

/**
 * net_peek() - the next frame for the guest
 * @n: the back end
 * @len: filled with its length
 *
 * Return: the frame, until net_drop(), or NULL.
 */
const u8 *net_peek(struct net *n, u32 *len)
{
	const u8 *frame = NULL;

	pthread_mutex_lock(&n->lock);
	if (n->in.count) {
		frame = n->in.frame[n->in.head];
		*len = n->in.len[n->in.head];
	}
	pthread_mutex_unlock(&n->lock);
	return frame;
}

/**
 * net_drop() - the guest has that frame, or will never get it
 * @n: the back end, whose net_peek() was not NULL
 */
void net_drop(struct net *n)
{
	pthread_mutex_lock(&n->lock);
	drop(&n->in);
	pthread_cond_signal(&n->room);
	pthread_mutex_unlock(&n->lock);
}
