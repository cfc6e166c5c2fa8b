// SPDX-License-Identifier: GPL-2.0
/*
 * One ioctl with an argument that is right, nearly right, or nonsense, at an
 * address that is right, nearly right, or nonsense; if asked for with its nth
 * allocation, or its nth access to user memory, failing.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abifuzz.h"

static __thread sigjmp_buf fault_jump;
static __thread bool fault_ready;

static void on_fault(int sig)
{
	if (!READ_ONCE(fault_ready))
		_exit(128 + sig);
	WRITE_ONCE(fault_ready, false);
	siglongjmp(fault_jump, 1);
}

void catch_faults(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

bool poke(void *to, const void *from, size_t len)
{
	if (sigsetjmp(fault_jump, 1))
		return false;
	WRITE_ONCE(fault_ready, true);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memcpy(to, from, len);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(fault_ready, false);
	return true;
}

bool peek(void *to, const void *from, size_t len)
{
	return poke(to, from, len);
}

long count(unsigned int op, long r)
{
	int e = r < 0 ? errno : 0;

	if (e < 0 || e >= ERRNOS)
		e = ERRNOS - 1;
	__atomic_fetch_add(&counts->n[op][e], 1, __ATOMIC_RELAXED);
	return r;
}

static const struct call *find_call(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ncalls; i++)
		if (calls[i].cmd == cmd)
			return &calls[i];
	return NULL;
}

long call_known(unsigned int cmd, int fd, void *arg)
{
	return count(find_call(cmd) - calls, ioctl(fd, cmd, arg));
}

long call_filled(struct self *t, struct machine *m, unsigned int cmd, int fd)
{
	find_call(cmd)->fill(t, m, t->arena);
	return call_known(cmd, fd, t->arena);
}

void fail_next(struct self *t, unsigned int in)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", in);

	if (t->fail_fd >= 0 && pwrite(t->fail_fd, text, n, 0) != n)
		t->fail_fd = -1;
}

void fail_off(struct self *t)
{
	char text[16];
	int i;

	if (t->fail_fd < 0)
		return;
	/* That these may fail, too, is what was asked for. */
	if (pread(t->fail_fd, text, sizeof(text), 0) > 0 && text[0] == '0')
		__atomic_fetch_add(&counts->injected, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 3 && pwrite(t->fail_fd, "0", 1, 0) != 1; i++)
		;
}

static int fd_for(struct self *t, const struct machine *m, enum where where)
{
	/* Something else's ioctl. */
	if (one_in(&t->rng, 100))
		return below(&t->rng, 40);
	if (one_in(&t->rng, 60))
		where = below(&t->rng, 3);
	switch (where) {
	case ON_DEV:
		return READ_ONCE(t->life->dev);
	case ON_VM:
		return READ_ONCE(m->vm);
	default:
		return READ_ONCE(m->cpu);
	}
}

/* Where the argument is: mostly where it was made. */
static void *place(struct self *t, struct machine *m, size_t size)
{
	uint8_t *end = t->arena + ARENA;

	switch (below(&t->rng, 30)) {
	case 0:
		return NULL;
	case 1:
		return (void *)(uintptr_t)odd_value(&t->rng);
	case 2:		/* its end is missing */
		memmove(end - size / 2, t->arena, size / 2);
		return end - size / 2;
	case 3:
		memmove(end - size, t->arena, size);
		return end - size;
	case 4:		/* what the guest writes meanwhile */
		return m->ram + below(&t->rng, 0x10000);
	case 5:		/* what the driver writes meanwhile */
		return m->run + below(&t->rng, RUN_PAGES * PAGE);
	default:
		return t->arena;
	}
}

static const struct call *choose(struct rng *r)
{
	static unsigned int total;
	unsigned int sum = READ_ONCE(total), n, i;

	if (!sum) {
		for (i = 0; i < ncalls; i++)
			sum += calls[i].weight;
		WRITE_ONCE(total, sum);
	}
	n = below(r, sum);
	for (i = 0; n >= calls[i].weight; i++)
		n -= calls[i].weight;
	return &calls[i];
}

static uint64_t number_for(struct self *t, const struct call *c)
{
	if (one_in(&t->rng, 12))
		return odd_value(&t->rng);
	return c->number ? c->number(t) : 0;
}

/* A descriptor that a call made: as a VM of its own for a while, or closed. */
static void adopt(struct self *t, struct machine *m, const struct call *c, int fd)
{
	int *place = c->cmd == KVM_CREATE_VM ? &m->vm : &m->cpu;

	if (one_in(&t->rng, 4)) {
		fd = __atomic_exchange_n(place, fd, __ATOMIC_SEQ_CST);
		if (fd < 0)
			return;
	}
	close(fd);
}

/* Seldom one that is closed. */
static struct machine *some_machine(struct self *t)
{
	struct machine *m = &t->life->m[below(&t->rng, VMS)];
	unsigned int i;

	for (i = 0; i < 4 && (READ_ONCE(m->vm) < 0 || READ_ONCE(m->cpu) < 0); i++)
		m = &t->life->m[below(&t->rng, VMS)];
	return m;
}

/* What a guest does is only interesting while it knows what it does. */
static const struct call *choose_for(struct self *t)
{
	const struct call *c = choose(&t->rng);

	if (t->life->mood == WILD || one_in(&t->rng, 200))
		return c;
	while (c->where == ON_CPU && (_IOC_DIR(c->cmd) & _IOC_WRITE) &&
	       c->cmd != KVM_INTERRUPT)
		c = choose(&t->rng);
	return c;
}

static void *argument(struct self *t, struct machine *m, const struct call *c,
		      int fd)
{
	struct kvm_irqchip *chip = (void *)t->arena;

	if (!c->size)
		return (void *)(uintptr_t)number_for(t, c);
	memset(t->arena, 0, c->size);
	if (c->getter == KVM_GET_IRQCHIP)
		chip->chip_id = below(&t->rng, 2);
	if (c->getter)
		call_known(c->getter, fd, t->arena);
	if (c->fill)
		c->fill(t, m, t->arena);
	switch (below(&t->rng, 10)) {
	case 0 ... 4:
		break;
	case 5 ... 8:
		mutate(&t->rng, t->arena, c->size, 1 + below(&t->rng, 3));
		break;
	default:
		scramble(&t->rng, t->arena, c->size);
	}
	return place(t, m, c->size);
}

void random_call(struct self *t)
{
	const struct call *c = choose_for(t);
	struct machine *m = some_machine(t);
	bool fail = t->fail_fd >= 0 && one_in(&t->rng, 4);
	int fd = fd_for(t, m, c->where), e;
	void *arg = argument(t, m, c, fd);
	unsigned int cmd = c->cmd;
	long r;

	/* A number nearby: other sizes and directions of the same. */
	if (one_in(&t->rng, 200))
		cmd ^= 1u << below(&t->rng, 32);
	if (fail)
		fail_next(t, 1 + below(&t->rng, c->cmd == KVM_CREATE_VM ? 2500 : 5));
	r = ioctl(fd, cmd, arg);
	e = errno;
	if (fail)
		fail_off(t);
	errno = e;
	count(c - calls, r);
	if (r > 2 && (cmd == KVM_CREATE_VM || cmd == KVM_CREATE_VCPU) && fd != r)
		adopt(t, m, c, r);
}
