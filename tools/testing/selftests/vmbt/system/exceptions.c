// SPDX-License-Identifier: GPL-2.0
/*
 * Each exception: what raises it, its error code, the address it reports, the
 * flags it saves, and what becomes of it when its own delivery fails.
 *
 * SDM vol. 3 chapter 6: 6.3.1 table 6-1 (exceptions), 6.12 (gates, stacks,
 * flags), 6.13 (error codes), 6.15 (each exception, double faults in table
 * 6-5). Vol. 2 for what an instruction raises.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

#define R0	1
#define R3	2
#define BOTH	3

/* Raised by the instruction alone. */
struct one {
	const char *name;
	const u8 *code, *where;
	u32 vector, error, rings;
};

#define FAULT(n, v, e, r)	{ #n, n, n##_at, v, e, r }
#define TRAP(n, v, r)		{ #n, n, n##_next, v, 0, r }

static SHARED u32 word_at[4] __aligned(16);
static const SHARED s32 bounds[2] = { -5, 5 };

CODE(div_zero, "xorl %ecx, %ecx", "divl %ecx");
CODE(div_overflow, "movl $1, %edx; movl $1, %ecx", "divl %ecx");
CODE(div8_overflow, "movl $0x400, %eax; movb $2, %cl", "divb %cl");
CODE(idiv_overflow, "movl $0x80000000, %eax; cltd; orl $-1, %ecx", "idivl %ecx");
CODE(aam_zero, "", "aam $0");
CODE(icebp, "", ".byte 0xf1");
CODE(breakpoint, "", "int3");
CODE(breakpoint2, "", ".byte 0xcd, 3");
CODE(overflow, "movl $0x7fffffff, %eax; incl %eax", "into");
CODE(no_overflow, "xorl %eax, %eax", "into");
CODE(bound_low, "movl $-6, %eax", "bound %eax, bounds");
CODE(bound_high, "movl $6, %eax", "bound %eax, bounds");
CODE(bound_in, "movl $5, %eax", "bound %eax, bounds");
CODE(do_ud2, "", "ud2");
CODE(do_ud1, "", ".byte 0x0f, 0xb9, 0xc0");
CODE(ud_0fff, "", ".byte 0x0f, 0xff, 0xc0");
CODE(lock_mov, "", ".byte 0xf0, 0xa3; .long word_at");
CODE(lock_nop, "", ".byte 0xf0, 0x90");
CODE(lock_add_reg, "", ".byte 0xf0, 0x01, 0xc0");
CODE(lock_cmp, "movl $word_at, %ebx", ".byte 0xf0, 0x39, 0x03");
CODE(lock_add_ok, "", "lock addl $0, word_at");
CODE(mov_to_cs, "movl %ds, %eax", ".byte 0x8e, 0xc8");
CODE(mov_seg_6, "", ".byte 0x8e, 0xf0");
CODE(lea_reg, "", ".byte 0x8d, 0xc0");
CODE(ff_7, "", ".byte 0xff, 0xf8");
CODE(fe_2, "", ".byte 0xfe, 0xd0");
CODE(c7_1, "", ".byte 0xc7, 0xc8, 0, 0, 0, 0");
CODE(ljmp_reg, "", ".byte 0xff, 0xe8");
CODE(cmpxchg8b_reg, "", ".byte 0x0f, 0xc7, 0xc8");
CODE(rsm_, "", "rsm");
CODE(too_long, "", ".fill 15, 1, 0x66; nop");
CODE(long_enough, "", ".fill 14, 1, 0x66; nop");

/* Privileged: #GP(0) unless at CPL 0. */
CODE(p_hlt, "", "hlt");
CODE(p_cli, "", "cli");
CODE(p_sti, "", "sti");
CODE(p_in, "", "inb $0x80, %al");
CODE(p_out, "movl $0x80, %edx", "outl %eax, %dx");
CODE(p_ins, "movl $0x80, %edx; movl $word_at, %edi", "insb");
CODE(p_outs, "movl $0x80, %edx; movl $word_at, %esi", "outsb");
CODE(p_lgdt, "", "lgdt word_at");
CODE(p_lidt, "", "lidt word_at");
CODE(p_lldt, "xorl %eax, %eax", "lldt %ax");
CODE(p_ltr, "", "ltr %ax");
CODE(p_lmsw, "", "lmsw %ax");
CODE(p_clts, "", "clts");
CODE(p_read_cr0, "", "movl %cr0, %eax");
CODE(p_write_cr0, "", "movl %eax, %cr0");
CODE(p_read_cr2, "", "movl %cr2, %eax");
CODE(p_write_cr3, "", "movl %eax, %cr3");
CODE(p_read_cr4, "", "movl %cr4, %eax");
CODE(p_read_dr0, "", "movl %dr0, %eax");
CODE(p_write_dr7, "", "movl %eax, %dr7");
CODE(p_rdmsr, "movl $0x174, %ecx", "rdmsr");
CODE(p_wrmsr, "movl $0x174, %ecx", "wrmsr");
CODE(p_invd, "", "invd");
CODE(p_wbinvd, "", "wbinvd");
CODE(p_invlpg, "", "invlpg word_at");
CODE(p_rdpmc, "xorl %ecx, %ecx", "rdpmc");

static const struct one ones[] = {
	FAULT(div_zero, DE, 0, BOTH), FAULT(div_overflow, DE, 0, BOTH),
	FAULT(div8_overflow, DE, 0, BOTH), FAULT(idiv_overflow, DE, 0, BOTH),
	FAULT(aam_zero, DE, 0, BOTH), TRAP(icebp, DB, BOTH), TRAP(breakpoint, BP, BOTH),
	TRAP(breakpoint2, BP, BOTH), TRAP(overflow, OF, BOTH),
	FAULT(bound_low, BR, 0, BOTH), FAULT(bound_high, BR, 0, BOTH),
	FAULT(do_ud2, UD, 0, BOTH), FAULT(do_ud1, UD, 0, BOTH), FAULT(ud_0fff, UD, 0, BOTH),
	FAULT(lock_mov, UD, 0, BOTH), FAULT(lock_nop, UD, 0, BOTH),
	FAULT(lock_add_reg, UD, 0, BOTH), FAULT(lock_cmp, UD, 0, BOTH),
	FAULT(mov_to_cs, UD, 0, BOTH), FAULT(mov_seg_6, UD, 0, BOTH),
	FAULT(lea_reg, UD, 0, BOTH), FAULT(ff_7, UD, 0, BOTH), FAULT(fe_2, UD, 0, BOTH),
	FAULT(c7_1, UD, 0, BOTH), FAULT(ljmp_reg, UD, 0, BOTH),
	FAULT(cmpxchg8b_reg, UD, 0, BOTH), FAULT(rsm_, UD, 0, BOTH),
	FAULT(too_long, GP, 0, BOTH),
	FAULT(p_hlt, GP, 0, R3), FAULT(p_cli, GP, 0, R3), FAULT(p_sti, GP, 0, R3),
	FAULT(p_in, GP, 0, R3), FAULT(p_out, GP, 0, R3), FAULT(p_ins, GP, 0, R3),
	FAULT(p_outs, GP, 0, R3), FAULT(p_lgdt, GP, 0, R3), FAULT(p_lidt, GP, 0, R3),
	FAULT(p_lldt, GP, 0, R3), FAULT(p_ltr, GP, 0, R3), FAULT(p_lmsw, GP, 0, R3),
	FAULT(p_clts, GP, 0, R3), FAULT(p_read_cr0, GP, 0, R3), FAULT(p_write_cr0, GP, 0, R3),
	FAULT(p_read_cr2, GP, 0, R3), FAULT(p_write_cr3, GP, 0, R3),
	FAULT(p_read_cr4, GP, 0, R3), FAULT(p_read_dr0, GP, 0, R3),
	FAULT(p_write_dr7, GP, 0, R3), FAULT(p_rdmsr, GP, 0, R3), FAULT(p_wrmsr, GP, 0, R3),
	FAULT(p_invd, GP, 0, R3), FAULT(p_wbinvd, GP, 0, R3), FAULT(p_invlpg, GP, 0, R3),
	FAULT(p_rdpmc, GP, 0, R3),
};

static void gate_dpl3(u32 vector)
{
	idt_set(vector, gate(SEL_CODE0, (u32)trap_stubs + 16 * vector, GATE_INT32 | D_DPL(3)));
}

static void alone(void)
{
	static const struct {
		const char *name;
		const u8 *code;
	} through[] = {
		{ "no_overflow", no_overflow }, { "bound_in", bound_in },
		{ "lock_add_ok", lock_add_ok }, { "long_enough", long_enough },
	};
	struct cpu c;
	u32 i, ring;

	gate_dpl3(BP);
	gate_dpl3(OF);
	for (ring = 0; ring <= 3; ring += 3) {
		for (i = 0; i < ARRAY_SIZE(ones); i++) {
			const struct one *o = &ones[i];

			if (!(o->rings & (ring ? R3 : R0)))
				continue;
			name("alone/%s/ring%u", o->name, ring);
			run_code(&c, ring, o->code);
			expect_trap(&c, o->vector, o->error, o->where);
			/* 6.12.1.1: from ring 3 the stack is the TSS's. */
			expect("frame", trap_sp + (ring ? 19 : 17) * 4,
			       ring ? task.tss.esp0 : (u32)stack0 + sizeof(stack0) - 64);
			/* Vol. 3, 17.3.1.1: faults save RF set, traps clear. */
			expect("rf", c.eflags >> 16 & 1, o->where != o->code &&
			       (o->vector == BP || o->vector == OF || o->vector == DB) ?
			       0 : 1);
		}
		for (i = 0; i < ARRAY_SIZE(through); i++) {
			name("alone/%s/ring%u", through[i].name, ring);
			run_code(&c, ring, through[i].code);
			expect_end(&c);
		}
	}
	tables_init();
}

/* INT n through gates that don't work. 6.12.1.2, 6.13. */

CODE(int_50, "", "int $0x50");

struct bad_gate {
	const char *name;
	u64 gate;		/* 0x50's */
	u32 vector0, error0;	/* at CPL 0; VEC_END: the gate works */
	u32 vector3, error3;
};

#define VEC	(0x50 * 8 + 2)
#define T(n)	(SEL_TEST + 8 * (n))

CODE(on_gate, "", "nop");

static void software(void)
{
	const u32 h = (u32)on_gate, d3 = D_DPL(3);
	const struct bad_gate gates[] = {
		{ "dpl0", gate(SEL_CODE0, h, GATE_INT32), VEC_END, 0, GP, VEC },
		{ "dpl1", gate(SEL_CODE0, h, GATE_INT32 | D_DPL(1)), VEC_END, 0, GP, VEC },
		{ "dpl2", gate(SEL_CODE0, h, GATE_TRAP32 | D_DPL(2)), VEC_END, 0, GP, VEC },
		{ "absent", gate(SEL_CODE0, h, (GATE_INT32 | d3) & ~D_P), NP, VEC, NP, VEC },
		{ "absent-dpl0", gate(SEL_CODE0, h, GATE_INT32 & ~D_P), NP, VEC, GP, VEC },
		{ "zero", 0, GP, VEC, GP, VEC },
		{ "type-call32", gate(SEL_CODE0, h, GATE_CALL32 | d3), GP, VEC, GP, VEC },
		{ "type-call16", gate(SEL_CODE0, h, GATE_CALL16 | d3), GP, VEC, GP, VEC },
		{ "type-tss", gate(SEL_CODE0, h, 0x89 | d3), GP, VEC, GP, VEC },
		{ "type-ldt", gate(SEL_CODE0, h, 0x82 | d3), GP, VEC, GP, VEC },
		{ "type-data", gate(SEL_CODE0, h, D_DATA | d3), GP, VEC, GP, VEC },
		{ "type-s", gate(SEL_CODE0, h, GATE_INT32 | D_S | d3), GP, VEC, GP, VEC },
		{ "null", gate(0, h, GATE_INT32 | d3), GP, 0, GP, 0 },
		{ "null-rpl", gate(3, h, GATE_INT32 | d3), GP, 0, GP, 0 },
		{ "beyond", gate(GDT_ENTRIES * 8, h, GATE_INT32 | d3),
		  GP, GDT_ENTRIES * 8, GP, GDT_ENTRIES * 8 },
		{ "in-ldt", gate(0xc, h, GATE_INT32 | d3), GP, 0xc, GP, 0xc },
		{ "data-segment", gate(SEL_DATA0, h, GATE_INT32 | d3),
		  GP, SEL_DATA0, GP, SEL_DATA0 },
		{ "system-segment", gate(SEL_TSS, h, GATE_INT32 | d3), GP, SEL_TSS, GP, SEL_TSS },
		{ "code-absent", gate(T(0), h, GATE_INT32 | d3), NP, T(0), NP, T(0) },
		{ "code-dpl3", gate(SEL_CODE3, h, GATE_INT32 | d3),
		  GP, SEL_CODE3 & ~3, VEC_END, 0 },
		{ "rpl-ignored", gate(SEL_CODE0 | 3, h, GATE_INT32 | d3), VEC_END, 0, VEC_END, 0 },
		{ "conforming", gate(T(1), h, GATE_INT32 | d3), VEC_END, 0, VEC_END, 0 },
		{ "trap", gate(SEL_CODE0, h, GATE_TRAP32 | d3), VEC_END, 0, VEC_END, 0 },
		{ "limit", gate(T(2), h, GATE_INT32 | d3), GP, 0, GP, 0 },
	};
	struct cpu c;
	u32 i, ring;

	gdt_set(T(0), descriptor(0, 0xfffff, D_CODE & ~D_P, D_G | D_B));
	gdt_set(T(1), descriptor(0, 0xfffff, D_CODE | 4, D_G | D_B));
	gdt_set(T(2), descriptor(0, 0xffff, D_CODE, D_B));
	for (ring = 0; ring <= 3; ring += 3) {
		for (i = 0; i < ARRAY_SIZE(gates); i++) {
			const struct bad_gate *g = &gates[i];
			const u32 vector = ring ? g->vector3 : g->vector0;

			idt_set(0x50, g->gate);
			name("software/%s/ring%u", g->name, ring);
			run_code(&c, ring, int_50);
			if (vector == VEC_END)
				expect_end(&c);
			else
				expect_trap(&c, vector, ring ? g->error3 : g->error0, int_50_at);
		}
		/* Beyond the limit, and the last byte of the entry only. */
		load_idt(0x50 * 8 - 1);
		name("software/idt-limit/ring%u", ring);
		run_code(&c, ring, int_50);
		expect_trap(&c, GP, VEC, int_50_at);
		idt_set(0x50, gate(SEL_CODE0, h, GATE_INT32 | d3));
		load_idt(0x50 * 8 + 6);
		name("software/idt-limit-inside/ring%u", ring);
		run_code(&c, ring, int_50);
		expect_trap(&c, GP, VEC, int_50_at);
		load_idt(0x50 * 8 + 7);
		name("software/idt-limit-enough/ring%u", ring);
		run_code(&c, ring, int_50);
		expect_end(&c);
		load_idt(sizeof(idt) - 1);
	}
	tables_init();
}

/* What a handler finds: flags, CPL, the words of a 16-bit gate. 6.12.1. */

static SHARED u16 words[8];
static SHARED u32 seen_flags, seen_cs, seen_esp;

#define SEE							\
	"pushfl; popl %ss:seen_flags; movw %cs, %ss:seen_cs;"	\
	"movl %esp, %ss:seen_esp"
#define SEE_WORDS						\
	"pushl %eax; movl 4(%esp), %eax; movl %eax, %ss:words;"	\
	"movl 8(%esp), %eax; movl %eax, %ss:words + 4;"		\
	"movl 12(%esp), %eax; movl %eax, %ss:words + 8;"	\
	"popl %eax; movl %esp, %ss:seen_esp"
CODE(on_flags, SEE, "nop");
CODE(on_16, SEE_WORDS, "nop");
CODE(wrong_half, "", "int $0x41");
CODE(gp_at_ring, "movl $0xfff8, %eax", "movl %eax, %es");

static void handler(void)
{
	struct cpu c;
	u32 ring, trap;

	for (ring = 0; ring <= 3; ring += 3)
		for (trap = 0; trap < 2; trap++) {
			idt_set(0x50, gate(SEL_CODE0, (u32)on_flags,
					   (trap ? GATE_TRAP32 : GATE_INT32) | D_DPL(3)));
			name("handler/%s/ring%u", trap ? "trap" : "interrupt", ring);
			cpu_init(&c, ring, int_50);
			c.eflags |= FL_IF | FL_NT | FL_OF | FL_DF | FL_AC | FL_IOPL | 0x8d5;
			run(&c);
			expect("flags", seen_flags,
			       (FL_ONE | FL_OF | FL_DF | FL_AC | FL_IOPL | 0x8d5) |
			       (trap ? FL_IF : 0));
			expect("cs", seen_cs & 3, 0);
			expect("esp", seen_esp, ring ? task.tss.esp0 - 20 :
			       (u32)stack0 + sizeof(stack0) - 64 - 12);
		}

	gdt_set(T(0), descriptor(LOW_AT, 0x1ffff, D_CODE, D_B));
	memcpy_(low(LOW_AT), on_16, 64);
	memcpy_(low(LOW_AT + 0x10000), wrong_half, 16);
	for (ring = 0; ring <= 3; ring += 3)
		for (trap = 0; trap < 2; trap++) {
			u32 esp = ring ? task.tss.esp0 : (u32)stack0 + sizeof(stack0) - 64;

			/* The offset's upper half counts for nothing. */
			idt_set(0x50, gate(T(0), 0x10000,
					   (trap ? GATE_TRAP16 : GATE_INT16) | D_DPL(3)));
			name("handler/16-bit-%s/ring%u/offset", trap ? "trap" : "interrupt",
			     ring);
			run_code(&c, ring, int_50);
			expect_end(&c);
			idt_set(0x50, gate(T(0), 0,
					   (trap ? GATE_TRAP16 : GATE_INT16) | D_DPL(3)));
			name("handler/16-bit-%s/ring%u", trap ? "trap" : "interrupt", ring);
			cpu_init(&c, ring, int_50);
			c.eflags |= FL_CF;
			run(&c);
			expect("ip", words[0], (u32)int_50_next & 0xffff);
			expect("cs", words[1], ring ? SEL_CODE3 : SEL_CODE0);
			expect("flags", words[2], FL_ONE | FL_CF);
			if (ring) {
				expect("sp", words[3],
				       ((u32)stack3 + sizeof(stack3) - 64) & 0xffff);
				expect("ss", words[4], SEL_DATA3);
			}
			expect("esp", seen_esp, esp - (ring ? 10 : 6));
		}

	/* An error code is a word, too. */
	idt_set(GP, gate(T(0), 0, GATE_INT16));
	for (ring = 0; ring <= 3; ring += 3) {
		name("handler/16-bit-error/ring%u", ring);
		run_code(&c, ring, gp_at_ring);
		expect("code", words[0], 0xfff8);
		expect("ip", words[1], (u32)gp_at_ring_at & 0xffff);
		expect("cs", words[2], ring ? SEL_CODE3 : SEL_CODE0);
		expect("esp", seen_esp, ring ? task.tss.esp0 - 12 :
		       (u32)stack0 + sizeof(stack0) - 64 - 8);
	}
	tables_init();
}

/* An exception whose gate fails: the error code's EXT, and table 6-5. */

CODE(np_ds, "movl $0x90, %eax", "movl %eax, %es");
CODE(touch_absent, "", "movl 0x500000, %eax");
CODE(soft_bp, "", "int3");
CODE(soft_of, "movl $0x7fffffff, %eax; incl %eax", "into");

static void nested(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		u32 first;
		bool contributory, page, software;
	} firsts[] = {
		{ "ud", do_ud2, do_ud2_at, UD, false, false, false },
		{ "bound", bound_low, bound_low_at, BR, false, false, false },
		{ "icebp", icebp, icebp_at, DB, false, false, false },
		{ "int3", soft_bp, soft_bp_at, BP, false, false, true },
		{ "into", soft_of, soft_of_at, OF, false, false, true },
		{ "int-50", int_50, int_50_at, 0x50, false, false, true },
		{ "de", div_zero, div_zero_at, DE, true, false, false },
		{ "gp", too_long, too_long_at, GP, true, false, false },
		{ "np", np_ds, np_ds_at, NP, true, false, false },
		{ "pf", touch_absent, touch_absent_at, PF, false, true, false },
	};
	u32 cr3 = paging_identity(PAGING_32);
	u32 *table = (u32 *)(*(u32 *)(cr3 + 4) & ~4095);
	struct cpu c;
	u32 i, ring;

	gdt_set(T(2), descriptor(0, 0xfffff, (D_DATA | D_DPL(3)) & ~D_P, D_G | D_B));
	table[0x100] = 0;
	paging_on(PAGING_32, cr3);
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(firsts); i++) {
			u32 v = firsts[i].first, ext = !firsts[i].software;
			u64 good = gate(SEL_CODE0, (u32)trap_stubs + 16 * v,
					GATE_INT32 | D_DPL(3));

			/* Its gate isn't present: #NP, or twice contributory. */
			idt_set(v, good & ~(0x80ull << 40));
			name("nested/%s-absent/ring%u", firsts[i].name, ring);
			run_code(&c, ring, firsts[i].code);
			if (v == NP)	/* #NP of #NP */
				check(c.vector == DF && !c.error, "vector %u error %x",
				      c.vector, c.error);
			else if (firsts[i].contributory || firsts[i].page)
				check(c.vector == DF && !c.error, "vector %u error %x",
				      c.vector, c.error);
			else
				expect_trap(&c, NP, v * 8 + 2 + ext, firsts[i].at);

			/* A gate of no such type: #GP. */
			idt_set(v, (good & ~(0xfull << 40)) | 2ull << 40);
			name("nested/%s-type/ring%u", firsts[i].name, ring);
			run_code(&c, ring, firsts[i].code);
			if (firsts[i].contributory || firsts[i].page)
				check(c.vector == DF && !c.error, "vector %u error %x",
				      c.vector, c.error);
			else
				expect_trap(&c, GP, v * 8 + 2 + ext, firsts[i].at);

			/* Its code segment is no code. */
			idt_set(v, gate(SEL_DATA0, 0, GATE_INT32 | D_DPL(3)));
			name("nested/%s-segment/ring%u", firsts[i].name, ring);
			run_code(&c, ring, firsts[i].code);
			if (firsts[i].contributory || firsts[i].page)
				check(c.vector == DF && !c.error, "vector %u error %x",
				      c.vector, c.error);
			else
				expect_trap(&c, GP, SEL_DATA0 + ext, firsts[i].at);
			idt_set(v, good);
		}

	paging_off();
	pool_reset();
	tables_init();
}

/* The first page of the IDT is not there, #DF and #PF are in the second. */
static void nested_pages(void)
{
	u32 cr3 = paging_identity(PAGING_32);
	u8 *pages = page_alloc();
	u64 *copy = (u64 *)(pages + 4096) - 8;
	struct {
		u16 limit;
		u32 base;
	} __packed r = { sizeof(idt) - 1, (u32)copy };
	const u32 *dir = (const u32 *)cr3;
	static const struct {
		const char *name;
		const u8 *code, *at;
		u32 vector;
	} t[] = {
		{ "ud", do_ud2, do_ud2_at, UD },
		/* Contributory and then a page fault: one after the other. */
		{ "de", div_zero, div_zero_at, DE },
		{ "int3", soft_bp, soft_bp_at, BP },
	};
	u32 *table, i, ring;
	struct cpu c;

	page_alloc();
	memcpy_(copy, idt, sizeof(idt));
	table = (u32 *)(dir[(u32)pages >> 22] & ~4095);
	paging_on(PAGING_32, cr3);
	asm volatile("lidt %0" : : "m" (r));
	table[(u32)pages >> 12 & 1023] = 0;
	invlpg((u32)pages);
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			name("nested-pages/%s/ring%u", t[i].name, ring);
			run_code(&c, ring, t[i].code);
			/* The CPU's own access: not the user's. */
			expect_trap(&c, PF, 0, t[i].at);
			expect("cr2", c.cr2 & ~7u, (u32)(copy + t[i].vector));
		}
	load_idt(sizeof(idt) - 1);
	paging_off();
	pool_reset();
	tables_init();
}

/* #NM and #UD by CR0 and CR4. Vol. 3, 2.5 table 2-2, 13.1 table 13-1. */

CODE(x87, "", "fld1");
CODE(do_wait, "", "fwait");
CODE(fnop_, "", "fnop");
CODE(mmx, "", "movd %eax, %mm0");
CODE(sse, "", "xorps %xmm0, %xmm0");
CODE(sse_fxsave, "", "fxsave fxsave_area");
CODE(emms_, "", "emms");
static SHARED u8 fxsave_area[512] __aligned(16);

static void no_device(void)
{
	u32 old0 = read_cr0(), old4 = read_cr4(), bits, osfxsr, ring;
	struct cpu c;

	for (ring = 0; ring <= 3; ring += 3)
		for (osfxsr = 0; osfxsr < 2; osfxsr++)
			for (bits = 0; bits < 8; bits++) {
				u32 ts = bits & 1, em = bits >> 1 & 1, mp = bits >> 2;
				u32 v;

				write_cr4((old4 & ~CR4_OSFXSR) | (osfxsr ? CR4_OSFXSR : 0));
				write_cr0((old0 & ~(CR0_TS | CR0_EM | CR0_MP)) |
					  (ts ? CR0_TS : 0) | (em ? CR0_EM : 0) |
					  (mp ? CR0_MP : 0));
				name("no-device/x87/ts%u-em%u-mp%u-fx%u/ring%u", ts, em, mp,
				     osfxsr, ring);
				run_code(&c, ring, x87);
				if (ts || em)
					expect_trap(&c, NM, 0, x87_at);
				else
					expect_end(&c);
				asm volatile("clts");
				write_cr0(read_cr0() & ~CR0_EM);
				asm volatile("fninit");
				write_cr0((read_cr0() & ~CR0_EM) | (ts ? CR0_TS : 0) |
					  (em ? CR0_EM : 0));
				name("no-device/wait/ts%u-em%u-mp%u-fx%u/ring%u", ts, em, mp,
				     osfxsr, ring);
				run_code(&c, ring, do_wait);
				if (ts && mp)
					expect_trap(&c, NM, 0, do_wait_at);
				else
					expect_end(&c);
				name("no-device/mmx/ts%u-em%u-mp%u-fx%u/ring%u", ts, em, mp,
				     osfxsr, ring);
				run_code(&c, ring, mmx);
				v = em ? UD : ts ? NM : VEC_END;
				if (v == VEC_END)
					expect_end(&c);
				else
					expect_trap(&c, v, 0, mmx_at);
				asm volatile("clts");
				write_cr0(read_cr0() & ~CR0_EM);
				asm volatile("fninit");
				write_cr0((read_cr0() & ~CR0_EM) | (ts ? CR0_TS : 0) |
					  (em ? CR0_EM : 0));
				name("no-device/sse/ts%u-em%u-mp%u-fx%u/ring%u", ts, em, mp,
				     osfxsr, ring);
				run_code(&c, ring, sse);
				v = em || !osfxsr ? UD : ts ? NM : VEC_END;
				if (v == VEC_END)
					expect_end(&c);
				else
					expect_trap(&c, v, 0, sse_at);
				name("no-device/fxsave/ts%u-em%u-mp%u-fx%u/ring%u", ts, em, mp,
				     osfxsr, ring);
				run_code(&c, ring, sse_fxsave);
				if (ts || em)
					expect_trap(&c, NM, 0, sse_fxsave_at);
				else
					expect_end(&c);
			}
	write_cr0(old0);
	write_cr4(old4);
	asm volatile("fninit");
}

/* #AC: CPL 3, CR0.AM and EFLAGS.AC, and not aligned. 6.15, table 6-7. */

static SHARED u8 odd[64] __aligned(64);

CODE(ac_word, "", "movw odd + 1, %ax");
CODE(ac_dword, "", "movl odd + 2, %eax");
CODE(ac_store, "", "movl %eax, odd + 2");
CODE(ac_add, "", "addl %eax, odd + 3");
CODE(ac_fld, "", "fldl odd + 4");
CODE(ac_aligned, "", "movl odd + 4, %eax");
CODE(ac_byte, "", "movb odd + 1, %al");
CODE(ac_push, "movl $odd + 33, %esp", "pushl %eax");
CODE(ac_string, "movl $odd + 1, %esi; movl $odd + 32, %edi", "movsl");

static void alignment(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		bool aligned;
	} t[] = {
		{ "word", ac_word, ac_word_at, false }, { "dword", ac_dword, ac_dword_at, false },
		{ "store", ac_store, ac_store_at, false }, { "add", ac_add, ac_add_at, false },
		{ "fld", ac_fld, ac_fld_at, false }, { "push", ac_push, ac_push_at, false },
		{ "string", ac_string, ac_string_at, false },
		{ "aligned", ac_aligned, ac_aligned_at, true },
		{ "byte", ac_byte, ac_byte_at, true },
	};
	u32 old = read_cr0(), i, how;
	struct cpu c;

	for (how = 0; how < 8; how++) {
		u32 ring = how & 1 ? 3 : 0, am = how >> 1 & 1, ac = how >> 2;

		write_cr0(old | (am ? CR0_AM : 0));
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			name("alignment/%s/am%u-ac%u/ring%u", t[i].name, am, ac, ring);
			cpu_init(&c, ring, t[i].code);
			if (ac)
				c.eflags |= FL_AC;
			run(&c);
			asm volatile("fninit");
			/* INT at the end pushes on the inner stack, which is aligned. */
			if (ring && am && ac && !t[i].aligned)
				expect_trap(&c, AC, 0, t[i].at);
			else
				expect_end(&c);
		}
	}
	write_cr0(old);
}

/* IOPL and the I/O bitmap. Vol. 1, 18.5. */

CODE(io_in8, "movl $0x80, %edx", "inb %dx, %al");
CODE(io_in16, "movl $0x80, %edx", "inw %dx, %ax");
CODE(io_in32, "movl $0x80, %edx", "inl %dx, %eax");
CODE(io_last, "movl $0xffff, %edx", "inb %dx, %al");
CODE(io_cli, "", "cli");

static void io(void)
{
	struct cpu c;
	u32 iopl, bit;

	for (iopl = 0; iopl < 4; iopl++) {
		name("io/cli/iopl%u", iopl);
		cpu_init(&c, 3, io_cli);
		c.eflags |= iopl << 12 | FL_IF;
		run(&c);
		if (iopl == 3) {
			expect_end(&c);
			expect("if", c.eflags & FL_IF, 0);
		} else {
			expect_trap(&c, GP, 0, io_cli_at);
		}
		name("io/in/iopl%u", iopl);
		cpu_init(&c, 3, io_in8);
		c.eflags |= iopl << 12;
		run(&c);
		if (iopl == 3)
			expect_end(&c);
		else
			expect_trap(&c, GP, 0, io_in8_at);
	}
	/* One bit a byte; all of them must be clear. */
	for (bit = 0; bit < 16; bit++) {
		u16 set = 1u << bit;

		task.iomap[0x10] = set;
		task.iomap[0x11] = set >> 8;
		name("io/bitmap-byte/%u", bit);
		run_code(&c, 3, io_in8);
		if (set & 1)
			expect_trap(&c, GP, 0, io_in8_at);
		else
			expect_end(&c);
		name("io/bitmap-word/%u", bit);
		run_code(&c, 3, io_in16);
		if (set & 3)
			expect_trap(&c, GP, 0, io_in16_at);
		else
			expect_end(&c);
		name("io/bitmap-dword/%u", bit);
		run_code(&c, 3, io_in32);
		if (set & 15)
			expect_trap(&c, GP, 0, io_in32_at);
		else
			expect_end(&c);
	}
	task.iomap[0x10] = 0;
	task.iomap[0x11] = 0;
	task.iomap[8191] = 0;
	name("io/bitmap-last");
	run_code(&c, 3, io_last);
	expect_end(&c);
	/* The TSS ends within the bitmap: two bytes are looked at. */
	gdt_set(SEL_TSS, descriptor((u32)&task, sizeof(task.tss) + 0x10 + 1, 0x89, 0));
	asm volatile("ltr %w0" : : "r" (SEL_TSS));
	name("io/limit-enough");
	run_code(&c, 3, io_in8);
	expect_end(&c);
	gdt_set(SEL_TSS, descriptor((u32)&task, sizeof(task.tss) + 0x10, 0x89, 0));
	asm volatile("ltr %w0" : : "r" (SEL_TSS));
	name("io/limit-short");
	run_code(&c, 3, io_in8);
	expect_trap(&c, GP, 0, io_in8_at);
	tables_init();
}

void guest_main(void)
{
	alone();
	software();
	handler();
	nested();
	nested_pages();
	no_device();
	alignment();
	io();
}
#endif
