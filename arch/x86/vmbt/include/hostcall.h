/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the VMM asks of the host, and the memory they share.
 *
 * A host call is a return through the world switch with a request in
 * vmbt_shared.hc; the answer is there when the VMM runs again. From the VMM's
 * side it is a plain function call (plat_hostcall()). The host treats every
 * argument as untrusted: the VMM is attacked by its guest all day.
 */
#ifndef VMBT_HOSTCALL_H
#define VMBT_HOSTCALL_H

#include "types.h"
#include "chipstate.h"
#include "guest.h"
#include "hostile.h"

enum vmbt_hostcall_nr {
	VMBT_HC_NONE,
	/*
	 * A host event arrived while the guest or VMM ran. arg[0] = vector.
	 * The host replays it through its own IDT, then may schedule.
	 */
	VMBT_HC_INTR,
	VMBT_HC_NMI,
	VMBT_HC_MCE,
	/*
	 * The page behind guest frame arg[0]; arg[1] = 1 for a write grant.
	 * ret: VMBT_PAGE_*; on RAM out[0] = physical address, out[1] = 1 if
	 * the grant allows writes, out[2] = 1 if all 512 frames around it
	 * (arg[0] & ~511) are granted for writing and neighbours in memory.
	 */
	VMBT_HC_GET_PAGE,
	/*
	 * arg[0] more pool pages please, where POOLMAP has none first, from below.
	 * out[0] = where the pool ends now.
	 */
	VMBT_HC_POOL_GROW,
	/*
	 * arg[0] pool pages are the host's again, shrink_list says which; with
	 * arg[1] = 1 there is no more of what VMBT_REQ_SHRINK asked for. out[0] =
	 * where the pool ends now.
	 */
	VMBT_HC_POOL_SHRINK,
	/* Leave to user space; details in vmbt_shared.exit. ret 0 = done. */
	VMBT_HC_EXIT,
	/* A step of long work is over: serve the host, come back. */
	VMBT_HC_YIELD,
	/* vmbt_shared.text has a line for the host's log (rate limited). */
	VMBT_HC_LOG,
	/* The VMM is broken; text says how. Never resumed. */
	VMBT_HC_PANIC,
	VMBT_HC_MAX,
};

enum vmbt_page_kind {
	VMBT_PAGE_RAM,		/* granted */
	VMBT_PAGE_NONE,		/* no slot: MMIO for user space */
	VMBT_PAGE_ROM,		/* read-only slot; writes are MMIO */
	VMBT_PAGE_RETRY,	/* being invalidated: zap first, ask again */
	VMBT_PAGE_ERROR,	/* the host's memory is gone: stop the VM */
};

enum vmbt_exit_kind {
	VMBT_EXIT_NONE,
	VMBT_EXIT_IO,		/* io: complete in place, then go on */
	VMBT_EXIT_MMIO,
	VMBT_EXIT_HLT,
	VMBT_EXIT_IRQ_WINDOW,
	VMBT_EXIT_INTR,		/* VMBT_REQ_EXIT was seen at a clean point */
	VMBT_EXIT_SHUTDOWN,	/* triple fault */
	VMBT_EXIT_UNSUPPORTED,	/* text says what and where */
	VMBT_EXIT_INTERNAL,	/* text says what broke */
};

#define VMBT_IO_IN	0
#define VMBT_IO_OUT	1
#define VMBT_IO_DATA	4096

/* struct vmbt_exit - why the VMM leaves to user space */
struct vmbt_exit {
	u32 kind;		/* enum vmbt_exit_kind */
	u32 pad;
	/* IO: count items of size bytes in data[]; count * size <= 4096 */
	u16 port;
	u8 dir;
	u8 size;
	u32 count;
	/* MMIO: len bytes (1-8) at gpa, in mmio_data */
	u64 gpa;
	u8 mmio_data[8];
	u32 len;
	u8 is_write;
	u8 pad2[3];
};

/*
 * Requests of the host to the VMM, set with atomic OR. The VMM looks at them
 * at every return to the guest; a VMM in the guest is kicked by an IPI.
 */
#define VMBT_REQ_EXIT		0x01	/* leave with VMBT_EXIT_INTR */
#define VMBT_REQ_ZAP		0x02	/* drop zap_start..zap_end, acknowledge */
#define VMBT_REQ_STATE		0x04	/* guest state was set from outside */
#define VMBT_REQ_FLUSH_TLB	0x08	/* first run on this CPU */
#define VMBT_REQ_DIRTY_LOG	0x10
#define VMBT_REQ_WRITTEN	0x20	/* written[] changed under us, acknowledge */
#define VMBT_REQ_SHRINK		0x40	/* give shrink_want pool pages back */

/* Statistics, one u64 each; the uapi's names are these, in this order. */
#define VMBT_STATS(X)							\
	X(insns_translated)	X(units)	X(tc_bytes)		\
	X(tc_flushes)		X(switches_de_bt)			\
	X(insns_interpreted)	X(faults_hidden) X(faults_true)		\
	X(faults_trace)		X(world_switches)			\
	X(interrupts_injected)	X(exceptions_injected)			\
	X(longest_vmm_tsc)	X(callouts)	X(chains)		\
	X(hash_misses)		X(hash_hits_slow)			\
	X(shadow_pages)		X(shadow_roots)	X(shadow_fills)		\
	X(cr3_loads)		X(epochs_ended)	X(desc_fills)		\
	X(monitor_moves)	X(code_invalidations)			\
	X(hc_intr)	X(hc_nmi)	X(hc_mce)	X(hc_get_page)	\
	X(hc_pool_grow)	X(hc_exit)	X(hc_yield)	X(hc_log)	\
	X(exit_io)	X(exit_mmio)	X(exit_hlt)	X(exit_irq_window) \
	X(exit_intr)	X(pool_pages)	X(pool_free)			\
	X(prof_de)	X(prof_tc1)	X(prof_tc3)	X(prof_vmm)	\
	X(prof_interp)	X(chip_io)	X(monitor_base)	X(root_loads)	\
	X(root_loads_kept)	X(entries_kept)	X(adapted)	X(unadapted)	\
	X(faults_segment)	X(coalesced)	X(registers_read)		\
	X(gates_again)	X(hc_pool_shrink)	X(pool_given)		\
	X(shadow_large)	X(large_fills)	X(bt_pages)	X(links_inherited)	\
	X(alias_writes)	X(gates_straight)

struct vmbt_vmm_stats {
#define VMBT_STAT_FIELD(name) u64 name;
	VMBT_STATS(VMBT_STAT_FIELD)
#undef VMBT_STAT_FIELD
};

/* Ranges that the host can hold; more of them become one. */
#define VMBT_WRITTEN		32

/* Pool pages that go back in one call. */
#define VMBT_SHRINK_LIST	128

/* What can be left out for a measurement: what translated code may do without the VMM. */
#define VMBT_OFFER_READS	0x01	/* control registers, interrupt masks */
#define VMBT_OFFER_LOADS	0x02	/* loads of segment registers */
#define VMBT_OFFER_USER		0x04	/* IRET to ring 3 */
#define VMBT_OFFER_SECOND	0x08	/* the second table of jump targets */
#define VMBT_OFFER_GATES	0x10	/* the last way through a gate */
#define VMBT_OFFER_WRITES	0x20	/* writes that may meet a trace */
#define VMBT_OFFER_HEADS	0x40	/* indirect branches that are checked at the target */
#define VMBT_OFFER_FXSAVE	0x80	/* FXSAVE, where the address it stores is not ours */
#define VMBT_OFFER_AHEAD	0x100	/* units that go on behind a conditional branch */
#define VMBT_OFFER_ADAPT	0x400	/* adaption: nothing becomes a callout, or none again */
#define VMBT_OFFER_ALIASES	0x4000	/* writes to page tables and the GDT */
#define VMBT_OFFER_POSTS	0x8000	/* writes to the interrupt controllers */
/* And what the VMM does to save faults and flushes. */
#define VMBT_OFFER_LINKS	0x200	/* what a new directory has in common with the last */
#define VMBT_OFFER_FEW		0x800	/* INVLPG for a table that goes and had few leaves */
#define VMBT_OFFER_AROUND	0x1000	/* hidden faults fill neighbours */
#define VMBT_OFFER_PREFILL	0x2000	/* writes to page tables fill shadow entries */

/* What is done with huge pages behind guest memory. */
#define VMBT_LARGE_GRANTS	0x01	/* out[2] of VMBT_HC_GET_PAGE */
#define VMBT_LARGE_LEAVES	0x02	/* shadow entries of 2 MiB */

/* Ways in which a device's ports and memory do not leave the VMM (chip/coalesce.c). */
#define VMBT_IO_REGISTERS	0x01	/* an index register, and what has no effect */
#define VMBT_IO_COMBINE		0x02	/* writes that may wait for others */
#define VMBT_IO_LIVE		0x04	/* registers that user space tells by memory */

#define VMBT_ZONES		16
#define VMBT_LATE		128
#define VMBT_PAIRS		4
#define VMBT_PAIR_REGS		4

/* A range whose writes user space learns of later. */
struct vmbt_zone {
	u64 addr;
	u32 size;
	u32 pio;
};

/* A write that user space has yet to learn of. */
struct vmbt_late {
	u64 addr;
	u32 len;		/* 1-8 */
	u32 pio;
	u8 data[8];
};

/*
 * An index register and a data register, see struct vmbt_pair of the uapi. The
 * host checks it and zeroes @late and @nlate when user space gets the writes.
 */
struct vmbt_pair_state {
	u16 index_port;
	u16 data_port;
	u8 size;		/* 0: there is none */
	u8 nregs;
	u8 late;		/* @late_value is newer than the live value */
	u8 pad;
	u32 max;		/* of @nlate */
	u32 index_mask;
	u32 index;
	u32 live;		/* what user space says */
	u32 late_value;
	u32 nlate;
	struct vmbt_pair_reg_state {
		u32 index, flags, mask, kept, value;
	} reg[VMBT_PAIR_REGS];
};

struct vmbt_coalesced {
	u32 nzones;
	u32 room;		/* the host's: how many writes it can take */
	u32 count;		/* the VMM counts up, the host takes them */
	u32 off;		/* test option: VMBT_IO_* that are not used */
	struct vmbt_zone zone[VMBT_ZONES];
	struct vmbt_pair_state pair[VMBT_PAIRS];
	struct vmbt_late late[VMBT_LATE];
};

#define VMBT_SLOT_MAP		16	/* words */
#define VMBT_SLOT_MAP_SHIFT	22
#define VMBT_LOW_MAP		4	/* words */

/*
 * struct vmbt_shared - pages that both worlds map (VMBT_SHARED_BASE)
 *
 * The host owns it while the VMM does not run, and the VMM while it does;
 * only @requests, @irq_window and @stats are touched by both at once.
 */
struct vmbt_shared {
	/* host call */
	u32 hc_nr;
	u32 hc_ret;
	u64 hc_arg[4];
	u64 hc_out[4];

	u32 requests;
	u8 irq_window;		/* user space wants IRQ_WINDOW exits */
	u8 irq_ready;		/* VMM says: an EXTINT could be taken now */
	u8 pad[2];
	/*
	 * External interrupt from KVM_INTERRUPT or the PIC: vector + 1, or 0.
	 * The VMM takes it (and zeroes it) when the guest can.
	 */
	u32 extint;
	u32 pad1;
	u64 zap_start, zap_end;	/* guest frames */
	/* frames that devices in user space have written */
	u32 nwritten;
	u32 pad2;
	struct vmbt_frames {
		u64 start, end;
	} written[VMBT_WRITTEN];

	/* set once by the host before the first entry */
	u64 mem_top;		/* first gpa above all slots */
	/* a bit for each 4 MiB below 4 GiB in which there is a slot */
	u64 slot_map[VMBT_SLOT_MAP];
	/* a bit for each page below 1 MiB in which there is a slot */
	u64 low_map[VMBT_LOW_MAP];
	u64 tsc_khz;
	u32 host_caps;		/* VMBT_HOST_* */
	u32 mon_policy;		/* VMBT_MON_FLOATING, _FIXED or _SPLIT */
	u32 no_de;		/* test option: never direct execution */
	u32 interp_only;	/* test option: only the interpreter */
	u32 no_offers;		/* test option: VMBT_OFFER_* that are not made */
	u32 no_large;		/* test option: VMBT_LARGE_* that are not done */
	u32 ncpuid;
	struct vmbt_cpuid {
		u32 function, index, flags;
		u32 eax, ebx, ecx, edx;
		u32 pad;
	} cpuid[64];

	/*
	 * Interrupt controllers and timer live in the VMM (vmm/chip/chips.c).
	 * The host sets levels, and with atomic OR the lines that rose; the
	 * VMM takes the latter, and says at which count of the host's counter
	 * the timer wants to be looked at.
	 */
	u32 chips;
	u32 pad3;
	u64 irq_lines;
	u64 irq_edges;
	u64 clock_tsc;
	/*
	 * Once that has passed, or while it is ~0: the count at which it is
	 * likely to want that next (0: there is no saying). And the count at
	 * which the host will look (~0: never).
	 */
	u64 clock_again;
	u64 clock_armed;
	struct vmbt_chips chip;
	struct vmbt_coalesced coalesced;

	/* the time of day, and the counter when it was taken: at each KVM_RUN */
	u64 wall_ns;
	u64 wall_tsc;
	u64 tsc_base;		/* of all counts here; added to the CPU's own */

	u32 probe;		/* obey VMBT_PROBE_* in hc_arg[0], run no VM */

	/* Pool pages: how many the host wants back, and which it gets. */
	u32 shrink_want;
	u32 shrink_list[VMBT_SHRINK_LIST];

	struct vmbt_guest guest;
	struct vmbt_vmm_stats stats;
	struct vmbt_exit exit;
	char text[512];
	struct vmbt_hostile hostile;	/* test mode */
	u8 io_data[VMBT_IO_DATA] __aligned(64);
	/* FXSAVE image of the guest, loaded and saved by the host half. */
	u8 fpu[512] __aligned(64);
};

#define VMBT_HOST_LIMITS	0x01	/* the CPU enforces segment limits */
#define VMBT_HOST_PCID		0x02
#define VMBT_HOST_NX		0x04
#define VMBT_HOST_INTEL		0x08	/* SYSENTER works in long mode */
#define VMBT_HOST_LA57		0x10
#define VMBT_HOST_CPUIDFAULT	0x20

/* Where the monitor area is (Documentation/vmbt/mmu.rst). */
#define VMBT_MON_FLOATING	0	/* in a hole of the guest's */
#define VMBT_MON_FIXED		1	/* at VMBT_MON_FIXED_BASE */
#define VMBT_MON_SPLIT		2	/* in a hole, its data page at VMBT_MON_SPLIT_DATA */

/*
 * Commands of the probe (vmm/metal/probe.c), answered with HC_YIELD: hc_out =
 * vector, error code, EAX, ESP that its guest of a few instructions left with.
 */
#define VMBT_PROBE_NOP		0
#define VMBT_PROBE_LIMIT	1	/* read beyond a segment's limit */
#define VMBT_PROBE_REGS1	2	/* change all registers at ring 1 */
#define VMBT_PROBE_REGS3	3
#define VMBT_PROBE_SPIN1	4	/* until an interrupt comes */
#define VMBT_PROBE_SPIN3	5
#define VMBT_PROBE_ESP16	6	/* is ESP[31:16] kept on a 16-bit stack? */
#define VMBT_PROBE_BAD_SEG	7	/* enter with a segment not present */
#define VMBT_PROBE_SYSENTER	8

#endif
