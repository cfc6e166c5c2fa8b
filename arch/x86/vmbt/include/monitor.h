/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data page of the monitor area: what translated code reads and writes
 * through %gs.
 *
 * The guest's ring 1 can write every byte of it, so to the VMM it is untrusted
 * input: a value here may make the guest misbehave, never the VMM. Offsets are
 * used by the translator's emitter and by the ring-1 runtime.
 */
#ifndef VMBT_MONITOR_H
#define VMBT_MONITOR_H

#include "types.h"
#include "layout.h"

/**
 * struct vmbt_mon - offsets from %gs
 * @vif: the virtual interrupt flag, 0 or 1. CLI and STI store here.
 * @pending: 1 while an interrupt waits for @vif; STI and POPF test it.
 * @spill: scratch homes of EAX, ECX, EDX, EBX in added code
 * @jump: target of the JMP m32 that ends an indirect transfer
 * @target: guest EIP that an indirect transfer missed the hash with
 * @flags_adj: what to add to flags as PUSHF pushed them to show the virtual
 *	IF and IOPL (the real ones are IF = 1, IOPL = 0)
 * @ret: where the ring-1 runtime returns to
 */
struct vmbt_mon {
	u32 vif;
	u32 pending;
	u32 spill[8];		/* indexed by enum vmbt_gpr */
	u32 spill_flags;
	u32 jump;
	u32 target;
	u32 flags_adj;
	u32 ret;
	u32 scratch[16];
};

/*
 * Inline hash: indexed by the low 16 bits of the guest EIP. neg_eip is the
 * two's complement of the EIP, so that LEA and JECXZ compare without touching
 * a flag; target is an offset into the monitor area.
 */
struct vmbt_hash_entry {
	u32 neg_eip;
	u32 target;
};

#endif
