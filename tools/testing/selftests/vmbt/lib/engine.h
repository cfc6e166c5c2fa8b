/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMM in an ordinary process, interpreting.
 *
 * The image's pure sources, core's run loop included, run here as a coroutine
 * on malloc'ed memory. There is no ring 1 and no real page table: the engine
 * is always the interpreter. It boots a whole operating system under a
 * sanitizer and a debugger, and it is the oracle that a run under translation
 * is compared with.
 */
#ifndef VMBT_TEST_ENGINE_H
#define VMBT_TEST_ENGINE_H

#include "../../../../../arch/x86/vmbt/include/hostcall.h"

/* One engine a process. RAM is [0, ram_size) of guest physical space. */
void engine_create(void *ram, u64 ram_size);

/* Only the platform, for tests that call the image's functions themselves. */
void engine_plat(void *ram, u64 ram_size);

/*
 * The memory behind a guest frame, or NULL. A test whose guest has more than
 * one piece of RAM has its own in the place of the one here.
 */
void *engine_frame(u64 gfn, bool *writable);

/* What both worlds share; guest state may be set before the first run. */
struct vmbt_shared *engine_shared(void);

/*
 * Run until the VMM leaves: the kind, with details in shared->exit. IO and
 * MMIO are answered in place before the next engine_run().
 */
u32 engine_run(void);

/* Requests of the host, VMBT_REQ_*. */
void engine_request(u32 bits);

#endif
