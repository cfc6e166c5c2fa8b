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

static u32 lookup_hash(u64 gpa, u32 eip, u32 ctx)
{
	u32 h = (u32)gpa ^ (u32)(gpa >> 32) ^ (eip << 3) ^ ctx * 0x9e3779b1;

	return (h ^ (h >> 14)) % BT_BUCKETS;
}

/* EIP 1 is not the one whose index is 0. */
static void second_zero(struct bt_hash *h)
{
	u32 i;

	for (i = 0; i < VMBT_MON_HASH2_ENTRIES; i++)
		h->second[i] = (struct vmbt_hash_entry){ 0, 0 };
	h->second[0].neg_eip = -1;
	h->second_used = false;
}

static void hash_zero(struct bt_hash *h)
{
	u32 i;

	for (i = 0; i < VMBT_MON_HASH_ENTRIES; i++) {
		h->e[i] = (struct vmbt_hash_entry){ 0, 0 };
		if (i % 4096 == 0)
			plat_yield();
	}
}

static void reset(struct bt *bt)
{
	u32 i;

	bt->resets++;
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
		bt_hash_clear(bt, i);
		bt->hash[i].ctx = BT_NIL;
	}
	bt_forget_cross(bt);
}

bool bt_cache_init(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u32 r;

	bt->mon = plat_mon();
	bt->hash[0].e = (void *)(bt->mon + VMBT_MON_HASH1);
	bt->hash[1].e = (void *)(bt->mon + VMBT_MON_HASH3);
	if (!(v->shared->no_offers & VMBT_OFFER_SECOND)) {
		bt->hash[0].second = (void *)(bt->mon + VMBT_MON_HASH2);
		second_zero(&bt->hash[0]);
	}
	for (r = 0; r < 2; r++) {
		hash_zero(&bt->hash[r]);
		/* EIP 0 is the only one that 0 would match. */
		bt->hash[r].e[0].neg_eip = 1;
	}
	bt->region[0].start = VMBT_MON_TC;
	bt->region[0].end = BT_TC3;
	bt->region[1].start = BT_TC3;
	bt->region[1].end = VMBT_MON_SIZE;
	bt_ring1_init(bt);
	reset(bt);
	return bt_reserve(v, 0);
}

static bool chunk(struct vcpu *v, void **slot)
{
	u32 idx;

	if (*slot)
		return true;
	idx = pool_alloc_run(v, BT_CHUNK_PAGES);
	if (idx == ~0U)
		return false;
	*slot = plat_pool_virt(idx);
	return true;
}

/*
 * bt_reserve() - room for one more unit of any size; false: flush first
 */
bool bt_reserve(struct vcpu *v, int ring)
{
	struct bt *bt = v->bt;
	const struct bt_region *rg = &bt->region[ring];
	u32 last = bt->nr_map + BT_MAX_MAP;

	if (bt->nr_units >= BT_MAX_UNITS || last >= BT_MAX_MAPS ||
	    rg->end - rg->pos < BT_MAX_TC + 16)
		return false;
	return chunk(v, (void **)&bt->unit_chunk[bt->nr_units /
						 BT_UNITS_CHUNK]) &&
	       chunk(v, (void **)&bt->map_chunk[bt->nr_map / BT_MAPS_CHUNK]) &&
	       chunk(v, (void **)&bt->map_chunk[last / BT_MAPS_CHUNK]);
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

	for (i = *head; i != BT_NIL; i = bt->page[i].hnext)
		if (bt->page[i].gfn == gfn)
			return &bt->page[i];
	if (!create || bt->nr_pages >= BT_PAGES)
		return NULL;
	p = &bt->page[bt->nr_pages];
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

/*
 * bt_add_unit() - enter a new unit into all tables
 *
 * Its code is in the cache already, its size in proto->tc_len. The page
 * records must exist (bt_page()).
 */
u32 bt_add_unit(struct vcpu *v, const struct bt_unit *proto,
		const struct bt_map *map)
{
	struct bt *bt = v->bt;
	int ring = bt_ring(bt, proto->ctx);
	u32 idx = bt->nr_units++, *head, i;
	struct bt_unit *u = bt_unit(bt, idx);

	*u = *proto;
	u->map = bt->nr_map;
	for (i = 0; i < u->nr_map; i++)
		*bt_map(bt, bt->nr_map++) = map[i];
	bt->region[ring].pos = (u->tc + u->tc_len + 15) & ~15U;
	bt->order[ring][bt->nr_order[ring]++] = idx;
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
	const u32 *order = bt->order[ring];
	u32 lo = 0, hi = bt->nr_order[ring];
	const struct bt_unit *u;

	while (lo < hi) {
		u32 mid = (lo + hi) / 2;

		if (bt_unit(bt, order[mid])->tc <= tc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return BT_NIL;
	u = bt_unit(bt, order[lo - 1]);
	return tc - u->tc < u->tc_len ? order[lo - 1] : BT_NIL;
}

void bt_hash_clear(struct bt *bt, int ring)
{
	struct bt_hash *h = &bt->hash[ring];
	u32 i;

	if (h->nr_used <= BT_JOURNAL) {
		for (i = 0; i < h->nr_used; i++)
			h->e[h->used[i]] = (struct vmbt_hash_entry){ 0, 0 };
	} else {
		hash_zero(h);
	}
	h->e[0].neg_eip = 1;
	h->nr_used = 0;
	if (h->second && h->second_used)
		second_zero(h);
}

/* bt_hash_find() - the TC address that @eip has in @h, or 0 */
u32 bt_hash_find(const struct bt_hash *h, u32 eip)
{
	const struct vmbt_hash_entry *e = &h->e[(u16)eip];

	if (e->neg_eip == -eip && e->target)
		return e->target;
	if (!h->second)
		return 0;
	e = &h->second[vmbt_hash2(eip)];
	return e->neg_eip == -eip ? e->target : 0;
}

/*
 * @e gets another entry. What it has now, if that is valid, is looked up in turn
 * with what takes its place: it stays within reach of the ring-1 runtime.
 */
static void make_way(struct bt_hash *h, const struct vmbt_hash_entry *e, u32 eip)
{
	u32 old = -e->neg_eip;

	if (!h->second || !e->target || old == eip || (u16)old != (u16)eip)
		return;
	h->second[vmbt_hash2(old)] = *e;
	h->second_used = true;
}

void bt_hash_insert(struct bt *bt, int ring, u32 eip, u32 tc)
{
	struct bt_hash *h = &bt->hash[ring];
	u16 i = eip;

	if (!h->e[i].target) {
		if (h->nr_used < BT_JOURNAL)
			h->used[h->nr_used++] = i;
		else
			h->nr_used = BT_JOURNAL + 1;
	}
	make_way(h, &h->e[i], eip);
	h->e[i].neg_eip = -eip;
	h->e[i].target = tc;
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
	u32 t = h->e[(u16)u->eip].target;

	u->flags |= BT_U_DEAD;
	unlink_bucket(bt, u, idx);
	bt_unlink_in(v, idx);
	if (t >= u->tc && t - u->tc < u->tc_len) {
		h->e[(u16)u->eip].neg_eip = (u16)u->eip ? 0 : 1;
		/* target stays non-zero: the journal has this entry already */
	}
	if (h->second && h->second[vmbt_hash2(u->eip)].neg_eip == -u->eip)
		h->second[vmbt_hash2(u->eip)] = (struct vmbt_hash_entry){
			.neg_eip = vmbt_hash2(u->eip) ? 0 : -1 };
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
	bt_hash_clear(bt, 0);
	bt_hash_clear(bt, 1);
	bt->last_unit = BT_NIL;
	bt->chain_from = BT_NIL;
	mmu_code_pages_reset(v);
	v->stats->epochs_ended++;
}

/**
 * bt_flush() - forget all translations
 * @v: the vCPU; v->guest must be in sync
 */
void bt_flush(struct vcpu *v)
{
	struct bt *bt = v->bt;
	u32 i;

	for (i = 0; i < bt->nr_pages; i++) {
		if (bt->page[i].traced)
			mmu_trace_del(v, bt->page[i].gfn, MMU_TRACE_CODE);
		plat_yield();
	}
	reset(bt);
	v->stats->tc_flushes++;
	v->stats->tc_bytes = 0;
}
