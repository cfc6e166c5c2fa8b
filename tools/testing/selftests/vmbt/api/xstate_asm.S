/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two halves of xstate.c that no compiler may have a say in: registers that
 * stay as they are across a system call, and the guest's code.
 *
 * The guest is 32-bit and copied to its memory. It leaves by a port, and has
 * different values in its registers at each exit.
 */
#include "xstate.h"

	.macro ymm op, base
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.ifc \op, load
	vmovdqu	32*\n(\base), %ymm\n
	.else
	vmovdqu	%ymm\n, 32*\n(\base)
	.endif
	.endr
	.endm

	.text
	.globl xstate_hold
	.type xstate_hold, @function
xstate_hold:
	push	%rbx
	push	%rbp
	push	%r12
	mov	%rdi, %rbx
	mov	%rsi, %rbp
	mov	%rdx, %r12
	mov	%rcx, %rdi
	mov	%r8, %rsi
	fxrstor64 XS_FX(%rbx)
	ymm	load, %rbx
	cmpl	$0, XS_HAS_PKRU(%rbx)
	je	1f
	xor	%ecx, %ecx
	xor	%edx, %edx
	mov	XS_PKRU(%rbx), %eax
	wrpkru
1:	test	%r9, %r9
	jz	3f
2:	dec	%r9
	jnz	2b
3:	xor	%eax, %eax
	xor	%edx, %edx
	test	%r12, %r12
	js	4f
	mov	%r12, %rax
	syscall
4:	mov	%rax, %r12
	ymm	store, %rbp
	fxsave64 XS_FX(%rbp)
	cmpl	$0, XS_HAS_PKRU(%rbx)
	je	5f
	xor	%ecx, %ecx
	rdpkru
	mov	%eax, XS_PKRU(%rbp)
5:	vzeroupper
	fninit
	push	$0x1f80
	ldmxcsr	(%rsp)
	pop	%rax
	mov	%r12, %rax
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size xstate_hold, . - xstate_hold

	.section .rodata
	.code32
	.globl xstate_guest, xstate_guest_end
xstate_guest:
	fxsave	G_FOUND
	fxrstor	G_LOAD
	fxsave	G_LEFT
	mov	G_SPIN, %ecx
	jecxz	2f
1:	dec	%ecx
	jnz	1b
2:	out	%al, $0x99
	jmp	xstate_guest
xstate_guest_end:

	.section .note.GNU-stack, "", @progbits
