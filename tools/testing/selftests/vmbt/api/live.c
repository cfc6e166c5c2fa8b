// SPDX-License-Identifier: GPL-2.0
/*
 * A VM that runs in a thread of its own, and counters in its memory.
 *
 * What a test changes meanwhile, on its own thread, the VM has to take as it comes.
 */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "fake.h"

/* A signal is there to end KVM_RUN, and does no more. */
static void on_signal(int sig)
{
	(void)sig;
}

static void *run(void *arg)
{
	struct live *l = arg;

	while (!READ_ONCE(l->stop)) {
		if (vm_run(l->vm) == -EINTR)
			continue;
		WRITE_ONCE(l->left, true);
		break;
	}
	return NULL;
}

void live_start(struct live *l, struct vm *vm)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	*l = (struct live){ .vm = vm, .running = true };
	if (pthread_create(&l->thread, NULL, run, l))
		die("no thread");
}

void live_stop(struct live *l)
{
	if (!l->running)
		return;
	WRITE_ONCE(l->stop, true);
	/* Again and again: one may come before KVM_RUN does. */
	while (pthread_tryjoin_np(l->thread, NULL)) {
		pthread_kill(l->thread, SIGUSR1);
		sleep_ms(1);
	}
	l->running = false;
}

bool live_left(const struct live *l)
{
	return READ_ONCE(l->left);
}

void live_start_fake(struct live *l, struct vm *vm)
{
	struct kvm_regs r = { .rax = FAKE_STAY, .rflags = 2 };

	vm_set_regs(vm, &r);
	live_start(l, vm);
	sleep_ms(10);
}

void live_stop_fake(struct live *l)
{
	live_stop(l);
	if (live_left(l))
		die("left: %s", vm_exit_text(l->vm));
}

uint32_t live_fake(struct vm *vm, uint32_t eax, uint32_t ebx, uint32_t ecx, uint64_t *esi)
{
	struct kvm_regs r = { .rax = eax, .rbx = ebx, .rcx = ecx, .rflags = 2 };
	int ret;

	vm_set_regs(vm, &r);
	do {
		ret = vm_run(vm);
	} while (ret == -EINTR);
	if (ret)
		die("KVM_RUN: %s", strerror(-ret));
	vm_get_regs(vm, &r);
	if (esi)
		*esi = r.rsi;
	return r.rdx;
}

uint32_t counter_in(const void *page)
{
	return READ_ONCE(*(const uint32_t *)page);
}

bool counter_moves(const void *page)
{
	uint32_t before = counter_in(page);
	int i;

	for (i = 0; i < 500 && counter_in(page) == before; i++)
		sleep_ms(10);
	return counter_in(page) != before;
}

bool counter_frozen(const void *page)
{
	uint32_t before = counter_in(page);

	sleep_ms(30);
	return counter_in(page) == before;
}
