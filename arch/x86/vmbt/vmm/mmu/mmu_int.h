/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow MMU's own data structures, shared by the files of this folder.
 *
 * Reading order: pool.c (where memory comes from), frame.c (what is known
 * about a guest frame), walk.c (the guest's tables), shadow.c (ours), fault.c
 * (from one to the other), large.c (2 MiB at once), trace.c (and back when the
 * guest writes), alias.c (or has written), roots.c, inherit.c, monitor.c, monpages.c,
 * codepages.c, reclaim.c, holes.c, invalidate.c, access.c.
 *
 * Two rules keep it sound. Shadow entries are exact: whenever the VMM runs, each
 * present one says what the guest's tables say now, or less, once the notes of ring 1
 * are looked at (alias.c); so INVLPG and CR3 reloads have nothing to drop. And between
 * mmu_topup() and the end of an update nothing asks the host for anything but a page of the
 * guest's or, in long work, for a moment (plat_yield()). A request to zap that
 * comes with the answer is served before the guest runs.
 */
#ifndef VMBT_MMU_INT_H
#define VMBT_MMU_INT_H

#include "mmu.h"
#include "../plat.h"
#include "../../include/layout.h"

/* Guest and shadow page-table entries (SDM vol. 3, 4.3 to 4.5). */
#define PTE_P		0x001ull
#define PTE_W		0x002ull
#define PTE_U		0x004ull
#define PTE_A		0x020ull
#define PTE_D		0x040ull
#define PTE_PS		0x080ull
#define PTE_G		0x100ull
#define PTE_NX		0x8000000000000000ull

#define GUEST_PHYS_BITS	36
#define PTE_ADDR	((1ull << GUEST_PHYS_BITS) - 0x1000)
/* Where a host frame may be in a shadow entry: bits 51:12. */
#define SPTE_ADDR	0x000ffffffffff000ull
/* What may be in a shadow entry at all, besides the encryption bit. */
#define SPTE_WHITELIST	(SPTE_ADDR | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D | \
			 PTE_NX)

#define GFN_NONE	0xffffffffu
#define GFN_LIMIT	(1ull << (GUEST_PHYS_BITS - 12))
#define A20_GFN		0x100u

/* Accumulated rights; also part of a leaf table's role. */
#define ACC_W		0x1
#define ACC_U		0x2
#define ACC_X		0x4
#define ACC_ALL		0x7

enum mmu_mode { MODE_UNPAGED, MODE_2LEVEL, MODE_PAE };

/*
 * A role says how a guest frame is read as a page table. One frame has a
 * shadow page for each role it was used in.
 */
#define ROLE_LEVEL	0x00000003	/* 1 page table, 2 directory, 3 root */
#define ROLE_QUAD_SHIFT	2		/* which part of the guest's table */
#define ROLE_QUAD	0x0000000c
#define ROLE_ACC_SHIFT	4		/* rights of the levels above */
#define ROLE_ACC	0x00000070
#define ROLE_DIRECT	0x00000080	/* no guest table: 2 MiB in a row */
#define ROLE_MODE_SHIFT	8
#define ROLE_MODE	0x00000300
#define ROLE_PSE	0x00000400
#define ROLE_NXE	0x00000800
#define ROLE_WP		0x00001000
#define ROLE_A20	0x00002000	/* A20 is masked */
/* The part that follows from the guest's control registers. */
#define ROLE_BASE	(ROLE_MODE | ROLE_PSE | ROLE_NXE | ROLE_WP | ROLE_A20)

#define REF(idx, i)	((idx) << 9 | (i))
#define REF_IDX(ref)	((ref) >> 9)
#define REF_ENTRY(ref)	((ref) & 511)
/* Longer lists drop their newest entry: bounds every walk of one. */
#define REFS_MAX	1000

/*
 * struct sp - a shadow page
 * @aux: level 1: gfn of each leaf (none if direct); level 2: pool index of
 *	each child, or CHILD_MON; gfn >> 9 of a large leaf
 * @next: next shadow page of the same frame
 * @parents: reflist of the upper-level entries that point here
 * @writes: guest writes to the table since it was last used
 * @last: entry filled ahead by the last of these, to see whether it was used
 */
struct sp {
	u64 *spt;
	u32 *aux;
	u64 phys;
	u32 idx;
	u32 gfn;
	u32 role;
	u32 next;
	u32 parents;
	u16 nparents;
	u16 present;
	u16 last;
	u8 writes;
	u8 used;
	u8 live;
	u8 pad[3];
	u32 aux_id;
};

_Static_assert(sizeof(struct sp) == 64, "64 of them are in a page");

#define CHILD_MON	0xffffffffu
/* The area's two halves, and its data page where that is elsewhere. */
#define MON_PDES	3
#define NO_LAST		0xffffu
/* So many addresses are flushed one by one. */
#define TLB_FEW		8

/*
 * struct frame - what is known about a guest frame below mem_top
 * @rmap: reflist of the shadow leaves that map it
 * @sps: pool index of the first shadow page that reads it as a table
 * @trace: MMU_TRACE_* of those who want to know of writes
 * @alias: 1 + number of the alias that ring 1 writes to it by, or 0
 * @kept: a place may be kept that was found by it, see reads.c
 */
struct frame {
	u32 rmap;
	u32 sps;
	u16 nrmap;
	u8 trace;
	u8 alias;
	bool kept;
	u8 pad[3];
};

/*
 * struct group - 512 frames that one large leaf could map
 * @rmap: reflist of the large leaves that do
 * @nrmap: how many
 * @traced: frames with a trace
 * @small: fills for which there is to be no large leaf yet
 * @drops: how often traces ended large leaves
 */
struct group {
	u32 rmap;
	u16 nrmap;
	u16 traced;
	u16 small;
	u8 drops;
	u8 pad[5];
};

/* Ours: page tables that map recorded code pages. */
#define MMU_TRACE_CODEPT	0x10
#define TRACE_CLIENTS		5

/*
 * struct root - a shadow root, cached across CR3 loads
 * @pd_gfn: the frames of the guest's directories, or GFN_NONE
 * @pdpt: the shadow PDPT, entries 0-3 for the four GiB
 * @pd: shadow directories, made on demand
 */
struct root {
	bool live;
	u32 role;
	u32 cr3;
	u64 pdpte[4];
	u32 pd_gfn[4];
	u32 top_idx;
	u32 mid_idx;
	u64 phys;
	struct sp *pdpt;
	struct sp *pd[4];
	u64 stamp;
};

#define MAX_ROOTS	64	/* as many as a vCPU has PCIDs, see pcid.h */

/* A walk's result, and all that a fill needs to know about its way. */
struct walk {
	u32 lin;
	u32 access;
	u32 error;
	u64 pde;
	u64 pte;
	u32 pt_gfn;
	bool big;
	bool global;
	bool dirty;
	u8 acc_dir;		/* rights of the directory entry */
	u8 acc;			/* of the whole way */
	u32 gfn;
};

/* A page that was read, or is pinned, see reads.c. */
struct kept_page {
	u32 page;
	u32 access;		/* MMU_USER, MMU_WRITE */
	u8 *virt;		/* NULL: unused; of what is pinned, the very byte */
	u64 pde;		/* the directory's entry */
	u32 dir_gfn, pt_gfn;	/* the tables that it was found by, or NO_TABLE */
	u32 gfn;		/* what they lead to */
};

#define NO_TABLE	0xffffffffu

struct code_region;
#define CODE_REGIONS	64

struct mmu {
	/* pool.c */
	u32 pool_first, pool_fresh, pool_pages, pool_nfree, pool_head;
	u32 node_head, aux_head;
	u32 quiet;		/* halts since a page was taken, holes.c */
	bool growable;

	/* configuration */
	u32 base_root_idx;
	bool la57;
	u64 pte_enc;
	u64 nx;			/* PTE_NX if the host has it */
	u64 mem_frames;

	/* frame.c, large.c, shadow.c */
	struct frame **frames[128];
	struct group *groups[128];
	struct sp *sp_chunk[VMBT_POOL_MAX_PAGES / 64];
	u32 nsp, max_sp, hand;
	u32 zaps;		/* counts sp_zap(): lists may have changed */

	/* roots.c */
	struct root roots[MAX_ROOTS];
	struct root *cur;	/* the guest loaded */
	struct root *hw;	/* the hardware may run on */
	u32 base_role;
	u64 clock;

	struct kept_page reads[16];
	struct kept_page pins[MMU_PINS];
	u32 pins_good;		/* that hold in the present address space */

	/* invalidate.c: what the hardware must forget before the guest runs */
	u32 tlb_n;
	bool tlb_all;
	u32 tlb_lin[TLB_FEW];
	u64 tlb_kept;		/* roots whose PCID tags nothing stale */
	u64 pcid_epoch;		/* that is true of */

	/* monitor.c */
	bool mon_placed, mon_user;
	bool mon_nowhere;	/* where the guest maps addresses without memory */
	u32 mon_pt[MON_PDES];
	u32 mon_tc3_from, mon_tc3_to;

	/* monpages.c: its pages, NULL where none is; what free hash pages are */
	u8 *mon_page[VMBT_MON_SIZE / 4096];
	u8 *mon_empty;

	/* codepages.c */
	bool have_code;
	u32 ncode;
	u8 code_slot[2048];	/* by linear >> 21: slot + 1 */
	struct code_region *code[CODE_REGIONS];
	u32 code_idx[CODE_REGIONS];
	u32 code_pd[4];

	mmu_trace_fn trace_fn[8];
	u32 told;		/* frame of the last write that was told */

	/* alias.c: .virt is NULL where none is; shown; to be looked at again */
	struct kept_page alias[VMBT_MON_ALIASES];
	u32 alias_good, alias_unsure;
	u32 alias_hand;
	u32 gdt_gfn;		/* where the guest's GDT is, or GFN_NONE */

	u32 hot_off;		/* from a frame's address to where the guest last wrote one */

	/* holes.c: of the pool's numbers, those without a page; never fewer than */
	u32 nholes, pool_least;
	u64 holes[VMBT_POOL_MAX_PAGES / 64];
};

/* Goes over a reflist that does not change meanwhile; starts as { head }. */
struct ref_iter {
	u32 node;
	u32 i;
};

/* pool.c */
static inline u32 pool_avail(const struct mmu *m)
{
	return m->pool_nfree + (m->pool_pages - m->pool_fresh);
}

static inline u32 pool_index(const void *page)
{
	return ((const u8 *)page - (const u8 *)plat_pool_virt(0)) / 4096;
}

u32 pool_take(struct vcpu *v);
void mmu_topup(struct vcpu *v);
bool pool_roomy(struct mmu *m);
bool pool_low(struct vcpu *v, u32 n);
void reflist_add(struct vcpu *v, u32 *head, u32 ref);
bool reflist_del(struct vcpu *v, u32 *head, u32 ref);
u32 reflist_first(u32 head);
u32 reflist_next(struct ref_iter *it);
u32 aux_alloc(struct vcpu *v);
u32 *aux_ptr(u32 id);
void aux_free(struct vcpu *v, u32 id);
void aux_trim(struct vcpu *v);
void node_trim(struct vcpu *v);

/* holes.c */
u32 pool_fill_holes(struct vcpu *v);

/* frame.c */
struct frame *frame_peek(struct mmu *m, u64 gfn);
struct frame *frame_get(struct vcpu *v, u64 gfn);
u64 frame_next(struct mmu *m, u64 gfn);
void frame_trim(struct vcpu *v);
void frame_protect(struct vcpu *v, struct frame *f);
void frame_unmap(struct vcpu *v, struct frame *f);
void frame_trace_add(struct vcpu *v, u64 gfn, u32 client);
void frame_trace_del(struct vcpu *v, u64 gfn, u32 client);

/* walk.c */
u32 mmu_current_role(struct vcpu *v);
void walk_take_pde(u32 role, struct walk *w);
int walk_guest(struct vcpu *v, u32 lin, u32 access, struct walk *w);
u32 walk_dir_gfn(struct vcpu *v, u32 lin);
int walk_read_pde(struct vcpu *v, u32 lin, u64 *pde);
int guest_table_ask(struct vcpu *v, u64 gfn, u32 index, u32 size, u64 *out);

/* Entry @index of a table at @table whose entries have @size bytes, 4 or 8. */
static inline u64 table_entry(const void *table, u32 index, u32 size)
{
	return size == 4 ? READ_ONCE(((const u32 *)table)[index & 1023]) :
			   READ_ONCE(((const u64 *)table)[index & 511]);
}

/**
 * guest_table_read() - an entry of a guest page table
 * @v: the vCPU
 * @gfn: the table's frame
 * @index: entry number
 * @size: of an entry, 4 or 8 bytes
 * @out: the entry; 0 (not present) where there is no memory
 * Return: enum x_result
 */
static inline int guest_table_read(struct vcpu *v, u64 gfn, u32 index, u32 size, u64 *out)
{
	const void *table = plat_gfn_known(gfn);

	if (unlikely(!table))
		return guest_table_ask(v, gfn, index, size, out);
	*out = table_entry(table, index, size);
	return X_OK;
}

u64 pte_reserved(u32 role, u32 level, u64 pte);
u32 pte_gfn(u32 role, u64 pte);
u32 pte_acc(u32 role, u64 pte);
int gfn_map_error(struct vcpu *v, int kind, u64 gfn);
int walk_raise(struct vcpu *v, u32 lin, u32 error);

/* reads.c */
const u8 *reads_find(struct mmu *m, u32 lin, u32 access);
void reads_keep(struct vcpu *v, const struct walk *w, const struct plat_page *page);
void reads_forget(struct mmu *m);
void reads_new_space(struct mmu *m);
void reads_forget_table(struct vcpu *v, u32 gfn);
void place_keep(struct vcpu *v, struct kept_page *k, const struct walk *w, void *virt);
bool place_same(struct vcpu *v, struct kept_page *k, bool use);
void pins_forget_writes(struct mmu *m, u32 gfn);

static inline bool role_pae(u32 role)
{
	return (role & ROLE_MODE) >> ROLE_MODE_SHIFT == MODE_PAE;
}

static inline bool role_paged(u32 role)
{
	return role & ROLE_MODE;
}

static inline u32 role_level(u32 role)
{
	return role & ROLE_LEVEL;
}

static inline u32 role_quad(u32 role)
{
	return (role & ROLE_QUAD) >> ROLE_QUAD_SHIFT;
}

static inline u32 role_acc(u32 role)
{
	return (role & ROLE_ACC) >> ROLE_ACC_SHIFT;
}

/* The error code of a page fault on what is not present (SDM vol. 3, 4.7). */
static inline u32 walk_error(u32 role, u32 access)
{
	u32 err = access & (MMU_WRITE | MMU_USER);

	return (access & MMU_EXEC) && (role & ROLE_NXE) ? err | VMBT_PF_I : err;
}

/* shadow.c */
static inline struct sp *sp_of(struct mmu *m, u32 idx)
{
	return &m->sp_chunk[idx >> 6][idx & 63];
}

struct sp *sp_new(struct vcpu *v, u32 gfn, u32 role);
struct sp *sp_get(struct vcpu *v, u32 gfn, u32 role);
void sp_zap(struct vcpu *v, struct sp *sp);
void sp_drop_entry(struct vcpu *v, struct sp *sp, u32 i);
void sp_link(struct vcpu *v, struct sp *parent, u32 i, struct sp *child);

/* Is the entry of a level 2 page a leaf for 2 MiB? */
static inline bool sp_is_large(const struct sp *sp, u32 i)
{
	return sp->spt[i] & PTE_PS;
}

void sp_protect_ref(struct vcpu *v, u32 ref);
u32 sp_gfn(struct sp *sp, u32 i);
void spte_set(struct vcpu *v, struct sp *sp, u32 i, u32 gfn, u64 spte);
u64 spte_make(struct vcpu *v, u32 role, u32 acc, bool dirty, u32 gfn,
	      u32 access, const struct plat_page *page);

/* fault.c */
u32 fill_table(u32 role, const struct walk *w, u32 *gfn);
void shadow_prefill(struct vcpu *v, struct sp *sp, u32 i, u64 pte);

/* large.c */
bool large_fill(struct vcpu *v, const struct walk *w, const struct plat_page *page);
bool large_inherit(struct vcpu *v, struct sp *pd, const struct sp *from, const struct walk *w);
void large_traced(struct vcpu *v, u64 gfn);
void large_untraced(struct mmu *m, u64 gfn);
void large_zap(struct vcpu *v, u64 start_gfn, u64 end_gfn);
void large_unlink(struct vcpu *v, struct sp *pd, u32 i);

/* trace.c */
void trace_tell(struct vcpu *v, u64 gpa, u32 len, u32 not_clients);
bool trace_let_go(struct vcpu *v, struct frame *f);
void trace_done(struct vcpu *v, u64 gpa, u32 len);
void trace_noted(struct vcpu *v, u32 gfn, u32 off);
void trace_met(struct vcpu *v, u32 lin, u32 gfn);
void trace_hint(struct vcpu *v, u64 gfn, bool on);

/* alias.c */
void alias_close(struct vcpu *v, struct frame *f);
void alias_check(struct vcpu *v, struct frame *f);
void alias_forget_table(struct vcpu *v, u32 gfn);
void alias_activate(struct vcpu *v);

/* roots.c */
void root_select(struct vcpu *v);
void root_free(struct vcpu *v, struct root *r);
bool root_recycle(struct vcpu *v);
struct sp *root_pd(struct vcpu *v, struct root *r, u32 quad);

/* inherit.c */
struct sp *root_pd_inherit(struct vcpu *v, u32 quad);

/* reclaim.c */
u32 shadow_reclaim(struct vcpu *v, u32 want);

/* invalidate.c */
void tlb_note_leaf(struct vcpu *v, struct sp *sp, u32 i);
void tlb_note_large(struct vcpu *v, struct sp *pd, u32 i);
void tlb_note_link(struct vcpu *v, struct sp *pd, u32 i, bool empty);
void tlb_note_table(struct vcpu *v, struct sp *sp);
void tlb_note_all(struct vcpu *v);
void tlb_note_area(struct vcpu *v, u32 off);
void tlb_note_root(struct vcpu *v, struct root *r);
void tlb_load_root(struct vcpu *v);
void tlb_flush_due(struct vcpu *v);

/**
 * tlb_sync() - do the flushes that are due
 * @v: the vCPU
 */
static inline void tlb_sync(struct vcpu *v)
{
	if (unlikely(v->mmu->tlb_all || v->mmu->tlb_n))
		tlb_flush_due(v);
}

/* monitor.c */
static inline bool mon_split(const struct vcpu *v)
{
	return v->shared->mon_policy == VMBT_MON_SPLIT;
}

static inline bool mon_contains(struct vcpu *v, u32 lin)
{
	return v->mmu->mon_placed && mmu_area_at(v, lin);
}

void mon_ensure(struct vcpu *v);
void mon_check(struct vcpu *v);

/* monpages.c */
void mon_tables(struct vcpu *v);

/* codepages.c */
void code_root_changed(struct vcpu *v);
void code_table_written(struct vcpu *v, u64 gfn);
void code_epoch(struct vcpu *v);

/* watch.c */
void watch_hit(struct vcpu *v, u32 lin, u32 len, bool write);

static inline void watch(struct vcpu *v, u32 lin, u32 len, bool write)
{
	if (unlikely(v->guest->dr[7] & VMBT_DR7_ENABLED))
		watch_hit(v, lin, len, write);
}

#endif
