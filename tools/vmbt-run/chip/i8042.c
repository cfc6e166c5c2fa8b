// SPDX-License-Identifier: GPL-2.0
/*
 * The 8042 keyboard controller of a PS/2, with its keyboard and mouse.
 *
 * Written from the IBM PS/2 hardware interface technical reference. Both devices
 * answer all commands. The keyboard sends what i8042_key() is given in the codes of
 * its set (keyboard set 1, 2 or 3), which the controller translates as from set 2
 * to 1 if it is told to. Whoever holds a key down repeats it (a window system, a
 * terminal), at a rate of its own.
 *
 * The mouse adds up how far it went until the guest has taken the packet before.
 * It has a wheel for a driver that knocks as Microsoft's does, and five buttons
 * for one that knocks twice.
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

#define MOUSE_REMOTE	0x40
#define MOUSE_RIGHT	0x02	/* of a packet; status has left and right in other places */

#define TYPE_REPEAT	0x01
#define TYPE_RELEASE	0x02
#define TYPE_ALL	(TYPE_REPEAT | TYPE_RELEASE)
#define TYPE_HELD	0x80

#define RELEASE		0xf0	/* sent before the code, in sets 2 and 3 */
#define KEY_BYTES	8	/* the longest that a key sends */
#define FAR		100000	/* a mouse that nobody asks stops counting */

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

/* The keyboard's next byte; a translated release is one byte, not two. */
static bool next_key_byte(struct i8042 *k)
{
	u8 byte;

	while (k->kbd.count) {
		byte = pop(&k->kbd);
		if (k->ctr & CTR_TRANSLATE) {
			if (byte == RELEASE) {
				k->release = true;
				continue;
			}
			if (byte < sizeof(translation))
				byte = translation[byte] | (k->release ? 0x80 : 0);
		}
		k->release = false;
		k->data = byte;
		return true;
	}
	return false;
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
	} else if (!(k->ctr & CTR_KBD_OFF) && next_key_byte(k)) {
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

static void all_types(struct i8042 *k, u8 type)
{
	memset(k->types, type, sizeof(k->types));
}

/* PS/2 reference, "default key types" of set 3. */
static void default_types(struct i8042 *k)
{
	static const u8 both[] = { 0x11, 0x12, 0x14, 0x19, 0x59 };
	static const u8 once[] = {
		0x07, 0x08, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x39, 0x3f, 0x47, 0x4f, 0x56,
		0x57, 0x58, 0x5e, 0x5f, 0x62, 0x65, 0x67, 0x69, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
		0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x79, 0x7a, 0x7d, 0x7e, 0x84,
	};
	unsigned int i;

	all_types(k, TYPE_REPEAT);
	for (i = 0; i < sizeof(both); i++)
		k->types[both[i]] = TYPE_RELEASE;
	for (i = 0; i < sizeof(once); i++)
		k->types[once[i]] = 0;
}

static void keyboard_defaults(struct i8042 *k)
{
	k->scan_set = 2;
	k->leds = 0;
	k->typematic = 0x2b;	/* half a second, 10.9 a second */
	k->kbd_command = 0;
	k->release = false;
	default_types(k);
}

static void mouse_still(struct i8042 *k)
{
	k->dx = 0;
	k->dy = 0;
	k->dz = 0;
}

static void mouse_defaults(struct i8042 *k)
{
	k->rate = 100;
	k->resolution = 2;
	k->mouse_status = 0;
	k->mouse_command = 0;
	k->wrap = false;
	memset(k->knock, 0, sizeof(k->knock));
	mouse_still(k);
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
	case 0xf3:
		k->typematic = val & 0x7f;
		break;
	default:		/* FBh, FCh, FDh: the type of one key of set 3, more follow */
		if (val < I8042_CODES)
			k->types[val] = command == 0xfb ? TYPE_REPEAT :
					command == 0xfc ? TYPE_RELEASE : 0;
		k->kbd_command = command;
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
	case 0xfb: case 0xfc: case 0xfd:	/* types of single keys of set 3 */
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
	case 0xf7:		/* all keys of set 3: typematic */
		all_types(k, TYPE_REPEAT);
		push(&k->kbd, ACK);
		break;
	case 0xf8:		/* make and break */
		all_types(k, TYPE_RELEASE);
		push(&k->kbd, ACK);
		break;
	case 0xf9:		/* make */
		all_types(k, 0);
		push(&k->kbd, ACK);
		break;
	case 0xfa:		/* all of it */
		all_types(k, TYPE_ALL);
		push(&k->kbd, ACK);
		break;
	case 0xfe:		/* send the last byte again */
		push(&k->kbd, k->data);
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

/* 2:1 scaling: PS/2 reference, mouse. */
static int scaled(int n)
{
	static const u8 few[] = { 0, 1, 1, 3, 6, 9 };
	int size = n < 0 ? -n : n;

	size = size < (int)sizeof(few) ? few[size] : 2 * size;
	return n < 0 ? -size : size;
}

/* What a packet can carry of a way; the rest is for the next one. */
static int part(int *way, int most)
{
	int n = *way > most ? most : *way < -most ? -most : *way;

	*way -= n;
	return n;
}

static void packet(struct i8042 *k, bool scale)
{
	int most = scale ? 127 : 255;
	int dx = part(&k->dx, most), dy = part(&k->dy, most), dz = part(&k->dz, 7);

	if (scale) {
		dx = scaled(dx);
		dy = scaled(dy);
	}
	push(&k->mouse, (k->buttons & 7) | 0x08 | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0));
	push(&k->mouse, dx);
	push(&k->mouse, dy);
	if (k->mouse_id == 3)
		push(&k->mouse, dz);
	else if (k->mouse_id == 4)
		push(&k->mouse, (dz & 15) | (k->buttons & 0x18) << 1);
	k->told = k->buttons;
}

/* Tell of a movement as soon as the one before is taken; of buttons at once. */
static void stream(struct i8042 *k)
{
	bool clicked = k->buttons != k->told;

	if (!(k->mouse_status & MOUSE_ENABLED) || k->mouse_status & MOUSE_REMOTE || k->wrap)
		return;
	if (clicked ? k->mouse.count <= I8042_QUEUE - 4 :
	    !k->mouse.count && (k->dx || k->dy || k->dz))
		packet(k, k->mouse_status & MOUSE_SCALE_2_1);
}

/* Three sample rates one after the other ask for more than two buttons. */
static void knock(struct i8042 *k, u8 rate)
{
	k->knock[0] = k->knock[1];
	k->knock[1] = k->knock[2];
	k->knock[2] = rate;
	if (k->knock[0] == 200 && k->knock[1] == 100 && rate == 80 && k->mouse_id != 4)
		k->mouse_id = 3;
	if (k->knock[0] == 200 && k->knock[1] == 200 && rate == 80 && k->mouse_id == 3)
		k->mouse_id = 4;
}

static u8 status_buttons(const struct i8042 *k)
{
	return (k->buttons & 1) << 2 | (k->buttons & MOUSE_RIGHT) >> 1 | (k->buttons & 4) >> 1;
}

static void mouse_reset(struct i8042 *k)
{
	mouse_defaults(k);
	k->mouse_id = 0;
	k->mouse.count = 0;
	push(&k->mouse, ACK);
	push(&k->mouse, TEST_PASSED);
	push(&k->mouse, 0x00);
}

static void mouse_argument(struct i8042 *k, u8 command, u8 val)
{
	push(&k->mouse, ACK);
	if (command == 0xf3) {
		k->rate = val;
		knock(k, val);
	} else {
		k->resolution = val & 3;
	}
}

/* What a command changes; false if there is no such command. */
static bool mouse_mode(struct i8042 *k, u8 val)
{
	switch (val) {
	case 0xe6:		/* scaling 1:1 */
		k->mouse_status &= ~MOUSE_SCALE_2_1;
		break;
	case 0xe7:		/* scaling 2:1 */
		k->mouse_status |= MOUSE_SCALE_2_1;
		break;
	case 0xea:		/* stream mode */
		k->mouse_status &= ~MOUSE_REMOTE;
		break;
	case 0xec:		/* end of wrap mode, which it is not in */
		break;
	case 0xee:		/* wrap mode */
		k->wrap = true;
		break;
	case 0xf0:		/* remote mode: it tells when it is asked */
		k->mouse_status |= MOUSE_REMOTE;
		break;
	case 0xf4:
		k->mouse_status |= MOUSE_ENABLED;
		break;
	case 0xf5:
		k->mouse_status &= ~MOUSE_ENABLED;
		break;
	case 0xf6:
		mouse_defaults(k);
		break;
	default:
		return false;
	}
	mouse_still(k);
	k->told = k->buttons;
	return true;
}

static void mouse(struct i8042 *k, u8 val)
{
	u8 command = k->mouse_command;

	if (k->wrap && val != 0xec && val != 0xff) {
		push(&k->mouse, val);
		return;
	}
	k->wrap = false;
	k->mouse_command = 0;
	if (command) {
		mouse_argument(k, command, val);
		return;
	}
	switch (val) {
	case 0xe8:		/* resolution */
	case 0xf3:		/* sample rate */
		k->mouse_command = val;
		push(&k->mouse, ACK);
		break;
	case 0xe9:		/* status */
		push(&k->mouse, ACK);
		push(&k->mouse, k->mouse_status | status_buttons(k));
		push(&k->mouse, k->resolution);
		push(&k->mouse, k->rate);
		break;
	case 0xeb:		/* read data */
		push(&k->mouse, ACK);
		packet(k, false);
		break;
	case 0xf2:		/* identify */
		push(&k->mouse, ACK);
		push(&k->mouse, k->mouse_id);
		break;
	case 0xfe:		/* send the last byte again */
		push(&k->mouse, k->data);
		break;
	case 0xff:
		mouse_reset(k);
		break;
	default:
		push(&k->mouse, mouse_mode(k, val) ? ACK : RESEND);
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
		stream(k);
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

/* Set 3 has a code for each key, of one byte. PS/2 reference, "scan code set 3". */
static u8 set3(u8 code, bool extended)
{
	static const struct {
		u8 code, is;
	} plain[] = {
		{ 0x05, 0x07 }, { 0x06, 0x0f }, { 0x04, 0x17 }, { 0x0c, 0x1f }, { 0x03, 0x27 },
		{ 0x0b, 0x2f }, { 0x83, 0x37 }, { 0x0a, 0x3f }, { 0x01, 0x47 }, { 0x09, 0x4f },
		{ 0x78, 0x56 }, { 0x07, 0x5e }, { 0x76, 0x08 }, { 0x58, 0x14 }, { 0x14, 0x11 },
		{ 0x11, 0x19 }, { 0x77, 0x76 }, { 0x7e, 0x5f }, { 0x5d, 0x5c }, { 0x61, 0x13 },
		{ 0x7c, 0x7e }, { 0x7b, 0x84 }, { 0x79, 0x7c },
	}, behind_e0[] = {
		{ 0x11, 0x39 }, { 0x14, 0x58 }, { I8042_PRINT, 0x57 }, { I8042_PAUSE, 0x62 },
		{ 0x70, 0x67 }, { 0x71, 0x64 }, { 0x6b, 0x61 }, { 0x6c, 0x6e }, { 0x69, 0x65 },
		{ 0x75, 0x63 }, { 0x72, 0x60 }, { 0x7d, 0x6f }, { 0x7a, 0x6d }, { 0x74, 0x6a },
		{ 0x4a, 0x77 }, { 0x5a, 0x79 }, { 0x1f, 0x8b }, { 0x27, 0x8c }, { 0x2f, 0x8d },
	};
	unsigned int i;

	for (i = 0; extended && i < ARRAY_SIZE(behind_e0); i++)
		if (behind_e0[i].code == code)
			return behind_e0[i].is;
	for (i = 0; !extended && i < ARRAY_SIZE(plain); i++)
		if (plain[i].code == code)
			return plain[i].is;
	return code;
}

static void key_set3(struct i8042 *k, u8 code, bool pressed)
{
	u8 *type = &k->types[code];

	if (pressed && (!(*type & TYPE_HELD) || *type & TYPE_REPEAT))
		push(&k->kbd, code);
	if (!pressed && *type & TYPE_RELEASE) {
		push(&k->kbd, RELEASE);
		push(&k->kbd, code);
	}
	*type = pressed ? *type | TYPE_HELD : *type & ~TYPE_HELD;
}

/* A code of set 2, as the keyboard's set has it. */
static void send_code(struct i8042 *k, u8 code, bool pressed)
{
	if (k->scan_set == 1) {
		if (code < sizeof(translation))
			code = translation[code];
		push(&k->kbd, pressed ? code : code | 0x80);
		return;
	}
	if (!pressed)
		push(&k->kbd, RELEASE);
	push(&k->kbd, code);
}

static void send_extended(struct i8042 *k, u8 code, bool pressed)
{
	push(&k->kbd, 0xe0);
	send_code(k, code, pressed);
}

/* It sends no release: what a held Ctrl and Num Lock would send, pressed and released. */
static void send_pause(struct i8042 *k)
{
	push(&k->kbd, 0xe1);
	send_code(k, 0x14, true);
	send_code(k, 0x77, true);
	push(&k->kbd, 0xe1);
	send_code(k, 0x14, false);
	send_code(k, 0x77, false);
}

/**
 * i8042_key() - a key is pressed or released
 * @k: the controller
 * @code: its make code in set 2, or I8042_PRINT, I8042_PAUSE
 * @extended: it is one behind E0h, as these two are
 * @pressed: pressed, again while it is held
 *
 * Return: false if the keyboard is full, or the guest has switched it off.
 */
bool i8042_key(struct i8042 *k, u8 code, bool extended, bool pressed)
{
	if (!k->scanning || k->kbd.count > I8042_QUEUE - KEY_BYTES)
		return false;
	if (k->scan_set == 3) {
		code = set3(code, extended);
		if (code < I8042_CODES)
			key_set3(k, code, pressed);
	} else if (extended && code == I8042_PAUSE) {
		if (pressed)
			send_pause(k);
	} else if (extended && code == I8042_PRINT) {
		/* It comes with a left shift of its own. */
		send_extended(k, pressed ? 0x12 : code, pressed);
		send_extended(k, pressed ? code : 0x12, pressed);
	} else if (extended) {
		send_extended(k, code, pressed);
	} else {
		send_code(k, code, pressed);
	}
	fill(k);
	return true;
}

static int add_way(int way, int more)
{
	if (more > FAR || more < -FAR)
		return way;
	way += more;
	return way > FAR ? FAR : way < -FAR ? -FAR : way;
}

/**
 * i8042_move() - the mouse moves, or its buttons do
 * @k: the controller
 * @dx: to the right
 * @dy: up
 * @dz: of the wheel, towards the user
 * @buttons: those that are down: 1 left, 2 right, 4 middle, 8 and 10h the others
 */
void i8042_move(struct i8042 *k, int dx, int dy, int dz, unsigned int buttons)
{
	/* Where a click was counts: what was before it goes first. */
	if ((buttons & 0x1f) != k->buttons && k->mouse.count <= I8042_QUEUE - 8 &&
	    (k->dx || k->dy || k->dz) && k->mouse_status & MOUSE_ENABLED &&
	    !(k->mouse_status & MOUSE_REMOTE) && !k->wrap)
		packet(k, k->mouse_status & MOUSE_SCALE_2_1);
	k->buttons = buttons & 0x1f;
	k->dx = add_way(k->dx, dx);
	k->dy = add_way(k->dy, dy);
	k->dz = add_way(k->dz, dz);
	stream(k);
	fill(k);
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
	STATE(s, k->typematic);
	state_bool(s, &k->release);
	STATE(s, k->types);
	STATE(s, k->rate);
	STATE(s, k->resolution);
	STATE(s, k->mouse_status);
	STATE(s, k->mouse_id);
	state_bool(s, &k->wrap);
	STATE(s, k->knock);
	STATE(s, k->dx);
	STATE(s, k->dy);
	STATE(s, k->dz);
	STATE(s, k->buttons);
	STATE(s, k->told);
	state_sane(s, k->dx >= -FAR && k->dx <= FAR && k->dy >= -FAR && k->dy <= FAR &&
		   k->dz >= -FAR && k->dz <= FAR);
	if (s->bad)
		i8042_reset(k);
	if (s->load) {
		k->a20(k->arg, k->outport & OUT_A20);
		irqs(k);
	}
}
