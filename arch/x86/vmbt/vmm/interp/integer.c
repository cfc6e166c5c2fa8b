// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: integer arithmetic, logic, shifts, bits.
 */
#include "alu.h"
#include "interp_int.h"
#include "../plat.h"

static void set_arith(struct ictx *c, u32 fl)
{
	c->g->eflags = (c->g->eflags & ~VMBT_EFLAGS_ARITH) |
		       (fl & VMBT_EFLAGS_ARITH);
}

/* dst = dst op src; CMP and TEST do not write. */
static int exec_binary(struct ictx *c, u32 *fl)
{
	const struct vmbt_insn *in = &c->in;
	bool store = in->op != VMBT_OP_CMP && in->op != VMBT_OP_TEST;
	u32 a, b;
	int r;

	r = iopd_read(c, &in->opd[1], &b);
	if (r)
		return r;
	r = store ? iopd_read_rmw(c, &in->opd[0], &a) :
		    iopd_read(c, &in->opd[0], &a);
	if (r)
		return r;
	a = alu_binary(in->op, a, b, in->opsize, fl);
	return store ? iopd_write(c, &in->opd[0], a) : X_OK;
}

static int exec_unary(struct ictx *c, u32 *fl)
{
	u32 a;
	int r;

	r = iopd_read_rmw(c, &c->in.opd[0], &a);
	if (r)
		return r;
	return iopd_write(c, &c->in.opd[0],
			  alu_unary(c->in.op, a, c->in.opsize, fl));
}

static int exec_shift(struct ictx *c, u32 *fl)
{
	u32 a, n;
	int r;

	r = iopd_read(c, &c->in.opd[1], &n);
	if (r)
		return r;
	r = iopd_read_rmw(c, &c->in.opd[0], &a);
	if (r)
		return r;
	return iopd_write(c, &c->in.opd[0],
			  alu_shift(c->in.op, a, n, c->in.opsize, fl));
}

static int exec_shift_double(struct ictx *c, u32 *fl)
{
	u32 a, b, n;
	int r;

	r = iopd_read(c, &c->in.opd[2], &n);
	if (!r)
		r = iopd_read(c, &c->in.opd[1], &b);
	if (!r)
		r = iopd_read_rmw(c, &c->in.opd[0], &a);
	if (r)
		return r;
	return iopd_write(c, &c->in.opd[0],
			  alu_shift_double(c->in.op, a, b, n, c->in.opsize, fl));
}

static int exec_bit(struct ictx *c, u32 *fl)
{
	bool store = c->in.op != VMBT_OP_BT;
	u32 a, n;
	int r;

	r = iopd_read(c, &c->in.opd[1], &n);
	if (r)
		return r;
	r = store ? iopd_read_rmw(c, &c->in.opd[0], &a) :
		    iopd_read(c, &c->in.opd[0], &a);
	if (r)
		return r;
	a = alu_bit(c->in.op, a, n & (c->in.opsize * 8 - 1), c->in.opsize, fl);
	return store ? iopd_write(c, &c->in.opd[0], a) : X_OK;
}

static int exec_scan(struct ictx *c, u32 *fl)
{
	u32 a, old;
	int r;

	r = iopd_read(c, &c->in.opd[1], &a);
	if (r)
		return r;
	old = ireg_get(c, c->in.opd[0].reg, c->in.opsize);
	return iopd_write(c, &c->in.opd[0],
			  alu_scan(c->in.op, old, a, c->in.opsize, fl));
}

static int exec_imul(struct ictx *c, u32 *fl)
{
	const struct vmbt_insn *in = &c->in;
	u32 a, b;
	int r;

	r = iopd_read(c, &in->opd[1], &a);
	if (!r)
		r = iopd_read(c, &in->opd[in->nr_opds == 3 ? 2 : 0], &b);
	if (r)
		return r;
	return iopd_write(c, &in->opd[0], alu_imul(a, b, in->opsize, fl));
}

/* MUL, IMUL with one operand, DIV, IDIV: rDX:rAX is implicit. */
static int exec_muldiv(struct ictx *c, u32 *fl)
{
	const struct vmbt_insn *in = &c->in;
	u8 size = in->opsize;
	u32 a = ireg_get(c, VMBT_EAX, size == 1 ? 2 : size);
	u32 d = size == 1 ? 0 : ireg_get(c, VMBT_EDX, size);
	u32 b, lo = 0, hi = 0;
	int r;

	/* The decoder may list rAX and rDX; the r/m operand has memory or GPR. */
	r = iopd_read(c, &in->opd[in->nr_opds - 1], &b);
	if (r)
		return r;
	if (in->op == VMBT_OP_MUL || in->op == VMBT_OP_IMUL1) {
		alu_mul(in->op, a, b, size, &lo, &hi, fl);
	} else {
		if (!alu_div(in->op, a, d, b, size, &lo, &hi))
			return vcpu_fault(c->v, VMBT_VEC_DE);
		if (size == 1)
			lo = (lo & 0xff) | (hi & 0xff) << 8;
	}
	if (size == 1) {
		ireg_set(c, VMBT_EAX, 2, lo);
		return X_OK;
	}
	ireg_set(c, VMBT_EAX, size, lo);
	ireg_set(c, VMBT_EDX, size, hi);
	return X_OK;
}

static int exec_adjust(struct ictx *c, u32 *fl)
{
	u32 eax = c->g->gpr[VMBT_EAX];

	if (!alu_adjust(c->in.op, &eax, c->in.imm, fl))
		return vcpu_fault(c->v, VMBT_VEC_DE);
	c->g->gpr[VMBT_EAX] = eax;
	return X_OK;
}

/* A sum with a carry of its own: CF of ADCX, OF of ADOX, no other flag. */
static int exec_add_carry(struct ictx *c, u32 *fl)
{
	u32 carry = c->in.op == VMBT_OP_ADCX ? VMBT_X86_EFLAGS_CF :
					       VMBT_X86_EFLAGS_OF;
	u8 reg = c->in.opd[0].reg;
	u64 sum;
	u32 b;
	int r;

	r = iopd_read(c, &c->in.opd[1], &b);
	if (r)
		return r;
	sum = (u64)ireg_get(c, reg, 4) + b + !!(*fl & carry);
	ireg_set(c, reg, 4, (u32)sum);
	*fl = sum >> 32 ? *fl | carry : *fl & ~carry;
	return X_OK;
}

/* The CPU's, as translated code has them: #UD where it has none. */
static int exec_random(struct ictx *c, u32 *fl)
{
	u8 code[4], n = 0;
	int r;

	if (c->in.opsize == 2)
		code[n++] = 0x66;
	code[n++] = 0x0f;
	code[n++] = c->in.opcode;
	code[n++] = c->in.modrm;
	r = plat_guest_insn(c->v, code, n, c->g->gpr, fl, NULL);
	return r == X_UNSUPPORTED ? X_NOT_MINE : r;
}

int iexec_integer(struct ictx *c)
{
	u32 fl = c->g->eflags & VMBT_EFLAGS_ARITH;
	u32 a;
	int r = X_OK;

	switch (c->in.op) {
	case VMBT_OP_ADD:
	case VMBT_OP_OR:
	case VMBT_OP_ADC:
	case VMBT_OP_SBB:
	case VMBT_OP_AND:
	case VMBT_OP_SUB:
	case VMBT_OP_XOR:
	case VMBT_OP_CMP:
	case VMBT_OP_TEST:
		r = exec_binary(c, &fl);
		break;
	case VMBT_OP_INC:
	case VMBT_OP_DEC:
	case VMBT_OP_NOT:
	case VMBT_OP_NEG:
		r = exec_unary(c, &fl);
		break;
	case VMBT_OP_ROL:
	case VMBT_OP_ROR:
	case VMBT_OP_RCL:
	case VMBT_OP_RCR:
	case VMBT_OP_SHL:
	case VMBT_OP_SHR:
	case VMBT_OP_SAR:
		r = exec_shift(c, &fl);
		break;
	case VMBT_OP_SHLD:
	case VMBT_OP_SHRD:
		r = exec_shift_double(c, &fl);
		break;
	case VMBT_OP_BT:
	case VMBT_OP_BTS:
	case VMBT_OP_BTR:
	case VMBT_OP_BTC:
		r = exec_bit(c, &fl);
		break;
	case VMBT_OP_BSF:
	case VMBT_OP_BSR:
	case VMBT_OP_TZCNT:
	case VMBT_OP_LZCNT:
	case VMBT_OP_POPCNT:
		r = exec_scan(c, &fl);
		break;
	case VMBT_OP_IMUL:
		r = exec_imul(c, &fl);
		break;
	case VMBT_OP_MUL:
	case VMBT_OP_IMUL1:
	case VMBT_OP_DIV:
	case VMBT_OP_IDIV:
		r = exec_muldiv(c, &fl);
		break;
	case VMBT_OP_AAA:
	case VMBT_OP_AAS:
	case VMBT_OP_DAA:
	case VMBT_OP_DAS:
	case VMBT_OP_AAM:
	case VMBT_OP_AAD:
		r = exec_adjust(c, &fl);
		break;
	case VMBT_OP_ADCX:
	case VMBT_OP_ADOX:
		r = exec_add_carry(c, &fl);
		break;
	case VMBT_OP_RDRAND:
	case VMBT_OP_RDSEED:
		r = exec_random(c, &fl);
		break;
	case VMBT_OP_CRC32:
		r = iopd_read(c, &c->in.opd[1], &a);
		if (!r)
			ireg_set(c, c->in.opd[0].reg, 4,
				 alu_crc32(ireg_get(c, c->in.opd[0].reg, 4), a,
					   c->in.opd[1].size));
		break;
	case VMBT_OP_CBW:
		if (c->in.opsize == 2)
			ireg_set(c, VMBT_EAX, 2,
				 (u16)(s8)ireg_get(c, VMBT_EAX, 1));
		else
			ireg_set(c, VMBT_EAX, 4,
				 (u32)(s16)ireg_get(c, VMBT_EAX, 2));
		break;
	case VMBT_OP_CWD:
		a = ireg_get(c, VMBT_EAX, c->in.opsize);
		a = c->in.opsize == 2 ? a << 16 : a;
		ireg_set(c, VMBT_EDX, c->in.opsize,
			 a & 0x80000000 ? 0xffffffff : 0);
		break;
	default:
		return X_NOT_MINE;
	}
	if (r == X_OK)
		set_arith(c, fl);
	return r;
}
