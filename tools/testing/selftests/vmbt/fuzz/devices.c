// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest against the devices of vmbt-run that a machine has on demand: the
 * SCSI adapter with its disks.
 *
 * As in chips.c the input is a guest's accesses, and devices reach a little RAM that
 * has the input as well, so that it can be mailboxes, CCBs and lists. Requests of the
 * disks are done at any time. State that was saved in the middle is put back, and so
 * is state that is the input itself.
 */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "../unit/runner/fakedisk.h"

#include "buslogic.h"

#define RAM	0x4000

static u8 ram[RAM], buffers[BL_SLOTS * SCSI_CHUNK], kept[16384];
static struct disk disk = { .sectors = 2880, .overlay = -1 };
static struct disk fixed = { .sectors = 64, .readonly = true, .overlay = -1 };
static struct buslogic scsi;

static void set_level(void *arg, bool level)
{
	(void)arg;
	(void)level;
}

static void moved(void *arg, u16 port)
{
	(void)arg;
	if (port && (port < 0x130 || port > 0x334))
		abort();
}

/* RAM repeats up to 64 KiB, so that more of what the guest says is an address. */
static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	u32 at = gpa % RAM;

	(void)arg;
	if (gpa >= 0x10000 || len > RAM - at)
		return false;
	if (write)
		memcpy(ram + at, buf, len);
	else
		memcpy(buf, ram + at, len);
	return true;
}

static void start(void)
{
	fake_req = NULL;
	fake_error = 0;
	memset(&scsi, 0, sizeof(scsi));
	scsi.set_irq = set_level;
	scsi.memory = memory;
	scsi.isa_moved = moved;
	scsi.target[0].disk = &disk;
	scsi.target[2].disk = &fixed;
	buslogic_init(&scsi, buffers);
	buslogic_reset(&scsi);
}

static bool busy(void)
{
	unsigned int i;

	for (i = 0; i < BL_SLOTS; i++)
		if (scsi.slot[i].busy)
			return true;
	return false;
}

static void all_state(struct state *s)
{
	buslogic_state(&scsi, s);
}

static void save_and_restore(bool from_input, const u8 *data, size_t size)
{
	struct state s = { .data = kept, .size = sizeof(kept) };

	if (busy())
		return;
	all_state(&s);
	if (s.bad)
		abort();
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	if (from_input)
		memcpy(kept, data, size < s.size ? size : s.size);
	all_state(&s);
	if (s.bad && !from_input)
		abort();
}

/* Set up mailboxes and start what is in them: a lot to get right by chance. */
static void mailboxes(u32 val)
{
	static const u8 narrow[] = { 0x01, 4, 0, 0, 0 }, wide[] = { 0x81, 4, 0, 0, 0, 0 };
	const u8 *c = val & 1 ? wide : narrow;
	unsigned int i, n = val & 1 ? sizeof(wide) : sizeof(narrow);

	for (i = 0; i < n; i++)
		buslogic_write(&scsi, 1, c[i]);
	for (i = 0; i < 4; i++) {
		ram[i * (val & 1 ? 8 : 4) + (val & 1 ? 7 : 0)] = 1;
		ram[i * (val & 1 ? 8 : 4) + (val & 1 ? 1 : 2)] &= 0x3f;
	}
	buslogic_write(&scsi, 1, 2);
}

static void access(u8 op, u8 reg, u32 val, const u8 *data, size_t size)
{
	switch (op & 7) {
	case 0:
		buslogic_write(&scsi, reg & 3, val);
		break;
	case 1:
		buslogic_read(&scsi, reg & 3);
		break;
	case 2:
		buslogic_write(&scsi, 1, reg);
		buslogic_write(&scsi, 1, val);
		buslogic_write(&scsi, 1, val >> 8);
		break;
	case 3:
		mailboxes(val);
		break;
	case 4:
		fake_error = val & 0x80 ? -EIO : 0;
		fake_done();
		break;
	case 5:
		buslogic_retry(&scsi);
		break;
	case 6:
		save_and_restore(reg & 1, data, size);
		break;
	default:
		memcpy(ram + reg % (RAM / 16) * 4, &val, sizeof(val));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t at;
	u32 val;

	start();
	memset(ram, 0, sizeof(ram));
	memcpy(ram, data, size < RAM ? size : RAM);
	for (at = 0; at + 6 <= size; at += 6) {
		memcpy(&val, data + at + 2, 4);
		access(data[at], data[at + 1], val, data, size);
	}
	return 0;
}
