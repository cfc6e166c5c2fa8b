// SPDX-License-Identifier: GPL-2.0
/*
 * Monitors on the command line: -monitor and -qmp.
 *
 * QEMU's spellings: stdio, unix:PATH and tcp:HOST:PORT with server=, wait= behind
 * them. A UNIX socket with nothing said about it waits for connections while the
 * guest runs: that is what everybody wants of one.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "util.h"

static void socket_keys(struct monitor_option *mon, const char *option, const char *list)
{
	bool given = false;
	char *key, *val;

	while (option_pair(&list, &key, &val)) {
		if (!strcmp(key, "server")) {
			mon->server = !val || option_on(option, key, val);
		} else if (!strcmp(key, "nowait") && !val) {
			given = true;
		} else if (!strcmp(key, "wait")) {
			mon->wait = option_on(option, key, val);
			given = true;
		} else if (strcmp(key, "nodelay") && strcmp(key, "ipv4") && strcmp(key, "ipv6")) {
			usage("%s: no '%s', but server, wait", option, key);
		}
		if (!strcmp(key, "server") && mon->server && !given)
			mon->wait = true;
		if (!strcmp(key, "nowait"))
			mon->wait = false;
	}
	if (mon->wait && !mon->server)
		usage("%s: wait=on is a server's: server=on", option);
}

static void parse_unix(struct monitor_option *mon, const char *option, const char *arg)
{
	char *path, *val;

	if (!option_pair(&arg, &path, &val) || val || !*path)
		usage("%s unix: which PATH?", option);
	mon->kind = MONITOR_UNIX;
	mon->path = path;
	mon->server = true;
	socket_keys(mon, option, arg);
}

static void parse_tcp(struct monitor_option *mon, const char *option, const char *arg)
{
	char *host, *val, *colon;

	if (!option_pair(&arg, &host, &val) || val || !strchr(host, ':'))
		usage("%s tcp: not like tcp:HOST:PORT", option);
	colon = strrchr(host, ':');
	*colon = 0;
	mon->kind = MONITOR_TCP;
	mon->host = host;
	mon->port = colon + 1;
	socket_keys(mon, option, arg);
}

static struct monitor_option *new(struct options *o, const char *option)
{
	if (o->nmonitors == MAX_MONITORS)
		usage("%s: at most %d monitors", option, MAX_MONITORS);
	return &o->monitor[o->nmonitors++];
}

/**
 * monitor_option() - take a -monitor, -qmp or -qmp-pretty
 * @o: gets the monitor
 * @option: which of them
 * @arg: its value
 */
void monitor_option(struct options *o, const char *option, const char *arg)
{
	struct monitor_option *mon;

	o->monitor_given |= !strcmp(option, "-monitor");
	if (!strcmp(arg, "none") || !strcmp(arg, "null"))
		return;
	mon = new(o, option);
	*mon = (struct monitor_option){
		.qmp = strcmp(option, "-monitor"), .pretty = !strcmp(option, "-qmp-pretty") };
	if (!strcmp(arg, "stdio"))
		mon->kind = MONITOR_STDIO;
	else if (!strncmp(arg, "unix:", 5))
		parse_unix(mon, option, arg + 5);
	else if (!strncmp(arg, "tcp:", 4))
		parse_tcp(mon, option, arg + 4);
	else
		usage("%s %s: not one of stdio, unix:PATH, tcp:HOST:PORT, none", option, arg);
}

/**
 * monitor_check() - is what the monitors want possible
 * @o: the command line, all of it read
 */
void monitor_check(struct options *o)
{
	unsigned int i, stdio = 0;

	for (i = 0; i < MAX_SERIAL; i++)
		stdio += o->serial[i] && !strcmp(o->serial[i], "stdio");
	for (i = 0; i < o->nmonitors; i++)
		stdio += o->monitor[i].kind == MONITOR_STDIO;
	if (stdio > 1)
		usage("stdio can be given to one port or monitor only");
	/* Ctrl-A c on the terminal, unless the monitor is said to be elsewhere. */
	o->shared &= !o->monitor_given && o->nmonitors < MAX_MONITORS && isatty(STDIN_FILENO);
	if (o->shared)
		new(o, "-serial")->kind = MONITOR_TERMINAL;
	if (o->stopped && !o->nmonitors)
		usage("-S needs -monitor or -qmp, whose cont starts the guest");
}
