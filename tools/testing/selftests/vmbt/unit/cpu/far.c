// SPDX-License-Identifier: GPL-2.0
/*
 * Far JMP, CALL, RET, IRET, SYSENTER and SYSEXIT: privilege rules over all
 * descriptor types, gates of both sizes, stack switches, v86 entry, and that
 * a fault leaves the registers alone.
 */
#include "fake.h"

static struct vmbt_guest *const g = &shared.guest;

/* SDM vol. 2, JMP and CALL: code segments named directly. */
static void direct_one(int call, int cpl, u32 n)
{
	u8 access = n, rpl = n >> 8, dpl = access >> 5 & 3;
	bool s = access & 0x10, code = access & 8, conf = access & 4;
	u16 sel = SEL_TEST | rpl;
	u32 vector = 0, type = access & 15;
	struct vmbt_guest before;
	char name[48];
	int r;

	if (!s && (type == 1 || type == 4 || type == 5 || type == 9 ||
		   type == 12))
		return;	/* gates and tasks: elsewhere */
	fake_flat(cpl);
	put_desc(GDT, SEL_TEST, 0x10000, 0xffff, access | 0x4000);
	snprintf(name, sizeof(name), "%s cpl %d access %02x rpl %d",
		 call ? "call" : "jmp", cpl, access, rpl);
	if (!s || !code)
		vector = 13;
	else if (conf ? dpl > cpl : rpl > cpl || dpl != cpl)
		vector = 13;
	else if (!(access & 0x80))
		vector = 11;
	before = *g;
	r = call ? cpu_far_call(&cpu, sel, 0x1234, 4, CODE0 + 7) :
		   cpu_far_jmp(&cpu, sel, 0x1234, 4);
	if (vector) {
		expect_fault(name, r, vector, SEL_TEST);
		expect(!memcmp(&before, g, sizeof(before)), name,
		       "state changed");
		return;
	}
	expect(!r && g->eip == 0x1234 &&
	       g->seg[VMBT_CS].sel == (SEL_TEST | cpl) &&
	       g->seg[VMBT_CS].base == 0x10000 && vcpu_cpl(&cpu) == cpl,
	       name, "result %d eip %x cs %x", r, g->eip,
	       g->seg[VMBT_CS].sel);
	if (call)
		expect(rd32(g->gpr[VMBT_ESP]) == CODE0 + 7 &&
		       rd16(g->gpr[VMBT_ESP] + 4) ==
		       before.seg[VMBT_CS].sel, name, "frame");
}

static void direct(void)
{
	for (int call = 0; call < 2; call++)
		for (int cpl = 0; cpl <= 3; cpl += 3)
			for (u32 n = 0; n < 1024; n++)
				direct_one(call, cpl, n);
	fake_flat(0);
	put_desc(GDT, SEL_TEST, 0, 0xfff, 0x409b);
	expect_fault("limit", cpu_far_jmp(&cpu, SEL_TEST, 0x1000, 4), 13, 0);
	expect(!cpu_far_jmp(&cpu, SEL_TEST, 0xabcd0fff, 2) && g->eip == 0xfff,
	       "16-bit offset", "eip %x", g->eip);
	expect_fault("null", cpu_far_jmp(&cpu, 2, 0, 4), 13, 0);
	expect_fault("beyond", cpu_far_call(&cpu, 0x101, 0, 4, 0), 13, 0x100);
	done("far-direct");
}

/* Call gates: gate type, DPL, P; target's DPL and kind; JMP and CALL. */
static void gate_one(int call, int cpl, u32 n)
{
	u8 gdpl = n & 3, rpl = n >> 2 & 3, gp = n >> 4 & 1;
	u8 dpl = n >> 5 & 3, conf = n >> 7 & 1, p = n >> 8 & 1;
	bool wide = n >> 9 & 1, inner;
	u32 vector = 0, err = 0;
	struct vmbt_guest before;
	char name[80];
	int r;

	if (dpl == 1 || dpl == 2)
		return;	/* rings(): unsupported */
	fake_flat(cpl);
	put_gate(GDT + SEL_TEST, SEL_TEST2 | 2, 0xabc01234,
		 (gp << 7 | gdpl << 5) | (wide ? 12 : 4), 0);
	put_desc(GDT, SEL_TEST2, 0, 0xffffffff,
		 0xc01b | conf << 2 | dpl << 5 | p << 7);
	snprintf(name, sizeof(name),
		 "%s gate cpl %d gdpl %d rpl %d dpl %d conf %d wide %d",
		 call ? "call" : "jmp", cpl, gdpl, rpl, dpl, conf, wide);
	inner = call && !conf && dpl < cpl;
	if (gdpl < cpl || gdpl < rpl)
		vector = 13, err = SEL_TEST;
	else if (!gp)
		vector = 11, err = SEL_TEST;
	else if (dpl > cpl || (!call && !conf && dpl != cpl))
		vector = 13, err = SEL_TEST2;
	else if (!p)
		vector = 11, err = SEL_TEST2;
	before = *g;
	r = call ? cpu_far_call(&cpu, SEL_TEST | rpl, 77, 4, 0x5555) :
		   cpu_far_jmp(&cpu, SEL_TEST | rpl, 77, 4);
	if (vector) {
		expect_fault(name, r, vector, err);
		expect(!memcmp(&before, g, sizeof(before)), name,
		       "state changed");
		return;
	}
	expect(!r && g->eip == (wide ? 0xabc01234 : 0x1234) &&
	       vcpu_cpl(&cpu) == (inner ? 0 : cpl) &&
	       g->seg[VMBT_CS].sel == (SEL_TEST2 | (inner ? 0 : cpl)),
	       name, "result %d (%u) eip %x cs %x", r, cpu.exc.vector,
	       g->eip, g->seg[VMBT_CS].sel);
}

static void gates(void)
{
	for (int call = 0; call < 2; call++)
		for (int cpl = 0; cpl <= 3; cpl += 3)
			for (u32 n = 0; n < 4 * 4 * 2 * 4 * 2 * 2 * 2; n++)
				gate_one(call, cpl, n);
	fake_flat(3);
	put_gate(GDT + SEL_TEST, 3, 0, 0xec, 0);
	expect_fault("null in gate", cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0),
		     13, 0);
	done("far-gates");
}

/* The stack an inward call finds: SDM vol. 3, figure 5-12. */
static void gate_frames(void)
{
	for (int wide = 0; wide < 2; wide++) {
		u32 size = wide ? 4 : 2, mask = wide ? 0xffffffff : 0xffff;
		u32 esp, i;

		fake_flat(3);
		put_gate(GDT + SEL_TEST, SEL_CODE0, CODE0 & mask,
			 wide ? 0xec : 0xe4, 3);
		g->gpr[VMBT_ESP] = STACK3 - 3 * size;
		for (i = 0; i < 3; i++)
			wr32(STACK3 - 3 * size + i * size, 0x11111111 * (i + 1));
		expect(!cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0x12345678),
		       "inner call", "fault %u", cpu.exc.vector);
		esp = g->gpr[VMBT_ESP];
		expect(esp == STACK0 - 7 * size, "esp", "%x", esp);
		expect((rd32(esp) & mask) == (0x12345678 & mask), "eip", "%x",
		       rd32(esp));
		expect(rd16(esp + size) == SEL_CODE3, "cs", "%x",
		       rd16(esp + size));
		for (i = 0; i < 3; i++)
			expect((rd32(esp + (2 + i) * size) & mask) ==
			       (0x11111111 * (i + 1) & mask), "param", "%u", i);
		expect((rd32(esp + 5 * size) & mask) ==
		       ((STACK3 - 3 * size) & mask), "old esp", "%x",
		       rd32(esp + 5 * size));
		expect(rd16(esp + 6 * size) == SEL_DATA3, "old ss", "%x",
		       rd16(esp + 6 * size));
		expect(g->seg[VMBT_SS].sel == SEL_DATA0, "ss", "%x",
		       g->seg[VMBT_SS].sel);
		/* And back, dropping the parameters from both stacks. */
		expect(!cpu_far_ret(&cpu, size, 3 * size), "outer ret",
		       "fault %u %x", cpu.exc.vector, cpu.exc.error);
		expect(vcpu_cpl(&cpu) == 3 && g->seg[VMBT_SS].sel == SEL_DATA3 &&
		       g->gpr[VMBT_ESP] == (STACK3 & mask), "outer ret",
		       "esp %x", g->gpr[VMBT_ESP]);
	}
	done("far-gate-frames");
}

/* SS and ESP out of the TSS: every way it can be wrong. */
static void inner_stack(void)
{
	static const struct {
		const char *name;
		u16 ss, attr;
		u32 limit, esp, vector, error;
	} t[] = {
		{ "null", 0, 0, 0, STACK0, 10, 0 },
		{ "beyond", 0x108, 0, 0, STACK0, 10, 0x108 },
		{ "rpl", SEL_TEST3 | 3, A_DATA0, ~0U, STACK0, 10, SEL_TEST3 },
		{ "dpl", SEL_TEST3, A_DATA3, ~0U, STACK0, 10, SEL_TEST3 },
		{ "read-only", SEL_TEST3, 0xc091, ~0U, STACK0, 10, SEL_TEST3 },
		{ "code", SEL_TEST3, 0xc09b, ~0U, STACK0, 10, SEL_TEST3 },
		{ "absent", SEL_TEST3, 0xc013, ~0U, STACK0, 12, SEL_TEST3 },
		{ "no room", SEL_TEST3, 0x4093, 0xffff, 0x6, 12, SEL_TEST3 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		struct vmbt_guest before;

		fake_flat(3);
		put_gate(GDT + SEL_TEST, SEL_CODE0, CODE0, 0xec, 0);
		put_desc(GDT, SEL_TEST3, 0x8000, t[i].limit, t[i].attr);
		wr32(TSS + 4, t[i].esp);
		wr32(TSS + 8, t[i].ss);
		before = *g;
		expect_fault(t[i].name,
			     cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0),
			     t[i].vector, t[i].error);
		expect(!memcmp(&before, g, sizeof(before)), t[i].name,
		       "state changed");
	}
	fake_flat(3);
	put_gate(GDT + SEL_TEST, SEL_CODE0, CODE0, 0xec, 0);
	g->tr.limit = 8;
	expect_fault("short TSS", cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0), 10,
		     SEL_TSS);
	/* A 286 TSS has its stacks elsewhere. */
	fake_flat(3);
	put_gate(GDT + SEL_TEST, SEL_CODE0, CODE0, 0xec, 0);
	g->tr.attr = 0x83;
	wr16(TSS + 2, 0x9000);
	wr16(TSS + 4, SEL_DATA0);
	expect(!cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0) &&
	       g->gpr[VMBT_ESP] == 0x9000 - 16, "286 TSS", "esp %x",
	       g->gpr[VMBT_ESP]);
	/* The push that does not fit in memory is a precise page fault. */
	fake_flat(3);
	put_gate(GDT + SEL_TEST, SEL_CODE0, CODE0, 0xec, 0);
	page[(STACK0 - 1) >> 12].present = false;
	expect(cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0) == X_FAULT &&
	       cpu.exc.vector == 14 && cpu.exc.cr2 == STACK0 - 4 &&
	       !(cpu.exc.error & VMBT_PF_U) && vcpu_cpl(&cpu) == 3, "#PF",
	       "vector %u cr2 %x error %x", cpu.exc.vector, cpu.exc.cr2,
	       cpu.exc.error);
	done("far-inner-stack");
}

static void push_ret(u32 eip, u16 cs, bool outer, u32 esp, u16 ss)
{
	u32 sp = g->gpr[VMBT_ESP] = STACK0 - 64;

	wr32(sp, eip);
	wr32(sp + 4, cs | 0xdead0000);
	if (outer) {
		wr32(sp + 8, esp);
		wr32(sp + 12, ss);
	}
}

static void push_iret(u32 eip, u16 cs, u32 flags, u32 esp, u16 ss)
{
	u32 sp = g->gpr[VMBT_ESP] = (vcpu_cpl(&cpu) ? STACK3 : STACK0) - 64;

	wr32(sp, eip);
	wr32(sp + 4, cs);
	wr32(sp + 8, flags);
	wr32(sp + 12, esp);
	wr32(sp + 16, ss);
}

/* RETF and IRET share the rules on where they may go. */
static void return_one(int iret, int cpl, u32 n)
{
	u8 access = n, rpl = n >> 8, dpl = access >> 5 & 3;
	bool code = (access & 0x18) == 0x18, conf = access & 4;
	struct vmbt_guest before;
	u32 vector = 0;
	char name[48];
	int r;

	fake_flat(cpl);
	put_desc(GDT, SEL_TEST, 0, 0xffffffff, access | 0xc000);
	push_iret(CODE0, SEL_TEST | rpl, 2, STACK3, SEL_DATA3);
	if (!iret)
		push_ret(CODE0, SEL_TEST | rpl, true, STACK3, SEL_DATA3);
	snprintf(name, sizeof(name), "%s cpl %d access %02x rpl %d",
		 iret ? "iret" : "ret", cpl, access, rpl);
	if (!code || rpl < cpl || (conf ? dpl > rpl : dpl != rpl))
		vector = 13;
	else if (!(access & 0x80))
		vector = 11;
	before = *g;
	r = iret ? cpu_iret(&cpu, 4) : cpu_far_ret(&cpu, 4, 0);
	if (!vector && (rpl == 1 || rpl == 2)) {
		expect(r == X_UNSUPPORTED, name, "ring %d: %d", rpl, r);
	} else if (vector) {
		expect_fault(name, r, vector, SEL_TEST);
	} else {
		expect(!r && vcpu_cpl(&cpu) == rpl && g->eip == CODE0 &&
		       g->seg[VMBT_CS].sel == (SEL_TEST | rpl), name,
		       "%d (%u %x)", r, cpu.exc.vector, cpu.exc.error);
		return;
	}
	expect(!memcmp(&before, g, sizeof(before)), name,
	       "state changed");
}

static void returns(void)
{
	for (int iret = 0; iret < 2; iret++)
		for (int cpl = 0; cpl <= 3; cpl += 3)
			for (u32 n = 0; n < 1024; n++)
				return_one(iret, cpl, n);
	done("returns");
}

static void outer_stack(void)
{
	static const struct {
		const char *name;
		u16 ss, attr, vector, error;
	} t[] = {
		{ "null", 3, 0, 13, 0 },
		{ "beyond", 0x10b, 0, 13, 0x108 },
		{ "rpl", SEL_TEST3, A_DATA3, 13, SEL_TEST3 },
		{ "dpl", SEL_TEST3 | 3, A_DATA0, 13, SEL_TEST3 },
		{ "read-only", SEL_TEST3 | 3, 0xc0f1, 13, SEL_TEST3 },
		{ "code", SEL_TEST3 | 3, 0xc0fb, 13, SEL_TEST3 },
		{ "absent", SEL_TEST3 | 3, 0xc073, 12, SEL_TEST3 },
	};

	for (u32 i = 0; i < 2 * ARRAY_SIZE(t); i++) {
		u32 k = i / 2;

		fake_flat(0);
		put_desc(GDT, SEL_TEST3, 0, ~0U, t[k].attr);
		push_iret(CODE0, SEL_CODE3, 2, STACK3, t[k].ss);
		if (i & 1)
			push_ret(CODE0, SEL_CODE3, true, STACK3, t[k].ss);
		expect_fault(t[k].name, i & 1 ? cpu_far_ret(&cpu, 4, 0) :
						cpu_iret(&cpu, 4),
			     t[k].vector, t[k].error);
		expect(!vcpu_cpl(&cpu) && g->gpr[VMBT_ESP] == STACK0 - 64,
		       t[k].name, "state changed");
	}
	/* Data segments of inner rings are nulled, the others stay. */
	fake_flat(0);
	put_desc(GDT, SEL_TEST, 0, ~0U, 0xc09f);	/* conforming, DPL 0 */
	put_desc(GDT, SEL_TEST2, 0, ~0U, 0xc0d3);	/* DPL 2 */
	cpu_load_seg(&cpu, VMBT_DS, SEL_DATA0);
	cpu_load_seg(&cpu, VMBT_ES, SEL_DATA3);
	cpu_load_seg(&cpu, VMBT_FS, SEL_TEST);
	cpu_load_seg(&cpu, VMBT_GS, SEL_TEST2);
	push_iret(CODE0, SEL_CODE3, 0x202, STACK3, SEL_DATA3);
	expect(!cpu_iret(&cpu, 4), "nulling", "fault");
	expect(g->seg[VMBT_DS].sel == 0 && g->seg[VMBT_DS].attr == 0 &&
	       g->seg[VMBT_ES].sel == SEL_DATA3 &&
	       g->seg[VMBT_FS].sel == SEL_TEST && g->seg[VMBT_GS].sel == 0,
	       "nulling", "ds %x es %x fs %x gs %x", g->seg[VMBT_DS].sel,
	       g->seg[VMBT_ES].sel, g->seg[VMBT_FS].sel, g->seg[VMBT_GS].sel);
	/* To a 16-bit stack only SP is loaded. */
	fake_flat(0);
	put_desc(GDT, SEL_TEST3, 0, 0xffff, 0xf3);
	push_iret(CODE0, SEL_CODE3, 2, 0x12345678, SEL_TEST3 | 3);
	expect(!cpu_iret(&cpu, 4) &&
	       g->gpr[VMBT_ESP] == ((STACK0 & 0xffff0000) | 0x5678), "sp", "%x",
	       g->gpr[VMBT_ESP]);
	done("outer-stack");
}

/* Which flags IRET may change: SDM vol. 2, IRET and table 3-45. */
static void iret_flags_one(u32 iopl, int cpl, int size, int ones)
{
	u32 all = ones ? 0x003dffd5 : 0, old, may, want;

	/* NT set would switch tasks before anything is popped. */
	fake_flat(cpl);
	g->eflags = 2 | iopl << 12 | (ones ? 0 : 0x1d0ed5);
	old = g->eflags;
	push_iret(0x1000, cpl ? SEL_CODE3 : SEL_CODE0, all, 0, 0);
	if (size == 2) {
		u32 sp = g->gpr[VMBT_ESP];

		wr16(sp, 0x1000);
		wr16(sp + 2, cpl ? SEL_CODE3 : SEL_CODE0);
		wr16(sp + 4, all);
	}
	may = 0x4dd5 | (size == 4 ? 0x250000 : 0);
	if ((u32)cpl <= iopl)
		may |= 0x200;
	if (!cpl)
		may |= 0x3000 | (size == 4 ? 0x180000 : 0);
	want = (old & ~may) | (all & may) | 2;
	expect(!cpu_iret(&cpu, size) && g->eflags == want, "flags",
	       "cpl %d iopl %u size %d: %x, expected %x", cpl, iopl,
	       size, g->eflags, want);
}

static void iret_flags(void)
{
	for (u32 iopl = 0; iopl < 4; iopl++)
		for (int cpl = 0; cpl <= 3; cpl += 3)
			for (int size = 2; size <= 4; size += 2)
				for (int ones = 0; ones < 2; ones++)
					iret_flags_one(iopl, cpl, size, ones);
	/* IRET, and only a finished one, lets NMIs in. */
	fake_flat(0);
	g->nmi_masked = 1;
	push_iret(0x1000, SEL_TEST, 2, 0, 0);
	expect(cpu_iret(&cpu, 4) == X_FAULT && g->nmi_masked, "nmi", "fault");
	push_iret(0x1000, SEL_CODE0, 2, 0, 0);
	expect(!cpu_iret(&cpu, 4) && !g->nmi_masked, "nmi", "still masked");
	done("iret-flags");
}

/* To v86 mode and what IRET does there. */
static void v86(void)
{
	static const u16 sel[] = { 0x1111, 0x2222, 0x3333, 0x4444, 0x5555 };
	u32 sp;

	fake_flat(0);
	sp = STACK0 - 64;
	g->gpr[VMBT_ESP] = sp;
	wr32(sp, 0x1234);
	wr32(sp + 4, 0xabcd);
	wr32(sp + 8, 0x23202);
	wr32(sp + 12, 0xffee);
	for (u32 i = 0; i < 5; i++)
		wr32(sp + 16 + i * 4, sel[i]);
	expect(!cpu_iret(&cpu, 4), "iret", "fault %u", cpu.exc.vector);
	expect(g->eflags == 0x23202 && g->eip == 0x1234 &&
	       g->gpr[VMBT_ESP] == 0xffee && vcpu_cpl(&cpu) == 3 &&
	       !vcpu_protected(&cpu), "iret", "eflags %x eip %x", g->eflags,
	       g->eip);
	expect(g->seg[VMBT_CS].base == 0xabcd0 &&
	       g->seg[VMBT_SS].sel == sel[0] && g->seg[VMBT_ES].sel == sel[1] &&
	       g->seg[VMBT_DS].sel == sel[2] && g->seg[VMBT_FS].sel == sel[3] &&
	       g->seg[VMBT_GS].sel == sel[4] &&
	       g->seg[VMBT_GS].base == 0x55550 &&
	       g->seg[VMBT_CS].limit == 0xffff, "segments", "wrong");
	/* IOPL 3: IRET works as in real mode, IOPL and VM stay. */
	wr16(0x22220 + 0xffee - 0x10000, 0);
	cpu_load_seg(&cpu, VMBT_SS, 0x2000);
	g->gpr[VMBT_ESP] = 0x100;
	wr16(0x20100, 0x10);
	wr16(0x20102, 0x1000);
	wr16(0x20104, 0x0cd7);
	expect(!cpu_iret(&cpu, 2) && g->eip == 0x10 &&
	       g->seg[VMBT_CS].base == 0x10000 && g->eflags == 0x23cd7, "iret",
	       "eflags %x", g->eflags);
	g->eflags &= ~0x3000;
	expect_fault("iopl 0", cpu_iret(&cpu, 2), 13, 0);
	expect(!cpu_v86_sensitive_ok(&cpu), "sensitive", "allowed");
	/* Far jumps and returns are real mode's. */
	expect(!cpu_far_jmp(&cpu, 0xf000, 0x8888, 2) &&
	       g->seg[VMBT_CS].base == 0xf0000 && g->eip == 0x8888, "jmp",
	       "eip %x", g->eip);
	expect_fault("beyond 64K", cpu_far_jmp(&cpu, 0xf000, 0x18888, 4), 13, 0);
	/* A ring-3 IRET cannot set VM; ring 0 needs EIP below 64K. */
	fake_flat(3);
	push_iret(CODE0, SEL_CODE3, 0x20202, 0, 0);
	expect(!cpu_iret(&cpu, 4) && !(g->eflags & VMBT_X86_EFLAGS_VM), "vm",
	       "set by ring 3");
	fake_flat(0);
	push_iret(0x10000, 0, 0x20202, 0, 0);
	expect_fault("eip", cpu_iret(&cpu, 4), 13, 0);
	done("v86-transfers");
}

static void real(void)
{
	fake_reset();
	g->seg[VMBT_SS].base = 0x20000;
	g->gpr[VMBT_ESP] = 0x100;
	expect(!cpu_far_call(&cpu, 0x1234, 0x5678, 2, 0xfff5) &&
	       g->seg[VMBT_CS].base == 0x12340 && g->eip == 0x5678 &&
	       g->gpr[VMBT_ESP] == 0xfc && rd16(0x200fc) == 0xfff5 &&
	       rd16(0x200fe) == 0xf000, "call", "esp %x", g->gpr[VMBT_ESP]);
	expect(!cpu_far_ret(&cpu, 2, 4) && g->seg[VMBT_CS].base == 0xf0000 &&
	       g->eip == 0xfff5 && g->gpr[VMBT_ESP] == 0x104, "ret", "esp %x",
	       g->gpr[VMBT_ESP]);
	wr16(0x20104, 0x4321);
	wr16(0x20106, 0x0100);
	wr16(0x20108, 0x7fd7);
	expect(!cpu_iret(&cpu, 2) && g->eip == 0x4321 &&
	       g->seg[VMBT_CS].base == 0x1000 && g->eflags == 0x7fd7, "iret",
	       "eflags %x", g->eflags);
	done("real-transfers");
}

static void rings(void)
{
	fake_flat(3);
	put_gate(GDT + SEL_TEST, SEL_TEST2, CODE0, 0xec, 0);
	put_desc(GDT, SEL_TEST2, 0, ~0U, 0xc0bb);	/* DPL 1 */
	expect(cpu_far_call(&cpu, SEL_TEST | 3, 0, 4, 0) == X_UNSUPPORTED,
	       "ring 1", "not refused");
	done("rings-1-2");
}

static void sys(void)
{
	fake_flat(3);
	expect_fault("no CS", cpu_sysenter(&cpu), 13, 0);
	g->sysenter_cs = SEL_CODE0;
	g->sysenter_esp = 0x7000;
	g->sysenter_eip = 0x8000;
	expect_fault("sysexit cpl 3", cpu_sysexit(&cpu), 13, 0);
	expect(!cpu_sysenter(&cpu) && g->eip == 0x8000 &&
	       g->gpr[VMBT_ESP] == 0x7000 && vcpu_cpl(&cpu) == 0 &&
	       g->seg[VMBT_CS].sel == 8 && g->seg[VMBT_SS].sel == 16 &&
	       g->seg[VMBT_CS].attr == A_CODE0 &&
	       g->seg[VMBT_SS].attr == A_DATA0 &&
	       !(g->eflags & VMBT_X86_EFLAGS_IF), "sysenter", "eip %x", g->eip);
	g->gpr[VMBT_ECX] = 0x9000;
	g->gpr[VMBT_EDX] = 0xa000;
	expect(!cpu_sysexit(&cpu) && g->eip == 0xa000 &&
	       g->gpr[VMBT_ESP] == 0x9000 && vcpu_cpl(&cpu) == 3 &&
	       g->seg[VMBT_CS].sel == SEL_CODE3 &&
	       g->seg[VMBT_SS].sel == SEL_DATA3 &&
	       g->seg[VMBT_CS].attr == A_CODE3, "sysexit", "eip %x", g->eip);
	expect(desc_all_shadowed(&cpu), "shadowed",
	       "the flat segments are the GDT's");
	shared.host_caps = 0;
	expect_fault("AMD host", cpu_sysenter(&cpu), 6, 0);
	done("sysenter-sysexit");
}

int main(void)
{
	direct();
	gates();
	gate_frames();
	inner_stack();
	returns();
	outer_stack();
	iret_flags();
	v86();
	real();
	rings();
	sys();
	return test_status();
}
