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

#include "../../include/chipstate.h"

#define PIC_MASTER_CMD		0x20
#define PIC_MASTER_DATA		0x21
#define PIC_SLAVE_CMD		0xa0
#define PIC_SLAVE_DATA		0xa1
#define PIC_ELCR_MASTER		0x4d0
#define PIC_ELCR_SLAVE		0x4d1

/* Their bits that can be set. */
#define PIC_ELCR_MASTER_MASK	0xf8
#define PIC_ELCR_SLAVE_MASK	0xde

#define PIC_LINES		16
#define PIC_CASCADE		2	/* the master's input that the slave drives */

void pic_reset(struct pic *pic);
void pic_set_line(struct pic *pic, unsigned int irq, bool level);
void pic_move_lines(struct pic *pic, u64 edges, u64 lines);
u8 pic_ack(struct pic *pic);
u8 pic_read(struct pic *pic, u16 port);
void pic_write(struct pic *pic, u16 port, u8 val);
bool pic_valid(const struct pic *pic);
void pic_settle(struct pic *pic);

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
