/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk that shows a pattern in every mode of the VGA BIOS, one after the other.
 *
 * modes.py boots it on vmbt-run and on QEMU and compares what their screens show. It
 * sets a mode by INT 10h, draws, writes the mode's line of the table to COM1 and waits
 * for a key. Patterns are a sequence of numbers, so that a byte in the wrong place is
 * seen; where each store is a trip out of the VM, a part of the screen has to do.
 */
	.intel_syntax noprefix
	.code16
	.text

	.set LFB_FIRST, 15001		/* doublewords of the pattern before it repeats */
	.set INFO, 0x9000		/* VBE's mode information */

	.macro entry name, mode, draw, count=0, extra=0
	.byte \extra
	.word \mode, \draw, \count
	.asciz "\name"
	.endm

	.globl _start
_start:
	cli
	xor	ax, ax
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	sp, 0x7c00
	sti
	mov	ax, 0x0208		/* the eight sectors behind this one */
	mov	bx, 0x7e00
	mov	cx, 0x0002
	xor	dh, dh
	int	0x13
	jmp	0x0000:main

	.org	510
	.word	0xaa55

main:
	cld
	mov	si, offset table
next:
	cmp	byte ptr [si], 0xff
	je	end
	call	set_mode
	mov	bx, [si + 3]
	mov	cx, [si + 5]
	mov	dword ptr [seed], 12345
	push	si
	call	bx
	pop	si
	mov	bl, [si]
	xor	bh, bh
	add	bx, bx
	push	si
	call	[bx + extras]
	pop	si
	add	si, 7
	call	tell
	xor	ah, ah
	int	0x16
	jmp	next
end:
	mov	si, offset last
	call	tell
1:	hlt
	jmp	1b

/* The name, to COM1, and over the zero at its end. */
tell:
	lodsb
	test	al, al
	jz	1f
	call	put
	jmp	tell
1:	mov	al, '\n'
put:
	push	ax
	mov	dx, 0x3fd
1:	in	al, dx
	test	al, 0x20
	jz	1b
	pop	ax
	mov	dx, 0x3f8
	out	dx, al
	ret

set_mode:
	mov	bx, [si + 1]
	cmp	bh, 0
	jne	1f
	movzx	ax, bl
	int	0x10
	mov	ax, 0x0100		/* no cursor: it blinks */
	mov	cx, 0x2000
	int	0x10
	ret
1:	mov	ax, 0x4f02
	int	0x10
	ret

/* The next number, in EAX. */
number:
	mov	eax, [seed]
	imul	eax, eax, 1664525
	add	eax, 1013904223
	mov	[seed], eax
	ret

/* Text: all characters, all attributes that don't blink. */
text:
	mov	ax, 0xb800
	mov	dh, 0x7f
text_at:
	mov	es, ax
	xor	di, di
	xor	bx, bx
1:	mov	al, bl
	mov	ah, bh
	imul	ax, ax, 7
	mov	ah, bl
	shr	ah, 2
	add	ah, al
	mov	al, bl
	and	ah, dh
	stosw
	inc	bx
	loop	1b
	ret

/* With bright backgrounds in the place of blinking. */
text_bright:
	push	cx
	mov	ax, 0x1003
	mov	bl, 0
	int	0x10
	pop	cx
	mov	ax, 0xb800
	mov	dh, 0xff
	jmp	text_at

/* Monochrome has four attributes that no line is under. */
text_mono:
	mov	ax, 0xb000
	mov	es, ax
	xor	di, di
	xor	bx, bx
1:	mov	al, bl
	mov	ah, 0x07
	test	bl, 0x10
	jz	2f
	mov	ah, 0x70
2:	test	bl, 0x20
	jz	3f
	or	ah, 0x08
3:	stosw
	inc	bx
	loop	1b
	ret

/* Fonts of other heights. */
lines28:
	mov	ax, 0x1111
	jmp	font
lines43:
	push	cx
	mov	ax, 0x1201		/* 350 lines, from the next mode on */
	mov	bl, 0x30
	int	0x10
	mov	ax, 3
	int	0x10
	mov	ax, 0x1112
	xor	bl, bl
	int	0x10
	mov	ax, 0x1202		/* 400 again */
	mov	bl, 0x30
	int	0x10
	pop	cx
	jmp	no_cursor
lines50:
	mov	ax, 0x1112
font:
	xor	bl, bl
	push	cx
	int	0x10
	pop	cx
no_cursor:
	push	cx
	mov	ax, 0x0100
	mov	cx, 0x2000
	int	0x10
	pop	cx
	jmp	text

/* A second font, whose glyphs are the first one's upside down, by attribute bit 3. */
two_fonts:
	push	cx
	mov	ax, 0x1130
	mov	bh, 6			/* the 8x16 font in ROM, at ES:BP */
	int	0x10
	mov	di, 0xa000
	xor	bx, bx
1:	mov	al, es:[bp]
	mov	byte ptr [di], al
	inc	bp
	inc	di
	inc	bx
	cmp	bx, 4096
	jb	1b
	mov	si, 0xa000
	mov	cx, 256
2:	mov	bx, 15
	xor	di, di
3:	mov	al, [si + bx]
	xchg	al, [si]
	mov	[si + bx], al
	inc	si
	sub	bx, 2
	jns	3b
	add	si, 8
	loop	2b
	xor	ax, ax
	mov	es, ax
	mov	bp, 0xa000
	mov	ax, 0x1100
	mov	bx, 0x1001		/* 16 rows, into block 1 */
	mov	cx, 256
	xor	dx, dx
	int	0x10
	mov	ax, 0x1103
	mov	bl, 0x04		/* blocks 0 and 1 */
	int	0x10
	pop	cx
	jmp	text

/* What the CGA had at B8000h. */
cga:
	mov	ax, 0xb800
	jmp	at_ax
chained:
	mov	ax, 0xa000
at_ax:
	mov	es, ax
	xor	di, di
1:	call	number
	stosd
	loop	1b
	ret

/* Four planes, one after the other. */
planar:
	mov	ax, 0xa000
	mov	es, ax
	mov	bl, 1
1:	mov	dx, 0x3c4
	mov	al, 2
	mov	ah, bl
	out	dx, ax
	push	cx
	xor	di, di
2:	call	number
	stosd
	loop	2b
	pop	cx
	add	bl, bl
	cmp	bl, 16
	jb	1b
	ret

/* Mode X: as 13h, with planes. */
unchained:
	mov	dx, 0x3c4
	mov	ax, 0x0604
	out	dx, ax
	mov	dx, 0x3d4
	mov	ax, 0x0014
	out	dx, ax
	mov	ax, 0xe317
	out	dx, ax
	jmp	planar

/* VBE through the window of 64 KiB: two banks. */
banked:
	xor	bx, bx
1:	push	cx
	push	bx
	mov	dx, bx
	xor	bx, bx
	mov	ax, 0x4f05
	int	0x10
	mov	ax, 0xa000
	call	at_ax
	pop	bx
	pop	cx
	inc	bx
	cmp	bx, 2
	jb	1b
	ret

/* VBE's linear frame buffer: a pattern that repeats. */
linear:
	mov	cx, [si + 1]
	and	cx, 0x3fff
	mov	di, INFO
	xor	ax, ax
	mov	es, ax
	mov	ax, 0x4f01
	int	0x10
	movzx	eax, word ptr [INFO + 0x10]	/* bytes a line */
	movzx	ebx, word ptr [INFO + 0x14]	/* lines */
	mul	ebx
	shr	eax, 2
	sub	eax, LFB_FIRST
	mov	ebx, eax
	mov	edi, [INFO + 0x28]
	call	unlimited
	push	edi
	mov	ecx, LFB_FIRST
1:	call	number
	mov	es:[edi], eax
	add	edi, 4
	dec	ecx
	jnz	1b
	pop	esi
	mov	ecx, ebx
	push	ds
	push	es
	pop	ds
	.byte	0x67
	rep	movsd
	pop	ds
	ret

/* ES reaches all of 4 GiB. */
unlimited:
	cli
	push	ds
	lgdt	[gdtr]
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	jmp	1f
1:	mov	cx, 8
	mov	ds, cx
	mov	es, cx
	and	al, 0xfe
	mov	cr0, eax
	jmp	1f
1:	pop	ds
	xor	ax, ax
	mov	es, ax
	sti
	ret

/* After drawing */

nothing:
	ret

/* The screen starts 10 lines below, and again at the top from line 300 on. */
split:
	mov	dx, 0x3d4
	mov	al, 0x11		/* open the first registers */
	out	dx, al
	inc	dx
	in	al, dx
	and	al, 0x7f
	out	dx, al
	dec	dx
	mov	ax, 0x030c
	out	dx, ax
	mov	ax, 0x200d
	out	dx, ax
	mov	ax, 0x2b18		/* 12Bh: its highest bits are elsewhere */
	out	dx, ax
	mov	al, 7
	out	dx, al
	inc	dx
	in	al, dx
	or	al, 0x10
	out	dx, al
	dec	dx
	mov	al, 9
	out	dx, al
	inc	dx
	in	al, dx
	and	al, 0xbf
	out	dx, al
	ret

/* Colours of eight bits, all of them others. */
dac8:
	mov	ax, 0x4f08
	mov	bx, 0x0800
	int	0x10
colours:
	mov	dx, 0x3c8
	xor	al, al
	out	dx, al
	inc	dx
	mov	cx, 768
1:	call	number
	shr	eax, 16
	out	dx, al
	loop	1b
	ret

/* The pixel mask, and the attribute controller's palette through its plane mask. */
masks:
	mov	dx, 0x3c6
	mov	al, 0x3f
	out	dx, al
	mov	dx, 0x3da
	in	al, dx
	mov	dx, 0x3c0
	mov	al, 0x32
	out	dx, al
	mov	al, 0x0b
	out	dx, al
	ret

	.balign 4
seed:	.long 0
gdtr:	.word 15
	.long gdt
	.balign 8
gdt:	.quad 0, 0x008f92000000ffff
extras:	.word nothing, split, dac8, colours, masks
last:	.asciz "end"

table:
	entry "00 40x25", 0x00, text, 1000
	entry "01 40x25", 0x01, text, 1000
	entry "02 80x25", 0x02, text, 2000
	entry "03 80x25", 0x03, text, 2000
	entry "03 bright", 0x03, text_bright, 2000
	entry "03 28 lines", 0x03, lines28, 2240
	entry "03 43 lines", 0x03, lines43, 3440
	entry "03 50 lines", 0x03, lines50, 4000
	entry "03 two fonts", 0x03, two_fonts, 2000
	entry "03 colours", 0x03, text, 2000, 3
	entry "04 320x200x2", 0x04, cga, 4096
	entry "05 320x200x2", 0x05, cga, 4096
	entry "06 640x200x1", 0x06, cga, 4096
	entry "0d 320x200x4", 0x0d, planar, 2000
	entry "0e 640x200x4", 0x0e, planar, 2000
	entry "0f 640x350 mono", 0x0f, planar, 1000
	entry "10 640x350x4", 0x10, planar, 2000
	entry "11 640x480x1", 0x11, planar, 2000
	entry "12 640x480x4", 0x12, planar, 2000
	entry "12 split", 0x12, planar, 2000, 1
	entry "12 masks", 0x12, planar, 2000, 4
	entry "13 320x200x8", 0x13, chained, 16000
	entry "13 split", 0x13, chained, 16000, 1
	entry "13 colours", 0x13, chained, 16000, 3
	entry "X 320x200x8", 0x13, unchained, 1600
	entry "101 banked", 0x101, banked, 8000
	entry "101 8-bit DAC", 0x4101, linear, 0, 2
	entry "102 800x600x4", 0x102, planar, 1500
	entry "100 640x400x8", 0x4100, linear
	entry "101 640x480x8", 0x4101, linear
	entry "103 800x600x8", 0x4103, linear
	entry "105 1024x768x8", 0x4105, linear
	entry "107 1280x1024x8", 0x4107, linear
	entry "110 640x480x15", 0x4110, linear
	entry "111 640x480x16", 0x4111, linear
	entry "112 640x480x24", 0x4112, linear
	entry "114 800x600x16", 0x4114, linear
	entry "117 1024x768x16", 0x4117, linear
	entry "118 1024x768x24", 0x4118, linear
	entry "142 640x480x32", 0x4142, linear
	entry "144 1024x768x32", 0x4144, linear
	entry "145 1280x1024x32", 0x4145, linear
	/* Behind it the VGA BIOS leaves the CRT controller where it was for the next. */
	entry "03 again", 0x03, text, 2000
	entry "07 mono", 0x07, text_mono, 2000
	.byte	0xff

	.org	9 * 512
