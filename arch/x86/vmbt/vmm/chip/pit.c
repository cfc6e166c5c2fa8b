// SPDX-License-Identifier: GPL-2.0
/*
 * The 8254 interval timer of a PC, with port 61h which gates its speaker.
 *
 * Written from Intel's data sheet 231164 (8254). Nothing here ticks: a counter
 * is the clock number at which its counting element took over a count, and
 * everything else (count, output, next edge) is arithmetic on the clock number
 * of "now". A count that is written is taken over one clock later, or at the
 * end of the period or half period in modes 2 and 3, or at a trigger in modes 1
 * and 5; until then it waits as "fresh", which is the chip's NULL COUNT flag.
 *
 * A guest that is late for its clock interrupt is owed the ones it missed, or
 * its clock would lose time whenever the host is busy. They are handed out one
 * by one as it takes them. The debt is bounded by a second's worth, and
 * forgotten when the guest masks the interrupt or programs the counter.
 */
#include "pit.h"

#define CW_COUNTER(v)	((v) >> 6)
#define CW_READ_BACK	3
#define CW_RW(v)	(((v) >> 4) & 3)
#define CW_LATCH	0
#define CW_MODE(v)	(((v) >> 1) & 7)
#define CW_BCD		0x01
#define RB_NO_COUNT	0x20
#define RB_NO_STATUS	0x10

#define RW_LOW		1
#define RW_HIGH		2
#define RW_PAIR		3

#define STATUS_OUT	0x80
#define STATUS_NULL	0x40

#define P61_GATE2	0x01
#define P61_WRITABLE	0x0f
#define P61_REFRESH	0x10
#define P61_OUT2	0x20

/* Counter 1 of a PC asks for a memory refresh every 18 clocks (15 us). */
#define REFRESH_CLOCKS	18

static u64 to_clock(u64 ns)
{
	return ns / PIT_CLOCKS_NS * PIT_CLOCKS +
	       ns % PIT_CLOCKS_NS * PIT_CLOCKS / PIT_CLOCKS_NS;
}

/* The first nanosecond of a clock. */
static u64 to_ns(u64 clock)
{
	u64 rest = clock % PIT_CLOCKS * PIT_CLOCKS_NS;

	return clock / PIT_CLOCKS * PIT_CLOCKS_NS + (rest + PIT_CLOCKS - 1) / PIT_CLOCKS;
}

static bool periodic(const struct pit_counter *c)
{
	return c->mode == 2 || c->mode == 3;
}

static bool triggered(const struct pit_counter *c)
{
	return c->mode == 1 || c->mode == 5;
}

/* A low gate stops the counter in all modes but those it triggers. */
static bool stopped(const struct pit_counter *c)
{
	return !c->gate && !triggered(c);
}

/* Clocks since the counting element took over its count. */
static u64 elapsed(const struct pit_counter *c, u64 t)
{
	if (stopped(c))
		t = c->stopped;
	return t > c->start ? t - c->start : 0;
}

/*
 * Modes 2 and 3 with an illegal count of 1 never leave the high level. Other
 * counts of mode 3 give a wave that is high for one clock more if odd.
 */
static u32 high_clocks(const struct pit_counter *c)
{
	return c->mode == 2 ? c->count - 1 : (c->count + 1) / 2;
}

/* Position in the period, counted from the start of its high part. */
static u32 phase(const struct pit_counter *c, u64 t)
{
	u64 e = elapsed(c, t);

	if (c->low_first)
		e += high_clocks(c);
	return e % c->count;
}

static bool output(const struct pit_counter *c, u64 t)
{
	if (!c->loaded)
		return c->mode != 0;

	switch (c->mode) {
	case 0:
		return elapsed(c, t) >= c->count;
	case 1:
		return t < c->start || elapsed(c, t) >= c->count;
	case 2:
	case 3:
		return stopped(c) || c->count < 2 || phase(c, t) < high_clocks(c);
	default:		/* 4 and 5: low for the clock after the last */
		return elapsed(c, t) != c->count;
	}
}

/* Let the counting element take over a count whose time has come. */
static void take_over(struct pit_counter *c, u64 t)
{
	if (!c->fresh || t < c->next_start)
		return;
	if (periodic(c) && c->loaded) {
		if (stopped(c))
			return;
		c->low_first = c->mode == 3 && output(c, c->next_start - 1);
	}
	c->count = c->next_count;
	c->start = c->next_start;
	c->stopped = c->next_start;
	c->loaded = true;
	c->fresh = false;
}

/* Rising edges of the output up to clock @t, since the count was taken over. */
static u64 edges_until(const struct pit_counter *c, u64 t)
{
	u64 first;

	if (!c->loaded || t < c->start)
		return 0;
	t -= c->start;

	switch (c->mode) {
	case 0:
		return t >= c->count;
	case 2:
	case 3:
		if (c->count < 2)
			return 0;
		first = c->low_first ? c->count - high_clocks(c) : c->count;
		return t < first ? 0 : (t - first) / c->count + 1;
	case 4:
		return t > c->count;
	default:
		return 0;
	}
}

/* The clock of the first rising edge after clock @t. */
static u64 edge_after(const struct pit_counter *c, u64 t)
{
	u64 first;

	if (!c->loaded)
		return PIT_NEVER;

	switch (c->mode) {
	case 0:
		first = c->start + c->count;
		return t < first ? first : PIT_NEVER;
	case 2:
	case 3:
		if (c->count < 2)
			return PIT_NEVER;
		first = c->start + (c->low_first ? c->count - high_clocks(c) : c->count);
		return first + edges_until(c, t) * c->count;
	case 4:
		first = c->start + c->count + 1;
		return t < first ? first : PIT_NEVER;
	default:
		return PIT_NEVER;
	}
}

/*
 * Account for counter 0's edges up to clock @t. Its gate is tied high in a PC,
 * so modes 1 and 5 never start there.
 */
static void sync(struct pit *pit, u64 t)
{
	struct pit_counter *c = &pit->counter[0];
	u64 until = t;

	if (t <= pit->seen)
		return;
	if (c->fresh && c->next_start <= t) {
		until = c->next_start;
		if (until > pit->seen) {
			pit->owed += edges_until(c, until) - edges_until(c, pit->seen);
			pit->seen = until;
		}
		take_over(c, t);
	}
	pit->owed += edges_until(c, t) - edges_until(c, pit->seen);
	pit->seen = t;
	pit->out0 = output(c, t);
}

static u32 from_bcd(u32 v)
{
	return (v & 15) + (v >> 4 & 15) * 10 + (v >> 8 & 15) * 100 + (v >> 12 & 15) * 1000;
}

static u16 to_bcd(u32 v)
{
	return v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 | v / 1000 % 10 << 12;
}

static u16 count_now(const struct pit_counter *c, u64 t)
{
	u32 wrap = c->bcd ? 10000 : 65536;
	u32 v, p;

	if (!c->loaded) {
		v = c->next_count;
	} else if (c->mode == 2) {
		v = c->count - phase(c, t);
	} else if (c->mode == 3) {
		p = phase(c, t);
		if (p >= high_clocks(c))
			p -= high_clocks(c);
		/* Counts down in twos, an odd count from the even one below. */
		v = (c->count & ~1U) - 2 * p;
	} else {
		v = c->count + wrap - elapsed(c, t) % wrap;
	}
	v %= wrap;
	return c->bcd ? to_bcd(v) : v;
}

static void load(struct pit_counter *c, u32 value, u64 t)
{
	bool running = periodic(c) && c->loaded;

	if (c->bcd)
		c->next_count = from_bcd(value) ? from_bcd(value) : 10000;
	else
		c->next_count = value ? value : 65536;

	if (triggered(c)) {
		c->next_start = PIT_NEVER;
	} else if (!running) {
		c->next_start = t + 1;
	} else if (!c->fresh) {
		u32 p = c->count < 2 ? 0 : phase(c, t);
		u32 end = c->mode == 3 && p < high_clocks(c) ? high_clocks(c) : c->count;

		c->next_start = (t > c->start ? t : c->start) + (end - p);
	}
	c->fresh = true;
	if (c->mode == 0)
		c->loaded = false;	/* the output goes low at once */
}

static void write_count(struct pit_counter *c, u8 val, u64 t)
{
	switch (c->rw) {
	case RW_LOW:
		load(c, val, t);
		break;
	case RW_HIGH:
		load(c, val << 8, t);
		break;
	default:
		if (c->write_high) {
			load(c, c->low | val << 8, t);
		} else {
			c->low = val;
			/* In mode 0 the first byte of a pair stops counting. */
			if (c->mode == 0) {
				c->loaded = false;
				c->fresh = false;
			}
		}
		c->write_high = !c->write_high;
		break;
	}
}

static u8 read_count(struct pit_counter *c, u64 t)
{
	u16 v;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (c->latched) {
		v = c->latch;
		if (c->rw == RW_HIGH || (c->rw == RW_PAIR && c->latched == 1))
			v >>= 8;
		c->latched--;
		return v;
	}
	v = count_now(c, t);
	if (c->rw == RW_HIGH || (c->rw == RW_PAIR && c->read_high))
		v >>= 8;
	if (c->rw == RW_PAIR)
		c->read_high = !c->read_high;
	return v;
}

static void latch_count(struct pit_counter *c, u64 t)
{
	if (c->latched)
		return;		/* the first one stays until it is read */
	c->latch = count_now(c, t);
	c->latched = c->rw == RW_PAIR ? 2 : 1;
}

static void latch_status(struct pit_counter *c, u64 t)
{
	if (c->status_latched)
		return;
	c->status = c->rw << 4 | c->mode << 1 | c->bcd;
	if (output(c, t))
		c->status |= STATUS_OUT;
	if (c->fresh || !c->loaded)
		c->status |= STATUS_NULL;
	c->status_latched = true;
}

static void write_control(struct pit *pit, u8 val, u64 t)
{
	struct pit_counter *c;
	unsigned int n;

	if (CW_COUNTER(val) == CW_READ_BACK) {
		for (n = 0; n < 3; n++) {
			if (!(val & (2 << n)))
				continue;
			if (!(val & RB_NO_COUNT))
				latch_count(&pit->counter[n], t);
			if (!(val & RB_NO_STATUS))
				latch_status(&pit->counter[n], t);
		}
		return;
	}

	c = &pit->counter[CW_COUNTER(val)];
	if (CW_RW(val) == CW_LATCH) {
		latch_count(c, t);
		return;
	}

	*c = (struct pit_counter){
		.mode = CW_MODE(val) > 5 ? CW_MODE(val) - 4 : CW_MODE(val),
		.rw = CW_RW(val),
		.bcd = val & CW_BCD,
		.gate = c->gate,
		.count = c->count,
		.next_count = c->next_count,
		.stopped = t,
	};
}

static void set_gate(struct pit_counter *c, bool level, u64 t)
{
	if (level == c->gate)
		return;
	c->gate = level;
	if (!level) {
		c->stopped = t > c->start ? t : c->start;
		return;
	}
	if (periodic(c) || triggered(c)) {
		/* A rising gate starts these modes anew. */
		if (!c->loaded && !c->fresh)
			return;
		c->count = c->next_count;
		c->start = t + 1;
		c->low_first = false;
		c->loaded = true;
		c->fresh = false;
	} else if (c->loaded) {
		c->start += t - c->stopped;
	}
}

/**
 * pit_reset() - power-on state
 * @pit: the timer
 * @now: time in nanoseconds
 *
 * No counter runs before it is programmed; the gate of counter 2 is low.
 */
void pit_reset(struct pit *pit, u64 now)
{
	unsigned int n;

	*pit = (struct pit){ .seen = to_clock(now), .out0 = true };
	for (n = 0; n < 3; n++)
		pit->counter[n] = (struct pit_counter){
			.mode = 3,
			.rw = RW_PAIR,
			.gate = n != 2,
			.count = 65536,
			.next_count = 65536,
		};
}

/**
 * pit_out() - the level of a counter's output
 * @pit: the timer
 * @n: counter 0 to 2
 * @now: time in nanoseconds
 *
 * Return: the level.
 */
bool pit_out(struct pit *pit, unsigned int n, u64 now)
{
	u64 t = to_clock(now);

	sync(pit, t);
	take_over(&pit->counter[n], t);
	return output(&pit->counter[n], t);
}

/**
 * pit_write() - the guest writes a port of the timer, or port 61h
 * @pit: the timer
 * @port: 40h to 43h or 61h
 * @val: the byte
 * @now: time in nanoseconds
 *
 * The time of the next clock interrupt may be another one afterwards.
 */
void pit_write(struct pit *pit, u16 port, u8 val, u64 now)
{
	struct pit_counter *c0 = &pit->counter[0];
	u64 t = to_clock(now);
	unsigned int n;

	sync(pit, t);
	for (n = 0; n < 3; n++)
		take_over(&pit->counter[n], t);

	if (port == PIT_PORT61) {
		pit->port61 = val & P61_WRITABLE;
		set_gate(&pit->counter[2], val & P61_GATE2, t);
		return;
	}
	if (port == PIT_CONTROL)
		write_control(pit, val, t);
	else
		write_count(&pit->counter[port & 3], val, t);

	if (port == PIT_COUNTER0 || (port == PIT_CONTROL && !CW_COUNTER(val) && CW_RW(val))) {
		/* Programming forgives the debt, but may itself be an edge. */
		pit->owed = !pit->out0 && output(c0, t);
		pit->out0 = output(c0, t);
	}
}

/**
 * pit_read() - the guest reads a port of the timer, or port 61h
 * @pit: the timer
 * @port: 40h to 43h or 61h
 * @now: time in nanoseconds
 *
 * Return: the byte.
 */
u8 pit_read(struct pit *pit, u16 port, u64 now)
{
	u64 t = to_clock(now);
	u8 val;

	if (port == PIT_CONTROL)
		return 0xff;	/* not readable: the bus floats */
	if (port == PIT_PORT61) {
		val = pit->port61;
		if (t / REFRESH_CLOCKS & 1)
			val |= P61_REFRESH;
		if (pit_out(pit, 2, now))
			val |= P61_OUT2;
		return val;
	}
	sync(pit, t);
	take_over(&pit->counter[port & 3], t);
	return read_count(&pit->counter[port & 3], t);
}

/**
 * pit_poll() - is a clock interrupt due?
 * @pit: the timer
 * @now: time in nanoseconds
 * @requested: the interrupt controller still holds a request for IRQ 0
 * @masked: the guest masks IRQ 0
 *
 * Return: true if the caller must give IRQ 0 an edge.
 */
bool pit_poll(struct pit *pit, u64 now, bool requested, bool masked)
{
	u64 max, due;

	sync(pit, to_clock(now));
	if (!pit->owed)
		return false;

	if (masked) {
		/* The controller keeps one request, as if nobody was late. */
		pit->owed = 0;
		return !requested;
	}
	max = PIT_OWED_NS / PIT_CLOCKS_NS * PIT_CLOCKS / pit->counter[0].count + 1;
	due = pit->owed;
	if (due > max) {
		pit->lost += due - max;
		pit->owed = max;
	}
	if (requested)
		return false;
	pit->owed--;
	return true;
}

/**
 * pit_next() - when to call pit_poll() next
 * @pit: the timer
 * @now: time in nanoseconds
 *
 * Return: the time of the next rising edge of counter 0's output, @now if one
 * has gone unnoticed, or PIT_NEVER.
 */
u64 pit_next(const struct pit *pit, u64 now)
{
	struct pit_counter c = pit->counter[0];
	u64 t;

	t = edge_after(&c, pit->seen);
	if (c.fresh && t > c.next_start && c.next_start != PIT_NEVER) {
		take_over(&c, c.next_start);
		t = edge_after(&c, c.start);
	}
	if (t == PIT_NEVER)
		return PIT_NEVER;
	t = to_ns(t);
	return t > now ? t : now;
}

static bool counter_valid(const struct pit_counter *c)
{
	static const u8 flags[] = {
		offsetof(struct pit_counter, bcd), offsetof(struct pit_counter, gate),
		offsetof(struct pit_counter, loaded), offsetof(struct pit_counter, fresh),
		offsetof(struct pit_counter, low_first),
		offsetof(struct pit_counter, write_high),
		offsetof(struct pit_counter, read_high),
		offsetof(struct pit_counter, status_latched),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (((const u8 *)c)[flags[i]] > 1)
			return false;
	return c->mode <= 5 && c->rw >= RW_LOW && c->rw <= RW_PAIR &&
	       c->latched <= (c->rw == RW_PAIR ? 2 : 1) &&
	       c->count && c->count <= 65536 && c->next_count && c->next_count <= 65536;
}

/**
 * pit_valid() - could the timer be in this state?
 * @pit: its state, from somebody who is not trusted
 *
 * Return: true if all other functions may be called for it.
 */
bool pit_valid(const struct pit *pit)
{
	unsigned int n;

	for (n = 0; n < 3; n++)
		if (!counter_valid(&pit->counter[n]) || (n < 2 && !pit->counter[n].gate))
			return false;
	return !(pit->port61 & ~P61_WRITABLE) &&
	       pit->counter[2].gate == !!(pit->port61 & P61_GATE2) &&
	       *(const u8 *)&pit->out0 <= 1;
}

/* Forget periods that are over: nothing that can still be seen depends on them. */
static void settle(struct pit_counter *c, u64 t)
{
	u64 e, first, wrap = c->bcd ? 10000 : 65536;

	take_over(c, t);
	e = elapsed(c, t);
	first = c->count;
	if (!c->loaded) {
		c->start = t;
	} else if (periodic(c)) {
		if (c->low_first)
			first -= high_clocks(c);
		if (e >= first) {
			c->start += first + (e - first) / c->count * c->count;
			c->low_first = false;
		}
	} else if (e > c->count + 1 + wrap) {
		/* It is over: only the count that is read still changes. */
		c->start += (e - c->count - 2) / wrap * wrap;
	}
	if (!stopped(c) || !c->loaded) {
		c->stopped = c->start;
	} else if (t > c->stopped) {
		/* Nothing counts, so only the difference matters. */
		c->start += t - c->stopped;
		c->stopped = t;
	}
	if (!c->fresh || c->next_start < c->start)
		c->next_start = c->start;
}

/**
 * pit_settle() - the same state in few words
 * @pit: the timer
 * @now: time in nanoseconds
 *
 * What is due by now is done, and all clocks in the state but PIT_NEVER end up
 * within three of the longest periods after their counter's start.
 */
void pit_settle(struct pit *pit, u64 now)
{
	u64 t = to_clock(now);
	unsigned int n;

	sync(pit, t);
	for (n = 0; n < 3; n++)
		settle(&pit->counter[n], t);
}

/**
 * pit_clock() - the clock at a time
 * @ns: the time in nanoseconds
 *
 * Return: the number of the input clock's cycle.
 */
u64 pit_clock(u64 ns)
{
	return to_clock(ns);
}

/**
 * pit_time() - the time of a clock
 * @clock: a cycle of the input clock
 *
 * Return: when it begins, in nanoseconds.
 */
u64 pit_time(u64 clock)
{
	return to_ns(clock);
}
