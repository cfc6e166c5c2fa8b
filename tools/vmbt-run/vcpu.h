/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread that runs the guest.
 */
#ifndef VMBT_RUN_VCPU_H
#define VMBT_RUN_VCPU_H

#include <pthread.h>

#include "types.h"

struct machine;

/**
 * struct vcpu_counters - what the runner counts, for --stats
 * @exits: returns from KVM_RUN
 * @io: of these, port accesses
 * @mmio: accesses to memory that is not there
 * @halts: HLT
 * @windows: interrupt windows
 * @signals: interrupted by the other thread
 * @injected: interrupts delivered
 * @kicks: signals sent
 * @late: writes that did not exit
 */
struct vcpu_counters {
	u64 exits;
	u64 io;
	u64 mmio;
	u64 halts;
	u64 windows;
	u64 signals;
	u64 injected;
	u64 kicks;
	u64 late;
};

/**
 * struct vcpu - the virtual CPU's thread
 * @thread: the thread
 * @wake: signalled when a halted or stopped guest should look again
 * @halted: it sleeps in HLT
 * @stopped: the user wants it to stand still
 * @stopped_at: since when, in now_ns() time
 * @stood_still: how long it has before, in nanoseconds
 * @held: so does vcpu_hold()
 * @out: signalled when it has left KVM_RUN
 * @tid: number of the thread
 * @in_run: it is in KVM_RUN, or about to be
 * @window: KVM_RUN returns as soon as the guest accepts interrupts
 * @kicked: it has been told to leave KVM_RUN
 * @count: counters
 */
struct vcpu {
	pthread_t thread;
	pthread_cond_t wake;
	bool halted;
	bool stopped;
	u64 stopped_at;
	u64 stood_still;
	bool held;
	pthread_cond_t out;
	int tid;
	bool in_run;
	bool window;
	bool kicked;
	struct vcpu_counters count;
};

void vcpu_start(struct machine *m);
void vcpu_join(struct machine *m);
void vcpu_interrupt(struct machine *m);
void vcpu_kick(struct machine *m);
void vcpu_stop(struct machine *m, bool stop);
void vcpu_hold(struct machine *m);
void vcpu_release(struct machine *m);

#endif
