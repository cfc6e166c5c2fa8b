/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is left of the board: the reset register at CF9h, and port 92h.
 */
#ifndef VMBT_RUN_BOARD_H
#define VMBT_RUN_BOARD_H

#include "state.h"
#include "types.h"

#define BOARD_CF9	0xcf9
#define BOARD_PORT92	0x92

/**
 * struct board - registers of the chip set
 * @reset_control: port CF9h
 * @port92: port 92h
 * @reset: resets the machine
 * @a20: opens or closes address line A20
 * @arg: first argument of these
 */
struct board {
	u8 reset_control;
	u8 port92;
	void (*reset)(void *arg);
	void (*a20)(void *arg, bool open);
	void *arg;
};

void board_reset(struct board *b);
u8 board_read(const struct board *b, u16 port);
void board_write(struct board *b, u16 port, u8 val);
void board_state(struct board *b, struct state *s);

#endif
