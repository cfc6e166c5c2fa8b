// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt lines, and the timer chip that drives the first of them.
 *
 * All lines end in the PIC. When its INTR output rises while the guest runs,
 * the vCPU's thread has to come out of KVM_RUN and deliver the interrupt. The
 * clock interrupt is not a level that a timer toggles: the PIT says when an
 * edge is due, and which ones a late guest is still owed (pit.c).
 */
#include "machine.h"
#include "util.h"

#define IRQ_CLOCK	0

/* More often than this the host's timer is not set, whatever the guest asks for. */
#define CLOCK_MIN_NS	20000

static void clock_edge(struct machine *m)
{
	irq_set(m, IRQ_CLOCK, false);
	irq_set(m, IRQ_CLOCK, true);
}

static void clock_check(struct machine *m, u64 now)
{
	bool requested = m->pic.chip[0].irr & 1;
	u64 next;

	if (pit_poll(&m->pit, now, requested, pic_masked(&m->pic, IRQ_CLOCK)))
		clock_edge(m);
	next = pit_next(&m->pit, now);
	if (next != PIT_NEVER && next < now + CLOCK_MIN_NS)
		next = now + CLOCK_MIN_NS;
	loop_set_timer(&m->loop, &m->pit_timer, next);
}

static void clock_expired(void *arg, u64 now)
{
	clock_check(arg, now);
}

static u32 pic_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return pic_read(&m->pic, port);
}

static void pic_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	pic_write(&m->pic, port, val);
}

static u32 pit_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return pit_read(&m->pit, port, now_ns());
}

static void pit_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;
	u64 now = now_ns();

	(void)size;
	pit_write(&m->pit, port, val, now);
	if (port == PIT_COUNTER0 || port == PIT_CONTROL)
		clock_check(m, now);
}

/**
 * irq_init() - add the interrupt controllers and the timer to the machine
 * @m: the machine
 */
void irq_init(struct machine *m)
{
	unsigned int dev;

	dev = bus_add(&m->bus, &(struct bus_dev){
		.name = "pic", .read = pic_port_read, .write = pic_port_write, .arg = m });
	bus_claim(&m->bus, dev, PIC_MASTER_CMD, 2);
	bus_claim(&m->bus, dev, PIC_SLAVE_CMD, 2);
	bus_claim(&m->bus, dev, PIC_ELCR_MASTER, 2);

	dev = bus_add(&m->bus, &(struct bus_dev){
		.name = "pit", .read = pit_port_read, .write = pit_port_write, .arg = m });
	bus_claim(&m->bus, dev, PIT_COUNTER0, 4);
	bus_claim(&m->bus, dev, PIT_PORT61, 1);
	loop_add_timer(&m->loop, &m->pit_timer, clock_expired, m);
}

/**
 * irq_reset() - the state in which a BIOS leaves these chips
 * @m: the machine
 *
 * The controllers deliver at 08h and 70h, all but the cascade masked; the
 * clock ticks at 18.2 Hz.
 */
void irq_reset(struct machine *m)
{
	static const struct { u16 port; u8 val; } bios[] = {
		{ 0x20, 0x11 }, { 0x21, 0x08 }, { 0x21, 0x04 }, { 0x21, 0x01 },
		{ 0xa0, 0x11 }, { 0xa1, 0x70 }, { 0xa1, 0x02 }, { 0xa1, 0x01 },
		{ 0x21, 0xfb }, { 0xa1, 0xff },
		{ 0x43, 0x36 }, { 0x40, 0x00 }, { 0x40, 0x00 },
		{ 0x43, 0x54 }, { 0x41, 0x12 },
	};
	u64 now = now_ns();
	unsigned int i;

	pic_reset(&m->pic);
	pit_reset(&m->pit, now);
	for (i = 0; i < ARRAY_SIZE(bios); i++) {
		if (bios[i].port < 0x40 || bios[i].port > 0x43)
			pic_write(&m->pic, bios[i].port, bios[i].val);
		else
			pit_write(&m->pit, bios[i].port, bios[i].val, now);
	}
	loop_set_timer(&m->loop, &m->pit_timer, TIMER_OFF);
	clock_check(m, now);
}

/**
 * irq_set() - drive an interrupt line
 * @m: the machine
 * @irq: 0 to 15
 * @level: the new level
 *
 * Called with the lock held, from either thread.
 */
void irq_set(struct machine *m, unsigned int irq, bool level)
{
	bool was = pic_intr(&m->pic);

	pic_set_line(&m->pic, irq, level);
	if (!was && pic_intr(&m->pic))
		vcpu_interrupt(m);
}

/**
 * irq_ack() - the CPU takes an interrupt
 * @m: the machine
 *
 * Return: its vector.
 */
u8 irq_ack(struct machine *m)
{
	bool clock = m->pic.chip[0].irr & 1;
	u8 vector = pic_ack(&m->pic);

	/* Is the clock interrupt the one that was taken, and are more owed? */
	if (clock && m->pit.owed && !(m->pic.chip[0].irr & 1))
		clock_check(m, now_ns());
	return vector;
}
