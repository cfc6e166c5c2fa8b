// SPDX-License-Identifier: GPL-2.0
/*
 * Lifetimes: descriptors closed in every order, forks, sudden deaths, and
 * nothing left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/vm.h"

static const char *module;

static long number_in(const char *path, const char *format)
{
	FILE *f = fopen(path, "r");
	char line[200];
	long n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static long users(void)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	return number_in(path, "%ld");
}

/* The last user may be a process whose exit is still under way. */
static long users_settle(long want)
{
	int i;

	for (i = 0; i < 300 && users() != want; i++)
		sleep_ms(10);
	return users();
}

static int vms_in_debugfs(void)
{
	char path[100];
	struct dirent *e;
	DIR *d;
	int n = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", module);
	d = opendir(path);
	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

/* A guest that never stops: jmp $ */
static void spin_forever(struct vm *vm)
{
	struct kvm_regs r = { .rip = 0x1000, .rsp = 0x1000, .rflags = 2,
			      .rax = 2 /* FAKE_STAY */ };

	memcpy(vm->mem + 0x1000, "\xeb\xfe", 2);
	vm_set_mode(vm, 32);
	vm_set_regs(vm, &r);
	for (;;)
		vm_run(vm);
}

static void orders(void)
{
	static const char *const order[] = {
		"dvcm", "dvmc", "dcvm", "dcmv", "dmvc", "dmcv",
		"vdcm", "vcdm", "vcmd", "vmcd", "cdvm", "cvdm",
		"cvmd", "cmvd", "mdvc", "mvdc", "mvcd", "mcvd",
	};
	unsigned int i, ok = 0;
	long before = users();
	const char *p;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		struct kvm_regs r;
		struct vm vm;
		bool good = true;

		vm_create(&vm, 1 << 20);
		for (p = order[i]; *p; p++) {
			switch (*p) {
			case 'd':
				close(vm.dev);
				break;
			case 'v':
				close(vm.fd);
				vm.fd = -1;
				break;
			case 'c':
				close(vm.cpu);
				vm.cpu = -1;
				break;
			case 'm':
				munmap(vm.run, vm.run_size);
				vm.run = NULL;
				break;
			}
			/* What is still there still works. */
			if (vm.cpu >= 0)
				good &= !ioctl(vm.cpu, KVM_GET_REGS, &r);
			if (vm.fd >= 0)
				good &= ioctl(vm.fd, KVM_CHECK_EXTENSION,
					      KVM_CAP_USER_MEMORY) == 1;
			if (vm.run)
				good &= vm.run->immediate_exit == 0;
		}
		munmap(vm.mem, vm.size);
		if (good && users() == before)
			ok++;
		else
			printf("# order %s\n", order[i]);
	}
	EXPECT_EQ("close-orders", ok, ARRAY_SIZE(order));
}

/* The child keeps the descriptors when the parent is gone. */
static void inherited(void)
{
	long before = users();
	int status, pipes[2];
	char c;
	pid_t pid;

	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		struct vm vm;

		vm_create(&vm, 1 << 20);
		if (!fork()) {
			struct kvm_regs r;

			/* Until the parent's address space is gone. */
			while (getppid() != 1)
				sleep_ms(5);
			c = ioctl(vm.cpu, KVM_GET_REGS, &r) == -1 && errno == EIO;
			if (write(pipes[1], &c, 1) != 1)
				_exit(1);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (read(pipes[0], &c, 1) != 1)
		c = 0;
	EXPECT_EQ("inherited-eio", c, 1);
	EXPECT_EQ("inherited-released", users_settle(before), before);
	close(pipes[0]);
	close(pipes[1]);
}

static void *spin_thread(void *vm)
{
	spin_forever(vm);
	return NULL;
}

static void killed(void)
{
	long before = users(), free_before, free_after = 0;
	int i, status, bad = 0;
	pid_t pid;

	free_before = number_in("/proc/meminfo", "MemFree: %ld");
	for (i = 0; i < 20; i++) {
		pid = fork();
		if (!pid) {
			struct vm vm[2];
			pthread_t t;

			vm_create(&vm[0], 1 << 20);
			vm_create(&vm[1], 1 << 20);
			pthread_create(&t, NULL, spin_thread, &vm[0]);
			spin_forever(&vm[1]);
		}
		sleep_ms(10 + i * 7);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		bad += !WIFSIGNALED(status);
	}
	EXPECT_EQ("killed", bad, 0);
	EXPECT_EQ("killed-released", users_settle(before), before);
	EXPECT_EQ("killed-debugfs", vms_in_debugfs(), 0);
	/* 40 VMs of more than 8 MiB each; some of it waits for RCU. */
	for (i = 0; i < 100; i++) {
		free_after = number_in("/proc/meminfo", "MemFree: %ld");
		if (free_before - free_after < 32 << 10)
			break;
		sleep_ms(100);
	}
	test_result("killed-memory", free_before - free_after < 32 << 10,
		    "%ld kB are missing", free_before - free_after);
}

/*
 * A VM that lives on without its descriptor, and another with that number: both
 * want one name in debugfs, which must not end in the host's log.
 */
static void same_number(void)
{
	static char log[1 << 18];
	struct vm vm;
	int fd, n;

	vm_create(&vm, 1 << 20);
	close(vm.fd);
	fd = ioctl(vm.dev, KVM_CREATE_VM, 0);
	EXPECT_EQ("same-number", fd, vm.fd);
	vm_destroy(&vm);
	n = klogctl(3, log, sizeof(log) - 1);	/* all of it */
	test_result("same-number-log", n > 0 && !strstr(log, "already present"),
		    "the log complains, or can't be read");
}

/* While a VM exists the module stays; O_NONBLOCK: don't wait for its end. */
static void module_held(void)
{
	struct vm vm;
	int r;

	/* What is built in has parameters there, but no state. */
	if (access("/sys/module/vmbt/initstate", F_OK) && !access("/sys/module/vmbt", F_OK)) {
		test_skip("module-held", "vmbt is built in");
		return;
	}
	vm_create(&vm, 1 << 20);
	close(vm.dev);
	errno = 0;
	r = syscall(SYS_delete_module, module, O_NONBLOCK);
	test_result("module-held", r == -1 && errno == EWOULDBLOCK,
		    "%d, errno %d", r, errno);
	vm.dev = vm_dev();
	vm_destroy(&vm);
}

int main(void)
{
	module = vm_is_fake(-1) ? "vmbt_fake" : "vmbt";
	alarm(120);
	orders();
	inherited();
	killed();
	module_held();
	same_number();
	return test_exit();
}
