/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world switch, both ways.
 *
 * This page of module text is mapped in the host and in every VMM world at the
 * same address. vmbt_world_run() comes here with the host's half of the cross
 * page filled (hostcpu.c) and interrupts off; metal_switch() comes here from
 * the image. RDI = struct vmbt_cross in the whole file: the handlers in
 * crossidt.S, which catch whatever hits the window between the two IDTs,
 * find it there. Nothing here may touch another page of the host's, fault, or
 * need an exception table.
 *
 * Every instruction must survive an NMI. The handler runs on the stack at
 * hand with code segment 0x10, so at each step RSP must be mapped and 0x10 be
 * a flat 64-bit code segment in the GDT at hand. That alone fixes the order.
 * Documentation/vmbt/world-switch.rst tells the story.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>

#include "../include/crosspage.h"

	.section .noinstr.text, "ax"
	.balign 4096, 0xcc

/* void vmbt_cross_enter(struct vmbt_cross *x): returns when the VMM left. */
SYM_FUNC_START(vmbt_cross_enter)
	pushfq
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, VMBT_X_HOST_RSP(%rdi)

	/* From here to the VMM's LIDT everything goes to crossidt.S. */
	lidt	VMBT_X_CROSS_IDTR(%rdi)
	leaq	VMBT_X_STACK_TOP(%rdi), %rsp
	lgdt	VMBT_X_CROSS_GDTR(%rdi)

	/*
	 * Never changes PCIDE, PAE or LA57 (SDM vol. 3, 2.5). CET goes off
	 * here, before CR0, which it would pin (WP).
	 */
	movq	VMBT_X_VMM_CR4(%rdi), %rax
	movq	%rax, %cr4
	movq	VMBT_X_VMM_CR0(%rdi), %rax
	movq	%rax, %cr0
	movq	VMBT_X_VMM_CR3(%rdi), %rax
	movq	%rax, %cr3

	/* Selectors of the host would survive into the guest. */
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	lldt	%ax

	/* LTR wants an available TSS and marks it busy (SDM vol. 2, LTR). */
	movb	$0x89, VMBT_X_GDT + VMBT_X_SEL_VMM_TSS + 5(%rdi)
	movl	$VMBT_X_SEL_VMM_TSS, %eax
	ltr	%ax

	/* The host's IBRS slows all that runs away from it, and is off there. */
	testb	$VMBT_XF_SPEC_CTRL, VMBT_X_FLAGS(%rdi)
	jz	.Lno_vmm_spec_ctrl
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	movl	VMBT_X_VMM_SPEC_CTRL(%rdi), %eax
	movl	VMBT_X_VMM_SPEC_CTRL + 4(%rdi), %edx
	wrmsr
.Lno_vmm_spec_ctrl:

	/* The home GDT knows 0x10, too: valid before and after the LIDT. */
	lgdt	VMBT_X_VMM_GDTR(%rdi)
	lidt	VMBT_X_VMM_IDTR(%rdi)

	/*
	 * An NMI that the window caught is not looked for here: metal_enter()
	 * does so right before the guest, and NMIs stay blocked until then.
	 */
	movq	VMBT_X_VMM_RSP(%rdi), %rsp
	ANNOTATE_UNRET_SAFE
	ret
	int3
SYM_FUNC_END(vmbt_cross_enter)
STACK_FRAME_NON_STANDARD vmbt_cross_enter

/*
 * From metal_switch(), on the home GDT, by a jump: VMM_RSP is saved. Leaves
 * through the frame that vmbt_cross_enter() made.
 */
SYM_FUNC_START(vmbt_cross_leave)
	lidt	VMBT_X_CROSS_IDTR(%rdi)
	/* A fault in the window comes here from either world. */
SYM_INNER_LABEL(vmbt_cross_abort, SYM_L_GLOBAL)
	leaq	VMBT_X_STACK_TOP(%rdi), %rsp
	lgdt	VMBT_X_CROSS_GDTR(%rdi)

	/* The VMM's CS names an entry of the run GDT; IRET in the host would. */
	pushq	$VMBT_X_SEL_CS
	leaq	.Lhost_cs(%rip), %rax
	pushq	%rax
	lretq
.Lhost_cs:
	movl	VMBT_X_HOST_SS(%rdi), %eax
	movl	%eax, %ss

	/* User's selectors come back in C, where a stale one may fault. */
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	lldt	%ax

	/*
	 * A copy of the host's TSS descriptor: its own GDT is read-only and
	 * says busy.
	 */
	movb	$0x89, VMBT_X_GDT + VMBT_X_SEL_HOST_TSS + 5(%rdi)
	movl	$VMBT_X_SEL_HOST_TSS, %eax
	ltr	%ax

	/* CET in CR4 needs CR0.WP, which the VMM always has set. */
	movq	VMBT_X_HOST_CR4(%rdi), %rax
	movq	%rax, %cr4
	movq	VMBT_X_HOST_CR3(%rdi), %rax
	movq	%rax, %cr3
	movq	VMBT_X_HOST_CR0(%rdi), %rax
	movq	%rax, %cr0
	lgdt	VMBT_X_HOST_GDTR(%rdi)

	/* After the selectors, which zeroed them. NMI entry wants GS. */
#ifndef VMBT_SEED_FS
	movl	$MSR_FS_BASE, %ecx
	movl	VMBT_X_HOST_FS_BASE(%rdi), %eax
	movl	VMBT_X_HOST_FS_BASE + 4(%rdi), %edx
	wrmsr
#endif
	movl	$MSR_GS_BASE, %ecx
	movl	VMBT_X_HOST_GS_BASE(%rdi), %eax
	movl	VMBT_X_HOST_GS_BASE + 4(%rdi), %edx
	wrmsr

	/*
	 * Ring 1 is the host's own predictor mode. All that it may have
	 * taught must go before the first RET and the first indirect branch.
	 * IBRS must be written behind each change to a more privileged mode,
	 * even if it is set (Intel, "Indirect Branch Restricted Speculation").
	 */
	testb	$VMBT_XF_SPEC_CTRL, VMBT_X_FLAGS(%rdi)
	jz	.Lno_spec_ctrl
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	movl	VMBT_X_HOST_SPEC_CTRL(%rdi), %eax
	movl	VMBT_X_HOST_SPEC_CTRL + 4(%rdi), %edx
	wrmsr
	incq	VMBT_X_DID_SPEC_CTRL(%rdi)
.Lno_spec_ctrl:
	testb	$VMBT_XF_IBPB, VMBT_X_FLAGS(%rdi)
	jz	.Lno_ibpb
	movl	$MSR_IA32_PRED_CMD, %ecx
	movl	$PRED_CMD_IBPB, %eax
	xorl	%edx, %edx
	wrmsr
	incq	VMBT_X_DID_IBPB(%rdi)
.Lno_ibpb:
	testb	$VMBT_XF_BHB, VMBT_X_FLAGS(%rdi)
	jz	.Lno_bhb
	movl	$8, %ecx
.Lbhb_outer:
	movl	$32, %eax
.Lbhb_inner:
	jmp	.Lbhb_next
	int3
.Lbhb_next:
	decl	%eax
	jnz	.Lbhb_inner
	decl	%ecx
	jnz	.Lbhb_outer
	lfence
	incq	VMBT_X_DID_BHB(%rdi)
.Lno_bhb:
	testb	$VMBT_XF_RSB, VMBT_X_FLAGS(%rdi)
	jz	.Lno_rsb
	movl	$16, %ecx
.Lrsb:
	ANNOTATE_INTRA_FUNCTION_CALL
	call	.Lrsb1
	int3
.Lrsb1:
	ANNOTATE_INTRA_FUNCTION_CALL
	call	.Lrsb2
	int3
.Lrsb2:
	addq	$16, %rsp
	decl	%ecx
	jnz	.Lrsb
	lfence
	incq	VMBT_X_DID_RSB(%rdi)
.Lno_rsb:
	movq	VMBT_X_HOST_RSP(%rdi), %rsp
	lidt	VMBT_X_HOST_IDTR(%rdi)
	/* The window is closed; the caller looks for a caught NMI. */

	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popfq
	/* Nothing of the guest's in registers that the host may speculate on. */
	xorl	%eax, %eax
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	ANNOTATE_UNRET_SAFE
	ret
	int3
SYM_FUNC_END(vmbt_cross_leave)
STACK_FRAME_NON_STANDARD vmbt_cross_leave
	/* For the tests, which stop at every instruction up to here. */
SYM_INNER_LABEL(vmbt_cross_end, SYM_L_LOCAL)

	/* Nothing else of the module in this page. */
	.balign 4096, 0xcc
