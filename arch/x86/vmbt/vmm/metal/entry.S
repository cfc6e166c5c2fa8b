/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Into the guest and out of it, and into the host and back.
 *
 * The guest is entered by metal_enter() with IRETQ and left through one of the
 * stubs here, or through SYSENTER; either way metal_enter() returns to its
 * caller with struct vmbt_frame filled. metal_switch() does the same with the
 * host. All tables that the CPU reads are constants in read-only memory: from
 * its first instruction on, the VMM world has a working IDT and TSS.
 *
 * The VMM never executes IRET but to enter the guest, since IRET unblocks
 * NMIs, and an NMI that was caught here has to stay blocked until the host has
 * replayed it.
 */
#include "../../include/crosspage.h"
#include "../../include/header.h"
#include "../../include/resume.h"
#include "frame.h"

	.text

/* Where the host first enters, on the VMM's stack. */
	.globl	metal_start
metal_start:
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	call	metal_main
	ud2

/* void metal_restart(void): vmm_again() on an empty stack, for the test mode. */
	.globl	metal_restart
metal_restart:
	movabsq	$VMBT_STACK_TOP(VMBT_STACK_MAIN), %rsp
	xorl	%ebp, %ebp
	call	vmm_again
	ud2

/* void metal_switch(void): to the host; returns when it runs the VMM again. */
	.globl	metal_switch
metal_switch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	leaq	1f(%rip), %rax
	pushq	%rax
	movq	metal_header + VMBT_H_CROSS_DATA(%rip), %rdi
	movq	%rsp, VMBT_X_VMM_RSP(%rdi)
	/* The run GDT has guest selectors where the window wants Linux's. */
	lgdt	VMBT_X_VMM_GDTR(%rdi)
	jmp	*metal_header + VMBT_H_SWITCH(%rip)
1:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/*
 * void metal_enter(struct vmbt_frame *f)
 *
 * Between metal_enter_begin and metal_enter_end any exception, and an NMI,
 * aborts the entry: the frame stays as it is but for vector, error and
 * entry_fault. That is how a segment that can't be loaded is survived.
 */
	.globl	metal_enter
metal_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, metal_rsp(%rip)
	movq	%rdi, metal_frame(%rip)
	movl	$0, F_ENTRY_FAULT(%rdi)
	movq	metal_header + VMBT_H_CROSS_DATA(%rip), %rcx

metal_enter_begin:
	movl	F_SEG_LOAD(%rdi), %eax
	testb	$F_LOAD_DS, %al
	jz	1f
	movw	F_DS(%rdi), %ds
1:	testb	$F_LOAD_ES, %al
	jz	2f
	movw	F_ES(%rdi), %es
2:	testb	$F_LOAD_FS, %al
	jz	3f
	movw	F_FS(%rdi), %fs
3:	testb	$F_LOAD_GS, %al
	jz	4f
	movw	F_GS(%rdi), %gs
4:
	/*
	 * An NMI from here on aborts the entry, one before left its mark: the
	 * host gets it without the guest running first.
	 */
	movl	$2, %edx
	cmpl	$0, VMBT_X_NMI(%rcx)
	jne	metal_enter_no
	movl	$18, %edx
	cmpl	$0, VMBT_X_MCE(%rcx)
	jne	metal_enter_no

	/*
	 * IRETQ to a 16-bit stack segment loads SP only: ESP[31:16] keeps what
	 * RSP has now. So RSP is an alias of one page whose address has the
	 * guest's own bits there.
	 */
	movl	F_RSP(%rdi), %eax
	xorw	%ax, %ax
	movabsq	$VMBT_ALIAS_BASE + 0x800, %rdx
	addq	%rax, %rdx
	movq	F_RIP(%rdi), %rax
	movq	%rax, (%rdx)
	movq	F_CS(%rdi), %rax
	movq	%rax, 8(%rdx)
	movq	F_RFLAGS(%rdi), %rax
	movq	%rax, 16(%rdx)
	movq	F_RSP(%rdi), %rax
	movq	%rax, 24(%rdx)
	movq	F_SS(%rdi), %rax
	movq	%rax, 32(%rdx)
	movq	%rdx, %rsp

	testb	$VMBT_XF_VERW, VMBT_X_FLAGS(%rcx)
	jz	5f
	incq	VMBT_X_DID_VERW(%rcx)
	verw	metal_verw_sel(%rip)
5:
	movq	F_EAX(%rdi), %rax
	movq	F_ECX(%rdi), %rcx
	movq	F_EDX(%rdi), %rdx
	movq	F_EBX(%rdi), %rbx
	movq	F_EBP(%rdi), %rbp
	movq	F_ESI(%rdi), %rsi
	movq	F_EDI(%rdi), %rdi
	iretq
metal_enter_end:

metal_enter_no:
	movq	%rdx, F_VECTOR(%rdi)
	movl	$1, F_ENTRY_FAULT(%rdi)
metal_enter_out:
	movq	metal_rsp(%rip), %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/*
 * SYSENTER from the guest (Intel only): on the entry stack, with IF and VM
 * clear and all other flags the guest's. Where it came from is lost, by
 * definition.
 */
	.globl	metal_sysenter
metal_sysenter:
	pushq	$0
	pushq	$0
	pushfq
	pushq	$3
	pushq	$0
	pushq	$0
	pushq	$VMBT_VEC_SYSENTER
	/* fall through */

/*
 * All vectors. On the stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.
 * Interrupt gates cleared IF, TF and NT; AC and DF are still the guest's.
 */
metal_trap:
	pushq	$2
	popfq
	testb	$3, 24(%rsp)
	jz	metal_trap_self

metal_trap_guest:
	pushq	%rdi
	movq	metal_frame(%rip), %rdi
	/* Bits 63:32 are undefined after compatibility mode. */
	movl	%eax, %eax
	movq	%rax, F_EAX(%rdi)
	movl	%ecx, %ecx
	movq	%rcx, F_ECX(%rdi)
	movl	%edx, %edx
	movq	%rdx, F_EDX(%rdi)
	movl	%ebx, %ebx
	movq	%rbx, F_EBX(%rdi)
	movl	%ebp, %ebp
	movq	%rbp, F_EBP(%rdi)
	movl	%esi, %esi
	movq	%rsi, F_ESI(%rdi)
	popq	%rax
	movl	%eax, %eax
	movq	%rax, F_EDI(%rdi)
	popq	F_VECTOR(%rdi)
	popq	F_ERROR(%rdi)
	popq	F_RIP(%rdi)
	popq	F_CS(%rdi)
	popq	F_RFLAGS(%rdi)
	popq	F_RSP(%rdi)
	popq	F_SS(%rdi)
	movw	%ds, F_DS(%rdi)
	movw	%es, F_ES(%rdi)
	movw	%fs, F_FS(%rdi)
	movw	%gs, F_GS(%rdi)
	jmp	metal_enter_out

/* An exception, NMI or machine check in the VMM's own code. */
metal_trap_self:
	/* Long mode has no virtual-8086 mode, but QEMU's TCG enters it. */
	testl	$0x20000, 32(%rsp)
	jnz	metal_trap_guest
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movq	24(%rsp), %rdx
	movq	40(%rsp), %rax
	leaq	metal_enter_begin(%rip), %rcx
	subq	%rcx, %rax
	cmpq	$metal_enter_end - metal_enter_begin, %rax
	jb	metal_entry_aborted
	movq	metal_header + VMBT_H_CROSS_DATA(%rip), %rcx
	cmpq	$2, %rdx
	je	metal_nmi
	cmpq	$18, %rdx
	je	metal_mce
	cmpq	$1, %rdx
	je	metal_debug

	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	metal_trap_panic
	ud2

metal_entry_aborted:
	movq	metal_frame(%rip), %rdi
	movq	32(%rsp), %rax
	movq	%rax, F_ERROR(%rdi)
	jmp	metal_enter_no

metal_debug:
	/*
	 * TF on SYSENTER traps after its first instruction. A data breakpoint
	 * held back by MOV SS comes after the next one, and if that left the
	 * guest, here. metal_run() sees to what is the guest's.
	 */
	andl	$~0x100, 56(%rsp)
	movq	%dr6, %rax
	orl	%eax, metal_late_dr6(%rip)
	movl	$0xffff0ff0, %eax
	movq	%rax, %dr6
	jmp	metal_resume
metal_mce:
	movl	$VMBT_MCE_VMM, VMBT_X_MCE(%rcx)
	jmp	metal_resume
metal_nmi:
	movl	$1, VMBT_X_NMI(%rcx)

metal_resume:
	VMBT_RESUME 40
	ret

/*
 * The stubs have a section of their own at VMBT_STUBS_OFFSET, so that their
 * addresses are constants and the IDT needs no code to build it.
 */
	.section .stubs, "ax"
	vector = 0
	.rept	256
	.balign	16, 0xcc
	/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code. */
	.if	(vector < 32) && ((0x60227d00 >> (vector & 31)) & 1)
	.else
	pushq	$0
	.endif
	pushq	$vector
	jmp	metal_trap
	vector = vector + 1
	.endr
	.balign	16, 0xcc

	.section .rodata
	.balign	16
	.globl	metal_idt
/*
 * Gates are DPL 0, so that the guest can't forge an interrupt of the host,
 * but for callouts and 0x80, which the host never receives.
 *
 * #DB has no stack of its own: a breakpoint that MOV SS holds back comes before
 * the first instruction of the next one's handler, and if that is #DB's (INT1),
 * the second frame would lie on the first. The stack at hand always is good
 * for it: SYSENTER, too, brings one of ours.
 */
metal_idt:
	vector = 0
	.rept	256
	ist = 0
	dpl = 0
	.if	vector == 2
	ist = 1
	.endif
	.if	vector == 8
	ist = 2
	.endif
	.if	vector == 18
	ist = 3
	.endif
	.if	vector == VMBT_VEC_CALLOUT1
	dpl = 1
	.endif
	.if	vector == VMBT_VEC_CALLOUT3 || vector == 0x80
	dpl = 3
	.endif
	stub = VMBT_IMAGE_BASE + VMBT_STUBS_OFFSET + 16 * vector
	.word	stub & 0xffff
	.word	VMBT_SEL_VMM_CS
	.byte	ist
	.byte	0x8e | (dpl << 5)
	.word	(stub >> 16) & 0xffff
	.long	(stub >> 32) & 0xffffffff
	.long	0
	vector = vector + 1
	.endr

	.globl	metal_tss
	.balign	16
metal_tss:
	.long	0
	.quad	VMBT_STACK_TOP(VMBT_STACK_ENTRY)	/* RSP0 */
	.quad	0, 0
	.quad	0
	.quad	VMBT_STACK_TOP(VMBT_STACK_NMI)		/* IST1 */
	.quad	VMBT_STACK_TOP(VMBT_STACK_DF)
	.quad	VMBT_STACK_TOP(VMBT_STACK_MC)
	.quad	0, 0, 0, 0
	.quad	0
	.word	0
	.word	VMBT_TSS_LIMIT + 1			/* no I/O bitmap */

metal_verw_sel:
	.word	VMBT_SEL_VMM_SS

	.bss
	.balign	8
	.globl	metal_late_dr6
metal_late_dr6:
	.long	0
	.balign	8
metal_rsp:
	.quad	0
metal_frame:
	.quad	0

	.section .note.GNU-stack, "", @progbits
