// SPDX-License-Identifier: GPL-2.0
/*
 * One small record for each guest frame below mem_top: which shadow entries
 * map it, which shadow pages read it as a page table, who traces it.
 *
 * Records come in pool pages of 256, reached over two levels of pointers and
 * made on first use, so that a VM pays for the memory it touches. The guest
 * chooses frame numbers; mem_top bounds what they can cost.
 */
#include "mmu_int.h"

#define FRAMES_PER_PAGE	256
#define MID_SHIFT	8
#define TOP_SHIFT	17

/**
 * frame_peek() - the record of a frame if there is one
 * @m: the MMU
 * @gfn: any frame number
 */
struct frame *frame_peek(struct mmu *m, u64 gfn)
{
	struct frame **mid;
	struct frame *leaf;

	if (gfn >= m->mem_frames)
		return NULL;
	mid = m->frames[gfn >> TOP_SHIFT];
	if (!mid)
		return NULL;
	leaf = mid[(gfn >> MID_SHIFT) & 511];
	return leaf ? &leaf[gfn & (FRAMES_PER_PAGE - 1)] : NULL;
}

/**
 * frame_get() - the record of a frame below mem_top
 * @v: the vCPU
 * @gfn: frame number; the caller has checked it
 */
struct frame *frame_get(struct vcpu *v, u64 gfn)
{
	struct mmu *m = v->mmu;
	struct frame ***mid, **leaf;

	if (gfn >= m->mem_frames)
		plat_panic("mmu: frame %llx beyond mem_top", gfn);
	mid = &m->frames[gfn >> TOP_SHIFT];
	if (unlikely(!*mid))
		*mid = plat_pool_virt(pool_take(v));
	leaf = &(*mid)[(gfn >> MID_SHIFT) & 511];
	if (unlikely(!*leaf))
		*leaf = plat_pool_virt(pool_take(v));
	return &(*leaf)[gfn & (FRAMES_PER_PAGE - 1)];
}

/**
 * frame_next() - first frame at or above @gfn that may have a record
 * @m: the MMU
 * @gfn: where to begin
 * Return: frame number, or mem_frames
 */
u64 frame_next(struct mmu *m, u64 gfn)
{
	struct frame **mid;

	while (gfn < m->mem_frames) {
		mid = m->frames[gfn >> TOP_SHIFT];
		if (!mid) {
			gfn = ((gfn >> TOP_SHIFT) + 1) << TOP_SHIFT;
			continue;
		}
		if (mid[(gfn >> MID_SHIFT) & 511])
			return gfn;
		gfn = ((gfn >> MID_SHIFT) + 1) << MID_SHIFT;
	}
	return m->mem_frames;
}

/* Is there nothing to know about any of these frames? */
static bool nothing_known(const struct frame *leaf)
{
	u32 i;

	for (i = 0; i < FRAMES_PER_PAGE; i++)
		if (leaf[i].rmap || leaf[i].sps || leaf[i].trace)
			return false;
	return true;
}

/**
 * frame_trim() - pages of records that say nothing become pool pages again
 * @v: the vCPU, between two runs of the guest: nobody holds a record
 */
void frame_trim(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	struct frame **leaf;
	u64 gfn;

	for (gfn = frame_next(m, 0); gfn < m->mem_frames;
	     gfn = frame_next(m, (gfn | (FRAMES_PER_PAGE - 1)) + 1)) {
		leaf = &m->frames[gfn >> TOP_SHIFT][(gfn >> MID_SHIFT) & 511];
		if (nothing_known(*leaf)) {
			pool_free_page(v, *leaf);
			*leaf = NULL;
		}
		plat_yield();
	}
}

/**
 * frame_protect() - take write permission from every mapping of a frame
 * @v: the vCPU
 * @f: its record
 */
void frame_protect(struct vcpu *v, struct frame *f)
{
	struct ref_iter it = { .node = f->rmap };
	u32 ref;

	while ((ref = reflist_next(&it)))
		sp_protect_ref(v, ref);
}

/**
 * frame_unmap() - drop every mapping of a frame
 * @v: the vCPU
 * @f: its record
 */
void frame_unmap(struct vcpu *v, struct frame *f)
{
	u32 ref;

	if (f->alias)
		alias_close(v, f);
	while ((ref = reflist_first(f->rmap)))
		sp_drop_entry(v, sp_of(v->mmu, REF_IDX(ref)), REF_ENTRY(ref));
}

/**
 * frame_trace_add() - a client wants to know of writes to a frame
 * @v: the vCPU
 * @gfn: the frame, below mem_top
 * @client: MMU_TRACE_*
 */
void frame_trace_add(struct vcpu *v, u64 gfn, u32 client)
{
	struct frame *f = frame_get(v, gfn);

	if (!f->trace) {
		large_traced(v, gfn);
		frame_protect(v, f);
		pins_forget_writes(v->mmu, (u32)gfn);
	}
	if (client & ~f->trace & MMU_TRACE_SHADOW)
		trace_hint(v, gfn, true);
	f->trace |= client;
	alias_check(v, f);
}

/**
 * frame_trace_del() - a client no longer wants to know
 * @v: the vCPU
 * @gfn: the frame
 * @client: MMU_TRACE_*
 *
 * Write permission comes back on the next write fault.
 */
void frame_trace_del(struct vcpu *v, u64 gfn, u32 client)
{
	struct frame *f = frame_peek(v->mmu, gfn);

	if (f && f->trace) {
		f->trace &= ~client;
		if (!f->trace)
			large_untraced(v->mmu, gfn);
		alias_check(v, f);
	}
	if (client & MMU_TRACE_SHADOW) {
		reads_forget_table(v, (u32)gfn);
		trace_hint(v, gfn, false);
	}
}
