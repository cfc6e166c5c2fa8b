// SPDX-License-Identifier: GPL-2.0
/*
 * The way into translated code, and the way back out of it.
 *
 * In: from v->guest to an address in the translation cache and the registers
 * to start it with. Out: from any address at which translated code was
 * stopped (callout, fault, interrupt) to the architectural state of the guest,
 * by the map that the translator wrote along.
 *
 * The frame and the monitor area come from the guest as far as the VMM is
 * concerned: addresses are looked up, never used; values are just values.
 */
#include "bt_int.h"
#include "../interp/interp.h"
#include "../mmu/mmu.h"
#include "../plat.h"
#include "../ring1/ring1.h"

/* Flags that are the same in the guest's EFLAGS and in the CPU's. */
#define REAL_FLAGS	(VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_DF | \
			 VMBT_X86_EFLAGS_AC | VMBT_X86_EFLAGS_ID)

static struct bt bt0;

static void trace_write(struct vcpu *v, u64 gpa, u32 len)
{
	bt_invalidate_phys(v, gpa, len);
}

/**
 * bt_init() - set up the translator of a vCPU
 * @v: the vCPU; the monitor area and mmu/ are ready
 */
void bt_init(struct vcpu *v)
{
	v->bt = &bt0;
	v->mon->ask_imr = 1;
	v->mon->cold_left = 1;
	if (!bt_cache_init(v))
		plat_panic("no pool pages for the translator");
	mmu_trace_register(v, MMU_TRACE_CODE, trace_write);
	mmu_monitor_tc3(v, BT_TC3, VMBT_MON_SIZE);
}

/**
 * bt_set_pending() - say whether an interrupt waits for the guest's IF
 * @v: the vCPU
 * @on: STI and POPF that set IF shall come to the VMM
 */
void bt_set_pending(struct vcpu *v, bool on)
{
	v->bt->pending = on;
	v->mon->pending = on ? VMBT_X86_EFLAGS_IF : 0;
}

/* bt_context() - index of the context of v->guest, new or old */
u32 bt_context(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	struct bt *bt = v->bt;
	struct bt_ctx c = { .cs_base = g->seg[VMBT_CS].base,
			    .cs_limit = g->seg[VMBT_CS].limit };
	u32 i;

	if (g->seg[VMBT_CS].attr & VMBT_ATTR_DB)
		c.mode |= BT_MODE_CODE32;
	if (g->seg[VMBT_SS].attr & VMBT_ATTR_DB)
		c.mode |= BT_MODE_STACK32;
	if (vcpu_cpl(v) == 3)
		c.mode |= BT_MODE_CPL3;
	if (g->cr0 & VMBT_CR0_PE)
		c.mode |= BT_MODE_PE;
	if (g->eflags & VMBT_X86_EFLAGS_VM)
		c.mode |= BT_MODE_VM;
	if (g->cr0 & VMBT_CR0_PG) {
		c.mode |= BT_MODE_PG;
		if (g->cr4 & VMBT_CR4_PAE)
			c.mode |= BT_MODE_PAE;
		if (g->cr4 & VMBT_CR4_PSE)
			c.mode |= BT_MODE_PSE;
	}
	i = bt->ctx_last;
	if (i != BT_NIL && bt->ctx[i].cs_base == c.cs_base &&
	    bt->ctx[i].cs_limit == c.cs_limit && bt->ctx[i].mode == c.mode)
		return i;
	for (i = 0; i < bt->nr_ctx; i++)
		if (bt->ctx[i].cs_base == c.cs_base &&
		    bt->ctx[i].cs_limit == c.cs_limit &&
		    bt->ctx[i].mode == c.mode)
			goto found;
	if (bt->nr_ctx == BT_NR_CTX) {
		bt_flush(v);
		i = 0;
	}
	bt->ctx[i] = c;
	bt->nr_ctx = i + 1;
found:
	bt->ctx_last = i;
	return i;
}

/* What translated code reads without asking. */
static void show(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	const struct vmbt_seg *ss = &g->seg[VMBT_SS];
	struct vmbt_mon *m = v->mon;

	for (u32 i = 0; i < VMBT_NSEG; i++)
		m->sel[i] = g->seg[i].sel;
	m->ss_not_flat = ss->base || ss->limit != 0xffffffff || (ss->attr & VMBT_ATTR_E);
	m->cr[0] = g->cr0;
	m->cr[2] = g->cr2;
	m->cr[3] = g->cr3;
	m->cr[4] = g->cr4;
}

/* Flags and the monitor area for code at TC address @tc. */
static void flags_and_area(struct vcpu *v, u32 tc)
{
	const struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;
	struct vmbt_mon *m = v->mon;

	f->rip = tc;
	f->rflags = (g->eflags & REAL_FLAGS) | VMBT_X86_EFLAGS_FIXED |
		    VMBT_X86_EFLAGS_IF;
	m->vif = g->eflags & VMBT_X86_EFLAGS_IF;
	m->pending = v->bt->pending ? VMBT_X86_EFLAGS_IF : 0;
	m->flags_adj = (g->eflags & (VMBT_X86_EFLAGS_IOPL |
				     VMBT_X86_EFLAGS_NT)) - VMBT_X86_EFLAGS_IF;
	m->flags_virt = g->eflags & VMBT_X86_EFLAGS_IOPL;
	/* What is set here cannot be changed in line; IRET has more to do then. */
	m->flags_slow = 0;
	if ((g->eflags & (VMBT_X86_EFLAGS_NT | VMBT_X86_EFLAGS_VIF |
			  VMBT_X86_EFLAGS_VIP)) || g->nmi_masked)
		m->flags_slow = VMBT_X86_EFLAGS_TF;
	show(v);
	v->mode = vcpu_cpl(v) == 3 ? VCPU_BT3 : VCPU_BT1;
}

static int go(struct vcpu *v, u32 tc)
{
	const struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;
	u32 i;

	for (i = 0; i < 8; i++)
		f->gpr[i] = g->gpr[i];
	f->rsp = g->gpr[VMBT_ESP];
	flags_and_area(v, tc);
	return X_OK;
}

static void note(struct vcpu *v, u32 eip, u64 gpa, u32 len)
{
	struct bt *bt = v->bt;

	bt->trace[bt->trace_pos++ % BT_TRACE_RING] = (struct bt_trace){
		.eip = eip, .cs = v->guest->seg[VMBT_CS].sel,
		.len = len, .gpa = gpa };
}

/* The TC address of guest instruction @eip inside of unit @u, or 0. */
static u32 inside(struct bt *bt, const struct bt_unit *u, u32 eip)
{
	u32 i, off = eip - u->eip;

	for (i = 0; i < u->nr_map; i++) {
		const struct bt_map *m = bt_map(bt, u->map + i);

		if (m->g_off == off && !(m->fix & ~BT_F_SHADOW) &&
		    (m->kind == BT_M_START || m->kind == BT_M_INTERP))
			return u->tc + m->tc_off;
	}
	return 0;
}

/* Do the bytes behind a unit on a mixed page still say the same? */
static bool verify(struct vcpu *v, const struct bt_unit *u)
{
	u8 buf[BT_MAX_BYTES + 2 * VMBT_INSN_MAX];
	u32 head = 4096 - (u->gpa & 4095), n = u->len;

	if (u->gfn2 == BT_NIL || n < head)
		head = n;
	if (!mmu_read_phys(v, u->gpa, buf, head))
		return false;
	if (n > head && !mmu_read_phys(v, (u64)u->gfn2 << 12, buf + head,
				       n - head))
		return false;
	return bt_checksum(buf, n) == u->sum;
}

/* Close to the last exit: behind a callout, or where a fault was repaired. */
static u32 resume(struct vcpu *v, u32 ctx)
{
	struct bt *bt = v->bt;
	const struct bt_unit *u;

	if (bt->last_unit == BT_NIL)
		return 0;
	u = bt_unit(bt, bt->last_unit);
	if (u->ctx != ctx || (u->flags & BT_U_DEAD) ||
	    v->guest->eip - u->eip >= u->len)
		return 0;
	if ((u->flags & BT_U_CHECK) && !verify(v, u)) {
		bt_invalidate_phys(v, u->gpa, 1);
		return 0;
	}
	return inside(bt, u, v->guest->eip);
}

/* The second page of a unit found by its first must still be the same. */
static int second_page(struct vcpu *v, u32 lin, u32 idx, bool *same)
{
	const struct bt_unit *u = bt_unit(v->bt, idx);
	u32 lin2 = (lin & ~4095U) + 4096;
	struct mmu_xlat x;
	int r;

	*same = true;
	if (u->gfn2 == BT_NIL)
		return X_OK;
	r = mmu_walk(v, lin2, MMU_EXEC | (vcpu_cpl(v) == 3 ? MMU_USER : 0), &x);
	if (r != X_OK)
		return r;
	*same = x.gpa >> 12 == u->gfn2;
	if (*same)
		mmu_code_page(v, lin2, u->gfn2);
	return X_OK;
}

/* Find or make the unit of v->guest.eip by its physical address. */
static int find_unit(struct vcpu *v, u32 *ctx, u32 *idx)
{
	struct vmbt_guest *g = v->guest;
	struct bt *bt = v->bt;
	u32 lin = g->seg[VMBT_CS].base + g->eip, tries;
	struct plat_page page;
	struct mmu_xlat x;
	bool same;
	int r, kind;

	if (g->eip > g->seg[VMBT_CS].limit)
		return vcpu_fault_err(v, VMBT_VEC_GP, 0);
	r = mmu_walk(v, lin, MMU_EXEC | (vcpu_cpl(v) == 3 ? MMU_USER : 0), &x);
	if (r != X_OK)
		return r;
	kind = plat_gfn_map(x.gpa >> 12, false, &page);
	if (kind != VMBT_PAGE_RAM && kind != VMBT_PAGE_ROM)
		return X_RETRY;
	for (tries = 0; tries < 4; tries++) {
		*idx = bt_find(bt, x.gpa, g->eip, *ctx);
		if (*idx == BT_NIL) {
			r = bt_translate(v, lin, x.gpa, *ctx, idx);
			if (r == X_RETRY) {
				*ctx = bt_context(v);
				continue;
			}
			if (r != X_OK)
				return r;
		}
		r = second_page(v, lin, *idx, &same);
		if (r != X_OK)
			return r;
		if (same && !(bt_unit(bt, *idx)->flags & BT_U_CHECK)) {
			mmu_code_page(v, lin, x.gpa >> 12);
			return X_OK;
		}
		if (same && verify(v, bt_unit(bt, *idx))) {
			if (bt_page_calm(v, x.gpa >> 12) ||
			    bt_page_calm(v, bt_unit(bt, *idx)->gfn2))
				continue;
			mmu_code_page(v, lin, x.gpa >> 12);
			return X_OK;
		}
		bt_invalidate_phys(v, x.gpa, 1);
	}
	return X_RETRY;
}

/*
 * Is unit @idx what exit @from wanted? An event may have been delivered, or
 * the cache flushed, since that exit was taken.
 */
static bool still_there(struct bt *bt, u32 from, u32 idx)
{
	const struct bt_unit *u = bt_unit(bt, from / BT_EXITS);
	const struct bt_unit *to = bt_unit(bt, idx);

	return bt->last_unit == from / BT_EXITS && u->ctx == to->ctx &&
	       u->ex[from % BT_EXITS].eip == to->eip;
}

/*
 * Is the instruction in the shadow one that is only ever copied? The shadow
 * ends early, then: x87 and SSE instructions change neither SS:ESP nor IF, so
 * an interrupt in front of one finds what it would find behind it.
 */
static bool copied_only(struct vcpu *v)
{
	struct vmbt_insn in;

	return interp_fetch(v, &in) == X_OK && in.cls == VMBT_CLS_COPY &&
	       (in.flags & (VMBT_IF_FPU | VMBT_IF_SIMD));
}

int bt_enter(struct vcpu *v)
{
	struct vmbt_guest *g = v->guest;
	struct bt *bt = v->bt;
	u32 ctx, idx = BT_NIL, tc, from;
	int ring, r;

	/* One instruction at a time, or under a shadow: not in the cache. */
	if ((g->eflags & VMBT_X86_EFLAGS_TF) ||
	    vcpu_avoids(v, g->seg[VMBT_CS].base + g->eip))
		return X_RETRY;
	if (g->int_shadow && !copied_only(v))
		return X_RETRY;
	g->int_shadow = 0;
	if (v->events & VCPU_EV_EPOCH) {
		v->events &= ~VCPU_EV_EPOCH;
		bt_end_epoch(v);
	}
	ctx = bt_context(v);
	ring = bt_ring(bt, ctx);
	bt_hash_for(v, ring, ctx);
	from = bt->chain_from;
	bt->chain_from = BT_NIL;
	if (from == BT_NIL) {
		tc = resume(v, ctx);
		if (tc) {
			note(v, g->eip, 0, 0);
			return go(v, tc);
		}
		tc = bt_hash_find(&bt->hash[ring], g->eip);
		if (tc) {
			v->stats->hash_hits_slow++;
			note(v, g->eip, 0, 0);
			return go(v, tc);
		}
	}
	r = find_unit(v, &ctx, &idx);
	if (r != X_OK)
		return r;
	/* A flush on the way has emptied what was known before. */
	bt_hash_for(v, ring, ctx);
	note(v, g->eip, bt_unit(bt, idx)->gpa, bt_unit(bt, idx)->len);
	tc = bt_unit(bt, idx)->tc;
	if (!(bt_unit(bt, idx)->flags & BT_U_CHECK)) {
		if (from != BT_NIL && still_there(bt, from, idx))
			bt_link(v, from / BT_EXITS, from % BT_EXITS, idx);
		else
			bt_hash_insert(v, ring, g->eip, tc);
	}
	return go(v, tc + bt_unit(bt, idx)->head);
}

/* Contexts are numbered anew after each flush. */
u64 bt_handler_context(const struct vcpu *v)
{
	return (u64)v->bt->resets << 32 | v->bt->hash[0].ctx;
}

u32 bt_handler(const struct vcpu *v, u32 eip, u64 ctx)
{
	return bt_handler_context(v) == ctx ? bt_hash_find(&v->bt->hash[0], eip) : 0;
}

void bt_enter_handler(struct vcpu *v, u32 eip, u32 tc)
{
	bt_left(v);
	v->stats->hash_hits_slow++;
	note(v, eip, 0, 0);
	flags_and_area(v, tc);
}

void bt_enter_at_once(struct vcpu *v, u32 tc)
{
	const struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;
	struct vmbt_mon *m = v->mon;

	f->rip = tc;
	f->rflags = (g->eflags & REAL_FLAGS) | VMBT_X86_EFLAGS_FIXED | VMBT_X86_EFLAGS_IF;
	m->vif = g->eflags & VMBT_X86_EFLAGS_IF;
	m->cr[2] = g->cr2;
	m->sel[VMBT_ES] = g->seg[VMBT_ES].sel;
	m->sel[VMBT_DS] = g->seg[VMBT_DS].sel;
	m->sel[VMBT_FS] = g->seg[VMBT_FS].sel;
}

/**
 * struct place - what a TC address means
 * @unit: index, or BT_NIL for BT_M_AWAY
 * @map: of its entry, in the arena; in a routine of ring1/ the site's
 * @at: the entry, with what the routine has done since
 */
struct place {
	u32 unit;
	u32 map;
	struct bt_map at;
};

static bool in_ring1(u64 rip)
{
	return rip >= VMBT_MON_RT && rip < VMBT_MON_TC;
}

/* The unit and the map entry of address @rip in a unit's code. */
static bool locate_unit(struct bt *bt, u64 rip, u32 *idx, u32 *map)
{
	const struct bt_unit *u;
	u32 i;

	*idx = BT_NIL;
	if (rip < VMBT_MON_TC || rip >= VMBT_MON_SIZE)
		return false;
	*idx = bt_unit_at(bt, rip);
	if (*idx == BT_NIL)
		return false;
	u = bt_unit(bt, *idx);
	for (i = 0; i < u->nr_map; i++) {
		*map = u->map + i;
		if (bt_map(bt, *map)->tc_off == rip - u->tc)
			return true;
	}
	return false;
}

/*
 * The segment register of p->at has been loaded: what is left of the
 * instruction, if anything, is the ESP of a POP, and then comes the next one.
 */
static bool loaded(struct bt *bt, struct place *p, u32 map)
{
	const struct bt_unit *u = bt_unit(bt, p->unit);
	const struct bt_map *m = bt_map(bt, map);

	if (m->kind == BT_M_LOADED) {
		p->at.fix |= m->fix & (BT_F_PUSHED | BT_F_OPS16);
		map++;
	}
	/* Something always follows. */
	if (map >= u->map + u->nr_map)
		return false;
	p->at.kind = BT_M_START;
	p->at.g_off = bt_map(bt, map)->g_off;
	return true;
}

static bool away(struct place *p, u8 fix)
{
	p->unit = BT_NIL;
	p->at = (struct bt_map){ .kind = BT_M_AWAY, .fix = fix };
	return true;
}

/* In a routine at @m, which p->map has jumped to, if the guest is honest. */
static bool locate_ring1(struct bt *bt, const struct ring1_map *m, struct place *p)
{
	u8 shadow = p->at.fix & BT_F_SHADOW;

	if (m->kind == BT_M_LOOKUP || m->kind == BT_M_MISS) {
		if (p->at.kind != BT_M_RET && p->at.kind != BT_M_JMP &&
		    p->at.kind != BT_M_CALL)
			return false;
		if (m->kind == BT_M_LOOKUP)
			p->at.kind = BT_M_START;
		p->at.fix |= m->fix;
		return true;
	}
	if (p->at.kind != BT_M_RING1)
		return false;
	p->at.kind = m->kind;
	p->at.fix = m->fix;
	if (m->kind == BT_M_LOADED)
		return loaded(bt, p, p->map + 1);
	if (m->kind == BT_M_START || m->kind == BT_M_INTERP || m->kind == BT_M_SYSEXIT)
		p->at.fix |= shadow;
	return true;
}

static bool locate(struct vcpu *v, u64 rip, struct place *p)
{
	struct bt *bt = v->bt;
	const struct ring1_map *m = NULL;

	if (in_ring1(rip)) {
		m = bt_ring1_at(rip);
		if (!m)
			return false;
		if (m->kind == BT_M_AWAY)
			return away(p, m->fix);
	}
	if (!locate_unit(bt, m ? READ_ONCE(v->mon->site) : rip, &p->unit, &p->map))
		return !m && p->unit != BT_NIL &&
		       bt_in_head(bt_unit(bt, p->unit), rip - bt_unit(bt, p->unit)->tc) &&
		       away(p, BT_F_ECX);
	p->at = *bt_map(bt, p->map);
	if (p->at.kind == BT_M_LOADED)
		return loaded(bt, p, p->map);
	return !m || locate_ring1(bt, m, p);
}

/* The same for a callout, which will be back. */
static bool locate_site(struct vcpu *v, u64 rip, struct place *p)
{
	const struct ring1_map *m = in_ring1(rip) ? bt_ring1_at(rip) : NULL;
	u64 tc = m ? READ_ONCE(v->mon->site) : rip;
	struct bt *bt = v->bt;
	struct bt_site *s = &bt->site[(tc ^ tc >> 9) % BT_SITES];
	u32 unit, map;

	bt->last_site = NULL;
	if (m && m->kind == BT_M_AWAY)
		return away(p, m->fix);
	if (s->rip != tc || !tc) {
		if (!locate_unit(bt, tc, &unit, &map))
			return false;
		s->rip = tc;
		s->unit = unit;
		s->map = map;
		s->behind = 0;
		s->insn.known = false;
	}
	p->unit = s->unit;
	p->map = s->map;
	p->at = *bt_map(bt, s->map);
	if (m && !locate_ring1(bt, m, p))
		return false;
	bt->last_site = s;
	return true;
}

void bt_restore(struct vcpu *v)
{
	bt_ring1_init(v);
	/* The journal knows nothing of forged entries. */
	bt_hash_restore(v);
	mmu_alias_restore(v);
}

void bt_expose(struct vcpu *v)
{
	bool all = bt_hash_all(v);

	for (u32 i = VMBT_MON_RT / 4096; i < VMBT_MON_ALIAS / 4096; i++)
		all &= mmu_monitor_fill(v, i);
	for (u32 i = VMBT_MON_TC / 4096; i < VMBT_MON_SIZE / 4096; i++)
		all &= mmu_monitor_fill(v, i);
	if (!all)
		plat_panic("no pool pages for all of the monitor area");
}

u32 bt_some_callout(struct vcpu *v, u32 n)
{
	struct bt *bt = v->bt;
	const struct bt_unit *u;
	u32 i, k;

	if (!bt->nr_order[0])
		return 0;
	u = bt_unit(bt, *bt_order(bt, 0, n % bt->nr_order[0]));
	for (i = 0; i < u->nr_map; i++) {
		const struct bt_map *m;

		k = (n / 16 + i) % u->nr_map;
		m = bt_map(bt, u->map + k);
		if (m->kind >= BT_M_EXIT && m->kind != BT_M_TARGET &&
		    m->kind != BT_M_POPF)
			return u->tc + m->tc_off;
	}
	return u->tc + u->head;
}

struct bt_insn *bt_callout_insn(struct vcpu *v)
{
	struct bt_site *s = v->bt->last_site;

	if (!s || (bt_unit(v->bt, s->unit)->flags & (BT_U_DEAD | BT_U_CHECK)))
		return NULL;
	return &s->insn;
}

/*
 * Where the guest goes on when the instruction of a callout has been done: where the next
 * one begins. In between is what would do it again: a write's own copy behind the jump to
 * the routine, the read of what the callout has asked for (peek.c). What is left of the
 * instruction when that is done is not for here, either (post.c).
 */
static u32 behind_site(struct bt *bt, const struct bt_site *s, u32 eip)
{
	const struct bt_unit *u = bt_unit(bt, s->unit);
	const struct bt_map *site = bt_map(bt, s->map), *m;
	u32 i, next;

	for (i = s->map + 1; i < u->map + u->nr_map; i++) {
		m = bt_map(bt, i);
		if (m->g_off != site->g_off)
			next = u->eip + m->g_off;
		else if (m->kind >= BT_M_EXIT && m->kind <= BT_M_EXIT_LAST)
			next = u->ex[m->kind - BT_M_EXIT].eip;
		else
			continue;
		if (next != eip)
			return 0;
		if (!(m->fix & ~BT_F_SHADOW))
			return u->tc + m->tc_off;
	}
	return 0;
}

bool bt_continue(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;
	struct bt *bt = v->bt;
	struct bt_site *s = bt->last_site;
	u32 i;

	if (!bt_callout_insn(v))
		return false;
	if (!s->behind)
		s->behind = behind_site(bt, s, g->eip);
	if (!s->behind)
		return false;
	f->rip = s->behind;
	for (i = 0; i < 8; i++)
		f->gpr[i] = g->gpr[i];
	f->rsp = g->gpr[VMBT_ESP];
	f->rflags = (f->rflags & ~(u64)REAL_FLAGS) | (g->eflags & REAL_FLAGS);
	show(v);
	v->raw = true;
	return true;
}

static void move_esp(struct vmbt_guest *g, s32 by)
{
	u32 esp = g->gpr[VMBT_ESP] + by;

	if (g->seg[VMBT_SS].attr & VMBT_ATTR_DB)
		g->gpr[VMBT_ESP] = esp;
	else
		g->gpr[VMBT_ESP] = (g->gpr[VMBT_ESP] & 0xffff0000) |
				   (esp & 0xffff);
}

/* Fill v->guest from the frame as entry @m of unit @idx says. */
static void recover(struct vcpu *v, u32 idx, const struct bt_map *m)
{
	const struct bt_unit *u = idx == BT_NIL ? NULL : bt_unit(v->bt, idx);
	const struct vmbt_frame *f = &v->frame;
	struct vmbt_guest *g = v->guest;
	u32 i, vif = READ_ONCE(v->mon->vif), eax = f->gpr[VMBT_EAX];
	s32 size = m->fix & BT_F_OPS16 ? 2 : 4;

	for (i = 0; i < 8; i++)
		g->gpr[i] = f->gpr[i];
	g->gpr[VMBT_ESP] = f->rsp;
	for (i = 0; i < 4; i++)
		if (m->fix & BIT(i))
			g->gpr[i] = READ_ONCE(v->mon->spill[i]);
	g->eip = u ? u->eip + m->g_off : 0;
	switch (m->kind) {
	case BT_M_EXIT ... BT_M_EXIT_LAST:
		g->eip = u->ex[m->kind - BT_M_EXIT].eip;
		break;
	case BT_M_TARGET:
	case BT_M_AWAY:
		g->eip = READ_ONCE(v->mon->target);
		break;
	case BT_M_POPF:
		vif = f->gpr[VMBT_ECX];
		break;
	case BT_M_IRET_FLAGS:
		move_esp(g, -8);
		break;
	case BT_M_IRET_DONE:
		g->eip = READ_ONCE(v->mon->target);
		vif = f->gpr[VMBT_ECX];
		break;
	case BT_M_SYSEXIT:
		g->gpr[VMBT_ESP] = READ_ONCE(v->mon->esp);
		break;
	case BT_M_JMP:
		g->eip = eax;
		break;
	case BT_M_RET:
		g->eip = eax;
		move_esp(g, u->ret_n);
		break;
	}
	if (m->kind != BT_M_RET) {
		if (m->fix & BT_F_POPPED)
			move_esp(g, -size);
		if (m->fix & BT_F_PUSHED)
			move_esp(g, size);
	}
	g->eflags = (g->eflags & ~(REAL_FLAGS | VMBT_X86_EFLAGS_IF |
				   VMBT_X86_EFLAGS_RF)) |
		    (f->rflags & REAL_FLAGS) | (vif & VMBT_X86_EFLAGS_IF) |
		    VMBT_X86_EFLAGS_FIXED;
	g->int_shadow = m->fix & BT_F_SHADOW ? VMBT_SHADOW_STI : 0;
}

bool bt_at_boundary(struct vcpu *v)
{
	struct bt *bt = v->bt;
	struct place p;

	if (!locate(v, v->frame.rip, &p))
		return false;
	if ((p.at.kind >= BT_M_EXIT && p.at.kind <= BT_M_EXIT_LAST) ||
	    p.at.kind == BT_M_TARGET || p.at.kind == BT_M_AWAY)
		return true;
	return !p.at.fix && !in_ring1(v->frame.rip) &&
	       (p.map == bt_unit(bt, p.unit)->map ||
		bt_map(bt, p.map - 1)->g_off != p.at.g_off);
}

bool bt_may_count(struct vcpu *v)
{
	u32 unit, map;

	return locate_unit(v->bt, v->frame.rip, &unit, &map) &&
	       (bt_map(v->bt, map)->fix & BT_F_ECX);
}

void bt_left(struct vcpu *v)
{
	v->bt->last_unit = BT_NIL;
	v->bt->chain_from = BT_NIL;
}

int bt_sync(struct vcpu *v)
{
	struct bt *bt = v->bt;
	struct place p;

	v->raw = false;
	bt->chain_from = BT_NIL;
	if (!locate(v, v->frame.rip, &p))
		return X_UNSUPPORTED;
	bt->last_unit = p.unit;
	/* A target that was missed has not been held against the limit. */
	if (p.at.kind == BT_M_RET || p.at.kind == BT_M_JMP)
		p.at.kind = BT_M_START;
	recover(v, p.unit, &p.at);
	return X_OK;
}

/* A transfer past the limit faults where it is: undo it. */
static enum bt_callout_kind indirect(struct vcpu *v, const struct place *p)
{
	struct bt_map back = p->at;

	v->stats->hash_misses++;
	if (v->guest->eip <= v->guest->seg[VMBT_CS].limit)
		return BT_INDIRECT;
	back.kind = BT_M_START;
	recover(v, p->unit, &back);
	return BT_INTERP;
}

enum bt_callout_kind bt_callout(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u64 rip = v->frame.rip - 2;	/* behind the INT */
	struct place p;

	v->raw = false;
	if (!locate_site(v, rip, &p) || *bt_code(bt, rip) != 0xcd)
		return BT_NOT_CALLOUT;
	recover(v, p.unit, &p.at);
	bt->last_unit = p.unit;
	bt->chain_from = BT_NIL;
	switch (p.at.kind) {
	case BT_M_EXIT ... BT_M_EXIT_LAST:
		bt->chain_from = p.unit * BT_EXITS + p.at.kind - BT_M_EXIT;
		return BT_BRANCH;
	case BT_M_RET:
	case BT_M_JMP:
		bt->last_unit = BT_NIL;
		return indirect(v, &p);
	case BT_M_AWAY:
		v->stats->hash_misses++;
		return BT_INDIRECT;
	case BT_M_CALL:
		v->stats->hash_misses++;
		return BT_INTERP;
	case BT_M_INTERP:
		return BT_INTERP;
	default:
		return BT_NOT_CALLOUT;
	}
}
