// SPDX-License-Identifier: GPL-2.0
/*
 * The keyboard controller against the IBM PS/2 technical reference, and
 * against the sequences with which Linux probes it.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "i8042.h"

static struct i8042 k;
static bool irq1, irq12, a20;
static unsigned int resets;

static void set_irq(void *arg, unsigned int irq, bool level)
{
	(void)arg;
	if (irq == 1)
		irq1 = level;
	else if (irq == 12)
		irq12 = level;
	else
		check_fail("interrupt %u", irq);
}

static void on_reset(void *arg)
{
	(void)arg;
	resets++;
}

static void on_a20(void *arg, bool open)
{
	(void)arg;
	a20 = open;
}

static void start(void)
{
	k = (struct i8042){ .set_irq = set_irq, .reset = on_reset, .a20 = on_a20 };
	a20 = true;
	irq1 = false;
	irq12 = false;
	resets = 0;
	i8042_reset(&k);
}

static void cmd(u8 val)
{
	i8042_write(&k, 0x64, val);
}

static void data(u8 val)
{
	i8042_write(&k, 0x60, val);
}

static u8 status(void)
{
	return i8042_read(&k, 0x64);
}

/* The next byte; it must be there, from the keyboard's or the mouse's side. */
static u8 next(bool aux)
{
	EXPECT_EQ(status() & 0x21, aux ? 0x21 : 0x01);
	return i8042_read(&k, 0x60);
}

static void nothing(void)
{
	EXPECT_EQ(status() & 0x01, 0);
}

static void self_tests(void)
{
	start();
	nothing();
	cmd(0xaa);
	EXPECT_EQ(next(false), 0x55);
	EXPECT_EQ(status() & 0x04, 0x04);
	cmd(0xab);
	EXPECT_EQ(next(false), 0x00);
	cmd(0xa9);
	EXPECT_EQ(next(false), 0x00);
	nothing();
}

static void status_bits(void)
{
	start();
	EXPECT_EQ(status() & 0x12, 0x10);	/* unlocked, input buffer empty */
	EXPECT_EQ(status() & 0x04, 0x04);	/* firmware has tested it */
	cmd(0x60);
	data(0x01);
	EXPECT_EQ(status() & 0x04, 0x00);
	cmd(0xae);
	EXPECT_EQ(status() & 0x08, 0x08);	/* last written: a command */
	data(0xf4);
	EXPECT_EQ(status() & 0x08, 0x00);
}

static void command_byte(void)
{
	start();
	cmd(0x20);				/* as firmware leaves it: translating */
	EXPECT_EQ(next(false), 0x45);
	cmd(0x60);
	data(0x65);
	nothing();
	cmd(0x20);
	EXPECT_EQ(next(false), 0x65);
	cmd(0xa7);
	cmd(0xad);
	cmd(0x20);
	EXPECT_EQ(next(false), 0x75);
	cmd(0xa8);
	cmd(0xae);
	cmd(0x20);
	EXPECT_EQ(next(false), 0x45);
}

static void untranslated(void)
{
	cmd(0x60);
	data(0x05);
}

static void keyboard_commands(void)
{
	start();
	untranslated();
	data(0xff);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(next(false), 0xaa);
	data(0xf2);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(next(false), 0xab);
	EXPECT_EQ(next(false), 0x83);
	data(0xee);
	EXPECT_EQ(next(false), 0xee);
	data(0xed);
	EXPECT_EQ(next(false), 0xfa);
	data(0x05);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(k.leds, 5);
	data(0xf3);
	EXPECT_EQ(next(false), 0xfa);
	data(0x20);
	EXPECT_EQ(next(false), 0xfa);
	data(0xf0);
	EXPECT_EQ(next(false), 0xfa);
	data(0x00);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(next(false), 0x02);		/* the set after reset */
	data(0xf0);
	EXPECT_EQ(next(false), 0xfa);
	data(0x03);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(k.scan_set, 3);
	data(0xf6);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(k.scan_set, 2);
	data(0xf5);
	EXPECT_EQ(next(false), 0xfa);
	data(0xf4);
	EXPECT_EQ(next(false), 0xfa);
	data(0x12);				/* no such command */
	EXPECT_EQ(next(false), 0xfe);
	/* a command where an argument was expected is a command */
	data(0xed);
	EXPECT_EQ(next(false), 0xfa);
	data(0xf2);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(next(false), 0xab);
	EXPECT_EQ(next(false), 0x83);
	nothing();
}

static void mouse_commands(void)
{
	start();
	cmd(0xd4);
	data(0xff);
	EXPECT_EQ(next(true), 0xfa);
	EXPECT_EQ(next(true), 0xaa);
	EXPECT_EQ(next(true), 0x00);
	cmd(0xd4);
	data(0xf2);
	EXPECT_EQ(next(true), 0xfa);
	EXPECT_EQ(next(true), 0x00);
	cmd(0xd4);
	data(0xf3);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0x28);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xe8);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0x03);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xf4);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xe7);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xe9);				/* enabled, 2:1; resolution; rate */
	EXPECT_EQ(next(true), 0xfa);
	EXPECT_EQ(next(true), 0x30);
	EXPECT_EQ(next(true), 0x03);
	EXPECT_EQ(next(true), 0x28);
	cmd(0xd4);
	data(0xf6);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xe9);				/* defaults: 4 counts/mm, 100 a second */
	EXPECT_EQ(next(true), 0xfa);
	EXPECT_EQ(next(true), 0x00);
	EXPECT_EQ(next(true), 0x02);
	EXPECT_EQ(next(true), 0x64);
	cmd(0xd4);
	data(0xf4);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xf5);
	EXPECT_EQ(next(true), 0xfa);
	EXPECT_EQ(k.mouse_status, 0);
	cmd(0xd4);
	data(0xf0);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xea);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xe6);
	EXPECT_EQ(next(true), 0xfa);
	cmd(0xd4);
	data(0xeb);
	EXPECT_EQ(next(true), 0xfa);
	EXPECT_EQ(next(true), 0x08);
	EXPECT_EQ(next(true), 0x00);
	EXPECT_EQ(next(true), 0x00);
	cmd(0xd4);
	data(0x01);
	EXPECT_EQ(next(true), 0xfe);
	nothing();
}

/* Linux, i8042_check_aux(): loop back a byte while the port is off. */
static void linux_aux_probe(void)
{
	start();
	cmd(0x60);
	data(0x74);				/* both ports off, no interrupts */
	cmd(0xd3);
	data(0x5a);
	EXPECT_EQ(next(true), 0x5a);
	cmd(0xa9);
	EXPECT_EQ(next(false), 0x00);
	cmd(0xa8);
	cmd(0x20);
	EXPECT_EQ(next(false) & 0x20, 0x00);
	cmd(0xa7);
	cmd(0x20);
	EXPECT_EQ(next(false) & 0x20, 0x20);
	/* and its interrupt */
	cmd(0x60);
	data(0x56);
	EXPECT(!irq12);
	cmd(0xd3);
	data(0xa5);
	EXPECT(irq12);
	EXPECT(!irq1);
	EXPECT_EQ(next(true), 0xa5);
	EXPECT(!irq12);
	nothing();
}

static void interrupts(void)
{
	start();
	cmd(0x60);
	data(0x47);
	data(0xee);
	EXPECT(irq1);
	EXPECT_EQ(next(false), 0xee);
	EXPECT(!irq1);
	/* a new edge for each byte */
	data(0xff);
	EXPECT(irq1);
	next(false);
	EXPECT(irq1);
	next(false);
	EXPECT(!irq1);
	cmd(0x60);
	data(0x46);
	data(0xee);
	EXPECT(!irq1);
	next(false);
	cmd(0xd4);
	data(0xf6);
	EXPECT(irq12);
	next(true);
	EXPECT(!irq12);
}

static void disabled_keyboard_waits(void)
{
	start();
	data(0xff);
	next(false);
	cmd(0xad);
	/* the byte in the buffer stays; then nothing follows */
	EXPECT_EQ(next(false), 0xaa);
	data(0xee);				/* talking to it enables it */
	EXPECT_EQ(next(false), 0xee);
}

static void output_port(void)
{
	start();
	cmd(0xd0);
	EXPECT_EQ(next(false) & 0x03, 0x03);	/* not in reset, A20 open */
	cmd(0xd1);
	data(0xdd);
	EXPECT(!a20);
	cmd(0xd0);
	EXPECT_EQ(next(false) & 0x03, 0x01);
	EXPECT_EQ(resets, 0);
	cmd(0xd1);
	data(0xde);
	EXPECT_EQ(resets, 1);
	cmd(0xc0);
	EXPECT_EQ(next(false) & 0x80, 0x80);
	cmd(0xd2);
	data(0x1c);
	EXPECT_EQ(next(false), 0x1c);
	nothing();
}

/* Pulses of the output port: bit 0 low is a reset. */
static void reset_pulse(void)
{
	start();
	cmd(0xff);
	cmd(0xf1);
	EXPECT_EQ(resets, 0);
	cmd(0xfe);
	EXPECT_EQ(resets, 1);
	cmd(0xf0);
	EXPECT_EQ(resets, 2);
}

static void queues_are_bounded(void)
{
	unsigned int i;

	start();
	for (i = 0; i < 1000; i++) {
		data(0xf2);
		cmd(0xd4);
		data(0xe9);
		cmd(0xd3);
		data(i);
		cmd(0x20);
	}
	for (i = 0; i < 100 && status() & 1; i++)
		i8042_read(&k, 0x60);
	EXPECT(i <= 4 * I8042_QUEUE + 1);
}

/* PS/2 reference: A is 1Ch in set 2, 1Eh in set 1; a release F0h 1Ch, 9Eh. */
static void keys(void)
{
	unsigned int n = 0;

	start();
	EXPECT(i8042_key(&k, 0x1c, false, true));	/* A */
	EXPECT(irq1);
	EXPECT_EQ(next(false), 0x1e);
	EXPECT(i8042_key(&k, 0x1c, false, false));
	EXPECT_EQ(next(false), 0x9e);
	EXPECT(i8042_key(&k, 0x75, true, true));	/* cursor up */
	EXPECT_EQ(next(false), 0xe0);
	EXPECT_EQ(next(false), 0x48);
	EXPECT(i8042_key(&k, 0x83, false, true));	/* F7 */
	EXPECT_EQ(next(false), 0x41);
	nothing();
	cmd(0x60);
	data(0x05);					/* translation off */
	EXPECT(i8042_key(&k, 0x5a, false, false));	/* Enter */
	EXPECT_EQ(next(false), 0xf0);
	EXPECT_EQ(next(false), 0x5a);
	while (n < 100 && i8042_key(&k, 0x1c, false, true))
		n++;
	EXPECT(n > 4 && n <= 16);
	data(0xff);					/* reset empties it */
	EXPECT_EQ(next(false), 0x1c);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT_EQ(next(false), 0xaa);
	data(0xf5);					/* off */
	EXPECT_EQ(next(false), 0xfa);
	EXPECT(!i8042_key(&k, 0x1c, false, true));
	data(0xf4);
	EXPECT_EQ(next(false), 0xfa);
	EXPECT(i8042_key(&k, 0x1c, false, true));
}

/* Bytes of the keyboard's or the mouse's that are there, in hexadecimal. */
static const char *sent(bool aux)
{
	static char text[256];
	size_t n = 0;

	*text = 0;
	while ((status() & 0x21) == (aux ? 0x21 : 0x01) && n < sizeof(text) - 4)
		n += sprintf(text + n, n ? " %02x" : "%02x", i8042_read(&k, 0x60));
	nothing();
	return text;
}

static const char *typed(u8 code, bool extended, bool pressed)
{
	EXPECT(i8042_key(&k, code, extended, pressed));
	return sent(false);
}

static const char *to_keyboard(const char *bytes)
{
	unsigned int val;
	int n;

	for (; sscanf(bytes, "%x%n", &val, &n) == 1; bytes += n)
		data(val);
	return sent(false);
}

static const char *to_mouse(const char *bytes)
{
	unsigned int val;
	int n;

	for (; sscanf(bytes, "%x%n", &val, &n) == 1; bytes += n) {
		cmd(0xd4);
		data(val);
	}
	return sent(true);
}

static const char *moved(int dx, int dy, int dz, unsigned int buttons)
{
	i8042_move(&k, dx, dy, dz, buttons);
	return sent(true);
}

#define EXPECT_SENT(text, expected) do {					\
	const char *is = text;							\
										\
	if (strcmp(is, expected))						\
		check_fail("%s:%d: '%s' is not '%s'", __FILE__, __LINE__, is, expected); \
} while (0)

/* Translation goes over all that the keyboard says: PS/2 reference. */
static void translated_answers(void)
{
	start();
	EXPECT_SENT(to_keyboard("f2"), "fa ab 41");
	EXPECT_SENT(to_keyboard("f0 00"), "fa fa 41");
	EXPECT_SENT(to_keyboard("ee"), "ee");
	EXPECT_SENT(to_keyboard("12"), "fe");
	EXPECT_SENT(to_keyboard("ff"), "fa aa");
}

/* Keys with codes of their own in sets 1, 2 and 3: PS/2 reference, scan codes. */
static void scan_sets(void)
{
	start();
	untranslated();
	EXPECT_SENT(typed(0x1c, false, true), "1c");
	EXPECT_SENT(typed(0x1c, false, false), "f0 1c");
	EXPECT_SENT(typed(0x75, true, false), "e0 f0 75");
	EXPECT_SENT(typed(I8042_PRINT, true, true), "e0 12 e0 7c");
	EXPECT_SENT(typed(I8042_PRINT, true, false), "e0 f0 7c e0 f0 12");
	EXPECT_SENT(typed(I8042_PAUSE, true, true), "e1 14 77 e1 f0 14 f0 77");
	EXPECT_SENT(typed(I8042_PAUSE, true, false), "");
	EXPECT_SENT(to_keyboard("f0 01"), "fa fa");
	EXPECT_SENT(typed(0x1c, false, true), "1e");
	EXPECT_SENT(typed(0x1c, false, false), "9e");
	EXPECT_SENT(typed(0x75, true, false), "e0 c8");
	EXPECT_SENT(typed(I8042_PRINT, true, true), "e0 2a e0 37");
	EXPECT_SENT(typed(I8042_PRINT, true, false), "e0 b7 e0 aa");
	EXPECT_SENT(typed(I8042_PAUSE, true, true), "e1 1d 45 e1 9d c5");
	EXPECT_SENT(to_keyboard("f0 03"), "fa fa");
	EXPECT_SENT(typed(0x1c, false, true), "1c");		/* A: typematic */
	EXPECT_SENT(typed(0x1c, false, true), "1c");
	EXPECT_SENT(typed(0x1c, false, false), "");
	EXPECT_SENT(typed(0x12, false, true), "12");		/* Shift: make and break */
	EXPECT_SENT(typed(0x12, false, true), "");
	EXPECT_SENT(typed(0x12, false, false), "f0 12");
	EXPECT_SENT(typed(0x14, true, true), "58");		/* right Ctrl: make */
	EXPECT_SENT(typed(0x14, true, true), "");
	EXPECT_SENT(typed(0x14, true, false), "");
	EXPECT_SENT(typed(0x76, false, true), "08");		/* Esc */
	EXPECT_SENT(typed(0x75, true, true), "63");		/* cursor up */
	EXPECT_SENT(typed(0x5a, true, true), "79");		/* the other Enter */
	EXPECT_SENT(typed(I8042_PAUSE, true, true), "62");
	EXPECT_SENT(to_keyboard("fa"), "fa");			/* all: all of it */
	EXPECT_SENT(typed(0x1c, false, true), "1c");
	EXPECT_SENT(typed(0x1c, false, true), "1c");
	EXPECT_SENT(typed(0x1c, false, false), "f0 1c");
	EXPECT_SENT(to_keyboard("fd 1c 1b"), "fa fa fa");	/* A and S: make */
	EXPECT_SENT(typed(0x1c, false, true), "1c");
	EXPECT_SENT(typed(0x1c, false, true), "");
	EXPECT_SENT(typed(0x1c, false, false), "");
	EXPECT_SENT(to_keyboard("f4"), "fa");			/* ends the list */
	EXPECT_SENT(to_keyboard("f6"), "fa");
	EXPECT_SENT(typed(0x76, false, true), "76");		/* set 2 again */
}

/* PS/2 reference, mouse: data report, remote and wrap mode, scaling. */
static void mouse_packets(void)
{
	start();
	EXPECT_SENT(moved(5, 0, 0, 0), "");			/* not enabled */
	EXPECT_SENT(to_mouse("f4"), "fa");
	EXPECT_SENT(moved(5, 3, 0, 0), "08 05 03");
	EXPECT_SENT(moved(-5, -3, 0, 1), "39 fb fd");
	EXPECT_SENT(moved(0, 0, 0, 6), "0e 00 00");
	EXPECT_SENT(moved(0, 0, 0, 6), "");
	EXPECT_SENT(moved(0, 0, 1, 0), "08 00 00");		/* no wheel: buttons only */
	EXPECT_SENT(moved(600, 0, 0, 0), "08 ff 00 08 ff 00 08 5a 00");
	EXPECT_SENT(to_mouse("e9"), "fa 20 02 64");
	/* a click while the guest is slow: both, and where they were */
	i8042_move(&k, 1, 0, 0, 0);
	i8042_move(&k, 2, 0, 0, 0);
	i8042_move(&k, 0, 0, 0, 1);
	i8042_move(&k, 3, 0, 0, 0);
	EXPECT_SENT(sent(true), "08 01 00 08 02 00 09 00 00 08 03 00");
	/* 2:1, in stream mode only: 1 1 3 6 9 twice */
	EXPECT_SENT(to_mouse("e7"), "fa");
	EXPECT_SENT(moved(2, 3, 0, 0), "08 01 03");
	EXPECT_SENT(moved(-4, 5, 0, 0), "18 fa 09");
	EXPECT_SENT(moved(6, 100, 0, 0), "08 0c c8");
	/* remote: when asked */
	EXPECT_SENT(to_mouse("f0"), "fa");
	EXPECT_SENT(moved(4, 5, 0, 2), "");
	EXPECT_SENT(to_mouse("eb"), "fa 0a 04 05");
	EXPECT_SENT(to_mouse("e9"), "fa 71 02 64");
	EXPECT_SENT(to_mouse("ea"), "fa");
	/* wrap: what it gets, but for reset and the end of it */
	EXPECT_SENT(to_mouse("ee f4 f2 12"), "fa f4 f2 12");
	EXPECT_SENT(moved(4, 5, 0, 0), "");
	EXPECT_SENT(to_mouse("ec"), "fa");
	EXPECT_SENT(to_mouse("ff"), "fa aa 00");
	EXPECT_SENT(moved(4, 5, 0, 0), "");
}

/* How drivers ask for Microsoft's wheel and its five buttons. */
static void mouse_wheel(void)
{
	start();
	EXPECT_SENT(to_mouse("f3 c8 f3 64 f3 50 f2"), "fa fa fa fa fa fa fa 03");
	EXPECT_SENT(to_mouse("f4"), "fa");
	EXPECT_SENT(moved(1, 2, 1, 0), "08 01 02 01");
	EXPECT_SENT(moved(0, 0, -1, 0), "08 00 00 ff");
	EXPECT_SENT(to_mouse("f3 c8 f3 c8 f3 50 f2"), "fa fa fa fa fa fa fa 04");
	EXPECT_SENT(moved(0, 0, -1, 8), "08 00 00 1f");
	EXPECT_SENT(moved(0, 0, 1, 0x10), "08 00 00 21");
	EXPECT_SENT(to_mouse("f6 f2"), "fa fa 04");
	EXPECT_SENT(to_mouse("ff f2"), "fa aa 00 fa 00");
}

static void saved(void)
{
	u8 kept[512];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	cmd(0xd1);
	data(0xdd);
	i8042_key(&k, 0x1c, false, true);
	i8042_key(&k, 0x5a, false, true);
	i8042_state(&k, &s);
	EXPECT(!s.bad);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	i8042_state(&k, &s);
	EXPECT(!s.bad);
	EXPECT(!a20);
	EXPECT(irq1);
	EXPECT_EQ(next(false), 0x1e);
	EXPECT_EQ(next(false), 0x1c);
	nothing();
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	i8042_state(&k, &s);
	EXPECT(s.bad);
	nothing();
}

int main(void)
{
	CASE(self_tests);
	CASE(status_bits);
	CASE(command_byte);
	CASE(keyboard_commands);
	CASE(mouse_commands);
	CASE(linux_aux_probe);
	CASE(interrupts);
	CASE(disabled_keyboard_waits);
	CASE(output_port);
	CASE(keys);
	CASE(translated_answers);
	CASE(scan_sets);
	CASE(mouse_packets);
	CASE(mouse_wheel);
	CASE(saved);
	CASE(reset_pulse);
	CASE(queues_are_bounded);
	return check_failed != 0;
}
