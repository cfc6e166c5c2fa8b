// SPDX-License-Identifier: GPL-2.0
/*
 * The MC146818 real-time clock with the CMOS memory of a PC.
 *
 * Written from Motorola's MC146818A data sheet; the PC's use of the memory is
 * that of the IBM PC AT. The clock shows the host's UTC plus an offset, which
 * the guest changes by setting its clock. Times are nanoseconds since 1970 and
 * an argument of every call. Events (periodic, alarm, update ended) are found
 * by comparing the time now with the time when somebody last looked, so the
 * flags are exact whenever the guest can see them.
 */
#include "rtc.h"

#include <string.h>
#include <time.h>

#define NSEC		1000000000ULL

#define R_SECONDS	0
#define R_SECONDS_ALARM	1
#define R_MINUTES	2
#define R_MINUTES_ALARM	3
#define R_HOURS		4
#define R_HOURS_ALARM	5
#define R_WEEKDAY	6
#define R_DAY		7
#define R_MONTH		8
#define R_YEAR		9
#define R_A		10
#define R_B		11
#define R_C		12
#define R_D		13
#define R_CENTURY	0x32

#define A_UIP		0x80
#define A_DV		0x70
#define A_DV_RUN	0x20	/* 32.768 kHz time base */
#define A_DV_RESET	0x60	/* and above: the divider is held in reset */
#define A_RS		0x0f
#define B_SET		0x80
#define B_PIE		0x40
#define B_AIE		0x20
#define B_UIE		0x10
#define B_BINARY	0x04
#define B_24H		0x02
#define C_IRQF		0x80
#define C_PF		0x40
#define C_AF		0x20
#define C_UF		0x10
#define D_VRT		0x80

#define HOURS_PM	0x80
#define ALARM_ANY	0xc0

/* With the 32.768 kHz time base: 244 us of warning and an update of 1984 us. */
#define UIP_NS		(244000 + 1984000)

#define SECONDS_MAX	8000000000LL

/* More than a day of missed seconds matches every alarm that a day can match. */
#define ALARM_SECONDS	86400

static u64 guest_time(const struct rtc *rtc, u64 wall)
{
	return wall + rtc->offset;
}

static bool running(const struct rtc *rtc)
{
	return !(rtc->ram[R_B] & B_SET) && (rtc->ram[R_A] & A_DV) < A_DV_RESET;
}

static u8 encode(const struct rtc *rtc, unsigned int v)
{
	return rtc->ram[R_B] & B_BINARY ? v : (v / 10) << 4 | v % 10;
}

static unsigned int decode(const struct rtc *rtc, u8 v)
{
	return rtc->ram[R_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 15);
}

static u8 encode_hours(const struct rtc *rtc, unsigned int h)
{
	if (rtc->ram[R_B] & B_24H)
		return encode(rtc, h);
	return encode(rtc, (h + 11) % 12 + 1) | (h >= 12 ? HOURS_PM : 0);
}

static unsigned int decode_hours(const struct rtc *rtc, u8 v)
{
	if (rtc->ram[R_B] & B_24H)
		return decode(rtc, v);
	return decode(rtc, v & ~HOURS_PM) % 12 + (v & HOURS_PM ? 12 : 0);
}

/* Fill the time registers. */
static void time_to_ram(struct rtc *rtc, u64 t)
{
	time_t sec = t / NSEC;
	struct tm tm;

	gmtime_r(&sec, &tm);
	rtc->ram[R_SECONDS] = encode(rtc, tm.tm_sec);
	rtc->ram[R_MINUTES] = encode(rtc, tm.tm_min);
	rtc->ram[R_HOURS] = encode_hours(rtc, tm.tm_hour);
	rtc->ram[R_WEEKDAY] = encode(rtc, tm.tm_wday + 1);
	rtc->ram[R_DAY] = encode(rtc, tm.tm_mday);
	rtc->ram[R_MONTH] = encode(rtc, tm.tm_mon + 1);
	rtc->ram[R_YEAR] = encode(rtc, tm.tm_year % 100);
	rtc->ram[R_CENTURY] = encode(rtc, (tm.tm_year + 1900) / 100);
}

/* Set the clock to what the time registers say. */
static void time_from_ram(struct rtc *rtc, u64 wall)
{
	unsigned int century = decode(rtc, rtc->ram[R_CENTURY]);
	struct tm tm = {
		.tm_sec = decode(rtc, rtc->ram[R_SECONDS]),
		.tm_min = decode(rtc, rtc->ram[R_MINUTES]),
		.tm_hour = decode_hours(rtc, rtc->ram[R_HOURS]),
		.tm_mday = decode(rtc, rtc->ram[R_DAY]),
		.tm_mon = (int)decode(rtc, rtc->ram[R_MONTH]) - 1,
		.tm_year = (int)(century * 100 + decode(rtc, rtc->ram[R_YEAR])) - 1900,
	};
	s64 sec = timegm(&tm);

	/* Before 1970 and after 2223 is beyond what is counted here. */
	if (sec < 0)
		sec = 0;
	if (sec > SECONDS_MAX)
		sec = SECONDS_MAX;
	rtc->offset = sec * (s64)NSEC + (s64)(guest_time(rtc, wall) % NSEC) - (s64)wall;
	rtc->seen = guest_time(rtc, wall);
}

/* Period of the periodic interrupt in nanoseconds * 32768, or 0. */
static u64 periodic_clocks(const struct rtc *rtc)
{
	unsigned int rs = rtc->ram[R_A] & A_RS;

	if (!rs || (rtc->ram[R_A] & A_DV) >= A_DV_RESET)
		return 0;
	return 1U << (rs <= 2 ? rs + 6 : rs - 1);
}

static u64 to_clock(u64 ns)
{
	return ns / NSEC * 32768 + ns % NSEC * 32768 / NSEC;
}

static u64 clock_to_ns(u64 clock)
{
	return clock / 32768 * NSEC + (clock % 32768 * NSEC + 32767) / 32768;
}

static bool alarm_matches(const struct rtc *rtc, u64 sec)
{
	u8 s = rtc->ram[R_SECONDS_ALARM];
	u8 m = rtc->ram[R_MINUTES_ALARM];
	u8 h = rtc->ram[R_HOURS_ALARM];

	return (s >= ALARM_ANY || decode(rtc, s) == sec % 60) &&
	       (m >= ALARM_ANY || decode(rtc, m) == sec / 60 % 60) &&
	       (h >= ALARM_ANY || decode_hours(rtc, h) == sec / 3600 % 24);
}

/* The first second after @sec that matches the alarm, or RTC_NEVER. */
static u64 next_alarm(const struct rtc *rtc, u64 sec)
{
	unsigned int i;

	for (i = 1; i <= ALARM_SECONDS; i++)
		if (alarm_matches(rtc, sec + i))
			return sec + i;
	return RTC_NEVER;
}

static void catch_up(struct rtc *rtc, u64 t)
{
	u64 was = rtc->seen, period = periodic_clocks(rtc);
	u8 *c = &rtc->ram[R_C];

	if (t <= was)
		return;
	rtc->seen = t;
	if (period && to_clock(was) / period != to_clock(t) / period)
		*c |= C_PF;
	if (running(rtc) && was / NSEC != t / NSEC) {
		*c |= C_UF;
		if (!(*c & C_AF) && next_alarm(rtc, was / NSEC) <= t / NSEC)
			*c |= C_AF;
	}
}

static bool irqf(const struct rtc *rtc)
{
	return rtc->ram[R_C] & rtc->ram[R_B] & (C_PF | C_AF | C_UF);
}

/**
 * rtc_reset() - power-on state, with the memory as firmware leaves it
 * @rtc: the clock
 * @memory: bytes of RAM
 * @wall: time of day
 */
void rtc_reset(struct rtc *rtc, u64 memory, u64 wall)
{
	u64 kib = (memory - (1 << 20)) >> 10;
	u64 above16 = memory > 16 << 20 ? (memory - (16 << 20)) >> 16 : 0;
	u8 *ram = rtc->ram;

	*rtc = (struct rtc){ .seen = wall };
	if (kib > 0xffff)
		kib = 0xffff;
	ram[R_A] = A_DV_RUN | 6;		/* 1024 Hz, if enabled */
	ram[R_B] = B_24H;
	ram[R_D] = D_VRT;
	ram[0x14] = 0x02;			/* equipment: FPU; no floppy, no display */
	ram[0x15] = 640 & 0xff;
	ram[0x16] = 640 >> 8;
	ram[0x17] = kib;
	ram[0x18] = kib >> 8;
	ram[0x30] = kib;
	ram[0x31] = kib >> 8;
	ram[0x34] = above16;
	ram[0x35] = above16 >> 8;
}

/**
 * rtc_poll() - the level of the interrupt output
 * @rtc: the clock
 * @wall: time of day
 *
 * Return: the level, IRQ 8.
 */
bool rtc_poll(struct rtc *rtc, u64 wall)
{
	catch_up(rtc, guest_time(rtc, wall));
	return irqf(rtc);
}

/**
 * rtc_next() - when the interrupt output may rise
 * @rtc: the clock
 * @wall: time of day
 *
 * Return: time of day at which to call rtc_poll(), or RTC_NEVER.
 */
u64 rtc_next(struct rtc *rtc, u64 wall)
{
	u64 t = guest_time(rtc, wall), next = RTC_NEVER, at, period;
	u8 want = rtc->ram[R_B] & ~rtc->ram[R_C];

	if (irqf(rtc))
		return RTC_NEVER;
	period = periodic_clocks(rtc);
	if (want & B_PIE && period)
		next = clock_to_ns((to_clock(t) / period + 1) * period);
	if (want & B_UIE && running(rtc)) {
		at = (t / NSEC + 1) * NSEC;
		next = at < next ? at : next;
	}
	if (want & B_AIE && running(rtc)) {
		at = next_alarm(rtc, t / NSEC);
		if (at != RTC_NEVER && at * NSEC < next)
			next = at * NSEC;
	}
	return next == RTC_NEVER ? next : next - rtc->offset;
}

/**
 * rtc_read() - the guest reads port 70h or 71h
 * @rtc: the clock
 * @port: the port
 * @wall: time of day
 *
 * Return: the byte.
 */
u8 rtc_read(struct rtc *rtc, u16 port, u64 wall)
{
	u64 t = guest_time(rtc, wall);
	u8 val;

	if (port == RTC_INDEX)
		return 0xff;	/* write only */

	catch_up(rtc, t);
	switch (rtc->index) {
	case R_A:
		val = rtc->ram[R_A];
		if (running(rtc) && t % NSEC >= NSEC - UIP_NS)
			val |= A_UIP;
		return val;
	case R_C:
		val = rtc->ram[R_C] | (irqf(rtc) ? C_IRQF : 0);
		rtc->ram[R_C] = 0;
		return val;
	default:
		if (running(rtc))
			time_to_ram(rtc, t);
		return rtc->ram[rtc->index];
	}
}

static bool is_time(u8 index)
{
	switch (index) {
	case R_SECONDS:
	case R_MINUTES:
	case R_HOURS:
	case R_WEEKDAY:
	case R_DAY:
	case R_MONTH:
	case R_YEAR:
	case R_CENTURY:
		return true;
	default:
		return false;
	}
}

/**
 * rtc_write() - the guest writes port 70h or 71h
 * @rtc: the clock
 * @port: the port
 * @val: the byte
 * @wall: time of day
 *
 * Bit 7 of port 70h masks NMI; there is no source of NMI to mask.
 */
void rtc_write(struct rtc *rtc, u16 port, u8 val, u64 wall)
{
	bool was;

	if (port == RTC_INDEX) {
		rtc->index = val & 0x7f;
		return;
	}

	catch_up(rtc, guest_time(rtc, wall));
	switch (rtc->index) {
	case R_A:
	case R_B:
		was = running(rtc);
		if (was)
			time_to_ram(rtc, guest_time(rtc, wall));
		if (rtc->index == R_A)
			rtc->ram[R_A] = val & ~A_UIP;
		else	/* SET clears UIE */
			rtc->ram[R_B] = val & B_SET ? val & ~B_UIE : val;
		if (!was && running(rtc))
			time_from_ram(rtc, wall);
		break;
	case R_C:
	case R_D:
		break;		/* read only */
	default:
		if (!is_time(rtc->index) || !running(rtc)) {
			rtc->ram[rtc->index] = val;
			break;
		}
		time_to_ram(rtc, guest_time(rtc, wall));
		rtc->ram[rtc->index] = val;
		time_from_ram(rtc, wall);
		break;
	}
}

/**
 * rtc_state() - save or restore
 * @rtc: the clock
 * @s: where to
 * @wall: time of day
 *
 * A clock with a battery goes on in between: the guest finds the host's time, with
 * what it had set it ahead, and the alarm that it missed.
 */
void rtc_state(struct rtc *rtc, struct state *s, u64 wall)
{
	struct rtc was = *rtc;
	u64 t;

	STATE(s, rtc->index);
	STATE(s, rtc->ram);
	STATE(s, rtc->offset);
	STATE(s, rtc->seen);
	state_sane(s, rtc->index < sizeof(rtc->ram) && !(rtc->ram[R_A] & A_UIP));
	if (s->bad) {
		*rtc = was;
		return;
	}
	if (!s->load)
		return;
	/* A guest may set the last second, and its clock goes on from there. */
	if (guest_time(rtc, wall) / NSEC > SECONDS_MAX)
		rtc->offset = SECONDS_MAX * (s64)NSEC - (s64)wall;
	t = guest_time(rtc, wall);
	if (rtc->seen > t)
		rtc->seen = t;		/* another host, whose clock is behind */
}
