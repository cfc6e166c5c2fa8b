/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine below core: entering the guest and the way back.
 */
#ifndef VMBT_METAL_H
#define VMBT_METAL_H

#include "../vcpu.h"

/* The vCPU that plat.h's functions act for; before any of them. */
void metal_attach(struct vcpu *v);

/**
 * metal_run() - run the guest until it leaves for any reason
 * @v: the vCPU
 *
 * Loads the root given to plat_set_root(), the tables of desc_current() if
 * their generation changed, the segment registers that frame.seg_load names,
 * then the general registers, and IRETQs to frame.{cs,rip,rflags,ss,rsp}.
 * Comes back with frame as the guest left it, interrupts off, and
 * frame.vector set: 0-31 exceptions, 32-255 host interrupts (not yet handled),
 * VMBT_VEC_SYSENTER. Flags sanitised. If loading the frame itself faulted (a
 * segment register, CS or SS), frame.entry_fault is set, vector and error are
 * that fault's and the rest of the frame is untouched.
 */
void metal_run(struct vcpu *v);

/* Host call HC_INTR/NMI/MCE for the vector metal_run() came back with. */
void metal_host_interrupt(struct vcpu *v);

/* VMBT_REQ_* that are set; cleared by core with metal_ack_request(). */
u32 metal_requests(void);
void metal_ack_request(u32 bits);

/* From the image header: the pool, and what every root starts from. */
struct metal_pool {
	u32 first_free;		/* the loader used the pages before */
	u32 pages;
	u32 base_root_idx;
	bool la57;
	u64 pte_enc;
};

void metal_pool_layout(struct metal_pool *p);

#endif
