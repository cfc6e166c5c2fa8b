// SPDX-License-Identifier: GPL-2.0
/*
 * A parallel port as in the IBM PS/2, with a printer behind it.
 *
 * From IBM's PS/2 hardware interface reference: data, status and control, with the
 * direction bit. A byte is taken when STROBE goes on; the printer says ACK at once,
 * which is an interrupt on the edge, or is busy until there is room. What can be read
 * of the data lines with the direction reversed is what nobody drives: ones.
 */
#include "lpt.h"

#define REG_DATA	0
#define REG_STATUS	1

#define ST_NOT_BUSY	0x80
#define ST_NOT_ACK	0x40
#define ST_NO_PAPER	0x20
#define ST_SELECTED	0x10
#define ST_NOT_ERROR	0x08
#define ST_UNUSED	0x07	/* ones; where there is EPP, the lowest is its time-out */

#define CTL_STROBE	0x01
#define CTL_NOT_INIT	0x04
#define CTL_IRQ		0x10
#define CTL_INPUT	0x20
#define CTL_UNUSED	0xc0

/* ACK is a pulse; its end is what the interrupt controller sees. */
static void acknowledge(struct lpt *l)
{
	if (!(l->control & CTL_IRQ))
		return;
	l->set_irq(l->arg, true);
	l->set_irq(l->arg, false);
}

static void strobe(struct lpt *l)
{
	if (!l->ready)
		return;
	l->waits = !l->print(l->arg, l->data);
	if (!l->waits)
		acknowledge(l);
}

/**
 * lpt_reset() - power-on state
 * @l: the port, with its functions and @ready filled in
 */
void lpt_reset(struct lpt *l)
{
	l->data = 0;
	l->control = 0;
	l->waits = false;
}

/**
 * lpt_read() - the guest reads a register
 * @l: the port
 * @reg: its offset, below LPT_PORTS
 *
 * Return: the byte.
 */
u8 lpt_read(struct lpt *l, unsigned int reg)
{
	if (reg == REG_DATA)
		return l->control & CTL_INPUT ? 0xff : l->data;
	if (reg != REG_STATUS)
		return l->control | CTL_UNUSED;
	/* Off or away, the lines are where their resistors pull them. */
	if (!l->ready)
		return ST_NOT_BUSY | ST_NOT_ACK | ST_NO_PAPER | ST_NOT_ERROR | ST_UNUSED;
	return (l->waits || !(l->control & CTL_NOT_INIT) ? 0 : ST_NOT_BUSY) | ST_NOT_ACK |
	       ST_SELECTED | ST_NOT_ERROR | ST_UNUSED;
}

/**
 * lpt_write() - the guest writes a register
 * @l: the port
 * @reg: its offset, below LPT_PORTS
 * @val: the byte
 */
void lpt_write(struct lpt *l, unsigned int reg, u8 val)
{
	u8 was = l->control;

	if (reg == REG_DATA)
		l->data = val;
	if (reg <= REG_STATUS)
		return;
	l->control = val & ~CTL_UNUSED;
	if (!(val & CTL_NOT_INIT))
		l->waits = false;
	else if (val & ~was & CTL_STROBE && !(val & CTL_INPUT) && !l->waits)
		strobe(l);
}

/**
 * lpt_room() - the printer has room for a byte that waits
 * @l: the port
 */
void lpt_room(struct lpt *l)
{
	if (l->waits)
		strobe(l);
}

/**
 * lpt_state() - save or restore
 * @l: the port
 * @s: where to
 */
void lpt_state(struct lpt *l, struct state *s)
{
	STATE(s, l->data);
	STATE(s, l->control);
	state_bool(s, &l->waits);
	state_sane(s, !(l->control & CTL_UNUSED));
	if (s->bad)
		lpt_reset(l);
}
