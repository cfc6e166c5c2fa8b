// SPDX-License-Identifier: GPL-2.0
/*
 * A running guest's memory under the host's memory management.
 *
 * The guest increments a counter in each of 16 pages, round and round. What the
 * host does to the pages meanwhile must be seen by the guest as by any process:
 * a page that was dropped starts again from zero, a page that is gone or
 * read-only stops the VM, and what moves pages around (fork, merging, swap)
 * changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "live.h"

#define MEM	BIT(20)
#define CODE	0x1000
#define DATA	0x10000
#define PAGES	16
#define PD	0x80000
#define PT	0x81000

/*
 * 0:	mov esi,DATA
 * 1:	inc dword [esi]
 *	add esi,0x1000
 *	cmp esi,DATA+PAGES*0x1000
 *	jb 1b
 *	jmp 0b
 */
static const uint8_t code[] = {
	0xbe, 0x00, 0x00, 0x01, 0x00, 0xff, 0x06, 0x81, 0xc6, 0x00, 0x10, 0x00,
	0x00, 0x81, 0xfe, 0x00, 0x00, 0x02, 0x00, 0x72, 0xf0, 0xeb, 0xe9,
};

static struct vm vm;
static struct live live;

static void *page(unsigned int n)
{
	return vm.mem + DATA + n * 4096ul;
}

static uint32_t counter(unsigned int n)
{
	return counter_in(page(n));
}

static bool moves(unsigned int n)
{
	return counter_moves(page(n));
}

static void set_paging(void)
{
	uint32_t *pd = (void *)(vm.mem + PD), *pt = (void *)(vm.mem + PT), i;
	struct kvm_sregs s;

	pd[0] = PT | 3;
	for (i = 0; i < MEM / 4096; i++)
		pt[i] = i << 12 | 3;
	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.cr3 = PD;
	s.cr0 |= 0x80000000;
	if (ioctl(vm.cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
}

static void begin_empty(bool paging)
{
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };

	vm_fill(&vm, MEM);
	madvise(vm.mem, MEM, MADV_NOHUGEPAGE);
	memcpy(vm.mem + CODE, code, sizeof(code));
	vm_set_mode(&vm, 32);
	if (paging)
		set_paging();
	vm_set_regs(&vm, &r);
	live_start(&live, &vm);
	if (!moves(PAGES - 1))
		die("the guest does not run: %s", vm_exit_text(&vm));
}

static void begin(bool paging)
{
	vm_create_empty(&vm);
	begin_empty(paging);
}

static void end(void)
{
	live_stop(&live);
	vm_destroy(&vm);
}

/* Wait for the VM to stop because of its memory. */
static void stops(const char *name)
{
	int i;

	for (i = 0; i < 500 && !live_left(&live); i++)
		sleep_ms(10);
	test_result(name, live_left(&live) && vm.run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		    vm.run->internal.suberror == VMBT_INTERNAL_ERROR_MEMORY,
		    "%s, suberror %#x", live_left(&live) ? vm_exit_text(&vm) : "it runs on",
		    vm.run->internal.suberror);
}

static void result(const char *what, bool paging, bool good)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", what, paging ? "-paged" : "");
	test_result(name, good, "%s, counter %u",
		    live_left(&live) ? vm_exit_text(&vm) : "running", counter(0));
}

static void dropped(bool paging)
{
	uint32_t before, after;
	bool again;

	begin(paging);
	sleep_ms(50);
	before = counter(3);
	madvise(page(3), 4096, MADV_DONTNEED);
	/* From zero again, while the others went on: and on, so the dropped one is read first. */
	again = moves(3);
	after = counter(3);
	result("dontneed", paging, again && after < counter(4) &&
	       counter(4) - after >= before - 1);
	mmap(page(5), 4096, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	result("mapped-over", paging, moves(5) && counter(5) < counter(4));
	end();
}

static void gone(bool paging)
{
	uint32_t before;

	begin(paging);
	munmap(page(6), 4096);
	stops(paging ? "munmap-paged" : "munmap");
	end();

	begin(paging);
	mprotect(page(7), 4096, PROT_READ);
	before = counter(7);
	stops(paging ? "mprotect-paged" : "mprotect");
	result("mprotect-kept", paging, counter(7) == before);
	end();
}

static void forks(bool paging)
{
	unsigned int i, n, bad = 0;
	int status;
	pid_t pid;

	begin(paging);
	for (i = 0; i < 30; i++) {
		pid = fork();
		if (!pid) {
			uint32_t first = counter(0);

			/* A snapshot: one round at most apart, and frozen. */
			for (n = 1; n < PAGES; n++)
				if (first - counter(n) > 1)
					_exit(1);
			sleep_ms(5);
			_exit(counter(0) != first);
		}
		waitpid(pid, &status, 0);
		bad += !!status;
	}
	result("fork-snapshots", paging, !bad);
	result("fork-runs-on", paging, moves(0) && !live_left(&live));
	end();
}

static void io(const char *name, int dir, uint8_t value)
{
	int r = vm_run(&vm);
	bool good = !r && vm.run->exit_reason == KVM_EXIT_IO && vm.run->io.direction == dir &&
		    vm.run->io.count == 1;

	if (dir == KVM_EXIT_IO_OUT)
		good = good && *(uint8_t *)vm.pio == value;
	else
		*(uint8_t *)vm.pio = value;
	test_result(name, good, "%s, %s, value %#x", r ? strerror(-r) : "0",
		    vm_exit_text(&vm), *(uint8_t *)vm.pio);
}

/*
 * The VMM itself reads a page, which it needs no more for than to read it, and then writes
 * there: one that nobody has touched, and one that a child shares since a fork.
 */
static void by_the_vmm(void)
{
	/*
	 *	mov dx,0x1f0
	 * 1:	mov esi,DATA
	 *	outsb
	 *	dec esi
	 *	outsb
	 *	mov edi,DATA
	 *	insb
	 *	jmp 1b
	 */
	static const uint8_t string[] = {
		0x66, 0xba, 0xf0, 0x01, 0xbe, 0x00, 0x00, 0x01, 0x00, 0x6e, 0x4e, 0x6e,
		0xbf, 0x00, 0x00, 0x01, 0x00, 0x6c, 0xeb, 0xf0,
	};
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };
	int status = -1, until[2];
	char over;
	pid_t pid;

	vm_create(&vm, MEM);
	madvise(vm.mem, MEM, MADV_NOHUGEPAGE);
	memcpy(vm.mem + CODE, string, sizeof(string));
	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &r);
	io("vmm-reads", KVM_EXIT_IO_OUT, 0);
	io("vmm-reads-again", KVM_EXIT_IO_OUT, 0);
	io("vmm-writes", KVM_EXIT_IO_IN, 0x5a);
	io("vmm-has-written", KVM_EXIT_IO_OUT, 0x5a);
	if (pipe(until))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(until[1]);
		_exit(read(until[0], &over, 1) || *(uint8_t *)page(0) != 0x5a);
	}
	close(until[0]);
	io("vmm-reads-shared", KVM_EXIT_IO_OUT, 0x5a);
	io("vmm-writes-shared", KVM_EXIT_IO_IN, 0xa6);
	io("vmm-has-written-shared", KVM_EXIT_IO_OUT, 0xa6);
	close(until[1]);
	waitpid(pid, &status, 0);
	test_result("vmm-writes-own", !status && *(uint8_t *)page(0) == 0xa6,
		    "child's status %#x", status);
	vm_destroy(&vm);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), n;

	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	close(fd);
	return n > 0;
}

static long vmstat(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "r");
	long n = 0, value;
	char key[64];

	while (f && fscanf(f, "%63s %ld", key, &value) == 2)
		if (!strcmp(key, name))
			n = value;
	if (f)
		fclose(f);
	return n;
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

/* The guest's code gets a twin, and is merged with it while it runs. */
static void merging(bool paging)
{
	uint8_t *a = vm.mem, *twin;
	int i;

	if (!put(KSM "sleep_millisecs", "1") || !put(KSM "pages_to_scan", "1000")) {
		test_skip("merging", "no KSM");
		return;
	}
	begin(paging);
	a = vm.mem + CODE;
	twin = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(twin, a, 4096);
	madvise(a, 4096, MADV_MERGEABLE);
	madvise(twin, 4096, MADV_MERGEABLE);
	put(KSM "run", "1");
	for (i = 0; i < 500 && number(KSM "pages_sharing") < 1; i++)
		sleep_ms(10);
	result("merged", paging, number(KSM "pages_sharing") >= 1);
	result("merged-runs-on", paging, moves(0) && !live_left(&live));
	put(KSM "run", "2");
	munmap(twin, 4096);
	end();
}

static void swapping(bool paging)
{
	unsigned int i, n;
	long swapped;

	if (access("/dev/zram0", F_OK) || swapon("/dev/zram0", 0)) {
		test_skip("swap", "no swap space");
		return;
	}
	begin(paging);
	swapped = vmstat("pswpout");
	for (i = 0; i < 20; i++) {
		/* Pages that a CPU keeps aside can't go out: this brings them. */
		put("/proc/sys/vm/drop_caches", "1");
		madvise(vm.mem, MEM, MADV_PAGEOUT);
		sleep_ms(5);
	}
	swapped = vmstat("pswpout") - swapped;
	test_result(paging ? "swapped-paged" : "swapped", swapped >= PAGES,
		    "%ld pages went out", swapped);
	result("swap-runs-on", paging, moves(0) && !live_left(&live));
	live_stop(&live);
	for (n = 1; n < PAGES && counter(0) - counter(n) <= 1; n++)
		;
	result("swap-values", paging, n == PAGES);
	end();
	swapoff("/dev/zram0");
}

static void take(const char *line, const char *key, unsigned int *value)
{
	if (!strncmp(line, key, strlen(key)))
		*value = strtoul(line + strlen(key), NULL, 10);
}

/* Whose is each page in the VM's page tables? None of the host's own. */
static void leaves(const char *name)
{
	unsigned int unknown = 1, guest = 0, window = 0;
	char path[300], line[100], all[1000] = "";
	int try;
	FILE *f;

	live_stop(&live);
	snprintf(path, sizeof(path), "/sys/kernel/debug/vmbt/%d-%d/leaves",
		 getpid(), vm.fd);
	for (try = 0; try < 10 && !guest; try++) {
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			take(line, "unknown ", &unknown);
			take(line, "guest ", &guest);
			take(line, "window ", &window);
			strncat(all, line, sizeof(all) - strlen(all) - 1);
		}
		if (f)
			fclose(f);
	}
	test_result(name, !unknown && guest >= PAGES && window >= 2,
		    "%u unknown, %u of the guest, %u in the window: %s", unknown, guest,
		    window, all);
}

/*
 * No descriptor for the vCPU, three times: what was made for it is gone, and not in
 * the VMM's page tables any more.
 */
static void no_descriptor(void)
{
	struct rlimit old, few = { 0 };
	int i, failed = 0;

	vm_create_empty(&vm);
	getrlimit(RLIMIT_NOFILE, &old);
	few.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	for (i = 0; i < 3; i++)
		failed += ioctl(vm.fd, KVM_CREATE_VCPU, 0) < 0 && errno == EMFILE;
	setrlimit(RLIMIT_NOFILE, &old);
	EXPECT_EQ("no-descriptor", failed, 3);
	begin_empty(true);
	leaves("leaves-no-descriptor");
	end();
}

int main(void)
{
	int paging;

	if (vm_is_fake(-1)) {
		test_skip("memory", "needs the real VMM");
		return 0;
	}
	alarm(200);
	by_the_vmm();
	for (paging = 0; paging < 2; paging++) {
		dropped(paging);
		gone(paging);
		forks(paging);
		merging(paging);
		swapping(paging);
	}
	begin(true);
	leaves("leaves");
	end();
	no_descriptor();
	return test_exit();
}
