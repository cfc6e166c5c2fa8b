// SPDX-License-Identifier: GPL-2.0
/*
 * Between two runs of the guest: requests of the host, events for the guest,
 * and what follows from an instruction that the VMM did itself.
 */
#include "core.h"
#include "../bt/bt.h"
#include "../chip/chips.h"
#include "../cpu/cpu.h"
#include "../desc/desc.h"
#include "../direct/direct.h"
#include "../interp/interp.h"
#include "../lib/fmt.h"
#include "../metal/metal.h"
#include "../mmu/mmu.h"
#include "../plat.h"

int vcpu_unsupported(struct vcpu *v, const char *fmt, ...)
{
	const struct vmbt_guest *g = v->guest;
	char *text = v->shared->text;
	size_t size = sizeof(v->shared->text);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vmbt_vsnprintf(text, size, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size)
		vmbt_snprintf(text + n, size - n,
			      " at %04x:%08x (cr0 %08x, cr3 %08x, eflags %08x)",
			      g->seg[VMBT_CS].sel, g->eip, g->cr0, g->cr3,
			      g->eflags);
	return X_UNSUPPORTED;
}

void core_sync(struct vcpu *v)
{
	core_gate_strayed();
	if (!v->raw)
		return;
	core_arrive(v);
	v->raw = false;
	if (v->mode == VCPU_DE) {
		direct_sync(v);
	} else if (bt_sync(v) != X_OK) {
		vcpu_unsupported(v,
				 "ring-1 code left the translation cache: rip %x",
				 (u32)v->frame.rip);
		core_stop(v, VMBT_EXIT_INTERNAL);
	}
}

/* The virtual interrupt flag, wherever it is at the moment. */
static bool if_set(struct vcpu *v)
{
	if (v->raw)
		return v->mode == VCPU_DE || direct_unseen(v) || READ_ONCE(v->mon->vif);
	return v->guest->eflags & VMBT_X86_EFLAGS_IF;
}

void core_leave(struct vcpu *v, u32 exit_kind)
{
	struct vmbt_shared *s = v->shared;

	core_sync(v);
	s->irq_ready = !s->extint && cpu_can_take_extint(v);
	plat_exit(exit_kind);
}

void core_stop(struct vcpu *v, u32 exit_kind)
{
	v->raw = false;
	for (;;)
		plat_exit(exit_kind);
}

/* User space that sets state may have written guest memory as well: code, too. */
static void state_was_set(struct vcpu *v)
{
	bt_flush(v);
	desc_tables_changed(v);
	desc_mappings_changed(v);
	desc_segs_changed(v);
	mmu_mode_changed(v);
	cpu_pvclock_update(v);
	/* The FPU's state may have been read where those of the last x87 instruction were. */
	v->mon->x87_ours = 1;
	v->events |= VCPU_EV_MODE;
}

/*
 * Long work serves the host, which may bring more: take all first. The host adds
 * only while we do not run, so count and ranges fit each other.
 */
static void devices_wrote(struct vcpu *v)
{
	struct vmbt_frames ranges[VMBT_WRITTEN];
	u32 i, n = v->shared->nwritten;

	if (n > VMBT_WRITTEN)
		n = VMBT_WRITTEN;
	for (i = 0; i < n; i++)
		ranges[i] = v->shared->written[i];
	v->shared->nwritten = 0;
	metal_ack_request(VMBT_REQ_WRITTEN);
	for (i = 0; i < n; i++)
		mmu_written(v, ranges[i].start, ranges[i].end);
}

bool core_serve_host(struct vcpu *v)
{
	u32 req = metal_requests();

	if (likely(!req))
		return true;
	core_sync(v);
	if (req & VMBT_REQ_ZAP) {
		u64 start = v->shared->zap_start, end = v->shared->zap_end;

		/* First: long work serves the host, which may ask for more. */
		metal_ack_request(VMBT_REQ_ZAP);
		mmu_zap(v, start, end);
		return false;
	}
	if (req & VMBT_REQ_WRITTEN) {
		devices_wrote(v);
		return false;
	}
	if (req & VMBT_REQ_STATE) {
		metal_ack_request(VMBT_REQ_STATE);
		state_was_set(v);
		return false;
	}
	if (req & VMBT_REQ_FLUSH_TLB) {
		metal_ack_request(VMBT_REQ_FLUSH_TLB);
		plat_flush_tlb();
		return false;
	}
	if (req & VMBT_REQ_SHRINK) {
		u32 want = v->shared->shrink_want;

		metal_ack_request(VMBT_REQ_SHRINK);
		/* One page of the cache can't go without all of it. */
		if (want > mmu_spare(v))
			bt_flush(v);
		mmu_shrink(v, want);
		return false;
	}
	if (req & VMBT_REQ_EXIT) {
		metal_ack_request(VMBT_REQ_EXIT);
		v->stats->exit_intr++;
		core_leave(v, VMBT_EXIT_INTR);
		return false;
	}
	metal_ack_request(req);
	return false;
}

static void delivered(struct vcpu *v, enum cpu_delivery d)
{
	switch (d) {
	case CPU_DELIVERED:
		break;
	case CPU_TRIPLE_FAULT:
		vcpu_unsupported(v, "triple fault");
		core_leave(v, VMBT_EXIT_SHUTDOWN);
		break;
	case CPU_STOP:
		core_stop(v, VMBT_EXIT_UNSUPPORTED);
	}
}

static void deliver_event(struct vcpu *v, const struct vmbt_event *ev)
{
	v->guest->halted = 0;
	delivered(v, cpu_deliver_event(v, ev));
}

bool core_inject(struct vcpu *v)
{
	struct vmbt_shared *s = v->shared;
	struct vmbt_guest *g = v->guest;
	bool chip = s->chips && chips_service();
	bool wants = s->extint || s->irq_window || chip;
	struct vmbt_event ev;

	if (unlikely(g->pending.type != VMBT_EV_NONE)) {
		core_sync(v);
		ev = g->pending;
		g->pending.type = VMBT_EV_NONE;
		deliver_event(v, &ev);
		return false;
	}
	if (unlikely(g->nmi_pending && !g->nmi_masked)) {
		core_sync(v);
		/* Not in the shadow of MOV SS (SDM vol. 3, 6.8.3). */
		if (cpu_can_take_nmi(v)) {
			g->nmi_pending = 0;
			ev = (struct vmbt_event){ .type = VMBT_EV_NMI,
						  .vector = VMBT_VEC_NMI };
			deliver_event(v, &ev);
			return false;
		}
	}
	if (wants && if_set(v)) {
		core_sync(v);
		if (cpu_can_take_extint(v)) {
			if (chip && !s->extint)
				s->extint = chips_ack() + 1;
			if (s->extint) {
				ev = (struct vmbt_event){
					.type = VMBT_EV_EXTINT,
					.vector = s->extint - 1,
				};
				s->extint = 0;
				v->stats->interrupts_injected++;
				deliver_event(v, &ev);
			} else {
				v->stats->exit_irq_window++;
				core_leave(v, VMBT_EXIT_IRQ_WINDOW);
			}
			return false;
		}
	}
	bt_set_pending(v, wants);
	/* It would count what is not to be posted any more. */
	if (unlikely(chips_show(v)) && v->raw && v->mode == VCPU_BT1 && !direct_unseen(v) &&
	    bt_may_count(v))
		core_sync(v);
	if (unlikely(g->halted)) {
		/* User space decides when to go on, as with KVM. */
		core_sync(v);
		/* With chips in here the halt ends with an interrupt only. */
		if (!s->chips)
			g->halted = 0;
		v->stats->exit_hlt++;
		mmu_halted(v);
		bt_halted(v);
		core_leave(v, VMBT_EXIT_HLT);
		return false;
	}
	return true;
}

void core_finish(struct vcpu *v, int result)
{
	switch (result) {
	case X_OK:
	case X_RETRY:
		break;
	case X_FAULT:
		v->stats->exceptions_injected++;
		delivered(v, cpu_deliver_exc(v));
		break;
	case X_HLT:
		v->guest->halted = 1;
		break;
	default:
		core_stop(v, VMBT_EXIT_UNSUPPORTED);
	}
}

int core_interpret(struct vcpu *v, const struct vmbt_insn *in)
{
	bool tf = v->guest->eflags & VMBT_X86_EFLAGS_TF;
	int r;

	v->shared->irq_ready = !v->shared->extint && cpu_can_take_extint(v);
	v->interpreted = true;
	v->dr_hits = 0;
	r = in ? interp_insn(v, in) : interp_step(v);
	/* Trap after the instruction, unless it faulted (SDM vol. 3, 17.3.1.4). */
	if (unlikely(tf || v->dr_hits || v->dr_held))
		r = core_debug_after(v, r, tf);
	core_finish(v, r);
	return r;
}
