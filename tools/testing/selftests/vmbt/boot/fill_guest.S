/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk that fills the screen in mode 12h, four planes of it, in two ways: a plane at
 * a time by string instructions, and byte by byte with another bit mask for each row.
 *
 * fill.py counts what that costs. Before each it writes a letter to COM1 and waits for
 * a key, halted, so that waiting costs next to nothing.
 */
	.intel_syntax noprefix
	.code16
	.text
	.globl _start
_start:
	xor	ax, ax
	mov	ds, ax
	mov	ss, ax
	mov	sp, 0x7c00
	cld
	mov	ax, 0x0012
	int	0x10
	mov	ax, 0xa000
	mov	es, ax
again:
	mov	al, 'p'
	call	ask
	mov	si, 0x0102		/* map mask: plane 0 */
planes:
	mov	dx, 0x3c4
	mov	ax, si
	out	dx, ax
	xor	di, di
	mov	ax, si
	mov	cx, 19200
	rep stosw
	mov	ax, si
	add	ah, ah
	mov	si, ax
	cmp	ah, 0x10
	jne	planes

	mov	al, 'b'
	call	ask
	mov	dx, 0x3c4
	mov	ax, 0x0f02
	out	dx, ax
	xor	di, di
	mov	bx, 480
rows:
	mov	dx, 0x3ce
	mov	ah, bl
	mov	al, 8			/* bit mask */
	out	dx, ax
	mov	cx, 80
bytes:
	mov	byte ptr es:[di], bl
	inc	di
	loop	bytes
	dec	bx
	jnz	rows
	mov	dx, 0x3ce
	mov	ax, 0xff08
	out	dx, ax
	jmp	again

ask:
	mov	dx, 0x3f8
	out	dx, al
	xor	ah, ah
	int	0x16
	ret

	.org	510
	.word	0xaa55
