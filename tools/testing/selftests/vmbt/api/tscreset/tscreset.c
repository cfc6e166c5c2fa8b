// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest sees when its host's time-stamp counter began anew in a suspend.
 *
 * tscreset_mod.c resets it, in the kernel's rehearsal of a suspend, which comes back
 * right after all devices were off (pm_test, Documentation/power/
 * basic-pm-debugging.rst). The guest's counter must not go back, a timer that it had
 * set must come in its time, and a VM that is made afterwards has the host's counter
 * as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../../lib/vm.h"
#include "guest.h"

#define MSR_TSC	0x10

static void write_power(const char *file, const char *what)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/power/%s", file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, what, strlen(what)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static uint64_t counter(struct vm *vm)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { .head.nmsrs = 1, .entry.index = MSR_TSC };

	if (ioctl(vm->cpu, KVM_GET_MSRS, &m) != 1)
		die("KVM_GET_MSRS: %s", strerror(errno));
	return m.entry.data;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* To the end of a part; false if it has not come within ten seconds. */
static bool part(struct vm *vm)
{
	double end = seconds() + 10;
	int r;

	do {
		r = vm_run_for(vm, 200000);
		if (!r)
			return vm->run->exit_reason == KVM_EXIT_IO && vm->run->io.port == DONE;
	} while (r == -EINTR && seconds() < end);
	return false;
}

static void start(struct vm *vm)
{
	struct kvm_regs regs = { .rip = CODE, .rsp = CODE, .rflags = 2 };

	vm_create_with_chips(vm, 1 << 20);
	memcpy(vm->mem + CODE, tscreset_guest, tscreset_guest_end - tscreset_guest);
	vm_set_mode(vm, 16);
	vm_set_regs(vm, &regs);
}

int main(void)
{
	uint64_t host, guest, outside;
	struct vm vm, later;

	start(&vm);
	if (!part(&vm))
		die("the guest does not begin: %s", vm_exit_text(&vm));
	memcpy(&guest, vm.mem + COUNT, 8);
	outside = counter(&vm);
	host = __rdtsc();
	test_result("tscreset_before", guest < outside && outside < host,
		    "guest %llu, outside %llu, host %llu", (unsigned long long)guest,
		    (unsigned long long)outside, (unsigned long long)host);

	write_power("pm_test", "platform");
	write_power("state", "freeze");
	write_power("pm_test", "none");
	test_result("tscreset_reset", __rdtsc() < host, "the host's counter goes on");

	test_result("tscreset_outside", counter(&vm) > outside, "%llu, was %llu",
		    (unsigned long long)counter(&vm), (unsigned long long)outside);
	test_result("tscreset_timer", part(&vm), "no timer: %s", vm_exit_text(&vm));
	memcpy(&guest, vm.mem + COUNT, 8);
	test_result("tscreset_inside", guest > outside && guest < counter(&vm),
		    "%llu, was %llu", (unsigned long long)guest, (unsigned long long)outside);

	start(&later);
	if (!part(&later))
		die("the later guest does not begin: %s", vm_exit_text(&later));
	memcpy(&guest, later.mem + COUNT, 8);
	test_result("tscreset_new_vm", guest < __rdtsc() && counter(&later) <= __rdtsc(),
		    "guest %llu, host %llu", (unsigned long long)guest,
		    (unsigned long long)__rdtsc());
	vm_destroy(&later);
	vm_destroy(&vm);
	return test_exit();
}
