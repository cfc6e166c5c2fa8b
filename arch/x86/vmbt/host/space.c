// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM world's address space, as it is when the VMM starts.
 *
 * One set of page tables per VM that maps what layout.h lists and nothing else
 * of the host: the image (never writable and executable), the pages shared
 * with it, its stacks, its pool, and the cross pages at the host's addresses.
 * The VMM adds guest memory by itself, below 4 GiB and in its window; for that
 * the base root and the PDPT of slot 509 are pool pages, all other tables are
 * the host's and the VMM does not see them.
 *
 * leaves.c checks that this is true.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/desc_defs.h>
#include <asm/fpu/types.h>
#include <asm/mem_encrypt.h>
#include <asm/page.h>

#include "host_int.h"

/* A, and D for leaves, are preset: the CPU need not write the tables. */
#define PTE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
#define PTE_LEAF	(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY)

static struct page *own_page(struct vmbt_space *space, enum vmbt_leaf_owner who)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!page)
		return NULL;
	if (xa_err(xa_store(&space->owned, page_to_pfn(page),
			    xa_mk_value(who), GFP_KERNEL_ACCOUNT))) {
		__free_page(page);
		return NULL;
	}
	WRITE_ONCE(space->nowned, space->nowned + 1);
	return page;
}

static void disown(struct vmbt_space *space, struct page *page)
{
	xa_erase(&space->owned, page_to_pfn(page));
	WRITE_ONCE(space->nowned, space->nowned - 1);
	__free_page(page);
}

static void disown_all(struct vmbt_space *space)
{
	unsigned long pfn;
	void *entry;

	xa_for_each(&space->owned, pfn, entry)
		__free_page(pfn_to_page(pfn));
	xa_destroy(&space->owned);
}

static u64 entry_to(u64 phys, u64 bits)
{
	return phys | bits | sme_me_mask;
}

static struct page *entry_page(u64 entry)
{
	return pfn_to_page((entry & PTE_PFN_MASK & ~sme_me_mask) >> PAGE_SHIFT);
}

/* Where 512 pages are noted, for the VMM and for us. */
static bool pool_block(struct vmbt_space *space, u32 i)
{
	if (!space->pool[i])
		space->pool[i] = kcalloc(512, sizeof(*space->pool[i]),
					 GFP_KERNEL_ACCOUNT);
	if (!space->poolmap[i])
		space->poolmap[i] = own_page(space, VMBT_LEAF_POOLMAP);
	return space->pool[i] && space->poolmap[i];
}

static int pool_add(struct vmbt_space *space)
{
	u32 n = space->npool;
	struct page **slot;
	u64 *map;

	if (n == VMBT_POOL_MAX_PAGES)
		return -ENOSPC;
	if (!pool_block(space, n / 512))
		return -ENOMEM;
	slot = vmbt_pool_slot(space, n);
	/* There already, if it could not be mapped the last time. */
	if (!*slot)
		*slot = own_page(space, VMBT_LEAF_POOL);
	if (!*slot)
		return -ENOMEM;
	map = page_address(space->poolmap[n / 512]);
	map[n % 512] = page_to_phys(*slot);
	space->npool++;
	return 0;
}

static int pool_map(struct vmbt_space *space, u32 from)
{
	u32 n;
	int err;

	for (n = from; n < space->npool; n++) {
		err = vmbt_space_map(space, VMBT_POOL_BASE + (u64)n * PAGE_SIZE,
				     page_to_phys(*vmbt_pool_slot(space, n)),
				     VMBT_MAP_RW);
		if (!err && (n % 512 == 0 || n == from))
			err = vmbt_space_map(space, VMBT_POOLMAP_BASE +
					     (u64)(n / 512) * PAGE_SIZE,
					     page_to_phys(space->poolmap[n / 512]),
					     VMBT_MAP_RO);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The table that the entry points to, NULL if there is none. The root and the PDPT of
 * slot 509 are pool pages, which the VMM writes: only pages of ours are tables.
 */
static u64 *owned_table(struct vmbt_space *space, u64 entry)
{
	if (!(entry & _PAGE_PRESENT) ||
	    !xa_load(&space->owned, page_to_pfn(entry_page(entry))))
		return NULL;
	return page_address(entry_page(entry));
}

/* The same, made if there is none. */
static u64 *next_table(struct vmbt_space *space, u64 *entry)
{
	struct page *page;

	if (*entry & _PAGE_PRESENT)
		return owned_table(space, *entry) ?: ERR_PTR(-EIO);
	page = own_page(space, VMBT_LEAF_OWNERS);
	if (!page)
		return ERR_PTR(-ENOMEM);
	*entry = entry_to(page_to_phys(page), PTE_TABLE);
	return page_address(page);
}

/**
 * vmbt_space_map() - map one page for the VMM
 * @space: whose vCPU is not in the VMM world
 * @va: above 4 GiB; may be mapped already
 * @phys: the page
 * @rights: VMBT_MAP_*
 * Return: 0, -ENOMEM, or -EIO if a table on the way is none of ours
 */
int vmbt_space_map(struct vmbt_space *space, u64 va, u64 phys, int rights)
{
	u64 *table = page_address(space->root);
	u64 bits = PTE_LEAF;
	int shift;

	for (shift = space->la57 ? 48 : 39; shift > 12; shift -= 9) {
		table = next_table(space, &table[va >> shift & 511]);
		if (IS_ERR(table))
			return PTR_ERR(table);
	}
	if (rights == VMBT_MAP_RW)
		bits |= _PAGE_RW;
	if (rights != VMBT_MAP_RX)
		bits |= _PAGE_NX;
	table[va >> 12 & 511] = entry_to(phys, bits);
	return 0;
}

/* Where an entry points, or a CR3, which the VMM may have written: no struct page. */
static u64 entry_phys(u64 entry)
{
	return entry & PTE_PFN_MASK & ~sme_me_mask;
}

/**
 * vmbt_space_unmap() - the page at @va is about to be freed
 * @space: whose vCPU has not been in the VMM world since it was mapped, never will
 *	be again, or flushes all when it is
 * @va: what vmbt_space_map() mapped
 *
 * Return: the entry that was there, 0 if there was none
 */
u64 vmbt_space_unmap(struct vmbt_space *space, u64 va)
{
	u64 *table = page_address(space->root);
	int shift;
	u64 entry;

	for (shift = space->la57 ? 48 : 39; shift > 12; shift -= 9) {
		table = owned_table(space, table[va >> shift & 511]);
		if (!table)
			return 0;
	}
	entry = table[va >> 12 & 511];
	table[va >> 12 & 511] = 0;
	return entry;
}

/* Root, (PML4,) and PDPT of slot 509 are the first pool pages, and stay. */
static int make_root(struct vmbt_space *space, u32 *pdpt_idx, u32 *first_free)
{
	struct page **page = vmbt_pool_slot(space, 0);
	u32 n = 0;
	u64 *table;

	space->root = page[n++];
	table = page_address(space->root);
	if (space->la57) {
		table[511] = entry_to(page_to_phys(page[n]), PTE_TABLE);
		table = page_address(page[n++]);
	}
	*pdpt_idx = n;
	table[VMBT_PML4_SLOT] = entry_to(page_to_phys(page[n++]), PTE_TABLE);
	*first_free = n;
	space->pool_first = n;
	return pool_map(space, 0);
}

static int load_image(struct vmbt_space *space)
{
	const struct vmbt_image_header *h = (const void *)vmbt_image_start;
	size_t size = vmbt_image_end - vmbt_image_start;
	u32 i, off;
	int rights, err;

	space->nimage = h->bss_end / PAGE_SIZE;
	space->image = kcalloc(space->nimage, sizeof(*space->image),
			       GFP_KERNEL_ACCOUNT);
	if (!space->image)
		return -ENOMEM;
	for (i = 0; i < space->nimage; i++) {
		off = i * PAGE_SIZE;
		space->image[i] = own_page(space, VMBT_LEAF_IMAGE);
		if (!space->image[i])
			return -ENOMEM;
		if (off < size)
			memcpy(page_address(space->image[i]),
			       vmbt_image_start + off,
			       min_t(size_t, PAGE_SIZE, size - off));
		if (off < h->text_end)
			rights = VMBT_MAP_RX;
		else if (off < h->rodata_end)
			rights = VMBT_MAP_RO;
		else
			rights = VMBT_MAP_RW;
		err = vmbt_space_map(space, VMBT_IMAGE_BASE + off,
				     page_to_phys(space->image[i]), rights);
		if (err)
			return err;
	}
	space->hdr = page_address(space->image[0]);
	return 0;
}

static int make_stacks(struct vmbt_space *space)
{
	u32 i, j, n;
	int err;

	for (i = 0; i < VMBT_STACKS; i++) {
		n = i == VMBT_STACK_MAIN ? VMBT_STACK_MAIN_PAGES :
					   VMBT_STACK_IST_PAGES;
		for (j = 0; j < n; j++) {
			struct page *page = own_page(space, VMBT_LEAF_STACK);

			if (!page)
				return -ENOMEM;
			space->stacks[i][j] = page;
			err = vmbt_space_map(space, VMBT_STACK_TOP(i) -
					     (j + 1) * PAGE_SIZE,
					     page_to_phys(page), VMBT_MAP_RW);
			if (err)
				return err;
		}
	}
	return 0;
}

static int make_shared(struct vmbt_space *space)
{
	struct fxregs_state *fx;
	u32 i;
	int err;

	space->shared = __vmalloc(sizeof(*space->shared),
				  GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!space->shared)
		return -ENOMEM;
	for (i = 0; i < VMBT_SHARED_PAGES; i++) {
		void *p = (void *)space->shared + i * PAGE_SIZE;

		err = vmbt_space_map(space, VMBT_SHARED_BASE + i * PAGE_SIZE,
				     page_to_phys(vmalloc_to_page(p)),
				     VMBT_MAP_RW);
		if (err)
			return err;
	}
	/* As after FNINIT: zeros would unmask every exception. */
	fx = (void *)space->shared->fpu;
	fx->cwd = 0x37f;
	fx->mxcsr = MXCSR_DEFAULT;
	space->shared->host_caps = vmbt_host_caps();
	space->shared->tsc_khz = tsc_khz;
	return 0;
}

/*
 * The home GDT: Linux's code and data selectors, which the window needs, and
 * the VMM's own at the end of a 64 KiB table, which the IDT's gates name. One
 * page holds both ends.
 */
static int make_gdt(struct vmbt_space *space)
{
	u64 *gdt;
	int err;

	space->gdt = own_page(space, VMBT_LEAF_GDT);
	if (!space->gdt)
		return -ENOMEM;
	gdt = page_address(space->gdt);
	gdt[VMBT_X_SEL_CS / 8] = 0x00af9b000000ffffULL;
	gdt[VMBT_X_SEL_SS / 8] = 0x00cf93000000ffffULL;
	gdt[(VMBT_SEL_VMM_CS & (PAGE_SIZE - 1)) / 8] = 0x00af9b000000ffffULL;
	gdt[(VMBT_SEL_VMM_SS & (PAGE_SIZE - 1)) / 8] = 0x00cf93000000ffffULL;
	err = vmbt_space_map(space, VMBT_GDT_BASE, page_to_phys(space->gdt),
			     VMBT_MAP_RO);
	if (!err)
		err = vmbt_space_map(space, VMBT_GDT_BASE +
				     (VMBT_SEL_VMM_CS & PAGE_MASK),
				     page_to_phys(space->gdt), VMBT_MAP_RO);
	return err;
}

/*
 * The alias page, once every 64 KiB of 4 GiB: one table with every 16th entry
 * set, one directory full of that table, four entries for the directory.
 */
static int make_alias(struct vmbt_space *space, u32 pdpt_idx)
{
	u64 *pdpt = page_address(*vmbt_pool_slot(space, pdpt_idx));
	struct page *pd_page = own_page(space, VMBT_LEAF_OWNERS);
	struct page *pt_page = own_page(space, VMBT_LEAF_OWNERS);
	u64 *pd, *pt;
	u32 i;

	space->alias = own_page(space, VMBT_LEAF_ALIAS);
	if (!pd_page || !pt_page || !space->alias)
		return -ENOMEM;
	pd = page_address(pd_page);
	pt = page_address(pt_page);
	for (i = 0; i < 512; i += 16)
		pt[i] = entry_to(page_to_phys(space->alias),
				 PTE_LEAF | _PAGE_RW | _PAGE_NX);
	for (i = 0; i < 512; i++)
		pd[i] = entry_to(page_to_phys(pt_page), PTE_TABLE);
	for (i = 0; i < 4; i++)
		pdpt[((VMBT_ALIAS_BASE - VMBT_VMM_BASE) >> 30) + i] =
			entry_to(page_to_phys(pd_page), PTE_TABLE);
	return 0;
}

/**
 * vmbt_kernel_phys() - where vmalloc'ed memory or our own text is
 * @va: its address
 *
 * A module's text is like vmalloc's memory; with CONFIG_VMBT=y it is in the
 * kernel's image.
 */
phys_addr_t vmbt_kernel_phys(const void *va)
{
	if (is_vmalloc_or_module_addr(va))
		return page_to_phys(vmalloc_to_page(va));
	return __pa_symbol(va);
}

static int map_cross_text(struct vmbt_space *space)
{
	static void (* const text[])(void) = {
		(void (*)(void))vmbt_cross_enter, vmbt_cross_nmi,
	};
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(text); i++) {
		u64 va = (u64)text[i] & PAGE_MASK;

		err = vmbt_space_map(space, va, vmbt_kernel_phys((void *)va),
				     VMBT_MAP_RX);
		if (err)
			return err;
	}
	return 0;
}

static void fill_header(struct vmbt_space *space, u32 pdpt_idx, u32 first_free)
{
	struct vmbt_image_header *h = space->hdr;

	h->switch_to_host = (u64)vmbt_cross_leave;
	h->base_root_phys = page_to_phys(space->root);
	h->base_root_idx = 0;
	h->vmm_pdpt_idx = pdpt_idx;
	h->pte_enc = sme_me_mask;
	h->pool_pages = space->npool;
	h->pool_first_free = first_free;
	h->la57 = space->la57;
}

static int fill(struct vmbt_space *space, u32 pool_pages)
{
	u32 pdpt_idx, first_free;
	int err = 0;

	while (!err && space->npool < pool_pages)
		err = pool_add(space);
	if (!err)
		err = make_root(space, &pdpt_idx, &first_free);
	if (!err)
		err = load_image(space);
	if (!err)
		err = make_stacks(space);
	if (!err)
		err = make_shared(space);
	if (!err)
		err = make_gdt(space);
	if (!err)
		err = make_alias(space, pdpt_idx);
	if (!err)
		err = map_cross_text(space);
	if (!err)
		fill_header(space, pdpt_idx, first_free);
	return err;
}

struct vmbt_space *vmbt_space_create(u32 pool_pages)
{
	struct vmbt_space *space;
	int err;

	space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	if (!space)
		return ERR_PTR(-ENOMEM);
	xa_init(&space->owned);
	space->la57 = vmbt_host_caps() & VMBT_HOST_LA57;
	err = fill(space, max(pool_pages, 16u));
	if (err) {
		vmbt_space_destroy(space);
		return ERR_PTR(err);
	}
	return space;
}

/* Besides pool, image and shared pages: stacks, tables, GDT and vCPU. */
#define SPACE_OTHER	(VMBT_STACK_MAIN_PAGES + \
			 (VMBT_STACKS - 1) * VMBT_STACK_IST_PAGES + 64)

unsigned long vmbt_space_cost(u32 pool_pages)
{
	const struct vmbt_image_header *h = (const void *)vmbt_image_start;

	/* Each 512 pages of the pool have a page of its map, one here and a table. */
	return pool_pages + 3 * DIV_ROUND_UP(pool_pages, 512) + h->bss_end / PAGE_SIZE +
	       VMBT_SHARED_PAGES + SPACE_OTHER;
}

unsigned long vmbt_space_pages(const struct vmbt_space *space)
{
	return READ_ONCE(space->nowned) + VMBT_SHARED_PAGES;
}

void vmbt_space_destroy(struct vmbt_space *space)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(space->pool); i++)
		kfree(space->pool[i]);
	vfree(space->shared);
	disown_all(space);
	kfree(space->image);
	kfree(space);
}

struct vmbt_shared *vmbt_space_shared(struct vmbt_space *space)
{
	return space->shared;
}

/* A page where one was given back. Its tables are there: nothing else can fail. */
static bool fill_hole(struct vmbt_space *space, u32 n)
{
	struct page *page = own_page(space, VMBT_LEAF_POOL);
	u64 *map = page_address(space->poolmap[n / 512]);

	if (!page)
		return false;
	if (vmbt_space_map(space, VMBT_POOL_BASE + (u64)n * PAGE_SIZE,
			   page_to_phys(page), VMBT_MAP_RW)) {
		disown(space, page);
		return false;
	}
	*vmbt_pool_slot(space, n) = page;
	space->nholes--;
	map[n % 512] = page_to_phys(page);
	return true;
}

u32 vmbt_space_pool_grow(struct vmbt_space *space, u32 want, u32 *end)
{
	u32 n, from = space->npool, got = 0;

	for (n = 0; space->nholes && got < want && n < from; n++) {
		if (*vmbt_pool_slot(space, n))
			continue;
		if (!fill_hole(space, n))
			break;
		got++;
	}
	while (got < want && !pool_add(space))
		got++;
	/*
	 * What can't be mapped stays out of sight of the VMM, and what was will
	 * be the same pages the next time: nothing to flush.
	 */
	if (pool_map(space, from)) {
		got -= space->npool - from;
		space->npool = from;
	}
	*end = space->npool;
	return got;
}

static bool drop(struct vmbt_space *space, u32 idx)
{
	struct page *page, **slot;
	u64 *map;

	if (idx < space->pool_first || idx >= space->npool)
		return false;
	slot = vmbt_pool_slot(space, idx);
	page = *slot;
	if (!page)
		return false;
	if (entry_phys(READ_ONCE(space->vcpu->cross->vmm_cr3)) == page_to_phys(page))
		return false;
	/* A VMM that has bent the way to our tables keeps the page. */
	if (entry_phys(vmbt_space_unmap(space, VMBT_POOL_BASE + (u64)idx * PAGE_SIZE)) !=
	    page_to_phys(page))
		return false;
	map = page_address(space->poolmap[idx / 512]);
	map[idx % 512] = 0;
	*slot = NULL;
	space->nholes++;
	disown(space, page);
	return true;
}

u32 vmbt_space_pool_shrink(struct vmbt_space *space, const u32 *list, u32 count,
			   u32 *end)
{
	u32 n = 0;

	/*
	 * What a CPU has cached by way of these pages, or of our tables for them,
	 * is tagged with numbers that are not loaded again without a flush: the
	 * next entry begins a new epoch. Without PCIDs every entry flushes all.
	 */
	vmbt_pcid_forget(space->vcpu);
	while (n < count && drop(space, READ_ONCE(list[n])))
		n++;
	while (!*vmbt_pool_slot(space, space->npool - 1)) {
		space->npool--;
		space->nholes--;
	}
	*end = space->npool;
	return n;
}
