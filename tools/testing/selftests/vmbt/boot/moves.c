// SPDX-License-Identifier: GPL-2.0
/*
 * vmbt-run that moves its guest: at random moments everything there is goes to
 * a new VM in a new process, and the guest must not notice.
 *
 * This is linked with vmbt-run's own objects; the linker sends its calls of
 * three functions here (--wrap). A move is: stop the vCPU's thread, read all
 * state, fork. The child has a copy of guest RAM and of the devices in user
 * space; it opens the device anew, makes a VM, sets the state, reads it back,
 * and goes on. The parent closes its VM, frees the guest's RAM and only passes
 * on how its child ends.
 *
 * Half of the moves are at a moment that is random in time, wherever the guest
 * is. The others want one of four situations in turn: the guest in its kernel
 * (translated), with an interrupt that waits, executing directly (ring 3), or
 * halted. The guest is interrupted and looked at again and again until it is
 * there: for longer than a whole boot takes, since a guest that boots has no
 * ring 3 yet. If even that is too short it is moved all the same, and the
 * situation wanted again the next time.
 *
 * A guest that waits for a line on its first serial port gets one when all
 * moves are done, so that it does not end before.
 *
 * Environment: MOVES (default 20), MOVES_SEED, MOVES_SPAN (milliseconds within
 * which the moves shall be, roughly), MOVES_LOG (a file; a line for each move).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"
#include "moves.h"
#include "util.h"
#include "vmstate.h"

#define MOVING		((enum outcome)100)
#define PATIENCE	4	/* spans that a situation is looked for */
#define EFLAGS_IF	0x200
#define EFLAGS_VM	0x20000
#define NS_PER_MS	1000000ULL

enum situation { KERNEL, PENDING, DIRECT, IN_HALT, SITUATIONS };

static const char *const situation_name[] = { "kernel", "pending", "direct", "halted" };

static struct {
	struct machine *machine;
	unsigned int total;
	unsigned int done;
	unsigned int found;	/* situations that were wanted, so far */
	bool anywhere;		/* the next move wants none */
	bool look;		/* the vCPU's thread is asked to look */
	unsigned int looks;
	u64 since;		/* when the first of them was due */
	u64 span;
	u64 random;
	const char *log;
	struct loop_timer timer;
	/* The vCPU was in HLT, with the chips in this program. */
	bool asleep;
	u32 last_exit;
} moves;

static u64 number(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

/* xorshift64*: the same moves for the same seed, as far as time allows. */
static u32 chance(u32 below)
{
	moves.random ^= moves.random >> 12;
	moves.random ^= moves.random << 25;
	moves.random ^= moves.random >> 27;
	return (moves.random * 0x2545f4914f6cdd1dULL >> 32) * below >> 32;
}

__printf(1, 2)
static void note(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int fd, n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fd = open(moves.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, line, n) != n)
		die("%s: %s", moves.log, strerror(errno));
	close(fd);
}

static void set_timer(struct machine *m, u64 ns)
{
	loop_set_timer(&m->loop, &moves.timer, now_ns() + ns);
}

static u64 next_move(void)
{
	u64 mean = moves.span * NS_PER_MS / (moves.total + 1);

	return mean * chance(2000) / 1000;
}

static struct vm_fds fds(const struct machine *m)
{
	return (struct vm_fds){ m->vmm.sys, m->vmm.vm, m->vmm.vcpu, m->vmm.chips };
}

static bool interrupt_waits(const struct machine *m, const struct vm_state *s)
{
	if (s->events.interrupt.injected || s->events.exception.injected || s->events.nmi.injected)
		return true;
	if (!m->vmm.chips)
		return pic_intr(&m->pic);
	return (s->pic[0].s.pic.irr & ~s->pic[0].s.pic.imr) ||
	       (s->pic[1].s.pic.irr & ~s->pic[1].s.pic.imr);
}

/* Is the guest in one of the situations? */
static bool is_in(const struct machine *m, const struct vm_state *s, enum situation what)
{
	bool halted = moves.asleep || s->mp.mp_state == KVM_MP_STATE_HALTED;
	u8 cpl = s->sregs.ss.dpl;

	switch (what) {
	case DIRECT:
		return !halted && cpl == 3 && !(s->regs.rflags & EFLAGS_VM);
	case KERNEL:
		return !halted && !cpl && s->sregs.cr0 & 1;
	case IN_HALT:
		return halted;
	default:
		return interrupt_waits(m, s);
	}
}

/* Called with the lock held, from either thread. */
static void looked(struct machine *m, bool there)
{
	if (!moves.looks++)
		moves.since = now_ns();
	if (there || now_ns() - moves.since > PATIENCE * moves.span * NS_PER_MS)
		machine_end(m, MOVING);
	else
		set_timer(m, chance(2000) * 1000);
}

/* On the main thread, with the lock held. */
static void expired(void *arg, u64 now)
{
	struct machine *m = arg;

	if (moves.done == moves.total) {
		if (uart_room(&m->serial[0].uart))
			uart_receive(&m->serial[0].uart, '\n');
		loop_set_timer(&m->loop, &moves.timer, now + 300 * NS_PER_MS);
	} else if (moves.anywhere) {
		machine_end(m, MOVING);
	} else if (m->vcpu.halted) {
		looked(m, moves.found % SITUATIONS == IN_HALT);
	} else {
		moves.look = true;
		vcpu_kick(m);
		/* In case it was not in the guest. */
		set_timer(m, 20 * NS_PER_MS);
	}
}

/* The first start comes from machine_boot(), the others from below. */
void __wrap_vcpu_start(struct machine *m)
{
	if (!moves.machine) {
		moves.machine = m;
		moves.total = number("MOVES", 20);
		moves.span = number("MOVES_SPAN", 20000);
		moves.random = number("MOVES_SEED", 1) * 2 + 1;
		moves.log = getenv("MOVES_LOG") ?: "/dev/stderr";
		chance(1);
	}
	loop_add_timer(&m->loop, &moves.timer, expired, m);
	set_timer(m, moves.done < moves.total ? next_move() : 1);
	__real_vcpu_start(m);
}

/* On the vCPU's thread, which has just left the guest between two instructions. */
static void look(struct machine *m)
{
	static struct vm_state s;
	const char *failed;
	struct vm_fds f = fds(m);

	failed = vm_state_get(&s, &f);
	if (failed)
		die("%s: %s", failed, strerror(errno));
	pthread_mutex_lock(&m->lock);
	if (moves.look) {
		moves.look = false;
		looked(m, is_in(m, &s, moves.found % SITUATIONS));
	}
	pthread_mutex_unlock(&m->lock);
}

/* A thread that starts with the guest in HLT finds it there. */
int __wrap_vmm_run(struct vmm *vmm)
{
	int rc = 0;

	if (moves.asleep) {
		moves.asleep = false;
		vmm->run->exit_reason = KVM_EXIT_HLT;
		vmm->run->if_flag = 1;
	} else {
		rc = __real_vmm_run(vmm);
		if (rc == -EINTR && READ_ONCE(moves.look))
			look(moves.machine);
	}
	moves.last_exit = rc ? KVM_EXIT_INTR : vmm->run->exit_reason;
	return rc;
}

/* To the end of the instruction that waited for user space. */
static void finish_insn(struct machine *m)
{
	struct kvm_run *run = m->vmm.run;
	int rc;

	run->request_interrupt_window = 0;
	run->immediate_exit = 1;
	while (!(rc = __real_vmm_run(&m->vmm))) {
		if (run->exit_reason == KVM_EXIT_IO)
			bus_io(&m->bus, run->io.direction == KVM_EXIT_IO_OUT, run->io.port,
			       run->io.size, run->io.count, vmm_io_data(&m->vmm));
		else if (run->exit_reason != KVM_EXIT_MMIO)
			die("exit %u while an instruction is finished", run->exit_reason);
	}
	run->immediate_exit = 0;
	if (rc != -EINTR)
		die("an instruction can't be finished: %s", strerror(-rc));
}

static void describe(const struct machine *m, const struct vm_state *s)
{
	unsigned int i;

	note("move %u of %u, look %u:", moves.done, moves.total, moves.looks);
	for (i = 0; i < SITUATIONS; i++)
		if (is_in(m, s, i))
			note(" %s", situation_name[i]);
	note(" cs:eip %x:%08llx cr0 %llx eflags %llx shadow %u\n", s->sregs.cs.selector,
	     s->regs.rip, s->sregs.cr0, s->regs.rflags, s->events.interrupt.shadow);
}

/* In the new process: everything anew, from the state and the copy of RAM. */
static void arrive(struct machine *m, struct vm_state *s)
{
	static struct vm_state got;
	bool chips = m->vmm.chips;
	const char *failed;
	struct vm_fds f;

	vmm_destroy(&m->vmm);
	vmm_create(&m->vmm, m->o->device, chips);
	memory_attach(&m->memory, &m->vmm);
	f = fds(m);
	failed = vm_state_set(s, &f);
	if (failed)
		die("%s: %s", failed, strerror(errno));
	failed = vm_state_get(&got, &f);
	if (failed)
		die("%s: %s", failed, strerror(errno));
	failed = vm_state_differs(s, &got);
	if (failed)
		note("not the same after it was set: %s\n", failed);
	m->vmm.run->if_flag = !!(s->regs.rflags & EFLAGS_IF);
}

/* The parent's end: as the child's. */
static void __noreturn pass_on(struct machine *m, pid_t child)
{
	int status;

	vmm_destroy(&m->vmm);
	memory_destroy(&m->memory);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waiting for the next process: %s", strerror(errno));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status));
}

static void move(struct machine *m, struct vm_state *s)
{
	pid_t child;

	moves.done++;
	if (is_in(m, s, moves.found % SITUATIONS))
		moves.found++;
	/* All that is left to find is worth more than chance. */
	moves.anywhere = (moves.done & 1) && moves.total - moves.done >= SITUATIONS;
	describe(m, s);
	moves.looks = 0;
	machine_flush(m);
	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child)
		pass_on(m, child);
	arrive(m, s);
}

/* The vCPU's thread has ended: for a move, or because the machine has. */
void __wrap_vcpu_join(struct machine *m)
{
	static struct vm_state s;
	const char *failed;
	struct vm_fds f;

	__real_vcpu_join(m);
	while (m->outcome == MOVING) {
		moves.asleep = !m->vmm.chips && moves.last_exit == KVM_EXIT_HLT;
		if (!moves.asleep)
			finish_insn(m);
		f = fds(m);
		failed = vm_state_get(&s, &f);
		if (failed)
			die("%s: %s", failed, strerror(errno));
		move(m, &s);
		m->outcome = m->signal ? KILLED : RUNNING;
		m->loop.stop = false;
		moves.look = false;
		set_timer(m, moves.done < moves.total ? next_move() : 1);
		__real_vcpu_start(m);
		loop_run(&m->loop);
		__real_vcpu_join(m);
	}
}
