/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interpreter: reference semantics of one guest instruction.
 *
 * For what is too rare to translate, for instructions that hit a trace or
 * memory-mapped device, and as the oracle that translated code is compared
 * with. Never the main engine.
 */
#ifndef VMBT_INTERP_H
#define VMBT_INTERP_H

#include "../vcpu.h"

struct vmbt_insn;

/**
 * interp_step() - execute the instruction at CS:EIP of v->guest
 * @v: the vCPU
 *
 * String instructions with REP do a bounded number of iterations and leave
 * EIP on themselves while some are left. STI and MOV SS set int_shadow; it is
 * cleared by the next instruction. EFLAGS.RF is cleared, TF is the caller's.
 * x87, MMX, SSE with memory operands that hit a trace are done by executing
 * the instruction on a bounce buffer (metal only; tests say unsupported).
 *
 * Return: X_OK, X_FAULT (v->exc), X_HLT, X_RETRY, X_UNSUPPORTED.
 */
int interp_step(struct vcpu *v);

/**
 * interp_fetch() - fetch and decode the instruction at CS:EIP
 * @v: the vCPU
 * @in: receives it
 * Return: X_OK, X_FAULT (v->exc), X_RETRY, X_UNSUPPORTED.
 */
int interp_fetch(struct vcpu *v, struct vmbt_insn *in);

/**
 * interp_insn() - execute an instruction that has been fetched
 * @v: the vCPU, CS:EIP at the instruction
 * @in: what interp_fetch() gave, now or earlier
 * Return: as interp_step()
 */
int interp_insn(struct vcpu *v, const struct vmbt_insn *in);

#endif
