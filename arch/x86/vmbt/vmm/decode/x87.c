// SPDX-License-Identifier: GPL-2.0
/*
 * The x87: D8 to DF, by ModRM.
 *
 * Memory forms by opcode and ModRM.reg, register forms likewise, and those that
 * ModRM.rm tells apart in rows of their own. The guest's x87 state is the real
 * one while it runs, so everything is copied, but for the stores of the
 * environment: they would show the addresses of translated code as FIP.
 *
 * The undocumented aliases (FCOM2, FXCH4, FSTP8...) work on every x87 since
 * the 287 and stand here under their plain names.
 */
#include "tables.h"

/* In place of a class: the row of x87_rm is in msize. */
#define X87_BY_RM	0xff

/* Memory operand read, written; the state as a whole. */
#define LD(n, sz)	{ n, VMBT_OP_X87, VMBT_CLS_COPY, sz, VMBT_ACC_R, { 0 } }
#define ST(n, sz)	{ n, VMBT_OP_X87, VMBT_CLS_COPY, sz, VMBT_ACC_W, { 0 } }
#define STATE(n, o, c, a) { n, VMBT_OP_##o, VMBT_CLS_##c, 0, VMBT_ACC_##a, { 0 } }

/* Register forms: none named, ST(i), ST(0) with ST(i), ST(i) with ST(0). */
#define F(n)		{ n, VMBT_OP_X87, VMBT_CLS_COPY, 0, 0, { 0 } }
#define FI(n)		{ n, VMBT_OP_X87, VMBT_CLS_COPY, 0, 0, { OD_STI } }
#define F0I(n)		{ n, VMBT_OP_X87, VMBT_CLS_COPY, 0, 0, { OD_ST0, OD_STI } }
#define FI0(n)		{ n, VMBT_OP_X87, VMBT_CLS_COPY, 0, 0, { OD_STI, OD_ST0 } }
#define FCMOV(n)	{ n, VMBT_OP_FCMOV, VMBT_CLS_COPY, 0, 0, { OD_ST0, OD_STI } }
#define FCOMI(n)	{ n, VMBT_OP_FCOMI, VMBT_CLS_COPY, 0, 0, { OD_ST0, OD_STI } }
#define BY_RM(row)	{ "", VMBT_OP_X87, X87_BY_RM, row, 0, { 0 } }

#define ARITH(i, sz)							\
	[0] = LD("f" i "add", sz), LD("f" i "mul", sz),			\
	LD("f" i "com", sz), LD("f" i "comp", sz), LD("f" i "sub", sz),	\
	LD("f" i "subr", sz), LD("f" i "div", sz), LD("f" i "divr", sz)

static const struct x87 x87_mem[8][8] = {
	[0xd8 & 7] = { ARITH("", 4) },
	[0xd9 & 7] = {
		LD("fld", 4), [2] = ST("fst", 4), ST("fstp", 4),
		STATE("fldenv", FLDENV, COPY, R), LD("fldcw", 2),
		STATE("fnstenv", FNSTENV, CALLOUT, W), ST("fnstcw", 2),
	},
	[0xda & 7] = { ARITH("i", 4) },
	[0xdb & 7] = {
		LD("fild", 4), ST("fisttp", 4), ST("fist", 4), ST("fistp", 4),
		[5] = LD("fld", 10), [7] = ST("fstp", 10),
	},
	[0xdc & 7] = { ARITH("", 8) },
	[0xdd & 7] = {
		LD("fld", 8), ST("fisttp", 8), ST("fst", 8), ST("fstp", 8),
		STATE("frstor", FRSTOR, COPY, R),
		[6] = STATE("fnsave", FNSAVE, CALLOUT, W), ST("fnstsw", 2),
	},
	[0xde & 7] = { ARITH("i", 2) },
	[0xdf & 7] = {
		LD("fild", 2), ST("fisttp", 2), ST("fist", 2), ST("fistp", 2),
		LD("fbld", 10), LD("fild", 8), ST("fbstp", 10), ST("fistp", 8),
	},
};

enum {
	ROW_FNOP, ROW_FCHS, ROW_FLD1, ROW_F2XM1, ROW_FPREM, ROW_FUCOMPP,
	ROW_FNCLEX, ROW_FSTSW,
};

static const struct x87 x87_reg[8][8] = {
	[0xd8 & 7] = {
		F0I("fadd"), F0I("fmul"), F0I("fcom"), F0I("fcomp"),
		F0I("fsub"), F0I("fsubr"), F0I("fdiv"), F0I("fdivr"),
	},
	[0xd9 & 7] = {
		FI("fld"), FI("fxch"), BY_RM(ROW_FNOP), FI("fstp"),
		BY_RM(ROW_FCHS), BY_RM(ROW_FLD1), BY_RM(ROW_F2XM1),
		BY_RM(ROW_FPREM),
	},
	[0xda & 7] = {
		FCMOV("fcmovb"), FCMOV("fcmove"), FCMOV("fcmovbe"),
		FCMOV("fcmovu"), [5] = BY_RM(ROW_FUCOMPP),
	},
	[0xdb & 7] = {
		FCMOV("fcmovnb"), FCMOV("fcmovne"), FCMOV("fcmovnbe"),
		FCMOV("fcmovnu"), BY_RM(ROW_FNCLEX), FCOMI("fucomi"),
		FCOMI("fcomi"),
	},
	[0xdc & 7] = {
		FI0("fadd"), FI0("fmul"), F0I("fcom"), F0I("fcomp"),
		FI0("fsubr"), FI0("fsub"), FI0("fdivr"), FI0("fdiv"),
	},
	[0xdd & 7] = {
		FI("ffree"), FI("fxch"), FI("fst"), FI("fstp"),
		FI("fucom"), FI("fucomp"),
	},
	[0xde & 7] = {
		FI0("faddp"), FI0("fmulp"), FI("fcomp"), BY_RM(ROW_FUCOMPP),
		FI0("fsubrp"), FI0("fsubp"), FI0("fdivrp"), FI0("fdivp"),
	},
	[0xdf & 7] = {
		FI("ffreep"), FI("fxch"), FI("fstp"), FI("fstp"),
		BY_RM(ROW_FSTSW), FCOMI("fucomip"), FCOMI("fcomip"),
	},
};

static const struct x87 x87_rm[8][8] = {
	[ROW_FNOP] = { F("fnop") },
	[ROW_FCHS] = {
		F("fchs"), F("fabs"), [4] = F("ftst"), F("fxam"),
	},
	[ROW_FLD1] = {
		F("fld1"), F("fldl2t"), F("fldl2e"), F("fldpi"),
		F("fldlg2"), F("fldln2"), F("fldz"),
	},
	[ROW_F2XM1] = {
		F("f2xm1"), F("fyl2x"), F("fptan"), F("fpatan"),
		F("fxtract"), F("fprem1"), F("fdecstp"), F("fincstp"),
	},
	[ROW_FPREM] = {
		F("fprem"), F("fyl2xp1"), F("fsqrt"), F("fsincos"),
		F("frndint"), F("fscale"), F("fsin"), F("fcos"),
	},
	/* DA E9 FUCOMPP, DE D9 FCOMPP */
	[ROW_FUCOMPP] = { [1] = F("fucompp") },
	/* FENI, FDISI, FSETPM: no operation since the 387 */
	[ROW_FNCLEX] = {
		F("feni"), F("fdisi"), F("fnclex"), F("fninit"), F("fsetpm"),
	},
	[ROW_FSTSW] = {
		{ "fnstsw", VMBT_OP_FNSTSW_AX, VMBT_CLS_COPY, 0, 0, { OD_AX } },
	},
};

/**
 * vmbt_x87_find() - table line of an x87 instruction
 * @opcode: D8 to DF
 * @modrm: its ModRM
 *
 * Return: the line; an empty name means that there is no such instruction.
 */
const struct x87 *vmbt_x87_find(u8 opcode, u8 modrm)
{
	unsigned int op = opcode & 7, reg = (modrm >> 3) & 7;
	const struct x87 *x;

	if (modrm < 0xc0)
		return &x87_mem[op][reg];
	x = &x87_reg[op][reg];
	if (x->cls == X87_BY_RM)
		x = &x87_rm[x->msize][modrm & 7];
	return x;
}

/* FLDCW, FNSTCW and FNSTSW; FNCLEX and what was next to it once. */
static bool control(const struct vmbt_insn *in)
{
	if (in->flags & VMBT_IF_MEM)
		return (in->opcode == 0xd9 && (in->reg == 5 || in->reg == 7)) ||
		       (in->opcode == 0xdd && in->reg == 7);
	return in->opcode == 0xdb && in->modrm >= 0xe0 && in->modrm <= 0xe4;
}

bool vmbt_names_mmx(const struct vmbt_insn *in)
{
	for (u32 i = 0; i < in->nr_opds; i++)
		if (in->opd[i].kind == VMBT_OPD_MMX)
			return true;
	return in->op == VMBT_OP_EMMS;
}

enum vmbt_x87_last vmbt_x87_last(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_FXRSTOR:
	case VMBT_OP_FRSTOR:
	case VMBT_OP_FLDENV:
	case VMBT_OP_FNSAVE:
		return VMBT_X87_LOADED;
	case VMBT_OP_FXSAVE:
	case VMBT_OP_FNSTENV:
	case VMBT_OP_FNSTSW_AX:
	case VMBT_OP_FWAIT:
		return VMBT_X87_KEPT;
	case VMBT_OP_X87:
		if (in->opcode == 0xdb && in->modrm == 0xe3)	/* FNINIT */
			return VMBT_X87_LOADED;
		return control(in) ? VMBT_X87_KEPT : VMBT_X87_ITS_OWN;
	default:
		return in->flags & VMBT_IF_FPU || vmbt_names_mmx(in) ?
			VMBT_X87_ITS_OWN : VMBT_X87_KEPT;
	}
}
