// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to the machine: the table, and what is checked before one is done.
 *
 * Names, parameters and answers are those of QEMU's machine protocol and monitor, as
 * its reference describes them, for what there is here. What begins with x-vmbt is
 * vmbt's own.
 */
#include "command.h"

#include <stdarg.h>
#include <string.h>

/* A command that people have no use for. */
#define FOR_PROGRAMS(name, params, run) { name, NULL, NULL, params, run, NULL, NULL }

const struct command commands[] = {
	FOR_PROGRAMS("qmp_capabilities", "enable:a?!", cmd_capabilities),
	FOR_PROGRAMS("query-commands", "", cmd_commands),
	FOR_PROGRAMS("human-monitor-command", "command-line:s! cpu-index:i?!", cmd_human),
	{ NULL, "help", "?", "command:s?", cmd_help, show_text, "this list, or a line of it" },

	{ "query-status", "info status", NULL, "", cmd_status, show_status,
	  "does the guest run" },
	{ "stop", "stop", "s", "", cmd_stop, NULL, "have the guest stand still" },
	{ "cont", "cont", "c", "", cmd_cont, NULL, "have it go on" },
	{ "quit", "quit", "q", "", cmd_quit, NULL, "end at once, as if the power were cut" },
	{ "system_reset", "system_reset", NULL, "", cmd_reset, NULL, "the reset button" },
	{ "system_powerdown", "system_powerdown", NULL, "", cmd_powerdown, NULL,
	  "the power button" },

	{ "query-version", "info version", NULL, "", cmd_version, show_version, "the version" },
	{ "query-name", "info name", NULL, "", cmd_name, show_name, "the VM's name (-name)" },
	{ "query-memory-size-summary", "info memory_size_summary", NULL, "", cmd_memory_size,
	  show_memory_size, "size of its memory" },
	{ "query-cpus-fast", "info cpus", NULL, "", cmd_cpus, show_cpus, "its CPU" },
	{ "x-vmbt-stats", "info vmbt", NULL, "", cmd_stats, show_stats, "vmbt's statistics" },
	{ NULL, "info network", NULL, "", cmd_network, show_text, "network cards" },

	{ NULL, "info screen", NULL, "", cmd_screen, show_text,
	  "the screen, if it shows text" },
	{ "screendump", "screendump", NULL, "filename:s format:s?-f device:s?! head:i?!",
	  cmd_screendump, NULL, "write the screen to a file; -f png or ppm" },
	{ "send-key", "sendkey", NULL, "keys:k hold-time:i?", cmd_send_key, NULL,
	  "press keys: ctrl-alt-delete; how long, in milliseconds" },
	FOR_PROGRAMS("input-send-event", "events:a! device:s?! head:i?!", cmd_input_event),

	{ NULL, "info registers", NULL, "", cmd_registers, show_text, "the CPU's registers" },
	{ NULL, "x", NULL, "format:/? addr:s", cmd_x, show_text,
	  "memory at a linear address: x/4xw 0x1000, x/16xb $esp" },
	{ NULL, "xp", NULL, "format:/? addr:s", cmd_xp, show_text,
	  "memory at a physical address" },
	{ "memsave", "memsave", NULL, "val:i size:i filename:s cpu-index:i?!", cmd_memsave, NULL,
	  "linear address and size: write memory to a file" },
	{ "pmemsave", "pmemsave", NULL, "val:i size:i filename:s", cmd_pmemsave, NULL,
	  "physical address and size: write memory to a file" },

	{ "query-block", "info block", NULL, "", cmd_block, show_block, "drives and media" },
	{ "eject", "eject", NULL, "force:b?-f device:s? id:s?!", cmd_eject, NULL,
	  "take the medium out of a drive; -f: even if the guest has locked it" },
	{ "blockdev-change-medium", "change", NULL,
	  "force:b?-f device:s? filename:s format:s? read-only-mode:s? id:s?!",
	  cmd_change, NULL, "put another medium into a drive: change ide1-cd0 FILE" },
	FOR_PROGRAMS("blockdev-open-tray", "device:s?! id:s?! force:b?!", cmd_open_tray),
	FOR_PROGRAMS("blockdev-close-tray", "device:s?! id:s?!", cmd_close_tray),
	FOR_PROGRAMS("blockdev-remove-medium", "id:s!", cmd_remove_medium),

	FOR_PROGRAMS("getfd", "fdname:s!", cmd_getfd),
	FOR_PROGRAMS("closefd", "fdname:s!", cmd_closefd),
	FOR_PROGRAMS("add-fd", "fdset-id:i?! opaque:s?!", cmd_add_fd),
	FOR_PROGRAMS("remove-fd", "fdset-id:i! fd:i?!", cmd_remove_fd),
	FOR_PROGRAMS("query-fdsets", "", cmd_fdsets),
};

const unsigned int command_count = ARRAY_SIZE(commands);

/**
 * param_next() - the next of a command's parameters
 * @list: what is left of them, advanced
 * @p: filled
 *
 * Return: false at the end.
 */
bool param_next(const char **list, struct param *p)
{
	const char *s = *list;

	if (!*s)
		return false;
	*p = (struct param){ .name = s, .len = strcspn(s, ":") };
	s += p->len + 1;
	p->type = *s++;
	for (; *s && *s != ' '; s++) {
		if (*s == '?')
			p->optional = true;
		else if (*s == '!')
			p->qmp_only = true;
		else
			p->flag = *++s;
	}
	*list = *s ? s + 1 : s;
	return true;
}

/**
 * call_fail() - a command could not be done
 * @c: the call
 * @class: class of the error
 * @fmt: what went wrong, as printf()'s
 *
 * The first reason is the one that is told.
 */
void call_fail(struct call *c, const char *class, const char *fmt, ...)
{
	va_list ap;

	if (c->class)
		return;
	c->class = class;
	va_start(ap, fmt);
	vsnprintf(c->error, sizeof(c->error), fmt, ap);
	va_end(ap);
}

/**
 * call_string() - an argument that is a string
 * @c: the call
 * @name: its name
 *
 * Return: the string, NULL if it was left out.
 */
const char *call_string(const struct call *c, const char *name)
{
	return json_string_value(json_object_get(c->args, name));
}

/**
 * call_int() - an argument that is a number
 * @c: the call
 * @name: its name
 * @missing: what it is if it was left out
 *
 * Return: the number.
 */
s64 call_int(const struct call *c, const char *name, s64 missing)
{
	const json_t *v = json_object_get(c->args, name);

	return v ? json_integer_value(v) : missing;
}

/**
 * call_bool() - an argument that is a boolean
 * @c: the call
 * @name: its name
 *
 * Return: it; false if it was left out.
 */
bool call_bool(const struct call *c, const char *name)
{
	return json_is_true(json_object_get(c->args, name));
}

static const char *expected(char type, const json_t *v)
{
	switch (type) {
	case 'i':
		return json_is_integer(v) ? NULL : "integer";
	case 'b':
		return json_is_boolean(v) ? NULL : "boolean";
	case 'a':
	case 'k':
		return json_is_array(v) ? NULL : "array";
	default:
		return json_is_string(v) ? NULL : "string";
	}
}

static void check_param(struct call *c, const struct param *p)
{
	json_t *v = json_object_getn(c->args, p->name, p->len);
	const char *want;

	if (!v) {
		if (!p->optional)
			call_fail(c, ERROR_GENERIC, "Parameter '%.*s' is missing", (int)p->len,
				  p->name);
		return;
	}
	want = expected(p->type, v);
	if (want)
		call_fail(c, ERROR_GENERIC, "Invalid parameter type for '%.*s', expected: %s",
			  (int)p->len, p->name, want);
}

static bool is_param(const char *list, const char *name)
{
	struct param p;

	while (param_next(&list, &p))
		if (p.len == strlen(name) && !strncmp(p.name, name, p.len))
			return true;
	return false;
}

/**
 * command_run() - do a command
 * @cmd: which
 * @c: the call with its arguments, an object; the rest is filled
 */
void command_run(const struct command *cmd, struct call *c)
{
	const char *list = cmd->params, *key;
	struct param p;
	json_t *val;

	while (param_next(&list, &p))
		check_param(c, &p);
	json_object_foreach(c->args, key, val)
		if (!is_param(cmd->params, key))
			call_fail(c, ERROR_GENERIC, "Parameter '%s' is unexpected", key);
	if (!c->class)
		cmd->run(c);
}
