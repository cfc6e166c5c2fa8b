/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the machine takes commands from people and programs.
 */
#ifndef VMBT_RUN_MONITOR_H
#define VMBT_RUN_MONITOR_H

#include <jansson.h>

#include "fdset.h"
#include "keys.h"
#include "loop.h"
#include "options.h"

#define MONITOR_IN	(64 * 1024)	/* a command, at most */
#define MONITOR_OUT	(8 * 1024 * 1024)	/* what waits for a slow reader, at most */
#define MONITOR_KEYS	64	/* presses and releases on their way */
#define MONITOR_DEPTH	32	/* brackets within each other */

struct machine;

/**
 * struct monitor_key - a key on its way to the keyboard
 * @key: which
 * @pressed: or released
 * @pause: nanoseconds before the next one
 */
struct monitor_key {
	struct key key;
	bool pressed;
	u64 pause;
};

/**
 * struct monitor - a place that takes commands
 * @machine: the machine
 * @o: what was asked for
 * @listen: waits for somebody, its descriptor -1 if it is no socket that listens
 * @peer: who is connected; its descriptor -1 if nobody is
 * @writer: waits until more can be written, and is what is written to
 * @on_terminal: shares the terminal with a serial port; nothing waits for it
 * @negotiated: qmp_capabilities was given
 * @in: what has come of a command
 * @len: bytes of it
 * @skip: the rest of the line, or what is left of a command that was too long
 * @depth: brackets that are open in @in
 * @string: a string is open
 * @escape: the byte before was a backslash in it
 * @out: what could not be written yet
 * @out_len: bytes of it
 * @out_room: bytes that fit
 * @waiting: @writer is waited for
 * @gone: nobody can be answered any more
 * @passed: descriptors that came along and were not taken
 * @npassed: how many
 */
struct monitor {
	struct machine *machine;
	const struct monitor_option *o;
	struct loop_fd listen;
	struct loop_fd peer;
	struct loop_fd writer;
	bool on_terminal;
	bool negotiated;
	char in[MONITOR_IN];
	size_t len;
	bool skip;
	unsigned int depth;
	bool string;
	bool escape;
	char *out;
	size_t out_len;
	size_t out_room;
	bool waiting;
	bool gone;
	int passed[MONITOR_FDS];
	unsigned int npassed;
};

/**
 * struct monitors - all of them, and what they have in common
 * @one: the monitors
 * @count: how many
 * @fds: descriptors that were handed over
 * @key: keys on their way
 * @key_head: oldest
 * @key_count: how many
 * @key_timer: when the next one goes
 * @flush_timer: something is to be written
 */
struct monitors {
	struct monitor one[MAX_MONITORS];
	unsigned int count;
	struct fdsets fds;
	struct monitor_key key[MONITOR_KEYS];
	unsigned int key_head;
	unsigned int key_count;
	struct loop_timer key_timer;
	struct loop_timer flush_timer;
};

void monitor_init(struct machine *m);
void monitor_fini(struct machine *m);
void monitor_put(struct monitor *mon, const char *text, size_t len);
void monitor_input(struct monitor *mon, const char *buf, size_t len);
void monitor_console(void *machine, u8 byte);

/* qmp.c */
void qmp_greet(struct monitor *mon);
void qmp_byte(struct monitor *mon, char c);
void qmp_event(struct machine *m, const char *name, json_t *data);

/* cmdinput.c */
void input_init(struct machine *m);

#endif
