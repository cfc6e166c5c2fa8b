// SPDX-License-Identifier: GPL-2.0
/*
 * State get and set is complete: stop a guest anywhere, move everything to a
 * new VM, go on, same result.
 *
 * The guest fills a page with a pseudo-random sequence that it computes with
 * integer, x87 and SSE registers, in protected mode with paging, through calls
 * and a stack. It is stopped at random points, moved, and at the end must have
 * computed what it computes undisturbed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "move.h"

#define MEM	BIT(20)
#define CODE	0x1000
#define GDT	0x3000
#define STACK	0x8000
#define OUT	0x10000
#define PD	0x80000
#define PT	0x81000
#define MOVES	20

/* What makes up a vCPU's state. */
struct state {
	struct kvm_regs regs;
	struct kvm_sregs2 sregs;
	struct kvm_fpu fpu;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_cpuid2 *cpuid;
	struct kvm_msrs *msrs;
};

static void xioctl(int fd, unsigned long cmd, void *arg, const char *what)
{
	if (ioctl(fd, cmd, arg) < 0)
		die("%s: %s", what, strerror(errno));
}

#define GET(vm, name, arg) \
	xioctl((vm)->cpu, KVM_GET_##name, arg, "KVM_GET_" #name)
#define SET(vm, name, arg) \
	xioctl((vm)->cpu, KVM_SET_##name, arg, "KVM_SET_" #name)

static struct kvm_msrs *msr_list(struct vm *vm)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + 4 * 256);
	struct kvm_msrs *m;
	uint32_t i;

	list->nmsrs = 256;
	xioctl(vm->dev, KVM_GET_MSR_INDEX_LIST, list, "KVM_GET_MSR_INDEX_LIST");
	m = calloc(1, sizeof(*m) + list->nmsrs * sizeof(m->entries[0]));
	m->nmsrs = list->nmsrs;
	for (i = 0; i < m->nmsrs; i++)
		m->entries[i].index = list->indices[i];
	free(list);
	return m;
}

static void save(struct vm *vm, struct state *s)
{
	GET(vm, REGS, &s->regs);
	GET(vm, SREGS2, &s->sregs);
	GET(vm, FPU, &s->fpu);
	GET(vm, DEBUGREGS, &s->debugregs);
	GET(vm, VCPU_EVENTS, &s->events);
	s->cpuid = calloc(1, sizeof(*s->cpuid) + 64 * sizeof(s->cpuid->entries[0]));
	s->cpuid->nent = 64;
	GET(vm, CPUID2, s->cpuid);
	s->msrs = msr_list(vm);
	GET(vm, MSRS, s->msrs);
}

static void restore(struct vm *vm, struct state *s)
{
	SET(vm, CPUID2, s->cpuid);
	SET(vm, SREGS2, &s->sregs);
	SET(vm, MSRS, s->msrs);
	SET(vm, REGS, &s->regs);
	SET(vm, FPU, &s->fpu);
	SET(vm, DEBUGREGS, &s->debugregs);
	SET(vm, VCPU_EVENTS, &s->events);
	free(s->cpuid);
	free(s->msrs);
}

static void prepare(struct vm *vm)
{
	struct kvm_regs r = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	uint32_t *pd, *pt, i;
	struct kvm_sregs s;

	vm_create(vm, MEM);
	memcpy(vm->mem + CODE, guest_start, guest_end - guest_start);
	((uint64_t *)(vm->mem + GDT))[1] = 0x00cf9b000000ffff;
	((uint64_t *)(vm->mem + GDT))[2] = 0x00cf93000000ffff;
	pd = (void *)(vm->mem + PD);
	pt = (void *)(vm->mem + PT);
	pd[0] = PT | 3;
	for (i = 0; i < MEM / 4096; i++)
		pt[i] = i << 12 | 3;
	vm_set_mode(vm, 32);
	GET(vm, SREGS, &s);
	s.gdt = (struct kvm_dtable){ .base = GDT, .limit = 23 };
	s.cr3 = PD;
	s.cr4 = 0x200;
	s.cr0 = 0x80010011;
	SET(vm, SREGS, &s);
	vm_set_regs(vm, &r);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Run to the end; true if the guest said HLT. */
static bool finish(struct vm *vm)
{
	int r;

	do {
		r = vm_run(vm);
	} while (r == -EINTR);
	return !r && vm->run->exit_reason == KVM_EXIT_HLT;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct itimerval timer = { };
	struct vm a, b, c;
	unsigned int moves = 0;
	struct state s;
	int r;

	if (vm_is_fake(-1)) {
		test_skip("move", "needs the real VMM");
		return 0;
	}
	sigaction(SIGALRM, &sa, NULL);
	srand(getpid());

	prepare(&a);
	if (!test_result("undisturbed", finish(&a), "%s", vm_exit_text(&a)))
		return test_exit();

	prepare(&b);
	do {
		/* Between 1 and 64 ms, by chance anywhere in the guest. */
		timer.it_value.tv_usec = 1000 + rand() % 63000;
		setitimer(ITIMER_REAL, &timer, NULL);
		r = vm_run(&b);
		if (r == -EINTR && moves < MOVES) {
			save(&b, &s);
			vm_create(&c, MEM);
			memcpy(c.mem, b.mem, MEM);
			restore(&c, &s);
			vm_destroy(&b);
			b = c;
			moves++;
		}
	} while (r == -EINTR);
	timer.it_value.tv_usec = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	test_result("moved-to-the-end", !r && b.run->exit_reason == KVM_EXIT_HLT,
		    "%d, %s", r, vm_exit_text(&b));
	test_result("moves", moves >= 5, "only %u moves", moves);
	test_result("moved-same-memory", !memcmp(a.mem + OUT, b.mem + OUT, 4096),
		    "sequence differs");
	test_result("moved-same-x87",
		    *(uint32_t *)(a.mem + 0x20000) == *(uint32_t *)(b.mem + 0x20000) &&
		    *(uint32_t *)(a.mem + 0x20000), "%u, expected %u",
		    *(uint32_t *)(b.mem + 0x20000), *(uint32_t *)(a.mem + 0x20000));
	test_result("moved-same-sse",
		    *(uint32_t *)(a.mem + 0x20004) == *(uint32_t *)(b.mem + 0x20004),
		    "%x, expected %x", *(uint32_t *)(b.mem + 0x20004),
		    *(uint32_t *)(a.mem + 0x20004));
	printf("# %u moves\n", moves);
	vm_destroy(&a);
	vm_destroy(&b);
	return test_exit();
}
