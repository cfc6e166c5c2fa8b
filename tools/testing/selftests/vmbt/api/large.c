// SPDX-License-Identifier: GPL-2.0
/*
 * Large grants: 512 frames at once where a huge page is behind all of them, and
 * only there; and what the host's memory management does to a part of one takes
 * all of it from the VMM.
 *
 * The scripted VMM of fakehost/ writes a counter to the first and the last page
 * of each large grant as long as it may, and warns if it ever uses a page that is
 * not granted any more. With the real one a guest does the same in a 4 MiB page of
 * its own, by large leaves.
 */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "fake.h"
#include "live.h"

#define PAGE	4096ul
#define HUGE	(2ul << 20)
#define GROUPS	4
#define FRAMES	512u

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

/* enum vmbt_page_kind; what FAKE_GET_PAGE says in ESI */
enum { RAM, NONE, ROM };
enum { WRITABLE = 1, LARGE = 2 };

static struct vm vm;
static struct live live;
static char *mem;

static uint64_t get(uint32_t gfn, bool write)
{
	uint64_t how;

	return live_fake(&vm, FAKE_GET_PAGE, gfn, write, &how) == RAM ? how : ~0ull;
}

/* Memory that begins at a multiple of 2 MiB. */
static char *aligned(size_t size)
{
	char *p = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("no memory: %s", strerror(errno));
	return (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
}

/* All of it in huge pages, or the tests say nothing. */
static void make_huge(void)
{
	madvise(mem, GROUPS * HUGE, MADV_DONTNEED);
	madvise(mem, GROUPS * HUGE, MADV_HUGEPAGE);
	memset(mem, 1, GROUPS * HUGE);
	madvise(mem, GROUPS * HUGE, MADV_COLLAPSE);
}

static void slot(uint32_t flags, uint64_t gfn, uint64_t pages, char *p)
{
	vm_set_slot(&vm, 0, 0, 0, 0, NULL);
	vm_set_slot(&vm, 0, flags, gfn * PAGE, pages * PAGE, p);
}

static uint32_t counter(unsigned int n)
{
	return counter_in(mem + n * PAGE);
}

static bool moves(unsigned int n)
{
	return counter_moves(mem + n * PAGE);
}

static bool frozen(unsigned int n)
{
	return counter_frozen(mem + n * PAGE);
}

/* What gets a large grant, and what must not. */
static void where(void)
{
	uint64_t before;
	char *p;

	make_huge();
	slot(0, 0, GROUPS * FRAMES, mem);
	before = vm_stat(&vm, "grants_large");
	EXPECT_EQ("write", get(FRAMES + 5, true), WRITABLE | LARGE);
	EXPECT_EQ("read", get(2 * FRAMES, false), WRITABLE | LARGE);
	EXPECT_EQ("again", get(2 * FRAMES - 1, false), WRITABLE | LARGE);
	EXPECT_EQ("counted", vm_stat(&vm, "grants_large") - before, 2);

	/* The guest's address and the host's are not alike in the lower 21 bits. */
	slot(0, 1, GROUPS * FRAMES, mem);
	EXPECT_EQ("shifted", get(FRAMES, true), WRITABLE);
	/* A frame of the 512 is not in the slot, at either end. */
	slot(0, 1, GROUPS * FRAMES - 2, mem + PAGE);
	EXPECT_EQ("begins-late", get(5, true), WRITABLE);
	EXPECT_EQ("ends-early", get(GROUPS * FRAMES - 5, true), WRITABLE);
	EXPECT_EQ("in-between", get(FRAMES, true), WRITABLE | LARGE);
	slot(KVM_MEM_LOG_DIRTY_PAGES, 0, GROUPS * FRAMES, mem);
	EXPECT_EQ("logged", get(FRAMES, true), WRITABLE);
	slot(KVM_MEM_READONLY, 0, GROUPS * FRAMES, mem);
	EXPECT_EQ("rom", live_fake(&vm, FAKE_GET_PAGE, FRAMES, false, &before), ROM);
	EXPECT_EQ("rom-is-small", before & LARGE, 0);

	slot(0, 0, GROUPS * FRAMES, mem);
	mprotect(mem + HUGE + 7 * PAGE, PAGE, PROT_READ);
	EXPECT_EQ("one-read-only", get(FRAMES + 5, true), WRITABLE);
	EXPECT_EQ("another", get(5, true), WRITABLE | LARGE);
	mprotect(mem + HUGE + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE);

	p = aligned(HUGE);
	madvise(p, HUGE, MADV_NOHUGEPAGE);
	memset(p, 1, HUGE);
	slot(0, 0, FRAMES, p);
	EXPECT_EQ("small-pages", get(5, true), WRITABLE);
}

static void switched_off(void)
{
	glob_t g;
	FILE *f;

	make_huge();
	slot(0, 0, GROUPS * FRAMES, mem);
	if (glob("/sys/module/vmbt*/parameters/no_large", 0, NULL, &g) || g.gl_pathc != 1)
		die("no parameter no_large");
	f = fopen(g.gl_pathv[0], "w");
	if (!f || fputs("1", f) < 0 || fflush(f))
		die("%s: %s", g.gl_pathv[0], strerror(errno));
	EXPECT_EQ("off", get(5, true), WRITABLE);
	fputs("0", f);
	fclose(f);
	globfree(&g);
	EXPECT_EQ("on", get(FRAMES + 5, true), WRITABLE | LARGE);
}

static void reserved(void)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "w");
	char *p = MAP_FAILED;

	if (f) {
		fputs("1", f);
		fclose(f);
		p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_HUGETLB | 21 << 26 /* MAP_HUGE_2MB */, -1, 0);
	}
	if (p == MAP_FAILED) {
		test_skip("hugetlb", "no page in the pool");
		return;
	}
	slot(0, 0, FRAMES, p);
	EXPECT_EQ("hugetlb-untouched", get(5, true), WRITABLE | LARGE);
	vm_set_slot(&vm, 0, 0, 0, 0, NULL);
	munmap(p, HUGE);
	f = fopen("/proc/sys/vm/nr_hugepages", "w");
	if (f) {
		fputs("0", f);
		fclose(f);
	}
}

/* A part goes: the whole must. */
static void part_goes(void)
{
	int status;
	pid_t pid;
	uint64_t how;

	make_huge();
	slot(0, 0, GROUPS * FRAMES, mem);
	/* By 512 entries of the host's: what a part loses is told of that part alone. */
	mprotect(mem + HUGE + 7 * PAGE, PAGE, PROT_READ);
	mprotect(mem + HUGE + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	mem[HUGE + 7 * PAGE] = 1;
	EXPECT_EQ("taken-get", get(FRAMES + 5, true), WRITABLE | LARGE);
	EXPECT_EQ("kept-get", get(2 * FRAMES + 5, true), WRITABLE | LARGE);
	EXPECT_EQ("forked-get", get(3 * FRAMES + 5, true), WRITABLE | LARGE);
	live_start_fake(&live, &vm);
	test_result("used-first", moves(FRAMES), "not written");
	test_result("used-last", moves(2 * FRAMES - 1), "not written");
	madvise(mem + (FRAMES + 200) * PAGE, PAGE, MADV_DONTNEED);
	test_result("taken-first", frozen(FRAMES), "still written");
	test_result("taken-last", frozen(2 * FRAMES - 1), "still written");
	test_result("neighbour", moves(2 * FRAMES), "not written");
	pid = fork();
	if (!pid)
		_exit(!frozen(3 * FRAMES));
	waitpid(pid, &status, 0);
	EXPECT_EQ("fork-child-frozen", status, 0);
	live_stop_fake(&live);

	/* There is a hole in it; filled, it is another page's. */
	EXPECT_EQ("hole", get(FRAMES + 5, true), WRITABLE);
	mem[(FRAMES + 200) * PAGE] = 1;
	EXPECT_EQ("filled", get(FRAMES + 200, true), WRITABLE);
	how = get(FRAMES + 201, true);
	EXPECT_EQ("filled-neighbour", how, WRITABLE);

	/* The slot goes under it. */
	make_huge();
	EXPECT_EQ("slot-get", get(5, true), WRITABLE | LARGE);
	live_start_fake(&live, &vm);
	test_result("slot-used", moves(0), "not written");
	vm_set_slot(&vm, 0, 0, 0, 0, NULL);
	test_result("slot-deleted", frozen(0) && frozen(FRAMES - 1), "still written");
	live_stop_fake(&live);
}

static bool stop;

static void *churn(void *unused)
{
	unsigned int seed = 1;

	while (!READ_ONCE(stop)) {
		unsigned int n = rand_r(&seed) % (GROUPS * FRAMES);
		char *p = mem + n * PAGE, *group = mem + n / FRAMES * HUGE;
		int status;
		pid_t pid;

		switch (rand_r(&seed) % 8) {
		case 0:
			mprotect(p, PAGE, PROT_READ);
			mprotect(p, PAGE, PROT_READ | PROT_WRITE);
			break;
		case 1:
			madvise(p, PAGE, MADV_DONTNEED);
			break;
		case 2:
			if (rand_r(&seed) % 8)
				break;
			pid = fork();
			if (!pid)
				_exit(0);
			waitpid(pid, &status, 0);
			break;
		case 3:
			vm_set_slot(&vm, 0, n & 1 ? KVM_MEM_LOG_DIRTY_PAGES : 0, 0,
				    GROUPS * HUGE, mem);
			break;
		case 4:
			madvise(group, HUGE, MADV_DONTNEED);
			*p = 1;
			break;
		default:
			madvise(group, HUGE, MADV_COLLAPSE);
			break;
		}
	}
	return unused;
}

static void at_random(void)
{
	time_t end = time(NULL) + 5;
	unsigned long rounds = 0, ram = 0, large = 0;
	pthread_t thread;
	uint64_t how;

	make_huge();
	slot(0, 0, GROUPS * FRAMES, mem);
	WRITE_ONCE(stop, false);
	pthread_create(&thread, NULL, churn, NULL);
	while (time(NULL) < end) {
		how = get(rand() % (GROUPS * FRAMES), rand() & 1);
		ram += how != ~0ull;
		large += how != ~0ull && (how & LARGE);
		live_fake(&vm, FAKE_STAY, 2, 0, NULL);
		rounds++;
	}
	WRITE_ONCE(stop, true);
	pthread_join(thread, NULL);
	test_result("stress", ram > rounds / 2 && rounds > 100, "%lu of %lu", ram, rounds);
	test_result("stress-large", large > 20 && large < rounds, "%lu of %lu", large, rounds);
	printf("# %lu rounds, %llu large grants, %llu revokes, %llu retries\n", rounds,
	       (unsigned long long)vm_stat(&vm, "grants_large"),
	       (unsigned long long)vm_stat(&vm, "revokes"),
	       (unsigned long long)vm_stat(&vm, "grant_retries"));
}

#define CODE	0x1000
#define PD	0x2000
#define DATA	(2 * HUGE)	/* where the guest maps it, too */

/*
 * 0:	mov esi,DATA
 * 1:	inc dword [esi]
 *	add esi,0x1000
 *	cmp esi,DATA+2*HUGE
 *	jb 1b
 *	jmp 0b
 */
static const uint8_t guest[] = {
	0xbe, 0x00, 0x00, 0x40, 0x00, 0xff, 0x06, 0x81, 0xc6, 0x00, 0x10, 0x00,
	0x00, 0x81, 0xfe, 0x00, 0x00, 0x80, 0x00, 0x72, 0xf0, 0xeb, 0xe9,
};

/* A counter of /sys/kernel/debug/vmbt/PID-FD/leaves, of a VM that is not running. */
static unsigned long counted(const char *name)
{
	char path[100], line[100];
	unsigned long n = ~0ul;
	size_t len = strlen(name);
	int try;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vmbt/%d-%d/leaves", getpid(), vm.fd);
	/* Not while the host takes something away. */
	for (try = 0; try < 10 && n == ~0ul; try++) {
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f))
			if (!strncmp(line, name, len) && line[len] == ' ')
				n = strtoul(line + len, NULL, 10);
		if (f)
			fclose(f);
	}
	return n;
}

static void in_a_guest(void)
{
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };
	uint32_t *pd = (uint32_t *)(mem + PD);
	uint64_t revoked;
	struct kvm_sregs s;
	int status;
	pid_t pid;

	make_huge();
	memset(mem, 0, GROUPS * HUGE);
	memcpy(mem + CODE, guest, sizeof(guest));
	pd[0] = 0x83;
	pd[1] = DATA | 0x83;
	slot(0, 0, GROUPS * FRAMES, mem);
	vm_set_mode(&vm, 32);
	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.cr3 = PD;
	s.cr4 |= 0x10;
	s.cr0 |= 0x80010000;
	if (ioctl(vm.cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
	vm_set_regs(&vm, &r);

	live_start(&live, &vm);
	test_result("guest-runs", moves(GROUPS * FRAMES - 1), "%s", vm_exit_text(&vm));
	live_stop(&live);
	EXPECT_EQ("guest-large", vm_stat(&vm, "shadow_large"), 2);
	EXPECT_EQ("guest-leaves", counted("guest_large"), 2);
	EXPECT_EQ("guest-unknown", counted("unknown"), 0);

	/* A page goes, and comes back empty; the others have what they had. */
	revoked = vm_stat(&vm, "revokes");
	live_start(&live, &vm);
	moves(2 * FRAMES);
	madvise(mem + (3 * FRAMES - 1) * PAGE, PAGE, MADV_DONTNEED);
	test_result("guest-goes-on", moves(3 * FRAMES - 1) && !live_left(&live), "%s",
		    vm_exit_text(&vm));
	live_stop(&live);
	test_result("guest-page-empty", counter(3 * FRAMES - 1) < counter(3 * FRAMES - 2),
		    "%u, its neighbour %u", counter(3 * FRAMES - 1), counter(3 * FRAMES - 2));
	test_result("guest-page-kept", counter(3 * FRAMES - 2) - counter(4 * FRAMES - 1) <= 1,
		    "%u and %u", counter(3 * FRAMES - 2), counter(4 * FRAMES - 1));
	test_result("guest-revoked", vm_stat(&vm, "revokes") > revoked, "no revocation");
	EXPECT_EQ("guest-one-is-left", vm_stat(&vm, "shadow_large"), 1);
	EXPECT_EQ("guest-unknown-again", counted("unknown"), 0);

	/* Copied on write, in 2 MiB and 4 KiB. */
	live_start(&live, &vm);
	moves(2 * FRAMES);
	pid = fork();
	if (!pid)
		_exit(!frozen(2 * FRAMES) || !frozen(4 * FRAMES - 1));
	waitpid(pid, &status, 0);
	EXPECT_EQ("guest-fork", status, 0);
	test_result("guest-after-fork", moves(4 * FRAMES - 1) && !live_left(&live), "%s",
		    vm_exit_text(&vm));
	live_stop(&live);
	EXPECT_EQ("guest-unknown-at-last", counted("unknown"), 0);
}

int main(void)
{
	mem = aligned(GROUPS * HUGE);
	vm_create(&vm, 0);
	if (!vm_is_fake(vm.dev)) {
		alarm(200);
		in_a_guest();
		vm_destroy(&vm);
		return test_exit();
	}
	where();
	switched_off();
	reserved();
	part_goes();
	at_random();
	vm_destroy(&vm);
	return test_exit();
}
