// SPDX-License-Identifier: GPL-2.0
/*
 * Where the last x87 instruction was, as FXSAVE tells: the guest's own pointers without
 * the VMM, and nothing of translated code's. Tests of units.c's program.
 *
 * The guest loads pointers with an exception pending: all CPUs keep and store them then
 * (APM vol. 5, FXSAVE, FXRSTOR).
 */
#include <stdio.h>
#include <string.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"

#define IMAGE	0x00220000u	/* what FXSAVE stores */
#define LOADED	0x00221000u	/* what FXRSTOR loads */
#define ENV	0x00222000u	/* what FLDENV and FRSTOR load */
#define FIP	0x12345678u
#define FDP	0x23456789u

#define FXSAVE	"\x0f\xae\x05\x00\x00\x22\x00"	/* [IMAGE] */
#define FXRSTOR	"\x0f\xae\x0d\x00\x10\x22\x00"	/* [LOADED] */
#define FLDENV	"\xd9\x25\x00\x20\x22\x00"	/* [ENV] */
#define FRSTOR	"\xdd\x25\x00\x20\x22\x00"
#define FNSAVE	"\xdd\x35\x00\x30\x22\x00"
#define FNSTENV	"\xd9\x35\x00\x30\x22\x00"
#define FLD1	"\xd9\xe8"
#define FNINIT	"\xdb\xe3"
#define FNCLEX	"\xdb\xe2"
#define MMX	"\x0f\x6f\xc1"			/* movq mm0, mm1 */
#define SSE	"\x0f\x28\xc1"			/* movaps xmm0, xmm1 */

/* FXSAVE's image and FNSAVE's with the pointers, IE and ES set and IE unmasked. */
static void images(void)
{
	u32 fx[128] = { 0 }, env[27] = { 0x037e, 0x8081, 0xffff, FIP, 0, FDP, 0 };

	fx[0] = 0x8081037e;
	fx[2] = FIP;
	fx[4] = FDP;
	fx[6] = 0x1f80;
	load(LOADED, fx, sizeof(fx));
	load(ENV, env, sizeof(env));
	memset(fx, 0xcc, sizeof(fx));
	load(IMAGE, fx, sizeof(fx));
}

static u32 stored(u32 at)
{
	u32 val = 0;

	mmu_read_phys(v, IMAGE + at, &val, 4);
	return val;
}

/* @code with a HLT behind, the second time: callouts besides that of the HLT. */
static u64 again(const char *code, u32 len, const char *name)
{
	u64 before;

	load(OTHER, code, len);
	load(OTHER + len, "\xf4", 1);
	images();
	native_fpu_reset();
	check(go(OTHER) == NS_HLT, name, "did not end", 0);
	images();
	native_fpu_reset();
	v->mon->x87_ours = 0;
	before = callouts();
	check(go(OTHER) == NS_HLT, name, "did not end", 1);
	return callouts() - before - 1;
}

#define AGAIN(code)	again(code, sizeof(code) - 1, #code)

/* What it leaves is the guest's: @nr callouts, none of FXSAVE, and the pointers. */
static void expect_inline(const char *code, u32 len, const char *name, u32 nr, u32 fip,
			  u32 fdp)
{
	u64 was = again(code, len, name);

	check(was == nr, name, "callouts", was);
	check(stored(8) == fip, name, "FIP", stored(8));
	check(stored(16) == fdp, name, "FDP", stored(16));
}

/* What it leaves is translated code's: the VMM stores nothing of it. */
static void expect_hidden(const char *code, u32 len, const char *name, u32 nr)
{
	u64 was = again(code, len, name);

	check(was == nr, name, "callouts", was);
	check(!stored(8), name, "FIP", stored(8));
	check(!(stored(4) >> 16), name, "FOP", stored(4));
}

#define EXPECT_INLINE(code, nr, fip, fdp)	\
	expect_inline(code, sizeof(code) - 1, #code, nr, fip, fdp)
#define EXPECT_HIDDEN(code, nr)	expect_hidden(code, sizeof(code) - 1, #code, nr)

void test_fxsave(void)
{
	EXPECT_INLINE(FXRSTOR FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FLDENV FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FRSTOR FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FXRSTOR SSE FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FNINIT FXSAVE, 0, 0, 0);
	EXPECT_HIDDEN(FLD1 FXSAVE, 1);
	EXPECT_HIDDEN(MMX FXSAVE, 1);
	/* An instruction of translated code's, and it has been overwritten. */
	EXPECT_INLINE(FLD1 FXRSTOR FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FLD1 FLDENV FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FLD1 FRSTOR FXSAVE, 0, FIP, FDP);
	EXPECT_INLINE(FLD1 FNINIT FXSAVE, 0, 0, 0);
	/* FNSAVE, which ends like FNINIT, is the VMM's. */
	EXPECT_INLINE(FLD1 FNSAVE FXSAVE, 1, 0, 0);
	/* Neither FNCLEX nor FNSTENV changes the pointers. */
	check(!AGAIN(FXRSTOR FNCLEX FXSAVE), "fxsave", "FNCLEX: callouts", 0);
	EXPECT_HIDDEN(FXRSTOR FNCLEX FLD1 FNCLEX FXSAVE, 1);
	EXPECT_HIDDEN(FXRSTOR FNCLEX FLD1 FNSTENV FXSAVE, 2);
	/* The rest of the image. */
	AGAIN(FXRSTOR FXSAVE);
	check(stored(0) == 0x8081037e && stored(24) == 0x1f80, "fxsave", "image", stored(0));
	check(stored(288) == 0xcccccccc, "fxsave", "XMM8", stored(288));
	v->shared->no_offers |= VMBT_OFFER_FXSAVE;
	bt_flush(v);
	EXPECT_INLINE(FXRSTOR FXSAVE, 1, FIP, FDP);
	v->shared->no_offers &= ~VMBT_OFFER_FXSAVE;
	bt_flush(v);
}

/* Stopped anywhere FXSAVE has not begun, and ECX is what it was. */
void test_fxsave_stopped(void)
{
	u32 rip, spilled = 0, kept = 0;
	u64 first;

	load(OTHER, FXSAVE "\xf4", 8);
	v->guest->eip = OTHER;
	check(bt_enter(v) == X_OK, "fxsave-stopped", "no unit", 0);
	first = v->frame.rip;
	for (rip = first; rip < first + 64; rip++) {
		v->frame.rip = rip;
		v->frame.gpr[VMBT_ECX] = 0x6001;
		v->mon->spill[VMBT_ECX] = 0x5001;
		v->raw = true;
		if (bt_sync(v) != X_OK || v->guest->eip != OTHER)
			continue;
		spilled += v->guest->gpr[VMBT_ECX] == 0x5001;
		kept += v->guest->gpr[VMBT_ECX] == 0x6001;
	}
	/* JECXZ, the callout, the reload; two MOVs and FXSAVE. */
	check(spilled == 3, "fxsave-stopped", "ECX is in its spill", spilled);
	check(kept == 3, "fxsave-stopped", "ECX is ECX", kept);
}

/* #GP of a misaligned operand (SDM vol. 2, FXSAVE), and a page with a trace. */
void test_fxsave_faults(void)
{
	static const u8 odd[] = { 0x0f, 0xae, 0x05, 0x08, 0x00, 0x22, 0x00, 0xf4 };
	static const u8 here[] = {
		0x0f, 0xae, 0x0d, 0x00, 0x10, 0x22, 0x00,	/* fxrstor [LOADED] */
		0x0f, 0xae, 0x05, 0x00, 0x08, 0x21, 0x00,	/* fxsave [OTHER + 800h] */
		0xf4,
	};
	u32 fip = 0;

	images();
	native_fpu_reset();
	load(OTHER, odd, sizeof(odd));
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ECX] = 0x7001;
	check(native_bt() == NS_FAULT && v->exc.vector == VMBT_VEC_GP && !v->exc.error,
	      "fxsave-faults", "vector", v->exc.vector);
	check(v->guest->eip == OTHER && v->guest->gpr[VMBT_ECX] == 0x7001, "fxsave-faults",
	      "state", v->guest->gpr[VMBT_ECX]);
	check(stored(0) == 0xcccccccc, "fxsave-faults", "stored", stored(0));
	load(OTHER, here, sizeof(here));
	check(go(OTHER) == NS_HLT, "fxsave-faults", "trace: did not end", 0);
	mmu_read_phys(v, OTHER + 0x808, &fip, 4);
	check(fip == FIP, "fxsave-faults", "trace: FIP", fip);
	check(!v->mon->x87_ours, "fxsave-faults", "trace: note", v->mon->x87_ours);
}
