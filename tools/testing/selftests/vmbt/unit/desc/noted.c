// SPDX-License-Identifier: GPL-2.0
/*
 * A GDT that ring 1 writes to by itself, by an alias of its page: the VMM is not told, but
 * finds a note before it runs ring 3. What it makes of that, and of notes that are forged;
 * which tables are written so; and when that is given up.
 */
#include "../cpu/fake.h"

#define OTHER		0x8000u		/* a page for another GDT */

static struct vmbt_guest *const g = &shared.guest;

static u64 flat3(u32 base)
{
	struct vmbt_seg s = { .base = base, .limit = ~0U, .attr = A_DATA3 };

	return desc_pack(&s);
}

/* Ring 1 notes, and writes. */
static void by_alias(u16 sel, u64 raw)
{
	struct vmbt_mon *m = cpu.mon;

	for (u32 i = 0; i < 8; i += 4) {
		if (m->gdt_left)
			m->gdt_log[--m->gdt_left] = VMBT_MON_ALIAS +
				VMBT_MON_GDT_ALIAS * 4096 + sel + i;
		wr32(GDT + sel + i, (u32)(raw >> 8 * i));
	}
}

static u64 view(u16 sel)
{
	return ((u64 *)(size_t)desc_current(&cpu)->gdt_base)[sel >> 3];
}

/* Direct execution of ring 3, as core/ has it. */
static bool user_runs(void)
{
	if (!desc_all_shadowed(&cpu))
		return false;
	desc_prepare(&cpu, VCPU_DE);
	desc_offer_user(&cpu);
	return true;
}

/* It has run, with TEST in the GDT, and may be come back to without the VMM. */
static void begin(void)
{
	fake_flat(3);
	put_raw(GDT, SEL_TEST, flat3(0x1000));
	expect(user_runs() && !cpu.mon->no_user, "begin", "no offer");
	expect(fake_alias == GDT >> 12 && page[GDT >> 12].traces, "begin", "no alias");
}

static void seen(void)
{
	u64 changes;

	begin();
	expect(!cpu_load_seg(&cpu, VMBT_FS, SEL_TEST | 3) && user_runs() &&
	       desc_state(&cpu, VMBT_FS) == DESC_SHADOWED, "load", "not shadowed");
	/* The same again: nothing changes, and the note is gone. */
	changes = cpu.desc->changes;
	by_alias(SEL_TEST, flat3(0x1000));
	expect(cpu.mon->gdt_left == VMBT_MON_LOG - 2, "same", "test");
	expect(user_runs() && cpu.mon->gdt_left == VMBT_MON_LOG, "same", "left %u",
	       cpu.mon->gdt_left);
	expect(cpu.desc->changes == changes && !cpu.mon->no_user, "same", "something changed");
	expect(cpu.mon->gdt_spared == 1, "same", "counted %u", cpu.mon->gdt_spared);
	/* Another base: the register has what the table had. */
	by_alias(SEL_TEST, flat3(0x2000));
	expect(!user_runs() && desc_state(&cpu, VMBT_FS) == DESC_CACHED, "written", "not seen");
	expect(cpu.mon->no_user, "written", "still offered");
	expect(!cpu_load_seg(&cpu, VMBT_FS, SEL_TEST | 3) && user_runs() &&
	       g->seg[VMBT_FS].base == 0x2000 && view(SEL_TEST) == flat3(0x2000), "reload",
	       "base %x", g->seg[VMBT_FS].base);
	/* One that no register has goes from the run table, or comes into it. */
	by_alias(SEL_TEST2, flat3(0x3000));
	expect(user_runs() && view(SEL_TEST2) == flat3(0x3000), "new", "%llx", view(SEL_TEST2));
	by_alias(SEL_TEST2, 0);
	expect(user_runs() && !view(SEL_TEST2), "gone", "%llx", view(SEL_TEST2));
	/* A register that reads the table meanwhile does not make the rest of it known. */
	by_alias(SEL_TEST2, flat3(0x4000));
	by_alias(SEL_TEST3, flat3(0x5000));
	expect(!cpu_load_seg(&cpu, VMBT_ES, SEL_TEST2 | 3) && user_runs() &&
	       view(SEL_TEST2) == flat3(0x4000) && view(SEL_TEST3) == flat3(0x5000), "both",
	       "%llx %llx", view(SEL_TEST2), view(SEL_TEST3));
	done("noted-seen");
}

/* What the runtime compares with is what the run table was made from. */
static void shown(void)
{
	begin();
	expect(!memcmp(cpu.mon->gdt + 2, ram + GDT + 8, 0x78), "copy", "differs");
	expect(cpu.mon->gdt_bytes == g->gdtr.limit + 1U && !cpu.mon->gdt_n, "copy", "%u bytes",
	       cpu.mon->gdt_bytes);
	expect(VMBT_MON_ALIAS + VMBT_MON_GDT_ALIAS * 4096 + SEL_TEST + cpu.mon->gdt_delta ==
	       SEL_TEST, "delta", "%x", cpu.mon->gdt_delta);
	/* Also of entries that are of no use, which nobody has in the run table. */
	by_alias(SEL_TEST2, 0x1234);
	expect(user_runs() && !cpu.mon->no_user, "copy", "not offered");
	expect(!memcmp(cpu.mon->gdt + SEL_TEST2 / 4, ram + GDT + SEL_TEST2, 8), "copy",
	       "of another time");
	/* A write that the VMM is told of, to an entry that is not there, ends the offer. */
	put_raw(GDT, SEL_TEST2, flat3(0x1000));
	expect(cpu.mon->no_user, "told", "still offered");
	expect(user_runs() && !memcmp(cpu.mon->gdt + SEL_TEST2 / 4, ram + GDT + SEL_TEST2, 8),
	       "told", "of another time");
	done("noted-shown");
}

static void move(u32 base, u32 limit)
{
	memcpy(ram + base, ram + GDT, 0x80);
	g->gdtr.base = base;
	g->gdtr.limit = limit;
	desc_tables_changed(&cpu);
}

/* Which tables ring 1 may write to. */
static void allowed(void)
{
	static const struct { u32 base, limit; bool alias; } tables[] = {
		{ OTHER, 0x7f, true }, { OTHER, 0xff, true }, { OTHER, 0x107, false },
		{ OTHER + 4, 0x7f, true }, { OTHER + 2, 0x7f, false },
		{ OTHER + 0xf80, 0x7f, true }, { OTHER + 0xf84, 0x7f, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(tables); i++) {
		begin();
		move(tables[i].base, tables[i].limit);
		expect(fake_alias == DESC_NO_GFN, "moved", "%u: still there", i);
		expect(user_runs(), "moved", "%u: not shadowed", i);
		expect(fake_alias == (tables[i].alias ? OTHER >> 12 : DESC_NO_GFN), "moved",
		       "%u: %llx", i, fake_alias);
	}
	/* An LDT in the same page, as soon as something is read from it, and no more. */
	begin();
	put_desc(GDT, SEL_LDT, GDT + 0x800, 0x1f, 0x82);
	put_raw(GDT + 0x800, 8, flat3(0));
	expect(!cpu_load_seg(&cpu, VMBT_ES, SEL_DATA3), "ldt", "test");
	g->ldtr = (struct vmbt_seg){ .sel = SEL_LDT, .base = GDT + 0x800, .limit = 0x1f,
				     .attr = 0x82 };
	desc_tables_changed(&cpu);
	expect(user_runs() && fake_alias == DESC_NO_GFN, "ldt", "%llx", fake_alias);
	g->ldtr = (struct vmbt_seg){ 0 };
	desc_tables_changed(&cpu);
	expect(user_runs() && fake_alias == GDT >> 12, "no ldt", "%llx", fake_alias);
	/* The table's page is another frame now. */
	memcpy(ram + OTHER, ram + GDT, 0x80);
	page[GDT >> 12].gfn = OTHER >> 12;
	desc_mappings_changed(&cpu);
	expect(user_runs() && fake_alias == OTHER >> 12 && !page[GDT >> 12].traces, "mapping",
	       "%llx", fake_alias);
	done("noted-allowed");
}

static bool hot(void)
{
	return !page[GDT >> 12].traces;
}

/* When the page is compared as a whole after all. */
static void given_up(void)
{
	u32 n;

	/* Writes that the VMM is told of, as if there were no alias. */
	begin();
	page[GDT >> 12].super = true;
	for (n = 0; n < 3000 && !hot(); n++)
		put_raw(GDT, SEL_TEST, flat3(n << 12));
	expect(n > 100 && n <= 1000 && fake_alias == DESC_NO_GFN, "told", "after %u", n);
	/* Beside as many that it is spared. */
	begin();
	page[GDT >> 12].super = true;
	for (n = 0; n < 5000 && !hot(); n++) {
		put_raw(GDT, SEL_TEST, flat3(0x1000));
		user_runs();
		cpu.mon->gdt_spared += 8;
	}
	expect(!hot() && fake_alias == GDT >> 12, "spared", "after %u", n);
	/* More between two ways to ring 3 than there is room for. */
	begin();
	page[GDT >> 12].super = true;
	for (n = 0; n < 3000 && !hot(); n++) {
		for (u32 i = 0; i < VMBT_MON_LOG; i++)
			by_alias(SEL_TEST, flat3((n & 1) << 12));
		expect(user_runs() && view(SEL_TEST) == flat3((n & 1) << 12), "full",
		       "%u not seen", n);
	}
	expect(n > 10 && n < 100 && user_runs(), "full", "after %u", n);
	done("noted-given-up");
}

/* Ring 1 may say what it likes: the run table has what the VMM has made of descriptors. */
static void forged(void)
{
	static const u32 left[] = { 0, 1, VMBT_MON_LOG + 1, 0x80000000, ~0U };
	u64 raw;
	u16 bad;
	u32 sel;

	for (u32 i = 0; i < ARRAY_SIZE(left); i++) {
		begin();
		for (u32 k = 0; k < VMBT_MON_LOG; k++)
			cpu.mon->gdt_log[k] = rnd();
		cpu.mon->gdt_left = left[i];
		cpu.mon->gdt_delta = rnd();
		cpu.mon->gdt_bytes = rnd();
		memset(cpu.mon->gdt, 0xff, sizeof(cpu.mon->gdt));
		expect(user_runs() && cpu.mon->gdt_left == VMBT_MON_LOG &&
		       view(SEL_TEST) == flat3(0x1000), "forged", "%u", i);
		expect(desc_audit(&cpu, &sel, &raw), "audit", "%u: %x is %llx", i, sel, raw);
	}
	/* A write without a note: what was there before, until somebody looks. */
	begin();
	wr32(GDT + SEL_TEST, 0);
	wr32(GDT + SEL_TEST + 4, 0xdf9b00);
	expect(user_runs() && view(SEL_TEST) == flat3(0x1000), "hidden", "%llx",
	       view(SEL_TEST));
	expect(desc_audit(&cpu, &sel, &raw), "audit", "%x is %llx", sel, raw);
	cpu.mon->gdt_left = 5;
	bad = SEL_TEST;
	expect(user_runs() && view(bad) != flat3(0x1000), "shown", "%llx", view(bad));
	expect(desc_audit(&cpu, &sel, &raw), "audit", "%x is %llx", sel, raw);
	done("noted-forged");
}

int main(void)
{
	rnd_seed(7);
	seen();
	shown();
	allowed();
	given_up();
	forged();
	return test_status();
}
