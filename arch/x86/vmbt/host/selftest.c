// SPDX-License-Identifier: GPL-2.0
/*
 * Does a trip to the VMM world leave the CPU as it was?
 *
 * A VMM world of our own, whose image obeys probe commands (vmm/metal/probe.c)
 * instead of running a VM, makes trips while all that the CPU has is read
 * before and after, at the innermost place where the host is whole again. Also
 * asks it what the CPU enforces, for vmbt_host_caps().
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/tsc.h>
#include <asm/fpu/xcr.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

#include "../include/hostinsn.h"
#include "host_int.h"

static const u32 msrs[] = {
	MSR_EFER, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	MSR_IA32_CR_PAT, MSR_IA32_DEBUGCTLMSR, MSR_IA32_APICBASE,
	MSR_IA32_MISC_ENABLE, MSR_MISC_FEATURES_ENABLES, MSR_IA32_SPEC_CTRL,
	MSR_TSC_AUX, MSR_IA32_S_CET, MSR_IA32_U_CET, MSR_IA32_XSS,
	MSR_CORE_PERF_GLOBAL_CTRL, MSR_IA32_DS_AREA, MSR_IA32_PEBS_ENABLE,
	MSR_IA32_RTIT_CTL,
};

static const char * const names[] = {
	"CR0", "CR3", "CR4", "CR8", "RFLAGS",
	"CS", "SS", "DS", "ES", "FS", "GS", "LDTR", "TR",
	"GDTR base", "GDTR limit", "IDTR base", "IDTR limit",
	"TSS descriptor", "XCR0",
	"DR0", "DR1", "DR2", "DR3", "DR6", "DR7",
};

struct cpu_image {
	u64 reg[ARRAY_SIZE(names)];
	u64 msr[ARRAY_SIZE(msrs)];
};

/*
 * struct vmbt_snapshot - state before, and what differed after
 * @has_msr: which of msrs[] this CPU has
 */
struct vmbt_snapshot {
	struct cpu_image before, after;
	u64 has_msr;
	unsigned int compared;
	unsigned int differed;
};

/* Flags that outlive a function call. */
#define RFLAGS_KEPT	(X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF | \
			 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_AC | \
			 X86_EFLAGS_ID)

static DEFINE_MUTEX(lock);
static struct vmbt_space *space;
static struct vmbt_hv_vcpu *vcpu;
static struct vmbt_snapshot *snapshot;

static void read_image(struct cpu_image *c, u64 has_msr)
{
	struct desc_ptr gdtr, idtr;
	unsigned long flags, dr;
	u64 *r = c->reg;
	u16 sel, tr;
	u32 i;

	*r++ = native_read_cr0();
	*r++ = __native_read_cr3();
	*r++ = native_read_cr4();
	asm volatile("mov %%cr8, %0" : "=r" (*r));
	r++;
	asm volatile("pushfq; popq %0" : "=rm" (flags));
	*r++ = flags & RFLAGS_KEPT;
#define SEG(name) do { savesegment(name, sel); *r++ = sel; } while (0)
	SEG(cs); SEG(ss); SEG(ds); SEG(es); SEG(fs); SEG(gs);
#undef SEG
	asm volatile("sldt %0" : "=m" (sel));
	*r++ = sel;
	asm volatile("str %0" : "=m" (tr));
	*r++ = tr;
	asm volatile("sgdt %0" : "=m" (gdtr));
	asm volatile("sidt %0" : "=m" (idtr));
	*r++ = gdtr.address;
	*r++ = gdtr.size;
	*r++ = idtr.address;
	*r++ = idtr.size;
	*r++ = ((u64 *)gdtr.address)[tr / 8];
	*r++ = native_read_cr4() & X86_CR4_OSXSAVE ? xgetbv(0) : 0;
#define DR(n) do { get_debugreg(dr, n); *r++ = dr; } while (0)
	DR(0); DR(1); DR(2); DR(3); DR(6); DR(7);
#undef DR
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (has_msr & BIT_ULL(i))
			c->msr[i] = vmbt_rdmsr(msrs[i]);
}

void vmbt_snapshot_before(struct vmbt_snapshot *s)
{
	read_image(&s->before, s->has_msr);
}

static void differs(struct vmbt_snapshot *s, const char *what, u64 was, u64 is)
{
	if (s->differed++ < 20)
		pr_err("vmbt: selftest: %s was %llx, is %llx\n", what, was, is);
}

void vmbt_snapshot_after(struct vmbt_snapshot *s)
{
	char name[20];
	u32 i;

	read_image(&s->after, s->has_msr);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (s->before.reg[i] != s->after.reg[i])
			differs(s, names[i], s->before.reg[i], s->after.reg[i]);
	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		if (s->before.msr[i] == s->after.msr[i])
			continue;
		snprintf(name, sizeof(name), "MSR %x", msrs[i]);
		differs(s, name, s->before.msr[i], s->after.msr[i]);
	}
	s->compared++;
}

void vmbt_snapshot_regs(struct vmbt_snapshot *s, u32 bad)
{
	if (bad)
		differs(s, "callee-saved registers (mask)", 0, bad);
}

/* One command, through all interrupts that come meanwhile. */
static int command(u32 cmd)
{
	struct vmbt_shared *s = vmbt_space_shared(space);
	int r;

	s->hc_arg[0] = cmd;
	do {
		r = vmbt_world_run(vcpu);
		cond_resched();
	} while (r == VMBT_HC_INTR || r == VMBT_HC_NMI || r == VMBT_HC_MCE);
	if (r == VMBT_HC_PANIC) {
		pr_err("vmbt: selftest: the VMM panicked: %.*s\n",
		       (int)sizeof(s->text), s->text);
		return -EIO;
	}
	if (r != VMBT_HC_YIELD) {
		pr_err("vmbt: selftest: the probe answered %d\n", r);
		return -EIO;
	}
	return 0;
}

static int expect(u32 cmd, u64 vector, u64 error)
{
	struct vmbt_shared *s = vmbt_space_shared(space);
	int err = command(cmd);

	if (err)
		return err;
	if (s->hc_out[0] == vector && s->hc_out[1] == error)
		return 0;
	pr_err("vmbt: selftest: command %u left with vector %llu error %llx, not %llu %llx\n",
	       cmd, s->hc_out[0], s->hc_out[1], vector, error);
	return -EIO;
}

/* What the probe's guests do is known; see probe.c for each. */
static int check_guests(void)
{
	struct vmbt_shared *s = vmbt_space_shared(space);
	int err;

	err = expect(VMBT_PROBE_BAD_SEG, X86_TRAP_NP, 0x38);
	if (err)
		return err;
	err = expect(VMBT_PROBE_ESP16, 0x80, 0);
	if (err)
		return err;
	if (s->hc_out[2] != 0x5a5a0ff0 || s->hc_out[3] != 0x5a5a0ff0) {
		pr_err("vmbt: selftest: ESP on a 16-bit stack is %llx, %llx\n",
		       s->hc_out[2], s->hc_out[3]);
		return -EIO;
	}
	err = command(VMBT_PROBE_SYSENTER);
	if (err)
		return err;
	/* #UD by AMD's manual; QEMU's AMD models do as Intel's. */
	if (s->hc_out[0] != VMBT_VEC_SYSENTER &&
	    (s->hc_out[0] != X86_TRAP_UD ||
	     (vmbt_host_caps() & VMBT_HOST_INTEL))) {
		pr_err("vmbt: selftest: SYSENTER left with vector %llu\n",
		       s->hc_out[0]);
		return -EIO;
	}
	return 0;
}

static void find_limits(void)
{
	struct vmbt_shared *s = vmbt_space_shared(space);

	if (command(VMBT_PROBE_LIMIT))
		return;
	if (s->hc_out[0] == X86_TRAP_GP)
		vmbt_caps_set(VMBT_HOST_LIMITS);
	else
		pr_info("vmbt: the CPU does not enforce segment limits (exit %llu)\n",
			s->hc_out[0]);
}

int vmbt_host_selftest(unsigned int rounds)
{
	unsigned int i, cpu = 0;
	int err;

	mutex_lock(&lock);
	snapshot->compared = 0;
	snapshot->differed = 0;
	err = check_guests();
	for (i = 0; !err && i < rounds; i++) {
		/* Interrupts while it runs at both rings, now and then. */
		if (i % 64 == 63)
			err = command(i & 64 ? VMBT_PROBE_SPIN1 : VMBT_PROBE_SPIN3);
		else if (i % 3)
			err = expect(i % 3 == 1 ? VMBT_PROBE_REGS1 :
				     VMBT_PROBE_REGS3, 0x80, 0);
		else
			err = command(VMBT_PROBE_NOP);
		if (i % 256 == 255) {
			cpu = cpumask_next(cpu, cpu_online_mask);
			if (cpu >= nr_cpu_ids)
				cpu = cpumask_first(cpu_online_mask);
			set_cpus_allowed_ptr(current, cpumask_of(cpu));
		}
		if (signal_pending(current))
			err = -EINTR;
	}
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	pr_info("vmbt: selftest: %u rounds, %u states compared, %u differences\n",
		i, snapshot->compared, snapshot->differed);
	if (!err && snapshot->differed)
		err = -EIO;
	mutex_unlock(&lock);
	return err;
}

/**
 * vmbt_selftest_bench() - what a round trip costs
 * @rounds: how many; each to the VMM's loop and back, no guest
 * @least: time stamp counts of the cheapest one
 * Return: the mean, or a negative error
 */
s64 vmbt_selftest_bench(u32 rounds, u64 *least)
{
	u64 before, spent, sum = 0;
	int err = 0;
	u32 i;

	mutex_lock(&lock);
	vcpu->check = NULL;
	*least = U64_MAX;
	for (i = 0; i < rounds && !err; i++) {
		before = rdtsc_ordered();
		err = command(VMBT_PROBE_NOP);
		spent = rdtsc_ordered() - before;
		sum += spent;
		*least = min(*least, spent);
	}
	vcpu->check = snapshot;
	mutex_unlock(&lock);
	return err ?: (s64)div_u64(sum, rounds);
}

/**
 * vmbt_selftest_leaves() - vmbt_space_leaves() of the probe's world
 * @out: filled
 * Return: as vmbt_space_leaves()
 */
int vmbt_selftest_leaves(struct vmbt_leaves *out)
{
	int err;

	mutex_lock(&lock);
	err = vmbt_space_leaves(space, NULL, NULL, out);
	mutex_unlock(&lock);
	return err;
}

/* Grow the pool behind an entry that leads to a page of somebody else's. */
static int grow_damaged(struct vmbt_space *s, u64 *entry, struct page *other)
{
	u64 kept = *entry;
	u32 n = s->npool, end;
	int err = 0;

	*entry = page_to_phys(other) | sme_me_mask | _PAGE_PRESENT | _PAGE_RW;
	if (vmbt_space_pool_grow(s, 1, &end) || end != n ||
	    memchr_inv(page_address(other), 0, PAGE_SIZE))
		err = -EIO;
	*entry = kept;
	return err;
}

/**
 * vmbt_selftest_damaged() - are tables that the VMM could have damaged not followed?
 *
 * The root and the PDPT of slot 509 are the VMM's to write. This damages them as it
 * could, in a space of its own in which nothing ever runs.
 *
 * Return: 0, -EIO if a page that is not the space's was written, or the number of
 * pool pages changed
 */
int vmbt_selftest_damaged(void)
{
	struct page *other = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct vmbt_space *s = vmbt_space_create(64);
	int err = -ENOMEM;
	u64 *table;
	u32 i, n, end;

	if (!other || IS_ERR(s))
		goto out;
	/* Root, PML4 with 5 levels, PDPT: the first pool pages. */
	for (i = 0; i < (s->la57 ? 3 : 2); i++) {
		table = page_address(*vmbt_pool_slot(s, i));
		n = VMBT_POOL_BASE >> ((s->la57 ? 48 : 39) - 9 * i) & 511;
		err = grow_damaged(s, &table[n], other);
		if (err)
			goto out;
	}
	if (vmbt_space_pool_grow(s, 1, &end) != 1 || end != 65)
		err = -EIO;
out:
	if (!IS_ERR(s))
		vmbt_space_destroy(s);
	if (other)
		__free_page(other);
	return err;
}

/* To be freed with kfree(); for vmbt_hv_vcpu.check. */
struct vmbt_snapshot *vmbt_snapshot_new(void)
{
	struct vmbt_snapshot *s = kzalloc(sizeof(*s), GFP_KERNEL);
	u64 val;
	u32 i;

	for (i = 0; s && i < ARRAY_SIZE(msrs); i++)
		if (!vmbt_rdmsr_safe(msrs[i], &val))
			s->has_msr |= BIT_ULL(i);
	return s;
}

/* How much has differed since it was asked last. */
unsigned int vmbt_snapshot_differed(struct vmbt_snapshot *s)
{
	unsigned int n = s->differed;

	s->differed = 0;
	return n;
}

int vmbt_selftest_init(void)
{
	int err;

	snapshot = vmbt_snapshot_new();
	if (!snapshot)
		return -ENOMEM;
	space = vmbt_space_create(64);
	if (IS_ERR(space)) {
		err = PTR_ERR(space);
		space = NULL;
		goto out;
	}
	vmbt_space_shared(space)->probe = 1;
	vcpu = vmbt_hv_vcpu_create(space, NULL, NULL);
	if (IS_ERR(vcpu)) {
		err = PTR_ERR(vcpu);
		vcpu = NULL;
		goto out;
	}
	/* From the first trip on: one that loses state loses it for good. */
	vcpu->check = snapshot;
	err = command(VMBT_PROBE_NOP);
	if (err)
		goto out;
	find_limits();
	if (snapshot->differed) {
		err = -EIO;
		goto out;
	}
	return 0;
out:
	vmbt_selftest_exit();
	return err;
}

void vmbt_selftest_exit(void)
{
	if (vcpu)
		vmbt_hv_vcpu_destroy(vcpu);
	if (space)
		vmbt_space_destroy(space);
	kfree(snapshot);
	vcpu = NULL;
	space = NULL;
	snapshot = NULL;
}
