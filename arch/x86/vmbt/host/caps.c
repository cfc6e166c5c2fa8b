// SPDX-License-Identifier: GPL-2.0
/*
 * May this machine run vmbt, and what does its CPU do?
 *
 * Asked once, at module load. Every refusal is one line in the log that says
 * what is in the way.
 */
#include <linux/cc_platform.h>
#include <linux/cpu.h>
#include <linux/printk.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/processor.h>

#include "host_int.h"

static u32 caps;

u32 vmbt_host_caps(void)
{
	return caps;
}

void vmbt_caps_set(u32 cap)
{
	caps |= cap;
}

static bool uses_fred(void)
{
	/* CR4.FRED, SDM's FRED specification 5: IRET and INT n differ there. */
	return native_read_cr4() & BIT_ULL(32);
}

int vmbt_caps_init(bool force)
{
	const char *why = NULL;

	if (hypervisor_is_type(X86_HYPER_XEN_PV) ||
	    cpu_feature_enabled(X86_FEATURE_XENPV))
		why = "the kernel runs as a Xen PV guest, which has no ring 0";
	else if (cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT))
		why = "the kernel is an SEV-ES or SNP guest, whose #VC the VMM can't handle";
	else if (boot_cpu_has(X86_FEATURE_TDX_GUEST))
		why = "the kernel is a TDX guest, whose #VE the VMM can't handle";
	else if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		why = "the kernel is an SEV guest, on which vmbt has never been tried";
	else if (uses_fred())
		why = "the kernel uses FRED, which has no rings 1 and 2 (boot with fred=off)";
	else if (!boot_cpu_has(X86_FEATURE_NX) || !boot_cpu_has(X86_FEATURE_FXSR))
		why = "the CPU has no NX or no FXSAVE";
	if (why) {
		pr_err("vmbt: refused: %s\n", why);
		return -ENODEV;
	}
	if (!boot_cpu_has(X86_FEATURE_IBPB) && !cpu_mitigations_off()) {
		if (!force) {
			pr_err("vmbt: refused: the CPU has no IBPB, so a guest could train the host's branch predictors (parameter force=1 accepts that)\n");
			return -ENODEV;
		}
		pr_warn("vmbt: no IBPB: guests can train the host's branch predictors\n");
	}

	caps = VMBT_HOST_NX;
	if (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL ||
	    boot_cpu_data.x86_vendor == X86_VENDOR_CENTAUR ||
	    boot_cpu_data.x86_vendor == X86_VENDOR_ZHAOXIN)
		caps |= VMBT_HOST_INTEL;
	if (native_read_cr4() & X86_CR4_LA57)
		caps |= VMBT_HOST_LA57;
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		caps |= VMBT_HOST_CPUIDFAULT;
	return 0;
}
