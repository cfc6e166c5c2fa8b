// SPDX-License-Identifier: GPL-2.0
/*
 * x87, MMX and SSE state: what FNINIT and FXSAVE say, that registers survive
 * everything in between, lazy switching by CR0.TS, and their exceptions.
 *
 * SDM vol. 1 chapters 8 (x87: 8.1.10 FSAVE images, 8.6 when exceptions come),
 * 9 (MMX), 10.5 (FXSAVE, table 10-2) and 11.5 (SIMD exceptions); vol. 3, 6.15
 * interrupts 16 and 19. AVX, which vmbt does not offer, is avx.c's.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

static SHARED u8 image[512] __aligned(64), second_image[512] __aligned(64), env[108] __aligned(4);
static SHARED u32 mxcsr, four[4] __aligned(16), zeros[4] __aligned(16);
static SHARED u16 fcw;

#define MXCSR_INIT	0x1f80u

static u32 word(const u8 *p, u32 at)
{
	return *(const u16 *)(p + at);
}

static u32 dword(const u8 *p, u32 at)
{
	return *(const u32 *)(p + at);
}

static void set_mxcsr(u32 v)
{
	asm volatile("ldmxcsr %0" : : "m" (v));
}

static u32 get_mxcsr(void)
{
	u32 v;

	asm volatile("stmxcsr %0" : "=m" (v));
	return v;
}

/* Nothing of anybody's: the pointers are clear after a reset. Vol. 3, table 9-1. */
static void untouched(void)
{
	asm volatile("fnstenv %0" : "=m" (env));
	name("reset");
	expect("fip", dword(env, 12), 0);
	expect("fcs", word(env, 16), 0);
	expect("fdp", dword(env, 20), 0);
	expect("fds", word(env, 24), 0);
}

/* After FNINIT. Vol. 1, 8.1.5, 8.1.6; vol. 2, FINIT. */
static void initial(void)
{
	u16 cw = 0, sw = 0xffff;

	asm volatile("fninit; fnstcw %0; fnstsw %1" : "=m" (cw), "=m" (sw));
	name("init");
	expect("fcw", cw, 0x37f);
	expect("fsw", sw, 0);
	asm volatile("fnstenv %0" : "=m" (env));
	expect("ftw", word(env, 8), 0xffff);
	asm volatile("fxsave %0" : "=m" (image));
	expect("fxsave-fcw", word(image, 0), 0x37f);
	/* The abridged tag word: a bit for each register that holds something. */
	expect("fxsave-ftw", image[4], 0);
	expect("fxsave-mxcsr", dword(image, 24), MXCSR_INIT);
	asm volatile("fld1; fldz; fldpi; fxsave %0" : "=m" (image));
	expect("top", word(image, 2) >> 11 & 7, 5);
	expect("ftw-3", image[4], 0xe0);
	/* ST(2) is 1.0: mantissa and exponent. */
	expect("one-high", dword(image, 32 + 32 + 4), 0x80000000);
	expect("one-exponent", word(image, 32 + 32 + 8), 0x3fff);
	asm volatile("fnsave %0" : "=m" (env));
	/* Valid, zero, special, and the rest empty. */
	expect("fsave-tags", word(env, 8), 0x13ff);
	expect("fsave-one", word(env, 28 + 20 + 8), 0x3fff);
	asm volatile("fnstsw %0" : "=m" (sw));
	expect("fsave-inits", sw, 0);
}

/* MMX registers are the x87's: tags valid, TOP 0, exponent all ones. 9.2.1. */
static void mmx(void)
{
	asm volatile("fninit; movd %1, %%mm3; fxsave %0" : "=m" (image) : "r" (0x12345678));
	name("mmx");
	expect("ftw", image[4], 0xff);
	expect("top", word(image, 2) >> 11 & 7, 0);
	expect("value", dword(image, 32 + 3 * 16), 0x12345678);
	expect("exponent", word(image, 32 + 3 * 16 + 8), 0xffff);
	asm volatile("emms; fxsave %0" : "=m" (image));
	expect("emms", image[4], 0);
}

static void fill(u32 seed)
{
	u32 i;

	asm volatile("fninit");
	for (i = 0; i < 8; i++) {
		u32 v = seed * 16 + i + 1;

		asm volatile("fildl %0" : : "m" (v));
	}
	asm volatile("fxsave %0" : "=m" (second_image));
	for (i = 0; i < 128; i += 4)
		*(u32 *)(second_image + 160 + i) = seed * 0x1000193 ^ i * 0x9e3779b1;
	*(u32 *)(second_image + 24) = MXCSR_INIT ^ (seed & 3) << 13;
	asm volatile("fxrstor %0" : : "m" (second_image));
}

/* The registers as fill() left them? */
static bool kept(void)
{
	asm volatile("fxsave %0" : "=m" (image));
	return memeq(image + 32, second_image + 32, 8 * 16 + 8 * 16) &&
	       word(image, 0) == word(second_image, 0) &&
	       word(image, 2) == word(second_image, 2) && image[4] == second_image[4] &&
	       dword(image, 24) == dword(second_image, 24);
}

/* Through rings, faults, page table changes, port accesses, real mode. */

CODE(idle, "", "nop");
CODE(fault, "", "ud2");
CODE(long_loop, "movl $20000, %ecx; 1: loop 1b", "nop");
CODE(port, "", "outb %al, $0x80");
CODE(crs, "", "movl %cr3, %eax; movl %eax, %cr3");
CODE(cpuid_, "", "cpuid");
CODE16(in_real, "", "nop");

static void survives(void)
{
	static const struct {
		const char *name;
		const u8 *code;
		bool privileged;
	} t[] = {
		{ "idle", idle, false }, { "fault", fault, false }, { "loop", long_loop, false },
		{ "port", port, true }, { "cr3", crs, true }, { "cpuid", cpuid_, false },
	};
	static const struct code16 real = PIECE16(in_real);
	u32 i, ring, n;
	struct cpu c;

	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			if (ring && t[i].privileged)
				continue;
			sweep_begin("survives/%s/ring%u", t[i].name, ring);
			for (n = 0; n < 20; n++) {
				fill(n + i);
				cpu_init(&c, ring, t[i].code);
				if (ring)
					c.eflags |= FL_IF;
				run(&c);
				sweep(kept(), "%u", n);
			}
			sweep_end();
		}
	sweep_begin("survives/modes");
	for (n = 0; n < 20; n++) {
		fill(n);
		cpu_init16(&c, &real);
		if (n & 1) {
			c.eflags |= FL_VM | FL_IOPL;
			run(&c);
		} else {
			run_real(&c, SEL_DATA16);
		}
		sweep(c.vector == VEC_END && kept(), "%u: vector %u", n, c.vector);
	}
	sweep_end();
}

/* CR0.TS: #NM, CLTS, and nothing was lost. Vol. 3, 2.5, 13.4. */

CODE(use_x87, "", "faddp");
CODE(use_sse, "", "paddd %xmm1, %xmm0");

static void lazy(void)
{
	struct cpu c;
	u32 ring;

	for (ring = 0; ring <= 3; ring += 3) {
		fill(ring);
		write_cr0(read_cr0() | CR0_TS);
		name("lazy/x87/ring%u", ring);
		run_code(&c, ring, use_x87);
		expect_trap(&c, NM, 0, use_x87_at);
		name("lazy/sse/ring%u", ring);
		run_code(&c, ring, use_sse);
		expect_trap(&c, NM, 0, use_sse_at);
		asm volatile("clts");
		expect("kept", kept(), true);
		name("lazy/afterwards/ring%u", ring);
		run_code(&c, ring, use_x87);
		expect_end(&c);
		asm volatile("fxsave %0" : "=m" (image));
		expect("top", word(image, 2) >> 11 & 7, 1);
	}
	asm volatile("fninit");
}

/* #MF comes with the next waiting instruction; FNSTSW does not wait. 8.6, 8.7. */

CODE(mf_now, "fninit; movw $0x37b, fcw; fldcw fcw; fld1; fldz; fdivrp; nop; fnstsw %ax", "fld1");
CODE(mf_wait, "fninit; movw $0x37b, fcw; fldcw fcw; fld1; fldz; fdivrp", "fwait");
CODE(mf_store, "fninit; movw $0x37b, fcw; fldcw fcw; fld1; fldz; fdivrp; fnclex", "fld1");
CODE(mf_mmx, "fninit; movw $0x37b, fcw; fldcw fcw; fld1; fldz; fdivrp", "movd %eax, %mm0");
CODE(mf_stack, "fninit; movw $0x37e, fcw; fldcw fcw; fstp %st(0)", "fld1");
CODE(mf_masked, "fninit; fld1; fldz; fdivrp; fnstsw %ax", "fld1");

static void x87_exceptions(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		bool fault;
	} t[] = {
		{ "next", mf_now, mf_now_at, true }, { "wait", mf_wait, mf_wait_at, true },
		{ "cleared", mf_store, mf_store_at, false }, { "mmx", mf_mmx, mf_mmx_at, true },
		{ "stack", mf_stack, mf_stack_at, true },
		{ "masked", mf_masked, mf_masked_at, false },
	};
	struct cpu c;
	u32 i, ring;

	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			name("mf/%s/ring%u", t[i].name, ring);
			run_code(&c, ring, t[i].code);
			asm volatile("fnclex");
			if (t[i].fault)
				expect_trap(&c, MF, 0, t[i].at);
			else
				expect_end(&c);
			/* ZE and ES, or ZE alone. */
			if (t[i].code == mf_now)
				expect("fsw", c.eax & 0xff, 0x84);
			if (t[i].code == mf_masked)
				expect("fsw", c.eax & 0xff, 0x04);
			asm volatile("fninit");
		}
}

/* #XM, or #UD where CR4.OSXMMEXCPT is clear; MXCSR says why. 11.5. */

CODE(xm_div, "movups four, %xmm0; movups zeros, %xmm1", "divps %xmm1, %xmm0");
CODE(xm_load, "", "ldmxcsr mxcsr");
CODE(fx_odd, "", "fxsave image + 8");
CODE(fx_restore_odd, "", "fxrstor image + 4");
CODE(fx_restore, "", "fxrstor image");
CODE(movaps_odd, "", "movaps four + 4, %xmm0");
CODE(movups_odd, "", "movups image + 5, %xmm0");

static void simd_exceptions(void)
{
	u32 ring, on, bit, old4 = read_cr4();
	struct cpu c;

	for (bit = 0; bit < 4; bit++)
		four[bit] = 0x40800000;
	for (ring = 0; ring <= 3; ring += 3) {
		for (on = 0; on < 2; on++) {
			write_cr4(on ? old4 | CR4_OSXMMEXCPT : old4 & ~CR4_OSXMMEXCPT);
			set_mxcsr(MXCSR_INIT & ~0x200u);	/* ZM */
			name("xm/unmasked-%s/ring%u", on ? "xm" : "ud", ring);
			run_code(&c, ring, xm_div);
			expect_trap(&c, on ? XM : UD, 0, xm_div_at);
			if (on)
				expect("mxcsr", get_mxcsr(), (MXCSR_INIT & ~0x200u) | 4);
			set_mxcsr(MXCSR_INIT);
			name("xm/masked-%u/ring%u", on, ring);
			run_code(&c, ring, xm_div);
			expect_end(&c);
			expect("mxcsr", get_mxcsr(), MXCSR_INIT | 4);
			set_mxcsr(MXCSR_INIT);
		}
		write_cr4(old4);
		/* Reserved bits: 16 and up always, below by the mask. */
		sweep_begin("xm/reserved/ring%u", ring);
		for (bit = 16; bit < 32; bit++) {
			mxcsr = MXCSR_INIT | 1u << bit;
			run_code(&c, ring, xm_load);
			sweep(c.vector == GP && !c.error, "%u: vector %u", bit, c.vector);
		}
		sweep_end();
		name("xm/fxrstor-reserved/ring%u", ring);
		asm volatile("fxsave %0" : "=m" (image));
		*(u32 *)(image + 24) |= 0x10000;
		run_code(&c, ring, fx_restore);
		expect_trap(&c, GP, 0, fx_restore_at);
		expect("mxcsr", get_mxcsr(), MXCSR_INIT);
		/* Alignment: 16 bytes for these. */
		name("align/fxsave/ring%u", ring);
		run_code(&c, ring, fx_odd);
		expect_trap(&c, GP, 0, fx_odd_at);
		name("align/fxrstor/ring%u", ring);
		run_code(&c, ring, fx_restore_odd);
		expect_trap(&c, GP, 0, fx_restore_odd_at);
		name("align/movaps/ring%u", ring);
		run_code(&c, ring, movaps_odd);
		expect_trap(&c, GP, 0, movaps_odd_at);
		name("align/movups/ring%u", ring);
		run_code(&c, ring, movups_odd);
		expect_end(&c);
	}
}

/* Images across a page that is not there: nothing changes. */

CODE(env_store, "", "fnsave (%ebx)");
CODE(env_load, "", "frstor (%ebx)");
CODE(fx_store, "", "fxsave (%ebx)");
CODE(fx_load, "", "fxrstor (%ebx)");

static void pages(void)
{
	static const struct {
		const char *name;
		const u8 *code, *at;
		bool write;
	} t[] = {
		{ "fnsave", env_store, env_store_at, true },
		{ "frstor", env_load, env_load_at, false },
		{ "fxsave", fx_store, fx_store_at, true },
		{ "fxrstor", fx_load, fx_load_at, false },
	};
	u32 cr3 = paging_identity(PAGING_32), i, ring, *table;
	struct cpu c;

	table = (u32 *)(peek(cr3 + 4) & ~4095);
	paging_on(PAGING_32, cr3);
	table[0x201] = 0;		/* 601000h */
	invlpg(0x601000);
	for (ring = 0; ring <= 3; ring += 3)
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			fill(i);
			name("pages/%s/ring%u", t[i].name, ring);
			cpu_init(&c, ring, t[i].code);
			c.ebx = 0x600fc0;
			run(&c);
			expect_trap(&c, PF, (ring ? 4 : 0) | (t[i].write ? 2 : 0), t[i].at);
			expect("cr2", c.cr2, 0x601000);
			/* A load may have begun. */
			if (t[i].write)
				expect("kept", kept(), true);
		}
	paging_off();
	pool_reset();
}

void guest_main(void)
{
	u32 r[4];

	cpuid(1, r);
	if (!(r[3] & 1u << 26)) {
		skip("fpu", "no SSE2");
		return;
	}
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	write_cr0((read_cr0() | CR0_MP) & ~(CR0_EM | CR0_TS));
	untouched();
	set_mxcsr(MXCSR_INIT);
	initial();
	mmx();
	survives();
	lazy();
	x87_exceptions();
	simd_exceptions();
	pages();
}
#endif
