// SPDX-License-Identifier: GPL-2.0
/*
 * Whose is each page that the VMM world maps?
 *
 * A walk of the page tables the VMM runs on right now. Every present leaf has
 * to be what its place in layout.h says, with that place's rights; one that is
 * not is a hole in the wall. Tables are followed only if they are pages that
 * the space owns.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <asm/mem_encrypt.h>

#include "host_int.h"

#define LEAF_RIGHTS	(_PAGE_RW | _PAGE_USER | _PAGE_NX)
#define RO		_PAGE_NX
#define RW		(_PAGE_RW | _PAGE_NX)
#define RX		0

struct walk {
	struct vmbt_space *space;
	bool (*granted)(void *data, u64 pfn, bool write);
	void *data;
	struct vmbt_leaves *out;
};

static const char *const names[VMBT_LEAF_OWNERS] = {
	[VMBT_LEAF_IMAGE] = "image",
	[VMBT_LEAF_SHARED] = "shared",
	[VMBT_LEAF_STACK] = "stack",
	[VMBT_LEAF_POOLMAP] = "poolmap",
	[VMBT_LEAF_POOL] = "pool",
	[VMBT_LEAF_ALIAS] = "alias",
	[VMBT_LEAF_GDT] = "gdt",
	[VMBT_LEAF_CROSS_TEXT] = "cross_text",
	[VMBT_LEAF_CROSS_DATA] = "cross_data",
	[VMBT_LEAF_WINDOW] = "window",
	[VMBT_LEAF_GUEST] = "guest",
	[VMBT_LEAF_GUEST_LARGE] = "guest_large",
	[VMBT_LEAF_UNKNOWN] = "unknown",
};

const char *vmbt_leaf_name(enum vmbt_leaf_owner owner)
{
	return names[owner];
}

static u64 entry_pfn(u64 entry)
{
	return (entry & PTE_PFN_MASK & ~sme_me_mask) >> PAGE_SHIFT;
}

static bool owned_by(struct vmbt_space *space, u64 pfn, unsigned long who)
{
	return xa_load(&space->owned, pfn) == xa_mk_value(who);
}

static bool is_kernel_page(const void *va, u64 pfn)
{
	return vmbt_kernel_phys(va) >> PAGE_SHIFT == pfn;
}

static bool image_ok(struct vmbt_space *space, u64 va, u64 pfn, u64 rights)
{
	u64 off = va - VMBT_IMAGE_BASE;

	if (off >= (u64)space->nimage * PAGE_SIZE ||
	    page_to_pfn(space->image[off / PAGE_SIZE]) != pfn)
		return false;
	if (off < space->hdr->text_end)
		return rights == RX;
	return rights == (off < space->hdr->rodata_end ? RO : RW);
}

static bool stack_ok(struct vmbt_space *space, u64 va, u64 pfn, u64 rights)
{
	u64 n = (va - VMBT_STACK_BASE) / VMBT_STACK_SLOT, j;

	if (n >= VMBT_STACKS)
		return false;
	j = (VMBT_STACK_TOP(n) - va) / PAGE_SIZE - 1;
	return j < VMBT_STACK_MAIN_PAGES && space->stacks[n][j] &&
	       page_to_pfn(space->stacks[n][j]) == pfn && rights == RW;
}

/* What the leaf at @va must be, and whether it is. */
static enum vmbt_leaf_owner judge(struct walk *w, u64 va, u64 pte)
{
	struct vmbt_space *space = w->space;
	u64 rights = pte & LEAF_RIGHTS, pfn = entry_pfn(pte), i;
	enum vmbt_leaf_owner who = VMBT_LEAF_UNKNOWN;
	bool ok = false;

	if (va < BIT_ULL(32)) {
		who = VMBT_LEAF_GUEST;
		ok = owned_by(space, pfn, VMBT_LEAF_POOL) ||
		     (w->granted && w->granted(w->data, pfn, pte & _PAGE_RW));
	} else if (va >= VMBT_WINDOW_BASE &&
		   va < VMBT_WINDOW_BASE + VMBT_WINDOW_SIZE) {
		who = VMBT_LEAF_WINDOW;
		ok = (rights == RO || rights == RW) && w->granted &&
		     w->granted(w->data, pfn, pte & _PAGE_RW);
	} else if (va >= VMBT_ALIAS_BASE && va < VMBT_ALIAS_BASE + BIT_ULL(32)) {
		who = VMBT_LEAF_ALIAS;
		ok = rights == RW && page_to_pfn(space->alias) == pfn;
	} else if (va >= VMBT_POOL_BASE &&
		   va < VMBT_POOL_BASE + (u64)space->npool * PAGE_SIZE) {
		who = VMBT_LEAF_POOL;
		i = (va - VMBT_POOL_BASE) / PAGE_SIZE;
		ok = rights == RW && *vmbt_pool_slot(space, i) &&
		     page_to_pfn(*vmbt_pool_slot(space, i)) == pfn;
	} else if (va >= VMBT_POOLMAP_BASE && va < VMBT_POOL_BASE) {
		who = VMBT_LEAF_POOLMAP;
		ok = rights == RO && owned_by(space, pfn, VMBT_LEAF_POOLMAP);
	} else if (va >= VMBT_GDT_BASE && va < VMBT_POOLMAP_BASE) {
		who = VMBT_LEAF_GDT;
		ok = rights == RO && page_to_pfn(space->gdt) == pfn;
	} else if (va >= VMBT_STACK_BASE && va < VMBT_GDT_BASE) {
		who = VMBT_LEAF_STACK;
		ok = stack_ok(space, va, pfn, rights);
	} else if (va >= VMBT_SHARED_BASE && va < VMBT_SHARED_BASE +
		   VMBT_SHARED_PAGES * PAGE_SIZE) {
		who = VMBT_LEAF_SHARED;
		ok = rights == RW &&
		     is_kernel_page((void *)space->shared +
				    (va - VMBT_SHARED_BASE), pfn);
	} else if (va >= VMBT_IMAGE_BASE && va < VMBT_SHARED_BASE) {
		who = VMBT_LEAF_IMAGE;
		ok = image_ok(space, va, pfn, rights);
	} else if (va == ((u64)vmbt_cross_enter & PAGE_MASK) ||
		   va == ((u64)vmbt_cross_nmi & PAGE_MASK)) {
		who = VMBT_LEAF_CROSS_TEXT;
		ok = rights == RX && is_kernel_page((void *)va, pfn);
	} else if (space->vcpu && va == (u64)space->vcpu->cross) {
		who = VMBT_LEAF_CROSS_DATA;
		ok = rights == RW && is_kernel_page((void *)va, pfn);
	}
	/* No global entries of ours, nothing cached otherwise than write-back. */
	if (pte & (_PAGE_GLOBAL | _PAGE_PWT | _PAGE_PCD))
		ok = false;
	return ok ? who : VMBT_LEAF_UNKNOWN;
}

/*
 * A leaf for 2 MiB: the guest's memory below 4 GiB, not executable, each frame of it
 * granted. Bit 12, the memory's type, is a part of the address here, which has to be
 * aligned.
 */
static enum vmbt_leaf_owner judge_large(struct walk *w, u64 va, u64 pte)
{
	u64 pfn = entry_pfn(pte), i;

	if (va >= BIT_ULL(32) || !(pte & _PAGE_NX) || pfn % PTRS_PER_PMD || !w->granted ||
	    (pte & (_PAGE_GLOBAL | _PAGE_PWT | _PAGE_PCD)))
		return VMBT_LEAF_UNKNOWN;
	for (i = 0; i < PTRS_PER_PMD; i++)
		if (!w->granted(w->data, pfn + i, pte & _PAGE_RW))
			return VMBT_LEAF_UNKNOWN;
	return VMBT_LEAF_GUEST_LARGE;
}

static void leaf(struct walk *w, u64 va, u64 pte, int shift)
{
	enum vmbt_leaf_owner who = VMBT_LEAF_UNKNOWN;

	if (shift == PAGE_SHIFT)
		who = judge(w, va, pte);
	else if (shift == PMD_SHIFT)
		who = judge_large(w, va, pte);

	if (who == VMBT_LEAF_UNKNOWN && !w->out->count[VMBT_LEAF_UNKNOWN]) {
		w->out->bad_va = va;
		w->out->bad_pte = pte;
	}
	w->out->count[who]++;
}

static int walk_table(struct walk *w, u64 table_pfn, u64 va, int shift)
{
	u64 *table;
	int i, err;

	if (!owned_by(w->space, table_pfn, VMBT_LEAF_POOL) &&
	    !owned_by(w->space, table_pfn, VMBT_LEAF_OWNERS))
		return -EINVAL;
	table = page_address(pfn_to_page(table_pfn));
	for (i = 0; i < 512; i++) {
		u64 entry = READ_ONCE(table[i]);
		u64 at = va | (u64)i << shift;

		if (!(entry & _PAGE_PRESENT))
			continue;
		/* Canonical form: copy the top bit upwards. */
		if (!va && i >= 256 && shift == (w->space->la57 ? 48 : 39))
			at |= ~0ULL << (shift + 9);
		if (shift == 12 || (entry & _PAGE_PSE)) {
			leaf(w, at, entry, shift);
			continue;
		}
		err = walk_table(w, entry_pfn(entry), at, shift - 9);
		if (err)
			return err;
	}
	cond_resched();
	return 0;
}

int vmbt_space_leaves(struct vmbt_space *space,
		      bool (*granted)(void *data, u64 pfn, bool write),
		      void *data, struct vmbt_leaves *out)
{
	struct walk w = { .space = space, .granted = granted, .data = data,
			  .out = out };
	u64 root = page_to_phys(space->root);

	if (space->vcpu)
		root = READ_ONCE(space->vcpu->cross->vmm_cr3);
	*out = (struct vmbt_leaves){};
	return walk_table(&w, entry_pfn(root), 0, space->la57 ? 48 : 39);
}
