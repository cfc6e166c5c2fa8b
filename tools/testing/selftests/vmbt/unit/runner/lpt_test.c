// SPDX-License-Identifier: GPL-2.0
/*
 * The printer port by port I/O: registers as IBM's PS/2 reference has them, a byte
 * printed as a BIOS does it, a printer without room, the interrupt.
 */
#include "check.h"
#include "lpt.h"

static struct lpt l;
static u8 paper[16];
static unsigned int printed, room, edges;

static bool print(void *arg, u8 byte)
{
	(void)arg;
	if (!room)
		return false;
	room--;
	paper[printed++ % sizeof(paper)] = byte;
	return true;
}

static void set_irq(void *arg, bool level)
{
	(void)arg;
	edges += level;
}

static void start(void)
{
	l = (struct lpt){ .ready = true, .print = print, .set_irq = set_irq };
	printed = 0;
	room = 100;
	edges = 0;
	lpt_reset(&l);
}

static void registers(void)
{
	start();
	lpt_write(&l, 2, 0x0c);
	EXPECT_EQ(lpt_read(&l, 2), 0xcc);
	lpt_write(&l, 0, 0xa5);
	EXPECT_EQ(lpt_read(&l, 0), 0xa5);
	EXPECT_EQ(lpt_read(&l, 1), 0xdf);	/* not busy, selected, no error */
	lpt_write(&l, 1, 0);
	EXPECT_EQ(lpt_read(&l, 1), 0xdf);
	lpt_write(&l, 2, 0x2c);			/* reversed: nobody drives the lines */
	EXPECT_EQ(lpt_read(&l, 0), 0xff);
	lpt_write(&l, 2, 0x0c);
	EXPECT_EQ(lpt_read(&l, 0), 0xa5);
	lpt_write(&l, 2, 0x08);			/* INIT: the printer is busy with that */
	EXPECT_EQ(lpt_read(&l, 1), 0x5f);
	l.ready = false;
	lpt_write(&l, 2, 0x0c);
	EXPECT_EQ(lpt_read(&l, 1), 0xef);	/* no paper, not selected */
	lpt_write(&l, 2, 0x0d);
	EXPECT_EQ(printed, 0);
}

static void byte(u8 val)
{
	lpt_write(&l, 0, val);
	lpt_write(&l, 2, 0x0d);
	lpt_write(&l, 2, 0x0d);			/* the edge counts */
	lpt_write(&l, 2, 0x0c);
}

static void prints(void)
{
	start();
	byte('H');
	byte('i');
	EXPECT_EQ(printed, 2);
	EXPECT(!memcmp(paper, "Hi", 2));
	EXPECT_EQ(edges, 0);
	lpt_write(&l, 2, 0x1c);
	lpt_write(&l, 0, '!');
	lpt_write(&l, 2, 0x1d);
	lpt_write(&l, 2, 0x1c);
	EXPECT_EQ(printed, 3);
	EXPECT_EQ(edges, 1);
}

static void busy(void)
{
	start();
	room = 0;
	lpt_write(&l, 2, 0x1c);
	lpt_write(&l, 0, 'x');
	lpt_write(&l, 2, 0x1d);
	lpt_write(&l, 2, 0x1c);
	EXPECT_EQ(lpt_read(&l, 1), 0x5f);
	EXPECT_EQ(edges, 0);
	lpt_write(&l, 0, 'y');			/* too early: it is not taken */
	lpt_write(&l, 2, 0x1d);
	lpt_write(&l, 2, 0x1c);
	lpt_write(&l, 0, 'x');
	room = 1;
	lpt_room(&l);
	EXPECT_EQ(lpt_read(&l, 1), 0xdf);
	EXPECT_EQ(edges, 1);
	EXPECT(printed == 1 && paper[0] == 'x');
	lpt_room(&l);
	EXPECT_EQ(printed, 1);
}

static void state(void)
{
	u8 kept[16];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	room = 0;
	lpt_write(&l, 2, 0x1c);
	lpt_write(&l, 0, 'x');
	lpt_write(&l, 2, 0x1d);
	lpt_state(&l, &s);
	EXPECT(!s.bad);
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	start();
	lpt_state(&l, &s);
	EXPECT(!s.bad && s.pos == s.size);
	EXPECT_EQ(lpt_read(&l, 1), 0x5f);
	lpt_room(&l);
	EXPECT(printed == 1 && paper[0] == 'x');
	kept[1] = 0xff;
	s.pos = 0;
	lpt_state(&l, &s);
	EXPECT(s.bad);
	EXPECT_EQ(lpt_read(&l, 2), 0xc0);
}

int main(void)
{
	CASE(registers);
	CASE(prints);
	CASE(busy);
	CASE(state);
	return check_failed != 0;
}
