// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU without XSAVE and AVX, as vmbt's is: CPUID and CR4 say so, all that XSAVE or
 * a VEX or EVEX prefix would do is #UD, and the bytes of those prefixes are still LES,
 * LDS and BOUND wherever they have been on older CPUs.
 *
 * SDM vol. 1, 13.2, 13.3 (XSAVE, CPUID leaf 0Dh), 14.3 (AVX); vol. 2, 2.3.5 and 2.3.6
 * (VEX in 32-bit code: the two bits behind the opcode of LDS and LES), 2.7.1 (EVEX),
 * and the instructions; vol. 3, 2.5 (CR4).
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST
#include "guest/top.h"

/*
 * At which ring, with which flags: vmbt executes ring 3 directly where interrupts are
 * on and it can't write the tables (top_begin()), and translates it where they are off.
 */
static const struct at {
	const char *name;
	u32 ring, eflags;
} ats[] = {
	{ "ring0", 0, 0 }, { "ring3", 3, FL_IF }, { "ring3-cli", 3, 0 },
};

static SHARED u32 area[256] __aligned(64), far_at[2];
static const SHARED s32 bounds[2] = { -5, 5 };

/* CPUID bits that there are not without XSAVE. */
#define LEAF1_XSAVE	BIT(26)
#define LEAF1_OSXSAVE	BIT(27)
#define LEAF1_ECX	(LEAF1_XSAVE | LEAF1_OSXSAVE | BIT(28) | BIT(12) | BIT(29))
/* AVX2, AVX512F, DQ, IFMA, PF, ER, CD, BW, VL */
#define LEAF7_EBX	(BIT(5) | BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) |	\
			 BIT(30) | BIT(31))
/* AVX512_VBMI, PKU, OSPKE, VBMI2, VAES, VPCLMULQDQ, VNNI, BITALG, VPOPCNTDQ */
#define LEAF7_ECX	(BIT(1) | BIT(3) | BIT(4) | BIT(6) | BIT(9) | BIT(10) | BIT(11) |	\
			 BIT(12) | BIT(14))

#define CR4_OSXSAVE	BIT(18)
#define CR4_PKE		BIT(22)

static void prepare(struct cpu *c, const struct at *at, const u8 *code)
{
	cpu_init(c, at->ring, code);
	c->eflags |= at->eflags;
}

CODE(cpuid_at, "", "cpuid");

/* At a ring: what a process asks, too. */
static void cpuid_says(const struct at *at)
{
	struct cpu c;
	u32 max;

	prepare(&c, at, cpuid_at);
	c.eax = 0;
	run(&c);
	max = c.eax;
	name("cpuid/%s", at->name);
	prepare(&c, at, cpuid_at);
	c.eax = 1;
	run(&c);
	/* What a program must look at before it looks at the others. */
	expect("osxsave", c.ecx & LEAF1_OSXSAVE, 0);
	expect("leaf1", c.ecx & LEAF1_ECX & ~LEAF1_OSXSAVE, 0);
	if (max >= 7) {
		prepare(&c, at, cpuid_at);
		c.eax = 7;
		c.ecx = 0;
		run(&c);
		expect("leaf7-ebx", c.ebx & LEAF7_EBX, 0);
		expect("leaf7-ecx", c.ecx & LEAF7_ECX, 0);
	}
	if (max >= 0xd) {
		prepare(&c, at, cpuid_at);
		c.eax = 0xd;
		c.ecx = 0;
		run(&c);
		expect("leaf-d", c.eax | c.ebx | c.ecx | c.edx, 0);
	}
}

/* CR4 bits without their feature are reserved. */

CODE(set_osxsave, "movl %cr4, %eax; orl $0x40000, %eax", "movl %eax, %cr4");
CODE(set_pke, "movl %cr4, %eax; orl $0x400000, %eax", "movl %eax, %cr4");

static void cr4_refuses(void)
{
	u32 old = read_cr4();
	struct cpu c;

	name("cr4/osxsave");
	run_code(&c, 0, set_osxsave);
	expect_trap(&c, GP, 0, set_osxsave_at);
	expect("unchanged", read_cr4(), old);
	name("cr4/pke");
	run_code(&c, 0, set_pke);
	expect_trap(&c, GP, 0, set_pke_at);
	expect("unchanged", read_cr4(), old);
}

/* #UD with CR4.OSXSAVE clear. */

CODE(xgetbv_, "xorl %ecx, %ecx", "xgetbv");
CODE(xsetbv_, "xorl %ecx, %ecx; movl $1, %eax; xorl %edx, %edx", "xsetbv");
CODE(xsave_, "movl $1, %eax; xorl %edx, %edx", ".byte 0x0f, 0xae, 0x25; .long area");
CODE(xrstor_, "movl $1, %eax; xorl %edx, %edx", ".byte 0x0f, 0xae, 0x2d; .long area");
CODE(xsaveopt_, "movl $1, %eax; xorl %edx, %edx", ".byte 0x0f, 0xae, 0x35; .long area");
CODE(xsavec_, "movl $1, %eax; xorl %edx, %edx", ".byte 0x0f, 0xc7, 0x25; .long area");
CODE(xsaves_, "movl $1, %eax; xorl %edx, %edx", ".byte 0x0f, 0xc7, 0x2d; .long area");
CODE(xrstors_, "movl $1, %eax; xorl %edx, %edx", ".byte 0x0f, 0xc7, 0x1d; .long area");
CODE(rdpkru_, "xorl %ecx, %ecx", ".byte 0x0f, 0x01, 0xee");
CODE(wrpkru_, "xorl %ecx, %ecx; xorl %edx, %edx", ".byte 0x0f, 0x01, 0xef");
CODE(vzeroupper_, "", ".byte 0xc5, 0xf8, 0x77");
CODE(vzeroall_, "", ".byte 0xc5, 0xfc, 0x77");
CODE(vaddps_xmm, "", ".byte 0xc5, 0xf0, 0x58, 0xc2");
CODE(vaddps_ymm, "", ".byte 0xc5, 0xf4, 0x58, 0xc2");
CODE(vmovups_load, "movl $area, %ebx", ".byte 0xc5, 0xfc, 0x10, 0x03");
CODE(vmovups_store, "movl $area, %ebx", ".byte 0xc5, 0xfc, 0x11, 0x03");
CODE(vmovups_load3, "movl $area, %ebx", ".byte 0xc4, 0xe1, 0x7c, 0x10, 0x03");
CODE(vmovups_store3, "movl $area, %ebx", ".byte 0xc4, 0xe1, 0x7c, 0x11, 0x03");
CODE(vldmxcsr_, "movl $area, %ebx", ".byte 0xc5, 0xf8, 0xae, 0x13");
CODE(vpaddd_ymm, "", ".byte 0xc5, 0xf5, 0xfe, 0xc2");
CODE(vextractf128_, "movl $area, %ebx", ".byte 0xc4, 0xe3, 0x7d, 0x19, 0x03, 0x01");
CODE(vfmadd132ps_, "", ".byte 0xc4, 0xe2, 0x75, 0x98, 0xc2");
CODE(vcvtph2ps_, "", ".byte 0xc4, 0xe2, 0x7d, 0x13, 0xc1");
CODE(vpgatherdd_, "movl $area, %ebx", ".byte 0xc4, 0xe2, 0x75, 0x90, 0x04, 0x13");
CODE(vptest_, "", ".byte 0xc4, 0xe2, 0x7d, 0x17, 0xc1");
CODE(vmovd_, "", ".byte 0xc5, 0xf9, 0x7e, 0xc0");
CODE(kmovw_, "", ".byte 0xc5, 0xf8, 0x92, 0xc8");
CODE(vex_map0, "", ".byte 0xc4, 0xe0, 0x7c, 0x58, 0xc2");
CODE(vex_map31, "", ".byte 0xc4, 0xff, 0x7c, 0x58, 0xc2");
CODE(evex_vaddps, "", ".byte 0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2");
CODE(evex_store, "movl $area, %ebx", ".byte 0x62, 0xf1, 0x7c, 0x48, 0x11, 0x03");
CODE(evex_low, "", ".byte 0x62, 0xc0, 0x00, 0x00, 0x58, 0xc2");

static const struct piece {
	const char *name;
	const u8 *code, *at;
} missing[] = {
#define PIECE(n)	{ #n, n, n##_at }
	PIECE(xgetbv_), PIECE(xsetbv_), PIECE(xsave_), PIECE(xrstor_), PIECE(xsaveopt_),
	PIECE(xsavec_), PIECE(xsaves_), PIECE(xrstors_), PIECE(rdpkru_), PIECE(wrpkru_),
	PIECE(vzeroupper_), PIECE(vzeroall_), PIECE(vaddps_xmm), PIECE(vaddps_ymm),
	PIECE(vmovups_load), PIECE(vmovups_store), PIECE(vmovups_load3),
	PIECE(vmovups_store3), PIECE(vldmxcsr_), PIECE(vpaddd_ymm), PIECE(vextractf128_),
	PIECE(vfmadd132ps_), PIECE(vcvtph2ps_), PIECE(vpgatherdd_), PIECE(vptest_),
	PIECE(vmovd_), PIECE(kmovw_), PIECE(vex_map0), PIECE(vex_map31),
	PIECE(evex_vaddps), PIECE(evex_store), PIECE(evex_low),
};

/* And nothing is written. @how: CR0.TS does not come first. */
static void must_be_ud(const char *how, const struct at *at)
{
	struct cpu c;
	u32 i, n, bad;

	for (i = 0; i < ARRAY_SIZE(missing); i++) {
		memset_(area, 0xa5, sizeof(area));
		name("undefined/%s/%s/%s", missing[i].name, how, at->name);
		prepare(&c, at, missing[i].code);
		run(&c);
		expect_trap(&c, UD, 0, missing[i].at);
		bad = 0;
		for (n = 0; n < ARRAY_SIZE(area); n++)
			bad += area[n] != 0xa5a5a5a5;
		expect("written", bad, 0);
	}
}

/* The same first bytes on any CPU: memory operands of LES, LDS and BOUND; fences. */

CODE(lds_, "movw %ds, far_at + 4; movl $far_at, %ebx", ".byte 0xc5, 0x03");
CODE(les_, "movw %ds, far_at + 4; movl $far_at, %ebx", ".byte 0xc4, 0x03");
CODE(lds_disp8, "movw %ds, far_at + 4; movl $far_at - 4, %ebx", ".byte 0xc5, 0x43, 0x04");
CODE(les_disp32, "movw %ds, far_at + 4; xorl %ebx, %ebx", ".byte 0xc4, 0x83; .long far_at");
CODE(lds_x, "movw %ds, far_at + 4; movl $far_at, %ebx; xorl %ecx, %ecx", ".byte 0xc5, 0x04, 0x0b");
CODE(bound_, "movl $5, %eax; movl $bounds, %ebx", ".byte 0x62, 0x03");
CODE(bound_high, "movl $6, %eax; movl $bounds, %ebx", ".byte 0x62, 0x03");
CODE(lfence_, "", ".byte 0x0f, 0xae, 0xe8");
CODE(mfence_, "", ".byte 0x0f, 0xae, 0xf0");
/* With registers, but for the prefixes' bits. */
CODE(lds_reg, "", ".byte 0xc5, 0xc0, 0x00, 0x00");
CODE(les_reg, "", ".byte 0xc4, 0xc0, 0x00, 0x00, 0x00");

static const struct {
	struct piece p;
	bool loads;
} old[] = {
	{ PIECE(lds_), true }, { PIECE(les_), true }, { PIECE(lds_disp8), true },
	{ PIECE(les_disp32), true }, { PIECE(lds_x), true }, { PIECE(bound_) },
	{ PIECE(lfence_) }, { PIECE(mfence_) },
};

static void as_before(const struct at *at)
{
	struct cpu c;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(old); i++) {
		far_at[0] = 0x12345678;
		far_at[1] = 0xffff0000;
		name("as-before/%s/%s", old[i].p.name, at->name);
		prepare(&c, at, old[i].p.code);
		run(&c);
		if (expect_end(&c) && old[i].loads)
			expect("offset", c.eax, 0x12345678);
	}
	name("as-before/bound-high/%s", at->name);
	prepare(&c, at, bound_high);
	run(&c);
	expect_trap(&c, BR, 0, bound_high_at);
	name("as-before/lds-register/%s", at->name);
	prepare(&c, at, lds_reg);
	run(&c);
	expect_trap(&c, UD, 0, lds_reg_at);
	name("as-before/les-register/%s", at->name);
	prepare(&c, at, les_reg);
	run(&c);
	expect_trap(&c, UD, 0, les_reg_at);
}

/* In 16-bit code of real and virtual-8086 mode there is no VEX at all. */

CODE16(r_lds, "", "ldsw 0, %ax");
CODE16(r_les, "", "lesw 0, %ax");
CODE16(r_les32, "", "lesl 8, %eax");
CODE16(r_bound, "movw $5, %ax; movw $0xfffb, 16; movw $5, 18", "boundw %ax, 16");
CODE16(r_vex2, "", ".byte 0xc5, 0xf8, 0x77");
CODE16(r_vex3, "", ".byte 0xc4, 0xe1, 0x7c, 0x10, 0x07");
CODE16(r_evex, "", ".byte 0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2");
CODE16(r_xgetbv, "xorl %ecx, %ecx", "xgetbv");
CODE16(r_xsetbv, "xorl %ecx, %ecx", "xsetbv");
CODE16(r_xsave, "movw $32, %bx", ".byte 0x0f, 0xae, 0x27");
CODE16(r_xrstor, "movw $32, %bx", ".byte 0x0f, 0xae, 0x2f");

static void in_16_bits(bool v86)
{
	static const struct code16 loads[] = {
		PIECE16(r_lds), PIECE16(r_les), PIECE16(r_les32), PIECE16(r_bound),
	}, none[] = {
		PIECE16(r_vex2), PIECE16(r_vex3), PIECE16(r_evex), PIECE16(r_xgetbv),
		PIECE16(r_xsetbv), PIECE16(r_xsave), PIECE16(r_xrstor),
	};
	const char *mode = v86 ? "v86" : "real";
	const struct code16 *p;
	struct cpu c;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(loads) + ARRAY_SIZE(none); i++) {
		p = i < ARRAY_SIZE(loads) ? &loads[i] : &none[i - ARRAY_SIZE(loads)];
		memset_(low(DATA16), 0, 64);
		memcpy_(low(DATA16), "\x34\x12\x21\x43", 4);
		memcpy_(low(DATA16 + 8), "\x78\x56\x34\x12\x65\x07", 6);
		name("%s/%s", mode, p->name + 2);
		cpu_init16(&c, p);
		if (v86) {
			c.eflags |= FL_VM | FL_IOPL;
			run(&c);
		} else {
			run_real(&c, SEL_DATA16);
		}
		if (i >= ARRAY_SIZE(loads)) {
			expect_trap16(&c, p, UD, 0, false);
			continue;
		}
		if (!expect_end(&c))
			continue;
		if (p->code == r_lds)
			expect("segment", c.ds, 0x4321);
		if (p->code == r_les)
			expect("segment", c.es, 0x4321);
		if (p->code == r_lds || p->code == r_les)
			expect("offset", c.eax & 0xffff, 0x1234);
		if (p->code == r_les32) {
			expect("segment", c.es, 0x765);
			expect("offset", c.eax, 0x12345678);
		}
	}
}

/* FXSAVE shows nobody else's registers in the part it does not define. Table 10-2. */
static void image_is_clean(void)
{
	const u8 *p = (const u8 *)area;
	u32 i, bad = 0;

	memset_(area, 0xa5, sizeof(area));
	asm volatile("fxsave area" : : : "memory");
	for (i = 288; i < 512; i++)
		bad += p[i] && p[i] != 0xa5;
	name("fxsave");
	expect("foreign", bad, 0);
	for (i = 464, bad = 0; i < sizeof(area); i++)
		bad += p[i] != 0xa5;
	expect("beyond", bad, 0);
}

void guest_main(void)
{
	u32 r[4], i;

	cpuid(1, r);
	if (!(r[3] & BIT(26)) || r[2] & LEAF1_XSAVE) {
		skip("avx", r[2] & LEAF1_XSAVE ? "a CPU with XSAVE" : "no SSE2");
		return;
	}
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	write_cr0((read_cr0() | CR0_MP) & ~(CR0_EM | CR0_TS));
	top_begin(PAGING_32);
	for (i = 0; i < ARRAY_SIZE(ats); i++) {
		cpuid_says(&ats[i]);
		must_be_ud("plain", &ats[i]);
		write_cr0(read_cr0() | CR0_TS);
		must_be_ud("ts", &ats[i]);
		asm volatile("clts");
		as_before(&ats[i]);
	}
	top_end();
	image_is_clean();
	in_16_bits(false);
	in_16_bits(true);
	cr4_refuses();
}
#endif
