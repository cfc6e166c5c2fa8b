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
 * struct vmbt_mon_same - a selector whose descriptor is known
 * @neg_sel: two's complement of the selector, or VMBT_MON_NONE
 * @off: its descriptor as an offset in SS, or 0: none is read (null selector)
 * @neg_lo: two's complement of the descriptor's low half
 * @neg_hi: of its high half
 */
struct vmbt_mon_same {
	u32 neg_sel;
	u32 off;
	u32 neg_lo;
	u32 neg_hi;
};

/**
 * struct vmbt_mon_alias - a page that ring 1 may write to (mmu/alias.c)
 * @neg_page: two's complement of the linear address's bits 31:12, or VMBT_MON_NONE
 * @delta: from an address there to that in the alias, as an offset in %gs
 */
struct vmbt_mon_alias {
	u32 neg_page;
	u32 delta;
};

/* Added to no selector and no page gives 0. */
#define VMBT_MON_NONE	1
#define VMBT_MON_OFFERS	32
#define VMBT_MON_HOT	(8 * 0xff + 16)
#define VMBT_MON_HOT_ALIAS	2
#define VMBT_MON_LOG	32
#define VMBT_MON_POSTS	8
/* The alias of the guest's GDT, and of no page table. */
#define VMBT_MON_GDT_ALIAS	(VMBT_MON_ALIASES - 1)

/**
 * struct vmbt_mon - offsets from %gs
 * @vif: the virtual interrupt flag as in EFLAGS, 0 or VMBT_X86_EFLAGS_IF. CLI,
 *	STI and POPF store here.
 * @pending: VMBT_X86_EFLAGS_IF while an interrupt waits for @vif, else 0; STI
 *	and POPF test it.
 * @spill: scratch homes of EAX, ECX, EDX, EBX in added code
 * @jump: target of the JMP m32 that ends an indirect transfer
 * @target: guest EIP that an indirect CALL or RET n goes to
 * @flags_adj: what to add to flags as PUSHF pushed them, besides @vif, to show
 *	the virtual flags: IOPL and NT, less the real IF that is always set
 * @flags_virt: IOPL as POPF and IRET have to load it again to stay in line
 * @site: where translated code jumped to a routine of the ring-1 runtime from
 * @sel: selectors as the guest sees them, zero-extended, in the order of enum
 *	vmbt_sreg
 * @same: for each segment register, in that order, what it holds, if the
 *	guest's table says what is in the register: the load that changes nothing
 * @offer: selectors that the CPU may load itself, by their index modulo
 *	VMBT_MON_OFFERS: the run table has what the guest's table said then
 * @load: scratch home of a selector in the ring-1 runtime
 * @cr: the control registers that MOV from CRn reads; the VMM has its own
 * @ask_imr: 0 if @imr is what IN from ports 21h and A1h reads
 * @imr: the interrupt controllers' masks
 * @no_user: 0 if IRET may lead to ring 3 (vmm/desc/user.c)
 * @gdt_off: the guest's GDT as an offset in SS
 * @gdt_n: so many dwords of it must be as in @gdt then, a multiple of 4, or 0
 * @gdt: its contents when ring 3 ran last
 * @flags_slow: TF where no POPF and no IRET may stay in line, whatever they load
 * @operand: memory operand of an x87 or SSE instruction that the VMM lends the
 *	guest's ring for
 * @cold_left: after so many writes to pages that are not @hot the VMM gets one
 * @hot: by vmbt_hot_index() of a page, 1 if a write there is likely to meet a trace,
 *	VMBT_MON_HOT_ALIAS + n if alias n is likely to be its frame's
 * @ss_not_flat: 0 if SS is all 4 GiB
 * @esp: the guest's ESP while SYSEXIT has the CPU pop @frame
 * @frame: EIP, CS, EFLAGS, ESP and SS for that; CS is 0 if SYSEXIT is the VMM's
 * @x87_ours: 0 if the x87's pointers to its last instruction and operand are the guest's
 *	own; else they may be those of translated code or of the VMM
 * @alias: by their numbers
 * @alias_ds: two's complement of a selector of which the run table has a writable
 *	segment of all 4 GiB, or VMBT_MON_NONE
 * @alias_at: where the write at hand goes, as an offset in %gs
 * @log: what ring 1 has written to, as @alias_at, from the end
 * @log_left: how many entries of @log are not used
 * @log_next: what @log_left will be behind the write at hand
 * @gdt_log: what ring 1 has written to in the GDT's alias since it was compared last, as
 *	@alias_at, from the end
 * @gdt_left: how many entries of @gdt_log are not used; at 0 it is not all
 * @gdt_delta: added to the place of the table's first byte, as @alias_at, it is 0
 * @gdt_bytes: how much of @gdt is the guest's table
 * @gdt_spared: how often such writes have been compared
 * @post: what ring 1 has written to the interrupt controllers' ports and the VMM has not
 *	seen yet, from the end: the value, and above it the port; 0 is nothing
 * @post_left: how many entries of @post are not used; at 0 writes are for the VMM
 */
struct vmbt_mon {
	u32 vif;
	u32 pending;
	u32 spill[4];		/* indexed by enum vmbt_gpr */
	u32 jump;
	u32 target;
	u32 flags_adj;
	u32 flags_virt;
	u32 site;
	u32 sel[6];
	struct vmbt_mon_same same[6];
	struct vmbt_mon_same offer[VMBT_MON_OFFERS];
	u32 load;
	u32 cr[5];
	u32 ask_imr;
	u8 imr[4];
	u32 no_user;
	u32 gdt_off;
	u32 gdt_n;
	u32 gdt[64];
	u32 flags_slow;
	u8 operand[16] __aligned(16);
	u32 cold_left;
	u8 hot[VMBT_MON_HOT];
	u32 ss_not_flat;
	u32 esp;
	u32 frame[5];
	u32 x87_ours;
	struct vmbt_mon_alias alias[VMBT_MON_ALIASES];
	u32 alias_ds;
	u32 alias_at;
	u32 log[VMBT_MON_LOG];
	u32 log_left;
	u32 log_next;
	u32 gdt_log[VMBT_MON_LOG];
	u32 gdt_left;
	u32 gdt_delta;
	u32 gdt_bytes;
	u32 gdt_spared;
	u16 post[VMBT_MON_POSTS];
	u32 post_left;
};

_Static_assert(sizeof(struct vmbt_mon) <= 4096, "the data page");

/*
 * What LEA can make of bits 23:12 of an address. Two pages may share an entry: it
 * says how to do a write, not whether it may be done.
 */
static inline u32 vmbt_hot_index(u32 off)
{
	return (off >> 12 & 15) + 8 * (off >> 16 & 0xff);
}

/*
 * Inline hash: indexed by the low 16 bits of the guest EIP. neg_eip is the
 * two's complement of the EIP, so that LEA and JECXZ compare without touching
 * a flag; target is an offset into the monitor area. Free entries hold a
 * neg_eip that no EIP with their index has.
 *
 * A second table has what had to leave the first one of ring 1 for an EIP with the
 * same low bits. The ring-1 runtime looks there, by vmbt_hash2().
 */
struct vmbt_hash_entry {
	u32 neg_eip;
	u32 target;
};

/* Index in the second table: what LEA can do of the three low bytes of @eip. */
static inline u32 vmbt_hash2(u32 eip)
{
	return (eip & 0xff) + 8 * ((eip >> 8 & 0xff) + (eip >> 16 & 0xff));
}

#endif
