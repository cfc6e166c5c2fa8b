// SPDX-License-Identifier: GPL-2.0
/*
 * Far JMP, CALL and RET: between segments, through gates, to inner and outer
 * rings and to other tasks.
 *
 * The translator sends all of these here. Order of checks and error codes are
 * those of SDM vol. 2 (JMP, CALL, RET) and vol. 3, 5.8. Everything is worked
 * out on local copies; the registers change in the last lines of each function,
 * after the last thing that can fault.
 */
#include "cpu_int.h"

/* What a far transfer needs to know of its target. */
struct target {
	struct cpu_desc cs;
	u16 sel;		/* with the RPL that CS will show */
	u32 eip;
	u8 cpl;
};

static u32 cut(u32 val, u8 opsize)
{
	return opsize == 2 ? (u16)val : val;
}

static void commit_cs(struct vcpu *v, const struct target *t)
{
	cpu_seg_store(v, VMBT_CS, &t->cs, t->sel);
	v->guest->eip = t->eip;
	v->events |= VCPU_EV_MODE;
}

/* Present, within its limit, accessed: what all kinds of target end with. */
static int finish_target(struct vcpu *v, struct target *t)
{
	int r;

	if (!(t->cs.seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, t->cs.sel, 0);
	if (t->eip > t->cs.seg.limit)
		return gp0(v);
	r = cpu_check_ring(v, t->cpl);
	if (r)
		return r;
	t->sel = (t->cs.sel & ~SEL_RPL) | t->cpl;
	return cpu_desc_accessed(v, &t->cs);
}

/* A code segment named by JMP or CALL itself. t->cs is read, t->eip set. */
static int direct_target(struct vcpu *v, struct target *t)
{
	u8 cpl = vcpu_cpl(v), dpl = seg_dpl(&t->cs.seg);

	if (seg_is_conforming(&t->cs.seg)) {
		if (dpl > cpl)
			return fault_sel(v, VMBT_VEC_GP, t->cs.sel, 0);
	} else if ((t->cs.sel & SEL_RPL) > cpl || dpl != cpl) {
		return fault_sel(v, VMBT_VEC_GP, t->cs.sel, 0);
	}
	t->cpl = cpl;
	return finish_target(v, t);
}

/*
 * A code segment behind a call gate. JMP stays in its ring; CALL may go
 * inwards, t->cpl tells.
 */
static int gate_target(struct vcpu *v, const struct cpu_desc *gate, bool call,
		       struct target *t)
{
	bool wide = seg_type(&gate->seg) == SYS_CALL32;
	u8 cpl = vcpu_cpl(v), dpl;
	u16 sel = gate_selector(gate);
	int r;

	if (SEL_NULL(sel))
		return gp0(v);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, &t->cs);
	if (r)
		return r;
	dpl = seg_dpl(&t->cs.seg);
	if (!seg_is_code(&t->cs.seg) || dpl > cpl)
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	t->cpl = cpl;
	if (!seg_is_conforming(&t->cs.seg)) {
		if (!call && dpl != cpl)
			return fault_sel(v, VMBT_VEC_GP, sel, 0);
		t->cpl = dpl;
	}
	t->eip = gate_offset(gate, wide);
	return finish_target(v, t);
}

/* The checks on a gate or TSS descriptor itself. */
static int check_gate(struct vcpu *v, const struct cpu_desc *d)
{
	u8 dpl = seg_dpl(&d->seg);

	if (dpl < vcpu_cpl(v) || dpl < (d->sel & SEL_RPL))
		return fault_sel(v, VMBT_VEC_GP, d->sel, 0);
	if (!(d->seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, d->sel, 0);
	return X_OK;
}

static int to_task(struct vcpu *v, const struct cpu_desc *d, bool call,
		   u32 next_eip)
{
	u16 sel = d->sel;
	int r;

	r = check_gate(v, d);
	if (r)
		return r;
	if (seg_is_system(&d->seg, SYS_TASK_GATE))
		sel = gate_selector(d);
	return cpu_task_switch_from(v, sel, call ? CPU_TASK_CALL : CPU_TASK_JMP,
				    next_eip, 0, false, 0);
}

static int real_far(struct vcpu *v, u16 sel, u32 eip)
{
	if (eip > v->guest->seg[VMBT_CS].limit)
		return gp0(v);
	cpu_seg_real(v, VMBT_CS, sel);
	v->guest->eip = eip;
	v->events |= VCPU_EV_MODE;
	return X_OK;
}

/**
 * cpu_far_jmp() - JMP ptr16:16/32, JMP m16:16/32
 * @v: the vCPU, EIP at the instruction
 * @sel: selector
 * @off: offset
 * @opsize: 2 or 4
 * Return: X_OK, X_FAULT, X_UNSUPPORTED. After a task switch X_FAULT may be a
 * fault of the new task.
 */
int cpu_far_jmp(struct vcpu *v, u16 sel, u32 off, u8 opsize)
{
	struct target t = { .eip = cut(off, opsize) };
	struct cpu_desc gate;
	u32 next;
	int r;

	if (!vcpu_protected(v))
		return real_far(v, sel, t.eip);
	if (SEL_NULL(sel))
		return gp0(v);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, &t.cs);
	if (r)
		return r;

	if (seg_is_code(&t.cs.seg)) {
		r = direct_target(v, &t);
		if (!r)
			commit_cs(v, &t);
		return r;
	}
	if (t.cs.seg.attr & VMBT_ATTR_S)
		return fault_sel(v, VMBT_VEC_GP, sel, 0);

	gate = t.cs;
	switch (seg_type(&gate.seg)) {
	case SYS_CALL16:
	case SYS_CALL32:
		break;
	case SYS_TASK_GATE:
	case SYS_TSS16:
	case SYS_TSS32:
		r = cpu_next_eip(v, &next);
		return r ? r : to_task(v, &gate, false, next);
	default:
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	}
	r = check_gate(v, &gate);
	if (!r)
		r = gate_target(v, &gate, false, &t);
	if (!r)
		commit_cs(v, &t);
	return r;
}

/**
 * cpu_inner_stack() - the stack that the TSS names for an inner ring
 * @v: the vCPU
 * @cpl: the inner ring
 * @ext: ERR_EXT or 0
 * @st: the stack, empty
 * @ss: its descriptor
 * Return: X_OK or X_FAULT (#TS, #SS, #PF)
 */
int cpu_inner_stack(struct vcpu *v, u8 cpl, u32 ext, struct cpu_stack *st,
		    struct cpu_desc *ss)
{
	u16 sel;
	int r;

	r = cpu_tss_stack(v, cpl, ext, &sel, &st->esp);
	if (r)
		return r;
	if (SEL_NULL(sel))
		return vcpu_fault_err(v, VMBT_VEC_TS, ext);
	r = cpu_check_ss(v, sel, cpl, VMBT_VEC_TS, ext, ss);
	if (r)
		return r;
	st->ss = ss->seg;
	st->access = cpl == 3 ? MMU_USER : 0;
	st->error = (sel & 0xfffc) | ext;
	return X_OK;
}

/* CALL to an inner ring: a new stack with the old one's top and parameters. */
static int call_inner(struct vcpu *v, const struct cpu_desc *gate,
		      struct target *t, u32 next_eip)
{
	struct vmbt_guest *g = v->guest;
	u8 size = seg_type(&gate->seg) == SYS_CALL32 ? 4 : 2;
	u32 nparam = gate->raw >> 32 & 0x1f, param[31];
	struct cpu_stack old, st;
	struct cpu_desc ss;
	int r;

	r = cpu_inner_stack(v, t->cpl, 0, &st, &ss);
	if (r)
		return r;
	cpu_stack_now(v, &old);
	for (u32 i = 0; i < nparam && !r; i++)
		r = cpu_stack_pop(v, &old, &param[i], size);
	if (!r)
		r = cpu_stack_push(v, &st, g->seg[VMBT_SS].sel, size);
	if (!r)
		r = cpu_stack_push(v, &st, g->gpr[VMBT_ESP], size);
	for (u32 i = nparam; i > 0 && !r; i--)
		r = cpu_stack_push(v, &st, param[i - 1], size);
	if (!r)
		r = cpu_stack_push(v, &st, g->seg[VMBT_CS].sel, size);
	if (!r)
		r = cpu_stack_push(v, &st, next_eip, size);
	if (r)
		return r;
	commit_cs(v, t);
	cpu_seg_store(v, VMBT_SS, &ss, ss.sel);
	g->gpr[VMBT_ESP] = st.esp;
	return X_OK;
}

/* CALL within the ring: CS and EIP on the present stack. */
static int call_same(struct vcpu *v, u32 next_eip, u8 size)
{
	struct cpu_stack st;
	int r;

	cpu_stack_now(v, &st);
	r = cpu_stack_push(v, &st, v->guest->seg[VMBT_CS].sel, size);
	if (!r)
		r = cpu_stack_push(v, &st, next_eip, size);
	if (!r)
		v->guest->gpr[VMBT_ESP] = st.esp;
	return r;
}

/**
 * cpu_far_call() - CALL ptr16:16/32, CALL m16:16/32
 * @v: the vCPU, EIP at the instruction
 * @sel: selector
 * @off: offset
 * @opsize: 2 or 4
 * @next_eip: EIP of the next instruction
 * Return: X_OK, X_FAULT, X_UNSUPPORTED. After a task switch X_FAULT may be a
 * fault of the new task.
 */
int cpu_far_call(struct vcpu *v, u16 sel, u32 off, u8 opsize, u32 next_eip)
{
	struct target t = { .eip = cut(off, opsize) };
	struct cpu_desc gate;
	int r;

	if (!vcpu_protected(v)) {
		if (t.eip > v->guest->seg[VMBT_CS].limit)
			return gp0(v);
		r = call_same(v, next_eip, opsize);
		return r ? r : real_far(v, sel, t.eip);
	}
	if (SEL_NULL(sel))
		return gp0(v);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, &t.cs);
	if (r)
		return r;

	if (seg_is_code(&t.cs.seg)) {
		r = direct_target(v, &t);
		if (!r)
			r = call_same(v, next_eip, opsize);
		if (!r)
			commit_cs(v, &t);
		return r;
	}
	if (t.cs.seg.attr & VMBT_ATTR_S)
		return fault_sel(v, VMBT_VEC_GP, sel, 0);

	gate = t.cs;
	switch (seg_type(&gate.seg)) {
	case SYS_TASK_GATE:
	case SYS_TSS16:
	case SYS_TSS32:
		return to_task(v, &gate, true, next_eip);
	case SYS_CALL16:
	case SYS_CALL32:
		break;
	default:
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	}
	r = check_gate(v, &gate);
	if (!r)
		r = gate_target(v, &gate, true, &t);
	if (r)
		return r;
	if (t.cpl < vcpu_cpl(v))
		return call_inner(v, &gate, &t, next_eip);
	r = call_same(v, next_eip, seg_type(&gate.seg) == SYS_CALL32 ? 4 : 2);
	if (!r)
		commit_cs(v, &t);
	return r;
}

/**
 * cpu_return_target() - the code segment that RETF or IRET goes back to
 * @v: the vCPU, in protected mode
 * @sel: selector popped
 * @eip: EIP popped
 * @d: its descriptor, accessed bit set
 * Return: X_OK or X_FAULT; the new CPL is the selector's RPL
 */
int cpu_return_target(struct vcpu *v, u16 sel, u32 eip, struct cpu_desc *d)
{
	u8 rpl = sel & SEL_RPL, dpl;
	int r;

	if (SEL_NULL(sel))
		return gp0(v);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, d);
	if (r)
		return r;
	dpl = seg_dpl(&d->seg);
	if (!seg_is_code(&d->seg) || rpl < vcpu_cpl(v) ||
	    (seg_is_conforming(&d->seg) ? dpl > rpl : dpl != rpl))
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	if (!(d->seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, 0);
	if (eip > d->seg.limit)
		return gp0(v);
	r = cpu_check_ring(v, rpl);
	return r ? r : cpu_desc_accessed(v, d);
}

/**
 * cpu_return_outer() - commit a return to an outer ring
 * @v: the vCPU
 * @cs: code segment, checked
 * @eip: EIP
 * @ss: stack segment, checked
 * @esp: ESP popped
 *
 * With a 16-bit stack segment only SP is loaded: the upper half of ESP stays
 * what it was in the inner ring, as on every CPU.
 */
void cpu_return_outer(struct vcpu *v, const struct cpu_desc *cs, u32 eip,
		      const struct cpu_desc *ss, u32 esp)
{
	struct vmbt_guest *g = v->guest;

	cpu_seg_store(v, VMBT_CS, cs, cs->sel);
	cpu_seg_store(v, VMBT_SS, ss, ss->sel);
	g->eip = eip;
	if (ss->seg.attr & VMBT_ATTR_DB)
		g->gpr[VMBT_ESP] = esp;
	else
		g->gpr[VMBT_ESP] = (g->gpr[VMBT_ESP] & 0xffff0000) | (u16)esp;
	cpu_null_data_segs(v, cs->sel & SEL_RPL);
	v->events |= VCPU_EV_MODE;
}

static void skip(struct cpu_stack *st, u32 n)
{
	u32 mask = st->ss.attr & VMBT_ATTR_DB ? 0xffffffff : 0xffff;

	st->esp = (st->esp & ~mask) | ((st->esp + n) & mask);
}

/**
 * cpu_far_ret() - RETF, RETF imm16
 * @v: the vCPU
 * @opsize: 2 or 4
 * @pop_bytes: parameters to drop, from both stacks when the ring changes
 * Return: X_OK, X_FAULT, X_UNSUPPORTED
 */
int cpu_far_ret(struct vcpu *v, u8 opsize, u16 pop_bytes)
{
	struct vmbt_guest *g = v->guest;
	struct cpu_desc cs, ss;
	struct cpu_stack st;
	u32 eip, sel, esp, ss_sel;
	int r;

	cpu_stack_now(v, &st);
	r = cpu_stack_pop(v, &st, &eip, opsize);
	if (!r)
		r = cpu_stack_pop(v, &st, &sel, opsize);
	if (r)
		return r;
	if (!vcpu_protected(v)) {
		r = real_far(v, sel, eip);
		if (r)
			return r;
		skip(&st, pop_bytes);
		g->gpr[VMBT_ESP] = st.esp;
		return X_OK;
	}

	r = cpu_return_target(v, sel, eip, &cs);
	if (r)
		return r;
	skip(&st, pop_bytes);
	if ((cs.sel & SEL_RPL) == vcpu_cpl(v)) {
		cpu_seg_store(v, VMBT_CS, &cs, cs.sel);
		g->eip = eip;
		g->gpr[VMBT_ESP] = st.esp;
		v->events |= VCPU_EV_MODE;
		return X_OK;
	}

	r = cpu_stack_pop(v, &st, &esp, opsize);
	if (!r)
		r = cpu_stack_pop(v, &st, &ss_sel, opsize);
	if (r)
		return r;
	if (SEL_NULL(ss_sel))
		return gp0(v);
	r = cpu_check_ss(v, ss_sel, cs.sel & SEL_RPL, VMBT_VEC_GP, 0, &ss);
	if (r)
		return r;
	cpu_return_outer(v, &cs, eip, &ss, esp + pop_bytes);
	return X_OK;
}
