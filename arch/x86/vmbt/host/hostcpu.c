// SPDX-License-Identifier: GPL-2.0
/*
 * The host's CPU state around a trip to the VMM world.
 *
 * What must change at an exact place of the switch is in crosspage.S; the rest
 * is here: what the assembly restores is read into the cross page, and MSRs
 * and debug registers that would trace, count or write through host addresses
 * while the guest runs are put to rest. All of it with interrupts off on the
 * CPU that makes the trip, every time: the CPU may be another one than before.
 * An NMI may come at any line, so nothing here may break its handler.
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/gsseg.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

#include "../include/hostinsn.h"
#include "host_int.h"

static bool strict;
module_param(strict, bool, 0444);
MODULE_PARM_DESC(strict, "flush the host's global TLB entries at every world switch");

/* Kept as the host has them; all others are off for the guest or wanted. */
#define CR4_KEEP	(X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE |	\
			 X86_CR4_VMXE | X86_CR4_PCIDE | X86_CR4_LA57 |	\
			 X86_CR4_SMEP | X86_CR4_UMIP)
#define CR4_WANT	(X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

#define CR0_START	(X86_CR0_PE | X86_CR0_ET | X86_CR0_NE |		\
			 X86_CR0_WP | X86_CR0_PG)

/* A 64-bit TSS descriptor, available. */
static void make_tss(u64 *desc, u64 base)
{
	desc[0] = VMBT_TSS_LIMIT | (base & 0xffffff) << 16 |
		  0x89ULL << 40 | (base >> 24 & 0xff) << 56;
	desc[1] = base >> 32;
}

static void make_gate(u64 *gate, u64 handler)
{
	gate[0] = (handler & 0xffff) | (u64)VMBT_X_SEL_CS << 16 |
		  0x8eULL << 40 | (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}

/* What does not change from trip to trip. */
void vmbt_hostcpu_init(struct vmbt_hv_vcpu *v)
{
	struct vmbt_image_header *h = v->space->hdr;
	struct vmbt_cross *x = v->cross;
	u64 stub = (u64)vmbt_cross_stub0;
	u64 *stack;
	u32 i;

	x->trap_vector = VMBT_X_NO_TRAP;
	x->gdt[VMBT_X_SEL_CS / 8] = 0x00af9b000000ffffULL;
	x->gdt[VMBT_X_SEL_SS / 8] = 0x00cf93000000ffffULL;
	make_tss(&x->gdt[VMBT_X_SEL_VMM_TSS / 8], h->tss);
	/* objtool takes the address of the loop's end for a branch target. */
	OPTIMIZER_HIDE_VAR(stub);
	for (i = 0; i < VMBT_X_IDT_ENTRIES; i++)
		make_gate(&x->idt[2 * i], stub + 16 * i);
	make_gate(&x->idt[2 * X86_TRAP_NMI], (u64)vmbt_cross_nmi);
	make_gate(&x->idt[2 * X86_TRAP_MC], (u64)vmbt_cross_mce);

	x->cross_gdtr.base = (u64)x->gdt;
	x->cross_gdtr.limit = VMBT_X_GDT_ENTRIES * 8 - 1;
	x->cross_idtr.base = (u64)x->idt;
	x->cross_idtr.limit = sizeof(x->idt) - 1;
	x->vmm_gdtr.base = VMBT_GDT_BASE;
	x->vmm_gdtr.limit = 0xffff;
	x->vmm_idtr.base = h->idt;
	x->vmm_idtr.limit = 256 * 16 - 1;
	x->vmm_cr0 = CR0_START;
	x->vmm_cr3 = h->base_root_phys | sme_me_mask;

	/* The first entry returns into the image. */
	stack = page_address(v->space->stacks[VMBT_STACK_MAIN][0]);
	stack[511] = 0;
	stack[510] = h->entry;
	x->vmm_rsp = VMBT_STACK_TOP(VMBT_STACK_MAIN) - 16;
	x->flags = vmbt_mitigate_flags();
}

static u64 read_msr(u32 msr)
{
	u64 val;

	vmbt_rdmsr_safe(msr, &val);
	return val;
}

/* Tracing and counting: all of it names host addresses or costs the guest. */
static void rest_tracing(struct vmbt_saved *s)
{
	s->dr7 = local_db_save();

	s->debugctl = read_msr(MSR_IA32_DEBUGCTLMSR);
	if (s->debugctl)
		vmbt_wrmsr(MSR_IA32_DEBUGCTLMSR, 0);
	s->perf_global_ctrl = 0;
	s->pebs_enable = 0;
	s->rtit_ctl = 0;
	if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL)
		return;
	if (boot_cpu_has(X86_FEATURE_ARCH_PERFMON)) {
		s->perf_global_ctrl = read_msr(MSR_CORE_PERF_GLOBAL_CTRL);
		if (s->perf_global_ctrl)
			vmbt_wrmsr(MSR_CORE_PERF_GLOBAL_CTRL, 0);
	}
	if (boot_cpu_has(X86_FEATURE_PEBS)) {
		s->pebs_enable = read_msr(MSR_IA32_PEBS_ENABLE);
		if (s->pebs_enable)
			vmbt_wrmsr(MSR_IA32_PEBS_ENABLE, 0);
	}
	if (boot_cpu_has(X86_FEATURE_INTEL_PT)) {
		s->rtit_ctl = read_msr(MSR_IA32_RTIT_CTL);
		if (s->rtit_ctl & RTIT_CTL_TRACEEN)
			vmbt_wrmsr(MSR_IA32_RTIT_CTL, s->rtit_ctl & ~RTIT_CTL_TRACEEN);
	}
}

static void resume_tracing(const struct vmbt_saved *s)
{
	if (s->rtit_ctl & RTIT_CTL_TRACEEN)
		vmbt_wrmsr(MSR_IA32_RTIT_CTL, s->rtit_ctl);
	if (s->pebs_enable)
		vmbt_wrmsr(MSR_IA32_PEBS_ENABLE, s->pebs_enable);
	if (s->perf_global_ctrl)
		vmbt_wrmsr(MSR_CORE_PERF_GLOBAL_CTRL, s->perf_global_ctrl);
	if (s->debugctl)
		vmbt_wrmsr(MSR_IA32_DEBUGCTLMSR, s->debugctl);
	local_db_restore(s->dr7);
}

/* SYSCALL off, SYSENTER into the VMM, CPUID faulting on. */
static void set_entry_msrs(struct vmbt_hv_vcpu *v)
{
	struct vmbt_saved *s = &v->saved;

	s->efer = vmbt_rdmsr(MSR_EFER);
	if (s->efer & EFER_SCE)
		vmbt_wrmsr(MSR_EFER, s->efer & ~EFER_SCE);
	s->sysenter_cs = vmbt_rdmsr(MSR_IA32_SYSENTER_CS);
	s->sysenter_esp = vmbt_rdmsr(MSR_IA32_SYSENTER_ESP);
	s->sysenter_eip = vmbt_rdmsr(MSR_IA32_SYSENTER_EIP);
	vmbt_wrmsr(MSR_IA32_SYSENTER_CS, VMBT_SEL_VMM_CS);
	vmbt_wrmsr(MSR_IA32_SYSENTER_ESP, VMBT_STACK_TOP(VMBT_STACK_ENTRY));
	vmbt_wrmsr(MSR_IA32_SYSENTER_EIP, v->space->hdr->sysenter);
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT)) {
		s->misc_features = vmbt_rdmsr(MSR_MISC_FEATURES_ENABLES);
		vmbt_wrmsr(MSR_MISC_FEATURES_ENABLES, s->misc_features |
			   MSR_MISC_FEATURES_ENABLES_CPUID_FAULT);
	}
}

static void reset_entry_msrs(const struct vmbt_saved *s)
{
	if (boot_cpu_has(X86_FEATURE_CPUID_FAULT))
		vmbt_wrmsr(MSR_MISC_FEATURES_ENABLES, s->misc_features);
	vmbt_wrmsr(MSR_IA32_SYSENTER_CS, s->sysenter_cs);
	vmbt_wrmsr(MSR_IA32_SYSENTER_ESP, s->sysenter_esp);
	vmbt_wrmsr(MSR_IA32_SYSENTER_EIP, s->sysenter_eip);
	if (s->efer & EFER_SCE)
		vmbt_wrmsr(MSR_EFER, s->efer);
}

static void read_segments(struct vmbt_saved *s)
{
	savesegment(ds, s->ds);
	savesegment(es, s->es);
	savesegment(fs, s->fs);
	savesegment(gs, s->gs);
	asm volatile("sldt %0" : "=m" (s->ldt));
	s->kernel_gs_base = vmbt_rdmsr(MSR_KERNEL_GS_BASE);
}

/*
 * Selectors of the task. A stale one faults here as it may in a context
 * switch, and becomes null; crosspage.S could not survive that. Loading FS or
 * GS changes its base, so bases come after.
 */
static void reload_segments(const struct vmbt_hv_vcpu *v)
{
	const struct vmbt_saved *s = &v->saved;

	if (unlikely(s->ldt))
		asm volatile("lldt %w0" : : "r" ((u32)s->ldt));
	if (unlikely(s->ds))
		loadsegment(ds, s->ds);
	if (unlikely(s->es))
		loadsegment(es, s->es);
	if (unlikely(s->fs)) {
		loadsegment(fs, s->fs);
		vmbt_wrmsr(MSR_FS_BASE, v->cross->host_fs_base);
	}
	if (unlikely(s->gs)) {
		load_gs_index(s->gs);
		vmbt_wrmsr(MSR_KERNEL_GS_BASE, s->kernel_gs_base);
	}
}

/* What crosspage.S restores, as this CPU has it now. */
static void read_machine(struct vmbt_cross *x)
{
	struct desc_ptr gdtr, idtr;
	const u64 *gdt;
	u16 tr, ss;

	x->host_cr0 = native_read_cr0();
	x->host_cr3 = __native_read_cr3();
	x->host_cr4 = native_read_cr4();
	if (x->host_cr4 & X86_CR4_PCIDE)
		x->host_cr3 |= BIT_ULL(63);
	/* TSD is the VMM's to choose. */
	x->vmm_cr4 = (x->host_cr4 & CR4_KEEP) | CR4_WANT |
		     (x->vmm_cr4 & X86_CR4_TSD);
	if (strict)
		x->vmm_cr4 &= ~X86_CR4_PGE;

	asm volatile("sgdt %0" : "=m" (gdtr));
	asm volatile("sidt %0" : "=m" (idtr));
	asm volatile("str %0" : "=m" (tr));
	x->host_gdtr.limit = gdtr.size;
	x->host_gdtr.base = gdtr.address;
	x->host_idtr.limit = idtr.size;
	x->host_idtr.base = idtr.address;
	gdt = (const u64 *)gdtr.address + tr / 8;
	x->gdt[VMBT_X_SEL_HOST_TSS / 8] = gdt[0];
	x->gdt[VMBT_X_SEL_HOST_TSS / 8 + 1] = gdt[1];

	savesegment(ss, ss);
	x->host_ss = ss;
	x->host_fs_base = vmbt_rdmsr(MSR_FS_BASE);
	x->host_gs_base = vmbt_rdmsr(MSR_GS_BASE);
	if (x->flags & VMBT_XF_SPEC_CTRL) {
		x->host_spec_ctrl = read_msr(MSR_IA32_SPEC_CTRL);
		x->vmm_spec_ctrl = x->host_spec_ctrl & ~SPEC_CTRL_IBRS;
	}
}

/**
 * vmbt_hostcpu_away() - ready this CPU for the VMM world
 * @v: the vCPU; interrupts are off until vmbt_hostcpu_back()
 */
void vmbt_hostcpu_away(struct vmbt_hv_vcpu *v)
{
	rest_tracing(&v->saved);
	set_entry_msrs(v);
	read_segments(&v->saved);
	read_machine(v->cross);
	vmbt_pcid_away(v);
}

/**
 * vmbt_hostcpu_back() - the rest of the way home
 * @v: the vCPU
 */
void vmbt_hostcpu_back(struct vmbt_hv_vcpu *v)
{
	reload_segments(v);
	reset_entry_msrs(&v->saved);
	resume_tracing(&v->saved);
}
