// SPDX-License-Identifier: GPL-2.0
/*
 * The display's thread: shows the picture, brings keys and the mouse.
 *
 * A guest that writes to its screen never waits for who looks at it. The thread
 * takes the machine's lock to note registers and to hand over keys, no longer.
 * It looks for changes 30 times a second while there are any, more and more
 * rarely down to 4 times a second while there are none, and not at all while
 * nobody looks; a key brings the pace back.
 *
 * What blinks does so as a VGA's does: the cursor on and off for 16 frames each,
 * characters for 32.
 */
#include "display.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker.h"
#include "machine.h"
#include "module.h"
#include "util.h"

#define FASTEST_NS	33000000ULL
#define SLOWEST_NS	250000000ULL
#define CURSOR_NS	266666667ULL	/* 16 frames */

static struct screen *of(struct display *d)
{
	return (struct screen *)((char *)d - offsetof(struct screen, d));
}

static void on_key(struct display *d, struct key which, bool pressed)
{
	struct screen *s = of(d);

	s->active = true;
	pthread_mutex_lock(&s->machine->lock);
	typing_key(&s->typing, which, pressed);
	pthread_mutex_unlock(&s->machine->lock);
}

static void on_move(struct display *d, int dx, int dy, int dz, unsigned int buttons)
{
	struct screen *s = of(d);

	s->active = true;
	pthread_mutex_lock(&s->machine->lock);
	typing_move(&s->typing, dx, dy, dz, buttons);
	pthread_mutex_unlock(&s->machine->lock);
}

static void on_leave(struct display *d)
{
	struct machine *m = of(d)->machine;

	pthread_mutex_lock(&m->lock);
	machine_end(m, LEFT);
	pthread_mutex_unlock(&m->lock);
}

static void look(struct screen *s, u64 now)
{
	struct machine *m = s->machine;
	struct vga_view *w = &s->picture.fresh;

	pthread_mutex_lock(&m->lock);
	vga_view(&m->pc.vga, w);
	pthread_mutex_unlock(&m->lock);
	vga_view_blink(w, !(now / CURSOR_NS & 1), !(now / CURSOR_NS & 2));
}

static void *display_thread(void *arg)
{
	struct screen *s = arg;
	u64 next = 0, now, pause = FASTEST_NS;
	bool looking = true;
	int ms;

	while (!__atomic_load_n(&s->stop, __ATOMIC_SEQ_CST)) {
		now = now_ns();
		ms = !looking ? -1 : next <= now ? 0 : (int)((next - now + 999999) / 1000000);
		looking = s->fe->wait(&s->d, ms);
		if (s->active) {
			if (pause > FASTEST_NS)
				next = 0;
			pause = FASTEST_NS;
			s->active = false;
		}
		now = now_ns();
		if (!looking || now < next)
			continue;
		look(s, now);
		if (picture_refresh(&s->picture, &s->d, s->fe))
			pause = FASTEST_NS;
		else
			pause = pause * 5 / 4 < SLOWEST_NS ? pause * 5 / 4 : SLOWEST_NS;
		next = now + pause;
	}
	return NULL;
}

static const char *open_frontend(struct screen *s, const char *name)
{
	static char why[512];
	void *so = module_load(name);
	const struct frontend *fe = so ? dlsym(so, "frontend") : NULL;
	const char *wrong;

	if (!fe) {
		snprintf(why, sizeof(why), "%s", dlerror());
		return why;
	}
	if (fe->version != FRONTEND_VERSION)
		return "the module is another vmbt-run's";
	wrong = fe->open(&s->d);
	if (!wrong)
		s->fe = fe;
	return wrong;
}

/* Nobody said which: a window where there is a desktop, else VNC on this machine. */
static void open_default(struct machine *m)
{
	struct screen *s = &m->screen;
	const char *why = NULL;

	if (getenv("DISPLAY") || getenv("WAYLAND_DISPLAY")) {
		why = open_frontend(s, "sdl");
		if (!why)
			return;
		warn("no window: %s", why);
	}
	why = open_frontend(s, "vnc");
	if (why)
		warn("no display: %s (-display none: without a word)", why);
}

/**
 * display_init() - open the display that was asked for
 * @m: the machine
 *
 * Ends the program if it is not to be had.
 */
void display_init(struct machine *m)
{
	static const char *const module[] = {
		[DISPLAY_VNC] = "vnc", [DISPLAY_SDL] = "sdl", [DISPLAY_CURSES] = "curses",
	};
	const struct display_options *o = &m->o->display;
	struct screen *s = &m->screen;
	const char *why = NULL;

	typing_init(&s->typing, m);
	if (!m->pc.firmware || o->kind == DISPLAY_NONE)
		return;
	s->machine = m;
	s->d = (struct display){
		.title = m->o->name ? m->o->name : "vmbt", .o = o, .wake = eventfd(0, EFD_CLOEXEC),
		.key = on_key, .move = on_move, .leave = on_leave,
	};
	if (s->d.wake < 0 || !picture_init(&s->picture, &s->d))
		die("no memory for the display");
	if (o->kind == DISPLAY_DEFAULT)
		open_default(m);
	else
		why = open_frontend(s, module[o->kind]);
	if (why)
		die("-display %s: %s", module[o->kind], why);
	/* The front end can't remove it any more when it ends. */
	if (!strncmp(s->d.where, "VNC unix:", 9))
		broker_remove_at_end(s->d.where + 9);
	if (*s->d.where)
		warn("the screen is at %s", s->d.where);
}

/**
 * display_start() - start to show it, if that has not been done
 * @m: the machine
 */
void display_start(struct machine *m)
{
	struct screen *s = &m->screen;
	sigset_t all, old;
	int rc;

	if (!s->fe || s->started)
		return;
	s->started = true;
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&s->thread, NULL, display_thread, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		die("no thread for the display: %s", strerror(rc));
}

/**
 * display_fini() - end it
 * @m: the machine, off; the lock is not held
 */
void display_fini(struct machine *m)
{
	struct screen *s = &m->screen;
	u64 one = 1;

	if (!s->machine)
		return;
	if (s->started) {
		__atomic_store_n(&s->stop, true, __ATOMIC_SEQ_CST);
		if (write(s->d.wake, &one, sizeof(one)) < 0)
			warn("the display can't be ended");
		pthread_join(s->thread, NULL);
	}
	if (s->fe)
		s->fe->close(&s->d);
	picture_fini(&s->picture, &s->d);
	close(s->d.wake);
}
