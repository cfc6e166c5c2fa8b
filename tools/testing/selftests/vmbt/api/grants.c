// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory is the host's: what munmap, madvise, mprotect, fork, mremap,
 * same-page merging and swap do to it while the VMM uses it.
 *
 * The scripted VMM of fakehost/ holds grants on pages and writes a counter to
 * each as long as it may. It warns, and the test host then fails the run, if
 * it ever uses a page that is not granted any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "fake.h"
#include "live.h"

#define PAGE	4096ul
#define PAGES	32

/* enum vmbt_page_kind */
enum { RAM, NONE, ROM, RETRY, ERROR };

static struct vm vm;
static struct live live;

static uint32_t get(uint32_t gfn, bool write, uint64_t *writable)
{
	return live_fake(&vm, FAKE_GET_PAGE, gfn, write, writable);
}

static void *page(unsigned int n)
{
	return vm.mem + n * PAGE;
}

static uint32_t counter(unsigned int n)
{
	return counter_in(page(n));
}

static bool moves(unsigned int n)
{
	return counter_moves(page(n));
}

static bool frozen(unsigned int n)
{
	return counter_frozen(page(n));
}

static void kinds(void)
{
	uint64_t w;
	glob_t g;
	void *p = MAP_FAILED;
	size_t i;
	int fd;

	EXPECT_EQ("untouched-read", get(0, false, &w), RAM);
	EXPECT_EQ("untouched-not-writable", w, 0);
	EXPECT_EQ("write", get(0, true, &w), RAM);
	EXPECT_EQ("write-writable", w, 1);
	*(uint32_t *)page(1) = 1;
	EXPECT_EQ("touched-read", get(1, false, &w), RAM);
	EXPECT_EQ("touched-writable", w, 1);
	EXPECT_EQ("no-slot", get(PAGES, true, &w), NONE);
	EXPECT_EQ("huge-frame", get(~0u, true, &w), NONE);

	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	vm_set_slot(&vm, 1, KVM_MEM_READONLY, 1 << 20, PAGE, p);
	EXPECT_EQ("rom-read", get(256, false, &w), ROM);
	EXPECT_EQ("rom-write", get(256, true, &w), ROM);
	EXPECT_EQ("rom-not-writable", w, 0);
	vm_set_slot(&vm, 1, 0, 0, 0, NULL);
	EXPECT_EQ("deleted", get(256, false, &w), NONE);
	munmap(p, PAGE);

	/* A device's memory has no struct page. */
	p = MAP_FAILED;
	if (!glob("/sys/bus/pci/devices/*/resource[0-9]", 0, NULL, &g)) {
		for (i = 0; i < g.gl_pathc && p == MAP_FAILED; i++) {
			fd = open(g.gl_pathv[i], O_RDWR);
			p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				 fd, 0);
			close(fd);
		}
		globfree(&g);
	}
	if (p == MAP_FAILED) {
		test_skip("device-memory", "no PCI device to map");
		return;
	}
	vm_set_slot(&vm, 1, 0, 1 << 20, PAGE, p);
	EXPECT_EQ("device-memory", get(256, true, &w), ERROR);
	EXPECT_EQ("device-memory-read", get(256, false, &w), ERROR);
	vm_set_slot(&vm, 1, 0, 0, 0, NULL);
	munmap(p, PAGE);
}

static void changes(void)
{
	uint64_t w;
	unsigned int i;
	int status;
	pid_t pid;
	void *other;

	for (i = 0; i < PAGES; i++)
		get(i, true, &w);
	live_start_fake(&live, &vm);
	for (i = 0; i < PAGES; i += 7) {
		char name[32];

		snprintf(name, sizeof(name), "used-%u", i);
		test_result(name, moves(i), "not written");
	}

	madvise(page(0), PAGE, MADV_DONTNEED);
	test_result("dontneed", !counter(0) && frozen(0), "%u", counter(0));

	munmap(page(1), PAGE);
	mmap(page(1), PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	test_result("munmap", !counter(1) && frozen(1), "%u", counter(1));

	mprotect(page(2), PAGE, PROT_READ);
	test_result("mprotect", frozen(2), "still written");

	other = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mremap(page(3), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	i = READ_ONCE(*(uint32_t *)other);
	sleep_ms(30);
	EXPECT_EQ("mremap", READ_ONCE(*(uint32_t *)other), i);
	/* The host may take one for reasons of its own, but not all. */
	for (i = 8; i < PAGES && !moves(i); i++)
		;
	test_result("neighbours", i < PAGES, "none is written");

	pid = fork();
	if (!pid)
		_exit(!frozen(5));
	waitpid(pid, &status, 0);
	EXPECT_EQ("fork-child-frozen", status, 0);
	test_result("fork-parent-frozen", frozen(5), "written without a grant");

	vm_set_slot(&vm, 0, 0, 0, 0, NULL);
	test_result("slot-deleted", frozen(6), "still written");
	live_stop_fake(&live);
	vm_set_slot(&vm, 0, 0, 0, vm.size, vm.mem);

	EXPECT_EQ("after-dontneed", get(0, true, &w), RAM);
	EXPECT_EQ("after-mprotect", get(2, true, &w), ERROR);
	EXPECT_EQ("after-mprotect-read", get(2, false, &w), RAM);
	EXPECT_EQ("after-mprotect-ro", w, 0);
	mprotect(page(2), PAGE, PROT_READ | PROT_WRITE);
	EXPECT_EQ("after-mprotect-rw", get(2, true, &w), RAM);
	EXPECT_EQ("after-mremap", get(3, true, &w), ERROR);
	mmap(page(3), PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	EXPECT_EQ("after-map", get(3, true, &w), RAM);
	munmap(other, PAGE);
	test_result("revokes-counted", vm_stat(&vm, "revokes") >= PAGES, "%llu",
		    (unsigned long long)vm_stat(&vm, "revokes"));
}

static void *linger(void *unused)
{
	live_fake(&vm, FAKE_LINGER, 300, 0, NULL);
	return unused;
}

/*
 * Nobody goes on while the vCPU may still use a revoked page. Deleting the slot
 * shows it: what changes page tables waits for the host's TLB flush anyway.
 */
static void kick(void)
{
	uint32_t before, after;
	pthread_t thread;
	uint64_t w;
	int i;

	get(7, true, &w);
	before = counter(7);
	pthread_create(&thread, NULL, linger, NULL);
	for (i = 0; i < 3000 && counter(7) == before; i++)
		sleep_ms(1);
	vm_set_slot(&vm, 0, 0, 0, 0, NULL);
	after = counter(7);
	pthread_join(thread, NULL);
	vm_set_slot(&vm, 0, 0, 0, vm.size, vm.mem);
	test_result("kick-waits", after == before + 2,
		    "the slot was gone when the vCPU had counted %u of 2",
		    after - before);
}

static void dirty_log(void)
{
	uint64_t bits = ~0ull, w;
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = &bits };

	*(uint32_t *)page(8) = 1;
	vm_set_slot(&vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, vm.size, vm.mem);
	EXPECT_ERRNO("dirty-log", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log), 0);
	EXPECT_EQ("dirty-none", bits, 0);
	get(8, false, &w);
	EXPECT_EQ("dirty-read-is-read", w, 0);
	get(9, true, &w);
	live_start_fake(&live, &vm);
	ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log);
	EXPECT_EQ("dirty-one", bits, 1 << 9);
	test_result("dirty-write-taken-away", frozen(9), "still written");
	live_stop_fake(&live);
	ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log);
	EXPECT_EQ("dirty-cleared", bits, 0);
	get(9, true, &w);
	get(31, true, &w);
	ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log);
	EXPECT_EQ("dirty-again", bits, 1u << 9 | 1u << 31);
	vm_set_slot(&vm, 0, 0, 0, vm.size, vm.mem);
	EXPECT_ERRNO("dirty-log-off", ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log),
		     ENOENT);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), n;

	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	close(fd);
	return n > 0;
}

static long number(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = -1;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

#define KSM	"/sys/kernel/mm/ksm/"

static void merging(void)
{
	uint64_t w;
	int i;

	if (!put(KSM "sleep_millisecs", "1") || !put(KSM "pages_to_scan", "1000")) {
		test_skip("merging", "no KSM");
		return;
	}
	memset(page(10), 0x77, 2 * PAGE);
	get(10, false, &w);
	get(11, true, &w);
	/* All the others must not look alike. */
	madvise(page(10), 2 * PAGE, MADV_MERGEABLE);
	put(KSM "run", "1");
	for (i = 0; i < 400 && number(KSM "pages_sharing") < 1; i++)
		sleep_ms(10);
	test_result("merged", number(KSM "pages_sharing") >= 1, "%ld",
		    number(KSM "pages_sharing"));
	EXPECT_EQ("merged-read", get(10, false, &w), RAM);
	EXPECT_EQ("merged-not-writable", w, 0);
	put(KSM "run", "0");
	EXPECT_EQ("unmerge-by-write", get(10, true, &w), RAM);
	EXPECT_EQ("unmerge-writable", w, 1);
	live_fake(&vm, FAKE_STAY, 3, 0, NULL);
	test_result("unmerged-alone", counter(10) != 0x77777777 &&
		    counter(11) == 0x77777777, "%x %x", counter(10), counter(11));
	put(KSM "run", "2");
}

static void swapping(void)
{
	uint32_t value;
	uint64_t w;

	if (access("/dev/zram0", F_OK) || swapon("/dev/zram0", 0)) {
		test_skip("swap", "no swap space");
		return;
	}
	get(12, true, &w);
	live_start_fake(&live, &vm);
	test_result("swap-used-before", moves(12), "not written");
	madvise(page(12), PAGE, MADV_PAGEOUT);
	live_stop_fake(&live);
	value = counter(12);		/* comes back from swap */
	EXPECT_EQ("swap-back", get(12, true, &w), RAM);
	live_fake(&vm, FAKE_STAY, 1, 0, NULL);
	EXPECT_EQ("swap-value", counter(12), value + 20);
	swapoff("/dev/zram0");
}

static bool stop;

static void *churn(void *unused)
{
	unsigned int seed = 1;

	while (!READ_ONCE(stop)) {
		unsigned int n = rand_r(&seed) % PAGES;
		int status;
		pid_t pid;

		switch (rand_r(&seed) % 8) {
		case 0:
			munmap(page(n), PAGE);
			mmap(page(n), PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 1:
			mprotect(page(n), PAGE, PROT_READ);
			mprotect(page(n), PAGE, PROT_READ | PROT_WRITE);
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
			vm_set_slot(&vm, 0, n & 1 ? KVM_MEM_LOG_DIRTY_PAGES : 0,
				    0, vm.size, vm.mem);
			break;
		default:
			madvise(page(n), PAGE, MADV_DONTNEED);
			break;
		}
	}
	return unused;
}

static void stress(void)
{
	time_t end = time(NULL) + 5;
	unsigned long rounds = 0, ram = 0;
	pthread_t thread;
	uint64_t w;

	WRITE_ONCE(stop, false);
	pthread_create(&thread, NULL, churn, NULL);
	while (time(NULL) < end) {
		ram += get(rand() % PAGES, rand() & 1, &w) == RAM;
		live_fake(&vm, FAKE_STAY, 2, 0, NULL);
		rounds++;
	}
	WRITE_ONCE(stop, true);
	pthread_join(thread, NULL);
	test_result("stress", ram > rounds / 2 && rounds > 100, "%lu of %lu",
		    ram, rounds);
	printf("# %lu rounds, %llu revokes, %llu retries\n", rounds,
	       (unsigned long long)vm_stat(&vm, "revokes"),
	       (unsigned long long)vm_stat(&vm, "grant_retries"));
}

int main(void)
{
	int dev = vm_dev();

	if (!vm_is_fake(dev)) {
		test_skip("grants", "needs the scripted VMM");
		return 0;
	}
	close(dev);
	vm_create(&vm, PAGES * PAGE);
	madvise(vm.mem, vm.size, MADV_NOHUGEPAGE);
	kinds();
	changes();
	kick();
	dirty_log();
	merging();
	swapping();
	stress();
	vm_destroy(&vm);
	return test_exit();
}
