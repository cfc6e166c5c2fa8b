/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared between the files of metal/: privileged instructions, the switch, and
 * what has to be loaded again because someone else used the CPU.
 */
#ifndef VMBT_METAL_INT_H
#define VMBT_METAL_INT_H

#include "../../include/crosspage.h"
#include "../../include/header.h"
#include "../vcpu.h"

extern const struct vmbt_image_header metal_header;

/* entry.S */
void metal_switch(void);
/* vmm_again() on an empty stack */
void __noreturn metal_restart(void);
void metal_enter(struct vmbt_frame *f);

/* metal.c, called from entry.S: the start, and a trap in the VMM's own code */
void __noreturn metal_main(void);
void __noreturn metal_trap_panic(const u64 *stack);

/**
 * struct metal - the state of the machine below one vCPU
 * @v: the vCPU, for those functions of plat.h that have no argument
 * @tables_lost: the run GDT and LDT are not loaded
 * @segs_lost: DS ES FS GS hold nothing of the guest's
 * @generation: of the tables that are loaded
 * @guest_cr0: bits of CR0 that are the guest's, as loaded
 * @last_out: time stamp of the last return from the host
 * @dr_loaded: the guest's breakpoints are in the CPU
 * @host_dr: the host's DR0-DR3 meanwhile
 */
struct metal {
	struct vcpu *v;
	bool tables_lost;
	bool segs_lost;
	u32 generation;
	u32 guest_cr0;
	u64 last_out;
	bool dr_loaded;
	u64 host_dr[4];
};

extern struct metal metal;

/**
 * metal_hostcall() - switch to the host with a request
 * @nr: VMBT_HC_*; arguments are in vmbt_shared already
 * Return: what the host answered in hc_ret
 */
u32 metal_hostcall(u32 nr);

struct desc_tables;

/* metal_run() with everything it takes from elsewhere as arguments. */
void metal_run_tables(struct vmbt_frame *f, const struct desc_tables *t,
		      u32 cr0);
/* The same for ring-1 code of the VMM's: no breakpoints, no vCPU mode. */
void metal_run_own(struct vcpu *v, struct vmbt_frame *f);
/* The host's breakpoint addresses again, and none enabled. */
void metal_drop_breakpoints(void);
/* Clear CR0.TS and EM, for x87 and SSE instructions of the VMM's. */
void metal_allow_fpu(void);
/* Have the host replay @vector, which the guest was interrupted by. */
void metal_host_interrupt_vector(u64 vector);

/* probe.c: serve struct vmbt_shared.probe instead of running a VM. */
void __noreturn metal_probe(void);

static inline struct vmbt_cross *metal_cross(void)
{
	return (struct vmbt_cross *)metal_header.cross_data;
}

static inline struct vmbt_shared *metal_shared(void)
{
	return (struct vmbt_shared *)VMBT_SHARED_BASE;
}

static inline void write_cr0(u64 val)
{
	asm volatile("mov %0, %%cr0" : : "r" (val) : "memory");
}

static inline void write_cr4(u64 val)
{
	asm volatile("movq %0, %%cr4" : : "r" (val) : "memory");
}

static inline u64 read_cr2(void)
{
	u64 val;

	asm volatile("mov %%cr2, %0" : "=r" (val));
	return val;
}

static inline void write_cr3(u64 val)
{
	asm volatile("mov %0, %%cr3" : : "r" (val) : "memory");
}

/* The number is a part of the instruction. */
#define DR_ACCESS(n)							\
static inline u64 read_dr##n(void)					\
{									\
	u64 val;							\
									\
	asm volatile("mov %%dr" #n ", %0" : "=r" (val));		\
	return val;							\
}									\
									\
static inline void write_dr##n(u64 val)					\
{									\
	asm volatile("mov %0, %%dr" #n : : "r" (val));			\
}

DR_ACCESS(0)
DR_ACCESS(1)
DR_ACCESS(2)
DR_ACCESS(3)
DR_ACCESS(6)
DR_ACCESS(7)

/* Breakpoints that the CPU met in the VMM's own code (entry.S). */
extern u32 metal_late_dr6;

static inline void load_gdt(u64 base, u16 limit)
{
	struct vmbt_xdtr dtr = { .limit = limit, .base = base };

	asm volatile("lgdt %0" : : "m" (dtr) : "memory");
}

static inline void load_ldt(u16 sel)
{
	asm volatile("lldt %0" : : "r" (sel) : "memory");
}

static inline void invlpg(u64 linear)
{
	asm volatile("invlpg (%0)" : : "r" (linear) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return lo | (u64)hi << 32;
}

#endif
