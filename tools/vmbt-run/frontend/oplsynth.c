// SPDX-License-Identifier: GPL-2.0
/*
 * An OPL3's sound, by AdPlug's library.
 *
 * That is a C++ library of players; of the emulators that it brings one is C and can be
 * called by itself. A module, since the library brings that language's along, and since
 * vmbt-run runs without: then FM is silent.
 */
#include "oplsynth.h"

#include <adplug/nukedopl.h>

static opl3_chip chip;

static void reset(u32 rate)
{
	OPL3_Reset(&chip, rate);
}

static void write_reg(u16 reg, u8 val)
{
	OPL3_WriteReg(&chip, reg & 0x1ff, val);
}

static void generate(s16 *frames, u32 count)
{
	OPL3_GenerateStream(&chip, frames, count);
}

const struct oplsynth oplsynth = {
	.version = OPLSYNTH_VERSION, .reset = reset, .write = write_reg, .generate = generate,
};
