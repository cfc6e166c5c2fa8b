// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that tell about the machine, its screen, and descriptors handed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "machine.h"
#include "screen.h"
#include "version.h"

/* QEMU whose answers ours are compared with (unit/runner/qmp_test.py). */
#define LIKE_MAJOR	7
#define LIKE_MINOR	2

json_t *version_json(void)
{
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "micro", 0, "minor", LIKE_MINOR,
			 "major", LIKE_MAJOR, "package", "vmbt-run " VMBT_VERSION);
}

/**
 * cmd_capabilities() - a program is ready for commands
 * @c: the call
 */
void cmd_capabilities(struct call *c)
{
	const json_t *enable = json_object_get(c->args, "enable");

	if (json_array_size(enable)) {
		call_fail(c, ERROR_GENERIC, "there are no capabilities to enable");
		return;
	}
	c->from->negotiated = true;
}

/**
 * cmd_commands() - which commands are there
 * @c: the call
 */
void cmd_commands(struct call *c)
{
	unsigned int i;

	c->result = json_array();
	for (i = 0; i < command_count; i++)
		if (commands[i].qmp)
			json_array_append_new(c->result,
					      json_pack("{s:s}", "name", commands[i].qmp));
}

/**
 * cmd_version() - which version this is
 * @c: the call
 */
void cmd_version(struct call *c)
{
	c->result = version_json();
}

/**
 * show_version() - show it
 * @c: the call
 * @out: gets it
 */
void show_version(struct call *c, FILE *out)
{
	(void)c;
	fputs("vmbt-run " VMBT_VERSION "\n", out);
}

/**
 * cmd_name() - what the VM is called
 * @c: the call
 */
void cmd_name(struct call *c)
{
	const char *name = c->m->o->name;

	c->result = name ? json_pack("{s:s}", "name", name) : json_object();
}

/**
 * show_name() - show it
 * @c: the call
 * @out: gets it
 */
void show_name(struct call *c, FILE *out)
{
	fprintf(out, "%s\n", c->m->o->name ? c->m->o->name : "");
}

/**
 * cmd_memory_size() - how much memory the guest has
 * @c: the call
 */
void cmd_memory_size(struct call *c)
{
	c->result = json_pack("{s:I}", "base-memory", (json_int_t)c->m->memory.size);
}

/**
 * show_memory_size() - show it
 * @c: the call
 * @out: gets it
 */
void show_memory_size(struct call *c, FILE *out)
{
	fprintf(out, "base memory: %llu\n", c->m->memory.size);
}

/**
 * cmd_cpus() - its CPU
 * @c: the call
 */
void cmd_cpus(struct call *c)
{
	c->result = json_pack("[{s:i, s:s, s:i, s:s, s:{s:i, s:i, s:i}}]", "cpu-index", 0,
			      "qom-path", "/machine/unattached/device[0]", "thread-id",
			      c->m->vcpu.tid, "target", "i386", "props", "core-id", 0,
			      "thread-id", 0, "socket-id", 0);
}

/**
 * show_cpus() - show it
 * @c: the call
 * @out: gets it
 */
void show_cpus(struct call *c, FILE *out)
{
	fprintf(out, "* CPU #0: thread_id=%d\n", c->m->vcpu.tid);
}

static void add_stat(void *arg, const char *name, u64 value)
{
	json_object_set_new(arg, name, json_integer(value));
}

/**
 * cmd_stats() - all statistics
 * @c: the call
 */
void cmd_stats(struct call *c)
{
	c->result = json_object();
	stats_each(c->m, add_stat, c->result);
}

/**
 * show_stats() - show them
 * @c: the call
 * @out: gets them
 */
void show_stats(struct call *c, FILE *out)
{
	const char *name;
	json_t *v;

	json_object_foreach(c->result, name, v)
		fprintf(out, "%-32s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(v));
}

/* A stream whose text becomes the result. */
static FILE *text_begin(struct call *c, char **text, size_t *size)
{
	FILE *f = open_memstream(text, size);

	if (!f)
		call_fail(c, ERROR_GENERIC, "out of memory");
	return f;
}

static void text_end(struct call *c, FILE *f, char **text)
{
	fclose(f);
	c->result = json_string(*text);
	free(*text);
	if (!c->result)
		call_fail(c, ERROR_GENERIC, "what is to be told is not UTF-8");
}

/**
 * cmd_network() - which network cards there are
 * @c: the call
 */
void cmd_network(struct call *c)
{
	const struct options *o = c->m->o;
	const struct netdev *d;
	unsigned int i;
	char *text;
	size_t size;
	FILE *f = text_begin(c, &text, &size);

	if (!f)
		return;
	for (i = 0; i < o->nnics; i++) {
		d = o->nic[i].netdev;
		fprintf(f, "pcnet.%u: model=pcnet,macaddr=%02x:%02x:%02x:%02x:%02x:%02x\n", i,
			o->nic[i].mac[0], o->nic[i].mac[1], o->nic[i].mac[2], o->nic[i].mac[3],
			o->nic[i].mac[4], o->nic[i].mac[5]);
		fprintf(f, " \\ %s: type=%s%s%s%s\n", d->id ? d->id : "#net",
			d->kind == NET_USER ? "user" : "tap", d->restricted ? ",restrict=on" : "",
			d->ifname ? ",ifname=" : "", d->ifname ? d->ifname : "");
	}
	text_end(c, f, &text);
}

/**
 * cmd_screen() - the screen as text
 * @c: the call
 */
void cmd_screen(struct call *c)
{
	char *text;
	size_t size;
	FILE *f = text_begin(c, &text, &size);

	if (!f)
		return;
	if (!c->m->pc.firmware || !screen_text(&c->m->pc.vga, f))
		fputs("the screen shows no text\n", f);
	text_end(c, f, &text);
}

/* Without a word about it, the name tells: *.png is one. QEMU's default is PPM. */
static bool want_png(struct call *c, const char *path)
{
	const char *format = call_string(c, "format"), *dot = strrchr(path, '.');

	if (!format)
		return dot && !strcmp(dot, ".png");
	if (strcmp(format, "png") && strcmp(format, "ppm"))
		call_fail(c, ERROR_GENERIC, "Parameter 'format' does not accept value '%s'",
			  format);
	return !strcmp(format, "png");
}

/**
 * cmd_screendump() - write a picture of the screen to a file
 * @c: the call
 */
void cmd_screendump(struct call *c)
{
	const char *path = call_string(c, "filename"), *why;
	bool png = want_png(c, path);
	FILE *f;
	int fd;

	if (!c->m->pc.firmware)
		call_fail(c, ERROR_GENERIC, "there is no display without firmware");
	if (c->class)
		return;
	fd = fdset_open(&c->m->monitors.fds, path, O_WRONLY | O_CREAT | O_TRUNC);
	f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!f) {
		call_fail(c, ERROR_GENERIC, "%s: %s", path, strerror(errno));
		return;
	}
	why = screen_dump(&c->m->pc.vga, f, png);
	if (fclose(f) && !why)
		why = strerror(errno);
	if (why)
		call_fail(c, ERROR_GENERIC, "%s: %s", path, why);
}

static int take_passed(struct call *c)
{
	struct monitor *from = c->from;
	int fd;

	if (!from->npassed) {
		call_fail(c, ERROR_GENERIC, "No file descriptor supplied via SCM_RIGHTS");
		return -1;
	}
	fd = from->passed[0];
	memmove(from->passed, from->passed + 1, --from->npassed * sizeof(int));
	return fd;
}

static struct fd_entry *keep_passed(struct call *c)
{
	struct fd_entry *e = NULL;
	int fd = take_passed(c);

	if (fd >= 0)
		e = fdset_add(&c->m->monitors.fds, fd);
	if (fd >= 0 && !e)
		call_fail(c, ERROR_GENERIC, "there are %d descriptors already", MONITOR_FDS);
	return e;
}

/**
 * cmd_getfd() - keep a descriptor that came along under a name
 * @c: the call
 */
void cmd_getfd(struct call *c)
{
	struct fdsets *all = &c->m->monitors.fds;
	const char *name = call_string(c, "fdname");
	struct fd_entry *e, *old;

	if (!*name || (*name >= '0' && *name <= '9')) {
		call_fail(c, ERROR_GENERIC,
			  "Parameter 'fdname' expects a name not starting with a digit");
		return;
	}
	old = fdset_named(all, name);
	e = keep_passed(c);
	if (!e)
		return;
	if (old)
		fdset_drop(old);
	e->name = strdup(name);
}

/**
 * cmd_closefd() - close it again
 * @c: the call
 */
void cmd_closefd(struct call *c)
{
	const char *name = call_string(c, "fdname");
	struct fd_entry *e = fdset_named(&c->m->monitors.fds, name);

	if (e)
		fdset_drop(e);
	else
		call_fail(c, ERROR_GENERIC, "File descriptor named '%s' not found", name);
}

static s64 free_set(const struct fdsets *all)
{
	unsigned int i;
	s64 n = 0;

	for (i = 0; i < MONITOR_FDS; i++) {
		if (all->entry[i].set == n) {
			n++;
			i = -1;
		}
	}
	return n;
}

/**
 * cmd_add_fd() - put a descriptor that came along into a set
 * @c: the call
 */
void cmd_add_fd(struct call *c)
{
	s64 set = call_int(c, "fdset-id", free_set(&c->m->monitors.fds));
	const char *opaque = call_string(c, "opaque");
	struct fd_entry *e;

	if (set < 0) {
		call_fail(c, ERROR_GENERIC,
			  "Parameter 'fdset-id' expects a non-negative value");
		return;
	}
	e = keep_passed(c);
	if (!e)
		return;
	e->set = set;
	e->opaque = opaque ? strdup(opaque) : NULL;
	c->result = json_pack("{s:I, s:i}", "fdset-id", (json_int_t)set, "fd", e->fd);
}

/**
 * cmd_remove_fd() - close a set's descriptors, or one of them
 * @c: the call
 */
void cmd_remove_fd(struct call *c)
{
	s64 set = call_int(c, "fdset-id", -1), fd = call_int(c, "fd", -1);
	struct fd_entry *e = c->m->monitors.fds.entry;
	bool any = false;
	unsigned int i;

	for (i = 0; set >= 0 && i < MONITOR_FDS; i++) {
		if (e[i].fd < 0 || e[i].set != set || (fd >= 0 && e[i].fd != fd))
			continue;
		fdset_drop(&e[i]);
		any = true;
	}
	if (!any)
		call_fail(c, ERROR_GENERIC, "File descriptor named 'fdset-id:%lld' not found",
			  set);
}

static json_t *set_info(const struct fdsets *all, s64 set)
{
	json_t *fds = json_array(), *one;
	unsigned int i;

	for (i = 0; i < MONITOR_FDS; i++) {
		if (all->entry[i].set != set)
			continue;
		one = json_pack("{s:i}", "fd", all->entry[i].fd);
		if (all->entry[i].opaque)
			json_object_set_new(one, "opaque", json_string(all->entry[i].opaque));
		json_array_append_new(fds, one);
	}
	return json_pack("{s:I, s:o}", "fdset-id", (json_int_t)set, "fds", fds);
}

/**
 * cmd_fdsets() - which sets there are
 * @c: the call
 */
void cmd_fdsets(struct call *c)
{
	const struct fdsets *all = &c->m->monitors.fds;
	unsigned int i, k;

	c->result = json_array();
	for (i = 0; i < MONITOR_FDS; i++) {
		for (k = 0; k < i && all->entry[k].set != all->entry[i].set; k++)
			;
		if (all->entry[i].set >= 0 && k == i)
			json_array_append_new(c->result, set_info(all, all->entry[i].set));
	}
}
