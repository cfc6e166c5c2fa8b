// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor area's place in the guest's linear space.
 *
 * Two page tables of its own, shared by all roots, map its 4 MiB (monpages.c).
 * Leaves say which pages ring-3 code may see; whether it sees them now is the U
 * bit of the directory entries, so that BT at ring 3 costs as many stores and a
 * flush.
 *
 * Fixed, the area hides whatever the guest maps there (and core has those
 * accesses interpreted). Floating, it sits where the guest's directory maps
 * nothing; directories are checked when a root becomes current and when the
 * guest writes to one, and core is told (VCPU_EV_MON_WANTED) to move it.
 *
 * Split, it floats, but for the data page. A hole in the guest's tables has to
 * fault, and all of the area does when it is written to; that page must not. Where
 * the CPU enforces limits it is therefore behind those of the guest's segments, in
 * a third page table, which hides the guest's last 2 MiB like a fixed area.
 */
#include "mmu_int.h"

/* Devices of a PC have their registers from here on. */
#define MON_TOP_LIMIT	0xfe000000u

static u32 mon_pdes(const struct vcpu *v)
{
	return mon_split(v) ? 3 : 2;
}

/* The linear address that directory entry @k of the area's is for. */
static u32 mon_pde_lin(const struct vcpu *v, u32 k)
{
	return k < 2 ? v->mon_base + k * VMBT_MON_PDE : v->mon_data;
}

/* The directory entry for page table @k of the area. */
static u64 mon_pde(struct vcpu *v, u32 k)
{
	struct mmu *m = v->mmu;

	return (plat_pool_phys(m->mon_pt[k]) & SPTE_ADDR) | m->pte_enc |
	       PTE_P | PTE_W | PTE_A | (m->mon_user ? PTE_U : 0);
}

/**
 * mon_ensure() - have the area mapped in the current root
 * @v: the vCPU
 */
void mon_ensure(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 k, i, lin, n = mon_pdes(v);
	struct sp *pd;

	if (!m->mon_placed)
		return;
	for (k = 0; k < n; k++) {
		lin = mon_pde_lin(v, k);
		i = (lin >> 21) & 511;
		pd = m->cur->pd[lin >> 30];
		if (unlikely(!pd)) {
			mmu_topup(v);
			pd = root_pd_inherit(v, lin >> 30);
		}
		/* Nothing but the right to it ever changes in such an entry. */
		if (likely(pd->aux[i] == CHILD_MON &&
			   !(pd->spt[i] & PTE_U) == !m->mon_user))
			continue;
		if (pd->aux[i] != CHILD_MON)
			sp_drop_entry(v, pd, i);
		else	/* visible to ring 3, or no longer */
			tlb_note_table(v, pd);
		pd->aux[i] = CHILD_MON;
		pd->spt[i] = mon_pde(v, k);
	}
}

/* Is there memory of the guest's in these 4 MiB? */
static bool slot_at(struct vcpu *v, u32 base)
{
	u32 n = base >> VMBT_SLOT_MAP_SHIFT;

	return v->shared->slot_map[n / 64] & 1ull << n % 64;
}

/*
 * Does a directory entry lead to where nothing is? A guest that maps all 4 GiB
 * has no better place: its supervisor's own big pages, of addresses without
 * memory.
 */
static bool pde_to_nowhere(struct vcpu *v, u32 base, u64 pde)
{
	u32 role = v->mmu->base_role;
	u64 gpa;

	if ((pde & (PTE_PS | PTE_U)) != PTE_PS || !((role & ROLE_PSE) || role_pae(role)))
		return false;
	if (role_pae(role))
		gpa = pde & SPTE_ADDR & ~0x1fffffull;
	else	/* PSE-36: bits 39 to 32 are bits 20 to 13 */
		gpa = (pde & 0xffc00000) | (pde >> 13 & 0xff) << 32 | (base & 0x200000);
	return gpa < 1ull << 32 && !slot_at(v, (u32)gpa);
}

/*
 * Does the guest's current directory map nothing at all in these 4 MiB, or, if
 * @nowhere, nothing that is there?
 */
static bool mon_hole(struct vcpu *v, u32 base, bool nowhere, int *err)
{
	u64 pde;
	u32 k;

	if (!role_paged(v->mmu->base_role))
		return !slot_at(v, base);
	/* There may be a thousand places to look at. */
	plat_yield();
	for (k = 0; k < 2; k++) {
		*err = walk_read_pde(v, base + k * VMBT_MON_PDE, &pde);
		if (*err != X_OK)
			return false;
		if ((pde & PTE_P) &&
		    !(nowhere && pde_to_nowhere(v, base + k * VMBT_MON_PDE, pde)))
			return false;
	}
	return true;
}

/**
 * mon_check() - does the guest want the place where the area floats?
 * @v: the vCPU
 */
void mon_check(struct vcpu *v)
{
	int err = X_OK;

	if (!v->mmu->mon_placed || v->shared->mon_policy == VMBT_MON_FIXED)
		return;
	if (!mon_hole(v, v->mon_base, v->mmu->mon_nowhere, &err))
		v->events |= VCPU_EV_MON_WANTED;
}

/* The best hole of the current address space, or 0. */
static u32 mon_find(struct vcpu *v, bool nowhere)
{
	u32 base;
	int err;

	for (base = 0xf0000000; base >= 0xc0000000; base -= VMBT_MON_SIZE)
		if (mon_hole(v, base, nowhere, &err))
			return base;
	/*
	 * Linux with much memory maps it up to here; then come its dynamic
	 * mappings, which grow from both ends: far from either.
	 */
	for (base = 0xfb000000; base > 0xf0000000; base -= VMBT_MON_SIZE)
		if (mon_hole(v, base, nowhere, &err))
			return base;
	for (base = 0xfb400000; base < MON_TOP_LIMIT; base += VMBT_MON_SIZE)
		if (mon_hole(v, base, nowhere, &err))
			return base;
	/* Where user space is at home: only what it does not map. */
	for (base = 0xbfc00000; base; base -= VMBT_MON_SIZE)
		if (mon_hole(v, base, nowhere, &err))
			return base;
	return 0;
}

/* Rather where nothing is mapped than where the mapping leads nowhere. */
static u32 find_any(struct vcpu *v)
{
	u32 base = mon_find(v, false);

	v->mmu->mon_nowhere = !base;
	return base ? base : mon_find(v, true);
}

static void mon_remove(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 i = (v->mon_base >> 21) & 511;
	struct root *r;
	struct sp *pd;
	u32 k;

	/* A data page of its own never moves. */
	for (r = m->roots; r < m->roots + MAX_ROOTS; r++) {
		pd = r->live ? r->pd[v->mon_base >> 30] : NULL;
		for (k = 0; pd && k < 2; k++) {
			if (pd->aux[i + k] == CHILD_MON) {
				pd->spt[i + k] = 0;
				pd->aux[i + k] = 0;
			}
		}
	}
	m->mon_placed = false;
	tlb_note_all(v);
}

/**
 * mmu_place_monitor() - find a place for the monitor area and put it there
 * @v: the vCPU; mon_base and mon_data are set
 *
 * Stays where it is if the guest does not want the place.
 *
 * Return: false if the guest's address space has no hole
 */
bool mmu_place_monitor(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 base;
	int err;

	root_select(v);
	mmu_topup(v);
	if (!m->mon_pt[0])
		mon_tables(v);
	if (v->shared->mon_policy == VMBT_MON_FIXED)
		base = VMBT_MON_FIXED_BASE;
	else if (m->mon_placed && mon_hole(v, v->mon_base, m->mon_nowhere, &err))
		base = v->mon_base;
	else
		base = find_any(v);
	if (!base)
		return false;
	if (m->mon_placed && base != v->mon_base)
		mon_remove(v);
	v->mon_base = base;
	v->mon_data = mon_split(v) ? VMBT_MON_SPLIT_DATA : base;
	v->stats->monitor_base = base;
	m->mon_placed = true;
	mon_ensure(v);
	tlb_sync(v);
	return true;
}

/**
 * mmu_monitor_user() - show or hide the area's user pages
 * @v: the vCPU
 * @visible: translated ring-3 code is about to run
 */
void mmu_monitor_user(struct vcpu *v, bool visible)
{
	struct mmu *m = v->mmu;

	if (m->mon_user == visible)
		return;
	m->mon_user = visible;
	if (m->cur) {
		mon_ensure(v);
		tlb_sync(v);
	}
}
