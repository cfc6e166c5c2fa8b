// SPDX-License-Identifier: GPL-2.0
/*
 * The FM synthesizer, from the card's ports to the WAV file: a key that is pressed gives
 * the tone that the YMF262's data sheet calculates, F-number * 49716 Hz / 2^(20 - block),
 * as loud as the mixer says, for as long as the key is down; two sources are mixed.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fm.h"

#define SECOND		1000000000ULL
#define TICK		(SECOND / 100)
#define CHIP_RATE	49716.0

static struct sb16 card;
static struct audio a;
static struct fm fm;
static u64 now;
static s16 got[8 * AUDIO_RATE];

static void written(void *arg, u16 reg, u8 val, u64 when)
{
	(void)arg;
	fm_write(&fm, reg, val, when);
}

static void reg(u16 n, u8 val)
{
	opl3_write(&card.opl, n >> 8 ? 2 : 0, n, now);
	opl3_write(&card.opl, n >> 8 ? 3 : 1, val, now);
}

static char path[32];

static void begin(void)
{
	static struct audiodev dev = { .kind = AUDIO_WAV, .path = path };
	unsigned int i;

	snprintf(path, sizeof(path), "/tmp/fm.XXXXXX");
	close(mkstemp(path));
	now = 77 * SECOND + 12345;
	audio_open(&a, &dev);
	card.opl.written = written;
	opl3_reset(&card.opl);
	fm_open(&fm, &card, &a);
	for (i = 0x30; i < 0x36; i++)
		card.mixer[i] = 0xf8;
}

static void run(u64 ns)
{
	for (; ns >= TICK; ns -= TICK) {
		now += TICK;
		fm_run(&fm, now);
	}
}

/* Frames in the file. */
static u32 end(void)
{
	u8 header[44];
	ssize_t n;
	int fd;

	audio_close(&a);
	fd = open(path, O_RDONLY);
	EXPECT(read(fd, header, sizeof(header)) == sizeof(header));
	n = read(fd, got, sizeof(got));
	close(fd);
	unlink(path);
	return n < 0 ? 0 : n / 4;
}

/* Where the left channel goes up through zero, and the highest sample. */
static u32 ups(u32 from, u32 count, int *top)
{
	u32 i, n = 0;

	*top = 0;
	for (i = from + 1; i < from + count; i++) {
		n += got[2 * i - 2] < 0 && got[2 * i] >= 0;
		if (got[2 * i] > *top)
			*top = got[2 * i];
	}
	return n;
}

/* Channel 0: a sine that starts and ends at once, without a modulator. */
static void sine(void)
{
	reg(0x20, 0x21);
	reg(0x40, 0x3f);
	reg(0x60, 0xf0);
	reg(0x80, 0x0f);
	reg(0x23, 0x21);
	reg(0x43, 0x00);
	reg(0x63, 0xf0);
	reg(0x83, 0x0f);
	reg(0xc0, 0x31);
}

static void key(unsigned int f_number, unsigned int block, bool on)
{
	reg(0xa0, f_number);
	reg(0xb0, (on ? 0x20 : 0) | block << 2 | f_number >> 8);
}

static void tones(void)
{
	static const struct { unsigned int f_number, block; } note[] = {
		{ 580, 4 }, { 345, 5 }, { 800, 2 }, { 1023, 6 },
	};
	unsigned int i;
	u32 frames, n;
	double want;
	int top;

	for (i = 0; i < ARRAY_SIZE(note); i++) {
		begin();
		sine();
		key(note[i].f_number, note[i].block, true);
		run(2 * SECOND);
		frames = end();
		want = note[i].f_number * CHIP_RATE / (1 << (20 - note[i].block));
		EXPECT(frames >= 2 * AUDIO_RATE - 1 && frames <= 2 * AUDIO_RATE);
		n = ups(AUDIO_RATE / 2, AUDIO_RATE, &top);
		EXPECT(n > want - 1.5 && n < want + 1.5);
		EXPECT(top > 2000);
	}
}

static void length(void)
{
	u32 frames;
	int top;

	begin();
	sine();
	run(SECOND);
	EXPECT(fm.since == FM_OFF);	/* nothing to hear yet */
	key(580, 4, true);
	run(SECOND);
	key(580, 4, false);
	run(5 * SECOND);
	EXPECT(fm.since == FM_OFF);
	frames = end();
	EXPECT(frames > 2 * AUDIO_RATE - 100 && frames < 2 * AUDIO_RATE + AUDIO_RATE / 10);
	ups(AUDIO_RATE / 10, AUDIO_RATE / 2, &top);
	EXPECT(top > 2000);
	ups(AUDIO_RATE + AUDIO_RATE / 10, AUDIO_RATE / 2, &top);
	EXPECT(top == 0);
}

static void volume(void)
{
	int loud, quiet;

	begin();
	sine();
	key(580, 4, true);
	run(SECOND);
	end();
	ups(AUDIO_RATE / 2, AUDIO_RATE / 4, &loud);
	begin();
	card.mixer[0x34] = 0xf8 - (10 << 3);	/* 20 dB less */
	sine();
	key(580, 4, true);
	run(SECOND);
	end();
	ups(AUDIO_RATE / 2, AUDIO_RATE / 4, &quiet);
	EXPECT(loud > 9 * quiet && loud < 11 * quiet);
}

/* What the card plays by DMA meanwhile is in the same file at the same time. */
static void mixed(void)
{
	static s16 high[2 * 441];
	unsigned int i;
	int top, low = 32767;
	u32 frames;

	for (i = 0; i < ARRAY_SIZE(high) / 2; i++)
		high[2 * i] = 3000;
	begin();
	sine();
	key(580, 4, true);
	for (i = 0; i < 100; i++) {
		audio_play(&a, high, 441, AUDIO_RATE);
		run(TICK);
	}
	frames = end();
	EXPECT(frames >= AUDIO_RATE - 1 && frames <= AUDIO_RATE + 1);
	ups(AUDIO_RATE / 4, AUDIO_RATE / 2, &top);
	for (i = AUDIO_RATE / 4; i < 3 * AUDIO_RATE / 4; i++)
		if (got[2 * i] < low)
			low = got[2 * i];
	/* Both swings of the sine are moved by the same. */
	EXPECT((top + low) / 2 > 2900 && (top + low) / 2 < 3100);
	EXPECT(top - low > 4000);
}

int main(void)
{
	CASE(tones);
	CASE(length);
	CASE(volume);
	CASE(mixed);
	return check_failed != 0;
}
