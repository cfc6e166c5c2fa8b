// SPDX-License-Identifier: GPL-2.0
/*
 * The life of translations: chaining, invalidation, self-modifying code,
 * epochs, flushes, and what the way back makes of hostile addresses.
 *
 * Each test runs a short program on the real CPU through the translator and
 * looks at its result and at how often the VMM was needed for it.
 */
#include <stdio.h>
#include <string.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"
#include "../../../../../arch/x86/vmbt/include/layout.h"

static int failed;
u32 *eax;

void check(bool ok, const char *name, const char *what, u64 got)
{
	if (ok)
		return;
	printf("not ok %s: %s (%llu)\n", name, what, got);
	failed++;
}

void load(u32 at, const void *code, u32 len)
{
	mmu_write_phys(v, at, code, len);
}

enum native_stop go(u32 eip)
{
	enum native_stop why;

	struct vmbt_guest *g = v->guest;

	g->eip = eip;
	g->gpr[VMBT_ESP] = STACK;
	g->eflags = 0x202;
	why = native_bt();
	if (why != NS_HLT)
		printf("# stopped: %d, vector %d, eip %08x\n", why,
		       v->exc.vector, g->eip);
	return why;
}

u64 callouts(void)
{
	return v->stats->callouts;
}

void enter_site(const char *name)
{
	const u8 *tc;
	u32 i;

	check(bt_enter(v) == X_OK, name, "no unit", 0);
	/* MOV GS:[site], imm32 */
	tc = bt_code(v->bt, v->frame.rip);
	for (i = 0; i < 128; i++)
		if (tc[i] == 0x65 && tc[i + 1] == 0xc7 &&
		    tc[i + 3] == offsetof(struct vmbt_mon, site))
			break;
	check(i < 128, name, "no site", 0);
	memcpy(&v->mon->site, tc + i + 7, 4);
}

/* A loop of two chained units, a million rounds: no VMM in between. */
static void test_chain(void)
{
	static const u8 code[] = {
		0x31, 0xc0,				/* xor eax, eax */
		0xb9, 0x40, 0x42, 0x0f, 0x00,		/* mov ecx, 1000000 */
		0xa8, 0x01,				/* top: test al, 1 */
		0x74, 0x01,				/* jz +1 */
		0x90,
		0x40,					/* inc eax */
		0x49,					/* dec ecx */
		0x75, 0xf7,				/* jnz top */
		0xf4,
	};
	u64 before;

	load(CODE, code, sizeof(code));
	before = callouts();
	check(go(CODE) == NS_HLT, "chain", "did not end", 0);
	check(*eax == 1000000, "chain", "eax", *eax);
	check(callouts() - before < 12, "chain", "callouts",
	      callouts() - before);
	before = callouts();
	go(CODE);
	check(callouts() - before <= 2, "chain", "callouts the second time",
	      callouts() - before);
}

/* @at: lea eax, [eax + add]; jmp to */
static void load_add(u32 at, u8 add, u32 to)
{
	u8 code[] = { 0x8d, 0x40, add, 0xe9, 0, 0, 0, 0 };

	memcpy(code + 4, &(u32){ to - (at + 8) }, 4);
	load(at, code, sizeof(code));
}

/*
 * A unit goes on behind branches ahead, until it has four ways out. Each of them is
 * chained, goes away with the unit it leads to, or with the epoch, and comes again.
 */
static void test_ahead(void)
{
	static const u8 code[] = {
		0x31, 0xc0,				/* xor eax, eax */
		0xb9, 0x40, 0x1f, 0x00, 0x00,		/* mov ecx, 8000 */
		0xf6, 0xc1, 0x01,			/* 7: test cl, 1 */
		0x0f, 0x84, 0xf0, 0xff, 0x00, 0x00,	/* jz 220000h */
		0xf6, 0xc1, 0x02,			/* test cl, 2 */
		0x0f, 0x84, 0xe7, 0xff, 0x01, 0x00,	/* jz 230000h */
		0xf6, 0xc1, 0x04,			/* test cl, 4 */
		0x0f, 0x84, 0xde, 0xff, 0x02, 0x00,	/* jz 240000h */
		0x40,					/* 22: inc eax */
		0x49,					/* 23: dec ecx */
		0x75, 0xe1,				/* jnz 7 */
		0xf4,
	};
	static const u32 to[] = { 0x220000, 0x230000, 0x240000, OTHER + 0x22 };
	u64 before = callouts();
	const struct bt_unit *u;
	u32 i;

	load(OTHER, code, sizeof(code));
	load_add(0x220000, 1, OTHER + 0x23);
	load_add(0x230000, 16, OTHER + 0x23);
	load_add(0x240000, 64, OTHER + 0x23);
	check(go(OTHER) == NS_HLT && *eax == 4000 + 2000 * 16 + 1000 * 64 + 1000, "ahead",
	      "eax", *eax);
	check(callouts() - before < 16, "ahead", "callouts", callouts() - before);
	load_add(0x230000, 32, OTHER + 0x23);
	go(OTHER);
	check(*eax == 4000 + 2000 * 32 + 1000 * 64 + 1000, "ahead", "another second", *eax);
	load_add(0x240000, 127, OTHER + 0x23);
	bt_end_epoch(v);
	go(OTHER);
	check(*eax == 4000 + 2000 * 32 + 1000 * 127 + 1000, "ahead", "another third", *eax);
	for (i = 0; i < v->bt->nr_units; i++)
		if (bt_unit(v->bt, i)->eip == OTHER + 7 &&
		    !(bt_unit(v->bt, i)->flags & BT_U_DEAD))
			break;
	u = bt_unit(v->bt, i);
	check(i < v->bt->nr_units && u->nr_ex == 4 && u->len == 0x22 - 7, "ahead", "its length",
	      u->len);
	for (i = 0; i < 4; i++) {
		v->frame.rip = u->tc + u->ex[i].slot;
		v->raw = true;
		check(bt_sync(v) == X_OK && v->guest->eip == to[i], "ahead", "exit", i);
	}
	/* What a RET at the end of a unit spills is no matter of its other exits. */
	load(OTHER, (u8 []){ 0x74, 0x02, 0xc3, 0x90, 0xf4 }, 5);	/* jz +2; ret */
	v->guest->eip = OTHER;
	check(bt_enter(v) == X_OK, "ahead", "no unit", 0);
	u = bt_unit(v->bt, bt_unit_at(v->bt, v->frame.rip));
	v->frame.rip = u->tc + u->ex[0].slot;
	v->frame.gpr[VMBT_ECX] = 0x6001;
	v->mon->spill[VMBT_ECX] = 0x5001;
	v->raw = true;
	check(bt_sync(v) == X_OK && v->guest->eip == OTHER + 4 &&
	      v->guest->gpr[VMBT_ECX] == 0x6001, "ahead", "ecx", v->guest->gpr[VMBT_ECX]);
}

/* Not where it is switched off: then a unit ends at its first branch. */
static void test_not_ahead(void)
{
	static const u8 code[] = { 0x74, 0x01, 0x90, 0x75, 0x01, 0x90, 0xc3 };
	const struct bt_unit *u;
	u32 off, len = 0;

	load(OTHER, code, sizeof(code));
	for (off = 0; off < 2; off++) {
		v->shared->no_offers = off ? VMBT_OFFER_AHEAD : 0;
		bt_flush(v);
		v->guest->eip = OTHER;
		check(bt_enter(v) == X_OK, "not-ahead", "no unit", off);
		u = bt_unit(v->bt, bt_unit_at(v->bt, v->frame.rip));
		len = u->len;
		check(len == (off ? 2 : 7), "not-ahead", "its length", len);
	}
	v->shared->no_offers = 0;
	bt_flush(v);
}

/* Calls and returns find each other in the inline hash. */
static void test_hash(void)
{
	static const u8 code[] = {
		0x31, 0xc0,
		0xb9, 0xa0, 0x86, 0x01, 0x00,		/* mov ecx, 100000 */
		0xba, 0x20, 0x00, 0x20, 0x00,		/* mov edx, f */
		0xe8, 0x0f, 0x00, 0x00, 0x00,		/* top: call f */
		0xff, 0xd2,				/* call edx */
		0x49,
		0x75, 0xf6,				/* jnz top */
		0xf4,
		0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
		0x40,					/* 20h f: inc eax */
		0xc3,
	};
	u64 before = callouts();

	load(CODE, code, sizeof(code));
	check(go(CODE) == NS_HLT, "hash", "did not end", 0);
	check(*eax == 200000, "hash", "eax", *eax);
	check(callouts() - before < 20, "hash", "callouts",
	      callouts() - before);
}

/*
 * Calls and returns to addresses whose low halves are the same: one of each pair is
 * in the inline hash, the other in the second table. Flags are kept, and an epoch's
 * end or another translation is noticed.
 */
static void test_second(void)
{
	/* EIPs whose place a free entry has. */
	static const u32 free_places[] = { 0, 1, -1, 0x10000 };
	static const u8 code[] = {
		0x31, 0xc0,				/* xor eax, eax */
		0xb9, 0xa0, 0x86, 0x01, 0x00,		/* mov ecx, 100000 */
		0xba, 0x00, 0x00, 0x22, 0x00,		/* mov edx, f */
		0xbe, 0x00, 0x00, 0x23, 0x00,		/* mov esi, g */
		0xbf, 0x00, 0x00, 0x24, 0x00,		/* mov edi, h */
		0xf9,					/* top: stc */
		0xff, 0xd2,				/* call edx */
		0x83, 0xd0, 0x00,			/* adc eax, 0 */
		0xff, 0xd6,				/* call esi */
		0x83, 0xd0, 0x00,			/* adc eax, 0 */
		0x49,
		0x75, 0xf2,				/* jnz top */
		0xf4,
	};
	static const u8 twice[] = {
		0x51,					/* push ecx */
		0xff, 0xd7,				/* call edi */
		0xc3,					/* ret */
	};
	static u8 h[] = {
		0x8d, 0x40, 0x01,			/* lea eax, [eax + 1] */
		0xf9,					/* stc */
		0xc2, 0x04, 0x00,			/* ret 4 */
	};
	u64 before = callouts();

	load(OTHER, code, sizeof(code));
	load(0x220000, twice, sizeof(twice));
	load(0x230000, twice, sizeof(twice));
	load(0x240000, h, sizeof(h));
	check(go(OTHER) == NS_HLT, "second", "did not end", 0);
	check(*eax == 400000, "second", "eax", *eax);
	check(v->guest->gpr[VMBT_EDX] == 0x220000 && v->guest->gpr[VMBT_ESP] == STACK,
	      "second", "edx", v->guest->gpr[VMBT_EDX]);
	check(callouts() - before < 30, "second", "callouts", callouts() - before);
	check(v->bt->hash[0].second_used, "second", "nothing is in the table", 0);
	/* f is another one now, in whichever table it is. */
	load(0x220000, h, sizeof(h) - 3);
	load(0x220004, (u8 []){ 0xf8, 0xc3 }, 2);	/* clc; ret */
	check(go(OTHER) == NS_HLT && *eax == 300000, "second", "another f", *eax);
	load(0x230000, h, sizeof(h) - 3);
	load(0x230004, (u8 []){ 0xf8, 0xc3 }, 2);
	check(go(OTHER) == NS_HLT && *eax == 200000, "second", "another g", *eax);
	bt_end_epoch(v);
	for (u32 i = 0; i < VMBT_MON_HASH2_ENTRIES; i++)
		check(bt_hash_entry(v->bt->hash[0].second, i)->target == bt_ring1_away(), "second",
		      "left after an epoch", i);
	for (u32 i = 0; i < 4; i++)
		check(!bt_hash_find(&v->bt->hash[0], free_places[i]),
		      "second", "found in an empty table", i);
}

/*
 * Stopped anywhere in the lookup, the guest is before its RET, or behind it where
 * that is what the callout says. Where CS is flat there is none (heads.c).
 */
static void test_second_undone(void)
{
	static const u8 code[] = { 0xc2, 0x08, 0x00 };	/* ret 8 */
	const struct ring1_map *m = ring1_map;
	u32 from = ring1_lookup - ring1_code, n = 0, i;

	load(OTHER, code, sizeof(code));
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ESP] = STACK;
	v->guest->seg[VMBT_CS].limit = 0x7fffffff;
	enter_site("second-undone");
	for (; m < ring1_map_end; m++) {
		bool call = m->kind == RING1_M_MISS, edx = m->off > from;

		if (m->kind != RING1_M_LOOKUP && !call)
			continue;
		for (i = 0; i < 3; i++) {
			v->mon->spill[i] = 0x5000 + i;
			v->frame.gpr[i] = 0x6000 + i;
		}
		v->frame.rsp = STACK + 4;
		v->frame.rip = VMBT_MON_RT + m->off + 2 * call;
		v->raw = true;
		if (call)
			check(bt_callout(v) == BT_INDIRECT, "second-undone", "callout", 0);
		else
			check(bt_sync(v) == X_OK, "second-undone", "no state", m->off);
		check(v->guest->eip == (call ? 0x6000 : OTHER), "second-undone", "eip",
		      v->guest->eip);
		check(v->guest->gpr[VMBT_ESP] == (call ? STACK + 12 : STACK), "second-undone",
		      "esp", v->guest->gpr[VMBT_ESP]);
		check(v->guest->gpr[VMBT_EAX] == 0x5000 && v->guest->gpr[VMBT_ECX] == 0x5001 &&
		      v->guest->gpr[VMBT_EDX] == (edx ? 0x5002 : 0x6002), "second-undone",
		      "registers at", m->off - from);
		n++;
	}
	check(n > 10, "second-undone", "instructions", n);
	/* Of a site that is no lookup's there is no state. */
	v->mon->site = 0;
	v->frame.rip = VMBT_MON_RT + from;
	v->raw = true;
	check(bt_sync(v) != X_OK, "second-undone", "no site, but a state", 0);
}

/* The VMM writes code; the guest writes code, even the next instruction. */
static void test_invalidate(void)
{
	static u8 code[] = {
		0xc6, 0x05, 0x08, 0x00, 0x20, 0x00, 0x07, /* mov [8], 7 */
		0xb0, 0x01,				/* mov al, 1 */
		0xf4,
	};
	static const u8 skip[] = { 0x31, 0xc0, 0xeb, 0x01, 0x40, 0xf4 };
	u8 five = 5, zero = 0, nop[7];

	load(CODE, code, sizeof(code));
	check(go(CODE) == NS_HLT && (u8)*eax == 7, "invalidate",
	      "next instruction modified", (u8)*eax);
	memset(nop, 0x90, 7);
	load(CODE, nop, 7);
	load(CODE + 8, &five, 1);
	check(go(CODE) == NS_HLT && (u8)*eax == 5, "invalidate",
	      "code changed from outside", (u8)*eax);
	/* The very last byte of a unit: where it jumps to. */
	load(CODE, skip, sizeof(skip));
	go(CODE);
	load(CODE + 3, &zero, 1);
	check(go(CODE) == NS_HLT && *eax == 1, "invalidate",
	      "last byte changed", *eax);
}

/* Chains into a unit that is gone must not survive. */
static void test_unlink(void)
{
	static const u8 a[] = { 0xe9, 0xfb, 0x0f, 0x00, 0x00 };	/* jmp +1000h */
	static const u8 b1[] = { 0xb8, 0x01, 0x00, 0x00, 0x00, 0xf4 };
	static const u8 b2[] = { 0xb8, 0x02, 0x00, 0x00, 0x00, 0xf4 };

	load(CODE, a, sizeof(a));
	load(CODE + 0x1000, b1, sizeof(b1));
	go(CODE);
	go(CODE);
	load(CODE + 0x1000, b2, sizeof(b2));
	go(CODE);
	check(*eax == 2, "unlink", "stale target ran", *eax);
}

/* The end of an epoch cuts chains across pages, not those within one. */
static void test_epoch(void)
{
	static const u8 a[] = { 0xeb, 0x00, 0xe9, 0xf9, 0x0f, 0x00, 0x00 };
	static const u8 b[] = { 0xf4 };
	u64 before;

	load(CODE, a, sizeof(a));
	load(CODE + 0x1000, b, sizeof(b));
	go(CODE);
	go(CODE);
	before = callouts();
	go(CODE);
	check(callouts() - before == 1, "epoch", "not chained",
	      callouts() - before);
	bt_end_epoch(v);
	before = callouts();
	go(CODE);
	check(callouts() - before == 2, "epoch", "callouts after its end",
	      callouts() - before);
}

/* Code and hot data on one page: no trace in the end, and still exact. */
static void test_mixed(void)
{
	static const u8 code[] = {
		0xb9, 0x00, 0x10, 0x00, 0x00,		/* mov ecx, 4096 */
		0xff, 0x05, 0x80, 0x00, 0x20, 0x00,	/* top: inc [80h] */
		0xfe, 0x05, 0x13, 0x00, 0x20, 0x00,	/* inc byte [13h] */
		0x90,
		0xb0, 0x00,				/* 12h: mov al, n */
		0x49,
		0x75, 0xee,				/* jnz top */
		0xf4,
	};
	u32 zero = 0, count;
	u64 inval;

	load(CODE, code, sizeof(code));
	load(CODE + 0x80, &zero, 4);
	check(go(CODE) == NS_HLT, "mixed", "did not end", 0);
	mmu_read_phys(v, CODE + 0x80, &count, 4);
	check(count == 4096, "mixed", "count", count);
	check((u8)*eax == 0, "mixed", "last modified operand", (u8)*eax);
	inval = v->stats->code_invalidations;
	load(CODE + 0x80, &zero, 4);
	check(v->stats->code_invalidations == inval, "mixed",
	      "still traced", 0);
}

/* An instruction across a page boundary depends on both pages. */
static void test_crossing(void)
{
	static const u8 code[] = { 0xb8, 0x01, 0x00, 0x00, 0x00, 0xf4 };
	u8 b = 0x12;

	load(CODE + 0xffd, code, sizeof(code));
	check(go(CODE + 0xffd) == NS_HLT && *eax == 1, "crossing", "eax", *eax);
	load(CODE + 0x1001, &b, 1);
	check(go(CODE + 0xffd) == NS_HLT && *eax == 0x12000001, "crossing",
	      "second page changed", *eax);
}

/* More code than the cache takes. */
static void test_flush(void)
{
	u8 block[64];
	u32 i, at, n = 40000;
	u64 before = v->stats->tc_flushes;

	memset(block, 0x90, sizeof(block));
	block[0] = 0x40;			/* inc eax */
	block[59] = 0xe9;
	memset(block + 60, 0, 4);
	for (i = 0; i < n; i++) {
		at = 0x00500000 + i * 64;
		memcpy(native_ram(at), block, 64);
	}
	*native_ram(at + 64) = 0xf4;
	*eax = 0;
	check(go(0x00500000) == NS_HLT, "flush", "did not end", v->guest->eip);
	check(*eax == n, "flush", "eax", *eax);
	check(v->stats->tc_flushes > before, "flush", "nothing flushed", 0);
	*eax = 0;
	go(0x00500000);
	check(*eax == n, "flush", "eax the second time", *eax);
}

/* Pages of the cache, below @end, that have memory. */
static u32 cache_pages(u32 end)
{
	u32 n, have = 0;

	for (n = VMBT_MON_TC / 4096; n < end / 4096; n++)
		have += mmu_monitor_has(v, n);
	return have;
}

/* @n blocks of 60 bytes (four units), one leading to the next, then HLT. EAX counts them. */
static void many_units(u32 n)
{
	u8 block[64] = { 0x40 };			/* inc eax */
	u32 i;

	memset(block + 1, 0x90, 58);
	block[59] = 0xe9;
	for (i = 0; i < n; i++)
		load(0x00500000 + i * sizeof(block), block, sizeof(block));
	load(0x00500000 + n * sizeof(block), "\xf4", 1);
	*eax = 0;
}

/*
 * The cache, its tables and the hash get their pages as they need them, and have
 * but the first ones when all is forgotten.
 */
static void test_pages(void)
{
	static const u8 call[] = { 0xb8, 0x00, 0x00, 0x21, 0x00, 0xff, 0xd0, 0xf4 };
	static const u8 ret[] = { 0xc3 };
	u32 tc = 0x00150000, few, used, own, n;

	bt_flush(v);
	few = v->stats->bt_pages;
	check(cache_pages(VMBT_MON_SIZE) == 1, "pages", "of an empty cache",
	      cache_pages(VMBT_MON_SIZE));
	for (n = VMBT_MON_HASH1 / 4096, own = 0; n < VMBT_MON_INSN / 4096; n++)
		own += mmu_monitor_has(v, n);
	/* The runtime's are between the tables. */
	check(own == (ring1_code_end - ring1_code + 4095) / 4096, "pages", "of no hash", own);
	load(CODE, call, sizeof(call));
	load(OTHER, ret, sizeof(ret));
	go(CODE);
	n = VMBT_MON_HASH1 / 4096 + (OTHER & 0xffff) * 8 / 4096;
	check(mmu_monitor_has(v, n), "pages", "an indirect CALL left none", n);
	many_units(6000);
	check(go(0x00500000) == NS_HLT && *eax == 6000, "pages", "eax", *eax);
	used = v->bt->region[0].pos;
	check(used > tc, "pages", "little was translated", used);
	check(cache_pages(tc) == (tc - VMBT_MON_TC) / 4096, "pages", "missing", cache_pages(tc));
	/* What the next unit may take, and no more. */
	check(cache_pages(VMBT_MON_SIZE) - cache_pages(used) <= 2, "pages", "not needed yet",
	      cache_pages(VMBT_MON_SIZE) - cache_pages(used));
	check(v->stats->bt_pages > few + (used - VMBT_MON_TC) / 4096, "pages", "counted",
	      v->stats->bt_pages);
	used = v->stats->pool_free;
	own = v->stats->bt_pages;
	bt_flush(v);
	check(v->stats->bt_pages == few, "pages", "left after a flush", v->stats->bt_pages);
	check(v->stats->pool_free - used == own - few, "pages", "free after a flush",
	      v->stats->pool_free - used);
	check(go(CODE) == NS_HLT, "pages", "after a flush", v->guest->eip);
}

/* So many halts in a row, with @seconds between the first and the last. */
static void halt(u32 n, u32 seconds)
{
	u32 i;

	for (i = 0; i + 1 < n; i++)
		bt_halted(v);
	native_tsc += seconds * 1000000000ull;
	bt_halted(v);
}

/* An idle guest's cache goes when it has grown large, and not again soon. */
static void test_idle(void)
{
	v->shared->tsc_khz = 1000000;
	bt_flush(v);
	many_units(1500);
	go(0x00500000);
	check(v->bt->nr_units > 4000 && v->bt->nr_units < 8192, "idle", "units", v->bt->nr_units);
	halt(1000, 1000);
	check(v->bt->nr_units, "idle", "few units are gone", 0);
	many_units(3000);
	go(0x00500000);
	check(v->bt->nr_units > 8192, "idle", "units", v->bt->nr_units);
	halt(1000, 9);
	check(v->bt->nr_units, "idle", "gone after less than ten seconds", 0);
	halt(1, 2);
	check(!v->bt->nr_units, "idle", "kept", v->bt->nr_units);
	*eax = 0;
	check(go(0x00500000) == NS_HLT && *eax == 3000, "idle", "eax", *eax);
	/* It has worked in between: that time does not count. */
	halt(1000, 19);
	bt_invalidate_phys(v, 0x00500000, 64 * 100);
	go(0x00500000);
	halt(1000, 19);
	check(v->bt->nr_units, "idle", "gone as soon the second time", 0);
	halt(1, 2);
	check(!v->bt->nr_units, "idle", "kept the second time", v->bt->nr_units);
	/* Nor is it idle if it seldom halts. */
	go(0x00500000);
	halt(31, 100);
	check(v->bt->nr_units, "idle", "gone after 31 halts", 0);
	halt(1, 0);
	check(!v->bt->nr_units, "idle", "kept after 32 halts", v->bt->nr_units);
}

/* With no page left the guest goes on, slowly, in what the cache keeps. */
static void test_no_pages(void)
{
	static u32 held[8192];
	u32 n = 0, k;

	bt_flush(v);
	do
		held[n] = pool_alloc(v);
	while (held[n] != ~0u && ++n < 8192);
	many_units(1500);
	check(go(0x00500000) == NS_HLT && *eax == 1500, "no-pages", "eax", *eax);
	check(cache_pages(VMBT_MON_SIZE) == 1, "no-pages", "of the cache",
	      cache_pages(VMBT_MON_SIZE));
	for (k = 0; k < n; k++)
		pool_free(v, held[k]);
	*eax = 0;
	check(go(0x00500000) == NS_HLT && *eax == 1500, "no-pages", "eax again", *eax);
	check(cache_pages(VMBT_MON_SIZE) > 20, "no-pages", "afterwards",
	      cache_pages(VMBT_MON_SIZE));
}

/* An interrupt comes between an exit and its target: no chain to the handler. */
static void test_event(void)
{
	static const u8 a[] = { 0xeb, 0x0e };			/* jmp +10h */
	static const u8 b[] = { 0xb8, 0x01, 0x00, 0x00, 0x00, 0xf4 };
	static const u8 handler[] = { 0xb8, 0x02, 0x00, 0x00, 0x00, 0xf4 };

	load(OTHER, a, sizeof(a));
	load(OTHER + 0x10, b, sizeof(b));
	load(OTHER + 0x40, handler, sizeof(handler));
	v->guest->eip = OTHER;
	check(bt_enter(v) == X_OK, "event", "no unit", 0);
	v->frame.rip += 2;
	check(bt_callout(v) == BT_BRANCH && v->guest->eip == OTHER + 0x10,
	      "event", "no exit at the unit's start", v->guest->eip);
	v->guest->eip = OTHER + 0x40;
	check(bt_enter(v) == X_OK, "event", "no handler", 0);
	go(OTHER);
	check(*eax == 1, "event", "the branch went to the handler", *eax);
}

/* Any address may be in the frame: the guest jumps where it likes. */
static void test_hostile(void)
{
	u32 i, good = 0;

	rnd_seed(7);
	for (i = 0; i < 3000000; i++) {
		u64 rip = rnd(4) ? VMBT_MON_TC + rnd(0x4000) :
				   (u64)rnd(0) << 32 | rnd(0);

		v->frame.rip = rip;
		v->raw = true;
		if (rnd(2)) {
			if (bt_sync(v) == X_OK)
				good++;
		} else if (bt_callout(v) != BT_NOT_CALLOUT) {
			good++;
		}
	}
	check(good && good < i, "hostile", "accepted", good);
}

static void run(const char *name, void (*test)(void))
{
	int before = failed;

	native_reset(true, 0);
	eax = &v->guest->gpr[VMBT_EAX];
	test();
	if (failed == before)
		printf("ok units-%s\n", name);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	native_init();
	native_max_exits = 1000000;
	run("chain", test_chain);
	run("ahead", test_ahead);
	run("not-ahead", test_not_ahead);
	run("hash", test_hash);
	run("second", test_second);
	run("second-undone", test_second_undone);
	run("heads", test_heads);
	run("heads-faults", test_heads_faults);
	run("heads-sp", test_heads_sp);
	run("heads-stopped", test_heads_stopped);
	run("invalidate", test_invalidate);
	run("unlink", test_unlink);
	run("epoch", test_epoch);
	run("mixed", test_mixed);
	run("crossing", test_crossing);
	run("sti", test_sti);
	run("popf_nt", test_popf_nt);
	run("shadow", test_shadow);
	run("shadow-fpu", test_shadow_fpu);
	run("event", test_event);
	run("loads", test_loads);
	run("load-halves", test_load_halves);
	run("load-commits", test_load_commits);
	run("verw", test_verw);
	run("sysexit-commits", test_sysexit_commits);
	run("reads", test_reads);
	run("posts", test_posts);
	run("posts-values", test_posts_values);
	run("posts-full", test_posts_full);
	run("posts-stopped", test_posts_stopped);
	run("iret", test_iret);
	run("iret-stopped", test_iret_stopped);
	run("fxsave", test_fxsave);
	run("fxsave-stopped", test_fxsave_stopped);
	run("fxsave-faults", test_fxsave_faults);
	run("adapt", test_adapt);
	run("adapt-misled", test_adapt_misled);
	run("adapt-elsewhere", test_adapt_elsewhere);
	run("adapt-alone", test_adapt_alone);
	run("adapt-device", test_adapt_device);
	run("adapt-both", test_adapt_both);
	run("adapt-off", test_adapt_off);
	run("alias", test_alias);
	run("alias-not", test_alias_not);
	run("alias-gdt", test_alias_gdt);
	run("alias-stopped", test_alias_stopped);
	run("hostile", test_hostile);
	run("flush", test_flush);
	run("pages", test_pages);
	run("no-pages", test_no_pages);
	run("idle", test_idle);
	return failed ? 1 : 0;
}
