// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs.
 *
 * Random instructions that the decoder says are copied, woven into branches,
 * calls, loops, string instructions and flag moves. A program ends with HLT or
 * with its first fault. Nothing keeps it from running into its data: a stack
 * that does not balance is enough, and arbitrary bytes are programs, too. All
 * memory that is neither code nor data is full of HLT.
 */
#include <string.h>

#include "case.h"

static bool code32, priv, interp, segs;
static const struct program *prog;
static u8 *out;
static u32 pos;

static void b8(u8 x)
{
	out[pos++] = x;
}

static void b16(u16 x)
{
	b8(x);
	b8(x >> 8);
}

static void b32(u32 x)
{
	b16(x);
	b16(x >> 16);
}

static void bw(u32 x)		/* a word of the code's size */
{
	if (code32)
		b32(x);
	else
		b16(x);
}

static u32 off(u32 win)
{
	return prog_off(prog, win);
}

static void put(u8 *p, u32 val, u8 size)
{
	memcpy(p, &val, size);
}

static bool wanted(const struct vmbt_insn *in, u8 avoid_regs)
{
	if (in->cls != VMBT_CLS_COPY || in->branch != VMBT_BR_NONE)
		return false;
	if (in->flags & (VMBT_IF_PRIV | VMBT_IF_IOPL | VMBT_IF_REP |
			 VMBT_IF_ENDS_BLOCK))
		return false;
	/* x87 and SSE through CS and GS are run at ring 1, which is not here. */
	if ((in->flags & (VMBT_IF_USES_CS | VMBT_IF_USES_GS)) &&
	    (in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)))
		return false;
	if ((in->regs_written & ~(in->flags & VMBT_IF_STACK ? 1 << VMBT_ESP : 0)) &
	    avoid_regs)
		return false;
	switch (in->op) {
	case VMBT_OP_PREFETCH:	/* 0F 0D with a register: depends on the CPU */
	case VMBT_OP_CLFLUSH:	/* no access for the interpreter */
	case VMBT_OP_CLFLUSHOPT:
	case VMBT_OP_CLWB:
	case VMBT_OP_RDRAND:
	case VMBT_OP_RDSEED:
		return false;
	case VMBT_OP_POPA:
		return !(avoid_regs & ~(1 << VMBT_ESP));
	case VMBT_OP_LEAVE:
	case VMBT_OP_ENTER:
		return !avoid_regs;
	case VMBT_OP_FXRSTOR:	/* of random bytes: exceptions unmasked */
	case VMBT_OP_FRSTOR:
	case VMBT_OP_FLDENV:
	case VMBT_OP_LDMXCSR:
		return !rnd(8);
	}
	if (in->op == VMBT_OP_AVX || in->op == VMBT_OP_AVX_COMI ||
	    in->op == VMBT_OP_AVX_PCMPSTR || in->map >= VMBT_MAP_VEX_0F)
		return false;
	/* What the interpreter does not do, or not to the last flag. */
	if (interp && ((in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)) ||
		       in->fl_undef))
		return false;
	return true;
}

/* One random instruction; what it must not write in avoid. */
static void random_insn(u8 avoid)
{
	static const u8 pfx[] = { 0x66, 0x67, 0x26, 0x36, 0x3e, 0x64, 0xf0,
				  0xf2, 0xf3, 0x66, 0x2e, 0x65 };
	struct vmbt_insn in;
	u8 b[24];
	u32 n, i;

	/* A stack pointer of garbage is a test, too, but not always. */
	if (rnd(24))
		avoid |= 1 << VMBT_ESP;
	for (;;) {
		n = 0;
		if (!rnd(4))
			b[n++] = pfx[rnd(sizeof(pfx))];
		if (!rnd(12))
			b[n++] = pfx[rnd(sizeof(pfx))];
		if (!rnd(4))
			b[n++] = 0x0f;
		for (i = n; i < sizeof(b); i++)
			b[i] = rnd(256);
		if (vmbt_decode(&in, b, sizeof(b), code32) != VMBT_DEC_OK ||
		    !wanted(&in, avoid))
			continue;
		break;
	}
	if (in.disp_size >= 2) {
		bool alone = (in.flags & VMBT_IF_MEM) &&
			     in.mem.base == VMBT_REG_NONE &&
			     in.mem.index == VMBT_REG_NONE;

		put(b + in.disp_off, (alone ? off(DATA) : 0) + rnd(0x800),
		    in.disp_size);
	}
	for (i = 0; i < in.len; i++)
		b8(b[i]);
}

static void body(u32 n, u8 avoid)
{
	while (n--)
		random_insn(avoid);
}

/* Displacement of a branch that ends at pos, to be filled in later. */
static void fix8(u32 at)
{
	out[at - 1] = pos - at;
}

/*
 * Branches of the other operand size. To 16 bits only where the window is at
 * the beginning of the segment.
 */
static bool other_size(void)
{
	return !(code32 && off(0)) && !rnd(5);
}

static void op(u8 opcode, bool other)
{
	if (other)
		b8(0x66);
	b8(opcode);
}

static void val(u32 x, bool other)
{
	if (code32 != other)
		b32(x);
	else
		b16(x);
}

/* The value that ends at @at. */
static void patch(u32 at, u32 x, bool other)
{
	u8 size = code32 != other ? 4 : 2;

	put(out + at - size, x, size);
}

static void piece(u32 depth);

static void jcc(u32 depth)
{
	bool other = other_size();
	u32 at;

	if (rnd(2)) {
		op(0x70 | rnd(16), other);
		b8(0);
		at = pos;
		body(1 + rnd(2), 0);
		if (pos - at < 128)
			fix8(at);
		return;
	}
	op(0x0f, other);
	b8(0x80 | rnd(16));
	val(0, other);
	at = pos;
	piece(depth + 1);
	patch(at, pos - at, other);
}

static u32 call_direct(bool other)
{
	u32 at;

	op(0xe8, other);
	val(0, other);
	at = pos;
	b8(0xe9);
	bw(0);
	patch(at, pos - at, other);
	return pos;
}

/* mov eax, sub; push eax; call [esp], or call eax, or by way of memory */
static u32 call_indirect(bool other)
{
	u32 at;

	op(0xb8, other);
	val(0, other);
	at = pos;
	if (rnd(3)) {
		op(0xff, other);
		b8(0xd0);
	} else if (code32 && !other) {
		b8(0x50);
		b8(0xff);
		b8(0x14);
		b8(0x24);
	} else {
		op(0xa3, other);
		bw(off(DATA + 0x10));
		op(0xff, other);
		b8(code32 ? 0x15 : 0x16);
		bw(off(DATA + 0x10));
	}
	b8(0xe9);
	bw(0);
	patch(at, off(prog->code + pos), other);
	return pos;
}

static void call(u32 depth)
{
	bool other = other_size();
	u32 jmp = rnd(2) ? call_direct(other) : call_indirect(other);

	if (depth < 3)
		piece(depth + 1);
	if (!rnd(3)) {
		op(0xc2, other);
		b16(rnd(8) ? rnd(4) * 4 : rnd(0));
	} else {
		op(0xc3, other);
	}
	patch(jmp, pos - jmp, false);
}

static void jump_ind(void)
{
	bool other = other_size();
	u32 at;

	switch (rnd(3)) {
	case 0:			/* push label; ret */
		op(0x68, other);
		val(0, other);
		at = pos;
		op(0xc3, other);
		break;
	case 1:			/* mov edx, label; jmp edx */
		op(0xba, other);
		val(0, other);
		at = pos;
		op(0xff, other);
		b8(0xe2);
		break;
	default:		/* mov [data], label; jmp [data] */
		op(0xc7, other);
		b8(code32 ? 0x05 : 0x06);
		bw(off(DATA + 0x20));
		val(0, other);
		at = pos;
		op(0xff, other);
		b8(code32 ? 0x25 : 0x26);
		bw(off(DATA + 0x20));
	}
	body(rnd(2), 0);
	patch(at, off(prog->code + pos), other);
}

/* The count is in CX or ECX by address size. */
static void loop(void)
{
	static const u8 kind[] = { 0xe0, 0xe1, 0xe2 };
	bool other = !rnd(5);
	u32 top;

	op(0xb9, other);
	val(1 + rnd(4), other);
	top = pos;
	body(1 + rnd(2), 1 << VMBT_ECX);
	if (other)
		b8(0x67);
	op(kind[rnd(3)], other_size());
	b8(top - (pos + 1));
}

static void strings(void)
{
	static const u8 kind[] = { 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
				   0xad, 0xae, 0xaf };

	b8(0xb9);
	bw(rnd(9));
	b8(0xbe);
	bw(off(DATA + 0x400 + rnd(0x400)));
	b8(0xbf);
	bw(off(DATA + 0x400 + rnd(0x400)));
	b8(rnd(2) ? 0xf3 : 0xf2);
	b8(kind[rnd(sizeof(kind))]);
}

static void flags(void)
{
	u32 image = 2 | (rnd(0) & VMBT_EFLAGS_ARITH) | VMBT_X86_EFLAGS_IF;

	if (!rnd(8))
		image |= VMBT_X86_EFLAGS_DF;
	if (priv && rnd(2))
		image &= ~VMBT_X86_EFLAGS_IF;
	if (priv && !rnd(8))
		image |= VMBT_X86_EFLAGS_IOPL;
	if (priv && !rnd(8))
		image |= VMBT_X86_EFLAGS_NT;
	switch (rnd(priv ? 7 : 5)) {
	case 0:
		b8(0x9c);
		break;
	case 1:
		b8(0x9c);
		b8(0x9d);
		break;
	case 2:
		if (rnd(2))
			b8(0x66);	/* the other operand size */
		b8(0x9c);
		break;
	case 3:
		b8(0x68);
		bw(image);
		b8(0x9d);
		break;
	case 4:
		b8(0x06 | rnd(4) << 3);	/* PUSH ES, CS, SS, DS */
		b8(0x8c);	/* MOV r/m, sreg: registers or small memory */
		b8(0xc0 | rnd(6) << 3 | rnd(4));
		b8(0x8c);
		b8((code32 ? 0x05 : 0x06) | rnd(6) << 3);
		bw(off(DATA + 0x30));
		break;
	case 5:
		b8(0xfa);
		break;
	default:
		b8(0xfb);
	}
}

static void jcxz(void)
{
	u32 at;

	if (!rnd(5))
		b8(0x67);
	op(0xe3, other_size());
	b8(0);
	at = pos;
	body(1, 0);
	fix8(at);
}

/* Ring 0 has selectors of ring 0. */
static u16 own_selector(enum vmbt_sreg s)
{
	return native_selector(s) & ((prog->what & S_USER) ? ~0 : ~3);
}

/* Mostly the program's own, sometimes another, null, or anything. */
static u16 selector(enum vmbt_sreg s)
{
	switch (rnd(24)) {
	case 0:
		return rnd(4);
	case 1:
		return rnd(0);
	case 2:
		return own_selector(s) ^ rnd(4);
	case 3:
	case 4:
	case 5:
		return (16 + rnd(8)) << 3 | 7;
	default:
		return own_selector(s);
	}
}

static void far_pointer(u32 label, u16 sel)
{
	bw(label);
	b16(sel);
}

static void load_segment(void)
{
	static const enum vmbt_sreg s[] = { VMBT_ES, VMBT_DS, VMBT_FS, VMBT_GS,
					    VMBT_ES, VMBT_FS, VMBT_SS };
	static const u8 pop[][2] = { { 0x07 }, { 0 }, { 0x17 }, { 0x1f },
				     { 0x0f, 0xa1 }, { 0x0f, 0xa9 } };
	enum vmbt_sreg to = s[rnd(ARRAY_SIZE(s))];
	u16 sel = selector(to);

	switch (rnd(3)) {
	case 0:			/* mov ax, sel; mov sreg, ax */
		op(0xb8, code32);
		b16(sel);
		b8(0x8e);
		b8(0xc0 | to << 3);
		break;
	case 1:			/* push sel; pop sreg */
		b8(0x68);
		bw(sel);
		b8(pop[to][0]);
		if (pop[to][1])
			b8(pop[to][1]);
		break;
	default:		/* mov [data], sel; mov sreg, [data] */
		op(0xc7, code32);
		b8(code32 ? 0x05 : 0x06);
		bw(off(DATA + 0x30));
		b16(sel);
		b8(0x8e);
		b8((code32 ? 0x05 : 0x06) | to << 3);
		bw(off(DATA + 0x30));
	}
}

static void far_transfer(u32 depth)
{
	u16 sel = selector(VMBT_CS);
	u32 at, jmp;

	if (!rnd(4))
		sel = 21 << 3 | 7;	/* the other code segment */
	switch (rnd(3)) {
	case 0:			/* jmp far label */
		b8(0xea);
		far_pointer(0, sel);
		at = pos - 2;
		body(rnd(2), 0);
		break;
	case 1:			/* push sel; push label; retf */
		b8(0x68);
		bw(sel);
		b8(0x68);
		bw(0);
		at = pos;
		b8(0xcb);
		break;
	default:		/* call far sub; jmp; sub: ...; retf */
		b8(0x9a);
		far_pointer(0, sel);
		at = pos - 2;
		b8(0xe9);
		bw(0);
		jmp = pos;
		patch(at, off(prog->code + pos), false);
		if (depth < 3)
			piece(depth + 1);
		if (rnd(2)) {
			b8(0xca);
			b16(rnd(4) * 4);
		} else {
			b8(0xcb);
		}
		patch(jmp, pos - jmp, false);
		return;
	}
	patch(at, off(prog->code + pos), false);
}

/* push flags; push cs; push label; iret, all 32 bits wide */
static void iret(void)
{
	u32 image = 2 | (rnd(0) & VMBT_EFLAGS_ARITH), at;

	image |= rnd(8) ? 0 : VMBT_X86_EFLAGS_DF;
	image |= rnd(2) ? VMBT_X86_EFLAGS_IF : 0;
	image |= rnd(8) ? 0 : VMBT_X86_EFLAGS_RF;
	image |= rnd(8) ? 0 : VMBT_X86_EFLAGS_IOPL;
	op(0x68, !code32);
	b32(image);
	op(0x68, !code32);
	b32(selector(VMBT_CS) | (rnd(4) ? 0 : rnd(0) << 16));
	op(0x68, !code32);
	b32(0);
	at = pos;
	op(0xcf, !code32);
	body(rnd(2), 0);
	put(out + at - 4, off(prog->code + pos), 4);
}

/* What a kernel may do to a table that its registers were loaded from. */
static void write_descriptor(void)
{
	op(0xc7, !code32);
	b8(code32 ? 0x05 : 0x06);
	bw(LDT + 8 * (8 + rnd(VMBT_NSEG)) + 4 * rnd(2));
	b32(rnd(4) ? 0x0000ffff : rnd(0));
}

static void piece(u32 depth)
{
	if (segs && priv && depth <= 2 && !rnd(4)) {
		if (rnd(8))
			iret();
		else
			write_descriptor();
		return;
	}
	if (segs && depth <= 2 && !rnd(3)) {
		if (rnd(2))
			load_segment();
		else
			far_transfer(depth);
		return;
	}
	switch (rnd(depth > 2 ? 3 : 12)) {
	case 0:
	case 1:
	case 2:
		body(1 + rnd(4), 0);
		break;
	case 3:
	case 4:
		jcc(depth);
		break;
	case 5:
	case 6:
		call(depth);
		break;
	case 7:
		jump_ind();
		break;
	case 8:
		loop();
		break;
	case 9:
		strings();
		break;
	case 10:
		flags();
		break;
	default:
		jcxz();
	}
}

/* Now and then where 16-bit offsets wrap. */
static u32 pointer(u32 win)
{
	return rnd(16) ? off(win) : off(rnd(48) - 32) & 0xffff;
}

static void registers(struct vmbt_guest *g)
{
	bool flat = off(0);
	u32 i;

	for (i = 0; i < 8; i++)
		switch (i) {
		case VMBT_ESP:
			g->gpr[i] = STACK - 0x100 - rnd(4);
			g->gpr[i] = flat ? off(g->gpr[i]) : pointer(g->gpr[i]);
			break;
		case VMBT_EAX:
		case VMBT_ECX:
		case VMBT_EDX:
			g->gpr[i] = rnd(2) ? rnd(0x400) : rnd(0);
			break;
		default:
			g->gpr[i] = DATA + rnd(0x2000);
			g->gpr[i] = flat ? off(g->gpr[i]) : pointer(g->gpr[i]);
			if (!code32)
				g->gpr[i] |= rnd(2) ? rnd(0) & 0xffff0000 : 0;
		}
	if (!(g->seg[VMBT_SS].attr & VMBT_ATTR_DB))
		g->gpr[VMBT_ESP] |= rnd(4) ? 0 : rnd(0) & 0xffff0000;
	g->eip = off(prog->code);
	g->eflags = 0x202 | (rnd(0) & VMBT_EFLAGS_ARITH);
}

static void segments(struct program *p)
{
	struct vmbt_guest *g = &p->guest;
	u32 i;

	for (i = 0; i < VMBT_NSEG; i++) {
		/* What PUSH sreg shows is then the same for the real CPU. */
		g->seg[i].sel = native_selector(i);
		if (p->what & S_SEGS)
			g->seg[i].sel = own_selector(i);
		if (p->what & S_USER)
			g->seg[i].attr |= VMBT_ATTR_DPL;
		if (p->what & S_BASED) {
			g->seg[i].attr &= ~VMBT_ATTR_G;
			g->seg[i].limit = 0xffff;
		}
	}
	if (p->what & S_STACK)
		g->seg[VMBT_SS].attr ^= VMBT_ATTR_DB;
	if (p->what & S_LIMIT)
		g->seg[VMBT_CS].limit = p->code + pos - 1 -
					rnd(4) * rnd(pos / 4);
}

void gen_program(struct program *p, u32 what, u64 seed)
{
	u32 i;

	rnd_seed(seed);
	prog = p;
	code32 = what & S_32;
	priv = what & S_PRIV;
	interp = what & (S_PRIV | S_INTERP);
	segs = what & S_SEGS;
	p->what = what;
	/* Often across the end of a page. */
	p->code = rnd(3) ? 0x100 : 0x1000 - rnd(0x80);
	native_reset(code32, prog_off(p, 0) ? 0 : WIN);
	p->guest = *native_vcpu.guest;
	for (i = 0; i < WIN_SIZE; i++)
		p->mem[i] = i >= DATA && i < STACK ? rnd(256) : 0xf4;
	out = p->mem + p->code;
	pos = 0;
	for (i = 2 + rnd(6); i; i--)
		piece(0);
	b8(0xf4);
	p->len = pos;
	segments(p);
	registers(&p->guest);
	if (segs)
		ldt_fill(p);
}
