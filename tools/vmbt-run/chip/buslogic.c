// SPDX-License-Identifier: GPL-2.0
/*
 * BusLogic's BT-958, a SCSI host adapter for PCI: its registers and commands.
 *
 * Written from what drivers of the MultiMaster family say about it, Linux's BusLogic.h
 * above all, and from Adaptec's manual of the AHA-1540, whose commands it has too. There
 * are four registers: control and status, commands and their data, interrupts, and
 * geometry. The same four may be at an ISA address that a guest chooses (MODIFY I/O
 * ADDRESS). What the adapter does in memory is buslogicmb.c's. Its own BIOS is not
 * there, nor are the commands that only that uses; like that BIOS it starts as bus
 * master, which the drivers expect.
 *
 * Interrupts come one cause at a time: another one waits until the guest has reset
 * the register. Otherwise drivers that look at one bit would lose the other.
 */
#include "buslogic.h"

#define PCI_ID		0x1040104b
#define PCI_CLASS_REV	0x01000008
#define STATUS_MEDIUM	0x02	/* these two in the high byte of the PCI status */
#define STATUS_RMABORT	0x20

#define REG_CONTROL	0
#define REG_DATA	1
#define REG_INTERRUPT	2
#define REG_GEOMETRY	3

#define CTL_HARD	0x80
#define CTL_SOFT	0x40
#define CTL_INTERRUPT	0x20
#define CTL_BUS		0x10

#define ST_DIAGNOSTIC	0x80
#define ST_INIT		0x20
#define ST_READY	0x10
#define ST_DATA_IN	0x04
#define ST_INVALID	0x01

#define GEOMETRY_EXTENDED 0x80
#define GEOMETRY_255X63	3

#define CMD_INIT_MAILBOX	0x01
#define CMD_EXEC_MAILBOX	0x02
#define CMD_BOARD_ID		0x04
#define CMD_ROOM_INTERRUPT	0x05
#define CMD_DEVICES_0_7		0x0a
#define CMD_CONFIGURATION	0x0b
#define CMD_SETUP		0x0d
#define CMD_WRITE_RAM		0x1a
#define CMD_READ_RAM		0x1b
#define CMD_WRITE_FIFO		0x1c
#define CMD_READ_FIFO		0x1d
#define CMD_ECHO		0x1f
#define CMD_SET_OPTIONS		0x21
#define CMD_DEVICES_8_15	0x23
#define CMD_DEVICES		0x24
#define CMD_ENABLE_INTERRUPT	0x25
#define CMD_INIT_EXTENDED	0x81
#define CMD_FIRMWARE_DIGIT	0x84
#define CMD_FIRMWARE_LETTER	0x85
#define CMD_PCI_INFO		0x86
#define CMD_MODEL		0x8b
#define CMD_SYNC_PERIOD		0x8c
#define CMD_EXTENDED_SETUP	0x8d
#define CMD_STRICT		0x8f
#define CMD_STORE_RAM		0x90
#define CMD_FETCH_RAM		0x91
#define CMD_MODIFY_IO		0x95
#define CMD_CCB_FORMAT		0x96
#define CMD_WRITE_INQUIRY	0x9a
#define CMD_READ_INQUIRY	0x9b

#define ISA_NONE	6
#define AUTOSCSI	64	/* where the settings are in the adapter's RAM */
#define FIFO_BYTES	54
#define SG_LIMIT	8192
#define HOST_BUS_RESET	0x22

/* Commands, and how many parameters each takes; no others are valid. */
static const struct {
	u8 command;
	u8 params;
} commands[] = {
	{ 0x00, 0 }, { CMD_INIT_MAILBOX, 4 }, { CMD_BOARD_ID, 0 }, { CMD_ROOM_INTERRUPT, 1 },
	{ 0x06, 4 }, { 0x07, 1 }, { 0x08, 1 }, { 0x09, 1 },	/* timing */
	{ CMD_DEVICES_0_7, 0 }, { CMD_CONFIGURATION, 0 }, { CMD_SETUP, 1 },
	{ CMD_WRITE_RAM, 3 }, { CMD_READ_RAM, 3 }, { CMD_WRITE_FIFO, 3 }, { CMD_READ_FIFO, 3 },
	{ CMD_ECHO, 1 }, { 0x20, 0 }, { CMD_SET_OPTIONS, 1 }, { CMD_DEVICES_8_15, 0 },
	{ CMD_DEVICES, 0 }, { CMD_ENABLE_INTERRUPT, 1 }, { CMD_INIT_EXTENDED, 5 },
	{ CMD_FIRMWARE_DIGIT, 0 }, { CMD_FIRMWARE_LETTER, 0 }, { CMD_PCI_INFO, 0 },
	{ CMD_MODEL, 1 }, { CMD_SYNC_PERIOD, 1 }, { CMD_EXTENDED_SETUP, 1 }, { CMD_STRICT, 1 },
	{ CMD_STORE_RAM, 2 }, { CMD_FETCH_RAM, 2 }, { CMD_MODIFY_IO, 1 }, { CMD_CCB_FORMAT, 1 },
	{ CMD_WRITE_INQUIRY, 3 }, { CMD_READ_INQUIRY, 3 },
};

static const u16 isa_port[] = { 0x330, 0x334, 0x230, 0x234, 0x130, 0x134, 0, 0 };

static void update(struct buslogic *b)
{
	bool level = b->enabled && b->intr & BL_INT_VALID;

	if (level == b->line)
		return;
	b->line = level;
	b->set_irq(b->arg, level);
}

/* Something happened that the guest is to be told. */
void bl_interrupt(struct buslogic *b, u8 cause)
{
	if (b->intr & BL_INT_VALID && !(b->intr & cause))
		b->pending |= cause;
	else
		b->intr |= cause | BL_INT_VALID;
	update(b);
}

static void reset_interrupt(struct buslogic *b)
{
	u8 next = b->pending & -b->pending;

	b->pending &= ~next;
	b->intr = next ? next | BL_INT_VALID : 0;
	update(b);
}

/* No memory answered the bus master. */
void bl_master_abort(struct buslogic *b)
{
	b->pci.config[PCI_STATUS + 1] |= STATUS_RMABORT;
}

/* The command in the register has ended. */
static void command_end(struct buslogic *b, bool valid)
{
	b->status |= ST_READY;
	b->status &= ~ST_DATA_IN;
	if (!valid)
		b->status |= ST_INVALID;
	b->nparams = 0;
	b->want = 0;
	b->nreply = 0;
	/* These two have no interrupt, so that they need none of a driver's attention. */
	if (b->command == CMD_MODIFY_IO || (valid && b->command == CMD_ROOM_INTERRUPT))
		return;
	bl_interrupt(b, BL_INT_CMDC);
}

static void reply(struct buslogic *b, const void *data, u32 have, u32 wanted)
{
	memset(b->reply, 0, sizeof(b->reply));
	memcpy(b->reply, data, have < wanted ? have : wanted);
	b->nreply = wanted;
	b->at = 0;
	if (wanted)
		b->status |= ST_DATA_IN;
	else
		command_end(b, true);
}

static void put32(u8 *p, u32 val)
{
	p[0] = val;
	p[1] = val >> 8;
	p[2] = val >> 16;
	p[3] = val >> 24;
}

static u32 be24(const u8 *p)
{
	return p[0] << 16 | p[1] << 8 | p[2];
}

static u16 present(const struct buslogic *b)
{
	unsigned int i;
	u16 map = 0;

	for (i = 0; i < BL_TARGETS; i++)
		map |= b->target[i].disk ? BIT(i) : 0;
	return map;
}

/* Each target has one logical unit. */
static void devices(struct buslogic *b, unsigned int from)
{
	u8 r[8];
	unsigned int i;

	for (i = 0; i < 8; i++)
		r[i] = b->target[from + i].disk ? 1 : 0;
	reply(b, r, sizeof(r), sizeof(r));
}

static void configuration(struct buslogic *b)
{
	u8 irq = b->pci.config[PCI_INT_LINE];
	u8 r[3] = { 0, irq >= 9 && irq <= 15 ? BIT(irq - 9) : 0, BL_ID };

	reply(b, r, sizeof(r), sizeof(r));
}

static void setup(struct buslogic *b)
{
	u16 map = present(b);
	u8 r[34] = { 0 };
	unsigned int i;

	r[0] = 0x03;			/* synchronous, parity */
	r[4] = b->mailboxes;
	r[5] = b->base >> 16;
	r[6] = b->base >> 8;
	r[7] = b->base;
	for (i = 0; i < BL_TARGETS; i++)
		if (map & BIT(i))
			r[i < 8 ? 8 + i : 22 + i - 8] = 0x80 | 15;
	r[16] = 0xff;
	r[17] = 'B';
	r[18] = 'D';
	r[19] = 'F';
	r[20] = 0xff;
	r[21] = map;
	r[30] = 0xff;
	r[32] = 0xff;
	r[33] = map >> 8;
	reply(b, r, sizeof(r), b->params[0]);
}

static void extended_setup(struct buslogic *b)
{
	u8 r[14] = { 'E', 0, SG_LIMIT & 0xff, SG_LIMIT >> 8 };

	r[4] = b->mailboxes;
	put32(r + 5, b->base);
	r[9] = 0x40;			/* level-triggered */
	memcpy(r + 10, "07B", 3);
	r[13] = 0x01 | 0x08 | 0x10;	/* wide, ultra, smart termination */
	reply(b, r, sizeof(r), b->params[0]);
}

static void sync_period(struct buslogic *b)
{
	u16 map = present(b);
	u8 r[BL_TARGETS];
	unsigned int i;

	for (i = 0; i < BL_TARGETS; i++)
		r[i] = map & BIT(i) ? 5 : 0;	/* 50 ns */
	reply(b, r, sizeof(r), b->params[0]);
}

static void pci_info(struct buslogic *b)
{
	u8 r[4] = { b->isa, b->pci.config[PCI_INT_LINE], 0x83 };	/* terminated */

	reply(b, r, sizeof(r), sizeof(r));
}

static void init_mailboxes(struct buslogic *b, u8 count, u32 base, bool wide)
{
	b->wide = wide;
	b->mailboxes = count;
	b->base = base;
	b->out = 0;
	b->in = 0;
	b->more = false;
	b->posts = 0;
	b->strict = false;
	if (count)
		b->status &= ~ST_INIT;
	command_end(b, count);
}

/* The guest tries whether memory and bus work: what it writes it reads back. */
static void buffer(struct buslogic *b, unsigned int n, u32 len, bool to_guest)
{
	bool ok = b->memory(b->arg, be24(b->params), b->buffer[n], len, to_guest);

	if (!ok)
		bl_master_abort(b);
	command_end(b, ok);
}

static void fetch_ram(struct buslogic *b)
{
	u32 from = b->params[0], count = b->params[1];

	if (from + count > BL_RAM)
		command_end(b, false);
	else
		reply(b, b->ram + from, count, count);
}

static void store_ram(struct buslogic *b)
{
	u32 from = b->params[0], count = b->params[1];

	if (from + count > BL_RAM) {
		command_end(b, false);
		return;
	}
	memcpy(b->ram + from, b->params + 2, count);
	command_end(b, true);
}

static void modify_io(struct buslogic *b)
{
	bool valid = b->params[0] < ARRAY_SIZE(isa_port);

	if (valid) {
		b->isa = b->params[0];
		b->isa_moved(b->arg, isa_port[b->isa]);
	}
	command_end(b, valid);
}

/* A value that is 0 or 1. */
static void set_bool(struct buslogic *b, bool *where)
{
	bool valid = b->params[0] <= 1;

	if (valid)
		*where = b->params[0];
	command_end(b, valid);
}

/* All parameters are there. */
static void execute(struct buslogic *b)
{
	const u8 *p = b->params;
	u16 map;

	switch (b->command) {
	case CMD_INIT_MAILBOX:
		init_mailboxes(b, p[0], be24(p + 1), false);
		break;
	case CMD_INIT_EXTENDED:
		init_mailboxes(b, p[0], p[1] | p[2] << 8 | p[3] << 16 | (u32)p[4] << 24, true);
		break;
	case CMD_BOARD_ID:
		reply(b, "AA50", 4, 4);
		break;
	case CMD_FIRMWARE_DIGIT:
		reply(b, "7", 1, 1);
		break;
	case CMD_FIRMWARE_LETTER:
		reply(b, "B", 1, 1);
		break;
	case CMD_MODEL:
		reply(b, "958  ", 5, p[0]);
		break;
	case CMD_DEVICES_0_7:
		devices(b, 0);
		break;
	case CMD_DEVICES_8_15:
		devices(b, 8);
		break;
	case CMD_DEVICES:
		map = present(b);
		reply(b, (u8[]){ map, map >> 8 }, 2, 2);
		break;
	case CMD_CONFIGURATION:
		configuration(b);
		break;
	case CMD_SETUP:
		setup(b);
		break;
	case CMD_EXTENDED_SETUP:
		extended_setup(b);
		break;
	case CMD_SYNC_PERIOD:
		sync_period(b);
		break;
	case CMD_PCI_INFO:
		pci_info(b);
		break;
	case CMD_ECHO:
		reply(b, p, 1, 1);
		break;
	case CMD_WRITE_RAM:
	case CMD_READ_RAM:
		buffer(b, 0, BL_BUFFER, b->command == CMD_READ_RAM);
		break;
	case CMD_WRITE_FIFO:
	case CMD_READ_FIFO:
		buffer(b, 1, FIFO_BYTES, b->command == CMD_READ_FIFO);
		break;
	case CMD_WRITE_INQUIRY:
	case CMD_READ_INQUIRY:
		buffer(b, 2, BL_BUFFER, b->command == CMD_READ_INQUIRY);
		break;
	case CMD_FETCH_RAM:
		fetch_ram(b);
		break;
	case CMD_STORE_RAM:
		store_ram(b);
		break;
	case CMD_MODIFY_IO:
		modify_io(b);
		break;
	case CMD_ROOM_INTERRUPT:
		set_bool(b, &b->room_interrupt);
		break;
	case CMD_ENABLE_INTERRUPT:
		set_bool(b, &b->enabled);
		break;
	case CMD_STRICT:
		set_bool(b, &b->strict);
		break;
	case CMD_CCB_FORMAT:
		set_bool(b, &b->extended);
		break;
	default:		/* timing and self test: nothing to be done */
		command_end(b, true);
		break;
	}
}

static void start_command(struct buslogic *b, u8 command)
{
	unsigned int i;

	b->status &= ~ST_INVALID;
	/* This one has neither parameters nor an end, and comes at any time. */
	if (command == CMD_EXEC_MAILBOX) {
		if (b->mailboxes) {
			bl_post(b);
			bl_start(b);
		}
		return;
	}
	b->command = command;
	b->status &= ~ST_READY;
	b->nparams = 0;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].command == command)
			break;
	if (i == ARRAY_SIZE(commands)) {
		command_end(b, false);
		return;
	}
	b->want = commands[i].params;
	if (!b->want)
		execute(b);
}

static void write_data(struct buslogic *b, u8 val)
{
	if (!b->want) {
		/* While a reply is read nothing else is understood. */
		if (b->status & ST_READY)
			start_command(b, val);
		return;
	}
	b->params[b->nparams++] = val;
	/* Two have their number of parameters among them. */
	if (b->command == CMD_SET_OPTIONS && b->nparams == 1)
		b->want = val + 1U;
	if (b->command == CMD_STORE_RAM && b->nparams == 2)
		b->want = val + 2U;
	if (b->nparams < b->want)
		return;
	b->want = 0;
	execute(b);
}

static u8 read_data(struct buslogic *b)
{
	u8 val;

	if (!(b->status & ST_DATA_IN))
		return 0;
	val = b->reply[b->at++ % BL_REPLY];
	if (b->at == b->nreply)
		command_end(b, true);
	return val;
}

static void bus_reset(struct buslogic *b, u8 status)
{
	unsigned int i;

	bl_end_commands(b, BL_TARGETS, status);
	for (i = 0; i < BL_TARGETS; i++)
		scsi_disk_reset(&b->target[i]);
}

static void set_ram(struct buslogic *b)
{
	u8 *a = b->ram + AUTOSCSI;
	unsigned int i;

	memset(b->ram, 0, sizeof(b->ram));
	memcpy(a, "FA", 2);
	a[2] = 64;
	memcpy(a + 3, "BT-958", 6);
	a[10] = 0x04;			/* level-triggered */
	a[14] = BL_ID;
	a[15] = 0x27;			/* terminated, parity, a reset resets the bus */
	for (i = 19; i < 29; i++)	/* wide, fast, synchronous, with disconnection */
		a[i] = 0xff;
	a[34] = 0xff;			/* Ultra */
	a[35] = 0xff;
}

/* What both kinds of reset do. */
static void soft_reset(struct buslogic *b)
{
	bl_end_commands(b, BL_TARGETS, 0);
	b->status = ST_READY | ST_INIT;
	b->reset_seen = 1;
	b->intr = 0;
	b->pending = 0;
	b->enabled = true;
	b->command = 0;
	b->nparams = 0;
	b->want = 0;
	b->nreply = 0;
	b->at = 0;
	b->mailboxes = 0;
	b->base = 0;
	b->out = 0;
	b->in = 0;
	b->more = false;
	b->posts = 0;
	b->post_at = 0;
	b->wide = false;
	b->strict = false;
	b->room_interrupt = false;
	b->extended = false;
	update(b);
}

/**
 * buslogic_read() - the guest reads a register
 * @b: the adapter
 * @reg: its offset, below BL_PORTS
 *
 * Return: the byte.
 */
u8 buslogic_read(struct buslogic *b, unsigned int reg)
{
	u8 val;

	switch (reg) {
	case REG_CONTROL:
		/* A self test that is over at once, but seen. */
		if (b->reset_seen) {
			b->reset_seen = 0;
			return ST_DIAGNOSTIC;
		}
		return b->status;
	case REG_DATA:
		return read_data(b);
	case REG_INTERRUPT:
		return b->intr;
	default:
		val = GEOMETRY_EXTENDED;
		val |= b->target[0].disk ? GEOMETRY_255X63 : 0;
		val |= b->target[1].disk ? GEOMETRY_255X63 << 2 : 0;
		return val;
	}
}

/**
 * buslogic_write() - the guest writes a register
 * @b: the adapter
 * @reg: its offset, below BL_PORTS
 * @val: the byte
 */
void buslogic_write(struct buslogic *b, unsigned int reg, u8 val)
{
	if (reg == REG_DATA) {
		write_data(b, val);
		return;
	}
	if (reg != REG_CONTROL)
		return;
	if (val & CTL_HARD)
		bus_reset(b, 0);
	if (val & (CTL_HARD | CTL_SOFT)) {
		soft_reset(b);
		return;
	}
	if (val & CTL_BUS)
		bus_reset(b, HOST_BUS_RESET);
	if (val & CTL_INTERRUPT) {
		reset_interrupt(b);
		bl_post(b);
	}
}

/**
 * buslogic_waits() - does it have to be tried again whether the guest made room?
 * @b: the adapter
 *
 * Return: whether buslogic_retry() is to be called soon.
 */
bool buslogic_waits(const struct buslogic *b)
{
	return b->posts;
}

/**
 * buslogic_retry() - try again
 * @b: the adapter
 */
void buslogic_retry(struct buslogic *b)
{
	bl_post(b);
	if (b->more)
		bl_start(b);
}

/**
 * buslogic_init() - what a reset leaves alone
 * @b: the adapter
 * @buffers: SCSI_CHUNK bytes for each slot
 */
void buslogic_init(struct buslogic *b, u8 *buffers)
{
	unsigned int i;

	for (i = 0; i < BL_SLOTS; i++) {
		b->slot[i].cmd.buf = buffers + i * SCSI_CHUNK;
		b->slot[i].adapter = b;
		b->slot[i].busy = false;
	}
	for (i = 0; i < BL_TARGETS; i++)
		b->target[i].id = i;
}

/**
 * buslogic_reset() - power-on state
 * @b: the adapter after buslogic_init(), without a command under way, with its
 *	functions, those of @pci, and its targets' disks filled in
 */
void buslogic_reset(struct buslogic *b)
{
	struct pci_func *f = &b->pci;
	unsigned int i;

	pci_func_init(f, PCI_ID, PCI_CLASS_REV);
	pci_func_bar(f, 0, BL_PORTS, PCI_BAR_IO);
	pci_func_bar(f, 1, 4096, 0);
	f->config[PCI_COMMAND] |= PCI_CMD_MASTER;
	f->config[PCI_STATUS + 1] = STATUS_MEDIUM;
	f->config[PCI_INT_PIN] = 1;
	for (i = 0; i < BL_SLOTS; i++)
		b->slot[i].busy = false;
	b->line = false;
	b->isa = ISA_NONE;
	memset(b->buffer, 0, sizeof(b->buffer));
	set_ram(b);
	bus_reset(b, 0);
	soft_reset(b);
	b->reset_seen = 0;
}

/**
 * buslogic_state() - save or restore
 * @b: the adapter, without a command under way, with the disks of the machine that
 *	was saved; its configuration space is pci_state()'s
 * @s: where to
 */
void buslogic_state(struct buslogic *b, struct state *s)
{
	unsigned int i;

	STATE(s, b->status);
	STATE(s, b->intr);
	STATE(s, b->pending);
	state_bool(s, &b->enabled);
	STATE(s, b->reset_seen);
	STATE(s, b->command);
	STATE(s, b->nparams);
	STATE(s, b->want);
	STATE(s, b->params);
	STATE(s, b->nreply);
	STATE(s, b->at);
	STATE(s, b->reply);
	STATE(s, b->mailboxes);
	STATE(s, b->base);
	state_bool(s, &b->wide);
	state_bool(s, &b->strict);
	state_bool(s, &b->room_interrupt);
	state_bool(s, &b->extended);
	STATE(s, b->out);
	STATE(s, b->in);
	state_bool(s, &b->more);
	STATE(s, b->post);
	STATE(s, b->post_at);
	STATE(s, b->posts);
	STATE(s, b->isa);
	STATE(s, b->ram);
	STATE(s, b->buffer);
	for (i = 0; i < BL_TARGETS; i++)
		scsi_disk_state(&b->target[i], s);
	state_sane(s, b->want <= BL_PARAMS && (b->nparams < b->want || !b->want));
	state_sane(s, b->nreply <= BL_REPLY &&
		   b->post_at < BL_POSTS && b->posts < BL_POSTS &&
		   b->isa < ARRAY_SIZE(isa_port) &&
		   (b->mailboxes ? b->out < b->mailboxes && b->in < b->mailboxes : !b->posts));
	state_sane(s, !(b->status & ST_DATA_IN) || b->at < b->nreply);
	if (!s->load)
		return;
	if (s->bad) {
		b->isa = ISA_NONE;
		soft_reset(b);
	}
	b->isa_moved(b->arg, isa_port[b->isa]);
	b->line = b->enabled && b->intr & BL_INT_VALID;
	b->set_irq(b->arg, b->line);
}
