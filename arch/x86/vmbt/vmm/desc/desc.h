/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow descriptor tables and the state of each segment register.
 *
 * Two run GDTs and LDTs, one for DE (DPL-3 segments with their full limits),
 * one for BT (all truncated below the monitor area where that, or its data
 * page, is at the top). An entry keeps the guest's index; DPL 0 becomes 1; it
 * is filled on first use and dropped when the guest writes its own table. See
 * architecture section 7 and Documentation/vmbt/segments.rst.
 */
#ifndef VMBT_DESC_H
#define VMBT_DESC_H

#include "../vcpu.h"

enum desc_state {
	DESC_SHADOWED,		/* reloadable from the shadow table */
	DESC_CACHED,		/* hidden part in a descriptor of the VMM's */
	DESC_NEUTRAL,		/* holds a selector of the VMM's own */
};

/* An 8-byte descriptor, taken apart or put together. */
void desc_unpack(u64 raw, struct vmbt_seg *seg);	/* not sel */
u64 desc_pack(const struct vmbt_seg *seg);

void desc_init(struct vcpu *v);
enum desc_state desc_state(struct vcpu *v, enum vmbt_sreg s);

/* The guest loaded a segment register (cpu/ has checked and stored it). */
void desc_seg_loaded(struct vcpu *v, enum vmbt_sreg s);
/* All hidden parts may have changed (real mode, task switch, state set). */
void desc_segs_changed(struct vcpu *v);
/* GDTR or LDTR changed. */
void desc_tables_changed(struct vcpu *v);
/* CR3 or paging mode: the guest's tables may lie elsewhere now. */
void desc_mappings_changed(struct vcpu *v);
/* INVLPG: if one of them is there. */
void desc_mapping_changed(struct vcpu *v, u32 lin);

/* v->mon_base changed: the descriptors with that base, and truncation. */
void desc_monitor_moved(struct vcpu *v);

/* True if all six are shadowed: what the decision wants to know. */
bool desc_all_shadowed(struct vcpu *v);

/*
 * Put hardware selectors for the mode into v->frame (cs, ss, ds, es, fs, gs,
 * seg_load) and pick the run GDT. For BT, cs is the translation cache's and
 * gs the monitor's. seg_load gets a bit for each register whose loaded value
 * differs from what the CPU has now; metal_run_tables() clears them.
 */
void desc_prepare(struct vcpu *v, enum vcpu_mode mode);

/*
 * Selectors of the VMM's own in @f, for ring-1 code that has nothing of the
 * guest's but its registers.
 */
void desc_prepare_own(struct vcpu *v, struct vmbt_frame *f);

/*
 * DS, ES, FS and GS of the CPU were used by someone else (the host): the next
 * desc_prepare() asks for all four.
 */
void desc_segs_lost(struct vcpu *v);

/* After DE: take selectors the guest loaded itself back into v->guest. */
void desc_sync_de(struct vcpu *v);

/* user.c: IRET of the ring-1 runtime's to ring 3. */
void desc_offer_user(struct vcpu *v);
void desc_revoke_user(struct vcpu *v);
bool desc_user_stands(const struct vcpu *v);
bool desc_user_arrived(struct vcpu *v);

/* again.c: from ring 3 to ring 1 as the last time. */
#define DESC_WAYS	3
void desc_again_begin(struct vcpu *v, u32 n);
void desc_again_learn(struct vcpu *v, u32 n);
bool desc_again_fits(struct vcpu *v, u32 n, bool back);
void desc_again_take(struct vcpu *v, u32 n);
bool desc_again_at_once(struct vcpu *v, u32 n, bool back);

/* After translated code at ring 1: those that it has loaded, before all else. */
void desc_sync_bt(struct vcpu *v);

/*
 * #GP, #NP or #SS with a selector error code, hit by guest code in DE or a
 * copied instruction. True: a shadow entry was filled, retry. False: interpret
 * the instruction, which raises the exact fault (an entry that is not filled
 * faults differently from the guest's own).
 */
bool desc_fault(struct vcpu *v, u32 vector, u32 error);

/* A #GP/#SS(0) without selector: truncation's doing? True: interpret it. */
bool desc_limit_fault(struct vcpu *v);

/*
 * The interpreter made an access through @s at @off: after a true
 * desc_limit_fault() it says which half of a truncated segment is in use.
 */
void desc_note_access(struct vcpu *v, enum vmbt_sreg s, u32 off);

/* The TSS of the image: metal/ says where it is, before each LTR. */
void desc_set_tss(u64 base);

/* Table images for metal/: base addresses of the current run GDT and LDT. */
struct desc_tables {
	u64 gdt_base;
	u16 gdt_limit;
	u64 ldt_base;		/* in the VMM; the LDT descriptor is set up */
	u16 ldt_sel;		/* for LLDT; 0 = none */
	u32 generation;		/* changes when LGDT/LLDT must be done */
};

const struct desc_tables *desc_current(struct vcpu *v);

/* audit.c: is every entry of the run tables one that the guest may have? */
bool desc_audit(struct vcpu *v, u32 *sel, u64 *raw);
/* What @sel stands for in the tables in use; 0: nothing. */
u64 desc_raw(struct vcpu *v, u16 sel);

#endif
