// SPDX-License-Identifier: GPL-2.0
/*
 * The state in which a PC's firmware leaves interrupt controllers and timer.
 *
 * A guest that is started without firmware still expects these chips as the
 * IBM PC AT's BIOS leaves them. It is the same whoever owns the chips, the
 * VMM or vmbt-run, so it is here, written as the port accesses of a BIOS.
 */
#include "firmware.h"

#define PCI_IRQS	0x0c	/* of the slave: IRQ 10, 11 */

/**
 * chip_firmware() - reset the chips and program them as a BIOS does
 * @pic: the interrupt controllers
 * @pit: the timer
 * @now: time in nanoseconds
 *
 * The controllers deliver at vectors 08h and 70h, all inputs but the cascade
 * masked; IRQ 10 and 11, PCI's, are level-triggered; counter 0 ticks at 18.2 Hz,
 * counter 1 refreshes memory.
 */
void chip_firmware(struct pic *pic, struct pit *pit, u64 now)
{
	static const struct { u16 port; u8 val; } bios[] = {
		{ PIC_MASTER_CMD, 0x11 }, { PIC_MASTER_DATA, 0x08 },
		{ PIC_MASTER_DATA, 0x04 }, { PIC_MASTER_DATA, 0x01 },
		{ PIC_SLAVE_CMD, 0x11 }, { PIC_SLAVE_DATA, 0x70 },
		{ PIC_SLAVE_DATA, 0x02 }, { PIC_SLAVE_DATA, 0x01 },
		{ PIC_MASTER_DATA, 0xfb }, { PIC_SLAVE_DATA, 0xff },
		{ PIC_ELCR_SLAVE, PCI_IRQS },
		{ PIT_CONTROL, 0x36 }, { PIT_COUNTER0, 0x00 }, { PIT_COUNTER0, 0x00 },
		{ PIT_CONTROL, 0x54 }, { PIT_COUNTER0 + 1, 0x12 },
	};
	unsigned int i;

	pic_reset(pic);
	pit_reset(pit, now);
	for (i = 0; i < ARRAY_SIZE(bios); i++) {
		if (bios[i].port >= PIT_COUNTER0 && bios[i].port <= PIT_CONTROL)
			pit_write(pit, bios[i].port, bios[i].val, now);
		else
			pic_write(pic, bios[i].port, bios[i].val);
	}
}
