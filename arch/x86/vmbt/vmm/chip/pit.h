/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8254 interval timer of a PC, with port 61h which gates its speaker.
 *
 * Guests calibrate against the timer by polling it as fast as they can, and
 * take their clock interrupt from it, so it is one of the devices that may
 * live inside the VMM. It is pure code: every entry takes the time as
 * nanoseconds of any clock that never goes back, nothing is counted in real
 * time, and the state at any moment follows from when counters were written.
 *
 * The owner of a struct pit serialises the calls. For the clock interrupt it
 * calls pit_poll() at the time that pit_next() names, and when the processor
 * has taken an IRQ 0 while more are owed, and pulses IRQ 0 when told to.
 */
#ifndef VMBT_CHIP_PIT_H
#define VMBT_CHIP_PIT_H

#include "../../include/types.h"

#define PIT_COUNTER0		0x40
#define PIT_CONTROL		0x43
#define PIT_PORT61		0x61

#define PIT_NEVER		(~0ULL)

/*
 * The input clock is 14.31818 MHz / 12, which is exactly 105 / 88 MHz: 105
 * clocks take 88000 ns.
 */
#define PIT_CLOCKS		105
#define PIT_CLOCKS_NS		88000

/* Clock interrupts a late guest may still be owed: a second's worth of time. */
#define PIT_OWED_NS		1000000000ULL

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

void pit_reset(struct pit *pit, u64 now);
u8 pit_read(struct pit *pit, u16 port, u64 now);
void pit_write(struct pit *pit, u16 port, u8 val, u64 now);
bool pit_out(struct pit *pit, unsigned int n, u64 now);
bool pit_poll(struct pit *pit, u64 now, bool requested, bool masked);
u64 pit_next(const struct pit *pit, u64 now);

#endif
