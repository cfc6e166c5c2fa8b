// SPDX-License-Identifier: GPL-2.0
/*
 * A serial line that leads to a socket, UNIX or TCP.
 *
 * As a server it has one peer at a time and outlives it: who hangs up can come again,
 * and what the guest sends while nobody is there is lost, as on a line with nothing
 * plugged in. As a client it goes there once, since a sandbox lets nobody connect
 * later. The descriptors change on the main thread with the machine's lock held, and
 * the one that is written also under the line's own.
 */
#include "charsock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"
#include "options.h"
#include "util.h"

static const char *yes_or_no(const char *val, bool *is)
{
	*is = !val || !strcmp(val, "on");
	return *is || !strcmp(val, "off") ? NULL : "neither on nor off";
}

/* HOST:PORT, with an address of IPv6 in brackets; :PORT is this machine's. */
static const char *split(struct charsock *a, char *text)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long port;

	if (!colon)
		return "HOST:PORT is wanted";
	*colon = 0;
	a->port = colon + 1;
	port = strtoul(a->port, &end, 10);
	if (end == a->port || *end || !port || port > 65535)
		return "not a port, 1 to 65535";
	a->host = text;
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || end[1])
			return "not an address";
		*end = 0;
		a->host = text + 1;
	}
	return NULL;
}

/**
 * charsock_parse() - read where a line leads
 * @a: filled
 * @where: unix:PATH or tcp:HOST:PORT, and server, wait, nodelay behind commas
 *
 * Return: NULL, or what is wrong with it.
 */
const char *charsock_parse(struct charsock *a, const char *where)
{
	bool is_unix = !strncmp(where, "unix:", 5), nodelay, waits = true;
	const char *list, *wrong = NULL;
	char *key, *val, *to = strdup(strchr(where, ':') + 1);

	*a = (struct charsock){ .wait = false };
	if (!to)
		return "out of memory";
	list = to + strcspn(to, ",");
	if (*list)
		to[list++ - to] = 0;
	if (!*to)
		return "where to?";
	if (is_unix)
		a->path = to;
	else
		wrong = split(a, to);
	if (is_unix && strlen(to) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "the path is too long";
	while (!wrong && option_pair(&list, &key, &val)) {
		if (!strcmp(key, "server")) {
			wrong = yes_or_no(val, &a->server);
		} else if (!strcmp(key, "wait")) {
			wrong = yes_or_no(val, &waits);
		} else if (!strcmp(key, "nowait") && !val) {
			waits = false;
		} else if (!strcmp(key, "nodelay") && !is_unix) {
			wrong = yes_or_no(val, &nodelay);
		} else {
			return is_unix ? "its keys are server, wait" :
					 "its keys are server, wait, nodelay";
		}
	}
	a->wait = waits && a->server;
	return wrong;
}

static int unix_socket(const struct charsock *a)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (s < 0)
		return -1;
	memcpy(addr.sun_path, a->path, strlen(a->path));
	if (a->server) {
		/* What an earlier run has left, but nothing else. */
		if (!lstat(a->path, &st) && S_ISSOCK(st.st_mode))
			unlink(a->path);
		if (!fchmod(s, 0600) && !bind(s, (struct sockaddr *)&addr, sizeof(addr)) &&
		    !listen(s, 1)) {
			broker_remove_at_end(a->path);
			return s;
		}
	} else if (!connect(s, (struct sockaddr *)&addr, sizeof(addr))) {
		return s;
	}
	close(s);
	return -1;
}

static int tcp_socket(const struct charsock *a, const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC };
	struct addrinfo *list, *i;
	int s = -1, rc, one = 1;

	rc = getaddrinfo(*a->host ? a->host : "127.0.0.1", a->port, &hints, &list);
	if (rc) {
		*why = gai_strerror(rc);
		return -1;
	}
	for (i = list; i && s < 0; i = i->ai_next) {
		s = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC, i->ai_protocol);
		if (s < 0)
			continue;
		/* A key at a time is what goes over such a line. */
		setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (a->server)
			setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (a->server ? bind(s, i->ai_addr, i->ai_addrlen) || listen(s, 1) :
				connect(s, i->ai_addr, i->ai_addrlen)) {
			*why = strerror(errno);
			close(s);
			s = -1;
		}
	}
	freeaddrinfo(list);
	return s;
}

static void connected(struct chardev *c, int fd)
{
	pthread_mutex_lock(&c->out_lock);
	c->out = fd;
	pthread_mutex_unlock(&c->out_lock);
	c->in = fd;
	chardev_wait(c);
}

/* With the machine's lock held. One at a time: the next one waits in the queue. */
static void somebody(void *arg, u32 events)
{
	struct chardev *c = arg;
	int fd = accept4(c->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	loop_remove_fd(c->loop, &c->listen);
	connected(c, fd);
}

/**
 * charsock_hang_up() - the peer is gone
 * @c: the line, not waiting for input any more
 */
void charsock_hang_up(struct chardev *c)
{
	int fd = c->in;

	/* Ends a write that waits for the peer to read. */
	shutdown(fd, SHUT_RDWR);
	pthread_mutex_lock(&c->out_lock);
	c->out = -1;
	c->out_count = 0;
	pthread_mutex_unlock(&c->out_lock);
	close(fd);
	if (c->listen.fd >= 0)
		loop_add_fd(c->loop, &c->listen, EPOLLIN);
}

/**
 * charsock_open() - open the host's end of a line
 * @c: the line
 * @label: what it is for, for messages
 * @a: where it leads
 *
 * Ends the program if that is not possible.
 */
void charsock_open(struct chardev *c, const char *label, const struct charsock *a)
{
	const char *why = NULL, *host = a->path ? a->path : a->host;
	const char *colon = a->path ? "" : ":", *port = a->path ? "" : a->port;
	int s = a->path ? unix_socket(a) : tcp_socket(a, &why);

	if (s < 0)
		die("%s: %s%s%s: %s", label, host, colon, port, why ? why : strerror(errno));
	c->is_socket = true;
	c->listen.fd = -1;
	if (!a->server) {
		fcntl(s, F_SETFL, O_NONBLOCK);
		c->in = s;
		c->out = s;
		return;
	}
	c->listen = (struct loop_fd){ .fd = s, .ready = somebody, .arg = c };
	if (!a->wait) {
		loop_add_fd(c->loop, &c->listen, EPOLLIN);
		return;
	}
	warn("%s: waits for a connection to %s%s%s (wait=off does not)", label, host, colon,
	     port);
	c->in = accept4(s, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c->in < 0)
		die("%s: %s", label, strerror(errno));
	c->out = c->in;
}
