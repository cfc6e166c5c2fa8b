// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual-8086 mode: what IOPL decides and what not, what leaves it and with
 * which frame, addresses, limits, ports, pages.
 *
 * SDM vol. 3, 21.2 (entering, leaving, sensitive instructions), 21.3
 * (interrupts and exceptions, without VME), vol. 2 for each instruction's
 * exceptions in virtual-8086 mode.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

static void go(struct cpu *c, const struct code16 *p, u32 iopl)
{
	cpu_init16(c, p);
	c->eflags |= FL_VM | iopl << 12;
	run(c);
}

/* Sensitive to IOPL: CLI, STI, PUSHF, POPF, INT n, IRET. 21.2.7. */

CODE16(v_cli, "", "cli");
CODE16(v_sti, "", "sti");
CODE16(v_pushf, "", "pushfw");
CODE16(v_pushfd, "", "pushfl");
CODE16(v_popf, "pushw $0x202", "popfw");
CODE16(v_popfd, "pushl $0x202", "popfl");
CODE16(v_int, "", "int $0x50");
CODE16(v_iret, "pushw $2; pushw %cs; pushw $0x200", "iretw");
CODE16(v_iretd, "pushl $2; pushl $0x2000; pushl $0x200", "iretl");

static const struct code16 sensitive[] = {
	PIECE16(v_cli), PIECE16(v_sti), PIECE16(v_pushf), PIECE16(v_pushfd), PIECE16(v_popf),
	PIECE16(v_popfd), PIECE16(v_int), PIECE16(v_iret), PIECE16(v_iretd),
};

static void iopl_decides(void)
{
	struct cpu c;
	u32 i, iopl;

	idt_set(0x50, gate(SEL_CODE0, (u32)trap_stubs + 16 * 0x50, GATE_INT32 | D_DPL(3)));
	memcpy_(low(LOW_AT + 0x200), "\xcd\x40", 2);
	for (i = 0; i < ARRAY_SIZE(sensitive); i++)
		for (iopl = 0; iopl < 4; iopl++) {
			name("iopl/%s/iopl%u", sensitive[i].name + 2, iopl);
			go(&c, &sensitive[i], iopl);
			if (iopl < 3)
				expect_trap16(&c, &sensitive[i], GP, 0, false);
			else if (sensitive[i].code == v_int)
				expect_trap16(&c, &sensitive[i], 0x50, 0, true);
			else
				expect_end(&c);
			expect("vm-iopl", c.eflags & (FL_VM | FL_IOPL), FL_VM | iopl << 12);
			expect("if", c.eflags & FL_IF, iopl == 3 && (i == 1 || i == 4 || i == 5) ?
			       FL_IF : 0);
		}
}

/* Everything else, at IOPL 0 and 3. */

CODE16(v_int3, "", "int3");
CODE16(v_into, "movw $0x7fff, %ax; incw %ax", "into");
CODE16(v_icebp, "", ".byte 0xf1");
CODE16(v_bound, "movw $7, %ax; movw $0, 0; movw $6, 2", "bound %ax, 0");
CODE16(v_div, "xorw %cx, %cx", "divw %cx");
CODE16(v_ud2, "", "ud2");
CODE16(v_hlt, "", "hlt");
CODE16(v_cr0, "", "movl %cr0, %eax");
CODE16(v_to_cr0, "", "movl %eax, %cr0");
CODE16(v_dr7, "", "movl %dr7, %eax");
CODE16(v_lgdt, "", "lgdtl 0");
CODE16(v_lidt, "", "lidtl 0");
CODE16(v_clts, "", "clts");
CODE16(v_lmsw, "", "lmsw %ax");
CODE16(v_invd, "", "invd");
CODE16(v_invlpg, "", "invlpg 0");
CODE16(v_rdmsr, "movl $0x174, %ecx", "rdmsr");
CODE16(v_lldt, "", "lldt %ax");
CODE16(v_ltr, "", "ltr %ax");
CODE16(v_sldt, "", "sldt %ax");
CODE16(v_str, "", "str %ax");
CODE16(v_lar, "", "lar %ax, %bx");
CODE16(v_lsl, "", "lsl %ax, %bx");
CODE16(v_verr, "", "verr %ax");
CODE16(v_verw, "", "verw %ax");
CODE16(v_arpl, "", "arpl %ax, %bx");
CODE16(v_word_end, "movw $0xffff, %bx", "movw (%bx), %ax");
CODE16(v_stack_end, "movw $0xffff, %bp", "movw %ax, (%bp)");
CODE16(v_addr32, "movl $0x10000, %ebx", "movb (%ebx), %al");
CODE16(v_jmp32, "movl $0x10000, %eax", "jmpl *%eax");
CODE16(v_port_81, "", "inb $0x81, %al");
CODE16(v_port_80w, "", "inw $0x80, %ax");

static const struct {
	struct code16 p;
	u32 vector, error;
	bool behind;
} traps[] = {
	{ PIECE16(v_int3), BP, 0, true }, { PIECE16(v_into), OF, 0, true },
	{ PIECE16(v_icebp), DB, 0, true }, { PIECE16(v_bound), BR }, { PIECE16(v_div), DE },
	{ PIECE16(v_ud2), UD }, { PIECE16(v_hlt), GP }, { PIECE16(v_cr0), GP },
	{ PIECE16(v_to_cr0), GP }, { PIECE16(v_dr7), GP }, { PIECE16(v_lgdt), GP },
	{ PIECE16(v_lidt), GP }, { PIECE16(v_clts), GP }, { PIECE16(v_lmsw), GP },
	{ PIECE16(v_invd), GP }, { PIECE16(v_invlpg), GP }, { PIECE16(v_rdmsr), GP },
	{ PIECE16(v_lldt), UD }, { PIECE16(v_ltr), UD }, { PIECE16(v_sldt), UD },
	{ PIECE16(v_str), UD }, { PIECE16(v_lar), UD }, { PIECE16(v_lsl), UD },
	{ PIECE16(v_verr), UD }, { PIECE16(v_verw), UD }, { PIECE16(v_arpl), UD },
	{ PIECE16(v_word_end), GP }, { PIECE16(v_stack_end), SS }, { PIECE16(v_addr32), GP },
	{ PIECE16(v_jmp32), GP }, { PIECE16(v_port_81), GP }, { PIECE16(v_port_80w), GP },
};

static void leaves(void)
{
	struct cpu c;
	u32 i, iopl;

	idt_set(BP, gate(SEL_CODE0, (u32)trap_stubs + 16 * BP, GATE_INT32 | D_DPL(3)));
	idt_set(OF, gate(SEL_CODE0, (u32)trap_stubs + 16 * OF, GATE_INT32 | D_DPL(3)));
	task.iomap[0x10] = 2;		/* port 81h */
	memcpy_(low(LOW_AT + 0x10000), "\xcd\x41", 2);
	for (i = 0; i < ARRAY_SIZE(traps); i++)
		for (iopl = 0; iopl <= 3; iopl += 3) {
			name("trap/%s/iopl%u", traps[i].p.name + 2, iopl);
			go(&c, &traps[i].p, iopl);
			expect_trap16(&c, &traps[i].p, traps[i].vector, traps[i].error,
				      traps[i].behind);
		}
	task.iomap[0x10] = 0xff;
}

/* What goes on in it; ends with INT 40h at IOPL 3. */

CODE16(w_pushf, "pushw $0; popfw; pushfw", "popw %ax; movzwl %ax, %eax");
CODE16(w_pushfd, "sti; pushfl", "popl %eax; cli");
CODE16(w_wrap, "movw $0xffff, %bx; movw $2, %si", "movl (%bx,%si), %eax");
CODE16(w_segments, "movw $0x4001, %ax; movw %ax, %es", "movl %es:1, %eax");
CODE16(w_high, "movw $0xffff, %ax; movw %ax, %fs", "movl %fs:0x10, %eax");
CODE16(w_far, "lcall $0x2000, $0xe0", "movzwl %ax, %eax");
CODE16(w_smsw, "smsw %ax", "movzwl %ax, %eax; andl $1, %eax");
CODE16(w_port_80, "inb $0x80, %al", "movl $0x80, %eax");
CODE16(w_iret, "movl $0x31, %eax; pushw $0x2; pushw %cs; pushw $0x210", "iretw");
CODE16(w_cs_data, "movw $0x1234, %cs:0xf0", "movzwl %cs:0xf0, %eax");
CODE16(w_push_wrap, "movl $0xabcd0000, %esp; pushw $0x1234", "movl %esp, %eax");
CODE16(w_loop, "xorl %eax, %eax; movw $1000, %cx; 1: addw %cx, %ax; loop 1b", "nop");
CODE16(w_sgdt, "sgdtl 0x30", "movzwl 0x30, %eax");

static const struct {
	struct code16 p;
	u32 eax;
} works[] = {
	{ PIECE16(w_pushf), 0x3002 }, { PIECE16(w_pushfd), 0x3202 },
	{ PIECE16(w_wrap), 0x44332211 }, { PIECE16(w_segments), 0x99887766 },
	{ PIECE16(w_high), 0x12344321 }, { PIECE16(w_far), 0x4321 }, { PIECE16(w_smsw), 1 },
	{ PIECE16(w_port_80), 0x80 }, { PIECE16(w_iret), 0x31 }, { PIECE16(w_cs_data), 0x1234 },
	{ PIECE16(w_push_wrap), 0xabcdfffe }, { PIECE16(w_loop), 500500 & 0xffff },
	{ PIECE16(w_sgdt), GDT_ENTRIES * 8 - 1 },
};

static void working(void)
{
	struct cpu c;
	u32 i;

	task.iomap[0x10] = 0xfe;
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		memset_(low(DATA16), 0, 64);
		memcpy_(low(DATA16), "\0\x11\x22\x33\x44", 5);
		memcpy_(low(DATA16 + 0x11), "\x66\x77\x88\x99", 4);
		memcpy_(low(LOW_AT + 0xe0), "\xb8\x21\x43\xcb", 4);
		memcpy_(low(LOW_AT + 0x210), "\xcd\x40", 2);
		poke(0x100000, 0x12344321);
		name("works/%s", works[i].p.name + 2);
		go(&c, &works[i].p, 3);
		if (expect_end(&c))
			expect("eax", c.eax, works[i].eax);
	}
	task.iomap[0x10] = 0xff;
}

/* The frame: segments as they were, and null in the handler. 21.3.1.1. */
static void frame(void)
{
	static const struct code16 p = PIECE16(v_ud2);
	struct cpu c;

	name("frame");
	cpu_init16(&c, &p);
	c.eflags |= FL_VM | FL_CF | FL_NT;
	c.ds = 0x1234;
	c.es = 0xfedc;
	c.fs = 1;
	c.gs = 0xffff;
	c.eax = 0x11111111;
	c.esp = 0x8765;
	run(&c);
	expect_trap16(&c, &p, UD, 0, false);
	expect("ds", c.ds, 0x1234);
	expect("es", c.es, 0xfedc);
	expect("fs", c.fs, 1);
	expect("gs", c.gs, 0xffff);
	expect("ss", c.ss, LOW_STACK);
	expect("esp", c.esp, 0x8765);
	expect("flags", c.eflags & 0x27fff, FL_VM | FL_CF | FL_NT | FL_ONE);
	expect("eax", c.eax, 0x11111111);
	expect("handler-ds", trap_frame[0] & 0xffff, 0);
	expect("handler-es", trap_frame[1] & 0xffff, 0);
	expect("handler-fs", trap_frame[2] & 0xffff, 0);
	expect("handler-gs", trap_frame[3] & 0xffff, 0);
	expect("stack", trap_sp + 23 * 4, task.tss.esp0);
}

/* INT n from here: the gate's DPL, and a handler that must be of ring 0. 21.3. */
static void handlers(void)
{
	static const struct code16 p = PIECE16(v_int);
	const u32 d3 = D_DPL(3), h = (u32)trap_stubs + 16 * 0x50;
	const struct {
		const char *name;
		u64 gate;
		u32 vector, error;
	} t[] = {
		{ "dpl0", gate(SEL_CODE0, h, GATE_INT32), GP, 0x50 * 8 + 2 },
		{ "trap", gate(SEL_CODE0, h, GATE_TRAP32 | d3), 0x50, 0 },
		{ "absent", gate(SEL_CODE0, h, (GATE_INT32 | d3) & ~D_P), NP, 0x50 * 8 + 2 },
		{ "ring3", gate(SEL_CODE3, h, GATE_INT32 | d3), GP, SEL_CODE3 & ~3 },
		{ "conforming", gate(SEL_TEST, h, GATE_INT32 | d3), GP, SEL_TEST },
		{ "null", gate(0, h, GATE_INT32 | d3), GP, 0 },
	};
	struct cpu c;
	u32 i;

	gdt_set(SEL_TEST, descriptor(0, 0xfffff, D_CODE | 4, D_G | D_B));
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		idt_set(0x50, t[i].gate);
		name("handler/%s", t[i].name);
		go(&c, &p, 3);
		expect_trap16(&c, &p, t[i].vector, t[i].error, t[i].vector == 0x50);
	}
	/* INT3 asks for the gate's DPL whatever IOPL says. */
	idt_set(BP, gate(SEL_CODE0, (u32)trap_stubs + 16 * BP, GATE_INT32));
	name("handler/int3-dpl0");
	go(&c, &traps[0].p, 0);
	expect_trap16(&c, &traps[0].p, GP, BP * 8 + 2, false);
	tables_init();
}

/* It is the user to the pages. 4.6: CPL is 3. */

CODE16(p_read, "", "movl 0x1000, %eax");
CODE16(p_write, "", "movl %eax, 0x1000");

static void pages(void)
{
	static const struct code16 get = PIECE16(p_read), put = PIECE16(p_write);
	static const struct {
		const char *name;
		u32 flags, read, write;		/* 0: no fault */
	} t[] = {
		{ "absent", 0, 4, 6 }, { "supervisor", 3, 5, 7 }, { "read-only", 5, 0, 7 },
		{ "all", 7, 0, 0 },
	};
	u32 cr3 = paging_identity(PAGING_32), i, *table = (u32 *)(peek(cr3) & ~4095);
	u32 *entry = &table[(DATA16 + 0x1000) >> 12];
	struct cpu c;

	paging_on(PAGING_32, cr3);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		WRITE_ONCE(*entry, (DATA16 + 0x1000) | t[i].flags);
		invlpg(DATA16 + 0x1000);
		name("pages/%s-read", t[i].name);
		go(&c, &get, 3);
		if (t[i].read) {
			expect_trap16(&c, &get, PF, t[i].read, false);
			expect("cr2", c.cr2, DATA16 + 0x1000);
		} else {
			expect_end(&c);
		}
		name("pages/%s-write", t[i].name);
		go(&c, &put, 3);
		if (t[i].write) {
			expect_trap16(&c, &put, PF, t[i].write, false);
			expect("cr2", c.cr2, DATA16 + 0x1000);
		} else {
			expect_end(&c);
		}
	}
	/* The first megabyte somewhere else: 8086 programs have their own. */
	WRITE_ONCE(*entry, 0x500000 | 7);
	poke(0x500000, 0x86868686);
	invlpg(DATA16 + 0x1000);
	name("pages/elsewhere");
	go(&c, &get, 3);
	expect("value", c.eax, 0x86868686);
	paging_off();
	pool_reset();
}

void guest_main(void)
{
	iopl_decides();
	leaves();
	working();
	frame();
	handlers();
	pages();
}
#endif
