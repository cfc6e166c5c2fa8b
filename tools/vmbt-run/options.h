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

#define NO_DRIVE	(-1)

/**
 * struct options - what the user asked for
 * @memory: size of guest RAM in bytes
 * @kernel: path of a bzImage
 * @initrd: path of an initial RAM disk, or NULL
 * @append: kernel command line, never NULL
 * @serial: where COM1 to COM4 lead; NULL for ports that are not there
 * @ide: files of the IDE drives: primary master, slave, secondary master, slave
 * @cd: which of them is a CD-ROM drive, or NO_DRIVE
 * @floppy: files of the floppy drives
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
	const char *ide[MAX_IDE];
	int cd;
	const char *floppy[MAX_FLOPPY];
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

#endif
