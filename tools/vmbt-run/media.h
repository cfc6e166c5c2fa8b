/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Media: what can be put into drives while the guest runs.
 */
#ifndef VMBT_RUN_MEDIA_H
#define VMBT_RUN_MEDIA_H

#include "options.h"
#include "types.h"

struct call;
struct disk;
struct hostdrive;
struct ide;
struct machine;

#define MEDIA_NAME	32
#define MEDIA_PLACES	(MAX_IDE + MAX_FLOPPY + MAX_SCSI)

/**
 * struct drive_at - a drive of the machine's
 * @m: the machine
 * @o: what the command line says about it
 * @disk: its medium
 * @ide: its channel, or NULL for one that is not on IDE
 * @scsi: it is a SCSI disk
 * @n: number on its channel or bus, or of the floppy drive
 * @name: what it is called
 */
struct drive_at {
	struct machine *m;
	const struct drive *o;
	struct disk *disk;
	struct ide *ide;
	bool scsi;
	unsigned int n;
	char name[MEDIA_NAME];
};

bool media_drive(struct machine *m, unsigned int index, struct drive_at *d);
bool media_find(struct machine *m, const char *name, struct drive_at *d);
bool media_removable(const struct drive_at *d);
bool media_locked(const struct drive_at *d);
bool media_open(const struct drive_at *d);
void media_tray(const struct drive_at *d, bool open);
bool media_unlocked(const struct drive_at *d, bool force, struct call *c);
void media_remove(const struct drive_at *d);
bool media_take(const struct drive_at *d, const char *path, const char *format, bool readonly,
		struct disk *fresh, struct call *c);
void media_insert(const struct drive_at *d, const struct disk *fresh);
void media_host_changed(void *arg, struct hostdrive *h);
void media_moved(struct machine *m, unsigned int ide, bool open);

#endif
