// SPDX-License-Identifier: GPL-2.0
/*
 * A new directory's first run: which of its entries need no fault of their own, since
 * the directory before has them too, and which do.
 *
 * The monitor area's GiB is the one whose directory is made when the address space is
 * entered, so kernels are here where Linux has its own, from 3 GiB on.
 */
#include <stdlib.h>

#include "case.h"

#define KERNEL	0xc0000000u
#define TABLE	(KERNEL + 0x400000)	/* by 4 KiB pages */
#define SLOT(lin) ((lin) >> 22)
#define HUGE	512u

static const struct fake_config huge = {
	.pool_pages = 2000, .pool_max = 2000, .huge = true,
};

/* KERNEL: 4 MiB from frame 0 on; TABLE: DATA; both used. PD_B is empty. */
static void kernel(const struct fake_config *c, u32 flags, u32 cr0)
{
	start_with(c, VMBT_CR0_PG | cr0, VMBT_CR4_PSE, 0, PD << 12);
	put(PD << 12 | SLOT(KERNEL) * 4, PTE_PS | flags, 4);
	put(PD << 12 | SLOT(TABLE) * 4, PT << 12 | flags, 4);
	put(PT << 12, DATA << 12 | 3 | PTE_A | PTE_D, 4);
	go();
	EXPECT_EQ(hw(KERNEL + 0x50000, MMU_READ), HW_OK);
	EXPECT_EQ(hw(KERNEL + HUGE * 4096, MMU_READ), HW_OK);
	EXPECT_EQ(hw(TABLE, MMU_READ), HW_OK);
}

/* As a kernel makes an address space; @flip in each entry is another. */
static void copy(u32 flip)
{
	put(PD_B << 12 | SLOT(KERNEL) * 4, get(PD << 12 | SLOT(KERNEL) * 4, 4) ^ flip, 4);
	put(PD_B << 12 | SLOT(TABLE) * 4, get(PD << 12 | SLOT(TABLE) * 4, 4) ^ flip, 4);
}

static void load(u32 cr3)
{
	EXPECT_EQ(mmu_load_cr3(&vcpu, cr3), X_OK);
	mmu_activate(&vcpu);
}

/* Does the CPU need nothing for a read there? */
static bool there(u32 lin)
{
	return !hw_access(lin, MMU_READ).fault;
}

static u64 links(void)
{
	return shared.stats.links_inherited;
}

static void mmu_inherit_kernel(void)
{
	kernel(&plain, 3, VMBT_CR0_WP);
	copy(0);
	load(PD_B << 12);
	/* Two halves of the big page, one of what has a table. */
	EXPECT_EQ(links(), 3);
	EXPECT(there(KERNEL + 0x50000));
	EXPECT(there(KERNEL + HUGE * 4096));
	EXPECT(there(TABLE));
	sound();
	/* What is there is the table of both: what comes to one is in the other. */
	put(PT << 12 | 4, DATA_B << 12 | 3, 4);
	EXPECT_EQ(hw(TABLE + 4096, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	load(PD << 12);
	EXPECT(there(TABLE + 4096));
	/* And what one loses is gone from both. */
	store(PT << 12, 0, 4);
	EXPECT(!there(TABLE));
	load(PD_B << 12);
	EXPECT(!there(TABLE));
	sound();
	/* Its own directory is its own. */
	store(PD_B << 12 | SLOT(TABLE) * 4, 0, 4);
	EXPECT_EQ(hw(TABLE + 4096, MMU_READ), MMU_FAULT_TRUE);
	load(PD << 12);
	EXPECT(there(TABLE + 4096));
	sound();
}

/* Each flag that an entry of the new directory can have otherwise (SDM vol. 3, 4.3). */
static void mmu_inherit_differs(void)
{
	static const u32 flips[] = { PTE_P, PTE_W, PTE_U, PTE_A, PTE_PS };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		kernel(&plain, 3 | PTE_D, VMBT_CR0_WP);
		copy(flips[i]);
		load(PD_B << 12);
		EXPECT_EQ(links(), 0);
		EXPECT(!there(KERNEL + 0x50000));
		EXPECT(!there(TABLE));
		sound();
	}
	/* Dirty counts in big pages only: their write must find the flag clear. */
	kernel(&plain, 3 | PTE_D, VMBT_CR0_WP);
	EXPECT_EQ(hw(KERNEL + 0x50000, MMU_WRITE), HW_OK);
	copy(PTE_D);
	load(PD_B << 12);
	EXPECT_EQ(links(), 1);
	EXPECT(there(TABLE));
	EXPECT(!there(KERNEL + 0x50000));
	EXPECT_EQ(hw(KERNEL + 0x50000, MMU_WRITE), HW_OK);
	EXPECT(get(PD_B << 12 | SLOT(KERNEL) * 4, 4) & PTE_D);
	sound();
	/* Bits 31:22 and 16:13 are the address, 21:17 reserved (table 4-4). */
	kernel(&plain, 3 | PTE_D, VMBT_CR0_WP);
	copy(1 << 20);
	load(PD_B << 12);
	EXPECT_EQ(links(), 0);
	EXPECT_EQ(hw(KERNEL + 0x50000, MMU_READ), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 9);
	sound();
	kernel(&plain, 3 | PTE_D, VMBT_CR0_WP);
	copy(1 << 13);
	load(PD_B << 12);
	EXPECT_EQ(links(), 0);
	EXPECT(!there(KERNEL + 0x50000));
	sound();
}

/* The accessed flag of the entry is a fault's to set. */
static void mmu_inherit_accessed(void)
{
	kernel(&plain, 3 | PTE_D, VMBT_CR0_WP);
	copy(PTE_A);
	load(PD_B << 12);
	EXPECT(!(get(PD_B << 12 | SLOT(TABLE) * 4, 4) & PTE_A));
	EXPECT_EQ(hw(TABLE, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT(get(PD_B << 12 | SLOT(TABLE) * 4, 4) & PTE_A);
	sound();
}

static void mmu_inherit_large(void)
{
	kernel(&huge, 3 | PTE_D, VMBT_CR0_WP);
	EXPECT_EQ(shared.stats.shadow_large, 1);
	copy(0);
	load(PD_B << 12);
	EXPECT_EQ(links(), 3);
	EXPECT_EQ(shared.stats.shadow_large, 2);
	EXPECT(!hw_access(KERNEL + (HUGE + 77) * 4096, MMU_WRITE).fault);
	sound();
	/* A trace ends both. */
	mmu_trace_add(&vcpu, HUGE + 5, MMU_TRACE_CODE);
	EXPECT_EQ(shared.stats.shadow_large, 0);
	EXPECT(!there(KERNEL + HUGE * 4096));
	sound();
	/* Clean, read-only or a user's, who could run it: not the same leaf. */
	kernel(&huge, 3 | PTE_D, VMBT_CR0_WP);
	copy(PTE_D);
	load(PD_B << 12);
	EXPECT_EQ(shared.stats.shadow_large, 1);
	sound();
	kernel(&huge, 3 | PTE_D, VMBT_CR0_WP);
	copy(PTE_W);
	load(PD_B << 12);
	EXPECT_EQ(shared.stats.shadow_large, 1);
	sound();
	kernel(&huge, 3 | PTE_D, VMBT_CR0_WP);
	copy(PTE_U);
	load(PD_B << 12);
	EXPECT_EQ(shared.stats.shadow_large, 1);
	sound();
	/* Another 4 MiB. */
	kernel(&huge, 3 | PTE_D, VMBT_CR0_WP);
	copy(1 << 22);
	load(PD_B << 12);
	EXPECT_EQ(shared.stats.shadow_large, 1);
	sound();
}

/* A large leaf of the first frames, and a table in the new directory: the number is 0 in both. */
static void mmu_inherit_large_or_table(void)
{
	u64 pd = HUGE, pd_b = HUGE + 1, pt = HUGE + 2;

	start_with(&huge, VMBT_CR0_PG | VMBT_CR0_WP, VMBT_CR4_PSE, 0, (u32)pd << 12);
	put(pd << 12 | SLOT(KERNEL) * 4, PTE_PS | 1, 4);
	go();
	EXPECT_EQ(hw(KERNEL + 0x50000, MMU_READ), HW_OK);
	EXPECT_EQ(shared.stats.shadow_large, 1);
	put(pd_b << 12 | SLOT(KERNEL) * 4, pt << 12 | PTE_A | 1, 4);
	load((u32)pd_b << 12);
	EXPECT_EQ(links(), 0);
	EXPECT(!there(KERNEL + 0x50000));
	sound();
}

/* PAE, by 2 MiB, and a directory that two address spaces share needs no copy. */
static void mmu_inherit_pae(void)
{
	u32 i;

	start_with(&huge, VMBT_CR0_PG | VMBT_CR0_WP, VMBT_CR4_PAE, 0, PDPT << 12);
	for (i = 0; i < 2; i++)
		put(PDPT << 12 | i * 0x20 | 3 * 8, (i ? PD_B : PD) << 12 | 1, 8);
	put(PDPT << 12 | 0x58, PD_B << 12 | 1, 8);
	put(PD << 12, HUGE << 12 | PTE_PS | PTE_D | 3, 8);
	put(PD << 12 | 8, PT << 12 | 3, 8);
	put(PT << 12, DATA << 12 | 3 | PTE_A | PTE_D, 8);
	go();
	EXPECT_EQ(hw(KERNEL + 0x7000, MMU_READ), HW_OK);
	EXPECT_EQ(hw(KERNEL + 0x200000, MMU_READ), HW_OK);
	put(PD_B << 12, get(PD << 12, 8), 8);
	put(PD_B << 12 | 8, get(PD << 12 | 8, 8), 8);
	load(PDPT << 12 | 0x20);
	EXPECT_EQ(links(), 2);
	EXPECT(there(KERNEL + 0x8000));
	EXPECT(there(KERNEL + 0x200000));
	sound();
	load(PDPT << 12 | 0x40);
	EXPECT_EQ(links(), 2);
	EXPECT(there(KERNEL + 0x8000));
	sound();
}

/* Another role, another table: nothing of the one is the other's. */
static void mmu_inherit_role(void)
{
	kernel(&plain, 1 | PTE_D, 0);
	copy(0);
	shared.guest.cr0 |= VMBT_CR0_WP;
	load(PD_B << 12);
	EXPECT_EQ(links(), 0);
	EXPECT_EQ(hw(TABLE, MMU_WRITE), MMU_FAULT_TRUE);
	sound();
}

static void mmu_inherit_off(void)
{
	kernel(&plain, 3, VMBT_CR0_WP);
	copy(0);
	shared.no_offers = VMBT_OFFER_LINKS;
	load(PD_B << 12);
	EXPECT_EQ(links(), 0);
	EXPECT(!there(TABLE));
	EXPECT_EQ(hw(TABLE, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	sound();
}

int main(void)
{
	CASE(mmu_inherit_kernel);
	CASE(mmu_inherit_differs);
	CASE(mmu_inherit_accessed);
	CASE(mmu_inherit_large);
	CASE(mmu_inherit_large_or_table);
	CASE(mmu_inherit_pae);
	CASE(mmu_inherit_role);
	CASE(mmu_inherit_off);
	return check_failed ? 1 : 0;
}
