// SPDX-License-Identifier: GPL-2.0
/*
 * The VM: what a descriptor from KVM_CREATE_VM stands for.
 *
 * A VM belongs to the address space that created it, as in KVM: its memory is
 * that process's memory, so ioctls from any other are refused, and a child
 * that inherits the descriptor can only close it. The VM lives as long as its
 * descriptor or its vCPU's is open; closing them in any order, or dying, ends
 * in vmbt_vm_put(). Descriptors hold the module, VMs don't need to.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "vmbt.h"

static LIST_HEAD(vmbt_vms);
static DEFINE_MUTEX(vmbt_vms_lock);

static void vmbt_vm_destroy(struct kref *ref)
{
	struct vmbt_vm *vm = container_of(ref, struct vmbt_vm, ref);

	mutex_lock(&vmbt_vms_lock);
	list_del(&vm->list);
	mutex_unlock(&vmbt_vms_lock);

	debugfs_remove_recursive(vm->debugfs);
	vmbt_chips_exit(vm);
	/* The notifiers go first: they look at the vCPU and at the slots. */
	vmbt_mem_exit(vm);
	if (vm->vcpu)
		vmbt_vcpu_free(vm->vcpu);
	vmbt_space_destroy(vm->space);
	vmbt_user_uncharge(vm->user, vm->charged);
	vmbt_user_put(vm->user);
	mmdrop(vm->mm);
	kvfree(vm);
}

void vmbt_vm_get(struct vmbt_vm *vm)
{
	kref_get(&vm->ref);
}

void vmbt_vm_put(struct vmbt_vm *vm)
{
	kref_put(&vm->ref, vmbt_vm_destroy);
}

/* Drive every vCPU out of the VMM world. */
void vmbt_vm_kick_all(void)
{
	struct vmbt_vm *vm;

	mutex_lock(&vmbt_vms_lock);
	list_for_each_entry(vm, &vmbt_vms, list) {
		/* Pairs with the release in vmbt_vcpu_create(). */
		struct vmbt_vcpu *vcpu = smp_load_acquire(&vm->vcpu);

		if (vcpu)
			vmbt_vcpu_kick(vcpu);
	}
	mutex_unlock(&vmbt_vms_lock);
}

/**
 * vmbt_vm_try_each() - do something for all VMs, if their list is free
 * @fn: what, without sleeping; true: that is enough, and the others are first
 *	the next time
 * @data: for @fn
 *
 * For who must not wait.
 */
void vmbt_vm_try_each(bool (*fn)(struct vmbt_vm *vm, void *data), void *data)
{
	struct vmbt_vm *vm;

	if (!mutex_trylock(&vmbt_vms_lock))
		return;
	list_for_each_entry(vm, &vmbt_vms, list) {
		if (fn(vm, data)) {
			/* The head goes behind it. */
			list_move(&vmbt_vms, &vm->list);
			break;
		}
	}
	mutex_unlock(&vmbt_vms_lock);
}

static int vmbt_vm_release(struct inode *inode, struct file *file)
{
	vmbt_vm_put(file->private_data);
	return 0;
}

static const struct file_operations vmbt_vm_fops = {
	.owner		= THIS_MODULE,
	.release	= vmbt_vm_release,
	.unlocked_ioctl	= vmbt_vm_ioctl,
	.compat_ioctl	= vmbt_vm_compat_ioctl,
	.llseek		= noop_llseek,
};

static struct vmbt_vm *vmbt_vm_alloc(void)
{
	struct vmbt_vm *vm;
	bool limits;
	int r;

	vm = kvzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	vmbt_clock_create(vm);
	vmbt_chips_init(vm);
	vm->user = vmbt_user_get();
	if (IS_ERR(vm->user)) {
		r = PTR_ERR(vm->user);
		goto out_vm;
	}
	vm->mm = current->mm;
	mmgrab(vm->mm);

	vm->pool_limit = clamp_t(u32, vmbt_param_pool_pages, VMBT_POOL_SURE,
				 VMBT_POOL_MAX_PAGES);
	vm->pool_pages = VMBT_POOL_START;
	vm->above = capable(CAP_IPC_LOCK);
	r = vmbt_user_charge(vm->user, vmbt_space_cost(VMBT_POOL_SURE), vm->above);
	if (r)
		goto out_mm;
	vm->charged = vmbt_space_cost(VMBT_POOL_SURE);
	vm->space = vmbt_space_create(vm->pool_pages);
	if (IS_ERR(vm->space)) {
		r = PTR_ERR(vm->space);
		goto out_mm;
	}
	vm->shared = vmbt_space_shared(vm->space);
	vm->shared->host_caps = vmbt_host_caps();
	vm->shared->tsc_khz = vmbt_clock_get_khz();
	vm->shared->no_de = vmbt_param_no_de;
	vm->shared->no_offers = vmbt_param_no_offers;
	vm->shared->no_large = vmbt_param_no_large;
	limits = vmbt_host_caps() & VMBT_HOST_LIMITS;
	if (vmbt_param_monitor < 0 ? limits : vmbt_param_monitor)
		vm->shared->mon_policy = VMBT_MON_FIXED;
	else
		vm->shared->mon_policy = limits ? VMBT_MON_SPLIT : VMBT_MON_FLOATING;
	vmbt_state_reset(vm);
	r = vmbt_cpuid_default(vm);
	if (r)
		goto out_space;
	r = vmbt_mem_init(vm);
	if (r)
		goto out_space;

	mutex_lock(&vmbt_vms_lock);
	list_add(&vm->list, &vmbt_vms);
	mutex_unlock(&vmbt_vms_lock);
	return vm;

out_space:
	vmbt_space_destroy(vm->space);
out_mm:
	vmbt_user_uncharge(vm->user, vm->charged);
	vmbt_user_put(vm->user);
	mmdrop(vm->mm);
out_vm:
	kvfree(vm);
	return ERR_PTR(r);
}

/**
 * vmbt_vm_create() - KVM_CREATE_VM
 * @type: the machine type; there is only 0
 * Return: a descriptor, or a negative error.
 */
int vmbt_vm_create(unsigned long type)
{
	struct vmbt_vm *vm;
	struct file *file;
	int fd;

	if (type)
		return -EINVAL;
	if (READ_ONCE(vmbt_stopping))
		return -ESHUTDOWN;

	vm = vmbt_vm_alloc();
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto out;
	file = anon_inode_getfile("vmbt-vm", &vmbt_vm_fops, vm, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto out;
	}
	vmbt_stats_add_vm(vm, fd);
	fd_install(fd, file);
	return fd;
out:
	vmbt_vm_put(vm);
	return fd;
}
