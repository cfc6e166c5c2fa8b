// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that keep faulting become callouts.
 *
 * On traces, where no memory is, or at the end of a segment that is truncated for the
 * monitor area: what only the VMM can do. A kernel writes page tables with a few
 * instructions, and each such write faults: recovering the state of a fault, fetching,
 * decoding and finding the way back cost several times what a callout does, which keeps
 * its instruction decoded and goes on behind it. But a callout costs more than a thousand
 * times what a write without a trace does, and the same instruction writes tables that
 * are in use and others that are being torn down. So it asks by the page, in the
 * ring-1 runtime, before it is one: mon->hot has the pages with traces, as far as
 * faults and the tables' comings and goings tell. And the page tables among them ring 1
 * then writes to by itself (mmu/alias.c).
 *
 * Whether it pays is watched: of each WINDOW callouts USEFUL must have been needed,
 * or the instruction is copied again, and needs twice as many faults the next time.
 * One in RING1_COLD of the writes that did not look like it is a callout all the same, and
 * counts for several.
 *
 * Instructions are known by physical address. What is known of one says nothing
 * wrong of another that takes its place: any may be interpreted.
 */
#include "bt_int.h"
#include "../mmu/mmu.h"

/* Faults of an instruction that make it a callout. */
#define FAULTS		8
/*
 * A trace fault costs about four callouts: of four in an mprotect(), each spared
 * 4,200 instructions of the VMM's when it became a callout of 1,300.
 */
#define WINDOW		32
#define USEFUL		8
#define BACKOFF_MOST	10
/* Records in which an instruction may be: two that meet must not be all there is. */
#define PLACES		4
/*
 * What one of RING1_COLD writes counts that did not look like meeting a trace: six of
 * them, and 384 writes that asked for nothing, cost what the eight that are needed for
 * a window spare.
 */
#define COLD_COUNTS	4

/* Where @gpa may be known, the first, second and so on. */
static struct bt_hot *place_of(struct bt *bt, u64 gpa, u32 n)
{
	return &bt->hot[((u32)(gpa ^ gpa >> 9) + n) % BT_HOT];
}

/* What is known of the instruction at @gpa, or NULL. */
static struct bt_hot *find(struct bt *bt, u64 gpa)
{
	struct bt_hot *h;
	u32 n;

	for (n = 0; n < PLACES; n++) {
		h = place_of(bt, gpa, n);
		if (h->gpa == gpa)
			return h;
	}
	return NULL;
}

/*
 * The same, and if nothing is known yet a record in place of that of another with the
 * fewest faults. What is a callout must stay known, to be changed back.
 */
static struct bt_hot *find_or_make(struct bt *bt, u64 gpa)
{
	struct bt_hot *best = find(bt, gpa), *h;
	u32 n;

	if (best)
		return best;
	for (n = 0; n < PLACES; n++) {
		h = place_of(bt, gpa, n);
		if (!h->callout && (!best || h->faults < best->faults))
			best = h;
	}
	if (best)
		*best = (struct bt_hot){ .gpa = gpa };
	return best;
}

/*
 * Physical address of the instruction at @off of @u, 0 if that is not in the
 * unit's first page or the unit is no ordinary one.
 */
static u64 insn_gpa(const struct bt_unit *u, u32 off)
{
	if (off >= BT_MAX_BYTES || (u->flags & (BT_U_DEAD | BT_U_CHECK)) ||
	    (u->gpa & 4095) + off > 4095)
		return 0;
	return u->gpa + off;
}

/**
 * bt_adapt_fault() - an access of translated code has faulted, and is the VMM's
 * @v: the vCPU, right behind bt_sync()
 * @lin: where it is
 */
void bt_adapt_fault(struct vcpu *v, u32 lin)
{
	u32 off = lin - v->guest->seg[VMBT_DS].base;
	struct bt *bt = v->bt;
	const struct bt_unit *u;
	struct bt_hot *h;
	u64 gpa;

	if (!v->mon->hot[vmbt_hot_index(off)])
		v->mon->hot[vmbt_hot_index(off)] = 1;
	if (bt->last_unit == BT_NIL || (v->shared->no_offers & VMBT_OFFER_ADAPT))
		return;
	u = bt_unit(bt, bt->last_unit);
	gpa = insn_gpa(u, v->guest->eip - u->eip);
	if (!gpa)
		return;
	h = find_or_make(bt, gpa);
	if (!h || h->callout || ++h->faults < FAULTS << h->backoff)
		return;
	h->faults = 0;
	h->seen = 0;
	h->useful = 0;
	h->callout = true;
	v->stats->adapted++;
	bt_retranslate(v, gpa);
}

/* bt_adapted() - shall the instruction at @off of unit @u be a callout? */
bool bt_adapted(struct bt *bt, const struct bt_unit *u, u32 off,
		const struct vmbt_insn *in)
{
	u64 gpa = insn_gpa(u, off);
	const struct bt_hot *h;

	if (!gpa || in->cls != VMBT_CLS_COPY ||
	    !(in->flags & (VMBT_IF_MEM_WRITE | VMBT_IF_MEM_READ)) ||
	    (in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD | VMBT_IF_STR_DST | VMBT_IF_STR_SRC)) ||
	    in->op == VMBT_OP_XLAT)
		return false;
	/* Flags that are undefined shall not be now the CPU's, now the interpreter's. */
	if (!(in->flags & VMBT_IF_MEM_WRITE) && in->fl_undef)
		return false;
	h = find(bt, gpa);
	return h && h->callout;
}

/* Is the operand of @in, at @off of its segment, where a truncated one has nothing? */
static bool behind_limit(struct vcpu *v, const struct vmbt_insn *in, u32 off)
{
	return v->shared->mon_policy != VMBT_MON_FLOATING && in->mem.seg < VMBT_NSEG &&
	       mmu_area_at(v, v->guest->seg[in->mem.seg].base + off);
}

/**
 * bt_adapt_done() - the instruction of the last callout has been done
 * @v: the vCPU
 * @useful: only the VMM could do it
 */
void bt_adapt_done(struct vcpu *v, bool useful)
{
	struct bt *bt = v->bt;
	const struct bt_site *s = bt->last_site;
	struct bt_hot *h;
	u8 *hot;
	u32 off;
	u64 gpa;

	if (!s)
		return;
	gpa = insn_gpa(bt_unit(bt, s->unit), bt_map(bt, s->map)->g_off);
	if (!gpa)
		return;
	h = find(bt, gpa);
	if (!h || !h->callout)
		return;
	if (s->insn.known) {
		off = vmbt_insn_ea(&s->insn.in, v->guest->gpr);
		useful |= behind_limit(v, &s->insn.in, off);
		hot = &v->mon->hot[vmbt_hot_index(off)];
		if (!useful && !*hot)
			h->seen += COLD_COUNTS - 1;
		if (!useful)
			*hot = 0;
		else if (s->insn.in.mem.seg == VMBT_SEG_DS)
			mmu_alias(v, v->guest->seg[VMBT_DS].base + off);
	}
	h->seen++;
	h->useful += useful;
	if (h->seen < WINDOW)
		return;
	if (h->useful < USEFUL) {
		h->callout = false;
		if (h->backoff < BACKOFF_MOST)
			h->backoff++;
		v->stats->unadapted++;
		bt_retranslate(v, gpa);
	}
	h->seen = 0;
	h->useful = 0;
}
