/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Process-context identifiers: who tags what in the TLB.
 *
 * With CR4.PCIDE, bits 11:0 of CR3 tag what the CPU caches, and a load of CR3
 * with bit 63 set keeps what its tag has (SDM vol. 3, 4.10.4.1). Every CPU has
 * a stock of numbers that Linux does not use and hands them out in blocks, one
 * number for each shadow root of a vCPU. A block is good for one stay: a vCPU
 * that comes from another CPU, or whose block was handed out again meanwhile,
 * gets the next one, and a new epoch with it. In a new epoch nothing is kept:
 * the first load of each root flushes its number. So what somebody else, or
 * the same vCPU long ago, left under a number is never used.
 *
 * Which roots of the epoch are still worth keeping is the shadow MMU's to know
 * (mmu/invalidate.c). Both halves of CR3 are put together here, for the
 * switch, for the VMM, and for the tests, which run this very code.
 */
#ifndef VMBT_PCID_H
#define VMBT_PCID_H

#include "crosspage.h"

/*
 * Linux has numbers 1 to TLB_NR_DYN_ASIDS, and the same with bit 11 set for
 * user space under page-table isolation. CPUs with INVLPGB, for which newer
 * kernels also use most of the rest, get none of ours (host/pcid.c).
 */
#define VMBT_PCID_FIRST		0x808
#define VMBT_PCID_END		0x1000
/* A block: one for each root that the shadow MMU caches. */
#define VMBT_PCID_ROOTS		64

#define VMBT_CR3_PCID		0xfffULL
#define VMBT_CR3_KEEP		BIT(63)

/**
 * struct vmbt_pcid_cpu - the stock of one CPU; zero: never used
 * @left: numbers not handed out yet in this round
 * @round: how often all have been handed out
 */
struct vmbt_pcid_cpu {
	u32 left;
	u64 round;
};

/**
 * struct vmbt_pcid_block - where a vCPU's block is from; zero: it has none
 * @cpu: and one more
 * @round: of that CPU
 */
struct vmbt_pcid_block {
	u32 cpu;
	u64 round;
};

/**
 * vmbt_pcid_enter() - CR3 for an entry to the VMM world
 * @x: pcid_slot and vmm_cr3 as the VMM left them
 * @b: the vCPU's block
 * @c: stock of the CPU at hand, NULL: without PCIDs
 * @cpu: its number
 *
 * With interrupts off, on that CPU, for every entry.
 *
 * Return: true if nothing is flushed
 */
static inline bool vmbt_pcid_enter(struct vmbt_cross *x,
				   struct vmbt_pcid_block *b,
				   struct vmbt_pcid_cpu *c, u32 cpu)
{
	u64 root = x->vmm_cr3 & ~(VMBT_CR3_PCID | VMBT_CR3_KEEP);
	u32 slot = x->pcid_slot % VMBT_PCID_ROOTS;

	if (!c) {
		x->pcid_base = 0;
		x->vmm_cr3 = root;
		return false;
	}
	if (b->cpu == cpu + 1 && b->round == c->round) {
		x->vmm_cr3 = root | (x->pcid_base + slot) | VMBT_CR3_KEEP;
		return true;
	}
	if (c->left < VMBT_PCID_ROOTS) {
		c->left = VMBT_PCID_END - VMBT_PCID_FIRST;
		c->round++;
	}
	b->cpu = cpu + 1;
	b->round = c->round;
	x->pcid_base = VMBT_PCID_END - c->left;
	c->left -= VMBT_PCID_ROOTS;
	x->pcid_epoch++;
	x->vmm_cr3 = root | (x->pcid_base + slot);
	return false;
}

/**
 * vmbt_pcid_root() - CR3 for a root of the VMM's
 * @x: the cross page
 * @phys: the root, with the bits that encryption wants
 * @slot: its number, below VMBT_PCID_ROOTS
 * @keep: nothing stale is cached for it
 */
static inline u64 vmbt_pcid_root(struct vmbt_cross *x, u64 phys, u32 slot,
				 bool keep)
{
	x->pcid_slot = slot;
	x->vmm_cr3 = phys;
	if (!x->pcid_base)
		return phys;
	x->vmm_cr3 |= x->pcid_base + slot;
	return x->vmm_cr3 | (keep ? VMBT_CR3_KEEP : 0);
}

#endif
