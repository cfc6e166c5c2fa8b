// SPDX-License-Identifier: GPL-2.0
/*
 * The interface for a 32-bit program: structures that hold a pointer or a
 * signal set differ, all others must not.
 *
 * Built for i386 without any library, since the build machine has none for it:
 * _start, system calls by INT 80h, and the few functions that takes.
 */
#include <linux/kvm.h>
#include <linux/vmbt.h>

#define PAGE		4096
#define O_RDWR		2
#define PROT_RW		3
#define MAP_SHARED	1
#define MAP_ANON	0x22	/* and private */

#define SYS_exit	1
#define SYS_write	4
#define SYS_open	5
#define SYS_ioctl	54
#define SYS_mmap	90

static int failures;

static long sys(long nr, long a, const void *b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret)
		     : "0" (nr), "b" (a), "c" (b), "d" (c) : "memory");
	return ret;
}

static unsigned int length(const char *s)
{
	unsigned int n = 0;

	while (s[n])
		n++;
	return n;
}

static void say(const char *s)
{
	sys(SYS_write, 1, s, length(s));
}

static void result(const char *name, int good)
{
	say(good ? "ok compat-" : "not ok compat-");
	say(name);
	say(good ? "\n" : ": wrong\n");
	failures += !good;
}

static long xioctl(int fd, unsigned long cmd, const void *arg)
{
	return sys(SYS_ioctl, fd, (void *)cmd, (long)arg);
}

static void *map(unsigned long size, int flags, int fd)
{
	const unsigned long args[6] = { 0, size, PROT_RW, flags, fd, 0 };

	return (void *)sys(SYS_mmap, (long)args, (void *)0, 0);
}

static struct kvm_regs regs, back;
static struct kvm_sregs sregs;
static unsigned char bitmap[8];

static void test(void)
{
	/* mov eax,0x12345678; mov [0x5000],eax; hlt */
	static const unsigned char code[] = {
		0xb8, 0x78, 0x56, 0x34, 0x12, 0xa3, 0x00, 0x50, 0x00, 0x00, 0xf4,
	};
	struct {
		struct kvm_signal_mask head;
		unsigned char set[8];
	} __attribute__((packed)) mask = { .head.len = 8 };
	struct kvm_userspace_memory_region mr = {
		.flags = KVM_MEM_LOG_DIRTY_PAGES, .memory_size = 16 * PAGE,
	};
	struct kvm_dirty_log log = { };
	int dev, vm, cpu;
	unsigned int i;
	struct kvm_run *run;
	unsigned char *mem;

	dev = sys(SYS_open, (long)"/dev/vmbt", (void *)O_RDWR, 0);
	result("open", dev >= 0);
	vm = xioctl(dev, KVM_CREATE_VM, 0);
	result("vm", vm >= 0);
	cpu = xioctl(vm, KVM_CREATE_VCPU, 0);
	result("vcpu", cpu >= 0);
	run = map(3 * PAGE, MAP_SHARED, cpu);
	result("mapping", (unsigned long)run < -4096ul);
	mem = map(16 * PAGE, MAP_ANON, -1);
	mr.userspace_addr = (unsigned long)mem;
	result("slot", !xioctl(vm, KVM_SET_USER_MEMORY_REGION, &mr));

	for (i = 0; i < sizeof(code); i++)
		mem[PAGE + i] = code[i];
	result("get-sregs", !xioctl(cpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = 0;
	sregs.cs.selector = 8;
	sregs.cs.limit = ~0u;
	sregs.cs.g = 1;
	sregs.cs.db = 1;
	sregs.ds.limit = ~0u;
	sregs.ds.g = 1;
	sregs.cr0 |= 1;
	result("set-sregs", !xioctl(cpu, KVM_SET_SREGS, &sregs));
	regs.rip = PAGE;
	regs.rflags = 2;
	result("set-regs", !xioctl(cpu, KVM_SET_REGS, &regs));
	result("signal-mask", !xioctl(cpu, KVM_SET_SIGNAL_MASK, &mask));
	mask.head.len = 4;
	result("signal-mask-size", xioctl(cpu, KVM_SET_SIGNAL_MASK, &mask) == -22);
	result("run", !xioctl(cpu, KVM_RUN, 0) &&
	       run->exit_reason == KVM_EXIT_HLT);
	result("get-regs", !xioctl(cpu, KVM_GET_REGS, &back) &&
	       back.rax == 0x12345678);
	result("memory", *(unsigned int *)(mem + 0x5000) == 0x12345678);
	log.dirty_bitmap = bitmap;
	result("dirty-log", !xioctl(vm, KVM_GET_DIRTY_LOG, &log) &&
	       (bitmap[0] & 0x20));
}

void _start(void)
{
	test();
	sys(SYS_exit, failures != 0, (void *)0, 0);
	__builtin_unreachable();
}
