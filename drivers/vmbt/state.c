// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's state as KVM's structures, get and set.
 *
 * struct vmbt_guest is complete and in sync whenever the VMM does not run, so
 * reading is a change of format. Setting checks first and changes nothing on
 * EINVAL: the VMM may rely on what it finds (no bit that a 32-bit CPU lacks,
 * no segment that no descriptor could describe, no MXCSR that would fault in
 * the host).
 */
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>

#include "vmbt.h"

#define VMBT_EFLAGS_VALID	0x003f7fd7
#define VMBT_CR0_VALID		(VMBT_CR0_PE | VMBT_CR0_MP | VMBT_CR0_EM | \
				 VMBT_CR0_TS | VMBT_CR0_ET | VMBT_CR0_NE | \
				 VMBT_CR0_WP | VMBT_CR0_AM | VMBT_CR0_NW | \
				 VMBT_CR0_CD | VMBT_CR0_PG)
#define VMBT_CR4_VALID		(VMBT_CR4_TSD | VMBT_CR4_DE | VMBT_CR4_PSE | \
				 VMBT_CR4_PAE | VMBT_CR4_MCE | VMBT_CR4_PGE | \
				 VMBT_CR4_PCE | VMBT_CR4_OSFXSR | \
				 VMBT_CR4_OSXMMEXCPT)
#define VMBT_MXCSR_DEFAULT	0x1f80
#define VMBT_FCW_DEFAULT	0x037f

/* Where KVM has the registers. */
static const struct {
	u16 kvm;
	u8 gpr;
} vmbt_regs[] = {
	{ offsetof(struct kvm_regs, rax), VMBT_EAX },
	{ offsetof(struct kvm_regs, rbx), VMBT_EBX },
	{ offsetof(struct kvm_regs, rcx), VMBT_ECX },
	{ offsetof(struct kvm_regs, rdx), VMBT_EDX },
	{ offsetof(struct kvm_regs, rsi), VMBT_ESI },
	{ offsetof(struct kvm_regs, rdi), VMBT_EDI },
	{ offsetof(struct kvm_regs, rsp), VMBT_ESP },
	{ offsetof(struct kvm_regs, rbp), VMBT_EBP },
};

static const struct {
	u16 kvm;
	u16 guest;
} vmbt_segs[] = {
	{ offsetof(struct kvm_sregs2, cs), offsetof(struct vmbt_guest, seg[VMBT_CS]) },
	{ offsetof(struct kvm_sregs2, ds), offsetof(struct vmbt_guest, seg[VMBT_DS]) },
	{ offsetof(struct kvm_sregs2, es), offsetof(struct vmbt_guest, seg[VMBT_ES]) },
	{ offsetof(struct kvm_sregs2, fs), offsetof(struct vmbt_guest, seg[VMBT_FS]) },
	{ offsetof(struct kvm_sregs2, gs), offsetof(struct vmbt_guest, seg[VMBT_GS]) },
	{ offsetof(struct kvm_sregs2, ss), offsetof(struct vmbt_guest, seg[VMBT_SS]) },
	{ offsetof(struct kvm_sregs2, tr), offsetof(struct vmbt_guest, tr) },
	{ offsetof(struct kvm_sregs2, ldt), offsetof(struct vmbt_guest, ldtr) },
};

/* struct kvm_sregs and struct kvm_sregs2 are the same up to here. */
#define VMBT_SREGS_COMMON	offsetof(struct kvm_sregs2, flags)
static_assert(offsetof(struct kvm_sregs, interrupt_bitmap) == VMBT_SREGS_COMMON);

void vmbt_state_get_regs(struct vmbt_vcpu *vcpu, struct kvm_regs *regs)
{
	const struct vmbt_guest *g = &vcpu->vm->shared->guest;
	int i;

	memset(regs, 0, sizeof(*regs));
	for (i = 0; i < ARRAY_SIZE(vmbt_regs); i++)
		*(u64 *)((void *)regs + vmbt_regs[i].kvm) =
			g->gpr[vmbt_regs[i].gpr];
	regs->rip = g->eip;
	regs->rflags = g->eflags;
}

int vmbt_state_set_regs(struct vmbt_vcpu *vcpu, const struct kvm_regs *regs)
{
	struct vmbt_guest *g = &vcpu->vm->shared->guest;
	const u64 *all = (const u64 *)regs;
	int i;

	for (i = 0; i < sizeof(*regs) / sizeof(*all); i++)
		if (upper_32_bits(all[i]))
			return -EINVAL;
	if (regs->r8 || regs->r9 || regs->r10 || regs->r11 || regs->r12 ||
	    regs->r13 || regs->r14 || regs->r15 ||
	    (regs->rflags & ~VMBT_EFLAGS_VALID))
		return -EINVAL;

	for (i = 0; i < ARRAY_SIZE(vmbt_regs); i++)
		g->gpr[vmbt_regs[i].gpr] =
			*(const u64 *)((const void *)regs + vmbt_regs[i].kvm);
	g->eip = regs->rip;
	g->eflags = regs->rflags | VMBT_X86_EFLAGS_FIXED;
	/* As KVM: an exception belongs to the registers that raised it. */
	if (g->pending.type == VMBT_EV_FAULT)
		memset(&g->pending, 0, sizeof(g->pending));
	return 0;
}

static void vmbt_get_segment(const struct vmbt_seg *s, struct kvm_segment *k)
{
	memset(k, 0, sizeof(*k));
	k->base = s->base;
	k->limit = s->limit;
	k->selector = s->sel;
	k->type = s->attr & VMBT_ATTR_TYPE;
	k->s = !!(s->attr & VMBT_ATTR_S);
	k->dpl = (s->attr & VMBT_ATTR_DPL) >> VMBT_ATTR_DPL_SHIFT;
	k->present = !!(s->attr & VMBT_ATTR_P);
	k->avl = !!(s->attr & VMBT_ATTR_AVL);
	k->db = !!(s->attr & VMBT_ATTR_DB);
	k->g = !!(s->attr & VMBT_ATTR_G);
	k->unusable = !k->present;
}

static bool vmbt_segment_ok(const struct kvm_segment *k)
{
	if (k->padding)
		return false;
	if (k->unusable)
		return !upper_32_bits(k->base);
	if (upper_32_bits(k->base) || k->type > 15 || k->dpl > 3 ||
	    k->present > 1 || k->db > 1 || k->s > 1 || k->l || k->g > 1 ||
	    k->avl > 1)
		return false;
	/* Could a descriptor say so? */
	if (k->g)
		return (k->limit & 0xfff) == 0xfff;
	return k->limit <= 0xfffff;
}

static void vmbt_set_segment(struct vmbt_seg *s, const struct kvm_segment *k)
{
	s->base = k->base;
	s->limit = k->limit;
	s->sel = k->selector;
	s->attr = (k->type & VMBT_ATTR_TYPE) | (k->s ? VMBT_ATTR_S : 0) |
		  ((k->dpl & 3) << VMBT_ATTR_DPL_SHIFT) |
		  (k->avl ? VMBT_ATTR_AVL : 0) | (k->db ? VMBT_ATTR_DB : 0) |
		  (k->g ? VMBT_ATTR_G : 0);
	if (k->present && !k->unusable)
		s->attr |= VMBT_ATTR_P;
}

static void vmbt_get_dtable(const struct vmbt_dtable *t, struct kvm_dtable *k)
{
	memset(k, 0, sizeof(*k));
	k->base = t->base;
	k->limit = t->limit;
}

static bool vmbt_dtable_ok(const struct kvm_dtable *k)
{
	return !upper_32_bits(k->base) &&
	       !memchr_inv(k->padding, 0, sizeof(k->padding));
}

static bool vmbt_pae_paging(u64 cr0, u64 cr4)
{
	return (cr0 & VMBT_CR0_PG) && (cr4 & VMBT_CR4_PAE);
}

void vmbt_state_get_sregs2(struct vmbt_vcpu *vcpu, struct kvm_sregs2 *k)
{
	const struct vmbt_guest *g = &vcpu->vm->shared->guest;
	int i;

	memset(k, 0, sizeof(*k));
	for (i = 0; i < ARRAY_SIZE(vmbt_segs); i++)
		vmbt_get_segment((const void *)g + vmbt_segs[i].guest,
				 (void *)k + vmbt_segs[i].kvm);
	vmbt_get_dtable(&g->gdtr, &k->gdt);
	vmbt_get_dtable(&g->idtr, &k->idt);
	k->cr0 = g->cr0;
	k->cr2 = g->cr2;
	k->cr3 = g->cr3;
	k->cr4 = g->cr4;
	k->efer = g->efer;
	k->apic_base = g->apic_base;
	if (vmbt_pae_paging(g->cr0, g->cr4)) {
		memcpy(k->pdptrs, g->pdpte, sizeof(k->pdptrs));
		k->flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
	}
}

static bool vmbt_sregs_ok(const struct kvm_sregs2 *k)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vmbt_segs); i++)
		if (!vmbt_segment_ok((const void *)k + vmbt_segs[i].kvm))
			return false;
	if (!vmbt_dtable_ok(&k->gdt) || !vmbt_dtable_ok(&k->idt))
		return false;
	if ((k->cr0 & ~(u64)VMBT_CR0_VALID) || (k->cr4 & ~(u64)VMBT_CR4_VALID) ||
	    upper_32_bits(k->cr2 | k->cr3 | k->apic_base) || k->cr8)
		return false;
	if (k->efer & ~(u64)VMBT_EFER_NXE)
		return false;
	if ((k->efer & VMBT_EFER_NXE) && !(vmbt_host_caps() & VMBT_HOST_NX))
		return false;
	if ((k->cr0 & VMBT_CR0_PG) && !(k->cr0 & VMBT_CR0_PE))
		return false;
	return !((k->cr0 & VMBT_CR0_NW) && !(k->cr0 & VMBT_CR0_CD));
}

/* The processor caches these when CR3 is loaded (SDM vol. 3, 4.4.1). */
static void vmbt_load_pdptes(struct vmbt_vm *vm, struct vmbt_guest *g)
{
	memset(g->pdpte, 0, sizeof(g->pdpte));
	if (vmbt_pae_paging(g->cr0, g->cr4) &&
	    !vmbt_mem_read(vm, g->cr3 & ~31u, g->pdpte, sizeof(g->pdpte)))
		memset(g->pdpte, 0, sizeof(g->pdpte));
}

int vmbt_state_set_sregs2(struct vmbt_vcpu *vcpu, const struct kvm_sregs2 *k)
{
	struct vmbt_guest *g = &vcpu->vm->shared->guest;
	bool valid = k->flags & KVM_SREGS2_FLAGS_PDPTRS_VALID;
	int i;

	if (k->flags & ~KVM_SREGS2_FLAGS_PDPTRS_VALID)
		return -EINVAL;
	if (valid && !vmbt_pae_paging(k->cr0, k->cr4))
		return -EINVAL;
	if (!vmbt_sregs_ok(k))
		return -EINVAL;

	for (i = 0; i < ARRAY_SIZE(vmbt_segs); i++)
		vmbt_set_segment((void *)g + vmbt_segs[i].guest,
				 (const void *)k + vmbt_segs[i].kvm);
	g->gdtr.base = k->gdt.base;
	g->gdtr.limit = k->gdt.limit;
	g->idtr.base = k->idt.base;
	g->idtr.limit = k->idt.limit;
	g->cr0 = k->cr0 | VMBT_CR0_ET;
	g->cr2 = k->cr2;
	g->cr3 = k->cr3;
	g->cr4 = k->cr4;
	g->efer = k->efer;
	g->apic_base = k->apic_base;
	if (valid)
		memcpy(g->pdpte, k->pdptrs, sizeof(g->pdpte));
	else
		vmbt_load_pdptes(vcpu->vm, g);
	return 0;
}

/* The vector that waits, or a negative number: the VMM writes it, too. */
static int vmbt_extint(const struct vmbt_shared *sh)
{
	u32 extint = READ_ONCE(sh->extint);

	return extint <= 256 ? (int)extint - 1 : -1;
}

void vmbt_state_get_sregs(struct vmbt_vcpu *vcpu, struct kvm_sregs *k)
{
	int vector = vmbt_extint(vcpu->vm->shared);
	struct kvm_sregs2 k2;

	vmbt_state_get_sregs2(vcpu, &k2);
	memset(k, 0, sizeof(*k));
	memcpy(k, &k2, VMBT_SREGS_COMMON);
	if (vector >= 0)
		k->interrupt_bitmap[vector / 64] |= 1ULL << vector % 64;
}

int vmbt_state_set_sregs(struct vmbt_vcpu *vcpu, const struct kvm_sregs *k)
{
	struct kvm_sregs2 k2 = { };
	unsigned int i, vector = 256;
	int r;

	for (i = 0; i < ARRAY_SIZE(k->interrupt_bitmap); i++) {
		u64 word = k->interrupt_bitmap[i];

		if (!word)
			continue;
		if (vector != 256 || (word & (word - 1)))
			return -EINVAL;
		vector = i * 64 + __ffs64(word);
	}
	memcpy(&k2, k, VMBT_SREGS_COMMON);
	r = vmbt_state_set_sregs2(vcpu, &k2);
	if (!r && vector != 256)
		vcpu->vm->shared->extint = vector + 1;
	return r;
}

static struct fxregs_state *vmbt_fx(struct vmbt_vcpu *vcpu)
{
	return (struct fxregs_state *)vcpu->vm->shared->fpu;
}

#define VMBT_XMM_BYTES	(8 * 16)	/* XMM8-15 are out of a guest's reach */

void vmbt_state_get_fpu(struct vmbt_vcpu *vcpu, struct kvm_fpu *fpu)
{
	const struct fxregs_state *fx = vmbt_fx(vcpu);

	memset(fpu, 0, sizeof(*fpu));
	memcpy(fpu->fpr, fx->st_space, sizeof(fpu->fpr));
	fpu->fcw = fx->cwd;
	fpu->fsw = fx->swd;
	fpu->ftwx = fx->twd;
	fpu->last_opcode = fx->fop;
	fpu->last_ip = fx->rip;
	fpu->last_dp = fx->rdp;
	memcpy(fpu->xmm, fx->xmm_space, VMBT_XMM_BYTES);
	fpu->mxcsr = fx->mxcsr;
}

/* Bits of MXCSR that FXRSTOR accepts: the mask FXSAVE shows (SDM vol. 1, 11.6.6). */
static u32 vmbt_mxcsr_mask(void)
{
	static struct fxregs_state fx __aligned(16);
	static u32 mask;

	if (!READ_ONCE(mask)) {
		kernel_fpu_begin();
		asm volatile("fxsave %0" : "=m" (fx));
		kernel_fpu_end();
		WRITE_ONCE(mask, fx.mxcsr_mask ?: 0x0000ffbf);
	}
	return mask;
}

int vmbt_state_set_fpu(struct vmbt_vcpu *vcpu, const struct kvm_fpu *fpu)
{
	struct fxregs_state *fx = vmbt_fx(vcpu);

	if (fpu->pad1 || fpu->pad2 || (fpu->mxcsr & ~vmbt_mxcsr_mask()) ||
	    memchr_inv((u8 *)fpu->xmm + VMBT_XMM_BYTES, 0,
		       sizeof(fpu->xmm) - VMBT_XMM_BYTES))
		return -EINVAL;
	memcpy(fx->st_space, fpu->fpr, sizeof(fpu->fpr));
	fx->cwd = fpu->fcw;
	fx->swd = fpu->fsw;
	fx->twd = fpu->ftwx;
	fx->fop = fpu->last_opcode;
	fx->rip = fpu->last_ip;
	fx->rdp = fpu->last_dp;
	memcpy(fx->xmm_space, fpu->xmm, VMBT_XMM_BYTES);
	fx->mxcsr = fpu->mxcsr;
	return 0;
}

void vmbt_state_get_debugregs(struct vmbt_vcpu *vcpu, struct kvm_debugregs *dr)
{
	const struct vmbt_guest *g = &vcpu->vm->shared->guest;
	int i;

	memset(dr, 0, sizeof(*dr));
	for (i = 0; i < 4; i++)
		dr->db[i] = g->dr[i];
	dr->dr6 = g->dr[6];
	dr->dr7 = g->dr[7];
}

int vmbt_state_set_debugregs(struct vmbt_vcpu *vcpu,
			     const struct kvm_debugregs *dr)
{
	struct vmbt_guest *g = &vcpu->vm->shared->guest;
	int i;

	if (dr->flags || memchr_inv(dr->reserved, 0, sizeof(dr->reserved)) ||
	    upper_32_bits(dr->db[0] | dr->db[1] | dr->db[2] | dr->db[3] |
			  dr->dr6 | dr->dr7))
		return -EINVAL;
	for (i = 0; i < 4; i++)
		g->dr[i] = dr->db[i];
	/* Reserved bits read as the manual says (SDM vol. 3, 18.2). */
	g->dr[6] = (dr->dr6 & 0x0000e00f) | 0xffff0ff0;
	g->dr[7] = (dr->dr7 & 0xffff2bff) | 0x00000400;
	return 0;
}

void vmbt_state_get_events(struct vmbt_vcpu *vcpu, struct kvm_vcpu_events *ev)
{
	const struct vmbt_shared *sh = vcpu->vm->shared;
	const struct vmbt_guest *g = &sh->guest;
	int vector = vmbt_extint(sh);

	memset(ev, 0, sizeof(*ev));
	switch (g->pending.type) {
	case VMBT_EV_FAULT:
	case VMBT_EV_ICEBP:
		ev->exception.injected = 1;
		ev->exception.nr = g->pending.vector;
		ev->exception.has_error_code = g->pending.has_error;
		ev->exception.error_code = g->pending.error;
		break;
	case VMBT_EV_EXTINT:
	case VMBT_EV_SOFT:
		ev->interrupt.injected = 1;
		ev->interrupt.nr = g->pending.vector;
		ev->interrupt.soft = g->pending.type == VMBT_EV_SOFT;
		break;
	case VMBT_EV_NMI:
		ev->nmi.injected = 1;
		break;
	}
	if (vector >= 0 && !ev->interrupt.injected) {
		ev->interrupt.injected = 1;
		ev->interrupt.nr = vector;
	}
	if (g->int_shadow & VMBT_SHADOW_STI)
		ev->interrupt.shadow |= KVM_X86_SHADOW_INT_STI;
	if (g->int_shadow & VMBT_SHADOW_MOV_SS)
		ev->interrupt.shadow |= KVM_X86_SHADOW_INT_MOV_SS;
	ev->nmi.pending = g->nmi_pending;
	ev->nmi.masked = g->nmi_masked;
	ev->flags = KVM_VCPUEVENT_VALID_NMI_PENDING |
		    KVM_VCPUEVENT_VALID_SHADOW;
}

static bool vmbt_events_ok(const struct kvm_vcpu_events *ev)
{
	if (ev->flags & ~(KVM_VCPUEVENT_VALID_NMI_PENDING |
			  KVM_VCPUEVENT_VALID_SHADOW))
		return false;
	if (ev->exception.injected > 1 || ev->exception.pending ||
	    ev->exception.has_error_code > 1 || ev->exception_has_payload ||
	    ev->exception_payload || ev->interrupt.injected > 1 ||
	    ev->nmi.injected > 1 || ev->nmi.pending > 1 || ev->nmi.masked > 1 ||
	    ev->nmi.pad || ev->triple_fault.pending || ev->sipi_vector ||
	    memchr_inv(&ev->smi, 0, sizeof(ev->smi)) ||
	    memchr_inv(ev->reserved, 0, sizeof(ev->reserved)))
		return false;
	if (ev->exception.injected &&
	    (ev->exception.nr > 31 || ev->exception.nr == VMBT_VEC_NMI))
		return false;
	/* INT n is done again from its first byte, never from its middle. */
	if (ev->interrupt.injected && ev->interrupt.soft)
		return false;
	if ((ev->flags & KVM_VCPUEVENT_VALID_SHADOW) &&
	    (ev->interrupt.shadow & ~(KVM_X86_SHADOW_INT_STI |
				      KVM_X86_SHADOW_INT_MOV_SS)))
		return false;
	/* One event can be half delivered, not two. */
	return ev->exception.injected + ev->nmi.injected <= 1;
}

int vmbt_state_set_events(struct vmbt_vcpu *vcpu,
			  const struct kvm_vcpu_events *ev)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	struct vmbt_guest *g = &sh->guest;

	if (!vmbt_events_ok(ev))
		return -EINVAL;

	memset(&g->pending, 0, sizeof(g->pending));
	if (ev->exception.injected) {
		g->pending.type = ev->exception.nr == VMBT_VEC_DB ?
				  VMBT_EV_ICEBP : VMBT_EV_FAULT;
		g->pending.vector = ev->exception.nr;
		g->pending.has_error = ev->exception.has_error_code;
		g->pending.error = ev->exception.error_code;
	} else if (ev->nmi.injected) {
		g->pending.type = VMBT_EV_NMI;
		g->pending.vector = VMBT_VEC_NMI;
	}
	sh->extint = ev->interrupt.injected ? ev->interrupt.nr + 1 : 0;
	if (ev->flags & KVM_VCPUEVENT_VALID_SHADOW) {
		g->int_shadow = 0;
		if (ev->interrupt.shadow & KVM_X86_SHADOW_INT_STI)
			g->int_shadow |= VMBT_SHADOW_STI;
		if (ev->interrupt.shadow & KVM_X86_SHADOW_INT_MOV_SS)
			g->int_shadow |= VMBT_SHADOW_MOV_SS;
	}
	if (ev->flags & KVM_VCPUEVENT_VALID_NMI_PENDING)
		g->nmi_pending = ev->nmi.pending;
	g->nmi_masked = ev->nmi.masked;
	return 0;
}

static void vmbt_reset_segment(struct vmbt_seg *s, u16 sel, u32 base, u16 attr)
{
	s->sel = sel;
	s->base = base;
	s->limit = 0xffff;
	s->attr = attr;
}

/**
 * vmbt_state_reset() - the state of a processor after power-on
 * @vm: a VM that has not run
 *
 * SDM vol. 3, table 10-1. The floating-point unit is as after FNINIT, as in
 * KVM.
 */
void vmbt_state_reset(struct vmbt_vm *vm)
{
	struct vmbt_guest *g = &vm->shared->guest;
	struct fxregs_state *fx = (struct fxregs_state *)vm->shared->fpu;
	int i;

	memset(g, 0, sizeof(*g));
	g->eip = 0xfff0;
	g->eflags = VMBT_X86_EFLAGS_FIXED;
	g->gpr[VMBT_EDX] = 0x600;
	for (i = 0; i < VMBT_NSEG; i++)
		vmbt_reset_segment(&g->seg[i], 0, 0, VMBT_ATTR_P | VMBT_ATTR_S |
				   VMBT_ATTR_W | VMBT_ATTR_ACCESSED);
	vmbt_reset_segment(&g->seg[VMBT_CS], 0xf000, 0xffff0000,
			   VMBT_ATTR_P | VMBT_ATTR_S | VMBT_ATTR_CODE |
			   VMBT_ATTR_W | VMBT_ATTR_ACCESSED);
	vmbt_reset_segment(&g->ldtr, 0, 0, VMBT_ATTR_P | 2);
	vmbt_reset_segment(&g->tr, 0, 0, VMBT_ATTR_P | 11);
	g->gdtr.limit = 0xffff;
	g->idtr.limit = 0xffff;
	g->cr0 = VMBT_CR0_CD | VMBT_CR0_NW | VMBT_CR0_ET;
	g->dr[6] = 0xffff0ff0;
	g->dr[7] = 0x00000400;
	g->xcr0 = 1;
	g->pat = 0x0007040600070406;
	g->misc_enable = 1;		/* fast strings */
	g->apic_base = 0xfee00100;	/* off, bootstrap processor */

	memset(fx, 0, sizeof(*fx));
	fx->cwd = VMBT_FCW_DEFAULT;
	fx->mxcsr = VMBT_MXCSR_DEFAULT;
}
