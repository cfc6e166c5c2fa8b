/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One instruction on the real CPU, in a 16- or 32-bit segment.
 *
 * The bytes are placed at the end of a page whose successor is not mapped and
 * executed once under single step; whatever happens arrives as a signal. The
 * code segment starts at that page; the stack segment is one page elsewhere;
 * data segments are null or that same page. See step.c.
 */
#ifndef VMBT_TEST_STEP_H
#define VMBT_TEST_STEP_H

#include "../../../../../../arch/x86/vmbt/vmm/decode/decode.h"

#define STEP_CODE_BASE	0x10000000u
#define STEP_STACK_BASE	0x10100000u
#define STEP_PAGE	0x1000u
#define STEP_STACK_TOP	0x800u
#define STEP_PF_INSTR	0x10u

/**
 * struct step - one instruction and what came of it
 * @bytes: to be placed so that @nr of them are before the end of the page
 * @nr: how many
 * @code32: which segment
 * @data: data segments are the stack's page; else null
 * @gpr: registers before and after
 * @eflags: likewise; TF and IF are added
 * @trapno: vector that ended it; 1 if it was executed
 * @err: error code
 * @eip: where
 * @cr2: address of a page fault
 */
struct step {
	const u8 *bytes;
	unsigned int nr;
	bool code32;
	bool data;
	u32 gpr[8];
	u32 eflags;
	unsigned int trapno, err;
	unsigned long eip, cr2;
};

void step(struct step *s);
/* The page that is the stack, and the data where asked for. */
u8 *step_stack(void);

u32 step_rng(void);

/**
 * step_main() - check random instructions: any prefixes, every map
 * @name: of the test
 * @argc: main()'s
 * @argv: main()'s: how many, and the seed
 * @check: one test, with VMBT_INSN_MAX bytes
 *
 * Return: false where this machine does not let us, which has been printed.
 */
bool step_main(const char *name, int argc, char **argv,
	       void (*check)(const u8 *bytes, bool code32));

#endif /* VMBT_TEST_STEP_H */
