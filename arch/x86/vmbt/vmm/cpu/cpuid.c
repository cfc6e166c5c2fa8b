// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID: user space's table, cut down to what this VMM implements.
 *
 * The table comes from outside (KVM_SET_CPUID2). Bits whose feature the
 * translator, the shadow MMU or the world switch cannot provide are cleared
 * here whatever it says, so that no mistake there can make a guest rely on
 * something that is not true. Bits that follow the guest's state are filled in.
 */
#include "cpu_int.h"

#define LEAF_EXT	0x80000000
#define CPUID_SIG_INDEX	0x1	/* flags: index matters, as in KVM */

#define EDX1_APIC	BIT(9)
#define EDX1_SEP	BIT(11)
#define EDX81_NX	BIT(20)

/*
 * Leaf 1. EDX: FPU DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT
 * CLFSH MMX FXSR SSE SSE2 SS HTT. Not VME, PSE36, PSN, DS, ACPI, TM, PBE.
 * ECX: SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND
 * HYPERVISOR. Not MONITOR, VMX, SMX, FMA, PDCM, PCID, x2APIC, TSC-deadline,
 * XSAVE, AVX, F16C: no state beyond FXSAVE's is switched.
 */
#define LEAF1_EDX	0x1f89fbfdu
#define LEAF1_ECX	0xc2d82203u
/* Leaf 7, EBX: ERMS RDSEED ADX CLFLUSHOPT CLWB; EDX: FSRM. */
#define LEAF7_EBX	0x018c0200u
#define LEAF7_EDX	0x00000010u
/* 8000_0001. EDX: leaf 1's copies, MMXEXT, NX; ECX: LAHF ABM PREFETCHW. */
#define LEAF81_EDX	0x01d1f3fdu
#define LEAF81_ECX	0x00000121u

static const struct vmbt_cpuid *lookup(const struct vmbt_shared *sh, u32 leaf,
				       u32 index)
{
	u32 n = sh->ncpuid;

	if (n > ARRAY_SIZE(sh->cpuid))
		n = ARRAY_SIZE(sh->cpuid);
	for (u32 i = 0; i < n; i++) {
		const struct vmbt_cpuid *e = &sh->cpuid[i];

		if (e->function == leaf &&
		    (!(e->flags & CPUID_SIG_INDEX) || e->index == index))
			return e;
	}
	return NULL;
}

/*
 * Beyond the last leaf of a range, Intel CPUs answer with the data of the last
 * basic leaf (SDM vol. 2, CPUID).
 */
static const struct vmbt_cpuid *find(const struct vmbt_shared *sh, u32 *leaf,
				     u32 index)
{
	const struct vmbt_cpuid *e = lookup(sh, *leaf, index), *base, *basic;

	if (e)
		return e;
	base = lookup(sh, *leaf & 0xffff0000, 0);
	basic = lookup(sh, 0, 0);
	if (!basic || (base && *leaf <= base->eax))
		return NULL;
	*leaf = basic->eax;
	return lookup(sh, *leaf, index);
}

/**
 * cpu_cpuid() - CPUID
 * @v: the vCPU
 * @leaf: EAX
 * @index: ECX
 * @out: EAX, EBX, ECX, EDX
 */
void cpu_cpuid(struct vcpu *v, u32 leaf, u32 index, u32 out[4])
{
	const struct vmbt_cpuid *e = find(v->shared, &leaf, index);

	for (int i = 0; i < 4; i++)
		out[i] = 0;
	if (!e)
		return;
	out[0] = e->eax;
	out[1] = e->ebx;
	out[2] = e->ecx;
	out[3] = e->edx;
	switch (leaf) {
	case 1:
		out[2] &= LEAF1_ECX;
		out[3] &= LEAF1_EDX;
		if (!cpu_has_sep(v))
			out[3] &= ~EDX1_SEP;
		if (!(v->guest->apic_base & 0x800))
			out[3] &= ~EDX1_APIC;
		break;
	case 5:		/* MONITOR/MWAIT */
	case 6:		/* thermal and power management */
	case 0xa:	/* performance counters */
	case 0xd:	/* extended state */
	case 0x12:	/* SGX */
	case 0x14:	/* processor trace */
		out[0] = 0;
		out[1] = 0;
		out[2] = 0;
		out[3] = 0;
		break;
	case 7:
		out[0] = 0;
		out[1] &= index ? 0 : LEAF7_EBX;
		out[2] = 0;
		out[3] &= index ? 0 : LEAF7_EDX;
		break;
	case LEAF_EXT + 1:
		out[2] &= LEAF81_ECX;
		out[3] &= LEAF81_EDX;
		if (!(v->shared->host_caps & VMBT_HOST_NX))
			out[3] &= ~EDX81_NX;
		if (!(v->guest->apic_base & 0x800))
			out[3] &= ~EDX1_APIC;
		break;
	case LEAF_EXT + 7:	/* power: invariant TSC is all there is */
		out[0] = 0;
		out[1] = 0;
		out[2] = 0;
		out[3] &= 1u << 8;
		break;
	default:
		break;
	}
}
