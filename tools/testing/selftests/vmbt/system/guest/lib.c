// SPDX-License-Identifier: GPL-2.0
/*
 * Tables, traps and paging of the guests.
 *
 * tables_init() makes a GDT, an IDT and a TSS of which a test changes what it
 * likes; every vector leads to trap_common in start.S, and from there back to
 * the caller of run(). An exception that no test asked for ends the guest with
 * a line that fails.
 */
#include "guest.h"

u64 gdt[GDT_ENTRIES] __aligned(4096);
u64 ldt[LDT_ENTRIES] __aligned(256);
u64 idt[256] __aligned(4096);
u8 stack0[8192] __aligned(4096);
u8 stack3[8192] __aligned(4096);
u8 trap_stack[8192] __aligned(4096);

struct task task __aligned(4096);

void memset_(void *p, u32 c, size_t n)
{
	asm volatile("rep stosb" : "+D" (p), "+c" (n) : "a" (c) : "memory");
}

void memcpy_(void *to, const void *from, size_t n)
{
	asm volatile("rep movsb" : "+D" (to), "+S" (from), "+c" (n) : : "memory");
}

bool memeq(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	while (n--)
		if (*x++ != *y++)
			return false;
	return true;
}

/* The compiler makes calls of these itself. */
void *memset(void *p, int c, size_t n)
{
	memset_(p, c, n);
	return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
	memcpy_(to, from, n);
	return to;
}

u64 descriptor(u32 base, u32 limit, u32 access, u32 flags)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)access << 40 |
	       (u64)(limit >> 16 & 15) << 48 | (u64)flags << 52 | (u64)(base >> 24) << 56;
}

u64 gate(u32 selector, u32 offset, u32 access)
{
	return (offset & 0xffff) | selector << 16 | (u64)access << 40 |
	       (u64)(offset >> 16) << 48;
}

void gdt_set(u32 selector, u64 d)
{
	WRITE_ONCE(gdt[selector >> 3], d);
}

void idt_set(u32 vector, u64 d)
{
	WRITE_ONCE(idt[vector], d);
}

static void load_table(bool interrupts, const void *at, u32 limit)
{
	struct {
		u16 limit;
		u32 base;
	} __packed r = { limit, (u32)at };

	if (interrupts)
		asm volatile("lidt %0" : : "m" (r));
	else
		asm volatile("lgdt %0" : : "m" (r));
}

void load_gdt(u32 limit)
{
	load_table(false, gdt, limit);
}

void load_idt(u32 limit)
{
	load_table(true, idt, limit);
}

void tables_init(void)
{
	u32 *ivt = low(0);
	u32 i;

	memset_(gdt, 0, sizeof(gdt));
	gdt_set(SEL_CODE0, descriptor(0, 0xfffff, D_CODE, D_G | D_B));
	gdt_set(SEL_DATA0, descriptor(0, 0xfffff, D_DATA, D_G | D_B));
	gdt_set(SEL_CODE3, descriptor(0, 0xfffff, D_CODE | D_DPL(3), D_G | D_B));
	gdt_set(SEL_DATA3, descriptor(0, 0xfffff, D_DATA | D_DPL(3), D_G | D_B));
	gdt_set(SEL_TSS, descriptor((u32)&task, sizeof(task) - 1, 0x89, 0));
	gdt_set(SEL_LDT, descriptor((u32)ldt, sizeof(ldt) - 1, 0x82, 0));
	gdt_set(SEL_CODE16, descriptor(REAL_AT, 0xffff, D_CODE, 0));
	gdt_set(SEL_DATA16, descriptor(0, 0xffff, D_DATA, 0));
	load_gdt(sizeof(gdt) - 1);
	reload_segments();

	for (i = 0; i < 256; i++)
		idt_set(i, gate(SEL_CODE0, (u32)trap_stubs + 16 * i,
				GATE_INT32 | (i == VEC_END ? D_DPL(3) : 0)));
	load_idt(sizeof(idt) - 1);

	memset_(&task, 0, sizeof(task.tss));
	memset_(task.iomap, 0xff, sizeof(task.iomap));
	task.tss.ss0 = SEL_DATA0;
	task.tss.esp0 = (u32)trap_stack + sizeof(trap_stack);
	task.tss.iomap = sizeof(task.tss);
	asm volatile("ltr %w0" : : "r" (SEL_TSS));
	memset_(ldt, 0, sizeof(ldt));
	asm volatile("lldt %w0" : : "r" (0));
	for (i = 0; i < 256; i++)
		ivt[i] = REAL_SEG << 16 | (real_stubs - real_blob + 8 * i);
}

void trap_taken(void)
{
	struct cpu *c = run_cpu;
	const u32 *f = trap_frame;

	if (!c) {
		say("not ok unexpected: vector %u error %x at %x cr2 %x\n", f[12], f[13], f[14],
		    read_cr2());
		finish();
	}
	run_cpu = NULL;
	c->eax = f[11];
	c->ecx = f[10];
	c->edx = f[9];
	c->ebx = f[8];
	c->ebp = f[6];
	c->esi = f[5];
	c->edi = f[4];
	c->vector = f[12];
	c->error = f[13];
	c->eip = f[14];
	c->cs = f[15] & 0xffff;
	c->eflags = f[16];
	c->es = f[1] & 0xffff;
	c->ds = f[0] & 0xffff;
	c->fs = f[2] & 0xffff;
	c->gs = f[3] & 0xffff;
	c->cr2 = read_cr2();
	c->dr6 = read_dr6();
	if (c->eflags & FL_VM) {
		c->esp = f[17];
		c->ss = f[18] & 0xffff;
		c->es = f[19] & 0xffff;
		c->ds = f[20] & 0xffff;
		c->fs = f[21] & 0xffff;
		c->gs = f[22] & 0xffff;
	} else if (c->cs & 3) {
		c->esp = f[17];
		c->ss = f[18] & 0xffff;
	} else {
		c->esp = trap_sp + 17 * 4;
		c->ss = trap_ss & 0xffff;
	}
}

void real_taken(u32 vector, const struct cpu *saved)
{
	struct cpu *c = run_cpu;

	run_cpu = NULL;
	if (!c) {
		say("not ok unexpected: vector %u in real mode\n", vector);
		finish();
	}
	memcpy_(c, saved, 16 * 4);
	c->eip &= 0xffff;
	c->eflags &= 0xffff;
	c->es &= 0xffff;
	c->cs &= 0xffff;
	c->ss &= 0xffff;
	c->ds &= 0xffff;
	c->fs &= 0xffff;
	c->gs &= 0xffff;
	c->vector = vector;
	c->error = 0;
	c->cr2 = read_cr2();
	c->dr6 = read_dr6();
}

void cpu_init(struct cpu *c, u32 ring, const void *code)
{
	memset_(c, 0, sizeof(*c));
	c->eip = (u32)code;
	c->eflags = FL_ONE;
	c->cs = ring ? SEL_CODE3 : SEL_CODE0;
	c->ds = ring ? SEL_DATA3 : SEL_DATA0;
	c->es = c->ds;
	c->fs = c->ds;
	c->gs = c->ds;
	c->ss = c->ds;
	c->esp = (u32)(ring ? stack3 : stack0) + sizeof(stack0) - 64;
}

void run_code(struct cpu *c, u32 ring, const void *code)
{
	cpu_init(c, ring, code);
	run(c);
}

void cpu_init16(struct cpu *c, const struct code16 *p)
{
	memset_(c, 0, sizeof(*c));
	memcpy_(low(LOW_AT + CODE16_IP), p->code, p->end - p->code);
	c->eip = CODE16_IP;
	c->eflags = FL_ONE;
	c->cs = LOW_SEG;
	c->ss = LOW_STACK;
	c->esp = 0xfff0;
	c->ds = DATA16 >> 4;
	c->es = DATA16 >> 4;
	c->fs = DATA16 >> 4;
	c->gs = DATA16 >> 4;
}

bool expect_trap16(const struct cpu *c, const struct code16 *p, u32 vector, u32 error,
		   bool behind)
{
	u32 ip = CODE16_IP + ((behind ? p->next : p->at) - p->code);

	return check(c->vector == vector && c->error == error && c->eip == ip &&
		     c->cs == LOW_SEG, "got vector %u error %x at %x:%x want %u %x %x",
		     c->vector, c->error, c->cs, c->eip, vector, error, ip);
}

/* Paging */

static u32 pool_next = POOL_AT;

void *page_alloc(void)
{
	u32 at = pool_next;

	if (at >= POOL_END) {
		say("not ok memory: no page left\n");
		finish();
	}
	pool_next += 4096;
	memset_((void *)at, 0, 4096);
	return (void *)at;
}

void pool_reset(void)
{
	pool_next = POOL_AT;
}

/* 16 MiB, present, writable, for user and supervisor, in 4 KiB pages. */
u32 paging_identity(enum paging mode)
{
	u32 i, n = mode == PAGING_PAE ? 512 : 1024;
	u32 *dir = page_alloc(), *ptr = NULL;
	u32 *table = NULL;

	if (mode == PAGING_PAE) {
		ptr = page_alloc();
		ptr[0] = (u32)dir | 1;
	}
	for (i = 0; i < RAM_SIZE / 4096; i++) {
		if (i % n == 0) {
			table = page_alloc();
			dir[i / n * (ptr ? 2 : 1)] = (u32)table | 7;
		}
		table[i % n * (ptr ? 2 : 1)] = i << 12 | 7;
	}
	return (u32)(ptr ? ptr : dir);
}

u32 *paging_entry(enum paging mode, u32 cr3, u32 lin)
{
	const u32 words = mode == PAGING_PAE ? 2 : 1;
	u32 *dir = (u32 *)cr3, *pde;

	if (mode == PAGING_PAE) {
		u32 *ptr = dir + 2 * (lin >> 30);

		if (!(*ptr & 1))
			*ptr = (u32)page_alloc() | 1;
		dir = (u32 *)(*ptr & ~0xfffu);
		pde = dir + 2 * (lin >> 21 & 511);
	} else {
		pde = dir + (lin >> 22);
	}
	if (!(*pde & 1))
		*pde = (u32)page_alloc() | 7;
	return (u32 *)(*pde & ~0xfffu) +
	       words * (lin >> 12 & (mode == PAGING_PAE ? 511 : 1023));
}

void paging_protect(enum paging mode, u32 cr3)
{
	*paging_entry(mode, cr3, (u32)gdt) &= ~4u;
	*paging_entry(mode, cr3, (u32)ldt) &= ~4u;
}

void paging_on(enum paging mode, u32 cr3)
{
	write_cr4((read_cr4() & ~(CR4_PSE | CR4_PAE)) |
		  (mode == PAGING_PSE ? CR4_PSE : 0) | (mode == PAGING_PAE ? CR4_PAE : 0));
	write_cr3(cr3);
	write_cr0(read_cr0() | CR0_PG);
}

void paging_off(void)
{
	write_cr0(read_cr0() & ~(CR0_PG | CR0_WP));
	write_cr4(read_cr4() & ~(CR4_PSE | CR4_PAE | CR4_PGE));
}

void cpuid(u32 leaf, u32 r[4])
{
	asm volatile("cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]), "=d" (r[3])
		     : "0" (leaf), "2" (0));
}

bool has_nx(void)
{
	u32 r[4];

	cpuid(0x80000000, r);
	if (r[0] < 0x80000001)
		return false;
	cpuid(0x80000001, r);
	return r[3] >> 20 & 1;
}

bool under_vmbt(void)
{
	u32 r[4];

	cpuid(0x40000000, r);
	return r[1] == 0x54424d56;
}

/* Called once, with a stack and nothing else. */
void guest_start(void)
{
	/* No task is there yet that an interrupt could have come from. */
	run_cpu = NULL;
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	memcpy_((void *)REAL_AT, real_blob, real_blob_end - real_blob);
	write_cr0((read_cr0() | CR0_NE | CR0_ET) & ~(CR0_EM | CR0_TS | CR0_AM));
	asm volatile("fninit");
	tables_init();
	say("\nguest begins%s\n", under_vmbt() ? " under vmbt" : "");
	guest_main();
	finish();
}
