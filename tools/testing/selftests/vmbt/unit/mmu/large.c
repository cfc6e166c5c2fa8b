// SPDX-License-Identifier: GPL-2.0
/*
 * Large leaves, a case at a time: where there is one for 2 MiB of the guest's, what
 * it allows, and what has to end it.
 *
 * The host has frames 512 to 1023 in one piece. The guest's tables are below, so that
 * the first 512 are traced and never large.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

#define BIG	0x01400000u		/* a 4 MiB page of the guest's, frame 0 on */
#define HALF	(BIG + 0x200000)	/* its second half: frame 512 on */
#define FIRST	512u

static const struct fake_config huge = {
	.pool_pages = 2000, .pool_max = 2000, .huge = true,
};

static void two_level_big(u32 flags, u32 cr0)
{
	start_with(&huge, VMBT_CR0_PG | cr0, VMBT_CR4_PSE, 0, PD << 12);
	put(PD << 12 | (BIG >> 22) * 4, PTE_PS | flags, 4);
	go();
}

/* PAE: HALF in 2 MiB of its own. */
static void pae_big(u64 flags, u64 efer)
{
	start_with(&huge, VMBT_CR0_PG | VMBT_CR0_WP, VMBT_CR4_PAE, efer, PDPT << 12);
	put(PDPT << 12, PD << 12 | 1, 8);
	put(PD << 12 | (HALF >> 21) * 8, 0x200000 | PTE_PS | flags, 8);
	go();
}

static u64 leaves(void)
{
	return shared.stats.shadow_large;
}

/* The frame that an access of the CPU reaches, which must not fault. */
static s64 reaches(u32 lin)
{
	struct hw_result r = hw_access(lin, MMU_READ);

	return r.fault ? -1 : phys_to_gfn(r.phys & ~0xfffull);
}

static void mmu_large_all_of_it(void)
{
	u32 i;

	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	EXPECT_EQ(hw(HALF + 0x7123, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 1);
	for (i = 0; i < 512; i++)
		EXPECT_EQ(reaches(HALF + i * 4096), FIRST + i);
	EXPECT_EQ(hw(HALF + 0x1ff000, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 0);
	/* Its other half has tables in it. */
	EXPECT_EQ(hw(BIG + 0x50000, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 1);
	sound();
}

static void mmu_large_rights(void)
{
	/* The supervisor's, clean: accessed by a read, dirty by a write (4.8). */
	two_level_big(3, VMBT_CR0_WP);
	EXPECT_EQ(hw(HALF, MMU_READ), HW_OK);
	EXPECT_EQ(get(PD << 12 | (BIG >> 22) * 4, 4) & (PTE_A | PTE_D), PTE_A);
	EXPECT_EQ(leaves(), 1);
	sound();
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT_EQ(get(PD << 12 | (BIG >> 22) * 4, 4) & (PTE_A | PTE_D), PTE_A | PTE_D);
	EXPECT_EQ(hw(HALF, MMU_USER), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 5);
	EXPECT_EQ(leaves(), 1);
	sound();
	/* Read-only, with CR0.WP. */
	two_level_big(1, VMBT_CR0_WP);
	EXPECT_EQ(hw(HALF, MMU_READ), HW_OK);
	EXPECT_EQ(leaves(), 1);
	EXPECT_EQ(hw(HALF, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 3);
	sound();
	/* A user's that can't be run. */
	pae_big(7 | PTE_D | PTE_NX, VMBT_EFER_NXE);
	EXPECT_EQ(hw(HALF + 0x3000, MMU_USER | MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 1);
	EXPECT_EQ(hw(HALF + 0x3000, MMU_USER | MMU_EXEC), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 0x15);
	sound();
}

static void mmu_large_not_here(void)
{
	/* Executable by ring 3. */
	two_level_big(7 | PTE_D, VMBT_CR0_WP);
	EXPECT_EQ(hw(HALF, MMU_USER | MMU_EXEC), HW_OK);
	EXPECT_EQ(leaves(), 0);
	/* Read-only, and the supervisor may write. */
	two_level_big(1 | PTE_D, 0);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	/* A frame is traced before. */
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	mmu_trace_add(&vcpu, FIRST + 511, MMU_TRACE_CODE);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	/* The host has it in pieces. */
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	host_move(FIRST + 100);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	/* Address line 20 is masked. */
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	shared.guest.a20_masked = 1;
	mmu_mode_changed(&vcpu);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	/* Not wanted. */
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	shared.no_large = VMBT_LARGE_LEAVES;
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	sound();
}

static void mmu_large_traced(void)
{
	u32 i;

	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	EXPECT_EQ(hw(HALF + 200 * 4096, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 1);
	mmu_trace_add(&vcpu, FIRST + 200, MMU_TRACE_CODE);
	EXPECT_EQ(leaves(), 0);
	sound();
	EXPECT_EQ(hw(HALF + 200 * 4096, MMU_READ), HW_OK);
	EXPECT_EQ(hw(HALF + 200 * 4096, MMU_WRITE), MMU_FAULT_EMULATE);
	EXPECT_EQ(hw(HALF + 201 * 4096, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	sound();
	mmu_trace_del(&vcpu, FIRST + 200, MMU_TRACE_CODE);
	/* Its trace may come back: it stays small for 4 fills of 16 pages, then for 8. */
	for (i = 0; i < 12 && !leaves(); i++)
		EXPECT_EQ(hw(HALF + 0x10000 * i, MMU_WRITE), HW_OK);
	EXPECT_EQ(i, 4);
	sound();
	mmu_trace_add(&vcpu, FIRST + 100, MMU_TRACE_CODE);
	mmu_trace_del(&vcpu, FIRST + 100, MMU_TRACE_CODE);
	for (i = 0; i < 12 && !leaves(); i++)
		EXPECT_EQ(hw(HALF + 0x100000 + 0x10000 * i, MMU_WRITE), HW_OK);
	EXPECT_EQ(i, 8);
	sound();
	/* Traces that are dropped for a write that the VMM can't do itself. */
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	mmu_trace_add(&vcpu, FIRST + 100, MMU_TRACE_CODE);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	EXPECT(mmu_drop_traces(&vcpu, HALF + 100 * 4096));
	EXPECT_EQ(hw(HALF + 100 * 4096, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 1);
	sound();
}

/* Where there is a table, one fault is for 16 pages, if the host has them in one piece. */
static void mmu_large_fill_around(void)
{
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	mmu_trace_add(&vcpu, FIRST + 0x2c, MMU_TRACE_CODE);
	EXPECT_EQ(hw(HALF + 0x2d000, MMU_READ), HW_OK);
	EXPECT_EQ(reaches(HALF + 0x2c000), FIRST + 0x2c);
	EXPECT_EQ(reaches(HALF + 0x2f000), FIRST + 0x2f);
	EXPECT_EQ(reaches(HALF + 0x2b000), -1);
	EXPECT_EQ(reaches(HALF + 0x30000), -1);
	EXPECT_EQ(hw(HALF + 0x2e000, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 0);
	EXPECT_EQ(hw(HALF + 0x2c000, MMU_WRITE), MMU_FAULT_EMULATE);
	sound();
	/* The guest's entry is clean: a write comes here, and has four more in its table. */
	two_level_big(3, VMBT_CR0_WP);
	mmu_trace_add(&vcpu, FIRST + 0x2c, MMU_TRACE_CODE);
	EXPECT_EQ(hw(HALF + 0x25000, MMU_READ), HW_OK);
	EXPECT_EQ(hw(HALF + 0x26000, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT_EQ(hw(HALF + 0x27000, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 0);
	sound();
	/* In pieces: each page is asked for. */
	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	host_move(FIRST + 100);
	EXPECT_EQ(hw(HALF + 0x25000, MMU_READ), HW_OK);
	EXPECT_EQ(reaches(HALF + 0x26000), -1);
	sound();
}

static void mmu_large_taken(void)
{
	pae_big(3 | PTE_D, 0);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 1);
	host_move(FIRST + 511);
	mmu_zap(&vcpu, FIRST + 511, FIRST + 512);
	EXPECT_EQ(leaves(), 0);
	EXPECT_EQ(hw(HALF + 0x1ff000, MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 0);
	sound();
	/* In one piece again: all of it goes once more. */
	host_collapse(FIRST);
	mmu_zap(&vcpu, FIRST, FIRST + 512);
	EXPECT_EQ(hw(HALF, MMU_READ), HW_OK);
	EXPECT_EQ(leaves(), 1);
	/* The guest writes its entry: no page there. */
	store(PD << 12 | (HALF >> 21) * 8, 0, 8);
	EXPECT_EQ(leaves(), 0);
	EXPECT_EQ(hw(HALF, MMU_READ), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 0);
	/* And one of 4 KiB pages. */
	put(PT << 12, DATA << 12 | 3, 8);
	store(PD << 12 | (HALF >> 21) * 8, PT << 12 | 3, 8);
	EXPECT_EQ(hw(HALF, MMU_READ), HW_OK);
	EXPECT_EQ(reaches(HALF), DATA);
	sound();
}

/* One page of the guest's in two address spaces, and one after the other gone. */
static void mmu_large_everywhere(void)
{
	u32 i;

	two_level_big(3 | PTE_D, VMBT_CR0_WP);
	put(PD_B << 12 | (BIG >> 22) * 4, PTE_PS | PTE_D | 3, 4);
	for (i = 1; i < 5; i++)
		put(PD_B << 12 | ((BIG >> 22) + i) * 4, PTE_PS | PTE_D | 3, 4);
	EXPECT_EQ(hw(HALF, MMU_WRITE), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(hw(HALF + (i << 22), MMU_WRITE), HW_OK);
	EXPECT_EQ(leaves(), 6);
	mmu_trace_add(&vcpu, FIRST, MMU_TRACE_CODE);
	EXPECT_EQ(leaves(), 0);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(hw(HALF + (i << 22), MMU_WRITE), MMU_FAULT_EMULATE);
	sound();
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(hw(HALF, MMU_WRITE), MMU_FAULT_EMULATE);
	sound();
}

int main(void)
{
	CASE(mmu_large_all_of_it);
	CASE(mmu_large_rights);
	CASE(mmu_large_not_here);
	CASE(mmu_large_traced);
	CASE(mmu_large_fill_around);
	CASE(mmu_large_taken);
	CASE(mmu_large_everywhere);
	return check_failed ? 1 : 0;
}
