/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring-1 runtime: 32-bit code in the monitor area that translated code
 * shares, for what is too long to be in line and too frequent to enter the
 * VMM for. bt_init() copies it to VMBT_MON_RT.
 *
 * A routine is jumped to, since a CALL would write to the guest's stack. The
 * address of that JMP is in mon->site: it tells the VMM which instruction of
 * the guest's is being done, and the routine where to return to. Each
 * instruction has an entry in the map, as in translated code, by which the VMM
 * gets the guest's state at any of them (bt/enter.c).
 *
 * All that is read here can have been written by the guest. It can fool
 * itself; what it gets to do is what ring-1 code can do anyway. Nothing is
 * done here that needs more: a case that does goes to the VMM with INT, as if
 * the routine had not been there.
 */
#include "ring1.h"
#include "../../include/layout.h"

/* The next instruction's entry in the map. */
.macro at kind, fix
	.pushsection .rodata.ring1_map, "a"
	.short	771f - ring1_code
	.byte	\kind, \fix
	.popsection
771:
.endm

/* An instruction that can be undone by reloading what it may have changed. */
.macro undo insn:vararg
	at	RING1_M_START, RING1_F_REGS
	\insn
.endm

/* To the VMM: it does the guest's instruction from its start. */
.macro vmm
	at	RING1_M_INTERP, RING1_F_REGS
	int	$VMBT_VEC_CALLOUT1
.endm

/*
 * On to label 1 if the descriptor at SS:%ecx is what it was when the register
 * was loaded. Flags are kept: LEA adds, JECXZ tests.
 */
.macro same_descriptor sreg
	undo movl %ss:(%ecx), %edx
	undo movl %ss:4(%ecx), %eax
	undo movl %gs:RING1_SAME + \sreg * RING1_SAME_SIZE + RING1_NEG_LO, %ecx
	undo leal (%ecx, %edx), %ecx
	undo jecxz 2f
	vmm
2:
	undo movl %gs:RING1_SAME + \sreg * RING1_SAME_SIZE + RING1_NEG_HI, %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 1f
	vmm
.endm

	.section .rodata.ring1_map, "a"
	.balign	4
	.globl	ring1_map
ring1_map:

	.section .rodata.ring1, "a"
	.balign	16
	.globl	ring1_code
ring1_code:
	.code32

/*
 * MOV and POP of a segment register with the selector in EAX, which has been
 * spilled. Kernels load what is there already most of the time: a handler DS
 * and ES for itself and then for who was interrupted. The load is left out if
 * it would change nothing, and that is the case if the guest's table has the
 * same descriptor for the same selector still.
 */
.macro load_routine name, sreg
	.globl	ring1_load_\name
ring1_load_\name:
	at	RING1_M_START, RING1_F_EAX
	movl	%ecx, %gs:RING1_ECX
	at	RING1_M_START, RING1_F_EAX
	movl	%edx, %gs:RING1_EDX
	undo movl %gs:RING1_SAME + \sreg * RING1_SAME_SIZE + RING1_NEG_SEL, %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 3f
	vmm
3:
	undo movl %gs:RING1_SAME + \sreg * RING1_SAME_SIZE + RING1_OFF, %ecx
	undo jecxz 1f
	same_descriptor \sreg
1:
	undo jmp ring1_return
.endm

	load_routine es, RING1_SREG_ES
	load_routine ds, RING1_SREG_DS
	load_routine fs, RING1_SREG_FS
	load_routine gs, RING1_SREG_GS

/* Behind the JMP at mon->site, as if nothing had been. */
ring1_return:
	undo movl %gs:RING1_SITE, %eax
	undo leal RING1_JMP_LEN(%eax), %eax
	undo movl %eax, %gs:RING1_JUMP
	undo movl %gs:RING1_EDX, %edx
	undo movl %gs:RING1_ECX, %ecx
	undo movl %gs:RING1_EAX, %eax
	undo jmp *%gs:RING1_JUMP

/*
 * IRETD from ring 0 to ring 0: an interrupt that had stopped the kernel is
 * done. Only with CS as it is, no flag that concerns the VMM, nothing waiting
 * for IF, and a target that has been translated. SDM vol. 2, IRET,
 * RETURN-TO-SAME-PRIVILEGE-LEVEL.
 */
	.globl	ring1_iret
ring1_iret:
	at	RING1_M_START, 0
	movl	%eax, %gs:RING1_EAX
	at	RING1_M_START, 0
	movl	%ecx, %gs:RING1_ECX
	at	RING1_M_START, 0
	movl	%edx, %gs:RING1_EDX
	undo movzwl 4(%esp), %eax
	undo movl %gs:RING1_SAME + RING1_SREG_CS * RING1_SAME_SIZE + RING1_NEG_SEL, %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 3f
	vmm
3:
	undo movl %gs:RING1_SAME + RING1_SREG_CS * RING1_SAME_SIZE + RING1_OFF, %ecx
	same_descriptor RING1_SREG_CS
1:
	undo movl (%esp), %eax
	undo movzwl %ax, %ecx
	undo movl %gs:VMBT_MON_HASH1(, %ecx, 8), %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 4f
	vmm
4:
	undo movl %eax, %gs:RING1_TARGET
	undo movzwl %ax, %eax
	undo movl %gs:VMBT_MON_HASH1 + 4(, %eax, 8), %eax
	undo movl %eax, %gs:RING1_JUMP
	undo movl 8(%esp), %edx
	/* From here the flags are AH and AL, until IRET's own replace them. */
	undo lahf
	undo seto %al
	undo movl %edx, %ecx
	undo xorl %gs:RING1_FLAGS_VIRT, %ecx
	undo testl $RING1_IRET_SLOW, %ecx
	undo jnz 5f
	undo movl %edx, %ecx
	undo andl $RING1_EFLAGS_IF, %ecx
	undo testl %gs:RING1_PENDING, %ecx
	undo jnz 5f
	undo leal 8(%esp), %esp
	at	RING1_M_IRET_FLAGS, RING1_F_REGS
	popfl
	at	RING1_M_IRET_DONE, RING1_F_REGS
	movl	%ecx, %gs:RING1_VIF
	at	RING1_M_TARGET, RING1_F_REGS
	movl	%gs:RING1_EDX, %edx
	at	RING1_M_TARGET, RING1_F_REGS
	movl	%gs:RING1_ECX, %ecx
	at	RING1_M_TARGET, RING1_F_REGS
	movl	%gs:RING1_EAX, %eax
	at	RING1_M_TARGET, RING1_F_REGS
	jmp	*%gs:RING1_JUMP
5:
	/* OF from AL, the others from AH. */
	undo addb $0x7f, %al
	undo sahf
	vmm

	.globl	ring1_code_end
ring1_code_end:
	.code64

	.section .rodata.ring1_map, "a"
	.globl	ring1_map_end
ring1_map_end:

	.section .note.GNU-stack, "", @progbits
