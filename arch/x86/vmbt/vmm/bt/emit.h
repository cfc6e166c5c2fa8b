/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing x86 code into the translation cache, and the map that goes with it.
 *
 * All translated code is 32-bit code. Whatever is added to the guest's own
 * instructions leaves the flags alone: MOV, LEA, JECXZ, PUSH and POP do.
 */
#ifndef VMBT_BT_EMIT_H
#define VMBT_BT_EMIT_H

#include "bt_int.h"

#define MON(field)	((u32)offsetof(struct vmbt_mon, field))
#define SPILL(reg)	(MON(spill) + 4 * (reg))

/*
 * struct bt_emit - a unit under construction
 * @code: its code, which bt_add_unit() puts into the cache
 * @len: bytes so far
 * @g_off: guest instruction that map entries name
 * @fix: repairs that all entries of the moment share
 * @shadow: BT_F_SHADOW while the instruction after STI is translated
 */
struct bt_emit {
	struct vcpu *v;
	struct bt *bt;
	const struct bt_ctx *ctx;
	u8 *code;
	u32 len;
	struct bt_map *map;
	struct bt_unit u;
	u8 g_off;
	u8 fix;
	u8 shadow;
	u8 aside;		/* exits whose slots come behind all the rest, by their bits */
	u8 vector;		/* of callouts */
	u32 hash;		/* offset of the inline hash */
	bool second;		/* which has a second table behind it */
};

static inline void e8(struct bt_emit *e, u8 b)
{
	e->code[e->len++] = b;
}

static inline void e16(struct bt_emit *e, u16 x)
{
	e8(e, x & 0xff);
	e8(e, x >> 8);
}

static inline void put32(u8 *p, u32 x)
{
	p[0] = x;
	p[1] = x >> 8;
	p[2] = x >> 16;
	p[3] = x >> 24;
}

static inline void e32(struct bt_emit *e, u32 x)
{
	e16(e, x & 0xffff);
	e16(e, x >> 16);
}

/* translate.c: guest code has made a unit for which there is no room */
void bt_too_large(void) __noreturn;

/*
 * The next instruction's entry in the map. Every one needs its own. What a unit
 * may take is bounded by BT_MAX_INSNS; the map is on the stack, and the guest
 * chooses the instructions.
 */
static inline void mark(struct bt_emit *e, u8 kind)
{
	if (unlikely(e->u.nr_map >= BT_MAX_MAP ||
		     e->len > BT_MAX_TC - VMBT_INSN_MAX))
		bt_too_large();
	e->map[e->u.nr_map++] = (struct bt_map){
		.tc_off = e->len, .kind = kind, .g_off = e->g_off,
		.fix = e->fix | e->shadow,
	};
}

/* mov %gs:off, reg and back */
static inline void gs_load(struct bt_emit *e, u8 reg, u32 off)
{
	e8(e, 0x65);
	e8(e, 0x8b);
	e8(e, reg << 3 | 5);
	e32(e, off);
}

static inline void gs_store(struct bt_emit *e, u8 reg, u32 off)
{
	e8(e, 0x65);
	e8(e, 0x89);
	e8(e, reg << 3 | 5);
	e32(e, off);
}

static inline void gs_store_imm(struct bt_emit *e, u32 off, u32 imm)
{
	e8(e, 0x65);
	e8(e, 0xc7);
	e8(e, 0x05);
	e32(e, off);
	e32(e, imm);
}

static inline void e_callout(struct bt_emit *e)
{
	e8(e, 0xcd);
	e8(e, e->vector);
}

static inline void reload_ecx(struct bt_emit *e)
{
	mark(e, BT_M_START);
	gs_load(e, VMBT_ECX, SPILL(VMBT_ECX));
	e->fix = 0;
}

/* The guest's instruction is the VMM's where %gs:off is not 0; on with ECX spilled. */
static inline void callout_unless_0(struct bt_emit *e, u32 off)
{
	mark(e, BT_M_START);
	gs_store(e, VMBT_ECX, SPILL(VMBT_ECX));
	mark(e, BT_M_START);
	gs_load(e, VMBT_ECX, off);
	e->fix = BT_F_ECX;
	mark(e, BT_M_START);	/* jecxz over the callout */
	e8(e, 0xe3);
	e8(e, 2);
	mark(e, BT_M_INTERP);
	e_callout(e);
}

/* flow.c: near control flow */
bool bt_emit_flow(struct bt_emit *e, const struct vmbt_insn *in);
void bt_emit_aside(struct bt_emit *e);
void bt_emit_jump(struct bt_emit *e, u32 eip);
void bt_emit_push(struct bt_emit *e, u32 val, bool ops16);
/* heads.c: what is checked at the target */
void bt_emit_head(struct bt_emit *e);
void bt_emit_ret(struct bt_emit *e, const struct vmbt_insn *in);
void bt_emit_indirect(struct bt_emit *e, const struct vmbt_insn *in, u32 next);
/* flags.c: CLI, STI, PUSHF, POPF; false if the interpreter has to do it */
bool bt_emit_flags(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
/* ring1.c: what the ring-1 runtime does; false if the interpreter has to */
bool bt_emit_load_sreg(struct bt_emit *e, const struct vmbt_insn *in,
		       u8 next_off);
bool bt_emit_iret(struct bt_emit *e, const struct vmbt_insn *in);
bool bt_emit_sysexit(struct bt_emit *e);
bool bt_emit_verw(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
bool bt_emit_write(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
/* peek.c: what the monitor area has; likewise */
bool bt_emit_read_cr(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
bool bt_emit_in(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
/* post.c: port writes that the VMM finds later; likewise */
bool bt_emit_out(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
/* fpu.c: what shows where the last x87 instruction was; false as above */
void bt_emit_x87(struct bt_emit *e, const struct vmbt_insn *in, u8 next_off);
bool bt_emit_fxsave(struct bt_emit *e, const struct vmbt_insn *in);
/* ring1.c: what a site of a lookup that missed does */
void bt_emit_second(struct bt_emit *e, u8 site);
/* copy.c */
void bt_emit_copy(struct bt_emit *e, const struct vmbt_insn *in);
void bt_emit_with_modrm(struct bt_emit *e, const struct vmbt_insn *in,
			bool opsize16, const u8 *op, u32 nr_op, u8 reg);
void bt_emit_at_gs(struct bt_emit *e, const struct vmbt_insn *in, u8 reg);
bool bt_emit_from_sreg(struct bt_emit *e, const struct vmbt_insn *in,
		       u8 next_off);

#endif
