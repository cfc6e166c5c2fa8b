// SPDX-License-Identifier: GPL-2.0
/*
 * Guest code in, translated unit out.
 *
 * A unit begins where the guest is and ends at the first near branch, at an
 * instruction that nothing follows, before an instruction that does not
 * lie in the page with all its bytes, or when it is long enough. Instructions
 * that the interpreter does are callouts in the middle of a unit: core enters
 * the unit again behind them.
 *
 * Faults of fetching are raised only for the first instruction: the guest may
 * never get to the others.
 */
#include "emit.h"
#include "../mmu/mmu.h"
#include "../plat.h"

/*
 * struct source - guest code to be translated
 * @buf: its bytes, @got of them
 * @head: bytes in the first page
 * @fault: what fetching byte @got raises, if has_fault
 */
struct source {
	u32 lin;
	u32 eip;
	u32 got;
	u32 head;
	u32 access;
	bool code32;
	bool second;		/* the second page was looked at */
	u64 gfn2;
	u8 buf[BT_MAX_BYTES + 2 * VMBT_INSN_MAX];
};

static int fetch_first(struct vcpu *v, struct source *s, u32 limit)
{
	u32 n = 4096 - (s->lin & 4095), max = BT_MAX_BYTES + VMBT_INSN_MAX;

	s->head = n;
	if (n > max)
		n = max;
	if (limit - s->eip < n - 1)
		n = limit - s->eip + 1;
	return mmu_fetch(v, s->lin, s->buf, n, s->access, &s->got);
}

/* The first instruction goes on in the next page, or behind the limit. */
static int fetch_second(struct vcpu *v, struct source *s, u32 limit)
{
	u32 lin2 = s->lin + s->head, n = VMBT_INSN_MAX, got = 0;
	struct mmu_xlat x;
	int r;

	if (s->got < s->head || limit - s->eip < s->head)
		return vcpu_fault_err(v, VMBT_VEC_GP, 0);
	if (limit - s->eip - s->head < n - 1)
		n = limit - s->eip - s->head + 1;
	r = mmu_walk(v, lin2, s->access, &x);
	if (r != X_OK)
		return r;
	r = mmu_fetch(v, lin2, s->buf + s->got, n, s->access, &got);
	s->got += got;
	s->gfn2 = x.gpa >> 12;
	s->second = true;
	return got ? X_OK : r;
}

void bt_too_large(void)
{
	plat_panic("a unit of more than %u map entries or %u bytes",
		   BT_MAX_MAP, BT_MAX_TC);
}

static bool done_inline(struct bt_emit *e, const struct vmbt_insn *in,
			u8 next_off)
{
	u32 mode = e->ctx->mode;
	bool special = (in->flags & VMBT_IF_MEM) &&
		       (in->mem.seg == VMBT_SEG_CS ||
			in->mem.seg == VMBT_SEG_GS);

	switch (in->op) {
	case VMBT_OP_CLI:
	case VMBT_OP_STI:
	case VMBT_OP_PUSHF:
	case VMBT_OP_POPF:
		return !(mode & BT_MODE_CPL3) && bt_emit_flags(e, in, next_off);
	case VMBT_OP_PUSH_SREG:
	case VMBT_OP_MOV_FROM_SREG:
		return !special && bt_emit_from_sreg(e, in, next_off);
	case VMBT_OP_POP_SREG:
	case VMBT_OP_MOV_TO_SREG:
		return !special && !(mode & BT_MODE_CPL3) &&
		       bt_emit_load_sreg(e, in, next_off);
	case VMBT_OP_MOV_FROM_CR:
		return !(mode & BT_MODE_CPL3) && bt_emit_read_cr(e, in, next_off);
	case VMBT_OP_IN:
		return !(mode & BT_MODE_CPL3) && bt_emit_in(e, in, next_off);
	case VMBT_OP_OUT:
		return !(mode & BT_MODE_CPL3) && bt_emit_out(e, in, next_off);
	case VMBT_OP_FXSAVE:
		return !special && bt_emit_fxsave(e, in);
	case VMBT_OP_VERW:
		return (!special || in->mem.seg == VMBT_SEG_CS) && bt_emit_verw(e, in, next_off);
	default:
		return false;
	}
}

static bool copyable(const struct bt_emit *e, const struct vmbt_insn *in)
{
	u32 mode = e->ctx->mode;

	/*
	 * RDTSC where the guest's counter is not the CPU's, or where it may not
	 * read it: CR4.TSD makes it fault.
	 */
	if ((in->cls != VMBT_CLS_COPY && in->op != VMBT_OP_RDTSC) ||
	    (in->flags & (VMBT_IF_USES_CS | VMBT_IF_USES_GS |
			  VMBT_IF_PRIV | VMBT_IF_IOPL)))
		return false;
	if ((in->flags & VMBT_IF_PM_ONLY) &&
	    (!(mode & BT_MODE_PE) || (mode & BT_MODE_VM)))
		return false;
	return true;
}

/* Does translation go on behind this instruction? */
static bool emit_insn(struct bt_emit *e, const struct vmbt_insn *in,
		      u8 next_off, bool sti_fits)
{
	if (in->cls == VMBT_CLS_REWRITE && in->branch != VMBT_BR_FAR &&
	    in->branch != VMBT_BR_INT)
		return bt_emit_flow(e, in);
	/* STI's shadow must end inside the unit, whatever is in it. */
	if ((sti_fits || in->op != VMBT_OP_STI) &&
	    done_inline(e, in, next_off)) {
		if (in->op != VMBT_OP_STI)
			e->shadow = 0;
		return true;
	}
	if ((in->op == VMBT_OP_IRET && bt_emit_iret(e, in)) ||
	    (in->op == VMBT_OP_SYSEXIT && bt_emit_sysexit(e)))
		return false;
	if (copyable(e, in) && !bt_adapted(e->bt, &e->u, e->g_off, in)) {
		/*
		 * QEMU's TCG (7.2) computes the flags of CMPXCHG8B from those
		 * at the start of its own block: what an exit right behind
		 * shows then has garbage, DF included. A jump ends the block.
		 */
		if (in->op == VMBT_OP_CMPXCHG8B) {
			mark(e, BT_M_START);
			e8(e, 0xeb);
			e8(e, 0);
		}
		if (in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)) {
			bt_emit_x87(e, in, next_off);
		} else {
			mark(e, BT_M_START);
			bt_emit_copy(e, in);
		}
		e->shadow = 0;
		return !(in->flags & VMBT_IF_ENDS_BLOCK);
	}
	if (!copyable(e, in) || !bt_emit_write(e, in, next_off)) {
		mark(e, BT_M_INTERP);
		e_callout(e);
	}
	e->shadow = 0;
	return !(in->flags & VMBT_IF_ENDS_BLOCK) &&
	       in->cls != VMBT_CLS_UD;
}

static bool writes_memory(const struct vmbt_insn *in)
{
	return in->flags & (VMBT_IF_MEM_WRITE | VMBT_IF_STR_DST |
			    VMBT_IF_STACK);
}

static void emit_setup(struct bt_emit *e, struct vcpu *v, u32 ctx)
{
	struct bt *bt = v->bt;
	int ring = bt_ring(bt, ctx);
	u32 i;

	e->v = v;
	e->bt = bt;
	e->ctx = &bt->ctx[ctx];
	e->len = 0;
	e->g_off = 0;
	e->fix = 0;
	e->shadow = 0;
	e->aside = 0;
	e->vector = ring ? VMBT_VEC_CALLOUT3 : VMBT_VEC_CALLOUT1;
	e->hash = ring ? VMBT_MON_HASH3 : VMBT_MON_HASH1;
	e->second = !ring && bt->hash[0].second;
	e->u = (struct bt_unit){ .tc = bt->region[ring].pos,
				 .gfn2 = BT_NIL, .hnext = BT_NIL,
				 .in = BT_NIL, .ctx = ctx,
				 .head = bt_head(bt, ctx) };
	for (i = 0; i < BT_EXITS; i++)
		e->u.ex[i].to = BT_NIL;
}

/* Does the instruction at @off lie in the bytes at hand? */
static bool one_more(const struct source *s, u32 off)
{
	struct vmbt_insn in;

	return off < BT_MAX_BYTES && !s->second &&
	       vmbt_decode(&in, s->buf + off, s->got - off, s->code32) !=
		       VMBT_DEC_SHORT;
}

/* Instruction by instruction, up to one that ends the unit. */
static int emit_insns(struct bt_emit *e, struct source *s, bool check)
{
	struct vcpu *v = e->v;
	u32 off = 0, n = 0, limit = e->ctx->cs_limit;
	struct vmbt_insn in;
	int d, r;

	for (;;) {
		bool go_on;

		d = vmbt_decode(&in, s->buf + off, s->got - off, s->code32);
		if (d == VMBT_DEC_SHORT) {
			if (off)
				break;
			if (s->second)
				return vcpu_fault_err(v, VMBT_VEC_GP, 0);
			r = fetch_second(v, s, limit);
			if (r != X_OK)
				return r;
			continue;
		}
		/* A breakpoint: bt_enter() leaves it to the interpreter. */
		if (off && vcpu_avoids(v, s->lin + off))
			break;
		e->g_off = off;
		if (d != VMBT_DEC_OK) {
			/* The interpreter raises #UD or #GP. */
			mark(e, BT_M_INTERP);
			e_callout(e);
			e->u.len = off + (s->got - off < VMBT_INSN_MAX ?
					  s->got - off : VMBT_INSN_MAX);
			return X_OK;
		}
		v->stats->insns_translated++;
		n++;
		go_on = emit_insn(e, &in, off + in.len,
				  in.op == VMBT_OP_STI && n < BT_MAX_INSNS &&
				  one_more(s, off + in.len));
		off += in.len;
		e->u.len = off;
		if (!go_on)
			return X_OK;
		if (e->shadow)
			continue;
		if (s->second || (check && writes_memory(&in)) ||
		    n >= BT_MAX_INSNS || off >= BT_MAX_BYTES)
			break;
	}
	bt_emit_jump(e, s->eip + off);
	return X_OK;
}

/* Turn @s into code. Only the first instruction's problems are returned. */
static int emit_unit(struct bt_emit *e, struct source *s, bool check)
{
	int r;

	bt_emit_head(e);
	r = emit_insns(e, s, check);
	if (r == X_OK)
		bt_emit_aside(e);
	return r;
}

/**
 * bt_translate() - make a unit for v->guest.eip
 * @v: the vCPU
 * @lin: linear address of the instruction
 * @gpa: what it maps to
 * @ctx: index of the context
 * @idx: receives the unit
 *
 * Return: X_OK; X_FAULT if the first instruction cannot be fetched; X_RETRY
 * if the cache was full and has been flushed: @ctx is void, start over.
 */
int bt_translate(struct vcpu *v, u32 lin, u64 gpa, u32 ctx, u32 *idx)
{
	struct bt_map map[BT_MAX_MAP];
	u8 code[BT_MAX_TC];
	struct bt *bt = v->bt;
	struct bt_page *page;
	struct bt_emit e;
	struct source s = {
		.lin = lin, .eip = v->guest->eip, .gfn2 = BT_NIL,
		.code32 = bt->ctx[ctx].mode & BT_MODE_CODE32,
		.access = MMU_EXEC |
			  (bt->ctx[ctx].mode & BT_MODE_CPL3 ? MMU_USER : 0),
	};
	int r;

	if (!bt_reserve(v, bt_ring(bt, ctx)))
		goto full;
	page = bt_page(v, gpa >> 12, true);
	if (!page)
		goto full;
	r = fetch_first(v, &s, bt->ctx[ctx].cs_limit);
	if (r != X_OK && !s.got)
		return r;
	e.map = map;
	e.code = code;
	emit_setup(&e, v, ctx);
	e.u.gpa = gpa;
	e.u.eip = s.eip;
	r = emit_unit(&e, &s, page->mixed);
	if (r != X_OK)
		return r;
	if (s.second) {
		struct bt_page *p2 = bt_page(v, s.gfn2, true);

		if (!p2)
			goto full;
		e.u.gfn2 = s.gfn2;
		if (p2->mixed)
			e.u.flags |= BT_U_CHECK;
	}
	if (page->mixed)
		e.u.flags |= BT_U_CHECK;
	e.u.sum = bt_checksum(s.buf, e.u.len);
	e.u.tc_len = e.len;
	*idx = bt_add_unit(v, &e.u, map, code);
	return X_OK;
full:
	bt_flush(v);
	return X_RETRY;
}
