// SPDX-License-Identifier: GPL-2.0
/*
 * The keyboard controller against the IBM PS/2 technical reference, and
 * against the sequences with which Linux probes it.
 */
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

static void keyboard_commands(void)
{
	start();
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

static void saved(void)
{
	u8 kept[256];
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
	CASE(saved);
	CASE(reset_pulse);
	CASE(queues_are_bounded);
	return check_failed != 0;
}
