// SPDX-License-Identifier: GPL-2.0
/*
 * The life of translations: chaining, invalidation, self-modifying code,
 * epochs, flushes, and what the way back makes of hostile addresses.
 *
 * Each test runs a short program on the real CPU through the translator and
 * looks at its result and at how often the VMM was needed for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc_int.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"
#include "../../../../../arch/x86/vmbt/include/layout.h"

#define CODE	0x00200000u
#define OTHER	0x00210000u	/* a page that no test makes mixed */
#define STACK	0x00400000u

static int failed;
static struct vcpu *v = &native_vcpu;

static void check(bool ok, const char *name, const char *what, u64 got)
{
	if (ok)
		return;
	printf("not ok %s: %s (%llu)\n", name, what, got);
	failed++;
}

static void load(u32 at, const void *code, u32 len)
{
	mmu_write_phys(v, at, code, len);
}

static enum native_stop go(u32 eip)
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

static u32 *eax;

static u64 callouts(void)
{
	return v->stats->callouts;
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
		check(!bt_hash_entry(v->bt->hash[0].second, i)->target, "second",
		      "left after an epoch", i);
	for (u32 i = 0; i < 4; i++)
		check(!bt_hash_find(&v->bt->hash[0], free_places[i]),
		      "second", "found in an empty table", i);
}

/*
 * Stopped anywhere in the lookup, the guest is before its RET, or behind it where
 * that is what the callout says.
 */
static void test_second_undone(void)
{
	static const u8 code[] = { 0xc2, 0x08, 0x00 };	/* ret 8 */
	const struct ring1_map *m = ring1_map;
	u32 from = ring1_lookup - ring1_code, n = 0, i;
	const u8 *tc;

	load(OTHER, code, sizeof(code));
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ESP] = STACK;
	check(bt_enter(v) == X_OK, "second-undone", "no unit", 0);
	tc = bt_code(v->bt, v->frame.rip);
	for (i = 0; i < 64; i++)
		if (tc[i] == 0x65 && tc[i + 1] == 0xc7 &&
		    tc[i + 3] == offsetof(struct vmbt_mon, site))
			break;
	memcpy(&v->mon->site, tc + i + 7, 4);
	for (; m < ring1_map_end; m++) {
		bool call = m->kind == RING1_M_MISS, edx = m->off > from;

		if (m->off < from)
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
	u32 i, at = 0;

	for (i = 0; i < n; i++) {
		at = 0x00500000 + i * 64;
		memset(native_ram(at), 0x90, 60);
		*native_ram(at) = 0x40;			/* inc eax */
		native_ram(at)[59] = 0xe9;
		memset(native_ram(at + 60), 0, 4);
	}
	*native_ram(at + 64) = 0xf4;
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

/* An idle guest's cache goes when it has grown large, and not again soon. */
static void test_idle(void)
{
	bt_flush(v);
	many_units(1500);
	go(0x00500000);
	check(v->bt->nr_units > 4000 && v->bt->nr_units < 8192, "idle", "units", v->bt->nr_units);
	bt_halted(v, 1000);
	check(v->bt->nr_units, "idle", "few units are gone", 0);
	many_units(3000);
	go(0x00500000);
	check(v->bt->nr_units > 8192, "idle", "units", v->bt->nr_units);
	bt_halted(v, 31);
	check(v->bt->nr_units, "idle", "gone at once", 0);
	bt_halted(v, 32);
	check(!v->bt->nr_units, "idle", "kept", v->bt->nr_units);
	*eax = 0;
	check(go(0x00500000) == NS_HLT && *eax == 3000, "idle", "eax", *eax);
	bt_halted(v, 63);
	check(v->bt->nr_units, "idle", "gone as soon the second time", 0);
	bt_halted(v, 64);
	check(!v->bt->nr_units, "idle", "kept the second time", v->bt->nr_units);
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

/* STI waits for one instruction, and comes to the VMM if one waits. */
static void test_sti(void)
{
	static const u8 code[] = { 0xfa, 0x90, 0xfb, 0x90, 0x40, 0xf4 };

	load(CODE, code, sizeof(code));
	*eax = 0;
	bt_set_pending(v, true);
	v->guest->eip = CODE;
	v->guest->eflags = 0x2;
	check(native_bt() == NS_HLT && *eax == 1 &&
	      v->guest->eflags & VMBT_X86_EFLAGS_IF, "sti", "pending", *eax);
	bt_set_pending(v, false);
	check(go(CODE) == NS_HLT && v->guest->eflags & VMBT_X86_EFLAGS_IF,
	      "sti", "not pending", v->guest->eflags);
}

/* Once NT is set, no POPF is the translated code's own, TF in it or not. */
static void test_popf_nt(void)
{
	static const u8 code[] = {
		0x68, 0x02, 0x03, 0x00, 0x00,		/* push 302h: TF, IF */
		0x9d,					/* popf */
		0x90, 0xf4,
	};
	u64 before = callouts();

	load(CODE, code, sizeof(code));
	v->guest->eip = CODE;
	v->guest->gpr[VMBT_ESP] = STACK;
	v->guest->eflags = 0x202 | VMBT_X86_EFLAGS_NT;
	native_bt();
	check((v->guest->eflags & (VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_NT)) ==
	      VMBT_X86_EFLAGS_TF, "popf_nt", "flags", v->guest->eflags);
	check(callouts() > before, "popf_nt", "callouts", callouts() - before);
	v->guest->eflags = 0x2;
}

/* STI's shadow is seen by whoever stops the guest behind STI, and only there. */
static void test_shadow(void)
{
	static const u8 code[] = { 0xfb, 0x90, 0x90, 0xf4 };
	u32 rip, seen = 0;

	load(CODE, code, sizeof(code));
	v->guest->eip = CODE;
	v->guest->eflags = 0x2;
	check(bt_enter(v) == X_OK, "shadow", "no unit", 0);
	for (rip = v->frame.rip; rip < v->frame.rip + 64; rip++) {
		u64 first = v->frame.rip;

		v->frame.rip = rip;
		if (bt_sync(v) == X_OK) {
			bool after = v->guest->eip == CODE + 1;

			check(after == (v->guest->int_shadow ==
					VMBT_SHADOW_STI),
			      "shadow", "wrong at", v->guest->eip - CODE);
			seen += after;
		}
		v->frame.rip = first;
	}
	check(seen, "shadow", "nothing behind STI", 0);
	v->guest->int_shadow = 0;
}

/* x87 in a shadow: the interpreter does not do it, so it runs translated. */
static void test_shadow_fpu(void)
{
	static const u8 code[] = { 0xd9, 0xe8, 0xdd, 0x1d, 0x80, 0x00, 0x20,
				   0x00, 0xf4 };	/* fld1; fstp [80h] */
	enum native_stop why;
	u64 one = 0;

	load(CODE, code, sizeof(code));
	native_fpu_reset();
	v->guest->eip = CODE;
	v->guest->eflags = 0x202;
	v->guest->int_shadow = VMBT_SHADOW_MOV_SS;
	why = native_bt();
	mmu_read_phys(v, CODE + 0x80, &one, 8);
	check(why == NS_HLT, "shadow-fpu", "did not end", why);
	check(one == 0x3ff0000000000000ULL, "shadow-fpu", "stored", one);
	check(!v->guest->int_shadow, "shadow-fpu", "shadow left",
	      v->guest->int_shadow);
}

/*
 * A GDT in guest memory that says what the registers hold: flat code at 8, flat
 * data at 10h, a smaller segment at 18h that begins at 10000h.
 */
#define GDT	0x00220000u

static void flat_gdt(void)
{
	static const u64 gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff,
				   0x00409301000000ff };

	load(GDT, gdt, sizeof(gdt));
	v->guest->gdtr.base = GDT;
	v->guest->gdtr.limit = sizeof(gdt) - 1;
	desc_tables_changed(v);
	desc_segs_changed(v);
	v->events = 0;
}

/* The same as an LDT, which the process can have too: selectors 14h and 1ch. */
static void flat_ldt(void)
{
	enum vmbt_sreg s;

	flat_gdt();
	v->guest->ldtr = (struct vmbt_seg){ .sel = 0x28, .base = GDT, .limit = 0x1f,
					    .attr = VMBT_ATTR_P | 2 };
	for (s = 0; s < VMBT_NSEG; s++)
		if (s != VMBT_CS)
			v->guest->seg[s].sel = 0x14;
	desc_tables_changed(v);
	desc_segs_changed(v);
	v->events = 0;
}

/* The kernel's segments at each entry, others' at the exit: no VMM. */
static void test_loads(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0xb8, 0x1c, 0x00, 0x00, 0x00,		/* top: mov eax, 1ch */
		0x8e, 0xe0,				/* mov fs, ax */
		0x64, 0x8a, 0x1d, 0x00, 0x00, 0x00, 0x00, /* mov bl, fs:[0] */
		0x8c, 0xe2,				/* mov edx, fs */
		0x66, 0x8c, 0xd8,			/* mov ax, ds */
		0x8e, 0xd8,				/* mov ds, ax */
		0x06, 0x07,				/* push es; pop es */
		0x8e, 0xe8,				/* mov gs, ax */
		0x6a, 0x00, 0x0f, 0xa1,			/* push 0; pop fs */
		0x49,
		0x75, 0xe0,				/* jnz top */
		0x8c, 0xe6,				/* mov esi, fs */
		0xf4,
	};
	static const u8 table[] = {
		0xb8, 0x14, 0x00, 0x00, 0x00,		/* mov eax, 14h */
		0xc7, 0x05, 0x14, 0x00, 0x22, 0x00,	/* mov [ldt + 14h], */
		0x01, 0x93, 0xcf, 0x00,			/* base + 10000h */
		0x8e, 0xc0,				/* mov es, ax */
		0xb8, 0x1c, 0x00, 0x00, 0x00,		/* mov eax, 1ch */
		0x8e, 0xe0,				/* mov fs, ax */
		0xf4,
	};
	u64 before;

	load(OTHER, code, sizeof(code));
	load(OTHER + 0x1000, table, sizeof(table));
	flat_ldt();
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x14, "loads", "did not end", *eax);
	check(v->guest->gpr[VMBT_ESP] == STACK, "loads", "esp", v->guest->gpr[VMBT_ESP]);
	check(v->guest->gpr[VMBT_EDX] == 0x1c, "loads", "FS read back",
	      v->guest->gpr[VMBT_EDX]);
	check(!v->guest->gpr[VMBT_ESI] && !(v->guest->seg[VMBT_FS].attr & VMBT_ATTR_P),
	      "loads", "FS is not null", v->guest->gpr[VMBT_ESI]);
	check(callouts() - before < 14, "loads", "callouts", callouts() - before);
	check(go(OTHER + 0x1000) == NS_HLT, "loads", "table: did not end", 0);
	check(v->guest->seg[VMBT_ES].base == 0x10000, "loads",
	      "the table has changed, ES has not", v->guest->seg[VMBT_ES].base);
	check(v->guest->seg[VMBT_FS].limit == 0xff, "loads", "another selector",
	      v->guest->seg[VMBT_FS].limit);
	v->shared->no_offers = VMBT_OFFER_LOADS;
	flat_ldt();
	v->desc->offered_ss.attr = 0;
	before = callouts();
	go(OTHER);
	check(callouts() - before > 3000, "loads", "callouts without offers",
	      callouts() - before);
	v->shared->no_offers = 0;
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/*
 * What the ring-1 runtime loads, or leaves out, is what the guest's table says now:
 * a store to it that the VMM does not see takes away the offer, whichever half of the
 * descriptor it changes. The limits say which descriptor a register is from.
 */
static void loads_once(const char *name, u32 eip, u32 desc, enum vmbt_sreg s)
{
	static const u32 now[] = { 0xfffe, 0xce }, mask[] = { 0xffff, 0xff };
	static const u32 limit[] = { 0xffffefff, 0xefffffff };
	u64 before, raw, was;
	u32 half, old;

	mmu_read_phys(v, desc, &was, 8);
	for (half = 0; half < 2; half++) {
		u32 shift = half ? 16 : 0;

		old = was >> 32 * half;
		v->guest->gpr[VMBT_EBX] = old;
		v->guest->gpr[VMBT_EDI] = desc + 4 * half;
		go(eip);
		before = callouts();
		check(go(eip) == NS_HLT, name, "did not end", half);
		check(callouts() == before + 1, name, "not offered: callouts",
		      callouts() - before);
		check(v->guest->seg[s].limit == 0xffffffff, name, "limit before",
		      v->guest->seg[s].limit);
		v->guest->gpr[VMBT_EBX] = (old & ~(mask[half] << shift)) |
					  now[half] << shift;
		check(go(eip) == NS_HLT, name, "did not end, changed", half);
		check(v->guest->seg[s].limit == limit[half], name,
		      half ? "the high half has changed, the limit has not" :
			     "the low half has changed, the limit has not",
		      v->guest->seg[s].limit);
		mmu_read_phys(v, desc, &raw, 8);
		check(raw != was, name, "the table has not changed", half);
		load(desc, &was, 8);
		flat_ldt();
		v->guest->seg[s].limit = 0xffffffff;
	}
}

static void test_load_halves(void)
{
	static const u8 iret[] = {
		0x68, 0x02, 0x02, 0x00, 0x00,		/* push 202h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x0d, 0x20, 0x21, 0x00,		/* push 200dh */
		0xcf,					/* iret */
		0x89, 0x1f,				/* 200dh: mov [edi], ebx */
		0x68, 0x02, 0x02, 0x00, 0x00,		/* push 202h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x1c, 0x20, 0x21, 0x00,		/* push 201ch */
		0xcf,					/* iret */
		0xf4,					/* 201ch: hlt */
	};
	static const struct {
		const char *name;
		enum vmbt_sreg s;
		u8 modrm;				/* mov sreg, ax */
	} of[] = {
		{ "load-halves-es", VMBT_ES, 0xc0 },
		{ "load-halves-ds", VMBT_DS, 0xd8 },
		{ "load-halves-fs", VMBT_FS, 0xe0 },
		{ "load-halves-gs", VMBT_GS, 0xe8 },
	};
	u8 code[] = {
		0xb8, 0x14, 0x00, 0x00, 0x00,		/* mov eax, 14h */
		0x8e, 0,				/* mov sreg, ax */
		0x89, 0x1f,				/* mov [edi], ebx */
		0x8e, 0,				/* mov sreg, ax */
		0xf4,
	};
	u32 i, at;

	flat_ldt();
	for (i = 0; i < ARRAY_SIZE(of); i++) {
		at = OTHER + 0x2100 + 0x40 * i;
		code[6] = of[i].modrm;
		code[10] = of[i].modrm;
		load(at, code, sizeof(code));
		loads_once(of[i].name, at, GDT + 0x10, of[i].s);
	}
	load(OTHER + 0x2000, iret, sizeof(iret));
	loads_once("load-halves-cs", OTHER + 0x2000, GDT + 8, VMBT_CS);
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/*
 * POP FS, stopped anywhere in its routine: before the load nothing has been done,
 * behind it all of it has.
 */
static void test_load_commits(void)
{
	static const u8 code[] = { 0x0f, 0xa1, 0xf4 };	/* pop fs; hlt */
	const struct ring1_map *m = ring1_map;
	u32 fs_routine = ring1_load_fs - ring1_code, end = ring1_load_gs - ring1_code;
	u32 before = 0, behind = 0, i;
	const u8 *tc;

	load(OTHER, code, sizeof(code));
	flat_ldt();
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ESP] = STACK;
	check(bt_enter(v) == X_OK, "load-commits", "no unit", 0);
	/* MOV GS:[site], imm32 */
	tc = bt_code(v->bt, v->frame.rip);
	for (i = 0; i < 64; i++)
		if (tc[i] == 0x65 && tc[i + 1] == 0xc7 &&
		    tc[i + 3] == offsetof(struct vmbt_mon, site))
			break;
	memcpy(&v->mon->site, tc + i + 7, 4);
	for (; m < ring1_map_end; m++) {
		bool done = m->kind == RING1_M_LOADED;

		if (m->off < fs_routine || m->off >= end)
			continue;
		v->frame.rip = VMBT_MON_RT + m->off;
		v->frame.rsp = STACK;
		v->raw = true;
		check(bt_sync(v) == X_OK, "load-commits", "no state", m->off);
		check(v->guest->eip == OTHER + 2 * done &&
		      v->guest->gpr[VMBT_ESP] == STACK + 4 * done,
		      "load-commits", "wrong at", m->off - fs_routine);
		/* The load itself is the only MOV to FS. */
		if (ring1_code[m->off] == 0x8e)
			behind = m->off;
		check(done == (behind && m->off > behind), "load-commits",
		      "the load is at", behind - fs_routine);
		before += !done;
	}
	check(before && behind, "load-commits", "instructions", before);
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/* Control registers and interrupt masks are read where the VMM put them. */
static void test_reads(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x0f, 0x20, 0xd3,			/* top: mov ebx, cr2 */
		0x0f, 0x20, 0xc2,			/* mov edx, cr0 */
		0x0f, 0x20, 0xde,			/* mov esi, cr3 */
		0x0f, 0x20, 0xe7,			/* mov edi, cr4 */
		0xb8, 0x55, 0x55, 0x55, 0x55,		/* mov eax, 55555555h */
		0xe4, 0x21,				/* in al, 21h */
		0x49,
		0x75, 0xea,				/* jnz top */
		0xf4,
	};
	struct vmbt_guest *g = v->guest;
	u64 before;

	load(OTHER, code, sizeof(code));
	g->cr2 = 0x12345678;
	v->mon->ask_imr = 0;
	v->mon->imr[0] = 0xa7;
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x555555a7, "reads", "mask", *eax);
	check(g->gpr[VMBT_EBX] == 0x12345678 && g->gpr[VMBT_EDX] == g->cr0 &&
	      g->gpr[VMBT_ESI] == g->cr3 && g->gpr[VMBT_EDI] == g->cr4,
	      "reads", "control registers", g->gpr[VMBT_EDX]);
	check(callouts() - before < 12, "reads", "callouts", callouts() - before);
	v->mon->ask_imr = 1;
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x555555ff, "reads", "port", *eax);
	check(callouts() - before > 999, "reads", "callouts of a port",
	      callouts() - before);
}

/* IRET within the kernel: no VMM but for what an interrupt waits for. */
static void test_iret(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x68, 0x06, 0x02, 0x00, 0x00,		/* top: push 206h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x12, 0x00, 0x21, 0x00,		/* push 12h */
		0xcf,					/* iret */
		0x9c, 0x58,				/* 12h: pushf; pop eax */
		0x49,
		0x75, 0xee,				/* jnz top */
		0xf4,
	};
	static const u8 once[] = {
		0xfa,					/* cli */
		0x68, 0x02, 0x02, 0x00, 0x00,		/* push 202h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x0e, 0x10, 0x21, 0x00,		/* push 100eh */
		0xcf,					/* iret */
		0xf4,					/* 100eh: hlt */
	};
	u64 before;

	load(OTHER, code, sizeof(code));
	load(OTHER + 0x1000, once, sizeof(once));
	flat_gdt();
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x206, "iret", "flags", *eax);
	check(v->guest->gpr[VMBT_ESP] == STACK, "iret", "esp",
	      v->guest->gpr[VMBT_ESP]);
	check(callouts() - before < 12, "iret", "callouts",
	      callouts() - before);
	go(OTHER + 0x1000);
	before = callouts();
	go(OTHER + 0x1000);
	check(callouts() == before + 1, "iret", "callouts without a loop",
	      callouts() - before);
	bt_set_pending(v, true);
	before = callouts();
	go(OTHER + 0x1000);
	check(callouts() == before + 2, "iret", "callouts with an interrupt",
	      callouts() - before);
	bt_set_pending(v, false);
}

/* A write that keeps meeting a trace becomes a callout, and none again later. */
static void test_adapt(void)
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
static void test_adapt_misled(void)
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
static void test_adapt_elsewhere(void)
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
static void test_adapt_alone(void)
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

/*
 * The same stopped at any instruction of the runtime: what was begun is taken back or
 * is done. POPF ends the stepping, so each round starts anew.
 */
static void test_iret_stopped(void)
{
	static const u8 code[] = {
		0xb9, 0x03, 0x00, 0x00, 0x00,		/* mov ecx, 3 */
		0x68, 0x06, 0x02, 0x00, 0x00,		/* top: push 206h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x12, 0x00, 0x21, 0x00,		/* push 12h */
		0xcf,					/* iret */
		0x89, 0xe2,				/* 12h: mov edx, esp */
		0x49,
		0x75, 0xee,				/* jnz top */
		0xf4,
	};
	u64 steps = native_steps;
	u32 i, wrong = 0;

	load(OTHER, code, sizeof(code));
	flat_gdt();
	go(OTHER);
	native_stepping = true;
	rnd_seed(7);
	for (i = 0; i < 1000; i++) {
		enum native_stop why = go(OTHER);

		if (why == NS_HLT && v->guest->gpr[VMBT_EDX] == STACK &&
		    v->guest->gpr[VMBT_ESP] == STACK && !v->guest->gpr[VMBT_ECX])
			continue;
		wrong++;
		printf("# round %u: stop %u vector %u eip %x ecx %x edx %x esp %x\n", i, why,
		       v->exc.vector, v->guest->eip, v->guest->gpr[VMBT_ECX],
		       v->guest->gpr[VMBT_EDX], v->guest->gpr[VMBT_ESP]);
	}
	native_stepping = false;
	check(!wrong, "iret-stopped", "rounds that went wrong", wrong);
	check(native_steps - steps > i * 20, "iret-stopped", "steps", native_steps - steps);
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
	run("hash", test_hash);
	run("second", test_second);
	run("second-undone", test_second_undone);
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
	run("reads", test_reads);
	run("iret", test_iret);
	run("iret-stopped", test_iret_stopped);
	run("adapt", test_adapt);
	run("adapt-misled", test_adapt_misled);
	run("adapt-elsewhere", test_adapt_elsewhere);
	run("adapt-alone", test_adapt_alone);
	run("hostile", test_hostile);
	run("flush", test_flush);
	run("pages", test_pages);
	run("no-pages", test_no_pages);
	run("idle", test_idle);
	return failed ? 1 : 0;
}
