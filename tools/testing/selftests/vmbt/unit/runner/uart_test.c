// SPDX-License-Identifier: GPL-2.0
/*
 * The serial port against its data sheet (National PC16550D).
 *
 * Register bits are written as numbers on purpose: they are the data sheet's,
 * not those of the source under test.
 */
#include "check.h"
#include "uart.h"

static struct uart u;
static u8 sent[64];
static unsigned int nsent, drained;
static bool irq;

static void tx(void *arg, u8 byte)
{
	(void)arg;
	if (nsent < sizeof(sent))
		sent[nsent++] = byte;
}

static void on_drained(void *arg)
{
	(void)arg;
	drained++;
}

static void set_irq(void *arg, bool level)
{
	(void)arg;
	irq = level;
}

/* Power on; then OUT2, RTS and DTR as every driver sets them. */
static void power_on(void)
{
	u = (struct uart){ .tx = tx, .drained = on_drained, .set_irq = set_irq };
	nsent = 0;
	irq = false;
	uart_reset(&u);
}

static void start(void)
{
	power_on();
	uart_write(&u, 4, 0x0b);
}

/* Table "UART reset configuration" */
static void reset_values(void)
{
	power_on();
	EXPECT_EQ(uart_read(&u, 1), 0x00);
	EXPECT_EQ(uart_read(&u, 2), 0x01);
	EXPECT_EQ(uart_read(&u, 3), 0x00);
	EXPECT_EQ(uart_read(&u, 4), 0x00);
	EXPECT_EQ(uart_read(&u, 5), 0x60);
	EXPECT_EQ(uart_read(&u, 6) & 0x0f, 0x00);
	EXPECT(!irq);
}

static void register_masks(void)
{
	start();
	uart_write(&u, 1, 0xff);
	EXPECT_EQ(uart_read(&u, 1), 0x0f);
	uart_write(&u, 4, 0xff);
	EXPECT_EQ(uart_read(&u, 4), 0x1f);
	uart_write(&u, 7, 0xa5);
	EXPECT_EQ(uart_read(&u, 7), 0xa5);
	uart_write(&u, 5, 0xff);		/* not written by anybody */
	EXPECT_EQ(uart_read(&u, 5), 0x60);
}

/* DLAB switches registers 0 and 1 to the divisor. */
static void divisor(void)
{
	start();
	uart_write(&u, 1, 0x05);
	uart_write(&u, 3, 0x83);
	uart_write(&u, 0, 0x34);
	uart_write(&u, 1, 0x12);
	EXPECT_EQ(uart_read(&u, 0), 0x34);
	EXPECT_EQ(uart_read(&u, 1), 0x12);
	EXPECT_EQ(nsent, 0);
	uart_write(&u, 3, 0x03);
	EXPECT_EQ(uart_read(&u, 1), 0x05);
	uart_write(&u, 0, 'x');
	EXPECT_EQ(nsent, 1);
	EXPECT_EQ(sent[0], 'x');
}

/* IIR: THRE, cleared by reading it or by writing the transmitter. */
static void transmit_interrupt(void)
{
	start();
	uart_write(&u, 1, 0x02);
	EXPECT(irq);				/* empty when it is enabled */
	EXPECT_EQ(uart_read(&u, 2), 0x02);
	EXPECT(!irq);
	EXPECT_EQ(uart_read(&u, 2), 0x01);
	uart_write(&u, 0, 'a');
	EXPECT(irq);
	EXPECT_EQ(uart_read(&u, 5) & 0x60, 0x60);
	EXPECT_EQ(uart_read(&u, 2), 0x02);
	EXPECT(!irq);
	/* off and on again tells once more: how Linux probes for it */
	uart_write(&u, 1, 0x00);
	uart_write(&u, 1, 0x02);
	EXPECT(irq);
	uart_write(&u, 1, 0x02);
	EXPECT_EQ(uart_read(&u, 2), 0x02);
	uart_write(&u, 1, 0x02);		/* no change, no interrupt */
	EXPECT_EQ(uart_read(&u, 2), 0x01);
}

static void receive_without_fifo(void)
{
	start();
	uart_write(&u, 1, 0x01);
	EXPECT_EQ(uart_room(&u), 1);
	uart_receive(&u, 'a');
	EXPECT_EQ(uart_room(&u), 0);
	EXPECT(irq);
	EXPECT_EQ(uart_read(&u, 2), 0x04);
	EXPECT_EQ(uart_read(&u, 5), 0x61);
	drained = 0;
	EXPECT_EQ(uart_read(&u, 0), 'a');
	EXPECT_EQ(drained, 1);
	EXPECT(!irq);
	EXPECT_EQ(uart_read(&u, 5), 0x60);
}

/* OE: "the character in the register is destroyed", reset by reading LSR. */
static void overrun_without_fifo(void)
{
	start();
	uart_write(&u, 1, 0x05);
	uart_receive(&u, 'a');
	uart_receive(&u, 'b');
	EXPECT_EQ(uart_read(&u, 2), 0x06);
	EXPECT_EQ(uart_read(&u, 5), 0x63);
	EXPECT_EQ(uart_read(&u, 5), 0x61);
	EXPECT_EQ(uart_read(&u, 2), 0x04);
	EXPECT_EQ(uart_read(&u, 0), 'b');
}

/* OE in FIFO mode: the FIFO keeps its 16 characters. */
static void overrun_with_fifo(void)
{
	unsigned int i;

	start();
	uart_write(&u, 2, 0x01);
	for (i = 0; i < 17; i++)
		uart_receive(&u, 'a' + i);
	EXPECT_EQ(uart_read(&u, 5), 0x63);
	for (i = 0; i < 16; i++)
		EXPECT_EQ(uart_read(&u, 0), 'a' + i);
	EXPECT_EQ(uart_read(&u, 5), 0x60);
}

/* "FIFO interrupt mode": trigger levels, and the time-out below them. */
static void trigger_levels(void)
{
	static const unsigned int level[] = { 1, 4, 8, 14 };
	unsigned int t, i;

	for (t = 0; t < 4; t++) {
		start();
		uart_write(&u, 1, 0x01);
		uart_write(&u, 2, 0x01 | t << 6);
		EXPECT_EQ(uart_read(&u, 2), 0xc1);
		for (i = 1; i < level[t]; i++) {
			uart_receive(&u, i);
			EXPECT(!irq);
			EXPECT_EQ(uart_read(&u, 2), 0xc1);
		}
		if (level[t] > 1) {
			uart_receive_idle(&u);
			EXPECT(irq);
			EXPECT_EQ(uart_read(&u, 2), 0xcc);
		}
		uart_receive(&u, i);
		EXPECT(irq);
		EXPECT_EQ(uart_read(&u, 2), 0xc4);
		EXPECT_EQ(uart_read(&u, 0), 1);
		EXPECT(!irq);			/* below the level again */
	}
}

/* The time-out is cleared by reading the receiver. */
static void timeout_cleared(void)
{
	start();
	uart_write(&u, 1, 0x01);
	uart_write(&u, 2, 0xc1);
	uart_receive(&u, 1);
	uart_receive(&u, 2);
	uart_receive_idle(&u);
	EXPECT(irq);
	uart_read(&u, 0);
	EXPECT(!irq);
	uart_receive_idle(&u);
	EXPECT(irq);
	uart_read(&u, 0);
	uart_receive_idle(&u);
	EXPECT(!irq);				/* nothing left to wait */
}

/* FCR: bit 1 clears the receiver; turning FIFOs on or off clears it, too. */
static void fifo_control(void)
{
	start();
	uart_write(&u, 2, 0x01);
	uart_receive(&u, 1);
	uart_write(&u, 2, 0x03);
	EXPECT_EQ(uart_read(&u, 5), 0x60);
	uart_receive(&u, 1);
	uart_write(&u, 2, 0x00);
	EXPECT_EQ(uart_read(&u, 5), 0x60);
	EXPECT_EQ(uart_read(&u, 2), 0x01);
	/* without bit 0 the others are not programmed */
	uart_write(&u, 2, 0xc0);
	uart_write(&u, 2, 0x01);
	uart_write(&u, 1, 0x01);
	uart_receive(&u, 1);
	EXPECT_EQ(uart_read(&u, 2), 0xc4);
}

/* What is not enabled neither interrupts nor identifies itself. */
static void disabled_sources(void)
{
	start();
	uart_write(&u, 2, 0x01);
	uart_read(&u, 6);
	uart_write(&u, 0, 'x');
	while (!u.overrun)
		uart_receive(&u, 'z');
	uart_receive_idle(&u);
	uart_write(&u, 4, 0x1f);
	uart_write(&u, 4, 0x0b);
	EXPECT(!irq);
	EXPECT_EQ(uart_read(&u, 2), 0xc1);
}

/* A byte that arrives after the time-out starts a new wait. */
static void timeout_restarts(void)
{
	start();
	uart_write(&u, 1, 0x01);
	uart_write(&u, 2, 0xc1);
	uart_receive(&u, 1);
	uart_receive_idle(&u);
	EXPECT(irq);
	uart_receive(&u, 2);
	EXPECT(!irq);
	uart_receive_idle(&u);
	EXPECT(irq);
	/* without FIFOs there is no time-out */
	start();
	uart_write(&u, 1, 0x01);
	uart_receive(&u, 1);
	uart_receive_idle(&u);
	EXPECT_EQ(uart_read(&u, 2), 0x04);
}

/* A new trigger level leaves what was received. */
static void trigger_change_keeps_data(void)
{
	start();
	uart_write(&u, 2, 0x01);
	uart_receive(&u, 7);
	uart_write(&u, 2, 0x81);
	EXPECT_EQ(uart_read(&u, 0), 7);
}

/* Priorities of the four sources. */
static void interrupt_priority(void)
{
	start();
	uart_read(&u, 6);
	uart_write(&u, 2, 0x01);
	uart_write(&u, 4, 0x1f);
	uart_write(&u, 4, 0x0b);		/* RI went on and off */
	uart_write(&u, 1, 0x0f);
	while (!u.overrun)
		uart_receive(&u, 'z');
	EXPECT_EQ(uart_read(&u, 2), 0xc6);
	uart_read(&u, 5);
	EXPECT_EQ(uart_read(&u, 2), 0xc4);
	while (uart_read(&u, 5) & 1)
		uart_read(&u, 0);
	EXPECT_EQ(uart_read(&u, 2), 0xc2);
	EXPECT_EQ(uart_read(&u, 2), 0xc0);
	EXPECT(irq);
	EXPECT_EQ(uart_read(&u, 6) & 0x0f, 0x04);
	EXPECT_EQ(uart_read(&u, 2), 0xc1);
	EXPECT(!irq);
}

/* Loopback: RTS DTR OUT1 OUT2 become CTS DSR RI DCD; what is sent is received. */
static void loopback(void)
{
	start();
	uart_write(&u, 4, 0x1a);		/* Linux's test: RTS and OUT2 */
	EXPECT_EQ(uart_read(&u, 6) & 0xf0, 0x90);
	uart_write(&u, 4, 0x15);
	EXPECT_EQ(uart_read(&u, 6) & 0xf0, 0x60);
	nsent = 0;
	uart_write(&u, 0, 'q');
	EXPECT_EQ(nsent, 0);
	EXPECT_EQ(uart_read(&u, 5) & 1, 1);
	EXPECT_EQ(uart_read(&u, 0), 'q');
	EXPECT_EQ(uart_room(&u), 0);
	uart_receive(&u, 'x');			/* the line is cut */
	EXPECT_EQ(uart_read(&u, 5) & 1, 0);
	uart_write(&u, 1, 0x02);
	EXPECT(!irq);				/* OUT2 is inactive in loopback */
}

/* MSR: change bits for CTS, DSR and DCD, trailing edge only for RI. */
static void modem_status(void)
{
	start();
	EXPECT_EQ(uart_read(&u, 6), 0xb0);
	uart_write(&u, 4, 0x10);		/* all modem inputs go off */
	EXPECT_EQ(uart_read(&u, 6), 0x0b);
	EXPECT_EQ(uart_read(&u, 6), 0x00);
	uart_write(&u, 4, 0x14);		/* RI on: leading edge, no change bit */
	EXPECT_EQ(uart_read(&u, 6), 0x40);
	uart_write(&u, 4, 0x10);
	EXPECT_EQ(uart_read(&u, 6), 0x04);
	uart_write(&u, 4, 0x12);
	EXPECT_EQ(uart_read(&u, 6), 0x11);
}

/* A PC's interrupt line is open only while OUT2 is on. */
static void out2_gates_the_interrupt(void)
{
	power_on();
	uart_write(&u, 1, 0x02);
	EXPECT(!irq);
	uart_write(&u, 4, 0x08);
	EXPECT(irq);
	uart_write(&u, 4, 0x00);
	EXPECT(!irq);
}

/* Nothing is received before the guest asks for it with RTS. */
static void flow_control(void)
{
	power_on();
	EXPECT_EQ(uart_room(&u), 0);
	drained = 0;
	uart_write(&u, 4, 0x02);
	EXPECT_EQ(drained, 1);
	EXPECT_EQ(uart_room(&u), 1);
	uart_write(&u, 2, 0x01);
	EXPECT_EQ(drained, 2);
	EXPECT_EQ(uart_room(&u), 16);
}

static void poll(unsigned int n)
{
	while (n--)
		EXPECT_EQ(uart_read(&u, 5), 0x60);
}

/* Who never sets RTS but waits for a byte gets it, and each of them so. */
static void polled(void)
{
	power_on();
	uart_write(&u, 4, 0x01);
	drained = 0;
	poll(3);
	EXPECT_EQ(uart_room(&u), 0);
	/* Writing between is no waiting: a console looks before each byte it sends. */
	uart_write(&u, 0, 'x');
	poll(15);
	EXPECT_EQ(uart_room(&u), 0);
	EXPECT_EQ(drained, 0);
	poll(1);
	EXPECT_EQ(drained, 1);
	EXPECT_EQ(uart_room(&u), 1);
	poll(100);
	EXPECT_EQ(drained, 1);
	EXPECT_EQ(uart_room(&u), 1);
	uart_receive(&u, 'a');
	EXPECT_EQ(uart_room(&u), 0);
	EXPECT_EQ(uart_read(&u, 5), 0x61);
	EXPECT_EQ(uart_read(&u, 0), 'a');
	EXPECT_EQ(uart_room(&u), 0);
	poll(16);
	EXPECT_EQ(uart_room(&u), 1);
	uart_write(&u, 4, 0x11);		/* loopback cuts the line */
	poll(16);
	EXPECT_EQ(uart_room(&u), 0);
}

static void state(void)
{
	u8 kept[64];
	struct state s = { .data = kept, .size = sizeof(kept) };
	unsigned int i;

	start();
	uart_write(&u, 3, 0x83);
	uart_write(&u, 0, 0x0c);
	uart_write(&u, 3, 0x03);
	uart_write(&u, 2, 0xc1);
	uart_write(&u, 1, 0x03);
	uart_write(&u, 7, 0x5a);
	uart_read(&u, 2);			/* the transmitter's interrupt is taken */
	for (i = 0; i < 14; i++)
		uart_receive(&u, 'a' + i);
	EXPECT(irq);
	uart_read(&u, 0);
	EXPECT(!irq);
	uart_receive(&u, 'z');
	EXPECT(irq);
	uart_state(&u, &s);
	EXPECT(!s.bad);
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	power_on();
	drained = 0;
	uart_state(&u, &s);
	EXPECT(!s.bad && s.pos == s.size);
	EXPECT(irq);
	EXPECT_EQ(drained, 1);			/* what waits outside is asked for */
	EXPECT_EQ(uart_read(&u, 2), 0xc4);
	EXPECT_EQ(uart_read(&u, 7), 0x5a);
	EXPECT_EQ(uart_read(&u, 4), 0x0b);
	EXPECT_EQ(uart_read(&u, 0), 'b');
	EXPECT(!irq);
	for (i = 0; i < 12; i++)
		EXPECT_EQ(uart_read(&u, 0), 'c' + i);
	EXPECT_EQ(uart_read(&u, 0), 'z');
	EXPECT_EQ(uart_read(&u, 5), 0x60);
	uart_write(&u, 3, 0x83);
	EXPECT_EQ(uart_read(&u, 0), 0x0c);
	/* A single value that can't be. */
	kept[24] = 16;
	s.pos = 0;
	uart_state(&u, &s);
	EXPECT(s.bad);
	s.bad = false;
	kept[24] = 0;
	kept[28] = 17;
	s.pos = 0;
	uart_state(&u, &s);
	EXPECT(s.bad);
	/* A position that is none: power-on. */
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	uart_state(&u, &s);
	EXPECT(s.bad);
	EXPECT_EQ(uart_read(&u, 4), 0x00);
	EXPECT(!irq);
	/* As is too little of it. */
	s = (struct state){ .data = kept, .size = 5, .load = true };
	memset(kept, 0, sizeof(kept));
	uart_state(&u, &s);
	EXPECT(s.bad);
}

int main(void)
{
	CASE(reset_values);
	CASE(register_masks);
	CASE(divisor);
	CASE(transmit_interrupt);
	CASE(receive_without_fifo);
	CASE(overrun_without_fifo);
	CASE(overrun_with_fifo);
	CASE(trigger_levels);
	CASE(timeout_cleared);
	CASE(fifo_control);
	CASE(disabled_sources);
	CASE(timeout_restarts);
	CASE(trigger_change_keeps_data);
	CASE(interrupt_priority);
	CASE(loopback);
	CASE(modem_status);
	CASE(out2_gates_the_interrupt);
	CASE(flow_control);
	CASE(polled);
	CASE(state);
	return check_failed != 0;
}
