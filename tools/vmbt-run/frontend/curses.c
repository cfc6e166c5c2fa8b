// SPDX-License-Identifier: GPL-2.0
/*
 * Text screens on a terminal, so that a person on ssh can use DOS.
 *
 * Characters are those of code page 437, colours the sixteen of a CGA, or eight and
 * bold where the terminal has no more. A terminal sends characters, not keys: each
 * becomes the keys that make it on a US keyboard, pressed and released. Where the
 * screen shows a picture it says so. A terminal that is smaller than the screen shows
 * the part where the cursor is.
 */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp437.h"
#include "frontend.h"
#include "keysym.h"

#define CTRL_A		1
#define ESC		27
#define HELP		"Ctrl-A x leaves, Ctrl-A d: Ctrl-Alt-Delete, Ctrl-A Ctrl-A: Ctrl-A"

/**
 * struct terminal - what is on it
 * @escaped: the key before was Ctrl-A
 * @alt: the key before was Escape, which a terminal sends for Alt
 * @top: first row of the screen that is shown
 * @left: first column
 * @screen: curses' own
 */
struct terminal {
	bool escaped;
	bool alt;
	int top;
	int left;
	SCREEN *screen;
};

static struct terminal term;

/* Curses' keys that are none of ASCII's. */
static const struct {
	int code;
	const char *name;
	bool shift;
} keys[] = {
	{ KEY_UP, "up", false },	{ KEY_DOWN, "down", false },
	{ KEY_LEFT, "left", false },	{ KEY_RIGHT, "right", false },
	{ KEY_HOME, "home", false },	{ KEY_END, "end", false },
	{ KEY_PPAGE, "pgup", false },	{ KEY_NPAGE, "pgdn", false },
	{ KEY_IC, "insert", false },	{ KEY_DC, "delete", false },
	{ KEY_BACKSPACE, "backspace", false }, { KEY_ENTER, "kp_enter", false },
	{ KEY_B2, "kp_5", false },	{ KEY_BTAB, "tab", true },
	{ KEY_SR, "up", true },		{ KEY_SF, "down", true },
	{ KEY_SLEFT, "left", true },	{ KEY_SRIGHT, "right", true },
	{ KEY_SHOME, "home", true },	{ KEY_SEND, "end", true },
	{ KEY_SPREVIOUS, "pgup", true }, { KEY_SNEXT, "pgdn", true },
	{ KEY_SDC, "delete", true },	{ KEY_SIC, "insert", true },
	{ KEY_PRINT, "print", false },
};

static struct key named(const char *name)
{
	struct key key = { 0 };

	key_find(name, strlen(name), &key);
	return key;
}

static void press(struct display *d, const char *name, bool pressed)
{
	d->key(d, named(name), pressed);
}

/* A key with what is held meanwhile, as a person's fingers go. */
static void type(struct display *d, struct key which, bool shift, bool ctrl)
{
	bool alt = term.alt;

	term.alt = false;
	if (ctrl)
		press(d, "ctrl", true);
	if (alt)
		press(d, "alt", true);
	if (shift)
		press(d, "shift", true);
	d->key(d, which, true);
	d->key(d, which, false);
	if (shift)
		press(d, "shift", false);
	if (alt)
		press(d, "alt", false);
	if (ctrl)
		press(d, "ctrl", false);
}

static void ctrl_alt_delete(struct display *d)
{
	term.alt = true;
	type(d, named("delete"), false, true);
}

/* A character; control characters are letters with Ctrl. */
static void type_char(struct display *d, wint_t c)
{
	struct key key;
	bool shift;

	if (c == '\r' || c == '\n')
		type(d, named("ret"), false, false);
	else if (c == '\t')
		type(d, named("tab"), false, false);
	else if (c == '\b' || c == 0x7f)
		type(d, named("backspace"), false, false);
	else if (c < 0x20 && keysym_find(c ? c | 0x40 : ' ', &key, &shift))
		type(d, key, false, true);
	else if (c >= 0x20 && keysym_find(c, &key, &shift))
		type(d, key, shift, false);
}

static void type_special(struct display *d, int code)
{
	unsigned int i;
	char name[4];

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].code == code)
			type(d, named(keys[i].name), keys[i].shift, false);
	/* Behind F12 a terminal sends what is F1 with Shift. */
	if (code >= KEY_F(1) && code <= KEY_F(24)) {
		code -= KEY_F(0);
		snprintf(name, sizeof(name), "f%d", code > 12 ? code - 12 : code);
		type(d, named(name), code > 12, false);
	}
}

static void typed(struct display *d, wint_t c, bool special)
{
	if (term.escaped) {
		term.escaped = false;
		if (c == 'x' || c == 'X')
			d->leave(d);
		else if (c == 'd')
			ctrl_alt_delete(d);
		else if (c == CTRL_A)
			type_char(d, c);
	} else if (!special && c == CTRL_A) {
		term.escaped = true;
	} else if (special && c == KEY_RESIZE) {
		clear();
	} else if (special) {
		type_special(d, c);
	} else {
		type_char(d, c);
	}
}

/* Eight colours in the other order, and what is bright. */
static int colour(unsigned int cga)
{
	return (cga & 1) << 2 | (cga & 2) | (cga & 4) >> 2;
}

static void start_colours(void)
{
	int n = COLORS >= 16 ? 16 : 8, fg, bg;

	start_color();
	for (bg = 0; bg < n; bg++)
		for (fg = 0; fg < n; fg++)
			if (bg * n + fg + 1 < COLOR_PAIRS)
				init_pair(bg * n + fg + 1, colour(fg & 7) | (fg & 8),
					  colour(bg & 7) | (bg & 8));
}

static void put_cell(const struct vga_text *t, int y, int x, u16 cell)
{
	unsigned int fg = cell >> 8 & 15, bg = cell >> 12 & (t->blink ? 7 : 15);
	wchar_t text[2] = { cp437(cell), 0 };
	attr_t attr = t->blink && cell & 0x8000 ? A_BLINK : A_NORMAL;
	int n = COLORS >= 16 ? 16 : 8, pair;
	cchar_t c;

	if (n == 8 && fg & 8)
		attr |= A_BOLD;
	pair = (bg % n) * n + fg % n + 1;
	/* A pair more than the terminal has: what is readable. */
	if (!has_colors() || pair >= COLOR_PAIRS)
		pair = 0;
	setcchar(&c, text, attr, pair, NULL);
	mvadd_wch(y, x, &c);
}

/* The part of a large screen that has the cursor in it. */
static int scroll_to(int first, int at, int shown, int all)
{
	if (at >= 0 && at < first)
		first = at;
	if (at >= first + shown)
		first = at - shown + 1;
	if (first > all - shown)
		first = all - shown;
	return first < 0 ? 0 : first;
}

static void show_text(const struct vga_text *t)
{
	int rows = t->rows, columns = t->columns, y, x, cy = -1, cx = -1;

	if (t->cursor >= 0 && columns) {
		cy = t->cursor / columns;
		cx = t->cursor % columns;
	}
	term.top = scroll_to(term.top, cy, LINES, rows);
	term.left = scroll_to(term.left, cx, COLS, columns);
	erase();
	for (y = 0; y < LINES && term.top + y < rows; y++)
		for (x = 0; x < COLS && term.left + x < columns; x++)
			put_cell(t, y, x, t->cell[(term.top + y) * columns + term.left + x]);
	curs_set(cy >= 0);
	if (cy >= 0)
		move(cy - term.top, cx - term.left);
}

static void show_size(const struct display *d)
{
	char text[128];
	int n;

	n = snprintf(text, sizeof(text), "%ux%u graphics: -vnc or -display sdl would show them",
		     d->width, d->height);
	erase();
	curs_set(0);
	mvaddstr(LINES / 2, COLS > n ? (COLS - n) / 2 : 0, text);
	n = strlen(HELP);
	mvaddstr(LINES / 2 + 2, COLS > n ? (COLS - n) / 2 : 0, HELP);
}

static void restore(void)
{
	if (term.screen)
		endwin();
}

static const char *curses_open(struct display *d)
{
	(void)d;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return "standard input and output are not a terminal";
	setlocale(LC_CTYPE, "");
	set_escdelay(25);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return "the terminal is of a kind that is not known (TERM)";
	set_term(term.screen);
	atexit(restore);
	raw();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	start_colours();
	mvaddstr(0, 0, HELP);
	refresh();
	return NULL;
}

static bool curses_wait(struct display *d, int ms)
{
	struct pollfd p[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = d->wake, .events = POLLIN },
	};
	int kind;
	wint_t c;

	if (poll(p, 2, ms) < 0)
		return true;
	if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) {
		d->leave(d);
		p[0].fd = -1;
		poll(p, 2, -1);
		return true;
	}
	while ((kind = get_wch(&c)) != ERR) {
		if (kind == KEY_CODE_YES) {
			typed(d, c, true);
		} else if (c == ESC) {
			/* Alone it is the key; before another one it is Alt. */
			term.alt = true;
			kind = get_wch(&c);
			if (kind == ERR) {
				term.alt = false;
				type(d, named("esc"), false, false);
				break;
			}
			typed(d, c, kind == KEY_CODE_YES);
			term.alt = false;
		} else {
			typed(d, c, false);
		}
	}
	return true;
}

static void curses_resize(struct display *d)
{
	(void)d;
}

static void curses_update(struct display *d, const struct rect *r)
{
	(void)d;
	(void)r;
}

static void curses_flush(struct display *d)
{
	if (d->is_text)
		show_text(&d->text);
	else
		show_size(d);
	refresh();
}

static void curses_close(struct display *d)
{
	(void)d;
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
}

const struct frontend frontend = {
	.version = FRONTEND_VERSION,
	.open = curses_open,
	.wait = curses_wait,
	.resize = curses_resize,
	.update = curses_update,
	.flush = curses_flush,
	.close = curses_close,
};
