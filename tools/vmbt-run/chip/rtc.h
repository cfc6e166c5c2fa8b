/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MC146818 real-time clock with the CMOS memory of a PC.
 */
#ifndef VMBT_RUN_RTC_H
#define VMBT_RUN_RTC_H

#include "state.h"
#include "types.h"

#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define RTC_NEVER	(~0ULL)

/**
 * struct rtc - clock and memory
 * @index: register selected by port 70h
 * @ram: registers and memory; those of the time are valid while SET is on
 * @offset: what the guest's clock is ahead of the host's, in nanoseconds
 * @seen: guest time up to which events are accounted for
 */
struct rtc {
	u8 index;
	u8 ram[128];
	s64 offset;
	u64 seen;
};

void rtc_reset(struct rtc *rtc, u64 memory, u64 wall);
u8 rtc_read(struct rtc *rtc, u16 port, u64 wall);
void rtc_write(struct rtc *rtc, u16 port, u8 val, u64 wall);
bool rtc_poll(struct rtc *rtc, u64 wall);
u64 rtc_next(struct rtc *rtc, u64 wall);
void rtc_state(struct rtc *rtc, struct state *s, u64 wall);

#endif
