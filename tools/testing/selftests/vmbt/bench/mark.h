/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mark that count.c looks for: sixteen LZCNT in a row, at the beginning
 * and at the end of what is counted.
 */
#ifndef VMBT_BENCH_MARK_H
#define VMBT_BENCH_MARK_H

/* From memory at first, and each from the one before: no translator can fold them. */
static inline void mark(void)
{
	unsigned int v = 1;

	asm volatile("lzcnt %1, %0\n\t.rept 15\n\tlzcnt %0, %0\n\t.endr"
		     : "=r" (v) : "m" (v) : "cc", "memory");
}

#endif
