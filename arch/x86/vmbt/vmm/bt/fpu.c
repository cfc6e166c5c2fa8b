// SPDX-License-Identifier: GPL-2.0
/*
 * x87 instructions in translated code, as far as it shows where they were.
 *
 * The x87 keeps the address of its last instruction and of that one's operand (SDM
 * vol. 1, 8.1.8), for FNSTENV, FNSAVE and FXSAVE to store. Of an instruction in the
 * cache that is an address of the cache, with a selector of the VMM's, which no guest
 * is to see: then the interpreter does the store (interp/fpu.c). A kernel has next to
 * no x87 instructions of its own, though, and stores what its processes have left
 * at each context switch. So the instructions that set the pointers say so in
 * mon->x87_ours, those that load them say that it is over, and FXSAVE asks.
 *
 * On AMD's CPUs FXRSTOR leaves the pointers as they are where the image has no exception
 * pending, and FXSAVE does not store them where none is (APM vol. 5, FXSAVE, FXRSTOR).
 */
#include "emit.h"

/**
 * bt_emit_x87() - an x87, MMX or SSE instruction that is copied
 * @e: the unit
 * @in: the instruction
 * @next_off: offset of the guest instruction behind it
 *
 * What it is about to leave is noted before, what it has replaced behind it: in between
 * the note may say "ours" of what is not, never the reverse.
 */
void bt_emit_x87(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	enum vmbt_x87_last last = vmbt_x87_last(in);

	if (last == VMBT_X87_ITS_OWN) {
		mark(e, BT_M_START);
		gs_store_imm(e, MON(x87_ours), 1);
	}
	mark(e, BT_M_START);
	bt_emit_copy(e, in);
	e->shadow = 0;
	if (last == VMBT_X87_LOADED) {
		e->g_off = next_off;
		mark(e, BT_M_START);
		gs_store_imm(e, MON(x87_ours), 0);
	}
}

/**
 * bt_emit_fxsave() - FXSAVE, by the CPU unless the pointers are ours
 * @e: the unit
 * @in: the instruction; its operand is not relative to CS or GS
 * Return: false if it is for the VMM in any case
 */
bool bt_emit_fxsave(struct bt_emit *e, const struct vmbt_insn *in)
{
	if (e->v->shared->no_offers & VMBT_OFFER_FXSAVE)
		return false;
	callout_unless_0(e, MON(x87_ours));
	reload_ecx(e);
	mark(e, BT_M_START);
	bt_emit_copy(e, in);
	return true;
}
