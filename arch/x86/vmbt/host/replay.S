/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Raise an interrupt that the guest took for the host, in the host.
 *
 * The local APIC has delivered the vector already, and exactly once: the
 * host's handler must run, and it acknowledges. INT n goes through the host's
 * own gate, so that it is entered as if the interrupt had arrived right here.
 * One stub a vector, since INT has no form with a register.
 */
#include <linux/linkage.h>
#include <asm/ibt.h>

	.text
	.altmacro

.macro REPLAY_ONE n
SYM_FUNC_START(vmbt_replay_\n)
	ENDBR
	int	$\n
	RET
SYM_FUNC_END(vmbt_replay_\n)
.endm

	n = 32
	.rept	224
	REPLAY_ONE %n
	n = n + 1
	.endr

/* The stubs' addresses, vector 32 first. */
	.section .rodata
	.balign 8
SYM_DATA_START(vmbt_replay_table)
.macro REPLAY_PTR n
	.quad	vmbt_replay_\n
.endm
	n = 32
	.rept	224
	REPLAY_PTR %n
	n = n + 1
	.endr
SYM_DATA_END(vmbt_replay_table)
