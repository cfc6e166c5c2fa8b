/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where sound goes on the host: its loudspeakers, a WAV file, or nowhere.
 */
#ifndef VMBT_RUN_AUDIO_H
#define VMBT_RUN_AUDIO_H

#include "options.h"
#include "types.h"

#define AUDIO_RATE	44100
#define AUDIO_FRAMES	4096

struct audiosdl;

/**
 * struct audio - the host's end of a sound card
 * @dev: what was asked for
 * @sdl: the module that plays
 * @fd: the file
 * @bytes: of samples in it
 * @full: it can't take more
 * @phase: where between @prev and the next frame the next one for the host is, in
 *	parts of AUDIO_RATE
 * @prev: the last frame that came
 * @out: frames for the host
 * @count: how many
 * @mixing: a second source sets the pace: what the first plays waits for it in @wait
 * @wait: frames
 * @waiting: how many
 */
struct audio {
	const struct audiodev *dev;
	const struct audiosdl *sdl;
	int fd;
	u32 bytes;
	bool full;
	u32 phase;
	s16 prev[2];
	s16 out[2 * AUDIO_FRAMES];
	u32 count;
	bool mixing;
	s16 wait[2 * AUDIO_FRAMES];
	u32 waiting;
};

void audio_open(struct audio *a, const struct audiodev *dev);
void audio_play(struct audio *a, const s16 *frames, u32 count, u32 rate);
void audio_mix_begin(struct audio *a);
void audio_mix(struct audio *a, const s16 *frames, u32 count);
void audio_mix_end(struct audio *a);
void audio_close(struct audio *a);

#endif
