// SPDX-License-Identifier: GPL-2.0
/*
 * Random guests against the shadow descriptor tables.
 *
 * A guest writes random descriptors, moves its tables and their pages, loads
 * segments, changes mode and ring, and runs natively, where this program plays
 * the CPU: it loads whatever the run tables would let ring 3 load. After each
 * step every entry of all four run tables is held against the isolation
 * invariant of the architecture, read off the bytes by the manual and not by
 * desc_unpack():
 *
 *  - S = 1, P = 1, L = 0, accessed, not conforming, DPL 1 to 3, but for the
 *    VMM's own entries, which are as they were made;
 *  - where the monitor area is fixed, nothing that can be loaded under
 *    translation reaches it;
 *  - before native execution, an entry says what the guest's table says.
 */
#include <stdarg.h>

#include "input.h"
#include "../unit/cpu/fake.h"

#define STEPS	1500

static struct input in;

/* In the place of fake.c's. */
u32 rnd(void)
{
	return input_take(&in, 4);
}

static u32 pick(u32 n)
{
	return input_below(&in, n);
}

__printf(3, 4)
static void insist(bool good, const char *what, const char *fmt, ...)
{
	va_list ap;

	if (good)
		return;
	fprintf(stderr, "fuzz/desc: %s: ", what);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

static struct vmbt_guest *const g = &shared.guest;

/* A descriptor's fields, by SDM vol. 3, figure 3-8. */
static u32 base_of(u64 d)
{
	return (d >> 16 & 0xffffff) | (u32)(d >> 56) << 24;
}

static u32 limit_of(u64 d)
{
	u32 l = (d & 0xffff) | (d >> 32 & 0xf0000);

	return d >> 55 & 1 ? l << 12 | 0xfff : l;
}

static bool bit(u64 d, int n)
{
	return d >> n & 1;
}

static bool is_code(u64 d)
{
	return bit(d, 43);
}

/* Does any offset that the segment covers lie in [mon, 2^32)? */
static bool reaches(u64 d, u32 mon)
{
	u64 lo = 0, hi = limit_of(d), base = base_of(d);

	if (!is_code(d) && bit(d, 42)) {
		lo = hi + 1;
		hi = bit(d, 54) ? 0xffffffff : 0xffff;
	}
	if (lo > hi)
		return false;
	lo += base;
	hi += base;
	return (lo <= 0xffffffff && hi >= mon) || hi >= 0x100000000ULL + mon;
}

static void check_entry(enum desc_view view, int tab, u32 i, u64 d)
{
	u8 dpl = d >> 45 & 3;

	insist(bit(d, 44) && bit(d, 47) && bit(d, 40) && !bit(d, 53) && dpl &&
	       !(is_code(d) && bit(d, 42)), "invariant",
	       "view %d table %d entry %u: %016llx", view, tab, i, d);
	/* Code that the CPU runs natively may have all of its limit. */
	if (cpu.desc->truncates && (view == DESC_VIEW_BT || dpl != 3))
		insist(!reaches(d, cpu.mon_data), "monitor",
		       "view %d table %d entry %u: %016llx", view, tab, i, d);
}

static bool split(void)
{
	return shared.mon_policy == VMBT_MON_SPLIT;
}

/* The VMM's entries: DPL 0 and system ones in no other place than these. */
static void check_own(enum desc_view view, const u64 *gdt)
{
	u64 cs = gdt[VMBT_SEL_VMM_CS >> 3], ss = gdt[VMBT_SEL_VMM_SS >> 3];
	u32 i;

	insist(bit(cs, 53) && !bit(cs, 54) && !(cs >> 45 & 3) && is_code(cs) &&
	       !bit(cs, 42) && bit(cs, 47), "VMM CS", "%016llx", cs);
	insist(!(ss >> 45 & 3) && !is_code(ss), "VMM SS", "%016llx", ss);
	insist((gdt[VMBT_SEL_LDT >> 3] >> 40 & 0xff) == 0x82, "LDT",
	       "%016llx", gdt[VMBT_SEL_LDT >> 3]);
	insist((gdt[VMBT_SEL_TSS >> 3] >> 40 & 0xfd) == 0x89, "TSS", "%016llx",
	       gdt[VMBT_SEL_TSS >> 3]);
	for (i = VMBT_SEL_TC1_CS >> 3; i < VMBT_SEL_CACHED(6) >> 3; i++) {
		u64 d = gdt[i];

		if (!d)
			continue;
		insist(view == DESC_VIEW_BT, "own", "entry %u in DE", i);
		if (i < VMBT_SEL_CACHED(0) >> 3)
			insist(bit(d, 44) && bit(d, 47) && bit(d, 40) &&
			       !bit(d, 53) && (d >> 45 & 3) &&
			       base_of(d) == (is_code(d) ? cpu.mon_base : cpu.mon_data) &&
			       limit_of(d) == (is_code(d) || !split() ? VMBT_MON_SIZE :
					       0x1000) - 1, "own",
			       "entry %u: %016llx", i, d);
		else
			check_entry(view, 0, i, d);
	}
}

static void check_all(void)
{
	for (int view = 0; view < DESC_NVIEW; view++)
		for (int tab = 0; tab < DESC_NTAB; tab++) {
			const u64 *t = cpu.desc->tab[tab].hw[view];
			u32 end = tab ? DESC_ENTRIES : VMBT_SEL_FIRST >> 3;

			for (u32 i = 0; i < end; i++)
				if (t[i])
					check_entry(view, tab, i, t[i]);
			if (tab == DESC_GDT)
				check_own(view, t);
		}
}

/* Every entry that ring 3 could load now is the guest's own, as it stands. */
static void check_fresh(void)
{
	struct vcpu_exc exc = cpu.exc;

	for (int tab = 0; tab < DESC_NTAB; tab++) {
		const u64 *t = cpu.desc->tab[tab].hw[DESC_VIEW_DE];
		u32 base = tab ? g->ldtr.base : g->gdtr.base;
		u32 limit = tab ? g->ldtr.limit : g->gdtr.limit;
		u32 end = tab ? DESC_ENTRIES : VMBT_SEL_FIRST >> 3;

		for (u32 i = 0; i < end; i++) {
			u64 d = t[i], now = 0;
			u8 dpl;

			if (!d)
				continue;
			insist(i * 8 + 7 <= limit && (!tab || g->ldtr.attr) &&
			       !mmu_read(&cpu, base + i * 8, &now, 8, 0),
			       "fresh", "table %d entry %u is beyond", tab, i);
			dpl = now >> 45 & 3;
			if (is_code(now) && bit(now, 42))
				dpl = 3;	/* conforming */
			insist(base_of(now) == base_of(d) && bit(now, 44) &&
			       bit(now, 47) && (d >> 45 & 3) == (dpl ? dpl : 1),
			       "fresh", "table %d entry %u: %016llx, guest's %016llx",
			       tab, i, d, now);
			/* The others ring 3 can't see, and they may be truncated. */
			if ((d >> 45 & 3) != 3)
				continue;
			insist(is_code(now) == is_code(d) && bit(now, 41) == bit(d, 41) &&
			       bit(now, 54) == bit(d, 54) && limit_of(now) == limit_of(d),
			       "fresh", "table %d entry %u: %016llx, guest's %016llx",
			       tab, i, d, now);
		}
	}
	cpu.exc = exc;
}

static u64 random_desc(void)
{
	u64 d = input_take(&in, 8);
	u32 how;

	switch (pick(4)) {
	case 0:		/* plausible: flat or so, present */
		how = pick(128);
		d = 0x00cf90000000ffffULL | (u64)(how & 15) << 40 |
		    (u64)(how >> 4 & 3) << 45;
		if (how & 64)
			d |= (u64)pick(0x10000) << 16;
		if (how & 64)
			d |= (u64)pick(0x100) << 56;
		return d;
	case 1:		/* the same in 64-bit dress */
		return 0x00af9b000000ffffULL | (u64)pick(4) << 45;
	case 2:
		return d | 0x0000900000000000ULL | 1ULL << 40;
	default:
		return d;
	}
}

static u32 table_at(bool ldt)
{
	return ldt ? g->ldtr.base : g->gdtr.base;
}

static void guest_write(void)
{
	u32 at = table_at(pick(2));
	u64 raw = random_desc();
	u32 n = pick(4) ? 8 : 1 + pick(8);
	u32 off = pick(3) ? pick(40) * 8 : pick(0x10000);

	/* Where the VMM's own entries are in the run tables. */
	if (pick(8) == 0)
		off = VMBT_SEL_FIRST + pick(16) * 8;
	if (n != 8 || pick(8) == 0)
		off += pick(8);
	mmu_write(&cpu, at + off, &raw, n, 0);
}

static void move_tables(void)
{
	if (pick(2)) {
		g->gdtr.base = 0x20000 + pick(0x20000);
		g->gdtr.limit = pick(2) ? 0xff : pick(2) ? 0xffff : rnd();
	} else {
		g->ldtr = (struct vmbt_seg){ .base = 0x50000 + pick(0x20000) };
		g->ldtr.limit = pick(3) ? 0x1ff : rnd();
		g->ldtr.attr = pick(4) ? 0x82 : 0;
	}
	desc_tables_changed(&cpu);
}

static void remap(void)
{
	u32 p = 0x20 + pick(0x60);

	switch (pick(4)) {
	case 0:
		page[p].present ^= 1;
		break;
	case 1:
		page[p].super ^= 1;
		break;
	default:
		page[p].gfn = 0x20 + pick(0x60);
		break;
	}
	desc_mappings_changed(&cpu);
}

static u16 random_sel(void)
{
	u16 sel = pick(40 * 8);

	if (pick(16) == 0)
		sel = VMBT_SEL_FIRST + pick(0x80);
	return pick(10) ? sel : rnd();
}

static void load(void)
{
	static const enum vmbt_sreg regs[] = {
		VMBT_ES, VMBT_SS, VMBT_DS, VMBT_FS, VMBT_GS,
	};

	if (pick(4))
		cpu_load_seg(&cpu, regs[pick(5)], random_sel());
	else
		cpu_far_jmp(&cpu, random_sel(), 0, 4);
}

/* A selector fault; the VMM's indices are never filled. */
static void fault(u16 sel)
{
	bool ours = !(sel & 4) && sel >= VMBT_SEL_FIRST;

	insist(!desc_fault(&cpu, pick(2) ? VMBT_VEC_GP : VMBT_VEC_NP,
			   sel & 0xfffc) || !ours, "ours", "filled %x", sel);
}

static void input_seg(struct vmbt_seg *seg)
{
	seg->sel = rnd();
	seg->attr = rnd();
	seg->base = rnd();
	seg->limit = rnd();
}

/* Another ring or mode, as a world that is consistent. */
static void set_ring(u32 how)
{
	static const enum vmbt_sreg data[] = {
		VMBT_ES, VMBT_DS, VMBT_FS, VMBT_GS,
	};
	u8 cpl = how % 3 ? 3 : 0;
	u64 code = 0x00cf9b000000ffffULL | (u64)cpl << 45;
	u64 stack = 0x00cf93000000ffffULL | (u64)cpl << 45;

	g->cr0 |= VMBT_CR0_PE;
	g->eflags &= ~VMBT_X86_EFLAGS_VM;
	if (pick(16) == 0)
		g->eflags |= VMBT_X86_EFLAGS_VM;
	else if (pick(16) == 0)
		g->cr0 &= ~VMBT_CR0_PE;
	mmu_write(&cpu, g->gdtr.base + 8, &code, 8, 0);
	mmu_write(&cpu, g->gdtr.base + 16, &stack, 8, 0);
	desc_unpack(code, &g->seg[VMBT_CS]);
	g->seg[VMBT_CS].sel = 8 | cpl;
	desc_unpack(stack, &g->seg[VMBT_SS]);
	g->seg[VMBT_SS].sel = 16 | cpl;
	if (cpl)
		cpu_null_data_segs(&cpu, 3);
	if (pick(8) == 0)
		for (u32 i = 0; i < 4; i++)
			input_seg(&g->seg[data[i]]);
	desc_segs_changed(&cpu);
}

/* Would the CPU at CPL 3 load it? SDM vol. 2, MOV. */
static bool loadable(u16 sel, u64 d, bool ss)
{
	u8 dpl = d >> 45 & 3, rpl = sel & 3;

	if (!bit(d, 44) || !bit(d, 47))
		return false;
	if (ss)
		return !is_code(d) && bit(d, 41) && dpl == 3 && rpl == 3;
	if (is_code(d) && !bit(d, 41))
		return false;
	return (is_code(d) && bit(d, 42)) || (dpl == 3);
}

/* Ring 3 on the real CPU: it reloads from the run tables as it likes. */
static void native(void)
{
	const struct desc_tables *t;
	u16 *regs[] = { &cpu.frame.ds, &cpu.frame.es, &cpu.frame.fs,
			&cpu.frame.gs };
	static const enum vmbt_sreg which[] = { VMBT_DS, VMBT_ES, VMBT_FS,
						VMBT_GS };

	if (vcpu_cpl(&cpu) != 3 || !vcpu_protected(&cpu) ||
	    !desc_all_shadowed(&cpu))
		return;
	cpu.mode = VCPU_DE;
	desc_prepare(&cpu, VCPU_DE);
	check_fresh();
	t = desc_current(&cpu);
	for (u32 n = 0; n < 6; n++) {
		u16 sel = random_sel();
		const u64 *tab = (u64 *)(size_t)(sel & 4 ? t->ldt_base :
						 t->gdt_base);
		u32 i = pick(5);

		if (i < 4 && pick(8) == 0)
			*regs[i] = pick(4);
		else if (i < 4 && (sel & 0xfffc) &&
			 loadable(sel, tab[sel >> 3], false))
			*regs[i] = sel;
		else if (i == 4 && (sel & 0xfffc) &&
			 loadable(sel, tab[sel >> 3], true))
			cpu.frame.ss = sel;
		else if (sel & 0xfffc)
			fault(sel);
	}
	desc_sync_de(&cpu);
	for (u32 i = 0; i < 4; i++) {
		const struct vmbt_seg *seg = &g->seg[which[i]];
		u64 d = 0;

		insist(seg->sel == *regs[i], "sync", "sel %x of %x", seg->sel,
		       *regs[i]);
		if (!(seg->sel & 0xfffc)) {
			insist(!(seg->attr & 0x80), "sync", "null is usable");
			continue;
		}
		insist(!mmu_read(&cpu, table_at(seg->sel & 4) +
				 (seg->sel & ~7), &d, 8, 0) &&
		       seg->base == base_of(d) && seg->limit == limit_of(d),
		       "sync", "hidden part of %x", seg->sel);
	}
	insist(vcpu_cpl(&cpu) == 3, "sync", "ring %u", vcpu_cpl(&cpu));
}

static void translated(void)
{
	u8 cpl = vcpu_cpl(&cpu);
	const struct desc_tables *t;

	if (cpl == 1 || cpl == 2)
		return;
	cpu.mode = cpl ? VCPU_BT3 : VCPU_BT1;
	desc_prepare(&cpu, cpu.mode);
	t = desc_current(&cpu);
	for (u32 i = 0; i < 4; i++) {
		u16 sel = (&cpu.frame.ds)[i];
		u64 d = ((u64 *)(size_t)(sel & 4 ? t->ldt_base :
					 t->gdt_base))[sel >> 3];
		u8 ring = cpl ? 3 : 1;

		if (!(sel & 0xfffc))
			continue;
		/* metal/ loads it in ring 0, IRETQ to the ring keeps it. */
		insist(bit(d, 44) && bit(d, 47) &&
		       !(is_code(d) && !bit(d, 41)) &&
		       (d >> 45 & 3) >= (sel & 3) && (d >> 45 & 3) >= ring,
		       "entry", "sel %x: %016llx", sel, d);
	}
	if (pick(2) && desc_limit_fault(&cpu))
		desc_note_access(&cpu, pick(VMBT_NSEG), rnd());
}

static void run(u32 seed)
{
	fake_flat(seed & 1 ? 3 : 0);
	shared.mon_policy = !(seed & 2) ? VMBT_MON_FLOATING :
			    seed & 16 ? VMBT_MON_SPLIT : VMBT_MON_FIXED;
	if (split())
		cpu.mon_data = VMBT_MON_SPLIT_DATA;
	desc_set_tss(0xfffffe8000123000ULL);
	desc_init(&cpu);
	for (u32 p = 0; p < FAKE_PAGES; p++)
		page[p].super = seed & 4;
	g->gdtr.base = 0x20000 + (seed & 8 ? pick(0x1000) : 0);
	g->ldtr.base = 0x50000;
	desc_tables_changed(&cpu);
	for (u32 i = 1; i < 32; i++) {
		u64 raw = 0x00cf90000000ffffULL | (u64)(i & 15) << 40 |
			  (u64)(i & 16 ? 3 : 0) << 45;

		mmu_write(&cpu, g->gdtr.base + i * 8, &raw, 8, 0);
		mmu_write(&cpu, g->ldtr.base + i * 8, &raw, 8, 0);
	}
	for (u32 step = 0; step < STEPS && in.left; step++) {
		switch (pick(64)) {
		case 0:
			move_tables();
			break;
		case 1:
			remap();
			break;
		case 2 ... 5:
			set_ring(rnd());
			break;
		case 6 ... 17:
			load();
			break;
		case 18 ... 19:
			fault(random_sel());
			break;
		case 20:
			cpu.mon_base = shared.mon_policy == VMBT_MON_FIXED ?
				       VMBT_MON_FIXED_BASE : rnd() & ~0x3fffffU;
			cpu.mon_data = split() ? VMBT_MON_SPLIT_DATA : cpu.mon_base;
			desc_monitor_moved(&cpu);
			break;
		case 21 ... 36:
			native();
			break;
		case 37 ... 46:
			translated();
			break;
		default:
			guest_write();
			break;
		}
		if (step % 16 == 0)
			check_all();
	}
	check_all();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	in = (struct input){ data, size };
	run(pick(16));
	return 0;
}
