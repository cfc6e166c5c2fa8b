// SPDX-License-Identifier: GPL-2.0
/*
 * What the switch does against speculation, decided once.
 *
 * Ring 1 is supervisor mode to the predictors, so eIBRS and AutoIBRS tell the
 * guest's kernel and the host apart no better than two processes' kernel
 * halves. Hence IBPB, a refill of the return stack and a cleared branch
 * history on every way back to the host, in crosspage.S, before its first RET;
 * and what the host does on its own exit to user space on the way in: VERW,
 * and IBRS off where the kernel has it for itself (spectre_v2=ibrs).
 *
 * The barrier is always the whole one: AMD's SBPB, which the kernel may choose
 * for its own processes, leaves predictions of a branch's type.
 *
 * A guest is both to the host, a process and a virtual machine: what the kernel
 * does against one or the other only, is done here, too.
 *
 * L1TF needs nothing here: non-present shadow entries are zero.
 */
#include <linux/cpu.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <asm/cpufeature.h>

#include "host_int.h"

static int override = -1;
module_param_named(mitigate, override, int, 0444);
MODULE_PARM_DESC(mitigate, "what a switch does, for tests: 1 IBPB, 2 return stack, 4 branch history, 8 VERW, 16 IA32_SPEC_CTRL; -1: what the CPU needs (default)");

static u32 flags;

void vmbt_mitigate_init(void)
{
	flags = 0;
	if (override >= 0) {
		flags = override;
		return;
	}
	if (boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF) ||
	    boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF_VM))
		flags |= VMBT_XF_VERW;
	if (cpu_mitigations_off())
		return;
	flags |= VMBT_XF_RSB;
	if (boot_cpu_has(X86_FEATURE_IBPB))
		flags |= VMBT_XF_IBPB;
	if (boot_cpu_has(X86_FEATURE_CLEAR_BHB_LOOP) ||
	    boot_cpu_has(X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT))
		flags |= VMBT_XF_BHB;
	if (boot_cpu_has(X86_FEATURE_KERNEL_IBRS))
		flags |= VMBT_XF_SPEC_CTRL;
}

u32 vmbt_mitigate_flags(void)
{
	return flags;
}

void vmbt_mitigations(const struct vmbt_hv_vcpu *v, struct vmbt_mitigated *out)
{
	const struct vmbt_cross *x = v->cross;

	out->ibpb = READ_ONCE(x->did_ibpb);
	out->bhb = READ_ONCE(x->did_bhb);
	out->rsb = READ_ONCE(x->did_rsb);
	out->verw = READ_ONCE(x->did_verw);
	out->spec_ctrl = READ_ONCE(x->did_spec_ctrl);
}
