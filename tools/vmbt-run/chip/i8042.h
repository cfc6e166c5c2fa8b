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
 * @kbd: from the keyboard
 * @mouse: from the mouse
 * @kbd_command: keyboard command that waits for its argument, or 0
 * @mouse_command: mouse command that waits for its argument, or 0
 * @scan_set: scan code set of the keyboard
 * @scanning: the keyboard sends keys
 * @leds: lights of the keyboard
 * @rate: sample rate of the mouse
 * @resolution: resolution of the mouse
 * @mouse_status: status byte of the mouse (enabled, scaling)
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
	u8 rate;
	u8 resolution;
	u8 mouse_status;
	void (*set_irq)(void *arg, unsigned int irq, bool level);
	void (*reset)(void *arg);
	void (*a20)(void *arg, bool open);
	void *arg;
};

void i8042_reset(struct i8042 *k);
u8 i8042_read(struct i8042 *k, u16 port);
void i8042_write(struct i8042 *k, u16 port, u8 val);
bool i8042_key(struct i8042 *k, u8 code, bool extended, bool pressed);
void i8042_state(struct i8042 *k, struct state *s);

#endif
