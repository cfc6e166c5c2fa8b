// SPDX-License-Identifier: GPL-2.0
/*
 * The segment registers: what state each is in, and what the CPU gets.
 *
 * A register's state does not depend on how it got its value, only on what the
 * hidden part says now and what the guest's table says now. So there are no
 * transitions to get wrong: events (a load, a write to the guest's table, a new
 * GDTR or CR3, another CPL) only mark a register stale, and when its state is
 * asked for next, find() says what is the case and state_of[] what follows.
 * A cached register thus becomes shadowed again by itself when the table agrees
 * with it, as after a boot loader's switch to protected mode.
 *
 * desc_prepare() turns the guest's registers into selectors for the CPU, and
 * asks only for those loads that would change something.
 */
#include "desc_int.h"

static struct desc the_desc;

/* What there is to find out about a register, and what state that means. */
enum desc_finding {
	FIND_NULL,		/* null selector: as good as any table entry */
	FIND_UNUSABLE,		/* not present behind a selector that is not null */
	FIND_NO_TABLE,		/* real or v86 mode: selectors are paragraphs */
	FIND_OURS,		/* an index that the VMM's entries occupy */
	FIND_PRIVILEGE,		/* IRETQ or the load would refuse or null it */
	FIND_TYPE,		/* the CPU would not load this type here */
	FIND_MISSING,		/* the guest's table has no such entry (any more) */
	FIND_DIFFERS,		/* it has, with other contents */
	FIND_SAME,
};

static const u8 state_of[] = {
	[FIND_NULL]		= DESC_SHADOWED,
	[FIND_UNUSABLE]		= DESC_CACHED,
	[FIND_NO_TABLE]		= DESC_CACHED,
	[FIND_OURS]		= DESC_CACHED,
	[FIND_PRIVILEGE]	= DESC_CACHED,
	[FIND_TYPE]		= DESC_CACHED,
	[FIND_MISSING]		= DESC_CACHED,
	[FIND_DIFFERS]		= DESC_CACHED,
	[FIND_SAME]		= DESC_SHADOWED,
};

#define ALL_SEGS	(BIT(VMBT_NSEG) - 1)
#define DATA_SEGS	(BIT(VMBT_ES) | BIT(VMBT_DS) | BIT(VMBT_FS) | \
			 BIT(VMBT_GS))

/* The ring that the guest's CPL runs at in translated code. */
static u8 hw_cpl(const struct vcpu *v)
{
	return vcpu_cpl(v) ? 3 : 1;
}

static bool privilege_fits(const struct vmbt_seg *seg, enum vmbt_sreg s, u8 cpl)
{
	u8 dpl = desc_hw_dpl(seg), rpl = seg->sel & DESC_SEL_RPL;

	switch (s) {
	case VMBT_CS:
		/* Translated code has a code segment of its own. */
		return cpl != 3 || (rpl == 3 && dpl == 3);
	case VMBT_SS:
		return dpl == cpl;
	default:
		return dpl >= cpl && dpl >= rpl;
	}
}

static bool type_fits(const struct vmbt_seg *seg, enum vmbt_sreg s)
{
	u16 type = seg->attr & (VMBT_ATTR_CODE | VMBT_ATTR_W);

	switch (s) {
	case VMBT_CS:
		return seg->attr & VMBT_ATTR_CODE;
	case VMBT_SS:
		return type == VMBT_ATTR_W;
	default:
		return type != VMBT_ATTR_CODE;
	}
}

static enum desc_finding find(struct vcpu *v, enum vmbt_sreg s)
{
	const struct vmbt_seg *seg = &v->guest->seg[s];
	const struct desc_table *t = desc_tab_of(v, seg->sel);
	struct vmbt_seg have = { 0 };

	if (!vcpu_protected(v))
		return FIND_NO_TABLE;
	if (!(seg->attr & VMBT_ATTR_P))
		return DESC_SEL_NULL(seg->sel) && s != VMBT_CS &&
		       s != VMBT_SS ? FIND_NULL : FIND_UNUSABLE;
	if (DESC_SEL_NULL(seg->sel))
		return FIND_DIFFERS;
	if (seg->sel >> 3 >= (int)t->first)
		return FIND_OURS;
	if (!privilege_fits(seg, s, hw_cpl(v)))
		return FIND_PRIVILEGE;
	if (!type_fits(seg, s))
		return FIND_TYPE;
	if (!desc_fill(v, seg->sel))
		return FIND_MISSING;
	desc_unpack(t->src[seg->sel >> 3], &have);
	if (have.base != seg->base || have.limit != seg->limit ||
	    (have.attr | VMBT_ATTR_ACCESSED) !=
	    (seg->attr | VMBT_ATTR_ACCESSED))
		return FIND_DIFFERS;
	return FIND_SAME;
}

/*
 * IRETQ may turn a null selector of 1 to 3 in DS or ES into 0, so as long as the
 * guest has one, what the CPU has does not say whether it loaded 0 since.
 */
static bool null_offered(const struct vcpu *v)
{
	for (u32 segs = DATA_SEGS; segs; segs &= segs - 1) {
		u16 sel = v->guest->seg[__builtin_ctz(segs)].sel;

		if (DESC_SEL_NULL(sel) && sel)
			return false;
	}
	return true;
}

/*
 * Where DS is flat an offset in it is a linear address: by its selector, of which the run
 * table says so as long as the offer stands.
 */
static void show_flat(struct vcpu *v, const struct vmbt_seg *ds)
{
	u32 want = VMBT_ATTR_P | VMBT_ATTR_S | VMBT_ATTR_W;

	if (ds->base || ds->limit != 0xffffffff ||
	    (ds->attr & (want | VMBT_ATTR_CODE | VMBT_ATTR_E)) != want)
		return;
	v->desc->flat = ds->sel;
	v->mon->alias_ds = -(u32)ds->sel;
}

/*
 * Tell the ring-1 runtime about the selector in @s: the register is what the
 * guest's table says. It looks at the table itself, through SS, since pages that
 * are only compared may have changed. In CS and GS, which it cannot load, such a
 * selector would change nothing. The others it may load whatever they have.
 */
static void offer_one(struct vcpu *v, enum vmbt_sreg s)
{
	const struct vmbt_seg *seg = &v->guest->seg[s];
	const struct vmbt_seg *ss = &v->guest->seg[VMBT_SS];
	const struct desc_table *t = desc_tab_of(v, seg->sel);
	struct vmbt_mon_same same = { .neg_sel = VMBT_MON_NONE };
	u32 off = t->base + (seg->sel & ~7U) - ss->base;
	u64 raw = t->src[seg->sel >> 3];

	if (v->desc->cur.state[s] != DESC_SHADOWED)
		goto out;
	if (s == VMBT_CS && (seg->sel & DESC_SEL_RPL))
		goto out;
	if (!(seg->attr & VMBT_ATTR_P)) {
		same.neg_sel = -(u32)seg->sel;
		goto out;
	}
	if (!off || off > 0xfffffff8 || (ss->attr & VMBT_ATTR_E) ||
	    off + 7 > ss->limit)
		goto out;
	same.neg_sel = -(u32)seg->sel;
	same.off = off;
	same.neg_lo = -(u32)raw;
	same.neg_hi = -(u32)(raw >> 32);
out:
	if (s == VMBT_CS || s == VMBT_GS)
		v->mon->same[s] = same;
	else if (DESC_SEL_NULL(seg->sel) && !null_offered(v))
		v->mon->offer[0].neg_sel = VMBT_MON_NONE;
	else if (same.neg_sel != VMBT_MON_NONE &&
		 !(v->shared->no_offers & VMBT_OFFER_LOADS))
		v->mon->offer[seg->sel / 8 % VMBT_MON_OFFERS] = same;
	if (s == VMBT_DS && same.off)
		show_flat(v, seg);
}

/**
 * desc_forget_offer() - what run-table entry @idx says is about to change
 * @v: the vCPU
 * @idx: index, in either table
 */
void desc_forget_offer(struct vcpu *v, u32 idx)
{
	v->mon->offer[idx % VMBT_MON_OFFERS].neg_sel = VMBT_MON_NONE;
	if (idx % VMBT_MON_OFFERS == v->desc->flat / 8 % VMBT_MON_OFFERS)
		v->mon->alias_ds = VMBT_MON_NONE;
	desc_revoke_user(v);
}

static void forget_offers(struct vcpu *v)
{
	for (u32 i = 0; i < VMBT_MON_OFFERS; i++)
		desc_forget_offer(v, i);
}

/* The runtime's view of registers @segs at ring 1, of all if SS is another. */
static void offer(struct vcpu *v, u32 segs)
{
	const struct vmbt_seg *ss = &v->guest->seg[VMBT_SS];
	struct vmbt_seg *was = &v->desc->offered_ss;

	if (ss->base != was->base || ss->limit != was->limit || ss->attr != was->attr) {
		*was = *ss;
		forget_offers(v);
		segs = ALL_SEGS;
	}
	for (; segs; segs &= segs - 1)
		offer_one(v, __builtin_ctz(segs));
}

/**
 * desc_monitor_moved() - the monitor area has another base
 * @v: the vCPU
 *
 * The segments of translated code have that base, and truncation depends on it.
 */
void desc_monitor_moved(struct vcpu *v)
{
	desc_own_entries(v);
	desc_revoke_user(v);
	for (int i = 0; v->desc->truncates && i < DESC_NTAB; i++)
		desc_drop_all(v, &v->desc->tab[i]);
}

/* Bring tables and states up to date with whatever happened since. */
static void refresh(struct vcpu *v)
{
	struct desc *d = v->desc;
	u8 regime = vcpu_protected(v) ? hw_cpl(v) : 0;
	u32 changed;

	if (v->mon_base != d->mon_base || v->mon_data != d->mon_data)
		desc_monitor_moved(v);
	if (regime != d->regime) {
		struct desc_regs was = d->cur;

		/* Between rings, what was known there still holds. */
		d->cur = d->other;
		d->other = was;
		if (!regime || !d->regime)
			desc_stale(v, ALL_SEGS);
		d->regime = regime;
	}
	if (!regime) {
		d->cur.stale = 0;
		for (int s = 0; s < VMBT_NSEG; s++)
			d->cur.state[s] = state_of[FIND_NO_TABLE];
		return;
	}
	desc_check_moved(v);
	if (d->remap)
		desc_check_maps(v);
	changed = d->cur.stale;
	while (d->cur.stale) {
		int s = __builtin_ctz(d->cur.stale);

		d->cur.stale &= ~BIT(s);
		changed |= BIT(s);
		d->cur.state[s] = state_of[find(v, s)];
	}
	if (regime == 1)
		offer(v, changed);
}

/**
 * desc_init() - set up the shadow tables and v->desc
 * @v: the vCPU, with guest, shared, mon_base and mon_data set, after mmu_init()
 */
void desc_init(struct vcpu *v)
{
	v->desc = &the_desc;
	the_desc = (struct desc){
		.cur.stale = ALL_SEGS,
		.other.stale = ALL_SEGS,
		.truncates = v->shared->mon_policy != VMBT_MON_FLOATING,
	};
	the_desc.current.generation = 1;
	forget_offers(v);
	desc_tables_init(v);
}

/**
 * desc_state() - state of a segment register
 * @v: the vCPU
 * @s: register
 *
 * Return: DESC_NEUTRAL for CS and GS while translated code has the CPU, since
 * what is in them then is the VMM's; otherwise what the guest's value is
 */
enum desc_state desc_state(struct vcpu *v, enum vmbt_sreg s)
{
	if ((s == VMBT_CS || s == VMBT_GS) && v->raw && v->mode != VCPU_DE)
		return DESC_NEUTRAL;
	refresh(v);
	return v->desc->cur.state[s];
}

static bool all_shadowed(const struct desc *d)
{
	for (int s = 0; s < VMBT_NSEG; s++)
		if (d->cur.state[s] != DESC_SHADOWED)
			return false;
	return true;
}

/**
 * desc_all_shadowed() - may the CPU have the guest's own selectors?
 * @v: the vCPU, about to run ring 3
 * Return: true if all six registers are shadowed, by tables that agree with
 * the guest's now
 */
bool desc_all_shadowed(struct vcpu *v)
{
	refresh(v);
	desc_compare(v);
	refresh(v);
	return all_shadowed(v->desc);
}

/**
 * desc_seg_loaded() - a segment register has a new value
 * @v: the vCPU
 * @s: register, v->guest->seg[s] is checked and stored
 */
void desc_seg_loaded(struct vcpu *v, enum vmbt_sreg s)
{
	desc_stale(v, BIT(s));
	v->events |= VCPU_EV_SEGS;
}

/**
 * desc_segs_changed() - any of the segment registers may have a new value
 * @v: the vCPU
 */
void desc_segs_changed(struct vcpu *v)
{
	desc_stale(v, ALL_SEGS);
	v->events |= VCPU_EV_SEGS;
}

/**
 * desc_tables_changed() - GDTR or LDTR has a new value
 * @v: the vCPU
 */
void desc_tables_changed(struct vcpu *v)
{
	desc_check_moved(v);
	v->events |= VCPU_EV_SEGS;
}

/**
 * desc_mappings_changed() - linear addresses may mean other frames now
 * @v: the vCPU
 *
 * Costs one walk per page of the tables in use, when they are used next.
 */
void desc_mappings_changed(struct vcpu *v)
{
	v->desc->remap = true;
	desc_suspend_user(v);
}

/**
 * desc_mapping_changed() - one linear address may mean another frame now
 * @v: the vCPU
 * @lin: the address, any in its page
 *
 * What a table's own pages mean is asked again, as the CPU may after an INVLPG of
 * another page only (SDM vol. 3, 4.10.4.1 and 4.10.2.3: it may, and need not).
 */
void desc_mapping_changed(struct vcpu *v, u32 lin)
{
	for (int i = 0; i < DESC_NTAB; i++) {
		const struct desc_table *t = &v->desc->tab[i];

		if (t->valid && (lin & ~0xfffU) - (t->base & ~0xfffU) <=
				(t->base & 0xfff) + t->limit) {
			desc_mappings_changed(v);
			return;
		}
	}
}

/**
 * desc_segs_lost() - the CPU's data segment registers are not ours any more
 * @v: the vCPU
 */
void desc_segs_lost(struct vcpu *v)
{
	for (int s = 0; s < VMBT_NSEG; s++)
		v->desc->loaded[s].known = false;
}

/* Hidden part @seg in the VMM's own descriptor for register @s. */
static u16 cached(struct vcpu *v, enum vmbt_sreg s, u8 cpl, u64 *raw)
{
	struct desc *d = v->desc;
	struct vmbt_seg seg = v->guest->seg[s];
	u16 sel = VMBT_SEL_CACHED(s);

	/*
	 * Real mode leaves any type behind, and so may user space: the CPU
	 * must load it without a fault, the interpreter knows better.
	 */
	if (s == VMBT_SS && !type_fits(&seg, s))
		seg.attr = (seg.attr & VMBT_ATTR_DB) | VMBT_ATTR_W;
	else if (!type_fits(&seg, s))
		seg.attr &= ~VMBT_ATTR_CODE;

	*raw = d->truncates ? desc_hw_truncated(&seg, cpl, d->mon_data,
						d->flip_cached >> s & 1) :
			      desc_hw(&seg, cpl);
	d->tab[DESC_GDT].hw[DESC_VIEW_BT][sel >> 3] = *raw;
	return sel | cpl;
}

/* The selector for register @s and the descriptor that it stands for. */
static u16 hw_selector(struct vcpu *v, enum vmbt_sreg s, u8 cpl, u64 *raw)
{
	const struct vmbt_seg *seg = &v->guest->seg[s];
	struct desc *d = v->desc;

	if (s != VMBT_SS && !(seg->attr & VMBT_ATTR_P)) {
		*raw = 0;
		return d->cur.state[s] == DESC_SHADOWED ? seg->sel : 0;
	}
	if (d->cur.state[s] != DESC_SHADOWED)
		return cached(v, s, cpl, raw);
	*raw = desc_tab_of(v, seg->sel)->hw[d->view][seg->sel >> 3];
	return s == VMBT_SS ? (seg->sel & ~DESC_SEL_RPL) | cpl : seg->sel;
}

static u16 *frame_sel(struct vcpu *v, enum vmbt_sreg s)
{
	switch (s) {
	case VMBT_ES:
		return &v->frame.es;
	case VMBT_DS:
		return &v->frame.ds;
	case VMBT_FS:
		return &v->frame.fs;
	default:
		return &v->frame.gs;
	}
}

/**
 * desc_use_view() - the run tables for a way to run
 * @v: the vCPU
 * @mode: what will run
 *
 * Where no segment is truncated one pair of tables does for both. What the VMM
 * has there for translated ring-3 code, ring 3 must not find when it runs
 * directly.
 */
void desc_use_view(struct vcpu *v, enum vcpu_mode mode)
{
	struct desc *d = v->desc;
	enum desc_view view = mode == VCPU_DE && d->truncates ? DESC_VIEW_DE : DESC_VIEW_BT;
	bool ring3 = mode == VCPU_BT3 || d->truncates;

	if (unlikely(d->ring3 != ring3))
		desc_own_ring3(v, ring3);
	if (d->view == view && d->current.gdt_base)
		return;
	d->view = view;
	d->current.gdt_base = (u64)(size_t)d->tab[DESC_GDT].hw[view];
	d->current.gdt_limit = DESC_ENTRIES * 8 - 1;
	d->current.ldt_base = (u64)(size_t)d->tab[DESC_LDT].hw[view];
	d->current.ldt_sel = VMBT_SEL_LDT;
	d->current.generation++;
}

/* Ask for a load of @s unless the CPU has just that. */
static void want(struct vcpu *v, enum vmbt_sreg s, u16 sel, u64 raw)
{
	struct desc_loaded *l = &v->desc->loaded[s];
	u16 *in_frame = frame_sel(v, s);

	/* Ring 1 may have loaded something else behind our back. */
	if (!l->known || *in_frame != l->sel || l->sel != sel || l->raw != raw)
		v->frame.seg_load |= 1 << s;
	*in_frame = sel;
	l->sel = sel;
	l->raw = raw;
	l->known = true;
}

/**
 * desc_prepare() - selectors for the next entry to the guest
 * @v: the vCPU, its guest state in sync
 * @mode: what will run; VCPU_DE only if desc_all_shadowed()
 */
void desc_prepare(struct vcpu *v, enum vcpu_mode mode)
{
	struct desc *d = v->desc;
	u8 cpl = mode == VCPU_BT1 ? 1 : 3;
	u16 sel;
	u64 raw;

	refresh(v);
	d->watch = false;
	/* What an entry asked for that was given up before it ran is still to be loaded. */
	desc_use_view(v, mode);
	if (mode == VCPU_DE) {
		if (!all_shadowed(d))
			plat_panic("direct execution with a cached segment");
		desc_fill_small(v);
		v->frame.cs = v->guest->seg[VMBT_CS].sel | 3;
	} else {
		v->frame.cs = mode == VCPU_BT1 ? VMBT_SEL_TC1_CS :
						 VMBT_SEL_TC3_CS;
	}

	v->frame.ss = hw_selector(v, VMBT_SS, cpl, &raw);
	for (u32 segs = DATA_SEGS; segs; segs &= segs - 1) {
		enum vmbt_sreg s = __builtin_ctz(segs);

		if (s == VMBT_GS && mode != VCPU_DE) {
			sel = mode == VCPU_BT1 ? VMBT_SEL_MON1_GS :
						 VMBT_SEL_MON3_GS;
			raw = d->tab[DESC_GDT].hw[d->view][sel >> 3];
		} else {
			sel = hw_selector(v, s, cpl, &raw);
		}
		want(v, s, sel, raw);
	}
}

/**
 * desc_prepare_own() - ring-1 code of the VMM's own is about to run
 * @v: the vCPU
 * @f: gets code segment, stack and %gs of translated code, and no other segment
 */
void desc_prepare_own(struct vcpu *v, struct vmbt_frame *f)
{
	if (v->mon_base != v->desc->mon_base || v->mon_data != v->desc->mon_data)
		desc_monitor_moved(v);
	desc_use_view(v, VCPU_BT1);
	f->cs = VMBT_SEL_TC1_CS;
	f->ss = VMBT_SEL_MON1_GS;
	f->ds = 0;
	f->es = 0;
	f->fs = 0;
	f->gs = VMBT_SEL_MON1_GS;
	f->seg_load = DATA_SEGS;
	desc_segs_lost(v);
}

/* The guest loaded @sel by itself: the shadow entry says what came with it. */
static void take(struct vcpu *v, enum vmbt_sreg s, u16 sel)
{
	struct vmbt_seg *seg = &v->guest->seg[s];
	struct desc_table *t = desc_tab_of(v, sel);
	u32 idx = sel >> 3;

	if (!DESC_SEL_NULL(sel) && desc_bit(t->filled, idx)) {
		desc_unpack(t->src[idx], seg);
		seg->sel = sel;
		v->desc->loaded[s].raw = t->hw[v->desc->view][idx];
	} else if (s != VMBT_CS && s != VMBT_SS) {
		*seg = (struct vmbt_seg){ .sel = sel };
		v->desc->loaded[s].raw = 0;
	}
	v->desc->loaded[s].sel = sel;
	v->desc->cur.state[s] = DESC_SHADOWED;
	v->desc->other.stale |= BIT(s);
}

/**
 * desc_sync_de() - take back what the guest loaded while it ran natively
 * @v: the vCPU, just back from VCPU_DE, frame as the CPU left it
 *
 * A selector that differs from the one given was loaded by the guest, from a
 * shadow entry that is still there (only the VMM drops them), or nulled by its
 * IRET or RETF.
 */
void desc_sync_de(struct vcpu *v)
{
	if ((u16)v->frame.cs != v->guest->seg[VMBT_CS].sel)
		take(v, VMBT_CS, v->frame.cs);
	if ((u16)v->frame.ss != v->guest->seg[VMBT_SS].sel)
		take(v, VMBT_SS, v->frame.ss);
	for (u32 segs = DATA_SEGS; segs; segs &= segs - 1) {
		enum vmbt_sreg s = __builtin_ctz(segs);
		u16 sel = *frame_sel(v, s);

		if (sel != v->desc->loaded[s].sel)
			take(v, s, sel);
	}
}

/* What a selector means that ring 1 has loaded; false if it is not the guest's. */
static bool take_loaded(struct vcpu *v, enum vmbt_sreg s, u16 sel)
{
	const struct desc_table *t = desc_tab_of(v, sel);
	struct desc_loaded *l = &v->desc->loaded[s];
	struct vmbt_seg *seg = &v->guest->seg[s];
	u32 idx = sel >> 3;

	if (DESC_SEL_NULL(sel)) {
		*seg = (struct vmbt_seg){ .sel = sel };
		l->raw = 0;
		return true;
	}
	if (idx >= t->first || !desc_bit(t->filled, idx))
		return false;
	desc_unpack(t->src[idx], seg);
	seg->sel = sel;
	l->raw = t->hw[DESC_VIEW_BT][idx];
	return true;
}

/**
 * desc_sync_bt() - take back what translated code loaded
 * @v: the vCPU, just back from VCPU_BT1, frame as the CPU left it
 *
 * To be called before anything can change the run tables: what a selector that
 * differs from the one given was loaded from is still there then, and the CPU
 * has checked type and privilege. So code that the translator has not made, too,
 * loads the guest's own segments and nothing else; of a selector of the VMM's no
 * notice is taken, and desc_prepare() loads what belongs there.
 */
void desc_sync_bt(struct vcpu *v)
{
	struct desc *d = v->desc;

	for (u32 segs = DATA_SEGS & ~BIT(VMBT_GS); segs; segs &= segs - 1) {
		enum vmbt_sreg s = __builtin_ctz(segs);
		u16 sel = *frame_sel(v, s);

		if (likely(sel == d->loaded[s].sel) || d->regime != 1 ||
		    (DESC_SEL_NULL(sel) && DESC_SEL_NULL(d->loaded[s].sel)) ||
		    !take_loaded(v, s, sel))
			continue;
		d->loaded[s].sel = sel;
		d->cur.state[s] = DESC_SHADOWED;
		d->other.stale |= BIT(s);
	}
}

/**
 * desc_fault() - a selector fault that shadowing may have caused
 * @v: the vCPU
 * @vector: VMBT_VEC_GP, NP, SS or TS
 * @error: its error code
 * Return: true if the entry was merely not filled: let the guest try again
 */
bool desc_fault(struct vcpu *v, u32 vector, u32 error)
{
	const struct desc_table *t = desc_tab_of(v, error);
	u16 sel = error & 0xfffc;

	if (vector != VMBT_VEC_GP && vector != VMBT_VEC_NP &&
	    vector != VMBT_VEC_SS && vector != VMBT_VEC_TS)
		return false;
	/* Bits 0 and 1: an external event, an IDT gate. */
	if ((error & ~0xfffcU) || DESC_SEL_NULL(sel) || !vcpu_protected(v))
		return false;
	refresh(v);
	if (desc_bit(t->filled, sel >> 3))
		return false;
	return desc_fill(v, sel);
}

/**
 * desc_limit_fault() - a limit fault that truncation may have caused
 * @v: the vCPU; translated code met #GP(0) or #SS(0)
 * Return: true if a loaded segment is truncated. The interpreter then decides,
 * and its accesses choose the half of the segment to show from now on.
 */
bool desc_limit_fault(struct vcpu *v)
{
	struct desc *d = v->desc;

	if (!d->truncates || v->mode == VCPU_DE)
		return false;
	for (int s = 0; s < VMBT_NSEG; s++)
		if (s != VMBT_CS && s != VMBT_GS &&
		    desc_is_truncated(&v->guest->seg[s], d->mon_data))
			d->watch = true;
	return d->watch;
}

/**
 * desc_note_access() - an access of the interpreted instruction
 * @v: the vCPU
 * @s: segment register used
 * @off: offset in it
 */
void desc_note_access(struct vcpu *v, enum vmbt_sreg s, u32 off)
{
	const struct vmbt_seg *seg = &v->guest->seg[s];
	struct desc *d = v->desc;
	struct desc_table *t = desc_tab_of(v, seg->sel);
	bool table = d->cur.state[s] == DESC_SHADOWED;
	bool flip;

	if (!d->watch || s == VMBT_CS || s == VMBT_GS ||
	    (d->cur.stale >> s & 1) || !(seg->attr & VMBT_ATTR_P))
		return;
	flip = table ? desc_bit(t->flip, seg->sel >> 3) :
		       d->flip_cached >> s & 1;
	if (!desc_other_half(seg, off, d->mon_data, flip))
		return;
	if (table)
		desc_flip_entry(v, t, seg->sel >> 3);
	else
		d->flip_cached ^= 1 << s;
}

const struct desc_tables *desc_current(struct vcpu *v)
{
	return &v->desc->current;
}
