// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest against the devices of vmbt-run that a machine has on demand, the
 * SCSI adapter with its disks, the sound card and the printer port, and against what
 * chips.c leaves out: serial port and clock.
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
#include "dma.h"
#include "lpt.h"
#include "rtc.h"
#include "sb16.h"
#include "uart.h"

#define RAM	0x4000

static u8 ram[RAM], buffers[BL_SLOTS * SCSI_CHUNK], kept[16384];
static struct disk disk = { .sectors = 2880, .overlay = -1 };
static struct disk fixed = { .sectors = 64, .readonly = true, .overlay = -1 };
static struct buslogic scsi;
static struct dma dma;
static struct sb16 sb16;
static struct lpt lpt;
static struct uart uart;
static struct rtc rtc;
static u64 now;

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

static void set_line(void *arg, unsigned int irq, bool level)
{
	(void)arg;
	(void)level;
	if (irq > 15)
		abort();
}

static u32 sound_dma(void *arg, unsigned int channel, u8 *buf, u32 len, bool to_memory)
{
	bool tc;

	(void)arg;
	if (channel > 7)
		abort();
	return dma_run(&dma, channel, buf, len, to_memory, &tc);
}

static void play(void *arg, const s16 *frames, u32 count, u32 rate)
{
	s16 copy[2 * 4096];

	(void)arg;
	if (rate < SB_RATE_MIN || rate > SB_RATE_MAX || !count)
		abort();
	memcpy(copy, frames, 4 * count);
}

static bool print(void *arg, u8 byte)
{
	(void)arg;
	return byte & 1;
}

static void tx(void *arg, u8 byte)
{
	(void)arg;
	(void)byte;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void start(void)
{
	now = 1ULL << 40;
	dma = (struct dma){ .memory = memory };
	dma_reset(&dma);
	sb16 = (struct sb16){ .irq = 5, .dma8 = 1, .dma16 = 5, .set_irq = set_line,
			      .dma = sound_dma, .play = play };
	sb16_reset(&sb16);
	lpt = (struct lpt){ .ready = true, .print = print, .set_irq = set_level };
	lpt_reset(&lpt);
	uart = (struct uart){ .tx = tx, .drained = nothing, .set_irq = set_level };
	uart_reset(&uart);
	rtc_reset(&rtc, 64 << 20, now);
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
	sb16_state(&sb16, s, now);
	lpt_state(&lpt, s);
	uart_state(&uart, s);
	rtc_state(&rtc, s, now);
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

/* What a driver does to play: a DMA channel and a command, most of it right. */
static void sound(u8 reg, u32 val)
{
	bool wide = reg & 1;
	u16 base = wide ? 0xc0 : 0, step = wide ? 2 : 1;

	dma_write(&dma, base + 0xb * step, (reg & 0x30) | (reg & 2 ? 0x45 : 0x49));
	dma_write(&dma, base + 2 * step, val);
	dma_write(&dma, base + 3 * step, val >> 8);
	dma_write(&dma, base + 0xa * step, 1);
	if (reg & 0x40) {	/* compressed; or an identification, by what is its challenge */
		sb16_write(&sb16, 0xc, reg & 8 ? 0xe2 : 0x74 | (reg & 3), now);
	} else {
		sb16_write(&sb16, 0xc, (wide ? 0xb0 : 0xc0) | (reg & 2 ? 8 : 0) | (reg & 4), now);
		sb16_write(&sb16, 0xc, reg & 0x30, now);
	}
	sb16_write(&sb16, 0xc, val >> 16, now);
	sb16_write(&sb16, 0xc, val >> 24, now);
}

static void serial(u8 reg, u32 val)
{
	if (reg & 0x80)
		uart_write(&uart, reg & 7, val);
	else if (reg & 0x40)
		uart_read(&uart, reg & 7);
	else if (uart_room(&uart))
		uart_receive(&uart, val);
	else
		uart_receive_idle(&uart);
}

static void wall(u8 reg, u32 val)
{
	rtc_write(&rtc, RTC_INDEX, reg, now);
	if (val & 1)
		rtc_write(&rtc, RTC_DATA, val >> 8, now);
	else
		rtc_read(&rtc, RTC_DATA, now);
	rtc_poll(&rtc, now);
	rtc_next(&rtc, now);
}

static void access(u8 op, u8 reg, u32 val, const u8 *data, size_t size)
{
	switch (op & 15) {
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
	case 7:
		sb16_write(&sb16, reg & 15, val, now);
		break;
	case 8:
		sb16_read(&sb16, reg & 15, now);
		sb16_mpu_write(&sb16, reg & 1, val);
		sb16_mpu_read(&sb16, reg & 1);
		break;
	case 9:
		sound(reg, val);
		break;
	case 10:
		now += (u64)val << (reg & 15);
		sb16_run(&sb16, now);
		if (sb16_next(&sb16) < now)
			abort();
		break;
	case 11:
		dma_write(&dma, reg < 0x40 ? reg & 15 : reg < 0x80 ? 0x80 + (reg & 15) :
			  0xc0 + (reg & 31), val);
		break;
	case 12:
		lpt_write(&lpt, reg % LPT_PORTS, val);
		lpt_read(&lpt, val % LPT_PORTS);
		if (reg & 0x80)
			lpt_room(&lpt);
		break;
	case 13:
		serial(reg, val);
		break;
	case 14:
		wall(reg, val);
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
