// SPDX-License-Identifier: GPL-2.0
/*
 * Drives on the command line: -drive, and what -hda and its like are short for.
 *
 * QEMU's keys, as far as there is something behind them; any other is refused by
 * name. A place has one drive: who wants a taken one is told who has it.
 */
#include <stdlib.h>
#include <string.h>

#include "diskformat.h"
#include "options.h"
#include "util.h"

#define KEYS "file, if, index, unit, media, readonly, snapshot, format, id"

/**
 * drive_place() - put a drive into its place
 * @d: the place
 * @option: what asked for it, for messages
 * @is: the drive
 */
void drive_place(struct drive *d, const char *option, struct drive is)
{
	if (d->file)
		usage("%s %s: the place is taken by %s", option, is.file,
		      *d->file ? d->file : "an empty drive");
	*d = is;
}

static void one_of(const char *key, const char *val, const char *a, const char *b)
{
	if (!val || (strcmp(val, a) && (!b || strcmp(val, b))))
		usage("-drive: %s=%s: not one of %s%s%s", key, val ? val : "", a, b ? ", " : "",
		      b ? b : "");
}

static struct drive *free_place(struct drive *d, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!d[i].file)
			return &d[i];
	usage("-drive: all %u places are taken", n);
}

static struct drive *interface(struct options *o, const char *name, unsigned int *places)
{
	*places = MAX_IDE;
	if (name && !strcmp(name, "ide"))
		return o->ide;
	*places = MAX_FLOPPY;
	if (name && !strcmp(name, "floppy"))
		return o->floppy;
	*places = MAX_SCSI;
	if (!name || strcmp(name, "scsi"))
		usage("-drive: if=%s: not one of ide, floppy, scsi", name ? name : "");
	return o->scsi;
}

static const char *known_format(const char *name)
{
	if (!name || (strcmp(name, "raw") && !disk_format_named(name)))
		usage("-drive: format=%s: not raw, qcow2, vmdk, vdi, vpc, vhdx, qed, parallels",
		      name ? name : "");
	return name;
}

/**
 * drive_option() - take a -drive
 * @o: gets the drive
 * @arg: its value
 */
void drive_option(struct options *o, const char *arg)
{
	unsigned int places = MAX_IDE, index;
	struct drive is = { .file = NULL }, *all = o->ide;
	const char *list = arg, *at = NULL;
	char *key, *val, *end;

	while (option_pair(&list, &key, &val)) {
		if (!strcmp(key, "file")) {
			is.file = val;
		} else if (!strcmp(key, "id") && val && *val) {
			is.id = val;
		} else if (!strcmp(key, "if")) {
			all = interface(o, val, &places);
		} else if (!strcmp(key, "index") || !strcmp(key, "unit")) {
			at = val ? val : "";
		} else if (!strcmp(key, "media")) {
			one_of(key, val, "disk", "cdrom");
			is.cd = *val == 'c';
		} else if (!strcmp(key, "readonly") || !strcmp(key, "read-only")) {
			is.readonly = option_on("-drive", key, val);
		} else if (!strcmp(key, "snapshot")) {
			is.snapshot = option_on("-drive", key, val);
		} else if (!strcmp(key, "format")) {
			is.format = known_format(val);
		} else {
			usage("-drive: no '%s', but " KEYS, key);
		}
	}
	/* A drive whose medium comes later. */
	if (!is.file && (is.cd || all == o->floppy))
		is.file = "";
	else if (!is.file || !*is.file)
		usage("-drive %s: which file? file=FILE", arg);
	if (is.cd && all != o->ide)
		usage("-drive %s: a CD-ROM drive is if=ide", arg);
	if (all == o->scsi)
		o->buslogic = true;
	if (!at) {
		*free_place(all, places) = is;
		return;
	}
	index = strtoul(at, &end, 10);
	if (end == at || *end || *at == '-' || index >= places)
		usage("-drive %s: index=%s: not 0 to %u", arg, at, places - 1);
	drive_place(&all[index], "-drive", is);
}
