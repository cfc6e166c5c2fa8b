// SPDX-License-Identifier: GPL-2.0
/*
 * Plays a tone in a guest, through the sound driver's OSS interface.
 *
 *   tone BITS CHANNELS RATE FREQUENCY MILLISECONDS
 *
 * Sets the volumes first, which a driver starts with at zero. Ends when all of it was
 * played.
 */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/soundcard.h>
#include <unistd.h>

static void set(int fd, unsigned long what, const char *name, int want)
{
	int val = want;

	if (ioctl(fd, what, &val) < 0 || val != want) {
		fprintf(stderr, "tone: %s: %d, not %d\n", name, val, want);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int bits, channels, rate, mixer, dsp, full = 100 | 100 << 8, i, k, n = 0;
	double frequency;
	long frames, f;
	uint8_t buf[4096];

	if (argc != 6)
		return 2;
	bits = atoi(argv[1]);
	channels = atoi(argv[2]);
	rate = atoi(argv[3]);
	frequency = atof(argv[4]);
	frames = (long)rate * atoi(argv[5]) / 1000;
	mixer = open("/dev/mixer", O_RDWR);
	dsp = open("/dev/dsp", O_WRONLY);
	if (mixer < 0 || dsp < 0) {
		perror("tone: /dev/mixer, /dev/dsp");
		return 1;
	}
	if (ioctl(mixer, SOUND_MIXER_WRITE_VOLUME, &full) < 0 ||
	    ioctl(mixer, SOUND_MIXER_WRITE_PCM, &full) < 0) {
		perror("tone: volume");
		return 1;
	}
	set(dsp, SNDCTL_DSP_SETFMT, "format", bits == 8 ? AFMT_U8 : AFMT_S16_LE);
	set(dsp, SNDCTL_DSP_CHANNELS, "channels", channels);
	set(dsp, SNDCTL_DSP_SPEED, "rate", rate);
	for (f = 0; f < frames; f++) {
		i = lrint(16000 * sin(2 * M_PI * frequency * f / rate));
		for (k = 0; k < channels; k++) {
			if (bits == 16)
				buf[n++] = i;
			buf[n++] = bits == 16 ? i >> 8 : (i >> 8) + 128;
		}
		if (n < (int)sizeof(buf) - 4 && f < frames - 1)
			continue;
		if (write(dsp, buf, n) != n) {
			perror("tone: write");
			return 1;
		}
		n = 0;
	}
	if (ioctl(dsp, SNDCTL_DSP_SYNC, 0) < 0) {
		perror("tone: sync");
		return 1;
	}
	return 0;
}
