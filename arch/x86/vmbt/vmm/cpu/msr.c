// SPDX-License-Identifier: GPL-2.0
/*
 * Model-specific registers and the time-stamp counter.
 *
 * No MSR of the guest's reaches the CPU from here: a few have meaning for the
 * VMM (TSC, EFER.NXE, SYSENTER_*, APIC_BASE), others are storage that firmware
 * and kernels expect to read back (PAT, MTRRs, MISC_ENABLE), some read as
 * constants that say "not here". Everything else is #GP(0), which kernels that
 * probe are prepared for.
 */
#include "cpu_int.h"

/* Names as in the SDM, vol. 4, and AMD's APM, vol. 2, appendix A. */
#define MSR_TSC			0x10
#define MSR_PLATFORM_ID		0x17
#define MSR_APIC_BASE		0x1b
#define MSR_EBL_CR_POWERON	0x2a
#define MSR_FEATURE_CONTROL	0x3a
#define MSR_BIOS_UPDT_TRIG	0x79
#define MSR_BIOS_SIGN_ID	0x8b
#define MSR_MTRRCAP		0xfe
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_MCG_CAP		0x179
#define MSR_MCG_STATUS		0x17a
#define MSR_MISC_ENABLE		0x1a0
#define MSR_DEBUGCTL		0x1d9
#define MSR_MTRR_VAR		0x200
#define MSR_MTRR_VAR_END	0x20f
#define MSR_MTRR_FIX64K		0x250
#define MSR_MTRR_FIX16K_8	0x258
#define MSR_MTRR_FIX16K_A	0x259
#define MSR_MTRR_FIX4K		0x268
#define MSR_MTRR_FIX4K_END	0x26f
#define MSR_PAT			0x277
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MSR_EFER		0xc0000080
#define MSR_TSC_AUX		0xc0000103
#define MSR_AMD_SYSCFG		0xc0010010
#define MSR_AMD_HWCR		0xc0010015
#define MSR_AMD_NB_CFG		0xc001001f
#define MSR_AMD_INT_PENDING	0xc0010055
#define MSR_AMD_DE_CFG		0xc0011029

/* 8 variable ranges, fixed ranges, write-combining. */
#define MTRRCAP			0x508
#define APIC_BASE_BSP		0x100
#define APIC_BASE_ENABLE	0x800
#define APIC_BASE_ADDR		0xfffff000
/* BTS and PEBS are not there; fast strings are. */
#define MISC_ENABLE_ONES	0x1800
#define DE_CFG_LFENCE		0x2

static bool has(struct vcpu *v, u32 leaf, int reg, u32 bit)
{
	u32 id[4];

	/* Asking for a leaf that is not there gives the data of another. */
	cpu_cpuid(v, leaf & 0xffff0000, 0, id);
	if (id[0] < leaf)
		return false;
	cpu_cpuid(v, leaf, 0, id);
	return id[reg] >> bit & 1;
}

static bool is_amd(struct vcpu *v)
{
	u32 id[4];

	cpu_cpuid(v, 0, 0, id);
	return id[1] == 0x68747541;	/* "Auth" of AuthenticAMD */
}

/**
 * cpu_rdtsc() - the guest's time-stamp counter
 * @v: the vCPU
 * Return: its value
 */
u64 cpu_rdtsc(struct vcpu *v)
{
	return plat_tsc() + v->guest->tsc_offset;
}

/* Slot of a fixed-range MTRR in mtrr_fixed[], or -1. */
static int fixed_slot(u32 msr)
{
	if (msr == MSR_MTRR_FIX64K)
		return 0;
	if (msr == MSR_MTRR_FIX16K_8 || msr == MSR_MTRR_FIX16K_A)
		return 1 + msr - MSR_MTRR_FIX16K_8;
	if (msr >= MSR_MTRR_FIX4K && msr <= MSR_MTRR_FIX4K_END)
		return 3 + msr - MSR_MTRR_FIX4K;
	return -1;
}

/* UC, WC, WT, WP, WB; PAT knows UC- (7), too. */
static bool memory_type(u8 type, bool pat)
{
	return type <= 1 || (type >= 4 && type <= 6) || (pat && type == 7);
}

static bool memory_types(u64 val, bool pat)
{
	for (int i = 0; i < 8; i++)
		if (!memory_type(val >> (i * 8), pat))
			return false;
	return true;
}

static bool wall_clock(u32 msr)
{
	return msr == VMBT_MSR_KVM_WALL_CLOCK || msr == VMBT_MSR_KVM_WALL_CLOCK_NEW;
}

static bool has_kvm(const struct vcpu *v, u32 msr)
{
	return cpu_has_pvclock(v, msr >= VMBT_MSR_KVM_WALL_CLOCK_NEW ?
				  VMBT_KVM_FEATURE_CLOCKSOURCE2 :
				  VMBT_KVM_FEATURE_CLOCKSOURCE);
}

static int write_kvm(struct vcpu *v, u32 msr, u64 val)
{
	if (!has_kvm(v, msr))
		return gp0(v);
	if (wall_clock(msr)) {
		v->guest->kvm_wall_clock = val;
		cpu_pvclock_wall(v, val);
	} else {
		v->guest->kvm_system_time = val;
		cpu_pvclock_update(v);
	}
	return X_OK;
}

static int read_amd(struct vcpu *v, u32 msr, u64 *val)
{
	if (!is_amd(v))
		return gp0(v);
	switch (msr) {
	case MSR_AMD_SYSCFG:
	case MSR_AMD_HWCR:
	case MSR_AMD_NB_CFG:
	case MSR_AMD_INT_PENDING:	/* C1E is off: Linux looks at boot */
		*val = 0;
		return X_OK;
	case MSR_AMD_DE_CFG:
		*val = DE_CFG_LFENCE;
		return X_OK;
	default:
		return gp0(v);
	}
}

/**
 * cpu_rdmsr() - RDMSR
 * @v: the vCPU
 * @msr: ECX
 * @val: EDX:EAX
 * Return: X_OK, or X_FAULT (#GP(0))
 */
int cpu_rdmsr(struct vcpu *v, u32 msr, u64 *val)
{
	const struct vmbt_guest *g = v->guest;
	int slot = fixed_slot(msr);

	if (vcpu_cpl(v))
		return gp0(v);
	if (slot >= 0) {
		*val = g->mtrr_fixed[slot];
		return X_OK;
	}
	if (msr >= MSR_MTRR_VAR && msr <= MSR_MTRR_VAR_END) {
		*val = g->mtrr_var[msr - MSR_MTRR_VAR];
		return X_OK;
	}
	switch (msr) {
	case MSR_TSC:
		*val = cpu_rdtsc(v);
		return X_OK;
	case MSR_APIC_BASE:
		*val = g->apic_base;
		return X_OK;
	case MSR_PLATFORM_ID:
	case MSR_EBL_CR_POWERON:
	case MSR_MCG_CAP:
	case MSR_DEBUGCTL:
		*val = 0;
		return X_OK;
	case MSR_FEATURE_CONTROL:
		*val = 1;	/* locked, nothing enabled */
		return X_OK;
	case MSR_BIOS_SIGN_ID:
		*val = 1ULL << 32;	/* some update is loaded */
		return X_OK;
	case MSR_MTRRCAP:
		*val = MTRRCAP;
		return X_OK;
	case MSR_SYSENTER_CS:
	case MSR_SYSENTER_ESP:
	case MSR_SYSENTER_EIP:
		if (!cpu_has_sep(v))
			return gp0(v);
		*val = msr == MSR_SYSENTER_CS ? g->sysenter_cs :
		       msr == MSR_SYSENTER_ESP ? g->sysenter_esp :
						 g->sysenter_eip;
		return X_OK;
	case MSR_MCG_STATUS:
		*val = g->mcg_status;
		return X_OK;
	case MSR_MISC_ENABLE:
		*val = g->misc_enable | MISC_ENABLE_ONES;
		return X_OK;
	case MSR_PAT:
		*val = g->pat;
		return X_OK;
	case MSR_MTRR_DEF_TYPE:
		*val = g->mtrr_def_type;
		return X_OK;
	case MSR_EFER:
		*val = g->efer;
		return X_OK;
	case MSR_TSC_AUX:
		if (!has(v, 0x80000001, 3, 27))
			return gp0(v);
		*val = g->tsc_aux;
		return X_OK;
	case VMBT_MSR_KVM_WALL_CLOCK:
	case VMBT_MSR_KVM_SYSTEM_TIME:
	case VMBT_MSR_KVM_WALL_CLOCK_NEW:
	case VMBT_MSR_KVM_SYSTEM_TIME_NEW:
		if (!has_kvm(v, msr))
			return gp0(v);
		*val = wall_clock(msr) ? g->kvm_wall_clock : g->kvm_system_time;
		return X_OK;
	default:
		return read_amd(v, msr, val);
	}
}

static int write_efer(struct vcpu *v, u64 val)
{
	u64 allowed = has(v, 0x80000001, 3, 20) ? VMBT_EFER_NXE : 0;
	u64 old = v->guest->efer;

	if (val & ~allowed)
		return gp0(v);
	v->guest->efer = val;
	if (val != old) {
		mmu_mode_changed(v);
		v->events |= VCPU_EV_MODE;
	}
	return X_OK;
}

static int write_mtrr_var(struct vcpu *v, u32 msr, u64 val)
{
	/* Even ones are bases with a type, odd ones masks with a valid bit. */
	bool mask = msr & 1;
	u64 reserved = mask ? 0x7ff : 0xf00;
	u32 id[4], bits = 36;

	cpu_cpuid(v, 0x80000000, 0, id);
	if (id[0] >= 0x80000008) {
		cpu_cpuid(v, 0x80000008, 0, id);
		bits = id[0] & 0xff;
	}
	if (bits < 36 || bits > 52)
		bits = 36;
	if ((val & reserved) || val >> bits ||
	    (!mask && !memory_type(val, false)))
		return gp0(v);
	v->guest->mtrr_var[msr - MSR_MTRR_VAR] = val;
	return X_OK;
}

static int write_amd(struct vcpu *v, u32 msr)
{
	if (!is_amd(v))
		return gp0(v);
	switch (msr) {
	case MSR_AMD_SYSCFG:
	case MSR_AMD_HWCR:
	case MSR_AMD_NB_CFG:
	case MSR_AMD_DE_CFG:
		/* Errata switches and the like: nothing here to switch. */
		return X_OK;
	default:
		return gp0(v);
	}
}

/**
 * cpu_wrmsr() - WRMSR
 * @v: the vCPU
 * @msr: ECX
 * @val: EDX:EAX
 * Return: X_OK, or X_FAULT (#GP(0))
 */
int cpu_wrmsr(struct vcpu *v, u32 msr, u64 val)
{
	struct vmbt_guest *g = v->guest;
	int slot = fixed_slot(msr);

	if (vcpu_cpl(v))
		return gp0(v);
	if (slot >= 0) {
		if (!memory_types(val, false))
			return gp0(v);
		g->mtrr_fixed[slot] = val;
		return X_OK;
	}
	if (msr >= MSR_MTRR_VAR && msr <= MSR_MTRR_VAR_END)
		return write_mtrr_var(v, msr, val);
	switch (msr) {
	case MSR_TSC:
		cpu_set_tsc(v, val);
		return X_OK;
	case VMBT_MSR_KVM_WALL_CLOCK:
	case VMBT_MSR_KVM_SYSTEM_TIME:
	case VMBT_MSR_KVM_WALL_CLOCK_NEW:
	case VMBT_MSR_KVM_SYSTEM_TIME_NEW:
		return write_kvm(v, msr, val);
	case MSR_APIC_BASE:
		if (val & ~(u64)(APIC_BASE_ADDR | APIC_BASE_ENABLE |
				 APIC_BASE_BSP))
			return gp0(v);
		g->apic_base = val;
		return X_OK;
	case MSR_EBL_CR_POWERON:
	case MSR_BIOS_UPDT_TRIG:
	case MSR_BIOS_SIGN_ID:
		return X_OK;
	case MSR_SYSENTER_CS:
	case MSR_SYSENTER_ESP:
	case MSR_SYSENTER_EIP:
		if (!cpu_has_sep(v))
			return gp0(v);
		if (msr == MSR_SYSENTER_CS) {
			g->sysenter_cs = val;
			/* SYSEXIT was offered with the segments that followed from it. */
			desc_revoke_user(v);
		} else if (msr == MSR_SYSENTER_ESP) {
			g->sysenter_esp = val;
		} else {
			g->sysenter_eip = val;
		}
		return X_OK;
	case MSR_MCG_STATUS:
		g->mcg_status = val;
		return X_OK;
	case MSR_DEBUGCTL:
		return val ? gp0(v) : X_OK;
	case MSR_MISC_ENABLE:
		g->misc_enable = val;
		return X_OK;
	case MSR_PAT:
		if (!memory_types(val, true))
			return gp0(v);
		g->pat = val;
		return X_OK;
	case MSR_MTRR_DEF_TYPE:
		if ((val & ~0xcffULL) || !memory_type(val, false))
			return gp0(v);
		g->mtrr_def_type = val;
		return X_OK;
	case MSR_EFER:
		return write_efer(v, val);
	case MSR_TSC_AUX:
		if (!has(v, 0x80000001, 3, 27) || val >> 32)
			return gp0(v);
		g->tsc_aux = val;
		return X_OK;
	default:
		return write_amd(v, msr);
	}
}
