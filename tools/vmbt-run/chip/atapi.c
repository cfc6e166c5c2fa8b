// SPDX-License-Identifier: GPL-2.0
/*
 * The packet commands of a CD-ROM drive.
 *
 * From SFF-8020i 2.6 and MMC-3 (T10/1363D). The medium is an ISO image: one data
 * track of sectors of 2048 bytes. What a command answers is put together in the
 * channel's buffer and cut to the length that the guest allocated; ide.c moves
 * it.
 */
#include "ide.h"

#define KEY_NONE	0x00
#define KEY_NOT_READY	0x02
#define KEY_ILLEGAL	0x05
#define KEY_ATTENTION	0x06
#define ASC_BAD_COMMAND	0x20
#define ASC_BAD_LBA	0x21
#define ASC_BAD_FIELD	0x24
#define ASC_CHANGED	0x28
#define ASC_NO_MEDIUM	0x3a
#define ASCQ_CLOSED	0x01
#define ASCQ_OPEN	0x02
#define ASC_REMOVAL	0x53
#define ASCQ_PREVENTED	0x02

#define LOCK		0x01	/* PREVENT ALLOW, byte 4 */
#define START		0x01	/* START STOP UNIT, byte 4 */
#define LOEJ		0x02
#define POWER		0xf0

#define MEDIA_CLASS	0x10	/* GET EVENT STATUS NOTIFICATION */
#define MEDIA_OPEN	0x01
#define MEDIA_PRESENT	0x02

#define FRAMES_PER_SEC	75
#define LEAD_IN		150
#define LEAD_OUT	0xaa

static u16 be16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static u32 be32(const u8 *p)
{
	return (u32)be16(p) << 16 | be16(p + 2);
}

static void put_be32(u8 *p, u32 val)
{
	p[0] = val >> 24;
	p[1] = val >> 16;
	p[2] = val >> 8;
	p[3] = val;
}

static u32 sectors(struct ide *c)
{
	return ide_selected(c)->disk->sectors / (IDE_CD_SECTOR / DISK_SECTOR);
}

/**
 * ide_packet_done() - a packet command is over
 * @c: the channel
 * @sense: sense key, 0 if it went well
 * @asc: additional sense code
 */
void ide_packet_done(struct ide *c, u8 sense, u8 asc)
{
	struct ide_drive *d = ide_selected(c);

	d->sense = sense;
	d->asc = asc;
	d->ascq = 0;
	c->phase = IDE_IDLE;
	c->bm_status &= ~IDE_BM_ACTIVE;
	c->count[0] = IDE_REASON_CD | IDE_REASON_IO;
	c->error = sense << 4 | (sense ? IDE_ABRT : 0);
	c->status = IDE_DRDY | IDE_DSC | (sense ? IDE_ERR : 0);
	ide_interrupt(c);
}

static bool present(const struct ide_drive *d)
{
	return d->disk && !d->tray_open;
}

/**
 * ide_packet_no_medium() - a packet command finds no medium, or not the one it began with
 * @c: the channel
 */
void ide_packet_no_medium(struct ide *c)
{
	struct ide_drive *d = ide_selected(c);

	if (present(d)) {
		d->attention = false;
		ide_packet_done(c, KEY_ATTENTION, ASC_CHANGED);
		return;
	}
	ide_packet_done(c, KEY_NOT_READY, ASC_NO_MEDIUM);
	d->ascq = d->tray_open ? ASCQ_OPEN : ASCQ_CLOSED;
}

/**
 * ide_packet_block() - tell the guest how many bytes to read
 * @c: the channel; a block begins
 */
void ide_packet_block(struct ide *c)
{
	u32 len = c->block_end - c->pos;

	c->count[0] = IDE_REASON_IO;
	c->lba[1][0] = len;
	c->lba[2][0] = len >> 8;
}

/* Answer with @len bytes of the buffer, at most what the guest has room for. */
static void answer(struct ide *c, u32 len, u32 room)
{
	if (len > room)
		len = room;
	if (len)
		ide_data_in(c, len);
	else
		ide_packet_done(c, KEY_NONE, 0);
}

static void request_sense(struct ide *c, u32 room)
{
	struct ide_drive *d = ide_selected(c);
	u8 *p = c->buffer;

	memset(p, 0, 18);
	p[0] = 0x70;
	p[2] = d->sense;
	p[7] = 10;
	p[12] = d->asc;
	p[13] = d->ascq;
	answer(c, 18, room);
}

static void inquiry(struct ide *c, u32 room)
{
	u8 *p = c->buffer;

	memset(p, 0, 36);
	p[0] = 0x05;		/* CD-ROM */
	p[1] = 0x80;		/* removable */
	p[3] = 0x21;
	p[4] = 31;
	memcpy(p + 8, "VMBT    CD-ROM          1.0 ", 28);
	answer(c, 36, room);
}

static void read_capacity(struct ide *c)
{
	put_be32(c->buffer, sectors(c) - 1);
	put_be32(c->buffer + 4, IDE_CD_SECTOR);
	answer(c, 8, 8);
}

static void put_address(u8 *p, u32 lba, bool msf)
{
	if (!msf) {
		put_be32(p, lba);
		return;
	}
	lba += LEAD_IN;
	p[0] = 0;
	p[1] = lba / FRAMES_PER_SEC / 60;
	p[2] = lba / FRAMES_PER_SEC % 60;
	p[3] = lba % FRAMES_PER_SEC;
}

/* MMC-3, 6.26: one session with one track. */
static void read_toc(struct ide *c, const u8 *cmd)
{
	bool msf = cmd[1] & 2;
	u8 format = cmd[2] & 15, *p = c->buffer, track;
	u32 len = 4;

	if (!format)
		format = cmd[9] >> 6;
	memset(p, 0, 48);
	p[2] = 1;
	p[3] = 1;
	if (format == 0) {
		if (cmd[6] > 1 && cmd[6] != LEAD_OUT) {
			ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_FIELD);
			return;
		}
		for (track = cmd[6] <= 1 ? 1 : 2; track <= 2; track++, len += 8) {
			p[len + 1] = 0x14;	/* data track */
			p[len + 2] = track == 1 ? 1 : LEAD_OUT;
			put_address(p + len + 4, track == 1 ? 0 : sectors(c), msf);
		}
	} else if (format == 1) {
		p[5] = 0x14;
		p[6] = 1;
		put_address(p + 8, 0, msf);
		len = 12;
	} else {
		ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	p[0] = (len - 2) >> 8;
	p[1] = len - 2;
	answer(c, len, be16(cmd + 7));
}

/* MMC-3, 6.5: the profile list and the core feature say CD-ROM; current with a disc. */
static void get_configuration(struct ide *c, const u8 *cmd)
{
	static const u8 conf[] = {
		0, 0, 0, 20, 0, 0, 0, 8,
		0, 0, 3, 4, 0, 8, 1, 0,		/* profiles: CD-ROM, current */
		0, 1, 3, 4, 0, 0, 0, 2,		/* core: ATAPI */
	};

	memcpy(c->buffer, conf, sizeof(conf));
	if (!present(ide_selected(c))) {
		c->buffer[7] = 0;
		c->buffer[14] = 0;
	}
	answer(c, sizeof(conf), be16(cmd + 7));
}

static void get_event(struct ide *c, const u8 *cmd)
{
	struct ide_drive *d = ide_selected(c);
	u8 *p = c->buffer;

	if (!(cmd[1] & 1)) {
		ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	memset(p, 0, 8);
	if (cmd[4] & MEDIA_CLASS) {
		p[1] = 6;
		p[2] = 4;
		p[4] = d->event;
		p[5] = (present(d) ? MEDIA_PRESENT : 0) | (d->tray_open ? MEDIA_OPEN : 0);
		d->event = 0;
	} else {
		p[1] = 2;
		p[2] = 0x80;
	}
	p[3] = MEDIA_CLASS;
	answer(c, cmd[4] & MEDIA_CLASS ? 8 : 4, be16(cmd + 7));
}

/* SFF-8020i, 10.8: capabilities and mechanical status. */
static void mode_sense(struct ide *c, const u8 *cmd)
{
	const struct ide_drive *d = ide_selected(c);
	u8 page = cmd[2] & 0x3f, *p = c->buffer;
	u32 len = 8;

	memset(p, 0, 64);
	if (page == 0x01 || page == 0x3f) {
		p[len] = 0x01;
		p[len + 1] = 6;
		p[len + 3] = 5;
		len += 8;
	}
	if (page == 0x2a || page == 0x3f) {
		p[len] = 0x2a;
		p[len + 1] = 18;
		p[len + 4] = 0x70;
		p[len + 6] = 0x29 | (d->locked ? 2 : 0);	/* tray, can eject, lock */
		p[len + 8] = 706 >> 8;	/* 4x, in KB/s */
		p[len + 9] = 706 & 255;
		p[len + 14] = 706 >> 8;
		p[len + 15] = 706 & 255;
		len += 20;
	}
	if (len == 8) {
		ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	p[1] = len - 2;
	/* A disc of 120 mm with data; no disc; the door is open. */
	p[2] = present(d) ? 0x01 : d->tray_open ? 0x71 : 0x70;
	answer(c, len, be16(cmd + 7));
}

static void read(struct ide *c, u32 lba, u32 count)
{
	u32 total = sectors(c);

	if (lba > total || count > total - lba)
		ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_LBA);
	else if (count)
		ide_read_medium(c, lba, count);
	else
		ide_packet_done(c, KEY_NONE, 0);
}

/* MMC-3, 6.15: only the user data of a data track. */
static void read_cd(struct ide *c, const u8 *cmd)
{
	if ((cmd[9] & 0xf8) == 0x10)
		read(c, be32(cmd + 2), be32(cmd + 5) & 0xffffff);
	else if (!(cmd[9] & 0xf8))
		ide_packet_done(c, KEY_NONE, 0);
	else
		ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_FIELD);
}

/* What the first command sees behind a change of the medium. */
static bool attention(struct ide *c, u8 op)
{
	struct ide_drive *d = ide_selected(c);

	if (!d->attention || op == 0x03 || op == 0x12 || op == 0x46 || op == 0x4a)
		return false;
	d->attention = false;
	ide_packet_done(c, KEY_ATTENTION, ASC_CHANGED);
	return true;
}

/* MMC-3, 6.46: the tray moves unless it is locked. */
static void start_stop(struct ide *c, u8 how)
{
	struct ide_drive *d = ide_selected(c);

	if (!(how & LOEJ) || how & POWER) {
		ide_packet_done(c, KEY_NONE, 0);
		return;
	}
	if (!(how & START) && d->locked) {
		ide_packet_done(c, KEY_ILLEGAL, ASC_REMOVAL);
		d->ascq = ASCQ_PREVENTED;
		return;
	}
	ide_tray(c, d - c->drive, !(how & START));
	ide_packet_done(c, KEY_NONE, 0);
}

/* Commands that look at the medium. */
static bool wants_medium(u8 op)
{
	return op == 0x00 || op == 0x25 || op == 0x28 || op == 0x2b || op == 0x43 ||
	       op == 0xa8 || op == 0xbe;
}

/**
 * ide_packet() - do a packet command
 * @c: the channel
 * @cmd: its IDE_PACKET bytes
 */
void ide_packet(struct ide *c, const u8 *cmd)
{
	u32 limit = c->lba[1][0] | c->lba[2][0] << 8;
	struct ide_drive *d = ide_selected(c);

	/* Bytes at once: an even number; 0 means all it can be. SFF-8020i, 5.5. */
	c->block = limit ? limit & 0xfffe : 0xfffe;
	if (!c->block)
		c->block = 2;
	if (c->block > IDE_CHUNK)
		c->block = IDE_CHUNK;
	if (attention(c, cmd[0]))
		return;
	d->moved = false;
	if (wants_medium(cmd[0]) && !present(d)) {
		ide_packet_no_medium(c);
		return;
	}
	switch (cmd[0]) {
	case 0x1b:
		start_stop(c, cmd[4]);
		break;
	case 0x1e:		/* prevent or allow removal */
		d->locked = cmd[4] & LOCK;
		if (c->lock)
			c->lock(c->arg, d - c->drive, d->locked);
		ide_packet_done(c, KEY_NONE, 0);
		break;
	case 0x00:		/* test unit ready */
	case 0x2b:		/* seek */
	case 0xbb:		/* set speed */
		ide_packet_done(c, KEY_NONE, 0);
		break;
	case 0x03:
		request_sense(c, cmd[4]);
		break;
	case 0x12:
		inquiry(c, cmd[4]);
		break;
	case 0x25:
		read_capacity(c);
		break;
	case 0x28:
		read(c, be32(cmd + 2), be16(cmd + 7));
		break;
	case 0xa8:
		read(c, be32(cmd + 2), be32(cmd + 6));
		break;
	case 0x43:
		read_toc(c, cmd);
		break;
	case 0x46:
		get_configuration(c, cmd);
		break;
	case 0x4a:
		get_event(c, cmd);
		break;
	case 0x5a:
		mode_sense(c, cmd);
		break;
	case 0xbe:
		read_cd(c, cmd);
		break;
	default:
		ide_packet_done(c, KEY_ILLEGAL, ASC_BAD_COMMAND);
		break;
	}
}
