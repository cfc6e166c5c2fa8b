// SPDX-License-Identifier: GPL-2.0
/*
 * The VNC server: the screen, keyboard and mouse for whoever connects.
 *
 * The protocol is libvncserver's; listening is ours, because a UNIX socket is the
 * safest place to listen at and because what listens must be open before privileges
 * are dropped. Without a client nothing is drawn. A pointer that clients give by
 * place moves a mouse that only knows ways: what it went since the last time. At the
 * picture's edges it goes on pushing, so that guest's and client's pointers meet there.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rfb/rfb.h>

#include "frontend.h"
#include "keysym.h"

#define FIRST_PORT	5900
#define DISPLAYS	100	/* tried by itself */
#define MAX_CLIENTS	16
#define PASSWORD	8	/* the protocol takes no more of it */
#define EDGE		32
#define CLIENT_WAIT_MS	5000	/* in the steps that libvncserver waits in */

/**
 * struct vnc - the server
 * @screen: libvncserver's
 * @listen: where clients come
 * @path: of the UNIX socket, or empty
 * @password: to be given, or empty
 * @passwords: a list of it, as libvncserver wants it
 * @x: the pointer's place, once known
 * @y: likewise
 * @known: it is
 * @buttons: of the pointer, as the protocol has them
 */
struct vnc {
	rfbScreenInfoPtr screen;
	int listen;
	char path[108];
	char password[PASSWORD + 1];
	char *passwords[2];
	int x;
	int y;
	bool known;
	int buttons;
};

static char why[256];

static void silent(const char *fmt, ...)
{
	(void)fmt;
}

static void on_key(rfbBool down, rfbKeySym sym, rfbClientPtr cl)
{
	struct display *d = cl->screen->screenData;
	struct key key;
	bool shifted;

	if (keysym_find(sym, &key, &shifted))
		d->key(d, key, down);
}

/* How far it went; where the picture ends it can't go on, but the mouse can. */
static int way(int from, int to, int size)
{
	if (to == 0)
		return to - from - EDGE;
	if (to == size - 1)
		return to - from + EDGE;
	return to - from;
}

static void on_pointer(int mask, int x, int y, rfbClientPtr cl)
{
	struct display *d = cl->screen->screenData;
	struct vnc *v = d->state;
	int pressed = mask & ~v->buttons, dx = 0, dy = 0, dz = 0;
	unsigned int buttons = 0;

	buttons |= mask & 1 ? BUTTON_LEFT : 0;
	buttons |= mask & 2 ? BUTTON_MIDDLE : 0;
	buttons |= mask & 4 ? BUTTON_RIGHT : 0;
	if (v->known && (x != v->x || y != v->y)) {
		dx = way(v->x, x, d->width);
		dy = way(v->y, y, d->height);
	}
	dz -= pressed & 8 ? 1 : 0;
	dz += pressed & 16 ? 1 : 0;
	v->x = x;
	v->y = y;
	v->known = true;
	v->buttons = mask;
	d->move(d, dx, dy, dz, buttons);
	rfbDefaultPtrAddEvent(mask, x, y, cl);
}

static const char *fail(const char *what)
{
	snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
	return why;
}

static const char *listen_unix(struct vnc *v, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		return "the path is too long";
	memcpy(addr.sun_path, path, strlen(path));
	v->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(path);
	if (v->listen < 0 || fchmod(v->listen, 0600) ||
	    bind(v->listen, (struct sockaddr *)&addr, sizeof(addr)) || listen(v->listen, 1))
		return fail(path);
	memcpy(v->path, path, strlen(path) + 1);
	return NULL;
}

static bool listen_at(struct vnc *v, const struct addrinfo *a)
{
	int one = 1;

	v->listen = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->listen < 0)
		return false;
	setsockopt(v->listen, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(v->listen, a->ai_addr, a->ai_addrlen) && !listen(v->listen, 5))
		return true;
	close(v->listen);
	v->listen = -1;
	return false;
}

static const char *listen_tcp(struct vnc *v, const struct display_options *o, unsigned int n)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	/* Nobody but this machine, unless told otherwise. */
	const char *host = *o->vnc_host ? o->vnc_host : "127.0.0.1";
	struct addrinfo *all, *a;
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", FIRST_PORT + n);
	rc = getaddrinfo(host, port, &hints, &all);
	if (rc) {
		snprintf(why, sizeof(why), "%.100s: %s", host, gai_strerror(rc));
		return why;
	}
	for (a = all; a; a = a->ai_next)
		if (listen_at(v, a))
			break;
	if (!a)
		snprintf(why, sizeof(why), "%.100s:%u: port %s: %s", host, n, port,
			 strerror(errno));
	freeaddrinfo(all);
	return a ? NULL : why;
}

static const char *start_listening(struct display *d)
{
	const struct display_options *o = d->o;
	const char *wrong;
	struct vnc *v = d->state;
	unsigned int n = o->vnc_display;
	bool any = o->vnc_any || o->kind == DISPLAY_DEFAULT;

	if (o->vnc_path) {
		wrong = listen_unix(v, o->vnc_path);
		if (!wrong)
			snprintf(d->where, sizeof(d->where), "VNC unix:%s", v->path);
		return wrong;
	}
	do {
		wrong = listen_tcp(v, o, n);
	} while (wrong && errno == EADDRINUSE && any && ++n < DISPLAYS);
	if (!wrong)
		snprintf(d->where, sizeof(d->where), "VNC %s:%u",
			 *o->vnc_host ? o->vnc_host : "127.0.0.1", n);
	return wrong;
}

/* The first line of a file, which nobody reads over the user's shoulder as options. */
static const char *read_password(struct vnc *v, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];
	size_t len;

	if (!f)
		return fail(path);
	if (!fgets(line, sizeof(line), f))
		*line = 0;
	fclose(f);
	len = strcspn(line, "\r\n");
	if (!len || len > PASSWORD) {
		snprintf(why, sizeof(why), "%.100s: %s (VNC passwords have at most %d)", path,
			 len ? "more characters than there can be" : "no password in it",
			 PASSWORD);
		return why;
	}
	memcpy(v->password, line, len);
	explicit_bzero(line, sizeof(line));
	v->passwords[0] = v->password;
	return NULL;
}

static const char *vnc_open(struct display *d)
{
	struct vnc *v = calloc(1, sizeof(*v));
	const char *wrong = NULL;
	rfbScreenInfoPtr s;

	if (!v)
		return "no memory";
	d->state = v;
	rfbLog = silent;
	rfbErr = silent;
	if (d->o->vnc_password)
		wrong = read_password(v, d->o->vnc_password);
	if (!wrong)
		wrong = start_listening(d);
	s = wrong ? NULL : rfbGetScreen(NULL, NULL, d->width, d->height, 8, 3, 4);
	if (!s) {
		free(v);
		return wrong ? wrong : "no memory";
	}
	s->frameBuffer = (char *)d->pixel;
	s->desktopName = d->title;
	s->screenData = d;
	s->kbdAddEvent = on_key;
	s->ptrAddEvent = on_pointer;
	s->alwaysShared = TRUE;
	s->cursor = NULL;
	s->deferUpdateTime = 0;
	/* While one that does not read is waited for nobody else is served. */
	s->maxClientWait = CLIENT_WAIT_MS;
	s->port = 0;
	s->ipv6port = 0;
	s->autoPort = FALSE;
	if (*v->password) {
		s->authPasswdData = v->passwords;
		s->passwordCheck = rfbCheckPasswordByList;
	}
	rfbInitServer(s);
	v->screen = s;
	return NULL;
}

static unsigned int clients(struct vnc *v, struct pollfd *p)
{
	rfbClientIteratorPtr it = rfbGetClientIterator(v->screen);
	unsigned int n = 0;
	rfbClientPtr cl;

	while ((cl = rfbClientIteratorNext(it))) {
		if (n < MAX_CLIENTS && p)
			p[n] = (struct pollfd){ .fd = cl->sock, .events = POLLIN };
		n++;
	}
	rfbReleaseClientIterator(it);
	return n;
}

static void somebody(struct vnc *v)
{
	int fd = accept4(v->listen, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (clients(v, NULL) == MAX_CLIENTS)
		close(fd);
	else
		rfbNewClient(v->screen, fd);
}

static bool vnc_wait(struct display *d, int ms)
{
	struct vnc *v = d->state;
	struct pollfd p[2 + MAX_CLIENTS] = {
		{ .fd = d->wake, .events = POLLIN },
		{ .fd = v->listen, .events = POLLIN },
	};
	unsigned int n = clients(v, p + 2);

	if (poll(p, 2 + (n < MAX_CLIENTS ? n : MAX_CLIENTS), n ? ms : -1) < 0)
		return n;
	if (p[1].revents)
		somebody(v);
	rfbProcessEvents(v->screen, 0);
	n = clients(v, NULL);
	if (!n)
		v->known = false;
	return n;
}

static void vnc_resize(struct display *d)
{
	struct vnc *v = d->state;

	rfbNewFramebuffer(v->screen, (char *)d->pixel, d->width, d->height, 8, 3, 4);
}

static void vnc_update(struct display *d, const struct rect *r)
{
	struct vnc *v = d->state;

	rfbMarkRectAsModified(v->screen, r->x, r->y, r->x + r->width, r->y + r->height);
}

static void vnc_flush(struct display *d)
{
	struct vnc *v = d->state;

	rfbProcessEvents(v->screen, 0);
}

static void vnc_close(struct display *d)
{
	struct vnc *v = d->state;

	rfbShutdownServer(v->screen, TRUE);
	rfbScreenCleanup(v->screen);
	close(v->listen);
	if (*v->path)
		unlink(v->path);
	explicit_bzero(v->password, sizeof(v->password));
	free(v);
}

const struct frontend frontend = {
	.version = FRONTEND_VERSION,
	.open = vnc_open,
	.wait = vnc_wait,
	.resize = vnc_resize,
	.update = vnc_update,
	.flush = vnc_flush,
	.close = vnc_close,
};
