// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's data breakpoints, for accesses that the VMM does on its behalf.
 *
 * Where the guest runs directly the CPU compares addresses (metal/). Here it is
 * done for what is interpreted: each access that succeeds leaves its hits in
 * vcpu.dr_hits, and core raises the trap when the instruction is complete.
 */
#include "mmu_int.h"

/**
 * watch_hit() - compare an access with the breakpoints
 * @v: the vCPU, which has some enabled
 * @lin: linear address
 * @len: bytes
 * @write: it was a write
 *
 * A breakpoint of two or four bytes watches those aligned to its length, and
 * an access hits if one byte is common (SDM vol. 3, 18.2.5).
 */
void watch_hit(struct vcpu *v, u32 lin, u32 len, bool write)
{
	static const u8 last[] = { 0, 1, 7, 3 };
	u32 dr7 = v->guest->dr[7], rw, from, size;
	u32 n;

	for (n = 0; n < 4; n++) {
		rw = VMBT_DR7_RW(dr7, n);
		if (!VMBT_DR7_ON(dr7, n) || !(rw & VMBT_DR7_RW_WRITE) ||
		    (rw == VMBT_DR7_RW_WRITE && !write))
			continue;
		size = last[VMBT_DR7_LEN(dr7, n)];
		from = v->guest->dr[n] & ~size;
		/* Differences wrap as addresses do. */
		if (lin - from <= size || from - lin < len)
			v->dr_hits |= 1u << n;
	}
}
