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

/* The same in a lookup, on top of what its unit has to undo. */
.macro look insn:vararg
	at	RING1_M_LOOKUP, RING1_F_EDX
	\insn
.endm

/* The guest is at mon->target, whatever led it there. */
.macro away fix, insn:vararg
	at	RING1_M_AWAY, \fix
	\insn
.endm

/* To the VMM: it does the guest's instruction from its start. */
.macro vmm
	at	RING1_M_INTERP, RING1_F_REGS
	int	$VMBT_VEC_CALLOUT1
.endm

/* Bytes [i]: twice the place of selectors with low byte i among the offers. */
.macro offer_places
	place = 0
	.rept	256
	.byte	(place >> 3 & 31) * 2
	place = place + 1
	.endr
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

ring1_places:
	offer_places

/* Bytes [i]: i / 16. */
ring1_nibbles:
	nibble = 0
	.rept	256
	.byte	nibble >> 4
	nibble = nibble + 1
	.endr

/* Bytes [i]: bits 1:0 of i. */
ring1_unaligned:
	.rept	64
	.byte	0, 1, 2, 3
	.endr

/*
 * On to label 1 if the VMM has offered the selector in EAX, which has been spilled, and
 * the guest's table still has the descriptor that it had then: the entry of the run
 * table is what the guest means.
 */
.macro offered
	at	RING1_M_START, RING1_F_EAX
	movl	%ecx, %gs:RING1_ECX
	at	RING1_M_START, RING1_F_EAX
	movl	%edx, %gs:RING1_EDX
	undo movl %eax, %gs:RING1_LOAD
	undo movzbl %al, %ecx
	undo movzbl %cs:VMBT_MON_RT + (ring1_places - ring1_code)(%ecx), %ecx
	undo leal RING1_OFFER(, %ecx, 8), %edx
	undo movl %gs:RING1_NEG_SEL(%edx), %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 3f
	vmm
3:
	undo movl %gs:RING1_OFF(%edx), %ecx
	undo jecxz 1f
	undo movl %ss:(%ecx), %eax
	undo movl %gs:RING1_NEG_LO(%edx), %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 4f
	vmm
4:
	undo movl %gs:RING1_OFF(%edx), %ecx
	undo movl %ss:4(%ecx), %eax
	undo movl %gs:RING1_NEG_HI(%edx), %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 1f
	vmm
.endm

/* Behind the JMP at mon->site, by mon->jump. */
.macro behind
	undo movl %gs:RING1_SITE, %eax
	undo leal RING1_JMP_LEN(%eax), %eax
	undo movl %eax, %gs:RING1_JUMP
.endm

/* There, with the guest's instruction done. */
.macro done
	at	RING1_M_LOADED, RING1_F_REGS
	movl	%gs:RING1_EDX, %edx
	at	RING1_M_LOADED, RING1_F_REGS
	movl	%gs:RING1_ECX, %ecx
	at	RING1_M_LOADED, RING1_F_REGS
	movl	%gs:RING1_EAX, %eax
	at	RING1_M_LOADED, RING1_F_REGS
	jmp	*%gs:RING1_JUMP
.endm

/*
 * MOV and POP of ES, DS and FS with the selector in EAX. Handlers load the kernel's
 * segments and then those of who was interrupted. The CPU loads what was offered; the
 * VMM sees by the register that it happened.
 */
.macro load_routine name, sreg, reg
	.globl	ring1_load_\name
ring1_load_\name:
	offered
1:
	behind
	undo movl %gs:RING1_LOAD, %eax
	undo movl %eax, %\reg
	at	RING1_M_LOADED, RING1_F_REGS
	movl	%eax, %gs:RING1_SEL + 4 * \sreg
	done
.endm

/*
 * The same where it is mostly what the register has: user code and the kernel share DS
 * and ES. The run table has had this descriptor for as long as it is offered, and the
 * VMM has reloaded what is in a register whenever the table was another; so is the CPU's
 * hidden part what a load would bring.
 */
.macro load_routine_same name, sreg, reg
	.globl	ring1_load_\name
ring1_load_\name:
	offered
1:
	behind
	undo movl %\reg, %eax
	undo movl %gs:RING1_NEG_SEL(%edx), %ecx
	undo leal (%ecx, %eax), %ecx
	undo movl %gs:RING1_LOAD, %eax
	undo jecxz 2f
	undo movl %eax, %\reg
2:
	at	RING1_M_LOADED, RING1_F_REGS
	movl	%eax, %gs:RING1_SEL + 4 * \sreg
	done
.endm

	load_routine_same es, RING1_SREG_ES, es
	load_routine_same ds, RING1_SREG_DS, ds
	load_routine fs, RING1_SREG_FS, fs

/*
 * The same of GS, which is ours in the CPU: only a load that would change
 * nothing is left out, and that is the case if the guest's table has the same
 * descriptor for the same selector still.
 */
	.globl	ring1_load_gs
ring1_load_gs:
	at	RING1_M_START, RING1_F_EAX
	movl	%ecx, %gs:RING1_ECX
	at	RING1_M_START, RING1_F_EAX
	movl	%edx, %gs:RING1_EDX
	undo movl %gs:RING1_SAME + RING1_SREG_GS * RING1_SAME_SIZE + RING1_NEG_SEL, %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 3f
	vmm
3:
	undo movl %gs:RING1_SAME + RING1_SREG_GS * RING1_SAME_SIZE + RING1_OFF, %ecx
	undo jecxz 1f
	same_descriptor RING1_SREG_GS
1:
	/* Behind the JMP at mon->site, as if nothing had been. */
	undo movl %gs:RING1_SITE, %eax
	undo leal RING1_JMP_LEN(%eax), %eax
	undo movl %eax, %gs:RING1_JUMP
	undo movl %gs:RING1_EDX, %edx
	undo movl %gs:RING1_ECX, %ecx
	undo movl %gs:RING1_EAX, %eax
	undo jmp *%gs:RING1_JUMP

/*
 * VERW of the selector in EAX, by which kernels empty the CPU's buffers on the way to
 * ring 3. What is offered has been loaded at ring 0, so its RPL is no higher than its DPL,
 * and the CPU comes to the guest's result at ring 1, too. Only the form with a memory
 * operand is sure to empty the buffers.
 */
	.globl	ring1_verw
ring1_verw:
	offered
1:
	behind
	undo verw %gs:RING1_LOAD
	done

/*
 * IRETD from ring 0. To ring 0, where an interrupt had stopped the kernel, only with
 * CS as it is, no flag that concerns the VMM, nothing waiting for IF, and a target
 * that has been translated. SDM vol. 2, IRET, RETURN-TO-SAME-PRIVILEGE-LEVEL.
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
	undo jmp ring1_iret_user
3:
	undo movl %gs:RING1_SAME + RING1_SREG_CS * RING1_SAME_SIZE + RING1_OFF, %ecx
	same_descriptor RING1_SREG_CS
1:
	undo movl (%esp), %eax
	undo movzwl %ax, %ecx
	undo movl %cs:VMBT_MON_HASH1(, %ecx, 8), %ecx
	undo leal (%ecx, %eax), %ecx
	undo jecxz 4f
	vmm
4:
	undo movl %eax, %gs:RING1_TARGET
	undo movzwl %ax, %eax
	undo movl %cs:VMBT_MON_HASH1 + 4(, %eax, 8), %eax
	undo movl %eax, %gs:RING1_JUMP
	undo movl 8(%esp), %edx
	/* From here the flags are AH and AL, until IRET's own replace them. */
	undo lahf
	undo seto %al
	undo movl %edx, %ecx
	undo xorl %gs:RING1_FLAGS_VIRT, %ecx
	undo orl %gs:RING1_FLAGS_SLOW, %ecx
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

/*
 * On to label 3 if ring 3 may run directly with the data segments of now, and to 5 if
 * not. IOPL is 0, which the CPU has. Segments are the guest's, or null, unless the VMM
 * had to put one of its own there; GS, which is ours up to here, has what the VMM knows
 * to be in the table; and the GDT is what it was: where ring 1 has written to it by its alias
 * since, or all of it if the page has no trace.
 */
.macro user_segments
	undo testl $RING1_EFLAGS_IOPL, %gs:RING1_FLAGS_VIRT
	undo jnz 5f
	undo movl %ds, %eax
	undo cmpl $VMBT_SEL_FIRST, %eax
	undo jae 5f
	undo movl %es, %eax
	undo cmpl $VMBT_SEL_FIRST, %eax
	undo jae 5f
	undo movl %fs, %eax
	undo cmpl $VMBT_SEL_FIRST, %eax
	undo jae 5f
	undo movl %gs:RING1_SEL + 4 * RING1_SREG_GS, %eax
	undo addl %gs:RING1_SAME_GS + RING1_NEG_SEL, %eax
	undo jnz 5f
	undo movl %gs:RING1_GDT_LEFT, %ecx
	undo cmpl $RING1_NOTES, %ecx
	undo je 8f
	undo testl %ecx, %ecx
	undo jz 5f
6:
	undo movl %gs:RING1_GDT_LOG(, %ecx, 4), %edx
	undo movl %gs:(%edx), %eax
	undo addl %gs:RING1_GDT_DELTA, %edx
	undo cmpl %gs:RING1_GDT_BYTES, %edx
	undo jae 7f
	undo cmpl %gs:RING1_GDT(%edx), %eax
	undo jne 5f
7:
	undo incl %ecx
	undo cmpl $RING1_NOTES, %ecx
	undo jb 6b
	undo movl %ecx, %gs:RING1_GDT_LEFT
	undo incl %gs:RING1_GDT_SPARED
8:
	undo movl %gs:RING1_GDT_N, %ecx
	undo testl %ecx, %ecx
	undo jz 3f
	undo movl %gs:RING1_GDT_OFF, %edx
2:
	.irp	i, 4, 8, 12, 16
	undo movl %ss:-\i(%edx, %ecx, 4), %eax
	undo cmpl %gs:RING1_GDT - \i(, %ecx, 4), %eax
	undo jne 5f
	.endr
	undo subl $4, %ecx
	undo jnz 2b
.endm

/*
 * IRETD with another CS in EAX. To ring 3 it is the CPU's own, if the VMM has
 * offered it (vmm/desc/user.c), nothing waits for IF, which must be set then, and no
 * flag concerns the VMM.
 */
ring1_iret_user:
	undo movl %gs:RING1_NO_USER, %ecx
	undo jecxz 1f
	vmm
1:
	undo movl 8(%esp), %edx
	undo movl %eax, %ecx
	/* From here the flags are in mon->load. */
	undo lahf
	undo seto %al
	undo movl %eax, %gs:RING1_LOAD
	undo andl $3, %ecx
	undo cmpl $3, %ecx
	undo jne 5f
	undo movl %edx, %ecx
	undo xorl %gs:RING1_FLAGS_VIRT, %ecx
	undo orl %gs:RING1_FLAGS_SLOW, %ecx
	undo testl $RING1_IRET_SLOW & ~RING1_EFLAGS_RF, %ecx
	undo jnz 5f
	undo testl $RING1_EFLAGS_IF, %edx
	undo jz 5f
	undo cmpl $0, %gs:RING1_PENDING
	undo jne 5f
	user_segments
3:
	undo movl %gs:RING1_LOAD, %eax
	undo addb $0x7f, %al
	undo sahf
	undo movl %gs:RING1_EDX, %edx
	undo movl %gs:RING1_ECX, %ecx
	undo movl %gs:RING1_EAX, %eax
	at	RING1_M_START, 0
	movw	%gs:RING1_SEL + 4 * RING1_SREG_GS, %gs
	at	RING1_M_START, 0
	iretl
5:
	undo movl %gs:RING1_LOAD, %eax
	undo addb $0x7f, %al
	undo sahf
	vmm

/*
 * SYSEXIT: the CPU's IRET from a frame in the monitor area, where the VMM has offered
 * that, and put CS and SS into the frame, since they are what SYSEXIT loads. The flags
 * are those of now. SDM vol. 2, SYSEXIT.
 */
	.globl	ring1_sysexit
ring1_sysexit:
	at	RING1_M_START, 0
	movl	%eax, %gs:RING1_EAX
	at	RING1_M_START, 0
	movl	%ecx, %gs:RING1_ECX
	at	RING1_M_START, 0
	movl	%edx, %gs:RING1_EDX
	undo movl %edx, %gs:RING1_FRAME
	undo movl %ecx, %gs:RING1_FRAME + 12
	undo movl %gs:RING1_NO_USER, %ecx
	undo jecxz 1f
	vmm
1:
	/* From here the flags are in mon->load. */
	undo lahf
	undo seto %al
	undo movl %eax, %gs:RING1_LOAD
	undo cmpl $0, %gs:RING1_FRAME + 4
	undo je 5f
	undo testl $RING1_IRET_SLOW & ~RING1_EFLAGS_RF, %gs:RING1_FLAGS_SLOW
	undo jnz 5f
	undo testl $RING1_EFLAGS_IF, %gs:RING1_VIF
	undo jz 5f
	undo cmpl $0, %gs:RING1_PENDING
	undo jne 5f
	user_segments
3:
	undo movl %gs:RING1_LOAD, %eax
	undo addb $0x7f, %al
	undo sahf
	undo movl %gs:RING1_EDX, %edx
	undo movl %gs:RING1_ECX, %ecx
	undo movl %gs:RING1_EAX, %eax
	at	RING1_M_START, 0
	movl	%esp, %gs:RING1_ESP
	at	RING1_M_START, 0
	lss	%cs:VMBT_MON_RT + (ring1_frame - ring1_code), %esp
	at	RING1_M_SYSEXIT, 0
	pushfl
	at	RING1_M_SYSEXIT, 0
	leal	-8(%esp), %esp
	at	RING1_M_SYSEXIT, 0
	movw	%gs:RING1_SEL + 4 * RING1_SREG_GS, %gs
	at	RING1_M_SYSEXIT, 0
	iretl
5:
	undo movl %gs:RING1_LOAD, %eax
	undo addb $0x7f, %al
	undo sahf
	vmm

/* The frame, from behind its EFLAGS. */
ring1_frame:
	.long	RING1_FRAME + 12
	.short	VMBT_SEL_MON1_GS

/*
 * The address in EAX, which has been spilled, is to be written to by an instruction that
 * has met traces (bt/adapt.c). On to label 1 if its page has no hint; else with the hint
 * in ECX and bits 15:12 of the address in EDX. The address is in mon->load.
 */
.macro hint
	at	RING1_M_START, RING1_F_EAX
	movl	%ecx, %gs:RING1_ECX
	at	RING1_M_START, RING1_F_EAX
	movl	%edx, %gs:RING1_EDX
	undo movl %eax, %gs:RING1_LOAD
	undo movzbl %ah, %ecx
	undo movzbl %cs:VMBT_MON_RT + (ring1_nibbles - ring1_code)(%ecx), %edx
	undo movzbl %gs:RING1_LOAD + 2, %ecx
	undo leal (%edx, %ecx, 8), %ecx
	undo movzbl %gs:RING1_HOT(%ecx), %ecx
	undo jecxz 1f
.endm

/* On behind the JMP at mon->site, \over bytes further, with all registers as they were. */
.macro return_over over
	undo movl %gs:RING1_SITE, %eax
	undo leal RING1_JMP_LEN + \over(%eax), %eax
	undo movl %eax, %gs:RING1_JUMP
	undo movl %gs:RING1_EDX, %edx
	undo movl %gs:RING1_ECX, %ecx
	undo movl %gs:RING1_EAX, %eax
	undo jmp *%gs:RING1_JUMP
.endm

/*
 * Where the page is not likely to have a trace the write is the unit's own, behind the
 * JMP; that faults if there is one after all. Now and then the VMM gets it, to see
 * whether all this pays.
 */
.macro cold
	undo movl %gs:RING1_COLD_LEFT, %ecx
	undo leal -1(%ecx), %ecx
	undo movl %ecx, %gs:RING1_COLD_LEFT
	undo jecxz 2f
	return_over 0
2:
	undo movl $RING1_COLD, %gs:RING1_COLD_LEFT
	vmm
.endm

	.globl	ring1_write
ring1_write:
	hint
	vmm
1:
	cold

/*
 * The same, of an instruction that has another form, for an alias (mmu/alias.c), behind its
 * own. It goes there if the page is one that the VMM has shown for the hint, DS is flat, the
 * address is aligned, and there is room for a note. The note is made here, and of a page
 * table counted behind the write.
 *
 * The GDT's page may have the hint of a page table that shares its entry.
 *
 * The note of the GDT is for the way to ring 3 (user_segments), and counted before the write: who
 * clears it knows that the write is not on its way. If there is no more room, the count says so.
 */
	.globl	ring1_alias
ring1_alias:
	hint
	undo leal 1 - RING1_HOT_ALIAS(%ecx), %ecx
	undo movl %ecx, %gs:RING1_LOG_NEXT
	undo movzwl %gs:RING1_LOAD + 2, %eax
	undo leal (%edx, %eax, 8), %edx
	undo leal (%edx, %eax, 8), %edx
	undo jecxz 2f
	undo movl %gs:RING1_ALIAS - RING1_ALIAS_SIZE(, %ecx, RING1_ALIAS_SIZE), %ecx
	undo leal (%ecx, %edx), %ecx
	undo jecxz 3f
2:
	undo movl %gs:RING1_ALIAS + RING1_GDT_ALIAS * RING1_ALIAS_SIZE, %ecx
	undo leal (%ecx, %edx), %ecx
	undo jecxz 9f
6:
	vmm
1:
	cold
9:
	undo movl $RING1_GDT_ALIAS + 1, %gs:RING1_LOG_NEXT
3:
	undo movl %ds, %ecx
	undo movl %gs:RING1_ALIAS_DS, %edx
	undo leal (%ecx, %edx), %ecx
	undo jecxz 4f
	vmm
4:
	undo movzbl %gs:RING1_LOAD, %ecx
	undo movzbl %cs:VMBT_MON_RT + (ring1_unaligned - ring1_code)(%ecx), %ecx
	undo jecxz 5f
	vmm
5:
	undo movl %gs:RING1_LOG_NEXT, %edx
	undo leal -RING1_GDT_ALIAS - 1(%edx), %ecx
	undo jecxz 7f
	undo movl %gs:RING1_LOG_LEFT, %ecx
	undo jecxz 6f
	undo movl %gs:RING1_LOAD, %eax
	undo movl %gs:RING1_ALIAS - RING1_ALIAS_SIZE + RING1_DELTA(, %edx, RING1_ALIAS_SIZE), %edx
	undo leal (%edx, %eax), %eax
	undo movl %eax, %gs:RING1_LOG - 4(, %ecx, 4)
	undo movl %eax, %gs:RING1_ALIAS_AT
	undo leal -1(%ecx), %ecx
	undo movl %ecx, %gs:RING1_LOG_NEXT
	return_over RING1_ALIAS_LEN
6:
	vmm
7:
	undo movl %gs:RING1_LOAD, %eax
	undo movl %gs:RING1_ALIAS - RING1_ALIAS_SIZE + RING1_DELTA(, %edx, RING1_ALIAS_SIZE), %edx
	undo leal (%edx, %eax), %eax
	undo movl %eax, %gs:RING1_ALIAS_AT
	undo movl %gs:RING1_GDT_LEFT, %ecx
	undo jecxz 8f
	undo movl %eax, %gs:RING1_GDT_LOG - 4(, %ecx, 4)
	undo leal -1(%ecx), %ecx
	undo movl %ecx, %gs:RING1_GDT_LEFT
8:
	undo movl %gs:RING1_LOG_LEFT, %ecx
	undo movl %ecx, %gs:RING1_LOG_NEXT
	return_over RING1_ALIAS_LEN

/*
 * The target in EAX is not in the inline hash: it may be in the second table,
 * which has what another one with the same low bits had to leave. EAX and ECX
 * have been spilled; flags are kept. On to where the unit has the address in
 * mon->jump, or to the VMM, as if the unit had executed the INT.
 */
	.globl	ring1_lookup
ring1_lookup:
	at	RING1_M_LOOKUP, 0
	movl	%edx, %gs:RING1_EDX
	look	movl %eax, %gs:RING1_LOAD
	look	movzbl %gs:RING1_LOAD + 2, %ecx
	look	movzbl %ah, %edx
	look	leal (%ecx, %edx), %edx
	look	movzbl %al, %ecx
	look	leal (%ecx, %edx, 8), %edx
	look	movl %cs:VMBT_MON_HASH2(, %edx, 8), %ecx
	look	leal (%ecx, %eax), %ecx
	look	jecxz 1f
	at	RING1_M_MISS, RING1_F_EDX
	int	$VMBT_VEC_CALLOUT1
1:
	look	movl %cs:VMBT_MON_HASH2 + 4(, %edx, 8), %eax
	look	movl %eax, %gs:RING1_JUMP
	look	movl %gs:RING1_SITE, %eax
	look	leal RING1_JMP_LEN + RING1_FOUND_LEN(%eax), %eax
	look	movl %eax, %gs:RING1_LOAD
	look	movl %gs:RING1_EDX, %edx
	look	jmp *%gs:RING1_LOAD

/*
 * A jump by the hash, which has been done, has met a free entry or the head of a unit
 * that is another target's (bt/heads.c): mon->target may be in the second table. ECX
 * has been spilled. On to the head of that unit, which reloads ECX, or to the VMM.
 */
	.globl	ring1_away
ring1_away:
	away RING1_F_ECX movl %edx, %gs:RING1_EDX
	away RING1_F_ECX movl %eax, %gs:RING1_EAX
	away RING1_F_REGS movl %gs:RING1_TARGET, %eax
	away RING1_F_REGS movzbl %gs:RING1_TARGET + 2, %ecx
	away RING1_F_REGS movzbl %ah, %edx
	away RING1_F_REGS leal (%ecx, %edx), %edx
	away RING1_F_REGS movzbl %al, %ecx
	away RING1_F_REGS leal (%ecx, %edx, 8), %edx
	away RING1_F_REGS movl %cs:VMBT_MON_HASH2(, %edx, 8), %ecx
	away RING1_F_REGS leal (%ecx, %eax), %ecx
	away RING1_F_REGS jecxz 1f
	away RING1_F_REGS int $VMBT_VEC_CALLOUT1
1:
	away RING1_F_REGS movl %cs:VMBT_MON_HASH2 + 4(, %edx, 8), %eax
	away RING1_F_REGS movl %eax, %gs:RING1_JUMP
	away RING1_F_REGS movl %gs:RING1_EDX, %edx
	away RING1_F_REGS movl %gs:RING1_EAX, %eax
	away RING1_F_ECX jmp *%gs:RING1_JUMP

	.globl	ring1_code_end
ring1_code_end:
	.code64

	.section .rodata.ring1_map, "a"
	.globl	ring1_map_end
ring1_map_end:

	.section .note.GNU-stack, "", @progbits
