/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 16550A serial port.
 */
#ifndef VMBT_RUN_UART_H
#define VMBT_RUN_UART_H

#include "state.h"
#include "types.h"

#define UART_PORTS	8
#define UART_FIFO	16

/**
 * struct uart - a serial port
 * @ier: interrupt enable register
 * @fcr: FIFO control register as last written, without the reset bits
 * @lcr: line control register
 * @mcr: modem control register
 * @msr_delta: the four change bits of the modem status register
 * @scr: scratch register
 * @dll: divisor, low byte
 * @dlm: divisor, high byte
 * @fifo: received bytes
 * @head: index of the oldest
 * @count: how many
 * @overrun: a byte was lost
 * @thre: the transmitter became empty and nobody was told
 * @timeout: bytes below the trigger level have waited long enough
 * @polls: how often the line status was read in vain since anything else was written or
 *	received; no more are counted than show that the guest waits
 * @irq: level of the interrupt line
 * @tx: takes a byte that is sent
 * @drained: called when there may be more room for received bytes
 * @set_irq: drives the interrupt line
 * @arg: first argument of these
 */
struct uart {
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 msr_delta;
	u8 scr;
	u8 dll;
	u8 dlm;
	u8 fifo[UART_FIFO];
	unsigned int head;
	unsigned int count;
	bool overrun;
	bool thre;
	bool timeout;
	u8 polls;
	bool irq;
	void (*tx)(void *arg, u8 byte);
	void (*drained)(void *arg);
	void (*set_irq)(void *arg, bool level);
	void *arg;
};

void uart_reset(struct uart *u);
u8 uart_read(struct uart *u, unsigned int reg);
void uart_write(struct uart *u, unsigned int reg, u8 val);
unsigned int uart_room(const struct uart *u);
void uart_receive(struct uart *u, u8 byte);
void uart_receive_idle(struct uart *u);
void uart_state(struct uart *u, struct state *s);

#endif
