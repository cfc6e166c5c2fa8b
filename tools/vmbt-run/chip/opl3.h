/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Yamaha's YMF262 (OPL3): its registers.
 */
#ifndef VMBT_RUN_OPL3_H
#define VMBT_RUN_OPL3_H

#include "state.h"
#include "types.h"

/**
 * struct opl_timer - one of its two timers
 * @preset: what it counts up from
 * @running: it counts
 * @masked: nobody is told of its end
 * @expired: it ended
 * @deadline: when it ends next
 */
struct opl_timer {
	u8 preset;
	bool running;
	bool masked;
	bool expired;
	u64 deadline;
};

/**
 * struct opl3 - the chip
 * @address: register selected, bit 8: of the second set
 * @reg: what was written
 * @timer: its timers
 * @written: told of each write behind the address register, or NULL
 * @arg: its first argument
 */
struct opl3 {
	u16 address;
	u8 reg[512];
	struct opl_timer timer[2];
	void (*written)(void *arg, u16 reg, u8 val, u64 now);
	void *arg;
};

void opl3_reset(struct opl3 *o);
u8 opl3_read(struct opl3 *o, unsigned int port, u64 now);
void opl3_write(struct opl3 *o, unsigned int port, u8 val, u64 now);
void opl3_state(struct opl3 *o, struct state *s, u64 now);

#endif
