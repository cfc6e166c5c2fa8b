// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: control flow, near and far, and software interrupts.
 */
#include "alu.h"
#include "interp_int.h"

/* A software interrupt: v->exc says so, delivery checks the gate's DPL. */
static int soft_int(struct ictx *c, u8 vector, u8 type)
{
	c->v->exc = (struct vcpu_exc){
		.vector = vector, .soft = type, .insn_len = c->in.len,
	};
	return X_FAULT;
}

static int exec_call(struct ictx *c, u32 target)
{
	u32 esp = c->g->gpr[VMBT_ESP];
	int r;

	if (target > c->g->seg[VMBT_CS].limit)
		return igp0(c);
	r = cpu_push(c->v, c->next, c->in.opsize);
	if (r) {
		c->g->gpr[VMBT_ESP] = esp;
		return r;
	}
	c->next = target;
	return X_OK;
}

static int exec_ret(struct ictx *c)
{
	bool wide = c->g->seg[VMBT_SS].attr & VMBT_ATTR_DB;
	u32 esp = c->g->gpr[VMBT_ESP], target;
	int r;

	r = cpu_pop(c->v, &target, c->in.opsize);
	if (!r)
		r = ibranch(c, target);
	if (r) {
		c->g->gpr[VMBT_ESP] = esp;
		return r;
	}
	if (c->in.imm_size)
		ireg_set(c, VMBT_ESP, wide ? 4 : 2,
			 c->g->gpr[VMBT_ESP] + (u16)c->in.imm);
	return X_OK;
}

static int exec_loop(struct ictx *c)
{
	u8 size = c->in.asize;
	u32 n = ireg_get(c, VMBT_ECX, size) - 1;
	bool zf = c->g->eflags & VMBT_X86_EFLAGS_ZF;
	bool taken;
	int r = X_OK;

	n = size == 2 ? (u16)n : n;
	taken = n && (c->in.op == VMBT_OP_LOOP ||
		      zf == (c->in.op == VMBT_OP_LOOPE));
	if (taken)
		r = ibranch(c, vmbt_insn_target(&c->in, c->g->eip));
	if (!r)
		ireg_set(c, VMBT_ECX, size, n);
	return r;
}

/* Far pointer from the instruction or from memory. */
static int far_pointer(struct ictx *c, u16 *sel, u32 *off)
{
	u8 size = c->in.opsize, buf[6];
	u32 lin;
	int r;

	if (!(c->in.flags & VMBT_IF_MEM)) {
		*off = c->in.imm;
		*sel = c->in.imm2;
		return X_OK;
	}
	r = imem_linear(c, size + 2, MMU_READ, &lin);
	if (!r)
		r = mmu_read(c->v, lin, buf, size + 2, imem_user(c));
	if (r)
		return r;
	*off = buf[0] | buf[1] << 8;
	if (size == 4)
		*off |= buf[2] << 16 | (u32)buf[3] << 24;
	*sel = buf[size] | buf[size + 1] << 8;
	return X_OK;
}

/* Far transfers set CS:EIP themselves. */
static int far_done(struct ictx *c, int r)
{
	if (r == X_OK)
		c->next = c->g->eip;
	return r;
}

static int exec_far(struct ictx *c)
{
	u32 off;
	u16 sel;
	int r;

	switch (c->in.op) {
	case VMBT_OP_JMP_FAR:
	case VMBT_OP_CALL_FAR:
		r = far_pointer(c, &sel, &off);
		if (r)
			return r;
		if (c->in.op == VMBT_OP_JMP_FAR)
			return far_done(c, cpu_far_jmp(c->v, sel, off,
						       c->in.opsize));
		return far_done(c, cpu_far_call(c->v, sel, off, c->in.opsize,
						c->next));
	case VMBT_OP_RETF:
		return far_done(c, cpu_far_ret(c->v, c->in.opsize,
					       c->in.imm_size ? c->in.imm : 0));
	default:
		c->keep_rf = true;
		return far_done(c, cpu_iret(c->v, c->in.opsize));
	}
}

static int exec_bound(struct ictx *c)
{
	u8 size = c->in.opsize;
	u32 lin, raw[2] = { 0 };
	s32 lo, hi, idx;
	int r;

	r = imem_linear(c, 2 * size, MMU_READ, &lin);
	if (!r)
		r = mmu_read(c->v, lin, raw, 2 * size, imem_user(c));
	if (r)
		return r;
	if (size == 2) {
		lo = (s16)raw[0];
		hi = (s16)(raw[0] >> 16);
		idx = (s16)ireg_get(c, c->in.reg, 2);
	} else {
		lo = raw[0];
		hi = raw[1];
		idx = ireg_get(c, c->in.reg, 4);
	}
	return idx < lo || idx > hi ? vcpu_fault(c->v, VMBT_VEC_BR) : X_OK;
}

int iexec_flow(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 target;
	int r;

	switch (in->op) {
	case VMBT_OP_JCC:
		if (!alu_cond(in->cc, c->g->eflags))
			return X_OK;
		return ibranch(c, vmbt_insn_target(in, c->g->eip));
	case VMBT_OP_JMP:
		return ibranch(c, vmbt_insn_target(in, c->g->eip));
	case VMBT_OP_CALL:
		return exec_call(c, vmbt_insn_target(in, c->g->eip));
	case VMBT_OP_JMP_IND:
	case VMBT_OP_CALL_IND:
		r = iopd_read(c, &in->opd[0], &target);
		if (r)
			return r;
		return in->op == VMBT_OP_JMP_IND ? ibranch(c, target) :
						   exec_call(c, target);
	case VMBT_OP_RET:
		return exec_ret(c);
	case VMBT_OP_LOOP:
	case VMBT_OP_LOOPE:
	case VMBT_OP_LOOPNE:
		return exec_loop(c);
	case VMBT_OP_JCXZ:
		if (ireg_get(c, VMBT_ECX, in->asize))
			return X_OK;
		return ibranch(c, vmbt_insn_target(in, c->g->eip));
	case VMBT_OP_JMP_FAR:
	case VMBT_OP_CALL_FAR:
	case VMBT_OP_RETF:
	case VMBT_OP_IRET:
		return exec_far(c);
	case VMBT_OP_SYSENTER:
		return far_done(c, cpu_sysenter(c->v));
	case VMBT_OP_SYSEXIT:
		return far_done(c, cpu_sysexit(c->v));
	case VMBT_OP_INT:
		/* v86 with IOPL below 3: #GP(0) (SDM vol. 3, 21.3). */
		if ((c->g->eflags & VMBT_X86_EFLAGS_VM) &&
		    (c->g->eflags & VMBT_X86_EFLAGS_IOPL) !=
		    VMBT_X86_EFLAGS_IOPL)
			return igp0(c);
		return soft_int(c, in->imm, VMBT_EV_SOFT);
	case VMBT_OP_INT3:
		return soft_int(c, VMBT_VEC_BP, VMBT_EV_SOFT);
	case VMBT_OP_INTO:
		if (!(c->g->eflags & VMBT_X86_EFLAGS_OF))
			return X_OK;
		return soft_int(c, VMBT_VEC_OF, VMBT_EV_SOFT);
	case VMBT_OP_INT1:
		return soft_int(c, VMBT_VEC_DB, VMBT_EV_ICEBP);
	case VMBT_OP_BOUND:
		return exec_bound(c);
	case VMBT_OP_UD0:
	case VMBT_OP_UD1:
	case VMBT_OP_UD2:
	case VMBT_OP_SYSCALL:
	case VMBT_OP_SYSRET:
	case VMBT_OP_RSM:
		return iud(c);
	default:
		return X_NOT_MINE;
	}
}
