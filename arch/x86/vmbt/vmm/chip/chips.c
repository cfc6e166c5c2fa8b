// SPDX-License-Identifier: GPL-2.0
/*
 * The chips that live in the VMM when user space asks for it.
 *
 * Nearly all port accesses of a booting Linux go to the interrupt controllers
 * and the timer, and to port 80h, whose write is its way to wait a moment. Here
 * they cost a callout instead of a round trip to a program in user space. The
 * other devices stay where they are: they drive the interrupt lines from
 * outside, through two words that the host sets and we take.
 *
 * Time is the host's counter, which runs at one rate. When the timer wants to
 * be looked at again is told to the host, which sees to it that somebody does.
 */
#include "chips.h"
#include "firmware.h"
#include "pic.h"
#include "pit.h"
#include "../plat.h"

#define PORT_DELAY	0x80
#define IRQ_CLOCK	0
#define NS_PER_MS	1000000ULL

static struct {
	struct pic pic;
	struct pit pit;
	u64 lines;		/* levels when last looked at */
	u8 post;
	bool powered;
	bool hurry;		/* the host does not know of an earlier time */
} chips;

static u64 to_ns(const struct vmbt_shared *s, u64 tsc)
{
	return tsc / s->tsc_khz * NS_PER_MS + tsc % s->tsc_khz * NS_PER_MS / s->tsc_khz;
}

static u64 to_tsc(const struct vmbt_shared *s, u64 ns)
{
	return ns / NS_PER_MS * s->tsc_khz + ns % NS_PER_MS * s->tsc_khz / NS_PER_MS + 1;
}

static u64 now_ns(void)
{
	return to_ns(plat_shared(), plat_tsc());
}

/* Deliver the clock interrupt if it is due, and say when the next one is. */
static void clock_check(u64 now)
{
	struct vmbt_shared *s = plat_shared();
	u64 next;

	if (pit_poll(&chips.pit, now, chips.pic.chip[0].irr & 1,
		     pic_masked(&chips.pic, IRQ_CLOCK))) {
		pic_set_line(&chips.pic, IRQ_CLOCK, false);
		pic_set_line(&chips.pic, IRQ_CLOCK, true);
	}
	next = pit_next(&chips.pit, now);
	WRITE_ONCE(s->clock_tsc, next == PIT_NEVER ? PIT_NEVER : to_tsc(s, next));
}

static void power_on(void)
{
	u64 now = now_ns();

	chips.powered = true;
	chip_firmware(&chips.pic, &chips.pit, now);
	clock_check(now);
}

static bool pic_port(u16 port)
{
	return port == PIC_MASTER_CMD || port == PIC_MASTER_DATA || port == PIC_SLAVE_CMD ||
	       port == PIC_SLAVE_DATA || port == PIC_ELCR_MASTER || port == PIC_ELCR_SLAVE;
}

static bool pit_port(u16 port)
{
	return (port >= PIT_COUNTER0 && port <= PIT_CONTROL) || port == PIT_PORT61;
}

/**
 * chips_pio() - the guest accesses a port with one byte
 * @port: the port
 * @dir: VMBT_IO_IN or VMBT_IO_OUT
 * @val: what is written, or room for what is read
 *
 * Return: true if it was one of ours.
 */
bool chips_pio(u16 port, u8 dir, u8 *val)
{
	struct vmbt_shared *s = plat_shared();
	u64 now, was;

	if (!chips.powered)
		power_on();
	if (port == PORT_DELAY) {
		if (dir == VMBT_IO_OUT)
			chips.post = *val;
		else
			*val = chips.post;
		return true;
	}
	if (pic_port(port)) {
		if (dir == VMBT_IO_OUT)
			pic_write(&chips.pic, port, *val);
		else
			*val = pic_read(&chips.pic, port);
		return true;
	}
	if (!pit_port(port))
		return false;
	now = now_ns();
	if (dir == VMBT_IO_IN) {
		*val = pit_read(&chips.pit, port, now);
	} else {
		was = s->clock_tsc;
		pit_write(&chips.pit, port, *val, now);
		clock_check(now);
		/* What the host waits for comes later than this, or has been. */
		chips.hurry = s->clock_tsc < was || plat_tsc() >= was;
	}
	return true;
}

/**
 * chips_hurry() - must the host be told at once?
 *
 * The host learns of a new time whenever the VMM comes by. That is late if the
 * guest has just programmed the timer.
 *
 * Return: true once after the time has moved to an earlier one.
 */
bool chips_hurry(void)
{
	bool hurry = chips.hurry;

	chips.hurry = false;
	return hurry;
}

/* The host has moved interrupt lines. */
static void move_lines(u64 edges, u64 lines)
{
	unsigned int irq;

	for (irq = IRQ_CLOCK + 1; irq < PIC_LINES; irq++) {
		/* A line that went low and high again has made an edge. */
		if (edges >> irq & 1)
			pic_set_line(&chips.pic, irq, false);
		pic_set_line(&chips.pic, irq, (edges | lines) >> irq & 1);
		pic_set_line(&chips.pic, irq, lines >> irq & 1);
	}
	chips.lines = lines;
}

/**
 * chips_service() - let time pass and interrupt lines move
 *
 * Return: true if an interrupt waits for the guest.
 */
bool chips_service(void)
{
	struct vmbt_shared *s = plat_shared();
	u64 edges, lines;

	if (!chips.powered)
		power_on();
	edges = READ_ONCE(s->irq_edges);
	if (edges)
		edges = __atomic_exchange_n(&s->irq_edges, 0, __ATOMIC_SEQ_CST);
	lines = READ_ONCE(s->irq_lines);
	if (edges || lines != chips.lines)
		move_lines(edges, lines);
	if (plat_tsc() >= s->clock_tsc)
		clock_check(now_ns());
	return pic_intr(&chips.pic);
}

/**
 * chips_ack() - the guest takes the interrupt
 *
 * Return: its vector.
 */
u8 chips_ack(void)
{
	u8 vector = pic_ack(&chips.pic);

	if (chips.pit.owed)
		clock_check(now_ns());
	return vector;
}
