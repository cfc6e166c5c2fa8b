/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where things are in the fuzzer's guest: shared by guest.S, which is copied to
 * GUEST_CODE, and by what starts it.
 */
#ifndef ABIFUZZ_GUEST_H
#define ABIFUZZ_GUEST_H

#define GUEST_CODE	0x1000
#define GUEST_STACK	0x9000
#define GUEST_USTACK	0xa000
#define GUEST_DIR	0xb000		/* page directory */
#define GUEST_COUNT	0xc000		/* moves while the guest runs */
#define GUEST_FAR	0x400000	/* slots that come and go, then nothing */
#define GUEST_END	0x900000
#define GUEST_RAM	0x400000
#define GUEST_MORE	0x300000	/* mostly there, at GUEST_FAR */
#define GUEST_ABSENT	0x780000	/* written though nothing is there */
#define GUEST_INDEX	0x1ce		/* ports of a device with an index */
#define GUEST_DATA	0x1d0

#endif
