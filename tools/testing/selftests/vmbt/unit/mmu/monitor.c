// SPDX-License-Identifier: GPL-2.0
/*
 * The monitor's area in the guest's address space, a case at a time: where it goes when the
 * guest wants its place, what is there if it can be nowhere, and which of its pages exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

static void mmu_monitor_floating(void)
{
	u32 base;

	two_level(7, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(vcpu.mon_base, 0xf0000000);
	EXPECT_EQ(hw(0xf0000010, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0xf0000010 + VMBT_MON_TC, MMU_READ), HW_OK);
	/* What is not there for the guest is a fault of its own. */
	EXPECT_EQ(hw(0xf0000010 + VMBT_MON_TC, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 2);
	EXPECT_EQ(hw(0xf0000010, MMU_USER), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 4);
	/* Ring 3 under BT sees its own part. */
	mmu_monitor_tc3(&vcpu, 0x300000, 0x400000);
	mmu_monitor_user(&vcpu, true);
	EXPECT_EQ(hw(0xf0000010, MMU_USER | MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0xf0081000, MMU_USER), HW_OK);
	EXPECT_EQ(hw(0xf0300000, MMU_USER | MMU_EXEC), HW_OK);
	EXPECT_EQ(hw(0xf0000000 + VMBT_MON_TC, MMU_USER), MMU_FAULT_TRUE);
	EXPECT_EQ(hw(0xf0001000, MMU_USER), MMU_FAULT_TRUE);
	mmu_monitor_user(&vcpu, false);
	EXPECT_EQ(hw(0xf0300000, MMU_USER | MMU_EXEC), MMU_FAULT_TRUE);
	/* The guest maps something there: core is told, the area moves. */
	vcpu.events = 0;
	store(PD << 12 | 0x3c0 * 4, PT << 12 | 7, 4);
	EXPECT_EQ(vcpu.events, VCPU_EV_MON_WANTED);
	vcpu.events = 0;
	EXPECT(mmu_place_monitor(&vcpu));
	base = vcpu.mon_base;
	EXPECT_EQ(base, 0xefc00000);
	EXPECT_EQ(hw(0xf0002010, MMU_USER), HW_OK);
	EXPECT_EQ(hw(base + 0x10, MMU_WRITE), HW_OK);
	/* A CR3 load to a directory that uses the place. */
	put(PD_B << 12 | (base >> 22) * 4, PT << 12 | 7, 4);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(vcpu.events, VCPU_EV_MON_WANTED);
	EXPECT(mmu_place_monitor(&vcpu));
	EXPECT_EQ(vcpu.mon_base, 0xf0000000);
	/* No hole at all. */
	for (u32 i = 0; i < 1024; i++)
		put(PD_B << 12 | i * 4, PT << 12 | 7, 4);
	EXPECT(!mmu_place_monitor(&vcpu));
}

/*
 * A guest that maps all 4 GiB as memtest86+ does: its supervisor's big pages of
 * addresses without memory will do, others won't.
 */
static void mmu_monitor_nowhere(void)
{
	u32 i;

	two_level(7, 7, VMBT_CR0_WP, VMBT_CR4_PSE);
	for (i = 0; i < 1024; i++)
		put(PD_B << 12 | i * 4, i << 22 | 0x83, 4);
	/* RAM at the bottom; a frame buffer where the area would be first. */
	vcpu.shared->slot_map[0] = 1;
	vcpu.shared->slot_map[0xf0000000 >> 22 >> 6] = 1;
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT(mmu_place_monitor(&vcpu));
	EXPECT_EQ(vcpu.mon_base, 0xefc00000);
	EXPECT_EQ(hw(0xefc00010, MMU_WRITE), HW_OK);
	/* It stays, until there is memory. */
	vcpu.events = 0;
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(vcpu.events & VCPU_EV_MON_WANTED, 0);
	/* A page of the user's, one that is not big, one of RAM: none of them. */
	for (i = 0; i < 1024; i++)
		put(PD_B << 12 | i * 4, i % 3 == 0 ? i << 22 | 0x87 :
		    i % 3 == 1 ? PT << 12 | 3 : 0x83, 4);
	EXPECT(!mmu_place_monitor(&vcpu));
	memset(vcpu.shared->slot_map, 0, sizeof(vcpu.shared->slot_map));
}

static void mmu_monitor_fixed(void)
{
	struct fake_config c = plain;

	c.fixed = true;
	start_with(&c, VMBT_CR0_PG, VMBT_CR4_PSE, 0, PD << 12);
	/* The guest has its own pages at the top. */
	put(PD << 12 | 1023 * 4, PT << 12 | 7, 4);
	put(PT << 12 | 5 * 4, DATA << 12 | 7, 4);
	go();
	EXPECT_EQ(vcpu.mon_base, 0xffc00000);
	EXPECT_EQ(hw(0xffc00010, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0xffc05010, MMU_WRITE), MMU_FAULT_MONITOR);
	EXPECT_EQ(hw(0xffc05010, MMU_USER), MMU_FAULT_MONITOR);
	EXPECT_EQ(hw(0xffc06010, MMU_USER), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.events, 0);
}

/* The area floats, its data page is where the guest's segments end. */
static void mmu_monitor_split(void)
{
	struct fake_config c = plain;

	c.split = true;
	start_with(&c, VMBT_CR0_PG, VMBT_CR4_PSE, 0, PD << 12);
	put(PD << 12 | 1023 * 4, PT << 12 | 7, 4);
	put(PT << 12 | 5 * 4, DATA << 12 | 7, 4);
	put(PT << 12 | 0x200 * 4, DATA << 12 | 7, 4);
	go();
	EXPECT_EQ(vcpu.mon_base, 0xf0000000);
	EXPECT_EQ(vcpu.mon_data, 0xffe00000);
	EXPECT_EQ(hw(0xffe00010, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0xf0000010 + VMBT_MON_TC, MMU_READ), HW_OK);
	/* Whoever strays into the hole with a write gets the fault that is due. */
	EXPECT_EQ(hw(0xf0000010, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 2);
	EXPECT_EQ(hw(0xf0000010 + VMBT_MON_TC, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(hw(0xf0000010, MMU_READ), MMU_FAULT_TRUE);
	/* What the guest has below is its own; what it has there is interpreted. */
	EXPECT_EQ(hw(0xffc05010, MMU_USER | MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0xffe00010, MMU_USER), MMU_FAULT_MONITOR);
	EXPECT_EQ(hw(0xffe06010, MMU_USER), MMU_FAULT_TRUE);
	/* Ring 3 under BT sees that page, and no longer. */
	mmu_monitor_user(&vcpu, true);
	EXPECT_EQ(hw(0xffe00010, MMU_USER | MMU_WRITE), HW_OK);
	mmu_monitor_user(&vcpu, false);
	EXPECT_EQ(hw(0xffe00010, MMU_USER), MMU_FAULT_MONITOR);
	/* The area moves, the page stays. */
	put(PD_B << 12 | 0x3c0 * 4, PT << 12 | 7, 4);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(vcpu.events, VCPU_EV_MON_WANTED);
	EXPECT(mmu_place_monitor(&vcpu));
	EXPECT_EQ(vcpu.mon_base, 0xefc00000);
	EXPECT_EQ(vcpu.mon_data, 0xffe00000);
	EXPECT_EQ(hw(0xffe00010, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0xf0005010, MMU_USER), HW_OK);
}

/* Where the current root maps @lin, as the CPU finds it; 0: nowhere. */
static u64 mapped(u32 lin, u32 access)
{
	struct hw_result r;

	mmu_activate(&vcpu);
	hw_check();
	r = hw_access(lin, access);
	return r.fault ? 0 : r.phys & ~0xfffull;
}

static u64 page_phys(u32 n)
{
	return plat_pool_phys(pool_index(vcpu.mon_page[n]));
}

/* Pages of the area that nothing was written to are not there. */
static void mmu_monitor_pages(void)
{
	static const u32 hash[] = { 1, 0x80, 0x81, 0x100, 0x104, 0x10c };
	struct fake_config c = plain;
	u32 base, n, i, free;
	u64 empty;

	c.bare = true;
	start_with(&c, VMBT_CR0_PG, 0, 0, PD << 12);
	go();
	base = vcpu.mon_base;
	/* Data, the VMM's instructions, and a page for all that is empty. */
	EXPECT_EQ(mapped(base, MMU_WRITE), page_phys(0));
	EXPECT_EQ(mapped(base + VMBT_MON_INSN, MMU_EXEC), page_phys(VMBT_MON_INSN >> 12));
	empty = plat_pool_phys(pool_index(vcpu.mmu->mon_empty));
	for (n = 1; n < MON_PAGES; n++) {
		for (i = 0; i < ARRAY_SIZE(hash) && hash[i] != n; i++)
			;
		if (i < ARRAY_SIZE(hash))
			EXPECT_EQ(mapped(base + n * 4096, MMU_READ), empty);
		else if (n > 0x10c && n != VMBT_MON_INSN >> 12)
			EXPECT_EQ(mapped(base + n * 4096, MMU_READ), 0);
	}
	EXPECT_EQ(hw(base + 0x1000, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(hw(base + VMBT_MON_TC, MMU_EXEC), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 0);
	/* One comes: nothing changes for its neighbours. */
	EXPECT(mmu_monitor_fill(&vcpu, VMBT_MON_TC >> 12));
	EXPECT_EQ(mapped(base + VMBT_MON_TC, MMU_EXEC), page_phys(VMBT_MON_TC >> 12));
	EXPECT_EQ(mapped(base + VMBT_MON_TC + 4096, MMU_READ), 0);
	EXPECT_EQ(mapped(base + 0x10f000, MMU_EXEC), page_phys(0x10f));
	/* A second time there is nothing to do. */
	free = vcpu.stats->pool_free;
	EXPECT(mmu_monitor_fill(&vcpu, VMBT_MON_TC >> 12));
	EXPECT_EQ(vcpu.stats->pool_free, free);
	/* Instead of the empty one, which the CPU has cached. */
	EXPECT_EQ(mapped(base + 0x2000, MMU_READ), empty);
	EXPECT(mmu_monitor_fill(&vcpu, 2));
	EXPECT(page_phys(2) != empty);
	EXPECT_EQ(mapped(base + 0x2000, MMU_READ), page_phys(2));
	EXPECT_EQ(mapped(base + 0x3000, MMU_READ), empty);
	EXPECT_EQ(vcpu.stats->pool_free, free - 1);
	/* And they go, all at once. */
	mmu_monitor_drop(&vcpu, 1, MON_PAGES);
	EXPECT_EQ(mapped(base + VMBT_MON_TC, MMU_READ), 0);
	EXPECT_EQ(mapped(base + 0x2000, MMU_READ), empty);
	EXPECT_EQ(mapped(base, MMU_WRITE), page_phys(0));
	EXPECT(!mmu_monitor_has(&vcpu, VMBT_MON_TC >> 12) && !mmu_monitor_has(&vcpu, 2));
	EXPECT(vcpu.stats->pool_free >= free + 1);
	/* Nothing is half done when the host has no more. */
	while (pool_alloc(&vcpu) != ~0u)
		;
	EXPECT(!mmu_monitor_fill(&vcpu, 0x120) && !mmu_monitor_fill(&vcpu, 5));
	EXPECT_EQ(mapped(base + 0x120000, MMU_READ), 0);
	EXPECT_EQ(mapped(base + 0x5000, MMU_READ), empty);
}

int main(void)
{
	CASE(mmu_monitor_floating);
	CASE(mmu_monitor_nowhere);
	CASE(mmu_monitor_fixed);
	CASE(mmu_monitor_split);
	CASE(mmu_monitor_pages);
	return check_failed ? 1 : 0;
}
