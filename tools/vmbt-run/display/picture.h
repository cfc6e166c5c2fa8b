/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The picture on the screen, and which part of it is new.
 */
#ifndef VMBT_RUN_PICTURE_H
#define VMBT_RUN_PICTURE_H

#include "frontend.h"

/**
 * struct picture - the picture, as it was drawn last
 * @view: the registers then
 * @fresh: the registers now
 * @seen: display memory then, as far as the picture depends on it; text memory
 * @row: room for a row
 * @drawn: there is a picture
 */
struct picture {
	struct vga_view view;
	struct vga_view fresh;
	u8 *seen;
	u32 *row;
	bool drawn;
};

bool picture_init(struct picture *p, struct display *d);
void picture_fini(struct picture *p, struct display *d);
bool picture_refresh(struct picture *p, struct display *d, const struct frontend *fe);

#endif
