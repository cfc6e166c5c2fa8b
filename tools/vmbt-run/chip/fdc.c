// SPDX-License-Identifier: GPL-2.0
/*
 * Intel's 82077AA floppy disk controller with two drives.
 *
 * From its data sheet (order number 290166). A command is taken byte by byte
 * through the FIFO and its answer read from there; those that move data are fdcdata.c's.
 * Seeks are done at once and wait with their interrupt to be asked for. At another data
 * rate than it was written with nothing is found on a medium: that is how drivers tell
 * kinds of disks apart.
 */
#include "fdc.h"

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
#define MSR_NON_DMA	0x20	/* bytes go through the FIFO */
#define MSR_DIO		0x40	/* the guest reads */
#define MSR_RQM		0x80

#define ST0_INVALID	0x80
#define ST0_READY	0xc0	/* a drive's ready line changed */
#define ST0_SEEK_END	0x20
#define ST0_EC		0x10	/* equipment check */
#define ST3_TRACK0	0x10
#define ST3_PROTECTED	0x40
#define ST3_ONES	0x28

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

/**
 * fdc_irq() - drive the interrupt
 * @f: the controller
 * @level: its level, as far as the guest lets it out
 */
void fdc_irq(struct fdc *f, bool level)
{
	f->irq = level;
	f->set_irq(f->arg, level && f->dor & DOR_DMA);
}

/**
 * fdc_drive_of() - a drive
 * @f: the controller
 * @n: 0 to 3; drives 2 and 3 have no cable
 *
 * Return: the drive, or NULL.
 */
struct fdc_drive *fdc_drive_of(struct fdc *f, unsigned int n)
{
	return n < FDC_DRIVES ? &f->drive[n] : NULL;
}

static void answer(struct fdc *f, unsigned int n)
{
	f->nin = 0;
	f->nout = n;
	f->out_pos = 0;
	f->moving = false;
	f->pio = false;
	f->busy = n;
}

/**
 * fdc_result() - a command that moves data has ended: seven bytes say how
 * @f: the controller
 * @st0: status register 0, but for drive and head
 * @st1: status register 1
 * @st2: status register 2
 */
void fdc_result(struct fdc *f, u8 st0, u8 st1, u8 st2)
{
	f->out[0] = st0 | (f->side << 2 & 4) | (f->in[1] & 3);
	f->out[1] = st1;
	f->out[2] = st2;
	f->out[3] = f->cylinder;
	f->out[4] = f->head;
	f->out[5] = f->sector;
	f->out[6] = 2;
	answer(f, 7);
	fdc_irq(f, true);
}

static void invalid(struct fdc *f)
{
	f->out[0] = ST0_INVALID;
	answer(f, 1);
}

/* Commands without data */

/**
 * fdc_step_to() - a drive's head moves
 * @d: the drive
 * @track: where to; a step with a medium in place resets the change line
 */
void fdc_step_to(struct fdc_drive *d, u8 track)
{
	if (d->disk && d->track != track)
		d->changed = false;
	d->track = track;
}

static void seek(struct fdc *f, unsigned int n, u8 track, bool recalibrate)
{
	struct fdc_drive *d = fdc_drive_of(f, n);

	f->st0[n] = ST0_SEEK_END | n;
	if (d && d->type)
		fdc_step_to(d, track);
	else if (recalibrate)
		f->st0[n] |= FDC_ST0_ABNORMAL | ST0_EC;
	f->sense |= BIT(n);
	answer(f, 0);
	fdc_irq(f, true);
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
	d = fdc_drive_of(f, n);
	f->out[1] = d ? d->track : 0;
	fdc_irq(f, false);
	answer(f, 2);
}

static void read_id(struct fdc *f)
{
	struct fdc_drive *d = fdc_drive_of(f, f->in[1] & 3);

	f->head = f->in[1] >> 2 & 1;
	f->side = f->head;
	f->cylinder = d ? d->track : 0;
	f->sector = 1;
	f->busy = true;
	if (fdc_readable(f, d) && f->head < d->heads && f->cylinder < d->tracks)
		fdc_result(f, 0, 0, 0);
	else
		fdc_result(f, FDC_ST0_ABNORMAL, FDC_ST1_NO_ADDRESS, 0);
}

static void drive_status(struct fdc *f)
{
	struct fdc_drive *d = fdc_drive_of(f, f->in[1] & 3);

	f->out[0] = ST3_ONES | (f->in[1] & 7);
	if (d && !d->track)
		f->out[0] |= ST3_TRACK0;
	if (d && d->disk && fdc_protected(d))
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

/**
 * fdc_command_length() - how many bytes a command has: data sheet, table 5-1
 * @cmd: its first one
 *
 * Return: 1 to 9.
 */
unsigned int fdc_command_length(u8 cmd)
{
	switch (cmd & FDC_CMD_MASK) {
	case FDC_CMD_READ_TRACK: case FDC_CMD_WRITE: case FDC_CMD_READ: case FDC_CMD_VERIFY:
	case FDC_CMD_WRITE_DELETED: case FDC_CMD_READ_DELETED: case FDC_CMD_SCAN_EQUAL:
	case FDC_CMD_SCAN_LOW: case FDC_CMD_SCAN_HIGH:
		return 9;
	case FDC_CMD_FORMAT:
		return 6;
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
	struct fdc_drive *d = fdc_drive_of(f, f->in[1] & 3);
	u8 cmd = f->in[0];

	if (f->in[0] != 0x08 && !f->reset_sense && !f->sense)
		fdc_irq(f, false);
	switch (cmd & FDC_CMD_MASK) {
	case 0x03:
		f->specify[0] = f->in[1];
		f->specify[1] = f->in[2];
		answer(f, 0);
		break;
	case 0x04:
		drive_status(f);
		break;
	case FDC_CMD_READ_TRACK: case FDC_CMD_WRITE: case FDC_CMD_READ: case FDC_CMD_VERIFY:
	case FDC_CMD_WRITE_DELETED: case FDC_CMD_READ_DELETED: case FDC_CMD_SCAN_EQUAL:
	case FDC_CMD_SCAN_LOW: case FDC_CMD_SCAN_HIGH:
		fdc_data(f);
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
	case FDC_CMD_FORMAT:
		fdc_format(f);
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
	static const u8 defaults[] = { 0, FDC_NO_FIFO, 0 };

	f->drop = f->req.busy;
	f->sense = 0;
	answer(f, 0);
	if (!f->locked)
		memcpy(f->config, defaults, sizeof(f->config));
	f->reset_sense = 4;
	fdc_irq(f, true);
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
		.now = f->now,
		.arg = f->arg,
		.dsr = RATE_250K,
		.config = { 0, FDC_NO_FIFO, 0 },
		.req = { .done = fdc_request_done, .arg = f },
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

static u8 main_status(struct fdc *f)
{
	bool to_guest;

	if (!(f->dor & DOR_NORESET))
		return 0;
	if (f->pio && fdc_pio_status(f, &to_guest))
		return MSR_RQM | MSR_NON_DMA | MSR_BUSY | (to_guest ? MSR_DIO : 0);
	if (f->moving || f->req.busy)
		return MSR_BUSY;
	if (f->nout)
		return MSR_RQM | MSR_DIO | MSR_BUSY;
	return MSR_RQM | (f->nin ? MSR_BUSY : 0);
}

static u8 fifo_read(struct fdc *f)
{
	u8 val;

	if (f->pio)
		return fdc_pio_read(f);
	if (!f->nout || f->moving)
		return 0;
	val = f->out[f->out_pos++];
	/* Reading the answer takes a data command's interrupt back. */
	if (f->nout == 7)
		fdc_irq(f, false);
	if (f->out_pos == f->nout)
		answer(f, 0);
	return val;
}

static void fifo_write(struct fdc *f, u8 val)
{
	if (f->pio) {
		fdc_pio_write(f, val);
		return;
	}
	if (!(f->dor & DOR_NORESET) || f->moving || f->nout || f->req.busy)
		return;
	f->in[f->nin++] = val;
	if (f->nin == fdc_command_length(f->in[0]))
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
	struct fdc_drive *d = fdc_drive_of(f, f->dor & DOR_DRIVE);

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
			fdc_irq(f, false);
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

/* A sector on its way through the FIFO, and what it is compared with. */
static void pio_state(struct fdc *f, struct state *s)
{
	STATE(s, f->side);
	STATE(s, f->count);
	STATE(s, f->left);
	STATE(s, f->pio_at);
	STATE(s, f->pio_pos);
	STATE(s, f->pio_len);
	state_bytes(s, f->buffer, FDC_PIO_BUFFER);
	state_sane(s, fdc_pio_sane(f));
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
	state_bool(s, &f->pio);
	if (f->pio)
		pio_state(f, s);
	f->sense &= 15;
	state_sane(s, f->nin < sizeof(f->in) && f->nout <= sizeof(f->out) &&
		   f->out_pos <= f->nout && f->reset_sense <= 4 &&
		   (!f->nout || f->out_pos < f->nout) &&
		   (!f->nin || f->nin < fdc_command_length(f->in[0])));
	if (s->bad) {
		f->nin = 0;
		f->nout = 0;
		f->out_pos = 0;
		f->reset_sense = 0;
		f->pio = false;
	}
	f->moving = f->pio;
	if (s->load)
		fdc_irq(f, f->irq);
}
