// SPDX-License-Identifier: GPL-2.0
/*
 * Adaption: writes that keep meeting a trace become callouts, and come back when there is
 * none any more.
 *
 * Tests of units.c's program.
 */
#include <string.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"

/* A write that keeps meeting a trace becomes a callout, and none again later. */
void test_adapt(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x89, 0x0d, 0x00, 0x00, 0x23, 0x00,	/* top: mov [230000h], ecx */
		0x01, 0x0d, 0x04, 0x00, 0x23, 0x00,	/* add [230004h], ecx */
		0x9c, 0x5a,				/* pushf; pop edx */
		0x49,
		0x75, 0xef,				/* jnz top */
		0xf4,
	};
	u64 before, zero = 0, adapted = v->stats->adapted;
	u64 unadapted = v->stats->unadapted;
	u32 sum, i;

	load(OTHER, code, sizeof(code));
	load(0x230000, &zero, 8);
	__real_mmu_trace_add(v, 0x230, MMU_TRACE_DESC);
	native_protect(0x230, NATIVE_TEST, true);
	before = callouts();
	check(go(OTHER) == NS_HLT, "adapt", "did not end", 0);
	mmu_read_phys(v, 0x230004, &sum, 4);
	check(sum == 500500, "adapt", "sum", sum);
	check(v->stats->adapted - adapted == 2, "adapt", "instructions adapted",
	      v->stats->adapted - adapted);
	check(callouts() - before > 1900, "adapt", "callouts",
	      callouts() - before);
	check(v->stats->unadapted == unadapted, "adapt", "changed back", 0);
	native_protect(0x230, NATIVE_TEST, false);
	__real_mmu_trace_del(v, 0x230, MMU_TRACE_DESC);
	load(0x230000, &zero, 8);
	/* The first one finds out. */
	before = callouts();
	v->guest->gpr[VMBT_ECX] = 100;
	check(go(OTHER + 5) == NS_HLT, "adapt", "did not end later", 0);
	mmu_read_phys(v, 0x230004, &sum, 4);
	check(sum == 5050, "adapt", "sum later", sum);
	check(callouts() - before <= 3 + 200 / RING1_COLD + 1, "adapt", "callouts later",
	      callouts() - before);
	check(v->stats->unadapted == unadapted, "adapt", "changed back at once", 0);
	/* It is asked for nothing only so long. */
	for (i = 0; i < 2; i++)
		check(go(OTHER) == NS_HLT, "adapt", "did not end", i);
	before = callouts();
	check(go(OTHER) == NS_HLT, "adapt", "did not end", i);
	check(v->stats->unadapted - unadapted == 2 && callouts() == before + 1, "adapt",
	      "asks for nothing", callouts() - before);
}

/* Where the hint is wrong all the time, a write is copied again. */
void test_adapt_misled(void)
{
	static const u8 code[] = {
		0x89, 0x0d, 0x00, 0x00, 0x23, 0x00,	/* mov [230000h], ecx */
		0xf4,
	};
	u64 before, adapted = v->stats->adapted, unadapted = v->stats->unadapted;
	u32 i;

	load(OTHER, code, sizeof(code));
	__real_mmu_trace_add(v, 0x230, MMU_TRACE_DESC);
	native_protect(0x230, NATIVE_TEST, true);
	for (i = 0; i < 8; i++)
		check(go(OTHER) == NS_HLT, "adapt-misled", "did not end", i);
	check(v->stats->adapted == adapted + 1, "adapt-misled", "not adapted", i);
	native_protect(0x230, NATIVE_TEST, false);
	__real_mmu_trace_del(v, 0x230, MMU_TRACE_DESC);
	before = callouts();
	for (i = 0; i < 80; i++) {
		memset(v->mon->hot, 1, sizeof(v->mon->hot));
		check(go(OTHER) == NS_HLT, "adapt-misled", "did not end at last", i);
	}
	check(v->stats->unadapted == unadapted + 1, "adapt-misled", "not changed back", 0);
	check(callouts() - before == 80 + 32, "adapt-misled", "callouts", callouts() - before);
}

/* And others where no page has a trace do not become one. */
void test_adapt_elsewhere(void)
{
	static const u8 code[] = {
		0xbb, 0x10, 0x00, 0x00, 0x00,		/* mov ebx, 16 */
		0xb8, 0x00, 0x00, 0x23, 0x00,		/* top: mov eax, 230000h */
		0x9c,					/* pushf */
		0xf9,					/* stc */
		0xf0, 0x10, 0x40, 0x08,			/* lock adc [eax + 8], al */
		0x83, 0x54, 0x24, 0x00, 0x00,		/* adc dword [esp], 0 */
		0x05, 0x00, 0x10, 0x00, 0x00,		/* add eax, 1000h */
		0xf9,					/* stc */
		0xf0, 0x10, 0x40, 0x08,			/* lock adc [eax + 8], al */
		0x0f, 0x92, 0xc1,			/* setc cl */
		0x9d,					/* popf */
		0x4b,					/* dec ebx */
		0x75, 0xdf,				/* jnz top */
		0xf4,
	};
	u64 before, zero[2] = { 0 }, adapted = v->stats->adapted;
	u8 sum[2];

	load(OTHER, code, sizeof(code));
	load(0x230008, zero, 8);
	load(0x231008, zero, 8);
	memset(v->mon->hot, 0, sizeof(v->mon->hot));
	__real_mmu_trace_add(v, 0x230, MMU_TRACE_DESC);
	native_protect(0x230, NATIVE_TEST, true);
	check(go(OTHER) == NS_HLT && go(OTHER) == NS_HLT, "adapt-elsewhere", "did not end", 0);
	/* The first instruction by the trace; the one on the stack and the last never. */
	check(v->stats->adapted - adapted == 1, "adapt-elsewhere", "adapted",
	      v->stats->adapted - adapted);
	before = callouts();
	check(go(OTHER) == NS_HLT, "adapt-elsewhere", "did not end again", 0);
	check(callouts() - before == 17, "adapt-elsewhere", "callouts", callouts() - before);
	/* The same instruction where there is no trace. */
	native_protect(0x230, NATIVE_TEST, false);
	__real_mmu_trace_del(v, 0x230, MMU_TRACE_DESC);
	memset(v->mon->hot, 0, sizeof(v->mon->hot));
	v->mon->cold_left = RING1_COLD;
	before = callouts();
	check(go(OTHER) == NS_HLT, "adapt-elsewhere", "did not end at last", 0);
	check(callouts() - before == 1, "adapt-elsewhere", "callouts for nothing",
	      callouts() - before);
	mmu_read_phys(v, 0x230008, &sum[0], 1);
	mmu_read_phys(v, 0x231008, &sum[1], 1);
	/* AL is 0: the carry is all that is added, 16 times in four runs. */
	check(sum[0] == 64 && sum[1] == 64, "adapt-elsewhere", "sums",
	      sum[0] << 8 | sum[1]);
}

/* The only unit of a page is dropped to be adapted: no trace stays behind. */
void test_adapt_alone(void)
{
	static const u8 code[] = { 0x89, 0x0d, 0x00, 0x00, 0x23, 0x00, 0xf4 };
	u64 adapted = v->stats->adapted;
	u32 i;

	load(0x240000, code, sizeof(code));
	for (i = 0; i < 100 && v->stats->adapted == adapted; i++) {
		v->guest->eip = 0x240000;
		check(bt_enter(v) == X_OK && bt_sync(v) == X_OK, "adapt-alone",
		      "no unit", i);
		check(native_protected(0x240000), "adapt-alone", "no trace", i);
		bt_adapt_fault(v, 0x230000);
	}
	check(v->stats->adapted == adapted + 1, "adapt-alone", "not adapted", i);
	check(!native_protected(0x240000), "adapt-alone",
	      "a trace without code", 0);
}

/* Switched off: each write faults, however often it has met a trace. */
void test_adapt_off(void)
{
	static const u8 code[] = {
		0xb9, 0x64, 0x00, 0x00, 0x00,		/* mov ecx, 100 */
		0x89, 0x0d, 0x00, 0x00, 0x23, 0x00,	/* top: mov [230000h], ecx */
		0x49,
		0x75, 0xf7,				/* jnz top */
		0xf4,
	};
	u64 before, adapted = v->stats->adapted;

	v->shared->no_offers = VMBT_OFFER_ADAPT;
	load(OTHER, code, sizeof(code));
	__real_mmu_trace_add(v, 0x230, MMU_TRACE_DESC);
	native_protect(0x230, NATIVE_TEST, true);
	go(OTHER);
	before = callouts();
	check(go(OTHER) == NS_HLT, "adapt-off", "did not end", 0);
	check(v->stats->adapted == adapted, "adapt-off", "adapted", v->stats->adapted - adapted);
	check(callouts() - before == 1, "adapt-off", "callouts", callouts() - before);
	native_protect(0x230, NATIVE_TEST, false);
	__real_mmu_trace_del(v, 0x230, MMU_TRACE_DESC);
	v->shared->no_offers = 0;
}
