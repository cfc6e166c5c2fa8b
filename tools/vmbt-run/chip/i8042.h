/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8042 keyboard controller of a PS/2, with its keyboard and mouse.
 */
#ifndef VMBT_RUN_I8042_H
#define VMBT_RUN_I8042_H

#include "state.h"
#include "types.h"

#define I8042_DATA	0x60
#define I8042_COMMAND	0x64

#define I8042_QUEUE	16
#define I8042_CODES	0x90	/* of set 3 */

/* Keys beside those of set 2: these codes mean nothing behind E0h there. */
#define I8042_PAUSE	0x77
#define I8042_PRINT	0x7c

/**
 * struct i8042_queue - bytes on their way from a device
 * @byte: ring
 * @head: oldest
 * @count: how many
 */
struct i8042_queue {
	u8 byte[I8042_QUEUE];
	unsigned int head;
	unsigned int count;
};

/**
 * struct i8042 - controller, keyboard and mouse
 * @ctr: command byte (configuration)
 * @outport: output port
 * @command: controller command that waits for its data byte, or 0
 * @last_was_command: the last write went to port 64h
 * @obf: the output buffer is full
 * @aux: what it holds is from the mouse
 * @data: what it holds
 * @reply: answers of the controller itself
 * @aux_reply: what the guest had put into the output buffer as the mouse's
 * @kbd: from the keyboard, in the codes of its own set
 * @mouse: from the mouse
 * @kbd_command: keyboard command that waits for its argument, or 0
 * @mouse_command: mouse command that waits for its argument, or 0
 * @scan_set: scan code set of the keyboard
 * @scanning: the keyboard sends keys
 * @leds: lights of the keyboard
 * @typematic: delay and rate of a key that is held; who holds it repeats it
 * @release: the controller translates, and the keyboard has sent F0h
 * @types: what keys of set 3 send, I8042_TYPE_*
 * @rate: sample rate of the mouse
 * @resolution: resolution of the mouse
 * @mouse_status: status byte of the mouse (remote, enabled, scaling, buttons)
 * @mouse_id: 0: two buttons and three bytes; 3: with a wheel; 4: with five buttons
 * @wrap: the mouse sends back what it gets
 * @knock: the sample rates set last, by which a driver asks for the wheel
 * @dx: how far the mouse went to the right since it told last
 * @dy: up
 * @dz: its wheel
 * @buttons: those that are down
 * @told: the buttons that it told of last
 * @set_irq: drives IRQ 1 or 12
 * @reset: resets the machine
 * @a20: opens or closes address line A20
 * @arg: first argument of these
 */
struct i8042 {
	u8 ctr;
	u8 outport;
	u8 command;
	bool last_was_command;
	bool obf;
	bool aux;
	u8 data;
	struct i8042_queue reply;
	struct i8042_queue aux_reply;
	struct i8042_queue kbd;
	struct i8042_queue mouse;
	u8 kbd_command;
	u8 mouse_command;
	u8 scan_set;
	bool scanning;
	u8 leds;
	u8 typematic;
	bool release;
	u8 types[I8042_CODES];
	u8 rate;
	u8 resolution;
	u8 mouse_status;
	u8 mouse_id;
	bool wrap;
	u8 knock[3];
	int dx;
	int dy;
	int dz;
	u8 buttons;
	u8 told;
	void (*set_irq)(void *arg, unsigned int irq, bool level);
	void (*reset)(void *arg);
	void (*a20)(void *arg, bool open);
	void *arg;
};

void i8042_reset(struct i8042 *k);
u8 i8042_read(struct i8042 *k, u16 port);
void i8042_write(struct i8042 *k, u16 port, u8 val);
bool i8042_key(struct i8042 *k, u8 code, bool extended, bool pressed);
void i8042_move(struct i8042 *k, int dx, int dy, int dz, unsigned int buttons);
void i8042_state(struct i8042 *k, struct state *s);

#endif
