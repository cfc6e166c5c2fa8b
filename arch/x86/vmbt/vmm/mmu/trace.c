// SPDX-License-Identifier: GPL-2.0
/*
 * The one tracing service: tell clients before a guest frame is written.
 *
 * A frame with a trace has no writable mapping, so every write of the guest's
 * faults, is interpreted, and comes through mmu_write(), which calls here
 * before the write takes effect (trace_tell()) and after (trace_done()). The
 * first client is the shadow MMU itself: a write to a page table drops the
 * entries made from it, and what replaces them is looked at afterwards. Only of writes
 * to a page table that has an alias it hears afterwards (trace_noted()).
 *
 * A frame stops being a page table when nothing links it any more, or when it
 * is written again and again without being used as one: a table being torn
 * down, copied by fork, or memory that has found another use.
 */
#include "mmu_int.h"

/* Writes without use in between after which a page table is let go. */
#define FLOOD_WRITES	4

void mmu_trace_register(struct vcpu *v, u32 client, mmu_trace_fn fn)
{
	v->mmu->trace_fn[__builtin_ctz(client) & 7] = fn;
}

void mmu_trace_add(struct vcpu *v, u64 gfn, u32 client)
{
	if (gfn >= v->mmu->mem_frames)
		return;
	mmu_topup(v);
	frame_trace_add(v, gfn, client);
	tlb_sync(v);
}

void mmu_trace_del(struct vcpu *v, u64 gfn, u32 client)
{
	frame_trace_del(v, gfn, client);
}

/**
 * trace_met() - a write of the guest's has faulted on a trace
 * @v: the vCPU
 * @lin: where
 * @gfn: the frame there
 */
void trace_met(struct vcpu *v, u32 lin, u32 gfn)
{
	v->stats->faults_trace++;
	v->mmu->hot_off = (lin & ~0xfffu) - (gfn << 12);
}

/**
 * trace_hint() - a frame is a page table now, or none any more
 * @v: the vCPU
 * @gfn: the frame
 * @on: it is
 *
 * Kernels write their tables through one mapping of all memory, from offset 0 of a
 * segment, so the last write tells where they will write this one (bt/adapt.c).
 * Nothing depends on it but how the write comes to the VMM.
 */
void trace_hint(struct vcpu *v, u64 gfn, bool on)
{
	v->mon->hot[vmbt_hot_index((u32)(gfn << 12) + v->mmu->hot_off)] = on;
}

/* Is the shadow page reachable from the root the guest runs on? */
static bool sp_is_current(struct vcpu *v, struct sp *sp)
{
	struct mmu *m = v->mmu;
	struct ref_iter it = { .node = sp->parents };
	u32 ref, n;
	struct sp *pd;

	if (!m->cur)
		return false;
	if (role_level(sp->role) == 2)
		return m->cur->pd[role_quad(sp->role)] == sp;
	for (n = 0; n < 8 && (ref = reflist_next(&it)); n++) {
		pd = sp_of(m, REF_IDX(ref));
		if (m->cur->pd[role_quad(pd->role)] == pd)
			return true;
	}
	/* Kernel tables with many parents are everybody's. */
	return n == 8;
}

/*
 * The shadow entries made from guest bytes [@off, @off + @len) of the table
 * that @sp shadows: first and number, 0 if another page has them.
 */
static u32 sp_entries(struct sp *sp, u32 off, u32 len, u32 *first)
{
	u32 a, b, base, per;

	if (role_pae(sp->role)) {
		*first = off >> 3;
		return ((off + len - 1) >> 3) - *first + 1;
	}
	a = off >> 2;
	b = (off + len - 1) >> 2;
	per = role_level(sp->role) == 2 ? 256 : 512;
	base = role_quad(sp->role) * per;
	if (b < base || a >= base + per)
		return 0;
	a = a < base ? 0 : a - base;
	b = b >= base + per ? per - 1 : b - base;
	if (per == 256) {
		*first = a * 2;
		return (b - a + 1) * 2;
	}
	*first = a;
	return b - a + 1;
}

/*
 * Has a table been written so often without use in between that it is let go?
 * At once, if nothing links it; and the directories of a root that sleeps are
 * cheap to make again, while the memory of a dead process is soon cleared.
 * The current directories stay.
 */
static bool sp_stale(struct vcpu *v, struct sp *sp)
{
	u32 limit = role_pae(sp->role) ? 2 * FLOOD_WRITES : FLOOD_WRITES;

	if (!sp->parents)
		return true;
	if (role_level(sp->role) == 2)
		return !sp_is_current(v, sp);
	if (sp->last != NO_LAST && (sp->spt[sp->last] & PTE_A)) {
		sp->writes = 0;
		sp->used = 1;
	}
	sp->last = NO_LAST;
	return sp->writes >= limit;
}

/* True if a write to a table shows that it is none any more. */
static bool sp_flooded(struct vcpu *v, struct sp *sp, u32 off, u32 len)
{
	u32 size = role_pae(sp->role) ? 8 : 4;

	if (sp_stale(v, sp))
		return true;
	if (role_level(sp->role) == 2)
		return false;
	if (len > size || (off & (size - 1)) + len > size)
		return true;
	sp->writes++;
	return false;
}

/**
 * trace_let_go() - is a frame that is about to be written no table any more?
 * @v: the vCPU
 * @f: its record
 *
 * Asked when a write faults, so that clearing a page that was a table once
 * runs at full speed and is not interpreted word by word.
 *
 * Return: true if the frame has no trace now
 */
bool trace_let_go(struct vcpu *v, struct frame *f)
{
	struct mmu *m = v->mmu;
	u32 idx, next;
	struct sp *sp;

	if (f->trace != MMU_TRACE_SHADOW)
		return false;
	for (idx = f->sps; idx; idx = sp->next) {
		sp = sp_of(m, idx);
		if (!(sp->role & ROLE_DIRECT) && !sp_stale(v, sp))
			return false;
	}
	for (idx = f->sps; idx; idx = next) {
		sp = sp_of(m, idx);
		next = sp->next;
		if (!(sp->role & ROLE_DIRECT))
			sp_zap(v, sp);
	}
	return !f->trace;
}

static void shadow_write(struct vcpu *v, struct frame *f, u32 off, u32 len)
{
	struct mmu *m = v->mmu;
	struct sp *sp;
	u32 idx, next, first, n;

	for (idx = f->sps; idx; idx = next) {
		sp = sp_of(m, idx);
		next = sp->next;
		if (sp->role & ROLE_DIRECT)
			continue;
		/* A write to another part of the table costs as much. */
		if (sp_flooded(v, sp, off, len)) {
			sp_zap(v, sp);
			continue;
		}
		n = sp_entries(sp, off, len, &first);
		for (; n; n--, first++)
			sp_drop_entry(v, sp, first);
	}
}

/**
 * trace_tell() - a write is about to take effect
 * @v: the vCPU
 * @gpa: where
 * @len: bytes, within one page
 * @not_clients: do not tell these
 */
void trace_tell(struct vcpu *v, u64 gpa, u32 len, u32 not_clients)
{
	struct frame *f = frame_peek(v->mmu, gpa >> 12);
	u32 trace, i;

	if (likely(!f || !f->trace))
		return;
	v->special++;
	v->mmu->told = gpa >> 12;
	trace = f->trace & ~not_clients;
	if (trace & MMU_TRACE_SHADOW)
		shadow_write(v, f, gpa & 0xfff, len);
	for (i = 1; i < 4; i++)
		if ((trace & (1u << i)) && v->mmu->trace_fn[i])
			v->mmu->trace_fn[i](v, gpa, len);
}

/**
 * trace_done() - a write has taken effect
 * @v: the vCPU
 * @gpa: where
 * @len: bytes, within one page
 */
void trace_done(struct vcpu *v, u64 gpa, u32 len)
{
	struct mmu *m = v->mmu;
	struct frame *f = frame_peek(m, gpa >> 12);
	u32 idx, first, size, zaps;
	struct sp *sp;
	bool mon = false;
	u64 pte;

	if (likely(!f || !f->trace))
		return;
	if (f->trace & MMU_TRACE_CODEPT)
		code_table_written(v, gpa >> 12);
	if (!(f->trace & MMU_TRACE_SHADOW))
		return;
	reads_forget_table(v, (u32)(gpa >> 12));
	mmu_topup(v);
	zaps = m->zaps;
	for (idx = f->sps; idx && m->zaps == zaps; idx = sp->next) {
		sp = sp_of(m, idx);
		if (sp->role & ROLE_DIRECT)
			continue;
		if (role_level(sp->role) == 2) {
			mon |= sp_is_current(v, sp);
			continue;
		}
		size = role_pae(sp->role) ? 8 : 4;
		if (sp_entries(sp, gpa & 0xfff, len, &first) != 1 ||
		    sp->spt[first] || !sp_is_current(v, sp))
			continue;
		if (guest_table_read(v, gpa >> 12, (gpa & 0xfff) / size, size,
				     &pte) == X_OK && m->zaps == zaps)
			shadow_prefill(v, sp, first, pte);
	}
	if (mon)
		mon_check(v);
}

/*
 * The leaf for entry @i of a page table, of which the guest has made @pte: the same page
 * with no more rights than it had, so that it can stay. False if it cannot.
 */
static bool sp_tighten(struct vcpu *v, struct sp *sp, u32 i, u64 pte)
{
	u64 old = sp->spt[i];
	struct plat_page page = { .phys = old & SPTE_ADDR & ~v->mmu->pte_enc,
				  .writable = old & PTE_W };
	u32 acc = role_acc(sp->role) & pte_acc(sp->role, pte), gfn = sp_gfn(sp, i);

	if (!old || (pte & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
	    pte_gfn(sp->role, pte) != gfn || pte_reserved(sp->role, 1, pte) ||
	    ((pte & PTE_W) && (pte & PTE_D) && !page.writable))
		return false;
	/* What the CPU has cached it has marked. */
	spte_set(v, sp, i, gfn, (old & PTE_A) | spte_make(v, sp->role, acc, pte & PTE_D, gfn,
							  MMU_READ, &page));
	return true;
}

/*
 * Entry @i of a page table is @pte now. True if it is to be filled ahead: the current root
 * has the table, and nothing is there.
 */
static bool entry_noted(struct vcpu *v, struct sp *sp, u32 off, u32 i, u64 pte)
{
	if (sp->spt[i] && sp->parents && sp_tighten(v, sp, i, pte))
		return false;
	if (sp_flooded(v, sp, off, 4)) {
		sp_zap(v, sp);
		return false;
	}
	if (sp->spt[i])
		sp_drop_entry(v, sp, i);
	return (pte & (PTE_P | PTE_A)) == (PTE_P | PTE_A) && sp_is_current(v, sp);
}

/**
 * trace_noted() - ring 1 has written to a page table that it has an alias of
 * @v: the vCPU
 * @gfn: its frame, which nobody but the shadow traces
 * @off: where, in the entry or the half of one
 *
 * What only takes rights from a page, as fork does, is no sign of a table that is being
 * torn down. Of the shadow pages that read the entry one is filled ahead.
 */
void trace_noted(struct vcpu *v, u32 gfn, u32 off)
{
	struct sp *sp, *fill = NULL;
	struct mmu *m = v->mmu;
	const struct frame *f;
	u32 idx, next, first, at = 0;
	u64 pte, fill_pte = 0, both = 0;
	const u64 *table;

	reads_forget_table(v, gfn);
	mmu_topup(v);
	f = frame_peek(m, gfn);
	/* Read at once: the host may take the page at any of its calls. If it has, it is 0. */
	table = plat_gfn_known(gfn);
	if (table)
		both = READ_ONCE(table[off / 8]);
	for (idx = f ? f->sps : 0; idx; idx = next) {
		sp = sp_of(m, idx);
		next = sp->next;
		if (sp->role & ROLE_DIRECT)
			continue;
		pte = role_pae(sp->role) ? both : off & 4 ? both >> 32 : (u32)both;
		if (!sp_entries(sp, off, 4, &first)) {
			/* A write to another part of the table costs as much. */
			if (sp_flooded(v, sp, off, 4))
				sp_zap(v, sp);
		} else if (entry_noted(v, sp, off, first, pte)) {
			fill = sp;
			at = first;
			fill_pte = pte;
		}
	}
	/* No other has gone with one that was let go. */
	if (fill)
		shadow_prefill(v, fill, at, fill_pte);
}

/**
 * mmu_drop_traces() - make the page behind @lin writable without emulation
 * @v: the vCPU
 * @lin: linear address of a write that the VMM cannot do itself
 *
 * Every client is told that the whole page changes. A table of the very
 * address space that @lin is in would be traced again before the write.
 *
 * Return: false where there is no RAM, where the write is the guest's own
 * fault, or where the trace must stay
 */
bool mmu_drop_traces(struct vcpu *v, u32 lin)
{
	u32 access = MMU_WRITE | (vcpu_cpl(v) == 3 ? MMU_USER : 0), idx, i;
	struct mmu *m = v->mmu;
	struct plat_page page;
	struct frame *f;
	struct walk w;

	root_select(v);
	if (walk_guest(v, lin, access, &w) != X_OK ||
	    plat_gfn_map(w.gfn, true, &page) != VMBT_PAGE_RAM || !page.writable)
		return false;
	for (i = 0; i < 4; i++)
		if (m->cur->pd_gfn[i] == w.gfn)
			return false;
	f = frame_peek(m, w.gfn);
	if (w.pt_gfn == w.gfn || !f)
		return false;
	trace_tell(v, (u64)w.gfn << 12, 4096, MMU_TRACE_SHADOW);
	while ((idx = f->sps))
		sp_zap(v, sp_of(m, idx));
	if (f->trace & MMU_TRACE_CODEPT)
		code_epoch(v);
	frame_trace_del(v, w.gfn, f->trace);
	tlb_sync(v);
	return true;
}
