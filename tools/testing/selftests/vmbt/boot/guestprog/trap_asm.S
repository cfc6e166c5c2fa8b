/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way into code that is tried out, and the way back: all registers from
 * run_gpr but ESP, a call, all registers back into it. The flags are the same
 * at each beginning, since what the C library leaves there depends on the CPU.
 *
 * Where the code ends with a signal, the handler has sigreturn go on at
 * run_out, which needs nothing but run_esp.
 */
	.text
	.globl	run_asm, run_out
run_asm:
	pushal
	pushfl
	movl	%esp, run_esp
	pushl	$0x202
	popfl
	movl	run_gpr, %eax
	movl	run_gpr+4, %ecx
	movl	run_gpr+8, %edx
	movl	run_gpr+12, %ebx
	movl	run_gpr+20, %ebp
	movl	run_gpr+24, %esi
	movl	run_gpr+28, %edi
	call	*run_target
	movl	%eax, run_gpr
	movl	%ecx, run_gpr+4
	movl	%edx, run_gpr+8
	movl	%ebx, run_gpr+12
	movl	%ebp, run_gpr+20
	movl	%esi, run_gpr+24
	movl	%edi, run_gpr+28
	pushfl
	popl	run_flags
run_out:
	movl	run_esp, %esp
	popfl
	popal
	ret

	.section .note.GNU-stack, "", @progbits
