// SPDX-License-Identifier: GPL-2.0
/*
 * Task switches between 286 and 386 TSSs by JMP, CALL, IRET and gates: what is
 * saved, loaded, marked busy and linked (SDM vol. 3, 7.3 and table 7-2), which
 * faults are the old task's and which the new one's; and the I/O bitmap.
 */
#include "fake.h"

static struct vmbt_guest *const g = &shared.guest;

/* The image of a task in a TSS of either format, at TSS_B. */
static void make_tss(bool wide)
{
	static const u16 seg[6] = {
		SEL_DATA0, SEL_CODE0, SEL_DATA0, SEL_DATA0, SEL_DATA0, SEL_DATA0,
	};
	u32 at = TSS_B;

	memset(ram + at, 0, 0x68);
	if (wide) {
		wr32(at + 0x1c, 0xabcd000);
		wr32(at + 0x20, 0x11111);
		wr32(at + 0x24, 0x246);
		for (int i = 0; i < 8; i++)
			wr32(at + 0x28 + i * 4, 0x40404000 + i);
		wr32(at + 0x38, 0x28000);	/* ESP */
		for (int i = 0; i < 6; i++)
			wr32(at + 0x48 + i * 4, seg[i]);
		wr16(at + 0x60, SEL_LDT);
		put_desc(GDT, SEL_TSS_B, TSS_B, 0x67, 0x89);
	} else {
		wr16(at + 0x0e, 0x2222);
		wr16(at + 0x10, 0x246);
		for (int i = 0; i < 8; i++)
			wr16(at + 0x12 + i * 2, 0x4000 + i);
		for (int i = 0; i < 4; i++)
			wr16(at + 0x22 + i * 2, seg[i]);
		wr16(at + 0x2a, SEL_LDT);
		put_desc(GDT, SEL_TSS_B, TSS_B, 0x2b, 0x81);
	}
}

static void start(bool from_wide, bool to_wide)
{
	fake_flat(0);
	make_tss(to_wide);
	if (!from_wide) {
		put_desc(GDT, SEL_TSS, TSS, 0x2b, 0x83);
		g->tr.attr = 0x83;
		g->tr.limit = 0x2b;
	}
	for (int i = 0; i < 8; i++)
		g->gpr[i] = 0x70707000 + i;
	g->gpr[VMBT_ESP] = STACK0;
	/* A far jump of 7 bytes, for the EIP that is saved. */
	ram[CODE0] = 0xea;
	wr32(CODE0 + 1, 0);
	wr16(CODE0 + 5, SEL_TSS_B);
	desc_tables_changed(&cpu);
}

static u8 type_of(u16 sel)
{
	return get_raw(GDT, sel) >> 40 & 15;
}

static void check_saved(const char *name, bool wide, u32 eip, u32 flags)
{
	if (wide) {
		expect(rd32(TSS + 0x20) == eip, name, "eip %x", rd32(TSS + 0x20));
		expect(rd32(TSS + 0x24) == flags, name, "flags %x",
		       rd32(TSS + 0x24));
		for (int i = 0; i < 8; i++)
			expect(rd32(TSS + 0x28 + i * 4) == (i == VMBT_ESP ?
			       STACK0 : 0x70707000U + i), name, "gpr %d", i);
		expect(rd16(TSS + 0x48) == SEL_DATA0 &&
		       rd16(TSS + 0x4c) == SEL_CODE0 &&
		       rd16(TSS + 0x5c) == SEL_DATA0, name, "segments");
		expect(rd32(TSS + 4) == STACK0, name, "ESP0 overwritten");
	} else {
		expect(rd16(TSS + 0xe) == (u16)eip, name, "ip %x",
		       rd16(TSS + 0xe));
		expect(rd16(TSS + 0x10) == (u16)flags, name, "flags %x",
		       rd16(TSS + 0x10));
		for (int i = 0; i < 8; i++)
			expect(rd16(TSS + 0x12 + i * 2) == (u16)(i == VMBT_ESP ?
			       STACK0 : 0x70707000U + i), name, "gpr %d", i);
		expect(rd16(TSS + 0x24) == SEL_CODE0, name, "cs");
	}
}

static void check_loaded(const char *name, bool wide, bool nested)
{
	u32 flags = 0x246 | (nested ? VMBT_X86_EFLAGS_NT : 0);

	expect(g->eip == (wide ? 0x11111 : 0x2222), name, "eip %x", g->eip);
	expect(g->eflags == flags, name, "flags %x", g->eflags);
	for (int i = 0; i < 8; i++)
		if (i != VMBT_ESP)
			expect(g->gpr[i] == (wide ? 0x40404000U + i :
						    0xffff4000U + i), name,
			       "gpr %d: %x", i, g->gpr[i]);
	expect(g->seg[VMBT_CS].sel == SEL_CODE0 &&
	       (g->seg[VMBT_CS].attr & 0x80), name, "cs");
	expect(g->seg[VMBT_FS].sel == (wide ? SEL_DATA0 : 0), name, "fs");
	expect(g->tr.sel == SEL_TSS_B && g->tr.base == TSS_B, name, "tr");
	expect(g->ldtr.sel == SEL_LDT && g->ldtr.base == LDT, name, "ldtr");
	expect(g->cr0 & VMBT_CR0_TS, name, "CR0.TS");
	expect(type_of(SEL_TSS_B) & 2, name, "new task not busy");
}

/* SDM vol. 3, table 7-2: busy, NT, link. */
static void switch_one(int from, int to, int via)
{
	u16 sel = via ? SEL_TEST : SEL_TSS_B;
	char name[48];
	u32 esp;
	int r;

	snprintf(name, sizeof(name), "jmp %d->%d via %d", from, to, via);
	start(from, to);
	put_gate(GDT + SEL_TEST, SEL_TSS_B, 0, 0x85, 0);
	r = cpu_far_jmp(&cpu, sel, 0, 4);
	expect(!r, name, "result %d vector %u error %x", r,
	       cpu.exc.vector, cpu.exc.error);
	check_saved(name, from, CODE0 + 7, 0x202);
	check_loaded(name, to, false);
	expect(!(type_of(SEL_TSS) & 2), name, "old task busy");

	snprintf(name, sizeof(name), "call %d->%d via %d", from, to, via);
	start(from, to);
	put_gate(GDT + SEL_TEST, SEL_TSS_B, 0, 0x85, 0);
	r = cpu_far_call(&cpu, sel, 0, 4, 0x1234567);
	expect(!r, name, "result %d vector %u", r, cpu.exc.vector);
	check_saved(name, from, 0x1234567, 0x202);
	check_loaded(name, to, true);
	expect(type_of(SEL_TSS) & 2, name, "old task not busy");
	expect(rd16(TSS_B) == SEL_TSS, name, "link %x", rd16(TSS_B));
	/* And back by IRET: one instruction, CF, at the new EIP. */
	ram[g->eip] = 0xcf;
	r = cpu_iret(&cpu, 4);
	expect(!r, name, "iret: %d vector %u", r, cpu.exc.vector);
	expect(g->tr.sel == SEL_TSS && !(type_of(SEL_TSS_B) & 2) &&
	       (type_of(SEL_TSS) & 2), name, "iret: busy bits");
	expect(g->eip == (from ? 0x1234567 : 0x4567) &&
	       !(g->eflags & VMBT_X86_EFLAGS_NT), name,
	       "iret: eip %x flags %x", g->eip, g->eflags);
	expect(!(rd16(TSS_B + (to ? 0x24 : 0x10)) & 0x4000), name,
	       "iret: NT saved");

	/* An exception through a task gate has its error code there. */
	snprintf(name, sizeof(name), "gate %d->%d", from, to);
	start(from, to);
	put_gate(IDT + 13 * 8, SEL_TSS_B, 0, 0x85, 0);
	esp = to ? 0x28000 - 4 : 0xffff4004 - 2;
	cpu.exc = (struct vcpu_exc){
		.vector = 13, .soft = VMBT_EV_FAULT, .has_error = 1,
		.error = 0x9876,
	};
	if (!to) {	/* SS.B is set: room for 0xffff4002 */
		put_desc(GDT, SEL_DATA0, 0x20000 - 0xffff4000, ~0U,
			 A_DATA0);
	}
	expect(cpu_deliver_exc(&cpu) == CPU_DELIVERED, name,
	       "not delivered");
	expect(g->gpr[VMBT_ESP] == esp, name, "esp %x",
	       g->gpr[VMBT_ESP]);
	expect(rd16(to ? esp : 0x20002) == 0x9876, name, "error code");
	check_saved(name, from, CODE0, 0x202);
	check_loaded(name, to, true);
}

static void switches(void)
{
	for (int from = 0; from < 2; from++)
		for (int to = 0; to < 2; to++)
			for (int via = 0; via < 2; via++)
				switch_one(from, to, via);
	done("task-switches");
}

/* What is wrong with the new TSS is the old task's fault. */
static void old_faults(void)
{
	static const struct {
		const char *name;
		u16 attr, limit, vector, error;
	} t[] = {
		{ "busy", 0x8b, 0x67, 13, SEL_TSS_B },
		{ "absent", 0x09, 0x67, 11, SEL_TSS_B },
		{ "short 386", 0x89, 0x66, 10, SEL_TSS_B },
		{ "short 286", 0x81, 0x2a, 10, SEL_TSS_B },
	};
	struct vmbt_guest before;
	u8 tables[0x1000];

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		start(true, true);
		put_desc(GDT, SEL_TSS_B, TSS_B, t[i].limit, t[i].attr);
		before = *g;
		memcpy(tables, ram + GDT, 0x1000);
		expect_fault(t[i].name,
			     cpu_far_call(&cpu, SEL_TSS_B, 0, 4, 0),
			     t[i].vector, t[i].error);
		expect(!memcmp(&before, g, sizeof(before)) &&
		       !memcmp(tables, ram + GDT, 0x1000), t[i].name,
		       "state changed");
	}
	start(true, true);
	put_gate(GDT + SEL_TEST, SEL_TSS_B | 4, 0, 0x85, 0);
	expect_fault("TI", cpu_far_jmp(&cpu, SEL_TEST, 0, 4), 13, SEL_TSS_B | 4);
	put_gate(GDT + SEL_TEST, SEL_TSS_B, 0, 0x05, 0);
	expect_fault("gate absent", cpu_far_jmp(&cpu, SEL_TEST, 0, 4), 11,
		     SEL_TEST);
	/* IRET back to a task that is not busy is #TS. */
	start(true, true);
	g->eflags |= VMBT_X86_EFLAGS_NT;
	ram[CODE0] = 0xcf;
	wr16(TSS, SEL_TSS_B);
	expect_fault("iret", cpu_iret(&cpu, 4), 10, SEL_TSS_B);
	/* Either TSS not mapped or not writable: precise. */
	for (u32 i = 0; i < 3; i++) {
		start(true, true);
		if (i == 0)
			page[TSS_B >> 12].present = false;
		else
			page[(i == 1 ? TSS : TSS_B) >> 12].writable = false;
		before = *g;
		expect(cpu_far_call(&cpu, SEL_TSS_B, 0, 4, 0) == X_FAULT &&
		       cpu.exc.vector == 14 &&
		       !memcmp(&before, g, sizeof(before)) &&
		       type_of(SEL_TSS_B) == 9, "paged out", "%u: vector %u", i,
		       cpu.exc.vector);
	}
	/* Ring 3 may not name a TSS of DPL 0. */
	fake_flat(3);
	expect_fault("dpl", cpu_far_call(&cpu, SEL_TSS_B | 3, 0, 4, 0), 13,
		     SEL_TSS_B);
	done("task-old-faults");
}

/* What is wrong with its segments is the new one's. SDM vol. 3, table 7-1. */
static void new_faults(void)
{
	static const struct {
		const char *name;
		u32 off;
		u16 sel, attr, vector, error;
	} t[] = {
		{ "ldt type", 0x60, SEL_TEST, 0x93, 10, SEL_TEST },
		{ "ldt absent", 0x60, SEL_TEST, 0x02, 10, SEL_TEST },
		{ "ldt TI", 0x60, SEL_LDT | 4, 0, 10, SEL_LDT | 4 },
		{ "cs null", 0x4c, 0, 0, 10, 0 },
		{ "cs data", 0x4c, SEL_TEST, A_DATA0, 10, SEL_TEST },
		{ "cs absent", 0x4c, SEL_TEST, 0xc01b, 11, SEL_TEST },
		{ "cs dpl", 0x4c, SEL_TEST, A_CODE3, 10, SEL_TEST },
		{ "ss null", 0x50, 0, 0, 10, 0 },
		{ "ss read-only", 0x50, SEL_TEST, 0xc091, 10, SEL_TEST },
		{ "ss absent", 0x50, SEL_TEST, 0xc013, 12, SEL_TEST },
		{ "ss dpl", 0x50, SEL_TEST, A_DATA3, 10, SEL_TEST },
		{ "ds beyond", 0x54, 0x108, 0, 10, 0x108 },
		{ "ds code", 0x54, SEL_TEST, 0xc099, 10, SEL_TEST },
		{ "gs absent", 0x5c, SEL_TEST, 0xc013, 11, SEL_TEST },
	};

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		start(true, true);
		put_desc(GDT, SEL_TEST, 0, ~0U, t[i].attr);
		wr16(TSS_B + t[i].off, t[i].sel);
		expect_fault(t[i].name, cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4),
			     t[i].vector, t[i].error);
		expect(g->tr.sel == SEL_TSS_B && g->eip == 0x11111 &&
		       g->gpr[0] == 0x40404000 && (type_of(SEL_TSS_B) & 2),
		       t[i].name, "not in the new task");
	}
	/* The T bit: #DB after the switch, with DR6.BT. */
	start(true, true);
	ram[TSS_B + 0x64] = 1;
	expect(cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4) == X_FAULT &&
	       cpu.exc.vector == 1 && (g->dr[6] & 0x8000), "T", "vector %u",
	       cpu.exc.vector);
	/* EIP beyond CS: #GP(0) of the new task. */
	start(true, true);
	put_desc(GDT, SEL_TEST, 0, 0xfff, 0x409b);
	wr16(TSS_B + 0x4c, SEL_TEST);
	expect_fault("eip", cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4), 13, 0);
	/* Rings 1 and 2 are not there. */
	start(true, true);
	wr16(TSS_B + 0x4c, SEL_TEST | 1);
	put_desc(GDT, SEL_TEST, 0, ~0U, 0xc0bb);
	expect(cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4) == X_UNSUPPORTED, "ring 1",
	       "went on");
	done("task-new-faults");
}

static void modes(void)
{
	/* CR3 is loaded with paging on only; local breakpoints go. */
	start(true, true);
	g->dr[7] = 0x4ff;
	cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4);
	expect(!g->cr3 && g->dr[7] == 0x4aa, "unpaged", "cr3 %x dr7 %x", g->cr3,
	       g->dr[7]);
	start(true, true);
	g->cr0 |= VMBT_CR0_PG;
	cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4);
	expect(g->cr3 == 0xabcd000, "paged", "cr3 %x", g->cr3);
	/* To ring 3, and to v86. */
	start(true, true);
	wr16(TSS_B + 0x4c, SEL_CODE3);
	for (u32 off = 0x48; off <= 0x5c; off += 4)
		if (off != 0x4c)
			wr16(TSS_B + off, SEL_DATA3);
	expect(!cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4) && vcpu_cpl(&cpu) == 3 &&
	       g->seg[VMBT_DS].sel == SEL_DATA3, "ring 3", "vector %u",
	       cpu.exc.vector);
	start(true, true);
	wr32(TSS_B + 0x24, 0x23202);
	wr32(TSS_B + 0x20, 0x1000);
	for (u32 off = 0x48; off <= 0x5c; off += 4)
		wr16(TSS_B + off, 0x1234);
	expect(!cpu_far_jmp(&cpu, SEL_TSS_B, 0, 4) && vcpu_v86(&cpu) &&
	       g->seg[VMBT_GS].base == 0x12340 && g->ldtr.base == LDT, "v86",
	       "vector %u", cpu.exc.vector);
	done("task-modes");
}

/* SDM vol. 1, 19.5.2. */
static void io_bitmap(void)
{
	static const u8 sizes[] = { 1, 2, 4 };

	fake_flat(3);
	for (u32 port = 0; port < 0x400; port++)
		if (rnd() % 3)
			ram[TSS + 0x68 + port / 8] |= 1 << port % 8;
	for (u32 port = 0; port < 0x400; port++)
		for (u32 s = 0; s < 3; s++) {
			bool ok = true;

			for (u32 i = 0; i < sizes[s]; i++) {
				u32 p = port + i;

				ok &= !(ram[TSS + 0x68 + p / 8] >> p % 8 & 1);
			}
			expect((cpu_io_allowed(&cpu, port, sizes[s]) == X_OK) ==
			       ok, "bitmap", "port %x size %u", port, sizes[s]);
		}
	/* The byte behind the last one must be within the limit. */
	memset(ram + TSS + 0x68, 0, 0x100);
	g->tr.limit = 0x68 + 4;
	expect(!cpu_io_allowed(&cpu, 0x1f, 1), "limit", "fault");
	expect_fault("limit", cpu_io_allowed(&cpu, 0x20, 1), 13, 0);
	g->tr.attr = 0x83;
	expect_fault("286", cpu_io_allowed(&cpu, 0, 1), 13, 0);
	g->eflags |= VMBT_X86_EFLAGS_IOPL;
	expect(!cpu_io_allowed(&cpu, 0x20, 1), "iopl", "fault");
	fake_v86();
	g->eflags |= VMBT_X86_EFLAGS_IOPL;
	g->tr.limit = 0x67;
	expect_fault("v86 asks the bitmap", cpu_io_allowed(&cpu, 0, 1), 13, 0);
	fake_flat(0);
	g->tr.limit = 0;
	expect(!cpu_io_allowed(&cpu, 0, 1), "ring 0", "fault");
	done("io-bitmap");
}

int main(void)
{
	switches();
	old_faults();
	new_faults();
	modes();
	io_bitmap();
	return test_status();
}
