// SPDX-License-Identifier: GPL-2.0
/*
 * The plumbing of tests that run a VM: see vm.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "vm.h"

static int failures, passes;

bool test_result(const char *name, bool good, const char *fmt, ...)
{
	va_list ap;

	if (good) {
		printf("ok %s\n", name);
		passes++;
	} else {
		printf("not ok %s: ", name);
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
		failures++;
	}
	fflush(stdout);
	return good;
}

void test_skip(const char *name, const char *why)
{
	printf("skip %s: %s\n", name, why);
	fflush(stdout);
}

int test_exit(void)
{
	return failures || !passes;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

void die(const char *fmt, ...)
{
	va_list ap;

	printf("not ok setup: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

int vm_dev(void)
{
	int fd = open("/dev/vmbt", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/vmbt: %s", strerror(errno));
	return fd;
}

bool vm_is_fake(int dev)
{
	(void)dev;
	return !access("/sys/module/vmbt_fake", F_OK);
}

int vm_set_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
		uint64_t size, void *mem)
{
	struct kvm_userspace_memory_region mr = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (uintptr_t)mem,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &mr);
}

void vm_create_empty(struct vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	vm->dev = vm_dev();
	vm->fd = ioctl(vm->dev, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("KVM_CREATE_VM: %s", strerror(errno));
}

void vm_fill(struct vm *vm, size_t size)
{
	vm->cpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	if (vm->cpu < 0)
		die("KVM_CREATE_VCPU: %s", strerror(errno));
	vm->run_size = ioctl(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->cpu, 0);
	if (vm->run == MAP_FAILED)
		die("mapping the vCPU: %s", strerror(errno));
	vm->pio = (char *)vm->run + 4096;
	vm->ext = (void *)((char *)vm->run + 4096 * VMBT_RUN_EXT_PAGE);
	vm->size = size;
	if (!size)
		return;
	vm->mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->mem == MAP_FAILED)
		die("guest memory: %s", strerror(errno));
	if (vm_set_slot(vm, 0, 0, 0, size, vm->mem))
		die("KVM_SET_USER_MEMORY_REGION: %s", strerror(errno));
}

void vm_create(struct vm *vm, size_t size)
{
	vm_create_empty(vm);
	vm_fill(vm, size);
}

void vm_create_with_chips(struct vm *vm, size_t size)
{
	vm_create_empty(vm);
	if (ioctl(vm->fd, VMBT_CREATE_CHIPS, 0))
		die("VMBT_CREATE_CHIPS: %s", strerror(errno));
	vm_fill(vm, size);
}

void vm_destroy(struct vm *vm)
{
	munmap(vm->run, vm->run_size);
	close(vm->cpu);
	close(vm->fd);
	close(vm->dev);
	if (vm->size)
		munmap(vm->mem, vm->size);
}

void vm_get_regs(struct vm *vm, struct kvm_regs *regs)
{
	if (ioctl(vm->cpu, KVM_GET_REGS, regs))
		die("KVM_GET_REGS: %s", strerror(errno));
}

void vm_set_regs(struct vm *vm, const struct kvm_regs *regs)
{
	if (ioctl(vm->cpu, KVM_SET_REGS, regs))
		die("KVM_SET_REGS: %s", strerror(errno));
}

void vm_set_mode(struct vm *vm, int bits)
{
	struct kvm_segment data = {
		.limit = bits == 32 ? 0xffffffff : 0xffff, .type = 3, .s = 1,
		.present = 1, .db = bits == 32, .g = bits == 32,
		.selector = bits == 32 ? 16 : 0,
	};
	struct kvm_sregs s;

	if (ioctl(vm->cpu, KVM_GET_SREGS, &s))
		die("KVM_GET_SREGS: %s", strerror(errno));
	s.ds = data;
	s.es = data;
	s.fs = data;
	s.gs = data;
	s.ss = data;
	s.cs = data;
	s.cs.type = 11;
	if (bits == 32) {
		s.cs.selector = 8;
		s.cr0 |= 1;
	}
	if (ioctl(vm->cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
}

int vm_run(struct vm *vm)
{
	return ioctl(vm->cpu, KVM_RUN, 0) ? -errno : 0;
}

static void on_alarm(int sig)
{
	(void)sig;
}

int vm_run_for(struct vm *vm, unsigned int us)
{
	/* Again and again: the first one may come before KVM_RUN does. */
	struct itimerval every = {
		.it_value.tv_usec = us,
		.it_interval.tv_usec = us,
	}, never = { };
	struct sigaction sa = { .sa_handler = on_alarm };
	int r;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	r = vm_run(vm);
	setitimer(ITIMER_REAL, &never, NULL);
	return r;
}

int vm_interrupt(struct vm *vm, uint32_t vector)
{
	struct kvm_interrupt irq = { .irq = vector };

	return ioctl(vm->cpu, KVM_INTERRUPT, &irq);
}

uint64_t vm_stat(struct vm *vm, const char *name)
{
	struct vmbt_stats *s;
	uint64_t value = 0;
	uint32_t i;

	s = calloc(1, sizeof(*s) + 256 * sizeof(s->stats[0]));
	if (!s)
		die("memory");
	s->nstats = 256;
	if (ioctl(vm->fd, VMBT_GET_STATS, s))
		die("VMBT_GET_STATS: %s", strerror(errno));
	for (i = 0; i < s->nstats; i++)
		if (!strcmp(s->stats[i].name, name))
			break;
	if (i == s->nstats)
		die("no statistic called %s", name);
	value = s->stats[i].value;
	free(s);
	return value;
}

const char *vm_exit_name(uint32_t reason)
{
	switch (reason) {
	case KVM_EXIT_UNKNOWN:
		return "UNKNOWN";
	case KVM_EXIT_IO:
		return "IO";
	case KVM_EXIT_HLT:
		return "HLT";
	case KVM_EXIT_MMIO:
		return "MMIO";
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return "IRQ_WINDOW_OPEN";
	case KVM_EXIT_SHUTDOWN:
		return "SHUTDOWN";
	case KVM_EXIT_INTR:
		return "INTR";
	case KVM_EXIT_INTERNAL_ERROR:
		return "INTERNAL_ERROR";
	}
	return "?";
}

const char *vm_exit_text(struct vm *vm)
{
	static char text[512];
	struct kvm_run *run = vm->run;
	int n = snprintf(text, sizeof(text), "exit %s",
			 vm_exit_name(run->exit_reason));

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		snprintf(text + n, sizeof(text) - n, " %s port %#x size %u count %u",
			 run->io.direction ? "out" : "in", run->io.port,
			 run->io.size, run->io.count);
		break;
	case KVM_EXIT_MMIO:
		snprintf(text + n, sizeof(text) - n, " %s %#llx len %u",
			 run->mmio.is_write ? "write" : "read",
			 (unsigned long long)run->mmio.phys_addr, run->mmio.len);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
	case KVM_EXIT_SHUTDOWN:
		snprintf(text + n, sizeof(text) - n, " (%.256s)", vm->ext->text);
		break;
	}
	return text;
}
