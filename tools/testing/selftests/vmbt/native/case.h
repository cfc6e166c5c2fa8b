/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One case of the differential test: a program, what it starts with, and what
 * came of it.
 *
 * A program is a few dozen bytes of code in a 64 KiB window, with data and a
 * stack around it. gen.c makes it of a seed; compare.c runs it in two ways and
 * compares; judge.c says whether the two had to be the same; reduce.c makes a
 * failing program small.
 */
#ifndef VMBT_NATIVE_CASE_H
#define VMBT_NATIVE_CASE_H

#include "native.h"
#include "../../../../../arch/x86/vmbt/vmm/decode/decode.h"

#define WIN		0x00100000u
#define WIN_SIZE	0x10000u
#define DATA		0x8000u
#define STACK		0xf000u
#define LDT		0x7800u

/* What kind of programs a suite makes, and how they run. */
#define S_32		0x01
#define S_PRIV		0x02	/* privileged code: the interpreter is the oracle */
#define S_STEP		0x04	/* step through the cache, roll back now and then */
#define S_USER		0x08	/* CPL 3: the other region of the cache */
#define S_LIMIT		0x10	/* based segments, code limits that bite */
#define S_TRACE		0x20	/* some data pages are traced */
#define S_STACK		0x40	/* a 16-bit stack under 32-bit code, or 32 under 16 */
#define S_INTERP	0x80	/* interpreted instead of translated */

#define S_SEGS		0x100	/* loads of segment registers, far jumps, IRET */

/* Segments have the window as their base. */
#define S_BASED		(S_LIMIT | S_STACK | S_SEGS)

/**
 * struct program - where a case starts
 * @what: S_*
 * @code: where in the window it begins
 * @len: bytes of code, HLT included
 * @guest: registers
 * @mem: the window
 */
struct program {
	u32 what;
	u32 code;
	u32 len;
	struct vmbt_guest guest;
	u8 mem[WIN_SIZE];
};

/*
 * struct outcome - how a run ended
 */
struct outcome {
	enum native_stop why;
	u32 gpr[8], eip, eflags;
	u16 sel[VMBT_NSEG];
	struct vcpu_exc exc;
	u8 fpu[512];
	u8 mem[WIN_SIZE];
};

/* Offset in its segment of a place in the window. */
static inline u32 prog_off(const struct program *p, u32 win)
{
	return (p->what & S_32) && !(p->what & S_BASED) ? WIN + win : win;
}

/* What a case can come to. */
enum verdict {
	V_SAME,
	V_DIFFERS,
	V_UNENDING,	/* no end in reasonable time */
	V_UNSUPPORTED,	/* the oracle does not know an instruction */
	V_CPU_BUG,
	V_NR,
};

void gen_program(struct program *p, u32 what, u64 seed);

extern struct outcome out_a, out_b;	/* the oracle's and the translator's */

/*
 * Run a program in both ways, the translated one twice. @salt seeds what is
 * random about the runs themselves. @why: what differs.
 */
enum verdict compare(const struct program *p, u64 salt, const char **why);
void compare_start(const struct program *p);	/* memory and registers */

/*
 * Why the two ways of running a program may differ, or NULL if they may not:
 * goes the oracle's way again, one instruction at a time, @most of them.
 */
const char *judge(const struct program *p, u32 most);

/* Make a failing program as small as it gets while it still fails. */
void reduce(struct program *p);

/* ldt.c: an LDT that is the same for the process and the guest, for S_SEGS */
void ldt_fill(struct program *p);
void ldt_load(const struct program *p);
bool ldt_changed(const struct program *p);

void print_program(const struct program *p);

#endif
