// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt lines, and the timer chip that drives the first of them.
 *
 * Where the VMM has both, a line is a system call and nothing else here matters.
 * Else all lines end in the PIC of this program. When its INTR output rises while the guest runs,
 * the vCPU's thread has to come out of KVM_RUN and deliver the interrupt. The
 * clock interrupt is not a level that a timer toggles: the PIT says when an
 * edge is due, and which ones a late guest is still owed (pit.c).
 */
#include "firmware.h"
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
 * irq_reset() - the state in which firmware leaves these chips
 * @m: the machine
 */
void irq_reset(struct machine *m)
{
	u64 now = now_ns();

	m->irq_lines = 0;
	chip_firmware(&m->pic, &m->pit, now);
	loop_set_timer(&m->loop, &m->pit_timer, TIMER_OFF);
	if (!m->vmm.chips)
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

	if (m->vmm.chips) {
		if (!!(m->irq_lines & BIT(irq)) == level)
			return;
		m->irq_lines ^= BIT(irq);
		vmm_irq_line(&m->vmm, irq, level);
		return;
	}
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
