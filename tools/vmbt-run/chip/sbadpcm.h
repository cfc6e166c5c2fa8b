/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Sound Blaster's compressed samples.
 */
#ifndef VMBT_RUN_SBADPCM_H
#define VMBT_RUN_SBADPCM_H

#include "types.h"

#define ADPCM_MOST	4	/* samples in a byte, at most */

enum adpcm_kind {
	ADPCM_NONE,
	ADPCM_2,	/* four samples a byte */
	ADPCM_26,	/* "2.6 bits": three */
	ADPCM_4,	/* two */
	ADPCM_KINDS,
};

/**
 * struct adpcm - a decoder
 * @level: the last sample, 0 to 255
 * @scale: what a difference of one means now: a power of two, 1 to 32
 */
struct adpcm {
	u8 level;
	u8 scale;
};

void adpcm_reset(struct adpcm *a);
void adpcm_reference(struct adpcm *a, u8 byte);
unsigned int adpcm_samples(enum adpcm_kind kind);
void adpcm_decode(struct adpcm *a, enum adpcm_kind kind, u8 byte, u8 *samples);

#endif
