/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the directed cases share: a guest with a page or two, its own stores,
 * and accesses through the model CPU.
 */
#ifndef UNIT_MMU_CASE_H
#define UNIT_MMU_CASE_H

#include "fake.h"
#include "../runner/check.h"

#define PD	8ull		/* frames of tables */
#define PT	9ull
#define PD_B	10ull		/* of a second address space */
#define PT_B	11ull
#define PDPT	24ull
#define DATA	64ull
#define DATA_B	65ull

static inline void put(u64 gpa, u64 val, u32 len)
{
	memcpy(ram_ptr(gpa >> 12) + (gpa & 0xfff), &val, len);
}

static inline u64 get(u64 gpa, u32 len)
{
	u64 val = 0;

	memcpy(&val, ram_ptr(gpa >> 12) + (gpa & 0xfff), len);
	return val;
}

/* The guest's own store, by the interpreter. */
static inline void store(u64 gpa, u64 val, u32 len)
{
	EXPECT(mmu_write_phys(&vcpu, gpa, &val, len));
}

static inline void start_with(const struct fake_config *c, u32 cr0, u32 cr4,
			      u64 efer, u32 cr3)
{
	struct vmbt_guest *g = &shared.guest;

	rnd_state = 88172645463325252ull;
	fake_init(c);
	memset(ref_ram, 0, sizeof(ref_ram));
	g->cr0 = VMBT_CR0_PE | cr0;
	g->cr4 = cr4;
	g->efer = efer;
	g->cr3 = cr3;
}

static inline void go(void)
{
	EXPECT_EQ(mmu_load_cr3(&vcpu, shared.guest.cr3), X_OK);
	EXPECT(mmu_place_monitor(&vcpu));
	vcpu.events = 0;
}

static const struct fake_config plain __attribute__((unused)) = {
	.pool_pages = 2000, .pool_max = 2000,
};

/* Two-level paging with one page: linear 0x00402xxx -> DATA. */
static inline void two_level(u32 pde_flags, u32 pte_flags, u32 cr0, u32 cr4)
{
	start_with(&plain, VMBT_CR0_PG | cr0, cr4, 0, PD << 12);
	put(PD << 12 | 1 * 4, PT << 12 | pde_flags, 4);
	put(PT << 12 | 2 * 4, DATA << 12 | pte_flags, 4);
	go();
}

#define LIN	0x00402123u

/* An access through the hardware, fills included; what stopped it if not. */
enum { HW_OK = 100 };
static u32 hw_faults __attribute__((unused));
static inline int hw(u32 lin, u32 access)
{
	struct hw_result r;
	int i, f;

	hw_faults = 0;
	for (i = 0; i < 20; i++) {
		mmu_activate(&vcpu);
		r = hw_access(lin, access);
		if (!r.fault)
			return HW_OK;
		hw_faults++;
		f = mmu_fault(&vcpu, lin, r.error);
		if (f != MMU_FAULT_FIXED)
			return f;
	}
	return -1;
}

/* Tables and caches hold against the guest's tables as they are now. */
static inline void sound(void)
{
	u32 i;

	for (i = 0; i < RAM_FRAMES; i++)
		if (ram_ptr(i))
			memcpy(ref_ram[i], ram_ptr(i), 4096);
	hw_check();
}

#endif
