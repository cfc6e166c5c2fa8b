/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module is that plays sound: SDL's audio.
 */
#ifndef VMBT_RUN_AUDIOSDL_H
#define VMBT_RUN_AUDIOSDL_H

#include "types.h"

#define AUDIOSDL_VERSION	1

/**
 * struct audiosdl - the module
 * @version: AUDIOSDL_VERSION
 * @open: open the host's loudspeakers for so many frames a second of two 16-bit
 *	samples; return NULL, or why it can't be
 * @play: play frames; what the host can't take in time is dropped
 * @close: play what is left, at most for a moment, and give back what open() got
 */
struct audiosdl {
	u32 version;
	const char *(*open)(u32 rate);
	void (*play)(const s16 *frames, u32 count);
	void (*close)(void);
};

extern __attribute__((visibility("default"))) const struct audiosdl audiosdl;

#endif
