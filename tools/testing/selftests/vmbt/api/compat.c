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

/* As a 64-bit program has them: ioctl numbers hold the sizes. */
_Static_assert(sizeof(struct vmbt_run_ext) == 320, "vmbt_run_ext");
_Static_assert(__builtin_offsetof(struct vmbt_run_ext, text) == 64, "text");
_Static_assert(sizeof(struct vmbt_stat) == 32, "vmbt_stat");
_Static_assert(sizeof(struct vmbt_stats) == 8, "vmbt_stats");
_Static_assert(sizeof(struct vmbt_written) == 16, "vmbt_written");
_Static_assert(sizeof(struct vmbt_pic_state) == 512, "vmbt_pic_state");
_Static_assert(sizeof(struct vmbt_pit_state) == sizeof(struct kvm_pit_state2), "vmbt_pit_state");
_Static_assert(sizeof(struct vmbt_hostile_run) == 1384, "vmbt_hostile_run");
_Static_assert(__builtin_offsetof(struct vmbt_hostile_run, what) == 80, "what");
_Static_assert(sizeof(struct kvm_userspace_memory_region) == 32, "region");
_Static_assert(sizeof(struct kvm_clock_data) == 48, "kvm_clock_data");
_Static_assert(sizeof(struct kvm_device_attr) == 24, "kvm_device_attr");

static struct kvm_regs regs, back;
static struct kvm_sregs sregs;
static unsigned char bitmap[8];
static unsigned char state[8192], again[8192];

static int same(const void *a, const void *b, unsigned int n)
{
	const unsigned char *x = a, *y = b;

	while (n--)
		if (*x++ != *y++)
			return 0;
	return 1;
}

/* What is read, set and read again is the same. */
static int round_trip(int fd, unsigned long get, unsigned long set, unsigned int first)
{
	unsigned int i, n = _IOC_SIZE(get);

	for (i = 0; i < sizeof(state); i++) {
		state[i] = 0;
		again[i] = 0;
	}
	*(unsigned int *)state = first;
	*(unsigned int *)again = first;
	return !xioctl(fd, get, state) && !xioctl(fd, set, state) &&
	       !xioctl(fd, get, again) && same(state, again, n);
}

/* Structures with members of 64 bits, with arrays behind them, with pointers. */
static void structures(int dev, int vm, int cpu)
{
	struct kvm_msr_list *list = (void *)state;
	struct kvm_cpuid2 *cpuid = (void *)state;
	struct vmbt_stats *stats = (void *)state;
	struct kvm_msrs *msrs = (void *)state;
	unsigned long long offset = 0x1122334455667788ull, got = 0;
	unsigned long long address = 0xfffbc000ull;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (unsigned long)&offset,
	};
	struct vmbt_written w = { .gpa = 0xfffff000, .size = 0xf00000000ull };
	struct kvm_irq_level line = { .irq = 3, .level = 1 };
	struct kvm_interrupt irq = { .irq = 0x20 };
	struct kvm_clock_data clock;
	unsigned int n, i;

	result("sregs2", round_trip(cpu, KVM_GET_SREGS2, KVM_SET_SREGS2, 0));
	result("fpu", round_trip(cpu, KVM_GET_FPU, KVM_SET_FPU, 0));
	result("debugregs", round_trip(cpu, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, 0));
	result("events", round_trip(cpu, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, 0));
	result("mp-state", round_trip(cpu, KVM_GET_MP_STATE, KVM_SET_MP_STATE, 0));

	result("tsc-offset", !xioctl(cpu, KVM_HAS_DEVICE_ATTR, &attr) &&
	       !xioctl(cpu, KVM_SET_DEVICE_ATTR, &attr));
	attr.addr = (unsigned long)&got;
	result("tsc-offset-back", !xioctl(cpu, KVM_GET_DEVICE_ATTR, &attr) &&
	       got == offset);
	attr.addr |= 1ull << 40;
	result("tsc-offset-high", xioctl(cpu, KVM_GET_DEVICE_ATTR, &attr) == -14);

	list->nmsrs = 100;
	result("msr-list", !xioctl(dev, KVM_GET_MSR_INDEX_LIST, list) &&
	       list->nmsrs > 4 && list->nmsrs < 100);
	msrs->nmsrs = 1;
	msrs->pad = 0;
	msrs->entries[0].index = 0x176;
	msrs->entries[0].reserved = 0;
	msrs->entries[0].data = 0x80123456;
	result("msrs", xioctl(cpu, KVM_SET_MSRS, msrs) == 1);
	msrs->entries[0].data = 0;
	result("msrs-back", xioctl(cpu, KVM_GET_MSRS, msrs) == 1 &&
	       msrs->entries[0].data == 0x80123456);

	cpuid->nent = 100;
	result("cpuid", !xioctl(dev, KVM_GET_SUPPORTED_CPUID, cpuid) &&
	       !xioctl(cpu, KVM_SET_CPUID2, cpuid));
	n = cpuid->nent;
	cpuid->nent = 100;
	result("cpuid-back", !xioctl(cpu, KVM_GET_CPUID2, cpuid) && cpuid->nent == n);

	stats->nstats = 200;
	stats->flags = 0;
	result("stats", !xioctl(vm, VMBT_GET_STATS, stats) && stats->nstats > 20);
	for (i = 0; i < stats->nstats; i++)
		if (same(stats->stats[i].name, "hc_exit", 8))
			break;
	result("stats-value", i < stats->nstats && stats->stats[i].value &&
	       stats->stats[i].value < 1000);

	result("written", !xioctl(vm, VMBT_MEMORY_WRITTEN, &w));
	w.size = 0x1000000000ull;
	result("written-high", xioctl(vm, VMBT_MEMORY_WRITTEN, &w) == -22);
	result("identity-map", !xioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &address));
	result("tss", !xioctl(vm, KVM_SET_TSS_ADDR, (void *)0xfffbd000));
	result("clock", !xioctl(vm, KVM_GET_CLOCK, &clock));
	clock.flags = 0;
	clock.clock = 1ull << 50;
	result("clock-set", !xioctl(vm, KVM_SET_CLOCK, &clock) &&
	       !xioctl(vm, KVM_GET_CLOCK, &clock) && clock.clock >> 50 == 1);
	result("interrupt", !xioctl(cpu, KVM_INTERRUPT, &irq));
	result("irq-line", xioctl(vm, KVM_IRQ_LINE, &line) == -6);
	result("tsc-khz", xioctl(cpu, KVM_GET_TSC_KHZ, 0) > 1000);
}

/* Those of a VM with chips; and that a hostile one is only for tests. */
static void chips(int dev)
{
	int vm = xioctl(dev, KVM_CREATE_VM, 0), cpu;
	struct vmbt_pit_state *pit = (void *)state;
	struct kvm_irq_level line = { .irq = 3, .level = 1 };
	long r;

	result("chips", !xioctl(vm, VMBT_CREATE_CHIPS, 0));
	r = xioctl(vm, VMBT_HOSTILE_ENABLE, 0);
	result("hostile", !r || r == -25);
	cpu = xioctl(vm, KVM_CREATE_VCPU, 0);
	result("chips-vcpu", cpu >= 0 && !xioctl(vm, KVM_IRQ_LINE, &line));
	result("irqchip", round_trip(vm, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, 1));
	/* Its counts go on: the times they were loaded at differ by a rounding. */
	result("pit", !xioctl(vm, KVM_GET_PIT2, pit) && !xioctl(vm, KVM_SET_PIT2, pit) &&
	       pit->channels[0].count == 0x10000);
	result("nmi", !xioctl(cpu, KVM_NMI, 0));
}

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
	structures(dev, vm, cpu);
	chips(dev);
}

void _start(void)
{
	test();
	sys(SYS_exit, failures != 0, (void *)0, 0);
	__builtin_unreachable();
}
