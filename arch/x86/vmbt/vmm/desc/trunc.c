// SPDX-License-Identifier: GPL-2.0
/*
 * Truncation: what is left of a segment that must not reach the monitor area.
 *
 * With the monitor area fixed at the top of the linear space (split, its data
 * page alone is there, and is meant where this says area), no segment that
 * is loaded while translated code runs may reach it (architecture, section 7).
 * A segment is an interval of offsets; with a base B the offsets whose linear
 * address lies below the area at M are [0, M - B) and, behind the wrap at
 * 2^32, [2^32 - B, 2^32). One descriptor covers one of the two: expand-up the
 * first, expand-down the second. Which one a guest uses shows only when it
 * faults, so the choice is a parameter, @flip, that state.c turns over.
 *
 * What a descriptor cannot say is left out, and interpreted exactly when the
 * guest gets there: never more than the guest's own limit, never the monitor
 * area.
 */
#include "desc_int.h"

#define LINEAR_TOP	0x100000000ULL

/* Offsets [lo, hi], both included; empty if lo > hi. */
struct range {
	u64 lo;
	u64 hi;
};

static const struct range nothing = { 1, 0 };

static bool expand_down(const struct vmbt_seg *seg)
{
	return (seg->attr & (VMBT_ATTR_CODE | VMBT_ATTR_E)) == VMBT_ATTR_E;
}

static struct range covers(const struct vmbt_seg *seg)
{
	struct range r = { 0, seg->limit };

	if (expand_down(seg)) {
		r.lo = (u64)seg->limit + 1;
		r.hi = seg->attr & VMBT_ATTR_DB ? 0xffffffff : 0xffff;
	}
	return r;
}

/**
 * desc_is_truncated() - does a segment reach the monitor area?
 * @seg: the guest's segment
 * @mon: linear base of the monitor area, which goes on to 4 GiB
 * Return: true if the guest's limits cannot be given to the CPU
 */
bool desc_is_truncated(const struct vmbt_seg *seg, u32 mon)
{
	struct range r = covers(seg);
	u64 first = seg->base + r.lo, last = seg->base + r.hi;

	if (r.lo > r.hi)
		return false;
	if (first < LINEAR_TOP && last >= mon)
		return true;
	return last >= LINEAR_TOP + mon;
}

/* The part below the wrap, as an expand-up segment can say it. */
static struct range part_up(const struct vmbt_seg *seg, u32 mon)
{
	struct range r = covers(seg);

	if (r.lo || seg->base >= mon)
		return nothing;
	if (r.hi > mon - 1 - seg->base)
		r.hi = mon - 1 - seg->base;
	if (r.hi > 0xfffff && (r.hi & 0xfff) != 0xfff)
		r.hi = (r.hi & ~0xfffULL) - 1;
	return r;
}

/*
 * The part behind the wrap, as an expand-down segment can say it: it always
 * goes up to 2^32 - 1, so the guest's must, too, and B must be set already (on
 * a stack it would change the width of pushes). Execute-only code has no data
 * form.
 */
static struct range part_down(const struct vmbt_seg *seg, u32 mon)
{
	struct range r = covers(seg);

	if (r.hi != 0xffffffff || !(seg->attr & VMBT_ATTR_DB) ||
	    !seg->base || seg->base > mon)
		return nothing;
	if ((seg->attr & VMBT_ATTR_CODE) && !(seg->attr & VMBT_ATTR_W))
		return nothing;
	if (r.lo < LINEAR_TOP - seg->base)
		r.lo = LINEAR_TOP - seg->base;
	/* The limit is the last offset outside, a multiple of pages less 1. */
	if (r.lo - 1 > 0xfffff)
		r.lo = ((r.lo - 1) | 0xfff) + 1;
	return r;
}

/*
 * Which part to use: the one below the wrap unless it is empty or @flip says
 * otherwise. *down tells.
 */
static struct range choose(const struct vmbt_seg *seg, u32 mon, bool flip,
			   bool *down)
{
	struct range up = part_up(seg, mon), dn = part_down(seg, mon);
	bool has_up = up.lo <= up.hi, has_dn = dn.lo <= dn.hi;

	*down = has_dn && (flip || !has_up);
	return *down ? dn : up;
}

/**
 * desc_hw_truncated() - hardware descriptor that stays below the monitor area
 * @seg: the guest's segment
 * @dpl: 1 or 3
 * @mon: linear base of the monitor area
 * @flip: use the part behind the wrap if there is one
 * Return: the eight bytes; a segment that covers nothing where nothing is left
 */
u64 desc_hw_truncated(const struct vmbt_seg *seg, u8 dpl, u32 mon, bool flip)
{
	struct vmbt_seg s = *seg;
	struct range r;
	bool down;

	if (!desc_is_truncated(seg, mon))
		return desc_hw(seg, dpl);

	r = choose(seg, mon, flip, &down);
	if (r.lo <= r.hi && !down) {
		s.limit = r.hi;
		return desc_hw(&s, dpl);
	}
	/*
	 * Expand-down data: read-only unless the guest's is writable data.
	 * Nothing left at all is expand-down above 2^32 - 1.
	 */
	if (s.attr & VMBT_ATTR_CODE)
		s.attr &= ~(VMBT_ATTR_CODE | VMBT_ATTR_W);
	s.attr |= VMBT_ATTR_E;
	s.limit = down ? r.lo - 1 : 0xffffffff;
	return desc_hw(&s, dpl);
}

/**
 * desc_other_half() - would the other choice serve an access?
 * @seg: the guest's segment
 * @off: offset accessed
 * @mon: linear base of the monitor area
 * @flip: the present choice
 * Return: true if @off is outside of the present form and inside of the other
 */
bool desc_other_half(const struct vmbt_seg *seg, u32 off, u32 mon, bool flip)
{
	struct range now, other;
	bool down;

	if (!desc_is_truncated(seg, mon))
		return false;
	now = choose(seg, mon, flip, &down);
	other = choose(seg, mon, !flip, &down);
	return (off < now.lo || off > now.hi) &&
	       off >= other.lo && off <= other.hi;
}
