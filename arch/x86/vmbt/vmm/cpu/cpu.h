/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest CPU's semantics above single instructions: segment loads, far
 * transfers, control registers, MSRs, CPUID, exception delivery, task switch.
 * All work on v->guest, which must be in sync. X_FAULT leaves it unchanged.
 */
#ifndef VMBT_CPU_H
#define VMBT_CPU_H

#include "../vcpu.h"

void cpu_reset(struct vcpu *v);

/* MOV/POP/Lxx to a segment register (not CS), with every check. */
int cpu_load_seg(struct vcpu *v, enum vmbt_sreg s, u16 sel);
int cpu_load_ldtr(struct vcpu *v, u16 sel);
int cpu_load_tr(struct vcpu *v, u16 sel);

/* Far control transfers; eip is that of the next instruction. */
int cpu_far_jmp(struct vcpu *v, u16 sel, u32 off, u8 opsize);
int cpu_far_call(struct vcpu *v, u16 sel, u32 off, u8 opsize, u32 next_eip);
int cpu_far_ret(struct vcpu *v, u8 opsize, u16 pop_bytes);
int cpu_iret(struct vcpu *v, u8 opsize);
int cpu_sysenter(struct vcpu *v);
int cpu_sysexit(struct vcpu *v);
bool cpu_sysexit_segs(const struct vcpu *v, struct vmbt_seg *cs, struct vmbt_seg *ss);

/*
 * MOV to CRn/DRn, LMSW, CLTS, with checks and consequences (mmu, events).
 * cpu_invlpg() is mmu_invlpg() and what else depends on mappings.
 */
int cpu_write_cr(struct vcpu *v, u8 cr, u32 val);
int cpu_read_cr(struct vcpu *v, u8 cr, u32 *val);
int cpu_write_dr(struct vcpu *v, u8 dr, u32 val);
int cpu_read_dr(struct vcpu *v, u8 dr, u32 *val);
int cpu_lmsw(struct vcpu *v, u16 val);
int cpu_clts(struct vcpu *v);
int cpu_invlpg(struct vcpu *v, u32 lin);

int cpu_rdmsr(struct vcpu *v, u32 msr, u64 *val);
int cpu_wrmsr(struct vcpu *v, u32 msr, u64 val);
void cpu_cpuid(struct vcpu *v, u32 leaf, u32 index, u32 out[4]);
u64 cpu_rdtsc(struct vcpu *v);
void cpu_pvclock_update(struct vcpu *v);

/* POPF/IRET's rules for which flags may change at this CPL and IOPL. */
u32 cpu_flags_writable(struct vcpu *v, u8 opsize);

/* False in v86 mode with IOPL < 3: CLI STI PUSHF POPF INTn IRET are #GP(0). */
bool cpu_v86_sensitive_ok(struct vcpu *v);

/* May this port be used at CPL > IOPL or in v86 (TSS bitmap)? */
int cpu_io_allowed(struct vcpu *v, u16 port, u8 size);

/* LAR, LSL, VERR, VERW: true and *out if accessible. */
bool cpu_lar(struct vcpu *v, u16 sel, u32 *out);
bool cpu_lsl(struct vcpu *v, u16 sel, u32 *out);
bool cpu_verify(struct vcpu *v, u16 sel, bool write);

/*
 * Segmented access: limit, type and (for the stack) #SS checks, then mmu.
 * access: MMU_WRITE or MMU_READ. On X_OK *lin is set.
 */
int cpu_seg_linear(struct vcpu *v, enum vmbt_sreg s, u32 off, u32 len,
		   u32 access, u32 *lin);
int cpu_mem_read(struct vcpu *v, enum vmbt_sreg s, u32 off, void *buf, u32 len);
int cpu_mem_write(struct vcpu *v, enum vmbt_sreg s, u32 off, const void *buf, u32 len);
int cpu_push(struct vcpu *v, u32 val, u8 opsize);	/* uses SS.B */
int cpu_pop(struct vcpu *v, u32 *val, u8 opsize);

/* Result of cpu_deliver(). */
enum cpu_delivery {
	CPU_DELIVERED,
	CPU_TRIPLE_FAULT,
	CPU_STOP,		/* unsupported; text set */
};

/*
 * Deliver v->exc (just raised) to the guest through its IDT, IVT or a task
 * gate, escalating to double and triple fault as the SDM's table 6-5 says.
 */
enum cpu_delivery cpu_deliver_exc(struct vcpu *v);
/* The same for an external interrupt, NMI or other event. */
enum cpu_delivery cpu_deliver_event(struct vcpu *v, const struct vmbt_event *ev);
/* IF, shadows and masks allow an external interrupt now. */
bool cpu_can_take_extint(struct vcpu *v);
bool cpu_can_take_nmi(struct vcpu *v);

/*
 * EIP must be that of the next instruction already. X_FAULT may be a fault of
 * the new task (task.c): deliver it as it stands. The far transfers above do
 * task switches by themselves.
 */
int cpu_task_switch(struct vcpu *v, u16 sel, int reason, bool has_error, u32 error);
enum { CPU_TASK_JMP, CPU_TASK_CALL, CPU_TASK_IRET, CPU_TASK_GATE };

#endif
