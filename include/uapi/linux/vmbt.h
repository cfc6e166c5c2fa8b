/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The user-space interface of /dev/vmbt.
 *
 * It is KVM's, bit for bit, wherever the semantics match: the same ioctl
 * numbers, structures, exit reasons and errors, from <linux/kvm.h>. This file
 * has only what vmbt adds. What it leaves out or does differently stands in
 * one table in Documentation/vmbt/api.rst.
 */
#ifndef _UAPI_LINUX_VMBT_H
#define _UAPI_LINUX_VMBT_H

#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/types.h>

/*
 * Argument of KVM_CHECK_EXTENSION that only vmbt knows: answers VMBT_ABI, where
 * KVM answers 0. The ABI grows by additions; a number never changes meaning.
 */
#define VMBT_CAP_ABI		0x564d4254
#define VMBT_ABI		1

/*
 * What this host gives the VMM: answers VMBT_HOSTCAP_*.
 */
#define VMBT_CAP_HOST		0x564d4255
#define VMBT_HOSTCAP_LIMITS	(1 << 0)	/* the CPU checks segment limits */
#define VMBT_HOSTCAP_PCID	(1 << 1)
#define VMBT_HOSTCAP_NX		(1 << 2)
#define VMBT_HOSTCAP_SYSENTER	(1 << 3)	/* offered to guests */
#define VMBT_HOSTCAP_CPUID_FAULT (1 << 4)	/* CPUID follows the policy in DE too */

/*
 * Answers 1 if VMBT_CREATE_CHIPS is there, 2 if the chips' state can be read and
 * set with KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, KVM_GET_PIT2 and KVM_SET_PIT2.
 */
#define VMBT_CAP_CHIPS		0x564d4256

/*
 * KVM_GET_VCPU_MMAP_SIZE answers four pages: struct kvm_run, the data of
 * KVM_EXIT_IO (kvm_run.io.data_offset leads there), struct vmbt_run_ext, and
 * struct kvm_coalesced_mmio_ring, as KVM_CAP_COALESCED_MMIO answers.
 */
#define VMBT_RUN_EXT_PAGE	2
#define VMBT_COALESCED_PAGE	3

#define VMBT_TEXT_MAX		256

/* Answers 1 if vmbt_run_ext.a20_masked is looked at. */
#define VMBT_CAP_A20		0x564d4258

/* Answers how many pairs VMBT_SET_PAIR has room for. */
#define VMBT_CAP_PAIRS		0x564d4259
#define VMBT_MAX_PAIRS		4

/**
 * struct vmbt_run_ext - third page of the vCPU's mapping
 * @suberror: as kvm_run.internal.suberror of the last KVM_EXIT_INTERNAL_ERROR
 * @text_len: length of @text without its NUL
 * @a20_masked: from user space: not 0 closes the A20 gate from the next KVM_RUN
 *	on, also if an instruction waits for its end: address line 20 is 0
 * @pad: zero
 * @live: from user space: the value of each pair's live register (VMBT_SET_PAIR),
 *	which the guest reads from the next time on that the vCPU was outside
 * @reserved: zero
 * @text: what happened and where, in words; one line, NUL-terminated
 *
 * All but @a20_masked and @live is written by the kernel before KVM_RUN returns with
 * KVM_EXIT_INTERNAL_ERROR, and never read by it.
 */
struct vmbt_run_ext {
	__u32 suberror;
	__u32 text_len;
	__u8 a20_masked;
	__u8 pad[7];
	__u32 live[VMBT_MAX_PAIRS];
	__u64 reserved[4];
	char text[VMBT_TEXT_MAX];
};

/*
 * kvm_run.internal.suberror, besides KVM's own. data[] then holds, ndata
 * entries of: EIP, CS selector, CS base, EFLAGS, CR0, CR2, CR3, CR4, ESP,
 * SS selector, CPL.
 */
/* The guest did something that vmbt does not support. The VM can not go on. */
#define VMBT_INTERNAL_ERROR_UNSUPPORTED	0x1001
/* vmbt is broken. KVM_RUN fails with EIO from now on. */
#define VMBT_INTERNAL_ERROR_BROKEN	0x1002
/* User memory behind the guest's RAM is gone, or can't be used as RAM. */
#define VMBT_INTERNAL_ERROR_MEMORY	0x1003

/**
 * struct vmbt_stat - one counter
 * @name: what it counts, NUL-terminated; never changes meaning
 * @value: counted since the VM was created, or a level (see api.rst)
 */
struct vmbt_stat {
	char name[24];
	__u64 value;
};

/**
 * struct vmbt_stats - argument of VMBT_GET_STATS
 * @nstats: in: room in @stats; out: how many counters there are
 * @flags: must be 0
 * @stats: filled
 *
 * Fails with E2BIG, @nstats filled, when the room is too small.
 */
struct vmbt_stats {
	__u32 nstats;
	__u32 flags;
	struct vmbt_stat stats[];
};

/* ioctls on the VM's descriptor */
#define VMBTIO			0xbe
#define VMBT_GET_STATS		_IOWR(VMBTIO, 0x00, struct vmbt_stats)
/*
 * Interrupt controllers (8259A pair), timer (8254, port 61h) and port 80h in
 * the VMM, as firmware leaves them. Before KVM_CREATE_VCPU; no argument. From
 * then on their ports cause no exits, interrupts come by KVM_IRQ_LINE (irq 0 is
 * the timer's) and KVM_INTERRUPT fails with ENXIO, and KVM_EXIT_HLT comes only
 * if the guest halts with interrupts off. Then KVM_GET_MP_STATE says HALTED.
 */
#define VMBT_CREATE_CHIPS	_IO(VMBTIO, 0x01)

/*
 * Answers 1 if VMBT_MEMORY_WRITTEN is there.
 */
#define VMBT_CAP_MEMORY_WRITTEN	0x564d4257

/**
 * struct vmbt_written - argument of VMBT_MEMORY_WRITTEN
 * @gpa: guest physical address
 * @size: bytes, from 1 on; the range may hold memory that is not there
 */
struct vmbt_written {
	__u64 gpa;
	__u64 size;
};

/*
 * User space has written guest memory by itself, as a device that does DMA. When
 * this returns, the guest runs no instruction any more as translated from what was
 * there before, and none with what its page or descriptor tables said: call it
 * behind the write, before the guest can learn that the device is done. A write
 * that the guest asked for with KVM_EXIT_IO and the like needs it, too.
 */
#define VMBT_MEMORY_WRITTEN	_IOW(VMBTIO, 0x02, struct vmbt_written)

/**
 * struct vmbt_pair_reg - a register behind a pair of ports
 * @index: what the index register holds when it is meant
 * @flags: VMBT_REG_*
 * @mask: see there
 * @kept: see there
 * @value: see there
 */
struct vmbt_pair_reg {
	__u32 index;
	__u32 flags;
	__u32 mask;
	__u32 kept;
	__u32 value;
};

/*
 * Has no effects: holds what is written to it, as far as @mask has it. @value is what
 * it holds now.
 */
#define VMBT_REG_PLAIN		0x01
/*
 * With PLAIN: masks of interrupts, which the live register has at the same places. A
 * write is told at once if a bit of @kept is set there and not in what is written.
 */
#define VMBT_REG_MASKS		0x02
/* Reads have no effects; its value is in vmbt_run_ext.live[]. */
#define VMBT_REG_LIVE		0x04
/*
 * With LIVE: a write with none of the bits in @mask may wait. Bits of @kept read as they
 * were written; one that becomes 0, or that becomes 1 while the live register has a bit
 * of @value, is told at once.
 */
#define VMBT_REG_LATE		0x08

#define VMBT_PAIR_REGS_MAX	4

/**
 * struct vmbt_pair - argument of VMBT_SET_PAIR
 * @pair: which one, below VMBT_MAX_PAIRS
 * @size: of both registers, 2 or 4; 0 takes the pair away
 * @index_port: the port that says which register the other one is
 * @data_port: the port that reads and writes it
 * @nregs: how many of @reg are used
 * @max: which of the writes that ask for something is told at once, if the others
 *	have waited; not 0
 * @index_mask: bits that the index register has
 * @index: what it holds now
 * @pad: must be 0
 * @reg: the registers that the VMM knows; others exit
 */
struct vmbt_pair {
	__u32 pair;
	__u32 size;
	__u16 index_port;
	__u16 data_port;
	__u32 nregs;
	__u32 max;
	__u32 index_mask;
	__u32 index;
	__u32 pad;
	struct vmbt_pair_reg reg[VMBT_PAIR_REGS_MAX];
};

/*
 * On the vCPU: accesses of @size bytes to two ports of a device that do not exit.
 * Writes of the index register, and of others as their flags say, are put into the
 * ring of KVM_CAP_COALESCED_MMIO, in order with all others. As with that, KVM_RUN
 * fails with EINTR and KVM_EXIT_INTR when writes are in the ring and the VMM was left
 * twice for something else.
 */
#define VMBT_SET_PAIR		_IOW(VMBTIO, 0x03, struct vmbt_pair)

/**
 * struct vmbt_pic_state - kvm_irqchip.chip for an 8259A
 * @pic: what KVM has of it; @pic.last_irr are the levels of the inputs
 * @icw1: VMBT_PIC_*, bits of the ICW1 that KVM's controllers do not know
 * @reserved: must be 0
 *
 * One of KVM's that is zero behind @pic means the same here.
 */
struct vmbt_pic_state {
	struct kvm_pic_state pic;
	__u8 icw1;
	__u8 reserved[495];
};

#define VMBT_PIC_SINGLE		0x02	/* SNGL: no cascade */
#define VMBT_PIC_LEVEL		0x08	/* LTIM: all inputs level triggered */

/**
 * struct vmbt_pit_state - struct kvm_pit_state2, with its reserved words
 * @channels: KVM's; @count_load_time is nanoseconds of the host's time stamp
 *	counter, and counts: the timer goes on as if nothing had happened
 * @flags: KVM_PIT_FLAGS_SPEAKER_DATA_ON and VMBT_PIT_FLAG_*
 * @next: the count written last, 0 if it is the channel's count; VMBT_PIT_*
 * @next_in: clocks from count_load_time to the one that takes over @next
 * @stopped: clocks of channel 2 from count_load_time until the gate stopped it
 * @seen: clocks from channel 0's count_load_time up to which its edges are
 *	accounted for
 * @owed: clock interrupts that are due
 *
 * The clock is that of the 8254, 105 / 88 MHz. One of KVM's, with all of the
 * words 0, has counters that run since count_load_time.
 */
struct vmbt_pit_state {
	struct kvm_pit_channel_state channels[3];
	__u32 flags;
	__u32 next[3];
	__u32 next_in[3];
	__u32 stopped;
	__u32 seen;
	__u32 owed;
};

#define VMBT_PIT_FLAG_61_2	0x40000000	/* bit 2 of port 61h */
#define VMBT_PIT_FLAG_61_3	0x80000000	/* bit 3 */

#define VMBT_PIT_NEXT		0x0001ffff
#define VMBT_PIT_WAITS		0x00020000	/* for @next_in */
#define VMBT_PIT_TRIGGER	0x00040000	/* with WAITS: for the gate instead */
#define VMBT_PIT_EMPTY		0x00080000	/* no count taken over yet */
#define VMBT_PIT_LOW_FIRST	0x00100000	/* mode 3: the low half came first */

/*
 * For tests only, and only with the module parameter hostile=1: a VM whose
 * guest runs bytes of user space's choice at ring 1, where translated code
 * belongs, with the monitor area writable (Documentation/vmbt/security.rst).
 * VMBT_CAP_HOSTILE answers 1 if there is such a thing.
 */
#define VMBT_CAP_HOSTILE	0x564d4260
/* On the VM, before KVM_CREATE_VCPU; no argument. KVM_RUN fails from then on. */
#define VMBT_HOSTILE_ENABLE	_IO(VMBTIO, 0x10)

/**
 * struct vmbt_hostile_run - one program for VMBT_HOSTILE_RUN
 * @warm_eip: where the guest starts as the state ioctls left it; runs until HLT
 * @gpa: guest physical address of the program: fragments of
 *	VMBT_HOSTILE_FRAGMENT bytes, which are copied to the translation cache
 * @count: how many fragments, at most VMBT_HOSTILE_FRAGMENTS
 * @deliver: bit per fragment: its exit is handled as any other; else the next
 *	fragment runs
 * @flags: VMBT_HOSTILE_STEP and so on
 * @pad: must be 0
 * @gpr: EAX to EDI of each fragment; EBP and EBX are replaced by the monitor
 *	area's linear address and the offset of a callout in it
 * @outcome: out: VMBT_HOSTILE_RUNNING and so on
 * @bad: out: what is not as it must be, VMBT_HOSTILE_BAD_*
 * @ran: out: fragments started
 * @insns: out: instructions counted
 * @exits: out: exits of the program
 * @monitor_base: out: linear address of the monitor area
 * @what: out: details of the first thing that is bad
 * @vectors: out: exits by vector since the VM was made; [256]: SYSENTER, [257]:
 *	out of virtual-8086 mode
 * @pad: zero
 * @text: out: why the VM stopped
 */
struct vmbt_hostile_run {
	__u32 warm_eip;
	__u32 gpa;
	__u32 count;
	__u32 deliver;
	__u32 flags;
	__u32 pad;
	__u32 gpr[8];
	__u32 outcome;
	__u32 bad;
	__u32 ran;
	__u32 insns;
	__u32 exits;
	__u32 monitor_base;
	__u64 what[2];
	__u32 vectors[258];
	char text[VMBT_TEXT_MAX];
};

/* On the vCPU. */
#define VMBT_HOSTILE_RUN	_IOWR(VMBTIO, 0x11, struct vmbt_hostile_run)

#define VMBT_HOSTILE_STEP	0x01	/* single-step, and count */
#define VMBT_HOSTILE_FLAT	0x02	/* run in the guest's flat code segment */

#define VMBT_HOSTILE_FRAGMENT	256
#define VMBT_HOSTILE_FRAGMENTS	16

#define VMBT_HOSTILE_RUNNING	0	/* could go on */
#define VMBT_HOSTILE_STOPPED	1	/* with a message, or shut down */
#define VMBT_HOSTILE_DEAD	2	/* the VMM broke: never to be run again */

#define VMBT_HOSTILE_BAD_IF	0x0001	/* interrupts were off in the guest */
#define VMBT_HOSTILE_BAD_IOPL	0x0002
#define VMBT_HOSTILE_BAD_CS	0x0004	/* ran in a segment it must not have */
#define VMBT_HOSTILE_BAD_TABLE	0x0008	/* a run table has such an entry */
#define VMBT_HOSTILE_BAD_CANARY	0x0010	/* the VMM's or the shared pages' memory */
#define VMBT_HOSTILE_BAD_TEXT	0x0020	/* the VMM's text, tables or constants */
#define VMBT_HOSTILE_BAD_CROSS	0x0040	/* the cross pages */
#define VMBT_HOSTILE_BAD_HOST	0x0080	/* a page, a table or a port of the host's */
#define VMBT_HOSTILE_BAD_STATE	0x0100	/* the host's CPU state after a trip */
#define VMBT_HOSTILE_BAD_VMM	0x0200	/* the VMM broke, see @text */
#define VMBT_HOSTILE_BAD_DONE	0x0400	/* got past what must fault, see below */

/*
 * A fragment that has this in EDI at a UD2 says that it got past an instruction
 * which must fault.
 */
#define VMBT_HOSTILE_DONE	0x656e6f44

#endif /* _UAPI_LINUX_VMBT_H */
