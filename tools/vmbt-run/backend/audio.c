// SPDX-License-Identifier: GPL-2.0
/*
 * Where sound goes on the host: its loudspeakers, a WAV file, or nowhere.
 *
 * A card hands over frames, two samples each, at the rate its guest chose; the host
 * gets one rate, by linear interpolation. A file has what was played, one behind the
 * other, without the pauses. Its header is right whenever something was written. A module
 * plays on the host's loudspeakers (frontend/audiosdl.c).
 */
#include "audio.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audiosdl.h"
#include "module.h"
#include "util.h"

#define HEADER		44
#define BYTES_MAX	0xffff0000

static void put(u8 *p, u32 val, unsigned int n)
{
	for (; n; n--, val >>= 8)
		*p++ = val;
}

static bool write_header(const struct audio *a)
{
	u8 h[HEADER] = "RIFF    WAVEfmt ";

	put(h + 4, HEADER - 8 + a->bytes, 4);
	put(h + 16, 16, 4);
	put(h + 20, 1, 2);			/* PCM */
	put(h + 22, 2, 2);
	put(h + 24, AUDIO_RATE, 4);
	put(h + 28, AUDIO_RATE * 4, 4);
	put(h + 32, 4, 2);
	put(h + 34, 16, 2);
	memcpy(h + 36, "data", 4);
	put(h + 40, a->bytes, 4);
	return !lseek(a->fd, 0, SEEK_SET) && write(a->fd, h, HEADER) == HEADER;
}

static void flush(struct audio *a)
{
	u32 len = a->count * 4;

	a->count = 0;
	if (a->sdl && len)
		a->sdl->play(a->out, len / 4);
	if (a->full || a->dev->kind != AUDIO_WAV || !len)
		return;
	if (len > BYTES_MAX - a->bytes ||
	    lseek(a->fd, 0, SEEK_END) < 0 || write(a->fd, a->out, len) != (ssize_t)len) {
		a->full = true;
		warn("%s: sound is not recorded any more: %s", a->dev->path,
		     len > BYTES_MAX - a->bytes ? "a WAV file has no room for more" :
		     strerror(errno));
		return;
	}
	a->bytes += len;
	write_header(a);
}

static void open_sdl(struct audio *a)
{
	void *so = module_load("audiosdl");
	const struct audiosdl *sdl = so ? dlsym(so, "audiosdl") : NULL;
	const char *wrong;

	if (!sdl)
		die("-audiodev sdl: %s", dlerror());
	wrong = sdl->version == AUDIOSDL_VERSION ? sdl->open(AUDIO_RATE) :
		"the module is another vmbt-run's";
	if (wrong)
		die("-audiodev sdl: %s", wrong);
	a->sdl = sdl;
}

/**
 * audio_open() - open the host's end; ends the program if that fails
 * @a: filled
 * @dev: what was asked for
 */
void audio_open(struct audio *a, const struct audiodev *dev)
{
	*a = (struct audio){ .dev = dev, .fd = -1 };
	if (dev->kind == AUDIO_SDL)
		open_sdl(a);
	if (dev->kind != AUDIO_WAV)
		return;
	a->fd = open(dev->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (a->fd < 0 || !write_header(a))
		die("%s: %s", dev->path, strerror(errno));
}

/* A frame at the host's rate. */
static void emit(struct audio *a, s16 left, s16 right)
{
	a->out[2 * a->count] = left;
	a->out[2 * a->count + 1] = right;
	if (++a->count == AUDIO_FRAMES)
		flush(a);
}

/* A frame of the card's: now, or when the second source has one. */
static void arrive(struct audio *a, s16 left, s16 right)
{
	/* It is ahead by more than it should: what is oldest goes first, alone. */
	if (a->mixing && a->waiting == AUDIO_FRAMES) {
		emit(a, a->wait[0], a->wait[1]);
		memmove(a->wait, a->wait + 2, --a->waiting * 4);
	}
	if (!a->mixing) {
		emit(a, left, right);
		return;
	}
	a->wait[2 * a->waiting] = left;
	a->wait[2 * a->waiting + 1] = right;
	a->waiting++;
}

static s16 sum(s16 a, s16 b)
{
	s32 s = a + b;

	return s > 32767 ? 32767 : s < -32768 ? -32768 : s;
}

/**
 * audio_mix_begin() - a second source plays from now on, at the host's rate
 * @a: the host's end
 */
void audio_mix_begin(struct audio *a)
{
	a->mixing = true;
}

/**
 * audio_mix() - it plays something
 * @a: the host's end
 * @frames: two samples each
 * @count: how many
 */
void audio_mix(struct audio *a, const s16 *frames, u32 count)
{
	u32 i, n = count < a->waiting ? count : a->waiting;

	for (i = 0; i < count; i++)
		emit(a, i < n ? sum(frames[2 * i], a->wait[2 * i]) : frames[2 * i],
		     i < n ? sum(frames[2 * i + 1], a->wait[2 * i + 1]) : frames[2 * i + 1]);
	a->waiting -= n;
	memmove(a->wait, a->wait + 2 * n, a->waiting * 4);
	/* A loudspeaker wants it now. */
	if (a->sdl)
		flush(a);
}

/**
 * audio_mix_end() - it plays no more
 * @a: the host's end
 */
void audio_mix_end(struct audio *a)
{
	u32 i;

	a->mixing = false;
	for (i = 0; i < a->waiting; i++)
		emit(a, a->wait[2 * i], a->wait[2 * i + 1]);
	a->waiting = 0;
}

/**
 * audio_play() - the guest plays something
 * @a: the host's end
 * @frames: two samples each
 * @count: how many
 * @rate: of them a second
 */
void audio_play(struct audio *a, const s16 *frames, u32 count, u32 rate)
{
	unsigned int k;
	s16 at[2];
	u32 i;

	for (i = 0; i < count; i++, frames += 2) {
		for (; a->phase < AUDIO_RATE; a->phase += rate) {
			for (k = 0; k < 2; k++)
				at[k] = a->prev[k] +
					(frames[k] - a->prev[k]) * (s64)a->phase / AUDIO_RATE;
			arrive(a, at[0], at[1]);
		}
		a->phase -= AUDIO_RATE;
		memcpy(a->prev, frames, sizeof(a->prev));
	}
	/* A loudspeaker wants it now. */
	if (a->sdl)
		flush(a);
}

/**
 * audio_close() - write what is left
 * @a: the host's end
 */
void audio_close(struct audio *a)
{
	audio_mix_end(a);
	flush(a);
	if (a->sdl)
		a->sdl->close();
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}
