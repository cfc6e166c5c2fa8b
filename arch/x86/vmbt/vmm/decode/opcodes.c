// SPDX-License-Identifier: GPL-2.0
/*
 * Opcodes of the one-byte and the 0F map, and their groups.
 *
 * One line an opcode: operation, class, operands. Default is deny: an opcode
 * without a line has class 0, which is VMBT_CLS_UD. Who adds a COPY says by it
 * that the instruction does and shows exactly the same at ring 1 or 3 in the
 * translation cache as in the guest at its own ring and address; the reasons
 * for every other class stand beside the lines.
 *
 * Opcodes that a mandatory prefix tells apart are in sse.c (PREFIXED).
 */
#include "tables.h"

#define O0(o, c)		{ VMBT_OP_##o, VMBT_CLS_##c, { 0 } }
#define O1(o, c, a)		{ VMBT_OP_##o, VMBT_CLS_##c, { OD_##a } }
#define O2(o, c, a, b)		{ VMBT_OP_##o, VMBT_CLS_##c, { OD_##a, OD_##b } }
#define O3(o, c, a, b, d)	{ VMBT_OP_##o, VMBT_CLS_##c, { OD_##a, OD_##b, OD_##d } }
#define GRP1(g, a)		{ GROUP_##g, TBL_GROUP, { OD_##a } }
#define GRP2(g, a, b)		{ GROUP_##g, TBL_GROUP, { OD_##a, OD_##b } }
#define SPLIT(g, r)		{ GROUP_##g, TBL_SPLIT, { GROUP_##r } }
#define BY_RM(g)		{ GROUP_##g, TBL_GROUP_RM, { 0 } }
#define PREFIXED		{ 0, TBL_PREFIXED, { 0 } }
#define ESC_X87			{ 0, TBL_X87, { 0 } }

/* Eight opcodes in a row. */
#define ROW8(n, line)				\
	[(n) ... (n) + 7] = line

/* The six forms of a two-operand arithmetic instruction. */
#define ARITH(n, o)				\
	[(n) + 0] = O2(o, COPY, EB, GB),	\
	[(n) + 1] = O2(o, COPY, EV, GV),	\
	[(n) + 2] = O2(o, COPY, GB, EB),	\
	[(n) + 3] = O2(o, COPY, GV, EV),	\
	[(n) + 4] = O2(o, COPY, AL, IB),	\
	[(n) + 5] = O2(o, COPY, RAX, IZ)

enum {
	GROUP_ARITH,		/* 80..83 */
	GROUP_POP,		/* 8F */
	GROUP_SHIFT,		/* C0, C1, D0..D3 */
	GROUP_MOV_B,		/* C6 */
	GROUP_MOV_V,		/* C7 */
	GROUP_UNARY_B,		/* F6 */
	GROUP_UNARY_V,		/* F7 */
	GROUP_INC_B,		/* FE */
	GROUP_INC_V,		/* FF */
	GROUP_LDT,		/* 0F 00 */
	GROUP_GDT,		/* 0F 01, memory */
	GROUP_GDT_REG,		/* 0F 01, register, then by ModRM.rm: */
	GROUP_01_C0,
	GROUP_01_C8,
	GROUP_01_D0,
	GROUP_01_D8,
	GROUP_01_E8,
	GROUP_01_F8,
	GROUP_PREFETCH_AMD,	/* 0F 0D */
	GROUP_PREFETCH,		/* 0F 18 */
	GROUP_BT,		/* 0F BA */
	GROUP_XABORT,		/* C6 F8 */
	GROUP_XBEGIN,		/* C7 F8 */
};

const struct opc vmbt_opc_1byte[256] = {
	ARITH(0x00, ADD),
	/*
	 * Segment registers: the translator keeps the shadow or cached
	 * descriptor, and the selector that the guest sees differs in its RPL.
	 */
	[0x06] = O1(PUSH_SREG, CALLOUT, ES),
	[0x07] = O1(POP_SREG, CALLOUT, ES),
	ARITH(0x08, OR),
	[0x0e] = O1(PUSH_SREG, CALLOUT, CS),
	/* 0F: the second map; POP CS of the 8086 never existed on a 386 */
	ARITH(0x10, ADC),
	[0x16] = O1(PUSH_SREG, CALLOUT, SS),
	[0x17] = O1(POP_SREG, CALLOUT, SS),
	ARITH(0x18, SBB),
	[0x1e] = O1(PUSH_SREG, CALLOUT, DS),
	[0x1f] = O1(POP_SREG, CALLOUT, DS),
	ARITH(0x20, AND),
	[0x27] = O0(DAA, COPY),
	ARITH(0x28, SUB),
	[0x2f] = O0(DAS, COPY),
	ARITH(0x30, XOR),
	[0x37] = O0(AAA, COPY),
	ARITH(0x38, CMP),
	[0x3f] = O0(AAS, COPY),

	ROW8(0x40, O1(INC, COPY, ZV)),
	ROW8(0x48, O1(DEC, COPY, ZV)),
	ROW8(0x50, O1(PUSH, COPY, ZV)),
	ROW8(0x58, O1(POP, COPY, ZV)),

	[0x60] = O0(PUSHA, COPY),
	[0x61] = O0(POPA, COPY),
	/* #BR pushes the address of BOUND itself */
	[0x62] = O2(BOUND, INTERP, GV, MA),
	/* Sees the RPL that vmbt put into selectors */
	[0x63] = O2(ARPL, INTERP, EW, GW),
	[0x68] = O1(PUSH, COPY, IZ),
	[0x69] = O3(IMUL, COPY, GV, EV, IZ),
	[0x6a] = O1(PUSH, COPY, IS),
	[0x6b] = O3(IMUL, COPY, GV, EV, IS),
	/* Ports are never the hardware's */
	[0x6c] = O2(INS, CALLOUT, YB, DX),
	[0x6d] = O2(INS, CALLOUT, YV, DX),
	[0x6e] = O2(OUTS, CALLOUT, DX, XB),
	[0x6f] = O2(OUTS, CALLOUT, DX, XV),

	ROW8(0x70, O1(JCC, REWRITE, JB)),
	ROW8(0x78, O1(JCC, REWRITE, JB)),

	[0x80] = GRP2(ARITH, EB, IB),
	[0x81] = GRP2(ARITH, EV, IZ),
	[0x82] = GRP2(ARITH, EB, IB),	/* alias of 80 outside 64-bit mode */
	[0x83] = GRP2(ARITH, EV, IS),
	[0x84] = O2(TEST, COPY, EB, GB),
	[0x85] = O2(TEST, COPY, EV, GV),
	[0x86] = O2(XCHG, COPY, EB, GB),
	[0x87] = O2(XCHG, COPY, EV, GV),
	[0x88] = O2(MOV, COPY, EB, GB),
	[0x89] = O2(MOV, COPY, EV, GV),
	[0x8a] = O2(MOV, COPY, GB, EB),
	[0x8b] = O2(MOV, COPY, GV, EV),
	[0x8c] = O2(MOV_FROM_SREG, CALLOUT, EVW, SW),
	[0x8d] = O2(LEA, COPY, GV, M),
	[0x8e] = O2(MOV_TO_SREG, CALLOUT, SW, EW),
	[0x8f] = GRP1(POP, EV),

	[0x90] = O0(NOP, COPY),		/* F3 90 is PAUSE: see decode.c */
	[0x91 ... 0x97] = O2(XCHG, COPY, ZV, RAX),
	[0x98] = O0(CBW, COPY),
	[0x99] = O0(CWD, COPY),
	[0x9a] = O1(CALL_FAR, CALLOUT, AP),
	[0x9b] = O0(FWAIT, COPY),
	/* IF, IOPL and VM of the real flags are not the guest's */
	[0x9c] = O0(PUSHF, CALLOUT),
	[0x9d] = O0(POPF, CALLOUT),
	[0x9e] = O0(SAHF, COPY),
	[0x9f] = O0(LAHF, COPY),

	[0xa0] = O2(MOV, COPY, AL, OB),
	[0xa1] = O2(MOV, COPY, RAX, OV),
	[0xa2] = O2(MOV, COPY, OB, AL),
	[0xa3] = O2(MOV, COPY, OV, RAX),
	[0xa4] = O2(MOVS, COPY, YB, XB),
	[0xa5] = O2(MOVS, COPY, YV, XV),
	[0xa6] = O2(CMPS, COPY, XB, YB),
	[0xa7] = O2(CMPS, COPY, XV, YV),
	[0xa8] = O2(TEST, COPY, AL, IB),
	[0xa9] = O2(TEST, COPY, RAX, IZ),
	[0xaa] = O2(STOS, COPY, YB, AL),
	[0xab] = O2(STOS, COPY, YV, RAX),
	[0xac] = O2(LODS, COPY, AL, XB),
	[0xad] = O2(LODS, COPY, RAX, XV),
	[0xae] = O2(SCAS, COPY, AL, YB),
	[0xaf] = O2(SCAS, COPY, RAX, YV),

	ROW8(0xb0, O2(MOV, COPY, ZB, IB)),
	ROW8(0xb8, O2(MOV, COPY, ZV, IZ)),

	[0xc0] = GRP2(SHIFT, EB, IB),
	[0xc1] = GRP2(SHIFT, EV, IB),
	[0xc2] = O1(RET, REWRITE, IW),
	[0xc3] = O0(RET, REWRITE),
	/* C4, C5 with mod 3 are VEX, 62 with mod 3 EVEX: see decode.c */
	[0xc4] = O2(LOAD_FAR, CALLOUT, GV, MP),
	[0xc5] = O2(LOAD_FAR, CALLOUT, GV, MP),
	[0xc6] = GRP2(MOV_B, EB, IB),
	[0xc7] = GRP2(MOV_V, EV, IZ),
	[0xc8] = O2(ENTER, COPY, IW, I2),
	[0xc9] = O0(LEAVE, COPY),
	[0xca] = O1(RETF, CALLOUT, IW),
	[0xcb] = O0(RETF, CALLOUT),
	[0xcc] = O0(INT3, CALLOUT),
	[0xcd] = O1(INT, CALLOUT, IB),
	[0xce] = O0(INTO, CALLOUT),
	[0xcf] = O0(IRET, CALLOUT),

	[0xd0] = GRP2(SHIFT, EB, ONE),
	[0xd1] = GRP2(SHIFT, EV, ONE),
	[0xd2] = GRP2(SHIFT, EB, CL),
	[0xd3] = GRP2(SHIFT, EV, CL),
	[0xd4] = O1(AAM, COPY, IB),
	[0xd5] = O1(AAD, COPY, IB),
	[0xd6] = O0(SALC, COPY),
	[0xd7] = O1(XLAT, COPY, XLAT),
	ROW8(0xd8, ESC_X87),

	[0xe0] = O1(LOOPNE, REWRITE, JB),
	[0xe1] = O1(LOOPE, REWRITE, JB),
	[0xe2] = O1(LOOP, REWRITE, JB),
	[0xe3] = O1(JCXZ, REWRITE, JB),
	[0xe4] = O2(IN, CALLOUT, AL, IB),
	[0xe5] = O2(IN, CALLOUT, RAX, IB),
	[0xe6] = O2(OUT, CALLOUT, IB, AL),
	[0xe7] = O2(OUT, CALLOUT, IB, RAX),
	[0xe8] = O1(CALL, REWRITE, JZ),
	[0xe9] = O1(JMP, REWRITE, JZ),
	[0xea] = O1(JMP_FAR, CALLOUT, AP),
	[0xeb] = O1(JMP, REWRITE, JB),
	[0xec] = O2(IN, CALLOUT, AL, DX),
	[0xed] = O2(IN, CALLOUT, RAX, DX),
	[0xee] = O2(OUT, CALLOUT, DX, AL),
	[0xef] = O2(OUT, CALLOUT, DX, RAX),

	/* A real #DB would show an address in the translation cache */
	[0xf1] = O0(INT1, CALLOUT),
	[0xf4] = O0(HLT, CALLOUT),
	[0xf5] = O0(CMC, COPY),
	[0xf6] = GRP1(UNARY_B, EB),
	[0xf7] = GRP1(UNARY_V, EV),
	[0xf8] = O0(CLC, COPY),
	[0xf9] = O0(STC, COPY),
	[0xfa] = O0(CLI, CALLOUT),
	[0xfb] = O0(STI, CALLOUT),
	[0xfc] = O0(CLD, COPY),
	[0xfd] = O0(STD, COPY),
	[0xfe] = GRP1(INC_B, EB),
	[0xff] = GRP1(INC_V, EV),
};

const struct opc vmbt_opc_0f[256] = {
	[0x00] = GRP1(LDT, EW),
	[0x01] = SPLIT(GDT, GDT_REG),
	/* Rights and limits are those of shadow descriptors */
	[0x02] = O2(LAR, INTERP, GV, EVW),
	[0x03] = O2(LSL, INTERP, GV, EVW),
	/*
	 * EFER.SCE is clear while a guest runs, so they would be #UD natively;
	 * valid for a guest that set it on a virtual CPU of AMD's kind.
	 */
	[0x05] = O0(SYSCALL, INTERP),
	[0x06] = O0(CLTS, CALLOUT),
	[0x07] = O0(SYSRET, INTERP),
	[0x08] = O0(INVD, INTERP),
	[0x09] = O0(WBINVD, INTERP),	/* F3, WBNOINVD, likewise */
	[0x0b] = O0(UD2, UD),
	[0x0d] = GRP1(PREFETCH_AMD, EV),
	/* 0E, 0F: 3DNow! is gone from all 64-bit-only era CPUs: #UD */
	ROW8(0x10, PREFIXED),
	[0x18] = GRP1(PREFETCH, EV),
	/* Hints; MPX, CLDEMOTE and RDSSP are such where not enabled */
	[0x19 ... 0x1d] = O1(HINT_NOP, COPY, EV),
	[0x1e] = PREFIXED,		/* ENDBR */
	[0x1f] = O1(NOP, COPY, EV),
	[0x20] = O2(MOV_FROM_CR, CALLOUT, RD, CD),
	[0x21] = O2(MOV_FROM_DR, INTERP, RD, DD),
	[0x22] = O2(MOV_TO_CR, CALLOUT, CD, RD),
	[0x23] = O2(MOV_TO_DR, INTERP, DD, RD),
	ROW8(0x28, PREFIXED),
	[0x30] = O0(WRMSR, CALLOUT),
	[0x31] = O0(RDTSC, CALLOUT),
	[0x32] = O0(RDMSR, CALLOUT),
	[0x33] = O0(RDPMC, INTERP),
	[0x34] = O0(SYSENTER, CALLOUT),
	[0x35] = O0(SYSEXIT, CALLOUT),
	[0x37] = O0(GETSEC, UD),	/* SMX is hidden, CR4.SMXE is 0 */
	ROW8(0x40, O2(CMOVCC, COPY, GV, EV)),
	ROW8(0x48, O2(CMOVCC, COPY, GV, EV)),
	[0x50 ... 0x7f] = PREFIXED,
	ROW8(0x80, O1(JCC, REWRITE, JZ)),
	ROW8(0x88, O1(JCC, REWRITE, JZ)),
	ROW8(0x90, O1(SETCC, COPY, EB)),
	ROW8(0x98, O1(SETCC, COPY, EB)),
	[0xa0] = O1(PUSH_SREG, CALLOUT, FS),
	[0xa1] = O1(POP_SREG, CALLOUT, FS),
	[0xa2] = O0(CPUID, CALLOUT),
	[0xa3] = O2(BT, COPY, EV, GV),
	[0xa4] = O3(SHLD, COPY, EV, GV, IB),
	[0xa5] = O3(SHLD, COPY, EV, GV, CL),
	[0xa8] = O1(PUSH_SREG, CALLOUT, GS),
	[0xa9] = O1(POP_SREG, CALLOUT, GS),
	[0xaa] = O0(RSM, UD),		/* the virtual machine has no SMM */
	[0xab] = O2(BTS, COPY, EV, GV),
	[0xac] = O3(SHRD, COPY, EV, GV, IB),
	[0xad] = O3(SHRD, COPY, EV, GV, CL),
	[0xae] = PREFIXED,
	[0xaf] = O2(IMUL, COPY, GV, EV),
	[0xb0] = O2(CMPXCHG, COPY, EB, GB),
	[0xb1] = O2(CMPXCHG, COPY, EV, GV),
	[0xb2] = O2(LOAD_FAR, CALLOUT, GV, MP),
	[0xb3] = O2(BTR, COPY, EV, GV),
	[0xb4] = O2(LOAD_FAR, CALLOUT, GV, MP),
	[0xb5] = O2(LOAD_FAR, CALLOUT, GV, MP),
	[0xb6] = O2(MOVZX, COPY, GV, EB),
	[0xb7] = O2(MOVZX, COPY, GV, EW),
	[0xb8] = PREFIXED,		/* POPCNT */
	[0xb9] = O2(UD1, UD, GV, EV),
	[0xba] = GRP2(BT, EV, IB),
	[0xbb] = O2(BTC, COPY, EV, GV),
	[0xbc] = PREFIXED,		/* BSF, TZCNT */
	[0xbd] = PREFIXED,		/* BSR, LZCNT */
	[0xbe] = O2(MOVSX, COPY, GV, EB),
	[0xbf] = O2(MOVSX, COPY, GV, EW),
	[0xc0] = O2(XADD, COPY, EB, GB),
	[0xc1] = O2(XADD, COPY, EV, GV),
	[0xc2 ... 0xc7] = PREFIXED,
	ROW8(0xc8, O1(BSWAP, COPY, ZV)),
	[0xd0 ... 0xfe] = PREFIXED,
	[0xff] = O2(UD0, UD, GV, EV),
};

/*
 * Groups by ModRM.reg (or rm). Operands come from the opcode's line unless the
 * group's line has its own.
 */
const struct opc vmbt_opc_group[][8] = {
	[GROUP_ARITH] = {
		O0(ADD, COPY), O0(OR, COPY), O0(ADC, COPY), O0(SBB, COPY),
		O0(AND, COPY), O0(SUB, COPY), O0(XOR, COPY), O0(CMP, COPY),
	},
	[GROUP_POP] = {
		[0] = O0(POP, COPY),	/* others: XOP of AMD's family 15h, #UD */
	},
	[GROUP_SHIFT] = {
		O0(ROL, COPY), O0(ROR, COPY), O0(RCL, COPY), O0(RCR, COPY),
		O0(SHL, COPY), O0(SHR, COPY),
		O0(SHL, COPY),		/* alias: SAL */
		O0(SAR, COPY),
	},
	[GROUP_MOV_B] = {
		[0] = O0(MOV, COPY),
		[7] = BY_RM(XABORT),
	},
	[GROUP_MOV_V] = {
		[0] = O0(MOV, COPY),
		[7] = BY_RM(XBEGIN),
	},
	/* RTM is hidden: an abort would show that and restart elsewhere */
	[GROUP_XABORT] = {
		[0] = O1(XABORT, UD, IB),
	},
	[GROUP_XBEGIN] = {
		[0] = O1(XBEGIN, UD, JZ),
	},
	[GROUP_UNARY_B] = {
		O2(TEST, COPY, EB, IB),
		O2(TEST, COPY, EB, IB),	/* alias */
		O0(NOT, COPY), O0(NEG, COPY),
		O0(MUL, COPY), O0(IMUL1, COPY), O0(DIV, COPY), O0(IDIV, COPY),
	},
	[GROUP_UNARY_V] = {
		O2(TEST, COPY, EV, IZ),
		O2(TEST, COPY, EV, IZ),	/* alias */
		O0(NOT, COPY), O0(NEG, COPY),
		O0(MUL, COPY), O0(IMUL1, COPY), O0(DIV, COPY), O0(IDIV, COPY),
	},
	[GROUP_INC_B] = {
		O0(INC, COPY), O0(DEC, COPY),
	},
	[GROUP_INC_V] = {
		O0(INC, COPY), O0(DEC, COPY),
		O0(CALL_IND, REWRITE), O1(CALL_FAR, CALLOUT, MP),
		O0(JMP_IND, REWRITE), O1(JMP_FAR, CALLOUT, MP),
		O0(PUSH, COPY),
	},
	/* Selectors and descriptors of the shadow tables, not the guest's */
	[GROUP_LDT] = {
		O1(SLDT, INTERP, EVW), O1(STR, INTERP, EVW),
		O0(LLDT, INTERP), O0(LTR, INTERP),
		O0(VERR, INTERP), O0(VERW, INTERP),
	},
	[GROUP_GDT] = {
		O1(SGDT, INTERP, MS), O1(SIDT, INTERP, MS),
		O1(LGDT, CALLOUT, MS), O1(LIDT, CALLOUT, MS),
		O1(SMSW, INTERP, EVW),
		[6] = O1(LMSW, INTERP, EW),
		[7] = O1(INVLPG, CALLOUT, MB),
	},
	[GROUP_GDT_REG] = {
		BY_RM(01_C0), BY_RM(01_C8), BY_RM(01_D0), BY_RM(01_D8),
		O1(SMSW, INTERP, EVW), BY_RM(01_E8), O1(LMSW, INTERP, EW),
		BY_RM(01_F8),
	},
	/*
	 * The virtual CPU has neither VMX nor SGX: CPUID hides them, they are
	 * #UD. Copied, VMCALL would reach a hypervisor under the host.
	 */
	[GROUP_01_C0] = {
		O0(ENCLV, UD), O0(VMCALL, UD), O0(VMLAUNCH, UD),
		O0(VMRESUME, UD), O0(VMXOFF, UD), O0(PCONFIG, UD),
	},
	/*
	 * MONITOR is hidden: waiting is HLT's job, and a guest must not put the
	 * processor to sleep with the host's interrupts.
	 * CLAC, STAC: #UD unless CPL is 0, so never right when copied.
	 */
	[GROUP_01_C8] = {
		O0(MONITOR, UD), O0(MWAIT, UD), O0(CLAC, CALLOUT),
		O0(STAC, CALLOUT), [7] = O0(ENCLS, UD),
	},
	/* XCR0 is the guest's only if it was offered XSAVE; VMX, RTM, SGX hidden */
	[GROUP_01_D0] = {
		O0(XGETBV, INTERP), O0(XSETBV, INTERP), [4] = O0(VMFUNC, UD),
		O0(XEND, UD), O0(XTEST, UD), O0(ENCLU, UD),
	},
	/* SVM is hidden; VMMCALL would reach a hypervisor under the host */
	[GROUP_01_D8] = {
		O0(VMRUN, UD), O0(VMMCALL, UD), O0(VMLOAD, UD), O0(VMSAVE, UD),
		O0(STGI, UD), O0(CLGI, UD), O0(SKINIT, UD), O0(INVLPGA, UD),
	},
	/* SERIALIZE hidden; protection keys off: CR4.PKE is 0 */
	[GROUP_01_E8] = {
		[0] = O0(SERIALIZE, UD),
		[6] = O0(RDPKRU, UD), [7] = O0(WRPKRU, UD),
	},
	/*
	 * RDTSCP: the guest's clock, and the host's CPU number in TSC_AUX.
	 * SWAPGS is for 64-bit mode; the others are hidden, RDPRU because it
	 * reads the host's performance counters.
	 */
	[GROUP_01_F8] = {
		[1] = O0(RDTSCP, CALLOUT), O0(MONITORX, UD), O0(MWAITX, UD),
		O0(CLZERO, UD), O0(RDPRU, UD), O0(INVLPGB, UD), O0(TLBSYNC, UD),
	},
	[GROUP_PREFETCH_AMD] = {
		O1(PREFETCH, COPY, EB), O1(PREFETCH, COPY, EB),
		O1(PREFETCH, COPY, EB), O1(PREFETCH, COPY, EB),
		O1(PREFETCH, COPY, EB), O1(PREFETCH, COPY, EB),
		O1(PREFETCH, COPY, EB), O1(PREFETCH, COPY, EB),
	},
	[GROUP_PREFETCH] = {
		O1(PREFETCH, COPY, EB), O1(PREFETCH, COPY, EB),
		O1(PREFETCH, COPY, EB), O1(PREFETCH, COPY, EB),
		O0(HINT_NOP, COPY), O0(HINT_NOP, COPY),
		O0(HINT_NOP, COPY), O0(HINT_NOP, COPY),
	},
	[GROUP_BT] = {
		[4] = O0(BT, COPY), O0(BTS, COPY), O0(BTR, COPY), O0(BTC, COPY),
	},
};
