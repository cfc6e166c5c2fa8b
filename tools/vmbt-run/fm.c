// SPDX-License-Identifier: GPL-2.0
/*
 * The FM synthesizer's sound: when it has to be made, and by whom.
 *
 * A module has the emulator (frontend/oplsynth.c). It is asked for frames while there is
 * something to hear: from the first key that is pressed until a second of silence. What
 * was due before a register is written is made before, so that a note has the length
 * that the guest gave it, to the frame. A guest that stands still for long is not made
 * up for.
 */
#include "fm.h"

#include <dlfcn.h>
#include <string.h>

#include "module.h"
#include "oplsynth.h"
#include "util.h"

#define TICK_NS		10000000ULL
#define BEHIND		AUDIO_RATE	/* a second */
#define SOME		512
#define HEARD		32		/* an idle chip's output is not always 0 */
#define REG_KEYS	0xb0		/* to B8h, of both sets */
#define REG_RHYTHM	0xbd
#define KEY_ON		0x20
#define RHYTHM		0x1f

/**
 * fm_open() - find the module
 * @f: filled
 * @chip: the card
 * @audio: where its sound goes
 */
void fm_open(struct fm *f, struct sb16 *chip, struct audio *audio)
{
	void *so = module_load("oplsynth");

	*f = (struct fm){ .chip = chip, .audio = audio, .since = FM_OFF };
	f->synth = so ? dlsym(so, "oplsynth") : NULL;
	if (f->synth && f->synth->version != OPLSYNTH_VERSION)
		f->synth = NULL;
	if (!f->synth)
		warn("the FM synthesizer is silent: no module oplsynth (package libadplug)");
	fm_reset(f);
}

/**
 * fm_reset() - power-on state
 * @f: the synthesizer
 */
void fm_reset(struct fm *f)
{
	if (f->since != FM_OFF)
		audio_mix_end(f->audio);
	f->since = FM_OFF;
	if (f->synth)
		f->synth->reset(AUDIO_RATE);
}

static void stop(struct fm *f)
{
	f->since = FM_OFF;
	audio_mix_end(f->audio);
}

static bool heard(const s16 *frame)
{
	return frame[0] > HEARD || frame[0] < -HEARD || frame[1] > HEARD || frame[1] < -HEARD;
}

static void make(struct fm *f, u32 count)
{
	s16 frames[2 * SOME];
	u32 i;

	f->synth->generate(frames, count);
	for (i = 0; i < count; i++)
		f->silent = heard(frames + 2 * i) ? 0 : f->silent + 1;
	sb16_volume(f->chip, SB_MIDI, frames, count);
	audio_mix(f->audio, frames, count);
	f->made += count;
}

/**
 * fm_run() - make what is due
 * @f: the synthesizer
 * @now: time in nanoseconds
 */
void fm_run(struct fm *f, u64 now)
{
	u64 due;

	if (f->since == FM_OFF || now < f->since)
		return;
	due = (now - f->since) / 1000 * AUDIO_RATE / 1000000;
	if (due > f->made + BEHIND)
		f->made = due - BEHIND;
	while (f->since != FM_OFF && f->made < due) {
		make(f, due - f->made < SOME ? due - f->made : SOME);
		if (f->silent >= AUDIO_RATE)
			stop(f);
	}
}

/**
 * fm_write() - the guest writes a register
 * @f: the synthesizer
 * @reg: below 512
 * @val: the byte
 * @now: time in nanoseconds
 */
void fm_write(struct fm *f, u16 reg, u8 val, u64 now)
{
	u8 low = reg;

	if (!f->synth)
		return;
	fm_run(f, now);
	f->synth->write(reg, val);
	if (f->since != FM_OFF || !((low >= REG_KEYS && low < REG_KEYS + 9 && val & KEY_ON) ||
				    (reg == REG_RHYTHM && val & KEY_ON && val & RHYTHM)))
		return;
	f->since = now;
	f->made = 0;
	f->silent = 0;
	audio_mix_begin(f->audio);
}

/**
 * fm_next() - when fm_run() wants to be called
 * @f: the synthesizer
 * @now: time in nanoseconds
 *
 * Return: the time, or FM_OFF.
 */
u64 fm_next(const struct fm *f, u64 now)
{
	return f->since == FM_OFF ? FM_OFF : now + TICK_NS;
}
