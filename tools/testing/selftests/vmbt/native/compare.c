// SPDX-License-Identifier: GPL-2.0
/*
 * One program in two ways: as it is on the CPU (or by the interpreter, where
 * it is privileged) and translated. Registers, flags, x87 and SSE registers,
 * memory and the fault must be the same.
 */
#include <string.h>

#include "case.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"

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
	*native_vcpu.guest = p->guest;
	native_fpu_reset();
	memset(&native_vcpu.exc, 0, sizeof(native_vcpu.exc));
}

static void run(const struct program *p, struct outcome *o,
		enum native_stop (*engine)(void))
{
	const struct vmbt_guest *g = native_vcpu.guest;
	u32 i;

	compare_start(p);
	if (engine == native_bt && (p->what & S_TRACE))
		for (i = DATA; i < WIN_SIZE; i += 4096)
			native_protect((WIN + i) >> 12, NATIVE_TEST, rnd(2));
	o->why = engine();
	memcpy(o->gpr, g->gpr, sizeof(o->gpr));
	o->eip = g->eip;
	o->eflags = g->eflags & ~VMBT_X86_EFLAGS_RF;
	o->exc = native_vcpu.exc;
	memcpy(o->fpu, native_fpu, 512);
	memcpy(o->mem, native_ram(WIN), WIN_SIZE);
}

/* No memory where EIP is: #PF for the process, floating bus for the guest. */
static bool ran_wild(void)
{
	u32 lin = native_vcpu.guest->seg[VMBT_CS].base + out_a.eip;

	return out_a.why == NS_FAULT && out_b.why == NS_FAULT &&
	       out_a.eip == out_b.eip && lin - WIN >= WIN_SIZE;
}

static const char *differs(const struct program *p)
{
	const struct outcome *a = &out_a, *b = &out_b;
	u32 i;

	if (a->why != b->why)
		return "reason to stop";
	if (a->why == NS_FAULT && !ran_wild()) {
		if (a->exc.vector != b->exc.vector ||
		    a->exc.error != b->exc.error)
			return "fault";
		if (a->exc.vector == VMBT_VEC_PF && a->exc.cr2 != b->exc.cr2)
			return "address of the fault";
	}
	if (memcmp(a->gpr, b->gpr, sizeof(a->gpr)))
		return "registers";
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
 * Seen on an AMD EPYC of family 26: a 32-bit near CALL past the code limit
 * pushes to SS without its base instead of #GP; LOOP as the last instruction
 * below the limit faults when it is taken from CX = 2.
 */
static bool cpu_bug(const struct program *p)
{
	const struct outcome *a = &out_a;
	u8 op = p->mem[(a->eip - prog_off(p, 0)) % WIN_SIZE];

	if (!(p->what & S_LIMIT) || a->why != NS_FAULT)
		return false;
	if (a->exc.vector == VMBT_VEC_PF)
		return a->exc.cr2 < WIN &&
		       a->exc.cr2 == a->gpr[VMBT_ESP] - 4;
	return a->exc.vector == VMBT_VEC_GP && op >= 0xe0 && op <= 0xe2 &&
	       a->eip + 2 > p->guest.seg[VMBT_CS].limit;
}

enum verdict compare(const struct program *p, u64 salt, const char **why)
{
	u64 mmio = native_mmio;
	u32 round;

	native_floating = p->what & S_PRIV;
	native_stepping = p->what & S_STEP;
	rnd_seed(salt);
	bt_invalidate_phys(&native_vcpu, WIN, WIN_SIZE);
	run(p, &out_a, p->what & S_PRIV ? native_interp : native_raw);
	if (out_a.why == NS_LIMIT)
		return V_UNENDING;
	if (out_a.why == NS_UNSUPPORTED)
		return V_UNSUPPORTED;
	if (cpu_bug(p))
		return V_CPU_BUG;
	/* Again with what the first run translated and chained. */
	for (round = 0; round < 2; round++) {
		run(p, &out_b, native_bt);
		/* Memory for the interpreter, a fault for the process. */
		if (!native_floating && native_mmio != mmio)
			return V_NO_MEMORY;
		/* Endless recursion that writes over code: too slow here. */
		if (out_b.why == NS_LIMIT)
			return V_UNENDING;
		*why = differs(p);
		if (*why)
			return V_DIFFERS;
	}
	return V_SAME;
}
