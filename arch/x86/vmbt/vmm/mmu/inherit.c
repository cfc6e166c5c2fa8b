// SPDX-License-Identifier: GPL-2.0
/*
 * What a new directory has in common with the one before, linked at once.
 *
 * Kernels copy their own part into the directory of each process that they make. The
 * tables for it are shadowed already, and without this each link of them would be a
 * page fault of the new process.
 *
 * Nothing is believed of the other address space but that its shadow entries are exact.
 * The guest's new directory is read, and from each entry it is worked out which table or
 * leaf a fault there would put in place (SDM vol. 3, 4.3 and 4.4, as walk.c has them). If
 * the other directory has just that one, it is linked here, too. An entry whose accessed
 * flag is clear is left to the fault that sets it.
 */
#include "mmu_int.h"

/* Most of a directory is empty: so many entries are passed over at a time. */
#define FEW	4

/* The guest's directory that the shadow page stands for; NULL if it is not there. */
static const u8 *directory(const struct sp *pd)
{
	struct plat_page page;

	return plat_gfn_map(pd->gfn, false, &page) == VMBT_PAGE_RAM ? page.virt : NULL;
}

/* The guest's entry that shadow entry @i of a directory is made from. */
static u64 entry_of(const struct sp *pd, const u8 *guest, u32 i)
{
	if (role_pae(pd->role))
		return READ_ONCE(((const u64 *)guest)[i]);
	return READ_ONCE(((const u32 *)guest)[role_quad(pd->role) << 8 | i >> 1]);
}

static bool entry_inherit(struct vcpu *v, struct sp *pd, const struct sp *from, u32 i, u64 pde)
{
	struct walk w = { .lin = role_quad(pd->role) << 30 | i << 21, .pde = pde };
	struct sp *child;
	u32 role, gfn;

	if ((pde & (PTE_P | PTE_A)) != (PTE_P | PTE_A) || pte_reserved(pd->role, 2, pde))
		return false;
	walk_take_pde(pd->role & ROLE_BASE, &w);
	w.dirty = w.pte & PTE_D;
	if (sp_is_large(from, i))
		return w.big && large_inherit(v, pd, from, &w);
	role = fill_table(pd->role & ROLE_BASE, &w, &gfn);
	child = sp_of(v->mmu, from->aux[i]);
	if (child->role != role || child->gfn != gfn || child->nparents >= REFS_MAX)
		return false;
	sp_link(v, pd, i, child);
	child->writes = 0;
	return true;
}

static bool few_used(const struct sp *from, u32 i)
{
	const u64 *e = from->spt + i;

	return e[0] | e[1] | e[2] | e[3];
}

/* Of the entries from @i on, those that @from has. How many that are. */
static u32 few_inherit(struct vcpu *v, struct sp *pd, const struct sp *from, u32 i,
		       const u8 *guest)
{
	u32 end = i + FEW, seen = 0;

	for (; i < end; i++) {
		if (!from->spt[i] || from->aux[i] == CHILD_MON)
			continue;
		seen++;
		if (!pd->spt[i] && pool_roomy(v->mmu) &&
		    entry_inherit(v, pd, from, i, entry_of(pd, guest, i)))
			v->stats->links_inherited++;
	}
	return seen;
}

/**
 * root_pd_inherit() - the current root's shadow directory for one GiB, which has none
 * @v: the vCPU; mmu_topup() was called
 * @quad: which GiB
 *
 * With all of its entries that the root the hardware runs on has, too. Asks the host
 * for the guest's directory: nothing that plat_gfn_map() gave may be in use.
 *
 * Return: the directory
 */
struct sp *root_pd_inherit(struct vcpu *v, u32 quad)
{
	struct mmu *m = v->mmu;
	struct sp *pd = root_pd(v, m->cur, quad), *from;
	u32 i, left;
	const u8 *guest;

	from = m->hw && m->hw->role == m->cur->role ? m->hw->pd[quad] : NULL;
	if (!from || pd->present || ((pd->role | from->role) & ROLE_DIRECT) ||
	    (v->shared->no_offers & VMBT_OFFER_LINKS))
		return pd;
	guest = directory(pd);
	if (!guest)
		return pd;
	/* From here on nothing asks the host, and nothing of @from goes. */
	left = from->present;
	for (i = 0; left && i < 512; i += FEW)
		if (few_used(from, i))
			left -= few_inherit(v, pd, from, i, guest);
	return pd;
}
