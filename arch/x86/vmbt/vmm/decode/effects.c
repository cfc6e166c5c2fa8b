// SPDX-License-Identifier: GPL-2.0
/*
 * What an instruction reads, writes and depends on.
 *
 * The decoder comes here when all operands are known. The operation's line in
 * opinfo.c gives the rule, the operands and a few exceptions the rest: counts
 * of shifts, conditions, byte forms of MUL and DIV, the counter of REP.
 */
#include "tables.h"

/* EFLAGS that each pair of conditions reads: O, B, Z, BE, S, P, L, LE. */
static const u16 cc_flags[8] = {
	VMBT_FL_OF,
	VMBT_FL_CF,
	VMBT_FL_ZF,
	VMBT_FL_CF | VMBT_FL_ZF,
	VMBT_FL_SF,
	VMBT_FL_PF,
	VMBT_FL_SF | VMBT_FL_OF,
	VMBT_FL_SF | VMBT_FL_OF | VMBT_FL_ZF,
};

/* The same for FCMOVcc: B, E, BE, U. */
static const u16 fcmov_flags[4] = {
	VMBT_FL_CF,
	VMBT_FL_ZF,
	VMBT_FL_CF | VMBT_FL_ZF,
	VMBT_FL_PF,
};

static u8 reg_bit(u8 reg, u8 size)
{
	if (size == 1)
		reg &= 3;	/* AH to BH are parts of EAX to EBX */
	return 1 << reg;
}

static void operand_effects(struct vmbt_insn *in, const struct vmbt_opd *o)
{
	u8 seg = VMBT_SEG_NONE;

	switch (o->kind) {
	case VMBT_OPD_GPR:
		if (o->access & VMBT_ACC_R)
			in->regs_read |= reg_bit(o->reg, o->size);
		if (o->access & VMBT_ACC_W)
			in->regs_written |= reg_bit(o->reg, o->size);
		return;
	case VMBT_OPD_SREG:
		in->sreg = o->reg;
		return;
	case VMBT_OPD_STR_SRC:
		seg = in->mem.seg;
		in->flags |= VMBT_IF_ASZ_MATTERS;
		in->regs_read |= 1 << VMBT_REG_ESI;
		in->regs_written |= 1 << VMBT_REG_ESI;
		break;
	case VMBT_OPD_STR_DST:
		in->flags |= VMBT_IF_ASZ_MATTERS;
		in->regs_read |= 1 << VMBT_REG_EDI;
		in->regs_written |= 1 << VMBT_REG_EDI;
		break;
	case VMBT_OPD_MEM:
		if (o->access)
			seg = in->mem.seg;
		in->flags |= VMBT_IF_ASZ_MATTERS;
		if (in->mem.base != VMBT_REG_NONE)
			in->regs_read |= 1 << in->mem.base;
		if (in->mem.index != VMBT_REG_NONE &&
		    !(in->flags & VMBT_IF_VSIB))
			in->regs_read |= 1 << in->mem.index;
		break;
	default:
		return;
	}

	if (o->access & VMBT_ACC_R)
		in->flags |= VMBT_IF_MEM_READ;
	if (o->access & VMBT_ACC_W)
		in->flags |= VMBT_IF_MEM_WRITE;
	if (seg == VMBT_SEG_CS)
		in->flags |= VMBT_IF_USES_CS;
	if (seg == VMBT_SEG_GS)
		in->flags |= VMBT_IF_USES_GS;
}

/* Shifts and rotates: a constant count tells more than the general rule. */
static void shift_effects(struct vmbt_insn *in)
{
	const struct vmbt_opd *count = &in->opd[in->nr_opds - 1];
	unsigned int n;

	if (count->kind == VMBT_OPD_ONE)
		n = 1;
	else if (count->kind == VMBT_OPD_IMM)
		n = in->imm & 0x1f;
	else
		return;

	if (n == 0) {
		in->fl_read = 0;
		in->fl_mod = 0;
		in->fl_undef = 0;
		return;
	}
	if (n == 1)
		in->fl_undef &= ~VMBT_FL_OF;
	/* Counts beyond the width leave SHLD and SHRD undefined altogether. */
	if ((in->op == VMBT_OP_SHLD || in->op == VMBT_OP_SHRD) &&
	    n > in->opsize * 8u)
		in->fl_undef = in->fl_mod;
	/* SHL and SHR by more than the width lose the bit that CF would be. */
	if ((in->op == VMBT_OP_SHL || in->op == VMBT_OP_SHR) &&
	    n > in->opsize * 8u)
		in->fl_undef |= VMBT_FL_CF;
	in->fl_kill = in->fl_mod & ~in->fl_undef;
}

static bool is_string(u16 op)
{
	return op >= VMBT_OP_MOVS && op <= VMBT_OP_OUTS;
}

static u8 far_sreg(const struct vmbt_insn *in)
{
	if (in->map == VMBT_MAP_1BYTE)
		return in->opcode == 0xc4 ? VMBT_SEG_ES : VMBT_SEG_DS;
	if (in->opcode == 0xb2)
		return VMBT_SEG_SS;
	return in->opcode == 0xb4 ? VMBT_SEG_FS : VMBT_SEG_GS;
}

/**
 * vmbt_effects() - fill in registers, flags and properties
 * @in: instruction with its operands resolved
 * @info: line of its operation
 */
void vmbt_effects(struct vmbt_insn *in, const struct opinfo *info)
{
	unsigned int i;

	in->flags |= info->flags & ~(OI_FL_MAYBE | OI_LOCK | OI_OSZ);
	if (info->flags & OI_OSZ)
		in->flags |= VMBT_IF_OSZ_MATTERS;
	in->branch = info->branch;
	in->regs_read = info->rr;
	in->regs_written = info->rw;
	in->fl_read = info->fl_read;
	in->fl_mod = info->fl_mod;
	in->fl_undef = info->fl_undef;
	if (!(info->flags & OI_FL_MAYBE))
		in->fl_kill = in->fl_mod & ~in->fl_undef;

	for (i = 0; i < in->nr_opds; i++)
		operand_effects(in, &in->opd[i]);

	switch (in->op) {
	case VMBT_OP_JCC:
	case VMBT_OP_SETCC:
	case VMBT_OP_CMOVCC:
		in->cc = in->opcode & 0xf;
		in->fl_read = cc_flags[in->cc >> 1];
		break;
	case VMBT_OP_ROL:
	case VMBT_OP_ROR:
	case VMBT_OP_RCL:
	case VMBT_OP_RCR:
	case VMBT_OP_SHL:
	case VMBT_OP_SHR:
	case VMBT_OP_SAR:
	case VMBT_OP_SHLD:
	case VMBT_OP_SHRD:
		shift_effects(in);
		break;
	case VMBT_OP_MUL:
	case VMBT_OP_IMUL1:
	case VMBT_OP_DIV:
	case VMBT_OP_IDIV:
		/* Byte forms use AX alone; a byte operand may be DL, though. */
		if (in->opsize == 1) {
			in->regs_written &= ~(1 << VMBT_REG_EDX);
			in->regs_read = 1 << VMBT_REG_EAX;
			operand_effects(in, &in->opd[0]);
		}
		break;
	case VMBT_OP_BT:
	case VMBT_OP_BTS:
	case VMBT_OP_BTR:
	case VMBT_OP_BTC:
		if (in->opd[0].kind != VMBT_OPD_MEM ||
		    in->opd[1].kind != VMBT_OPD_GPR)
			in->flags &= ~VMBT_IF_BIT_OFFSET;
		break;
	case VMBT_OP_FCMOV:
		in->fl_read = fcmov_flags[in->reg & 3];
		break;
	case VMBT_OP_FXSAVE:
	case VMBT_OP_FXRSTOR:
		in->mem.size = 512;
		break;
	case VMBT_OP_LOAD_FAR:
		in->sreg = far_sreg(in);
		break;
	case VMBT_OP_LOOP:
	case VMBT_OP_LOOPE:
	case VMBT_OP_LOOPNE:
	case VMBT_OP_JCXZ:
		in->flags |= VMBT_IF_ASZ_MATTERS;
		break;
	case VMBT_OP_SSE_PCMPSTR:
	case VMBT_OP_AVX_PCMPSTR:
		/* 60, 61 take explicit lengths; 61, 63 return an index */
		if (in->opcode < 0x62)
			in->regs_read |= 1 << VMBT_REG_EAX | 1 << VMBT_REG_EDX;
		if (in->opcode & 1)
			in->regs_written |= 1 << VMBT_REG_ECX;
		break;
	}

	if (is_string(in->op) &&
	    (in->prefixes & (VMBT_PFX_REP | VMBT_PFX_REPNE))) {
		in->flags |= VMBT_IF_REP;
		in->regs_read |= 1 << VMBT_REG_ECX;
		in->regs_written |= 1 << VMBT_REG_ECX;
		/* With a counter of zero nothing happens at all. */
		in->fl_kill = 0;
		if (in->op == VMBT_OP_LODS)
			in->regs_read |= 1 << VMBT_REG_EAX;
	}
	if (in->sreg == VMBT_SEG_GS)
		in->flags |= VMBT_IF_USES_GS;
	if (in->sreg == VMBT_SEG_SS &&
	    (in->op == VMBT_OP_MOV_TO_SREG || in->op == VMBT_OP_POP_SREG))
		in->flags |= VMBT_IF_BLOCKS_INTR;
	if (in->map >= VMBT_MAP_VEX_0F)
		in->flags |= VMBT_IF_PM_ONLY;
	if ((info->flags & OI_LOCK) && in->opd[0].kind == VMBT_OPD_MEM)
		in->flags |= VMBT_IF_LOCKABLE;
}
