// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor: where the machine takes commands from a person or a program.
 *
 * A UNIX socket, a command a line, spelled as QEMU's; the answer ends with the
 * prompt. One connection at a time. Keys are sent one after the other with a
 * pause, as a person's fingers would, since a guest that is busy loses what
 * does not fit into the keyboard. All of it runs on the main thread with the
 * machine's lock held.
 */
#include "monitor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"
#include "machine.h"
#include "screen.h"
#include "util.h"

#define PROMPT		"(vmbt) "
#define KEY_PAUSE_NS	20000000ULL
#define KEYS_AT_ONCE	8

__printf(2, 3)
static void say(struct monitor *mon, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	if (n > 0)
		send(mon->peer.fd, text, n, MSG_NOSIGNAL);
}

static void send_key(void *arg, u64 now)
{
	struct machine *m = arg;
	struct monitor *mon = &m->monitor;
	struct monitor_key *k = &mon->key[mon->key_head];

	if (!mon->key_count)
		return;
	/* A full keyboard takes it later. */
	if (i8042_key(&m->kbd, k->key.code, k->key.extended, k->pressed)) {
		mon->key_head = (mon->key_head + 1) % MONITOR_KEYS;
		mon->key_count--;
	}
	if (mon->key_count)
		loop_set_timer(&m->loop, &mon->key_timer, now + KEY_PAUSE_NS);
}

static void queue_key(struct monitor *mon, struct key key, bool pressed)
{
	mon->key[(mon->key_head + mon->key_count++) % MONITOR_KEYS] =
		(struct monitor_key){ key, pressed };
}

/* Names joined by dashes: pressed in order, released in the other. */
static void cmd_sendkey(struct machine *m, const char *arg)
{
	struct monitor *mon = &m->monitor;
	struct key keys[KEYS_AT_ONCE];
	unsigned int n = 0, i;
	size_t len;

	for (;; arg += len + 1) {
		len = strcspn(arg, "- ");
		if (n == KEYS_AT_ONCE || !key_find(arg, len, &keys[n])) {
			say(mon, "unknown key: '%.*s'\n", (int)len, arg);
			return;
		}
		n++;
		if (arg[len] != '-')
			break;
	}
	if (mon->key_count + 2 * n > MONITOR_KEYS) {
		say(mon, "too many keys on their way\n");
		return;
	}
	for (i = 0; i < n; i++)
		queue_key(mon, keys[i], true);
	for (; n; n--)
		queue_key(mon, keys[n - 1], false);
	if (mon->key_timer.deadline == TIMER_OFF)
		loop_set_timer(&m->loop, &mon->key_timer, now_ns());
}

static void cmd_screen(struct machine *m)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool ok;

	if (!f)
		return;
	ok = m->pc.firmware && screen_text(&m->pc.vga, f);
	fclose(f);
	if (ok)
		send(m->monitor.peer.fd, text, size, MSG_NOSIGNAL);
	else
		say(&m->monitor, "the screen shows no text\n");
	free(text);
}

static void cmd_info(struct machine *m, const char *what)
{
	struct monitor *mon = &m->monitor;

	if (!strcmp(what, "screen"))
		cmd_screen(m);
	else if (!strcmp(what, "status"))
		say(mon, "VM status: %s\n", m->outcome != RUNNING ? "shutdown" :
		    m->vcpu.stopped ? "paused" : "running");
	else if (!strcmp(what, "name"))
		say(mon, "%s\n", m->o->name ? m->o->name : "");
	else
		say(mon, "info screen, info status, info name\n");
}

static void cmd_screendump(struct machine *m, const char *path)
{
	const char *why = "which file?";

	if (!m->pc.firmware)
		why = "there is no display without firmware";
	else if (*path)
		why = screen_dump(&m->pc.vga, path);

	if (why)
		say(&m->monitor, "%s%s%s\n", path, *path ? ": " : "", why);
}

static void command(struct machine *m, char *line)
{
	struct monitor *mon = &m->monitor;
	char *arg = line + strcspn(line, " ");

	if (*arg) {
		*arg++ = 0;
		arg += strspn(arg, " ");
	}
	if (!*line)
		;
	else if (!strcmp(line, "info"))
		cmd_info(m, arg);
	else if (!strcmp(line, "sendkey"))
		cmd_sendkey(m, arg);
	else if (!strcmp(line, "screendump"))
		cmd_screendump(m, arg);
	else if (!strcmp(line, "quit") || !strcmp(line, "q"))
		machine_end(m, LEFT);
	else if (!strcmp(line, "system_reset"))
		machine_end(m, RESET);
	else if (!strcmp(line, "system_powerdown"))
		piix_power_button(&m->pc.piix);
	else if (!strcmp(line, "stop") || !strcmp(line, "s"))
		vcpu_stop(m, true);
	else if (!strcmp(line, "cont") || !strcmp(line, "c"))
		vcpu_stop(m, false);
	else if (!strcmp(line, "help"))
		say(mon, "info screen|status|name, screendump FILE, sendkey KEY-KEY...,\n"
		    "stop, cont, system_powerdown, system_reset, quit\n");
	else
		say(mon, "no '%s', see help\n", line);
	say(mon, PROMPT);
}

static void hang_up(struct machine *m)
{
	struct monitor *mon = &m->monitor;

	loop_remove_fd(&m->loop, &mon->peer);
	close(mon->peer.fd);
	mon->peer.fd = -1;
	mon->len = 0;
	mon->overlong = false;
}

static void byte(struct machine *m, char c)
{
	struct monitor *mon = &m->monitor;

	if (c == '\r')
		return;
	if (c != '\n') {
		if (mon->len == MONITOR_LINE - 1)
			mon->overlong = true;
		else
			mon->line[mon->len++] = c;
		return;
	}
	mon->line[mon->len] = 0;
	if (mon->overlong)
		say(mon, "the command is too long\n" PROMPT);
	else
		command(m, mon->line);
	mon->len = 0;
	mon->overlong = false;
}

static void readable(void *arg, u32 events)
{
	struct machine *m = arg;
	char buf[256];
	ssize_t n, i;

	(void)events;
	n = recv(m->monitor.peer.fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (i = 0; i < n; i++)
		byte(m, buf[i]);
	if (n <= 0)
		hang_up(m);
}

static void somebody(void *arg, u32 events)
{
	struct machine *m = arg;
	struct monitor *mon = &m->monitor;
	int fd = accept4(mon->listen.fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (mon->peer.fd >= 0) {
		close(fd);
		return;
	}
	mon->peer = (struct loop_fd){ .fd = fd, .ready = readable, .arg = m };
	loop_add_fd(&m->loop, &mon->peer, EPOLLIN);
	say(mon, PROMPT);
}

/**
 * monitor_init() - open the monitor's socket, if one is wanted
 * @m: the machine
 *
 * Ends the program if that is not possible.
 */
void monitor_init(struct machine *m)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct monitor *mon = &m->monitor;
	size_t len;
	int fd;

	mon->machine = m;
	mon->peer.fd = -1;
	if (!m->o->monitor)
		return;
	/* unix:PATH, and what QEMU wants to be told about sockets. */
	len = strcspn(m->o->monitor + 5, ",");
	if (len >= sizeof(addr.sun_path))
		die("-monitor %s: the path is too long", m->o->monitor);
	memcpy(addr.sun_path, m->o->monitor + 5, len);
	memcpy(mon->path, addr.sun_path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(mon->path);
	if (fd < 0 || fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, 1))
		die("-monitor %s: %s", mon->path, strerror(errno));
	broker_remove_at_end(mon->path);
	mon->listen = (struct loop_fd){ .fd = fd, .ready = somebody, .arg = m };
	loop_add_fd(&m->loop, &mon->listen, EPOLLIN);
	loop_add_timer(&m->loop, &mon->key_timer, send_key, m);
}

/**
 * monitor_fini() - close it
 * @m: the machine
 */
void monitor_fini(struct machine *m)
{
	if (!m->o->monitor)
		return;
	if (m->monitor.peer.fd >= 0)
		hang_up(m);
	close(m->monitor.listen.fd);
}
