// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow tables and segment states, directed: what desc_prepare() gives the CPU
 * in each mode, what a guest's writes to its tables do, and what is taken back
 * after direct execution.
 */
#include "../cpu/fake.h"

static struct vmbt_guest *const g = &shared.guest;

static u64 hw(u16 sel)
{
	const struct desc_tables *t = desc_current(&cpu);
	u64 base = sel & 4 ? t->ldt_base : t->gdt_base;

	return ((u64 *)(size_t)base)[sel >> 3];
}

static struct vmbt_seg hw_seg(u16 sel)
{
	struct vmbt_seg s = { 0 };

	desc_unpack(hw(sel), &s);
	return s;
}

static u8 hw_dpl(u16 sel)
{
	return hw(sel) >> 45 & 3;
}

#define ALL_LOADS (BIT(VMBT_DS) | BIT(VMBT_ES) | BIT(VMBT_FS) | BIT(VMBT_GS))

/* The guest has run since the last time: it has what was asked for. */
static void prepare(enum vcpu_mode mode)
{
	cpu.frame.seg_load = 0;
	desc_prepare(&cpu, mode);
}

/* An entry that is given up before the CPU has loaded anything, and the next one. */
static void not_entered(void)
{
	fake_flat(3);
	desc_segs_lost(&cpu);
	prepare(VCPU_DE);
	desc_prepare(&cpu, VCPU_DE);
	expect(cpu.frame.seg_load == ALL_LOADS, "again", "load %x", cpu.frame.seg_load);
	prepare(VCPU_DE);
	fake_flat(0);
	desc_prepare(&cpu, VCPU_BT1);
	expect(cpu.frame.seg_load & BIT(VMBT_GS), "to BT1", "load %x", cpu.frame.seg_load);
	desc_prepare(&cpu, VCPU_BT1);
	expect(cpu.frame.seg_load & BIT(VMBT_GS), "BT1 again", "load %x", cpu.frame.seg_load);
	done("not-entered");
}

static void direct(void)
{
	fake_flat(3);
	expect(desc_all_shadowed(&cpu), "flat", "not shadowed");
	prepare(VCPU_DE);
	expect(cpu.frame.cs == SEL_CODE3 && cpu.frame.ss == SEL_DATA3 &&
	       cpu.frame.ds == SEL_DATA3 && cpu.frame.gs == SEL_DATA3 &&
	       cpu.frame.seg_load == ALL_LOADS, "DE", "cs %llx load %x",
	       cpu.frame.cs, cpu.frame.seg_load);
	expect(hw_dpl(SEL_CODE3) == 3 && hw_dpl(SEL_DATA0) == 1 &&
	       hw_seg(SEL_DATA3).limit == ~0U, "entries", "wrong");
	prepare(VCPU_DE);
	expect(!cpu.frame.seg_load, "again", "load %x", cpu.frame.seg_load);
	expect(hw(VMBT_SEL_TC3_CS) == 0 && hw(VMBT_SEL_MON3_GS) == 0,
	       "own entries", "in the DE view");
	/* The guest loads by itself: null, another selector, CS and SS too. */
	put_desc(GDT, SEL_TEST, 0x1000, 0xfff, 0x40f3);
	put_desc(GDT, SEL_TEST2, 0, ~0U, 0xc0fb);
	prepare(VCPU_DE);
	cpu.frame.ds = 0;
	cpu.frame.es = SEL_TEST | 3;
	cpu.frame.cs = SEL_TEST2 | 3;
	cpu.frame.ss = SEL_TEST | 3;
	desc_sync_de(&cpu);
	expect(g->seg[VMBT_DS].sel == 0 && !(g->seg[VMBT_DS].attr & 0x80),
	       "null", "%x", g->seg[VMBT_DS].sel);
	expect(g->seg[VMBT_ES].base == 0x1000 &&
	       g->seg[VMBT_ES].limit == 0xfff &&
	       g->seg[VMBT_ES].attr == 0x40f3, "loaded", "base %x",
	       g->seg[VMBT_ES].base);
	expect(g->seg[VMBT_CS].sel == (SEL_TEST2 | 3) &&
	       g->seg[VMBT_SS].sel == (SEL_TEST | 3) &&
	       g->seg[VMBT_FS].sel == SEL_DATA3, "cs ss", "%x %x",
	       g->seg[VMBT_CS].sel, g->seg[VMBT_SS].sel);
	prepare(VCPU_DE);
	expect(!cpu.frame.seg_load && cpu.frame.ds == 0, "after", "load %x",
	       cpu.frame.seg_load);
	desc_segs_lost(&cpu);
	prepare(VCPU_DE);
	expect(cpu.frame.seg_load == ALL_LOADS, "lost", "load %x",
	       cpu.frame.seg_load);
	done("direct-execution");
}

static void translated(void)
{
	u32 gen;

	fake_flat(0);
	prepare(VCPU_BT1);
	gen = desc_current(&cpu)->generation;
	expect(cpu.frame.cs == VMBT_SEL_TC1_CS &&
	       cpu.frame.gs == VMBT_SEL_MON1_GS &&
	       cpu.frame.ss == (SEL_DATA0 | 1) &&
	       cpu.frame.ds == SEL_DATA0,
	       "BT1", "cs %llx ss %llx", cpu.frame.cs, cpu.frame.ss);
	expect(hw_dpl(SEL_DATA0) == 1 && hw_dpl(VMBT_SEL_TC1_CS) == 1 &&
	       hw_seg(VMBT_SEL_TC1_CS).base == cpu.mon_base &&
	       hw_seg(VMBT_SEL_MON1_GS).base == cpu.mon_base &&
	       hw_seg(VMBT_SEL_MON1_GS).limit == VMBT_MON_SIZE - 1, "own",
	       "wrong");
	prepare(VCPU_BT1);
	expect(!cpu.frame.seg_load && desc_current(&cpu)->generation == gen,
	       "again", "load %x", cpu.frame.seg_load);
	/* Ring 1 loaded something behind our back. */
	cpu.frame.fs = 0x1234;
	prepare(VCPU_BT1);
	expect(cpu.frame.seg_load == 1 << VMBT_FS, "noticed", "load %x",
	       cpu.frame.seg_load);
	/* The monitor area moves: %gs must be loaded again. */
	cpu.mon_base = 0x40000000;
	cpu.mon_data = 0x40000000;
	prepare(VCPU_BT1);
	expect(cpu.frame.seg_load == 1 << VMBT_GS &&
	       hw_seg(VMBT_SEL_TC1_CS).base == 0x40000000, "moved", "load %x",
	       cpu.frame.seg_load);
	/* Its data page alone moves: %gs has that, and the aliases. */
	cpu.mon_data = VMBT_MON_SPLIT_DATA;
	prepare(VCPU_BT1);
	expect(cpu.frame.seg_load == 1 << VMBT_GS &&
	       hw_seg(VMBT_SEL_TC1_CS).base == 0x40000000 &&
	       hw_seg(VMBT_SEL_MON1_GS).base == VMBT_MON_SPLIT_DATA &&
	       hw_seg(VMBT_SEL_MON1_GS).limit == VMBT_MON_TC - 1, "split", "load %x limit %x",
	       cpu.frame.seg_load, hw_seg(VMBT_SEL_MON1_GS).limit);
	/* Ring 3 under BT. */
	fake_flat(3);
	prepare(VCPU_BT3);
	expect(cpu.frame.cs == VMBT_SEL_TC3_CS &&
	       cpu.frame.gs == VMBT_SEL_MON3_GS &&
	       cpu.frame.ss == SEL_DATA3, "BT3", "cs %llx", cpu.frame.cs);
	/* Nothing is truncated: the same tables, but for what is the VMM's. */
	gen = desc_current(&cpu)->generation;
	prepare(VCPU_DE);
	expect(desc_current(&cpu)->generation == gen &&
	       cpu.frame.seg_load == 1 << VMBT_GS, "to DE", "load %x",
	       cpu.frame.seg_load);
	expect(!hw(VMBT_SEL_TC3_CS) && !hw(VMBT_SEL_MON3_GS), "to DE",
	       "own entries of DPL 3");
	cpu.desc->truncates = true;
	prepare(VCPU_BT3);
	gen = desc_current(&cpu)->generation;
	prepare(VCPU_DE);
	expect(desc_current(&cpu)->generation != gen, "to DE", "truncated");
	done("translated-code");
}

/* What ring 1 loads by itself: the guest's segments count, the VMM's do not. */
static void loaded(void)
{
	struct vmbt_mon *m = cpu.mon;

	fake_flat(0);
	put_desc(GDT, SEL_TEST, 0x5000, 0xffff, 0x40f3);
	expect(!cpu_load_seg(&cpu, VMBT_ES, SEL_TEST | 3), "load", "fault");
	prepare(VCPU_BT1);
	expect(m->offer[SEL_TEST / 8].neg_sel == -(SEL_TEST | 3U), "offer", "%x",
	       m->offer[SEL_TEST / 8].neg_sel);
	cpu.frame.fs = SEL_TEST | 3;
	cpu.frame.ds = VMBT_SEL_MON1_GS;
	desc_sync_bt(&cpu);
	expect(g->seg[VMBT_FS].sel == (SEL_TEST | 3) && g->seg[VMBT_FS].base == 0x5000,
	       "taken", "%x", g->seg[VMBT_FS].sel);
	expect(g->seg[VMBT_DS].sel == SEL_DATA0, "ours", "%x", g->seg[VMBT_DS].sel);
	prepare(VCPU_BT1);
	expect(cpu.frame.seg_load == 1 << VMBT_DS && cpu.frame.ds == SEL_DATA0, "ours",
	       "load %x", cpu.frame.seg_load);
	/* The entry changes: no offer. */
	put_desc(GDT, SEL_TEST, 0x6000, 0xffff, 0x40f3);
	expect(m->offer[SEL_TEST / 8].neg_sel == VMBT_MON_NONE, "written", "still offered");
	/* A null selector that IRETQ may change says nothing. */
	expect(!cpu_load_seg(&cpu, VMBT_ES, 2), "null", "fault");
	prepare(VCPU_BT1);
	cpu.frame.es = 0;
	desc_sync_bt(&cpu);
	expect(g->seg[VMBT_ES].sel == 2, "null", "%x", g->seg[VMBT_ES].sel);
	expect(m->offer[0].neg_sel == VMBT_MON_NONE, "null", "offered");
	done("loaded-by-ring-1");
}

/* The selectors that ring 3 came with. */
static void from_ring3(void)
{
	cpu.frame.cs = SEL_CODE3;
	cpu.frame.ss = SEL_DATA3;
	cpu.frame.ds = SEL_DATA3;
	cpu.frame.es = SEL_DATA3;
	cpu.frame.fs = 0;
	cpu.frame.gs = 0;
}

/* Ring 3 ran, ring 1 has the CPU, and now the frame says ring 3. */
static void at_ring1(void)
{
	struct vmbt_seg user[VMBT_NSEG];

	fake_flat(3);
	memcpy(user, g->seg, sizeof(user));
	memset(g->seg, 0, sizeof(g->seg));
	g->seg[VMBT_CS] = (struct vmbt_seg){ .sel = SEL_CODE0, .limit = ~0U, .attr = A_CODE0 };
	g->seg[VMBT_SS] = (struct vmbt_seg){ .sel = SEL_DATA0, .limit = ~0U, .attr = A_DATA0 };
	desc_segs_changed(&cpu);
	prepare(VCPU_BT1);
	for (int s = 0; s < VMBT_NSEG; s++) {
		struct vmbt_seg kernel = g->seg[s];

		g->seg[s] = user[s];
		user[s] = kernel;
	}
	desc_segs_changed(&cpu);
	desc_all_shadowed(&cpu);
	prepare(VCPU_DE);
	desc_offer_user(&cpu);
	memcpy(g->seg, user, sizeof(user));
	desc_segs_changed(&cpu);
	prepare(VCPU_BT1);
	cpu.frame.vector = 0x80;
	from_ring3();
}

static void arrivals(void)
{
	at_ring1();
	expect(!cpu.mon->no_user, "offer", "none");
	expect(desc_user_arrived(&cpu), "arrived", "not accepted");
	expect(g->seg[VMBT_CS].sel == SEL_CODE3 && g->seg[VMBT_SS].sel == SEL_DATA3 &&
	       g->seg[VMBT_DS].sel == SEL_DATA3 && g->seg[VMBT_DS].limit == ~0U &&
	       !g->seg[VMBT_FS].sel && vcpu_cpl(&cpu) == 3, "arrived", "cs %x",
	       g->seg[VMBT_CS].sel);
	prepare(VCPU_DE);
	expect(!cpu.frame.seg_load, "arrived", "load %x", cpu.frame.seg_load);
	/* SYSENTER does not say from where. */
	at_ring1();
	cpu.frame.vector = VMBT_VEC_SYSENTER;
	cpu.frame.cs = 3;
	cpu.frame.ss = 0;
	expect(desc_user_arrived(&cpu) && g->seg[VMBT_SS].sel == SEL_DATA3, "sysenter",
	       "ss %x", g->seg[VMBT_SS].sel);
	/* Forged: without an offer, with what is not the guest's. */
	at_ring1();
	desc_revoke_user(&cpu);
	cpu.mon->no_user = 0;
	expect(!desc_user_arrived(&cpu), "forged", "without an offer");
	at_ring1();
	cpu.frame.cs = VMBT_SEL_TC3_CS;
	expect(!desc_user_arrived(&cpu), "forged", "CS of the VMM's");
	at_ring1();
	cpu.frame.ss = 3;
	expect(!desc_user_arrived(&cpu), "forged", "null SS");
	at_ring1();
	cpu.frame.gs = SEL_TEST3 | 3;
	expect(!desc_user_arrived(&cpu), "forged", "GS that is not filled");
	/* What withdraws it. */
	at_ring1();
	put_desc(GDT, SEL_CODE3, 0, 0xffff, A_CODE3);
	expect(cpu.mon->no_user && !desc_user_arrived(&cpu), "withdrawn", "table written");
	at_ring1();
	desc_mappings_changed(&cpu);
	expect(cpu.mon->no_user && !desc_user_arrived(&cpu), "withdrawn", "mappings");
	/* Until the tables are found where they were; an INVLPG is for its own page. */
	at_ring1();
	desc_mappings_changed(&cpu);
	prepare(VCPU_BT1);
	expect(!cpu.mon->no_user, "withdrawn", "for good");
	desc_mapping_changed(&cpu, GDT + 0x100000);
	expect(!cpu.mon->no_user, "withdrawn", "another page");
	desc_mapping_changed(&cpu, GDT);
	expect(cpu.mon->no_user && !desc_user_arrived(&cpu), "withdrawn", "the table's page");
	at_ring1();
	expect(!cpu_write_dr(&cpu, 7, 0x401) && cpu.mon->no_user, "withdrawn", "breakpoint");
	cpu_write_dr(&cpu, 7, 0x400);
	done("arrives-at-ring-3");
}

static bool intel;

/* CS of the frame that SYSEXIT's IRET pops, with these behind SEL_TEST and SEL_TEST2. */
static u16 shown(u32 msr, u16 code_attr, u32 data_base)
{
	at_ring1();
	if (!intel)
		shared.host_caps &= ~VMBT_HOST_INTEL;
	put_desc(GDT, SEL_TEST, 0, ~0U, code_attr);
	put_desc(GDT, SEL_TEST2, data_base, ~0U, A_DATA3);
	desc_fill(&cpu, SEL_TEST | 3);
	desc_fill(&cpu, SEL_TEST2 | 3);
	g->sysenter_cs = msr;
	desc_revoke_user(&cpu);
	desc_offer_user(&cpu);
	expect(!cpu.mon->no_user, "sysexit", "not offered at all, MSR %x", msr);
	return cpu.mon->frame[1];
}

static void sysexit_shown(void)
{
	const u32 msr = SEL_TEST - 16;

	intel = false;
	expect(!shown(msr, A_CODE3, 0), "no SEP", "cs %x", cpu.mon->frame[1]);
	intel = true;
	expect(!shown(0, A_CODE3, 0), "no MSR", "cs %x", cpu.mon->frame[1]);
	expect(shown(msr, A_CODE3, 0) == (SEL_TEST | 3) &&
	       cpu.mon->frame[4] == (SEL_TEST2 | 3), "shown", "cs %x", cpu.mon->frame[1]);
	/* Other segments than SYSEXIT loads, or none that are known to be there. */
	expect(!shown(msr, 0x40fb, 0), "limit", "cs %x", cpu.mon->frame[1]);
	expect(!shown(msr, A_DATA3, 0), "data", "cs %x", cpu.mon->frame[1]);
	expect(!shown(msr, A_CODE3, 0x1000), "SS", "cs %x", cpu.mon->frame[1]);
	expect(!shown(SEL_TEST3 - 16, A_CODE3, 0), "not filled", "cs %x", cpu.mon->frame[1]);
	expect(!shown(msr | 4, A_CODE3, 0), "LDT", "cs %x", cpu.mon->frame[1]);
	expect(!shown(VMBT_SEL_VMM_CS - 16, A_CODE3, 0), "VMM's", "cs %x", cpu.mon->frame[1]);
	expect(!shown(0xfff8, A_CODE3, 0), "wraps", "cs %x", cpu.mon->frame[1]);
	shown(msr, A_CODE3, 0);
	expect(!cpu_wrmsr(&cpu, 0x174, 0) && cpu.mon->no_user, "MSR", "still offered");
	done("sysexit-shown");
}

/* Ring 3 went into the kernel on way 1, which is learned, and is to do so again. */
static void on_way(struct vmbt_frame *frame, struct vmbt_seg *seg)
{
	at_ring1();
	cpu.mode = VCPU_BT1;
	desc_again_begin(&cpu, 1);
	desc_user_arrived(&cpu);
	g->seg[VMBT_CS] = (struct vmbt_seg){ .sel = SEL_CODE0, .limit = ~0U, .attr = A_CODE0 };
	g->seg[VMBT_SS] = (struct vmbt_seg){ .sel = SEL_DATA0, .limit = ~0U, .attr = A_DATA0 };
	desc_seg_loaded(&cpu, VMBT_CS);
	desc_seg_loaded(&cpu, VMBT_SS);
	prepare(VCPU_BT1);
	desc_again_learn(&cpu, 1);
	*frame = cpu.frame;
	memcpy(seg, g->seg, sizeof(g->seg));
	/* The kernel has other data segments until it returns. */
	g->seg[VMBT_DS] = g->seg[VMBT_SS];
	desc_seg_loaded(&cpu, VMBT_DS);
	prepare(VCPU_BT1);
	from_ring3();
}

/* The same way from ring 3 once more (desc/again.c), and what makes it another. */
static void once_more(void)
{
	struct vmbt_seg seg[VMBT_NSEG];
	struct vmbt_frame frame;

	on_way(&frame, seg);
	expect(desc_again_fits(&cpu, 1, true), "again", "not the same");
	desc_again_take(&cpu, 1);
	expect(cpu.frame.cs == frame.cs && cpu.frame.ss == frame.ss &&
	       cpu.frame.ds == frame.ds && cpu.frame.es == frame.es &&
	       cpu.frame.fs == frame.fs && cpu.frame.gs == frame.gs &&
	       cpu.frame.seg_load == frame.seg_load, "again", "cs %llx ss %llx gs %x load %x",
	       cpu.frame.cs, cpu.frame.ss, cpu.frame.gs, cpu.frame.seg_load);
	expect(!memcmp(seg, g->seg, sizeof(seg)), "again", "ds %x", g->seg[VMBT_DS].sel);
	/* Nothing is left to be found out. */
	prepare(VCPU_BT1);
	expect(!cpu.frame.seg_load, "again", "load %x", cpu.frame.seg_load);
	expect(!desc_again_fits(&cpu, 0, true), "another way", "learned");
	from_ring3();
	cpu.frame.es = 0;
	expect(!desc_again_fits(&cpu, 1, true), "caller", "another ES");
	from_ring3();
	cpu.frame.ss = SEL_DATA0 | 1;
	expect(!desc_again_fits(&cpu, 1, true), "caller", "another SS");
	expect(desc_again_fits(&cpu, 1, false), "caller", "SYSENTER does not say");
	/* The CPU has nulled a null selector of another number. */
	from_ring3();
	g->seg[VMBT_FS].sel = 2;
	expect(!desc_again_fits(&cpu, 1, true), "caller", "another null selector");
	/* What the selectors mean. */
	on_way(&frame, seg);
	cpu.mode = VCPU_DE;
	put_desc(GDT, SEL_DATA3, 0, 0xffff, A_DATA3);
	expect(!desc_again_fits(&cpu, 1, true), "tables", "an entry written");
	on_way(&frame, seg);
	cpu.mode = VCPU_DE;
	desc_again_begin(&cpu, 1);
	expect(!desc_again_fits(&cpu, 1, true), "begun", "not learned anew");
	on_way(&frame, seg);
	cpu.mode = VCPU_DE;
	desc_mappings_changed(&cpu);
	expect(!desc_again_fits(&cpu, 1, true), "tables", "mapped elsewhere");
	/* Ring-1 code that has gone to ring 3 without leave. */
	on_way(&frame, seg);
	cpu.desc->user_offered = false;
	expect(!desc_again_fits(&cpu, 1, true), "forged", "without an offer");
	cpu.mode = VCPU_DE;
	expect(desc_again_fits(&cpu, 1, true), "direct", "needs none");
	done("ways-from-ring-3");
}

/* And at once a second time, with nothing in between but the guest: the CPU's registers decide. */
static void at_once(void)
{
	struct vmbt_seg seg[VMBT_NSEG];
	struct vmbt_frame frame, came;

	on_way(&frame, seg);
	expect(desc_again_fits(&cpu, 1, true), "first", "not the same");
	desc_again_take(&cpu, 1);
	from_ring3();
	expect(desc_again_at_once(&cpu, 1, true), "again", "not the same");
	expect(cpu.frame.cs == frame.cs && cpu.frame.ss == frame.ss &&
	       cpu.frame.ds == frame.ds && cpu.frame.es == frame.es &&
	       cpu.frame.fs == frame.fs && cpu.frame.gs == frame.gs &&
	       cpu.frame.seg_load == frame.seg_load, "again", "cs %llx ss %llx gs %x load %x",
	       cpu.frame.cs, cpu.frame.ss, cpu.frame.gs, cpu.frame.seg_load);
	expect(!memcmp(seg, g->seg, sizeof(seg)), "again", "ds %x", g->seg[VMBT_DS].sel);
	for (u32 s = 0; s < 4; s++) {
		from_ring3();
		*(&cpu.frame.ds + s) ^= 8;
		came = cpu.frame;
		expect(!desc_again_at_once(&cpu, 1, true) &&
		       !memcmp(&came, &cpu.frame, sizeof(came)), "caller", "register %u", s);
	}
	from_ring3();
	cpu.frame.ss = SEL_DATA0 | 1;
	expect(!desc_again_at_once(&cpu, 1, true), "caller", "another SS");
	expect(desc_again_at_once(&cpu, 1, false), "caller", "SYSENTER does not say");
	from_ring3();
	cpu.frame.cs = SEL_CODE3 ^ 8;
	expect(!desc_again_at_once(&cpu, 1, true), "caller", "another CS");
	from_ring3();
	cpu.desc->user_offered = false;
	expect(!desc_again_at_once(&cpu, 1, true), "forged", "without an offer");
	done("ways-at-once");
}

/* By which selector of DS ring 1 may take an offset for a linear address. */
static void flat_ds(void)
{
	static const struct { u32 base, limit; u16 attr; bool flat; } of[] = {
		{ 0, ~0U, 0xc0f3, true }, { 0x1000, ~0U, 0xc0f3, false },
		{ 0, 0xffffefff, 0xc0f3, false }, { 0, 0xfffff, 0x40f3, false },
		{ 0, ~0U, 0xc0f1, false }, { 0, ~0U, 0xc0f7, false },
		{ 0, ~0U, 0xc0fb, false },
	};
	u32 sel;

	for (u32 i = 0; i < ARRAY_SIZE(of); i++) {
		fake_flat(0);
		cpu.mon->alias_ds = VMBT_MON_NONE;
		put_desc(GDT, SEL_TEST, of[i].base, of[i].limit, of[i].attr);
		expect(!cpu_load_seg(&cpu, VMBT_DS, SEL_TEST | 3), "flat", "no load of %u", i);
		prepare(VCPU_BT1);
		sel = -cpu.mon->alias_ds;
		expect(sel == (of[i].flat ? (u32)SEL_TEST | 3 : -(u32)VMBT_MON_NONE), "flat",
		       "%u: selector %x", i, sel);
	}
	/* What the run table says of it changes; a null selector is none. */
	fake_flat(0);
	put_desc(GDT, SEL_TEST, 0, ~0U, 0xc0f3);
	expect(!cpu_load_seg(&cpu, VMBT_DS, SEL_TEST | 3), "flat", "no load");
	prepare(VCPU_BT1);
	expect(cpu.mon->alias_ds == -(u32)(SEL_TEST | 3), "flat", "%x", cpu.mon->alias_ds);
	put_desc(GDT, SEL_TEST, 0x1000, ~0U, 0xc0f3);
	expect(cpu.mon->alias_ds == VMBT_MON_NONE, "flat", "still %x", cpu.mon->alias_ds);
	expect(!cpu_load_seg(&cpu, VMBT_DS, 0), "flat", "no null selector");
	prepare(VCPU_BT1);
	expect(cpu.mon->alias_ds == VMBT_MON_NONE, "flat", "null: %x", cpu.mon->alias_ds);
	done("flat-data-segment");
}

/* The guest writes its table; what is loaded stays what it was. */
static void writes(void)
{
	struct vmbt_seg s;

	fake_flat(3);
	put_desc(GDT, SEL_TEST, 0x5000, 0xffff, 0x40f3);
	expect(!cpu_load_seg(&cpu, VMBT_ES, SEL_TEST | 3) &&
	       desc_all_shadowed(&cpu), "load", "not shadowed");
	expect(page[GDT >> 12].traces, "trace", "not watched");
	cpu.events = 0;
	put_desc(GDT, SEL_TEST, 0x6000, 0xffff, 0x40f3);
	expect(cpu.events & VCPU_EV_SEGS, "event", "none");
	expect(!desc_all_shadowed(&cpu) &&
	       desc_state(&cpu, VMBT_ES) == DESC_CACHED &&
	       desc_state(&cpu, VMBT_DS) == DESC_SHADOWED, "changed",
	       "still shadowed");
	prepare(VCPU_BT3);
	s = hw_seg(cpu.frame.es);
	expect(cpu.frame.es == (VMBT_SEL_CACHED(VMBT_ES) | 3) &&
	       s.base == 0x5000 && (s.attr & 0xff) == 0xf3, "cached",
	       "es %x base %x", cpu.frame.es, s.base);
	/* Written back as it was: shadowed again, by itself. */
	put_desc(GDT, SEL_TEST, 0x5000, 0xffff, 0x40f3);
	expect(desc_all_shadowed(&cpu), "restored", "not shadowed");
	/* Absent in the table: cached. One byte is enough. */
	ram[0] = 0x73;
	mmu_write(&cpu, GDT + SEL_TEST + 5, ram, 1, 0);
	expect(desc_state(&cpu, VMBT_ES) == DESC_CACHED, "absent", "shadowed");
	/* A write next door drops nothing of ours. */
	put_desc(GDT, SEL_TEST, 0x5000, 0xffff, 0x40f3);
	desc_all_shadowed(&cpu);
	put_desc(GDT, SEL_TEST2, 1, 2, 0xf3);
	expect(desc_bit(cpu.desc->tab[0].filled, SEL_TEST >> 3), "neighbour",
	       "dropped");
	/* The LDT, and LLDT. */
	put_desc(LDT, 0x14, 0x7000, 0xff, 0x40f3);
	expect(!cpu_load_seg(&cpu, VMBT_FS, 0x17) && desc_all_shadowed(&cpu),
	       "LDT", "not shadowed");
	g->ldtr = (struct vmbt_seg){ 0 };
	desc_tables_changed(&cpu);
	expect(desc_state(&cpu, VMBT_FS) == DESC_CACHED &&
	       !cpu.desc->tab[1].filled[0], "LLDT 0", "still there");
	done("table-writes");
}

/* LGDT to an equal table is harmless, to another one it is noticed. */
static void moves(void)
{
	fake_flat(3);
	desc_all_shadowed(&cpu);
	memcpy(ram + 0x8000, ram + GDT, 0x100);
	g->gdtr.base = 0x8000;
	desc_tables_changed(&cpu);
	expect(!page[GDT >> 12].traces, "old table", "still watched");
	expect(desc_all_shadowed(&cpu) && page[8].traces, "copy",
	       "not shadowed");
	g->gdtr.limit = SEL_DATA3;
	desc_tables_changed(&cpu);
	expect(desc_state(&cpu, VMBT_DS) == DESC_CACHED, "limit", "shadowed");
	/* The same linear address in another address space. */
	fake_flat(3);
	desc_all_shadowed(&cpu);
	page[GDT >> 12].gfn = 9;
	memcpy(ram + 0x9000, ram + GDT, 0x100);
	ram[0x9000 + SEL_DATA3 + 2] = 1;
	cpu.guest->cr0 |= VMBT_CR0_PG;
	g->seg[VMBT_SS].attr = A_DATA0;
	cpu_write_cr(&cpu, 3, 0x1000);
	g->seg[VMBT_SS].attr = A_DATA3;
	expect(desc_state(&cpu, VMBT_DS) == DESC_CACHED &&
	       desc_state(&cpu, VMBT_CS) == DESC_SHADOWED && page[9].traces &&
	       !page[1].traces, "CR3", "not noticed");
	/* A table across two pages, entries across the boundary. */
	fake_flat(3);
	memcpy(ram + 0x8ffc - SEL_DATA3, ram + GDT, 0x100);
	g->gdtr.base = 0x8ffc - (SEL_DATA3 & ~7);
	memcpy(ram + g->gdtr.base, ram + GDT, 0x100);
	desc_tables_changed(&cpu);
	expect(desc_all_shadowed(&cpu) && page[8].traces && page[9].traces,
	       "straddle", "not shadowed");
	ram[0] = 0x73;
	mmu_write(&cpu, 0x9001, ram, 1, 0);
	expect(desc_state(&cpu, VMBT_DS) == DESC_CACHED, "straddle",
	       "write not seen");
	done("table-moves");
}

/* Real and v86 mode, big real mode, and into protected mode from there. */
static void modes(void)
{
	struct vmbt_seg s;

	fake_reset();
	cpu_load_seg(&cpu, VMBT_DS, 0x1234);
	cpu_load_seg(&cpu, VMBT_SS, 0);
	expect(!desc_all_shadowed(&cpu), "real", "shadowed");
	prepare(VCPU_BT1);
	s = hw_seg(cpu.frame.ds);
	expect(cpu.frame.ds == (VMBT_SEL_CACHED(VMBT_DS) | 1) &&
	       s.base == 0x12340 && s.limit == 0xffff &&
	       (s.attr & 0xff) == 0xb3, "real", "ds %x base %x attr %x",
	       cpu.frame.ds, s.base, s.attr);
	expect(cpu.frame.ss == (VMBT_SEL_CACHED(VMBT_SS) | 1), "real ss", "%llx",
	       cpu.frame.ss);
	g->seg[VMBT_ES].limit = ~0U;
	g->seg[VMBT_ES].attr = 0xc093;
	desc_segs_changed(&cpu);
	prepare(VCPU_BT1);
	expect(hw_seg(cpu.frame.es).limit == ~0U, "big real", "limit %x",
	       hw_seg(cpu.frame.es).limit);
	/* PE on, nothing reloaded yet: cached, in ring 1 still. */
	put_desc(GDT, SEL_CODE0, 0, ~0U, A_CODE0);
	put_desc(GDT, SEL_DATA0, 0, ~0U, A_DATA0);
	g->gdtr.base = GDT;
	g->gdtr.limit = 0xff;
	desc_tables_changed(&cpu);
	expect(!cpu_write_cr(&cpu, 0, VMBT_CR0_PE | VMBT_CR0_ET), "PE", "fault");
	expect(desc_state(&cpu, VMBT_DS) == DESC_CACHED, "PE", "shadowed");
	expect(!cpu_far_jmp(&cpu, SEL_CODE0, 0x1000, 4) &&
	       !cpu_load_seg(&cpu, VMBT_SS, SEL_DATA0) &&
	       !cpu_load_seg(&cpu, VMBT_DS, SEL_DATA0), "loads", "fault");
	prepare(VCPU_BT1);
	expect(desc_state(&cpu, VMBT_DS) == DESC_SHADOWED &&
	       cpu.frame.ds == SEL_DATA0 &&
	       cpu.frame.es == (VMBT_SEL_CACHED(VMBT_ES) | 1), "protected",
	       "ds %x es %x", cpu.frame.ds, cpu.frame.es);

	fake_v86();
	prepare(VCPU_BT3);
	s = hw_seg(cpu.frame.ds);
	expect(cpu.frame.ds == (VMBT_SEL_CACHED(VMBT_DS) | 3) &&
	       s.base == 0x10030 && (s.attr & 0xff) == 0xf3 &&
	       s.limit == 0xffff, "v86", "ds %x attr %x", cpu.frame.ds, s.attr);
	/* Whatever user space sets: the CPU can load it. */
	for (u32 i = 0; i < 20000; i++) {
		fake_flat(i & 1 ? 3 : 0);
		for (int n = 0; n < VMBT_NSEG; n++) {
			struct vmbt_seg *p = &g->seg[n];

			p->sel = rnd();
			p->attr = rnd();
			p->base = rnd();
			p->limit = rnd();
		}
		g->seg[VMBT_SS].attr = (g->seg[VMBT_SS].attr & ~0x60) |
				       (i & 1 ? 0x60 : 0);
		if (i % 8 == 0)
			g->eflags |= VMBT_X86_EFLAGS_VM;
		desc_segs_changed(&cpu);
		if (i & 2)
			shared.mon_policy = VMBT_MON_FIXED;
		cpu.desc->truncates = i & 2;
		prepare(vcpu_cpl(&cpu) ? VCPU_BT3 : VCPU_BT1);
		for (int n = 0; n < 4; n++) {
			u16 sel = (&cpu.frame.ds)[n];
			u8 cpl = vcpu_cpl(&cpu) ? 3 : 1;
			u8 type = hw(sel) >> 40;

			if (!(sel & ~3))
				continue;
			expect((type & 0x90) == 0x90 &&
			       (type & 0xa) != 0x8 && hw_dpl(sel) >= cpl &&
			       hw_dpl(sel) >= (sel & 3), "loadable",
			       "sel %x raw %llx", sel, hw(sel));
		}
		expect((hw(cpu.frame.ss) >> 40 & 0x9a) == 0x92 &&
		       (cpu.frame.ss & 3) == (cpu.frame.cs & 3) &&
		       hw_dpl(cpu.frame.ss) == (cpu.frame.ss & 3), "stack",
		       "sel %llx raw %llx", cpu.frame.ss, hw(cpu.frame.ss));
	}
	done("modes");
}

/* #NP, #GP of a shadow entry that is merely not there yet. */
static void faults(void)
{
	fake_flat(3);
	put_desc(GDT, SEL_TEST, 0, ~0U, A_DATA3);
	put_desc(GDT, SEL_TEST2, 0, ~0U, 0xc073);	/* absent */
	put_desc(GDT, SEL_TEST3, 0, ~0U, 0xc0f2);	/* not accessed */
	desc_all_shadowed(&cpu);
	expect(desc_fault(&cpu, 13, SEL_TEST), "fill", "true fault");
	expect(!desc_fault(&cpu, 13, SEL_TEST), "again", "endless loop");
	expect(!desc_fault(&cpu, 11, SEL_TEST2) &&
	       !desc_fault(&cpu, 13, SEL_TEST3) &&
	       !desc_fault(&cpu, 13, SEL_TSS) && !desc_fault(&cpu, 13, 0) &&
	       !desc_fault(&cpu, 13, 0x80 * 8 | 2) &&
	       !desc_fault(&cpu, 13, VMBT_SEL_VMM_CS & ~7) &&
	       !desc_fault(&cpu, 13, 0x7f8) && !desc_fault(&cpu, 6, SEL_TEST),
	       "true ones", "taken for hidden");
	/* Small tables are complete before DE: LSL must see everything. */
	fake_flat(3);
	put_desc(GDT, 0xf8, 0, 0x3, 0x40f5);
	prepare(VCPU_DE);
	expect(hw_seg(0xf8).limit == 3 && hw_dpl(0xf8) == 3, "lsl",
	       "not filled");
	put_desc(GDT, 0xf8, 0, 0x4, 0x40f5);
	prepare(VCPU_DE);
	expect(hw_seg(0xf8).limit == 4, "lsl", "stale");
	/* A selector where the VMM's entries are. */
	fake_flat(3);
	memcpy(ram + 0x10000, ram + GDT, 0x100);
	g->gdtr.base = 0x10000;
	g->gdtr.limit = 0xffff;
	desc_tables_changed(&cpu);
	put_desc(0x10000, VMBT_SEL_MON3_GS, 0x1234, 0xff, 0x40f3);
	expect(!cpu_load_seg(&cpu, VMBT_ES, VMBT_SEL_MON3_GS), "ours", "fault");
	prepare(VCPU_BT3);
	expect(desc_state(&cpu, VMBT_ES) == DESC_CACHED &&
	       hw_seg(cpu.frame.es).base == 0x1234 &&
	       hw_seg(VMBT_SEL_MON3_GS).base == cpu.mon_base, "ours", "shared");
	/* A ring-0 segment left in DS by SYSEXIT cannot be in the CPU in DE. */
	fake_flat(3);
	g->seg[VMBT_DS] = (struct vmbt_seg){
		.sel = SEL_DATA0, .limit = ~0U, .attr = A_DATA0,
	};
	desc_segs_changed(&cpu);
	expect(!desc_all_shadowed(&cpu), "inner data", "shadowed");
	done("faults");
}

/* Fixed monitor area, or a data page of its own: limits by mode, the flip on the fault. */
static void truncated(void)
{
	fake_flat(3);
	cpu.desc->truncates = true;
	put_desc(GDT, SEL_TEST, 0xb7000000, ~0U, A_DATA3);
	cpu_load_seg(&cpu, VMBT_FS, SEL_TEST | 3);
	prepare(VCPU_DE);
	expect(hw_seg(SEL_DATA3).limit == ~0U &&
	       hw_seg(SEL_DATA0).limit == 0xffbfffff, "DE", "limit %x",
	       hw_seg(SEL_DATA3).limit);
	prepare(VCPU_BT3);
	expect(cpu.frame.seg_load == ALL_LOADS &&
	       hw_seg(SEL_DATA3).limit == 0xffbfffff &&
	       hw_seg(SEL_TEST).limit == 0x48bfffff, "BT", "load %x limit %x",
	       cpu.frame.seg_load, hw_seg(SEL_TEST).limit);
	cpu.mode = VCPU_BT3;
	expect(desc_limit_fault(&cpu), "limit fault", "not ours");
	desc_note_access(&cpu, VMBT_FS, 0x1000);
	prepare(VCPU_BT3);
	expect(!cpu.frame.seg_load, "same half", "flipped");
	desc_limit_fault(&cpu);
	desc_note_access(&cpu, VMBT_FS, 0xfffffffc);
	prepare(VCPU_BT3);
	expect(cpu.frame.seg_load == 1 << VMBT_FS &&
	       (hw_seg(SEL_TEST).attr & 0xf) == 7 &&
	       hw_seg(SEL_TEST).limit == 0x48ffffff, "other half",
	       "load %x limit %x", cpu.frame.seg_load, hw_seg(SEL_TEST).limit);
	cpu.mode = VCPU_DE;
	expect(!desc_limit_fault(&cpu), "DE", "truncated");
	cpu.mon_base = 0xf0000000;
	cpu.mon_data = VMBT_MON_SPLIT_DATA;
	prepare(VCPU_BT3);
	expect(hw_seg(SEL_DATA3).limit == 0xffdfffff, "split", "limit %x",
	       hw_seg(SEL_DATA3).limit);
	fake_flat(0);
	cpu.mode = VCPU_BT1;
	expect(!desc_limit_fault(&cpu), "floating", "truncated");
	done("truncated");
}

int main(void)
{
	direct();
	not_entered();
	translated();
	loaded();
	arrivals();
	sysexit_shown();
	once_more();
	at_once();
	flat_ds();
	writes();
	moves();
	modes();
	faults();
	truncated();
	return test_status();
}
