// SPDX-License-Identifier: GPL-2.0
/*
 * A channel of the PIIX3's IDE controller, with its drives and bus master.
 *
 * From ATA/ATAPI-6 (T13/1410D). The drives share the registers, as on the cable
 * both hear every write. Data pass through one buffer of 256 sectors: a read fills
 * it from the medium and then gives it away in blocks, each with an interrupt; a
 * write takes a block and then writes it. While a request is under way the channel
 * is busy and takes no command, so the buffer has one user. The bus master is
 * idebm.c's, packet commands are atapi.c's.
 */
#include "ide.h"

#define REG_ERROR	1
#define REG_COUNT	2
#define REG_LBA0	3
#define REG_LBA2	5
#define REG_DEVICE	6
#define REG_STATUS	7

#define DEV_SLAVE	0x10
#define DEV_LBA		0x40
#define DEV_ONES	0xa0

#define CTL_NIEN	0x02
#define CTL_SRST	0x04
#define CTL_HOB		0x80

#define ERR_IDNF	0x10
#define ERR_UNC		0x40
#define DIAG_PASSED	0x01
#define STATUS_DF	0x20

#define SET_CACHE_ON	0x02	/* subcommands of SET FEATURES */
#define SET_CACHE_OFF	0x82
#define SET_MODE	0x03

struct ide_drive *ide_selected(struct ide *c)
{
	return &c->drive[!!(c->device & DEV_SLAVE)];
}

static void irq_level(struct ide *c, bool level)
{
	c->irq = level;
	c->set_irq(c->arg, level && !(c->control & CTL_NIEN));
}

void ide_interrupt(struct ide *c)
{
	c->bm_status |= IDE_BM_INTERRUPT;
	irq_level(c, true);
}

/* The command is over. */
static void finish(struct ide *c, u8 status, u8 error)
{
	c->phase = IDE_IDLE;
	c->bm_status &= ~IDE_BM_ACTIVE;
	c->error = error;
	c->status = IDE_DRDY | IDE_DSC | status;
	ide_interrupt(c);
}

static void fail(struct ide *c, u8 error)
{
	finish(c, IDE_ERR, error);
}

/* What tells a disk from a CD-ROM drive: ATA/ATAPI-6, 9.12. */
static void signature(struct ide *c)
{
	bool cd = ide_selected(c)->kind == IDE_CD;

	c->count[0] = 1;
	c->lba[0][0] = 1;
	c->lba[1][0] = cd ? 0x14 : 0;
	c->lba[2][0] = cd ? 0xeb : 0;
	c->device &= DEV_SLAVE;
	c->status = cd ? 0 : IDE_DRDY | IDE_DSC;
}

static void device_reset(struct ide *c)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		c->drive[i].multiple = 0;
		c->drive[i].sense = 0;
		c->drive[i].asc = 0;
		c->drive[i].ascq = 0;
		c->drive[i].locked = false;
	}
	c->reset_waits = false;
	c->phase = IDE_IDLE;
	c->block = DISK_SECTOR;
	c->block_end = 0;
	c->pos = 0;
	c->chunk = 0;
	c->left = 0;
	c->device = 0;
	c->error = DIAG_PASSED;
	c->bm_status &= ~IDE_BM_ACTIVE;
	signature(c);
	irq_level(c, false);
}

static void dma_failed(struct ide *c)
{
	c->bm_status |= IDE_BM_ERROR;
	if (ide_selected(c)->kind == IDE_CD)
		ide_packet_done(c, 0x0b, 0);
	else
		fail(c, IDE_ABRT);
}

/* Moving data to and from the medium */

static u32 sector_size(struct ide *c)
{
	return ide_selected(c)->kind == IDE_CD ? IDE_CD_SECTOR : DISK_SECTOR;
}

static void submit(struct ide *c, enum disk_op op)
{
	u32 ratio = sector_size(c) / DISK_SECTOR;

	c->phase = IDE_BUSY;
	c->status = IDE_BSY;
	c->req.disk = ide_selected(c)->disk;
	c->req.op = op;
	c->req.sector = c->sector * ratio;
	c->req.count = c->chunk / DISK_SECTOR;
	c->req.buf = c->buffer;
	disk_submit(&c->req);
}

/* The registers name the sector at which it went wrong. */
static void medium_failed(struct ide *c)
{
	if (ide_selected(c)->kind == IDE_CD)
		ide_packet_done(c, 0x03, 0x11);		/* medium error, unrecovered read */
	else if (c->write)
		finish(c, IDE_ERR | STATUS_DF, IDE_ABRT);
	else
		fail(c, ERR_UNC);
}

static void fill_chunk(struct ide *c)
{
	u32 size = sector_size(c), n = IDE_CHUNK / size;

	if (ide_selected(c)->moved || !ide_selected(c)->disk) {
		ide_packet_no_medium(c);
		return;
	}
	c->chunk = (c->left < n ? c->left : n) * size;
	c->pos = 0;
	submit(c, DISK_READ);
}

static void next_block_in(struct ide *c)
{
	c->phase = IDE_IN;
	c->block_end = c->chunk - c->pos < c->block ? c->chunk : c->pos + c->block;
	c->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
	if (ide_selected(c)->kind == IDE_CD)
		ide_packet_block(c);
	ide_interrupt(c);
}

static void next_block_out(struct ide *c, bool interrupt)
{
	u32 all = c->left * DISK_SECTOR;

	c->phase = IDE_OUT;
	c->pos = 0;
	c->chunk = all < c->block ? all : c->block;
	c->block_end = c->chunk;
	c->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
	if (interrupt)
		ide_interrupt(c);
}

/* With its write cache off, what a disk has written is on the medium. */
static void command_done(struct ide *c)
{
	if (ide_selected(c)->kind == IDE_CD)
		ide_packet_done(c, 0, 0);
	else if (c->write && ide_selected(c)->write_through)
		submit(c, DISK_FLUSH);
	else
		finish(c, 0, 0);
}

/* Go on with a transfer by the bus master. */
static void dma_step(struct ide *c)
{
	u32 n = IDE_CHUNK / sector_size(c);

	if (!c->left) {
		command_done(c);
		return;
	}
	if (!c->write) {
		fill_chunk(c);
		return;
	}
	c->chunk = (c->left < n ? c->left : n) * DISK_SECTOR;
	if (ide_bm_move(c, false))
		submit(c, DISK_WRITE);
	else
		dma_failed(c);
}

/* A chunk has been read or written. */
static void advance(struct ide *c)
{
	u32 n = c->chunk / sector_size(c);

	c->sector += n;
	c->left -= n < c->left ? n : c->left;
}

static void request_done(void *arg, int result)
{
	struct ide *c = arg;

	if (c->reset_waits) {
		device_reset(c);
		return;
	}
	if (c->req.op == DISK_FLUSH) {
		finish(c, result ? IDE_ERR | STATUS_DF : 0, result ? IDE_ABRT : 0);
	} else if (result) {
		medium_failed(c);
	} else if (c->write) {
		advance(c);
		if (c->dma)
			dma_step(c);
		else if (c->left)
			next_block_out(c, true);
		else
			command_done(c);
	} else if (!c->dma) {
		next_block_in(c);
	} else if (ide_bm_move(c, true)) {
		advance(c);
		dma_step(c);
	} else {
		dma_failed(c);
	}
}

/* The bus master was started, the drive wants it: go. */
void ide_dma_start(struct ide *c)
{
	ide_bm_begin(c);
	if (ide_selected(c)->kind == IDE_CD && c->chunk) {
		/* The answer of a packet command that reads no medium. */
		if (ide_bm_move(c, true))
			command_done(c);
		else
			dma_failed(c);
		return;
	}
	dma_step(c);
}

static void start_transfer(struct ide *c)
{
	if (!c->dma) {
		if (c->write)
			next_block_out(c, false);
		else
			fill_chunk(c);
		return;
	}
	c->phase = IDE_DMA_WAIT;
	c->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
	if (c->bm_command & IDE_BM_START)
		ide_dma_start(c);
}

/**
 * ide_read_medium() - a packet command reads sectors
 * @c: the channel, @dma and @block set
 * @sector: first sector
 * @count: how many, checked
 */
void ide_read_medium(struct ide *c, u64 sector, u32 count)
{
	c->sector = sector;
	c->left = count;
	c->chunk = 0;
	start_transfer(c);
}

/**
 * ide_data_in() - a command answers with what is in the buffer
 * @c: the channel, @dma and @block set
 * @len: bytes, not 0
 */
void ide_data_in(struct ide *c, u32 len)
{
	c->left = 0;
	c->chunk = len;
	c->pos = 0;
	if (!c->dma) {
		next_block_in(c);
		return;
	}
	c->phase = IDE_DMA_WAIT;
	c->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
	if (c->bm_command & IDE_BM_START)
		ide_dma_start(c);
}

static void block_read(struct ide *c)
{
	if (c->pos < c->chunk) {
		next_block_in(c);
		return;
	}
	if (c->left) {
		advance(c);
		if (c->left) {
			fill_chunk(c);
			return;
		}
	}
	if (ide_selected(c)->kind == IDE_CD) {
		ide_packet_done(c, 0, 0);
		return;
	}
	c->phase = IDE_IDLE;
	c->status = IDE_DRDY | IDE_DSC;
}

static void block_written(struct ide *c)
{
	u8 packet[IDE_PACKET];

	if (c->phase == IDE_PACKET_OUT) {
		memcpy(packet, c->buffer, sizeof(packet));
		c->phase = IDE_IDLE;
		c->chunk = 0;
		ide_packet(c, packet);
		return;
	}
	submit(c, DISK_WRITE);
}

/**
 * ide_data_read() - the guest reads the data register
 * @c: the channel
 * @size: 1, 2 or 4 bytes
 *
 * Return: the data; all zero if there are none.
 */
u32 ide_data_read(struct ide *c, unsigned int size)
{
	u32 val = 0;

	if (c->phase != IDE_IN)
		return 0;
	if (size > c->block_end - c->pos)
		size = c->block_end - c->pos;
	memcpy(&val, c->buffer + c->pos, size);
	c->pos += size;
	if (c->pos == c->block_end)
		block_read(c);
	return val;
}

/**
 * ide_data_write() - the guest writes the data register
 * @c: the channel
 * @val: the data
 * @size: 1, 2 or 4 bytes
 */
void ide_data_write(struct ide *c, u32 val, unsigned int size)
{
	if (c->phase != IDE_OUT && c->phase != IDE_PACKET_OUT)
		return;
	if (size > c->block_end - c->pos)
		size = c->block_end - c->pos;
	memcpy(c->buffer + c->pos, &val, size);
	c->pos += size;
	if (c->pos == c->block_end)
		block_written(c);
}

/* Commands */

static u32 get_count(const struct ide *c)
{
	u32 n = c->count[0] | (c->lba48 ? c->count[1] << 8 : 0);

	return n ? n : c->lba48 ? 0x10000 : 0x100;
}

/* The sector that the registers name, or ~0. */
static u64 get_sector(struct ide *c)
{
	const struct ide_drive *d = ide_selected(c);
	u32 low = c->lba[0][0] | c->lba[1][0] << 8 | c->lba[2][0] << 16;
	u32 cylinder, head, sector;

	if (c->lba48)
		return low | (u64)(c->lba[0][1] | c->lba[1][1] << 8 |
				   (u32)c->lba[2][1] << 16) << 24;
	if (c->device & DEV_LBA)
		return low | (u32)(c->device & 15) << 24;
	cylinder = c->lba[1][0] | c->lba[2][0] << 8;
	head = c->device & 15;
	sector = c->lba[0][0];
	if (!sector || sector > d->spt || head >= d->heads)
		return ~0ULL;
	return ((u64)cylinder * d->heads + head) * d->spt + sector - 1;
}

static void transfer(struct ide *c, bool write, bool dma, u32 block)
{
	u64 total = ide_selected(c)->disk->sectors;

	c->write = write;
	c->dma = dma;
	c->block = block;
	c->sector = get_sector(c);
	c->left = get_count(c);
	c->chunk = 0;
	c->error = 0;
	if (c->sector >= total || c->left > total - c->sector)
		fail(c, ERR_IDNF);
	else if (write && ide_selected(c)->disk->readonly)
		fail(c, IDE_ABRT);
	else
		start_transfer(c);
}

static void multiple(struct ide *c, bool write)
{
	u8 n = ide_selected(c)->multiple;

	if (n)
		transfer(c, write, false, n * DISK_SECTOR);
	else
		fail(c, IDE_ABRT);
}

static void verify(struct ide *c)
{
	u64 total = ide_selected(c)->disk->sectors, sector = get_sector(c);

	if (sector >= total || get_count(c) > total - sector)
		fail(c, ERR_IDNF);
	else
		finish(c, 0, 0);
}

static void identify(struct ide *c)
{
	ide_identify(c);
	c->write = false;
	c->dma = false;
	c->block = DISK_SECTOR;
	c->left = 0;
	c->chunk = DISK_SECTOR;
	c->pos = 0;
	c->phase = IDE_IN;
	c->block_end = DISK_SECTOR;
	c->error = 0;
	c->status = IDE_DRDY | IDE_DSC | IDE_DRQ;
	ide_interrupt(c);
}

static void packet(struct ide *c)
{
	c->dma = c->features[0] & 1;
	c->write = false;
	c->pos = 0;
	c->block_end = IDE_PACKET;
	c->phase = IDE_PACKET_OUT;
	c->count[0] = IDE_REASON_CD;
	c->error = 0;
	c->status = IDE_DRDY | IDE_DRQ;
}

static void native_max(struct ide *c)
{
	u64 last = ide_selected(c)->disk->sectors - 1;
	unsigned int i;

	if (!c->lba48 && last > IDE_LBA28)
		last = IDE_LBA28;
	for (i = 0; i < 3; i++) {
		c->lba[i][0] = last >> 8 * i;
		if (c->lba48)
			c->lba[i][1] = last >> (24 + 8 * i);
	}
	if (!c->lba48)
		c->device = (c->device & 0xf0) | (last >> 24 & 15);
	finish(c, 0, 0);
}

/* What can be set besides makes no difference here. */
static void set_features(struct ide *c)
{
	struct ide_drive *d = ide_selected(c);

	switch (c->features[0]) {
	case SET_CACHE_ON:
		d->write_through = false;
		break;
	case SET_CACHE_OFF:
		d->write_through = true;
		break;
	case SET_MODE:
		d->mode = c->count[0];
		break;
	}
	finish(c, 0, 0);
}

/* What both kinds of drives do. Returns false for other commands. */
static bool common_command(struct ide *c, u8 val)
{
	switch (val) {
	case 0x90:		/* execute device diagnostic: both drives */
		c->device = 0;
		signature(c);
		c->phase = IDE_IDLE;
		c->error = DIAG_PASSED;
		ide_interrupt(c);
		return true;
	case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe6:	/* power management */
	case 0x94: case 0x95: case 0x96: case 0x97: case 0x99:
		finish(c, 0, 0);
		return true;
	case 0xef:
		set_features(c);
		return true;
	case 0xe5: case 0x98:	/* check power mode: active */
		c->count[0] = 0xff;
		finish(c, 0, 0);
		return true;
	default:
		return false;
	}
}

static void cd_command(struct ide *c, u8 val)
{
	switch (val) {
	case 0x08:		/* device reset: no interrupt */
		ide_selected(c)->locked = false;
		signature(c);
		c->phase = IDE_IDLE;
		c->error = DIAG_PASSED;
		break;
	case 0xa0:
		packet(c);
		break;
	case 0xa1:
		identify(c);
		break;
	case 0xec:		/* identify device: says what it is */
		signature(c);
		c->phase = IDE_IDLE;
		c->error = IDE_ABRT;
		c->status = IDE_DRDY | IDE_ERR;
		ide_interrupt(c);
		break;
	default:
		fail(c, IDE_ABRT);
		break;
	}
}

static void set_multiple(struct ide *c)
{
	u8 n = c->count[0];

	if (n > IDE_MULTIPLE_MAX || n & (n - 1)) {
		fail(c, IDE_ABRT);
		return;
	}
	ide_selected(c)->multiple = n;
	finish(c, 0, 0);
}

static void set_geometry(struct ide *c)
{
	struct ide_drive *d = ide_selected(c);

	if (!c->count[0]) {
		fail(c, IDE_ABRT);
		return;
	}
	d->spt = c->count[0];
	d->heads = (c->device & 15) + 1;
	finish(c, 0, 0);
}

static void disk_command(struct ide *c, u8 val)
{
	switch (val) {
	case 0x20: case 0x21: case 0x24:
		transfer(c, false, false, DISK_SECTOR);
		break;
	case 0x30: case 0x31: case 0x34:
		transfer(c, true, false, DISK_SECTOR);
		break;
	case 0xc4: case 0x29:
		multiple(c, false);
		break;
	case 0xc5: case 0x39:
		multiple(c, true);
		break;
	case 0xc8: case 0xc9: case 0x25:
		transfer(c, false, true, DISK_SECTOR);
		break;
	case 0xca: case 0xcb: case 0x35:
		transfer(c, true, true, DISK_SECTOR);
		break;
	case 0x40: case 0x41: case 0x42: case 0x70:
		verify(c);
		break;
	case 0x10:		/* recalibrate */
		finish(c, 0, 0);
		break;
	case 0x91:
		set_geometry(c);
		break;
	case 0xc6:
		set_multiple(c);
		break;
	case 0xe7: case 0xea:
		c->write = true;
		c->left = 0;
		c->chunk = 0;
		c->sector = 0;
		submit(c, DISK_FLUSH);
		break;
	case 0xec:
		identify(c);
		break;
	case 0xf8: case 0x27:
		native_max(c);
		break;
	default:
		fail(c, IDE_ABRT);
		break;
	}
}

static bool is_48bit(u8 val)
{
	return val == 0x24 || val == 0x25 || val == 0x27 || val == 0x29 || val == 0x34 ||
	       val == 0x35 || val == 0x39 || val == 0x42 || val == 0xea;
}

static void command(struct ide *c, u8 val)
{
	struct ide_drive *d = ide_selected(c);

	if (d->kind == IDE_NONE)
		return;
	/* Busy or in the middle of data: only a CD-ROM drive's reset gets through. */
	if (c->phase != IDE_IDLE) {
		if (c->phase == IDE_BUSY || c->req.busy || d->kind != IDE_CD || val != 0x08)
			return;
	}
	irq_level(c, false);
	c->command = val;
	c->lba48 = is_48bit(val);
	c->chunk = 0;
	if (common_command(c, val))
		return;
	if (d->kind == IDE_CD)
		cd_command(c, val);
	else
		disk_command(c, val);
}

/* Registers */

/**
 * ide_reset() - power-on state
 * @c: the channel, with buffer and functions filled in
 *
 * Drives are attached afterwards.
 */
void ide_reset(struct ide *c)
{
	*c = (struct ide){
		.buffer = c->buffer,
		.set_irq = c->set_irq,
		.memory = c->memory,
		.tray = c->tray,
		.lock = c->lock,
		.arg = c->arg,
		.req = { .done = request_done, .arg = c },
	};
	device_reset(c);
}

/**
 * ide_attach() - connect a drive
 * @c: the channel, reset
 * @n: 0 for the master, 1 for the slave
 * @kind: what it is
 * @disk: its medium; NULL for a CD-ROM drive without one
 */
void ide_attach(struct ide *c, unsigned int n, enum ide_kind kind, struct disk *disk)
{
	struct ide_drive *d = &c->drive[n];
	u64 cylinders = disk ? disk->sectors / (16 * 63) : 0;

	*d = (struct ide_drive){
		.kind = kind,
		.disk = disk,
		.cylinders = cylinders > 16383 ? 16383 : cylinders ? cylinders : 1,
		.heads = 16,
		.spt = 63,
		.attention = kind == IDE_CD && disk,
		.mode = IDE_UDMA5,
	};
	if (kind != IDE_NONE)
		c->bm_status |= 0x20 << n;
	signature(c);
}

/* What a guest sees of a medium that has come or gone. */
static void medium_event(struct ide_drive *d, u8 event)
{
	d->event = event;
	d->attention = event == IDE_EVENT_NEW;
	d->moved = true;
}

/**
 * ide_tray() - a CD-ROM drive's tray is opened or closed, by whomever
 * @c: the channel
 * @n: 0 for the master, 1 for the slave
 * @open: opened; the medium stays in it
 */
void ide_tray(struct ide *c, unsigned int n, bool open)
{
	struct ide_drive *d = &c->drive[n];

	if (d->tray_open == open)
		return;
	d->tray_open = open;
	if (open)
		d->locked = false;
	if (d->disk)
		medium_event(d, open ? IDE_EVENT_REMOVED : IDE_EVENT_NEW);
	if (c->tray)
		c->tray(c->arg, n, open);
}

/**
 * ide_medium() - put a medium into a CD-ROM drive, or take it out
 * @c: the channel
 * @n: 0 for the master, 1 for the slave
 * @disk: the medium, or NULL; the one before has no requests under way
 */
void ide_medium(struct ide *c, unsigned int n, struct disk *disk)
{
	struct ide_drive *d = &c->drive[n];

	d->disk = disk;
	d->moved = true;
	if (!d->tray_open)
		medium_event(d, disk ? IDE_EVENT_NEW : IDE_EVENT_REMOVED);
}

/**
 * ide_eject_wanted() - somebody has pushed the button of a drive that is locked
 * @c: the channel
 * @n: 0 for the master, 1 for the slave
 *
 * The guest is told when it asks.
 */
void ide_eject_wanted(struct ide *c, unsigned int n)
{
	c->drive[n].event = IDE_EVENT_EJECT;
}

static bool empty(const struct ide *c)
{
	return c->drive[0].kind == IDE_NONE && c->drive[1].kind == IDE_NONE;
}

/**
 * ide_alt_status() - the guest reads the alternate status
 * @c: the channel
 *
 * Return: the status, without the effect of reading it.
 */
u8 ide_alt_status(const struct ide *c)
{
	if (empty(c))
		return 0xff;
	if (c->drive[!!(c->device & DEV_SLAVE)].kind == IDE_NONE)
		return 0;
	return c->status;
}

/**
 * ide_read() - the guest reads a register other than that for data
 * @c: the channel
 * @reg: 1 to 7
 *
 * Return: the byte.
 */
u8 ide_read(struct ide *c, unsigned int reg)
{
	bool hob = c->control & CTL_HOB;

	if (empty(c))
		return 0xff;
	switch (reg) {
	case REG_ERROR:
		return c->error;
	case REG_COUNT:
		return c->count[hob];
	case REG_DEVICE:
		return c->device | DEV_ONES;
	case REG_STATUS:
		irq_level(c, false);
		return ide_alt_status(c);
	default:
		return c->lba[reg - REG_LBA0][hob];
	}
}

/**
 * ide_write() - the guest writes a register other than that for data
 * @c: the channel
 * @reg: 1 to 7
 * @val: the byte
 */
void ide_write(struct ide *c, unsigned int reg, u8 val)
{
	if (reg == REG_STATUS) {
		command(c, val);
		return;
	}
	/* A busy drive does not listen: the request at hand depends on them. */
	if (c->phase == IDE_BUSY || c->req.busy)
		return;
	c->control &= ~CTL_HOB;
	switch (reg) {
	case REG_ERROR:
		c->features[1] = c->features[0];
		c->features[0] = val;
		break;
	case REG_COUNT:
		c->count[1] = c->count[0];
		c->count[0] = val;
		break;
	case REG_DEVICE:
		/* In the middle of data the other drive can't be chosen. */
		if (c->phase == IDE_IDLE)
			c->device = val & ~DEV_ONES;
		break;
	default:
		c->lba[reg - REG_LBA0][1] = c->lba[reg - REG_LBA0][0];
		c->lba[reg - REG_LBA0][0] = val;
		break;
	}
}

/**
 * ide_control() - the guest writes the device control register
 * @c: the channel
 * @val: the byte
 */
void ide_control(struct ide *c, u8 val)
{
	u8 was = c->control;

	c->control = val & (CTL_NIEN | CTL_SRST | CTL_HOB);
	if (val & CTL_SRST) {
		c->status = IDE_BSY;
	} else if (was & CTL_SRST) {
		if (c->req.busy)
			c->reset_waits = true;
		else
			device_reset(c);
	}
	irq_level(c, c->irq);
}

/**
 * ide_state() - save or restore
 * @c: the channel, without a request under way, with the drives of the machine
 *	that was saved
 * @s: where to
 */
void ide_state(struct ide *c, struct state *s)
{
	unsigned int i;
	u8 phase = c->phase;

	STATE(s, c->features);
	STATE(s, c->count);
	STATE(s, c->lba);
	STATE(s, c->device);
	STATE(s, c->status);
	STATE(s, c->error);
	STATE(s, c->control);
	STATE(s, c->command);
	STATE(s, phase);
	state_bool(s, &c->write);
	state_bool(s, &c->dma);
	state_bool(s, &c->lba48);
	STATE(s, c->sector);
	STATE(s, c->left);
	STATE(s, c->chunk);
	STATE(s, c->pos);
	STATE(s, c->block);
	STATE(s, c->block_end);
	state_bool(s, &c->irq);
	state_bytes(s, c->buffer, IDE_CHUNK);
	STATE(s, c->bm_command);
	STATE(s, c->bm_status);
	STATE(s, c->bm_table);
	STATE(s, c->prd_next);
	STATE(s, c->prd_addr);
	STATE(s, c->prd_left);
	state_bool(s, &c->prd_last);
	for (i = 0; i < 2; i++) {
		STATE(s, c->drive[i].heads);
		STATE(s, c->drive[i].spt);
		STATE(s, c->drive[i].multiple);
		STATE(s, c->drive[i].mode);
		state_bool(s, &c->drive[i].write_through);
		STATE(s, c->drive[i].sense);
		STATE(s, c->drive[i].asc);
		STATE(s, c->drive[i].ascq);
		state_bool(s, &c->drive[i].attention);
		state_bool(s, &c->drive[i].tray_open);
		state_bool(s, &c->drive[i].locked);
		state_bool(s, &c->drive[i].moved);
		STATE(s, c->drive[i].event);
		state_sane(s, c->drive[i].heads <= 16 && c->drive[i].event <= IDE_EVENT_REMOVED &&
			   c->drive[i].multiple <= IDE_MULTIPLE_MAX);
	}
	state_sane(s, phase <= IDE_DMA_WAIT && phase != IDE_BUSY && c->pos <= c->block_end &&
		   c->block_end <= IDE_CHUNK && c->chunk <= IDE_CHUNK && c->block <= IDE_CHUNK &&
		   c->block);
	state_sane(s, phase == IDE_IDLE || ide_selected(c)->kind != IDE_NONE);
	c->phase = phase;
	if (s->bad)
		device_reset(c);
	if (s->load)
		irq_level(c, c->irq);
}
