/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The native harness: translated code on the real CPU, in a process.
 *
 * The process is a 64-bit PIE that owns linear 0..4 GiB. Guest RAM (a memfd)
 * is mapped there at its physical address, the monitor area at MON_BASE, and
 * LDT segments give the guest's segments with any base and limit. Guest code
 * runs in one of three ways from the same start: as it is (raw), translated,
 * or interpreted; the outcomes are compared.
 *
 * Everything runs at ring 3, so a callout arrives as a #GP whose error code
 * names the vector.
 */
#ifndef VMBT_NATIVE_H
#define VMBT_NATIVE_H

#include "../../../../../arch/x86/vmbt/include/types.h"
#include "../../../../../arch/x86/vmbt/vmm/vcpu.h"

#define RAM_SIZE	0x01000000u	/* linear and physical 64 KiB .. 16 MiB */
#define RAM_LOW		0x00010000u
#define MON_BASE	0x40000000u
#define TRAMP		0x50000000u	/* switch code and its data */

/* How guest code came back to the host. */
struct native_exit {
	u32 gpr[8];
	u32 eip;
	u32 eflags;
	u32 trapno;		/* exception, or 256 for the timer's signal */
	u32 error;
	u32 cr2;
	u16 cs, ss, ds, es, fs, gs;
};

struct native_entry {
	u32 gpr[8];
	u32 eip;
	u32 eflags;
	u16 cs, ss, ds, es, fs, gs;
};

void native_init(void);
u8 *native_ram(u32 gpa);		/* writable alias of guest RAM */

/* The way in and where it comes back, in assembly. */
void native_enter(u64 eflags, u64 eip, u64 esp);
void native_back(void);

/* Raw: go to the entry state, come back at the first exception. */
void native_run(const struct native_entry *in, struct native_exit *out);

/* mmu/'s own, behind the linker's --wrap. */
void __real_mmu_trace_add(struct vcpu *v, u64 gfn, u32 client);
void __real_mmu_trace_del(struct vcpu *v, u64 gfn, u32 client);
bool __real_mmu_monitor_fill(struct vcpu *v, u32 n);
void __real_mmu_monitor_drop(struct vcpu *v, u32 from, u32 to);
void __wrap_mmu_trace_add(struct vcpu *v, u64 gfn, u32 client);
void __wrap_mmu_trace_del(struct vcpu *v, u64 gfn, u32 client);

/* Raw code by single steps: called before each one; false ends the run. */
extern bool (*native_watch)(struct native_exit *x);

/* LDT slots: hardware segments by the guest's hidden state. */
u16 native_seg(u32 slot, const struct vmbt_seg *seg);
void native_seg_clear(u32 slot);
#define NATIVE_LDT	24
/* Behind those of the guest's: what translated code has in its registers. */
#define NATIVE_TC	24
#define NATIVE_MON	25
#define NATIVE_BT(s)	(26 + (s))
#define NATIVE_SLOTS	32
/* Raw code may load segment registers: what a selector means (ldt.c). */
extern bool native_segs;
struct vmbt_seg ldt_seg(u16 sel);

/* What a segment register holds while raw guest code runs. */
static inline u16 native_selector(enum vmbt_sreg s)
{
	return (8 + s) << 3 | 7;
}

/* Make guest pages fault on writes, as mmu/ would for a trace. */
#define NATIVE_CODE	1	/* for the translator */
#define NATIVE_TEST	2	/* because a test wants it */
#define NATIVE_ALL	3
void native_protect(u64 gfn, u8 who, bool on);
bool native_protected(u32 gpa);

/* Take all RAM but [start, end) away from guest code that runs natively. */
void native_window(u32 start, u32 end);
bool native_reachable(u64 gfn);

/* Have [0, size) of RAM at linear address shift. */
void native_shift_ram(u32 shift, u32 size);
extern u32 native_shift;

/* FXSAVE image that guest code starts with and leaves behind. */
extern u8 native_fpu[512];
void native_fpu_reset(void);
void native_fpu_swap(void);
void metal_allow_fpu(void);

/* The vCPU under test, flat protected mode after native_reset(). */
extern struct vcpu native_vcpu;
void native_reset(bool code32, u32 base);

/* What stopped a run; with the guest's state in native_vcpu.guest. */
enum native_stop {
	NS_HLT,
	NS_FAULT,		/* native_vcpu.exc */
	NS_LIMIT,		/* too many exits or instructions */
	NS_UNSUPPORTED,
};

extern u32 native_max_exits;	/* then NS_LIMIT */
enum native_stop native_raw(void);
enum native_stop native_bt(void);
enum native_stop native_interp(void);

/* Step through translated code, sync and start over now and then. */
extern bool native_stepping;
extern u64 native_steps, native_restarts, native_straight;
extern u64 native_tsc;			/* added to the counter */
/*
 * Is there a floating bus outside of RAM for the translator and the
 * interpreter, or #PF as for the process? And was the last fault such a #PF
 * of the interpreter's? Its details are not the CPU's.
 */
extern bool native_floating;
extern bool native_no_ram;
/* In the signal handler: one TC instruction done. False: leave the guest. */
bool native_step(u32 eip, u32 esp);

/* Random numbers, the same for the same seed. */
void rnd_seed(u64 seed);
u32 rnd(u32 n);

#endif
