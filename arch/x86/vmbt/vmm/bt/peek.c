// SPDX-License-Identifier: GPL-2.0
/*
 * What translated code reads in the monitor area instead of asking the VMM.
 *
 * Control registers: a page-fault handler begins with CR2. The masks of the
 * interrupt controllers: Linux reads one back whenever it masks an input. Both
 * change only while the VMM has the CPU, which puts them there before the guest
 * goes on (show() in enter.c, core_inject()). The guest can write over them and
 * then reads what it wrote; the VMM has its own.
 */
#include "emit.h"
#include "../chip/pic.h"

/**
 * bt_emit_read_cr() - MOV from CRn at CPL 0
 * @e: the unit
 * @in: the instruction
 * @next_off: offset of the guest instruction behind it
 * Return: false if it is for the VMM
 */
bool bt_emit_read_cr(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	u32 i = in->reg;

	if (i >= ARRAY_SIZE(((struct vmbt_mon *)0)->cr) ||
	    (e->v->shared->no_offers & VMBT_OFFER_READS))
		return false;
	mark(e, BT_M_START);
	gs_load(e, in->rm, MON(cr) + 4 * i);
	e->g_off = next_off;
	return true;
}

/**
 * bt_emit_in() - IN at CPL 0
 * @e: the unit
 * @in: the instruction
 * @next_off: offset of the guest instruction behind it
 *
 * AL is the last to be changed, so that all of it can be undone.
 *
 * Return: false if it is for the VMM in any case
 */
bool bt_emit_in(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	u8 port = in->imm;

	if (in->opsize != 1 || !in->imm_size ||
	    (port != PIC_MASTER_DATA && port != PIC_SLAVE_DATA) ||
	    (e->v->shared->no_offers & VMBT_OFFER_READS))
		return false;
	callout_unless_0(e, MON(ask_imr));
	reload_ecx(e);
	mark(e, BT_M_START);	/* mov al, gs:[imr] */
	e8(e, 0x65);
	e8(e, 0xa0);
	e32(e, MON(imr) + (port == PIC_SLAVE_DATA));
	e->g_off = next_off;
	return true;
}
