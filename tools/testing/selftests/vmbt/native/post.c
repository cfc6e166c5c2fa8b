// SPDX-License-Identifier: GPL-2.0
/*
 * What translated code writes to the interrupt controllers without asking: the entries
 * that the VMM finds, when it is asked all the same, and that an interrupt anywhere leaves
 * each write done once or not yet. Tests of units.c's program.
 */
#include <string.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"

#define EFLAGS_CF	1

static void clear(u32 left)
{
	memset(v->mon->post, 0, sizeof(v->mon->post));
	v->mon->post_left = left;
	v->mon->ask_imr = 0;
}

/* Each of the four ports, with nothing else touched: flags, ECX, the rest of EAX. */
void test_posts(void)
{
	static const u8 code[] = {
		0xb9, 0x44, 0x33, 0x22, 0x11,		/* mov ecx, 11223344h */
		0xb8, 0xa5, 0x55, 0x55, 0x55,		/* mov eax, 555555a5h */
		0xf9,					/* stc */
		0xe6, 0x21,				/* out 21h, al */
		0xb0, 0x64,				/* mov al, 64h */
		0xe6, 0x20,				/* out 20h, al */
		0xe6, 0xa0,				/* out 0a0h, al */
		0xb0, 0x3c,				/* mov al, 3ch */
		0xe6, 0xa1,				/* out 0a1h, al */
		0xe4, 0x21,				/* in al, 21h */
		0x88, 0xc4,				/* mov ah, al */
		0xe4, 0xa1,				/* in al, 0a1h */
		0xf4,
	};
	const u16 *post = v->mon->post;
	u64 before;

	load(OTHER, code, sizeof(code));
	clear(VMBT_MON_POSTS);
	go(OTHER);
	clear(VMBT_MON_POSTS);
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x5555a53c, "posts", "eax", *eax);
	check(v->guest->gpr[VMBT_ECX] == 0x11223344, "posts", "ecx", v->guest->gpr[VMBT_ECX]);
	check(v->guest->eflags & EFLAGS_CF, "posts", "flags", v->guest->eflags);
	check(v->mon->post_left == 4, "posts", "left", v->mon->post_left);
	check(post[7] == 0x21a5 && post[6] == 0x2064 && post[5] == 0xa064 && post[4] == 0xa13c,
	      "posts", "entries", *(const u64 *)(post + 4));
	check(callouts() - before < 4, "posts", "callouts", callouts() - before);
}

/* Operation command word 2 and nothing else: bits 3 and 4 are 0. */
void test_posts_values(void)
{
	u8 code[] = { 0xb0, 0x00, 0xe6, 0x20, 0xf4 };	/* mov al, n; out 20h, al */
	u32 n;

	for (n = 0; n < 256; n++) {
		u32 posted = !(n & 0x18);

		code[1] = n;
		load(CODE, code, sizeof(code));
		clear(VMBT_MON_POSTS);
		check(go(CODE) == NS_HLT, "posts-values", "did not end", n);
		check(v->mon->post_left == VMBT_MON_POSTS - posted &&
		      v->mon->post[7] == (posted ? 0x2000 + n : 0u), "posts-values", "al", n);
	}
}

/* The VMM gets what has no room, and the guest goes on behind it. */
void test_posts_full(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x88, 0xc8,				/* top: mov al, cl */
		0xe6, 0x21,				/* out 21h, al */
		0x49,
		0x75, 0xf9,				/* jnz top */
		0xf4,
	};
	u64 before, straight = native_straight;

	load(OTHER, code, sizeof(code));
	clear(5);
	before = callouts();
	check(go(OTHER) == NS_HLT && !v->mon->post_left, "posts-full", "left",
	      v->mon->post_left);
	check(v->mon->post[4] == 0x21e8 && v->mon->post[0] == 0x21e4 && !v->mon->post[5],
	      "posts-full", "entries", v->mon->post[0]);
	check(callouts() - before >= 995, "posts-full", "callouts", callouts() - before);
	check(native_straight - straight > 985, "posts-full", "goes on behind them",
	      native_straight - straight);
	v->shared->no_offers = VMBT_OFFER_POSTS;
	load(CODE, code, sizeof(code));
	clear(VMBT_MON_POSTS);
	check(go(CODE) == NS_HLT && v->mon->post_left == VMBT_MON_POSTS, "posts-full",
	      "switched off", v->mon->post_left);
	v->shared->no_offers = 0;
}

/* mov ecx, gs:[post_left] (8Bh), or back (89h) */
static bool is(const u8 *tc, u8 opcode)
{
	u32 off = offsetof(struct vmbt_mon, post_left);

	return tc[0] == 0x65 && tc[1] == opcode && tc[2] == 0x0d && !memcmp(tc + 3, &off, 4);
}

/* Stopped at any instruction: what is counted is over, what is not has not begun. */
void test_posts_stopped(void)
{
	static const u8 code[] = { 0xe6, 0x20, 0xe6, 0xa1, 0xf4 };
	u32 i, k, eip = OTHER, seen = 0;
	bool loaded = false;
	const struct bt_unit *u;

	load(OTHER, code, sizeof(code));
	v->guest->eip = OTHER;
	check(bt_enter(v) == X_OK, "posts-stopped", "no unit", 0);
	for (i = 0; i < v->bt->nr_units; i++)
		if (bt_unit(v->bt, i)->eip == OTHER && !(bt_unit(v->bt, i)->flags & BT_U_DEAD))
			break;
	u = bt_unit(v->bt, i);
	for (k = 0; k < u->nr_map; k++) {
		const struct bt_map *m = bt_map(v->bt, u->map + k);

		/* Behind the HLT is what another test has left. */
		if (m->g_off >= sizeof(code))
			break;
		for (i = 0; i < 8; i++)
			v->frame.gpr[i] = m->fix & BIT(i) ? 0xbad : 0x1000 + i;
		for (i = 0; i < 4; i++)
			v->mon->spill[i] = 0x1000 + i;
		v->frame.rip = u->tc + m->tc_off;
		v->frame.rsp = 0x1000 + VMBT_ESP;
		v->raw = true;
		/* From behind the load of how many are left to where that is stored. */
		check(bt_may_count(v) || !loaded, "posts-stopped", "may count", k);
		if (is(bt_code(v->bt, u->tc + m->tc_off), 0x8b))
			loaded = true;
		check(bt_sync(v) == X_OK, "posts-stopped", "no state", k);
		/* Each until its entry is counted. */
		check(v->guest->eip == eip, "posts-stopped", "at", k);
		for (i = 0; i < 8; i++)
			check(v->guest->gpr[i] == 0x1000 + i, "posts-stopped", "register", k);
		if (is(bt_code(v->bt, u->tc + m->tc_off), 0x89)) {
			loaded = false;
			eip += 2;
			seen++;
		}
	}
	check(seen == 2 && k > 20, "posts-stopped", "instructions", k);
}
