// SPDX-License-Identifier: GPL-2.0
/*
 * The translation cache's bookkeeping: units, their lookup, the pages their
 * source lies in, and the inline hash tables.
 *
 * Nothing is freed one by one. A unit that must not run any more is unlinked
 * from everything that leads into it and marked dead; its code and map stay
 * until the whole cache is flushed, because a guest state that has not been
 * synchronised yet may still point into it.
 */
#include "bt_int.h"
#include "../mmu/mmu.h"
#include "../plat.h"

/*
 * An idle guest needs little of what its boot or its last work was translated to:
 * more units than IDLE_UNITS go when it has halted at least IDLE_HALTS times in so many
 * seconds, and has had no more than IDLE_NEW others translated. To translate 10,000
 * units again takes some 10 ms. One that works and halts by turns needs them
 * again: twice the time from then on, so that few of its flushes are for nothing.
 */
#define IDLE_UNITS		8192
#define IDLE_HALTS		32
#define IDLE_NEW		128
#define IDLE_SECONDS		10
#define IDLE_SECONDS_MAX	2560

/* Writes beside code on a page before it counts as mixed with hot data. */
#define MIXED_WRITES		24
/* Writes to code itself before its page does: patching is not rare. */
#define MIXED_CODE_WRITES	200

/*
 * Self-checks passed before a mixed page gets its trace back. A check and a
 * trace fault cost about the same order, so neither a page patched once (the
 * kernel's own text while it boots) nor one with hot data loses much. Twice as
 * many each time the page proves mixed again.
 */
#define CALM_CHECKS		256U

#define HASH_PAGES		(VMBT_MON_HASH_ENTRIES / BT_HASH_PAGE)
#define HASH2_PAGES		((VMBT_MON_HASH2_ENTRIES + BT_HASH_PAGE - 1) / \
				 BT_HASH_PAGE)

static u32 lookup_hash(u64 gpa, u32 eip, u32 ctx)
{
	u32 h = (u32)gpa ^ (u32)(gpa >> 32) ^ (eip << 3) ^ ctx * 0x9e3779b1;

	return (h ^ (h >> 14)) % BT_BUCKETS;
}

/*
 * The entry @i of a table when it is free: no EIP finds something there, not even the
 * one whose entry is zero, and who does not look is led to the runtime (heads.c).
 */
static struct vmbt_hash_entry hash_free(u32 i)
{
	return (struct vmbt_hash_entry){ .neg_eip = !i, .target = bt_ring1_away() };
}

static void hash_page_zero(u8 *page)
{
	struct vmbt_hash_entry *e = (struct vmbt_hash_entry *)page;
	u32 i;

	/* Index 0 of each page: by the low half of EIP or by vmbt_hash2() it may be 0. */
	for (i = 0; i < BT_HASH_PAGE; i++)
		e[i] = hash_free(i);
}

static u32 hash_number(const struct vcpu *v, u8 *const *page)
{
	return page - v->mon_page;
}

/* All of a table of @n pages that has an entry. */
static void hash_zero(struct vcpu *v, u8 *const *page, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (!mmu_monitor_has(v, hash_number(v, page) + i))
			continue;
		hash_page_zero(page[i]);
		plat_yield();
	}
}

/* The entry @i, to be written to; NULL if there is no page for it. */
static struct vmbt_hash_entry *hash_own(struct vcpu *v, u8 *const *page, u32 i)
{
	u32 n = hash_number(v, page) + i / BT_HASH_PAGE;

	if (unlikely(!mmu_monitor_has(v, n))) {
		if (!mmu_monitor_fill(v, n))
			return NULL;
		hash_page_zero(v->mon_page[n]);
	}
	return bt_hash_entry(page, i);
}

static void reset(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u32 i;

	bt->resets++;
	bt->idle_units = 0;
	bt->nr_units = 0;
	bt->nr_map = 0;
	bt->nr_pages = 0;
	bt->nr_ctx = 0;
	bt->nr_order[0] = 0;
	bt->nr_order[1] = 0;
	bt->ctx_last = BT_NIL;
	bt->last_unit = BT_NIL;
	bt->chain_from = BT_NIL;
	bt->last_site = NULL;
	for (i = 0; i < BT_SITES; i++)
		bt->site[i].rip = 0;
	bt->region[0].pos = bt->region[0].start;
	bt->region[1].pos = bt->region[1].start;
	for (i = 0; i < BT_BUCKETS; i++)
		bt->bucket[i] = BT_NIL;
	for (i = 0; i < BT_PAGE_BUCKETS; i++)
		bt->page_bucket[i] = BT_NIL;
	for (i = 0; i < 2; i++) {
		bt_hash_clear(v, i);
		bt->hash[i].ctx = BT_NIL;
		bt->hash[i].head = 0;
	}
	bt_forget_cross(bt);
}

bool bt_cache_init(struct vcpu *v)
{
	struct bt *bt = v->bt;

	bt->mon = v->mon_page;
	bt->hash[0].page = v->mon_page + VMBT_MON_HASH1 / 4096;
	bt->hash[1].page = v->mon_page + VMBT_MON_HASH3 / 4096;
	if (!(v->shared->no_offers & VMBT_OFFER_SECOND))
		bt->hash[0].second = v->mon_page + VMBT_MON_HASH2 / 4096;
	bt->heads = !(v->shared->no_offers & VMBT_OFFER_HEADS);
	/* What all of them have now, and nobody writes to again. */
	bt->empty = bt->hash[0].page[0];
	hash_page_zero(bt->empty);
	bt->region[0].start = VMBT_MON_TC;
	bt->region[0].end = BT_TC3;
	bt->region[1].start = BT_TC3;
	bt->region[1].end = VMBT_MON_SIZE;
	bt->idle_seconds = IDLE_SECONDS;
	bt_ring1_init(v);
	plat_yield();
	reset(v);
	plat_yield();
	return bt_reserve(v, 0);
}

/* A page of one of the arenas, if it has none yet. */
static bool arena(struct vcpu *v, void **slot)
{
	if (likely(*slot))
		return true;
	*slot = pool_alloc_page(v);
	v->stats->bt_pages += !!*slot;
	return *slot;
}

/* All but the first page of an arena: without that, no unit could be made. */
static void arena_free(struct vcpu *v, void **slot, u32 n)
{
	u32 i;

	for (i = 1; i < n && slot[i]; i++) {
		pool_free_page(v, slot[i]);
		slot[i] = NULL;
		v->stats->bt_pages--;
		plat_yield();
	}
}

/* The guest is not in the cache, and nothing in it is known any more. */
static void give_up_pages(struct vcpu *v)
{
	struct bt *bt = v->bt;

	mmu_monitor_drop(v, VMBT_MON_TC / 4096 + 1, VMBT_MON_SIZE / 4096);
	mmu_monitor_drop(v, VMBT_MON_HASH1 / 4096, VMBT_MON_RT / 4096);
	mmu_monitor_drop(v, VMBT_MON_HASH2 / 4096, VMBT_MON_INSN / 4096);
	arena_free(v, (void **)bt->unit_page, BT_UNIT_PAGES);
	arena_free(v, (void **)bt->map_page, BT_MAP_PAGES);
	arena_free(v, (void **)bt->order_page[0], BT_ORDER_PAGES);
	arena_free(v, (void **)bt->order_page[1], BT_ORDER_PAGES);
	arena_free(v, (void **)bt->record_page, BT_RECORD_PAGES);
}

/*
 * bt_reserve() - room for one more unit of any size; false: flush first
 *
 * All pages that it may take are there afterwards: nothing fails while it is made.
 */
bool bt_reserve(struct vcpu *v, int ring)
{
	struct bt *bt = v->bt;
	const struct bt_region *rg = &bt->region[ring];
	u32 last = bt->nr_map + BT_MAX_MAP;

	if (bt->nr_units >= BT_MAX_UNITS || last >= BT_MAX_MAPS ||
	    rg->end - rg->pos < BT_MAX_TC + 16)
		return false;
	return mmu_monitor_fill(v, rg->pos / 4096) &&
	       mmu_monitor_fill(v, (rg->pos + BT_MAX_TC) / 4096) &&
	       arena(v, (void **)&bt->unit_page[bt->nr_units / BT_UNITS_PAGE]) &&
	       arena(v, (void **)&bt->map_page[bt->nr_map / BT_MAPS_PAGE]) &&
	       arena(v, (void **)&bt->map_page[last / BT_MAPS_PAGE]) &&
	       arena(v, (void **)&bt->order_page[ring][bt->nr_order[ring] /
						       BT_ORDER_PAGE]);
}

u32 bt_find(struct bt *bt, u64 gpa, u32 eip, u32 ctx)
{
	u32 idx = bt->bucket[lookup_hash(gpa, eip, ctx)];
	const struct bt_unit *u;

	for (; idx != BT_NIL; idx = u->hnext) {
		u = bt_unit(bt, idx);
		if (u->gpa == gpa && u->eip == eip && u->ctx == ctx)
			return idx;
	}
	return BT_NIL;
}

u32 bt_checksum(const u8 *p, u32 len)
{
	u32 h = 0x811c9dc5;

	while (len--)
		h = (h ^ *p++) * 0x01000193;
	return h;
}

/*
 * bt_page() - the record of a guest frame
 * Return: NULL if there is none and none can be made (the table is full).
 */
struct bt_page *bt_page(struct vcpu *v, u64 gfn, bool create)
{
	struct bt *bt = v->bt;
	u32 *head = &bt->page_bucket[(u32)gfn % BT_PAGE_BUCKETS];
	struct bt_page *p;
	u32 i;

	for (i = *head; i != BT_NIL; i = p->hnext) {
		p = bt_record(bt, i);
		if (p->gfn == gfn)
			return p;
	}
	if (!create || bt->nr_pages >= BT_PAGES ||
	    !arena(v, (void **)&bt->record_page[bt->nr_pages / BT_RECORDS_PAGE]))
		return NULL;
	p = bt_record(bt, bt->nr_pages);
	*p = (struct bt_page){ .gfn = gfn, .first = BT_NIL, .hnext = *head };
	*head = bt->nr_pages++;
	return p;
}

static void page_add(struct vcpu *v, u64 gfn, u32 idx, int which)
{
	struct bt_page *p = bt_page(v, gfn, true);

	bt_unit(v->bt, idx)->pnext[which] = p->first;
	p->first = idx;
	if (!p->traced && !p->mixed) {
		p->traced = true;
		mmu_trace_add(v, gfn, MMU_TRACE_CODE);
	}
}

/* The list of a page threads through pnext[0] or [1] of its units. */
static u32 *page_next(struct bt_unit *u, u64 gfn)
{
	return &u->pnext[u->gpa >> 12 == gfn ? 0 : 1];
}

/* Into two pages at most. */
static void put_code(struct bt *bt, u32 tc, const u8 *code, u32 len)
{
	u32 head = 4096 - tc % 4096;

	if (head > len)
		head = len;
	__builtin_memcpy(bt_code(bt, tc), code, head);
	if (len > head)
		__builtin_memcpy(bt_code(bt, tc + head), code + head, len - head);
}

/*
 * bt_add_unit() - enter a new unit into all tables
 *
 * The size of its code is proto->tc_len. bt_reserve() has made room, and the page
 * records exist (bt_page()).
 */
u32 bt_add_unit(struct vcpu *v, const struct bt_unit *proto,
		const struct bt_map *map, const u8 *code)
{
	struct bt *bt = v->bt;
	int ring = bt_ring(bt, proto->ctx);
	u32 idx = bt->nr_units++, *head, i;
	struct bt_unit *u = bt_unit(bt, idx);

	*u = *proto;
	u->map = bt->nr_map;
	for (i = 0; i < u->nr_map; i++)
		*bt_map(bt, bt->nr_map++) = map[i];
	put_code(bt, u->tc, code, u->tc_len);
	bt->region[ring].pos = (u->tc + u->tc_len + 15) & ~15U;
	*bt_order(bt, ring, bt->nr_order[ring]++) = idx;
	head = &bt->bucket[lookup_hash(u->gpa, u->eip, u->ctx)];
	u->hnext = *head;
	*head = idx;
	page_add(v, u->gpa >> 12, idx, 0);
	if (u->gfn2 != BT_NIL && u->gfn2 != u->gpa >> 12)
		page_add(v, u->gfn2, idx, 1);
	v->stats->units++;
	v->stats->tc_bytes = bt->region[0].pos - bt->region[0].start +
			     bt->region[1].pos - bt->region[1].start;
	return idx;
}

/* bt_unit_at() - the unit, dead or not, whose code has TC address @tc */
u32 bt_unit_at(struct bt *bt, u32 tc)
{
	int ring = tc >= BT_TC3;
	u32 lo = 0, hi = bt->nr_order[ring];
	const struct bt_unit *u;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (bt_unit(bt, *bt_order(bt, ring, mid))->tc <= tc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return BT_NIL;
	lo = *bt_order(bt, ring, lo - 1);
	u = bt_unit(bt, lo);
	return tc - u->tc < u->tc_len ? lo : BT_NIL;
}

void bt_hash_clear(struct vcpu *v, int ring)
{
	struct bt_hash *h = &v->bt->hash[ring];
	u32 i;

	if (h->nr_used <= BT_JOURNAL) {
		for (i = 0; i < h->nr_used; i++)
			*bt_hash_entry(h->page, h->used[i]) = hash_free(h->used[i]);
	} else {
		hash_zero(v, h->page, HASH_PAGES);
	}
	h->nr_used = 0;
	if (h->second && h->second_used) {
		hash_zero(v, h->second, HASH2_PAGES);
		h->second_used = false;
	}
}

/* bt_hash_restore() - empty tables, when somebody else has written to them */
void bt_hash_restore(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u32 i;

	hash_page_zero(bt->empty);
	for (i = 0; i < 2; i++) {
		hash_zero(v, bt->hash[i].page, HASH_PAGES);
		bt->hash[i].nr_used = 0;
	}
	if (bt->hash[0].second)
		hash_zero(v, bt->hash[0].second, HASH2_PAGES);
	bt->hash[0].second_used = false;
}

/* bt_hash_all() - give each page of the tables memory of its own */
bool bt_hash_all(struct vcpu *v)
{
	struct bt *bt = v->bt;
	bool all = true;
	u32 i;

	for (i = 0; i < HASH_PAGES; i++)
		all &= hash_own(v, bt->hash[0].page, i * BT_HASH_PAGE) &&
		       hash_own(v, bt->hash[1].page, i * BT_HASH_PAGE);
	for (i = 0; bt->hash[0].second && i < HASH2_PAGES; i++)
		all &= !!hash_own(v, bt->hash[0].second, i * BT_HASH_PAGE);
	return all;
}

/* bt_hash_for() - the guest goes on in @ctx: nothing of another's is left */
void bt_hash_for(struct vcpu *v, int ring, u32 ctx)
{
	struct bt_hash *h = &v->bt->hash[ring];

	if (h->ctx == ctx)
		return;
	bt_hash_clear(v, ring);
	h->ctx = ctx;
	h->head = bt_head(v->bt, ctx);
}

/* bt_hash_find() - the TC address of @eip's first instruction by @h, or 0 */
u32 bt_hash_find(const struct bt_hash *h, u32 eip)
{
	const struct vmbt_hash_entry *e = bt_hash_entry(h->page, (u16)eip);

	if (e->neg_eip == -eip)
		return e->target + h->head;
	if (!h->second)
		return 0;
	e = bt_hash_entry(h->second, vmbt_hash2(eip));
	return e->neg_eip == -eip ? e->target + h->head : 0;
}

/*
 * @e gets another entry. What it has now, if that is valid, is looked up in turn
 * with what takes its place: it stays within reach of the ring-1 runtime.
 */
static void make_way(struct vcpu *v, struct bt_hash *h,
		     const struct vmbt_hash_entry *e, u32 eip)
{
	u32 old = -e->neg_eip;
	struct vmbt_hash_entry *second;

	if (!h->second || e->target == bt_ring1_away() || old == eip || (u16)old != (u16)eip)
		return;
	second = hash_own(v, h->second, vmbt_hash2(old));
	if (!second)
		return;
	*second = *e;
	h->second_used = true;
}

/* bt_hash_insert() - have translated code find @tc for @eip, if there is room */
void bt_hash_insert(struct vcpu *v, int ring, u32 eip, u32 tc)
{
	struct bt_hash *h = &v->bt->hash[ring];
	struct vmbt_hash_entry *e;
	u16 i = eip;

	e = hash_own(v, h->page, i);
	if (!e)
		return;
	if (e->target == bt_ring1_away()) {
		if (h->nr_used < BT_JOURNAL)
			h->used[h->nr_used++] = i;
		else
			h->nr_used = BT_JOURNAL + 1;
	}
	make_way(v, h, e, eip);
	e->neg_eip = -eip;
	e->target = tc;
}

static void unlink_bucket(struct bt *bt, const struct bt_unit *u, u32 idx)
{
	u32 *p = &bt->bucket[lookup_hash(u->gpa, u->eip, u->ctx)];

	while (*p != idx)
		p = &bt_unit(bt, *p)->hnext;
	*p = u->hnext;
}

/* Take a unit out of use; its page lists are the caller's. */
static void kill_unit(struct vcpu *v, u32 idx)
{
	struct bt *bt = v->bt;
	struct bt_unit *u = bt_unit(bt, idx);
	struct bt_hash *h = &bt->hash[bt_ring(bt, u->ctx)];
	struct vmbt_hash_entry *e = bt_hash_entry(h->page, (u16)u->eip);

	u->flags |= BT_U_DEAD;
	unlink_bucket(bt, u, idx);
	bt_unlink_in(v, idx);
	/* In the page that stands in for empty ones neither is found. */
	if (e->target >= u->tc && e->target - u->tc < u->tc_len)
		*e = hash_free((u16)u->eip);
	if (h->second) {
		e = bt_hash_entry(h->second, vmbt_hash2(u->eip));
		if (e->neg_eip == -u->eip)
			*e = hash_free(vmbt_hash2(u->eip));
	}
	v->stats->code_invalidations++;
}

/* Drop the units of a page that overlap [start, end); true if any did. */
static bool kill_range(struct vcpu *v, struct bt_page *p, u64 start, u64 end)
{
	struct bt *bt = v->bt;
	bool any = false;
	u32 *link = &p->first, idx;

	while ((idx = *link) != BT_NIL) {
		struct bt_unit *u = bt_unit(bt, idx);
		u32 *next = page_next(u, p->gfn);
		u64 lo = u->gpa, hi = u->gpa + u->len;
		bool hit;

		if (u->gfn2 != BT_NIL) {
			u32 head = 4096 - (lo & 4095);

			if (u->gpa >> 12 == p->gfn) {
				hi = lo + head;
			} else {
				lo = (u64)u->gfn2 << 12;
				hi = lo + u->len - head;
			}
			/* Both pages may be the same frame. */
			if (u->gfn2 == u->gpa >> 12) {
				lo = p->gfn << 12;
				hi = lo + 4096;
			}
		}
		hit = lo < end && start < hi;
		if (hit)
			any = true;
		if (hit && !(u->flags & BT_U_DEAD)) {
			kill_unit(v, idx);
			plat_yield();
		}
		if (u->flags & BT_U_DEAD)
			*link = *next;
		else
			link = next;
	}
	return any;
}

/* A page without units, or with units that check themselves, has no trace. */
static void untrace(struct vcpu *v, struct bt_page *p)
{
	if (p->traced && (p->mixed || p->first == BT_NIL)) {
		p->traced = false;
		mmu_trace_del(v, p->gfn, MMU_TRACE_CODE);
	}
}

/* bt_retranslate() - drop the units with the instruction at @gpa, unchanged */
void bt_retranslate(struct vcpu *v, u64 gpa)
{
	struct bt_page *p = bt_page(v, gpa >> 12, false);

	if (!p)
		return;
	kill_range(v, p, gpa, gpa + 1);
	untrace(v, p);
}

static void invalidate_page(struct vcpu *v, u64 gfn, u64 start, u64 end)
{
	struct bt_page *p = bt_page(v, gfn, false);

	if (!p || p->first == BT_NIL)
		return;
	if (kill_range(v, p, start, end)) {
		/* A whole page is a store that nobody could look into. */
		p->code_writes += end - start >= 4096 ? 50 : 1;
	} else if (p->writes < 0xffff) {
		p->writes++;
	}
	if (p->code_writes > 0x8000)
		p->code_writes = 0x8000;
	if (!p->mixed && (p->writes > MIXED_WRITES ||
			  p->code_writes > MIXED_CODE_WRITES)) {
		p->mixed = true;
		p->checks = 0;
		if (p->backoff < 12)
			p->backoff++;
		kill_range(v, p, gfn << 12, (gfn + 1) << 12);
	}
	untrace(v, p);
}

/**
 * bt_page_calm() - a unit on a mixed page has passed its self-check
 * @v: the vCPU
 * @gfn: the unit's frame
 *
 * Return: true if the page has been calm for so long that it is traced again;
 * its units are gone then.
 */
bool bt_page_calm(struct vcpu *v, u64 gfn)
{
	struct bt_page *p = bt_page(v, gfn, false);

	if (!p || !p->mixed || ++p->checks < CALM_CHECKS << p->backoff)
		return false;
	p->mixed = false;
	p->writes = 0;
	p->code_writes = 0;
	kill_range(v, p, gfn << 12, (gfn + 1) << 12);
	return true;
}

/**
 * bt_invalidate_phys() - guest code bytes are about to change
 * @v: the vCPU
 * @gpa: first byte
 * @len: how many
 */
void bt_invalidate_phys(struct vcpu *v, u64 gpa, u32 len)
{
	u64 end = gpa + len, gfn;

	for (gfn = gpa >> 12; gfn << 12 < end; gfn++)
		invalidate_page(v, gfn, gpa, end);
}

/**
 * bt_end_epoch() - linear pages may map to other frames than they did
 * @v: the vCPU
 *
 * Chains within a page stay: their units are entered through lookups only,
 * and both lie in the same frame.
 */
void bt_end_epoch(struct vcpu *v)
{
	struct bt *bt = v->bt;

	bt_unlink_cross(v);
	bt_hash_clear(v, 0);
	bt_hash_clear(v, 1);
	bt->last_unit = BT_NIL;
	bt->chain_from = BT_NIL;
	mmu_code_pages_reset(v);
	v->stats->epochs_ended++;
}

/**
 * bt_flush() - forget all translations
 * @v: the vCPU; v->guest must be in sync
 *
 * Their pages are free then, for the translations to come or for the host.
 */
void bt_flush(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u32 i;

	for (i = 0; i < bt->nr_pages; i++) {
		if (bt_record(bt, i)->traced)
			mmu_trace_del(v, bt_record(bt, i)->gfn, MMU_TRACE_CODE);
		plat_yield();
	}
	reset(v);
	give_up_pages(v);
	v->stats->tc_flushes++;
	v->stats->tc_bytes = 0;
}

/**
 * bt_halted() - the guest has nothing to do
 * @v: the vCPU; v->guest is in sync
 */
void bt_halted(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u64 now = plat_tsc();

	if (bt->nr_units - bt->idle_units > IDLE_NEW) {
		bt->idle_units = bt->nr_units;
		bt->idle_halts = 0;
		bt->idle_since = now;
	}
	if (bt->nr_units < IDLE_UNITS || ++bt->idle_halts < IDLE_HALTS ||
	    now - bt->idle_since < v->shared->tsc_khz * 1000 * bt->idle_seconds)
		return;
	if (bt->idle_seconds < IDLE_SECONDS_MAX)
		bt->idle_seconds *= 2;
	bt_flush(v);
}
