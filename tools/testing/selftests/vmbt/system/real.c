// SPDX-License-Identifier: GPL-2.0
/*
 * Real-address mode: addresses, limits, exceptions through the vector table,
 * what is undefined there, 32-bit operands, segments that kept a limit from
 * protected mode, and the A20 gate.
 *
 * SDM vol. 3 chapter 21 (8086 emulation) and 9.9 (mode switching); vol. 2 for
 * the exceptions of each instruction in real-address mode. Address line 20 is
 * the PC's: port 92h, bit 1.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

static u32 limit_of = SEL_DATA16;

static void go(struct cpu *c, const struct code16 *p)
{
	cpu_init16(c, p);
	/* Behind the end of the code segment, for those who get there. */
	memcpy_(low(LOW_AT + 0x10000), "\xcd\x41", 2);
	run_real(c, limit_of);
}

#define DATA(off)	(*(u32 *)low(DATA16 + (off)))

/* Exceptions: vectors, and three words on the stack. 21.1.4, table 21-1. */

CODE16(r_div, "xorw %cx, %cx", "divw %cx");
CODE16(r_div8, "movw $0x1000, %ax; movb $1, %cl", "divb %cl");
CODE16(r_aam, "", "aam $0");
CODE16(r_int3, "", "int3");
CODE16(r_int_50, "", "int $0x50");
CODE16(r_int_13, "", "int $13");
CODE16(r_into, "movw $0x7fff, %ax; incw %ax", "into");
CODE16(r_bound, "movw $7, %ax; movw $0, 0; movw $6, 2", "bound %ax, 0");
CODE16(r_ud2, "", "ud2");
CODE16(r_lock, "", ".byte 0xf0, 0x90");
CODE16(r_mov_cs, "", ".byte 0x8e, 0xc8");
CODE16(r_long, "", ".fill 15, 1, 0x66; nop");
/* Not recognised in this mode. */
CODE16(r_lldt, "", "lldt %ax");
CODE16(r_ltr, "", "ltr %ax");
CODE16(r_sldt, "", "sldt %ax");
CODE16(r_str, "", "str %ax");
CODE16(r_lar, "", "lar %ax, %bx");
CODE16(r_lsl, "", "lsl %ax, %bx");
CODE16(r_verr, "", "verr %ax");
CODE16(r_verw, "", "verw %ax");
CODE16(r_arpl, "", "arpl %ax, %bx");
/* Limits: 64 KiB for all. */
CODE16(r_word_end, "movw $0xffff, %bx", "movw (%bx), %ax");
CODE16(r_word_put, "movw $0xffff, %bx", "movw %ax, (%bx)");
CODE16(r_dword_end, "movw $0xfffd, %bx", "movl (%bx), %eax");
CODE16(r_addr32, "movl $0x10000, %ebx", "movb (%ebx), %al");
CODE16(r_addr32_far, "movl $0x200000, %ebx", "movl (%ebx), %eax");
CODE16(r_stack_bp, "movw $0xffff, %bp", "movw (%bp), %ax");
CODE16(r_pop_end, "movw $0xffff, %sp", "popw %ax; movw $0xfff0, %sp");
CODE16(r_movs_end, "movw $0xffff, %si; movw $0, %di", "movsw");
CODE16(r_stos_end, "movw $0xffff, %di", "stosw");
CODE16(r_jmp32, "movl $0x10000, %eax", "jmpl *%eax");
CODE16(r_esp_end, "movl $0x10000, %eax", "movw %ss:(%eax), %cx");

static const struct {
	struct code16 p;
	u32 vector;
	bool behind;
} traps[] = {
	{ PIECE16(r_div), DE }, { PIECE16(r_div8), DE }, { PIECE16(r_aam), DE },
	{ PIECE16(r_int3), BP, true }, { PIECE16(r_int_50), 0x50, true },
	{ PIECE16(r_int_13), 13, true }, { PIECE16(r_into), OF, true },
	{ PIECE16(r_bound), BR }, { PIECE16(r_ud2), UD }, { PIECE16(r_lock), UD },
	{ PIECE16(r_mov_cs), UD }, { PIECE16(r_long), GP }, { PIECE16(r_lldt), UD },
	{ PIECE16(r_ltr), UD }, { PIECE16(r_sldt), UD }, { PIECE16(r_str), UD },
	{ PIECE16(r_lar), UD }, { PIECE16(r_lsl), UD }, { PIECE16(r_verr), UD },
	{ PIECE16(r_verw), UD }, { PIECE16(r_arpl), UD },
	{ PIECE16(r_word_end), GP }, { PIECE16(r_word_put), GP }, { PIECE16(r_dword_end), GP },
	{ PIECE16(r_addr32), GP }, { PIECE16(r_addr32_far), GP }, { PIECE16(r_stack_bp), SS },
	{ PIECE16(r_pop_end), SS }, { PIECE16(r_movs_end), GP }, { PIECE16(r_stos_end), GP },
	{ PIECE16(r_jmp32), GP }, { PIECE16(r_esp_end), SS },
};

static void exceptions(void)
{
	struct cpu c;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(traps); i++) {
		name("trap/%s", traps[i].p.name + 2);
		go(&c, &traps[i].p);
		expect_trap16(&c, &traps[i].p, traps[i].vector, 0, traps[i].behind);
		/* Flags, CS, IP and no error code. */
		if (traps[i].p.code != r_pop_end)
			expect("sp", c.esp & 0xffff, 0xfff0);
		expect("ss", c.ss, LOW_STACK);
	}
}

/* What works here, and its result in EAX. */

CODE16(w_wrap_add, "movw $0xffff, %bx; movw $2, %si", "movl (%bx,%si), %eax");
CODE16(w_wrap_disp, "movw $0xfffe, %bx", "movl 3(%bx), %eax");
CODE16(w_byte_end, "movw $0xffff, %bx; xorl %eax, %eax", "movb (%bx), %al");
CODE16(w_dword_end, "movw $0xfffc, %bx", "movl (%bx), %eax");
#define WRAP "movl $0xabcd0000, %esp; pushw $0x1234; movl %esp, %ecx"
CODE16(w_push_wrap, WRAP, "movl $0xabcdfff0, %esp; movzwl %ss:0xfffe, %eax");
CODE16(w_push_sp, "movl %esp, %edx; pushw %sp", "popw %ax; movzwl %ax, %eax");
CODE16(w_seg_base, "movw $0x4001, %ax; movw %ax, %ds", "movl 0xfff1 - 0xfff0 + 0, %eax");
CODE16(w_seg_any, "movw $0xfedc, %ax; movw %ax, %fs; movw %fs, %ax", "movzwl %ax, %eax");
CODE16(w_seg_null, "xorw %ax, %ax; movw %ax, %ds", "movl 0x104, %eax");
CODE16(w_cs_write, "movb $0x5a, %cs:0xf0", "movzbl %cs:0xf0, %eax");
CODE16(w_far_call, "lcall $0x2000, $0xe0", "movzwl %ax, %eax");
CODE16(w_flags, "pushw $0x7003; popfw", "pushfw; popw %ax; movzwl %ax, %eax; pushw $2; popfw");
CODE16(w_flags32, "pushl $0x3; popfl; pushfl", "popl %eax; andl $0x30000, %eax");
CODE16(w_smsw, "smsw %ax", "movzwl %ax, %eax; andl $1, %eax");
#define CPL0								\
	"movl %cr0, %eax; movl %eax, %cr0; clts; movl %dr7, %ecx;"	\
	"movl %cr3, %ecx; invd; wbinvd"
CODE16(w_cpl0, CPL0, "movl $0x77, %eax");
#define MOVS "movw $0xfffe, %si; movw $0x20, %di; movw $4, %cx; cld; rep movsb"
CODE16(w_movs_wrap, MOVS, "movl 0x20, %eax");
CODE16(w_loop, "xorl %eax, %eax; movl $0x10003, %ecx; 1: incw %ax; loop 1b", "nop");
CODE16(w_loop32, "xorl %eax, %eax; movl $3, %ecx; 1: incl %eax; addr32 loop 1b", "nop");
CODE16(w_jcxz, "movl $1, %eax; movl $0x10000, %ecx; jcxz 1f; xorl %eax, %eax; 1:", "nop");
CODE16(w_xlat, "movw $0xffff, %bx; movb $5, %al; xlatb", "movzbl %al, %eax");
CODE16(w_les, "lesw 0x10, %bx; movw %es, %ax; shll $16, %eax", "movw %bx, %ax");
#define ENTER								\
	"movw $0x1000, %sp; movw $0x5555, %bp; enterw $8, $0;"		\
	"movw %sp, %ax; shll $16, %eax; movw %bp, %ax"
CODE16(w_enter, ENTER, "leavew; movw $0xfff0, %sp");
#define PUSHA								\
	"movw $0x100, %sp; movw $6, %bp; movw $7, %si; movw $8, %di;"	\
	"pushaw; movzwl %ss:0xf0, %eax"
CODE16(w_pusha, PUSHA, "shll $16, %eax; movw %ss:0xf6, %ax; movw $0xfff0, %sp");
CODE16(w_jmp_wrap, "jmp 1f; .fill 3, 1, 0xf4; 1:", "movl $0x88, %eax");
#define PE_ON "movl %cr0, %eax; orb $1, %al; movl %eax, %cr0;"
#define PE_OFF "andb $0xfe, %al; movl %eax, %cr0;"
CODE16(w_pe_and_back, PE_ON "nop; nop; movl 0x0, %ebx;" PE_OFF, "movl %ebx, %eax");
CODE16(w_sgdt, "sgdtl 0x30", "movzwl 0x30, %eax");
CODE16(w_big_push, "movl $0x12345678, %eax; pushl %eax; popw %bx; popw %cx", "movw %cx, %ax");

static const struct {
	struct code16 p;
	u32 eax;
} works[] = {
	{ PIECE16(w_wrap_add), 0x44332211 }, { PIECE16(w_wrap_disp), 0x44332211 },
	{ PIECE16(w_byte_end), 0xff }, { PIECE16(w_dword_end), 0xfffefdfc },
	{ PIECE16(w_push_wrap), 0x1234 }, { PIECE16(w_push_sp), 0xfff0 },
	{ PIECE16(w_seg_base), 0x99887766 }, { PIECE16(w_seg_any), 0xfedc },
	{ PIECE16(w_seg_null), 0x5566aabb }, { PIECE16(w_cs_write), 0x5a },
	{ PIECE16(w_far_call), 0x4321 }, { PIECE16(w_flags), 0x7003 }, { PIECE16(w_flags32), 0 },
	{ PIECE16(w_smsw), 0 }, { PIECE16(w_cpl0), 0x77 }, { PIECE16(w_movs_wrap), 0x1100fffe },
	{ PIECE16(w_loop), 3 }, { PIECE16(w_loop32), 3 }, { PIECE16(w_jcxz), 1 },
	{ PIECE16(w_xlat), 0x44 }, { PIECE16(w_les), 0x43218765 },
	{ PIECE16(w_enter), 0x0ff60ffe }, { PIECE16(w_pusha), 0x00080100 },
	{ PIECE16(w_jmp_wrap), 0x88 }, { PIECE16(w_pe_and_back), 0x33221100 },
	{ PIECE16(w_sgdt), GDT_ENTRIES * 8 - 1 }, { PIECE16(w_big_push), 0x12341234 },
};

/* 16-bit code for w_far_call: MOV AX, RETF. */
static const u8 far_function[] = { 0xb8, 0x21, 0x43, 0xcb };

static void data_init(void)
{
	static const u8 begin[] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
		0xcc, 0xdd, 0xee, 0xff, 0x65, 0x87, 0x21, 0x43, 0, 0, 0, 0x88,
	};

	memset_(low(DATA16), 0, 0x10000);
	memcpy_(low(DATA16), begin, sizeof(begin));
	DATA(0xfffc) = 0xfffefdfc;
	/* Segment 4001h, offset 1: linear 40011h. */
	memcpy_(low(DATA16 + 0x11), "\x66\x77\x88\x99", 4);
	memcpy_(low(LOW_AT + 0xe0), far_function, sizeof(far_function));
}

static void working(void)
{
	struct cpu c;
	u32 i, old = peek((u32)low(0x104));

	for (i = 0; i < ARRAY_SIZE(works); i++) {
		data_init();
		if (works[i].p.code == w_les)
			DATA(0x10) = 0x43218765;
		*(u32 *)low(0x104) = 0x5566aabb;
		name("works/%s", works[i].p.name + 2);
		go(&c, &works[i].p);
		*(u32 *)low(0x104) = old;
		if (expect_end(&c))
			expect("eax", c.eax, works[i].eax);
		if (works[i].p.code == w_push_wrap)
			expect("esp", c.ecx, 0xabcdfffe);
	}
}

/* IP: 16 bits for jumps; what runs over the end faults. */

static void instruction_pointer(void)
{
	static const struct code16 none = PIECE16(r_ud2);
	u8 *end = low(LOW_AT + 0xffff);
	u8 *start = low(LOW_AT);
	struct cpu c;

	memset_(start, 0x90, 8);
	start[4] = 0xcd;
	start[5] = 0x40;
	/* JMP SHORT +2 at FFFDh: to 1, with 16-bit operands. */
	end[-2] = 0xeb;
	end[-1] = 2;
	name("ip/jump-wraps");
	cpu_init16(&c, &none);
	c.eip = 0xfffd;
	run_real(&c, limit_of);
	check(c.vector == VEC_END && c.eip == 6, "vector %u at %x", c.vector, c.eip);
	/* A NOP at FFFFh, and then 10000h. */
	*end = 0x90;
	name("ip/runs-over");
	cpu_init16(&c, &none);
	c.eip = 0xffff;
	run_real(&c, limit_of);
	expect("vector", c.vector, GP);
	/* Two bytes at FFFFh. */
	*end = 0xcd;
	name("ip/straddles");
	cpu_init16(&c, &none);
	c.eip = 0xffff;
	run_real(&c, limit_of);
	expect("vector", c.vector, GP);
	expect("ip", c.eip, 0xffff);
}

/* The vector table: where LIDT says, as long as it says. 21.1.4. */

CODE16(lidt_high, "lidtl 0x40; int $0x50", "lidtl 0x48");
CODE16(lidt_short, "lidtl 0x50", "int $0x51");
CODE16(lidt_enough, "lidtl 0x50", "int $0x50");

static void vector_table(void)
{
	static const struct code16 pieces[] = {
		PIECE16(lidt_high), PIECE16(lidt_short), PIECE16(lidt_enough),
	};
	u32 *table = low(0x48000), i;
	struct cpu c;

	data_init();
	for (i = 0; i < 256; i++)
		table[i] = ((u32 *)low(0))[i];
	table[0x50] = LOW_SEG << 16 | 0xe8;
	memcpy_(low(LOW_AT + 0xe8), "\xb8\x99\x00\xcf", 4);	/* MOV AX; IRET */
	DATA(0x40) = 0x8000 << 16 | 0x3ff;
	DATA(0x44) = 0x4;
	DATA(0x48) = 0x3ff;
	DATA(0x4c) = 0;
	name("ivt/elsewhere");
	go(&c, &pieces[0]);
	expect_end(&c);
	expect("ax", c.eax & 0xffff, 0x99);
	/* Up to vector 50h. */
	DATA(0x50) = 0x50 * 4 + 3;
	DATA(0x54) = 0;
	name("ivt/limit");
	go(&c, &pieces[1]);
	expect_trap16(&c, &pieces[1], GP, 0, false);
	name("ivt/inside");
	go(&c, &pieces[2]);
	expect_trap16(&c, &pieces[2], 0x50, 0, true);
}

/* Segments keep the limit that they had in protected mode. 9.9.2, 21.1. */

CODE16(big_get, "movl $0x123456, %ecx; movl $0x400000, %ebx", "movl (%ebx), %eax");
CODE16(big_reload, "movw $0x10, %ax; movw %ax, %ds; movl $0x3fff00, %ebx", "movl (%ebx), %eax");
CODE16(big_put, "movw %ax, %es; movl $0x400004, %edi; movl $0x5aa5, %eax", "stosl %es:(%edi)");
#define BIG_FS "movw $0x10, %bx; movw %bx, %fs;"
CODE16(big_enter, PE_ON BIG_FS PE_OFF "movl $0x400000, %ebx", "movl %fs:(%ebx), %eax");
#define BIG_SI "movl $0x400000, %esi; movl $0x20, %edi; movl $1, %ecx; cld"
CODE16(big_string, BIG_SI, "addr32 rep movsl; movl 0x20, %eax");

static void big(void)
{
	static const struct code16 pieces[] = {
		PIECE16(big_get), PIECE16(big_reload), PIECE16(big_enter), PIECE16(big_put),
		PIECE16(big_string),
	};
	struct cpu c;
	u32 i;

	limit_of = SEL_DATA0;
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		data_init();
		poke(0x400000, 0xb16b00b5);
		poke(0x400004, 0);
		name("big/%s", pieces[i].name + 4);
		cpu_init16(&c, &pieces[i]);
		if (i != 3 && i != 4)
			c.ds = i == 1 ? c.ds : 0;
		if (i == 4) {
			c.ds = 0;
			c.es = 0x2000;
		}
		run_real(&c, limit_of);
		if (!expect_end(&c))
			continue;
		if (i == 3)
			expect("value", peek(0x400004), 0x5aa5);
		else if (i == 4)
			expect("value", *(u32 *)low(0x20020), 0xb16b00b5);
		else
			expect("value", c.eax, 0xb16b00b5);
	}
	limit_of = SEL_DATA16;
	/* And the small one is small again. */
	name("big/over");
	cpu_init16(&c, &pieces[0]);
	c.ds = 0;
	run_real(&c, limit_of);
	expect_trap16(&c, &pieces[0], GP, 0, false);
}

/* The A20 gate: FFFF:0010h is 1 MiB or 0. */

CODE16(a20_get, "movw $0xffff, %ax; movw %ax, %ds; movw $0x10, %bx", "movl (%bx), %eax");
CODE16(a20_put, "movw $0xffff, %cx; movw %cx, %ds; movw $0x10, %bx", "movl %eax, (%bx)");
CODE16(a20_code, "ljmp $0xffff, $0x510", "nop");

static void a20(bool on)
{
	outb(PORT_A20, (inb(PORT_A20) & 0xfc) | (on ? 2 : 0));
}

static void gate_a20(void)
{
	static const struct code16 get = PIECE16(a20_get), put = PIECE16(a20_put),
		run_there = PIECE16(a20_code);
	u32 *zero = low(0), old = peek((u32)zero), n;
	struct cpu c;

	for (n = 0; n < 3; n++) {
		const bool on = !(n & 1);

		a20(true);
		poke(0x100000, 0x01010101);
		a20(on);
		name("a20/read-%s-%u", on ? "on" : "off", n);
		go(&c, &get);
		a20(true);
		expect_end(&c);
		expect("value", c.eax, on ? 0x01010101 : old);
		/* Beside the vectors that this needs: 60h is ours. */
		a20(on);
		name("a20/write-%s-%u", on ? "on" : "off", n);
		cpu_init16(&c, &put);
		c.eax = old + 0x1000000;
		run_real(&c, limit_of);
		a20(true);
		expect_end(&c);
		expect("low", READ_ONCE(*zero), on ? old : old + 0x1000000);
		WRITE_ONCE(*zero, old);
		expect("high", peek(0x100000), on ? old + 0x1000000 : 0x01010101);
		/* Code: MOV AX, n; INT 40h in both places. */
		memcpy_(low(0x500), "\xb8\x11\x00\xcd\x40", 5);
		memcpy_((void *)0x100500, "\xb8\x22\x00\xcd\x40", 5);
		a20(on);
		name("a20/code-%s-%u", on ? "on" : "off", n);
		go(&c, &run_there);
		a20(true);
		expect_end(&c);
		expect("ax", c.eax & 0xffff, on ? 0x22 : 0x11);
	}
	/* In protected mode as well, whatever the odd megabyte. */
	poke(0x400100, 0x4444);
	poke(0x500100, 0x5555);
	a20(false);
	n = peek(0x500100);
	a20(true);
	name("a20/protected");
	expect("off", n, 0x4444);
	expect("on", peek(0x500100), 0x5555);
}

void guest_main(void)
{
	exceptions();
	working();
	instruction_pointer();
	vector_table();
	big();
	gate_a20();
}
#endif
