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
	0x11, 0x82, 0x33, 0x94, 0x55, 0xa6, 0x77, 0xb8, 0x99, 0x3f, 0xbb, 0xdc, 0x1d, 0xfe, 0x5f, 0x06,
};
static SHARED u8 result[16] __aligned(16);

/*
 * The same instruction with each segment: @insn with the segment under test,
 * @before and @then with a flat one.
 */
#define WITH(n, before, insn, then)						\
	CODE_THEN(n##_ds, before("%ss"), insn("%ds"), then("%ss"));		\
	CODE_THEN(n##_es, before("%ss"), insn("%es"), then("%ss"));		\
	CODE_THEN(n##_fs, before("%ss"), insn("%fs"), then("%ss"));		\
	CODE_THEN(n##_gs, before("%ss"), insn("%gs"), then("%ss"));		\
	CODE_THEN(n##_ss, before("%ds"), insn("%ss"), then("%ds"))
#define NOTHING(s)	""
#define ECX_OUT(s)	"movl %ecx, " s ":result"
#define CLEAN(s)	"fninit"

#define I_GET8(s)	"movb " s ":(%esi), %cl"
#define I_GET16(s)	"movw " s ":(%esi), %cx"
#define I_GET32(s)	"movl " s ":(%esi), %ecx"
#define I_PUT8(s)	"movb %al, " s ":(%esi)"
#define I_PUT16(s)	"movw %ax, " s ":(%esi)"
#define I_PUT32(s)	"movl %eax, " s ":(%esi)"
#define I_ADD32(s)	"addl %eax, " s ":(%esi)"
#define I_XOR8(s)	"xorb %al, " s ":(%esi)"
#define I_XCHG16(s)	"xchgw %ax, " s ":(%esi)"
#define I_CX8(s)	"lock cmpxchg8b " s ":(%esi)"
#define I_BTS(s)	"btsl %edi, " s ":(%esi)"
#define I_SETC(s)	"setnc " s ":(%esi)"
#define I_IMUL(s)	"imull $1, " s ":(%esi), %ecx"
#define I_LODS(s)	"lodsl " s ":(%esi), %eax"
#define I_PUSH(s)	"pushl " s ":(%esi)"
#define I_POP(s)	"popl " s ":(%esi)"
#define I_SGDT(s)	"sgdt " s ":(%esi)"
#define I_SMSW(s)	"smsw " s ":(%esi)"
#define I_SREG(s)	"movw %fs, " s ":(%esi)"
#define I_FILD(s)	"fildll " s ":(%esi)"
#define I_FISTP(s)	"fistpll " s ":(%esi)"
#define I_FLDT(s)	"fldt " s ":(%esi)"
#define I_FSTPT(s)	"fstpt " s ":(%esi)"
#define I_LDQ(s)	"movq " s ":(%esi), %mm1"
#define I_STQ(s)	"movq %mm1, " s ":(%esi)"
#define I_LDU(s)	"movups " s ":(%esi), %xmm1"
#define I_STU(s)	"movups %xmm1, " s ":(%esi)"
#define I_LDA(s)	"movaps " s ":(%esi), %xmm1"
#define I_STA(s)	"movaps %xmm1, " s ":(%esi)"
#define I_POR(s)	"por " s ":(%esi), %xmm1"
#define I_SHUF(s)	"pshufd $0x1b, " s ":(%esi), %xmm1"

#define B_CX8(s)	"xorl %eax, %eax; xorl %edx, %edx"
#define T_CX8(s)	"movl %eax, " s ":result; movl %edx, " s ":result + 4"
#define T_LODS(s)	"movl %eax, " s ":result"
#define T_PUSH(s)	"popl " s ":result"
#define B_POP(s)	"pushl " s ":source"
#define B_FISTP(s)	"fninit; fildll " s ":source"
#define T_FISTP(s)	"fistpll " s ":result"
#define B_FSTPT(s)	"fninit; fldt " s ":source"
#define T_FSTPT(s)	"fstpt " s ":result"
#define B_STQ(s)	"fninit; movq " s ":source, %mm1"
#define T_LDQ(s)	"movq %mm1, " s ":result; emms"
#define T_STQ(s)	"emms"
#define B_STU(s)	"movaps " s ":source, %xmm1"
#define T_LDU(s)	"movaps %xmm1, " s ":result"
#define B_POR(s)	"pxor %xmm1, %xmm1"

WITH(get8, NOTHING, I_GET8, ECX_OUT);
WITH(get16, NOTHING, I_GET16, ECX_OUT);
WITH(get32, NOTHING, I_GET32, ECX_OUT);
WITH(put8, NOTHING, I_PUT8, NOTHING);
WITH(put16, NOTHING, I_PUT16, NOTHING);
WITH(put32, NOTHING, I_PUT32, NOTHING);
WITH(add32, NOTHING, I_ADD32, NOTHING);
WITH(xor8, NOTHING, I_XOR8, NOTHING);
WITH(xchg16, NOTHING, I_XCHG16, T_LODS);
WITH(cx8, B_CX8, I_CX8, T_CX8);
WITH(bts, NOTHING, I_BTS, NOTHING);
WITH(setc, NOTHING, I_SETC, NOTHING);
WITH(imul, NOTHING, I_IMUL, ECX_OUT);
WITH(lods, NOTHING, I_LODS, T_LODS);
WITH(push, NOTHING, I_PUSH, T_PUSH);
WITH(pop, B_POP, I_POP, NOTHING);
WITH(sgdt_, NOTHING, I_SGDT, NOTHING);
WITH(smsw_, NOTHING, I_SMSW, NOTHING);
WITH(sreg, NOTHING, I_SREG, NOTHING);
WITH(fild, CLEAN, I_FILD, T_FISTP);
WITH(fistp, B_FISTP, I_FISTP, NOTHING);
WITH(fldt, CLEAN, I_FLDT, T_FSTPT);
WITH(fstpt, B_FSTPT, I_FSTPT, NOTHING);
WITH(ldq, CLEAN, I_LDQ, T_LDQ);
WITH(stq, B_STQ, I_STQ, T_STQ);
WITH(ldu, NOTHING, I_LDU, T_LDU);
WITH(stu, B_STU, I_STU, NOTHING);
WITH(lda, NOTHING, I_LDA, T_LDU);
WITH(sta, B_STU, I_STA, NOTHING);
WITH(por, B_POR, I_POR, T_LDU);
WITH(shuf, NOTHING, I_SHUF, T_LDU);

/* What an instruction does with its operand. */
enum effect {
	READ, WRITE, ADD, XOR, XCHG, SAME, BTS, ONE, GDTR, MSW, FS, REVERSE,
};

#define STACK	1u		/* uses the stack, which has to be flat */
#define ALIGNED	2u		/* to 16 bytes, or #GP(0) */
#define PARTS	4u		/* may be written in parts */
#define KERNEL	8u		/* at ring 0 only: UMIP is for others to test */

#define FORMS(n)	{ n##_ds, n##_es, n##_fs, n##_gs, n##_ss },	\
			{ n##_ds_at, n##_es_at, n##_fs_at, n##_gs_at, n##_ss_at }
#define NR_REGS		5
#define REG_SS		4

static const struct op {
	const char *name;
	const u8 *code[NR_REGS], *at[NR_REGS];
	u32 size;
	enum effect effect;
	u32 flags, delta;
} ops[] = {
	{ "get8", FORMS(get8), 1, READ },
	{ "get16", FORMS(get16), 2, READ },
	{ "get32", FORMS(get32), 4, READ },
	{ "put8", FORMS(put8), 1, WRITE },
	{ "put16", FORMS(put16), 2, WRITE },
	{ "put32", FORMS(put32), 4, WRITE },
	{ "add32", FORMS(add32), 4, ADD },
	{ "xor8", FORMS(xor8), 1, XOR },
	{ "xchg16", FORMS(xchg16), 2, XCHG },
	{ "cmpxchg8b", FORMS(cx8), 8, SAME },
	{ "bts", FORMS(bts), 4, BTS, 0, 12 },
	{ "setnc", FORMS(setc), 1, ONE },
	{ "imul", FORMS(imul), 4, READ },
	{ "lods", FORMS(lods), 4, READ },
	{ "push", FORMS(push), 4, READ, STACK },
	{ "pop", FORMS(pop), 4, WRITE, STACK },
	{ "sgdt", FORMS(sgdt_), 6, GDTR, PARTS | KERNEL },
	{ "smsw", FORMS(smsw_), 2, MSW, KERNEL },
	{ "mov-sreg", FORMS(sreg), 2, FS },
	{ "fild", FORMS(fild), 8, READ },
	{ "fistp", FORMS(fistp), 8, WRITE },
	{ "fldt", FORMS(fldt), 10, READ },
	{ "fstpt", FORMS(fstpt), 10, WRITE, PARTS },
	{ "movq-load", FORMS(ldq), 8, READ },
	{ "movq-store", FORMS(stq), 8, WRITE },
	{ "movups-load", FORMS(ldu), 16, READ },
	{ "movups-store", FORMS(stu), 16, WRITE },
	{ "movaps-load", FORMS(lda), 16, READ, ALIGNED },
	{ "movaps-store", FORMS(sta), 16, WRITE, ALIGNED },
	{ "por", FORMS(por), 16, READ, ALIGNED },
	{ "pshufd", FORMS(shuf), 16, REVERSE, ALIGNED },
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
