// SPDX-License-Identifier: GPL-2.0
/*
 * A SCSI-2 disk: what a target on the bus makes of command blocks.
 *
 * From the SCSI-2 standard (X3.131-1994), chapters 7 to 9, with READ CAPACITY(16),
 * REPORT LUNS and the 16-byte transfers of SBC and SPC for images that need them.
 * A host adapter hands over a command and room for a chunk of data; scsi_start() asks
 * it to move the data, chunk after chunk, and tells it when all is done. Requests to
 * the image are asynchronous. Everything in a command block is the guest's: a range
 * that is not on the disk never becomes a request.
 *
 * There is one initiator, so that reservations always succeed. FORMAT UNIT is not
 * offered: a guest that formats its disk by mistake has lost nothing.
 */
#include "scsidisk.h"

#include <errno.h>
#include <stdio.h>

#define TEST_UNIT_READY		0x00
#define REZERO_UNIT		0x01
#define REQUEST_SENSE		0x03
#define READ_6			0x08
#define WRITE_6			0x0a
#define SEEK_6			0x0b
#define INQUIRY			0x12
#define MODE_SELECT_6		0x15
#define RESERVE_6		0x16
#define RELEASE_6		0x17
#define MODE_SENSE_6		0x1a
#define START_STOP		0x1b
#define SEND_DIAGNOSTIC		0x1d
#define PREVENT_REMOVAL		0x1e
#define READ_CAPACITY		0x25
#define READ_10			0x28
#define WRITE_10		0x2a
#define SEEK_10			0x2b
#define WRITE_VERIFY_10		0x2e
#define VERIFY_10		0x2f
#define SYNCHRONIZE_CACHE	0x35
#define MODE_SELECT_10		0x55
#define RESERVE_10		0x56
#define RELEASE_10		0x57
#define MODE_SENSE_10		0x5a
#define READ_16			0x88
#define WRITE_16		0x8a
#define SERVICE_ACTION_IN	0x9e
#define READ_CAPACITY_16	0x10	/* its service action */
#define REPORT_LUNS		0xa0
#define READ_12			0xa8
#define WRITE_12		0xaa

#define CONTROL_LINK		0x01
#define FUA			0x08
#define START			0x01
#define BYTE_CHECK		0x02
#define EVPD			0x01
#define SELF_TEST		0x04
#define MODE_PF			0x10
#define MODE_SP			0x01
#define MODE_DBD		0x08

#define PAGE_FORMAT		0x03
#define PAGE_GEOMETRY		0x04
#define PAGE_CACHING		0x08
#define PAGE_CONTROL		0x0a
#define PAGE_ALL		0x3f
#define WRITE_PROTECTED		0x80
#define DPO_FUA			0x10
#define CACHE_WCE		0x04

/* A geometry for who asks for one. */
#define HEADS			16
#define SPT			63

/* Sense key << 16 | additional code << 8 | its qualifier. */
enum why {
	NOT_READY_STOPPED	= 0x020402,
	MEDIUM_WRITE		= 0x030c00,
	MEDIUM_READ		= 0x031100,
	INVALID_COMMAND		= 0x052000,
	OUT_OF_RANGE		= 0x052100,
	INVALID_CDB_FIELD	= 0x052400,
	BAD_UNIT		= 0x052500,
	INVALID_PARAMETER	= 0x052600,
	NO_SAVED_PAGES		= 0x053900,
	WAS_RESET		= 0x062900,
	READ_ONLY		= 0x072700,
};

static u32 be16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static u32 be32(const u8 *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static void put16(u8 *p, u32 val)
{
	p[0] = val >> 8;
	p[1] = val;
}

static void put32(u8 *p, u32 val)
{
	put16(p, val >> 16);
	put16(p + 2, val);
}

static void put64(u8 *p, u64 val)
{
	put32(p, val >> 32);
	put32(p + 4, val);
}

static void fill_sense(u8 *sense, u32 why)
{
	memset(sense, 0, SCSI_SENSE);
	sense[0] = 0x70;
	sense[2] = why >> 16;
	sense[7] = SCSI_SENSE - 8;
	sense[12] = why >> 8;
	sense[13] = why;
}

static void finish(struct scsi_cmd *cmd, u8 status)
{
	cmd->status = status;
	cmd->done(cmd);
}

static void fail(struct scsi_cmd *cmd, enum why why)
{
	fill_sense(cmd->disk->sense, why);
	cmd->disk->sense_valid = true;
	finish(cmd, SCSI_CHECK);
}

/* Move a part of the data; false if the command ends here, with what was moved. */
static bool move(struct scsi_cmd *cmd, u32 len)
{
	u32 n;

	if (!len)
		return true;
	if (cmd->checked && cmd->want != cmd->dir) {
		cmd->wrong_way = true;
		return false;
	}
	n = cmd->move(cmd, len, cmd->dir == SCSI_IN);
	cmd->moved += n;
	cmd->short_buffer |= n < len;
	return n == len;
}

/* Answer with what is in the buffer, at most as much as the command allows. */
static void answer(struct scsi_cmd *cmd, u32 len, u32 allowed)
{
	cmd->dir = SCSI_IN;
	move(cmd, len < allowed ? len : allowed);
	finish(cmd, SCSI_GOOD);
}

static void inquiry(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	static const char names[] = "VMBT    HARDDISK        1.0 ";
	u8 *b = cmd->buf, page = cmd->cdb[2];

	memset(b, 0, 96);
	if (cmd->cdb[1] & EVPD) {
		b[1] = page;
		if (page == 0x00) {
			b[3] = 2;
			b[5] = 0x80;
		} else if (page == 0x80) {	/* serial number */
			b[3] = snprintf((char *)b + 4, 16, "vmbt%u", d->id);
		} else {
			fail(cmd, INVALID_CDB_FIELD);
			return;
		}
		answer(cmd, 4 + b[3], be16(cmd->cdb + 3));
		return;
	}
	if (page) {
		fail(cmd, INVALID_CDB_FIELD);
		return;
	}
	if (cmd->lun)
		b[0] = 0x7f;		/* no such unit, and never one */
	b[2] = 2;			/* SCSI-2, in data format and behaviour */
	b[3] = 2;
	b[4] = 36 - 5;
	b[7] = 0x32;			/* wide, synchronous, tagged queuing */
	memcpy(b + 8, names, 28);
	answer(cmd, 36, be16(cmd->cdb + 3));
}

static void request_sense(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	memset(cmd->buf, 0, SCSI_SENSE);
	if (cmd->lun)
		fill_sense(cmd->buf, BAD_UNIT);
	else
		scsi_take_sense(d, cmd->buf);
	answer(cmd, SCSI_SENSE, cmd->cdb[4] ? cmd->cdb[4] : 4);
}

static u32 mode_page(const struct scsi_disk *d, u8 page, bool changeable, u8 *b)
{
	u64 cylinders = d->disk->sectors / (HEADS * SPT);
	u32 len = page == PAGE_CACHING || page == PAGE_CONTROL ? 10 : 22;

	if (page == PAGE_CONTROL)
		len = 6;
	memset(b, 0, len + 2);
	b[0] = page;
	b[1] = len;
	if (changeable) {
		if (page == PAGE_CACHING)
			b[2] = CACHE_WCE;
		return len + 2;
	}
	switch (page) {
	case PAGE_FORMAT:
		put16(b + 2, HEADS);		/* tracks a zone */
		put16(b + 10, SPT);
		put16(b + 12, DISK_SECTOR);
		put16(b + 14, 1);		/* interleave */
		b[20] = 0x40;			/* hard sectors */
		break;
	case PAGE_GEOMETRY:
		b[2] = cylinders >> 16;
		put16(b + 3, cylinders);
		b[5] = HEADS;
		put16(b + 20, 7200);
		break;
	case PAGE_CACHING:
		b[2] = d->write_through ? 0 : CACHE_WCE;
		break;
	}
	return len + 2;
}

static void mode_sense(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	static const u8 pages[] = { PAGE_FORMAT, PAGE_GEOMETRY, PAGE_CACHING, PAGE_CONTROL };
	bool ten = cmd->cdb[0] == MODE_SENSE_10, found = false;
	u8 page = cmd->cdb[2] & 0x3f, control = cmd->cdb[2] >> 6, *b = cmd->buf;
	u32 head = ten ? 8 : 4, at = head, i;

	if (control == 3) {
		fail(cmd, NO_SAVED_PAGES);
		return;
	}
	memset(b, 0, head + 8);
	b[ten ? 3 : 2] = DPO_FUA | (d->disk->readonly ? WRITE_PROTECTED : 0);
	if (!(cmd->cdb[1] & MODE_DBD)) {
		b[head - 1] = 8;
		put32(b + at, d->disk->sectors < 0xffffff ? d->disk->sectors : 0xffffff);
		put32(b + at + 4, DISK_SECTOR);
		at += 8;
	}
	for (i = 0; i < sizeof(pages); i++) {
		if (page != PAGE_ALL && page != pages[i])
			continue;
		found = true;
		at += mode_page(d, pages[i], control == 1, b + at);
	}
	if (!found) {
		fail(cmd, INVALID_CDB_FIELD);
		return;
	}
	if (ten)
		put16(b, at - 2);
	else
		b[0] = at - 1;
	answer(cmd, at, ten ? be16(cmd->cdb + 7) : cmd->cdb[4]);
}

/* The parameters of MODE SELECT: whether writes are cached is all that can be set. */
static bool select_pages(struct scsi_disk *d, const u8 *b, u32 len, bool ten)
{
	u32 at = ten ? 8 : 4;
	u8 want[32];

	if (len < at)
		return !len;
	at += ten ? be16(b + 6) : b[3];
	while (at < len) {
		u8 page = b[at] & 0x3f;
		u32 have;

		if (len - at < 2 || len - at - 2 < b[at + 1])
			return false;
		if (page != PAGE_FORMAT && page != PAGE_GEOMETRY && page != PAGE_CACHING &&
		    page != PAGE_CONTROL)
			return false;
		have = mode_page(d, page, false, want);
		if (b[at + 1] + 2U != have)
			return false;
		if (page == PAGE_CACHING) {
			d->write_through = !(b[at + 2] & CACHE_WCE);
			want[2] = b[at + 2] & CACHE_WCE;
		}
		if (memcmp(b + at + 2, want + 2, have - 2))
			return false;
		at += have;
	}
	return at == len;
}

static void mode_select(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	bool ten = cmd->cdb[0] == MODE_SELECT_10;
	u32 len = ten ? be16(cmd->cdb + 7) : cmd->cdb[4];

	if (cmd->cdb[1] & MODE_SP) {
		fail(cmd, INVALID_CDB_FIELD);
		return;
	}
	cmd->dir = SCSI_OUT;
	if (!move(cmd, len))
		finish(cmd, SCSI_GOOD);
	else if (select_pages(d, cmd->buf, len, ten))
		finish(cmd, SCSI_GOOD);
	else
		fail(cmd, INVALID_PARAMETER);
}

static void capacity(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	u64 last = d->disk->sectors - 1;

	put32(cmd->buf, last < 0xffffffff ? last : 0xffffffff);
	put32(cmd->buf + 4, DISK_SECTOR);
	answer(cmd, 8, 8);
}

static void capacity_16(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	if ((cmd->cdb[1] & 0x1f) != READ_CAPACITY_16) {
		fail(cmd, INVALID_CDB_FIELD);
		return;
	}
	memset(cmd->buf, 0, 32);
	put64(cmd->buf, d->disk->sectors - 1);
	put32(cmd->buf + 8, DISK_SECTOR);
	answer(cmd, 32, be32(cmd->cdb + 10));
}

static void report_luns(struct scsi_cmd *cmd)
{
	memset(cmd->buf, 0, 16);
	put32(cmd->buf, 8);
	answer(cmd, 16, be32(cmd->cdb + 6));
}

static void transfer_done(void *arg, int result);

static void submit(struct scsi_cmd *cmd, enum disk_op op, u32 count)
{
	cmd->req = (struct disk_req){
		.disk = cmd->disk->disk, .op = op, .sector = cmd->sector, .count = count,
		.buf = cmd->buf, .done = transfer_done, .arg = cmd,
	};
	disk_submit(&cmd->req);
}

/* Do the next chunk, or what comes behind the last. */
static void next_chunk(struct scsi_cmd *cmd)
{
	u32 count = cmd->left;

	if (count > SCSI_CHUNK / DISK_SECTOR)
		count = SCSI_CHUNK / DISK_SECTOR;
	if (!count) {
		if (cmd->flush)
			submit(cmd, DISK_FLUSH, 0);
		else
			finish(cmd, SCSI_GOOD);
	} else if (cmd->dir == SCSI_OUT) {
		if (move(cmd, count * DISK_SECTOR))
			submit(cmd, DISK_WRITE, count);
		else
			finish(cmd, SCSI_GOOD);
	} else {
		submit(cmd, DISK_READ, count);
	}
}

static void transfer_done(void *arg, int result)
{
	struct scsi_cmd *cmd = arg;

	if (cmd->aborted) {
		finish(cmd, SCSI_GOOD);
		return;
	}
	if (result) {
		fail(cmd, cmd->req.op == DISK_READ ? MEDIUM_READ :
		     result == -EROFS ? READ_ONLY : MEDIUM_WRITE);
		return;
	}
	if (cmd->req.op == DISK_FLUSH) {
		finish(cmd, SCSI_GOOD);
		return;
	}
	if (cmd->req.op == DISK_READ && !move(cmd, cmd->req.count * DISK_SECTOR)) {
		finish(cmd, SCSI_GOOD);
		return;
	}
	cmd->sector += cmd->req.count;
	cmd->left -= cmd->req.count;
	next_chunk(cmd);
}

static bool in_range(const struct scsi_disk *d, u64 sector, u64 count)
{
	return sector <= d->disk->sectors && count <= d->disk->sectors - sector;
}

static void transfer(struct scsi_disk *d, struct scsi_cmd *cmd, enum scsi_dir dir, u64 sector,
		     u32 count)
{
	cmd->dir = dir;
	cmd->sector = sector;
	cmd->left = count;
	cmd->flush = dir == SCSI_OUT && (d->write_through || cmd->cdb[0] == WRITE_VERIFY_10 ||
					 (cmd->cdb[0] != WRITE_6 && cmd->cdb[1] & FUA));
	if (!in_range(d, sector, count))
		fail(cmd, OUT_OF_RANGE);
	else if (dir == SCSI_OUT && d->disk->readonly)
		fail(cmd, READ_ONLY);
	else if (!count)
		finish(cmd, SCSI_GOOD);
	else
		next_chunk(cmd);
}

static void flush(struct scsi_cmd *cmd)
{
	cmd->left = 0;
	submit(cmd, DISK_FLUSH, 0);
}

static void medium(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	const u8 *c = cmd->cdb;
	u32 lba6 = (c[1] & 0x1f) << 16 | be16(c + 2);

	switch (c[0]) {
	case TEST_UNIT_READY:
	case REZERO_UNIT:
		finish(cmd, SCSI_GOOD);
		break;
	case READ_6:
	case WRITE_6:
		transfer(d, cmd, c[0] == READ_6 ? SCSI_IN : SCSI_OUT, lba6, c[4] ? c[4] : 256);
		break;
	case READ_10:
		transfer(d, cmd, SCSI_IN, be32(c + 2), be16(c + 7));
		break;
	case WRITE_10:
	case WRITE_VERIFY_10:
		transfer(d, cmd, SCSI_OUT, be32(c + 2), be16(c + 7));
		break;
	case READ_12:
	case WRITE_12:
		transfer(d, cmd, c[0] == READ_12 ? SCSI_IN : SCSI_OUT, be32(c + 2), be32(c + 6));
		break;
	case READ_16:
	case WRITE_16:
		transfer(d, cmd, c[0] == READ_16 ? SCSI_IN : SCSI_OUT,
			 (u64)be32(c + 2) << 32 | be32(c + 6), be32(c + 10));
		break;
	case SEEK_6:
	case SEEK_10:
		if (in_range(d, c[0] == SEEK_6 ? lba6 : be32(c + 2), 1))
			finish(cmd, SCSI_GOOD);
		else
			fail(cmd, OUT_OF_RANGE);
		break;
	case VERIFY_10:
		if (c[1] & BYTE_CHECK)
			fail(cmd, INVALID_CDB_FIELD);
		else if (in_range(d, be32(c + 2), be16(c + 7)))
			finish(cmd, SCSI_GOOD);
		else
			fail(cmd, OUT_OF_RANGE);
		break;
	case SYNCHRONIZE_CACHE:
		flush(cmd);
		break;
	case READ_CAPACITY:
		capacity(d, cmd);
		break;
	case SERVICE_ACTION_IN:
		capacity_16(d, cmd);
		break;
	default:
		fail(cmd, INVALID_COMMAND);
		break;
	}
}

static void execute(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	switch (cmd->cdb[0]) {
	case MODE_SENSE_6:
	case MODE_SENSE_10:
		mode_sense(d, cmd);
		break;
	case MODE_SELECT_6:
	case MODE_SELECT_10:
		mode_select(d, cmd);
		break;
	case START_STOP:
		d->stopped = !(cmd->cdb[4] & START);
		flush(cmd);
		break;
	case SEND_DIAGNOSTIC:
		if (cmd->cdb[1] & SELF_TEST)
			finish(cmd, SCSI_GOOD);
		else
			fail(cmd, INVALID_CDB_FIELD);
		break;
	case RESERVE_6:
	case RESERVE_10:
	case RELEASE_6:
	case RELEASE_10:
	case PREVENT_REMOVAL:
		finish(cmd, SCSI_GOOD);
		break;
	default:
		if (d->stopped)
			fail(cmd, NOT_READY_STOPPED);
		else
			medium(d, cmd);
		break;
	}
}

static void tell_of_reset(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	d->attention = false;
	fail(cmd, WAS_RESET);
}

/* Where the control byte is: the last of the command block. */
static u8 control(const u8 *cdb)
{
	static const u8 len[8] = { 6, 10, 10, 6, 16, 12, 6, 6 };

	return cdb[len[cdb[0] >> 5] - 1];
}

/**
 * scsi_start() - execute a command
 * @d: the disk
 * @cmd: the command, with what the initiator fills in
 *
 * @cmd's done() may be called before this returns.
 */
void scsi_start(struct scsi_disk *d, struct scsi_cmd *cmd)
{
	u8 op = cmd->cdb[0];

	cmd->disk = d;
	cmd->dir = SCSI_NO_DATA;
	cmd->moved = 0;
	cmd->short_buffer = false;
	cmd->wrong_way = false;
	cmd->aborted = false;
	if (op == REQUEST_SENSE) {
		request_sense(d, cmd);
		return;
	}
	d->sense_valid = false;
	if (control(cmd->cdb) & CONTROL_LINK)
		fail(cmd, INVALID_CDB_FIELD);
	else if (op == INQUIRY)
		inquiry(d, cmd);
	else if (cmd->lun)
		fail(cmd, BAD_UNIT);
	else if (op == REPORT_LUNS)
		report_luns(cmd);
	else if (d->attention)
		tell_of_reset(d, cmd);
	else
		execute(d, cmd);
}

/**
 * scsi_take_sense() - fetch what the last command said of its failure
 * @d: the disk
 * @sense: SCSI_SENSE bytes; no failure is sense, too
 */
void scsi_take_sense(struct scsi_disk *d, u8 *sense)
{
	if (d->sense_valid) {
		memcpy(sense, d->sense, SCSI_SENSE);
	} else if (d->attention) {
		d->attention = false;
		fill_sense(sense, WAS_RESET);
	} else {
		fill_sense(sense, 0);
	}
	d->sense_valid = false;
}

/**
 * scsi_disk_reset() - power-on, or a reset of the bus
 * @d: the disk, with @disk and @id filled in
 */
void scsi_disk_reset(struct scsi_disk *d)
{
	d->write_through = false;
	d->stopped = false;
	d->attention = true;
	d->sense_valid = false;
}

/**
 * scsi_disk_state() - save or restore
 * @d: the disk, without a command under way
 * @s: where to
 */
void scsi_disk_state(struct scsi_disk *d, struct state *s)
{
	state_bool(s, &d->write_through);
	state_bool(s, &d->stopped);
	state_bool(s, &d->attention);
	STATE(s, d->sense);
	state_bool(s, &d->sense_valid);
}
