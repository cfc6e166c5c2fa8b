// SPDX-License-Identifier: GPL-2.0
/*
 * x87 and SSE instructions under the interpreter, on metal: those that move
 * state, each as an instruction of the image's own.
 *
 * The VMM has no page that is both writable to it and executable, and means to
 * keep it so: what the guest wrote is recognised, not executed. All others run
 * at the guest's privilege (guestinsn.c). Stores to traced pages drop the trace
 * and run natively (core).
 *
 * The guest's registers are live in the CPU. None of these waits for a pending
 * x87 exception or has been left anything to fault for (interp/fpu.c), once
 * CR0 lets it run.
 */
#include "metal_int.h"
#include "../plat.h"

#define MEM(insn) \
	({ asm volatile(insn " (%0)" : : "r" (mem) : "memory"); })
/* The same with 16-bit addresses of the last instruction in the image. */
#define MEM_BY_SIZE(insn)						\
	do {								\
		if (small)						\
			asm volatile(".byte 0x66\n\t" insn " (%0)"	\
				     : : "r" (mem) : "memory");		\
		else							\
			MEM(insn);					\
	} while (0)

/* Opcode and ModRM as interp/fpu.c builds them: [R8] or registers. */
enum {
	FXSAVE		= 0x0fae00,
	FXRSTOR		= 0x0fae08,
	LDMXCSR		= 0x0fae10,
	STMXCSR		= 0x0fae18,
	FLDENV		= 0xd920,
	FLDCW		= 0xd928,
	FNSTENV		= 0xd930,
	FNSTCW		= 0xd938,
	FNCLEX		= 0xdbe2,
	FNINIT		= 0xdbe3,
	FRSTOR		= 0xdd20,
	FNSAVE		= 0xdd30,
	FNSTSW		= 0xdd38,
	FNSTSW_AX	= 0xdfe0,
	EMMS		= 0x0f77,
	FILD		= 0xdb00,
};

#define FSW_ES		0x80	/* an exception that is not masked waits */

bool plat_run_insn(const u8 *code, u32 len, u32 gpr[8], u32 *eflags, void *mem)
{
	bool small = false;
	u32 op = 0, n = 0;
	u16 ax;

	(void)eflags;
	if (n < len && code[n] == 0x66) {
		small = true;
		n++;
	}
	if (n < len && code[n] == 0x41)
		n++;
	if (len - n > 3)
		return false;
	while (n < len)
		op = op << 8 | code[n++];

	metal_allow_fpu();
	switch (op) {
	case FXSAVE:
		MEM("fxsave");
		break;
	case FXRSTOR:
		MEM("fxrstor");
		break;
	case LDMXCSR:
		MEM("ldmxcsr");
		break;
	case STMXCSR:
		MEM("stmxcsr");
		break;
	case FLDENV:
		MEM_BY_SIZE("fldenv");
		break;
	case FLDCW:
		MEM("fldcw");
		break;
	case FNSTENV:
		MEM_BY_SIZE("fnstenv");
		break;
	case FNSTCW:
		MEM("fnstcw");
		break;
	case FNCLEX:
		asm volatile("fnclex");
		break;
	case FNINIT:
		asm volatile("fninit");
		break;
	case FRSTOR:
		MEM_BY_SIZE("frstor");
		break;
	case FNSAVE:
		MEM_BY_SIZE("fnsave");
		break;
	case FNSTSW:
		MEM("fnstsw");
		break;
	case FNSTSW_AX:
		asm volatile("fnstsw %0" : "=a" (ax));
		gpr[VMBT_EAX] = (gpr[VMBT_EAX] & 0xffff0000) | ax;
		break;
	case FILD:
		/* Linux loads a value to hide the last instruction's address. */
		asm volatile("fnstsw %0" : "=a" (ax));
		if (ax & FSW_ES)
			return false;
		MEM("fildl");
		break;
	case EMMS:
		asm volatile("emms");
		break;
	default:
		return false;
	}
	return true;
}
