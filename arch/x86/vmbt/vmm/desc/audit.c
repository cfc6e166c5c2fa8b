// SPDX-License-Identifier: GPL-2.0
/*
 * Is every entry of the run tables one that the guest may load?
 *
 * For the hostile-guest test: a look at the tables as a whole, by rules of the
 * manual's and not by what desc_hw() does, which is what they judge.
 */
#include "desc_int.h"

/* Upper halves, SDM vol. 3, figure 3-8. */
#define HI_TYPE		0x0f00
#define HI_CODE		0x0800
#define HI_CONFORMING	0x0400
#define HI_ACCESSED	0x0100
#define HI_S		0x1000
#define HI_DPL		0x6000
#define HI_P		0x8000
#define HI_L		0x200000

static bool harmless(u64 raw)
{
	u32 hi = raw >> 32;

	if (!(hi & HI_P))
		return true;
	if (!(hi & HI_S) || !(hi & HI_DPL) || !(hi & HI_ACCESSED))
		return false;
	return !(hi & HI_CODE) || !(hi & (HI_L | HI_CONFORMING));
}

/* The VMM's own, whose type and privilege are fixed; @high: second half. */
static bool ours(u32 sel, u64 raw, u64 high, u64 base)
{
	u32 type = raw >> 40 & 0xff, limit = raw & 0xffff;

	/* 9: a TSS not yet loaded; 0xb: loaded; 2: an LDT; all of DPL 0. */
	if (sel == VMBT_SEL_TSS)
		return (type == 0x89 || type == 0x8b || !raw) &&
		       limit <= 0x67;
	return type == 0x82 && !(raw >> 48 & 0xff) &&
	       (raw >> 16 & 0xffffff) == (base & 0xffffff) &&
	       raw >> 56 == (base >> 24 & 0xff) && high == base >> 32;
}

/**
 * desc_audit() - look at all entries of all run tables
 * @v: the vCPU
 * @sel: set to the selector of the first bad one, with the view in bit 16
 * @raw: and to its descriptor
 * Return: false if one is bad
 */
bool desc_audit(struct vcpu *v, u32 *sel, u64 *raw)
{
	for (u32 w = 0; w < DESC_NVIEW; w++) {
		for (u32 i = 0; i < DESC_NTAB; i++) {
			const u64 *e = v->desc->tab[i].hw[w];
			u64 ldt = (u64)(size_t)v->desc->tab[DESC_LDT].hw[w];

			for (u32 n = 0; n < DESC_ENTRIES; n++) {
				u32 s = n * 8;
				bool ok;

				if (i == DESC_LDT || s < VMBT_SEL_FIRST)
					ok = !e[n] || harmless(e[n]);
				else if (s == VMBT_SEL_TSS || s == VMBT_SEL_LDT)
					ok = ours(s, e[n], e[n + 1], ldt);
				else if (s == VMBT_SEL_TSS + 8 || s == VMBT_SEL_LDT + 8)
					ok = true;
				else if (s == VMBT_SEL_VMM_CS)
					ok = (e[n] >> 40 & 0xfd) == 0x99;
				else if (s == VMBT_SEL_VMM_SS)
					ok = (e[n] >> 40 & 0xff) == 0x93;
				else
					ok = harmless(e[n]);
				if (ok)
					continue;
				*sel = s | (i == DESC_LDT ? DESC_SEL_TI : 0) | w << 16;
				*raw = e[n];
				return false;
			}
		}
	}
	return true;
}

/**
 * desc_raw() - what a selector stands for in the run tables in use
 * @v: the vCPU
 * @sel: a selector
 * Return: its descriptor, 0 if there is none
 */
u64 desc_raw(struct vcpu *v, u16 sel)
{
	return desc_tab_of(v, sel)->hw[v->desc->view][sel >> 3];
}
