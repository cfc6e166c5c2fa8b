/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's entry, and the way into a state under test and back.
 *
 * Entered at its first byte, or by a multiboot loader, in flat 32-bit
 * protected mode with interrupts off. run() and run_real() load a struct cpu;
 * any vector leads back to their callers through trap_common, or, in real
 * mode, through a stub of the vector table. Both save the frame with the
 * stack segment it is in, which need not be flat.
 */
#include "layout.h"

	.section .head, "ax"
	.code32
	.globl	image_start
image_start:
	jmp	start
	.balign	4
	.long	0x1badb002, 0, -0x1badb002
start:
	cli
	cld
	movl	$boot_stack_end, %esp
	movl	$bss_start, %edi
	movl	$bss_end, %ecx
	subl	%edi, %ecx
	xorl	%eax, %eax
	rep stosb
	/* Segments that live in our GDT come with the first load_gdt(). */
	call	guest_start
1:	cli
	hlt
	jmp	1b

	.text
/* void reload_segments(void): CS, SS and the rest from the GDT */
	.globl	reload_segments
reload_segments:
	ljmp	$SEL_CODE0, $1f
1:	movl	$SEL_DATA0, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	ret

/* void run(struct cpu *c) */
	.globl	run
run:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %ebx
	movl	%ebx, run_cpu
	movl	%esp, run_esp
	testl	$FL_VM, C_EFLAGS(%ebx)
	jnz	run_v86
	testl	$3, C_CS(%ebx)
	jnz	run_outer

	/* Ring 0: IRET's frame is on the stack that the code starts with. */
	movw	C_SS(%ebx), %ss
	movl	C_ESP(%ebx), %esp
	jmp	run_frame
run_v86:
	pushl	C_GS(%ebx)
	pushl	C_FS(%ebx)
	pushl	C_DS(%ebx)
	pushl	C_ES(%ebx)
run_outer:
	pushl	C_SS(%ebx)
	pushl	C_ESP(%ebx)
run_frame:
	pushl	C_EFLAGS(%ebx)
	pushl	C_CS(%ebx)
	pushl	C_EIP(%ebx)
	/* POPAL's, in the order of struct cpu backwards. */
	pushl	C_EAX(%ebx)
	pushl	C_EAX + 4(%ebx)
	pushl	C_EAX + 8(%ebx)
	pushl	C_EAX + 12(%ebx)
	pushl	$0
	pushl	C_EAX + 20(%ebx)
	pushl	C_EAX + 24(%ebx)
	pushl	C_EAX + 28(%ebx)
	testl	$FL_VM, C_EFLAGS(%ebx)
	jnz	1f
	movw	C_ES(%ebx), %es
	movw	C_FS(%ebx), %fs
	movw	C_GS(%ebx), %gs
	movw	C_DS(%ebx), %ds
1:	popal
	iret

/*
 * Frame: DS ES FS GS, PUSHAL's, vector, error code, EIP CS EFLAGS, and from an
 * outer ring ESP SS, from v86 mode ES DS FS GS. The stack can have 16 bits.
 */
trap_common:
	pushal
	pushl	%gs
	pushl	%fs
	pushl	%es
	pushl	%ds
	movl	$SEL_DATA0, %eax
	movl	%eax, %ds
	movl	%eax, %es
	cld
	movl	%ss, %eax
	larl	%eax, %edx
	movl	%esp, %esi
	btl	$22, %edx
	jc	1f
	movzwl	%sp, %esi
1:	movl	%eax, trap_ss
	movl	%esi, trap_sp
	movl	$trap_frame, %edi
	movl	$17, %ecx
	testl	$FL_VM, %ss:64(%esi)
	jnz	2f
	testl	$3, %ss:60(%esi)
	jz	3f
	movl	$19, %ecx
	jmp	3f
2:	movl	$23, %ecx
3:	movl	%ss:(%esi), %eax
	movl	%eax, (%edi)
	addl	$4, %esi
	addl	$4, %edi
	loop	3b
back:
	movl	$SEL_DATA0, %eax
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movl	run_esp, %esp
	call	trap_taken
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/* A stub of 16 bytes for each vector; those without an error code push 0. */
	.balign	16
	.globl	trap_stubs
trap_stubs:
	.set	vec, 0
	.rept	256
	.balign	16
	.if	!(vec == 8 || (vec >= 10 && vec <= 14) || vec == 17)
	pushl	$0
	.endif
	pushl	$vec
	jmp	trap_common
	.set	vec, vec + 1
	.endr

/*
 * void run_real(struct cpu *c, u32 data_selector)
 *
 * The registers of @c in real mode. The data segments keep the limit of
 * @data_selector, since a load in real mode does not change it.
 */
	.globl	run_real
run_real:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %esi
	movl	24(%esp), %ebx
	movl	%esi, run_cpu
	movl	%esp, run_esp
	movl	$REAL_AT + real_state - real_blob, %edi
	movl	$16, %ecx
	rep movsl
	lidt	real_idt
	movl	%cr0, %edx
	movl	%edx, run_real_cr0
	andl	$~1, %edx
	ljmp	$SEL_CODE16, $real_enter - real_blob

/* Back in flat protected mode; EAX is the vector, the rest is in real_state. */
real_back:
	movl	$SEL_DATA0, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %ss
	movl	%ecx, %fs
	movl	%ecx, %gs
	cld
	movl	run_esp, %esp
	pushl	$REAL_AT + real_state - real_blob
	pushl	%eax
	call	real_taken
	addl	$8, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.data
	.balign	4
real_idt:
	.word	0x3ff
	.long	0

/* Copied to REAL_AT; labels in here are relative to that segment. */
	.section .rodata
#define R(label)	(label - real_blob)
	.globl	real_blob, real_blob_end, real_stubs, real_state
	.balign	16
	.code16
real_blob:
real_enter:
	movw	%bx, %ds
	movw	%bx, %es
	movw	%bx, %fs
	movw	%bx, %gs
	movw	$SEL_DATA16, %ax
	movw	%ax, %ss
	movl	%edx, %cr0
	ljmp	$REAL_SEG, $R(real_in)
real_in:
	movw	%cs:R(real_state) + C_SS, %ss
	movl	%cs:R(real_state) + C_ESP, %esp
	pushw	%cs:R(real_state) + C_EFLAGS
	pushw	%cs:R(real_state) + C_CS
	pushw	%cs:R(real_state) + C_EIP
	movw	%cs:R(real_state) + C_ES, %es
	movw	%cs:R(real_state) + C_FS, %fs
	movw	%cs:R(real_state) + C_GS, %gs
	movl	%cs:R(real_state) + C_EAX, %eax
	movl	%cs:R(real_state) + C_EAX + 4, %ecx
	movl	%cs:R(real_state) + C_EAX + 8, %edx
	movl	%cs:R(real_state) + C_EAX + 12, %ebx
	movl	%cs:R(real_state) + C_EAX + 20, %ebp
	movl	%cs:R(real_state) + C_EAX + 24, %esi
	movl	%cs:R(real_state) + C_EAX + 28, %edi
	movw	%cs:R(real_state) + C_DS, %ds
	iret

/* The vector is on the stack, above it IP, CS and FLAGS. */
real_common:
	movl	%eax, %cs:R(real_state) + C_EAX
	movl	%ecx, %cs:R(real_state) + C_EAX + 4
	movl	%edx, %cs:R(real_state) + C_EAX + 8
	movl	%ebx, %cs:R(real_state) + C_EAX + 12
	movl	%ebp, %cs:R(real_state) + C_EAX + 20
	movl	%esi, %cs:R(real_state) + C_EAX + 24
	movl	%edi, %cs:R(real_state) + C_EAX + 28
	movw	%es, %cs:R(real_state) + C_ES
	movw	%ss, %cs:R(real_state) + C_SS
	movw	%ds, %cs:R(real_state) + C_DS
	movw	%fs, %cs:R(real_state) + C_FS
	movw	%gs, %cs:R(real_state) + C_GS
	xorl	%eax, %eax
	popw	%ax
	popw	%cs:R(real_state) + C_EIP
	popw	%cs:R(real_state) + C_CS
	popw	%cs:R(real_state) + C_EFLAGS
	movl	%esp, %cs:R(real_state) + C_ESP
	/* Real mode can't load a base beyond 16 MiB without this prefix. */
	lgdtl	%cs:R(real_gdt)
	lidtl	%cs:R(real_pidt)
	movl	%cr0, %edx
	orb	$1, %dl
	movl	%edx, %cr0
	ljmpl	$SEL_CODE0, $real_back

	.balign	16
real_stubs:
	.set	vec, 0
	.rept	256
	.balign	8
	pushw	$vec
	jmp	real_common
	.set	vec, vec + 1
	.endr
	.balign	4
real_gdt:
	.word	GDT_ENTRIES * 8 - 1
	.long	gdt
real_pidt:
	.word	256 * 8 - 1
	.long	idt
	.balign	4
real_state:
	.fill	16, 4, 0
real_blob_end:

	.bss
	.balign	16
	.globl	trap_frame, trap_ss, trap_sp, run_cpu, run_real_cr0
trap_frame:
	.skip	23 * 4
trap_ss:
	.skip	4
trap_sp:
	.skip	4
run_cpu:
	.skip	4
run_esp:
	.skip	4
run_real_cr0:
	.skip	4
	.balign	4096
	.skip	16384
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
