// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzz target of the decoder and the disassembler.
 *
 * A guest chooses every byte that the decoder sees and where they end. Whatever
 * they are, it must not read behind them, must not count more than it read,
 * must come to the same result from the bytes it counted alone, and must miss
 * the last one when that is taken away. What it says must be fit for use as
 * indices: that is what the translator and the interpreter do with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "../../../../../arch/x86/vmbt/vmm/decode/decode.h"

#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz/decode: %s\n", #cond);		\
		abort();						\
	}								\
} while (0)

/* A copy of just these bytes, so that the sanitizer sees the ones behind. */
static u8 *exact_copy(const u8 *data, size_t size)
{
	u8 *p = malloc(size ? size : 1);

	REQUIRE(p);
	memcpy(p, data, size);
	return p;
}

static void check_fields(const struct vmbt_insn *in)
{
	static const u32 gpr[8] = {
		~0u, 0x80000000, 1, 0xffff, 0x1234, 0, 0x7fffffff, 0xfffffffe,
	};
	unsigned int i;

	REQUIRE(in->op > VMBT_OP_INVALID && in->op < VMBT_OP_COUNT);
	REQUIRE(in->cls <= VMBT_CLS_INTERP);
	REQUIRE(in->map <= VMBT_MAP_VEX_0F3A);
	REQUIRE(in->opsize == 1 || in->opsize == 2 || in->opsize == 4);
	REQUIRE(in->asize == 2 || in->asize == 4);
	REQUIRE(in->nr_opds <= 4);
	REQUIRE(in->opcode_off < in->len && in->modrm_off < in->len);
	REQUIRE(in->disp_size == 0 || in->disp_off + in->disp_size <= in->len);
	REQUIRE(in->imm_size == 0 || in->imm_off + in->imm_size <= in->len);
	REQUIRE(in->imm2_size == 0 || in->imm2_off + in->imm2_size == in->len);
	REQUIRE(in->sreg <= VMBT_SEG_GS || in->sreg == VMBT_SEG_NONE);
	REQUIRE(!(in->fl_undef & ~in->fl_mod) && !(in->fl_kill & ~in->fl_mod));
	for (i = 0; i < in->nr_opds; i++)
		REQUIRE(in->opd[i].reg < 8 && in->opd[i].kind != VMBT_OPD_NONE);
	if (in->flags & VMBT_IF_MEM) {
		REQUIRE(in->mem.seg <= VMBT_SEG_GS);
		REQUIRE(in->mem.base < 8 || in->mem.base == VMBT_REG_NONE);
		REQUIRE(in->mem.index < 8 || in->mem.index == VMBT_REG_NONE);
		REQUIRE(in->asize == 4 || vmbt_insn_ea(in, gpr) <= 0xffff);
	}
	if (in->flags & VMBT_IF_STR_SRC)
		REQUIRE(in->mem.seg <= VMBT_SEG_GS);
	REQUIRE(in->opsize != 2 || vmbt_insn_target(in, ~0u) <= 0xffff);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct vmbt_insn in, again;
	char text[80];
	bool code32;
	u8 *bytes;
	int r, r2;

	if (!size)
		return 0;
	/* Twice the same, from whatever was there before. */
	memset(&in, 0, sizeof(in));
	memset(&again, 0xff, sizeof(again));
	code32 = data[0] & 1;
	size = size - 1 > 20 ? 20 : size - 1;
	bytes = exact_copy(data + 1, size);
	r = vmbt_decode(&in, bytes, size, code32);
	free(bytes);
	bytes = exact_copy(data + 1, size);
	r2 = vmbt_decode(&again, bytes, size, code32);
	free(bytes);
	REQUIRE(r2 == r && !memcmp(&in, &again, sizeof(in)));
	REQUIRE(r >= VMBT_DEC_OK && r <= VMBT_DEC_TOO_LONG);
	REQUIRE(in.len <= size && in.len <= VMBT_INSN_MAX);
	REQUIRE(vmbt_disasm(&in, ~0u, text, sizeof(text)) < sizeof(text) - 1);
	if (r != VMBT_DEC_OK) {
		REQUIRE(in.cls == VMBT_CLS_UD);
		REQUIRE(r != VMBT_DEC_SHORT || size < VMBT_INSN_MAX);
		return 0;
	}
	REQUIRE(in.len && !memcmp(in.bytes, data + 1, in.len));
	check_fields(&in);

	bytes = exact_copy(data + 1, in.len);
	r2 = vmbt_decode(&again, bytes, in.len, code32);
	REQUIRE(r2 == VMBT_DEC_OK && again.len == in.len && again.op == in.op);
	free(bytes);
	bytes = exact_copy(data + 1, in.len - 1);
	r2 = vmbt_decode(&again, bytes, in.len - 1, code32);
	REQUIRE(r2 == VMBT_DEC_SHORT);
	free(bytes);
	return 0;
}
