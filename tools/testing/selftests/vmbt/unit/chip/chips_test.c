// SPDX-License-Identifier: GPL-2.0
/*
 * The chips in the VMM: ports, interrupt lines from outside, and the clock.
 *
 * plat.h is two functions here: the memory shared with the host, and a counter
 * that only the test moves. The counter runs at 2 GHz, so that the PIT's input
 * clock, 14318180 / 12 Hz, is not a multiple of anything.
 */
#include "check.h"
#include "chips.h"
#include "firmware.h"
#include "../../../../../../arch/x86/vmbt/vmm/plat.h"
#include "../../../../../../arch/x86/vmbt/vmm/vcpu.h"

#define KHZ	2000000ULL
#define NEVER	(~0ULL)
#define SLACK	(KHZ / 125)		/* 8 us */

static struct vmbt_shared shared = { .tsc_khz = KHZ, .chips = 1 };
static u64 tsc = 123456789;
static struct vmbt_mon mon;
static struct vcpu vcpu = { .shared = &shared, .guest = &shared.guest, .mon = &mon };

struct vmbt_shared *plat_shared(void)
{
	return &shared;
}

u64 plat_tsc(void)
{
	return tsc;
}

static void out(u16 port, u8 val)
{
	EXPECT(chips_pio(port, VMBT_IO_OUT, &val));
}

static u8 in(u16 port)
{
	u8 val = 0x5a;

	EXPECT(chips_pio(port, VMBT_IO_IN, &val));
	return val;
}

static void us(u64 n)
{
	tsc += n * (KHZ / 1000);
}

static void line(unsigned int irq, bool level)
{
	if (level && !(shared.irq_lines >> irq & 1))
		shared.irq_edges |= 1ULL << irq;
	shared.irq_lines = (shared.irq_lines & ~(1ULL << irq)) | (u64)level << irq;
}

/* As Linux initialises the controllers: vectors 30h and 38h, all masked. */
static void linux_pic(u8 mask)
{
	out(0x21, 0xff);
	out(0x20, 0x11);
	out(0x21, 0x30);
	out(0x21, 0x04);
	out(0x21, 0x01);
	out(0xa0, 0x11);
	out(0xa1, 0x38);
	out(0xa1, 0x02);
	out(0xa1, 0x01);
	out(0x21, mask);
	out(0xa1, 0x00);
	shared.irq_lines = 0;
	shared.irq_edges = 0;
	chips_service();
	chips_hurry();
}

/* The state of firmware: nothing but the cascade is open. */
static void firmware_state(void)
{
	EXPECT_EQ(in(0x21), 0xfb);
	EXPECT_EQ(in(0xa1), 0xff);
	us(200000);
	EXPECT(!chips_service());
	EXPECT(shared.clock_tsc > tsc);
	EXPECT(shared.clock_tsc < tsc + 55 * KHZ);
}

static void ports(void)
{
	static const u16 others[] = { 0x60, 0x64, 0x70, 0x71, 0x3f8, 0xcf8, 0x81, 0x22, 0x44 };
	unsigned int i;
	u8 val = 0;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT(!chips_pio(others[i], VMBT_IO_IN, &val));
	out(0x80, 0x77);
	EXPECT_EQ(in(0x80), 0x77);
	out(0x4d1, 0x0c);
	EXPECT_EQ(in(0x4d1), 0x0c);
	out(0x4d1, 0x00);
	out(0x61, 0x01);
	EXPECT_EQ(in(0x61) & 0x0f, 0x01);
}

static void lines_from_outside(void)
{
	linux_pic(0x00);
	line(4, true);
	EXPECT(chips_service());
	EXPECT_EQ(chips_ack(), 0x34);
	EXPECT(!chips_service());
	out(0x20, 0x64);
	/* still high: no second interrupt */
	EXPECT(!chips_service());
	/* low and high before anybody looked: an edge all the same */
	line(4, false);
	line(4, true);
	EXPECT(chips_service());
	EXPECT_EQ(chips_ack(), 0x34);
	out(0x20, 0x64);
	/* gone again before anybody looked: nothing */
	line(4, false);
	chips_service();
	line(4, true);
	line(4, false);
	EXPECT(!chips_service());
	EXPECT_EQ(shared.irq_edges, 0);
	/* the slave's */
	line(12, true);
	EXPECT(chips_service());
	EXPECT_EQ(chips_ack(), 0x3c);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	/* lines 0 and 2 are not to be driven from outside */
	line(0, true);
	line(2, true);
	EXPECT(!chips_service());
}

/* 100 Hz. The control word may have raised OUT, which is an interrupt as well. */
static void start_clock(void)
{
	linux_pic(0xfe);
	out(0x43, 0x34);
	if (chips_service()) {
		chips_ack();
		out(0x20, 0x60);
	}
	out(0x40, 0x9c);
	out(0x40, 0x2e);			/* 11932 */
}

/* 100 Hz for ten seconds: every tick at the time that was named, none lost. */
static void ticks(void)
{
	u64 start, n = 0;

	start_clock();
	/* Who would come by later by more than 8 us, or never, is told, and once. */
	shared.clock_armed = shared.clock_tsc + SLACK + 1;
	out(0x61, 0);
	EXPECT(chips_hurry());
	EXPECT(!chips_hurry());
	shared.clock_armed = NEVER;
	out(0x61, 0);
	EXPECT(chips_hurry());
	shared.clock_armed = shared.clock_tsc + SLACK;
	out(0x61, 0);
	EXPECT(!chips_hurry());
	start = tsc;
	while (tsc < start + 10000 * KHZ) {
		EXPECT(shared.clock_tsc > tsc);
		tsc = shared.clock_tsc - 2;
		EXPECT(!chips_service());
		tsc += 2;
		EXPECT(chips_service());
		EXPECT_EQ(chips_ack(), 0x30);
		out(0x20, 0x60);
		EXPECT(!chips_service());
		EXPECT(!chips_hurry());
		/* Should the host miss it, there is one 10 ms behind it. */
		EXPECT(!n || shared.clock_again >= shared.clock_tsc + 10 * KHZ);
		EXPECT(!n || shared.clock_again <= shared.clock_tsc + 10 * KHZ + SLACK);
		n++;
	}
	EXPECT(n >= 999 && n <= 1001);
}

/* 300 ms without a look: thirty ticks are owed, handed out one by one. */
static void late(void)
{
	unsigned int n = 0;

	start_clock();
	us(305000);
	while (chips_service()) {
		EXPECT_EQ(chips_ack(), 0x30);
		out(0x20, 0x60);
		if (++n > 100)
			break;
	}
	EXPECT(n == 30);
}

/* One-shot mode: nothing more after the one; a shorter time is urgent. */
static void one_shot(void)
{
	linux_pic(0xfe);
	out(0x43, 0x38);
	if (chips_service())
		chips_ack();
	EXPECT_EQ(shared.clock_tsc, NEVER);
	shared.clock_armed = NEVER;
	out(0x40, 0x00);
	out(0x40, 0xf0);
	EXPECT(chips_hurry());
	shared.clock_armed = shared.clock_tsc;
	out(0x40, 0x00);
	out(0x40, 0x10);			/* 4096: 3.4 ms */
	EXPECT(chips_hurry());
	shared.clock_armed = shared.clock_tsc;
	out(0x40, 0x00);
	out(0x40, 0x20);			/* later: the host will see */
	EXPECT(!chips_hurry());
	us(6800);
	EXPECT(!chips_service());
	us(100);
	EXPECT(chips_service());
	EXPECT_EQ(chips_ack(), 0x30);
	EXPECT_EQ(shared.clock_tsc, NEVER);
	us(1000000);
	out(0x20, 0x60);
	EXPECT(!chips_service());
	/* the last one is over: the host waits for nothing, so it must be told */
	shared.clock_armed = NEVER;
	out(0x40, 0x00);
	out(0x40, 0x10);
	EXPECT(chips_hurry());
}

/* The guest takes its tick and programs the next one, for @ns from now. */
static void program(u64 ns)
{
	u64 clocks = ns * PIT_CLOCKS / PIT_CLOCKS_NS;

	EXPECT_EQ(chips_ack(), 0x30);
	out(0x20, 0x60);
	out(0x40, clocks);
	out(0x40, clocks >> 8);
}

/*
 * Linux in high-resolution mode: a tick every 4 ms by its own clock, each programmed at
 * some moment behind the one before. The host knows the time before it is programmed.
 */
static void guesses(void)
{
	u64 boundary, at;
	unsigned int n;

	linux_pic(0xfe);
	out(0x43, 0x38);
	if (chips_service())
		chips_ack();
	out(0x20, 0x60);
	/* A state has been set: nothing was before. */
	shared.chip.interval = 0;
	shared.chip.last = 0;
	shared.clock_armed = NEVER;
	boundary = tsc + 4 * KHZ;
	out(0x40, 0xa4);
	out(0x40, 0x12);			/* 4772: 4 ms */
	EXPECT(chips_hurry());
	/* Nothing is known of what comes behind the first. */
	EXPECT_EQ(shared.clock_again, 0);
	for (n = 0; n < 1000; n++) {
		/* Late, as interrupts are: by up to 6 us, once by 1 ms. */
		tsc = shared.clock_tsc + n * 7919 % (6 * KHZ / 1000) + (n == 500) * KHZ;
		EXPECT(chips_service());
		EXPECT_EQ(shared.clock_tsc, NEVER);
		at = shared.clock_again;
		shared.clock_armed = n ? at : NEVER;
		us(3 + n % 11);
		boundary += 4 * KHZ;
		program((boundary - tsc) / 2);
		EXPECT_EQ(chips_hurry(), !n);
		/* 4,000 us from the last: in time, but not too early. */
		EXPECT(!n || shared.clock_tsc <= at);
		EXPECT(!n || shared.clock_tsc >= at - SLACK);
	}
	/* Another interval is programmed: shorter, which is urgent, and longer. */
	tsc = shared.clock_tsc;
	EXPECT(chips_service());
	shared.clock_armed = shared.clock_again;
	program(1000000);
	EXPECT(chips_hurry());
	tsc = shared.clock_tsc;
	EXPECT(chips_service());
	EXPECT(shared.clock_again - tsc < 2 * KHZ);
	shared.clock_armed = shared.clock_again;
	program(30000000);
	EXPECT(!chips_hurry());
	/* Time can go back to zero for a timer: a state that was set. */
	shared.clock_tsc = 0;
	chips_service();
	EXPECT(shared.clock_again > shared.clock_tsc || !shared.clock_again);
}

/* As translated code does it. */
static void post(u16 port, u8 val)
{
	mon.post[--mon.post_left] = port << 8 | val;
}

/* May the guest post? And does it learn that it may not any more? */
static bool may_post(void)
{
	bool had = mon.post_left, lost = chips_show(&vcpu);

	EXPECT_EQ(lost, had && !mon.post_left);
	EXPECT(!mon.post_left || mon.post_left == VMBT_MON_POSTS);
	return mon.post_left;
}

/* Only what can wait is waited for. */
static void posts_when(void)
{
	linux_pic(0x00);
	line(4, false);
	chips_service();
	EXPECT(may_post());
	/* An interrupt waits, then it is in service. */
	line(4, true);
	EXPECT(chips_service());
	EXPECT(!may_post());
	EXPECT_EQ(chips_ack(), 0x34);
	EXPECT(may_post());
	/* One waits, but is masked: at the master, and at the slave. */
	out(0x21, 0x08);
	line(3, true);
	EXPECT(!chips_service());
	EXPECT(!may_post());
	out(0x20, 0x64);
	out(0x21, 0x00);
	EXPECT_EQ(chips_ack(), 0x33);
	out(0x20, 0x63);
	EXPECT(may_post());
	out(0xa1, 0x10);
	line(12, true);
	EXPECT(!chips_service());
	EXPECT(!may_post());
	out(0xa1, 0x00);
	EXPECT_EQ(chips_ack(), 0x3c);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	EXPECT(may_post());
	/* The next read acknowledges; the next writes are no masks. */
	out(0x20, 0x0c);
	EXPECT(!may_post());
	in(0x20);
	EXPECT(may_post());
	out(0xa0, 0x0c);
	EXPECT(!may_post());
	in(0xa0);
	out(0xa0, 0x11);
	EXPECT(!may_post());
	linux_pic(0x00);
	EXPECT(may_post());
	out(0x20, 0x11);
	EXPECT(!may_post());
	linux_pic(0x00);
	/* Breakpoints may be on ports. */
	shared.guest.dr[7] = 1;
	EXPECT(!may_post());
	shared.guest.dr[7] = 0;
	EXPECT(may_post());
	shared.no_offers = VMBT_OFFER_POSTS;
	EXPECT(!may_post());
	shared.no_offers = 0;
	shared.chips = 0;
	EXPECT(!may_post());
	shared.chips = 1;
}

/* In order, each once, and as if they had been asked for. */
static void posts(void)
{
	u64 before;

	linux_pic(0x00);
	line(4, false);
	chips_service();
	line(4, true);
	EXPECT(chips_service());
	EXPECT_EQ(chips_ack(), 0x34);
	EXPECT(may_post());
	before = shared.stats.chip_io;
	post(0x21, 0x10);
	post(0x20, 0x64);
	post(0xa1, 0x55);
	post(0xa1, 0x66);
	chips_posted(&vcpu);
	EXPECT_EQ(shared.stats.chip_io, before + 4);
	EXPECT_EQ(mon.post_left, VMBT_MON_POSTS);
	EXPECT_EQ(in(0x21), 0x10);
	EXPECT_EQ(in(0xa1), 0x66);
	out(0x20, 0x0b);
	EXPECT_EQ(in(0x20), 0);
	/* Two are counted, the third is only there yet. */
	post(0x21, 0x01);
	post(0x21, 0x02);
	mon.post[mon.post_left - 1] = 0x2103;
	chips_posted(&vcpu);
	EXPECT_EQ(in(0x21), 0x02);
	/* Meanwhile the VMM was asked; and then the guest went on there. */
	out(0x21, 0x04);
	before = shared.stats.chip_io;
	mon.post_left = VMBT_MON_POSTS - 3;
	chips_posted(&vcpu);
	EXPECT_EQ(in(0x21), 0x03);
	EXPECT_EQ(shared.stats.chip_io, before + 1);
}

/* Nobody posts what is not a controller's, nor more than there is room for. */
static void posts_forged(void)
{
	u64 before;
	u32 i;

	linux_pic(0x00);
	EXPECT(may_post());
	before = shared.stats.chip_io;
	mon.post_left = ~0U;
	chips_posted(&vcpu);
	for (i = 0; i < VMBT_MON_POSTS; i++)
		mon.post[i] = (0x40 + i) << 8 | 0x34;
	mon.post_left = 0;
	chips_posted(&vcpu);
	EXPECT_EQ(shared.stats.chip_io, before);
	for (i = 0; i < VMBT_MON_POSTS; i++)
		EXPECT_EQ(mon.post[i], 0);
	shared.chips = 0;
	post(0x21, 0x77);
	chips_posted(&vcpu);
	shared.chips = 1;
	EXPECT_EQ(in(0x21), 0x00);
}

/* The count that a guest reads follows the counter. */
static void count(void)
{
	unsigned int a, b;

	out(0x43, 0x34);
	out(0x40, 0xff);
	out(0x40, 0xff);
	us(10);
	out(0x43, 0x00);
	a = in(0x40);
	a |= in(0x40) << 8;
	us(10000);
	out(0x43, 0x00);
	b = in(0x40);
	b |= in(0x40) << 8;
	EXPECT(a - b >= 11931 && a - b <= 11933);
}

int main(void)
{
	/* The host's part: see drivers/vmbt/chipstate.c. */
	chip_firmware(&shared.chip.pic, &shared.chip.pit, vmbt_chips_ns(tsc, KHZ));
	CASE(firmware_state);
	CASE(ports);
	CASE(lines_from_outside);
	CASE(ticks);
	CASE(late);
	CASE(one_shot);
	CASE(guesses);
	CASE(posts_when);
	CASE(posts);
	CASE(posts_forged);
	CASE(count);
	return check_failed != 0;
}
