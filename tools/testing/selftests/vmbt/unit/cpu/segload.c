// SPDX-License-Identifier: GPL-2.0
/*
 * Segment register, LDTR and TR loads, LAR, LSL, VERR, VERW: every descriptor
 * type, privilege and present bit against the rules of SDM vol. 2 (MOV, POP,
 * LLDT, LTR, LAR, LSL, VERR/VERW), written down here as rules, one line each.
 */
#include "fake.h"

struct outcome {
	u8 vector;	/* 0: fine */
	u32 error;
};

/* SDM vol. 2, MOV, "Protected Mode Exceptions" and operation. */
static struct outcome rule(bool ss, u8 access, u8 rpl, u8 cpl, u32 err)
{
	u8 dpl = access >> 5 & 3;
	bool s = access & 0x10, code = access & 8, p = access & 0x80;
	bool wr = access & 2, conf = access & 4;

	if (ss) {
		if (rpl != cpl || !s || code || !wr || dpl != cpl)
			return (struct outcome){ 13, err };
		if (!p)
			return (struct outcome){ 12, err };
		return (struct outcome){ 0, 0 };
	}
	if (!s || (code && !wr))
		return (struct outcome){ 13, err };
	if (!(code && conf) && (rpl > dpl || cpl > dpl))
		return (struct outcome){ 13, err };
	if (!p)
		return (struct outcome){ 11, err };
	return (struct outcome){ 0, 0 };
}

static void matrix(void)
{
	static const enum vmbt_sreg regs[] = {
		VMBT_ES, VMBT_SS, VMBT_DS, VMBT_FS, VMBT_GS,
	};

	for (int cpl = 0; cpl <= 3; cpl += 3) {
		for (u32 n = 0; n < 256 * 4 * 5; n++) {
			u8 access = n, rpl = n >> 8 & 3;
			enum vmbt_sreg s = regs[n >> 10];
			u16 sel = SEL_TEST | rpl;
			struct outcome want;
			struct vmbt_guest before;
			char name[64];
			int r;

			fake_flat(cpl);
			put_desc(GDT, SEL_TEST, 0x12345678, 0xabcde,
				 access | 0x4000);
			before = shared.guest;
			want = rule(s == VMBT_SS, access, rpl, cpl, SEL_TEST);
			r = cpu_load_seg(&cpu, s, sel);
			snprintf(name, sizeof(name),
				 "cpl %d access %02x rpl %d sreg %d", cpl,
				 access, rpl, s);
			if (want.vector) {
				expect_fault(name, r, want.vector, want.error);
				expect(!memcmp(&before, &shared.guest,
					       sizeof(before)),
				       name, "state changed");
				expect((u8)(get_raw(GDT, SEL_TEST) >> 40) ==
				       access, name, "accessed bit written");
				continue;
			}
			expect(r == X_OK, name, "result %d vector %u", r,
			       cpu.exc.vector);
			expect(shared.guest.seg[s].sel == sel &&
			       shared.guest.seg[s].base == 0x12345678 &&
			       shared.guest.seg[s].limit == 0xabcde &&
			       shared.guest.seg[s].attr ==
			       (access | 0x4001), name, "hidden part");
			expect((u8)(get_raw(GDT, SEL_TEST) >> 40) ==
			       (access | 1), name, "accessed bit not set");
		}
	}
	done("segload-matrix");
}

static void special(void)
{
	struct vmbt_guest *g = &shared.guest;

	for (u16 sel = 0; sel < 4; sel++) {
		fake_flat(0);
		expect_fault("null SS", cpu_load_seg(&cpu, VMBT_SS, sel), 13, 0);
		expect(cpu_load_seg(&cpu, VMBT_DS, sel) == X_OK &&
		       g->seg[VMBT_DS].sel == sel &&
		       !(g->seg[VMBT_DS].attr & VMBT_ATTR_P), "null DS",
		       "not loaded");
	}
	fake_flat(0);
	/* The last byte of the descriptor counts. */
	g->gdtr.limit = SEL_TEST + 6;
	put_desc(GDT, SEL_TEST, 0, 0xfffff, 0x93);
	expect_fault("limit - 1", cpu_load_seg(&cpu, VMBT_DS, SEL_TEST), 13,
		     SEL_TEST);
	g->gdtr.limit++;
	expect(cpu_load_seg(&cpu, VMBT_DS, SEL_TEST) == X_OK, "limit", "fault");
	/* LDT: its own limit, and a null LDTR. */
	put_desc(LDT, 0xf8, 0x777, 0x5, 0x93);
	expect(cpu_load_seg(&cpu, VMBT_ES, 0xf8 | 4) == X_OK &&
	       g->seg[VMBT_ES].base == 0x777, "LDT", "not loaded");
	expect_fault("LDT limit", cpu_load_seg(&cpu, VMBT_ES, 0x104), 13, 0x104);
	expect(cpu_load_ldtr(&cpu, 0) == X_OK, "LLDT null", "fault");
	expect_fault("no LDT", cpu_load_seg(&cpu, VMBT_ES, 0xf8 | 4), 13, 0xfc);
	/* A page fault on the table is the guest's. */
	fake_flat(0);
	page[GDT >> 12].present = false;
	expect(cpu_load_seg(&cpu, VMBT_DS, SEL_DATA0) == X_FAULT &&
	       cpu.exc.vector == 14 && cpu.exc.cr2 == GDT + SEL_DATA0,
	       "table not mapped", "vector %u", cpu.exc.vector);
	/* So is one on writing the accessed bit, but only if it must be set. */
	fake_flat(0);
	page[GDT >> 12].writable = false;
	expect(cpu_load_seg(&cpu, VMBT_DS, SEL_DATA0) == X_OK, "read-only GDT",
	       "accessed entries need no write");
	page[GDT >> 12].writable = true;
	put_desc(GDT, SEL_TEST, 0, 0xfffff, 0x92);
	page[GDT >> 12].writable = false;
	expect(cpu_load_seg(&cpu, VMBT_DS, SEL_TEST) == X_FAULT &&
	       cpu.exc.vector == 14 && g->seg[VMBT_DS].sel == SEL_DATA0,
	       "read-only GDT, A clear", "vector %u", cpu.exc.vector);
	done("segload-special");
}

static void real_and_v86(void)
{
	struct vmbt_guest *g = &shared.guest;

	fake_reset();
	cpu_load_seg(&cpu, VMBT_DS, 0x1234);
	expect(g->seg[VMBT_DS].base == 0x12340 &&
	       g->seg[VMBT_DS].limit == 0xffff &&
	       (g->seg[VMBT_DS].attr & 0xff) == 0x93, "real", "hidden part");
	/* Big real mode keeps its limit. */
	g->seg[VMBT_ES].limit = 0xffffffff;
	g->seg[VMBT_ES].attr = A_DATA0;
	cpu_load_seg(&cpu, VMBT_ES, 0xffff);
	expect(g->seg[VMBT_ES].base == 0xffff0 &&
	       g->seg[VMBT_ES].limit == 0xffffffff, "big real", "hidden part");
	fake_v86();
	g->seg[VMBT_ES].limit = 5;
	cpu_load_seg(&cpu, VMBT_ES, 0x4321);
	expect(g->seg[VMBT_ES].base == 0x43210 &&
	       g->seg[VMBT_ES].limit == 0xffff &&
	       g->seg[VMBT_ES].attr == 0xf3, "v86", "hidden part");
	done("segload-real-v86");
}

/* LLDT and LTR: type, present, table, privilege. */
static void system_segs(void)
{
	struct vmbt_guest *g = &shared.guest;
	int r;

	for (u32 access = 0; access < 256; access++) {
		bool p = access & 0x80, s = access & 0x10;
		u8 type = access & 15;

		fake_flat(0);
		put_desc(GDT, SEL_TEST, 0x6000, 0x67, access);
		r = cpu_load_ldtr(&cpu, SEL_TEST | 2);
		if (s || type != 2)
			expect_fault("LLDT type", r, 13, SEL_TEST);
		else if (!p)
			expect_fault("LLDT P", r, 11, SEL_TEST);
		else
			expect(!r && g->ldtr.base == 0x6000 &&
			       g->ldtr.limit == 0x67 &&
			       g->ldtr.sel == (SEL_TEST | 2), "LLDT", "%d", r);
		r = cpu_load_tr(&cpu, SEL_TEST);
		if (s || (type != 1 && type != 9))
			expect_fault("LTR type", r, 13, SEL_TEST);
		else if (!p)
			expect_fault("LTR P", r, 11, SEL_TEST);
		else
			expect(!r && g->tr.sel == SEL_TEST &&
			       (get_raw(GDT, SEL_TEST) >> 40 & 15) ==
			       (type | 2), "LTR", "%d", r);
	}
	fake_flat(0);
	expect_fault("LTR null", cpu_load_tr(&cpu, 3), 13, 0);
	expect_fault("LTR TI", cpu_load_tr(&cpu, 0x14), 13, 0x14);
	expect_fault("LLDT TI", cpu_load_ldtr(&cpu, 0x14), 13, 0x14);
	fake_flat(3);
	expect_fault("LTR cpl 3", cpu_load_tr(&cpu, SEL_TSS), 13, 0);
	expect_fault("LLDT cpl 3", cpu_load_ldtr(&cpu, SEL_LDT), 13, 0);
	fake_v86();
	expect_fault("LTR v86", cpu_load_tr(&cpu, SEL_TSS), 6, 0);
	fake_reset();
	expect_fault("LLDT real", cpu_load_ldtr(&cpu, SEL_LDT), 6, 0);
	done("segload-system");
}

/* SDM vol. 2, tables 3-53 (LAR) and 3-56 (LSL): valid system types. */
static const u16 lar_types = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 |
			     1 << 9 | 1 << 11 | 1 << 12;
static const u16 lsl_types = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 | 1 << 11;

static void questions(void)
{
	u32 out;

	for (int cpl = 0; cpl <= 3; cpl += 3) {
		for (u32 n = 0; n < 1024; n++) {
			u8 access = n, rpl = n >> 8, dpl = access >> 5 & 3;
			u16 sel = SEL_TEST | rpl;
			bool s = access & 0x10, code = access & 8;
			bool conf = s && code && (access & 4), ok;
			bool see = conf || (dpl >= cpl && dpl >= rpl);

			fake_flat(cpl);
			put_desc(GDT, SEL_TEST, 0, 0x12345fff,
				 0xc000 | access);
			ok = see && (s || (lar_types >> (access & 15) & 1));
			expect(cpu_lar(&cpu, sel, &out) == ok &&
			       (!ok || (out & 0xf0ff00) ==
				(0xc00000U | access << 8)), "LAR",
			       "cpl %d access %02x rpl %d", cpl, access, rpl);
			ok = see && (s || (lsl_types >> (access & 15) & 1));
			expect(cpu_lsl(&cpu, sel, &out) == ok &&
			       (!ok || out == 0x12345fff), "LSL",
			       "cpl %d access %02x rpl %d", cpl, access, rpl);
			ok = see && s && (!code || (access & 2));
			expect(cpu_verify(&cpu, sel, false) == ok, "VERR",
			       "cpl %d access %02x rpl %d", cpl, access, rpl);
			ok = see && s && !code && (access & 2);
			expect(cpu_verify(&cpu, sel, true) == ok, "VERW",
			       "cpl %d access %02x rpl %d", cpl, access, rpl);
		}
	}
	expect(!cpu_lar(&cpu, 3, &out) && !cpu_verify(&cpu, 0, false) &&
	       !cpu_lsl(&cpu, 0x7f8, &out), "null, limit", "accepted");
	done("lar-lsl-verr-verw");
}

/*
 * Limits, byte by byte: an access is fine if every byte of it is. Small
 * segments, so that all of them can be tried.
 */
static const u32 sizes[] = { 1, 2, 4, 6, 8, 10, 16 };

static const u32 offs[] = {
	0, 1, 2, 6, 7, 8, 9, 15, 16, 17, 0x7ff0, 0xfff0, 0xfff7, 0xfff8,
	0xfffa, 0xfffe, 0xffff, 0x10000, 0x10001, 0xfffffff0,
	0xfffffffc, 0xfffffffe, 0xffffffff,
};

static const u32 limit[] = {
	0, 1, 7, 8, 15, 0x7fff, 0xfffe, 0xffff, 0x10000, 0xfffffff,
	0xfffffffe,
};

static void limit_one(u32 i, u32 t, u32 o, u32 n)
{
	bool down = t & 1, big = t & 2, want = true;
	struct vmbt_seg seg = {
		.limit = limit[i],
		.attr = 0x93 | (down ? 4 : 0) | (big ? 0x4000 : 0),
	};

	for (u32 b = 0; b < sizes[n]; b++) {
		u64 off = (u64)offs[o] + b;
		u64 top = down ? (big ? 0xffffffff : 0xffff) : limit[i];

		want &= off <= top && (!down || off > limit[i]);
	}
	expect(cpu_seg_check(&seg, offs[o], sizes[n]) == want, "limit",
	       "limit %x down %d big %d off %x size %u", limit[i],
	       down, big, offs[o], sizes[n]);
}

static void limits(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(limit); i++)
		for (u32 t = 0; t < 4; t++)
			for (u32 o = 0; o < ARRAY_SIZE(offs); o++)
				for (u32 n = 0; n < ARRAY_SIZE(sizes); n++)
					limit_one(i, t, o, n);
	done("limits");
}

/* Type checks and #GP or #SS of accesses. */
static void accesses(void)
{
	struct vmbt_guest *g = &shared.guest;
	u32 lin, val = 0;

	for (u32 type = 0; type < 16; type++) {
		bool code = type & 8, rw = type & 2;

		fake_flat(0);
		g->seg[VMBT_ES].attr = 0xc090 | type;
		g->seg[VMBT_ES].limit = (type & 0xc) == 4 ? 0xfff : 0xffffffff;
		g->seg[VMBT_ES].base = 0x100;
		expect((cpu_seg_linear(&cpu, VMBT_ES, 0x2000, 4, MMU_READ,
				       &lin) == X_OK) == (!code || rw), "read",
		       "type %u", type);
		expect((cpu_seg_linear(&cpu, VMBT_ES, 0x2000, 4, MMU_WRITE,
				       &lin) == X_OK) == (!code && rw), "write",
		       "type %u", type);
		if (!code && rw)
			expect(lin == 0x2100, "linear", "%x", lin);
	}
	fake_flat(0);
	g->seg[VMBT_DS] = (struct vmbt_seg){ 0 };
	g->seg[VMBT_SS].limit = 0x1fff;
	expect_fault("null", cpu_mem_read(&cpu, VMBT_DS, 0, &val, 4), 13, 0);
	expect_fault("stack", cpu_mem_read(&cpu, VMBT_SS, 0x1ffd, &val, 4), 12,
		     0);
	/* CS can be written in real mode. */
	fake_reset();
	g->seg[VMBT_CS].base = 0;
	expect(!cpu_mem_write(&cpu, VMBT_CS, 0x100, &val, 4), "real CS", "fault");
	expect_fault("real limit", cpu_mem_read(&cpu, VMBT_DS, 0xffff, &val, 2),
		     13, 0);
	/* #AC at CPL 3 with AM and AC only. */
	fake_flat(3);
	g->eflags |= VMBT_X86_EFLAGS_AC;
	expect(!cpu_mem_read(&cpu, VMBT_DS, 0x101, &val, 4), "AM off", "fault");
	g->cr0 |= VMBT_CR0_AM;
	expect_fault("AM on", cpu_mem_read(&cpu, VMBT_DS, 0x102, &val, 4), 17,
		     0);
	expect(!cpu_mem_read(&cpu, VMBT_DS, 0x102, &val, 2), "aligned", "fault");
	/* Pushes wrap with SS.B clear, and leave the upper half of ESP. */
	fake_flat(0);
	g->seg[VMBT_SS].attr &= ~VMBT_ATTR_DB;
	g->gpr[VMBT_ESP] = 0x12340002;
	expect(!cpu_push(&cpu, 0xaabbccdd, 4) &&
	       g->gpr[VMBT_ESP] == 0x1234fffe, "push16", "esp %x",
	       g->gpr[VMBT_ESP]);
	expect(rd32(0xfffe) == 0xaabbccdd, "push16", "memory");
	expect(!cpu_pop(&cpu, &val, 4) && val == 0xaabbccdd &&
	       g->gpr[VMBT_ESP] == 0x12340002, "pop16", "esp %x",
	       g->gpr[VMBT_ESP]);
	done("accesses");
}

int main(void)
{
	matrix();
	special();
	real_and_v86();
	system_segs();
	questions();
	limits();
	accesses();
	return test_status();
}
