// SPDX-License-Identifier: GPL-2.0
/*
 * The driver against a VMM that says what it should not: fakehost/'s scripted
 * one, told through the guest's registers. Also the run protocol, which the
 * scripted VMM makes repeatable.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "fake.h"

static int op(struct vm *vm, uint32_t eax, uint32_t ebx, uint32_t ecx,
	      struct kvm_regs *out)
{
	struct kvm_regs r = { .rax = eax, .rbx = ebx, .rcx = ecx, .rflags = 2 };
	int ret;

	vm_set_regs(vm, &r);
	ret = vm_run(vm);
	vm_get_regs(vm, out);
	return ret;
}

static int exit_reason(struct vm *vm)
{
	return vm->run->exit_reason;
}

/* A VMM that does it once is dead for ever; each needs a VM of its own. */
static void must_break(const char *name, uint32_t eax, uint32_t ebx, uint32_t ecx)
{
	struct kvm_regs r;
	struct vm vm;
	int ret, again;

	vm_create(&vm, 1 << 20);
	ret = op(&vm, eax, ebx, ecx, &r);
	again = vm_run(&vm);
	test_result(name, !ret && vm.run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		    vm.run->internal.suberror == VMBT_INTERNAL_ERROR_BROKEN &&
		    again == -EIO && vm.ext->text_len == strlen(vm.ext->text) &&
		    vm.ext->text_len, "%d, then %d, %s", ret, again,
		    vm_exit_text(&vm));
	vm_destroy(&vm);
}

static void broken(void)
{
	must_break("call-0", FAKE_CALL, 0, 0);
	must_break("call-unknown", FAKE_CALL, 1000, 0);
	must_break("call-negative", FAKE_CALL, ~0u, 0);
	must_break("exit-unknown", FAKE_EXIT, 77, 0);
	must_break("exit-none", FAKE_EXIT, 0, 0);
	must_break("exit-internal", FAKE_EXIT, 8, 0);
	must_break("panic", FAKE_PANIC, 0, 0);
	must_break("io-size-0", FAKE_IO, 1, 1);
	must_break("io-size-3", FAKE_IO, 1 | 3 << 8, 1);
	must_break("io-size-8", FAKE_IO, 1 | 8 << 8, 1);
	must_break("io-size-255", FAKE_IO, 1 | 255 << 8, 1);
	must_break("io-dir", FAKE_IO, 2 | 1 << 8, 1);
	must_break("io-count-0", FAKE_IO, 1 | 1 << 8, 0);
	must_break("io-count-4097", FAKE_IO, 1 | 1 << 8, 4097);
	must_break("io-count-1025x4", FAKE_IO, 1 | 4 << 8, 1025);
	must_break("io-count-wraps", FAKE_IO, 1 | 4 << 8, 0x40000001);
	must_break("mmio-len-0", FAKE_MMIO, 1, 0);
	must_break("mmio-len-9", FAKE_MMIO, 1, 9);
	must_break("mmio-len-huge", FAKE_MMIO, 1, ~0u);
	must_break("shrink-129", FAKE_SHRINK, 129, 255);
	must_break("shrink-count-huge", FAKE_SHRINK, ~0u, 255);
	must_break("shrink-no-such-page", FAKE_SHRINK, 1, 256);
	must_break("shrink-wraps", FAKE_SHRINK, 1, ~0u);
}

static void exits(struct vm *vm)
{
	struct kvm_regs r;

	EXPECT_EQ("hlt", op(vm, FAKE_HLT, 0, 0, &r) ?: exit_reason(vm),
		  KVM_EXIT_HLT);
	EXPECT_EQ("shutdown", op(vm, FAKE_EXIT, 6, 0, &r) ?: exit_reason(vm),
		  KVM_EXIT_SHUTDOWN);
	EXPECT_EQ("irq-window", op(vm, FAKE_EXIT, 4, 0, &r) ?:
		  exit_reason(vm), KVM_EXIT_IRQ_WINDOW_OPEN);
	EXPECT_EQ("unsupported", op(vm, FAKE_EXIT, 7, 0, &r) ?:
		  exit_reason(vm), KVM_EXIT_INTERNAL_ERROR);
	EXPECT_EQ("unsupported-suberror", vm->run->internal.suberror,
		  VMBT_INTERNAL_ERROR_UNSUPPORTED);
	test_result("unsupported-text", !strcmp(vm->ext->text, "text of the exit"),
		    "%s", vm->ext->text);
	EXPECT_EQ("unsupported-data", vm->run->internal.ndata, 11);
	EXPECT_EQ("log", op(vm, FAKE_LOG, 0, 0, &r) ?: exit_reason(vm),
		  KVM_EXIT_HLT);
	EXPECT_EQ("grow", op(vm, FAKE_GROW, 100, 0, &r), 0);
	EXPECT_EQ("grow-more", (op(vm, FAKE_GROW, 100, 0, &r), r.rdx % 100), 56);
	EXPECT_EQ("grow-limit", (op(vm, FAKE_GROW, ~0u, 0, &r), r.rdx), 16384);
	EXPECT_EQ("grow-at-limit", (op(vm, FAKE_GROW, 1, 0, &r), r.rdx), 16384);
	/* Unasked, and with nothing to give: the driver's own numbers follow. */
	EXPECT_EQ("shrink", (op(vm, FAKE_SHRINK, 128, 16383, &r), r.rdx), 16256);
	EXPECT_EQ("shrink-none", (op(vm, FAKE_SHRINK, 0, 0, &r), r.rdx), 16256);
	EXPECT_EQ("grow-after", (op(vm, FAKE_GROW, ~0u, 0, &r), r.rdx), 16384);
}

/* How many writes the ring has, all of them in bounds; all are taken. -1: not so. */
static int taken(struct vm *vm)
{
	struct kvm_coalesced_mmio_ring *ring =
		(void *)((uint8_t *)vm->run + VMBT_COALESCED_PAGE * 4096);
	int n = 0;

	for (; ring->first != ring->last; n++) {
		struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring->first];

		if (ring->first >= 170 || ring->last >= 170 || !e->len || e->len > 8 ||
		    e->pio > 1)
			return -1;
		ring->first = (ring->first + 1) % 170;
	}
	return n;
}

/* Kept writes: a VMM that counts wrongly, and user space that does. */
static void late(struct vm *vm)
{
	struct kvm_coalesced_mmio_ring *ring =
		(void *)((uint8_t *)vm->run + VMBT_COALESCED_PAGE * 4096);
	struct kvm_regs r;
	uint32_t i, bad;

	EXPECT_EQ("late-3", op(vm, FAKE_LATE, 3, 4, &r) ?: taken(vm), 3);
	EXPECT_EQ("late-count-too-large", op(vm, FAKE_LATE, 1000, 4, &r) ?: taken(vm), 128);
	EXPECT_EQ("late-count-huge", op(vm, FAKE_LATE, ~0u, ~0u, &r) ?: taken(vm), 128);
	EXPECT_EQ("late-len-0", op(vm, FAKE_LATE, 1, 0, &r) ?: taken(vm), 1);
	/* Nobody takes them: what has no room is gone, what has is there. */
	op(vm, FAKE_LATE, 100, 4, &r);
	op(vm, FAKE_LATE, 100, 4, &r);
	op(vm, FAKE_LATE, 100, 4, &r);
	EXPECT_EQ("late-not-taken", taken(vm), 169);
	for (i = 0, bad = 0; i < 40; i++) {
		ring->first = i < 20 ? 168 + i : ~0u >> (i - 20);
		ring->last = i * 0x1234567;
		if (op(vm, FAKE_LATE, 128, 4, &r) || exit_reason(vm) != KVM_EXIT_HLT)
			bad++;
	}
	EXPECT_EQ("late-first-and-last-forged", bad, 0);
	ring->first = 0;
	op(vm, FAKE_LATE, 1, 4, &r);
	test_result("late-last-is-the-kernel's", ring->last < 170, "%u", ring->last);
}

/* Numbers of the host's, all of them @number now. What can be read stays in bounds. */
static void forged(const char *name, uint32_t number)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[64];
	} cpuid = { { .nent = 64 } };
	struct vmbt_written w = { .gpa = 0, .size = 1 << 20 };
	struct kvm_vcpu_events events;
	struct kvm_clock_data clock;
	struct kvm_sregs sregs;
	struct kvm_regs r;
	struct vm vm;
	int bad = 0;

	vm_create(&vm, 1 << 20);
	bad |= (op(&vm, FAKE_FORGE, number, 0, &r) || exit_reason(&vm) != KVM_EXIT_HLT);
	bad |= (ioctl(vm.cpu, KVM_GET_SREGS, &sregs) || sregs.interrupt_bitmap[0] ||
		sregs.interrupt_bitmap[1] || sregs.interrupt_bitmap[2] ||
		sregs.interrupt_bitmap[3]) << 1;
	bad |= (ioctl(vm.cpu, KVM_GET_VCPU_EVENTS, &events) ||
		events.interrupt.injected) << 2;
	bad |= (ioctl(vm.fd, KVM_GET_CLOCK, &clock) || !clock.clock) << 3;
	bad |= !!ioctl(vm.fd, KVM_SET_CLOCK, &clock) << 4;
	bad |= !!ioctl(vm.cpu, KVM_GET_CPUID2, &cpuid) << 5;
	bad |= !!ioctl(vm.fd, VMBT_MEMORY_WRITTEN, &w) << 6;
	bad |= !!op(&vm, FAKE_HLT, 0, 0, &r) << 7;
	EXPECT_EQ(name, bad, 0);
	vm_destroy(&vm);
}

static void io(struct vm *vm)
{
	struct kvm_regs r;
	struct kvm_regs in = { .rax = FAKE_IO, .rbx = 4 << 8, .rcx = 1024,
			       .rflags = 2 };

	EXPECT_EQ("io-out", op(vm, FAKE_IO, 1 | 2 << 8, 3, &r) ?:
		  exit_reason(vm), KVM_EXIT_IO);
	test_result("io-out-fields", vm->run->io.direction == KVM_EXIT_IO_OUT &&
		    vm->run->io.size == 2 && vm->run->io.count == 3 &&
		    vm->run->io.port == 0x80 && vm->run->io.data_offset == 4096 &&
		    *(uint32_t *)vm->pio == 0x5a5a5a5a, "%s", vm_exit_text(vm));
	/* In the middle: state can be read but not written. */
	EXPECT_ERRNO("io-get-regs", ioctl(vm->cpu, KVM_GET_REGS, &r), 0);
	EXPECT_ERRNO("io-set-regs", ioctl(vm->cpu, KVM_SET_REGS, &r), EBUSY);
	EXPECT_ERRNO("io-set-msrs", ioctl(vm->cpu, KVM_SET_MSRS,
					  &(struct kvm_msrs){ }), EBUSY);
	/* Finish it, and no more. The scripted VMM exits with HLT after it. */
	vm->run->immediate_exit = 1;
	EXPECT_EQ("io-finish", vm_run(vm) ?: exit_reason(vm), KVM_EXIT_HLT);
	EXPECT_EQ("immediate-exit", vm_run(vm), -EINTR);
	EXPECT_EQ("immediate-exit-reason", vm->run->exit_reason, KVM_EXIT_INTR);
	vm->run->immediate_exit = 0;

	vm_set_regs(vm, &in);
	EXPECT_EQ("io-in", vm_run(vm) ?: exit_reason(vm), KVM_EXIT_IO);
	*(uint32_t *)vm->pio = 0x12345678;
	/* What the kernel wrote there once it must not believe again. */
	vm->run->io.size = 255;
	vm->run->io.count = ~0u;
	vm->run->io.direction = KVM_EXIT_IO_OUT;
	vm->run->io.data_offset = ~0ull;
	EXPECT_EQ("io-in-done", vm_run(vm) ?: exit_reason(vm), KVM_EXIT_HLT);
	vm_get_regs(vm, &r);
	EXPECT_EQ("io-in-data", r.rdx, 0x12345678);

	EXPECT_EQ("mmio-read", op(vm, FAKE_MMIO, 0, 4, &r) ?:
		  exit_reason(vm), KVM_EXIT_MMIO);
	memcpy(vm->run->mmio.data, "abcd", 4);
	vm->run->mmio.len = ~0u;
	EXPECT_EQ("mmio-read-done", vm_run(vm) ?: exit_reason(vm),
		  KVM_EXIT_HLT);
	vm_get_regs(vm, &r);
	EXPECT_EQ("mmio-read-data", r.rdx, 0x64636261);
	EXPECT_EQ("mmio-write", op(vm, FAKE_MMIO, 1, 8, &r) ?:
		  exit_reason(vm), KVM_EXIT_MMIO);
	test_result("mmio-write-fields", vm->run->mmio.is_write == 1 &&
		    vm->run->mmio.len == 8 && vm->run->mmio.data[7] == 0x5a &&
		    vm->run->mmio.phys_addr == 0xfee00000, "%s",
		    vm_exit_text(vm));
	EXPECT_EQ("mmio-write-done", vm_run(vm) ?: exit_reason(vm),
		  KVM_EXIT_HLT);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void signals(struct vm *vm)
{
	struct sigaction sa = { .sa_handler = on_signal };
	/* Again and again: the first may come before KVM_RUN does. */
	struct itimerval every = {
		.it_value.tv_usec = 50000,
		.it_interval.tv_usec = 50000,
	}, once = { .it_value.tv_usec = 50000 };
	struct {
		struct kvm_signal_mask head;
		uint64_t set;
	} __attribute__((packed)) mask = { .head.len = 8, .set = 0 };
	struct kvm_regs r;
	sigset_t block, pending;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	EXPECT_EQ("signal", op(vm, FAKE_STAY, 0, 0, &r), -EINTR);
	EXPECT_EQ("signal-reason", vm->run->exit_reason, KVM_EXIT_INTR);

	/* Blocked outside, open in KVM_RUN: it stays pending afterwards. */
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	ioctl(vm->cpu, KVM_SET_SIGNAL_MASK, &mask);
	setitimer(ITIMER_REAL, &once, NULL);
	EXPECT_EQ("signal-mask", vm_run(vm), -EINTR);
	sigpending(&pending);
	EXPECT_EQ("signal-pending", sigismember(&pending, SIGALRM), 1);
	EXPECT_EQ("signal-before", vm_run(vm), -EINTR);
	ioctl(vm->cpu, KVM_SET_SIGNAL_MASK, NULL);
	sigprocmask(SIG_UNBLOCK, &block, NULL);
}

int main(void)
{
	int dev = vm_dev();
	struct vm vm;

	if (!vm_is_fake(dev)) {
		test_skip("hostile", "needs the scripted VMM");
		return 0;
	}
	close(dev);
	vm_create(&vm, 1 << 20);
	exits(&vm);
	io(&vm);
	late(&vm);
	signals(&vm);
	vm_destroy(&vm);
	broken();
	forged("forged-0", 0);
	forged("forged-257", 257);
	forged("forged-all-ones", ~0u);
	return test_exit();
}
