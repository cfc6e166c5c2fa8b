// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder: walks the bytes and the tables, fills in struct vmbt_insn.
 *
 * In the order of the bytes: prefixes, opcode or VEX, table line, ModRM, SIB,
 * displacement, immediates. Then what follows from the line: operands,
 * validity of LOCK, registers and flags. Bytes come from memory that a guest
 * writes: each is read once, into the instruction's own copy, and counted
 * against both the limit of 15 and the bytes available.
 *
 * Where the manuals leave room (ModRM.mod of MOV CR, 66 on instructions that
 * take no prefix) the choice is that of real processors, as tested.
 */
#include "tables.h"

/* Where an operand code finds its operand. */
enum opd_role {
	ROLE_NONE,
	ROLE_RM,		/* ModRM.rm: register or memory */
	ROLE_RM_MEM,		/* memory only */
	ROLE_RM_REG,		/* register only */
	ROLE_RM_ANY,		/* register whatever mod says */
	ROLE_REG,		/* ModRM.reg */
	ROLE_OPCODE,		/* low bits of the opcode */
	ROLE_FIXED,		/* the number in the table */
	ROLE_VVVV,
	ROLE_IS4,
	ROLE_IMM,
	ROLE_IMM_SX,
	ROLE_IMM2,
	ROLE_REL,
	ROLE_FAR,
	ROLE_MOFFS,
	ROLE_STR,		/* string operand */
	ROLE_XLAT,
	ROLE_DI,
};

/* Sizes that depend on the instruction, beside plain bytes. */
#define S_V		0x80	/* operand size */
#define S_FAR		0x81	/* far pointer: selector and operand size */
#define S_PAIR		0x82	/* two of operand size (BOUND) */
#define S_VW		0x83	/* operand size in registers, 16 bits in memory */
#define S_VEC		0x84	/* vector: 16 or 32 by VEX.L */

static const struct opd_desc {
	u8 role;
	u8 kind;		/* as a register; memory is always VMBT_OPD_MEM */
	u8 size;
	u8 fixed;
} opd_desc[OD_COUNT] = {
	[OD_EB] = { ROLE_RM, VMBT_OPD_GPR, 1, 0 },
	[OD_EW] = { ROLE_RM, VMBT_OPD_GPR, 2, 0 },
	[OD_ED] = { ROLE_RM, VMBT_OPD_GPR, 4, 0 },
	[OD_EV] = { ROLE_RM, VMBT_OPD_GPR, S_V, 0 },
	[OD_EVW] = { ROLE_RM, VMBT_OPD_GPR, S_VW, 0 },
	[OD_GB] = { ROLE_REG, VMBT_OPD_GPR, 1, 0 },
	[OD_GW] = { ROLE_REG, VMBT_OPD_GPR, 2, 0 },
	[OD_GD] = { ROLE_REG, VMBT_OPD_GPR, 4, 0 },
	[OD_GV] = { ROLE_REG, VMBT_OPD_GPR, S_V, 0 },
	[OD_RD] = { ROLE_RM_ANY, VMBT_OPD_GPR, 4, 0 },
	[OD_CD] = { ROLE_REG, VMBT_OPD_CR, 4, 0 },
	[OD_DD] = { ROLE_REG, VMBT_OPD_DR, 4, 0 },
	[OD_RDO] = { ROLE_RM_REG, VMBT_OPD_GPR, 4, 0 },
	[OD_RVO] = { ROLE_RM_REG, VMBT_OPD_GPR, S_V, 0 },
	[OD_M] = { ROLE_RM_MEM, VMBT_OPD_MEM, 0, 0 },
	[OD_MB] = { ROLE_RM_MEM, VMBT_OPD_MEM, 1, 0 },
	[OD_MD] = { ROLE_RM_MEM, VMBT_OPD_MEM, 4, 0 },
	[OD_MQ] = { ROLE_RM_MEM, VMBT_OPD_MEM, 8, 0 },
	[OD_MV] = { ROLE_RM_MEM, VMBT_OPD_MEM, S_V, 0 },
	[OD_MP] = { ROLE_RM_MEM, VMBT_OPD_MEM, S_FAR, 0 },
	[OD_MA] = { ROLE_RM_MEM, VMBT_OPD_MEM, S_PAIR, 0 },
	[OD_MS] = { ROLE_RM_MEM, VMBT_OPD_MEM, 6, 0 },
	[OD_IB] = { ROLE_IMM, VMBT_OPD_IMM, 1, 0 },
	[OD_IS] = { ROLE_IMM_SX, VMBT_OPD_IMM, S_V, 0 },
	[OD_IW] = { ROLE_IMM, VMBT_OPD_IMM, 2, 0 },
	[OD_IZ] = { ROLE_IMM, VMBT_OPD_IMM, S_V, 0 },
	[OD_I2] = { ROLE_IMM2, VMBT_OPD_IMM2, 1, 0 },
	[OD_JB] = { ROLE_REL, VMBT_OPD_REL, 1, 0 },
	[OD_JZ] = { ROLE_REL, VMBT_OPD_REL, S_V, 0 },
	[OD_AP] = { ROLE_FAR, VMBT_OPD_FAR, S_FAR, 0 },
	[OD_OB] = { ROLE_MOFFS, VMBT_OPD_MEM, 1, 0 },
	[OD_OV] = { ROLE_MOFFS, VMBT_OPD_MEM, S_V, 0 },
	[OD_ZB] = { ROLE_OPCODE, VMBT_OPD_GPR, 1, 0 },
	[OD_ZV] = { ROLE_OPCODE, VMBT_OPD_GPR, S_V, 0 },
	[OD_AL] = { ROLE_FIXED, VMBT_OPD_GPR, 1, VMBT_REG_EAX },
	[OD_CL] = { ROLE_FIXED, VMBT_OPD_GPR, 1, VMBT_REG_ECX },
	[OD_AX] = { ROLE_FIXED, VMBT_OPD_GPR, 2, VMBT_REG_EAX },
	[OD_RAX] = { ROLE_FIXED, VMBT_OPD_GPR, S_V, VMBT_REG_EAX },
	[OD_DX] = { ROLE_FIXED, VMBT_OPD_GPR, 2, VMBT_REG_EDX },
	[OD_ONE] = { ROLE_FIXED, VMBT_OPD_ONE, 1, 1 },
	[OD_SW] = { ROLE_REG, VMBT_OPD_SREG, 2, 0 },
	[OD_ES] = { ROLE_FIXED, VMBT_OPD_SREG, 2, VMBT_SEG_ES },
	[OD_CS] = { ROLE_FIXED, VMBT_OPD_SREG, 2, VMBT_SEG_CS },
	[OD_SS] = { ROLE_FIXED, VMBT_OPD_SREG, 2, VMBT_SEG_SS },
	[OD_DS] = { ROLE_FIXED, VMBT_OPD_SREG, 2, VMBT_SEG_DS },
	[OD_FS] = { ROLE_FIXED, VMBT_OPD_SREG, 2, VMBT_SEG_FS },
	[OD_GS] = { ROLE_FIXED, VMBT_OPD_SREG, 2, VMBT_SEG_GS },
	[OD_XB] = { ROLE_STR, VMBT_OPD_STR_SRC, 1, VMBT_REG_ESI },
	[OD_XV] = { ROLE_STR, VMBT_OPD_STR_SRC, S_V, VMBT_REG_ESI },
	[OD_YB] = { ROLE_STR, VMBT_OPD_STR_DST, 1, VMBT_REG_EDI },
	[OD_YV] = { ROLE_STR, VMBT_OPD_STR_DST, S_V, VMBT_REG_EDI },
	[OD_XLAT] = { ROLE_XLAT, VMBT_OPD_MEM, 1, VMBT_REG_EBX },
	[OD_DI] = { ROLE_DI, VMBT_OPD_MEM, 0, VMBT_REG_EDI },
	[OD_P] = { ROLE_REG, VMBT_OPD_MMX, 8, 0 },
	[OD_Q] = { ROLE_RM, VMBT_OPD_MMX, 8, 0 },
	[OD_N] = { ROLE_RM_REG, VMBT_OPD_MMX, 8, 0 },
	[OD_V] = { ROLE_REG, VMBT_OPD_XMM, S_VEC, 0 },
	[OD_W] = { ROLE_RM, VMBT_OPD_XMM, S_VEC, 0 },
	[OD_U] = { ROLE_RM_REG, VMBT_OPD_XMM, S_VEC, 0 },
	[OD_H] = { ROLE_VVVV, VMBT_OPD_XMM, S_VEC, 0 },
	[OD_L] = { ROLE_IS4, VMBT_OPD_XMM, S_VEC, 0 },
	[OD_VS] = { ROLE_REG, VMBT_OPD_XMM, 16, 0 },
	[OD_WS] = { ROLE_RM, VMBT_OPD_XMM, 16, 0 },
	[OD_US] = { ROLE_RM_REG, VMBT_OPD_XMM, 16, 0 },
	[OD_HS] = { ROLE_VVVV, VMBT_OPD_XMM, 16, 0 },
	[OD_BD] = { ROLE_VVVV, VMBT_OPD_GPR, 4, 0 },
	[OD_VM] = { ROLE_RM_MEM, VMBT_OPD_MEM, 0, 0 },
	[OD_ST0] = { ROLE_FIXED, VMBT_OPD_ST, 10, 0 },
	[OD_STI] = { ROLE_RM_REG, VMBT_OPD_ST, 10, 0 },
};

/* The bytes, and how many of them are in vmbt_insn.bytes already. */
struct cursor {
	struct vmbt_insn *in;
	const u8 *src;
	unsigned int avail;
	unsigned int have;
};

/* What a table line says, from whichever table. */
struct line {
	const struct opinfo *info;
	u8 opd[4];
	u8 msize;
	u8 x87_acc;
};

static int peek(struct cursor *c, u8 *byte)
{
	struct vmbt_insn *in = c->in;

	if (in->len == VMBT_INSN_MAX)
		return VMBT_DEC_TOO_LONG;
	if (in->len == c->have) {
		if (c->have >= c->avail)
			return VMBT_DEC_SHORT;
		in->bytes[c->have] = READ_ONCE(c->src[c->have]);
		c->have++;
	}
	*byte = in->bytes[in->len];
	return VMBT_DEC_OK;
}

static int get(struct cursor *c, u8 *byte)
{
	int r = peek(c, byte);

	if (!r)
		c->in->len++;
	return r;
}

/* A field of 0, 1, 2 or 4 bytes; *off and *fsize tell where it was. */
static int get_field(struct cursor *c, unsigned int size, u8 *off, u8 *fsize,
		     u32 *val)
{
	unsigned int i;
	u8 byte;
	int r;

	*off = c->in->len;
	*fsize = size;
	*val = 0;
	for (i = 0; i < size; i++) {
		r = get(c, &byte);
		if (r)
			return r;
		*val |= (u32)byte << (8 * i);
	}
	return VMBT_DEC_OK;
}

static u32 sign_extend(u32 val, unsigned int size)
{
	if (size == 1)
		return (u32)(s8)val;
	if (size == 2)
		return (u32)(s16)val;
	return val;
}

static int get_prefixes(struct cursor *c)
{
	struct vmbt_insn *in = c->in;
	bool opsize, addrsize;
	u8 byte;
	int r;

	for (;;) {
		r = peek(c, &byte);
		if (r)
			return r;
		switch (byte) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			in->prefixes |= VMBT_PFX_SEG;
			in->seg_override = (byte >> 3) & 3;
			break;
		case 0x64:
		case 0x65:
			in->prefixes |= VMBT_PFX_SEG;
			in->seg_override = byte - 0x64 + VMBT_SEG_FS;
			break;
		case 0x66:
			in->prefixes |= VMBT_PFX_OPSIZE;
			break;
		case 0x67:
			in->prefixes |= VMBT_PFX_ADDRSIZE;
			break;
		case 0xf0:
			in->prefixes |= VMBT_PFX_LOCK;
			break;
		case 0xf2:
			in->prefixes &= ~VMBT_PFX_REP;
			in->prefixes |= VMBT_PFX_REPNE;
			break;
		case 0xf3:
			in->prefixes &= ~VMBT_PFX_REPNE;
			in->prefixes |= VMBT_PFX_REP;
			break;
		default:
			in->nr_prefixes = in->len;
			in->esc_off = in->len;
			opsize = in->prefixes & VMBT_PFX_OPSIZE;
			addrsize = in->prefixes & VMBT_PFX_ADDRSIZE;
			in->opsize = in->code32 != opsize ? 4 : 2;
			in->asize = in->code32 != addrsize ? 4 : 2;
			return VMBT_DEC_OK;
		}
		in->len++;
	}
}

/* VEX: two bytes (C5) or three (C4); the caller saw mod 3 in the next byte. */
static int get_vex(struct cursor *c)
{
	struct vmbt_insn *in = c->in;
	u8 byte;
	int r;

	/* The prefix that selects is inside, and there is nothing to lock. */
	if (in->prefixes & (VMBT_PFX_OPSIZE | VMBT_PFX_REP | VMBT_PFX_REPNE |
			    VMBT_PFX_LOCK))
		return VMBT_DEC_UD;
	r = get(c, &byte);
	if (r)
		return r;
	in->map = VMBT_MAP_VEX_0F;
	if (in->opcode == 0xc4) {
		/* R and X are the two bits of mod; B means nothing here. */
		in->map += (byte & 0x1f) - 1;
		if (in->map < VMBT_MAP_VEX_0F || in->map > VMBT_MAP_VEX_0F3A)
			return VMBT_DEC_UD;
		r = get(c, &byte);
		if (r)
			return r;
		in->vex_w = byte >> 7;
	}
	in->vex_vvvv = (~byte >> 3) & 0xf;
	in->vex_l = (byte >> 2) & 1;
	in->mandatory = byte & 3;
	in->opcode_off = in->len;
	return get(c, &in->opcode);
}

static int get_opcode(struct cursor *c)
{
	struct vmbt_insn *in = c->in;
	u8 next;
	int r;

	in->opcode_off = in->len;
	r = get(c, &in->opcode);
	if (r)
		return r;
	if (in->opcode == 0xc4 || in->opcode == 0xc5 || in->opcode == 0x62) {
		r = peek(c, &next);
		if (r)
			return r;
		if (next < 0xc0)
			return VMBT_DEC_OK;
		return in->opcode == 0x62 ? VMBT_DEC_UD : get_vex(c);
	}
	if (in->opcode != 0x0f)
		return VMBT_DEC_OK;

	in->map = VMBT_MAP_0F;
	in->opcode_off = in->len;
	r = get(c, &in->opcode);
	if (r)
		return r;
	if (in->opcode == 0x38)
		in->map = VMBT_MAP_0F38;
	else if (in->opcode == 0x3a)
		in->map = VMBT_MAP_0F3A;
	else
		return VMBT_DEC_OK;
	in->opcode_off = in->len;
	return get(c, &in->opcode);
}

/* 16-bit addressing: the base and index that ModRM.rm stands for. */
static const u8 base16[8] = {
	VMBT_REG_EBX, VMBT_REG_EBX, VMBT_REG_EBP, VMBT_REG_EBP,
	VMBT_REG_ESI, VMBT_REG_EDI, VMBT_REG_EBP, VMBT_REG_EBX,
};

static const u8 index16[8] = {
	VMBT_REG_ESI, VMBT_REG_EDI, VMBT_REG_ESI, VMBT_REG_EDI,
	VMBT_REG_NONE, VMBT_REG_NONE, VMBT_REG_NONE, VMBT_REG_NONE,
};

static int get_modrm(struct cursor *c)
{
	struct vmbt_insn *in = c->in;
	int r;

	if (in->flags & VMBT_IF_MODRM)
		return VMBT_DEC_OK;
	in->modrm_off = in->len;
	r = get(c, &in->modrm);
	if (r)
		return r;
	in->flags |= VMBT_IF_MODRM;
	in->mod = in->modrm >> 6;
	in->reg = (in->modrm >> 3) & 7;
	in->rm = in->modrm & 7;
	return VMBT_DEC_OK;
}

/* What follows a ModRM that names memory: SIB and displacement. */
static int get_address(struct cursor *c, bool vsib)
{
	struct vmbt_insn *in = c->in;
	struct vmbt_mem *mem = &in->mem;
	unsigned int size = in->mod == 1 ? 1 : 0;
	u32 disp;
	u8 sib;
	int r;

	mem->scale = 1;
	if (in->asize == 2) {
		mem->base = base16[in->rm];
		mem->index = index16[in->rm];
		if (in->mod == 2) {
			size = 2;
		} else if (in->mod == 0 && in->rm == 6) {
			mem->base = VMBT_REG_NONE;
			size = 2;
		}
	} else {
		mem->base = in->rm;
		mem->index = VMBT_REG_NONE;
		if (in->mod == 2)
			size = 4;
		if (in->rm == VMBT_REG_ESP) {
			in->sib_off = in->len;
			r = get(c, &sib);
			if (r)
				return r;
			mem->base = sib & 7;
			mem->index = (sib >> 3) & 7;
			mem->scale = 1 << (sib >> 6);
			/* ESP can be no index, a vector register 4 can. */
			if (mem->index == VMBT_REG_ESP && !vsib) {
				mem->index = VMBT_REG_NONE;
				mem->scale = 1;
			}
		}
		if (mem->base == VMBT_REG_EBP && in->mod == 0) {
			mem->base = VMBT_REG_NONE;
			size = 4;
		}
	}

	r = get_field(c, size, &in->disp_off, &in->disp_size, &disp);
	if (r)
		return r;
	mem->disp = (s32)sign_extend(disp, size);
	return VMBT_DEC_OK;
}

/* Segment of a memory operand: override, else by its base register. */
static void set_seg(struct vmbt_insn *in)
{
	if (in->seg_override != VMBT_SEG_NONE)
		in->mem.seg = in->seg_override;
	else if (in->mem.base == VMBT_REG_ESP || in->mem.base == VMBT_REG_EBP)
		in->mem.seg = VMBT_SEG_SS;
	else
		in->mem.seg = VMBT_SEG_DS;
}

/* The table line of an opcode of the first two maps. */
static int find_opc(struct cursor *c, const struct opc *e, struct line *line)
{
	struct vmbt_insn *in = c->in;
	const u8 *opd = NULL;
	unsigned int i;
	int r;

	while (e->cls == TBL_GROUP || e->cls == TBL_SPLIT ||
	       e->cls == TBL_GROUP_RM) {
		r = get_modrm(c);
		if (r)
			return r;
		opd = NULL;
		if (e->cls == TBL_GROUP) {
			opd = e->opd;
			e = &vmbt_opc_group[e->op][in->reg];
		} else if (e->cls == TBL_SPLIT) {
			e = &vmbt_opc_group[in->mod == 3 ? e->opd[0] : e->op][in->reg];
		} else {
			if (in->mod != 3)
				return VMBT_DEC_UD;
			e = &vmbt_opc_group[e->op][in->rm];
			/* XGETBV, CLAC and so on refuse prefixes. */
			if (in->map == VMBT_MAP_0F &&
			    (in->prefixes & (VMBT_PFX_OPSIZE | VMBT_PFX_REP |
					     VMBT_PFX_REPNE)) &&
			    e->cls != VMBT_CLS_UD && e->op != VMBT_OP_RDTSCP)
				return VMBT_DEC_UD;
		}
	}
	if (!opd || e->opd[0])
		opd = e->opd;
	in->op = e->op;
	in->cls = e->cls;
	for (i = 0; i < 4; i++) {
		u8 role = opd_desc[opd[i]].role;

		line->opd[i] = opd[i];
		if (role >= ROLE_RM && role <= ROLE_REG) {
			r = get_modrm(c);
			if (r)
				return r;
		}
	}
	return VMBT_DEC_OK;
}

static unsigned int vec_key(const struct vec *v)
{
	return v->map << 16 | v->opcode << 8 | v->pp;
}

/* Does this line want ModRM.rm to be memory, or a register? */
static bool mod_fits(const struct vec *v, u8 mod)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		u8 role = opd_desc[v->opd[i]].role;

		if ((role == ROLE_RM_MEM && mod == 3) ||
		    (role == ROLE_RM_REG && mod != 3))
			return false;
	}
	return true;
}

static bool vex_fits(const struct vmbt_insn *in, u8 cons)
{
	return !((cons & VC_L0 && in->vex_l) || (cons & VC_L1 && !in->vex_l) ||
		 (cons & VC_W0 && in->vex_w) || (cons & VC_W1 && !in->vex_w));
}

/* The table line of an encoding with mandatory prefix or VEX. */
static int find_vec(struct cursor *c, struct line *line)
{
	struct vmbt_insn *in = c->in;
	bool vex = in->map >= VMBT_MAP_VEX_0F;
	const struct vec *table = vex ? vmbt_avx : vmbt_sse;
	unsigned int nr = vex ? vmbt_nr_avx : vmbt_nr_sse;
	unsigned int lo = 0, hi = nr, mid, key;
	int r;

	if (!vex) {
		if (in->prefixes & VMBT_PFX_REP)
			in->mandatory = VMBT_MP_F3;
		else if (in->prefixes & VMBT_PFX_REPNE)
			in->mandatory = VMBT_MP_F2;
		else if (in->prefixes & VMBT_PFX_OPSIZE)
			in->mandatory = VMBT_MP_66;
	}
	key = in->map << 16 | in->opcode << 8 | in->mandatory;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (vec_key(&table[mid]) < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < nr && vec_key(&table[lo]) == key; lo++) {
		const struct vec *v = &table[lo];

		if (!vex_fits(in, v->cons))
			continue;
		if (!(v->cons & VC_NOMODRM)) {
			r = get_modrm(c);
			if (r)
				return r;
			if (v->ext != EXT_ANY && v->ext != in->reg)
				continue;
			if (!mod_fits(v, in->mod))
				continue;
		}
		in->op = v->op;
		in->cls = v->cls;
		in->desc = lo | (vex ? DESC_AVX : DESC_SSE);
		line->opd[0] = v->opd[0];
		line->opd[1] = v->opd[1];
		line->opd[2] = v->opd[2];
		line->opd[3] = v->opd[3];
		line->msize = v->msize;
		return VMBT_DEC_OK;
	}
	return VMBT_DEC_UD;
}

static int find_x87(struct cursor *c, struct line *line)
{
	struct vmbt_insn *in = c->in;
	const struct x87 *x;
	int r;

	r = get_modrm(c);
	if (r)
		return r;
	x = vmbt_x87_find(in->opcode, in->modrm);
	if (!x->name[0])
		return VMBT_DEC_UD;
	in->op = x->op;
	in->cls = x->cls;
	in->desc = DESC_X87;
	line->opd[0] = in->mod == 3 ? x->opd[0] : OD_M;
	line->opd[1] = x->opd[1];
	line->msize = x->msize;
	line->x87_acc = x->acc;
	return VMBT_DEC_OK;
}

static unsigned int vec_size(const struct vmbt_insn *in, u8 code)
{
	unsigned int full = 16 << in->vex_l;

	if (code >= SZ_FULL)
		return full >> (code - SZ_FULL);
	return code;
}

static unsigned int opd_size(const struct vmbt_insn *in, u8 size, bool mem)
{
	switch (size) {
	case S_V:
		return in->opsize;
	case S_FAR:
		return in->opsize + 2;
	case S_PAIR:
		return in->opsize * 2;
	case S_VW:
		return mem ? 2 : in->opsize;
	case S_VEC:
		return 16 << in->vex_l;
	}
	return size;
}

/* An immediate: in->imm holds it extended to 32 bits. */
static int get_imm(struct cursor *c, struct vmbt_opd *o, u8 role, u8 size)
{
	struct vmbt_insn *in = c->in;
	int r;

	switch (role) {
	case ROLE_IMM2:
		return get_field(c, 1, &in->imm2_off, &in->imm2_size, &in->imm2);
	case ROLE_FAR:
		r = get_field(c, in->opsize, &in->imm_off, &in->imm_size, &in->imm);
		if (r)
			return r;
		return get_field(c, 2, &in->imm2_off, &in->imm2_size, &in->imm2);
	case ROLE_IMM_SX:
		r = get_field(c, 1, &in->imm_off, &in->imm_size, &in->imm);
		in->imm = sign_extend(in->imm, 1);
		if (o->size == 2)
			in->imm &= 0xffff;
		return r;
	case ROLE_REL:
		size = size == 1 ? 1 : in->opsize;
		r = get_field(c, size, &in->imm_off, &in->imm_size, &in->imm);
		in->imm = sign_extend(in->imm, size);
		return r;
	}
	return get_field(c, o->size, &in->imm_off, &in->imm_size, &in->imm);
}

static int get_moffs(struct cursor *c)
{
	struct vmbt_insn *in = c->in;
	u32 disp;
	int r;

	r = get_field(c, in->asize, &in->disp_off, &in->disp_size, &disp);
	in->mem.base = VMBT_REG_NONE;
	in->mem.index = VMBT_REG_NONE;
	in->mem.scale = 1;
	in->mem.disp = (s32)disp;
	return r;
}

/* Resolve one operand code; o->access is set already. */
static int get_operand(struct cursor *c, struct vmbt_opd *o, u8 code,
		       const struct line *line)
{
	const struct opd_desc *d = &opd_desc[code];
	struct vmbt_insn *in = c->in;
	bool mem = false;
	int r;

	o->kind = d->kind;
	switch (d->role) {
	case ROLE_RM:
	case ROLE_RM_MEM:
	case ROLE_RM_REG:
		mem = in->mod != 3;
		if ((mem && d->role == ROLE_RM_REG) ||
		    (!mem && d->role == ROLE_RM_MEM))
			return VMBT_DEC_UD;
		o->reg = in->rm;
		break;
	case ROLE_RM_ANY:
		o->reg = in->rm;
		break;
	case ROLE_REG:
		o->reg = in->reg;
		break;
	case ROLE_OPCODE:
		o->reg = in->opcode & 7;
		break;
	case ROLE_FIXED:
		o->reg = d->fixed;
		break;
	case ROLE_VVVV:
		o->reg = in->vex_vvvv & 7;
		break;
	case ROLE_STR:
		o->reg = d->fixed;
		if (d->kind == VMBT_OPD_STR_SRC) {
			in->flags |= VMBT_IF_STR_SRC;
			in->mem.seg = in->seg_override == VMBT_SEG_NONE ?
				      VMBT_SEG_DS : in->seg_override;
		} else {
			in->flags |= VMBT_IF_STR_DST;
		}
		break;
	case ROLE_XLAT:
	case ROLE_DI:
		mem = true;
		in->mem.base = d->fixed;
		in->mem.index = VMBT_REG_NONE;
		in->mem.scale = 1;
		break;
	case ROLE_MOFFS:
		mem = true;
		r = get_moffs(c);
		if (r)
			return r;
		break;
	}

	o->size = opd_size(in, d->size, mem);
	if (d->size == S_V || d->size == S_FAR || d->size == S_PAIR ||
	    (d->size == S_VW && !mem))
		in->flags |= VMBT_IF_OSZ_MATTERS;
	if (mem) {
		o->kind = VMBT_OPD_MEM;
		in->flags |= VMBT_IF_MEM;
		if (line->msize)
			o->size = vec_size(in, line->msize);
		in->mem.size = o->size;
		set_seg(in);
	}
	if (d->role == ROLE_IS4) {
		r = get_field(c, 1, &in->imm_off, &in->imm_size, &in->imm);
		o->reg = (in->imm >> 4) & 7;
		return r;
	}
	if (d->role >= ROLE_IMM && d->role <= ROLE_FAR)
		return get_imm(c, o, d->role, d->size);
	return VMBT_DEC_OK;
}

static int get_operands(struct cursor *c, const struct line *line)
{
	struct vmbt_insn *in = c->in;
	bool vsib = false, vvvv = false;
	unsigned int i;
	int r;

	for (i = 0; i < 4; i++) {
		vvvv |= opd_desc[line->opd[i]].role == ROLE_VVVV;
		vsib |= line->opd[i] == OD_VM;
	}
	if (in->map >= VMBT_MAP_VEX_0F && !vvvv && in->vex_vvvv)
		return VMBT_DEC_UD;
	if (vsib && (in->asize == 2 || in->rm != VMBT_REG_ESP))
		return VMBT_DEC_UD;
	/* MOV CR and DR ignore mod: nothing follows their ModRM. */
	if ((in->flags & VMBT_IF_MODRM) && in->mod != 3 &&
	    line->opd[0] != OD_RD && line->opd[1] != OD_RD) {
		r = get_address(c, vsib);
		if (r)
			return r;
	}
	for (i = 0; i < 4 && line->opd[i]; i++) {
		in->opd[i].access = (line->info->acc >> (2 * i)) & 3;
		r = get_operand(c, &in->opd[i], line->opd[i], line);
		if (r)
			return r;
	}
	in->nr_opds = i;
	if (vsib) {
		in->flags |= VMBT_IF_VSIB;
		/* Destination, index and mask must be three registers. */
		if (in->opd[0].reg == in->mem.index ||
		    in->opd[2].reg == in->mem.index ||
		    in->opd[0].reg == in->opd[2].reg)
			return VMBT_DEC_UD;
	}
	return VMBT_DEC_OK;
}

/* Byte forms have operand size 1; what CS.D and 66 mean for them is nothing. */
static void fix_opsize(struct vmbt_insn *in, const struct opinfo *info)
{
	unsigned int i;

	if ((in->flags & VMBT_IF_OSZ_MATTERS) || (info->flags & OI_OSZ))
		return;
	for (i = 0; i < in->nr_opds; i++) {
		u8 kind = in->opd[i].kind;

		if (in->opd[i].size == 1 &&
		    (kind == VMBT_OPD_GPR || kind == VMBT_OPD_MEM ||
		     kind == VMBT_OPD_STR_SRC || kind == VMBT_OPD_STR_DST))
			in->opsize = 1;
	}
}

/* Exceptions to the tables that are not worth a table. */
static int special_cases(struct vmbt_insn *in, struct line *line)
{
	switch (in->op) {
	case VMBT_OP_NOP:
		if (in->map == VMBT_MAP_1BYTE && (in->prefixes & VMBT_PFX_REP))
			in->op = VMBT_OP_PAUSE;
		break;
	case VMBT_OP_HINT_NOP:
		if (in->mandatory == VMBT_MP_F3 && (in->modrm == 0xfa ||
						    in->modrm == 0xfb))
			in->op = VMBT_OP_ENDBR;
		break;
	case VMBT_OP_MOV_TO_SREG:
		if (in->reg == VMBT_SEG_CS)
			return VMBT_DEC_UD;
		fallthrough;
	case VMBT_OP_MOV_FROM_SREG:
		if (in->reg > VMBT_SEG_GS)
			return VMBT_DEC_UD;
		break;
	case VMBT_OP_MOV_FROM_CR:
	case VMBT_OP_MOV_TO_CR:
		if (in->reg == 1 || in->reg > 4)
			return VMBT_DEC_UD;
		break;
	case VMBT_OP_FNSTENV:
	case VMBT_OP_FLDENV:
		line->msize = in->opsize == 2 ? 14 : 28;
		break;
	case VMBT_OP_FNSAVE:
	case VMBT_OP_FRSTOR:
		line->msize = in->opsize == 2 ? 94 : 108;
		break;
	}
	return VMBT_DEC_OK;
}

static int decode(struct cursor *c)
{
	struct vmbt_insn *in = c->in;
	struct line line = { .msize = 0 };
	const struct opc *e = NULL;
	int r;

	r = get_prefixes(c);
	if (r)
		return r;
	r = get_opcode(c);
	if (r)
		return r;

	if (in->map == VMBT_MAP_1BYTE)
		e = &vmbt_opc_1byte[in->opcode];
	else if (in->map == VMBT_MAP_0F)
		e = &vmbt_opc_0f[in->opcode];
	if (!e || e->cls == TBL_PREFIXED)
		r = find_vec(c, &line);
	else if (e->cls == TBL_X87)
		r = find_x87(c, &line);
	else
		r = find_opc(c, e, &line);
	if (r)
		return r;
	if (in->op == VMBT_OP_INVALID)
		return VMBT_DEC_UD;

	r = special_cases(in, &line);
	if (r)
		return r;
	line.info = &vmbt_opinfo[in->op];
	r = get_operands(c, &line);
	if (r)
		return r;
	if (in->desc == DESC_X87 && in->mod != 3)
		in->opd[0].access = line.x87_acc;
	if (in->op == VMBT_OP_IMUL && in->nr_opds == 2)
		in->opd[0].access = VMBT_ACC_RW;
	/* 66 chose a line of its own, but only to say the operand size. */
	if ((in->flags & VMBT_IF_OSZ_MATTERS) && in->mandatory == VMBT_MP_66)
		in->mandatory = VMBT_MP_NONE;
	fix_opsize(in, line.info);
	vmbt_effects(in, line.info);
	if ((in->prefixes & VMBT_PFX_LOCK) && !(in->flags & VMBT_IF_LOCKABLE))
		return VMBT_DEC_UD;
	return VMBT_DEC_OK;
}

int vmbt_decode(struct vmbt_insn *in, const u8 *bytes, unsigned int avail,
		bool code32)
{
	struct cursor c = { .in = in, .src = bytes, .avail = avail };
	int r;

	*in = (struct vmbt_insn){
		.code32 = code32,
		.seg_override = VMBT_SEG_NONE,
		.sreg = VMBT_SEG_NONE,
		.mem = {
			.seg = VMBT_SEG_NONE,
			.base = VMBT_REG_NONE,
			.index = VMBT_REG_NONE,
			.scale = 1,
		},
	};
	r = decode(&c);
	if (r)
		in->cls = VMBT_CLS_UD;
	return r;
}

u32 vmbt_insn_ea(const struct vmbt_insn *in, const u32 gpr[8])
{
	const struct vmbt_mem *mem = &in->mem;
	u32 ea = (u32)mem->disp;

	if (mem->base != VMBT_REG_NONE)
		ea += gpr[mem->base & 7];
	if (mem->index != VMBT_REG_NONE)
		ea += gpr[mem->index & 7] * mem->scale;
	if (in->op == VMBT_OP_XLAT)
		ea += gpr[VMBT_REG_EAX] & 0xff;
	return in->asize == 2 ? ea & 0xffff : ea;
}

u32 vmbt_insn_target(const struct vmbt_insn *in, u32 eip)
{
	u32 target = eip + in->len + in->imm;

	return in->opsize == 2 ? target & 0xffff : target;
}

const char *vmbt_op_name(unsigned int op)
{
	return vmbt_opinfo[op < VMBT_OP_COUNT ? op : VMBT_OP_INVALID].name;
}
