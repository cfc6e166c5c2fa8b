/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bare guest's beginning: the header of a bzImage, so that vmbt-run and
 * QEMU load it like a Linux kernel; the few instructions of its real-mode part,
 * for loaders that enter there; and the entry of its 32-bit part. Behind them
 * the loops whose instructions are what a row is about, and interrupt entries.
 */
#define SETUP_SECTS	1

	.section .setup, "ax"
	.code16
	.org	0x1f1
	.byte	SETUP_SECTS
	.word	0
	.long	bare_paragraphs
	.word	0, 0, 0
	.word	0xaa55
	.byte	0xeb, setup_start - jump_end	/* where it ends is the header's end */
jump_end:
	.ascii	"HdrS"
	.word	0x020a
	.long	0			/* realmode_swtch */
	.word	0, 0			/* start_sys_seg, kernel_version */
	.byte	0, 1			/* type_of_loader, loadflags: LOADED_HIGH */
	.word	0
	.long	0x100000		/* code32_start */
	.long	0, 0, 0			/* ramdisk_image, ramdisk_size, bootsect_kludge */
	.word	0
	.byte	0, 0
	.long	0			/* cmd_line_ptr */
	.long	0x7fffffff		/* initrd_addr_max */
	.long	0x1000			/* kernel_alignment */
	.byte	0, 12			/* relocatable_kernel, min_alignment */
	.word	0
	.long	255			/* cmdline_size */
	.long	0			/* hardware_subarch */
	.quad	0
	.long	0, 0			/* payload */
	.quad	0			/* setup_data */
	.quad	0x100000		/* pref_address */
	.long	0x400000		/* init_size */
	.org	0x270
setup_start:
	cli
	xorl	%esi, %esi
	movw	%cs, %si
	subw	$0x20, %si
	shll	$4, %esi		/* the boot parameters begin at the header */
	leal	(boot_gdt - setup)(%esi), %eax
	movw	%cs, %bx
	movw	%bx, %ds
	movl	%eax, boot_gdtr + 2 - setup - 0x200
	lgdtl	boot_gdtr - setup - 0x200
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$0x10, $0x100000
boot_gdtr:
	.word	0x1f
	.long	0
boot_gdt:
	.quad	0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
	.org	0x400
	.globl	setup
	.set	setup, setup_start - 0x270

	.section .head, "ax"
	.code32
	.globl	start
start:
	movl	$0x18, %eax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$bare_stack_end, %esp
	cld
	pushl	%esi
	call	bare_main
1:	jmp	1b

	.text
/* void FN(unsigned int n): marks, and in between n times the instructions. */
.macro LOOP name:req, insns
	.globl	\name
\name:
	pushl	%ebx
	pushl	%esi
	movl	12(%esp), %ecx
	movl	$leaf, %esi
	movl	$0x21, %edx
1:	\insns
	decl	%ecx
	jnz	1b
	popl	%esi
	popl	%ebx
	ret
.endm

leaf:	ret

	LOOP	loop_empty
	LOOP	loop_cli_sti,	"cli; sti"
	LOOP	loop_pushf_popf, "pushfl; popfl"
	LOOP	loop_call_ret,	"call leaf"
	LOOP	loop_call_indirect, "call *%esi"
	LOOP	loop_in_pic,	"inb $0x21, %al"
	LOOP	loop_in_kbd,	"inb $0x64, %al"
	LOOP	loop_div,	"movl $1, %eax; xorl %edx, %edx; xorl %ebx, %ebx; divl %ebx"
	LOOP	loop_rdtsc,	"movl %edx, %ebx; rdtsc; movl %ebx, %edx"
	LOOP	loop_cr3,	"movl %cr3, %eax; movl %eax, %cr3"

	.globl	isr_timer, isr_spurious, isr_div
isr_timer:
	pushl	%eax
	incl	bare_ticks
	movb	$0x20, %al
	outb	%al, $0x20
	popl	%eax
isr_spurious:
	iret
isr_div:
	addl	$2, (%esp)		/* DIV EBX is two bytes long */
	iret

	.section .note.GNU-stack, "", @progbits
