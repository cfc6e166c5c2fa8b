// SPDX-License-Identifier: GPL-2.0
/*
 * Indirect branches that are checked at the target (bt/heads.c): what the guest's state
 * is at any instruction between the branch and the unit it leads to.
 */
#include <string.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"
#include "../../../../../arch/x86/vmbt/include/layout.h"

/* Of the state at TC address @rip: EIP is mon->target, ECX comes from its spill. */
static void check_away(u32 rip, bool others)
{
	struct vmbt_guest *g = v->guest;
	u32 i;

	for (i = 0; i < 4; i++) {
		v->mon->spill[i] = 0x5000 + i;
		v->frame.gpr[i] = 0x6000 + i;
	}
	v->mon->target = 0x220000;
	v->frame.rsp = STACK + 12;
	v->frame.rip = rip;
	v->raw = true;
	check(bt_at_boundary(v), "heads-stopped", "in the middle", rip);
	check(bt_sync(v) == X_OK, "heads-stopped", "no state", rip);
	check(g->eip == 0x220000 && g->gpr[VMBT_ESP] == STACK + 12, "heads-stopped", "eip",
	      g->eip);
	check(g->gpr[VMBT_EAX] == (others ? 0x5000 : 0x6000) && g->gpr[VMBT_ECX] == 0x5001 &&
	      g->gpr[VMBT_EDX] == (others ? 0x5002 : 0x6002), "heads-stopped", "registers",
	      g->gpr[VMBT_EAX]);
	/* Where the guest goes on was found by its EIP, not by that unit. */
	check(v->bt->last_unit == BT_NIL, "heads-stopped", "a unit", v->bt->last_unit);
}

/*
 * Stopped in a head, or in the runtime on behalf of one, the guest is where the branch
 * has led, whatever unit that is in and whatever mon->site says.
 */
void test_heads_stopped(void)
{
	static const u8 code[] = { 0xc3 };
	static const u8 start[] = { 0, 7, 13, 15, 20 };
	u32 from = ring1_away - ring1_code, n = 0, tc, i;
	const struct ring1_map *m;
	const struct bt_unit *u;

	load(OTHER, code, sizeof(code));
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ESP] = STACK;
	check(bt_enter(v) == X_OK, "heads-stopped", "no unit", 0);
	u = bt_unit(v->bt, bt_unit_at(v->bt, v->frame.rip));
	tc = u->tc;
	check(u->head && v->frame.rip == tc + u->head, "heads-stopped", "entered at",
	      v->frame.rip - tc);
	for (i = 0; i < sizeof(start); i++)
		check_away(tc + start[i], false);
	for (i = 0; i < u->head; i++) {
		v->frame.rip = tc + i;
		v->raw = true;
		if (!memchr(start, i, sizeof(start)))
			check(bt_sync(v) != X_OK, "heads-stopped", "a state at", i);
		v->frame.rip = tc + i + 2;
		v->raw = true;
		check(bt_callout(v) == BT_NOT_CALLOUT, "heads-stopped", "a callout at", i);
	}
	v->mon->site = 0;
	for (m = ring1_map; m < ring1_map_end; m++) {
		const u8 *p = ring1_code + m->off;

		if (m->kind != RING1_M_AWAY)
			continue;
		n++;
		check_away(VMBT_MON_RT + m->off, m->fix != RING1_F_ECX);
		check(m->off >= from + 13 || m->fix == RING1_F_ECX, "heads-stopped",
		      "what has not been spilled is reloaded at", m->off - from);
		if (*p != 0xcd)
			continue;
		v->frame.rip = VMBT_MON_RT + m->off + 2;
		v->raw = true;
		check(bt_callout(v) == BT_INDIRECT && v->guest->eip == 0x220000, "heads-stopped",
		      "callout", v->guest->eip);
	}
	check(n == 17, "heads-stopped", "instructions", n);
}

static void check_regs(const char *what, u32 flags)
{
	struct vmbt_guest *g = v->guest;

	check(g->gpr[VMBT_ECX] == 0x1111 && g->gpr[VMBT_EBX] == 0x2222 &&
	      g->gpr[VMBT_ESI] == 0x3333 && g->gpr[VMBT_EDX] == 0x4444, "heads", what,
	      g->gpr[VMBT_ECX]);
	check((g->eflags & VMBT_EFLAGS_ARITH) == flags, "heads", what, g->eflags);
}

static void heads_at(u32 esp)
{
	struct vmbt_guest *g = v->guest;

	g->gpr[VMBT_EAX] = STACK - 0x100;
	g->gpr[VMBT_ECX] = 0x1111;
	g->gpr[VMBT_EBX] = 0x2222;
	g->gpr[VMBT_ESI] = 0x3333;
	g->gpr[VMBT_EDX] = 0x4444;
	g->gpr[VMBT_ESP] = esp;
	g->eflags = 0x8d7;
	g->eip = OTHER;
}

/* Stopped at any of its instructions, a branch is taken back or goes on, not twice. */
static void heads_steps(u32 from, u32 to, u32 eip)
{
	struct vmbt_guest *g = v->guest;
	u64 restarts = native_restarts;
	u32 n;

	native_stepping = true;
	rnd_seed(7);
	for (n = 0; n < 100; n++) {
		heads_at(from);
		check(native_bt() == NS_FAULT && v->exc.vector == VMBT_VEC_PF, "heads",
		      "no fault without code", n);
		check(g->eip == eip, "heads", "a fault of the target's at", g->eip);
		check(g->gpr[VMBT_ESP] == to, "heads", "esp", g->gpr[VMBT_ESP]);
		check_regs("a fault of the target", 0x8d5);
	}
	native_stepping = false;
	check(native_restarts - restarts > 20, "heads", "restarts", native_restarts - restarts);
}

/*
 * Where a RET finds no stack it has not been done. Where there is no code it has: the
 * fault is the target's. SDM vol. 2, RET; vol. 3, 6.5.
 */
void test_heads_faults(void)
{
	/* ret; ret 8; the same of 16 bits; call [eax]; jmp [eax] */
	static const u8 code[6][4] = {
		{ 0xc3 }, { 0xc2, 8, 0 }, { 0x66, 0xc3 }, { 0x66, 0xc2, 8, 0 },
		{ 0xff, 0x10 }, { 0xff, 0x20 } };
	static const u32 moved[6] = { 4, 12, 2, 10, -4, 0 };
	u32 none = RAM_SIZE + 0x1000, good = STACK - 0x100, i;
	struct vmbt_guest *g = v->guest;

	for (i = 0; i < 6; i++) {
		bool ops16 = i == 2 || i == 3;

		load(OTHER, code[i], sizeof(code[i]));
		memcpy(native_ram(good), (u32 []){ none }, 4);
		heads_steps(good, good + moved[i], ops16 ? none & 0xffff : none);
		heads_at(RAM_SIZE + 0x2000);
		if (!moved[i])
			continue;
		check(native_bt() == NS_FAULT && v->exc.vector == VMBT_VEC_PF, "heads",
		      "no fault without a stack", i);
		check(g->eip == OTHER && g->gpr[VMBT_ESP] == RAM_SIZE + 0x2000, "heads",
		      "not where it was", g->eip);
		check_regs("a fault of the stack", 0x8d5);
	}
}

/* RET 8 on a 16-bit stack: SP wraps, and the upper half of ESP stays. */
void test_heads_sp(void)
{
	struct vmbt_seg *ss = &v->guest->seg[VMBT_SS];
	u32 none = RAM_SIZE + 0x1000;

	ss->base = STACK;
	ss->limit = 0xffff;
	ss->attr &= ~(VMBT_ATTR_DB | VMBT_ATTR_G);
	desc_segs_changed(v);
	load(OTHER, (u8 []){ 0xc2, 8, 0 }, 3);
	memcpy(native_ram(STACK + 0xfff8), (u32 []){ none }, 4);
	heads_steps(0x1234fff8, 0x12340004, none);
}

/*
 * A return address is a word of the stack like any other: it may be changed, popped or
 * pushed by hand, and lead to other code than there was, or to one with the same low
 * half. 10,000 rounds of each, and the VMM is needed for the first.
 */
void test_heads(void)
{
	static const u8 code[] = {
		0x31, 0xc0,				/* xor eax, eax */
		0xb9, 0x10, 0x27, 0x00, 0x00,		/* mov ecx, 10000 */
		0xbb, 0x00, 0x00, 0x22, 0x00,		/* mov ebx, f */
		0xe8, 0xef, 0xff, 0x00, 0x00,		/* 0c: call f, not at its end */
		0x90,
		0x68, 0x1d, 0x00, 0x21, 0x00,		/* 12: push 1dh */
		0x53,					/* push ebx */
		0xc3,					/* ret to f, from there to 1dh */
		0xf4, 0xf4, 0xf4, 0xf4,
		0x89, 0x5c, 0x24, 0xfc,			/* 1d: mov [esp - 4], ebx */
		0xff, 0x54, 0x24, 0xfc,			/* call [esp - 4] */
		0x49,
		0x75, 0xe4,				/* jnz 0ch */
		0xf4,
	};
	static const u8 f[] = {
		0xf9,					/* stc */
		0x83, 0xd0, 0x00,			/* adc eax, 0 */
		0xc3,
	};
	u64 before = callouts(), misses = v->stats->hash_misses;

	load(OTHER, code, sizeof(code));
	load(0x220000, f, sizeof(f));
	check(go(OTHER) == NS_HLT && *eax == 30000, "heads", "eax", *eax);
	check(v->guest->gpr[VMBT_ESP] == STACK, "heads", "esp", v->guest->gpr[VMBT_ESP]);
	check(callouts() - before < 20, "heads", "callouts", callouts() - before);
	/* What is in no table is asked for at once, not when something stops the guest. */
	check(v->stats->hash_misses - misses >= 4, "heads", "misses",
	      v->stats->hash_misses - misses);
	/* Another f, of which nothing is found by the old one's head. */
	load(0x220000, (u8 []){ 0x83, 0xd0, 0x02, 0xc3 }, 4);
	check(go(OTHER) == NS_HLT && *eax == 60000, "heads", "another f", *eax);
}
