// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the VMM reads again and again are kept (mmu/reads.c): each way in
 * which one could go stale, one after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

static u32 read_at(u32 lin, u32 access)
{
	u32 val = 0xdead;

	return mmu_read(&vcpu, lin, &val, 4, access) == X_OK ? val : ~0u;
}

static void mmu_kept_reads(void)
{
	u32 lin = LIN & ~3u, off = lin & 0xfff;

	two_level(3, 3, VMBT_CR0_WP, 0);
	put(DATA << 12 | off, 111, 4);
	put(DATA_B << 12 | off, 222, 4);
	put(PD_B << 12 | 4, PT << 12 | 3, 4);
	/* Nobody watches the tables yet: nothing may be kept. */
	EXPECT_EQ(read_at(lin, 0), 111);
	EXPECT(!reads_find(vcpu.mmu, lin, 0));
	put(PT << 12 | 8, DATA_B << 12 | 3, 4);
	EXPECT_EQ(read_at(lin, 0), 222);
	EXPECT_EQ(hw(lin, MMU_READ), HW_OK);
	EXPECT_EQ(read_at(lin, 0), 222);
	EXPECT(reads_find(vcpu.mmu, lin, 0));
	EXPECT_EQ(read_at(lin, 0), 222);
	/* What the kernel may read is not the process's. */
	EXPECT_EQ(read_at(lin, MMU_USER), ~0u);
	/* The table is written. */
	store(PT << 12 | 8, DATA << 12 | 3, 4);
	EXPECT_EQ(read_at(lin, 0), 111);
	EXPECT(reads_find(vcpu.mmu, lin, 0));
	store(PD << 12 | 4, 0, 4);
	EXPECT_EQ(read_at(lin, 0), ~0u);
	store(PD << 12 | 4, PT << 12 | 3, 4);
	EXPECT_EQ(hw(lin, MMU_READ), HW_OK);
	EXPECT_EQ(read_at(lin, 0), 111);
	/* The host takes the frame. */
	EXPECT(reads_find(vcpu.mmu, lin, 0));
	host_move(DATA);
	mmu_zap(&vcpu, DATA, DATA + 1);
	EXPECT_EQ(read_at(lin, 0), 111);
	mmu_window_changed(&vcpu);
	EXPECT(!reads_find(vcpu.mmu, lin, 0));
	/* Another address space. */
	EXPECT_EQ(read_at(lin, 0), 111);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT(!reads_find(vcpu.mmu, lin, 0));
	/* The table is let go: writes to it are not told any more. */
	put(PT_B << 12, PT << 12 | 3, 4);
	store(PD_B << 12 | 2 * 4, PT_B << 12 | 3, 4);
	EXPECT_EQ(hw(lin, MMU_READ), HW_OK);
	EXPECT_EQ(read_at(lin, 0), 111);
	EXPECT(reads_find(vcpu.mmu, lin, 0));
	EXPECT(mmu_drop_traces(&vcpu, 0x00800000));
	EXPECT(!reads_find(vcpu.mmu, lin, 0));
	put(PT << 12 | 8, DATA_B << 12 | 3, 4);
	EXPECT_EQ(read_at(lin, 0), 222);
}

/* Pinned for writes at 0, for reads at 1; whether they hold now. */
static u32 pins(void)
{
	EXPECT(mmu_pins_hold(&vcpu, 0, 2) ==
	       (mmu_pins_hold(&vcpu, 0, 1) && mmu_pins_hold(&vcpu, 1, 1)));
	return (mmu_pins_hold(&vcpu, 0, 1) ? 1 : 0) | (mmu_pins_hold(&vcpu, 1, 1) ? 2 : 0);
}

static void pin(u32 lin)
{
	EXPECT(mmu_pin(&vcpu, 0, lin, 20, true));
	EXPECT(mmu_pin(&vcpu, 1, lin, 8, false));
	EXPECT_EQ(pins(), 3);
}

/* Places that are pinned: the same ways, and what only concerns writes. */
static void mmu_pins(void)
{
	u32 lin = LIN & ~3u, val = 0x12345678;

	two_level(3, 3, VMBT_CR0_WP, 0);
	EXPECT(!mmu_pin(&vcpu, 0, lin, 20, true));
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	memcpy(mmu_pinned(&vcpu, 0), &val, 4);
	EXPECT_EQ(read_at(lin, 0), val);
	/* Not across the page's end. */
	EXPECT(!mmu_pin(&vcpu, 2, (lin & ~0xfffu) + 0xff0, 17, true));
	EXPECT(mmu_pin(&vcpu, 2, (lin & ~0xfffu) + 0xff0, 16, true));
	/* The directory is written, whichever entry of it; the table. */
	store(PD << 12 | 1023 * 4, PT_B << 12 | 3, 4);
	EXPECT_EQ(pins(), 0);
	pin(lin);
	store(PT << 12 | 8, DATA_B << 12 | 0x63, 4);
	EXPECT_EQ(pins(), 0);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	/* Not dirty: the CPU has yet to write there. */
	store(PT << 12 | 8, DATA << 12 | 0x23, 4);
	EXPECT_EQ(hw(lin, MMU_READ), HW_OK);
	EXPECT(!mmu_pin(&vcpu, 0, lin, 20, true));
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	/* Somebody wants to hear of writes: not this way. */
	mmu_trace_add(&vcpu, DATA, MMU_TRACE_DESC);
	EXPECT_EQ(pins(), 2);
	EXPECT(!mmu_pin(&vcpu, 0, lin, 20, true));
	mmu_trace_del(&vcpu, DATA, MMU_TRACE_DESC);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	mmu_trace_add(&vcpu, DATA_B, MMU_TRACE_DESC);
	EXPECT_EQ(pins() & 2, 2);
	mmu_trace_del(&vcpu, DATA_B, MMU_TRACE_DESC);
	/* The host takes the frame; the window changes; another address space. */
	pin(lin);
	host_move(DATA);
	mmu_zap(&vcpu, DATA, DATA + 1);
	EXPECT_EQ(pins(), 0);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	EXPECT_EQ(read_at(lin, 0), val);
	mmu_window_changed(&vcpu);
	EXPECT_EQ(pins(), 0);
}

/* Go to the address space of @pd, and have the CPU use it at @lin. */
static void go_to(u32 pd, u32 lin)
{
	EXPECT_EQ(mmu_load_cr3(&vcpu, pd << 12), X_OK);
	EXPECT_EQ(hw(lin, MMU_READ), HW_OK);
}

/* Pins are the kernel's: another process has them where its tables say the same. */
static void mmu_pins_elsewhere(void)
{
	u32 lin = LIN & ~3u, other = 0x00c00000, pde;

	two_level(3, 3, VMBT_CR0_WP, 0);
	put(PT_B << 12, DATA_B << 12 | 3, 4);
	put(PT_B << 12 | 8, DATA << 12 | 0x63, 4);
	put(PD << 12 | 3 * 4, PT_B << 12 | 3, 4);
	put(PD_B << 12 | 3 * 4, PT_B << 12 | 3, 4);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pde = PT << 12 | 0x23;
	pin(lin);
	/* Its directory is not watched yet; then it has nothing there. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(pins(), 0);
	go_to(PD_B, other);
	EXPECT_EQ(pins(), 0);
	go_to(PD, other);
	EXPECT_EQ(pins(), 3);
	/* The same table; what is written to the directory that was left is nothing. */
	go_to(PD_B, other);
	store(PD_B << 12 | 4, pde, 4);
	EXPECT_EQ(pins(), 3);
	go_to(PD, other);
	store(PD_B << 12 | 4, 0, 4);
	EXPECT_EQ(pins(), 3);
	/* But the table's entry, whoever has it written, and the directory's. */
	go_to(PD_B, other);
	store(PD_B << 12 | 4, pde & ~0x20u, 4);
	EXPECT_EQ(pins(), 3);
	store(PT << 12 | 8, DATA_B << 12 | 0x63, 4);
	EXPECT_EQ(pins(), 0);
	store(PT << 12 | 8, DATA << 12 | 0x63, 4);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	store(PD_B << 12 | 4, 0, 4);
	EXPECT_EQ(pins(), 0);
	/* Read-only there; another table with the same entry; another frame. */
	go_to(PD, other);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	go_to(PD_B, other);
	store(PD_B << 12 | 4, pde & ~2u, 4);
	EXPECT_EQ(pins(), 2);
	store(PD_B << 12 | 4, PT_B << 12 | 0x23, 4);
	EXPECT_EQ(pins(), 0);
	/* A trace that comes while the other one runs. */
	go_to(PD, other);
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	go_to(PD_B, other);
	mmu_trace_add(&vcpu, DATA, MMU_TRACE_DESC);
	go_to(PD, other);
	EXPECT_EQ(pins(), 2);
	mmu_trace_del(&vcpu, DATA, MMU_TRACE_DESC);
	/* Another paging mode is another matter. */
	EXPECT_EQ(hw(lin, MMU_WRITE), HW_OK);
	pin(lin);
	vcpu.guest->cr4 |= VMBT_CR4_PSE;
	mmu_mode_changed(&vcpu);
	EXPECT_EQ(pins(), 0);
}

int main(void)
{
	CASE(mmu_kept_reads);
	CASE(mmu_pins);
	CASE(mmu_pins_elsewhere);
	return check_failed ? 1 : 0;
}
