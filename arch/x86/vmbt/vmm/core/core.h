/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The run loop's parts.
 */
#ifndef VMBT_CORE_H
#define VMBT_CORE_H

#include "../vcpu.h"

struct vmbt_insn;

/* Entered once per VM from metal/, on the VMM's stack; never returns. */
void __noreturn vmm_main(void);
/* The same, on an empty stack, for what was at work is given up (test mode). */
void __noreturn vmm_again(void);

/* core/exits.c: handle why metal_run() came back. */
void core_handle_exit(struct vcpu *v);
/* Take notice of the guest's having gone to ring 3 by itself, if it has. */
void core_arrive(struct vcpu *v);

/* core/events.c */
void core_sync(struct vcpu *v);		/* bring v->guest in sync */
bool core_serve_host(struct vcpu *v);	/* requests; false: start over */
bool core_inject(struct vcpu *v);	/* events into the guest; ditto */
void core_finish(struct vcpu *v, int result);	/* of acting for an insn */
/* One instruction, guest in sync; @in: what it is, or NULL to fetch it. */
int core_interpret(struct vcpu *v, const struct vmbt_insn *in);
void core_callout_insn(struct vcpu *v);
void core_step(struct vcpu *v);	/* the next one, with its breakpoints */
void core_leave(struct vcpu *v, u32 exit_kind);
void __noreturn core_stop(struct vcpu *v, u32 exit_kind);

/* core/gate.c: from user code into the guest's kernel as the last time. */
enum core_gate {
	CORE_INT80,
	CORE_PF,
	CORE_SYSENTER,
	CORE_GATES
};

bool core_gate(struct vcpu *v, enum core_gate n, const struct vcpu_exc *exc);
void core_gate_strayed(void);
void core_gate_filled(void);
void core_gate_begin(struct vcpu *v, enum core_gate n);
void core_gate_arrived(struct vcpu *v);
void core_gate_learn(struct vcpu *v);

/* core/debug.c */
void core_debug_translate(struct vcpu *v);
void core_debug_exit(struct vcpu *v);
int core_debug_trap(struct vcpu *v, u32 dr6);
int core_debug_after(struct vcpu *v, int result, bool tf);
void core_debug_late(struct vcpu *v);

/* core/hostile.c: test mode; true: start over */
bool core_hostile_turn(struct vcpu *v);
bool core_hostile_exit(struct vcpu *v);
/* Before anything else leaves to user space. */
void core_hostile_leave(void);

#endif
