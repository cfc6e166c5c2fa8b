// SPDX-License-Identifier: GPL-2.0
/*
 * The machine protocol and the monitor against whatever comes over their socket.
 *
 * The input is bytes as they come, or a script that is made messages: commands of the
 * table with arguments of the right kind and of others, lines for the human monitor,
 * descriptors that come along. The machine is stopped memory, chips and drives; files
 * are nameless ones.
 *
 * All that is answered must be JSON, a line each; a message that is whole has exactly
 * one answer, a result or an error; drives and their media agree; and no descriptor
 * is left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"

#include "command.h"
#include "nbdname.h"
#include "machine.h"
#include "media.h"
#include "util.h"

#define RAM		(2UL << 20)

#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz/qmp: %s\n", #cond);		\
		abort();						\
	}								\
} while (0)

static struct machine machine, *const m = &machine;
static struct options opt;
static char line[8 << 20];
static size_t line_len;
static unsigned int answers, events;
static u8 ide_buffer[2][IDE_CHUNK];

/* The host */

void warn(const char *fmt, ...)
{
	(void)fmt;
}

__noreturn void die(const char *fmt, ...)
{
	fprintf(stderr, "fuzz/qmp: the program ends: %s\n", fmt);
	abort();
}

u64 now_ns(void)
{
	return 1000000000;
}

u64 wall_ns(void)
{
	return 1700000000123456789ULL;
}

void loop_add_timer(struct loop *loop, struct loop_timer *t,
		    void (*expired)(void *arg, u64 now), void *arg)
{
	(void)loop;
	*t = (struct loop_timer){ .deadline = TIMER_OFF, .expired = expired, .arg = arg };
}

void loop_set_timer(struct loop *loop, struct loop_timer *t, u64 deadline)
{
	(void)loop;
	t->deadline = deadline;
}

void vcpu_stop(struct machine *machine, bool stop)
{
	machine->vcpu.stopped = stop;
}

void vcpu_hold(struct machine *machine)
{
	REQUIRE(!machine->vcpu.held);
	machine->vcpu.held = true;
}

void vcpu_release(struct machine *machine)
{
	REQUIRE(machine->vcpu.held);
	machine->vcpu.held = false;
}

int vmm_get_regs(struct vmm *vmm, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	(void)vmm;
	REQUIRE(m->vcpu.held);
	memset(regs, 0, sizeof(*regs));
	*sregs = (struct kvm_sregs){ .cr0 = 0x80000001, .cr3 = 0x1000, .cr4 = 0x10 };
	regs->rsp = 0xfffffffe;
	return 0;
}

int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	(void)vmm;
	(void)slot;
	(void)gpa;
	(void)size;
	(void)where;
	(void)readonly;
	abort();
}

void stats_each(struct machine *machine, void (*fn)(void *arg, const char *name, u64 value),
		void *arg)
{
	(void)machine;
	fn(arg, "entries", ~0ULL);
}

void machine_end(struct machine *machine, enum outcome outcome)
{
	REQUIRE(outcome == LEFT || outcome == RESET);
	machine->asked = false;
}

/* Of all memory there is RAM. */
void *pcmem_dma(const struct pcmem *p, u64 gpa, u32 len, bool write)
{
	(void)p;
	(void)write;
	return memory_at(&m->memory, gpa, len);
}

int broker_open(const char *path, int flags)
{
	int fd;

	(void)flags;
	errno = ENOENT;
	if (*path != '/')
		return -1;
	fd = memfd_create("file", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, strlen(path) * 512))
		abort();
	return fd;
}

void disk_submit(struct disk_req *r)
{
	(void)r;
	abort();
}

/* No drives of the host's. */
void hostdrive_take(struct hostdrive *h)
{
	(void)h;
	abort();
}

void hostdrive_tray(struct hostdrive *h, bool open)
{
	(void)h;
	(void)open;
	abort();
}

void hostdrive_lock(struct hostdrive *h, bool locked)
{
	(void)h;
	(void)locked;
	abort();
}

void disk_io_settle(struct disk_io *io)
{
	(void)io;
}

bool nbd_name_is(const char *path)
{
	return !strncmp(path, "nbd:", 4);
}

bool disk_serve(struct disk *d, struct disk_io *io, const char *path,
		const struct disk_how *how, char *why, size_t size)
{
	(void)d;
	(void)io;
	(void)how;
	snprintf(why, size, "%s: nobody serves that", path);
	return false;
}

bool disk_take(struct disk *d, struct disk_io *io, const char *path, int fd,
	       const struct disk_how *how, char *why, size_t size)
{
	u64 bytes = lseek(fd, 0, SEEK_END);

	if (!bytes || bytes % 1024) {
		close(fd);
		snprintf(why, size, "%s: not an image", path);
		return false;
	}
	*d = (struct disk){ .io = io, .path = strdup(path), .fd = fd, .readonly = how->readonly,
			    .sectors = bytes / 512, .overlay = -1 };
	return true;
}

void disk_close(struct disk *d)
{
	close(d->fd);
	free(d->path);
	*d = (struct disk){ .fd = -1, .overlay = -1 };
}

/* In the place of monitor.c: what is answered is looked at. */
void monitor_put(struct monitor *mon, const char *text, size_t len)
{
	json_t *v;

	(void)mon;
	REQUIRE(line_len + len < sizeof(line));
	memcpy(line + line_len, text, len);
	line_len += len;
	if (len < 2 || memcmp(text + len - 2, "\r\n", 2))
		return;
	v = json_loadb(line, line_len - 2, JSON_REJECT_DUPLICATES, NULL);
	REQUIRE(v && !memchr(line, '\n', line_len - 2));
	REQUIRE(!!json_object_get(v, "return") + !!json_object_get(v, "error") +
		!!json_object_get(v, "event") == 1);
	events += !!json_object_get(v, "event");
	answers += !json_object_get(v, "event");
	json_decref(v);
	line_len = 0;
}

static struct monitor *const mon = &machine.monitors.one[0];

static void bytes(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		qmp_byte(mon, text[i]);
}

static void text_of(struct input *in, char *buf, size_t size)
{
	static const char *const known[] = {
		"ide1-cd0", "floppy0", "ide0-hd0", "/dev/fdset/0", "/dev/fdset/-1", "/a/path.png",
		"/another path", "png", "ppm", "raw", "retain", "read-only", "read-write",
		"x/4xb $esp",
		"xp/3000xg 0xfffffff0", "x/3c 0", "info registers", "info block", "info screen",
		"help", "sendkey ctrl-alt-delete 100", "sendkey a-", "change ide1-cd0 \"/a b.iso\"",
		"eject -f ide1-cd0", "screendump -f", "pmemsave 0 0x1000 /a", "info network",
		"stop", "cont", "info", "\"", "x/", "", "qcode", "number", "name",
	};
	u8 n = input_take(in, 1);

	if (n < 200) {
		snprintf(buf, size, "%s", known[n % ARRAY_SIZE(known)]);
		return;
	}
	n = input_below(in, 16);
	while (n-- && size > 1) {
		*buf++ = input_take(in, 1) & 0x7f;
		size--;
	}
	*buf = 0;
}

static json_t *key_of(struct input *in)
{
	static const char *const name[] = { "a", "ctrl", "delete", "ret", "nokey", "" };
	u8 n = input_take(in, 1);

	if (n & 1)
		return json_pack("{s:s, s:s}", "type", "qcode", "data",
				 name[n / 2 % ARRAY_SIZE(name)]);
	return json_pack("{s:s, s:i}", "type", "number", "data", (int)input_take(in, 1) - 3);
}

static json_t *event_of(struct input *in)
{
	return json_pack("{s:s, s:{s:b, s:o}}", "type", "key", "data", "down", 1, "key",
			 key_of(in));
}

static json_t *array_of(struct input *in)
{
	unsigned int n = input_below(in, 20);
	json_t *list = json_array();

	while (n--) {
		if (input_take(in, 1) & 1)
			json_array_append_new(list, key_of(in));
		else
			json_array_append_new(list, event_of(in));
	}
	return list;
}

static json_t *value_of(struct input *in, char type)
{
	char text[64];

	if (!input_below(in, 16))	/* of another type */
		type = "ibas"[input_below(in, 4)];
	switch (type) {
	case 'i':
		if (input_take(in, 1) & 1)
			return json_integer((u64)input_take(in, 4) << 32 | input_take(in, 4));
		/* Neither a large file nor a million keys: it is their number that counts. */
		return json_integer(input_below(in, 0x4000));
	case 'b':
		return json_boolean(input_take(in, 1) & 1);
	case 'a':
	case 'k':
		return array_of(in);
	default:
		text_of(in, text, sizeof(text));
		return json_string(text);
	}
}

/* A command of the table. */
static void command(struct input *in)
{
	const struct command *cmd = &commands[input_below(in, command_count)];
	json_t *args = json_object(), *message;
	const char *list = cmd->params;
	unsigned int had = answers;
	char name[32], *text;
	struct param p;
	json_t *v;

	while (param_next(&list, &p)) {
		if (p.optional && input_take(in, 1) & 1)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)p.len, p.name);
		v = value_of(in, p.type);
		/* Memory beyond all bounds is only time. */
		if (!strcmp(name, "size") && json_is_integer(v) &&
		    (u64)json_integer_value(v) <= 1ULL << 32)
			json_integer_set(v, json_integer_value(v) & 0xffff);
		json_object_set_new(args, name, v);
	}
	message = json_pack("{s:s, s:o}", "execute", cmd->qmp ? cmd->qmp : "none", "arguments",
			    args);
	text = json_dumps(message, 0);
	bytes(text, strlen(text));
	REQUIRE(answers == had + 1);
	free(text);
	json_decref(message);
}

static void descriptor(struct input *in)
{
	int fd;

	if (mon->npassed == MONITOR_FDS)
		return;
	fd = memfd_create("passed", MFD_CLOEXEC);
	if (ftruncate(fd, input_below(in, 5) * 1024))
		abort();
	mon->passed[mon->npassed++] = fd;
}

static void check(void)
{
	struct drive_at d;
	unsigned int i;

	for (i = 0; i < MEDIA_PLACES; i++) {
		if (!media_drive(m, i, &d))
			continue;
		if (d.ide)
			REQUIRE(d.ide->drive[d.n].disk == (d.disk->io ? d.disk : NULL));
		else
			REQUIRE(m->pc.fdc.drive[d.n].disk == (d.disk->io ? d.disk : NULL));
	}
	REQUIRE(mon->depth <= MONITOR_DEPTH + 1 && mon->len <= MONITOR_IN);
	REQUIRE(m->monitors.key_count <= MONITOR_KEYS);
	REQUIRE(!m->vcpu.held);
}

static void drive(unsigned int place, bool is_cd)
{
	char why[64];

	opt.ide[place] = (struct drive){ .file = "/file", .cd = is_cd };
	disk_take(&m->pc.disk[place], &m->pc.io, "/an-image-", broker_open("/an-image-", 0),
		  &(struct disk_how){ .readonly = is_cd }, why, sizeof(why));
	ide_attach(&m->pc.ide[place / 2].chip, place % 2, is_cd ? IDE_CD : IDE_DISK,
		   &m->pc.disk[place]);
}

static void setup(void)
{
	static u8 ram[RAM], screen[VGA_RAM], text[VGA_TEXT_SIZE];

	memset(m, 0, sizeof(*m));
	opt = (struct options){ .memory = RAM, .append = "", .name = "a name",
				.monitor = { [0] = { .qmp = true } }, .nmonitors = 1,
				.floppy = { [0] = { .file = "" } } };
	m->o = &opt;
	m->memory = (struct memory){ ram, RAM };
	m->pc.on = true;
	m->pc.firmware = true;
	m->pc.vga.ram = screen;
	m->pc.vga.text = text;
	m->pc.ide[0].chip = (struct ide){ .buffer = ide_buffer[0] };
	m->pc.ide[1].chip = (struct ide){ .buffer = ide_buffer[1] };
	drive(0, false);
	drive(2, true);
	fdc_attach(&m->pc.fdc, 0, NULL);
	m->monitors.count = 1;
	mon->machine = m;
	mon->o = &opt.monitor[0];
	fdset_init(&m->monitors.fds);
	input_init(m);
	line_len = 0;
	answers = 0;
	events = 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int steps = 0, i;
	u8 how;

	setup();
	how = input_take(&in, 1);
	mon->negotiated = how & 0x80;
	if (!(how & 3)) {
		bytes((const char *)in.p, in.left);
		check();
	}
	while (how & 3 && in.left && steps++ < 40) {
		switch (input_below(&in, 8)) {
		case 0:
			descriptor(&in);
			break;
		case 1:
			mon->negotiated = true;
			break;
		case 2:
			m->pc.ide[1].chip.drive[0].locked = input_take(&in, 1) & 1;
			break;
		default:
			command(&in);
			break;
		}
		check();
	}
	while (mon->npassed)
		close(mon->passed[--mon->npassed]);
	fdset_fini(&m->monitors.fds);
	for (i = 0; i < MAX_IDE; i++)
		if (m->pc.disk[i].io)
			disk_close(&m->pc.disk[i]);
	if (m->pc.floppy[0].io)
		disk_close(&m->pc.floppy[0]);
	/* Three of the process's own, and libFuzzer's. */
	i = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	REQUIRE(i < 16);
	close(i);
	return 0;
}
