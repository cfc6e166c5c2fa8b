// SPDX-License-Identifier: GPL-2.0
/*
 * Code that changes: itself, other code, through another address, from
 * another ring, across pages; once and thousands of times.
 *
 * SDM vol. 3, 8.1.3 and 11.6: a program that writes code has to jump before
 * it runs it, if it writes through the address it runs at; otherwise it has to
 * execute a serializing instruction. Without, a processor may run what it has
 * fetched: since the Pentium they notice writes to the same linear address,
 * and vmbt promises to.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

/* Two pages to write code into. */
#define AT	0x600000u
#define ALIAS	0x40000000u

static void put_bytes(u32 at, const void *bytes, u32 n)
{
	memcpy_((void *)at, bytes, n);
}

/* MOV EAX, @v; INT 40h */
static void put_mov(u32 at, u32 v)
{
	u8 code[7] = { 0xb8, v, v >> 8, v >> 16, v >> 24, 0xcd, 0x40 };

	put_bytes(at, code, 7);
}

static bool gives(struct cpu *c, u32 ring, u32 at, u32 want)
{
	cpu_init(c, ring, (void *)at);
	run(c);
	return c->vector == VEC_END && c->eax == want;
}

/* Written by the supervisor, run in both rings. */
static void written(void)
{
	struct cpu c;
	u32 i, ring;

	sweep_begin("written");
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < 300; i++) {
			put_mov(AT, i * 0x1010101);
			sweep(gives(&c, ring, AT, i * 0x1010101), "%u/ring%u: vector %u eax %x", i,
			      ring, c.vector, c.eax);
		}
	sweep_end();
	/* One byte of an instruction, at each of its places. */
	sweep_begin("byte");
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < 5; i++) {
			u32 want = 0x11111111;

			put_mov(AT, want);
			gives(&c, ring, AT, want);
			if (i) {
				*(u8 *)(AT + i) = 0x99;
				want ^= 0x88u << 8 * (i - 1);
			} else {
				*(u8 *)AT = 0x05;	/* ADD EAX, imm32 */
			}
			sweep(gives(&c, ring, AT, want), "%u/ring%u: vector %u eax %x", i, ring,
			      c.vector, c.eax);
		}
	sweep_end();
	/* Across the end of a page: the second page's part is written. */
	sweep_begin("across");
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 1; i < 5; i++) {
			u32 at = AT + 0x1000 - i, want = 0x22222222;

			put_mov(at, want);
			gives(&c, ring, at, want);
			*(u8 *)(AT + 0x1000) = 0x77;
			want = (want & ~(0xffu << 8 * (i - 1))) | 0x77u << 8 * (i - 1);
			sweep(gives(&c, ring, at, want), "%u/ring%u: vector %u eax %x", i, ring,
			      c.vector, c.eax);
		}
	sweep_end();
}

/* What it calls and jumps to changes behind its back. */
static void callee(void)
{
	/* MOV ECX, 50; CALL AT + 100h; ADD EBX, EAX; LOOP; INT 40h */
	static const u8 caller[] = {
		0xb9, 50, 0, 0, 0, 0xe8, 0xf6, 0, 0, 0, 0x01, 0xc3, 0xe2, 0xf7, 0xcd, 0x40,
	};
	struct cpu c;
	u32 ring, i, j;

	for (ring = 0; ring <= 3; ring += 3)
		for (j = 0; j < 2; j++) {
			const u32 base = j ? AT + 0xf80 : AT;

			sweep_begin("callee/%s/ring%u", j ? "other-page" : "same-page", ring);
			put_bytes(base, caller, sizeof(caller));
			for (i = 0; i < 50; i++) {
				put_mov(base + 0x100, i);
				*(u8 *)(base + 0x105) = 0xc3;	/* RET */
				cpu_init(&c, ring, (void *)base);
				run(&c);
				sweep(c.vector == VEC_END && c.ebx == 50 * i,
				      "%u: vector %u ebx %x", i, c.vector, c.ebx);
			}
			sweep_end();
		}
}

/* A program that writes into itself. */

static void itself(void)
{
	/*
	 * 0: MOV ECX, 200  5: XOR EBX, EBX  7: MOV EDI, 600012h+1
	 * c: INC BYTE [EDI]  e: JMP +0  10: NOP NOP  12: MOV EAX, 0
	 * 17: ADD EBX, EAX  19: LOOP c  1b: INT 40h
	 */
	static const u8 jump[] = {
		0xb9, 200, 0, 0, 0, 0x31, 0xdb, 0xbf, 0x13, 0, 0x60, 0, 0xfe, 0x07, 0xeb, 0,
		0x90, 0x90, 0xb8, 0, 0, 0, 0, 0x01, 0xc3, 0xe2, 0xf1, 0xcd, 0x40,
	};
	/* The next instruction, and no jump: INC [EDI]; MOV EAX, 0 */
	static const u8 next[] = {
		0xbf, 8, 0, 0x60, 0, 0xfe, 0x07, 0xb8, 0, 0, 0, 0, 0xcd, 0x40,
	};
	/* STOSB over the NOPs behind it: 5: REP STOSB  7: 8 of them  f: INT 40h */
	static const u8 strings[] = {
		0xb9, 8, 0, 0, 0, 0xf3, 0xaa, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
		0xcd, 0x40,
	};
	struct cpu c;
	u32 ring, i, sum = 0;

	for (i = 1; i <= 200; i++)
		sum += i;
	for (ring = 0; ring <= 3; ring += 3) {
		put_bytes(AT, jump, sizeof(jump));
		name("itself/jump/ring%u", ring);
		cpu_init(&c, ring, (void *)AT);
		run(&c);
		expect_end(&c);
		expect("ebx", c.ebx, sum);
		put_bytes(AT, next, sizeof(next));
		name("itself/next/ring%u", ring);
		cpu_init(&c, ring, (void *)AT);
		run(&c);
		if (check(c.vector == VEC_END && c.eax <= 1, "vector %u eax %x", c.vector, c.eax))
			found("%s", c.eax ? "new" : "old");
		/* INC EAX over NOPs; then run from there. */
		put_bytes(AT, strings, sizeof(strings));
		name("itself/string/ring%u", ring);
		cpu_init(&c, ring, (void *)AT);
		c.eax = 0x40;
		c.edi = AT + 7;
		run(&c);
		if (check(c.vector == VEC_END && (c.eax == 0x40 || c.eax == 0x48),
			  "vector %u eax %x", c.vector, c.eax))
			found("%s", c.eax == 0x48 ? "new" : "old");
		cpu_init(&c, ring, (void *)(AT + 7));
		run(&c);
		expect("afterwards", c.eax, 8);
		/* PUSH over code: the stack is in the page. */
		put_mov(AT + 0x100, 0x1234);
		gives(&c, ring, AT + 0x100, 0x1234);
		put_bytes(AT, "\xbc\x05\x01\x60\x00\x68\x78\x56\x34\x12\xbc", 11);
		*(u32 *)(AT + 11) = (u32)(ring ? stack3 : stack0) + 4096;
		put_bytes(AT + 15, "\xe9\xec\x00\x00\x00", 5);
		name("itself/push/ring%u", ring);
		cpu_init(&c, ring, (void *)AT);
		run(&c);
		expect_end(&c);
		expect("eax", c.eax, 0x12345678);
	}
}

/* By ring 3, run at ring 0, and the other way round. */

CODE(user_writes, "", "movl %eax, (%ebx)");

static void other_ring(void)
{
	struct cpu c;
	u32 i, ring;

	sweep_begin("other-ring");
	for (i = 0; i < 100; i++) {
		ring = i & 1 ? 3 : 0;
		put_mov(AT, 0);
		gives(&c, ring, AT, 0);
		cpu_init(&c, 3 - ring, user_writes);
		c.ebx = AT + 1;
		c.eax = i * 3;
		run(&c);
		sweep(gives(&c, ring, AT, i * 3), "%u: vector %u eax %x", i, c.vector, c.eax);
	}
	sweep_end();
}

/* A page with code that runs and data that is written all the time. */
static void mixed(void)
{
	/* 0: MOV ECX, n  5: INC [600800]  b: ADD EAX, 1  e: LOOP 5  10: INT 40h */
	static const u8 loop[] = {
		0xb9, 0x88, 0x13, 0, 0, 0xff, 0x05, 0, 8, 0x60, 0, 0x83, 0xc0, 1, 0xe2, 0xf5,
		0xcd, 0x40,
	};
	struct cpu c;
	u32 ring, i;

	for (ring = 0; ring <= 3; ring += 3) {
		put_bytes(AT, loop, sizeof(loop));
		poke(AT + 0x800, 0);
		name("mixed/ring%u", ring);
		cpu_init(&c, ring, (void *)AT);
		run(&c);
		expect_end(&c);
		expect("eax", c.eax, 5000);
		expect("data", peek(AT + 0x800), 5000);
		/* Hot by now: a change of its code still counts. */
		sweep_begin("mixed/changed/ring%u", ring);
		*(u16 *)(AT + 1) = 200;
		for (i = 0; i < 100; i++) {
			*(u8 *)(AT + 0xd) = i;
			cpu_init(&c, ring, (void *)AT);
			run(&c);
			sweep(c.eax == 200 * i, "%u: eax %x", i, c.eax);
		}
		sweep_end();
	}
}

/* Through another linear address, and through page tables. */
static void aliases(void)
{
	u32 cr3 = paging_identity(PAGING_32), ring, i, v[4];
	u32 *table = page_alloc();
	struct cpu c;

	((u32 *)cr3)[ALIAS >> 22] = (u32)table | 7;
	table[0] = AT | 7;
	table[1] = (AT + 0x1000) | 7;
	paging_on(PAGING_32, cr3);
	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("alias/ring%u", ring);
		for (i = 0; i < 100; i++) {
			/* Run here, write there; and the other way round. */
			u32 run_at = i & 1 ? ALIAS : AT, write_at = i & 1 ? AT : ALIAS;

			put_mov(write_at, i);
			cpuid(0, v);
			sweep(gives(&c, ring, run_at, i), "%u: vector %u eax %x", i, c.vector,
			      c.eax);
		}
		sweep_end();
		/* Execution moves with the mapping. */
		put_mov(AT, 1);
		put_mov(AT + 0x1000, 2);
		sweep_begin("moved/ring%u", ring);
		for (i = 0; i < 100; i++) {
			table[0] = (AT + (i & 1) * 0x1000) | 7;
			invlpg(ALIAS);
			sweep(gives(&c, ring, ALIAS, 1 + (i & 1)), "%u: vector %u eax %x", i,
			      c.vector, c.eax);
		}
		sweep_end();
		table[0] = AT | 7;
		invlpg(ALIAS);
	}
	/* A jump from page to page whose second one moves: chains must not outlive it. */
	for (ring = 0; ring <= 3; ring += 3) {
		/* ALIAS: JMP ALIAS + 1000h */
		put_bytes(AT, "\xe9\xfb\x0f\x00\x00", 5);
		put_mov(AT + 0x1000, 1);
		put_mov(AT + 0x2000, 2);
		sweep_begin("chain/ring%u", ring);
		for (i = 0; i < 100; i++) {
			table[1] = (AT + 0x1000 + (i & 1) * 0x1000) | 7;
			if (i & 2)
				invlpg(ALIAS + 0x1000);
			else
				write_cr3(cr3);
			sweep(gives(&c, ring, ALIAS, 1 + (i & 1)), "%u: vector %u eax %x", i,
			      c.vector, c.eax);
		}
		sweep_end();
		/* And is gone. */
		table[1] = 0;
		invlpg(ALIAS + 0x1000);
		name("chain/absent/ring%u", ring);
		cpu_init(&c, ring, (void *)ALIAS);
		run(&c);
		expect_trap(&c, PF, ring ? 4 : 0, (void *)(ALIAS + 0x1000));
		table[1] = (AT + 0x1000) | 7;
	}
	/* Two address spaces with other code at one address. */
	u32 other = paging_identity(PAGING_32), *other_table = page_alloc();

	((u32 *)other)[ALIAS >> 22] = (u32)other_table | 7;
	table[0] = (AT + 0x1000) | 7;
	other_table[0] = (AT + 0x2000) | 7;
	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("spaces/ring%u", ring);
		for (i = 0; i < 100; i++) {
			write_cr3(i & 1 ? other : cr3);
			sweep(gives(&c, ring, ALIAS, 1 + (i & 1)), "%u: vector %u eax %x", i,
			      c.vector, c.eax);
		}
		sweep_end();
	}
	paging_off();
	pool_reset();
}

/* The same bytes in 16- and 32-bit segments, and at other bases and limits. */
static void modes(void)
{
	/* B8 78 56 34 12 is MOV EAX, or MOV AX, 5678h; XOR AL, 12h. */
	struct cpu c;
	u32 i, ring;

	put_bytes(AT, "\xb8\x78\x56\x34\x12\xcd\x40", 7);
	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("modes/ring%u", ring);
		for (i = 0; i < 40; i++) {
			bool wide = i & 1;
			u32 base = AT - (i & 2 ? 0x100 : 0);

			gdt_set(SEL_TEST, descriptor(base, 0xffff, D_CODE | D_DPL(ring),
						     wide ? D_B : 0));
			cpu_init(&c, ring, (void *)(AT - base));
			c.cs = SEL_TEST | ring;
			c.eax = 0;
			run(&c);
			sweep(c.vector == VEC_END && c.eax == (wide ? 0x12345678 : 0x566a) &&
			      c.eip == AT - base + 7, "%u: vector %u eax %x eip %x", i, c.vector,
			      c.eax, c.eip);
		}
		sweep_end();
	}
	tables_init();
}

void guest_main(void)
{
	written();
	callee();
	itself();
	other_ring();
	mixed();
	aliases();
	modes();
}
#endif
