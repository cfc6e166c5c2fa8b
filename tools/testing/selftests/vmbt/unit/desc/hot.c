// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptor tables on pages that are written all the time: not traced, but
 * compared before ring 3 runs natively.
 *
 * The same random guest runs three times, with quiet pages, after the page of its table
 * was found hot, and with ring 1 that writes to its GDT by an alias. What is decided, and
 * what the CPU gets for ring 3, must be the same, and every present entry must say what the
 * guest's table says at that time, whoever wrote it.
 */
#include "../cpu/fake.h"

#define STEPS		4000
#define ROUNDS		40
#define BIG		0x10000		/* a GDT of several pages */

static struct vmbt_guest *const g = &shared.guest;
static u64 logged[STEPS], now[STEPS];

/* Enough writes beside the table, by the page's other user. */
static void heat(u32 lin)
{
	u8 byte = 0x55;

	for (int i = 0; i < 200; i++)
		mmu_write(&cpu, lin, &byte, 1, 0);
}

static u64 view(u16 sel)
{
	const struct desc_tables *t = desc_current(&cpu);
	u64 base = sel & 4 ? t->ldt_base : t->gdt_base;

	return ((u64 *)(size_t)base)[sel >> 3];
}

static bool worthy(u64 raw)
{
	return (raw >> 40 & 0x91) == 0x91;
}

/* Every entry present says what the table says; a small table has them all. */
static void check_view(u32 table, u32 n, u16 ti, bool complete)
{
	for (u32 i = 1; i < n; i++) {
		u16 sel = i << 3 | ti;
		u64 raw = get_raw(table, i << 3), hw = view(sel);
		struct vmbt_seg a = { 0 }, b = { 0 };

		if (!hw) {
			expect(!complete || !worthy(raw), "missing",
			       "sel %x raw %llx", sel, raw);
			continue;
		}
		desc_unpack(raw, &a);
		desc_unpack(hw, &b);
		expect(worthy(raw) && a.base == b.base && a.limit == b.limit,
		       "stale", "sel %x raw %llx hw %llx", sel, raw, hw);
	}
}

static u64 some_desc(void)
{
	static const u16 attr[] = {
		A_DATA3, A_DATA3, A_DATA0, A_CODE3, A_CODE0, 0xc073, 0xc0f2,
		0x40f3, 0x40f7, 0x0089, 0,
	};
	struct vmbt_seg s = {
		.base = (rnd() % 4) << 12,
		.limit = rnd() & 1 ? ~0U : 0xffff,
		.attr = attr[rnd() % ARRAY_SIZE(attr)],
	};

	if (s.limit != ~0U)
		s.attr &= ~0x8000;
	return desc_pack(&s);
}

static u16 some_sel(void)
{
	return rnd() % 3 ? SEL_TEST + 8 * (rnd() % 8) : 8 * (rnd() % 4) | 4;
}

static void ring(int cpl)
{
	g->seg[VMBT_CS] = (struct vmbt_seg){
		.sel = cpl ? SEL_CODE3 : SEL_CODE0, .limit = ~0U,
		.attr = cpl ? A_CODE3 : A_CODE0,
	};
	g->seg[VMBT_SS] = (struct vmbt_seg){
		.sel = cpl ? SEL_DATA3 : SEL_DATA0, .limit = ~0U,
		.attr = cpl ? A_DATA3 : A_DATA0,
	};
	desc_seg_loaded(&cpu, VMBT_CS);
	desc_seg_loaded(&cpu, VMBT_SS);
}

enum how { QUIET, HOT, NOTED };

/* Ring 1 writes by itself what it writes to the GDT, and notes it. */
static void kernel_writes(enum how how, u32 at, const void *buf, u32 len)
{
	if (how != NOTED || at >= LDT) {
		mmu_write(&cpu, at, buf, len, 0);
		return;
	}
	memcpy(ram + at, buf, len);
	if (cpu.mon->gdt_left)
		cpu.mon->gdt_left--;
}

static void kernel_step(u32 table, enum how how)
{
	static const u8 data_seg[] = { VMBT_DS, VMBT_ES, VMBT_FS, VMBT_GS };
	u16 sel = some_sel();
	u64 raw = some_desc();
	u8 byte = rnd();

	switch (rnd() % 8) {
	case 0:
	case 1:
		kernel_writes(how, (sel & 4 ? LDT : table) + (sel & ~7), &raw, 8);
		break;
	case 2:
		kernel_writes(how, (sel & 4 ? LDT : table) + (sel & ~7) + rnd() % 8, &byte, 1);
		break;
	case 3:
		if (how != NOTED)
			heat(table + 0x800);
		break;
	default:
		cpu_load_seg(&cpu, data_seg[rnd() % 4], rnd() % 8 ? sel | 3 : 0);
		break;
	}
	if (rnd() & 1)
		desc_prepare(&cpu, VCPU_BT1);
}

static u64 mix(u64 h, u64 val)
{
	return (h ^ val) * 0x9e3779b97f4a7c15ULL;
}

/* Ring 3 runs: what it gets; then it loads a segment by itself. */
static u64 user_step(u32 table)
{
	u64 h = desc_all_shadowed(&cpu);
	u16 sel = some_sel() | 3;
	u64 raw = get_raw(sel & 4 ? LDT : table, sel & ~7);

	if (!h) {
		desc_prepare(&cpu, VCPU_BT3);
		return h;
	}
	desc_prepare(&cpu, VCPU_DE);
	check_view(table, 32, 0, true);
	check_view(LDT, 32, 4, true);
	for (int i = 0; i < 4; i++)
		h = mix(h, (&cpu.frame.ds)[i]);
	h = mix(mix(h, cpu.frame.cs), cpu.frame.ss);
	for (u16 s = 0; s < 0x100; s += 8)
		h = mix(mix(h, view(s)), view(s | 4));
	if ((raw >> 40 & 0xfb) == 0xf3) {
		cpu.frame.es = sel;
		desc_sync_de(&cpu);
	}
	for (int s = 0; s < VMBT_NSEG; s++)
		h = mix(h, g->seg[s].base ^ (u64)g->seg[s].limit << 32);
	return h;
}

static u32 play(u32 seed, enum how how, u64 *out)
{
	u32 direct = 0, i;

	fake_flat(3);
	page[GDT >> 12].super = true;
	page[LDT >> 12].super = true;
	desc_prepare(&cpu, VCPU_DE);
	if (how == HOT) {
		heat(GDT + 0x800);
		heat(LDT + 0x800);
		expect(!page[GDT >> 12].traces && !page[LDT >> 12].traces,
		       "hot", "traced");
	}
	rnd_seed(seed);
	for (i = 0; i < STEPS; i++) {
		ring(0);
		for (u32 n = rnd() % 4; n; n--)
			kernel_step(GDT, how);
		ring(3);
		out[i] = user_step(GDT);
		direct += out[i] != 0;
	}
	expect(how != NOTED || fake_alias == GDT >> 12, "noted", "no alias");
	return direct;
}

static void same_decisions(void)
{
	u32 direct = 0;

	for (u32 seed = 1; seed <= 2 * ROUNDS; seed++) {
		enum how how = seed % 2 ? HOT : NOTED;

		direct += play(seed, QUIET, logged);
		play(seed, how, now);
		for (u32 i = 0; i < STEPS; i++)
			if (!expect(now[i] == logged[i], "decision",
				    "seed %u step %u, %u: %llx, traced %llx", seed,
				    i, how, now[i], logged[i]))
				break;
	}
	expect(direct > ROUNDS * STEPS / 5, "direct", "only %u", direct);
	done("hot-same-decisions");
}

/* The page that makes writes fault is let go, the segments are not. */
static void threshold(void)
{
	fake_flat(3);
	page[GDT >> 12].super = true;
	desc_all_shadowed(&cpu);
	expect(page[GDT >> 12].traces, "quiet", "not traced");
	heat(GDT + 0x800);
	expect(!page[GDT >> 12].traces, "hot", "still traced");
	expect(desc_all_shadowed(&cpu) && !page[GDT >> 12].traces, "hot",
	       "not shadowed");
	/* A write that nobody tells of, seen at the next entry. */
	put_desc(GDT, SEL_DATA3, 0x1000, ~0U, A_DATA3);
	expect(!desc_all_shadowed(&cpu) &&
	       desc_state(&cpu, VMBT_DS) == DESC_CACHED &&
	       desc_state(&cpu, VMBT_CS) == DESC_SHADOWED, "written",
	       "not noticed");
	put_desc(GDT, SEL_DATA3, 0, ~0U, A_DATA3);
	expect(desc_all_shadowed(&cpu), "written back", "not noticed");
	/* LGDT elsewhere and back: a new chance. */
	g->gdtr.limit = 0x7f;
	desc_tables_changed(&cpu);
	expect(desc_all_shadowed(&cpu) && page[GDT >> 12].traces, "LGDT",
	       "not traced");
	done("hot-threshold");
}

/* Where ring 3 can write the table, comparing would come too late. */
static void user_table(void)
{
	fake_flat(3);
	desc_all_shadowed(&cpu);
	heat(GDT + 0x800);
	expect(!desc_all_shadowed(&cpu) && !page[GDT >> 12].traces,
	       "user", "shadowed");
	page[GDT >> 12].super = true;
	desc_segs_changed(&cpu);
	expect(desc_all_shadowed(&cpu), "supervisor", "not shadowed");
	page[GDT >> 12].super = false;
	expect(!desc_all_shadowed(&cpu), "user again", "shadowed");
	page[GDT >> 12].super = true;
	page[GDT >> 12].writable = false;
	desc_segs_changed(&cpu);
	expect(desc_all_shadowed(&cpu), "read-only", "not shadowed");
	page[GDT >> 12].super = false;
	expect(desc_all_shadowed(&cpu), "read-only", "not shadowed");
	/* Gone. */
	page[GDT >> 12].present = false;
	expect(!desc_all_shadowed(&cpu), "absent", "shadowed");
	done("hot-user-writable");
}

/* The table itself is written all the time: task switches do that. */
static void busy_table(void)
{
	fake_flat(3);
	page[GDT >> 12].super = true;
	for (u32 n = 0; n < 2000; n++) {
		put_desc(GDT, SEL_TEST, n << 12, ~0U, A_DATA3);
		desc_all_shadowed(&cpu);
	}
	expect(!page[GDT >> 12].traces && desc_all_shadowed(&cpu),
	       "supervisor", "traced");
	put_desc(GDT, SEL_TEST, 0x1000, ~0U, A_DATA3);
	expect(!cpu_load_seg(&cpu, VMBT_FS, SEL_TEST | 3) &&
	       desc_all_shadowed(&cpu), "load", "not shadowed");
	put_desc(GDT, SEL_TEST, 0x2000, ~0U, A_DATA3);
	expect(!desc_all_shadowed(&cpu), "written", "not noticed");
	put_desc(GDT, SEL_TEST, 0x1000, ~0U, A_DATA3);
	/* Ring 3 may write it now: traced, and shadowed still. */
	page[GDT >> 12].super = false;
	expect(desc_all_shadowed(&cpu) && page[GDT >> 12].traces, "user",
	       "not traced");
	for (u32 n = 0; n < 2000; n++) {
		put_desc(GDT, SEL_TEST, n << 12, ~0U, A_DATA3);
		desc_all_shadowed(&cpu);
	}
	put_desc(GDT, SEL_TEST, 0x1000, ~0U, A_DATA3);
	expect(desc_all_shadowed(&cpu) && page[GDT >> 12].traces, "user",
	       "not traced");
	done("hot-busy-table");
}

/* Too large to be filled at once, on several pages, one of them hot. */
static void large(void)
{
	static const u16 sels[] = { 0x200, 0x208, 0x1008, 0x2ff8, 0x3000 };
	struct vmbt_seg s = { .limit = ~0U, .attr = A_DATA3 };

	fake_flat(3);
	memcpy(ram + BIG + 0x800, ram + GDT, 0x100);
	for (u32 p = 0; p < 17; p++)
		page[(BIG >> 12) + p].super = true;
	g->gdtr.base = BIG + 0x800;
	g->gdtr.limit = 0x7fff;
	desc_tables_changed(&cpu);
	for (u32 i = 0; i < ARRAY_SIZE(sels); i++)
		put_raw(BIG + 0x800, sels[i], desc_pack(&s));
	expect(desc_all_shadowed(&cpu), "large", "not shadowed");
	heat(BIG);
	for (u32 i = 0; i < ARRAY_SIZE(sels); i++) {
		cpu_load_seg(&cpu, VMBT_ES, sels[i] | 3);
		desc_all_shadowed(&cpu);
	}
	expect(desc_all_shadowed(&cpu) && !page[BIG >> 12].traces &&
	       page[(BIG >> 12) + 1].traces, "pages", "%u %u",
	       page[BIG >> 12].traces, page[(BIG >> 12) + 1].traces);
	for (u32 n = 0; n < 2000; n++) {
		u16 sel = sels[rnd() % ARRAY_SIZE(sels)];

		s.base = (rnd() % 3) << 12;
		if (rnd() & 1)
			put_raw(BIG + 0x800, sel, desc_pack(&s));
		if (rnd() & 1)
			cpu_load_seg(&cpu, VMBT_ES, sel | 3);
		if (desc_all_shadowed(&cpu)) {
			desc_prepare(&cpu, VCPU_DE);
			check_view(BIG + 0x800, 0x1000, 0, false);
		}
	}
	done("hot-large-table");
}

int main(void)
{
	threshold();
	user_table();
	busy_table();
	large();
	same_decisions();
	return test_status();
}
