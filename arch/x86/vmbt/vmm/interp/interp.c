// SPDX-License-Identifier: GPL-2.0
/*
 * The interpreter's frame: fetch, decode, dispatch, commit.
 *
 * Every instruction is atomic: operands are read and checked first, memory is
 * written next, registers and flags last, so that a fault leaves the guest as
 * it was. The groups of instructions are in the other files of this folder.
 */
#include "interp_int.h"

u32 ireg_get(const struct ictx *c, u8 reg, u8 size)
{
	const u32 *r = c->g->gpr;

	if (size == 1)
		return reg < 4 ? (u8)r[reg] : (u8)(r[reg & 3] >> 8);
	return size == 2 ? (u16)r[reg] : r[reg];
}

void ireg_set(struct ictx *c, u8 reg, u8 size, u32 val)
{
	u32 *r = c->g->gpr;

	if (size == 1 && reg < 4)
		r[reg] = (r[reg] & ~0xffU) | (u8)val;
	else if (size == 1)
		r[reg & 3] = (r[reg & 3] & ~0xff00U) | (u32)(u8)val << 8;
	else if (size == 2)
		r[reg] = (r[reg] & ~0xffffU) | (u16)val;
	else
		r[reg] = val;
}

int imem_linear(struct ictx *c, u32 len, u32 access, u32 *lin)
{
	u32 off = vmbt_insn_ea(&c->in, c->g->gpr);

	/* BTx m,r: the bit offset selects the word (SDM vol. 2, BT). */
	if (c->in.flags & VMBT_IF_BIT_OFFSET) {
		s32 bit = c->in.opsize == 2 ?
			(s16)ireg_get(c, c->in.reg, 2) :
			(s32)ireg_get(c, c->in.reg, 4);

		off += c->in.opsize == 2 ? (bit >> 4) * 2 : (bit >> 5) * 4;
		if (c->in.asize == 2)
			off = (u16)off;
	}
	return cpu_seg_linear(c->v, (enum vmbt_sreg)c->in.mem.seg, off, len,
			      access, lin);
}

static int mem_read(struct ictx *c, u8 size, u32 *val, bool rmw)
{
	u32 lin, user = imem_user(c);
	int r;

	*val = 0;
	r = imem_linear(c, size, rmw ? MMU_WRITE : MMU_READ, &lin);
	if (r)
		return r;
	if (rmw) {
		r = mmu_probe_write(c->v, lin, size, user);
		if (r)
			return r;
	}
	return mmu_read(c->v, lin, val, size, user);
}

static int opd_read(struct ictx *c, const struct vmbt_opd *o, u32 *val,
		    bool rmw)
{
	switch (o->kind) {
	case VMBT_OPD_GPR:
		*val = ireg_get(c, o->reg, o->size);
		return X_OK;
	case VMBT_OPD_MEM:
		return mem_read(c, o->size, val, rmw);
	case VMBT_OPD_IMM:
		*val = c->in.imm;
		return X_OK;
	case VMBT_OPD_IMM2:
		*val = c->in.imm2;
		return X_OK;
	case VMBT_OPD_ONE:
		*val = 1;
		return X_OK;
	default:
		return vcpu_unsupported(c->v, "interpreter: operand kind %u of %s",
					o->kind, vmbt_op_name(c->in.op));
	}
}

int iopd_read(struct ictx *c, const struct vmbt_opd *o, u32 *val)
{
	return opd_read(c, o, val, false);
}

int iopd_read_rmw(struct ictx *c, const struct vmbt_opd *o, u32 *val)
{
	return opd_read(c, o, val, true);
}

int iopd_write(struct ictx *c, const struct vmbt_opd *o, u32 val)
{
	u32 lin;
	int r;

	if (o->kind == VMBT_OPD_GPR) {
		ireg_set(c, o->reg, o->size, val);
		return X_OK;
	}
	r = imem_linear(c, o->size, MMU_WRITE, &lin);
	if (r)
		return r;
	return mmu_write(c->v, lin, &val, o->size, imem_user(c));
}

int ibranch(struct ictx *c, u32 target)
{
	if (target > c->g->seg[VMBT_CS].limit)
		return igp0(c);
	c->next = target;
	return X_OK;
}

int interp_fetch(struct vcpu *v, struct vmbt_insn *in)
{
	const struct vmbt_seg *cs = &v->guest->seg[VMBT_CS];
	u32 eip = v->guest->eip, room, got = 0, len = VMBT_INSN_MAX;
	u32 user = vcpu_cpl(v) == 3 ? MMU_USER : 0;
	u8 buf[VMBT_INSN_MAX];
	bool limited = false;
	int r;

	if (eip > cs->limit)
		return vcpu_fault_err(v, VMBT_VEC_GP, 0);
	room = cs->limit - eip;
	if (room < len - 1) {
		len = room + 1;
		limited = true;
	}
	r = mmu_fetch(v, cs->base + eip, buf, len, MMU_EXEC | user, &got);
	if (r != X_OK && r != X_FAULT)
		return r;
	if (!got)
		return r == X_FAULT ? X_FAULT : X_RETRY;

	switch (vmbt_decode(in, buf, got, cs->attr & VMBT_ATTR_DB)) {
	case VMBT_DEC_OK:
		return X_OK;
	case VMBT_DEC_SHORT:
		if (r == X_FAULT)
			return X_FAULT;
		return limited ? vcpu_fault_err(v, VMBT_VEC_GP, 0) : X_RETRY;
	case VMBT_DEC_TOO_LONG:
		return vcpu_fault_err(v, VMBT_VEC_GP, 0);
	default:
		return vcpu_fault(v, VMBT_VEC_UD);
	}
}

static int dispatch(struct ictx *c)
{
	int r;

	r = iexec_integer(c);
	if (r == X_NOT_MINE)
		r = iexec_move(c);
	if (r == X_NOT_MINE)
		r = iexec_flow(c);
	if (r == X_NOT_MINE)
		r = iexec_string(c);
	if (r == X_NOT_MINE)
		r = iexec_system(c);
	if (r == X_NOT_MINE)
		r = iexec_fpu(c);
	if (r != X_NOT_MINE)
		return r;
	if (c->in.cls == VMBT_CLS_UD)
		return iud(c);
	return vcpu_unsupported(c->v, "the interpreter does not know %s",
				vmbt_op_name(c->in.op));
}

static int execute(struct ictx *c)
{
	struct vcpu *v = c->v;
	int r;

	v->stats->insns_interpreted++;
	c->next = c->g->eip + c->in.len;

	if ((c->in.flags & VMBT_IF_PM_ONLY) && !vcpu_protected(v))
		return iud(c);
	/* What is not there is #UD at any ring. */
	if ((c->in.flags & VMBT_IF_PRIV) && vcpu_cpl(v) && c->in.cls != VMBT_CLS_UD)
		return igp0(c);

	r = dispatch(c);
	if (r != X_OK && r != X_HLT)
		return r;
	c->g->eip = c->next;
	c->g->int_shadow = c->shadow;
	if (!c->keep_rf)
		c->g->eflags &= ~VMBT_X86_EFLAGS_RF;
	return r;
}

int interp_insn(struct vcpu *v, const struct vmbt_insn *in)
{
	struct ictx c = { .v = v, .g = v->guest, .in = *in };

	return execute(&c);
}

int interp_step(struct vcpu *v)
{
	struct ictx c = { .v = v, .g = v->guest };
	int r = interp_fetch(v, &c.in);

	return r ? r : execute(&c);
}
