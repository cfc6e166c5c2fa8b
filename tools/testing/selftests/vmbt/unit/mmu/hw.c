// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs as the shadow tables see them: walk them from the root, CR0.WP and
 * EFER.NXE on, set accessed and dirty flags, keep what was read in a TLB and a
 * cache of directory entries as long as they can, and, as the manual allows
 * (SDM vol. 3, 4.10), use either the caches or the tables as they like.
 *
 * With PCIDs there are two CPUs, and other VMs that leave entries of theirs
 * under every number they are given. A load of CR3 does what 4.10.4.1 says and
 * nothing more, and goes the shipped way of include/pcid.h.
 *
 * The VMM's mapping of its pool is cached like the guest's memory; no INVLPG is for it.
 *
 * hw_check() holds the tables against the isolation invariant and the caches
 * against the tables.
 */
#include <string.h>

#include "../../../../../../arch/x86/vmbt/include/pcid.h"
#include "fake.h"

#define CPUS		2
#define OTHER_VMS	3
#define RECENT		64
#define TLB_SIZE	512
#define PSC_SIZE	256
#define MAPS		(SPTE_ADDR & ~config.pte_enc)
/* Where other VMs' pages are. */
#define FOREIGN		0x7700000000ull

/* @root: what CR3 named when the entry was made; @large: made from one for 2 MiB */
struct tlb_entry {
	u64 root, phys;
	u32 pcid, page;
	bool valid, w, u, x, d, large;
};

struct psc_entry {
	u64 root, pt;
	u32 pcid, dir;
	bool valid, w, u;
};

/* Of the VMM's own mapping of pool page @idx, when it was the @turn-th there. */
struct pool_entry {
	u32 pcid, idx, turn;
	bool valid;
};

#define POOL_TLB	128

static struct pool_entry pool_tlbs[CPUS][POOL_TLB];
/* How often the number has lost its page. */
static u32 pool_turn[VMBT_POOL_MAX_PAGES];
static struct tlb_entry tlbs[CPUS][TLB_SIZE];
static struct psc_entry pscs[CPUS][PSC_SIZE];
static struct vmbt_pcid_cpu stock[CPUS];
static struct vmbt_pcid_block block, other_block[OTHER_VMS];
static struct vmbt_cross cross, other_cross[OTHER_VMS];
/* Pages that the guest used, for others to use as well. */
static u32 recent[RECENT];
static u32 cpu;
static u64 cr3;
u64 hw_large;
u32 hw_flushes;

#define tlb	(tlbs[cpu])
#define pool_tlb (pool_tlbs[cpu])
#define psc	(pscs[cpu])

static u32 pcid_now(void)
{
	return cr3 & VMBT_CR3_PCID;
}

/* Neighbours for the same page under other numbers: all can stay. */
static struct tlb_entry *tlb_place(u32 page)
{
	return &tlb[(page * 7 + pcid_now()) % TLB_SIZE];
}

static struct psc_entry *psc_place(u32 dir)
{
	return &psc[(dir * 5 + pcid_now()) % PSC_SIZE];
}

static u64 root_now(void)
{
	return cr3 & ~VMBT_CR3_PCID;
}

/* MOV to CR3 */
static void load_cr3(u64 val)
{
	u32 i;

	cr3 = val & ~VMBT_CR3_KEEP;
	if (!config.pcid && val & (VMBT_CR3_PCID | VMBT_CR3_KEEP))
		broken("CR3 %llx without CR4.PCIDE", val);
	for (i = 0; i < TLB_SIZE; i++) {
		if (tlb[i].pcid != pcid_now())
			continue;
		if (!(val & VMBT_CR3_KEEP))
			tlb[i].valid = false;
		else if (tlb[i].valid && tlb[i].root != root_now())
			broken("CR3 %llx keeps what root %llx left", val, tlb[i].root);
	}
	for (i = 0; i < POOL_TLB; i++)
		if (pool_tlb[i].pcid == pcid_now() && !(val & VMBT_CR3_KEEP))
			pool_tlb[i].valid = false;
	for (i = 0; i < PSC_SIZE; i++) {
		if (psc[i].pcid != pcid_now())
			continue;
		if (!(val & VMBT_CR3_KEEP))
			psc[i].valid = false;
		else if (psc[i].valid && psc[i].root != root_now())
			broken("CR3 %llx keeps what root %llx left", val, psc[i].root);
	}
}

static struct vmbt_pcid_cpu *stock_here(void)
{
	return config.pcid ? &stock[cpu] : NULL;
}

void hw_reset(u64 base_root)
{
	memset(tlbs, 0, sizeof(tlbs));
	memset(pscs, 0, sizeof(pscs));
	memset(pool_tlbs, 0, sizeof(pool_tlbs));
	memset(pool_turn, 0, sizeof(pool_turn));
	memset(stock, 0, sizeof(stock));
	memset(&block, 0, sizeof(block));
	memset(other_block, 0, sizeof(other_block));
	memset(&cross, 0, sizeof(cross));
	memset(other_cross, 0, sizeof(other_cross));
	cpu = 0;
	cross.vmm_cr3 = base_root;
	vmbt_pcid_enter(&cross, &block, stock_here(), cpu);
	load_cr3(cross.vmm_cr3);
}

/* Another VM, maybe a new one, runs here: entries stay under its numbers. */
static void other_vm(u32 n)
{
	struct vmbt_cross *x = &other_cross[n];
	u32 i, page;

	if (!rnd(3))
		other_block[n] = (struct vmbt_pcid_block){};
	x->vmm_cr3 = FOREIGN + n * 0x1000;
	vmbt_pcid_enter(x, &other_block[n], stock_here(), cpu);
	load_cr3(x->vmm_cr3);
	load_cr3(vmbt_pcid_root(x, FOREIGN + n * 0x1000,
				rnd(4) ? rnd(4) : rnd(VMBT_PCID_ROOTS), false));
	for (i = 0; i < 4; i++) {
		page = recent[rnd(RECENT)];
		*tlb_place(page) = (struct tlb_entry){
			.root = root_now(), .phys = FOREIGN + 0x10000,
			.pcid = pcid_now(), .page = page, .valid = true,
			.w = true, .u = true, .x = true, .d = true };
	}
}

void hw_trip(u32 n)
{
	u32 others;

	if (!config.trips || rnd(n))
		return;
	if (!rnd(8))
		cpu = rnd(CPUS);
	if (!rnd(8))
		for (others = rnd(40); others; others--)
			other_vm(rnd(OTHER_VMS));
	vmbt_pcid_enter(&cross, &block, stock_here(), cpu);
	load_cr3(cross.vmm_cr3);
}

void hw_pool_used(u32 idx)
{
	pool_tlb[(idx + pcid_now()) % POOL_TLB] = (struct pool_entry){
		.pcid = pcid_now(), .idx = idx, .turn = pool_turn[idx], .valid = true };
}

/* What the host does besides taking the pages: vmbt_pcid_forget(), and the entry. */
void hw_pool_shrunk(void)
{
	u32 i;

	for (i = 0; i < VMBT_POOL_MAX_PAGES; i++)
		if (pool_gone(i))
			pool_turn[i]++;
	block = (struct vmbt_pcid_block){};
	vmbt_pcid_enter(&cross, &block, stock_here(), cpu);
	load_cr3(cross.vmm_cr3);
}

void plat_set_root(u64 phys, u32 slot, bool keep)
{
	load_cr3(vmbt_pcid_root(&cross, phys, slot, keep));
}

u64 plat_pcid_epoch(void)
{
	return cross.pcid_epoch;
}

void plat_flush_tlb(void)
{
	hw_flushes++;
	load_cr3(cr3);
}

void hw_invlpg(u32 lin)
{
	u32 i;

	for (i = 0; i < TLB_SIZE; i++)
		if (tlb[i].pcid == pcid_now() &&
		    (tlb[i].page == lin >> 12 ||
		     (tlb[i].large && tlb[i].page >> 9 == lin >> 21)))
			tlb[i].valid = false;
	for (i = 0; i < PSC_SIZE; i++)
		if (psc[i].pcid == pcid_now())
			psc[i].valid = false;
}

static u64 *table_at(u64 e)
{
	s64 idx = phys_to_pool(e & MAPS);

	if (idx < 0)
		broken("table at %llx is not in the pool", e);
	if ((e & config.pte_enc) != config.pte_enc)
		broken("table entry %llx lacks the encryption bit", e);
	return (u64 *)phys_ptr(e & MAPS);
}

/* Is the last of @n entries a leaf? */
static bool complete(int n, u64 *const *e)
{
	int levels = config.la57 ? 5 : 4;

	return n == levels || (n == levels - 1 && (*e[n - 1] & PTE_PS));
}

/* Where a leaf, the last of @n entries, leads for @lin. */
static u64 leads_to(int n, u64 leaf, u32 lin)
{
	return n == (config.la57 ? 5 : 4) ? leaf & MAPS :
	       (leaf & MAPS) + (lin & 0x1ff000);
}

/* The entries on the way to @lin: returns how many are present. */
static int walk_up(u64 from, u32 lin, u64 **e)
{
	u64 *t = (u64 *)phys_ptr(from);
	int n = 0, levels = config.la57 ? 5 : 4, level;
	u32 i;

	for (level = levels; level >= 1; level--) {
		i = level > 3 ? 0 : level == 3 ? lin >> 30 :
		    level == 2 ? (lin >> 21) & 511 : (lin >> 12) & 511;
		e[n] = &t[i];
		if (!(*e[n] & PTE_P)) {
			if (*e[n])
				broken("entry %llx not present but not zero", *e[n]);
			return n;
		}
		n++;
		if (level == 2 && (*e[n - 1] & PTE_PS))
			return n;
		if (level > 1)
			t = table_at(*e[n - 1]);
	}
	return n;
}

static struct hw_result allowed(bool w, bool u, bool x, u64 phys, u32 access)
{
	struct hw_result r = { .phys = phys };

	if (((access & 2) && !w) || ((access & 4) && !u) || ((access & 16) && !x)) {
		r.fault = true;
		r.error = (access & 0x16) | 1;
	}
	return r;
}

static bool walk(u32 lin, u32 access, struct tlb_entry *out)
{
	int levels = config.la57 ? 5 : 4, n, i;
	struct psc_entry *p = psc_place(lin >> 21);
	u64 *e[5];

	*out = (struct tlb_entry){ .root = root_now(), .pcid = pcid_now(),
		.page = lin >> 12, .w = true, .u = true, .x = true };
	if (p->valid && p->pcid == pcid_now() && p->dir == lin >> 21 && rnd(2)) {
		/* The tables above are not looked at. */
		out->w = p->w;
		out->u = p->u;
		n = levels;
		e[levels - 1] = &((u64 *)phys_ptr(p->pt))[(lin >> 12) & 511];
		if (!(*e[levels - 1] & PTE_P))
			return false;
		i = levels - 1;
	} else {
		n = walk_up(root_now(), lin, e);
		out->large = n == levels - 1 && complete(n, e);
		for (i = 0; i < n && i < levels - 1 - out->large; i++) {
			out->w &= !!(*e[i] & PTE_W);
			out->u &= !!(*e[i] & PTE_U);
			*e[i] |= PTE_A;
		}
		if (n >= levels - 1 && !out->large)
			*p = (struct psc_entry){ .valid = true,
				.root = root_now(), .pcid = pcid_now(),
				.dir = lin >> 21, .pt = *e[levels - 2] & MAPS,
				.w = out->w, .u = out->u };
		if (!complete(n, e))
			return false;
		i = n - 1;
	}
	out->w &= !!(*e[i] & PTE_W);
	out->u &= !!(*e[i] & PTE_U);
	out->x = !(*e[i] & PTE_NX);
	out->phys = leads_to(i + 1, *e[i], lin);
	if (!allowed(out->w, out->u, out->x, 0, access).fault) {
		*e[i] |= PTE_A | (access & 2 ? PTE_D : 0);
		out->d = *e[i] & PTE_D;
		out->valid = true;
	}
	return true;
}

/*
 * One page in two sizes is what CPUs stop at (AMD's erratum 383, Intel's "ITLB
 * multihit"): the flush has to be between them.
 */
static void check_sizes(const struct tlb_entry *new)
{
	u32 i;

	for (i = 0; i < TLB_SIZE; i++)
		if (tlb[i].valid && tlb[i].pcid == new->pcid &&
		    tlb[i].page >> 9 == new->page >> 9 && tlb[i].large != new->large)
			broken("the TLB has %x as a part of 2 MiB and as 4 KiB", new->page << 12);
}

struct hw_result hw_access(u32 lin, u32 access)
{
	struct tlb_entry *t = tlb_place(lin >> 12), new;
	struct hw_result r;

	recent[rnd(RECENT)] = lin >> 12;
	if (t->valid && t->pcid == pcid_now() && t->page == lin >> 12 && rnd(8)) {
		r = allowed(t->w, t->u, t->x, t->phys | (lin & 0xfff), access);
		if (!r.fault && (!(access & 2) || t->d))
			return r;
		/* A fault may come from the TLB; it drops the entry. */
		t->valid = false;
		if (r.fault && rnd(2))
			return r;
	}
	/* What comes of the walk takes its place, and a fault drops it (4.10.4.1). */
	if (t->pcid == pcid_now() && t->page == lin >> 12)
		t->valid = false;
	if (!walk(lin, access, &new)) {
		r = (struct hw_result){ .fault = true, .error = access & 0x16 };
		return r;
	}
	if (new.valid) {
		check_sizes(&new);
		*t = new;
	}
	return allowed(new.w, new.u, new.x, new.phys | (lin & 0xfff), access);
}

/* A page table that ring 1 may write to: nobody else wants to know, and it is no more. */
static void check_alias(u32 n, u64 leaf)
{
	s64 gfn = phys_to_gfn(leaf & MAPS);
	const struct frame *f = gfn < 0 ? NULL : frame_peek(vcpu.mmu, (u64)gfn);
	const struct sp *sp;
	u32 idx;

	if (leaf & ~(SPTE_WHITELIST | config.pte_enc) ||
	    (leaf & (PTE_P | PTE_W | PTE_U | PTE_NX)) != (PTE_P | PTE_W | PTE_NX) ||
	    (leaf & config.pte_enc) != config.pte_enc)
		broken("alias %u is %llx", n, leaf);
	if (!f || f->alias != n + 1)
		broken("alias %u is of frame %llx, which does not know it", n, gfn);
	if (!granted_write((u64)gfn) ||
	    f->trace != (n == VMBT_MON_GDT_ALIAS ? MMU_TRACE_DESC : MMU_TRACE_SHADOW))
		broken("alias %u of frame %llx: traces %x", n, gfn, f->trace);
	for (idx = f->sps; idx; idx = sp->next) {
		sp = sp_of(vcpu.mmu, idx);
		if (role_level(sp->role) != 1)
			broken("alias %u is of a directory", n);
	}
}

static void check_mon(u32 lin, u64 leaf, bool u)
{
	bool apart = vcpu.shared->mon_policy == VMBT_MON_SPLIT;
	bool there = apart && lin >= vcpu.mon_data;
	u32 off = lin - (there ? vcpu.mon_data : vcpu.mon_base);
	s64 idx = phys_to_pool(leaf & MAPS);
	bool w = leaf & PTE_W, alias = alias_page(off / 4096);
	bool data = off < VMBT_MON_HASH1 || alias;

	if (apart && there != data)
		broken("monitor area +%x is at %x", off, lin);
	if (alias) {
		check_alias((off - VMBT_MON_ALIAS) / 4096, leaf);
		return;
	}
	if (idx < 0 || pool_ptr((u32)idx) != vcpu.mon_page[off / 4096])
		broken("monitor area +%x maps %llx", off, leaf);
	if (w != data)
		broken("monitor area +%x: writable %d", off, w);
	if (u && !vcpu.mmu->mon_user)
		broken("monitor area +%x visible to the guest's user", off);
	if (!(leaf & PTE_NX) && off < VMBT_MON_RT)
		broken("monitor area +%x: data is executable", off);
}

/* What a present leaf maps, against the invariant; the frame. */
static s64 check_frame(u32 lin, u64 leaf)
{
	s64 gfn = phys_to_gfn(leaf & MAPS);
	struct frame *f;

	if (leaf & ~(SPTE_WHITELIST | config.pte_enc))
		broken("leaf %llx has forbidden bits", leaf);
	if ((leaf & config.pte_enc) != config.pte_enc)
		broken("leaf %llx lacks the encryption bit", leaf);
	if (gfn < 0)
		broken("leaf %llx at %x maps no page of this VM", leaf, lin);
	f = frame_peek(vcpu.mmu, (u64)gfn);
	if ((leaf & PTE_W) && (!granted_write((u64)gfn) || gfn_is_rom((u64)gfn)))
		broken("leaf %llx at %x: writable without a grant", leaf, lin);
	if ((leaf & PTE_W) && f && f->trace)
		broken("leaf %llx at %x: writable, frame %llx traced", leaf, lin, gfn);
	return gfn;
}

/* A present leaf of @r against the invariant and the guest's tables. */
static void check_leaf(const struct root *r, u32 lin, u64 leaf, bool u)
{
	struct ref_cpu c = {
		.cr3 = r->cr3,
		.cr0 = (r->role & ROLE_MODE ? 1u << 31 : 0) |
		       (r->role & ROLE_WP ? 0x10000 : 0),
		.cr4 = (r->role & ROLE_MODE) >> ROLE_MODE_SHIFT == MODE_PAE ? 0x20 :
		       r->role & ROLE_PSE ? 0x10 : 0,
		.efer = r->role & ROLE_NXE ? 0x800 : 0,
		.a20 = r->role & ROLE_A20,
	};
	s64 gfn = check_frame(lin, leaf);
	struct ref_result ref;

	memcpy(c.pdpte, r->pdpte, sizeof(c.pdpte));
	ref = ref_walk(&c, lin, u ? MMU_USER : 0, false);
	if (ref.fault)
		broken("leaf %llx at %x, guest faults %x (role %x)", leaf, lin,
		       ref.error, r->role);
	if (ref.gpa >> 12 != (u64)gfn)
		broken("leaf at %x maps %llx, guest says %llx", lin, gfn, ref.gpa);
	if (!ref.accessed)
		broken("leaf at %x without the guest's accessed flag", lin);
	if ((leaf & PTE_W) && !ref.dirty)
		broken("leaf at %x writable, the guest's is clean", lin);
	if ((leaf & PTE_W) && !ref.writable && (u || (c.cr0 & 0x10000)))
		broken("leaf at %x writable against the guest", lin);
	if (!(leaf & PTE_NX) && (!u || !ref.executable))
		broken("leaf at %x executable against the guest", lin);
}

/* A directory entry that is a leaf: as 512 of them. */
static void check_large(const struct root *r, u32 lin, u64 e)
{
	u32 i;

	if (mon_contains(&vcpu, lin))
		broken("large leaf %llx in the monitor area at %x", e, lin);
	/* Bit 12 is not an address's, but memory's type (table 4-18). */
	if (e & MAPS & 0x1ff000)
		broken("large leaf %llx at %x is not aligned", e, lin);
	if (!(e & PTE_NX))
		broken("large leaf %llx at %x is executable", e, lin);
	hw_large++;
	e &= ~PTE_PS;
	for (i = 0; i < 512; i++)
		check_frame(lin | i << 12, e + i * 4096ull);
	for (i = 0; i < 512; i += 511)
		check_leaf(r, lin | i << 12, e + i * 4096ull, e & PTE_U);
}

static void check_root(const struct root *r)
{
	const u64 *top = (u64 *)phys_ptr(r->phys), *t = top, *pd, *pt;
	u32 q, d, i, lin;
	bool u;

	for (i = 256; i < 512; i++)
		if (top[i] != 0x77700000063 + i * 4096ull)
			broken("root lacks entry %u of the template", i);
	for (i = 1; i < 256; i++)
		if (top[i])
			broken("root entry %u is %llx", i, top[i]);
	if (config.la57)
		t = table_at(t[0]);
	t = table_at(t[0]);
	for (q = 0; q < 512; q++) {
		if (!t[q])
			continue;
		if (q > 3)
			broken("PDPT entry %u is %llx", q, t[q]);
		pd = table_at(t[q]);
		for (d = 0; d < 512; d++) {
			if (!(pd[d] & PTE_P)) {
				if (pd[d])
					broken("entry %llx not present", pd[d]);
				continue;
			}
			if (pd[d] & PTE_PS) {
				check_large(r, q << 30 | d << 21, pd[d]);
				continue;
			}
			pt = table_at(pd[d]);
			for (i = 0; i < 512; i++) {
				if (!pt[i])
					continue;
				if (!(pt[i] & PTE_P))
					broken("leaf %llx not present", pt[i]);
				lin = q << 30 | d << 21 | i << 12;
				u = (pd[d] & PTE_U) && (pt[i] & PTE_U);
				if (mon_contains(&vcpu, lin)) {
					/* Others get U right when activated. */
					if (r != vcpu.mmu->cur)
						u = false;
					check_mon(lin, pt[i], u);
				} else {
					check_leaf(r, lin, pt[i], u);
				}
			}
		}
	}
}

/*
 * Is what this number tags on this CPU going to be used, by the root that the
 * shadow MMU has for it?
 */
static bool in_use(u32 pcid, const struct root **r)
{
	struct mmu *m = vcpu.mmu;
	u32 slot = pcid - cross.pcid_base;

	if (!config.pcid) {
		*r = m->hw;
		return true;
	}
	if (slot >= MAX_ROOTS)
		return false;
	*r = &m->roots[slot];
	if (m->hw != *r && (m->pcid_epoch != cross.pcid_epoch ||
			    !(m->tlb_kept & 1ull << slot)))
		return false;
	return true;
}

static void check_owner(const struct root *r, u64 root, u32 pcid)
{
	if (!r || !r->live || r->phys != root)
		broken("PCID %x: an entry of root %llx, now it is %llx", pcid,
		       root, r ? r->phys : 0);
}

static void check_tlb(const struct tlb_entry *t)
{
	const struct root *r;
	bool w = true, u = true;
	u64 *e[5];
	int n, i;

	if (!in_use(t->pcid, &r))
		return;
	check_owner(r, t->root, t->pcid);
	n = walk_up(t->root, t->page << 12, e);
	if (!complete(n, e))
		broken("TLB maps %x, the tables do not", t->page << 12);
	for (i = 0; i < n; i++) {
		w &= !!(*e[i] & PTE_W);
		u &= !!(*e[i] & PTE_U);
	}
	i = n - 1;
	if (leads_to(n, *e[i], t->page << 12) != t->phys || (t->w && !w) || (t->u && !u) ||
	    (t->x && (*e[i] & PTE_NX)))
		broken("TLB entry for %x is stale: %llx %d%d%d, tables %llx",
		       t->page << 12, t->phys, t->w, t->u, t->x, *e[i]);
}

static void check_psc(const struct psc_entry *p)
{
	int levels = config.la57 ? 5 : 4, n;
	const struct root *r;
	u64 *e[5];

	if (!in_use(p->pcid, &r))
		return;
	check_owner(r, p->root, p->pcid);
	n = walk_up(p->root, p->dir << 21, e);
	if (n < levels - 1 || complete(levels - 1, e) || (*e[levels - 2] & MAPS) != p->pt)
		broken("cached directory entry for %x is stale", p->dir << 21);
}

static void check_pool(const struct pool_entry *p)
{
	const struct root *r;

	if (in_use(p->pcid, &r) && p->turn != pool_turn[p->idx])
		broken("PCID %x: the TLB has pool page %u, which was given back",
		       p->pcid, p->idx);
}

void hw_check(void)
{
	struct mmu *m = vcpu.mmu;
	u32 i;

	for (i = 0; i < MAX_ROOTS; i++)
		if (m->roots[i].live)
			check_root(&m->roots[i]);
	for (i = 0; i < TLB_SIZE; i++)
		if (tlb[i].valid)
			check_tlb(&tlb[i]);
	for (i = 0; i < PSC_SIZE; i++)
		if (psc[i].valid)
			check_psc(&psc[i]);
	for (i = 0; i < POOL_TLB; i++)
		if (pool_tlb[i].valid)
			check_pool(&pool_tlb[i]);
}
