// SPDX-License-Identifier: GPL-2.0
/*
 * The window: guest physical memory, linear at VMBT_WINDOW_BASE.
 *
 * A page is mapped when it is first asked for and the host granted it, and
 * unmapped when the host takes the grant back. The tables below the PDPT of
 * slot 509 are pool pages. Each directory has a companion page that remembers
 * the pool index of every table, since an entry only has room for the physical
 * address.
 */
#include "metal.h"
#include "metal_int.h"
#include "../lib/string.h"
#include "../mmu/mmu.h"
#include "../plat.h"

#define PTE_P		0x001UL
#define PTE_W		0x002UL
#define PTE_A		0x020UL
#define PTE_D		0x040UL
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000UL

#define FRAMES_PER_PT	512UL
#define FRAMES_PER_PD	(512UL * 512)
#define WINDOW_FRAMES	(VMBT_WINDOW_SIZE >> 12)
#define WINDOW_PDS	(WINDOW_FRAMES / FRAMES_PER_PD)
#define WINDOW_PDPT	((VMBT_WINDOW_BASE - VMBT_VMM_BASE) >> 30)

/* Above this, one flush is cheaper than INVLPG for each. */
#define INVLPG_MAX	32

static struct {
	u32 pd[WINDOW_PDS];		/* pool index; 0: none */
	u32 companion[WINDOW_PDS];	/* u32[512]: pool index of each table */
} window;

/* Tables whose 512 frames are one large grant, a bit each. */
static u64 whole[WINDOW_FRAMES / FRAMES_PER_PT / 64];

/* Tables lately looked for; they are never given back. */
static struct {
	u64 *table;
	u64 n;			/* gfn / FRAMES_PER_PT */
} known[16] = { [0 ... 15] = { .n = ~0UL } };

static u64 table_entry(u32 idx)
{
	return plat_pool_phys(idx) | metal_header.pte_enc |
	       PTE_P | PTE_W | PTE_A;
}

static u32 table_page(void)
{
	u32 idx = pool_alloc(metal.v);

	if (idx == ~0U)
		plat_panic("no pool page for the window");
	return idx;
}

static u64 *find_pte(u64 gfn, bool make)
{
	u64 i = gfn / FRAMES_PER_PD;
	u64 j = gfn / FRAMES_PER_PT % 512;
	u32 *tables;

	if (!window.pd[i]) {
		u64 *pdpt = plat_pool_virt(metal_header.vmm_pdpt_idx);

		if (!make)
			return NULL;
		window.companion[i] = table_page();
		window.pd[i] = table_page();
		pdpt[WINDOW_PDPT + i] = table_entry(window.pd[i]);
	}
	tables = plat_pool_virt(window.companion[i]);
	if (!tables[j]) {
		u64 *pd = plat_pool_virt(window.pd[i]);

		if (!make)
			return NULL;
		tables[j] = table_page();
		pd[j] = table_entry(tables[j]);
	}
	return (u64 *)plat_pool_virt(tables[j]) + gfn % FRAMES_PER_PT;
}

static __attribute__((__noinline__)) u64 *find_known(u64 gfn, bool make)
{
	u64 n = gfn / FRAMES_PER_PT, i = n % ARRAY_SIZE(known);
	u64 *pte = find_pte(gfn, make);

	if (pte) {
		known[i].table = pte - gfn % FRAMES_PER_PT;
		known[i].n = n;
	}
	return pte;
}

/* The entry of any frame number, if its table is known. */
static inline u64 *known_pte(u64 gfn)
{
	u64 n = gfn / FRAMES_PER_PT, i = n % ARRAY_SIZE(known);

	return likely(known[i].n == n) ? known[i].table + gfn % FRAMES_PER_PT : NULL;
}

/* The entry of a frame; NULL if there is no table and none is wanted. */
static u64 *window_pte(u64 gfn, bool make)
{
	u64 *pte = known_pte(gfn);

	return pte ? pte : find_known(gfn, make);
}

static u64 window_entry(u64 phys, bool writable)
{
	return phys | metal_header.pte_enc | PTE_P | PTE_A | PTE_D | PTE_NX |
	       (writable ? PTE_W : 0);
}

/* All frames around one are granted. Returns whether an entry was present. */
static bool fill_table(u64 gfn, u64 *pte, u64 phys)
{
	u64 i, at = gfn % FRAMES_PER_PT, old = 0;

	if (phys / 4096 % FRAMES_PER_PT != at)
		plat_panic("frame %llx: a large grant at %llx", gfn, phys);
	pte -= at;
	phys -= at * 4096;
	for (i = 0; i < FRAMES_PER_PT; i++) {
		old |= pte[i];
		pte[i] = window_entry(phys + i * 4096, true);
	}
	whole[gfn / FRAMES_PER_PT / 64] |= 1UL << gfn / FRAMES_PER_PT % 64;
	return old & PTE_P;
}

bool plat_gfn_large(u64 gfn)
{
	return gfn < WINDOW_FRAMES &&
	       whole[gfn / FRAMES_PER_PT / 64] & 1UL << gfn / FRAMES_PER_PT % 64;
}

/* The host has not granted the page yet, or not for writing. */
static __attribute__((__noinline__)) int ask_host(u64 gfn, bool write, u64 *pte,
						 struct plat_page *out)
{
	struct vmbt_shared *s = metal_shared();
	u64 old, phys;
	u32 kind;

	s->hc_arg[0] = gfn;
	s->hc_arg[1] = write;
	s->stats.hc_get_page++;
	kind = metal_hostcall(VMBT_HC_GET_PAGE);
	if (kind != VMBT_PAGE_RAM && kind != VMBT_PAGE_ROM)
		return kind;
	phys = s->hc_out[0] & PTE_ADDR;
	out->phys = phys;
	out->writable = kind == VMBT_PAGE_RAM && s->hc_out[1];

	if (out->writable && s->hc_out[2]) {
		if (fill_table(gfn, pte, phys)) {
			mmu_window_changed(metal.v);
			plat_flush_tlb();
		}
		return kind;
	}
	old = *pte;
	*pte = window_entry(phys, out->writable);
	if (old & PTE_P) {
		mmu_window_changed(metal.v);
		invlpg((u64)out->virt);
	}
	return kind;
}

static void *window_virt(u64 gfn)
{
	return (void *)(VMBT_WINDOW_BASE + gfn * 4096);
}

/* Does the entry say all that is to be known? */
static inline bool take_entry(u64 entry, u64 gfn, bool write, struct plat_page *out)
{
	if (unlikely(!(entry & PTE_P) || (write && !(entry & PTE_W))))
		return false;
	out->virt = window_virt(gfn);
	out->phys = entry & PTE_ADDR & ~metal_header.pte_enc;
	out->writable = entry & PTE_W;
	return true;
}

static __attribute__((__noinline__)) int find_or_ask(u64 gfn, bool write, struct plat_page *out)
{
	struct vmbt_shared *s = metal_shared();
	u64 *pte;

	if (gfn >= WINDOW_FRAMES || gfn >= s->mem_top >> 12)
		return VMBT_PAGE_NONE;
	/* Devices' memory that is accessed byte by byte: not by asking the host. */
	if (gfn < VMBT_LOW_MAP * 64 && !(s->low_map[gfn / 64] & 1ULL << gfn % 64))
		return VMBT_PAGE_NONE;
	/*
	 * The table is there before the page is asked for: making it may be a
	 * host call, during which the answer could go stale.
	 */
	pte = window_pte(gfn, true);
	if (take_entry(*pte, gfn, write, out))
		return VMBT_PAGE_RAM;
	out->virt = window_virt(gfn);
	return ask_host(gfn, write, pte, out);
}

/*
 * Called for whatever the VMM reads or writes: what is known takes no more than this. An
 * entry is present only while the host grants the page, so there is memory.
 */
int plat_gfn_map(u64 gfn, bool write, struct plat_page *out)
{
	u64 *pte = known_pte(gfn);

	if (likely(pte && take_entry(*pte, gfn, write, out)))
		return VMBT_PAGE_RAM;
	return find_or_ask(gfn, write, out);
}

const void *plat_gfn_known(u64 gfn)
{
	u64 *pte = known_pte(gfn);

	return likely(pte && (*pte & PTE_P)) ? window_virt(gfn) : NULL;
}

void plat_window_zap(u64 start, u64 end)
{
	u64 gfn, zapped = 0;
	u64 *pte;

	if (end > WINDOW_FRAMES)
		end = WINDOW_FRAMES;
	for (gfn = start; gfn < end; gfn++) {
		if (!window.pd[gfn / FRAMES_PER_PD]) {
			gfn |= FRAMES_PER_PD - 1;
			continue;
		}
		pte = window_pte(gfn, false);
		if (!pte) {
			gfn |= FRAMES_PER_PT - 1;
			continue;
		}
		if (!(*pte & PTE_P))
			continue;
		whole[gfn / FRAMES_PER_PT / 64] &= ~(1UL << gfn / FRAMES_PER_PT % 64);
		*pte = 0;
		if (zapped++ < INVLPG_MAX)
			invlpg(VMBT_WINDOW_BASE + gfn * 4096);
	}
	if (zapped)
		mmu_window_changed(metal.v);
	if (zapped > INVLPG_MAX)
		plat_flush_tlb();
}
