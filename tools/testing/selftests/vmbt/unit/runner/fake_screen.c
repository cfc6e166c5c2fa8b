// SPDX-License-Identifier: GPL-2.0
/*
 * A guest with a screen, for the tests of the display's front ends.
 *
 * In text mode it writes what keyboard and mouse send, in hexadecimal, a line for each,
 * in colours. F1 (scan code 3Bh) shows a picture of a VBE mode, F2 text again, F10 ends.
 */
#include <stdio.h>
#include <string.h>

#include "fake_vmm.h"

#define TEXT		0xb8000
#define FONT		0xa0000
#define LFB		0xe0000000
#define WIDTH		320
#define HEIGHT		240
#define KEYBOARD	0
#define MOUSE		1

static unsigned int column[2];
static unsigned int wanted = 3;

static void put(unsigned int row, unsigned int at, u8 c, u8 attr)
{
	u8 *text = memory(TEXT);

	if (text && at < 80) {
		text[(row * 80 + at) * 2] = c;
		text[(row * 80 + at) * 2 + 1] = attr;
	}
}

static void write_at(unsigned int row, const char *text, u8 attr)
{
	unsigned int i;

	for (i = 0; text[i]; i++)
		put(row, i, text[i], attr);
}

static void pair(u16 index, u8 reg, u8 val)
{
	outb(index, reg);
	outb(index + 1, val);
}

static void attribute(u8 reg, u8 val)
{
	inb(0x3da);
	outb(0x3c0, reg);
	outb(0x3c0, val);
}

/* Glyphs that nobody would take for letters, but each another one. */
static void load_font(void)
{
	unsigned int c, y;

	pair(0x3c4, 2, 4);
	pair(0x3c4, 4, 6);
	pair(0x3ce, 5, 0);
	pair(0x3ce, 6, 4);
	for (c = 0x20; c < 0x80; c++)
		for (y = 0; y < 16; y++)
			store(FONT + c * 32 + y, c == ' ' ? 0 : c * (y + 1));
}

/* Mode 3, as the PS/2 reference lists it. */
static void text_mode(void)
{
	static const u8 gfx[9] = { 0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff };
	static const u8 crtc[25] = {
		0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
		0x00, 0x00, 0x00, 0x9c, 0x0e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
	};
	unsigned int i;

	outw(0x1ce, 4);
	outw(0x1cf, 0);
	outb(0x3c2, 0x67);
	load_font();
	pair(0x3c4, 1, 0);
	pair(0x3c4, 2, 3);
	pair(0x3c4, 4, 2);
	for (i = 0; i < 9; i++)
		pair(0x3ce, i, gfx[i]);
	pair(0x3d4, 0x11, 0);
	for (i = 0; i < 25; i++)
		pair(0x3d4, i, crtc[i]);
	for (i = 0; i < 16; i++)
		attribute(i, i);
	attribute(0x10, 0x0c);
	attribute(0x12, 0x0f);
	attribute(0x13, 0x08);
	inb(0x3da);
	outb(0x3c0, 0x20);
	outb(0x3c8, 0);
	for (i = 0; i < 16; i++) {
		outb(0x3c9, i & 4 ? 42 : i & 8 ? 21 : 0);
		outb(0x3c9, i & 2 ? 42 : i & 8 ? 21 : 0);
		outb(0x3c9, i & 1 ? 42 : i & 8 ? 21 : 0);
	}
	for (i = 0; i < 25 * 80; i++)
		put(i / 80, i % 80, ' ', 0x07);
	write_at(0, "text mode", 0x1e);
	write_at(1, "\x01\xb0\xc9\xe1 437", 0x70);
	write_at(2, "key", 0x07);
	write_at(3, "mouse", 0x07);
	/* The cursor behind the third line's word. */
	pair(0x3d4, 0x0e, 0);
	pair(0x3d4, 0x0f, 2 * 80 + 4);
}

static void picture(void)
{
	static const u16 mode[][2] = {
		{ 4, 0 }, { 1, WIDTH }, { 2, HEIGHT }, { 3, 32 }, { 4, 0x41 },
	};
	unsigned int i, x, y;
	u8 *p;

	outl(0xcf8, 0x80001010);	/* base address 0 of the display */
	outl(0xcfc, LFB);
	outl(0xcf8, 0x80001004);
	outl(0xcfc, 2);
	for (i = 0; i < 5; i++) {
		outw(0x1ce, mode[i][0]);
		outw(0x1cf, mode[i][1]);
	}
	for (y = 0; y < HEIGHT; y++) {
		for (x = 0; x < WIDTH; x++) {
			p = memory(LFB + (y * WIDTH + x) * 4);
			if (!p)
				return;
			p[0] = x;
			p[1] = y;
			p[2] = x ^ y;
		}
	}
}

static void on_interrupt(int vector)
{
	unsigned int from = vector == 0x74 ? MOUSE : KEYBOARD;
	char hex[4];
	u8 byte;

	if (vector != 0x21 && vector != 0x74)
		return;
	byte = inb(0x60);
	snprintf(hex, sizeof(hex), "%02x", byte);
	put(2 + from, 6 + column[from], hex[0], 0x0a + from);
	put(2 + from, 7 + column[from], hex[1], 0x0a + from);
	column[from] = (column[from] + 3) % 72;
	if (from == KEYBOARD && (byte == 0x3b || byte == 0x3c))
		wanted = byte;
	if (from == KEYBOARD && byte == 0x44)
		outb(0xcf9, 6);
}

static void command(u8 byte, u8 to)
{
	outb(0x64, to);
	outb(0x60, byte);
}

/* A guest that ends never: the tests do that. */
void screen_guest(void)
{
	unsigned int i;

	outb(0x20, 0x11);
	outb(0x21, 0x20);
	outb(0x21, 0x04);
	outb(0x21, 0x01);
	outb(0x21, 0xf9);
	outb(0xa0, 0x11);
	outb(0xa1, 0x70);
	outb(0xa1, 0x02);
	outb(0xa1, 0x01);
	outb(0xa1, 0xef);
	command(0xf3, 0xd4);		/* a wheel, please */
	command(200, 0xd4);
	command(0xf3, 0xd4);
	command(100, 0xd4);
	command(0xf3, 0xd4);
	command(80, 0xd4);
	command(0xf4, 0xd4);
	for (i = 0; i < 16; i++)
		inb(0x60);
	command(0x47, 0x60);
	handler = on_interrupt;
	text_mode();
	sti();
	for (;;) {
		hlt();
		if (wanted == 0x3b)
			picture();
		else if (wanted == 0x3c)
			text_mode();
		wanted = 0;
	}
}
