// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts from user space's interrupt controller.
 *
 * The protocol is KVM's without an in-kernel controller: KVM_RUN says whether
 * an interrupt can be taken (ready_for_interrupt_injection), user space queues
 * one with KVM_INTERRUPT, or asks for an exit at the first moment one can be
 * taken (request_interrupt_window). One interrupt waits at a time, in
 * vmbt_shared.extint; the VMM delivers it when the guest's IF and shadows
 * allow.
 */
#include "vmbt.h"

/**
 * vmbt_irq_queue() - KVM_INTERRUPT
 * @vcpu: the vCPU, its mutex held
 * @vector: the vector
 * Return: 0, -EINVAL, or -EEXIST while one is waiting.
 */
int vmbt_irq_queue(struct vmbt_vcpu *vcpu, u32 vector)
{
	struct vmbt_shared *sh = vcpu->vm->shared;

	if (vector > 255)
		return -EINVAL;
	if (vcpu->vm->chips)
		return -ENXIO;
	if (sh->extint)
		return -EEXIST;
	sh->extint = vector + 1;
	return 0;
}

/**
 * vmbt_irq_nmi() - KVM_NMI
 * @vcpu: the vCPU, its mutex held
 * Return: 0.
 */
int vmbt_irq_nmi(struct vmbt_vcpu *vcpu)
{
	vcpu->vm->shared->guest.nmi_pending = 1;
	return 0;
}

void vmbt_irq_before_run(struct vmbt_vcpu *vcpu)
{
	vcpu->vm->shared->irq_window =
		!!READ_ONCE(vcpu->run->request_interrupt_window);
}

/* Could the guest take an interrupt, going by its state alone? */
static bool vmbt_irq_ready(const struct vmbt_guest *g)
{
	return (g->eflags & VMBT_X86_EFLAGS_IF) && !g->int_shadow &&
	       g->pending.type == VMBT_EV_NONE;
}

void vmbt_irq_after_run(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	struct kvm_run *run = vcpu->run;

	run->if_flag = !!(sh->guest.eflags & VMBT_X86_EFLAGS_IF);
	run->ready_for_interrupt_injection = !sh->extint &&
					     vmbt_irq_ready(&sh->guest);
	run->cr8 = 0;
	run->apic_base = sh->guest.apic_base;
}
