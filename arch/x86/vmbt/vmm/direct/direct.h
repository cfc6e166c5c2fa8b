/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Direct execution: guest code at ring 3 on the real CPU, unchanged.
 */
#ifndef VMBT_DIRECT_H
#define VMBT_DIRECT_H

#include "../vcpu.h"

/* May v->guest run directly? Looks at virtual registers only. */
bool direct_possible(struct vcpu *v);

/* Load the guest's registers into v->frame; segments are desc_prepare()'s. */
void direct_enter(struct vcpu *v);

/* Translated code came to ring 3 by itself, and no notice has been taken of it yet. */
static inline bool direct_unseen(const struct vcpu *v)
{
	return v->mode == VCPU_BT1 && (v->frame.cs & 3) == 3 &&
	       !(v->frame.rflags & VMBT_X86_EFLAGS_VM);
}

/*
 * Take notice: the frame is that of VCPU_DE now. False: it was not by what the VMM had
 * offered.
 */
bool direct_arrived(struct vcpu *v);

/* The guest's flags; direct_arrived() has not been called, or IF is set. */
u32 direct_flags(const struct vcpu *v);

/* Take registers and segments back from v->frame. */
void direct_sync(struct vcpu *v);

#endif
