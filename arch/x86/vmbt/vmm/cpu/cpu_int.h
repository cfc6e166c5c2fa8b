/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of cpu/: descriptors as the guest's CPU reads them, stacks that are
 * not committed yet, and what the files of this folder need of each other.
 *
 * The rule they all follow: read, check and write memory on local copies of the
 * registers, then commit the registers in one go at the end, so that a fault
 * anywhere leaves the guest as it was before the instruction.
 */
#ifndef VMBT_CPU_INT_H
#define VMBT_CPU_INT_H

#include "cpu.h"
#include "../desc/desc.h"
#include "../mmu/mmu.h"
#include "../plat.h"

#define SEL_RPL		3
#define SEL_TI		4
#define SEL_NULL(sel)	(!((sel) & 0xfffc))

/* Types of system descriptors (SDM vol. 3, table 3-2). */
#define SYS_TSS16	0x1
#define SYS_LDT		0x2
#define SYS_CALL16	0x4
#define SYS_TASK_GATE	0x5
#define SYS_INT16	0x6
#define SYS_TRAP16	0x7
#define SYS_TSS32	0x9
#define SYS_CALL32	0xc
#define SYS_INT32	0xe
#define SYS_TRAP32	0xf
#define SYS_BUSY	0x2	/* in the type of a TSS */

/* Bits of an error code (SDM vol. 3, figure 6-7). */
#define ERR_EXT		0x1
#define ERR_IDT		0x2

/* AMD's CPUs have no SYSENTER in long mode: guests there have none at all. */
static inline bool cpu_has_sep(const struct vcpu *v)
{
	return v->shared->host_caps & VMBT_HOST_INTEL;
}

/* Hidden parts that real and v86 mode give, SYSENTER and SYSEXIT. */
#define ATTR_REAL	0x0093
#define ATTR_REAL_CS	0x009b
#define ATTR_V86	0x00f3
#define ATTR_FLAT_CS	0xc09b
#define ATTR_FLAT_SS	0xc093

#define DR6_FIXED	0xffff0ff0
#define DR6_BD		0x00002000
#define DR6_BT		0x00008000
#define DR7_GD		0x00002000
#define DR7_FIXED	0x00000400

/**
 * struct cpu_desc - a descriptor of the guest's, read once
 * @sel: its selector
 * @lin: where it stands
 * @raw: its eight bytes
 * @seg: them taken apart; for gates only attr means something
 */
struct cpu_desc {
	u16 sel;
	u32 lin;
	u64 raw;
	struct vmbt_seg seg;
};

/**
 * struct cpu_stack - a stack under construction
 * @ss: its segment
 * @esp: ESP so far
 * @access: 0 or MMU_USER
 * @error: error code of its #SS
 */
struct cpu_stack {
	struct vmbt_seg ss;
	u32 esp;
	u32 access;
	u32 error;
};

static inline u8 seg_dpl(const struct vmbt_seg *seg)
{
	return (seg->attr & VMBT_ATTR_DPL) >> VMBT_ATTR_DPL_SHIFT;
}

static inline u8 seg_type(const struct vmbt_seg *seg)
{
	return seg->attr & VMBT_ATTR_TYPE;
}

static inline bool seg_is_code(const struct vmbt_seg *seg)
{
	return (seg->attr & (VMBT_ATTR_S | VMBT_ATTR_CODE)) ==
	       (VMBT_ATTR_S | VMBT_ATTR_CODE);
}

static inline bool seg_is_conforming(const struct vmbt_seg *seg)
{
	return seg_is_code(seg) && (seg->attr & VMBT_ATTR_E);
}

static inline bool seg_is_writable(const struct vmbt_seg *seg)
{
	return (seg->attr & (VMBT_ATTR_S | VMBT_ATTR_CODE | VMBT_ATTR_W)) ==
	       (VMBT_ATTR_S | VMBT_ATTR_W);
}

static inline bool seg_is_system(const struct vmbt_seg *seg, u8 type)
{
	return !(seg->attr & VMBT_ATTR_S) && seg_type(seg) == type;
}

static inline u32 gate_offset(const struct cpu_desc *d, bool wide)
{
	u32 lo = d->raw & 0xffff;

	return wide ? lo | (u32)(d->raw >> 48) << 16 : lo;
}

static inline u16 gate_selector(const struct cpu_desc *d)
{
	return d->raw >> 16;
}

static inline u32 flags_iopl(const struct vcpu *v)
{
	return (v->guest->eflags & VMBT_X86_EFLAGS_IOPL) >> 12;
}

static inline bool vcpu_v86(const struct vcpu *v)
{
	return (v->guest->cr0 & VMBT_CR0_PE) &&
	       (v->guest->eflags & VMBT_X86_EFLAGS_VM);
}

static inline int fault_sel(struct vcpu *v, u8 vector, u16 sel, u32 ext)
{
	return vcpu_fault_err(v, vector, (sel & 0xfffc) | ext);
}

static inline int gp0(struct vcpu *v)
{
	return vcpu_fault_err(v, VMBT_VEC_GP, 0);
}

/* access.c */
bool cpu_seg_check(const struct vmbt_seg *seg, u32 off, u32 len);
int cpu_stack_push(struct vcpu *v, struct cpu_stack *st, u32 val, u8 size);
int cpu_stack_pop(struct vcpu *v, struct cpu_stack *st, u32 *val, u8 size);
void cpu_stack_now(struct vcpu *v, struct cpu_stack *st);

/* segload.c */
int cpu_desc_read(struct vcpu *v, u16 sel, u8 vector, u32 ext,
		  struct cpu_desc *d);
int cpu_desc_accessed(struct vcpu *v, struct cpu_desc *d);
int cpu_desc_set_busy(struct vcpu *v, const struct cpu_desc *d, bool busy);
void cpu_seg_real(struct vcpu *v, enum vmbt_sreg s, u16 sel);
void cpu_seg_store(struct vcpu *v, enum vmbt_sreg s,
		   const struct cpu_desc *d, u16 sel);
void cpu_null_data_segs(struct vcpu *v, u8 cpl);
int cpu_check_ss(struct vcpu *v, u16 sel, u8 cpl, u8 vector, u32 ext,
		 struct cpu_desc *d);
int cpu_check_ring(struct vcpu *v, u8 cpl);

/* pvclock.c */
void cpu_pvclock_wall(struct vcpu *v, u64 gpa);
void cpu_set_tsc(struct vcpu *v, u64 tsc);
bool cpu_has_pvclock(const struct vcpu *v, u32 feature);

/* task.c */
int cpu_tss_stack(struct vcpu *v, u8 cpl, u32 ext, u16 *ss, u32 *esp);
int cpu_task_switch_from(struct vcpu *v, u16 sel, int reason, u32 next_eip,
			 u32 ext, bool has_error, u32 error);
int cpu_next_eip(struct vcpu *v, u32 *next);

/* far.c */
int cpu_return_target(struct vcpu *v, u16 sel, u32 eip, struct cpu_desc *d);
void cpu_return_outer(struct vcpu *v, const struct cpu_desc *cs, u32 eip,
		      const struct cpu_desc *ss, u32 esp);
int cpu_inner_stack(struct vcpu *v, u8 cpl, u32 ext, struct cpu_stack *st,
		    struct cpu_desc *ss);

#endif
