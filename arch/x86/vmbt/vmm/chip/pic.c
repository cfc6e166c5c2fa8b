// SPDX-License-Identifier: GPL-2.0
/*
 * The pair of 8259A interrupt controllers of a PC.
 *
 * Written from Intel's data sheet 231468 (8259A) and, for the edge/level
 * registers at 4D0h and 4D1h, from that of the 82371AB. Both chips are the
 * same code; what differs is that the slave's INT output drives input 2 of the
 * master, and that acknowledging this input acknowledges the slave as well.
 *
 * One behaviour deserves its own word: an input that goes away before it is
 * acknowledged takes its request with it, in edge mode too. The chip then
 * answers the acknowledge cycle with its lowest input, 7, without marking it
 * in service: the spurious interrupt every PC operating system knows about.
 */
#include "pic.h"

#define ICW1_IC4	0x01	/* ICW4 follows */
#define ICW1_SNGL	0x02	/* no cascade: ICW3 does not follow */
#define ICW1_LTIM	0x08	/* all inputs level triggered */
#define ICW1		0x10	/* tells ICW1 from OCW2 and OCW3 */
#define ICW4_AEOI	0x02
#define ICW4_SFNM	0x10

#define OCW2_EOI	0x20
#define OCW2_SL		0x40
#define OCW2_R		0x80
#define OCW3		0x08	/* tells OCW3 from OCW2 */
#define OCW3_RIS	0x01
#define OCW3_RR		0x02
#define OCW3_P		0x04
#define OCW3_SMM	0x20
#define OCW3_ESMM	0x40

#define POLL_INT	0x80	/* poll word: an interrupt was waiting */
#define SPURIOUS	7
#define NONE		8

/* Inputs that may be made level triggered: not the timer, keyboard, cascade, RTC or FPU. */
static const u8 elcr_writable[2] = { PIC_ELCR_MASTER_MASK, PIC_ELCR_SLAVE_MASK };

static u8 level_inputs(const struct pic_chip *c)
{
	return c->icw1 & ICW1_LTIM ? 0xff : c->elcr;
}

/* The input of highest priority in @set, or NONE. */
static unsigned int highest(const struct pic_chip *c, u8 set)
{
	unsigned int i, n;

	for (i = 1; i <= 8; i++) {
		n = (c->lowest + i) & 7;
		if (set & (1 << n))
			return n;
	}
	return NONE;
}

/* Rank of an input: 0 is the highest priority, NONE ranks below all. */
static unsigned int rank(const struct pic_chip *c, unsigned int n)
{
	return n == NONE ? NONE : (n - c->lowest - 1) & 7;
}

/* The input whose interrupt the chip asks for, or NONE. */
static unsigned int pending(const struct pic_chip *c)
{
	unsigned int n = highest(c, c->irr & ~c->imr);
	u8 busy = c->isr;

	if (n == NONE)
		return NONE;
	/* In special mask mode a masked input in service inhibits nobody. */
	if (c->special_mask)
		busy &= ~c->imr;
	/* Fully nested "special": a slave may interrupt its own service routine. */
	if (c->sfnm && n == PIC_CASCADE && !(c->icw1 & ICW1_SNGL))
		busy &= ~(1 << PIC_CASCADE);
	return rank(c, n) < rank(c, highest(c, busy)) ? n : NONE;
}

static void drive(struct pic_chip *c, unsigned int n, bool level)
{
	u8 bit = 1 << n;
	bool was = c->lines & bit;

	if (level) {
		c->lines |= bit;
		if (!was || level_inputs(c) & bit)
			c->irr |= bit;
	} else {
		c->lines &= ~bit;
		c->irr &= ~bit;
	}
}

/* Recompute the outputs after any change, the slave's first. */
static void update(struct pic *pic)
{
	struct pic_chip *master = &pic->chip[0];

	drive(master, PIC_CASCADE, pending(&pic->chip[1]) != NONE);
	pic->intr = pending(master) != NONE;
}

static void end_of_interrupt(struct pic_chip *c, unsigned int n, bool rotate)
{
	if (n == NONE)
		return;
	c->isr &= ~(1 << n);
	if (rotate)
		c->lowest = n;
}

/* What the chip does in the first acknowledge cycle, and for a poll. */
static unsigned int acknowledge(struct pic_chip *c)
{
	unsigned int n = pending(c);

	if (n == NONE)
		return NONE;
	c->isr |= 1 << n;
	if (!(level_inputs(c) & (1 << n)))
		c->irr &= ~(1 << n);
	if (c->auto_eoi)
		end_of_interrupt(c, n, c->rotate_aeoi);
	return n;
}

/*
 * The slave drops its output while it is acknowledged, so that another of its
 * interrupts is a new edge for the master.
 */
static unsigned int acknowledge_slave(struct pic *pic)
{
	unsigned int n = acknowledge(&pic->chip[1]);

	drive(&pic->chip[0], PIC_CASCADE, false);
	return n;
}

/**
 * pic_reset() - power-on state
 * @pic: the controllers
 *
 * Nothing is delivered until the guest has written the initialisation words:
 * all inputs are masked.
 */
void pic_reset(struct pic *pic)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		pic->chip[i] = (struct pic_chip){ .imr = 0xff, .lowest = 7 };
	pic->intr = false;
}

/**
 * pic_set_line() - drive an interrupt input
 * @pic: the controllers
 * @irq: input 0 to 15; 2 is the cascade and is ignored
 * @level: the new level
 */
void pic_set_line(struct pic *pic, unsigned int irq, bool level)
{
	if (irq >= PIC_LINES || irq == PIC_CASCADE)
		return;
	drive(&pic->chip[irq >> 3], irq & 7, level);
	update(pic);
}

/**
 * pic_move_lines() - drive all inputs at once
 * @pic: the controllers
 * @edges: inputs that have risen, a bit each
 * @lines: levels now
 *
 * For inputs that move while nobody looks. The timer's and the cascade are
 * left alone.
 */
void pic_move_lines(struct pic *pic, u64 edges, u64 lines)
{
	unsigned int irq;

	for (irq = 1; irq < PIC_LINES; irq++) {
		/* A line that went low and high again has made an edge. */
		if (edges >> irq & 1)
			pic_set_line(pic, irq, false);
		pic_set_line(pic, irq, (edges | lines) >> irq & 1);
		pic_set_line(pic, irq, lines >> irq & 1);
	}
}

/**
 * pic_ack() - the processor's interrupt acknowledge cycles
 * @pic: the controllers
 *
 * Return: the vector. If no request is left the spurious vector of the chip
 * that found none.
 */
u8 pic_ack(struct pic *pic)
{
	struct pic_chip *c = &pic->chip[0];
	unsigned int n = acknowledge(c);

	if (n == PIC_CASCADE && !(c->icw1 & ICW1_SNGL)) {
		n = acknowledge_slave(pic);
		c = &pic->chip[1];
	}
	if (n == NONE)
		n = SPURIOUS;
	update(pic);
	return c->base + n;
}

static void write_icw1(struct pic_chip *c, u8 val)
{
	u8 elcr = c->elcr, lines = c->lines;

	/*
	 * The edge sense circuit is reset: an input that is high already must
	 * go low and high again, unless it is level triggered.
	 */
	*c = (struct pic_chip){
		.lines = lines,
		.elcr = elcr,
		.lowest = 7,
		.icw = 2,
		.icw1 = val,
	};
	c->irr = lines & level_inputs(c);
}

static void write_ocw2(struct pic_chip *c, u8 val)
{
	unsigned int n = val & 7;
	u8 busy = c->isr;

	switch (val & (OCW2_R | OCW2_SL | OCW2_EOI)) {
	case OCW2_EOI:
	case OCW2_R | OCW2_EOI:
		/* An input masked in special mask mode is not ended blindly. */
		if (c->special_mask)
			busy &= ~c->imr;
		end_of_interrupt(c, highest(c, busy), val & OCW2_R);
		break;
	case OCW2_SL | OCW2_EOI:
	case OCW2_R | OCW2_SL | OCW2_EOI:
		end_of_interrupt(c, n, val & OCW2_R);
		break;
	case OCW2_R | OCW2_SL:
		c->lowest = n;
		break;
	case OCW2_R:
		c->rotate_aeoi = true;
		break;
	case 0:
		c->rotate_aeoi = false;
		break;
	default:			/* SL alone is "no operation" */
		break;
	}
}

static void write_ocw3(struct pic_chip *c, u8 val)
{
	if (val & OCW3_ESMM)
		c->special_mask = val & OCW3_SMM;
	if (val & OCW3_P)
		c->poll = true;
	else if (val & OCW3_RR)
		c->read_isr = val & OCW3_RIS;
}

static void write_command(struct pic_chip *c, u8 val)
{
	if (val & ICW1)
		write_icw1(c, val);
	else if (val & OCW3)
		write_ocw3(c, val);
	else
		write_ocw2(c, val);
}

static void write_data(struct pic_chip *c, u8 val)
{
	switch (c->icw) {
	case 2:
		c->base = val & 0xf8;
		if (!(c->icw1 & ICW1_SNGL))
			c->icw = 3;
		else
			c->icw = c->icw1 & ICW1_IC4 ? 4 : 0;
		break;
	case 3:				/* the cascade is wired as in every PC */
		c->icw = c->icw1 & ICW1_IC4 ? 4 : 0;
		break;
	case 4:
		c->auto_eoi = val & ICW4_AEOI;
		c->sfnm = val & ICW4_SFNM;
		c->icw = 0;
		break;
	default:
		c->imr = val;
		break;
	}
}

/**
 * pic_write() - the guest writes one of the controllers' ports
 * @pic: the controllers
 * @port: 20h, 21h, A0h, A1h, 4D0h or 4D1h
 * @val: the byte
 */
void pic_write(struct pic *pic, u16 port, u8 val)
{
	struct pic_chip *c;

	switch (port) {
	case PIC_ELCR_MASTER:
	case PIC_ELCR_SLAVE:
		c = &pic->chip[port & 1];
		c->elcr = val & elcr_writable[port & 1];
		/* An input that is high is a request once level triggered. */
		c->irr |= c->lines & c->elcr;
		break;
	case PIC_MASTER_CMD:
	case PIC_SLAVE_CMD:
		write_command(&pic->chip[port == PIC_SLAVE_CMD], val);
		break;
	case PIC_MASTER_DATA:
	case PIC_SLAVE_DATA:
		write_data(&pic->chip[port == PIC_SLAVE_DATA], val);
		break;
	default:
		return;
	}
	update(pic);
}

/**
 * pic_read() - the guest reads one of the controllers' ports
 * @pic: the controllers
 * @port: 20h, 21h, A0h, A1h, 4D0h or 4D1h
 *
 * Return: the byte.
 */
u8 pic_read(struct pic *pic, u16 port)
{
	bool slave = port == PIC_SLAVE_CMD || port == PIC_SLAVE_DATA;
	struct pic_chip *c = &pic->chip[slave];
	unsigned int n;

	switch (port) {
	case PIC_ELCR_MASTER:
	case PIC_ELCR_SLAVE:
		return pic->chip[port & 1].elcr;
	case PIC_MASTER_CMD:
	case PIC_SLAVE_CMD:
	case PIC_MASTER_DATA:
	case PIC_SLAVE_DATA:
		break;
	default:
		return 0xff;
	}

	if (c->poll) {
		c->poll = false;
		n = slave ? acknowledge_slave(pic) : acknowledge(c);
		update(pic);
		return n == NONE ? SPURIOUS : POLL_INT | n;
	}
	if (port & 1)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static bool chip_valid(const struct pic_chip *c, u8 writable)
{
	static const u8 flags[] = {
		offsetof(struct pic_chip, auto_eoi), offsetof(struct pic_chip, sfnm),
		offsetof(struct pic_chip, rotate_aeoi), offsetof(struct pic_chip, special_mask),
		offsetof(struct pic_chip, poll), offsetof(struct pic_chip, read_isr),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (((const u8 *)c)[flags[i]] > 1)
			return false;
	return c->lowest < 8 && !(c->base & 7) && (!c->icw || (c->icw >= 2 && c->icw <= 4)) &&
	       !(c->elcr & ~writable);
}

/**
 * pic_valid() - could the controllers be in this state?
 * @pic: their state, from somebody who is not trusted
 *
 * Return: true if all other functions may be called for it.
 */
bool pic_valid(const struct pic *pic)
{
	return chip_valid(&pic->chip[0], elcr_writable[0]) &&
	       chip_valid(&pic->chip[1], elcr_writable[1]);
}

/**
 * pic_settle() - make the outputs follow from the rest
 * @pic: the controllers, whose state was set from outside
 */
void pic_settle(struct pic *pic)
{
	update(pic);
}
