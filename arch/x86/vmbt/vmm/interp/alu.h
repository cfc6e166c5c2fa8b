/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integer arithmetic with flags, for the interpreter.
 *
 * Operands are zero-extended to 32 bits, size is 1, 2 or 4 bytes. *fl holds
 * the arithmetic flags (VMBT_EFLAGS_ARITH); only those the operation changes
 * are changed.
 */
#ifndef VMBT_ALU_H
#define VMBT_ALU_H

#include "../../include/types.h"

u32 alu_binary(u16 op, u32 a, u32 b, u8 size, u32 *fl);
u32 alu_unary(u16 op, u32 a, u8 size, u32 *fl);
u32 alu_shift(u16 op, u32 a, u8 count, u8 size, u32 *fl);
u32 alu_shift_double(u16 op, u32 a, u32 b, u8 count, u8 size, u32 *fl);
u32 alu_bit(u16 op, u32 a, u32 bit, u8 size, u32 *fl);
u32 alu_scan(u16 op, u32 old, u32 a, u8 size, u32 *fl);
u32 alu_imul(u32 a, u32 b, u8 size, u32 *fl);
void alu_mul(u16 op, u32 a, u32 b, u8 size, u32 *lo, u32 *hi, u32 *fl);
bool alu_div(u16 op, u32 lo, u32 hi, u32 b, u8 size, u32 *quot, u32 *rem);
bool alu_adjust(u16 op, u32 *eax, u8 imm, u32 *fl);
u32 alu_crc32(u32 crc, u32 val, u8 size);
bool alu_cond(u8 cc, u32 fl);

#endif
