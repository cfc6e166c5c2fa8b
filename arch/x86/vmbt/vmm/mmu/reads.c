// SPDX-License-Identifier: GPL-2.0
/*
 * Where the VMM has read lately, and places that are pinned.
 *
 * The VMM reads the guest's stack, descriptors and TSS at every interrupt,
 * system call and return: always the same few pages. A walk through the
 * guest's tables and a look into the window for each word costs ten times the
 * read. A page is kept here only while a change of its translation cannot
 * escape: the tables it was found through are shadowed, thus traced, and what
 * the window says is told by mmu_window_changed(). So unlike a TLB this is
 * never stale, and no INVLPG of the guest's concerns it. A page to write to must
 * have no trace, either.
 */
#include "mmu_int.h"

static struct kept_page *slot_of(struct mmu *m, u32 lin)
{
	return &m->reads[(lin >> 12) % ARRAY_SIZE(m->reads)];
}

static bool table_traced(struct mmu *m, u32 gfn)
{
	const struct frame *f = frame_peek(m, gfn);

	return f && (f->trace & MMU_TRACE_SHADOW);
}

/**
 * reads_find() - is a page known?
 * @m: the MMU
 * @lin: linear address
 * @access: MMU_USER or 0
 * Return: the byte's address in the window, or NULL
 */
const u8 *reads_find(struct mmu *m, u32 lin, u32 access)
{
	const struct kept_page *k = slot_of(m, lin);

	if (k->virt && k->page == lin >> 12 && k->access == access)
		return k->virt + (lin & 0xfff);
	return NULL;
}

/**
 * mmu_known() - memory of the guest in place, if it was read lately
 * @v: the vCPU
 * @lin: linear address
 * @len: bytes, at least 1
 *
 * For a supervisor's reads. The address is good until the next host call or
 * change of translations; what is there may change at any time.
 *
 * Return: NULL if it is not known, or goes beyond the page
 */
const u8 *mmu_known(struct vcpu *v, u32 lin, u32 len)
{
	return len <= 4096 - (lin & 4095) ? reads_find(v->mmu, lin, 0) : NULL;
}

static void keep(struct vcpu *v, struct kept_page *k, const struct walk *w, void *virt)
{
	struct mmu *m = v->mmu;
	u32 dir = NO_TABLE, pt = NO_TABLE;

	if (role_paged(m->base_role)) {
		dir = walk_dir_gfn(v, w->lin);
		if (!w->big)
			pt = w->pt_gfn;
		if (!table_traced(m, dir) || (!w->big && !table_traced(m, pt)))
			return;
	}
	*k = (struct kept_page){
		.page = w->lin >> 12, .virt = virt,
		.access = w->access & (MMU_USER | MMU_WRITE),
		.dir_gfn = dir, .pt_gfn = pt,
	};
}

/**
 * reads_keep() - remember a page, if a change will be noticed
 * @v: the vCPU
 * @w: the walk that found it, for a read
 * @page: its memory
 */
void reads_keep(struct vcpu *v, const struct walk *w, const struct plat_page *page)
{
	keep(v, slot_of(v->mmu, w->lin), w, page->virt);
}

/**
 * mmu_pin() - keep a place in memory that the guest's supervisor uses
 * @v: the vCPU
 * @n: which pin
 * @lin: linear address
 * @len: bytes from there on, at least 1
 * @write: it will be written to; the guest's entry is marked dirty already
 *
 * Nobody has to be told of a write there. What is there may change at any time.
 *
 * Context: may make a host call.
 * Return: where it is, until mmu_pinned() says otherwise; NULL: it can't be kept
 */
u8 *mmu_pin(struct vcpu *v, u32 n, u32 lin, u32 len, bool write)
{
	struct kept_page *k = &v->mmu->pins[n];
	struct plat_page page;
	const struct frame *f;
	struct walk w;

	k->virt = NULL;
	if (len > 4096 - (lin & 4095) ||
	    walk_guest(v, lin, MMU_PEEK | (write ? MMU_WRITE : 0), &w) != X_OK ||
	    plat_gfn_map(w.gfn, write, &page) != VMBT_PAGE_RAM)
		return NULL;
	f = frame_peek(v->mmu, w.gfn);
	if (write && (!w.dirty || !page.writable || (f && f->trace)))
		return NULL;
	keep(v, k, &w, (u8 *)page.virt + (lin & 4095));
	return k->virt;
}

/**
 * mmu_pinned() - a place that mmu_pin() has kept
 * @v: the vCPU
 * @n: which pin
 * Return: where it is, or NULL if something has changed on the way there
 */
u8 *mmu_pinned(struct vcpu *v, u32 n)
{
	return v->mmu->pins[n].virt;
}

/**
 * pins_forget_writes() - a frame gets a trace
 * @m: the MMU
 */
void pins_forget_writes(struct mmu *m)
{
	u32 i;

	for (i = 0; i < MMU_PINS; i++)
		if (m->pins[i].access & MMU_WRITE)
			m->pins[i].virt = NULL;
}

/**
 * reads_forget() - translations or the window change
 * @m: the MMU
 */
void reads_forget(struct mmu *m)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(m->reads); i++)
		m->reads[i].virt = NULL;
	for (i = 0; i < MMU_PINS; i++)
		m->pins[i].virt = NULL;
}

static void forget_by(struct kept_page *k, u32 n, u32 gfn)
{
	for (; n--; k++)
		if (k->dir_gfn == gfn || k->pt_gfn == gfn)
			k->virt = NULL;
}

/**
 * reads_forget_table() - entries of one of the guest's tables change
 * @m: the MMU
 * @gfn: its frame
 */
void reads_forget_table(struct mmu *m, u32 gfn)
{
	forget_by(m->reads, ARRAY_SIZE(m->reads), gfn);
	forget_by(m->pins, MMU_PINS, gfn);
}
