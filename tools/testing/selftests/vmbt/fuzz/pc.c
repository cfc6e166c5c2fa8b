// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest against the whole of vmbt-run's PC, wired as it is.
 *
 * The input is a script of port accesses of any width and count, accesses to
 * where no memory is, stores to RAM, time that passes, keys, bytes on a serial
 * line, drives that finish or fail. The machine is vmbt-run's own from
 * machine_boot() on; what is replaced is the host: the VM, the event loop, the
 * clock, terminals, and the files behind drives.
 *
 * RAM lies between pages that nobody may touch. Memory slots must be whole
 * pages of what was allocated for them and never overlap; what a device says it
 * wrote must be RAM; a timer that went off must not be due again at once; and
 * the same script behind a reset must read the same, since a reset throws
 * everything away.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"

#include "machine.h"
#include "util.h"

#define RAM		(2ULL << 20)
#define GUARD		(64ULL << 20)
#define STEPS		300
#define SLOTS		32
#define REQUESTS	8
#define SECTORS		2880
#define ROM_SIZE	0x10000
#define START_NS	1000000000000ULL
#define START_WALL	1700000000000000000ULL

#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz/pc: %s\n", #cond);		\
		abort();						\
	}								\
} while (0)

static struct machine machine, *const m = &machine;
static struct options opt;
static struct input script;
static u8 *ram, *contents;
static u64 now, digest;

/* What was told, by all that the guest has read. */
static void note(const void *data, size_t len)
{
	const u8 *p = data;

	while (len--)
		digest = (digest ^ *p++) * 0x100000001b3ULL;
}

/* The host: util.c, loop.c, vcpu.c, chardev.c, monitor.c. */

void warn(const char *fmt, ...)
{
	(void)fmt;
}

__noreturn void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "fuzz/pc: the program ends: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

u64 now_ns(void)
{
	return now;
}

u64 wall_ns(void)
{
	return START_WALL + now - START_NS;
}

void loop_init(struct loop *loop, pthread_mutex_t *lock)
{
	*loop = (struct loop){ .lock = lock };
}

void loop_fini(struct loop *loop)
{
	(void)loop;
}

void loop_add_timer(struct loop *loop, struct loop_timer *t,
		    void (*expired)(void *arg, u64 now), void *arg)
{
	*t = (struct loop_timer){ .deadline = TIMER_OFF, .expired = expired, .arg = arg };
	REQUIRE(loop->ntimers < LOOP_TIMERS);
	loop->timer[loop->ntimers++] = t;
}

void loop_set_timer(struct loop *loop, struct loop_timer *t, u64 deadline)
{
	(void)loop;
	t->deadline = deadline;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

static bool run_timers(struct loop *loop)
{
	struct loop_timer *t;
	bool any = false;
	unsigned int i;

	for (i = 0; i < loop->ntimers; i++) {
		t = loop->timer[i];
		if (t->deadline > now)
			continue;
		t->deadline = TIMER_OFF;
		t->expired(t->arg, now);
		any = true;
	}
	return any;
}

/* Time does not pass: what goes on for ever is a loop at full speed. */
static void pass_time(u64 ns)
{
	unsigned int i;

	now += ns;
	for (i = 0; i < 4 && run_timers(&m->loop); i++)
		;
	REQUIRE(i < 4);
}

void vcpu_start(struct machine *machine)
{
	(void)machine;
}

void vcpu_join(struct machine *machine)
{
	(void)machine;
}

void vcpu_interrupt(struct machine *machine)
{
	REQUIRE(pic_intr(&machine->pic));
}

void vcpu_stop(struct machine *machine, bool stop)
{
	machine->vcpu.stopped = stop;
}

void vcpu_kick(struct machine *machine)
{
	(void)machine;
}

void chardev_open(struct chardev *c, struct loop *loop, const char *label, const char *where)
{
	(void)label;
	(void)where;
	c->loop = loop;
}

void chardev_close(struct chardev *c)
{
	(void)c;
}

void chardev_put(struct chardev *c, u8 byte)
{
	(void)c;
	note(&byte, 1);
}

void chardev_flush(struct chardev *c)
{
	(void)c;
}

void chardev_feed(struct chardev *c)
{
	(void)c;
}

void monitor_init(struct machine *machine)
{
	(void)machine;
}

void monitor_fini(struct machine *machine)
{
	(void)machine;
}

void display_init(struct machine *machine)
{
	(void)machine;
}

void display_start(struct machine *machine)
{
	(void)machine;
}

void display_fini(struct machine *machine)
{
	(void)machine;
}

void monitor_console(void *machine, u8 byte)
{
	(void)machine;
	(void)byte;
}

void qmp_event(struct machine *machine, const char *name, json_t *data)
{
	(void)machine;
	(void)name;
	json_decref(data);
}

void media_moved(struct machine *machine, unsigned int ide, bool open)
{
	(void)machine;
	REQUIRE(ide < MAX_IDE);
	note(&open, 1);
}

/* The VM. */

static struct {
	u64 gpa, size;
} slots[SLOTS];

static bool inside(const u8 *p, u64 size, const u8 *where, u64 whole)
{
	return p >= where && size <= whole && (u64)(p - where) <= whole - size;
}

int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	const struct pc *pc = &m->pc;
	u32 i;

	(void)vmm;
	REQUIRE(slot < SLOTS);
	if (!size) {
		REQUIRE(slots[slot].size);
		slots[slot].size = 0;
		return 0;
	}
	REQUIRE(!slots[slot].size && !((gpa | size | (u64)where) & 0xfff));
	REQUIRE(gpa + size <= 1ULL << 32);
	REQUIRE(inside(where, size, ram, RAM) ||
		(inside(where, size, pc->mem.rom, pc->mem.rom_size) && readonly) ||
		inside(where, size, pc->vga.ram, VGA_RAM) ||
		inside(where, size, pc->vga.text, VGA_TEXT_SIZE));
	for (i = 0; i < SLOTS; i++)
		REQUIRE(!slots[i].size || gpa >= slots[i].gpa + slots[i].size ||
			slots[i].gpa >= gpa + size);
	slots[slot].gpa = gpa;
	slots[slot].size = size;
	return 0;
}

int vmm_memory_written(struct vmm *vmm, u64 gpa, u64 size)
{
	(void)vmm;
	REQUIRE(gpa <= RAM && size <= RAM - gpa);
	REQUIRE(gpa + size <= MEMORY_LOW_END || gpa >= MEMORY_ROM);
	return 0;
}

void vmm_create(struct vmm *vmm, const char *device, bool chips)
{
	vmm->device = device;
	vmm->chips = chips;
}

void vmm_destroy(struct vmm *vmm)
{
	(void)vmm;
	memset(slots, 0, sizeof(slots));
}

int vmm_set_regs(struct vmm *vmm, const struct kvm_regs *regs, const struct kvm_sregs *sregs)
{
	(void)vmm;
	(void)regs;
	(void)sregs;
	return 0;
}

void vmm_irq_line(struct vmm *vmm, unsigned int irq, bool level)
{
	u8 what[2] = { irq, level };

	REQUIRE(vmm->chips && irq < 16);
	note(what, 2);
}

void vmm_set_a20(struct vmm *vmm, bool open)
{
	(void)vmm;
	note(&open, 1);
}

/* What the driver keeps back comes in any order and of any size. */
bool vmm_zone(struct vmm *vmm, u64 addr, u32 size, bool pio, bool add)
{
	(void)vmm;
	note(&addr, sizeof(addr));
	note(&size, sizeof(size));
	return pio == add;
}

bool vmm_set_pair(struct vmm *vmm, const struct vmbt_pair *pair)
{
	(void)vmm;
	note(pair, sizeof(*pair));
	return true;
}

void vmm_set_live(struct vmm *vmm, unsigned int pair, u32 value)
{
	(void)vmm;
	(void)pair;
	note(&value, sizeof(value));
}

bool vmm_late(struct vmm *vmm, struct kvm_coalesced_mmio *write)
{
	(void)vmm;
	(void)write;
	return false;
}

/* RAM that is not malloc's: --wrap puts these in the place of memory.c's. */
void __wrap_memory_create(struct memory *mem, u64 size);
void __wrap_memory_create(struct memory *mem, u64 size)
{
	REQUIRE(size == RAM);
	memset(ram, 0, RAM);
	*mem = (struct memory){ ram, RAM };
}

void __wrap_memory_destroy(struct memory *mem);
void __wrap_memory_destroy(struct memory *mem)
{
	*mem = (struct memory){ 0 };
}

/* Drives: all have the same contents, which each run finds as new. */

static struct disk_req *queue[REQUESTS];
static unsigned int queued;
static u8 written[SECTORS];

/* No drives of the host's. */
bool hostdrive_is(const char *path, enum disk_drive drive)
{
	(void)path;
	(void)drive;
	return false;
}

void hostdrive_open(struct hostdrive *h, struct disk *d, struct loop *loop, const char *path,
		    enum disk_drive drive, bool readonly)
{
	(void)h;
	(void)d;
	(void)loop;
	(void)path;
	(void)drive;
	(void)readonly;
	abort();
}

void hostdrive_power_on(struct hostdrive *h)
{
	(void)h;
	abort();
}

void hostdrive_lock(struct hostdrive *h, bool locked)
{
	(void)h;
	(void)locked;
	abort();
}

void hostdrive_motor(struct hostdrive *h, bool on)
{
	(void)h;
	(void)on;
	abort();
}

void media_host_changed(void *arg, struct hostdrive *h)
{
	(void)arg;
	(void)h;
	abort();
}

void disk_io_init(struct disk_io *io, struct loop *loop, enum sandbox_thread kind)
{
	(void)kind;
	*io = (struct disk_io){ .loop = loop };
}

void disk_io_drain(struct disk_io *io)
{
	(void)io;
	queued = 0;
}

void disk_io_fini(struct disk_io *io)
{
	(void)io;
}

void disknbd_prepare(void)
{
}

void disk_open(struct disk *d, struct disk_io *io, const char *path, const struct disk_how *how)
{
	*d = (struct disk){ .io = io, .path = strdup(path), .readonly = how->readonly,
			    .overlay = -1, .sectors = SECTORS };
}

void disk_close(struct disk *d)
{
	*d = (struct disk){ .fd = -1 };
}

void disk_submit(struct disk_req *r)
{
	REQUIRE(queued < REQUESTS && !r->busy && r->disk && r->disk->io);
	r->busy = true;
	queue[queued++] = r;
}

static void new_contents(u64 sector)
{
	memset(contents + sector * DISK_SECTOR, sector * 7, DISK_SECTOR);
	written[sector] = false;
}

static int perform(const struct disk_req *r)
{
	u8 *at = contents + r->sector * DISK_SECTOR;

	if (r->op == DISK_FLUSH)
		return 0;
	if (r->sector > SECTORS || r->count > SECTORS - r->sector)
		return -EINVAL;
	if (r->op == DISK_READ) {
		memcpy(r->buf, at, r->count * DISK_SECTOR);
		return 0;
	}
	if (r->disk->readonly)
		return -EROFS;
	memcpy(at, r->buf, r->count * DISK_SECTOR);
	memset(written + r->sector, true, r->count);
	return 0;
}

static void finish_request(bool fails)
{
	struct disk_req *r = queue[0];
	int rc;

	if (!queued)
		return;
	rc = fails ? -EIO : perform(r);
	memmove(queue, queue + 1, --queued * sizeof(*queue));
	r->busy = false;
	r->done(r->arg, rc);
}

/* A network of frames that are in the guest's memory. */

static struct net network;
static unsigned int waiting;

struct net *net_open(struct loop *loop, const struct netdev *o)
{
	(void)o;
	network.loop = loop;
	return &network;
}

void net_start(struct net *n)
{
	(void)n;
}

void net_close(struct net *n)
{
	(void)n;
}

bool net_send(struct net *n, const u8 *frame, u32 len)
{
	(void)n;
	REQUIRE(len && len <= NET_FRAME);
	note(frame, len);
	return len % 16 != 5;
}

const u8 *net_peek(struct net *n, u32 *len)
{
	*len = 14 + waiting % (NET_FRAME - 13);
	memcpy(n->in.frame[0], ram + 0x8000, *len);
	return waiting ? n->in.frame[0] : NULL;
}

void net_drop(struct net *n)
{
	(void)n;
	waiting /= 2;
}

/* The guest. */

static u16 known_port(u8 n)
{
	static const struct {
		u16 port, count;
	} range[] = {
		{ 0x00, 16 }, { 0x20, 2 }, { 0x40, 4 }, { 0x60, 2 }, { 0x64, 1 },
		{ 0x70, 2 }, { 0x80, 16 }, { 0x92, 1 }, { 0xa0, 2 }, { 0xb2, 2 },
		{ 0xc0, 32 }, { 0x170, 8 }, { 0x1ce, 3 }, { 0x1f0, 8 }, { 0x2f8, 8 },
		{ 0x376, 1 }, { 0x3b0, 48 }, { 0x3f0, 8 }, { 0x3f8, 8 }, { 0x402, 1 },
		{ 0x4d0, 2 }, { 0x510, 2 }, { 0xcf8, 8 }, { 0xc000, 16 },
		{ 0xb000, 56 },
	};
	u32 i = 0, at = n;

	while (at >= range[i].count) {
		at -= range[i].count;
		i = (i + 1) % ARRAY_SIZE(range);
	}
	return range[i].port + at;
}

static void port_io(bool out, u16 port, unsigned int size, unsigned int count, u32 val)
{
	u8 *data = malloc(size * count);
	unsigned int i;

	for (i = 0; i < size * count; i++)
		data[i] = out ? (val >> 8 * (i & 3)) + i / 4 : 0xcc;
	bus_io(&m->bus, out, port, size, count, data);
	if (!out)
		note(data, size * count);
	free(data);
}

/* Where something may be: the display's window, ROM, a BAR, anywhere. */
static void mmio(bool write, u8 how, unsigned int len, u32 val)
{
	u8 *data = malloc(len);
	u64 gpa = val;

	if ((how & 0xc0) == 0)
		gpa = 0xa0000 + val % 0x20000;
	else if ((how & 0xc0) == 0x40)
		gpa = 0xc0000 + val % 0x40000;
	else if ((how & 0xc0) == 0x80)
		gpa = 0xfebf0000 + val % 0x1010;
	memset(data, how * 5, len);
	pc_mmio(m, gpa, data, len, write);
	if (!write)
		note(data, len);
	free(data);
}

/* An address and its data: one in a million inputs would have both. */
static void pci_config(u8 where, u32 val, unsigned int size)
{
	static const u8 devfn[] = { 0, 8, 9, 11, 16 };
	static const u8 reg[] = { 0x04, 0x10, 0x18, 0x20, 0x24, 0x3c, 0x40, 0x58, 0x5a,
				  0x5c, 0x60, 0x70, 0x80 };
	u8 at = reg[where / 5 % ARRAY_SIZE(reg)];

	port_io(true, 0xcf8, 4, 1, 0x80000000U | devfn[where % 5] << 8 | (at & ~3U));
	port_io(true, 0xcfc + (at & 3), at & 3 ? 1 : size, 1, val);
	port_io(false, 0xcfc, 4, 1, 0);
}

/* What takes a driver a dozen accesses in order; the input says where to. */

static void out8(u16 port, u8 val)
{
	port_io(true, port, 1, 1, val);
}

static void pci_on(u8 which, u32 bar)
{
	static const struct {
		u8 devfn, reg;
		u32 mask, set;
	} f[] = {
		{ 9, 0x20, 0xfff0, 0 }, { 11, 0x40, 0xffc0, 0 }, { 16, 0x10, 0xff000000, 0 },
		{ 16, 0x18, 0xfffff000, 0 }, { 9, 0x20, 0, 0xc000 }, { 11, 0x40, 0, 0xb000 },
		{ 16, 0x18, 0, 0xfebf0000 },
	};
	u8 n = which % ARRAY_SIZE(f);
	u32 at = 0x80000000U | f[n].devfn << 8;

	port_io(true, 0xcf8, 4, 1, at | f[n].reg);
	port_io(true, 0xcfc, 4, 1, (bar & f[n].mask) | f[n].set);
	port_io(true, 0xcf8, 4, 1, at | 4);
	port_io(true, 0xcfc, 2, 1, 7);
	port_io(true, 0xcf8, 4, 1, at | 0x80);
	port_io(true, 0xcfc, 1, 1, 1);
}

/* A transfer by the bus master: descriptors at 1000h, the first names @gpa. */
static void ide_dma(u8 how, u32 gpa)
{
	u16 base = how & 1 ? 0x170 : 0x1f0, bm = 0xc000 + (how & 1) * 8;
	static const u8 command[] = { 0xc8, 0xca, 0x25, 0x35 };
	u32 prd[2] = { gpa, (how & 2 ? 0x80000000U : 0) | (how >> 4) << 9 };

	pci_on(4, 0);
	memcpy(ram + 0x1000, prd, sizeof(prd));
	port_io(true, bm + 4, 4, 1, 0x1000);
	out8(base + 6, 0xe0);
	out8(base + 2, 1 + (how >> 5));
	out8(base + 3, how);
	out8(base + 4, 0);
	out8(base + 5, 0);
	out8(base + 7, command[how >> 2 & 3]);
	out8(bm, 1 | (how & 4 ? 0 : 8));
	finish_request(false);
}

static void cd_packet(u8 op, u32 lba)
{
	unsigned int i;

	out8(0x176, 0xa0);
	out8(0x171, op & 1);
	out8(0x174, 0);
	out8(0x175, 8);
	out8(0x177, 0xa0);
	out8(0x170, 0x28);
	for (i = 1; i < 12; i++)
		out8(0x170, i >= 2 && i < 6 ? lba >> 8 * (5 - i) : i == 8 ? op >> 5 : 0);
	finish_request(false);
}

static void floppy_dma(u8 how, u32 gpa)
{
	const u8 command[] = { how & 1 ? 0xe6 : 0xc5, how & 4, how >> 3 & 15, how >> 2 & 1,
			       1 + (how >> 5), 2, 18, 0x1b, 0xff };
	unsigned int i;

	out8(0x3f2, 0x1c);
	out8(0x3f7, how == 0xff ? 2 : 0);
	out8(0x0c, 0);
	out8(0x0b, how & 1 ? 0x46 : 0x4a);
	out8(0x04, gpa);
	out8(0x04, gpa >> 8);
	out8(0x81, gpa >> 16);
	out8(0x05, 0xff);
	out8(0x05, how >> 6);
	out8(0x0a, 2);
	for (i = 0; i < sizeof(command); i++)
		out8(0x3f5, command[i]);
	finish_request(false);
}

static void clocks(u8 how, u32 val)
{
	if (how & 1) {
		out8(0x43, how & 0x3e);
		out8(0x40, val);
		out8(0x40, val >> 8);
		return;
	}
	out8(0x70, 0x0a);
	out8(0x71, val);
	out8(0x70, 0x0b);
	out8(0x71, val >> 8);
}

static void routine(u8 sel, u32 val)
{
	switch (sel & 7) {
	case 0 ... 1:
		pci_on(sel >> 3, val);
		break;
	case 2 ... 3:
		ide_dma(sel >> 2, val);
		break;
	case 4:
		cd_packet(sel >> 3, val);
		break;
	case 5 ... 6:
		floppy_dma(sel, val);
		break;
	default:
		clocks(sel >> 3, val);
		break;
	}
}

/* The card where it can be found at once, and what comes to it. */
static void card(u8 sel, u32 val, unsigned int size)
{
	u16 base = m->pc.nics.card[0].io;

	if (!base) {
		port_io(true, 0xcf8, 4, 1, 0x80001810);
		port_io(true, 0xcfc, 4, 1, 0xc020);
		port_io(true, 0xcf8, 4, 1, 0x80001804);
		port_io(true, 0xcfc, 1, 1, 7);
	} else if (sel < 0xa0) {
		port_io(true, base + (sel & 31), size, 1, val);
	} else if (sel < 0xc0) {
		port_io(false, base + (sel & 31), size, 1, 0);
	} else {
		waiting = val & 0xffff;
		network.ready(network.arg);
	}
}

/* A front end that looks whether it is told what is so. */
static void shown(struct display *d)
{
	REQUIRE(d->width && d->height && d->width <= VGA_MAX_WIDTH && d->height <= VGA_MAX_HEIGHT);
}

static void new_part(struct display *d, const struct rect *r)
{
	REQUIRE(r->width && r->height && r->x + r->width <= d->width &&
		r->y + r->height <= d->height);
	note(d->pixel + (size_t)r->y * d->width + r->x, r->width * sizeof(u32));
}

static const struct frontend watcher = {
	.resize = shown, .update = new_part, .flush = shown,
};

static void front_end(void)
{
	static struct picture p;
	static struct display d;

	if (!p.seen)
		REQUIRE(picture_init(&p, &d));
	/* The same script tells the same: begin anew. */
	p.drawn = false;
	vga_view(&m->pc.vga, &p.fresh);
	picture_refresh(&p, &d, &watcher);
	REQUIRE(!picture_refresh(&p, &d, &watcher));
}

static void picture(void)
{
	static u8 rgb[200000 * 3];
	static struct vga_text t;
	unsigned int width, height;

	vga_get_text(&m->pc.vga, &t);
	vga_size(&m->pc.vga, &width, &height);
	if (width * height > 200000)
		return;
	vga_draw(&m->pc.vga, rgb, width, height);
	front_end();
	note(rgb, (size_t)width * height * 3);
}

static void serial_byte(struct serial *s, u8 byte)
{
	if (!s->present)
		return;
	if (s->line.room(s->line.arg))
		s->line.receive(s->line.arg, byte);
	else
		s->line.idle(s->line.arg);
}

static void step(u8 op, u8 sel, u32 val)
{
	unsigned int size = 1 << (op >> 5) % 3;
	u8 vector;

	switch (op & 31) {
	case 0 ... 9:
		port_io(true, known_port(sel), size, 1, val);
		break;
	case 10 ... 14:
		port_io(false, known_port(sel), size, 1, 0);
		break;
	case 15:
	case 16:
		port_io(op & 1, known_port(sel), size, val % 1025, val);
		break;
	case 17:
		port_io(sel & 1, val >> 16, size, 1, val);
		break;
	case 18:
	case 19:
		mmio(op & 1, sel, 1 + (op >> 5), val);
		break;
	case 20:
		pass_time((u64)(val & 0xffff) << (sel & 31));
		break;
	case 21:
	case 22:
		finish_request(!sel);
		break;
	case 23:
		if (val & 4)
			i8042_move(&m->kbd, (int)val >> 8, (s8)val, (s8)(val >> 4), sel);
		else
			i8042_key(&m->kbd, sel, val & 1, val & 2);
		break;
	case 24:
		serial_byte(&m->serial[sel & 1], val);
		break;
	case 25:
		if (pic_intr(&m->pic)) {
			vector = irq_ack(m);
			note(&vector, 1);
		}
		break;
	case 26:
		memcpy(ram + val % (RAM - 4), &val, 4);
		break;
	case 27:
	case 28:
		memcpy(ram + sel * 4, &val, 4);
		break;
	case 29:
		if (op & 0x80)
			picture();
		else
			card(sel, val, size);
		break;
	case 30:
		pci_config(sel, val, size);
		break;
	default:
		routine(sel, val);
		break;
	}
}

/* Where the next bytes of a transfer go: the buffer is not malloc's. */
static void check_buffers(void)
{
	const struct ide *c;
	unsigned int i;

	for (i = 0; i < IDE_CHANNELS; i++) {
		c = &m->pc.ide[i].chip;
		if (c->phase == IDE_IN || c->phase == IDE_OUT)
			REQUIRE(c->pos <= c->block_end && c->block_end <= IDE_CHUNK);
	}
}

/* In the place of the loop's: the whole life of the machine. */
void loop_run(struct loop *loop)
{
	unsigned int i;
	u8 op, sel;

	for (i = 0; i < STEPS && script.left >= 6 && !loop->stop; i++) {
		op = input_take(&script, 1);
		sel = input_take(&script, 1);
		step(op, sel, input_take(&script, 4));
		check_buffers();
	}
}

static void setup(void)
{
	static char bios[32];
	static u8 rom[ROM_SIZE];
	int fd = memfd_create("bios", 0);
	u64 i;

	ram = mmap(NULL, RAM + 2 * GUARD, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(ram != MAP_FAILED && fd >= 0);
	ram += GUARD;
	REQUIRE(!mprotect(ram, RAM, PROT_READ | PROT_WRITE));
	contents = malloc(SECTORS * DISK_SECTOR);
	for (i = 0; i < SECTORS; i++)
		new_contents(i);
	memset(rom, 0xea, sizeof(rom));
	REQUIRE(write(fd, rom, sizeof(rom)) == sizeof(rom));
	snprintf(bios, sizeof(bios), "/proc/self/fd/%d", fd);
	opt = (struct options){
		.memory = RAM, .append = "", .device = "the VM", .bios = bios,
		.serial = { "a", "b" }, .debugcon = "c",
		.ide = { [0] = { .file = "disk" }, [2] = { .file = "cd", .cd = true } },
		.floppy = { [0] = { .file = "floppy" } }, .boot_order = "c",
		.netdev = { [0] = { .kind = NET_USER } }, .nnetdevs = 1,
		.nic = { [0] = { .netdev = &opt.netdev[0] } }, .nnics = 1,
	};
	machine_init(m, &opt);
}

static u64 run(const u8 *data, size_t size)
{
	u64 i;

	script = (struct input){ data, size };
	opt.user_chips = input_take(&script, 1) & 1;
	now = START_NS;
	digest = 0;
	waiting = 0;
	for (i = 0; i < SECTORS; i++)
		if (written[i])
			new_contents(i);
	machine_boot(m);
	machine_off(m);
	return digest;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 before[RAM];
	u64 first;

	if (!ram)
		setup();
	first = run(data, size);
	memcpy(before, ram, RAM);
	REQUIRE(run(data, size) == first && !memcmp(before, ram, RAM));
	return 0;
}
