// SPDX-License-Identifier: GPL-2.0
/*
 * Options of the machine as a whole: -rtc, -name, -readconfig; and those of QEMU's that
 * are refused, each with what to do instead.
 *
 * A configuration file has QEMU's form: groups in brackets, KEY = "VALUE" below. A group
 * is the option of its name; what can't be written so is a key of [vmbt-run], which has
 * every option by its name.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker.h"
#include "options.h"
#include "util.h"

#define CONFIG_LINE	4096
#define CONFIG_WORDS	256
#define CONFIG_FILES	8

/* Names of QEMU's options without a dash, and why they are not there. */
static const struct {
	const char *name, *instead;
} refused[] = {
	{ "enable-kvm", "/dev/vmbt is what runs the guest: leave it out" },
	{ "accel", "/dev/vmbt is what runs the guest: leave it out" },
	{ "daemonize", "start it in the background: vmbt-run ... &, with -pidfile" },
	{ "usb", "there is no USB: the mouse is a PS/2 mouse, which is there" },
	{ "usbdevice", "there is no USB: the mouse is a PS/2 mouse, which is there" },
	{ "net", "use -nic user, -nic tap or -nic none" },
	{ "soundhw", "use -device sb16 with -audiodev" },
	{ "localtime", "use -rtc base=localtime" },
	{ "startdate", "use -rtc base=2006-06-17T16:01:21" },
	{ "sdl", "use -display sdl" },
	{ "curses", "use -display curses" },
	{ "mon", "use -qmp or -monitor, which have their socket in one" },
	{ "chardev", "use -serial, -monitor or -qmp, which have their back end in one" },
	{ "gdb", "there is no debugger's stub: the monitor has x, xp and info registers" },
	{ "s", "there is no debugger's stub: the monitor has x, xp and info registers" },
	{ "loadvm", "there are no snapshots of running guests" },
	{ "incoming", "there is no migration" },
	{ "virtfs", "copy files over the network (-nic user,hostfwd=...) or on a disk image" },
	{ "object", "there are no objects to configure: leave it out" },
	{ "global", "devices have no properties to set: leave it out" },
	{ "smbios", "the firmware makes its own tables: leave it out" },
	{ "no-acpi", "there are no ACPI tables but the firmware's: leave it out" },
	{ "runas", "vmbt-run needs no privilege but access to /dev/vmbt: start it as that user" },
	{ "chroot", "the sandbox opens no files while the guest runs: leave it out" },
	{ "icount", "the guest runs on the CPU itself: its instructions are not counted" },
	{ "k", "keys have the places of a US keyboard: the guest has the layout" },
	{ "d", "use --stats, and -debugcon for the firmware's messages" },
	{ "L", "use -bios FILE" },
	{ "watchdog", "there is no watchdog: leave it out" },
};

/**
 * option_refused() - one that QEMU has
 * @arg: as it was given
 *
 * Ends the program if it is one.
 */
void option_refused(const char *arg)
{
	const char *name = arg + strspn(arg, "-");
	size_t len = strcspn(name, "=");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		if (strlen(refused[i].name) == len && !strncmp(refused[i].name, name, len))
			usage("%.*s: %s", (int)(name - arg + len), arg, refused[i].instead);
}

static s64 local_offset(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return tm.tm_gmtoff;
}

/* 2006-06-17T16:01:21, or the day alone. */
static s64 date_offset(const char *val)
{
	struct tm tm = { .tm_isdst = 0 };
	int end = 0, fields;

	fields = sscanf(val, "%4d-%2d-%2d%nT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			&end, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end);
	if ((fields != 3 && fields != 6) || val[end] || tm.tm_year < 1970 || tm.tm_year > 2261 ||
	    tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 ||
	    tm.tm_sec < 0 || tm.tm_sec > 59)
		usage("-rtc base=%s: not utc, localtime or like 2006-06-17T16:01:21", val);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm) - time(NULL);
}

/**
 * rtc_option() - take a -rtc
 * @o: gets it
 * @arg: its value
 */
void rtc_option(struct options *o, const char *arg)
{
	char *key, *val;

	while (option_pair(&arg, &key, &val)) {
		if (!val)
			usage("-rtc: %s: what? base=, clock=", key);
		if (!strcmp(key, "base")) {
			o->rtc_offset = !strcmp(val, "utc") ? 0 : !strcmp(val, "localtime") ?
					local_offset() : date_offset(val);
		} else if (!strcmp(key, "clock")) {
			o->rtc_vm = !strcmp(val, "vm");
			if (!o->rtc_vm && strcmp(val, "host") && strcmp(val, "rt"))
				usage("-rtc clock=%s: not one of host, rt, vm", val);
		} else if (strcmp(key, "driftfix") || strcmp(val, "none")) {
			usage("-rtc: no '%s=%s', but base, clock", key, val);
		}
	}
}

/**
 * name_option() - take a -name
 * @o: gets it
 * @arg: its value: NAME, or guest=NAME
 */
void name_option(struct options *o, const char *arg)
{
	char *key, *val;

	while (option_pair(&arg, &key, &val)) {
		if (!val)
			o->name = key;
		else if (!strcmp(key, "guest"))
			o->name = val;
		else if (strcmp(key, "process") && strcmp(key, "debug-threads"))
			usage("-name: no '%s', but guest", key);
	}
}

/* The words that a configuration file stands for. */
struct config {
	const char *path;
	unsigned int line;
	char *word[CONFIG_WORDS + 1];
	unsigned int words;
	char group[64];
	char *text;	/* KEY=VALUE,... of the group */
};

static __noreturn void wrong(const struct config *c, const char *why)
{
	usage("-readconfig %s:%u: %s", c->path, c->line, why);
}

static void add(struct config *c, const char *fmt, const char *what)
{
	if (c->words == CONFIG_WORDS)
		wrong(c, "too much in one file");
	if (asprintf(&c->word[c->words++], fmt, what) < 0)
		die("out of memory");
}

/* Groups that have another name than their option. */
static void end_group(struct config *c)
{
	static const char *const other[][2] = {
		{ "memory", "m" }, { "boot-opts", "boot" },
	};
	const char *name = c->group;
	unsigned int i;

	if (c->text) {
		for (i = 0; i < ARRAY_SIZE(other); i++)
			if (!strcmp(other[i][0], name))
				name = other[i][1];
		add(c, "-%s", name);
		add(c, "%s", c->text);
	}
	free(c->text);
	c->text = NULL;
	*c->group = 0;
}

/* What stands first in its option, without a key. */
static bool leads(const struct config *c, const char *key)
{
	return (!strcmp(c->group, "netdev") && !strcmp(key, "type")) ||
	       (!strcmp(c->group, "device") && !strcmp(key, "driver")) ||
	       (!strcmp(c->group, "audiodev") && !strcmp(key, "driver"));
}

static void add_pair(struct config *c, const char *key, const char *val)
{
	char *doubled = malloc(2 * strlen(val) + 1), *to = doubled, *all;
	const char *had = c->text ? c->text : "";
	int rc;

	if (!doubled)
		die("out of memory");
	for (; *val; val++) {
		*to++ = *val;
		if (*val == ',')
			*to++ = ',';
	}
	*to = 0;
	if (leads(c, key))
		rc = asprintf(&all, "%s%s%s", doubled, *had ? "," : "", had);
	else
		rc = asprintf(&all, "%s%s%s=%s", had, *had ? "," : "", key, doubled);
	if (rc < 0)
		die("out of memory");
	free(doubled);
	free(c->text);
	c->text = all;
}

/* [group], or [group "id"] */
static void begin_group(struct config *c, const char *line)
{
	char id[64];
	int end = 0;

	end_group(c);
	if (sscanf(line, "[%63[a-z0-9-]]%n", c->group, &end) == 1 && end && !line[end])
		return;
	end = 0;
	if (sscanf(line, "[%63[a-z0-9-] \"%63[^\"]\"]%n", c->group, id, &end) != 2 || !end ||
	    line[end])
		wrong(c, "not like [group] or [group \"id\"]");
	add_pair(c, "id", id);
}

/* In [vmbt-run] a key is an option; on and off are those without a value. */
static void own_option(struct config *c, const char *key, const char *val, bool quoted)
{
	if (!quoted && !strcmp(val, "off"))
		return;
	add(c, "-%s", key);
	if (quoted || strcmp(val, "on"))
		add(c, "%s", val);
}

static void pair(struct config *c, const char *line)
{
	char key[64], val[CONFIG_LINE] = "";
	int end = 0;
	bool quoted;

	quoted = sscanf(line, "%63[A-Za-z0-9_.-] = \"%4095[^\"]\"%n", key, val, &end) == 2 && end;
	if (!quoted && (sscanf(line, "%63[A-Za-z0-9_.-] = %4095[^\" ]%n", key, val, &end) != 2))
		wrong(c, "not like key = \"value\"");
	if (line[end])
		wrong(c, "something behind the value");
	if (!*c->group)
		wrong(c, "no [group] before it");
	if (!strcmp(c->group, "vmbt-run"))
		own_option(c, key, val, quoted);
	else
		add_pair(c, key, val);
}

static void one_line(struct config *c, char *line)
{
	char *end;

	line += strspn(line, " \t");
	end = line + strlen(line);
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = 0;
	if (!*line || *line == '#')
		return;
	if (*line == '[')
		begin_group(c, line);
	else
		pair(c, line);
}

/**
 * config_words() - read a configuration file
 * @path: its name
 * @argc: filled with the number of words, and the program's name before them
 *
 * Return: the words of a command line, kept until the program ends.
 */
char **config_words(const char *path, int *argc)
{
	static struct config file[CONFIG_FILES];
	static unsigned int files;
	struct config *c = &file[files];
	char line[CONFIG_LINE];
	int fd = broker_open(path, O_RDONLY);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (files++ == CONFIG_FILES)
		usage("-readconfig %s: too many files", path);
	if (!f)
		die("-readconfig %s: %s", path, strerror(errno));
	c->path = path;
	add(c, "%s", "vmbt-run");
	while (fgets(line, sizeof(line), f)) {
		c->line++;
		if (!strchr(line, '\n') && !feof(f))
			wrong(c, "the line is too long");
		one_line(c, line);
	}
	end_group(c);
	fclose(f);
	*argc = c->words;
	return c->word;
}
