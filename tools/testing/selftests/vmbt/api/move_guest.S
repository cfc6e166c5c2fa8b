/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest of move.c: 32-bit code that is copied to guest memory. It computes
 * x = x * 1103515245 + 12345 in three kinds of registers, and adds it all up in
 * a page at 0x10000. It goes on until it has done as many rounds as the word at
 * 0x20008 says; then x87's and SSE's sums go to 0x20000.
 */
	.section .rodata
	.code32
	.globl guest_start, guest_end
guest_start:
	finit
	fld1
	mov	$0x12345, %eax
	movd	%eax, %xmm0
	xor	%ebp, %ebp
1:	mov	$0x400, %ecx
	mov	$0x10000, %edi
2:	call	3f
	add	(%edi), %eax
	mov	%eax, (%edi)
	add	$4, %edi
	loop	2b
	inc	%ebp
	cmp	0x20008, %ebp
	jb	1b
	fistpl	0x20000
	movd	%xmm0, 0x20004
	hlt

3:	push	%ebx
	imul	$1103515245, %eax, %eax
	add	$12345, %eax
	movd	%eax, %xmm1
	pxor	%xmm1, %xmm0
	mov	%eax, %ebx
	and	$1, %ebx
	push	%ebx
	fiaddl	(%esp)
	pop	%ebx
	pop	%ebx
	ret
guest_end:

	.section .note.GNU-stack, "", @progbits
