/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of debug.c: 32-bit code, linked nowhere and copied to guest
 * physical CODE, where all its addresses are made by AT(). Each routine ends
 * with INT 40h, whose handler halts. The handler of debug exceptions appends
 * DR6, EIP, CS, EFLAGS, ECX and DR7 to the log, clears DR6 unless told not to,
 * and sets RF for the way back.
 */
#include "debug.h"

#define AT(label)	(DBG_CODE + label - debug_guest)

	.section .rodata
	.code32
	.globl	debug_guest, debug_guest_end
debug_guest:

	.globl	on_debug
on_debug:
	pushl	%eax
	pushl	%edi
	movl	DBG_LOG, %edi
	movl	%dr6, %eax
	movl	%eax, (%edi)
	movl	8(%esp), %eax
	movl	%eax, 4(%edi)
	movl	12(%esp), %eax
	movl	%eax, 8(%edi)
	movl	16(%esp), %eax
	movl	%eax, 12(%edi)
	movl	%ecx, 16(%edi)
	movl	%dr7, %eax
	movl	%eax, 20(%edi)
	addl	$24, DBG_LOG
	cmpl	$0, DBG_KEEP_DR6
	jne	1f
	xorl	%eax, %eax
	movl	%eax, %dr6
1:	orl	$0x10000, 16(%esp)
	andl	$~0x100, 16(%esp)
	popl	%edi
	popl	%eax
	iret

	.globl	on_end, on_other
on_end:
	hlt
on_other:
	movb	$0xee, %al
	outb	%al, $0xee
	hlt

	.globl	t_exec, t_exec_here
t_exec:
	xorl	%eax, %eax
t_exec_here:
	incl	%eax
	incl	%eax
	int	$0x40

	/* Reads, writes beside it, then one that hits. */
	.globl	t_write, t_write_after
t_write:
	movl	DBG_WATCH, %eax
	movb	%al, DBG_WATCH + 4
	movb	%al, DBG_WATCH - 1
	movb	%al, DBG_WATCH + 3
t_write_after:
	nop
	int	$0x40

	/* Overlaps with its last byte. */
	.globl	t_overlap, t_overlap_after
t_overlap:
	movl	%eax, DBG_WATCH - 3
t_overlap_after:
	nop
	int	$0x40

	.globl	t_read, t_read_after
t_read:
	movb	DBG_WATCH + 1, %al
	movb	DBG_WATCH, %al
t_read_after:
	nop
	int	$0x40

	.globl	t_modify, t_modify_after
t_modify:
	incl	DBG_WATCH
t_modify_after:
	nop
	int	$0x40

	.globl	t_push, t_push_after
t_push:
	movl	$DBG_WATCH + 4, %esp
	pushl	%eax
t_push_after:
	nop
	int	$0x40

	/* The third of six bytes is watched. */
	.globl	t_rep
t_rep:
	movl	$DBG_WATCH - 2, %edi
	movl	$6, %ecx
	cld
	.globl	t_rep_here
t_rep_here:
	rep stosb
	int	$0x40

	/* Two at once: what is read and what is written. */
	.globl	t_two, t_two_after
t_two:
	movl	$DBG_WATCH, %esi
	movl	$DBG_WATCH + 8, %edi
	movsb
t_two_after:
	nop
	int	$0x40

	.globl	t_mov_ss, t_mov_ss_after
t_mov_ss:
	movw	DBG_WATCH, %ss
	nop
t_mov_ss_after:
	nop
	int	$0x40

	.globl	t_guard
t_guard:
	movl	%dr0, %ebx
	int	$0x40

	.globl	t_port, t_port_after
t_port:
	movb	$0x55, %al
	outb	%al, $0x98
	outb	%al, $0x99
t_port_after:
	nop
	int	$0x40

	/* Disarms and arms as a kernel does, and is watched meanwhile. */
	.globl	t_arm, t_arm_after
t_arm:
	xorl	%eax, %eax
	movl	%eax, %dr7
	movl	%eax, DBG_WATCH
	movl	$DBG_WATCH, %eax
	movl	%eax, %dr2
	movl	$0x0d000020, %eax
	movl	%eax, %dr7
	movl	%eax, DBG_WATCH
t_arm_after:
	nop
	xorl	%eax, %eax
	movl	%eax, %dr7
	movl	%eax, DBG_WATCH
	int	$0x40
debug_guest_end:

	.section .note.GNU-stack, "", @progbits
