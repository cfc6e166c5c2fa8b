// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's bare guest: a kernel of its own for the rows that are about
 * single instructions in ring 0, which no program under Linux can execute.
 * 32-bit code with paging, 4 KiB pages one to one, an IDT, PIC and PIT.
 *
 * The command line is a list of rows, all if there is none; "ack" among them:
 * wait for a byte on the serial port before and after each row. The output is
 * that of user.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bare.h"
#include "mark.h"

#define PAGE		4096
#define MAPPED_TABLES	2		/* 8 MiB */
#define COM1		0x3f8
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct gate {
	uint16_t low, sel, type, high;
};

struct dtr {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

volatile unsigned int bare_ticks;
char bare_stack[2 * PAGE], bare_stack_end[16];

static uint32_t directory[1024] __attribute__((aligned(PAGE)));
static uint32_t tables[MAPPED_TABLES][1024] __attribute__((aligned(PAGE)));
static struct gate idt[64];
static uint64_t gdt[4] = { 0, 0, 0x00cf9b000000ffffULL, 0x00cf93000000ffffULL };
static bool acknowledged;

static inline void outb(uint16_t port, uint8_t v)
{
	asm volatile("outb %0, %1" : : "a" (v), "Nd" (port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	asm volatile("inb %1, %0" : "=a" (v) : "Nd" (port));
	return v;
}

static void put(const char *s)
{
	for (; *s; s++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, *s);
	}
}

static void put_number(unsigned int v)
{
	char text[12], *p = text + 11;

	*p = 0;
	do {
		*--p = '0' + v % 10;
	} while (v /= 10);
	put(p);
}

static void set_gate(unsigned int n, void (*fn)(void))
{
	uint32_t at = (uint32_t)fn;

	idt[n] = (struct gate){ at, 0x10, 0x8e00, at >> 16 };
}

static void set_up(void)
{
	struct dtr g = { sizeof(gdt) - 1, (uint32_t)gdt };
	struct dtr i = { sizeof(idt) - 1, (uint32_t)idt };
	unsigned int n;

	for (n = 0; n < MAPPED_TABLES * 1024; n++)
		tables[n / 1024][n % 1024] = n * PAGE | 3;
	for (n = 0; n < MAPPED_TABLES; n++)
		directory[n] = (uint32_t)tables[n] | 3;
	for (n = 0; n < 64; n++)
		set_gate(n, isr_spurious);
	set_gate(0, isr_div);
	set_gate(32, isr_timer);
	asm volatile("lgdt %0\n\tlidt %1" : : "m" (g), "m" (i));
	asm volatile("mov %0, %%cr3" : : "r" (directory) : "memory");
	asm volatile("mov %%cr0, %%eax\n\tor $0x80010000, %%eax\n\tmov %%eax, %%cr0\n\t"
		     "jmp 1f\n1:" : : : "eax", "memory");
	outb(0x20, 0x11);
	outb(0x21, 32);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0xa0, 0x11);
	outb(0xa1, 40);
	outb(0xa1, 2);
	outb(0xa1, 1);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 3);
	outb(COM1 + 4, 3);		/* RTS: the other side may send */
}

/* Entries of a page table that are in use are written, nothing else. */
static void pte_modify(unsigned int n)
{
	volatile uint32_t *pte = &tables[1][512];
	unsigned int i;

	for (i = 0; i < 64; i++)
		*(volatile uint32_t *)(0x600000 + i * PAGE) = i;
	for (i = 0; i < n; i++) {
		pte[i & 63] ^= 1 << 9;
		asm volatile("" : : : "memory");
	}
}

/* An entry is taken away and comes back, and the page is used: a hidden fault. */
static void pte_unmap(unsigned int n)
{
	volatile uint32_t *pte = &tables[1][512];
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t at = 0x600000 + (i & 63) * PAGE;

		pte[i & 63] = 0;
		asm volatile("invlpg (%0)" : : "r" (at) : "memory");
		pte[i & 63] = at | 3;
		*(volatile uint32_t *)at = i;
	}
}

/*
 * What an interrupt costs: the same work without and with two thousand of the
 * timer's a second. Four marks; the first two say what to take off.
 */
static unsigned int interrupts(unsigned int n)
{
	loop_empty(n / 10);
	mark();
	loop_empty(n);
	mark();
	outb(0x43, 0x34);
	outb(0x40, 596 & 255);
	outb(0x40, 596 >> 8);
	outb(0x21, 0xfe);
	asm volatile("sti");
	while (bare_ticks < 5)
		asm volatile("" : : : "memory");
	bare_ticks = 0;
	mark();
	loop_empty(n);
	mark();
	asm volatile("cli");
	outb(0x21, 0xff);
	return bare_ticks;
}

static const struct row {
	const char *name;
	void (*run)(unsigned int n);
	unsigned int n;
} rows[] = {
	{ "empty", loop_empty, 100000 },
	{ "cli_sti", loop_cli_sti, 100000 },
	{ "pushf_popf", loop_pushf_popf, 100000 },
	{ "call_ret", loop_call_ret, 100000 },
	{ "call_indirect", loop_call_indirect, 100000 },
	{ "rdtsc", loop_rdtsc, 10000 },
	{ "in_vmm", loop_in_pic, 5000 },
	{ "in_user", loop_in_kbd, 1000 },
	{ "divide_fault", loop_div, 5000 },
	{ "cr3_load", loop_cr3, 5000 },
	{ "pte_modify", pte_modify, 10000 },
	{ "pte_unmap", pte_unmap, 5000 },
	{ "interrupt", NULL, 10000000 },
};

static void meet(const char *what, const char *name, unsigned int n, unsigned int all)
{
	put(what);
	put(name);
	if (n) {
		put(" ");
		put_number(n);
		put(" ");
		put_number(all);
	}
	put("\n");
	if (!acknowledged)
		return;
	while (!(inb(COM1 + 5) & 1))
		;
	inb(COM1);
}

/* Is @name one of the words of @list? */
static bool among(const char *list, const char *name)
{
	while (*list) {
		size_t i;

		for (i = 0; name[i] && list[i] == name[i]; i++)
			;
		if (!name[i] && (!list[i] || list[i] == ' '))
			return true;
		while (*list && *list != ' ')
			list++;
		while (*list == ' ')
			list++;
	}
	return false;
}

void bare_main(const unsigned char *params)
{
	const char *cmdline = *(const char * const *)(params + 0x228);
	size_t i;

	set_up();
	acknowledged = among(cmdline, "ack");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		unsigned int n = row->n;

		if (!among(cmdline, "all") && !among(cmdline, row->name))
			continue;
		meet("@begin ", row->name, 0, 0);
		if (row->run) {
			row->run(n / 10);
			mark();
			row->run(n);
			mark();
		} else {
			n = interrupts(n);
		}
		meet("@end ", row->name, n, row->run ? n + n / 10 : n);
	}
	outb(0x64, 0xfe);
	for (;;)
		asm volatile("hlt");
}
