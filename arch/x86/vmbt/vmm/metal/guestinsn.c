// SPDX-License-Identifier: GPL-2.0
/*
 * One x87, MMX or SSE instruction of the guest's, run for the interpreter at
 * ring 1.
 *
 * The VMM executes nothing that the guest wrote, and what raises exceptions of
 * its own it could not take. So it does as the translator does: it writes the
 * instruction into a page of the monitor area, its memory operand replaced by
 * one in the data page, with a callout behind it, and runs that. The guest's
 * registers are live; nothing else of the guest's is within reach. Whatever
 * happens there, this much could translated code have done, too.
 *
 * A host interrupt usually comes first, at the first instruction. It is served,
 * and the instruction run again unless the host wants something that must not
 * wait: then the guest's instruction has not begun.
 */
#include "metal.h"
#include "metal_int.h"
#include "../desc/desc.h"
#include "../mmu/mmu.h"
#include "../plat.h"
#include "../../include/layout.h"
#include "../../include/monitor.h"

#define OPERAND		offsetof(struct vmbt_mon, operand)
#define TRIES		1000

/*
 * From 64-bit code with an operand at [R8] to 32-bit code with one at
 * %gs:OPERAND. Return: its length; *memory: it has an operand; *mask: it is
 * MASKMOV, whose operand is at DS:EDI.
 */
static u32 rewrite(const u8 *code, u32 len, u8 *out, bool *memory, bool *mask)
{
	u32 n = 0, i = 0;

	if (code[i] == 0x66 || code[i] == 0xf2 || code[i] == 0xf3)
		out[n++] = code[i++];
	*memory = i < len && code[i] == 0x41;
	i += *memory;
	*mask = i + 1 < len && code[i] == 0x0f && code[i + 1] == 0xf7;
	if (*memory || *mask)
		out[n++] = 0x65;
	if (i < len && code[i] == 0x0f) {
		out[n++] = code[i++];
		if (i < len && (code[i] == 0x38 || code[i] == 0x3a))
			out[n++] = code[i++];
	}
	if (i < len)
		out[n++] = code[i++];
	if (*memory && i < len) {
		out[n++] = (code[i++] & 0x38) | 5;
		for (u32 k = 0; k < 4; k++)
			out[n++] = OPERAND >> 8 * k;
	}
	while (i < len)
		out[n++] = code[i++];
	return n;
}

static bool host_vector(u64 vector)
{
	return vector == VMBT_VEC_NMI || vector == VMBT_VEC_MC ||
	       (vector >= 32 && vector < 256);
}

/* Until it is done or has faulted. @end: behind the instruction. */
static int run_to(struct vcpu *v, struct vmbt_frame *f, u32 end)
{
	const u32 start = f->rip;

	for (u32 i = 0; i < TRIES; i++) {
		/* Frames that are no longer ours must not be mapped by then. */
		if (metal_requests())
			return X_RETRY;
		desc_prepare_own(v, f);
		metal_run_own(v, f);
		if (host_vector(f->vector)) {
			metal_host_interrupt_vector(f->vector);
			if (f->rip == end)
				return X_OK;
			continue;
		}
		if (f->entry_fault)
			continue;
		if (f->vector == VMBT_VEC_CALLOUT1)
			return X_OK;
		if (f->rip != start)
			return X_UNSUPPORTED;
		switch (f->vector) {
		case VMBT_VEC_UD:
		case VMBT_VEC_NM:
		case VMBT_VEC_MF:
		case VMBT_VEC_XM:
			return vcpu_fault(v, f->vector);
		default:
			return X_UNSUPPORTED;
		}
	}
	return X_RETRY;
}

int plat_guest_insn(struct vcpu *v, const u8 *code, u32 len, u32 gpr[8], u32 *eflags,
		    void *mem)
{
	u8 *at = v->mon_page[VMBT_MON_INSN / 4096];
	struct vmbt_frame f = { .rip = VMBT_MON_INSN, .rflags = *eflags };
	bool memory, mask;
	u32 n, i;
	int r;

	n = rewrite(code, len, at, &memory, &mask);
	at[n] = 0xcd;
	at[n + 1] = VMBT_VEC_CALLOUT1;
	if (memory || mask)
		__builtin_memcpy(v->mon->operand, mem, sizeof(v->mon->operand));
	for (i = 0; i < 8; i++)
		f.gpr[i] = gpr[i];
	f.rsp = gpr[VMBT_ESP];
	if (mask)
		f.gpr[VMBT_EDI] = OPERAND;

	mmu_monitor_user(v, false);
	mmu_activate(v);
	r = run_to(v, &f, VMBT_MON_INSN + n);
	if (r)
		return r;
	f.gpr[VMBT_ESP] = f.rsp;
	if (mask)
		f.gpr[VMBT_EDI] = gpr[VMBT_EDI];
	for (i = 0; i < 8; i++)
		gpr[i] = f.gpr[i];
	*eflags = f.rflags & VMBT_EFLAGS_ARITH;
	if (memory || mask)
		__builtin_memcpy(mem, v->mon->operand, sizeof(v->mon->operand));
	return X_OK;
}
