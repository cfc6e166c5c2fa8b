// SPDX-License-Identifier: GPL-2.0
/*
 * Why the guest came back, and what to do about it.
 *
 * metal_run() has just returned; v->frame is the guest's state as the CPU left
 * it. The cheap cases (hidden fault, host interrupt) leave it raw so that the
 * guest goes on exactly where it was. All others bring v->guest in sync.
 */
#include "core.h"
#include "../bt/bt.h"
#include "../chip/chips.h"
#include "../cpu/cpu.h"
#include "../decode/decode.h"
#include "../desc/desc.h"
#include "../direct/direct.h"
#include "../interp/interp.h"
#include "../metal/metal.h"
#include "../mmu/mmu.h"
#include "../plat.h"

/* An exception that is the guest's own, as the hardware reported it. */
static void true_exception(struct vcpu *v)
{
	u8 vector = v->frame.vector;

	core_sync(v);
	v->exc = (struct vcpu_exc){ .vector = vector, .soft = VMBT_EV_FAULT };
	switch (vector) {
	case VMBT_VEC_TS:
	case VMBT_VEC_NP:
	case VMBT_VEC_SS:
	case VMBT_VEC_GP:
	case VMBT_VEC_AC:
		v->exc.has_error = 1;
		v->exc.error = v->frame.error;
		break;
	}
	core_finish(v, X_FAULT);
}

/*
 * Does the instruction at hand work on x87 or SIMD registers? Those are live
 * in the CPU, the interpreter has no say over them.
 */
static bool fpu_insn(struct vcpu *v)
{
	struct vmbt_insn in;

	return interp_fetch(v, &in) == X_OK &&
	       (in.flags & (VMBT_IF_FPU | VMBT_IF_SIMD));
}

static void page_fault(struct vcpu *v, bool noted)
{
	u32 lin = v->frame.cr2, error = v->frame.error;
	enum mmu_fault outcome;

	/* It was on its way to an alias when that was closed, or the guest has missed. */
	if (v->mode == VCPU_BT1 && mmu_alias_at(v, lin)) {
		core_sync(v);
		core_interpret(v, NULL);
		return;
	}
	/* What the guest's kernel has just written may be what was missing. */
	if (noted && mmu_filled(v, lin, error))
		return;
	/* A trace may invalidate the very code that runs: sync comes first. */
	/* Behind 4 GiB comes 0, but QEMU does not know it: not for the CPU. */
	outcome = v->frame.cr2 >> 32 ? MMU_FAULT_MONITOR : mmu_fault(v, lin, error);
	switch (outcome) {
	case MMU_FAULT_FIXED:
		break;
	case MMU_FAULT_TRUE: {
		struct vcpu_exc exc = v->exc;

		if (core_gate(v, CORE_PF, &exc))
			break;
		core_arrive(v);
		core_gate_begin(v, CORE_PF);
		core_sync(v);
		v->exc = exc;
		core_finish(v, X_FAULT);
		break;
	}
	case MMU_FAULT_EMULATE:
	case MMU_FAULT_MONITOR:
		core_sync(v);
		/* One world switch less for each that follows. */
		if (outcome == MMU_FAULT_EMULATE && fpu_insn(v) && mmu_drop_traces(v, lin))
			break;
		if (v->mode != VCPU_DE)
			bt_adapt_fault(v, lin);
		core_interpret(v, NULL);
		break;
	}
}

/* An access beyond the end of a truncated segment; the fault does not say where. */
static void adapt_limit(struct vcpu *v)
{
	struct vmbt_insn in;

	if (interp_fetch(v, &in) == X_OK && (in.flags & VMBT_IF_MEM) &&
	    !(in.flags & VMBT_IF_VSIB) && in.mem.seg < VMBT_NSEG)
		bt_adapt_fault(v, v->guest->seg[in.mem.seg].base +
				  vmbt_insn_ea(&in, v->guest->gpr));
}

/*
 * #GP and #SS have many fathers: a shadow descriptor not filled yet, INT n
 * through a gate of ours, truncation, privilege. The interpreter knows what
 * the instruction does by the manual, so it decides.
 */
static void protection_fault(struct vcpu *v)
{
	u32 vector = v->frame.vector, error = v->frame.error;

	v->stats->faults_segment++;
	if ((error & 0xfffc) && !(error & 2) && desc_fault(v, vector, error))
		return;
	core_sync(v);
	/* Asked first: it has the accesses that follow turn a segment over. */
	if (desc_limit_fault(v)) {
		adapt_limit(v);
	} else if (fpu_insn(v)) {
		true_exception(v);
		return;
	}
	core_interpret(v, NULL);
}

/* A segment register could not be loaded: its shadow entry was dropped. */
static void entry_fault(struct vcpu *v)
{
	/* Nothing is wrong with the frame: once more. */
	if (v->frame.vector == VMBT_VEC_DB)
		return;
	core_sync(v);
	if (desc_fault(v, v->frame.vector, v->frame.error))
		return;
	/* The instruction before was interpreted, and the segment's last. */
	if (v->guest->eip > v->guest->seg[VMBT_CS].limit) {
		core_finish(v, vcpu_fault_err(v, VMBT_VEC_GP, 0));
		return;
	}
	vcpu_unsupported(v, "no descriptor for selector error %x",
			 (u32)v->frame.error);
	core_stop(v, VMBT_EXIT_INTERNAL);
}

static void callout(struct vcpu *v)
{
	enum bt_callout_kind kind;

	v->stats->callouts++;
	v->raw = false;
	kind = bt_callout(v);
	switch (kind) {
	case BT_BRANCH:
	case BT_INDIRECT:
	case BT_STI:
	case BT_SELFCHECK:
		break;
	case BT_INTERP:
		core_callout_insn(v);
		break;
	case BT_NOT_CALLOUT:
		vcpu_unsupported(v, "ring-1 code forged a callout at rip %x",
				 (u32)v->frame.rip);
		core_stop(v, VMBT_EXIT_INTERNAL);
	}
}

static void host_interrupt(struct vcpu *v)
{
	struct vmbt_vmm_stats *s = v->stats;

	/*
	 * An interrupt that came while the VMM ran is taken on the guest's
	 * first instruction: no progress means it was ours.
	 */
	if (v->frame.rip == v->entry_rip && v->interpreted)
		s->prof_interp++;
	else if (v->frame.rip == v->entry_rip)
		s->prof_vmm++;
	else if (v->mode == VCPU_DE)
		s->prof_de++;
	else if (v->mode == VCPU_BT1)
		s->prof_tc1++;
	else
		s->prof_tc3++;
	/* It may be the timer's: the host is to hear of the next one. */
	if (v->shared->chips)
		chips_service();
	metal_host_interrupt(v);
}

void core_arrive(struct vcpu *v)
{
	if (likely(!direct_unseen(v)))
		return;
	if (direct_arrived(v)) {
		bt_left(v);
		return;
	}
	vcpu_unsupported(v, "ring-1 code went to ring 3: cs %x, rip %x", (u32)v->frame.cs,
			 (u32)v->frame.rip);
	core_stop(v, VMBT_EXIT_INTERNAL);
}

/*
 * Is this what mostly needs none of the segments that the guest has gone to ring 3 with?
 * The shadow's entries for a page fault are not what segments come from, nor are the notes
 * that are looked at before a system call.
 */
static bool can_wait(const struct vcpu *v)
{
	u64 vector = v->frame.vector;

	return (vector == VMBT_VEC_PF || vector == 0x80 || vector == VMBT_VEC_SYSENTER) &&
	       direct_unseen(v) && desc_user_stands(v);
}

/*
 * What translated code has done that is only to be seen by the registers: before anything
 * else can change what that came from.
 */
static void left_ring1(struct vcpu *v)
{
	if (can_wait(v)) {
		core_gate_filled();
		return;
	}
	core_gate_strayed();
	if (v->mode != VCPU_BT1 || v->frame.entry_fault)
		return;
	if (direct_unseen(v))
		core_arrive(v);
	else
		desc_sync_bt(v);
}

void core_handle_exit(struct vcpu *v)
{
	bool noted = mmu_alias_noted(v);
	u64 vector = v->frame.vector;

	if (READ_ONCE(v->mon->post_left) != v->posts)
		chips_posted(v);
	if (vector == VMBT_VEC_NMI || vector == VMBT_VEC_MC ||
	    (vector >= 32 && vector < 256 && vector != 0x80)) {
		left_ring1(v);
		/* Before any other call of the host, which may sleep: the APIC waits for it. */
		host_interrupt(v);
		if (noted)
			mmu_alias_drain(v);
		return;
	}
	if (noted) {
		left_ring1(v);
		mmu_alias_drain(v);
	}
	if ((vector == 0x80 || vector == VMBT_VEC_SYSENTER) && !v->frame.entry_fault &&
	    core_gate(v, vector == 0x80 ? CORE_INT80 : CORE_SYSENTER, NULL)) {
		v->interpreted = false;
		return;
	}
	left_ring1(v);
	v->interpreted = false;
	if (unlikely(v->frame.entry_fault)) {
		entry_fault(v);
		return;
	}
	switch (vector) {
	case VMBT_VEC_PF:
		page_fault(v, noted);
		break;
	case VMBT_VEC_GP:
	case VMBT_VEC_SS:
	case VMBT_VEC_NP:
	case VMBT_VEC_TS:
		protection_fault(v);
		break;
	case VMBT_VEC_CALLOUT1:
	case VMBT_VEC_CALLOUT3:
		/* In DE the same vectors are the guest's own INT n. */
		if (v->mode == VCPU_DE) {
			core_sync(v);
			v->guest->eip -= 2;
			core_interpret(v, NULL);
		} else {
			callout(v);
		}
		break;
	case 0x80:
		core_arrive(v);
		core_gate_begin(v, CORE_INT80);
		core_sync(v);
		v->guest->eip -= 2;
		v->exc = (struct vcpu_exc){ .vector = 0x80, .insn_len = 2,
					    .soft = VMBT_EV_SOFT };
		core_finish(v, X_FAULT);
		break;
	case VMBT_VEC_SYSENTER:
		core_arrive(v);
		core_gate_begin(v, CORE_SYSENTER);
		core_sync(v);
		core_finish(v, cpu_sysenter(v));
		break;
	case VMBT_VEC_DB:
		core_debug_exit(v);
		break;
	case VMBT_VEC_DF:
		plat_panic("double fault from the guest at rip %llx",
			   v->frame.rip);
	default:
		true_exception(v);
		break;
	}
}
