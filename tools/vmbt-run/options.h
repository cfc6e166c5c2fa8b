/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line of vmbt-run, spelled as QEMU's users know it.
 */
#ifndef VMBT_RUN_OPTIONS_H
#define VMBT_RUN_OPTIONS_H

#include "types.h"

#define MAX_SERIAL	4
#define MAX_IDE		4
#define MAX_FLOPPY	2

/**
 * struct drive - a drive and what is in it
 * @file: the image, or NULL for no drive
 * @cd: a CD-ROM drive
 * @readonly: its medium can't be written
 * @snapshot: what is written to it is gone at the end
 */
struct drive {
	const char *file;
	bool cd;
	bool readonly;
	bool snapshot;
};

/**
 * struct options - what the user asked for
 * @memory: size of guest RAM in bytes
 * @kernel: path of a bzImage
 * @initrd: path of an initial RAM disk, or NULL
 * @append: kernel command line, never NULL
 * @serial: where COM1 to COM4 lead; NULL for ports that are not there
 * @ide: the IDE drives: primary master, slave, secondary master, slave
 * @floppy: the floppy drives
 * @snapshot: what is written to drives is gone at the end
 * @monitor: where the monitor is, or NULL
 * @bios: firmware, or NULL for the usual
 * @boot_order: letters a c d n
 * @boot_menu: firmware offers one
 * @debugcon: where bytes written to port 402h go, or NULL
 * @device: path of the device, normally /dev/vmbt
 * @name: name of the VM for messages, or NULL
 * @pidfile: file that gets the process id, or NULL
 * @exit_line: prefix of the serial line that carries the exit status, or NULL
 * @user_chips: keep interrupt controllers and timer in this program
 * @no_reboot: end instead of rebooting
 * @no_shutdown: stay when the guest halts for good
 * @stats: print statistics at the end
 */
struct options {
	u64 memory;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *serial[MAX_SERIAL];
	struct drive ide[MAX_IDE];
	struct drive floppy[MAX_FLOPPY];
	bool snapshot;
	const char *monitor;
	const char *bios;
	const char *boot_order;
	bool boot_menu;
	const char *debugcon;
	const char *device;
	const char *name;
	const char *pidfile;
	const char *exit_line;
	bool user_chips;
	bool no_reboot;
	bool no_shutdown;
	bool stats;
};

void options_parse(struct options *o, int argc, char **argv);

/* Was any drive asked for? */
static inline bool options_drives(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < MAX_IDE; i++)
		if (o->ide[i].file)
			return true;
	for (i = 0; i < MAX_FLOPPY; i++)
		if (o->floppy[i].file)
			return true;
	return false;
}

/* For the files that parse one kind of option each. */
__printf(1, 2) __noreturn void usage(const char *fmt, ...);
bool option_pair(const char **list, char **key, char **val);
bool option_on(const char *option, const char *key, const char *val);

/* optdrive.c */
void drive_place(struct drive *d, const char *option, struct drive is);
void drive_option(struct options *o, const char *arg);

#endif
