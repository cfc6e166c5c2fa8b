/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is left of the board: PCI configuration space with a host bridge, the
 * reset register at CF9h, and port 92h.
 */
#ifndef VMBT_RUN_BOARD_H
#define VMBT_RUN_BOARD_H

#include "types.h"

#define BOARD_PCI	0xcf8
#define BOARD_CF9	0xcf9
#define BOARD_PORT92	0x92

/**
 * struct board - registers of the chip set
 * @config_address: port CF8h
 * @reset_control: port CF9h
 * @port92: port 92h
 * @reset: resets the machine
 * @arg: its first argument
 */
struct board {
	u32 config_address;
	u8 reset_control;
	u8 port92;
	void (*reset)(void *arg);
	void *arg;
};

void board_reset(struct board *b);
u32 board_read(struct board *b, u16 port, unsigned int size);
void board_write(struct board *b, u16 port, u32 val, unsigned int size);

#endif
