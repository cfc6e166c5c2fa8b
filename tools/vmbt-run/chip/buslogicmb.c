// SPDX-License-Identifier: GPL-2.0
/*
 * What the BT-958 does in memory: mailboxes, command control blocks, data.
 *
 * The guest puts the address of a CCB into an outgoing mailbox and tells the adapter
 * (buslogic.c); when the command has ended, its address and status are in an
 * incoming one. Mailboxes and CCBs come with 24-bit addresses, high byte first, as
 * Adaptec's AHA-1540 has them, and with 32-bit ones. All of it is the guest's: a
 * CCB is read once, a list of pieces has at most SG_MAX entries and each of them is
 * read when its turn comes, a call looks at each mailbox once, and where no memory
 * answers, the command fails.
 */
#include "buslogic.h"

#define ACTION_FREE	0
#define ACTION_START	1
#define ACTION_ABORT	2

#define DONE_GOOD	1
#define DONE_ABORTED	2
#define DONE_NOT_FOUND	3
#define DONE_ERROR	4

#define OP_INITIATOR	0x00
#define OP_SG		0x02
#define OP_RESIDUAL	0x03
#define OP_SG_RESIDUAL	0x04
#define OP_DEVICE_RESET	0x81

#define HOST_GOOD	0x00
#define HOST_TIMEOUT	0x11
#define HOST_OVERRUN	0x12
#define HOST_WRONG_PHASE 0x14
#define HOST_BAD_ACTION	0x15
#define HOST_BAD_OPCODE	0x16
#define HOST_BAD_PARAM	0x1a
#define HOST_HARDWARE	0x20
#define HOST_DEVICE_RESET 0x25

#define CCB_STATUS	14
#define CCB_CDB		18
#define CCB_SENSE	36
#define CDB_MAX		12
#define CCB_WIDE	40
#define CCB_NARROW	(CCB_CDB + CDB_MAX)
#define SENSE_USUAL	14
#define SG_MAX		8192

static u32 be24(const u8 *p)
{
	return p[0] << 16 | p[1] << 8 | p[2];
}

static void put24(u8 *p, u32 val)
{
	p[0] = val >> 16;
	p[1] = val >> 8;
	p[2] = val;
}

static u32 le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

static void put32(u8 *p, u32 val)
{
	p[0] = val;
	p[1] = val >> 8;
	p[2] = val >> 16;
	p[3] = val >> 24;
}

static bool dma(struct buslogic *b, u64 gpa, void *buf, u32 len, bool write)
{
	if (b->memory(b->arg, gpa, buf, len, write))
		return true;
	bl_master_abort(b);
	return false;
}

static unsigned int active(const struct buslogic *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < BL_SLOTS; i++)
		n += b->slot[i].busy;
	return n;
}

/* Note a completion; bl_start() sees to it that there is room. */
static void complete(struct buslogic *b, const struct bl_post *p)
{
	if (b->posts < BL_POSTS)
		b->post[(b->post_at + b->posts++) % BL_POSTS] = *p;
	bl_post(b);
}

/* Put completions into incoming mailboxes as far as these are free. */
void bl_post(struct buslogic *b)
{
	const struct bl_post *p;
	u32 size = b->wide ? 8 : 4, at;
	u8 m[8] = { 0 }, free;

	while (b->posts && b->mailboxes) {
		p = &b->post[b->post_at];
		at = b->base + (b->mailboxes + b->in) * size;
		if (!dma(b, at + (b->wide ? 7 : 0), &free, 1, false)) {
			b->posts = 0;
			return;
		}
		if (free)
			return;
		if (b->wide) {
			put32(m, p->ccb);
			m[4] = p->host;
			m[5] = p->target;
			m[7] = p->code;
		} else {
			m[0] = p->code;
			put24(m + 1, p->ccb);
		}
		if (!dma(b, at, m, size, true)) {
			b->posts = 0;
			return;
		}
		b->in = (b->in + 1) % b->mailboxes;
		b->post_at = (b->post_at + 1) % BL_POSTS;
		b->posts--;
		bl_interrupt(b, BL_INT_IMBL);
	}
}

/* The next piece of a command's data; false at the end, or with @fault set. */
static bool next_piece(struct bl_slot *s)
{
	u32 size = s->wide ? 8 : 6;
	u8 e[8];

	while (!s->sg.left) {
		if (!s->sg.entries)
			return false;
		if (!dma(s->adapter, s->sg.list, e, size, false)) {
			s->fault = true;
			return false;
		}
		s->sg.entries--;
		s->sg.list += size;
		s->sg.left = s->wide ? le32(e) : be24(e);
		s->sg.addr = s->wide ? le32(e + 4) : be24(e + 3);
	}
	return true;
}

static u32 move(struct scsi_cmd *cmd, u32 len, bool in)
{
	struct bl_slot *s = cmd->arg;
	u32 done, part;

	for (done = 0; done < len && next_piece(s); done += part) {
		part = len - done < s->sg.left ? len - done : s->sg.left;
		if (!dma(s->adapter, s->sg.addr, cmd->buf + done, part, in)) {
			s->fault = true;
			break;
		}
		s->sg.addr += part;
		s->sg.left -= part;
	}
	return done;
}

/* Bytes that a command did not use. */
static u32 residual(struct bl_slot *s)
{
	u64 left = s->sg.left;

	if (s->opcode == OP_RESIDUAL)
		return s->sg.left;
	for (s->sg.left = 0; next_piece(s); s->sg.left = 0)
		left += s->sg.left;
	return left < 0xffffffff ? left : 0xffffffff;
}

static u8 host_status(const struct bl_slot *s)
{
	if (s->reset_status)
		return s->reset_status;
	if (s->fault)
		return HOST_HARDWARE;
	if (s->cmd.wrong_way)
		return HOST_WRONG_PHASE;
	return s->cmd.short_buffer ? HOST_OVERRUN : HOST_GOOD;
}

static void put_status(struct bl_slot *s, struct bl_post *p)
{
	struct buslogic *b = s->adapter;
	bool counted = s->opcode == OP_RESIDUAL || s->opcode == OP_SG_RESIDUAL;
	u8 status[2], len[4];
	u32 left;

	if (counted) {
		left = residual(s);
		if (s->wide)
			put32(len, left);
		else
			put24(len, left);
		dma(b, s->ccb + 4, len, s->wide ? 4 : 3, true);
	}
	status[0] = p->host;
	status[1] = p->target;
	dma(b, s->ccb + CCB_STATUS, status, sizeof(status), true);
}

static void command_done(struct scsi_cmd *cmd)
{
	struct bl_slot *s = cmd->arg;
	struct buslogic *b = s->adapter;
	struct bl_post p = { .ccb = s->ccb, .code = DONE_GOOD };
	u8 sense[SCSI_SENSE];

	s->busy = false;
	if (s->forget)
		return;
	p.host = host_status(s);
	p.target = s->reset_status ? SCSI_GOOD : cmd->status;
	if (p.target == SCSI_CHECK && s->sense_len) {
		scsi_take_sense(cmd->disk, sense);
		dma(b, s->sense_addr, sense,
		    s->sense_len < SCSI_SENSE ? s->sense_len : SCSI_SENSE, true);
	}
	if (p.host || p.target)
		p.code = DONE_ERROR;
	if (s->host_abort)
		p.code = DONE_ABORTED;
	put_status(s, &p);
	complete(b, &p);
	if (b->more)
		bl_start(b);
}

/**
 * bl_end_commands() - a reset ends commands that are under way
 * @b: the adapter
 * @target: of which target; BL_TARGETS: of all
 * @status: the adapter's status for them, 0: nobody is told
 */
void bl_end_commands(struct buslogic *b, unsigned int target, u8 status)
{
	struct bl_slot *s;

	for (s = b->slot; s < b->slot + BL_SLOTS; s++) {
		if (!s->busy || (target < BL_TARGETS && s->target != target))
			continue;
		s->cmd.aborted = true;
		s->reset_status = status;
		s->forget |= !status;
	}
}

static void refuse(struct bl_slot *s, u8 host)
{
	struct bl_post p = { .ccb = s->ccb, .code = host ? DONE_ERROR : DONE_GOOD, .host = host };

	put_status(s, &p);
	complete(s->adapter, &p);
}

/* A CCB with 32-bit addresses; the fields of struct bl_slot that are its own. */
static void parse_wide(struct bl_slot *s, const u8 *c)
{
	s->len = le32(c + 4);
	s->sg.addr = le32(c + 8);
	s->target = c[16];
	s->cmd.lun = c[17] & (s->adapter->extended ? 0x3f : 0x1f);
	s->sense_addr = le32(c + CCB_SENSE);
}

static void parse_narrow(struct bl_slot *s, const u8 *c)
{
	s->len = be24(c + 4);
	s->sg.addr = be24(c + 7);
	s->target = c[1] >> 5;
	s->cmd.lun = c[1] & 7;
	s->sense_addr = s->ccb + CCB_CDB + c[2];
}

/* Data are one piece, or a list of them. */
static bool parse_data(struct bl_slot *s)
{
	u32 size = s->wide ? 8 : 6;

	s->sg.entries = 0;
	s->sg.left = s->len;
	if (s->opcode != OP_SG && s->opcode != OP_SG_RESIDUAL)
		return true;
	s->sg.list = s->sg.addr;
	s->sg.left = 0;
	s->sg.entries = s->len / size;
	return s->sg.entries <= SG_MAX;
}

static void start_ccb(struct buslogic *b, struct bl_slot *s, u32 ccb)
{
	struct scsi_cmd *cmd = &s->cmd;
	struct scsi_disk *d;
	u8 c[CCB_WIDE];

	s->wide = b->wide;
	s->ccb = ccb;
	s->opcode = OP_INITIATOR;
	s->fault = false;
	s->forget = false;
	s->host_abort = false;
	s->reset_status = 0;
	if (!dma(b, ccb, c, s->wide ? CCB_WIDE : CCB_NARROW, false)) {
		refuse(s, HOST_HARDWARE);
		return;
	}
	if (s->wide)
		parse_wide(s, c);
	else
		parse_narrow(s, c);
	s->sense_len = c[3] == 1 ? 0 : c[3] ? c[3] : SENSE_USUAL;
	d = s->target < BL_TARGETS ? &b->target[s->target] : NULL;
	if (!d || !d->disk) {
		refuse(s, HOST_TIMEOUT);
		return;
	}
	switch (c[0]) {
	case OP_INITIATOR:
	case OP_SG:
	case OP_RESIDUAL:
	case OP_SG_RESIDUAL:
		break;
	case OP_DEVICE_RESET:
		bl_end_commands(b, s->target, HOST_DEVICE_RESET);
		scsi_disk_reset(d);
		refuse(s, HOST_GOOD);
		return;
	default:
		refuse(s, HOST_BAD_OPCODE);
		return;
	}
	if (!c[2] || c[2] > CDB_MAX) {
		refuse(s, HOST_BAD_PARAM);
		return;
	}
	s->opcode = c[0];
	if (!parse_data(s)) {
		s->opcode = OP_INITIATOR;
		refuse(s, HOST_BAD_PARAM);
		return;
	}
	memset(cmd->cdb, 0, sizeof(cmd->cdb));
	memcpy(cmd->cdb, c + CCB_CDB, c[2]);
	cmd->checked = c[1] & 0x18;
	cmd->want = (c[1] & 0x18) == 0x08 ? SCSI_IN :
		    (c[1] & 0x18) == 0x10 ? SCSI_OUT : SCSI_NO_DATA;
	cmd->move = move;
	cmd->done = command_done;
	cmd->arg = s;
	s->busy = true;
	scsi_start(d, cmd);
}

static void abort_ccb(struct buslogic *b, u32 ccb)
{
	struct bl_slot *s;

	for (s = b->slot; s < b->slot + BL_SLOTS; s++) {
		if (s->busy && s->ccb == ccb && !s->forget) {
			s->cmd.aborted = true;
			s->host_abort = true;
			return;
		}
	}
	complete(b, &(struct bl_post){ .ccb = ccb, .code = DONE_NOT_FOUND });
}

static struct bl_slot *free_slot(struct buslogic *b)
{
	unsigned int i;

	/* Each command under way will be a completion. */
	if (b->posts + active(b) + 1 >= BL_POSTS)
		return NULL;
	for (i = 0; i < BL_SLOTS; i++)
		if (!b->slot[i].busy)
			return &b->slot[i];
	return NULL;
}

/*
 * Look at one outgoing mailbox. It is free again before the command starts, which
 * may end at once.
 */
static bool take(struct buslogic *b, unsigned int n, bool *found)
{
	u32 size = b->wide ? 8 : 4, at = b->base + n * size, ccb;
	struct bl_post bad = { .code = DONE_ERROR, .host = HOST_BAD_ACTION };
	u8 m[8], action, none = ACTION_FREE;
	struct bl_slot *s;

	*found = false;
	if (!dma(b, at, m, size, false))
		return false;
	action = b->wide ? m[7] : m[0];
	ccb = b->wide ? le32(m) : be24(m + 1);
	if (action == ACTION_FREE)
		return true;
	s = free_slot(b);
	if (!s) {
		b->more = true;
		return false;
	}
	*found = true;
	if (!dma(b, at + (b->wide ? 7 : 0), &none, 1, true))
		return false;
	if (b->room_interrupt)
		bl_interrupt(b, BL_INT_OMBR);
	b->out = (n + 1) % b->mailboxes;
	bad.ccb = ccb;
	if (action == ACTION_START)
		start_ccb(b, s, ccb);
	else if (action == ACTION_ABORT)
		abort_ccb(b, ccb);
	else
		complete(b, &bad);
	return true;
}

/* Look through the outgoing mailboxes, each once: as far as they are filled, or all. */
void bl_start(struct buslogic *b)
{
	unsigned int i, n = b->out;
	bool found;

	b->more = false;
	for (i = 0; i < b->mailboxes; i++, n = (n + 1) % b->mailboxes)
		if (!take(b, n, &found) || (b->strict && !found))
			return;
}
