// SPDX-License-Identifier: GPL-2.0
/*
 * State get and set is complete: stop a guest anywhere, move everything to a
 * new VM, go on, same result.
 *
 * The guest fills a page with a pseudo-random sequence that it computes with
 * integer, x87 and SSE registers, in protected mode with paging, through calls
 * and a stack. It is stopped at random points, moved, and at the end must have
 * computed what it computes undisturbed. It goes on until it has been moved
 * often enough, however long that takes; only then it is told to end, and
 * another one to do as many rounds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
#define SUMS	0x20000
#define ROUNDS	0x20008		/* when to end: see move_guest.S */
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

static uint32_t *word(struct vm *vm, uint32_t at)
{
	return (uint32_t *)(vm->mem + at);
}

static void prepare(struct vm *vm, uint32_t rounds)
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
	*word(vm, ROUNDS) = rounds;
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

/* Run to the end; true if the guest said HLT. */
static bool finish(struct vm *vm)
{
	int r;

	do {
		r = vm_run(vm);
	} while (r == -EINTR);
	return !r && vm->run->exit_reason == KVM_EXIT_HLT;
}

/* Run until stopped by chance or at the end: -EINTR or 0. */
static int run_a_while(struct vm *vm)
{
	/* Between 1 and 64 ms, by chance anywhere in the guest. */
	return vm_run_for(vm, 1000 + rand() % 63000);
}

static void move(struct vm *vm)
{
	struct state s;
	struct vm to;

	save(vm, &s);
	vm_create(&to, MEM);
	memcpy(to.mem, vm->mem, MEM);
	restore(&to, &s);
	vm_destroy(vm);
	*vm = to;
}

int main(void)
{
	unsigned int moves, tries = 0, seed = getpid();
	uint32_t at, was = 0;
	struct kvm_regs regs;
	struct vm a, b;
	int r = -EINTR;

	if (vm_is_fake(-1)) {
		test_skip("move", "needs the real VMM");
		return 0;
	}
	srand(seed);
	printf("# seed %u\n", seed);

	prepare(&b, ~0u);
	for (moves = 0; r == -EINTR && moves < MOVES && tries < 2000; tries++) {
		r = run_a_while(&b);
		/* A stop before the first instruction proves nothing. */
		vm_get_regs(&b, &regs);
		at = regs.rbp << 16 ^ regs.rcx << 8 ^ regs.rip;
		if (r == -EINTR && at != was) {
			move(&b);
			moves++;
		}
		was = at;
	}
	test_result("moves", moves == MOVES, "%d after %u, %s", r, moves,
		    vm_exit_text(&b));
	vm_get_regs(&b, &regs);
	*word(&b, ROUNDS) = regs.rbp + 2;
	if (r == -EINTR)
		test_result("moved-to-the-end", finish(&b), "%s", vm_exit_text(&b));

	prepare(&a, regs.rbp + 2);
	if (!test_result("undisturbed", finish(&a), "%s", vm_exit_text(&a)))
		return test_exit();
	test_result("moved-same-memory", !memcmp(a.mem + OUT, b.mem + OUT, 4096),
		    "sequence differs");
	test_result("moved-same-x87", *word(&a, SUMS) == *word(&b, SUMS) && *word(&a, SUMS),
		    "%u, expected %u", *word(&b, SUMS), *word(&a, SUMS));
	test_result("moved-same-sse", *word(&a, SUMS + 4) == *word(&b, SUMS + 4),
		    "%x, expected %x", *word(&b, SUMS + 4), *word(&a, SUMS + 4));
	printf("# %u moves, %u rounds\n", moves, *word(&a, ROUNDS));
	vm_destroy(&a);
	vm_destroy(&b);
	return test_exit();
}
