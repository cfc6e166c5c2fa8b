// SPDX-License-Identifier: GPL-2.0
/*
 * The interpreter's integer instructions that are younger than the vectors measured
 * on hardware: ADCX, ADOX, CRC32, RDRAND, RDSEED. Expected values are the SDM's, vol. 2
 * by instruction, and the check value that is published with CRC-32C's polynomial.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define CODE	0x1000
#define MEM	0x2000
#define CF	VMBT_X86_EFLAGS_CF
#define OF	VMBT_X86_EFLAGS_OF

static struct vmbt_guest *g;
static u8 ran[16];
static u32 ran_len;
static int random_result;

/* What runs as a guest would: a number, and the flags that come with one. */
int plat_guest_insn(struct vcpu *v, const u8 *code, u32 len, u32 gpr[8], u32 *eflags,
		    void *mem)
{
	EXPECT(!mem && len <= sizeof(ran));
	memcpy(ran, code, len);
	ran_len = len;
	if (random_result == X_FAULT)
		return vcpu_fault(v, VMBT_VEC_UD);
	if (random_result == X_OK) {
		gpr[VMBT_EDI] = 0x12345678;
		*eflags = CF;
	}
	return random_result;
}

static void setup(void)
{
	memset(ram, 0xcc, sizeof(ram));
	cpu_reset(&cpu);
	g->cr0 = VMBT_CR0_ET | VMBT_CR0_NE | VMBT_CR0_PE;
	for (int s = 0; s < VMBT_NSEG; s++) {
		g->seg[s].sel = 8 * (s + 8);
		g->seg[s].base = 0;
		g->seg[s].limit = ~0U;
		g->seg[s].attr = VMBT_ATTR_P | VMBT_ATTR_S | 3 | VMBT_ATTR_G | VMBT_ATTR_DB |
				 (s == VMBT_CS ? VMBT_ATTR_CODE : 0);
	}
	g->gpr[VMBT_EBX] = MEM;
	desc_tables_changed(&cpu);
	mmu_mode_changed(&cpu);
}

static int step_bytes(const char *code, u32 len)
{
	memcpy(ram + CODE, code, len);
	g->eip = CODE;
	return interp_step(&cpu);
}

#define STEP(code)	step_bytes(code, sizeof(code) - 1)
#define ADCX_EAX_ECX	"\x66\x0f\x38\xf6\xc1"
#define ADCX_EAX_MEM	"\x66\x0f\x38\xf6\x03"
#define ADOX_EAX_ECX	"\xf3\x0f\x38\xf6\xc1"
#define CRC32_EAX_MEM8	"\xf2\x0f\x38\xf0\x03"
#define CRC32_EAX_MEM16	"\x66\xf2\x0f\x38\xf1\x03"
#define CRC32_EAX_MEM32	"\xf2\x0f\x38\xf1\x03"
#define RDRAND_EDI	"\x0f\xc7\xf7"
#define RDSEED_DI	"\x66\x0f\xc7\xff"

/* Each has a carry of its own, and leaves the five other flags. */
static void carries(void)
{
	static const struct {
		u32 a, b, in, sum, out;
	} tries[] = {
		{ 1, 2, 0, 3, 0 }, { 1, 2, 1, 4, 0 }, { ~0U, 0, 1, 0, 1 }, { ~0U, ~0U, 1, ~0U, 1 },
		{ ~0U, 1, 0, 0, 1 }, { 0x80000000, 0x7fffffff, 0, ~0U, 0 },
		{ 0x80000000, 0x80000000, 0, 0, 1 },
	};
	u32 i, n, own, others;

	for (i = 0; i < ARRAY_SIZE(tries) * 6; i++) {
		n = i % ARRAY_SIZE(tries);
		own = i & 1 ? OF : CF;
		others = i & 2 ? VMBT_EFLAGS_ARITH & ~own : 0;
		setup();
		g->gpr[VMBT_EAX] = tries[n].a;
		g->gpr[VMBT_ECX] = tries[n].b;
		memcpy(ram + MEM, &tries[n].b, 4);
		g->eflags = VMBT_X86_EFLAGS_FIXED | others | (tries[n].in ? own : 0);
		EXPECT_EQ(i & 1 ? STEP(ADOX_EAX_ECX) : i & 4 ? STEP(ADCX_EAX_MEM) :
			  STEP(ADCX_EAX_ECX), X_OK);
		EXPECT_EQ(g->gpr[VMBT_EAX], tries[n].sum);
		EXPECT_EQ(g->eflags, VMBT_X86_EFLAGS_FIXED | others | (tries[n].out ? own : 0));
		EXPECT_EQ(g->eip, CODE + 5);
	}
}

static void crc(void)
{
	static const char digits[] = "123456789";
	u32 i;

	setup();
	g->eflags |= VMBT_EFLAGS_ARITH;
	g->gpr[VMBT_EAX] = ~0U;
	for (i = 0; i < 9; i++) {
		ram[MEM] = digits[i];
		EXPECT_EQ(STEP(CRC32_EAX_MEM8), X_OK);
	}
	EXPECT_EQ(~g->gpr[VMBT_EAX], 0xe3069283);
	EXPECT_EQ(g->eflags & VMBT_EFLAGS_ARITH, VMBT_EFLAGS_ARITH);
	/* The same by four, two, two and one. */
	g->gpr[VMBT_EAX] = ~0U;
	memcpy(ram + MEM, digits, 4);
	EXPECT_EQ(STEP(CRC32_EAX_MEM32), X_OK);
	for (i = 4; i < 8; i += 2) {
		memcpy(ram + MEM, digits + i, 2);
		EXPECT_EQ(STEP(CRC32_EAX_MEM16), X_OK);
	}
	ram[MEM] = digits[8];
	EXPECT_EQ(STEP(CRC32_EAX_MEM8), X_OK);
	EXPECT_EQ(~g->gpr[VMBT_EAX], 0xe3069283);
}

/* The CPU's own, by the guest's rights, in whatever way that ends. */
static void random_numbers(void)
{
	setup();
	random_result = X_OK;
	g->eflags |= VMBT_EFLAGS_ARITH;
	EXPECT_EQ(STEP(RDRAND_EDI), X_OK);
	EXPECT(ran_len == 3 && !memcmp(ran, RDRAND_EDI, 3));
	EXPECT_EQ(g->gpr[VMBT_EDI], 0x12345678);
	EXPECT_EQ(g->eflags & VMBT_EFLAGS_ARITH, CF);
	EXPECT_EQ(g->eip, CODE + 3);
	EXPECT_EQ(STEP(RDSEED_DI), X_OK);
	EXPECT(ran_len == 4 && !memcmp(ran, RDSEED_DI, 4));
	random_result = X_FAULT;
	EXPECT_EQ(STEP(RDRAND_EDI), X_FAULT);
	EXPECT_EQ(cpu.exc.vector, VMBT_VEC_UD);
	EXPECT_EQ(g->eip, CODE);
	random_result = X_RETRY;
	EXPECT_EQ(STEP(RDRAND_EDI), X_RETRY);
	EXPECT_EQ(g->eip, CODE);
	random_result = X_UNSUPPORTED;
	EXPECT_EQ(STEP(RDRAND_EDI), X_UNSUPPORTED);
	EXPECT(strstr(cpu.shared->text, "rdrand"));
}

int main(void)
{
	machine_init();
	g = cpu.guest;

	CASE(carries);
	CASE(crc);
	CASE(random_numbers);
	return check_failed != 0;
}
