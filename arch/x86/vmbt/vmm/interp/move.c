// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: data movement, stack, flags, segment registers.
 */
#include "alu.h"
#include "interp_int.h"

static int exec_mov(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 a;
	int r;

	r = iopd_read(c, &in->opd[1], &a);
	if (r)
		return r;
	switch (in->op) {
	case VMBT_OP_MOVSX:
		a = in->opd[1].size == 1 ? (u32)(s8)a : (u32)(s16)a;
		break;
	case VMBT_OP_MOVBE:
		a = in->opsize == 2 ? (u32)__builtin_bswap16(a) :
				      __builtin_bswap32(a);
		break;
	}
	return iopd_write(c, &in->opd[0], a);
}

static int exec_xchg(struct ictx *c)
{
	const struct vmbt_opd *x = &c->in.opd[0], *y = &c->in.opd[1];
	u32 a, b;
	int r;

	/* Either may be memory; write that one first, it may fault. */
	if (y->kind == VMBT_OPD_MEM) {
		const struct vmbt_opd *t = x;

		x = y;
		y = t;
	}
	r = iopd_read_rmw(c, x, &a);
	if (r)
		return r;
	b = ireg_get(c, y->reg, y->size);
	r = iopd_write(c, x, b);
	if (r)
		return r;
	return iopd_write(c, y, a);
}

static int exec_xadd(struct ictx *c)
{
	u32 a, b, sum, fl = c->g->eflags & VMBT_EFLAGS_ARITH;
	int r;

	r = iopd_read_rmw(c, &c->in.opd[0], &a);
	if (r)
		return r;
	b = ireg_get(c, c->in.opd[1].reg, c->in.opsize);
	sum = alu_binary(VMBT_OP_ADD, a, b, c->in.opsize, &fl);
	if (c->in.opd[0].kind == VMBT_OPD_MEM) {
		r = iopd_write(c, &c->in.opd[0], sum);
		if (r)
			return r;
		ireg_set(c, c->in.opd[1].reg, c->in.opsize, a);
	} else {
		/* XADD r,r with both the same: the sum stays. */
		ireg_set(c, c->in.opd[1].reg, c->in.opsize, a);
		ireg_set(c, c->in.opd[0].reg, c->in.opsize, sum);
	}
	c->g->eflags = (c->g->eflags & ~VMBT_EFLAGS_ARITH) | fl;
	return X_OK;
}

static int exec_cmpxchg(struct ictx *c)
{
	u8 size = c->in.opsize;
	u32 a, acc, fl = c->g->eflags & VMBT_EFLAGS_ARITH;
	int r;

	r = iopd_read_rmw(c, &c->in.opd[0], &a);
	if (r)
		return r;
	acc = ireg_get(c, VMBT_EAX, size);
	alu_binary(VMBT_OP_CMP, acc, a, size, &fl);
	if (fl & VMBT_X86_EFLAGS_ZF) {
		r = iopd_write(c, &c->in.opd[0],
			       ireg_get(c, c->in.opd[1].reg, size));
	} else {
		/* The destination is written back all the same. */
		r = iopd_write(c, &c->in.opd[0], a);
		if (r == X_OK)
			ireg_set(c, VMBT_EAX, size, a);
	}
	if (r == X_OK)
		c->g->eflags = (c->g->eflags & ~VMBT_EFLAGS_ARITH) | fl;
	return r;
}

static int exec_cmpxchg8b(struct ictx *c)
{
	u32 *g = c->g->gpr;
	u32 lin, m[2], w[2];
	bool equal;
	int r;

	r = imem_linear(c, 8, MMU_WRITE, &lin);
	if (!r)
		r = mmu_probe_write(c->v, lin, 8, imem_user(c));
	if (!r)
		r = mmu_read(c->v, lin, m, 8, imem_user(c));
	if (r)
		return r;
	equal = m[0] == g[VMBT_EAX] && m[1] == g[VMBT_EDX];
	w[0] = equal ? g[VMBT_EBX] : m[0];
	w[1] = equal ? g[VMBT_ECX] : m[1];
	r = mmu_write(c->v, lin, w, 8, imem_user(c));
	if (r)
		return r;
	if (equal) {
		c->g->eflags |= VMBT_X86_EFLAGS_ZF;
	} else {
		c->g->eflags &= ~VMBT_X86_EFLAGS_ZF;
		g[VMBT_EAX] = m[0];
		g[VMBT_EDX] = m[1];
	}
	return X_OK;
}

static int exec_push(struct ictx *c)
{
	u32 a;
	int r;

	r = iopd_read(c, &c->in.opd[0], &a);
	return r ? r : cpu_push(c->v, a, c->in.opsize);
}

static int exec_pop(struct ictx *c)
{
	u32 esp = c->g->gpr[VMBT_ESP], a;
	int r;

	r = cpu_pop(c->v, &a, c->in.opsize);
	if (r)
		return r;
	/* A memory operand is computed with ESP already raised (SDM, POP). */
	r = iopd_write(c, &c->in.opd[0], a);
	if (r)
		c->g->gpr[VMBT_ESP] = esp;
	return r;
}

static int exec_pusha(struct ictx *c)
{
	u32 esp = c->g->gpr[VMBT_ESP];
	int r = X_OK;

	for (u8 i = 0; i < 8 && !r; i++)
		r = cpu_push(c->v, i == VMBT_ESP ? esp : c->g->gpr[i],
			     c->in.opsize);
	if (r)
		c->g->gpr[VMBT_ESP] = esp;
	return r;
}

static int exec_popa(struct ictx *c)
{
	u32 esp = c->g->gpr[VMBT_ESP], val[8];
	int r = X_OK;

	for (int i = 7; i >= 0 && !r; i--)
		r = cpu_pop(c->v, &val[i], c->in.opsize);
	if (r) {
		c->g->gpr[VMBT_ESP] = esp;
		return r;
	}
	for (u8 i = 0; i < 8; i++)
		if (i != VMBT_ESP)
			ireg_set(c, i, c->in.opsize, val[i]);
	return X_OK;
}

/* v86 with IOPL below 3 may not touch the flags image (SDM vol. 3, 21.2.2). */
static bool v86_locked(struct ictx *c)
{
	return (c->g->eflags & VMBT_X86_EFLAGS_VM) &&
	       (c->g->eflags & VMBT_X86_EFLAGS_IOPL) != VMBT_X86_EFLAGS_IOPL;
}

static int exec_pushf(struct ictx *c)
{
	if (v86_locked(c))
		return igp0(c);
	return cpu_push(c->v, c->g->eflags &
			~(VMBT_X86_EFLAGS_RF | VMBT_X86_EFLAGS_VM),
			c->in.opsize);
}

static int exec_popf(struct ictx *c)
{
	u32 mask, val;
	int r;

	if (v86_locked(c))
		return igp0(c);
	mask = cpu_flags_writable(c->v, c->in.opsize);
	r = cpu_pop(c->v, &val, c->in.opsize);
	if (r)
		return r;
	c->g->eflags = (c->g->eflags & ~mask) | (val & mask) |
		       VMBT_X86_EFLAGS_FIXED;
	return X_OK;
}

static int exec_enter(struct ictx *c)
{
	u8 size = c->in.opsize;
	u32 esp = c->g->gpr[VMBT_ESP], ebp = c->g->gpr[VMBT_EBP];
	u32 level = c->in.imm2 & 31, alloc = c->in.imm;
	bool wide = c->g->seg[VMBT_SS].attr & VMBT_ATTR_DB;
	u32 frame, walk = ebp, val, lin, top;
	int r;

	r = cpu_push(c->v, ebp, size);
	frame = c->g->gpr[VMBT_ESP];
	for (u32 i = 1; i < level && !r; i++) {
		walk -= size;
		val = 0;
		r = cpu_mem_read(c->v, VMBT_SS, wide ? walk : (u16)walk, &val,
				 size);
		if (!r)
			r = cpu_push(c->v, val, size);
	}
	if (level && !r)
		r = cpu_push(c->v, frame, size);
	/* The new top of stack is probed for a write (SDM, ENTER). */
	if (!r) {
		top = c->g->gpr[VMBT_ESP] - alloc;
		r = cpu_seg_linear(c->v, VMBT_SS, wide ? top : (u16)top, size,
				   MMU_WRITE, &lin);
		if (!r)
			r = mmu_probe_write(c->v, lin, size, imem_user(c));
	}
	if (r) {
		c->g->gpr[VMBT_ESP] = esp;
		return r;
	}
	ireg_set(c, VMBT_EBP, size, frame);
	ireg_set(c, VMBT_ESP, wide ? 4 : 2, c->g->gpr[VMBT_ESP] - alloc);
	return X_OK;
}

static int exec_leave(struct ictx *c)
{
	bool wide = c->g->seg[VMBT_SS].attr & VMBT_ATTR_DB;
	u32 esp = c->g->gpr[VMBT_ESP], val;
	int r;

	ireg_set(c, VMBT_ESP, wide ? 4 : 2, c->g->gpr[VMBT_EBP]);
	r = cpu_pop(c->v, &val, c->in.opsize);
	if (r) {
		c->g->gpr[VMBT_ESP] = esp;
		return r;
	}
	ireg_set(c, VMBT_EBP, c->in.opsize, val);
	return X_OK;
}

static int load_sreg(struct ictx *c, u8 s, u16 sel)
{
	int r = cpu_load_seg(c->v, (enum vmbt_sreg)s, sel);

	if (!r && s == VMBT_SS)
		c->shadow = VMBT_SHADOW_MOV_SS;
	return r;
}

static int exec_mov_sreg(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	struct vmbt_opd o;
	u32 a;
	int r;

	if (in->op == VMBT_OP_MOV_TO_SREG) {
		if (in->sreg == VMBT_CS)
			return iud(c);
		r = iopd_read(c, &in->opd[1], &a);
		return r ? r : load_sreg(c, in->sreg, a);
	}
	/* To memory always a word; to a register, zero-extended. */
	o = in->opd[0];
	o.size = o.kind == VMBT_OPD_MEM ? 2 : in->opsize;
	return iopd_write(c, &o, c->g->seg[in->sreg].sel);
}

/*
 * With a 32-bit operand the selector is pushed with zeros above, as translated
 * code does; the manual also allows to leave the upper half alone.
 */
static int exec_push_sreg(struct ictx *c)
{
	return cpu_push(c->v, c->g->seg[c->in.sreg].sel, c->in.opsize);
}

static int exec_pop_sreg(struct ictx *c)
{
	bool wide = c->g->seg[VMBT_SS].attr & VMBT_ATTR_DB;
	u32 esp = c->g->gpr[VMBT_ESP];
	u16 sel;
	int r;

	r = cpu_mem_read(c->v, VMBT_SS, wide ? esp : (u16)esp, &sel, 2);
	if (r)
		return r;
	r = load_sreg(c, c->in.sreg, sel);
	if (r)
		return r;
	/* POP SS: the width of the old stack moved ESP. */
	ireg_set(c, VMBT_ESP, wide ? 4 : 2, esp + c->in.opsize);
	return X_OK;
}

static int exec_load_far(struct ictx *c)
{
	u8 size = c->in.opsize;
	u8 buf[6] = { 0 };
	u32 lin, off = 0;
	u16 sel;
	int r;

	r = imem_linear(c, size + 2, MMU_READ, &lin);
	if (!r)
		r = mmu_read(c->v, lin, buf, size + 2, imem_user(c));
	if (r)
		return r;
	for (int i = size - 1; i >= 0; i--)
		off = off << 8 | buf[i];
	sel = buf[size] | buf[size + 1] << 8;
	r = cpu_load_seg(c->v, (enum vmbt_sreg)c->in.sreg, sel);
	if (!r)
		ireg_set(c, c->in.opd[0].reg, size, off);
	return r;
}

static int exec_xlat(struct ictx *c)
{
	u32 off = c->g->gpr[VMBT_EBX] + (u8)c->g->gpr[VMBT_EAX];
	u8 al;
	int r;

	if (c->in.asize == 2)
		off = (u16)off;
	r = cpu_mem_read(c->v, (enum vmbt_sreg)c->in.mem.seg, off, &al, 1);
	if (!r)
		ireg_set(c, VMBT_EAX, 1, al);
	return r;
}

static int exec_flag(struct ictx *c)
{
	u32 *fl = &c->g->eflags;
	u8 ah;

	switch (c->in.op) {
	case VMBT_OP_CMC:
		*fl ^= VMBT_X86_EFLAGS_CF;
		break;
	case VMBT_OP_CLC:
		*fl &= ~VMBT_X86_EFLAGS_CF;
		break;
	case VMBT_OP_STC:
		*fl |= VMBT_X86_EFLAGS_CF;
		break;
	case VMBT_OP_CLD:
		*fl &= ~VMBT_X86_EFLAGS_DF;
		break;
	case VMBT_OP_STD:
		*fl |= VMBT_X86_EFLAGS_DF;
		break;
	case VMBT_OP_LAHF:
		ireg_set(c, VMBT_EAX + 4, 1, (*fl & 0xd5) | 2);
		break;
	case VMBT_OP_SAHF:
		ah = ireg_get(c, VMBT_EAX + 4, 1);
		*fl = (*fl & ~0xd5U) | (ah & 0xd5);
		break;
	case VMBT_OP_SALC:
		ireg_set(c, VMBT_EAX, 1, *fl & VMBT_X86_EFLAGS_CF ? 0xff : 0);
		break;
	}
	return X_OK;
}

int iexec_move(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 a;
	int r;

	switch (in->op) {
	case VMBT_OP_MOV:
	case VMBT_OP_MOVZX:
	case VMBT_OP_MOVSX:
	case VMBT_OP_MOVBE:
	case VMBT_OP_MOVNTI:
		return exec_mov(c);
	case VMBT_OP_LEA:
		ireg_set(c, in->opd[0].reg, in->opsize,
			 vmbt_insn_ea(in, c->g->gpr));
		return X_OK;
	case VMBT_OP_XCHG:
		return exec_xchg(c);
	case VMBT_OP_XADD:
		return exec_xadd(c);
	case VMBT_OP_CMPXCHG:
		return exec_cmpxchg(c);
	case VMBT_OP_CMPXCHG8B:
		return exec_cmpxchg8b(c);
	case VMBT_OP_BSWAP:
		a = ireg_get(c, in->opd[0].reg, 4);
		/* With a 16-bit operand: undefined, and zero on every CPU seen. */
		ireg_set(c, in->opd[0].reg, in->opsize,
			 in->opsize == 4 ? __builtin_bswap32(a) : 0);
		return X_OK;
	case VMBT_OP_XLAT:
		return exec_xlat(c);
	case VMBT_OP_SETCC:
		return iopd_write(c, &in->opd[0],
				  alu_cond(in->cc, c->g->eflags));
	case VMBT_OP_CMOVCC:
		r = iopd_read(c, &in->opd[1], &a);
		if (r)
			return r;
		if (alu_cond(in->cc, c->g->eflags))
			ireg_set(c, in->opd[0].reg, in->opsize, a);
		return X_OK;
	case VMBT_OP_PUSH:
		return exec_push(c);
	case VMBT_OP_POP:
		return exec_pop(c);
	case VMBT_OP_PUSHA:
		return exec_pusha(c);
	case VMBT_OP_POPA:
		return exec_popa(c);
	case VMBT_OP_PUSHF:
		return exec_pushf(c);
	case VMBT_OP_POPF:
		return exec_popf(c);
	case VMBT_OP_ENTER:
		return exec_enter(c);
	case VMBT_OP_LEAVE:
		return exec_leave(c);
	case VMBT_OP_MOV_TO_SREG:
	case VMBT_OP_MOV_FROM_SREG:
		return exec_mov_sreg(c);
	case VMBT_OP_PUSH_SREG:
		return exec_push_sreg(c);
	case VMBT_OP_POP_SREG:
		return exec_pop_sreg(c);
	case VMBT_OP_LOAD_FAR:
		return exec_load_far(c);
	case VMBT_OP_CMC:
	case VMBT_OP_CLC:
	case VMBT_OP_STC:
	case VMBT_OP_CLD:
	case VMBT_OP_STD:
	case VMBT_OP_LAHF:
	case VMBT_OP_SAHF:
	case VMBT_OP_SALC:
		return exec_flag(c);
	default:
		return X_NOT_MINE;
	}
}
