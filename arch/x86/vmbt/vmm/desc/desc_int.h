/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of desc/: the shadow tables' state, shared by its files.
 *
 * pack.c takes descriptors apart, trunc.c makes hardware descriptors of them,
 * table.c keeps the shadow tables in step with the guest's, state.c says what
 * may stand in each segment register. Nothing here is for other folders, but
 * the unit tests look in to check the invariants over whole tables.
 */
#ifndef VMBT_DESC_INT_H
#define VMBT_DESC_INT_H

#include "desc.h"
#include "../mmu/mmu.h"
#include "../plat.h"

#define DESC_ENTRIES	8192
#define DESC_BITMAP	(DESC_ENTRIES / 64)
/* 64 KiB may touch 17 pages when the table is not page aligned. */
#define DESC_PAGES	17
#define DESC_NO_GFN	(~0ULL)

#define DESC_SEL_RPL	3
#define DESC_SEL_TI	4
#define DESC_SEL_NULL(sel)	(!((sel) & 0xfffc))

/* The two views of the shadow tables. */
enum desc_view {
	DESC_VIEW_DE,
	DESC_VIEW_BT,
	DESC_NVIEW,
};

/* The two tables of a guest. */
enum desc_tab {
	DESC_GDT,
	DESC_LDT,
	DESC_NTAB,
};

/**
 * struct desc_table - a guest table and what is shadowed of it
 * @base: linear base as the guest has it
 * @limit: its limit; entries wholly below it exist
 * @valid: false for a null LDTR
 * @first: guest indices below this may be shadowed (the GDT's last are ours)
 * @src: the guest's descriptor as it was read last, when it was filled or not
 * @filled: bit per entry that the shadow tables hold
 * @flip: bit per entry whose truncated form is the other one (trunc.c)
 * @gfn: frame behind each page of the table, DESC_NO_GFN where not traced
 * @beside: writes to each page that hit no entry of the table
 * @writes: writes to each page that hit an entry
 * @hot: bit per page that has too many of either to be traced
 * @busy: those of them that are hot for the entries written only
 * @compared: bit per hot page that is shadowed from all the same: the guest's
 *	entries are read again before direct execution (desc_compare())
 * @read: of a table with such pages, all of @src that matters was read for the
 *	present entry to direct execution
 * @alias: ring 1 may write to the GDT by an alias of its page (mmu/alias.c)
 * @complete: all entries of a small table have been tried since the last drop
 * @hw: the run tables, one per view
 */
struct desc_table {
	u32 base;
	u32 limit;
	bool valid;
	u32 first;
	u64 *src;
	u64 filled[DESC_BITMAP];
	u64 flip[DESC_BITMAP];
	u64 gfn[DESC_PAGES];
	u16 beside[DESC_PAGES];
	u16 writes[DESC_PAGES];
	u32 hot;
	u32 busy;
	u32 compared;
	bool read;
	bool alias;
	bool complete;
	u64 *hw[DESC_NVIEW];
};

/* What the CPU has in a data segment register: selector and content. */
struct desc_loaded {
	u64 raw;
	u16 sel;
	bool known;
};

/**
 * struct desc_regs - what is known of the registers at one ring
 * @state: enum desc_state of each segment register, as far as not @stale
 * @stale: bit per register whose state must be found out again
 * @pad: zero
 */
struct desc_regs {
	u8 state[VMBT_NSEG];
	u8 stale;
	u8 pad;
};

/**
 * struct desc - segment state of one vCPU
 * @tab: GDT and LDT
 * @cur: the registers at the guest's present ring
 * @other: at the other: system calls and returns come back to it unchanged
 * @regime: what @cur was found for: 0 without tables, else the ring
 * @spared: mon->gdt_spared when it was looked at last
 * @offered_ss: SS when the ring-1 runtime was told about all registers
 * @user_offered: and that it may go to ring 3 (user.c)
 * @flat: selector of the flat segment that ring 1 was told of (mon->alias_ds), or 0
 * @user_waits: that was so, and will be if @remap turns out to mean nothing
 * @user_cs: CS there when that was offered
 * @user_ss: SS likewise
 * @ring3: the entries for translated ring-3 code are in the run GDT: always where
 *	direct execution has another one
 * @remap: the guest's tables may have moved in physical memory
 * @truncates: segments are truncated below the monitor area's data page
 * @mon_base: monitor area's place that the VMM's entries have
 * @mon_data: its data page's, which truncation has, too
 * @changes: counts whatever changes the run tables or what they stand for (again.c)
 * @loaded: what DS, ES, FS and GS of the CPU hold
 * @flip_cached: bit per register: truncated form of its cached descriptor
 * @watch: the next accesses decide about flipping
 * @view: the run tables in use
 * @current: and as metal_run() loads them
 */
struct desc {
	struct desc_table tab[DESC_NTAB];
	struct desc_regs cur;
	struct desc_regs other;
	u8 regime;
	u8 flip_cached;
	bool remap;
	bool truncates;
	bool watch;
	u32 spared;
	u32 mon_base;
	u32 mon_data;
	struct vmbt_seg offered_ss;
	struct vmbt_seg user_cs;
	struct vmbt_seg user_ss;
	bool user_offered;
	bool user_waits;
	u16 flat;
	bool ring3;
	u64 changes;
	struct desc_loaded loaded[VMBT_NSEG];
	enum desc_view view;
	struct desc_tables current;
};

/* pack.c */
u64 desc_hw(const struct vmbt_seg *seg, u8 dpl);

/* trunc.c */
u64 desc_hw_truncated(const struct vmbt_seg *seg, u8 dpl, u32 mon, bool flip);
bool desc_is_truncated(const struct vmbt_seg *seg, u32 mon);
bool desc_other_half(const struct vmbt_seg *seg, u32 off, u32 mon, bool flip);

/* state.c */
void desc_forget_offer(struct vcpu *v, u32 idx);
void desc_use_view(struct vcpu *v, enum vcpu_mode mode);

/* user.c */
void desc_suspend_user(struct vcpu *v);
void desc_resume_user(struct vcpu *v);

/* table.c */
void desc_tables_init(struct vcpu *v);
void desc_own_entries(struct vcpu *v);
void desc_own_ring3(struct vcpu *v, bool on);
bool desc_fill(struct vcpu *v, u16 sel);
void desc_fill_small(struct vcpu *v);
void desc_drop_all(struct vcpu *v, struct desc_table *t);
void desc_drop_entry(struct vcpu *v, struct desc_table *t, u32 idx);
void desc_flip_entry(struct vcpu *v, struct desc_table *t, u32 idx);
void desc_check_maps(struct vcpu *v);
void desc_check_moved(struct vcpu *v);
void desc_compare(struct vcpu *v);
u8 desc_hw_dpl(const struct vmbt_seg *seg);

static inline struct desc_table *desc_tab_of(struct vcpu *v, u16 sel)
{
	return &v->desc->tab[sel & DESC_SEL_TI ? DESC_LDT : DESC_GDT];
}

/* Has ring 1 the offer to go to ring 3, which nobody has seen it take? */
static inline bool desc_offer_stands(const struct desc *d)
{
	return d->user_offered && d->regime == 1;
}

static inline void desc_stale(struct vcpu *v, u32 segs)
{
	v->desc->cur.stale |= segs;
	v->desc->other.stale |= segs;
}

/* Has ring 1 written to the GDT by its alias since it was compared? */
static inline bool desc_noted(const struct vcpu *v)
{
	return READ_ONCE(v->mon->gdt_left) != VMBT_MON_LOG;
}

static inline bool desc_bit(const u64 *map, u32 i)
{
	return map[i / 64] >> (i % 64) & 1;
}

static inline u8 desc_seg_dpl(const struct vmbt_seg *seg)
{
	return (seg->attr & VMBT_ATTR_DPL) >> VMBT_ATTR_DPL_SHIFT;
}

static inline bool desc_conforming(u16 attr)
{
	return (attr & (VMBT_ATTR_CODE | VMBT_ATTR_E)) ==
	       (VMBT_ATTR_CODE | VMBT_ATTR_E);
}

#endif
