// SPDX-License-Identifier: GPL-2.0
/*
 * The command line of vmbt-run, spelled as QEMU's users know it.
 *
 * getopt_long_only() takes options with one dash or two. Its permission to
 * abbreviate is not passed on: an abbreviation that works today would break
 * when an option is added. Everything wrong is one line and EXIT_USAGE.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "charsock.h"
#include "memory.h"
#include "util.h"
#include "version.h"

#define SERIAL_PLACES "stdio, null, pty, none, file:PATH, unix:PATH, tcp:HOST:PORT, /dev/ttyS*"

/* Programs that look into others' memory, the sanitizers', have it off. */
#ifndef SANDBOX_DEFAULT
#define SANDBOX_DEFAULT true
#endif

enum {
	OPT_M = 1, OPT_KERNEL, OPT_INITRD, OPT_APPEND, OPT_SERIAL, OPT_NOGRAPHIC, OPT_DISPLAY,
	OPT_NO_REBOOT, OPT_NO_SHUTDOWN, OPT_NAME, OPT_PIDFILE, OPT_DEBUGCON, OPT_STATS,
	OPT_DEVICE, OPT_EXIT_LINE, OPT_CPU, OPT_SMP, OPT_CHIPS, OPT_VERSION, OPT_HELP,
	OPT_HDA, OPT_HDB, OPT_HDC, OPT_HDD, OPT_CDROM, OPT_FDA, OPT_FDB, OPT_SNAPSHOT,
	OPT_BIOS, OPT_BOOT, OPT_MONITOR, OPT_VGA, OPT_DRIVE, OPT_NIC, OPT_NETDEV, OPT_S,
	OPT_VNC, OPT_FULL_SCREEN, OPT_SANDBOX, OPT_QMP, OPT_QMP_PRETTY,
	OPT_AUDIODEV, OPT_PARALLEL,
	OPT_RTC, OPT_READCONFIG, OPT_NODEFAULTS, OPT_MACHINE, OPT_IS_SO, OPT_CHECK_ONLY,
};

static const struct option longopts[] = {
	{ "m",			required_argument, NULL, OPT_M },
	{ "kernel",		required_argument, NULL, OPT_KERNEL },
	{ "initrd",		required_argument, NULL, OPT_INITRD },
	{ "append",		required_argument, NULL, OPT_APPEND },
	{ "hda",		required_argument, NULL, OPT_HDA },
	{ "hdb",		required_argument, NULL, OPT_HDB },
	{ "hdc",		required_argument, NULL, OPT_HDC },
	{ "hdd",		required_argument, NULL, OPT_HDD },
	{ "cdrom",		required_argument, NULL, OPT_CDROM },
	{ "fda",		required_argument, NULL, OPT_FDA },
	{ "fdb",		required_argument, NULL, OPT_FDB },
	{ "drive",		required_argument, NULL, OPT_DRIVE },
	{ "nic",		required_argument, NULL, OPT_NIC },
	{ "netdev",		required_argument, NULL, OPT_NETDEV },
	{ "audiodev",		required_argument, NULL, OPT_AUDIODEV },
	{ "parallel",		required_argument, NULL, OPT_PARALLEL },
	{ "snapshot",		no_argument,	   NULL, OPT_SNAPSHOT },
	{ "bios",		required_argument, NULL, OPT_BIOS },
	{ "boot",		required_argument, NULL, OPT_BOOT },
	{ "monitor",		required_argument, NULL, OPT_MONITOR },
	{ "qmp",		required_argument, NULL, OPT_QMP },
	{ "qmp-pretty",		required_argument, NULL, OPT_QMP_PRETTY },
	{ "vga",		required_argument, NULL, OPT_VGA },
	{ "serial",		required_argument, NULL, OPT_SERIAL },
	{ "nographic",		no_argument,	   NULL, OPT_NOGRAPHIC },
	{ "display",		required_argument, NULL, OPT_DISPLAY },
	{ "vnc",		required_argument, NULL, OPT_VNC },
	{ "full-screen",	no_argument,	   NULL, OPT_FULL_SCREEN },
	{ "no-reboot",		no_argument,	   NULL, OPT_NO_REBOOT },
	{ "no-shutdown",	no_argument,	   NULL, OPT_NO_SHUTDOWN },
	{ "S",			no_argument,	   NULL, OPT_S },
	{ "name",		required_argument, NULL, OPT_NAME },
	{ "pidfile",		required_argument, NULL, OPT_PIDFILE },
	{ "debugcon",		required_argument, NULL, OPT_DEBUGCON },
	{ "stats",		no_argument,	   NULL, OPT_STATS },
	{ "device",		required_argument, NULL, OPT_DEVICE },
	{ "exit-line",		required_argument, NULL, OPT_EXIT_LINE },
	{ "sandbox",		required_argument, NULL, OPT_SANDBOX },
	{ "cpu",		required_argument, NULL, OPT_CPU },
	{ "smp",		required_argument, NULL, OPT_SMP },
	{ "chips",		required_argument, NULL, OPT_CHIPS },
	{ "rtc",		required_argument, NULL, OPT_RTC },
	{ "readconfig",		required_argument, NULL, OPT_READCONFIG },
	{ "nodefaults",		no_argument,	   NULL, OPT_NODEFAULTS },
	{ "machine",		required_argument, NULL, OPT_MACHINE },
	{ "M",			required_argument, NULL, OPT_MACHINE },
	{ "no-user-config",	no_argument,	   NULL, OPT_IS_SO },
	{ "no-hpet",		no_argument,	   NULL, OPT_IS_SO },
	{ "check-only",		no_argument,	   NULL, OPT_CHECK_ONLY },
	{ "version",		no_argument,	   NULL, OPT_VERSION },
	{ "help",		no_argument,	   NULL, OPT_HELP },
	{ "h",			no_argument,	   NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
"Usage: vmbt-run [OPTION]... [DISK]\n"
"Run an unmodified 16- or 32-bit guest on /dev/vmbt. One dash or two.\n"
"\n"
"Drives\n"
"  DISK, -hda FILE     first IDE disk; -hdb, -hdc, -hdd: the others\n"
"  -cdrom FILE         CD-ROM drive, in the place of -hdc; -fda, -fdb: floppies\n"
"  -drive LIST         file=FILE,if=ide|floppy|scsi,index=N,media=disk|cdrom,\n"
"                      readonly=on,snapshot=on,format=raw|qcow2|vmdk|vdi|..;\n"
"                      scsi: 7 disks on a BusLogic; FILE may be nbd:HOST:PORT\n"
"  -snapshot           forget at the end what was written to drives\n"
"  -boot ORDER         letters acdn: floppy, disk, CD, network; menu=on: ask\n"
"  -bios FILE          firmware in the place of Debian's SeaBIOS\n"
"\n"
"Network\n"
"  -nic user           a card with a NAT (default); ,hostfwd=tcp::2222-:22\n"
"                      to boot from: ,tftp=FOLDER,bootfile=NAME and -boot n\n"
"  -nic tap,ifname=TAP host's interface; ,br=BRIDGE; -nic none: no card\n"
"  -netdev user,id=ID -device pcnet,netdev=ID  the same in two; up to 3 cards\n"
"\n"
"Kernel without firmware\n"
"  -kernel FILE        Linux kernel (bzImage) to boot\n"
"  -initrd FILE, -append STRING  its initial RAM disk, its command line\n"
"\n"
"Machine\n"
"  -m SIZE             memory in MiB, or with suffix K, M, G (default 256M)\n"
"  -name NAME          name of the virtual machine, shown in messages\n"
"  -rtc base=utc|localtime|DATE  the clock; clock=vm stands still at stop\n"
"  -readconfig FILE    options from a file; -nodefaults: only what is asked for\n"
"  -cpu host, -smp 1   the only ones there are\n"
"  --chips WHERE       interrupt controllers and timer: vmm (default) or user\n"
"\n"
"Input and output\n"
"  -serial WHERE       stdio, null, pty, none, file:PATH, unix:PATH, tcp:HOST:N,\n"
"                      /dev/ttyS0; ,server=on,wait=off; again for COM2...\n"
"  -parallel file:PATH a printer; sound: -device sb16 -audiodev wav,id=ID,path=F\n"
"  -debugcon WHERE     the same for port 0x402; -nographic: -display none\n"
"  -display sdl|curses|none  a window; text on the terminal; no screen\n"
"  -vnc [HOST]:N       VNC server, for this machine only without HOST; unix:PATH\n"
"  -monitor WHERE      stdio, unix:PATH, tcp:HOST:PORT or none: takes commands\n"
"  -qmp WHERE          the same for programs: QEMU's machine protocol\n"
"\n"
"Running\n"
"  -no-reboot          end when the guest reboots, instead of starting it anew\n"
"  -no-shutdown        stay when the guest switches off or halts for good\n"
"  -S                  start only at the monitor's cont\n"
"  --exit-line PREFIX  hide the serial line 'PREFIX N' and end with status N\n"
"  --pidfile FILE      write the process id there; --stats: statistics at the end\n"
"  --device /PATH      the vmbt device; -sandbox off: keep all rights\n"
"  --version, --help   Keys on a terminal: Ctrl-A h lists them. See vmbt-run(1).\n";

/**
 * usage() - the command line is wrong: say why in a line and end
 * @fmt: as printf()'s
 */
void usage(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	warn("%s", text);
	exit(EXIT_USAGE);
}

static u64 parse_size(const char *arg)
{
	const char *number = arg;
	unsigned long long v;
	unsigned int shift = 20;
	char *end;

	if (!strncmp(arg, "size=", 5))
		number = arg + 5;
	errno = 0;
	v = strtoull(number, &end, 10);
	if (end == number || *number == '-' || errno)
		usage("-m %s: not a size", arg);
	switch (*end) {
	case 'k': case 'K':
		shift = 10;
		end++;
		break;
	case 'm': case 'M':
		end++;
		break;
	case 'g': case 'G':
		shift = 30;
		end++;
		break;
	}
	if (*end)
		usage("-m %s: not a size", arg);
	if (v > MEMORY_MAX >> shift)
		usage("-m %s: too much memory, at most %lluM", arg, MEMORY_MAX >> 20);
	v <<= shift;
	if (v < MEMORY_MIN)
		usage("-m %s: too little memory, at least %lluM", arg, MEMORY_MIN >> 20);
	return v & ~0xfffULL;
}

static const char *parse_where(const char *option, const char *arg)
{
	struct charsock a;
	const char *wrong;

	if (!strcmp(arg, "stdio"))
		return arg;
	if (!strcmp(arg, "null") || !strcmp(arg, "pty") || !strcmp(arg, "none"))
		return arg;
	if (!strncmp(arg, "file:", 5) && arg[5])
		return arg;
	if (!strncmp(arg, "/dev/", 5))
		return arg;
	if (!strncmp(arg, "unix:", 5) || !strncmp(arg, "tcp:", 4)) {
		wrong = charsock_parse(&a, arg);
		if (wrong)
			usage("%s %s: %s", option, arg, wrong);
		return arg;
	}
	usage("%s %s: not one of %s", option, arg, SERIAL_PLACES);
}

static const char *parse_parallel(const char *arg)
{
	if (!strcmp(arg, "none"))
		return NULL;
	if (!strcmp(arg, "null") || !strncmp(arg, "/dev/parport", 12) ||
	    !strncmp(arg, "/dev/lp", 7) || (!strncmp(arg, "file:", 5) && arg[5]))
		return arg;
	usage("-parallel %s: not one of file:PATH, /dev/parportN, /dev/lpN, null, none", arg);
}

/**
 * option_pair() - the next of a list of KEY=VALUE, as in QEMU's options
 * @list: what is left of it, advanced
 * @key: filled; kept until the program ends
 * @val: filled; NULL for a key alone
 *
 * Two commas are one in a value.
 *
 * Return: false at the end of the list.
 */
bool option_pair(const char **list, char **key, char **val)
{
	static char kept[16384];
	static size_t used;
	const char *p = *list;
	char *to = kept + used;

	if (!*p)
		return false;
	if (strlen(p) >= sizeof(kept) - used)
		usage("%s: too much of it", p);
	*key = to;
	*val = NULL;
	for (; *p && (*p != ',' || p[1] == ','); p++) {
		if (*p == ',')
			p++;
		if (*p == '=' && !*val) {
			*to++ = 0;
			*val = to;
		} else {
			*to++ = *p;
		}
	}
	*to++ = 0;
	used = to - kept;
	*list = *p ? p + 1 : p;
	return true;
}

/**
 * option_on() - read a value that is on or off
 * @option: the option, for messages
 * @key: the key
 * @val: the value
 *
 * Return: whether it is on.
 */
bool option_on(const char *option, const char *key, const char *val)
{
	if (val && !strcmp(val, "on"))
		return true;
	if (!val || strcmp(val, "off"))
		usage("%s: %s=%s: not one of on, off", option, key, val ? val : "");
	return false;
}

/* The CD-ROM drive is the secondary master, as everywhere. */
#define CD_PLACE	2

static void set_ide(struct options *o, unsigned int place, const char *path, bool cd)
{
	static const char *const name[MAX_IDE] = { "-hda", "-hdb", "-hdc", "-hdd" };

	drive_place(&o->ide[place], name[place], (struct drive){ .file = path, .cd = cd });
}

/* QEMU's: letters, or order=LETTERS, menu=on|off, separated by commas. */
static void parse_boot(struct options *o, const char *arg)
{
	static char order[8];
	const char *p = arg;
	size_t len;

	for (;;) {
		len = strcspn(p, ",");
		if (!strncmp(p, "menu=on", len) && len == 7) {
			o->boot_menu = true;
		} else if (strncmp(p, "menu=off", len) || len != 8) {
			if (len > 6 && !strncmp(p, "order=", 6)) {
				p += 6;
				len -= 6;
			}
			if (!len || len > 4 || strspn(p, "acdn") < len)
				usage("-boot %s: not letters of acdn, or menu=on", arg);
			memcpy(order, p, len);
			order[len] = 0;
			o->boot_order = order;
		}
		p += len;
		if (!*p)
			break;
		p++;
	}
	if (!o->boot_order)
		o->boot_order = "cad";
}

static void just(const char *option, const char *arg, const char *possible)
{
	if (strcmp(arg, possible))
		usage("%s %s: only '%s' is supported", option, arg, possible);
}

/* getopt would take -ker for -kernel: refuse what isn't spelled out. */
static void check_spelling(const char *arg, const char *name)
{
	const char *whole = arg;
	size_t len;

	while (*arg == '-')
		arg++;
	len = strcspn(arg, "=");
	if (strlen(name) == len && !strncmp(arg, name, len))
		return;
	option_refused(whole);
	usage("unknown option '%.*s' (see --help)", (int)len, arg);
}

static void check(const struct options *o, unsigned int nserial)
{
	unsigned int i, stdio = 0;

	for (i = 0; i < nserial; i++)
		stdio += !strcmp(o->serial[i], "stdio");
	stdio += o->debugcon && !strcmp(o->debugcon, "stdio");
	if (stdio > 1)
		usage("stdio can be given to one port only");
	if (stdio && o->display.kind == DISPLAY_CURSES)
		usage("stdio is a port's, and -display curses wants the terminal");
	if (o->kernel && (o->bios || o->boot_order))
		usage("-kernel starts without firmware: no -bios, no -boot");
	if (!o->kernel && (o->initrd || *o->append))
		usage("-initrd and -append need -kernel");
	if (!o->kernel && !options_drives(o) && !o->bios && !o->boot_order)
		usage("no guest: give a disk, -cdrom, -fda or -kernel FILE (see --help)");
	if (o->exit_line && !*o->exit_line)
		usage("--exit-line: the prefix is empty");
}

/* -monitor stdio has the terminal: the serial port has none then. */
static bool stdio_taken(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nmonitors; i++)
		if (o->monitor[i].kind == MONITOR_STDIO)
			return true;
	return o->debugcon && !strcmp(o->debugcon, "stdio");
}

/* What is known of the command line when it has been read in part. */
struct words {
	unsigned int nserial;
	bool nographic;
};

static void read_config(struct options *o, const char *path, struct words *w);

/* A word that is no option getopt knows. */
static __noreturn void unknown(const char *word, bool known)
{
	option_refused(word);
	/* getopt names the option it knows but that takes no value */
	if (known)
		usage("option '%.*s' takes no value", (int)strcspn(word, "="), word);
	usage("unknown option '%s' (see --help)", word);
}

static void parse_words(struct options *o, int argc, char **argv, struct words *w)
{
	int c, index, at;

	opterr = 0;
	for (;;) {
		at = optind ? optind : 1;
		index = -1;
		c = getopt_long_only(argc, argv, "+:", longopts, &index);
		if (c == -1 && optind < argc) {
			set_ide(o, 0, argv[optind++], false);
			continue;
		}
		if (c == -1)
			break;
		if (c == ':')
			usage("option '%s' needs a value", argv[at]);
		if (c == '?')
			unknown(argv[at], optopt);
		if (index >= 0)
			check_spelling(argv[at], longopts[index].name);

		switch (c) {
		case OPT_M:
			o->memory = parse_size(optarg);
			break;
		case OPT_KERNEL:
			o->kernel = optarg;
			break;
		case OPT_INITRD:
			o->initrd = optarg;
			break;
		case OPT_APPEND:
			o->append = optarg;
			break;
		case OPT_SERIAL:
			if (w->nserial == MAX_SERIAL)
				usage("-serial: at most %d serial ports", MAX_SERIAL);
			if (!strcmp(optarg, "mon:stdio")) {
				o->shared = true;
				optarg += 4;
			}
			o->serial[w->nserial++] = parse_where("-serial", optarg);
			break;
		case OPT_NOGRAPHIC:
			w->nographic = true;
			break;
		case OPT_DISPLAY:
			display_option(o, optarg);
			break;
		case OPT_VNC:
			vnc_option(o, optarg);
			break;
		case OPT_FULL_SCREEN:
			o->display.full_screen = true;
			break;
		case OPT_NO_REBOOT:
			o->no_reboot = true;
			break;
		case OPT_NO_SHUTDOWN:
			o->no_shutdown = true;
			break;
		case OPT_S:
			o->stopped = true;
			break;
		case OPT_NAME:
			name_option(o, optarg);
			break;
		case OPT_PIDFILE:
			o->pidfile = optarg;
			break;
		case OPT_DEBUGCON:
			o->debugcon = parse_where("-debugcon", optarg);
			break;
		case OPT_STATS:
			o->stats = true;
			break;
		case OPT_DEVICE:
			/* QEMU's option is older than ours of the same name. */
			if (strchr(optarg, '/'))
				o->device = optarg;
			else
				device_option(o, optarg);
			break;
		case OPT_EXIT_LINE:
			o->exit_line = optarg;
			break;
		case OPT_SANDBOX:
			sandbox_option(o, optarg);
			break;
		case OPT_CPU:
			just("-cpu", optarg, "host");
			break;
		case OPT_SMP:
			just("-smp", optarg, "1");
			break;
		case OPT_CHIPS:
			o->user_chips = !strcmp(optarg, "user");
			if (!o->user_chips && strcmp(optarg, "vmm"))
				usage("--chips %s: not one of vmm, user", optarg);
			break;
		case OPT_HDA:
		case OPT_HDB:
		case OPT_HDC:
		case OPT_HDD:
			set_ide(o, c - OPT_HDA, optarg, false);
			break;
		case OPT_CDROM:
			set_ide(o, CD_PLACE, optarg, true);
			break;
		case OPT_FDA:
		case OPT_FDB:
			drive_place(&o->floppy[c - OPT_FDA], c == OPT_FDA ? "-fda" : "-fdb",
				    (struct drive){ .file = optarg });
			break;
		case OPT_DRIVE:
			drive_option(o, optarg);
			break;
		case OPT_NIC:
			nic_option(o, optarg);
			break;
		case OPT_NETDEV:
			netdev_option(o, optarg);
			break;
		case OPT_AUDIODEV:
			audiodev_option(o, optarg);
			break;
		case OPT_PARALLEL:
			o->parallel = parse_parallel(optarg);
			break;
		case OPT_SNAPSHOT:
			o->snapshot = true;
			break;
		case OPT_BIOS:
			o->bios = optarg;
			break;
		case OPT_BOOT:
			parse_boot(o, optarg);
			break;
		case OPT_MONITOR:
			monitor_option(o, "-monitor", optarg);
			break;
		case OPT_QMP:
			monitor_option(o, "-qmp", optarg);
			break;
		case OPT_QMP_PRETTY:
			monitor_option(o, "-qmp-pretty", optarg);
			break;
		case OPT_VGA:
			just("-vga", optarg, "std");
			break;
		case OPT_RTC:
			rtc_option(o, optarg);
			break;
		case OPT_READCONFIG:
			read_config(o, optarg, w);
			break;
		case OPT_NODEFAULTS:
			o->nodefaults = true;
			o->nic_given = true;
			o->monitor_given = true;
			break;
		case OPT_MACHINE:
			if (strcmp(optarg, "pc") && strncmp(optarg, "pc-i440fx", 9))
				just("-machine", optarg, "pc");
			break;
		case OPT_IS_SO:
			break;	/* there is no other way */
		case OPT_CHECK_ONLY:
			o->check_only = true;
			break;
		case OPT_VERSION:
			puts("vmbt-run " VMBT_VERSION);
			exit(EXIT_ENDED);
		case OPT_HELP:
			fputs(help, stdout);
			exit(EXIT_ENDED);
		}
	}
}

/* Its words stand where the option does. */
static void read_config(struct options *o, const char *path, struct words *w)
{
	int argc, at = optind;
	char **argv = config_words(path, &argc);

	optind = 0;
	parse_words(o, argc, argv, w);
	optind = at;
}

/**
 * options_parse() - read the command line
 * @o: filled
 * @argc: as main()'s
 * @argv: as main()'s
 *
 * Ends the program for --help and --version, and with EXIT_USAGE when the
 * command line is wrong.
 */
void options_parse(struct options *o, int argc, char **argv)
{
	struct words w = { .nserial = 0 };
	bool elsewhere;

	*o = (struct options){
		.memory = 256ULL << 20,
		.append = "",
		.device = "/dev/vmbt",
		.sandbox = SANDBOX_DEFAULT,
	};
	parse_words(o, argc, argv, &w);
	if (w.nographic)
		o->display.kind = DISPLAY_NONE;
	/* Without a word about it, the first port is the terminal, as in -nographic. */
	if (!w.nserial && !(o->nodefaults && !w.nographic)) {
		elsewhere = stdio_taken(o) || o->display.kind == DISPLAY_CURSES;
		o->serial[w.nserial++] = elsewhere ? "null" : "stdio";
		o->shared = !elsewhere;
	}
	check(o, w.nserial);
	monitor_check(o);
	nic_check(o);
	sound_check(o);
	if (!o->boot_order)
		o->boot_order = "cad";
	if (o->check_only)
		exit(EXIT_ENDED);
}
