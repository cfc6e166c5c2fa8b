// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation of the interface with its first allocation or access to user
 * memory failing, then its second, and so on until none is left to fail.
 *
 * It must fail with ENOMEM or EFAULT then, or do without; the same operation
 * must succeed right after, and the VM still run. What is lost or touched too
 * late is the kernel's to report. Runs under faults.sh on a kernel with fault
 * injection: only what has the module on its stack fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/vm.h"

#define MEM	(4u << 20)
#define CODE	0x1000

static int nth = -1;

static void inject(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth, text, len, 0) != len)
		die("fail-nth: %s", strerror(errno));
}

/* Whether the one that was asked for has failed. */
static bool injected(void)
{
	char text[16] = "";

	if (pread(nth, text, sizeof(text) - 1, 0) <= 0)
		die("fail-nth: %s", strerror(errno));
	inject(0);
	return !atoi(text);
}

/*
 * mov ecx,40; mov edi,0x100000; 1: inc dword [edi]; add edi,0x5000; loop 1b;
 * out 0x84,al; in al,0x60; mov eax,[0x800000]; hlt
 */
static const uint8_t guest[] = {
	0xb9, 0x28, 0x00, 0x00, 0x00, 0xbf, 0x00, 0x00, 0x10, 0x00, 0xff, 0x07,
	0x81, 0xc7, 0x00, 0x50, 0x00, 0x00, 0xe2, 0xf6, 0xe6, 0x84, 0xe4, 0x60,
	0xa1, 0x00, 0x00, 0x80, 0x00, 0xf4,
};

static void at_start(struct vm *vm)
{
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };
	struct kvm_mp_state awake = { .mp_state = KVM_MP_STATE_RUNNABLE };

	/* With chips in the kernel a HLT lasts. */
	if (ioctl(vm->cpu, KVM_SET_MP_STATE, &awake))
		die("KVM_SET_MP_STATE: %s", strerror(errno));
	memcpy(vm->mem + CODE, guest, sizeof(guest));
	vm_set_mode(vm, 32);
	vm_set_regs(vm, &r);
}

static int to_hlt(struct vm *vm)
{
	int i, r;

	for (i = 0; i < 10; i++) {
		r = vm_run(vm);
		if (r || vm->run->exit_reason == KVM_EXIT_HLT)
			return r;
		if (vm->run->exit_reason != KVM_EXIT_INTERNAL_ERROR)
			continue;
		/* The documented exit for memory that can't be had. */
		if (vm->run->internal.suberror == VMBT_INTERNAL_ERROR_MEMORY)
			return -ENOMEM;
		printf("# %s\n", vm_exit_text(vm));
		return -EIO;
	}
	return -ELOOP;
}

static int said(long r)
{
	return r < 0 ? -errno : 0;
}

static int do_open(struct vm *vm)
{
	int fd = open("/dev/vmbt", O_RDWR);

	(void)vm;
	if (fd >= 0)
		close(fd);
	return said(fd);
}

static int do_create_vm(struct vm *vm)
{
	int fd = ioctl(vm->dev, KVM_CREATE_VM, 0), r = said(fd);

	if (fd >= 0)
		close(fd);
	return r;
}

static int do_create_vcpu(struct vm *vm)
{
	int fd = ioctl(vm->fd, KVM_CREATE_VCPU, 0), r = said(fd);

	if (fd >= 0)
		vm->cpu = fd;
	return r;
}

static int do_chips(struct vm *vm)
{
	return said(ioctl(vm->fd, VMBT_CREATE_CHIPS, 0));
}

static int do_map(struct vm *vm)
{
	void *p = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, vm->cpu, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, vm->run_size);
	return 0;
}

static int do_slot(struct vm *vm)
{
	int r = said(vm_set_slot(vm, 1, 0, MEM, 1 << 20, vm->mem));

	if (!r)
		vm_set_slot(vm, 1, 0, 0, 0, NULL);
	return r;
}

static int do_logged_slot(struct vm *vm)
{
	int r = said(vm_set_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, MEM, 1 << 20,
				 vm->mem));

	if (!r)
		vm_set_slot(vm, 1, 0, 0, 0, NULL);
	return r;
}

/* The guest's memory away and back under its grants. */
static int do_move(struct vm *vm)
{
	int r = said(vm_set_slot(vm, 0, 0, MEM, MEM, vm->mem));

	return r ?: said(vm_set_slot(vm, 0, 0, 0, MEM, vm->mem));
}

/* From no grants, no memory and no translations. */
static void forget(struct vm *vm)
{
	vm_set_slot(vm, 0, 0, 0, 0, NULL);
	madvise(vm->mem, MEM, MADV_DONTNEED);
	vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, MEM, vm->mem);
	at_start(vm);
}

/* What it has to do it must have done, whatever failed on the way. */
static int do_run(struct vm *vm)
{
	int r = to_hlt(vm), i;

	for (i = 0; i < 40 && !r; i++)
		if (*(uint32_t *)(vm->mem + 0x100000 + i * 0x5000) != 1) {
			printf("# a page counted %u\n",
			       *(uint32_t *)(vm->mem + 0x100000 + i * 0x5000));
			r = -EIO;
		}
	return r;
}

static int do_log(struct vm *vm)
{
	uint64_t map[MEM / 4096 / 64];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = map };

	return said(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
}

static int do_stats(struct vm *vm)
{
	static union {
		struct vmbt_stats s;
		char room[16384];
	} u;

	u.s.nstats = 400;
	u.s.flags = 0;
	return said(ioctl(vm->fd, VMBT_GET_STATS, &u.s));
}

static int do_written(struct vm *vm)
{
	struct vmbt_written w = { .gpa = 0, .size = MEM };

	return said(ioctl(vm->fd, VMBT_MEMORY_WRITTEN, &w));
}

static int do_cpuid(struct vm *vm)
{
	static union {
		struct kvm_cpuid2 c;
		char room[8192];
	} u;
	int r;

	u.c.nent = 64;
	r = said(ioctl(vm->dev, KVM_GET_SUPPORTED_CPUID, &u.c));
	r = r ?: said(ioctl(vm->cpu, KVM_SET_CPUID2, &u.c));
	u.c.nent = 64;
	return r ?: said(ioctl(vm->cpu, KVM_GET_CPUID2, &u.c));
}

static int do_msrs(struct vm *vm)
{
	static union {
		struct kvm_msr_list l;
		char room[4096];
	} list;
	static union {
		struct kvm_msrs m;
		char room[8192];
	} msrs;
	unsigned int i;
	int r;

	list.l.nmsrs = 100;
	r = said(ioctl(vm->dev, KVM_GET_MSR_INDEX_LIST, &list.l));
	if (r)
		return r;
	msrs.m.nmsrs = list.l.nmsrs;
	for (i = 0; i < list.l.nmsrs; i++)
		msrs.m.entries[i].index = list.l.indices[i];
	r = said(ioctl(vm->cpu, KVM_GET_MSRS, &msrs.m));
	return r ?: said(ioctl(vm->cpu, KVM_SET_MSRS, &msrs.m));
}

/* All state of a fixed size, read and set. */
static int do_state(struct vm *vm)
{
	static const struct {
		unsigned int get, set;
		bool vm;
	} of[] = {
		{ KVM_GET_REGS, KVM_SET_REGS },
		{ KVM_GET_SREGS, KVM_SET_SREGS },
		{ KVM_GET_SREGS2, KVM_SET_SREGS2 },
		{ KVM_GET_FPU, KVM_SET_FPU },
		{ KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS },
		{ KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS },
		{ KVM_GET_MP_STATE, KVM_SET_MP_STATE },
		{ KVM_GET_CLOCK, KVM_SET_CLOCK, true },
	};
	char arg[4096];
	unsigned int i;
	int r = 0;

	memset(arg, 0, sizeof(arg));
	for (i = 0; i < ARRAY_SIZE(of) && !r; i++) {
		int fd = of[i].vm ? vm->fd : vm->cpu;

		r = said(ioctl(fd, of[i].get, arg));
		r = r ?: said(ioctl(fd, of[i].set, arg));
	}
	return r;
}

static int do_chip_state(struct vm *vm)
{
	struct kvm_irq_level line = { .irq = 3, .level = 1 };
	struct vmbt_pit_state pit;
	struct kvm_irqchip pic;
	unsigned int i;
	int r = 0;

	memset(&pic, 0, sizeof(pic));
	for (i = 0; i < 2 && !r; i++) {
		pic.chip_id = i;
		r = said(ioctl(vm->fd, KVM_GET_IRQCHIP, &pic));
		r = r ?: said(ioctl(vm->fd, KVM_SET_IRQCHIP, &pic));
	}
	r = r ?: said(ioctl(vm->fd, KVM_GET_PIT2, &pit));
	r = r ?: said(ioctl(vm->fd, KVM_SET_PIT2, &pit));
	return r ?: said(ioctl(vm->fd, KVM_IRQ_LINE, &line));
}

static int do_small(struct vm *vm)
{
	union {
		struct kvm_signal_mask m;
		char room[16];
	} mask = { .m.len = 8 };
	uint64_t offset = 0, address = 0xfffbc000;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};
	struct kvm_interrupt irq = { .irq = 0x20 };
	int r;

	r = said(ioctl(vm->cpu, KVM_SET_SIGNAL_MASK, &mask));
	r = r ?: said(ioctl(vm->cpu, KVM_GET_DEVICE_ATTR, &attr));
	r = r ?: said(ioctl(vm->cpu, KVM_SET_DEVICE_ATTR, &attr));
	r = r ?: said(ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &address));
	if (r)
		return r;
	r = said(ioctl(vm->cpu, KVM_INTERRUPT, &irq));
	return r == -EEXIST ? 0 : r;
}

static int do_hostile(struct vm *vm)
{
	struct vmbt_hostile_run h = {
		.warm_eip = CODE + sizeof(guest) - 1, .gpa = 0x2000, .count = 1,
	};

	int r;

	memcpy(vm->mem + 0x2000, "\x0f\x0b", 2);
	/* Work that the task has to do on its way out ends it, as a signal does. */
	do {
		r = said(ioctl(vm->cpu, VMBT_HOSTILE_RUN, &h));
	} while (r == -EINTR);
	return r;
}

/* The last reference: everything goes, whatever it can't have for that. */
static int do_close(struct vm *vm)
{
	munmap(vm->run, vm->run_size);
	close(vm->cpu);
	close(vm->fd);
	vm->run = NULL;
	vm->cpu = -1;
	vm->fd = -1;
	return 0;
}

enum need { DEVICE, VM_ONLY, CHIPS, NO_CHIPS, HOSTILE };

static const struct step {
	const char *name;
	int (*act)(struct vm *vm);
	enum need need;
	void (*before)(struct vm *vm);
	bool once;		/* what it does can't be done twice to a VM */
} steps[] = {
	{ "open", do_open, DEVICE },
	{ "create-vm", do_create_vm, DEVICE },
	{ "create-chips", do_chips, VM_ONLY, NULL, true },
	{ "create-vcpu", do_create_vcpu, VM_ONLY, NULL, true },
	{ "map", do_map, NO_CHIPS },
	{ "slot", do_slot, NO_CHIPS },
	{ "logged-slot", do_logged_slot, NO_CHIPS },
	{ "move-slot", do_move, NO_CHIPS },
	{ "run", do_run, NO_CHIPS, forget },
	{ "run-chips", do_run, CHIPS, forget },
	{ "dirty-log", do_log, NO_CHIPS },
	{ "stats", do_stats, NO_CHIPS },
	{ "written", do_written, NO_CHIPS },
	{ "cpuid", do_cpuid, NO_CHIPS },
	{ "msrs", do_msrs, NO_CHIPS },
	{ "state", do_state, NO_CHIPS },
	{ "chip-state", do_chip_state, CHIPS },
	{ "small", do_small, NO_CHIPS },
	{ "hostile-run", do_hostile, HOSTILE },
	{ "close", do_close, CHIPS, NULL, true },
};

static bool make(struct vm *vm, enum need need)
{
	memset(vm, 0, sizeof(*vm));
	vm->cpu = -1;
	vm->fd = -1;
	vm->dev = vm_dev();
	if (need == DEVICE)
		return true;
	if (need == CHIPS || need == NO_CHIPS) {
		close(vm->dev);
		if (need == CHIPS)
			vm_create_with_chips(vm, MEM);
		else
			vm_create(vm, MEM);
		vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, MEM, vm->mem);
		at_start(vm);
		return true;
	}
	vm->fd = ioctl(vm->dev, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("KVM_CREATE_VM: %s", strerror(errno));
	if (need == VM_ONLY)
		return true;
	if (ioctl(vm->fd, VMBT_HOSTILE_ENABLE, 0))
		return false;
	vm->cpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	vm->mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	vm->size = MEM;
	vm_set_slot(vm, 0, 0, 0, MEM, vm->mem);
	at_start(vm);
	return true;
}

static void unmake(struct vm *vm)
{
	if (vm->run)
		munmap(vm->run, vm->run_size);
	if (vm->cpu >= 0)
		close(vm->cpu);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->size)
		munmap(vm->mem, vm->size);
	close(vm->dev);
}

/*
 * What has failed must succeed now, and the guest run to its end. What can be done
 * only once shows it when nothing is left to fail; to make a VM takes long.
 */
static int sound(struct vm *vm, const struct step *s, unsigned int n)
{
	int r = 0;

	if (s->once || (s->act == do_create_vm && n % 16))
		return 0;
	if (s->before)
		s->before(vm);
	r = s->act(vm);
	if (!r && vm->run) {
		at_start(vm);
		r = to_hlt(vm);
	}
	return r;
}

static void step(const struct step *s, unsigned int stride)
{
	unsigned int n, tolerated = 0, refused = 0;
	char name[40], why[100] = "";
	bool made = false;
	struct vm vm;
	int r;

	snprintf(name, sizeof(name), "fail-%s", s->name);
	for (n = 1; !*why; n += n < 150 ? 1 : stride) {
		if (!made && !make(&vm, s->need)) {
			unmake(&vm);
			test_skip(name, "no hostile=1");
			return;
		}
		made = true;
		if (s->before)
			s->before(&vm);
		inject(n);
		r = s->act(&vm);
		if (!injected()) {
			if (r)
				snprintf(why, sizeof(why), "without a fault: %s",
					 strerror(-r));
			break;
		}
		if (s->once && !r) {
			unmake(&vm);
			made = false;
		}
		if (!r)
			tolerated++;
		else if (r == -ENOMEM || r == -EFAULT)
			refused++;
		else
			snprintf(why, sizeof(why), "number %u: %s", n, strerror(-r));
		r = sound(&vm, s, n);
		if (r && !*why)
			snprintf(why, sizeof(why), "behind number %u: %s", n,
				 strerror(-r));
	}
	if (made)
		unmake(&vm);
	printf("# %s: %u failed in turn, %u times refused, %u done without\n",
	       s->name, tolerated + refused, refused, tolerated);
	test_result(name, !*why, "%s", why);
}

int main(int argc, char **argv)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth < 0) {
		test_skip("fail-nth", "no fault injection in this kernel");
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if (argc < 3 || !strcmp(argv[2], steps[i].name))
			step(&steps[i], argc > 1 ? atoi(argv[1]) : 1);
	return test_exit();
}
