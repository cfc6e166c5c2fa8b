// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder's registers and flags held against the CPU.
 *
 * The translator takes scratch registers and drops flag saves by what the
 * decoder says an instruction reads and writes. So run each instruction twice,
 * with the same inputs as far as the decoder says they matter, and others
 * where it says they do not: whatever is not written must stay, and whatever
 * is written must come out the same. Only instructions that are copied are
 * run; data segments are one page of their own.
 */
#include <stdio.h>
#include <string.h>

#include "step.h"

static unsigned long nr_run, nr_done, nr_bad;

/* Flags that an instruction of class COPY could change. */
#define FLAGS	(VMBT_FL_ARITH | VMBT_FL_DF | VMBT_FL_NT | VMBT_FL_AC | 0x200000)

static void complain(const struct vmbt_insn *in, const char *what, u32 a, u32 b)
{
	char text[80];
	unsigned int i;

	if (nr_bad++ > 40)
		return;
	vmbt_disasm(in, 0, text, sizeof(text));
	printf("not ok effects: %s (%d bits, %s; %x %x):", what,
	       in->code32 ? 32 : 16, text, a, b);
	for (i = 0; i < in->len; i++)
		printf(" %02x", in->bytes[i]);
	printf("\n");
}

/* Random, but the same for both runs. */
static u8 memory[STEP_PAGE], first_memory[STEP_PAGE];

static bool one_run(struct step *s)
{
	memcpy(step_stack(), memory, STEP_PAGE);
	step(s);
	return s->trapno == 1 && s->eip == STEP_PAGE;
}

/* What is not written must be as it was. */
static void check_unwritten(const struct vmbt_insn *in, const struct step *before,
			    const struct step *after)
{
	u32 changed = (before->eflags ^ after->eflags) & FLAGS;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		if (before->gpr[i] != after->gpr[i] &&
		    !(in->regs_written & (1 << i)))
			complain(in, "changes a register it does not write",
				 i, after->gpr[i]);
	}
	if (changed & ~in->fl_mod)
		complain(in, "changes flags it does not modify", changed, in->fl_mod);
}

/* Bits that differ must be those that both runs left alone. */
static u32 not_preserved(u32 in1, u32 out1, u32 in2, u32 out2)
{
	return (out1 ^ out2) & ((in1 ^ out1) | (in2 ^ out2));
}

static void check_inputs(const struct vmbt_insn *in, const struct step *b1,
			 const struct step *a1, const struct step *b2,
			 const struct step *a2)
{
	u32 bad, fl = in->fl_mod & ~in->fl_undef;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		bad = not_preserved(b1->gpr[i], a1->gpr[i], b2->gpr[i], a2->gpr[i]);
		if (bad && (in->regs_written & (1 << i)))
			complain(in, "result depends on what it does not read",
				 i, bad);
	}
	bad = not_preserved(b1->eflags, a1->eflags, b2->eflags, a2->eflags);
	if (bad & fl)
		complain(in, "flags depend on what it does not read", bad, fl);
	bad = a1->eflags ^ a2->eflags;
	if (bad & in->fl_kill)
		complain(in, "flags survive that it kills", bad, in->fl_kill);
}

static u32 random_value(void)
{
	return step_rng() & 1 ? step_rng() : step_rng() & 0x7ff;
}

static void check(const u8 *bytes, bool code32)
{
	struct step b1 = { .bytes = bytes, .code32 = code32, .data = true };
	struct step a1, b2, a2;
	struct vmbt_insn in;
	unsigned int i;

	if (vmbt_decode(&in, bytes, VMBT_INSN_MAX, code32) ||
	    in.cls != VMBT_CLS_COPY || (in.flags & VMBT_IF_USES_GS) ||
	    in.op == VMBT_OP_RDRAND || in.op == VMBT_OP_RDSEED)
		return;
	nr_run++;
	b1.nr = in.len;
	for (i = 0; i < 8; i++)
		b1.gpr[i] = random_value();
	b1.gpr[VMBT_REG_ESP] = STEP_STACK_TOP + (step_rng() & 0x7c);
	b1.eflags = step_rng() & (VMBT_FL_ARITH | VMBT_FL_DF);
	for (i = 0; i < STEP_PAGE; i += 4)
		*(u32 *)&memory[i] = random_value();

	a1 = b1;
	if (!one_run(&a1))
		return;
	memcpy(first_memory, step_stack(), STEP_PAGE);
	nr_done++;
	check_unwritten(&in, &b1, &a1);

	b2 = b1;
	for (i = 0; i < 8; i++) {
		if (!(in.regs_read & (1 << i)))
			b2.gpr[i] = random_value();
	}
	b2.eflags ^= ~in.fl_read & (VMBT_FL_ARITH | VMBT_FL_DF);
	a2 = b2;
	if (!one_run(&a2)) {
		complain(&in, "faults by what it does not read", a2.trapno, 0);
		return;
	}
	check_unwritten(&in, &b2, &a2);
	check_inputs(&in, &b1, &a1, &b2, &a2);
	if (memcmp(first_memory, step_stack(), STEP_PAGE))
		complain(&in, "writes what it does not read", 0, 0);
	if (memcmp(memory, step_stack(), STEP_PAGE) &&
	    !(in.flags & (VMBT_IF_MEM_WRITE | VMBT_IF_STACK)))
		complain(&in, "writes memory", in.flags, 0);
}

int main(int argc, char **argv)
{
	if (!step_main("effects", argc, argv, check))
		return 0;
	if (!nr_bad)
		printf("ok effects: %lu instructions tried, %lu executed to the end twice\n",
		       nr_run, nr_done);
	return nr_bad != 0;
}
