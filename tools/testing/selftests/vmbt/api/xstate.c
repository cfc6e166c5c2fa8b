// SPDX-License-Identifier: GPL-2.0
/*
 * The host's extended state across world switches: AVX, x87, MXCSR and PKRU.
 *
 * A trip to the guest exchanges the x87 and SSE registers but leaves the rest of
 * what XSAVE knows where it is, so a mistake there would show in programs that
 * have nothing to do with vmbt. Two processes share one CPU: a vCPU's thread,
 * which holds values in all registers across KVM_RUN, and another one that holds
 * its own across sched_yield() and waits. The guest between them puts a third
 * set into its registers before each exit, must find that again after it, and
 * must never see a value of either process.
 */
#include <cpuid.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "xstate.h"

#define RUNS		4000
#define LONG_RUN	64	/* each so many-th run lasts for time slices */
#define LONG_SPIN	1000000
#define SET_FPU		16	/* the guest's registers come from KVM_SET_FPU */

#define MEM		0x100000
#define CODE		0x1000
#define FX_XMM		160
#define FX_END		416	/* after XMM15 */
#define FX_END32	288	/* after XMM7: what 32-bit code stores */

/*
 * The upper half of each quadword: whose it is. All differ in each byte, and bit
 * 31 is set, without which a quadword is no significand of x87.
 */
#define VCPU_TAG	0xdca1ab1eu
#define OTHER_TAG	0xfeddba11u
#define GUEST_TAG	0x96b3c7f0u

static bool has_pkru;
static uint32_t mxcsr_mask;

/* What the other process found, in memory that both see. */
static struct other {
	bool stop;
	uint64_t checks, switched;
	char why[160];
} *other;

static void fill(uint8_t *p, size_t size, uint32_t tag, uint32_t round, unsigned int first)
{
	size_t i;

	for (i = 0; i < size; i += 8) {
		uint64_t q = (uint64_t)tag << 32 | round << 8 | (first + i / 8);

		memcpy(p + i, &q, 8);
	}
}

static void put(uint8_t *p, uint32_t value, size_t size)
{
	memcpy(p, &value, size);
}

/* x87 and MXCSR of an FXSAVE image; no exception is pending. */
static void fill_fx(uint8_t *fx, uint32_t tag, uint32_t round)
{
	unsigned int i;

	memset(fx, 0, 512);
	put(fx, 0x7f | (round & 3) << 10 | (round & 4 ? 3 : 2) << 8, 2);
	fx[4] = 0xff;
	put(fx + 24, (0x1f80 | (round & 3) << 13 | (round >> 2 & 0x3f) |
		      (round & 1) << 15) & mxcsr_mask, 4);
	put(fx + 28, mxcsr_mask, 4);
	for (i = 0; i < 8; i++) {
		fill(fx + 32 + 16 * i, 8, tag, round, 0x80 + i);
		put(fx + 32 + 16 * i + 8, 0x3fff + i, 2);
	}
}

static void fill_state(struct xstate *x, uint32_t tag, uint32_t round)
{
	unsigned int i;

	memset(x, 0, sizeof(*x));
	fill(x->ymm[0], sizeof(x->ymm), tag, round, 0);
	fill_fx(x->fx, tag, round);
	for (i = 0; i < 16; i++)
		memcpy(x->fx + FX_XMM + 16 * i, x->ymm[i], 16);
	/* Keys 1 to 15 only: key 0 is all the memory there is. */
	x->pkru = (round * 0x9e3779b1u ^ tag) & ~3u;
	x->has_pkru = has_pkru;
}

/*
 * An FXSAVE image up to @end, but the last x87 instruction and its operand,
 * which some CPUs store only with an exception pending.
 */
static bool same_fx(const uint8_t *a, const uint8_t *b, size_t end, size_t *where)
{
	size_t i;

	for (i = 0; i < end; i++)
		if (a[i] != b[i] && (i < 6 || i >= 24)) {
			*where = i;
			return false;
		}
	return true;
}

static bool same_state(const struct xstate *want, const struct xstate *got,
		       char *why, size_t size)
{
	size_t i, where;

	for (i = 0; i < sizeof(want->ymm); i++) {
		unsigned int reg = i / 32, b = i % 32;

		if (want->ymm[reg][b] != got->ymm[reg][b]) {
			snprintf(why, size, "ymm%u byte %u is %#x, was %#x", reg, b,
				 got->ymm[reg][b], want->ymm[reg][b]);
			return false;
		}
	}
	if (!same_fx(want->fx, got->fx, FX_END, &where)) {
		snprintf(why, size, "byte %zu of the FXSAVE image is %#x, was %#x", where,
			 got->fx[where], want->fx[where]);
		return false;
	}
	if (has_pkru && want->pkru != got->pkru) {
		snprintf(why, size, "PKRU is %#x, was %#x", got->pkru, want->pkru);
		return false;
	}
	return true;
}

static bool has_tag(const void *p, size_t size, uint32_t tag)
{
	return memmem(p, size, &tag, sizeof(tag));
}

static bool has_host(const void *p, size_t size)
{
	return has_tag(p, size, VCPU_TAG) || has_tag(p, size, OTHER_TAG);
}

static uint64_t switches(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_nivcsw + u.ru_nvcsw;
}

static void other_process(void)
{
	struct xstate want, got = { };
	uint32_t round = 0;

	while (!READ_ONCE(other->stop)) {
		fill_state(&want, OTHER_TAG, ++round);
		/* Interrupted at any instruction one time, giving up the CPU the next. */
		xstate_hold(&want, &got, round & 1 ? -1 : SYS_sched_yield, 0, 0,
			    round & 1 ? 20000 : 0);
		if (!same_state(&want, &got, other->why, sizeof(other->why)))
			break;
		other->checks++;
	}
	other->switched = switches();
	_exit(0);
}

/* AVX and whether the kernel has turned it on, MXCSR's mask, and PKRU. */
static bool has_avx(void)
{
	uint8_t fx[512] __attribute__((aligned(16))) = { };
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return false;
	asm volatile("xgetbv" : "=a" (a), "=d" (d) : "c" (0));
	if ((a & 6) != 6)
		return false;
	asm volatile("fxsave64 %0" : "=m" (fx));
	memcpy(&mxcsr_mask, fx + 28, 4);
	if (!mxcsr_mask)
		mxcsr_mask = 0xffbf;
	has_pkru = __get_cpuid_count(7, 0, &a, &b, &c, &d) && c & bit_OSPKE;
	return true;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity: %s", strerror(errno));
}

static void set_fpu(struct vm *vm, const uint8_t *fx)
{
	struct kvm_fpu f = { .ftwx = fx[4] };
	unsigned int i;
	int r;

	/* The port's access must have ended. */
	vm->run->immediate_exit = 1;
	r = vm_run(vm);
	vm->run->immediate_exit = 0;
	if (r != -EINTR)
		die("an immediate exit returned %d", r);

	for (i = 0; i < 8; i++)
		memcpy(f.fpr[i], fx + 32 + 16 * i, 16);
	memcpy(&f.fcw, fx, 2);
	memcpy(f.xmm, fx + FX_XMM, FX_END32 - FX_XMM);
	memcpy(&f.mxcsr, fx + 24, 4);
	if (ioctl(vm->cpu, KVM_SET_FPU, &f))
		die("KVM_SET_FPU: %s", strerror(errno));
}

static void start_guest(struct vm *vm)
{
	struct kvm_regs r = { .rip = CODE, .rflags = 2 };
	struct kvm_sregs s;

	vm_create(vm, MEM);
	memcpy(vm->mem + CODE, xstate_guest, xstate_guest_end - xstate_guest);
	vm_set_mode(vm, 32);
	if (ioctl(vm->cpu, KVM_GET_SREGS, &s))
		die("KVM_GET_SREGS: %s", strerror(errno));
	s.cr4 |= 0x600;		/* OSFXSR, OSXMMEXCPT */
	if (ioctl(vm->cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
	vm_set_regs(vm, &r);
}

/**
 * struct found - what the runs showed; empty text where all was well
 * @host: of the vCPU's thread
 * @guest: of what the guest found in its registers
 * @leak: of a host's value where a guest can see it
 * @runs: compared so far
 * @unswitched: runs that were no trip to the VMM's world
 * @preempted: runs in which the CPU went to another process
 */
struct found {
	char host[160], guest[160], leak[160];
	unsigned int runs, unswitched, preempted;
};

static void check_guest(struct vm *vm, const uint8_t *expect, const uint8_t *load,
			struct found *f)
{
	struct kvm_fpu fpu;
	size_t where;

	if (!same_fx(expect, vm->mem + G_FOUND, FX_END32, &where))
		snprintf(f->guest, sizeof(f->guest),
			 "run %u: byte %zu after the exit is %#x, was %#x", f->runs, where,
			 vm->mem[G_FOUND + where], expect[where]);
	else if (!same_fx(load, vm->mem + G_LEFT, FX_END32, &where))
		snprintf(f->guest, sizeof(f->guest),
			 "run %u: byte %zu after FXRSTOR is %#x, was %#x", f->runs, where,
			 vm->mem[G_LEFT + where], load[where]);
	if (ioctl(vm->cpu, KVM_GET_FPU, &fpu))
		die("KVM_GET_FPU: %s", strerror(errno));
	if (has_host(vm->mem + G_LEFT, 1024))
		snprintf(f->leak, sizeof(f->leak), "run %u: in an FXSAVE image", f->runs);
	else if (has_host(&fpu, sizeof(fpu)))
		snprintf(f->leak, sizeof(f->leak), "run %u: in KVM_GET_FPU", f->runs);
}

static void do_runs(struct vm *vm, struct found *f)
{
	uint8_t expect[512], load[512];
	struct xstate want, got = { };	/* not all of an image is written */
	uint64_t trips, before;
	long r;

	for (f->runs = 1; f->runs <= RUNS; f->runs++) {
		/* What the guest begins with; then what it left at the last exit. */
		if (f->runs % SET_FPU == 1) {
			fill_fx(expect, GUEST_TAG, f->runs + RUNS);
			fill(expect + FX_XMM, FX_END32 - FX_XMM, GUEST_TAG,
			     f->runs + RUNS, 0);
			set_fpu(vm, expect);
		} else {
			memcpy(expect, load, sizeof(load));
		}
		fill_fx(load, GUEST_TAG, f->runs);
		fill(load + FX_XMM, FX_END32 - FX_XMM, GUEST_TAG, f->runs, 0);
		memcpy(vm->mem + G_LOAD, load, sizeof(load));
		put(vm->mem + G_SPIN, f->runs % LONG_RUN ? 0 : LONG_SPIN, 4);

		fill_state(&want, VCPU_TAG, f->runs);
		trips = vm_stat(vm, "world_switches");
		before = switches();
		r = xstate_hold(&want, &got, SYS_ioctl, vm->cpu, KVM_RUN, 0);
		f->preempted += switches() != before;
		if (r || vm->run->exit_reason != KVM_EXIT_IO)
			die("run %u returned %ld, exit %s", f->runs, r, vm_exit_text(vm));
		f->unswitched += vm_stat(vm, "world_switches") == trips;
		same_state(&want, &got, f->host, sizeof(f->host));
		check_guest(vm, expect, load, f);
		if (*f->host || *f->guest || *f->leak || READ_ONCE(other->why[0]))
			return;
		sched_yield();
	}
	f->runs = RUNS;
}

int main(void)
{
	struct found f = { };
	struct vm vm;
	pid_t pid;

	if (!has_avx()) {
		test_skip("xstate", "the host has no AVX (CPUID, XCR0)");
		return 0;
	}
	pin(sched_getcpu());
	start_guest(&vm);
	other = mmap(NULL, sizeof(*other), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (other == MAP_FAILED)
		die("memory: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		other_process();
	do_runs(&vm, &f);
	WRITE_ONCE(other->stop, true);
	waitpid(pid, NULL, 0);
	if (!*f.leak && has_host(vm.mem, vm.size))
		snprintf(f.leak, sizeof(f.leak), "somewhere in the guest's memory");

	printf("# %u runs, %llu world switches: ymm0-15, x87, MXCSR%s compared after each;\n",
	       f.runs, (unsigned long long)vm_stat(&vm, "world_switches"),
	       has_pkru ? ", PKRU" : " (no PKRU here)");
	printf("# the CPU went to another process in %u of them\n", f.preempted);
	printf("# the other process: the same, %llu times, switched %llu times\n",
	       (unsigned long long)other->checks, (unsigned long long)other->switched);
	printf("# the guest: xmm0-7, x87, MXCSR %u times, %u of them from KVM_SET_FPU\n",
	       f.runs, (f.runs + SET_FPU - 1) / SET_FPU);
	test_result("xstate_vcpu", !*f.host, "run %u: %s", f.runs, f.host);
	test_result("xstate_other", !*other->why, "%s", other->why);
	test_result("xstate_guest", !*f.guest, "%s", f.guest);
	test_result("xstate_leak", !*f.leak, "a value of the host: %s", f.leak);
	test_result("xstate_switched", !f.unswitched, "%u of %u runs were no world switch",
		    f.unswitched, f.runs);
	/* Else the two were one after the other and showed nothing. */
	if (f.runs == RUNS)
		test_result("xstate_mixed", f.preempted >= 10 && other->checks >= 100,
			    "%u runs gave up the CPU, %llu checks of the other process",
			    f.preempted, (unsigned long long)other->checks);
	vm_destroy(&vm);
	return test_exit();
}
