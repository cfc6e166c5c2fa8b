/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the translator's files share: units, exits, contexts and the map back.
 *
 * A unit is the translation of a short run of guest instructions. Units live
 * in arenas that only grow until bt_flush() empties all of them, in the order
 * of their code in the translation cache (TC): the unit of a TC address is
 * found by binary search, and stays known after the unit has been dropped, as
 * long as some CPU state may still point into it. Arenas, cache and hash tables
 * get their pages as they are written to.
 */
#ifndef VMBT_BT_INT_H
#define VMBT_BT_INT_H

#include "bt.h"
#include "../decode/decode.h"
#include "../../include/layout.h"

/* Ring-3 code has the end of the cache for itself (user pages). */
#define BT_TC3			0x00380000

#define BT_NIL			0xffffffffu
#define BT_MAX_INSNS		20
#define BT_MAX_BYTES		192	/* guest bytes a unit may cover */
#define BT_MAX_TC		2048	/* TC bytes a unit may take */
#define BT_MAX_MAP		448	/* map entries a unit may take */
#define BT_EXITS		4	/* direct ways out of a unit */

/*
 * Where in its guest instruction a TC address is, and thus what v->guest must
 * look like. The entry's g_off names the instruction.
 */
enum bt_map_kind {
	BT_M_START,		/* before instruction g_off */
	BT_M_EXIT,		/* branch done: EIP = exit 0's; a callout site */
	BT_M_EXIT_LAST = BT_M_EXIT + BT_EXITS - 1,	/* the same for the others */
	BT_M_TARGET,		/* transfer done: EIP = mon->target */
	BT_M_POPF,		/* POPF done but for IF, which is in ECX */
	/* callout sites */
	BT_M_INTERP,		/* interpret g_off */
	BT_M_RET,		/* hash miss, popped; EIP in EAX */
	BT_M_JMP,		/* hash miss of an indirect JMP; EIP in EAX */
	BT_M_CALL,		/* hash miss of a CALL, nothing pushed yet */
	BT_M_RING1,		/* the JMP to a routine of ring1/ */
	BT_M_IRET_FLAGS,	/* IRET: EIP and CS popped, flags come next */
	BT_M_IRET_DONE,		/* IRET done but for IF, which is in ECX */
	BT_M_LOADED,		/* segment register loaded: the next entry's EIP */
	BT_M_LOOKUP,		/* ring1/: on behalf of a RET, JMP or CALL site */
	BT_M_MISS,		/* and its callout, which is that site's */
	BT_M_AWAY,		/* a head, or ring1/ for one: EIP = mon->target, of no unit */
	BT_M_SYSEXIT,		/* SYSEXIT not done yet, but ESP is in mon->esp */
};

/* Repairs (struct bt_map.fix); bits 0-3: reload EAX, ECX, EDX, EBX. */
#define BT_F_EAX		0x01
#define BT_F_ECX		0x02
#define BT_F_EDX		0x04
#define BT_F_REGS		0x0f
#define BT_F_POPPED		0x10	/* take a pop of 4 (OPS16: 2) back */
#define BT_F_PUSHED		0x20	/* take a push back */
#define BT_F_OPS16		0x40
#define BT_F_SHADOW		0x80	/* STI's shadow is on */

/*
 * struct bt_map - state of the guest at one TC instruction
 * @tc_off: from the unit's start
 * @kind: enum bt_map_kind
 * @fix: BT_F_*
 * @g_off: of the guest instruction, from the unit's EIP
 *
 * There are hundreds of thousands: four bytes each.
 */
struct bt_map {
	u16 tc_off : 11;
	u16 kind : 5;
	u8 fix;
	u8 g_off;
};

_Static_assert(sizeof(struct bt_map) == 4, "struct bt_map has grown");
_Static_assert(BT_MAX_TC <= 1 << 11 && BT_M_SYSEXIT < 1 << 5, "struct bt_map is too small");

/**
 * struct bt_exit - a direct way out of a unit
 * @eip: where it goes
 * @to: unit it is chained to, or BT_NIL
 * @next_in: next exit chained to the same unit: unit * BT_EXITS + exit, or BT_NIL
 * @jmp_off: offset in the unit of the branch's rel32
 * @slot: where an unchained exit lands: a callout
 */
struct bt_exit {
	u32 eip;
	u32 to;
	u32 next_in;
	u16 jmp_off;
	u16 slot;
};

#define BT_U_DEAD		0x01	/* dropped: never enter again */
#define BT_U_CHECK		0x02	/* verify the bytes at every entry */

/*
 * struct bt_unit - one translation
 * @tc: offset of its code in the monitor area
 * @head: so many bytes of it are in front of the first instruction (heads.c)
 * @map: index of its first entry in the map arena
 * @gpa: of its first byte
 * @gfn2: frame of the second page it reaches into, or BT_NIL
 * @hnext: next unit of the lookup bucket
 * @pnext: next unit of the page's list; [1] for the second page
 * @in: exits chained to it
 */
struct bt_unit {
	u64 gpa;
	u32 tc;
	u32 eip;
	u32 map;
	u32 gfn2;
	u32 hnext;
	u32 pnext[2];
	u32 in;
	struct bt_exit ex[BT_EXITS];
	u16 tc_len;
	u16 nr_map;
	u16 ctx;
	u8 len;
	u8 nr_ex;
	u8 flags;
	u8 head;
	u16 ret_n;		/* the operand of the RET at its end */
	u32 sum;		/* checksum of the bytes, BT_U_CHECK only */
};

/* All of the guest's state that translated code depends on but does not test. */
struct bt_ctx {
	u32 cs_base;
	u32 cs_limit;
	u32 mode;		/* BT_MODE_* */
};

#define BT_MODE_CODE32		0x01
#define BT_MODE_STACK32		0x02
#define BT_MODE_CPL3		0x04
#define BT_MODE_PE		0x08
#define BT_MODE_VM		0x10
#define BT_MODE_PG		0x20
#define BT_MODE_PAE		0x40
#define BT_MODE_PSE		0x80

#define BT_NR_CTX		512
#define BT_BUCKETS		16384
#define BT_PAGE_BUCKETS		2048
#define BT_PAGES		8192
#define BT_UNIT_PAGES		768
#define BT_MAP_PAGES		384
#define BT_JOURNAL		4096
#define BT_TRACE_RING		64
#define BT_CROSS		16384
#define BT_SITES		512
#define BT_HOT			512

/* So many of each are in a page of their arena. */
#define BT_UNITS_PAGE		(4096 / (u32)sizeof(struct bt_unit))
#define BT_MAPS_PAGE		(4096 / (u32)sizeof(struct bt_map))
#define BT_ORDER_PAGE		(4096 / (u32)sizeof(u32))
#define BT_RECORDS_PAGE		(4096 / (u32)sizeof(struct bt_page))
#define BT_HASH_PAGE		(4096 / (u32)sizeof(struct vmbt_hash_entry))
#define BT_MAX_UNITS		(BT_UNIT_PAGES * BT_UNITS_PAGE)
#define BT_MAX_MAPS		(BT_MAP_PAGES * BT_MAPS_PAGE)
#define BT_ORDER_PAGES		(BT_MAX_UNITS / BT_ORDER_PAGE + 1)
#define BT_RECORD_PAGES		(BT_PAGES / BT_RECORDS_PAGE)

/* A guest frame that holds translated code. */
struct bt_page {
	u64 gfn;
	u32 first;		/* unit */
	u32 hnext;
	u16 writes;		/* that hit no code */
	u16 code_writes;	/* that did */
	bool mixed;		/* code and hot data: self-checks, no trace */
	bool traced;
	u8 backoff;		/* how often it was found mixed */
	u32 checks;		/* self-checks passed since the page is mixed */
};

/*
 * A callout that was taken lately: the way back from its address without a
 * search, and its instruction, once somebody had it decoded.
 */
struct bt_site {
	u32 rip;		/* offset in the monitor area, 0: unused */
	u32 unit;
	u32 map;		/* in the map arena */
	u32 behind;		/* where its instruction is done, 0: not looked up */
	struct bt_insn insn;
};

/**
 * struct bt_hot - an instruction that has met traces (adapt.c)
 * @gpa: its address
 * @faults: how often, since it is no callout
 * @seen: executions in this window, as a callout
 * @useful: those of them that met a trace
 * @backoff: how often it was changed back
 * @callout: it is one now
 */
struct bt_hot {
	u64 gpa;
	u16 faults;
	u8 seen;
	u8 useful;
	u8 backoff;
	bool callout;
};

/*
 * The inline hash of one ring, and which of its entries are in use; of ring 1 with a
 * second table for those that had to leave, NULL where there is none. By their
 * pages: those without an entry are one page, which is only read (mmu/monpages.c).
 * Targets are units' starts, in front of the @head that units of @ctx have.
 */
struct bt_hash {
	u8 *const *page;
	u8 *const *second;
	u32 ctx;
	u32 head;
	u32 nr_used;
	bool second_used;
	u16 used[BT_JOURNAL];
};

/* One of the two regions of the cache. */
struct bt_region {
	u32 start;
	u32 end;
	u32 pos;
};

struct bt {
	u8 *const *mon;		/* the monitor area's pages */
	u8 *empty;		/* what hash pages without an entry are */
	/* bt_halted(): how long makes an idle guest; when it began to be, its halts since */
	u32 idle_seconds;
	u32 idle_halts;
	u64 idle_since;
	u32 idle_units;		/* how many there were */
	u32 resets;		/* of all that follows */
	u32 nr_units;
	u32 nr_map;
	u32 nr_pages;
	u32 nr_ctx;
	struct bt_unit *unit_page[BT_UNIT_PAGES];
	struct bt_map *map_page[BT_MAP_PAGES];
	struct bt_region region[2];
	struct bt_hash hash[2];
	u32 cross;		/* number of chains that end with the epoch */
	u32 cross_list[BT_CROSS];	/* unit * BT_EXITS + exit */
	bool pending;
	bool heads;		/* units of flat contexts have them */

	/* where the guest left the cache, for the way back */
	u32 last_unit;
	u32 chain_from;		/* exit to chain once its target is known */
	u32 bucket[BT_BUCKETS];
	u32 page_bucket[BT_PAGE_BUCKETS];
	struct bt_page *record_page[BT_RECORD_PAGES];
	struct bt_ctx ctx[BT_NR_CTX];
	u32 ctx_last;

	/* units of region r by TC address: bt_order() */
	u32 nr_order[2];
	u32 *order_page[2][BT_ORDER_PAGES];

	struct bt_trace {
		u32 eip;
		u16 cs;
		u16 len;
		u64 gpa;
	} trace[BT_TRACE_RING];
	u32 trace_pos;

	struct bt_site site[BT_SITES];
	struct bt_site *last_site;	/* of the last callout, or NULL */
	struct bt_hot hot[BT_HOT];
};

static inline struct bt_unit *bt_unit(struct bt *bt, u32 idx)
{
	return &bt->unit_page[idx / BT_UNITS_PAGE][idx % BT_UNITS_PAGE];
}

static inline struct bt_map *bt_map(struct bt *bt, u32 idx)
{
	return &bt->map_page[idx / BT_MAPS_PAGE][idx % BT_MAPS_PAGE];
}

static inline u32 *bt_order(struct bt *bt, int ring, u32 i)
{
	return &bt->order_page[ring][i / BT_ORDER_PAGE][i % BT_ORDER_PAGE];
}

static inline struct bt_page *bt_record(struct bt *bt, u32 i)
{
	return &bt->record_page[i / BT_RECORDS_PAGE][i % BT_RECORDS_PAGE];
}

/* The byte at @tc, which is a unit's or the runtime's. */
static inline u8 *bt_code(const struct bt *bt, u32 tc)
{
	return bt->mon[tc / 4096] + tc % 4096;
}

static inline struct vmbt_hash_entry *bt_hash_entry(u8 *const *page, u32 i)
{
	return (struct vmbt_hash_entry *)page[i / BT_HASH_PAGE] + i % BT_HASH_PAGE;
}

static inline int bt_ring(const struct bt *bt, u32 ctx)
{
	return bt->ctx[ctx].mode & BT_MODE_CPL3 ? 1 : 0;
}

/* cache.c */
bool bt_cache_init(struct vcpu *v);
bool bt_reserve(struct vcpu *v, int ring);
u32 bt_find(struct bt *bt, u64 gpa, u32 eip, u32 ctx);
u32 bt_add_unit(struct vcpu *v, const struct bt_unit *proto,
		const struct bt_map *map, const u8 *code);
u32 bt_unit_at(struct bt *bt, u32 tc);
struct bt_page *bt_page(struct vcpu *v, u64 gfn, bool create);
bool bt_page_calm(struct vcpu *v, u64 gfn);
u32 bt_checksum(const u8 *p, u32 len);
void bt_hash_insert(struct vcpu *v, int ring, u32 eip, u32 tc);
void bt_hash_clear(struct vcpu *v, int ring);
void bt_hash_for(struct vcpu *v, int ring, u32 ctx);
void bt_hash_restore(struct vcpu *v);
bool bt_hash_all(struct vcpu *v);
u32 bt_hash_find(const struct bt_hash *h, u32 eip);
void bt_retranslate(struct vcpu *v, u64 gpa);

/* chain.c */
void bt_link(struct vcpu *v, u32 from, u32 n, u32 to);
void bt_unlink_in(struct vcpu *v, u32 to);
void bt_unlink_cross(struct vcpu *v);
void bt_forget_cross(struct bt *bt);

/* translate.c */
int bt_translate(struct vcpu *v, u32 lin, u64 gpa, u32 ctx, u32 *idx);

/* adapt.c */
bool bt_adapted(struct bt *bt, const struct bt_unit *u, u32 off,
		const struct vmbt_insn *in);

/* ring1.c */
struct ring1_map;
void bt_ring1_init(struct vcpu *v);
const struct ring1_map *bt_ring1_at(u32 rip);
u32 bt_ring1_away(void);

/* heads.c */
u32 bt_head(const struct bt *bt, u32 ctx);
bool bt_in_head(const struct bt_unit *u, u32 off);

/* enter.c */
u32 bt_context(struct vcpu *v);

#endif
