// SPDX-License-Identifier: GPL-2.0
/*
 * The translator's side of the ring-1 runtime: its code's place in the monitor
 * area, the jumps to it, and the map of its instructions.
 *
 * vmm/ring1/ has the routines. What they can do, they do without the VMM; what
 * they cannot is a callout of the guest's instruction, by its site.
 */
#include "emit.h"
#include "../mmu/mmu.h"
#include "../plat.h"
#include "../ring1/ring1.h"

#define IRET_SLOW	(VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_NT | \
			 VMBT_X86_EFLAGS_IOPL | VMBT_X86_EFLAGS_RF | \
			 VMBT_X86_EFLAGS_VM | VMBT_X86_EFLAGS_VIF | \
			 VMBT_X86_EFLAGS_VIP)

#define MON_IS(name, field) \
	_Static_assert(RING1_##name == MON(field), "ring1.h: " #field)
#define SAME_IS(name, field) \
	_Static_assert(RING1_##name == \
		       offsetof(struct vmbt_mon_same, field), "ring1.h: " #field)
#define IS(name, value) \
	_Static_assert(RING1_##name == (value), "ring1.h: " #name)

MON_IS(VIF, vif);
MON_IS(PENDING, pending);
MON_IS(EAX, spill[VMBT_EAX]);
MON_IS(ECX, spill[VMBT_ECX]);
MON_IS(EDX, spill[VMBT_EDX]);
MON_IS(JUMP, jump);
MON_IS(TARGET, target);
MON_IS(FLAGS_VIRT, flags_virt);
MON_IS(SITE, site);
MON_IS(SEL, sel);
MON_IS(SAME, same);
MON_IS(OFFER, offer);
MON_IS(LOAD, load);
MON_IS(NO_USER, no_user);
MON_IS(GDT_OFF, gdt_off);
MON_IS(GDT_N, gdt_n);
MON_IS(GDT, gdt);
MON_IS(FLAGS_SLOW, flags_slow);
MON_IS(COLD_LEFT, cold_left);
MON_IS(HOT, hot);
MON_IS(ESP, esp);
MON_IS(FRAME, frame);
MON_IS(ALIAS, alias);
MON_IS(ALIAS_DS, alias_ds);
MON_IS(ALIAS_AT, alias_at);
MON_IS(LOG, log);
MON_IS(LOG_LEFT, log_left);
MON_IS(LOG_NEXT, log_next);
MON_IS(GDT_LOG, gdt_log);
MON_IS(GDT_LEFT, gdt_left);
MON_IS(GDT_DELTA, gdt_delta);
MON_IS(GDT_BYTES, gdt_bytes);
MON_IS(GDT_SPARED, gdt_spared);
SAME_IS(NEG_SEL, neg_sel);
SAME_IS(OFF, off);
SAME_IS(NEG_LO, neg_lo);
SAME_IS(NEG_HI, neg_hi);
IS(SAME_SIZE, sizeof(struct vmbt_mon_same));
IS(ALIAS_SIZE, sizeof(struct vmbt_mon_alias));
IS(DELTA, offsetof(struct vmbt_mon_alias, delta));
IS(HOT_ALIAS, VMBT_MON_HOT_ALIAS);
IS(GDT_ALIAS, VMBT_MON_GDT_ALIAS);
IS(NOTES, VMBT_MON_LOG);
IS(ALIAS_LEN, VMBT_INSN_MAX + 2);
IS(SREG_ES, VMBT_ES);
IS(SREG_CS, VMBT_CS);
IS(SREG_DS, VMBT_DS);
IS(SREG_FS, VMBT_FS);
IS(SREG_GS, VMBT_GS);
IS(EFLAGS_IF, VMBT_X86_EFLAGS_IF);
IS(IRET_SLOW, IRET_SLOW);
IS(EFLAGS_RF, VMBT_X86_EFLAGS_RF);
IS(EFLAGS_IOPL, VMBT_X86_EFLAGS_IOPL);
IS(M_START, BT_M_START);
IS(M_TARGET, BT_M_TARGET);
IS(M_INTERP, BT_M_INTERP);
IS(M_IRET_FLAGS, BT_M_IRET_FLAGS);
IS(M_IRET_DONE, BT_M_IRET_DONE);
IS(M_LOADED, BT_M_LOADED);
IS(M_LOOKUP, BT_M_LOOKUP);
IS(M_MISS, BT_M_MISS);
IS(M_AWAY, BT_M_AWAY);
IS(M_SYSEXIT, BT_M_SYSEXIT);
IS(F_EAX, BT_F_EAX);
IS(F_ECX, BT_F_ECX);
IS(F_EDX, BT_F_EDX);
IS(F_REGS, BT_F_EAX | BT_F_ECX | BT_F_EDX);

/* bt_ring1_init() - put the runtime into the monitor area */
void bt_ring1_init(struct vcpu *v)
{
	u32 n = ring1_code_end - ring1_code, i;

	if (n > VMBT_MON_HASH2 - VMBT_MON_RT)
		plat_panic("the ring-1 runtime has %u bytes", n);
	for (i = 0; i < n; i += 4096)
		if (!mmu_monitor_fill(v, (VMBT_MON_RT + i) / 4096))
			plat_panic("no pool pages for the ring-1 runtime");
	for (i = 0; i < n; i++)
		*bt_code(v->bt, VMBT_MON_RT + i) = ring1_code[i];
}

/*
 * bt_ring1_at() - the map entry of a routine's instruction
 * @rip: offset in the monitor area
 * Return: NULL if there is no instruction of the runtime's
 */
const struct ring1_map *bt_ring1_at(u32 rip)
{
	const struct ring1_map *lo = ring1_map, *hi = ring1_map_end;

	while (lo < hi) {
		const struct ring1_map *mid = lo + (hi - lo) / 2;

		if (mid->off == rip - VMBT_MON_RT)
			return mid;
		if (mid->off < rip - VMBT_MON_RT)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* bt_ring1_away() - where a jump by the hash goes that has found another EIP */
u32 bt_ring1_away(void)
{
	return VMBT_MON_RT + (ring1_away - ring1_code);
}

/* Have @routine do the instruction at e->g_off; @kind is the jump's entry. */
static void jump_to(struct bt_emit *e, const u8 *routine, u8 kind)
{
	u32 imm = e->len + 7, site = imm + 4;

	mark(e, BT_M_START);
	gs_store_imm(e, MON(site), e->u.tc + site);
	mark(e, kind);
	e8(e, 0xe9);
	e32(e, VMBT_MON_RT + (u32)(routine - ring1_code) -
	    (e->u.tc + site + RING1_JMP_LEN));
}

static const u8 *load_routine(enum vmbt_sreg s)
{
	switch (s) {
	case VMBT_ES:
		return ring1_load_es;
	case VMBT_DS:
		return ring1_load_ds;
	case VMBT_FS:
		return ring1_load_fs;
	case VMBT_GS:
		return ring1_load_gs;
	default:
		return NULL;
	}
}

/**
 * bt_emit_load_sreg() - MOV and POP of a segment register at CPL 0
 * @e: the unit
 * @in: the instruction; its operand is not relative to CS or GS
 * @next_off: offset of the guest instruction behind it
 * Return: false if it is for the VMM whatever the selector
 */
bool bt_emit_load_sreg(struct bt_emit *e, const struct vmbt_insn *in,
		       u8 next_off)
{
	static const u8 movzx[] = { 0x0f, 0xb7 };
	const u8 *routine = load_routine(in->sreg);
	bool pop = in->op == VMBT_OP_POP_SREG;

	/* ESP as a 32-bit address is what POP uses of a 32-bit stack only. */
	if (!routine || !(e->ctx->mode & BT_MODE_PE) ||
	    (e->ctx->mode & BT_MODE_VM) ||
	    (pop && !(e->ctx->mode & BT_MODE_STACK32)))
		return false;
	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	if (pop) {
		e8(e, 0x0f);
		e8(e, 0xb7);
		e8(e, 0x04);	/* movzx eax, word [esp] */
		e8(e, 0x24);
	} else {
		bt_emit_with_modrm(e, in, false, movzx, 2, VMBT_EAX);
	}
	e->fix = BT_F_EAX;
	jump_to(e, routine, BT_M_RING1);
	e->fix = 0;
	if (pop) {
		e->fix = BT_F_PUSHED | (in->opsize == 2 ? BT_F_OPS16 : 0);
		mark(e, BT_M_LOADED);	/* lea esp, [esp + opsize] */
		e->fix = 0;
		e8(e, 0x8d);
		e8(e, 0x64);
		e8(e, 0x24);
		e8(e, in->opsize);
	}
	e->g_off = next_off;
	return true;
}

/**
 * bt_emit_iret() - IRETD at CPL 0, which ends the unit
 * @e: the unit
 * @in: the instruction
 * Return: false if it is for the VMM in any case
 */
bool bt_emit_iret(struct bt_emit *e, const struct vmbt_insn *in)
{
	u32 need = BT_MODE_PE | BT_MODE_STACK32;

	if (in->opsize != 4 || (e->ctx->mode & (need | BT_MODE_CPL3 |
						BT_MODE_VM)) != need)
		return false;
	jump_to(e, ring1_iret, BT_M_RING1);
	return true;
}

/**
 * bt_emit_sysexit() - SYSEXIT at CPL 0, which ends the unit
 * @e: the unit
 * Return: false if it is for the VMM in any case
 */
bool bt_emit_sysexit(struct bt_emit *e)
{
	if ((e->ctx->mode & (BT_MODE_PE | BT_MODE_CPL3 | BT_MODE_VM)) != BT_MODE_PE)
		return false;
	jump_to(e, ring1_sysexit, BT_M_RING1);
	return true;
}

/**
 * bt_emit_verw() - VERW at CPL 0
 * @e: the unit
 * @in: the instruction; its operand is not relative to GS
 * @next_off: offset of the guest instruction behind it
 *
 * Linux has the operand in CS, as the others are ring 3's by then. Translated code
 * has another CS: where the guest's is flat, SS may stand for it if it is, too.
 *
 * Return: false if it is for the VMM whatever the selector
 */
bool bt_emit_verw(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	static const u8 movzx[] = { 0x0f, 0xb7 };
	struct vmbt_insn by_ss = *in;

	if ((e->ctx->mode & (BT_MODE_PE | BT_MODE_CPL3 | BT_MODE_VM)) != BT_MODE_PE)
		return false;
	if ((in->flags & VMBT_IF_MEM) && in->mem.seg == VMBT_SEG_CS) {
		if (e->ctx->cs_base || e->ctx->cs_limit != 0xffffffff)
			return false;
		by_ss.seg_override = VMBT_SEG_SS;
		callout_unless_0(e, MON(ss_not_flat));
		reload_ecx(e);
	}
	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	bt_emit_with_modrm(e, &by_ss, false, movzx, 2, VMBT_EAX);
	e->fix = BT_F_EAX;
	jump_to(e, ring1_verw, BT_M_RING1);
	e->fix = 0;
	e->g_off = next_off;
	return true;
}

/*
 * A register that the instruction at hand could have its operand's address in, if ring 1
 * may do it on a page table's alias, -1 if not: four bytes, which have to be aligned, or
 * the first of four, by DS. One that is no unit's first has room for it.
 */
static int alias_reg(const struct bt_emit *e, const struct vmbt_insn *in)
{
	u8 used = in->regs_read | in->regs_written;

	if (!in->code32 || (in->mem.size != 1 && in->mem.size != 4) || in->mem.seg != VMBT_SEG_DS ||
	    (in->prefixes & ~VMBT_PFX_LOCK) || in->seg_override != VMBT_SEG_NONE ||
	    (in->flags & VMBT_IF_BIT_OFFSET) || e->len > BT_MAX_TC / 2 ||
	    (e->v->shared->no_offers & VMBT_OFFER_ALIASES))
		return -1;
	for (int reg = VMBT_EAX; reg <= VMBT_EBX; reg++)
		if (!(used & BIT(reg)))
			return reg;
	return -1;
}

/*
 * What a unit has behind the jump to ring1_alias: the instruction itself, as long as any
 * could be, and what it is on the alias. The write is counted behind it, with no
 * instruction in between that could be of the guest's.
 */
static void alias_ways(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off, u8 reg)
{
	u32 start = e->len, over;
	u8 off = e->g_off, shadow = e->shadow;

	mark(e, BT_M_START);
	bt_emit_copy(e, in);
	e->g_off = next_off;
	e->shadow = 0;
	mark(e, BT_M_START);
	e8(e, 0xeb);		/* jmp over the rest */
	over = e->len;
	e8(e, 0);
	while (e->len < start + RING1_ALIAS_LEN)
		e8(e, 0x90);
	e->g_off = off;
	e->shadow = shadow;
	mark(e, BT_M_START);
	gs_store(e, reg, SPILL(reg));
	mark(e, BT_M_START);
	gs_load(e, reg, MON(alias_at));
	e->fix = BIT(reg);
	mark(e, BT_M_START);
	bt_emit_at_gs(e, in, reg);
	e->g_off = next_off;
	e->shadow = 0;
	mark(e, BT_M_START);
	gs_load(e, reg, MON(log_next));
	mark(e, BT_M_START);
	gs_store(e, reg, MON(log_left));
	mark(e, BT_M_START);
	gs_load(e, reg, SPILL(reg));
	e->fix = 0;
	e->code[over] = e->len - over - 1;
}

/**
 * bt_emit_write() - a write that may meet a trace (adapt.c), at CPL 0
 * @e: the unit
 * @in: the instruction, which could be copied; it is behind the call of the runtime
 * @next_off: offset of the guest instruction behind it
 * Return: false if it is for the VMM in any case
 */
bool bt_emit_write(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off)
{
	static const u8 lea[] = { 0x8d };
	int reg;

	if ((e->ctx->mode & (BT_MODE_CPL3 | BT_MODE_VM)) || in->mod == 3 ||
	    !(in->flags & VMBT_IF_MODRM) || in->asize != 4 ||
	    in->op == VMBT_OP_CMPXCHG8B || (e->v->shared->no_offers & VMBT_OFFER_WRITES))
		return false;
	reg = alias_reg(e, in);
	mark(e, BT_M_START);
	gs_store(e, VMBT_EAX, SPILL(VMBT_EAX));
	mark(e, BT_M_START);
	bt_emit_with_modrm(e, in, false, lea, 1, VMBT_EAX);
	e->fix = BT_F_EAX;
	jump_to(e, reg < 0 ? ring1_write : ring1_alias, BT_M_RING1);
	e->fix = 0;
	if (reg >= 0) {
		alias_ways(e, in, next_off, reg);
		return true;
	}
	mark(e, BT_M_START);
	bt_emit_copy(e, in);
	return true;
}

/*
 * bt_emit_second() - EAX is not in the inline hash: look it up in the second table
 * @e: the unit, of ring 1
 * @site: BT_M_RET, JMP or CALL, what the runtime's callout is then
 */
void bt_emit_second(struct bt_emit *e, u8 site)
{
	jump_to(e, ring1_lookup, site);
}
