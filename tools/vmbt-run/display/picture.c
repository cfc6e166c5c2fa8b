// SPDX-License-Identifier: GPL-2.0
/*
 * The picture on the screen, and which part of it is new.
 *
 * The guest writes display memory without telling anybody: it is memory of its
 * own (pcmem.c). So what the picture was drawn from is kept, and compared with
 * what is there now: the visible rows of a VBE mode, the 256 KiB of a VGA. That
 * is what an idle screen costs. Rows are drawn from the copy, so that what was
 * compared is what is drawn, whatever the guest does meanwhile; they are
 * compared with the picture, since what is written most is often the same.
 */
#include "picture.h"

#include <stdlib.h>

#define PLANES		(256U << 10)
#define SEEN		(VGA_RAM + VGA_TEXT_SIZE)

/**
 * picture_init() - get room for a picture
 * @p: filled
 * @d: gets the picture, of one pixel yet
 *
 * Return: false if there is no memory.
 */
bool picture_init(struct picture *p, struct display *d)
{
	*p = (struct picture){ .seen = calloc(1, SEEN), .row = calloc(VGA_MAX_WIDTH, sizeof(u32)) };
	d->pixel = calloc(1, sizeof(u32));
	d->width = 1;
	d->height = 1;
	return p->seen && p->row && d->pixel;
}

/**
 * picture_fini() - give the room back
 * @p: the picture
 * @d: where it is shown
 */
void picture_fini(struct picture *p, struct display *d)
{
	free(p->seen);
	free(p->row);
	free(d->pixel);
}

static bool take(u8 *to, const u8 *from, u32 len)
{
	if (!memcmp(to, from, len))
		return false;
	memcpy(to, from, len);
	return true;
}

/* Bytes of display memory, which ends where it begins. */
static bool take_ram(struct picture *p, const u8 *ram, u32 at, u32 len)
{
	u32 first = len < VGA_RAM - at ? len : VGA_RAM - at;
	bool changed = take(p->seen + at, ram + at, first);

	return take(p->seen, ram, len - first) || changed;
}

static bool resize(struct picture *p, struct display *d)
{
	unsigned int width = p->fresh.width, height = p->fresh.height;
	u32 *pixel;

	if (p->drawn && width == d->width && height == d->height)
		return false;
	pixel = calloc((size_t)width * height, sizeof(u32));
	if (!pixel)
		return false;
	free(d->pixel);
	d->pixel = pixel;
	d->width = width;
	d->height = height;
	return true;
}

/* Draw a row into the picture; what changed of it, or nothing. */
static bool draw_row(struct picture *p, struct display *d, unsigned int y, struct rect *r)
{
	u32 *old = d->pixel + (size_t)y * d->width;
	unsigned int left = 0, right = d->width;

	vga_view_row(&p->view, y, p->row);
	while (left < right && old[left] == p->row[left])
		left++;
	if (left == right)
		return false;
	while (old[right - 1] == p->row[right - 1])
		right--;
	memcpy(old + left, p->row + left, (right - left) * sizeof(u32));
	*r = (struct rect){ left, y, right - left, 1 };
	return true;
}

/* Rows that follow each other are told in one. */
static void tell(struct display *d, const struct frontend *fe, struct rect *all,
		 const struct rect *r)
{
	unsigned int right;

	if (all->height && r && all->y + all->height == r->y) {
		right = all->x + all->width;
		if (r->x + r->width > right)
			right = r->x + r->width;
		if (r->x < all->x)
			all->x = r->x;
		all->width = right - all->x;
		all->height++;
		return;
	}
	if (all->height)
		fe->update(d, all);
	all->height = 0;
	if (r)
		*all = *r;
}

/**
 * picture_refresh() - draw what is new
 * @p: the picture, with @fresh from vga_view()
 * @d: where it is shown
 * @fe: the front end, which is told
 *
 * Return: false if nothing changed.
 */
bool picture_refresh(struct picture *p, struct display *d, const struct frontend *fe)
{
	struct vga_view *w = &p->fresh;
	const u8 *ram = w->ram, *text = w->text;
	struct rect all = { .height = 0 }, r;
	bool changed, planes = false, told = false;
	unsigned int y;
	u32 at, len;

	/* From here on the picture is drawn from the copy. */
	w->ram = p->seen;
	w->text = text ? p->seen + VGA_RAM : NULL;
	changed = !p->drawn || memcmp(w, &p->view, sizeof(*w));
	if (!vga_view_source(w, 0, &at)) {
		planes = take(p->seen, ram, PLANES);
		if (text && take(p->seen + VGA_RAM, text, VGA_TEXT_SIZE))
			planes = true;
	}
	p->view = *w;
	if (resize(p, d)) {
		fe->resize(d);
		told = true;
	}
	if (d->width != w->width || d->height != w->height)
		return false;		/* no memory for it */
	p->drawn = true;
	if (changed || planes)
		d->is_text = vga_view_text(w, &d->text);

	for (y = 0; y < d->height; y++) {
		len = vga_view_source(w, y, &at);
		if (!(len ? take_ram(p, ram, at, len) : planes) && !changed)
			continue;
		if (!draw_row(p, d, y, &r))
			continue;
		tell(d, fe, &all, &r);
		told = true;
	}
	tell(d, fe, &all, NULL);
	if (told)
		fe->flush(d);
	return told;
}
