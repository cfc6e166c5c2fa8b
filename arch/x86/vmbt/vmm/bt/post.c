// SPDX-License-Identifier: GPL-2.0
/*
 * Writes to the interrupt controllers that translated code does not ask the VMM for.
 *
 * For each interrupt Linux masks its input, says that it is done with it, and opens the
 * input again. While no interrupt is requested none of these does anything yet: they are
 * posted in the monitor area, and the VMM does them when it has the CPU next, before
 * it looks at anything else (chip/chips.c, which also says when that may be so).
 */
#include "emit.h"
#include "../chip/pic.h"

static void lea_ecx_scaled(struct bt_emit *e, u8 sib)
{
	mark(e, BT_M_START);
	e8(e, 0x8d);		/* lea ecx, [ecx * n] */
	e8(e, 0x0c);
	e8(e, sib);
	e32(e, 0);
}

static void movzx_ecx(struct bt_emit *e, u8 modrm)
{
	mark(e, BT_M_START);
	e8(e, 0x0f);
	e8(e, 0xb6);
	e8(e, modrm);
	e->fix = BT_F_ECX;
}

/*
 * A callout unless AL is the end of an interrupt or the like: bits 3 and 4 say that it is
 * an operation command word 3 or begins an initialisation (8259A data sheet, OCW2).
 * They are what is left of it in CL.
 */
static void callout_unless_ocw2(struct bt_emit *e)
{
	movzx_ecx(e, 0xc8);		/* movzx ecx, al */
	lea_ecx_scaled(e, 0xcd);	/* by 8 */
	lea_ecx_scaled(e, 0x8d);	/* by 4 */
	movzx_ecx(e, 0xcd);		/* movzx ecx, ch */
	lea_ecx_scaled(e, 0xcd);
	lea_ecx_scaled(e, 0xcd);
	movzx_ecx(e, 0xc9);		/* movzx ecx, cl */
	mark(e, BT_M_START);		/* jecxz over the callout */
	e8(e, 0xe3);
	e8(e, 2);
	mark(e, BT_M_INTERP);
	e_callout(e);
}

/* ECX is how many entries are left; a callout if there are none. */
static void load_left(struct bt_emit *e)
{
	mark(e, BT_M_START);
	gs_load(e, VMBT_ECX, MON(post_left));
	e->fix = BT_F_ECX;
	mark(e, BT_M_START);		/* jecxz to the callout */
	e8(e, 0xe3);
	e8(e, 2);
	mark(e, BT_M_START);		/* jmp over it */
	e8(e, 0xeb);
	e8(e, 2);
	mark(e, BT_M_INTERP);
	e_callout(e);
}

/* The entry, by ECX: it is there when it is counted. */
static void write_entry(struct bt_emit *e, u8 port)
{
	mark(e, BT_M_START);		/* mov gs:[ecx * 2 + post - 2], al */
	e8(e, 0x65);
	e8(e, 0x88);
	e8(e, 0x04);
	e8(e, 0x4d);
	e32(e, MON(post) - 2);
	mark(e, BT_M_START);		/* mov byte gs:[ecx * 2 + post - 1], port */
	e8(e, 0x65);
	e8(e, 0xc6);
	e8(e, 0x04);
	e8(e, 0x4d);
	e32(e, MON(post) - 1);
	e8(e, port);
	mark(e, BT_M_START);		/* lea ecx, [ecx - 1] */
	e8(e, 0x8d);
	e8(e, 0x49);
	e8(e, 0xff);
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, MON(post_left));
}

/**
 * bt_emit_out() - OUT at CPL 0
 * @e: the unit
 * @in: the instruction
 * @next_off: offset of the guest instruction behind it
 *
 * A new mask is shown to IN (peek.c) once it is counted: who comes in between shows what
 * is done.
 *
 * Return: false if it is for the VMM in any case
 */
bool bt_emit_out(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	u8 port = in->imm;
	bool data = port & 1, slave = port & 0x80;

	if (in->opsize != 1 || !in->imm_size ||
	    (port != PIC_MASTER_CMD && port != PIC_MASTER_DATA &&
	     port != PIC_SLAVE_CMD && port != PIC_SLAVE_DATA) ||
	    e->len > BT_MAX_TC / 2 || e->u.nr_map > BT_MAX_MAP / 2 ||
	    (e->v->shared->no_offers & VMBT_OFFER_POSTS))
		return false;
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, SPILL(VMBT_ECX));
	if (!data)
		callout_unless_ocw2(e);
	load_left(e);
	write_entry(e, port);
	e->g_off = next_off;
	e->shadow = 0;
	if (data) {
		mark(e, BT_M_START);	/* mov gs:[imr], al */
		e8(e, 0x65);
		e8(e, 0xa2);
		e32(e, MON(imr) + slave);
	}
	reload_ecx(e);
	return true;
}
