// SPDX-License-Identifier: GPL-2.0
/*
 * Control and debug registers: which values the guest may write, and what
 * follows.
 *
 * These are the guest's registers; the CPU's own are the VMM's, and get nothing
 * from here but CR0.MP, EM and TS. CR4 is a whitelist that follows CPUID: a bit
 * whose feature is not offered is reserved, and VME, PVI, OSXSAVE and all later
 * ones never are. SDM vol. 3, 2.5, 4.4.1 and 17.2.
 */
#include "cpu_int.h"

#define CR0_KNOWN (VMBT_CR0_PE | VMBT_CR0_MP | VMBT_CR0_EM | VMBT_CR0_TS | \
		   VMBT_CR0_ET | VMBT_CR0_NE | VMBT_CR0_WP | VMBT_CR0_AM | \
		   VMBT_CR0_NW | VMBT_CR0_CD | VMBT_CR0_PG)
/* Changes that make the CPU read the PDPTEs again under PAE. */
#define CR0_PDPTE (VMBT_CR0_PG | VMBT_CR0_CD | VMBT_CR0_NW)
#define CR4_PDPTE (VMBT_CR4_PAE | VMBT_CR4_PGE | VMBT_CR4_PSE)
/* Changes that flush the TLB or make walks different. */
#define CR0_MMU (VMBT_CR0_PG | VMBT_CR0_WP)
#define CR4_MMU (VMBT_CR4_PAE | VMBT_CR4_PGE | VMBT_CR4_PSE)

/* CPUID leaf 1, EDX bits that CR4 bits depend on. */
static const struct {
	u32 cr4;
	u32 edx;
} cr4_feature[] = {
	{ VMBT_CR4_TSD, 1u << 4 },
	{ VMBT_CR4_DE, 1u << 2 },
	{ VMBT_CR4_PSE, 1u << 3 },
	{ VMBT_CR4_PAE, 1u << 6 },
	{ VMBT_CR4_MCE, 1u << 7 },
	{ VMBT_CR4_PGE, 1u << 13 },
	{ VMBT_CR4_OSFXSR, 1u << 24 },
	{ VMBT_CR4_OSXMMEXCPT, 1u << 25 },
};

static u32 cr4_allowed(struct vcpu *v)
{
	u32 mask = VMBT_CR4_PCE, id[4];

	cpu_cpuid(v, 1, 0, id);
	for (u32 i = 0; i < ARRAY_SIZE(cr4_feature); i++)
		if (id[3] & cr4_feature[i].edx)
			mask |= cr4_feature[i].cr4;
	return mask;
}

static bool pae_paging(const struct vcpu *v)
{
	return vcpu_paging(v) && (v->guest->cr4 & VMBT_CR4_PAE);
}

/* Paging works differently now; v->guest has the new values. */
static void mode_changed(struct vcpu *v)
{
	mmu_mode_changed(v);
	desc_mappings_changed(v);
	v->events |= VCPU_EV_MODE;
}

static int write_cr0(struct vcpu *v, u32 val)
{
	struct vmbt_guest *g = v->guest;
	u32 old = g->cr0, changed;
	int r;

	if (((val & VMBT_CR0_PG) && !(val & VMBT_CR0_PE)) ||
	    ((val & VMBT_CR0_NW) && !(val & VMBT_CR0_CD)))
		return gp0(v);
	/* Reserved bits read back as zero, ET as one. */
	val = (val & CR0_KNOWN) | VMBT_CR0_ET;
	changed = val ^ old;
	g->cr0 = val;
	if (pae_paging(v) && (changed & CR0_PDPTE)) {
		r = mmu_load_cr3(v, g->cr3);
		if (r) {
			g->cr0 = old;
			return r;
		}
	}
	if (changed & CR0_MMU)
		mode_changed(v);
	if (changed & VMBT_CR0_PE)
		desc_segs_changed(v);
	if (changed)
		v->events |= VCPU_EV_MODE;
	return X_OK;
}

static int write_cr3(struct vcpu *v, u32 val)
{
	struct vmbt_guest *g = v->guest;
	u32 old = g->cr3;
	int r;

	g->cr3 = val;
	r = mmu_load_cr3(v, val);
	if (r) {
		g->cr3 = old;
		return r;
	}
	desc_mappings_changed(v);
	return X_OK;
}

static int write_cr4(struct vcpu *v, u32 val)
{
	struct vmbt_guest *g = v->guest;
	u32 old = g->cr4;
	int r;

	if (val & ~cr4_allowed(v))
		return gp0(v);
	g->cr4 = val;
	if (pae_paging(v) && ((val ^ old) & CR4_PDPTE)) {
		r = mmu_load_cr3(v, g->cr3);
		if (r) {
			g->cr4 = old;
			return r;
		}
	}
	if ((val ^ old) & CR4_MMU)
		mode_changed(v);
	return X_OK;
}

/**
 * cpu_write_cr() - MOV to CRn
 * @v: the vCPU
 * @cr: 0, 2, 3 or 4
 * @val: value
 * Return: X_OK, or X_FAULT (#UD, #GP(0))
 */
int cpu_write_cr(struct vcpu *v, u8 cr, u32 val)
{
	if (vcpu_cpl(v))
		return gp0(v);
	switch (cr) {
	case 0:
		return write_cr0(v, val);
	case 2:
		v->guest->cr2 = val;
		return X_OK;
	case 3:
		return write_cr3(v, val);
	case 4:
		return write_cr4(v, val);
	default:
		return vcpu_fault(v, VMBT_VEC_UD);
	}
}

/**
 * cpu_read_cr() - MOV from CRn
 * @v: the vCPU
 * @cr: 0, 2, 3 or 4
 * @val: value
 * Return: X_OK, or X_FAULT (#UD, #GP(0))
 */
int cpu_read_cr(struct vcpu *v, u8 cr, u32 *val)
{
	const struct vmbt_guest *g = v->guest;

	if (vcpu_cpl(v))
		return gp0(v);
	switch (cr) {
	case 0:
		*val = g->cr0;
		return X_OK;
	case 2:
		*val = g->cr2;
		return X_OK;
	case 3:
		*val = g->cr3;
		return X_OK;
	case 4:
		*val = g->cr4;
		return X_OK;
	default:
		return vcpu_fault(v, VMBT_VEC_UD);
	}
}

/**
 * cpu_lmsw() - LMSW: PE, MP, EM and TS; sets PE but does not clear it
 * @v: the vCPU
 * @val: operand
 * Return: X_OK or X_FAULT
 */
int cpu_lmsw(struct vcpu *v, u16 val)
{
	return cpu_write_cr(v, 0, (v->guest->cr0 & ~0xeU) | (val & 0xf));
}

/**
 * cpu_clts() - CLTS
 * @v: the vCPU
 * Return: X_OK or X_FAULT
 */
int cpu_clts(struct vcpu *v)
{
	return cpu_write_cr(v, 0, v->guest->cr0 & ~VMBT_CR0_TS);
}

/**
 * cpu_invlpg() - INVLPG
 * @v: the vCPU
 * @lin: linear address
 * Return: X_OK or X_FAULT
 */
int cpu_invlpg(struct vcpu *v, u32 lin)
{
	if (vcpu_cpl(v))
		return gp0(v);
	mmu_invlpg(v, lin);
	desc_mapping_changed(v, lin);
	return X_OK;
}

/* DR4 and DR5 are DR6 and DR7 unless CR4.DE says #UD; DR7.GD guards them all. */
static int check_dr(struct vcpu *v, u8 *dr)
{
	struct vmbt_guest *g = v->guest;

	if (vcpu_cpl(v))
		return gp0(v);
	if (*dr == 4 || *dr == 5) {
		if (g->cr4 & VMBT_CR4_DE)
			return vcpu_fault(v, VMBT_VEC_UD);
		*dr += 2;
	}
	if (g->dr[7] & DR7_GD) {
		g->dr[6] |= DR6_BD;
		return vcpu_fault(v, VMBT_VEC_DB);
	}
	return X_OK;
}

/**
 * cpu_write_dr() - MOV to DRn
 * @v: the vCPU
 * @dr: 0 to 7
 * @val: value
 * Return: X_OK, or X_FAULT (#UD, #GP(0), #DB)
 */
int cpu_write_dr(struct vcpu *v, u8 dr, u32 val)
{
	int r;

	r = check_dr(v, &dr);
	if (r)
		return r;
	if (dr == 6)
		val = (val & 0x0000e00f) | DR6_FIXED;
	else if (dr == 7)
		val = (val & 0xffff23ff) | DR7_FIXED;
	if (dr == 7) {
		desc_revoke_user(v);
		mmu_alias_forget(v, false);
	}
	v->guest->dr[dr & 7] = val;
	return X_OK;
}

/**
 * cpu_read_dr() - MOV from DRn
 * @v: the vCPU
 * @dr: 0 to 7
 * @val: value
 * Return: X_OK, or X_FAULT (#UD, #GP(0), #DB)
 */
int cpu_read_dr(struct vcpu *v, u8 dr, u32 *val)
{
	int r;

	r = check_dr(v, &dr);
	if (!r)
		*val = v->guest->dr[dr & 7];
	return r;
}
