// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of the board: the reset register at CF9h, and port 92h.
 *
 * From the data sheet of Intel's 82371AB. Address line A20 is open after a
 * reset, as firmware leaves it.
 */
#include "board.h"

#define CF9_RESET	0x04
#define CF9_KEPT	0x02	/* hard or soft reset */
#define P92_RESET	0x01
#define P92_A20		0x02
#define P92_KEPT	0x03

/**
 * board_reset() - power-on state
 * @b: the board, with its functions filled in
 */
void board_reset(struct board *b)
{
	*b = (struct board){
		.port92 = P92_A20,
		.reset = b->reset,
		.a20 = b->a20,
		.arg = b->arg,
	};
}

/**
 * board_read() - the guest reads a register
 * @b: the board
 * @port: CF9h or 92h
 *
 * Return: the byte.
 */
u8 board_read(const struct board *b, u16 port)
{
	return port == BOARD_PORT92 ? b->port92 : b->reset_control;
}

/**
 * board_write() - the guest writes a register
 * @b: the board
 * @port: CF9h or 92h
 * @val: the byte
 */
void board_write(struct board *b, u16 port, u8 val)
{
	u8 was;

	if (port == BOARD_PORT92) {
		was = b->port92;
		b->port92 = val & P92_KEPT;
		if ((was ^ val) & P92_A20)
			b->a20(b->arg, val & P92_A20);
		if (val & ~was & P92_RESET)
			b->reset(b->arg);
		return;
	}
	was = b->reset_control;
	b->reset_control = val & (CF9_KEPT | CF9_RESET);
	if (val & ~was & CF9_RESET)
		b->reset(b->arg);
}

/**
 * board_state() - save or restore
 * @b: the board
 * @s: where to
 */
void board_state(struct board *b, struct state *s)
{
	STATE(s, b->reset_control);
	STATE(s, b->port92);
	if (s->load)
		b->a20(b->arg, b->port92 & P92_A20);
}
