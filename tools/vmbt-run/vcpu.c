// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that runs the guest.
 *
 * One turn of the loop is: deliver an interrupt if there is one and the guest
 * accepts it, run, serve what the guest wanted. The machine's lock is held
 * except in KVM_RUN and while output is written.
 *
 * The other thread makes interrupts. A signal is the expensive way to tell us,
 * so it is sent only if it is needed: not when the guest has interrupts off
 * and KVM_RUN will return anyway when it opens the window, not when we are
 * outside, and once. kvm_run.immediate_exit closes the gap between looking for
 * interrupts and being in KVM_RUN.
 */
#include "vcpu.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "sandbox.h"
#include "util.h"

#define KICK	SIGUSR1

static void on_kick(int sig)
{
	(void)sig;	/* being interrupted is the point */
}

static void load(struct kvm_run *run, u8 val)
{
	__atomic_store_n(&run->immediate_exit, val, __ATOMIC_SEQ_CST);
}

/**
 * vcpu_kick() - make the vCPU's thread look at the machine's state
 * @m: the machine
 *
 * Called with the lock held.
 */
void vcpu_kick(struct machine *m)
{
	struct vcpu *v = &m->vcpu;

	if (v->halted || v->stopped || v->held)
		pthread_cond_signal(&v->wake);
	if (!v->in_run || v->kicked)
		return;
	v->kicked = true;
	v->count.kicks++;
	load(m->vmm.run, 1);
	pthread_kill(v->thread, KICK);
}

/**
 * vcpu_stop() - have the guest stand still, or go on
 * @m: the machine
 * @stop: which
 *
 * Called with the lock held. Devices and the host's clocks go on: what they have for
 * the guest waits for it.
 */
void vcpu_stop(struct machine *m, bool stop)
{
	struct vcpu *v = &m->vcpu;

	vcpu_kick(m);
	if (stop && !v->stopped)
		v->stopped_at = now_ns();
	else if (!stop && v->stopped)
		v->stood_still += now_ns() - v->stopped_at;
	v->stopped = stop;
}

/**
 * vcpu_hold() - keep the guest out of KVM_RUN until vcpu_release()
 * @m: the machine
 *
 * Called with the lock held, from the main thread, which may then ask the kernel for the
 * vCPU's registers.
 */
void vcpu_hold(struct machine *m)
{
	struct vcpu *v = &m->vcpu;

	v->held = true;
	vcpu_kick(m);
	while (v->in_run)
		pthread_cond_wait(&v->out, &m->lock);
}

/**
 * vcpu_release() - let it go on
 * @m: the machine
 */
void vcpu_release(struct machine *m)
{
	vcpu_kick(m);
	m->vcpu.held = false;
}

/**
 * vcpu_interrupt() - the interrupt controller has something to deliver
 * @m: the machine
 *
 * Called with the lock held, from either thread.
 */
void vcpu_interrupt(struct machine *m)
{
	if (m->vcpu.halted || !m->vcpu.window)
		vcpu_kick(m);
}

/* Before the guest runs: deliver, or ask to be told when that is possible. */
static void deliver(struct machine *m)
{
	struct kvm_run *run = m->vmm.run;
	int rc;

	if (pic_intr(&m->pic) && run->ready_for_interrupt_injection) {
		rc = vmm_interrupt(&m->vmm, irq_ack(m));
		if (rc) {
			warn("interrupt not accepted: %s", strerror(-rc));
			machine_end(m, FAILED);
		}
		run->ready_for_interrupt_injection = 0;
		m->vcpu.count.injected++;
	}
	run->request_interrupt_window = pic_intr(&m->pic);
	m->vcpu.window = run->request_interrupt_window;
}

/* HLT: sleep until an interrupt comes. Without IF none ever will. */
static void halt(struct machine *m)
{
	struct vcpu *v = &m->vcpu;

	v->count.halts++;
	if (!m->vmm.run->if_flag) {
		if (!m->o->no_shutdown) {
			machine_end(m, HALTED);
			return;
		}
	}
	pthread_mutex_unlock(&m->lock);
	machine_flush(m);
	pthread_mutex_lock(&m->lock);
	v->halted = true;
	while (m->outcome == RUNNING &&
	       (v->stopped || !(pic_intr(&m->pic) && m->vmm.run->if_flag)))
		pthread_cond_wait(&v->wake, &m->lock);
	v->halted = false;
}

static void io(struct machine *m)
{
	struct kvm_run *run = m->vmm.run;
	void *data = vmm_io_data(&m->vmm);

	m->vcpu.count.io++;
	if (!data) {
		warn("port access out of the run page");
		machine_end(m, FAILED);
		return;
	}
	bus_io(&m->bus, run->io.direction == KVM_EXIT_IO_OUT, run->io.port, run->io.size,
	       run->io.count, data);
}

/* Writes that the VMM has kept; they came before what KVM_RUN returned for. */
static void late(struct machine *m)
{
	struct kvm_coalesced_mmio w;

	while (vmm_late(&m->vmm, &w)) {
		m->vcpu.count.late++;
		if (w.len > sizeof(w.data))
			continue;
		if (!w.pio)
			pc_mmio(m, w.phys_addr, w.data, w.len, true);
		else if (w.phys_addr <= 0xffff && (w.len == 1 || w.len == 2 || w.len == 4))
			bus_io(&m->bus, true, w.phys_addr, w.len, 1, w.data);
	}
}

static void serve(struct machine *m)
{
	struct kvm_run *run = m->vmm.run;
	struct vcpu *v = &m->vcpu;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		io(m);
		break;
	case KVM_EXIT_MMIO:
		v->count.mmio++;
		if (run->mmio.len <= sizeof(run->mmio.data))
			pc_mmio(m, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
				run->mmio.is_write);
		break;
	case KVM_EXIT_HLT:
		halt(m);
		break;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		v->count.windows++;
		break;
	case KVM_EXIT_INTR:
		v->count.signals++;
		break;
	case KVM_EXIT_SHUTDOWN:
		machine_end(m, TRIPLE_FAULT);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		warn("internal error %#x: %s", run->internal.suberror, vmm_error_text(&m->vmm));
		dump_print(m);
		machine_end(m, FAILED);
		break;
	default:
		warn("unknown exit reason %u", run->exit_reason);
		dump_print(m);
		machine_end(m, FAILED);
		break;
	}
}

static bool want_flush(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < MAX_SERIAL; i++)
		if (m->serial[i].line.want_flush)
			return true;
	return m->debugcon.want_flush;
}

static void *vcpu_thread(void *arg)
{
	struct machine *m = arg;
	struct vcpu *v = &m->vcpu;
	sigset_t mask;
	int rc;

	v->tid = gettid();
	/* All other signals are the main thread's. */
	sigfillset(&mask);
	sigdelset(&mask, KICK);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	sandbox_thread(SANDBOX_VCPU);

	pthread_mutex_lock(&m->lock);
	while (m->outcome == RUNNING) {
		if (v->stopped || v->held) {
			pthread_cond_wait(&v->wake, &m->lock);
			continue;
		}
		load(m->vmm.run, 0);
		deliver(m);
		if (m->outcome != RUNNING)
			break;
		v->kicked = false;
		v->in_run = true;
		pthread_mutex_unlock(&m->lock);

		rc = vmm_run(&m->vmm);

		pthread_mutex_lock(&m->lock);
		v->in_run = false;
		pthread_cond_broadcast(&v->out);
		v->window = false;
		v->count.exits++;
		late(m);
		if (rc == -EINTR || rc == -EAGAIN) {
			v->count.signals++;
		} else if (rc) {
			warn("the VM can't run: %s", strerror(-rc));
			machine_end(m, FAILED);
		} else {
			serve(m);
		}
		if (want_flush(m)) {
			pthread_mutex_unlock(&m->lock);
			machine_flush(m);
			pthread_mutex_lock(&m->lock);
		}
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/**
 * vcpu_start() - start the thread
 * @m: the machine, ready to run
 */
void vcpu_start(struct machine *m)
{
	struct sigaction sa = { .sa_handler = on_kick };
	struct vcpu *v = &m->vcpu;
	int rc;

	sigaction(KICK, &sa, NULL);
	pthread_cond_init(&v->wake, NULL);
	pthread_cond_init(&v->out, NULL);
	v->halted = false;
	v->in_run = false;
	v->window = false;
	v->kicked = false;
	rc = pthread_create(&v->thread, NULL, vcpu_thread, m);
	if (rc)
		die("no thread for the vCPU: %s", strerror(rc));
}

/**
 * vcpu_join() - wait for the thread to end
 * @m: the machine, which has been told to end; the lock is not held
 */
void vcpu_join(struct machine *m)
{
	pthread_join(m->vcpu.thread, NULL);
	pthread_cond_destroy(&m->vcpu.wake);
	pthread_cond_destroy(&m->vcpu.out);
}
