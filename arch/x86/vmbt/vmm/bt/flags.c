// SPDX-License-Identifier: GPL-2.0
/*
 * CLI, STI, PUSHF and POPF without leaving the translation cache.
 *
 * The guest's arithmetic flags, DF, AC and ID are in the real EFLAGS. IF is in
 * mon->vif, IOPL and NT are in the VMM and in mon->flags_adj and flags_virt.
 * Only code at CPL 0 comes here: there CLI and STI are always allowed.
 *
 * STI tests for a pending interrupt before it sets IF: if one waits, the
 * interpreter does STI and the instruction in its shadow, and core delivers.
 * None can start to wait without an exit to the VMM, which looks at vif.
 */
#include "emit.h"

#define POPF_SLOW	(VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_NT | \
			 VMBT_X86_EFLAGS_IOPL)

static void emit_sti(struct bt_emit *e, u8 next_off)
{
	callout_unless_0(e, MON(pending));
	mark(e, BT_M_START);
	gs_store_imm(e, MON(vif), VMBT_X86_EFLAGS_IF);
	e->g_off = next_off;
	e->shadow = BT_F_SHADOW;
	reload_ecx(e);
}

static void ops_prefix(struct bt_emit *e, const struct vmbt_insn *in)
{
	if (in->opsize == 2)
		e8(e, 0x66);
}

/* lea eax, [eax + ecx] with a value from the monitor area */
static void add_mon(struct bt_emit *e, u32 off)
{
	mark(e, BT_M_START);
	gs_load(e, VMBT_ECX, off);
	mark(e, BT_M_START);
	e8(e, 0x8d);
	e8(e, 0x04);
	e8(e, 0x08);
}

static void reload(struct bt_emit *e)
{
	mark(e, BT_M_START);
	gs_load(e, VMBT_EAX, SPILL(VMBT_EAX));
	reload_ecx(e);
}

static void emit_pushf(struct bt_emit *e, const struct vmbt_insn *in,
		       u8 next_off)
{
	u8 ops = in->opsize == 2 ? BT_F_OPS16 : 0;

	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, SPILL(VMBT_ECX));
	mark(e, BT_M_START);
	ops_prefix(e, in);
	e8(e, 0x9c);
	e->fix = BT_F_PUSHED | ops;
	mark(e, BT_M_START);
	ops_prefix(e, in);
	e8(e, 0x58);
	e->fix = BT_F_EAX | BT_F_ECX;
	add_mon(e, MON(flags_adj));
	add_mon(e, MON(vif));
	mark(e, BT_M_START);
	ops_prefix(e, in);
	e8(e, 0x50);
	e->g_off = next_off;
	e->shadow = 0;
	reload(e);
}

/*
 * The arithmetic flags are dead: POPF replaces them all, also if it is rolled
 * back and done by the interpreter. Its real POPF is the point of no return;
 * IF follows from ECX.
 */
static void emit_popf(struct bt_emit *e, const struct vmbt_insn *in,
		      u8 next_off)
{
	u8 ops = in->opsize == 2 ? BT_F_OPS16 : 0;

	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, SPILL(VMBT_ECX));
	mark(e, BT_M_START);
	ops_prefix(e, in);
	e8(e, 0x58);
	e->fix = BT_F_EAX | BT_F_ECX | BT_F_POPPED | ops;
	mark(e, BT_M_START);	/* mov ecx, eax */
	e8(e, 0x89);
	e8(e, 0xc1);
	mark(e, BT_M_START);	/* xor ecx, gs:[flags_virt] */
	e8(e, 0x65);
	e8(e, 0x33);
	e8(e, 0x0d);
	e32(e, MON(flags_virt));
	mark(e, BT_M_START);	/* or ecx, gs:[flags_slow] */
	e8(e, 0x65);
	e8(e, 0x0b);
	e8(e, 0x0d);
	e32(e, MON(flags_slow));
	mark(e, BT_M_START);	/* test ecx, imm */
	e8(e, 0xf7);
	e8(e, 0xc1);
	e32(e, POPF_SLOW);
	mark(e, BT_M_START);	/* jz over the callout */
	e8(e, 0x74);
	e8(e, 2);
	mark(e, BT_M_INTERP);
	e_callout(e);
	mark(e, BT_M_START);	/* mov ecx, eax */
	e8(e, 0x89);
	e8(e, 0xc1);
	mark(e, BT_M_START);	/* and ecx, IF */
	e8(e, 0x81);
	e8(e, 0xe1);
	e32(e, VMBT_X86_EFLAGS_IF);
	mark(e, BT_M_START);	/* test gs:[pending], ecx */
	e8(e, 0x65);
	e8(e, 0x85);
	e8(e, 0x0d);
	e32(e, MON(pending));
	mark(e, BT_M_START);
	e8(e, 0x74);
	e8(e, 2);
	mark(e, BT_M_INTERP);
	e_callout(e);
	mark(e, BT_M_START);
	ops_prefix(e, in);
	e8(e, 0x50);
	e->fix = BT_F_EAX | BT_F_ECX;
	mark(e, BT_M_START);
	ops_prefix(e, in);
	e8(e, 0x9d);
	e->g_off = next_off;
	e->shadow = 0;
	mark(e, BT_M_POPF);
	gs_store(e, VMBT_ECX, MON(vif));
	reload(e);
}

/**
 * bt_emit_flags() - an instruction on IF at CPL 0
 * @e: the unit
 * @in: the instruction
 * @next_off: offset of the guest instruction behind it
 * Return: false if it is none that is done in line
 */
bool bt_emit_flags(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	switch (in->op) {
	case VMBT_OP_CLI:
		mark(e, BT_M_START);
		gs_store_imm(e, MON(vif), 0);
		return true;
	case VMBT_OP_STI:
		emit_sti(e, next_off);
		return true;
	case VMBT_OP_PUSHF:
		emit_pushf(e, in, next_off);
		return true;
	case VMBT_OP_POPF:
		emit_popf(e, in, next_off);
		return true;
	default:
		return false;
	}
}
