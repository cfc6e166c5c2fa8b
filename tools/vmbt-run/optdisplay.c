// SPDX-License-Identifier: GPL-2.0
/*
 * The display on the command line: -display, -vnc, -full-screen.
 *
 * QEMU's spellings. What a VNC server listens at is HOST:N, where port 5900 + N is
 * meant and no host means this machine only, or unix:PATH.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "util.h"

#define MAX_VNC		9999

static void vnc_key(struct display_options *o, const char *option, const char *key, const char *val)
{
	if (!strcmp(key, "password-file") && val && *val)
		o->vnc_password = val;
	else
		usage("%s: no '%s', but password-file=FILE", option, key);
}

/* Where it listens: HOST:N, :N, unix:PATH; NULL: this machine's first free port. */
static void vnc_where(struct display_options *o, const char *option, const char *where)
{
	const char *colon;
	unsigned long n;
	size_t len;
	char *end;

	if (!where) {
		o->vnc_any = true;
		return;
	}
	if (!strncmp(where, "unix:", 5) && where[5]) {
		o->vnc_path = where + 5;
		return;
	}
	colon = strrchr(where, ':');
	n = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (!colon || end == colon + 1 || *end || colon[1] == '-' || n > MAX_VNC)
		usage("%s %s: not like :1, HOST:1 or unix:PATH", option, where);
	len = colon - where;
	/* [::1] is an address with colons in it. */
	if (len > 1 && *where == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len >= sizeof(o->vnc_host))
		usage("%s: the host's name is too long", option);
	memcpy(o->vnc_host, where, len);
	o->vnc_host[len] = 0;
	o->vnc_display = n;
}

static void vnc(struct options *o, const char *option, const char *where, const char *arg)
{
	char *key, *val;

	o->display.kind = DISPLAY_VNC;
	vnc_where(&o->display, option, where);
	while (option_pair(&arg, &key, &val))
		vnc_key(&o->display, option, key, val);
}

/**
 * vnc_option() - take a -vnc
 * @o: gets it
 * @arg: its value
 */
void vnc_option(struct options *o, const char *arg)
{
	char *key, *val;

	if (!option_pair(&arg, &key, &val) || val)
		usage("-vnc: where? :1, HOST:1 or unix:PATH first");
	if (!strcmp(key, "none"))
		o->display.kind = DISPLAY_NONE;
	else
		vnc(o, "-vnc", key, arg);
}

static void sdl_key(struct display_options *o, const char *key, const char *val)
{
	if (!strcmp(key, "full-screen"))
		o->full_screen = option_on("-display sdl", key, val);
	else
		usage("-display sdl: no '%s', but full-screen=on", key);
}

/**
 * display_option() - take a -display
 * @o: gets it
 * @arg: its value
 */
void display_option(struct options *o, const char *arg)
{
	const char *whole = arg;
	char *key, *val;

	if (!option_pair(&arg, &key, &val))
		usage("-display: which? none, sdl, vnc=:1 or curses");
	if (!strcmp(key, "vnc")) {
		vnc(o, "-display vnc", val, arg);
		return;
	}
	if (!strcmp(key, "none") && !val)
		o->display.kind = DISPLAY_NONE;
	else if (!strcmp(key, "curses") && !val)
		o->display.kind = DISPLAY_CURSES;
	else if (!strcmp(key, "sdl") && !val)
		o->display.kind = DISPLAY_SDL;
	else
		usage("-display %s: not one of none, sdl, vnc[=WHERE], curses", whole);
	while (option_pair(&arg, &key, &val)) {
		if (o->display.kind != DISPLAY_SDL)
			usage("-display %s: no '%s'", whole, key);
		sdl_key(&o->display, key, val);
	}
}
