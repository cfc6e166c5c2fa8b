// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow roots, cached across the guest's CR3 loads.
 *
 * A root is a copy of the template (whose upper half maps the VMM) with one
 * PDPT below it for the guest's 4 GiB. Its directories are made on demand.
 * What the guest's root was made of is the key: mode, CR3 and, with PAE, the
 * four PDPTEs, which are registers and not memory (SDM vol. 3, 4.4.1).
 *
 * The root the hardware may be running on is not freed, whatever the guest
 * has loaded meanwhile: the VMM itself runs on it until the next entry.
 */
#include "mmu_int.h"

#define PDPTE_RSVD	(0x1e6ull | ~((1ull << GUEST_PHYS_BITS) - 1))

static u32 cr3_key(u32 role, u32 cr3)
{
	if (!role_paged(role))
		return 0;
	return cr3 & (role_pae(role) ? 0xffffffe0 : 0xfffff000);
}

static bool root_matches(struct vcpu *v, const struct root *r, u32 role, u32 cr3)
{
	u32 i;

	if (!r->live || r->role != role || r->cr3 != cr3)
		return false;
	for (i = 0; role_pae(role) && i < 4; i++)
		if (r->pdpte[i] != v->guest->pdpte[i])
			return false;
	return true;
}

/**
 * root_free() - forget a root, and its directories that no other root uses
 * @v: the vCPU
 * @r: neither the current root nor the hardware's
 */
void root_free(struct vcpu *v, struct root *r)
{
	struct mmu *m = v->mmu;
	struct sp *pd;
	u32 i;

	for (i = 0; i < 4; i++) {
		pd = r->pd[i];
		if (!pd)
			continue;
		sp_drop_entry(v, r->pdpt, i);
		if (!pd->parents)
			sp_zap(v, pd);
	}
	sp_zap(v, r->pdpt);
	pool_free(v, r->top_idx);
	if (m->la57)
		pool_free(v, r->mid_idx);
	tlb_note_root(v, r);
	r->live = false;
	v->stats->shadow_roots--;
}

/**
 * root_recycle() - free the root that was used least recently
 * @v: the vCPU
 * Return: false if there is none to free
 */
bool root_recycle(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	struct root *oldest = NULL, *r;

	for (r = m->roots; r < m->roots + MAX_ROOTS; r++)
		if (r->live && r != m->cur && r != m->hw &&
		    (!oldest || r->stamp < oldest->stamp))
			oldest = r;
	if (!oldest)
		return false;
	root_free(v, oldest);
	return true;
}

static struct root *root_slot(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	struct root *r;

	for (;;) {
		for (r = m->roots; r < m->roots + MAX_ROOTS; r++)
			if (!r->live)
				return r;
		if (!root_recycle(v))
			plat_panic("mmu: no root to recycle");
	}
}

static struct root *root_new(struct vcpu *v, u32 role, u32 cr3)
{
	struct mmu *m = v->mmu;
	u64 flags = m->pte_enc | PTE_P | PTE_W | PTE_U | PTE_A;
	const u64 *template = plat_pool_virt(m->base_root_idx);
	struct root *r = root_slot(v);
	u64 *top, *low;
	u32 i;

	*r = (struct root){ .role = role, .cr3 = cr3, .live = true };
	for (i = 0; i < 4; i++) {
		r->pdpte[i] = v->guest->pdpte[i];
		r->pd_gfn[i] = GFN_NONE;
		if (role_pae(role) && (r->pdpte[i] & PTE_P))
			r->pd_gfn[i] = pte_gfn(role, r->pdpte[i]);
		else if (role_paged(role) && !role_pae(role))
			r->pd_gfn[i] = pte_gfn(role, cr3);
		/* A directory outside of memory holds nothing. */
		if (r->pd_gfn[i] >= m->mem_frames)
			r->pd_gfn[i] = GFN_NONE;
	}
	r->top_idx = pool_take(v);
	r->phys = plat_pool_phys(r->top_idx);
	r->pdpt = sp_new(v, (u32)(r - m->roots), 3);
	top = plat_pool_virt(r->top_idx);
	for (i = 256; i < 512; i++)
		top[i] = template[i];
	low = top;
	if (m->la57) {
		r->mid_idx = pool_take(v);
		low = plat_pool_virt(r->mid_idx);
		top[0] = (plat_pool_phys(r->mid_idx) & SPTE_ADDR) | flags;
	}
	low[0] = (r->pdpt->phys & SPTE_ADDR) | flags;
	v->stats->shadow_roots++;
	return r;
}

/**
 * root_pd() - the shadow directory for one GiB of a root
 * @v: the vCPU
 * @r: the root
 * @quad: which GiB
 */
struct sp *root_pd(struct vcpu *v, struct root *r, u32 quad)
{
	u32 role = r->role | 2 | quad << ROLE_QUAD_SHIFT;
	struct sp *pd = r->pd[quad];

	if (likely(pd))
		return pd;
	if (r->pd_gfn[quad] == GFN_NONE)
		pd = sp_new(v, GFN_NONE, role | ROLE_DIRECT);
	else
		pd = sp_get(v, r->pd_gfn[quad], role);
	sp_link(v, r->pdpt, quad, pd);
	return pd;
}

static void root_switch(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 role = m->base_role;
	u32 cr3 = cr3_key(role, v->guest->cr3);
	struct root *r;

	if (m->cur && root_matches(v, m->cur, role, cr3))
		return;
	mmu_topup(v);
	for (r = m->roots; r < m->roots + MAX_ROOTS; r++)
		if (root_matches(v, r, role, cr3))
			break;
	if (r == m->roots + MAX_ROOTS)
		r = root_new(v, role, cr3);
	r->stamp = ++m->clock;
	m->cur = r;
	code_root_changed(v);
	mon_check(v);
}

/**
 * root_select() - make sure there is a current root
 * @v: the vCPU
 */
void root_select(struct vcpu *v)
{
	if (unlikely(!v->mmu->cur)) {
		v->mmu->base_role = mmu_current_role(v);
		root_switch(v);
	}
}

/* Read and check the four PDPTEs at @cr3. */
static int pdptes_load(struct vcpu *v, u32 cr3, u64 *pdpte)
{
	u64 gpa = cr3 & 0xffffffe0;
	u32 i;
	int r;

	if (v->guest->a20_masked)
		gpa &= ~(u64)(1 << 20);
	for (i = 0; i < 4; i++) {
		r = guest_table_read(v, gpa >> 12, (gpa & 0xfff) / 8 + i, 8,
				     &pdpte[i]);
		if (r != X_OK)
			return r;
		if ((pdpte[i] & PTE_P) && (pdpte[i] & PDPTE_RSVD))
			return vcpu_fault_err(v, VMBT_VEC_GP, 0);
	}
	return X_OK;
}

/**
 * mmu_load_cr3() - the guest loads CR3
 * @v: the vCPU; CR0, CR4 and EFER as they shall be
 * @cr3: the value
 *
 * Also for the writes to CR0 and CR4 that reload the PDPTEs. Stores CR3 and
 * the PDPTEs in v->guest when all is well.
 *
 * Return: X_OK; X_FAULT with #GP(0) for bad PDPTEs, nothing changed
 */
int mmu_load_cr3(struct vcpu *v, u32 cr3)
{
	u32 role = mmu_current_role(v);
	u64 pdpte[4];
	int r, i;

	if (role_pae(role)) {
		r = pdptes_load(v, cr3, pdpte);
		if (r != X_OK)
			return r;
		for (i = 0; i < 4; i++)
			v->guest->pdpte[i] = pdpte[i];
	}
	v->guest->cr3 = cr3;
	v->stats->cr3_loads++;
	mmu_mode_changed(v);
	return X_OK;
}

/**
 * mmu_mode_changed() - CR0, CR4, EFER or the A20 gate changed
 * @v: the vCPU
 *
 * Also when all of the guest's state was set from outside.
 */
void mmu_mode_changed(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 role = mmu_current_role(v);

	/* CR0.WP says nothing about where code is. */
	if ((role ^ m->base_role) & ~ROLE_WP)
		code_epoch(v);
	if (role == m->base_role)
		reads_new_space(m);
	else
		reads_forget(m);
	mmu_alias_forget(v, role != m->base_role);
	m->base_role = role;
	root_switch(v);
	tlb_sync(v);
}

/**
 * mmu_activate() - the guest is about to run: give the machine its root
 * @v: the vCPU
 *
 * To be called before every entry; cheap when nothing changed.
 */
void mmu_activate(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 zaps;

	root_select(v);
	mon_ensure(v);
	if (unlikely(m->alias_unsure)) {
		zaps = m->zaps;
		/* By directories, which are traced as that of the monitor area now is. */
		alias_activate(v);
		if (unlikely(m->zaps != zaps))
			mon_ensure(v);
	}
	tlb_sync(v);
	if (m->hw != m->cur)
		tlb_load_root(v);
}
