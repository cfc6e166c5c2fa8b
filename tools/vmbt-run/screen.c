// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's screen for people and tests: as text, as a picture in a file.
 */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "vga.h"

/* What code page 437, the one in a VGA's ROM, has from 80h on. */
static const u16 cp437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
	0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
	0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static void put_char(FILE *f, u8 c)
{
	u16 u = c >= 0x80 ? cp437[c - 0x80] : c < 0x20 || c == 0x7f ? ' ' : c;

	if (u < 0x80) {
		fputc(u, f);
	} else if (u < 0x800) {
		fputc(0xc0 | u >> 6, f);
		fputc(0x80 | (u & 0x3f), f);
	} else {
		fputc(0xe0 | u >> 12, f);
		fputc(0x80 | (u >> 6 & 0x3f), f);
		fputc(0x80 | (u & 0x3f), f);
	}
}

/**
 * screen_text() - write the screen as lines of UTF-8
 * @v: the display adapter
 * @f: where to
 *
 * Blanks at the ends of lines are left out.
 *
 * Return: false if the screen shows no text.
 */
bool screen_text(const struct vga *v, FILE *f)
{
	static struct vga_text t;
	unsigned int x, y, end;
	u8 c;

	if (!vga_get_text(v, &t))
		return false;
	for (y = 0; y < t.rows; y++) {
		for (end = t.columns; end; end--) {
			c = t.cell[y * t.columns + end - 1];
			if (c && c != ' ')
				break;
		}
		for (x = 0; x < end; x++)
			put_char(f, t.cell[y * t.columns + x]);
		fputc('\n', f);
	}
	return true;
}

/**
 * screen_dump() - write a picture of the screen
 * @v: the display adapter
 * @f: the file
 * @png: as PNG, not as PPM
 *
 * Return: NULL, or what went wrong.
 */
const char *screen_dump(const struct vga *v, FILE *f, bool png)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
	static char why[64];
	unsigned int width, height;
	u8 *rgb;
	bool ok;

	vga_size(v, &width, &height);
	rgb = calloc(width, 3UL * height);
	if (!rgb)
		return "out of memory";
	vga_draw(v, rgb, width, height);
	image.width = width;
	image.height = height;
	if (png)
		ok = png_image_write_to_stdio(&image, f, 0, rgb, 0, NULL);
	else
		ok = fprintf(f, "P6\n%u %u\n255\n", width, height) > 0 &&
		     fwrite(rgb, width, 3UL * height, f) == 3UL * height;
	free(rgb);
	snprintf(why, sizeof(why), "%s", png ? image.message : "can't be written");
	return ok ? NULL : why;
}
