/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What xstate.c shares with xstate_asm.S: the registers that are held across a
 * system call, in the order in which they are stored, and where the guest has
 * its two images and the length of its wait.
 */
#ifndef VMBT_TEST_XSTATE_H
#define VMBT_TEST_XSTATE_H

#define XS_FX		512
#define XS_PKRU		1024
#define XS_HAS_PKRU	1028

/* In the guest's memory. */
#define G_LOAD		0x2000	/* FXRSTORed before each exit */
#define G_LEFT		0x2200	/* FXSAVEd directly before an exit */
#define G_FOUND		0x2400	/* FXSAVEd directly after it */
#define G_SPIN		0x2600

#ifndef __ASSEMBLER__
#include <stdint.h>

/**
 * struct xstate - the extended state of a 64-bit program
 * @ymm: YMM0 to YMM15
 * @fx: as FXSAVE64 stores it: x87, MXCSR, and the low halves once more
 * @pkru: PKRU
 * @has_pkru: not 0: there is one
 */
struct xstate {
	uint8_t ymm[16][32];
	uint8_t fx[512];
	uint32_t pkru, has_pkru;
} __attribute__((aligned(64)));

/*
 * Load @want, count down from @spin, make the system call @nr (< 0: none) with
 * two arguments and 0, and store all registers to @got before anything else
 * runs in this thread. Returns what the call did.
 */
long xstate_hold(const struct xstate *want, struct xstate *got, long nr,
		 long a, long b, unsigned long spin);

extern const uint8_t xstate_guest[], xstate_guest_end[];
#endif

#endif
