// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that press keys.
 *
 * Keys go to the keyboard one after the other with a pause, as a person's fingers
 * would, since a guest that is busy loses what does not fit into the keyboard.
 */
#include <string.h>

#include "command.h"
#include "machine.h"
#include "util.h"

#define KEY_PAUSE_NS	20000000ULL
#define HOLD_MAX_MS	60000
#define KEYS_AT_ONCE	16

static void send_key(void *arg, u64 now)
{
	struct machine *m = arg;
	struct monitors *mon = &m->monitors;
	struct monitor_key *k = &mon->key[mon->key_head];
	u64 pause = KEY_PAUSE_NS;

	if (!mon->key_count)
		return;
	/* A full keyboard takes it later. */
	if (i8042_key(&m->kbd, k->key.code, k->key.extended, k->pressed)) {
		pause = k->pause;
		mon->key_head = (mon->key_head + 1) % MONITOR_KEYS;
		mon->key_count--;
	}
	if (mon->key_count)
		loop_set_timer(&m->loop, &mon->key_timer, now + pause);
}

/**
 * input_init() - prepare
 * @m: the machine
 */
void input_init(struct machine *m)
{
	loop_add_timer(&m->loop, &m->monitors.key_timer, send_key, m);
}

static void queue(struct machine *m, const struct key *k, bool pressed, u64 pause)
{
	struct monitors *mon = &m->monitors;

	mon->key[(mon->key_head + mon->key_count++) % MONITOR_KEYS] =
		(struct monitor_key){ *k, pressed, pause };
	if (mon->key_timer.deadline == TIMER_OFF)
		loop_set_timer(&m->loop, &mon->key_timer, now_ns());
}

static bool room(struct call *c, size_t n)
{
	if (n <= MONITOR_KEYS && c->m->monitors.key_count + n <= MONITOR_KEYS)
		return true;
	call_fail(c, ERROR_GENERIC, "too many keys on their way");
	return false;
}

/* {"type": "qcode", "data": "a"}, or a number: a make code of set 1. */
static bool parse_key(struct call *c, const json_t *v, struct key *key)
{
	const char *type = json_string_value(json_object_get(v, "type"));
	const json_t *data = json_object_get(v, "data");
	const char *name = json_string_value(data);

	if (type && !strcmp(type, "qcode") && name) {
		if (key_find(name, strlen(name), key))
			return true;
		call_fail(c, ERROR_GENERIC, "Parameter 'data' does not accept value '%s'", name);
	} else if (type && !strcmp(type, "number") && json_is_integer(data)) {
		if (key_number(json_integer_value(data), key))
			return true;
		call_fail(c, ERROR_GENERIC, "there is no key %lld", json_integer_value(data));
	} else {
		call_fail(c, ERROR_GENERIC, "a key is a type, qcode or number, and its data");
	}
	return false;
}

/**
 * cmd_send_key() - press keys in order, release them in the other
 * @c: the call
 */
void cmd_send_key(struct call *c)
{
	s64 hold = call_int(c, "hold-time", KEY_PAUSE_NS / 1000000);
	const json_t *list = json_object_get(c->args, "keys");
	unsigned int n = json_array_size(list), i;
	struct key key[KEYS_AT_ONCE];

	if (n > KEYS_AT_ONCE || hold < 0 || hold > HOLD_MAX_MS) {
		call_fail(c, ERROR_GENERIC, "at most %d keys at once, for at most %d ms",
			  KEYS_AT_ONCE, HOLD_MAX_MS);
		return;
	}
	for (i = 0; i < n; i++)
		if (!parse_key(c, json_array_get(list, i), &key[i]))
			return;
	if (!room(c, 2 * n))
		return;
	for (i = 0; i < n; i++)
		queue(c->m, &key[i], true, i + 1 < n ? KEY_PAUSE_NS : hold * 1000000ULL);
	for (; n; n--)
		queue(c->m, &key[n - 1], false, KEY_PAUSE_NS);
}

static bool parse_event(struct call *c, const json_t *event, struct key *key, bool *down)
{
	const char *type = json_string_value(json_object_get(event, "type"));
	const json_t *data = json_object_get(event, "data");

	if (!type || strcmp(type, "key")) {
		call_fail(c, ERROR_GENERIC, "there are events of the type 'key' only");
		return false;
	}
	if (!json_is_boolean(json_object_get(data, "down"))) {
		call_fail(c, ERROR_GENERIC, "Parameter 'down' is missing");
		return false;
	}
	*down = json_is_true(json_object_get(data, "down"));
	return parse_key(c, json_object_get(data, "key"), key);
}

/**
 * cmd_input_event() - keys go down and up
 * @c: the call
 *
 * All of them or, if one is wrong, none.
 */
void cmd_input_event(struct call *c)
{
	const json_t *list = json_object_get(c->args, "events");
	size_t n = json_array_size(list), i;
	struct key key;
	bool down;

	if (c->m->vcpu.stopped)
		call_fail(c, ERROR_GENERIC, "VM not running");
	if (c->class || !room(c, n))
		return;
	for (i = 0; i < n; i++)
		if (!parse_event(c, json_array_get(list, i), &key, &down))
			return;
	for (i = 0; i < n; i++) {
		parse_event(c, json_array_get(list, i), &key, &down);
		queue(c->m, &key, down, KEY_PAUSE_NS);
	}
}
