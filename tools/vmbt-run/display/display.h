/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The display's thread: shows the picture, brings keys and the mouse.
 */
#ifndef VMBT_RUN_DISPLAY_H
#define VMBT_RUN_DISPLAY_H

#include <pthread.h>

#include "typing.h"
#include "picture.h"

struct machine;

/**
 * struct screen - the machine's display
 * @d: what the front end sees
 * @machine: the machine
 * @fe: the front end, or NULL for none
 * @picture: the picture
 * @typing: keys and the mouse on their way to the guest
 * @thread: the thread
 * @started: it runs
 * @stop: it shall end
 * @active: somebody used keyboard or mouse
 */
struct screen {
	struct display d;
	struct machine *machine;
	const struct frontend *fe;
	struct picture picture;
	struct typing typing;
	pthread_t thread;
	bool started;
	bool stop;
	bool active;
};

void display_init(struct machine *m);
void display_start(struct machine *m);
void display_fini(struct machine *m);

#endif
