// SPDX-License-Identifier: GPL-2.0
/*
 * Pool pages that go back to the host when it is short of memory.
 *
 * Free pages go first, then those of recycled shadow pages and their companions,
 * which can always be made again, then records of frames and nodes of lists that
 * nothing is left in. What stays are the window's tables, and the pages that the VM
 * began with. The translator's are core's to ask for (bt_flush()).
 *
 * When the translator has forgotten all, most of what the pool grew to is free: that
 * goes back without being asked for when the guest is idle (mmu_halted()).
 *
 * A page that has gone leaves a hole: its number is the pool's still, and no
 * list has it. Numbers at the end of the pool go altogether. Later the host
 * fills holes, lowest first, and POOLMAP says which (pool_fill_holes()).
 *
 * The host makes sure by itself that no CPU remembers the page (space.c). That
 * no table names it any more is for this side to know: only free pages go, and
 * pages are free once nothing links them.
 */
#include "mmu_int.h"

/* The next updates shall not have to ask for pages at once. */
#define KEEP_PAGES	64
/* More than so many free ones are worth giving back unasked, */
#define PLENTY_PAGES	512
/* when the guest has halted so often without another one. */
#define QUIET_HALTS	8

static void hole_set(struct mmu *m, u32 idx)
{
	m->holes[idx / 64] |= 1ull << idx % 64;
	m->nholes++;
}

static bool hole_clear(struct mmu *m, u32 idx)
{
	u64 bit = 1ull << idx % 64;

	if (!(m->holes[idx / 64] & bit))
		return false;
	m->holes[idx / 64] &= ~bit;
	m->nholes--;
	return true;
}

/**
 * pool_fill_holes() - put pages that the host has brought back on the free list
 * @v: the vCPU
 * Return: how many there were
 */
u32 pool_fill_holes(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 i, n = 0;
	u64 word;

	for (i = 0; i < ARRAY_SIZE(m->holes); i++) {
		for (word = m->holes[i]; word; word &= word - 1) {
			u32 idx = i * 64 + (u32)__builtin_ctzll(word);

			if (!plat_pool_phys(idx))
				continue;
			hole_clear(m, idx);
			pool_free(v, idx);
			n++;
		}
	}
	return n;
}

/* The host has cut the holes off the end of the pool. */
static void cut_end(struct mmu *m, u32 end)
{
	while (m->pool_pages > end)
		if (!hole_clear(m, --m->pool_pages))
			plat_panic("mmu: the host took pool page %u",
				   m->pool_pages);
	if (m->pool_pages != end)
		plat_panic("mmu: the pool ends at %u, not %u", m->pool_pages, end);
	if (m->pool_fresh > end)
		m->pool_fresh = end;
}

/* As many free pages as @want and those that are kept, if they can be had. */
static void make_free(struct vcpu *v, u32 want)
{
	struct mmu *m = v->mmu;

	aux_trim(v);
	while (pool_avail(m) < want + KEEP_PAGES &&
	       shadow_reclaim(v, want + KEEP_PAGES - pool_avail(m)))
		aux_trim(v);
	if (pool_avail(m) < want + KEEP_PAGES) {
		frame_trim(v);
		node_trim(v);
	}
}

/* Take up to @want free pages out of the pool, onto the list for the host. */
static u32 collect(struct vcpu *v, u32 want)
{
	struct mmu *m = v->mmu;
	u32 top = m->pool_pages, avail, i, idx;

	/* The CPU may know of what was in there: as before any other use. */
	tlb_sync(v);
	avail = pool_avail(m);
	if (avail <= KEEP_PAGES)
		return 0;
	if (want > avail - KEEP_PAGES)
		want = avail - KEEP_PAGES;
	for (i = 0; i < want; i++) {
		/* From the end first: that leaves no holes. */
		if (top > m->pool_fresh) {
			idx = --top;
		} else {
			idx = m->pool_head;
			m->pool_head = *(u32 *)plat_pool_virt(idx);
			m->pool_nfree--;
		}
		v->shared->shrink_list[i] = idx;
		hole_set(m, idx);
	}
	return want;
}

/* How many of @want pages go in one call. */
static u32 portion(const struct mmu *m, u32 want)
{
	u32 have = m->pool_pages - m->nholes;

	if (have <= m->pool_least)
		return 0;
	if (want > have - m->pool_least)
		want = have - m->pool_least;
	return want < VMBT_SHRINK_LIST ? want : VMBT_SHRINK_LIST;
}

/* The host gets what collect() has put on the list. */
static void hand_over(struct vcpu *v, u32 n, bool done)
{
	struct mmu *m = v->mmu;

	cut_end(m, plat_pool_shrink(n, done));
	/* The host may have pages again, or room below the limit. */
	m->growable |= n > 0;
	v->stats->pool_given += n;
	v->stats->pool_pages = m->pool_pages - m->nholes;
	v->stats->pool_free = pool_avail(m);
}

/**
 * mmu_spare() - how many pages mmu_shrink() may come by
 * @v: the vCPU
 */
u32 mmu_spare(const struct vcpu *v)
{
	return pool_avail(v->mmu) + v->mmu->nsp;
}

/**
 * mmu_shrink() - the host wants pool pages back
 * @v: the vCPU, between two runs of the guest
 * @want: how many
 *
 * Long work, which serves the host in between. Ends with a call that says so,
 * whatever there was to give.
 */
void mmu_shrink(struct vcpu *v, u32 want)
{
	u32 n;

	do {
		n = portion(v->mmu, want);
		if (n) {
			make_free(v, n);
			n = collect(v, n);
		}
		want -= n;
		hand_over(v, n, !n || !want);
	} while (n && want);
}

/**
 * mmu_halted() - the guest has nothing to do
 * @v: the vCPU, between two runs of the guest
 *
 * Gives back what is free in plenty, if that is not what the guest had in the
 * middle of its work: what goes then has to be asked for again. Keeps enough for
 * it to ask in portions.
 */
void mmu_halted(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 n;

	if (++m->quiet < QUIET_HALTS || pool_avail(m) <= PLENTY_PAGES)
		return;
	while (pool_avail(m) > 2 * KEEP_PAGES) {
		n = portion(m, pool_avail(m) - 2 * KEEP_PAGES);
		n = n ? collect(v, n) : 0;
		if (!n)
			break;
		hand_over(v, n, false);
	}
}
