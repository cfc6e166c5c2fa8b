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
 *
 * A load of CR3 may change all translations; pins are places of the kernel's, which
 * its processes have in common, so they are looked up by the new directory when they
 * are wanted there.
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

/* Something is kept that was found by this table. */
static void note_table(struct mmu *m, u32 gfn)
{
	struct frame *f = gfn == NO_TABLE ? NULL : frame_peek(m, gfn);

	if (f)
		f->kept = true;
}

/**
 * place_keep() - remember where a linear address leads, if a change will be noticed
 * @v: the vCPU
 * @k: what is remembered; not changed if nothing is
 * @w: the walk that found it
 * @virt: what @k->virt becomes
 */
void place_keep(struct vcpu *v, struct kept_page *k, const struct walk *w, void *virt)
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
	note_table(m, dir);
	note_table(m, pt);
	*k = (struct kept_page){
		.page = w->lin >> 12, .virt = virt,
		.access = w->access & (MMU_USER | MMU_WRITE),
		.dir_gfn = dir, .pt_gfn = pt, .pde = w->pde, .gfn = w->gfn,
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
	place_keep(v, slot_of(v->mmu, w->lin), w, page->virt);
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
	v->mmu->pins_good &= ~BIT(n);
	if (len > 4096 - (lin & 4095) ||
	    walk_guest(v, lin, MMU_PEEK | (write ? MMU_WRITE : 0), &w) != X_OK ||
	    plat_gfn_map(w.gfn, write, &page) != VMBT_PAGE_RAM)
		return NULL;
	f = frame_peek(v->mmu, w.gfn);
	if (write && (!w.dirty || !page.writable || (f && f->trace)))
		return NULL;
	place_keep(v, k, &w, (u8 *)page.virt + (lin & 4095));
	if (k->virt)
		v->mmu->pins_good |= BIT(n);
	return k->virt;
}

static bool accessed(const struct walk *w)
{
	return (w->pde & PTE_A) && (w->big || (w->pte & PTE_A));
}

/**
 * place_same() - does the present address space have a place where the one before had it?
 * @v: the vCPU
 * @k: from place_keep(); is brought up to date
 * @use: it is about to be used, so accessed flags may be set; else they must be
 *
 * Context: may make a host call.
 */
bool place_same(struct vcpu *v, struct kept_page *k, bool use)
{
	u32 lin = k->page << 12, dir = walk_dir_gfn(v, lin);
	struct mmu *m = v->mmu;
	struct walk w;
	u64 pde;

	if (!table_traced(m, dir) || walk_read_pde(v, lin, &pde) != X_OK)
		return false;
	if (pde != k->pde) {
		if (walk_guest(v, lin, k->access | MMU_PEEK, &w) != X_OK ||
		    w.gfn != k->gfn || ((k->access & MMU_WRITE) && !w.dirty) ||
		    (w.big ? NO_TABLE : w.pt_gfn) != k->pt_gfn)
			return false;
		if (!accessed(&w) &&
		    (!use || walk_guest(v, lin, k->access & ~MMU_WRITE, &w) != X_OK))
			return false;
		pde = w.pde;
	}
	/* Nobody would be told of a change: the entry must not look like the old one later. */
	if (k->pt_gfn != NO_TABLE && !table_traced(m, k->pt_gfn))
		return false;
	k->pde = pde;
	k->dir_gfn = dir;
	note_table(m, dir);
	note_table(m, k->pt_gfn);
	return true;
}

/**
 * mmu_pins_hold() - are places that mmu_pin() has kept where they were?
 * @v: the vCPU
 * @first: pin
 * @n: how many
 *
 * Context: may make a host call.
 * Return: false: something has changed on the way to one of them
 */
bool mmu_pins_hold(struct vcpu *v, u32 first, u32 n)
{
	u32 wanted = (BIT(n) - 1) << first, i;
	struct mmu *m = v->mmu;
	struct vcpu_exc exc;

	if (likely((m->pins_good & wanted) == wanted))
		return true;
	exc = v->exc;
	for (i = first; (m->pins_good & wanted) != wanted; i++) {
		if (i == first + n)
			return false;
		if (m->pins_good >> i & 1)
			continue;
		if (!m->pins[i].virt || !place_same(v, &m->pins[i], true))
			break;
		/* Unless a host call on the way was the end of it. */
		if (m->pins[i].virt)
			m->pins_good |= BIT(i);
	}
	v->exc = exc;
	return (m->pins_good & wanted) == wanted;
}

/**
 * mmu_pinned() - a place that mmu_pin() has kept
 * @v: the vCPU
 * @n: which pin; of those that mmu_pins_hold() has found to hold since the last
 *	host call, load of CR3 or change of translations
 * Return: where it is
 */
u8 *mmu_pinned(struct vcpu *v, u32 n)
{
	return v->mmu->pins[n].virt;
}

static void forget_pin(struct mmu *m, u32 n)
{
	m->pins[n].virt = NULL;
	m->pins_good &= ~BIT(n);
}

/**
 * pins_forget_writes() - a frame gets a trace
 * @m: the MMU
 * @gfn: the frame
 */
void pins_forget_writes(struct mmu *m, u32 gfn)
{
	u32 i;

	for (i = 0; i < MMU_PINS; i++)
		if ((m->pins[i].access & MMU_WRITE) && m->pins[i].gfn == gfn)
			forget_pin(m, i);
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
		forget_pin(m, i);
}

/**
 * reads_new_space() - the guest has loaded CR3
 * @m: the MMU
 */
void reads_new_space(struct mmu *m)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(m->reads); i++)
		m->reads[i].virt = NULL;
	m->pins_good = 0;
}

/**
 * reads_forget_table() - entries of one of the guest's tables change
 * @v: the vCPU
 * @gfn: its frame
 *
 * The directory counts only for what it was looked up by.
 */
void reads_forget_table(struct vcpu *v, u32 gfn)
{
	struct frame *f = frame_peek(v->mmu, gfn);
	struct mmu *m = v->mmu;
	const struct kept_page *k;
	u32 i;

	if (!f || !f->kept)
		return;
	f->kept = false;
	for (i = 0; i < ARRAY_SIZE(m->reads); i++) {
		k = &m->reads[i];
		if (k->dir_gfn == gfn || k->pt_gfn == gfn)
			m->reads[i].virt = NULL;
	}
	for (i = 0; i < MMU_PINS; i++) {
		k = &m->pins[i];
		if (k->pt_gfn == gfn || (k->dir_gfn == gfn && (m->pins_good >> i & 1)))
			forget_pin(m, i);
	}
	alias_forget_table(v, gfn);
}
