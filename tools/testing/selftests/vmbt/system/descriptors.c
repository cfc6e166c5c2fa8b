// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors: every type, DPL, RPL and P bit in every segment register, in far
 * transfers and in the instructions that ask about them; call gates; limits;
 * and what a register keeps when its descriptor changes.
 *
 * SDM vol. 3: 3.4 (descriptors), 5.3 to 5.8 (limits, types, privilege), vol. 2:
 * MOV, JMP, CALL, RET, IRET, LAR, LSL, VERR, LLDT, LTR. The models below are
 * the checks as those pages list them. What would run at CPL 1 or 2 is left
 * out: vmbt says that it does not do that.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

#define T(n)	(SEL_TEST + 8 * (n))
#define LDT(n)	(8 * (n) + 4)

/* Parts of an access byte. */
static bool is_code(u32 a)
{
	return (a & 0x18) == 0x18;
}

static bool is_data(u32 a)
{
	return (a & 0x18) == 0x10;
}

static bool conforming(u32 a)
{
	return (a & 0x1c) == 0x1c;
}

static u32 dpl(u32 a)
{
	return a >> 5 & 3;
}

/* Flat, whatever the type: expand-down segments begin above their limit. */
static u64 flat(u32 access)
{
	return descriptor(0, is_data(access) && (access & 4) ? 0 : 0xfffff, access, D_G | D_B);
}

static u32 access_of(const u64 *table, u32 selector)
{
	return READ_ONCE(table[selector >> 3]) >> 40 & 0xff;
}

/* Segment registers. Vol. 2, MOV: protected mode exceptions. */

CODE(load_ds, "", "movw %ax, %ds");
CODE(load_es, "", "movw %ax, %es");
CODE(load_fs, "", "movw %ax, %fs");
CODE(load_gs, "", "movw %ax, %gs");
CODE(load_ss, "", "movw %ax, %ss");
CODE(pop_ds, "pushl %eax", "popl %ds");
CODE(pop_es, "pushl %eax", "popl %es");
CODE(pop_fs, "pushl %eax", "popl %fs");
CODE(pop_gs, "pushl %eax", "popl %gs");
CODE(lds_, "movw %ax, %ss:far_pointer + 4", "lds %ss:far_pointer, %ebx");
CODE(les_, "movw %ax, %ss:far_pointer + 4", "les %ss:far_pointer, %ebx");
CODE(lfs_, "movw %ax, %ss:far_pointer + 4", "lfs %ss:far_pointer, %ebx");
CODE(lgs_, "movw %ax, %ss:far_pointer + 4", "lgs %ss:far_pointer, %ebx");
static SHARED u8 far_pointer[8];

static const struct loader {
	const char *name;
	const u8 *code, *at;
	u32 reg;		/* offset in struct cpu */
} loaders[] = {
	{ "mov-ds", load_ds, load_ds_at, C_DS }, { "mov-es", load_es, load_es_at, C_ES },
	{ "mov-fs", load_fs, load_fs_at, C_FS }, { "mov-gs", load_gs, load_gs_at, C_GS },
	{ "mov-ss", load_ss, load_ss_at, C_SS }, { "pop-ds", pop_ds, pop_ds_at, C_DS },
	{ "pop-es", pop_es, pop_es_at, C_ES }, { "pop-fs", pop_fs, pop_fs_at, C_FS },
	{ "pop-gs", pop_gs, pop_gs_at, C_GS }, { "lds", lds_, lds__at, C_DS },
	{ "les", les_, les__at, C_ES }, { "lfs", lfs_, lfs__at, C_FS },
	{ "lgs", lgs_, lgs__at, C_GS },
};

#define GOOD	0xff

/* The vector that a load raises, or GOOD. */
static u32 load_model(u32 reg, u32 a, u32 rpl, u32 cpl)
{
	if (reg == C_SS) {
		if (rpl != cpl || !is_data(a) || !(a & 2) || dpl(a) != cpl)
			return GP;
		return a & D_P ? GOOD : SS;
	}
	if (!is_data(a) && !(is_code(a) && (a & 2)))
		return GP;
	if (!conforming(a) && (rpl > dpl(a) || cpl > dpl(a)))
		return GP;
	return a & D_P ? GOOD : NP;
}

static u32 reg_of(const struct cpu *c, u32 offset)
{
	return *(const u32 *)((const u8 *)c + offset);
}

static void load_one(const struct loader *l, u32 ring, u32 a, u32 rpl, bool local)
{
	const u32 sel = (local ? LDT(1) : T(0)) | rpl;
	const u32 want = load_model(l->reg, a, rpl, ring);
	u64 *table = local ? ldt : gdt;
	struct cpu c;
	u32 after;
	bool good;

	WRITE_ONCE(table[sel >> 3], flat(a));
	cpu_init(&c, ring, l->code);
	c.eax = sel;
	run(&c);
	after = access_of(table, sel);
	/* 3.4.5.1: accessed is set when the register is loaded. */
	if (want == GOOD)
		good = c.vector == VEC_END && reg_of(&c, l->reg) == sel && after == (a | 1);
	else
		good = c.vector == want && c.error == (sel & ~3u) && c.eip == (u32)l->at &&
		       after == a;
	sweep(good, "%02x-rpl%u-%s: vector %u error %x register %x access %x, want %u", a, rpl,
	      local ? "ldt" : "gdt", c.vector, c.error, reg_of(&c, l->reg), after, want);
}

static void use_ldt(void)
{
	asm volatile("lldt %w0" : : "r" (SEL_LDT));
}

static void loads(void)
{
	u32 i, ring, a, rpl;
	struct cpu c;

	use_ldt();
	for (i = 0; i < ARRAY_SIZE(loaders); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			const struct loader *l = &loaders[i];

			sweep_begin("load/%s/ring%u", l->name, ring);
			for (a = 0; a < 256; a++)
				for (rpl = 0; rpl < 4; rpl++)
					load_one(l, ring, a, rpl, (a ^ rpl) & 1);
			sweep_end();
			/* Null selectors: all but SS take them. */
			for (rpl = 0; rpl < 4; rpl++) {
				name("load/%s/null%u/ring%u", l->name, rpl, ring);
				cpu_init(&c, ring, l->code);
				c.eax = rpl;
				run(&c);
				if (l->reg == C_SS)
					expect_trap(&c, GP, 0, l->at);
				else if (expect_end(&c))
					expect("selector", reg_of(&c, l->reg), rpl);
			}
			/* Beyond the table; its last descriptor, but for a byte. */
			name("load/%s/beyond/ring%u", l->name, ring);
			cpu_init(&c, ring, l->code);
			c.eax = GDT_ENTRIES * 8 | ring;
			run(&c);
			expect_trap(&c, GP, GDT_ENTRIES * 8, l->at);
			gdt_set(T(0), flat(D_DATA | D_DPL(ring)));
			load_gdt(T(0) + 6);
			name("load/%s/straddles/ring%u", l->name, ring);
			cpu_init(&c, ring, l->code);
			c.eax = T(0) | ring;
			run(&c);
			expect_trap(&c, GP, T(0), l->at);
			load_gdt(T(0) + 7);
			name("load/%s/last/ring%u", l->name, ring);
			cpu_init(&c, ring, l->code);
			c.eax = T(0) | ring;
			run(&c);
			expect_end(&c);
			load_gdt(sizeof(gdt) - 1);
			name("load/%s/beyond-ldt/ring%u", l->name, ring);
			cpu_init(&c, ring, l->code);
			c.eax = LDT(LDT_ENTRIES) | ring;
			run(&c);
			expect_trap(&c, GP, LDT(LDT_ENTRIES), l->at);
		}
	asm volatile("lldt %w0" : : "r" (0));
	name("load/no-ldt");
	cpu_init(&c, 3, load_ds);
	c.eax = LDT(1) | 3;
	run(&c);
	expect_trap(&c, GP, LDT(1), load_ds_at);
}

/* Using a null selector: #GP(0), through SS it can't be. 3.4.2. */

CODE(null_ds, "movw %ax, %ds", "movl (%ebx), %ecx");
CODE(null_es, "movw %ax, %es", "movl %ecx, %es:(%ebx)");
CODE(null_fs, "movw %ax, %fs", "movl %fs:(%ebx), %ecx");
CODE(null_gs, "movw %ax, %gs", "addl %ecx, %gs:(%ebx)");
CODE(null_stos, "movw %ax, %es; movl %ebx, %edi", "stosb");
CODE(null_stack, "movw %ax, %ds; movl %esp, %ebp", "movl (%ebp), %ecx");

static void nulls(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
	} t[] = {
		{ "ds", null_ds, null_ds_at }, { "es", null_es, null_es_at },
		{ "fs", null_fs, null_fs_at }, { "gs", null_gs, null_gs_at },
		{ "stos", null_stos, null_stos_at },
	};
	struct cpu c;
	u32 i, ring;

	for (ring = 0; ring <= 3; ring += 3) {
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			name("null/%s/ring%u", t[i].name, ring);
			cpu_init(&c, ring, t[i].code);
			c.ebx = (u32)stack3;
			run(&c);
			expect_trap(&c, GP, 0, t[i].at);
		}
		name("null/stack/ring%u", ring);
		run_code(&c, ring, null_stack);
		expect_end(&c);
	}
}

/* Far transfers. Vol. 2, JMP, CALL, RET, IRET. */

#define POINT "movl $landing, %ss:far_pointer; movw %ax, %ss:far_pointer + 4"
CODE(far_jmp, POINT, "ljmp *%ss:far_pointer");
CODE(far_call, POINT, "lcall *%ss:far_pointer");
CODE(far_ret, "pushl %eax; pushl $landing", "lret");
CODE(far_iret, "pushl $0x3002; pushl %eax; pushl $landing", "iret");
CODE(landing, "", "nop");

static u32 transfer_model(u32 a, u32 rpl, u32 cpl, bool returns)
{
	if (!is_code(a))
		return GP;
	if (returns) {
		/* To the same ring; others are done below. */
		if (rpl < cpl || (conforming(a) ? dpl(a) > rpl : dpl(a) != rpl))
			return GP;
	} else if (conforming(a)) {
		if (dpl(a) > cpl)
			return GP;
	} else if (rpl > cpl || dpl(a) != cpl) {
		return GP;
	}
	return a & D_P ? GOOD : NP;
}

static void transfers(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		bool returns;
	} t[] = {
		{ "jmp", far_jmp, far_jmp_at, false }, { "call", far_call, far_call_at, false },
		{ "ret", far_ret, far_ret_at, true }, { "iret", far_iret, far_iret_at, true },
	};
	u32 i, ring, a, rpl, want, sel;
	struct cpu c;
	bool good;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			sweep_begin("transfer/%s/ring%u", t[i].name, ring);
			for (a = 0; a < 256; a++)
				for (rpl = 0; rpl < 4; rpl++) {
					u32 type = a & 0x1f;

					/* Gates and TSSs are tried elsewhere. */
					if (!t[i].returns && (type == 1 || type == 3 || type == 4 ||
							      type == 5 || type == 9 ||
							      type == 11 || type == 12))
						continue;
					/* Returns to an outer ring have a stack to check. */
					if (t[i].returns && rpl > ring &&
					    transfer_model(a, rpl, ring, true) == GOOD)
						continue;
					sel = T(0) | rpl;
					want = transfer_model(a, rpl, ring, t[i].returns);
					gdt_set(T(0), flat(a));
					cpu_init(&c, ring, t[i].code);
					c.eax = sel;
					run(&c);
					if (want == GOOD)
						good = c.vector == VEC_END &&
						       c.eip == (u32)landing_next + 2 &&
						       c.cs == (T(0) | ring) &&
						       access_of(gdt, T(0)) == (a | 1);
					else
						good = c.vector == want && c.error == T(0) &&
						       c.eip == (u32)t[i].at &&
						       access_of(gdt, T(0)) == a;
					sweep(good, "%02x-rpl%u: vector %u error %x cs %x want %u",
					      a, rpl, c.vector, c.error, c.cs, want);
				}
			sweep_end();
			for (rpl = 0; rpl < 4; rpl++) {
				name("transfer/%s/null%u/ring%u", t[i].name, rpl, ring);
				cpu_init(&c, ring, t[i].code);
				c.eax = rpl;
				run(&c);
				expect_trap(&c, GP, 0, t[i].at);
			}
			name("transfer/%s/beyond/ring%u", t[i].name, ring);
			cpu_init(&c, ring, t[i].code);
			c.eax = GDT_ENTRIES * 8 | ring;
			run(&c);
			expect_trap(&c, GP, GDT_ENTRIES * 8, t[i].at);
		}
}

/*
 * Returns to ring 3: CS, then SS; registers that ring 3 may not have go. Where
 * IRET finds no stack segment present, its pseudo-code says #SS and its list of
 * exceptions #NP: either is right.
 */

CODE(outer_ret, "pushl %ebx; pushl %ecx; pushl %eax; pushl $landing", "lret");
CODE(outer_iret, "pushl %ebx; pushl %ecx; pushl $0x2; pushl %eax; pushl $landing", "iret");
#define LOAD_ALL "movw %dx, %ds; movw %dx, %es; movw %dx, %fs; movw %dx, %gs;"
CODE(outer_segs, LOAD_ALL "pushl %ebx; pushl %ecx; pushl %eax; pushl $landing", "lret");

static void outer(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
	} t[] = {
		{ "ret", outer_ret, outer_ret_at }, { "iret", outer_iret, outer_iret_at },
	};
	u32 i, a, rpl, want;
	struct cpu c;
	bool good;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		sweep_begin("outer/%s/cs", t[i].name);
		for (a = 0; a < 256; a++) {
			want = transfer_model(a, 3, 0, true);
			gdt_set(T(0), flat(a));
			cpu_init(&c, 0, t[i].code);
			c.eax = T(0) | 3;
			c.ebx = SEL_DATA3;
			c.ecx = (u32)stack3 + 4096;
			run(&c);
			if (want == GOOD)
				good = c.vector == VEC_END && c.cs == (T(0) | 3) &&
				       c.ss == SEL_DATA3 && c.esp == (u32)stack3 + 4096 &&
				       access_of(gdt, T(0)) == (a | 1);
			else
				good = c.vector == want && c.error == T(0) &&
				       c.eip == (u32)t[i].at;
			sweep(good, "%02x: vector %u error %x cs %x want %u", a, c.vector, c.error,
			      c.cs, want);
		}
		sweep_end();
		sweep_begin("outer/%s/ss", t[i].name);
		for (a = 0; a < 256; a++)
			for (rpl = 0; rpl < 4; rpl++) {
				want = load_model(C_SS, a, rpl, 3);
				gdt_set(T(1), flat(a));
				cpu_init(&c, 0, t[i].code);
				c.eax = SEL_CODE3;
				c.ebx = T(1) | rpl;
				c.ecx = (u32)stack3 + 4096;
				run(&c);
				if (want == GOOD)
					good = c.vector == VEC_END && c.ss == (T(1) | rpl) &&
					       access_of(gdt, T(1)) == (a | 1);
				else
					good = c.error == T(1) && c.eip == (u32)t[i].at &&
					       (c.vector == want ||
						(want == SS && i && c.vector == NP));
				sweep(good, "%02x-rpl%u: vector %u error %x ss %x want %u", a, rpl,
				      c.vector, c.error, c.ss, want);
			}
		sweep_end();
		name("outer/%s/ss-null", t[i].name);
		cpu_init(&c, 0, t[i].code);
		c.eax = SEL_CODE3;
		c.ebx = 3;
		run(&c);
		expect_trap(&c, GP, 0, t[i].at);
	}
	/* 5.8.6: segments with a DPL below 3 are gone, but for conforming code. */
	sweep_begin("outer/segments");
	for (a = 0x90; a < 0x100; a++) {
		if (load_model(C_DS, a, 0, 0) != GOOD)
			continue;
		gdt_set(T(0), flat(a));
		cpu_init(&c, 0, outer_segs);
		c.eax = SEL_CODE3;
		c.ebx = SEL_DATA3;
		c.ecx = (u32)stack3 + 4096;
		c.edx = T(0);
		run(&c);
		want = dpl(a) < 3 && !conforming(a) ? 0 : T(0);
		sweep(c.vector == VEC_END && c.ds == want && c.es == want && c.fs == want &&
		      c.gs == want, "%02x: vector %u ds %x es %x fs %x gs %x want %x", a, c.vector,
		      c.ds, c.es, c.fs, c.gs, want);
	}
	sweep_end();
}

/* LAR, LSL, VERR, VERW: answers in ZF. */

CODE(lar_, "xorl %ebx, %ebx", "larl %eax, %ebx");
CODE(lsl_, "xorl %ebx, %ebx", "lsll %eax, %ebx");
CODE(verr_, "", "verr %ax");
CODE(verw_, "", "verw %ax");

static void questions(void)
{
	u32 ring, a, rpl, sel, limit, what;
	static const char *const names[] = { "lar", "lsl", "verr", "verw" };
	static const u8 *const q[] = { lar_, lsl_, verr_, verw_ };
	struct cpu c;

	for (what = 0; what < 4; what++)
		for (ring = 0; ring <= 3; ring += 3) {
			sweep_begin("ask/%s/ring%u", names[what], ring);
			for (a = 0; a < 256; a++)
				for (rpl = 0; rpl < 4; rpl++) {
					const u32 lar_types = 0x1a3e, lsl_types = 0x0a0e;
					bool s = a & D_S, visible, yes;
					u32 value = 0;

					visible = conforming(a) ||
						  (dpl(a) >= ring && dpl(a) >= rpl);
					switch (what) {
					case 0:
						yes = s || lar_types >> (a & 15) & 1;
						value = a << 8 | 0xd00000;
						break;
					case 1:
						yes = s || lsl_types >> (a & 15) & 1;
						break;
					case 2:
						yes = is_data(a) || (is_code(a) && (a & 2));
						break;
					default:
						yes = is_data(a) && (a & 2);
					}
					yes = yes && visible;
					limit = (a & 1 ? 0x12345 : 0xfedcb);
					gdt_set(T(0), descriptor(0x1234567, limit, a,
								 D_G | D_B | 1));
					if (what == 1)
						value = limit << 12 | 0xfff;
					sel = T(0) | rpl;
					cpu_init(&c, ring, q[what]);
					c.eax = sel;
					c.eflags |= (a & 2) ? FL_ZF : 0;
					run(&c);
					if (!yes || what > 1)
						value = 0;
					/* LAR leaves bits 19:16 undefined. */
					if (!what)
						c.ebx &= ~0xf0000u;
					sweep(c.vector == VEC_END && !!(c.eflags & FL_ZF) == yes &&
					      (what > 1 || c.ebx == value),
					      "%02x-rpl%u: vector %u zf %u value %x want %u %x", a,
					      rpl, c.vector, c.eflags >> 6 & 1, c.ebx, yes, value);
				}
			sweep_end();
			for (rpl = 0; rpl < 4; rpl++) {
				name("ask/%s/null%u/ring%u", names[what], rpl, ring);
				cpu_init(&c, ring, q[what]);
				c.eax = rpl;
				c.eflags |= FL_ZF;
				run(&c);
				expect_end(&c);
				expect("zf", c.eflags & FL_ZF, 0);
			}
			name("ask/%s/beyond/ring%u", names[what], ring);
			cpu_init(&c, ring, q[what]);
			c.eax = GDT_ENTRIES * 8;
			c.eflags |= FL_ZF;
			run(&c);
			expect_end(&c);
			expect("zf", c.eflags & FL_ZF, 0);
		}
	/* Byte granular limits as they are. */
	for (ring = 0; ring <= 3; ring += 3) {
		gdt_set(T(0), descriptor(0, 0xabcde, D_DATA | D_DPL(3), D_B));
		name("ask/lsl-bytes/ring%u", ring);
		cpu_init(&c, ring, lsl_);
		c.eax = T(0);
		run(&c);
		expect("limit", c.ebx, 0xabcde);
	}
}

/* LLDT and LTR. */

CODE(do_lldt, "", "lldt %ax");
CODE(do_ltr, "", "ltr %ax");
CODE(do_sldt, "", "sldt %ebx");
CODE(do_str, "", "str %ebx");

static void tables(void)
{
	struct cpu c;
	u32 a, want;

	sweep_begin("lldt");
	for (a = 0; a < 256; a++) {
		gdt_set(T(0), descriptor((u32)ldt, sizeof(ldt) - 1, a, 0));
		cpu_init(&c, 0, do_lldt);
		c.eax = T(0) | (a & 3);
		run(&c);
		want = (a & 0x1f) != 2 ? GP : a & D_P ? GOOD : NP;
		sweep(want == GOOD ? c.vector == VEC_END : c.vector == want && c.error == T(0),
		      "%02x: vector %u error %x want %u", a, c.vector, c.error, want);
	}
	sweep_end();
	sweep_begin("ltr");
	for (a = 0; a < 256; a++) {
		gdt_set(T(0), descriptor((u32)&task, sizeof(task) - 1, a, 0));
		cpu_init(&c, 0, do_ltr);
		c.eax = T(0) | (a & 3);
		run(&c);
		want = (a & 0x1f) != 9 && (a & 0x1f) != 1 ? GP : a & D_P ? GOOD : NP;
		/* Busy afterwards. */
		sweep((want == GOOD ? c.vector == VEC_END : c.vector == want && c.error == T(0)) &&
		      access_of(gdt, T(0)) == (want == GOOD ? a | 2 : a),
		      "%02x: vector %u error %x access %x want %u", a, c.vector, c.error,
		      access_of(gdt, T(0)), want);
	}
	sweep_end();
	tables_init();
	name("lldt/in-ldt");
	cpu_init(&c, 0, do_lldt);
	c.eax = 0x4 | 8;
	run(&c);
	expect_trap(&c, GP, 12, do_lldt_at);
	name("ltr/in-ldt");
	cpu_init(&c, 0, do_ltr);
	c.eax = 0x4 | 8;
	run(&c);
	expect_trap(&c, GP, 12, do_ltr_at);
	name("ltr/null");
	cpu_init(&c, 0, do_ltr);
	run(&c);
	expect_trap(&c, GP, 0, do_ltr_at);
	name("lldt/null");
	cpu_init(&c, 0, do_lldt);
	c.eax = 3;
	run(&c);
	expect_end(&c);
	name("sldt/null");
	run_code(&c, 0, do_sldt);
	expect("selector", c.ebx & 0xfffc, 0);
	use_ldt();
	name("sldt/loaded");
	run_code(&c, 0, do_sldt);
	expect("selector", c.ebx & 0xffff, SEL_LDT);
	name("str");
	run_code(&c, 0, do_str);
	expect("selector", c.ebx & 0xffff, SEL_TSS);
	tables_init();
}

/* Call gates. 5.8.3, 5.8.5; vol. 2, CALL. */

#define PARAMETERS "pushl $0x33333333; pushl $0x22222222; pushl $0x11111111"
CODE(through_gate, "movw %ax, %ss:far_pointer + 4;" PARAMETERS, "lcall *%ss:far_pointer");
CODE(jmp_gate, "movw %ax, %ss:far_pointer + 4", "ljmp *%ss:far_pointer");
#define LOOK_AROUND							\
	"movl %cs, %edx; movl %ss, %ecx; movl (%esp), %eax;"		\
	"movl 8(%esp), %ebx; movl 20(%esp), %esi; movl 4(%esp), %edi;"	\
	"movl %esp, %ebp"
CODE(in_gate, LOOK_AROUND, "nop");
CODE(in_gate_ret, "", "lret $12");
#define LOOK_AROUND16							\
	"movl (%esp), %eax; movl 4(%esp), %ebx; movl 8(%esp), %esi;"	\
	"movl %esp, %ebp"
CODE(in_gate16, LOOK_AROUND16, "nop");

static void gate_checks(void)
{
	u32 ring, a, rpl, want, error, jump;
	struct cpu c;
	bool good;

	for (jump = 0; jump < 2; jump++)
		for (ring = 0; ring <= 3; ring += 3) {
			const u8 *code = jump ? jmp_gate : through_gate;
			const u8 *at = jump ? jmp_gate_at : through_gate_at;

			/* The gate's P, DPL and type; selectors' RPL. */
			sweep_begin("gate/%s/ring%u", jump ? "jmp" : "call", ring);
			for (a = 0; a < 256; a++)
				for (rpl = 0; rpl < 4; rpl++) {
					u32 type = a & 0x1f;

					/* Not a gate, or a task: elsewhere. */
					if (type != 4 && type != 12 && type != 6 && type != 7 &&
					    type != 14 && type != 15)
						continue;
					if (type == 4)	/* its offset is short */
						continue;
					gdt_set(T(0), gate(ring ? SEL_CODE3 : SEL_CODE0,
							   (u32)landing, a));
					cpu_init(&c, ring, code);
					c.eax = T(0) | rpl;
					run(&c);
					want = GOOD;
					if (type != 12 || dpl(a) < ring || dpl(a) < rpl)
						want = GP;
					else if (!(a & D_P))
						want = NP;
					if (want == GOOD)
						good = c.vector == VEC_END &&
						       c.cs == (ring ? SEL_CODE3 : SEL_CODE0);
					else
						good = c.vector == want && c.error == T(0) &&
						       c.eip == (u32)at;
					sweep(good, "%02x-rpl%u: vector %u error %x cs %x want %u",
					      a, rpl, c.vector, c.error, c.cs, want);
				}
			sweep_end();

			/* The code segment that it names. */
			sweep_begin("gate/%s-code/ring%u", jump ? "jmp" : "call", ring);
			for (a = 0; a < 256; a++) {
				gdt_set(T(1), flat(a));
				gdt_set(T(0), gate(T(1) | 3, (u32)landing, GATE_CALL32 | D_DPL(3)));
				cpu_init(&c, ring, code);
				c.eax = T(0);
				want = GOOD;
				error = T(1);
				if (!is_code(a) || dpl(a) > ring ||
				    (jump && !conforming(a) && dpl(a) != ring))
					want = GP;
				else if (!(a & D_P))
					want = NP;
				/* Not to ring 1 or 2. */
				if (want == GOOD && !conforming(a) && dpl(a) && dpl(a) != 3)
					continue;
				run(&c);
				if (want == GOOD)
					good = c.vector == VEC_END &&
					       c.cs == (T(1) | (conforming(a) ? ring : dpl(a)));
				else
					good = c.vector == want && c.error == error &&
					       c.eip == (u32)at;
				sweep(good, "%02x: vector %u error %x cs %x want %u", a, c.vector,
				      c.error, c.cs, want);
			}
			sweep_end();
			name("gate/%s-null/ring%u", jump ? "jmp" : "call", ring);
			gdt_set(T(0), gate(0, (u32)landing, GATE_CALL32 | D_DPL(3)));
			cpu_init(&c, ring, code);
			c.eax = T(0);
			run(&c);
			expect_trap(&c, GP, 0, at);
		}
}

static void gates(void)
{
	const u32 old = (u32)stack3 + sizeof(stack3) - 64;
	struct cpu c;

	gate_checks();
	/* Three parameters to ring 0; from there the frame. */
	gdt_set(T(0), gate(SEL_CODE0, (u32)in_gate, GATE_CALL32 | D_DPL(3)) | 3ull << 32);
	name("gate/parameters");
	cpu_init(&c, 3, through_gate);
	c.eax = T(0) | 3;
	run(&c);
	expect_end(&c);
	expect("cs", c.edx & 0xffff, SEL_CODE0);
	expect("ss", c.ecx & 0xffff, SEL_DATA0);
	expect("return", c.eax, (u32)through_gate_next);
	expect("return-cs", c.edi & 0xffff, SEL_CODE3);
	expect("parameter", c.ebx, 0x11111111);
	expect("old-esp", c.esi, old - 12);
	expect("esp", c.ebp, task.tss.esp0 - 7 * 4);
	/* RET with a count takes them from both stacks. */
	gdt_set(T(0), gate(SEL_CODE0, (u32)in_gate_ret, GATE_CALL32 | D_DPL(3)) | 3ull << 32);
	name("gate/return");
	cpu_init(&c, 3, through_gate);
	c.eax = T(0) | 3;
	run(&c);
	expect_end(&c);
	expect("cs", c.cs, SEL_CODE3);
	expect("esp", c.esp, old);
	/* 16 bits: words, both for the frame and the parameters. */
	gdt_set(T(1), descriptor((u32)in_gate16, 0xffff, D_CODE, D_B));
	gdt_set(T(0), gate(T(1), 0, GATE_CALL16 | D_DPL(3)) | 2ull << 32);
	name("gate/16-bit");
	cpu_init(&c, 3, through_gate);
	c.eax = T(0) | 3;
	run(&c);
	expect_end(&c);
	expect("return", c.eax & 0xffff, (u32)through_gate_next & 0xffff);
	expect("return-cs", c.eax >> 16, SEL_CODE3);
	expect("parameters", c.ebx, 0x11111111);
	expect("old-sp", c.esi & 0xffff, (old - 12) & 0xffff);
	expect("old-ss", c.esi >> 16, SEL_DATA3);
	expect("esp", c.ebp, task.tss.esp0 - 6 * 2);
	/* Within a ring nothing is copied, and the stack stays. */
	gdt_set(T(0), gate(SEL_CODE3, (u32)in_gate, GATE_CALL32 | D_DPL(3)) | 3ull << 32);
	name("gate/same-ring");
	cpu_init(&c, 3, through_gate);
	c.eax = T(0) | 3;
	run(&c);
	expect_end(&c);
	expect("esp", c.ebp, old - 5 * 4);
	expect("parameter", c.ebx, 0x11111111);
	tables_init();
}

/* Limits and rights of data segments. 5.3, 5.4, 5.5; 3.4.5.1 expand-down. */

CODE(get8, "movw %ax, %es", "movb %es:(%ebx), %cl");
CODE(get16, "movw %ax, %es", "movw %es:(%ebx), %cx");
CODE(get32, "movw %ax, %es", "movl %es:(%ebx), %ecx");
CODE(put8, "movw %ax, %es", "movb %cl, %es:(%ebx)");
CODE(put16, "movw %ax, %es", "movw %cx, %es:(%ebx)");
CODE(put32, "movw %ax, %es", "movl %ecx, %es:(%ebx)");
CODE(get_fld, "movw %ax, %es", "fldl %es:(%ebx)");
CODE(put_stos, "movw %ax, %es; movl %ebx, %edi; movl $2, %ecx; cld", "rep stosl");

static const struct sized {
	const u8 *code, *at;
	u32 size;
	bool write;
} sizes[] = {
	{ get8, get8_at, 1, false }, { get16, get16_at, 2, false }, { get32, get32_at, 4, false },
	{ put8, put8_at, 1, true }, { put16, put16_at, 2, true }, { put32, put32_at, 4, true },
	{ get_fld, get_fld_at, 8, false },
};

/* Is [@offset, @offset + @size) inside? Operands don't wrap around 4 GiB here. */
static bool inside(u32 a, u32 limit, u32 flags, u32 offset, u32 size)
{
	const u64 last = (u64)offset + size - 1;
	const u32 end = flags & D_G ? limit << 12 | 0xfff : limit;

	if (is_data(a) && (a & 4))
		return offset > end && last <= (flags & D_B ? 0xffffffffull : 0xffff);
	return last <= end;
}

static void limits(void)
{
	static const struct {
		const char *name;
		u32 access, limit, flags;
	} segs[] = {
		{ "bytes", D_DATA, 0x1234, D_B }, { "bytes-16", D_DATA, 0x1234, 0 },
		{ "odd", D_DATA, 0x1ffe, D_B }, { "zero", D_DATA, 0, D_B },
		{ "pages", D_DATA, 2, D_G | D_B }, { "read-only", 0x91, 0x1234, D_B },
		{ "down", 0x97, 0x1fff, D_B }, { "down-16", 0x97, 0x1fff, 0 },
		{ "down-pages", 0x97, 1, D_G | D_B }, { "down-read-only", 0x95, 0x1fff, D_B },
		{ "code", 0x9b, 0x1234, D_B }, { "code-conforming", 0x9f, 0x1234, D_B },
	};
	u32 i, k, n, ring;
	struct cpu c;

	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(segs); i++) {
			const u32 a = segs[i].access | D_DPL(ring);
			const u32 end = segs[i].flags & D_G ? segs[i].limit << 12 | 0xfff :
					segs[i].limit;

			/* Based so that what is inside is in our memory. */
			gdt_set(T(0), descriptor(POOL_AT, segs[i].limit, a, segs[i].flags));
			sweep_begin("limit/%s/ring%u", segs[i].name, ring);
			for (k = 0; k < ARRAY_SIZE(sizes); k++) {
				for (n = 0; n < 28; n++) {
					u32 offset = n < 14 ? end - 9 + n : n < 20 ? n - 14 :
						     0x10000 - 28 + n;
					bool may = inside(a, segs[i].limit, segs[i].flags, offset,
							  sizes[k].size);
					bool right = !sizes[k].write ||
						     (is_data(a) && (a & 2));

					/* 4 GiB may be wrapped or not: left open. */
					if (offset > 0xfffffff0)
						continue;
					cpu_init(&c, ring, sizes[k].code);
					c.eax = T(0) | ring;
					c.ebx = offset;
					run(&c);
					asm volatile("fninit");
					if (may && right)
						may = c.vector == VEC_END;
					else
						may = c.vector == GP && !c.error &&
						      c.eip == (u32)sizes[k].at;
					sweep(may, "%s%u-%x: vector %u error %x at %x",
					      sizes[k].write ? "put" : "get", sizes[k].size * 8,
					      offset, c.vector, c.error, c.eip);
				}
			}
			sweep_end();
		}
	for (ring = 0; ring <= 3; ring += 3) {
		/* Execute-only code can't be read. It can't be loaded either: CS. */
		gdt_set(T(0), descriptor(POOL_AT, 15, D_DATA | D_DPL(ring), D_B));
		name("limit/rep-stos/ring%u", ring);
		cpu_init(&c, ring, put_stos);
		c.eax = T(0) | ring;
		c.ebx = 12;
		run(&c);
		expect_trap(&c, GP, 0, put_stos_at);
		expect("ecx", c.ecx, 1);
		expect("edi", c.edi, 16);
	}
}

/* Offsets that wrap around 4 GiB: both ends of one segment, in turn. 3.4.2.1. */

static void wraps(void)
{
	const u32 base = POOL_AT + 0x2000;
	static const struct sized *const both[] = { &sizes[2], &sizes[5], &sizes[6] };
	struct cpu c;
	u32 ring, i, k;

	for (ring = 0; ring <= 3; ring += 3) {
		gdt_set(T(0), descriptor(base, 0xfffff, D_DATA | D_DPL(ring), D_G | D_B));
		sweep_begin("wrap/ring%u", ring);
		for (i = 0; i < 8; i++)
			for (k = 0; k < ARRAY_SIZE(both); k++) {
				u32 offset = i & 1 ? -0x1000 - 8 * i : 0x1000 + 8 * i;

				poke(base + offset, 0x3000 + i);
				poke(base + offset + 4, 0x40000000);
				cpu_init(&c, ring, both[k]->code);
				c.eax = T(0) | ring;
				c.ebx = offset;
				c.ecx = 0x77;
				run(&c);
				asm volatile("fninit");
				sweep(c.vector == VEC_END &&
				      (both[k]->write ? peek(base + offset) == 0x77 :
				       both[k]->size == 8 || c.ecx == 0x3000 + i),
				      "%x-%u: vector %u error %x ecx %x", offset, k, c.vector,
				      c.error, c.ecx);
			}
		sweep_end();
	}
}

/* The stack's: #SS(0), and 16-bit stacks use SP only. */

CODE(push_it, "movw %ax, %ss; movl %ebx, %esp", "pushl %ecx");
CODE(pop_it, "movw %ax, %ss; movl %ebx, %esp", "popl %ecx");
CODE(bp_it, "movw %ax, %ss; movl %ebx, %ebp", "movl (%ebp), %ecx");
CODE(call_it, "movw %ax, %ss; movl %ebx, %esp", "call landing");
CODE(enter_it, "movw %ax, %ss; movl %ebx, %esp", "enter $4, $0");
CODE(push16_it, "movw %ax, %ss; movl %ebx, %esp", "pushw %cx");

static void stacks(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		u32 limit, flags, esp, vector;
	} t[] = {
		{ "push-inside", push_it, push_it_at, 0x1fff, D_B, 0x2000, VEC_END },
		{ "push-outside", push_it, push_it_at, 0x1fff, D_B, 0x2001, SS },
		{ "push-below", push_it, push_it_at, 0x1fff, D_B, 2, SS },
		{ "pop-inside", pop_it, pop_it_at, 0x1fff, D_B, 0x1ffc, VEC_END },
		{ "pop-outside", pop_it, pop_it_at, 0x1fff, D_B, 0x1ffd, SS },
		{ "ebp-inside", bp_it, bp_it_at, 0x1fff, D_B, 0x1ffc, VEC_END },
		{ "ebp-outside", bp_it, bp_it_at, 0x1fff, D_B, 0x1fff, SS },
		{ "call-outside", call_it, call_it_at, 0x1fff, D_B, 0x2002, SS },
		{ "enter-outside", enter_it, enter_it_at, 0x1fff, D_B, 0x2002, SS },
		{ "push-16-inside", push_it, push_it_at, 0xffff, 0, 0xabcd0000, VEC_END },
		{ "push-16-word", push16_it, push16_it_at, 0xffff, 0, 0xabcd0000, VEC_END },
		{ "push-16-outside", push_it, push_it_at, 0x1fff, 0, 0, SS },
	};
	struct cpu c;
	u32 i;

	/* At ring 3, since ring 0 would need the stack for the exception. */
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		gdt_set(T(0), descriptor(POOL_AT, t[i].limit, D_DATA | D_DPL(3), t[i].flags));
		name("stack/%s", t[i].name);
		cpu_init(&c, 3, t[i].code);
		c.eax = T(0) | 3;
		c.ebx = t[i].esp;
		c.ecx = 0x5a5a1234;
		run(&c);
		if (t[i].vector == VEC_END)
			expect_end(&c);
		else
			expect_trap(&c, SS, 0, t[i].at);
		if (t[i].code == push_it && t[i].vector == VEC_END) {
			/* Only SP moves where B is clear. */
			expect("esp", c.esp, t[i].flags ? t[i].esp - 4 :
			       (t[i].esp & 0xffff0000) | ((t[i].esp - 4) & 0xffff));
			expect("word", peek(POOL_AT + (t[i].flags ? t[i].esp - 4 : 0xfffc)),
			       0x5a5a1234);
		}
		if (t[i].code == push16_it)
			expect("esp", c.esp, 0xabcdfffe);
		if (t[i].vector == SS && t[i].code != bp_it)
			expect("esp", c.esp, t[i].esp);
	}
}

/* Code segments: the limit, and reading them. */

CODE(jump_out, "movl $0x2000, %ebx", "jmp *%ebx");
CODE(read_cs, "", "movb %cs:0, %al");
CODE(write_cs, "", "movb %al, %cs:0");

static void code_segments(void)
{
	const u32 base = (u32)jump_out;
	struct cpu c;
	u32 ring;

	for (ring = 0; ring <= 3; ring += 3) {
		gdt_set(T(0), descriptor(base, 0xfff, D_CODE | D_DPL(ring), D_B));
		name("code/jump-outside/ring%u", ring);
		cpu_init(&c, ring, jump_out);
		c.cs = T(0) | ring;
		c.eip = 0;
		run(&c);
		expect_trap(&c, GP, 0, jump_out_at - base);
		/* Falls off the end: the address behind the limit. */
		gdt_set(T(0), descriptor(base, jump_out_at - jump_out - 1, D_CODE | D_DPL(ring),
					 D_B));
		name("code/fall-outside/ring%u", ring);
		cpu_init(&c, ring, jump_out);
		c.cs = T(0) | ring;
		c.eip = 0;
		run(&c);
		expect_trap(&c, GP, 0, jump_out_at - base);
		/* An instruction with its last byte outside. */
		gdt_set(T(0), descriptor(base, jump_out_at - jump_out, D_CODE | D_DPL(ring), D_B));
		name("code/straddles/ring%u", ring);
		cpu_init(&c, ring, jump_out);
		c.cs = T(0) | ring;
		c.eip = 0;
		run(&c);
		expect_trap(&c, GP, 0, jump_out_at - base);

		gdt_set(T(0), descriptor((u32)read_cs, 0xfff, D_CODE | D_DPL(ring), D_B));
		name("code/read/ring%u", ring);
		cpu_init(&c, ring, read_cs);
		c.cs = T(0) | ring;
		c.eip = 0;
		run(&c);
		expect_end(&c);
		expect("byte", c.eax & 0xff, *read_cs);
		gdt_set(T(0), descriptor((u32)read_cs, 0xfff, 0x99 | D_DPL(ring), D_B));
		name("code/read-execute-only/ring%u", ring);
		cpu_init(&c, ring, read_cs);
		c.cs = T(0) | ring;
		c.eip = 0;
		run(&c);
		expect_trap(&c, GP, 0, NULL);
		gdt_set(T(0), descriptor((u32)write_cs, 0xfff, D_CODE | D_DPL(ring), D_B));
		name("code/write/ring%u", ring);
		cpu_init(&c, ring, write_cs);
		c.cs = T(0) | ring;
		c.eip = 0;
		run(&c);
		expect_trap(&c, GP, 0, NULL);
	}
}

/* A register keeps what it was loaded with. 3.4.3. */

#define CHANGE "movl %ecx, %ss:(%edx); movl %edi, %ss:4(%edx);"
CODE(keep_ds, "movw %ax, %ds; movl (%ebx), %esi;" CHANGE, "movl (%ebx), %edi");
CODE(keep_again, "movw %ax, %ds;" CHANGE "movw %ax, %ds", "movl (%ebx), %edi");
CODE(keep_int, "movw %ax, %ds;" CHANGE "int $0x50", "movl (%ebx), %edi");
CODE(on_50, "", "iret");
CODE(keep_cs, CHANGE "jmp 1f; 1: nop", "nop");

static void kept(void)
{
	u64 old, changed;
	struct cpu c;
	u32 ring;

	poke(POOL_AT, 0x1111);
	poke(POOL_AT + 0x1000, 0x2222);
	for (ring = 0; ring <= 3; ring += 3) {
		idt_set(0x50, gate(SEL_CODE0, (u32)on_50, GATE_INT32 | D_DPL(3)));
		old = descriptor(POOL_AT, 0xfffff, D_DATA | D_DPL(ring), D_G | D_B);
		changed = descriptor(POOL_AT + 0x1000, 0xfffff, D_DATA | D_DPL(ring), D_G | D_B);
		const struct {
			const char *name;
			const u8 *code;
			u64 changed;
			u32 want;
		} t[] = {
			{ "data", keep_ds, changed, 0x1111 },
			{ "data-absent", keep_ds, old & ~(0x80ull << 40), 0x1111 },
			{ "data-zero", keep_ds, 0, 0x1111 },
			{ "data-code", keep_ds, old | 8ull << 40, 0x1111 },
			{ "data-reloaded", keep_again, changed, 0x2222 },
			{ "data-interrupt", keep_int, changed, 0x1111 },
		};

		for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
			gdt_set(T(0), old);
			name("kept/%s/ring%u", t[i].name, ring);
			cpu_init(&c, ring, t[i].code);
			c.eax = T(0) | ring;
			c.ecx = t[i].changed;
			c.edi = t[i].changed >> 32;
			c.edx = (u32)&gdt[T(0) / 8];
			run(&c);
			expect_end(&c);
			expect("value", c.edi, t[i].want);
		}
		/* CS likewise, as long as nothing loads it. */
		gdt_set(T(1), descriptor(0, 0xfffff, D_CODE | D_DPL(ring), D_G | D_B));
		name("kept/code/ring%u", ring);
		cpu_init(&c, ring, keep_cs);
		c.cs = T(1) | ring;
		c.edx = (u32)&gdt[T(1) / 8];
		run(&c);
		expect_end(&c);
		expect("cs", c.cs, T(1) | ring);
	}
	tables_init();
}

/* ARPL, vol. 2. */

CODE(arpl_, "", "arpl %bx, %ax");

static void arpl(void)
{
	struct cpu c;
	u32 ring, i;

	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("arpl/ring%u", ring);
		for (i = 0; i < 16; i++) {
			u32 dst = i & 3, src = i >> 2;

			cpu_init(&c, ring, arpl_);
			c.eax = 0xabcd0010 | dst;
			c.ebx = 0x33330020 | src;
			run(&c);
			sweep(c.vector == VEC_END && !!(c.eflags & FL_ZF) == (dst < src) &&
			      c.eax == (0xabcd0010 | (dst < src ? src : dst)),
			      "%u-%u: vector %u eax %x zf %u", dst, src, c.vector, c.eax,
			      c.eflags >> 6 & 1);
		}
		sweep_end();
	}
}

void guest_main(void)
{
	loads();
	nulls();
	transfers();
	outer();
	questions();
	tables();
	gates();
	arpl();
	kept();
	limits();
	wraps();
	stacks();
	code_segments();
}
#endif
