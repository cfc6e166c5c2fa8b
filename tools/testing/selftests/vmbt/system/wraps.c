// SPDX-License-Identifier: GPL-2.0
/*
 * What moves through the last 4 MiB of the linear space step by step: stacks of
 * 16 and 32 bits, and strings with 16- and 32-bit addresses, across their edges,
 * around 64 KiB and around 4 GiB.
 *
 * SDM vol. 1: 6.2.3 (stack size and wrapping), 3.3.7 (address size); vol. 2: PUSH
 * to POPA, CALL, RET, ENTER, LEAVE, REP; vol. 3: 5.3 (limits), 6.15 (#SS).
 * Each instruction is a list of accesses; the model of guest/top.c says how each
 * ends, and nothing has changed but what came before the first that faults.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST
#include "guest/top.h"

#define T(n)	(SEL_TEST + 8 * (n))

static bool limits;

/* IRET to a 16-bit stack loads SP only; all of ESP is in EDI. */
#define ESP "movl %edi, %esp"

CODE(push32, ESP, "pushl %eax");
CODE(push16, ESP, "pushw %ax");
CODE(push_imm, ESP, "pushl $-7");
CODE(pop32, ESP, "popl %ecx");
CODE(pop16, ESP, "popw %cx");
CODE(pusha_, ESP, "pushal");
CODE(pushaw_, ESP, "pushaw");
CODE(popa_, ESP, "popal");
CODE(popaw_, ESP, "popaw");
CODE(pushf_, ESP, "pushfl");
CODE(call_near, ESP, "call 1f; 1:");
CODE(call_reg, ESP "; movl $call_reg_next, %edx", "call *%edx");
CODE(call_far, ESP, "lcall *%ds:call_far_to");
CODE(ret_near, ESP, "ret");
CODE(ret_n, ESP, "ret $8");
CODE(enter_0, ESP, "enter $0, $0");
CODE(leave_, ESP, "leave");
static SHARED struct {
	u32 offset;
	u16 selector;
} __packed call_far_to;

enum stack_kind { PUSH, POP, LEAVE, RET };

static const struct stack_op {
	const char *name;
	const u8 *code, *at, *next;
	enum stack_kind kind;
	u32 count, size;
	u32 more;		/* added to ESP besides */
} stack_ops[] = {
	{ "push32", push32, push32_at, push32_next, PUSH, 1, 4 },
	{ "push16", push16, push16_at, push16_next, PUSH, 1, 2 },
	{ "push-imm", push_imm, push_imm_at, push_imm_next, PUSH, 1, 4 },
	{ "pop32", pop32, pop32_at, pop32_next, POP, 1, 4 },
	{ "pop16", pop16, pop16_at, pop16_next, POP, 1, 2 },
	{ "pusha", pusha_, pusha__at, pusha__next, PUSH, 8, 4 },
	{ "pushaw", pushaw_, pushaw__at, pushaw__next, PUSH, 8, 2 },
	{ "popa", popa_, popa__at, popa__next, POP, 8, 4 },
	{ "popaw", popaw_, popaw__at, popaw__next, POP, 8, 2 },
	{ "pushf", pushf_, pushf__at, pushf__next, PUSH, 1, 4 },
	{ "call", call_near, call_near_at, call_near_next, PUSH, 1, 4 },
	{ "call-reg", call_reg, call_reg_at, call_reg_next, PUSH, 1, 4 },
	{ "call-far", call_far, call_far_at, call_far_next, PUSH, 2, 4 },
	{ "ret", ret_near, ret_near_at, ret_near_next, RET, 1, 4 },
	{ "ret-n", ret_n, ret_n_at, ret_n_next, RET, 1, 4, 8 },
	{ "enter", enter_0, enter_0_at, enter_0_next, PUSH, 1, 4 },
	{ "leave", leave_, leave__at, leave__next, LEAVE, 1, 4 },
};

static const struct segment stacks[] = {
	{ "flat", 0, 0xfffff, D_DATA, D_G | D_B },
	{ "wraps", 0x5678, 0xfffff, D_DATA, D_G | D_B },
	{ "based-high", 0xb7e2c6c0, 0xfffff, D_DATA, D_G | D_B },
	{ "bytes-across", TOP - 0x800, 0xfff, D_DATA, D_B },
	{ "ends-below", 0, 0xffbff, D_DATA, D_G | D_B },
	{ "down", 0, 0xffbfe, 0x97, D_G | D_B },
	{ "down-wraps", 0x2000, 0xfffff - 0x801, 0x97, D_G | D_B },
	{ "down-based-high", 0xb7000000, 0x1000, 0x97, D_G | D_B },
	{ "16-bit", TOP - 0x8000, 0xffff, D_DATA, 0 },
	{ "16-bit-around", TOP_SEGMENT, 0xffff, D_DATA, 0 },
	{ "16-bit-short", TOP - 0x8000, 0x7fff, D_DATA, 0 },
	{ "16-bit-inside", TOP, 0x1fff, D_DATA, 0 },
	{ "16-bit-all", TOP_MIDDLE - 0x10000, 0xfffff, D_DATA, D_G },
	{ "down-16", TOP - 0x8000, 0x6fff, 0x97, 0 },
	{ "down-16-around", TOP_SEGMENT, 0x0fff, 0x97, 0 },
};

static u32 mask_of(const struct segment *s)
{
	return s->flags & D_B ? 0xffffffff : 0xffff;
}

/* ESP moved by @by: of a 16-bit stack only SP. */
static u32 moved(const struct segment *s, u32 esp, u32 by)
{
	return (esp & ~mask_of(s)) | ((esp + by) & mask_of(s));
}

/* All accesses of an instruction in turn; @o is the first that faults. */
static bool stack_model(const struct segment *s, const struct stack_op *op, const struct cpu *c,
			struct outcome *o)
{
	const u32 mask = mask_of(s);
	const bool write = op->kind == PUSH;
	u32 i, offset;

	*o = (struct outcome){ .vector = VEC_END };
	for (i = 0; i < op->count && o->vector == VEC_END; i++) {
		if (write)
			offset = (c->esp - op->size * (i + 1)) & mask;
		else
			offset = ((op->kind == LEAVE ? c->ebp : c->esp) + op->size * i) & mask;
		if (segment_open(offset, op->size))
			return false;
		top_access(s, SS, offset, op->size, write, c->cs & 3, o);
	}
	return limits || o->vector != SS;
}

/* What the instruction has pushed as its @i'th. */
static u32 pushed(const struct stack_op *op, const struct cpu *c, u32 i)
{
	const u32 regs[] = { c->eax, c->ecx, c->edx, c->ebx, c->esp, c->ebp, c->esi, c->edi };

	if (op->code == push_imm)
		return -7;
	if (op->code == pushf_)
		return c->eflags;
	if (op->code == call_near || op->code == call_reg)
		return (u32)op->next;
	if (op->code == call_far)
		return i ? (u32)op->next : c->cs;
	if (op->code == enter_0)
		return c->ebp;
	return op->count == 8 ? regs[i] : c->eax;
}

static u32 pattern(u32 lin, u32 size)
{
	u32 i, v = 0;

	for (i = 0; i < size; i++)
		v |= (u32)top_pattern(lin + i) << 8 * i;
	return v;
}

static bool popped(const struct segment *s, const struct stack_op *op, const struct cpu *before,
		   const struct cpu *c)
{
	const u32 got[] = { c->edi, c->esi, c->ebp, 0, c->ebx, c->edx, c->ecx, c->eax };
	const u32 had[] = { before->edi, before->esi, before->ebp, 0, before->ebx, before->edx,
			    before->ecx, before->eax };
	u32 i, v, high;

	for (i = 0; i < op->count; i++) {
		u32 k = op->count == 8 ? i : 6;

		v = pattern(s->base + ((before->esp + op->size * i) & mask_of(s)), op->size);
		high = op->size == 2 ? had[k] & 0xffff0000 : 0;
		if (k != 3 && got[k] != (high | v))
			return false;
	}
	return true;
}

static bool stored(const struct segment *s, const struct stack_op *op, const struct cpu *before)
{
	u32 i, k, v;
	u8 *p;

	for (i = 0; i < op->count; i++) {
		v = pushed(op, before, i);
		for (k = 0; k < op->size; k++) {
			p = top_byte(s->base + ((before->esp - op->size * (i + 1)) & mask_of(s)) +
				     k);
			if (!p || READ_ONCE(*p) != (u8)(v >> 8 * k))
				return false;
		}
	}
	return true;
}

/* Room for the frames that come and go at ring 0? */
static bool roomy(const struct segment *s, u32 esp)
{
	struct outcome o;
	u32 i;

	for (i = 0; i < 240; i += 8) {
		top_access(s, SS, (esp - 160 + i) & mask_of(s), 8, true, 0, &o);
		if (o.vector != VEC_END)
			return false;
	}
	return true;
}

static void stack_one(const struct segment *s, const struct stack_op *op, u32 ring, u32 esp)
{
	const u32 lin = s->base + (esp & mask_of(s));
	struct cpu c, before;
	struct outcome o;
	bool good;
	u32 i, want;
	u8 *p;

	cpu_init(&before, ring, op->code);
	before.ss = T(0) | ring;
	before.esp = esp;
	before.ebp = op->kind == LEAVE ? esp : 0x5a6b7c8d;
	before.eflags = top_flags(ring);
	before.eax = 0x11223344;
	before.ebx = 0x55667788;
	before.ecx = 0x99aabbcc;
	before.edx = 0xddeeff01;
	before.esi = 0x23456789;
	if (op->kind == LEAVE)
		before.esp = ring ? 0x77777777 : esp;
	before.edi = before.esp;
	if (!stack_model(s, op, &before, &o))
		return;
	if (!ring && (o.vector != VEC_END || !roomy(s, esp)))
		return;
	/* Nor is a frame looked at that goes on at the other end. */
	if (!ring && ((esp - 160) & mask_of(s)) > ((esp + 80) & mask_of(s)))
		return;
	if (op->code == call_reg)
		before.edx = (u32)op->next;
	if (op->code == call_far) {
		call_far_to.offset = (u32)op->next;
		call_far_to.selector = before.cs;
	}
	for (i = 0; op->kind == RET && i < 4; i++) {
		p = top_byte(s->base + ((esp & mask_of(s))) + i);
		if (p)
			WRITE_ONCE(*p, (u32)op->next >> 8 * i);
	}
	c = before;
	run(&c);
	good = c.vector == o.vector && c.ss == before.ss;
	if (o.vector != VEC_END) {
		want = before.esp;
		good &= c.error == o.error && c.eip == (u32)op->at && c.ebp == before.ebp &&
			(o.vector != PF || c.cr2 == o.cr2);
	} else if (op->kind == PUSH) {
		want = moved(s, esp, -op->count * op->size);
		good &= stored(s, op, &before);
		if (op->code == enter_0)
			good &= c.ebp == want;
	} else if (op->kind == POP) {
		want = moved(s, esp, op->count * op->size);
		good &= popped(s, op, &before, &c);
	} else if (op->kind == RET) {
		want = moved(s, esp, 4 + op->more);
	} else {
		want = moved(s, (before.esp & ~mask_of(s)) | (esp & mask_of(s)), 4);
		good &= c.ebp == pattern(lin, 4);
	}
	top_refill(lin - 160, 240);
	/* What went around the end of the segment. */
	if (mask_of(s) == 0xffff) {
		top_refill(s->base, 80);
		top_refill(s->base + 0x10000 - 160, 168);
	}
	/* At ring 0 it is looked at through the stack itself. */
	good &= !((c.esp ^ want) & (ring ? 0xffffffff : mask_of(s)));
	sweep(good,
	      "%s-%x: vector %u error %x at +%x cr2 %x esp %x ebp %x, want %u %x %x %x", op->name,
	      esp, c.vector, c.error, c.eip - (u32)op->at, c.cr2, c.esp, c.ebp, o.vector, o.error,
	      o.cr2, want);
}

static const u32 places[] = {
	TOP, TOP + 0x1000, TOP_ABSENT, TOP_READ_ONLY, TOP_SUPERVISOR, TOP_SUPERVISOR + 0x1000,
	TOP_MIDDLE, 0,
};

static const u32 steps[] = { -8, -4, -3, -1, 0, 1, 2, 4, 5, 8, 9, 18, 32, 200 };

static void stack_sweep(const struct segment *s, const struct stack_op *op, u32 ring)
{
	const u32 limit = s->flags & D_G ? s->limit << 12 | 0xfff : s->limit;
	const u32 ends[] = { limit + 1, 0x10000 };
	u32 i, k, at;

	for (i = 0; i < ARRAY_SIZE(places) + ARRAY_SIZE(ends); i++) {
		at = i < ARRAY_SIZE(places) ? places[i] - s->base : ends[i - ARRAY_SIZE(places)];
		if (mask_of(s) == 0xffff && i < ARRAY_SIZE(places) && at > 0x10000)
			continue;
		for (k = 0; k < ARRAY_SIZE(steps); k++) {
			u32 esp = (at + steps[k]) & mask_of(s);

			if (!top_byte(s->base + esp) && !top_byte(s->base + esp - 1))
				continue;
			if (mask_of(s) == 0xffff)
				esp |= 0xabcd0000;
			stack_one(s, op, ring, esp);
		}
	}
}

static void stack_all(void)
{
	u32 i, k, ring;

	for (i = 0; i < ARRAY_SIZE(stacks); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			gdt_set(T(0), segment_descriptor(&stacks[i], ring));
			sweep_begin("stack/%s/ring%u", stacks[i].name, ring);
			for (k = 0; k < ARRAY_SIZE(stack_ops); k++)
				stack_sweep(&stacks[i], &stack_ops[k], ring);
			sweep_end();
		}
}

/* Strings: DS:ESI and ES:EDI, of which one is under test. */

CODE(stos8, "", "rep stosb");
CODE(stos32, "", "rep stosl");
CODE(stos32_16, "", "addr16 rep stosl");
CODE(movs_to8, "", "rep movsb");
CODE(movs_to32, "", "rep movsl");
CODE(movs_to32_16, "", "addr16 rep movsl");
CODE(lods32, "", "rep lodsl");
CODE(lods32_16, "", "addr16 rep lodsl");
CODE(lods_fs16, "", "rep lodsw %fs:(%esi), %ax");
CODE(scas8, "", "repne scasb");
CODE(scas32_16, "", "addr16 repne scasl");
CODE(cmps32, "", "repe cmpsl");

static SHARED u8 flat_bytes[256] __aligned(16);

#define TO	1u		/* ES:EDI is under test, else DS:ESI */
#define STORES	2u
#define BOTH	4u		/* the other pointer moves, too */
#define SHORT	8u		/* 16-bit addresses */

static const struct string_op {
	const char *name;
	const u8 *code, *at;
	u32 size, flags;
} string_ops[] = {
	{ "stosb", stos8, stos8_at, 1, TO | STORES },
	{ "stosl", stos32, stos32_at, 4, TO | STORES },
	{ "stosl-16", stos32_16, stos32_16_at, 4, TO | STORES | SHORT },
	{ "movsb-to", movs_to8, movs_to8_at, 1, TO | STORES | BOTH },
	{ "movsl-to", movs_to32, movs_to32_at, 4, TO | STORES | BOTH },
	{ "movsl-from", movs_to32, movs_to32_at, 4, BOTH },
	{ "lodsl", lods32, lods32_at, 4, 0 },
	{ "lodsl-16", lods32_16, lods32_16_at, 4, SHORT },
	{ "lodsw-fs", lods_fs16, lods_fs16_at, 2, 0 },
	{ "scasb", scas8, scas8_at, 1, TO },
	{ "scasl-16", scas32_16, scas32_16_at, 4, TO | SHORT },
	{ "cmpsl-to", cmps32, cmps32_at, 4, TO | BOTH },
};

static const struct segment strings[] = {
	{ "flat", 0, 0xfffff, D_DATA, D_G | D_B },
	{ "wraps", 0x5678, 0xfffff, D_DATA, D_G | D_B },
	{ "bytes-across", TOP - 0x800, 0xffe, D_DATA, D_B },
	{ "down", 0, 0xffbfe, 0x97, D_G | D_B },
	{ "down-wraps", 0x2000, 0xfffff - 0x801, 0x97, D_G | D_B },
	{ "64k", TOP - 0x8000, 0xffff, D_DATA, D_B },
	{ "64k-around", TOP_SEGMENT, 0xffff, D_DATA, D_B },
	{ "64k-more", TOP_SEGMENT, 0xfffff, D_DATA, D_G | D_B },
};

/* @count items from @offset on, the way @back says. */
static void string_one(const struct segment *s, const struct string_op *op, u32 ring, u32 offset,
		       u32 count, bool back)
{
	const u32 mask = op->flags & SHORT ? 0xffff : 0xffffffff;
	const u32 step = back ? -op->size : op->size;
	u32 flat = (u32)flat_bytes + 128, done, want, other, i, at;
	struct cpu c, before;
	struct outcome o = { .vector = VEC_END };
	bool good = true;
	u8 *p;

	for (done = 0; done < count; done++) {
		at = (offset + done * step) & mask;
		/* Low memory is where it always is, not under test. */
		if (segment_open(at, op->size) ||
		    (s->base + at < RAM_SIZE && !top_knows(s->base + at, op->size)))
			return;
		top_access(s, GP, at, op->size, op->flags & STORES && op->flags & TO, ring, &o);
		if (o.vector != VEC_END)
			break;
		/* CMPS: the other side is the same; SCAS: no item is EAX. */
		if (op->code == cmps32)
			for (i = 0; i < 4; i++)
				*(u8 *)(flat + done * step + i) = top_pattern(s->base + at + i);
		if (op->code == scas8 && top_pattern(s->base + at) == 0x44)
			return;
	}
	if (!limits && o.vector == GP)
		return;
	for (i = 0; op->flags & STORES && i < sizeof(flat_bytes); i++)
		flat_bytes[i] = 0xc0 ^ i;
	cpu_init(&before, ring, op->code);
	if (op->flags & TO)
		before.es = T(0) | ring;
	else
		before.ds = T(0) | ring;
	before.fs = before.ds;
	/* 16-bit addresses leave the upper halves alone; flat is below 64 KiB never. */
	before.esi = op->flags & TO ? flat : offset | (op->flags & SHORT ? 0x7bcd0000 : 0);
	before.edi = op->flags & TO ? offset | (op->flags & SHORT ? 0x7bcd0000 : 0) : flat;
	before.ecx = count | (op->flags & SHORT ? 0x12340000 : 0);
	before.eax = 0x11223344;
	before.eflags = top_flags(ring) | (back ? FL_DF : 0);
	c = before;
	run(&c);
	want = ((op->flags & TO ? before.edi : before.esi) & ~mask) |
	       ((offset + done * step) & mask);
	other = (op->flags & TO ? before.esi : before.edi) + (op->flags & BOTH ? done * step : 0);
	good &= c.vector == o.vector && c.ecx == before.ecx - done;
	good &= (op->flags & TO ? c.edi : c.esi) == want;
	good &= (op->flags & TO ? c.esi : c.edi) == other;
	if (o.vector != VEC_END)
		good &= c.error == o.error && c.eip == (u32)op->at &&
			(o.vector != PF || c.cr2 == o.cr2);
	for (i = 0; i < done; i++) {
		u32 lin = s->base + ((offset + i * step) & mask), k;

		for (k = 0; op->flags & STORES && k < op->size; k++) {
			const u8 *from = (u8 *)(flat + i * step + k);

			p = op->flags & TO ? top_byte(lin + k) : (u8 *)from;
			if (op->flags & TO)
				good &= READ_ONCE(*p) == (op->flags & BOTH ? *from :
							  (u8)(before.eax >> 8 * k));
			else
				good &= READ_ONCE(*p) == top_pattern(lin + k);
		}
		if (op->flags & TO)
			top_refill(lin, op->size);
	}
	sweep(good, "%s%s-%x: vector %u error %x cr2 %x ecx %x esi %x edi %x, want %u %x %x at %u",
	      op->name, back ? "-back" : "", offset, c.vector, c.error, c.cr2, c.ecx, c.esi, c.edi,
	      o.vector, o.error, o.cr2, done);
}

/* Across every place, and across 64 KiB and the limit. */
static void string_through(const struct segment *s, const struct string_op *op, u32 ring)
{
	static const u32 starts[] = { -18, -17, -16, -9, -4, -1 };
	const u32 ends[] = { 0x10000, s->limit + 1 };
	u32 n, m, at;

	for (n = 0; n < ARRAY_SIZE(places) + ARRAY_SIZE(ends); n++) {
		at = n < ARRAY_SIZE(places) ? places[n] - s->base : ends[n - ARRAY_SIZE(places)];
		if ((op->flags & SHORT) && at > 0x10000)
			continue;
		for (m = 0; m < ARRAY_SIZE(starts); m++) {
			if (!top_knows(s->base + at + starts[m], op->size))
				continue;
			string_one(s, op, ring, at + starts[m], 9, false);
			string_one(s, op, ring, at - starts[m], 9, true);
		}
	}
}

static void string_all(void)
{
	u32 i, k, ring;

	for (i = 0; i < ARRAY_SIZE(strings); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			gdt_set(T(0), segment_descriptor(&strings[i], ring));
			sweep_begin("string/%s/ring%u", strings[i].name, ring);
			for (k = 0; k < ARRAY_SIZE(string_ops); k++)
				string_through(&strings[i], &string_ops[k], ring);
			sweep_end();
		}
}

/* 16-bit addresses: sums wrap at 64 KiB, operands do not. */

CODE(addr16_sum, "", "addr16 movl 0x20(%bx,%si), %ecx");
CODE(addr16_put, "", "addr16 movl %eax, 0x20(%bx,%si)");
CODE(addr16_bp, "", "addr16 movw %ds:-2(%bp), %cx");

static void addr16(void)
{
	static const u32 bases[] = { TOP - 0x8000, TOP_SEGMENT, TOP_MIDDLE - 0xfffe };
	static const struct segment whole[] = {
		{ "64k", 0, 0xffff, D_DATA, D_B }, { "more", 0, 0xfffff, D_DATA, D_G | D_B },
		{ "down", 0, 0xfff, 0x97, D_B }, { "down-16", 0, 0xfff, 0x97, 0 },
	};
	u32 i, k, n, ring, sum;
	struct segment s;
	struct outcome o;
	struct cpu c;

	for (k = 0; k < ARRAY_SIZE(whole); k++)
		for (ring = 0; ring <= 3; ring += 3) {
			sweep_begin("addr16/%s/ring%u", whole[k].name, ring);
			for (i = 0; i < ARRAY_SIZE(bases); i++) {
				s = whole[k];
				s.base = bases[i];
				gdt_set(T(0), segment_descriptor(&s, ring));
				for (n = 0; n < 6 * 16; n++) {
					static const u32 at[] = { 0x8000, 0x10000, 0x1000, 0xe000,
								  0, 0xf000 };
					bool put = n & 1;

					/* Any two halves with this sum. */
					sum = at[n / 16] - 8 + n % 16;
					cpu_init(&c, ring, put ? addr16_put : addr16_sum);
					c.ds = T(0) | ring;
					c.eflags = top_flags(ring);
					c.ebx = 0x66660000 | ((0xfedc + n) & 0xffff);
					c.esi = 0x77770000 | ((sum - 0x20 - 0xfedc - n) & 0xffff);
					c.eax = 0x98badcfe;
					sum &= 0xffff;
					top_access(&s, GP, sum, 4, put, ring, &o);
					if ((!limits && o.vector == GP) ||
					    !top_knows(s.base + sum, 4))
						continue;
					run(&c);
					if (o.vector == VEC_END)
						sweep(c.vector == VEC_END &&
						      (put || c.ecx == pattern(s.base + sum, 4)),
						      "%x: vector %u ecx %x", sum, c.vector, c.ecx);
					else
						sweep(c.vector == o.vector && c.error == o.error &&
						      (o.vector != PF || c.cr2 == o.cr2),
						      "%x: vector %u error %x cr2 %x, want %u %x %x",
						      sum, c.vector, c.error, c.cr2, o.vector,
						      o.error, o.cr2);
					if (put && o.vector == VEC_END) {
						u8 bytes[] = { 0xfe, 0xdc, 0xba, 0x98 };

						sweep(top_holds(s.base + sum, 4, bytes),
						      "%x: memory", sum);
					}
				}
			}
			sweep_end();
		}
}

static void enforced(void)
{
	struct cpu c;

	gdt_set(T(0), descriptor(POOL_AT, 0xff, D_DATA | D_DPL(3), D_B));
	name("limits");
	cpu_init(&c, 3, push32);
	c.ss = T(0) | 3;
	c.esp = 0x1000;
	run(&c);
	limits = expect_trap(&c, SS, 0, push32_at);
}

void guest_main(void)
{
	enforced();
	top_begin(PAGING_PAE);
	stack_all();
	string_all();
	addr16();
	top_end();
}
#endif
