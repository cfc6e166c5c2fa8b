// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a CPU after reset: SDM vol. 3, table 10-1.
 */
#include "cpu_int.h"

#define PAT_RESET		0x0007040600070406ULL
#define APIC_BASE_RESET		0xfee00900
#define MISC_ENABLE_FAST_STRING	0x1

/**
 * cpu_reset() - power-on state
 * @v: the vCPU, after mmu_init() and desc_init()
 *
 * EDX has family, model and stepping. The time-stamp counter starts at zero.
 */
void cpu_reset(struct vcpu *v)
{
	struct vmbt_guest *g = v->guest;
	u32 id[4];

	*g = (struct vmbt_guest){
		.eip = 0xfff0,
		.eflags = VMBT_X86_EFLAGS_FIXED,
		.gdtr.limit = 0xffff,
		.idtr.limit = 0xffff,
		.cr0 = VMBT_CR0_CD | VMBT_CR0_NW | VMBT_CR0_ET,
		.xcr0 = 1,
		.pat = PAT_RESET,
		.apic_base = APIC_BASE_RESET,
		.misc_enable = MISC_ENABLE_FAST_STRING,
	};
	for (int s = 0; s < VMBT_NSEG; s++) {
		g->seg[s].limit = 0xffff;
		g->seg[s].attr = ATTR_REAL;
	}
	g->seg[VMBT_CS] = (struct vmbt_seg){
		.sel = 0xf000, .base = 0xffff0000, .limit = 0xffff,
		.attr = ATTR_REAL_CS,
	};
	g->ldtr.limit = 0xffff;
	g->ldtr.attr = VMBT_ATTR_P | SYS_LDT;
	g->tr.limit = 0xffff;
	g->tr.attr = VMBT_ATTR_P | SYS_TSS32 | SYS_BUSY;
	g->dr[6] = DR6_FIXED;
	g->dr[7] = DR7_FIXED;
	g->tsc_offset = -plat_tsc();
	cpu_cpuid(v, 1, 0, id);
	g->gpr[VMBT_EDX] = id[0];

	mmu_mode_changed(v);
	desc_mappings_changed(v);
	desc_tables_changed(v);
	desc_segs_changed(v);
	v->events |= VCPU_EV_MODE;
}
