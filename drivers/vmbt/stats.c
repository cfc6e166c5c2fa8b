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
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "vmbt.h"

static struct dentry *vmbt_debugfs;

static const char *const vmbt_vmm_names[] = {
#define VMBT_STAT_NAME(field) #field,
	VMBT_STATS(VMBT_STAT_NAME)
#undef VMBT_STAT_NAME
};

static_assert(sizeof(struct vmbt_vmm_stats) ==
	      ARRAY_SIZE(vmbt_vmm_names) * sizeof(u64));
#define VMBT_STAT_CHECK(field) \
	static_assert(sizeof(#field) <= sizeof(((struct vmbt_stat *)0)->name));
VMBT_STATS(VMBT_STAT_CHECK)
#undef VMBT_STAT_CHECK

#define VMBT_NR_DRIVER	4
#define VMBT_NR_STATS	(ARRAY_SIZE(vmbt_vmm_names) + VMBT_NR_DRIVER)

/* Counter @i: its name and value. */
static const char *vmbt_stat(struct vmbt_vm *vm, unsigned int i, u64 *value)
{
	const u64 *vmm = (const u64 *)&vm->shared->stats;

	if (i < ARRAY_SIZE(vmbt_vmm_names)) {
		*value = READ_ONCE(vmm[i]);
		return vmbt_vmm_names[i];
	}
	switch (i - ARRAY_SIZE(vmbt_vmm_names)) {
	case 0:
		*value = READ_ONCE(vm->nr_grants);
		return "grants";
	case 1:
		*value = READ_ONCE(vm->nr_revokes);
		return "revokes";
	case 2:
		*value = atomic64_read(&vm->nr_kicks);
		return "kicks";
	default:
		*value = READ_ONCE(vm->nr_retries);
		return "grant_retries";
	}
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
	unsigned int i;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags)
		return -EINVAL;
	if (put_user((u32)VMBT_NR_STATS, &arg->nstats))
		return -EFAULT;
	if (head.nstats < VMBT_NR_STATS)
		return -E2BIG;
	for (i = 0; i < VMBT_NR_STATS; i++) {
		struct vmbt_stat s = { };
		u64 value;

		strscpy(s.name, vmbt_stat(vm, i, &value), sizeof(s.name));
		s.value = value;
		if (copy_to_user(&arg->stats[i], &s, sizeof(s)))
			return -EFAULT;
	}
	return 0;
}

static int vmbt_stats_show(struct seq_file *m, void *unused)
{
	struct vmbt_vm *vm = m->private;
	unsigned int i;

	for (i = 0; i < VMBT_NR_STATS; i++) {
		u64 value;
		const char *name = vmbt_stat(vm, i, &value);

		seq_printf(m, "%s %llu\n", name, value);
	}
	return 0;
}
/* debugfs keeps readers out once the file is removed, so @vm stays valid. */
DEFINE_SHOW_ATTRIBUTE(vmbt_stats);

void vmbt_stats_add_vm(struct vmbt_vm *vm, int fd)
{
	char name[32];

	snprintf(name, sizeof(name), "%d-%d", task_tgid_nr(current), fd);
	vm->debugfs = debugfs_create_dir(name, vmbt_debugfs);
	debugfs_create_file("stats", 0444, vm->debugfs, vm, &vmbt_stats_fops);
}

void vmbt_stats_init(void)
{
	vmbt_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

void vmbt_stats_exit(void)
{
	debugfs_remove_recursive(vmbt_debugfs);
}
