// SPDX-License-Identifier: GPL-2.0
/*
 * Task switches: JMP, CALL, INT and IRET, through TSS descriptors and task
 * gates, 32- and 16-bit, what is saved and loaded, busy bits, links, NT, TS,
 * CR3, LDT, the T flag, and every check with its exception.
 *
 * SDM vol. 3 chapter 8: 8.2 (structures), 8.3 (switching, table 8-1 checks,
 * table 8-2 busy, NT, link), 8.6 (16-bit).
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

#define SEL_B	(SEL_TEST + 0x08)
#define SEL_C	(SEL_TEST + 0x10)
#define SEL_G	(SEL_TEST + 0x18)	/* a task gate to B */
#define SEL_X	(SEL_TEST + 0x20)	/* segments to try */

static struct tss b __aligned(256), handler __aligned(256);
static u8 b_stack[1024] __aligned(16), c_stack[1024] __aligned(16);

/* 16-bit TSS, figure 8-10. */
static struct {
	u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags;
	u16 ax, cx, dx, bx, sp, bp, si, di, es, cs, ss, ds, ldt;
} __packed b16 __aligned(64);

CODE(jmp_b, "", "ljmp $0x88, $0");
CODE(call_b, "", "lcall $0x88, $0");
CODE(jmp_gate, "", "ljmp $0x98, $0");
CODE(call_gate, "", "lcall $0x98, $0");
CODE(int_gate, "", "int $0x50");
CODE(gp_gate, "movl $0xfff8, %eax", "movl %eax, %es");
#define READ_CR0 "pushl %eax; movl %cr0, %eax; movl %eax, b_cr0; popl %eax"
CODE(in_b, READ_CR0, "nop");
CODE(in_b_iret, "incl %eax; movl $0x7777, %ecx", "iret");
CODE(in_b_error, READ_CR0, "popl %eax");
CODE(in_c, "", "popl %eax");
CODE(do_iret, "pushfl; orl $0x4000, (%esp); popfl", "iret");
static SHARED u32 b_cr0;

static u32 access_of(u32 selector)
{
	return READ_ONCE(gdt[selector >> 3]) >> 40 & 0xff;
}

static void prepare(void)
{
	tables_init();
	asm volatile("clts");
	memset_(&b, 0, sizeof(b));
	b.ss0 = SEL_DATA0;
	b.esp0 = (u32)trap_stack + sizeof(trap_stack);
	b.cr3 = read_cr3();
	b.eip = (u32)in_b;
	b.eflags = FL_ONE | FL_CF;
	b.eax = 0xa1;
	b.ecx = 0xa2;
	b.edx = 0xa3;
	b.ebx = 0xa4;
	b.esp = (u32)b_stack + sizeof(b_stack);
	b.ebp = 0xa5;
	b.esi = 0xa6;
	b.edi = 0xa7;
	b.cs = SEL_CODE0;
	b.ss = SEL_DATA0;
	b.ds = SEL_DATA0;
	b.es = SEL_DATA0;
	b.fs = SEL_DATA3;
	b.gs = 0;
	b.iomap = sizeof(b);
	gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, 0x89, 0));
	gdt_set(SEL_G, gate(SEL_B, 0, GATE_TASK));
	idt_set(0x50, gate(SEL_B, 0, GATE_TASK | D_DPL(3)));
	handler = b;
	handler.eip = (u32)in_c;
	handler.esp = (u32)c_stack + sizeof(c_stack);
	gdt_set(SEL_C, descriptor((u32)&handler, sizeof(handler) - 1, 0x89, 0));
}

static void go(struct cpu *c, u32 ring, const u8 *code)
{
	cpu_init(c, ring, code);
	c->eax = 0x51;
	c->ebx = 0x52;
	c->ecx = 0x53;
	c->edx = 0x54;
	c->esi = 0x55;
	c->edi = 0x56;
	c->ebp = 0x57;
	c->eflags |= FL_ZF;
	run(c);
}

/* Is the new task as its TSS says? */
static void in_new_task(const struct cpu *c, bool nested)
{
	expect_end(c);
	expect("eip", c->eip, (u32)in_b_next + 2);
	expect("eax", c->eax, 0xa1);
	expect("ecx", c->ecx, 0xa2);
	expect("edx", c->edx, 0xa3);
	expect("ebx", c->ebx, 0xa4);
	expect("esp", c->esp, (u32)b_stack + sizeof(b_stack));
	expect("ebp", c->ebp, 0xa5);
	expect("esi", c->esi, 0xa6);
	expect("edi", c->edi, 0xa7);
	expect("fs", c->fs, SEL_DATA3);
	expect("gs", c->gs, 0);
	expect("eflags", c->eflags & ~FL_RF, FL_ONE | FL_CF | (nested ? FL_NT : 0));
	/* 2.5: TS is set by every switch. */
	expect("ts", b_cr0 & CR0_TS, CR0_TS);
}

/* Is the old one saved? @eip: where it goes on. */
static void old_saved(u32 ring, const u8 *eip)
{
	expect("old-eip", task.tss.eip, (u32)eip);
	expect("old-eax", task.tss.eax, 0x51);
	expect("old-ebx", task.tss.ebx, 0x52);
	expect("old-edi", task.tss.edi, 0x56);
	expect("old-ebp", task.tss.ebp, 0x57);
	expect("old-esp", task.tss.esp,
	       (u32)(ring ? stack3 : stack0) + sizeof(stack0) - 64);
	expect("old-cs", task.tss.cs, ring ? SEL_CODE3 : SEL_CODE0);
	expect("old-ss", task.tss.ss, ring ? SEL_DATA3 : SEL_DATA0);
	expect("old-eflags", task.tss.eflags & ~FL_RF, FL_ONE | FL_ZF);
}

/* Table 8-2: busy bits, NT and the link. */
static void marks(bool nested)
{
	expect("old-busy", access_of(SEL_TSS), nested ? 0x8b : 0x89);
	expect("new-busy", access_of(SEL_B) & 0x1f, 0x0b);
	expect("link", b.link & 0xffff, nested ? SEL_TSS : 0xbbbb);
}

static void switches(void)
{
	static const struct {
		const char *name;
		const u8 *code, *next;
		bool nested;
	} t[] = {
		{ "jmp", jmp_b, jmp_b_next, false }, { "call", call_b, call_b_next, true },
		{ "jmp-gate", jmp_gate, jmp_gate_next, false },
		{ "call-gate", call_gate, call_gate_next, true },
		{ "int", int_gate, int_gate_next, true },
	};
	struct cpu c;
	u32 i, ring;

	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			prepare();
			b.link = 0xbbbb;
			if (ring) {
				gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, 0xe9, 0));
				gdt_set(SEL_G, gate(SEL_B, 0, GATE_TASK | D_DPL(3)));
			}
			name("switch/%s/ring%u", t[i].name, ring);
			go(&c, ring, t[i].code);
			in_new_task(&c, t[i].nested);
			old_saved(ring, t[i].next);
			marks(t[i].nested);
		}
	/* From ring 0 to a task of ring 3, and with an LDT of its own. */
	prepare();
	b.cs = SEL_CODE3;
	b.ss = SEL_DATA3;
	b.ds = 0x0f;
	b.es = SEL_DATA3;
	b.ldt = SEL_LDT;
	ldt[1] = descriptor(0, 0xfffff, D_DATA | D_DPL(3), D_G | D_B);
	b.eip = (u32)do_iret;
	b.eip = (u32)in_c_at;		/* POP, INT 40h */
	b.esp -= 4;
	name("switch/to-ring3");
	go(&c, 0, jmp_b);
	expect_end(&c);
	expect("cs", c.cs, SEL_CODE3);
	expect("ds", c.ds, 0x0f);
	expect("ss", c.ss, SEL_DATA3);
	expect("esp", c.esp, (u32)b_stack + sizeof(b_stack));
}

/* IRET with NT. */
static void returns(void)
{
	struct cpu c;
	u32 ring;

	for (ring = 0; ring <= 3; ring += 3) {
		prepare();
		b.eip = (u32)in_b_iret;
		name("return/call/ring%u", ring);
		gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, ring ? 0xe9 : 0x89, 0));
		go(&c, ring, call_b);
		/* Back behind the CALL, with everything as it was. */
		expect_end(&c);
		expect("eip", c.eip, (u32)call_b_next + 2);
		expect("eax", c.eax, 0x51);
		expect("ecx", c.ecx, 0x53);
		expect("cs", c.cs, ring ? SEL_CODE3 : SEL_CODE0);
		expect("eflags", c.eflags & ~FL_RF, FL_ONE | FL_ZF);
		expect("busy", access_of(SEL_TSS), 0x8b);
		expect("not-busy", access_of(SEL_B) & 0x1f, 9);
		/* The task that returned goes on behind its IRET, NT cleared. */
		expect("b-eip", b.eip, (u32)in_b_iret_next);
		expect("b-eax", b.eax, 0xa2);
		expect("b-ecx", b.ecx, 0x7777);
		expect("b-nt", b.eflags & FL_NT, 0);
		prepare();
		b.eip = (u32)in_b_iret;
		name("return/int/ring%u", ring);
		go(&c, ring, int_gate);
		expect_end(&c);
		expect("eip", c.eip, (u32)int_gate_next + 2);
		expect("cs", c.cs, ring ? SEL_CODE3 : SEL_CODE0);
	}
	/* An exception's error code is on the new task's stack. 6.13. */
	for (ring = 0; ring <= 3; ring += 3) {
		prepare();
		b.eip = (u32)in_b_error;
		idt_set(GP, gate(SEL_B, 0, GATE_TASK));
		name("return/exception/ring%u", ring);
		go(&c, ring, gp_gate);
		expect_end(&c);
		expect("error", c.eax, 0xfff8);
		expect("esp", c.esp, (u32)b_stack + sizeof(b_stack));
		expect("old-eip", task.tss.eip, (u32)gp_gate_at);
		expect("old-cs", task.tss.cs, ring ? SEL_CODE3 : SEL_CODE0);
	}
}

/* Checks before the switch: the old task's exceptions. Table 8-1. */
static void refused(void)
{
	struct cpu c;
	u32 a, ring;

	for (ring = 0; ring <= 3; ring += 3) {
		/* DPL, busy, present. Types that are no TSS are in descriptors.c. */
		sweep_begin("refused/tss/ring%u", ring);
		for (a = 0; a < 256; a++) {
			u32 type = a & 0x1f, want = VEC_END;

			if (type != 9 && type != 11 && type != 3)
				continue;
			prepare();
			gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, a, 0));
			if ((a >> 5 & 3) < ring || type != 9)
				want = GP;
			else if (!(a & D_P))
				want = NP;
			go(&c, ring, jmp_b);
			sweep(want == VEC_END ?
			      c.vector == VEC_END && c.eip != 2 + (u32)jmp_b_next :
			      c.vector == want && c.error == SEL_B && c.eip == (u32)jmp_b_at,
			      "%02x: vector %u error %x want %u", a, c.vector, c.error, want);
		}
		sweep_end();
		sweep_begin("refused/gate/ring%u", ring);
		for (a = 5; a < 256; a += 32) {
			u32 want = VEC_END;

			prepare();
			gdt_set(SEL_G, gate(SEL_B, 0, a));
			if ((a >> 5 & 3) < ring)
				want = GP;
			else if (!(a & D_P))
				want = NP;
			go(&c, ring, call_gate);
			sweep(want == VEC_END ? c.vector == VEC_END :
			      c.vector == want && c.error == SEL_G && c.eip == (u32)call_gate_at,
			      "%02x: vector %u error %x want %u", a, c.vector, c.error, want);
		}
		sweep_end();
		prepare();
		gdt_set(SEL_B, descriptor((u32)&b, 0x66, ring ? 0xe9 : 0x89, 0));
		name("refused/limit/ring%u", ring);
		go(&c, ring, jmp_b);
		expect_trap(&c, TS, SEL_B, jmp_b_at);
		prepare();
		gdt_set(SEL_B, descriptor((u32)&b, 0x67, ring ? 0xe9 : 0x89, 0));
		name("refused/limit-enough/ring%u", ring);
		go(&c, ring, jmp_b);
		expect_end(&c);
	}
	/* Through an IDT gate. */
	prepare();
	gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, 0x8b, 0));
	name("refused/int-busy");
	go(&c, 0, int_gate);
	expect_trap(&c, GP, SEL_B, int_gate_at);
	prepare();
	gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, 0x09, 0));
	name("refused/int-absent");
	go(&c, 0, int_gate);
	expect_trap(&c, NP, SEL_B, int_gate_at);
	prepare();
	idt_set(0x50, gate(SEL_DATA0, 0, GATE_TASK));
	name("refused/int-no-tss");
	go(&c, 0, int_gate);
	expect_trap(&c, GP, SEL_DATA0, int_gate_at);
	/* IRET with NT: the link must be a busy TSS. */
	prepare();
	task.tss.link = SEL_B;
	name("refused/iret-not-busy");
	go(&c, 0, do_iret);
	expect_trap(&c, TS, SEL_B, do_iret_at);
	prepare();
	task.tss.link = SEL_DATA0;
	name("refused/iret-no-tss");
	go(&c, 0, do_iret);
	expect_trap(&c, TS, SEL_DATA0, do_iret_at);
	prepare();
	task.tss.link = SEL_B;
	gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, 0x0b, 0));
	name("refused/iret-absent");
	go(&c, 0, do_iret);
	expect_trap(&c, NP, SEL_B, do_iret_at);
	prepare();
	task.tss.link = SEL_B;
	gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, 0x8b, 0));
	name("refused/iret-busy");
	go(&c, 0, do_iret);
	expect_end(&c);
	expect("not-busy", access_of(SEL_TSS), 0x89);
}

/* What is wrong with the new task's segments is its own fault. Table 8-1. */
static void own_faults(void)
{
	static const struct {
		const char *name;
		u32 cs, ss, ds, ldt;		/* 0: as it is */
		u32 access;			/* of SEL_X */
		u32 vector, error;
	} t[] = {
		{ "ldt-null-index", 0, 0, 0, 4, 0x82, TS, 4 },
		{ "ldt-type", 0, 0, 0, SEL_X, 0x93, TS, SEL_X },
		{ "ldt-absent", 0, 0, 0, SEL_X, 0x02, TS, SEL_X },
		{ "cs-null", 3, 0, 0, 0, 0, TS, 0 },
		{ "cs-data", SEL_X, 0, 0, 0, 0x93, TS, SEL_X },
		{ "cs-dpl", SEL_X, 0, 0, 0, 0xfb, TS, SEL_X },
		{ "cs-absent", SEL_X, 0, 0, 0, 0x1b, NP, SEL_X },
		{ "cs-beyond", GDT_ENTRIES * 8, 0, 0, 0, 0, TS, GDT_ENTRIES * 8 },
		{ "ss-null", 0, 3, 0, 0, 0, TS, 0 },
		{ "ss-rpl", 0, SEL_DATA3, 0, 0, 0, TS, SEL_DATA3 & ~3 },
		{ "ss-code", 0, SEL_X, 0, 0, 0x9b, TS, SEL_X },
		{ "ss-read-only", 0, SEL_X, 0, 0, 0x91, TS, SEL_X },
		{ "ss-absent", 0, SEL_X, 0, 0, 0x13, SS, SEL_X },
		{ "ds-system", 0, 0, SEL_X, 0, 0x82, TS, SEL_X },
		{ "ds-execute-only", 0, 0, SEL_X, 0, 0x99, TS, SEL_X },
		{ "ds-absent", 0, 0, SEL_X, 0, 0x13, NP, SEL_X },
		{ "ds-rpl", 0, 0, SEL_X | 3, 0, 0x93, TS, SEL_X },
		{ "ds-beyond", 0, 0, GDT_ENTRIES * 8, 0, 0, TS, GDT_ENTRIES * 8 },
	};
	struct cpu c;
	u32 i, v;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		prepare();
		gdt_set(SEL_X, descriptor((u32)ldt, 0xfffff, t[i].access, D_G | D_B));
		b.cs = t[i].cs ? t[i].cs : b.cs;
		if (t[i].cs == 3)
			b.cs = 0;
		b.ss = t[i].ss ? t[i].ss : b.ss;
		if (t[i].ss == 3)
			b.ss = 0;
		b.ds = t[i].ds ? t[i].ds : b.ds;
		b.ldt = t[i].ldt;
		/* It may have no stack: the exceptions have a task of their own. */
		for (v = TS; v <= GP; v++)
			idt_set(v, gate(SEL_DATA0, 0, GATE_TASK & ~D_P));
		idt_set(DF, gate(SEL_C, 0, GATE_TASK));
		idt_set(t[i].vector, gate(SEL_C, 0, GATE_TASK));
		name("own/%s", t[i].name);
		go(&c, 0, jmp_b);
		expect_end(&c);
		expect("error", c.eax, t[i].error);
		expect("eip", b.eip, (u32)in_b);
		expect("b-busy", access_of(SEL_B), 0x8b);
		expect("a-busy", access_of(SEL_TSS), 0x89);
		expect("link", handler.link & 0xffff, SEL_B);
	}
	tables_init();
	asm volatile("clts");
}

/* The T flag, CR3, 16-bit TSSs. */
static void other(void)
{
	u32 first, second, ring;
	struct cpu c;

	prepare();
	b.trap = 1;
	write_dr6(0xffff0ff0);
	name("t-flag");
	go(&c, 0, jmp_b);
	expect_trap(&c, DB, 0, in_b);
	expect("bt", c.dr6 & 0x8000, 0x8000);
	write_dr6(0xffff0ff0);

	/* Two address spaces. */
	pool_reset();
	first = paging_identity(PAGING_32);
	second = paging_identity(PAGING_32);
	((u32 *)(peek(second + 4) & ~4095))[0x300] = 0x701000 | 7;
	paging_on(PAGING_32, first);
	for (ring = 0; ring <= 3; ring += 3) {
		prepare();
		poke(0x700000, 0x1111);
		poke(0x701000, 0x2222);
		b.cr3 = second;
		b.eip = (u32)in_c_at;
		b.esp = 0x700000;
		((u32 *)(peek(second + 4) & ~4095))[0x300] = 0x701000 | 7;
		gdt_set(SEL_B, descriptor((u32)&b, sizeof(b) - 1, ring ? 0xe9 : 0x89, 0));
		name("cr3/ring%u", ring);
		go(&c, ring, jmp_b);
		expect_end(&c);
		expect("value", c.eax, 0x2222);
		expect("cr3", read_cr3(), second);
		write_cr3(first);
	}
	paging_off();
	pool_reset();

	prepare();
	memset_(&b16, 0, sizeof(b16));
	b16.ip = 0x10;
	b16.flags = FL_ONE | FL_CF;
	b16.ax = 0xb1;
	b16.bx = 0xb2;
	b16.cx = 0xb3;
	b16.sp = 0x8000;
	b16.cs = SEL_X;
	b16.ss = SEL_DATA16;
	b16.ds = SEL_DATA0;
	b16.es = SEL_DATA0;
	b16.ss0 = SEL_DATA16;
	gdt_set(SEL_X, descriptor(LOW_AT, 0xffff, D_CODE, 0));
	memcpy_(low(LOW_AT + 0x10), "\xcd\x40", 2);
	gdt_set(SEL_B, descriptor((u32)&b16, sizeof(b16) - 1, 0x81, 0));
	name("16-bit/jmp");
	go(&c, 0, jmp_b);
	expect_end(&c);
	expect("eip", c.eip, 0x12);
	expect("ax", c.eax & 0xffff, 0xb1);
	expect("bx", c.ebx & 0xffff, 0xb2);
	expect("cx", c.ecx & 0xffff, 0xb3);
	expect("sp", c.esp & 0xffff, 0x8000);
	expect("fs", c.fs, 0);
	expect("busy", access_of(SEL_B), 0x83);
	expect("old-eip", task.tss.eip, (u32)jmp_b_next);
	prepare();
	gdt_set(SEL_B, descriptor((u32)&b16, 0x2a, 0x81, 0));
	name("16-bit/limit");
	go(&c, 0, jmp_b);
	expect_trap(&c, TS, SEL_B, jmp_b_at);
	/* And back with IRET, behind the CALL. */
	prepare();
	memcpy_(low(LOW_AT + 0x10), "\xcf", 1);
	b16.ip = 0x10;
	gdt_set(SEL_X, descriptor(LOW_AT, 0xffff, D_CODE, 0));
	gdt_set(SEL_B, descriptor((u32)&b16, sizeof(b16) - 1, 0x81, 0));
	name("16-bit/call-and-return");
	go(&c, 0, call_b);
	expect_end(&c);
	expect("eip", c.eip, (u32)call_b_next + 2);
	expect("eax", c.eax, 0x51);
	expect("saved-ip", b16.ip, 0x11);
	tables_init();
	asm volatile("clts");
}

/* A #DF with no stack at all finds its task. 6.15, interrupt 8. */

CODE(no_stack, "movl $0x40000000, %esp", "pushl %eax");

static void double_fault(void)
{
	struct cpu c;
	u32 cr3 = paging_identity(PAGING_32);

	paging_on(PAGING_32, cr3);
	prepare();
	idt_set(DF, gate(SEL_C, 0, GATE_TASK));
	name("double-fault");
	go(&c, 0, no_stack);
	expect_end(&c);
	expect("error", c.eax, 0);
	expect("old-eip", task.tss.eip, (u32)no_stack_at);
	expect("old-esp", task.tss.esp, 0x40000000);
	expect("link", handler.link & 0xffff, SEL_TSS);
	paging_off();
	pool_reset();
	tables_init();
	asm volatile("clts");
}

void guest_main(void)
{
	switches();
	returns();
	refused();
	own_faults();
	other();
	double_fault();
}
#endif
