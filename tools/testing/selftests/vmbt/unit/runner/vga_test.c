// SPDX-License-Identifier: GPL-2.0
/*
 * The display adapter, against IBM's PS/2 reference and the VBE interface.
 */
#include "check.h"
#include "vga.h"

static struct vga v;
static u8 ram[VGA_RAM], text[VGA_TEXT_SIZE];
static unsigned int switches;
static bool direct;
static u8 *linear;

static void map_window(void *arg, u32 gpa, u8 *where, u32 size)
{
	(void)arg;
	switches++;
	direct = where == text;
	linear = where && where != text ? where : NULL;
	if (direct)
		EXPECT(gpa == 0xb8000 && size == VGA_TEXT_SIZE);
	if (linear)
		EXPECT(gpa == 0xa0000 && size == 0x10000);
}

static void lfb_moved(void *arg)
{
	(void)arg;
}

static void out(u16 index, u8 reg, u8 val)
{
	vga_write(&v, index, reg);
	vga_write(&v, index + 1, val);
}

static void start(void)
{
	v = (struct vga){ .ram = ram, .text = text, .map_window = map_window,
			  .lfb_moved = lfb_moved };
	switches = 0;
	direct = false;
	linear = NULL;
	vga_reset(&v);
}

/* Mode 3's registers, as the reference lists them. */
static void mode3(void)
{
	static const u8 gfx[9] = { 0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff };
	unsigned int i;

	vga_write(&v, 0x3c2, 0x67);
	out(0x3c4, 1, 0);
	out(0x3c4, 2, 3);
	out(0x3c4, 3, 0);
	out(0x3c4, 4, 2);
	for (i = 0; i < 9; i++)
		out(0x3ce, i, gfx[i]);
	out(0x3d4, 0x11, 0x0e);
	out(0x3d4, 0x01, 0x4f);
	out(0x3d4, 0x07, 0x1f);
	out(0x3d4, 0x09, 0x4f);
	out(0x3d4, 0x0a, 0x0d);
	out(0x3d4, 0x0b, 0x0e);
	out(0x3d4, 0x12, 0x8f);
	out(0x3d4, 0x13, 0x28);
}

static void planar(void)
{
	vga_write(&v, 0x3c2, 0x63);
	out(0x3c4, 2, 0x0f);
	out(0x3c4, 4, 0x06);
	out(0x3ce, 5, 0);
	out(0x3ce, 6, 0x05);
	out(0x3ce, 8, 0xff);
}

static void registers(void)
{
	start();
	EXPECT_EQ(vga_read(&v, 0x3d4, 0), 0xff);	/* monochrome: at 3B4h */
	vga_write(&v, 0x3c2, 0x67);
	EXPECT_EQ(vga_read(&v, 0x3cc, 0), 0x67);
	out(0x3d4, 0x0e, 0x12);
	EXPECT_EQ(vga_read(&v, 0x3d5, 0), 0x12);
	EXPECT_EQ(vga_read(&v, 0x3b5, 0), 0xff);
	/* attribute flip-flop: status 1 resets it */
	vga_read(&v, 0x3da, 0);
	vga_write(&v, 0x3c0, 0x03);
	vga_write(&v, 0x3c0, 0x15);
	vga_write(&v, 0x3c0, 0x23);
	EXPECT_EQ(vga_read(&v, 0x3c1, 0), 0x15);
	EXPECT_EQ(vga_read(&v, 0x3c0, 0), 0x23);
	/* CRTC 0 to 7 are protected by bit 7 of 11h, all but bit 4 of 7 */
	out(0x3d4, 0x11, 0x80);
	out(0x3d4, 0x01, 0x77);
	out(0x3d4, 0x07, 0xff);
	vga_write(&v, 0x3d4, 0x01);
	EXPECT_EQ(vga_read(&v, 0x3d5, 0), 0x00);
	vga_write(&v, 0x3d4, 0x07);
	EXPECT_EQ(vga_read(&v, 0x3d5, 0), 0x10);
}

static void dac(void)
{
	start();
	vga_write(&v, 0x3c8, 0xff);
	vga_write(&v, 0x3c9, 0xff);
	vga_write(&v, 0x3c9, 0x20);
	vga_write(&v, 0x3c9, 0x01);
	vga_write(&v, 0x3c9, 0x07);		/* wraps to colour 0 */
	vga_write(&v, 0x3c9, 0x08);
	vga_write(&v, 0x3c9, 0x09);
	vga_write(&v, 0x3c7, 0xff);
	EXPECT_EQ(vga_read(&v, 0x3c7, 0), 3);
	EXPECT_EQ(vga_read(&v, 0x3c9, 0), 0x3f);	/* six bits */
	EXPECT_EQ(vga_read(&v, 0x3c9, 0), 0x20);
	EXPECT_EQ(vga_read(&v, 0x3c9, 0), 0x01);
	EXPECT_EQ(vga_read(&v, 0x3c9, 0), 0x07);
}

/* Retrace comes and goes at 60 Hz. */
static void retrace(void)
{
	unsigned int i, seen = 0, changes = 0;
	u8 last = 0, val;

	start();
	vga_write(&v, 0x3c2, 0x67);
	for (i = 0; i < 100000; i++) {
		val = vga_read(&v, 0x3da, i * 10000ULL) & 8;
		seen += val != 0;
		changes += val && !last;
		last = val;
	}
	EXPECT(changes >= 59 && changes <= 60);
	EXPECT(seen > 1000 && seen < 20000);
}

static void text_memory(void)
{
	static struct vga_text t;

	start();
	mode3();
	EXPECT(direct);
	text[0] = 'H';
	text[1] = 0x1f;
	text[160] = 'i';
	out(0x3d4, 0x0f, 81);
	EXPECT(vga_get_text(&v, &t));
	EXPECT_EQ(t.columns, 80);
	EXPECT_EQ(t.rows, 25);
	EXPECT_EQ(t.cell[0], 0x1f00 | 'H');
	EXPECT_EQ(t.cell[80] & 0xff, 'i');
	EXPECT_EQ(t.cursor, 81);
	/* a font is loaded into plane 2: text goes to the planes and comes back */
	out(0x3c4, 2, 4);
	EXPECT(!direct);
	EXPECT_EQ(ram[0], 'H');
	EXPECT_EQ(ram[1], 0x1f);
	out(0x3c4, 4, 6);
	out(0x3ce, 5, 0);
	out(0x3ce, 6, 4);
	vga_mem_write(&v, 0xa0000 + 'H' * 32, 0x81);
	EXPECT_EQ(ram['H' * 32 * 4 + 2], 0x81);
	memset(text, 0, sizeof(text));
	mode3();
	EXPECT(direct);
	EXPECT_EQ(text[0], 'H');
	EXPECT_EQ(text[160], 'i');
	out(0x3d4, 0x0d, 80);			/* scrolled by a line */
	EXPECT(vga_get_text(&v, &t));
	EXPECT_EQ(t.cell[0] & 0xff, 'i');
	out(0x3d4, 0x0a, 0x20);
	EXPECT(vga_get_text(&v, &t));
	EXPECT_EQ(t.cursor, -1);
}

static void write_modes(void)
{
	start();
	planar();
	vga_mem_write(&v, 0xa0000, 0xa5);	/* mode 0, all planes */
	EXPECT_EQ(ram[0], 0xa5);
	EXPECT_EQ(ram[3], 0xa5);
	out(0x3c4, 2, 0x02);
	vga_mem_write(&v, 0xa0000, 0x00);
	EXPECT_EQ(ram[0], 0xa5);
	EXPECT_EQ(ram[1], 0x00);
	out(0x3c4, 2, 0x0f);
	/* read map, latches, bit mask */
	out(0x3ce, 4, 1);
	EXPECT_EQ(vga_mem_read(&v, 0xa0000), 0x00);
	out(0x3ce, 8, 0x0f);
	vga_mem_write(&v, 0xa0001, 0xff);
	EXPECT_EQ(ram[4], 0xaf);
	EXPECT_EQ(ram[5], 0x0f);
	/* set/reset */
	out(0x3ce, 8, 0xff);
	out(0x3ce, 0, 0x05);
	out(0x3ce, 1, 0x0f);
	vga_mem_write(&v, 0xa0002, 0x33);
	EXPECT_EQ(ram[8], 0xff);
	EXPECT_EQ(ram[9], 0x00);
	EXPECT_EQ(ram[10], 0xff);
	out(0x3ce, 1, 0);
	/* rotate and XOR */
	vga_mem_read(&v, 0xa0000);
	out(0x3ce, 3, 0x18 | 4);
	vga_mem_write(&v, 0xa0003, 0x12);
	EXPECT_EQ(ram[12], 0xa5 ^ 0x21);
	out(0x3ce, 3, 0);
	/* mode 1: the latches */
	out(0x3ce, 5, 1);
	vga_mem_write(&v, 0xa0004, 0x77);
	EXPECT_EQ(ram[16], 0xa5);
	EXPECT_EQ(ram[17], 0x00);
	/* mode 2: a colour for the pixels in the mask */
	out(0x3ce, 5, 2);
	out(0x3ce, 8, 0xf0);
	vga_mem_write(&v, 0xa0005, 0x0a);
	EXPECT_EQ(ram[20], 0x05);		/* plane 0: bit clear, low half the latch */
	EXPECT_EQ(ram[21], 0xf0);
	/* mode 3: set/reset through data and mask */
	out(0x3ce, 5, 3);
	out(0x3ce, 0, 0x0f);
	out(0x3ce, 8, 0x3c);
	vga_mem_write(&v, 0xa0006, 0x18);
	EXPECT_EQ(ram[25], 0x18);
	/* read mode 1: where is colour 0Fh? */
	out(0x3ce, 5, 0x08);
	out(0x3ce, 2, 0x0f);
	out(0x3ce, 7, 0x0f);
	memset(ram + 40, 0, 4);
	ram[40] = 0xf0;
	ram[41] = 0xcc;
	ram[42] = 0xff;
	ram[43] = 0xff;
	EXPECT_EQ(vga_mem_read(&v, 0xa000a), 0xc0);
}

/* Mode 13h: chain 4, a byte a pixel. */
static void chain4(void)
{
	start();
	vga_write(&v, 0x3c2, 0x63);
	out(0x3c4, 2, 0x0f);
	out(0x3c4, 4, 0x0e);
	out(0x3ce, 5, 0x40);
	out(0x3ce, 6, 0x05);
	out(0x3ce, 8, 0xff);
	EXPECT(linear == ram);				/* and costs no exits */
	vga_mem_write(&v, 0xa1234, 0x99);
	EXPECT_EQ(ram[0x1234], 0x99);
	EXPECT_EQ(vga_mem_read(&v, 0xa1234), 0x99);
	EXPECT_EQ(vga_mem_read(&v, 0xb8000), 0xff);	/* not decoded */
	out(0x3c4, 2, 0x01);
	EXPECT(!linear);
	vga_mem_write(&v, 0xa1235, 0x99);
	EXPECT_EQ(ram[0x1235], 0x00);
}

static u16 vbe_get(u16 reg)
{
	vga_vbe_write(&v, 0x1ce, reg);
	return vga_vbe_read(&v, 0x1cf);
}

static void vbe_put(u16 reg, u16 val)
{
	vga_vbe_write(&v, 0x1ce, reg);
	vga_vbe_write(&v, 0x1cf, val);
}

static void vbe(void)
{
	static u8 rgb[640 * 480 * 3];
	unsigned int width, height;

	start();
	vbe_put(0, 0xb0c4);
	EXPECT_EQ(vbe_get(0), 0xb0c4);
	vbe_put(0, 0x1234);
	EXPECT_EQ(vbe_get(0), 0xb0c4);
	vbe_put(4, 0x02);				/* capabilities */
	EXPECT_EQ(vbe_get(1), 2560);
	EXPECT_EQ(vbe_get(3), 32);
	vbe_put(4, 0);
	vbe_put(1, 640);
	vbe_put(2, 480);
	vbe_put(3, 32);
	ram[0] = 0x55;
	vbe_put(4, 0x41);
	EXPECT_EQ(ram[0], 0);
	EXPECT_EQ(vbe_get(6), 640);
	EXPECT_EQ(vbe_get(7), VGA_RAM / 640 / 4);
	vbe_put(1, 800);				/* not while it is on */
	EXPECT_EQ(vbe_get(1), 640);
	vbe_put(5, 3);					/* bank 3 */
	vga_write(&v, 0x3c2, 0x63);
	out(0x3ce, 6, 0x05);
	EXPECT(linear == ram + 0x30000);
	vga_mem_write(&v, 0xa0010, 0x42);
	EXPECT_EQ(ram[0x30010], 0x42);
	vbe_put(5, 256);
	EXPECT_EQ(vbe_get(5), 3);
	vbe_put(9, 0xffff);				/* beyond what there is */
	EXPECT_EQ(vbe_get(9), 0);
	ram[(1 * 640 + 2) * 4] = 0x10;
	ram[(1 * 640 + 2) * 4 + 1] = 0x20;
	ram[(1 * 640 + 2) * 4 + 2] = 0x30;
	vga_size(&v, &width, &height);
	EXPECT_EQ(width, 640);
	EXPECT_EQ(height, 480);
	vga_draw(&v, rgb, width, height);
	EXPECT_EQ(rgb[(640 + 2) * 3], 0x30);
	EXPECT_EQ(rgb[(640 + 2) * 3 + 2], 0x10);
	vbe_put(4, 0);
	vbe_put(3, 17);
	EXPECT_EQ(vbe_get(3), 32);
}

/* A row as a text of one digit a dot: which of 16 pens; '.' for none of them. */
static const char *dots(const struct vga_view *w, unsigned int y, unsigned int n)
{
	static u32 row[VGA_MAX_WIDTH];
	static char text[64];
	unsigned int x, i;

	vga_view_row(w, y, row);
	for (x = 0; x < n; x++) {
		for (i = 0; i < 16 && w->pen[i] != row[x]; i++)
			;
		text[x] = i == 16 ? '.' : "0123456789abcdef"[i];
	}
	text[n] = 0;
	return text;
}

#define EXPECT_DOTS(w, y, expected) do {					\
	const char *is = dots(w, y, sizeof(expected) - 1);			\
										\
	if (strcmp(is, expected))						\
		check_fail("%s:%d: row %u is %s, not %s", __FILE__, __LINE__, y, is, expected); \
} while (0)

/* Sixteen pens that differ, the picture on. */
static void pens(u8 mode)
{
	unsigned int i;

	vga_read(&v, 0x3da, 0);
	for (i = 0; i < 16; i++) {
		vga_write(&v, 0x3c0, i);
		vga_write(&v, 0x3c0, i);
		vga_write(&v, 0x3c8, i);
		vga_write(&v, 0x3c9, 3 * i);
		vga_write(&v, 0x3c9, i);
		vga_write(&v, 0x3c9, i);
	}
	for (i = 0x10; i < 0x15; i++) {
		vga_write(&v, 0x3c0, i);
		vga_write(&v, 0x3c0, i == 0x10 ? mode : i == 0x12 ? 0x0f : i == 0x13 ? 8 : 0);
	}
	vga_write(&v, 0x3c0, 0x20);
}

static void attr(u8 reg, u8 val)
{
	vga_read(&v, 0x3da, 0);
	vga_write(&v, 0x3c0, reg | 0x20);
	vga_write(&v, 0x3c0, val);
}

static void font(u32 block, u8 c, unsigned int row, u8 bits)
{
	ram[(block + c * 32 + row) * 4 + 2] = bits;
}

/* Characters: the ninth dot, two fonts, blinking, underline, the cursor. */
static void characters(void)
{
	struct vga_view w;

	start();
	mode3();
	pens(0x0c);				/* blinking, line graphics */
	font(0, 'A', 3, 0xa1);
	font(0, 0xc4, 3, 0xff);
	font(0, 0xb1, 3, 0xff);
	font(0x4000, 'A', 3, 0x0f);
	text[0] = 'A';
	text[1] = 0x2f;
	text[2] = 0xc4;
	text[3] = 0x03;
	text[4] = 0xb1;
	text[5] = 0x84;				/* blinks */
	vga_view(&v, &w);
	EXPECT_EQ(w.width, 720);
	EXPECT_EQ(w.height, 400);
	EXPECT_DOTS(&w, 3, "f2f2222f2333333333444444440");
	vga_view_blink(&w, true, false);
	EXPECT_DOTS(&w, 3, "f2f2222f2333333333000000000");
	/* without blinking the bit is a bright background */
	attr(0x10, 0x04);
	vga_view(&v, &w);
	vga_view_blink(&w, true, false);
	EXPECT_DOTS(&w, 3, "f2f2222f2333333333444444448");
	/* without line graphics the ninth dot is background */
	attr(0x10, 0x00);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "f2f2222f2333333330");
	/* bit 3 of the attribute takes the other font */
	out(0x3c4, 3, 0x04);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "2222ffff2333333330");
	/* and no colour, where the plane is off */
	attr(0x12, 0x07);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "222277772");
	attr(0x12, 0x0f);
	out(0x3c4, 3, 0x00);
	/* underline: attribute 1 on background 0, in the row that is said */
	text[1] = 0x01;
	out(0x3d4, 0x14, 0x03);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "111111111333333330");
	EXPECT_DOTS(&w, 4, "000000000");
	out(0x3d4, 0x14, 0x1f);
	/* the cursor, rows 0Dh and 0Eh, in the foreground's colour */
	out(0x3d4, 0x0e, 0);
	out(0x3d4, 0x0f, 1);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 12, "000000000000000000");
	EXPECT_DOTS(&w, 13, "000000000333333333");
	EXPECT_DOTS(&w, 14, "000000000333333333");
	EXPECT_DOTS(&w, 15, "000000000000000000");
	vga_view_blink(&w, false, true);
	EXPECT_DOTS(&w, 13, "000000000000000000");
	/* eight dots; 40 columns with each dot twice */
	out(0x3c4, 1, 0x01);
	text[1] = 0x2f;
	vga_view(&v, &w);
	EXPECT_EQ(w.width, 640);
	EXPECT_DOTS(&w, 3, "f2f2222f33333333");
	out(0x3c4, 1, 0x08);
	out(0x3d4, 0x01, 0x27);
	vga_view(&v, &w);
	EXPECT_EQ(w.width, 720);
	EXPECT_DOTS(&w, 3, "ff22ff22222222ff223333333333333333");
	/* nothing while the screen is off, either way */
	out(0x3c4, 1, 0x20);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "00000000");
}

/* Smooth scrolling: pixel panning, byte panning, preset row scan, line compare. */
static void scrolling(void)
{
	struct vga_view w;
	unsigned int i;

	start();
	mode3();
	pens(0x00);
	out(0x3d4, 0x0a, 0x20);
	for (i = 0; i < 16; i++) {
		font(0, 'A', i, i == 3 ? 0xa1 : 0);
		font(0, 'B', i, i == 3 ? 0xff : 0);
	}
	text[0] = 'A';
	text[1] = 0x07;
	text[2] = 'B';
	text[3] = 0x01;
	text[160] = 'B';
	text[161] = 0x02;
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "707000070111111110");
	attr(0x13, 0);				/* of nine dots 8 is none, 0 is one */
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "07000070111111110");
	attr(0x13, 7);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "0111111110");
	attr(0x13, 8);
	out(0x3d4, 0x08, 0x20);			/* a byte further */
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 3, "111111110");
	out(0x3d4, 0x08, 0x02);			/* the first row starts with its third line */
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 1, "707000070");
	EXPECT_DOTS(&w, 17, "222222220");
	/* from line 33 on memory from its beginning, without panning if that is said */
	out(0x3d4, 0x18, 32);
	out(0x3d4, 0x07, 0x0f);
	out(0x3d4, 0x09, 0x0f);
	out(0x3c4, 1, 0x01);
	attr(0x13, 1);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 33 + 3, "07000071");
	attr(0x10, 0x20);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 33 + 3, "70700007");
	EXPECT_DOTS(&w, 1, "07000071");
}

/* How bits become pixels: PS/2 reference, display memory addressing. */
static void graphics(void)
{
	struct vga_view w;

	start();
	vga_write(&v, 0x3c2, 0x63);
	out(0x3ce, 6, 0x05);
	out(0x3ce, 5, 0x00);
	out(0x3c4, 1, 0x01);
	out(0x3d4, 0x01, 0x4f);
	out(0x3d4, 0x12, 0xdf);
	out(0x3d4, 0x07, 0x12);
	out(0x3d4, 0x13, 0x28);
	out(0x3d4, 0x17, 0xe3);
	out(0x3d4, 0x18, 0xff);
	out(0x3d4, 0x09, 0x40);
	pens(0x01);
	attr(0x13, 0);
	memcpy(ram, "\x81\xc0\xa0\x90", 4);
	memcpy(ram + 320, "\xff\x00\xff\x00", 4);
	vga_view(&v, &w);
	EXPECT_EQ(w.width, 640);
	EXPECT_EQ(w.height, 480);
	EXPECT_DOTS(&w, 0, "f2480001");
	EXPECT_DOTS(&w, 1, "55555555");
	attr(0x13, 3);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 0, "80001000");
	attr(0x13, 0);
	/* two bits a pixel: planes 0 and 2, then 1 and 3 */
	out(0x3ce, 5, 0x20);
	memcpy(ram, "\x1b\xe4\x00\x55", 4);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 0, "01237654");
	/* as on a CGA odd rows are 8 KiB further: rows of two lines, words */
	out(0x3d4, 0x17, 0xa2);
	out(0x3d4, 0x09, 0x41);
	out(0x3d4, 0x13, 0x14);
	memcpy(ram + 0x2000 * 4, "\xff\x00\x00\x00", 4);
	memcpy(ram + 80 * 4, "\x55\x55\x00\x00", 4);
	memcpy(ram + 2 * 4, "\xaa\xaa\x00\x00", 4);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 0, "0123765422222222");
	EXPECT_DOTS(&w, 1, "33330000");
	EXPECT_DOTS(&w, 2, "11111111");
	/* double scan: each line twice */
	out(0x3d4, 0x09, 0xc1);
	vga_view(&v, &w);
	EXPECT_DOTS(&w, 1, "01237654");
	EXPECT_DOTS(&w, 2, "33330000");
}

static void saved(void)
{
	static u8 kept[VGA_RAM + 2048];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	mode3();
	text[2] = 'x';
	vga_state(&v, &s);
	EXPECT(!s.bad);
	EXPECT(direct);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	vga_state(&v, &s);
	EXPECT(!s.bad);
	EXPECT(direct);
	EXPECT_EQ(text[2], 'x');
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	vga_state(&v, &s);
	EXPECT(s.bad);
}

int main(void)
{
	CASE(registers);
	CASE(dac);
	CASE(retrace);
	CASE(text_memory);
	CASE(write_modes);
	CASE(chain4);
	CASE(vbe);
	CASE(characters);
	CASE(scrolling);
	CASE(graphics);
	CASE(saved);
	return check_failed != 0;
}
