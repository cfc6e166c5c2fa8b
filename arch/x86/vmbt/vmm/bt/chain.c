// SPDX-License-Identifier: GPL-2.0
/*
 * Chaining: a direct branch jumps from unit to unit without the VMM.
 *
 * An exit starts as a callout (INT). Once its target is translated the branch
 * is patched to go there; when the target is dropped, or the mapping it was
 * found by may have changed, the callout comes back. Chains between units of
 * one page need no such care about mappings: whoever got to the first unit by
 * a valid lookup has the second one at the same distance in the same frame.
 */
#include "bt_int.h"
#include "../plat.h"

/* In two pages, maybe. */
static void put32(struct bt *bt, u32 at, u32 x)
{
	u32 i;

	for (i = 0; i < 4; i++)
		*bt_code(bt, at + i) = x >> 8 * i;
}

/* Make exit @n of @u go to TC address @tc, or to its callout if 0. */
static void patch(struct bt *bt, const struct bt_unit *u, u32 n, u32 tc)
{
	const struct bt_exit *x = &u->ex[n];

	if (x->jmp_off == x->slot + 1) {
		/* The slot itself: JMP rel32, or INT and padding. */
		u32 at = u->tc + x->slot;

		if (tc) {
			*bt_code(bt, at) = 0xe9;
			put32(bt, at + 1, tc - (at + 5));
		} else {
			*bt_code(bt, at) = 0xcd;
			*bt_code(bt, at + 1) = bt_ring(bt, u->ctx) ?
				VMBT_VEC_CALLOUT3 : VMBT_VEC_CALLOUT1;
		}
		return;
	}
	/* A Jcc apart from its slot. */
	if (!tc)
		tc = u->tc + x->slot;
	put32(bt, u->tc + x->jmp_off, tc - (u->tc + x->jmp_off + 4));
}

static bool crosses(struct bt *bt, const struct bt_unit *a,
		    const struct bt_unit *b)
{
	u32 base = bt->ctx[a->ctx].cs_base;

	return a->gfn2 != BT_NIL || b->gfn2 != BT_NIL ||
	       (base + a->eip) >> 12 != (base + b->eip) >> 12;
}

/* bt_link() - chain exit @n of unit @from to unit @to */
void bt_link(struct vcpu *v, u32 from, u32 n, u32 to)
{
	struct bt *bt = v->bt;
	struct bt_unit *u = bt_unit(bt, from), *t = bt_unit(bt, to);
	struct bt_exit *x = &u->ex[n];

	if (x->to != BT_NIL || (u->flags | t->flags) & (BT_U_DEAD | BT_U_CHECK))
		return;
	if (crosses(bt, u, t)) {
		if (bt->cross == BT_CROSS)
			bt_unlink_cross(v);
		bt->cross_list[bt->cross++] = from * BT_EXITS + n;
	}
	x->to = to;
	x->next_in = t->in;
	t->in = from * BT_EXITS + n;
	patch(bt, u, n, t->tc + t->head);
	v->stats->chains++;
}

/* bt_unlink_in() - undo all chains into a unit */
void bt_unlink_in(struct vcpu *v, u32 to)
{
	struct bt *bt = v->bt;
	struct bt_unit *t = bt_unit(bt, to);
	u32 i = t->in;

	while (i != BT_NIL) {
		struct bt_unit *u = bt_unit(bt, i / BT_EXITS);
		struct bt_exit *x = &u->ex[i % BT_EXITS];

		patch(bt, u, i % BT_EXITS, 0);
		x->to = BT_NIL;
		i = x->next_in;
	}
	t->in = BT_NIL;
}

/* bt_unlink_cross() - undo all chains that left their page */
void bt_unlink_cross(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u32 i;

	for (i = 0; i < bt->cross; i++) {
		u32 id = bt->cross_list[i], *p;
		struct bt_unit *u = bt_unit(bt, id / BT_EXITS);
		struct bt_exit *x = &u->ex[id % BT_EXITS];

		/* Undone, and perhaps made again: then it is listed again. */
		if (x->to == BT_NIL)
			continue;
		/* A function that all call has a long list. */
		plat_yield();
		p = &bt_unit(bt, x->to)->in;
		while (*p != id)
			p = &bt_unit(bt, *p / BT_EXITS)->ex[*p % BT_EXITS].next_in;
		*p = x->next_in;
		patch(bt, u, id % BT_EXITS, 0);
		x->to = BT_NIL;
	}
	bt->cross = 0;
}

void bt_forget_cross(struct bt *bt)
{
	bt->cross = 0;
}
