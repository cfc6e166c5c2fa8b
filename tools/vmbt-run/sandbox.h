/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vmbt-run gives up before the guest runs.
 *
 * A guest that finds a hole in a device shall find a process that can open nothing,
 * run nothing and trace nobody. All capabilities go, and a filter of system calls
 * comes: one for the process, and a narrower one for each kind of thread.
 */
#ifndef VMBT_RUN_SANDBOX_H
#define VMBT_RUN_SANDBOX_H

#include "types.h"

/**
 * enum sandbox_thread - kinds of threads
 * @SANDBOX_MAIN: the event loop: descriptors, front ends, new threads
 * @SANDBOX_VCPU: runs the guest and serves its accesses
 * @SANDBOX_DISK: reads and writes images
 * @SANDBOX_DRIVE: has a CD-ROM or floppy drive of the host's for itself
 * @SANDBOX_NET: has a network behind it; the one that makes connections
 * @SANDBOX_THREADS: how many kinds there are
 */
enum sandbox_thread {
	SANDBOX_MAIN,
	SANDBOX_VCPU,
	SANDBOX_DISK,
	SANDBOX_DRIVE,
	SANDBOX_NET,
	SANDBOX_THREADS,
};

void sandbox_prepare(void);
void sandbox_enter(bool network, bool drives);
void sandbox_expect(void);
void sandbox_thread(enum sandbox_thread kind);

#endif
