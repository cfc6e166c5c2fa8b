// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder's lengths and validity held against the CPU itself.
 *
 * Each byte string is executed once, in a 16- or 32-bit segment of the LDT,
 * under single step, at the very end of a page whose successor is not mapped.
 * If all bytes that the decoder counts lie before the end, the CPU must not
 * fetch beyond; with one byte less it must. #UD must come exactly for what the
 * decoder calls invalid. Two signals an instruction, no ptrace.
 *
 * What runs is arbitrary, so the data segments are null, the stack segment is
 * one page, EAX is -1 (no system call has that number), and what could leave
 * all this (far transfers, POPF, the host's system calls, hypercalls) is only
 * tried with its last byte missing.
 */
#include <stdio.h>
#include <string.h>

#include "step.h"

/* May it run to its end here? See the comment at the top. */
static bool may_run(const struct vmbt_insn *in, int result)
{
	if (result == VMBT_DEC_OK) {
		if (in->cls == VMBT_CLS_UD)
			return in->op == VMBT_OP_UD0 || in->op == VMBT_OP_UD1 ||
			       in->op == VMBT_OP_UD2;
		return in->op != VMBT_OP_JMP_FAR && in->op != VMBT_OP_CALL_FAR &&
		       in->op != VMBT_OP_SYSCALL && in->op != VMBT_OP_SYSENTER;
	}
	return true;
}

/*
 * Instructions that this CPU may lack. A refusal is right where CPUID does not
 * show the feature.
 */
static const struct feature {
	u8 map, first, last, mandatory;	/* 0xff: any */
	u32 leaf;
	u8 reg, bit;			/* 0 to 3: EAX to EDX */
} features[] = {
	{ VMBT_MAP_0F, 0x78, 0x79, 0xff, 0x80000001, 2, 6 },		/* SSE4a */
	{ VMBT_MAP_0F, 0x2b, 0x2b, 0xff, 0x80000001, 2, 6 },
	{ VMBT_MAP_0F38, 0xc8, 0xcd, 0xff, 7, 1, 29 },			/* SHA */
	{ VMBT_MAP_0F3A, 0xcc, 0xcc, 0xff, 7, 1, 29 },
	{ VMBT_MAP_0F38, 0xcf, 0xcf, 0xff, 7, 2, 8 },			/* GFNI */
	{ VMBT_MAP_0F3A, 0xce, 0xcf, 0xff, 7, 2, 8 },
	{ VMBT_MAP_VEX_0F38, 0xcf, 0xcf, 0xff, 7, 2, 8 },
	{ VMBT_MAP_VEX_0F3A, 0xce, 0xcf, 0xff, 7, 2, 8 },
	{ VMBT_MAP_0F38, 0xdb, 0xdf, 0xff, 1, 2, 25 },			/* AES */
	{ VMBT_MAP_0F3A, 0xdf, 0xdf, 0xff, 1, 2, 25 },
	{ VMBT_MAP_0F3A, 0x44, 0x44, 0xff, 1, 2, 1 },			/* PCLMUL */
	{ VMBT_MAP_VEX_0F38, 0xdc, 0xdf, 0xff, 7, 2, 9 },		/* VAES */
	{ VMBT_MAP_VEX_0F3A, 0x44, 0x44, 0xff, 7, 2, 10 },		/* VPCLMUL */
	{ VMBT_MAP_0F38, 0xf6, 0xf6, 0xff, 7, 1, 19 },			/* ADX */
	{ VMBT_MAP_0F38, 0xf0, 0xf1, VMBT_MP_NONE, 1, 2, 22 },		/* MOVBE */
	{ VMBT_MAP_0F38, 0xf0, 0xf1, VMBT_MP_66, 1, 2, 22 },
	{ VMBT_MAP_0F, 0xc7, 0xc7, VMBT_MP_F3, 7, 2, 22 },		/* RDPID */
	{ VMBT_MAP_0F, 0xc7, 0xc7, VMBT_MP_NONE, 7, 1, 18 },		/* RDSEED */
	{ VMBT_MAP_0F, 0xc7, 0xc7, VMBT_MP_66, 7, 1, 18 },
	{ VMBT_MAP_0F, 0xae, 0xae, VMBT_MP_66, 7, 1, 24 },		/* CLWB */
	{ VMBT_MAP_VEX_0F38, 0x50, 0x53, 0xff, 0xffffffff, 0, 4 },	/* VNNI: 7.1 */
	{ VMBT_MAP_VEX_0F38, 0x00, 0xff, 0xff, 7, 1, 5 },		/* AVX2 */
	{ VMBT_MAP_VEX_0F3A, 0x00, 0xff, 0xff, 7, 1, 5 },
	{ VMBT_MAP_VEX_0F, 0x00, 0xff, 0xff, 1, 2, 28 },		/* AVX */
};

static bool cpu_has(const struct feature *f)
{
	u32 r[4], leaf = f->leaf, subleaf = 0;

	if (leaf == 0xffffffff) {
		leaf = 7;
		subleaf = 1;
	}
	__asm__ volatile("cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]), "=d" (r[3])
			 : "a" (leaf), "c" (subleaf));
	return r[f->reg] & (1u << f->bit);
}

static bool cpu_lacks(const struct vmbt_insn *in)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if (f->map == in->map && in->opcode >= f->first &&
		    in->opcode <= f->last &&
		    (f->mandatory == 0xff || f->mandatory == in->mandatory) &&
		    !cpu_has(f))
			return true;
	}
	return false;
}

/*
 * Valid on this or another CPU, and yet #UD for a guest, since CPUID hides it
 * and nothing that era's software knows of: not executed.
 */
static bool hidden(const struct vmbt_insn *in)
{
	/* AVX-512: EVEX, and mask registers in VEX maps */
	if (in->map == VMBT_MAP_1BYTE && in->opcode == 0x62)
		return true;
	if (in->map == VMBT_MAP_VEX_0F &&
	    ((in->opcode >= 0x41 && in->opcode <= 0x4b) ||
	     (in->opcode >= 0x90 && in->opcode <= 0x99)))
		return true;
	if (in->map == VMBT_MAP_VEX_0F3A && in->opcode >= 0x30 &&
	    in->opcode <= 0x33)
		return true;
	return false;
}

/*
 * An invalid opcode has a length, too, which the decoder does not know: after
 * many prefixes it is #GP (VEX and all its parts make 11 bytes, XOP in map A
 * 14). And LOCK MOV CR0 is MOV CR8 on AMD processors, privileged: #GP.
 */
static bool gp_is_right(const struct vmbt_insn *in)
{
	return in->nr_prefixes >= (in->opcode == 0x8f ? 2 : 5) ||
	       in->op == VMBT_OP_MOV_FROM_CR || in->op == VMBT_OP_MOV_TO_CR;
}

/* AMD processors take VPERMQ and VPERMPD with W 0 outside 64-bit mode. */
static bool vendor_takes(const struct vmbt_insn *in)
{
	return in->map == VMBT_MAP_VEX_0F3A && in->opcode <= 1 && !in->vex_w;
}

/*
 * Refused by AMD's processors, valid on Intel's; copied, the host decides:
 * PREFETCHW of a register (a hint), VPINSRD and VPEXTRD with W 1. The other way
 * round, SYSCALL and SYSRET outside 64-bit mode. And CLAC and STAC are #UD outside
 * ring 0, where we are.
 */
static bool vendor_refuses(const struct vmbt_insn *in)
{
	return (in->op == VMBT_OP_PREFETCH && in->mod == 3) ||
	       (in->map == VMBT_MAP_VEX_0F3A && in->vex_w &&
		(in->opcode == 0x16 || in->opcode == 0x22)) ||
	       in->op == VMBT_OP_SYSCALL || in->op == VMBT_OP_SYSRET ||
	       in->op == VMBT_OP_CLAC || in->op == VMBT_OP_STAC;
}

/* UD0 and UD1 have a ModRM on Intel's processors, none on AMD's. */
static bool no_modrm(const struct vmbt_insn *in)
{
	return in->op == VMBT_OP_UD0 || in->op == VMBT_OP_UD1;
}

static unsigned long nr_run, nr_bad, nr_skipped, nr_by_result[4];

static void complain(const struct vmbt_insn *in, const u8 *bytes, int result,
		     const char *what, const struct step *r)
{
	char text[80];
	unsigned int i;

	if (nr_bad++ > 50)
		return;
	vmbt_disasm(in, 0, text, sizeof(text));
	printf("not ok declen: %s (%d bits, decoder %d, length %u, %s; trap %u eip %lx cr2 %lx):",
	       what, in->code32 ? 32 : 16, result, in->len, text, r->trapno,
	       r->eip, r->cr2);
	for (i = 0; i < VMBT_INSN_MAX; i++)
		printf(" %02x", bytes[i]);
	printf("\n");
}

/* Did the CPU fault on the fetch behind the page, before it did anything? */
static bool wants_more(const struct step *r)
{
	return r->trapno == 14 && (r->err & STEP_PF_INSTR) &&
	       r->cr2 == STEP_CODE_BASE + STEP_PAGE &&
	       r->eip == STEP_PAGE - r->nr;
}

static void check(const u8 *bytes, bool code32)
{
	struct step r = { .bytes = bytes, .code32 = code32 }, again;
	struct vmbt_insn in;
	int result;

	r.gpr[VMBT_REG_EAX] = ~0u;
	r.gpr[VMBT_REG_EBP] = STEP_STACK_TOP;
	r.gpr[VMBT_REG_ESP] = STEP_STACK_TOP;

	result = vmbt_decode(&in, bytes, VMBT_INSN_MAX, code32);
	nr_by_result[result & 3]++;
	if (!may_run(&in, result) || (result == VMBT_DEC_UD && hidden(&in))) {
		nr_skipped++;
		return;
	}
	nr_run++;
	memset(step_stack(), 0, STEP_PAGE);
	if (result != VMBT_DEC_OK) {
		r.nr = VMBT_INSN_MAX;
		step(&r);
		if (result == VMBT_DEC_UD && r.trapno == 13 && gp_is_right(&in))
			return;
		if (result == VMBT_DEC_UD && vendor_takes(&in))
			return;
		if (result == VMBT_DEC_UD && r.trapno != 6)
			complain(&in, bytes, result, "the CPU takes it", &r);
		if (result == VMBT_DEC_TOO_LONG && r.trapno != 13 && !no_modrm(&in))
			complain(&in, bytes, result, "not too long for the CPU", &r);
		return;
	}

	r.nr = in.len;
	again = r;
	step(&r);
	if (in.cls == VMBT_CLS_UD) {
		if (r.trapno != 6)
			complain(&in, bytes, result, "should be #UD", &r);
		return;
	}
	if (wants_more(&r)) {
		complain(&in, bytes, result, "the CPU wants more bytes", &r);
		return;
	}
	if (r.trapno == 6) {
		if (!cpu_lacks(&in) && !vendor_refuses(&in))
			complain(&in, bytes, result, "the CPU refuses it", &r);
		return;
	}
	if (r.trapno == 1 && in.branch == VMBT_BR_NONE && r.eip != STEP_PAGE) {
		complain(&in, bytes, result, "EIP is elsewhere", &r);
		return;
	}
	if (in.len == 1)
		return;
	again.nr--;
	memset(step_stack(), 0, STEP_PAGE);
	step(&again);
	if (!wants_more(&again))
		complain(&in, bytes, result, "the CPU wants fewer bytes", &again);
}

int main(int argc, char **argv)
{
	if (!step_main("declen", argc, argv, check))
		return 0;
	if (!nr_bad)
		printf("ok declen: %lu executed, %lu not tried; %lu valid, %lu #UD, %lu too long\n",
		       nr_run, nr_skipped, nr_by_result[VMBT_DEC_OK],
		       nr_by_result[VMBT_DEC_UD], nr_by_result[VMBT_DEC_TOO_LONG]);
	return nr_bad != 0;
}
