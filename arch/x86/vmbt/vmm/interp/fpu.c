// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: x87, MMX and SSE, by the CPU itself.
 *
 * Their registers are live in the CPU, so the instruction is executed, not
 * modelled: re-encoded for 64-bit mode with its memory operand moved to a
 * bounce buffer at [R8]. Checks and memory access are done here.
 */
#include "interp_int.h"
#include "../plat.h"

/* The largest operand: an FXSAVE image. */
static u8 bounce[512] __aligned(64);

static int fpu_allowed(struct ictx *c)
{
	u32 cr0 = c->g->cr0;

	if (c->in.flags & VMBT_IF_SIMD) {
		if (cr0 & VMBT_CR0_EM)
			return iud(c);
	} else if (cr0 & VMBT_CR0_EM) {
		return vcpu_fault(c->v, VMBT_VEC_NM);
	}
	return cr0 & VMBT_CR0_TS ? vcpu_fault(c->v, VMBT_VEC_NM) : X_OK;
}

/* Bytes of the memory operand; the state images have no size in the opcode. */
static u32 operand_size(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_FXSAVE:
	case VMBT_OP_FXRSTOR:
		return 512;
	case VMBT_OP_FNSTENV:
	case VMBT_OP_FLDENV:
		return in->opsize == 2 ? 14 : 28;
	case VMBT_OP_FNSAVE:
	case VMBT_OP_FRSTOR:
		return in->opsize == 2 ? 94 : 108;
	default:
		return in->mem.size;
	}
}

static u32 encode(const struct vmbt_insn *in, u8 *out)
{
	bool state = in->op == VMBT_OP_FNSTENV || in->op == VMBT_OP_FLDENV ||
		     in->op == VMBT_OP_FNSAVE || in->op == VMBT_OP_FRSTOR;
	u32 n = 0, i;

	if (in->mandatory == VMBT_MP_66 || (state && in->opsize == 2))
		out[n++] = 0x66;
	else if (in->mandatory == VMBT_MP_F3)
		out[n++] = 0xf3;
	else if (in->mandatory == VMBT_MP_F2)
		out[n++] = 0xf2;
	if (in->flags & VMBT_IF_MEM)
		out[n++] = 0x41;	/* REX.B: base is R8 */
	for (i = in->esc_off; i <= in->opcode_off; i++)
		out[n++] = in->bytes[i];
	if (in->flags & VMBT_IF_MODRM)
		out[n++] = in->flags & VMBT_IF_MEM ? in->reg << 3 : in->modrm;
	for (i = 0; i < in->imm_size; i++)
		out[n++] = in->bytes[in->imm_off + i];
	return n;
}

int iexec_fpu(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 size = 0, lin = 0, len, fl = c->g->eflags & VMBT_EFLAGS_ARITH;
	bool store = in->flags & VMBT_IF_MEM_WRITE;
	u8 code[16];
	int r;

	if (!(in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)))
		return X_NOT_MINE;
	if (in->op == VMBT_OP_MASKMOV || in->map >= VMBT_MAP_VEX_0F ||
	    (in->op >= VMBT_OP_XSAVE && in->op <= VMBT_OP_XRSTORS))
		return X_NOT_MINE;
	r = fpu_allowed(c);
	if (r)
		return r;
	if (in->flags & VMBT_IF_MEM) {
		size = operand_size(in);
		if (!size || size > sizeof(bounce))
			return X_NOT_MINE;
		r = imem_linear(c, size, store ? MMU_WRITE : MMU_READ, &lin);
		if (!r && store)
			r = mmu_probe_write(c->v, lin, size, imem_user(c));
		if (!r)
			r = mmu_read(c->v, lin, bounce, size, imem_user(c));
		if (r)
			return r;
	}
	len = encode(in, code);
	if (!plat_run_insn(code, len, c->g->gpr, &fl, bounce))
		return X_NOT_MINE;
	if (store) {
		r = mmu_write(c->v, lin, bounce, size, imem_user(c));
		if (r)
			return r;
	}
	c->g->eflags = (c->g->eflags & ~VMBT_EFLAGS_ARITH) | fl;
	return X_OK;
}
