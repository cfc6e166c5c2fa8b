/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUID and MSRs of the host, for the kernel's half of vmbt.
 *
 * The same sources are built for Linux 6.12 and for 7.x, and the kernel's names
 * for both have moved: CPUID's to another header (6.18), those of whole MSRs
 * from rdmsrl() to rdmsrq() (6.16). What is used here, RDMSR and WRMSR in two
 * halves, is in both. A host is never a Xen PV guest (host/caps.c), so CPUID
 * needs no detour.
 */
#ifndef VMBT_HOSTINSN_H
#define VMBT_HOSTINSN_H

#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/wordpart.h>
#include <asm/msr.h>

static inline void vmbt_cpuid(u32 leaf, u32 index, u32 *eax, u32 *ebx,
			      u32 *ecx, u32 *edx)
{
	asm volatile("cpuid"
		     : "=a" (*eax), "=b" (*ebx), "=c" (*ecx), "=d" (*edx)
		     : "0" (leaf), "2" (index));
}

static inline u64 vmbt_rdmsr(u32 msr)
{
	u32 low, high;

	rdmsr(msr, low, high);
	return low | (u64)high << 32;
}

static inline void vmbt_wrmsr(u32 msr, u64 val)
{
	wrmsr(msr, lower_32_bits(val), upper_32_bits(val));
}

/* Returns 0, or -EIO and a value of 0 if there is no such MSR. */
static inline int vmbt_rdmsr_safe(u32 msr, u64 *val)
{
	u32 low, high;
	int err = rdmsr_safe(msr, &low, &high);

	*val = err ? 0 : low | (u64)high << 32;
	return err;
}

#endif
