// SPDX-License-Identifier: GPL-2.0
/*
 * Indirect transfers whose target is checked where they lead to.
 *
 * Where no EIP is beyond the limit of CS, a RET, JMP or CALL is done as soon as its
 * target is known: nothing that the lookup finds can take it back. So the branch
 * goes by the hash without a look at what the entry is for,
 *
 *	mon->spill = ecx; pop mon->target	(RET)
 *	ecx = low half of mon->target
 *	jmp *hash[ecx].target
 *
 * and the unit that this leads to has a *head* in front of its first instruction,
 * for those who come that way only:
 *
 *	ecx = mon->target - EIP
 *	jecxz over the next
 *	jmp to the ring-1 runtime: look in the second table, or call the VMM
 *	ecx = mon->spill
 *
 * Free entries lead to the runtime at once. All that anyone has to know between the
 * first store to mon->target and the last instruction of a head is in the monitor
 * area: the guest is at mon->target, and which branch took it there does not matter.
 * That is what BT_M_AWAY says in a head or in the runtime, and BT_M_TARGET in the unit
 * that the branch belongs to.
 */
#include "emit.h"
#include "../plat.h"
#include "../ring1/ring1.h"

#define HEAD_LEN	27

/* The instructions of a head, by their offsets. */
static const u8 head_insns[] = { 0, 7, 13, 15, 20 };

/*
 * bt_head() - how long the heads of a context's units are
 * @bt: the translator
 * @ctx: index of the context
 * Return: 0 where they have none: the 16-bit ones, ring 3's (the runtime is not for
 * them), and those in which a target can be beyond the limit
 */
u32 bt_head(const struct bt *bt, u32 ctx)
{
	const struct bt_ctx *c = &bt->ctx[ctx];

	return bt->heads && (c->mode & BT_MODE_CODE32) && c->cs_limit == 0xffffffff &&
	       !(c->mode & BT_MODE_CPL3) ? HEAD_LEN : 0;
}

/* bt_in_head() - is an instruction of @u's head at offset @off of its code? */
bool bt_in_head(const struct bt_unit *u, u32 off)
{
	u32 i;

	for (i = 0; off < u->head && i < ARRAY_SIZE(head_insns); i++)
		if (head_insns[i] == off)
			return true;
	return false;
}

static void lea_ecx(struct bt_emit *e, u32 add)
{
	e8(e, 0x8d);
	e8(e, 0x89);
	e32(e, add);
}

/* bt_emit_head() - the head of the unit that begins here, if its context has them */
void bt_emit_head(struct bt_emit *e)
{
	if (!e->u.head)
		return;
	gs_load(e, VMBT_ECX, MON(target));
	lea_ecx(e, -e->u.eip);
	e8(e, 0xe3);	/* jecxz over the jump */
	e8(e, 5);
	e8(e, 0xe9);
	e32(e, bt_ring1_away() - (e->u.tc + e->len + 4));
	gs_load(e, VMBT_ECX, SPILL(VMBT_ECX));
	if (e->len != HEAD_LEN)
		plat_panic("bt: a head of %u bytes", e->len);
}

static void movzx_ecx(struct bt_emit *e, u8 reg)
{
	e8(e, 0x0f);
	e8(e, 0xb7);
	e8(e, 0xc8 | reg);
}

/* The transfer is done, ECX has the low half of the target and has been spilled. */
static void jump_hash(struct bt_emit *e)
{
	e->fix = BT_F_ECX;
	e->shadow = 0;
	mark(e, BT_M_TARGET);	/* jmp *cs:[ecx * 8 + target] */
	e8(e, 0x2e);
	e8(e, 0xff);
	e8(e, 0x24);
	e8(e, 0xcd);
	e32(e, e->hash + offsetof(struct vmbt_hash_entry, target));
}

static void spill_ecx(struct bt_emit *e)
{
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, SPILL(VMBT_ECX));
}

/* RET n: all that is left is ESP. */
static void drop(struct bt_emit *e, u32 n)
{
	mark(e, BT_M_START);	/* lea (e)sp, [esp + n] */
	if (!(e->ctx->mode & BT_MODE_STACK32))
		e8(e, 0x66);
	e8(e, 0x8d);
	e8(e, 0xa4);
	e8(e, 0x24);
	e32(e, n);
}

static void ret16(struct bt_emit *e, const struct vmbt_insn *in)
{
	mark(e, BT_M_START);	/* pop cx */
	e8(e, 0x66);
	e8(e, 0x59);
	e->fix = BT_F_ECX | BT_F_POPPED | BT_F_OPS16;
	mark(e, BT_M_START);
	movzx_ecx(e, VMBT_ECX);
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, MON(target));
	if (in->imm)
		drop(e, in->imm);
}

/* bt_emit_ret() - RET, in a context with heads; ends the unit */
void bt_emit_ret(struct bt_emit *e, const struct vmbt_insn *in)
{
	spill_ecx(e);
	if (in->opsize == 2) {
		ret16(e, in);
		jump_hash(e);
		return;
	}
	mark(e, BT_M_START);	/* pop gs:[target] */
	e8(e, 0x65);
	e8(e, 0x8f);
	e8(e, 0x05);
	e32(e, MON(target));
	if (in->imm) {
		e->fix = BT_F_POPPED;
		drop(e, in->imm);
		e->fix = 0;
	}
	e->shadow = 0;
	mark(e, BT_M_TARGET);	/* movzx ecx, word gs:[target] */
	e8(e, 0x65);
	e8(e, 0x0f);
	e8(e, 0xb7);
	e8(e, 0x0d);
	e32(e, MON(target));
	jump_hash(e);
}

/* The target, zero-extended, to mon->target; its low half to ECX. */
static void take_target(struct bt_emit *e, const struct vmbt_insn *in)
{
	static const u8 mov[] = { 0x8b }, movzx[] = { 0x0f, 0xb7 };
	bool ops16 = in->opsize == 2;
	u8 reg = in->mod == 3 ? in->rm : VMBT_ECX;

	if (in->mod != 3 || ops16) {
		mark(e, BT_M_START);
		bt_emit_with_modrm(e, in, false, ops16 ? movzx : mov, ops16 ? 2 : 1,
				   VMBT_ECX);
		e->fix = BT_F_ECX;
		reg = VMBT_ECX;
	}
	mark(e, BT_M_START);
	gs_store(e, reg, MON(target));
}

/*
 * bt_emit_indirect() - JMP and CALL to a register or memory, in a context with heads
 * @e: the unit, which ends here
 * @in: the instruction; its operand is not relative to CS or GS
 * @next: what a CALL pushes
 */
void bt_emit_indirect(struct bt_emit *e, const struct vmbt_insn *in, u32 next)
{
	bool ops16 = in->opsize == 2, call = in->branch == VMBT_BR_CALL_IND;
	u8 reg = in->mod == 3 && !ops16 ? in->rm : VMBT_ECX;

	spill_ecx(e);
	take_target(e, in);
	if (!call)
		e->shadow = 0;
	if (!ops16) {
		mark(e, call ? BT_M_START : BT_M_TARGET);
		movzx_ecx(e, reg);
	}
	e->fix = BT_F_ECX;
	if (call) {
		mark(e, BT_M_START);
		bt_emit_push(e, next, ops16);
	}
	jump_hash(e);
}
