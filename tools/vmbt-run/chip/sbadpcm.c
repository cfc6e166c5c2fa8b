// SPDX-License-Identifier: GPL-2.0
/*
 * The Sound Blaster's compressed samples: differences of 2, 3 or 4 bits.
 *
 * Creative's guide names the formats and not what is in them. What is comes from TubeTime's
 * published reading of the DSP 2.02's program, where all three are the same arithmetic: the
 * high bit of a difference is its sign, the others count steps of the current scale, to which
 * half a step is added. The scale halves behind a difference of no steps and doubles behind a
 * large one. A byte has its first sample in its highest bits; the third one of "2.6 bits" has
 * two bits where the first two have three.
 */
#include "sbadpcm.h"

#define SILENCE	0x80

static const struct format {
	u8 samples;
	u8 bits;
	u8 large;	/* a difference from which on the scale doubles */
	u8 most;	/* that it can be */
} formats[ADPCM_KINDS] = {
	[ADPCM_2] = { 4, 2, 1, 32 },
	[ADPCM_26] = { 3, 3, 3, 16 },
	[ADPCM_4] = { 2, 4, 5, 8 },
};

/**
 * adpcm_reset() - as after the DSP's reset
 * @a: the decoder
 */
void adpcm_reset(struct adpcm *a)
{
	*a = (struct adpcm){ .level = SILENCE, .scale = 1 };
}

/**
 * adpcm_reference() - a byte that is a sample as it is, from which differences go on
 * @a: the decoder
 * @byte: the sample
 */
void adpcm_reference(struct adpcm *a, u8 byte)
{
	*a = (struct adpcm){ .level = byte, .scale = 1 };
}

/**
 * adpcm_samples() - how many samples a byte has
 * @kind: the format, but ADPCM_NONE
 *
 * Return: 2 to ADPCM_MOST.
 */
unsigned int adpcm_samples(enum adpcm_kind kind)
{
	return formats[kind].samples;
}

static u8 decode(struct adpcm *a, const struct format *f, bool down, u8 steps)
{
	int delta = steps * a->scale + a->scale / 2;
	int level = down ? a->level - delta : a->level + delta;

	a->level = level < 0 ? 0 : level > 255 ? 255 : level;
	if (!steps)
		a->scale = a->scale > 1 ? a->scale / 2 : 1;
	else if (steps >= f->large && a->scale < f->most)
		a->scale *= 2;
	return a->level;
}

/**
 * adpcm_decode() - a byte's samples
 * @a: the decoder
 * @kind: the format, but ADPCM_NONE
 * @byte: the byte
 * @samples: room for ADPCM_MOST; filled, unsigned as 8-bit samples are
 */
void adpcm_decode(struct adpcm *a, enum adpcm_kind kind, u8 byte, u8 *samples)
{
	const struct format *f = &formats[kind];
	unsigned int i, left = 8, bits;
	u8 code;

	for (i = 0; i < f->samples; i++, left -= bits) {
		bits = left < f->bits ? left : f->bits;
		code = byte >> (left - bits) & (BIT(bits) - 1);
		samples[i] = decode(a, f, code >> (bits - 1), code & (BIT(bits - 1) - 1));
	}
}
