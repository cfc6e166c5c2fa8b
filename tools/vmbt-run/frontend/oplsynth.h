/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module is that makes an OPL3's sound.
 */
#ifndef VMBT_RUN_OPLSYNTH_H
#define VMBT_RUN_OPLSYNTH_H

#include "types.h"

#define OPLSYNTH_VERSION	1

/**
 * struct oplsynth - the module
 * @version: OPLSYNTH_VERSION
 * @reset: power-on state, from then on so many frames a second
 * @write: a register of the chip, below 512, gets a value
 * @generate: the next frames, two 16-bit samples each
 *
 * There is one chip.
 */
struct oplsynth {
	u32 version;
	void (*reset)(u32 rate);
	void (*write)(u16 reg, u8 val);
	void (*generate)(s16 *frames, u32 count);
};

extern __attribute__((visibility("default"))) const struct oplsynth oplsynth;

#endif
