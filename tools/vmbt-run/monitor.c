// SPDX-License-Identifier: GPL-2.0
/*
 * Where the machine takes commands: sockets, standard input, the terminal.
 *
 * One connection at a time; who comes meanwhile waits. What is answered is never
 * waited for with the machine's lock held: it is kept until it can be written. All
 * of it runs on the main thread, but for events, which can come from the vCPU's, and
 * always with the machine's lock held. What comes in is anybody's: a command has a
 * bounded length, and what is none gets an error.
 */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"
#include "command.h"
#include "machine.h"
#include "util.h"

#define PROMPT		"(vmbt) "
#define AT_ONCE		4096	/* a pipe that has room takes that much */
#define LAST_WORDS_MS	1000

static void hang_up(struct monitor *mon);

/* Returns the bytes that were taken, or -1 when nobody is there any more. */
static ssize_t write_some(struct monitor *mon, const char *text, size_t len)
{
	struct pollfd p = { .fd = mon->writer.fd, .events = POLLOUT };
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return 0;
	n = send(mon->writer.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno == ENOTSOCK)
		n = write(mon->writer.fd, text, len < AT_ONCE ? len : AT_ONCE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

/* What is left over is tried again when the descriptor is ready. */
static void drain(struct monitor *mon)
{
	struct loop *loop = &mon->machine->loop;
	size_t done = 0;
	ssize_t n = 1;

	while (done < mon->out_len && n > 0) {
		n = write_some(mon, mon->out + done, mon->out_len - done);
		done += n > 0 ? n : 0;
	}
	mon->out_len -= done;
	memmove(mon->out, mon->out + done, mon->out_len);
	if (n < 0) {
		mon->gone = true;
		mon->out_len = 0;
	}
	if (!!mon->out_len == mon->waiting)
		return;
	mon->waiting = mon->out_len;
	if (mon->waiting)
		loop_add_fd(loop, &mon->writer, EPOLLOUT);
	else
		loop_remove_fd(loop, &mon->writer);
}

static void writable(void *arg, u32 events)
{
	struct monitor *mon = arg;

	(void)events;
	if (mon->writer.fd >= 0)
		drain(mon);
}

/**
 * monitor_put() - answer
 * @mon: the monitor
 * @text: what
 * @len: bytes of it
 */
void monitor_put(struct monitor *mon, const char *text, size_t len)
{
	size_t room = mon->out_len + len;
	char *more;

	if (mon->writer.fd < 0 || mon->gone)
		return;
	/* Who does not read for so long is not there. */
	if (room > MONITOR_OUT) {
		mon->gone = true;
		return;
	}
	if (room > mon->out_room) {
		more = realloc(mon->out, room);
		if (!more) {
			mon->gone = true;
			return;
		}
		mon->out = more;
		mon->out_room = room;
	}
	memcpy(mon->out + mon->out_len, text, len);
	mon->out_len = room;
	loop_set_timer(&mon->machine->loop, &mon->machine->monitors.flush_timer, now_ns());
}

/* The vCPU's thread may not change what the loop waits for. */
static void flush(void *arg, u64 now)
{
	struct machine *m = arg;
	unsigned int i;

	(void)now;
	for (i = 0; i < m->monitors.count; i++)
		if (m->monitors.one[i].out_len)
			drain(&m->monitors.one[i]);
}

static void prompt(struct monitor *mon)
{
	monitor_put(mon, PROMPT, sizeof(PROMPT) - 1);
}

static void human_line(struct monitor *mon)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	mon->in[mon->len] = 0;
	if (mon->skip)
		fputs("Error: the command is too long\n", f);
	else
		hmp_run(mon->machine, mon, mon->in, f);
	fclose(f);
	monitor_put(mon, text, size);
	free(text);
	mon->len = 0;
	mon->skip = false;
	prompt(mon);
}

/* On the terminal nobody but us echoes what is typed. */
static void human_byte(struct monitor *mon, char c)
{
	if (c == '\r')
		c = '\n';
	if (mon->on_terminal && (c == '\b' || c == 0x7f)) {
		if (mon->len) {
			mon->len--;
			monitor_put(mon, "\b \b", 3);
		}
		return;
	}
	if (mon->on_terminal && ((u8)c >= ' ' || c == '\n'))
		monitor_put(mon, &c, 1);
	if (c == '\n')
		human_line(mon);
	else if (mon->len == sizeof(mon->in) - 1)
		mon->skip = true;
	else
		mon->in[mon->len++] = c;
}

/**
 * monitor_input() - somebody has written something
 * @mon: the monitor
 * @buf: what
 * @len: bytes of it
 */
void monitor_input(struct monitor *mon, const char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len && !mon->gone; i++) {
		if (mon->o->qmp)
			qmp_byte(mon, buf[i]);
		else if (mon->on_terminal || buf[i] != '\r')
			human_byte(mon, buf[i]);
	}
}

/**
 * monitor_console() - a key on the terminal that serial port and monitor share
 * @machine: the machine
 * @byte: the key
 */
void monitor_console(void *machine, u8 byte)
{
	struct machine *m = machine;
	char c = byte;
	unsigned int i;

	for (i = 0; i < m->monitors.count; i++)
		if (m->monitors.one[i].on_terminal)
			monitor_input(&m->monitors.one[i], &c, 1);
}

static void take_descriptors(struct monitor *mon, struct msghdr *msg)
{
	struct cmsghdr *c;
	unsigned int n, i;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (mon->npassed < MONITOR_FDS)
				mon->passed[mon->npassed++] = fd;
			else
				close(fd);
		}
	}
}

static ssize_t receive(struct monitor *mon, char *buf, size_t size)
{
	char control[CMSG_SPACE(MONITOR_FDS * sizeof(int))];
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(mon->peer.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == ENOTSOCK)
		return read(mon->peer.fd, buf, size);
	if (n > 0)
		take_descriptors(mon, &msg);
	return n;
}

static void readable(void *arg, u32 events)
{
	struct monitor *mon = arg;
	char buf[4096];
	ssize_t n;

	(void)events;
	if (mon->peer.fd < 0)
		return;
	n = receive(mon, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		monitor_input(mon, buf, n);
		drain(mon);
	}
	if (n <= 0 || mon->gone)
		hang_up(mon);
}

static void forget(struct monitor *mon)
{
	while (mon->npassed)
		close(mon->passed[--mon->npassed]);
	mon->len = 0;
	mon->skip = false;
	mon->depth = 0;
	mon->string = false;
	mon->escape = false;
	mon->negotiated = false;
	mon->out_len = 0;
	mon->gone = false;
}

static void hang_up(struct monitor *mon)
{
	struct loop *loop = &mon->machine->loop;

	loop_remove_fd(loop, &mon->peer);
	if (mon->waiting)
		loop_remove_fd(loop, &mon->writer);
	mon->waiting = false;
	if (mon->o->kind != MONITOR_STDIO) {
		close(mon->peer.fd);
		close(mon->writer.fd);
	}
	mon->peer.fd = -1;
	mon->writer.fd = -1;
	forget(mon);
	if (mon->listen.fd >= 0)
		loop_add_fd(loop, &mon->listen, EPOLLIN);
}

static void welcome(struct monitor *mon, int in, int out)
{
	mon->peer = (struct loop_fd){ .fd = in, .ready = readable, .arg = mon };
	mon->writer = (struct loop_fd){ .fd = out, .ready = writable, .arg = mon };
	if (in >= 0)
		loop_add_fd(&mon->machine->loop, &mon->peer, EPOLLIN);
	if (mon->o->qmp)
		qmp_greet(mon);
	else if (!mon->on_terminal)
		prompt(mon);
}

static void connected(struct monitor *mon, int fd)
{
	int out = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (out < 0) {
		close(fd);
		return;
	}
	welcome(mon, fd, out);
}

static void somebody(void *arg, u32 events)
{
	struct monitor *mon = arg;
	int fd;

	(void)events;
	if (mon->peer.fd >= 0)
		return;
	fd = accept4(mon->listen.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	loop_remove_fd(&mon->machine->loop, &mon->listen);
	connected(mon, fd);
}

static const char *option(const struct monitor *mon)
{
	return mon->o->qmp ? "-qmp" : "-monitor";
}

static int unix_socket(struct monitor *mon)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = mon->o->path;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		die("%s %s: the path is too long", option(mon), path);
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("%s %s: %s", option(mon), path, strerror(errno));
	if (!mon->o->server) {
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			die("%s %s: %s", option(mon), path, strerror(errno));
		return fd;
	}
	unlink(path);
	if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("%s %s: %s", option(mon), path, strerror(errno));
	broker_remove_at_end(path);
	return fd;
}

static int tcp_socket(struct monitor *mon)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = mon->o->server ? AI_PASSIVE : 0 };
	struct addrinfo *found, *a;
	int fd = -1, rc, one = 1;

	rc = getaddrinfo(*mon->o->host ? mon->o->host : NULL, mon->o->port, &hints, &found);
	if (rc)
		die("%s tcp:%s:%s: %s", option(mon), mon->o->host, mon->o->port, gai_strerror(rc));
	for (a = found; a; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		rc = mon->o->server ? bind(fd, a->ai_addr, a->ai_addrlen) :
		     connect(fd, a->ai_addr, a->ai_addrlen);
		if (!rc)
			break;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	if (fd < 0)
		die("%s tcp:%s:%s: %s", option(mon), mon->o->host, mon->o->port, strerror(errno));
	return fd;
}

static void open_socket(struct monitor *mon)
{
	int fd = mon->o->kind == MONITOR_UNIX ? unix_socket(mon) : tcp_socket(mon), peer;

	if (!mon->o->server) {
		connected(mon, fd);
		return;
	}
	if (listen(fd, 8))
		die("%s: %s", option(mon), strerror(errno));
	mon->listen = (struct loop_fd){ .fd = fd, .ready = somebody, .arg = mon };
	if (!mon->o->wait) {
		loop_add_fd(&mon->machine->loop, &mon->listen, EPOLLIN);
		return;
	}
	warn("%s: waiting for somebody to connect", option(mon));
	do {
		peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	} while (peer < 0 && errno == EINTR);
	if (peer < 0)
		die("%s: %s", option(mon), strerror(errno));
	connected(mon, peer);
}

/**
 * monitor_init() - open all monitors that are wanted
 * @m: the machine
 *
 * Ends the program if that is not possible.
 */
void monitor_init(struct machine *m)
{
	struct monitors *all = &m->monitors;
	struct monitor *mon;

	input_init(m);
	fdset_init(&all->fds);
	loop_add_timer(&m->loop, &all->flush_timer, flush, m);
	for (; all->count < m->o->nmonitors; all->count++) {
		mon = &all->one[all->count];
		mon->machine = m;
		mon->o = &m->o->monitor[all->count];
		mon->listen.fd = -1;
		mon->peer.fd = -1;
		mon->writer.fd = -1;
		switch (mon->o->kind) {
		case MONITOR_STDIO:
			welcome(mon, STDIN_FILENO, STDOUT_FILENO);
			break;
		case MONITOR_TERMINAL:
			mon->on_terminal = true;
			welcome(mon, -1, STDOUT_FILENO);
			break;
		default:
			open_socket(mon);
			break;
		}
	}
}

static void close_one(struct monitor *mon)
{
	struct pollfd p = { .fd = mon->writer.fd, .events = POLLOUT };

	if (mon->writer.fd >= 0) {
		while (mon->out_len && !mon->gone && poll(&p, 1, LAST_WORDS_MS) > 0)
			drain(mon);
		hang_up(mon);
	}
	if (mon->listen.fd >= 0)
		close(mon->listen.fd);
	free(mon->out);
}

/**
 * monitor_fini() - say what is left to say, and close them
 * @m: the machine
 */
void monitor_fini(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < m->monitors.count; i++)
		close_one(&m->monitors.one[i]);
	fdset_fini(&m->monitors.fds);
	m->monitors.count = 0;
}
