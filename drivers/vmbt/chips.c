// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of the chips that live in the VMM (vmm/chip/chips.c).
 *
 * Three things are left to the host. User space's devices drive interrupt
 * lines: levels and rising edges are two words that the VMM looks at. The timer
 * names the time at which it wants to be looked at: a host timer on the CPU of
 * the vCPU interrupts the guest then, and that brings the VMM back. And a
 * halted guest sleeps here until one of the two happens, or the host wants memory
 * back (pool.c), instead of in user space.
 *
 * What the VMM says is only ever believed about its own VM: a wild time makes
 * this VM wake too often, not more often than VMBT_CLOCK_MIN_NS, or too late.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <asm/tsc.h>

#include "vmbt.h"

#define VMBT_CLOCK_MIN_NS	20000
#define VMBT_CLOCK_MAX_NS	NSEC_PER_SEC
#define VMBT_CLOCK_NEVER	U64_MAX

static enum hrtimer_restart vmbt_clock_fired(struct hrtimer *timer)
{
	struct vmbt_vm *vm = container_of(timer, struct vmbt_vm, clock);

	/* A guest that runs was interrupted by the timer itself. */
	wake_up(&vm->halt_wait);
	return HRTIMER_NORESTART;
}

void vmbt_chips_init(struct vmbt_vm *vm)
{
	spin_lock_init(&vm->irq_lock);
	init_waitqueue_head(&vm->halt_wait);
	hrtimer_init(&vm->clock, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
	vm->clock.function = vmbt_clock_fired;
}

void vmbt_chips_exit(struct vmbt_vm *vm)
{
	hrtimer_cancel(&vm->clock);
}

/**
 * vmbt_chips_create() - VMBT_CREATE_CHIPS
 * @vm: the VM
 * Return: 0, -EEXIST, or -EBUSY once there is a vCPU.
 */
int vmbt_chips_create(struct vmbt_vm *vm)
{
	int r = 0;

	mutex_lock(&vm->lock);
	if (vm->chips)
		r = -EEXIST;
	else if (vm->vcpu)
		r = -EBUSY;
	if (!r) {
		vmbt_chipstate_reset(vm);
		vm->shared->chips = 1;
		vm->chips = true;
	}
	mutex_unlock(&vm->lock);
	return r;
}

/**
 * vmbt_chips_irq_line() - KVM_IRQ_LINE
 * @vm: the VM
 * @irq: input of the interrupt controllers
 * @level: its level
 * Return: 0, -ENXIO without chips, or -EINVAL.
 */
int vmbt_chips_irq_line(struct vmbt_vm *vm, u32 irq, bool level)
{
	struct vmbt_vcpu *vcpu;
	unsigned long flags;
	bool rose;

	if (!vm->chips)
		return -ENXIO;
	if (irq > 15)
		return -EINVAL;

	spin_lock_irqsave(&vm->irq_lock, flags);
	rose = level && !(vm->irq_lines & BIT(irq));
	__assign_bit(irq, &vm->irq_lines, level);
	WRITE_ONCE(vm->shared->irq_lines, vm->irq_lines);
	if (rose)
		set_bit(irq, (unsigned long *)&vm->shared->irq_edges);
	spin_unlock_irqrestore(&vm->irq_lock, flags);
	if (!rose)
		return 0;

	wake_up(&vm->halt_wait);
	/* Pairs with the release in vmbt_vcpu_create(). */
	vcpu = smp_load_acquire(&vm->vcpu);
	if (vcpu)
		vmbt_vcpu_kick(vcpu);
	return 0;
}

/* A second at most: numbers from the VMM may be any. */
static u64 vmbt_tsc_to_ns(u64 tsc)
{
	return mul_u64_u32_div(min_t(u64, tsc, (u64)tsc_khz * 1000), 1000000,
			       tsc_khz);
}

/* Nanoseconds until the timer wants to be looked at; 0 if that is now. */
static u64 vmbt_clock_left(struct vmbt_vm *vm)
{
	u64 at = READ_ONCE(vm->shared->clock_tsc), now = vmbt_clock_now(vm);

	return at <= now ? 0 : vmbt_tsc_to_ns(at - now);
}

static void vmbt_clock_start(struct vmbt_vm *vm, u64 ns, enum hrtimer_mode mode)
{
	ns = clamp_t(u64, ns, VMBT_CLOCK_MIN_NS, VMBT_CLOCK_MAX_NS);
	vm->clock_armed = vmbt_clock_now(vm) + mul_u64_u32_div(ns, tsc_khz, 1000000);
	WRITE_ONCE(vm->shared->clock_armed, vm->clock_armed);
	hrtimer_start(&vm->clock, ns_to_ktime(ns), mode);
}

/*
 * The count at which to interrupt the guest. Where the timer's time is over, or is still
 * to be programmed, the guest may do that and run on without a visit here: the VMM
 * has a guess. Somebody who is late for that, too, comes in most of an interval.
 */
static u64 vmbt_clock_wanted(struct vmbt_vm *vm, u64 now)
{
	u64 at = READ_ONCE(vm->shared->clock_tsc), again;

	if (at > now && at != VMBT_CLOCK_NEVER)
		return at;
	again = READ_ONCE(vm->shared->clock_again);
	if (again > now)
		return again;
	return again > at ? now + (again - at) / 4 * 3 : VMBT_CLOCK_NEVER;
}

/* What was guessed before may be near enough. */
static bool vmbt_clock_suits(struct vmbt_vm *vm, u64 at)
{
	return vm->clock_armed >= at && vm->clock_armed - at <= vmbt_clock_slack(tsc_khz) &&
	       hrtimer_active(&vm->clock);
}

/**
 * vmbt_chips_arm() - have the guest interrupted when its timer is due
 * @vcpu: the vCPU, about to enter the VMM world on this CPU, interrupts off
 */
void vmbt_chips_arm(struct vmbt_vcpu *vcpu)
{
	struct vmbt_vm *vm = vcpu->vm;
	u64 now = vmbt_clock_now(vm), at = vmbt_clock_wanted(vm, now);

	if (at == VMBT_CLOCK_NEVER) {
		WRITE_ONCE(vm->shared->clock_armed, VMBT_CLOCK_NEVER);
		return;
	}
	if (vm->clock_cpu == smp_processor_id() && vmbt_clock_suits(vm, at))
		return;
	vm->clock_cpu = smp_processor_id();
	vmbt_clock_start(vm, vmbt_tsc_to_ns(at - now), HRTIMER_MODE_REL_PINNED);
}

static bool vmbt_chips_event(struct vmbt_vm *vm)
{
	return READ_ONCE(vm->shared->irq_edges) || !vmbt_clock_left(vm) ||
	       vmbt_pool_wanted(vm);
}

/**
 * vmbt_chips_wait() - sleep while the guest is halted
 * @vcpu: the vCPU, between instructions
 * Return: 0 when the VMM should look, or -EINTR.
 */
int vmbt_chips_wait(struct vmbt_vcpu *vcpu)
{
	struct vmbt_vm *vm = vcpu->vm;
	u64 ns = vmbt_clock_left(vm);
	int r;

	if (ns && !vmbt_clock_suits(vm, READ_ONCE(vm->shared->clock_tsc))) {
		vmbt_clock_start(vm, ns, HRTIMER_MODE_REL);
		vm->clock_armed = 0;
	}
	r = wait_event_interruptible(vm->halt_wait, vmbt_chips_event(vm) ||
				     READ_ONCE(vmbt_stopping) ||
				     !hrtimer_active(&vm->clock));
	return r ? -EINTR : 0;
}
