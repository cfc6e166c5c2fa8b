// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that tell about drives and change their media.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "diskformat.h"
#include "machine.h"
#include "media.h"
#include "nbdname.h"

#define IN_HOST	"Device '%s' is the host's %s: take the medium out there"

static bool drive(struct call *c, struct drive_at *d)
{
	const char *device = call_string(c, "device"), *id = call_string(c, "id");

	if (!device == !id) {
		call_fail(c, ERROR_GENERIC, "Need exactly one of 'device' and 'id'");
		return false;
	}
	if (media_find(c->m, device ? device : id, d))
		return true;
	call_fail(c, device ? ERROR_DEVICE : ERROR_GENERIC, "Device '%s' not found",
		  device ? device : id);
	return false;
}

/* What QEMU says about an image and how it is used, as far as it means anything here. */
static json_t *inserted(const struct drive_at *d)
{
	static const char *const none[] = {
		"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr", "write_threshold",
		"backing_file_depth",
	};
	struct stat st = { .st_blocks = 0 };
	json_t *v, *image;
	unsigned int i;

	fstat(d->disk->fd, &st);
	image = json_pack("{s:s, s:s, s:I, s:I}", "filename", d->disk->path, "format", "raw",
			  "virtual-size", (json_int_t)(d->disk->sectors * DISK_SECTOR),
			  "actual-size", (json_int_t)st.st_blocks * 512);
	v = json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:{s:b, s:b, s:b}, s:o}",
		      "file", d->disk->path, "drv", "raw", "node-name", d->name,
		      "ro", d->disk->readonly, "encrypted", 0, "detect_zeroes", "off",
		      "cache", "writeback", 1, "direct", 0, "no-flush", 0, "image", image);
	for (i = 0; i < ARRAY_SIZE(none); i++)
		json_object_set_new(v, none[i], json_integer(0));
	return v;
}

/**
 * cmd_block() - the drives and their media
 * @c: the call
 */
void cmd_block(struct call *c)
{
	struct drive_at d;
	unsigned int i;
	json_t *v;

	c->result = json_array();
	for (i = 0; i < MEDIA_PLACES; i++) {
		if (!media_drive(c->m, i, &d))
			continue;
		v = json_pack("{s:s, s:s, s:s, s:b, s:b}", "device", d.name, "qdev", d.name,
			      "type", "unknown", "removable", media_removable(&d),
			      "locked", media_locked(&d));
		if (d.ide && media_removable(&d))
			json_object_set_new(v, "tray_open", json_boolean(media_open(&d)));
		if (d.ide || d.scsi)
			json_object_set_new(v, "io-status", json_string("ok"));
		if (disk_loaded(d.disk))
			json_object_set_new(v, "inserted", inserted(&d));
		json_array_append_new(c->result, v);
	}
}

/**
 * show_block() - show them
 * @c: the call
 * @out: gets them
 */
void show_block(struct call *c, FILE *out)
{
	struct drive_at d;
	unsigned int i;

	for (i = 0; i < MEDIA_PLACES; i++) {
		if (!media_drive(c->m, i, &d))
			continue;
		if (disk_loaded(d.disk))
			fprintf(out, "%s: %s (raw%s)\n", d.name, d.disk->path,
				d.disk->readonly ? ", read-only" : "");
		else
			fprintf(out, "%s: [not inserted]\n", d.name);
		if (media_removable(&d))
			fprintf(out, "    Removable device: %slocked%s\n",
				media_locked(&d) ? "" : "not ", !d.ide ? "" :
				media_open(&d) ? ", tray open" : ", tray closed");
	}
}

/**
 * cmd_open_tray() - open a drive
 * @c: the call
 */
void cmd_open_tray(struct call *c)
{
	struct drive_at d;

	if (drive(c, &d) && media_unlocked(&d, call_bool(c, "force"), c))
		media_tray(&d, true);
}

/**
 * cmd_close_tray() - close it
 * @c: the call
 */
void cmd_close_tray(struct call *c)
{
	struct drive_at d;

	if (drive(c, &d) && media_unlocked(&d, true, c))
		media_tray(&d, false);
}

/**
 * cmd_remove_medium() - take the medium out of a drive that is open
 * @c: the call
 */
void cmd_remove_medium(struct call *c)
{
	struct drive_at d;

	if (!drive(c, &d) || !media_unlocked(&d, true, c))
		return;
	if (d.disk->host)
		call_fail(c, ERROR_GENERIC, IN_HOST, d.name, d.disk->path);
	else if (d.ide && !media_open(&d))
		call_fail(c, ERROR_GENERIC, "Tray of device '%s' is not open", d.name);
	else
		media_remove(&d);
}

/**
 * cmd_eject() - open a drive and take its medium out
 * @c: the call
 */
void cmd_eject(struct call *c)
{
	struct drive_at d;

	if (!drive(c, &d) || !media_unlocked(&d, call_bool(c, "force"), c))
		return;
	if (d.disk->host && !d.ide)
		call_fail(c, ERROR_GENERIC, IN_HOST, d.name, d.disk->path);
	if (c->class)
		return;
	media_tray(&d, true);
	if (!d.disk->host)
		media_remove(&d);
}

/* Is the new medium to be read-only? */
static bool readonly(struct call *c, const struct drive_at *d)
{
	const char *mode = call_string(c, "read-only-mode");

	if (!mode || !strcmp(mode, "retain"))
		return d->disk->io ? d->disk->readonly : d->o->readonly;
	if (!strcmp(mode, "read-only"))
		return true;
	if (strcmp(mode, "read-write"))
		call_fail(c, ERROR_GENERIC,
			  "Parameter 'read-only-mode' does not accept value '%s'", mode);
	return false;
}

/**
 * cmd_change() - put another medium into a drive
 * @c: the call
 *
 * If the new one can't be opened the old one stays.
 */
void cmd_change(struct call *c)
{
	const char *format = call_string(c, "format"), *path = call_string(c, "filename");
	struct drive_at d;
	struct disk fresh;
	bool ro;

	if (!drive(c, &d) || !media_unlocked(&d, call_bool(c, "force"), c))
		return;
	ro = readonly(c, &d);
	if (format && strcmp(format, "raw") && !disk_format_named(format))
		call_fail(c, ERROR_GENERIC, "Unknown driver '%s'", format);
	else if (format && strcmp(format, "raw") && nbd_name_is(path))
		call_fail(c, ERROR_GENERIC, "%s: format=%s: what a server serves is raw", path,
			  format);
	if (c->class || !media_take(&d, path, format, ro, &fresh, c))
		return;
	media_tray(&d, true);
	media_remove(&d);
	media_insert(&d, &fresh);
	media_tray(&d, false);
}
