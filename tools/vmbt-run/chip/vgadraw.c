// SPDX-License-Identifier: GPL-2.0
/*
 * What a VGA's screen shows: as text where it is text, and as a picture.
 *
 * Every register that leads into display memory is the guest's, so each address
 * is taken modulo the memory's size. Sizes are bounded by their registers.
 */
#include "vga.h"

#define SEQ_CLOCKING	1
#define SEQ_FONT	3
#define SEQ_MODE	4
#define CRTC_HDISP	0x01
#define CRTC_OVERFLOW	0x07
#define CRTC_PAN	0x08
#define CRTC_MAX_SCAN	0x09
#define CRTC_CUR_START	0x0a
#define CRTC_CUR_END	0x0b
#define CRTC_START	0x0c
#define CRTC_CURSOR	0x0e
#define CRTC_VDISP	0x12
#define CRTC_OFFSET	0x13
#define CRTC_MODE	0x17
#define GFX_MODE	5
#define GFX_MISC	6
#define ATTR_MODE	0x10
#define ATTR_PLANES	0x12
#define ATTR_PAN	0x13
#define ATTR_COLOUR	0x14
#define VBE_ENABLED	0x01
#define VBE_DAC8	0x20

#define CURSOR_OFF	0x20
#define GLYPH_ROWS	32

static bool is_vbe(const struct vga *v)
{
	return v->vbe[VBE_ENABLE] & VBE_ENABLED;
}

static bool is_text(const struct vga *v)
{
	return !is_vbe(v) && !(v->gfx[GFX_MISC] & 1);
}

static unsigned int lines(const struct vga *v)
{
	const u8 *c = v->crtc;

	return (c[CRTC_VDISP] | (c[CRTC_OVERFLOW] & 0x02) << 7 |
		(c[CRTC_OVERFLOW] & 0x40) << 3) + 1;
}

static unsigned int scan_lines(const struct vga *v)
{
	return (v->crtc[CRTC_MAX_SCAN] & 0x1f) + 1;
}

static unsigned int start_address(const struct vga *v)
{
	return v->crtc[CRTC_START] << 8 | v->crtc[CRTC_START + 1];
}

/* Character cell @n of text memory: character, attribute above it. */
static u16 cell(const struct vga *v, u32 n)
{
	u32 at = n * 2 & (VGA_TEXT_SIZE - 1);

	if (v->text_direct)
		return v->text[at] | v->text[at + 1] << 8;
	return v->ram[at * 4] | v->ram[at * 4 + 1] << 8;
}

/**
 * vga_get_text() - the screen as text
 * @v: the adapter
 * @t: filled
 *
 * Return: false if it shows no text.
 */
bool vga_get_text(const struct vga *v, struct vga_text *t)
{
	u32 start = start_address(v), at, cursor;
	unsigned int x, y;

	if (!is_text(v))
		return false;
	t->columns = v->crtc[CRTC_HDISP] + 1;
	t->rows = lines(v) / scan_lines(v);
	if (t->columns > VGA_COLUMNS)
		t->columns = VGA_COLUMNS;
	if (t->rows > VGA_ROWS)
		t->rows = VGA_ROWS;
	cursor = v->crtc[CRTC_CURSOR] << 8 | v->crtc[CRTC_CURSOR + 1];
	t->cursor = -1;
	for (y = 0; y < t->rows; y++) {
		for (x = 0; x < t->columns; x++) {
			at = start + y * v->crtc[CRTC_OFFSET] * 2 + x;
			t->cell[y * t->columns + x] = cell(v, at);
			if (at == cursor && !(v->crtc[CRTC_CUR_START] & CURSOR_OFF))
				t->cursor = y * t->columns + x;
		}
	}
	return true;
}

/**
 * vga_size() - size of the picture
 * @v: the adapter
 * @width: filled, in pixels
 * @height: filled
 */
void vga_size(const struct vga *v, unsigned int *width, unsigned int *height)
{
	if (is_vbe(v)) {
		*width = v->vbe[VBE_XRES];
		*height = v->vbe[VBE_YRES];
		return;
	}
	*width = (v->crtc[CRTC_HDISP] + 1) * 8;
	*height = lines(v);
	if (is_text(v) && !(v->seq[SEQ_CLOCKING] & 1))
		*width = *width / 8 * 9;
	else if (!is_text(v) && v->gfx[GFX_MODE] & 0x40)
		*width /= 2;
	if (!is_text(v) && v->crtc[CRTC_MAX_SCAN] & 0x9f)
		*height /= v->crtc[CRTC_MAX_SCAN] & 0x80 ? 2 : scan_lines(v);
	if (!*width)
		*width = 1;
	if (!*height)
		*height = 1;
}

/* A colour of the DAC, as red, green and blue of 8 bits. */
static void dac_colour(const struct vga *v, u8 n, u8 *rgb)
{
	const u8 *c = v->dac + (n & v->dac_mask) * 3;
	unsigned int i;

	for (i = 0; i < 3; i++)
		rgb[i] = v->vbe[VBE_ENABLE] & VBE_DAC8 ? c[i] :
			 (c[i] & 0x3f) << 2 | (c[i] & 0x3f) >> 4;
}

/* What the attribute controller makes of 4 bits. */
static u8 palette(const struct vga *v, u8 n)
{
	u8 c = v->attr[n & v->attr[ATTR_PLANES] & 15] & 0x3f;

	if (v->attr[ATTR_MODE] & 0x80)
		c = (c & 0x0f) | (v->attr[ATTR_COLOUR] & 0x03) << 4;
	return c | (v->attr[ATTR_COLOUR] & 0x0c) << 4;
}

/* Row @y of a character's picture; fonts are in plane 2. */
static u8 glyph(const struct vga *v, u16 c, unsigned int y)
{
	static const u16 at[8] = { 0x0000, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000 };
	u8 sel = v->seq[SEQ_FONT];
	unsigned int b = (sel & 3) | (sel & 0x10) >> 2;
	unsigned int a = (sel >> 2 & 3) | (sel & 0x20) >> 3;
	/* Bit 3 of the attribute chooses between two fonts. */
	u32 base = at[c & 0x0800 ? a : b];

	return v->ram[(base + (c & 0xff) * GLYPH_ROWS + y) * 4 + 2];
}

static bool in_cursor(const struct vga *v, unsigned int y)
{
	return y >= (v->crtc[CRTC_CUR_START] & 0x1fU) && y <= (v->crtc[CRTC_CUR_END] & 0x1fU);
}

static void draw_text(const struct vga *v, u8 *rgb, unsigned int width, unsigned int height)
{
	unsigned int high = scan_lines(v), wide = v->seq[SEQ_CLOCKING] & 1 ? 8 : 9;
	bool blink = v->attr[ATTR_MODE] & 0x08;
	static struct vga_text t;
	unsigned int x, y, col, row;
	u8 bits, fg, bg;
	bool on;
	u16 c;

	vga_get_text(v, &t);
	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++) {
			col = x / wide;
			row = y / high;
			if (col >= t.columns || row >= t.rows)
				continue;
			c = t.cell[row * t.columns + col];
			fg = c >> 8 & 15;
			bg = c >> 12 & (blink ? 7 : 15);
			bits = glyph(v, c, y % high);
			if (x % wide < 8)
				on = bits & 0x80 >> x % wide;
			else	/* the ninth dot continues line graphics */
				on = v->attr[ATTR_MODE] & 4 && (c & 0xe0) == 0xc0 && bits & 1;
			if (t.cursor == (int)(row * t.columns + col) && in_cursor(v, y % high))
				on = true;
			dac_colour(v, palette(v, on ? fg : bg), rgb + (y * width + x) * 3);
		}
	}
}

/* Four planes, a bit each; or two bits a pixel as the CGA had them. */
static u8 planar_pixel(const struct vga *v, u32 line, unsigned int x)
{
	const u8 *p;
	unsigned int i;
	u8 val = 0;

	if (v->gfx[GFX_MODE] & 0x20) {
		p = v->ram + ((line + x / 8 * 2) & 0xffff) * 4;
		val = p[x & 4 ? 1 : 0];
		return val >> (6 - (x & 3) * 2) & 3;
	}
	p = v->ram + ((line + x / 8) & 0xffff) * 4;
	for (i = 0; i < 4; i++)
		val |= (p[i] >> (7 - x % 8) & 1) << i;
	return val;
}

static void draw_vga(const struct vga *v, u8 *rgb, unsigned int width, unsigned int height)
{
	u32 start = start_address(v), pitch = v->crtc[CRTC_OFFSET] * 2, line;
	bool wide = v->gfx[GFX_MODE] & 0x40;
	unsigned int x, y, row;
	u8 c;

	for (y = 0; y < height; y++) {
		row = y;
		line = 0;
		/* Without bit 0 of the mode register odd lines are 8 KiB further, as on a CGA. */
		if (!(v->crtc[CRTC_MODE] & 1)) {
			line = (row & 1) * 0x2000;
			row /= 2;
		}
		line += start + row * pitch;
		for (x = 0; x < width; x++) {
			if (wide)
				c = v->ram[(line * 4 + x) & 0x3ffff];
			else
				c = palette(v, planar_pixel(v, line, x));
			dac_colour(v, c, rgb + (y * width + x) * 3);
		}
	}
}

static void draw_true(const u8 *p, unsigned int bpp, u8 *rgb)
{
	u32 val = p[0] | p[1] << 8;

	switch (bpp) {
	case 15:
		rgb[0] = (val >> 10 & 31) * 255 / 31;
		rgb[1] = (val >> 5 & 31) * 255 / 31;
		rgb[2] = (val & 31) * 255 / 31;
		break;
	case 16:
		rgb[0] = (val >> 11 & 31) * 255 / 31;
		rgb[1] = (val >> 5 & 63) * 255 / 63;
		rgb[2] = (val & 31) * 255 / 31;
		break;
	default:
		rgb[0] = p[2];
		rgb[1] = p[1];
		rgb[2] = p[0];
		break;
	}
}

static void draw_vbe(const struct vga *v, u8 *rgb, unsigned int width, unsigned int height)
{
	unsigned int bpp = v->vbe[VBE_BPP], bytes = (bpp + 7) / 8, x, y;
	u32 pitch = v->vbe[VBE_VIRT_WIDTH], at;
	u8 pixel[4];

	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++) {
			at = (y + v->vbe[VBE_Y_OFFSET]) * pitch + v->vbe[VBE_X_OFFSET] + x;
			if (bpp == 4) {
				dac_colour(v, palette(v, planar_pixel(v, at / 8, at % 8)),
					   rgb + (y * width + x) * 3);
				continue;
			}
			at *= bytes;
			pixel[0] = v->ram[at & (VGA_RAM - 1)];
			pixel[1] = v->ram[(at + 1) & (VGA_RAM - 1)];
			pixel[2] = v->ram[(at + 2) & (VGA_RAM - 1)];
			if (bpp == 8)
				dac_colour(v, pixel[0], rgb + (y * width + x) * 3);
			else
				draw_true(pixel, bpp, rgb + (y * width + x) * 3);
		}
	}
}

/**
 * vga_draw() - the screen as a picture
 * @v: the adapter
 * @rgb: room for @width * @height * 3 bytes, all zero
 * @width: from vga_size()
 * @height: likewise
 */
void vga_draw(const struct vga *v, u8 *rgb, unsigned int width, unsigned int height)
{
	if (is_vbe(v))
		draw_vbe(v, rgb, width, height);
	else if (!(v->attr_index & 0x20))
		return;		/* the screen is off */
	else if (is_text(v))
		draw_text(v, rgb, width, height);
	else
		draw_vga(v, rgb, width, height);
}
