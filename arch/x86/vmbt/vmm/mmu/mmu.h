/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of the guest, as the rest of the image uses it: walk, access,
 * shadow, trace. See Documentation/vmbt/mmu.rst.
 *
 * Three address kinds: linear (u32, after segmentation), gpa (u64, guest
 * physical, A20 applied), and host physical (only inside mmu/ and plat).
 */
#ifndef VMBT_MMU_H
#define VMBT_MMU_H

#include "../vcpu.h"

/* Accesses, as bits of the page-fault error code plus two of ours. */
#define MMU_READ	0
#define MMU_WRITE	VMBT_PF_W
#define MMU_USER	VMBT_PF_U	/* CPL 3 access, else supervisor */
#define MMU_EXEC	VMBT_PF_I
#define MMU_PEEK	0x100		/* do not set accessed/dirty bits */

/*
 * struct mmu_xlat - result of a walk
 * @gpa: guest physical address of the byte
 * @page_size: 4096, 2 MiB or 4 MiB: what the guest mapped it with
 */
struct mmu_xlat {
	u64 gpa;
	u32 page_size;
	bool writable;		/* at the access's privilege */
	bool user;
	bool dirty;
	bool global;
	bool nx;
};

void mmu_init(struct vcpu *v, u32 pool_first_free, u32 pool_pages);
/* What every root's upper half is copied from; before the first root. */
void mmu_set_template(struct vcpu *v, u32 base_root_idx, bool la57, u64 pte_enc);

/* Translate, with the guest's access rights and A/D updates. X_OK/X_FAULT. */
int mmu_walk(struct vcpu *v, u32 lin, u32 access, struct mmu_xlat *out);

/*
 * Linear reads and writes of 1..4096 bytes for the guest's instruction at
 * hand; may cross a page. All or nothing for writes (both pages are checked
 * first). Memory without RAM goes to plat_mmio(). Writes tell the traces.
 * access: MMU_USER or 0. Return X_OK, X_FAULT (v->exc is the #PF).
 */
int mmu_read(struct vcpu *v, u32 lin, void *buf, u32 len, u32 access);
int mmu_write(struct vcpu *v, u32 lin, const void *buf, u32 len, u32 access);
/* Read-modify-write probe: would a write succeed? Sets the dirty bit. */
int mmu_probe_write(struct vcpu *v, u32 lin, u32 len, u32 access);
/* Fetch up to @len instruction bytes; *got is how many before a fault. */
int mmu_fetch(struct vcpu *v, u32 lin, void *buf, u32 len, u32 access, u32 *got);

/* Guest physical, no rights; false where there is no RAM. Writes tell traces. */
bool mmu_read_phys(struct vcpu *v, u64 gpa, void *buf, u32 len);
bool mmu_write_phys(struct vcpu *v, u64 gpa, const void *buf, u32 len);

/* Does the shadow allow by now what the hardware has faulted on? */
bool mmu_filled(struct vcpu *v, u32 lin, u32 hw_error);
/* What a hardware #PF in the guest (DE or translated code) turns out to be. */
enum mmu_fault {
	MMU_FAULT_FIXED,	/* hidden: shadow filled, retry the access */
	MMU_FAULT_TRUE,		/* guest's: v->exc set */
	MMU_FAULT_EMULATE,	/* trace or MMIO: interpret the instruction */
	MMU_FAULT_MONITOR,	/* touches the monitor area: interpret exactly */
};

enum mmu_fault mmu_fault(struct vcpu *v, u32 lin, u32 hw_error);

/* Memory in place, if it was used lately; reads.c says for how long. */
const u8 *mmu_known(struct vcpu *v, u32 lin, u32 len);
/* Places that are used again and again; 0 to MMU_PINS - 1. */
#define MMU_PINS	16
u8 *mmu_pin(struct vcpu *v, u32 n, u32 lin, u32 len, bool write);
bool mmu_pins_hold(struct vcpu *v, u32 first, u32 n);
u8 *mmu_pinned(struct vcpu *v, u32 n);

/* Page tables that ring 1 writes to by itself, alias.c; and a GDT. */
void mmu_alias(struct vcpu *v, u32 lin);
void mmu_alias_gdt(struct vcpu *v, u64 gfn);
void mmu_alias_drain(struct vcpu *v);
void mmu_alias_init(struct vcpu *v);
void mmu_alias_restore(struct vcpu *v);
void mmu_alias_forget(struct vcpu *v, bool walk);

/* Has it since the last mmu_alias_drain()? */
static inline bool mmu_alias_noted(const struct vcpu *v)
{
	const struct vmbt_mon *m = v->mon;

	return READ_ONCE(m->log_left) != VMBT_MON_LOG || READ_ONCE(m->log[VMBT_MON_LOG - 1]);
}

/* Is @lin where the monitor area is, or its data page's table? */
static inline bool mmu_area_at(const struct vcpu *v, u32 lin)
{
	return lin - v->mon_base < VMBT_MON_SIZE || lin - v->mon_data < VMBT_MON_PDE;
}

/* Is @lin in one of the aliases, or where one has been? */
static inline bool mmu_alias_at(const struct vcpu *v, u32 lin)
{
	return lin - v->mon_data - VMBT_MON_ALIAS < VMBT_MON_ALIASES * 4096;
}

/*
 * The guest changed CR0, CR3, CR4, EFER (already stored in v->guest). For CR3
 * (and PAE) mmu_load_cr3() reads and checks the PDPTEs: X_FAULT with #GP.
 */
int mmu_load_cr3(struct vcpu *v, u32 cr3);
void mmu_mode_changed(struct vcpu *v);
void mmu_invlpg(struct vcpu *v, u32 lin);
void mmu_flush_guest_tlb(struct vcpu *v, bool global);

/* Make the current root ready and tell plat about it; before every guest entry. */
void mmu_activate(struct vcpu *v);

/*
 * The monitor area: mapped in every root at v->mon_base. mmu_place_monitor()
 * picks (floating) or sets (fixed) the base, false if no hole is left.
 * mmu_monitor_user() makes its user pages visible for BT at ring 3.
 */
bool mmu_place_monitor(struct vcpu *v);
void mmu_monitor_user(struct vcpu *v, bool visible);
/* Which part [from, to) of the area (page aligned) is ring-3 code's cache. */
void mmu_monitor_tc3(struct vcpu *v, u32 from, u32 to);
/*
 * The area's pages come when they are filled and go when they are dropped, by
 * their number in the area. v->mon_page has them by the VMM's own mapping.
 */
void mmu_monitor_init(struct vcpu *v);
bool mmu_monitor_fill(struct vcpu *v, u32 n);
void mmu_monitor_drop(struct vcpu *v, u32 from, u32 to);
bool mmu_monitor_has(const struct vcpu *v, u32 n);

/* An entry of the window changed: other roots may have the old one cached. */
void mmu_window_changed(struct vcpu *v);

/* Host's memory went away (VMBT_REQ_ZAP): drop window and shadow entries. */
void mmu_zap(struct vcpu *v, u64 start_gfn, u64 end_gfn);

/* User space wrote them (VMBT_REQ_WRITTEN): as the guest's own writes. */
void mmu_written(struct vcpu *v, u64 start_gfn, u64 end_gfn);

/* One tracing service. Clients OR their bit into a frame's trace mask. */
#define MMU_TRACE_SHADOW	0x01	/* frame is a guest page table */
#define MMU_TRACE_DESC		0x02	/* holds GDT or LDT */
#define MMU_TRACE_CODE		0x04	/* has translated code */
#define MMU_TRACE_DIRTYLOG	0x08

/* Called before the write of @len bytes at @gpa takes effect. */
typedef void (*mmu_trace_fn)(struct vcpu *v, u64 gpa, u32 len);
void mmu_trace_register(struct vcpu *v, u32 client, mmu_trace_fn fn);
void mmu_trace_add(struct vcpu *v, u64 gfn, u32 client);
void mmu_trace_del(struct vcpu *v, u64 gfn, u32 client);

/*
 * Make the page behind @lin writable by telling every trace client that it is
 * about to change as a whole; for writes the VMM cannot do itself (x87, SIMD).
 * False where there is no RAM, or the access is the guest's own fault.
 */
bool mmu_drop_traces(struct vcpu *v, u32 lin);

/*
 * Code mappings, for the translator: as long as the epoch has not ended
 * (VCPU_EV_EPOCH), every linear page told here maps to the frame told here.
 * mmu/ watches the guest's tables behind it and checks on CR3 loads.
 */
void mmu_code_page(struct vcpu *v, u32 lin, u64 gfn);
void mmu_code_pages_reset(struct vcpu *v);

/* Pool pages for every user in the image; zeroed. ~0u when none is left. */
u32 pool_alloc(struct vcpu *v);
void *pool_alloc_page(struct vcpu *v);		/* the same by its address, or NULL */
void pool_free(struct vcpu *v, u32 idx);
void pool_free_page(struct vcpu *v, void *page);

/* And back to the host: what it wants, or what is free in plenty. */
void mmu_shrink(struct vcpu *v, u32 want);
u32 mmu_spare(const struct vcpu *v);
void mmu_halted(struct vcpu *v);

#endif
