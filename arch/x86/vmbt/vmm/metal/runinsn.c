// SPDX-License-Identifier: GPL-2.0
/*
 * x87 and SSE instructions under the interpreter, on metal: refused.
 *
 * The VMM has no page that is both writable to it and executable, and means to
 * keep it so. Stores to traced pages drop the trace and run natively (core);
 * what is left, vector access to devices and single-stepping such
 * instructions in the guest's kernel, stops the VM with a message.
 */
#include "../plat.h"

bool plat_run_insn(const u8 *code, u32 len, u32 gpr[8], u32 *eflags, void *mem)
{
	(void)code;
	(void)len;
	(void)gpr;
	(void)eflags;
	(void)mem;
	return false;
}
