// SPDX-License-Identifier: GPL-2.0
/*
 * One case at a time: what the SDM says about each paging mode (vol. 3,
 * chapter 4), and what the shadow MMU promises to those above it. The numbers
 * here come from the manual's figures and tables, not from our own output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

/* PAE: linear 0x40603xxx: PDPTE 1, PDE 3, PTE 3. */
static void pae(u64 pde_flags, u64 pte_flags, u32 cr0, u64 efer)
{
	start_with(&plain, VMBT_CR0_PG | cr0, VMBT_CR4_PAE, efer, PDPT << 12 | 0x20);
	put(PDPT << 12 | 0x28, PD << 12 | 1, 8);
	put(PD << 12 | 3 * 8, PT << 12 | pde_flags, 8);
	put(PT << 12 | 3 * 8, DATA << 12 | pte_flags, 8);
	go();
}

#define LIN_PAE	0x40603456u

/* The page-fault error code of an access, or ~0 if it is allowed. */
static u32 error_of(u32 lin, u32 access)
{
	struct mmu_xlat x;
	int r;

	memset(&vcpu.exc, 0, sizeof(vcpu.exc));
	r = mmu_walk(&vcpu, lin, access, &x);
	if (r == X_OK)
		return ~0u;
	EXPECT_EQ(r, X_FAULT);
	EXPECT_EQ(vcpu.exc.vector, VMBT_VEC_PF);
	EXPECT_EQ(vcpu.exc.has_error, 1);
	EXPECT_EQ(vcpu.exc.cr2, lin);
	return vcpu.exc.error;
}

static void mmu_error_codes_two_level(void)
{
	/* Figure 4-12: P = 1, W = 2, U = 4, RSVD = 8, I = 16. */
	two_level(0, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(error_of(LIN, MMU_READ), 0);
	EXPECT_EQ(error_of(LIN, MMU_WRITE), 2);
	EXPECT_EQ(error_of(LIN, MMU_USER), 4);
	EXPECT_EQ(error_of(LIN, MMU_WRITE | MMU_USER), 6);
	/* No I bit without PAE and NXE. */
	EXPECT_EQ(error_of(LIN, MMU_EXEC | MMU_USER), 4);
	two_level(7, 6, VMBT_CR0_WP, 0);
	EXPECT_EQ(error_of(LIN, MMU_READ), 0);
	/* User access needs U at both levels, a write W at both. */
	two_level(3, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(error_of(LIN, MMU_USER), 5);
	EXPECT_EQ(error_of(LIN, MMU_READ), ~0u);
	two_level(7, 3, VMBT_CR0_WP, 0);
	EXPECT_EQ(error_of(LIN, MMU_USER | MMU_WRITE), 7);
	two_level(5, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(error_of(LIN, MMU_USER | MMU_WRITE), 7);
	EXPECT_EQ(error_of(LIN, MMU_WRITE), 3);
	EXPECT_EQ(error_of(LIN, MMU_USER), ~0u);
	two_level(7, 5, 0, 0);
	/* CR0.WP clear: the supervisor writes what it likes, the user not. */
	EXPECT_EQ(error_of(LIN, MMU_WRITE), ~0u);
	EXPECT_EQ(error_of(LIN, MMU_WRITE | MMU_USER), 7);
}

static void mmu_error_codes_pae(void)
{
	pae(7, 7, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_USER | MMU_EXEC), ~0u);
	EXPECT_EQ(error_of(0x80000000, MMU_USER | MMU_EXEC), 0x14);
	EXPECT_EQ(error_of(0x80000000, MMU_WRITE), 2);
	pae(7, 7 | PTE_NX, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_EXEC), 0x11);
	EXPECT_EQ(error_of(LIN_PAE, MMU_EXEC | MMU_USER), 0x15);
	EXPECT_EQ(error_of(LIN_PAE, MMU_WRITE | MMU_USER), ~0u);
	pae(7 | PTE_NX, 7, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_EXEC | MMU_USER), 0x15);
	/* Bit 63 is reserved while NXE is clear; no I bit then. */
	pae(7, 7 | PTE_NX, VMBT_CR0_WP, 0);
	EXPECT_EQ(error_of(LIN_PAE, MMU_EXEC | MMU_USER), 0xd);
	EXPECT_EQ(error_of(LIN_PAE, MMU_READ), 9);
	/* Bits 62:36 with 36 address bits. */
	pae(7, 7 | 1ull << 36, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_WRITE), 0xb);
	pae(7, 7 | 1ull << 62, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_USER), 0xd);
	pae(7 | 1ull << 40, 0, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_READ), 9);
	/* Not present comes before reserved: nothing else is looked at. */
	pae(7, 6 | 1ull << 40, VMBT_CR0_WP, VMBT_EFER_NXE);
	EXPECT_EQ(error_of(LIN_PAE, MMU_READ), 0);
}

static void mmu_supervisor_code(void)
{
	/* The guest's kernel runs from the translation cache, or not at all. */
	two_level(7, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(hw(LIN, MMU_USER | MMU_EXEC), HW_OK);
	two_level(3, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(LIN, MMU_EXEC), MMU_FAULT_EMULATE);
}

static void mmu_big_pages(void)
{
	struct mmu_xlat x;

	/* Table 4-4: 4 MiB page, address bits 31:22, 39:32 in 20:13. */
	start_with(&plain, VMBT_CR0_PG, VMBT_CR4_PSE, 0, PD << 12);
	put(PD << 12 | 5 * 4, 0x00c00087, 4);
	put(PD << 12 | 6 * 4, 0x00c0e087, 4);
	put(PD << 12 | 7 * 4, 0x00c20087, 4);
	put(PD << 12 | 8 * 4, 0x00e00087, 4);
	go();
	EXPECT_EQ(mmu_walk(&vcpu, 0x01723456, MMU_READ, &x), X_OK);
	EXPECT_EQ(x.gpa, 0x00f23456);
	EXPECT_EQ(x.page_size, 4u << 20);
	EXPECT_EQ(mmu_walk(&vcpu, 0x01923456, MMU_READ, &x), X_OK);
	EXPECT_EQ(x.gpa, 0x700d23456ull);
	/* Bits 21:17 are reserved with 36 address bits. */
	EXPECT_EQ(error_of(0x01c00000, MMU_READ), 9);
	EXPECT_EQ(error_of(0x02000000, MMU_READ), 9);
	/* CR4.PSE clear: bit 7 is ignored, the entry names a page table. */
	shared.guest.cr4 = 0;
	put(PD << 12 | 9 * 4, PT << 12 | 0x87, 4);
	put(PT << 12, DATA << 12 | 7, 4);
	mmu_mode_changed(&vcpu);
	EXPECT_EQ(mmu_walk(&vcpu, 9u << 22, MMU_READ, &x), X_OK);
	EXPECT_EQ(x.gpa, DATA << 12);
	EXPECT_EQ(x.page_size, 4096);

	/* PAE: 2 MiB whatever CR4.PSE says; bits 20:13 reserved. */
	start_with(&plain, VMBT_CR0_PG, VMBT_CR4_PAE, 0, PDPT << 12);
	put(PDPT << 12, PD << 12 | 1, 8);
	put(PD << 12 | 2 * 8, 0x00200087, 8);
	put(PD << 12 | 3 * 8, 0x00202087, 8);
	go();
	EXPECT_EQ(mmu_walk(&vcpu, 0x00512345, MMU_READ, &x), X_OK);
	EXPECT_EQ(x.gpa, 0x00312345);
	EXPECT_EQ(x.page_size, 2u << 20);
	EXPECT_EQ(error_of(0x00600000, MMU_USER), 0xd);
}

static void mmu_accessed_dirty(void)
{
	u64 pde = PD << 12 | 4, pte = PT << 12 | 8;

	two_level(7, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(get(pde, 4) & 0x60, 0x20);
	EXPECT_EQ(get(pte, 4) & 0x60, 0x20);
	/* The first write is seen though the page is mapped. */
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT_EQ(get(pte, 4) & 0x60, 0x60);
	EXPECT_EQ(get(pde, 4) & 0x60, 0x20);
	/* The guest clears its flags without INVLPG: seen again. */
	store(pte, DATA << 12 | 7, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(get(pte, 4) & 0x60, 0x20);
	store(pte, DATA << 12 | 0x27, 4);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(get(pte, 4) & 0x60, 0x60);
	/* A forbidden access leaves no mark. */
	two_level(7, 5, VMBT_CR0_WP, 0);
	EXPECT_EQ(hw(LIN, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(get(pde, 4) & 0x60, 0);
	EXPECT_EQ(get(pte, 4) & 0x60, 0);
	/* A peek neither. */
	EXPECT_EQ(error_of(LIN, MMU_READ | MMU_PEEK), ~0u);
	EXPECT_EQ(get(pte, 4) & 0x60, 0);

	/* Big page: both flags in the directory entry. */
	start_with(&plain, VMBT_CR0_PG, VMBT_CR4_PSE, 0, PD << 12);
	put(PD << 12 | 4, 0x00000087, 4);
	go();
	EXPECT_EQ(hw(0x00401000, MMU_READ), HW_OK);
	EXPECT_EQ(get(pde, 4) & 0x60, 0x20);
	EXPECT_EQ(hw(0x00402000, MMU_WRITE), HW_OK);
	EXPECT_EQ(get(pde, 4) & 0x60, 0x60);
	/* Dirty for one 4 KiB is dirty for all: one fill, no second stop. */
	EXPECT_EQ(hw(0x00401000, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 1);
}

static void mmu_unpaged(void)
{
	u32 val = 0x11223344, got = 0;

	start_with(&plain, 0, 0, 0, 0);
	go();
	EXPECT_EQ(hw(DATA << 12 | 8, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(DATA << 12 | 8, MMU_USER), HW_OK);
	EXPECT_EQ(mmu_write(&vcpu, DATA << 12 | 8, &val, 4, 0), X_OK);
	EXPECT_EQ(get(DATA << 12 | 8, 4), val);
	EXPECT_EQ(hw((u32)HOLE_FROM << 12, MMU_READ), MMU_FAULT_EMULATE);
	EXPECT_EQ(hw((u32)ROM_FROM << 12, MMU_READ), HW_OK);
	EXPECT_EQ(hw((u32)ROM_FROM << 12, MMU_WRITE), MMU_FAULT_EMULATE);
	/* A20 masked: 1 MiB + x is x. */
	put(0x1234, 0xabcd, 4);
	shared.guest.a20_masked = 1;
	mmu_mode_changed(&vcpu);
	EXPECT_EQ(mmu_read(&vcpu, 0x101234, &got, 4, 0), X_OK);
	EXPECT_EQ(got, 0xabcd);
	EXPECT_EQ(hw(0x101234, MMU_READ), HW_OK);
	EXPECT_EQ(phys_to_gfn(hw_access(0x101234, 0).phys & ~0xfffull), 1);
	shared.guest.a20_masked = 0;
	mmu_mode_changed(&vcpu);
	EXPECT_EQ(hw(0x101234, MMU_READ), HW_OK);
	EXPECT_EQ(phys_to_gfn(hw_access(0x101234, 0).phys & ~0xfffull), 0x101);
}

static void mmu_wp_clear(void)
{
	/* User page, read-only, supervisor writes with CR0.WP = 0. */
	two_level(7, 5, 0, 0);
	EXPECT_EQ(hw(LIN, MMU_USER), HW_OK);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 0);
	EXPECT_EQ(hw(LIN, MMU_USER), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT_EQ(hw(LIN, MMU_USER | MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 7);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	/* WP set again: at once, without any flush by the guest. */
	shared.guest.cr0 |= VMBT_CR0_WP;
	mmu_mode_changed(&vcpu);
	EXPECT_EQ(hw(LIN, MMU_WRITE), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 3);
	/* A read-only directory entry is overridden as well. */
	two_level(5, 7, 0, 0);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
}

static void mmu_pdptes(void)
{
	struct vmbt_guest *g = &shared.guest;

	pae(7, 7, VMBT_CR0_WP, 0);
	/* Registers: a write to memory counts at the next CR3 load only. */
	store(PDPT << 12 | 0x28, 0, 8);
	EXPECT_EQ(hw(LIN_PAE, MMU_READ), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PDPT << 12 | 0x20), X_OK);
	EXPECT_EQ(hw(LIN_PAE, MMU_READ), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 0);
	/* Reserved: 2:1, 8:5, 63:36; not checked where P is clear. */
	for (int bit = 0; bit < 64; bit++) {
		bool bad = bit == 1 || bit == 2 || (bit >= 5 && bit <= 8) || bit >= 36;
		int r;

		put(PDPT << 12 | 0x28, PD << 12 | 1 | 1ull << bit, 8);
		put(PDPT << 12 | 0x30, 1ull << bit & ~1ull, 8);
		r = mmu_load_cr3(&vcpu, PDPT << 12 | 0x20);
		EXPECT_EQ(r, bad ? X_FAULT : X_OK);
		if (bad) {
			EXPECT_EQ(vcpu.exc.vector, VMBT_VEC_GP);
			EXPECT_EQ(vcpu.exc.error, 0);
		}
	}
	EXPECT_EQ(g->cr3, PDPT << 12 | 0x20);
}

static void mmu_root_cache(void)
{
	u64 fills;

	two_level(7, 7, VMBT_CR0_WP, 0);
	put(PD_B << 12 | 4, PT_B << 12 | 7, 4);
	put(PT_B << 12 | 8, DATA_B << 12 | 7, 4);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(phys_to_gfn(hw_access(LIN, 0).phys & ~0xfffull), DATA_B);
	fills = shared.stats.shadow_fills;
	/* Back and forth without a fault. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(phys_to_gfn(hw_access(LIN, 0).phys & ~0xfffull), DATA);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(shared.stats.shadow_fills, fills);
	/* A write to the table of the root that sleeps is not lost. */
	store(PT << 12 | 8, 0, 4);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(hw(LIN, MMU_READ), MMU_FAULT_TRUE);
}

/* Did loading the other directory, and using it, keep the TLB's entries? */
static bool kept(u32 cr3)
{
	u64 before = shared.stats.root_loads_kept;
	u32 i;

	EXPECT_EQ(mmu_load_cr3(&vcpu, cr3 << 12), X_OK);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	for (i = 0; i < RAM_FRAMES; i++)
		if (ram_ptr(i))
			memcpy(ref_ram[i], ram_ptr(i), 4096);
	hw_check();
	return shared.stats.root_loads_kept != before;
}

/*
 * Two processes with a page each, and one more that they share. What is torn
 * down while a process sleeps must not be there when it wakes up.
 */
static void mmu_pcids(void)
{
	struct fake_config c = plain;
	u32 i;

	c.pcid = true;
	start_with(&c, VMBT_CR0_PG | VMBT_CR0_WP, 0, 0, PD << 12);
	put(PD << 12 | 4, PT << 12 | 7, 4);
	put(PT << 12 | 2 * 4, DATA << 12 | 7, 4);
	put(PD_B << 12 | 4, PT_B << 12 | 7, 4);
	put(PT_B << 12 | 2 * 4, DATA_B << 12 | 7, 4);
	put(PD << 12 | 0x300 * 4, 90ull << 12 | 7, 4);
	put(PD_B << 12 | 0x300 * 4, 90ull << 12 | 7, 4);
	put(90ull << 12, DATA << 12 | 7, 4);
	go();
	EXPECT(!kept(PD));
	EXPECT(!kept(PD_B));
	EXPECT(kept(PD));
	EXPECT(kept(PD_B));
	/* The sleeping one's own page goes; the other does not notice. */
	store(PT << 12 | 2 * 4, DATA << 12 | 5, 4);
	EXPECT(!kept(PD));
	EXPECT(kept(PD_B));
	/* A page in a table of both; so many writes that it is let go. */
	EXPECT_EQ(hw(0xc0000000, MMU_READ), HW_OK);
	EXPECT(kept(PD));
	EXPECT_EQ(hw(0xc0000000, MMU_READ), HW_OK);
	store(90ull << 12, DATA_B << 12 | 7, 4);
	EXPECT(!kept(PD_B));
	EXPECT(kept(PD));
	/* A whole table of the sleeping one's. */
	store(PD_B << 12 | 4, PT << 12 | 7, 4);
	EXPECT(!kept(PD_B));
	/* A frame that the host takes, of a sleeping one. */
	store(PD_B << 12 | 4, PT_B << 12 | 7, 4);
	EXPECT(kept(PD));
	EXPECT(kept(PD_B));
	host_move(DATA);
	mmu_zap(&vcpu, DATA, DATA + 1);
	EXPECT(!kept(PD));
	/* The window, which all roots have. */
	EXPECT(kept(PD_B));
	mmu_window_changed(&vcpu);
	EXPECT(!kept(PD));
	EXPECT(kept(PD_B));
	/* The monitor area goes elsewhere. */
	mmu_monitor_user(&vcpu, true);
	EXPECT_EQ(hw(vcpu.mon_base + 0x10, MMU_USER), HW_OK);
	store(PD_B << 12 | (vcpu.mon_base >> 22) * 4, 90ull << 12 | 7, 4);
	EXPECT(mmu_place_monitor(&vcpu));
	EXPECT(!kept(PD));
	/* Roots that take the place, and the number, of others. */
	for (i = 0; i < 2 * MAX_ROOTS; i++) {
		if (i < MAX_ROOTS)
			put((100 + i) << 12 | 4, PT << 12 | 7, 4);
		EXPECT_EQ(mmu_load_cr3(&vcpu, (100 + i) << 12), X_OK);
		EXPECT_EQ(hw(LIN, MMU_READ),
			  i < MAX_ROOTS ? (int)HW_OK : (int)MMU_FAULT_TRUE);
	}
	vcpu.events = 0;
}

/* Without PCIDs the CPU's flush is taken for granted, so none is kept. */
static void mmu_no_pcids(void)
{
	two_level(7, 7, VMBT_CR0_WP, 0);
	put(PD_B << 12 | 4, PT << 12 | 7, 4);
	EXPECT(!kept(PD));
	EXPECT(!kept(PD_B));
	EXPECT(!kept(PD));
	EXPECT_EQ(shared.stats.root_loads, 3);
}

static void mmu_many_roots(void)
{
	u32 i;

	two_level(7, 7, VMBT_CR0_WP, 0);
	for (i = 0; i < 300; i++) {
		put((100ull + i % 200) << 12 | 4, PT << 12 | 7, 4);
		EXPECT_EQ(mmu_load_cr3(&vcpu, (100 + i % 200) << 12), X_OK);
		EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
		EXPECT(shared.stats.shadow_roots <= MAX_ROOTS);
	}
	/* A root that went took its tables along: PDPT and two directories. */
	EXPECT(shared.stats.shadow_pages <= 3 * MAX_ROOTS + 1);
}

static void mmu_pte_prefill(void)
{
	u32 i;

	/* A fault handler's PTE, accessed and dirty: no second fault. */
	two_level(7, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	for (i = 0; i < 20; i++) {
		store(PT << 12 | (100 + i) * 4, (DATA + i) << 12 | 0x67, 4);
		EXPECT_EQ(hw(0x00400000 + ((100 + i) << 12), MMU_WRITE), HW_OK);
		EXPECT_EQ(hw_faults, 0);
	}
	/* Not accessed: it must be seen to become so. */
	store(PT << 12 | 200 * 4, DATA << 12 | 7, 4);
	EXPECT_EQ(hw(0x004c8000, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT_EQ(get(PT << 12 | 200 * 4, 4) & 0x20, 0x20);
}

/* A former table is written by the guest itself, not word by word here. */
static void mmu_let_go_at_fault(void)
{
	u32 i;

	two_level(7, 7, VMBT_CR0_WP, 0);
	put(PD << 12 | 2 * 4, PT_B << 12 | 7, 4);
	put(PT_B << 12, DATA << 12 | 7, 4);
	/* 0x00803000 is table PT, 0x00804000 table PT_B, 0x00805000 PD_B. */
	put(PT_B << 12 | 3 * 4, PT << 12 | 0x67, 4);
	put(PT_B << 12 | 4 * 4, PT_B << 12 | 0x67, 4);
	put(PT_B << 12 | 5 * 4, PD_B << 12 | 0x67, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(0x00803000, MMU_WRITE), MMU_FAULT_EMULATE);
	/* Its directory entry goes, then the page is cleared. */
	store(PD << 12 | 1 * 4, 0, 4);
	EXPECT_EQ(hw(0x00803000, MMU_WRITE), HW_OK);
	/* Written four times without use. */
	store(PD << 12 | 1 * 4, PT << 12 | 7, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(hw(0x00803000, MMU_WRITE), MMU_FAULT_EMULATE);
		store(PT << 12 | (600 + i) * 4, 0, 4);
	}
	EXPECT_EQ(hw(0x00803000, MMU_WRITE), HW_OK);
	/* A table on the very way to itself stays one. */
	for (i = 0; i < 8; i++)
		store(PT_B << 12 | (600 + i) * 4, 0, 4);
	EXPECT_EQ(hw(0x00804000, MMU_WRITE), MMU_FAULT_EMULATE);
	/* The directory of a process that sleeps, or is dead. */
	put(PD_B << 12 | 2 * 4, PT_B << 12 | 7, 4);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(hw(0x00805000, MMU_WRITE), MMU_FAULT_EMULATE);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(hw(0x00805000, MMU_WRITE), HW_OK);
	EXPECT(!frame_peek(vcpu.mmu, PD_B)->trace);
}

static void mmu_fill_around(void)
{
	u32 i;

	/* One fault brings the accessed neighbours, and only those. */
	two_level(7, 7, VMBT_CR0_WP, 0);
	for (i = 0; i < 32; i++)
		put(PT << 12 | (512 + i) * 4, (DATA + i) << 12 | (i & 1 ? 0x67 : 0x47), 4);
	EXPECT_EQ(hw(0x00604000, MMU_READ), HW_OK);
	/* Of four: what is farther away is less likely to be used. */
	EXPECT_EQ(hw(0x00607000, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 0);
	EXPECT_EQ(hw(0x00603000, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	EXPECT_EQ(hw(0x00609000, MMU_READ), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	for (i = 0; i <= 16; i++) {
		EXPECT_EQ(hw(0x00600000 + (i << 12), MMU_READ), HW_OK);
		EXPECT_EQ(hw_faults, i == 4 || i % 2 ? 0 : 1);
	}
	EXPECT_EQ(get(PT << 12 | (512 + 18) * 4, 4) & 0x20, 0);
}

/* What can be switched off: the same, by a fault each, or a whole flush. */
static void mmu_switched_off(void)
{
	u32 i;

	two_level(7, 7, VMBT_CR0_WP, 0);
	shared.no_offers = VMBT_OFFER_AROUND | VMBT_OFFER_PREFILL;
	for (i = 0; i < 4; i++)
		put(PT << 12 | (512 + i) * 4, (DATA + i) << 12 | 0x67, 4);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(hw(0x00600000 + (i << 12), MMU_READ), HW_OK);
		EXPECT_EQ(hw_faults, 1);
		store(PT << 12 | (100 + i) * 4, (DATA + i) << 12 | 0x67, 4);
		EXPECT_EQ(hw(0x00400000 + ((100 + i) << 12), MMU_WRITE), HW_OK);
		EXPECT_EQ(hw_faults, 1);
	}
}

/* A table that is let go while it has three leaves; whole flushes of the TLB for that. */
static u32 flushes_of_a_table(void)
{
	u32 i, before;

	for (i = 0; i < 3; i++) {
		put(PT << 12 | (512 + 32 * i) * 4, (DATA + i) << 12 | 7, 4);
		EXPECT_EQ(hw(0x00600000 + (i << 17), MMU_READ), HW_OK);
	}
	EXPECT(frame_peek(vcpu.mmu, PT)->trace & MMU_TRACE_SHADOW);
	before = hw_flushes;
	for (i = 0; i < 12; i++)
		store(PT << 12 | (800 + i) * 4, 0, 4);
	EXPECT(!(frame_peek(vcpu.mmu, PT)->trace & MMU_TRACE_SHADOW));
	return hw_flushes - before;
}

static void mmu_few_leaves(void)
{
	two_level(7, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(flushes_of_a_table(), 0);
	two_level(7, 7, VMBT_CR0_WP, 0);
	shared.no_offers = VMBT_OFFER_FEW;
	EXPECT_EQ(flushes_of_a_table(), 1);
}

static void mmu_unshadow(void)
{
	u32 i;

	two_level(7, 7, VMBT_CR0_WP, 0);
	/* Map the page table itself at 0x00403000. */
	put(PT << 12 | 12, PT << 12 | 0x67, 4);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw(0x00403800, MMU_WRITE), MMU_FAULT_EMULATE);
	EXPECT_EQ(shared.stats.faults_trace, 1);
	/* Torn down: after a few writes the table is let go. */
	for (i = 0; i < 12; i++)
		store(PT << 12 | (600 + i) * 4, 0, 4);
	EXPECT(!(frame_peek(vcpu.mmu, PT)->trace & MMU_TRACE_SHADOW));
	/* The second half still maps it; now it can be written. */
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	/* An unaligned or short write is no table's. */
	EXPECT(frame_peek(vcpu.mmu, PT)->trace & MMU_TRACE_SHADOW);
	store(PT << 12 | 802, 0, 4);
	EXPECT(!(frame_peek(vcpu.mmu, PT)->trace & MMU_TRACE_SHADOW));
	/* A directory of a dead process goes with the first write. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	mmu_activate(&vcpu);
	for (i = 0; i < 12; i++)
		store(PD << 12 | i * 4, 0, 4);
	EXPECT(!(frame_peek(vcpu.mmu, PD)->trace & MMU_TRACE_SHADOW));
}

static u64 seen_gpa;
static u32 seen_len, seen_n, seen_old;

static void on_write(struct vcpu *v, u64 gpa, u32 len)
{
	(void)v;
	seen_gpa = gpa;
	seen_len = len;
	seen_n++;
	seen_old = (u32)get(gpa & ~3ull, 4);
}

static void mmu_traces(void)
{
	u32 val = 5;

	two_level(7, 7, VMBT_CR0_WP, 0);
	mmu_trace_register(&vcpu, MMU_TRACE_DESC, on_write);
	put(DATA << 12 | 0x120, 0x77, 4);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	mmu_trace_add(&vcpu, DATA, MMU_TRACE_DESC);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(LIN, MMU_WRITE), MMU_FAULT_EMULATE);
	seen_n = 0;
	EXPECT_EQ(mmu_write(&vcpu, 0x00402120, &val, 4, 0), X_OK);
	EXPECT_EQ(seen_n, 1);
	EXPECT_EQ(seen_gpa, DATA << 12 | 0x120);
	EXPECT_EQ(seen_len, 4);
	/* Told before it took effect. */
	EXPECT_EQ(seen_old, 0x77);
	EXPECT_EQ(get(DATA << 12 | 0x120, 4), 5);
	/* The accessed flag set by a walk is a write, too. */
	mmu_trace_add(&vcpu, PT, MMU_TRACE_DESC);
	put(PT << 12 | 20, DATA_B << 12 | 7, 4);
	seen_n = 0;
	EXPECT_EQ(error_of(0x00405000, MMU_READ), ~0u);
	EXPECT_EQ(seen_n, 1);
	EXPECT_EQ(seen_gpa, PT << 12 | 20);
	/* Dropped for an instruction that can't be interpreted. */
	seen_n = 0;
	EXPECT(mmu_drop_traces(&vcpu, LIN));
	EXPECT_EQ(seen_n, 1);
	EXPECT_EQ(seen_len, 4096);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	/* But never for a table on its own way. */
	put(PT << 12 | 24, PT << 12 | 7, 4);
	EXPECT(!mmu_drop_traces(&vcpu, 0x00406000));
}

static void mmu_crossing(void)
{
	u8 buf[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, back[8] = { 0 };
	u32 got;

	two_level(7, 7, VMBT_CR0_WP, 0);
	put(PT << 12 | 12, DATA_B << 12 | 7, 4);
	EXPECT_EQ(mmu_write(&vcpu, 0x00402ffd, buf, 8, MMU_USER), X_OK);
	EXPECT_EQ(get(DATA << 12 | 0xffd, 3), 0x030201);
	EXPECT_EQ(get(DATA_B << 12, 5), 0x0807060504);
	EXPECT_EQ(mmu_read(&vcpu, 0x00402ffd, back, 8, MMU_USER), X_OK);
	EXPECT(!memcmp(buf, back, 8));
	/* All or nothing, and CR2 is the second page. */
	memset(buf, 0xee, 8);
	EXPECT_EQ(mmu_write(&vcpu, 0x00403ffd, buf, 8, MMU_USER), X_FAULT);
	EXPECT_EQ(vcpu.exc.cr2, 0x00404000);
	EXPECT_EQ(vcpu.exc.error, 6);
	EXPECT_EQ(get(DATA_B << 12 | 0xffd, 3), 0);
	EXPECT_EQ(mmu_probe_write(&vcpu, 0x00403ffe, 4, 0), X_FAULT);
	EXPECT_EQ(vcpu.exc.error, 2);
	/* A fetch says how far it came. */
	EXPECT_EQ(mmu_fetch(&vcpu, 0x00403ffb, buf, 8, 0, &got), X_FAULT);
	EXPECT_EQ(got, 5);
	EXPECT_EQ(vcpu.exc.cr2, 0x00404000);
	/* The last page of the address space wraps to the first. */
	EXPECT_EQ(mmu_read(&vcpu, 0xfffffffe, buf, 4, 0), X_FAULT);
	EXPECT_EQ(vcpu.exc.cr2, 0xfffffffe);
}

static void mmu_devices(void)
{
	u8 buf[16], i;

	two_level(7, 7, VMBT_CR0_WP, 0);
	put(PT << 12 | 16, (u64)HOLE_FROM << 12 | 7, 4);
	put(PT << 12 | 20, (u64)ROM_FROM << 12 | 7, 4);
	EXPECT_EQ(hw(0x00404010, MMU_READ), MMU_FAULT_EMULATE);
	EXPECT_EQ(mmu_read(&vcpu, 0x00404010, buf, 16, 0), X_OK);
	for (i = 0; i < 16; i++)
		EXPECT_EQ(buf[i], mmio_byte(((u64)HOLE_FROM << 12) + 0x10 + i));
	mmio_log.n = 0;
	EXPECT_EQ(mmu_write(&vcpu, 0x00404ffe, buf, 4, 0), X_OK);
	/* Half to the device, half to ROM, which is one as well. */
	EXPECT_EQ(mmio_log.n, 4);
	EXPECT_EQ(mmio_log.w[2].gpa, (u64)ROM_FROM << 12);
	EXPECT_EQ(hw(0x00405000, MMU_READ), HW_OK);
	EXPECT_EQ(hw(0x00405000, MMU_WRITE), MMU_FAULT_EMULATE);
	EXPECT(!mmu_read_phys(&vcpu, (u64)HOLE_FROM << 12, buf, 4));
	EXPECT(!mmu_write_phys(&vcpu, (u64)ROM_FROM << 12, buf, 4));
	EXPECT(mmu_read_phys(&vcpu, ((u64)ROM_FROM << 12) - 8, buf, 16));
}

static void mmu_epochs(void)
{
	two_level(7, 7, VMBT_CR0_WP, 0);
	/* A second process that shares the kernel's table. */
	put(PD_B << 12 | 4, PT << 12 | 0x27, 4);
	put(PD_B << 12 | 8, PT_B << 12 | 7, 4);
	mmu_code_page(&vcpu, LIN, DATA);
	EXPECT_EQ(vcpu.events, 0);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(vcpu.events, 0);
	/* Other pages of the table come and go. */
	store(PT << 12 | 800, DATA_B << 12 | 7, 4);
	store(PD << 12 | 400, PT_B << 12 | 7, 4);
	EXPECT_EQ(vcpu.events, 0);
	/* Its own, though nothing was ever shadowed for it. */
	store(PT << 12 | 8, DATA << 12 | 0x67, 4);
	EXPECT_EQ(vcpu.events, 0);
	store(PT << 12 | 8, DATA_B << 12 | 7, 4);
	EXPECT_EQ(vcpu.events, VCPU_EV_EPOCH);
	vcpu.events = 0;
	mmu_code_page(&vcpu, LIN, DATA_B);
	EXPECT_EQ(vcpu.events, 0);
	store(PD << 12 | 4, 0, 4);
	EXPECT_EQ(vcpu.events, VCPU_EV_EPOCH);
	vcpu.events = 0;
	store(PD << 12 | 4, PT << 12 | 7, 4);
	mmu_code_page(&vcpu, LIN, DATA_B);
	/* Another process with another page there. */
	store(PD_B << 12 | 4, PT_B << 12 | 7, 4);
	EXPECT_EQ(vcpu.events, 0);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(vcpu.events, VCPU_EV_EPOCH);
	vcpu.events = 0;
	/* Told of a page that is not so. */
	mmu_code_page(&vcpu, LIN, DATA_B + 1);
	EXPECT_EQ(vcpu.events, VCPU_EV_EPOCH);
}

static void mmu_host_takes_frames(void)
{
	two_level(7, 7, VMBT_CR0_WP, 0);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	host_move(DATA);
	mmu_zap(&vcpu, DATA, DATA + 1);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(hw_faults, 1);
	/* A page table, and everything at once. */
	host_move(PT);
	put(PT << 12 | 8, DATA_B << 12 | 7, 4);
	mmu_zap(&vcpu, PT, PT + 1);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	EXPECT_EQ(phys_to_gfn(hw_access(LIN, 0).phys & ~0xfffull), DATA_B);
	mmu_zap(&vcpu, 0, ~0ull);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
}

/* Where the host grants reads only, the first write asks for more. */
static void mmu_write_grants(void)
{
	struct fake_config c = plain;
	u32 i;

	c.grants = true;
	start_with(&c, 0, 0, 0, 0);
	go();
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(hw(i << 12, MMU_READ), HW_OK);
		EXPECT_EQ(hw(i << 12, MMU_WRITE), HW_OK);
	}
}

/* One page table at two addresses: a right lost at one is lost at both. */
static void mmu_aliases(void)
{
	int i;

	two_level(7, 5, 0, 0);
	put(PD << 12 | 3 * 4, PT << 12 | 7, 4);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
		EXPECT_EQ(hw(LIN + 0x800000, MMU_WRITE), HW_OK);
		EXPECT_EQ(hw(LIN, MMU_USER), HW_OK);
		mmu_trace_add(&vcpu, DATA, MMU_TRACE_CODE);
		EXPECT_EQ(hw(LIN + 0x800000, MMU_WRITE), MMU_FAULT_EMULATE);
		mmu_trace_del(&vcpu, DATA, MMU_TRACE_CODE);
	}
}

/* What the shadow has linked says no more about a fault than the guest's tables do now. */
static void mmu_absent(void)
{
	u32 lin = 0x00403abc;

	two_level(7, 7, VMBT_CR0_WP, 0);
	put(PT_B << 12 | 3 * 4, DATA_B << 12 | 7, 4);
	put(PD_B << 12 | 1 * 4, PT_B << 12 | 7, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(lin, MMU_WRITE | MMU_USER), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.vector, VMBT_VEC_PF);
	EXPECT_EQ(vcpu.exc.error, 6);
	EXPECT_EQ(vcpu.exc.cr2, lin);
	EXPECT_EQ(shared.stats.faults_true, 1);
	/* Another table, by a write to the directory. */
	store(PD << 12 | 1 * 4, PT_B << 12 | 7, 4);
	EXPECT_EQ(mmu_fault(&vcpu, lin, MMU_WRITE | MMU_USER), MMU_FAULT_FIXED);
	store(PD << 12 | 1 * 4, PT << 12 | 7, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	/* By another directory, which the hardware does not have yet. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(mmu_fault(&vcpu, lin, MMU_WRITE | MMU_USER), MMU_FAULT_FIXED);
	/* By a big page: what is linked maps it, and no table is looked at. */
	shared.guest.cr4 = VMBT_CR4_PSE;
	mmu_mode_changed(&vcpu);
	store(PD_B << 12 | 1 * 4, 0x1e7, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(0x00500000, MMU_WRITE), HW_OK);
	/* A fault that is true leaves the directory's entry not accessed. */
	store(PD_B << 12 | 1 * 4, PT << 12 | 7, 4);
	EXPECT_EQ(hw(lin, MMU_READ), MMU_FAULT_TRUE);
	EXPECT_EQ(get(PD_B << 12 | 1 * 4, 4), PT << 12 | 7);
	sound();
}

/* A guest that maps one frame everywhere: lists stay short. */
static void mmu_one_frame_everywhere(void)
{
	u32 t, i;

	start_with(&plain, VMBT_CR0_PG, 0, 0, PD << 12);
	for (t = 0; t < 4; t++) {
		put(PD << 12 | t * 4, (PT_B + t) << 12 | 7, 4);
		for (i = 0; i < 1024; i++)
			put((PT_B + t) << 12 | i * 4, DATA << 12 | 7, 4);
	}
	go();
	for (i = 0; i < 4096; i++)
		EXPECT_EQ(hw(i << 12, MMU_READ), HW_OK);
	EXPECT(frame_peek(vcpu.mmu, DATA)->nrmap <= REFS_MAX);
	mmu_trace_add(&vcpu, DATA, MMU_TRACE_CODE);
	EXPECT_EQ(hw(4095 << 12, MMU_WRITE), MMU_FAULT_EMULATE);
	mmu_zap(&vcpu, DATA, DATA + 1);
	EXPECT_EQ(frame_peek(vcpu.mmu, DATA)->nrmap, 0);
}

int main(void)
{
	CASE(mmu_error_codes_two_level);
	CASE(mmu_error_codes_pae);
	CASE(mmu_supervisor_code);
	CASE(mmu_big_pages);
	CASE(mmu_accessed_dirty);
	CASE(mmu_unpaged);
	CASE(mmu_wp_clear);
	CASE(mmu_pdptes);
	CASE(mmu_root_cache);
	CASE(mmu_pcids);
	CASE(mmu_no_pcids);
	CASE(mmu_many_roots);
	CASE(mmu_pte_prefill);
	CASE(mmu_let_go_at_fault);
	CASE(mmu_fill_around);
	CASE(mmu_switched_off);
	CASE(mmu_few_leaves);
	CASE(mmu_unshadow);
	CASE(mmu_traces);
	CASE(mmu_crossing);
	CASE(mmu_devices);
	CASE(mmu_epochs);
	CASE(mmu_host_takes_frames);
	CASE(mmu_write_grants);
	CASE(mmu_aliases);
	CASE(mmu_absent);
	CASE(mmu_one_frame_everywhere);
	return check_failed ? 1 : 0;
}
