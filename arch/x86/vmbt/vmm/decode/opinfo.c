// SPDX-License-Identifier: GPL-2.0
/*
 * What each operation does to its operands, to registers and to EFLAGS.
 *
 * One line an operation: access to the explicit operands in order, registers
 * read and written beyond them, flags read, changed, and left undefined. The
 * translator picks scratch registers and drops flag saves by these lines, so
 * an error here is a silent miscompilation: the tests hold them against
 * another decoder's tables. Registers of addresses, of string operands and the
 * counter of REP are added by decode.c.
 */
#include "tables.h"

#define AX	BIT(VMBT_REG_EAX)
#define CX	BIT(VMBT_REG_ECX)
#define DX	BIT(VMBT_REG_EDX)
#define BX	BIT(VMBT_REG_EBX)
#define SP	BIT(VMBT_REG_ESP)
#define BP	BIT(VMBT_REG_EBP)
#define ALL	0xff

#define CF	VMBT_FL_CF
#define PF	VMBT_FL_PF
#define AF	VMBT_FL_AF
#define ZF	VMBT_FL_ZF
#define SF	VMBT_FL_SF
#define TF	VMBT_FL_TF
#define IF	VMBT_FL_IF
#define DF	VMBT_FL_DF
#define OF	VMBT_FL_OF
#define NT	VMBT_FL_NT
#define AC	VMBT_FL_AC
#define ARITH	VMBT_FL_ARITH
#define SYS	(TF | IF | DF | VMBT_FL_IOPL | NT | AC)

/* Access of up to four operands. */
#define A_		0
#define A_R		1
#define A_W		2
#define A_X		3	/* read and written */
#define ACC(a, b, c, d)	((a) | (b) << 2 | (c) << 4 | (d) << 6)
#define R		ACC(A_R, 0, 0, 0)
#define W		ACC(A_W, 0, 0, 0)
#define X		ACC(A_X, 0, 0, 0)
#define RR		ACC(A_R, A_R, 0, 0)
#define WR		ACC(A_W, A_R, 0, 0)
#define XR		ACC(A_X, A_R, 0, 0)
#define XX		ACC(A_X, A_X, 0, 0)
#define WRR		ACC(A_W, A_R, A_R, 0)
#define XRR		ACC(A_X, A_R, A_R, 0)
#define WWR		ACC(A_W, A_W, A_R, 0)
#define WRRR		ACC(A_W, A_R, A_R, A_R)
#define NO		0

#define LOCK		OI_LOCK
#define OSZ		OI_OSZ
#define MAYBE		OI_FL_MAYBE
#define PRIV		VMBT_IF_PRIV
#define IOPL		VMBT_IF_IOPL
#define PM		VMBT_IF_PM_ONLY
#define STACK		VMBT_IF_STACK
#define FPU		VMBT_IF_FPU
#define SIMD		VMBT_IF_SIMD
#define END		VMBT_IF_ENDS_BLOCK
#define BITOFF		VMBT_IF_BIT_OFFSET
#define SHADOW		VMBT_IF_BLOCKS_INTR

/* Operation, mnemonic, access, then effects. */
#define OP(o, n, a, rr, rw, flr, flm, flu, fl) \
	[VMBT_OP_##o] = { n, a, rr, rw, VMBT_BR_NONE, flr, flm, flu, fl }
/* Control flow. */
#define BR(o, n, a, rr, rw, flr, br, fl) \
	[VMBT_OP_##o] = { n, a, rr, rw, VMBT_BR_##br, flr, 0, 0, fl }
/* Control flow that changes flags. */
#define BF(o, n, a, rr, rw, flr, flm, br, fl) \
	[VMBT_OP_##o] = { n, a, rr, rw, VMBT_BR_##br, flr, flm, 0, fl }
/* No effect beyond the operands. */
#define NF(o, n, a, fl) \
	[VMBT_OP_##o] = { n, a, 0, 0, VMBT_BR_NONE, 0, 0, 0, fl }
/* Hidden from the guest: always #UD. */
#define HID(o, n) \
	[VMBT_OP_##o] = { n, 0, 0, 0, VMBT_BR_NONE, 0, 0, 0, 0 }

const struct opinfo vmbt_opinfo[VMBT_OP_COUNT] = {
	[VMBT_OP_INVALID] = { .name = "(bad)" },

	OP(ADD, "add", XR, 0, 0, 0, ARITH, 0, LOCK),
	OP(OR, "or", XR, 0, 0, 0, ARITH, AF, LOCK),
	OP(ADC, "adc", XR, 0, 0, CF, ARITH, 0, LOCK),
	OP(SBB, "sbb", XR, 0, 0, CF, ARITH, 0, LOCK),
	OP(AND, "and", XR, 0, 0, 0, ARITH, AF, LOCK),
	OP(SUB, "sub", XR, 0, 0, 0, ARITH, 0, LOCK),
	OP(XOR, "xor", XR, 0, 0, 0, ARITH, AF, LOCK),
	OP(CMP, "cmp", RR, 0, 0, 0, ARITH, 0, 0),
	OP(INC, "inc", X, 0, 0, 0, ARITH & ~CF, 0, LOCK),
	OP(DEC, "dec", X, 0, 0, 0, ARITH & ~CF, 0, LOCK),
	NF(NOT, "not", X, LOCK),
	OP(NEG, "neg", X, 0, 0, 0, ARITH, 0, LOCK),
	OP(TEST, "test", RR, 0, 0, 0, ARITH, AF, 0),
	OP(MUL, "mul", R, AX, AX | DX, 0, ARITH, SF | ZF | AF | PF, 0),
	OP(IMUL1, "imul", R, AX, AX | DX, 0, ARITH, SF | ZF | AF | PF, 0),
	OP(IMUL, "imul", WRR, 0, 0, 0, ARITH, SF | ZF | AF | PF, 0),
	OP(DIV, "div", R, AX | DX, AX | DX, 0, ARITH, ARITH, 0),
	OP(IDIV, "idiv", R, AX | DX, AX | DX, 0, ARITH, ARITH, 0),
	/* Shifts: decode.c refines AF, OF and MAYBE by the count, if constant */
	OP(ROL, "rol", XR, 0, 0, 0, CF | OF, OF, MAYBE),
	OP(ROR, "ror", XR, 0, 0, 0, CF | OF, OF, MAYBE),
	OP(RCL, "rcl", XR, 0, 0, CF, CF | OF, OF, MAYBE),
	OP(RCR, "rcr", XR, 0, 0, CF, CF | OF, OF, MAYBE),
	OP(SHL, "shl", XR, 0, 0, 0, ARITH, AF | OF, MAYBE),
	OP(SHR, "shr", XR, 0, 0, 0, ARITH, AF | OF, MAYBE),
	OP(SAR, "sar", XR, 0, 0, 0, ARITH, AF | OF, MAYBE),
	OP(SHLD, "shld", XRR, 0, 0, 0, ARITH, AF | OF, MAYBE),
	OP(SHRD, "shrd", XRR, 0, 0, 0, ARITH, AF | OF, MAYBE),
	OP(AAA, "aaa", NO, AX, AX, AF, ARITH, OF | SF | ZF | PF, 0),
	OP(AAS, "aas", NO, AX, AX, AF, ARITH, OF | SF | ZF | PF, 0),
	OP(DAA, "daa", NO, AX, AX, CF | AF, ARITH, OF, 0),
	OP(DAS, "das", NO, AX, AX, CF | AF, ARITH, OF, 0),
	OP(AAM, "aam", R, AX, AX, 0, ARITH, OF | AF | CF, 0),
	OP(AAD, "aad", R, AX, AX, 0, ARITH, OF | AF | CF, 0),
	OP(CBW, "cbw", NO, AX, AX, 0, 0, 0, OSZ),
	OP(CWD, "cwd", NO, AX, DX, 0, 0, 0, OSZ),

	OP(BT, "bt", RR, 0, 0, 0, ARITH & ~ZF, OF | SF | AF | PF, BITOFF),
	OP(BTS, "bts", XR, 0, 0, 0, ARITH & ~ZF, OF | SF | AF | PF, BITOFF | LOCK),
	OP(BTR, "btr", XR, 0, 0, 0, ARITH & ~ZF, OF | SF | AF | PF, BITOFF | LOCK),
	OP(BTC, "btc", XR, 0, 0, 0, ARITH & ~ZF, OF | SF | AF | PF, BITOFF | LOCK),
	/* A source of zero leaves the destination as it was, on every CPU */
	OP(BSF, "bsf", XR, 0, 0, 0, ARITH, ARITH & ~ZF, 0),
	OP(BSR, "bsr", XR, 0, 0, 0, ARITH, ARITH & ~ZF, 0),
	/* On a CPU without BMI1 these two are BSF and BSR: hence X */
	OP(TZCNT, "tzcnt", XR, 0, 0, 0, ARITH, OF | SF | AF | PF, 0),
	OP(LZCNT, "lzcnt", XR, 0, 0, 0, ARITH, OF | SF | AF | PF, 0),
	OP(POPCNT, "popcnt", WR, 0, 0, 0, ARITH, 0, 0),
	NF(CRC32, "crc32", XR, 0),
	OP(ADCX, "adcx", XR, 0, 0, CF, CF, 0, 0),
	OP(ADOX, "adox", XR, 0, 0, OF, OF, 0, 0),
	OP(ANDN, "andn", WRR, 0, 0, 0, ARITH, AF | PF, PM),
	OP(BLSR, "blsr", WR, 0, 0, 0, ARITH, AF | PF, PM),
	OP(BLSMSK, "blsmsk", WR, 0, 0, 0, ARITH, AF | PF, PM),
	OP(BLSI, "blsi", WR, 0, 0, 0, ARITH, AF | PF, PM),
	OP(BZHI, "bzhi", WRR, 0, 0, 0, ARITH, AF | PF, PM),
	OP(BEXTR, "bextr", WRR, 0, 0, 0, ARITH, SF | AF | PF, PM),
	NF(PDEP, "pdep", WRR, PM),
	NF(PEXT, "pext", WRR, PM),
	OP(MULX, "mulx", WWR, DX, 0, 0, 0, 0, PM),
	NF(RORX, "rorx", WRR, PM),
	NF(SARX, "sarx", WRR, PM),
	NF(SHLX, "shlx", WRR, PM),
	NF(SHRX, "shrx", WRR, PM),

	NF(MOV, "mov", WR, 0),
	NF(MOVZX, "movzx", WR, 0),
	NF(MOVSX, "movsx", WR, 0),
	NF(MOVBE, "movbe", WR, 0),
	NF(MOVNTI, "movnti", WR, 0),
	NF(LEA, "lea", W, 0),
	NF(XCHG, "xchg", XX, LOCK),
	OP(XADD, "xadd", XX, 0, 0, 0, ARITH, 0, LOCK),
	OP(CMPXCHG, "cmpxchg", XR, AX, AX, 0, ARITH, 0, LOCK),
	OP(CMPXCHG8B, "cmpxchg8b", X, AX | BX | CX | DX, AX | DX, 0, ZF, 0, LOCK),
	NF(BSWAP, "bswap", X, 0),
	OP(XLAT, "xlat", R, AX, AX, 0, 0, 0, 0),
	NF(SETCC, "set", W, 0),		/* flags read: by condition, decode.c */
	NF(CMOVCC, "cmov", XR, 0),

	BR(JCC, "j", NO, 0, 0, 0, JCC, OSZ),
	BR(JMP, "jmp", NO, 0, 0, 0, JMP, OSZ | END),
	BR(JMP_IND, "jmp", R, 0, 0, 0, JMP_IND, OSZ | END),
	BR(CALL, "call", NO, SP, SP, 0, CALL, OSZ | STACK | END),
	BR(CALL_IND, "call", R, SP, SP, 0, CALL_IND, OSZ | STACK | END),
	BR(RET, "ret", R, SP, SP, 0, RET, OSZ | STACK | END),
	BR(LOOPNE, "loopne", NO, CX, CX, ZF, JCC, OSZ),
	BR(LOOPE, "loope", NO, CX, CX, ZF, JCC, OSZ),
	BR(LOOP, "loop", NO, CX, CX, 0, JCC, OSZ),
	BR(JCXZ, "jcxz", NO, CX, 0, 0, JCC, OSZ),

	BR(JMP_FAR, "jmp far", R, 0, 0, 0, FAR, OSZ | END),
	BR(CALL_FAR, "call far", R, SP, SP, 0, FAR, OSZ | STACK | END),
	BR(RETF, "retf", R, SP, SP, 0, FAR, OSZ | STACK | END),
	BF(IRET, "iret", NO, SP, SP, SYS, SYS | ARITH, FAR, OSZ | STACK | END | IOPL),
	BF(INT, "int", R, SP, SP, SYS | ARITH, TF | IF | NT | AC, INT, STACK | END | IOPL),
	BF(INT3, "int3", NO, SP, SP, SYS | ARITH, TF | IF | NT | AC, INT, STACK | END),
	BF(INT1, "int1", NO, SP, SP, SYS | ARITH, TF | IF | NT | AC, INT, STACK | END),
	BF(INTO, "into", NO, SP, SP, SYS | ARITH, TF | IF | NT | AC, INT, STACK),
	BR(BOUND, "bound", RR, 0, 0, 0, INT, 0),
	BF(SYSENTER, "sysenter", NO, 0, SP, 0, IF, FAR, PM | END),
	BR(SYSEXIT, "sysexit", NO, CX | DX, SP, 0, FAR, PM | PRIV | END),
	BF(SYSCALL, "syscall", NO, 0, CX, 0, IF, FAR, PM | END),
	BF(SYSRET, "sysret", NO, CX, 0, 0, IF, FAR, PM | PRIV | END),
	HID(RSM, "rsm"),
	BR(UD0, "ud0", NO, 0, 0, 0, INT, END),
	BR(UD1, "ud1", NO, 0, 0, 0, INT, END),
	BR(UD2, "ud2", NO, 0, 0, 0, INT, END),

	OP(PUSH, "push", R, SP, SP, 0, 0, 0, OSZ | STACK),
	OP(POP, "pop", W, SP, SP, 0, 0, 0, OSZ | STACK),
	OP(PUSHA, "pusha", NO, ALL, SP, 0, 0, 0, OSZ | STACK),
	OP(POPA, "popa", NO, SP, ALL, 0, 0, 0, OSZ | STACK),
	OP(PUSHF, "pushf", NO, SP, SP, SYS | ARITH, 0, 0, OSZ | STACK | IOPL),
	OP(POPF, "popf", NO, SP, SP, 0, SYS | ARITH, 0, OSZ | STACK | IOPL | MAYBE),
	OP(ENTER, "enter", RR, SP | BP, SP | BP, 0, 0, 0, OSZ | STACK),
	OP(LEAVE, "leave", NO, SP | BP, SP | BP, 0, 0, 0, OSZ | STACK),

	OP(PUSH_SREG, "push", R, SP, SP, 0, 0, 0, OSZ | STACK),
	OP(POP_SREG, "pop", W, SP, SP, 0, 0, 0, OSZ | STACK),
	NF(MOV_FROM_SREG, "mov", WR, 0),
	NF(MOV_TO_SREG, "mov", WR, 0),
	NF(LOAD_FAR, "l", WR, 0),

	OP(CMC, "cmc", NO, 0, 0, CF, CF, 0, 0),
	OP(CLC, "clc", NO, 0, 0, 0, CF, 0, 0),
	OP(STC, "stc", NO, 0, 0, 0, CF, 0, 0),
	OP(CLD, "cld", NO, 0, 0, 0, DF, 0, 0),
	OP(STD, "std", NO, 0, 0, 0, DF, 0, 0),
	OP(CLI, "cli", NO, 0, 0, 0, IF, 0, IOPL),
	OP(STI, "sti", NO, 0, 0, 0, IF, 0, IOPL | SHADOW),
	OP(LAHF, "lahf", NO, 0, AX, ARITH & ~OF, 0, 0, 0),
	OP(SAHF, "sahf", NO, AX, 0, 0, ARITH & ~OF, 0, 0),
	OP(SALC, "salc", NO, 0, AX, CF, 0, 0, 0),
	OP(CLAC, "clac", NO, 0, 0, 0, AC, 0, 0),
	OP(STAC, "stac", NO, 0, 0, 0, AC, 0, 0),

	OP(MOVS, "movs", WR, 0, 0, DF, 0, 0, 0),
	OP(CMPS, "cmps", RR, 0, 0, DF, ARITH, 0, 0),
	OP(STOS, "stos", WR, 0, 0, DF, 0, 0, 0),
	OP(LODS, "lods", WR, 0, 0, DF, 0, 0, 0),
	OP(SCAS, "scas", RR, 0, 0, DF, ARITH, 0, 0),
	OP(INS, "ins", WR, 0, 0, DF, 0, 0, IOPL),
	OP(OUTS, "outs", RR, 0, 0, DF, 0, 0, IOPL),
	NF(IN, "in", WR, IOPL),
	NF(OUT, "out", RR, IOPL),

	NF(NOP, "nop", NO, 0),
	NF(PAUSE, "pause", NO, 0),
	NF(HINT_NOP, "nop", NO, 0),
	NF(ENDBR, "endbr32", NO, 0),
	NF(PREFETCH, "prefetch", NO, 0),
	NF(CLFLUSH, "clflush", R, 0),
	NF(CLFLUSHOPT, "clflushopt", R, 0),
	NF(CLWB, "clwb", R, 0),
	NF(LFENCE, "lfence", NO, 0),
	NF(MFENCE, "mfence", NO, 0),
	NF(SFENCE, "sfence", NO, 0),

	NF(SGDT, "sgdt", W, OSZ),
	NF(SIDT, "sidt", W, OSZ),
	NF(LGDT, "lgdt", R, OSZ | PRIV),
	NF(LIDT, "lidt", R, OSZ | PRIV),
	NF(SLDT, "sldt", W, PM),
	NF(STR, "str", W, PM),
	NF(LLDT, "lldt", R, PM | PRIV),
	NF(LTR, "ltr", R, PM | PRIV),
	OP(VERR, "verr", R, 0, 0, 0, ZF, 0, PM),
	OP(VERW, "verw", R, 0, 0, 0, ZF, 0, PM),
	OP(LAR, "lar", XR, 0, 0, 0, ZF, 0, PM),
	OP(LSL, "lsl", XR, 0, 0, 0, ZF, 0, PM),
	OP(ARPL, "arpl", XR, 0, 0, 0, ZF, 0, PM),

	NF(HLT, "hlt", NO, PRIV),
	NF(SMSW, "smsw", W, 0),
	NF(LMSW, "lmsw", R, PRIV),
	NF(CLTS, "clts", NO, PRIV),
	NF(INVLPG, "invlpg", NO, PRIV),
	NF(INVD, "invd", NO, PRIV),
	NF(WBINVD, "wbinvd", NO, PRIV),
	OP(MOV_FROM_CR, "mov", WR, 0, 0, 0, ARITH, ARITH, PRIV),
	OP(MOV_TO_CR, "mov", WR, 0, 0, 0, ARITH, ARITH, PRIV),
	OP(MOV_FROM_DR, "mov", WR, 0, 0, 0, ARITH, ARITH, PRIV),
	OP(MOV_TO_DR, "mov", WR, 0, 0, 0, ARITH, ARITH, PRIV),
	OP(RDMSR, "rdmsr", NO, CX, AX | DX, 0, 0, 0, PRIV),
	OP(WRMSR, "wrmsr", NO, AX | CX | DX, 0, 0, 0, 0, PRIV),
	OP(RDTSC, "rdtsc", NO, 0, AX | DX, 0, 0, 0, 0),
	OP(RDTSCP, "rdtscp", NO, 0, AX | CX | DX, 0, 0, 0, 0),
	OP(RDPMC, "rdpmc", NO, CX, AX | DX, 0, 0, 0, 0),
	NF(RDPID, "rdpid", W, 0),
	OP(CPUID, "cpuid", NO, AX | CX, AX | BX | CX | DX, 0, 0, 0, 0),
	OP(RDRAND, "rdrand", W, 0, 0, 0, ARITH, 0, 0),
	OP(RDSEED, "rdseed", W, 0, 0, 0, ARITH, 0, 0),
	OP(XGETBV, "xgetbv", NO, CX, AX | DX, 0, 0, 0, 0),
	/* Privileged, but #UD comes first where CR4.OSXSAVE is clear: always. */
	OP(XSETBV, "xsetbv", NO, AX | CX | DX, 0, 0, 0, 0, 0),

	NF(FWAIT, "fwait", NO, FPU),
	NF(FNSTENV, "fnstenv", W, FPU | OSZ),
	NF(FLDENV, "fldenv", R, FPU | OSZ),
	NF(FNSAVE, "fnsave", W, FPU | OSZ),
	NF(FRSTOR, "frstor", R, FPU | OSZ),
	NF(FXSAVE, "fxsave", W, FPU),
	NF(FXRSTOR, "fxrstor", R, FPU),
	OP(XSAVE, "xsave", X, AX | DX, 0, 0, 0, 0, SIMD),
	OP(XSAVEOPT, "xsaveopt", X, AX | DX, 0, 0, 0, 0, SIMD),
	OP(XSAVEC, "xsavec", X, AX | DX, 0, 0, 0, 0, SIMD),
	OP(XSAVES, "xsaves", X, AX | DX, 0, 0, 0, 0, SIMD | PRIV),
	OP(XRSTOR, "xrstor", R, AX | DX, 0, 0, 0, 0, SIMD),
	OP(XRSTORS, "xrstors", R, AX | DX, 0, 0, 0, 0, SIMD | PRIV),
	NF(LDMXCSR, "ldmxcsr", R, SIMD),
	NF(STMXCSR, "stmxcsr", W, SIMD),
	NF(EMMS, "emms", NO, SIMD),
	NF(MASKMOV, "maskmov", WRR, SIMD),
	NF(X87, "x87", NO, FPU),
	OP(FCMOV, "fcmov", NO, 0, 0, ARITH & ~(AF | SF | OF), 0, 0, FPU),
	OP(FCOMI, "fcomi", NO, 0, 0, 0, ARITH, 0, FPU),
	NF(FNSTSW_AX, "fnstsw", W, FPU),
	NF(MMX_SSE, "sse", WRRR, SIMD),
	OP(SSE_COMI, "comi", RR, 0, 0, 0, ARITH, 0, SIMD),
	OP(SSE_PCMPSTR, "pcmpstr", RR, 0, 0, 0, ARITH, 0, SIMD),
	NF(AVX, "avx", WRRR, SIMD | PM),
	OP(AVX_COMI, "vcomi", RR, 0, 0, 0, ARITH, 0, SIMD | PM),
	OP(AVX_PCMPSTR, "vpcmpstr", RR, 0, 0, 0, ARITH, 0, SIMD | PM),

	HID(MONITOR, "monitor"), HID(MWAIT, "mwait"),
	HID(MONITORX, "monitorx"), HID(MWAITX, "mwaitx"),
	HID(VMCALL, "vmcall"), HID(VMLAUNCH, "vmlaunch"),
	HID(VMRESUME, "vmresume"), HID(VMXOFF, "vmxoff"), HID(VMXON, "vmxon"),
	HID(VMPTRLD, "vmptrld"), HID(VMPTRST, "vmptrst"),
	HID(VMCLEAR, "vmclear"), HID(VMREAD, "vmread"),
	HID(VMWRITE, "vmwrite"), HID(VMFUNC, "vmfunc"),
	HID(INVEPT, "invept"), HID(INVVPID, "invvpid"), HID(INVPCID, "invpcid"),
	HID(VMRUN, "vmrun"), HID(VMMCALL, "vmmcall"), HID(VMLOAD, "vmload"),
	HID(VMSAVE, "vmsave"), HID(STGI, "stgi"), HID(CLGI, "clgi"),
	HID(SKINIT, "skinit"), HID(INVLPGA, "invlpga"),
	HID(INVLPGB, "invlpgb"), HID(TLBSYNC, "tlbsync"), HID(GETSEC, "getsec"),
	HID(ENCLS, "encls"), HID(ENCLU, "enclu"), HID(ENCLV, "enclv"),
	HID(PCONFIG, "pconfig"), HID(SERIALIZE, "serialize"),
	HID(RDPRU, "rdpru"), HID(CLZERO, "clzero"), HID(XBEGIN, "xbegin"),
	HID(XEND, "xend"), HID(XABORT, "xabort"), HID(XTEST, "xtest"),
	HID(RDPKRU, "rdpkru"), HID(WRPKRU, "wrpkru"),
	HID(WAITPKG, "waitpkg"), HID(CET, "cet"), HID(PTWRITE, "ptwrite"),
	HID(DIRECT_STORE, "movdir"), HID(ENQCMD, "enqcmd"),
};
