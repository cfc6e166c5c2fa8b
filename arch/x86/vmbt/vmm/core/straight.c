// SPDX-License-Identifier: GPL-2.0
/*
 * The short way around for the instructions at callouts.
 *
 * A callout means: the VMM does this one instruction. The long way brings the
 * guest in sync, fetches and decodes the instruction, does it, and enters the
 * cache anew as if the guest had never been there. Most of that is the same
 * every time. Here the instruction is kept decoded with the callout, and what
 * has touched nothing but general registers, flags and data segments goes on
 * right behind the callout, in the frame that is still there.
 */
#include "core.h"
#include "../bt/bt.h"
#include "../desc/desc.h"
#include "../interp/interp.h"
#include "../metal/metal.h"
#include "../mmu/mmu.h"

/* How much of the way in an instruction makes necessary. */
enum way {
	WAY_LONG,
	WAY_FRAME,		/* registers only */
	WAY_MEMORY,		/* page tables may have changed, too */
};

static enum way way_of(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_IN:
	case VMBT_OP_OUT:
	case VMBT_OP_RDTSC:
	case VMBT_OP_RDTSCP:
	case VMBT_OP_RDMSR:
	case VMBT_OP_CPUID:
	case VMBT_OP_MOV_FROM_CR:
	case VMBT_OP_MOV_FROM_DR:
	case VMBT_OP_CLTS:
		return WAY_FRAME;
	case VMBT_OP_INVLPG:
		return WAY_MEMORY;
	case VMBT_OP_MOV_TO_SREG:
	case VMBT_OP_POP_SREG:
		return in->sreg == VMBT_SEG_SS ? WAY_LONG : WAY_MEMORY;
	default:
		/* What is copied elsewhere touches registers and memory only. */
		return in->cls == VMBT_CLS_COPY &&
		       !(in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)) ?
			WAY_MEMORY : WAY_LONG;
	}
}

/* Go on behind the callout if nothing else wants a look at the guest. */
static void go_on(struct vcpu *v, enum way way)
{
	if (way == WAY_LONG || metal_requests())
		return;
	if (way == WAY_MEMORY)
		mmu_activate(v);
	/* A new hidden part concerns the selectors only. */
	if ((v->events & ~VCPU_EV_SEGS) || !bt_continue(v))
		return;
	if (v->events) {
		desc_prepare(v, v->mode);
		v->events = 0;
	}
}

/**
 * core_callout_insn() - do the instruction of a callout
 * @v: the vCPU, in sync, right behind bt_callout()
 */
void core_callout_insn(struct vcpu *v)
{
	struct bt_insn *kept = bt_callout_insn(v);
	u32 next, special = v->special;
	int r;

	if (!kept) {
		core_interpret(v, NULL);
		return;
	}
	if (!kept->known) {
		r = interp_fetch(v, &kept->in);
		if (r) {
			core_finish(v, r);
			return;
		}
		kept->known = true;
	}
	next = v->guest->eip + kept->in.len;
	r = core_interpret(v, &kept->in);
	if (kept->in.cls == VMBT_CLS_COPY)
		bt_adapt_done(v, v->special != special);
	if (r == X_OK && v->guest->eip == next)
		go_on(v, way_of(&kept->in));
}
