// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics, for VMBT_GET_STATS and debugfs.
 *
 * The VMM counts in vmbt_shared.stats, one u64 per name of VMBT_STATS(); the
 * driver adds its own. Both are read while they change: each counter is whole,
 * the set is not of one moment. /sys/kernel/debug/vmbt/PID-FD/stats has the
 * same lines that `vmbt-run --stats` prints.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "vmbt.h"

static struct dentry *vmbt_debugfs;

/* One string after the other, each with its NUL, in the order of the fields. */
#define VMBT_STAT_NAME(field)	#field "\0"

static const char vmbt_vmm_names[] = VMBT_STATS(VMBT_STAT_NAME);

#define VMBT_NR_VMM	(sizeof(struct vmbt_vmm_stats) / sizeof(u64))
#define VMBT_NR_DRIVER	12
#define VMBT_NR_STATS	(VMBT_NR_VMM + VMBT_NR_DRIVER)

/* Counter @i of the driver's own: its name and value. */
static const char *vmbt_driver_stat(struct vmbt_vm *vm, unsigned int i,
				    u64 *value)
{
	/* Pairs with the release in vmbt_vcpu_create(). */
	struct vmbt_vcpu *vcpu = smp_load_acquire(&vm->vcpu);
	struct vmbt_mitigated did = {};

	if (vcpu)
		vmbt_mitigations(vcpu->hv, &did);
	switch (i) {
	case 0:
		*value = READ_ONCE(vm->nr_grants);
		return "grants";
	case 1:
		*value = READ_ONCE(vm->nr_revokes);
		return "revokes";
	case 2:
		*value = atomic64_read(&vm->nr_kicks);
		return "kicks";
	case 3:
		*value = READ_ONCE(vm->nr_retries);
		return "grant_retries";
	case 4:
		*value = did.ibpb;
		return "did_ibpb";
	case 5:
		*value = did.bhb;
		return "did_bhb";
	case 6:
		*value = did.rsb;
		return "did_rsb";
	case 7:
		*value = did.verw;
		return "did_verw";
	case 8:
		*value = did.spec_ctrl;
		return "did_spec_ctrl";
	case 9:
		*value = atomic64_read(&vm->nr_pool_asked);
		return "pool_asked";
	case 10:
		*value = READ_ONCE(vm->nr_large);
		return "grants_large";
	default:
		*value = vmbt_space_pages(vm->space);
		return "vmm_pages";
	}
}

/* Call @show for all counters until it fails. */
static int vmbt_stats_each(struct vmbt_vm *vm,
			   int (*show)(void *data, unsigned int i,
				       const char *name, u64 value),
			   void *data)
{
	const u64 *vmm = (const u64 *)&vm->shared->stats;
	const char *name = vmbt_vmm_names;
	unsigned int i;
	u64 value;
	int r = 0;

	for (i = 0; i < VMBT_NR_VMM && !r; i++, name += strlen(name) + 1)
		r = show(data, i, name, READ_ONCE(vmm[i]));
	for (i = 0; i < VMBT_NR_DRIVER && !r; i++) {
		name = vmbt_driver_stat(vm, i, &value);
		r = show(data, VMBT_NR_VMM + i, name, value);
	}
	return r;
}

static int vmbt_stat_to_user(void *data, unsigned int i, const char *name,
			     u64 value)
{
	struct vmbt_stats __user **arg = data;
	struct vmbt_stat s = { .value = value };

	strscpy(s.name, name, sizeof(s.name));
	return copy_to_user(&(*arg)->stats[i], &s, sizeof(s)) ? -EFAULT : 0;
}

/**
 * vmbt_stats_get() - VMBT_GET_STATS
 * @vm: the VM
 * @arg: user memory
 * Return: 0 or a negative error.
 */
int vmbt_stats_get(struct vmbt_vm *vm, struct vmbt_stats __user *arg)
{
	struct vmbt_stats head;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags)
		return -EINVAL;
	if (put_user((u32)VMBT_NR_STATS, &arg->nstats))
		return -EFAULT;
	if (head.nstats < VMBT_NR_STATS)
		return -E2BIG;
	return vmbt_stats_each(vm, vmbt_stat_to_user, &arg);
}

static int vmbt_stat_to_seq(void *data, unsigned int i, const char *name,
			    u64 value)
{
	seq_printf(data, "%s %llu\n", name, value);
	return 0;
}

static int vmbt_stats_show(struct seq_file *m, void *unused)
{
	return vmbt_stats_each(m->private, vmbt_stat_to_seq, m);
}

/* debugfs keeps readers out once the file is removed, so @vm stays valid. */
DEFINE_SHOW_ATTRIBUTE(vmbt_stats);

static bool vmbt_pfn_granted(void *data, u64 pfn, bool write)
{
	void *entry = xa_load(data, pfn);

	return entry && (!write || xa_to_value(entry));
}

/* The same page may be behind two frames: the stronger grant counts. */
static int vmbt_grants_by_pfn(struct vmbt_vm *vm, struct xarray *pfns)
{
	unsigned long gfn, pfn, i;
	bool write;
	void *entry;

	xa_for_each(&vm->large, gfn, entry) {
		pfn = page_to_pfn((struct page *)entry);
		for (i = 0; i < VMBT_LARGE_FRAMES; i++)
			if (xa_is_err(xa_store(pfns, pfn + i, xa_mk_value(true), GFP_KERNEL)))
				return -ENOMEM;
	}
	xa_for_each(&vm->grants, gfn, entry) {
		pfn = page_to_pfn((struct page *)xa_untag_pointer(entry));
		write = xa_pointer_tag(entry);
		entry = xa_load(pfns, pfn);
		if (entry && xa_to_value(entry))
			write = true;
		if (xa_is_err(xa_store(pfns, pfn, xa_mk_value(write), GFP_KERNEL)))
			return -ENOMEM;
	}
	return 0;
}

static int vmbt_leaves(struct vmbt_vm *vm, struct vmbt_leaves *leaves)
{
	struct xarray pfns;
	unsigned long seq;
	int r;

	xa_init(&pfns);
	seq = READ_ONCE(vm->inv_seq);
	r = vmbt_grants_by_pfn(vm, &pfns);
	if (!r)
		r = vmbt_space_leaves(vm->space, vmbt_pfn_granted, &pfns, leaves);
	xa_destroy(&pfns);
	if (!r && (seq != READ_ONCE(vm->inv_seq) || vm->zap_start != vm->zap_end ||
		   (vm->shared->requests & VMBT_REQ_ZAP)))
		r = -EAGAIN;
	return r;
}

/*
 * Every page the VM's page tables show, by owner; "unknown" must be 0. Waits
 * for KVM_RUN to return. EAGAIN: pages are being taken away, and the VMM has
 * yet to drop them.
 */
static int vmbt_leaves_show(struct seq_file *m, void *unused)
{
	struct vmbt_vm *vm = m->private;
	/* Pairs with the release in vmbt_vcpu_create(). */
	struct vmbt_vcpu *vcpu = smp_load_acquire(&vm->vcpu);
	struct vmbt_leaves leaves;
	int i, r;

	if (!vcpu)
		return -ENODEV;
	if (mutex_lock_interruptible(&vcpu->mutex))
		return -EINTR;
	r = vmbt_leaves(vm, &leaves);
	mutex_unlock(&vcpu->mutex);
	if (r)
		return r;
	for (i = 0; i < VMBT_LEAF_OWNERS; i++)
		seq_printf(m, "%s %llu\n", vmbt_leaf_name(i), leaves.count[i]);
	if (leaves.count[VMBT_LEAF_UNKNOWN])
		seq_printf(m, "first unknown: %llx -> %llx\n", leaves.bad_va,
			   leaves.bad_pte);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vmbt_leaves);

/*
 * A VM that outlives its descriptor keeps the name, and one that comes to have the
 * same number goes without: debugfs would say so in the log each time.
 */
void vmbt_stats_add_vm(struct vmbt_vm *vm, int fd)
{
	struct dentry *old;
	char name[32];

	snprintf(name, sizeof(name), "%d-%d", task_tgid_nr(current), fd);
	old = debugfs_lookup(name, vmbt_debugfs);
	if (old) {
		dput(old);
		return;
	}
	vm->debugfs = debugfs_create_dir(name, vmbt_debugfs);
	debugfs_create_file("stats", 0444, vm->debugfs, vm, &vmbt_stats_fops);
	debugfs_create_file("leaves", 0400, vm->debugfs, vm, &vmbt_leaves_fops);
}

void vmbt_stats_init(void)
{
	vmbt_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

void vmbt_stats_exit(void)
{
	debugfs_remove_recursive(vmbt_debugfs);
}
