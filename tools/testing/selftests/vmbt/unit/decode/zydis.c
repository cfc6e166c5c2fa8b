// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder held against Zydis, a decoder that shares nothing with it.
 *
 * Every opcode of every map with all ModRM bytes and combinations of prefixes,
 * VEX likewise with L, W and vvvv, and then random bytes, in 16- and 32-bit
 * mode. Compared are validity, length, the places of all parts, the memory
 * operand, registers and flags read, written and left undefined, and whether
 * toggling 66 and 67 as our flags say moves the instruction into a segment of
 * the other size. A difference
 * is an error unless accepted.c has a line for it that says who is right, and
 * why; a line that nothing needed is an error as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "accepted.h"

static ZydisDecoder decoders[2];
static unsigned long long nr_insns, nr_valid;

#define MAX_GROUPS	400

/* Unaccepted differences, grouped so that one error is one line. */
static struct group {
	unsigned int kind;
	u32 key;
	unsigned long count;
	char text[200];
} groups[MAX_GROUPS];
static unsigned int nr_groups;

static u32 group_key(const struct vmbt_insn *in, unsigned int kind)
{
	/* Operations, or opcodes where one operation stands for many. */
	if (in->op == VMBT_OP_INVALID || (in->flags & VMBT_IF_SIMD))
		return kind << 24 | in->map << 20 | in->opcode << 12 |
		       in->mandatory << 10 | (in->mod == 3) << 9;
	return kind << 24 | in->op;
}

static void report(const struct vmbt_insn *in, unsigned int kind,
		   const u8 *bytes, u32 ours, u32 theirs, const char *name)
{
	u32 key = group_key(in, kind);
	unsigned int i, n;

	if (vmbt_accepted(in, kind, ours, theirs))
		return;
	for (i = 0; i < nr_groups; i++) {
		if (groups[i].key == key) {
			groups[i].count++;
			return;
		}
	}
	if (nr_groups == MAX_GROUPS)
		return;
	nr_groups++;
	groups[i].kind = kind;
	groups[i].key = key;
	groups[i].count = 1;
	n = snprintf(groups[i].text, sizeof(groups[i].text),
		     "%s: ours %x Zydis %x (%s; op %s, %d bits):",
		     vmbt_diff_names[kind], ours, theirs, name,
		     vmbt_op_name(in->op), in->code32 ? 32 : 16);
	for (i = 0; i < 15 && n + 4 < sizeof(groups[0].text); i++)
		n += snprintf(groups[nr_groups - 1].text + n,
			      sizeof(groups[0].text) - n, " %02x", bytes[i]);
}

/* Index of a general register from any of its names, or -1. */
static int gpr_index(ZydisRegister reg)
{
	ZydisRegister full;

	if (ZydisRegisterGetClass(reg) < ZYDIS_REGCLASS_GPR8 ||
	    ZydisRegisterGetClass(reg) > ZYDIS_REGCLASS_GPR64)
		return -1;
	full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LEGACY_32, reg);
	return full - ZYDIS_REGISTER_EAX;
}

static u32 reg_bit(ZydisRegister reg)
{
	int i = gpr_index(reg);

	return i < 0 ? 0 : 1u << i;
}

/* What Zydis says about registers and memory, put in our terms. */
struct theirs {
	u32 regs_read, regs_written;
	u32 mem_read, mem_write;
	const ZydisDecodedOperand *mem;
};

static void collect(const ZydisDecodedInstruction *z,
		    const ZydisDecodedOperand *ops, struct theirs *t)
{
	unsigned int i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < z->operand_count; i++) {
		const ZydisDecodedOperand *o = &ops[i];
		bool rd = o->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
		bool wr = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;

		if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
			/* A conditional write keeps the old value sometimes. */
			if (o->actions & ZYDIS_OPERAND_ACTION_CONDWRITE)
				rd = true;
			if (rd)
				t->regs_read |= reg_bit(o->reg.value);
			if (wr)
				t->regs_written |= reg_bit(o->reg.value);
		} else if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			if (o->mem.base == ZYDIS_REGISTER_ESP &&
			    o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
				continue;
			if (o->mem.base == ZYDIS_REGISTER_SP)
				continue;
			t->regs_read |= reg_bit(o->mem.base);
			t->regs_read |= reg_bit(o->mem.index);
			t->mem_read |= rd;
			t->mem_write |= wr;
			if (!t->mem && o->mem.type != ZYDIS_MEMOP_TYPE_INVALID)
				t->mem = o;
		}
	}
}

static u32 reg_or_none(ZydisRegister reg)
{
	if (ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_XMM)
		return reg - ZYDIS_REGISTER_XMM0;
	if (ZydisRegisterGetClass(reg) == ZYDIS_REGCLASS_YMM)
		return reg - ZYDIS_REGISTER_YMM0;
	return reg == ZYDIS_REGISTER_NONE ? VMBT_REG_NONE : (u32)gpr_index(reg);
}

static void compare_mem(const struct vmbt_insn *in, const u8 *bytes,
			const struct theirs *t, const char *name)
{
	const ZydisDecodedOperand *o = t->mem;
	u32 ours, theirs;

	if (!(in->flags & VMBT_IF_MEM))
		return;
	if (!o) {
		report(in, DIFF_MEM, bytes, 1, 0, name);
		return;
	}
	ours = in->mem.base << 16 | in->mem.index << 8 |
	       (in->mem.index == VMBT_REG_NONE ? 0 : in->mem.scale);
	theirs = reg_or_none(o->mem.base) << 16 | reg_or_none(o->mem.index) << 8 |
		 (o->mem.index == ZYDIS_REGISTER_NONE ? 0 : o->mem.scale);
	if (in->op == VMBT_OP_XLAT)
		theirs |= 0xffff;
	if (in->op == VMBT_OP_XLAT)
		ours |= 0xffff;
	if (ours != theirs)
		report(in, DIFF_MEM, bytes, ours, theirs, name);
	ours = in->mem.disp;
	theirs = o->mem.disp.value;
	if (((ours ^ theirs) & (in->asize == 2 ? 0xffff : ~0u)) != 0)
		report(in, DIFF_DISP, bytes, ours, theirs, name);
	theirs = o->mem.segment - ZYDIS_REGISTER_ES;
	if (in->mem.seg != theirs)
		report(in, DIFF_SEG, bytes, in->mem.seg, theirs, name);
	/* Sizes that our struct leaves at 0 are not fixed by the encoding. */
	if (in->mem.size != o->size / 8)
		report(in, DIFF_MSIZE, bytes, in->mem.size, o->size / 8, name);
}

static void compare_parts(const struct vmbt_insn *in, const u8 *bytes,
			  const ZydisDecodedInstruction *z, const char *name)
{
	u32 ours, theirs;

	ours = in->flags & VMBT_IF_MODRM ? in->modrm_off : 0;
	theirs = z->attributes & ZYDIS_ATTRIB_HAS_MODRM ? z->raw.modrm.offset : 0;
	if (ours != theirs)
		report(in, DIFF_PARTS, bytes, ours, theirs, name);
	ours = in->sib_off;
	theirs = z->attributes & ZYDIS_ATTRIB_HAS_SIB ? z->raw.sib.offset : 0;
	if (ours != theirs)
		report(in, DIFF_PARTS, bytes, ours, theirs, name);
	ours = in->disp_size;
	theirs = z->raw.disp.size / 8;
	if (ours != theirs || (ours && in->disp_off != z->raw.disp.offset))
		report(in, DIFF_PARTS, bytes, ours, theirs, name);
	ours = in->imm_size;
	theirs = z->raw.imm[0].size / 8;
	if (ours != theirs || (ours && in->imm_off != z->raw.imm[0].offset))
		report(in, DIFF_PARTS, bytes, ours, theirs, name);
	ours = in->imm2_size;
	theirs = z->raw.imm[1].size / 8;
	if (ours != theirs || (ours && in->imm2_off != z->raw.imm[1].offset))
		report(in, DIFF_PARTS, bytes, ours, theirs, name);
	if (in->nr_prefixes != z->raw.prefix_count &&
	    in->map < VMBT_MAP_VEX_0F)
		report(in, DIFF_PARTS, bytes, in->nr_prefixes,
		       z->raw.prefix_count, name);
}

static void compare_value(const struct vmbt_insn *in, const u8 *bytes,
			  const ZydisDecodedInstruction *z,
			  const ZydisDecodedOperand *ops, const char *name)
{
	unsigned int i;

	for (i = 0; i < z->operand_count_visible && i < in->nr_opds; i++) {
		const struct vmbt_opd *o = &in->opd[i];
		u32 mask = o->size == 1 ? 0xff : o->size == 2 ? 0xffff : ~0u;

		if (ops[i].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
			continue;
		if (o->kind == VMBT_OPD_REL)
			mask = ~0u;
		if (o->kind == VMBT_OPD_IMM || o->kind == VMBT_OPD_REL) {
			if ((in->imm & mask) != ((u32)ops[i].imm.value.u & mask))
				report(in, DIFF_IMM, bytes, in->imm,
				       ops[i].imm.value.u, name);
		}
	}
}

static void compare_effects(const struct vmbt_insn *in, const u8 *bytes,
			    const ZydisDecodedInstruction *z,
			    const struct theirs *t, const char *name)
{
	const u32 fl_mask = VMBT_FL_ARITH | VMBT_FL_DF;
	u32 ours, theirs, tested = 0, modified = 0, undefined = 0;

	if (z->cpu_flags) {
		tested = z->cpu_flags->tested & fl_mask;
		modified = (z->cpu_flags->modified | z->cpu_flags->set_0 |
			    z->cpu_flags->set_1 | z->cpu_flags->undefined) & fl_mask;
		undefined = z->cpu_flags->undefined & fl_mask;
	}
	if (in->regs_read != t->regs_read)
		report(in, DIFF_REGS_READ, bytes, in->regs_read, t->regs_read, name);
	if (in->regs_written != t->regs_written)
		report(in, DIFF_REGS_WRITTEN, bytes, in->regs_written,
		       t->regs_written, name);
	if ((in->fl_read & fl_mask) != tested)
		report(in, DIFF_FL_READ, bytes, in->fl_read & fl_mask, tested, name);
	if ((in->fl_mod & fl_mask) != modified)
		report(in, DIFF_FL_MOD, bytes, in->fl_mod & fl_mask, modified, name);
	if ((in->fl_undef & fl_mask) != undefined)
		report(in, DIFF_FL_UNDEF, bytes, in->fl_undef & fl_mask,
		       undefined, name);
	ours = (in->flags & VMBT_IF_MEM_READ ? 1 : 0) |
	       (in->flags & VMBT_IF_MEM_WRITE ? 2 : 0);
	theirs = t->mem_read | t->mem_write << 1;
	if (ours != theirs)
		report(in, DIFF_MEM_ACCESS, bytes, ours, theirs, name);
}

/*
 * The translator moves 16-bit code into 32-bit segments: it toggles 66 where
 * the operand size matters and 67 where the address size does, and nothing
 * else. Do so the other way round, too, and see whether Zydis finds the very
 * same instruction in both.
 */
static unsigned int toggle_sizes(const struct vmbt_insn *in, u8 *to)
{
	bool osz = in->flags & VMBT_IF_OSZ_MATTERS;
	bool asz = in->flags & VMBT_IF_ASZ_MATTERS;
	unsigned int i, n = 0;

	/* What the flag promises to the translator. */
	if (osz && in->mandatory == VMBT_MP_66)
		return 0;
	if (osz && !(in->prefixes & VMBT_PFX_OPSIZE))
		to[n++] = 0x66;
	if (asz && !(in->prefixes & VMBT_PFX_ADDRSIZE))
		to[n++] = 0x67;
	for (i = 0; i < in->len; i++) {
		if (i < in->nr_prefixes && osz && in->bytes[i] == 0x66)
			continue;
		if (i < in->nr_prefixes && asz && in->bytes[i] == 0x67)
			continue;
		to[n++] = in->bytes[i];
	}
	return n;
}

static bool same_operand(const ZydisDecodedOperand *a, const ZydisDecodedOperand *b)
{
	if (a->type != b->type || a->size != b->size || a->actions != b->actions)
		return false;
	switch (a->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return a->reg.value == b->reg.value;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		return a->mem.segment == b->mem.segment &&
		       a->mem.base == b->mem.base &&
		       a->mem.index == b->mem.index &&
		       a->mem.scale == b->mem.scale &&
		       a->mem.disp.value == b->mem.disp.value;
	case ZYDIS_OPERAND_TYPE_POINTER:
		return a->ptr.segment == b->ptr.segment &&
		       a->ptr.offset == b->ptr.offset;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		return a->imm.value.u == b->imm.value.u;
	default:
		return true;
	}
}

static void compare_toggled(const struct vmbt_insn *in, const u8 *bytes,
			    const ZydisDecodedInstruction *z,
			    const ZydisDecodedOperand *ops, const char *name)
{
	ZydisDecodedOperand ops2[ZYDIS_MAX_OPERAND_COUNT];
	u8 toggled[VMBT_INSN_MAX + 2];
	ZydisDecodedInstruction z2;
	unsigned int i, len = toggle_sizes(in, toggled);

	if (len > VMBT_INSN_MAX)
		return;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[!in->code32], toggled,
						 len, &z2, ops2))) {
		report(in, DIFF_TOGGLE, bytes, len, 0, name);
		return;
	}
	if (z2.mnemonic != z->mnemonic || z2.length != len ||
	    z2.operand_count_visible != z->operand_count_visible) {
		report(in, DIFF_TOGGLE, bytes, z->mnemonic, z2.mnemonic, name);
		return;
	}
	for (i = 0; i < z->operand_count_visible; i++) {
		if (!same_operand(&ops[i], &ops2[i]))
			report(in, DIFF_TOGGLE, bytes, i, ops2[i].size, name);
	}
}

static void compare(const u8 *bytes, bool code32)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	struct vmbt_insn in;
	struct theirs t;
	const char *name;
	ZyanStatus zr;
	bool valid, ours;
	int r;

	nr_insns++;
	r = vmbt_decode(&in, bytes, VMBT_INSN_MAX, code32);
	zr = ZydisDecoderDecodeFull(&decoders[code32], bytes, VMBT_INSN_MAX, &z, ops);
	valid = ZYAN_SUCCESS(zr);
	ours = r == VMBT_DEC_OK;
	name = valid ? ZydisMnemonicGetString(z.mnemonic) : "";
	if (ours != valid) {
		/* Both see bytes missing, or too many, in their own order. */
		if (!valid && zr == ZYDIS_STATUS_NO_MORE_DATA && r)
			return;
		report(&in, r ? DIFF_WE_REFUSE : DIFF_THEY_REFUSE, bytes, r,
		       zr & 0xff, name);
		return;
	}
	if (!valid)
		return;
	nr_valid++;
	if (in.len != z.length) {
		report(&in, DIFF_LEN, bytes, in.len, z.length, name);
		return;
	}
	collect(&z, ops, &t);
	compare_parts(&in, bytes, &z, name);
	compare_mem(&in, bytes, &t, name);
	compare_value(&in, bytes, &z, ops, name);
	/* What is always #UD has no effects in our tables. */
	if (in.cls != VMBT_CLS_UD) {
		compare_effects(&in, bytes, &z, &t, name);
		compare_toggled(&in, bytes, &z, ops, name);
	}
}

static u64 rng_state = 0x9e3779b97f4a7c15ull;

static u32 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state >> 16;
}

static void random_tail(u8 *bytes, unsigned int from)
{
	for (; from < VMBT_INSN_MAX; from++)
		bytes[from] = rng();
}

static const struct {
	u8 len, bytes[3];
} prefixes[] = {
	{ 0, { 0 } }, { 1, { 0x66 } }, { 1, { 0xf3 } }, { 1, { 0xf2 } },
	{ 1, { 0xf0 } }, { 1, { 0x67 } }, { 2, { 0x66, 0xf3 } },
	{ 2, { 0xf2, 0x66 } }, { 2, { 0x66, 0x67 } }, { 2, { 0xf0, 0xf2 } },
	{ 1, { 0x2e } }, { 1, { 0x65 } }, { 2, { 0x64, 0x36 } },
	{ 3, { 0xf3, 0xf2, 0x3e } }, { 3, { 0xf2, 0xf3, 0x26 } },
	{ 2, { 0xf0, 0x66 } },
};

/* All opcodes of the legacy maps: all prefixes above, all of ModRM. */
static void test_legacy(bool code32)
{
	static const struct {
		u8 len, bytes[2];
	} maps[] = {
		{ 0, { 0 } }, { 1, { 0x0f } }, { 2, { 0x0f, 0x38 } },
		{ 2, { 0x0f, 0x3a } },
	};
	unsigned int map, p, op, modrm, n;
	u8 b[VMBT_INSN_MAX];

	for (map = 0; map < ARRAY_SIZE(maps); map++) {
		for (p = 0; p < ARRAY_SIZE(prefixes); p++) {
			for (op = 0; op < 256; op++) {
				for (modrm = 0; modrm < 256; modrm++) {
					n = prefixes[p].len;
					memcpy(b, prefixes[p].bytes, n);
					memcpy(b + n, maps[map].bytes, maps[map].len);
					n += maps[map].len;
					b[n++] = op;
					b[n++] = modrm;
					random_tail(b, n);
					compare(b, code32);
				}
			}
		}
	}
}

/* All VEX opcodes: prefix, L, W, vvvv used or not, all of ModRM. */
static void test_vex(bool code32)
{
	unsigned int map, v, op, modrm, n;
	u8 b[VMBT_INSN_MAX];

	for (map = 0; map < 5; map++) {
		for (v = 0; v < 32; v++) {
			for (op = 0; op < 256; op++) {
				for (modrm = 0; modrm < 256; modrm++) {
					u8 vvvv = v & 16 ? 0x78 : (rng() & 0xf) << 3;

					n = 0;
					if (map == 4) {
						b[n++] = 0xc5;
						b[n++] = 0x80 | (v & 7) | vvvv | 0x40;
					} else {
						b[n++] = 0xc4;
						b[n++] = 0xc0 | (rng() & 0x20) | map;
						b[n++] = (v & 7) | (v & 8) << 4 | vvvv;
					}
					b[n++] = op;
					b[n++] = modrm;
					random_tail(b, n);
					compare(b, code32);
				}
			}
		}
	}
}

static void test_random(bool code32, unsigned int count)
{
	u8 b[VMBT_INSN_MAX];

	while (count--) {
		random_tail(b, 0);
		compare(b, code32);
	}
}

int main(int argc, char **argv)
{
	unsigned int random_count = argc > 1 ? atoi(argv[1]) : 2000000;
	unsigned int i, bad = 0;
	int code32;

	for (code32 = 0; code32 < 2; code32++) {
		ZydisDecoder *d = &decoders[code32];

		ZydisDecoderInit(d, code32 ? ZYDIS_MACHINE_MODE_LEGACY_32 :
					     ZYDIS_MACHINE_MODE_LEGACY_16,
				 code32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16);
		/* Features the virtual CPU hides and decodes as hints. */
		ZydisDecoderEnableMode(d, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
		ZydisDecoderEnableMode(d, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
		ZydisDecoderEnableMode(d, ZYDIS_DECODER_MODE_WBNOINVD, ZYAN_FALSE);
	}

	for (code32 = 0; code32 < 2; code32++) {
		test_legacy(code32);
		test_vex(code32);
		test_random(code32, random_count);
	}

	for (i = 0; i < nr_groups; i++) {
		printf("not ok decode/zydis: %s (%lu)\n", groups[i].text,
		       groups[i].count);
		bad++;
	}
	bad += vmbt_accepted_unused();
	if (!bad)
		printf("ok decode/zydis: %llu strings, %llu valid, %u kinds of difference\n",
		       nr_insns, nr_valid, vmbt_accepted_count());
	return bad != 0;
}
