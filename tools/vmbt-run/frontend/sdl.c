// SPDX-License-Identifier: GPL-2.0
/*
 * A window, or the whole screen, by SDL 2.
 *
 * The window is as large as the picture until the user says otherwise; then the
 * picture is scaled to it. A click gives the mouse to the guest, Ctrl-Alt-G takes it
 * back and gives it again; Ctrl-Alt-F fills the screen. Keys go by their places, not
 * by what they mean, so that layouts are the guest's business. What is held when the
 * window loses the keyboard is released. Where the window can't be seen nothing is
 * drawn. The CPU draws: a GL driver would want to load code when the sandbox forbids it.
 */
#include <stdio.h>
#include <stdlib.h>

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>

#include "frontend.h"

#define HIDDEN_MS	250

/**
 * struct window - the window
 * @window: SDL's
 * @renderer: draws in it, made by the thread that does
 * @texture: the picture
 * @hidden: nobody sees it
 * @grabbed: keyboard and mouse are the guest's alone
 * @full: it is as large as the screen
 * @held: keys that are down
 */
struct window {
	SDL_Window *window;
	SDL_Renderer *renderer;
	SDL_Texture *texture;
	bool hidden;
	bool grabbed;
	bool full;
	bool held[SDL_NUM_SCANCODES];
};

static const char *const names[SDL_NUM_SCANCODES] = {
	[SDL_SCANCODE_A] = "a", [SDL_SCANCODE_B] = "b", [SDL_SCANCODE_C] = "c",
	[SDL_SCANCODE_D] = "d", [SDL_SCANCODE_E] = "e", [SDL_SCANCODE_F] = "f",
	[SDL_SCANCODE_G] = "g", [SDL_SCANCODE_H] = "h", [SDL_SCANCODE_I] = "i",
	[SDL_SCANCODE_J] = "j", [SDL_SCANCODE_K] = "k", [SDL_SCANCODE_L] = "l",
	[SDL_SCANCODE_M] = "m", [SDL_SCANCODE_N] = "n", [SDL_SCANCODE_O] = "o",
	[SDL_SCANCODE_P] = "p", [SDL_SCANCODE_Q] = "q", [SDL_SCANCODE_R] = "r",
	[SDL_SCANCODE_S] = "s", [SDL_SCANCODE_T] = "t", [SDL_SCANCODE_U] = "u",
	[SDL_SCANCODE_V] = "v", [SDL_SCANCODE_W] = "w", [SDL_SCANCODE_X] = "x",
	[SDL_SCANCODE_Y] = "y", [SDL_SCANCODE_Z] = "z", [SDL_SCANCODE_0] = "0",
	[SDL_SCANCODE_1] = "1", [SDL_SCANCODE_2] = "2", [SDL_SCANCODE_3] = "3",
	[SDL_SCANCODE_4] = "4", [SDL_SCANCODE_5] = "5", [SDL_SCANCODE_6] = "6",
	[SDL_SCANCODE_7] = "7", [SDL_SCANCODE_8] = "8", [SDL_SCANCODE_9] = "9",
	[SDL_SCANCODE_F1] = "f1", [SDL_SCANCODE_F2] = "f2", [SDL_SCANCODE_F3] = "f3",
	[SDL_SCANCODE_F4] = "f4", [SDL_SCANCODE_F5] = "f5", [SDL_SCANCODE_F6] = "f6",
	[SDL_SCANCODE_F7] = "f7", [SDL_SCANCODE_F8] = "f8", [SDL_SCANCODE_F9] = "f9",
	[SDL_SCANCODE_F10] = "f10", [SDL_SCANCODE_F11] = "f11", [SDL_SCANCODE_F12] = "f12",
	[SDL_SCANCODE_RETURN] = "ret", [SDL_SCANCODE_ESCAPE] = "esc",
	[SDL_SCANCODE_BACKSPACE] = "backspace", [SDL_SCANCODE_TAB] = "tab",
	[SDL_SCANCODE_SPACE] = "spc", [SDL_SCANCODE_MINUS] = "minus",
	[SDL_SCANCODE_EQUALS] = "equal", [SDL_SCANCODE_LEFTBRACKET] = "bracket_left",
	[SDL_SCANCODE_RIGHTBRACKET] = "bracket_right", [SDL_SCANCODE_BACKSLASH] = "backslash",
	[SDL_SCANCODE_NONUSHASH] = "backslash", [SDL_SCANCODE_SEMICOLON] = "semicolon",
	[SDL_SCANCODE_APOSTROPHE] = "apostrophe", [SDL_SCANCODE_GRAVE] = "grave_accent",
	[SDL_SCANCODE_COMMA] = "comma", [SDL_SCANCODE_PERIOD] = "dot",
	[SDL_SCANCODE_SLASH] = "slash", [SDL_SCANCODE_NONUSBACKSLASH] = "less",
	[SDL_SCANCODE_CAPSLOCK] = "caps_lock", [SDL_SCANCODE_NUMLOCKCLEAR] = "num_lock",
	[SDL_SCANCODE_SCROLLLOCK] = "scroll_lock", [SDL_SCANCODE_PRINTSCREEN] = "print",
	[SDL_SCANCODE_PAUSE] = "pause", [SDL_SCANCODE_INSERT] = "insert",
	[SDL_SCANCODE_DELETE] = "delete", [SDL_SCANCODE_HOME] = "home",
	[SDL_SCANCODE_END] = "end", [SDL_SCANCODE_PAGEUP] = "pgup",
	[SDL_SCANCODE_PAGEDOWN] = "pgdn", [SDL_SCANCODE_UP] = "up",
	[SDL_SCANCODE_DOWN] = "down", [SDL_SCANCODE_LEFT] = "left",
	[SDL_SCANCODE_RIGHT] = "right", [SDL_SCANCODE_LSHIFT] = "shift",
	[SDL_SCANCODE_RSHIFT] = "shift_r", [SDL_SCANCODE_LCTRL] = "ctrl",
	[SDL_SCANCODE_RCTRL] = "ctrl_r", [SDL_SCANCODE_LALT] = "alt",
	[SDL_SCANCODE_RALT] = "alt_r", [SDL_SCANCODE_LGUI] = "meta_l",
	[SDL_SCANCODE_RGUI] = "meta_r", [SDL_SCANCODE_APPLICATION] = "menu",
	[SDL_SCANCODE_KP_0] = "kp_0", [SDL_SCANCODE_KP_1] = "kp_1", [SDL_SCANCODE_KP_2] = "kp_2",
	[SDL_SCANCODE_KP_3] = "kp_3", [SDL_SCANCODE_KP_4] = "kp_4", [SDL_SCANCODE_KP_5] = "kp_5",
	[SDL_SCANCODE_KP_6] = "kp_6", [SDL_SCANCODE_KP_7] = "kp_7", [SDL_SCANCODE_KP_8] = "kp_8",
	[SDL_SCANCODE_KP_9] = "kp_9", [SDL_SCANCODE_KP_PERIOD] = "kp_decimal",
	[SDL_SCANCODE_KP_PLUS] = "kp_add", [SDL_SCANCODE_KP_MINUS] = "kp_subtract",
	[SDL_SCANCODE_KP_MULTIPLY] = "kp_multiply", [SDL_SCANCODE_KP_DIVIDE] = "kp_divide",
	[SDL_SCANCODE_KP_ENTER] = "kp_enter",
};

static void title(struct display *d)
{
	struct window *w = d->state;
	char text[256];

	snprintf(text, sizeof(text), "%s%s", d->title,
		 w->grabbed ? " - Ctrl-Alt-G releases the mouse" : "");
	SDL_SetWindowTitle(w->window, text);
}

static void grab(struct display *d, bool on)
{
	struct window *w = d->state;

	w->grabbed = on;
	SDL_SetWindowKeyboardGrab(w->window, on);
	SDL_SetRelativeMouseMode(on);
	title(d);
}

static void fill_screen(struct window *w, bool on)
{
	w->full = on;
	SDL_SetWindowFullscreen(w->window, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
}

static const char *sdl_open(struct display *d)
{
	struct window *w = calloc(1, sizeof(*w));

	if (!w)
		return "no memory";
	SDL_SetMainReady();
	SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
	SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
	SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
	if (!SDL_Init(SDL_INIT_VIDEO))
		w->window = SDL_CreateWindow(d->title, SDL_WINDOWPOS_UNDEFINED,
					     SDL_WINDOWPOS_UNDEFINED, 720, 400,
					     SDL_WINDOW_RESIZABLE);
	if (!w->window) {
		free(w);
		return SDL_GetError();
	}
	d->state = w;
	if (d->o->full_screen)
		fill_screen(w, true);
	return NULL;
}

static void send(struct display *d, SDL_Scancode code, bool pressed)
{
	struct window *w = d->state;
	const char *name = code < SDL_NUM_SCANCODES ? names[code] : NULL;
	struct key key;

	if (!name || !key_find(name, SDL_strlen(name), &key))
		return;
	w->held[code] = pressed;
	d->key(d, key, pressed);
}

static void release_all(struct display *d)
{
	struct window *w = d->state;
	unsigned int i;

	for (i = 0; i < SDL_NUM_SCANCODES; i++)
		if (w->held[i])
			send(d, i, false);
}

static void key_event(struct display *d, const SDL_KeyboardEvent *e)
{
	struct window *w = d->state;
	bool ours = e->keysym.mod & KMOD_CTRL && e->keysym.mod & KMOD_ALT;

	if (e->type == SDL_KEYDOWN && ours && e->keysym.scancode == SDL_SCANCODE_G) {
		release_all(d);
		grab(d, !w->grabbed);
	} else if (e->type == SDL_KEYDOWN && ours && e->keysym.scancode == SDL_SCANCODE_F) {
		release_all(d);
		fill_screen(w, !w->full);
	} else if (e->type == SDL_KEYDOWN || w->held[e->keysym.scancode]) {
		send(d, e->keysym.scancode, e->type == SDL_KEYDOWN);
	}
}

static unsigned int buttons(Uint32 state)
{
	return (state & SDL_BUTTON_LMASK ? BUTTON_LEFT : 0) |
	       (state & SDL_BUTTON_RMASK ? BUTTON_RIGHT : 0) |
	       (state & SDL_BUTTON_MMASK ? BUTTON_MIDDLE : 0);
}

static void mouse_event(struct display *d, const SDL_Event *e)
{
	struct window *w = d->state;
	unsigned int down = buttons(SDL_GetMouseState(NULL, NULL));

	if (!w->grabbed) {
		if (e->type == SDL_MOUSEBUTTONUP && e->button.button == SDL_BUTTON_LEFT)
			grab(d, true);
		return;
	}
	if (e->type == SDL_MOUSEMOTION)
		d->move(d, e->motion.xrel, e->motion.yrel, 0, buttons(e->motion.state));
	else if (e->type == SDL_MOUSEWHEEL)
		d->move(d, 0, 0, -e->wheel.y, down);
	else
		d->move(d, 0, 0, 0, down);
}

static void show(struct window *w)
{
	if (!w->texture)
		return;
	SDL_RenderClear(w->renderer);
	SDL_RenderCopy(w->renderer, w->texture, NULL, NULL);
	SDL_RenderPresent(w->renderer);
}

static void window_event(struct display *d, const SDL_WindowEvent *e)
{
	struct window *w = d->state;

	switch (e->event) {
	case SDL_WINDOWEVENT_FOCUS_LOST:
		release_all(d);
		if (w->grabbed)
			grab(d, false);
		break;
	case SDL_WINDOWEVENT_MINIMIZED:
	case SDL_WINDOWEVENT_HIDDEN:
		w->hidden = true;
		break;
	case SDL_WINDOWEVENT_RESTORED:
	case SDL_WINDOWEVENT_SHOWN:
	case SDL_WINDOWEVENT_EXPOSED:
	case SDL_WINDOWEVENT_SIZE_CHANGED:
		w->hidden = false;
		show(w);
		break;
	}
}

static void event(struct display *d, const SDL_Event *e)
{
	switch (e->type) {
	case SDL_QUIT:
		d->leave(d);
		break;
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		key_event(d, &e->key);
		break;
	case SDL_MOUSEMOTION:
	case SDL_MOUSEBUTTONDOWN:
	case SDL_MOUSEBUTTONUP:
	case SDL_MOUSEWHEEL:
		mouse_event(d, e);
		break;
	case SDL_WINDOWEVENT:
		window_event(d, &e->window);
		break;
	}
}

static bool sdl_wait(struct display *d, int ms)
{
	struct window *w = d->state;
	SDL_Event e;

	/* SDL can't wait for a descriptor of ours: look now and then. */
	if (ms < 0 || ms > HIDDEN_MS)
		ms = HIDDEN_MS;
	if (SDL_WaitEventTimeout(&e, ms))
		event(d, &e);
	while (SDL_PollEvent(&e))
		event(d, &e);
	return !w->hidden;
}

static void sdl_resize(struct display *d)
{
	struct window *w = d->state;

	if (!w->renderer)
		w->renderer = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_SOFTWARE);
	if (!w->renderer)
		return;
	if (w->texture)
		SDL_DestroyTexture(w->texture);
	w->texture = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_BGR888,
				       SDL_TEXTUREACCESS_STREAMING, d->width, d->height);
	SDL_RenderSetLogicalSize(w->renderer, d->width, d->height);
	if (!w->full && !(SDL_GetWindowFlags(w->window) & SDL_WINDOW_MAXIMIZED))
		SDL_SetWindowSize(w->window, d->width, d->height);
}

static void sdl_update(struct display *d, const struct rect *r)
{
	const SDL_Rect part = { r->x, r->y, r->width, r->height };
	struct window *w = d->state;

	if (w->texture)
		SDL_UpdateTexture(w->texture, &part, d->pixel + (size_t)r->y * d->width + r->x,
				  d->width * sizeof(u32));
}

static void sdl_flush(struct display *d)
{
	show(d->state);
}

static void sdl_close(struct display *d)
{
	struct window *w = d->state;

	if (w->texture)
		SDL_DestroyTexture(w->texture);
	if (w->renderer)
		SDL_DestroyRenderer(w->renderer);
	SDL_DestroyWindow(w->window);
	SDL_Quit();
	free(w);
}

const struct frontend frontend = {
	.version = FRONTEND_VERSION,
	.open = sdl_open,
	.wait = sdl_wait,
	.resize = sdl_resize,
	.update = sdl_update,
	.flush = sdl_flush,
	.close = sdl_close,
};
