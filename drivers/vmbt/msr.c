// SPDX-License-Identifier: GPL-2.0
/*
 * Model-specific registers from outside: KVM_GET_MSRS, KVM_SET_MSRS and the
 * list of those that make up a VM's state.
 *
 * The guest's own RDMSR and WRMSR are served in the VMM (vmm/cpu). What user
 * space may write is what the guest may, plus the read-only ones' own values.
 */
#include <linux/nospec.h>
#include <asm/msr-index.h>
#include <asm/mtrr.h>

#include "vmbt.h"

#define VMBT_MTRR_VAR	8	/* pairs of base and mask */

const u32 vmbt_msr_list[] = {
	MSR_IA32_TSC,
	MSR_IA32_APICBASE,
	MSR_MTRRcap,
	MSR_IA32_SYSENTER_CS,
	MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP,
	MSR_IA32_MCG_STATUS,
	MSR_IA32_MISC_ENABLE,
	MTRRphysBase_MSR(0), MTRRphysMask_MSR(0),
	MTRRphysBase_MSR(1), MTRRphysMask_MSR(1),
	MTRRphysBase_MSR(2), MTRRphysMask_MSR(2),
	MTRRphysBase_MSR(3), MTRRphysMask_MSR(3),
	MTRRphysBase_MSR(4), MTRRphysMask_MSR(4),
	MTRRphysBase_MSR(5), MTRRphysMask_MSR(5),
	MTRRphysBase_MSR(6), MTRRphysMask_MSR(6),
	MTRRphysBase_MSR(7), MTRRphysMask_MSR(7),
	MSR_MTRRfix64K_00000,
	MSR_MTRRfix16K_80000,
	MSR_MTRRfix16K_A0000,
	MSR_MTRRfix4K_C0000,
	MSR_MTRRfix4K_C8000,
	MSR_MTRRfix4K_D0000,
	MSR_MTRRfix4K_D8000,
	MSR_MTRRfix4K_E0000,
	MSR_MTRRfix4K_E8000,
	MSR_MTRRfix4K_F0000,
	MSR_MTRRfix4K_F8000,
	MSR_IA32_CR_PAT,
	MSR_MTRRdefType,
	MSR_EFER,
	MSR_TSC_AUX,
	VMBT_MSR_KVM_WALL_CLOCK_NEW,
	VMBT_MSR_KVM_SYSTEM_TIME_NEW,
};

const unsigned int vmbt_msr_count = ARRAY_SIZE(vmbt_msr_list);

/* Those that are plain 64-bit fields of struct vmbt_guest, or NULL. */
static u64 *vmbt_msr_field(struct vmbt_guest *g, u32 index)
{
	switch (index) {
	case MSR_IA32_APICBASE:
		return &g->apic_base;
	case MSR_IA32_MCG_STATUS:
		return &g->mcg_status;
	case MSR_IA32_MISC_ENABLE:
		return &g->misc_enable;
	case MTRRphysBase_MSR(0) ... MTRRphysMask_MSR(VMBT_MTRR_VAR - 1):
		index = array_index_nospec(index - MTRRphysBase_MSR(0),
					   2 * VMBT_MTRR_VAR);
		return &g->mtrr_var[index];
	case MSR_MTRRfix64K_00000:
		return &g->mtrr_fixed[0];
	case MSR_MTRRfix16K_80000:
		return &g->mtrr_fixed[1];
	case MSR_MTRRfix16K_A0000:
		return &g->mtrr_fixed[2];
	case MSR_MTRRfix4K_C0000 ... MSR_MTRRfix4K_F8000:
		index = array_index_nospec(index - MSR_MTRRfix4K_C0000, 8);
		return &g->mtrr_fixed[3 + index];
	case MSR_IA32_CR_PAT:
		return &g->pat;
	case MSR_MTRRdefType:
		return &g->mtrr_def_type;
	case MSR_EFER:
		return &g->efer;
	case MSR_TSC_AUX:
		return &g->tsc_aux;
	case VMBT_MSR_KVM_WALL_CLOCK:
	case VMBT_MSR_KVM_WALL_CLOCK_NEW:
		return &g->kvm_wall_clock;
	case VMBT_MSR_KVM_SYSTEM_TIME:
	case VMBT_MSR_KVM_SYSTEM_TIME_NEW:
		return &g->kvm_system_time;
	}
	return NULL;
}

static u32 *vmbt_msr_field32(struct vmbt_guest *g, u32 index)
{
	switch (index) {
	case MSR_IA32_SYSENTER_CS:
		return &g->sysenter_cs;
	case MSR_IA32_SYSENTER_ESP:
		return &g->sysenter_esp;
	case MSR_IA32_SYSENTER_EIP:
		return &g->sysenter_eip;
	}
	return NULL;
}

/* WC and fixed ranges exist, and so many variable ones (SDM vol. 3, 12.11.1). */
#define VMBT_MTRRCAP	(0x500 | VMBT_MTRR_VAR)

int vmbt_msr_get(struct vmbt_vcpu *vcpu, u32 index, u64 *value)
{
	struct vmbt_guest *g = &vcpu->vm->shared->guest;
	u64 *field = vmbt_msr_field(g, index);
	u32 *field32 = vmbt_msr_field32(g, index);

	if (field)
		*value = *field;
	else if (field32)
		*value = *field32;
	else if (index == MSR_IA32_TSC)
		*value = vmbt_clock_get_tsc(vcpu->vm);
	else if (index == MSR_MTRRcap)
		*value = VMBT_MTRRCAP;
	else
		return -EINVAL;
	return 0;
}

/* Memory types that PAT and MTRRs know (SDM vol. 3, table 12-2). */
static bool vmbt_memtype_ok(u8 type, bool pat)
{
	return type == 0 || type == 1 || (type >= 4 && type <= 6) ||
	       (pat && type == 7);
}

static bool vmbt_memtypes_ok(u64 value, bool pat)
{
	int i;

	for (i = 0; i < 8; i++, value >>= 8)
		if (!vmbt_memtype_ok(value & 0xff, pat))
			return false;
	return true;
}

static bool vmbt_msr_value_ok(u32 index, u64 value)
{
	switch (index) {
	case MSR_EFER:
		return !(value & ~(u64)VMBT_EFER_NXE) &&
		       (!value || (vmbt_host_caps() & VMBT_HOST_NX));
	case MSR_IA32_CR_PAT:
		return vmbt_memtypes_ok(value, true);
	case MSR_MTRRfix64K_00000:
	case MSR_MTRRfix16K_80000:
	case MSR_MTRRfix16K_A0000:
	case MSR_MTRRfix4K_C0000 ... MSR_MTRRfix4K_F8000:
		return vmbt_memtypes_ok(value, false);
	case MSR_MTRRdefType:
		return !(value & ~0xcffull) && vmbt_memtype_ok(value, false);
	case MSR_TSC_AUX:
	case MSR_IA32_APICBASE:
		return !upper_32_bits(value);
	}
	return true;
}

int vmbt_msr_set(struct vmbt_vcpu *vcpu, u32 index, u64 value)
{
	struct vmbt_guest *g = &vcpu->vm->shared->guest;
	u64 *field = vmbt_msr_field(g, index);
	u32 *field32 = vmbt_msr_field32(g, index);

	if (!vmbt_msr_value_ok(index, value))
		return -EINVAL;
	if (field) {
		*field = value;
	} else if (field32) {
		if (upper_32_bits(value))
			return -EINVAL;
		*field32 = value;
	} else if (index == MSR_IA32_TSC) {
		vmbt_clock_set_tsc(vcpu->vm, value);
	} else if (index != MSR_MTRRcap || value != VMBT_MTRRCAP) {
		return -EINVAL;
	}
	return 0;
}
