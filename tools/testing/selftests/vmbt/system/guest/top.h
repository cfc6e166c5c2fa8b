/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The top of the linear space, with pages of all kinds around every boundary
 * that could matter, and what the manual says about an access there.
 *
 * vmbt has its monitor area somewhere: in the last 4 MiB where the CPU checks
 * limits. The guests that include this access these 4 MiB, their edges and what
 * follows behind the wrap at 4 GiB, through segments of every form. They know
 * nothing of the monitor area: one model, of segments and pages, says what has
 * to come out, there as elsewhere.
 */
#ifndef SYSTEM_TOP_H
#define SYSTEM_TOP_H

#include "guest.h"

#define TOP		0xffc00000u	/* where the last 4 MiB begin */
#define TOP_ABSENT	(TOP + 0x2000)
#define TOP_READ_ONLY	(TOP + 0x3000)
#define TOP_SUPERVISOR	(TOP + 0x4000)
#define TOP_SEGMENT	0xffff2000u	/* 64 KiB from here end behind the wrap */
#define TOP_TLS		0xb7e2c6c0u	/* what a C library has in %gs */
#define TOP_MIDDLE	0xffe00000u	/* another directory, with PAE */

/**
 * struct segment - a descriptor to try
 * @name: for the names of checks
 * @base: linear base
 * @limit: as in the descriptor, in pages with D_G
 * @access: access byte, less the DPL
 * @flags: D_G, D_B
 */
struct segment {
	const char *name;
	u32 base, limit, access, flags;
};

/* How an access ends: VEC_END, or the exception. */
struct outcome {
	u32 vector, error, cr2;
};

/*
 * EFLAGS for a case: at ring 3 with and without IF in turn, since vmbt executes
 * the one directly and translates the other.
 */
u32 top_flags(u32 ring);

/* Paging on, the pages filled with their pattern; and off again. */
void top_begin(enum paging mode);
void top_end(void);

/* The byte behind a linear address of these pages, elsewhere; or NULL. */
u8 *top_byte(u32 lin);
/* What top_begin() wrote there. */
u8 top_pattern(u32 lin);
/* The last byte of a page-table entry's low half, by linear address. */
u32 *top_pte(u32 lin);
/* Are [@lin, @lin + @size) in pages that the model knows? */
bool top_knows(u32 lin, u32 size);

/*
 * Does memory around an operand have its pattern, but for the operand, which is
 * @want (NULL: has it, too)? The pattern is there again afterwards.
 */
bool top_holds(u32 lin, u32 size, const u8 *want);

/* The pattern again. */
void top_refill(u32 lin, u32 size);

u64 segment_descriptor(const struct segment *s, u32 ring);
/* Inside of the limit? Not what wraps around the end of the offsets. */
bool segment_inside(const struct segment *s, u32 offset, u32 size);
/* Offsets that go on at 0 behind 4 GiB: left open by the manual. */
bool segment_open(u32 offset, u32 size);

/*
 * What an access through a segment ends with: vol. 3, 5.3 to 5.5 and 4.6, 4.7.
 * @vector is what a limit raises, #SS or #GP.
 */
void top_access(const struct segment *s, u32 vector, u32 offset, u32 size, bool write, u32 ring,
		struct outcome *o);
/* The same without the segment. */
void top_linear(u32 lin, u32 size, bool write, u32 ring, struct outcome *o);

#endif
