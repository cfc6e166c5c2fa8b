// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vmbt: where the module starts and ends.
 *
 * Reading order from here: ioctl.c (what user space can ask), vm.c and vcpu.c
 * (the objects behind the descriptors and who keeps them alive), memslot.c
 * and large.c (guest memory and the grants the VMM holds on it), runloop.c (KVM_RUN: the
 * rounds between host and VMM), pool.c (the VMM's own memory), state.c, msr.c
 * and cpuid.c (the guest's state from outside), irq.c and chips.c (interrupts),
 * clock.c, stats.c.
 *
 * Nothing in this directory knows how a world switch works; that is
 * arch/x86/vmbt/host behind vmbt_host.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/reboot.h>

#include "vmbt.h"

bool vmbt_param_no_de;
module_param_named(no_de, vmbt_param_no_de, bool, 0644);
MODULE_PARM_DESC(no_de, "never execute guest code directly (for tests; new VMs)");

uint vmbt_param_no_offers;
module_param_named(no_offers, vmbt_param_no_offers, uint, 0644);
MODULE_PARM_DESC(no_offers, "what new VMs do without, by bits, for measurements: Documentation/vmbt/api.rst has the list");

uint vmbt_param_no_io;
module_param_named(no_io, vmbt_param_no_io, uint, 0644);
MODULE_PARM_DESC(no_io, "what the VMM must leave to devices in user space: 1 index registers and registers without effects, 2 writes that may wait, 4 reads of live registers (for measurements)");

uint vmbt_param_no_large;
module_param_named(no_large, vmbt_param_no_large, uint, 0644);
MODULE_PARM_DESC(no_large, "what is not done with huge pages behind guest memory: 1 grants of 2 MiB at once, 2 shadow entries of 2 MiB in new VMs (for measurements)");

int vmbt_param_monitor = -1;
module_param_named(monitor, vmbt_param_monitor, int, 0644);
MODULE_PARM_DESC(monitor, "where the monitor area sits in new VMs: 0 floating, 1 fixed at the top, -1 as the CPU allows (default)");

uint vmbt_param_pool_pages = 16384;
module_param_named(pool_pages, vmbt_param_pool_pages, uint, 0644);
MODULE_PARM_DESC(pool_pages, "most pages a new VM's VMM may have for its tables (default 16384)");

bool vmbt_param_hostile;
module_param_named(hostile, vmbt_param_hostile, bool, 0444);
MODULE_PARM_DESC(hostile, "for tests: allow VMs that run any bytes at ring 1 (default off)");

static bool vmbt_param_force;
module_param_named(force, vmbt_param_force, bool, 0444);
MODULE_PARM_DESC(force, "load on a CPU without IBPB: guests may then read the host's memory by speculation");

bool vmbt_stopping;

static const struct file_operations vmbt_dev_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= vmbt_dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice vmbt_dev = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vmbt",
	.fops	= &vmbt_dev_fops,
};

/*
 * Suspend freezes the tasks and CPU hotplug stops the machine; both reach a
 * vCPU in the VMM world as interrupts that make it leave. No CPU keeps anything
 * of ours meanwhile: each trip sets up what it needs (host/hostcpu.c). But the
 * time-stamp counter may begin anew (clock.c). A reboot waits for nobody, so
 * vCPUs are driven out and kept out.
 */
static int vmbt_reboot(struct notifier_block *nb, unsigned long code, void *data)
{
	WRITE_ONCE(vmbt_stopping, true);
	vmbt_vm_kick_all();
	return NOTIFY_DONE;
}

static struct notifier_block vmbt_reboot_nb = {
	.notifier_call	= vmbt_reboot,
};

static int __init vmbt_init(void)
{
	int r;

	r = vmbt_host_init(vmbt_param_force);
	if (r)
		return r;
	vmbt_stats_init();
	r = vmbt_pool_init();
	if (r)
		goto out_stats;
	r = register_reboot_notifier(&vmbt_reboot_nb);
	if (r)
		goto out_pool;
	r = misc_register(&vmbt_dev);
	if (r)
		goto out_reboot;
	vmbt_clock_init(vmbt_dev.this_device);
	return 0;

out_reboot:
	unregister_reboot_notifier(&vmbt_reboot_nb);
out_pool:
	vmbt_pool_exit();
out_stats:
	vmbt_stats_exit();
	vmbt_host_exit();
	return r;
}

static void __exit vmbt_exit(void)
{
	vmbt_clock_exit(vmbt_dev.this_device);
	misc_deregister(&vmbt_dev);
	unregister_reboot_notifier(&vmbt_reboot_nb);
	vmbt_pool_exit();
	vmbt_stats_exit();
	vmbt_host_exit();
}

module_init(vmbt_init);
module_exit(vmbt_exit);

MODULE_DESCRIPTION("Virtual machines by binary translation");
MODULE_LICENSE("GPL");
