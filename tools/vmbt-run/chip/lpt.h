/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A parallel port with a printer, or the host's own port, behind it.
 */
#ifndef VMBT_RUN_LPT_H
#define VMBT_RUN_LPT_H

#include "state.h"
#include "types.h"

#define LPT_PORTS	3
#define LPT_PORT	0x378
#define LPT_IRQ		7

/**
 * struct lpt - the port
 * @data: data register
 * @control: control register
 * @waits: a byte was strobed and the printer has no room for it
 * @ready: the printer is there: it is on and has paper
 * @irq: level of the interrupt line
 * @print: takes a byte; false: it has no room
 * @set_irq: drives the interrupt line
 * @arg: first argument of these
 */
struct lpt {
	u8 data;
	u8 control;
	bool waits;
	bool ready;
	bool irq;
	bool (*print)(void *arg, u8 byte);
	void (*set_irq)(void *arg, bool level);
	void *arg;
};

void lpt_reset(struct lpt *l);
u8 lpt_read(struct lpt *l, unsigned int reg);
void lpt_write(struct lpt *l, unsigned int reg, u8 val);
void lpt_room(struct lpt *l);
void lpt_state(struct lpt *l, struct state *s);

#endif
