/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an NMI, a machine check or a fault does in the window of the switch.
 *
 * vmbt_cross_enter() and vmbt_cross_leave() have loaded a small IDT whose
 * gates lead here (no IST: the stack at hand is used, see crosspage.S). NMI
 * and machine check leave a mark in the cross page and resume, without IRET,
 * because IRET unblocks NMIs and the host replays this one by INT $2, which
 * needs them blocked. A fault is a bug: it is recorded, and the host path is
 * taken from wherever it was.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>

#include "../include/crosspage.h"
#include "../include/resume.h"

	.section .noinstr.text, "ax"
	.balign 4096, 0xcc

.macro RESUME
	VMBT_RESUME 24
	ANNOTATE_UNRET_SAFE
	ret
	int3
.endm

/* SYM_FUNC_START puts the ENDBR there that IBT wants of a gate's target. */
SYM_FUNC_START(vmbt_cross_nmi)
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
#ifndef VMBT_SEED_NMI
	movl	$1, VMBT_X_NMI(%rdi)
#endif
	RESUME
SYM_FUNC_END(vmbt_cross_nmi)
STACK_FRAME_NON_STANDARD vmbt_cross_nmi

SYM_FUNC_START(vmbt_cross_mce)
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
#ifndef VMBT_SEED_MCE
	movl	$VMBT_MCE_VMM, VMBT_X_MCE(%rdi)
#endif
	RESUME
SYM_FUNC_END(vmbt_cross_mce)
STACK_FRAME_NON_STANDARD vmbt_cross_mce

SYM_FUNC_START_LOCAL(cross_fault)
	/* Vector, error code and RIP are on the stack. */
	cmpq	$VMBT_X_NO_TRAP, VMBT_X_TRAP_VECTOR(%rdi)
	jne	.Lsecond
	popq	VMBT_X_TRAP_VECTOR(%rdi)
	popq	VMBT_X_TRAP_ERROR(%rdi)
	popq	VMBT_X_TRAP_RIP(%rdi)
	movq	%cr2, %rax
	movq	%rax, VMBT_X_TRAP_CR2(%rdi)
	jmp	vmbt_cross_abort
.Lsecond:
	/* The way to the host faults, too: this CPU has nowhere to go. */
	hlt
	jmp	.Lsecond
SYM_FUNC_END(cross_fault)
STACK_FRAME_NON_STANDARD cross_fault

/* One stub of 16 bytes for each exception: fault number, then error code. */
	.balign 16, 0xcc
SYM_FUNC_START_LOCAL(cross_stubs)
	.balign	16, 0xcc
SYM_INNER_LABEL(vmbt_cross_stub0, SYM_L_GLOBAL)
	vector = 0
	.rept	VMBT_X_IDT_ENTRIES
	.balign	16, 0xcc
	endbr64
	/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push one (SDM vol. 3, 6.13). */
	.if	(0x60227d00 >> vector) & 1
	.else
	pushq	$0
	.endif
	pushq	$vector
	jmp	cross_fault
	vector = vector + 1
	.endr
SYM_FUNC_END(cross_stubs)
STACK_FRAME_NON_STANDARD cross_stubs

	.balign 4096, 0xcc
