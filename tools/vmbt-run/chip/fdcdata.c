// SPDX-License-Identifier: GPL-2.0
/*
 * The floppy controller's commands that move data: between medium and guest.
 *
 * From the 82077AA's data sheet, section 5.1. With DMA a track's side moves at a time.
 * Without (SPECIFY's ND bit) a sector does, byte by byte through the FIFO: the main status
 * register asks for each and so does the interrupt, for as many at once as CONFIGURE's
 * threshold says. Nothing tells the end of such a transfer but the track's, and a guest that
 * takes no more bytes though it sees that there are some has overrun the controller. SCAN
 * compares sectors with what the guest brings: each byte has to meet the condition, FFh on
 * either side always does.
 */
#include "fdc.h"

#include <errno.h>

#define ST2_WRONG_CYL	0x10
#define ST2_SCAN_HIT	0x08
#define ST2_SCAN_NOT	0x04

#define SECTOR		512
#define CMD_MT		0x80
#define CMD_EC		0x80	/* in the byte behind VERIFY */
#define RATE		0x03
#define NO_DMA		0x01	/* SPECIFY, second byte */
#define IMPLIED_SEEK	0x40	/* CONFIGURE, second byte */
#define THRESHOLD	0x0f
#define FIFO		16
#define OVERRUN_NS	200000000ULL

static u8 opcode(const struct fdc *f)
{
	return f->in[0] & FDC_CMD_MASK;
}

static struct fdc_drive *target(struct fdc *f)
{
	return fdc_drive_of(f, f->in[1] & 3);
}

static bool by_pio(const struct fdc *f)
{
	return f->specify[1] & NO_DMA;
}

static bool is_write(const struct fdc *f)
{
	u8 cmd = opcode(f);

	return cmd == FDC_CMD_WRITE || cmd == FDC_CMD_WRITE_DELETED || cmd == FDC_CMD_FORMAT;
}

static bool is_scan(const struct fdc *f)
{
	u8 cmd = opcode(f);

	return cmd == FDC_CMD_SCAN_EQUAL || cmd == FDC_CMD_SCAN_LOW || cmd == FDC_CMD_SCAN_HIGH;
}

/* Does the guest bring data? */
static bool brings(const struct fdc *f)
{
	return is_write(f) || is_scan(f);
}

/**
 * fdc_readable() - does the controller see address marks, at the rate that the guest set
 * @f: the controller
 * @d: a drive, or NULL
 *
 * Return: whether it does.
 */
bool fdc_readable(const struct fdc *f, const struct fdc_drive *d)
{
	return d && d->disk && d->rate == (f->dsr & RATE);
}

/**
 * fdc_protected() - is a drive's medium write-protected
 * @d: the drive, with a medium
 *
 * Return: whether it is.
 */
bool fdc_protected(const struct fdc_drive *d)
{
	return d->disk->readonly && d->disk->overlay < 0;
}

static void failed(struct fdc *f, u8 st1)
{
	fdc_result(f, FDC_ST0_ABNORMAL, st1, 0);
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

/* READ TRACK only says that a sector was another one than the command's. */
static void data_end(struct fdc *f)
{
	bool other = opcode(f) == FDC_CMD_READ_TRACK &&
		     (f->in[2] != f->cylinder || f->in[3] != f->head || f->in[4] != 1);

	fdc_result(f, 0, other ? FDC_ST1_NO_DATA : 0, 0);
}

static void submit(struct fdc *f, enum disk_op op)
{
	struct fdc_drive *d = target(f);

	f->side = f->head;
	f->req.disk = d->disk;
	f->req.op = op;
	f->req.sector = ((u64)f->cylinder * d->heads + f->head) * d->spt + f->sector - 1;
	f->req.count = f->count;
	f->req.buf = f->buffer;
	disk_submit(&f->req);
}

static u8 track_end(const struct fdc *f, const struct fdc_drive *d)
{
	return f->last < d->spt ? f->last : d->spt;
}

/* Is there what is to be read or written? The medium may be another than a byte ago. */
static bool there(struct fdc *f)
{
	struct fdc_drive *d = target(f);

	f->side = f->head;
	if (!fdc_readable(f, d)) {
		failed(f, FDC_ST1_NO_ADDRESS);
		return false;
	}
	if (f->sector >= 1 && f->sector <= track_end(f, d) && f->head < d->heads &&
	    f->cylinder < d->tracks)
		return true;
	/* A track that is shorter than the guest believes has no more marks. */
	failed(f, opcode(f) == FDC_CMD_READ_TRACK && f->sector > d->spt ?
	       FDC_ST1_NO_ADDRESS : FDC_ST1_NO_DATA);
	return false;
}

/* Bytes through the FIFO, to or from the buffer at @at. */
static void ask(struct fdc *f, u16 at, u16 len)
{
	f->nin = 0;	/* the command is taken */
	f->pio = true;
	f->pio_at = at;
	f->pio_pos = 0;
	f->pio_len = len;
	f->waits = 0;
	fdc_irq(f, true);
}

/* What is written is brought by DMA: whole sectors, the last one filled with zeros. */
static void fetch(struct fdc *f)
{
	bool tc;
	u32 n = f->dma(f->arg, f->buffer, f->count * SECTOR, false, &tc);

	if (!n) {	/* nobody brings the data */
		failed(f, FDC_ST1_OVERRUN);
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

/* Move the next part of a track, from @sector to @last on this side. */
static void step(struct fdc *f)
{
	bool verify = opcode(f) == FDC_CMD_VERIFY;

	if (!there(f))
		return;
	f->count = track_end(f, target(f)) - f->sector + 1;
	if (verify && f->in[1] & CMD_EC && f->count > f->left)
		f->count = f->left;
	if (!verify && (by_pio(f) || is_scan(f)))
		f->count = 1;
	if (!is_write(f))
		submit(f, DISK_READ);
	else if (by_pio(f))
		ask(f, 0, SECTOR);
	else
		fetch(f);
}

/*
 * Is there more on the other side? Without terminal count the track's end is an error,
 * another one where the guest takes the track for longer than it is.
 */
static void onward(struct fdc *f, unsigned int n)
{
	u8 cylinder = f->cylinder;

	advance(f, n);
	if (f->sector != 1 || (f->cylinder == cylinder && f->head))
		step(f);
	else if (opcode(f) == FDC_CMD_VERIFY && !(f->in[1] & CMD_EC))
		data_end(f);
	else
		failed(f, FDC_ST1_END);
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
	onward(f, f->count);
}

/* READ TRACK ends with the track; where that is shorter no more marks are found. */
static void track_done(struct fdc *f)
{
	if (f->sector + f->count - 1 == f->last) {
		data_end(f);
		return;
	}
	f->sector += f->count;
	step(f);
}

static void part_read(struct fdc *f, u32 n, bool tc)
{
	if (tc) {
		/* What READ TRACK tells is the track. */
		if (opcode(f) != FDC_CMD_READ_TRACK)
			advance(f, (n + SECTOR - 1) / SECTOR);
		data_end(f);
	} else if (opcode(f) == FDC_CMD_READ_TRACK) {
		track_done(f);
	} else {
		onward(f, f->count);
	}
}

/* A sector behind the guest's own bytes: does each meet the condition? */
static bool meets(const struct fdc *f, u32 n, bool *equal)
{
	const u8 *disk = f->buffer, *guest = f->buffer + SECTOR;
	u8 cmd = opcode(f);
	u32 i;

	*equal = true;
	for (i = 0; i < n; i++) {
		if (disk[i] == guest[i] || disk[i] == 0xff || guest[i] == 0xff)
			continue;
		*equal = false;
		if (cmd == FDC_CMD_SCAN_EQUAL ||
		    (cmd == FDC_CMD_SCAN_LOW ? disk[i] > guest[i] : disk[i] < guest[i]))
			return false;
	}
	return true;
}

/* Data sheet, SCAN: it ends with a sector that meets the condition, or the last one. */
static void compared(struct fdc *f, u32 n, bool tc)
{
	u8 by = f->in[8] == 2 ? 2 : 1;
	bool equal, last = f->sector == f->last;

	if (meets(f, n, &equal)) {
		fdc_result(f, 0, 0, equal ? ST2_SCAN_HIT : 0);
	} else if (tc || (last && !(f->both && !f->head))) {
		fdc_result(f, 0, 0, ST2_SCAN_NOT);
	} else if (f->sector + by <= f->last) {
		f->sector += by;
		step(f);
	} else if (last) {
		f->sector = 1;
		f->head = 1;
		step(f);
	} else {	/* every other sector, and the last one is not among them */
		fdc_result(f, FDC_ST0_ABNORMAL, FDC_ST1_NO_DATA, ST2_SCAN_NOT);
	}
}

static void scan(struct fdc *f)
{
	bool tc;
	u32 n;

	if (by_pio(f)) {
		ask(f, SECTOR, SECTOR);
		return;
	}
	n = f->dma(f->arg, f->buffer + SECTOR, SECTOR, false, &tc);
	if (n)
		compared(f, n, tc);
	else
		failed(f, FDC_ST1_OVERRUN);
}

static void read_done(struct fdc *f)
{
	bool tc;
	u32 n;

	if (opcode(f) == FDC_CMD_VERIFY) {
		verified(f);
	} else if (is_scan(f)) {
		scan(f);
	} else if (by_pio(f)) {
		ask(f, 0, SECTOR);
	} else {
		n = f->dma(f->arg, f->buffer, f->count * SECTOR, true, &tc);
		if (n)
			part_read(f, n, tc);
		else
			failed(f, FDC_ST1_OVERRUN);
	}
}

/**
 * fdc_request_done() - a request has come back
 * @arg: the controller
 * @rc: 0 or a negative error number
 */
void fdc_request_done(void *arg, int rc)
{
	struct fdc *f = arg;

	if (f->drop || !f->moving) {
		f->drop = false;
		return;
	}
	if (rc == -EROFS) {
		failed(f, FDC_ST1_PROTECTED);
	} else if (rc) {
		fdc_result(f, FDC_ST0_ABNORMAL, FDC_ST1_CRC, 0x20);
	} else if (!is_write(f)) {
		read_done(f);
	} else if (f->last) {
		onward(f, f->count);
	} else {
		f->last = f->in[6];
		advance(f, f->count);
		data_end(f);
	}
}

/* CONFIGURE's EIS bit: the head goes where the command is. */
static void implied_seek(struct fdc *f, struct fdc_drive *d)
{
	if (f->config[1] & IMPLIED_SEEK && d && opcode(f) != FDC_CMD_READ_TRACK)
		fdc_step_to(d, f->in[2]);
}

/**
 * fdc_data() - begin a command that moves data
 * @f: the controller, the command complete
 */
void fdc_data(struct fdc *f)
{
	struct fdc_drive *d = target(f);

	f->cylinder = f->in[2];
	f->head = f->in[3] & 1;
	f->side = f->head;
	f->sector = f->in[4];
	f->last = f->in[6];
	f->both = f->in[0] & CMD_MT;
	f->left = f->in[8] ?: 256;
	f->busy = true;
	f->moving = true;
	implied_seek(f, d);
	if (opcode(f) == FDC_CMD_READ_TRACK) {
		f->cylinder = d ? d->track : 0;
		f->head = f->in[1] >> 2 & 1;
		f->side = f->head;
		f->sector = 1;
		f->both = false;
	}
	if (!fdc_readable(f, d))
		failed(f, FDC_ST1_NO_ADDRESS);
	else if (f->cylinder != d->track || f->cylinder >= d->tracks)
		fdc_result(f, FDC_ST0_ABNORMAL, FDC_ST1_NO_DATA, ST2_WRONG_CYL);
	else if (f->in[5] != 2)
		failed(f, FDC_ST1_NO_DATA);
	else if (is_write(f) && fdc_protected(d))
		failed(f, FDC_ST1_PROTECTED);
	else
		step(f);
}

/* The guest has brought four bytes a sector, of which we keep nothing. */
static void fill_track(struct fdc *f)
{
	memset(f->buffer, f->in[5], f->count * SECTOR);
	f->last = 0;
	submit(f, DISK_WRITE);
}

static bool format_fits(struct fdc *f)
{
	struct fdc_drive *d = target(f);

	if (!d || !d->disk || f->cylinder >= d->tracks || f->head >= d->heads) {
		failed(f, FDC_ST1_NO_ADDRESS);
		return false;
	}
	if (!fdc_protected(d) && f->in[2] == 2 && f->in[3] == d->spt && fdc_readable(f, d))
		return true;
	failed(f, fdc_protected(d) ? FDC_ST1_PROTECTED : FDC_ST1_NO_DATA);
	return false;
}

/**
 * fdc_format() - FORMAT TRACK
 * @f: the controller, the command complete
 */
void fdc_format(struct fdc *f)
{
	struct fdc_drive *d = target(f);
	bool tc;

	f->cylinder = d ? d->track : 0;
	f->head = f->in[1] >> 2 & 1;
	f->side = f->head;
	f->sector = 1;
	f->both = false;
	f->busy = true;
	f->moving = true;
	if (!format_fits(f))
		return;
	f->count = f->in[3];
	if (by_pio(f)) {
		ask(f, 0, f->count * 4);
		return;
	}
	f->dma(f->arg, f->buffer, f->count * 4U, false, &tc);
	fill_track(f);
}

/* All bytes have been moved. */
static void moved(struct fdc *f)
{
	f->pio = false;
	if (opcode(f) == FDC_CMD_FORMAT) {
		if (format_fits(f))
			fill_track(f);
	} else if (is_write(f)) {
		f->drop = false;
		if (there(f))
			submit(f, DISK_WRITE);
	} else if (is_scan(f)) {
		compared(f, SECTOR, false);
	} else {
		part_read(f, SECTOR, false);
	}
}

/* The interrupt goes away as the FIFO is empty or full, and comes for what is next. */
static void passed(struct fdc *f)
{
	u8 burst = f->config[1] & FDC_NO_FIFO ? 1 : FIFO - (f->config[1] & THRESHOLD);

	f->waits = 0;
	f->pio_pos++;
	if (f->pio_pos % burst && f->pio_pos < f->pio_len)
		return;
	fdc_irq(f, false);
	if (f->pio_pos < f->pio_len)
		fdc_irq(f, true);
	else
		moved(f);
}

/**
 * fdc_pio_status() - the main status register while bytes go through the FIFO
 * @f: the controller, with @pio
 * @to_guest: filled: the guest is to read one
 *
 * Return: false if it has seen for long that there is one, and done nothing: the command
 * has ended.
 */
bool fdc_pio_status(struct fdc *f, bool *to_guest)
{
	u64 now = f->now ? f->now(f->arg) : 0;

	*to_guest = !brings(f);
	if (!f->waits)
		f->waits = now;
	else if (now - f->waits > OVERRUN_NS)
		failed(f, FDC_ST1_OVERRUN);
	return f->pio;
}

/**
 * fdc_pio_read() - the guest takes a byte
 * @f: the controller, with @pio
 *
 * Return: the byte.
 */
u8 fdc_pio_read(struct fdc *f)
{
	u8 val;

	if (brings(f))
		return 0;
	val = f->buffer[f->pio_at + f->pio_pos];
	passed(f);
	return val;
}

/**
 * fdc_pio_write() - the guest brings a byte
 * @f: the controller, with @pio
 * @val: the byte
 */
void fdc_pio_write(struct fdc *f, u8 val)
{
	if (!brings(f))
		return;
	f->buffer[f->pio_at + f->pio_pos] = val;
	passed(f);
}

/**
 * fdc_pio_sane() - could that be a transfer through the FIFO
 * @f: the controller, restored
 *
 * Return: whether it could.
 */
bool fdc_pio_sane(const struct fdc *f)
{
	u16 want = opcode(f) == FDC_CMD_FORMAT ? f->count * 4 : SECTOR;

	return fdc_command_length(f->in[0]) >= 6 && opcode(f) != FDC_CMD_VERIFY &&
	       f->pio_at == (is_scan(f) ? SECTOR : 0) && f->pio_len == want &&
	       f->pio_pos < want && f->count >= 1 &&
	       f->count <= (opcode(f) == FDC_CMD_FORMAT ? FDC_TRACK / SECTOR : 1);
}
