// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's hardware breakpoints.
 *
 * While one is enabled, the CPU has the guest's own addresses in DR0-DR3 and
 * watches data for the guest, be it executed directly or translated (metal/).
 * Instructions it can compare in direct execution only: the addresses of
 * translated code are others, so what has a breakpoint is never translated, and
 * the interpreter gets there. What the interpreter touches is compared in
 * mmu/watch.c and, for ports, in cpu/task.c. Here hits become debug exceptions.
 */
#include "core.h"
#include "../bt/bt.h"
#include "../cpu/cpu.h"

static bool armed(const struct vcpu *v)
{
	return v->guest->dr[7] & VMBT_DR7_ENABLED;
}

/* The linear address of an instruction breakpoint. */
static bool exec_at(const struct vcpu *v, u32 n, u32 *lin)
{
	u32 dr7 = v->guest->dr[7];

	*lin = v->guest->dr[n];
	return VMBT_DR7_ON(dr7, n) && VMBT_DR7_RW(dr7, n) == VMBT_DR7_RW_EXEC;
}

/**
 * core_debug_translate() - see that no translation has a breakpoint in it
 * @v: the vCPU, in sync, about to enter translated code
 *
 * Addresses stay on the list when they are disabled, since a guest that
 * debugs a process disables them whenever another one runs.
 */
void core_debug_translate(struct vcpu *v)
{
	bool all = true;
	u32 lin, n;

	if (likely(!armed(v)))
		return;
	for (n = 0; n < 4; n++)
		if (exec_at(v, n, &lin) && !vcpu_avoids(v, lin))
			all = false;
	if (all)
		return;
	v->nr_avoid = 0;
	for (n = 0; n < 4; n++)
		if (exec_at(v, n, &lin))
			v->avoid[v->nr_avoid++] = lin;
	bt_flush(v);
}

/*
 * B0-B3 are those of this exception, the others stay until the guest clears
 * them (SDM vol. 3, 18.2.3).
 */
static void report(struct vcpu *v, u32 bits)
{
	u32 *dr6 = &v->guest->dr[6];

	*dr6 = (*dr6 & ~VMBT_DR6_HITS) | VMBT_DR6_FIXED |
	       (bits & (VMBT_DR6_HITS | VMBT_DR6_STICKY));
}

/* A debug trap: behind the instruction, and not one that sets RF. */
int core_debug_trap(struct vcpu *v, u32 dr6)
{
	report(v, dr6);
	v->exc = (struct vcpu_exc){ .vector = VMBT_VEC_DB,
				    .soft = VMBT_EV_ICEBP };
	return X_FAULT;
}

/**
 * core_debug_exit() - the CPU reported a debug exception
 * @v: the vCPU, its frame live
 *
 * A trap comes behind an instruction of the translation cache. If the guest's
 * instruction is not complete there, it is done from its start by the
 * interpreter, which compares for itself.
 */
void core_debug_exit(struct vcpu *v)
{
	bool whole = v->mode == VCPU_DE || bt_at_boundary(v);
	u32 dr6 = v->frame.dr6;

	core_sync(v);
	if (whole)
		core_finish(v, core_debug_trap(v, dr6));
	else
		core_interpret(v, NULL);
}

/* Instruction breakpoints, before anything else of the instruction. */
static u32 fetch_hits(const struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	u32 lin, hits = 0, n;

	if (g->eflags & VMBT_X86_EFLAGS_RF)
		return 0;
	for (n = 0; n < 4; n++)
		if (exec_at(v, n, &lin) && lin == g->seg[VMBT_CS].base + g->eip)
			hits |= 1u << n;
	return hits;
}

/**
 * core_step() - one instruction by the interpreter, as the guest's next
 * @v: the vCPU, in sync
 *
 * Unlike core_interpret(), which completes an instruction that the CPU has
 * begun, this one looks at instruction breakpoints first; MOV SS holds them
 * back as it does interrupts.
 */
void core_step(struct vcpu *v)
{
	u32 hits = unlikely(armed(v)) ? fetch_hits(v) : 0;

	if (unlikely(hits) && !(v->guest->int_shadow & VMBT_SHADOW_MOV_SS))
		core_finish(v, core_debug_trap(v, hits));
	else
		core_interpret(v, NULL);
}

/**
 * core_debug_after() - traps behind an interpreted instruction
 * @v: the vCPU
 * @r: what interp_step() returned
 * @tf: EFLAGS.TF was set before it
 *
 * MOV SS holds them back until the next instruction is done (SDM vol. 3,
 * 6.8.3). If that one faults or is an INT n, they come in its handler.
 *
 * Return: X_FAULT with a debug exception, or @r
 */
int core_debug_after(struct vcpu *v, int r, bool tf)
{
	u32 hits = v->dr_held;

	v->dr_held = 0;
	if (r == X_FAULT) {
		v->dr_late |= hits;
		return r;
	}
	if (r != X_OK && r != X_HLT) {
		v->dr_held = hits;
		return r;
	}
	hits |= v->dr_hits;
	if (v->guest->int_shadow & VMBT_SHADOW_MOV_SS) {
		v->dr_held = hits;
		return r;
	}
	if (!hits && !tf)
		return r;
	v->guest->halted = 0;
	return core_debug_trap(v, hits | (tf ? VMBT_DR6_BS : 0));
}

/**
 * core_debug_late() - hits that came where they could not be raised
 * @v: the vCPU
 *
 * The guest gets them before its next instruction.
 */
void core_debug_late(struct vcpu *v)
{
	core_sync(v);
	if (v->guest->pending.type != VMBT_EV_NONE)
		return;
	report(v, v->dr_late);
	v->dr_late = 0;
	v->guest->pending = (struct vmbt_event){
		.type = VMBT_EV_ICEBP,
		.vector = VMBT_VEC_DB,
	};
}
