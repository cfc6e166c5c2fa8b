// SPDX-License-Identifier: GPL-2.0
/*
 * Yamaha's YMF262 (OPL3): its registers.
 *
 * From its data sheet: two timers of 80 and 320 microseconds, the status register, and
 * registers that keep what is written. That is what detection looks at. Sound is made
 * by whoever is told of each write (../fm.c).
 */
#include "opl3.h"

#define REG_TIMER1	0x02
#define REG_TIMER2	0x03
#define REG_CONTROL	0x04
#define CTL_RESET	0x80
#define CTL_START	0x01	/* of the first timer, the second's is above */
#define CTL_MASK	0x40	/* of the first timer, the second's is below */
#define STATUS_IRQ	0x80

static u64 period(const struct opl3 *o, unsigned int n)
{
	return (n ? 320000ULL : 80000ULL) * (256 - o->timer[n].preset);
}

static void catch_up(struct opl3 *o, u64 now)
{
	struct opl_timer *t;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		t = &o->timer[i];
		if (!t->running || now < t->deadline)
			continue;
		t->deadline += ((now - t->deadline) / period(o, i) + 1) * period(o, i);
		if (!t->masked)
			t->expired = true;
	}
}

static void control(struct opl3 *o, u8 val, u64 now)
{
	struct opl_timer *t;
	unsigned int i;
	bool start;

	if (val & CTL_RESET) {
		o->timer[0].expired = false;
		o->timer[1].expired = false;
		return;
	}
	for (i = 0; i < 2; i++) {
		t = &o->timer[i];
		t->masked = val & (CTL_MASK >> i);
		start = val & (CTL_START << i);
		if (start && !t->running)
			t->deadline = now + period(o, i);
		t->running = start;
	}
}

/**
 * opl3_reset() - power-on state
 * @o: the chip, its functions filled in
 */
void opl3_reset(struct opl3 *o)
{
	*o = (struct opl3){ .written = o->written, .arg = o->arg };
}

/**
 * opl3_read() - the guest reads one of the chip's four ports
 * @o: the chip
 * @port: 0 to 3
 * @now: time in nanoseconds
 *
 * Return: the status register, at the first of them.
 */
u8 opl3_read(struct opl3 *o, unsigned int port, u64 now)
{
	u8 val;

	if (port)
		return 0xff;
	catch_up(o, now);
	val = (o->timer[0].expired ? 0x40 : 0) | (o->timer[1].expired ? 0x20 : 0);
	return val ? val | STATUS_IRQ : 0;
}

/**
 * opl3_write() - the guest writes one of the chip's four ports
 * @o: the chip
 * @port: 0 to 3: address and data of the first set, of the second
 * @val: the byte
 * @now: time in nanoseconds
 */
void opl3_write(struct opl3 *o, unsigned int port, u8 val, u64 now)
{
	if (!(port & 1)) {
		o->address = val | (port & 2) << 7;
		return;
	}
	catch_up(o, now);
	o->reg[o->address] = val;
	if (o->written)
		o->written(o->arg, o->address, val, now);
	if (o->address == REG_TIMER1 || o->address == REG_TIMER2)
		o->timer[o->address - REG_TIMER1].preset = val;
	else if (o->address == REG_CONTROL)
		control(o, val, now);
}

/**
 * opl3_state() - save or restore
 * @o: the chip
 * @s: where to
 * @now: time in nanoseconds: a timer has the same time to go afterwards
 */
void opl3_state(struct opl3 *o, struct state *s, u64 now)
{
	unsigned int i;
	u64 left;

	catch_up(o, now);
	STATE(s, o->address);
	STATE(s, o->reg);
	for (i = 0; i < 2; i++) {
		left = o->timer[i].deadline - now;
		STATE(s, o->timer[i].preset);
		state_bool(s, &o->timer[i].running);
		state_bool(s, &o->timer[i].masked);
		state_bool(s, &o->timer[i].expired);
		STATE(s, left);
		if (s->load)
			o->timer[i].deadline = now + left % (period(o, i) + 1);
	}
	state_sane(s, o->address < sizeof(o->reg));
	if (s->bad)
		opl3_reset(o);
	/* What keys on comes last, the registers of the notes before it. */
	for (i = 0; s->load && o->written && i < sizeof(o->reg); i++)
		if ((i & 0xf0) != 0xb0)
			o->written(o->arg, i, o->reg[i], now);
	for (i = 0; s->load && o->written && i < sizeof(o->reg); i++)
		if ((i & 0xf0) == 0xb0)
			o->written(o->arg, i, o->reg[i], now);
}
