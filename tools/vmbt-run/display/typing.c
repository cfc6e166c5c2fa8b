// SPDX-License-Identifier: GPL-2.0
/*
 * Keys and the mouse on their way from a front end to the guest.
 *
 * A keyboard holds a few keys; who types faster than a busy guest reads waits
 * here. The mouse has no queue: it adds up how far it went (chip/i8042.c).
 */
#include "typing.h"

#include "machine.h"
#include "util.h"

#define AGAIN_NS	5000000ULL

static void send(void *arg, u64 now)
{
	struct typing *t = arg;
	struct machine *m = t->machine;
	struct typing_key *k;

	/* What was typed to a machine that is off is not for the next one. */
	if (m->outcome != RUNNING)
		t->count = 0;
	while (t->count) {
		k = &t->key[t->head];
		if (!i8042_key(&m->kbd, k->key.code, k->key.extended, k->pressed)) {
			loop_set_timer(&m->loop, &t->timer, now + AGAIN_NS);
			return;
		}
		t->head = (t->head + 1) % TYPING_KEYS;
		t->count--;
	}
}

/**
 * typing_init() - prepare it
 * @t: filled
 * @m: the machine
 */
void typing_init(struct typing *t, struct machine *m)
{
	t->machine = m;
	loop_add_timer(&m->loop, &t->timer, send, t);
}

/**
 * typing_key() - a key is pressed or released
 * @t: the input
 * @which: the key
 * @pressed: pressed
 *
 * Called with the machine's lock held. The last places are kept for releases: a
 * key that is lost is better than one that is held for ever.
 */
void typing_key(struct typing *t, struct key which, bool pressed)
{
	if (t->count >= (pressed ? TYPING_KEYS / 2 : TYPING_KEYS))
		return;
	t->key[(t->head + t->count++) % TYPING_KEYS] = (struct typing_key){ which, pressed };
	if (t->count == 1)
		send(t, now_ns());
}

/**
 * typing_move() - the mouse moves, or its buttons do
 * @t: the input
 * @dx: to the right
 * @dy: down
 * @dz: of the wheel, towards the user
 * @buttons: those that are down
 *
 * Called with the machine's lock held.
 */
void typing_move(struct typing *t, int dx, int dy, int dz, unsigned int buttons)
{
	if (t->machine->outcome == RUNNING)
		i8042_move(&t->machine->kbd, dx, -dy, dz, buttons);
}
