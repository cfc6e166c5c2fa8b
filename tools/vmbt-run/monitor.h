/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The monitor: where the machine takes commands from a person or a program.
 */
#ifndef VMBT_RUN_MONITOR_H
#define VMBT_RUN_MONITOR_H

#include "keys.h"
#include "loop.h"

#define MONITOR_LINE	512
#define MONITOR_KEYS	64	/* presses and releases on their way */

struct machine;

/**
 * struct monitor_key - a key on its way to the keyboard
 * @key: which
 * @pressed: or released
 */
struct monitor_key {
	struct key key;
	bool pressed;
};

/**
 * struct monitor - the monitor
 * @machine: the machine
 * @path: of its socket, or NULL
 * @listen: waits for somebody
 * @peer: who is connected, its descriptor -1 if nobody is
 * @line: what they have written of a command
 * @len: characters of it
 * @overlong: the command did not fit and is skipped
 * @key: keys on their way
 * @key_head: oldest
 * @key_count: how many
 * @key_timer: when the next one goes
 */
struct monitor {
	struct machine *machine;
	char path[108];
	struct loop_fd listen;
	struct loop_fd peer;
	char line[MONITOR_LINE];
	unsigned int len;
	bool overlong;
	struct monitor_key key[MONITOR_KEYS];
	unsigned int key_head;
	unsigned int key_count;
	struct loop_timer key_timer;
};

void monitor_init(struct machine *m);
void monitor_fini(struct machine *m);

#endif
