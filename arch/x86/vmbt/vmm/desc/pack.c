// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors as bytes and as fields, and the whitelist for the hardware's.
 *
 * desc_unpack() and desc_pack() are the layout of SDM vol. 3, figure 3-8, and
 * nothing else. desc_hw() is the one place where a descriptor that the CPU may
 * load is made out of guest data: every bit in it is either forced or one of a
 * few that cannot hurt. The isolation invariant (architecture, section 3)
 * rests on it, so there is no second way to make one.
 */
#include "desc_int.h"

/**
 * desc_unpack() - take a descriptor apart
 * @raw: eight bytes as they stand in a table
 * @seg: gets base, limit in bytes and attributes; the selector is left alone
 */
void desc_unpack(u64 raw, struct vmbt_seg *seg)
{
	u32 lo = raw, hi = raw >> 32;

	seg->base = lo >> 16 | (hi & 0xff) << 16 | (hi & 0xff000000);
	seg->limit = (lo & 0xffff) | (hi & 0xf0000);
	seg->attr = hi >> 8 & 0xf0ff;
	if (seg->attr & VMBT_ATTR_G)
		seg->limit = seg->limit << 12 | 0xfff;
}

static u64 pack(u32 base, u32 limit20, u16 attr)
{
	u32 lo = (limit20 & 0xffff) | base << 16;
	u32 hi = (base >> 16 & 0xff) | (u32)attr << 8 | (limit20 & 0xf0000) |
		 (base & 0xff000000);

	return (u64)hi << 32 | lo;
}

/**
 * desc_pack() - put a descriptor together
 * @seg: base, limit and attributes; granularity is as @seg->attr says, and
 *	set where the limit needs it
 * Return: the eight bytes
 */
u64 desc_pack(const struct vmbt_seg *seg)
{
	u16 attr = seg->attr & 0xf0ff;

	if (seg->limit > 0xfffff)
		attr |= VMBT_ATTR_G;
	return pack(seg->base, attr & VMBT_ATTR_G ? seg->limit >> 12 :
		    seg->limit, attr);
}

/**
 * desc_hw() - a descriptor for a run table
 * @seg: what it shall look like; base, limit, code or data, writable or
 *	readable, expand-down, D/B and AVL are taken from it
 * @dpl: 1 or 3
 *
 * Present, S = 1, L = 0, accessed (the CPU never writes to the table), never
 * conforming: a conforming segment would run with the privilege of whoever
 * jumps to it. A limit that needs page granularity and does not fit it covers
 * less than @seg, never more.
 *
 * Return: the eight bytes
 */
u64 desc_hw(const struct vmbt_seg *seg, u8 dpl)
{
	u16 attr = VMBT_ATTR_P | VMBT_ATTR_S | VMBT_ATTR_ACCESSED;
	bool code = seg->attr & VMBT_ATTR_CODE;
	bool down = !code && (seg->attr & VMBT_ATTR_E);
	u32 limit = seg->limit;

	/* AVL is nothing to the CPU, but LAR shows it to a guest process. */
	attr |= seg->attr & (VMBT_ATTR_CODE | VMBT_ATTR_W | VMBT_ATTR_DB | VMBT_ATTR_AVL);
	if (down)
		attr |= VMBT_ATTR_E;
	attr |= (dpl & 3) << VMBT_ATTR_DPL_SHIFT;
	if (limit > 0xfffff) {
		attr |= VMBT_ATTR_G;
		/* (limit + 1) >> 12 pages, all of them at 4 GiB */
		if (down || (limit & 0xfff) == 0xfff)
			limit >>= 12;
		else
			limit = (limit >> 12) - 1;
	}
	return pack(seg->base, limit, attr);
}
