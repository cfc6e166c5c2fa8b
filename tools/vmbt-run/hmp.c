// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor that people type at: a command a line, spelled as QEMU's.
 *
 * A line is made the arguments of a command of command.c's table, and its result
 * is shown as text. Quotes hold blanks together.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "monitor.h"

#define WORD_MAX	1024

/* The next word of a line, without its quotes; false at the end. */
static bool next_word(const char **line, char *word)
{
	const char *p = *line + strspn(*line, " \t");
	bool quoted = false;
	size_t len = 0;

	if (!*p)
		return false;
	for (; *p && (quoted || !strchr(" \t", *p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (len < WORD_MAX - 1)
			word[len++] = *p == '\\' && quoted && p[1] ? *++p : *p;
	}
	word[len] = 0;
	*line = p;
	return true;
}

static const struct command *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < command_count; i++)
		if (commands[i].human && (!strcmp(commands[i].human, name) ||
					  (commands[i].alias && !strcmp(commands[i].alias, name))))
			return &commands[i];
	return NULL;
}

/* Names joined by dashes, or one dash alone between others. */
static json_t *keys(const char *word)
{
	json_t *list = json_array();
	size_t len;

	for (;; word += len + 1) {
		len = strcspn(word, "-");
		json_array_append_new(list, json_pack("{s:s, s:s%}", "type", "qcode", "data",
						      word, len));
		if (!word[len])
			return list;
	}
}

static json_t *value(struct call *c, const struct param *p, const char *word)
{
	char *end;
	s64 n;

	switch (p->type) {
	case 'i':
		n = strtoull(word, &end, 0);
		if (end != word && !*end)
			return json_integer(n);
		call_fail(c, ERROR_GENERIC, "%.*s: '%s' is not a number", (int)p->len, p->name,
			  word);
		return NULL;
	case 'k':
		return keys(word);
	default:
		return json_string(word);
	}
}

static void set(struct call *c, const struct param *p, json_t *v)
{
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)p->len, p->name);
	if (v && json_object_set_new(c->args, name, v))
		call_fail(c, ERROR_GENERIC, "%s: not UTF-8", name);
	else if (!v)
		call_fail(c, ERROR_GENERIC, "%s: not UTF-8", name);
}

/* A word that is a flag: -f, or -f VALUE where a string belongs to it. */
static bool flag(struct call *c, const struct command *cmd, const char *word, const char **line)
{
	const char *list = cmd->params;
	char val[WORD_MAX];
	struct param p;

	if (word[0] != '-' || !word[1] || word[2])
		return false;
	while (param_next(&list, &p)) {
		if (p.flag != word[1])
			continue;
		if (p.type == 'b')
			set(c, &p, json_true());
		else if (next_word(line, val))
			set(c, &p, value(c, &p, val));
		else
			call_fail(c, ERROR_GENERIC, "%s: what?", word);
		return true;
	}
	return false;
}

/* The words of a line become arguments in order. */
static void arguments(struct call *c, const struct command *cmd, const char *format,
		      const char *line)
{
	const char *list = cmd->params;
	char word[WORD_MAX];
	struct param p;

	while (!c->class && next_word(&line, word)) {
		if (flag(c, cmd, word, &line))
			continue;
		do {
			if (!param_next(&list, &p)) {
				call_fail(c, ERROR_GENERIC, "%s: '%s' is too much", cmd->human,
					  word);
				return;
			}
			if (p.type == '/' && *word == '/')
				format = word + 1;
			if (p.type == '/' && format)
				set(c, &p, json_string(format));
		} while (p.flag || p.qmp_only || (p.type == '/' && *word != '/'));
		if (p.type != '/')
			set(c, &p, value(c, &p, word));
		format = NULL;
	}
}

/**
 * hmp_run() - do a line
 * @m: the machine
 * @from: who asks
 * @line: what was typed
 * @out: gets the answer
 */
void hmp_run(struct machine *m, struct monitor *from, const char *line, FILE *out)
{
	struct call c = { .m = m, .from = from, .human = true };
	const struct command *cmd;
	char name[2 * WORD_MAX], word[WORD_MAX], *slash;

	if (!next_word(&line, name))
		return;
	slash = strchr(name, '/');
	if (slash)
		*slash++ = 0;
	if (!strcmp(name, "info")) {
		if (!next_word(&line, word))
			snprintf(name, sizeof(name), "help");
		else
			snprintf(name + 4, sizeof(name) - 4, " %s", word);
	}
	cmd = find(name);
	if (!cmd) {
		fprintf(out, "unknown command: '%s' (see help)\n", name);
		return;
	}
	c.args = json_object();
	arguments(&c, cmd, slash, line);
	if (!c.class)
		command_run(cmd, &c);
	if (c.class)
		fprintf(out, "Error: %s\n", c.error);
	else if (cmd->show)
		cmd->show(&c, out);
	json_decref(c.args);
	json_decref(c.result);
}

/**
 * show_text() - show a result that is text already
 * @c: the call
 * @out: gets it
 */
void show_text(struct call *c, FILE *out)
{
	fputs(json_string_value(c->result), out);
}

/**
 * cmd_human() - a line of a person's, from a program
 * @c: the call
 */
void cmd_human(struct call *c)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		call_fail(c, ERROR_GENERIC, "out of memory");
		return;
	}
	hmp_run(c->m, c->from, call_string(c, "command-line"), f);
	fclose(f);
	c->result = json_stringn(text, size);
	free(text);
}

/* A line of help; what people can't give is left out. */
static void help_line(const struct command *cmd, FILE *f)
{
	const char *list = cmd->params;
	char usage[128];
	struct param p;
	size_t n;

	n = snprintf(usage, sizeof(usage), "%s%s%s", cmd->human, cmd->alias ? "|" : "",
		     cmd->alias ? cmd->alias : "");
	while (param_next(&list, &p)) {
		if (p.qmp_only || n >= sizeof(usage))
			continue;
		if (p.type == '/')
			n += snprintf(usage + n, sizeof(usage) - n, "[/FORMAT]");
		else if (p.flag)
			n += snprintf(usage + n, sizeof(usage) - n, " [-%c%s]", p.flag,
				      p.type == 'b' ? "" : " VALUE");
		else
			n += snprintf(usage + n, sizeof(usage) - n,
				      p.optional ? " [%.*s]" : " %.*s", (int)p.len, p.name);
	}
	fprintf(f, "%s -- %s\n", usage, cmd->help);
}

/**
 * cmd_help() - what can be typed
 * @c: the call
 */
void cmd_help(struct call *c)
{
	const char *only = call_string(c, "command");
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	unsigned int i;
	size_t len;

	if (!f) {
		call_fail(c, ERROR_GENERIC, "out of memory");
		return;
	}
	for (i = 0; i < command_count; i++) {
		if (!commands[i].human)
			continue;
		len = only ? strlen(only) : 0;
		if (!only || (!strncmp(commands[i].human, only, len) &&
			      strchr(" ", commands[i].human[len])))
			help_line(&commands[i], f);
	}
	fclose(f);
	c->result = json_string(text);
	free(text);
}
