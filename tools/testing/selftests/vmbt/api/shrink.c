// SPDX-License-Identifier: GPL-2.0
/*
 * The host takes back what a VM's tables grew to (drivers/vmbt/pool.c): from a
 * guest that runs, from one that sleeps in HLT, and from one that is not run at
 * all as soon as it is. That guest adds up a word of each of its page tables'
 * pages; the sum must be right whenever it has one, and the VMM makes its tables
 * again.
 *
 * Runs as root in the test host: "drop slab objects" of /proc/sys/vm/drop_caches
 * calls all shrinkers, with all that they count.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "live.h"

#define MEM	0x10000000ul	/* bounds the shadow pages, too */
#define CODE	0x1000u
#define SUM	0x2000u		/* the last sum, how many there were */
#define PD	0x3000u
#define TABLES	0x100000u	/* page tables, one for each 4 MiB */
#define DATA	0x800000u	/* pages, each with a word of its own */
#define NTABLES	700u
#define NDATA	256u
#define CGROUP	"/sys/fs/cgroup/vmbt-shrink"

/*
 * Each table is used in both halves:
 *
 * 1: xor eax,eax; mov esi,0x400000
 * 2: add eax,[esi+0x3000]; add esi,0x200000; cmp esi,END; jb 2b
 *    mov [SUM],eax; inc dword [SUM+4]
 */
#define END	(0x400000u * (NTABLES + 1))

static const uint8_t add_up[] = {
	0x31, 0xc0, 0xbe, 0x00, 0x00, 0x40, 0x00,
	0x03, 0x86, 0x00, 0x30, 0x00, 0x00,
	0x81, 0xc6, 0x00, 0x00, 0x20, 0x00,
	0x81, 0xfe, END & 0xff, END >> 8 & 0xff, END >> 16 & 0xff, END >> 24,
	0x72, 0xec,
	0xa3, 0x00, 0x20, 0x00, 0x00, 0xff, 0x05, 0x04, 0x20, 0x00, 0x00,
};

/* Then: stop; again and again; or sleep for good. */
static const uint8_t stop[] = { 0xf4, 0xeb, 0xfd };
static const uint8_t again[] = { 0xeb, (uint8_t)(-2 - (int)sizeof(add_up)) };
static const uint8_t sleeps[] = { 0xfb, 0xf4, 0xeb, 0xfd };

static struct vm vm;
static struct live live;

static uint32_t word(unsigned int i)
{
	return 0x9e3779b9u * (i + 1);
}

static uint32_t *guest(uint32_t gpa)
{
	return (uint32_t *)(vm.mem + gpa);
}

static uint32_t expected(void)
{
	uint32_t sum = 0, i;

	for (i = 0; i < 2 * NTABLES; i++)
		sum += word(i % NDATA);
	return sum;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void drop(void)
{
	put("/proc/sys/vm/drop_caches", "2");
}

/* The number behind @key in a file. */
static unsigned long number(const char *path, const char *key)
{
	unsigned long n = 0;
	char line[200];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			n = strtoul(line + strlen(key), NULL, 0);
	if (f)
		fclose(f);
	return n;
}

/* Of the VM's page tables, as the host reads them; not while it runs. */
static unsigned long leaf(const char *key)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/kernel/debug/vmbt/%d-%d/leaves",
		 getpid(), vm.fd);
	return number(path, key);
}

static void begin(bool chips, const uint8_t *then, size_t len)
{
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };
	uint32_t i, *pt;
	struct kvm_sregs s;

	if (chips)
		vm_create_with_chips(&vm, 0);
	else
		vm_create(&vm, 0);
	vm.mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		      MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(vm.mem, MEM, MADV_NOHUGEPAGE);
	if (vm.mem == MAP_FAILED || vm_set_slot(&vm, 0, 0, 0, MEM, vm.mem))
		die("guest memory");
	vm.size = MEM;
	memcpy(vm.mem + CODE, add_up, sizeof(add_up));
	memcpy(vm.mem + CODE + sizeof(add_up), then, len);
	/* The first 4 MiB are what they are, the others reach the data. */
	for (i = 0; i <= NTABLES; i++)
		guest(PD)[i] = (TABLES + i * 0x1000) | 3;
	for (i = 0; i < 1024; i++)
		guest(TABLES)[i] = i << 12 | 3;
	for (i = 0; i < 2 * NTABLES; i++) {
		pt = guest(TABLES + (i / 2 + 1) * 0x1000);
		pt[i % 2 * 512 + 3] = (DATA + i % NDATA * 0x1000) | 3;
	}
	for (i = 0; i < NDATA; i++)
		*guest(DATA + i * 0x1000) = word(i);
	vm_set_mode(&vm, 32);
	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.cr3 = PD;
	s.cr0 |= 0x80000000;
	if (ioctl(vm.cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
	vm_set_regs(&vm, &r);
}

static void end(void)
{
	munmap(vm.mem, MEM);
	vm.mem = NULL;
	vm_destroy(&vm);
}

/* Once through all tables. */
static bool runs(void)
{
	struct kvm_regs r;
	int err;

	vm_get_regs(&vm, &r);
	r.rip = CODE;
	vm_set_regs(&vm, &r);
	guest(SUM)[0] = 0;
	err = vm_run(&vm);
	return !err && vm.run->exit_reason == KVM_EXIT_HLT &&
	       guest(SUM)[0] == expected();
}

/* Pool pages by both accounts: the host's, and what the VMM says. */
static unsigned long pool(const char *name)
{
	unsigned long host = leaf("pool "), vmm = vm_stat(&vm, "pool_pages");

	test_result(name, host && host == vmm && !leaf("unknown "),
		    "the host maps %lu pool pages and %lu unknown, the VMM has %lu",
		    host, leaf("unknown "), vmm);
	return host;
}

/* A VM that is not run gives back when it is. */
static void not_running(void)
{
	unsigned long grown, less, more, before, after;
	unsigned int i, bad = 0;

	begin(false, stop, sizeof(stop));
	test_result("shrink-first-sum", runs(), "%s, sum %x of %x",
		    vm_exit_text(&vm), guest(SUM)[0], expected());
	grown = pool("shrink-leaves-grown");
	test_result("shrink-grown", grown > 2100, "%lu pages", grown);
	drop();
	EXPECT_EQ("shrink-not-running", leaf("pool "), grown);
	test_result("shrink-asked", vm_stat(&vm, "pool_asked") >= grown - 256,
		    "asked for %lu of %lu",
		    (unsigned long)vm_stat(&vm, "pool_asked"), grown);
	/* Before the guest's first instruction, hence it needs them again. */
	test_result("shrink-second-sum", runs(), "%s, sum %x of %x",
		    vm_exit_text(&vm), guest(SUM)[0], expected());
	more = pool("shrink-leaves-again");
	test_result("shrink-given", vm_stat(&vm, "pool_given") > 1000,
		    "%lu pages", (unsigned long)vm_stat(&vm, "pool_given"));
	test_result("shrink-grown-again", more > 1900 && more <= grown + 256,
		    "%lu pages, then %lu", grown, more);
	/* Now it only stops where it is: what it has given, is free. */
	drop();
	before = number(CGROUP "/memory.current", "");
	if (vm_run(&vm) || vm.run->exit_reason != KVM_EXIT_HLT)
		die("the guest does not halt: %s", vm_exit_text(&vm));
	less = pool("shrink-leaves-less");
	test_result("shrink-less", less < 600, "%lu pages of %lu", less, more);
	after = number(CGROUP "/memory.current", "");
	if (access(CGROUP, F_OK))
		test_skip("shrink-memcg", "no memory controller");
	else
		test_result("shrink-memcg", before - after >=
			    (more - less - 200) * 4096 && before > after,
			    "%lu pages given back, memory.current %lu, then %lu",
			    more - less, before, after);
	for (i = 0; i < 10; i++) {
		bad += !runs();
		drop();
	}
	EXPECT_EQ("shrink-sums", bad, 0);
	pool("shrink-leaves-last");
	end();
}

/* Wait for the guest's next sum but @n. */
static bool sums(unsigned int n)
{
	uint32_t from = READ_ONCE(guest(SUM)[1]);
	int i;

	for (i = 0; i < 2000 && READ_ONCE(guest(SUM)[1]) - from < n; i++)
		sleep_ms(10);
	return READ_ONCE(guest(SUM)[1]) - from >= n;
}

static bool gives(unsigned long from)
{
	int i;

	for (i = 0; i < 1000 && vm_stat(&vm, "pool_given") <= from; i++)
		sleep_ms(10);
	return vm_stat(&vm, "pool_given") > from;
}

/* A guest that uses its tables all the time. */
static void running(void)
{
	unsigned int i, bad = 0, stuck = 0, kept = 0;
	unsigned long given;

	begin(false, again, sizeof(again));
	live_start(&live, &vm);
	for (i = 0; i < 15; i++) {
		stuck += !sums(2);
		given = vm_stat(&vm, "pool_given");
		drop();
		kept += !gives(given);
		bad += READ_ONCE(guest(SUM)[0]) != expected();
	}
	EXPECT_EQ("shrink-running-gives", kept, 0);
	stuck += !sums(2);
	bad += READ_ONCE(guest(SUM)[0]) != expected();
	EXPECT_EQ("shrink-running-goes-on", stuck, 0);
	EXPECT_EQ("shrink-running-sums", bad, 0);
	live_stop(&live);
	pool("shrink-running-leaves");
	end();
}

/* A guest in HLT for good, asleep in the host. */
static void halted(void)
{
	uint64_t calls;
	int i;

	begin(true, sleeps, sizeof(sleeps));
	live_start(&live, &vm);
	if (!sums(1))
		die("the guest does not run: %s", vm_exit_text(&vm));
	sleep_ms(100);
	test_result("shrink-halted-before", vm_stat(&vm, "exit_hlt") &&
		    !vm_stat(&vm, "pool_given") && vm_stat(&vm, "pool_pages") > 2100,
		    "%lu pages", (unsigned long)vm_stat(&vm, "pool_pages"));
	drop();
	test_result("shrink-halted-gives", gives(1000), "%lu pages",
		    (unsigned long)vm_stat(&vm, "pool_given"));
	/* The host asks in portions; then there is nothing to wake it for. */
	for (i = 0; i < 4; i++) {
		drop();
		sleep_ms(100);
	}
	calls = vm_stat(&vm, "hc_pool_shrink");
	drop();
	drop();
	sleep_ms(100);
	EXPECT_EQ("shrink-halted-in-peace", vm_stat(&vm, "hc_pool_shrink"), calls);
	EXPECT_EQ("shrink-halted-stays", live_left(&live), false);
	live_stop(&live);
	test_result("shrink-halted-less", pool("shrink-halted-leaves") < 600,
		    "%lu pages", leaf("pool "));
	end();
}

/*
 * A guest whose VMM has little that can be made again: tables of the window, one
 * for each 2 MiB. It is asked once, and not for the same again.
 *
 * 1: inc dword [esi]; add esi,0x200000; cmp esi,0x80000000; jb 1b; hlt
 */
static void pinned(void)
{
	static const uint8_t wide[] = {
		0xff, 0x06, 0x81, 0xc6, 0x00, 0x00, 0x20, 0x00, 0x81, 0xfe,
		0x00, 0x00, 0x00, 0x80, 0x72, 0xf0, 0xf4, 0xeb, 0xfd,
	};
	struct kvm_regs r = { .rip = CODE, .rsi = 0x300000, .rflags = 2 };
	unsigned long grown, kept, asked;
	size_t size = 0x80000000;
	void *mem;

	vm_create(&vm, 0);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		   MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(mem, size, MADV_NOHUGEPAGE);
	if (mem == MAP_FAILED || vm_set_slot(&vm, 0, 0, 0, size, mem))
		die("guest memory");
	memcpy((char *)mem + CODE, wide, sizeof(wide));
	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &r);
	if (vm_run(&vm) || vm.run->exit_reason != KVM_EXIT_HLT)
		die("the guest does not halt: %s", vm_exit_text(&vm));
	grown = pool("shrink-pinned-leaves");
	drop();
	drop();
	asked = vm_stat(&vm, "pool_asked");
	if (vm_run(&vm) || vm.run->exit_reason != KVM_EXIT_HLT)
		die("the guest does not halt: %s", vm_exit_text(&vm));
	kept = pool("shrink-pinned-leaves-kept");
	test_result("shrink-pinned", asked > grown - kept && kept > 1024 &&
		    kept < grown, "%lu pages, asked for %lu, then %lu", grown,
		    asked, kept);
	drop();
	drop();
	EXPECT_EQ("shrink-pinned-asked-once", vm_stat(&vm, "pool_asked"), asked);
	munmap(mem, size);
	vm_destroy(&vm);
}

static void into_cgroup(void)
{
	int fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY);
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (fd >= 0 && write(fd, "+memory", 7) == 7 && !mkdir(CGROUP, 0755))
		put(CGROUP "/cgroup.procs", pid);
	close(fd);
}

static void out_of_cgroup(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (access(CGROUP, F_OK))
		return;
	put("/sys/fs/cgroup/cgroup.procs", pid);
	rmdir(CGROUP);
}

int main(void)
{
	if (vm_is_fake(-1)) {
		test_skip("shrink", "needs the real VMM");
		return 0;
	}
	if (geteuid() || access("/proc/sys/vm/drop_caches", W_OK) ||
	    access("/sys/kernel/debug/vmbt", F_OK)) {
		test_skip("shrink", "not root, or no debugfs");
		return 0;
	}
	alarm(600);
	into_cgroup();
	not_running();
	running();
	halted();
	pinned();
	out_of_cgroup();
	return test_exit();
}
