// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPU: its descriptor, its mapping, and the kick.
 *
 * The mapping is four pages, as KVM_GET_VCPU_MMAP_SIZE says: struct kvm_run,
 * the data of port accesses, struct vmbt_run_ext with the text of errors, and the ring
 * of writes that were kept.
 * User space may write all of them at any time, so the driver never reads back
 * from them what it once wrote.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vmbt.h"

static vm_fault_t vmbt_vcpu_fault(struct vm_fault *vmf)
{
	struct vmbt_vcpu *vcpu = vmf->vma->vm_file->private_data;

	if (vmf->pgoff >= VMBT_RUN_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = vcpu->pages[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vmbt_vcpu_vm_ops = {
	.fault	= vmbt_vcpu_fault,
};

static int vmbt_vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma_pages(vma) + vma->vm_pgoff > VMBT_RUN_PAGES)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND, VM_MAYEXEC);
	vma->vm_ops = &vmbt_vcpu_vm_ops;
	return 0;
}

static int vmbt_vcpu_release(struct inode *inode, struct file *file)
{
	struct vmbt_vcpu *vcpu = file->private_data;

	vmbt_vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations vmbt_vcpu_fops = {
	.owner		= THIS_MODULE,
	.release	= vmbt_vcpu_release,
	.unlocked_ioctl	= vmbt_vcpu_ioctl,
	.compat_ioctl	= vmbt_vcpu_compat_ioctl,
	.mmap		= vmbt_vcpu_mmap,
	.llseek		= noop_llseek,
};

/**
 * vmbt_vcpu_kick() - make sure the vCPU is not in the VMM world
 * @vcpu: the vCPU
 *
 * It may be back in when this returns, but then it has been through
 * vmbt_vcpu_ready() and has seen what the caller wrote before. Never waits for
 * user space, and may be called in atomic context with interrupts on.
 */
void vmbt_vcpu_kick(struct vmbt_vcpu *vcpu)
{
	atomic64_inc(&vcpu->vm->nr_kicks);
	vmbt_world_kick(vcpu->hv);
}

/**
 * vmbt_vcpu_nudge() - get the vCPU through vmbt_vcpu_ready() soon, if it runs
 * @vcpu: the vCPU
 *
 * Waits for nothing; in any context with interrupts on.
 */
void vmbt_vcpu_nudge(struct vmbt_vcpu *vcpu)
{
	atomic64_inc(&vcpu->vm->nr_kicks);
	vmbt_world_nudge(vcpu->hv);
}

void vmbt_vcpu_free(struct vmbt_vcpu *vcpu)
{
	int i;

	if (vcpu->hv)
		vmbt_hv_vcpu_destroy(vcpu->hv);
	for (i = 0; i < VMBT_RUN_PAGES; i++)
		if (vcpu->pages[i])
			put_page(vcpu->pages[i]);
	kfree(vcpu->hostile);
	kfree(vcpu);
}

static struct vmbt_vcpu *vmbt_vcpu_alloc(struct vmbt_vm *vm)
{
	struct vmbt_vcpu *vcpu;
	struct vmbt_hv_vcpu *hv;
	int i;

	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->vm = vm;
	mutex_init(&vcpu->mutex);
	vcpu->last_cpu = -1;
	vcpu->state_set = true;
	for (i = 0; i < VMBT_RUN_PAGES; i++) {
		vcpu->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!vcpu->pages[i]) {
			vmbt_vcpu_free(vcpu);
			return ERR_PTR(-ENOMEM);
		}
	}
	vcpu->run = page_address(vcpu->pages[0]);
	vcpu->pio = page_address(vcpu->pages[1]);
	vcpu->ext = page_address(vcpu->pages[VMBT_RUN_EXT_PAGE]);
	vcpu->ring = page_address(vcpu->pages[VMBT_COALESCED_PAGE]);

	hv = vmbt_hv_vcpu_create(vm->space, vmbt_vcpu_ready, vcpu);
	if (IS_ERR(hv)) {
		vmbt_vcpu_free(vcpu);
		return ERR_CAST(hv);
	}
	vcpu->hv = hv;
	return vcpu;
}

/**
 * vmbt_vcpu_create() - KVM_CREATE_VCPU
 * @vm: the VM
 * @id: its number; only 0, since a VM has one vCPU
 * Return: a descriptor, or a negative error.
 */
int vmbt_vcpu_create(struct vmbt_vm *vm, unsigned long id)
{
	struct vmbt_vcpu *vcpu;
	struct file *file;
	int fd;

	if (id)
		return -EINVAL;

	mutex_lock(&vm->lock);
	if (vm->vcpu) {
		fd = -EEXIST;
		goto out;
	}
	vcpu = vmbt_vcpu_alloc(vm);
	if (IS_ERR(vcpu)) {
		fd = PTR_ERR(vcpu);
		goto out;
	}
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto out_free;
	file = anon_inode_getfile("vmbt-vcpu:0", &vmbt_vcpu_fops, vcpu, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto out_free;
	}
	/*
	 * The descriptor may be closed as soon as it is there: nothing may
	 * fail any more.
	 */
	vmbt_vm_get(vm);
	/* Whoever kicks finds it complete. */
	smp_store_release(&vm->vcpu, vcpu);
	fd_install(fd, file);
	goto out;

out_free:
	vmbt_vcpu_free(vcpu);
out:
	mutex_unlock(&vm->lock);
	return fd;
}
