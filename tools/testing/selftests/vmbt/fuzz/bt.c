// SPDX-License-Identifier: GPL-2.0
/*
 * Arbitrary bytes through the translator, and what comes out under a verifier.
 *
 * Nothing is executed. Each unit that the translator makes is decoded again
 * and held against what bt.rst promises: every instruction has one entry in
 * the map and every entry an instruction; none is privileged, sensitive or a
 * CALL or RET; %gs reaches struct vmbt_mon and, to read, the hash; branches go
 * to instructions of the cache. Then the map is used from each address, the
 * wrong ones included. Invalidations, epochs and flushes come in between. In the end
 * all that may adapt has met eight traces, so that writes ask the ring-1 runtime.
 *
 * An input's first bytes are the guest and what happens to it, the rest is code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "../lib/engine.h"
#include "../../../../../arch/x86/vmbt/vmm/vcpu.h"
#include "../../../../../arch/x86/vmbt/vmm/plat.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/cpu/cpu.h"
#include "../../../../../arch/x86/vmbt/vmm/interp/interp.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"

#define RAM_SIZE	0x400000u
#define CHOICES		96
#define MAX_CODE	256
/* Faults of an instruction that change it: bt/adapt.c. */
#define ADAPTS		8

static u8 *ram;
static struct vcpu vcpu, *v = &vcpu;
static struct input choice;

int vcpu_unsupported(struct vcpu *vc, const char *fmt, ...)
{
	(void)vc;
	(void)fmt;
	return X_UNSUPPORTED;
}

static u32 rnd(u32 n)
{
	return input_below(&choice, n);
}

static void dump(const struct bt_unit *u)
{
	u32 i;

	fprintf(stderr, "# unit at %x, guest code:", u->eip);
	for (i = 0; i < u->len && u->gpa + i < RAM_SIZE; i++)
		fprintf(stderr, " %02x", ram[u->gpa + i]);
	fprintf(stderr, "\n# translation:");
	for (i = 0; i < u->tc_len; i++)
		fprintf(stderr, " %02x", *bt_code(v->bt, u->tc + i));
	fprintf(stderr, "\n");
}

static void broken(const struct bt_unit *u, u32 off, const char *what)
{
	dump(u);
	fprintf(stderr, "fuzz/bt: %s at offset %x\n", what, off);
	abort();
}

/* The number of the entry at @off among the unit's, or of entries if there is none. */
static u32 number(const struct bt_unit *u, u32 off)
{
	u32 i;

	for (i = 0; i < u->nr_map; i++)
		if (bt_map(v->bt, u->map + i)->tc_off == off)
			break;
	return i;
}

static const struct bt_map *entry(const struct bt_unit *u, u32 off)
{
	u32 i = number(u, off);

	return i < u->nr_map ? bt_map(v->bt, u->map + i) : NULL;
}

/* %gs operand: inside struct vmbt_mon; %cs: the hash by an index of ours. */
static bool own_fine(const struct vmbt_insn *in)
{
	u32 disp = in->mem.disp, hash;

	if (!(in->flags & (VMBT_IF_MEM_READ | VMBT_IF_MEM_WRITE)) ||
	    (in->mem.seg != VMBT_SEG_GS && in->mem.seg != VMBT_SEG_CS))
		return !(in->flags & (VMBT_IF_USES_GS | VMBT_IF_USES_CS));
	if (in->asize != 4 || in->mem.base != VMBT_REG_NONE)
		return false;
	if (in->mem.seg == VMBT_SEG_GS)
		return in->mem.index == VMBT_REG_NONE && disp < sizeof(struct vmbt_mon);
	hash = disp & ~7U;
	return in->mem.index != VMBT_REG_NONE &&
	       in->mem.scale == 8 && !(in->flags & VMBT_IF_MEM_WRITE) &&
	       (hash == (VMBT_MON_HASH1 & ~7U) || hash == (VMBT_MON_HASH3 & ~7U));
}

/* What is written to an interrupt controller, by how many entries are left in ECX. */
static bool post_fine(const struct vmbt_insn *in)
{
	s32 post = offsetof(struct vmbt_mon, post);

	return in->asize == 4 && in->mem.seg == VMBT_SEG_GS && in->op == VMBT_OP_MOV &&
	       in->opsize == 1 && (in->flags & VMBT_IF_MEM_WRITE) &&
	       in->mem.base == VMBT_REG_NONE && in->mem.index == VMBT_ECX &&
	       in->mem.scale == 2 && (in->mem.disp == post - 2 || in->mem.disp == post - 1);
}

/*
 * A page table by its alias: right behind the load of where the runtime found it. What it
 * has been made from, and what is around it, is for verify_alias().
 */
static bool alias_fine(const struct vmbt_insn *in, const struct vmbt_insn *before)
{
	const struct vmbt_mem *m = &in->mem;

	return in->asize == 4 && m->seg == VMBT_SEG_GS && m->base <= VMBT_EBX &&
	       m->index == VMBT_REG_NONE && !m->disp && (m->size == 1 || m->size == 4) &&
	       before->op == VMBT_OP_MOV && before->opd[0].kind == VMBT_OPD_GPR &&
	       before->opd[0].reg == m->base && before->mem.seg == VMBT_SEG_GS &&
	       before->mem.base == VMBT_REG_NONE && before->mem.index == VMBT_REG_NONE &&
	       before->mem.disp == offsetof(struct vmbt_mon, alias_at);
}

/* The start of a routine in ring-1 code, from a site that can be told. */
static bool routine(const struct bt_unit *u, u32 off, u32 tc)
{
	static const u8 * const start[] = {
		ring1_iret, ring1_load_es, ring1_load_ds, ring1_load_fs,
		ring1_load_gs, ring1_lookup, ring1_verw, ring1_sysexit, ring1_write,
		ring1_alias,
	};
	u32 i, kind;

	for (i = 0; i < ARRAY_SIZE(start); i++)
		if (tc == VMBT_MON_RT + (u32)(start[i] - ring1_code))
			break;
	if (i == ARRAY_SIZE(start) || u->tc >= BT_TC3)
		return false;
	if (!entry(u, off))
		return false;
	kind = entry(u, off)->kind;
	if (start[i] == ring1_lookup)
		return kind == BT_M_RET || kind == BT_M_JMP || kind == BT_M_CALL;
	return kind == BT_M_RING1;
}

/*
 * A branch's target: an instruction of this unit, another unit's start, or a
 * routine of the ring-1 runtime's.
 */
static bool target_fine(const struct bt_unit *u, u32 off, u32 tc)
{
	u32 idx;

	if (tc >= VMBT_MON_RT && tc < VMBT_MON_TC)
		return routine(u, off, tc);
	if (tc >= u->tc && tc < u->tc + u->tc_len)
		return entry(u, tc - u->tc);
	idx = bt_unit_at(v->bt, tc);
	return idx != BT_NIL && bt_unit(v->bt, idx)->tc + bt_unit(v->bt, idx)->head == tc &&
	       !(bt_unit(v->bt, idx)->flags & (BT_U_DEAD | BT_U_CHECK));
}

static void verify_insn(const struct bt_unit *u, const struct vmbt_insn *in,
			const struct vmbt_insn *before, u32 off)
{
	u8 vector = u->tc >= BT_TC3 ? VMBT_VEC_CALLOUT3 : VMBT_VEC_CALLOUT1;

	switch (in->op) {
	case VMBT_OP_INT:
		if (in->imm != vector)
			broken(u, off, "INT of another vector");
		return;
	case VMBT_OP_PUSHF:
	case VMBT_OP_POPF:
		return;
	/* CR4.TSD decides whether it may run. */
	case VMBT_OP_RDTSC:
		return;
	/* Not by itself: verify_x87(). */
	case VMBT_OP_FXSAVE:
		if (!own_fine(in))
			broken(u, off, "%gs or %cs used for something else");
		return;
	case VMBT_OP_JMP_IND:
		if (u->head && own_fine(in) && in->mem.seg == VMBT_SEG_CS &&
		    in->mem.index == VMBT_ECX && in->mem.disp == VMBT_MON_HASH1 + 4)
			return;
		if (in->mod == 3 || in->mem.seg != VMBT_SEG_GS ||
		    in->mem.disp != offsetof(struct vmbt_mon, jump) ||
		    in->mem.base != VMBT_REG_NONE ||
		    in->mem.index != VMBT_REG_NONE)
			broken(u, off, "indirect jump");
		return;
	case VMBT_OP_JMP:
	case VMBT_OP_JCC:
	case VMBT_OP_LOOP:
	case VMBT_OP_LOOPE:
	case VMBT_OP_LOOPNE:
	case VMBT_OP_JCXZ:
		if (in->opsize == 2 && in->op != VMBT_OP_JCXZ &&
		    (in->prefixes & VMBT_PFX_OPSIZE))
			broken(u, off, "16-bit branch");
		if (!target_fine(u, off, vmbt_insn_target(in, u->tc + off)))
			broken(u, off, "branch out of the cache's code");
		return;
	}
	if (in->cls != VMBT_CLS_COPY)
		broken(u, off, "an instruction that may not be copied");
	if (in->branch != VMBT_BR_NONE)
		broken(u, off, "control flow");
	if (in->flags & (VMBT_IF_PRIV | VMBT_IF_IOPL))
		broken(u, off, "privilege");
	if (!own_fine(in) && !alias_fine(in, before) && !post_fine(in))
		broken(u, off, "%gs or %cs used for something else");
}

static void put32(u8 *p, u32 x)
{
	memcpy(p, &x, 4);
}

/* mov gs:[x87_ours], imm32 */
static bool notes(const u8 *code, u32 val)
{
	u8 want[11] = { 0x65, 0xc7, 0x05 };

	put32(want + 3, offsetof(struct vmbt_mon, x87_ours));
	put32(want + 7, val);
	return !memcmp(code, want, sizeof(want));
}

/* Who sets the x87's pointers says so, who loads them too, and who stores them asks. */
static void verify_x87(const struct bt_unit *u, const u8 *code, const struct vmbt_insn *in,
		       u32 off)
{
	u8 asks[] = {
		0x65, 0x8b, 0x0d, 0, 0, 0, 0,	/* mov ecx, gs:[x87_ours] */
		0xe3, 0x02,			/* jecxz over the callout */
		0xcd, u->tc >= BT_TC3 ? VMBT_VEC_CALLOUT3 : VMBT_VEC_CALLOUT1,
		0x65, 0x8b, 0x0d, 0, 0, 0, 0,	/* mov ecx, gs:[spill] */
	};

	switch (vmbt_x87_last(in)) {
	case VMBT_X87_ITS_OWN:
		if (off < 11 || !notes(code + off - 11, 1))
			broken(u, off, "an x87 instruction that does not say so");
		break;
	case VMBT_X87_LOADED:
		if (off + in->len + 11 > u->tc_len || !notes(code + off + in->len, 0))
			broken(u, off, "pointers loaded that are not the guest's");
		break;
	case VMBT_X87_KEPT:
		break;
	}
	if (in->op != VMBT_OP_FXSAVE)
		return;
	put32(asks + 3, offsetof(struct vmbt_mon, x87_ours));
	put32(asks + 14, offsetof(struct vmbt_mon, spill[VMBT_ECX]));
	if (off < sizeof(asks) || memcmp(code + off - sizeof(asks), asks, sizeof(asks)))
		broken(u, off, "an FXSAVE of anyone's pointers");
}

/* The entry at @off says just this. */
static void expect(const struct bt_unit *u, u32 off, u32 g_off, u8 fix)
{
	const struct bt_map *m = entry(u, off);

	if (!m || m->kind != BT_M_START || m->g_off != g_off || m->fix != fix)
		broken(u, off, "another map entry around a write");
}

/* mov gs:[field], reg (89) or back (8b), and its entry. */
static void expect_move(const struct bt_unit *u, const u8 *code, u32 off, u8 op, u8 reg,
			u32 field, u32 g_off, u8 fix)
{
	u8 want[7] = { 0x65, op, reg << 3 | 5 };

	put32(want + 3, field);
	if (off + sizeof(want) > u->tc_len || memcmp(code + off, want, sizeof(want)))
		broken(u, off, "another move around a write");
	expect(u, off, g_off, fix);
}

static bool same_place(const struct vmbt_mem *a, const struct vmbt_mem *b)
{
	return a->seg == b->seg && a->base == b->base && a->index == b->index &&
	       a->scale == b->scale && a->disp == b->disp;
}

/* Do two instructions do the same with their memory operand, wherever that is? */
static bool same_insn(const struct vmbt_insn *a, const struct vmbt_insn *b)
{
	u32 i;

	for (i = 0; i < a->nr_opds; i++)
		if (a->opd[i].kind != b->opd[i].kind || a->opd[i].size != b->opd[i].size ||
		    (a->opd[i].kind != VMBT_OPD_MEM && a->opd[i].reg != b->opd[i].reg))
			return false;
	if ((a->flags & VMBT_IF_OSZ_MATTERS) && a->opsize != b->opsize)
		return false;
	return a->op == b->op && a->map == b->map &&
	       a->opcode == b->opcode && a->reg == b->reg && a->vex_vvvv == b->vex_vvvv &&
	       a->mandatory == b->mandatory && a->imm == b->imm && a->imm2 == b->imm2 &&
	       !((a->prefixes ^ b->prefixes) & VMBT_PFX_LOCK) && a->mem.size == b->mem.size &&
	       a->nr_opds == b->nr_opds;
}

/* The guest's instruction at @g_off of a unit that has just been made. */
static void guest_insn(const struct bt_unit *u, u32 g_off, struct vmbt_insn *in)
{
	bool code32 = v->bt->ctx[u->ctx].mode & BT_MODE_CODE32;
	u64 at = u->gpa + g_off;

	if (g_off >= u->len || at >= RAM_SIZE ||
	    vmbt_decode(in, ram + at, RAM_SIZE - at < VMBT_INSN_MAX ? RAM_SIZE - at :
			VMBT_INSN_MAX, code32) != VMBT_DEC_OK)
		broken(u, 0, "a map entry of no instruction");
}

/* Is a register one that the instruction has nothing to do with? */
static bool left_alone(const struct vmbt_insn *in, u8 reg)
{
	u32 i;

	for (i = 0; i < in->nr_opds; i++)
		if (in->opd[i].kind == VMBT_OPD_GPR &&
		    (in->opd[i].size == 1 ? in->opd[i].reg & 3 : in->opd[i].reg) == reg)
			return false;
	return in->mem.base != reg && in->mem.index != reg &&
	       !((in->regs_read | in->regs_written) & BIT(reg));
}

/*
 * Behind the write's own form at @own, which ends at @end: over the other one, which begins
 * where the runtime returns to. The write @g is done on the alias by a register that has been
 * put aside, counted, and the register is back before the next instruction.
 */
static void verify_alias(const struct bt_unit *u, const u8 *code, const struct vmbt_insn *g,
			 u32 own, u32 end, const struct bt_map *jump)
{
	u32 at = own + RING1_ALIAS_LEN, i, next = jump->g_off + g->len;
	struct vmbt_insn in;
	u8 reg, fix;

	if (!g->code32 || g->asize != 4 || (g->mem.size != 1 && g->mem.size != 4) ||
	    g->mem.seg != VMBT_SEG_DS || (g->prefixes & ~VMBT_PFX_LOCK) ||
	    (g->flags & (VMBT_IF_BIT_OFFSET | VMBT_IF_FPU | VMBT_IF_SIMD)))
		broken(u, own, "an instruction that is not for an alias");
	expect(u, end, next, 0);
	if (end + 2 > at || at + 21 > u->tc_len || code[end] != 0xeb)
		broken(u, end, "no jump behind a write");
	for (i = end + 2; i < at; i++)
		if (code[i] != 0x90 || entry(u, i))
			broken(u, i, "something in front of a write to an alias");
	reg = code[at + 2] >> 3 & 7;
	fix = BIT(reg);
	if (reg > VMBT_EBX || !left_alone(g, reg))
		broken(u, at, "a register that the write uses");
	expect_move(u, code, at, 0x89, reg, offsetof(struct vmbt_mon, spill[reg]),
		    jump->g_off, jump->fix & BT_F_SHADOW);
	at += 7;
	expect_move(u, code, at, 0x8b, reg, offsetof(struct vmbt_mon, alias_at),
		    jump->g_off, jump->fix & BT_F_SHADOW);
	at += 7;
	expect(u, at, jump->g_off, fix | (jump->fix & BT_F_SHADOW));
	if (vmbt_decode(&in, code + at, u->tc_len - at, true) != VMBT_DEC_OK ||
	    !same_insn(&in, g) || in.mem.seg != VMBT_SEG_GS || in.mem.base != reg ||
	    in.mem.index != VMBT_REG_NONE || in.mem.disp || in.asize != 4)
		broken(u, at, "an alias that is written to in another way");
	at += in.len;
	expect_move(u, code, at, 0x8b, reg, offsetof(struct vmbt_mon, log_next), next, fix);
	at += 7;
	expect_move(u, code, at, 0x89, reg, offsetof(struct vmbt_mon, log_left), next, fix);
	at += 7;
	expect_move(u, code, at, 0x8b, reg, offsetof(struct vmbt_mon, spill[reg]), next, fix);
	if (code[end + 1] >= 0x80 || end + 2 + code[end + 1] != at + 7)
		broken(u, end, "a jump that is not over the alias");
}

/* Is the jump at @off to one of the routines that ask for a write's page? */
static bool asks(const struct bt_unit *u, const u8 *code, u32 off, bool *alias)
{
	u32 to = u->tc + off + RING1_JMP_LEN - VMBT_MON_RT, rel;

	if (off + RING1_JMP_LEN > u->tc_len || code[off] != 0xe9)
		return false;
	memcpy(&rel, code + off + 1, 4);
	to += rel;
	*alias = to == (u32)(ring1_alias - ring1_code);
	return *alias || to == (u32)(ring1_write - ring1_code);
}

/*
 * A write that may meet a trace, with the jump at @off: its address in EAX, which has been
 * put aside, where the runtime is to return to, and there the write itself.
 */
static void verify_write(const struct bt_unit *u, const u8 *code, u32 off)
{
	u8 site[11] = { 0x65, 0xc7, 0x05 }, shadow;
	struct vmbt_insn g, in;
	const struct bt_map *jump = entry(u, off);
	u32 lea, own = off + RING1_JMP_LEN;
	bool alias;

	if (!asks(u, code, off, &alias))
		return;
	shadow = jump->fix & BT_F_SHADOW;
	if (jump->fix != (BT_F_EAX | shadow) || off < 7 + 2 + 11)
		broken(u, off, "a jump that repairs something else");
	guest_insn(u, jump->g_off, &g);
	put32(site + 3, offsetof(struct vmbt_mon, site));
	put32(site + 7, u->tc + off);
	if (memcmp(code + off - 11, site, sizeof(site)))
		broken(u, off, "a routine that does not know where it was called");
	expect(u, off - 11, jump->g_off, BT_F_EAX | shadow);
	for (lea = off - 13; lea > 7 && !entry(u, lea); lea--)
		;
	expect_move(u, code, lea - 7, 0x89, VMBT_EAX,
		    offsetof(struct vmbt_mon, spill[VMBT_EAX]), jump->g_off, shadow);
	expect(u, lea, jump->g_off, shadow);
	if (vmbt_decode(&in, code + lea, u->tc_len - lea, true) != VMBT_DEC_OK ||
	    lea + in.len != off - 11 || in.op != VMBT_OP_LEA || in.opsize != 4 ||
	    in.asize != g.asize || in.opd[0].reg != VMBT_EAX || !same_place(&in.mem, &g.mem))
		broken(u, lea, "the address of something else");
	expect(u, own, jump->g_off, shadow);
	if (vmbt_decode(&in, code + own, u->tc_len - own, true) != VMBT_DEC_OK ||
	    !same_insn(&in, &g) || in.asize != g.asize || !same_place(&in.mem, &g.mem))
		broken(u, own, "another write");
	if (alias)
		verify_alias(u, code, &g, own, own + in.len, jump);
}

/* Who comes by the hash is led on by this, and nothing but this. */
static void verify_head(const struct bt_unit *u, const u8 *code)
{
	const struct bt_ctx *c = &v->bt->ctx[u->ctx];
	bool flat = c->cs_limit == 0xffffffff && (c->mode & BT_MODE_CODE32) &&
		    !(c->mode & BT_MODE_CPL3);
	u8 want[] = {
		0x65, 0x8b, 0x0d, 0, 0, 0, 0,	/* mov ecx, gs:[target] */
		0x8d, 0x89, 0, 0, 0, 0,		/* lea ecx, [ecx - eip] */
		0xe3, 0x05,			/* jecxz over the next */
		0xe9, 0, 0, 0, 0,		/* jmp to the runtime */
		0x65, 0x8b, 0x0d, 0, 0, 0, 0,	/* mov ecx, gs:[spill] */
	};

	if (u->head != (flat ? sizeof(want) : 0))
		broken(u, 0, "a head, or none");
	if (!flat)
		return;
	put32(want + 3, offsetof(struct vmbt_mon, target));
	put32(want + 9, -u->eip);
	put32(want + 16, VMBT_MON_RT + (u32)(ring1_away - ring1_code) - (u->tc + 20));
	put32(want + 23, offsetof(struct vmbt_mon, spill[VMBT_ECX]));
	if (memcmp(code, want, sizeof(want)))
		broken(u, 0, "another head");
}

static bool in_head(const struct bt_unit *u, u32 off)
{
	return u->head && (off == 0 || off == 7 || off == 13 || off == 15 || off == 20);
}

static void verify_unit(u32 idx)
{
	const struct bt_unit *u = bt_unit(v->bt, idx);
	bool known[BT_MAX_TC] = { 0 };
	u8 code[BT_MAX_TC];
	const struct bt_map *m;
	struct vmbt_insn in, before = { 0 };
	u32 off, n = 0, i;

	for (i = 0; i < u->tc_len; i++)
		code[i] = *bt_code(v->bt, u->tc + i);
	verify_head(u, code);
	for (off = u->head; off < u->tc_len; off += in.len) {
		/* INT is followed by padding where a jump may be patched in. */
		if (vmbt_decode(&in, code + off, u->tc_len - off, true) !=
		    VMBT_DEC_OK)
			broken(u, off, "not an instruction");
		verify_insn(u, &in, &before, off);
		verify_x87(u, code, &in, off);
		if (in.op == VMBT_OP_JMP)
			verify_write(u, code, off);
		before = in;
		m = entry(u, off);
		if (!m && in.op != VMBT_OP_NOP)
			broken(u, off, "no map entry");
		if (m) {
			n++;
			known[off] = true;
			if (m->g_off > u->len)
				broken(u, off, "map entry beyond the unit");
		}
	}
	if (n != u->nr_map)
		broken(u, off, "map entries without an instruction");
	/* Nothing may run on behind the last instruction. */
	if (in.op != VMBT_OP_JMP_IND && in.op != VMBT_OP_JMP &&
	    in.op != VMBT_OP_NOP && in.op != VMBT_OP_INT)
		broken(u, off, "falls through");
	for (i = 0; i < u->tc_len; i++) {
		int r;

		v->frame.rip = u->tc + i;
		v->raw = true;
		r = bt_sync(v);
		if (r == (known[i] || in_head(u, i) ? X_UNSUPPORTED : X_OK))
			broken(u, i, "bt_sync() disagrees with the map");
	}
}

static void set_seg(enum vmbt_sreg s, u32 base, u32 limit, u16 attr)
{
	v->guest->seg[s] = (struct vmbt_seg){ .sel = s * 8, .base = base,
					      .limit = limit, .attr = attr };
}

static void make_guest(void)
{
	struct vmbt_guest *g = v->guest;
	bool c32 = rnd(2), user = !rnd(4), real = !rnd(4);
	u16 dpl = user ? VMBT_ATTR_DPL : 0;
	u32 base = rnd(2) ? 0 : rnd(RAM_SIZE / 2);
	u32 limit = rnd(2) ? 0xffffffff : rnd(0x10000) | 0xfff;
	enum vmbt_sreg s;
	u32 i;

	memset(g, 0, sizeof(*g));
	g->cr0 = real ? 0 : VMBT_CR0_PE;
	g->eflags = 2 | (rnd(0) & (VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_IF |
				   VMBT_X86_EFLAGS_IOPL | VMBT_X86_EFLAGS_NT));
	set_seg(VMBT_CS, base, limit,
		0x9b | dpl | (c32 && !real ? VMBT_ATTR_DB : 0));
	for (s = 0; s < VMBT_NSEG; s++)
		if (s != VMBT_CS)
			set_seg(s, 0, 0xffffffff,
				0x93 | dpl | (rnd(2) ? VMBT_ATTR_DB : 0));
	for (i = 0; i < 8; i++)
		g->gpr[i] = rnd(0);
	desc_segs_changed(v);
	mmu_mode_changed(v);
	v->events = 0;
}

/* The unit's instructions as the guest has them end where the unit says. */
static void one_unit(u32 idx)
{
	const struct bt_unit *u = bt_unit(v->bt, idx);

	if (u->len > BT_MAX_BYTES + 2 * VMBT_INSN_MAX)
		broken(u, 0, "a unit longer than any");
	if (u->tc < VMBT_MON_TC || u->tc + u->tc_len > VMBT_MON_SIZE)
		broken(u, 0, "a unit out of the cache");
	verify_unit(idx);
}

/* What core goes on in line behind, some of it. */
static bool straight(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_IN:
	case VMBT_OP_OUT:
	case VMBT_OP_RDTSC:
	case VMBT_OP_CPUID:
	case VMBT_OP_MOV_FROM_CR:
	case VMBT_OP_INVLPG:
		return true;
	case VMBT_OP_MOV_TO_SREG:
	case VMBT_OP_POP_SREG:
		return in->sreg != VMBT_SEG_SS;
	default:
		return in->cls == VMBT_CLS_COPY &&
		       !(in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD));
	}
}

/* Behind a callout: the interpreter has done the instruction. */
static void go_on(const struct bt_unit *u)
{
	struct vmbt_guest *g = v->guest;
	const struct bt_map *m;
	struct vmbt_insn in;
	u32 next, n;

	if (interp_fetch(v, &in) != X_OK || !straight(&in) || !bt_callout_insn(v))
		return;
	g->eip += in.len;
	if (!bt_continue(v))
		return;
	if (v->frame.rip < u->tc || v->frame.rip >= u->tc + u->tc_len)
		broken(u, v->frame.rip, "goes on in another unit");
	m = entry(u, v->frame.rip - u->tc);
	if (!m)
		broken(u, v->frame.rip, "goes on in the middle of an instruction");
	if (m->fix & ~BT_F_SHADOW)
		broken(u, v->frame.rip, "goes on where registers are spilled");
	next = u->eip + m->g_off;
	/* The unit ends there, or the next is a JMP, which is its exit. */
	if (next != g->eip && m->kind >= BT_M_EXIT && m->kind <= BT_M_EXIT_LAST)
		next = u->ex[m->kind - BT_M_EXIT].eip;
	if (next != g->eip)
		broken(u, v->frame.rip, "goes on at another instruction");
	/*
	 * Not in the middle of the next one. What repairs registers in front of it is left of the
	 * one that has been done (post.c).
	 */
	n = number(u, v->frame.rip - u->tc);
	m = n ? bt_map(v->bt, u->map + n - 1) : NULL;
	if (m && u->eip + m->g_off == g->eip && !(m->fix & ~BT_F_SHADOW) &&
	    entry(u, v->frame.rip - u->tc)->kind < BT_M_EXIT)
		broken(u, v->frame.rip, "goes on in the middle of the next");
}

/* The guest has jumped into the cache and forged what it can write. */
static void forged(const struct bt_unit *u)
{
	v->mon->site = rnd(2) ? rnd(0) : u->tc + rnd(u->tc_len);
	v->mon->target = rnd(0);
	v->mon->vif = rnd(0);
	v->frame.rip = rnd(2) ? rnd(0) : VMBT_MON_RT + rnd(0x1000);
	bt_at_boundary(v);
	v->raw = true;
	bt_sync(v);
	v->frame.rip = rnd(2) ? rnd(0) % VMBT_MON_SIZE : VMBT_MON_RT + rnd(0x1000);
	bt_callout(v);
	v->guest->eflags &= ~VMBT_X86_EFLAGS_TF;
}

static void check_some_callout(void)
{
	u32 idx, tc = bt_some_callout(v, rnd(256));

	if (!tc)
		return;
	idx = bt_unit_at(v->bt, tc);
	if (idx == BT_NIL || !entry(bt_unit(v->bt, idx), tc - bt_unit(v->bt, idx)->tc))
		broken(bt_unit(v->bt, 0), tc, "a callout out of the cache");
}

/* The guest at @eip, and no event of before; the new units are checked. */
static bool enter(u32 eip, bool all)
{
	u32 first, i;

	v->guest->eip = eip;
	v->guest->int_shadow = 0;
	v->guest->eflags &= ~VMBT_X86_EFLAGS_TF;
	bt_left(v);
	first = v->bt->nr_units;
	if (bt_enter(v) != X_OK)
		return false;
	if (v->bt->nr_units < first)
		first = 0;
	for (i = first; all && i < v->bt->nr_units; i++)
		one_unit(i);
	return true;
}

/*
 * All of the unit at @eip that may adapt does: each access is taken for one to a trace so
 * often that it changes. That drops the unit.
 */
static void adapt(u32 eip)
{
	const struct bt_unit *u;
	struct vmbt_insn in;
	u32 i, off, n;

	for (off = 0; enter(eip, false); off += in.len) {
		u = bt_unit(v->bt, bt_unit_at(v->bt, v->frame.rip));
		for (;; off += in.len) {
			if (off >= u->len ||
			    vmbt_decode(&in, ram + u->gpa + off, VMBT_INSN_MAX,
					v->bt->ctx[u->ctx].mode & BT_MODE_CODE32) != VMBT_DEC_OK)
				return;
			if (in.flags & (VMBT_IF_MEM_READ | VMBT_IF_MEM_WRITE))
				break;
		}
		for (i = 0; i < u->nr_map; i++) {
			const struct bt_map *m = bt_map(v->bt, u->map + i);

			if (m->g_off == off && m->kind == BT_M_START && !(m->fix & ~BT_F_SHADOW))
				break;
		}
		if (i == u->nr_map)
			continue;
		for (n = 0; n < ADAPTS; n++) {
			v->frame.rip = u->tc + bt_map(v->bt, u->map + i)->tc_off;
			bt_sync(v);
			if (v->guest->eip != u->eip + off)
				broken(u, i, "a fault of another instruction");
			bt_adapt_fault(v, v->guest->seg[VMBT_DS].base +
					  vmbt_insn_ea(&in, v->guest->gpr));
		}
	}
}

/* The guest is stopped at an instruction of the runtime's, for the jump at @off of @eip. */
static void in_routine(const struct bt_unit *u, u32 off, u32 rt, u32 eip)
{
	v->mon->site = u->tc + off;
	v->frame.rip = VMBT_MON_RT + rt;
	v->raw = true;
	if (bt_sync(v) != X_OK || v->guest->eip != eip)
		broken(u, off, "a routine of another instruction");
	if (*bt_code(v->bt, VMBT_MON_RT + rt) != 0xcd)
		return;
	v->frame.rip += 2;
	v->raw = true;
	if (bt_callout(v) != BT_INTERP || v->guest->eip != eip)
		broken(u, off, "a routine's callout of another instruction");
	go_on(u);
	bt_adapt_done(v, rnd(2));
}

/* The units at @eip once more, now that what they do has met traces. */
static void adapted(u32 eip)
{
	const struct bt_unit *u;
	u8 code[BT_MAX_TC];
	u32 off, i, sites = 0;
	bool alias;

	adapt(eip);
	/* One that has been chained is not as it was made. */
	bt_retranslate(v, v->guest->seg[VMBT_CS].base + eip);
	if (!enter(eip, true))
		return;
	u = bt_unit(v->bt, bt_unit_at(v->bt, v->frame.rip));
	for (i = 0; i < u->tc_len; i++)
		code[i] = *bt_code(v->bt, u->tc + i);
	for (i = 0; i < u->nr_map && !(u->flags & BT_U_DEAD); i++) {
		const struct ring1_map *m = ring1_map;
		const struct bt_map *at = bt_map(v->bt, u->map + i);

		off = at->tc_off;
		if (at->kind != BT_M_RING1 || !asks(u, code, off, &alias))
			continue;
		for (; m < ring1_map_end && m->off < ring1_lookup - ring1_code; m++)
			if (m->off >= (alias ? ring1_alias : ring1_write) - ring1_code &&
			    (!sites || m->kind == BT_M_INTERP))
				in_routine(u, off, m->off, u->eip + at->g_off);
		sites++;
	}
}

static void one_case(const u8 *code, u32 len)
{
	struct vmbt_guest *g = v->guest;
	u32 lin = 0x1000 + rnd(0x3000), first, i, n;

	if (rnd(3) == 0)
		lin = 0x2000 - rnd(20);		/* across a page boundary */
	g->eip = lin;
	lin += g->seg[VMBT_CS].base;
	if (lin + len > RAM_SIZE)
		return;
	mmu_write_phys(v, lin, code, len);
	for (n = 0; n < 8; n++) {
		first = v->bt->nr_units;
		if (bt_enter(v) != X_OK)
			break;
		if (v->bt->nr_units < first)
			first = 0;
		for (i = first; i < v->bt->nr_units; i++)
			one_unit(i);
		/* On from one of the last unit's exits, or anywhere in it. */
		if (v->bt->nr_units > first) {
			const struct bt_unit *u =
				bt_unit(v->bt, v->bt->nr_units - 1);

			v->frame.rip = u->tc +
				bt_map(v->bt, u->map + rnd(u->nr_map))->tc_off
				+ 2;
			if (bt_callout(v) == BT_INTERP)
				go_on(u);
			if (!rnd(4))
				forged(u);
			g->int_shadow = 0;
			g->eflags &= ~VMBT_X86_EFLAGS_TF;
		}
		check_some_callout();
		bt_set_pending(v, rnd(2));
		if (n == 0 && rnd(256) == 77)
			bt_restore(v);
		if (!rnd(16))
			bt_end_epoch(v);
		if (!rnd(16))
			bt_invalidate_phys(v, rnd(RAM_SIZE), 1 + rnd(64));
	}
	adapted(lin - g->seg[VMBT_CS].base);
	memset(ram + lin, 0, len);
}

/* Opcodes that the translator treats specially, more often. */
size_t random_input(u8 *p, size_t max, u32 (*below)(u32 n))
{
	static const u8 often[] = {
		0x0f, 0x66, 0x67, 0x2e, 0x65, 0xe8, 0xe9, 0xeb, 0xc3, 0xc2,
		0xff, 0x9c, 0x9d, 0xfa, 0xfb, 0x8c, 0x8e, 0x06, 0x0e, 0x16,
		0xe2, 0xe3, 0x74, 0xcd, 0xcf, 0xca, 0xf4, 0xec, 0xf2, 0xf3,
		0xf0, 0xc4, 0xc5, 0x62, 0xd9, 0xdd, 0x64, 0x90, 0x50, 0x8b,
	};
	size_t n = CHOICES + MAX_CODE, i;

	for (i = 0; i < n && i < max; i++)
		p[i] = i < CHOICES || below(3) ? below(256) :
			often[below(sizeof(often))];
	return i;
}

static void setup(void)
{
	ram = calloc(1, RAM_SIZE);
	engine_plat(ram, RAM_SIZE);
	v->shared = engine_shared();
	v->guest = &v->shared->guest;
	v->stats = &v->shared->stats;
	mmu_init(v, 4, 16384);
	mmu_monitor_init(v);
	desc_init(v);
	bt_init(v);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };

	if (!ram)
		setup();
	choice = input_split(&in, CHOICES);
	make_guest();
	bt_flush(v);
	/* What has adapted outlives a flush. */
	memset(v->bt->hot, 0, sizeof(v->bt->hot));
	one_case(in.p, in.left < MAX_CODE ? in.left : MAX_CODE);
	return 0;
}
