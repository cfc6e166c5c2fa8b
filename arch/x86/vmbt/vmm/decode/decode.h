/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One decoder for translator, interpreter and disassembler.
 *
 * Takes the bytes at CS:EIP and the D bit of the code segment, and says what
 * the instruction is, where its parts are, what it touches and what the
 * translator may do with it. It judges validity as a CPU of the virtual
 * model's kind does (386 up to SSE4.2, AVX2, BMI): whatever is not in its
 * tables is #UD. It knows neither CPU state nor memory: checks that need mode,
 * privilege, control registers or segments are the caller's, see the flags
 * VMBT_IF_PM_ONLY and cls.
 *
 * Tables: opcodes.c (one byte and 0F), sse.c and avx.c (by mandatory prefix),
 * x87.c, and opinfo.c (effects by operation). decode.c walks them, effects.c
 * says what follows, disasm.c writes text.
 */
#ifndef VMBT_DECODE_H
#define VMBT_DECODE_H

#include "../../include/types.h"
#include "ops.h"

/* Longest instruction the architecture allows. */
#define VMBT_INSN_MAX		15

/* What vmbt_decode() returns. */
enum vmbt_dec_result {
	VMBT_DEC_OK,		/* decoded; cls may still be VMBT_CLS_UD */
	VMBT_DEC_SHORT,		/* goes on past the bytes available */
	VMBT_DEC_UD,		/* not an instruction: #UD */
	VMBT_DEC_TOO_LONG,	/* more than 15 bytes: #GP(0) */
};

/* What the translator does with an instruction. Zero denies. */
enum vmbt_cls {
	VMBT_CLS_UD,		/* #UD, precisely */
	VMBT_CLS_COPY,		/* harmless at ring 1 and 3: copy as it stands */
	VMBT_CLS_REWRITE,	/* near control flow */
	VMBT_CLS_CALLOUT,	/* privileged or sensitive, has code of its own */
	VMBT_CLS_INTERP,	/* rare: to the interpreter */
};

/* Opcode maps. */
enum vmbt_map {
	VMBT_MAP_1BYTE,
	VMBT_MAP_0F,
	VMBT_MAP_0F38,
	VMBT_MAP_0F3A,
	VMBT_MAP_VEX_0F,
	VMBT_MAP_VEX_0F38,
	VMBT_MAP_VEX_0F3A,
};

/* General registers, by encoding; bit masks of them are 1 << VMBT_REG_x. */
enum vmbt_reg {
	VMBT_REG_EAX, VMBT_REG_ECX, VMBT_REG_EDX, VMBT_REG_EBX,
	VMBT_REG_ESP, VMBT_REG_EBP, VMBT_REG_ESI, VMBT_REG_EDI,
	VMBT_REG_NONE = 0xff,
};

/* Segment registers, by encoding. */
enum vmbt_segno {
	VMBT_SEG_ES, VMBT_SEG_CS, VMBT_SEG_SS,
	VMBT_SEG_DS, VMBT_SEG_FS, VMBT_SEG_GS,
	VMBT_SEG_NONE = 0xff,
};

/* Prefixes seen (vmbt_insn.prefixes). */
#define VMBT_PFX_LOCK		0x01
#define VMBT_PFX_REP		0x02	/* F3, the last of F2 and F3 */
#define VMBT_PFX_REPNE		0x04	/* F2, the last of F2 and F3 */
#define VMBT_PFX_OPSIZE		0x08	/* 66 */
#define VMBT_PFX_ADDRSIZE	0x10	/* 67 */
#define VMBT_PFX_SEG		0x20	/* any segment override: seg_override */

/* Mandatory prefix that selected the instruction (vmbt_insn.mandatory). */
#define VMBT_MP_NONE		0
#define VMBT_MP_66		1
#define VMBT_MP_F3		2
#define VMBT_MP_F2		3

/* Properties (vmbt_insn.flags). */
#define VMBT_IF_MODRM		0x00000001	/* has a ModRM byte */
#define VMBT_IF_MEM		0x00000002	/* mem describes a memory operand */
#define VMBT_IF_MEM_READ	0x00000004	/* by mem or string operand */
#define VMBT_IF_MEM_WRITE	0x00000008
#define VMBT_IF_STR_SRC		0x00000010	/* reads seg:[rSI] */
#define VMBT_IF_STR_DST		0x00000020	/* accesses ES:[rDI] */
#define VMBT_IF_REP		0x00000040	/* repeats: string op with F2 or F3 */
#define VMBT_IF_STACK		0x00000080	/* pushes or pops implicitly */
#define VMBT_IF_OSZ_MATTERS	0x00000100	/* CS.D and 66 choose 16 or 32 bits */
#define VMBT_IF_ASZ_MATTERS	0x00000200	/* CS.D and 67 choose 16 or 32 bits */
#define VMBT_IF_USES_CS		0x00000400	/* data access through CS */
#define VMBT_IF_USES_GS		0x00000800	/* data access through GS, or moves GS */
#define VMBT_IF_PRIV		0x00001000	/* #GP(0) unless CPL 0 */
#define VMBT_IF_IOPL		0x00002000	/* CPL against IOPL, or the I/O bitmap */
#define VMBT_IF_PM_ONLY		0x00004000	/* #UD in real and v86 mode */
#define VMBT_IF_LOCKABLE	0x00008000	/* LOCK would be (or is) legal here */
#define VMBT_IF_BIT_OFFSET	0x00010000	/* BTx m,r: register moves the address */
#define VMBT_IF_VSIB		0x00020000	/* index is a vector register */
#define VMBT_IF_BLOCKS_INTR	0x00040000	/* MOV SS, POP SS, STI: shadow of one */
#define VMBT_IF_FPU		0x00080000	/* x87: CR0.EM, TS, pending #MF */
#define VMBT_IF_SIMD		0x00100000	/* MMX, SSE, AVX: CR0.EM, TS, CR4 */
#define VMBT_IF_ENDS_BLOCK	0x00200000	/* execution never goes on after it */

/* How control leaves (vmbt_insn.branch). */
enum vmbt_branch {
	VMBT_BR_NONE,
	VMBT_BR_JCC,		/* conditional, relative: Jcc, LOOPcc, JCXZ */
	VMBT_BR_JMP,		/* relative */
	VMBT_BR_JMP_IND,
	VMBT_BR_CALL,		/* relative */
	VMBT_BR_CALL_IND,
	VMBT_BR_RET,
	VMBT_BR_FAR,		/* far JMP, CALL, RET; IRET; SYSENTER and kin */
	VMBT_BR_INT,		/* INT n, INT3, INT1, INTO, BOUND, UDn */
};

/* EFLAGS bits as the flag masks use them. */
#define VMBT_FL_CF		0x0001
#define VMBT_FL_PF		0x0004
#define VMBT_FL_AF		0x0010
#define VMBT_FL_ZF		0x0040
#define VMBT_FL_SF		0x0080
#define VMBT_FL_TF		0x0100
#define VMBT_FL_IF		0x0200
#define VMBT_FL_DF		0x0400
#define VMBT_FL_OF		0x0800
#define VMBT_FL_IOPL		0x3000
#define VMBT_FL_NT		0x4000
#define VMBT_FL_AC		0x40000
#define VMBT_FL_ARITH		0x08d5

/* Kinds of operand (struct vmbt_opd). */
enum vmbt_opd_kind {
	VMBT_OPD_NONE,
	VMBT_OPD_GPR,		/* general register reg; size 1: 4..7 are AH..BH */
	VMBT_OPD_MEM,		/* vmbt_insn.mem */
	VMBT_OPD_IMM,		/* vmbt_insn.imm, extended to size */
	VMBT_OPD_IMM2,		/* vmbt_insn.imm2 (ENTER's level, EXTRQ) */
	VMBT_OPD_REL,		/* relative branch: imm is the displacement */
	VMBT_OPD_FAR,		/* far pointer: imm offset, imm2 selector */
	VMBT_OPD_SREG,		/* segment register reg */
	VMBT_OPD_CR,		/* control register reg */
	VMBT_OPD_DR,		/* debug register reg */
	VMBT_OPD_ONE,		/* constant 1 of D0, D1 */
	VMBT_OPD_STR_SRC,	/* seg:[rSI] */
	VMBT_OPD_STR_DST,	/* ES:[rDI] */
	VMBT_OPD_ST,		/* x87 register reg */
	VMBT_OPD_MMX,
	VMBT_OPD_XMM,		/* size 16 or 32 */
};

/* How an operand is used (vmbt_opd.access). */
#define VMBT_ACC_R		1
#define VMBT_ACC_W		2
#define VMBT_ACC_RW		3

/**
 * struct vmbt_opd - one explicit operand, in the manual's (Intel) order
 * @kind: what it is, enum vmbt_opd_kind
 * @reg: register number where the kind names a register file
 * @size: bytes: 1, 2, 4, 8, 16, 32; 0 where it has no size or many (FXSAVE)
 * @access: VMBT_ACC_*; 0 for operands that are neither read nor written (LEA)
 */
struct vmbt_opd {
	u8 kind;
	u8 reg;
	u8 size;
	u8 access;
};

/**
 * struct vmbt_mem - the memory operand of ModRM, moffs, XLAT or MASKMOV
 * @seg: segment that the access goes through, override and defaults applied
 * @base: base register or VMBT_REG_NONE
 * @index: index register or VMBT_REG_NONE; a vector register with VMBT_IF_VSIB
 * @scale: 1, 2, 4 or 8
 * @size: bytes accessed as far as fixed by the encoding, else 0
 * @disp: displacement, sign-extended; add modulo 2^16 where asize is 2
 */
struct vmbt_mem {
	u8 seg;
	u8 base;
	u8 index;
	u8 scale;
	u16 size;
	s32 disp;
};

/**
 * struct vmbt_insn - one decoded instruction
 * @bytes: the instruction's bytes, len of them
 * @len: length; valid for VMBT_DEC_OK only
 * @code32: the D bit it was decoded under
 * @prefixes: VMBT_PFX_*
 * @nr_prefixes: number of legacy prefix bytes, all of them before @opcode_off
 * @seg_override: last segment override, or VMBT_SEG_NONE
 * @mandatory: VMBT_MP_* that selected the instruction; a 66 that gives the
 *	operand size is none
 * @map: enum vmbt_map
 * @opcode: the byte that selects within @map
 * @esc_off: offset of the first byte after the prefixes (0F, C4, or the opcode)
 * @opcode_off: offset of @opcode
 * @modrm_off: offset of ModRM, if VMBT_IF_MODRM; likewise the following
 * @sib_off: offset of SIB, 0 if none
 * @disp_off: offset of displacement or moffs
 * @disp_size: 0, 1, 2 or 4
 * @imm_off: offset of the (first) immediate
 * @imm_size: encoded bytes: 0, 1, 2 or 4
 * @imm2_off: offset of the second immediate (selector; ENTER's level)
 * @imm2_size: 0, 1 or 2
 * @modrm: the ModRM byte
 * @mod: its fields
 * @reg: its fields
 * @rm: its fields
 * @vex_vvvv: VEX.vvvv, inverted back; @vex_l, @vex_w likewise
 * @vex_l: VEX.L
 * @vex_w: VEX.W
 * @opsize: effective operand size: 1 for byte forms, else 2 or 4. Where
 *	VMBT_IF_OSZ_MATTERS is clear, sizes of operands are fixed: see @opd
 * @asize: effective address size, 2 or 4
 * @sreg: segment register that is moved, pushed, popped or loaded
 * @cc: condition of Jcc, SETcc, CMOVcc (0..15)
 * @imm: immediate, sign- or zero-extended as the instruction defines
 * @imm2: second immediate
 * @op: enum vmbt_op
 * @cls: enum vmbt_cls
 * @branch: enum vmbt_branch
 * @flags: VMBT_IF_*
 * @nr_opds: number of explicit operands
 * @opd: explicit operands in Intel order
 * @mem: memory operand, if VMBT_IF_MEM
 * @regs_read: general registers read, implicit, base and index ones included
 * @regs_written: general registers that may be written, wholly or in part
 * @fl_read: EFLAGS bits the result depends on
 * @fl_mod: EFLAGS bits that may change, the undefined ones included
 * @fl_undef: those of @fl_mod the manual calls undefined
 * @fl_kill: those of @fl_mod always set to a defined value, so that a value
 *	written before is dead
 * @desc: the decoder's: table line, for the disassembler
 */
struct vmbt_insn {
	u8 bytes[VMBT_INSN_MAX];
	u8 len;
	bool code32;
	u8 prefixes;
	u8 nr_prefixes;
	u8 seg_override;
	u8 mandatory;
	u8 map;
	u8 opcode;
	u8 esc_off;
	u8 opcode_off;
	u8 modrm_off;
	u8 sib_off;
	u8 disp_off;
	u8 disp_size;
	u8 imm_off;
	u8 imm_size;
	u8 imm2_off;
	u8 imm2_size;
	u8 modrm;
	u8 mod;
	u8 reg;
	u8 rm;
	u8 vex_vvvv;
	u8 vex_l;
	u8 vex_w;
	u8 opsize;
	u8 asize;
	u8 sreg;
	u8 cc;
	u32 imm;
	u32 imm2;
	u16 op;
	u8 cls;
	u8 branch;
	u32 flags;
	u8 nr_opds;
	struct vmbt_opd opd[4];
	struct vmbt_mem mem;
	u8 regs_read;
	u8 regs_written;
	u32 fl_read;
	u32 fl_mod;
	u32 fl_undef;
	u32 fl_kill;
	u16 desc;		/* the decoder's: table line, for the disassembler */
};

/**
 * vmbt_decode() - decode one instruction
 * @in: filled in; with a result other than VMBT_DEC_OK only the parts before
 *	the fault are meaningful, and @in->cls is VMBT_CLS_UD
 * @bytes: the bytes at CS:EIP
 * @avail: how many of them may be read; 15 are always enough
 * @code32: D bit of the code segment (false in real and v86 mode)
 *
 * A caller that gets VMBT_DEC_SHORT with fewer than 15 bytes has met the end of
 * a page or segment: the guest's fetch of the byte behind would fault.
 *
 * Return: enum vmbt_dec_result.
 */
int vmbt_decode(struct vmbt_insn *in, const u8 *bytes, unsigned int avail,
		bool code32);

/**
 * vmbt_insn_ea() - offset of the memory operand within its segment
 * @in: decoded instruction with VMBT_IF_MEM and without VMBT_IF_VSIB
 * @gpr: the eight general registers in encoding order
 *
 * The displacement that BTx m,r takes from its register operand
 * (VMBT_IF_BIT_OFFSET) is not added: it depends on the operand's value.
 *
 * Return: the offset, truncated to the address size.
 */
u32 vmbt_insn_ea(const struct vmbt_insn *in, const u32 gpr[8]);

/**
 * vmbt_insn_target() - target of a relative branch
 * @in: decoded instruction of branch kind JCC, JMP or CALL
 * @eip: its offset in the code segment
 *
 * Return: the new EIP, truncated to 16 bits where the operand size is 2.
 */
u32 vmbt_insn_target(const struct vmbt_insn *in, u32 eip);

/**
 * vmbt_names_mmx() - does an instruction work on MMX registers, hence on the x87's?
 * @in: decoded instruction
 */
bool vmbt_names_mmx(const struct vmbt_insn *in);

/* What an instruction does to the x87's pointers to its last instruction and operand. */
enum vmbt_x87_last {
	VMBT_X87_KEPT,
	VMBT_X87_ITS_OWN,	/* they are its own now */
	VMBT_X87_LOADED,	/* or what it has loaded, or none */
};

/**
 * vmbt_x87_last() - how an instruction changes the x87's last-instruction pointers
 * @in: decoded instruction
 *
 * SDM vol. 1, 8.1.8: all x87 instructions but the control instructions set them; vol. 2
 * has what FNINIT, FNSAVE, FLDENV, FRSTOR and FXRSTOR make of them. What MMX
 * instructions do is not said: they count as setting them.
 *
 * Return: enum vmbt_x87_last, for an execution without a fault.
 */
enum vmbt_x87_last vmbt_x87_last(const struct vmbt_insn *in);

/**
 * vmbt_op_name() - mnemonic of an operation, for messages
 * @op: enum vmbt_op
 *
 * Return: a constant string, "(bad)" for what is no operation.
 */
const char *vmbt_op_name(unsigned int op);

/**
 * vmbt_disasm() - write an instruction as text (Intel syntax)
 * @in: decoded instruction
 * @eip: its offset, for branch targets
 * @buf: receives the NUL-terminated text
 * @size: of @buf; 80 is always enough
 *
 * Return: the length of the text.
 */
unsigned int vmbt_disasm(const struct vmbt_insn *in, u32 eip, char *buf,
			 size_t size);

#endif /* VMBT_DECODE_H */
