// SPDX-License-Identifier: GPL-2.0
/*
 * What the hardware must forget, and what the host takes away.
 *
 * Shadow entries that get stricter are noted here and flushed before the
 * function that changed them returns, one address at a time or all at once.
 * Only the root the hardware runs on matters, unless process-context
 * identifiers keep the entries of others alive: then anything that touches
 * another root flushes all.
 *
 * The guest's own INVLPG and CR3 reloads need nothing: shadow entries say
 * what its tables say at any moment.
 */
#include "mmu_int.h"

#define ZAP_STEP	64

void tlb_note_all(struct vcpu *v)
{
	v->mmu->tlb_all = true;
}

static void tlb_note_lin(struct mmu *m, u32 lin)
{
	if (m->tlb_n == ARRAY_SIZE(m->tlb_lin))
		m->tlb_all = true;
	else
		m->tlb_lin[m->tlb_n++] = lin;
}

/**
 * tlb_note_leaf() - a leaf gets stricter
 * @v: the vCPU
 * @sp: level 1 shadow page
 * @i: its entry
 */
void tlb_note_leaf(struct vcpu *v, struct sp *sp, u32 i)
{
	bool pcid = v->shared->host_caps & VMBT_HOST_PCID;
	struct ref_iter it = { .node = sp->parents };
	struct mmu *m = v->mmu;
	struct sp *pd;
	u32 ref, quad;

	if (!m->hw)
		return;
	while (!m->tlb_all && (ref = reflist_next(&it))) {
		pd = sp_of(m, REF_IDX(ref));
		quad = role_quad(pd->role);
		/* With PAE, roots may share a directory. */
		if (pcid && (m->hw->pd[quad] != pd || pd->nparents > 1))
			m->tlb_all = true;
		else if (m->hw->pd[quad] == pd)
			tlb_note_lin(m, quad << 30 |
				     REF_ENTRY(ref) << 21 | i << 12);
	}
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
	struct sp *pd;
	u32 ref;

	if (m->tlb_all || !m->hw)
		return;
	if (v->shared->host_caps & VMBT_HOST_PCID) {
		m->tlb_all = true;
		return;
	}
	switch (role_level(sp->role)) {
	case 1:
		while ((ref = reflist_next(&it))) {
			pd = sp_of(m, REF_IDX(ref));
			if (m->hw->pd[role_quad(pd->role)] == pd)
				m->tlb_all = true;
		}
		break;
	case 2:
		if (m->hw->pd[role_quad(sp->role)] == sp)
			m->tlb_all = true;
		break;
	default:
		if (m->hw->pdpt == sp)
			m->tlb_all = true;
		break;
	}
}

/**
 * tlb_sync() - do the flushes that are due
 * @v: the vCPU
 */
void tlb_sync(struct vcpu *v)
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
	u32 idx, work = 0;
	u64 gfn;

	plat_window_zap(start_gfn, end_gfn);
	for (gfn = frame_next(m, start_gfn); gfn < end_gfn &&
	     gfn < m->mem_frames; gfn = frame_next(m, gfn + 1)) {
		f = frame_peek(m, gfn);
		if (f->rmap || f->sps)
			work++;
		frame_unmap(v, f);
		while ((idx = f->sps))
			sp_zap(v, sp_of(m, idx));
		trace_tell(v, gfn << 12, 4096, MMU_TRACE_SHADOW);
		if (f->trace & MMU_TRACE_CODEPT)
			code_epoch(v);
		if (work >= ZAP_STEP) {
			work = 0;
			tlb_sync(v);
			plat_yield();
		}
	}
	tlb_sync(v);
}
