// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM's main loop.
 *
 * The host has entered the VMM world for the first time and metal/ has called
 * vmm_main() on the VMM's stack. From here on everything is one straight loop:
 * serve the host, inject what waits, decide how the guest goes on, run it,
 * handle why it came back. Host calls look like function calls from inside.
 *
 * Two states of the guest alternate. In sync: v->guest has it all. Raw: it is
 * in v->frame as the CPU left it, possibly in the middle of translated code;
 * what only needs to go on goes on from there, everything else calls
 * core_sync() first.
 */
#include "core.h"
#include "../bt/bt.h"
#include "../desc/desc.h"
#include "../direct/direct.h"
#include "../metal/metal.h"
#include "../mmu/mmu.h"
#include "../plat.h"
#include "../../include/layout.h"

static struct vcpu vcpu0;

static void init(struct vcpu *v)
{
	struct metal_pool pool;

	v->shared = plat_shared();
	v->guest = &v->shared->guest;
	v->stats = &v->shared->stats;
	metal_pool_layout(&pool);
	mmu_init(v, pool.first_free, pool.pages);
	metal_attach(v);
	mmu_set_template(v, pool.base_root_idx, pool.la57, pool.pte_enc);
	mmu_monitor_init(v);
	desc_init(v);
	bt_init(v);
	v->events = VCPU_EV_MODE | VCPU_EV_MON_WANTED;
}

/* What happened below and concerns the translator and the tables. */
static void serve_events(struct vcpu *v)
{
	if (v->events & VCPU_EV_MON_WANTED) {
		v->events &= ~VCPU_EV_MON_WANTED;
		if (!mmu_place_monitor(v)) {
			vcpu_unsupported(v,
					 "no 4 MiB hole is left for the monitor area");
			core_stop(v, VMBT_EXIT_UNSUPPORTED);
		}
		desc_monitor_moved(v);
		v->stats->monitor_moves++;
	}
	if (v->events & VCPU_EV_EPOCH) {
		v->events &= ~VCPU_EV_EPOCH;
		bt_end_epoch(v);
	}
	v->events &= ~(VCPU_EV_MODE | VCPU_EV_SEGS);
}

/* Pick the engine and fill v->frame. False: start over. */
static bool prepare(struct vcpu *v)
{
	u8 cpl = vcpu_cpl(v);
	int r;

	if (vcpu_protected(v) && (cpl == 1 || cpl == 2)) {
		vcpu_unsupported(v, "the guest runs at privilege level %u", cpl);
		core_stop(v, VMBT_EXIT_UNSUPPORTED);
	}
	if (v->shared->interp_only) {
		core_step(v);
		return false;
	}
	if (direct_possible(v)) {
		if (v->mode != VCPU_DE)
			v->stats->switches_de_bt++;
		v->mode = VCPU_DE;
		direct_enter(v);
	} else {
		/* Single-stepping needs a trap after each instruction. */
		if ((v->guest->eflags & VMBT_X86_EFLAGS_TF) || unlikely(v->dr_held)) {
			plat_yield();
			core_step(v);
			return false;
		}
		if (v->mode == VCPU_DE)
			v->stats->switches_de_bt++;
		v->mode = cpl == 3 ? VCPU_BT3 : VCPU_BT1;
		core_debug_translate(v);
		r = bt_enter(v);
		if (r == X_RETRY) {
			core_step(v);
			return false;
		}
		if (r != X_OK) {
			core_finish(v, r);
			return false;
		}
	}
	/* Translating may have moved things: look before they are used. */
	if (v->events)
		return false;
	core_gate_arrived(v);
	mmu_monitor_user(v, v->mode == VCPU_BT3);
	mmu_activate(v);
	if (v->events)
		return false;
	desc_prepare(v, v->mode);
	if (v->mode == VCPU_DE)
		desc_offer_user(v);
	core_gate_learn(v);
	v->raw = true;
	return true;
}

static void __noreturn loop(struct vcpu *v)
{
	u32 again;

	for (;;) {
		if (unlikely(v->shared->hostile.on) && core_hostile_turn(v))
			continue;
		if (unlikely(v->dr_late))
			core_debug_late(v);
		if (!core_serve_host(v) || !core_inject(v))
			continue;
		if (v->events) {
			/* The first two only say that there is something to decide. */
			again = v->events & ~(VCPU_EV_MODE | VCPU_EV_SEGS);
			core_sync(v);
			serve_events(v);
			if (again)
				continue;
		}
		if (!v->raw) {
			if (!prepare(v)) {
				/* The guest, where interrupts come, is far. */
				plat_yield();
				continue;
			}
			/*
			 * Translating may have made host calls, and one of them
			 * may have brought frames that are no longer ours: the
			 * guest must not run with them mapped.
			 */
			if (unlikely(metal_requests()))
				continue;
		}
		metal_run(v);
		if (unlikely(v->shared->hostile.on) && core_hostile_exit(v))
			continue;
		core_handle_exit(v);
	}
}

void vmm_main(void)
{
	init(&vcpu0);
	loop(&vcpu0);
}

void vmm_again(void)
{
	loop(&vcpu0);
}
