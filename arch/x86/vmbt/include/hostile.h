/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hostile-guest test mode: what host and VMM say to each other about it.
 *
 * In a VM made for it (module parameter hostile=1, VMBT_HOSTILE_ENABLE) the VMM
 * does not translate the guest's kernel but runs bytes of the guest's choice at
 * ring 1, with the whole monitor area writable: what the isolation invariant
 * supposes that a guest can do anyway (Documentation/vmbt/security.rst). A
 * program is a row of fragments. Each runs until it leaves for the VMM; then
 * the next one starts, or the exit is handled as any other, as @deliver says.
 */
#ifndef VMBT_HOSTILE_H
#define VMBT_HOSTILE_H

#include "types.h"

/* Exit vectors, SYSENTER (256) and what left from virtual-8086 mode. */
#define VMBT_HOSTILE_V86	257
#define VMBT_HOSTILE_VECTORS	258
#define VMBT_HOSTILE_CANARIES	64

/* Where in the monitor area fragments are put, out of the way of the units. */
#define VMBT_HOSTILE_PLACE	0x00300000

/* As in the uapi, which the image does not include. */
#ifndef VMBT_HOSTILE_FRAGMENT
#define VMBT_HOSTILE_FRAGMENT	256
#define VMBT_HOSTILE_FRAGMENTS	16
#endif

/**
 * struct vmbt_hostile - in struct vmbt_shared
 * @canary: the host's; nobody writes it
 * @on: the VM is one; set before its vCPU runs first, never cleared
 * @start: a program follows; whatever the VMM was at is over
 * @warm_eip: ordinary guest code to run first, translated, until it halts
 * @gpa: guest physical address of the fragments, VMBT_HOSTILE_FRAGMENT bytes each
 * @count: fragments, at most VMBT_HOSTILE_FRAGMENTS
 * @deliver: bit per fragment: handle its exit as any other
 * @flags: VMBT_HOSTILE_*, of the uapi
 * @gpr: registers that each fragment starts with
 * @found: what the VMM saw that must not be, VMBT_HOSTILE_BAD_*
 * @what: details of the first thing found
 * @ran: fragments that were started
 * @insns: instructions counted, with VMBT_HOSTILE_STEP
 * @exits: since the program started
 * @vectors: exits by vector, since the VM was made
 */
struct vmbt_hostile {
	u64 canary[VMBT_HOSTILE_CANARIES];
	u32 on;
	u32 start;
	u32 warm_eip;
	u32 gpa;
	u32 count;
	u32 deliver;
	u32 flags;
	u32 gpr[8];
	u32 found;
	u32 ran;
	u32 insns;
	u32 exits;
	u64 what[2];
	u32 vectors[VMBT_HOSTILE_VECTORS];
};

#endif
