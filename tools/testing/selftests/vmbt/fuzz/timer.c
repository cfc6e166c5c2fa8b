// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest, or a hostile saved state, against the chips in the VMM.
 *
 * They run in ring 0 without another net: interrupt controllers and timer, on
 * the memory that host and VMM share. The input is bytes to change of the state,
 * which count if the validity checks of the state ioctls take them; then ports,
 * lines that move, time that passes, acknowledge cycles in any order. From a
 * valid state only valid states may follow; what the host is told to wait for
 * must be a time at which something has moved on; vectors are the controllers'
 * own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "input.h"

#include "chips.h"
#include "firmware.h"
#include "../../../../../arch/x86/vmbt/vmm/plat.h"

#define KHZ	2000000ULL
#define NEVER	(~0ULL)
#define STEPS	400
#define AHEAD	2		/* clocks; VMBT_PIT_AHEAD of drivers/vmbt/chipstate.c */

#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz/timer: %s\n", #cond);		\
		abort();						\
	}								\
} while (0)

static struct vmbt_shared shared;
static u64 tsc;

struct vmbt_shared *plat_shared(void)
{
	return &shared;
}

u64 plat_tsc(void)
{
	return tsc;
}

static u16 port(u8 n)
{
	static const u16 ports[] = {
		0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x80,
	};

	return ports[n % ARRAY_SIZE(ports)];
}

static void check(void)
{
	REQUIRE(pic_valid(&shared.chip.pic) && pit_valid(&shared.chip.pit));
}

/* The host comes when it was told to: then the clock has moved on. */
static void wait_for_clock(void)
{
	u64 when = shared.clock_tsc;

	if (when == NEVER || when - tsc > KHZ * 3600000)
		return;
	if (when > tsc)
		tsc = when;
	/* A state may be a little ahead; until then nothing moves. */
	if (shared.chip.pit.seen > pit_clock(vmbt_chips_ns(tsc, KHZ)))
		return;
	chips_service();
	REQUIRE(shared.clock_tsc > tsc);
}

/* The processor may come when the request has gone: a spurious interrupt. */
static void acknowledge(bool late)
{
	u8 vector;

	if (!pic_intr(&shared.chip.pic) && !late)
		return;
	vector = chips_ack();
	REQUIRE((vector & 0xf8) == shared.chip.pic.chip[0].base ||
		(vector & 0xf8) == shared.chip.pic.chip[1].base);
}

static void step(struct input *in)
{
	u8 op = input_take(in, 1), sel = input_take(in, 1), val;
	u32 word;

	switch (op & 15) {
	case 0 ... 6:
		val = input_take(in, 1);
		chips_pio(port(sel), VMBT_IO_OUT, &val);
		if (op & 16)
			chips_hurry();
		break;
	case 7 ... 9:
		chips_pio(port(sel), VMBT_IO_IN, &val);
		break;
	case 10:
		word = input_take(in, 2);
		tsc += (u64)word << (sel % 40);
		break;
	case 11:
		shared.irq_lines = input_take(in, 2);
		shared.irq_edges |= input_take(in, 2) & (sel & 1 ? ~0U : shared.irq_lines);
		break;
	case 12:
		chips_service();
		break;
	case 13:
		wait_for_clock();
		break;
	case 14:
		shared.clock_armed = sel & 1 ? NEVER : shared.clock_tsc;
		break;
	default:
		acknowledge(sel & 1);
		break;
	}
	check();
}

/* The present state with bytes changed, if the state ioctls would let it pass. */
static void load_state(struct input *in, u32 changes)
{
	struct vmbt_chips raw = shared.chip;
	u64 latest = pit_clock(vmbt_chips_ns(tsc, KHZ)) + AHEAD;
	u8 *p = (u8 *)&raw;
	u32 at, i;

	for (; changes; changes--) {
		at = input_take(in, 1) % sizeof(raw);
		p[at] = input_take(in, 1);
	}
	if (!pic_valid(&raw.pic) || !pit_valid(&raw.pit) || raw.pit.seen > latest)
		return;
	for (i = 0; i < 3; i++)
		if (raw.pit.counter[i].start > latest)
			return;
	shared.chip.pic = raw.pic;
	shared.chip.pit = raw.pit;
	pic_settle(&shared.chip.pic);
	pit_settle(&shared.chip.pit, vmbt_chips_ns(tsc, KHZ));
	check();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	unsigned int i;
	u8 how;

	tsc = 123456789;
	memset(&shared, 0, sizeof(shared));
	shared.tsc_khz = KHZ;
	shared.chips = 1;
	shared.clock_armed = NEVER;
	how = input_take(&in, 1);
	chip_firmware(&shared.chip.pic, &shared.chip.pit, vmbt_chips_ns(tsc, KHZ));
	load_state(&in, how % 64);
	for (i = 0; i < STEPS && in.left; i++)
		step(&in);
	return 0;
}
