/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of tscreset.c, in real mode at CODE. The first part sets the timer, a
 * single shot of 55 ms, and ends before it comes; the second waits for it in HLT.
 */
#include "guest.h"

#define AT(label)	(CODE + label - tscreset_guest)

	.section .rodata
	.code16
	.globl	tscreset_guest, tscreset_guest_end
tscreset_guest:
	/* The master PIC: vectors from 8, only IRQ 0. */
	movb	$0x11, %al
	outb	%al, $0x20
	movb	$0x08, %al
	outb	%al, $0x21
	movb	$0x04, %al
	outb	%al, $0x21
	movb	$0x01, %al
	outb	%al, $0x21
	movb	$0xfe, %al
	outb	%al, $0x21
	movw	$AT(tick), 8 * 4
	movw	$0, 8 * 4 + 2
	/* The PIT's counter 0: mode 0, all of it. */
	movb	$0x30, %al
	outb	%al, $0x43
	movb	$0xff, %al
	outb	%al, $0x40
	outb	%al, $0x40
	call	part
1:	sti
	hlt
	cli
	cmpw	$0, TICKS
	je	1b
	call	part
2:	hlt
	jmp	2b

part:	rdtsc
	movl	%eax, COUNT
	movl	%edx, COUNT + 4
	outb	%al, $DONE
	ret

tick:	incw	TICKS
	pushw	%ax
	movb	$0x20, %al
	outb	%al, $0x20
	popw	%ax
	iret
tscreset_guest_end:

	.section .note.GNU-stack, "", @progbits
