// SPDX-License-Identifier: GPL-2.0
/*
 * The bus master of an IDE channel.
 *
 * From Intel's "Programming Interface for Bus Master IDE Controller" 1.0. It
 * moves what is in the channel's buffer to or from the regions of guest memory
 * that a table names. Table and regions are the guest's: each descriptor is read
 * once, and of a table that never ends no more is believed than 64 KiB. The
 * drive's half, when data are there and what follows, is ide.c's.
 */
#include "ide.h"

#define BM_TO_MEMORY	0x08
#define BM_KEPT		0x60	/* the drives can do DMA */
#define PRD_LAST	0x80
#define PRD_MAX		8192	/* descriptors of one chunk: the table has 64 KiB */

void ide_bm_begin(struct ide *c)
{
	c->prd_next = c->bm_table;
	c->prd_left = 0;
	c->prd_last = false;
}

/* The next region of the descriptor table; false at its end or behind RAM. */
static bool prd_fetch(struct ide *c)
{
	u8 d[8];
	u32 len;

	if (c->prd_last || !c->memory(c->arg, c->prd_next, d, sizeof(d), false))
		return false;
	c->prd_next += 8;
	c->prd_addr = (d[0] & 0xfe) | d[1] << 8 | d[2] << 16 | (u32)d[3] << 24;
	len = (d[4] & 0xfe) | d[5] << 8;
	c->prd_left = len ? len : 0x10000;
	c->prd_last = d[7] & PRD_LAST;
	return true;
}

/* Move the chunk between buffer and memory. */
bool ide_bm_move(struct ide *c, bool to_memory)
{
	u32 done = 0, len;
	unsigned int n;

	for (n = 0; done < c->chunk; ) {
		if (!c->prd_left) {
			if (n++ == PRD_MAX || !prd_fetch(c))
				return false;
			continue;
		}
		len = c->chunk - done;
		if (len > c->prd_left)
			len = c->prd_left;
		if (!c->memory(c->arg, c->prd_addr, c->buffer + done, len, to_memory))
			return false;
		c->prd_addr += len;
		c->prd_left -= len;
		done += len;
	}
	return true;
}

/**
 * ide_bm_read() - the guest reads a register of the bus master
 * @c: the channel
 * @reg: 0 to 7
 *
 * Return: the byte.
 */
u8 ide_bm_read(const struct ide *c, unsigned int reg)
{
	switch (reg) {
	case 0:
		return c->bm_command;
	case 2:
		return c->bm_status;
	case 4: case 5: case 6: case 7:
		return c->bm_table >> 8 * (reg - 4);
	default:
		return 0;
	}
}

/**
 * ide_bm_write() - the guest writes a register of the bus master
 * @c: the channel
 * @reg: 0 to 7
 * @val: the byte
 *
 * Stopping it while a request is under way does not stop that: what has been
 * read meets a bus master that is off, and goes nowhere.
 */
void ide_bm_write(struct ide *c, unsigned int reg, u8 val)
{
	u32 shift = 8 * (reg & 3);
	u8 was;

	switch (reg) {
	case 0:
		was = c->bm_command;
		c->bm_command = val & (IDE_BM_START | BM_TO_MEMORY);
		if (!(val & IDE_BM_START)) {
			c->bm_status &= ~IDE_BM_ACTIVE;
			c->prd_left = 0;
			c->prd_last = true;
		} else if (!(was & IDE_BM_START)) {
			c->bm_status |= IDE_BM_ACTIVE;
			if (c->phase == IDE_DMA_WAIT)
				ide_dma_start(c);
		}
		break;
	case 2:		/* written ones clear */
		c->bm_status &= ~BM_KEPT & ~(val & (IDE_BM_ERROR | IDE_BM_INTERRUPT));
		c->bm_status |= val & BM_KEPT;
		break;
	case 4: case 5: case 6: case 7:
		c->bm_table &= ~(0xffU << shift);
		c->bm_table |= (u32)val << shift;
		c->bm_table &= ~3U;
		break;
	}
}
