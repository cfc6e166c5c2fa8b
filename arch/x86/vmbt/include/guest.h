/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The architectural state of one guest CPU.
 *
 * This is what the guest's programmer sees (plus the hidden parts of the
 * segment registers), and what the state ioctls get and set. While the guest
 * runs, parts of it are live elsewhere (registers in the CPU, the virtual
 * interrupt flag in the monitor area); the VMM brings them home before anyone
 * else looks. It lies in struct vmbt_shared, so the host reads it directly,
 * and only while the VMM is not running.
 */
#ifndef VMBT_GUEST_H
#define VMBT_GUEST_H

#include "types.h"

enum vmbt_gpr {
	VMBT_EAX, VMBT_ECX, VMBT_EDX, VMBT_EBX,
	VMBT_ESP, VMBT_EBP, VMBT_ESI, VMBT_EDI,
};

/* In the order of the sreg field of instructions (SDM vol. 2, table B-8). */
enum vmbt_sreg {
	VMBT_ES, VMBT_CS, VMBT_SS, VMBT_DS, VMBT_FS, VMBT_GS,
	VMBT_NSEG,
};

/*
 * attr holds bits 8-23 of a descriptor's upper half, without the limit:
 * type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15.
 */
#define VMBT_ATTR_TYPE		0x000f
#define VMBT_ATTR_ACCESSED	0x0001
#define VMBT_ATTR_W		0x0002	/* data: writable; code: readable */
#define VMBT_ATTR_E		0x0004	/* data: expand-down; code: conforming */
#define VMBT_ATTR_CODE		0x0008
#define VMBT_ATTR_S		0x0010
#define VMBT_ATTR_DPL_SHIFT	5
#define VMBT_ATTR_DPL		0x0060
#define VMBT_ATTR_P		0x0080
#define VMBT_ATTR_AVL		0x1000
#define VMBT_ATTR_L		0x2000
#define VMBT_ATTR_DB		0x4000
#define VMBT_ATTR_G		0x8000

/**
 * struct vmbt_seg - a segment register with its hidden part
 * @sel: selector as the guest sees it
 * @attr: VMBT_ATTR_*; P clear means unusable (null selector)
 * @limit: in bytes, granularity applied
 * @base: linear base
 */
struct vmbt_seg {
	u16 sel;
	u16 attr;
	u32 limit;
	u32 base;
};

struct vmbt_dtable {
	u32 base;
	u16 limit;
	u16 pad;
};

/* Events waiting to be delivered, as in KVM_GET_VCPU_EVENTS. */
enum vmbt_event_type {
	VMBT_EV_NONE,
	VMBT_EV_EXTINT,		/* external interrupt, EIP of the next insn */
	VMBT_EV_NMI,
	VMBT_EV_FAULT,		/* hardware exception */
	VMBT_EV_SOFT,		/* INT n, INT3, INTO: DPL of the gate counts */
	VMBT_EV_ICEBP,		/* INT1: as SOFT without the DPL check */
};

struct vmbt_event {
	u8 type;		/* enum vmbt_event_type */
	u8 vector;
	u8 has_error;
	u8 pad;
	u32 error;
	u32 insn_len;		/* SOFT, ICEBP: what to add to EIP */
};

#define VMBT_SHADOW_STI		1
#define VMBT_SHADOW_MOV_SS	2

/*
 * struct vmbt_guest - one guest CPU
 *
 * @eflags is complete: the virtual IF, IOPL, VM, NT and so on, bit 1 set.
 * @cr2 is the guest's own; @tsc_offset is added to plat_tsc().
 */
struct vmbt_guest {
	u32 gpr[8];
	u32 eip;
	u32 eflags;
	struct vmbt_seg seg[VMBT_NSEG];
	struct vmbt_seg ldtr;
	struct vmbt_seg tr;
	struct vmbt_dtable gdtr;
	struct vmbt_dtable idtr;
	u32 cr0, cr2, cr3, cr4;
	u32 dr[8];
	u64 pdpte[4];		/* PAE: loaded with CR3 (SDM vol. 3, 4.4.1) */
	u64 xcr0;
	u64 tsc_offset;
	/* MSRs */
	u64 efer;		/* NXE only */
	u32 sysenter_cs, sysenter_esp, sysenter_eip;
	u32 pad0;
	u64 pat, misc_enable, apic_base, mtrr_def_type;
	u64 mtrr_fixed[11];
	u64 mtrr_var[16];
	u64 tsc_aux;
	u64 mcg_status;
	/* KVM's clock: its two MSRs, and system time less the TSC's in ns */
	u64 kvm_system_time, kvm_wall_clock;
	s64 kvmclock_delta;
	/* Pending */
	struct vmbt_event pending;	/* injected, not yet delivered */
	u8 int_shadow;			/* VMBT_SHADOW_* */
	u8 halted;
	u8 nmi_pending;
	u8 nmi_masked;
	u8 a20_masked;			/* A20 gate closed */
	u8 smi_pad[3];
};

#define VMBT_X86_EFLAGS_CF	0x00000001
#define VMBT_X86_EFLAGS_FIXED	0x00000002
#define VMBT_X86_EFLAGS_PF	0x00000004
#define VMBT_X86_EFLAGS_AF	0x00000010
#define VMBT_X86_EFLAGS_ZF	0x00000040
#define VMBT_X86_EFLAGS_SF	0x00000080
#define VMBT_X86_EFLAGS_TF	0x00000100
#define VMBT_X86_EFLAGS_IF	0x00000200
#define VMBT_X86_EFLAGS_DF	0x00000400
#define VMBT_X86_EFLAGS_OF	0x00000800
#define VMBT_X86_EFLAGS_IOPL	0x00003000
#define VMBT_X86_EFLAGS_NT	0x00004000
#define VMBT_X86_EFLAGS_RF	0x00010000
#define VMBT_X86_EFLAGS_VM	0x00020000
#define VMBT_X86_EFLAGS_AC	0x00040000
#define VMBT_X86_EFLAGS_VIF	0x00080000
#define VMBT_X86_EFLAGS_VIP	0x00100000
#define VMBT_X86_EFLAGS_ID	0x00200000
/* The bits that guest code and the CPU may share while it runs. */
#define VMBT_EFLAGS_ARITH	0x000008d5

#define VMBT_CR0_PE		0x00000001
#define VMBT_CR0_MP		0x00000002
#define VMBT_CR0_EM		0x00000004
#define VMBT_CR0_TS		0x00000008
#define VMBT_CR0_ET		0x00000010
#define VMBT_CR0_NE		0x00000020
#define VMBT_CR0_WP		0x00010000
#define VMBT_CR0_AM		0x00040000
#define VMBT_CR0_NW		0x20000000
#define VMBT_CR0_CD		0x40000000
#define VMBT_CR0_PG		0x80000000

#define VMBT_CR4_VME		0x00000001
#define VMBT_CR4_PVI		0x00000002
#define VMBT_CR4_TSD		0x00000004
#define VMBT_CR4_DE		0x00000008
#define VMBT_CR4_PSE		0x00000010
#define VMBT_CR4_PAE		0x00000020
#define VMBT_CR4_MCE		0x00000040
#define VMBT_CR4_PGE		0x00000080
#define VMBT_CR4_PCE		0x00000100
#define VMBT_CR4_OSFXSR		0x00000200
#define VMBT_CR4_OSXMMEXCPT	0x00000400

#define VMBT_EFER_NXE		0x00000800

/* KVM's paravirtual leaf and MSRs (Documentation/virt/kvm/x86). */
#define VMBT_CPUID_KVM_FEATURES	0x40000001	/* + 0x100 * n */
#define VMBT_MSR_KVM_WALL_CLOCK		0x11
#define VMBT_MSR_KVM_SYSTEM_TIME	0x12
#define VMBT_MSR_KVM_WALL_CLOCK_NEW	0x4b564d00
#define VMBT_MSR_KVM_SYSTEM_TIME_NEW	0x4b564d01
#define VMBT_KVM_FEATURE_CLOCKSOURCE	0
#define VMBT_KVM_FEATURE_NOP_IO_DELAY	1
#define VMBT_KVM_FEATURE_CLOCKSOURCE2	3
#define VMBT_KVM_FEATURE_CLOCKSOURCE_STABLE	24

/* DR6 and DR7 (SDM vol. 3, 18.2.3 and 18.2.4); n is the breakpoint's number. */
#define VMBT_DR6_FIXED		0xffff0ff0
#define VMBT_DR6_HITS		0x0000000f	/* B0-B3 */
#define VMBT_DR6_STICKY		0x0000e000	/* BD, BS, BT */
#define VMBT_DR6_BS		0x00004000
#define VMBT_DR7_FIXED		0x00000400
#define VMBT_DR7_ENABLED	0x000000ff	/* L0-L3 and G0-G3 */
#define VMBT_DR7_ON(dr7, n)	((dr7) >> (2 * (n)) & 3)
#define VMBT_DR7_RW(dr7, n)	((dr7) >> (16 + 4 * (n)) & 3)
#define VMBT_DR7_RW_EXEC	0
#define VMBT_DR7_RW_WRITE	1
#define VMBT_DR7_RW_IO		2
#define VMBT_DR7_LEN(dr7, n)	((dr7) >> (18 + 4 * (n)) & 3)

/* Exceptions (SDM vol. 3, table 6-1). */
enum vmbt_vector {
	VMBT_VEC_DE = 0, VMBT_VEC_DB = 1, VMBT_VEC_NMI = 2, VMBT_VEC_BP = 3,
	VMBT_VEC_OF = 4, VMBT_VEC_BR = 5, VMBT_VEC_UD = 6, VMBT_VEC_NM = 7,
	VMBT_VEC_DF = 8, VMBT_VEC_TS = 10, VMBT_VEC_NP = 11, VMBT_VEC_SS = 12,
	VMBT_VEC_GP = 13, VMBT_VEC_PF = 14, VMBT_VEC_MF = 16,
	VMBT_VEC_AC = 17, VMBT_VEC_MC = 18, VMBT_VEC_XM = 19,
};

/* Page-fault error code (SDM vol. 3, figure 4-12). */
#define VMBT_PF_P		0x01
#define VMBT_PF_W		0x02
#define VMBT_PF_U		0x04
#define VMBT_PF_RSVD		0x08
#define VMBT_PF_I		0x10

#endif
