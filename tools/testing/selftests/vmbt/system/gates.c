// SPDX-License-Identifier: GPL-2.0
/*
 * The same way from user code into the kernel, over and over, until something on it
 * is no longer as it was: the gate, the task state, a descriptor, the stack's page.
 * vmbt keeps what such a way came to (core/gate.c): each of its sources changes here
 * when it has been used a few times, without a word to the CPU that the manual does not
 * demand.
 *
 * SDM vol. 3: 6.12 (gates, stack switch, flags), 6.13 (error codes), 7.2.1 (TSS), 4.8
 * and 4.10 (page tables). Tables are read at each delivery (3.5.1, 6.10): nothing
 * has to be loaded anew when an entry in memory changes.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

#define WARM	6
#define USER_AT	0x680000		/* a page of the pool that comes and goes */
#define TOUCH_AT	0x2400010		/* ROUNDS pages there are touched, each once */
#define TOUCH_AS	0x690000		/* which are these, by a table of their own */
#define SEEN_AT	0x2000000		/* where the stack's page is used as a table */
#define T(n)	(SEL_TEST + 8 * (n))

CODE(call_80, "", "int $0x80");
CODE(read_it, "", "movl (%ebx), %eax");
CODE(write_it, "", "movl %eax, (%ebx)");

/*
 * A kernel that comes back to ring 3 with nothing done that concerns anybody but it: it
 * writes down which of its two handlers it is in, the CF there, its ESP, the caller's
 * EFLAGS and ES, which it replaces then, writes to a page table, of which vmbt is told by
 * and by, and every eight times changes the gate, the task state or IDTR as it is told.
 */
#define ROUNDS	64
/* As long a table as vmbt compares at ring 1 (struct vmbt_mon, gdt). */
#define SMALL_GDT	(32 * 8 - 1)

struct entered {
	u32 handler, esp, eflags, es;
};

static struct entered entered[ROUNDS] __used;
static u32 nentered __used, flip_gate __used, flip_esp0 __used, flip_idt __used;
static void *flip_at __used;
static u32 *touch_table __used;		/* if there is paging */
static u64 other_idt[256] __aligned(8);
static struct {
	u16 limit;
	u32 base;
} __packed quick_idtr __used;

CODE_THEN(quick_0, "pushl %eax; pushl %ebx; movl $0, %eax; setc %ah",
	  "movl nentered, %ebx; incl nentered; shll $4, %ebx; movl %eax, entered(%ebx)",
	  "leal 8(%esp), %eax; movl %eax, entered + 4(%ebx)\n"
	  "movl 16(%esp), %eax; movl %eax, entered + 8(%ebx)\n"
	  "movl %es, %eax; movl %eax, entered + 12(%ebx)\n"
	  "andl $~3, %eax; movl %eax, %es\n"
	  "movl touch_table, %ebx; testl %ebx, %ebx; jz 1f\n"
	  "movl nentered, %eax; shll $12, %eax; orl $0x67, %eax; movl %eax, 4092(%ebx)\n"
	  "1: testl $7, nentered; jnz 2f\n"
	  "movl flip_esp0, %eax; xorl %eax, task + 4\n"
	  "movl flip_gate, %eax; movl flip_at, %ebx; xorw %ax, (%ebx)\n"
	  "movl flip_idt, %eax; testl %eax, %eax; jz 2f\n"
	  "xorl %eax, quick_idtr + 2; lidt quick_idtr\n"
	  "2: popl %ebx; popl %eax; iret");
CODE(quick_1, "pushl %eax; pushl %ebx; movl $1, %eax; setc %ah", "jmp quick_0_at");

/*
 * The same for page faults: it writes down CR2 and the error code, too, and makes the page
 * present, with the entry's accessed flag set.
 */
static u32 touch_entry __used = TOUCH_AS + 0x67 - TOUCH_AT;
static struct {
	u32 cr2, error;
} missed[ROUNDS] __used;
static u32 missed_error __used;

#define FILL								\
	"popl missed_error; pushfl; pushl %eax; pushl %ebx; movl nentered, %ebx\n"	\
	"movl missed_error, %eax; movl %eax, missed + 4(, %ebx, 8)\n"	\
	"movl %cr2, %eax; movl %eax, missed(, %ebx, 8)\n"		\
	"movl %eax, %ebx; shrl $12, %ebx; andl $1023, %ebx; shll $2, %ebx\n"	\
	"addl touch_table, %ebx; addl touch_entry, %eax; movl %eax, (%ebx)\n"	\
	"popl %ebx; popl %eax; popfl\n"

CODE(quick_pf_0, FILL "jmp quick_0", "");
CODE(quick_pf_1, FILL "jmp quick_1", "");

/* ECX times, ES from EDX: each with the other CF; EDX and EDI exchanged every eight times. */
CODE_THEN(calls, "movl %edx, %es", "int $0x80", "cmc\n	decl %ecx\n	jnz calls");
CODE_THEN(calls_es, "movl %edx, %es", "int $0x80", "decl %ecx\n	testl $7, %ecx\n"
	  "	jnz 1f\n	xchgl %edx, %edi\n"
	  "1:	testl %ecx, %ecx\n	jnz calls_es");

/* Likewise, at EBX, with page faults; in the last one there is a call behind each. */
#define TOUCH	"movl %eax, (%ebx)\n	leal 4096(%ebx), %ebx"
CODE_THEN(touches, "movl %edx, %es", TOUCH, "cmc\n	decl %ecx\n	jnz touches");
CODE_THEN(touches_es, "movl %edx, %es", TOUCH, "decl %ecx\n	testl $7, %ecx\n"
	  "	jnz 1f\n	xchgl %edx, %edi\n"
	  "1:	testl %ecx, %ecx\n	jnz touches_es");
CODE_THEN(mixed, "movl %edx, %es", TOUCH, "int $0x80\n	decl %ecx\n	jnz mixed");

/*
 * A kernel that writes an entry of the GDT each time, as for another task, mostly what was
 * there; and who loads it behind each call, and keeps what is in that segment at EBX. Every
 * eight times the segment is somewhere else. SDM vol. 3, 3.4.3: a load of a segment
 * register reads the entry.
 */
#define LENT		T(4)
static u32 *lent_entry __used, lent[2] __used, lent_flip __used, lent_got[ROUNDS] __used;
static u32 lent_words[2 * 1024] __aligned(4096);

CODE_THEN(lend, "pushl %eax; pushl %ebx; pushl %ds; movl %ss, %eax\n"
	  "movl %eax, %ds; movl lent_entry, %ebx",
	  "movl lent, %eax; movl %eax, (%ebx); movl lent + 4, %eax; movl %eax, 4(%ebx)",
	  "incl nentered; testl $7, nentered; jnz 1f\n"
	  "movl lent_flip, %eax; xorl %eax, lent\n"
	  "1: popl %ds; popl %ebx; popl %eax; iret");
CODE_THEN(borrows, "movl %edx, %es", "int $0x80",
	  "movl %edx, %es; movl %es:(%ebx), %eax; movl %eax, lent_got - 4(, %ecx, 4)\n"
	  "decl %ecx; jnz borrows_at");

/* What the quick kernel is called by. */
static const struct ways {
	const char *name;
	u32 vector;
	const u8 *kernel[2], *plain, *other_es;
} by_calls = {
	"quick", 0x80, { quick_0, quick_1 }, calls, calls_es,
}, by_faults = {
	"faults", PF, { quick_pf_0, quick_pf_1 }, touches, touches_es,
};

static u32 *page_table;		/* of the 4 MiB that the pool is in */
static bool paged, limits;

/* The word at address 0. */
static u32 peek_low(void)
{
	return READ_ONCE(*(u32 *)low(0));
}

static u32 *pte(u32 lin)
{
	return &page_table[lin >> 12 & 1023];
}

static void set_pte(u32 lin, u32 val)
{
	WRITE_ONCE(*pte(lin), val);
	invlpg(lin);
}

static void user(struct cpu *c, const void *code)
{
	cpu_init(c, 3, code);
	c->eflags |= FL_IF;
	c->ebx = USER_AT + 0x10;
}

/* What the frame says after an INT 80h that came to pass. */
static bool arrived(const struct cpu *c, const struct cpu *was, u32 vector)
{
	return c->vector == vector && c->eip == (u32)call_80_next && c->cs == was->cs &&
	       c->ss == was->ss && c->esp == was->esp && c->eflags == was->eflags &&
	       c->ds == was->ds && c->es == was->es && c->fs == was->fs &&
	       c->gs == was->gs && c->eax == was->eax && c->edi == was->edi;
}

static bool once(u32 vector)
{
	struct cpu c, was;

	user(&c, call_80);
	was = c;
	run(&c);
	return arrived(&c, &was, vector);
}

static bool fault_once(bool write)
{
	struct cpu c;

	user(&c, write ? write_it : read_it);
	run(&c);
	return c.vector == PF && c.error == (write ? 6 : 4) && c.cr2 == USER_AT + 0x10 &&
	       c.eip == (u32)(write ? write_it_at : read_it_at);
}

static void warm(void)
{
	u32 i;

	for (i = 0; i < WARM; i++)
		if (!once(0x80) || (paged && !fault_once(i & 1)))
			check(false, "not even once, at %u", i);
}

/* The way is as it was before. */
static void as_before(void)
{
	expect("again", once(0x80) && once(0x80), true);
	if (paged)
		expect("fault-again", fault_once(true) && fault_once(false), true);
}

static u64 handler(u32 vector, u32 access)
{
	return gate(SEL_CODE0, (u32)trap_stubs + 16 * vector, access);
}

#define GATE_80	handler(0x80, GATE_INT32 | D_DPL(3))

/* INT 80h is refused with this exception. */
static void refused(u32 vector, u32 error)
{
	struct cpu c;

	user(&c, call_80);
	run(&c);
	expect_trap(&c, vector, error, call_80_at);
}

static void idt_changes(const char *mode)
{
	static u64 other[256] __aligned(8);
	struct {
		u16 limit;
		u32 base;
	} __packed r = { sizeof(other) - 1, (u32)other };
	u32 i;

	name("%s/idt/handler", mode);
	warm();
	idt_set(0x80, handler(0x81, GATE_INT32 | D_DPL(3)));
	expect("taken", once(0x81), true);
	idt_set(0x80, GATE_80);
	as_before();

	name("%s/idt/trap-gate", mode);
	warm();
	idt_set(0x80, handler(0x82, GATE_TRAP32 | D_DPL(3)));
	expect("taken", once(0x82) && once(0x82), true);
	idt_set(0x80, GATE_80);
	as_before();

	name("%s/idt/dpl", mode);
	warm();
	idt_set(0x80, handler(0x80, GATE_INT32));
	refused(GP, 0x80 * 8 + 2);
	idt_set(0x80, GATE_80);
	as_before();

	name("%s/idt/absent", mode);
	warm();
	idt_set(0x80, handler(0x80, (GATE_INT32 | D_DPL(3)) & ~D_P));
	refused(NP, 0x80 * 8 + 2);
	idt_set(0x80, GATE_80);
	as_before();

	name("%s/idt/limit", mode);
	warm();
	load_idt(0x80 * 8 + 6);
	refused(GP, 0x80 * 8 + 2);
	load_idt(sizeof(idt) - 1);
	as_before();

	name("%s/idt/moved", mode);
	warm();
	for (i = 0; i < 256; i++)
		other[i] = idt[i];
	other[0x80] = handler(0x83, GATE_INT32 | D_DPL(3));
	asm volatile("lidt %0" : : "m" (r));
	expect("taken", once(0x83), true);
	load_idt(sizeof(idt) - 1);
	as_before();
}

static void tss_changes(const char *mode)
{
	const u32 top = (u32)trap_stack + sizeof(trap_stack);
	u32 sp;

	name("%s/tss/esp0", mode);
	warm();
	sp = trap_sp;
	WRITE_ONCE(task.tss.esp0, top - 64);
	expect("taken", once(0x80), true);
	expect("stack", sp - trap_sp, 64);
	/* A frame across two pages. */
	WRITE_ONCE(task.tss.esp0, ((u32)trap_stack & ~4095u) + 4096 + 8);
	expect("across", once(0x80) && once(0x80), true);
	WRITE_ONCE(task.tss.esp0, top);
	as_before();
	expect("stack-again", trap_sp, sp);

	name("%s/tss/ss0", mode);
	warm();
	WRITE_ONCE(task.tss.ss0, T(0));
	expect("taken", once(0x80), true);
	expect("selector", trap_ss, T(0));
	WRITE_ONCE(task.tss.ss0, SEL_DATA0);
	as_before();
	expect("selector-again", trap_ss, SEL_DATA0);
}

static void gdt_changes(const char *mode)
{
	const u64 code = gdt[SEL_CODE0 >> 3];

	name("%s/gdt/cs", mode);
	idt_set(0x80, gate(T(1), (u32)trap_stubs + 16 * 0x80, GATE_INT32 | D_DPL(3)));
	warm();
	gdt_set(T(1), code & ~((u64)D_P << 40));
	refused(NP, T(1));
	gdt_set(T(1), gdt[SEL_DATA0 >> 3]);
	refused(GP, T(1));
	name("%s/gdt/limit", mode);
	gdt_set(T(1), code);
	warm();
	/* Ends before the handler. */
	gdt_set(T(1), descriptor(0, 0xff, D_CODE, D_B));
	refused(GP, 0);
	gdt_set(T(1), code);
	as_before();
	idt_set(0x80, GATE_80);
	as_before();
}

/* The registers that user code brings along differ from one time to the next. */
static void callers(const char *mode)
{
	static const u32 flags[] = {
		0, FL_CF, FL_DF, FL_CF | FL_ZF | FL_OF, FL_AC, FL_NT, 0,
	};
	static const u16 sels[] = { SEL_DATA3, T(2) | 3, 0, T(3) | 3, SEL_DATA3, 0 };
	struct cpu c, was;
	u32 i, j;

	sweep_begin("%s/caller/flags", mode);
	warm();
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		for (j = 0; j < 2; j++) {
			user(&c, call_80);
			c.eflags |= flags[i];
			c.eax = i;
			c.edi = ~i;
			was = c;
			run(&c);
			sweep(arrived(&c, &was, 0x80), "%x: vector %x flags %x", flags[i],
			      c.vector, c.eflags);
		}
	sweep_end();

	sweep_begin("%s/caller/segments", mode);
	warm();
	for (i = 0; i < 4 * ARRAY_SIZE(sels); i++)
		for (j = 0; j < 2; j++) {
			user(&c, call_80);
			*(&c.ds + (i & 1)) = sels[i / 4];
			if (i & 2)
				c.gs = sels[i / 4];
			was = c;
			run(&c);
			sweep(arrived(&c, &was, 0x80),
			      "%u: vector %x ds %x fs %x gs %x, not %x %x %x", i, c.vector,
			      c.ds, c.fs, c.gs, was.ds, was.fs, was.gs);
		}
	sweep_end();
}

/* The stack's page, which only the kernel's frames are written to by the CPU. */
static void stack_changes(void)
{
	const u32 lin = POOL_END - 0x2000, top = lin + 0x1000;
	const u32 was = *pte(lin);
	u32 *other = page_alloc(), *dir = (u32 *)read_cr3(), i;

	name("stack/remapped");
	WRITE_ONCE(task.tss.esp0, top);
	warm();
	memset_(low(lin), 0, 0x1000);
	set_pte(lin, (u32)other | 7);
	expect("taken", once(0x80), true);
	expect("eip-there", other[1019], (u32)call_80_next);
	expect("accessed-and-dirty", *pte(lin) & 0x60, 0x60);
	set_pte(lin, was);
	expect("nothing-here", peek(top - 20), 0);
	as_before();

	/* Clean again: the next frame makes it dirty. */
	name("stack/dirty");
	warm();
	set_pte(lin, was & ~0x60u);
	expect("taken", once(0x80), true);
	expect("dirty", *pte(lin) & 0x60, 0x60);
	as_before();

	/*
	 * The page is a page table as well, and the caller's SS what an entry of it
	 * says: present, writable, at address 0.
	 */
	name("stack/table");
	warm();
	WRITE_ONCE(dir[SEEN_AT >> 22], lin | 7);
	WRITE_ONCE(other[0], 0x12345678);
	for (i = 0; i < 3; i++) {
		poke(top - 4, (u32)other | 7);
		invlpg(SEEN_AT + 1023 * 4096);
		expect("there", peek(SEEN_AT + 1023 * 4096), 0x12345678);
		expect("taken", once(0x80), true);
		invlpg(SEEN_AT + 1023 * 4096);
		expect("elsewhere", peek(SEEN_AT + 1023 * 4096), peek_low());
	}
	WRITE_ONCE(dir[SEEN_AT >> 22], 0);
	write_cr3(read_cr3());
	as_before();
	WRITE_ONCE(task.tss.esp0, (u32)trap_stack + sizeof(trap_stack));
	as_before();
}

static void counted(const char *mode)
{
	u32 i, n;

	name("%s/short", mode);
	outl(PORT_COUNT, 0);
	for (i = 0; i < 200; i++)
		if (!once(0x80) || (paged && !fault_once(i & 1)))
			break;
	expect("rounds", i, 200);
	n = inl(PORT_AGAIN);
	if (under_vmbt() && n != PLACE_NONE)
		check(n >= (paged ? 380u : 190u), "%u short ways", n);
}

static u64 quick_gate(const u8 *code)
{
	return gate(SEL_CODE0, (u32)code, GATE_INT32 | D_DPL(3));
}

/* Nothing is at the pages that are touched. */
static void untouched(void)
{
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		WRITE_ONCE(touch_table[i], 0);
		invlpg(TOUCH_AT + i * 4096);
	}
}

/* Entry @i of the quick kernel, by a page fault for the @n-th page. */
static void looked_for(u32 i, u32 n)
{
	/* QEMU itself has it clear there (exceptions.c has that as a test). */
	sweep(!under_vmbt() || (entered[i].eflags & FL_RF), "%u: eflags %x", i, entered[i].eflags);
	sweep(missed[i].cr2 == TOUCH_AT + n * 4096 && missed[i].error == 6,
	      "%u: cr2 %x, error %x", i, missed[i].cr2, missed[i].error);
}

static void quickly(const char *mode, const struct ways *w, const char *what,
		    const u8 *code, u32 at_least)
{
	const bool faults = w->vector == PF, cmc = code == w->plain;
	const bool other_es = code == w->other_es;
	const u32 top = task.tss.esp0, times = code == mixed ? ROUNDS / 2 : ROUNDS;
	const u64 pf = idt[PF];
	const struct entered *e = entered;
	struct cpu c;
	u32 i, n;

	sweep_begin("%s/%s/%s", mode, w->name, what);
	flip_at = &idt[w->vector];
	idt_set(0x80, quick_gate(quick_0));
	idt_set(0x40, handler(0x40, GATE_INT32 | D_DPL(3)));
	if (faults) {
		untouched();
		idt_set(PF, quick_gate(quick_pf_0));
	}
	nentered = 0;
	user(&c, code);
	c.ebx = TOUCH_AT;
	c.ecx = times;
	c.edx = SEL_DATA3;
	c.edi = T(2) | 3;
	outl(PORT_COUNT, 0);
	run(&c);
	n = inl(PORT_STRAIGHT);
	idt_set(PF, pf);
	sweep(c.vector == 0x40 && c.ecx == 0 && nentered == ROUNDS, "vector %x, %u of %u",
	      c.vector, nentered, ROUNDS);
	sweep(c.ebx == TOUCH_AT + faults * times * 4096 &&
	      c.es == ((other_es ? T(2) : SEL_DATA3) & ~3), "ebx %x, es %x", c.ebx, c.es);
	for (i = 0; i < ROUNDS; i++, e++) {
		/* The quick kernel has left RPL 0 in ES, where nothing has loaded it anew. */
		bool odd = i & 8, carry = cmc && i & 1;

		sweep(e->handler == (u32)((odd && (flip_gate || flip_idt)) | carry << 8),
		      "%u: handler %x", i, e->handler);
		sweep(e->esp == (top ^ (odd ? flip_esp0 : 0)) - 20, "%u: esp %x", i, e->esp);
		sweep((e->eflags & (FL_CF | FL_IF)) == (FL_IF | (carry ? FL_CF : 0)),
		      "%u: eflags %x", i, e->eflags);
		sweep(e->es == (code == mixed && i & 1 ? SEL_DATA3 & ~3 :
				other_es && odd ? T(2) | 3 : SEL_DATA3), "%u: es %x", i, e->es);
		if (code == mixed && !(i & 1))
			looked_for(i, i / 2);
		else if (faults && code != mixed)
			looked_for(i, i);
	}
	/*
	 * Without paging ring 3 may write the GDT, and may not run directly for long. Where the
	 * CPU checks limits the way back to ring 3 is the VMM's: it has always looked.
	 */
	if (paged && under_vmbt() && inl(PORT_AGAIN) != PLACE_NONE)
		sweep(limits ? !n : n >= at_least, "at-once: %u, of %u", n, at_least);
	sweep_end();
	idt_set(0x80, GATE_80);
	as_before();
}

/* Does the CPU below check limits? (system/inside.c has that as a test.) */
static bool checks_limits(void)
{
	struct cpu c;

	gdt_set(T(0), descriptor(0, 0xff, D_DATA, D_B));
	cpu_init(&c, 0, read_it);
	c.ds = T(0);
	c.ebx = 0x100;
	run(&c);
	return c.vector == GP;
}

/* What the guest changes of a way when nobody is looking. */
static void unseen(const char *mode, const struct ways *w)
{
	name("%s/%s", mode, w->name);
	load_gdt(SMALL_GDT);
	warm();
	/* vmbt has to see the page table being written to a few times first. */
	quickly(mode, w, "same", w->plain, ROUNDS / 4);
	flip_gate = ((u32)w->kernel[0] ^ (u32)w->kernel[1]) & 0xffff;
	quickly(mode, w, "gate", w->plain, 1);
	flip_gate = 0;
	flip_esp0 = 64;
	quickly(mode, w, "esp0", w->plain, 1);
	flip_esp0 = 0;
	quickly(mode, w, "segment", w->other_es, 1);
	if (w->vector == PF)
		quickly(mode, w, "mixed", mixed, 0);
	memcpy_(other_idt, idt, sizeof(idt));
	other_idt[w->vector] = quick_gate(w->kernel[1]);
	quick_idtr.limit = sizeof(idt) - 1;
	quick_idtr.base = (u32)idt;
	flip_idt = (u32)idt ^ (u32)other_idt;
	quickly(mode, w, "idtr", w->plain, 1);
	flip_idt = 0;
	load_gdt(sizeof(gdt) - 1);
}

/* An entry of the GDT that changes between one load of it and the next. */
static void lends(const char *what, u32 flip, u32 at_least)
{
	const u64 d = descriptor(0, 0xfffff, D_DATA | D_DPL(3), D_G | D_B);
	struct cpu c;
	u32 i, n;

	sweep_begin("lent/%s", what);
	load_gdt(SMALL_GDT);
	gdt_set(LENT, d);
	idt_set(0x80, quick_gate(lend));
	idt_set(0x40, handler(0x40, GATE_INT32 | D_DPL(3)));
	lent_entry = (u32 *)&gdt[LENT >> 3];
	lent[0] = (u32)d;
	lent[1] = d >> 32;
	lent_flip = flip;
	lent_words[0] = 0x11111111;
	lent_words[1024] = 0x22222222;
	nentered = 0;
	user(&c, borrows);
	c.ebx = (u32)lent_words;
	c.ecx = ROUNDS;
	c.edx = LENT | 3;
	outl(PORT_COUNT, 0);
	run(&c);
	n = inl(PORT_STRAIGHT);
	sweep(c.vector == 0x40 && c.ecx == 0 && nentered == ROUNDS, "vector %x, %u of %u",
	      c.vector, nentered, ROUNDS);
	/* The last call's word is the first. */
	for (i = 0; i < ROUNDS; i++)
		sweep(lent_got[ROUNDS - 1 - i] ==
		      (flip && i & 8 ? 0x22222222 : 0x11111111), "%u: %x", i,
		      lent_got[ROUNDS - 1 - i]);
	/* Without any part of vmbt's VMM once it has seen the writes a few times. */
	if (under_vmbt() && inl(PORT_AGAIN) != PLACE_NONE)
		sweep(limits ? !n : n >= at_least, "at-once: %u, of %u", n, at_least);
	sweep_end();
	idt_set(0x80, GATE_80);
	load_gdt(sizeof(gdt) - 1);
	as_before();
}

/*
 * vmbt executes user code directly only where it can't write the GDT unseen: a GDT
 * that changes a lot is for the kernel alone, or it stays as it is.
 */
static void all(const char *mode)
{
	counted(mode);
	unseen(mode, &by_calls);
	if (paged) {
		unseen(mode, &by_faults);
		lends("same", 0, ROUNDS / 2);
		lends("base", 0x10000000, 1);
	}
	idt_changes(mode);
	tss_changes(mode);
	callers(mode);
}

void guest_main(void)
{
	u32 cr3;

	limits = checks_limits();
	gdt_set(T(0), gdt[SEL_DATA0 >> 3]);
	gdt_set(T(1), gdt[SEL_CODE0 >> 3]);
	gdt_set(T(2), descriptor(0, 0xfffff, D_DATA | D_DPL(3), D_G | D_B));
	gdt_set(T(3), descriptor(0x1000, 0xfff, D_DATA | D_DPL(3), D_B));
	idt_set(0x80, GATE_80);
	all("unpaged");

	cr3 = paging_identity(PAGING_32);
	paging_protect(PAGING_32, cr3);
	page_table = paging_entry(PAGING_32, cr3, POOL_AT & ~0x3fffffu);
	touch_table = page_alloc();
	((u32 *)cr3)[TOUCH_AT >> 22] = (u32)touch_table | 7;
	paging_on(PAGING_32, cr3);
	set_pte(USER_AT, 0);
	paged = true;
	all("paged");
	stack_changes();
	gdt_changes("paged");
	counted("end");
	paging_off();
}
#endif
