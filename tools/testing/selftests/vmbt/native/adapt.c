// SPDX-License-Identifier: GPL-2.0
/*
 * Adaption: writes that keep meeting a trace become callouts, and come back when there is
 * none any more; those to page tables that have an alias ring 1 does itself.
 *
 * Tests of units.c's program.
 */
#include <string.h>
#include <sys/mman.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"

#define APART	(OTHER + 0x4000)	/* few tests write to this page */
#define NOTHING	0x02000000u	/* no memory is there */

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

/* Where no memory is: reads and writes of devices' registers. */
void test_adapt_device(void)
{
	static const u8 code[] = {
		0x83, 0x3e, 0xff,			/* cmp dword [esi], -1 */
		0x89, 0x4e, 0x04,			/* mov [esi + 4], ecx */
		0x0f, 0xb6, 0x5e, 0x01,			/* movzx ebx, byte [esi + 1] */
		0xf4,
	};
	u64 before, adapted = v->stats->adapted, unadapted = v->stats->unadapted;
	u32 at = APART + 0x1c0, i;

	native_floating = true;
	load(at, code, sizeof(code));
	for (i = 0; i < 8; i++) {
		v->guest->gpr[VMBT_ESI] = NOTHING;
		check(go(at) == NS_HLT, "adapt-device", "did not end", i);
	}
	check(v->stats->adapted == adapted + 3, "adapt-device", "adapted",
	      v->stats->adapted - adapted);
	/* A callout each, and one for HLT; what is read there is all ones. */
	for (i = 0; i < 40; i++) {
		before = callouts();
		check(go(at) == NS_HLT, "adapt-device", "did not end later", i);
		check(callouts() - before == 4, "adapt-device", "callouts", callouts() - before);
		check(v->guest->gpr[VMBT_EBX] == 0xff &&
		      (v->guest->eflags & VMBT_X86_EFLAGS_ZF), "adapt-device", "read", i);
	}
	check(v->stats->unadapted == unadapted, "adapt-device", "changed back", i);
	/* The same instructions in memory, until they are themselves again. */
	for (i = 0; i < 160; i++) {
		v->guest->gpr[VMBT_ESI] = 0x230000;
		memset(v->mon->hot, 1, sizeof(v->mon->hot));
		check(go(at) == NS_HLT, "adapt-device", "did not end in memory", i);
	}
	check(v->stats->unadapted == unadapted + 3, "adapt-device", "not changed back",
	      v->stats->unadapted - unadapted);
	native_floating = false;
}

/* Two instructions whose records are looked for in the same place first. */
void test_adapt_both(void)
{
	static const u8 code[] = {
		0x89, 0x0d, 0x00, 0x00, 0x23, 0x00,	/* mov [230000h], ecx */
		0xf4,
	};
	static const u32 at[] = { APART + 0x600, APART + 0x807 };
	u64 adapted = v->stats->adapted;
	u32 i, k;

	check(((at[0] ^ at[0] >> 9) - (at[1] ^ at[1] >> 9)) % BT_HOT == 0, "adapt-both",
	      "other places", 0);
	__real_mmu_trace_add(v, 0x230, MMU_TRACE_DESC);
	native_protect(0x230, NATIVE_TEST, true);
	for (k = 0; k < 2; k++) {
		load(at[k], code, sizeof(code));
		for (i = 0; i < 8; i++)
			check(go(at[k]) == NS_HLT, "adapt-both", "did not end", i);
		check(v->stats->adapted == adapted + k + 1, "adapt-both", "not adapted", k);
	}
	native_protect(0x230, NATIVE_TEST, false);
	__real_mmu_trace_del(v, 0x230, MMU_TRACE_DESC);
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

#define ALIAS	3u		/* a number */
#define TABLE	0x230000u	/* as if it were one */
/* No instruction there has met a trace before. */
#define WRITES	(OTHER + 0x940)
#define WRITE	(OTHER + 0x980)
#define GDT_WRITE	(OTHER + 0x9c0)

/* What ring 1 has in the place of TABLE: other memory here. */
static u32 *alias_page(void)
{
	static u32 *page;
	void *at = (void *)(u64)(MON_BASE + VMBT_MON_ALIAS + ALIAS * 4096);

	if (!page)
		page = mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			    MAP_FIXED, -1, 0);
	check(page == at, "alias", "no page", 0);
	return page;
}

/* All that ring 1 must be told for a write there. */
static void alias_shown(void)
{
	v->mon->alias[ALIAS].neg_page = -(TABLE >> 12);
	v->mon->alias[ALIAS].delta = VMBT_MON_ALIAS + ALIAS * 4096 - TABLE;
	v->mon->alias_ds = -(u32)(NATIVE_BT(VMBT_DS) << 3 | 7);
	v->mon->hot[vmbt_hot_index(TABLE)] = VMBT_MON_HOT_ALIAS + ALIAS;
	v->mon->log_left = VMBT_MON_LOG;
	memset(v->mon->log, 0, sizeof(v->mon->log));
}

static void alias_regs(void)
{
	v->guest->gpr[VMBT_EAX] = 0x11;
	v->guest->gpr[VMBT_EDX] = 0x22;
	v->guest->gpr[VMBT_ECX] = 0x33;
	v->guest->gpr[VMBT_EBX] = 0x44;
	v->guest->gpr[VMBT_EDI] = 5;
	v->guest->gpr[VMBT_ESI] = TABLE;
}

/* The program at @at has met the trace so often that @n instructions are callouts. */
static void alias_adapt(const char *name, u32 at, u32 n)
{
	u64 adapted = v->stats->adapted;
	u32 i;

	for (i = 0; i < 8; i++) {
		alias_regs();
		check(go(at) == NS_HLT, name, "did not end", i);
	}
	check(v->stats->adapted == adapted + n, name, "adapted", v->stats->adapted - adapted);
}

/* Writes that ring 1 does by itself, in each form that an instruction may have. */
void test_alias(void)
{
	static const u8 code[] = {
		0x89, 0x46, 0x08,			/* mov [esi + 8], eax */
		0x87, 0x56, 0x0c,			/* xchg [esi + 12], edx */
		0xf0, 0x0f, 0xb1, 0x4e, 0x10,		/* lock cmpxchg [esi + 16], ecx */
		0xf9,					/* stc */
		0x83, 0x14, 0xbe, 0x05,			/* adc dword [esi + edi * 4], 5 */
		0x0f, 0xba, 0x6e, 0x18, 0x03,		/* bts dword [esi + 24], 3 */
		0xc7, 0x46, 0x1c, 0x78, 0x56, 0x34, 0x12, /* mov dword [esi + 28], ... */
		0xf9,					/* stc */
		0xf7, 0x15, 0x24, 0x00, 0x23, 0x00,	/* not dword [230024h] */
		0x83, 0x96, 0x20, 0x00, 0x00, 0x00, 0xff, /* adc dword [esi + 32], -1 */
		0x9c, 0x5d,				/* pushf; pop ebp */
		0x80, 0x66, 0x28, 0xfd,			/* and byte [esi + 40], fdh */
		0xf4,
	};
	static const u32 was[] = { 0, 0, 7, 0xaa, 0x11, 0x100, 0, 0, 0, 0xf0, 0x777 };
	static const u32 will[] = { 0, 0, 0x11, 0x22, 0x33, 0x106, 8, 0x12345678, 0, ~0xf0u,
				     0x775 };
	static const u32 order[] = { 8, 12, 16, 20, 24, 28, 36, 32, 40 };
	u32 *page = alias_page(), i, got[11];
	const u32 *g = v->guest->gpr;
	u64 before;

	load(WRITES, code, sizeof(code));
	memset(v->mon->hot, 0, sizeof(v->mon->hot));
	__real_mmu_trace_add(v, TABLE >> 12, MMU_TRACE_DESC);
	native_protect(TABLE >> 12, NATIVE_TEST, true);
	alias_adapt("alias", WRITES, ARRAY_SIZE(order));
	load(TABLE, was, sizeof(was));
	memcpy(page, was, sizeof(was));
	alias_shown();
	alias_regs();
	before = callouts();
	check(go(WRITES) == NS_HLT, "alias", "did not end", 0);
	check(callouts() - before <= 2, "alias", "callouts", callouts() - before);
	for (i = 0; i < ARRAY_SIZE(will); i++)
		check(page[i] == will[i], "alias", "written", (u64)i << 32 | page[i]);
	mmu_read_phys(v, TABLE, got, sizeof(got));
	check(!memcmp(got, was, sizeof(was)), "alias", "the page itself was written", 0);
	check(g[VMBT_EAX] == 0x11 && g[VMBT_EDX] == 0xaa && g[VMBT_ECX] == 0x33 &&
	      g[VMBT_EBX] == 0x44 && g[VMBT_ESI] == TABLE && g[VMBT_EDI] == 5, "alias",
	      "registers", g[VMBT_EDX]);
	/* 0 - 1 + 1: zero, with a carry. */
	check((g[VMBT_EBP] & 0x8d5) == 0x55, "alias", "flags", g[VMBT_EBP]);
	check(v->mon->log_left == VMBT_MON_LOG - ARRAY_SIZE(order), "alias", "notes left",
	      v->mon->log_left);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		check(v->mon->log[VMBT_MON_LOG - 1 - i] ==
		      VMBT_MON_ALIAS + ALIAS * 4096 + order[i], "alias", "note", i);
	native_protect(TABLE >> 12, NATIVE_TEST, false);
	__real_mmu_trace_del(v, TABLE >> 12, MMU_TRACE_DESC);
}

/* All that ring 1 must be told where it is the GDT's alias; page tables' notes stay. */
static void gdt_shown(void)
{
	alias_shown();
	v->mon->alias[ALIAS].neg_page = VMBT_MON_NONE;
	v->mon->alias[VMBT_MON_GDT_ALIAS].neg_page = -(TABLE >> 12);
	v->mon->alias[VMBT_MON_GDT_ALIAS].delta = VMBT_MON_ALIAS + ALIAS * 4096 - TABLE;
	v->mon->log_left = 7;
	memset(v->mon->gdt_log, 0, sizeof(v->mon->gdt_log));
	v->mon->gdt_left = VMBT_MON_LOG;
}

/* A write to the GDT has a note of another kind, whatever the hint; or is the VMM's, too. */
void test_alias_gdt(void)
{
	static const u8 code[] = { 0x89, 0x46, 0x08, 0xf4 };	/* mov [esi + 8], eax; hlt */
	static const u8 hints[] = { VMBT_MON_HOT_ALIAS + VMBT_MON_GDT_ALIAS,
				    VMBT_MON_HOT_ALIAS + ALIAS, 1 };
	const u32 at = VMBT_MON_ALIAS + ALIAS * 4096 + 8, note = VMBT_MON_LOG - 1;
	u32 *page = alias_page(), i, off, val;
	u64 before;

	load(GDT_WRITE, code, sizeof(code));
	memset(v->mon->hot, 0, sizeof(v->mon->hot));
	__real_mmu_trace_add(v, TABLE >> 12, MMU_TRACE_DESC);
	native_protect(TABLE >> 12, NATIVE_TEST, true);
	alias_adapt("alias-gdt", GDT_WRITE, 1);
	for (i = 0; i < 7; i++) {
		alias_regs();
		off = i == 4 ? 9 : 8;
		v->guest->gpr[VMBT_EAX] = 0x2000 + i;
		v->guest->gpr[VMBT_ESI] = TABLE + off - 8;
		memset(page, 0, 16);
		gdt_shown();
		v->mon->hot[vmbt_hot_index(TABLE)] = hints[i < 3 ? i : 0];
		if (i == 3)
			v->mon->gdt_left = 0;
		else if (i == 5)
			v->mon->alias_ds = VMBT_MON_NONE;
		else if (i == 6)
			v->mon->alias[VMBT_MON_GDT_ALIAS].neg_page = VMBT_MON_NONE;
		before = callouts();
		check(go(GDT_WRITE) == NS_HLT, "alias-gdt", "did not end", i);
		check(v->guest->gpr[VMBT_ECX] == 0x33 && v->guest->gpr[VMBT_EDX] == 0x22,
		      "alias-gdt", "registers", i);
		check(v->mon->log_left == 7 && !v->mon->log[6], "alias-gdt", "another note", i);
		if (i > 3) {
			mmu_read_phys(v, TABLE + off, &val, 4);
			check(val == 0x2000 + i && !page[2] && !page[3] &&
			      v->mon->gdt_left == VMBT_MON_LOG, "alias-gdt", "by the alias", i);
			continue;
		}
		check(page[2] == 0x2000 + i && callouts() - before <= 2, "alias-gdt",
		      "not by the alias", i);
		/* Where there is no room left nothing says more. */
		check(v->mon->gdt_left == (i == 3 ? 0 : note) &&
		      v->mon->gdt_log[note] == (i == 3 ? 0 : at), "alias-gdt", "note", i);
	}
	v->mon->alias[VMBT_MON_GDT_ALIAS].neg_page = VMBT_MON_NONE;
	native_protect(TABLE >> 12, NATIVE_TEST, false);
	__real_mmu_trace_del(v, TABLE >> 12, MMU_TRACE_DESC);
}

/* Where one thing is not as it must be the write is the VMM's. */
void test_alias_not(void)
{
	static const u8 code[] = { 0x89, 0x46, 0x08, 0xf4 };	/* mov [esi + 8], eax; hlt */
	u32 *page = alias_page(), i, val;
	u64 before;

	load(WRITE, code, sizeof(code));
	memset(v->mon->hot, 0, sizeof(v->mon->hot));
	__real_mmu_trace_add(v, TABLE >> 12, MMU_TRACE_DESC);
	native_protect(TABLE >> 12, NATIVE_TEST, true);
	alias_adapt("alias-not", WRITE, 1);
	for (i = 0; i < 8; i++) {
		u32 off = i == 1 ? 9 : i == 2 ? 0xff6 : 8;

		alias_regs();
		v->guest->gpr[VMBT_EAX] = 0x1000 + i;
		v->guest->gpr[VMBT_ESI] = TABLE + off - 8;
		page[off / 4] = 0;
		page[(off / 4 + 1) % 1024] = 0;
		alias_shown();
		switch (i) {
		case 3:		/* another page with the same hint */
			v->mon->alias[ALIAS].neg_page = -(TABLE >> 12 | 0x1000);
			break;
		case 4:
			v->mon->alias[ALIAS].neg_page = VMBT_MON_NONE;
			break;
		case 5:
			v->mon->alias_ds = VMBT_MON_NONE;
			break;
		case 6:
			v->mon->log_left = 0;
			break;
		case 7:
			v->mon->hot[vmbt_hot_index(TABLE)] = 1;
			break;
		}
		before = callouts();
		check(go(WRITE) == NS_HLT, "alias-not", "did not end", i);
		mmu_read_phys(v, TABLE + off, &val, 4);
		if (!i) {
			check(page[2] == 0x1000 && callouts() - before <= 2, "alias-not",
			      "not by the alias", page[2]);
			continue;
		}
		check(val == 0x1000 + i && !page[off / 4] && !page[(off / 4 + 1) % 1024],
		      "alias-not", "by the alias", i);
		check(v->mon->log_left == (i == 6 ? 0 : VMBT_MON_LOG), "alias-not", "noted", i);
	}
	native_protect(TABLE >> 12, NATIVE_TEST, false);
	__real_mmu_trace_del(v, TABLE >> 12, MMU_TRACE_DESC);
}

/* Stopped anywhere: up to the write nothing has been done, behind it all of it has. */
void test_alias_stopped(void)
{
	static const u8 code[] = { 0x89, 0x46, 0x08, 0xf4 };	/* mov [esi + 8], eax; hlt */
	/* Of each instruction there: is the write behind, is ECX in its spill. */
	static const struct { u8 behind, spilled; } want[] = {
		{ 0, 0 }, { 0, 0 }, { 0, 1 }, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 1, 0 },
	};
	u32 at, i, n = 0;
	const struct bt_unit *u;
	const u8 *tc;

	load(WRITE, code, sizeof(code));
	v->guest->eip = WRITE;
	check(bt_enter(v) == X_OK, "alias-stopped", "no unit", 0);
	u = bt_unit(v->bt, bt_unit_at(v->bt, v->frame.rip));
	tc = bt_code(v->bt, v->frame.rip);
	/* MOV GS:[site], imm32 and the JMP; the instruction itself; that for the alias. */
	for (at = 0; at < 64; at++)
		if (tc[at] == 0x65 && tc[at + 1] == 0xc7 &&
		    tc[at + 3] == offsetof(struct vmbt_mon, site))
			break;
	at += (u32)v->frame.rip - u->tc + 11 + RING1_JMP_LEN + RING1_ALIAS_LEN;
	for (i = 0; i < u->nr_map && n < ARRAY_SIZE(want); i++) {
		const struct bt_map *m = bt_map(v->bt, u->map + i);

		if (m->tc_off < at)
			continue;
		check(n || m->tc_off == at, "alias-stopped", "begins elsewhere", m->tc_off);
		v->frame.rip = u->tc + m->tc_off;
		v->frame.gpr[VMBT_ECX] = 0xc0de;
		v->mon->spill[VMBT_ECX] = 0x33;
		v->raw = true;
		check(bt_sync(v) == X_OK, "alias-stopped", "no state", n);
		check(v->guest->eip == WRITE + 3u * want[n].behind, "alias-stopped", "eip", n);
		check(v->guest->gpr[VMBT_ECX] == (want[n].spilled ? 0x33 : 0xc0de),
		      "alias-stopped", "ecx", n);
		n++;
	}
	check(n == ARRAY_SIZE(want), "alias-stopped", "instructions", n);
}
