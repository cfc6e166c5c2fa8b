// SPDX-License-Identifier: GPL-2.0
/*
 * Where our decoder and Zydis 4.0 differ, and who is right.
 *
 * A line matches by kind of difference, then by operations from first to last,
 * or, where operation is INVALID or stands for a whole group, by map and range
 * of opcodes. "CPU" in a reason: seen on a processor by the declen test.
 */
#include <stdio.h>

#include "accepted.h"

const char *const vmbt_diff_names[DIFF_KINDS] = {
	[DIFF_WE_REFUSE] = "we refuse",
	[DIFF_THEY_REFUSE] = "they refuse",
	[DIFF_LEN] = "length",
	[DIFF_PARTS] = "parts",
	[DIFF_MEM] = "memory operand",
	[DIFF_DISP] = "displacement",
	[DIFF_SEG] = "segment",
	[DIFF_MSIZE] = "memory size",
	[DIFF_IMM] = "immediate",
	[DIFF_REGS_READ] = "registers read",
	[DIFF_REGS_WRITTEN] = "registers written",
	[DIFF_FL_READ] = "flags read",
	[DIFF_FL_MOD] = "flags modified",
	[DIFF_FL_UNDEF] = "flags undefined",
	[DIFF_MEM_ACCESS] = "memory access",
	[DIFF_TOGGLE] = "moved to the other code size",
};

#define ANY_MAP		0xff
/* By operation. */
#define OP(k, o, why) \
	{ DIFF_##k, VMBT_OP_##o, VMBT_OP_##o, ANY_MAP, 0, 0xff, why, 0 }
#define OPS(k, a, b, why) \
	{ DIFF_##k, VMBT_OP_##a, VMBT_OP_##b, ANY_MAP, 0, 0xff, why, 0 }
/* By opcode, whatever the operation. */
#define CODE(k, m, a, b, why) \
	{ DIFF_##k, VMBT_OP_INVALID, VMBT_OP_COUNT, VMBT_MAP_##m, a, b, why, 0 }

static struct accepted {
	enum diff_kind kind;
	u16 first_op, last_op;
	u8 map, first, last;
	const char *why;
	unsigned long count;
} accepted[] = {
	/* What later or other CPUs have, and the virtual CPU has not. */
	CODE(WE_REFUSE, 0F, 0x0e, 0x0f, "3DNow!: gone from CPUs; CPU: #UD"),
	CODE(WE_REFUSE, 0F, 0xa6, 0xa7, "VIA PadLock; CPU: #UD"),
	CODE(WE_REFUSE, 0F, 0x01, 0x01, "RSTORSSP and kin: CR4.CET is 0, then #UD"),
	CODE(WE_REFUSE, 0F38, 0xd8, 0xdf, "Key Locker; hidden"),
	CODE(WE_REFUSE, 0F38, 0xfa, 0xfb, "Key Locker; hidden"),
	CODE(WE_REFUSE, 0F3A, 0xf0, 0xf0, "HRESET; hidden"),
	CODE(WE_REFUSE, 1BYTE, 0x62, 0x62, "EVEX (AVX-512); hidden"),
	CODE(WE_REFUSE, VEX_0F, 0x41, 0x4b, "AVX-512 masks; hidden"),
	CODE(WE_REFUSE, VEX_0F, 0x90, 0x93, "AVX-512 masks; hidden"),
	CODE(WE_REFUSE, VEX_0F, 0x98, 0x99, "AVX-512 masks; hidden"),
	CODE(WE_REFUSE, VEX_0F3A, 0x30, 0x33, "AVX-512 masks; hidden"),
	CODE(WE_REFUSE, VEX_0F3A, 0x48, 0x49, "XOP of AMD's family 15h; CPU: #UD"),
	CODE(WE_REFUSE, VEX_0F3A, 0x5c, 0x5f, "FMA4 of AMD's family 15h; CPU: #UD"),
	CODE(WE_REFUSE, VEX_0F3A, 0x68, 0x6f, "FMA4 of AMD's family 15h; CPU: #UD"),
	CODE(WE_REFUSE, VEX_0F3A, 0x78, 0x7f, "FMA4 of AMD's family 15h; CPU: #UD"),
	CODE(WE_REFUSE, 1BYTE, 0x8f, 0x8f, "XOP of AMD's family 15h; CPU: #UD"),

	/* Always #UD for the guest, with prefixes or without. */
	OP(THEY_REFUSE, GETSEC, "with 66, F2, F3; class UD in any case"),
	OPS(THEY_REFUSE, MONITOR, MWAITX, "with prefixes; class UD in any case"),
	OPS(THEY_REFUSE, VMCALL, VMXOFF, "with prefixes; CPU: VMCALL ignores them"),
	OP(THEY_REFUSE, VMFUNC, "with prefixes; class UD in any case"),
	OPS(THEY_REFUSE, INVLPGB, TLBSYNC, "with prefixes; CPU: takes them"),
	OPS(THEY_REFUSE, ENCLS, SERIALIZE, "with prefixes; class UD in any case"),
	OPS(THEY_REFUSE, XEND, XTEST, "with prefixes; class UD in any case"),
	OPS(THEY_REFUSE, RDPKRU, WRPKRU, "with prefixes; class UD in any case"),
	OP(MSIZE, UD0, "no operand is accessed"),
	OP(MSIZE, UD1, "no operand is accessed"),

	/* Flags: the manual's text against tables. */
	OP(FL_UNDEF, SBB, "SDM: AF is set according to the result"),
	OPS(FL_UNDEF, ROL, SHRD,
	    "a constant count: OF for 1 only, nothing for 0, CF lost beyond the width"),
	OPS(FL_MOD, ROL, SHRD, "a constant count of 0 changes nothing"),
	OPS(FL_READ, RCL, RCR, "a constant count of 0 reads nothing"),
	OPS(FL_MOD, MOV_FROM_CR, MOV_TO_DR, "SDM: flags are undefined after MOV CR, DR"),
	OPS(FL_UNDEF, MOV_FROM_CR, MOV_TO_DR, "SDM: flags are undefined after MOV CR, DR"),
	OP(FL_MOD, AVX_COMI, "SDM: VPTEST, VTESTPx clear OF, AF, PF, SF"),
	OP(FL_UNDEF, BEXTR, "SDM: CF and OF are cleared, only AF, SF, PF undefined"),
	OP(FL_READ, CMPS, "REPE looks at ZF as CMPS set it, not before"),
	OP(FL_READ, SCAS, "REPE looks at ZF as SCAS set it, not before"),
	OP(FL_READ, IRET, "with NT: the flags go to the TSS"),
	OPS(FL_READ, INT, INTO, "the flags are pushed"),
	OP(FL_MOD, SYSCALL, "legacy mode: IF and VM only"),
	OP(FL_MOD, SYSRET, "legacy mode: IF only"),

	/* Registers. */
	OPS(REGS_READ, INT, INTO, "the stack pointer"),
	OPS(REGS_WRITTEN, INT, INTO, "the stack pointer"),
	OP(REGS_WRITTEN, SYSCALL, "ECX takes the return address"),
	OP(REGS_READ, SYSRET, "ECX holds the return address"),
	OPS(REGS_READ, BSF, LZCNT, "zero source, or no BMI: the destination stays"),
	OP(REGS_READ, NOP, "operands of NOPs are not read"),
	OP(REGS_READ, HINT_NOP, "operands of NOPs are not read"),
	OP(TOGGLE, PREFETCH, "operands of NOPs have no size"),
	OP(TOGGLE, HINT_NOP, "operands of NOPs have no size"),
	OP(REGS_READ, PREFETCH, "operands of NOPs are not read"),
	OP(REGS_WRITTEN, HINT_NOP, "RDSSP is a NOP with CR4.CET 0"),
	OP(REGS_READ, XLAT, "AL is the index"),
	OP(REGS_WRITTEN, CMPS, "ESI and EDI step on"),
	OP(REGS_WRITTEN, SCAS, "EDI steps on"),
	OP(REGS_WRITTEN, INS, "EDI steps on"),
	OP(REGS_WRITTEN, OUTS, "ESI steps on"),
	OP(REGS_READ, AVX_PCMPSTR, "VEX.W 1: the same registers, ignored here"),

	/* Memory. */
	OP(SEG, LEA, "no access; override kept for the text"),
	OP(SEG, CALL_IND, "3E is no-track only with CET; a segment still"),
	OP(SEG, JMP_IND, "3E is no-track only with CET; a segment still"),
	OP(MSIZE, LEA, "no access"),
	OPS(MSIZE, CLFLUSH, CLWB, "a line, of whatever size"),
	OPS(MSIZE, XSAVE, XRSTORS, "by XCR0 and EDX:EAX"),
	OP(MEM_ACCESS, INVLPG, "no access"),
	OP(MEM_ACCESS, LEAVE, "the stack, counted as such"),
	OPS(MEM_ACCESS, NOP, PREFETCH, "no access"),
	OP(MEM_ACCESS, XSAVEC, "XSTATE_BV of the header may be read"),
};

bool vmbt_accepted(const struct vmbt_insn *in, enum diff_kind kind, u32 ours,
		   u32 theirs)
{
	unsigned int i;

	(void)ours;
	(void)theirs;
	for (i = 0; i < ARRAY_SIZE(accepted); i++) {
		struct accepted *a = &accepted[i];

		if (a->kind != kind || in->op < a->first_op || in->op > a->last_op)
			continue;
		if (a->map != ANY_MAP &&
		    (a->map != in->map || in->opcode < a->first ||
		     in->opcode > a->last))
			continue;
		a->count++;
		return true;
	}
	return false;
}

unsigned int vmbt_accepted_count(void)
{
	return ARRAY_SIZE(accepted);
}

unsigned int vmbt_accepted_unused(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(accepted); i++) {
		if (accepted[i].count)
			continue;
		printf("not ok decode/accepted: nothing needs line %u: %s, %s\n", i,
		       vmbt_diff_names[accepted[i].kind], accepted[i].why);
		n++;
	}
	return n;
}
