// SPDX-License-Identifier: GPL-2.0
/*
 * Pages around the boundaries at the top of the linear space, and the model of
 * segments and pages that says how an access there has to end.
 *
 * Every page is RAM of the pool, which is mapped where it is, too: there it is
 * looked at and written without what is under test.
 */
#include "top.h"

#define P	1u
#define W	2u
#define U	4u

#define AROUND	32		/* bytes looked at on either side of an operand */

static const struct {
	u32 lin, rights;
} pages[] = {
	{ TOP - 0x3000, 0 },
	{ TOP - 0x2000, P | W | U },
	{ TOP - 0x1000, P | W | U },
	{ TOP, P | W | U },
	{ TOP + 0x1000, P | W | U },
	{ TOP_ABSENT, 0 },
	{ TOP_READ_ONLY, P | U },
	{ TOP_SUPERVISOR, P | W },
	{ TOP_SUPERVISOR + 0x1000, P | W | U },
	{ TOP_MIDDLE - 0x1000, P | W | U },
	{ TOP_MIDDLE, P | W | U },
	{ TOP_SEGMENT, P | W | U },
	{ 0xffffe000, P | W | U },
	{ 0xfffff000, P | W | U },
	{ 0, P | W | U },
	{ 0x1000, P | W | U },
	{ TOP_TLS & ~0xfff, P | W | U },
};

static u8 *memory[ARRAY_SIZE(pages)];
static u32 *entries[ARRAY_SIZE(pages)];

static int page_of(u32 lin)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i].lin == (lin & ~0xfffu))
			return i;
	return -1;
}

u32 top_flags(u32 ring)
{
	static u32 turn;

	return FL_ONE | (ring && ++turn & 1 ? FL_IF : 0);
}

u8 top_pattern(u32 lin)
{
	return lin * 29 + (lin >> 12) * 71 + (lin >> 22) + 5;
}

u8 *top_byte(u32 lin)
{
	int i = page_of(lin);

	return i < 0 || !memory[i] ? NULL : memory[i] + (lin & 0xfff);
}

u32 *top_pte(u32 lin)
{
	int i = page_of(lin);

	return i < 0 ? NULL : entries[i];
}

void top_begin(enum paging mode)
{
	u32 i, k, cr3;

	pool_reset();
	cr3 = paging_identity(mode);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		entries[i] = paging_entry(mode, cr3, pages[i].lin);
		memory[i] = pages[i].rights ? page_alloc() : NULL;
		*entries[i] = (u32)memory[i] | pages[i].rights;
		for (k = 0; memory[i] && k < 4096; k++)
			memory[i][k] = top_pattern(pages[i].lin + k);
	}
	paging_protect(mode, cr3);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	paging_on(mode, cr3);
	write_cr0(read_cr0() | CR0_WP);
}

void top_end(void)
{
	paging_off();
	pool_reset();
}

bool top_knows(u32 lin, u32 size)
{
	u32 last = lin + size - 1;

	return page_of(lin) >= 0 && page_of(last) >= 0;
}

bool top_holds(u32 lin, u32 size, const u8 *want)
{
	const u32 from = lin - AROUND, all = size + 2 * AROUND;
	bool good = true;
	u32 i;
	u8 *p;

	for (i = 0; i < all; i++) {
		u8 v = top_pattern(from + i);

		p = top_byte(from + i);
		if (!p)
			continue;
		if (want && i >= AROUND && i - AROUND < size)
			good &= READ_ONCE(*p) == want[i - AROUND];
		else
			good &= READ_ONCE(*p) == v;
		if (*p != v)
			WRITE_ONCE(*p, v);
	}
	return good;
}

void top_refill(u32 lin, u32 size)
{
	u32 i, part;
	u8 *p;

	for (; size; size -= part, lin += part) {
		part = 0x1000 - (lin & 0xfff);
		if (part > size)
			part = size;
		p = top_byte(lin);
		for (i = 0; p && i < part; i++)
			WRITE_ONCE(p[i], top_pattern(lin + i));
	}
}

static bool is_down(const struct segment *s)
{
	return (s->access & 0x1c) == 0x14;
}

u64 segment_descriptor(const struct segment *s, u32 ring)
{
	return descriptor(s->base, s->limit, s->access | D_DPL(ring), s->flags);
}

bool segment_inside(const struct segment *s, u32 offset, u32 size)
{
	const u64 last = (u64)offset + size - 1;
	const u32 limit = s->flags & D_G ? s->limit << 12 | 0xfff : s->limit;

	if (is_down(s))
		return offset > limit && last <= (s->flags & D_B ? 0xffffffffull : 0xffff);
	return last <= limit;
}

bool segment_open(u32 offset, u32 size)
{
	return offset > 0u - size;
}

static bool type_allows(const struct segment *s, bool write)
{
	if (s->access & 8)
		return !write && (s->access & 2);
	return !write || (s->access & 2);
}

void top_linear(u32 lin, u32 size, bool write, u32 ring, struct outcome *o)
{
	u32 i, rights, need = P | (write ? W : 0) | (ring ? U : 0);

	*o = (struct outcome){ .vector = VEC_END };
	for (i = 0; i < size; i += 0x1000 - ((lin + i) & 0xfff)) {
		int page = page_of(lin + i);

		rights = page < 0 ? 0 : pages[page].rights;
		if ((rights & need) == need)
			continue;
		o->vector = PF;
		o->error = (rights & P) | (write ? W : 0) | (ring ? U : 0);
		o->cr2 = lin + i;
		return;
	}
}

void top_access(const struct segment *s, u32 vector, u32 offset, u32 size, bool write, u32 ring,
		struct outcome *o)
{
	if (!type_allows(s, write) || !segment_inside(s, offset, size))
		*o = (struct outcome){ .vector = vector };
	else
		top_linear(s->base + offset, size, write, ring, o);
}
