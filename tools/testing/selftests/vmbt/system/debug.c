// SPDX-License-Identifier: GPL-2.0
/*
 * Single-stepping over instructions of every kind, and the debug registers.
 *
 * SDM vol. 3 chapter 18: 18.2 (registers), 18.3.1 (#DB: 18.3.1.1 instruction
 * breakpoints and RF, 18.3.1.2 data and I/O, 18.3.1.3 general detect, 18.3.1.4
 * single step), 6.8.3 (MOV SS, POP SS).
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

#define DR6_BS	0x4000u
#define DR6_BD	0x2000u
#define DR6_FIXED 0xffff0ff0u

static SHARED u32 watched[8] __aligned(32);
static SHARED u8 table_image[8];

/* Single steps: with TF from the start, the trap is behind the first one. */

CODE(s_nop, "", "nop");
CODE(s_alu, "", "addl %eax, %ebx");
CODE(s_load, "", "movl watched, %eax");
CODE(s_store, "", "movl %eax, watched");
CODE(s_push, "", "pushl %eax");
CODE(s_cpuid, "", "cpuid");
CODE(s_rdtsc, "", "rdtsc");
CODE(s_in, "", "inb $0x80, %al");
CODE(s_out, "", "outb %al, $0x80");
CODE(s_cli, "", "cli");
CODE(s_clts, "", "clts");
CODE(s_cr0, "", "movl %cr0, %eax");
CODE(s_to_cr3, "movl %cr3, %eax", "movl %eax, %cr3");
CODE(s_invlpg, "", "invlpg watched");
CODE(s_lgdt, "", "lgdt table_image");
CODE(s_mov_ds, "", "movw %ds, %ax");
CODE(s_to_es, "", "movw %bx, %es");
CODE(s_pushf, "", "pushfl");
CODE(s_popf, "", "popfl");
CODE(s_lar, "", "larl %ebx, %eax");
CODE(s_sgdt, "", "sgdt watched");
CODE(s_fld, "", "fld1");
CODE(s_fnstsw, "", "fnstsw %ax");
CODE(s_xchg, "", "lock xaddl %eax, watched");
CODE(s_wbinvd, "", "wbinvd");

static const struct {
	const char *name;
	const u8 *code, *at, *next;
	bool privileged;
} steps[] = {
#define STEP(n, p)	{ #n, s_##n, s_##n##_at, s_##n##_next, p }
	STEP(nop, false), STEP(alu, false), STEP(load, false), STEP(store, false),
	STEP(push, false), STEP(cpuid, false), STEP(rdtsc, false), STEP(in, true),
	STEP(out, true), STEP(cli, true), STEP(clts, true), STEP(cr0, true),
	STEP(to_cr3, true), STEP(invlpg, true), STEP(lgdt, true), STEP(mov_ds, false),
	STEP(to_es, false), STEP(pushf, false), STEP(lar, false), STEP(sgdt, false),
	STEP(fld, false), STEP(fnstsw, false), STEP(xchg, false), STEP(wbinvd, true),
};

static void stepped(struct cpu *c, u32 ring, const u8 *at, u32 flags)
{
	cpu_init(c, ring, at);
	c->ebx = c->ds;
	c->eflags |= flags;
	write_dr6(DR6_FIXED);
	run(c);
}

static void single(void)
{
	struct cpu c;
	u32 i, ring;

	*(u16 *)table_image = sizeof(gdt) - 1;
	*(u32 *)(table_image + 2) = (u32)gdt;
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(steps); i++) {
			if (ring && steps[i].privileged)
				continue;
			name("step/%s/ring%u", steps[i].name, ring);
			cpu_init(&c, ring, steps[i].at);
			if (steps[i].code == s_to_cr3)
				c.eax = read_cr3();
			c.ebx = c.ds;
			c.eflags |= FL_TF;
			write_dr6(DR6_FIXED);
			run(&c);
			asm volatile("fninit");
			expect_trap(&c, DB, 0, steps[i].next);
			expect("dr6", c.dr6, DR6_FIXED | DR6_BS);
			expect("tf", c.eflags & FL_TF, FL_TF);
		}
}

/*
 * Random numbers (SDM vol. 2, RDRAND): CF says whether there is one, the register is
 * zero where not, the other flags are; and an operand of 16 bits leaves the upper half.
 */
CODE(s_rdrand, "", "rdrand %eax");
CODE(s_rdrand16, "", "rdrand %ax");
CODE(s_rdseed, "", "rdseed %edi");
CODE(s_rdseed16, "", "rdseed %di");

static const struct {
	const char *name;
	const u8 *at, *next;
	u32 leaf, word, bit;
	bool small, edi;
} randoms[] = {
	{ "rdrand", s_rdrand_at, s_rdrand_next, 1, 2, 30, false, false },
	{ "rdrand16", s_rdrand16_at, s_rdrand16_next, 1, 2, 30, true, false },
	{ "rdseed", s_rdseed_at, s_rdseed_next, 7, 1, 18, false, true },
	{ "rdseed16", s_rdseed16_at, s_rdseed16_next, 7, 1, 18, true, true },
};

#define FL_ARITH	0x000008d5	/* CF PF AF ZF SF OF */
#define TRIES		8

static void random(u32 ring, u32 i, bool offered)
{
	u32 n, got, seen = 0, upper = randoms[i].small ? 0xa5a50000 : 0;
	bool wrong = false, differs = false;
	struct cpu c;

	for (n = 0; n < TRIES; n++) {
		cpu_init(&c, ring, randoms[i].at);
		c.eax = 0xa5a55a5a;
		c.edi = 0xa5a55a5a;
		c.eflags |= FL_TF | FL_ARITH;
		write_dr6(DR6_FIXED);
		run(&c);
		if (!offered) {
			expect_trap(&c, UD, 0, randoms[i].at);
			return;
		}
		if (c.vector != DB || c.eip != (u32)randoms[i].next)
			break;
		got = randoms[i].edi ? c.edi : c.eax;
		wrong |= (c.eflags & FL_ARITH & ~FL_CF) || (upper && (got & 0xffff0000) != upper) ||
			 (!(c.eflags & FL_CF) && got != upper);
		differs |= n && (c.eflags & FL_CF) && got != seen;
		seen = got;
	}
	expect_trap(&c, DB, 0, randoms[i].next);
	expect("form", wrong, 0);
	expect("differs", differs, 1);
}

static void random_numbers(void)
{
	u32 i, ring, r[4];

	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(randoms); i++) {
			name("random/%s/ring%u", randoms[i].name, ring);
			cpuid(randoms[i].leaf, r);
			random(ring, i, r[randoms[i].word] & 1u << randoms[i].bit);
		}
}

/* Jumps, flags, interrupts. */

CODE(j_jmp, "", "jmp 1f; nop; 1:");
CODE(j_taken, "", "jz 1f; nop; 1:");
CODE(j_not_taken, "", "jnz 1f; nop; 1:");
CODE(j_call, "", "call j_target");
CODE(j_target, "", "nop");
CODE(j_ret, "", "ret");
CODE(j_ind, "", "jmp *%eax");
CODE(j_loop, "", "1: loop 1b");
CODE(j_rep, "cld", "rep stosb");
CODE(j_far, "", "ljmp *watched");
CODE(j_popf_clear, "pushl $2", "popfl");
CODE(j_popf_set, "pushl $0x102", "popfl; nop; nop");
CODE(j_iret_set, "pushl $0x102; pushl %cs; pushl $1f", "iret; 1: nop; nop");
CODE(j_int, "", "int $0x50");
CODE(j_mov_ss, "movw %ss, %cx", "movw %cx, %ss; nop; nop");
CODE(j_pop_ss, "pushl %ss", "popl %ss; nop; nop");
CODE(j_sti, "", "sti; nop");
CODE(j_pushf_image, "", "pushfl; popl %eax");
CODE(j_div, "xorl %ecx, %ecx", "divl %ecx");
CODE(j_icebp, "", ".byte 0xf1");
CODE(j_on_50, "", "nop; nop");

static void flow(void)
{
	struct cpu c;
	u32 ring;

	for (ring = 0; ring <= 3; ring += 3) {
		name("flow/jmp/ring%u", ring);
		stepped(&c, ring, j_jmp_at, FL_TF);
		expect_trap(&c, DB, 0, j_jmp_next);
		name("flow/jz-taken/ring%u", ring);
		stepped(&c, ring, j_taken_at, FL_TF | FL_ZF);
		expect_trap(&c, DB, 0, j_taken_next);
		name("flow/jnz-not-taken/ring%u", ring);
		stepped(&c, ring, j_not_taken_at, FL_TF | FL_ZF);
		expect_trap(&c, DB, 0, j_not_taken_at + 2);
		name("flow/call/ring%u", ring);
		stepped(&c, ring, j_call_at, FL_TF);
		expect_trap(&c, DB, 0, j_target);
		name("flow/ret/ring%u", ring);
		cpu_init(&c, ring, j_ret_at);
		*(u32 *)c.esp = (u32)j_target;
		c.eflags |= FL_TF;
		write_dr6(DR6_FIXED);
		run(&c);
		expect_trap(&c, DB, 0, j_target);
		name("flow/indirect/ring%u", ring);
		cpu_init(&c, ring, j_ind_at);
		c.eax = (u32)j_target;
		c.eflags |= FL_TF;
		run(&c);
		expect_trap(&c, DB, 0, j_target);
		name("flow/loop/ring%u", ring);
		cpu_init(&c, ring, j_loop_at);
		c.ecx = 3;
		c.eflags |= FL_TF;
		run(&c);
		expect_trap(&c, DB, 0, j_loop_at);
		expect("ecx", c.ecx, 2);
		/* A repeated string instruction traps after each iteration. */
		name("flow/rep/ring%u", ring);
		cpu_init(&c, ring, j_rep_at);
		c.ecx = 3;
		c.edi = (u32)watched;
		c.eflags |= FL_TF;
		run(&c);
		expect_trap(&c, DB, 0, j_rep_at);
		expect("ecx", c.ecx, 2);
		run(&c);
		expect("ecx-2", c.ecx, 1);
		expect_trap(&c, DB, 0, j_rep_at);
		run(&c);
		expect_trap(&c, DB, 0, j_rep_next);
		expect("ecx-3", c.ecx, 0);
		name("flow/far/ring%u", ring);
		watched[0] = (u32)j_target;
		watched[1] = ring ? SEL_CODE3 : SEL_CODE0;
		stepped(&c, ring, j_far_at, FL_TF);
		expect_trap(&c, DB, 0, j_target);
		/* TF as it was at the instruction's start counts. */
		name("flow/popf-clears/ring%u", ring);
		cpu_init(&c, ring, j_popf_clear_at);
		c.esp -= 4;
		*(u32 *)c.esp = 2;
		c.eflags |= FL_TF;
		write_dr6(DR6_FIXED);
		run(&c);
		expect_trap(&c, DB, 0, j_popf_clear_next);
		expect("tf", c.eflags & FL_TF, 0);
		name("flow/popf-sets/ring%u", ring);
		stepped(&c, ring, j_popf_set, 0);
		expect_trap(&c, DB, 0, j_popf_set_at + 2);
		name("flow/iret-sets/ring%u", ring);
		stepped(&c, ring, j_iret_set, 0);
		expect_trap(&c, DB, 0, j_iret_set_at + 2);
		/* INT n clears TF and does not trap; its frame has it. */
		idt_set(0x50, gate(SEL_CODE0, (u32)j_on_50, GATE_INT32 | D_DPL(3)));
		name("flow/int/ring%u", ring);
		stepped(&c, ring, j_int_at, FL_TF);
		check(c.vector == VEC_END && c.eip == (u32)j_on_50_next + 2, "vector %u at %x",
		      c.vector, c.eip);
		/* No trap behind a load of SS. */
		name("flow/mov-ss/ring%u", ring);
		cpu_init(&c, ring, j_mov_ss_at);
		c.ecx = c.ss;
		c.eflags |= FL_TF;
		write_dr6(DR6_FIXED);
		run(&c);
		expect_trap(&c, DB, 0, j_mov_ss_at + 3);
		name("flow/pop-ss/ring%u", ring);
		cpu_init(&c, ring, j_pop_ss_at);
		c.esp -= 4;
		*(u32 *)c.esp = c.ss;
		c.eflags |= FL_TF;
		run(&c);
		expect_trap(&c, DB, 0, j_pop_ss_at + 2);
		/* PUSHF's image has it. */
		name("flow/pushf/ring%u", ring);
		stepped(&c, ring, j_pushf_image_at, FL_TF);
		expect_trap(&c, DB, 0, j_pushf_image_at + 1);
		expect("image", *(u32 *)c.esp & FL_TF, FL_TF);
		/* A fault comes before the trap, and saves TF. */
		name("flow/fault/ring%u", ring);
		stepped(&c, ring, j_div_at, FL_TF);
		expect_trap(&c, DE, 0, j_div_at);
		expect("tf", c.eflags & FL_TF, FL_TF);
		expect("dr6", c.dr6, DR6_FIXED);
		/* INT1 is no single step. */
		name("flow/int1/ring%u", ring);
		stepped(&c, ring, j_icebp_at, 0);
		expect_trap(&c, DB, 0, j_icebp_next);
		expect("dr6", c.dr6, DR6_FIXED);
	}
	name("flow/sti/ring0");
	stepped(&c, 0, j_sti_at, FL_TF);
	expect_trap(&c, DB, 0, j_sti_at + 1);
	tables_init();
}

/* Hundreds of steps through a program: each instruction once. */

#define PROGRAM								\
	"movl $20, %ecx; xorl %eax, %eax; 1: addl %ecx, %eax; pushl %eax;"	\
	"call 2f; popl %edx; loop 1b; jmp 3f; 2: incl %ebx; ret; 3:"
CODE(program, PROGRAM, "nop");

static void whole(void)
{
	struct cpu c;
	u32 ring, n;

	for (ring = 0; ring <= 3; ring += 3) {
		name("whole/ring%u", ring);
		cpu_init(&c, ring, program);
		for (n = 0; n < 500; n++) {
			c.eflags |= FL_TF;
			run(&c);
			if (c.vector != DB)
				break;
		}
		expect("vector", c.vector, VEC_END);
		/* Two, twenty times seven, one jump and a NOP; INT 40h is no step. */
		expect("steps", n, 2 + 20 * 7 + 1 + 1);
		expect("eax", c.eax, 210);
		expect("ebx", c.ebx, 20);
	}
}

/* Breakpoints. */

#define EXEC	0u
#define WRITE	1u
#define PORT	2u
#define ACCESS	3u
#define DR7(n, rw, len)	(0x400u | 2u << 2 * (n) | ((rw) | ((len) - 1) << 2) << (16 + 4 * (n)))

CODE(b_exec, "nop", "incl %eax");
CODE(b_write, "", "movl %eax, watched");
CODE(b_write_byte, "", "movb %al, watched + 3");
CODE(b_beside, "", "movb %al, watched + 4");
CODE(b_read, "", "movl watched, %eax");
CODE(b_modify, "", "incl watched");
CODE(b_straddle, "", "movl %eax, watched - 2");
CODE(b_movs, "movl $watched + 8, %esi; movl $watched - 4, %edi; movl $4, %ecx; cld", "rep movsl");
CODE(b_port, "", "outb %al, $0x80");
CODE(b_dr, "", "movl %dr0, %eax");
CODE(b_dr7, "", "movl %eax, %dr7");
CODE(b_dr4, "", "movl %dr4, %eax");
CODE(b_dr5, "", "movl %dr5, %eax");

static void off(void)
{
	write_dr7(0x400);
	write_dr6(DR6_FIXED);
}

static void breakpoints(void)
{
	static const struct {
		const char *name;
		const u8 *code, *next;
		u32 dr, dr7;
		bool hits;
	} t[] = {
		{ "write", b_write, b_write_next, 0, DR7(0, WRITE, 4), true },
		{ "write-1", b_write, b_write_next, 0, DR7(1, WRITE, 1), true },
		{ "write-last-byte", b_write_byte, b_write_byte_next, 0, DR7(2, WRITE, 4), true },
		{ "write-access", b_write, b_write_next, 0, DR7(3, ACCESS, 2), true },
		{ "beside", b_beside, b_beside_next, 0, DR7(0, WRITE, 4), false },
		{ "read", b_read, b_read_next, 0, DR7(0, ACCESS, 4), true },
		{ "read-no-write", b_read, b_read_next, 0, DR7(0, WRITE, 4), false },
		{ "modify", b_modify, b_modify_next, 0, DR7(0, WRITE, 4), true },
		{ "straddle", b_straddle, b_straddle_next, 0, DR7(0, WRITE, 1), true },
		{ "local", b_write, b_write_next, 0, DR7(0, WRITE, 4) >> 1 | 0x400, true },
		{ "disabled", b_write, b_write_next, 0, 0xd0400, false },
	};
	struct cpu c;
	u32 i, n, ring, old4 = read_cr4();

	for (ring = 0; ring <= 3; ring += 3) {
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			u32 dr7 = i == 9 ? (0x401 | 0xd0000) : t[i].dr7;

			n = dr7 & 0xc ? 1 : dr7 & 0x30 ? 2 : dr7 & 0xc0 ? 3 : 0;
			off();
			write_dr0((u32)watched);
			write_dr1((u32)watched);
			write_dr2((u32)watched);
			write_dr3((u32)watched);
			name("break/%s/ring%u", t[i].name, ring);
			cpu_init(&c, ring, t[i].code);
			write_dr7(dr7);
			run(&c);
			off();
			if (t[i].hits) {
				expect_trap(&c, DB, 0, t[i].next);
				expect("dr6", c.dr6, DR6_FIXED | 1u << n);
			} else {
				expect_end(&c);
			}
		}
		/* Instructions: before, RF not set for them; RF lets one go. 6.8.3. */
		off();
		write_dr1((u32)b_exec_at);
		name("break/exec/ring%u", ring);
		cpu_init(&c, ring, b_exec);
		write_dr7(DR7(1, EXEC, 1));
		run(&c);
		expect_trap(&c, DB, 0, b_exec_at);
		expect("dr6", c.dr6, DR6_FIXED | 2);
		expect("rf", c.eflags & FL_RF, 0);
		expect("eax", c.eax, 0);
		c.eflags |= FL_RF;
		run(&c);
		expect_end(&c);
		expect("eax-after", c.eax, 1);
		/* RF is gone behind one instruction. */
		name("break/exec-rf-once/ring%u", ring);
		cpu_init(&c, ring, b_exec);
		c.eflags |= FL_RF;
		run(&c);
		expect_trap(&c, DB, 0, b_exec_at);
		/* Not its second byte. */
		off();
		write_dr1((u32)b_write + 1);
		name("break/exec-inside/ring%u", ring);
		cpu_init(&c, ring, b_write);
		write_dr7(DR7(1, EXEC, 1));
		run(&c);
		expect_end(&c);
		/* A string: the address is written in its third iteration of four. */
		off();
		write_dr0((u32)watched + 4);
		name("break/rep/ring%u", ring);
		cpu_init(&c, ring, b_movs);
		write_dr7(DR7(0, WRITE, 4));
		run(&c);
		expect_trap(&c, DB, 0, b_movs_at);
		expect("ecx", c.ecx, 1);
		run(&c);
		expect_end(&c);
		off();
	}
	/* Ports, with CR4.DE. */
	write_cr4(old4 | CR4_DE);
	write_dr0(0x80);
	name("break/port");
	cpu_init(&c, 0, b_port);
	write_dr7(DR7(0, PORT, 1));
	run(&c);
	off();
	expect_trap(&c, DB, 0, b_port_next);
	expect("dr6", c.dr6, DR6_FIXED | 1);
	/* DR4 and DR5 are DR6 and DR7, unless CR4.DE. 18.2.2. */
	name("break/dr4-de");
	run_code(&c, 0, b_dr4);
	expect_trap(&c, UD, 0, b_dr4_at);
	name("break/dr5-de");
	run_code(&c, 0, b_dr5);
	expect_trap(&c, UD, 0, b_dr5_at);
	write_cr4(old4 & ~CR4_DE);
	name("break/dr4");
	run_code(&c, 0, b_dr4);
	expect_end(&c);
	expect("value", c.eax, DR6_FIXED);
	name("break/dr5");
	run_code(&c, 0, b_dr5);
	expect("value", c.eax, 0x400);
	/* General detect. 18.3.1.3. */
	name("break/general-detect");
	cpu_init(&c, 0, b_dr);
	write_dr7(0x2400);
	run(&c);
	expect_trap(&c, DB, 0, b_dr_at);
	expect("dr6", c.dr6, DR6_FIXED | DR6_BD);
	expect("gd-off", read_dr7(), 0x400);
	off();
	/* Reserved bits read as they are fixed. */
	write_dr7(0xffff0300);
	name("break/dr7-fixed");
	expect("value", read_dr7(), 0xffff0700);
	write_dr7(0);
	expect("zero", read_dr7(), 0x400);
	write_dr6(0);
	name("break/dr6-fixed");
	expect("value", read_dr6() & ~0x800u, DR6_FIXED & ~0x800u);
	off();
	/* Both causes are one exception. */
	write_dr0((u32)watched);
	name("break/with-step");
	cpu_init(&c, 0, b_write);
	c.eflags |= FL_TF;
	write_dr7(DR7(0, WRITE, 4));
	run(&c);
	off();
	expect_trap(&c, DB, 0, b_write_next);
	expect("dr6", c.dr6, DR6_FIXED | DR6_BS | 1);
}

void guest_main(void)
{
	single();
	random_numbers();
	flow();
	whole();
	breakpoints();
}
#endif
