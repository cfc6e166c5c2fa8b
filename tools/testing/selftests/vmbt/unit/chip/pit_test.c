// SPDX-License-Identifier: GPL-2.0
/*
 * The interval timer against its data sheet (Intel 231164, 8254).
 *
 * Time is counted in clocks of the chip and turned into nanoseconds by at(),
 * independently of the code under test. Expected counts and levels are those
 * of the data sheet's timing diagrams and mode descriptions.
 */
#include <math.h>

#include "check.h"
#include "pit.h"

static struct pit pit;

/* The middle of clock @n, from the frequency 14318180 / 12 Hz. */
static u64 at(double n)
{
	return llround((n + 0.5) * 12e9 / 14318180.0);
}

static void wr(u16 port, u8 val, double n)
{
	pit_write(&pit, port, val, at(n));
}

static u8 rd(u16 port, double n)
{
	return pit_read(&pit, port, at(n));
}

static void start(void)
{
	pit_reset(&pit, at(0));
}

static unsigned int pair(unsigned int counter, double n)
{
	unsigned int lo = rd(0x40 + counter, n);

	return lo | rd(0x40 + counter, n) << 8;
}

/* Delivers everything that is due, as if acknowledged at once. */
static unsigned int edges(double n)
{
	unsigned int e = 0;

	while (pit_poll(&pit, at(n), false, false))
		e++;
	return e;
}

/* Mode 0, count 4: OUT is low until 4 + 1 clocks after the write. */
static void mode0(void)
{
	unsigned int n;

	start();
	wr(0x43, 0x10, 0);
	EXPECT(!pit_out(&pit, 0, at(0)));
	wr(0x40, 4, 10);
	for (n = 10; n < 15; n++)
		EXPECT(!pit_out(&pit, 0, at(n)));
	EXPECT(pit_out(&pit, 0, at(15)));
	EXPECT(pit_out(&pit, 0, at(100000)));

	start();
	wr(0x43, 0x10, 0);
	wr(0x40, 4, 10);
	EXPECT_EQ(rd(0x40, 11), 4);
	EXPECT_EQ(rd(0x40, 12), 3);
	EXPECT_EQ(rd(0x40, 15), 0);
	EXPECT_EQ(rd(0x40, 16), 0xff);		/* wraps and goes on */

	start();
	wr(0x43, 0x10, 0);
	wr(0x40, 4, 10);
	EXPECT_EQ(edges(14), 0);
	EXPECT_EQ(edges(15), 1);
	EXPECT_EQ(edges(200000), 0);		/* one shot */
}

/* A new count in mode 0 counts anew; the first byte of a pair stops it. */
static void mode0_rewrite(void)
{
	start();
	wr(0x43, 0x30, 0);
	wr(0x40, 0x10, 0);
	wr(0x40, 0x00, 0);
	EXPECT_EQ(pair(0, 11), 0x06);
	wr(0x40, 0x20, 12);
	EXPECT(!pit_out(&pit, 0, at(40)));	/* would have expired at 17 */
	wr(0x40, 0x00, 50);
	EXPECT(!pit_out(&pit, 0, at(82)));
	EXPECT(pit_out(&pit, 0, at(83)));
	EXPECT_EQ(edges(90), 1);
}

/* Mode 0: a low gate stops counting, and does not touch OUT. Counter 2. */
static void mode0_gate(void)
{
	start();
	wr(0x61, 1, 0);
	wr(0x43, 0x90, 0);
	wr(0x42, 8, 0);				/* 8 at clock 1 */
	wr(0x61, 0, 4);				/* 5 */
	EXPECT_EQ(rd(0x42, 4), 5);
	EXPECT_EQ(rd(0x42, 50), 5);
	EXPECT(!pit_out(&pit, 2, at(50)));
	wr(0x61, 1, 60);
	EXPECT_EQ(rd(0x42, 62), 3);
	EXPECT(!pit_out(&pit, 2, at(64)));
	EXPECT(pit_out(&pit, 2, at(65)));

	/* Written while the gate is low: loaded all the same, N clocks after it rises. */
	wr(0x61, 0, 70);
	wr(0x42, 4, 71);
	EXPECT_EQ(rd(0x42, 90), 4);
	wr(0x61, 1, 100);
	EXPECT(!pit_out(&pit, 2, at(103)));
	EXPECT(pit_out(&pit, 2, at(104)));
}

/* Mode 1: a trigger loads the count at the next clock; OUT is low for N. */
static void mode1(void)
{
	start();
	wr(0x61, 0, 0);
	wr(0x43, 0x92, 0);
	EXPECT(pit_out(&pit, 2, at(1)));
	wr(0x42, 3, 2);
	EXPECT(pit_out(&pit, 2, at(20)));
	wr(0x61, 1, 20);
	EXPECT(pit_out(&pit, 2, at(20)));
	EXPECT(!pit_out(&pit, 2, at(21)));
	EXPECT_EQ(rd(0x42, 21), 3);
	EXPECT(!pit_out(&pit, 2, at(23)));
	EXPECT(pit_out(&pit, 2, at(24)));
	/* retriggered: the gate going low has no effect, its rise starts anew */
	wr(0x61, 0, 30);
	wr(0x61, 1, 31);
	wr(0x61, 0, 32);
	wr(0x61, 1, 33);
	EXPECT(!pit_out(&pit, 2, at(36)));
	EXPECT(pit_out(&pit, 2, at(37)));
	/* a new count changes nothing before the next trigger */
	wr(0x61, 0, 40);
	wr(0x61, 1, 41);
	wr(0x42, 9, 42);
	EXPECT(pit_out(&pit, 2, at(45)));
	wr(0x61, 0, 50);
	wr(0x61, 1, 51);
	EXPECT(!pit_out(&pit, 2, at(60)));
	EXPECT(pit_out(&pit, 2, at(61)));
}

/* Mode 2, count 3: OUT is low for the last clock of each three. */
static void mode2(void)
{
	static const u8 count[] = { 3, 2, 1, 3, 2, 1, 3 };
	unsigned int n;

	start();
	wr(0x43, 0x14, 0);
	EXPECT(pit_out(&pit, 0, at(0)));
	wr(0x40, 3, 0);
	for (n = 0; n < 7; n++) {
		EXPECT_EQ(rd(0x40, 1 + n), count[n]);
		EXPECT_EQ(pit_out(&pit, 0, at(1 + n)), count[n] != 1);
	}

	start();
	wr(0x43, 0x14, 0);
	wr(0x40, 3, 0);
	EXPECT_EQ(edges(3), 0);
	EXPECT_EQ(edges(4), 1);
	EXPECT_EQ(edges(4), 0);
	EXPECT_EQ(edges(31), 9);
	EXPECT_EQ(pit_next(&pit, at(31)) >= at(33.5) - 1, 1);
	EXPECT_EQ(pit_next(&pit, at(31)) <= at(34), 1);
}

/* Mode 2: a new count is used from the end of the current period on. */
static void mode2_rewrite(void)
{
	start();
	wr(0x43, 0x14, 0);
	wr(0x40, 4, 0);				/* periods end at 5, 9, 13 */
	wr(0x40, 5, 6);
	EXPECT_EQ(rd(0x40, 7), 2);
	EXPECT_EQ(rd(0x40, 8), 1);
	EXPECT_EQ(rd(0x40, 9), 5);
	EXPECT_EQ(rd(0x40, 13), 1);
	EXPECT_EQ(rd(0x40, 14), 5);

	start();
	wr(0x43, 0x14, 0);
	wr(0x40, 4, 0);
	wr(0x40, 10, 6);
	edges(6);
	EXPECT_EQ(edges(8), 0);
	EXPECT_EQ(edges(9), 1);			/* the old period */
	EXPECT_EQ(edges(18), 0);
	EXPECT_EQ(edges(19), 1);
	EXPECT_EQ(edges(49), 3);
	/* and when nobody looked in between */
	start();
	wr(0x43, 0x14, 0);
	wr(0x40, 4, 0);
	wr(0x40, 10, 6);
	EXPECT_EQ(edges(49), 5);
}

/* Mode 2: a low gate forces OUT high at once; its rise reloads. */
static void mode2_gate(void)
{
	start();
	wr(0x61, 1, 0);
	wr(0x43, 0x94, 0);
	wr(0x42, 4, 0);
	EXPECT(!pit_out(&pit, 2, at(4)));
	wr(0x61, 0, 4);
	EXPECT(pit_out(&pit, 2, at(4)));
	EXPECT(pit_out(&pit, 2, at(20)));
	wr(0x61, 1, 30);
	EXPECT_EQ(rd(0x42, 31), 4);
	EXPECT(!pit_out(&pit, 2, at(34)));
}

/* Mode 3, the data sheet's counts of 4 and 5. */
static void mode3(void)
{
	static const u8 even[] = { 4, 2, 4, 2, 4, 2, 4, 2 };
	static const u8 even_out[] = { 1, 1, 0, 0, 1, 1, 0, 0 };
	static const u8 odd[] = { 4, 2, 0, 4, 2, 4, 2, 0, 4, 2 };
	static const u8 odd_out[] = { 1, 1, 1, 0, 0, 1, 1, 1, 0, 0 };
	unsigned int n;

	start();
	wr(0x43, 0x16, 0);
	wr(0x40, 4, 0);
	for (n = 0; n < 8; n++) {
		EXPECT_EQ(rd(0x40, 1 + n), even[n]);
		EXPECT_EQ(pit_out(&pit, 0, at(1 + n)), even_out[n]);
	}
	start();
	wr(0x43, 0x16, 0);
	wr(0x40, 5, 0);
	for (n = 0; n < 10; n++) {
		EXPECT_EQ(rd(0x40, 1 + n), odd[n]);
		EXPECT_EQ(pit_out(&pit, 0, at(1 + n)), odd_out[n]);
	}
	start();
	wr(0x43, 0x16, 0);
	wr(0x40, 5, 0);
	EXPECT_EQ(edges(5), 0);
	EXPECT_EQ(edges(6), 1);
	EXPECT_EQ(edges(56), 10);
}

/* Mode 3: a new count is used from the end of the current half period on. */
static void mode3_rewrite(void)
{
	start();
	wr(0x43, 0x16, 0);
	wr(0x40, 8, 0);				/* high 1..4, low 5..8, high 9..12 */
	wr(0x40, 4, 2);				/* in the high half: low 5..6, high 7..8 */
	EXPECT(pit_out(&pit, 0, at(4)));
	EXPECT(!pit_out(&pit, 0, at(5)));
	EXPECT(!pit_out(&pit, 0, at(6)));
	EXPECT(pit_out(&pit, 0, at(7)));
	EXPECT(pit_out(&pit, 0, at(8)));
	EXPECT(!pit_out(&pit, 0, at(9)));
	start();
	wr(0x43, 0x16, 0);
	wr(0x40, 8, 0);
	wr(0x40, 4, 2);
	EXPECT_EQ(edges(6), 0);
	EXPECT_EQ(edges(7), 1);
	EXPECT_EQ(edges(47), 10);

	start();
	wr(0x43, 0x16, 0);
	wr(0x40, 8, 0);
	wr(0x40, 4, 6);				/* in the low half: high 9..10 */
	EXPECT(!pit_out(&pit, 0, at(8)));
	EXPECT(pit_out(&pit, 0, at(10)));
	EXPECT(!pit_out(&pit, 0, at(11)));
	EXPECT_EQ(edges(13), 2);		/* at 9 and at 13 */
}

/* Mode 4: low for one clock, N + 1 clocks after the write. */
static void mode4(void)
{
	start();
	wr(0x43, 0x18, 0);
	EXPECT(pit_out(&pit, 0, at(0)));
	wr(0x40, 3, 10);
	EXPECT(pit_out(&pit, 0, at(13)));
	EXPECT(!pit_out(&pit, 0, at(14)));
	EXPECT(pit_out(&pit, 0, at(15)));
	EXPECT_EQ(rd(0x40, 15), 0xff);
	EXPECT(pit_out(&pit, 0, at(14 + 65536)));

	start();
	wr(0x43, 0x38, 0);
	wr(0x40, 0x10, 0);
	wr(0x40, 0x27, 0);			/* 10000 */
	EXPECT_EQ(edges(10001), 0);
	EXPECT_EQ(edges(10002), 1);
	EXPECT_EQ(edges(1000000), 0);
	EXPECT_EQ(pit_next(&pit, at(1000000)), PIT_NEVER);
	/* rewritten before it expires: starts anew */
	wr(0x40, 0x10, 1000000);
	wr(0x40, 0x27, 1000000);
	wr(0x40, 0x10, 1005000);
	wr(0x40, 0x27, 1005000);
	EXPECT_EQ(edges(1015001), 0);
	EXPECT_EQ(edges(1015002), 1);
}

/* Mode 5: the strobe comes N + 1 clocks after the trigger. */
static void mode5(void)
{
	start();
	wr(0x61, 0, 0);
	wr(0x43, 0x9a, 0);
	wr(0x42, 3, 0);
	EXPECT(pit_out(&pit, 2, at(50)));
	wr(0x61, 1, 60);
	EXPECT(pit_out(&pit, 2, at(63)));
	EXPECT(!pit_out(&pit, 2, at(64)));
	EXPECT(pit_out(&pit, 2, at(65)));
}

/* Counts of 0 are 65536, or 10000 in BCD. */
static void zero_is_the_largest(void)
{
	start();
	wr(0x43, 0x34, 0);
	wr(0x40, 0, 0);
	wr(0x40, 0, 0);
	EXPECT_EQ(pair(0, 1), 0);
	EXPECT_EQ(pair(0, 2), 0xffff);
	EXPECT_EQ(edges(65536), 0);
	EXPECT_EQ(edges(65537), 1);

	start();
	wr(0x43, 0x35, 0);
	wr(0x40, 0, 0);
	wr(0x40, 0, 0);
	EXPECT_EQ(pair(0, 1), 0);
	EXPECT_EQ(pair(0, 2), 0x9999);
	EXPECT_EQ(edges(10000), 0);
	EXPECT_EQ(edges(10001), 1);
}

static void bcd(void)
{
	start();
	wr(0x43, 0x31, 0);
	wr(0x40, 0x00, 0);
	wr(0x40, 0x12, 0);			/* 1200 */
	EXPECT_EQ(pair(0, 1), 0x1200);
	EXPECT_EQ(pair(0, 2), 0x1199);
	EXPECT_EQ(pair(0, 1202), 0x9999);
	EXPECT_EQ(edges(1300), 1);
}

/* "Counter latch command": held until read, later ones ignored. */
static void latch(void)
{
	start();
	wr(0x43, 0x34, 0);
	wr(0x40, 0xe8, 0);
	wr(0x40, 0x03, 0);			/* 1000 */
	wr(0x43, 0x00, 101);			/* 900 */
	wr(0x43, 0x00, 201);
	EXPECT_EQ(rd(0x40, 300), 900 & 255);
	EXPECT_EQ(rd(0x40, 301), 900 >> 8);
	EXPECT_EQ(pair(0, 401), 600);		/* live again */
	wr(0x43, 0x00, 501);
	EXPECT_EQ(pair(0, 600), 500);
}

/* One byte access reads and writes one byte, the other is zero. */
static void one_byte_access(void)
{
	start();
	wr(0x43, 0x24, 0);			/* high byte only */
	wr(0x40, 0x02, 0);			/* 512 */
	EXPECT_EQ(rd(0x40, 1), 2);
	EXPECT_EQ(rd(0x40, 2), 1);
	wr(0x43, 0x00, 300);
	EXPECT_EQ(rd(0x40, 301), (512 - 299) >> 8);
	EXPECT_EQ(edges(512), 0);
	EXPECT_EQ(edges(513), 1);
}

/* "Read-back command": status byte, NULL COUNT, both latched at once. */
static void read_back(void)
{
	start();
	wr(0x43, 0x34, 0);
	wr(0x43, 0xe2, 1);			/* status of counter 0 */
	EXPECT_EQ(rd(0x40, 1), 0x80 | 0x40 | 0x34);
	wr(0x40, 100, 10);
	wr(0x40, 0, 10);
	wr(0x43, 0xe2, 10);
	EXPECT_EQ(rd(0x40, 10), 0x80 | 0x40 | 0x34);
	wr(0x43, 0xe2, 11);
	EXPECT_EQ(rd(0x40, 12), 0x80 | 0x34);
	wr(0x43, 0xc2, 110);			/* OUT low: count 1 */
	EXPECT_EQ(rd(0x40, 200), 0x34);
	EXPECT_EQ(rd(0x40, 200), 1);
	EXPECT_EQ(rd(0x40, 200), 0);
	/* a new count in mode 2 stays NULL until the period ends, at 211 */
	wr(0x40, 200, 205);
	wr(0x40, 0, 205);
	wr(0x43, 0xe2, 209);
	EXPECT_EQ(rd(0x40, 209), 0x80 | 0x40 | 0x34);
	wr(0x43, 0xe2, 211);
	EXPECT_EQ(rd(0x40, 211), 0x80 | 0x34);
	/* modes 6 and 7 are 2 and 3 */
	wr(0x43, 0x3e, 300);
	wr(0x43, 0xe2, 300);
	EXPECT_EQ(rd(0x40, 300), 0x80 | 0x40 | 0x36);
}

static void read_back_several(void)
{
	start();
	wr(0x43, 0x54, 0);
	wr(0x41, 18, 0);
	wr(0x43, 0x14, 0);
	wr(0x40, 100, 0);
	wr(0x43, 0xd6, 6);			/* counts of 0 and 1 */
	EXPECT_EQ(rd(0x40, 50), 95);
	EXPECT_EQ(rd(0x41, 50), 13);
	EXPECT_EQ(rd(0x43, 50), 0xff);
}

/* Port 61h: gate and speaker read back, refresh toggles, OUT2 in bit 5. */
static void port61(void)
{
	unsigned int n, toggles = 0;
	u8 was, is;

	start();
	wr(0x61, 0x03, 0);
	EXPECT_EQ(rd(0x61, 0) & 0x0f, 0x03);
	wr(0x61, 0xfe, 0);
	EXPECT_EQ(rd(0x61, 0) & 0xcf, 0x0e);	/* upper bits are not writable */

	was = rd(0x61, 0) & 0x10;
	for (n = 1; n <= 18 * 1000; n++) {
		is = rd(0x61, n) & 0x10;
		toggles += is != was;
		was = is;
	}
	EXPECT_EQ(toggles, 1000);		/* every 15.085 us */

	wr(0x61, 0x00, 20000);
	wr(0x43, 0xb0, 20000);
	wr(0x42, 0x9b, 20000);
	wr(0x42, 0x2e, 20000);			/* 11931: 10 ms */
	wr(0x61, 0x01, 20010);
	EXPECT_EQ(rd(0x61, 20010 + 11930) & 0x20, 0);
	EXPECT_EQ(rd(0x61, 20010 + 11932) & 0x20, 0x20);
}

/* 100 Hz for an hour: no drift, and the next edge is never early or late. */
static void long_run(void)
{
	u64 now = at(0), next, n = 0;
	double hz = 14318180.0 / 12 / 11932;

	start();
	wr(0x43, 0x34, 0);
	wr(0x40, 0x9c, 0);
	wr(0x40, 0x2e, 0);
	while (now < 3600000000000ULL) {
		next = pit_next(&pit, now);
		EXPECT(next > now);
		EXPECT(!pit_poll(&pit, next - 1, false, false));
		EXPECT(pit_poll(&pit, next, false, false));
		EXPECT(!pit_poll(&pit, next, false, false));
		now = next;
		n++;
	}
	EXPECT(fabs(n - 3600 * hz) <= 2);
}

/* A late guest gets what it missed, one after the other, up to a second's worth. */
static void owed_interrupts(void)
{
	unsigned int n = 0;

	start();
	wr(0x43, 0x34, 0);
	wr(0x40, 0xa9, 0);
	wr(0x40, 0x04, 0);			/* 1193: 1000.15 Hz */
	EXPECT(pit_poll(&pit, at(1194), false, false));
	/* ten more pass while the request stands */
	EXPECT(!pit_poll(&pit, at(1194 + 11930), true, false));
	while (pit_poll(&pit, at(1194 + 11930), false, false))
		n++;
	EXPECT_EQ(n, 10);

	/* two minutes */
	for (n = 0; pit_poll(&pit, at(120 * 1193182.), false, false);)
		n++;
	EXPECT(n >= 1000 && n <= 1002);
	EXPECT(pit.lost >= 118900 && pit.lost <= 119100);

	/* masked: the one that the controller keeps */
	EXPECT(pit_poll(&pit, at(121 * 1193182.), false, true));
	EXPECT(!pit_poll(&pit, at(122 * 1193182.), true, true));
	EXPECT(!pit_poll(&pit, at(122 * 1193182.), false, false));

	/* programming the counter forgives */
	pit_poll(&pit, at(123 * 1193182.), true, false);
	wr(0x43, 0x34, 123 * 1193182.);
	EXPECT(!pit_poll(&pit, at(123 * 1193182.), false, false));
}

/* The debt is counter 0's: programming another counter does not touch it. */
static void others_forgive_nothing(void)
{
	unsigned int n = 0;

	start();
	wr(0x43, 0x14, 0);
	wr(0x40, 100, 0);
	EXPECT(!pit_poll(&pit, at(1001), true, false));
	wr(0x43, 0xb0, 1002);
	wr(0x42, 1, 1002);
	wr(0x42, 1, 1002);
	wr(0x43, 0x00, 1003);			/* latching is not programming */
	wr(0x43, 0xc2, 1003);
	rd(0x61, 1003);
	while (pit_poll(&pit, at(1010), false, false))
		n++;
	EXPECT_EQ(n, 10);
}

/* The next edge is named exactly, before and after the count is taken over. */
static void next_edge(void)
{
	start();
	wr(0x43, 0x18, 0);
	wr(0x40, 100, 1000);			/* mode 4: OUT rises at 1102 */
	EXPECT(pit_next(&pit, at(1000)) > at(1101));
	EXPECT(pit_next(&pit, at(1000)) < at(1102));
	EXPECT_EQ(edges(1050), 0);
	EXPECT(pit_next(&pit, at(1050)) > at(1101));
	EXPECT(pit_next(&pit, at(1050)) < at(1102));
	wr(0x43, 0x10, 2000);
	wr(0x40, 100, 2000);			/* mode 0: at 2101 */
	EXPECT(pit_next(&pit, at(2000)) > at(2100));
	EXPECT(pit_next(&pit, at(2000)) < at(2101));
	wr(0x43, 0x16, 3000);
	wr(0x40, 100, 3000);			/* mode 3: at 3101 */
	EXPECT(pit_next(&pit, at(3000)) > at(3100));
	EXPECT(pit_next(&pit, at(3000)) < at(3101));
	wr(0x40, 50, 3010);			/* from 3051 on: low until 3076 */
	EXPECT(pit_next(&pit, at(3010)) > at(3075));
	EXPECT(pit_next(&pit, at(3010)) < at(3076));
	/* nobody looked: now */
	EXPECT_EQ(pit_next(&pit, at(5000)), at(5000));
}

/* OUT rising because of a control word is an edge too; falling is none. */
static void control_word_edges(void)
{
	start();
	wr(0x43, 0x30, 0);
	EXPECT_EQ(edges(0), 0);
	wr(0x43, 0x34, 10);
	EXPECT_EQ(edges(10), 1);
	wr(0x43, 0x38, 20);
	EXPECT_EQ(edges(20), 0);
	EXPECT_EQ(pit_next(&pit, at(20)), PIT_NEVER);
}

/* Counts that make no sense must not hang or divide by zero. */
static void illegal_counts(void)
{
	unsigned int mode;

	for (mode = 0; mode < 8; mode++) {
		start();
		wr(0x43, 0x10 | mode << 1, 0);
		wr(0x40, 1, 0);
		EXPECT(edges(1000000) <= 1);
		rd(0x40, 1000000);
		pit_next(&pit, at(1000000));
		wr(0x40, 1, 1000001);
		wr(0x40, 2, 1000002);
		edges(1000100);
	}
	start();
	wr(0x43, 0x35, 0);
	wr(0x40, 0xff, 0);
	wr(0x40, 0xff, 0);
	edges(1000000);
	pair(0, 1000000);
}

/*
 * A timer that is settled again and again is the same timer as one that never
 * was, whatever is written to both: counts, outputs, edges, and what is owed.
 */
static void settling(void)
{
	static const u16 port[] = { 0x40, 0x41, 0x42, 0x43, 0x43, 0x61 };
	u32 seed = 1, what;
	struct pit other;
	unsigned int i, k;
	double n = 0;

	start();
	other = pit;
	for (i = 0; i < 400000 && !check_why[0]; i++) {
		seed = seed * 1103515245 + 12345;
		what = seed >> 16;
		/* Often a clock or none, now and then many periods. */
		n += what & 3 ? what >> 2 & 1 : (what & 4 ? 12345.0 : 3.0) * (what >> 3 & 255);
		seed = seed * 1103515245 + 12345;
		what = seed >> 16;
		k = what & 7;
		if (what & 8) {
			pit_settle(&other, at(n));
			EXPECT(pit_valid(&other));
			for (k = 0; k < 3; k++) {
				EXPECT(other.counter[k].stopped - other.counter[k].start < 1 << 18);
				EXPECT(other.counter[k].next_start == PIT_NEVER ||
				       other.counter[k].next_start - other.counter[k].start <
				       1 << 18);
			}
			EXPECT(other.seen - other.counter[0].start < 1 << 18);
		} else if (k < ARRAY_SIZE(port)) {
			/* Small counts mostly, so that much happens. */
			u8 val = port[k] < 0x43 && what & 0x1000 ? what >> 4 & 7 : what >> 4;

			pit_write(&pit, port[k], val, at(n));
			pit_write(&other, port[k], val, at(n));
		} else if (k == 6) {
			EXPECT_EQ(pit_poll(&other, at(n), what & 16, what & 32),
				  pit_poll(&pit, at(n), what & 16, what & 32));
		}
		for (k = 0; k < 3; k++) {
			if (what & 0x2000 << k)
				EXPECT_EQ(pit_read(&other, 0x40 + k, at(n)),
					  pit_read(&pit, 0x40 + k, at(n)));
			EXPECT_EQ(pit_out(&other, k, at(n)), pit_out(&pit, k, at(n)));
		}
		EXPECT_EQ(pit_read(&other, 0x61, at(n)), pit_read(&pit, 0x61, at(n)));
		EXPECT_EQ(pit_next(&other, at(n)), pit_next(&pit, at(n)));
		EXPECT_EQ(other.owed, pit.owed);
	}
	if (check_why[0])
		printf("# step %u, clock %.0f\n", i, n);

	/* Mode 4 strobes once, not again when its count has wrapped around. */
	start();
	wr(0x43, 0x18, 0);
	wr(0x40, 5, 10);
	EXPECT(!pit_out(&pit, 0, at(16)));
	pit_settle(&pit, at(16 + 2 * 65536));
	EXPECT(pit_out(&pit, 0, at(16 + 2 * 65536)));
}

/* What no timer is in is told from what one can be in. */
static void validity(void)
{
	struct pit good;

	start();
	wr(0x43, 0x34, 0);
	EXPECT(pit_valid(&pit));
	good = pit;
	pit.counter[0].count = 0;
	EXPECT(!pit_valid(&pit));
	pit = good;
	pit.counter[1].next_count = 65537;
	EXPECT(!pit_valid(&pit));
	pit = good;
	pit.counter[2].mode = 6;
	EXPECT(!pit_valid(&pit));
	pit = good;
	pit.counter[2].rw = 0;
	EXPECT(!pit_valid(&pit));
	pit = good;
	pit.counter[0].latched = 3;
	EXPECT(!pit_valid(&pit));
	pit = good;
	*(u8 *)&pit.counter[0].fresh = 2;
	EXPECT(!pit_valid(&pit));
	pit = good;
	pit.counter[0].gate = false;		/* tied high */
	EXPECT(!pit_valid(&pit));
	pit = good;
	pit.port61 = 1;				/* but the gate is low */
	EXPECT(!pit_valid(&pit));
}

int main(void)
{
	CASE(mode0);
	CASE(mode0_rewrite);
	CASE(mode0_gate);
	CASE(mode1);
	CASE(mode2);
	CASE(mode2_rewrite);
	CASE(mode2_gate);
	CASE(mode3);
	CASE(mode3_rewrite);
	CASE(mode4);
	CASE(mode5);
	CASE(zero_is_the_largest);
	CASE(bcd);
	CASE(latch);
	CASE(one_byte_access);
	CASE(read_back);
	CASE(read_back_several);
	CASE(port61);
	CASE(long_run);
	CASE(owed_interrupts);
	CASE(others_forgive_nothing);
	CASE(next_edge);
	CASE(control_word_edges);
	CASE(illegal_counts);
	CASE(settling);
	CASE(validity);
	return check_failed != 0;
}
