/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A boot sector that puts the image where it wants to be, in the state that a
 * multiboot loader leaves: how Bochs starts a guest, from a raw disk.
 *
 * The image follows on the disk. It is read in pieces to BOOT_BUFFER by the
 * BIOS and copied up in protected mode, through a data segment whose limit
 * outlives the way back.
 */
#include "layout.h"

	.code16
	.text
	.globl	_start
_start:
	ljmp	$0, $1f
1:	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7c00, %sp
	movb	%dl, drive
	inb	$0x92, %al
	orb	$2, %al
	andb	$~1, %al
	outb	%al, $0x92
	lgdt	gdtr
	movw	$SECTORS, %bp
	movl	$IMAGE_AT, %edi
next:
	sti
	movw	$64, count
	cmpw	$64, %bp
	ja	1f
	movw	%bp, count
1:	movb	$0x42, %ah
	movb	drive, %dl
	movw	$packet, %si
	int	$0x13
	cli
	jc	fail
	/* Big ES for the copy; it is loaded anew each time. */
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	movw	$0x10, %bx
	movw	%bx, %ds
	movw	%bx, %es
	andb	$~1, %al
	movl	%eax, %cr0
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movzwl	count, %ecx
	shll	$7, %ecx
	movl	$BOOT_BUFFER, %esi
	cld
	rep movsl (%esi), %es:(%edi)
	movzwl	count, %eax
	addl	%eax, lba
	subw	%ax, %bp
	jnz	next

	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmp	$8, $protected
	.code32
protected:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	%ax, %fs
	movw	%ax, %gs
	movl	$IMAGE_AT, %eax
	jmp	*%eax
	.code16
fail:
	movb	$'!', %al
	outb	%al, $PORT_TEXT
	hlt

	.balign	4
packet:
	.byte	16, 0
count:	.word	64
	.word	0, BOOT_BUFFER >> 4
lba:	.long	1, 0
gdtr:	.word	23
	.long	table
	.balign	8
table:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
drive:	.byte	0
	.org	510
	.word	0xaa55
