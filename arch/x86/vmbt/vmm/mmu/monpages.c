// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor area's pages: which of them there are, and what translated code
 * may do with each.
 *
 * A VM that has translated little shall not pay for 4 MiB. So a page comes from
 * the pool when the translator is about to write to it, and goes back when all
 * that was in it is forgotten. Where none is, translated code finds nothing: its
 * leaf is clear, and a jump there is a fault as one to any other place.
 *
 * The hash tables are read in line by each indirect branch, which must not fault:
 * where they have no page yet, one that is empty stands in for all, and nobody
 * writes to it. Putting another in its place, or taking one away, changes what the
 * CPU may have cached in every root.
 */
#include "mmu_int.h"

#define MON_PAGES	(VMBT_MON_SIZE / 4096)

/* Of the hash tables? */
static bool mon_hashed(u32 off)
{
	return (off >= VMBT_MON_HASH1 && off < VMBT_MON_RT) ||
	       (off >= VMBT_MON_HASH2 && off < VMBT_MON_HASH2 +
		VMBT_MON_HASH2_ENTRIES * sizeof(struct vmbt_hash_entry));
}

static u64 mon_leaf(struct vcpu *v, u32 off, u64 phys)
{
	struct mmu *m = v->mmu;
	u64 spte = (phys & SPTE_ADDR) | m->pte_enc | PTE_P | PTE_A;

	/* Whoever wrote to the wrong page could do no more harm than this. */
	if (unlikely(v->shared->hostile.on))
		spte |= PTE_W | PTE_D;
	if (off < VMBT_MON_HASH1)
		return spte | m->nx | PTE_W | PTE_D | PTE_U;
	if (off < VMBT_MON_HASH3)
		return spte | m->nx;
	if (off < VMBT_MON_RT)
		return spte | m->nx | PTE_U;
	if (off >= VMBT_MON_HASH2 && off < VMBT_MON_INSN)
		return spte | m->nx;
	/* With SMEP, what ring 1 runs must not be a user page. */
	if (off >= m->mon_tc3_from && off < m->mon_tc3_to)
		return spte | PTE_U;
	return spte;
}

/* The leaf of page @n as it has to be now. The tables are there. */
static void mon_show(struct vcpu *v, u32 n)
{
	struct mmu *m = v->mmu;
	u8 *page = m->mon_page[n];
	u64 leaf = 0, *pt;

	if (page)
		leaf = mon_leaf(v, n * 4096, plat_pool_phys(pool_index(page)));
	/* Split, the data page has a table for itself. */
	pt = plat_pool_virt(m->mon_pt[!n && mon_split(v) ? 2 : n / 512]);
	pt[n % 512] = leaf;
}

/**
 * mon_tables() - fill the area's page tables
 * @v: the vCPU; mmu_topup() was called
 *
 * They belong to the vCPU for good.
 */
void mon_tables(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 i;

	for (i = 0; i < (mon_split(v) ? 3 : 2); i++)
		if (!m->mon_pt[i])
			m->mon_pt[i] = pool_take(v);
	/* The others' leaves are clear, as the tables began. */
	for (i = 0; i < MON_PAGES; i++)
		if (m->mon_page[i])
			mon_show(v, i);
	plat_yield();
}

/**
 * mmu_monitor_tc3() - which part of the area holds translated ring-3 code
 * @v: the vCPU
 * @from: offset into the monitor area, page aligned
 * @to: its end
 */
void mmu_monitor_tc3(struct vcpu *v, u32 from, u32 to)
{
	v->mmu->mon_tc3_from = from;
	v->mmu->mon_tc3_to = to;
	if (v->mmu->mon_pt[0]) {
		mon_tables(v);
		tlb_note_all(v);
		tlb_sync(v);
	}
}

/**
 * mmu_monitor_has() - has page @n of the area memory of its own?
 * @v: the vCPU
 * @n: below VMBT_MON_SIZE / 4096
 */
bool mmu_monitor_has(const struct vcpu *v, u32 n)
{
	const u8 *page = v->mmu->mon_page[n];

	return page && page != v->mmu->mon_empty;
}

/**
 * mmu_monitor_fill() - have memory behind page @n of the area
 * @v: the vCPU; outside of an update of the shadow: the host may be asked
 * @n: below VMBT_MON_SIZE / 4096
 *
 * Zeroed, if it had none. What the CPU knew of the place is forgotten before the
 * guest runs (mmu_activate()).
 *
 * Return: false if there is no page for it
 */
bool mmu_monitor_fill(struct vcpu *v, u32 n)
{
	struct mmu *m = v->mmu;
	u8 *page;

	if (likely(mmu_monitor_has(v, n)))
		return true;
	page = pool_alloc_page(v);
	if (!page)
		return false;
	if (m->mon_page[n])
		tlb_note_all(v);
	m->mon_page[n] = page;
	v->stats->bt_pages++;
	if (m->mon_pt[0])
		mon_show(v, n);
	return true;
}

/**
 * mmu_monitor_drop() - nothing of what is in these pages is used any more
 * @v: the vCPU, which no translated code is to be gone on with
 * @from: the first page of the area that goes
 * @to: the first behind them
 *
 * A hash page reads as empty afterwards.
 */
void mmu_monitor_drop(struct vcpu *v, u32 from, u32 to)
{
	struct mmu *m = v->mmu;
	u32 n;

	for (n = from; n < to; n++) {
		u8 *page = m->mon_page[n];

		if (!mmu_monitor_has(v, n))
			continue;
		m->mon_page[n] = mon_hashed(n * 4096) ? m->mon_empty : NULL;
		if (m->mon_pt[0])
			mon_show(v, n);
		tlb_note_all(v);
		pool_free_page(v, page);
		v->stats->bt_pages--;
		if (plat_overdue()) {
			tlb_sync(v);
			plat_yield();
		}
	}
}

/**
 * mmu_monitor_init() - the pages that are there from the beginning
 * @v: the vCPU; mmu_init() was called
 *
 * The data page, where instructions of the VMM's are put for the guest's ring
 * (metal/guestinsn.c), and what stands in for hash pages.
 */
void mmu_monitor_init(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 n;

	v->mon_page = m->mon_page;
	m->mon_empty = pool_alloc_page(v);
	if (!m->mon_empty || !mmu_monitor_fill(v, VMBT_MON_DATA / 4096) ||
	    !mmu_monitor_fill(v, VMBT_MON_INSN / 4096))
		plat_panic("no pool pages for the monitor area");
	for (n = 0; n < MON_PAGES; n++)
		if (mon_hashed(n * 4096))
			m->mon_page[n] = m->mon_empty;
	v->mon = (struct vmbt_mon *)m->mon_page[VMBT_MON_DATA / 4096];
	mmu_alias_init(v);
}
