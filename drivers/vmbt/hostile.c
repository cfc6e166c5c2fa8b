// SPDX-License-Identifier: GPL-2.0
/*
 * The hostile-guest test's ioctls: one program after the other.
 *
 * A VM for it is made on purpose, where the module's parameter allows it, and
 * does nothing else. Every program starts from the state that the state ioctls
 * left, whatever became of the one before: the VMM gives up what it was at
 * (vmm/core/hostile.c). What a program may have changed that it must not is
 * compared here after each.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "vmbt.h"

static u64 vmbt_hostile_word(unsigned int i)
{
	return 0xc2b2ae3d27d4eb4fULL * (i + 1);
}

/**
 * vmbt_hostile_enable() - VMBT_HOSTILE_ENABLE
 * @vm: without a vCPU
 * Return: 0, or -ENOTTY where tests are not allowed
 */
int vmbt_hostile_enable(struct vmbt_vm *vm)
{
	struct vmbt_hostile *h = &vm->shared->hostile;
	unsigned int i;
	int r = 0;

	if (!vmbt_param_hostile)
		return -ENOTTY;
	mutex_lock(&vm->lock);
	if (vm->vcpu)
		r = -EBUSY;
	else
		h->on = 1;
	for (i = 0; i < VMBT_HOSTILE_CANARIES; i++)
		h->canary[i] = vmbt_hostile_word(i);
	mutex_unlock(&vm->lock);
	return r;
}

/* From vmbt_exit_user(): any exit ends the program. */
int vmbt_hostile_left(struct vmbt_vcpu *vcpu)
{
	vcpu->vm->mem_error = false;
	return 0;
}

static u32 vmbt_hostile_outcome(struct vmbt_vcpu *vcpu)
{
	if (vcpu->state == VMBT_VCPU_BROKEN)
		return VMBT_HOSTILE_DEAD;
	switch (vcpu->pending.kind) {
	case VMBT_EXIT_IO:
	case VMBT_EXIT_MMIO:
	case VMBT_EXIT_HLT:
	case VMBT_EXIT_IRQ_WINDOW:
	case VMBT_EXIT_INTR:
		return VMBT_HOSTILE_RUNNING;
	case VMBT_EXIT_SHUTDOWN:
	case VMBT_EXIT_UNSUPPORTED:
	case VMBT_EXIT_INTERNAL:
		return VMBT_HOSTILE_STOPPED;
	default:
		return VMBT_HOSTILE_DEAD;
	}
}

static void vmbt_hostile_report(struct vmbt_vcpu *vcpu,
				struct vmbt_hostile_run *run)
{
	const struct vmbt_hostile *h = &vcpu->vm->shared->hostile;
	unsigned int i;
	u64 what[2];
	u32 bad;

	run->outcome = vmbt_hostile_outcome(vcpu);
	run->bad = h->found;
	memcpy(run->what, h->what, sizeof(run->what));
	if (run->outcome == VMBT_HOSTILE_DEAD)
		run->bad |= VMBT_HOSTILE_BAD_VMM;
	/* A VMM that does not know about the test any more does none. */
	if (h->on != 1 || h->start || h->gpa != run->gpa)
		run->bad |= VMBT_HOSTILE_BAD_CANARY;
	for (i = 0; i < VMBT_HOSTILE_CANARIES; i++) {
		if (h->canary[i] == vmbt_hostile_word(i))
			continue;
		run->bad |= VMBT_HOSTILE_BAD_CANARY;
		run->what[0] = i;
		run->what[1] = h->canary[i];
	}
	bad = vmbt_hostile_compare(vcpu->hv, what);
	if (bad && !run->bad)
		memcpy(run->what, what, sizeof(run->what));
	run->bad |= bad;
	run->ran = h->ran;
	run->insns = h->insns;
	run->exits = h->exits;
	run->monitor_base = vcpu->vm->shared->stats.monitor_base;
	memcpy(run->vectors, h->vectors, sizeof(run->vectors));
	memset(run->text, 0, sizeof(run->text));
	if (run->outcome == VMBT_HOSTILE_RUNNING)
		snprintf(run->text, sizeof(run->text), "exit kind %u",
			 vcpu->pending.kind);
	else
		vmbt_copy_text(vcpu, run->text, sizeof(run->text));
}

/* What the state ioctls said last is where all programs start from. */
static int vmbt_hostile_start_state(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;

	if (!vcpu->hostile) {
		vcpu->hostile = kzalloc(sizeof(*vcpu->hostile),
					GFP_KERNEL_ACCOUNT);
		if (!vcpu->hostile)
			return -ENOMEM;
		vcpu->state_set = true;
	}
	if (vcpu->state_set)
		*vcpu->hostile = sh->guest;
	vcpu->state_set = false;
	return 0;
}

/**
 * vmbt_hostile_run() - VMBT_HOSTILE_RUN
 * @vcpu: the vCPU, its mutex held
 * @arg: the program, and what came of it
 * Return: 0, -EIO if the VMM has broken before, or another error
 */
int vmbt_hostile_run(struct vmbt_vcpu *vcpu,
		     struct vmbt_hostile_run __user *arg)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	struct vmbt_hostile *h = &sh->hostile;
	struct vmbt_hostile_run *run;
	int r;

	if (!h->on)
		return -ENOTTY;
	if (vcpu->state == VMBT_VCPU_BROKEN || READ_ONCE(vmbt_stopping))
		return -EIO;
	run = memdup_user(arg, sizeof(*run));
	if (IS_ERR(run))
		return PTR_ERR(run);
	r = -EINVAL;
	if (!run->count || run->count > VMBT_HOSTILE_FRAGMENTS || run->pad)
		goto out;
	r = vmbt_hostile_start_state(vcpu);
	if (!r)
		r = vmbt_hostile_watch(vcpu->hv);
	if (r)
		goto out;

	sh->guest = *vcpu->hostile;
	sh->guest.eip = run->warm_eip;
	h->warm_eip = run->warm_eip;
	h->gpa = run->gpa;
	h->count = run->count;
	h->deliver = run->deliver;
	h->flags = run->flags;
	memcpy(h->gpr, run->gpr, sizeof(h->gpr));
	h->start = 1;
	sh->requests &= ~VMBT_REQ_EXIT;
	sh->requests |= VMBT_REQ_STATE;
	vcpu->state = VMBT_VCPU_CLEAN;
	memset(&vcpu->pending, 0, sizeof(vcpu->pending));
	r = vmbt_rounds(vcpu);
	/* A signal came before the program did. */
	if (!r && !h->ran && vcpu->pending.kind == VMBT_EXIT_INTR)
		r = -EINTR;
	if (!r) {
		vmbt_hostile_report(vcpu, run);
		/* What the state ioctls change next. */
		sh->guest = *vcpu->hostile;
		if (copy_to_user(arg, run, sizeof(*run)))
			r = -EFAULT;
	}
out:
	kfree(run);
	return r;
}
