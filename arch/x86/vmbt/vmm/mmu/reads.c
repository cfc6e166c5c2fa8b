// SPDX-License-Identifier: GPL-2.0
/*
 * Where the VMM has read lately.
 *
 * The VMM reads the guest's stack, descriptors and TSS at every interrupt,
 * system call and return: always the same few pages. A walk through the
 * guest's tables and a look into the window for each word costs ten times the
 * read. A page is kept here only while a change of its translation cannot
 * escape: the tables it was found through are shadowed, thus traced, and what
 * the window says is told by mmu_window_changed(). So unlike a TLB this is
 * never stale, and no INVLPG of the guest's concerns it.
 */
#include "mmu_int.h"

static struct kept_read *slot_of(struct mmu *m, u32 lin)
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
	const struct kept_read *k = slot_of(m, lin);

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

/**
 * reads_keep() - remember a page, if a change will be noticed
 * @v: the vCPU
 * @w: the walk that found it, for a read
 * @page: its memory
 */
void reads_keep(struct vcpu *v, const struct walk *w, const struct plat_page *page)
{
	struct mmu *m = v->mmu;
	struct kept_read *k = slot_of(m, w->lin);

	if (role_paged(m->base_role) &&
	    (!table_traced(m, walk_dir_gfn(v, w->lin)) ||
	     (!w->big && !table_traced(m, w->pt_gfn))))
		return;
	k->page = w->lin >> 12;
	k->access = w->access;
	k->virt = page->virt;
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
}
