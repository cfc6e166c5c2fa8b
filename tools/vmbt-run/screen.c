// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's screen for people and tests: as text, as a picture in a file.
 */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "cp437.h"
#include "vga.h"

static void put_char(FILE *f, u8 c)
{
	u16 u = c >= 0x80 ? cp437(c) : c < 0x20 || c == 0x7f ? ' ' : c;

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
