// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables that ring 1 writes to by itself, and the GDT.
 *
 * A frame that is read as a page table has a trace, so each write of the guest's to it
 * is a way to the VMM and back. Some such frames have an alias: a page of the monitor
 * area through which the ring-1 runtime does the write, and notes where. At its next
 * entry, before it does anything else, the VMM looks at what has been noted
 * (mmu_alias_drain()) as if it had been told of each write. So between two entries the
 * shadow may have what the guest's tables had before, as a TLB may; an INVLPG, a load
 * of CR3, and the fault of whoever uses an entry that was not present, lead to the VMM.
 *
 * Only what the shadow alone wants to know may wait so: the frame's trace is
 * MMU_TRACE_SHADOW and no other, and it is no directory. It must not be on the way by
 * which another alias was found, either: which address of the guest's means which frame
 * has to be known at each write. That is known as for pins (reads.c); what may have
 * changed is withdrawn at once, and shown again by mmu_activate() if it has not.
 *
 * The page that the guest's GDT is in may have the last alias, while its only trace is
 * MMU_TRACE_DESC and desc/table.c agrees. What is noted of it is not for here, but for who
 * is about to run ring 3.
 *
 * What ring 1 can forge by notes or by writes without one: a shadow that says of the
 * guest's own memory what its tables said before. Each note is checked, and the entry is
 * read from the table itself.
 */
#include "mmu_int.h"

_Static_assert(VMBT_MON_ALIASES <= 32, "a bit for each alias");
_Static_assert(VMBT_MON_TC - VMBT_MON_ALIAS == VMBT_MON_ALIASES * 4096, "the aliases' place");

/* What no entry of a directory is: place_same() walks. */
#define NO_PDE	(~0ull)

/* Where page @k of the aliases is mapped: one place for all roots. */
static u64 *alias_leaf(struct vcpu *v, u32 k)
{
	struct mmu *m = v->mmu;
	u32 n = VMBT_MON_ALIAS / 4096 + k;

	return (u64 *)plat_pool_virt(m->mon_pt[mon_split(v) ? 2 : 0]) + n;
}

/* The runtime does not take alias @k. */
static void withdraw(struct vcpu *v, u32 k)
{
	v->mon->alias[k].neg_page = VMBT_MON_NONE;
	v->mmu->alias_good &= ~BIT(k);
}

/* It does, for writes to the page that the VMM has found the frame by. */
static void show(struct vcpu *v, u32 k)
{
	const struct kept_page *at = &v->mmu->alias[k];

	v->mon->alias[k].neg_page = -at->page;
	v->mon->alias[k].delta = VMBT_MON_ALIAS + k * 4096 - (at->page << 12);
	v->mmu->alias_good |= BIT(k);
	v->mmu->alias_unsure &= ~BIT(k);
}

/**
 * alias_close() - a frame is to be written to with the VMM's knowledge only
 * @v: the vCPU
 * @f: its record, which has an alias
 */
void alias_close(struct vcpu *v, struct frame *f)
{
	u32 k = f->alias - 1;

	f->alias = 0;
	withdraw(v, k);
	v->mmu->alias[k].virt = NULL;
	v->mmu->alias_unsure &= ~BIT(k);
	*alias_leaf(v, k) = 0;
	tlb_note_area(v, VMBT_MON_ALIAS + k * 4096);
}

/**
 * mmu_alias_forget() - translations of any address may have changed, or DR7
 * @v: the vCPU
 * @walk: other than by another directory
 */
void mmu_alias_forget(struct vcpu *v, bool walk)
{
	struct mmu *m = v->mmu;
	u32 k;

	for (k = 0; k < VMBT_MON_ALIASES; k++) {
		if (!m->alias[k].virt)
			continue;
		withdraw(v, k);
		m->alias_unsure |= BIT(k);
		if (walk)
			m->alias[k].pde = NO_PDE;
	}
}

/**
 * alias_forget_table() - entries of one of the guest's tables change
 * @v: the vCPU
 * @gfn: its frame
 */
void alias_forget_table(struct vcpu *v, u32 gfn)
{
	struct kept_page *at = v->mmu->alias;
	u32 k;

	for (k = 0; k < VMBT_MON_ALIASES; k++, at++) {
		if (!at->virt || (at->dir_gfn != gfn && at->pt_gfn != gfn))
			continue;
		withdraw(v, k);
		v->mmu->alias_unsure |= BIT(k);
		if (at->pt_gfn == gfn)
			at->pde = NO_PDE;
	}
}

/**
 * alias_check() - somebody wants to know of writes to a frame, or does no longer
 * @v: the vCPU
 * @f: its record
 */
void alias_check(struct vcpu *v, struct frame *f)
{
	bool gdt = f->alias == VMBT_MON_GDT_ALIAS + 1;

	if (f->alias && f->trace != (gdt ? MMU_TRACE_DESC : MMU_TRACE_SHADOW))
		alias_close(v, f);
}

/**
 * mmu_alias_gdt() - which frame has the guest's GDT
 * @v: the vCPU
 * @gfn: the frame, which MMU_TRACE_DESC is there for because of it alone, or more than
 *	there are: ring 1 must not write to it by itself
 */
void mmu_alias_gdt(struct vcpu *v, u64 gfn)
{
	const struct kept_page *at = &v->mmu->alias[VMBT_MON_GDT_ALIAS];
	struct mmu *m = v->mmu;

	if (gfn >= m->mem_frames)
		gfn = GFN_NONE;
	if (at->virt && at->gfn != gfn) {
		alias_close(v, frame_peek(m, at->gfn));
		tlb_sync(v);
	}
	m->gdt_gfn = gfn;
}

/* May the frame be written to without the VMM as far as others are concerned? */
static bool may_have(struct mmu *m, u32 gfn)
{
	const struct frame *f = frame_peek(m, gfn);
	const struct sp *sp;
	u32 idx;

	if (f && f->trace == MMU_TRACE_DESC)
		return gfn == m->gdt_gfn;
	if (!f || f->trace != MMU_TRACE_SHADOW)
		return false;
	for (idx = f->sps; idx; idx = sp->next) {
		sp = sp_of(m, idx);
		if (!(sp->role & ROLE_DIRECT) && role_level(sp->role) != 1)
			return false;
	}
	return true;
}

static bool table_aliased(struct mmu *m, u32 gfn)
{
	const struct frame *f = gfn == NO_TABLE ? NULL : frame_peek(m, gfn);

	return f && f->alias;
}

/*
 * Could ring 1 change the way to this place by itself? The directory may be traced as
 * somebody's page table, before it has been used as what it is.
 */
static bool way_aliased(struct mmu *m, const struct kept_page *at)
{
	return at->pt_gfn == at->gfn || at->dir_gfn == at->gfn ||
	       table_aliased(m, at->pt_gfn) || table_aliased(m, at->dir_gfn);
}

/* A slot for one more: a free one, or the next in turn; the GDT's is its own. */
static u32 take_slot(struct vcpu *v, const struct frame *f)
{
	struct mmu *m = v->mmu;
	u32 k;

	if (f->trace == MMU_TRACE_DESC)
		return VMBT_MON_GDT_ALIAS;
	for (k = 0; k < VMBT_MON_GDT_ALIAS; k++)
		if (!m->alias[k].virt)
			return k;
	k = m->alias_hand++ % VMBT_MON_GDT_ALIAS;
	alias_close(v, frame_peek(m, m->alias[k].gfn));
	return k;
}

/**
 * mmu_alias() - let ring 1 write to a page table, or the GDT, by itself
 * @v: the vCPU; translated code will go on at the start of an instruction, since one
 *	on its way to an alias must not find another frame there
 * @lin: linear address that the guest has just written the table by, so that what was
 *	found by this table has been withdrawn
 *
 * Does nothing where that must not be, or is not worth while.
 *
 * Context: may make a host call.
 */
void mmu_alias(struct vcpu *v, u32 lin)
{
	struct mmu *m = v->mmu;
	struct vcpu_exc exc;
	struct kept_page at;
	struct plat_page page;
	struct frame *f;
	struct walk w;
	bool found;
	u8 *hint;
	u32 k;

	if (!m->mon_placed || !role_paged(m->base_role) || v->guest->a20_masked ||
	    (v->guest->dr[7] & VMBT_DR7_ENABLED) ||
	    (v->shared->no_offers & VMBT_OFFER_ALIASES) || !may_have(m, m->told))
		return;
	exc = v->exc;
	found = walk_guest(v, lin, MMU_PEEK | MMU_WRITE, &w) == X_OK && w.gfn == m->told &&
		plat_gfn_map(w.gfn, true, &page) == VMBT_PAGE_RAM && page.writable && w.dirty;
	v->exc = exc;
	f = frame_peek(m, m->told);
	if (!found || !may_have(m, m->told))
		return;
	at.virt = NULL;
	place_keep(v, &at, &w, page.virt);
	if (!at.virt || way_aliased(m, &at))
		return;
	k = f->alias ? f->alias - 1u : take_slot(v, f);
	m->alias[k] = at;
	f->alias = k + 1;
	*alias_leaf(v, k) = (page.phys & SPTE_ADDR) | m->pte_enc | m->nx | PTE_P | PTE_W |
			    PTE_A | PTE_D;
	show(v, k);
	hint = &v->mon->hot[vmbt_hot_index(lin)];
	if (k != VMBT_MON_GDT_ALIAS || *hint < VMBT_MON_HOT_ALIAS)
		*hint = VMBT_MON_HOT_ALIAS + k;
	tlb_sync(v);
}

/* The tables that aliases are looked up by, while nothing asks the host. */
struct tables {
	u32 dir, pt;
	const u8 *virt;		/* of the directory */
};

/* Would a change of the table be told, and not be ring 1's own? */
static bool table_told(struct mmu *m, u32 gfn)
{
	struct frame *f = frame_peek(m, gfn);

	if (!f || !(f->trace & MMU_TRACE_SHADOW) || f->alias)
		return false;
	f->kept = true;
	return true;
}

static bool tables_look(struct vcpu *v, struct tables *t, u32 dir, u32 pt)
{
	struct plat_page page;

	if (unlikely(dir != t->dir)) {
		t->dir = GFN_NONE;
		if (plat_gfn_map(dir, false, &page) != VMBT_PAGE_RAM ||
		    !table_told(v->mmu, dir))
			return false;
		t->dir = dir;
		t->virt = page.virt;
	}
	if (pt != NO_TABLE && pt != t->pt) {
		if (!table_told(v->mmu, pt))
			return false;
		t->pt = pt;
	}
	return true;
}

/*
 * Is an alias found by the very entry of the directory that it was found by? That is what
 * most are: kernels have all memory in each of their directories, by the same tables.
 */
static bool same_entry(struct vcpu *v, struct tables *t, struct kept_page *at)
{
	u32 lin = at->page << 12, dir = walk_dir_gfn(v, lin);
	u64 pde;

	if (dir == GFN_NONE || dir == at->gfn || at->pt_gfn == at->gfn ||
	    !tables_look(v, t, dir, at->pt_gfn) || !at->virt)
		return false;
	pde = role_pae(v->mmu->base_role) ? READ_ONCE(((u64 *)t->virt)[lin >> 21 & 511]) :
					    READ_ONCE(((u32 *)t->virt)[lin >> 22]);
	if (pde != at->pde)
		return false;
	at->dir_gfn = dir;
	return true;
}

/**
 * alias_activate() - show again what has been withdrawn and is as it was
 * @v: the vCPU, about to run the guest; there is a root
 *
 * Context: may make a host call.
 */
void alias_activate(struct vcpu *v)
{
	struct tables t = { .dir = GFN_NONE, .pt = NO_TABLE };
	struct kept_page *at, *last = NULL;
	struct vcpu_exc exc = v->exc;
	struct mmu *m = v->mmu;
	u32 k;

	if (!role_paged(m->base_role) || (v->guest->dr[7] & VMBT_DR7_ENABLED))
		return;
	while (m->alias_unsure) {
		k = __builtin_ctz(m->alias_unsure);
		m->alias_unsure &= ~BIT(k);
		at = &m->alias[k];
		/* Most are found by the same entry of the directory. */
		if (last && at->virt && at->page >> 9 == last->page >> 9 && at->pde == last->pde &&
		    (m->alias_good & BIT(last - m->alias))) {
			at->dir_gfn = last->dir_gfn;
			show(v, k);
			continue;
		}
		if (at->virt && same_entry(v, &t, at)) {
			show(v, k);
		} else {
			t = (struct tables){ .dir = GFN_NONE, .pt = NO_TABLE };
			if (!at->virt || !place_same(v, at, false))
				continue;
			/* A host call on the way may have been the end of it. */
			if (!at->virt || way_aliased(m, at))
				continue;
			show(v, k);
		}
		if (at->pt_gfn == NO_TABLE)
			last = at;
	}
	v->exc = exc;
}

/* Ring 1 has written to alias @k, at @off. */
static void written(struct vcpu *v, u32 k, u32 off)
{
	v->stats->alias_writes++;
	trace_noted(v, v->mmu->alias[k].gfn, off);
}

/**
 * mmu_alias_drain() - look at what ring 1 has written by itself
 * @v: the vCPU, just back from the guest
 *
 * A note is made before its write, and counted behind it. So the one that comes next
 * may be of a write that has been done: it is looked at, too, and stays, as it will be
 * counted if the guest goes on from here.
 *
 * Context: may make a host call.
 */
void mmu_alias_drain(struct vcpu *v)
{
	struct vmbt_mon *mon = v->mon;
	u32 left = READ_ONCE(mon->log_left), i, at;

	if (left > VMBT_MON_LOG)
		left = 0;
	mon->log_left = VMBT_MON_LOG;
	for (i = VMBT_MON_LOG; i-- && i + 1 >= left;) {
		at = READ_ONCE(mon->log[i]) - VMBT_MON_ALIAS;
		if (i >= left || (v->frame.cs & 3) == 3)
			mon->log[i] = 0;
		if (at < VMBT_MON_GDT_ALIAS * 4096 && v->mmu->alias[at / 4096].virt)
			written(v, at / 4096, at & 0xffc);
	}
	tlb_sync(v);
}

/**
 * mmu_alias_init() - none yet
 * @v: the vCPU, with its monitor area's data page
 */
void mmu_alias_init(struct vcpu *v)
{
	for (u32 k = 0; k < VMBT_MON_ALIASES; k++)
		withdraw(v, k);
	v->mon->alias_ds = VMBT_MON_NONE;
	v->mon->log_left = VMBT_MON_LOG;
	v->mon->gdt_left = VMBT_MON_LOG;
	v->mmu->gdt_gfn = GFN_NONE;
}

/**
 * mmu_alias_restore() - ring 1 may have forged what it goes by
 * @v: the vCPU
 */
void mmu_alias_restore(struct vcpu *v)
{
	u32 k;

	for (k = 0; k < VMBT_MON_ALIASES; k++)
		if (v->mmu->alias_good >> k & 1)
			show(v, k);
		else
			withdraw(v, k);
}
