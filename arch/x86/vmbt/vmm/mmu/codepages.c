// SPDX-License-Identifier: GPL-2.0
/*
 * Which linear pages hold translated code, and do they still map where they
 * did?
 *
 * The translator's chains and hash entries go by linear address. They hold as
 * long as each page recorded here (mmu_code_page()) maps to the same frame
 * with the same rights to run it: an epoch. The page tables behind the
 * recorded pages are traced, whether or not they are shadowed, and what the
 * guest writes there is compared. At a CR3 load, one directory entry for each
 * 2 MiB with code is compared; kernels share those between their processes,
 * so their epochs last.
 *
 * When an epoch ends, VCPU_EV_EPOCH is raised and all records are dropped:
 * the translator tells the pages again as it enters them.
 */
#include "mmu_int.h"

/* What in a directory entry has no say in fetches: W, PWT, PCD, A, D, G, AVL. */
#define PDE_IGNORED	0xf7aull
#define REC_VALID	0x80000000u
#define REC_U		0x40000000u
#define REC_NX		0x20000000u

/**
 * struct code_region - the recorded pages of 2 MiB of linear space
 * @base: linear address >> 21
 * @pde: the directory entry they were checked under, masked
 * @pt_gfn: the page table's frame, GFN_NONE for a big page
 * @n: how many are recorded
 * @rec: for each page its frame and REC_*, 0 if not recorded
 */
struct code_region {
	u32 base;
	u32 pt_gfn;
	u64 pde;
	u32 n;
	u32 rec[512];
};

static u64 pde_masked(u32 role, u64 pde)
{
	if (!(pde & PTE_P))
		return 0;
	if (!(role & ROLE_PSE))
		pde &= ~PTE_PS;
	return pde & ~PDE_IGNORED;
}

/* Is the frame a table behind recorded pages? */
static bool code_wants(struct mmu *m, u64 gfn)
{
	u32 i;

	for (i = 0; i < 4; i++)
		if (m->code_pd[i] == gfn)
			return true;
	for (i = 0; i < m->ncode; i++)
		if (m->code[i]->pt_gfn == gfn)
			return true;
	return false;
}

/* Trace the current root's directories instead of those before. */
static void code_trace_pds(struct vcpu *v, bool on)
{
	struct mmu *m = v->mmu;
	u32 i, old[4];

	for (i = 0; i < 4; i++) {
		old[i] = m->code_pd[i];
		m->code_pd[i] = on && m->cur ? m->cur->pd_gfn[i] : GFN_NONE;
		if (m->code_pd[i] != GFN_NONE)
			frame_trace_add(v, m->code_pd[i], MMU_TRACE_CODEPT);
	}
	for (i = 0; i < 4; i++)
		if (old[i] != GFN_NONE && !code_wants(m, old[i]))
			frame_trace_del(v, old[i], MMU_TRACE_CODEPT);
}

/**
 * mmu_code_pages_reset() - the translator has forgotten all its pages
 * @v: the vCPU
 */
void mmu_code_pages_reset(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 i;

	for (i = 0; i < m->ncode; i++) {
		if (m->code[i]->pt_gfn != GFN_NONE)
			frame_trace_del(v, m->code[i]->pt_gfn, MMU_TRACE_CODEPT);
		m->code_slot[m->code[i]->base] = 0;
		pool_free(v, m->code_idx[i]);
	}
	m->ncode = 0;
	m->have_code = false;
	code_trace_pds(v, false);
}

/**
 * code_epoch() - end the epoch, if there is one
 * @v: the vCPU
 */
void code_epoch(struct vcpu *v)
{
	if (!v->mmu->have_code)
		return;
	mmu_code_pages_reset(v);
	v->events |= VCPU_EV_EPOCH;
}

static u32 walk_rec(const struct walk *w)
{
	return w->gfn | REC_VALID | (w->acc & ACC_U ? REC_U : 0) |
	       (w->acc & ACC_X ? 0 : REC_NX);
}

/* Follow a directory entry to another page table. */
static void region_set_table(struct vcpu *v, struct code_region *c, u64 pde,
			     u32 pt_gfn)
{
	c->pde = pde;
	if (c->pt_gfn == pt_gfn)
		return;
	c->pt_gfn = pt_gfn < v->mmu->mem_frames ? pt_gfn : GFN_NONE;
	if (c->pt_gfn != GFN_NONE)
		frame_trace_add(v, c->pt_gfn, MMU_TRACE_CODEPT);
}

/*
 * Compare every recorded page of a region with what the guest's tables say
 * now. False if one differs.
 */
static bool region_recheck(struct vcpu *v, struct code_region *c, u64 pde)
{
	u32 i, left = c->n, pt_gfn = GFN_NONE;
	struct walk w;

	for (i = 0; left && i < 512; i++) {
		if (!c->rec[i])
			continue;
		left--;
		plat_yield();
		if (walk_guest(v, c->base << 21 | i << 12, MMU_PEEK, &w) != X_OK ||
		    walk_rec(&w) != c->rec[i])
			return false;
		pt_gfn = w.pt_gfn;
	}
	region_set_table(v, c, pde, pt_gfn);
	return true;
}

static bool region_holds(struct vcpu *v, struct code_region *c)
{
	u64 pde;

	if (walk_read_pde(v, c->base << 21, &pde) != X_OK)
		return false;
	pde = pde_masked(v->mmu->base_role, pde);
	return pde == c->pde || region_recheck(v, c, pde);
}

/**
 * code_root_changed() - another root is current: do the recorded pages hold?
 * @v: the vCPU
 */
void code_root_changed(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 i;

	if (!m->ncode)
		return;
	for (i = 0; i < m->ncode; i++) {
		if (!region_holds(v, m->code[i])) {
			code_epoch(v);
			return;
		}
	}
	code_trace_pds(v, true);
}

/**
 * code_table_written() - the guest wrote to a table behind recorded pages
 * @v: the vCPU
 * @gfn: its frame
 */
void code_table_written(struct vcpu *v, u64 gfn)
{
	struct mmu *m = v->mmu;
	bool dir = false;
	struct code_region *c;
	u32 i;

	for (i = 0; i < 4; i++)
		dir |= m->code_pd[i] == gfn;
	for (i = 0; i < m->ncode; i++) {
		c = m->code[i];
		if (c->pt_gfn == gfn) {
			if (!region_recheck(v, c, c->pde)) {
				code_epoch(v);
				return;
			}
		}
		if (dir && !region_holds(v, c)) {
			code_epoch(v);
			return;
		}
	}
	if (!code_wants(m, gfn))
		frame_trace_del(v, gfn, MMU_TRACE_CODEPT);
}

static struct code_region *region_new(struct vcpu *v, u32 base, u64 pde)
{
	struct mmu *m = v->mmu;
	struct code_region *c;
	u32 idx;

	if (m->ncode == CODE_REGIONS)
		return NULL;
	mmu_topup(v);
	idx = pool_take(v);
	c = plat_pool_virt(idx);
	c->base = base;
	c->pde = pde;
	c->pt_gfn = GFN_NONE;
	m->code[m->ncode] = c;
	m->code_idx[m->ncode++] = idx;
	m->code_slot[base] = (u8)m->ncode;
	if (m->ncode == 1)
		code_trace_pds(v, true);
	return c;
}

/**
 * mmu_code_page() - a linear page holds translated code
 * @v: the vCPU
 * @lin: any address in the page
 * @gfn: the frame the translator fetched it from
 *
 * Raises VCPU_EV_EPOCH at once if that is no longer so.
 */
void mmu_code_page(struct vcpu *v, u32 lin, u64 gfn)
{
	struct mmu *m = v->mmu;
	struct code_region *c;
	u32 base = lin >> 21, *rec;
	struct walk w;
	u64 pde;

	m->have_code = true;
	if (!role_paged(m->base_role))
		return;
	root_select(v);
	c = m->code_slot[base] ? m->code[m->code_slot[base] - 1] : NULL;
	rec = c ? &c->rec[(lin >> 12) & 511] : NULL;
	if (rec && *rec && (*rec & ~(REC_VALID | REC_U | REC_NX)) == gfn)
		return;
	mmu_topup(v);
	if (walk_guest(v, lin, MMU_PEEK, &w) != X_OK || w.gfn != gfn) {
		code_epoch(v);
		return;
	}
	pde = pde_masked(m->base_role, w.pde);
	if (!c)
		c = region_new(v, base, pde);
	if (!c || c->pde != pde) {
		code_epoch(v);
		return;
	}
	rec = &c->rec[(lin >> 12) & 511];
	if (*rec && *rec != walk_rec(&w)) {
		code_epoch(v);
		return;
	}
	c->n += !*rec;
	*rec = walk_rec(&w);
	region_set_table(v, c, pde, w.pt_gfn);
	tlb_sync(v);
}
