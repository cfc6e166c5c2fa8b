// SPDX-License-Identifier: GPL-2.0
/*
 * The disassembler: one decoded instruction as a line of text.
 *
 * Intel syntax, as in the manuals: destination first, sizes of memory operands
 * named, numbers in hexadecimal. For traces, register dumps and messages about
 * guests that stopped; nothing depends on its output but eyes.
 */
#include "tables.h"

struct out {
	char *buf;
	size_t size;
	size_t len;
};

static const char reg_names[3][8][4] = {
	{ "al", "cl", "dl", "bl", "ah", "ch", "dh", "bh" },
	{ "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" },
	{ "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi" },
};

static const char seg_names[8][3] = {
	"es", "cs", "ss", "ds", "fs", "gs", "s6", "s7",
};

static const char cc_names[16][3] = {
	"o", "no", "b", "ae", "e", "ne", "be", "a",
	"s", "ns", "p", "np", "l", "ge", "le", "g",
};

static void put_char(struct out *o, char ch)
{
	if (o->len + 1 < o->size)
		o->buf[o->len++] = ch;
}

static void put(struct out *o, const char *s)
{
	while (*s)
		put_char(o, *s++);
}

static void put_hex(struct out *o, u32 val)
{
	int shift = 28;

	put(o, "0x");
	while (shift && !(val >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_char(o, "0123456789abcdef"[(val >> shift) & 0xf]);
}

static void put_reg(struct out *o, u8 reg, u8 size)
{
	put(o, reg_names[size == 1 ? 0 : size == 2 ? 1 : 2][reg & 7]);
}

static void put_numbered(struct out *o, const char *file, u8 reg)
{
	put(o, file);
	put_char(o, '0' + (reg & 7));
}

static void put_size(struct out *o, u16 size)
{
	switch (size) {
	case 1:
		put(o, "byte ");
		break;
	case 2:
		put(o, "word ");
		break;
	case 4:
		put(o, "dword ");
		break;
	case 6:
		put(o, "fword ");
		break;
	case 8:
		put(o, "qword ");
		break;
	case 10:
		put(o, "tbyte ");
		break;
	case 16:
		put(o, "xmmword ");
		break;
	case 32:
		put(o, "ymmword ");
		break;
	}
}

static void put_mem(struct out *o, const struct vmbt_insn *in, u8 size)
{
	const struct vmbt_mem *mem = &in->mem;
	u32 disp = (u32)mem->disp;
	bool first = true;

	put_size(o, size);
	if (in->seg_override != VMBT_SEG_NONE) {
		put(o, seg_names[in->seg_override & 7]);
		put_char(o, ':');
	}
	put_char(o, '[');
	if (mem->base != VMBT_REG_NONE) {
		put_reg(o, mem->base, in->asize);
		first = false;
	}
	if (mem->index != VMBT_REG_NONE) {
		if (!first)
			put_char(o, '+');
		if (in->flags & VMBT_IF_VSIB)
			put_numbered(o, "xmm", mem->index);
		else
			put_reg(o, mem->index, in->asize);
		if (mem->scale > 1) {
			put_char(o, '*');
			put_char(o, '0' + mem->scale);
		}
		first = false;
	}
	if (in->op == VMBT_OP_XLAT)
		put(o, "+al");
	if (first) {
		put_hex(o, in->asize == 2 ? disp & 0xffff : disp);
	} else if (mem->disp < 0) {
		put_char(o, '-');
		put_hex(o, -disp);
	} else if (mem->disp) {
		put_char(o, '+');
		put_hex(o, disp);
	}
	put_char(o, ']');
}

static void put_operand(struct out *o, const struct vmbt_insn *in,
			const struct vmbt_opd *opd, u32 eip)
{
	switch (opd->kind) {
	case VMBT_OPD_GPR:
		put_reg(o, opd->reg, opd->size);
		break;
	case VMBT_OPD_MEM:
		put_mem(o, in, opd->size);
		break;
	case VMBT_OPD_IMM:
		put_hex(o, in->imm);
		break;
	case VMBT_OPD_IMM2:
		put_hex(o, in->imm2);
		break;
	case VMBT_OPD_REL:
		put_hex(o, vmbt_insn_target(in, eip));
		break;
	case VMBT_OPD_FAR:
		put_hex(o, in->imm2);
		put_char(o, ':');
		put_hex(o, in->imm);
		break;
	case VMBT_OPD_SREG:
		put(o, seg_names[opd->reg & 7]);
		break;
	case VMBT_OPD_CR:
		put_numbered(o, "cr", opd->reg);
		break;
	case VMBT_OPD_DR:
		put_numbered(o, "dr", opd->reg);
		break;
	case VMBT_OPD_ONE:
		put(o, "1");
		break;
	case VMBT_OPD_STR_SRC:
		put_size(o, opd->size);
		put(o, seg_names[in->mem.seg & 7]);
		put(o, ":[");
		put_reg(o, VMBT_REG_ESI, in->asize);
		put_char(o, ']');
		break;
	case VMBT_OPD_STR_DST:
		put_size(o, opd->size);
		put(o, "es:[");
		put_reg(o, VMBT_REG_EDI, in->asize);
		put_char(o, ']');
		break;
	case VMBT_OPD_ST:
		put_numbered(o, "st", opd->reg);
		break;
	case VMBT_OPD_MMX:
		put_numbered(o, "mm", opd->reg);
		break;
	case VMBT_OPD_XMM:
		put_numbered(o, opd->size == 32 ? "ymm" : "xmm", opd->reg);
		break;
	}
}

static void put_prefixes(struct out *o, const struct vmbt_insn *in)
{
	if (in->prefixes & VMBT_PFX_LOCK)
		put(o, "lock ");
	if (!(in->flags & VMBT_IF_REP))
		return;
	if (in->op != VMBT_OP_CMPS && in->op != VMBT_OP_SCAS)
		put(o, "rep ");
	else
		put(o, in->prefixes & VMBT_PFX_REP ? "repe " : "repne ");
}

static void put_mnemonic(struct out *o, const struct vmbt_insn *in)
{
	unsigned int index = in->desc & DESC_INDEX;

	switch (in->desc & DESC_KIND) {
	case DESC_SSE:
		if (vmbt_sse[index].name[0]) {
			put(o, vmbt_sse[index].name);
			return;
		}
		break;
	case DESC_AVX:
		if (in->flags & VMBT_IF_SIMD)
			put_char(o, 'v');
		put(o, vmbt_avx[index].name);
		return;
	case DESC_X87:
		put(o, vmbt_x87_find(in->opcode, in->modrm)->name);
		return;
	}

	switch (in->op) {
	case VMBT_OP_CBW:
		put(o, in->opsize == 2 ? "cbw" : "cwde");
		return;
	case VMBT_OP_CWD:
		put(o, in->opsize == 2 ? "cwd" : "cdq");
		return;
	case VMBT_OP_JCXZ:
		put(o, in->asize == 2 ? "jcxz" : "jecxz");
		return;
	}
	put(o, vmbt_op_name(in->op));
	switch (in->op) {
	case VMBT_OP_JCC:
	case VMBT_OP_SETCC:
	case VMBT_OP_CMOVCC:
		put(o, cc_names[in->cc]);
		return;
	case VMBT_OP_LOAD_FAR:
		put(o, seg_names[in->sreg & 7]);
		return;
	case VMBT_OP_PUSHA:
	case VMBT_OP_POPA:
	case VMBT_OP_PUSHF:
	case VMBT_OP_POPF:
	case VMBT_OP_IRET:
		if (in->opsize == 4)
			put_char(o, 'd');
		return;
	}
}

unsigned int vmbt_disasm(const struct vmbt_insn *in, u32 eip, char *buf,
			 size_t size)
{
	struct out o = { .buf = buf, .size = size, .len = 0 };
	unsigned int i;

	if (!size)
		return 0;
	if (in->op == VMBT_OP_INVALID) {
		put(&o, "(bad)");
		buf[o.len] = 0;
		return o.len;
	}
	put_prefixes(&o, in);
	put_mnemonic(&o, in);
	/* ModRM.rm of the fences names a register that means nothing. */
	for (i = 0; i < in->nr_opds && in->op != VMBT_OP_LFENCE &&
	     in->op != VMBT_OP_MFENCE && in->op != VMBT_OP_SFENCE; i++) {
		put(&o, i ? "," : " ");
		put_operand(&o, in, &in->opd[i], eip);
	}
	buf[o.len] = 0;
	return o.len;
}
