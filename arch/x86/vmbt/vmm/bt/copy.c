// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that are copied, and those that differ from a copy by a
 * register or an operand.
 *
 * 32-bit code is copied byte by byte. 16-bit code has the same encoding in a
 * 32-bit segment once the prefixes 66 and 67 say the opposite, where they say
 * anything. Redundant prefixes are left out, so the result always fits into
 * 15 bytes.
 */
#include "emit.h"

static const u8 seg_prefix[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };

static void emit_bytes(struct bt_emit *e, const u8 *p, u32 n)
{
	while (n--)
		e8(e, *p++);
}

void bt_emit_copy(struct bt_emit *e, const struct vmbt_insn *in)
{
	bool osz, asz;

	if (in->code32) {
		emit_bytes(e, in->bytes, in->len);
		return;
	}
	osz = in->prefixes & VMBT_PFX_OPSIZE;
	asz = in->prefixes & VMBT_PFX_ADDRSIZE;
	if ((in->flags & VMBT_IF_OSZ_MATTERS) && in->mandatory != VMBT_MP_66)
		osz = !osz;
	if (in->flags & VMBT_IF_ASZ_MATTERS)
		asz = !asz;
	if (in->prefixes & VMBT_PFX_LOCK)
		e8(e, 0xf0);
	if (in->seg_override != VMBT_SEG_NONE)
		e8(e, seg_prefix[in->seg_override]);
	if (osz)
		e8(e, 0x66);
	if (asz)
		e8(e, 0x67);
	if (in->prefixes & VMBT_PFX_REP)
		e8(e, 0xf3);
	if (in->prefixes & VMBT_PFX_REPNE)
		e8(e, 0xf2);
	emit_bytes(e, in->bytes + in->esc_off, in->len - in->esc_off);
}

/*
 * bt_emit_with_modrm() - another opcode on the instruction's r/m operand
 * @op: opcode bytes
 * @reg: what the reg field shall be
 */
void bt_emit_with_modrm(struct bt_emit *e, const struct vmbt_insn *in,
			bool opsize16, const u8 *op, u32 nr_op, u8 reg)
{
	if (in->mod != 3 && in->seg_override != VMBT_SEG_NONE)
		e8(e, seg_prefix[in->seg_override]);
	if (opsize16)
		e8(e, 0x66);
	if (in->mod != 3 && in->asize == 2)
		e8(e, 0x67);
	emit_bytes(e, op, nr_op);
	e8(e, (in->modrm & 0xc7) | reg << 3);
	if (in->mod == 3)
		return;
	if (in->sib_off)
		e8(e, in->bytes[in->sib_off]);
	emit_bytes(e, in->bytes + in->disp_off, in->disp_size);
}

/*
 * bt_emit_at_gs() - an instruction of 32-bit code with its memory operand at %gs:(@reg)
 * @in: without prefixes, but for LOCK
 * @reg: EAX, ECX, EDX or EBX
 */
void bt_emit_at_gs(struct bt_emit *e, const struct vmbt_insn *in, u8 reg)
{
	u8 behind = in->disp_off + in->disp_size;

	if (!in->disp_size)
		behind = (in->sib_off ? in->sib_off : in->modrm_off) + 1;
	if (in->prefixes & VMBT_PFX_LOCK)
		e8(e, 0xf0);
	e8(e, 0x65);
	emit_bytes(e, in->bytes + in->esc_off, in->modrm_off - in->esc_off);
	e8(e, (in->modrm & 0x38) | reg);
	emit_bytes(e, in->bytes + behind, in->len - behind);
}

/* PUSH sreg and MOV r/m, sreg: the guest's selectors are in the monitor area. */
bool bt_emit_from_sreg(struct bt_emit *e, const struct vmbt_insn *in,
		       u8 next_off)
{
	static const u8 store[] = { 0x89 };
	u32 sel = MON(sel) + 4 * in->sreg;
	u8 reg;

	if (in->op == VMBT_OP_PUSH_SREG) {
		mark(e, BT_M_START);
		if (in->opsize == 2)
			e8(e, 0x66);
		e8(e, 0x65);
		e8(e, 0xff);
		e8(e, 0x35);
		e32(e, sel);
		return true;
	}
	if (in->mod == 3) {
		mark(e, BT_M_START);
		if (in->opsize == 2)
			e8(e, 0x66);
		gs_load(e, in->rm, sel);
		return true;
	}
	/* A register that the address does not need; one of three is free. */
	for (reg = VMBT_EAX; reg == in->mem.base || reg == in->mem.index; reg++)
		;
	mark(e, BT_M_START);
	gs_store(e, reg, SPILL(reg));
	mark(e, BT_M_START);
	gs_load(e, reg, sel);
	e->fix = BIT(reg);
	mark(e, BT_M_START);
	bt_emit_with_modrm(e, in, true, store, 1, reg);
	e->g_off = next_off;
	e->shadow = 0;
	mark(e, BT_M_START);
	gs_load(e, reg, SPILL(reg));
	e->fix = 0;
	return true;
}
