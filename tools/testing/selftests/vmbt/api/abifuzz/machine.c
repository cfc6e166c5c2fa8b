// SPDX-License-Identifier: GPL-2.0
/*
 * A VM that really runs, and the threads that run it. What the other threads do
 * to it ends it again and again; then it is started anew, or made anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abifuzz.h"
#include "guest.h"

extern const uint8_t guest_start[], guest_end[], guest_real[], guest_flat[],
	guest_paged[], guest_busy[];

int machine_slot(struct machine *m, uint32_t slot, uint32_t flags, uint64_t gpa,
		 uint64_t size, void *mem)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = size, .userspace_addr = (uintptr_t)mem,
	};

	return call_known(KVM_SET_USER_MEMORY_REGION, READ_ONCE(m->vm), &r);
}

/* Where its memory and its run page are for the whole life. */
bool machine_room(struct machine *m)
{
	if (!m->ram) {
		m->ram = mmap(NULL, GUEST_END, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (m->ram == MAP_FAILED)
			m->ram = NULL;
	}
	if (!m->run) {
		m->run = mmap(NULL, RUN_PAGES * PAGE, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (m->run == MAP_FAILED)
			m->run = NULL;
	}
	return m->ram && m->run;
}

/* Its devices have ports and memory whose writes may wait. */
static void machine_devices(struct self *t, struct machine *m)
{
	unsigned int i;

	for (i = below(&t->rng, 4); i; i--)
		call_filled(t, m, KVM_REGISTER_COALESCED_MMIO, READ_ONCE(m->vm));
	for (i = below(&t->rng, 3); i; i--)
		call_filled(t, m, VMBT_SET_PAIR, READ_ONCE(m->cpu));
}

/* No descriptor is free: nothing may stay of what was made for one. */
static void no_descriptor(int vm)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &r);
	call_known(KVM_CREATE_VCPU, vm, NULL);
	/* Another thread may be between the two, too. */
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

bool machine_make(struct self *t, struct machine *m)
{
	sigset_t all;
	int vm, cpu;

	if (!machine_room(m))
		return false;
	/* A signal would end it, most times. */
	sigemptyset(&all);
	sigaddset(&all, SIGUSR1);
	sigaddset(&all, SIGALRM);
	sigaddset(&all, SIGUSR2);
	if (!one_in(&t->rng, 16))
		pthread_sigmask(SIG_BLOCK, &all, NULL);
	vm = call_known(KVM_CREATE_VM, READ_ONCE(t->life->dev), NULL);
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
	if (vm < 0) {
		/* Another thread has made something else of the descriptor. */
		if (errno == ENOTTY || errno == EBADF)
			WRITE_ONCE(t->life->dev, open("/dev/vmbt", O_RDWR | O_CLOEXEC));
		return false;
	}
	WRITE_ONCE(m->vm, vm);
	m->chips = one_in(&t->rng, 2) &&
		   !call_known(VMBT_CREATE_CHIPS, vm, NULL);
	m->logged = one_in(&t->rng, 2);
	m->hostile = one_in(&t->rng, 12) &&
		     !call_known(VMBT_HOSTILE_ENABLE, vm, NULL);
	if (one_in(&t->rng, 4))
		no_descriptor(vm);
	cpu = call_known(KVM_CREATE_VCPU, vm, NULL);
	if (cpu < 0)
		return false;
	WRITE_ONCE(m->cpu, cpu);
	if (mmap(m->run, RUN_PAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, cpu, 0) == MAP_FAILED)
		return false;
	machine_devices(t, m);
	machine_start(t, m);
	return true;
}

static void close_one(int *fd)
{
	int old = __atomic_exchange_n(fd, -1, __ATOMIC_SEQ_CST);

	if (old > 2)
		close(old);
}

/* In any order; the mapping of the run page may stay and keep the VM. */
void machine_close(struct self *t, struct machine *m)
{
	unsigned int first = below(&t->rng, 3), i;

	for (i = 0; i < 3; i++) {
		switch ((first + i) % 3) {
		case 0:
			close_one(&m->vm);
			break;
		case 1:
			close_one(&m->cpu);
			break;
		default:
			if (one_in(&t->rng, 2))
				mmap(m->run, RUN_PAGES * PAGE, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
	}
}

/* One of the guest's four programs, from its beginning. */
void machine_start(struct self *t, struct machine *m)
{
	struct kvm_segment data = {
		.limit = 0xffffffff, .type = 3, .s = 1, .present = 1, .db = 1,
		.g = 1, .selector = 16,
	};
	const uint8_t *entries[] = { guest_real, guest_flat, guest_paged, guest_busy };
	unsigned int which = below(&t->rng, ARRAY_SIZE(entries));
	struct kvm_regs regs = {
		.rflags = 2, .rsp = GUEST_STACK,
		.rip = GUEST_CODE + (entries[which] - guest_start),
	};
	int cpu = READ_ONCE(m->cpu);
	struct kvm_mp_state mp = { };
	struct kvm_sregs s;
	uint8_t zero = 0;

	machine_slot(m, 0, m->logged ? KVM_MEM_LOG_DIRTY_PAGES : 0, 0, GUEST_RAM,
		     m->ram);
	if (!one_in(&t->rng, 4))
		machine_slot(m, 9, 0, GUEST_FAR, GUEST_MORE, m->ram + GUEST_RAM);
	mprotect(m->ram, GUEST_RAM, PROT_READ | PROT_WRITE);
	if (!poke(m->ram + GUEST_CODE, guest_start, guest_end - guest_start)) {
		mmap(m->ram, GUEST_RAM, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		poke(m->ram + GUEST_CODE, guest_start, guest_end - guest_start);
	}
	if (m->run)
		poke(&((struct kvm_run *)m->run)->immediate_exit, &zero, 1);
	/* A port access that waits for its answer is in the way. */
	if (call_known(KVM_GET_SREGS, cpu, &s))
		return;
	if (!which) {
		data.limit = 0xffff;
		data.selector = 0;
		data.db = 0;
		data.g = 0;
	}
	s.ds = data;
	s.es = data;
	s.fs = data;
	s.gs = data;
	s.ss = data;
	s.cs = data;
	s.cs.type = 11;
	if (which)
		s.cs.selector = 8;
	s.cr0 = which ? 0x11 : 0x10;
	s.cr4 = 0;
	s.cr3 = 0;
	s.efer = 0;
	call_known(KVM_SET_SREGS, cpu, &s);
	call_known(KVM_SET_REGS, cpu, &regs);
	call_known(KVM_SET_MP_STATE, cpu, &mp);
}

static void answer(struct self *t, struct machine *m, const struct kvm_run *head)
{
	struct kvm_interrupt irq = { .irq = 0x20 + below(&t->rng, 16) };
	struct kvm_irq_level level = { .irq = 1 + below(&t->rng, 15), .level = 1 };

	switch (head->exit_reason) {
	case KVM_EXIT_HLT:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		if (!m->chips) {
			call_known(KVM_INTERRUPT, READ_ONCE(m->cpu), &irq);
			break;
		}
		call_known(KVM_IRQ_LINE, READ_ONCE(m->vm), &level);
		level.level = 0;
		call_known(KVM_IRQ_LINE, READ_ONCE(m->vm), &level);
		break;
	case KVM_EXIT_SHUTDOWN:
	case KVM_EXIT_INTERNAL_ERROR:
		machine_start(t, m);
		break;
	}
}

/* The writes that the VMM kept: as long as they are there, it keeps fewer. */
static void take_writes(struct self *t, struct machine *m)
{
	struct kvm_coalesced_mmio_ring *ring =
		(void *)(m->run + VMBT_COALESCED_PAGE * PAGE);
	uint32_t last;

	if (!one_in(&t->rng, 8) && peek(&last, &ring->last, sizeof(last)))
		poke(&ring->first, &last, sizeof(last));
}

const char *const tallied[TALLIES] = {
	"world_switches", "insns_translated", "switches_de_bt", "shadow_fills",
	"code_invalidations", "monitor_moves", "interrupts_injected", "hc_get_page",
	"hc_pool_grow", "grants", "grants_large", "revokes", "grant_retries", "kicks",
	"coalesced", "registers_read",
};

/* A file of debugfs about a VM: 0, or -1 and errno. */
int machine_look(struct machine *m, const char *name, char *text, size_t size)
{
	char path[64];
	int fd, n;

	snprintf(path, sizeof(path), "/sys/kernel/debug/vmbt/%d-%d/%s", getpid(),
		 READ_ONCE(m->vm), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n < 0 ? -1 : 0;
}

/* Whatever was done to it: its page tables show no page that is not its own. */
int machine_leaves(struct machine *m)
{
	char text[1024], *line;

	if (machine_look(m, "leaves", text, sizeof(text)))
		return -1;
	line = strstr(text, "unknown ");
	if (line && atoi(line + 8)) {
		printf("# %s\n", line);
		__atomic_fetch_add(&counts->unknown, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

/* What it has done, before it goes. */
void machine_tally(struct self *t, struct machine *m)
{
	struct vmbt_stats *s = (void *)t->arena;
	unsigned int i, j;

	machine_leaves(m);
	s->nstats = 400;
	s->flags = 0;
	if (call_known(VMBT_GET_STATS, READ_ONCE(m->vm), s))
		return;
	for (i = 0; i < s->nstats && i < 400; i++)
		for (j = 0; j < TALLIES; j++)
			if (!strcmp(s->stats[i].name, tallied[j]))
				__atomic_fetch_add(&counts->tally[j],
						   s->stats[i].value,
						   __ATOMIC_RELAXED);
}

/* A thread that runs the VMs of the odd or of the even numbers. */
void *runner(void *arg)
{
	unsigned int bad = 0, rounds = 0, reason;
	struct self *t = arg;
	struct machine *m = &t->life->m[below(&t->rng, VMS)];
	uint64_t zero = 0;
	struct kvm_run head;
	bool fail;
	long r;

	while (!READ_ONCE(t->life->over)) {
		if (!(++rounds & 255) || m->cpu < 0 || bad > 8) {
			m = &t->life->m[below(&t->rng, VMS)];
			if (m->cpu >= 0 && bad > 8)
				machine_start(t, m);
			if (m->cpu < 0 || (bad > 8 && one_in(&t->rng, 8))) {
				if (m->vm >= 0)
					machine_tally(t, m);
				machine_close(t, m);
				if (!machine_make(t, m) && one_in(&t->rng, 4))
					usleep(2000);
			}
			bad = 0;
		}
		/* Another thread's garbage that would make each run fail. */
		if (!one_in(&t->rng, 10)) {
			poke(&((struct kvm_run *)m->run)->kvm_valid_regs, &zero, 8);
			poke(&((struct kvm_run *)m->run)->kvm_dirty_regs, &zero, 8);
			poke(&((struct kvm_run *)m->run)->immediate_exit, &zero, 1);
		}
		if (m->hostile && !call_filled(t, m, VMBT_HOSTILE_RUN, READ_ONCE(m->cpu)))
			continue;
		fail = t->fail_fd >= 0 && one_in(&t->rng, 4);
		if (fail)
			fail_next(t, 1 + below(&t->rng, 12));
		WRITE_ONCE(m->running, true);
		r = ioctl(READ_ONCE(m->cpu), KVM_RUN, 0);
		WRITE_ONCE(m->running, false);
		if (fail) {
			int e = errno;

			fail_off(t);
			errno = e;
		}
		for (reason = 0; calls[reason].cmd != KVM_RUN; reason++)
			;
		count(reason, r);
		if (r < 0) {
			bad += errno != EINTR && errno != EAGAIN;
			continue;
		}
		if (!peek(&head, m->run, 64))
			continue;
		take_writes(t, m);
		reason = head.exit_reason < EXITS ? head.exit_reason : EXITS - 1;
		__atomic_fetch_add(&counts->exits[reason], 1, __ATOMIC_RELAXED);
		bad += reason == KVM_EXIT_INTERNAL_ERROR || reason == KVM_EXIT_SHUTDOWN;
		/* Its code has gone. */
		bad += reason == KVM_EXIT_MMIO && head.mmio.phys_addr < GUEST_RAM;
		answer(t, m, &head);
	}
	return NULL;
}
