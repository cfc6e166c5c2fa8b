// SPDX-License-Identifier: GPL-2.0
/*
 * The way to an NBD server: a socket at whose other end is one.
 *
 * While the guest runs the broker goes there, which must be no way to anything else for a
 * guest that has taken over vmbt-run: a UNIX socket may be that of somebody who starts
 * programs. An NBD server is known by speaking first (doc/proto.md, "newstyle
 * negotiation"): its first eight bytes are looked at, and left where they are for the library.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "nbdname.h"

#define MAGIC	"NBDMAGIC"

static void wait_at_most(int s, unsigned int seconds)
{
	const struct timeval t = { .tv_sec = seconds };

	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

/* Returns the socket or a negative error number. */
static int go(int family, const void *addr, socklen_t len, unsigned int seconds)
{
	int s = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;
	char got[sizeof(MAGIC) - 1];
	ssize_t n = 0;

	if (s < 0)
		return -errno;
	wait_at_most(s, seconds);
	if (connect(s, addr, len))
		error = errno == EINPROGRESS ? ETIMEDOUT : errno;
	else
		n = recv(s, got, sizeof(got), MSG_PEEK | MSG_WAITALL);
	if (!error && (n != sizeof(got) || memcmp(got, MAGIC, sizeof(got))))
		error = EPROTO;
	wait_at_most(s, 0);
	if (!error)
		return s;
	close(s);
	return -error;
}

static int go_local(const char *path, unsigned int seconds)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	return go(AF_UNIX, &addr, sizeof(addr), seconds);
}

/**
 * nbd_reach() - connect to an NBD server
 * @where: path of its socket, or PORT:HOST
 * @local: which of them
 * @seconds: how long to wait for each of the host's addresses to answer, and then to greet
 *
 * Return: a socket, closed on exec; or -1 and errno, for nbd_reach_why().
 */
int nbd_reach(const char *where, bool local, unsigned int seconds)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *host = strchr(where, ':');
	struct addrinfo *list, *i;
	char port[32];
	int s, rc;

	if (local) {
		s = go_local(where, seconds);
	} else if (!host || host - where >= (int)sizeof(port)) {
		s = -EINVAL;
	} else {
		snprintf(port, sizeof(port), "%.*s", (int)(host - where), where);
		rc = getaddrinfo(host + 1, port, &hints, &list);
		if (rc) {
			/* The resolver's numbers are negative. */
			errno = rc;
			return -1;
		}
		for (s = -EPROTO, i = list; s < 0 && i; i = i->ai_next)
			s = go(i->ai_family, i->ai_addr, i->ai_addrlen, seconds);
		freeaddrinfo(list);
	}
	if (s >= 0)
		return s;
	errno = -s;
	return -1;
}

/**
 * nbd_reach_why() - what was in the way
 * @error: errno after nbd_reach()
 *
 * Return: a text.
 */
const char *nbd_reach_why(int error)
{
	if (error == EPROTO)
		return "nobody there speaks NBD";
	return error < 0 ? gai_strerror(error) : strerror(error);
}
