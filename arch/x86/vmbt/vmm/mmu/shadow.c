// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow pages: the tables that the hardware walks while the guest runs.
 *
 * Entries above the leaves grant everything; a leaf has the rights of the
 * guest's whole way to it. That is why the rights of the directory entry are
 * part of a leaf table's role, and it lets a single leaf be made stricter or,
 * with CR0.WP clear, given to the supervisor alone.
 *
 * Every link is recorded in both directions (a child's parents, a frame's
 * mappings), so that whatever must go can be found without a search. Nothing
 * here recurses: dropping a directory entry leaves the page table, which may
 * soon be linked again.
 */
#include "mmu_int.h"

/**
 * sp_gfn() - the guest frame that a leaf maps
 * @sp: a level 1 shadow page
 * @i: entry
 */
u32 sp_gfn(struct sp *sp, u32 i)
{
	if (!(sp->role & ROLE_DIRECT))
		return sp->aux[i];
	return sp->role & ROLE_A20 ? (sp->gfn + i) & ~A20_GFN : sp->gfn + i;
}

/**
 * sp_new() - a new, empty shadow page
 * @v: the vCPU
 * @gfn: the guest frame it shadows; GFN_NONE for a directory without one;
 *	number of the root for a level 3 page
 * @role: ROLE_*
 */
struct sp *sp_new(struct vcpu *v, u32 gfn, u32 role)
{
	struct mmu *m = v->mmu;
	u32 idx = pool_take(v);
	u32 level = role_level(role);
	struct frame *f;
	struct sp *sp;

	if (unlikely(!m->sp_chunk[idx >> 6]))
		m->sp_chunk[idx >> 6] = plat_pool_virt(pool_take(v));
	sp = sp_of(m, idx);
	*sp = (struct sp){
		.spt = plat_pool_virt(idx),
		.phys = plat_pool_phys(idx),
		.idx = idx,
		.gfn = gfn,
		.role = role,
		.last = NO_LAST,
		.used = 1,
		.live = 1,
	};
	if (level == 2 || (level == 1 && !(role & ROLE_DIRECT))) {
		sp->aux_id = aux_alloc(v);
		sp->aux = aux_ptr(sp->aux_id);
	}
	m->nsp++;
	v->stats->shadow_pages = m->nsp;
	if (level == 3 || gfn == GFN_NONE)
		return sp;

	f = frame_get(v, gfn);
	if (f->alias && level != 1)
		alias_close(v, f);
	sp->next = f->sps;
	f->sps = idx;
	if (!(role & ROLE_DIRECT))
		frame_trace_add(v, gfn, MMU_TRACE_SHADOW);
	return sp;
}

/**
 * sp_get() - the shadow page of a frame in a role, made if need be
 * @v: the vCPU
 * @gfn: frame below mem_top
 * @role: ROLE_*
 */
struct sp *sp_get(struct vcpu *v, u32 gfn, u32 role)
{
	struct mmu *m = v->mmu;
	struct frame *f = frame_peek(m, gfn);
	struct sp *sp;
	u32 idx;

	for (idx = f ? f->sps : 0; idx; idx = sp->next) {
		sp = sp_of(m, idx);
		if (sp->role == role)
			return sp;
	}
	return sp_new(v, gfn, role);
}

/* Clear an entry and its back reference; the entry as it was. */
static u64 entry_clear(struct vcpu *v, struct sp *sp, u32 i)
{
	struct mmu *m = v->mmu;
	u64 old = sp->spt[i];
	u32 ref = REF(sp->idx, i);
	struct frame *f;
	struct sp *child;

	switch (role_level(sp->role)) {
	case 1:
		f = frame_peek(m, sp_gfn(sp, i));
		if (!f || !reflist_del(v, &f->rmap, ref))
			plat_panic("mmu: leaf %x has no frame", ref);
		f->nrmap--;
		break;
	case 2:
		if (sp->aux[i] == CHILD_MON) {
			sp->spt[i] = 0;
			sp->aux[i] = 0;
			return old;
		}
		if (sp_is_large(sp, i)) {
			large_unlink(v, sp, i);
			sp->aux[i] = 0;
			break;
		}
		child = sp_of(m, sp->aux[i]);
		sp->aux[i] = 0;
		if (!reflist_del(v, &child->parents, ref))
			plat_panic("mmu: link %x has no child", ref);
		child->nparents--;
		break;
	default:
		child = m->roots[sp->gfn].pd[i];
		m->roots[sp->gfn].pd[i] = NULL;
		if (!reflist_del(v, &child->parents, ref))
			plat_panic("mmu: directory %x has no child", ref);
		child->nparents--;
		break;
	}
	sp->spt[i] = 0;
	sp->present--;
	return old;
}

/**
 * sp_drop_entry() - make an entry not present
 * @v: the vCPU
 * @sp: shadow page
 * @i: entry; one of the monitor area's stays
 */
void sp_drop_entry(struct vcpu *v, struct sp *sp, u32 i)
{
	bool large = role_level(sp->role) == 2 && sp_is_large(sp, i);
	u64 old = sp->spt[i];

	if (!old)
		return;
	if (role_level(sp->role) == 1) {
		/* The processor only caches what it has marked accessed. */
		if (old & PTE_A)
			tlb_note_leaf(v, sp, i);
	} else if (large) {
		tlb_note_large(v, sp, i);
	} else {
		if (role_level(sp->role) == 2 && sp->aux[i] == CHILD_MON)
			return;
		if (role_level(sp->role) == 2)
			tlb_note_link(v, sp, i, !sp_of(v->mmu, sp->aux[i])->present);
		else
			tlb_note_table(v, sp);
	}
	entry_clear(v, sp, i);
	/* What comes next may be of another size, see large.c. */
	if (large)
		tlb_sync(v);
}

/* Clear the upper-level entry that @ref names. */
static void unlink_ref(struct vcpu *v, u32 ref)
{
	entry_clear(v, sp_of(v->mmu, REF_IDX(ref)), REF_ENTRY(ref));
}

static void frame_forget_sp(struct vcpu *v, struct sp *sp)
{
	struct mmu *m = v->mmu;
	struct frame *f = frame_peek(m, sp->gfn);
	bool traced = false;
	u32 *link;

	for (link = &f->sps; *link != sp->idx; link = &sp_of(m, *link)->next)
		;
	*link = sp->next;
	for (link = &f->sps; *link; link = &sp_of(m, *link)->next)
		traced |= !(sp_of(m, *link)->role & ROLE_DIRECT);
	if (!traced)
		frame_trace_del(v, sp->gfn, MMU_TRACE_SHADOW);
}

/* Most of a table's entries are not there: eight at a time. */
static bool line_empty(const u64 *spte)
{
	return !(spte[0] | spte[1] | spte[2] | spte[3] |
		 spte[4] | spte[5] | spte[6] | spte[7]);
}

/**
 * sp_zap() - free a shadow page and all links to and from it
 * @v: the vCPU
 * @sp: the page; not the PDPT of a live root
 */
void sp_zap(struct vcpu *v, struct sp *sp)
{
	bool few = role_level(sp->role) == 1 && sp->present <= TLB_FEW &&
		   !(v->shared->no_offers & VMBT_OFFER_FEW);
	struct mmu *m = v->mmu;
	u32 i, ref;

	if (sp->parents && !few)
		tlb_note_table(v, sp);
	for (i = 0; sp->present && i < 512; i++) {
		if (i % 8 == 0 && line_empty(sp->spt + i))
			i += 7;
		if (!sp->spt[i])
			continue;
		/* A frame that many map has a long list. */
		plat_yield();
		if (few && (sp->spt[i] & PTE_A))
			tlb_note_leaf(v, sp, i);
		entry_clear(v, sp, i);
	}
	/* Of a table without leaves what is left is its link. */
	if (sp->parents && few)
		tlb_note_table(v, sp);
	while ((ref = reflist_first(sp->parents)))
		unlink_ref(v, ref);
	if (role_level(sp->role) != 3 && sp->gfn != GFN_NONE)
		frame_forget_sp(v, sp);
	if (sp->aux_id)
		aux_free(v, sp->aux_id);
	sp->live = 0;
	m->zaps++;
	m->nsp--;
	v->stats->shadow_pages = m->nsp;
	pool_free(v, sp->idx);
}

/**
 * sp_link() - let an upper-level entry point to a shadow page
 * @v: the vCPU
 * @parent: level 2 or 3
 * @i: its entry
 * @child: one level below
 */
void sp_link(struct vcpu *v, struct sp *parent, u32 i, struct sp *child)
{
	struct mmu *m = v->mmu;

	sp_drop_entry(v, parent, i);
	if (unlikely(child->nparents >= REFS_MAX)) {
		tlb_note_table(v, child);
		unlink_ref(v, reflist_first(child->parents));
	}
	reflist_add(v, &child->parents, REF(parent->idx, i));
	child->nparents++;
	child->used = 1;
	parent->spt[i] = (child->phys & SPTE_ADDR) | m->pte_enc |
			 PTE_P | PTE_W | PTE_U | PTE_A;
	parent->present++;
	if (role_level(parent->role) == 2)
		parent->aux[i] = child->idx;
	else
		m->roots[parent->gfn].pd[i] = child;
}

/**
 * sp_protect_ref() - take write permission from a leaf
 * @v: the vCPU
 * @ref: REF() of the leaf
 */
void sp_protect_ref(struct vcpu *v, u32 ref)
{
	struct sp *sp = sp_of(v->mmu, REF_IDX(ref));
	u32 i = REF_ENTRY(ref);

	if (!(sp->spt[i] & PTE_W))
		return;
	if (sp->spt[i] & PTE_A)
		tlb_note_leaf(v, sp, i);
	sp->spt[i] &= ~PTE_W;
}

/**
 * spte_make() - a leaf from the whitelist of bits
 * @v: the vCPU
 * @role: of the shadow page table
 * @acc: rights of the guest's whole way
 * @dirty: the guest's entry has its dirty flag
 * @gfn: guest frame, below mem_top
 * @access: the access it is for
 * @page: what the host granted
 *
 * The accessed flag is left to the caller. A page that is not dirty, or is
 * traced, is mapped read-only, so that the first write comes here. With
 * CR0.WP clear, the supervisor may write what is read-only: a user page
 * becomes the supervisor's own while it does so.
 */
u64 spte_make(struct vcpu *v, u32 role, u32 acc, bool dirty, u32 gfn,
	      u32 access, const struct plat_page *page)
{
	struct mmu *m = v->mmu;
	bool may_write = dirty && page->writable && !frame_get(v, gfn)->trace;
	bool user = acc & ACC_U;
	u64 spte = (page->phys & SPTE_ADDR) | m->pte_enc | PTE_P;

	if (may_write && !(acc & ACC_W)) {
		if (role & ROLE_WP)
			may_write = false;
		else if (user && (access & MMU_WRITE) && !(access & MMU_USER))
			user = false;
		else
			may_write = !user;
	}
	if (may_write)
		spte |= PTE_W | PTE_D;
	if (user)
		spte |= PTE_U | (acc & ACC_X ? 0 : m->nx);
	else	/* the supervisor runs from the translation cache only */
		spte |= m->nx;
	return spte;
}

/**
 * spte_set() - put a leaf in place
 * @v: the vCPU
 * @sp: level 1 shadow page
 * @i: entry
 * @gfn: guest frame it maps
 * @spte: from spte_make()
 */
void spte_set(struct vcpu *v, struct sp *sp, u32 i, u32 gfn, u64 spte)
{
	u64 old = sp->spt[i], lost;
	struct frame *f;
	u32 ref;

	if (old && !((old ^ spte) & SPTE_ADDR) && sp_gfn(sp, i) == gfn) {
		lost = (old & ~spte & (PTE_W | PTE_U)) |
		       (~old & spte & PTE_NX);
		if (lost && (old & PTE_A))
			tlb_note_leaf(v, sp, i);
		sp->spt[i] = spte;
		return;
	}
	sp_drop_entry(v, sp, i);
	f = frame_get(v, gfn);
	if (unlikely(f->nrmap >= REFS_MAX)) {
		ref = reflist_first(f->rmap);
		sp_drop_entry(v, sp_of(v->mmu, REF_IDX(ref)), REF_ENTRY(ref));
	}
	reflist_add(v, &f->rmap, REF(sp->idx, i));
	f->nrmap++;
	if (sp->aux)
		sp->aux[i] = gfn;
	sp->spt[i] = spte;
	sp->present++;
}
