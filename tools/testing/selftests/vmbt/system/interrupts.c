// SPDX-License-Identifier: GPL-2.0
/*
 * External interrupts: at every instruction boundary of loops, and nowhere
 * else; shadows of STI, MOV SS and POP SS; HLT; between the iterations of
 * string instructions; by polling.
 *
 * SDM vol. 3, 6.8.1 (IF, STI), 6.8.3 (SS), 6.6 (restart), vol. 2 HLT, STI.
 * The source is the PC's timer: a pair of 8259As, an 8254 in mode 0.
 */
#include "system.h"

HOST_HALF(.chips = true);

#ifdef SYSTEM_GUEST

#define TIMER	0x20u

static void pic_init(void)
{
	outb(0x20, 0x11);
	outb(0x21, TIMER);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0xa0, 0x11);
	outb(0xa1, TIMER + 8);
	outb(0xa1, 2);
	outb(0xa1, 1);
	outb(0x21, 0xfe);
	outb(0xa1, 0xff);
}

static void end_of_interrupt(void)
{
	outb(0x20, 0x20);
}

/* One interrupt after @clocks of the timer (0.84 us each). */
static void arm(u32 clocks)
{
	outb(0x43, 0x30);
	outb(0x40, clocks);
	outb(0x40, clocks >> 8);
}

/* Is the timer's line asking? */
static bool requested(void)
{
	outb(0x20, 0x0a);
	return inb(0x20) & 1;
}

/* An interrupt that waits: IF is clear. */
static bool raise(void)
{
	u32 n;

	arm(2);
	for (n = 0; n < 1000000 && !requested(); n++)
		;
	return requested();
}

static void quiet(void)
{
	/* Mode 0 with a long count: the line falls. */
	arm(0xffff);
}

/*
 * Run until something that counts: a request that is gone again when the CPU
 * acknowledges it is vector 7 of the controller (8259A data sheet).
 */
static void run_on(struct cpu *c)
{
	do {
		run(c);
	} while (c->vector == TIMER + 7);
}

/* A loop whose registers tell where it is. */

#define LOOP								\
	"xorl %eax, %eax; xorl %ebx, %ebx; xorl %esi, %esi; 1: incl %eax;"	\
	"addl $3, %ebx; pushl %eax; popl %edx; xorl %edi, %edi;"	\
	"leal (%eax,%eax), %esi; decl %ecx; jnz 1b"
CODE(loop_code, LOOP, "nop");

/* Step to a boundary, and let an interrupt in there. 6.6: nothing happened. */
static void every_boundary(void)
{
	u32 ring, n, at[40], eips = 0, i, taken = 0;
	struct cpu c, before;

	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("boundary/ring%u", ring);
		cpu_init(&c, ring, loop_code);
		c.ecx = 4;
		for (n = 0; n < 200; n++) {
			before = c;
			if (!raise()) {
				sweep(false, "%u: the timer does not ask", n);
				break;
			}
			c.eflags |= FL_IF;
			run_on(&c);
			quiet();
			sweep(c.vector == TIMER && c.eip == before.eip && c.eax == before.eax &&
			      c.ebx == before.ebx && c.ecx == before.ecx && c.edx == before.edx &&
			      c.esi == before.esi && c.edi == before.edi && c.esp == before.esp &&
			      ((c.eflags ^ before.eflags) & ~(FL_IF | FL_RF)) == 0,
			      "%u: vector %u at %x want %x", n, c.vector, c.eip, before.eip);
			if (c.vector == TIMER) {
				end_of_interrupt();
				taken++;
			}
			for (i = 0; i < eips && at[i] != c.eip; i++)
				;
			if (i == eips && eips < ARRAY_SIZE(at))
				at[eips++] = c.eip;
			c = before;
			/* One instruction on. */
			c.eflags |= FL_TF;
			run_on(&c);
			c.eflags &= ~FL_TF;
			if (c.vector != DB)
				break;
		}
		sweep_end();
		name("boundary/through/ring%u", ring);
		expect("vector", c.vector, VEC_END);
		expect("eax", c.eax, 4);
		expect("ebx", c.ebx, 12);
	}
	name("boundary/all");
	/* Three before the loop, eight in it, a NOP and the INT. */
	expect("places", eips, 13);
	expect("taken", taken, 2 * (3 + 4 * 8 + 2));
}

/* Where the loop is, its registers must be. */
static bool consistent(const struct cpu *c, u32 total)
{
	const u32 first = (u32)loop_code + 6, off = c->eip - first;
	u32 done = total - c->ecx, place;

	/* Offsets of the loop's instructions. */
	static const u8 offsets[] = { 0, 1, 4, 5, 6, 8, 11, 12 };

	if (c->eip < first || c->eip >= (u32)loop_code_at)
		return true;
	for (place = 0; place < ARRAY_SIZE(offsets) && offsets[place] != off; place++)
		;
	if (place == ARRAY_SIZE(offsets))
		return false;
	if (place == 7)
		done--;			/* ECX counts already */
	return c->eax == done + (place >= 1) && c->ebx == 3 * (done + (place >= 2)) &&
	       (place < 4 || c->edx == c->eax) && (place < 6 || c->esi == 2 * c->eax) &&
	       (place < 5 || !c->edi);
}

/* At any moment: hundreds of times, with the timer as it comes. */
static void any_moment(void)
{
	const u32 total = 100000;
	struct cpu c;
	u32 ring, n, left;

	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("moment/ring%u", ring);
		cpu_init(&c, ring, loop_code);
		c.ecx = total;
		for (n = 0, left = 0; n < 300; n++) {
			const u32 esp = c.esp;

			arm(20 + n % 97 * 31);
			c.eflags |= FL_IF;
			run_on(&c);
			quiet();
			if (c.vector != TIMER) {
				sweep(c.vector == VEC_END && c.eax == total && c.ebx == 3 * total,
				      "%u: vector %u eax %x ebx %x", n, c.vector, c.eax, c.ebx);
				cpu_init(&c, ring, loop_code);
				c.ecx = total;
				left++;
				continue;
			}
			end_of_interrupt();
			sweep(consistent(&c, total) && (c.esp == esp || c.esp == esp - 4 ||
							c.esp == esp + 4),
			      "%u: at %x eax %x ebx %x ecx %x edx %x esp %x", n,
			      c.eip - (u32)loop_code, c.eax, c.ebx, c.ecx, c.edx, c.esp);
		}
		sweep_end();
	}
}

/* The shadows. Each piece is entered with IF clear and an interrupt waiting. */

CODE(after_sti, "", "sti; nop; nop");
CODE(sti_cli, "", "sti; cli; nop; nop");
CODE(sti_sti, "", "sti; sti; nop");
CODE(sti_hlt, "", "sti; hlt; nop");
CODE(sti_ret, "pushl $after_ret", "sti; ret");
CODE(after_ret, "", "nop");
CODE(popf_on, "pushl $0x202", "popfl; nop");
CODE(iret_on, "pushl $0x202; pushl %cs; pushl $1f", "iret; 1: nop");
CODE(mov_ss, "movw %ss, %ax; pushl $0x202", "popfl");
CODE(sti_mov_ss, "movw %ss, %ax", "sti; movw %ax, %ss; nop; nop");
CODE(nothing, "", "nop; nop");
CODE(sti_int, "", "sti; int $0x50");

static void shadows(void)
{
	static const struct {
		const char *name;
		const u8 *code;
		const u8 *at;		/* NULL: not taken */
		u32 offset, later;
	} t[] = {
		{ "sti", after_sti, after_sti_at, 2 },
		{ "sti-cli", sti_cli, NULL },
		/* The second STI has no shadow of its own. */
		{ "sti-sti", sti_sti, sti_sti_at, 2 },
		{ "sti-hlt", sti_hlt, sti_hlt_at, 2 },
		{ "sti-ret", sti_ret, after_ret, 0 },
		{ "popf", popf_on, popf_on_at, 1 },
		{ "iret", iret_on, iret_on_at, 1 },
		{ "if-clear", nothing, NULL },
		/* One instruction more behind MOV SS, in the shadow of STI. */
		{ "sti-mov-ss", sti_mov_ss, sti_mov_ss_at, 3, 1 },
	};
	struct cpu c;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		name("shadow/%s", t[i].name);
		raise();
		run_code(&c, 0, t[i].code);
		quiet();
		if (c.vector == TIMER)
			end_of_interrupt();
		if (!t[i].at)
			expect_end(&c);
		else if (t[i].later)
			/* 6.8.3: the second of two shadows may not hold. */
			check(c.vector == TIMER &&
			      (c.eip == (u32)t[i].at + t[i].offset ||
			       c.eip == (u32)t[i].at + t[i].offset + t[i].later),
			      "vector %u at %x", c.vector, c.eip);
		else
			expect_trap(&c, TIMER, 0, t[i].at + t[i].offset);
		outb(0x20, 0x20);
	}
	/* A handler's IRET lets the next one in at once. */
	name("shadow/pending-at-ring3");
	raise();
	cpu_init(&c, 3, nothing);
	c.eflags |= FL_IF;
	run_on(&c);
	quiet();
	expect_trap(&c, TIMER, 0, nothing);
	end_of_interrupt();
}

/* HLT waits, and goes on behind itself. */

CODE(halts, "", "sti; hlt");

static void halted(void)
{
	struct cpu c;
	u32 n;

	sweep_begin("halt");
	for (n = 0; n < 10; n++) {
		arm(500 + 100 * n);
		/* However late it is, the HLT is in the shadow of STI. */
		cpu_init(&c, 0, halts);
		run_on(&c);
		quiet();
		sweep(c.vector == TIMER && c.eip == (u32)halts_next, "%u: vector %u at %x", n,
		      c.vector, c.eip);
		end_of_interrupt();
	}
	sweep_end();
}

/* A string instruction is left between iterations, and goes on. 6.6; vol. 2, REP. */

CODE(string, "cld", "rep movsb");

static void strings(void)
{
	const u32 len = 0x100000, from = 0x800000, to = 0xa00000;
	struct cpu c;
	u32 n, ring, hits;

	for (ring = 0; ring <= 3; ring += 3) {
		sweep_begin("string/ring%u", ring);
		for (n = 0; n < len; n += 4)
			poke(from + n, n * 0x9e3779b1 + ring);
		memset_((void *)to, 0, len);
		cpu_init(&c, ring, string);
		c.ecx = len;
		c.esi = from;
		c.edi = to;
		for (n = 0, hits = 0; n < 10000; n++) {
			arm(1500);
			c.eflags |= FL_IF;
			run_on(&c);
			quiet();
			if (c.vector != TIMER)
				break;
			end_of_interrupt();
			hits += c.eip == (u32)string_at;
			sweep(c.esi - from == len - c.ecx && c.edi - to == len - c.ecx &&
			      (c.eip == (u32)string_at || c.eip == (u32)string ||
			       (!c.ecx && c.eip == (u32)string_next)),
			      "%u: at %x ecx %x esi %x", n, c.eip, c.ecx, c.esi);
		}
		sweep(c.vector == VEC_END && !c.ecx && memeq((void *)from, (void *)to, len),
		      "end: vector %u ecx %x", c.vector, c.ecx);
		sweep_end();
		name("string/interrupted/ring%u", ring);
		check(hits > 0 || n < 3, "never between two iterations, %u interrupts", n);
	}
}

/* In virtual-8086 and real mode. */

CODE16(loop16, "xorw %ax, %ax; movw $60000, %cx; 1: incw %ax; loop 1b", "nop");

static void modes(void)
{
	static const struct code16 p = PIECE16(loop16);
	struct cpu c;
	u32 n, real;

	for (real = 0; real < 2; real++) {
		sweep_begin("modes/%s", real ? "real" : "v86");
		cpu_init16(&c, &p);
		if (!real)
			c.eflags |= FL_VM | FL_IOPL;
		for (n = 0; n < 200; n++) {
			arm(40 + n % 50 * 40);
			c.eflags |= FL_IF;
			do {
				if (real)
					run_real(&c, SEL_DATA16);
				else
					run(&c);
			} while (c.vector == TIMER + 7);
			quiet();
			if (c.vector != TIMER)
				break;
			end_of_interrupt();
			/* At INC or at LOOP, or before it. */
			sweep(c.eip < CODE16_IP + 5 ||
			      (c.eip == CODE16_IP + 5 &&
			       (c.eax & 0xffff) == 60000 - (c.ecx & 0xffff)) ||
			      (c.eip == CODE16_IP + 6 &&
			       (c.eax & 0xffff) == 60001 - (c.ecx & 0xffff)) ||
			      c.eip >= CODE16_IP + 8,
			      "%u: at %x ax %x cx %x", n, c.eip, c.eax, c.ecx);
		}
		sweep(n == 200 || (c.vector == VEC_END && (c.eax & 0xffff) == 60000),
		      "end: vector %u ax %x", c.vector, c.eax);
		sweep_end();
	}
}

/*
 * After a poll command the next read, of whichever port, is the poll word, and
 * acknowledges (8259A data sheet, Poll Command). The read behind it is of the mask again.
 */
static void polled(void)
{
	u8 word, mask;
	u32 n;

	for (n = 0; n < 2; n++) {
		name("poll/port-%x", 0x20 + n);
		check(raise(), "the timer does not ask");
		outb(0x20, 0x0c);
		word = n ? inb(0x21) : inb(0x20);
		mask = inb(0x21);
		quiet();
		end_of_interrupt();
		expect("word", word, 0x80);
		expect("mask", mask, 0xfe);
		name("poll/port-%x-idle", 0x20 + n);
		outb(0x20, 0x0c);
		word = n ? inb(0x21) : inb(0x20);
		mask = inb(0x21);
		expect("asks", word >> 7, 0);
		expect("mask", mask, 0xfe);
	}
}

void guest_main(void)
{
	pic_init();
	quiet();
	every_boundary();
	any_moment();
	shadows();
	halted();
	strings();
	modes();
	polled();
}
#endif
