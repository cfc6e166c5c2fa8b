/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world switch as the driver sees it.
 *
 * drivers/vmbt owns file descriptors, guest memory and user space;
 * arch/x86/vmbt/host owns the VMM's address space and the way into it and
 * back. This is all that passes between them. A VM has one struct vmbt_space,
 * a virtual CPU one struct vmbt_hv_vcpu.
 */
#ifndef VMBT_HOST_H
#define VMBT_HOST_H

#include <linux/types.h>

#include "hostcall.h"

struct vmbt_space;
struct vmbt_hv_vcpu;
struct dentry;

/**
 * vmbt_host_init() - at module load: may this machine run vmbt?
 * @force: accept a CPU without IBPB
 *
 * Refusals are logged, one line each. Validates the embedded image and finds
 * out what the CPU does; nothing of it depends on a VM.
 *
 * Return: 0, -ENODEV if the machine is refused, or another error
 */
int vmbt_host_init(bool force);
void vmbt_host_exit(void);

/* VMBT_HOST_* that hold on this machine; stable after vmbt_host_init(). */
u32 vmbt_host_caps(void);

/**
 * vmbt_space_create() - an address space of the VMM world with a fresh image
 * @pool_pages: pool pages to start with; more by vmbt_space_pool_grow()
 *
 * Return: the space or ERR_PTR()
 */
struct vmbt_space *vmbt_space_create(u32 pool_pages);

/**
 * vmbt_space_cost() - what an address space takes of the host's memory
 * @pool_pages: as for vmbt_space_create()
 *
 * Return: pages, none of which can be swapped; the most it can be, vCPU included
 */
unsigned long vmbt_space_cost(u32 pool_pages);

/* How many pages it has now, tables and the pages that both worlds map included. */
unsigned long vmbt_space_pages(const struct vmbt_space *space);

/* All vCPUs of the space must have been destroyed. */
void vmbt_space_destroy(struct vmbt_space *space);

/* The pages both worlds map. Zero at creation but for what the loader knows. */
struct vmbt_shared *vmbt_space_shared(struct vmbt_space *space);

/**
 * vmbt_space_pool_grow() - more pool pages: the answer to VMBT_HC_POOL_GROW
 * @space: while its vCPU is not in the VMM world
 * @want: how many more, where pages were given back first; may sleep; gets as many
 *	as there are
 * @end: where the pool ends now
 *
 * Return: how many more there are
 */
u32 vmbt_space_pool_grow(struct vmbt_space *space, u32 want, u32 *end);

/**
 * vmbt_space_pool_shrink() - free pages that the VMM gives back
 * @space: while its vCPU is not in the VMM world
 * @list: their numbers, which may be any
 * @count: how many
 * @end: where the pool ends now: just above the last page
 *
 * What CPUs remember of them is not used again. That no table names them any more is the
 * VMM's to know, as with a grant that was revoked.
 *
 * Return: how many are free; fewer than @count if the next is no page of the pool, one
 * of the loader's, or the root that the vCPU runs on
 */
u32 vmbt_space_pool_shrink(struct vmbt_space *space, const u32 *list, u32 count,
			   u32 *end);

/* Who put a present leaf entry into the VMM's page tables. */
enum vmbt_leaf_owner {
	VMBT_LEAF_IMAGE,	/* text, rodata, data, bss */
	VMBT_LEAF_SHARED,
	VMBT_LEAF_STACK,
	VMBT_LEAF_POOLMAP,
	VMBT_LEAF_POOL,
	VMBT_LEAF_ALIAS,
	VMBT_LEAF_GDT,
	VMBT_LEAF_CROSS_TEXT,
	VMBT_LEAF_CROSS_DATA,
	VMBT_LEAF_WINDOW,	/* guest memory, by its window */
	VMBT_LEAF_GUEST,	/* below 4 GiB: guest memory or pool pages */
	VMBT_LEAF_GUEST_LARGE,	/* below 4 GiB: 2 MiB of guest memory */
	VMBT_LEAF_UNKNOWN,	/* a bug, always */
	VMBT_LEAF_OWNERS,
};

/**
 * struct vmbt_leaves - what a walk of the page tables found
 * @count: present leaves by owner
 * @bad_va: address of the first unknown one
 * @bad_pte: and its entry
 */
struct vmbt_leaves {
	u64 count[VMBT_LEAF_OWNERS];
	u64 bad_va;
	u64 bad_pte;
};

/**
 * vmbt_space_leaves() - list every present leaf of the current root by owner
 * @space: while its vCPU is not in the VMM world
 * @granted: says if the VM holds a grant for a frame; NULL: guest memory is
 *	not expected, every such leaf is unknown
 * @data: for @granted
 * @out: filled
 *
 * A leaf is only counted for an owner if address, frame and rights are what
 * the owner is entitled to. Anything else is VMBT_LEAF_UNKNOWN.
 *
 * Return: 0, or -EINVAL if a table itself lies where none may
 */
int vmbt_space_leaves(struct vmbt_space *space,
		      bool (*granted)(void *data, u64 pfn, bool write),
		      void *data, struct vmbt_leaves *out);
const char *vmbt_leaf_name(enum vmbt_leaf_owner owner);

/**
 * vmbt_hv_vcpu_create() - a virtual CPU of the space
 * @space: the space
 * @ready: called by vmbt_world_run() with interrupts off as the last thing
 *	before the switch, after the vCPU has been published as being in the
 *	VMM world (and a full barrier). False: don't switch. It closes the gap
 *	between looking for requests and being there to be kicked.
 * @data: for @ready
 *
 * Return: the vCPU or ERR_PTR()
 */
struct vmbt_hv_vcpu *vmbt_hv_vcpu_create(struct vmbt_space *space,
					 bool (*ready)(void *data),
					 void *data);
void vmbt_hv_vcpu_destroy(struct vmbt_hv_vcpu *v);

/**
 * vmbt_world_run() - one trip to the VMM world and back
 * @v: the vCPU; in process context, preemptible, by one task at a time
 *
 * Returns when the VMM made a host call. INTR, NMI and MCE have been replayed
 * by then and are reported only so that the caller can cond_resched(), look
 * for signals and come back; YIELD likewise. The others are the caller's to
 * answer, in vmbt_shared.hc_ret and hc_out.
 *
 * The caller holds no spinlock, has interrupts on, and looks at signals
 * between two calls, else a guest that never stops can't be killed.
 *
 * Return: enum vmbt_hostcall_nr (> 0), 0 if the vCPU's ready() said no, or -EIO
 * if the VMM died (logged); it must not be run again then.
 */
int vmbt_world_run(struct vmbt_hv_vcpu *v);

/**
 * vmbt_world_kick() - get a vCPU out of the VMM world, and wait until it is
 * @v: the vCPU, on any CPU
 *
 * What its ready() shall see when it comes back must have been written before;
 * has a full barrier first. MMU notifiers call it under spinlocks: interrupts
 * are on, but it must not sleep. Returns at once if the vCPU is not in.
 */
void vmbt_world_kick(struct vmbt_hv_vcpu *v);

/**
 * vmbt_world_nudge() - get a vCPU out of the VMM world, some time soon
 * @v: the vCPU, on any CPU
 *
 * As vmbt_world_kick(), but waits for nothing.
 */
void vmbt_world_nudge(struct vmbt_hv_vcpu *v);

/**
 * struct vmbt_mitigated - what the switches did against speculation, so far
 * @ibpb: indirect branch prediction barriers on the way to the host
 * @bhb: branch histories cleared in software, there
 * @rsb: return stacks refilled, there
 * @verw: CPU buffers cleared on the way into the guest
 * @spec_ctrl: IA32_SPEC_CTRL written on the way to the host
 */
struct vmbt_mitigated {
	u64 ibpb, bhb, rsb, verw, spec_ctrl;
};

/* Counted where they are done; each may still move while the vCPU runs. */
void vmbt_mitigations(const struct vmbt_hv_vcpu *v, struct vmbt_mitigated *out);

/**
 * vmbt_hostile_watch() - for the hostile-guest test: remember how all is
 * @v: the vCPU, before it runs a program; the first time, before it runs at all
 * Return: 0 or -ENOMEM
 */
int vmbt_hostile_watch(struct vmbt_hv_vcpu *v);

/**
 * vmbt_hostile_compare() - is all as vmbt_hostile_watch() found it?
 * @v: the vCPU, not in the VMM world
 * @what: two words about the first thing that is not
 * Return: VMBT_HOSTILE_BAD_*, 0 if nothing differs
 */
u32 vmbt_hostile_compare(struct vmbt_hv_vcpu *v, u64 *what);
void vmbt_hostile_unwatch(struct vmbt_hv_vcpu *v);

/**
 * vmbt_host_selftest() - switch worlds and compare all CPU state
 * @rounds: how many round trips
 *
 * Return: 0 if nothing but what may differ differed; details are logged
 */
int vmbt_host_selftest(unsigned int rounds);

#endif
