// SPDX-License-Identifier: GPL-2.0
/*
 * The same LDT for the process and for the guest.
 *
 * modify_ldt(2) gives the process its descriptors; the guest finds equal ones
 * in its memory. So a program that loads segment registers and jumps far can be
 * compared with the CPU. All descriptors have DPL 3: these programs run at CPL 3
 * in both worlds.
 */
#include <string.h>

#include "case.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc.h"

/* In the window, between code and data. */

#define EXTRA		16	/* first entry beside those that are loaded */

bool native_segs;
static struct vmbt_seg table[NATIVE_LDT];

static void extra(u32 idx, u16 type, u32 base, u32 limit, u16 attr)
{
	table[EXTRA + idx] = (struct vmbt_seg){
		.base = base, .limit = limit,
		.attr = type | VMBT_ATTR_S | VMBT_ATTR_DPL | attr };
}

/* The guest's segment registers, and others that a program may load. */
void ldt_fill(struct program *p)
{
	u16 db = p->what & S_32 ? VMBT_ATTR_DB : 0, present = VMBT_ATTR_P;
	u32 i;
	u64 d;

	memset(table, 0, sizeof(table));
	for (i = 0; i < VMBT_NSEG; i++)
		table[native_selector(i) >> 3] = p->guest.seg[i];
	extra(0, 1, WIN, 0xffff, present | db);			/* read-only */
	extra(1, 3, WIN + 0x1000, 0x7fff, present | db);
	extra(2, 7, WIN, 0x8fff, present);			/* down to 9000h */
	extra(3, 7, WIN, 0x8fff, present | VMBT_ATTR_DB);
	extra(4, 3, WIN, 0xffff, db);				/* not present */
	extra(5, 11, WIN, 0xffff, present | db);		/* code */
	extra(6, 9, WIN, 0xffff, present | (db ^ VMBT_ATTR_DB)); /* unreadable */
	extra(7, 3, WIN + DATA, 0xff, present | db);
	for (i = 0; i < NATIVE_LDT; i++) {
		d = table[i].attr ? desc_pack(&table[i]) : 0;
		memcpy(p->mem + LDT + 8 * i, &d, 8);
	}
	p->guest.ldtr = (struct vmbt_seg){
		.sel = 0x28, .attr = VMBT_ATTR_P | 2, .base = WIN + LDT,
		.limit = 8 * NATIVE_LDT - 1 };
}

/* Before a raw run: what the kernel has, all of it. */
void ldt_load(const struct program *p)
{
	u32 i;
	u64 d;

	for (i = 0; i < NATIVE_LDT; i++) {
		memcpy(&d, p->mem + LDT + 8 * i, 8);
		table[i] = (struct vmbt_seg){ 0 };
		desc_unpack(d, &table[i]);
		if (table[i].attr)
			native_seg(i, &table[i]);
		else
			native_seg_clear(i);
	}
	/* Those that translated code ran with: a program may guess a selector. */
	for (; i < NATIVE_SLOTS; i++)
		native_seg_clear(i);
}

bool ldt_changed(const struct program *p)
{
	return memcmp(native_ram(WIN + LDT), p->mem + LDT, 8 * NATIVE_LDT);
}

/* What a selector of the LDT means; without one, an unusable segment. */
struct vmbt_seg ldt_seg(u16 sel)
{
	struct vmbt_seg seg = { 0 };

	if ((sel & 4) && sel >> 3 < NATIVE_LDT)
		seg = table[sel >> 3];
	seg.sel = sel;
	return seg;
}
