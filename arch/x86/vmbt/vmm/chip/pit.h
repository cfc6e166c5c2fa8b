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

#include "../../include/chipstate.h"

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

void pit_reset(struct pit *pit, u64 now);
u8 pit_read(struct pit *pit, u16 port, u64 now);
void pit_write(struct pit *pit, u16 port, u8 val, u64 now);
bool pit_out(struct pit *pit, unsigned int n, u64 now);
bool pit_poll(struct pit *pit, u64 now, bool requested, bool masked);
u64 pit_next(const struct pit *pit, u64 now);
bool pit_valid(const struct pit *pit);
void pit_settle(struct pit *pit, u64 now);
u64 pit_clock(u64 ns);
u64 pit_time(u64 clock);

#endif
