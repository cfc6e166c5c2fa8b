// SPDX-License-Identifier: GPL-2.0
/*
 * Large grants: 2 MiB of guest memory that the host keeps in one piece.
 *
 * Where a huge page (a transparent one or hugetlbfs's) is behind 512 frames
 * that begin at a multiple of 512, the VMM gets them all with one question, and
 * may map them by one entry. vm->large has one record for the 512, by the number
 * of the group (gfn >> 9); all of them are granted for writing. What takes one
 * of the frames away takes all of them away: the VMM asks anew for the rest.
 *
 * Nothing is said by how the memory was asked for, nor by the host's page tables,
 * which change at any time: the kernel is asked for each of the 512 pages, for
 * writing and without a fault, under the sequence that each grant is made under
 * (memslot.c).
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "vmbt.h"

/**
 * vmbt_large_fits() - could the 512 frames around one be a huge page?
 * @s: the slot of the frame
 * @gfn: the frame
 *
 * They lie in the slot, which can be written and has no log. Context: mem_lock
 * is held.
 */
bool vmbt_large_fits(const struct vmbt_slot *s, u64 gfn)
{
	u64 first = gfn & ~(VMBT_LARGE_FRAMES - 1);

	return !(vmbt_param_no_large & VMBT_LARGE_GRANTS) &&
	       !(s->flags & KVM_MEM_READONLY) && !s->dirty &&
	       first >= s->base_gfn && first + VMBT_LARGE_FRAMES <= s->base_gfn + s->npages;
}

/**
 * vmbt_large_backed() - is a huge page that can be written behind all 512?
 * @gfn: one of the frames
 * @hva: its user address, which vmbt_large_fits()
 * @page: what is behind it; the caller has a reference
 *
 * As of now: the caller looks at the sequence again before it relies on that.
 * Context: the VM's process, may sleep.
 */
bool vmbt_large_backed(u64 gfn, unsigned long hva, struct page *page)
{
	unsigned int at = gfn % VMBT_LARGE_FRAMES;
	struct page **pages;
	bool same = true;
	int n, i;

	/* Then all of them are of one folio, if they are neighbours. */
	if (folio_order(page_folio(page)) < VMBT_LARGE_ORDER ||
	    page_to_pfn(page) % VMBT_LARGE_FRAMES != at)
		return false;
	pages = kmalloc_array(VMBT_LARGE_FRAMES, sizeof(*pages),
			      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages)
		return false;
	n = get_user_pages_fast_only(hva - at * PAGE_SIZE, VMBT_LARGE_FRAMES,
				     FOLL_WRITE, pages);
	for (i = 0; i < n; i++) {
		same &= page_to_pfn(pages[i]) == page_to_pfn(page) - at + i;
		put_page(pages[i]);
	}
	kfree(pages);
	return same && n == VMBT_LARGE_FRAMES;
}

/**
 * vmbt_large_store() - record a large grant
 * @vm: the VM
 * @gfn: one of the frames
 * @hva: its user address
 * @page: what is behind it
 *
 * Context: mem_lock is held, the sequence has not moved since before
 * vmbt_large_backed(), and an entry is reserved.
 *
 * Return: false while some of it is being invalidated
 */
bool vmbt_large_store(struct vmbt_vm *vm, u64 gfn, unsigned long hva, struct page *page)
	__must_hold(&vm->mem_lock)
{
	unsigned long start = hva - gfn % VMBT_LARGE_FRAMES * PAGE_SIZE;

	if (vm->inv_active && start < vm->inv_end &&
	    start + VMBT_LARGE_FRAMES * PAGE_SIZE > vm->inv_start)
		return false;
	page = pfn_to_page(page_to_pfn(page) & ~(VMBT_LARGE_FRAMES - 1));
	xa_store(&vm->large, gfn / VMBT_LARGE_FRAMES, page, GFP_NOWAIT);
	vm->nr_large++;
	return true;
}

/**
 * vmbt_large_page() - what is behind a frame by a large grant
 * @vm: the VM
 * @gfn: the frame
 *
 * Context: mem_lock is held. Return: the page, or NULL.
 */
struct page *vmbt_large_page(struct vmbt_vm *vm, u64 gfn)
{
	struct page *first = xa_load(&vm->large, gfn / VMBT_LARGE_FRAMES);

	return first ? pfn_to_page(page_to_pfn(first) + gfn % VMBT_LARGE_FRAMES) : NULL;
}
