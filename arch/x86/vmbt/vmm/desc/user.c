// SPDX-License-Identifier: GPL-2.0
/*
 * From ring 1 to ring 3 without the VMM.
 *
 * The guest's IRET to its ring 3 leads from translated code to direct
 * execution. Where both use the same run tables (floating monitor area), the
 * CPU's own IRET at ring 1 does that, if nothing has changed since the VMM saw
 * to it last that ring 3 may run directly. When it runs so, the VMM offers the
 * way back to it; whatever would make it decide anew revokes the offer. What it
 * cannot see, writes to a GDT that is compared instead of traced and what ring 1
 * has written to one by an alias, the ring-1 runtime compares itself. With what, and
 * which writes those are, ring 1 may forge: ring 3 then gets what the guest's table
 * said when the run table was made from it.
 *
 * Ring 1 may forge the offer, or go to ring 3 without one. It gets there what
 * ring 3 gets anyway: segments out of the run tables. The VMM accepts that it
 * happened only while its own note says that the offer stands, and takes all
 * segments from the CPU's selectors and the tables.
 */
#include "desc_int.h"
#include "../cpu/cpu.h"

/**
 * desc_revoke_user() - the next way to ring 3 leads through the VMM
 * @v: the vCPU; an entry of the run tables changes, or what selectors mean
 */
void desc_revoke_user(struct vcpu *v)
{
	v->desc->changes++;
	v->desc->user_offered = false;
	v->desc->user_waits = false;
	v->mon->no_user = 1;
}

/**
 * desc_suspend_user() - nor does the next one until desc_resume_user()
 * @v: the vCPU; what the offer came from may have changed
 */
void desc_suspend_user(struct vcpu *v)
{
	struct desc *d = v->desc;

	d->user_waits |= d->user_offered;
	d->user_offered = false;
	v->mon->no_user = 1;
}

/**
 * desc_resume_user() - it has not
 * @v: the vCPU
 */
void desc_resume_user(struct vcpu *v)
{
	struct desc *d = v->desc;

	if (!d->user_waits)
		return;
	d->user_waits = false;
	d->user_offered = true;
	v->mon->no_user = 0;
}

/* What the GDT has, for the runtime to compare it with. */
static void copy_gdt(struct vcpu *v)
{
	const struct desc_table *t = &v->desc->tab[DESC_GDT];

	for (u32 i = 0; i < (t->limit + 1) / 8; i++)
		__builtin_memcpy(v->mon->gdt + 2 * i, &t->src[i], 8);
}

/* Let the runtime compare all of the GDT; false if it cannot. */
static bool show_gdt(struct vcpu *v)
{
	const struct desc_table *t = &v->desc->tab[DESC_GDT];
	const struct vmbt_seg *ss = &v->desc->offered_ss;
	u32 n = (t->limit + 1) / 4, off = t->base - ss->base;
	struct vmbt_mon *m = v->mon;

	/* Four at a time, by offsets in SS that do not wrap. */
	if (n > ARRAY_SIZE(m->gdt) || n % 4 || !(ss->attr & VMBT_ATTR_P) ||
	    (ss->attr & VMBT_ATTR_E) || off > ss->limit || ss->limit - off < n * 4 - 1)
		return false;
	copy_gdt(v);
	m->gdt_off = off;
	m->gdt_n = n;
	return true;
}

/* Or where it has been written to by its alias. */
static void show_gdt_alias(struct vcpu *v)
{
	const struct desc_table *t = &v->desc->tab[DESC_GDT];

	copy_gdt(v);
	v->mon->gdt_bytes = (t->limit + 1) & ~7U;
	v->mon->gdt_delta = -(VMBT_MON_ALIAS + VMBT_MON_GDT_ALIAS * 4096 + (t->base & 0xfff));
}

/* Is @seg what the run table has for its selector? */
static bool in_table(struct vcpu *v, const struct vmbt_seg *seg)
{
	const struct desc_table *t = &v->desc->tab[DESC_GDT];
	u32 idx = seg->sel >> 3;
	struct vmbt_seg has;

	if ((seg->sel & DESC_SEL_TI) || idx >= t->first || !desc_bit(t->filled, idx))
		return false;
	desc_unpack(t->src[idx], &has);
	return has.base == seg->base && has.limit == seg->limit && has.attr == seg->attr;
}

/* Let the runtime do SYSEXIT, where IRET comes to the same; CS is null if not. */
static void show_sysexit(struct vcpu *v)
{
	struct vmbt_seg cs, ss;

	v->mon->frame[1] = 0;
	if (!cpu_sysexit_segs(v, &cs, &ss) || !in_table(v, &cs) || !in_table(v, &ss))
		return;
	v->mon->frame[1] = cs.sel;
	v->mon->frame[4] = ss.sel;
}

/**
 * desc_offer_user() - ring 3 runs directly: it may be come back to
 * @v: the vCPU, desc_prepare() has been called for VCPU_DE
 */
void desc_offer_user(struct vcpu *v)
{
	struct desc *d = v->desc;

	if (likely(d->user_offered))
		return;
	/* Breakpoints on instructions are the CPU's at ring 3 only. */
	if (d->truncates || d->remap || d->tab[DESC_LDT].compared ||
	    (v->shared->no_offers & VMBT_OFFER_USER) ||
	    (v->guest->dr[7] & VMBT_DR7_ENABLED))
		return;
	v->mon->gdt_n = 0;
	if (d->tab[DESC_GDT].compared && !show_gdt(v))
		return;
	if (d->tab[DESC_GDT].alias)
		show_gdt_alias(v);
	show_sysexit(v);
	d->user_cs = v->guest->seg[VMBT_CS];
	d->user_ss = v->guest->seg[VMBT_SS];
	d->user_offered = true;
	v->mon->no_user = 0;
}

/*
 * @sel in @s, by the run tables; false if it is no segment of the guest's. Where
 * @same, the register had at the last exit what the table says of its selector,
 * and the tables are as they were since.
 */
static bool arrive(struct vcpu *v, enum vmbt_sreg s, u16 sel, bool same)
{
	const struct desc_table *t = desc_tab_of(v, sel);
	struct vmbt_seg *seg = &v->guest->seg[s];
	struct desc *d = v->desc;
	u32 idx = sel >> 3;
	bool ok = true;
	u64 raw = 0;

	/* The selector of a null segment is what it was. */
	if (DESC_SEL_NULL(sel) && DESC_SEL_NULL(seg->sel))
		sel = seg->sel;
	if (seg->sel != sel)
		d->other.stale |= BIT(s);
	if (same && seg->sel == sel) {
		if (seg->attr & VMBT_ATTR_P)
			raw = t->hw[d->view][idx];
	} else if (!DESC_SEL_NULL(sel)) {
		ok = idx < t->first && desc_bit(t->filled, idx);
		desc_unpack(t->src[idx], seg);
		raw = t->hw[d->view][idx];
	} else if (s != VMBT_CS && s != VMBT_SS) {
		*seg = (struct vmbt_seg){ 0 };
	} else {
		ok = false;
	}
	seg->sel = sel;
	d->loaded[s] = (struct desc_loaded){ .raw = raw, .sel = sel, .known = true };
	d->cur.state[s] = DESC_SHADOWED;
	return ok;
}

/**
 * desc_user_stands() - may the CPU have gone from translated code to ring 3 by itself?
 * @v: the vCPU
 *
 * Return: true: it had an offer, which still stands
 */
bool desc_user_stands(const struct vcpu *v)
{
	return desc_offer_stands(v->desc);
}

/**
 * desc_user_arrived() - the CPU went from translated code to ring 3 by itself
 * @v: the vCPU, in VCPU_BT1, the frame's CS of ring 3
 *
 * That the CPU has a selector at ring 3 means that the segment may be there.
 * SYSENTER does not say where it comes from: the segments that ring 3 had when it
 * was last seen are as good as any, they are about to be replaced.
 *
 * Return: false if that was not to happen: ring-1 code has done it
 */
bool desc_user_arrived(struct vcpu *v)
{
	const struct vmbt_frame *f = &v->frame;
	struct desc *d = v->desc;
	struct desc_regs was = d->cur;
	u32 same = 0;

	if (!desc_offer_stands(d))
		return false;
	d->cur = d->other;
	d->other = was;
	d->regime = 3;
	d->cur.stale = 0;
	for (int s = 0; s < VMBT_NSEG; s++)
		same |= (was.state[s] == DESC_SHADOWED) << s;
	same &= ~was.stale;
	v->guest->seg[VMBT_CS] = d->user_cs;
	v->guest->seg[VMBT_SS] = d->user_ss;
	if (f->vector != VMBT_VEC_SYSENTER &&
	    (!arrive(v, VMBT_CS, f->cs, true) || !arrive(v, VMBT_SS, f->ss, true)))
		return false;
	return arrive(v, VMBT_DS, f->ds, same & BIT(VMBT_DS)) &&
	       arrive(v, VMBT_ES, f->es, same & BIT(VMBT_ES)) &&
	       arrive(v, VMBT_FS, f->fs, same & BIT(VMBT_FS)) &&
	       arrive(v, VMBT_GS, f->gs, same & BIT(VMBT_GS));
}
