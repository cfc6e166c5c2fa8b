// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUID policy: what the guest is told its processor can do.
 *
 * What is supported is the host's CPUID reduced to what works under vmbt: a
 * 32-bit processor whose registers are those that FXSAVE knows. A VM starts
 * with all of it. KVM_SET_CPUID2 chooses less, or other identities; feature
 * bits that do not work are dropped from what it asks for (KVM_GET_CPUID2
 * shows the outcome), because VMMs written for KVM ask for some of them
 * whatever is supported, and no guest may be told of them.
 *
 * Feature bits that are not mentioned here are not offered: default deny.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "hostinsn.h"
#include "vmbt.h"

#define F(x)	BIT(X86_FEATURE_##x & 31)

/*
 * Leaf 1, EDX. Left out: VME (virtual-8086 mode is translated), MCE and MCA,
 * MTRR and PAT (all memory is write-back), PSN, DS, ACPI and TM, SS, HT.
 */
#define VMBT_1_EDX	(F(FPU) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) | \
			 F(CX8) | F(PGE) | F(CMOV) | F(PSE36) | \
			 F(CLFLUSH) | F(MMX) | F(FXSR) | F(XMM) | F(XMM2))
/*
 * Leaf 1, ECX. Left out: XSAVE and all that needs it (AVX, FMA, F16C),
 * MONITOR, VMX, SMX, x2APIC, PCID, TSC deadline, debug store, PDCM; CX16 is
 * 64-bit.
 */
#define VMBT_1_ECX	(F(XMM3) | F(PCLMULQDQ) | F(SSSE3) | F(XMM4_1) | \
			 F(XMM4_2) | F(MOVBE) | F(POPCNT) | F(AES) | F(RDRAND))
/* Leaf 7, EBX. Left out: all VEX-encoded, SMEP and SMAP, TSX, INVPCID. */
#define VMBT_7_EBX	(F(ERMS) | F(RDSEED) | F(ADX) | F(CLFLUSHOPT) | \
			 F(SHA_NI))
#define VMBT_7_EDX	F(FSRM)
/* Extended leaf 1. Left out: long mode, SYSCALL, RDTSCP, 1-GiB pages, SVM. */
#define VMBT_E1_EDX	F(NX)
#define VMBT_E1_ECX	0
/* Extended leaf 7: the counter runs at one rate. */
#define VMBT_E7_EDX	BIT(8)

/* User space's devices, not the CPU, decide on these two. */
#define VMBT_1_EDX_USER	(F(APIC) | F(HT))

#define VMBT_PHYS_BITS	36

#define VMBT_HV_SIGNATURE	0x40000000
#define VMBT_HV_KVM		0x40000100
#define VMBT_HV_LAST		0x4fffffff
#define VMBT_KVM_FEATURES						\
	(BIT(VMBT_KVM_FEATURE_CLOCKSOURCE) |				\
	 BIT(VMBT_KVM_FEATURE_NOP_IO_DELAY) |				\
	 BIT(VMBT_KVM_FEATURE_CLOCKSOURCE2) |				\
	 BIT(VMBT_KVM_FEATURE_CLOCKSOURCE_STABLE))

static bool vmbt_is_intel(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_INTEL;
}

static u32 vmbt_1_edx(void)
{
	u32 edx = VMBT_1_EDX;

	/* In long mode SYSENTER is #UD on others. */
	if (vmbt_host_caps() & VMBT_HOST_INTEL)
		edx |= F(SEP);
	return edx;
}

static u32 vmbt_e1_edx(void)
{
	u32 edx = vmbt_host_caps() & VMBT_HOST_NX ? VMBT_E1_EDX : 0;

	/* AMD repeats leaf 1 here. */
	if (!vmbt_is_intel())
		edx |= vmbt_1_edx() & 0x0183f3ff & ~F(SEP);
	return edx;
}

/*
 * The leaves that hypervisors have to themselves: signatures are user space's
 * to choose, of features there are KVM's that vmbt has. KVM's guests look for
 * its signature at all multiples of 100h (kvm/x86/cpuid.rst).
 */
static void vmbt_cpuid_mask_hypervisor(struct kvm_cpuid_entry2 *e)
{
	if (!(e->function & 0xff))
		return;
	if ((e->function & 0xffff00ff) == VMBT_CPUID_KVM_FEATURES)
		e->eax &= VMBT_KVM_FEATURES;
	else
		e->eax = 0;
	e->ebx = 0;
	e->ecx = 0;
	e->edx = 0;
}

/* Reduce what an entry claims to what the host's CPU and vmbt can do. */
static void vmbt_cpuid_mask(struct kvm_cpuid_entry2 *e)
{
	struct kvm_cpuid_entry2 host = { };

	vmbt_cpuid(e->function, e->index, &host.eax, &host.ebx, &host.ecx,
		   &host.edx);
	switch (e->function) {
	case VMBT_HV_SIGNATURE ... VMBT_HV_LAST:
		vmbt_cpuid_mask_hypervisor(e);
		break;
	case 1:
		e->ecx &= (host.ecx & VMBT_1_ECX) | F(HYPERVISOR);
		e->edx &= (host.edx & vmbt_1_edx()) | VMBT_1_EDX_USER;
		break;
	case 6:		/* thermal and power management */
	case 0xa:	/* performance counters */
	case 0xd:	/* extended state */
	case 0xf ... 0x12:
	case 0x14:
	case 0x19 ... 0x1f:
	case 0x23 ... 0x24:
	case 0x8000000a:	/* SVM */
	case 0x80000019 ... 0x8000001c:
	case 0x8000001f ... 0x80000026:
		e->eax = 0;
		e->ebx = 0;
		e->ecx = 0;
		e->edx = 0;
		break;
	case 7:
		e->eax = 0;
		e->ebx &= e->index ? 0 : host.ebx & VMBT_7_EBX;
		e->ecx = 0;
		e->edx &= e->index ? 0 : host.edx & VMBT_7_EDX;
		break;
	case 0x80000001:
		e->ecx &= host.ecx & VMBT_E1_ECX;
		e->edx &= host.edx & vmbt_e1_edx();
		break;
	case 0x80000007:
		e->eax = 0;
		e->ebx = 0;
		e->ecx = 0;
		e->edx &= host.edx & VMBT_E7_EDX;
		break;
	case 0x80000008:
		/* Frames above that do not exist, whoever asks. */
		e->eax = VMBT_PHYS_BITS | 32 << 8;
		e->ebx = 0;
		e->edx = 0;
		break;
	}
}

struct vmbt_cpuid_list {
	struct kvm_cpuid_entry2 *entries;
	unsigned int n;
};

static struct kvm_cpuid_entry2 *vmbt_cpuid_add(struct vmbt_cpuid_list *list,
					       u32 function, u32 index,
					       u32 flags)
{
	struct kvm_cpuid_entry2 *e = &list->entries[list->n++];

	memset(e, 0, sizeof(*e));
	e->function = function;
	e->index = index;
	e->flags = flags;
	vmbt_cpuid(function, index, &e->eax, &e->ebx, &e->ecx, &e->edx);
	vmbt_cpuid_mask(e);
	return e;
}

static void vmbt_cpuid_signature(struct vmbt_cpuid_list *list, u32 leaf,
				 u32 max, const char *signature)
{
	struct kvm_cpuid_entry2 *e = vmbt_cpuid_add(list, leaf, 0, 0);

	e->eax = max;
	memcpy(&e->ebx, signature, 4);
	memcpy(&e->ecx, signature + 4, 4);
	memcpy(&e->edx, signature + 8, 4);
}

#define VMBT_CACHE_LEAVES	8

/* The highest leaf of the standard and of the extended ones. */
static u32 vmbt_cpuid_max(u32 first)
{
	u32 eax, ebx, ecx, edx;

	vmbt_cpuid(first, 0, &eax, &ebx, &ecx, &edx);
	return eax;
}

/* Everything supported; at most ARRAY_SIZE(vmbt_shared.cpuid) entries. */
static void vmbt_cpuid_build(struct vmbt_cpuid_list *list)
{
	u32 max = vmbt_cpuid_max(0), ext = vmbt_cpuid_max(0x80000000), i;
	struct kvm_cpuid_entry2 *e;

	vmbt_cpuid_add(list, 0, 0, 0)->eax = min(max, 7u);
	e = vmbt_cpuid_add(list, 1, 0, 0);
	/* One logical processor with APIC id 0; keep the CLFLUSH line size. */
	e->ebx = (e->ebx & 0x0000ff00) | 0x00010000;
	e->ecx |= F(HYPERVISOR);
	e->edx &= ~VMBT_1_EDX_USER;
	if (max >= 2)
		vmbt_cpuid_add(list, 2, 0, 0);
	for (i = 0; max >= 4 && i < VMBT_CACHE_LEAVES; i++) {
		e = vmbt_cpuid_add(list, 4, i, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
		if (!(e->eax & 0x1f))
			break;
		/* Nobody to share a cache with. */
		e->eax &= 0x00003fff;
	}
	if (max >= 7)
		vmbt_cpuid_add(list, 7, 0, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

	vmbt_cpuid_signature(list, VMBT_HV_SIGNATURE, VMBT_HV_SIGNATURE,
			     "VMBTVMBTVMBT");
	vmbt_cpuid_signature(list, VMBT_HV_KVM, VMBT_HV_KVM + 1,
			     "KVMKVMKVM\0\0\0");
	e = vmbt_cpuid_add(list, VMBT_HV_KVM + 1, 0, 0);
	e->eax = VMBT_KVM_FEATURES;

	vmbt_cpuid_add(list, 0x80000000, 0, 0)->eax = min(ext, 0x80000008u);
	vmbt_cpuid_add(list, 0x80000001, 0, 0)->ebx = 0;
	for (i = 0x80000002; i <= min(ext, 0x80000008u); i++) {
		e = vmbt_cpuid_add(list, i, 0, 0);
		if (i == 0x80000008)
			e->ecx = 0;	/* number of cores - 1 */
	}
}

static void vmbt_cpuid_install(struct vmbt_vm *vm,
			       const struct vmbt_cpuid_list *list)
{
	struct vmbt_shared *sh = vm->shared;
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		const struct kvm_cpuid_entry2 *e = &list->entries[i];

		sh->cpuid[i] = (struct vmbt_cpuid){
			.function = e->function, .index = e->index,
			.flags = e->flags, .eax = e->eax, .ebx = e->ebx,
			.ecx = e->ecx, .edx = e->edx,
		};
	}
	sh->ncpuid = list->n;
}

#define VMBT_CPUID_MAX	ARRAY_SIZE(((struct vmbt_shared *)NULL)->cpuid)

static int vmbt_cpuid_alloc(struct vmbt_cpuid_list *list)
{
	list->n = 0;
	list->entries = kcalloc(VMBT_CPUID_MAX, sizeof(*list->entries),
				GFP_KERNEL_ACCOUNT);
	return list->entries ? 0 : -ENOMEM;
}

/**
 * vmbt_cpuid_default() - everything that is supported, for a new VM
 * @vm: the VM
 * Return: 0 or -ENOMEM.
 */
int vmbt_cpuid_default(struct vmbt_vm *vm)
{
	struct vmbt_cpuid_list list;
	int r = vmbt_cpuid_alloc(&list);

	if (r)
		return r;
	vmbt_cpuid_build(&list);
	vmbt_cpuid_install(vm, &list);
	kfree(list.entries);
	return 0;
}

static int vmbt_cpuid_copy_out(struct kvm_cpuid2 __user *arg,
			       const struct kvm_cpuid_entry2 *entries, u32 n)
{
	struct kvm_cpuid2 head;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.padding)
		return -EINVAL;
	if (put_user(n, &arg->nent))
		return -EFAULT;
	if (head.nent < n)
		return -E2BIG;
	if (copy_to_user(arg->entries, entries, n * sizeof(*entries)))
		return -EFAULT;
	return 0;
}

/**
 * vmbt_cpuid_supported() - KVM_GET_SUPPORTED_CPUID
 * @arg: user memory
 * Return: 0 or a negative error.
 */
int vmbt_cpuid_supported(struct kvm_cpuid2 __user *arg)
{
	struct vmbt_cpuid_list list;
	int r = vmbt_cpuid_alloc(&list);

	if (r)
		return r;
	vmbt_cpuid_build(&list);
	r = vmbt_cpuid_copy_out(arg, list.entries, list.n);
	kfree(list.entries);
	return r;
}

/**
 * vmbt_cpuid_set() - KVM_SET_CPUID2
 * @vcpu: the vCPU, its mutex held
 * @arg: user memory
 * Return: 0 or a negative error.
 */
int vmbt_cpuid_set(struct vmbt_vcpu *vcpu, struct kvm_cpuid2 __user *arg)
{
	struct vmbt_cpuid_list list;
	struct kvm_cpuid2 head;
	unsigned int i;
	int r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.padding)
		return -EINVAL;
	if (head.nent > VMBT_CPUID_MAX)
		return -E2BIG;
	r = vmbt_cpuid_alloc(&list);
	if (r)
		return r;
	list.n = head.nent;
	r = -EFAULT;
	if (copy_from_user(list.entries, arg->entries,
			   list.n * sizeof(*list.entries)))
		goto out;
	r = -EINVAL;
	for (i = 0; i < list.n; i++) {
		struct kvm_cpuid_entry2 *e = &list.entries[i];

		if ((e->flags & ~KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		    memchr_inv(e->padding, 0, sizeof(e->padding)))
			goto out;
		vmbt_cpuid_mask(e);
	}
	vmbt_cpuid_install(vcpu->vm, &list);
	r = 0;
out:
	kfree(list.entries);
	return r;
}

/**
 * vmbt_cpuid_get() - KVM_GET_CPUID2
 * @vcpu: the vCPU, its mutex held
 * @arg: user memory
 * Return: 0 or a negative error.
 */
int vmbt_cpuid_get(struct vmbt_vcpu *vcpu, struct kvm_cpuid2 __user *arg)
{
	const struct vmbt_shared *sh = vcpu->vm->shared;
	struct vmbt_cpuid_list list;
	int r = vmbt_cpuid_alloc(&list);

	if (r)
		return r;
	for (list.n = 0; list.n < min_t(u32, sh->ncpuid, VMBT_CPUID_MAX); list.n++) {
		const struct vmbt_cpuid *c = &sh->cpuid[list.n];

		list.entries[list.n] = (struct kvm_cpuid_entry2){
			.function = c->function, .index = c->index,
			.flags = c->flags, .eax = c->eax, .ebx = c->ebx,
			.ecx = c->ecx, .edx = c->edx,
		};
	}
	r = vmbt_cpuid_copy_out(arg, list.entries, list.n);
	kfree(list.entries);
	return r;
}
