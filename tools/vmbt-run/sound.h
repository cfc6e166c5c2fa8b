/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sound card: how chip, machine and the host's end are wired.
 */
#ifndef VMBT_RUN_SOUND_H
#define VMBT_RUN_SOUND_H

#include "audio.h"
#include "fm.h"
#include "loop.h"
#include "options.h"
#include "sb16.h"

struct machine;

/**
 * struct sound - the card
 * @on: there is one
 * @chip: the chips
 * @machine: the machine
 * @audio: the host's end
 * @timer: when samples are due
 * @fm: the synthesizer
 * @fm_timer: when its are
 */
struct sound {
	bool on;
	struct sb16 chip;
	struct machine *machine;
	struct audio audio;
	struct loop_timer timer;
	struct fm fm;
	struct loop_timer fm_timer;
};

void sound_init(struct machine *m);
void sound_power_on(struct machine *m);
void sound_fini(struct sound *s);

#endif
