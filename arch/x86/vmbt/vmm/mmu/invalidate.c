// SPDX-License-Identifier: GPL-2.0
/*
 * What the hardware must forget, and what the host takes away.
 *
 * Shadow entries that get stricter are noted here and flushed before the
 * function that changed them returns, one address at a time or all at once.
 * That concerns the root the hardware runs on. What is cached for the others
 * goes when they are loaded, unless they have process-context identifiers
 * (include/pcid.h): then one bit for each root says whether what is tagged as
 * its own is current, and it is the bit that is dropped here.
 *
 * The guest's own INVLPG and CR3 reloads need nothing: whenever they come here shadow
 * entries say what its tables say.
 */
#include "mmu_int.h"
#include "../../include/pcid.h"

_Static_assert(MAX_ROOTS == VMBT_PCID_ROOTS, "a PCID for each root");

static u64 root_bit(const struct mmu *m, const struct root *r)
{
	return r ? 1ull << (r - m->roots) : 0;
}

/* The next load of any other root flushes. */
static void forget_others(struct mmu *m)
{
	m->tlb_kept &= root_bit(m, m->hw);
}

/* And of those that have this directory. */
static void forget_directory(struct mmu *m, struct sp *pd)
{
	struct ref_iter it = { .node = pd->parents };
	u64 keep = root_bit(m, m->hw);
	u32 ref;

	while ((m->tlb_kept & ~keep) && (ref = reflist_next(&it)))
		m->tlb_kept &= keep | ~(1ull << sp_of(m, REF_IDX(ref))->gfn);
}

/**
 * tlb_note_all() - what all roots map alike gets stricter
 * @v: the vCPU
 */
void tlb_note_all(struct vcpu *v)
{
	v->mmu->tlb_all = true;
	forget_others(v->mmu);
}

/**
 * tlb_note_root() - a root goes
 * @v: the vCPU
 * @r: not the hardware's
 */
void tlb_note_root(struct vcpu *v, struct root *r)
{
	v->mmu->tlb_kept &= ~root_bit(v->mmu, r);
}

/**
 * mmu_window_changed() - an entry of the window was present, and changed
 * @v: the vCPU
 *
 * The current root's is the caller's to flush.
 */
void mmu_window_changed(struct vcpu *v)
{
	forget_others(v->mmu);
	reads_forget(v->mmu);
}

static void tlb_note_lin(struct mmu *m, u32 lin)
{
	if (m->tlb_n == ARRAY_SIZE(m->tlb_lin))
		m->tlb_all = true;
	else
		m->tlb_lin[m->tlb_n++] = lin;
}

/**
 * tlb_note_area() - a page of the monitor area's data goes from all roots
 * @v: the vCPU
 * @off: the page's offset from the data page
 */
void tlb_note_area(struct vcpu *v, u32 off)
{
	struct mmu *m = v->mmu;

	if (!m->hw)
		return;
	if (!m->tlb_all)
		tlb_note_lin(m, v->mon_data + off);
	forget_others(m);
}

/**
 * tlb_note_leaf() - a leaf gets stricter
 * @v: the vCPU
 * @sp: level 1 shadow page
 * @i: its entry
 */
void tlb_note_leaf(struct vcpu *v, struct sp *sp, u32 i)
{
	struct ref_iter it = { .node = sp->parents };
	struct mmu *m = v->mmu;
	struct sp *pd;
	u32 ref, quad;

	if (!m->hw)
		return;
	while ((!m->tlb_all || m->tlb_kept) && (ref = reflist_next(&it))) {
		pd = sp_of(m, REF_IDX(ref));
		quad = role_quad(pd->role);
		if (!m->tlb_all && m->hw->pd[quad] == pd)
			tlb_note_lin(m, quad << 30 |
				     REF_ENTRY(ref) << 21 | i << 12);
		/* With PAE, roots may share a directory. */
		forget_directory(m, pd);
	}
}

/**
 * tlb_note_large() - a leaf for 2 MiB gets stricter
 * @v: the vCPU
 * @pd: level 2 shadow page
 * @i: its entry
 *
 * One INVLPG is for all that is cached of it (SDM vol. 3, 4.10.4.1).
 */
void tlb_note_large(struct vcpu *v, struct sp *pd, u32 i)
{
	struct mmu *m = v->mmu;
	u32 quad = role_quad(pd->role);

	if (!m->hw)
		return;
	if (!m->tlb_all && m->hw->pd[quad] == pd)
		tlb_note_lin(m, quad << 30 | i << 21);
	forget_directory(m, pd);
}

/**
 * tlb_note_link() - a link from a directory to a table goes
 * @v: the vCPU
 * @pd: level 2 shadow page
 * @i: its entry
 * @empty: the table has no leaf that the processor may have cached
 *
 * Of an empty table only the link can be cached, and any INVLPG empties the caches of
 * links (SDM vol. 3, 4.10.4.1).
 */
void tlb_note_link(struct vcpu *v, struct sp *pd, u32 i, bool empty)
{
	struct mmu *m = v->mmu;
	u32 quad = role_quad(pd->role);

	if (!m->hw)
		return;
	if (m->hw->pd[quad] == pd) {
		if (!empty || (v->shared->no_offers & VMBT_OFFER_FEW))
			m->tlb_all = true;
		else if (!m->tlb_all)
			tlb_note_lin(m, quad << 30 | i << 21);
	}
	forget_directory(m, pd);
}

/**
 * tlb_note_table() - a link to or from a whole table goes
 * @v: the vCPU
 * @sp: the table, still linked
 */
void tlb_note_table(struct vcpu *v, struct sp *sp)
{
	struct ref_iter it = { .node = sp->parents };
	struct mmu *m = v->mmu;
	u32 ref;

	if (!m->hw)
		return;
	switch (role_level(sp->role)) {
	case 1:
		while ((ref = reflist_next(&it)))
			tlb_note_link(v, sp_of(m, REF_IDX(ref)), REF_ENTRY(ref), !sp->present);
		break;
	case 2:
		if (m->hw->pd[role_quad(sp->role)] == sp)
			m->tlb_all = true;
		forget_directory(m, sp);
		break;
	default:
		if (m->hw->pdpt == sp)
			m->tlb_all = true;
		else
			tlb_note_root(v, &m->roots[sp->gfn]);
		break;
	}
}

/**
 * tlb_load_root() - the hardware goes over to the current root
 * @v: the vCPU; tlb_sync() was called
 *
 * In a new epoch of PCIDs only the root at hand, which was loaded with the
 * world, has something to keep.
 */
void tlb_load_root(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u64 epoch = plat_pcid_epoch();
	u64 bit = root_bit(m, m->cur);

	if (m->pcid_epoch != epoch) {
		m->pcid_epoch = epoch;
		forget_others(m);
	}
	plat_set_root(m->cur->phys, (u32)(m->cur - m->roots),
		      m->tlb_kept & bit);
	v->stats->root_loads++;
	v->stats->root_loads_kept += !!(m->tlb_kept & bit);
	m->hw = m->cur;
	if (v->shared->host_caps & VMBT_HOST_PCID)
		m->tlb_kept |= bit;
}

/* tlb_sync() when there are some. */
void tlb_flush_due(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 i;

	if (m->tlb_all)
		plat_flush_tlb();
	else
		for (i = 0; i < m->tlb_n; i++)
			plat_invlpg(m->tlb_lin[i]);
	m->tlb_all = false;
	m->tlb_n = 0;
}

void mmu_invlpg(struct vcpu *v, u32 lin)
{
	(void)v;
	(void)lin;
}

void mmu_flush_guest_tlb(struct vcpu *v, bool global)
{
	(void)v;
	(void)global;
}

static void yield(struct vcpu *v)
{
	if (plat_overdue()) {
		tlb_sync(v);
		plat_yield();
	}
}

/* The contents of a frame have changed: as of a write, but it is over. */
static void frame_changed(struct vcpu *v, struct frame *f, u64 gfn)
{
	u32 idx;

	while ((idx = f->sps)) {
		sp_zap(v, sp_of(v->mmu, idx));
		yield(v);
	}
	trace_tell(v, gfn << 12, 4096, MMU_TRACE_SHADOW);
	if (f->trace & MMU_TRACE_CODEPT)
		code_epoch(v);
}

/**
 * mmu_zap() - the host took frames away
 * @v: the vCPU
 * @start_gfn: first frame
 * @end_gfn: first frame that is not concerned
 *
 * Their contents may be others when they come back, so the clients of traces
 * are told as of a write.
 */
void mmu_zap(struct vcpu *v, u64 start_gfn, u64 end_gfn)
{
	struct mmu *m = v->mmu;
	struct frame *f;
	u64 gfn;

	plat_window_zap(start_gfn, end_gfn);
	reads_forget(m);
	large_zap(v, start_gfn, end_gfn);
	for (gfn = frame_next(m, start_gfn); gfn < end_gfn &&
	     gfn < m->mem_frames; gfn = frame_next(m, gfn + 1)) {
		f = frame_peek(m, gfn);
		frame_unmap(v, f);
		frame_changed(v, f, gfn);
		yield(v);
	}
	/* They may be gone because there is another slot now. */
	if (!role_paged(m->base_role))
		mon_check(v);
	tlb_sync(v);
}

/**
 * mmu_written() - a device in user space has written frames
 * @v: the vCPU
 * @start_gfn: first frame
 * @end_gfn: first frame that is not concerned
 *
 * The frames stay mapped; only who traces one has something to forget.
 */
void mmu_written(struct vcpu *v, u64 start_gfn, u64 end_gfn)
{
	struct mmu *m = v->mmu;
	struct frame *f;
	u64 gfn;

	reads_forget(m);
	for (gfn = frame_next(m, start_gfn); gfn < end_gfn &&
	     gfn < m->mem_frames; gfn = frame_next(m, gfn + 1)) {
		f = frame_peek(m, gfn);
		if (f->trace)
			frame_changed(v, f, gfn);
		yield(v);
	}
	tlb_sync(v);
}
