// SPDX-License-Identifier: GPL-2.0
/*
 * One program in two ways: as it is on the CPU (or by the interpreter, where
 * it is privileged) and translated. Registers, flags, x87 and SSE registers,
 * memory and the fault must be the same.
 */
#include <string.h>

#include "case.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc.h"

struct outcome out_a, out_b;

/* The FXSAVE image: FCW to FTW; MXCSR; ST and XMM0-7. FOP, FIP, FDP differ. */
static const struct {
	u32 at, len;
} fpu_parts[] = { { 0, 6 }, { 24, 4 }, { 32, 288 - 32 } };

void compare_start(const struct program *p)
{
	u32 i;

	for (i = 0; i < WIN_SIZE; i += 64)
		if (memcmp(native_ram(WIN + i), p->mem + i, 64)) {
			bt_invalidate_phys(&native_vcpu, WIN + i, 64);
			memcpy(native_ram(WIN + i), p->mem + i, 64);
		}
	for (i = DATA; i < WIN_SIZE; i += 4096)
		native_protect((WIN + i) >> 12, NATIVE_TEST, false);
	/* What was read of the tables is forgotten: their memory is new. */
	native_vcpu.guest->ldtr.attr = 0;
	desc_tables_changed(&native_vcpu);
	*native_vcpu.guest = p->guest;
	desc_segs_changed(&native_vcpu);
	native_vcpu.events = 0;
	native_fpu_reset();
	memset(&native_vcpu.exc, 0, sizeof(native_vcpu.exc));
}

static void run(const struct program *p, struct outcome *o,
		enum native_stop (*engine)(void))
{
	const struct vmbt_guest *g = native_vcpu.guest;
	u32 i;

	compare_start(p);
	if ((p->what & S_SEGS) && engine == native_raw)
		ldt_load(p);
	if (engine == native_bt && (p->what & S_TRACE))
		for (i = DATA; i < WIN_SIZE; i += 4096)
			native_protect((WIN + i) >> 12, NATIVE_TEST, rnd(2));
	o->why = engine();
	memcpy(o->gpr, g->gpr, sizeof(o->gpr));
	o->eip = g->eip;
	o->eflags = g->eflags & ~VMBT_X86_EFLAGS_RF;
	for (i = 0; i < VMBT_NSEG; i++)
		/* The CPU drops the RPL of a null selector now and then. */
		o->sel[i] = g->seg[i].sel > 3 ? g->seg[i].sel : 0;
	o->exc = native_vcpu.exc;
	memcpy(o->fpu, native_fpu, 512);
	memcpy(o->mem, native_ram(WIN), WIN_SIZE);
}

static const char *differs(const struct program *p)
{
	const struct outcome *a = &out_a, *b = &out_b;
	u32 i;

	if (a->why != b->why)
		return "reason to stop";
	if (a->why == NS_FAULT) {
		if (a->exc.vector != b->exc.vector ||
		    (a->exc.error != b->exc.error && !native_no_ram))
			return "fault";
		if (a->exc.vector == VMBT_VEC_PF && a->exc.cr2 != b->exc.cr2 &&
		    !native_no_ram)
			return "address of the fault";
	}
	if (memcmp(a->gpr, b->gpr, sizeof(a->gpr)))
		return "registers";
	if (memcmp(a->sel, b->sel, sizeof(a->sel)))
		return "segment registers";
	if (a->eip != b->eip)
		return "eip";
	if (a->eflags != b->eflags)
		return "flags";
	if (memcmp(a->mem, b->mem, WIN_SIZE))
		return "memory";
	for (i = 0; !(p->what & S_PRIV) && i < ARRAY_SIZE(fpu_parts); i++)
		if (memcmp(a->fpu + fpu_parts[i].at, b->fpu + fpu_parts[i].at,
			   fpu_parts[i].len))
			return "x87 or SSE registers";
	return NULL;
}

/*
 * Seen on an AMD EPYC of family 26: LOOP as the last instruction below the
 * limit faults the third time, although it is taken.
 */
static bool wrong_loop(const struct program *p, const struct outcome *o)
{
	u32 at = o->eip - prog_off(p, 0);
	struct vmbt_insn in;

	if (!(p->what & S_LIMIT) || o->why != NS_FAULT ||
	    o->exc.vector != VMBT_VEC_GP || at > WIN_SIZE - VMBT_INSN_MAX)
		return false;
	vmbt_decode(&in, o->mem + at, VMBT_INSN_MAX, p->what & S_32);
	return in.op >= VMBT_OP_LOOPNE && in.op <= VMBT_OP_LOOP &&
	       o->eip + in.len - 1 == p->guest.seg[VMBT_CS].limit;
}

/*
 * Seen once in millions of programs there, under a hypervisor: the fault was
 * reported at the jump into the program, with the registers that the program
 * leaves behind. The next run reports it where it was; were it ours, the next
 * one would be wrong, too.
 */
static bool wrong_place(const struct outcome *o)
{
	return o->why == NS_FAULT && o->eip - TRAMP < 4096;
}

enum verdict compare(const struct program *p, u64 salt, const char **why)
{
	u32 round;

	native_floating = p->what & S_PRIV;
	native_stepping = p->what & S_STEP;
	native_segs = p->what & S_SEGS;
	rnd_seed(salt);
	bt_invalidate_phys(&native_vcpu, WIN, WIN_SIZE);
	run(p, &out_a, p->what & S_PRIV ? native_interp : native_raw);
	if (wrong_place(&out_a))
		run(p, &out_a, p->what & S_PRIV ? native_interp : native_raw);
	if (out_a.why == NS_LIMIT)
		return V_UNENDING;
	if (out_a.why == NS_UNSUPPORTED)
		return V_UNSUPPORTED;
	if (wrong_loop(p, &out_a))
		return V_CPU_BUG;
	/* Again with what the first run translated and chained. */
	for (round = 0; round < 2; round++) {
		run(p, &out_b, p->what & S_INTERP ? native_interp : native_bt);
		/* Endless recursion that writes over code: too slow here. */
		if (out_b.why == NS_LIMIT)
			return V_UNENDING;
		*why = differs(p);
		if (*why)
			return V_DIFFERS;
	}
	return V_SAME;
}
