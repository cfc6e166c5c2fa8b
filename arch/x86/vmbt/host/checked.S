/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switch with a known value in every register that C expects to keep, for
 * the selftest.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>

	.section .noinstr.text, "ax"

.macro CHECK reg, value, bit
	cmpq	$\value, \reg
	je	.Lok\@
	orl	$\bit, %eax
.Lok\@:
.endm

/* u32 vmbt_cross_enter_checked(struct vmbt_cross *x): bits of lost registers */
SYM_FUNC_START(vmbt_cross_enter_checked)
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	$0x5a0b0b01, %rbx
	movq	$0x5a0b0b02, %rbp
	movq	$0x5a0b0b03, %r12
	movq	$0x5a0b0b04, %r13
	movq	$0x5a0b0b05, %r14
	movq	%rsp, %r15
	call	vmbt_cross_enter
	xorl	%eax, %eax
	CHECK	%rbx, 0x5a0b0b01, 0x01
	CHECK	%rbp, 0x5a0b0b02, 0x02
	CHECK	%r12, 0x5a0b0b03, 0x04
	CHECK	%r13, 0x5a0b0b04, 0x08
	CHECK	%r14, 0x5a0b0b05, 0x10
	cmpq	%r15, %rsp
	je	1f
	orl	$0x20, %eax
1:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	RET
SYM_FUNC_END(vmbt_cross_enter_checked)
STACK_FRAME_NON_STANDARD vmbt_cross_enter_checked
