/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FM synthesizer's sound: when it has to be made, and by whom.
 */
#ifndef VMBT_RUN_FM_H
#define VMBT_RUN_FM_H

#include "audio.h"
#include "sb16.h"

struct oplsynth;

#define FM_OFF		(~0ULL)

/**
 * struct fm - the synthesizer
 * @synth: the module, or NULL: silent
 * @chip: the card, whose mixer it goes through
 * @audio: where its sound goes
 * @since: when it began to sound, FM_OFF: it does not
 * @made: frames since then
 * @silent: of the last of them, those with nothing to hear
 */
struct fm {
	const struct oplsynth *synth;
	struct sb16 *chip;
	struct audio *audio;
	u64 since;
	u64 made;
	u32 silent;
};

void fm_open(struct fm *f, struct sb16 *chip, struct audio *audio);
void fm_reset(struct fm *f);
void fm_write(struct fm *f, u16 reg, u8 val, u64 now);
void fm_run(struct fm *f, u64 now);
u64 fm_next(const struct fm *f, u64 now);

#endif
