// SPDX-License-Identifier: GPL-2.0
/*
 * IRET in all its forms, and the fast system call pair.
 *
 * IRET returns within a ring, to an outer ring, to v86 mode, or to another task
 * (NT), and in real and v86 mode it is three pops. SDM vol. 2, IRET. It is also
 * what lets NMIs in again.
 */
#include "cpu_int.h"

#define FLAGS_USER (VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_TF | \
		    VMBT_X86_EFLAGS_DF | VMBT_X86_EFLAGS_NT | \
		    VMBT_X86_EFLAGS_AC | VMBT_X86_EFLAGS_ID)
#define FLAGS_VIX (VMBT_X86_EFLAGS_VIF | VMBT_X86_EFLAGS_VIP)

/**
 * cpu_flags_writable() - the flags POPF may change
 * @v: the vCPU
 * @opsize: 2 or 4
 *
 * RF, VM, VIF and VIP are not among them: POPF clears or keeps these, IRET has
 * rules of its own. IOPL-sensitive v86 code must not get here
 * (cpu_v86_sensitive_ok()).
 *
 * Return: a mask
 */
u32 cpu_flags_writable(struct vcpu *v, u8 opsize)
{
	u32 mask = FLAGS_USER;
	u8 cpl = vcpu_cpl(v);

	if (cpl <= flags_iopl(v))
		mask |= VMBT_X86_EFLAGS_IF;
	if (!cpl)
		mask |= VMBT_X86_EFLAGS_IOPL;
	return opsize == 2 ? (u16)mask : mask;
}

/**
 * cpu_v86_sensitive_ok() - may CLI, STI, PUSHF, POPF, INT n and IRET go on?
 * @v: the vCPU
 * Return: false in v86 mode with IOPL below 3: they are #GP(0)
 */
bool cpu_v86_sensitive_ok(struct vcpu *v)
{
	return !vcpu_v86(v) || flags_iopl(v) == 3;
}

static void set_flags(struct vcpu *v, u32 val, u32 mask)
{
	v->guest->eflags = (v->guest->eflags & ~mask) | (val & mask) |
			   VMBT_X86_EFLAGS_FIXED;
}

static void iret_done(struct vcpu *v)
{
	v->guest->nmi_masked = 0;
	v->events |= VCPU_EV_MODE;
}

/* Real mode, and v86 mode with IOPL 3. */
static int iret_real(struct vcpu *v, struct cpu_stack *st, u8 opsize, u32 eip,
		     u16 sel, u32 flags)
{
	u32 mask = cpu_flags_writable(v, opsize);

	if (eip > v->guest->seg[VMBT_CS].limit)
		return gp0(v);
	if (opsize == 4)
		mask |= VMBT_X86_EFLAGS_RF;
	cpu_seg_real(v, VMBT_CS, sel);
	v->guest->eip = eip;
	v->guest->gpr[VMBT_ESP] = st->esp;
	set_flags(v, flags, mask);
	iret_done(v);
	return X_OK;
}

/* From ring 0 to v86 mode: six more dwords, and no descriptor is looked at. */
static int iret_to_v86(struct vcpu *v, struct cpu_stack *st, u32 eip, u16 cs,
		       u32 flags)
{
	static const enum vmbt_sreg order[] = {
		VMBT_SS, VMBT_ES, VMBT_DS, VMBT_FS, VMBT_GS,
	};
	u32 esp, sel[ARRAY_SIZE(order)];
	int r;

	if (eip > 0xffff)
		return gp0(v);
	r = cpu_stack_pop(v, st, &esp, 4);
	for (u32 i = 0; i < ARRAY_SIZE(order) && !r; i++)
		r = cpu_stack_pop(v, st, &sel[i], 4);
	if (r)
		return r;
	set_flags(v, flags, FLAGS_USER | FLAGS_VIX | VMBT_X86_EFLAGS_IF |
		  VMBT_X86_EFLAGS_IOPL | VMBT_X86_EFLAGS_VM |
		  VMBT_X86_EFLAGS_RF);
	/* VM is set now: these load the v86 way. */
	cpu_seg_real(v, VMBT_CS, cs);
	for (u32 i = 0; i < ARRAY_SIZE(order); i++)
		cpu_seg_real(v, order[i], sel[i]);
	v->guest->eip = eip;
	v->guest->gpr[VMBT_ESP] = esp;
	iret_done(v);
	return X_OK;
}

/**
 * cpu_iret() - IRET, IRETD
 * @v: the vCPU, EIP at the instruction
 * @opsize: 2 or 4
 * Return: X_OK, X_FAULT, X_UNSUPPORTED. After a task switch X_FAULT may be a
 * fault of the new task.
 */
int cpu_iret(struct vcpu *v, u8 opsize)
{
	struct vmbt_guest *g = v->guest;
	u32 eip, sel, flags, esp, ss_sel, mask, next;
	struct cpu_desc cs, ss;
	struct cpu_stack st;
	u8 cpl = vcpu_cpl(v);
	int r;

	if (!cpu_v86_sensitive_ok(v))
		return gp0(v);
	if (vcpu_protected(v) && (g->eflags & VMBT_X86_EFLAGS_NT)) {
		r = cpu_next_eip(v, &next);
		if (!r)
			r = cpu_task_switch_from(v, 0, CPU_TASK_IRET, next, 0,
						 false, 0);
		if (!r)
			g->nmi_masked = 0;
		return r;
	}

	cpu_stack_now(v, &st);
	r = cpu_stack_pop(v, &st, &eip, opsize);
	if (!r)
		r = cpu_stack_pop(v, &st, &sel, opsize);
	if (!r)
		r = cpu_stack_pop(v, &st, &flags, opsize);
	if (r)
		return r;
	if (!vcpu_protected(v))
		return iret_real(v, &st, opsize, eip, sel, flags);
	if (opsize == 4 && (flags & VMBT_X86_EFLAGS_VM) && !cpl)
		return iret_to_v86(v, &st, eip, sel, flags);

	/* The rights are those of the ring that executes IRET. */
	mask = cpu_flags_writable(v, opsize);
	if (opsize == 4)
		mask |= VMBT_X86_EFLAGS_RF | (cpl ? 0 : FLAGS_VIX);

	r = cpu_return_target(v, sel, eip, &cs);
	if (r)
		return r;
	if ((cs.sel & SEL_RPL) == cpl) {
		cpu_seg_store(v, VMBT_CS, &cs, cs.sel);
		g->eip = eip;
		g->gpr[VMBT_ESP] = st.esp;
	} else {
		r = cpu_stack_pop(v, &st, &esp, opsize);
		if (!r)
			r = cpu_stack_pop(v, &st, &ss_sel, opsize);
		if (r)
			return r;
		if (SEL_NULL(ss_sel))
			return gp0(v);
		r = cpu_check_ss(v, ss_sel, cs.sel & SEL_RPL, VMBT_VEC_GP, 0,
				 &ss);
		if (r)
			return r;
		cpu_return_outer(v, &cs, eip, &ss, esp);
	}
	set_flags(v, flags, mask);
	iret_done(v);
	return X_OK;
}

/* SYSENTER and SYSEXIT load fixed hidden parts and look at no table. */
static struct vmbt_seg flat_seg(enum vmbt_sreg s, u16 sel)
{
	return (struct vmbt_seg){
		.sel = sel, .limit = 0xffffffff,
		.attr = (s == VMBT_CS ? ATTR_FLAT_CS : ATTR_FLAT_SS) |
			(sel & SEL_RPL) << VMBT_ATTR_DPL_SHIFT,
	};
}

static void flat(struct vcpu *v, enum vmbt_sreg s, u16 sel)
{
	v->guest->seg[s] = flat_seg(s, sel);
	desc_seg_loaded(v, s);
}

/**
 * cpu_sysexit_segs() - what SYSEXIT loads
 * @v: the vCPU
 * @cs: receives CS
 * @ss: receives SS
 * Return: false if it faults at CPL 0, too
 */
bool cpu_sysexit_segs(const struct vcpu *v, struct vmbt_seg *cs, struct vmbt_seg *ss)
{
	u16 sel = v->guest->sysenter_cs & 0xfffc;

	*cs = flat_seg(VMBT_CS, (sel + 16) | 3);
	*ss = flat_seg(VMBT_SS, (sel + 24) | 3);
	return cpu_has_sep(v) && !SEL_NULL(sel);
}

static int sysenter_allowed(struct vcpu *v)
{
	if (!cpu_has_sep(v))
		return vcpu_fault(v, VMBT_VEC_UD);
	if (!(v->guest->cr0 & VMBT_CR0_PE) || SEL_NULL(v->guest->sysenter_cs))
		return gp0(v);
	return X_OK;
}

/**
 * cpu_sysenter() - SYSENTER
 * @v: the vCPU
 * Return: X_OK or X_FAULT
 */
int cpu_sysenter(struct vcpu *v)
{
	struct vmbt_guest *g = v->guest;
	u16 cs = g->sysenter_cs & 0xfffc;
	int r;

	r = sysenter_allowed(v);
	if (r)
		return r;
	g->eflags &= ~(VMBT_X86_EFLAGS_VM | VMBT_X86_EFLAGS_IF |
		       VMBT_X86_EFLAGS_RF);
	flat(v, VMBT_CS, cs);
	flat(v, VMBT_SS, cs + 8);
	g->gpr[VMBT_ESP] = g->sysenter_esp;
	g->eip = g->sysenter_eip;
	v->events |= VCPU_EV_MODE;
	return X_OK;
}

/**
 * cpu_sysexit() - SYSEXIT
 * @v: the vCPU
 * Return: X_OK or X_FAULT
 */
int cpu_sysexit(struct vcpu *v)
{
	struct vmbt_guest *g = v->guest;
	u16 cs = g->sysenter_cs & 0xfffc;
	int r;

	r = sysenter_allowed(v);
	if (r)
		return r;
	if (vcpu_cpl(v))
		return gp0(v);
	flat(v, VMBT_CS, (cs + 16) | 3);
	flat(v, VMBT_SS, (cs + 24) | 3);
	g->gpr[VMBT_ESP] = g->gpr[VMBT_ECX];
	g->eip = g->gpr[VMBT_EDX];
	v->events |= VCPU_EV_MODE;
	return X_OK;
}
