/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's screen for people and tests: as text, as a picture in a file.
 */
#ifndef VMBT_RUN_SCREEN_H
#define VMBT_RUN_SCREEN_H

#include <stdio.h>

#include "types.h"

struct vga;

bool screen_text(const struct vga *v, FILE *f);
const char *screen_dump(const struct vga *v, FILE *f, bool png);

#endif
