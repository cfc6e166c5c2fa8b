// SPDX-License-Identifier: GPL-2.0
/*
 * The interpreter's x87 and SSE state instructions: what may be loaded, what
 * is shown, and which exception comes instead.
 *
 * Guest code of a few bytes runs in a flat 32-bit segment without paging (or
 * in real mode) on the CPU's own registers, which the engine swaps with the
 * guest's image. Layouts and exceptions are the manual's: SDM vol. 1, 8.1.10
 * and 10.5, vol. 2 by instruction.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define CODE	0x1000
#define MEM	0x2000

static u32 rd(u32 a, u32 len)
{
	u32 val = 0;

	memcpy(&val, ram + a, len);
	return val;
}

static void wr(u32 a, u32 val, u32 len)
{
	memcpy(ram + a, &val, len);
}

/* Flat 32-bit ring 0, x87 as after FNINIT, [EBX] the operand. */
static void setup(bool protected)
{
	struct vmbt_guest *g = cpu.guest;

	memset(ram, 0xcc, sizeof(ram));
	cpu_reset(&cpu);
	memset(cpu.shared->fpu, 0, sizeof(cpu.shared->fpu));
	wr(0, 0x037f, 2);
	memcpy(cpu.shared->fpu, ram, 2);
	wr(0, 0x1f80, 4);
	memcpy(cpu.shared->fpu + 24, ram, 4);
	g->cr0 = VMBT_CR0_ET | VMBT_CR0_NE | (protected ? VMBT_CR0_PE : 0);
	g->cr4 = VMBT_CR4_OSFXSR;
	for (int s = 0; s < VMBT_NSEG; s++) {
		g->seg[s].sel = protected ? 8 * (s + 1) : 0;
		g->seg[s].base = 0;
		g->seg[s].limit = protected ? ~0U : 0xffff;
		g->seg[s].attr = VMBT_ATTR_P | VMBT_ATTR_S | 3 |
				 (protected ? VMBT_ATTR_G | VMBT_ATTR_DB : 0) |
				 (s == VMBT_CS ? VMBT_ATTR_CODE : 0);
	}
	g->gpr[VMBT_EBX] = MEM;
	mmu_mode_changed(&cpu);
}

/* One instruction; prefix 66 is written by the caller. */
static int step_bytes(const char *code, u32 len)
{
	struct vmbt_guest *g = cpu.guest;
	int r;

	memcpy(ram + CODE, code, len);
	g->eip = CODE;
	r = interp_step(&cpu);
	if (r == X_OK)
		EXPECT_EQ(g->eip, CODE + len);
	else
		EXPECT_EQ(g->eip, CODE);
	if (r == X_UNSUPPORTED)
		check_fail("%s", cpu.shared->text);
	return r;
}

#define STEP(code)	step_bytes(code, sizeof(code) - 1)
#define EXPECT_FAULT(code, vec)						\
	do {								\
		EXPECT_EQ(STEP(code), X_FAULT);				\
		EXPECT_EQ(cpu.exc.vector, vec);				\
	} while (0)

/* With the operand at [EBX]; 66 in front for the other size. */
#define FXSAVE		"\x0f\xae\x03"
#define FXRSTOR		"\x0f\xae\x0b"
#define LDMXCSR		"\x0f\xae\x13"
#define STMXCSR		"\x0f\xae\x1b"
#define FLDENV		"\xd9\x23"
#define FNSTENV		"\xd9\x33"
#define FRSTOR		"\xdd\x23"
#define FNSAVE		"\xdd\x33"
#define FLDCW		"\xd9\x2b"
#define FNSTCW		"\xd9\x3b"
#define FNSTSW_AX	"\xdf\xe0"
#define FNINIT		"\xdb\xe3"
#define FNCLEX		"\xdb\xe2"
#define FLD1		"\xd9\xe8"
#define EMMS		"\x0f\x77"
#define FWAIT		"\x9b"

static void fxsave_image(void)
{
	setup(true);
	EXPECT_EQ(STEP(FLD1), X_OK);
	wr(MEM, 0x1fa0, 4);
	EXPECT_EQ(STEP(LDMXCSR), X_OK);
	for (u32 i = 0; i < 128; i++)
		cpu.shared->fpu[160 + i] = i;
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	EXPECT_EQ(rd(MEM, 2), 0x037f);
	EXPECT_EQ(rd(MEM + 2, 2), 7 << 11);
	EXPECT_EQ(rd(MEM + 4, 1), 0x80);
	EXPECT_EQ(rd(MEM + 24, 4), 0x1fa0);
	EXPECT_EQ(rd(MEM + 32 + 8, 2), 0x3fff);
	EXPECT_EQ(rd(MEM + 32 + 4, 4), 0x80000000);
	for (u32 i = 0; i < 128; i++)
		EXPECT_EQ(ram[MEM + 160 + i], i);
	/* XMM8 to 15 are not for this mode, the rest is the guest's. */
	for (u32 i = 288; i < 512; i++)
		EXPECT_EQ(ram[MEM + i], 0xcc);
}

static void fxrstor_image(void)
{
	setup(true);
	memset(ram + MEM, 0, 512);
	wr(MEM, 0x027f, 2);
	wr(MEM + 24, 0x9f80, 4);
	wr(MEM + 160, 0x12345678, 4);
	wr(MEM + 288, 0x12345678, 4);
	EXPECT_EQ(STEP(FXRSTOR), X_OK);
	memset(ram + MEM, 0, 512);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	EXPECT_EQ(rd(MEM, 2), 0x027f);
	EXPECT_EQ(rd(MEM + 24, 4), 0x9f80);
	EXPECT_EQ(rd(MEM + 160, 4), 0x12345678);
	memcpy(ram + MEM, cpu.shared->fpu + 288, 4);
	EXPECT_EQ(rd(MEM, 4), 0);
}

static void alignment(void)
{
	setup(true);
	for (u32 off = 1; off < 16; off++) {
		cpu.guest->gpr[VMBT_EBX] = MEM + off;
		EXPECT_FAULT(FXSAVE, VMBT_VEC_GP);
		EXPECT_EQ(cpu.exc.error, 0);
		EXPECT_FAULT(FXRSTOR, VMBT_VEC_GP);
	}
	for (u32 i = 0; i < 600; i++)
		EXPECT_EQ(ram[MEM + i], 0xcc);
	/* Nobody else's needs it. */
	EXPECT_EQ(STEP(FNSTENV), X_OK);
}

static void mxcsr_reserved(void)
{
	u32 mask;

	setup(true);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	mask = rd(MEM + 28, 4);
	EXPECT(mask == 0xffbf || mask == 0xffff || mask == 0x2ffff);
	for (u32 bit = 0; bit < 32; bit++) {
		bool good = mask >> bit & 1;

		setup(true);
		EXPECT_EQ(STEP(FXSAVE), X_OK);
		wr(MEM, 0x027f, 2);
		wr(MEM + 24, 1U << bit, 4);
		EXPECT_EQ(STEP(FXRSTOR), good ? X_OK : X_FAULT);
		/* All or nothing: FCW comes with it. */
		EXPECT_EQ(cpu.shared->fpu[1], good ? 2 : 3);
		if (!good)
			EXPECT_EQ(cpu.exc.vector, VMBT_VEC_GP);
		wr(MEM, 1U << bit, 4);
		EXPECT_EQ(STEP(LDMXCSR), good ? X_OK : X_FAULT);
		if (!good)
			EXPECT_EQ(cpu.exc.vector, VMBT_VEC_GP);
		EXPECT_EQ(STEP(STMXCSR), X_OK);
		EXPECT_EQ(rd(MEM, 4), good ? 1U << bit : 0x1f80);
	}
}

static void not_available(void)
{
	setup(true);
	cpu.guest->cr0 |= VMBT_CR0_TS;
	EXPECT_FAULT(FXSAVE, VMBT_VEC_NM);
	EXPECT_FAULT(FXRSTOR, VMBT_VEC_NM);
	EXPECT_FAULT(LDMXCSR, VMBT_VEC_NM);
	EXPECT_FAULT(STMXCSR, VMBT_VEC_NM);
	EXPECT_FAULT(EMMS, VMBT_VEC_NM);
	EXPECT_FAULT(FNINIT, VMBT_VEC_NM);
	EXPECT_EQ(STEP(FWAIT), X_OK);
	cpu.guest->cr0 |= VMBT_CR0_MP;
	EXPECT_FAULT(FWAIT, VMBT_VEC_NM);

	setup(true);
	cpu.guest->cr0 |= VMBT_CR0_EM;
	EXPECT_FAULT(FXSAVE, VMBT_VEC_NM);
	EXPECT_FAULT(FXRSTOR, VMBT_VEC_NM);
	EXPECT_FAULT(FNSAVE, VMBT_VEC_NM);
	EXPECT_FAULT(LDMXCSR, VMBT_VEC_UD);
	EXPECT_FAULT(STMXCSR, VMBT_VEC_UD);
	EXPECT_FAULT(EMMS, VMBT_VEC_UD);
	EXPECT_EQ(STEP(FWAIT), X_OK);

	setup(true);
	cpu.guest->cr4 = 0;
	EXPECT_FAULT(LDMXCSR, VMBT_VEC_UD);
	EXPECT_FAULT(STMXCSR, VMBT_VEC_UD);
	EXPECT_EQ(STEP(EMMS), X_OK);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
}

/* An environment with a pending exception: all CPUs keep pointers then. */
static void load_env32(u32 fcs, u32 fip, u32 fds)
{
	memset(ram + MEM, 0, 32);
	wr(MEM, 0x037e, 4);
	wr(MEM + 4, 0x0001, 4);
	wr(MEM + 8, 0xffff, 4);
	wr(MEM + 12, fip, 4);
	wr(MEM + 16, fcs, 4);
	wr(MEM + 20, 0x87654321, 4);
	wr(MEM + 24, fds, 4);
	EXPECT_EQ(STEP(FLDENV), X_OK);
	memset(ram + MEM, 0xcc, 512);
}

static void pending(void)
{
	setup(true);
	load_env32(0x10, 0x1234, 0x18);
	EXPECT_FAULT(FWAIT, VMBT_VEC_MF);
	EXPECT_FAULT(FLD1, VMBT_VEC_MF);
	EXPECT_FAULT(EMMS, VMBT_VEC_MF);
	wr(MEM, 0x037f, 2);
	EXPECT_FAULT(FLDCW, VMBT_VEC_MF);
	EXPECT_FAULT(FLDENV, VMBT_VEC_MF);
	EXPECT_FAULT(FRSTOR, VMBT_VEC_MF);
	/* The others do not wait. */
	EXPECT_EQ(STEP(FNSTCW), X_OK);
	EXPECT_EQ(rd(MEM, 2), 0x037e);
	EXPECT_EQ(STEP(FNSTSW_AX), X_OK);
	EXPECT_EQ(cpu.guest->gpr[VMBT_EAX] & 0xffff, 0x8081);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	EXPECT_EQ(STEP(FXRSTOR), X_OK);
	EXPECT_FAULT(FWAIT, VMBT_VEC_MF);
	wr(MEM, 0x1f80, 4);
	EXPECT_EQ(STEP(LDMXCSR), X_OK);
	EXPECT_EQ(STEP(FNSTENV), X_OK);
	/* It has masked them. */
	EXPECT_EQ(STEP(FWAIT), X_OK);
	load_env32(0x10, 0x1234, 0x18);
	EXPECT_EQ(STEP(FNCLEX), X_OK);
	EXPECT_EQ(STEP(FLD1), X_OK);
	load_env32(0x10, 0x1234, 0x18);
	EXPECT_EQ(STEP(FNSAVE), X_OK);
	EXPECT_EQ(rd(MEM + 4, 2) & 0x81, 0x81);
	EXPECT_EQ(STEP(FLD1), X_OK);
}

static void pointers_shown(void)
{
	u32 fip = 0x08049abc;

	setup(true);
	load_env32(0x1b, fip, 0x23);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	EXPECT_EQ(rd(MEM + 8, 4), fip);
	EXPECT_EQ(rd(MEM + 16, 4), 0x87654321);
	/* CPUs that do not keep selectors store 0 (CPUID 7 EBX bit 13). */
	EXPECT(rd(MEM + 12, 2) == 0x1b || !rd(MEM + 12, 2));
	EXPECT_EQ(STEP(FNSTENV), X_OK);
	EXPECT_EQ(rd(MEM + 12, 4), fip);
	EXPECT_EQ(rd(MEM + 20, 4), 0x87654321);
}

/* What each instruction makes of the note that they are ours (SDM vol. 1, 8.1.8). */
static void pointers_noted(void)
{
	static const struct {
		const char *code;
		u32 len, was, is;
	} t[] = {
#define NOTED(code, was, is) { code, sizeof(code) - 1, was, is }
		NOTED(FLD1, 0, 1), NOTED(FLD1, 1, 1),
		NOTED("\xdb\x03", 0, 1),		/* FILD [EBX] */
		NOTED("\xd9\xd0", 0, 1),		/* FNOP */
		NOTED("\xdb\xf1", 0, 1),		/* FCOMI ST, ST(1) */
		NOTED("\xda\xc1", 0, 1),		/* FCMOVB ST, ST(1) */
		NOTED("\x0f\x6f\xc1", 0, 1),		/* MOVQ MM0, MM1 */
		NOTED(EMMS, 0, 1),
		NOTED("\x0f\x28\xc1", 0, 0),		/* MOVAPS XMM0, XMM1 */
		NOTED("\x0f\x28\xc1", 1, 1),
		NOTED(STMXCSR, 0, 0), NOTED(STMXCSR, 1, 1),
		NOTED(FNCLEX, 0, 0), NOTED(FNCLEX, 1, 1),
		NOTED(FNSTCW, 0, 0), NOTED(FNSTCW, 1, 1),
		NOTED(FLDCW, 0, 0), NOTED(FLDCW, 1, 1),
		NOTED("\xdd\x3b", 0, 0), NOTED("\xdd\x3b", 1, 1),	/* FNSTSW [EBX] */
		NOTED(FNSTSW_AX, 0, 0), NOTED(FNSTSW_AX, 1, 1),
		NOTED(FWAIT, 0, 0), NOTED(FWAIT, 1, 1),
		NOTED(FNSTENV, 0, 0), NOTED(FNSTENV, 1, 1),
		NOTED(FXSAVE, 0, 0), NOTED(FXSAVE, 1, 1),
		NOTED(FNINIT, 1, 0), NOTED(FNSAVE, 1, 0), NOTED(FLDENV, 1, 0),
		NOTED(FRSTOR, 1, 0), NOTED(FXRSTOR, 1, 0),
	};

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		setup(true);
		memset(ram + MEM, 0, 512);
		wr(MEM, 0x037f, 2);
		cpu.mon->x87_ours = t[i].was;
		EXPECT_EQ(step_bytes(t[i].code, t[i].len), X_OK);
		if (cpu.mon->x87_ours != t[i].is)
			check_fail("%u: %02x %02x", i, (u8)t[i].code[0], (u8)t[i].code[1]);
	}
	/* What was not executed has loaded nothing. */
	cpu.guest->gpr[VMBT_EBX] = MEM + 8;
	cpu.mon->x87_ours = 1;
	EXPECT_FAULT(FXRSTOR, VMBT_VEC_GP);
	EXPECT_EQ(cpu.mon->x87_ours, 1);
}

/* Whose they are is noted: a process may have the very address that a unit has. */
static void pointers_of_a_process(void)
{
	u32 fip = VMBT_MON_TC + 0x123;

	setup(true);
	load_env32(0, fip, 0);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	EXPECT_EQ(rd(MEM + 8, 4), fip);
	EXPECT_EQ(STEP(FNSTENV), X_OK);
	EXPECT_EQ(rd(MEM + 12, 4), fip);
}

/* In the range and with the selectors of translated code, and noted as ours. */
static void pointers_hidden(void)
{
	u32 fip = VMBT_MON_TC + 0x123;

	for (u16 cs = VMBT_SEL_TC1_CS; cs; cs = cs == VMBT_SEL_TC1_CS ?
						VMBT_SEL_TC3_CS : 0) {
		setup(true);
		load_env32(cs, fip, VMBT_SEL_CACHED(VMBT_DS));
		cpu.mon->x87_ours = 1;
		EXPECT_EQ(STEP(FXSAVE), X_OK);
		EXPECT_EQ(rd(MEM + 6, 2), 0);
		EXPECT_EQ(rd(MEM + 8, 4), 0);
		EXPECT_EQ(rd(MEM + 12, 2), 0);
		EXPECT_EQ(rd(MEM + 20, 2), 0);
		memset(ram + MEM, 0xcc, 512);
		EXPECT_EQ(STEP(FNSTENV), X_OK);
		EXPECT_EQ(rd(MEM + 12, 4), 0);
		EXPECT_EQ(rd(MEM + 16, 4), 0);
		EXPECT_EQ(rd(MEM + 24, 2), 0);
		memset(ram + MEM, 0xcc, 512);
		load_env32(cs, fip, 0x23);
		cpu.mon->x87_ours = 1;
		EXPECT_EQ(STEP("\x66" FNSTENV), X_OK);
		EXPECT_EQ(rd(MEM + 6, 4), 0);
		EXPECT_EQ(rd(MEM + 14, 2), 0xcccc);
		memset(ram + MEM, 0xcc, 512);
		load_env32(cs, fip, 0x23);
		cpu.mon->x87_ours = 1;
		EXPECT_EQ(STEP(FNSAVE), X_OK);
		EXPECT_EQ(rd(MEM + 12, 4), 0);
		EXPECT_EQ(rd(MEM + 16, 4), 0);
	}
}

static void save_restore(bool small)
{
	u32 size = small ? 94 : 108, first = small ? 14 : 28;

	setup(true);
	EXPECT_EQ(STEP(FLD1), X_OK);
	EXPECT_EQ(STEP("\xd9\xeb"), X_OK);	/* FLDPI */
	EXPECT_EQ(small ? STEP("\x66" FNSAVE) : STEP(FNSAVE), X_OK);
	EXPECT_EQ(rd(MEM, 2), 0x037f);
	EXPECT_EQ(rd(MEM + (small ? 2 : 4), 2), 6 << 11);
	EXPECT_EQ(rd(MEM + (small ? 4 : 8), 2), 0x0fff);
	EXPECT_EQ(rd(MEM + first + 8, 2), 0x4000);
	EXPECT_EQ(rd(MEM + first + 10 + 8, 2), 0x3fff);
	EXPECT_EQ(ram[MEM + size], 0xcc);
	/* It ends with FNINIT. */
	EXPECT_EQ(STEP(FNSTSW_AX), X_OK);
	EXPECT_EQ(cpu.guest->gpr[VMBT_EAX] & 0xffff, 0);
	EXPECT_EQ(small ? STEP("\x66" FRSTOR) : STEP(FRSTOR), X_OK);
	EXPECT_EQ(STEP(FNSTSW_AX), X_OK);
	EXPECT_EQ(cpu.guest->gpr[VMBT_EAX] & 0xffff, 6 << 11);
	EXPECT_EQ(STEP(FXSAVE), X_OK);
	EXPECT_EQ(rd(MEM + 32 + 8, 2), 0x4000);
}

static void save_restore32(void)
{
	save_restore(false);
}

static void save_restore16(void)
{
	save_restore(true);
}

/* Real mode has pointers of another form: there are none. */
static void real_mode(void)
{
	setup(true);
	load_env32(0x1b, 0x08049abc, 0x23);
	cpu.guest->cr0 &= ~VMBT_CR0_PE;
	for (int s = 0; s < VMBT_NSEG; s++) {
		cpu.guest->seg[s].sel = 0;
		cpu.guest->seg[s].limit = 0xffff;
		cpu.guest->seg[s].attr &= ~(VMBT_ATTR_DB | VMBT_ATTR_G);
	}
	mmu_mode_changed(&cpu);
	EXPECT_EQ(STEP("\xd9\x37"), X_OK);	/* FNSTENV [BX] */
	EXPECT_EQ(rd(MEM, 2), 0x037e);
	for (u32 i = 6; i < 14; i++)
		EXPECT_EQ(ram[MEM + i], 0);
	EXPECT_EQ(ram[MEM + 14], 0xcc);
	memset(ram + MEM + 6, 0x11, 8);
	EXPECT_EQ(STEP("\xd9\x27"), X_OK);	/* FLDENV [BX] */
	EXPECT_EQ(STEP("\x0f\xae\x07"), X_OK);	/* FXSAVE [BX] */
	EXPECT_EQ(rd(MEM + 8, 4), 0);
	EXPECT_EQ(rd(MEM + 16, 4), 0);
}

/* A page that cannot be written: FNSAVE must not lose what it would store. */
static void store_faults(void)
{
	struct vmbt_guest *g = cpu.guest;

	setup(true);
	EXPECT_EQ(STEP(FLD1), X_OK);
	g->seg[VMBT_DS].limit = MEM + 100;
	EXPECT_FAULT(FNSAVE, VMBT_VEC_GP);
	EXPECT_FAULT(FXSAVE, VMBT_VEC_GP);
	g->seg[VMBT_DS].limit = ~0U;
	EXPECT_EQ(STEP(FNSTSW_AX), X_OK);
	EXPECT_EQ(g->gpr[VMBT_EAX] & 0xffff, 7 << 11);
}

int main(void)
{
	machine_init();

	CASE(fxsave_image);
	CASE(fxrstor_image);
	CASE(alignment);
	CASE(mxcsr_reserved);
	CASE(not_available);
	CASE(pending);
	CASE(pointers_shown);
	CASE(pointers_noted);
	CASE(pointers_of_a_process);
	CASE(pointers_hidden);
	CASE(save_restore32);
	CASE(save_restore16);
	CASE(real_mode);
	CASE(store_faults);
	return check_failed != 0;
}
