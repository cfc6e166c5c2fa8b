/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzer's VMs run: four loops that never end by themselves, each of
 * which keeps another part of the VMM busy. All of them use memory that other
 * threads take away, move and write, and leave for user space by ports and by
 * memory that is not there.
 *
 * guest_real	real mode: string I/O, interrupts, segments that wrap
 * guest_flat	protected mode without paging: code that changes itself
 * guest_paged	paging, a process at ring 3 (direct execution), system calls,
 *		page-table writes, interrupts, HLT
 * guest_busy	writes that the VMM may keep, a device behind an index and a data
 *		port, HLT, then a long computation without an exit, in which the vCPU
 *		is seldom outside
 */
#include "guest.h"

#define AT(label)	(GUEST_CODE + label - guest_start)

	.section .rodata
	.globl	guest_start, guest_end, guest_real, guest_flat, guest_paged, guest_busy
	.code16
guest_start:

guest_real:
	cli
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	$GUEST_STACK, %sp
	movw	%ax, %ds
	movl	$(AT(real_int)), %eax
	movl	%eax, 0x180		/* INT 60h */
real_again:
	int	$0x60
	movw	$0x8000, %ax
	movw	%ax, %es
	movw	$0xfff0, %di
	movw	$8, %cx
	rep stosl			/* wraps */
	incl	GUEST_COUNT
	testb	$15, GUEST_COUNT
	jnz	1f
	movw	$0x3f8, %dx
	movw	$16, %cx
	movw	$GUEST_CODE, %si
	rep outsb
	inb	$0x60, %al
1:	movw	$0xf000, %ax
	movw	%ax, %fs
	movl	%fs:0x10, %eax
	pushf
	popf
	sti
	nop
	cli
	jmp	real_again
real_int:
	incl	%ebx
	iretw

	.code32
guest_flat:
	movl	$GUEST_STACK, %esp
flat_again:
	movl	$0x10000, %esi
1:	movl	(%esi), %eax
	addl	%eax, 4(%esi)
	addl	$0x3000, %esi
	cmpl	$GUEST_FAR, %esi
	jb	1b
	addl	$0x40000, %esi
	cmpl	$(GUEST_FAR + GUEST_MORE + 0x40000), %esi
	jb	1b
	/* An immediate that changes: code is translated anew. */
	incl	AT(flat_imm) + 1
flat_imm:
	movl	$0, %ecx
	incl	GUEST_COUNT
	call	2f
	testb	$3, GUEST_COUNT
	jnz	flat_again
	inb	$0x64, %al
	movl	%ecx, %eax
	movw	$0x3f8, %dx
	outl	%eax, %dx
	hlt
	jmp	flat_again
2:	cpuid
	rdtsc
	ret

guest_busy:
	movl	$8, %ecx
1:	movl	%ecx, GUEST_ABSENT(,%ecx,4)
	movw	$GUEST_INDEX, %dx
	movl	%ecx, %eax
	outw	%ax, %dx
	inw	%dx, %ax
	movw	$GUEST_DATA, %dx
	inw	%dx, %ax
	xorl	%ecx, %eax
	outw	%ax, %dx
	decl	%ecx
	jnz	1b
	hlt
	movl	$500000, %ecx
2:	incl	GUEST_COUNT
	decl	%ecx
	jnz	2b
	jmp	guest_busy

guest_paged:
	movl	$GUEST_STACK, %esp
	lgdt	AT(gdt_ptr)
	ljmp	$0x08, $(AT(paged_cs))
paged_cs:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	/* All vectors to one handler, INT 80h at DPL 3. */
	movl	$0x2000, %edi
	xorl	%ecx, %ecx
1:	movl	$(AT(on_any)), %eax
	cmpl	$14, %ecx
	jne	2f
	movl	$(AT(on_fault)), %eax
2:	cmpl	$13, %ecx
	jne	2f
	movl	$(AT(on_fault)), %eax
2:	movl	%eax, %edx
	andl	$0xffff, %eax
	orl	$0x00080000, %eax
	movl	%eax, (%edi,%ecx,8)
	andl	$0xffff0000, %edx
	orl	$0xee00, %edx
	movl	%edx, 4(%edi,%ecx,8)
	incl	%ecx
	cmpl	$256, %ecx
	jb	1b
	lidt	AT(idt_ptr)
	movl	$GUEST_STACK, 0x3004	/* TSS: ESP0, SS0 */
	movl	$0x10, 0x3008
	movl	$0x28, %eax
	ltr	%ax
	/* 16 MiB in 4 MiB pages, user, identity; holes for the monitor area. */
	xorl	%ecx, %ecx
3:	movl	%ecx, %eax
	shll	$22, %eax
	orl	$0x87, %eax
	cmpl	$4, %ecx
	jb	4f
	xorl	%eax, %eax
4:	movl	%eax, GUEST_DIR(,%ecx,4)
	incl	%ecx
	cmpl	$1024, %ecx
	jb	3b
	movl	$0x10, %eax
	movl	%eax, %cr4
	movl	$GUEST_DIR, %eax
	movl	%eax, %cr3
	movl	$0x80000011, %eax
	movl	%eax, %cr0
	pushl	$0x23
	pushl	$GUEST_USTACK
	pushl	$0x202
	pushl	$0x1b
	pushl	$(AT(user))
	iret

user:
	movl	$0x23, %eax
	movl	%eax, %ds
	movl	%eax, %es
user_again:
	movl	$0x20000, %esi
1:	movl	(%esi), %eax
	xorl	%eax, 8(%esi)
	addl	$0x5000, %esi
	cmpl	$GUEST_FAR + 0x20000, %esi
	jb	1b
	incl	GUEST_COUNT
	int	$0x80
	jmp	user_again

on_any:
	pushl	%eax
	pushl	%ds
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	GUEST_COUNT, %eax
	testb	$3, %al
	jnz	1f
	outb	%al, $0x20
	/* Another mapping of the second half, then back. */
	xorl	$0x400000, GUEST_DIR + 8
	movl	%cr3, %eax
	movl	%eax, %cr3
	sti
	hlt
1:	popl	%ds
	popl	%eax
	iret
on_fault:
	addl	$4, %esp
	pushl	%eax
	movl	%cr2, %eax
	outl	%eax, $0x84
	popl	%eax
	iret

	.balign	8
gdt_ptr:
	.word	6 * 8 - 1
	.long	AT(gdt)
idt_ptr:
	.word	256 * 8 - 1
	.long	0x2000
	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00cffb000000ffff
	.quad	0x00cff3000000ffff
	.quad	0x0000890030000067
guest_end:

	.section .note.GNU-stack, "", @progbits
