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
#define MAX_SCSI	7
#define MAX_NIC		3
#define MAX_FORWARD	16
#define MAX_MONITORS	4

enum monitor_kind {
	MONITOR_STDIO,
	MONITOR_TERMINAL,
	MONITOR_UNIX,
	MONITOR_TCP,
};

/**
 * struct monitor_option - a place that takes commands
 * @qmp: from programs, as JSON; else from people
 * @kind: what it is
 * @pretty: JSON for people to read
 * @server: it waits for connections, else it makes one
 * @wait: the guest starts when somebody has connected
 * @path: of a UNIX socket
 * @host: address of a TCP socket
 * @port: its port
 */
struct monitor_option {
	bool qmp;
	enum monitor_kind kind;
	bool pretty;
	bool server;
	bool wait;
	const char *path;
	const char *host;
	const char *port;
};

/**
 * struct drive - a drive and what is in it
 * @file: the image, "" for none, or NULL for no drive
 * @id: its name in the monitor, or NULL for the usual
 * @format: of the image, as QEMU names it, or NULL for one that is raw
 * @cd: a CD-ROM drive
 * @readonly: its medium can't be written
 * @snapshot: what is written to it is gone at the end
 */
struct drive {
	const char *file;
	const char *id;
	const char *format;
	bool cd;
	bool readonly;
	bool snapshot;
};

enum net_kind {
	NET_USER,
	NET_TAP,
};

enum audio_kind {
	AUDIO_NONE,
	AUDIO_WAV,
	AUDIO_SDL,
};

/**
 * struct hostfwd - a port of the host's that leads to the guest
 * @text: as it was given
 * @udp: UDP, not TCP
 * @host: address, 0: any
 * @host_port: port
 * @guest: address
 * @guest_port: port
 */
struct hostfwd {
	const char *text;
	bool udp;
	u32 host;
	u16 host_port;
	u32 guest;
	u16 guest_port;
};

/**
 * struct netdev - the host's end of a network card
 * @id: its name, or NULL
 * @kind: what it is
 * @restricted: the guest reaches nothing but what is forwarded to it
 * @tftp: folder whose files the guest gets by TFTP, or NULL
 * @bootfile: the name of one that DHCP tells a guest to boot, or NULL
 * @forward: ports of the host's
 * @nforward: how many
 * @ifname: tap interface, or NULL for a new one
 * @bridge: to put it into, or NULL
 */
struct netdev {
	const char *id;
	enum net_kind kind;
	bool restricted;
	const char *tftp;
	const char *bootfile;
	struct hostfwd forward[MAX_FORWARD];
	unsigned int nforward;
	const char *ifname;
	const char *bridge;
};

/**
 * struct nic - a network card
 * @netdev: the host's end
 * @netdev_id: its name, until @netdev is known
 * @mac: its address
 */
struct nic {
	const struct netdev *netdev;
	const char *netdev_id;
	u8 mac[6];
};

enum display_kind {
	DISPLAY_DEFAULT,
	DISPLAY_NONE,
	DISPLAY_VNC,
	DISPLAY_SDL,
	DISPLAY_CURSES,
};

/**
 * struct display_options - how the screen is shown
 * @kind: by what
 * @vnc_host: the address that VNC's server listens at; empty: this machine only
 * @vnc_display: port 5900 and so many
 * @vnc_any: or the first free one from there on
 * @vnc_path: or its UNIX socket
 * @vnc_password: file with the password, or NULL
 * @full_screen: start the window as large as the screen
 */
struct display_options {
	enum display_kind kind;
	char vnc_host[256];
	unsigned int vnc_display;
	bool vnc_any;
	const char *vnc_path;
	const char *vnc_password;
	bool full_screen;
};

/**
 * struct audiodev - the host's end of a sound card
 * @id: its name, NULL: there is none
 * @kind: what it is
 * @path: of its file
 */
struct audiodev {
	const char *id;
	enum audio_kind kind;
	const char *path;
};

/**
 * struct sb16_card - a sound card
 * @on: there is one
 * @audiodev: the host's end
 * @audiodev_id: its name, until @audiodev is known
 * @io: first port
 * @irq: interrupt line
 * @dma: DMA channel
 * @dma16: DMA channel of 16-bit samples
 */
struct sb16_card {
	bool on;
	const struct audiodev *audiodev;
	const char *audiodev_id;
	u16 io;
	u8 irq;
	u8 dma;
	u8 dma16;
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
 * @scsi: the SCSI disks, by their number on the bus
 * @buslogic: there is a SCSI host adapter
 * @snapshot: what is written to drives is gone at the end
 * @netdev: the host's ends of network cards
 * @nnetdevs: how many
 * @nic: the network cards
 * @nnics: how many
 * @audiodev: the host's end of the sound card
 * @sb16: the sound card
 * @parallel: where the printer port leads, or NULL
 * @nic_given: something was said about network cards
 * @display: how the screen is shown
 * @monitor: where the machine takes commands
 * @nmonitors: how many of these there are
 * @monitor_given: something was said about one for people
 * @shared: a monitor shares the terminal with a serial port
 * @bios: firmware, or NULL for the usual
 * @boot_order: letters a c d n
 * @boot_menu: firmware offers one
 * @debugcon: where bytes written to port 402h go, or NULL
 * @device: path of the device, normally /dev/vmbt
 * @name: name of the VM for messages, or NULL
 * @pidfile: file that gets the process id, or NULL
 * @exit_line: prefix of the serial line that carries the exit status, or NULL
 * @rtc_offset: seconds that the clock is before the host's
 * @rtc_vm: it stands still while the guest does
 * @nodefaults: no device that was not asked for
 * @check_only: end when the command line is understood
 * @user_chips: keep interrupt controllers and timer in this program
 * @no_reboot: end instead of rebooting
 * @no_shutdown: stay when the guest halts for good
 * @stopped: the guest waits for the monitor's cont
 * @stats: print statistics at the end
 * @sandbox: give up privileges and most system calls before the guest runs
 * @named_files: then open no file but those named here
 */
struct options {
	u64 memory;
	const char *kernel;
	const char *initrd;
	const char *append;
	const char *serial[MAX_SERIAL];
	struct drive ide[MAX_IDE];
	struct drive floppy[MAX_FLOPPY];
	struct drive scsi[MAX_SCSI];
	bool buslogic;
	bool snapshot;
	struct netdev netdev[MAX_NIC];
	unsigned int nnetdevs;
	struct nic nic[MAX_NIC];
	unsigned int nnics;
	struct audiodev audiodev;
	struct sb16_card sb16;
	const char *parallel;
	bool nic_given;
	struct display_options display;
	struct monitor_option monitor[MAX_MONITORS];
	unsigned int nmonitors;
	bool monitor_given;
	bool shared;
	const char *bios;
	const char *boot_order;
	bool boot_menu;
	const char *debugcon;
	const char *device;
	const char *name;
	const char *pidfile;
	const char *exit_line;
	s64 rtc_offset;
	bool rtc_vm;
	bool nodefaults;
	bool check_only;
	bool user_chips;
	bool no_reboot;
	bool no_shutdown;
	bool stopped;
	bool stats;
	bool sandbox;
	bool named_files;
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
	for (i = 0; i < MAX_SCSI; i++)
		if (o->scsi[i].file)
			return true;
	return false;
}

/* Was any device asked for that a kernel without firmware can do without? */
static inline bool options_devices(const struct options *o)
{
	return options_drives(o) || o->nnics || o->buslogic || o->sb16.on || o->parallel;
}

/* For the files that parse one kind of option each. */
__printf(1, 2) __noreturn void usage(const char *fmt, ...);
bool option_pair(const char **list, char **key, char **val);
bool option_on(const char *option, const char *key, const char *val);

/* optdrive.c */
void drive_place(struct drive *d, const char *option, struct drive is);
void drive_option(struct options *o, const char *arg);

/* optdev.c */
void device_option(struct options *o, const char *arg);

/* optdisplay.c */
void vnc_option(struct options *o, const char *arg);
void display_option(struct options *o, const char *arg);
/* optmisc.c */
void option_refused(const char *arg);
void rtc_option(struct options *o, const char *arg);
void name_option(struct options *o, const char *arg);
char **config_words(const char *path, int *argc);

/* optmon.c */
void monitor_option(struct options *o, const char *option, const char *arg);
void monitor_check(struct options *o);

/* optsandbox.c */
void sandbox_option(struct options *o, const char *arg);

/* optsound.c */
void audiodev_option(struct options *o, const char *arg);
void sb16_device(struct options *o, const char *list);
void sound_check(struct options *o);

/* optnet.c */
void nic_option(struct options *o, const char *arg);
void netdev_option(struct options *o, const char *arg);
void nic_device(struct options *o, const char *list);
void nic_check(struct options *o);

#endif
