// SPDX-License-Identifier: GPL-2.0
/*
 * The host takes away a page of the guest's kernel just while the guest's user code is on its
 * way there.
 *
 * vmbt keeps where the kernel's stack, gate, task state and descriptors lie (core/gate.c), and
 * goes straight to the kernel when the same page fault comes again and again. To see that
 * one is the guest's own it may have to ask the host for a page table, which is a chance for
 * the host to take any other page. Here userfaultfd makes it one: who asks for the table
 * waits, until the kernel's stack is another page.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/vm.h"

#define PAGE	4096ul
#define MEM	BIT(20)
#define IDT	0x10000
#define GDT	0x11000
#define TSS	0x12000
#define USER	0x14000
#define KERNEL	0x15000
#define STACK	0x17000			/* the page below is nothing else */
#define PD	0x20000
#define LOW	0x21000			/* page table of what is above */
#define FIRST	0x22000			/* and of two pieces where nothing is present */
#define SECOND	0x23000
#define LINEAR	0xc00000u		/* where the second begins */
#define TOUCHED	40			/* pages of each */

#define SEG(type, dpl)	(0xcf00000000ffffull | (uint64_t)(0x90 | (dpl) << 5 | (type)) << 40)

/* mov [ebx],eax; add ebx,0x1000; dec ecx; jnz 0; int 0x80 */
static const uint8_t user[] = {
	0x89, 0x03, 0x81, 0xc3, 0x00, 0x10, 0x00, 0x00, 0x49, 0x75, 0xf5, 0xcd, 0x80,
};

/* #PF: over the instruction; edi counts. add esp,4; add dword [esp],2; inc edi; iret */
static const uint8_t missed[] = { 0x83, 0xc4, 0x04, 0x83, 0x04, 0x24, 0x02, 0x47, 0xcf };

static struct vm vm;
static int uffd;
static uint64_t straight;		/* ways that had been gone so when it happened */

static void put(uint32_t at, uint64_t val)
{
	memcpy(vm.mem + at, &val, 8);
}

/* A 32-bit interrupt gate to the kernel's code. */
static uint64_t gate(uint32_t at, unsigned int dpl)
{
	return (at & 0xffff) | 8 << 16 | (0x8e00ull | dpl << 13) << 32 |
	       (uint64_t)(at >> 16) << 48;
}

/* The VMM's world waits for the second table. */
static void *handler(void *arg)
{
	struct uffdio_zeropage zero = { .range = { .len = PAGE } };
	struct uffd_msg msg;

	(void)arg;
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) || msg.event != UFFD_EVENT_PAGEFAULT)
		die("userfaultfd: %s", strerror(errno));
	straight = vm_stat(&vm, "gates_straight");
	madvise(vm.mem + STACK - PAGE, PAGE, MADV_DONTNEED);
	zero.range.start = msg.arg.pagefault.address & ~(PAGE - 1);
	if (ioctl(uffd, UFFDIO_ZEROPAGE, &zero))
		die("UFFDIO_ZEROPAGE: %s", strerror(errno));
	return NULL;
}

static bool watch(void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	return uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) &&
	       !ioctl(uffd, UFFDIO_REGISTER, &reg);
}

static void tables(void)
{
	uint32_t *pd = (void *)(vm.mem + PD), *low = (void *)(vm.mem + LOW), i;

	put(GDT + 8, SEG(0xb, 0));
	put(GDT + 16, SEG(0x3, 0));
	put(GDT + 24, SEG(0xb, 3));
	put(GDT + 32, SEG(0x3, 3));
	put(GDT + 40, 0x67 | (uint64_t)TSS << 16 | 0x8bull << 40);
	put(IDT + 14 * 8, gate(KERNEL, 0));
	put(IDT + 0x80 * 8, gate(KERNEL + 0x100, 3));
	put(TSS + 4, STACK | 16ull << 32);
	memcpy(vm.mem + USER, user, sizeof(user));
	memcpy(vm.mem + KERNEL, missed, sizeof(missed));
	vm.mem[KERNEL + 0x100] = 0xf4;
	for (i = 0; i < MEM / PAGE; i++)
		low[i] = i << 12 | (i == USER >> 12 ? 0x67 : 0x63);
	pd[0] = LOW | 0x67;
	pd[LINEAR / 0x400000 - 1] = FIRST | 0x67;
	pd[LINEAR / 0x400000] = SECOND | 0x67;
	memset(vm.mem + FIRST, 0, PAGE);
}

static struct kvm_segment segment(uint16_t sel, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = sel, .type = type, .s = 1, .dpl = sel & 3,
		.present = 1, .db = 1, .g = 1,
	};
}

/* In user code, with the tables above. */
static void start(void)
{
	struct kvm_regs r = {
		.rip = USER, .rsp = USER + PAGE, .rflags = 0x202,
		.rbx = LINEAR - TOUCHED * PAGE, .rcx = 2 * TOUCHED,
	};
	struct kvm_sregs s;

	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.cs = segment(0x1b, 0xb);
	s.ds = segment(0x23, 0x3);
	s.es = s.ds;
	s.fs = s.ds;
	s.gs = s.ds;
	s.ss = s.ds;
	s.tr = (struct kvm_segment){
		.base = TSS, .limit = 0x67, .selector = 40, .type = 0xb, .present = 1,
	};
	s.gdt.base = GDT;
	s.gdt.limit = 47;
	s.idt.base = IDT;
	s.idt.limit = 0x80 * 8 + 7;
	s.cr3 = PD;
	s.cr0 = 0x80000011;
	if (ioctl(vm.cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
	vm_set_regs(&vm, &r);
}

int main(void)
{
	struct kvm_regs r;
	pthread_t t;
	int rc;

	if (vm_is_fake(-1)) {
		test_skip("pins", "needs the real VMM");
		return 0;
	}
	alarm(60);
	vm_create(&vm, MEM);
	madvise(vm.mem, MEM, MADV_NOHUGEPAGE);
	if (!watch(vm.mem + SECOND)) {
		test_skip("pins", "no userfaultfd");
		return test_exit();
	}
	tables();
	start();
	pthread_create(&t, NULL, handler, NULL);
	rc = vm_run(&vm);
	test_result("pins-runs-on", !rc && vm.run->exit_reason == KVM_EXIT_HLT, "%s, %s",
		    rc ? strerror(-rc) : "0", vm_exit_text(&vm));
	pthread_join(t, NULL);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("pins-faults", r.rdi, 2 * TOUCHED);
	EXPECT_EQ("pins-ebx", r.rbx, LINEAR + TOUCHED * PAGE);
	test_result("pins-straight", straight > TOUCHED / 2,
		    "%llu ways straight before", (unsigned long long)straight);
	/* The last way in was through the page that is there now: SS of user code. */
	EXPECT_EQ("pins-stack", *(uint32_t *)(vm.mem + STACK - 4), 0x23);
	vm_destroy(&vm);
	return test_exit();
}
