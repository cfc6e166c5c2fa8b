// SPDX-License-Identifier: GPL-2.0
/*
 * What a VGA's screen shows: as text where it is text, and as a picture.
 *
 * vga_view() notes, under the machine's lock, all registers that the picture
 * depends on; from that, rows are drawn without it, while the guest goes on. A
 * row is what the monitor's beam draws: modes with 200 lines have 400, and a
 * pixel of theirs is two wide.
 *
 * Every register that leads into display memory is the guest's, so each address
 * is taken modulo the memory's size. Sizes are bounded by their registers.
 */
#include "vga.h"

#define SEQ_CLOCKING	1
#define SEQ_8_DOTS	0x01
#define SEQ_HALF	0x08
#define SEQ_OFF		0x20
#define SEQ_FONT	3
#define CRTC_HDISP	0x01
#define CRTC_OVERFLOW	0x07
#define CRTC_PRESET	0x08
#define CRTC_MAX_SCAN	0x09
#define CRTC_DOUBLE	0x80
#define CRTC_CUR_START	0x0a
#define CRTC_CUR_END	0x0b
#define CRTC_START	0x0c
#define CRTC_CURSOR	0x0e
#define CRTC_VDISP	0x12
#define CRTC_OFFSET	0x13
#define CRTC_UNDERLINE	0x14
#define CRTC_DWORD	0x40
#define CRTC_MODE	0x17
#define CRTC_NO_A13	0x01
#define CRTC_NO_A14	0x02
#define CRTC_A15	0x20
#define CRTC_BYTE	0x40
#define CRTC_SPLIT	0x18
#define GFX_MODE	5
#define GFX_2_BITS	0x20
#define GFX_8_BITS	0x40
#define GFX_MISC	6
#define ATTR_MODE	0x10
#define ATTR_LINE_GFX	0x04
#define ATTR_BLINK	0x08
#define ATTR_PAN_TOP	0x20
#define ATTR_P54	0x80
#define ATTR_PLANES	0x12
#define ATTR_PAN	0x13
#define ATTR_COLOUR	0x14
#define ATTR_ON		0x20
#define VBE_ENABLED	0x01
#define VBE_DAC8	0x20

#define CURSOR_OFF	0x20
#define GLYPH_ROWS	32
#define BLACK		0

static bool is_vbe(const struct vga_view *w)
{
	return w->vbe[VBE_ENABLE] & VBE_ENABLED;
}

static bool is_text(const struct vga_view *w)
{
	return !is_vbe(w) && !(w->gfx[GFX_MISC] & 1);
}

static bool is_off(const struct vga_view *w)
{
	return !is_vbe(w) && (!(w->attr_index & ATTR_ON) || w->seq[SEQ_CLOCKING] & SEQ_OFF);
}

static unsigned int lines(const struct vga_view *w)
{
	const u8 *c = w->crtc;

	return (c[CRTC_VDISP] | (c[CRTC_OVERFLOW] & 0x02) << 7 |
		(c[CRTC_OVERFLOW] & 0x40) << 3) + 1;
}

static unsigned int scan_lines(const struct vga_view *w)
{
	return (w->crtc[CRTC_MAX_SCAN] & 0x1f) + 1;
}

/* From where on the screen shows memory from its beginning: line compare. */
static unsigned int split(const struct vga_view *w)
{
	const u8 *c = w->crtc;

	return (c[CRTC_SPLIT] | (c[CRTC_OVERFLOW] & 0x10) << 4 |
		(c[CRTC_MAX_SCAN] & 0x40) << 3) + 1;
}

static unsigned int dots(const struct vga_view *w)
{
	return is_text(w) && !(w->seq[SEQ_CLOCKING] & SEQ_8_DOTS) ? 9 : 8;
}

static unsigned int columns(const struct vga_view *w)
{
	return w->crtc[CRTC_HDISP] + 1;
}

/* Each dot is drawn twice in modes of 40 columns. */
static unsigned int half(const struct vga_view *w)
{
	return w->seq[SEQ_CLOCKING] & SEQ_HALF ? 1 : 0;
}

static u32 rgb(u8 red, u8 green, u8 blue)
{
	return red | green << 8 | (u32)blue << 16;
}

static u8 widen5(u32 val)
{
	val &= 31;
	return val << 3 | val >> 2;
}

static u8 widen6(u32 val)
{
	val &= 63;
	return val << 2 | val >> 4;
}

/* A colour of the DAC, of 6 or 8 bits a part. */
static u32 dac_colour(const struct vga *v, u8 n)
{
	const u8 *c = v->dac + (n & v->dac_mask) * 3;

	if (v->vbe[VBE_ENABLE] & VBE_DAC8)
		return rgb(c[0], c[1], c[2]);
	return rgb(widen6(c[0]), widen6(c[1]), widen6(c[2]));
}

/* What the attribute controller makes of 4 bits. */
static u8 palette(const struct vga *v, u8 n)
{
	u8 c = v->attr[n & v->attr[ATTR_PLANES] & 15] & 0x3f;

	if (v->attr[ATTR_MODE] & ATTR_P54)
		c = (c & 0x0f) | (v->attr[ATTR_COLOUR] & 0x03) << 4;
	return c | (v->attr[ATTR_COLOUR] & 0x0c) << 4;
}

/**
 * vga_view() - note what the screen shows
 * @v: the adapter
 * @w: filled; what blinks is shown; two of the same picture are equal in all bytes
 */
void vga_view(const struct vga *v, struct vga_view *w)
{
	unsigned int i;

	memset(w, 0, sizeof(*w));
	w->ram = v->ram;
	w->text = v->text_direct ? v->text : NULL;
	memcpy(w->seq, v->seq, sizeof(w->seq));
	memcpy(w->crtc, v->crtc, sizeof(w->crtc));
	memcpy(w->gfx, v->gfx, sizeof(w->gfx));
	memcpy(w->vbe, v->vbe, sizeof(w->vbe));
	w->attr_index = v->attr_index;
	w->attr_mode = v->attr[ATTR_MODE];
	w->pan = v->attr[ATTR_PAN] & 15;
	for (i = 0; i < 256; i++)
		w->colour[i] = dac_colour(v, i);
	for (i = 0; i < 16; i++)
		w->pen[i] = dac_colour(v, palette(v, i));
	w->cursor = true;
	w->blink = true;

	if (is_vbe(w)) {
		w->width = w->vbe[VBE_XRES];
		w->height = w->vbe[VBE_YRES];
	} else {
		w->width = (columns(w) * dots(w)) << half(w);
		w->height = lines(w);
	}
	if (!w->width)
		w->width = 1;
	if (!w->height)
		w->height = 1;
}

/**
 * vga_view_blink() - hide what blinks
 * @w: a view of what a screen shows
 * @cursor: the cursor is to be seen now
 * @blink: characters that blink are
 *
 * Where nothing blinks the view stays as it is.
 */
void vga_view_blink(struct vga_view *w, bool cursor, bool blink)
{
	if (!is_text(w))
		return;
	w->cursor = cursor;
	if (w->attr_mode & ATTR_BLINK)
		w->blink = blink;
}

/* Where a row is in memory: how the CRT controller counts. */
struct row {
	u32 counter;
	unsigned int scan;
	unsigned int pan;
};

static struct row find_row(const struct vga_view *w, unsigned int y)
{
	const u8 *c = w->crtc;
	struct row r = {
		.counter = (c[CRTC_START] << 8 | c[CRTC_START + 1]) + (c[CRTC_PRESET] >> 5 & 3),
		.scan = c[CRTC_PRESET] & 0x1f,
		.pan = w->pan,
	};

	if (y >= split(w)) {
		y -= split(w);
		r.counter = 0;
		r.scan = 0;
		if (w->attr_mode & ATTR_PAN_TOP)
			r.pan = 0;
	}
	if (c[CRTC_MAX_SCAN] & CRTC_DOUBLE)
		y /= 2;
	y += r.scan;
	r.scan = y % scan_lines(w);
	r.counter += y / scan_lines(w) * c[CRTC_OFFSET] * 2;
	return r;
}

/* Character cell @n of text memory: character, attribute above it. */
static u16 cell(const struct vga_view *w, u32 n)
{
	u32 at = n * 2 & 0xffff;

	if (w->text && at < VGA_TEXT_SIZE)
		return w->text[at] | w->text[at + 1] << 8;
	return w->ram[at * 4] | w->ram[at * 4 + 1] << 8;
}

static u32 cursor_cell(const struct vga_view *w)
{
	if (w->crtc[CRTC_CUR_START] & CURSOR_OFF)
		return ~0U;
	return w->crtc[CRTC_CURSOR] << 8 | w->crtc[CRTC_CURSOR + 1];
}

/**
 * vga_view_text() - the screen as text
 * @w: the view
 * @t: filled
 *
 * Return: false if it shows no text.
 */
bool vga_view_text(const struct vga_view *w, struct vga_text *t)
{
	unsigned int x, y, high = scan_lines(w);
	struct row r;

	if (!is_text(w))
		return false;
	if (w->crtc[CRTC_MAX_SCAN] & CRTC_DOUBLE)
		high *= 2;
	t->columns = columns(w);
	t->rows = lines(w) / high;
	if (t->columns > VGA_COLUMNS)
		t->columns = VGA_COLUMNS;
	if (t->rows > VGA_ROWS)
		t->rows = VGA_ROWS;
	t->cursor = -1;
	t->blink = w->attr_mode & ATTR_BLINK;
	for (y = 0; y < t->rows; y++) {
		r = find_row(w, y * high);
		for (x = 0; x < t->columns; x++) {
			t->cell[y * t->columns + x] = cell(w, r.counter + x);
			if (r.counter + x == cursor_cell(w))
				t->cursor = y * t->columns + x;
		}
	}
	return true;
}

/* Row @y of a character's picture; fonts are in plane 2. */
static u8 glyph(const struct vga_view *w, u16 c, unsigned int y)
{
	static const u16 at[8] = { 0x0000, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000 };
	u8 sel = w->seq[SEQ_FONT];
	unsigned int b = (sel & 3) | (sel & 0x10) >> 2;
	unsigned int a = (sel >> 2 & 3) | (sel & 0x20) >> 3;
	/* Bit 3 of the attribute chooses between two fonts. */
	u32 base = at[c & 0x0800 ? a : b];

	return w->ram[(base + (c & 0xff) * GLYPH_ROWS + y) * 4 + 2];
}

static bool in_cursor(const struct vga_view *w, unsigned int y)
{
	return w->cursor && y >= (w->crtc[CRTC_CUR_START] & 0x1fU) &&
	       y <= (w->crtc[CRTC_CUR_END] & 0x1fU);
}

/* The dots of a character in a row, the first one at the top. */
static unsigned int character(const struct vga_view *w, u16 c, unsigned int scan)
{
	unsigned int bits = glyph(w, c, scan) << 1;

	/* The ninth dot continues line graphics. */
	if (w->attr_mode & ATTR_LINE_GFX && (c & 0xe0) == 0xc0)
		bits |= bits >> 1 & 1;
	if ((c & 0x7700) == 0x0100 && scan == (w->crtc[CRTC_UNDERLINE] & 0x1f))
		bits = 0x1ff;
	if (w->attr_mode & ATTR_BLINK && c & 0x8000 && !w->blink)
		bits = 0;
	return bits;
}

/* Dots go out from the panned one on; what is beyond the row's end is not seen. */
struct pen {
	u32 *to;
	u32 *end;
	unsigned int skip;
	unsigned int half;
};

static void dot(struct pen *p, u32 colour)
{
	if (p->skip) {
		p->skip--;
		return;
	}
	if (p->to < p->end)
		*p->to++ = colour;
	if (p->half && p->to < p->end)
		*p->to++ = colour;
}

static void text_row(const struct vga_view *w, struct row r, struct pen *p)
{
	unsigned int wide = dots(w), x, i, bits;
	u32 fg, bg;
	u16 c;

	/* With 9 dots, panning counts 8, 0, 1..7. */
	p->skip = wide == 8 ? r.pan & 7 : r.pan >= 8 ? 0 : r.pan + 1;
	for (x = 0; x <= columns(w); x++) {
		c = cell(w, r.counter + x);
		fg = w->pen[c >> 8 & 15];
		bg = w->pen[c >> 12 & (w->attr_mode & ATTR_BLINK ? 7 : 15)];
		bits = character(w, c, r.scan);
		if (r.counter + x == cursor_cell(w) && in_cursor(w, r.scan))
			bits = 0x1ff;
		for (i = 0; i < wide; i++)
			dot(p, bits & 0x100 >> i ? fg : bg);
	}
}

/* The planes' address of a character clock. */
static u32 address(const struct vga_view *w, const struct row *r, unsigned int x)
{
	u8 mode = w->crtc[CRTC_MODE];
	u32 n = r->counter + x, at = n;

	/*
	 * Doublewords are what chain 4 makes, and chained bytes are stored by
	 * their address: for these a count is an address of the four planes.
	 */
	if (!(w->crtc[CRTC_UNDERLINE] & CRTC_DWORD) && !(mode & CRTC_BYTE))
		at = n << 1 | (n >> (mode & CRTC_A15 ? 15 : 13) & 1);
	if (!(mode & CRTC_NO_A13))
		at = (at & ~0x2000U) | (r->scan & 1) << 13;
	if (!(mode & CRTC_NO_A14))
		at = (at & ~0x4000U) | (r->scan >> 1 & 1) << 14;
	return (at & 0xffff) * 4;
}

static u8 planar(const u8 *p, unsigned int i)
{
	unsigned int shift = 7 - i;

	return (p[0] >> shift & 1) | (p[1] >> shift & 1) << 1 |
	       (p[2] >> shift & 1) << 2 | (p[3] >> shift & 1) << 3;
}

/* Two bits a pixel, as the CGA had them: of planes 0 and 2, then 1 and 3. */
static u8 two_bits(const u8 *p, unsigned int i)
{
	unsigned int shift = 6 - (i & 3) * 2;

	p += i >> 2;
	return (p[0] >> shift & 3) | (p[2] >> shift & 3) << 2;
}

static void graphics_row(const struct vga_view *w, struct row r, struct pen *p)
{
	u8 mode = w->gfx[GFX_MODE];
	unsigned int x, i;
	const u8 *from;

	/* A pixel of 8 bits is two dots wide, and panned by whole ones. */
	p->skip = r.pan & (mode & GFX_8_BITS ? 6 : 7);
	for (x = 0; x <= columns(w); x++) {
		from = w->ram + address(w, &r, x);
		for (i = 0; i < 8; i++) {
			if (mode & GFX_8_BITS)
				dot(p, w->colour[from[i / 2]]);
			else if (mode & GFX_2_BITS)
				dot(p, w->pen[two_bits(from, i)]);
			else
				dot(p, w->pen[planar(from, i)]);
		}
	}
}

static u32 true_colour(const u8 *p, unsigned int bpp)
{
	u32 val = p[0] | p[1] << 8;

	switch (bpp) {
	case 15:
		return rgb(widen5(val >> 10), widen5(val >> 5), widen5(val));
	case 16:
		return rgb(widen5(val >> 11), widen6(val >> 5), widen5(val));
	default:
		return rgb(p[2], p[1], p[0]);
	}
}

static unsigned int vbe_bytes(const struct vga_view *w)
{
	return (w->vbe[VBE_BPP] + 7) / 8;
}

static u32 vbe_pixel(const struct vga_view *w, unsigned int y)
{
	return (y + w->vbe[VBE_Y_OFFSET]) * (u32)w->vbe[VBE_VIRT_WIDTH] + w->vbe[VBE_X_OFFSET];
}

static void vbe_row(const struct vga_view *w, unsigned int y, u32 *row)
{
	unsigned int bpp = w->vbe[VBE_BPP], bytes = vbe_bytes(w), x, i;
	u32 first = vbe_pixel(w, y), at;
	u8 pixel[4];

	for (x = 0; x < w->width; x++) {
		at = first + x;
		if (bpp == 4) {
			row[x] = w->pen[planar(w->ram + (at / 8 & 0xffff) * 4, at % 8)];
			continue;
		}
		at *= bytes;
		if (bpp == 8) {
			row[x] = w->colour[w->ram[at & (VGA_RAM - 1)]];
			continue;
		}
		for (i = 0; i < 3; i++)
			pixel[i] = w->ram[(at + i) & (VGA_RAM - 1)];
		row[x] = true_colour(pixel, bpp);
	}
}

/**
 * vga_view_row() - draw a row
 * @w: the view
 * @y: which
 * @row: room for @w->width pixels: red, above it green, above it blue
 */
void vga_view_row(const struct vga_view *w, unsigned int y, u32 *row)
{
	struct pen p = { .to = row, .end = row + w->width, .half = half(w) };

	if (is_vbe(w)) {
		vbe_row(w, y, row);
		return;
	}
	if (is_off(w))
		;
	else if (is_text(w))
		text_row(w, find_row(w, y), &p);
	else
		graphics_row(w, find_row(w, y), &p);
	while (p.to < p.end)
		*p.to++ = BLACK;
}

/**
 * vga_view_source() - the memory that a row is drawn from
 * @w: the view
 * @y: which row
 * @at: filled: where in display memory, to be taken modulo its size
 *
 * Return: bytes of it, 0: rows of this mode depend on more than that.
 */
u32 vga_view_source(const struct vga_view *w, unsigned int y, u32 *at)
{
	if (!is_vbe(w) || w->vbe[VBE_BPP] == 4)
		return 0;
	*at = vbe_pixel(w, y) * vbe_bytes(w) & (VGA_RAM - 1);
	return w->width * vbe_bytes(w);
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
	struct vga_view w;

	vga_view(v, &w);
	return vga_view_text(&w, t);
}

/**
 * vga_size() - size of the picture
 * @v: the adapter
 * @width: filled, in pixels
 * @height: filled
 */
void vga_size(const struct vga *v, unsigned int *width, unsigned int *height)
{
	struct vga_view w;

	vga_view(v, &w);
	*width = w.width;
	*height = w.height;
}

/**
 * vga_draw() - the screen as a picture
 * @v: the adapter
 * @to: room for @width * @height * 3 bytes
 * @width: from vga_size()
 * @height: likewise
 */
void vga_draw(const struct vga *v, u8 *to, unsigned int width, unsigned int height)
{
	u32 row[VGA_MAX_WIDTH];
	struct vga_view w;
	unsigned int x, y;

	vga_view(v, &w);
	for (y = 0; y < height; y++) {
		vga_view_row(&w, y, row);
		for (x = 0; x < width; x++, to += 3) {
			to[0] = row[x];
			to[1] = row[x] >> 8;
			to[2] = row[x] >> 16;
		}
	}
}
