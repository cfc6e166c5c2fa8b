// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's own page tables, walked as the CPU would walk them.
 *
 * Unpaged, two-level with 4 MiB pages, and PAE with 2 MiB pages and
 * execute-disable (SDM vol. 3, 4.3 and 4.4; access rights 4.6; error codes
 * 4.7; accessed and dirty flags 4.8). The guest's physical addresses have 36
 * bits. Entries are read once; what was read is what is used.
 *
 * The PDPTEs of PAE paging are registers, loaded with CR3 (roots.c), so a walk
 * has two levels in either mode.
 */
#include "mmu_int.h"

/* Reserved bits with 36-bit addresses (SDM tables 4-4 to 4-11). */
#define RSVD_PSE_BIG	0x003e0000ull
#define RSVD_PAE	(0x7fffffffffffffffull & ~((1ull << GUEST_PHYS_BITS) - 1))
#define RSVD_PAE_BIG	(RSVD_PAE | 0x001fe000ull)

/**
 * mmu_current_role() - the part of a role that the control registers decide
 * @v: the vCPU
 */
u32 mmu_current_role(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	u32 role = g->a20_masked ? ROLE_A20 : 0;

	if (!(g->cr0 & VMBT_CR0_PG))
		return role | MODE_UNPAGED << ROLE_MODE_SHIFT | ROLE_WP;
	if (g->cr0 & VMBT_CR0_WP)
		role |= ROLE_WP;
	if (g->cr4 & VMBT_CR4_PAE) {
		role |= MODE_PAE << ROLE_MODE_SHIFT | ROLE_PSE;
		if (g->efer & VMBT_EFER_NXE)
			role |= ROLE_NXE;
	} else {
		role |= MODE_2LEVEL << ROLE_MODE_SHIFT;
		if (g->cr4 & VMBT_CR4_PSE)
			role |= ROLE_PSE;
	}
	return role;
}

/**
 * gfn_map_error() - what plat_gfn_map() failing means for an access
 * @v: the vCPU
 * @kind: enum vmbt_page_kind, not RAM, ROM or NONE
 * @gfn: the frame
 */
int gfn_map_error(struct vcpu *v, int kind, u64 gfn)
{
	if (kind == VMBT_PAGE_RETRY)
		return X_RETRY;
	return vcpu_unsupported(v, "host memory of guest frame %llx is gone",
				gfn);
}

/**
 * walk_raise() - record a guest page fault
 * @v: the vCPU
 * @lin: faulting linear address
 * @error: the error code
 * Return: X_FAULT
 */
int walk_raise(struct vcpu *v, u32 lin, u32 error)
{
	vcpu_fault_err(v, VMBT_VEC_PF, error);
	v->exc.cr2 = lin;
	return X_FAULT;
}

/**
 * guest_table_ask() - guest_table_read() of a table that is not in the window
 * @v: the vCPU
 * @gfn: the table's frame
 * @index: entry number
 * @size: of an entry, 4 or 8 bytes
 * @out: the entry
 * Return: enum x_result
 */
int guest_table_ask(struct vcpu *v, u64 gfn, u32 index, u32 size, u64 *out)
{
	struct plat_page page;
	int kind;

	*out = 0;
	kind = plat_gfn_map(gfn, false, &page);
	if (kind == VMBT_PAGE_NONE)
		return X_OK;
	if (kind != VMBT_PAGE_RAM && kind != VMBT_PAGE_ROM)
		return gfn_map_error(v, kind, gfn);
	*out = table_entry(page.virt, index, size);
	return X_OK;
}

/*
 * Set accessed or dirty in a guest entry. Tables in ROM or nowhere swallow
 * it, as they would on the bus. Traces other than the shadow's are told: the
 * shadow only holds what these bits already allow.
 */
static int guest_table_set(struct vcpu *v, u64 gfn, u32 index, u32 size, u32 bits)
{
	struct plat_page page;
	int kind;

	trace_tell(v, (gfn << 12) + (u64)index * size, size,
		   MMU_TRACE_SHADOW | MMU_TRACE_CODEPT);
	kind = plat_gfn_map(gfn, true, &page);
	if (unlikely(kind != VMBT_PAGE_RAM)) {
		if (kind == VMBT_PAGE_NONE || kind == VMBT_PAGE_ROM)
			return X_OK;
		return gfn_map_error(v, kind, gfn);
	}
	if (unlikely(!page.writable))
		return X_OK;
	if (size == 4)
		((u32 *)page.virt)[index & 1023] |= bits;
	else
		((u64 *)page.virt)[index & 511] |= bits;
	return X_OK;
}

/**
 * pte_reserved() - reserved bits that are set in a present entry
 * @role: base role
 * @level: 2 for a directory, 1 for a page table
 * @pte: the entry
 */
u64 pte_reserved(u32 role, u32 level, u64 pte)
{
	bool big = level == 2 && (pte & PTE_PS) && (role & ROLE_PSE);

	if (!role_pae(role))
		return big ? pte & RSVD_PSE_BIG : 0;
	return pte & ((big ? RSVD_PAE_BIG : RSVD_PAE) |
		      (role & ROLE_NXE ? 0 : PTE_NX));
}

/**
 * pte_gfn() - the frame an entry names, A20 applied
 * @role: base role
 * @pte: a page-table entry, or a directory entry that names a table
 */
u32 pte_gfn(u32 role, u64 pte)
{
	u32 gfn = (u32)((pte & PTE_ADDR) >> 12);

	return role & ROLE_A20 ? gfn & ~A20_GFN : gfn;
}

/**
 * pte_acc() - the rights that an entry of the guest's gives
 * @role: of the table it is in, or of the root
 * @pte: the entry
 * Return: ACC_*
 */
u32 pte_acc(u32 role, u64 pte)
{
	u32 acc = ACC_X;

	if (pte & PTE_W)
		acc |= ACC_W;
	if (pte & PTE_U)
		acc |= ACC_U;
	if ((role & ROLE_NXE) && (pte & PTE_NX))
		acc &= ~ACC_X;
	return acc;
}

/* The frame of the directory that maps @lin, GFN_NONE if its PDPTE is not present. */
static u32 dir_gfn(struct vcpu *v, u32 role, u32 lin)
{
	u64 pdpte;

	if (!role_pae(role))
		return pte_gfn(role, v->guest->cr3 & 0xfffff000);
	pdpte = v->guest->pdpte[lin >> 30];
	return pdpte & PTE_P ? pte_gfn(role, pdpte) : GFN_NONE;
}

/* walk_dir_gfn() - the same for the current mode */
u32 walk_dir_gfn(struct vcpu *v, u32 lin)
{
	return dir_gfn(v, v->mmu->base_role, lin);
}

/**
 * walk_read_pde() - the directory entry for a linear address
 * @v: the vCPU, paging on
 * @lin: the address
 * @pde: 0 if not present
 * Return: enum x_result
 */
int walk_read_pde(struct vcpu *v, u32 lin, u64 *pde)
{
	u32 role = v->mmu->base_role;
	u32 gfn = dir_gfn(v, role, lin);

	*pde = 0;
	if (gfn == GFN_NONE)
		return X_OK;
	if (role_pae(role))
		return guest_table_read(v, gfn, (lin >> 21) & 511, 8, pde);
	return guest_table_read(v, gfn, lin >> 22, 4, pde);
}

static int walk_unpaged(struct vcpu *v, u32 lin, struct walk *w)
{
	w->gfn = lin >> 12;
	if (v->mmu->base_role & ROLE_A20)
		w->gfn &= ~A20_GFN;
	w->acc_dir = ACC_ALL;
	w->acc = ACC_ALL;
	w->dirty = true;
	w->big = true;
	w->pt_gfn = GFN_NONE;
	return X_OK;
}

/* May the access at hand go through rights @acc? */
static bool acc_allows(u32 role, u32 acc, u32 access)
{
	if ((access & MMU_USER) && !(acc & ACC_U))
		return false;
	if ((access & MMU_WRITE) && !(acc & ACC_W) &&
	    ((access & MMU_USER) || (role & ROLE_WP)))
		return false;
	return !(access & MMU_EXEC) || (acc & ACC_X);
}

/**
 * walk_take_pde() - what a present directory entry alone says of a walk
 * @role: base role
 * @w: @lin and @pde are set, no reserved bit is; @pte and @gfn are of a big page only
 */
void walk_take_pde(u32 role, struct walk *w)
{
	w->acc_dir = (u8)pte_acc(role, w->pde);
	w->big = (w->pde & PTE_PS) && (role & ROLE_PSE);
	if (!w->big) {
		w->pt_gfn = pte_gfn(role, w->pde);
		return;
	}
	w->pt_gfn = GFN_NONE;
	w->acc = w->acc_dir;
	w->pte = w->pde;
	if (role_pae(role))
		w->gfn = (u32)((w->pde & PTE_ADDR) >> 21 << 9) | ((w->lin >> 12) & 511);
	else	/* PSE-36: bits 16:13 are address bits 35:32 */
		w->gfn = (u32)(w->pde >> 22) << 10 |
			 (u32)((w->pde >> 13) & 15) << 20 | ((w->lin >> 12) & 1023);
	if (role & ROLE_A20)
		w->gfn &= ~A20_GFN;
}

/**
 * walk_guest() - translate through the guest's tables
 * @v: the vCPU
 * @lin: linear address
 * @access: MMU_* of the access
 * @w: the result
 *
 * Sets accessed flags on all levels used and the dirty flag on a write, when
 * the access is allowed, unless MMU_PEEK.
 *
 * Return: X_OK, X_FAULT with v->exc set, X_RETRY, X_UNSUPPORTED
 */
int walk_guest(struct vcpu *v, u32 lin, u32 access, struct walk *w)
{
	u32 role = v->mmu->base_role;
	u32 size, dir, dir_i, pt_i, err, set;
	int r;

	w->lin = lin;
	w->access = access;
	w->global = false;
	w->pde = 0;
	w->pte = 0;
	if (!role_paged(role))
		return walk_unpaged(v, lin, w);

	err = walk_error(role, access);
	if (role_pae(role)) {
		size = 8;
		dir_i = (lin >> 21) & 511;
		pt_i = (lin >> 12) & 511;
	} else {
		size = 4;
		dir_i = lin >> 22;
		pt_i = (lin >> 12) & 1023;
	}

	dir = dir_gfn(v, role, lin);
	if (dir == GFN_NONE)
		return walk_raise(v, lin, err);
	r = guest_table_read(v, dir, dir_i, size, &w->pde);
	if (unlikely(r != X_OK))
		return r;
	if (!(w->pde & PTE_P))
		return walk_raise(v, lin, err);
	if (unlikely(pte_reserved(role, 2, w->pde)))
		return walk_raise(v, lin, err | VMBT_PF_P | VMBT_PF_RSVD);
	walk_take_pde(role, w);
	if (!w->big) {
		r = guest_table_read(v, w->pt_gfn, pt_i, size, &w->pte);
		if (unlikely(r != X_OK))
			return r;
		if (!(w->pte & PTE_P))
			return walk_raise(v, lin, err);
		if (unlikely(pte_reserved(role, 1, w->pte)))
			return walk_raise(v, lin, err | VMBT_PF_P | VMBT_PF_RSVD);
		w->acc = (u8)(w->acc_dir & pte_acc(role, w->pte));
		w->gfn = pte_gfn(role, w->pte);
	}
	if (!acc_allows(role, w->acc, access))
		return walk_raise(v, lin, err | VMBT_PF_P);

	w->global = (w->pte & PTE_G) && (v->guest->cr4 & VMBT_CR4_PGE);
	if (!(access & MMU_PEEK)) {
		set = PTE_A | (access & MMU_WRITE ? PTE_D : 0);
		if (!w->big && !(w->pde & PTE_A)) {
			r = guest_table_set(v, dir, dir_i, size, PTE_A);
			if (r != X_OK)
				return r;
			w->pde |= PTE_A;
		}
		if ((w->pte & set) != set) {
			r = w->big ?
			    guest_table_set(v, dir, dir_i, size, set) :
			    guest_table_set(v, w->pt_gfn, pt_i, size, set);
			if (r != X_OK)
				return r;
			w->pte |= set;
			if (w->big)
				w->pde |= set;
		}
	}
	w->dirty = w->pte & PTE_D;
	return X_OK;
}

/**
 * mmu_walk() - translate a linear address with the guest's access rights
 * @v: the vCPU
 * @lin: linear address
 * @access: MMU_* of the access
 * @out: the translation
 * Return: X_OK, or X_FAULT with v->exc set
 */
int mmu_walk(struct vcpu *v, u32 lin, u32 access, struct mmu_xlat *out)
{
	u32 role;
	struct walk w;
	int r;

	root_select(v);
	role = v->mmu->base_role;
	r = walk_guest(v, lin, access, &w);
	if (r != X_OK)
		return r;
	out->gpa = (u64)w.gfn << 12 | (lin & 0xfff);
	out->page_size = !w.big || !role_paged(role) ? 4096 :
			 role_pae(role) ? 2u << 20 : 4u << 20;
	out->user = w.acc & ACC_U;
	out->writable = acc_allows(role, w.acc, (access & MMU_USER) | MMU_WRITE);
	out->dirty = w.dirty;
	out->global = w.global;
	out->nx = !(w.acc & ACC_X);
	return X_OK;
}
