// SPDX-License-Identifier: GPL-2.0
/*
 * Integer arithmetic with flags, for the interpreter.
 *
 * Where 64-bit mode still has the instruction, it is the host CPU's own
 * instruction that computes: the flags are then right by construction, even
 * those that the manual leaves undefined, and the same as translated code
 * shows. What 64-bit mode lost (DAA and its kin) or what could fault (DIV) is
 * written out from the manual.
 */
#include "alu.h"
#include "../../include/guest.h"
#include "../decode/ops.h"

#define FL_MASK	VMBT_EFLAGS_ARITH

/*
 * One instruction on one or two registers with flags going in and out. The
 * stack is used, so every build of this file has the red zone off.
 */
#define FLAGS_IN	"pushq %q[f]\n\tpopfq\n\t"
#define FLAGS_OUT	"\n\tpushfq\n\tpopq %q[f]"

#define RUN1(insn, type, reg)						\
	do {								\
		type _r = (type)r;					\
		u64 _f = 2 | (*fl & FL_MASK);				\
									\
		asm volatile(FLAGS_IN insn " %" reg "[r]" FLAGS_OUT	\
			     : [r] "+q" (_r), [f] "+r" (_f)		\
			     : : "cc", "memory");			\
		r = _r;							\
		*fl = (*fl & ~FL_MASK) | ((u32)_f & FL_MASK);		\
	} while (0)

#define RUN2(insn, type, reg)						\
	do {								\
		type _r = (type)r;					\
		u64 _f = 2 | (*fl & FL_MASK);				\
									\
		asm volatile(FLAGS_IN insn " %" reg "[b], %" reg "[r]"	\
			     FLAGS_OUT					\
			     : [r] "+q" (_r), [f] "+r" (_f)		\
			     : [b] "q" ((type)b) : "cc", "memory");	\
		r = _r;							\
		*fl = (*fl & ~FL_MASK) | ((u32)_f & FL_MASK);		\
	} while (0)

#define SIZED1(insn)							\
	do {								\
		if (size == 1)						\
			RUN1(insn "b", u8, "b");			\
		else if (size == 2)					\
			RUN1(insn "w", u16, "w");			\
		else							\
			RUN1(insn "l", u32, "k");			\
	} while (0)

#define SIZED2(insn)							\
	do {								\
		if (size == 1)						\
			RUN2(insn "b", u8, "b");			\
		else if (size == 2)					\
			RUN2(insn "w", u16, "w");			\
		else							\
			RUN2(insn "l", u32, "k");			\
	} while (0)

u32 alu_binary(u16 op, u32 a, u32 b, u8 size, u32 *fl)
{
	u32 r = a;

	switch (op) {
	case VMBT_OP_ADD:
	case VMBT_OP_XADD:
		SIZED2("add");
		break;
	case VMBT_OP_OR:
		SIZED2("or");
		break;
	case VMBT_OP_ADC:
		SIZED2("adc");
		break;
	case VMBT_OP_SBB:
		SIZED2("sbb");
		break;
	case VMBT_OP_AND:
		SIZED2("and");
		break;
	case VMBT_OP_SUB:
		SIZED2("sub");
		break;
	case VMBT_OP_XOR:
		SIZED2("xor");
		break;
	case VMBT_OP_CMP:
		SIZED2("cmp");
		break;
	case VMBT_OP_TEST:
		SIZED2("test");
		break;
	}
	return r;
}

u32 alu_unary(u16 op, u32 a, u8 size, u32 *fl)
{
	u32 r = a;

	switch (op) {
	case VMBT_OP_INC:
		SIZED1("inc");
		break;
	case VMBT_OP_DEC:
		SIZED1("dec");
		break;
	case VMBT_OP_NOT:
		SIZED1("not");
		break;
	case VMBT_OP_NEG:
		SIZED1("neg");
		break;
	}
	return r;
}

#define RUNCL(insn, type, reg)						\
	do {								\
		type _r = (type)r;					\
		u64 _f = 2 | (*fl & FL_MASK);				\
									\
		asm volatile(FLAGS_IN insn " %%cl, %" reg "[r]"		\
			     FLAGS_OUT					\
			     : [r] "+q" (_r), [f] "+r" (_f)		\
			     : "c" (count) : "cc", "memory");		\
		r = _r;							\
		*fl = (*fl & ~FL_MASK) | ((u32)_f & FL_MASK);		\
	} while (0)

#define SHIFT(insn)							\
	do {								\
		if (size == 1)						\
			RUNCL(insn "b", u8, "b");			\
		else if (size == 2)					\
			RUNCL(insn "w", u16, "w");			\
		else							\
			RUNCL(insn "l", u32, "k");			\
	} while (0)

u32 alu_shift(u16 op, u32 a, u8 count, u8 size, u32 *fl)
{
	u32 r = a;

	switch (op) {
	case VMBT_OP_ROL:
		SHIFT("rol");
		break;
	case VMBT_OP_ROR:
		SHIFT("ror");
		break;
	case VMBT_OP_RCL:
		SHIFT("rcl");
		break;
	case VMBT_OP_RCR:
		SHIFT("rcr");
		break;
	case VMBT_OP_SHL:
		SHIFT("shl");
		break;
	case VMBT_OP_SHR:
		SHIFT("shr");
		break;
	case VMBT_OP_SAR:
		SHIFT("sar");
		break;
	}
	return r;
}

#define RUNDBL(insn, type, reg)						\
	do {								\
		type _r = (type)r;					\
		u64 _f = 2 | (*fl & FL_MASK);				\
									\
		asm volatile(FLAGS_IN insn " %%cl, %" reg "[b], %" reg "[r]" \
			     FLAGS_OUT					\
			     : [r] "+r" (_r), [f] "+r" (_f)		\
			     : [b] "r" ((type)b), "c" (count)		\
			     : "cc", "memory");				\
		r = _r;							\
		*fl = (*fl & ~FL_MASK) | ((u32)_f & FL_MASK);		\
	} while (0)

u32 alu_shift_double(u16 op, u32 a, u32 b, u8 count, u8 size, u32 *fl)
{
	u32 r = a;

	if (op == VMBT_OP_SHLD) {
		if (size == 2)
			RUNDBL("shldw", u16, "w");
		else
			RUNDBL("shldl", u32, "k");
	} else {
		if (size == 2)
			RUNDBL("shrdw", u16, "w");
		else
			RUNDBL("shrdl", u32, "k");
	}
	return r;
}

/* @bit is already reduced modulo the operand's width. */
u32 alu_bit(u16 op, u32 a, u32 bit, u8 size, u32 *fl)
{
	u32 b = bit;
	u32 r = a;

	switch (op) {
	case VMBT_OP_BT:
		if (size == 2)
			RUN2("btw", u16, "w");
		else
			RUN2("btl", u32, "k");
		break;
	case VMBT_OP_BTS:
		if (size == 2)
			RUN2("btsw", u16, "w");
		else
			RUN2("btsl", u32, "k");
		break;
	case VMBT_OP_BTR:
		if (size == 2)
			RUN2("btrw", u16, "w");
		else
			RUN2("btrl", u32, "k");
		break;
	case VMBT_OP_BTC:
		if (size == 2)
			RUN2("btcw", u16, "w");
		else
			RUN2("btcl", u32, "k");
		break;
	}
	return r;
}

static void set_flag(u32 *fl, u32 bit, bool on)
{
	*fl = on ? *fl | bit : *fl & ~bit;
}

/* BSF and BSR leave the destination alone when the source is zero. */
u32 alu_scan(u16 op, u32 old, u32 a, u8 size, u32 *fl)
{
	u32 width = size * 8;
	u32 r = old, b;

	a = size == 2 ? (u16)a : a;
	b = a;
	switch (op) {
	case VMBT_OP_BSF:
		if (size == 2)
			RUN2("bsfw", u16, "w");
		else
			RUN2("bsfl", u32, "k");
		return a ? r : old;
	case VMBT_OP_BSR:
		if (size == 2)
			RUN2("bsrw", u16, "w");
		else
			RUN2("bsrl", u32, "k");
		return a ? r : old;
	case VMBT_OP_TZCNT:
		r = a ? (u32)__builtin_ctz(a) : width;
		break;
	case VMBT_OP_LZCNT:
		r = a ? (u32)__builtin_clz(a) - (32 - width) : width;
		break;
	case VMBT_OP_POPCNT:
		for (r = 0; b; b &= b - 1)
			r++;
		*fl &= ~FL_MASK;
		set_flag(fl, VMBT_X86_EFLAGS_ZF, !a);
		return r;
	}
	set_flag(fl, VMBT_X86_EFLAGS_CF, !a);
	set_flag(fl, VMBT_X86_EFLAGS_ZF, !r);
	return r;
}

u32 alu_imul(u32 a, u32 b, u8 size, u32 *fl)
{
	u32 r = a;

	if (size == 2)
		RUN2("imulw", u16, "w");
	else
		RUN2("imull", u32, "k");
	return r;
}

#define RUNMUL(insn, type, reg)						\
	do {								\
		type _a = (type)a, _d = 0;				\
		u64 _f = 2 | (*fl & FL_MASK);				\
									\
		asm volatile(FLAGS_IN insn " %" reg "[b]" FLAGS_OUT	\
			     : "+a" (_a), "+d" (_d), [f] "+r" (_f)	\
			     : [b] "r" ((type)b) : "cc", "memory");	\
		*lo = _a;						\
		*hi = _d;						\
		*fl = (*fl & ~FL_MASK) | ((u32)_f & FL_MASK);		\
	} while (0)

/* rDX:rAX = rAX * b; for bytes *lo is AX and *hi is not used. */
void alu_mul(u16 op, u32 a, u32 b, u8 size, u32 *lo, u32 *hi, u32 *fl)
{
	if (size == 1) {
		u16 ax = (u8)a;
		u64 f = 2 | (*fl & FL_MASK);

		if (op == VMBT_OP_MUL)
			asm volatile(FLAGS_IN "mulb %b[b]" FLAGS_OUT
				     : "+a" (ax), [f] "+r" (f)
				     : [b] "q" ((u8)b) : "cc", "memory");
		else
			asm volatile(FLAGS_IN "imulb %b[b]" FLAGS_OUT
				     : "+a" (ax), [f] "+r" (f)
				     : [b] "q" ((u8)b) : "cc", "memory");
		*lo = ax;
		*hi = 0;
		*fl = (*fl & ~FL_MASK) | ((u32)f & FL_MASK);
		return;
	}
	if (op == VMBT_OP_MUL) {
		if (size == 2)
			RUNMUL("mulw", u16, "w");
		else
			RUNMUL("mull", u32, "k");
	} else {
		if (size == 2)
			RUNMUL("imulw", u16, "w");
		else
			RUNMUL("imull", u32, "k");
	}
}

/*
 * Divide hi:lo (for bytes: lo is AX). False for #DE. The flags are undefined
 * after DIV and IDIV and left alone.
 */
bool alu_div(u16 op, u32 lo, u32 hi, u32 b, u8 size, u32 *quot, u32 *rem)
{
	u32 width = size * 8;
	u64 mask = (1ULL << width) - 1;
	u64 num = size == 1 ? (u16)lo : ((u64)hi << width) | lo;
	u64 div = b & mask;

	if (!div)
		return false;
	if (op == VMBT_OP_DIV) {
		u64 q = num / div;

		if (q > mask)
			return false;
		*quot = (u32)q;
		*rem = (u32)(num % div);
		return true;
	}

	/* Magnitudes, so that nothing here overflows. */
	bool nneg = num >> (2 * width - 1) & 1;
	bool dneg = div >> (width - 1) & 1;
	u64 nmask = width == 32 ? ~0ULL : (1ULL << (2 * width)) - 1;
	u64 n = nneg ? (0 - num) & nmask : num;
	u64 d = dneg ? (0 - div) & mask : div;
	u64 q = n / d;
	u64 r = n % d;
	u64 lim = 1ULL << (width - 1);

	if (nneg != dneg ? q > lim : q >= lim)
		return false;
	*quot = (u32)((nneg != dneg ? 0 - q : q) & mask);
	*rem = (u32)((nneg ? 0 - r : r) & mask);
	return true;
}

static void set_szp(u32 *fl, u8 al)
{
	u8 p = al;

	p ^= p >> 4;
	p ^= p >> 2;
	p ^= p >> 1;
	set_flag(fl, VMBT_X86_EFLAGS_SF, al & 0x80);
	set_flag(fl, VMBT_X86_EFLAGS_ZF, !al);
	set_flag(fl, VMBT_X86_EFLAGS_PF, !(p & 1));
}

/* DAA, DAS, AAA, AAS, AAM, AAD (SDM vol. 2). False: AAM by zero, #DE. */
bool alu_adjust(u16 op, u32 *eax, u8 imm, u32 *fl)
{
	u8 al = *eax, old_al = al;
	u8 ah = *eax >> 8;
	bool cf = *fl & VMBT_X86_EFLAGS_CF, old_cf = cf;
	bool af = *fl & VMBT_X86_EFLAGS_AF;
	bool low = (al & 0xf) > 9 || af;
	u16 ax;

	switch (op) {
	case VMBT_OP_DAA:
		cf = old_cf || old_al > 0x99;
		if (low)
			al += 6;
		if (cf)
			al += 0x60;
		set_flag(fl, VMBT_X86_EFLAGS_AF, low);
		set_flag(fl, VMBT_X86_EFLAGS_CF, cf);
		set_szp(fl, al);
		break;
	case VMBT_OP_DAS:
		cf = old_cf || old_al > 0x99;
		if (low)
			al -= 6;
		if (cf)
			al -= 0x60;
		set_flag(fl, VMBT_X86_EFLAGS_AF, low);
		set_flag(fl, VMBT_X86_EFLAGS_CF,
			 cf || (low && old_al < 6));
		set_szp(fl, al);
		break;
	case VMBT_OP_AAA:
	case VMBT_OP_AAS:
		ax = *eax;
		if (low)
			ax = op == VMBT_OP_AAA ? ax + 0x106 : ax - 0x106;
		set_flag(fl, VMBT_X86_EFLAGS_AF, low);
		set_flag(fl, VMBT_X86_EFLAGS_CF, low);
		al = ax & 0xf;
		ah = ax >> 8;
		break;
	case VMBT_OP_AAM:
		if (!imm)
			return false;
		ah = al / imm;
		al = al % imm;
		set_szp(fl, al);
		break;
	case VMBT_OP_AAD:
		al = al + ah * imm;
		ah = 0;
		set_szp(fl, al);
		break;
	}
	*eax = (*eax & 0xffff0000) | (u32)ah << 8 | al;
	return true;
}

/* CRC-32C, bit-reflected polynomial 11EDC6F41 (SDM vol. 2, CRC32). */
u32 alu_crc32(u32 crc, u32 val, u8 size)
{
	for (u8 i = 0; i < size; i++) {
		crc ^= (val >> (8 * i)) & 0xff;
		for (u8 bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return crc;
}

/* Jcc, SETcc, CMOVcc: conditions by encoding (SDM vol. 1, appendix B). */
bool alu_cond(u8 cc, u32 fl)
{
	bool cf = fl & VMBT_X86_EFLAGS_CF, zf = fl & VMBT_X86_EFLAGS_ZF;
	bool sf = fl & VMBT_X86_EFLAGS_SF, of = fl & VMBT_X86_EFLAGS_OF;
	bool pf = fl & VMBT_X86_EFLAGS_PF, r = false;

	switch (cc >> 1) {
	case 0:
		r = of;
		break;
	case 1:
		r = cf;
		break;
	case 2:
		r = zf;
		break;
	case 3:
		r = cf || zf;
		break;
	case 4:
		r = sf;
		break;
	case 5:
		r = pf;
		break;
	case 6:
		r = sf != of;
		break;
	case 7:
		r = zf || sf != of;
		break;
	}
	return cc & 1 ? !r : r;
}
