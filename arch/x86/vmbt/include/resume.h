/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Back from an NMI or a machine check without IRET, which would unblock NMIs:
 * the host replays this one, and needs it blocked until then.
 *
 * For the handlers of the window (host/crossidt.S) and of the VMM
 * (metal/entry.S). POPFQ and the RET that follows take their words from below
 * the interrupted stack pointer, where neither keeps data (no red zone). The
 * CPU had aligned that pointer before it pushed its frame, so the two words
 * overlap at most the frame's SS and RSP, which have been read by then.
 */
#ifndef VMBT_RESUME_H
#define VMBT_RESUME_H

#ifdef __ASSEMBLER__
/*
 * On the stack: RDX, RCX, RAX, and at offset \rip what the CPU pushed, from
 * RIP on. All is as it was when the interrupted code's RET has been done.
 */
.macro VMBT_RESUME rip:req
	movq	\rip(%rsp), %rax
	movq	\rip + 16(%rsp), %rcx
	movq	\rip + 24(%rsp), %rdx
	movq	%rax, -8(%rdx)
	movq	%rcx, -16(%rdx)
	subq	$16, %rdx
	movq	%rdx, 24(%rsp)
	popq	%rdx
	popq	%rcx
	popq	%rax
	popq	%rsp
	popfq
.endm
#endif

#endif
