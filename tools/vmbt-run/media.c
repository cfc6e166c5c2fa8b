// SPDX-License-Identifier: GPL-2.0
/*
 * Media: what can be put into drives while the guest runs.
 *
 * Drives are called what QEMU calls them: ide0-hd0 to ide1-hd1, ide1-cd0, floppy0 and
 * floppy1, scsi0-hd0 and so on, or as -drive's id= says. A medium goes when nobody reads
 * or writes it any more; what the guest was told before stays true.
 */
#include "media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "machine.h"
#include "nbdname.h"

/**
 * media_drive() - the drives, one after the other
 * @m: the machine
 * @index: of a place for one
 * @d: filled
 *
 * Return: false if the place is empty; @d->m is NULL behind the last.
 */
bool media_drive(struct machine *m, unsigned int index, struct drive_at *d)
{
	unsigned int n = index % 2;

	*d = (struct drive_at){ .n = n };
	if (!m->pc.on || index >= MEDIA_PLACES)
		return false;
	d->m = m;
	if (index < MAX_IDE) {
		d->o = &m->o->ide[index];
		d->disk = &m->pc.disk[index];
		d->ide = &m->pc.ide[index / 2].chip;
		snprintf(d->name, sizeof(d->name), "ide%u-%s%u", index / 2,
			 d->o->cd ? "cd" : "hd", n);
	} else if (index >= MAX_IDE + MAX_FLOPPY) {
		d->n = index - MAX_IDE - MAX_FLOPPY;
		d->scsi = true;
		d->o = &m->o->scsi[d->n];
		d->disk = &m->pc.scsi.disk[d->n];
		snprintf(d->name, sizeof(d->name), "scsi0-hd%u", d->n);
	} else {
		d->o = &m->o->floppy[n];
		d->disk = &m->pc.floppy[n];
		snprintf(d->name, sizeof(d->name), "floppy%u", n);
	}
	if (d->o->id)
		snprintf(d->name, sizeof(d->name), "%s", d->o->id);
	return d->o->file;
}

/**
 * media_find() - the drive with a name
 * @m: the machine
 * @name: its name
 * @d: filled
 *
 * Return: false if there is none.
 */
bool media_find(struct machine *m, const char *name, struct drive_at *d)
{
	unsigned int i;

	for (i = 0; i < MEDIA_PLACES; i++)
		if (media_drive(m, i, d) && !strcmp(d->name, name))
			return true;
	return false;
}

/**
 * media_removable() - can its medium be taken out
 * @d: the drive
 *
 * Return: whether it can.
 */
bool media_removable(const struct drive_at *d)
{
	return !d->scsi && (!d->ide || d->o->cd);
}

/**
 * media_locked() - does the guest want the medium to stay
 * @d: the drive
 *
 * Return: whether it does.
 */
bool media_locked(const struct drive_at *d)
{
	return d->ide && d->ide->drive[d->n].locked;
}

/**
 * media_open() - is the tray open
 * @d: the drive
 *
 * Return: whether it is; a floppy drive has none.
 */
bool media_open(const struct drive_at *d)
{
	return d->ide && d->ide->drive[d->n].tray_open;
}

/**
 * media_moved() - the tray of a CD-ROM drive has moved
 * @m: the machine
 * @ide: place of the drive
 * @open: it is open now
 */
void media_moved(struct machine *m, unsigned int ide, bool open)
{
	struct drive_at d;

	media_drive(m, ide, &d);
	if (d.disk->host)
		hostdrive_tray(d.disk->host, open);
	qmp_event(m, "DEVICE_TRAY_MOVED", json_pack("{s:s, s:s, s:b}", "device", d.name,
						    "id", d.name, "tray-open", open));
}

/**
 * media_tray() - open or close the drive
 * @d: the drive
 * @open: which
 */
void media_tray(const struct drive_at *d, bool open)
{
	if (d->ide)
		ide_tray(d->ide, d->n, open);
}

/**
 * media_unlocked() - may the medium be taken out
 * @d: the drive
 * @force: whatever the guest wants
 * @c: the call, gets the reason if not
 *
 * Return: whether it may; if not, the guest is told that somebody wants it.
 */
bool media_unlocked(const struct drive_at *d, bool force, struct call *c)
{
	if (!media_removable(d)) {
		call_fail(c, ERROR_GENERIC, "Device '%s' is not removable", d->name);
		return false;
	}
	if (!media_locked(d) || force)
		return true;
	ide_eject_wanted(d->ide, d->n);
	call_fail(c, ERROR_GENERIC,
		  "Device '%s' is locked and force was not specified, wait for tray to open and try again",
		  d->name);
	return false;
}

static void medium(const struct drive_at *d, struct disk *disk)
{
	if (d->ide)
		ide_medium(d->ide, d->n, disk);
	else
		fdc_medium(&d->m->pc.fdc, d->n, disk);
}

/**
 * media_remove() - take the medium out
 * @d: the drive; one of the host's is given back
 */
void media_remove(const struct drive_at *d)
{
	if (!d->disk->io)
		return;
	medium(d, NULL);
	disk_io_settle(d->disk->io);
	disk_close(d->disk);
}

/**
 * media_host_changed() - a drive of the host's was looked at
 * @arg: the machine
 * @h: the drive
 *
 * What is true of it becomes true of the guest's.
 */
void media_host_changed(void *arg, struct hostdrive *h)
{
	struct machine *m = arg;
	struct drive_at d;
	bool loaded;

	media_drive(m, h - m->pc.host_drive, &d);
	hostdrive_lock(h, media_locked(&d));
	loaded = disk_loaded(d.disk);
	if (!h->fresh && h->present == loaded && h->open == media_open(&d))
		return;
	/* The host's tray has moved already. */
	h->tray_open = h->open;
	if (h->open)
		media_tray(&d, true);
	if (loaded && (h->fresh || !h->present)) {
		medium(&d, NULL);
		disk_io_settle(d.disk->io);
		loaded = false;
	}
	hostdrive_take(h);
	if (!loaded && disk_loaded(d.disk))
		medium(&d, d.disk);
	if (!h->open)
		media_tray(&d, false);
}

/**
 * media_take() - open what is to be a medium
 * @d: the drive
 * @path: the image, or an NBD server's name
 * @format: of the image, as QEMU names it, or NULL for one that is raw and does not look
 *	like another
 * @readonly: it is not to be written
 * @fresh: filled
 * @c: the call, gets the reason if that is not possible
 *
 * Return: whether it is open.
 */
bool media_take(const struct drive_at *d, const char *path, const char *format, bool readonly,
		struct disk *fresh, struct call *c)
{
	struct disk_how how = { .format = format, .readonly = readonly || d->o->cd,
				.snapshot = d->m->o->snapshot || d->o->snapshot,
				.later = true };
	int fd;

	if (nbd_name_is(path) || (format && strcmp(format, "raw"))) {
		if (disk_serve(fresh, &d->m->pc.io, path, &how, c->error, sizeof(c->error)))
			return true;
		c->class = ERROR_GENERIC;
		return false;
	}
	fd = fdset_open(&d->m->monitors.fds, path,
			how.readonly || how.snapshot ? O_RDONLY : O_RDWR);
	if (fd < 0) {
		call_fail(c, ERROR_GENERIC, "Could not open '%s': %s", path, strerror(errno));
		return false;
	}
	if (disk_take(fresh, &d->m->pc.io, path, fd, &how, c->error, sizeof(c->error)))
		return true;
	c->class = ERROR_GENERIC;
	return false;
}

/**
 * media_insert() - put a medium into a drive
 * @d: the drive, empty
 * @fresh: the medium
 */
void media_insert(const struct drive_at *d, const struct disk *fresh)
{
	*d->disk = *fresh;
	medium(d, d->disk);
}
