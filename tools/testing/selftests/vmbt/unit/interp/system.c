// SPDX-License-Identifier: GPL-2.0
/*
 * The interpreter's system instructions: operands, sizes, privilege.
 *
 * What control registers, MSRs and descriptors mean is cpu/'s and tested there;
 * here an instruction of a few bytes must reach it with the right operand, write
 * what the manual says and nothing beside, and fault in front of any effect.
 * Privileged instructions have no vectors measured on hardware. Expected values
 * are the SDM's, vol. 2 by instruction.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define CODE	0x1000
#define MEM	0x2000
#define GDT	0x3000

#define SEL_DATA	0x10
#define SEL_CODE	0x18		/* execute only */
#define SEL_LDT		0x20
#define SEL_TSS		0x28
#define SEL_NONE	0x30		/* not in the table */

#define NO_ERROR	0

static struct vmbt_guest *g;

static u32 rd(u32 a, u32 len)
{
	u32 val = 0;

	memcpy(&val, ram + a, len);
	return val;
}

static void wr(u32 a, u64 val, u32 len)
{
	memcpy(ram + a, &val, len);
}

/* Flat 32-bit code in @ring, or real mode if that is below 0; [EBX] is MEM. */
static void setup(int ring)
{
	bool protected = ring >= 0;

	memset(ram, 0xcc, sizeof(ram));
	cpu_reset(&cpu);
	g->cr0 = VMBT_CR0_ET | VMBT_CR0_NE | (protected ? VMBT_CR0_PE : 0);
	g->cr4 = 0;
	for (int s = 0; s < VMBT_NSEG; s++) {
		g->seg[s].sel = protected ? 8 * (s + 8) | ring : 0;
		g->seg[s].base = 0;
		g->seg[s].limit = protected ? ~0U : 0xffff;
		g->seg[s].attr = VMBT_ATTR_P | VMBT_ATTR_S | 3 |
				 (protected ? VMBT_ATTR_G | VMBT_ATTR_DB | ring << 5 : 0) |
				 (s == VMBT_CS ? VMBT_ATTR_CODE : 0);
	}
	wr(GDT, 0, 8);
	wr(GDT + 8, 0, 8);
	wr(GDT + SEL_DATA, 0x00cf93000000ffffULL | 3ULL << 45, 8);
	wr(GDT + SEL_CODE, 0x00cf99000000ffffULL | 3ULL << 45, 8);
	wr(GDT + SEL_LDT, 0x0000820040000017ULL, 8);
	wr(GDT + SEL_TSS, 0x0000890050000067ULL, 8);
	g->gdtr = (struct vmbt_dtable){ .base = GDT, .limit = SEL_NONE - 1 };
	g->idtr = (struct vmbt_dtable){ .base = 0xfe123456, .limit = 0x7ff };
	g->gpr[VMBT_EBX] = MEM;
	desc_tables_changed(&cpu);
	mmu_mode_changed(&cpu);
}

/* One instruction of @len bytes: EIP behind it, or where it was. */
static int step_bytes(const char *code, u32 len)
{
	int r;

	memcpy(ram + CODE, code, len);
	g->eip = CODE;
	r = interp_step(&cpu);
	EXPECT_EQ(g->eip, r == X_OK || r == X_HLT ? CODE + len : CODE);
	if (r == X_UNSUPPORTED)
		check_fail("%s", cpu.shared->text);
	return r;
}

#define STEP(code)	step_bytes(code, sizeof(code) - 1)
#define GOOD(code)	EXPECT_EQ(STEP(code), X_OK)
#define FAULT(code, vec, err)						\
	do {								\
		EXPECT_EQ(STEP(code), X_FAULT);				\
		EXPECT_EQ(cpu.exc.vector, vec);				\
		EXPECT_EQ(cpu.exc.error, err);				\
	} while (0)
#define GP0(code)	FAULT(code, VMBT_VEC_GP, 0)
#define UD(code)	FAULT(code, VMBT_VEC_UD, NO_ERROR)

#define MOV_CR0_EAX	"\x0f\x22\xc0"
#define MOV_EAX_CR0	"\x0f\x20\xc0"
#define MOV_CR2_EAX	"\x0f\x22\xd0"
#define MOV_ECX_CR2	"\x0f\x20\xd1"
#define MOV_CR3_EAX	"\x0f\x22\xd8"
#define MOV_ESI_CR3	"\x0f\x20\xde"
#define MOV_CR4_EAX	"\x0f\x22\xe0"
#define MOV_EDI_CR4	"\x0f\x20\xe7"
#define MOV_CR1_EAX	"\x0f\x22\xc8"
#define MOV_DR0_EAX	"\x0f\x23\xc0"
#define MOV_EDX_DR0	"\x0f\x21\xc2"
#define MOV_DR7_EAX	"\x0f\x23\xf8"
#define MOV_EAX_DR7	"\x0f\x21\xf8"
#define MOV_EAX_DR5	"\x0f\x21\xe8"
#define LMSW_AX		"\x0f\x01\xf0"
#define LMSW_MEM	"\x0f\x01\x33"
#define SMSW_EAX	"\x0f\x01\xe0"
#define SMSW_AX		"\x66\x0f\x01\xe0"
#define SMSW_MEM	"\x0f\x01\x23"
#define CLTS		"\x0f\x06"
#define INVLPG		"\x0f\x01\x3b"
#define SGDT		"\x0f\x01\x03"
#define SIDT		"\x0f\x01\x0b"
#define LGDT		"\x0f\x01\x13"
#define LIDT		"\x0f\x01\x1b"
#define LIDT16		"\x66\x0f\x01\x1b"
#define SLDT_EAX	"\x0f\x00\xc0"
#define SLDT_MEM	"\x0f\x00\x03"
#define STR_ECX		"\x0f\x00\xc9"
#define LLDT_AX		"\x0f\x00\xd0"
#define LTR_AX		"\x0f\x00\xd8"
#define VERR_AX		"\x0f\x00\xe0"
#define VERW_AX		"\x0f\x00\xe8"
#define LAR_ECX_EAX	"\x0f\x02\xc8"
#define LSL_ECX_EAX	"\x0f\x03\xc8"
#define ARPL_AX_CX	"\x63\xc8"
#define ARPL_MEM_CX	"\x63\x0b"
#define RDMSR		"\x0f\x32"
#define WRMSR		"\x0f\x30"
#define RDTSC		"\x0f\x31"
#define RDTSCP		"\x0f\x01\xf9"
#define RDPMC		"\x0f\x33"
#define CPUID		"\x0f\xa2"
#define HLT		"\xf4"
#define CLI		"\xfa"
#define STI		"\xfb"
#define INVD		"\x0f\x08"
#define WBINVD		"\x0f\x09"
#define XGETBV		"\x0f\x01\xd0"
#define XSETBV		"\x0f\x01\xd1"
#define CLAC		"\x0f\x01\xca"
#define STAC		"\x0f\x01\xcb"

static void control_registers(void)
{
	setup(0);
	g->gpr[VMBT_EAX] = VMBT_CR0_PE | VMBT_CR0_ET | VMBT_CR0_WP | VMBT_CR0_TS;
	GOOD(MOV_CR0_EAX);
	EXPECT_EQ(g->cr0, 0x10019);
	g->gpr[VMBT_EAX] = 0;
	GOOD(MOV_EAX_CR0);
	EXPECT_EQ(g->gpr[VMBT_EAX], 0x10019);
	g->gpr[VMBT_EAX] = 0x12345678;
	GOOD(MOV_CR2_EAX);
	GOOD(MOV_ECX_CR2);
	EXPECT_EQ(g->gpr[VMBT_ECX], 0x12345678);
	g->gpr[VMBT_EAX] = 0x5018;
	GOOD(MOV_CR3_EAX);
	GOOD(MOV_ESI_CR3);
	EXPECT_EQ(g->gpr[VMBT_ESI], 0x5018);
	g->gpr[VMBT_EAX] = 0;
	GOOD(MOV_CR4_EAX);
	GOOD(MOV_EDI_CR4);
	EXPECT_EQ(g->gpr[VMBT_EDI], 0);
	/* MOD is ignored: mod 0 names a register as well. */
	g->gpr[VMBT_EAX] = 0x77;
	GOOD("\x0f\x22\x10");
	EXPECT_EQ(g->cr2, 0x77);
	/* PG without PE, NW without CD, a reserved bit of CR4. */
	g->gpr[VMBT_EAX] = VMBT_CR0_PG;
	GP0(MOV_CR0_EAX);
	g->gpr[VMBT_EAX] = VMBT_CR0_PE | VMBT_CR0_NW;
	GP0(MOV_CR0_EAX);
	g->gpr[VMBT_EAX] = 1U << 31;
	GP0(MOV_CR4_EAX);
	EXPECT_EQ(g->cr0, 0x10019);
	UD(MOV_CR1_EAX);
	setup(3);
	g->gpr[VMBT_EAX] = 0;
	GP0(MOV_CR0_EAX);
	GP0(MOV_EAX_CR0);
	GP0(MOV_CR3_EAX);
	EXPECT(g->cr0 & VMBT_CR0_PE);
}

static void debug_registers(void)
{
	setup(0);
	g->gpr[VMBT_EAX] = 0xdeadbeef;
	GOOD(MOV_DR0_EAX);
	GOOD(MOV_EDX_DR0);
	EXPECT_EQ(g->gpr[VMBT_EDX], 0xdeadbeef);
	g->gpr[VMBT_EAX] = 0;
	GOOD(MOV_DR7_EAX);
	/* DR5 is DR7 while CR4.DE is clear; bit 10 is always 1. */
	GOOD(MOV_EAX_DR5);
	EXPECT_EQ(g->gpr[VMBT_EAX], 0x400);
	g->cr4 = VMBT_CR4_DE;
	UD(MOV_EAX_DR5);
	/* GD: any access is #DB with BD in DR6, and does nothing. */
	g->gpr[VMBT_EAX] = 1U << 13;
	GOOD(MOV_DR7_EAX);
	FAULT(MOV_EAX_DR7, VMBT_VEC_DB, NO_ERROR);
	EXPECT_EQ(g->dr[6] & 0x2000, 0x2000);
	setup(3);
	GP0(MOV_EDX_DR0);
	GP0(MOV_DR0_EAX);
}

static void machine_status_word(void)
{
	setup(0);
	g->cr0 |= VMBT_CR0_WP;
	g->gpr[VMBT_EAX] = 0xfff0 | 0xe;	/* MP EM TS; PE is not cleared */
	GOOD(LMSW_AX);
	EXPECT_EQ(g->cr0, 0x1003f);
	wr(MEM, 0xcccc0000, 4);
	GOOD(LMSW_MEM);
	EXPECT_EQ(g->cr0, 0x10031);
	g->cr0 |= VMBT_CR0_TS;
	GOOD(CLTS);
	EXPECT_EQ(g->cr0, 0x10031);
	g->gpr[VMBT_EAX] = 0;
	GOOD(SMSW_EAX);
	EXPECT_EQ(g->gpr[VMBT_EAX] & 0xffff, 0x31);
	g->gpr[VMBT_EAX] = 0xaaaa5555;
	GOOD(SMSW_AX);
	EXPECT_EQ(g->gpr[VMBT_EAX], 0xaaaa0031);
	wr(MEM, 0xcccccccc, 4);
	GOOD(SMSW_MEM);
	EXPECT_EQ(rd(MEM, 4), 0xcccc0031);
	/* An operand that is not there: nothing has changed. */
	g->seg[VMBT_DS].limit = MEM;
	GP0(LMSW_MEM);
	GP0(SMSW_MEM);
	setup(3);
	g->gpr[VMBT_EAX] = 0xf;
	GP0(LMSW_AX);
	GP0(CLTS);
	GOOD(SMSW_EAX);		/* no UMIP */
	/* Real mode: PE is set by it, and stays. */
	setup(-1);
	g->gpr[VMBT_EAX] = 1;
	GOOD(LMSW_AX);
	EXPECT(g->cr0 & VMBT_CR0_PE);
}

static void descriptor_tables(void)
{
	setup(0);
	GOOD(SGDT);
	EXPECT_EQ(rd(MEM, 2), SEL_NONE - 1);
	EXPECT_EQ(rd(MEM + 2, 4), GDT);
	EXPECT_EQ(rd(MEM + 6, 1), 0xcc);
	GOOD(SIDT);
	EXPECT_EQ(rd(MEM, 2), 0x7ff);
	EXPECT_EQ(rd(MEM + 2, 4), 0xfe123456);
	wr(MEM, 0x1234, 2);
	wr(MEM + 2, 0xabcdef01, 4);
	GOOD(LGDT);
	EXPECT_EQ(g->gdtr.limit, 0x1234);
	EXPECT_EQ(g->gdtr.base, 0xabcdef01);
	GOOD(LIDT);
	EXPECT_EQ(g->idtr.base, 0xabcdef01);
	/* 16-bit operands: 24 bits of base. */
	GOOD(LIDT16);
	EXPECT_EQ(g->idtr.base, 0xcdef01);
	EXPECT_EQ(g->idtr.limit, 0x1234);
	/* Six bytes, or none. */
	g->seg[VMBT_DS].limit = MEM + 4;
	GP0(LGDT);
	GP0(SGDT);
	g->seg[VMBT_DS].limit = MEM + 5;
	GOOD(SGDT);
	UD("\x0f\x01\xd3");	/* LGDT of a register is VMMCALL's group */
	setup(3);
	GP0(LGDT);
	GP0(LIDT);
	GOOD(SGDT);		/* no UMIP */
	GOOD(SIDT);
	setup(-1);
	wr(MEM, 0x3ff, 2);
	wr(MEM + 2, 0xff001000, 4);
	GOOD("\x0f\x01\x1f");	/* LIDT [BX] */
	EXPECT_EQ(g->idtr.base, 0x1000);
	EXPECT_EQ(g->idtr.limit, 0x3ff);
}

static void selectors(void)
{
	setup(0);
	g->gpr[VMBT_EAX] = SEL_LDT;
	GOOD(LLDT_AX);
	EXPECT_EQ(g->ldtr.base, 0x4000);
	EXPECT_EQ(g->ldtr.limit, 0x17);
	g->gpr[VMBT_EAX] = ~0U;
	GOOD(SLDT_EAX);
	EXPECT_EQ(g->gpr[VMBT_EAX], SEL_LDT);
	GOOD(SLDT_MEM);
	EXPECT_EQ(rd(MEM, 4), 0xcccc0000 | SEL_LDT);
	g->gpr[VMBT_EAX] = SEL_DATA;
	FAULT(LLDT_AX, VMBT_VEC_GP, SEL_DATA);
	g->gpr[VMBT_EAX] = SEL_TSS;
	GOOD(LTR_AX);
	EXPECT_EQ(g->tr.base, 0x5000);
	EXPECT_EQ(rd(GDT + SEL_TSS + 5, 1), 0x8b);	/* busy now */
	GOOD(STR_ECX);
	EXPECT_EQ(g->gpr[VMBT_ECX], SEL_TSS);
	FAULT(LTR_AX, VMBT_VEC_GP, SEL_TSS);
	g->gpr[VMBT_EAX] = SEL_NONE;
	FAULT(LTR_AX, VMBT_VEC_GP, SEL_NONE);
	setup(3);
	g->gpr[VMBT_EAX] = SEL_LDT;
	GP0(LLDT_AX);
	GP0(LTR_AX);
	GOOD(SLDT_EAX);
	GOOD(STR_ECX);
	/* Outside of protected mode they are not there. */
	setup(-1);
	UD("\x0f\x00\xd0");
	UD("\x0f\x00\xc0");
	UD(VERR_AX);
	UD(LAR_ECX_EAX);
	UD(ARPL_AX_CX);
}

#define ZF()	(!!(g->eflags & VMBT_X86_EFLAGS_ZF))

static void looks_at_descriptors(void)
{
	setup(3);
	g->gpr[VMBT_EAX] = SEL_DATA | 3;
	GOOD(VERR_AX);
	EXPECT(ZF());
	GOOD(VERW_AX);
	EXPECT(ZF());
	g->gpr[VMBT_ECX] = 0x1234;
	GOOD(LAR_ECX_EAX);
	EXPECT(ZF());
	EXPECT_EQ(g->gpr[VMBT_ECX] & 0x00f0ff00, 0x00c0f300);
	GOOD(LSL_ECX_EAX);
	EXPECT(ZF());
	EXPECT_EQ(g->gpr[VMBT_ECX], 0xffffffff);
	/* 16-bit operands: the register's upper half stays. */
	g->gpr[VMBT_ECX] = 0xaaaaaaaa;
	GOOD("\x66\x0f\x02\xc8");
	EXPECT_EQ(g->gpr[VMBT_ECX], 0xaaaaf300);
	g->gpr[VMBT_EAX] = SEL_CODE | 3;
	GOOD(VERR_AX);
	EXPECT(!ZF());
	GOOD(VERW_AX);
	EXPECT(!ZF());
	/* Not in the table: ZF says so, and the register stays. */
	g->eflags |= VMBT_X86_EFLAGS_ZF;
	g->gpr[VMBT_EAX] = SEL_NONE;
	g->gpr[VMBT_ECX] = 0x1234;
	GOOD(LSL_ECX_EAX);
	EXPECT(!ZF());
	EXPECT_EQ(g->gpr[VMBT_ECX], 0x1234);
	GOOD(LAR_ECX_EAX);
	EXPECT(!ZF());
	EXPECT_EQ(g->gpr[VMBT_ECX], 0x1234);
	/* The selector is a word in memory. */
	wr(MEM, SEL_DATA | 3, 2);
	g->seg[VMBT_DS].limit = MEM + 1;
	GOOD("\x0f\x03\x0b");
	EXPECT(ZF());
	g->seg[VMBT_DS].limit = MEM;
	GP0("\x0f\x03\x0b");
}

static void adjust_rpl(void)
{
	setup(3);
	g->gpr[VMBT_EAX] = 0xaaaa0010;
	g->gpr[VMBT_ECX] = 0x0003;
	GOOD(ARPL_AX_CX);
	EXPECT(ZF());
	EXPECT_EQ(g->gpr[VMBT_EAX], 0xaaaa0013);
	g->gpr[VMBT_ECX] = 0x0002;
	GOOD(ARPL_AX_CX);
	EXPECT(!ZF());
	EXPECT_EQ(g->gpr[VMBT_EAX], 0xaaaa0013);
	wr(MEM, 0x10, 2);
	GOOD(ARPL_MEM_CX);
	EXPECT(ZF());
	EXPECT_EQ(rd(MEM, 4), 0xcccc0012);
	/* A place that cannot be written faults even if nothing would change. */
	g->seg[VMBT_DS].attr &= ~2;
	wr(MEM, 0x13, 2);
	GP0(ARPL_MEM_CX);
}

static void model_specific(void)
{
	setup(0);
	g->gpr[VMBT_ECX] = 0x277;		/* PAT */
	g->gpr[VMBT_EAX] = 0x00070406;
	g->gpr[VMBT_EDX] = 0x01050006;
	GOOD(WRMSR);
	EXPECT_EQ(g->pat, 0x0105000600070406ULL);
	g->gpr[VMBT_EAX] = 0;
	g->gpr[VMBT_EDX] = 0;
	GOOD(RDMSR);
	EXPECT_EQ(g->gpr[VMBT_EAX], 0x00070406);
	EXPECT_EQ(g->gpr[VMBT_EDX], 0x01050006);
	g->gpr[VMBT_EAX] = 2;			/* no memory type */
	GP0(WRMSR);
	g->gpr[VMBT_ECX] = 0x12345678;
	GP0(RDMSR);
	GP0(WRMSR);
	EXPECT_EQ(g->gpr[VMBT_EDX], 0x01050006);
	setup(3);
	g->gpr[VMBT_ECX] = 0x277;
	GP0(RDMSR);
	GP0(WRMSR);
}

static void msr(u32 nr, u64 val)
{
	g->gpr[VMBT_ECX] = nr;
	g->gpr[VMBT_EAX] = val;
	g->gpr[VMBT_EDX] = val >> 32;
}

#define MSR_IS(nr, val)							\
	do {								\
		msr(nr, 0);						\
		GOOD(RDMSR);						\
		EXPECT_EQ((u64)g->gpr[VMBT_EDX] << 32 | g->gpr[VMBT_EAX], val); \
	} while (0)
#define MSR_TAKES(nr, val)						\
	do {								\
		msr(nr, val);						\
		GOOD(WRMSR);						\
	} while (0)
#define MSR_REFUSES(nr, val)						\
	do {								\
		msr(nr, val);						\
		GP0(WRMSR);						\
	} while (0)

/* SDM vol. 4, table 2-2. */
static void msr_by_msr(void)
{
	setup(0);
	MSR_TAKES(0x10, 0x123456789aULL);	/* the time stamp counter goes on */
	msr(0x10, 0);
	GOOD(RDMSR);
	EXPECT_EQ(g->gpr[VMBT_EDX], 0x12);
	EXPECT(g->gpr[VMBT_EAX] - 0x3456789a < 1U << 31);
	MSR_IS(0x3a, 1);			/* FEATURE_CONTROL: locked */
	MSR_REFUSES(0x3a, 5);
	MSR_IS(0xfe, 0x508);			/* MTRRCAP: 8, fixed, WC */
	MSR_REFUSES(0xfe, 0x508);
	MSR_TAKES(0x1a0, 0x1);			/* MISC_ENABLE: no BTS, no PEBS */
	msr(0x1a0, 0);
	GOOD(RDMSR);
	EXPECT_EQ(g->gpr[VMBT_EAX] & 0x1801, 0x1801);
	MSR_TAKES(0x200, 0x80000006);		/* a range, write-back */
	MSR_IS(0x200, 0x80000006);
	MSR_REFUSES(0x200, 0x80000002);		/* no memory type */
	MSR_REFUSES(0x200, 0x80000106);		/* a reserved bit */
	MSR_TAKES(0x201, 0xf80000800ULL);	/* its mask, of 36 bits */
	MSR_REFUSES(0x201, 0x1f80000800ULL);
	MSR_REFUSES(0x201, 0xf80000801ULL);
	MSR_TAKES(0x250, 0x0606060606060606ULL);
	MSR_REFUSES(0x250, 0x0606060606060602ULL);
	MSR_TAKES(0x2ff, 0xc06);
	MSR_REFUSES(0x2ff, 0x1c06);
	MSR_REFUSES(0x2ff, 0xc07);
	MSR_TAKES(0x1d9, 0);			/* DEBUGCTL: nothing is there */
	MSR_REFUSES(0x1d9, 1);
	MSR_TAKES(0x1b, 0xfee00900);
	MSR_IS(0x1b, 0xfee00900);
	MSR_REFUSES(0x1b, 0xfee00901);
	MSR_REFUSES(0xc0000103, 1);		/* no RDTSCP in CPUID */
	msr(0xc0000103, 0);
	GP0(RDMSR);
}

static void time_stamp(void)
{
	u64 before, now;

	setup(3);
	before = cpu_rdtsc(&cpu);
	GOOD(RDTSC);
	now = (u64)g->gpr[VMBT_EDX] << 32 | g->gpr[VMBT_EAX];
	EXPECT(now >= before && now - before < 1ULL << 34);
	g->tsc_aux = 0x55;
	GOOD(RDTSCP);
	EXPECT_EQ(g->gpr[VMBT_ECX], 0x55);
	g->cr4 = VMBT_CR4_TSD;
	GP0(RDTSC);
	GP0(RDTSCP);
	setup(0);
	g->cr4 = VMBT_CR4_TSD;
	GOOD(RDTSC);
	GP0(RDPMC);
}

static void identification(void)
{
	cpu.shared->cpuid[0] = (struct vmbt_cpuid){
		.function = 0, .eax = 1, .ebx = 0x756e6547, .ecx = 0x6c65746e, .edx = 0x49656e69,
	};
	cpu.shared->ncpuid = 1;
	setup(3);
	g->gpr[VMBT_EAX] = 0;
	GOOD(CPUID);
	EXPECT_EQ(g->gpr[VMBT_EAX], 1);
	EXPECT_EQ(g->gpr[VMBT_EBX], 0x756e6547);
	EXPECT_EQ(g->gpr[VMBT_ECX], 0x6c65746e);
	EXPECT_EQ(g->gpr[VMBT_EDX], 0x49656e69);
	/* Of power management an invariant TSC is all that is passed on. */
	cpu.shared->cpuid[1] = (struct vmbt_cpuid){ .function = 0x80000000, .eax = 0x80000007 };
	cpu.shared->cpuid[2] = (struct vmbt_cpuid){
		.function = 0x80000007, .eax = 1, .ebx = 2, .ecx = 3, .edx = 0x1ff,
	};
	cpu.shared->ncpuid = 3;
	g->gpr[VMBT_EAX] = 0x80000007;
	GOOD(CPUID);
	EXPECT_EQ(g->gpr[VMBT_EAX] | g->gpr[VMBT_EBX] | g->gpr[VMBT_ECX], 0);
	EXPECT_EQ(g->gpr[VMBT_EDX], 0x100);
	cpu.shared->ncpuid = 0;
}

static void interrupt_flag(void)
{
	setup(0);
	GOOD(STI);
	EXPECT(g->eflags & VMBT_X86_EFLAGS_IF);
	EXPECT_EQ(g->int_shadow, VMBT_SHADOW_STI);
	/* IF was set already: no shadow. */
	GOOD(STI);
	EXPECT_EQ(g->int_shadow, 0);
	GOOD(CLI);
	EXPECT(!(g->eflags & VMBT_X86_EFLAGS_IF));
	setup(3);
	GP0(STI);
	GP0(CLI);
	g->eflags |= VMBT_X86_EFLAGS_IOPL;
	GOOD(STI);
	EXPECT(g->eflags & VMBT_X86_EFLAGS_IF);
}

static void the_others(void)
{
	setup(0);
	EXPECT_EQ(STEP(HLT), X_HLT);
	GOOD(INVD);
	GOOD(WBINVD);
	GOOD(INVLPG);
	GOOD("\x0f\xae\xe8");		/* LFENCE */
	GOOD("\x0f\xae\xf0");		/* MFENCE */
	GOOD("\x0f\xae\x3b");		/* CLFLUSH */
	GOOD("\x0f\x18\x03");		/* PREFETCHNTA */
	GOOD("\x0f\x1f\x03");		/* NOP m */
	GOOD("\xf3\x90");		/* PAUSE */
	UD(XGETBV);
	UD(XSETBV);
	UD(CLAC);
	UD(STAC);
	UD("\x0f\x01\xfb");		/* INVLPG of a register */
	setup(3);
	GP0(HLT);
	GP0(INVD);
	GP0(WBINVD);
	GP0(INVLPG);
	GOOD("\xf3\x90");
}

int main(void)
{
	machine_init();
	cpu.shared->tsc_khz = 1000000;
	g = cpu.guest;

	CASE(control_registers);
	CASE(debug_registers);
	CASE(machine_status_word);
	CASE(descriptor_tables);
	CASE(selectors);
	CASE(looks_at_descriptors);
	CASE(adjust_rpl);
	CASE(model_specific);
	CASE(msr_by_msr);
	CASE(time_stamp);
	CASE(identification);
	CASE(interrupt_flag);
	CASE(the_others);
	return check_failed != 0;
}
