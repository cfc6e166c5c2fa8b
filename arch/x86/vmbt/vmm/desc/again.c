// SPDX-License-Identifier: GPL-2.0
/*
 * The same way from ring 3 into the guest's kernel once more.
 *
 * A system call finds the segment registers as the last one found them, and
 * leaves them to the kernel as the last one did. Finding that out anew, entry by
 * entry, is most of what a system call costs in here. So what the registers and
 * all that is known of them came to is kept, with the selectors that ring 3 had.
 * It holds for as long as no entry of the run tables changes: they are what says
 * that a selector means the same segment.
 *
 * The CPU has those selectors when it comes from ring 3, so their hidden parts are
 * from the run tables, too.
 */
#include "desc_int.h"

/**
 * struct again - one way
 * @arrived: the selectors that the CPU had, by enum vmbt_sreg
 * @data: those of DS, ES, FS and GS as they are in a frame
 * @seg: the guest's registers at the first instruction of its handler
 * @cur: what is known of them then
 * @other: and of those of ring 3
 * @loaded: what the CPU holds
 * @same: %cs and %gs as the ring-1 runtime was told of them
 * @changes: of the run tables, up to then
 * @frame: selectors and seg_load of the entry, @frame.data like @data
 * @learned: all of this is set
 */
struct again {
	u16 arrived[VMBT_NSEG];
	u64 data;
	struct vmbt_seg seg[VMBT_NSEG];
	struct desc_regs cur;
	struct desc_regs other;
	struct desc_loaded loaded[VMBT_NSEG];
	struct vmbt_mon_same same[2];
	u64 changes;
	struct {
		u64 data;
		u16 ss;
		u32 seg_load;
	} frame;
	bool learned;
};

static struct again ways[DESC_WAYS];

_Static_assert(offsetof(struct vmbt_frame, gs) == offsetof(struct vmbt_frame, ds) + 6,
	       "four selectors in a row");

/* DS, ES, FS and GS of a frame. */
static u64 data_sels(const struct vmbt_frame *f)
{
	u64 all;

	__builtin_memcpy(&all, &f->ds, sizeof(all));
	return all;
}

static void set_data_sels(struct vmbt_frame *f, u64 all)
{
	__builtin_memcpy(&f->ds, &all, sizeof(all));
}

/**
 * desc_again_begin() - the guest has come from ring 3 on way @n
 * @v: the vCPU, its frame as the CPU left it
 * @n: 0 to DESC_WAYS - 1
 */
void desc_again_begin(struct vcpu *v, u32 n)
{
	const struct vmbt_frame *f = &v->frame;

	ways[n].arrived[VMBT_ES] = f->es;
	ways[n].arrived[VMBT_CS] = f->cs;
	ways[n].arrived[VMBT_SS] = f->ss;
	ways[n].arrived[VMBT_DS] = f->ds;
	ways[n].arrived[VMBT_FS] = f->fs;
	ways[n].arrived[VMBT_GS] = f->gs;
	ways[n].data = data_sels(f);
	ways[n].learned = false;
}

/**
 * desc_again_learn() - keep what way @n has led to
 * @v: the vCPU, desc_prepare() has been called for VCPU_BT1
 * @n: the way that desc_again_begin() was called for
 */
void desc_again_learn(struct vcpu *v, u32 n)
{
	const struct vmbt_frame *f = &v->frame;
	const struct desc *d = v->desc;
	struct again *a = &ways[n];

	if (d->regime != 1 || d->remap || d->cur.stale)
		return;
	for (int s = 0; s < VMBT_NSEG; s++) {
		if (d->cur.state[s] != DESC_SHADOWED)
			return;
		/* The CPU may have nulled one that the guest sees otherwise. */
		if (s != VMBT_CS && s != VMBT_SS &&
		    v->guest->seg[s].sel != a->arrived[s])
			return;
		a->seg[s] = v->guest->seg[s];
		a->loaded[s] = d->loaded[s];
	}
	a->cur = d->cur;
	a->other = d->other;
	a->same[0] = v->mon->same[VMBT_CS];
	a->same[1] = v->mon->same[VMBT_GS];
	a->changes = d->changes;
	a->frame.ss = f->ss;
	a->frame.data = data_sels(f);
	a->frame.seg_load = f->seg_load;
	a->learned = true;
}

/* A null selector of the CPU's may be another null one of the guest's. */
static bool came(const struct vcpu *v, const struct again *a, enum vmbt_sreg s, u16 sel)
{
	u16 seen = v->guest->seg[s].sel;

	return sel == a->arrived[s] &&
	       (!DESC_SEL_NULL(sel) || !DESC_SEL_NULL(seen) || seen == sel);
}

/**
 * desc_again_fits() - is this way @n, and would it lead where it led?
 * @v: the vCPU, its frame as the CPU left it at ring 3, from VCPU_DE or, by the
 *	ring-1 runtime's IRET, from VCPU_BT1
 * @n: the way
 * @back: the frame's CS and SS are those of ring 3
 */
bool desc_again_fits(struct vcpu *v, u32 n, bool back)
{
	const struct vmbt_frame *f = &v->frame;
	const struct again *a = &ways[n];
	const struct desc *d = v->desc;

	if (!a->learned || a->changes != d->changes || d->remap)
		return false;
	/* Where it is not offered, ring-1 code has forged its way to ring 3. */
	if (v->mode == VCPU_BT1 && !desc_offer_stands(d))
		return false;
	if (back && (f->cs != a->arrived[VMBT_CS] || f->ss != a->arrived[VMBT_SS]))
		return false;
	return came(v, a, VMBT_DS, f->ds) && came(v, a, VMBT_ES, f->es) &&
	       came(v, a, VMBT_FS, f->fs) && came(v, a, VMBT_GS, f->gs);
}

static void enter(struct vmbt_frame *f, const struct again *a)
{
	f->cs = VMBT_SEL_TC1_CS;
	f->ss = a->frame.ss;
	set_data_sels(f, a->frame.data);
	f->seg_load = a->frame.seg_load;
}

/**
 * desc_again_take() - go way @n: registers, what is known of them, and the frame
 * @v: the vCPU; desc_again_fits()
 * @n: the way
 */
void desc_again_take(struct vcpu *v, u32 n)
{
	const struct again *a = &ways[n];
	struct vmbt_frame *f = &v->frame;
	struct desc *d = v->desc;

	for (int s = 0; s < VMBT_NSEG; s++) {
		v->guest->seg[s] = a->seg[s];
		d->loaded[s] = a->loaded[s];
	}
	desc_use_view(v, VCPU_BT1);
	d->cur = a->cur;
	d->other = a->other;
	d->regime = 1;
	d->watch = false;
	v->mon->same[VMBT_CS] = a->same[0];
	v->mon->same[VMBT_GS] = a->same[1];
	enter(f, a);
}

/**
 * desc_again_at_once() - go way @n a second time, if it is that
 * @v: the vCPU, its frame as the CPU left it at ring 3. Since desc_again_take() the guest
 *	has run, and its page faults have been served
 * @n: the way
 * @back: the frame's CS and SS are those of ring 3
 *
 * The guest's registers and what is known of them are as they were, but for what the CPU
 * has in its own. Those are compared as came() does: what was seen then is what arrived.
 *
 * Return: false: nothing has changed
 */
bool desc_again_at_once(struct vcpu *v, u32 n, bool back)
{
	struct vmbt_frame *f = &v->frame;
	const struct again *a = &ways[n];
	const struct desc *d = v->desc;

	/* Else ring-1 code has forged its way to ring 3. */
	if (!desc_offer_stands(d) || a->changes != d->changes || d->remap ||
	    data_sels(f) != a->data)
		return false;
	if (back && (f->cs != a->arrived[VMBT_CS] || f->ss != a->arrived[VMBT_SS]))
		return false;
	enter(f, a);
	return true;
}
