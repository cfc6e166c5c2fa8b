// SPDX-License-Identifier: GPL-2.0
/*
 * What calls and returns cost on the real CPU: cycles of the time stamp counter, raw and
 * translated. The benchmark counts instructions, and knows nothing of predictors.
 *
 * No test: prints numbers. Each is the least of many runs of one loop, less those of
 * the same loop without what is measured; NO_OFFERS in the environment switches off
 * what the translator does about it, as for the others.
 */
#include <stdio.h>
#include <string.h>
#include <x86intrin.h>

#include "native.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"

#define CODE	0x00200000u
#define FUNCS	0x00208000u
#define STACK	0x00400000u
#define ROUNDS	2000u
#define RUNS	300

static u8 code[0x4000];
static u32 len;

static void emit(const void *p, u32 n)
{
	memcpy(code + len, p, n);
	len += n;
}

static void emit32(u8 op, u32 x)
{
	emit(&op, 1);
	emit(&x, 4);
}

static void call(u32 to)
{
	emit32(0xe8, to - (CODE + len + 5));
}

static void begin(void)
{
	len = 0;
	emit32(0xb9, ROUNDS);			/* mov ecx, ROUNDS */
	emit32(0xba, FUNCS);			/* mov edx, f */
}

/* dec ecx; jnz back to the first CALL; hlt */
static void end(void)
{
	u32 top = 10;

	emit("\x49\x0f\x85", 3);
	len += 4;
	memcpy(code + len - 4, &(u32){ top - len }, 4);
	emit("\xf4", 1);
}

static u64 cycles(enum native_stop (*how)(void))
{
	struct vmbt_guest *g = native_vcpu.guest;
	u64 least = ~0ULL, t;
	u32 i;

	mmu_write_phys(&native_vcpu, CODE, code, len);
	for (i = 0; i < RUNS; i++) {
		g->eip = CODE;
		g->gpr[VMBT_ESP] = STACK;
		g->eflags = 0x202;
		t = __rdtsc();
		if (how() != NS_HLT)
			return 0;
		t = __rdtsc() - t;
		if (t < least)
			least = t;
	}
	return least;
}

/* @kind: what a round does @n times; @n of 0 is the loop alone */
static void body(const char *kind, u32 n)
{
	u32 i;

	begin();
	for (i = 0; i < n; i++) {
		if (!strcmp(kind, "call_ret"))
			call(FUNCS);
		else if (!strcmp(kind, "nested"))
			call(FUNCS + 0x100);
		else if (!strcmp(kind, "many"))
			call(FUNCS + 0x10 * (i % 8));
		else
			emit("\xff\xd2", 2);	/* call edx */
	}
	end();
}

int main(void)
{
	static const char * const kinds[] = { "call_ret", "call_indirect", "nested", "many" };
	/* f: ret; eight of them. 100h: four deep. */
	u8 funcs[0x180];
	u32 i;

	native_init();
	native_reset(true, 0);
	memset(funcs, 0x90, sizeof(funcs));
	for (i = 0; i < 8; i++)
		funcs[0x10 * i] = 0xc3;
	for (i = 0; i < 4; i++) {
		u8 *p = funcs + 0x100 + 0x10 * i;

		p[0] = 0xe8;			/* call the next */
		memcpy(p + 1, &(u32){ 0x0b }, 4);
		p[5] = 0xc3;
	}
	funcs[0x140] = 0xc3;
	mmu_write_phys(&native_vcpu, FUNCS, funcs, sizeof(funcs));
	for (i = 0; i < 4; i++) {
		u64 raw0, bt0, raw, bt;
		u32 n = 16;

		body(kinds[i], 0);
		raw0 = cycles(native_raw);
		bt0 = cycles(native_bt);
		body(kinds[i], n);
		raw = cycles(native_raw) - raw0;
		bt = cycles(native_bt) - bt0;
		n *= ROUNDS * (i == 2 ? 5 : 1);
		printf("%-14s raw %6.2f  translated %6.2f\n", kinds[i], (double)raw / n,
		       (double)bt / n);
	}
	return 0;
}
