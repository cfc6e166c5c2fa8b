// SPDX-License-Identifier: GPL-2.0
/*
 * A 16550A serial port.
 *
 * Written from National Semiconductor's PC16550D data sheet. The other end is
 * always connected and ready (CTS, DSR and DCD on), and sends nothing before the
 * guest asks for it with RTS: what is typed while a guest boots is not lost when
 * it resets the FIFOs. A guest that knows no handshake asks by reading the line
 * status again and again, and gets a byte each time. Two things happen faster than
 * on a wire: a byte is sent at once, whatever the divisor says, and the character
 * time-out comes as soon as the sender has nothing more, so that a single key does
 * not wait for four character times.
 */
#include "uart.h"

#define IER_RDA		0x01
#define IER_THRE	0x02
#define IER_LINE	0x04
#define IER_MODEM	0x08

#define IIR_NONE	0x01
#define IIR_MODEM	0x00
#define IIR_THRE	0x02
#define IIR_RDA		0x04
#define IIR_LINE	0x06
#define IIR_TIMEOUT	0x0c
#define IIR_FIFOS	0xc0

#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define FCR_CLEAR_TX	0x04
#define FCR_KEPT	0xc9

#define LCR_DLAB	0x80

#define MCR_DTR		0x01
#define MCR_RTS		0x02
#define MCR_OUT1	0x04
#define MCR_OUT2	0x08
#define MCR_LOOP	0x10

#define LSR_DATA	0x01
#define LSR_OVERRUN	0x02
#define LSR_THRE	0x20
#define LSR_TEMT	0x40

#define MSR_RI_DELTA	0x04
#define MSR_CTS		0x10
#define MSR_DSR		0x20
#define MSR_RI		0x40
#define MSR_DCD		0x80

/* So often in a row nobody looks at the line status who does not wait for a byte. */
#define POLLS		16

static bool fifo_on(const struct uart *u)
{
	return u->fcr & FCR_ENABLE;
}

static unsigned int trigger_level(const struct uart *u)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	return fifo_on(u) ? level[u->fcr >> 6] : 1;
}

/* What the interrupt identification register says, without the FIFO bits. */
static u8 pending(const struct uart *u)
{
	if (u->ier & IER_LINE && u->overrun)
		return IIR_LINE;
	if (u->ier & IER_RDA) {
		if (u->count >= trigger_level(u))
			return IIR_RDA;
		if (u->count && u->timeout)
			return IIR_TIMEOUT;
	}
	if (u->ier & IER_THRE && u->thre)
		return IIR_THRE;
	if (u->ier & IER_MODEM && u->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

/* On a PC the interrupt passes through a gate that OUT2 opens. */
static void update(struct uart *u)
{
	bool level = pending(u) != IIR_NONE && u->mcr & MCR_OUT2 && !(u->mcr & MCR_LOOP);

	if (level == u->irq)
		return;
	u->irq = level;
	u->set_irq(u->arg, level);
}

/* In loopback the modem outputs are wired to the modem inputs. */
static u8 modem_lines(const struct uart *u)
{
	u8 msr = 0;

	if (!(u->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	if (u->mcr & MCR_RTS)
		msr |= MSR_CTS;
	if (u->mcr & MCR_DTR)
		msr |= MSR_DSR;
	if (u->mcr & MCR_OUT1)
		msr |= MSR_RI;
	if (u->mcr & MCR_OUT2)
		msr |= MSR_DCD;
	return msr;
}

static void write_mcr(struct uart *u, u8 val)
{
	u8 was = modem_lines(u), is, changed;

	u->mcr = val & 0x1f;
	is = modem_lines(u);
	changed = was ^ is;
	/* RI counts its trailing edge only. */
	u->msr_delta |= changed >> 4 & ~MSR_RI_DELTA;
	if (was & ~is & MSR_RI)
		u->msr_delta |= MSR_RI_DELTA;
}

static void clear_receiver(struct uart *u)
{
	u->head = 0;
	u->count = 0;
	u->timeout = false;
}

static void put(struct uart *u, u8 byte)
{
	unsigned int size = fifo_on(u) ? UART_FIFO : 1;

	if (u->count == size) {
		u->overrun = true;
		/* The holding register is overwritten; the FIFO keeps what it has. */
		if (!fifo_on(u))
			u->fifo[u->head] = byte;
		return;
	}
	u->fifo[(u->head + u->count++) % UART_FIFO] = byte;
	u->timeout = false;
}

static u8 get(struct uart *u)
{
	u8 byte = u->fifo[u->head];

	if (!u->count)
		return byte;
	u->head = (u->head + 1) % UART_FIFO;
	u->count--;
	u->timeout = false;
	return byte;
}

static void write_fcr(struct uart *u, u8 val)
{
	if ((val ^ u->fcr) & FCR_ENABLE || (val & FCR_ENABLE && val & FCR_CLEAR_RX))
		clear_receiver(u);
	/* Without the enable bit the others are not programmed. */
	u->fcr = val & FCR_ENABLE ? val & FCR_KEPT : 0;
}

/**
 * uart_reset() - power-on state
 * @u: the port, with its functions filled in
 */
void uart_reset(struct uart *u)
{
	*u = (struct uart){
		.dll = 1,
		.tx = u->tx,
		.drained = u->drained,
		.set_irq = u->set_irq,
		.arg = u->arg,
	};
}

/**
 * uart_read() - the guest reads a register
 * @u: the port
 * @reg: offset from the first port, 0 to 7
 *
 * Return: the byte.
 */
u8 uart_read(struct uart *u, unsigned int reg)
{
	u8 val;

	switch (reg & 7) {
	case 0:
		if (u->lcr & LCR_DLAB)
			return u->dll;
		val = get(u);
		u->polls = 0;
		u->drained(u->arg);
		break;
	case 1:
		return u->lcr & LCR_DLAB ? u->dlm : u->ier;
	case 2:
		val = pending(u);
		if (val == IIR_THRE)
			u->thre = false;
		if (fifo_on(u))
			val |= IIR_FIFOS;
		break;
	case 3:
		return u->lcr;
	case 4:
		return u->mcr;
	case 5:
		if (!u->count && u->polls < POLLS && ++u->polls == POLLS)
			u->drained(u->arg);
		val = LSR_THRE | LSR_TEMT;
		if (u->count)
			val |= LSR_DATA;
		if (u->overrun)
			val |= LSR_OVERRUN;
		u->overrun = false;
		break;
	case 6:
		val = modem_lines(u) | u->msr_delta;
		u->msr_delta = 0;
		break;
	default:
		return u->scr;
	}
	update(u);
	return val;
}

/**
 * uart_write() - the guest writes a register
 * @u: the port
 * @reg: offset from the first port, 0 to 7
 * @val: the byte
 */
void uart_write(struct uart *u, unsigned int reg, u8 val)
{
	u->polls = 0;
	switch (reg & 7) {
	case 0:
		if (u->lcr & LCR_DLAB) {
			u->dll = val;
			return;
		}
		if (u->mcr & MCR_LOOP)
			put(u, val);
		else
			u->tx(u->arg, val);
		u->thre = true;
		break;
	case 1:
		if (u->lcr & LCR_DLAB) {
			u->dlm = val;
			return;
		}
		/* Enabling it while the transmitter is empty is an interrupt. */
		if (val & ~u->ier & IER_THRE)
			u->thre = true;
		u->ier = val & 0x0f;
		break;
	case 2:
		write_fcr(u, val);
		u->drained(u->arg);
		break;
	case 3:
		u->lcr = val;
		return;
	case 4:
		write_mcr(u, val);
		u->drained(u->arg);
		break;
	case 7:
		u->scr = val;
		return;
	default:		/* line and modem status are not written */
		return;
	}
	update(u);
}

/**
 * uart_room() - how many bytes can be received now without loss
 * @u: the port
 *
 * Return: the number; 0 in loopback, which cuts the line; while RTS is off 1 if the guest
 * waits for a byte nevertheless.
 */
unsigned int uart_room(const struct uart *u)
{
	if (u->mcr & MCR_LOOP)
		return 0;
	if (!(u->mcr & MCR_RTS))
		return u->polls == POLLS && !u->count;
	return (fifo_on(u) ? UART_FIFO : 1) - u->count;
}

/**
 * uart_receive() - a byte arrives on the line
 * @u: the port
 * @byte: what was received
 */
void uart_receive(struct uart *u, u8 byte)
{
	if (u->mcr & MCR_LOOP)
		return;
	put(u, byte);
	update(u);
}

/**
 * uart_receive_idle() - the sender has nothing more to send
 * @u: the port
 *
 * Bytes below the trigger level are reported now: the character time-out.
 */
void uart_receive_idle(struct uart *u)
{
	u->timeout = u->count && fifo_on(u);
	update(u);
}

/**
 * uart_state() - save or restore
 * @u: the port
 * @s: where to
 */
void uart_state(struct uart *u, struct state *s)
{
	STATE(s, u->ier);
	STATE(s, u->fcr);
	STATE(s, u->lcr);
	STATE(s, u->mcr);
	STATE(s, u->msr_delta);
	STATE(s, u->scr);
	STATE(s, u->dll);
	STATE(s, u->dlm);
	STATE(s, u->fifo);
	STATE(s, u->head);
	STATE(s, u->count);
	state_bool(s, &u->overrun);
	state_bool(s, &u->thre);
	state_bool(s, &u->timeout);
	STATE(s, u->polls);
	state_sane(s, !(u->ier & 0xf0) && !(u->fcr & ~FCR_KEPT) && !(u->mcr & 0xe0) &&
		   !(u->msr_delta & 0xf0) && u->head < UART_FIFO && u->polls <= POLLS &&
		   u->count <= (fifo_on(u) ? UART_FIFO : 1));
	if (!s->load)
		return;
	if (s->bad)
		uart_reset(u);
	/* Whatever the line was: it is driven as the registers say. */
	u->irq = false;
	u->set_irq(u->arg, false);
	update(u);
	u->drained(u->arg);
}
