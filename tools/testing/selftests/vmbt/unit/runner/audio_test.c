// SPDX-License-Identifier: GPL-2.0
/*
 * Where sound goes: the WAV file's header and samples at another rate, and SDL with
 * its driver that writes a file in the place of a sound card.
 */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio.h"
#include "check.h"

#define SECONDS	1

static struct audio a;
static u8 got[1 << 20];

/* A sine of 1 kHz on the left, silence on the right. */
static void tone(u32 rate)
{
	s16 frames[200][2] = { 0 };
	u32 i, n = 0;

	for (i = 0; i < rate * SECONDS; i++) {
		frames[n++][0] = lrint(20000 * sin(2 * M_PI * 1000 * i / rate));
		if (n == 200 || i + 1 == rate * SECONDS) {
			audio_play(&a, frames[0], n, rate);
			n = 0;
		}
	}
}

static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got));

	close(fd);
	unlink(path);
	return n;
}

static u32 le(const u8 *p, unsigned int n)
{
	u32 val = 0;

	while (n--)
		val = val << 8 | p[n];
	return val;
}

/* Is it that sine? Counts where it goes up through zero, and how far it goes. */
static void expect_tone(const u8 *p, u32 frames, u32 lowest)
{
	u32 i, ups = 0;
	s16 was = 0, is, top = 0;

	for (i = 0; i < frames; i++, p += 4) {
		is = le(p, 2);
		ups += was < 0 && is >= 0;
		was = is;
		top = is > top ? is : top;
		EXPECT_EQ(le(p + 2, 2), 0);
	}
	EXPECT(ups >= lowest && ups <= 1000 * SECONDS);
	EXPECT(top > 19000 && top <= 20000);
}

static void wav_at(u32 rate)
{
	char path[] = "/tmp/audio.XXXXXX";
	struct audiodev dev = { .kind = AUDIO_WAV, .path = path };
	ssize_t n;

	close(mkstemp(path));
	audio_open(&a, &dev);
	tone(rate);
	audio_close(&a);
	n = slurp(path);
	EXPECT(!memcmp(got, "RIFF", 4) && !memcmp(got + 8, "WAVEfmt ", 8));
	EXPECT_EQ(le(got + 4, 4), n - 8);
	EXPECT_EQ(le(got + 16, 4), 16);
	EXPECT_EQ(le(got + 20, 4), 0x00020001);		/* PCM, two channels */
	EXPECT_EQ(le(got + 24, 4), 44100);
	EXPECT_EQ(le(got + 28, 4), 44100 * 4);
	EXPECT_EQ(le(got + 32, 4), 0x00100004);
	EXPECT(!memcmp(got + 36, "data", 4));
	EXPECT_EQ(le(got + 40, 4), n - 44);
	EXPECT(n >= 44 + 44098 * 4 * SECONDS && n <= 44 + 44102 * 4 * SECONDS);
	expect_tone(got + 44, (n - 44) / 4, 999 * SECONDS);
}

static void wav_same_rate(void)
{
	wav_at(44100);
}

static void wav_slower(void)
{
	wav_at(11025);
}

static void wav_odd(void)
{
	wav_at(22222);
}

static void wav_faster(void)
{
	wav_at(48000);
}

static void sdl(void)
{
	char path[] = "/tmp/audio.XXXXXX";
	struct audiodev dev = { .kind = AUDIO_SDL };
	ssize_t n;

	close(mkstemp(path));
	setenv("SDL_AUDIODRIVER", "disk", 1);
	setenv("SDL_DISKAUDIOFILE", path, 1);
	audio_open(&a, &dev);
	/* The queue has room for less than half a second; the rest is dropped. */
	tone(22050);
	audio_close(&a);
	n = slurp(path);
	EXPECT(n >= 44100 * 4 * 35 / 100);
	expect_tone(got, n / 4, 350);
}

int main(void)
{
	CASE(wav_same_rate);
	CASE(wav_slower);
	CASE(wav_odd);
	CASE(wav_faster);
	CASE(sdl);
	return check_failed != 0;
}
