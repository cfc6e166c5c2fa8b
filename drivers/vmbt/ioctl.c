// SPDX-License-Identifier: GPL-2.0
/*
 * What user space can ask: the ioctls of the three descriptors.
 *
 * Numbers, structures and errors are KVM's (Documentation/vmbt/api.rst has the
 * table of differences). This file copies arguments in and out, refuses what
 * is reserved or unknown, and decides whether the moment is right; the work is
 * done elsewhere.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmbt.h"

static int vmbt_host_cap_bits(void)
{
	u32 caps = vmbt_host_caps();

	return (caps & VMBT_HOST_LIMITS ? VMBT_HOSTCAP_LIMITS : 0) |
	       (caps & VMBT_HOST_PCID ? VMBT_HOSTCAP_PCID : 0) |
	       (caps & VMBT_HOST_NX ? VMBT_HOSTCAP_NX : 0) |
	       (caps & VMBT_HOST_INTEL ? VMBT_HOSTCAP_SYSENTER : 0) |
	       (caps & VMBT_HOST_CPUIDFAULT ? VMBT_HOSTCAP_CPUID_FAULT : 0);
}

static int vmbt_check_extension(unsigned long cap)
{
	switch (cap) {
	case VMBT_CAP_ABI:
		return VMBT_ABI;
	case VMBT_CAP_HOST:
		return vmbt_host_cap_bits();
	case KVM_CAP_NR_MEMSLOTS:
		return VMBT_MAX_SLOTS;
	case KVM_CAP_NR_VCPUS:
	case KVM_CAP_MAX_VCPUS:
	case KVM_CAP_MAX_VCPU_ID:
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
	case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
	case KVM_CAP_READONLY_MEM:
	case KVM_CAP_SYNC_MMU:
	case KVM_CAP_SET_TSS_ADDR:
	case KVM_CAP_SET_IDENTITY_MAP_ADDR:
	case KVM_CAP_EXT_CPUID:
	case KVM_CAP_MP_STATE:
	case KVM_CAP_USER_NMI:
	case KVM_CAP_VCPU_EVENTS:
	case KVM_CAP_DEBUGREGS:
	case KVM_CAP_SREGS2:
	case KVM_CAP_GET_TSC_KHZ:
	case KVM_CAP_INTERNAL_ERROR_DATA:
	case KVM_CAP_IMMEDIATE_EXIT:
	case KVM_CAP_CHECK_EXTENSION_VM:
	case KVM_CAP_VCPU_ATTRIBUTES:
		return 1;
	case KVM_CAP_ADJUST_CLOCK:
		return VMBT_CLOCK_FLAGS;
	case VMBT_CAP_MEMORY_WRITTEN:
	case KVM_CAP_COALESCED_PIO:
		return 1;
	case KVM_CAP_COALESCED_MMIO:
		return VMBT_COALESCED_PAGE;
	case VMBT_CAP_PAIRS:
		return VMBT_MAX_PAIRS;
	case VMBT_CAP_CHIPS:
		return 2;
	case VMBT_CAP_A20:
		return 1;
	case VMBT_CAP_HOSTILE:
		return vmbt_param_hostile;
	default:
		return 0;
	}
}

static int vmbt_msr_index_list(struct kvm_msr_list __user *arg)
{
	struct kvm_msr_list head;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (put_user(vmbt_msr_count, &arg->nmsrs))
		return -EFAULT;
	if (head.nmsrs < vmbt_msr_count)
		return -E2BIG;
	if (copy_to_user(arg->indices, vmbt_msr_list,
			 vmbt_msr_count * sizeof(*vmbt_msr_list)))
		return -EFAULT;
	return 0;
}

/* The descriptor of /dev/vmbt. */
long vmbt_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVM_GET_API_VERSION:
		return arg ? -EINVAL : KVM_API_VERSION;
	case KVM_CREATE_VM:
		return vmbt_vm_create(arg);
	case KVM_CHECK_EXTENSION:
		return vmbt_check_extension(arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg ? -EINVAL : VMBT_RUN_PAGES * PAGE_SIZE;
	case KVM_GET_SUPPORTED_CPUID:
		return vmbt_cpuid_supported(argp);
	case KVM_GET_MSR_INDEX_LIST:
		return vmbt_msr_index_list(argp);
	default:
		return -ENOTTY;
	}
}

static int vmbt_set_region(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_userspace_memory_region mr;

	if (copy_from_user(&mr, argp, sizeof(mr)))
		return -EFAULT;
	return vmbt_mem_set_region(vm, &mr);
}

static int vmbt_get_dirty_log(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_dirty_log log;

	if (copy_from_user(&log, argp, sizeof(log)))
		return -EFAULT;
	return vmbt_mem_dirty_log(vm, log.slot, log.dirty_bitmap);
}

/*
 * Where KVM may put pages of its own in guest memory, for hardware that can't
 * do without. vmbt needs none; the address is checked and forgotten.
 */
static int vmbt_set_tss_addr(unsigned long addr)
{
	return addr > 0xfffff000ul - 2 * PAGE_SIZE ? -EINVAL : 0;
}

static int vmbt_set_identity_map_addr(u64 __user *argp)
{
	u64 addr;

	return copy_from_user(&addr, argp, sizeof(addr)) ? -EFAULT : 0;
}

static int vmbt_irq_line(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_irq_level irq;

	if (copy_from_user(&irq, argp, sizeof(irq)))
		return -EFAULT;
	return vmbt_chips_irq_line(vm, irq.irq, irq.level);
}

static int vmbt_get_irqchip(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_irqchip *chip = memdup_user(argp, sizeof(*chip));
	int r;

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	r = vmbt_chipstate_get_pic(vm, chip);
	if (!r && copy_to_user(argp, chip, sizeof(*chip)))
		r = -EFAULT;
	kfree(chip);
	return r;
}

static int vmbt_set_irqchip(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_irqchip *chip = memdup_user(argp, sizeof(*chip));
	int r;

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	r = vmbt_chipstate_set_pic(vm, chip);
	kfree(chip);
	return r;
}

static int vmbt_get_pit(struct vmbt_vm *vm, void __user *argp)
{
	struct vmbt_pit_state state;
	int r = vmbt_chipstate_get_pit(vm, &state);

	return r ?: copy_to_user(argp, &state, sizeof(state)) ? -EFAULT : 0;
}

static int vmbt_set_pit(struct vmbt_vm *vm, void __user *argp)
{
	struct vmbt_pit_state state;

	if (copy_from_user(&state, argp, sizeof(state)))
		return -EFAULT;
	return vmbt_chipstate_set_pit(vm, &state);
}

static int vmbt_get_clock(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_clock_data data;

	vmbt_clock_get(vm, &data);
	return copy_to_user(argp, &data, sizeof(data)) ? -EFAULT : 0;
}

static int vmbt_set_clock(struct vmbt_vm *vm, void __user *argp)
{
	struct kvm_clock_data data;

	if (copy_from_user(&data, argp, sizeof(data)))
		return -EFAULT;
	return vmbt_clock_set(vm, &data);
}

static int vmbt_memory_written(struct vmbt_vm *vm, void __user *argp)
{
	struct vmbt_written w;

	if (copy_from_user(&w, argp, sizeof(w)))
		return -EFAULT;
	return vmbt_mem_written(vm, &w);
}

static int vmbt_coalesced_zone(struct vmbt_vm *vm, void __user *argp, bool add)
{
	struct kvm_coalesced_mmio_zone z;

	if (copy_from_user(&z, argp, sizeof(z)))
		return -EFAULT;
	return add ? vmbt_coalesced_register(vm, &z) : vmbt_coalesced_unregister(vm, &z);
}

/* A VM's descriptor. */
long vmbt_vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmbt_vm *vm = file->private_data;
	void __user *argp = (void __user *)arg;

	if (vm->mm != current->mm)
		return -EIO;

	switch (cmd) {
	case KVM_CREATE_VCPU:
		return vmbt_vcpu_create(vm, arg);
	case KVM_CHECK_EXTENSION:
		return vmbt_check_extension(arg);
	case KVM_SET_USER_MEMORY_REGION:
		return vmbt_set_region(vm, argp);
	case KVM_GET_DIRTY_LOG:
		return vmbt_get_dirty_log(vm, argp);
	case KVM_SET_TSS_ADDR:
		return vmbt_set_tss_addr(arg);
	case KVM_SET_IDENTITY_MAP_ADDR:
		return vmbt_set_identity_map_addr(argp);
	case KVM_IRQ_LINE:
		return vmbt_irq_line(vm, argp);
	case KVM_GET_IRQCHIP:
		return vmbt_get_irqchip(vm, argp);
	case KVM_SET_IRQCHIP:
		return vmbt_set_irqchip(vm, argp);
	case KVM_GET_PIT2:
		return vmbt_get_pit(vm, argp);
	case KVM_SET_PIT2:
		return vmbt_set_pit(vm, argp);
	case KVM_GET_CLOCK:
		return vmbt_get_clock(vm, argp);
	case KVM_SET_CLOCK:
		return vmbt_set_clock(vm, argp);
	case VMBT_CREATE_CHIPS:
		return arg ? -EINVAL : vmbt_chips_create(vm);
	case VMBT_MEMORY_WRITTEN:
		return vmbt_memory_written(vm, argp);
	case KVM_REGISTER_COALESCED_MMIO:
		return vmbt_coalesced_zone(vm, argp, true);
	case KVM_UNREGISTER_COALESCED_MMIO:
		return vmbt_coalesced_zone(vm, argp, false);
	case VMBT_GET_STATS:
		return vmbt_stats_get(vm, argp);
	case VMBT_HOSTILE_ENABLE:
		return arg ? -EINVAL : vmbt_hostile_enable(vm);
	default:
		return -ENOTTY;
	}
}

static int vmbt_set_signal_mask(struct vmbt_vcpu *vcpu, const sigset_t *set)
{
	vcpu->sigset_active = set;
	if (set) {
		vcpu->sigset = *set;
		sigdelsetmask(&vcpu->sigset, sigmask(SIGKILL) | sigmask(SIGSTOP));
	}
	return 0;
}

static int vmbt_signal_mask(struct vmbt_vcpu *vcpu,
			    struct kvm_signal_mask __user *arg)
{
	struct kvm_signal_mask head;
	sigset_t set;

	if (!arg)
		return vmbt_set_signal_mask(vcpu, NULL);
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.len != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, arg->sigset, sizeof(set)))
		return -EFAULT;
	return vmbt_set_signal_mask(vcpu, &set);
}

#define VMBT_MSRS_MAX	256

/*
 * KVM_GET_MSRS and KVM_SET_MSRS: the number of entries done before the first
 * that can't be.
 */
static int vmbt_msrs(struct vmbt_vcpu *vcpu, struct kvm_msrs __user *arg,
		     bool set)
{
	struct kvm_msr_entry *entries;
	struct kvm_msrs head;
	size_t size;
	u32 i;
	int r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.nmsrs >= VMBT_MSRS_MAX)
		return -E2BIG;
	size = head.nmsrs * sizeof(*entries);
	entries = memdup_user(arg->entries, size);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (i = 0; i < head.nmsrs; i++) {
		struct kvm_msr_entry *e = &entries[i];

		if (e->reserved)
			break;
		r = set ? vmbt_msr_set(vcpu, e->index, e->data) :
			  vmbt_msr_get(vcpu, e->index, &e->data);
		if (r)
			break;
	}
	r = i;
	if (!set && copy_to_user(arg->entries, entries, size))
		r = -EFAULT;
	kfree(entries);
	return r;
}

static int vmbt_interrupt(struct vmbt_vcpu *vcpu, void __user *argp)
{
	struct kvm_interrupt irq;

	if (copy_from_user(&irq, argp, sizeof(irq)))
		return -EFAULT;
	return vmbt_irq_queue(vcpu, irq.irq);
}

/*
 * Without chips the halt is user space's: KVM_EXIT_HLT came, it decides when to
 * go on. With them it lasts until an interrupt, and is state.
 */
static int vmbt_set_mp_state(struct vmbt_vcpu *vcpu, const struct kvm_mp_state *mp)
{
	bool halted = mp->mp_state == KVM_MP_STATE_HALTED;

	if (mp->mp_state != KVM_MP_STATE_RUNNABLE &&
	    !(halted && vcpu->vm->chips))
		return -EINVAL;
	vcpu->vm->shared->guest.halted = halted;
	return 0;
}

static u32 vmbt_get_mp_state(struct vmbt_vcpu *vcpu)
{
	return vcpu->vm->chips && vcpu->vm->shared->guest.halted ?
	       KVM_MP_STATE_HALTED : KVM_MP_STATE_RUNNABLE;
}

static int vmbt_device_attr(struct vmbt_vcpu *vcpu, unsigned int cmd,
			    void __user *argp)
{
	struct kvm_device_attr attr;
	int r;

	if (copy_from_user(&attr, argp, sizeof(attr)))
		return -EFAULT;
	if (attr.flags)
		return -EINVAL;
	if (cmd == KVM_SET_DEVICE_ATTR && vcpu->state != VMBT_VCPU_CLEAN)
		return -EBUSY;
	r = vmbt_clock_attr(vcpu, cmd, &attr);
	if (!r && cmd == KVM_SET_DEVICE_ATTR)
		vcpu->state_set = true;
	return r;
}

union vmbt_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_sregs2 sregs2;
	struct kvm_fpu fpu;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
};

/*
 * Read state. In the middle of an instruction (KVM_EXIT_IO, KVM_EXIT_MMIO) it
 * is that before the instruction.
 */
static int vmbt_get_state(struct vmbt_vcpu *vcpu, unsigned int cmd,
			  void __user *argp)
{
	union vmbt_state s;

	switch (cmd) {
	case KVM_GET_REGS:
		vmbt_state_get_regs(vcpu, &s.regs);
		break;
	case KVM_GET_SREGS:
		vmbt_state_get_sregs(vcpu, &s.sregs);
		break;
	case KVM_GET_SREGS2:
		vmbt_state_get_sregs2(vcpu, &s.sregs2);
		break;
	case KVM_GET_FPU:
		vmbt_state_get_fpu(vcpu, &s.fpu);
		break;
	case KVM_GET_DEBUGREGS:
		vmbt_state_get_debugregs(vcpu, &s.debugregs);
		break;
	case KVM_GET_VCPU_EVENTS:
		vmbt_state_get_events(vcpu, &s.events);
		break;
	case KVM_GET_MP_STATE:
		s.mp.mp_state = vmbt_get_mp_state(vcpu);
		break;
	default:
		return -ENOTTY;
	}
	return copy_to_user(argp, &s, _IOC_SIZE(cmd)) ? -EFAULT : 0;
}

/* Write state, between instructions only. */
static int vmbt_set_state(struct vmbt_vcpu *vcpu, unsigned int cmd,
			  void __user *argp)
{
	union vmbt_state s;
	int r;

	if (copy_from_user(&s, argp, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (vcpu->state != VMBT_VCPU_CLEAN)
		return -EBUSY;

	switch (cmd) {
	case KVM_SET_REGS:
		r = vmbt_state_set_regs(vcpu, &s.regs);
		break;
	case KVM_SET_SREGS:
		r = vmbt_state_set_sregs(vcpu, &s.sregs);
		break;
	case KVM_SET_SREGS2:
		r = vmbt_state_set_sregs2(vcpu, &s.sregs2);
		break;
	case KVM_SET_FPU:
		r = vmbt_state_set_fpu(vcpu, &s.fpu);
		break;
	case KVM_SET_DEBUGREGS:
		r = vmbt_state_set_debugregs(vcpu, &s.debugregs);
		break;
	case KVM_SET_VCPU_EVENTS:
		r = vmbt_state_set_events(vcpu, &s.events);
		break;
	case KVM_SET_MP_STATE:
		r = vmbt_set_mp_state(vcpu, &s.mp);
		break;
	default:
		return -ENOTTY;
	}
	if (!r)
		vcpu->state_set = true;
	return r;
}

static int vmbt_set_pair(struct vmbt_vcpu *vcpu, void __user *argp)
{
	struct vmbt_pair pair;

	if (copy_from_user(&pair, argp, sizeof(pair)))
		return -EFAULT;
	return vmbt_coalesced_pair(vcpu, &pair);
}

static long vmbt_vcpu_ioctl_locked(struct vmbt_vcpu *vcpu, unsigned int cmd,
				   unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVM_RUN:
		return arg ? -EINVAL : vmbt_vcpu_run(vcpu);
	case VMBT_HOSTILE_RUN:
		return vmbt_hostile_run(vcpu, argp);
	case KVM_GET_REGS:
	case KVM_GET_SREGS:
	case KVM_GET_SREGS2:
	case KVM_GET_FPU:
	case KVM_GET_DEBUGREGS:
	case KVM_GET_VCPU_EVENTS:
	case KVM_GET_MP_STATE:
		return vmbt_get_state(vcpu, cmd, argp);
	case KVM_SET_REGS:
	case KVM_SET_SREGS:
	case KVM_SET_SREGS2:
	case KVM_SET_FPU:
	case KVM_SET_DEBUGREGS:
	case KVM_SET_VCPU_EVENTS:
	case KVM_SET_MP_STATE:
		return vmbt_set_state(vcpu, cmd, argp);
	case KVM_GET_MSRS:
		return vmbt_msrs(vcpu, argp, false);
	case KVM_SET_MSRS:
		if (vcpu->state != VMBT_VCPU_CLEAN)
			return -EBUSY;
		vcpu->state_set = true;
		return vmbt_msrs(vcpu, argp, true);
	case KVM_SET_CPUID2:
		if (vcpu->state != VMBT_VCPU_CLEAN)
			return -EBUSY;
		return vmbt_cpuid_set(vcpu, argp);
	case KVM_GET_CPUID2:
		return vmbt_cpuid_get(vcpu, argp);
	case KVM_INTERRUPT:
		return vmbt_interrupt(vcpu, argp);
	case KVM_NMI:
		return arg ? -EINVAL : vmbt_irq_nmi(vcpu);
	case KVM_SET_SIGNAL_MASK:
		return vmbt_signal_mask(vcpu, argp);
	case KVM_HAS_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		return vmbt_device_attr(vcpu, cmd, argp);
	case VMBT_SET_PAIR:
		return vmbt_set_pair(vcpu, argp);
	case KVM_GET_TSC_KHZ:
		return vmbt_clock_get_khz();
	case KVM_SET_TSC_KHZ:
		return vmbt_clock_set_khz(arg);
	default:
		return -ENOTTY;
	}
}

/* A vCPU's descriptor. One ioctl at a time, also while KVM_RUN is under way. */
long vmbt_vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmbt_vcpu *vcpu = file->private_data;
	long r;

	if (vcpu->vm->mm != current->mm)
		return -EIO;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	r = vmbt_vcpu_ioctl_locked(vcpu, cmd, arg);
	mutex_unlock(&vcpu->mutex);
	return r;
}

#ifdef CONFIG_COMPAT
/*
 * KVM's structures are the same for 32-bit callers but for two: one with a
 * pointer, one with a signal set.
 */
struct vmbt_compat_dirty_log {
	u32 slot;
	u32 padding1;
	union {
		compat_uptr_t dirty_bitmap;
		u64 padding2;
	};
};

long vmbt_vm_compat_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct vmbt_vm *vm = file->private_data;
	struct vmbt_compat_dirty_log log;

	if (cmd != KVM_GET_DIRTY_LOG)
		return vmbt_vm_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
	if (vm->mm != current->mm)
		return -EIO;
	if (copy_from_user(&log, compat_ptr(arg), sizeof(log)))
		return -EFAULT;
	return vmbt_mem_dirty_log(vm, log.slot, compat_ptr(log.dirty_bitmap));
}

static int vmbt_compat_signal_mask(struct vmbt_vcpu *vcpu,
				   struct kvm_signal_mask __user *arg)
{
	struct kvm_signal_mask head;
	sigset_t set;

	if (!arg)
		return vmbt_set_signal_mask(vcpu, NULL);
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.len != sizeof(compat_sigset_t))
		return -EINVAL;
	if (get_compat_sigset(&set, (compat_sigset_t __user *)arg->sigset))
		return -EFAULT;
	return vmbt_set_signal_mask(vcpu, &set);
}

long vmbt_vcpu_compat_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	struct vmbt_vcpu *vcpu = file->private_data;
	long r;

	if (cmd != KVM_SET_SIGNAL_MASK)
		return vmbt_vcpu_ioctl(file, cmd,
				       (unsigned long)compat_ptr(arg));
	if (vcpu->vm->mm != current->mm)
		return -EIO;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	r = vmbt_compat_signal_mask(vcpu, compat_ptr(arg));
	mutex_unlock(&vcpu->mutex);
	return r;
}
#endif
