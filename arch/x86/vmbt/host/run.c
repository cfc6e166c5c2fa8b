// SPDX-License-Identifier: GPL-2.0
/*
 * One trip to the VMM world: what the driver calls for every round.
 *
 * Around the switch itself: the guest's FPU, RCU and time accounting, and
 * afterwards the events that the trip brought home. They are raised again
 * through the host's own IDT, here, on the task's stack, with interrupts off,
 * as if they had arrived at this line.
 */
#include <linux/context_tracking.h>
#include <linux/ftrace.h>
#include <linux/instrumentation.h>
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <linux/vtime.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/irq_vectors.h>
#include <asm/mce.h>

#include "host_int.h"

/* Of CPUs whose FXSAVE does not tell (SDM vol. 1, 11.6.6). */
#define MXCSR_MASK_DEFAULT	0xffbf

/* What this CPU has of MXCSR; FXRSTOR faults on the rest. */
static u32 mxcsr_mask;

void vmbt_run_init(void)
{
	static struct fxregs_state fx;

	kernel_fpu_begin();
	asm volatile("fxsave %0" : "=m" (fx));
	kernel_fpu_end();
	mxcsr_mask = fx.mxcsr_mask ?: MXCSR_MASK_DEFAULT;
}

/*
 * The guest's x87 and SSE state. The image may have been set by anyone.
 *
 * On AMD's CPUs before Zen 2, and on QEMU's, FXRSTOR leaves the pointers to the last x87
 * instruction and its operand alone while no exception is pending, and the guest would
 * have those of the host's user or, where Linux has written over these, of its
 * kernel. FNINIT clears them.
 */
static void load_fpu(struct vmbt_shared *s)
{
	struct fxregs_state *fx = (void *)s->fpu;

	if (static_cpu_has_bug(X86_BUG_FXSAVE_LEAK))
		asm volatile("fninit");
	fx->mxcsr &= mxcsr_mask;
	asm volatile("fxrstor %0" : : "m" (*fx));
}

static void save_fpu(struct vmbt_shared *s)
{
	struct fxregs_state *fx = (void *)s->fpu;

	asm volatile("fxsave %0" : "=m" (*fx));
}

/*
 * RCU must not wait for a CPU that is in the guest, and this is what it calls
 * a guest: as guest_state_enter_irqoff(), which belongs to KVM.
 */
static __always_inline void guest_enter(void)
{
	instrumentation_begin();
	trace_hardirqs_on_prepare();
	lockdep_hardirqs_on_prepare();
	instrumentation_end();

	if (!context_tracking_guest_enter()) {
		instrumentation_begin();
		rcu_virt_note_context_switch();
		instrumentation_end();
	}
	lockdep_hardirqs_on(CALLER_ADDR0);
}

static __always_inline void guest_exit(void)
{
	lockdep_hardirqs_off(CALLER_ADDR0);
	context_tracking_guest_exit();
	instrumentation_begin();
	trace_hardirqs_off_finish();
	instrumentation_end();
}

static noinstr void world_switch(struct vmbt_hv_vcpu *v)
{
	u32 bad = 0;

	guest_enter();
	if (unlikely(v->check))
		bad = vmbt_cross_enter_checked(v->cross);
	else
		vmbt_cross_enter(v->cross);
	/*
	 * Before anything that could return from an exception: until this is
	 * handled NMIs are blocked, and INT $2 relies on that.
	 */
	if (unlikely(v->cross->nmi)) {
		v->cross->nmi = 0;
		asm volatile("int $2");
	}
	guest_exit();
	if (unlikely(v->check)) {
		instrumentation_begin();
		vmbt_snapshot_regs(v->check, bad);
		instrumentation_end();
	}
}

static void replay_mce(struct vmbt_hv_vcpu *v)
{
	u32 where = v->cross->mce;

	if (likely(!where))
		return;
	v->cross->mce = 0;
#ifdef CONFIG_X86_MCE
	if (where == VMBT_MCE_GUEST) {
		/* Like one of a user process: that can be killed. */
		struct pt_regs regs = {
			.cs = 3,
			.flags = X86_EFLAGS_IF,
		};

		do_machine_check(&regs);
		return;
	}
#endif
	asm volatile("int $18");
}

/*
 * Only what an APIC can have delivered: not exceptions, nor a user's gate. The
 * stubs are assembly without the type that kernels with CFI look for.
 */
static __nocfi bool replay_interrupt(u64 vector)
{
	if (vector < FIRST_EXTERNAL_VECTOR || vector >= NR_VECTORS ||
	    vector == IA32_SYSCALL_VECTOR)
		return false;
	vmbt_replay_table[vector - FIRST_EXTERNAL_VECTOR]();
	return true;
}

static void report_trap(struct vmbt_hv_vcpu *v)
{
	struct vmbt_cross *x = v->cross;

	pr_err("vmbt: fault in the world switch: vector %llu error %llx at %pS (cr2 %llx)\n",
	       x->trap_vector, x->trap_error, (void *)x->trap_rip, x->trap_cr2);
	v->dead = true;
}

int vmbt_world_run(struct vmbt_hv_vcpu *v)
{
	struct vmbt_shared *s = v->space->shared;
	int ret;

	if (v->dead)
		return -EIO;
	local_irq_disable();
	WRITE_ONCE(v->cpu, smp_processor_id());
	/* Pairs with the one in vmbt_world_kick(). */
	smp_mb();
	if (v->ready && !v->ready(v->data)) {
		WRITE_ONCE(v->cpu, -1);
		local_irq_enable();
		return 0;
	}
	if (unlikely(v->check))
		vmbt_snapshot_before(v->check);
	kernel_fpu_begin();
	load_fpu(s);
	vmbt_hostcpu_away(v);
	vtime_account_guest_enter();

	/* Whatever is there afterwards is of this trip, even if it failed. */
	WRITE_ONCE(s->hc_nr, VMBT_HC_NONE);
	world_switch(v);

	vmbt_hostcpu_back(v);
	save_fpu(s);
	kernel_fpu_end();
	if (unlikely(v->check))
		vmbt_snapshot_after(v->check);

	ret = READ_ONCE(s->hc_nr);
	/*
	 * First of all, and though the way home may have failed: the APIC holds
	 * back all interrupts of this priority until the handler has run.
	 */
	if (ret == VMBT_HC_INTR && !replay_interrupt(s->hc_arg[0])) {
		pr_err("vmbt: the VMM reported interrupt %llu\n", s->hc_arg[0]);
		v->dead = true;
		ret = -EIO;
	}
	if (unlikely(v->cross->trap_vector != VMBT_X_NO_TRAP)) {
		report_trap(v);
		ret = -EIO;
	} else if (ret != -EIO && (ret <= VMBT_HC_NONE || ret >= VMBT_HC_MAX)) {
		pr_err("vmbt: the VMM made host call %d\n", ret);
		v->dead = true;
		ret = -EIO;
	}
	replay_mce(v);
	/* A tick that ended the trip found PF_VCPU: the time is the guest's. */
	vtime_account_guest_exit();
	WRITE_ONCE(v->cpu, -1);
	local_irq_enable();
	if (ret == VMBT_HC_PANIC)
		v->dead = true;
	return ret;
}

static void nothing(void *unused)
{
}

void vmbt_world_kick(struct vmbt_hv_vcpu *v)
{
	int cpu;

	/* What the caller wrote is seen by ready(), or we see the CPU. */
	smp_mb();
	cpu = READ_ONCE(v->cpu);
	/* It has run when the vCPU is back in the host, not before. */
	if (cpu >= 0)
		smp_call_function_single(cpu, nothing, NULL, 1);
}

void vmbt_world_nudge(struct vmbt_hv_vcpu *v)
{
	int cpu;

	/* As above. */
	smp_mb();
	cpu = READ_ONCE(v->cpu);
	if (cpu >= 0)
		smp_call_function_single(cpu, nothing, NULL, 0);
}

struct vmbt_hv_vcpu *vmbt_hv_vcpu_create(struct vmbt_space *space,
					 bool (*ready)(void *data),
					 void *data)
{
	struct vmbt_hv_vcpu *v;
	int err = -ENOMEM;

	if (space->vcpu)
		return ERR_PTR(-EBUSY);
	v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);
	if (!v)
		return ERR_PTR(-ENOMEM);
	v->space = space;
	v->ready = ready;
	v->data = data;
	v->cpu = -1;
	v->cross = __vmalloc(sizeof(*v->cross), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!v->cross)
		goto out;
	err = vmbt_space_map(space, (u64)v->cross,
			     page_to_phys(vmalloc_to_page(v->cross)),
			     VMBT_MAP_RW);
	if (err)
		goto out;
	space->hdr->cross_data = (u64)v->cross;
	space->vcpu = v;
	vmbt_hostcpu_init(v);
	return v;
out:
	vfree(v->cross);
	kfree(v);
	return ERR_PTR(err);
}

/* The space may stay, if there was no descriptor to be had: without a freed page. */
void vmbt_hv_vcpu_destroy(struct vmbt_hv_vcpu *v)
{
	v->space->vcpu = NULL;
	vmbt_space_unmap(v->space, (u64)v->cross);
	vmbt_hostile_unwatch(v);
	vfree(v->cross);
	kfree(v);
}
