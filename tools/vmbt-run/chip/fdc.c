// SPDX-License-Identifier: GPL-2.0
/*
 * Intel's 82077AA floppy disk controller with two drives.
 *
 * From its data sheet (order number 290166). A command is taken byte by byte
 * through the FIFO; reads, writes and formats move data by DMA channel 2, a
 * track's side at a time; the answer is read from the FIFO. Seeks are done at
 * once and wait with their interrupt to be asked for. At another data rate than it was
 * written with nothing is found on a medium: that is how drivers tell kinds of disks
 * apart. SCAN, which nobody uses on a PC, ends as an invalid command does, and transfers
 * without DMA as if nothing was found.
 */
#include "fdc.h"

#include <errno.h>

#define REG_SRA		0x3f0
#define REG_SRB		0x3f1
#define REG_DOR		0x3f2
#define REG_TDR		0x3f3
#define REG_MSR		0x3f4
#define REG_FIFO	0x3f5

#define DOR_DRIVE	0x03
#define DOR_NORESET	0x04
#define DOR_DMA		0x08
#define DOR_MOTOR	0x10	/* of drive 0; the next bit is drive 1's */
#define DSR_RESET	0x80

#define MSR_BUSY	0x10
#define MSR_DIO		0x40	/* the guest reads */
#define MSR_RQM		0x80

#define ST0_ABNORMAL	0x40
#define ST0_INVALID	0x80
#define ST0_READY	0xc0	/* a drive's ready line changed */
#define ST0_SEEK_END	0x20
#define ST0_EC		0x10	/* equipment check */
#define ST1_NO_ADDRESS	0x01
#define ST1_PROTECTED	0x02
#define ST1_NO_DATA	0x04
#define ST1_CRC		0x20
#define ST1_END		0x80
#define ST2_WRONG_CYL	0x10
#define ST3_TRACK0	0x10
#define ST3_PROTECTED	0x40
#define ST3_ONES	0x28

#define CMD_MT		0x80
#define CMD_EC		0x80	/* in the byte behind VERIFY */
#define CMD_READ_TRACK	0x02
#define CMD_VERIFY	0x16
#define CMD_MASK	0x1f
#define SECTOR		512

/* Data rates as the registers name them: data sheet, table 2-5. */
#define RATE		0x03
#define RATE_500K	0
#define RATE_300K	1
#define RATE_250K	2
#define RATE_1M		3

#define TYPE_1200K	2

static const struct geometry {
	u32 sectors;
	u8 type;
	u8 tracks;
	u8 heads;
	u8 spt;
	u8 rate;
} geometries[] = {
	{ 2880, 4, 80, 2, 18, RATE_500K },	/* first: what an odd size is taken for */
	{ 5760, 5, 80, 2, 36, RATE_1M },
	{ 3444, 4, 82, 2, 21, RATE_500K },
	{ 3360, 4, 80, 2, 21, RATE_500K },
	{ 2400, TYPE_1200K, 80, 2, 15, RATE_500K },
	{ 1440, 3, 80, 2, 9, RATE_250K },
	{ 720, 1, 40, 2, 9, RATE_250K },
	{ 640, 1, 40, 2, 8, RATE_250K },
	{ 360, 1, 40, 1, 9, RATE_250K },
	{ 320, 1, 40, 1, 8, RATE_250K },
};

static void irq_level(struct fdc *f, bool level)
{
	f->irq = level;
	f->set_irq(f->arg, level && f->dor & DOR_DMA);
}

/* Drives 2 and 3 have no cable. */
static struct fdc_drive *drive(struct fdc *f, unsigned int n)
{
	return n < FDC_DRIVES ? &f->drive[n] : NULL;
}

static void answer(struct fdc *f, unsigned int n)
{
	f->nin = 0;
	f->nout = n;
	f->out_pos = 0;
	f->moving = false;
	f->busy = n;
}

/* The seven bytes behind a command that moves data. */
static void result(struct fdc *f, u8 st0, u8 st1, u8 st2)
{
	f->out[0] = st0 | (f->side << 2 & 4) | (f->in[1] & 3);
	f->out[1] = st1;
	f->out[2] = st2;
	f->out[3] = f->cylinder;
	f->out[4] = f->head;
	f->out[5] = f->sector;
	f->out[6] = 2;
	answer(f, 7);
	irq_level(f, true);
}

static void invalid(struct fdc *f)
{
	f->out[0] = ST0_INVALID;
	answer(f, 1);
}

/* Data */

static bool has_medium(const struct fdc_drive *d)
{
	return d && d->disk;
}

/* Does the controller see address marks, at the rate that the guest set? */
static bool readable(const struct fdc *f, const struct fdc_drive *d)
{
	return has_medium(d) && d->rate == (f->dsr & RATE);
}

static bool protected(const struct fdc_drive *d)
{
	return d->disk->readonly && d->disk->overlay < 0;
}

/* The next sector behind @n of them: data sheet, table 5-7. */
static void advance(struct fdc *f, unsigned int n)
{
	f->sector += n;
	if (f->sector <= f->last)
		return;
	f->sector = 1;
	if (f->both && !f->head) {
		f->head = 1;
		return;
	}
	f->head = f->both ? 0 : f->head;
	f->cylinder++;
}

static u8 opcode(const struct fdc *f)
{
	return f->in[0] & CMD_MASK;
}

static bool is_write(const struct fdc *f)
{
	u8 cmd = opcode(f);

	return cmd == 0x05 || cmd == 0x09 || cmd == 0x0d;
}

/* READ TRACK only says that a sector was another one than the command's. */
static void data_end(struct fdc *f)
{
	bool other = opcode(f) == CMD_READ_TRACK &&
		     (f->in[2] != f->cylinder || f->in[3] != f->head || f->in[4] != 1);

	result(f, 0, other ? ST1_NO_DATA : 0, 0);
}

static void submit(struct fdc *f, enum disk_op op)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);

	f->side = f->head;
	f->req.disk = d->disk;
	f->req.op = op;
	f->req.sector = ((u64)f->cylinder * d->heads + f->head) * d->spt + f->sector - 1;
	f->req.count = f->count;
	f->req.buf = f->buffer;
	disk_submit(&f->req);
}

/* Move the next part of a track, from @sector to @last on this side. */
static void data_step(struct fdc *f)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);
	u8 end = f->last < d->spt ? f->last : d->spt;
	bool tc;
	u32 n;

	f->side = f->head;
	if (!readable(f, d)) {	/* another one since the track's first side */
		result(f, ST0_ABNORMAL, ST1_NO_ADDRESS, 0);
		return;
	}
	if (f->sector < 1 || f->sector > end || f->head >= d->heads) {
		result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
		return;
	}
	f->count = end - f->sector + 1;
	if (opcode(f) == CMD_VERIFY && f->in[1] & CMD_EC && f->count > f->left)
		f->count = f->left;
	if (!is_write(f)) {
		submit(f, DISK_READ);
		return;
	}
	n = f->dma(f->arg, f->buffer, f->count * SECTOR, false, &tc);
	if (!n) {	/* an overrun: nobody brings the data */
		result(f, ST0_ABNORMAL, 0x10, 0);
		return;
	}
	memset(f->buffer + n, 0, f->count * SECTOR - n);
	f->count = (n + SECTOR - 1) / SECTOR;
	f->drop = false;
	submit(f, DISK_WRITE);
	/* Terminal count ends it behind this part. */
	if (tc)
		f->last = 0;
}

/*
 * Is there more on the other side? Without terminal count the track's end is an error,
 * another one where the guest takes the track for longer than it is.
 */
static void next_side(struct fdc *f, unsigned int n)
{
	u8 cylinder = f->cylinder;

	advance(f, n);
	if (f->sector != 1)
		result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
	else if (f->cylinder == cylinder && f->head)
		data_step(f);
	else if (opcode(f) == CMD_VERIFY && !(f->in[1] & CMD_EC))
		data_end(f);
	else
		result(f, ST0_ABNORMAL, ST1_END, 0);
}

/* VERIFY moves nothing: it ends behind so many sectors, or at the track's end. */
static void verified(struct fdc *f)
{
	if (f->in[1] & CMD_EC && f->count == f->left) {
		advance(f, f->count);
		data_end(f);
		return;
	}
	f->left -= f->count;
	next_side(f, f->count);
}

/* READ TRACK ends with the track; where that is shorter no more marks are found. */
static void track_done(struct fdc *f)
{
	if (f->count == f->last)
		data_end(f);
	else
		result(f, ST0_ABNORMAL, ST1_NO_ADDRESS, 0);
}

static void read_done(struct fdc *f)
{
	bool tc;
	u32 n;

	if (opcode(f) == CMD_VERIFY) {
		verified(f);
		return;
	}
	n = f->dma(f->arg, f->buffer, f->count * SECTOR, true, &tc);
	if (!n) {
		result(f, ST0_ABNORMAL, 0x10, 0);
	} else if (tc) {
		/* What READ TRACK tells is the track. */
		if (opcode(f) != CMD_READ_TRACK)
			advance(f, (n + SECTOR - 1) / SECTOR);
		data_end(f);
	} else if (opcode(f) == CMD_READ_TRACK) {
		track_done(f);
	} else {
		next_side(f, f->count);
	}
}

static void request_done(void *arg, int rc)
{
	struct fdc *f = arg;

	if (f->drop || !f->moving) {
		f->drop = false;
		return;
	}
	if (rc == -EROFS) {
		result(f, ST0_ABNORMAL, ST1_PROTECTED, 0);
	} else if (rc) {
		result(f, ST0_ABNORMAL, ST1_CRC, 0x20);
	} else if (!is_write(f)) {
		read_done(f);
	} else if (f->last) {
		next_side(f, f->count);
	} else {
		f->last = f->in[6];
		advance(f, f->count);
		data_end(f);
	}
}

static void start_data(struct fdc *f)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);

	f->cylinder = f->in[2];
	f->head = f->in[3] & 1;
	f->side = f->head;
	f->sector = f->in[4];
	f->last = f->in[6];
	f->both = f->in[0] & CMD_MT;
	f->left = f->in[8] ?: 256;
	f->busy = true;
	f->moving = true;
	if (opcode(f) == CMD_READ_TRACK) {
		f->cylinder = d ? d->track : 0;
		f->head = f->in[1] >> 2 & 1;
		f->side = f->head;
		f->sector = 1;
		f->both = false;
	}
	if (!readable(f, d))
		result(f, ST0_ABNORMAL, ST1_NO_ADDRESS, 0);
	else if (f->cylinder != d->track || f->cylinder >= d->tracks)
		result(f, ST0_ABNORMAL, ST1_NO_DATA, ST2_WRONG_CYL);
	else if (f->in[5] != 2 || f->specify[1] & 1)
		result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
	else if (is_write(f) && protected(d))
		result(f, ST0_ABNORMAL, ST1_PROTECTED, 0);
	else
		data_step(f);
}

/* FORMAT TRACK: the guest brings four bytes a sector, of which we keep nothing. */
static void format(struct fdc *f)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);
	u8 fill = f->in[5], n = f->in[3];
	bool tc;

	f->cylinder = d ? d->track : 0;
	f->head = f->in[1] >> 2 & 1;
	f->side = f->head;
	f->sector = 1;
	f->both = false;
	f->busy = true;
	f->moving = true;
	if (!has_medium(d) || f->cylinder >= d->tracks || f->head >= d->heads) {
		result(f, ST0_ABNORMAL, ST1_NO_ADDRESS, 0);
	} else if (protected(d)) {
		result(f, ST0_ABNORMAL, ST1_PROTECTED, 0);
	} else if (f->in[2] != 2 || n != d->spt || !readable(f, d) || f->specify[1] & 1) {
		result(f, ST0_ABNORMAL, ST1_NO_DATA, 0);
	} else {
		f->dma(f->arg, f->buffer, n * 4U, false, &tc);
		memset(f->buffer, fill, n * SECTOR);
		f->count = n;
		f->last = 0;
		submit(f, DISK_WRITE);
	}
}

/* Commands without data */

static void seek(struct fdc *f, unsigned int n, u8 track, bool recalibrate)
{
	struct fdc_drive *d = drive(f, n);

	f->st0[n] = ST0_SEEK_END | n;
	if (d && d->type) {
		/* A step with a medium in place resets the line. */
		if (d->disk && d->track != track)
			d->changed = false;
		d->track = track;
	} else if (recalibrate) {
		f->st0[n] |= ST0_ABNORMAL | ST0_EC;
	}
	f->sense |= BIT(n);
	answer(f, 0);
	irq_level(f, true);
}

static void sense_interrupt(struct fdc *f)
{
	unsigned int n;
	struct fdc_drive *d;

	if (f->reset_sense) {
		n = 4 - f->reset_sense--;
		f->out[0] = ST0_READY | n;
	} else if (f->sense) {
		n = __builtin_ctz(f->sense);
		f->sense &= ~BIT(n);
		f->out[0] = f->st0[n];
	} else {
		invalid(f);
		return;
	}
	d = drive(f, n);
	f->out[1] = d ? d->track : 0;
	irq_level(f, false);
	answer(f, 2);
}

static void read_id(struct fdc *f)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);

	f->head = f->in[1] >> 2 & 1;
	f->side = f->head;
	f->cylinder = d ? d->track : 0;
	f->sector = 1;
	f->busy = true;
	if (readable(f, d) && f->head < d->heads && f->cylinder < d->tracks)
		result(f, 0, 0, 0);
	else
		result(f, ST0_ABNORMAL, ST1_NO_ADDRESS, 0);
}

static void drive_status(struct fdc *f)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);

	f->out[0] = ST3_ONES | (f->in[1] & 7);
	if (d && !d->track)
		f->out[0] |= ST3_TRACK0;
	if (has_medium(d) && protected(d))
		f->out[0] |= ST3_PROTECTED;
	answer(f, 1);
}

static void dump(struct fdc *f)
{
	u8 *p = f->out;

	p[0] = f->drive[0].track;
	p[1] = f->drive[1].track;
	p[2] = 0;
	p[3] = 0;
	p[4] = f->specify[0];
	p[5] = f->specify[1];
	p[6] = f->last;
	p[7] = f->locked << 7 | (f->perpendicular & 0x7f);
	p[8] = f->config[1];
	p[9] = f->config[2];
	answer(f, 10);
}

/* How many bytes a command has: data sheet, table 5-1. */
static unsigned int length(u8 cmd)
{
	switch (cmd & CMD_MASK) {
	case CMD_READ_TRACK: case 0x05: case 0x06: case 0x09: case 0x0c: case 0x0d:
	case CMD_VERIFY:
		return (cmd & CMD_MASK) == 0x0d ? 6 : 9;
	case 0x03: case 0x0f:
		return 3;
	case 0x04: case 0x07: case 0x0a: case 0x12:
		return 2;
	case 0x13:
		return 4;
	default:
		return 1;
	}
}

static void command(struct fdc *f)
{
	struct fdc_drive *d = drive(f, f->in[1] & 3);
	u8 cmd = f->in[0];

	if (f->in[0] != 0x08 && !f->reset_sense && !f->sense)
		irq_level(f, false);
	switch (cmd & CMD_MASK) {
	case 0x03:
		f->specify[0] = f->in[1];
		f->specify[1] = f->in[2];
		answer(f, 0);
		break;
	case 0x04:
		drive_status(f);
		break;
	case CMD_READ_TRACK: case 0x05: case 0x06: case 0x09: case 0x0c: case CMD_VERIFY:
		start_data(f);
		break;
	case 0x07:
		seek(f, f->in[1] & 3, 0, true);
		break;
	case 0x08:
		sense_interrupt(f);
		break;
	case 0x0a:
		read_id(f);
		break;
	case 0x0d:
		format(f);
		break;
	case 0x0e:
		dump(f);
		break;
	case 0x0f:
		if (cmd & 0x80)		/* relative: up or down */
			seek(f, f->in[1] & 3, !d ? 0 : cmd & 0x40 ? d->track + f->in[2] :
			     d->track < f->in[2] ? 0 : d->track - f->in[2], false);
		else
			seek(f, f->in[1] & 3, f->in[2], false);
		break;
	case 0x10:
		f->out[0] = cmd == 0x10 ? 0x90 : ST0_INVALID;
		answer(f, 1);
		break;
	case 0x12:
		f->perpendicular = f->in[1];
		answer(f, 0);
		break;
	case 0x13:
		memcpy(f->config, f->in + 1, 3);
		answer(f, 0);
		break;
	case 0x14:
		f->locked = cmd & 0x80;
		f->out[0] = f->locked << 4;
		answer(f, 1);
		break;
	default:
		invalid(f);
		break;
	}
}

/* Registers */

/* The chip's reset: drives keep their heads where they are. */
static void soft_reset(struct fdc *f)
{
	f->drop = f->req.busy;
	f->sense = 0;
	answer(f, 0);
	if (!f->locked)
		memset(f->config, 0, sizeof(f->config));
	f->reset_sense = 4;
	irq_level(f, true);
}

/**
 * fdc_reset() - power-on state
 * @f: the controller, with its functions filled in
 *
 * Drives are attached afterwards.
 */
void fdc_reset(struct fdc *f)
{
	*f = (struct fdc){
		.set_irq = f->set_irq,
		.dma = f->dma,
		.motor = f->motor,
		.arg = f->arg,
		.dsr = RATE_250K,
		.req = { .done = request_done, .arg = f },
	};
}

static const struct geometry *geometry(const struct disk *disk)
{
	unsigned int i;

	for (i = 0; disk && i < ARRAY_SIZE(geometries); i++)
		if (geometries[i].sectors == disk->sectors)
			return &geometries[i];
	return geometries;
}

/**
 * fdc_attach() - connect a drive, of the kind that its medium asks for
 * @f: the controller
 * @n: number of the drive
 * @disk: the medium, or NULL if it is empty
 */
void fdc_attach(struct fdc *f, unsigned int n, struct disk *disk)
{
	f->drive[n] = (struct fdc_drive){ .type = geometry(disk)->type };
	fdc_medium(f, n, disk);
}

/**
 * fdc_medium() - put a medium into a drive, or take it out
 * @f: the controller
 * @n: number of the drive
 * @disk: the medium, or NULL; the one before has no requests under way
 */
void fdc_medium(struct fdc *f, unsigned int n, struct disk *disk)
{
	const struct geometry *g = geometry(disk);
	struct fdc_drive *d = &f->drive[n];

	d->disk = disk;
	d->tracks = g->tracks;
	d->heads = g->heads;
	d->spt = g->spt;
	/* A drive for 1.2 MB turns faster, so that old disks are read faster, too. */
	d->rate = d->type == TYPE_1200K && g->type == 1 ? RATE_300K : g->rate;
	d->changed = true;
}

static u8 main_status(const struct fdc *f)
{
	if (!(f->dor & DOR_NORESET))
		return 0;
	if (f->moving || f->req.busy)
		return MSR_BUSY;
	if (f->nout)
		return MSR_RQM | MSR_DIO | MSR_BUSY;
	return MSR_RQM | (f->nin ? MSR_BUSY : 0);
}

static u8 fifo_read(struct fdc *f)
{
	u8 val;

	if (!f->nout || f->moving)
		return 0;
	val = f->out[f->out_pos++];
	/* Reading the answer takes a data command's interrupt back. */
	if (f->nout == 7)
		irq_level(f, false);
	if (f->out_pos == f->nout)
		answer(f, 0);
	return val;
}

static void fifo_write(struct fdc *f, u8 val)
{
	if (!(f->dor & DOR_NORESET) || f->moving || f->nout || f->req.busy)
		return;
	f->in[f->nin++] = val;
	if (f->nin == length(f->in[0]))
		command(f);
}

static void tell_motors(const struct fdc *f, u8 was)
{
	unsigned int n;

	for (n = 0; f->motor && n < FDC_DRIVES; n++)
		if ((was ^ f->dor) & DOR_MOTOR << n)
			f->motor(f->arg, n, f->dor & DOR_MOTOR << n);
}

/**
 * fdc_read() - the guest reads a register
 * @f: the controller
 * @port: 3F0h to 3F5h, or 3F7h
 *
 * Return: the byte.
 */
u8 fdc_read(struct fdc *f, u16 port)
{
	struct fdc_drive *d = drive(f, f->dor & DOR_DRIVE);

	switch (port) {
	case REG_SRA:
		return f->irq ? 0x80 : 0;
	case REG_SRB:
		return 0xc0;
	case REG_DOR:
		return f->dor;
	case REG_TDR:
		return f->tdr;
	case REG_MSR:
		return main_status(f);
	case REG_FIFO:
		return fifo_read(f);
	default:	/* the change line of the selected drive, while its motor runs */
		return d && f->dor & 0x10 << (f->dor & DOR_DRIVE) && (d->changed || !d->disk) ?
		       0x80 : 0;
	}
}

/**
 * fdc_write() - the guest writes a register
 * @f: the controller
 * @port: 3F0h to 3F5h, or 3F7h
 * @val: the byte
 */
void fdc_write(struct fdc *f, u16 port, u8 val)
{
	u8 was;

	switch (port) {
	case REG_DOR:
		was = f->dor;
		f->dor = val;
		if (was & DOR_NORESET && !(val & DOR_NORESET)) {
			answer(f, 0);
			f->drop = f->req.busy;
			f->reset_sense = 0;
			irq_level(f, false);
		} else if (!(was & DOR_NORESET) && val & DOR_NORESET) {
			soft_reset(f);
		}
		f->set_irq(f->arg, f->irq && val & DOR_DMA);
		tell_motors(f, was);
		break;
	case REG_TDR:
		f->tdr = val & 3;
		break;
	case REG_MSR:	/* data rate select */
		f->dsr = val & ~DSR_RESET;
		if (val & DSR_RESET && f->dor & DOR_NORESET)
			soft_reset(f);
		break;
	case REG_FIFO:
		fifo_write(f, val);
		break;
	case FDC_DIR:	/* configuration control: the data rate */
		f->dsr = (f->dsr & ~RATE) | (val & RATE);
		break;
	}
}

/**
 * fdc_state() - save or restore
 * @f: the controller, without a request under way, with the drives of the machine
 *	that was saved
 * @s: where to
 */
void fdc_state(struct fdc *f, struct state *s)
{
	unsigned int i;

	for (i = 0; i < FDC_DRIVES; i++) {
		STATE(s, f->drive[i].track);
		state_bool(s, &f->drive[i].changed);
	}
	STATE(s, f->dor);
	STATE(s, f->tdr);
	STATE(s, f->dsr);
	state_bool(s, &f->busy);
	STATE(s, f->in);
	STATE(s, f->nin);
	STATE(s, f->out);
	STATE(s, f->nout);
	STATE(s, f->out_pos);
	state_bool(s, &f->irq);
	STATE(s, f->sense);
	STATE(s, f->reset_sense);
	STATE(s, f->st0);
	STATE(s, f->config);
	STATE(s, f->specify);
	STATE(s, f->perpendicular);
	state_bool(s, &f->locked);
	STATE(s, f->cylinder);
	STATE(s, f->head);
	STATE(s, f->sector);
	STATE(s, f->last);
	state_bool(s, &f->both);
	f->sense &= 15;
	state_sane(s, f->nin < sizeof(f->in) && f->nout <= sizeof(f->out) &&
		   f->out_pos <= f->nout && f->reset_sense <= 4 &&
		   (!f->nout || f->out_pos < f->nout) && (!f->nin || f->nin < length(f->in[0])));
	if (s->bad) {
		f->nin = 0;
		f->nout = 0;
		f->out_pos = 0;
		f->reset_sense = 0;
	}
	f->moving = false;
	if (s->load)
		irq_level(f, f->irq);
}
