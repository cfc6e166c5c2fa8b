/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys and the mouse on their way from a front end to the guest.
 */
#ifndef VMBT_RUN_TYPING_H
#define VMBT_RUN_TYPING_H

#include "keys.h"
#include "loop.h"

struct machine;

#define TYPING_KEYS	256

/**
 * struct typing_key - a key that waits
 * @key: which
 * @pressed: pressed, not released
 */
struct typing_key {
	struct key key;
	bool pressed;
};

/**
 * struct typing - what waits for room in the keyboard
 * @machine: the machine
 * @key: presses and releases, a ring
 * @head: the oldest
 * @count: how many
 * @timer: when to try again
 */
struct typing {
	struct machine *machine;
	struct typing_key key[TYPING_KEYS];
	unsigned int head;
	unsigned int count;
	struct loop_timer timer;
};

void typing_init(struct typing *t, struct machine *m);
void typing_key(struct typing *t, struct key which, bool pressed);
void typing_move(struct typing *t, int dx, int dy, int dz, unsigned int buttons);

#endif
