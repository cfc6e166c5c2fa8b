// SPDX-License-Identifier: GPL-2.0
/*
 * A network card of the host's: a tap interface, host-only or in a bridge.
 *
 * An interface that belongs to the user needs no privilege; to make one, or to put
 * it into a bridge, the host asks for CAP_NET_ADMIN. Which of these failed and what
 * to do about it is said in one line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if.h>

#include "net.h"
#include "util.h"

/* linux/if_tun.h and linux/sockios.h; <linux/if.h> and <net/if.h> don't mix. */
#include <linux/if_tun.h>
#include <linux/sockios.h>

#define FRAMES_AT_ONCE	64

static void tap_fill(struct net *n, int *timeout)
{
	(void)timeout;
	net_poll(n, n->fd, POLLIN);
}

static void tap_handle(struct net *n, bool failed)
{
	unsigned int i;
	u8 frame[NET_FRAME];
	ssize_t len;

	if (failed || !(n->poll[1].revents & POLLIN))
		return;
	for (i = 0; i < FRAMES_AT_ONCE; i++) {
		len = read(n->fd, frame, sizeof(frame));
		if (len <= 0)
			break;
		net_deliver(n, frame, len);
	}
}

/* An interface that is down loses what is sent, as a cable would. */
static void tap_input(struct net *n, const u8 *frame, u32 len)
{
	if (write(n->fd, frame, len) < 0 && errno != EIO && errno != EAGAIN)
		warn("tap: %s", strerror(errno));
}

static void tap_close(struct net *n)
{
	close(n->fd);
}

/* Up, and into the bridge. */
static void connect_bridge(const char *name, const char *bridge)
{
	struct ifreq req = { .ifr_ifindex = 0 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		die("br=%s: %s", bridge, strerror(errno));
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", bridge);
	req.ifr_ifindex = if_nametoindex(name);
	/* A tap that is in it already is what was asked for. */
	if (ioctl(s, SIOCBRADDIF, &req) && errno != EBUSY)
		die("br=%s: %s%s", bridge, strerror(errno), errno == EPERM ?
		    ": as root, 'ip link set TAP master BRIDGE', and ifname=TAP without br=" :
		    ": no such bridge? ip link add NAME type bridge");
	memset(&req, 0, sizeof(req));
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (!ioctl(s, SIOCGIFFLAGS, &req)) {
		req.ifr_flags |= IFF_UP;
		if (ioctl(s, SIOCSIFFLAGS, &req))
			die("%s: can't be brought up: %s", name, strerror(errno));
	}
	close(s);
}

/**
 * net_open_tap() - open a tap interface
 * @n: the back end
 * @o: its name, and perhaps a bridge
 */
void net_open_tap(struct net *n, const struct netdev *o)
{
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	const char *name = o->ifname ? o->ifname : "vmbt%d";

	n->fill = tap_fill;
	n->handle = tap_handle;
	n->input = tap_input;
	n->close = tap_close;
	if (strlen(name) >= sizeof(req.ifr_name))
		die("ifname=%s: too long for an interface", name);
	n->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (n->fd < 0)
		die("/dev/net/tun: %s (modprobe tun; or user-mode networking: -nic user)",
		    strerror(errno));
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(n->fd, TUNSETIFF, &req))
		die("tap %s: %s%s", name, strerror(errno), errno == EPERM ?
		    ": as root, 'ip tuntap add dev NAME mode tap user YOU', then ifname=NAME" :
		    errno == EBUSY ? ": another program has it" : "");
	if (o->bridge)
		connect_bridge(req.ifr_name, o->bridge);
}
