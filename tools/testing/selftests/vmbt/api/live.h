/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM that runs in a thread of its own while the host's memory management is at work,
 * and counters in its memory that tell whether the guest still writes them.
 */
#ifndef VMBT_TEST_LIVE_H
#define VMBT_TEST_LIVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/vm.h"

/*
 * struct live - the thread
 * @vm: what it runs
 * @running: there is one
 * @stop: it shall end
 * @left: the VM left for something else than a signal, and runs no more
 */
struct live {
	struct vm *vm;
	pthread_t thread;
	bool running;
	bool stop;
	bool left;
};

void live_start(struct live *l, struct vm *vm);	/* or it dies */
void live_stop(struct live *l);			/* by a signal; nothing if it does not run */
bool live_left(const struct live *l);

/* The scripted VMM: use all pages got so far until live_stop(). */
void live_start_fake(struct live *l, struct vm *vm);
void live_stop_fake(struct live *l);		/* or it dies, if the VM has left */
/* One of its operations (fake.h) with EBX and ECX; what is in EDX, and in ESI. */
uint32_t live_fake(struct vm *vm, uint32_t eax, uint32_t ebx, uint32_t ecx, uint64_t *esi);

/* The counter at the beginning of a page. */
uint32_t counter_in(const void *page);
/* Is it written? On a busy machine that may take a while: five seconds. */
bool counter_moves(const void *page);
/* Is it left alone, for 30 ms? */
bool counter_frozen(const void *page);

#endif
