/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that the tests of the shadow MMU run on: plat.h over ordinary
 * memory, a CPU that walks the shadow tables, and a reference for what the
 * guest's own tables mean. The three share nothing with the code under test
 * but its headers.
 */
#ifndef VMBT_TEST_MMU_FAKE_H
#define VMBT_TEST_MMU_FAKE_H

#include "../../../../../../arch/x86/vmbt/vmm/mmu/mmu_int.h"

#define MON_PAGES	(VMBT_MON_SIZE / 4096)
#define RAM_FRAMES	1088	/* mem_top; with a hole and ROM in it */
/* What the host may have in huge pages: 512 frames each, with no hole. */
#define HUGE_GROUPS	2
#define HUGE_GFN(n)	((n) * 512ull)
#define HOLE_FROM	1030
#define HOLE_TO		1046
#define ROM_FROM	1050
#define ROM_TO		1058

struct fake_config {
	u32 pool_pages;		/* at start, beside the monitor area */
	u32 pool_max;
	bool pcid, trips, la57, fixed, split, grants, busy, huge;
	bool bare;		/* no more of the monitor area than it begins with */
	u64 pte_enc;
};

extern struct vcpu vcpu;
extern struct vmbt_shared shared;
extern struct fake_config config;

/* memory (fake.c) */
void fake_init(const struct fake_config *c);
u8 *ram_ptr(u64 gfn);		/* contents, NULL if no memory */
bool gfn_is_ram(u64 gfn);
bool gfn_is_rom(u64 gfn);
u32 pool_now(void);		/* pages in the pool */
u32 pool_end(void);		/* first number that never had one, or lost it */
bool pool_gone(u32 idx);	/* the host has it */
s64 phys_to_gfn(u64 phys);	/* -1 if not a granted page of the guest's */
s64 phys_to_pool(u64 phys);
u8 *phys_ptr(u64 phys);
bool granted_write(u64 gfn);
void host_move(u64 gfn);	/* another host page, same contents */
void host_collapse(u64 gfn);	/* the 512 around it: in a huge page again */
u8 *pool_ptr(u32 idx);
u8 mmio_byte(u64 gpa);

/* Bytes that devices saw written, in order. */
struct mmio_log {
	u32 n;
	struct { u64 gpa; u8 byte; } w[64];
};

extern struct mmio_log mmio_log;

/* Is page @n of the monitor area for a page table of the guest's? */
static inline bool alias_page(u32 n)
{
	return n - VMBT_MON_ALIAS / 4096 < VMBT_MON_ALIASES;
}

/* random numbers */
extern u64 rnd_state;
u32 rnd(u32 n);

/* the CPU (hw.c) */
struct hw_result {
	bool fault;
	u32 error;
	u64 phys;
};

void hw_reset(u64 base_root);
/* With config.trips, one time in @n: to the host and back, maybe to another CPU. */
void hw_trip(u32 n);
/* The VMM used a pool page by its own mapping; pages were given back. */
void hw_pool_used(u32 idx);
void hw_pool_shrunk(void);
struct hw_result hw_access(u32 lin, u32 access);
void hw_invlpg(u32 lin);
extern u64 hw_large;		/* large leaves that were seen by it */
extern u32 hw_flushes;		/* whole ones that were asked for */
void hw_check(void);		/* nothing stale cached, every table sound */

/* the reference (ref.c) */
struct ref_cpu {
	u32 cr0, cr3, cr4;
	u64 efer;
	u64 pdpte[4];
	bool a20;
};

struct ref_result {
	bool fault;
	u32 error;
	u64 gpa;
	bool user, writable, executable, dirty, accessed;
};

extern u8 ref_ram[RAM_FRAMES][4096];
struct ref_result ref_walk(const struct ref_cpu *c, u32 lin, u32 access,
			   bool update);
void ref_from_guest(struct ref_cpu *c);
void ref_load_pdptes(struct ref_cpu *c);

void broken(const char *fmt, ...) __printf(1, 2) __noreturn;

#endif
