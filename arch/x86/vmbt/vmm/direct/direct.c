// SPDX-License-Identifier: GPL-2.0
/*
 * Direct execution: what may run, and how its registers travel.
 *
 * Ring-3 code with interrupts on and no I/O privilege can do nothing that the
 * hardware would not stop, so it runs as it stands. Core asks
 * direct_possible() on every way back to the guest.
 */
#include "direct.h"
#include "../desc/desc.h"

/*
 * Flags that ring 3 may read and change on the real CPU. IF is on in both
 * worlds; IOPL is zero in the real one, and code that could notice (IOPL 3)
 * does not run here.
 */
#define DIRECT_FLAGS	(VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_DF |	\
			 VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_NT |	\
			 VMBT_X86_EFLAGS_AC | VMBT_X86_EFLAGS_ID)

bool direct_possible(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;

	if (v->shared->no_de)
		return false;
	/* PUSHF at ring 3 shows the CPU's IOPL. */
	return vcpu_protected(v) && vcpu_cpl(v) == 3 &&
	       !(g->eflags & VMBT_X86_EFLAGS_IOPL) &&
	       (g->eflags & VMBT_X86_EFLAGS_IF) && desc_all_shadowed(v);
}

void direct_enter(struct vcpu *v)
{
	struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;

	for (u8 i = 0; i < 8; i++)
		f->gpr[i] = g->gpr[i];
	f->rip = g->eip;
	f->rsp = g->gpr[VMBT_ESP];
	f->rflags = (g->eflags & (DIRECT_FLAGS | VMBT_X86_EFLAGS_RF)) |
		    VMBT_X86_EFLAGS_IF | VMBT_X86_EFLAGS_FIXED;
}

bool direct_arrived(struct vcpu *v)
{
	if (!desc_user_arrived(v))
		return false;
	/* The rest of the flags is for direct_sync(); IOPL does not change. */
	v->guest->eflags |= VMBT_X86_EFLAGS_IF;
	v->guest->int_shadow = 0;
	v->mode = VCPU_DE;
	v->stats->switches_de_bt++;
	return true;
}

/*
 * RF is 1 after a fault, which is what the guest's handler gets as well, and where
 * an interrupt came before the instruction that an IRET set it for.
 */
u32 direct_flags(const struct vcpu *v)
{
	return (v->guest->eflags & ~(DIRECT_FLAGS | VMBT_X86_EFLAGS_RF)) |
	       (v->frame.rflags & (DIRECT_FLAGS | VMBT_X86_EFLAGS_RF));
}

void direct_sync(struct vcpu *v)
{
	struct vmbt_guest *g = v->guest;
	const struct vmbt_frame *f = &v->frame;

	for (u8 i = 0; i < 8; i++)
		g->gpr[i] = f->gpr[i];
	g->eip = f->rip;
	g->gpr[VMBT_ESP] = f->rsp;
	g->eflags = direct_flags(v);
	desc_sync_de(v);
}
