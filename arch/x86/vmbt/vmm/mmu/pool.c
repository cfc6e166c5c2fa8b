// SPDX-License-Identifier: GPL-2.0
/*
 * Where the image's memory comes from: pages of a pool that the host grows on
 * request, and the small objects that the shadow MMU cuts from them.
 *
 * Free pages form a list through their first word; pages that were never
 * used are taken in order. A page that shadowed something may still be in a
 * paging-structure cache, so none is handed out before the flushes that are due.
 *
 * The shadow MMU asks for what an update may need before it starts
 * (mmu_topup()): within the update there is no host call and no failure.
 */
#include "mmu_int.h"

#define GROW_STEP	64
/*
 * One fill: two tables with their companions, records of three frames and of
 * their groups, nodes; and
 * as much again for the window's tables, which come from here as well.
 */
#define TOPUP_PAGES	40

/**
 * mmu_init() - set up the memory of a vCPU
 * @v: the vCPU
 * @pool_first_free: first pool page that the loader does not use
 * @pool_pages: how many there are
 */
void mmu_init(struct vcpu *v, u32 pool_first_free, u32 pool_pages)
{
	static struct mmu the_mmu;
	struct mmu *m = &the_mmu;
	u64 frames;

	__builtin_memset(m, 0, sizeof(*m));
	v->mmu = m;
	/* References to entries of pool page 0 would look like list ends. */
	m->pool_first = pool_first_free ? pool_first_free : 1;
	m->pool_fresh = m->pool_first;
	m->pool_pages = pool_pages;
	m->pool_least = pool_pages;
	m->growable = true;
	frames = (v->shared->mem_top + 0xfff) >> 12;
	m->mem_frames = frames < GFN_LIMIT ? frames : GFN_LIMIT;
	m->max_sp = 1024 + (u32)(m->mem_frames >> 5);
	m->nx = v->shared->host_caps & VMBT_HOST_NX ? PTE_NX : 0;
	m->code_pd[0] = GFN_NONE;
	m->code_pd[1] = GFN_NONE;
	m->code_pd[2] = GFN_NONE;
	m->code_pd[3] = GFN_NONE;
	v->stats->pool_pages = pool_pages;
	m->base_role = mmu_current_role(v);
}

/**
 * mmu_set_template() - what every shadow root starts from
 * @v: the vCPU
 * @base_root_idx: pool index of the top-level table whose upper half maps the
 *	VMM and the cross pages
 * @la57: it is a PML5
 * @pte_enc: bits to OR into every entry (memory encryption)
 */
void mmu_set_template(struct vcpu *v, u32 base_root_idx, bool la57, u64 pte_enc)
{
	v->mmu->base_root_idx = base_root_idx;
	v->mmu->la57 = la57;
	v->mmu->pte_enc = pte_enc;
}

/**
 * pool_roomy() - may something optional take a few pages?
 * @m: the MMU
 */
bool pool_roomy(struct mmu *m)
{
	return pool_avail(m) >= TOPUP_PAGES / 2;
}

static bool pool_grow(struct vcpu *v, u32 want)
{
	struct mmu *m = v->mmu;
	u32 have = m->pool_pages - m->nholes, now, filled = 0;

	if (!m->growable || have >= VMBT_POOL_MAX_PAGES)
		return false;
	if (want > VMBT_POOL_MAX_PAGES - have)
		want = VMBT_POOL_MAX_PAGES - have;
	now = plat_pool_grow(want);
	if (now < m->pool_pages || now > VMBT_POOL_MAX_PAGES) {
		m->growable = false;
		return false;
	}
	if (m->nholes)
		filled = pool_fill_holes(v);
	if (now == m->pool_pages && !filled) {
		m->growable = false;
		return false;
	}
	m->pool_pages = now;
	v->stats->pool_pages = now - m->nholes;
	return true;
}

static void page_zero(void *page)
{
	u64 n = 512;

	__asm__ volatile("rep stosq"
			 : "+D" (page), "+c" (n) : "a" (0ull) : "memory");
}

/**
 * pool_take() - a zeroed page from what there is
 * @v: the vCPU
 *
 * Return: pool index; stops the VM when there is none, which mmu_topup()
 * makes impossible.
 */
u32 pool_take(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 idx;

	if (m->pool_nfree) {
		tlb_sync(v);
		idx = m->pool_head;
		m->pool_head = *(u32 *)plat_pool_virt(idx);
		m->pool_nfree--;
	} else if (m->pool_fresh < m->pool_pages) {
		idx = m->pool_fresh++;
	} else {
		plat_panic("mmu: page pool exhausted (%u pages)",
			   m->pool_pages);
	}
	m->quiet = 0;
	v->stats->pool_free = pool_avail(m);
	page_zero(plat_pool_virt(idx));
	return idx;
}

/**
 * pool_low() - make sure of a number of pages
 * @v: the vCPU
 * @n: pages that will be taken
 *
 * The host gives more if it can; else shadow pages are recycled.
 *
 * Return: true if there are still fewer
 */
bool pool_low(struct vcpu *v, u32 n)
{
	struct mmu *m = v->mmu;

	while (pool_avail(m) < n) {
		if (pool_grow(v, n > GROW_STEP ? n : GROW_STEP))
			continue;
		if (!shadow_reclaim(v, n - pool_avail(m)))
			return true;
	}
	return false;
}

/**
 * mmu_topup() - get ready for an update of the shadow tables
 * @v: the vCPU
 */
void mmu_topup(struct vcpu *v)
{
	struct mmu *m = v->mmu;

	if (unlikely(m->nsp >= m->max_sp))
		shadow_reclaim(v, 16);
	if (unlikely(pool_avail(m) < TOPUP_PAGES))
		pool_low(v, TOPUP_PAGES);
}

/**
 * pool_alloc() - a zeroed pool page for any user in the image
 * @v: the vCPU
 * Return: its index, ~0u if none is left
 */
u32 pool_alloc(struct vcpu *v)
{
	u32 idx;

	if (pool_low(v, 1))
		return ~0u;
	idx = pool_take(v);
	tlb_sync(v);
	return idx;
}

/**
 * pool_alloc_page() - the same for who wants its address
 * @v: the vCPU
 * Return: NULL if none is left
 */
void *pool_alloc_page(struct vcpu *v)
{
	u32 idx = pool_alloc(v);

	return idx == ~0u ? NULL : plat_pool_virt(idx);
}

/**
 * pool_free() - give a page back
 * @v: the vCPU
 * @idx: from pool_alloc()
 */
void pool_free(struct vcpu *v, u32 idx)
{
	struct mmu *m = v->mmu;

	*(u32 *)plat_pool_virt(idx) = m->pool_head;
	m->pool_head = idx;
	m->pool_nfree++;
	v->stats->pool_free = pool_avail(m);
}

/**
 * pool_free_page() - the same by its address
 * @v: the vCPU
 * @page: from pool_alloc_page()
 */
void pool_free_page(struct vcpu *v, void *page)
{
	pool_free(v, pool_index(page));
}

/*
 * Companions of shadow pages: 512 words, two to a page. Identified by pool
 * index and half.
 */
u32 *aux_ptr(u32 id)
{
	return (u32 *)plat_pool_virt(id >> 1) + (id & 1) * 512;
}

/**
 * aux_alloc() - a zeroed companion
 * @v: the vCPU
 * Return: its id
 */
u32 aux_alloc(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 id = m->aux_head;

	if (id) {
		m->aux_head = *aux_ptr(id);
		__builtin_memset(aux_ptr(id), 0, 2048);
		return id;
	}
	id = pool_take(v) << 1;
	aux_free(v, id | 1);
	return id;
}

void aux_free(struct vcpu *v, u32 id)
{
	struct mmu *m = v->mmu;

	*aux_ptr(id) = m->aux_head;
	m->aux_head = id;
}

/**
 * aux_trim() - pages with two free companions become pool pages again
 * @v: the vCPU
 */
void aux_trim(struct vcpu *v)
{
	/* By page: has a free one, has two. */
	static u64 one[VMBT_POOL_MAX_PAGES / 64], two[VMBT_POOL_MAX_PAGES / 64];
	struct mmu *m = v->mmu;
	u32 id, next, word;
	u64 bit;

	__builtin_memset(one, 0, sizeof(one));
	__builtin_memset(two, 0, sizeof(two));
	for (id = m->aux_head; id; id = *aux_ptr(id)) {
		bit = 1ull << (id >> 1) % 64;
		two[id >> 7] |= one[id >> 7] & bit;
		one[id >> 7] |= bit;
	}
	id = m->aux_head;
	m->aux_head = 0;
	for (; id; id = next) {
		/* Before the page is on the other list, by its first word. */
		next = *aux_ptr(id);
		word = id >> 7;
		bit = 1ull << (id >> 1) % 64;
		if (!(two[word] & bit))
			aux_free(v, id);
		else if (one[word] & bit)
			one[word] &= ~bit;
		else
			pool_free(v, id >> 1);
	}
}

/*
 * Lists of references to shadow entries. Most have one element, which is
 * then the head itself; longer ones are chains of nodes of seven, only the
 * first of which may have room.
 */
#define REF_LIST	0x80000000u
/* In a node's first word: no reference is that large. */
#define NODE_FREE	0xffffffffu
#define NODES		(4096 / (u32)sizeof(struct ref_node))

struct ref_node {
	u32 ref[7];
	u32 next;
};

static struct ref_node *node_ptr(u32 id)
{
	id &= ~REF_LIST;
	return (struct ref_node *)plat_pool_virt(id / NODES) + id % NODES;
}

static u32 node_alloc(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	struct ref_node *n;
	u32 id, i;

	if (!m->node_head) {
		id = pool_take(v) * NODES;
		for (i = 0; i < NODES; i++) {
			node_ptr(id + i)->next = m->node_head;
			m->node_head = id + i;
		}
	}
	id = m->node_head;
	n = node_ptr(id);
	m->node_head = n->next;
	__builtin_memset(n, 0, sizeof(*n));
	return id | REF_LIST;
}

static void node_free(struct mmu *m, u32 id)
{
	node_ptr(id)->next = m->node_head;
	m->node_head = id & ~REF_LIST;
}

/* Are all nodes of the page whose first one is @n free? */
static bool nodes_free(const struct ref_node *n)
{
	u32 i;

	for (i = 0; i < NODES; i++)
		if (n[i].ref[0] != NODE_FREE)
			return false;
	return true;
}

/**
 * node_trim() - pages of which no node is used become pool pages again
 * @v: the vCPU
 *
 * Free nodes are marked by a word that is no reference, and those that are first
 * in their page say in the next word whether it goes.
 */
void node_trim(struct vcpu *v)
{
	struct mmu *m = v->mmu;
	u32 id, next, gone = 0;
	struct ref_node *n;

	for (id = m->node_head; id; id = node_ptr(id)->next)
		node_ptr(id)->ref[0] = NODE_FREE;
	for (id = m->node_head; id; id = node_ptr(id)->next) {
		if (id % NODES)
			continue;
		node_ptr(id)->ref[1] = nodes_free(node_ptr(id));
		plat_yield();
	}
	id = m->node_head;
	m->node_head = 0;
	for (; id; id = next) {
		n = node_ptr(id);
		next = n->next;
		if (node_ptr(id - id % NODES)->ref[0] != NODE_FREE ||
		    !node_ptr(id - id % NODES)->ref[1]) {
			node_free(m, id);
		} else if (id % NODES == 0) {
			/* Freed below: the others of the page still ask it. */
			n->ref[2] = gone;
			gone = id;
		}
	}
	for (id = gone; id; id = next) {
		next = node_ptr(id)->ref[2];
		pool_free(v, id / NODES);
	}
}

/**
 * reflist_add() - put a reference on a list
 * @v: the vCPU
 * @head: the list
 * @ref: REF() of a shadow entry
 */
void reflist_add(struct vcpu *v, u32 *head, u32 ref)
{
	struct ref_node *n;
	u32 id, i;

	if (!*head) {
		*head = ref;
		return;
	}
	if (!(*head & REF_LIST)) {
		id = node_alloc(v);
		n = node_ptr(id);
		n->ref[0] = *head;
		n->ref[1] = ref;
		*head = id;
		return;
	}
	n = node_ptr(*head);
	if (n->ref[6]) {
		id = node_alloc(v);
		n = node_ptr(id);
		n->next = *head;
		*head = id;
	}
	for (i = 0; n->ref[i]; i++)
		;
	n->ref[i] = ref;
}

/* Take the newest reference off a list of nodes. */
static u32 reflist_pop(struct vcpu *v, u32 *head)
{
	struct ref_node *n = node_ptr(*head);
	u32 i = 6, ref, next;

	while (!n->ref[i])
		i--;
	ref = n->ref[i];
	n->ref[i] = 0;
	if (!i) {
		next = n->next;
		node_free(v->mmu, *head);
		*head = next;
	}
	return ref;
}

/**
 * reflist_del() - take a reference off a list
 * @v: the vCPU
 * @head: the list
 * @ref: what to remove
 * Return: false if it was not there
 */
bool reflist_del(struct vcpu *v, u32 *head, u32 ref)
{
	struct ref_node *n;
	u32 id, i, last;

	if (!(*head & REF_LIST)) {
		if (*head != ref)
			return false;
		*head = 0;
		return true;
	}
	for (id = *head; id; id = n->next) {
		n = node_ptr(id);
		for (i = 0; i < 7 && n->ref[i]; i++) {
			if (n->ref[i] != ref)
				continue;
			last = reflist_pop(v, head);
			if (last != ref)
				n->ref[i] = last;
			return true;
		}
	}
	return false;
}

u32 reflist_first(u32 head)
{
	struct ref_node *n;
	u32 i;

	if (!(head & REF_LIST))
		return head;
	n = node_ptr(head);
	for (i = 6; !n->ref[i]; i--)
		;
	return n->ref[i];
}

/**
 * reflist_next() - step through a list
 * @it: where; begins as { .node = head }
 * Return: a reference, 0 at the end
 */
u32 reflist_next(struct ref_iter *it)
{
	struct ref_node *n;
	u32 ref = it->node;

	if (!(ref & REF_LIST)) {
		it->node = 0;
		return ref;
	}
	n = node_ptr(it->node);
	ref = n->ref[it->i];
	if (++it->i == 7 || !n->ref[it->i]) {
		it->node = n->next;
		it->i = 0;
	}
	return ref;
}
