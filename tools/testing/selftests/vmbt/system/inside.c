// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that lives in the last 4 MiB of its linear space: code, descriptor
 * tables, task state, stacks of its handlers and page tables there; thread-local
 * storage at negative offsets; and what happens where nothing is mapped, which
 * is where vmbt's monitor area floats.
 *
 * SDM vol. 3: 2.4 and 3.5 (tables), 4.7 and 4.8 (faults, accessed and dirty), 6.12
 * (delivery), 7.2.1 (TSS), 3.4.3 (segments that wrap). Two facts come from the host
 * half: where the monitor area is, and how often the VMM had to work.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST
#include "guest/top.h"

#define T(n)	(SEL_TEST + 8 * (n))

/*
 * Thread-local storage. A C library's %gs is the end of its block: all offsets
 * below wrap around 4 GiB.
 */
#define LOOPS	"20000"
#define LOOP(body)	"movl $" LOOPS ", %ecx\n1:\n\t" body "\n\tdecl %ecx; jnz 1b"

CODE(gs_negative, LOOP("addl $3, %gs:0xfffffffc; movl %gs:0xfffffff0, %eax"), "nop");
CODE(gs_both, LOOP("addl $3, %gs:0xfffffffc; movl %gs:0, %eax; addl $1, %gs:8"), "nop");
CODE(fs_negative, LOOP("addl $3, %fs:0xfffffffc; movl %fs:0xfffffff0, %eax"), "nop");
CODE(fs_positive, LOOP("addl $3, %fs:0x14; movl %fs:0, %eax"), "nop");
CODE(fs_both, LOOP("addl $3, %fs:0xfffffffc; movl %fs:0, %eax; addl $1, %fs:8"), "nop");

static u32 word_at(u32 lin)
{
	u32 i, v = 0;

	for (i = 0; i < 4; i++)
		v |= (u32)top_pattern(lin + i) << 8 * i;
	return v;
}

static void tls(void)
{
	static const struct {
		const char *name;
		const u8 *code;
		u32 ring, at, read;
		bool counted;
	} t[] = {
		{ "gs-negative/ring3", gs_negative, 3, -4, -16, true },
		{ "gs-both/ring3", gs_both, 3, -4, 0, true },
		{ "fs-negative/ring3", fs_negative, 3, -4, -16, true },
		{ "fs-both/ring3", fs_both, 3, -4, 0, true },
		/* A kernel's segment shows one half; it is turned over once. */
		{ "fs-negative/ring0", fs_negative, 0, -4, -16, true },
		{ "fs-positive/ring0", fs_positive, 0, 0x14, 0, true },
		{ "fs-both/ring0", fs_both, 0, -4, 0, false },
		{ "gs-both/ring0", gs_both, 0, -4, 0, false },
	};
	u32 i, n;
	struct cpu c;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		gdt_set(T(0), descriptor(TOP_TLS, 0xfffff, D_DATA | D_DPL(t[i].ring), D_G | D_B));
		top_refill(TOP_TLS - 32, 64);
		cpu_init(&c, t[i].ring, t[i].code);
		c.fs = T(0) | t[i].ring;
		c.gs = c.fs;
		/* Without IF, user code is translated. */
		c.eflags |= t[i].ring ? FL_IF : 0;
		outl(PORT_COUNT, 0);
		run(&c);
		n = inl(PORT_COUNT);
		name("tls/%s", t[i].name);
		expect_end(&c);
		expect("read", c.eax, word_at(TOP_TLS + t[i].read));
		expect("written", peek((u32)top_byte(TOP_TLS + t[i].at)),
		       word_at(TOP_TLS + t[i].at) + 60000);
		if (!under_vmbt() || !t[i].counted)
			continue;
		name("tls/%s/count", t[i].name);
		check(n < 200, "the VMM had work %u times in 20000 rounds", n);
	}
	top_refill(TOP_TLS - 32, 64);
}

/* Code: MOV of 5 bytes, twice INC EBX, INT of 2 bytes. */

static const u8 program[] = { 0xb8, 0x44, 0x33, 0x22, 0x11, 0x43, 0x43, 0xcd, 0x40 };
static const u8 lengths[] = { 5, 1, 1, 2 };

static const struct segment codes[] = {
	{ "flat", 0, 0xfffff, D_CODE, D_G | D_B },
	{ "wraps", 0x1000, 0xfffff, D_CODE, D_G | D_B },
	{ "inside", TOP, 0x1fff, D_CODE, D_B },
	{ "ends-inside", TOP - 0x1000, 0x1002, D_CODE, D_B },
	{ "ends-below", 0, 0xffbff, D_CODE, D_G | D_B },
};

static bool limits;

static void code_one(const struct segment *s, u32 ring, u32 lin)
{
	u32 eip = lin - s->base, i;
	struct outcome o = { .vector = VEC_END };
	struct cpu c, want;

	for (i = 0; i < sizeof(program); i++)
		if (top_byte(lin + i))
			WRITE_ONCE(*top_byte(lin + i), program[i]);
	cpu_init(&want, ring, (void *)eip);
	want.cs = T(1) | ring;
	want.ebx = 7;
	want.eflags = top_flags(ring);
	c = want;
	/* IRET itself refuses that. */
	if (!segment_inside(s, eip, 1))
		goto out;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		if (segment_open(want.eip, lengths[i]) || segment_open(want.eip, lengths[i] + 1))
			goto out;
		if (!segment_inside(s, want.eip, lengths[i]))
			o.vector = GP;
		else
			top_linear(s->base + want.eip, lengths[i], false, ring, &o);
		if (o.vector != VEC_END)
			break;
		want.eip += lengths[i];
		want.eax = 0x11223344;
		want.ebx += i == 1 || i == 2;
	}
	if (limits || o.vector != GP) {
		run(&c);
		sweep(c.vector == o.vector && c.error == o.error && c.eip == want.eip &&
		      c.cs == (T(1) | ring) && c.eax == want.eax && c.ebx == want.ebx &&
		      (o.vector != PF || c.cr2 == o.cr2),
		      "%x: vector %u error %x eip %x cr2 %x eax %x ebx %x, want %u %x %x %x", lin,
		      c.vector, c.error, c.eip, c.cr2, c.eax, c.ebx, o.vector, o.error, want.eip,
		      o.cr2);
	}
out:
	top_refill(lin, sizeof(program));
}

static void code(void)
{
	static const u32 places[] = {
		TOP, TOP + 0x1000, TOP_ABSENT, TOP_READ_ONLY, TOP_SUPERVISOR,
		TOP_SUPERVISOR + 0x1000, TOP_MIDDLE, 0,
	};
	u32 i, k, n, ring;

	for (i = 0; i < ARRAY_SIZE(codes); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			gdt_set(T(1), segment_descriptor(&codes[i], ring));
			sweep_begin("code/%s/ring%u", codes[i].name, ring);
			for (k = 0; k < ARRAY_SIZE(places); k++)
				for (n = 0; n < 12; n++)
					code_one(&codes[i], ring, places[k] - 10 + n);
			sweep_end();
		}
}

/* Tables. All that works with them where they always are has to work there. */

CODE(use_segment, "", "movw %ax, %es; movl %es:(%ebx), %ecx");
CODE(use_far, "", "lcall *%ds:far_to; nop");
CODE(far_landing, "movl $0x1234, %edx", "lret");
CODE(use_ud, "", "ud2");
static SHARED struct {
	u32 offset;
	u16 selector;
} __packed far_to;

/* A copy of a table at @lin, on whichever pages. */
static void copy_to(u32 lin, const void *from, u32 size)
{
	u32 i;

	for (i = 0; i < size; i++)
		WRITE_ONCE(*top_byte(lin + i), ((const u8 *)from)[i]);
}

static void load(bool idt_too, u32 base, u32 limit)
{
	struct {
		u16 limit;
		u32 base;
	} __packed r = { limit, base };

	if (idt_too)
		asm volatile("lidt %0" : : "m" (r));
	else
		asm volatile("lgdt %0" : : "m" (r));
}

static void with_tables(const char *where)
{
	struct cpu c;
	u32 ring;

	for (ring = 0; ring <= 3; ring += 3) {
		name("tables/%s/segment/ring%u", where, ring);
		cpu_init(&c, ring, use_segment);
		c.eax = (ring ? T(4) : T(3)) | ring;
		c.ebx = 0x10;
		run(&c);
		if (expect_end(&c))
			expect("value", c.ecx, word_at(TOP + 0x210));
		name("tables/%s/refused/ring%u", where, ring);
		cpu_init(&c, ring, use_segment);
		c.eax = T(5) | ring;
		run(&c);
		expect_trap(&c, NP, T(5), use_segment_at);
		name("tables/%s/far/ring%u", where, ring);
		cpu_init(&c, ring, use_far);
		far_to.offset = (u32)far_landing;
		far_to.selector = c.cs;
		run(&c);
		if (expect_end(&c))
			expect("edx", c.edx, 0x1234);
		name("tables/%s/exception/ring%u", where, ring);
		run_code(&c, ring, use_ud);
		expect_trap(&c, UD, 0, use_ud_at);
	}
}

static void tables(void)
{
	static const struct {
		const char *name;
		u32 gdt, idt, tss;
	} t[] = {
		{ "across", TOP - 0x84, TOP_MIDDLE - 0x206, 0 },
		{ "inside", TOP + 0x400, TOP + 0x800, 0 },
		{ "around", -0x94u, TOP_MIDDLE - 0x30, 0 },
		{ "idt-around", TOP + 0x400, -0x104u, 0 },
		{ "task", 0, 0, TOP - 6 },
		{ "task-inside", 0, 0, TOP + 0x100 },
		{ "task-around", 0, 0, -7u },
	};
	u32 i;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		gdt_set(T(3), descriptor(TOP + 0x200, 0xfff, D_DATA & ~1, D_B));
		gdt_set(T(4), descriptor(TOP + 0x200, 0xfff, (D_DATA & ~1) | D_DPL(3), D_B));
		gdt_set(T(5), descriptor(0, 0xfff, (D_DATA & ~D_P) | D_DPL(3), D_B));
		if (t[i].tss) {
			gdt_set(SEL_TSS, descriptor(t[i].tss, sizeof(task.tss) - 1, 0x89, 0));
			copy_to(t[i].tss, &task, sizeof(task.tss));
			asm volatile("ltr %w0" : : "r" (SEL_TSS));
		}
		if (t[i].gdt) {
			copy_to(t[i].gdt, gdt, 0x100);
			load(false, t[i].gdt, 0xff);
		}
		if (t[i].idt) {
			copy_to(t[i].idt, idt, 0x300);
			load(true, t[i].idt, 0x2ff);
		}
		with_tables(t[i].name);
		/* 3.4.5.1: loading a segment marks it, wherever its descriptor is. */
		p = t[i].gdt ? top_byte(t[i].gdt + T(4) + 5) : (u8 *)&gdt[T(4) / 8] + 5;
		name("tables/%s/accessed", t[i].name);
		expect("byte", READ_ONCE(*p), D_DATA | D_DPL(3));
		tables_init();
		top_refill(TOP - 0x200, 0x1200);
		top_refill(TOP_MIDDLE - 0x400, 0x800);
		top_refill(-0x400u, 0x800);
	}
}

/* Handlers' stacks, from ring 3. */

static void traps(void)
{
	static const u32 at[] = {
		TOP, TOP + 4, TOP + 0x14, TOP + 0x40, TOP + 0x800, TOP_MIDDLE + 8,
		TOP_MIDDLE + 2, TOP_SUPERVISOR + 0x1000, -0x10u, TOP + 0x32,
	};
	struct cpu c;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		name("trap/%x", at[i]);
		task.tss.esp0 = at[i];
		cpu_init(&c, 3, use_ud);
		c.ebx = 0x5a5a;
		run(&c);
		expect_trap(&c, UD, 0, use_ud_at);
		expect("ebx", c.ebx, 0x5a5a);
		expect("eflags", peek((u32)top_byte(at[i] - 12)) & FL_ONE, FL_ONE);
		expect("ss", peek((u32)top_byte(at[i] - 4)) & 0xffff, SEL_DATA3);
		top_refill(at[i] - 128, 192);
	}
	tables_init();
}

/* Accessed and dirty; a page table that is written from there; a device. */

CODE(get_it, "", "movl (%ebx), %ecx");
CODE(put_it, "", "movl %ecx, (%ebx)");
CODE(fild_it, "fninit", "fildll (%ebx)");
CODE(call_it, "", "jmp *%ebx");

#define PTE_A	0x20u
#define PTE_D	0x40u

static void pages(void)
{
	const u32 window = TOP_SUPERVISOR + 0x1000, lin = TOP + 0x1000;
	u32 ring, *pte, old, kept;
	struct cpu c;

	for (ring = 0; ring <= 3; ring += 3) {
		pte = top_pte(lin);
		*pte &= ~(PTE_A | PTE_D);
		invlpg(lin);
		name("pages/flags/ring%u", ring);
		cpu_init(&c, ring, get_it);
		c.ebx = lin + 8;
		run(&c);
		expect("read", *pte & (PTE_A | PTE_D), PTE_A);
		cpu_init(&c, ring, put_it);
		c.ebx = lin + 8;
		c.ecx = word_at(lin + 8);
		run(&c);
		expect("write", *pte & (PTE_A | PTE_D), PTE_A | PTE_D);
	}
	/* @window shows the table that has the entry of @lin, and its own. */
	pte = top_pte(window);
	kept = *pte;
	*pte = ((u32)pte & ~0xfffu) | 7;
	invlpg(window);
	pte = top_pte(lin);
	old = *pte;
	for (ring = 0; ring <= 3; ring += 3) {
		name("pages/table/ring%u", ring);
		cpu_init(&c, ring, put_it);
		c.ebx = window + ((u32)pte & 0xfff);
		c.ecx = (*top_pte(TOP_MIDDLE) & ~0xfffu) | 7;
		run(&c);
		expect_end(&c);
		invlpg(lin);
		cpu_init(&c, ring, get_it);
		c.ebx = lin + 4;
		run(&c);
		expect("new", c.ecx, word_at(TOP_MIDDLE + 4));
		*pte = old;
		invlpg(lin);
		run_code(&c, ring, get_it);
		cpu_init(&c, ring, get_it);
		c.ebx = lin + 4;
		run(&c);
		expect("old", c.ecx, word_at(lin + 4));
	}
	/* Nobody is there: what is read is anybody's guess. */
	*top_pte(window) = 0xe0000007;
	invlpg(window);
	for (ring = 0; ring <= 3; ring += 3) {
		name("pages/device/ring%u", ring);
		cpu_init(&c, ring, fild_it);
		c.ebx = window + 8;
		run(&c);
		asm volatile("fninit");
		expect_end(&c);
	}
	*top_pte(window) = kept;
	invlpg(window);
}

/*
 * Linear space where nothing is mapped, and vmbt's monitor area may float. The
 * difference that a kernel can see is documented (mmu.rst): what it reads there,
 * from the second page on. Where the CPU does not check limits the first one is
 * there, too, and can be written to.
 */
static void absent_at(u32 lin, u32 place)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		u32 error;
	} t[] = {
		{ "read", get_it, get_it_at, 0 }, { "write", put_it, put_it_at, 2 },
		{ "fetch", call_it, NULL, 0 },
	};
	u32 i, ring, error;
	struct cpu c;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			if (!ring && lin - place < 0x400000 &&
			    (lin - place < 0x1000 ? !limits && i < 2 : i == 0))
				continue;
			cpu_init(&c, ring, t[i].code);
			c.ebx = lin;
			c.eflags |= ring ? FL_IF : 0;
			run(&c);
			error = t[i].error | (ring ? 4 : 0);
			sweep(c.vector == PF && c.error == error && c.cr2 == lin &&
			      c.eip == (t[i].at ? (u32)t[i].at : lin),
			      "%s-%x-ring%u: vector %u error %x cr2 %x eip %x", t[i].name, lin,
			      ring, c.vector, c.error, c.cr2, c.eip);
		}
}

static void absent(void)
{
	static const u32 offsets[] = {
		0, 0x800, 0x1000, 0x80000, 0x81000, 0x101000, 0x10f000, 0x110000, 0x110123,
		0x200000, 0x3ff000, 0x3ffffc,
	};
	u32 place = inl(PORT_PLACE), lin, i;

	sweep_begin("absent/everywhere");
	for (lin = RAM_SIZE; lin < TOP - 0x400000; lin += 0x400000)
		if (lin != (TOP_TLS & ~0x3fffffu))
			absent_at(lin + 0x2004, place);
	sweep_end();
	if (place == TOP || place == PLACE_NONE)
		return;
	sweep_begin("absent/floating");
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		absent_at(place + offsets[i], place);
	absent_at(place - 4, place);
	absent_at(place + 0x400000, place);
	sweep_end();
}

static void enforced(void)
{
	struct cpu c;

	gdt_set(T(0), descriptor(POOL_AT, 0xff, D_DATA, D_B));
	name("limits");
	cpu_init(&c, 0, get_it);
	c.ds = T(0);
	c.ebx = 0x100;
	run(&c);
	limits = expect_trap(&c, GP, 0, get_it_at);
}

void guest_main(void)
{
	enforced();
	top_begin(PAGING_32);
	tls();
	tables();
	traps();
	pages();
	absent();
	/* The last, since QEMU does not survive code that goes on at 0. */
	code();
	top_end();
}
#endif
