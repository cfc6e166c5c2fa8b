// SPDX-License-Identifier: GPL-2.0
/*
 * The ABI's surface: versions, capabilities, sizes, and what is refused.
 * Nothing here enters the VMM world.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/vm.h"

static void versions(struct vm *vm)
{
	EXPECT_EQ("api-version", ioctl(vm->dev, KVM_GET_API_VERSION, 0), 12);
	EXPECT_ERRNO("api-version-arg", ioctl(vm->dev, KVM_GET_API_VERSION, 1),
		     EINVAL);
	EXPECT_EQ("mmap-size", ioctl(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 0),
		  4 * 4096);
	EXPECT_ERRNO("mmap-size-arg",
		     ioctl(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 1), EINVAL);
	EXPECT_EQ("run-struct-size", sizeof(struct kvm_run) <= 4096, 1);
}

static void extensions(struct vm *vm)
{
	static const struct {
		unsigned long cap;
		long want;
	} list[] = {
		{ VMBT_CAP_ABI, VMBT_ABI },
		{ KVM_CAP_USER_MEMORY, 1 },
		{ KVM_CAP_READONLY_MEM, 1 },
		{ KVM_CAP_IMMEDIATE_EXIT, 1 },
		{ KVM_CAP_MAX_VCPUS, 1 },
		{ KVM_CAP_SYNC_MMU, 1 },
		/* What is not there says so. */
		{ KVM_CAP_IRQCHIP, 0 },
		{ KVM_CAP_XSAVE, 0 },
		{ KVM_CAP_SYNC_REGS, 0 },
		{ KVM_CAP_X86_SMM, 0 },
		{ KVM_CAP_SET_GUEST_DEBUG, 0 },
		{ KVM_CAP_IOEVENTFD, 0 },
		/* The module was loaded without hostile=1. */
		{ VMBT_CAP_HOSTILE, 0 },
		{ 0xffffff, 0 },
	};
	size_t i;
	int fds[2] = { vm->dev, vm->fd };

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		char name[40];
		int f;

		for (f = 0; f < 2; f++) {
			snprintf(name, sizeof(name), "cap-%#lx-%s", list[i].cap,
				 f ? "vm" : "dev");
			EXPECT_EQ(name, ioctl(fds[f], KVM_CHECK_EXTENSION,
					      list[i].cap), list[i].want);
		}
	}
	EXPECT_EQ("cap-slots",
		  ioctl(vm->dev, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS) >= 32,
		  1);
}

static void refused(struct vm *vm)
{
	char buf[256] = { 0 };

	EXPECT_ERRNO("create-vm-type", ioctl(vm->dev, KVM_CREATE_VM, 1), EINVAL);
	EXPECT_ERRNO("second-vcpu", ioctl(vm->fd, KVM_CREATE_VCPU, 0), EEXIST);
	EXPECT_ERRNO("vcpu-id-1", ioctl(vm->fd, KVM_CREATE_VCPU, 1), EINVAL);
	EXPECT_ERRNO("vcpu-id-huge", ioctl(vm->fd, KVM_CREATE_VCPU, ~0ul), EINVAL);
	EXPECT_ERRNO("unknown-dev", ioctl(vm->dev, _IO(KVMIO, 0xff), 0), ENOTTY);
	EXPECT_ERRNO("unknown-vm", ioctl(vm->fd, _IO(KVMIO, 0xff), 0), ENOTTY);
	EXPECT_ERRNO("unknown-vcpu", ioctl(vm->cpu, _IO(KVMIO, 0xff), 0), ENOTTY);
	EXPECT_ERRNO("hostile", ioctl(vm->fd, VMBT_HOSTILE_ENABLE, 0), ENOTTY);
	EXPECT_ERRNO("hostile-run", ioctl(vm->cpu, VMBT_HOSTILE_RUN, buf), ENOTTY);
	EXPECT_ERRNO("irqchip", ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), ENOTTY);
	EXPECT_ERRNO("guest-debug",
		     ioctl(vm->cpu, KVM_SET_GUEST_DEBUG, buf), ENOTTY);
	EXPECT_ERRNO("run-arg", ioctl(vm->cpu, KVM_RUN, 1), EINVAL);
	EXPECT_ERRNO("bad-pointer", ioctl(vm->cpu, KVM_GET_REGS, 8), EFAULT);
	EXPECT_ERRNO("tss-addr", ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000), 0);
	EXPECT_ERRNO("tss-addr-high",
		     ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfffff000), EINVAL);
	EXPECT_ERRNO("interrupt-vector", vm_interrupt(vm, 256), EINVAL);
	EXPECT_ERRNO("interrupt", vm_interrupt(vm, 255), 0);
	EXPECT_ERRNO("interrupt-twice", vm_interrupt(vm, 32), EEXIST);
	vm->run->kvm_valid_regs = 1;
	EXPECT_ERRNO("sync-regs", ioctl(vm->cpu, KVM_RUN, 0), EINVAL);
	vm->run->kvm_valid_regs = 0;
	EXPECT_ERRNO("tsc-khz-other",
		     ioctl(vm->cpu, KVM_SET_TSC_KHZ, 1000), EINVAL);
	EXPECT_ERRNO("tsc-khz-same",
		     ioctl(vm->cpu, KVM_SET_TSC_KHZ,
			   ioctl(vm->cpu, KVM_GET_TSC_KHZ, 0)), 0);
	EXPECT_ERRNO("mp-state-halted",
		     ioctl(vm->cpu, KVM_SET_MP_STATE,
			   &(struct kvm_mp_state){ KVM_MP_STATE_HALTED }), EINVAL);
}

static void signal_mask(struct vm *vm)
{
	struct {
		struct kvm_signal_mask head;
		uint64_t set;
	} __attribute__((packed)) m = { .head.len = 8 };

	EXPECT_ERRNO("signal-mask", ioctl(vm->cpu, KVM_SET_SIGNAL_MASK, &m), 0);
	m.head.len = sizeof(sigset_t);	/* the C library's, not the kernel's */
	EXPECT_ERRNO("signal-mask-size",
		     ioctl(vm->cpu, KVM_SET_SIGNAL_MASK, &m), EINVAL);
	EXPECT_ERRNO("signal-mask-none",
		     ioctl(vm->cpu, KVM_SET_SIGNAL_MASK, NULL), 0);
}

static void mappings(struct vm *vm)
{
	void *p;

	p = mmap(NULL, 5 * 4096, PROT_READ, MAP_SHARED, vm->cpu, 0);
	test_result("map-too-long", p == MAP_FAILED && errno == EINVAL,
		    "%p, errno %d", p, errno);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm->cpu, 4 * 4096);
	test_result("map-beyond", p == MAP_FAILED && errno == EINVAL,
		    "%p, errno %d", p, errno);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, vm->cpu, 0);
	test_result("map-exec", p == MAP_FAILED && errno == EINVAL,
		    "%p, errno %d", p, errno);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vm->cpu, 4096);
	if (p != MAP_FAILED)
		*(char *)p = 7;
	test_result("map-second-page", p != MAP_FAILED && *(char *)vm->pio == 7,
		    "%p, errno %d", p, errno);
}

static void stats(struct vm *vm)
{
	struct vmbt_stats *s = calloc(1, sizeof(*s) + 256 * sizeof(s->stats[0]));
	uint32_t i, named = 0;

	EXPECT_ERRNO("stats-small", ioctl(vm->fd, VMBT_GET_STATS, s), E2BIG);
	test_result("stats-count", s->nstats >= 40 && s->nstats <= 256, "%u",
		    s->nstats);
	s->flags = 1;
	EXPECT_ERRNO("stats-flags", ioctl(vm->fd, VMBT_GET_STATS, s), EINVAL);
	s->flags = 0;
	s->nstats = 256;
	EXPECT_ERRNO("stats", ioctl(vm->fd, VMBT_GET_STATS, s), 0);
	for (i = 0; i < s->nstats; i++)
		named += s->stats[i].name[0] && !s->stats[i].name[23];
	EXPECT_EQ("stats-names", named, s->nstats);
	free(s);
}

static struct kvm_cpuid_entry2 *leaf(struct kvm_cpuid2 *c, uint32_t function)
{
	uint32_t i;

	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == function && !c->entries[i].index)
			return &c->entries[i];
	die("no CPUID leaf %#x", function);
}

static void cpuid(struct vm *vm)
{
	size_t size = sizeof(struct kvm_cpuid2) +
		      80 * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *c = calloc(1, size), *d = calloc(1, size);
	struct kvm_cpuid_entry2 *one;

	EXPECT_ERRNO("cpuid-small", ioctl(vm->dev, KVM_GET_SUPPORTED_CPUID, c),
		     E2BIG);
	test_result("cpuid-count", c->nent >= 8 && c->nent <= 64, "%u", c->nent);
	c->nent = 80;
	EXPECT_ERRNO("cpuid-supported",
		     ioctl(vm->dev, KVM_GET_SUPPORTED_CPUID, c), 0);
	one = leaf(c, 1);
	/* XSAVE, OSXSAVE, AVX, VMX, MONITOR, x2APIC, PCID, TSC deadline */
	EXPECT_EQ("cpuid-1-ecx-off", one->ecx & 0x1d22002c, 0);
	EXPECT_EQ("cpuid-hypervisor", one->ecx >> 31, 1);
	/* FPU PSE TSC MSR PAE CX8 PGE CMOV FXSR SSE SSE2 */
	EXPECT_EQ("cpuid-1-edx-on", one->edx & 0x0700a179, 0x0700a179);
	/* VME, APIC, MTRR, PAT, HT */
	EXPECT_EQ("cpuid-1-edx-off", one->edx & 0x10011202, 0);
	EXPECT_EQ("cpuid-no-long-mode", leaf(c, 0x80000001)->edx & 0x2c000800, 0);
	test_result("cpuid-signature",
		    !memcmp(&leaf(c, 0x40000000)->ebx, "VMBTVMBTVMBT", 12),
		    "other");

	d->nent = 80;
	EXPECT_ERRNO("cpuid-default", ioctl(vm->cpu, KVM_GET_CPUID2, d), 0);
	EXPECT_EQ("cpuid-default-same", memcmp(c, d, size), 0);

	/* What can't work is dropped, what user space's devices add stays. */
	one->ecx = ~0u;
	one->edx = ~0u;
	leaf(c, 7)->ebx = ~0u;
	leaf(c, 0x80000001)->edx = ~0u;
	EXPECT_ERRNO("cpuid-set", ioctl(vm->cpu, KVM_SET_CPUID2, c), 0);
	d->nent = 80;
	EXPECT_ERRNO("cpuid-get", ioctl(vm->cpu, KVM_GET_CPUID2, d), 0);
	EXPECT_EQ("cpuid-masked-1c", leaf(d, 1)->ecx & 0x1d22002c, 0);
	EXPECT_EQ("cpuid-masked-1d", leaf(d, 1)->edx & 0x00011002, 0);
	EXPECT_EQ("cpuid-apic", leaf(d, 1)->edx & 0x10000200, 0x10000200);
	EXPECT_EQ("cpuid-masked-7b", leaf(d, 7)->ebx & (1u << 5 | 1u << 16), 0);
	EXPECT_EQ("cpuid-masked-lm", leaf(d, 0x80000001)->edx & 0x2c000000, 0);

	c->entries[0].padding[1] = 1;
	EXPECT_ERRNO("cpuid-padding", ioctl(vm->cpu, KVM_SET_CPUID2, c), EINVAL);
	c->entries[0].padding[1] = 0;
	c->entries[0].flags = 8;
	EXPECT_ERRNO("cpuid-flags", ioctl(vm->cpu, KVM_SET_CPUID2, c), EINVAL);
	c->nent = 65;
	EXPECT_ERRNO("cpuid-too-many", ioctl(vm->cpu, KVM_SET_CPUID2, c), E2BIG);
	free(c);
	free(d);
}

static void other_process(struct vm *vm)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct kvm_regs regs;
		int bad = 0;

		bad |= ioctl(vm->fd, KVM_CHECK_EXTENSION, 3) != -1 || errno != EIO;
		bad |= ioctl(vm->cpu, KVM_GET_REGS, &regs) != -1 || errno != EIO;
		bad |= ioctl(vm->cpu, KVM_RUN, 0) != -1 || errno != EIO;
		_exit(bad);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ("child-gets-eio", status, 0);
}

int main(void)
{
	struct vm vm;

	vm_create(&vm, 1 << 20);
	versions(&vm);
	extensions(&vm);
	refused(&vm);
	signal_mask(&vm);
	mappings(&vm);
	stats(&vm);
	cpuid(&vm);
	other_process(&vm);
	vm_destroy(&vm);
	return test_exit();
}
