/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands to the machine: one table for people and programs.
 *
 * A command takes a JSON object and gives back a JSON value or an error, whoever
 * asks. qmp.c has both from the wire. hmp.c makes the one from a line of words and
 * shows the other as text.
 */
#ifndef VMBT_RUN_COMMAND_H
#define VMBT_RUN_COMMAND_H

#include <stdio.h>

#include <jansson.h>

#include "types.h"

struct machine;
struct monitor;

/**
 * struct call - a command that is being done
 * @m: the machine
 * @from: who asks
 * @args: its arguments, checked against the command's parameters
 * @human: a person asks
 * @result: what to answer; NULL for nothing more than that it is done
 * @class: class of the error, NULL if there is none
 * @error: what went wrong, a line
 */
struct call {
	struct machine *m;
	struct monitor *from;
	json_t *args;
	bool human;
	json_t *result;
	const char *class;
	char error[400];
};

/**
 * struct command - a command
 * @qmp: its name in the machine protocol, or NULL if it is for people only
 * @human: its name in the monitor, or NULL; two words are a command of info's
 * @alias: another one, or NULL
 * @params: its parameters in the order in which people give them, separated by blanks:
 *	NAME:TYPE, and behind that ? for one that can be left out, ! for one that people
 *	can't give, -X for a flag of theirs. Types: s string, i integer, b boolean,
 *	a array, k keys (an array; KEY-KEY to people), / what stands behind the slash
 *	in x/4xb (people only)
 * @run: does it
 * @show: writes the result for people; NULL if there is none to show
 * @help: what it does, for people
 */
struct command {
	const char *qmp;
	const char *human;
	const char *alias;
	const char *params;
	void (*run)(struct call *c);
	void (*show)(struct call *c, FILE *out);
	const char *help;
};

/**
 * struct param - a parameter, taken from a command's list
 * @name: its name
 * @len: characters of it
 * @type: a letter
 * @optional: it can be left out
 * @qmp_only: people can't give it
 * @flag: people give it as a flag, a letter; 0: they don't
 */
struct param {
	const char *name;
	size_t len;
	char type;
	bool optional;
	bool qmp_only;
	char flag;
};

extern const struct command commands[];
extern const unsigned int command_count;

bool param_next(const char **list, struct param *p);
void command_run(const struct command *cmd, struct call *c);

#define ERROR_GENERIC	"GenericError"
#define ERROR_COMMAND	"CommandNotFound"
#define ERROR_DEVICE	"DeviceNotFound"

__printf(3, 4) void call_fail(struct call *c, const char *class, const char *fmt, ...);
const char *call_string(const struct call *c, const char *name);
s64 call_int(const struct call *c, const char *name, s64 missing);
bool call_bool(const struct call *c, const char *name);

/* hmp.c */
void hmp_run(struct machine *m, struct monitor *from, const char *line, FILE *out);
void cmd_human(struct call *c);
void cmd_help(struct call *c);
void show_text(struct call *c, FILE *out);

/* cmdrun.c */
void cmd_status(struct call *c);
void show_status(struct call *c, FILE *out);
void cmd_stop(struct call *c);
void cmd_cont(struct call *c);
void cmd_quit(struct call *c);
void cmd_reset(struct call *c);
void cmd_powerdown(struct call *c);

/* cmdinfo.c */
void cmd_capabilities(struct call *c);
void cmd_commands(struct call *c);
void cmd_version(struct call *c);
void show_version(struct call *c, FILE *out);
void cmd_name(struct call *c);
void show_name(struct call *c, FILE *out);
void cmd_memory_size(struct call *c);
void show_memory_size(struct call *c, FILE *out);
void cmd_cpus(struct call *c);
void show_cpus(struct call *c, FILE *out);
void cmd_stats(struct call *c);
void show_stats(struct call *c, FILE *out);
void cmd_network(struct call *c);
void cmd_screen(struct call *c);
void cmd_screendump(struct call *c);
void cmd_getfd(struct call *c);
void cmd_closefd(struct call *c);
void cmd_add_fd(struct call *c);
void cmd_remove_fd(struct call *c);
void cmd_fdsets(struct call *c);

/* cmdmem.c */
void cmd_registers(struct call *c);
void cmd_x(struct call *c);
void cmd_xp(struct call *c);
void cmd_memsave(struct call *c);
void cmd_pmemsave(struct call *c);

/* cmdinput.c */
void cmd_send_key(struct call *c);
void cmd_input_event(struct call *c);

/* cmdmedia.c */
void cmd_block(struct call *c);
void show_block(struct call *c, FILE *out);
void cmd_eject(struct call *c);
void cmd_change(struct call *c);
void cmd_open_tray(struct call *c);
void cmd_close_tray(struct call *c);
void cmd_remove_medium(struct call *c);

#endif
