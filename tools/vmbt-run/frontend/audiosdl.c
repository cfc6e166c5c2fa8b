// SPDX-License-Identifier: GPL-2.0
/*
 * Sound on the host's loudspeakers, by SDL 2.
 *
 * What the guest plays is queued; SDL's own thread takes it from there. A guest's clock
 * and that of the host's sound card differ: where the queue grows longer than it should,
 * what comes is dropped until it is short again.
 */
#include "audiosdl.h"

#include <SDL2/SDL.h>

#define FRAME		4
#define QUEUE_MS	400
#define SAMPLES		1024

static SDL_AudioDeviceID device;
static u32 queue_max;

static const char *sdl_open(u32 rate)
{
	SDL_AudioSpec want = { .freq = rate, .format = AUDIO_S16LSB, .channels = 2,
			       .samples = SAMPLES };

	if (SDL_InitSubSystem(SDL_INIT_AUDIO))
		return SDL_GetError();
	device = SDL_OpenAudioDevice(NULL, 0, &want, NULL, 0);
	if (!device)
		return SDL_GetError();
	queue_max = rate * FRAME / 1000 * QUEUE_MS;
	SDL_PauseAudioDevice(device, 0);
	return NULL;
}

static void sdl_play(const s16 *frames, u32 count)
{
	if (SDL_GetQueuedAudioSize(device) < queue_max)
		SDL_QueueAudio(device, frames, count * FRAME);
}

static void sdl_close(void)
{
	unsigned int i;

	for (i = 0; i < QUEUE_MS / 10 && SDL_GetQueuedAudioSize(device); i++)
		SDL_Delay(10);
	SDL_CloseAudioDevice(device);
	SDL_QuitSubSystem(SDL_INIT_AUDIO);
}

const struct audiosdl audiosdl = {
	.version = AUDIOSDL_VERSION, .open = sdl_open, .play = sdl_play, .close = sdl_close,
};
