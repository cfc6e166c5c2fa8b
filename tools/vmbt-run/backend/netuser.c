// SPDX-License-Identifier: GPL-2.0
/*
 * A network of the guest's own with a NAT, in this process: libslirp.
 *
 * It needs no privilege: the guest's connections become sockets of this program. The
 * guest has 10.0.2.15 by DHCP, 10.0.2.2 is the host's loopback, 10.0.2.3 its name
 * server. libslirp knows no threads; all of it after net_open_user() runs on the
 * back end's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <slirp/libslirp.h>

#include "net.h"
#include "tftp.h"
#include "util.h"

static const struct { short poll; int slirp; } event[] = {
	{ POLLIN, SLIRP_POLL_IN },
	{ POLLOUT, SLIRP_POLL_OUT },
	{ POLLPRI, SLIRP_POLL_PRI },
	{ POLLERR, SLIRP_POLL_ERR },
	{ POLLHUP, SLIRP_POLL_HUP },
};

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	net_deliver(opaque, buf, len);
	return len;
}

/* A guest that could fill the host's terminal would. */
static void guest_error(const char *msg, void *opaque)
{
	(void)msg;
	(void)opaque;
}

static int64_t clock_ns(void *opaque)
{
	(void)opaque;
	return now_ns();
}

/* Timers are IPv6's, which is off. */
static void *timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
	(void)cb;
	(void)cb_opaque;
	(void)opaque;
	return NULL;
}

static void timer_free(void *timer, void *opaque)
{
	(void)timer;
	(void)opaque;
}

static void timer_mod(void *timer, int64_t expire_time, void *opaque)
{
	(void)timer;
	(void)expire_time;
	(void)opaque;
}

static void poll_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = poll_fd,
	.unregister_poll_fd = poll_fd,
	.notify = notify,
};

static int add_poll(int fd, int events, void *opaque)
{
	short want = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(event); i++)
		if (events & event[i].slirp)
			want |= event[i].poll;
	return net_poll(opaque, fd, want);
}

static int get_revents(int index, void *opaque)
{
	struct net *n = opaque;
	unsigned int i;
	int got = 0;

	if (index <= 0 || index >= (int)n->npoll)
		return 0;
	for (i = 0; i < ARRAY_SIZE(event); i++)
		if (n->poll[index].revents & event[i].poll)
			got |= event[i].slirp;
	return got;
}

static void user_fill(struct net *n, int *timeout)
{
	uint32_t ms = UINT32_MAX;

	slirp_pollfds_fill(n->state, &ms, add_poll, n);
	*timeout = ms > INT32_MAX ? -1 : (int)ms;
}

static void user_handle(struct net *n, bool failed)
{
	slirp_pollfds_poll(n->state, failed, get_revents, n);
}

static void user_input(struct net *n, const u8 *frame, u32 len)
{
	slirp_input(n->state, frame, len);
}

static void user_close(struct net *n)
{
	slirp_cleanup(n->state);
}

static struct in_addr address(u32 val)
{
	return (struct in_addr){ .s_addr = htonl(val) };
}

static void forward(struct net *n, const struct hostfwd *f)
{
	if (!slirp_add_hostfwd(n->state, f->udp, address(f->host), f->host_port,
			       address(f->guest), f->guest_port))
		return;
	die("hostfwd=%s: %s", f->text, errno == EACCES ?
	    "ports below 1024 are root's, choose another" : strerror(errno));
}

/**
 * net_open_user() - make the guest a network of its own
 * @n: the back end
 * @o: what is to be forwarded
 */
void net_open_user(struct net *n, const struct netdev *o)
{
	const SlirpConfig config = {
		.version = 1,
		.restricted = o->restricted,
		.in_enabled = true,
		.vnetwork = address(0x0a000200),
		.vnetmask = address(0xffffff00),
		.vhost = address(0x0a000202),
		.tftp_path = o->tftp,
		.bootfile = o->bootfile,
		.vdhcp_start = address(0x0a00020f),
		.vnameserver = address(0x0a000203),
	};
	unsigned int i;

	if (o->tftp)
		tftp_allow(o->tftp);
	n->fill = user_fill;
	n->handle = user_handle;
	n->input = user_input;
	n->close = user_close;
	n->state = slirp_new(&config, &callbacks, n);
	if (!n->state)
		die("network: libslirp does not start");
	for (i = 0; i < o->nforward; i++)
		forward(n, &o->forward[i]);
}
