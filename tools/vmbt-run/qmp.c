// SPDX-License-Identifier: GPL-2.0
/*
 * The machine protocol: commands, answers and events as JSON.
 *
 * The wire format of QEMU's QMP: a greeting, qmp_capabilities, then an object for each
 * command and one for each answer. Objects are found by counting brackets; a line
 * break within a string, or outside of all brackets, ends what can't be one. The
 * version that is told is the one of QEMU whose answers these are like, the package
 * says what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "machine.h"
#include "monitor.h"
#include "util.h"
#include "version.h"

#define CAPABILITIES	"qmp_capabilities"

static void put_json(struct monitor *mon, json_t *v)
{
	char *text = json_dumps(v, mon->o->pretty ? JSON_INDENT(4) : 0);

	if (text) {
		monitor_put(mon, text, strlen(text));
		monitor_put(mon, "\r\n", 2);
	}
	free(text);
	json_decref(v);
}

/**
 * qmp_greet() - say who we are
 * @mon: the monitor, somebody has connected
 */
void qmp_greet(struct monitor *mon)
{
	put_json(mon, json_pack("{s:{s:o, s:[]}}", "QMP", "version", version_json(),
				"capabilities"));
}

/**
 * qmp_event() - something has happened
 * @m: the machine
 * @name: what
 * @data: more about it, or NULL; given away
 */
void qmp_event(struct machine *m, const char *name, json_t *data)
{
	u64 now = wall_ns();
	json_t *event = json_pack("{s:{s:I, s:I}, s:s}", "timestamp",
				  "seconds", (json_int_t)(now / 1000000000),
				  "microseconds", (json_int_t)(now / 1000 % 1000000),
				  "event", name);
	unsigned int i;

	if (data)
		json_object_set_new(event, "data", data);
	for (i = 0; i < m->monitors.count; i++)
		if (m->monitors.one[i].negotiated)
			put_json(&m->monitors.one[i], json_incref(event));
	json_decref(event);
}

static void put_error(struct monitor *mon, json_t *id, const char *class, const char *text)
{
	json_t *e = json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", text);

	if (!e)		/* what is quoted was cut within a character */
		e = json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc",
			      "it can't be said what is wrong");
	if (id)
		json_object_set(e, "id", id);
	put_json(mon, e);
}

static const struct command *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < command_count; i++)
		if (commands[i].qmp && !strcmp(commands[i].qmp, name))
			return &commands[i];
	return NULL;
}

static void check_members(struct call *c, json_t *message)
{
	json_t *v = json_object_get(message, "execute");
	const char *key;

	if (!v)
		call_fail(c, ERROR_GENERIC, "QMP input lacks member 'execute'");
	else if (!json_is_string(v))
		call_fail(c, ERROR_GENERIC, "QMP input member 'execute' must be a string");
	json_object_foreach(message, key, v) {
		if (!strcmp(key, "arguments") && !json_is_object(v))
			call_fail(c, ERROR_GENERIC,
				  "QMP input member 'arguments' must be an object");
		else if (strcmp(key, "execute") && strcmp(key, "arguments") && strcmp(key, "id"))
			call_fail(c, ERROR_GENERIC, "QMP input member '%s' is unexpected", key);
	}
}

static void execute(struct call *c, const char *name)
{
	const struct command *cmd = find(name);
	bool greets = !strcmp(name, CAPABILITIES);

	if (!c->from->negotiated && !greets)
		call_fail(c, ERROR_COMMAND,
			  "Expecting capabilities negotiation with '" CAPABILITIES "'");
	else if (!cmd || (c->from->negotiated && greets))
		call_fail(c, ERROR_COMMAND, cmd ?
			  "Capabilities negotiation is already complete, command '%s' ignored" :
			  "The command %s has not been found", name);
	else
		command_run(cmd, c);
}

static void answer(struct monitor *mon, json_t *message)
{
	struct call c = { .m = mon->machine, .from = mon };
	json_t *id = json_object_get(message, "id");

	check_members(&c, message);
	c.args = json_object_get(message, "arguments");
	c.args = c.args ? json_incref(c.args) : json_object();
	if (!c.class)
		execute(&c, json_string_value(json_object_get(message, "execute")));
	if (c.class) {
		put_error(mon, id, c.class, c.error);
		json_decref(c.result);
	} else {
		message = json_pack("{s:o}", "return", c.result ? c.result : json_object());
		if (id)
			json_object_set(message, "id", id);
		put_json(mon, message);
	}
	json_decref(c.args);
}

/* What looks like a message is whole. */
static void message(struct monitor *mon)
{
	json_error_t why;
	json_t *v = json_loadb(mon->in, mon->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			       &why);
	char text[JSON_ERROR_TEXT_LENGTH + 32];

	mon->len = 0;
	mon->depth = 0;
	mon->string = false;
	mon->escape = false;
	if (!v) {
		snprintf(text, sizeof(text), "JSON parse error, %s", why.text);
		put_error(mon, NULL, ERROR_GENERIC, text);
	} else if (!json_is_object(v)) {
		put_error(mon, NULL, ERROR_GENERIC, "QMP input must be a JSON object");
	} else {
		answer(mon, v);
	}
	json_decref(v);
}

static void too_much(struct monitor *mon, const char *what)
{
	mon->len = 0;
	mon->depth = 0;
	mon->string = false;
	mon->escape = false;
	mon->skip = true;
	put_error(mon, NULL, ERROR_GENERIC, what);
}

/* Returns whether the message is whole with this byte of it. */
static bool scan(struct monitor *mon, char c)
{
	if (mon->string) {
		if (mon->escape)
			mon->escape = false;
		else if (c == '\\')
			mon->escape = true;
		else if (c == '"')
			mon->string = false;
		return c == '\n';
	}
	switch (c) {
	case '"':
		mon->string = true;
		return false;
	case '{':
	case '[':
		mon->depth++;
		return false;
	case '}':
	case ']':
		if (mon->depth)
			mon->depth--;
		return !mon->depth;
	default:
		return c == '\n' && !mon->depth;
	}
}

/**
 * qmp_byte() - a byte of a message has come
 * @mon: the monitor
 * @c: the byte
 */
void qmp_byte(struct monitor *mon, char c)
{
	if (mon->skip) {
		mon->skip = c != '\n';
		return;
	}
	if (!mon->len && strchr(" \t\r\n", c) && c)
		return;
	if (mon->len == sizeof(mon->in)) {
		too_much(mon, "JSON parse error, the message is too long");
		mon->skip = c != '\n';
		return;
	}
	mon->in[mon->len++] = c;
	if (scan(mon, c))
		message(mon);
	else if (mon->depth > MONITOR_DEPTH)
		too_much(mon, "JSON parse error, too many brackets within each other");
}
