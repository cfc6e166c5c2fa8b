// SPDX-License-Identifier: GPL-2.0
/*
 * The 8042 keyboard controller of a PS/2, with its keyboard and mouse.
 *
 * Written from the IBM PS/2 hardware interface technical reference. Both devices
 * answer all commands. The keyboard sends what i8042_key() is given, as scan
 * codes of set 2, which the controller translates to set 1 if it is told to.
 * The mouse never moves.
 */
#include "i8042.h"

#define ST_OBF		0x01
#define ST_SYSTEM	0x04
#define ST_COMMAND	0x08
#define ST_UNLOCKED	0x10
#define ST_AUX_OBF	0x20

#define CTR_KBD_INT	0x01
#define CTR_AUX_INT	0x02
#define CTR_SYSTEM	0x04
#define CTR_KBD_OFF	0x10
#define CTR_AUX_OFF	0x20
#define CTR_TRANSLATE	0x40

#define OUT_RESET	0x01	/* active low */
#define OUT_A20		0x02

#define IRQ_KBD		1
#define IRQ_AUX		12

#define ACK		0xfa
#define RESEND		0xfe
#define TEST_PASSED	0xaa

#define MOUSE_ENABLED	0x20
#define MOUSE_SCALE_2_1	0x10

static void push(struct i8042_queue *q, u8 byte)
{
	/* A device that can't send drops; the host has stopped listening. */
	if (q->count < I8042_QUEUE)
		q->byte[(q->head + q->count++) % I8042_QUEUE] = byte;
}

static u8 pop(struct i8042_queue *q)
{
	u8 byte = q->byte[q->head];

	q->head = (q->head + 1) % I8042_QUEUE;
	q->count--;
	return byte;
}

static void irqs(struct i8042 *k)
{
	k->set_irq(k->arg, IRQ_KBD, k->obf && !k->aux && k->ctr & CTR_KBD_INT);
	k->set_irq(k->arg, IRQ_AUX, k->obf && k->aux && k->ctr & CTR_AUX_INT);
}

/* Move the next byte into the output buffer, the controller's own first. */
static void fill(struct i8042 *k)
{
	if (k->obf)
		return;
	if (k->reply.count) {
		k->data = pop(&k->reply);
		k->aux = false;
	} else if (k->aux_reply.count) {
		k->data = pop(&k->aux_reply);
		k->aux = true;
	} else if (k->kbd.count && !(k->ctr & CTR_KBD_OFF)) {
		k->data = pop(&k->kbd);
		k->aux = false;
	} else if (k->mouse.count && !(k->ctr & CTR_AUX_OFF)) {
		k->data = pop(&k->mouse);
		k->aux = true;
	} else {
		return;
	}
	k->obf = true;
	irqs(k);
}

static void keyboard_defaults(struct i8042 *k)
{
	k->scan_set = 2;
	k->leds = 0;
	k->kbd_command = 0;
}

static void mouse_defaults(struct i8042 *k)
{
	k->rate = 100;
	k->resolution = 2;
	k->mouse_status = 0;
	k->mouse_command = 0;
}

/* Commands of the keyboard that take an argument. */
static void keyboard_argument(struct i8042 *k, u8 command, u8 val)
{
	push(&k->kbd, ACK);
	switch (command) {
	case 0xed:
		k->leds = val & 7;
		break;
	case 0xf0:
		if (!val)
			push(&k->kbd, k->scan_set);
		else if (val <= 3)
			k->scan_set = val;
		break;
	default:		/* F3h: typematic rate; keys are typed one by one */
		break;
	}
}

static void keyboard(struct i8042 *k, u8 val)
{
	u8 command = k->kbd_command;

	k->kbd_command = 0;
	/* Commands start at EDh, no argument does. */
	if (command && val < 0xed) {
		keyboard_argument(k, command, val);
		return;
	}
	switch (val) {
	case 0xed:		/* lights */
	case 0xf0:		/* scan code set */
	case 0xf3:		/* typematic */
		k->kbd_command = val;
		push(&k->kbd, ACK);
		break;
	case 0xee:		/* echo */
		push(&k->kbd, 0xee);
		break;
	case 0xf2:		/* identify */
		push(&k->kbd, ACK);
		push(&k->kbd, 0xab);
		push(&k->kbd, 0x83);
		break;
	case 0xf5:		/* disable, set defaults */
	case 0xf6:		/* set defaults */
		keyboard_defaults(k);
		k->scanning = val == 0xf6;
		push(&k->kbd, ACK);
		break;
	case 0xf4:		/* enable */
		k->scanning = true;
		push(&k->kbd, ACK);
		break;
	case 0xf7: case 0xf8: case 0xf9: case 0xfa:	/* key types of set 3 */
		push(&k->kbd, ACK);
		break;
	case 0xff:		/* reset */
		keyboard_defaults(k);
		k->scanning = true;
		k->kbd.count = 0;
		push(&k->kbd, ACK);
		push(&k->kbd, TEST_PASSED);
		break;
	default:
		push(&k->kbd, RESEND);
		break;
	}
}

static void mouse(struct i8042 *k, u8 val)
{
	u8 command = k->mouse_command;

	k->mouse_command = 0;
	if (command) {
		push(&k->mouse, ACK);
		if (command == 0xf3)
			k->rate = val;
		else
			k->resolution = val & 3;
		return;
	}
	switch (val) {
	case 0xe8:		/* resolution */
	case 0xf3:		/* sample rate */
		k->mouse_command = val;
		push(&k->mouse, ACK);
		break;
	case 0xe6:		/* scaling 1:1 */
		k->mouse_status &= ~MOUSE_SCALE_2_1;
		push(&k->mouse, ACK);
		break;
	case 0xe7:		/* scaling 2:1 */
		k->mouse_status |= MOUSE_SCALE_2_1;
		push(&k->mouse, ACK);
		break;
	case 0xe9:		/* status */
		push(&k->mouse, ACK);
		push(&k->mouse, k->mouse_status);
		push(&k->mouse, k->resolution);
		push(&k->mouse, k->rate);
		break;
	case 0xeb:		/* read data: it has not moved */
		push(&k->mouse, ACK);
		push(&k->mouse, 0x08);
		push(&k->mouse, 0);
		push(&k->mouse, 0);
		break;
	case 0xf2:		/* identify: a standard mouse */
		push(&k->mouse, ACK);
		push(&k->mouse, 0x00);
		break;
	case 0xf4:
		k->mouse_status |= MOUSE_ENABLED;
		push(&k->mouse, ACK);
		break;
	case 0xf5:
		k->mouse_status &= ~MOUSE_ENABLED;
		push(&k->mouse, ACK);
		break;
	case 0xea:		/* stream mode */
	case 0xf0:		/* remote mode */
		push(&k->mouse, ACK);
		break;
	case 0xf6:
		mouse_defaults(k);
		push(&k->mouse, ACK);
		break;
	case 0xff:
		mouse_defaults(k);
		k->mouse.count = 0;
		push(&k->mouse, ACK);
		push(&k->mouse, TEST_PASSED);
		push(&k->mouse, 0x00);
		break;
	default:
		push(&k->mouse, RESEND);
		break;
	}
}

static void command(struct i8042 *k, u8 val)
{
	k->command = 0;
	switch (val) {
	case 0x20:		/* read command byte */
		push(&k->reply, k->ctr);
		break;
	case 0x60:		/* write command byte */
	case 0xd1:		/* write output port */
	case 0xd2:		/* write keyboard output buffer */
	case 0xd3:		/* write mouse output buffer */
	case 0xd4:		/* write to mouse */
		k->command = val;
		break;
	case 0xa7:
		k->ctr |= CTR_AUX_OFF;
		break;
	case 0xa8:
		k->ctr &= ~CTR_AUX_OFF;
		break;
	case 0xa9:		/* test the mouse's port */
	case 0xab:		/* test the keyboard's port */
		push(&k->reply, 0x00);
		break;
	case 0xaa:		/* self test: passes, and switches the devices off */
		k->ctr |= CTR_SYSTEM | CTR_KBD_OFF | CTR_AUX_OFF;
		push(&k->reply, 0x55);
		break;
	case 0xad:
		k->ctr |= CTR_KBD_OFF;
		break;
	case 0xae:
		k->ctr &= ~CTR_KBD_OFF;
		break;
	case 0xc0:		/* input port: nobody holds the key lock */
		push(&k->reply, 0x80);
		break;
	case 0xd0:
		push(&k->reply, k->outport);
		break;
	default:
		/* F0h to FFh pulse output lines; bit 0 is the reset line. */
		if (val >= 0xf0 && !(val & OUT_RESET))
			k->reset(k->arg);
		break;
	}
}

static void argument(struct i8042 *k, u8 val)
{
	u8 cmd = k->command;

	k->command = 0;
	switch (cmd) {
	case 0x60:
		k->ctr = val;
		irqs(k);
		break;
	case 0xd1:
		if ((k->outport ^ val) & OUT_A20)
			k->a20(k->arg, val & OUT_A20);
		k->outport = val;
		if (!(val & OUT_RESET))
			k->reset(k->arg);
		break;
	case 0xd2:
		push(&k->reply, val);
		break;
	case 0xd3:
		push(&k->aux_reply, val);
		break;
	case 0xd4:		/* talking to a device enables its port */
		k->ctr &= ~CTR_AUX_OFF;
		mouse(k, val);
		break;
	default:
		k->ctr &= ~CTR_KBD_OFF;
		keyboard(k, val);
		break;
	}
}

/**
 * i8042_reset() - power-on state, after a firmware's self test
 * @k: the controller, with its functions filled in
 */
void i8042_reset(struct i8042 *k)
{
	*k = (struct i8042){
		.ctr = CTR_SYSTEM | CTR_KBD_INT | CTR_TRANSLATE,
		.outport = OUT_RESET | OUT_A20,
		.scanning = true,
		.set_irq = k->set_irq,
		.reset = k->reset,
		.a20 = k->a20,
		.arg = k->arg,
	};
	keyboard_defaults(k);
	mouse_defaults(k);
}

/**
 * i8042_read() - the guest reads port 60h or 64h
 * @k: the controller
 * @port: the port
 *
 * Return: the byte.
 */
u8 i8042_read(struct i8042 *k, u16 port)
{
	u8 val;

	if (port == I8042_COMMAND) {
		val = ST_UNLOCKED | (k->ctr & CTR_SYSTEM ? ST_SYSTEM : 0);
		if (k->last_was_command)
			val |= ST_COMMAND;
		if (k->obf)
			val |= k->aux ? ST_OBF | ST_AUX_OBF : ST_OBF;
		return val;
	}

	val = k->data;
	if (k->obf) {
		k->obf = false;
		irqs(k);
		fill(k);
	}
	return val;
}

/**
 * i8042_write() - the guest writes port 60h or 64h
 * @k: the controller
 * @port: the port
 * @val: the byte
 */
void i8042_write(struct i8042 *k, u16 port, u8 val)
{
	k->last_was_command = port == I8042_COMMAND;
	if (k->last_was_command)
		command(k, val);
	else
		argument(k, val);
	fill(k);
}

/*
 * Set 2 to set 1, as the controller's table has it: PS/2 reference, keyboard
 * controller, "scan code translation". From 85h on codes stay as they are.
 */
static const u8 translation[0x85] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
	0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
	0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
	0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
	0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
	0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
	0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
	0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

/**
 * i8042_key() - a key is pressed or released
 * @k: the controller
 * @code: its make code in set 2
 * @extended: it is one behind E0h
 * @pressed: pressed
 *
 * Return: false if the keyboard is full, or the guest has switched it off.
 */
bool i8042_key(struct i8042 *k, u8 code, bool extended, bool pressed)
{
	bool translate = k->ctr & CTR_TRANSLATE;
	u8 byte = code;

	if (!k->scanning || k->kbd.count > I8042_QUEUE - 3)
		return false;
	if (extended)
		push(&k->kbd, 0xe0);
	if (translate && code < sizeof(translation))
		byte = translation[code];
	if (!pressed && translate)
		byte |= 0x80;
	else if (!pressed)
		push(&k->kbd, 0xf0);
	push(&k->kbd, byte);
	fill(k);
	return true;
}

static void queue_state(struct i8042_queue *q, struct state *s)
{
	STATE(s, q->byte);
	STATE(s, q->head);
	STATE(s, q->count);
	state_sane(s, q->head < I8042_QUEUE && q->count <= I8042_QUEUE);
}

/**
 * i8042_state() - save or restore
 * @k: the controller
 * @s: where to
 */
void i8042_state(struct i8042 *k, struct state *s)
{
	STATE(s, k->ctr);
	STATE(s, k->outport);
	STATE(s, k->command);
	state_bool(s, &k->last_was_command);
	state_bool(s, &k->obf);
	state_bool(s, &k->aux);
	STATE(s, k->data);
	queue_state(&k->reply, s);
	queue_state(&k->aux_reply, s);
	queue_state(&k->kbd, s);
	queue_state(&k->mouse, s);
	STATE(s, k->kbd_command);
	STATE(s, k->mouse_command);
	STATE(s, k->scan_set);
	state_bool(s, &k->scanning);
	STATE(s, k->leds);
	STATE(s, k->rate);
	STATE(s, k->resolution);
	STATE(s, k->mouse_status);
	if (s->bad)
		i8042_reset(k);
	if (s->load) {
		k->a20(k->arg, k->outport & OUT_A20);
		irqs(k);
	}
}
