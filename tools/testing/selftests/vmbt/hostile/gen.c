// SPDX-License-Identifier: GPL-2.0
/*
 * The classes of hostile programs, one function each.
 *
 * A program is named by its class and a number, which seeds everything random
 * in it; what is to be tried exhaustively (selectors, vectors, nestings, ports)
 * is counted off by the number. Every fragment begins with a dozen harmless
 * instructions, so that registers and flags are in no particular state, and
 * ends in UD2.
 *
 * Where a jump may lead to a segment that the guest must not have, it leads to
 * the payload: code that looks whether it runs in 64-bit mode, and then writes
 * to a canary above 4 GiB.
 */
#include <linux/vmbt.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "gen.h"
#include "hostcall.h"
#include "layout.h"
#include "monitor.h"

#define TF	0x100
#define IF	0x200
#define NT	0x4000
#define AC	0x40000

#define MON_WORDS	(sizeof(struct vmbt_mon) / 4)

/* Bytes of a fragment in the making. */
struct emit {
	uint8_t *p;
	unsigned int len;
};

static uint64_t rng;
static uint32_t mon_base;

static uint32_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng >> 16;
}

static uint32_t below(uint32_t n)
{
	return rnd() % n;
}

#define PICK(a)	((a)[below(ARRAY_SIZE(a))])

static void b1(struct emit *e, uint8_t x)
{
	if (e->len < PAYLOAD_AT - 2)
		e->p[e->len++] = x;
}

static void b2(struct emit *e, uint16_t x)
{
	b1(e, x);
	b1(e, x >> 8);
}

static void b4(struct emit *e, uint32_t x)
{
	b2(e, x);
	b2(e, x >> 16);
}

/* Bytes written as a number, most significant first: op(e, 0x0f34). */
static void op(struct emit *e, uint32_t bytes)
{
	if (bytes > 0xffffff)
		b1(e, bytes >> 24);
	if (bytes > 0xffff)
		b1(e, bytes >> 16);
	if (bytes > 0xff)
		b1(e, bytes >> 8);
	b1(e, bytes);
}

static uint32_t edge(void)
{
	static const uint32_t edges[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x7fff, 0x8000, 0xffff,
		0x10000, 0x3fffff, 0x400000, 0x7fffffff, 0x80000000, 0xbfffffff,
		0xffbfffff, 0xffc00000, 0xfffff000, 0xfffffffc, 0xffffffff,
		DATA, STACK, PAYLOAD, VMBT_MON_TC, VMBT_MON_RT,
	};

	switch (below(4)) {
	case 0:
		return PICK(edges);
	case 1:
		return PICK(edges) + below(16) - 8;
	default:
		return rnd();
	}
}

/* A selector, with those that matter more often than chance would have them. */
static uint16_t selector(void)
{
	switch (below(4)) {
	case 0:
		return VMBT_SEL_FIRST + below(128);
	case 1:
		return below(64) << 3 | below(8);
	default:
		return rnd();
	}
}

/* One harmless instruction on registers; not on ESP. */
static void harmless(struct emit *e)
{
	static const uint8_t alu[] = { 0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31,
				       0x39, 0x85, 0x87, 0x89, 0x8b, 0x03, 0x33 };
	static const uint8_t regs[] = { 0, 1, 2, 6, 7 };

	switch (below(8)) {
	case 0:
		b1(e, 0xb8 + PICK(regs));
		b4(e, edge());
		break;
	case 1:
		b1(e, 0x40 + PICK(regs) + 8 * below(2));
		break;
	case 2:
		op(e, 0xc1c0 + PICK(regs) + 8 * below(8));
		b1(e, below(32));
		break;
	case 3:
		op(e, 0x0fc8 + PICK(regs));
		break;
	default:
		b1(e, PICK(alu));
		b1(e, 0xc0 | PICK(regs) << 3 | PICK(regs));
		break;
	}
}

static void prologue(struct emit *e)
{
	unsigned int n = 12 + below(6);

	while (n--)
		harmless(e);
}

static void push(struct emit *e, uint32_t x)
{
	b1(e, 0x68);
	b4(e, x);
}

/* Where a stray jump is to go: the payload, for either ring, or anywhere. */
static uint32_t target(void)
{
	switch (below(8)) {
	case 0:
		return edge();
	case 1:
		return USER + PAYLOAD;
	case 2:
		return VMBT_HOSTILE_PLACE + PAYLOAD_AT;
	default:
		return mon_base + VMBT_HOSTILE_PLACE + PAYLOAD_AT;
	}
}

/* Not to be reached: what comes before must fault. */
static bool cut;

static void tell_done(struct emit *e)
{
	/* Behind half an instruction it may be another one that was executed. */
	if (cut)
		return;
	b1(e, 0xbf);
	b4(e, VMBT_HOSTILE_DONE);
	op(e, 0x0f0b);
}

static void far_jump(struct emit *e, uint16_t sel)
{
	uint32_t to = target();

	switch (below(6)) {
	case 0:
		b1(e, 0x9a);
		b4(e, to);
		b2(e, sel);
		break;
	case 1:			/* by memory: CALL or JMP m16:32 */
		op(e, 0xc705);
		b4(e, DATA);
		b4(e, to);
		op(e, 0x66c705);
		b4(e, DATA + 4);
		b2(e, sel);
		op(e, below(2) ? 0xff2d : 0xff1d);
		b4(e, DATA);
		break;
	case 2:			/* RETF */
		push(e, sel);
		push(e, to);
		b1(e, 0xcb);
		break;
	case 3:			/* 16-bit operand size */
		op(e, 0x66ea);
		b2(e, to);
		b2(e, sel);
		break;
	default:
		b1(e, 0xea);
		b4(e, to);
		b2(e, sel);
		break;
	}
}

/* All 65536 selectors, in an order that spreads them. */
static void gen_far(struct emit *e, uint32_t n)
{
	far_jump(e, n * 40503);
	/* Most of them fault at once: a second one, which RETF leads to. */
	far_jump(e, selector());
}

static uint32_t flags_image(uint32_t n)
{
	static const uint32_t bit[] = { TF, IF, NT, AC, 0x1000, 0x2000, 0x20000,
					0x400, 0x10000, 0x200000, 0x180000 };
	uint32_t f = below(2) ? 2 : rnd();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bit); i++)
		if (n >> i & 1)
			f ^= bit[i];
	return f;
}

static void gen_iret(struct emit *e, uint32_t n)
{
	static const uint16_t cs[] = { 0x08, 0x09, 0x0b, 0x18, 0x1b, 0x29, 0x31, 0x33, 0x3b,
				       0x41, 0x49, 0xff90, 0xff91, 0xffa1, 0xffab };
	static const uint16_t ss[] = { 0x10, 0x11, 0x13, 0x20, 0x23, 0, 1, 3,
				       0xff98, 0xff99, 0xffb1, 0xffbb };
	uint16_t to_cs = below(3) ? PICK(cs) : selector();
	bool small = !below(4), far = !below(4);
	uint32_t esp = below(2) ? USER + STACK : edge();
	uint16_t to_ss = below(3) ? PICK(ss) : selector();

	if (small) {
		op(e, 0x6668);
		b2(e, to_ss);
		op(e, 0x6668);
		b2(e, esp);
		if (!far) {
			op(e, 0x6668);
			b2(e, flags_image(n));
		}
		op(e, 0x6668);
		b2(e, to_cs);
		op(e, 0x6668);
		b2(e, target());
		op(e, far ? 0x66cb : 0x66cf);
		return;
	}
	push(e, to_ss);
	push(e, esp);
	if (!far)
		push(e, flags_image(n));
	push(e, to_cs);
	push(e, target());
	b1(e, far ? 0xcb : 0xcf);
}

static void gen_tables(struct emit *e, uint32_t n)
{
	static const uint8_t crs[] = { 0, 2, 3, 4, 7 };
	static const uint32_t msrs[] = {
		0xc0000080, 0xc0000081, 0xc0000082, 0x174, 0x175, 0x176, 0x1b,
		0xc0000101, 0x1d9,
	};
	uint32_t sel = below(2) ? n * 40503 & 0xffff : selector();

	b1(e, 0xb8);
	b4(e, sel);
	switch (below(8)) {
	case 0:
	case 1:
		op(e, 0x0f00d0);	/* LLDT AX */
		break;
	case 2:
	case 3:
		op(e, 0x0f00d8);	/* LTR AX */
		break;
	case 4:
		op(e, below(2) ? 0x0f0115 : 0x0f011d);	/* LGDT, LIDT */
		b4(e, DATA);
		break;
	case 5:
		op(e, below(2) ? 0x0f01f0 : 0x0f06);	/* LMSW, CLTS */
		break;
	case 6:
		op(e, 0x0f22);		/* MOV CRn */
		b1(e, 0xc0 | PICK(crs) << 3);
		break;
	default:			/* WRMSR: EFER, STAR, SYSENTER_* */
		b1(e, 0xb9);
		b4(e, PICK(msrs));
		op(e, 0x0f30);
		break;
	}
	tell_done(e);
}

/* CLI and STI, or a port by any instruction; wider than a byte if not @byte. */
static void port_access(struct emit *e, uint32_t port, bool byte)
{
	static const uint16_t bytes[] = { 0xec, 0xee, 0xf36c, 0xf36e, 0x6c, 0x6e };
	static const uint16_t others[] = {
		0xed, 0xef, 0x66ed, 0x66ef, 0x6d, 0x6f, 0xf36d, 0xfa, 0xfb, 0xfaee,
	};

	b1(e, 0xb9);			/* ECX: for REP */
	b4(e, 1 + below(4));
	b1(e, 0xba);
	b4(e, port | (below(8) ? 0 : rnd() << 16));
	b1(e, 0xbf);
	b4(e, DATA);
	b1(e, 0xbe);
	b4(e, DATA);
	if (byte)
		op(e, PICK(bytes));
	else if (below(4))
		op(e, PICK(others));
	else				/* IN and OUT with the port in them */
		op(e, (0xe400 + (below(4) << 8)) | (port & 0xff));
	tell_done(e);
}

/* Every other time a port of the PC's own, byte by byte, else any. */
static void gen_io(struct emit *e, uint32_t n)
{
	if (n & 1)
		port_access(e, n / 2 & 0x3ff, true);
	else
		port_access(e, n / 2 * 40503 & 0xffff, below(2));
}

static void enter_kernel(struct emit *e, uint32_t n)
{
	switch (n % 16) {
	case 0:
		op(e, 0x0f34);		/* SYSENTER */
		break;
	case 1:
		op(e, 0x0f05);		/* SYSCALL */
		break;
	case 2:
		b1(e, 0xcc);
		break;
	case 3:
		b1(e, 0xce);
		break;
	case 4:
		b1(e, 0xf1);
		break;
	case 5:
		op(e, below(2) ? 0x0f35 : 0x0f07);	/* SYSEXIT, SYSRET */
		break;
	case 6:
		op(e, 0xcd00 | below(2));
		break;
	default:
		op(e, 0xcd00 | ((n / 16) & 0xff));
		break;
	}
}

static void gen_int(struct emit *e, uint32_t n)
{
	if (!below(4)) {
		push(e, flags_image(n));
		b1(e, 0x9d);
	}
	/* What SYSEXIT and SYSCALL return to, and their like. */
	b1(e, 0xb9);
	b4(e, target());
	enter_kernel(e, n);
}

static void gen_read(struct emit *e, uint32_t n)
{
	static const uint32_t reads[] = {
		0x0f0105, 0x0f010d,			/* SGDT, SIDT [DATA] */
		0x0f0005, 0x0f000d, 0x0f0125,		/* SLDT, STR, SMSW */
	};
	static const uint32_t regs[] = {
		0x0f00c0, 0x0f00c8, 0x0f01e0,		/* SLDT STR SMSW EAX */
		0x0f02c2, 0x0f03c2,			/* LAR, LSL EAX, EDX */
		0x0f00e2, 0x0f00ea,			/* VERR, VERW DX */
		0x0f20c0, 0x0f20d0, 0x0f20d8, 0x0f20e0,	/* MOV EAX, CRn */
		0x0f21c0, 0x0f21f0, 0x0f21f8,		/* MOV EAX, DRn */
		0x0f32, 0x0f33, 0x0f31, 0x0f01f9, 0x0fa2, 0x0f01d0,
		0x63d0, 0x8cd0, 0x8cc8, 0x8ce8,		/* ARPL, MOV EAX, Sreg */
		0x0fc7f8, 0x0f09, 0x0f08, 0x0f01f8, 0x0f01c8, 0x0f01ca,
	};
	static const uint32_t msrs[] = { 0xc0000080, 0x174, 0x1b, 0xc0000101, 0, 0x277 };
	uint32_t edx = n * 40503 & 0xffff;
	unsigned int i;

	b1(e, 0xba);
	b4(e, edx);
	b1(e, 0xb9);
	b4(e, PICK(msrs));
	for (i = 0; i < 3; i++) {
		if (below(3)) {
			op(e, PICK(regs));
		} else {
			op(e, PICK(reads));
			b4(e, DATA);
		}
	}
	/* What it read as a pointer. */
	op(e, 0xa1);
	b4(e, DATA + 2);
	op(e, 0x8700);
}

/* MOV to a segment register by way of EAX. */
static void load_seg(struct emit *e, unsigned int sreg, uint16_t sel)
{
	b1(e, 0xb8);
	b4(e, sel);
	op(e, 0x8ec0 | sreg << 3);
}

/*
 * Stores over the whole 4 GiB. Of the monitor area, every page in turn: with
 * %gs, whose base it has, and through the flat segments.
 */
static void gen_store(struct emit *e, uint32_t n)
{
	static const uint8_t prefix[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	static const uint8_t sregs[] = { 0, 2, 3, 4, 5 };
	uint32_t to = n * 2654435761u;
	unsigned int i, k;

	switch (n % 4) {
	case 0:			/* eight pages of the monitor area */
		for (i = 0; i < 8; i++) {
			uint32_t page = ((n / 4) * 8 + i) % (VMBT_MON_SIZE / 4096);

			op(e, 0x65c705);
			b4(e, page * 4096 + (i * 508 & 0xffc));
			b4(e, rnd());
		}
		break;
	case 1:			/* the same by its linear address, in EBP */
		for (i = 0; i < 8; i++) {
			op(e, 0xc785);
			b4(e, ((n / 4 * 8 + i) * 4096) % VMBT_MON_SIZE + below(4096));
			b4(e, rnd());
		}
		break;
	case 2:			/* through any segment with any selector */
		for (i = 0; i < 3; i++) {
			k = PICK(sregs);
			load_seg(e, k, selector());
			b1(e, "\x26\0\x36\x3e\x64\x65"[k]);
			op(e, 0xc705);
			b4(e, to + i * 0x55555555);
			b4(e, rnd());
		}
		break;
	default:
		for (i = 0; i < 6; i++) {
			b1(e, PICK(prefix));
			switch (below(4)) {
			case 0:
				op(e, 0x8f05);		/* POP m */
				b4(e, to + i * 0x2aaaaaab);
				break;
			case 1:
				op(e, 0xf00fba2d);	/* LOCK BTS m, 31 */
				b4(e, to + i * 0x2aaaaaab);
				b1(e, 31);
				break;
			case 2:
				op(e, 0x0fae05);	/* FXSAVE */
				b4(e, edge() & ~15u);
				break;
			default:
				op(e, 0xc705);
				b4(e, to + i * 0x2aaaaaab);
				b4(e, rnd());
				break;
			}
		}
		break;
	}
}

/* JMP FAR to offset EBX (a callout) plus @off in the translation cache. */
static void into_cache(struct emit *e, uint32_t off)
{
	op(e, 0x8d83);			/* LEA EAX, [EBX + off] */
	b4(e, off);
	b1(e, 0xa3);
	b4(e, DATA);
	op(e, 0x66c705);
	b4(e, DATA + 4);
	b2(e, below(8) ? VMBT_SEL_TC1_CS : selector());
	op(e, 0xff2d);
	b4(e, DATA);
}

static void gs_store(struct emit *e, uint32_t off, uint32_t value)
{
	op(e, 0x65c705);
	b4(e, off);
	b4(e, value);
}

/*
 * The hash tables say where the translated code of an EIP is. Forge entries for
 * what the guest's ordinary code is about to look up, or for anything, and let
 * it go on; or change that code.
 */
static void gen_forge(struct emit *e, uint32_t n)
{
	unsigned int i, k = 1 + below(4);

	for (i = 0; i < k; i++) {
		uint32_t eip = below(3) ? WARM + below(64) : edge();
		uint32_t tab = below(4) ? VMBT_MON_HASH1 : VMBT_MON_HASH3;

		uint32_t neg = below(4) ? -eip : edge();
		uint32_t to = below(2) ? VMBT_MON_TC + below(0x400) : edge();

		gs_store(e, tab + 8 * (eip & 0xffff), neg);
		gs_store(e, tab + 8 * (eip & 0xffff) + 4, to);
		gs_store(e, VMBT_MON_HASH2 + 8 * vmbt_hash2(eip), neg);
		gs_store(e, VMBT_MON_HASH2 + 8 * vmbt_hash2(eip) + 4, to);
	}
	if (n % 3 == 0) {
		/* MOV gs:[EBX + x], imm32: code, next to a callout */
		op(e, 0x65c783);
		b4(e, below(64) - 32);
		b4(e, below(2) ? 0x16cd16cd : rnd());
	}
	into_cache(e, n % 2 ? 0 : below(48) - 24);
}

/* Every nesting of flags, shadows and entries. */
static void gen_nest(struct emit *e, uint32_t n)
{
	uint32_t f = 2, shadow = n / 32 % 5, last = n / 160 % 14;

	f |= (n & 1 ? TF : 0) | (n & 2 ? NT : 0) | (n & 4 ? AC : 0) |
	     (n & 8 ? 0x400 : 0) | (n & 16 ? 0x3000 : 0);
	op(e, 0x8cd0);			/* MOV EAX, SS */
	push(e, f);
	if (shadow == 2)
		b1(e, 0x16);		/* PUSH SS, below the flags */
	if (shadow == 2)
		op(e, 0x588f0424);	/* POP EAX; POP [ESP]: keep the flags */
	b1(e, 0x9d);
	switch (shadow) {
	case 1:
		op(e, 0x8ed0);		/* MOV SS, EAX */
		break;
	case 2:
		op(e, 0x5017);		/* PUSH EAX; POP SS */
		break;
	case 3:
		op(e, 0x8ed0);
		op(e, 0x8ed0);
		break;
	case 4:
		op(e, 0x0fb225);	/* LSS ESP, [DATA] */
		b4(e, DATA);
		break;
	}
	switch (last) {
	case 0:
	case 1:
		op(e, 0x0f34);
		break;
	case 2:
		op(e, 0x0f05);
		break;
	case 3:
		op(e, 0xcd16);
		break;
	case 4:
		op(e, 0xcd80);
		break;
	case 5:
		b1(e, 0xcc);
		break;
	case 6:
		b1(e, 0xf1);
		break;
	case 7:
		b1(e, 0xcf);
		break;
	case 8:
		b1(e, 0xf4);
		break;
	case 9:
		op(e, 0xcd01);
		break;
	case 10:
		op(e, 0xcd08);
		break;
	case 11:
		op(e, 0x0f0b);
		break;
	case 12:			/* a data breakpoint, if one is armed */
		b1(e, 0xa3);
		b4(e, DATA);
		op(e, 0x0f34);
		break;
	case 13:
		b1(e, 0xa3);
		b4(e, DATA + 1);	/* unaligned */
		break;
	}
}

static void gen_debug(struct emit *e, uint32_t n)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		switch (below(4)) {
		case 0:
			b1(e, 0xb8);
			b4(e, edge());
			op(e, 0x0f23);
			b1(e, 0xc0 | (n & 7) << 3);
			tell_done(e);
			break;
		case 1:
			op(e, 0x0f21);
			b1(e, 0xc0 | (n & 7) << 3);
			tell_done(e);
			break;
		case 2:
			b1(e, 0xa3);
			b4(e, DATA + 4 * below(4) + below(2));
			break;
		default:
			op(e, 0x8ed2);	/* MOV SS, EDX */
			b1(e, 0xa3);
			b4(e, DATA);
			enter_kernel(e, rnd());
			break;
		}
	}
}

/* Every field of the monitor area's data page; then the VMM reads them. */
static void gen_fields(struct emit *e, uint32_t n)
{
	unsigned int i, k = 1 + below(6);

	for (i = 0; i < k; i++)
		gs_store(e, 4 * ((n + i * below(16)) % MON_WORDS), edge());
	/* From where the ring-1 runtime was jumped to: here, or so. */
	if (below(2)) {
		op(e, 0x8d83);			/* LEA EAX, [EBX + x] */
		b4(e, below(4) ? below(64) - 32 : 0);
		op(e, 0x65a3);
		b4(e, offsetof(struct vmbt_mon, site));
	}
	switch (n % 8) {
	case 3:
	case 4:			/* the runtime, which believes in that */
		b1(e, 0xea);
		b4(e, VMBT_MON_RT + below(0xc00));
		b2(e, VMBT_SEL_TC1_CS);
		break;
	case 0:
		into_cache(e, below(64) - 32);
		break;
	case 1:			/* a callout that is none */
		op(e, 0xcd16);
		break;
	case 2:
		b1(e, 0xea);
		b4(e, VMBT_MON_TC + below(0x800));
		b2(e, VMBT_SEL_TC1_CS);
		break;
	default:
		into_cache(e, 0);
		break;
	}
}

static void store_offer(struct emit *e, uint16_t sel)
{
	uint32_t at = offsetof(struct vmbt_mon, offer) +
		      sel / 8 % VMBT_MON_OFFERS * sizeof(struct vmbt_mon_same);

	gs_store(e, at, below(8) ? -(uint32_t)sel : edge());
	gs_store(e, at + 4, below(2) ? 0 : edge());
	gs_store(e, at + 8, edge());
	gs_store(e, at + 12, edge());
}

/* What ring 1 may write to by an alias, and notes of that. */
static void store_alias(struct emit *e)
{
	uint32_t k = below(VMBT_MON_ALIASES), at = offsetof(struct vmbt_mon, alias) + 8 * k;
	uint32_t log = offsetof(struct vmbt_mon, log), i;

	gs_store(e, at, below(2) ? -(uint32_t)(USER >> 12) : edge());
	gs_store(e, at + 4, edge());
	gs_store(e, offsetof(struct vmbt_mon, log_left), below(2) ? below(40) : edge());
	for (i = 0; i < 3; i++)
		gs_store(e, log + 4 * below(VMBT_MON_LOG),
			 below(4) ? VMBT_MON_ALIAS + below(0x10000) : edge());
	gs_store(e, offsetof(struct vmbt_mon, gdt_left), below(2) ? below(40) : edge());
	gs_store(e, offsetof(struct vmbt_mon, gdt_log) + 4 * below(VMBT_MON_LOG),
		 below(2) ? VMBT_MON_ALIAS + below(0x10000) : edge());
	gs_store(e, offsetof(struct vmbt_mon, gdt_delta) + 4 * below(3), edge());
}

/* MOV to one of ES, DS, FS and GS. */
static void load_sreg(struct emit *e, uint16_t sel)
{
	static const uint8_t sregs[] = { 0xc0, 0xd8, 0xe0, 0xe8 };

	b1(e, 0xb8);
	b4(e, sel);
	b1(e, 0x8e);
	b1(e, PICK(sregs));
}

/*
 * What the VMM offers the ring-1 runtime: selectors to load, and ring 3. Forged,
 * then used by the runtime or by this; the VMM finds other segments than it put
 * there, or ring 3, and goes on with that.
 */
static void gen_offers(struct emit *e, uint32_t n)
{
	static const uint16_t users[] = { 0x1b, 0x33, 0x3b, 0x43, 0x4b, 0xffab };
	uint16_t sel = n % 3 ? n * 40503 & 0xffff : selector();

	store_offer(e, sel);
	gs_store(e, offsetof(struct vmbt_mon, no_user), below(4) ? 0 : edge());
	gs_store(e, offsetof(struct vmbt_mon, gdt_n), below(2) ? 0 : edge());
	if (below(2))
		gs_store(e, offsetof(struct vmbt_mon, gdt_off), edge());
	if (n % 8 >= 5)
		gs_store(e, offsetof(struct vmbt_mon, vif), below(2) ? 0 : edge());
	if (!below(3))
		store_alias(e);
	/* SYSEXIT's frame. */
	if (below(2)) {
		gs_store(e, offsetof(struct vmbt_mon, esp), edge());
		gs_store(e, offsetof(struct vmbt_mon, ss_not_flat), below(2) ? 0 : edge());
		gs_store(e, offsetof(struct vmbt_mon, frame[1]),
			 below(2) ? PICK(users) : selector());
		gs_store(e, offsetof(struct vmbt_mon, frame[4]), below(2) ? 0x23 : selector());
	}
	switch (n % 8) {
	case 0:
	case 1:			/* the registers, then the guest's own code */
		load_sreg(e, sel);
		load_sreg(e, selector());
		into_cache(e, 0);
		break;
	case 2:			/* the runtime's own load or IRET */
	case 3:
		push(e, 0x23);
		push(e, USER + STACK);
		push(e, flags_image(n) | IF);
		push(e, below(2) ? PICK(users) : selector());
		push(e, target());
		b1(e, 0xb8);
		b4(e, sel);
		b1(e, 0xea);
		b4(e, VMBT_MON_RT + below(0xc00));
		b2(e, VMBT_SEL_TC1_CS);
		break;
	case 4:			/* SYSENTER, which does not say from where */
		load_sreg(e, sel);
		op(e, 0x0f34);
		break;
	default:		/* to ring 3, with whatever is in the registers */
		load_sreg(e, sel);
		push(e, below(4) ? 0x23 : selector());
		push(e, below(2) ? USER + STACK : edge());
		push(e, flags_image(n));
		push(e, below(2) ? PICK(users) : sel);
		push(e, target());
		b1(e, 0xcf);
		break;
	}
}

static void gen_random(struct emit *e, uint32_t n)
{
	unsigned int i;

	(void)n;
	for (i = 0; i < 64; i++)
		b1(e, rnd());
}

static void gen_any(struct emit *e, uint32_t n);

/* @fragments: how many a program of the class has */
static const struct class {
	const char *name;
	void (*gen)(struct emit *e, uint32_t n);
	unsigned int fragments;
} classes[] = {
	{ "far", gen_far, 12 },
	{ "iret", gen_iret, 12 },
	{ "tables", gen_tables, 12 },
	{ "io", gen_io, 12 },
	{ "int", gen_int, 12 },
	{ "read", gen_read, 8 },
	{ "store", gen_store, 8 },
	{ "forge", gen_forge, 3 },
	{ "nest", gen_nest, 8 },
	{ "debug", gen_debug, 6 },
	{ "fields", gen_fields, 3 },
	{ "random", gen_random, 6 },
	{ "offers", gen_offers, 3 },
	{ "any", gen_any, 6 },
};

#define NR_CLASSES	ARRAY_SIZE(classes)

unsigned int class_count(void)
{
	return NR_CLASSES;
}

const char *class_name(unsigned int class)
{
	return classes[class].name;
}

/* Two of the others, the first perhaps cut off. */
static void gen_any(struct emit *e, uint32_t n)
{
	unsigned int k = below(NR_CLASSES - 1);

	classes[k].gen(e, n);
	cut = below(2);
	if (cut)
		e->len -= below(3);
	/* Random bytes jump into the middle of what follows. */
	if (classes[k].gen == gen_random)
		cut = true;
	classes[below(NR_CLASSES - 1)].gen(e, rnd());
	cut = false;
}

static void breakpoints(struct program *p)
{
	static const uint32_t addr[] = { DATA, DATA, DATA + 4, STACK - 4, PROGRAM, PAYLOAD };
	unsigned int i;

	p->dr[4] = 0x400;
	for (i = 0; i < 4; i++) {
		p->dr[i] = below(3) ? PICK(addr) : edge();
		if (below(2))
			p->dr[4] |= (1 + below(3)) << 2 * i | below(16) << (16 + 4 * i);
	}
}

void gen_program(struct program *p, unsigned int class, uint32_t number,
		 uint32_t monitor)
{
	const struct class *c = &classes[class];
	unsigned int i;

	rng = (number + 1) * 0x9e3779b97f4a7c15ull ^ (class + 1) * 0xd6e8feb86659fd93ull;
	for (i = 0; i < 8; i++)
		rnd();
	mon_base = monitor;
	memset(p, 0, sizeof(*p));
	p->count = c->fragments;
	p->deliver = 1u << (p->count - 1);
	if (!below(8))
		p->deliver |= 1u << below(p->count);
	if (!below(8))
		p->flags |= VMBT_HOSTILE_FLAT;
	for (i = 0; i < 8; i++)
		p->gpr[i] = edge();
	p->gpr[4] = below(8) ? STACK : edge();
	if (!strcmp(c->name, "debug") || !strcmp(c->name, "nest") || !below(16))
		breakpoints(p);
	for (i = 0; i < sizeof(p->code); i += 2)
		memcpy(p->code + i, "\x0f\x0b", 2);
	for (i = 0; i < p->count; i++) {
		struct emit e = { .p = p->code + i * STRIDE };

		gen_payload(e.p + PAYLOAD_AT);
		prologue(&e);
		c->gen(&e, number * p->count + i);
	}
}
