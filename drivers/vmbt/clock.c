// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's time stamp counter.
 *
 * It runs at the host's rate, since guest code under direct execution reads
 * the host's counter. An offset is possible: once it is not zero the VMM makes
 * RDTSC trap. A new VM's offset is zero, so its counter does not start at
 * zero; user space that cares sets IA32_TIME_STAMP_COUNTER.
 *
 * Many CPUs begin at zero again when the host was suspended to RAM or
 * hibernated. The guest's counter and all its timers would stand still until
 * the host's is where it was: what was lost is added from then on, for VMs
 * older than that.
 */
#include <linux/device.h>
#include <linux/pm_domain.h>
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include <chipstate.h>
#include "vmbt.h"

/* KVM's tolerance: 250 parts per million are the same rate. */
#define VMBT_TSC_PPM	250

/* What suspends took from the counter; the count when the last one began. */
static u64 lost, before_suspend;

static int clock_suspend(struct device *dev)
{
	before_suspend = rdtsc();
	return 0;
}

/* All tasks are frozen: no VM is between two reads of it. */
static int clock_resume(struct device *dev)
{
	u64 now = rdtsc();

	/* Another CPU's may differ, by less than a millisecond. */
	if (now + tsc_khz < before_suspend)
		lost += before_suspend - now;
	return 0;
}

static struct dev_pm_domain clock_domain = {
	.ops = {
		NOIRQ_SYSTEM_SLEEP_PM_OPS(clock_suspend, clock_resume)
	},
};

/**
 * vmbt_clock_init() - be told when the host is suspended
 * @dev: a device of ours that has no other callbacks for it
 */
void vmbt_clock_init(struct device *dev)
{
	dev_pm_domain_set(dev, &clock_domain);
}

/**
 * vmbt_clock_exit() - not any more
 * @dev: the device
 */
void vmbt_clock_exit(struct device *dev)
{
	dev_pm_domain_set(dev, NULL);
}

/**
 * vmbt_clock_create() - a new VM counts what is lost from now on
 * @vm: the VM
 */
void vmbt_clock_create(struct vmbt_vm *vm)
{
	vm->tsc_lost = lost;
}

/**
 * vmbt_clock_base() - what to add to the host's counter
 * @vm: the VM
 * Return: how much suspends took from it since @vm was made.
 */
u64 vmbt_clock_base(const struct vmbt_vm *vm)
{
	return lost - vm->tsc_lost;
}

/**
 * vmbt_clock_now() - the counter that everything of a VM is timed by
 * @vm: the VM
 * Return: the host's, as if no suspend had taken anything from it.
 */
u64 vmbt_clock_now(const struct vmbt_vm *vm)
{
	return rdtsc() + vmbt_clock_base(vm);
}

int vmbt_clock_get_khz(void)
{
	return tsc_khz;
}

/**
 * vmbt_clock_set_khz() - KVM_SET_TSC_KHZ
 * @khz: the rate wanted, 0 for the host's
 * Return: 0 if that is what the guest has anyway, else -EINVAL.
 */
int vmbt_clock_set_khz(unsigned long khz)
{
	unsigned long diff;

	if (!khz)
		return 0;
	diff = khz > tsc_khz ? khz - tsc_khz : tsc_khz - khz;
	return diff > (u64)tsc_khz * VMBT_TSC_PPM / 1000000 ? -EINVAL : 0;
}

u64 vmbt_clock_get_tsc(struct vmbt_vm *vm)
{
	return vmbt_clock_now(vm) + vm->shared->guest.tsc_offset;
}

void vmbt_clock_set_tsc(struct vmbt_vm *vm, u64 tsc)
{
	vm->shared->guest.tsc_offset = tsc - vmbt_clock_now(vm);
}

/**
 * vmbt_clock_attr() - KVM_HAS_DEVICE_ATTR, KVM_GET_ and KVM_SET_DEVICE_ATTR
 * @vcpu: the vCPU, its mutex held
 * @cmd: which of them
 * @attr: KVM_VCPU_TSC_OFFSET is the only one
 *
 * The offset moves a guest without its counter losing the time that takes,
 * which reading and writing the counter can't.
 *
 * Return: 0, -ENXIO if the attribute is not there, or -EFAULT.
 */
int vmbt_clock_attr(struct vmbt_vcpu *vcpu, unsigned int cmd,
		    const struct kvm_device_attr *attr)
{
	u64 __user *where = (u64 __user *)(unsigned long)attr->addr;
	u64 *offset = &vcpu->vm->shared->guest.tsc_offset;
	u64 base = vmbt_clock_base(vcpu->vm), value;

	if (attr->group != KVM_VCPU_TSC_CTRL ||
	    attr->attr != KVM_VCPU_TSC_OFFSET)
		return -ENXIO;
	if (cmd == KVM_HAS_DEVICE_ATTR)
		return 0;
	if (cmd == KVM_GET_DEVICE_ATTR)
		return put_user(*offset + base, where) ? -EFAULT : 0;
	if (get_user(value, where))
		return -EFAULT;
	*offset = value - base;
	return 0;
}

/**
 * vmbt_clock_get() - KVM_GET_CLOCK
 * @vm: the VM
 * @data: receives the guest's paravirtual time in ns; it is there without a
 *	guest that uses it
 */
void vmbt_clock_get(struct vmbt_vm *vm, struct kvm_clock_data *data)
{
	memset(data, 0, sizeof(*data));
	/* The rate is ours: the VMM can write the one that it was told. */
	data->clock = vmbt_chips_ns(vmbt_clock_get_tsc(vm), tsc_khz) +
		      READ_ONCE(vm->shared->guest.kvmclock_delta);
	data->realtime = ktime_get_real_ns();
	data->flags = VMBT_CLOCK_FLAGS;
}

/**
 * vmbt_clock_set() - KVM_SET_CLOCK
 * @vm: the VM
 * @data: what vmbt_clock_get() gave
 *
 * Waits for KVM_RUN to return. With KVM_CLOCK_REALTIME the time that went by
 * since is added, so that a guest that was moved has not lost it.
 *
 * Return: 0, -EINVAL, -EBUSY within an instruction, or -EINTR.
 */
int vmbt_clock_set(struct vmbt_vm *vm, const struct kvm_clock_data *data)
{
	struct vmbt_vcpu *vcpu = READ_ONCE(vm->vcpu);
	struct vmbt_shared *sh = vm->shared;
	u64 clock = data->clock, now;
	int r = 0;

	if (data->flags & ~VMBT_CLOCK_FLAGS)
		return -EINVAL;
	if (!vcpu)
		return -EINVAL;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	if (vcpu->state != VMBT_VCPU_CLEAN) {
		r = -EBUSY;
	} else {
		now = ktime_get_real_ns();
		if ((data->flags & KVM_CLOCK_REALTIME) && now > data->realtime)
			clock += now - data->realtime;
		sh->guest.kvmclock_delta =
			clock - vmbt_chips_ns(vmbt_clock_get_tsc(vm), tsc_khz);
		vcpu->state_set = true;
	}
	mutex_unlock(&vcpu->mutex);
	return r;
}
