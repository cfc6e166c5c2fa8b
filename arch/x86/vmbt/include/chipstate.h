/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the chips that may live in the VMM: a pair of 8259A interrupt
 * controllers and an 8254 timer.
 *
 * The chips themselves are vmm/chip/pic.c and pit.c, the same sources for the
 * VMM and for vmbt-run. Where they live in the VMM their state is a part of
 * struct vmbt_shared, so that the state ioctls reach it while the VMM does not
 * run, as they reach struct vmbt_guest.
 */
#ifndef VMBT_CHIPSTATE_H
#define VMBT_CHIPSTATE_H

#include "types.h"

/**
 * struct pic_chip - one 8259A
 * @lines: level of the eight inputs as last driven
 * @irr: interrupt request register
 * @isr: in-service register
 * @imr: interrupt mask register
 * @elcr: inputs that are level triggered
 * @base: vector of input 0, from ICW2
 * @lowest: input that has the lowest priority (7 unless rotated)
 * @icw: number of the initialisation word expected next on the data port; 0
 *	when the chip is initialised
 * @icw1: the ICW1 that started the initialisation
 * @auto_eoi: ICW4 asked for automatic end of interrupt
 * @sfnm: special fully nested mode, from ICW4
 * @rotate_aeoi: rotate priorities at each automatic end of interrupt
 * @special_mask: special mask mode, from OCW3
 * @poll: the next read is a poll
 * @read_isr: the command port reads ISR instead of IRR
 */
struct pic_chip {
	u8 lines;
	u8 irr;
	u8 isr;
	u8 imr;
	u8 elcr;
	u8 base;
	u8 lowest;
	u8 icw;
	u8 icw1;
	bool auto_eoi;
	bool sfnm;
	bool rotate_aeoi;
	bool special_mask;
	bool poll;
	bool read_isr;
};

/**
 * struct pic - the two chips of a PC, cascaded through the master's input 2
 * @chip: master and slave
 * @intr: the master's INT output, wired to the processor's INTR
 */
struct pic {
	struct pic_chip chip[2];
	bool intr;
};

/**
 * struct pit_counter - one of the three counters
 * @mode: 0 to 5
 * @rw: bytes of the count that are accessed: 1 low, 2 high, 3 low then high
 * @bcd: counts in four decimal digits
 * @gate: level of the gate input
 * @loaded: the counting element holds a count
 * @fresh: a count was written that the counting element has not taken over
 * @low_first: mode 3: @start begins the low half of the square wave
 * @write_high: the next write is the high byte of a pair
 * @read_high: the next read is the high byte of a pair
 * @status_latched: the next read returns @status
 * @latched: bytes of @latch still to be read
 * @low: the low byte of a pair being written
 * @status: latched status
 * @latch: latched count
 * @count: count (1 to 65536) that the counting element started with
 * @next_count: count that was written last
 * @start: clock at which the counting element took over @count
 * @next_start: clock at which it takes over @next_count, if @fresh; PIT_NEVER
 *	if only a trigger makes it
 * @stopped: clock at which the gate stopped the counter
 */
struct pit_counter {
	u8 mode;
	u8 rw;
	bool bcd;
	bool gate;
	bool loaded;
	bool fresh;
	bool low_first;
	bool write_high;
	bool read_high;
	bool status_latched;
	u8 latched;
	u8 low;
	u8 status;
	u16 latch;
	u32 count;
	u32 next_count;
	u64 start;
	u64 next_start;
	u64 stopped;
};

/**
 * struct pit - the timer chip and port 61h
 * @counter: the three counters
 * @port61: the writable bits of port 61h
 * @out0: level of counter 0's output when last looked at
 * @seen: clock up to which the edges of counter 0's output are accounted for
 * @owed: clock interrupts not delivered yet
 * @lost: clock interrupts dropped because too many were owed, ever
 */
struct pit {
	struct pit_counter counter[3];
	u8 port61;
	bool out0;
	u64 seen;
	u64 owed;
	u64 lost;
};

/**
 * struct vmbt_chips - the chips in the VMM
 * @pic: the interrupt controllers
 * @pit: the timer; its clock is vmbt_chips_ns()
 * @lines: levels of the interrupt lines when the VMM last looked
 * @post: what was written to port 80h
 * @hurry: the host does not know that the timer wants to be looked at earlier
 * @last: the count at which the timer last wanted to be looked at
 * @interval: from then to the next time, 0 if it is not known
 */
struct vmbt_chips {
	struct pic pic;
	struct pit pit;
	u64 lines;
	u8 post;
	bool hurry;
	u64 last;
	u64 interval;
};

/* A counter in nanoseconds: the time of the timer, and of KVM's clock. */
static inline u64 vmbt_chips_ns(u64 tsc, u64 tsc_khz)
{
	return tsc / tsc_khz * 1000000 + tsc % tsc_khz * 1000000 / tsc_khz;
}

/* By how many counts the host may be late for the timer: 8 microseconds. */
static inline u64 vmbt_clock_slack(u64 tsc_khz)
{
	return tsc_khz / 125;
}

#endif
