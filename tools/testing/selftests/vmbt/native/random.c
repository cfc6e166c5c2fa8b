// SPDX-License-Identifier: GPL-2.0
/*
 * Random code, raw against translated (and interpreted where it is privileged).
 *
 * A case is a short program in a 64 KiB window: random instructions that the
 * decoder says are copied, woven into branches, calls, loops and flag moves.
 * It ends with HLT or with the first fault. Registers, flags, x87 and SSE
 * registers, memory and the fault must be the same for all ways of running it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "native.h"
#include "../../../../../arch/x86/vmbt/vmm/decode/decode.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"

#define WIN		0x00100000u
#define WIN_SIZE	0x10000u
#define CODE		0x0100u
#define DATA		0x8000u
#define STACK		0xf000u

/* What kind of cases a suite makes. */
#define S_32		0x01
#define S_PRIV		0x02	/* compare with the interpreter, not raw */
#define S_STEP		0x04
#define S_USER		0x08	/* CPL 3: the other region of the cache */
#define S_TRACE		0x20	/* some data pages are traced */
#define S_LIMIT		0x10	/* based segments, code limits that bite */

static bool code32, priv, user, limits, traced;
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

/* Offset in the segment of a place in the window. */
static u32 off(u32 win)
{
	return code32 && !limits ? WIN + win : win;
}

static void put(u8 *p, u32 val, u8 size)
{
	memcpy(p, &val, size);
}

static bool wanted(const struct vmbt_insn *in, u8 avoid_regs)
{
	if (in->cls != VMBT_CLS_COPY || in->branch != VMBT_BR_NONE)
		return false;
	if (in->flags & (VMBT_IF_USES_CS | VMBT_IF_USES_GS | VMBT_IF_PRIV |
			 VMBT_IF_IOPL | VMBT_IF_REP | VMBT_IF_ENDS_BLOCK))
		return false;
	if ((in->regs_written & ~(in->flags & VMBT_IF_STACK ? 0x10 : 0)) &
	    (avoid_regs | 0x10))
		return false;
	switch (in->op) {
	case VMBT_OP_PREFETCH:	/* 0F 0D with a register: depends on the CPU */
	case VMBT_OP_CLFLUSH:	/* no access for the interpreter */
	case VMBT_OP_CLFLUSHOPT:
	case VMBT_OP_CLWB:
	case VMBT_OP_RDRAND:
	case VMBT_OP_RDSEED:
	case VMBT_OP_POPA:
	case VMBT_OP_LEAVE:
	case VMBT_OP_ENTER:
		return in->op == VMBT_OP_POPA && !avoid_regs;
	case VMBT_OP_FXRSTOR:
	case VMBT_OP_FRSTOR:
	case VMBT_OP_FLDENV:
	case VMBT_OP_LDMXCSR:
		return false;
	}
	if (in->op == VMBT_OP_AVX || in->op == VMBT_OP_AVX_COMI ||
	    in->op == VMBT_OP_AVX_PCMPSTR || in->map >= VMBT_MAP_VEX_0F)
		return false;
	if (priv && ((in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)) ||
		     in->fl_undef))
		return false;
	return true;
}

/* One random instruction; what it must not write in avoid. */
static void random_insn(u8 avoid)
{
	static const u8 pfx[] = { 0x66, 0x67, 0x26, 0x36, 0x3e, 0x64, 0xf0,
				  0xf2, 0xf3, 0x66 };
	struct vmbt_insn in;
	u8 b[24];
	u32 n, i;

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

static void fixw(u32 at)
{
	put(out + at - (code32 ? 4 : 2), pos - at, code32 ? 4 : 2);
}

static void piece(u32 depth);

static void jcc(u32 depth)
{
	u32 at;

	if (rnd(2)) {
		b8(0x70 | rnd(16));
		b8(0);
		at = pos;
		body(1 + rnd(2), 0);
		if (pos - at < 128)
			fix8(at);
		return;
	}
	b8(0x0f);
	b8(0x80 | rnd(16));
	bw(0);
	at = pos;
	piece(depth + 1);
	fixw(at);
}

static void call(u32 depth)
{
	u32 at, jmp, sub, r;

	if (rnd(2)) {
		b8(0xe8);
		bw(0);
		at = pos;
		b8(0xe9);
		bw(0);
		jmp = pos;
		fixw(at);
	} else {
		/* mov eax, sub; push eax; call [esp], or call eax */
		b8(0xb8);
		bw(0);
		at = pos;
		if (rnd(3)) {
			b8(0xff);
			b8(0xd0);
		} else if (code32) {
			b8(0x50);
			b8(0xff);
			b8(0x14);
			b8(0x24);
		} else {
			b8(0xa3);
			b16(off(DATA + 0x10));
			b8(0xff);
			b8(0x16);
			b16(off(DATA + 0x10));
		}
		b8(0xe9);
		bw(0);
		jmp = pos;
		sub = off(CODE + pos);
		put(out + at - (code32 ? 4 : 2), sub, code32 ? 4 : 2);
	}
	if (depth < 3)
		piece(depth + 1);
	r = rnd(3);
	if (r == 0) {
		b8(0xc2);
		b16(rnd(4) * 4);
	} else {
		b8(0xc3);
	}
	fixw(jmp);
}

static void jump_ind(void)
{
	u32 at;

	switch (rnd(3)) {
	case 0:			/* push label; ret */
		b8(0x68);
		bw(0);
		at = pos;
		b8(0xc3);
		break;
	case 1:			/* mov edx, label; jmp edx */
		b8(0xba);
		bw(0);
		at = pos;
		b8(0xff);
		b8(0xe2);
		break;
	default:		/* mov [data], label; jmp [data] */
		b8(0xc7);
		b8(code32 ? 0x05 : 0x06);
		bw(off(DATA + 0x20));
		bw(0);
		at = pos;
		b8(0xff);
		b8(code32 ? 0x25 : 0x26);
		bw(off(DATA + 0x20));
	}
	body(rnd(2), 0);
	put(out + at - (code32 ? 4 : 2), off(CODE + pos), code32 ? 4 : 2);
}

static void loop(void)
{
	static const u8 op[] = { 0xe0, 0xe1, 0xe2 };
	u32 top;

	b8(0xb9);
	bw(1 + rnd(4));
	top = pos;
	body(1 + rnd(2), 1 << VMBT_ECX);
	b8(op[rnd(3)]);
	b8(top - (pos + 1));
}

static void strings(void)
{
	static const u8 op[] = { 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
				 0xad, 0xae, 0xaf };

	b8(0xb9);
	bw(rnd(9));
	b8(0xbe);
	bw(off(DATA + 0x400 + rnd(0x400)));
	b8(0xbf);
	bw(off(DATA + 0x400 + rnd(0x400)));
	b8(rnd(2) ? 0xf3 : 0xf2);
	b8(op[rnd(sizeof(op))]);
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
	switch (rnd(priv ? 7 : 4)) {
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
		b8(0xfa);
		break;
	case 5:
		b8(0xfb);
		break;
	default:
		if (code32)
			b8(0x66);	/* see same_memory() */
		b8(0x0e);
		b8(0x8c);	/* MOV r/m, sreg: registers or small memory */
		b8(0xc0 | rnd(6) << 3 | rnd(4));
		b8(0x8c);
		b8((code32 ? 0x05 : 0x06) | rnd(6) << 3);
		bw(off(DATA + 0x30));
	}
}

static void jcxz(void)
{
	u32 at;

	b8(0xe3);
	b8(0);
	at = pos;
	body(1, 0);
	fix8(at);
}

static void piece(u32 depth)
{
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

struct outcome {
	enum native_stop why;
	u32 gpr[8], eip, eflags;
	struct vcpu_exc exc;
	u8 fpu[512];
	u8 mem[WIN_SIZE];
};

static struct outcome a, b;
static u8 start_mem[WIN_SIZE];
static struct vmbt_guest start_guest;

static void run(struct outcome *o, enum native_stop (*engine)(void))
{
	struct vmbt_guest *g = native_vcpu.guest;

	u32 i;

	for (i = 0; i < WIN_SIZE; i += 64)
		if (memcmp(native_ram(WIN + i), start_mem + i, 64)) {
			bt_invalidate_phys(&native_vcpu, WIN + i, 64);
			memcpy(native_ram(WIN + i), start_mem + i, 64);
		}
	*g = start_guest;
	for (i = DATA; i < WIN_SIZE; i += 4096)
		native_protect((WIN + i) >> 12,
			       traced && engine == native_bt && rnd(2));
	native_fpu_reset();
	memset(&native_vcpu.exc, 0, sizeof(native_vcpu.exc));
	o->why = engine();
	memcpy(o->gpr, g->gpr, sizeof(o->gpr));
	o->eip = g->eip;
	o->eflags = g->eflags & ~VMBT_X86_EFLAGS_RF;
	o->exc = native_vcpu.exc;
	memcpy(o->fpu, native_fpu, 512);
	memcpy(o->mem, native_ram(WIN), WIN_SIZE);
}

/* No memory there: #PF for the process, floating bus for the guest. */
static bool ran_wild(void)
{
	u32 lin = native_vcpu.guest->seg[VMBT_CS].base + a.eip;

	return a.why == NS_FAULT && b.why == NS_FAULT && a.eip == b.eip &&
	       lin - WIN >= WIN_SIZE;
}

/*
 * PUSH sreg of 32 bits may write all of the slot or half of it (SDM vol. 2):
 * the interpreter does the one, translated code the other.
 */
static bool same_memory(void)
{
	u32 i;

	for (i = 0; i < WIN_SIZE; i++)
		if (a.mem[i] != b.mem[i] &&
		    !(priv && code32 && !b.mem[i] && a.mem[i] == start_mem[i]))
			return false;
	return true;
}

static const char *differs(void)
{
	if (a.why != b.why)
		return "reason to stop";
	if (a.why == NS_FAULT && !ran_wild()) {
		if (a.exc.vector != b.exc.vector ||
		    a.exc.error != b.exc.error)
			return "fault";
		if (a.exc.vector == VMBT_VEC_PF && a.exc.cr2 != b.exc.cr2)
			return "address of the fault";
	}
	if (memcmp(a.gpr, b.gpr, sizeof(a.gpr)))
		return "registers";
	if (a.eip != b.eip)
		return "eip";
	if (a.eflags != b.eflags)
		return "flags";
	if (memcmp(a.mem, b.mem, WIN_SIZE) && !same_memory())
		return "memory";
	/* FCW..FTW, then behind FOP/FIP/FDP: MXCSR, ST, XMM0-7 */
	if (!priv && (memcmp(a.fpu, b.fpu, 6) ||
		      memcmp(a.fpu + 24, b.fpu + 24, 288 - 24)))
		return "x87 or SSE registers";
	return NULL;
}

static void show(const char *name, const struct outcome *o)
{
	int i;

	printf("# %-6s why %d vec %d err %x cr2 %x eip %08x fl %08x", name,
	       o->why, o->exc.vector, o->exc.error, o->exc.cr2, o->eip,
	       o->eflags);
	for (i = 0; i < 8; i++)
		printf(" %08x", o->gpr[i]);
	printf("\n");
}

static void list(void)
{
	u32 i = 0, shown = 0;
	struct vmbt_insn in;
	char text[80];

	while (i < pos) {
		if (vmbt_decode(&in, start_mem + CODE + i, 16, code32) !=
		    VMBT_DEC_OK) {
			i++;
			continue;
		}
		vmbt_disasm(&in, off(CODE + i), text, sizeof(text));
		printf("#   %08x %s\n", off(CODE + i), text);
		i += in.len;
	}
	for (i = 0; i < WIN_SIZE && shown < 8; i++)
		if (a.mem[i] != b.mem[i]) {
			printf("# memory at %x: %02x %02x\n", off(i), a.mem[i],
			       b.mem[i]);
			shown++;
		}
}

static void make_case(void)
{
	struct vmbt_guest *g;
	u32 i;

	native_reset(code32, code32 && !limits ? 0 : WIN);
	g = native_vcpu.guest;
	for (i = 0; i < WIN_SIZE; i++)
		start_mem[i] = i >= DATA && i < STACK ? rnd(256) : 0;
	out = start_mem + CODE;
	pos = 0;
	for (i = 2 + rnd(6); i; i--)
		piece(0);
	b8(0xf4);
	for (i = 0; i < 8; i++)
		switch (i) {
		case VMBT_ESP:
			g->gpr[i] = off(STACK - 0x100 - rnd(4));
			break;
		case VMBT_EAX:
		case VMBT_ECX:
		case VMBT_EDX:
			g->gpr[i] = rnd(2) ? rnd(0x400) : rnd(0);
			break;
		default:
			g->gpr[i] = off(DATA + rnd(0x2000));
			if (!code32)
				g->gpr[i] |= rnd(2) ? rnd(0) & 0xffff0000 : 0;
		}
	for (i = 0; i < VMBT_NSEG; i++) {
		if (user)
			g->seg[i].attr |= VMBT_ATTR_DPL;
		if (limits) {
			g->seg[i].attr &= ~VMBT_ATTR_G;
			g->seg[i].limit = 0xffff;
		}
	}
	if (limits)
		g->seg[VMBT_CS].limit = CODE + pos - 1 - rnd(4) * rnd(pos / 4);
	g->eip = off(CODE);
	g->eflags = 0x202 | (rnd(0) & VMBT_EFLAGS_ARITH);
	start_guest = *g;
}

static u32 failures, endless, rewritten;

/*
 * Seen on an AMD EPYC of family 26: a 32-bit near CALL past the code limit
 * pushes to SS without its base instead of #GP; LOOP as the last instruction
 * below the limit faults when it is taken from CX = 2.
 */
static bool cpu_bug(void)
{
	u8 op = start_mem[(a.eip - off(0)) % WIN_SIZE];

	if (!limits || a.why != NS_FAULT)
		return false;
	if (a.exc.vector == VMBT_VEC_PF)
		return a.exc.cr2 < WIN && a.exc.cr2 == a.gpr[VMBT_ESP] - 4;
	return a.exc.vector == VMBT_VEC_GP && op >= 0xe0 && op <= 0xe2 &&
	       a.eip + 2 > start_guest.seg[VMBT_CS].limit;
}

static u32 compare(u64 seed, const char *what)
{
	const char *d;
	u64 mmio;
	u32 round;

	rnd_seed(seed);
	make_case();
	bt_invalidate_phys(&native_vcpu, WIN, WIN_SIZE);
	mmio = native_mmio;
	run(&a, priv ? native_interp : native_raw);
	/* Data executed as code means anything, selectors included. */
	if (a.why == NS_UNSUPPORTED || a.why == NS_LIMIT ||
	    native_mmio != mmio || cpu_bug() ||
	    (a.eip - off(CODE) > pos && a.eip - off(0) <= WIN_SIZE))
		return 0;
	/* Again with what the first run translated and chained. */
	for (round = 0; round < 2; round++) {
		mmio = native_mmio;
		run(&b, native_bt);
		/* Memory for the interpreter, a fault for the process. */
		if (native_mmio != mmio)
			return 0;
		/* Endless recursion that writes over code: too slow here. */
		if (b.why == NS_LIMIT) {
			endless++;
			return 0;
		}
		d = differs();
		if (!d)
			continue;
		/*
		 * What a program writes over itself is any instruction, those
		 * included that ring 3 may not execute and the guest may.
		 */
		if (memcmp(a.mem + CODE, start_mem + CODE, pos) ||
		    memcmp(b.mem + CODE, start_mem + CODE, pos)) {
			rewritten++;
			return 0;
		}
		printf("# seed %llu round %u %s%s\n", seed, round,
		       code32 ? "32" : "16", priv ? " privileged" : "");
		show(priv ? "interp" : "raw", &a);
		show("bt", &b);
		list();
		printf("not ok %s: %s differ\n", what, d);
		failures++;
		return 1;
	}
	return 1;
}

static void suite(const char *name, u32 what, u64 seed, u32 seconds, u64 max)
{
	u64 n = 0, i;
	u32 before = failures;
	time_t end = time(NULL) + seconds;

	code32 = what & S_32;
	priv = what & S_PRIV;
	user = what & S_USER;
	limits = what & S_LIMIT;
	traced = what & S_TRACE;
	native_stepping = what & S_STEP;
	for (i = 0; i < max && failures < before + 5; i++) {
		if (!(i & 63) && time(NULL) >= end)
			break;
		n += compare(seed + i, name);
	}
	native_stepping = false;
	if (endless > n / 200 + 5) {
		printf("not ok %s: %u cases did not end\n", name, endless);
		failures++;
	}
	endless = 0;
	if (rewritten > n / 200 + 5) {
		printf("not ok %s: %u cases rewrote themselves\n", name,
		       rewritten);
		failures++;
	}
	if (failures == before)
		printf("ok %s # %llu cases, %u that rewrote themselves differ\n",
		       name, n, rewritten);
	rewritten = 0;
}

int main(int argc, char **argv)
{
	u32 seconds = argc > 1 ? atoi(argv[1]) : 8;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u64 max = argc > 3 ? strtoull(argv[3], NULL, 0) : ~0ULL;

	if (!seconds)
		seconds = 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	native_init();
	native_window(WIN, WIN + WIN_SIZE);
	suite("random-32", S_32, seed, seconds, max);
	suite("random-16", 0, seed, seconds, max);
	suite("user-32", S_32 | S_USER, seed, seconds, max);
	suite("user-16", S_USER, seed, seconds, max);
	suite("limits-32", S_32 | S_LIMIT, seed, seconds, max);
	suite("limits-16", S_LIMIT, seed, seconds, max);
	suite("privileged-32", S_32 | S_PRIV, seed, seconds, max);
	suite("privileged-16", S_PRIV, seed, seconds, max);
	suite("traced-32", S_32 | S_TRACE, seed, seconds, max);
	suite("traced-16", S_TRACE, seed, seconds, max);
	suite("steps-32", S_32 | S_STEP, seed, seconds, max);
	suite("steps-16", S_STEP, seed, seconds, max);
	suite("limits-steps-16", S_LIMIT | S_STEP, seed, seconds, max);
	suite("privileged-steps-32", S_32 | S_PRIV | S_STEP, seed, seconds,
	      max);
	printf("# %llu steps, %llu restarts, %llu units, %llu chains, %llu misses\n",
	       native_steps, native_restarts, native_vcpu.stats->units,
	       native_vcpu.stats->chains, native_vcpu.stats->hash_misses);
	return failures ? 1 : 0;
}
