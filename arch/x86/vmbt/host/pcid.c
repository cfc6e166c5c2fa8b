// SPDX-License-Identifier: GPL-2.0
/*
 * Process-context identifiers for the VMM world: whether, and from which CPU.
 *
 * Each CPU has a stock of numbers that Linux does not use; include/pcid.h says
 * how they are handed out and when they are flushed. Without, the VMM world has
 * number 0, like a CPU without PCIDs, and each entry flushes it.
 *
 * Off unless asked for: no emulator has a TLB with tags, so what shows that
 * nothing stale is kept is a model of one (selftests/vmbt/unit/mmu).
 */
#include <linux/kconfig.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "../include/hostinsn.h"
#include "host_int.h"

static bool pcid;
module_param(pcid, bool, 0444);
MODULE_PARM_DESC(pcid, "give VMs process-context identifiers of their own, so that less of the TLB is flushed (default off)");

static DEFINE_PER_CPU(struct vmbt_pcid_cpu, stock);
static bool enabled;

/* With these, newer kernels have global numbers of Linux's up to 2046. */
static bool has_invlpgb(void)
{
	u32 eax, ebx, ecx, edx;

	if (boot_cpu_data.extended_cpuid_level < 0x80000008)
		return false;
	vmbt_cpuid(0x80000008, 0, &eax, &ebx, &ecx, &edx);
	return ebx & BIT(3);
}

void vmbt_pcid_init(void)
{
	enabled = false;
	if (!pcid)
		return;
	if (!(native_read_cr4() & X86_CR4_PCIDE))
		pr_info("vmbt: pcid=1: this host does not use process-context identifiers\n");
	else if (has_invlpgb() || !IS_ENABLED(CONFIG_MITIGATION_PAGE_TABLE_ISOLATION))
		pr_info("vmbt: pcid=1: the kernel may use all identifiers itself\n");
	else
		enabled = true;
	if (enabled)
		vmbt_caps_set(VMBT_HOST_PCID);
}

/*
 * Linux's number of the moment, with or without the bit that page-table
 * isolation sets for user space, is not one of ours.
 */
static bool host_keeps_off(const struct vmbt_cross *x)
{
	u64 user = BIT(11);

	return ((x->host_cr3 & VMBT_CR3_PCID) | user) < VMBT_PCID_FIRST;
}

/**
 * vmbt_pcid_away() - decide what the coming entry flushes
 * @v: the vCPU; its cross page has the host's CR3 and CR4 of now
 */
void vmbt_pcid_away(struct vmbt_hv_vcpu *v)
{
	struct vmbt_pcid_cpu *c = NULL;

	if (READ_ONCE(enabled) && !host_keeps_off(v->cross)) {
		pr_err_once("vmbt: the host uses PCID %llx, no more of our own\n",
			    v->cross->host_cr3 & VMBT_CR3_PCID);
		WRITE_ONCE(enabled, false);
	}
	if (READ_ONCE(enabled) && (v->cross->host_cr4 & X86_CR4_PCIDE))
		c = this_cpu_ptr(&stock);
	if (vmbt_pcid_enter(v->cross, &v->pcids, c, smp_processor_id()))
		v->space->shared->stats.entries_kept++;
}

/**
 * vmbt_pcid_forget() - nothing that CPUs have cached for a vCPU may be used again
 * @v: the vCPU, not in the VMM world
 *
 * It has no block any more, so its next entry flushes and begins a new epoch, in
 * which each root's first load does.
 */
void vmbt_pcid_forget(struct vmbt_hv_vcpu *v)
{
	v->pcids = (struct vmbt_pcid_block){};
}
