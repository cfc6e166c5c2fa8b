/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only seam between the image's pure code and the machine.
 *
 * On metal these are in metal/plat.c; in a test they work on ordinary memory.
 * Nothing else in a pure source may depend on where it runs.
 */
#ifndef VMBT_PLAT_H
#define VMBT_PLAT_H

#include "../include/types.h"
#include "../include/hostcall.h"

struct vcpu;

/* Returned by plat_gfn_map() besides RAM. */
struct plat_page {
	u64 phys;		/* host physical address, page aligned */
	void *virt;		/* the VMM's alias in the window */
	bool writable;		/* the grant allows writes */
};

/**
 * plat_gfn_map() - get the page behind a guest frame
 * @gfn: guest frame number
 * @write: a write grant is needed
 * @out: filled when the result is VMBT_PAGE_RAM or VMBT_PAGE_ROM
 *
 * May make a host call. The answer stays valid until the next host call that
 * reports VMBT_REQ_ZAP for the frame; do not keep @virt across one.
 *
 * Return: enum vmbt_page_kind
 */
int plat_gfn_map(u64 gfn, bool write, struct plat_page *out);

/**
 * plat_gfn_known() - the page behind a guest frame if it has been granted already
 * @gfn: any frame number
 *
 * To read from; what plat_gfn_map() would say needs no host call. The answer stays valid
 * as its does.
 *
 * Return: where it is in the window; NULL: plat_gfn_map() has to be asked
 */
const void *plat_gfn_known(u64 gfn);

/**
 * plat_gfn_large() - are the 512 frames around one all granted, in one piece?
 * @gfn: guest frame number
 *
 * All for writing, and neighbours from a multiple of 2 MiB of host physical memory
 * on. Makes no host call; the answer stays valid as plat_gfn_map()'s does.
 */
bool plat_gfn_large(u64 gfn);

/* Forget window entries of frames [start, end). */
void plat_window_zap(u64 start, u64 end);

/* Pool page @idx: its address in the VMM; its physical address, 0: it has none. */
void *plat_pool_virt(u32 idx);
u64 plat_pool_phys(u32 idx);

/**
 * plat_pool_grow() - ask the host for more pool pages
 * @want: how many more; where there are none comes first, then its end
 *
 * Return: where the pool ends now, larger than before or not
 */
u32 plat_pool_grow(u32 want);

/**
 * plat_pool_shrink() - give pool pages back
 * @n: how many, their numbers in vmbt_shared.shrink_list
 * @done: no more will come for what the host asked
 *
 * They are gone on return, and no CPU has them cached.
 *
 * Return: where the pool ends now: just above the last page
 */
u32 plat_pool_shrink(u32 n, bool done);

/* One linear address, or everything, as cached for the current root. */
void plat_invlpg(u64 linear);
void plat_flush_tlb(void);

/**
 * plat_set_root() - load the root that the guest runs on from its next entry
 * @phys: its top-level table
 * @slot: its number, below VMBT_PCID_ROOTS
 * @keep: what the CPU has cached for this number is current
 *
 * Without PCIDs all that is cached goes with every load.
 */
void plat_set_root(u64 phys, u32 slot, bool keep);

/* Changes when nothing that was cached is ours any more, see pcid.h. */
u64 plat_pcid_epoch(void);

u64 plat_tsc(void);

/* One line for the host's log. */
void plat_log(const char *fmt, ...) __printf(1, 2);

/* The VMM is broken: say how, never come back. */
void plat_panic(const char *fmt, ...) __printf(1, 2) __noreturn;

/*
 * Interrupts are off in the VMM. Long work is done in steps, and between them
 * the host is served if it has waited for long (plat_overdue()).
 *
 * A yield is a host call: the window may lose pages. It may be anywhere where
 * plat_gfn_map() may be.
 */
void plat_yield(void);
bool plat_overdue(void);

/**
 * plat_pio() - a port access by user space's devices
 * @port: the first port
 * @dir: 0 in, 1 out, as KVM_EXIT_IO has it
 * @size: of an item, 1, 2 or 4
 * @count: of items
 * @data: @count items of @size bytes, in or out; at most VMBT_IO_DATA bytes
 *
 * Returns when user space has answered. Synchronous from the VMM's side.
 */
void plat_pio(u16 port, u8 dir, u8 size, u32 count, void *data);

/**
 * plat_exit() - leave to user space for a reason that needs no answer
 * @kind: enum vmbt_exit_kind, not IO or MMIO
 *
 * Returns when user space runs the vCPU again.
 */
void plat_exit(u32 kind);

/* An access of 1-8 bytes to guest physical space without RAM. */
void plat_mmio(u64 gpa, void *data, u32 len, bool write);

/**
 * plat_run_insn() - execute one x87, MMX or SSE instruction
 * @code: its 64-bit encoding; a memory operand is at [R8]
 * @len: bytes of @code, at most 16
 * @gpr: the guest's general registers, read and written
 * @eflags: arithmetic flags in and out
 * @mem: the operand, 64-byte aligned
 *
 * Works on the guest's x87 and SSE registers.
 *
 * Return: false if this platform cannot, nothing has happened then.
 */
bool plat_run_insn(const u8 *code, u32 len, u32 gpr[8], u32 *eflags,
		   void *mem);

/**
 * plat_guest_insn() - the same for one that plat_run_insn() cannot, as a guest
 * @v: the vCPU
 * @code: as for plat_run_insn(); or MASKMOV, whose operand @mem is, too
 * @len: bytes of @code, at most 16
 * @gpr: the guest's general registers, read and written
 * @eflags: arithmetic flags in and out
 * @mem: the operand, at most 16 bytes
 *
 * At the guest's privilege, hence with no more rights than translated code.
 *
 * Return: X_OK; X_FAULT with the exception that it raised itself; X_RETRY if
 * the host wants something first; X_UNSUPPORTED if this platform cannot
 */
int plat_guest_insn(struct vcpu *v, const u8 *code, u32 len, u32 gpr[8], u32 *eflags,
		    void *mem);

/* struct vmbt_shared of this VM. */
struct vmbt_shared *plat_shared(void);

#endif
