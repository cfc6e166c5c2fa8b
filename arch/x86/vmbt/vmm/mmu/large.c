// SPDX-License-Identifier: GPL-2.0
/*
 * Large leaves: one directory entry for 2 MiB, where guest and host allow it.
 *
 * The guest maps them by a 2 MiB page or half of one of 4 MiB; the host has granted
 * all 512 frames for writing, neighbours in its memory (plat_gfn_large()); and none
 * of them is traced. Else a direct table of 4 KiB leaves takes the place. A trace,
 * or a frame that the host takes away, drops the leaf whole: nothing is split, since
 * what is left is filled anew, 16 pages at a time. So that a group of frames whose
 * traces come and go is not large and small in turn, the number of fills that it
 * stays small for doubles with each drop.
 *
 * A large leaf is never executable. The supervisor's never are; a user's is
 * not made. So no CPU has two sizes of one page in its instruction TLB, which some
 * answer with a machine check (Intel's erratum "ITLB multihit"). Nor does the data
 * TLB: the flush is between one size and the other (SDM vol. 3, 4.10.2.3 and
 * 4.10.4.2).
 *
 * The rules of 4 KiB leaves hold alike (shadow.c): read-only while the guest's
 * entry is clean, rights of the guest's entry, back references for all.
 */
#include "mmu_int.h"

#define GROUPS_PER_PAGE	(4096 / sizeof(struct group))
#define GROUP_SHIFT	8

_Static_assert(1u << GROUP_SHIFT == GROUPS_PER_PAGE, "a page of groups");
_Static_assert(GFN_LIMIT >> 9 >> GROUP_SHIFT == ARRAY_SIZE(((struct mmu *)0)->groups),
	       "groups for all frames");

/* Fills for which a group stays small after its first drop, and how often they double. */
#define SMALL_FILLS	4
#define SMALL_DOUBLES	6

static struct group *group_peek(struct mmu *m, u64 gfn)
{
	u64 n = gfn >> 9;
	struct group *page = gfn < m->mem_frames ? m->groups[n >> GROUP_SHIFT] : NULL;

	return page ? &page[n & (GROUPS_PER_PAGE - 1)] : NULL;
}

static struct group *group_get(struct vcpu *v, u64 gfn)
{
	struct group **page;
	u64 n = gfn >> 9;

	if (gfn >= v->mmu->mem_frames)
		plat_panic("mmu: group of frame %llx beyond mem_top", gfn);
	page = &v->mmu->groups[n >> GROUP_SHIFT];
	if (unlikely(!*page))
		*page = plat_pool_virt(pool_take(v));
	return &(*page)[n & (GROUPS_PER_PAGE - 1)];
}

/* All leaves of a group go. */
static void group_drop(struct vcpu *v, struct group *g)
{
	u32 ref;

	while ((ref = reflist_first(g->rmap)))
		sp_drop_entry(v, sp_of(v->mmu, REF_IDX(ref)), REF_ENTRY(ref));
}

/**
 * large_traced() - a frame has got its first trace
 * @v: the vCPU
 * @gfn: the frame, below mem_top
 */
void large_traced(struct vcpu *v, u64 gfn)
{
	struct group *g = group_get(v, gfn);

	g->traced++;
	if (!g->rmap)
		return;
	group_drop(v, g);
	g->small = (u16)(SMALL_FILLS << g->drops);
	if (g->drops < SMALL_DOUBLES)
		g->drops++;
}

/**
 * large_untraced() - a frame has lost its last trace
 * @m: the MMU
 * @gfn: the frame
 */
void large_untraced(struct mmu *m, u64 gfn)
{
	group_peek(m, gfn)->traced--;
}

/**
 * large_zap() - frames are taken away
 * @v: the vCPU
 * @start_gfn: first frame
 * @end_gfn: first frame that is not concerned
 */
void large_zap(struct vcpu *v, u64 start_gfn, u64 end_gfn)
{
	struct group *g;
	u64 gfn;

	for (gfn = start_gfn & ~511ull; gfn < end_gfn && gfn < v->mmu->mem_frames; gfn += 512) {
		g = group_peek(v->mmu, gfn);
		if (g)
			group_drop(v, g);
	}
}

/**
 * large_unlink() - a large leaf is cleared: its back reference goes
 * @v: the vCPU
 * @pd: level 2 shadow page
 * @i: its entry
 */
void large_unlink(struct vcpu *v, struct sp *pd, u32 i)
{
	struct group *g = group_peek(v->mmu, (u64)pd->aux[i] << 9);

	if (!g || !reflist_del(v, &g->rmap, REF(pd->idx, i)))
		plat_panic("mmu: large leaf %x:%u has no group", pd->idx, i);
	g->nrmap--;
	v->stats->shadow_large--;
}

/* May the guest's entry be one leaf, whatever the host has? */
static bool large_wanted(struct vcpu *v, u32 role, const struct walk *w)
{
	struct mmu *m = v->mmu;

	if ((v->shared->no_large & VMBT_LARGE_LEAVES) || (role & ROLE_A20) ||
	    (w->gfn | 511) >= m->mem_frames)
		return false;
	/* Never executable; and the supervisor's writes to what is read-only go page by page. */
	return m->nx && (w->acc & (ACC_U | ACC_X)) != (ACC_U | ACC_X) &&
	       ((w->acc & ACC_W) || (role & ROLE_WP));
}

/* May the 512 frames around that of @w have one leaf? */
static bool large_allowed(struct vcpu *v, const struct walk *w,
			  const struct plat_page *page)
{
	struct mmu *m = v->mmu;
	struct group *g;

	if (!large_wanted(v, m->cur->role, w) || !page->writable || !plat_gfn_large(w->gfn))
		return false;
	g = group_peek(m, w->gfn);
	if (!g)
		return true;
	if (g->traced)
		return false;
	if (g->small)
		g->small--;
	return !g->small;
}

static u64 large_rights(const struct walk *w)
{
	return (w->dirty && (w->acc & ACC_W) ? PTE_W | PTE_D : 0) |
	       (w->acc & ACC_U ? PTE_U : 0);
}

static u64 large_make(struct vcpu *v, const struct walk *w, const struct plat_page *page)
{
	return ((page->phys - ((u64)(w->gfn & 511) << 12)) & SPTE_ADDR) |
	       v->mmu->pte_enc | v->mmu->nx | PTE_P | PTE_A | PTE_PS | large_rights(w);
}

/* A leaf where there is nothing. */
static void large_put(struct vcpu *v, struct sp *pd, u32 i, u32 gfn, u64 spte)
{
	struct group *g = group_get(v, gfn);
	u32 ref;

	if (unlikely(g->nrmap >= REFS_MAX)) {
		ref = reflist_first(g->rmap);
		sp_drop_entry(v, sp_of(v->mmu, REF_IDX(ref)), REF_ENTRY(ref));
	}
	reflist_add(v, &g->rmap, REF(pd->idx, i));
	g->nrmap++;
	v->stats->shadow_large++;
	v->stats->large_fills++;
	pd->aux[i] = gfn >> 9;
	pd->spt[i] = spte;
	pd->present++;
}

/**
 * large_fill() - put the translation of a guest's big page in the current root
 * @v: the vCPU; mmu_topup() was called
 * @w: the walk
 * @page: what the host granted for its frame, just now
 * Return: false if it has to be a direct table's
 */
bool large_fill(struct vcpu *v, const struct walk *w, const struct plat_page *page)
{
	u32 i = (w->lin >> 21) & 511;
	struct sp *pd;
	u64 spte, lost;

	if (!large_allowed(v, w, page))
		return false;
	spte = large_make(v, w, page);
	pd = root_pd(v, v->mmu->cur, w->lin >> 30);
	if (sp_is_large(pd, i) && !((pd->spt[i] ^ spte) & SPTE_ADDR)) {
		lost = pd->spt[i] & ~spte & (PTE_W | PTE_U);
		if (lost)
			tlb_note_large(v, pd, i);
		pd->spt[i] = spte;
		v->stats->large_fills++;
		return true;
	}
	sp_drop_entry(v, pd, i);
	/* Not two sizes at once. */
	tlb_sync(v);
	large_put(v, pd, i, w->gfn, spte);
	return true;
}

/**
 * large_inherit() - have a large leaf that another directory has
 * @v: the vCPU
 * @pd: level 2 shadow page, without an entry there
 * @from: the other one, of the same role; its entry is a large leaf
 * @w: what the entry of the guest's own directory says, accessed
 *
 * That the leaf is there says what is to be known of its frames: the host has granted
 * them, and none is traced.
 *
 * Return: false if it would be another one
 */
bool large_inherit(struct vcpu *v, struct sp *pd, const struct sp *from, const struct walk *w)
{
	u32 i = (w->lin >> 21) & 511;
	u64 spte = from->spt[i];

	if (from->aux[i] != w->gfn >> 9 || !large_wanted(v, from->role, w) ||
	    ((spte ^ large_rights(w)) & (PTE_W | PTE_U)))
		return false;
	large_put(v, pd, i, w->gfn, spte);
	return true;
}
