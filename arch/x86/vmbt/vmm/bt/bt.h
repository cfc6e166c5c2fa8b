/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The binary translator as core sees it. See Documentation/vmbt/bt.rst.
 */
#ifndef VMBT_BT_H
#define VMBT_BT_H

#include "../vcpu.h"
#include "../decode/decode.h"

void bt_init(struct vcpu *v);

/**
 * bt_enter() - find or make translated code for v->guest, fill v->frame
 * @v: the vCPU
 *
 * On X_OK frame.gpr, rip, rflags and rsp are set for the translation cache
 * (cs, ss and the rest are desc_prepare()'s). X_FAULT: fetching the code
 * raises v->exc. X_RETRY: interpret one instruction instead (interp_step()),
 * as when it crosses into memory without RAM.
 */
int bt_enter(struct vcpu *v);

/**
 * bt_handler() - translated code for an entry point of the guest's kernel
 * @v: the vCPU
 * @eip: where it is
 * @ctx: what bt_handler_context() said when the kernel was entered there before,
 *	with CS, SS and control registers of the same content
 *
 * Return: to be given to bt_enter_handler(), or 0: bt_enter() has to look for it
 */
u32 bt_handler(const struct vcpu *v, u32 eip, u64 ctx);
u64 bt_handler_context(const struct vcpu *v);

/**
 * bt_enter_handler() - have the frame go on at an entry point of the kernel
 * @v: the vCPU; segments and EFLAGS of v->guest, and the frame's general registers
 *	and RSP, are what they are there
 * @eip: the entry point
 * @tc: bt_handler()'s word
 */
void bt_enter_handler(struct vcpu *v, u32 eip, u32 tc);

/**
 * bt_enter_at_once() - the same when only the guest has run since, and CR2 may be another
 * @v: the vCPU; EFLAGS of v->guest, and the frame's general registers and RSP, are what
 *	they are there
 * @tc: what bt_enter_handler() was given
 *
 * The monitor area has what it had then, but for what translated code writes there.
 */
void bt_enter_at_once(struct vcpu *v, u32 tc);

/* Why translated code came back: the meaning of a callout's address. */
enum bt_callout_kind {
	BT_NOT_CALLOUT,		/* frame.rip is no callout site */
	BT_BRANCH,		/* to an untranslated direct target: EIP set */
	BT_INDIRECT,		/* hash miss: EIP set, checked against limit */
	BT_INTERP,		/* interpret the instruction at EIP */
	BT_STI,			/* interrupts just became possible at EIP */
	BT_SELFCHECK,		/* code bytes changed: unit dropped, go on */
};

/**
 * bt_callout() - a callout vector came from the translation cache
 * @v: the vCPU, as metal_run() left it
 *
 * Brings v->guest in sync (as bt_sync()) at the state the callout stands for,
 * and chains where it can.
 */
enum bt_callout_kind bt_callout(struct vcpu *v);

/* An instruction at a callout, kept for the next time. */
struct bt_insn {
	bool known;
	struct vmbt_insn in;
};

/**
 * bt_callout_insn() - what is known of the instruction of a BT_INTERP
 * @v: the vCPU, right behind bt_callout()
 *
 * Return: where it is kept, to be filled by the caller if not known yet; NULL
 * if its bytes may change without notice (self-checking units).
 */
struct bt_insn *bt_callout_insn(struct vcpu *v);

/**
 * bt_continue() - let translated code go on right behind the last callout
 * @v: the vCPU
 *
 * For instructions whose only traces are in general registers, arithmetic
 * flags, data segments and EIP, which is the next instruction's. v->guest is in
 * sync before, v->frame is live afterwards, without a look at the tables and at
 * the cache.
 *
 * Return: false if the unit has been dropped: enter it anew.
 */
bool bt_continue(struct vcpu *v);

/**
 * bt_sync() - bring v->guest in sync with v->frame, wherever in the cache
 * @v: the vCPU
 *
 * For faults and asynchronous interrupts: the state at the start of the guest
 * instruction that frame.rip belongs to (or at the next boundary, whichever
 * the code at hand allows). frame.rip outside of the cache's code (the guest
 * jumped wildly at ring 1) returns X_UNSUPPORTED.
 */
int bt_sync(struct vcpu *v);

/* The guest went on by itself to where no translated code runs. */
void bt_left(struct vcpu *v);

/**
 * bt_at_boundary() - has the last guest instruction been completed?
 * @v: the vCPU, its frame live
 *
 * For traps, which come behind an instruction of the cache that may be one of
 * several for the guest's.
 *
 * Return: false if bt_sync() would go back to the start of one in progress.
 */
bool bt_at_boundary(struct vcpu *v);

/**
 * bt_may_count() - may translated code be about to count a port write (post.c)?
 * @v: the vCPU, back from VCPU_BT1 and not in sync
 *
 * What it counts by is in ECX then, and ECX is spilled.
 *
 * Return: false if it is not
 */
bool bt_may_count(struct vcpu *v);

/* A write met a trace, right behind bt_sync(); bt/adapt.c */
void bt_adapt_fault(struct vcpu *v, u32 lin);
/* The instruction of a BT_INTERP has been done; did it write to a traced page? */
void bt_adapt_done(struct vcpu *v, bool useful);

/* An interrupt waits for the virtual IF (or no longer does). */
void bt_set_pending(struct vcpu *v, bool on);

/* Guest code bytes are about to change, or their mapping did. */
void bt_invalidate_phys(struct vcpu *v, u64 gpa, u32 len);
void bt_end_epoch(struct vcpu *v);
void bt_flush(struct vcpu *v);
void bt_halted(struct vcpu *v);

/**
 * bt_some_callout() - a callout in the cache, for the hostile-guest test
 * @v: the vCPU
 * @n: any number; which one
 * Return: the offset in the monitor area of its INT, 0 if there is none yet
 */
u32 bt_some_callout(struct vcpu *v, u32 n);

/* What that test's guests may write to as it was: the runtime, the hash tables. */
void bt_restore(struct vcpu *v);
/* All pages of the monitor area are there, as if very much had been translated. */
void bt_expose(struct vcpu *v);

/* Guest instructions of the last units entered, newest first, for dumps. */
void bt_trace_dump(struct vcpu *v);

#endif
