// SPDX-License-Identifier: GPL-2.0
/*
 * Truncation against a model: for random segments and monitor bases, decode the
 * hardware descriptor by the manual's rules and check, by sampling offsets
 * around every edge, that it
 *  - never reaches the monitor area,
 *  - never covers an offset that the guest's segment does not, and
 *  - leaves out nothing of the half it shows but what page granularity costs.
 */
#include "../cpu/fake.h"

/* SDM vol. 3, 3.4.5: what an access of one byte at @off may do. */
static bool covers(u64 raw, u32 off)
{
	u32 limit = (raw & 0xffff) | (raw >> 32 & 0xf0000);
	u8 type = raw >> 40 & 15;
	bool big = raw >> 54 & 1;

	if (raw >> 55 & 1)
		limit = limit << 12 | 0xfff;
	if ((type & 0xc) == 4)
		return off > limit && off <= (big ? 0xffffffff : 0xffff);
	return off <= limit;
}

static u32 base_of(u64 raw)
{
	return (raw >> 16 & 0xffffff) | (u32)(raw >> 56) << 24;
}

static bool guest_covers(const struct vmbt_seg *seg, u32 off)
{
	if ((seg->attr & 0xc) == 4)
		return off > seg->limit &&
		       off <= (seg->attr & 0x4000 ? 0xffffffff : 0xffff);
	return off <= seg->limit;
}

static struct vmbt_seg random_seg(u32 mon)
{
	static const u32 edges[] = {
		0, 1, 0xfff, 0x1000, 0xffff, 0x10000, 0xfffff, 0x100000,
		0x100fff, 0xfffffff, 0x7fffffff, 0x80000000, 0xffbfffff,
		0xffc00000, 0xffffefff, 0xfffff000, 0xffffffff,
	};
	struct vmbt_seg s = { 0 };

	s.base = rnd() % 3 ? edges[rnd() % ARRAY_SIZE(edges)] : rnd();
	s.limit = rnd() % 3 ? edges[rnd() % ARRAY_SIZE(edges)] : rnd();
	if (rnd() % 4 == 0)
		s.base = mon - (rnd() % 0x3000);
	if (rnd() % 4 == 0)
		s.limit = mon - s.base + rnd() % 0x3000 - 0x1800;
	s.attr = 0x90 | (rnd() & 0x406f);
	/* As a descriptor would have it. */
	if (s.limit > 0xfffff) {
		s.limit |= 0xfff;
		s.attr |= 0x8000;
	}
	return s;
}

static void one(const struct vmbt_seg *seg, u32 mon, bool flip)
{
	u64 raw = desc_hw_truncated(seg, 3, mon, flip);
	u32 base = base_of(raw), at[12], n = 0;
	bool other;

	expect(base == seg->base, "base", "%x", base);
	/* Offsets around every edge there is. */
	at[n++] = 0;
	at[n++] = seg->limit;
	at[n++] = mon - seg->base;
	at[n++] = -seg->base;
	at[n++] = 0xffff;
	at[n++] = rnd();
	at[n++] = rnd() % 0x20000;
	for (u32 i = 0; i < n; i++)
		for (int d = -2; d <= 2; d++) {
			u32 off = at[i] + d;
			bool hw = covers(raw, off);

			if (!hw)
				continue;
			expect(guest_covers(seg, off), "wider",
			       "base %x limit %x attr %x mon %x off %x: %llx",
			       seg->base, seg->limit, seg->attr, mon, off, raw);
			expect(seg->base + off < mon, "monitor",
			       "base %x limit %x attr %x mon %x off %x: %llx",
			       seg->base, seg->limit, seg->attr, mon, off, raw);
		}
	/* Writable and readable only as the guest's. */
	expect(!(raw >> 41 & 1) || raw >> 43 & 1 || (seg->attr & 0xa) == 2,
	       "write", "attr %x raw %llx", seg->attr, raw);
	if (!desc_is_truncated(seg, mon)) {
		for (u32 i = 0; i < n; i++)
			for (int d = -1; d <= 1; d++)
				expect(covers(raw, at[i] + d) ==
				       guest_covers(seg, at[i] + d), "exact",
				       "base %x limit %x attr %x off %x",
				       seg->base, seg->limit, seg->attr,
				       at[i] + d);
		return;
	}
	/*
	 * What it says of the other half must be so, and between the two of
	 * them everything below the monitor is there but for page rounding
	 * (an expand-up segment that ends elsewhere than at 4 GiB, an
	 * expand-down one that starts elsewhere than at 0, has one half).
	 */
	raw = desc_hw_truncated(seg, 3, mon, !flip);
	for (u32 i = 0; i < n; i++)
		for (int d = -1; d <= 1; d++) {
			u32 off = at[i] + d;
			u64 now = desc_hw_truncated(seg, 3, mon, flip);

			other = desc_other_half(seg, off, mon, flip);
			expect(other == (!covers(now, off) && covers(raw, off)),
			       "other half", "off %x", off);
		}
	if (seg->limit == 0xffffffff && (seg->attr & 0x4008) == 0x4000 &&
	    !(seg->attr & 4) && seg->base < mon && seg->base) {
		u64 up = desc_hw_truncated(seg, 3, mon, false);
		u64 down = desc_hw_truncated(seg, 3, mon, true);
		u32 top = mon - seg->base, bottom = -seg->base;

		expect(top < 0x1000 || covers(up, top - 0x1000), "up",
		       "base %x mon %x: %llx", seg->base, mon, up);
		expect(bottom > 0xffffefff || covers(down, bottom + 0x1000),
		       "down", "base %x mon %x: %llx", seg->base, mon, down);
	}
}

static void model(void)
{
	for (u32 i = 0; i < 300000; i++) {
		u32 mon = rnd() % 2 ? VMBT_MON_FIXED_BASE :
				      (rnd() | 0x3fffff) - 0x3fffff;
		struct vmbt_seg seg;

		if (!mon)
			continue;
		seg = random_seg(mon);
		one(&seg, mon, i & 1);
	}
	done("truncation-model");
}

/* Linux' own: flat, per-CPU base that wraps, thread-local storage. */
static void known(void)
{
	struct vmbt_seg flat = { .limit = ~0U, .attr = 0xc093 };
	struct vmbt_seg tls = {
		.base = 0xb7d3c6c0, .limit = ~0U, .attr = 0xc0f3,
	};
	u64 raw = desc_hw_truncated(&flat, 1, VMBT_MON_FIXED_BASE, false);

	expect(covers(raw, 0xffbfffff) && !covers(raw, 0xffc00000), "flat",
	       "%llx", raw);
	expect((raw >> 45 & 3) == 1, "flat", "dpl");
	raw = desc_hw_truncated(&tls, 3, VMBT_MON_FIXED_BASE, false);
	expect(covers(raw, 0) && covers(raw, 0x47ec2940) && !covers(raw, ~0U),
	       "tls up", "%llx", raw);
	raw = desc_hw_truncated(&tls, 3, VMBT_MON_FIXED_BASE, true);
	expect(!covers(raw, 0) && covers(raw, 0xfffffffc), "tls down", "%llx",
	       raw);
	raw = desc_hw(&tls, 3);
	expect(covers(raw, 0) && covers(raw, ~0U), "tls full", "%llx", raw);
	done("truncation-known");
}

/* desc_pack() and desc_unpack() against the figure, and each other. */
static void packing(void)
{
	for (u32 i = 0; i < 100000; i++) {
		u64 raw = (u64)rnd() << 32 | rnd();
		struct vmbt_seg s = { 0 };

		desc_unpack(raw, &s);
		expect(s.base == base_of(raw), "base", "%llx", raw);
		expect((s.attr & 0xff) == (raw >> 40 & 0xff) &&
		       s.attr >> 12 == (raw >> 52 & 15), "attr", "%llx", raw);
		expect(desc_pack(&s) == raw, "pack", "%llx %llx", raw,
		       desc_pack(&s));
	}
	done("packing");
}

int main(void)
{
	fake_reset();
	packing();
	known();
	model();
	return test_status();
}
