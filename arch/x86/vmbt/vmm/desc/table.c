// SPDX-License-Identifier: GPL-2.0
/*
 * The shadow GDT and LDT: filled from the guest's tables on first use, dropped
 * when the guest writes there.
 *
 * While ring 3 runs natively, an entry is present in the run tables only if it
 * is known to say what the guest's table says: the guest's page is write-traced
 * before the entry is read, and dropped before a write takes effect. A page
 * that is written too often for that is compared instead, before ring 3 runs,
 * if ring 3 cannot write it.
 *
 * Ring 1 may have an alias of the page of a small GDT. It notes what it writes there
 * before it does, and who is about to run ring 3, the ring-1 runtime or desc_compare(),
 * compares that, or all, before it drops the notes. So what ring 1 can forge, by a write
 * without a note, by notes, or by what the runtime compares with, is that its ring 3 finds
 * what its table said before: the entries are made by the VMM alone.
 *
 * Translated code reloads nothing from the tables:
 * for that an entry need only say what the register says. The guest's descriptor is read
 * once, into @src; the hardware's is made of that by desc_hw() and nothing
 * else. System descriptors, not-present ones and ones that the guest's CPU has
 * not marked accessed yet stay out: their use faults, and the fault is
 * interpreted exactly.
 *
 * The tables are static: the image serves one vCPU. They are reached through
 * struct desc only.
 */
#include "desc_int.h"

/* A table this small is filled in one go: LSL in user code must see it all. */
#define DESC_SMALL	64

/*
 * Writes beside a table before its page counts as hot. Boot code has its GDT
 * next to its stack (Linux' decompressor does), small kernels keep theirs among
 * other data: a trace there costs a fault for every push. Until GDTR or LDTR
 * points elsewhere, such a page is compared or, where the guest's ring 3 may
 * write it, not shadowed from at all: the registers are cached.
 */
#define DESC_BESIDE	100

/*
 * Writes to a table before its page counts as hot: Linux writes three entries
 * at each task switch. Where ring 3 may write it, it is traced nevertheless.
 */
#define DESC_WRITES	1000

/*
 * Most do so without the VMM, by an alias (mmu/alias.c). Each time that such writes have
 * been compared there is one less that counts; so many count if they were more than there is
 * room for, which is a way to the VMM.
 */
#define DESC_FULL	16

static u64 run_tables[DESC_NVIEW][DESC_NTAB][DESC_ENTRIES] __aligned(4096);
static u64 sources[DESC_NTAB][DESC_ENTRIES];
static u64 tss_base;

static u64 *own(u64 *gdt, u32 sel)
{
	return &gdt[sel >> 3];
}

/* A 16-byte system descriptor of long mode (SDM vol. 3, figure 7-4). */
static void set_system(u64 *gdt, u32 sel, u8 type, u64 base, u32 limit)
{
	struct vmbt_seg s = {
		.base = base, .limit = limit, .attr = VMBT_ATTR_P | type,
	};
	u64 *e = own(gdt, sel);

	e[0] = desc_pack(&s);
	e[1] = base >> 32;
}

/**
 * desc_set_tss() - enter the image's TSS in both run GDTs, not busy
 * @base: its address in the VMM
 *
 * The limit leaves no room for an I/O bitmap: every port is denied.
 */
void desc_set_tss(u64 base)
{
	tss_base = base;
	for (int i = 0; i < DESC_NVIEW; i++)
		set_system(run_tables[i][DESC_GDT], VMBT_SEL_TSS, 9, base,
			   0x67);
}

/**
 * desc_own_entries() - write the VMM's entries, at the present monitor base
 * @v: the vCPU
 *
 * The DE view has only what DPL 0 protects: a guest that runs natively must
 * not find a selector of ours to load. Translated code gets its own code
 * segments, which it reads its tables through, and %gs.
 */
void desc_own_entries(struct vcpu *v)
{
	struct vmbt_seg tc = {
		.base = v->mon_base, .limit = VMBT_MON_SIZE - 1,
		.attr = VMBT_ATTR_CODE | VMBT_ATTR_W | VMBT_ATTR_DB,
	};
	struct vmbt_seg gs = {
		.base = v->mon_data,
		.limit = v->mon_data == v->mon_base ? VMBT_MON_SIZE - 1 : VMBT_MON_TC - 1,
		.attr = VMBT_ATTR_W | VMBT_ATTR_DB,
	};
	bool ring3 = v->desc->ring3;
	struct vmbt_seg vmm_cs = {
		.attr = VMBT_ATTR_P | VMBT_ATTR_S | VMBT_ATTR_L |
			VMBT_ATTR_CODE | VMBT_ATTR_ACCESSED,
	};
	struct vmbt_seg vmm_ss = {
		.limit = 0xffffffff,
		.attr = VMBT_ATTR_P | VMBT_ATTR_S | VMBT_ATTR_DB | VMBT_ATTR_G |
			VMBT_ATTR_W | VMBT_ATTR_ACCESSED,
	};

	for (int i = 0; i < DESC_NVIEW; i++) {
		u64 *gdt = v->desc->tab[DESC_GDT].hw[i];

		*own(gdt, VMBT_SEL_VMM_CS) = desc_pack(&vmm_cs);
		*own(gdt, VMBT_SEL_VMM_SS) = desc_pack(&vmm_ss);
		set_system(gdt, VMBT_SEL_LDT, 2,
			   (u64)(size_t)v->desc->tab[DESC_LDT].hw[i], 0xffff);
		if (tss_base)
			set_system(gdt, VMBT_SEL_TSS, 9, tss_base, 0x67);
		if (i != DESC_VIEW_BT)
			continue;
		*own(gdt, VMBT_SEL_TC1_CS) = desc_hw(&tc, 1);
		*own(gdt, VMBT_SEL_TC3_CS) = ring3 ? desc_hw(&tc, 3) : 0;
		*own(gdt, VMBT_SEL_MON1_GS) = desc_hw(&gs, 1);
		*own(gdt, VMBT_SEL_MON3_GS) = ring3 ? desc_hw(&gs, 3) : 0;
	}
	v->desc->mon_base = v->mon_base;
	v->desc->mon_data = v->mon_data;
}

/**
 * desc_own_ring3() - enter or clear the VMM's entries of DPL 3
 * @v: the vCPU
 * @on: translated ring-3 code is about to run; else none of it has a selector
 *	of the VMM's that is not loaded anew
 */
void desc_own_ring3(struct vcpu *v, bool on)
{
	u64 *gdt = v->desc->tab[DESC_GDT].hw[DESC_VIEW_BT];

	v->desc->ring3 = on;
	desc_own_entries(v);
	for (int s = 0; !on && s < VMBT_NSEG; s++)
		*own(gdt, VMBT_SEL_CACHED(s)) = 0;
}

/**
 * desc_hw_dpl() - the privilege a guest segment has in the run tables
 * @seg: the guest's segment
 *
 * The guest's ring 0 is ring 1. A conforming segment can be run and read from
 * every ring, at the privilege one has: a non-conforming one of DPL 3 is just
 * that for ring 3, and translated code does not load guest code segments but
 * for reading.
 *
 * Return: 1, 2 or 3, never 0
 */
u8 desc_hw_dpl(const struct vmbt_seg *seg)
{
	u8 dpl = desc_seg_dpl(seg);

	if (desc_conforming(seg->attr))
		return 3;
	return dpl ? dpl : 1;
}

static void set_bit(u64 *map, u32 i)
{
	map[i / 64] |= 1ULL << (i % 64);
}

static void clear_bit(u64 *map, u32 i)
{
	map[i / 64] &= ~(1ULL << (i % 64));
}

/**
 * desc_drop_entry() - forget a shadow entry
 * @v: the vCPU
 * @t: the table
 * @idx: index; nothing happens if it is not filled
 */
void desc_drop_entry(struct vcpu *v, struct desc_table *t, u32 idx)
{
	if (!desc_bit(t->filled, idx))
		return;
	for (int i = 0; i < DESC_NVIEW; i++)
		t->hw[i][idx] = 0;
	clear_bit(t->filled, idx);
	clear_bit(t->flip, idx);
	desc_forget_offer(v, idx);
}

/* Registers that hold a selector of [first, last], a bit each. */
static u32 segs_of(struct vcpu *v, u32 tab, u32 first, u32 last)
{
	u32 segs = 0;

	for (int s = 0; s < VMBT_NSEG; s++) {
		u16 sel = v->guest->seg[s].sel;

		if (desc_tab_of(v, sel) == &v->desc->tab[tab] &&
		    sel >> 3 >= (int)first && sel >> 3 <= (int)last)
			segs |= BIT(s);
	}
	return segs;
}

/* They must be looked at again. */
static void stale_segs(struct vcpu *v, u32 tab, u32 first, u32 last)
{
	u32 segs = segs_of(v, tab, first, last);

	desc_stale(v, segs);
	if (segs)
		v->events |= VCPU_EV_SEGS;
}

/*
 * May ring 1 write to the GDT by itself? All of it in one page that no LDT is in, at dwords
 * as the runtime compares them, and no more than that has room for.
 */
static void ask_alias(struct vcpu *v)
{
	struct desc_table *t = &v->desc->tab[DESC_GDT];
	const u64 *ldt = v->desc->tab[DESC_LDT].gfn;
	u64 gfn = t->gfn[0];

	if (t->limit >= sizeof(v->mon->gdt) || (t->base & 3) ||
	    (t->base & 0xfff) + t->limit > 0xfff)
		gfn = DESC_NO_GFN;
	for (u32 p = 0; p < DESC_PAGES; p++)
		if (ldt[p] == gfn)
			gfn = DESC_NO_GFN;
	if (gfn != DESC_NO_GFN && !t->alias)
		desc_revoke_user(v);
	t->alias = gfn != DESC_NO_GFN;
	mmu_alias_gdt(v, gfn);
}

/**
 * desc_drop_all() - forget a whole table and stop watching it
 * @v: the vCPU
 * @t: the table
 */
void desc_drop_all(struct vcpu *v, struct desc_table *t)
{
	for (u32 i = 0; i < DESC_BITMAP; i++)
		while (t->filled[i])
			desc_drop_entry(v, t, i * 64 +
					__builtin_ctzll(t->filled[i]));
	for (u32 p = 0; p < DESC_PAGES; p++) {
		u64 gfn = t->gfn[p];

		t->gfn[p] = DESC_NO_GFN;
		if (gfn == DESC_NO_GFN)
			continue;
		/* The other table, or another page of it, may share it. */
		for (int o = 0; o < DESC_NTAB; o++)
			for (u32 q = 0; q < DESC_PAGES; q++)
				if (v->desc->tab[o].gfn[q] == gfn)
					gfn = DESC_NO_GFN;
		if (gfn != DESC_NO_GFN)
			mmu_trace_del(v, gfn, MMU_TRACE_DESC);
	}
	ask_alias(v);
	t->complete = false;
	t->read = false;
	t->compared = 0;
	desc_revoke_user(v);
	stale_segs(v, t - v->desc->tab, 0, DESC_ENTRIES - 1);
}

static u32 page_of(const struct desc_table *t, u32 off)
{
	return ((t->base & 0xfff) + off) >> 12;
}

/* May the guest's ring 3 write there, as far as this mapping goes? */
static bool user_writes(struct vcpu *v, u32 lin)
{
	struct mmu_xlat x;

	return mmu_walk(v, lin, MMU_USER | MMU_WRITE | MMU_PEEK, &x) == X_OK;
}

/* One of the pages that are compared. */
static bool writable_by_user(struct vcpu *v, const struct desc_table *t)
{
	for (u32 p = t->compared; p; p &= p - 1) {
		u32 page = __builtin_ctz(p);

		if (user_writes(v, page ? (t->base & ~0xfffU) + page * 4096 : t->base))
			return true;
	}
	return false;
}

/*
 * Watch the page with offset @off of the table, or have it compared; false if
 * it is not mapped or neither can be done.
 */
static bool watch_page(struct vcpu *v, struct desc_table *t, u32 off)
{
	struct mmu_xlat x;
	u32 page = page_of(t, off);

	if (page >= DESC_PAGES)
		return false;
	if (t->hot >> page & 1) {
		if ((t->compared >> page & 1) ||
		    !user_writes(v, t->base + off)) {
			t->compared |= 1U << page;
			return true;
		}
		if (!(t->busy >> page & 1))
			return false;
		t->hot &= ~(1U << page);
		t->busy &= ~(1U << page);
	}
	if (t->gfn[page] != DESC_NO_GFN)
		return true;
	if (mmu_walk(v, t->base + off, MMU_READ | MMU_PEEK, &x) != X_OK)
		return false;
	mmu_trace_add(v, x.gpa >> 12, MMU_TRACE_DESC);
	t->gfn[page] = x.gpa >> 12;
	ask_alias(v);
	return true;
}

static void put_entry(struct vcpu *v, struct desc_table *t, u32 idx, u64 raw)
{
	struct desc *d = v->desc;
	struct vmbt_seg seg = { 0 };
	u64 bt, de;
	u8 dpl;

	desc_unpack(raw, &seg);
	dpl = desc_hw_dpl(&seg);
	bt = d->truncates ? desc_hw_truncated(&seg, dpl, d->mon_data,
					      desc_bit(t->flip, idx)) :
			    desc_hw(&seg, dpl);
	/* Only DPL 3 is of use to ring 3: the rest stays truncated. */
	de = dpl == 3 ? desc_hw(&seg, dpl) : bt;
	t->hw[DESC_VIEW_BT][idx] = bt;
	t->hw[DESC_VIEW_DE][idx] = de;
	set_bit(t->filled, idx);
	desc_forget_offer(v, idx);
	v->stats->desc_fills++;
}

/**
 * desc_flip_entry() - show the other half of a truncated segment
 * @v: the vCPU
 * @t: the table
 * @idx: index of a filled entry
 */
void desc_flip_entry(struct vcpu *v, struct desc_table *t, u32 idx)
{
	t->flip[idx / 64] ^= 1ULL << (idx % 64);
	put_entry(v, t, idx, t->src[idx]);
}

/* S set, present, accessed: what may be shadowed. */
static bool worthy(u64 raw)
{
	u16 need = VMBT_ATTR_S | VMBT_ATTR_P | VMBT_ATTR_ACCESSED;

	return (raw >> 40 & need) == need;
}

/**
 * desc_fill() - make a selector's entry present if the guest's table has it
 * @v: the vCPU, in protected mode
 * @sel: selector, not null
 *
 * Faults of the guest's tables leave the entry out; v->exc is not touched.
 *
 * Return: true if the shadow tables hold the entry now
 */
bool desc_fill(struct vcpu *v, u16 sel)
{
	struct desc_table *t = desc_tab_of(v, sel);
	struct vcpu_exc exc = v->exc;
	u32 idx = sel >> 3, off = idx * 8;
	bool ok;
	u64 raw;

	if (desc_bit(t->filled, idx))
		return true;
	if (!t->valid || idx >= t->first || off + 7 > t->limit)
		return false;
	ok = watch_page(v, t, off) && watch_page(v, t, off + 7) &&
	     mmu_read(v, t->base + off, &raw, 8, MMU_PEEK) == X_OK;
	v->exc = exc;
	if (!ok)
		return false;
	/* What was found at the other ring was found by the old contents; so is what is shown. */
	if (t->src[idx] != raw) {
		desc_stale(v, segs_of(v, t - v->desc->tab, idx, idx));
		if (t->alias || t->compared)
			desc_revoke_user(v);
	}
	t->src[idx] = raw;
	if (!worthy(raw))
		return false;
	put_entry(v, t, idx, raw);
	return true;
}

/**
 * desc_fill_small() - fill whole tables before direct execution, if small
 * @v: the vCPU, in protected mode
 *
 * User code may ask LSL about a segment it never loads (Linux' vDSO does, for
 * the number of the CPU), and an entry that is merely not filled yet would
 * give the wrong answer without a fault to catch. After desc_compare().
 */
void desc_fill_small(struct vcpu *v)
{
	for (u32 tab = 0; tab < DESC_NTAB; tab++) {
		struct desc_table *t = &v->desc->tab[tab];
		u32 n = (t->limit + 1) / 8;

		if (!t->valid || t->complete || n > DESC_SMALL)
			continue;
		for (u32 i = tab == DESC_GDT; i < n; i++) {
			/* What is compared has been read for this entry. */
			if (t->read && !worthy(t->src[i]))
				continue;
			desc_fill(v, i << 3 |
				  (tab == DESC_LDT ? DESC_SEL_TI : 0));
		}
		t->complete = true;
	}
}

/* Page @p is written too often to be traced. */
static void too_hot(struct vcpu *v, struct desc_table *t, u32 p)
{
	t->beside[p] = 0;
	t->writes[p] = 0;
	t->hot |= 1U << p;
	desc_drop_all(v, t);
}

/* The VMM has been told of @n writes to the table in page @p. */
static void count_writes(struct vcpu *v, struct desc_table *t, u32 p, u32 n)
{
	u32 spared = READ_ONCE(v->mon->gdt_spared) - v->desc->spared;

	if (t->alias) {
		v->desc->spared += spared;
		t->writes[p] -= spared < t->writes[p] ? spared : t->writes[p];
	}
	t->writes[p] += n;
	if (t->writes[p] < DESC_WRITES)
		return;
	t->busy |= 1U << p;
	too_hot(v, t, p);
}

/* Entries with a byte in [gpa, gpa + len) of page @p, which is written. */
static void drop_range(struct vcpu *v, struct desc_table *t, u32 p, u32 in_page,
		       u32 len)
{
	s64 lo = (s64)p * 4096 + in_page - (t->base & 0xfff);
	s64 hi = lo + len - 1;

	if (hi < 0 || lo > t->limit) {
		if (++t->beside[p] >= DESC_BESIDE)
			too_hot(v, t, p);
		return;
	}
	if (lo < 0)
		lo = 0;
	if (hi > t->limit)
		hi = t->limit;
	for (u32 i = lo >> 3; i <= hi >> 3; i++)
		desc_drop_entry(v, t, i);
	/* One that is not there may be worthy now, which ring 3 would see by LSL. */
	if (t->complete)
		desc_revoke_user(v);
	t->complete = false;
	t->read = false;
	stale_segs(v, t - v->desc->tab, lo >> 3, hi >> 3);
	count_writes(v, t, p, 1);
}

static void on_write(struct vcpu *v, u64 gpa, u32 len)
{
	while (len) {
		u32 in_page = gpa & 0xfff;
		u32 n = len < 4096 - in_page ? len : 4096 - in_page;

		for (int i = 0; i < DESC_NTAB; i++) {
			struct desc_table *t = &v->desc->tab[i];

			for (u32 p = 0; p < DESC_PAGES; p++)
				if (t->gfn[p] == gpa >> 12)
					drop_range(v, t, p, in_page, n);
		}
		gpa += n;
		len -= n;
	}
}

/**
 * desc_check_moved() - drop what was read from where GDTR or LDTR pointed
 * @v: the vCPU
 */
void desc_check_moved(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	struct desc_table *gdt = &v->desc->tab[DESC_GDT];
	struct desc_table *ldt = &v->desc->tab[DESC_LDT];
	bool valid = g->ldtr.attr & VMBT_ATTR_P;
	/* Indices end at 8191 whatever an LDT descriptor says. */
	u32 limit = g->ldtr.limit > 0xffff ? 0xffff : g->ldtr.limit;

	if (gdt->base != g->gdtr.base || gdt->limit != g->gdtr.limit) {
		desc_drop_all(v, gdt);
		gdt->hot = 0;
		gdt->busy = 0;
		gdt->base = g->gdtr.base;
		gdt->limit = g->gdtr.limit;
	}
	if (ldt->valid != valid || ldt->base != g->ldtr.base ||
	    ldt->limit != limit) {
		desc_drop_all(v, ldt);
		ldt->hot = 0;
		ldt->busy = 0;
		ldt->valid = valid;
		ldt->base = g->ldtr.base;
		ldt->limit = limit;
	}
}

/**
 * desc_check_maps() - after a change of mappings, are the tables where they
 * were?
 * @v: the vCPU
 */
void desc_check_maps(struct vcpu *v)
{
	struct vcpu_exc exc = v->exc;

	v->desc->remap = false;
	for (int i = 0; i < DESC_NTAB; i++) {
		struct desc_table *t = &v->desc->tab[i];

		/* What did not fill before may now. */
		t->complete = false;
		for (u32 p = 0; p < DESC_PAGES; p++) {
			u32 lin = p ? (t->base & ~0xfffU) + p * 4096 : t->base;
			struct mmu_xlat x;

			if (t->gfn[p] == DESC_NO_GFN)
				continue;
			if (mmu_walk(v, lin, MMU_READ | MMU_PEEK, &x) == X_OK &&
			    x.gpa >> 12 == t->gfn[p])
				continue;
			desc_drop_all(v, t);
			break;
		}
		if (t->compared && writable_by_user(v, t))
			desc_drop_all(v, t);
	}
	v->exc = exc;
	desc_resume_user(v);
}

static bool unchanged(const struct desc_table *t, const u8 *at, u32 n)
{
	u64 now;

	for (u32 i = 0; i < n; i++) {
		__builtin_memcpy(&now, at + i * 8, 8);
		if (now != t->src[i])
			return false;
	}
	return true;
}

/* Of one table; false if it is not where it was, or ring 3 may write it now. */
static bool compare(struct vcpu *v, struct desc_table *t)
{
	u32 n = (t->limit + 1) / 8, tab = t - v->desc->tab;
	const u8 *at = NULL;
	u64 raw[DESC_SMALL];

	if (writable_by_user(v, t))
		return false;
	if (n <= DESC_SMALL) {
		at = mmu_known(v, t->base, n * 8);
		if (!at && mmu_read(v, t->base, raw, n * 8, MMU_PEEK) != X_OK)
			return false;
		if (!at)
			at = (const u8 *)raw;
		if (likely(unchanged(t, at, n)))
			return true;
	}
	for (u32 i = 0; i < n; i++) {
		u64 now;

		if (at) {
			__builtin_memcpy(&now, at + i * 8, 8);
		} else if (!t->filled[i / 64]) {
			i |= 63;
			continue;
		} else if (!desc_bit(t->filled, i)) {
			continue;
		} else if (mmu_read(v, t->base + i * 8, &now, 8, MMU_PEEK) !=
			   X_OK) {
			return false;
		}
		if (now == t->src[i])
			continue;
		/* Remembered, or an entry that is no use differs for ever: here and at ring 1. */
		t->src[i] = now;
		t->complete = false;
		desc_revoke_user(v);
		desc_drop_entry(v, t, i);
		stale_segs(v, tab, i, i);
	}
	return true;
}

/*
 * Nothing of what ring 1 has noted is left to look at. It does not go on in the midst of such
 * a write: the guest's state is in sync, so it will be done from its start.
 */
static void compared_notes(struct vcpu *v, struct desc_table *t)
{
	bool full = !READ_ONCE(v->mon->gdt_left);

	v->mon->gdt_left = VMBT_MON_LOG;
	if (full)
		count_writes(v, t, 0, DESC_FULL);
	else
		v->mon->gdt_spared++;
}

/**
 * desc_compare() - find what was written to tables that are not traced
 * @v: the vCPU, in sync, about to run ring 3 natively
 *
 * That is pages that are hot, and what ring 1 has written to the GDT by its alias.
 *
 * Costs a walk and a read of at most 512 bytes for a small table, a read for
 * each filled entry of a large one.
 */
void desc_compare(struct vcpu *v)
{
	struct vcpu_exc exc = v->exc;

	for (int i = 0; i < DESC_NTAB; i++) {
		struct desc_table *t = &v->desc->tab[i];
		bool noted = i == DESC_GDT && desc_noted(v);

		t->read = (t->compared || noted) && compare(v, t);
		if (unlikely((t->compared || noted) && !t->read))
			desc_drop_all(v, t);
		if (unlikely(noted))
			compared_notes(v, t);
	}
	v->exc = exc;
}

/**
 * desc_tables_init() - empty tables
 * @v: the vCPU, with v->desc set
 */
void desc_tables_init(struct vcpu *v)
{
	for (int i = 0; i < DESC_NTAB; i++) {
		struct desc_table *t = &v->desc->tab[i];

		for (u32 e = 0; e < DESC_ENTRIES; e++)
			for (int w = 0; w < DESC_NVIEW; w++)
				run_tables[w][i][e] = 0;
		for (int w = 0; w < DESC_NVIEW; w++)
			t->hw[w] = run_tables[w][i];
		t->src = sources[i];
		t->valid = i == DESC_GDT;
		t->first = i == DESC_GDT ? VMBT_SEL_FIRST >> 3 : DESC_ENTRIES;
		for (u32 p = 0; p < DESC_PAGES; p++)
			t->gfn[p] = DESC_NO_GFN;
	}
	desc_own_entries(v);
	mmu_trace_register(v, MMU_TRACE_DESC, on_write);
}
