/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences from other decoders that are known and explained.
 *
 * One list (accepted.c) serves all comparisons: each line has a reason, and a
 * line that a full run did not need is reported, so that the list stays true.
 */
#ifndef VMBT_TEST_ACCEPTED_H
#define VMBT_TEST_ACCEPTED_H

#include "../../../../../../arch/x86/vmbt/vmm/decode/decode.h"

enum diff_kind {
	DIFF_WE_REFUSE,		/* we say #UD, they decode */
	DIFF_THEY_REFUSE,	/* we decode, they refuse */
	DIFF_LEN,
	DIFF_PARTS,		/* offsets and sizes of the parts */
	DIFF_MEM,		/* base, index, scale */
	DIFF_DISP,
	DIFF_SEG,
	DIFF_MSIZE,
	DIFF_IMM,
	DIFF_REGS_READ,
	DIFF_REGS_WRITTEN,
	DIFF_FL_READ,
	DIFF_FL_MOD,
	DIFF_FL_UNDEF,
	DIFF_MEM_ACCESS,
	DIFF_TOGGLE,		/* moved between 16- and 32-bit segments */
	DIFF_KINDS
};

extern const char *const vmbt_diff_names[DIFF_KINDS];

/* Is this difference in the list? Counts the line that says so. */
bool vmbt_accepted(const struct vmbt_insn *in, enum diff_kind kind, u32 ours,
		   u32 theirs);
unsigned int vmbt_accepted_count(void);
/* Report lines that nothing needed; how many. */
unsigned int vmbt_accepted_unused(void);

#endif /* VMBT_TEST_ACCEPTED_H */
