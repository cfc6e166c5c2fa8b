// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses that do not leave the VMM: which do, which do not, and in what order user
 * space gets to know. The register window is like a network card's: index and data
 * port, a status with events (bits 8 to 14), an enable (bit 6) and a demand (bit 3),
 * and masks of the events.
 */
#include "check.h"
#include "coalesce.h"
#include "../../../../../../arch/x86/vmbt/vmm/plat.h"

#define DATA	0xc010
#define INDEX	0xc012
#define PLAIN	0x01
#define MASKS	0x02
#define LIVE	0x04
#define LATE	0x08
#define ENABLE	0x40
#define DEMAND	0x08
#define EVENTS	0x7f00

static struct vmbt_shared shared;
static struct vmbt_coalesced *c = &shared.coalesced;
static struct vmbt_pair_state *p = &shared.coalesced.pair[2];

struct vmbt_shared *plat_shared(void)
{
	return &shared;
}

static void card(void)
{
	memset(&shared, 0, sizeof(shared));
	c->room = VMBT_LATE;
	*p = (struct vmbt_pair_state){
		.index_port = INDEX, .data_port = DATA, .size = 2, .nregs = 2, .max = 4,
		.index_mask = 0xff, .live = 0x33 | ENABLE,
		.reg = {
			{ 0, LIVE | LATE, ~(u32)(ENABLE | DEMAND), ENABLE, EVENTS },
			{ 3, PLAIN | MASKS, 0x5f7c, EVENTS, 0x0004 },
		},
	};
}

static bool out(u16 port, u16 val)
{
	return coalesce_pio(port, VMBT_IO_OUT, 2, &val);
}

/* What is read without user space, or -1. */
static int in(u16 port)
{
	u16 val = 0x5a5a;

	return coalesce_pio(port, VMBT_IO_IN, 2, &val) ? val : -1;
}

static void index_register(void)
{
	card();
	EXPECT(out(INDEX, 0x103));
	EXPECT_EQ(in(INDEX), 3);
	EXPECT_EQ(c->count, 1);
	EXPECT_EQ(c->late[0].addr, INDEX);
	EXPECT_EQ(c->late[0].len, 2);
	EXPECT_EQ(c->late[0].pio, 1);
	EXPECT_EQ(c->late[0].data[0] | c->late[0].data[1] << 8, 0x103);
	/* Of another width, or not known: user space's. */
	EXPECT(!coalesce_pio(INDEX, VMBT_IO_OUT, 1, "\1"));
	EXPECT(!coalesce_pio(INDEX, VMBT_IO_OUT, 4, "\1\0\0\0"));
	EXPECT(!out(DATA + 4, 0));
	out(INDEX, 7);
	EXPECT_EQ(in(DATA), -1);
	EXPECT(!out(DATA, 0));
}

static void masks(void)
{
	card();
	out(INDEX, 3);
	EXPECT_EQ(in(DATA), 0x0004);
	EXPECT(out(DATA, 0x5f00 | 0x8083));
	EXPECT_EQ(in(DATA), 0x5f00);
	/* Letting an event through that has happened can't wait. It holds the value. */
	p->live |= 0x0200;
	EXPECT(!out(DATA, 0x0040));
	EXPECT_EQ(in(DATA), 0x0040);
	EXPECT(out(DATA, 0x0200));
}

static void demands(void)
{
	card();
	out(INDEX, 0);
	EXPECT_EQ(in(DATA), 0x33 | ENABLE);
	EXPECT(out(DATA, ENABLE | DEMAND));
	EXPECT(out(DATA, ENABLE | DEMAND));
	EXPECT(out(DATA, ENABLE | DEMAND));
	/* The fourth is told, and the order is that of the writes. */
	EXPECT(!out(DATA, ENABLE | DEMAND));
	EXPECT_EQ(c->count, 4);
	EXPECT_EQ(c->late[0].addr, INDEX);
	EXPECT_EQ(c->late[3].addr, DATA);
	/* Nothing but what reads as written asks for nothing. */
	EXPECT(out(DATA, ENABLE));
	EXPECT(out(DATA, ENABLE));
	EXPECT_EQ(c->count, 6);
	/* What has other effects is never kept. */
	p->nlate = 0;
	EXPECT(!out(DATA, 0x0200 | ENABLE));
	EXPECT(!out(DATA, 0x0004 | ENABLE));
	EXPECT_EQ(c->count, 6);
}

static void enable(void)
{
	card();
	EXPECT(!out(DATA, DEMAND));		/* interrupts off: at once */
	p->live &= ~ENABLE;
	EXPECT(out(DATA, ENABLE));
	EXPECT_EQ(in(DATA), 0x33 | ENABLE);	/* as written, though nobody knows */
	EXPECT(!out(DATA, 0));			/* and off again: at once */
	card();
	p->live = 0x33 | 0x0200;
	EXPECT(!out(DATA, ENABLE));		/* an event waits for it */
}

static void switched_off(void)
{
	card();
	c->off = VMBT_IO_REGISTERS;
	EXPECT(!out(INDEX, 3));
	EXPECT_EQ(in(INDEX), -1);
	EXPECT_EQ(in(DATA), -1);
	EXPECT(!out(DATA, 0x5f00));
	out(INDEX, 0);
	EXPECT(out(DATA, ENABLE | DEMAND));
	EXPECT_EQ(in(DATA), 0x33 | ENABLE);
	c->off = VMBT_IO_COMBINE;
	EXPECT(!out(DATA, ENABLE | DEMAND));
	EXPECT_EQ(in(DATA), 0x33 | ENABLE);
	c->off = VMBT_IO_LIVE;
	EXPECT_EQ(in(DATA), -1);
	EXPECT(out(DATA, ENABLE | DEMAND));
	/* What was written while a way was off is known when it is on again. */
	c->off = VMBT_IO_REGISTERS;
	out(INDEX, 3);
	out(DATA, 0x1100);
	c->off = 0;
	EXPECT_EQ(in(DATA), 0x1100);
}

static void zones(void)
{
	u64 val = 0x1122334455667788;
	unsigned int i;

	card();
	c->zone[0] = (struct vmbt_zone){ 0xa0000, 0x20000, 0 };
	c->zone[1] = (struct vmbt_zone){ 0x3c4, 2, 1 };
	c->nzones = 2;
	EXPECT(coalesce_mmio(0xa0000, &val, 8));
	EXPECT(coalesce_mmio(0xbfffc, &val, 4));
	EXPECT(!coalesce_mmio(0xbfffd, &val, 4));
	EXPECT(!coalesce_mmio(0x9ffff, &val, 1));
	EXPECT(!coalesce_mmio(0x3c4, &val, 1));
	EXPECT(coalesce_pio(0x3c5, VMBT_IO_OUT, 1, &val));
	EXPECT(coalesce_pio(0x3c4, VMBT_IO_OUT, 2, &val));
	EXPECT(!coalesce_pio(0x3c5, VMBT_IO_OUT, 2, &val));
	EXPECT(!coalesce_pio(0x3c4, VMBT_IO_IN, 1, &val));
	EXPECT_EQ(c->count, 4);
	EXPECT_EQ(c->late[0].data[7], 0x11);
	EXPECT_EQ(c->late[1].data[4], 0);
	/* At the top of the address space, where sums wrap. */
	c->zone[0] = (struct vmbt_zone){ ~0ULL - 3, 4, 0 };
	EXPECT(coalesce_mmio(~0ULL - 3, &val, 4));
	EXPECT(!coalesce_mmio(~0ULL - 3, &val, 8));
	EXPECT(!coalesce_mmio(0, &val, 1));
	/* As many as the host has room for, and no more than there is here. */
	c->zone[0] = (struct vmbt_zone){ 0xa0000, 0x20000, 0 };
	c->count = 0;
	c->room = 5;
	for (i = 0; coalesce_mmio(0xa0000, &val, 1); i++)
		;
	EXPECT_EQ(i, 5);
	c->room = ~0U;
	for (; coalesce_mmio(0xa0000, &val, 1); i++)
		;
	EXPECT_EQ(i, VMBT_LATE);
}

int main(void)
{
	CASE(index_register);
	CASE(masks);
	CASE(demands);
	CASE(enable);
	CASE(switched_off);
	CASE(zones);
	return check_failed != 0;
}
