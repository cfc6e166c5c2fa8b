// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults of the hardware: whose are they?
 *
 * The guest's tables decide. If they forbid the access, the fault is the
 * guest's (true). If they allow it, the shadow was merely behind (hidden): it
 * is filled and the access tried again. Writes to traced frames and accesses
 * to what is no memory are for the interpreter.
 */
#include "mmu_int.h"

/*
 * Neighbours looked at when an entry is filled. Linux marks pages accessed that it maps
 * around a fault of its own: of 16 most are never used, and cost more to fill and to
 * clear than the faults that the others save.
 */
#define AROUND		4

/**
 * fill_table() - the shadow page table that a translation belongs in
 * @role: base role
 * @w: the walk, as far as the directory's entry goes
 * @gfn: the frame that it shadows, or the first that it maps
 * Return: its role
 */
u32 fill_table(u32 role, const struct walk *w, u32 *gfn)
{
	role |= 1 | (u32)w->acc_dir << ROLE_ACC_SHIFT;
	if (w->big) {
		*gfn = w->gfn & ~511u;
		return role | ROLE_DIRECT | (u32)w->dirty << ROLE_QUAD_SHIFT;
	}
	*gfn = w->pt_gfn;
	return role_pae(role) ? role : role | ((w->lin >> 21) & 1) << ROLE_QUAD_SHIFT;
}

/* Put the translation of @w in the current root. Returns the page table. */
static struct sp *shadow_fill(struct vcpu *v, const struct walk *w,
			      const struct plat_page *page)
{
	struct mmu *m = v->mmu;
	struct root *r = m->cur;
	u32 dir_i = (w->lin >> 21) & 511;
	u32 role, gfn, child;
	struct sp *pd, *pt;

	role = fill_table(r->role, w, &gfn);
	pd = root_pd(v, r, w->lin >> 30);
	child = sp_is_large(pd, dir_i) ? 0 : pd->aux[dir_i];
	pt = child ? sp_of(m, child) : NULL;
	if (!pt || pt->gfn != gfn || pt->role != role) {
		pt = sp_get(v, gfn, role);
		sp_link(v, pd, dir_i, pt);
	}
	pt->writes = 0;
	pt->used = 1;
	spte_set(v, pt, (w->lin >> 12) & 511, w->gfn,
		 PTE_A | spte_make(v, role, w->acc, w->dirty, w->gfn,
				   w->access, page));
	v->stats->shadow_fills++;
	return pt;
}

/*
 * The entries of the guest's table of @pt from shadow entry @i on, read at once: a
 * host call between two reads could take the table away. False if it is not there.
 */
static bool entries_read(const struct walk *w, const struct sp *pt, u32 i, u64 *pte)
{
	struct plat_page page;
	u32 k;

	if (plat_gfn_map(w->pt_gfn, false, &page) != VMBT_PAGE_RAM)
		return false;
	if (role_pae(pt->role)) {
		for (k = 0; k < AROUND; k++)
			pte[k] = READ_ONCE(((u64 *)page.virt)[i + k]);
		return true;
	}
	i += role_quad(pt->role) * 512;
	for (k = 0; k < AROUND; k++)
		pte[k] = READ_ONCE(((u32 *)page.virt)[i + k]);
	return true;
}

/* Fill entry @i of @sp, if its guest entry @pte is accessed already and the host has the page. */
static void prefill(struct vcpu *v, struct sp *sp, u32 i, u64 pte)
{
	struct mmu *m = v->mmu;
	struct plat_page page;
	u32 acc = role_acc(sp->role) & pte_acc(sp->role, pte), gfn, zaps = m->zaps;
	int kind;

	if ((pte & (PTE_P | PTE_A)) != (PTE_P | PTE_A) ||
	    pte_reserved(sp->role, 1, pte))
		return;
	gfn = pte_gfn(sp->role, pte);
	if (gfn >= m->mem_frames)
		return;
	kind = plat_gfn_map(gfn, false, &page);
	if (m->zaps != zaps || (kind != VMBT_PAGE_RAM && kind != VMBT_PAGE_ROM))
		return;
	if (kind == VMBT_PAGE_ROM)
		page.writable = false;
	spte_set(v, sp, i, gfn, spte_make(v, sp->role, acc, pte & PTE_D, gfn,
					  MMU_READ, &page));
	sp->last = (u16)i;
}

/*
 * A table that was let go and is used again has all to fill again. Those of
 * its entries around the one at hand that are accessed already need no fault
 * of their own.
 */
static void fill_around(struct vcpu *v, const struct walk *w, struct sp *pt)
{
	struct mmu *m = v->mmu;
	u32 first = (w->lin >> 12) & 511 & ~(AROUND - 1), zaps = m->zaps, k;
	u64 pte[AROUND];
	bool known;

	known = entries_read(w, pt, first, pte);

	/* That, or a fill, may have made the host take the table away. */
	if (m->zaps != zaps)
		return;
	/* Not worth recycling anything for: that might be this very table. */
	for (k = 0; known && k < AROUND && pool_roomy(m); k++) {
		if (pt->spt[first + k] || (pte[k] & (PTE_P | PTE_A)) != (PTE_P | PTE_A))
			continue;
		prefill(v, pt, first + k, pte[k]);
		if (m->zaps != zaps)
			return;
	}
	pt->last = NO_LAST;
}

/*
 * A big page whose 512 frames are granted in one piece, and that is not mapped by one
 * leaf, needs no question for the frames around the one at hand.
 */
static void fill_around_big(struct vcpu *v, const struct walk *w, struct sp *pt,
			    const struct plat_page *page)
{
	u32 first = w->gfn & ~(AROUND - 1), gfn;
	struct plat_page near = *page;

	if ((pt->role & ROLE_A20) || !plat_gfn_large(w->gfn))
		return;
	for (gfn = first; gfn < first + AROUND && gfn < v->mmu->mem_frames; gfn++) {
		if (pt->spt[gfn & 511] || !pool_roomy(v->mmu))
			continue;
		near.phys = page->phys + (((u64)gfn - w->gfn) << 12);
		spte_set(v, pt, gfn & 511, gfn,
			 spte_make(v, pt->role, w->acc, w->dirty, gfn, MMU_READ, &near));
	}
}

static void fill_neighbours(struct vcpu *v, const struct walk *w, struct sp *pt,
			    const struct plat_page *page)
{
	if (v->shared->no_offers & VMBT_OFFER_AROUND)
		return;
	if (w->big)
		fill_around_big(v, w, pt, page);
	else
		fill_around(v, w, pt);
}

/* The page table that the current root has for @lin, NULL: none, or something else is there. */
static inline const struct sp *linked(struct mmu *m, u32 lin)
{
	const struct sp *pd = m->cur ? m->cur->pd[lin >> 30] : NULL;
	u32 dir_i = (lin >> 21) & 511;

	if (!pd || !pd->aux[dir_i] || pd->aux[dir_i] == CHILD_MON || sp_is_large(pd, dir_i))
		return NULL;
	return sp_of(m, pd->aux[dir_i]);
}

static enum mmu_fault fault_true(struct vcpu *v)
{
	v->stats->faults_true++;
	return MMU_FAULT_TRUE;
}

/* What a walk that did not succeed means for the fault at hand. */
static enum mmu_fault fault_walk(struct vcpu *v, int r)
{
	if (r == X_FAULT)
		return fault_true(v);
	/* X_RETRY: the host's request is served before the guest goes on. */
	return r == X_RETRY ? MMU_FAULT_FIXED : MMU_FAULT_EMULATE;
}

/*
 * Is there nothing in the guest's page table, where the shadow has that table? A write to
 * the directory drops the link before it takes effect (trace_tell()), and no directory has
 * an alias: while the link is there, the guest's entry names this table and is accessed.
 */
static bool absent(struct vcpu *v, u32 lin)
{
	const struct sp *pt = linked(v->mmu, lin);
	const void *table;

	if (!pt || (pt->role & ROLE_DIRECT))
		return false;
	table = plat_gfn_known(pt->gfn);
	return table && !(table_entry(table, lin >> 12, role_pae(pt->role) ? 8 : 4) & PTE_P);
}

static enum mmu_fault fault_decide(struct vcpu *v, u32 lin, u32 access)
{
	struct mmu *m = v->mmu;
	struct plat_page page;
	struct frame *f;
	struct walk w;
	struct sp *pt;
	int r;

	if (mon_contains(v, lin)) {
		r = walk_guest(v, lin, access | MMU_PEEK, &w);
		return r == X_OK ? MMU_FAULT_MONITOR : fault_walk(v, r);
	}
	root_select(v);
	mmu_topup(v);
	r = walk_guest(v, lin, access, &w);
	if (r != X_OK)
		return fault_walk(v, r);
	/* The supervisor's code never runs from its own pages. */
	if ((access & MMU_EXEC) && !(access & MMU_USER))
		return MMU_FAULT_EMULATE;
	if (w.gfn >= m->mem_frames)
		return MMU_FAULT_EMULATE;
	if (!w.big && w.pt_gfn >= m->mem_frames)
		return MMU_FAULT_EMULATE;

	f = frame_peek(m, w.gfn);
	if ((access & MMU_WRITE) && f && f->trace && !trace_let_go(v, f)) {
		trace_met(v, lin, w.gfn);
		return MMU_FAULT_EMULATE;
	}
	switch (plat_gfn_map(w.gfn, access & MMU_WRITE, &page)) {
	case VMBT_PAGE_RAM:
		break;
	case VMBT_PAGE_ROM:
		page.writable = false;
		break;
	case VMBT_PAGE_RETRY:
		return MMU_FAULT_FIXED;
	default:
		return MMU_FAULT_EMULATE;
	}
	if ((access & MMU_WRITE) && !page.writable)
		return MMU_FAULT_EMULATE;
	if (w.big && large_fill(v, &w, &page)) {
		v->stats->faults_hidden++;
		return MMU_FAULT_FIXED;
	}
	pt = shadow_fill(v, &w, &page);
	/* The page may be one of the tables that just got shadowed. */
	if ((access & MMU_WRITE) && frame_get(v, w.gfn)->trace) {
		trace_met(v, lin, w.gfn);
		return MMU_FAULT_EMULATE;
	}
	fill_neighbours(v, &w, pt, &page);
	v->stats->faults_hidden++;
	return MMU_FAULT_FIXED;
}

/**
 * mmu_fault() - find out what a hardware page fault in the guest is
 * @v: the vCPU
 * @lin: CR2
 * @hw_error: the hardware's error code; its U bit stands for ring 3 only
 */
enum mmu_fault mmu_fault(struct vcpu *v, u32 lin, u32 hw_error)
{
	u32 access = hw_error & (MMU_WRITE | MMU_USER | MMU_EXEC);
	enum mmu_fault f;

	if (absent(v, lin)) {
		walk_raise(v, lin, walk_error(v->mmu->base_role, access));
		return fault_true(v);
	}
	f = fault_decide(v, lin, access);
	tlb_sync(v);
	return f;
}

_Static_assert(MMU_WRITE == PTE_W && MMU_USER == PTE_U, "an error code names rights");

/**
 * mmu_filled() - is there nothing to do about a page fault any more?
 * @v: the vCPU; something has been filled since, and all flushes are done
 * @lin: CR2
 * @hw_error: the hardware's error code
 */
bool mmu_filled(struct vcpu *v, u32 lin, u32 hw_error)
{
	struct mmu *m = v->mmu;
	const struct sp *pt = m->cur == m->hw ? linked(m, lin) : NULL;
	u64 leaf, need = PTE_P | (hw_error & (MMU_WRITE | MMU_USER));

	leaf = pt ? pt->spt[(lin >> 12) & 511] : 0;
	if ((leaf & need) != need || ((hw_error & MMU_EXEC) && (leaf & PTE_NX)))
		return false;
	v->stats->faults_hidden++;
	return true;
}

/**
 * shadow_prefill() - follow a guest write to a page-table entry
 * @v: the vCPU
 * @sp: level 1 shadow page, used by the current root
 * @i: its entry
 * @pte: the guest's entry, just written
 *
 * Only an entry that is accessed already can be mapped before it is used.
 * Nothing is asked of the host but a page it probably has.
 */
void shadow_prefill(struct vcpu *v, struct sp *sp, u32 i, u64 pte)
{
	if (!(v->shared->no_offers & VMBT_OFFER_PREFILL))
		prefill(v, sp, i, pte);
}
