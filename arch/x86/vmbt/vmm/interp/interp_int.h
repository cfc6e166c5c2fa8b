/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the interpreter's files share: the instruction at hand and its operands.
 */
#ifndef VMBT_INTERP_INT_H
#define VMBT_INTERP_INT_H

#include "interp.h"
#include "../cpu/cpu.h"
#include "../decode/decode.h"
#include "../mmu/mmu.h"

/*
 * struct ictx - one instruction under interpretation
 * @next: EIP of what follows; branches change it, the commit stores it
 * @shadow: interrupt shadow that the instruction leaves behind
 * @keep_rf: the instruction loaded EFLAGS, RF included
 */
struct ictx {
	struct vcpu *v;
	struct vmbt_guest *g;
	struct vmbt_insn in;
	u32 next;
	u8 shadow;
	bool keep_rf;
};

u32 ireg_get(const struct ictx *c, u8 reg, u8 size);
void ireg_set(struct ictx *c, u8 reg, u8 size, u32 val);

int iopd_read(struct ictx *c, const struct vmbt_opd *o, u32 *val);
int iopd_write(struct ictx *c, const struct vmbt_opd *o, u32 val);
/* Read an operand that is going to be written: write faults come first. */
int iopd_read_rmw(struct ictx *c, const struct vmbt_opd *o, u32 *val);

/* Offset and linear address of the memory operand, checked for len bytes. */
int imem_linear(struct ictx *c, u32 len, u32 access, u32 *lin);
static inline u32 imem_user(const struct ictx *c)
{
	return vcpu_cpl(c->v) == 3 ? MMU_USER : 0;
}

static inline int igp0(struct ictx *c)
{
	return vcpu_fault_err(c->v, VMBT_VEC_GP, 0);
}

static inline int iud(struct ictx *c)
{
	return vcpu_fault(c->v, VMBT_VEC_UD);
}

/* Branch to an offset in the current code segment; #GP(0) past its limit. */
int ibranch(struct ictx *c, u32 target);

#define X_NOT_MINE	100	/* the group does not know the operation */

int iexec_integer(struct ictx *c);
int iexec_move(struct ictx *c);
int iexec_flow(struct ictx *c);
int iexec_string(struct ictx *c);
int iexec_system(struct ictx *c);
int iexec_fpu(struct ictx *c);

#endif
