// SPDX-License-Identifier: GPL-2.0
/*
 * The Sound Blaster 16 by port I/O against Creative's "Hardware Programming Guide":
 * reset, commands and their data, single and auto-initialized DMA of 8 and 16 bits
 * with its interrupts, the mixer, the FM chip's timers and the MIDI port. The DMA
 * controller is the real one.
 */
#include "check.h"

#include "dma.h"
#include "sb16.h"

#define MS	1000000ULL
#define BUF	0x20000

static struct sb16 sb;
static struct dma dma;
static u8 ram[0x40000];
static s16 played[200000][2];
static u32 nplayed, last_rate;
static u16 lines;
static u64 now;

static void set_irq(void *arg, unsigned int irq, bool level)
{
	(void)arg;
	lines = level ? lines | BIT(irq) : lines & ~BIT(irq);
}

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	(void)arg;
	if (gpa >= sizeof(ram) || len > sizeof(ram) - gpa)
		return false;
	if (write)
		memcpy(ram + gpa, buf, len);
	else
		memcpy(buf, ram + gpa, len);
	return true;
}

static u32 move(void *arg, unsigned int channel, u8 *buf, u32 len, bool to_memory)
{
	bool tc;

	(void)arg;
	return dma_run(&dma, channel, buf, len, to_memory, &tc);
}

static void play(void *arg, const s16 *frames, u32 count, u32 rate)
{
	(void)arg;
	last_rate = rate;
	for (; count && nplayed < 200000; count--, frames += 2)
		memcpy(played[nplayed++], frames, 4);
}

static u8 in(unsigned int reg)
{
	return sb16_read(&sb, reg, now);
}

static void out(unsigned int reg, u8 val)
{
	sb16_write(&sb, reg, val, now);
}

static void mix(u8 index, u8 val)
{
	out(4, index);
	out(5, val);
}

static u8 mixed(u8 index)
{
	out(4, index);
	return in(5);
}

static void command(const void *bytes, unsigned int n)
{
	const u8 *p = bytes;

	while (n--) {
		EXPECT(!(in(0xc) & 0x80));
		out(0xc, *p++);
	}
}

#define COMMAND(s)	command(s, sizeof(s) - 1)

static u8 get(void)
{
	EXPECT(in(0xe) & 0x80);
	return in(0xa);
}

static void start(void)
{
	unsigned int i;

	memset(&sb, 0, sizeof(sb));
	dma = (struct dma){ .memory = memory };
	dma_reset(&dma);
	sb.irq = 5;
	sb.dma8 = 1;
	sb.dma16 = 5;
	sb.set_irq = set_irq;
	sb.dma = move;
	sb.play = play;
	lines = 0;
	now = 1000 * MS;
	nplayed = 0;
	sb16_reset(&sb);
	for (i = 0; i < sizeof(ram); i++)
		ram[i] = i * 7;
	mix(0x30, 0xf8);			/* full volume: samples come out as they are */
	mix(0x31, 0xf8);
	mix(0x32, 0xf8);
	mix(0x33, 0xf8);
}

/* Channel 1, or 5 with addresses of words; read from memory or write to it. */
static void program(unsigned int channel, u32 addr, u32 len, bool again, bool to_memory)
{
	bool wide = channel >= 4;
	u16 base = wide ? 0xc0 : 0, step = wide ? 2 : 1;
	u32 at = wide ? addr >> 1 : addr, count = (wide ? len / 2 : len) - 1;
	u16 reg = base + (channel & 3) * 2 * step;

	dma_write(&dma, base + 0xc * step, 0);
	dma_write(&dma, base + 0xb * step, (to_memory ? 0x44 : 0x48) | (again ? 0x10 : 0) |
		  (channel & 3));
	dma_write(&dma, reg, at);
	dma_write(&dma, reg, at >> 8);
	dma_write(&dma, reg + step, count);
	dma_write(&dma, reg + step, count >> 8);
	dma_write(&dma, channel == 1 ? 0x83 : 0x8b, addr >> 16);
	dma_write(&dma, base + 0xa * step, channel & 3);
}

static u16 count_of(unsigned int channel)
{
	u16 reg = channel < 4 ? channel * 2 + 1 : 0xc0 + (channel & 3) * 4 + 2;
	u8 low;

	dma_write(&dma, channel < 4 ? 0xc : 0xd8, 0);
	low = dma_read(&dma, reg);
	return low | dma_read(&dma, reg) << 8;
}

/* Time goes on as it does in a machine: from one due time to the next. */
static void pass(u64 ns)
{
	u64 end = now + ns, next;

	while ((next = sb16_next(&sb)) <= end) {
		now = next > now ? next : now + 1;
		sb16_run(&sb, now);
	}
	now = end;
	sb16_run(&sb, now);
}

static void reset(void)
{
	start();
	EXPECT(!(in(0xe) & 0x80));
	out(6, 1);
	EXPECT(in(0xc) & 0x80);
	out(6, 0);
	EXPECT_EQ(get(), 0xaa);
	EXPECT(!(in(0xe) & 0x80));
	EXPECT_EQ(in(0xa), 0xaa);		/* the last byte stays */
	COMMAND("\xe1");
	EXPECT_EQ(get(), 4);
	EXPECT_EQ(get(), 5);
	COMMAND("\xe0\x5a");
	EXPECT_EQ(get(), 0xa5);
	COMMAND("\xe4\x77\xe8");
	EXPECT_EQ(get(), 0x77);
	COMMAND("\xd1\xd8");
	EXPECT_EQ(get(), 0xff);
	COMMAND("\xd3\xd8");
	EXPECT_EQ(get(), 0x00);
	COMMAND("\xe3");
	EXPECT_EQ(get(), 'C');
	out(6, 1);				/* what was left is gone */
	out(6, 0);
	EXPECT_EQ(get(), 0xaa);
	EXPECT(!(in(0xe) & 0x80));
}

static void interrupts(void)
{
	start();
	COMMAND("\xf2");
	EXPECT_EQ(lines, BIT(5));
	EXPECT_EQ(mixed(0x82), 1);
	in(0xe);
	EXPECT_EQ(lines, 0);
	COMMAND("\xf3");
	EXPECT_EQ(mixed(0x82), 2);
	in(0xe);
	EXPECT_EQ(lines, BIT(5));		/* that was the other's */
	in(0xf);
	EXPECT_EQ(lines, 0);
	EXPECT_EQ(mixed(0x80), 0xf2);
	mix(0x80, 0x08);
	COMMAND("\xf2");
	EXPECT_EQ(lines, BIT(10));
	mix(0x80, 0x04);
	EXPECT_EQ(lines, BIT(7));
	mix(0x80, 0x00);
	EXPECT_EQ(lines, 0);
	EXPECT_EQ(mixed(0x81), 0x22);
}

/* 8-bit mono, once: 1000 samples at 10 kHz are a tenth of a second. */
static void single_8(void)
{
	u32 i;

	start();
	program(1, BUF, 1000, false, false);
	COMMAND("\x40\x9c\x14\xe7\x03");	/* 1000000 / 100; 999 + 1 */
	pass(50 * MS);
	EXPECT(nplayed >= 499 && nplayed <= 500);
	EXPECT_EQ(last_rate, 10000);
	EXPECT_EQ(lines, 0);
	EXPECT_EQ(count_of(1), 999 - nplayed);
	pass(49 * MS);
	EXPECT_EQ(lines, 0);
	pass(2 * MS);
	EXPECT_EQ(lines, BIT(5));
	EXPECT_EQ(nplayed, 1000);
	EXPECT_EQ(sb16_next(&sb), SB_NEVER);
	for (i = 0; i < 1000; i++) {
		EXPECT_EQ((u16)played[i][0], (u16)((ram[BUF + i] - 128) * 256));
		EXPECT_EQ((u16)played[i][1], (u16)played[i][0]);
	}
	pass(1000 * MS);
	EXPECT_EQ(nplayed, 1000);
}

/* 16-bit signed stereo over and over: a buffer of four blocks of 1102 frames at 44.1 kHz. */
static void auto_16(void)
{
	u32 i, irqs = 0;

	start();
	program(5, BUF, 4 * 1102 * 4, true, false);
	COMMAND("\x41\xac\x44\xb6\x30\x9b\x08");	/* 2204 samples a block, less one */
	for (i = 0; i < 300; i++) {
		pass(1 * MS);
		if (!(lines & BIT(5)))
			continue;
		EXPECT_EQ(mixed(0x82), 2);
		in(0xf);
		irqs++;
	}
	EXPECT_EQ(irqs, 12);				/* 300 ms of 25 ms each */
	EXPECT_EQ(last_rate, 44100);
	EXPECT(nplayed >= 13220 && nplayed <= 13230);
	for (i = 0; i < nplayed; i++)
		EXPECT(!memcmp(played[i], ram + BUF + i % (4 * 1102) * 4, 4));
	/* It stops at the end of the block that is under way. */
	COMMAND("\xd9");
	pass(100 * MS);
	EXPECT_EQ(nplayed, 13 * 1102);
	EXPECT_EQ(lines, BIT(5));
	EXPECT_EQ(sb16_next(&sb), SB_NEVER);
}

static void auto_old(void)
{
	start();
	program(1, BUF, 512, true, false);
	COMMAND("\x40\xd3\x48\xff\x00\x1c");		/* 22222 Hz, blocks of 256 */
	pass(12 * MS);
	EXPECT_EQ(last_rate, 22222);
	EXPECT_EQ(lines, BIT(5));
	in(0xe);
	COMMAND("\xd0");
	pass(100 * MS);
	EXPECT(nplayed < 270);
	EXPECT_EQ(lines, 0);
	COMMAND("\xd4");
	pass(12 * MS);
	EXPECT_EQ(lines, BIT(5));
	in(0xe);
	COMMAND("\xda");
	pass(100 * MS);
	EXPECT_EQ(nplayed, 3 * 256);
}

/* What comes out of compressed bytes; @bytes includes the reference. */
static void compressed(const char *begin, unsigned int len, const char *bytes, u32 count,
		       const u8 *want, u32 samples)
{
	u32 i;

	start();
	memcpy(ram + BUF, bytes, count);
	program(1, BUF, count, false, false);
	command(begin, len);
	pass(100 * MS);
	EXPECT_EQ(lines, BIT(5));
	EXPECT_EQ(nplayed, samples);
	EXPECT_EQ(last_rate, 10000);
	for (i = 0; i < samples; i++)
		if ((u16)played[i][0] != (u16)((want[i] - 128) * 256) ||
		    played[i][0] != played[i][1])
			check_fail("sample %u is %d, not %d", i, played[i][0] / 256 + 128,
				   want[i]);
}

/*
 * Worked out by hand. A difference of s steps at scale a is s * a + a / 2; the scale is 1
 * behind the reference, halves behind no steps and doubles behind five and more of 4 bits
 * (up to 8), three of 3 bits (16), one of 2 bits (32). The reference lasts a byte's time.
 */
static void adpcm(void)
{
	/* 4 bits: +3 -7 +5 -0 +7 +7 +7 +7 -7 -7 -7 -7 -7 +0 +4 +4 */
	compressed("\x40\x9c\x75\x08\x00", 5, "\x80\x3f\x58\x77\x77\xff\xff\xf0\x44", 9,
		   (u8 []){ 128, 128, 131, 124, 135, 133, 148, 178, 238, 255, 195, 135, 75, 15, 0,
			    4, 22, 40 }, 18);
	/* 3, 3 and 2 bits: +3 -3 -1, +0 -0 +1, +0 +0 +0, +3 +3 +1 three times */
	compressed("\x40\x9c\x77\x06\x00", 5, "\x40\x7f\x11\x00\x6d\x6d\x6d", 7,
		   (u8 []){ 64, 64, 64, 67, 60, 54, 56, 55, 56, 56, 56, 56, 59, 66, 72, 86, 114,
			    138, 194, 250, 255 }, 21);
	/* 2 bits: +1 +1 -1 +0, -0 -0 +0 +1, +1 eight times */
	compressed("\x40\x9c\x17\x04\x00", 5, "\x80\x5c\xa1\x55\x55", 5,
		   (u8 []){ 128, 128, 128, 128, 129, 132, 126, 130, 128, 127, 127, 128, 131, 137,
			    149, 173, 221, 255, 255, 255 }, 20);
	/* Without a reference it goes on from where it was: after a reset from silence. */
	compressed("\x40\x9c\x74\x01\x00", 5, "\x3f\x58", 2, (u8 []){ 131, 124, 135, 133 }, 4);
	memcpy(ram + BUF, "\x10", 1);
	program(1, BUF, 1, false, false);
	COMMAND("\x74\x00\x00");			/* scale 2: +1 is 3, +0 is 1 */
	pass(10 * MS);
	EXPECT_EQ(nplayed, 6);
	EXPECT_EQ(played[4][0] / 256, 133 + 3 - 128);
	EXPECT_EQ(played[5][0] / 256, 133 + 4 - 128);
}

/* 500 bytes of two samples each at 10 kHz are a tenth of a second; blocks again and again. */
static void adpcm_time(void)
{
	start();
	program(1, BUF, 500, false, false);
	COMMAND("\x40\x9c\x75\xf3\x01");
	pass(99 * MS);
	EXPECT_EQ(lines, 0);
	pass(2 * MS);
	EXPECT_EQ(lines, BIT(5));
	EXPECT_EQ(nplayed, 1000);
	EXPECT_EQ(sb16_next(&sb), SB_NEVER);

	start();
	memset(ram + BUF, 0, 200);		/* the only reference, and no steps */
	program(1, BUF, 200, true, false);
	COMMAND("\x40\x9c\x48\x63\x00\x7f");	/* 100 bytes of three: 30 ms */
	pass(31 * MS);
	EXPECT_EQ(lines, BIT(5));
	in(0xe);
	EXPECT_EQ(lines, 0);
	pass(60 * MS);
	EXPECT_EQ(lines, BIT(5));
	COMMAND("\xda");
	pass(100 * MS);
	EXPECT_EQ(nplayed, 4 * 300);
	EXPECT_EQ((u16)played[4 * 300 - 1][0], 0x8000);
}

/*
 * E2h: a sum, AAh at first, grows by the exclusive or of the challenge and a key, 96h at
 * first, that is rotated by two each time; it is written to memory by DMA.
 */
static void identification(void)
{
	static const u8 pairs[][2] = { { 0x00, 0x40 }, { 0x55, 0x30 }, { 0xff, 0xc6 } };
	u32 i;

	start();
	for (i = 0; i < 3; i++) {
		program(1, BUF, 1, false, true);
		ram[BUF] = 0x11;
		command((u8 []){ 0xe2, pairs[i][0] }, 2);
		EXPECT_EQ(ram[BUF], pairs[i][1]);
		EXPECT_EQ(lines, 0);
	}
	/* A reset begins anew, and a channel that is not ready yet is waited for. */
	out(6, 1);
	out(6, 0);
	dma_write(&dma, 0xa, 0x05);
	command((u8 []){ 0xe2, 0x00 }, 2);
	pass(50 * MS);
	EXPECT_EQ(ram[BUF], 0xc6);
	program(1, BUF, 1, false, true);
	pass(20 * MS);
	EXPECT_EQ(ram[BUF], 0x40);
	EXPECT_EQ(sb16_next(&sb), SB_NEVER);
}

/* In the middle of compressed samples, and of an identification that waits. */
static void adpcm_state(void)
{
	static u8 kept[4096];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	memcpy(ram + BUF, "\x80\x3f\x58\x77", 4);
	program(1, BUF, 4, false, false);
	COMMAND("\x40\x9c\x75\x03\x00");
	pass(450000);				/* two bytes of four */
	EXPECT_EQ(nplayed, 4);
	sb16_state(&sb, &s, now);
	EXPECT(!s.bad);
	sb16_reset(&sb);
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	sb16_state(&sb, &s, now);
	EXPECT(!s.bad);
	pass(10 * MS);
	EXPECT_EQ(nplayed, 8);
	EXPECT_EQ(played[4][0] / 256, 135 - 128);
	EXPECT_EQ(played[7][0] / 256, 178 - 128);
	COMMAND("\xe2\x00");			/* the channel has come to its end */
	s = (struct state){ .data = kept, .size = sizeof(kept) };
	sb16_state(&sb, &s, now);
	sb16_reset(&sb);
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	sb16_state(&sb, &s, now);
	EXPECT(!s.bad);
	program(1, BUF, 1, false, true);
	pass(20 * MS);
	EXPECT_EQ(ram[BUF], 0x40);
}

static void record(void)
{
	u32 i;

	start();
	program(1, BUF, 400, false, true);
	COMMAND("\x42\x1f\x40\xc8\x00\x8f\x01");	/* 8 kHz */
	pass(60 * MS);
	EXPECT_EQ(lines, BIT(5));
	for (i = 0; i < 400; i++)
		EXPECT_EQ(ram[BUF + i], 0x80);
	EXPECT_EQ(ram[BUF + 400], (u8)((BUF + 400) * 7));
	EXPECT_EQ(nplayed, 0);
}

static void no_dma(void)
{
	start();
	COMMAND("\x14\xff\x00");			/* nobody unmasked the channel */
	pass(500 * MS);
	EXPECT_EQ(nplayed, 0);
	EXPECT_EQ(lines, 0);
	program(1, BUF, 256, false, false);
	pass(50 * MS);
	EXPECT_EQ(nplayed, 256);
	in(0xe);
	COMMAND("\x80\xff\x00");			/* silence takes its time */
	pass(11 * MS);
	EXPECT_EQ(lines, 0);
	pass(2 * MS);
	EXPECT_EQ(lines, BIT(5));
	EXPECT_EQ(nplayed, 256);
	/* Without a channel of their own, 16-bit samples use the other. */
	start();
	mix(0x81, 0x02);
	program(1, BUF, 64, false, false);
	COMMAND("\xb0\x10\x1f\x00");
	pass(10 * MS);
	EXPECT_EQ(nplayed, 32);
	EXPECT(!memcmp(played[3], ram + BUF + 6, 2));
}

static void direct(void)
{
	u32 i;

	start();
	for (i = 0; i < 100; i++) {
		command(i & 1 ? "\x10\xc0" : "\x10\x40", 2);
		pass(125000);				/* 8 kHz */
	}
	EXPECT(nplayed > 240 && nplayed < 290);
	EXPECT(played[100][0] == 0x4000 || played[100][0] == -0x4000);
}

static void mixer(void)
{
	start();
	mix(0x00, 0);
	EXPECT_EQ(mixed(0x30), 0xc0);
	EXPECT_EQ(mixed(0x32), 0xc0);
	EXPECT_EQ(mixed(0x38), 0x00);
	EXPECT_EQ(mixed(0x3c), 0x1f);
	EXPECT_EQ(mixed(0x3d), 0x15);
	EXPECT_EQ(mixed(0x3e), 0x0b);
	EXPECT_EQ(mixed(0x44), 0x80);
	EXPECT_EQ(mixed(0x22), 0xcc);			/* as older cards show it */
	mix(0x22, 0x5a);
	EXPECT_EQ(mixed(0x30), 0x58);
	EXPECT_EQ(mixed(0x31), 0xa8);
	EXPECT_EQ(mixed(0x22), 0x5a);
	mix(0x04, 0xf0);
	EXPECT_EQ(mixed(0x32), 0xf8);
	/* 20 dB down on the left, nothing at all on the right. */
	start();
	mix(0x30, 0xf8 - 10 * 8);
	mix(0x33, 0x00);
	memset(ram + BUF, 0, 8);
	ram[BUF + 1] = 0x40;
	ram[BUF + 3] = 0x40;
	program(5, BUF, 8, false, false);
	COMMAND("\xb0\x30\x03\x00");
	pass(1 * MS);
	EXPECT(played[0][0] >= 1636 && played[0][0] <= 1639);	/* 16384 / 10 */
	EXPECT_EQ(played[0][1], 0);
}

/* Detection as each AdLib driver does it. */
static void fm(void)
{
	start();
	out(0, 4);
	out(1, 0x60);
	out(0, 4);
	out(1, 0x80);
	EXPECT_EQ(in(0), 0);
	out(0, 2);
	out(1, 0xff);
	out(0, 4);
	out(1, 0x21);
	now += 79000;
	EXPECT_EQ(in(8), 0);
	now += 2000;
	EXPECT_EQ(in(8), 0xc0);
	out(0, 4);
	out(1, 0x60);
	out(0, 4);
	out(1, 0x80);
	EXPECT_EQ(in(0), 0);
	out(8, 3);				/* the second one: two of 320 us */
	out(9, 0xfe);
	out(8, 4);
	out(9, 0x42);
	now += 639000;
	EXPECT_EQ(in(0), 0);
	now += 2000;
	EXPECT_EQ(in(0), 0xa0);
}

static void midi(void)
{
	start();
	EXPECT_EQ(sb16_mpu_read(&sb, 1) & 0xc0, 0x80);
	sb16_mpu_write(&sb, 1, 0xff);
	EXPECT_EQ(sb16_mpu_read(&sb, 1) & 0xc0, 0x00);
	EXPECT_EQ(sb16_mpu_read(&sb, 0), 0xfe);
	EXPECT_EQ(sb16_mpu_read(&sb, 1) & 0xc0, 0x80);
	sb16_mpu_write(&sb, 1, 0x3f);
	EXPECT_EQ(sb16_mpu_read(&sb, 0), 0xfe);
	sb16_mpu_write(&sb, 0, 0x90);
	EXPECT_EQ(sb16_mpu_read(&sb, 1) & 0xc0, 0x80);
}

static void state(void)
{
	static u8 kept[4096];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u32 before;

	start();
	program(5, BUF, 4408, true, false);
	COMMAND("\x41\x56\x22\xb6\x30\x9b\x08\xe1");	/* 22050 Hz: 50 ms a block */
	pass(20 * MS);
	mix(0x30, 0x80);
	COMMAND("\x41\x12");				/* and half a command */
	before = nplayed;
	sb16_state(&sb, &s, now);
	EXPECT(!s.bad);
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	sb16_reset(&sb);
	now += 5000 * MS;				/* the pause is none for the guest */
	sb16_state(&sb, &s, now);
	EXPECT(!s.bad && s.pos == s.size);
	EXPECT_EQ(mixed(0x30), 0x80);
	EXPECT_EQ(get(), 4);
	pass(29 * MS);
	EXPECT_EQ(lines, 0);
	pass(2 * MS);
	EXPECT_EQ(lines, BIT(5));
	EXPECT(nplayed - before >= 683 && nplayed - before <= 685);
	COMMAND("\x34");
	EXPECT_EQ(sb.rate_out, 0x1234);
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	sb16_state(&sb, &s, now);
	EXPECT(s.bad);
	EXPECT_EQ(sb16_next(&sb), SB_NEVER);
}

int main(void)
{
	CASE(reset);
	CASE(interrupts);
	CASE(single_8);
	CASE(auto_16);
	CASE(auto_old);
	CASE(adpcm);
	CASE(adpcm_time);
	CASE(identification);
	CASE(adpcm_state);
	CASE(record);
	CASE(no_dma);
	CASE(direct);
	CASE(mixer);
	CASE(fm);
	CASE(midi);
	CASE(state);
	return check_failed != 0;
}
