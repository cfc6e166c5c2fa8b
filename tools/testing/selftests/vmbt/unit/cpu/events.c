// SPDX-License-Identifier: GPL-2.0
/*
 * Delivery of exceptions and interrupts: gates, frames, error codes, flags,
 * nested faults up to the triple fault, real and v86 mode.
 */
#include "fake.h"

static struct vmbt_guest *const g = &shared.guest;

#define HANDLER		0x12000
#define H16		0x2000		/* a handler that 16 bits can name */

static void gate(u8 vector, u16 sel, u32 off, u8 attr)
{
	put_gate(IDT + vector * 8, sel, off, attr, 0);
}

static enum cpu_delivery raise(u8 vector, bool has_error, u32 error)
{
	cpu.exc = (struct vcpu_exc){
		.vector = vector, .soft = VMBT_EV_FAULT,
		.has_error = has_error, .error = error, .cr2 = 0xc0ffee,
	};
	return cpu_deliver_exc(&cpu);
}

static enum cpu_delivery inject(u8 type, u8 vector, u32 len)
{
	struct vmbt_event ev = {
		.type = type, .vector = vector, .insn_len = len,
	};

	return cpu_deliver_event(&cpu, &ev);
}

/* Where a delivery ended: the last vector that worked, by its handler. */
static u32 landed(void)
{
	return (g->eip - HANDLER) / 16;
}

static void all_gates(u8 attr)
{
	for (u32 i = 0; i < 256; i++)
		gate(i, SEL_CODE0, HANDLER + i * 16, attr);
}

/* SDM vol. 3, figure 6-4, and 6.12.1. */
static const struct {
	u8 attr;
	u32 size;
	bool clears_if;
} kind[] = {
	{ 0x8e, 4, true }, { 0x8f, 4, false },
	{ 0x86, 2, true }, { 0x87, 2, false },
};

static void frame_of(u32 k, int ring, int err)
{
	u32 size = kind[k].size, mask = size == 4 ? ~0U : 0xffff;
	u8 vector = err ? 13 : 6;
	u32 esp, flags, n = (ring ? 5 : 3) + err;
	char name[48];

	fake_flat(ring);
	put_desc(GDT, SEL_TEST, 0, ~0U, A_CODE0);
	gate(vector, SEL_TEST | 3, H16, kind[k].attr);
	g->eip = 0x1234;
	g->eflags = 0x247fd7 & ~VMBT_X86_EFLAGS_RF;
	flags = g->eflags | VMBT_X86_EFLAGS_RF;
	snprintf(name, sizeof(name), "gate %02x ring %d err %d",
		 kind[k].attr, ring, err);
	expect(raise(vector, err, 0xabcd) == CPU_DELIVERED, name,
	       "not delivered: %u %x", cpu.exc.vector, cpu.exc.error);
	esp = g->gpr[VMBT_ESP];
	expect(esp == STACK0 - n * size, name, "esp %x", esp);
	if (err)
		expect((rd32(esp) & mask) == 0xabcd, name, "error");
	esp += err * size;
	expect((rd32(esp) & mask) == 0x1234, name, "eip");
	expect(rd16(esp + size) == (ring ? SEL_CODE3 : SEL_CODE0), name,
	       "cs %x", rd16(esp + size));
	expect((rd32(esp + 2 * size) & mask) == (flags & mask), name,
	       "flags %x", rd32(esp + 2 * size));
	if (ring)
		expect((rd32(esp + 3 * size) & mask) ==
		       (STACK3 & mask) &&
		       rd16(esp + 4 * size) == SEL_DATA3, name, "stack");
	expect(g->eflags == ((flags & ~0x34100) &
			     ~(kind[k].clears_if ? 0x200U : 0)), name,
	       "eflags %x", g->eflags);
	expect(g->eip == H16 && g->seg[VMBT_CS].sel == SEL_TEST &&
	       !vcpu_cpl(&cpu), name, "cs %x eip %x",
	       g->seg[VMBT_CS].sel, g->eip);
	expect(!ring || g->seg[VMBT_SS].sel == SEL_DATA0, name, "ss");
}

static void frames(void)
{
	for (u32 k = 0; k < 4; k++)
		for (int ring = 0; ring <= 3; ring += 3)
			for (int err = 0; err < 2; err++)
				frame_of(k, ring, err);
	done("event-frames");
}

/* Which vectors have error codes and which pushed flags have RF. */
static void vectors(void)
{
	for (u32 vector = 0; vector < 20; vector++) {
		bool err = vector == 8 || (vector >= 10 && vector <= 14) ||
			   vector == 17;
		bool rf = vector != 1 && vector != 2 && vector != 3 &&
			  vector != 4 && vector != 8 && vector != 18;
		u32 esp;

		if (vector == 2)
			continue;
		fake_flat(0);
		all_gates(0x8e);
		expect(raise(vector, err, 0x77) == CPU_DELIVERED &&
		       landed() == vector, "vector", "%u landed at %u", vector,
		       landed());
		esp = g->gpr[VMBT_ESP];
		expect(esp == STACK0 - 12 - err * 4U, "error code",
		       "vector %u", vector);
		expect(!!(rd32(esp + err * 4 + 8) & VMBT_X86_EFLAGS_RF) == rf,
		       "RF", "vector %u", vector);
	}
	fake_flat(0);
	all_gates(0x8e);
	raise(14, true, 2);
	expect(g->cr2 == 0xc0ffee, "cr2", "%x", g->cr2);
	fake_flat(0);
	all_gates(0x8e);
	g->dr[7] |= 0x2000;
	raise(1, false, 0);
	expect(!(g->dr[7] & 0x2000), "GD", "still set");
	/* Vectors of interrupts have no error codes. */
	fake_flat(0);
	all_gates(0x8e);
	g->int_shadow = 2;
	expect(inject(VMBT_EV_EXTINT, 13, 0) == CPU_DELIVERED &&
	       g->gpr[VMBT_ESP] == STACK0 - 12 && !g->int_shadow, "extint",
	       "esp %x", g->gpr[VMBT_ESP]);
	expect(!(rd32(STACK0 - 4) & VMBT_X86_EFLAGS_RF), "extint", "RF");
	fake_flat(0);
	all_gates(0x8e);
	expect(inject(VMBT_EV_NMI, 2, 0) == CPU_DELIVERED && g->nmi_masked &&
	       !cpu_can_take_nmi(&cpu), "nmi", "not masked");
	done("event-vectors");
}

/* Software interrupts: DPL of the gate, length, EXT clear. */
static void soft(void)
{
	struct vmbt_guest before;

	fake_flat(3);
	all_gates(0xee);
	expect(inject(VMBT_EV_SOFT, 0x80, 2) == CPU_DELIVERED &&
	       rd32(g->gpr[VMBT_ESP]) == CODE0 + 2 && landed() == 0x80, "int",
	       "landed %u", landed());
	/* DPL 0: #GP, and the frame has the INT's own address. */
	fake_flat(3);
	all_gates(0x8e);
	expect(inject(VMBT_EV_SOFT, 0x80, 2) == CPU_DELIVERED && landed() == 13 &&
	       rd32(g->gpr[VMBT_ESP]) == (0x80 * 8 | 2) &&
	       rd32(g->gpr[VMBT_ESP] + 4) == CODE0, "dpl", "landed %u error %x",
	       landed(), rd32(g->gpr[VMBT_ESP]));
	/* Exceptions, interrupts and INT1 do not care about DPL. */
	fake_flat(3);
	all_gates(0x8e);
	expect(inject(VMBT_EV_ICEBP, 1, 1) == CPU_DELIVERED && landed() == 1 &&
	       rd32(g->gpr[VMBT_ESP]) == CODE0 + 1, "int1", "landed %u",
	       landed());
	/* Gates that are none, and not present; EXT tells who asked. */
	for (u32 type = 0; type < 32; type++) {
		bool ok = type == 6 || type == 7 || type == 14 || type == 15;

		if (type == 5)
			continue;
		for (int ext = 0; ext < 2; ext++) {
			fake_flat(0);
			all_gates(0x8e);
			gate(0x40, SEL_CODE0, HANDLER + 0x400, 0x80 | type);
			expect(inject(ext ? VMBT_EV_EXTINT : VMBT_EV_SOFT, 0x40,
				      2) == CPU_DELIVERED, "type", "%u", type);
			/* 16-bit gates name 16 bits of the offset. */
			if (ok)
				expect((u16)g->eip == (u16)(HANDLER + 0x400),
				       "type", "%u eip %x", type, g->eip);
			else
				expect(landed() == 13, "type", "%u landed %u",
				       type, landed());
			if (!ok)
				expect(rd32(g->gpr[VMBT_ESP]) ==
				       (0x40 * 8U | 2 | ext), "error", "%x",
				       rd32(g->gpr[VMBT_ESP]));
			if (!ok)
				continue;
			fake_flat(0);
			all_gates(0x8e);
			gate(0x40, SEL_CODE0, HANDLER, type);
			inject(ext ? VMBT_EV_EXTINT : VMBT_EV_SOFT, 0x40, 2);
			expect(landed() == 11 && rd32(g->gpr[VMBT_ESP]) ==
			       (0x40 * 8U | 2 | ext), "absent", "landed %u",
			       landed());
		}
	}
	/* Beyond the IDT's limit. */
	fake_flat(0);
	all_gates(0x8e);
	g->idtr.limit = 0x40 * 8 + 6;
	inject(VMBT_EV_EXTINT, 0x40, 0);
	expect(landed() == 13 && rd32(g->gpr[VMBT_ESP]) == (0x40 * 8 | 3),
	       "limit", "landed %u", landed());
	/* A handler's segment that will not do. */
	static const struct {
		u16 sel, attr;
		u8 vector;
		u32 error;
	} cs[] = {
		{ 3, 0, 13, 1 },
		{ 0x108, 0, 13, 0x109 },
		{ SEL_TEST, A_DATA0, 13, SEL_TEST | 1 },
		{ SEL_TEST, A_CODE3, 13, SEL_TEST | 1 },
		{ SEL_TEST, 0xc01b, 11, SEL_TEST | 1 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cs); i++) {
		fake_flat(0);
		all_gates(0x8e);
		put_desc(GDT, SEL_TEST, 0, ~0U, cs[i].attr);
		gate(0x40, cs[i].sel, HANDLER, 0x8e);
		inject(VMBT_EV_EXTINT, 0x40, 0);
		expect(landed() == cs[i].vector &&
		       rd32(g->gpr[VMBT_ESP]) == cs[i].error, "handler",
		       "%u: landed %u error %x", i, landed(),
		       rd32(g->gpr[VMBT_ESP]));
	}
	/* EIP beyond the handler's segment is #GP(EXT). */
	fake_flat(0);
	all_gates(0x8e);
	put_desc(GDT, SEL_TEST, 0, 0xfff, 0x409b);
	gate(0x40, SEL_TEST, 0x1000, 0x8e);
	inject(VMBT_EV_EXTINT, 0x40, 0);
	expect(landed() == 13 && rd32(g->gpr[VMBT_ESP]) == 1, "eip", "landed %u",
	       landed());
	/* A conforming handler stays in ring 3, on the ring-3 stack. */
	fake_flat(3);
	put_desc(GDT, SEL_TEST, 0, ~0U, 0xc09f);
	gate(0x40, SEL_TEST, HANDLER, 0x8e);
	before = *g;
	expect(inject(VMBT_EV_EXTINT, 0x40, 0) == CPU_DELIVERED &&
	       vcpu_cpl(&cpu) == 3 && g->seg[VMBT_CS].sel == (SEL_TEST | 3) &&
	       g->gpr[VMBT_ESP] == before.gpr[VMBT_ESP] - 12, "conforming",
	       "cs %x", g->seg[VMBT_CS].sel);
	done("event-gates");
}

/* Make delivery of one vector raise another. */
static void bad_gate(u8 vector, u8 raises)
{
	switch (raises) {
	case 10:	/* #TS: stack of the TSS is no selector */
		gate(vector, SEL_CODE0, HANDLER, 0x8e);
		wr32(TSS + 8, 0x4);
		put_desc(LDT, 4, 0, 0, 0);
		break;
	case 11:
		gate(vector, SEL_CODE0, HANDLER, 0x0e);
		break;
	case 13:
		gate(vector, SEL_CODE0, HANDLER, 0x80);
		break;
	case 14:	/* handler's descriptor is on a page that is not there */
		gate(vector, 0x84 | 0x0, HANDLER, 0x8e);
		g->ldtr.base = 0x7ff000;
		break;
	}
}

/*
 * SDM vol. 3, table 6-5: what the second exception makes of the first. Both
 * gates of a double fault work, so where it lands tells.
 */
static const u8 first[] = { 1, 3, 6, 7, 16, 17, 19, 0, 10, 11, 12, 13, 14 };
static const u8 second[] = { 11, 13, 14 };

static void pair(u32 i, u32 k)
{
	u8 a = first[i], b = second[k];
	bool contrib = a == 0 || (a >= 10 && a <= 13);
	u32 want = b;

	if (a == b)
		return;	/* its own gate is the bad one */
	if ((contrib && b != 14) || a == 14)
		want = 8;
	fake_flat(0);
	all_gates(0x8e);
	bad_gate(a, b);
	expect(raise(a, a >= 10, 0) == CPU_DELIVERED &&
	       landed() == want, "pair", "%u then %u landed at %u, expected %u",
	       a, b, landed(), want);
	if (want == 8)
		expect(rd32(g->gpr[VMBT_ESP]) == 0, "#DF error", "%x",
		       rd32(g->gpr[VMBT_ESP]));
	/* An interrupt is benign. */
	fake_flat(0);
	all_gates(0x8e);
	bad_gate(0x40, b);
	expect(inject(VMBT_EV_EXTINT, 0x40, 0) == CPU_DELIVERED &&
	       landed() == b, "interrupt", "%u landed %u", b, landed());
}

static void nesting(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(first); i++)
		for (u32 k = 0; k < ARRAY_SIZE(second); k++)
			pair(i, k);
	/* #DF that cannot be delivered is the end, whatever is in the way. */
	for (u32 k = 0; k < ARRAY_SIZE(second); k++) {
		struct vmbt_guest before;

		fake_flat(0);
		all_gates(0x8e);
		bad_gate(13, 11);
		bad_gate(8, second[k]);
		before = *g;
		expect(raise(13, true, 0) == CPU_TRIPLE_FAULT, "triple",
		       "survived %u", second[k]);
		before.cr2 = g->cr2;
		expect(!memcmp(&before, g, sizeof(before)), "triple",
		       "state changed");
	}
	/* Contributory, then #PF (serial), then anything: double fault. */
	fake_flat(0);
	all_gates(0x8e);
	bad_gate(0, 14);
	bad_gate(14, 13);
	expect(raise(0, false, 0) == CPU_DELIVERED && landed() == 8 &&
	       g->cr2 == 0x7ff080, "chain", "landed %u cr2 %x", landed(),
	       g->cr2);
	/* No IDT at all. */
	fake_flat(0);
	g->idtr.limit = 0;
	expect(raise(6, false, 0) == CPU_TRIPLE_FAULT, "no IDT", "survived");
	/* Ring 3 with a bad TSS stack: #TS with EXT. */
	fake_flat(3);
	all_gates(0x8e);
	put_desc(GDT, SEL_TEST, 0, ~0U, 0xc09f);
	gate(10, SEL_TEST, HANDLER + 160, 0x8e);
	wr32(TSS + 8, SEL_DATA3);
	expect(inject(VMBT_EV_EXTINT, 0x40, 0) == CPU_DELIVERED &&
	       landed() == 10 && rd32(g->gpr[VMBT_ESP]) == 0x21, "#TS",
	       "landed %u error %x", landed(), rd32(g->gpr[VMBT_ESP]));
	/* No room on the same stack: #SS(EXT), then there is none for it. */
	fake_flat(0);
	all_gates(0x8e);
	g->seg[VMBT_SS].limit = 0xfff;
	expect(inject(VMBT_EV_EXTINT, 0x40, 0) == CPU_TRIPLE_FAULT, "no stack",
	       "survived");
	done("event-nesting");
}

static void real(void)
{
	fake_reset();
	g->seg[VMBT_SS].base = 0x20000;
	g->gpr[VMBT_ESP] = 0xabcd0100;
	wr16(0x10 * 4, 0x1234);
	wr16(0x10 * 4 + 2, 0xc000);
	g->eflags = 0x47302 | 2;
	g->eip = 0x55;
	expect(inject(VMBT_EV_SOFT, 0x10, 2) == CPU_DELIVERED &&
	       g->eip == 0x1234 && g->seg[VMBT_CS].base == 0xc0000 &&
	       g->gpr[VMBT_ESP] == 0xabcd00fa && g->eflags == 0x7002, "int",
	       "eip %x esp %x flags %x", g->eip, g->gpr[VMBT_ESP], g->eflags);
	expect(rd16(0x200fa) == 0x57 && rd16(0x200fc) == 0xf000 &&
	       rd16(0x200fe) == 0x7302, "frame", "%x %x %x", rd16(0x200fa),
	       rd16(0x200fc), rd16(0x200fe));
	/* No error codes in real mode. */
	wr16(13 * 4, 0x4444);
	expect(raise(13, true, 5) == CPU_DELIVERED &&
	       g->gpr[VMBT_ESP] == 0xabcd00f4 && g->eip == 0x4444, "#GP",
	       "esp %x", g->gpr[VMBT_ESP]);
	g->idtr.limit = 0x10;
	expect(raise(13, true, 0) == CPU_TRIPLE_FAULT, "no IVT", "survived");
	done("event-real");
}

/* SDM vol. 3, figure 20-5. */
static void v86(void)
{
	static const enum vmbt_sreg order[] = {
		VMBT_SS, VMBT_ES, VMBT_DS, VMBT_FS, VMBT_GS,
	};
	u32 esp;

	fake_v86();
	all_gates(0x8e);
	expect(raise(13, true, 0) == CPU_DELIVERED && landed() == 13 &&
	       vcpu_protected(&cpu) && !vcpu_cpl(&cpu), "#GP", "landed %u",
	       landed());
	esp = g->gpr[VMBT_ESP];
	expect(esp == STACK0 - 40, "frame", "esp %x", esp);
	expect(rd32(esp + 4) == 0 && rd32(esp + 8) == 0x1001 &&
	       rd32(esp + 12) == 0x30202 && rd32(esp + 16) == 0x1000, "frame",
	       "cs %x flags %x esp %x", rd32(esp + 8), rd32(esp + 12),
	       rd32(esp + 16));
	for (u32 i = 0; i < 5; i++)
		expect(rd16(esp + 20 + i * 4) == 0x1000 + order[i], "frame",
		       "segment %u: %x", order[i], rd16(esp + 20 + i * 4));
	for (u32 i = 1; i < 5; i++)
		expect(!g->seg[order[i]].sel && !g->seg[order[i]].attr, "null",
		       "%u", order[i]);
	/* And back. */
	g->gpr[VMBT_ESP] = esp + 4;
	expect(!cpu_iret(&cpu, 4) && vcpu_v86(&cpu) &&
	       g->seg[VMBT_GS].sel == 0x1000 + VMBT_GS &&
	       g->gpr[VMBT_ESP] == 0x1000, "back", "esp %x",
	       g->gpr[VMBT_ESP]);
	/* A handler that is not ring 0 is #GP(selector). */
	fake_v86();
	all_gates(0x8e);
	put_desc(GDT, SEL_TEST, 0, ~0U, 0xc09f);
	gate(0x40, SEL_TEST, HANDLER, 0x8e);
	expect(inject(VMBT_EV_EXTINT, 0x40, 0) == CPU_DELIVERED &&
	       landed() == 13 && rd32(g->gpr[VMBT_ESP]) == (SEL_TEST | 1),
	       "conforming", "landed %u", landed());
	done("event-v86");
}

static void windows(void)
{
	fake_flat(0);
	expect(cpu_can_take_extint(&cpu), "open", "closed");
	g->int_shadow = VMBT_SHADOW_STI;
	expect(!cpu_can_take_extint(&cpu), "shadow", "open");
	g->int_shadow = 0;
	g->pending.type = VMBT_EV_FAULT;
	expect(!cpu_can_take_extint(&cpu) && !cpu_can_take_nmi(&cpu), "pending",
	       "open");
	g->pending.type = 0;
	g->eflags &= ~VMBT_X86_EFLAGS_IF;
	expect(!cpu_can_take_extint(&cpu) && cpu_can_take_nmi(&cpu), "IF",
	       "open");
	done("event-windows");
}

int main(void)
{
	frames();
	vectors();
	soft();
	nesting();
	real();
	v86();
	windows();
	return test_status();
}
