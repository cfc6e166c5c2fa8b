// SPDX-License-Identifier: GPL-2.0
/*
 * The real-time clock against its data sheet (Motorola MC146818A).
 *
 * The host's time of day is an argument, so every moment can be tested. Dates
 * were turned into seconds since 1970 with date(1).
 */
#include "check.h"
#include "rtc.h"

#define NS	1000000000ULL
#define MS	1000000ULL

/* date -u -d '2026-02-28 23:59:58' +%s: a Saturday, weekday 7 of the chip's */
#define FEB28	1772323198ULL

static struct rtc rtc;

static void wr(u8 reg, u8 val, u64 t)
{
	rtc_write(&rtc, 0x70, reg, t);
	rtc_write(&rtc, 0x71, val, t);
}

static u8 rd(u8 reg, u64 t)
{
	rtc_write(&rtc, 0x70, reg, t);
	return rtc_read(&rtc, 0x71, t);
}

static u64 start(void)
{
	u64 t = FEB28 * NS + 100 * MS;

	rtc_reset(&rtc, 256ULL << 20, t);
	return t;
}

static void expect_time(u64 t, u8 century, u8 y, u8 mon, u8 d, u8 wd, u8 h, u8 m, u8 s)
{
	EXPECT_EQ(rd(0x32, t), century);
	EXPECT_EQ(rd(9, t), y);
	EXPECT_EQ(rd(8, t), mon);
	EXPECT_EQ(rd(7, t), d);
	EXPECT_EQ(rd(6, t), wd);
	EXPECT_EQ(rd(4, t), h);
	EXPECT_EQ(rd(2, t), m);
	EXPECT_EQ(rd(0, t), s);
}

static void host_time_in_bcd(void)
{
	u64 t = start();

	EXPECT_EQ(rd(0x0b, t) & 0x06, 0x02);	/* BCD, 24 hours */
	expect_time(t, 0x20, 0x26, 0x02, 0x28, 7, 0x23, 0x59, 0x58);
	/* 2026 is no leap year */
	expect_time(t + 2 * NS, 0x20, 0x26, 0x03, 0x01, 1, 0x00, 0x00, 0x00);
}

/* Register B: DM 1 is binary, 24/12 0 is 12 hours with bit 7 for PM. */
static void binary_and_12_hours(void)
{
	u64 t = start();

	wr(0x0b, 0x06, t);
	expect_time(t, 20, 26, 2, 28, 7, 23, 59, 58);
	wr(0x0b, 0x04, t);
	EXPECT_EQ(rd(4, t), 0x80 | 11);
	EXPECT_EQ(rd(4, t + 2 * NS), 12);		/* midnight is 12 AM */
	EXPECT_EQ(rd(4, t + 2 * NS + 3600 * NS), 1);
	EXPECT_EQ(rd(4, t + 2 * NS + 12 * 3600 * NS), 0x80 | 12);
	wr(0x0b, 0x00, t);
	EXPECT_EQ(rd(4, t), 0x80 | 0x11);
}

/* UIP: 244 us before the update begins, which takes 1984 us at 32.768 kHz. */
static void update_in_progress(void)
{
	u64 t = start();
	u64 end = (FEB28 + 1) * NS;

	EXPECT_EQ(rd(0x0a, t) & 0x80, 0);
	EXPECT_EQ(rd(0x0a, end - 2229000) & 0x80, 0);
	EXPECT_EQ(rd(0x0a, end - 2227000) & 0x80, 0x80);
	EXPECT_EQ(rd(0x0a, end - 1000) & 0x80, 0x80);
	EXPECT_EQ(rd(0x0a, end) & 0x80, 0);
	wr(0x0b, 0x82, end);			/* SET: no updates */
	EXPECT_EQ(rd(0x0a, end + NS - 1000) & 0x80, 0);
}

/* Setting the clock the way the data sheet asks for: SET, write, clear SET. */
static void set_time(void)
{
	u64 t = start();

	wr(0x0b, 0x82, t);
	wr(0x32, 0x19, t);
	wr(9, 0x99, t);
	wr(8, 0x12, t);
	wr(7, 0x31, t);
	wr(4, 0x23, t);
	wr(2, 0x59, t);
	wr(0, 0x59, t);
	EXPECT_EQ(rd(0, t + 5 * NS), 0x59);	/* stands still */
	wr(0x0b, 0x02, t + 5 * NS);
	expect_time(t + 5 * NS, 0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59);
	expect_time(t + 6 * NS, 0x20, 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x00);
}

/* A register written while the clock runs changes just that one. */
static void set_while_running(void)
{
	u64 t = start();

	wr(4, 0x05, t);
	expect_time(t, 0x20, 0x26, 0x02, 0x28, 7, 0x05, 0x59, 0x58);
	EXPECT_EQ(rd(4, t + 3 * NS), 0x06);
}

/* Linux's way: SET and the divider in reset, and both back. */
static void divider_reset(void)
{
	u64 t = start();

	wr(0x0b, 0x82, t);
	wr(0x0a, 0x76, t);
	wr(0, 0x30, t);
	wr(0x0b, 0x02, t);
	EXPECT_EQ(rd(0, t + 3 * NS), 0x30);	/* held in reset */
	wr(0x0a, 0x26, t + 3 * NS);
	EXPECT_EQ(rd(0, t + 3 * NS), 0x30);
	EXPECT_EQ(rd(0, t + 5 * NS), 0x32);
}

/* UF, and UIE; reading C clears all flags. */
static void update_interrupt(void)
{
	u64 t = start();

	wr(5, 0x12, t);				/* the alarm is elsewhere */
	rd(0x0c, t);
	EXPECT_EQ(rtc_next(&rtc, t), RTC_NEVER);
	EXPECT_EQ(rd(0x0c, t + NS), 0x50);	/* flags come without the enable, PF too */
	EXPECT_EQ(rd(0x0c, t + NS), 0x00);
	wr(0x0a, 0x20, t + NS);			/* no more PF */
	wr(0x0b, 0x12, t + NS);
	EXPECT_EQ(rtc_next(&rtc, t + NS), (FEB28 + 2) * NS);
	EXPECT(!rtc_poll(&rtc, (FEB28 + 2) * NS - 1));
	EXPECT(rtc_poll(&rtc, (FEB28 + 2) * NS));
	EXPECT(rtc_poll(&rtc, (FEB28 + 2) * NS + 5));
	EXPECT_EQ(rd(0x0c, (FEB28 + 2) * NS + 5), 0x90);
	EXPECT(!rtc_poll(&rtc, (FEB28 + 2) * NS + 6));
}

/* SET clears UIE. */
static void set_clears_uie(void)
{
	u64 t = start();

	wr(0x0b, 0x12, t);
	wr(0x0b, 0x92, t);
	EXPECT_EQ(rd(0x0b, t), 0x82);
}

/* Alarm: hours, minutes and seconds, C0h and above match any. */
static void alarm_interrupt(void)
{
	u64 t = start();

	wr(0x0a, 0x20, t);
	wr(1, 0x03, t);
	wr(3, 0x00, t);
	wr(5, 0x00, t);
	rd(0x0c, t);
	wr(0x0b, 0x22, t);
	EXPECT_EQ(rtc_next(&rtc, t), (FEB28 + 5) * NS);
	EXPECT(!rtc_poll(&rtc, (FEB28 + 4) * NS));
	EXPECT(rtc_poll(&rtc, (FEB28 + 5) * NS));
	EXPECT_EQ(rd(0x0c, (FEB28 + 5) * NS), 0xb0);
	EXPECT_EQ(rtc_next(&rtc, (FEB28 + 5) * NS), (FEB28 + 5 + 86400) * NS);

	/* every minute at second 10 */
	t = start();
	wr(1, 0x10, t);
	wr(3, 0xff, t);
	wr(5, 0xc0, t);
	wr(0x0b, 0x22, t);
	EXPECT_EQ(rtc_next(&rtc, t), (FEB28 + 12) * NS);
	rtc_poll(&rtc, (FEB28 + 12) * NS);
	rd(0x0c, (FEB28 + 12) * NS);
	EXPECT_EQ(rtc_next(&rtc, (FEB28 + 12) * NS), (FEB28 + 72) * NS);
	/* nobody looked for an hour */
	EXPECT_EQ(rd(0x0c, (FEB28 + 3600) * NS) & 0x20, 0x20);
	/* can't match: 61 seconds */
	wr(1, 0x61, (FEB28 + 3600) * NS);
	EXPECT_EQ(rtc_next(&rtc, (FEB28 + 3600) * NS), RTC_NEVER);
}

static void alarm_in_12_hours(void)
{
	u64 t = start();

	wr(0x0b, 0x00, t);
	wr(1, 0x00, t);
	wr(3, 0x00, t);
	wr(5, 0x81, t);				/* 1 PM */
	wr(0x0b, 0x20, t);
	EXPECT_EQ(rtc_next(&rtc, t), (FEB28 + 2 + 13 * 3600) * NS);
	wr(5, 0x01, t);				/* 1 AM */
	EXPECT_EQ(rtc_next(&rtc, t), (FEB28 + 2 + 3600) * NS);
	wr(5, 0x12, t);				/* 12 AM is midnight */
	EXPECT_EQ(rtc_next(&rtc, t), (FEB28 + 2) * NS);
}

/* The guest's clock differs from the host's: events are named in host time. */
static void offset_of_events(void)
{
	u64 t = start();

	wr(2, 0x00, t);				/* 23:00:58 */
	wr(1, 0x03, t);
	wr(3, 0x01, t);
	wr(5, 0x23, t);
	wr(0x0b, 0x22, t);
	EXPECT_EQ(rtc_next(&rtc, t), (FEB28 + 5) * NS);
	EXPECT(!rtc_poll(&rtc, (FEB28 + 5) * NS - 1));
	EXPECT(rtc_poll(&rtc, (FEB28 + 5) * NS));
}

/* Table 5: the periodic rates of the 32.768 kHz time base. */
static void periodic_rates(void)
{
	/* in units of 1/32768 s, RS 1 to 15 */
	static const unsigned int period[] = {
		128, 256, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384
	};
	unsigned int rs, n;
	u64 t, end, step;

	for (rs = 1; rs <= 15; rs++) {
		t = start();
		wr(0x0a, 0x20 | rs, t);
		rd(0x0c, t);
		wr(0x0b, 0x42, t);
		end = t + 2 * NS;
		for (n = 0; n < 100000; n++) {
			t = rtc_next(&rtc, t);
			if (t > end)
				break;
			EXPECT(!rtc_poll(&rtc, t - 1));
			EXPECT(rtc_poll(&rtc, t));
			EXPECT_EQ(rd(0x0c, t) & 0xc0, 0xc0);
		}
		step = 65536 / period[rs - 1];
		EXPECT(n >= step - 1 && n <= step + 1);
	}
	t = start();
	wr(0x0a, 0x20, t);			/* RS 0: none */
	wr(0x0b, 0x42, t);
	EXPECT_EQ(rtc_next(&rtc, t), RTC_NEVER);
}

static void read_only_and_valid(void)
{
	u64 t = start();

	wr(0x0c, 0xff, t);
	wr(0x0d, 0x00, t);
	EXPECT_EQ(rd(0x0c, t), 0x00);
	EXPECT_EQ(rd(0x0d, t), 0x80);		/* VRT: the battery is good */
	EXPECT_EQ(rtc_read(&rtc, 0x70, t), 0xff);
	/* bit 7 of the index is not part of it */
	rtc_write(&rtc, 0x70, 0x8d, t);
	EXPECT_EQ(rtc_read(&rtc, 0x71, t), 0x80);
	wr(0x0a, 0xff, t);
	EXPECT_EQ(rd(0x0a, t), 0x7f);		/* UIP is not writable */
}

/* What the PC's firmware leaves in the memory. */
static void memory_sizes(void)
{
	u64 t = start();

	EXPECT_EQ(rd(0x15, t) | rd(0x16, t) << 8, 640);
	EXPECT_EQ(rd(0x17, t) | rd(0x18, t) << 8, 0xffff);	/* at most */
	EXPECT_EQ(rd(0x34, t) | rd(0x35, t) << 8, (256 - 16) * 16);
	rtc_reset(&rtc, 8 << 20, t);
	EXPECT_EQ(rd(0x30, t) | rd(0x31, t) << 8, 7 * 1024);
	EXPECT_EQ(rd(0x17, t) | rd(0x18, t) << 8, 7 * 1024);
	EXPECT_EQ(rd(0x34, t) | rd(0x35, t) << 8, 0);
	EXPECT_EQ(rd(0x14, t), 0x02);		/* FPU, no floppy, no display */
	wr(0x40, 0x5a, t);
	EXPECT_EQ(rd(0x40, t), 0x5a);
}

/* Any garbage may be written while SET is on. */
static void nonsense_dates(void)
{
	u64 t = start();
	unsigned int reg, val;

	for (val = 0; val < 256; val += 17) {
		wr(0x0b, 0x80 | (val & 6), t);
		for (reg = 0; reg < 10; reg++)
			wr(reg, val, t);
		wr(0x32, val, t);
		wr(0x0b, 0x72 | (val & 4), t);
		for (reg = 0; reg < 128; reg++)
			rd(reg, t + NS);
		rtc_next(&rtc, t + NS);
	}
}

static void state(void)
{
	u8 kept[256];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u64 t = start();

	wr(4, 0x12, t);				/* 12:59:58 */
	wr(1, 0x30, t);
	wr(3, 0x59, t);
	wr(5, 0x12, t);				/* an alarm at 12:59:30 */
	wr(0x0b, 0x22, t);
	wr(0x40, 0xa5, t);
	rd(0x0c, t);
	rtc_write(&rtc, 0x70, 0x40, t);
	rtc_state(&rtc, &s, t);
	EXPECT(!s.bad);
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	rtc_reset(&rtc, 2ULL << 20, t);
	rtc_state(&rtc, &s, t + NS);
	EXPECT(!s.bad && s.pos == s.size);
	EXPECT_EQ(rtc_read(&rtc, 0x71, t + NS), 0xa5);
	/* Time went on, and is the guest's. */
	expect_time(t + NS, 0x20, 0x26, 0x02, 0x28, 7, 0x12, 0x59, 0x59);
	EXPECT(!rtc_poll(&rtc, t + NS));
	/* An alarm in between is found afterwards. */
	s.pos = 0;
	rtc_state(&rtc, &s, t + 86400 * NS);
	EXPECT(rtc_poll(&rtc, t + 86400 * NS));
	EXPECT_EQ(rd(0x0c, t + 86400 * NS) & 0xa0, 0xa0);
	/* On a host whose clock is behind, alarms come all the same. */
	s.pos = 0;
	rtc_state(&rtc, &s, t - 3600 * NS);
	EXPECT(!rtc_poll(&rtc, t - 3600 * NS));
	EXPECT(rtc_poll(&rtc, t - 3600 * NS + 3600 * NS));
	/* What can't be leaves it as it was. */
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	rtc_state(&rtc, &s, t);
	EXPECT(s.bad);
	EXPECT_EQ(rd(0x40, t), 0xa5);
}

/* Past the last second that can be set, where nonsense dates end. */
static void state_at_the_end(void)
{
	u8 kept[512];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u64 t = start();

	wr(0x32, 0x99, t);
	rtc_state(&rtc, &s, t + 3 * NS);
	EXPECT(!s.bad);
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	rtc_state(&rtc, &s, t + 3 * NS);
	EXPECT(!s.bad && s.pos == s.size);
	EXPECT_EQ(rd(9, t + 3 * NS), 0x23);
	EXPECT_EQ(rd(0x32, t + 3 * NS), 0x22);
}

int main(void)
{
	CASE(host_time_in_bcd);
	CASE(binary_and_12_hours);
	CASE(update_in_progress);
	CASE(set_time);
	CASE(set_while_running);
	CASE(divider_reset);
	CASE(update_interrupt);
	CASE(set_clears_uie);
	CASE(alarm_interrupt);
	CASE(alarm_in_12_hours);
	CASE(offset_of_events);
	CASE(periodic_rates);
	CASE(read_only_and_valid);
	CASE(memory_sizes);
	CASE(nonsense_dates);
	CASE(state);
	CASE(state_at_the_end);
	return check_failed != 0;
}
