// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile guests, many of them: runs programs of gen.c in VMs made for it and
 * looks after each whether anything is not as it must be.
 *
 *	hostile [-n PROGRAMS] [-s FIRST] [-e] [CLASS...]
 *	hostile CLASS:NUMBER		one program again, with what came of it
 *
 * -n is the number over all classes, -s the number of the first program of each
 * class, -e ignores what a mere look at the tables would find: only what a
 * program achieved counts (for the seeded defects). Prints a line for each
 * class, and a histogram of what the programs left with.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "gen.h"
#include "../lib/vm.h"

/* Programs between two looks at all of the page tables. */
#define AUDIT		512
/* One in so many is single-stepped to count its instructions. */
#define STEP_EVERY	8
#define ENOUGH		10
#define MAX_FAILURES	5

struct tally {
	uint64_t run, stopped, running, stepped, long_enough, insns, fragments;
};

static struct vm vm;
static bool have_vm;
static uint8_t *pristine;
static uint32_t mon_base;
static bool effects_only, verbose;
/* If not, it is an emulator, which enters virtual-8086 mode from ring 1, too. */
static bool enforces_limits;
static unsigned int failures;
static uint64_t vectors[258], vms, programs;

static void set_seg(struct kvm_segment *s, uint16_t sel, uint8_t type, uint8_t dpl)
{
	*s = (struct kvm_segment){
		.limit = 0xffffffff, .selector = sel, .type = type, .s = 1,
		.present = 1, .dpl = dpl, .db = 1, .g = 1,
	};
}

static void set_state(const struct program *p)
{
	struct kvm_debugregs dr = { };
	struct kvm_regs regs = { .rflags = 2, .rsp = STACK, .rip = WARM };
	struct kvm_sregs s;
	int i;

	if (ioctl(vm.cpu, KVM_GET_SREGS, &s))
		die("KVM_GET_SREGS: %s", strerror(errno));
	set_seg(&s.cs, 0x08, 11, 0);
	set_seg(&s.ss, 0x10, 3, 0);
	s.ds = s.ss;
	s.es = s.ss;
	s.fs = s.ss;
	s.gs = s.ss;
	s.gdt = (struct kvm_dtable){ .base = GDT, .limit = 0xffff };
	s.idt = (struct kvm_dtable){ .base = IDT, .limit = 0x7ff };
	s.tr = (struct kvm_segment){ .selector = 0xa0, .base = TSS, .limit = 0x67,
				     .type = 11, .present = 1 };
	s.ldt = (struct kvm_segment){ .selector = 0xb0, .base = LDT, .limit = 0xffff,
				      .type = 2, .present = 1 };
	s.cr0 = 0x80010011;
	s.cr3 = PD;
	s.cr4 = 0x610;			/* PSE, OSFXSR, OSXMMEXCPT */
	if (ioctl(vm.cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
	vm_set_regs(&vm, &regs);
	dr.dr6 = 0xffff0ff0;
	dr.dr7 = p->dr[4];
	for (i = 0; i < 4; i++)
		dr.db[i] = p->dr[i];
	if (ioctl(vm.cpu, KVM_SET_DEBUGREGS, &dr))
		die("KVM_SET_DEBUGREGS: %s", strerror(errno));
}

static void make_vm(void)
{
	memset(&vm, 0, sizeof(vm));
	vm.dev = vm_dev();
	vm.fd = ioctl(vm.dev, KVM_CREATE_VM, 0);
	if (vm.fd < 0)
		die("KVM_CREATE_VM: %s", strerror(errno));
	if (ioctl(vm.fd, VMBT_HOSTILE_ENABLE, 0))
		die("VMBT_HOSTILE_ENABLE: %s", strerror(errno));
	vm.cpu = ioctl(vm.fd, KVM_CREATE_VCPU, 0);
	if (vm.cpu < 0)
		die("KVM_CREATE_VCPU: %s", strerror(errno));
	vm.run_size = ioctl(vm.dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm.run = mmap(NULL, vm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm.cpu, 0);
	vm.size = GUEST_MEM;
	vm.mem = mmap(NULL, vm.size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (vm.mem == MAP_FAILED || vm.run == MAP_FAILED ||
	    vm_set_slot(&vm, 0, 0, 0, vm.size, vm.mem))
		die("guest memory: %s", strerror(errno));
	have_vm = true;
	vms++;
}

static uint32_t seen[258];

/*
 * Where a new VM has its monitor area depends on the host's CPU. Programs have
 * its address, so it has to be the same for all VMs.
 */
static void find_monitor(void)
{
	struct vmbt_hostile_run r = {
		.warm_eip = WARM, .gpa = PROGRAM, .count = 1,
	};
	struct program p = { .dr[4] = 0x400 };

	gen_guest(pristine, 0);
	make_vm();
	set_state(&p);
	memcpy(vm.mem, pristine, GUEST_INIT);
	while (ioctl(vm.cpu, VMBT_HOSTILE_RUN, &r))
		if (errno != EINTR)
			die("VMBT_HOSTILE_RUN: %s", strerror(errno));
	mon_base = r.monitor_base;
	gen_guest(pristine, mon_base);
	vm_destroy(&vm);
	have_vm = false;
}

static void drop_vm(void)
{
	unsigned int i;

	if (!have_vm)
		return;
	for (i = 0; i < 258; i++)
		vectors[i] += seen[i];
	memset(seen, 0, sizeof(seen));
	vm_destroy(&vm);
	have_vm = false;
}

/* The host's own account of whose pages the VM's tables map; 0: all known. */
static long unknown_leaves(void)
{
	char path[128], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vmbt/%d-%d/leaves",
		 getpid(), vm.fd);
	f = fopen(path, "r");
	if (!f)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		sscanf(line, "unknown %ld", &n);
	fclose(f);
	return n;
}

static const char *bits(uint32_t bad)
{
	static const char *const names[] = {
		"IF", "IOPL", "CS", "TABLE", "CANARY", "TEXT", "CROSS", "HOST",
		"STATE", "VMM", "DONE",
	};
	static char text[128];
	unsigned int i;

	text[0] = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (bad >> i & 1)
			sprintf(text + strlen(text), " %s", names[i]);
	return text;
}

/* One program; false if something is not as it must be. */
static bool run_program(unsigned int class, uint32_t number, struct tally *t)
{
	static struct vmbt_hostile_run r;
	static struct program p;
	static uint32_t last_dr[5];
	bool step = number % STEP_EVERY == 0;
	int ret;

	gen_program(&p, class, number, mon_base);
	if (!have_vm) {
		make_vm();
		set_state(&p);
	} else if (memcmp(last_dr, p.dr, sizeof(last_dr))) {
		set_state(&p);
	}
	memcpy(last_dr, p.dr, sizeof(last_dr));
	memcpy(vm.mem, pristine, GUEST_INIT);
	memcpy(vm.mem + PROGRAM, p.code, sizeof(p.code));
	memset(&r, 0, sizeof(r));
	r.warm_eip = WARM;
	r.gpa = PROGRAM;
	r.count = p.count;
	r.deliver = p.deliver;
	r.flags = p.flags | (step ? VMBT_HOSTILE_STEP : 0);
	memcpy(r.gpr, p.gpr, sizeof(r.gpr));
	do {
		ret = ioctl(vm.cpu, VMBT_HOSTILE_RUN, &r);
	} while (ret < 0 && errno == EINTR);
	if (ret)
		die("VMBT_HOSTILE_RUN of %s:%u: %s", class_name(class), number,
		    strerror(errno));
	memcpy(seen, r.vectors, sizeof(seen));
	t->run++;
	programs++;
	t->fragments += r.ran;
	if (r.outcome == VMBT_HOSTILE_STOPPED)
		t->stopped++;
	if (r.outcome == VMBT_HOSTILE_RUNNING)
		t->running++;
	if (step) {
		t->stepped++;
		t->insns += r.insns;
		t->long_enough += r.insns >= ENOUGH;
	}
	if (verbose)
		printf("# %s:%u: outcome %u ran %u exits %u counted %u,%s %#llx %#llx %.256s\n",
		       class_name(class), number, r.outcome, r.ran, r.exits, r.insns,
		       bits(r.bad), (unsigned long long)r.what[0],
		       (unsigned long long)r.what[1], r.text);
	/* Then the one before has left something broken. */
	if (!r.ran)
		r.bad |= VMBT_HOSTILE_BAD_VMM;
	if (effects_only)
		r.bad &= ~VMBT_HOSTILE_BAD_TABLE;
	if (r.outcome == VMBT_HOSTILE_DEAD) {
		drop_vm();
		/* An outer RETF to a null SS, which QEMU lets happen. */
		if (!enforces_limits && !strncmp(r.text, "guest entry with", 16)) {
			t->stopped++;
			r.bad &= ~VMBT_HOSTILE_BAD_VMM;
		}
	}
	if (!r.bad)
		return true;
	failures++;
	printf("not ok hostile-%s: %s:%u, after %llu programs:%s %#llx %#llx %.256s\n",
	       class_name(class), class_name(class), number,
	       (unsigned long long)programs, bits(r.bad),
	       (unsigned long long)r.what[0], (unsigned long long)r.what[1], r.text);
	fflush(stdout);
	drop_vm();
	return false;
}

/* A program that failed: does it without those before? */
static void again(unsigned int class, uint32_t number)
{
	struct tally t = { 0 };
	bool v = verbose;

	verbose = true;
	printf("# by itself: %s:%u is %s\n", class_name(class), number,
	       run_program(class, number, &t) ? "harmless" : "bad as well");
	verbose = v;
}

/* Page tables are looked at now and then; if they are bad, whose work is it? */
static void audit(unsigned int class, uint32_t from, uint32_t to, struct tally *t)
{
	long n;

	if (!have_vm || effects_only)
		return;
	n = unknown_leaves();
	if (!n)
		return;
	drop_vm();
	for (; from < to; from++) {
		run_program(class, from, t);
		if (have_vm && unknown_leaves()) {
			printf("not ok hostile-%s: %s:%u: %ld unknown leaves\n",
			       class_name(class), class_name(class), from, n);
			failures++;
			drop_vm();
			return;
		}
	}
	printf("not ok hostile-%s: %s:%u or one before: %ld unknown leaves\n",
	       class_name(class), class_name(class), to - 1, n);
	failures++;
}

static void run_class(unsigned int class, uint32_t first, uint32_t n,
		      struct tally *all)
{
	struct tally t = { 0 };
	uint32_t i, since = first;

	for (i = first; i < first + n && failures < MAX_FAILURES; i++) {
		if (!run_program(class, i, &t))
			again(class, i);
		if ((i - first) % AUDIT == AUDIT - 1) {
			audit(class, since, i + 1, &t);
			since = i + 1;
		}
	}
	audit(class, since, i, &t);
	/* An audit of nothing finds nothing. */
	if (!t.run) {
		printf("not ok hostile-%s: no program\n", class_name(class));
		failures++;
	}
	if (failures == 0)
		printf("ok hostile-%s: %llu programs, %llu stopped; %llu of %llu did %d or more\n",
		       class_name(class), (unsigned long long)t.run,
		       (unsigned long long)t.stopped,
		       (unsigned long long)t.long_enough,
		       (unsigned long long)t.stepped, ENOUGH);
	fflush(stdout);
	all->run += t.run;
	all->stopped += t.stopped;
	all->running += t.running;
	all->stepped += t.stepped;
	all->long_enough += t.long_enough;
	all->insns += t.insns;
	all->fragments += t.fragments;
}

static void histogram(void)
{
	unsigned int i;

	printf("# exits by vector:");
	for (i = 0; i < 256; i++)
		if (vectors[i])
			printf(" %u:%llu", i, (unsigned long long)vectors[i]);
	printf(" sysenter:%llu v86:%llu\n", (unsigned long long)vectors[256],
	       (unsigned long long)vectors[257]);
}

static int find_class(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < class_count(); i++)
		if (strlen(class_name(i)) == len && !strncmp(class_name(i), name, len))
			return i;
	die("no class %s", name);
}

/* The CPU that has the VM: moving it around is another test's business. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint32_t n = 14000, first = 0, classes = 0, share, i;
	struct tally all = { 0 };
	double start;
	char *colon;
	int opt;

	while ((opt = getopt(argc, argv, "n:s:ev")) != -1) {
		switch (opt) {
		case 'n':
			n = strtoul(optarg, NULL, 0);
			break;
		case 's':
			first = strtoul(optarg, NULL, 0);
			break;
		case 'e':
			effects_only = true;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			die("usage: hostile [-n N] [-s FIRST] [-e] [-v] [CLASS[:NUMBER]...]");
		}
	}
	if (ioctl(vm_dev(), KVM_CHECK_EXTENSION, VMBT_CAP_HOSTILE) != 1)
		die("the module was loaded without hostile=1");
	pristine = malloc(GUEST_INIT);
	enforces_limits = ioctl(vm_dev(), KVM_CHECK_EXTENSION, VMBT_CAP_HOST) &
			  VMBT_HOSTCAP_LIMITS;
	pin();
	find_monitor();
	start = now();
	for (i = optind; i < (uint32_t)argc; i++) {
		colon = strchr(argv[i], ':');
		opt = find_class(argv[i], colon ? (size_t)(colon - argv[i]) :
						  strlen(argv[i]));
		if (colon) {
			verbose = true;
			if (run_program(opt, strtoul(colon + 1, NULL, 0), &all))
				printf("ok hostile-%s\n", argv[i]);
		} else {
			classes |= 1u << opt;
		}
	}
	if (optind == argc)
		classes = (1u << class_count()) - 1;
	printf("# first seed %lu\n", (unsigned long)first);
	share = classes ? n / __builtin_popcount(classes) : 0;
	for (i = 0; i < class_count() && failures < MAX_FAILURES; i++)
		if (classes >> i & 1)
			run_class(i, first, share, &all);
	drop_vm();
	histogram();
	printf("# %llu programs, %llu fragments, %llu VMs, %.0f s, %.0f programs a second\n",
	       (unsigned long long)all.run, (unsigned long long)all.fragments,
	       (unsigned long long)vms, now() - start, all.run / (now() - start));
	if (classes && !effects_only && !failures) {
		test_result("hostile-length", 2 * all.long_enough >= all.stepped,
			    "%llu of %llu", (unsigned long long)all.long_enough,
			    (unsigned long long)all.stepped);
		test_result("hostile-ended", all.run == all.stopped + all.running,
			    "%llu programs, %llu stopped, %llu running",
			    (unsigned long long)all.run, (unsigned long long)all.stopped,
			    (unsigned long long)all.running);
		test_result("hostile-v86", !enforces_limits || !vectors[257],
			    "%llu exits from virtual-8086 mode",
			    (unsigned long long)vectors[257]);
	}
	return failures || test_exit();
}
