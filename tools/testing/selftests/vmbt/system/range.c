// SPDX-License-Identifier: GPL-2.0
/*
 * Data in the last 4 MiB of the linear space, at their edges and around 4 GiB:
 * reads, writes and both, of every size, through segments of every form.
 *
 * SDM vol. 3: 3.4.3 and 3.4.5 (bases, limits, expand-down), 5.3 to 5.5 (limit
 * and type checks), 4.6 and 4.7 (pages); vol. 1: 3.3.7 (16-bit addresses wrap
 * at 64 KiB), 8.1.10 and 10.5 (images of state). The model is in guest/top.c.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST
#include "guest/top.h"

#define T(n)	(SEL_TEST + 8 * (n))

/* What an instruction under test stores, and where it puts what it read. */
static SHARED u8 source[16] __aligned(16) = {
	0x11, 0x82, 0x33, 0x94, 0x55, 0xa6, 0x77, 0xb8,
	0x99, 0x3f, 0xbb, 0xdc, 0x1d, 0xfe, 0x5f, 0x06,
};

static SHARED u8 result[16] __aligned(16);

/*
 * The same instruction with each segment: %\reg is the one under test, %\flat one
 * that is flat.
 */
WITH_EACH(get8, "", "movb %\\reg:(%esi), %cl", "movl %ecx, %\\flat:result");
WITH_EACH(get16, "", "movw %\\reg:(%esi), %cx", "movl %ecx, %\\flat:result");
WITH_EACH(get32, "", "movl %\\reg:(%esi), %ecx", "movl %ecx, %\\flat:result");
WITH_EACH(put8, "", "movb %al, %\\reg:(%esi)", "");
WITH_EACH(put16, "", "movw %ax, %\\reg:(%esi)", "");
WITH_EACH(put32, "", "movl %eax, %\\reg:(%esi)", "");
WITH_EACH(add32, "", "addl %eax, %\\reg:(%esi)", "");
WITH_EACH(xor8, "", "xorb %al, %\\reg:(%esi)", "");
WITH_EACH(xchg16, "", "xchgw %ax, %\\reg:(%esi)", "movl %eax, %\\flat:result");
WITH_EACH(cx8, "xorl %eax, %eax; xorl %edx, %edx",
	  "lock cmpxchg8b %\\reg:(%esi)",
	  "movl %eax, %\\flat:result; movl %edx, %\\flat:result + 4");
WITH_EACH(bts, "", "btsl %edi, %\\reg:(%esi)", "");
WITH_EACH(setc, "", "setnc %\\reg:(%esi)", "");
WITH_EACH(imul, "", "imull $1, %\\reg:(%esi), %ecx", "movl %ecx, %\\flat:result");
WITH_EACH(lods, "", "lodsl %\\reg:(%esi), %eax", "movl %eax, %\\flat:result");
WITH_EACH(push, "", "pushl %\\reg:(%esi)", "popl %\\flat:result");
WITH_EACH(pop, "pushl %\\flat:source", "popl %\\reg:(%esi)", "");
WITH_EACH(sgdt_, "", "sgdt %\\reg:(%esi)", "");
WITH_EACH(smsw_, "", "smsw %\\reg:(%esi)", "");
WITH_EACH(sreg, "", "movw %fs, %\\reg:(%esi)", "");
WITH_EACH(fild, "fninit", "fildll %\\reg:(%esi)", "fistpll %\\flat:result");
WITH_EACH(fistp, "fninit; fildll %\\flat:source", "fistpll %\\reg:(%esi)", "");
WITH_EACH(fldt, "fninit", "fldt %\\reg:(%esi)", "fstpt %\\flat:result");
WITH_EACH(fstpt, "fninit; fldt %\\flat:source", "fstpt %\\reg:(%esi)", "");
WITH_EACH(ldq, "fninit", "movq %\\reg:(%esi), %mm1", "movq %mm1, %\\flat:result; emms");
WITH_EACH(stq, "fninit; movq %\\flat:source, %mm1", "movq %mm1, %\\reg:(%esi)", "emms");
WITH_EACH(ldu, "", "movups %\\reg:(%esi), %xmm1", "movaps %xmm1, %\\flat:result");
WITH_EACH(stu, "movaps %\\flat:source, %xmm1", "movups %xmm1, %\\reg:(%esi)", "");
WITH_EACH(lda, "", "movaps %\\reg:(%esi), %xmm1", "movaps %xmm1, %\\flat:result");
WITH_EACH(sta, "movaps %\\flat:source, %xmm1", "movaps %xmm1, %\\reg:(%esi)", "");
WITH_EACH(por, "pxor %xmm1, %xmm1", "por %\\reg:(%esi), %xmm1", "movaps %xmm1, %\\flat:result");
WITH_EACH(shuf, "", "pshufd $0x1b, %\\reg:(%esi), %xmm1", "movaps %xmm1, %\\flat:result");

/* What an instruction does with its operand. */
enum effect {
	READ, WRITE, ADD, XOR, XCHG, SAME, BTS, ONE, GDTR, MSW, FS, REVERSE,
};

#define STACK	1u		/* uses the stack, which has to be flat */
#define ALIGNED	2u		/* to 16 bytes, or #GP(0) */
#define PARTS	4u		/* may be written in parts */
#define KERNEL	8u		/* at ring 0 only: UMIP is for others to test */

#define NR_REGS		5
#define REG_SS		4

static const struct op {
	const char *name;
	const u8 *code[NR_REGS], *at[NR_REGS];
	u32 size;
	enum effect effect;
	u32 flags, delta;
} ops[] = {
	{ "get8", EACH(get8), 1, READ },
	{ "get16", EACH(get16), 2, READ },
	{ "get32", EACH(get32), 4, READ },
	{ "put8", EACH(put8), 1, WRITE },
	{ "put16", EACH(put16), 2, WRITE },
	{ "put32", EACH(put32), 4, WRITE },
	{ "add32", EACH(add32), 4, ADD },
	{ "xor8", EACH(xor8), 1, XOR },
	{ "xchg16", EACH(xchg16), 2, XCHG },
	{ "cmpxchg8b", EACH(cx8), 8, SAME },
	{ "bts", EACH(bts), 4, BTS, 0, 12 },
	{ "setnc", EACH(setc), 1, ONE },
	{ "imul", EACH(imul), 4, READ },
	{ "lods", EACH(lods), 4, READ },
	{ "push", EACH(push), 4, READ, STACK },
	{ "pop", EACH(pop), 4, WRITE, STACK },
	{ "sgdt", EACH(sgdt_), 6, GDTR, PARTS | KERNEL },
	{ "smsw", EACH(smsw_), 2, MSW, KERNEL },
	{ "mov-sreg", EACH(sreg), 2, FS },
	{ "fild", EACH(fild), 8, READ },
	{ "fistp", EACH(fistp), 8, WRITE },
	{ "fldt", EACH(fldt), 10, READ },
	{ "fstpt", EACH(fstpt), 10, WRITE, PARTS },
	{ "movq-load", EACH(ldq), 8, READ },
	{ "movq-store", EACH(stq), 8, WRITE },
	{ "movups-load", EACH(ldu), 16, READ },
	{ "movups-store", EACH(stu), 16, WRITE },
	{ "movaps-load", EACH(lda), 16, READ, ALIGNED },
	{ "movaps-store", EACH(sta), 16, WRITE, ALIGNED },
	{ "por", EACH(por), 16, READ, ALIGNED },
	{ "pshufd", EACH(shuf), 16, REVERSE, ALIGNED },
};

static const char *const reg_names[NR_REGS] = { "ds", "es", "fs", "gs", "ss" };

static bool is_write(const struct op *op)
{
	return op->effect != READ && op->effect != REVERSE;
}

static u32 le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

static void put_le32(u8 *p, u32 v)
{
	p[0] = v;
	p[1] = v >> 8;
	p[2] = v >> 16;
	p[3] = v >> 24;
}

/* Memory and result behind @op, whose operand was @old. */
static void effect(const struct op *op, const struct cpu *before, const u8 *old, u8 *mem, u8 *out)
{
	u32 i;

	memcpy_(mem, old, op->size);
	memcpy_(out, old, op->size);
	switch (op->effect) {
	case READ:
	case SAME:
		break;
	case REVERSE:
		for (i = 0; i < 16; i++)
			out[i] = old[12 - (i & 12) + (i & 3)];
		break;
	case WRITE:
	case XCHG:
		memcpy_(mem, source, op->size);
		break;
	case ADD:
		put_le32(mem, le32(old) + before->eax);
		break;
	case XOR:
		mem[0] ^= before->eax;
		break;
	case BTS:
		put_le32(mem, le32(old) | 1u << (before->edi & 31));
		break;
	case ONE:
		mem[0] = 1;
		break;
	case GDTR:
		mem[0] = (sizeof(gdt) - 1) & 0xff;
		mem[1] = (sizeof(gdt) - 1) >> 8;
		put_le32(mem + 2, (u32)gdt);
		break;
	case MSW:
		mem[0] = read_cr0();
		mem[1] = read_cr0() >> 8;
		break;
	case FS:
		mem[0] = before->fs;
		mem[1] = before->fs >> 8;
		break;
	}
}

static u32 *reg_of(struct cpu *c, u32 reg)
{
	u32 *const regs[] = { &c->ds, &c->es, &c->fs, &c->gs, &c->ss };

	return regs[reg];
}

/* Does the CPU check limits at all? If not, it is asked once. */
static bool limits;

/* One instruction, its operand at @offset of the segment in @reg. */
static void one(const struct segment *s, const struct op *op, u32 reg, u32 ring, u32 offset)
{
	const u32 lin = s->base + offset;
	u8 old[16], mem[16], out[16];
	struct cpu c, before;
	const char *class;
	struct outcome o;
	bool good, held;
	u32 i;

	if (segment_open(offset, op->size))
		return;
	top_access(s, reg == REG_SS ? SS : GP, offset, op->size, is_write(op), ring, &o);
	if (!limits && o.vector != PF && o.vector != VEC_END)
		return;
	/* Which of the two comes first is left open. */
	if ((op->flags & ALIGNED) && (lin & 15)) {
		if (o.vector != VEC_END)
			return;
		o.vector = GP;
	}
	class = o.vector == VEC_END ? "in" : o.vector != PF ? "limit" :
		is_write(op) && op->effect != WRITE ? "modify" : "page";
	for (i = 0; i < op->size; i++)
		old[i] = top_pattern(lin + i);
	cpu_init(&before, ring, op->code[reg]);
	*reg_of(&before, reg) = T(0) | ring;
	before.eflags = top_flags(ring);
	before.eax = le32(source);
	before.esi = offset - op->delta;
	before.edi = 8 * op->delta + 5;
	effect(op, &before, old, mem, out);
	c = before;
	run(&c);
	/* Also where the guest has done what it should not. */
	held = top_holds(lin, op->size, o.vector == VEC_END ? mem : NULL);
	good = c.vector == o.vector;
	if (o.vector == VEC_END) {
		good &= held;
		if (op->effect == READ || op->effect == XCHG || op->effect == SAME ||
		    op->effect == REVERSE)
			good &= memeq(result, out, op->size);
	} else {
		good &= c.error == o.error && c.eip == (u32)op->at[reg] && c.esi == before.esi &&
			(o.vector != PF || c.cr2 == o.cr2) && (held || (op->flags & PARTS));
	}
	sweep(good, "%s-%s-%x: vector %u error %x at +%x cr2 %x memory %s, want %u %x %x", class,
	      op->name, offset, c.vector, c.error, c.eip - (u32)op->at[reg], c.cr2,
	      held ? "right" : "wrong", o.vector, o.error, o.cr2);
}

/* Around these, in linear space. */
static const u32 places[] = {
	TOP, TOP + 0x1000, TOP_ABSENT, TOP_READ_ONLY, TOP_SUPERVISOR, TOP_SUPERVISOR + 0x1000,
	TOP_MIDDLE, 0,
};

static const struct segment segments[] = {
	{ "flat", 0, 0xfffff, D_DATA, D_G | D_B },
	{ "wraps", 0x5678, 0xfffff, D_DATA, D_G | D_B },
	{ "based-high", 0xb7e2c6c0, 0xfffff, D_DATA, D_G | D_B },
	{ "based-in", TOP + 0x800, 0xfffff, D_DATA, D_G | D_B },
	{ "16-bit", 0, 0xfffff, D_DATA, D_G },
	{ "ends-below", 0, 0xffbff, D_DATA, D_G | D_B },
	{ "ends-inside", 0, 0xffc00, D_DATA, D_G | D_B },
	{ "pages-to-top", 0x1000, 0xffffe, D_DATA, D_G | D_B },
	{ "bytes-across", TOP - 0x800, 0xffe, D_DATA, D_B },
	{ "bytes-inside", TOP, 0x1ffe, D_DATA, D_B },
	{ "bytes-around", 0xfffff800, 0xffd, D_DATA, D_B },
	{ "down", 0, 0xffbfe, 0x97, D_G | D_B },
	{ "down-wraps", 0x2000, 0xfffff - 0x801, 0x97, D_G | D_B },
	{ "down-based-high", 0xb7000000, 0x1000, 0x97, D_G | D_B },
	{ "down-bytes", TOP - 0x800, 0x123, 0x97, D_B },
	{ "down-16", TOP - 0x8000, 0x7000, 0x97, 0 },
	{ "down-16-around", 0xffff8000, 0x6fff, 0x97, 0 },
	{ "read-only", 0, 0xfffff, 0x91, D_G | D_B },
	{ "down-read-only", 0x1000, 0, 0x95, D_G | D_B },
	{ "code", 0x1000, 0xfffff, D_CODE, D_G | D_B },
};

/* Every place, and the segment's own ends. */
static void through(const struct segment *s, const struct op *op, u32 reg, u32 ring)
{
	const u32 limit = s->flags & D_G ? s->limit << 12 | 0xfff : s->limit;
	const u32 ends[] = { limit + 1, s->flags & D_B ? 0 : 0x10000 };
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(places) + ARRAY_SIZE(ends); i++) {
		const u32 at = i < ARRAY_SIZE(places) ? places[i] - s->base :
			       ends[i - ARRAY_SIZE(places)];
		const u32 deltas[] = { -op->size - 1, -op->size, -op->size + 1, -1, 0, 1 };

		for (k = 0; k < ARRAY_SIZE(deltas); k++) {
			/* One byte has fewer ways to lie across. */
			if (op->size == 1 && k > 1 && k < 4)
				continue;
			/* Elsewhere, a CPU that checks no limit would do harm. */
			if (top_knows(s->base + at + deltas[k], op->size))
				one(s, op, reg, ring, at + deltas[k]);
		}
	}
}

static bool loads(const struct segment *s, u32 reg)
{
	return reg != REG_SS || (!(s->access & 8) && (s->access & 2));
}

static void data(const char *mode)
{
	u32 i, k, reg, ring;

	for (i = 0; i < ARRAY_SIZE(segments); i++)
		for (ring = 0; ring <= 3; ring += 3) {
			const struct segment *s = &segments[i];

			gdt_set(T(0), segment_descriptor(s, ring));
			for (reg = 0; reg < NR_REGS; reg++) {
				/* At ring 0 the exception would go there. */
				if (!loads(s, reg) || (reg == REG_SS && !ring))
					continue;
				sweep_begin("%s/%s/%s/ring%u", mode, s->name, reg_names[reg], ring);
				for (k = 0; k < ARRAY_SIZE(ops); k++) {
					const struct op *op = &ops[k];

					if ((op->flags & STACK) && reg == REG_SS)
						continue;
					if ((op->flags & KERNEL) && ring)
						continue;
					/* Moves with each register, the rest in turn. */
					if ((k < 7 && limits) || (k + i) % 4 == reg ||
					    reg == REG_SS)
						through(s, op, reg, ring);
				}
				sweep_end();
			}
		}
}

static void enforced(void)
{
	struct cpu c;

	gdt_set(T(0), descriptor(POOL_AT, 0xff, D_DATA, D_B));
	name("limits");
	cpu_init(&c, 0, get8_ds);
	c.ds = T(0);
	c.esi = 0x100;
	run(&c);
	limits = expect_trap(&c, GP, 0, get8_ds_at);
}

void guest_main(void)
{
	enforced();
	top_begin(PAGING_32);
	data("32-bit");
	top_end();
}
#endif
