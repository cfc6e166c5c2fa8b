/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The form of the decoder's tables, private to this directory.
 *
 * Tables name instructions: opcodes.c by opcode byte and group, sse.c and avx.c
 * by opcode and mandatory prefix, x87.c by ModRM. All of them describe
 * operands with the codes below, which follow the appendix of the manual (E:
 * ModRM.rm as register or memory, G: ModRM.reg, I: immediate, and so on; then
 * B, W, D, V for byte, word, doubleword, operand size). opinfo.c says what an
 * operation does to flags and to registers that are no operands.
 *
 * No table holds a pointer: the image is linked without relocations.
 */
#ifndef VMBT_DECODE_TABLES_H
#define VMBT_DECODE_TABLES_H

#include "decode.h"

/* Operand codes. */
enum opd_code {
	OD_NONE,
	/* ModRM.rm: general register or memory */
	OD_EB, OD_EW, OD_ED, OD_EV,
	OD_EVW,			/* register of operand size, or 16 bits of memory */
	/* ModRM.reg: general register */
	OD_GB, OD_GW, OD_GD, OD_GV,
	/* ModRM.rm: register whatever mod says; control, debug register */
	OD_RD, OD_CD, OD_DD,
	/* ModRM.rm: general register only; memory only */
	OD_RDO, OD_RVO,
	OD_M, OD_MB, OD_MD, OD_MQ, OD_MV, OD_MP, OD_MA, OD_MS,
	/* Immediates: byte; byte extended to operand size; word; operand size */
	OD_IB, OD_IS, OD_IW, OD_IZ, OD_I2,
	OD_JB, OD_JZ, OD_AP,
	OD_OB, OD_OV,
	/* Register in the low bits of the opcode */
	OD_ZB, OD_ZV,
	/* Fixed registers and constants */
	OD_AL, OD_CL, OD_AX, OD_RAX, OD_DX, OD_ONE,
	/* Segment register: ModRM.reg, or fixed */
	OD_SW, OD_ES, OD_CS, OD_SS, OD_DS, OD_FS, OD_GS,
	/* Strings: seg:[rSI], ES:[rDI] */
	OD_XB, OD_XV, OD_YB, OD_YV,
	OD_XLAT,		/* seg:[rBX + AL] */
	OD_DI,			/* seg:[rDI] of MASKMOVQ */
	/* MMX: ModRM.reg; ModRM.rm; ModRM.rm, register only */
	OD_P, OD_Q, OD_N,
	/* XMM or YMM: ModRM.reg, ModRM.rm, register only, VEX.vvvv, imm8[7:4] */
	OD_V, OD_W, OD_U, OD_H, OD_L,
	/* The same, 128 bits whatever VEX.L says */
	OD_VS, OD_WS, OD_US, OD_HS,
	OD_BD,			/* VEX.vvvv: general register */
	OD_VM,			/* memory with a vector index */
	/* x87: ST(0), ST(i) */
	OD_ST0, OD_STI,

	OD_COUNT
};

/* Entries that lead on, in place of a class. */
enum {
	TBL_GROUP = 0x80,	/* group op, by ModRM.reg */
	TBL_SPLIT,		/* group op for memory, opd[0] for registers */
	TBL_GROUP_RM,		/* group op, by ModRM.rm */
	TBL_PREFIXED,		/* sse.c: by mandatory prefix */
	TBL_X87,		/* x87.c */
};

/**
 * struct opc - one opcode of opcodes.c
 * @op: enum vmbt_op, or a group
 * @cls: enum vmbt_cls, or one of TBL_*; zero denies
 * @opd: operand codes
 */
struct opc {
	u16 op;
	u8 cls;
	u8 opd[4];
};

/* Constraints on VEX.L and VEX.W; nothing said: ignored. */
#define VC_L0		0x01
#define VC_L1		0x02
#define VC_W0		0x04
#define VC_W1		0x08
#define VC_NOMODRM	0x10

/* Sizes of memory operands that depend on VEX.L: all, half, quarter, eighth. */
#define SZ_FULL		0xf0
#define SZ_HALF		0xf1
#define SZ_QUART	0xf2
#define SZ_EIGHTH	0xf3

#define EXT_ANY		0xff

/**
 * struct vec - one encoding of sse.c or avx.c
 * @map: enum vmbt_map
 * @opcode: opcode byte
 * @pp: VMBT_MP_*
 * @ext: ModRM.reg that selects, or EXT_ANY
 * @op: enum vmbt_op
 * @cls: enum vmbt_cls
 * @cons: VC_*
 * @msize: bytes of the memory operand where the operand codes do not say
 * @opd: operand codes
 * @name: mnemonic; VEX encodings put a v in front
 */
struct vec {
	u8 map;
	u8 opcode;
	u8 pp;
	u8 ext;
	u16 op;
	u8 cls;
	u8 cons;
	u8 msize;
	u8 opd[4];
	char name[15];
};

/* A line of the two tables of these; prefix NP is none. */
#define VMBT_MP_NP	VMBT_MP_NONE
#define VEC_LINE(m, o, p, e, op, c, con, ms, n, a, b, d, f)			\
	{ VMBT_MAP_##m, o, VMBT_MP_##p, e, VMBT_OP_##op, VMBT_CLS_##c,	\
	  con, ms, { OD_##a, OD_##b, OD_##d, OD_##f }, n }

/**
 * struct x87 - one x87 instruction
 * @name: mnemonic; empty: invalid
 * @op: enum vmbt_op
 * @cls: enum vmbt_cls
 * @msize: bytes of the memory operand, 0 with the memory forms of state
 * @acc: VMBT_ACC_* of the memory operand
 * @opd: operand codes of register forms
 */
struct x87 {
	char name[9];
	u16 op;
	u8 cls;
	u8 msize;
	u8 acc;
	u8 opd[2];
};

/**
 * struct opinfo - what an operation does, whatever its encoding
 * @name: mnemonic
 * @acc: access to operands 0 to 3, two bits each from the lowest
 * @rr: general registers read implicitly
 * @rw: general registers written implicitly
 * @branch: enum vmbt_branch
 * @fl_read: see struct vmbt_insn
 * @fl_mod: likewise
 * @fl_undef: likewise
 * @flags: VMBT_IF_* and OI_*
 */
struct opinfo {
	char name[12];
	u8 acc;
	u8 rr;
	u8 rw;
	u8 branch;
	u32 fl_read;
	u32 fl_mod;
	u32 fl_undef;
	u32 flags;
};

/* Properties of operations that only the decoder needs. */
#define OI_FL_MAYBE	0x80000000	/* flags may stay as they are (count 0) */
#define OI_LOCK		0x40000000	/* LOCK is legal with memory destination */
#define OI_OSZ		0x20000000	/* operand size matters, operands or not */

extern const struct opc vmbt_opc_1byte[256];
extern const struct opc vmbt_opc_0f[256];
extern const struct opc vmbt_opc_group[][8];
extern const struct opinfo vmbt_opinfo[VMBT_OP_COUNT];
extern const struct vec vmbt_sse[];
extern const unsigned int vmbt_nr_sse;
extern const struct vec vmbt_avx[];
extern const unsigned int vmbt_nr_avx;

const struct x87 *vmbt_x87_find(u8 opcode, u8 modrm);
void vmbt_effects(struct vmbt_insn *in, const struct opinfo *info);

/* vmbt_insn.desc: which table line, for the disassembler. */
#define DESC_KIND	0xc000
#define DESC_SSE	0x4000
#define DESC_AVX	0x8000
#define DESC_X87	0xc000
#define DESC_INDEX	0x3fff

#endif /* VMBT_DECODE_TABLES_H */
