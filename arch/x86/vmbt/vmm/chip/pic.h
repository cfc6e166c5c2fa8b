/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pair of 8259A interrupt controllers of a PC.
 *
 * A guest talks to the interrupt controller several times for every
 * interrupt, which makes it a device hot enough to live inside the VMM. It is
 * therefore pure code without a single call to its surroundings: whoever owns
 * a struct pic serialises the calls, and looks at pic_intr() after each of
 * them to learn whether the processor's INTR pin is asserted. vmbt-run links
 * this very source too.
 */
#ifndef VMBT_CHIP_PIC_H
#define VMBT_CHIP_PIC_H

#include "../../include/types.h"

#define PIC_MASTER_CMD		0x20
#define PIC_MASTER_DATA		0x21
#define PIC_SLAVE_CMD		0xa0
#define PIC_SLAVE_DATA		0xa1
#define PIC_ELCR_MASTER		0x4d0
#define PIC_ELCR_SLAVE		0x4d1

#define PIC_LINES		16
#define PIC_CASCADE		2	/* the master's input that the slave drives */

/**
 * struct pic_chip - one 8259A
 * @lines: level of the eight inputs as last driven
 * @irr: interrupt request register
 * @isr: in-service register
 * @imr: interrupt mask register
 * @elcr: inputs that are level triggered
 * @base: vector of input 0, from ICW2
 * @lowest: input that has the lowest priority (7 unless rotated)
 * @icw: number of the initialisation word expected next on the data port; 0
 *	when the chip is initialised
 * @icw1: the ICW1 that started the initialisation
 * @auto_eoi: ICW4 asked for automatic end of interrupt
 * @sfnm: special fully nested mode, from ICW4
 * @rotate_aeoi: rotate priorities at each automatic end of interrupt
 * @special_mask: special mask mode, from OCW3
 * @poll: the next read is a poll
 * @read_isr: the command port reads ISR instead of IRR
 */
struct pic_chip {
	u8 lines;
	u8 irr;
	u8 isr;
	u8 imr;
	u8 elcr;
	u8 base;
	u8 lowest;
	u8 icw;
	u8 icw1;
	bool auto_eoi;
	bool sfnm;
	bool rotate_aeoi;
	bool special_mask;
	bool poll;
	bool read_isr;
};

/**
 * struct pic - the two chips of a PC, cascaded through the master's input 2
 * @chip: master and slave
 * @intr: the master's INT output, wired to the processor's INTR
 */
struct pic {
	struct pic_chip chip[2];
	bool intr;
};

void pic_reset(struct pic *pic);
void pic_set_line(struct pic *pic, unsigned int irq, bool level);
u8 pic_ack(struct pic *pic);
u8 pic_read(struct pic *pic, u16 port);
void pic_write(struct pic *pic, u16 port, u8 val);

/**
 * pic_intr() - the level of the processor's INTR pin
 * @pic: the controllers
 *
 * Return: true while an interrupt waits to be acknowledged.
 */
static inline bool pic_intr(const struct pic *pic)
{
	return pic->intr;
}

/**
 * pic_masked() - is an input masked in the interrupt mask register?
 * @pic: the controllers
 * @irq: input, 0 to 15
 *
 * Return: true if the input, or the cascade on its way, is masked.
 */
static inline bool pic_masked(const struct pic *pic, unsigned int irq)
{
	if (irq & 8 && pic->chip[0].imr & (1 << PIC_CASCADE))
		return true;
	return pic->chip[(irq >> 3) & 1].imr & (1 << (irq & 7));
}

#endif
