/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a display front end is: a window, a VNC server, a terminal.
 *
 * Each is a module of its own, a shared object linked with the library that it
 * needs. vmbt-run loads the one that is asked for, so that whoever wants none
 * neither waits for a desktop's libraries to load nor has to install them, and a
 * distribution packages them apart. A module exports one struct frontend, named
 * frontend, and calls nothing of vmbt-run but what struct display points to.
 *
 * All its functions but open() are called on the display's thread. They may take
 * their time: the guest does not wait for them.
 */
#ifndef VMBT_RUN_FRONTEND_H
#define VMBT_RUN_FRONTEND_H

#include "keys.h"
#include "options.h"
#include "vga.h"

#define FRONTEND_VERSION	1

/* Of struct display's move(), as a PS/2 mouse has them. */
#define BUTTON_LEFT	0x01
#define BUTTON_RIGHT	0x02
#define BUTTON_MIDDLE	0x04

/**
 * struct rect - a part of the picture
 * @x: first column
 * @y: first row
 * @width: columns
 * @height: rows
 */
struct rect {
	unsigned int x;
	unsigned int y;
	unsigned int width;
	unsigned int height;
};

/**
 * struct display - what a front end sees of the machine
 * @title: what to call it
 * @o: how it shall be shown
 * @pixel: the picture, row by row: red in the lowest byte, then green, blue, 0
 * @width: columns of it
 * @height: rows
 * @is_text: @text is what the screen shows
 * @text: the characters
 * @wake: a descriptor that becomes readable when wait() shall return
 * @where: where open() says that the picture is to be seen, for people
 * @key: a key is pressed (again, while it is held) or released
 * @move: the mouse moves, right, down and its wheel; buttons that are down
 * @leave: the user ends the machine
 * @state: the front end's own
 */
struct display {
	const char *title;
	const struct display_options *o;
	u32 *pixel;
	unsigned int width;
	unsigned int height;
	bool is_text;
	struct vga_text text;
	int wake;
	char where[320];
	void (*key)(struct display *d, struct key which, bool pressed);
	void (*move)(struct display *d, int dx, int dy, int dz, unsigned int buttons);
	void (*leave)(struct display *d);
	void *state;
};

/**
 * struct frontend - a front end
 * @version: FRONTEND_VERSION
 * @open: get all that the host must give; return NULL, or why it can't be
 * @wait: serve the user for at most so many milliseconds, or until @wake if -1;
 *        return false if nobody looks at the picture
 * @resize: the picture has another size, and all of it is new
 * @update: a part of it is new
 * @flush: that was all for now
 * @close: give back what open() got
 */
struct frontend {
	u32 version;
	const char *(*open)(struct display *d);
	bool (*wait)(struct display *d, int ms);
	void (*resize)(struct display *d);
	void (*update)(struct display *d, const struct rect *r);
	void (*flush)(struct display *d);
	void (*close)(struct display *d);
};

extern __attribute__((visibility("default"))) const struct frontend frontend;

#endif
