// SPDX-License-Identifier: GPL-2.0
/*
 * Near control flow: the instructions that end a unit.
 *
 * Direct branches get exits, which chain.c patches. Indirect ones look their
 * target up in the inline hash without touching a flag. Where CS is flat heads.c
 * does that; elsewhere, and at ring 3:
 *
 *	eax = target EIP			(EAX and ECX are spilled)
 *	ecx = hash[ax].neg_eip + eax		(LEA)
 *	jecxz hit; int CALLOUT, or on to the ring-1 runtime's lookup
 * hit:	jump = hash[ax].target; reload; jmp *jump
 *
 * Everything up to the last jump can be rolled back to the start of the guest
 * instruction: a RET that popped pushes back by moving ESP, a CALL pushes
 * last. What comes after the push knows its target from mon->target.
 */
#include "emit.h"
#include "../plat.h"
#include "../ring1/ring1.h"

/* A jump that is its own callout slot while not chained: 5 bytes. */
static void slot(struct bt_emit *e, u32 n, u32 eip)
{
	struct bt_exit *x = &e->u.ex[n];

	x->eip = eip;
	x->slot = e->len;
	if (!x->jmp_off)
		x->jmp_off = e->len + 1;
	mark(e, BT_M_EXIT + n);
	e_callout(e);
	e8(e, 0x90);
	e8(e, 0x90);
	e8(e, 0x90);
}

/* bt_emit_jump() - end the unit, the guest goes on at @eip */
void bt_emit_jump(struct bt_emit *e, u32 eip)
{
	e->shadow = 0;
	slot(e, e->u.nr_ex++, eip);
}

/* bt_emit_push() - push a constant of 2 (@ops16) or 4 bytes */
void bt_emit_push(struct bt_emit *e, u32 val, bool ops16)
{
	if (ops16) {
		e8(e, 0x66);
		e8(e, 0x68);
		e16(e, val);
	} else {
		e8(e, 0x68);
		e32(e, val);
	}
}

/* bt_emit_aside() - what the conditional branches in the middle of a unit lead to */
void bt_emit_aside(struct bt_emit *e)
{
	u32 n;

	e->fix = 0;
	e->shadow = 0;
	for (n = 0; n < BT_EXITS; n++) {
		struct bt_exit *x = &e->u.ex[n];

		if (!(e->aside & BIT(n)))
			continue;
		put32(e->code + x->jmp_off, e->len - (x->jmp_off + 4));
		slot(e, n, x->eip);
	}
}

/*
 * A branch ahead is taken less often than not, and where it is not the next instruction
 * should be the next one here, too: the unit goes on, as long as there are exits for what
 * may be at its end. A loop's end is the end of a unit.
 */
static bool emit_jcc(struct bt_emit *e, const struct vmbt_insn *in, u32 target,
		     u32 next)
{
	u32 n = e->u.nr_ex++;
	struct bt_exit *x = &e->u.ex[n];

	mark(e, BT_M_START);
	e8(e, 0x0f);
	e8(e, 0x80 | in->cc);
	x->jmp_off = e->len;
	x->eip = target;
	e32(e, 0);
	e->shadow = 0;
	e->aside |= BIT(n);
	if (target > next && n + 2 < BT_EXITS &&
	    !(e->v->shared->no_offers & VMBT_OFFER_AHEAD))
		return true;
	bt_emit_jump(e, next);
	return false;
}

/* LOOPcc and JCXZ keep their opcode: it picks one of two slots. */
static void emit_loop(struct bt_emit *e, const struct vmbt_insn *in, u32 target,
		      u32 next)
{
	mark(e, BT_M_START);
	if (in->asize == 2)
		e8(e, 0x67);
	e8(e, in->opcode);
	e8(e, 5);
	bt_emit_jump(e, next);
	bt_emit_jump(e, target);
}

/* Look EAX up; site says what a miss is. Leaves EAX, ECX for the caller. */
static void lookup(struct bt_emit *e, u8 site)
{
	u32 over;

	mark(e, BT_M_START);	/* movzx ecx, ax */
	e8(e, 0x0f);
	e8(e, 0xb7);
	e8(e, 0xc8);
	mark(e, BT_M_START);	/* mov ecx, cs:[ecx * 8 + neg_eip] */
	e8(e, 0x2e);
	e8(e, 0x8b);
	e8(e, 0x0c);
	e8(e, 0xcd);
	e32(e, e->hash);
	mark(e, BT_M_START);	/* lea ecx, [ecx + eax] */
	e8(e, 0x8d);
	e8(e, 0x0c);
	e8(e, 0x01);
	mark(e, BT_M_START);
	e8(e, 0xe3);
	over = e->len;
	e8(e, 0);
	if (e->second) {
		bt_emit_second(e, site);
	} else {
		mark(e, site);
		e_callout(e);
	}
	e->code[over] = e->len - over - 1;
	mark(e, BT_M_START);	/* movzx eax, ax */
	e8(e, 0x0f);
	e8(e, 0xb7);
	e8(e, 0xc0);
	mark(e, BT_M_START);	/* mov eax, cs:[eax * 8 + target] */
	e8(e, 0x2e);
	e8(e, 0x8b);
	e8(e, 0x04);
	e8(e, 0xc5);
	e32(e, e->hash + 4);
	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, MON(jump));
	/* The runtime comes back here. */
	if (e->len != over + 1 + e->code[over] + RING1_FOUND_LEN)
		plat_panic("bt: a lookup of another length");
	mark(e, BT_M_START);
	gs_load(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	gs_load(e, VMBT_ECX, SPILL(VMBT_ECX));
}

static void jump_mem(struct bt_emit *e)
{
	e8(e, 0x65);
	e8(e, 0xff);
	e8(e, 0x25);
	e32(e, MON(jump));
}

static void spill(struct bt_emit *e)
{
	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, SPILL(VMBT_ECX));
}

static void emit_ret(struct bt_emit *e, const struct vmbt_insn *in)
{
	bool ops16 = in->opsize == 2;

	spill(e);
	mark(e, BT_M_START);
	if (ops16)
		e8(e, 0x66);
	e8(e, 0x58);
	e->fix = BT_F_EAX | BT_F_ECX | BT_F_POPPED | (ops16 ? BT_F_OPS16 : 0);
	if (ops16) {
		mark(e, BT_M_START);	/* movzx eax, ax */
		e8(e, 0x0f);
		e8(e, 0xb7);
		e8(e, 0xc0);
	}
	if (in->imm) {
		e->u.ret_n = in->imm;
		mark(e, BT_M_START);
		gs_store(e, VMBT_EAX, MON(target));
	}
	lookup(e, BT_M_RET);
	if (in->imm) {
		mark(e, BT_M_START);	/* lea (e)sp, [esp + imm] */
		if (!(e->ctx->mode & BT_MODE_STACK32))
			e8(e, 0x66);
		e8(e, 0x8d);
		e8(e, 0xa4);
		e8(e, 0x24);
		e32(e, in->imm);
		e->fix = BT_F_EAX | BT_F_ECX;
		mark(e, BT_M_TARGET);
	} else {
		mark(e, BT_M_START);
	}
	jump_mem(e);
}

static void emit_indirect(struct bt_emit *e, const struct vmbt_insn *in,
			  u32 next)
{
	static const u8 mov[] = { 0x8b }, movzx[] = { 0x0f, 0xb7 };
	bool ops16 = in->opsize == 2, call = in->branch == VMBT_BR_CALL_IND;

	spill(e);
	mark(e, BT_M_START);
	if (ops16)
		bt_emit_with_modrm(e, in, false, movzx, 2, VMBT_EAX);
	else
		bt_emit_with_modrm(e, in, false, mov, 1, VMBT_EAX);
	e->fix = BT_F_EAX | BT_F_ECX;
	if (call) {
		mark(e, BT_M_START);
		gs_store(e, VMBT_EAX, MON(target));
	}
	lookup(e, call ? BT_M_CALL : BT_M_JMP);
	if (call) {
		mark(e, BT_M_START);
		bt_emit_push(e, next, ops16);
		mark(e, BT_M_TARGET);
	} else {
		mark(e, BT_M_START);
	}
	jump_mem(e);
}

static void interp(struct bt_emit *e)
{
	mark(e, BT_M_INTERP);
	e_callout(e);
}

/*
 * bt_emit_flow() - an instruction of class VMBT_CLS_REWRITE at e->g_off
 * Return: does the unit go on behind it?
 */
bool bt_emit_flow(struct bt_emit *e, const struct vmbt_insn *in)
{
	u32 eip = e->u.eip + e->g_off, target = 0;
	u32 next = eip + in->len;

	switch (in->branch) {
	case VMBT_BR_JCC:
	case VMBT_BR_JMP:
	case VMBT_BR_CALL:
		target = vmbt_insn_target(in, eip);
		/* The interpreter raises the #GP, if the branch is taken. */
		if (target > e->ctx->cs_limit) {
			interp(e);
			return false;
		}
	}
	switch (in->branch) {
	case VMBT_BR_JCC:
		if (in->op == VMBT_OP_JCC)
			return emit_jcc(e, in, target, next);
		emit_loop(e, in, target, next);
		break;
	case VMBT_BR_CALL:
		mark(e, BT_M_START);
		bt_emit_push(e, next, in->opsize == 2);
		fallthrough;
	case VMBT_BR_JMP:
		bt_emit_jump(e, target);
		break;
	case VMBT_BR_RET:
		if (e->u.head)
			bt_emit_ret(e, in);
		else
			emit_ret(e, in);
		break;
	case VMBT_BR_JMP_IND:
	case VMBT_BR_CALL_IND:
		if (in->flags & (VMBT_IF_USES_CS | VMBT_IF_USES_GS))
			interp(e);
		else if (e->u.head)
			bt_emit_indirect(e, in, next);
		else
			emit_indirect(e, in, next);
		break;
	default:
		interp(e);
	}
	return false;
}
