// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU as the shadow tables see it: walks them from the root, CR0.WP and
 * EFER.NXE on, sets accessed and dirty flags, keeps what it read in a TLB and
 * a cache of directory entries as long as it can, and, as the manual allows
 * (SDM vol. 3, 4.10), uses either the caches or the tables as it likes.
 *
 * hw_check() holds the tables against the isolation invariant and the caches
 * against the tables.
 */
#include <string.h>

#include "fake.h"

#define TLB_SIZE	512
#define PSC_SIZE	64
#define MAPS		(SPTE_ADDR & ~config.pte_enc)

struct tlb_entry {
	u64 tag, phys;
	u32 page;
	bool valid, w, u, x, d;
};

struct psc_entry {
	u64 tag, pt;
	u32 dir;
	bool valid, w, u;
};

static struct tlb_entry tlb[TLB_SIZE];
static struct psc_entry psc[PSC_SIZE];
static u64 root, next_root;

void hw_reset(void)
{
	memset(tlb, 0, sizeof(tlb));
	memset(psc, 0, sizeof(psc));
	root = 0;
	next_root = 0;
}

void hw_flush(void)
{
	memset(tlb, 0, sizeof(tlb));
	memset(psc, 0, sizeof(psc));
}

void hw_set_root(u64 phys)
{
	next_root = phys;
}

void hw_enter(void)
{
	if (root != next_root && !config.pcid)
		hw_flush();
	root = next_root;
}

void hw_invlpg(u32 lin)
{
	u32 i;

	for (i = 0; i < TLB_SIZE; i++)
		if (tlb[i].tag == root && tlb[i].page == lin >> 12)
			tlb[i].valid = false;
	for (i = 0; i < PSC_SIZE; i++)
		if (psc[i].tag == root)
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
	struct psc_entry *p = &psc[(lin >> 21) % PSC_SIZE];
	u64 *e[5];

	*out = (struct tlb_entry){ .tag = root, .page = lin >> 12, .w = true,
				   .u = true, .x = true };
	if (p->valid && p->tag == root && p->dir == lin >> 21 && rnd(2)) {
		/* The tables above are not looked at. */
		out->w = p->w;
		out->u = p->u;
		n = levels;
		e[levels - 1] = &((u64 *)phys_ptr(p->pt))[(lin >> 12) & 511];
		if (!(*e[levels - 1] & PTE_P))
			return false;
		i = levels - 1;
	} else {
		n = walk_up(root, lin, e);
		for (i = 0; i < n && i < levels - 1; i++) {
			out->w &= !!(*e[i] & PTE_W);
			out->u &= !!(*e[i] & PTE_U);
			*e[i] |= PTE_A;
		}
		if (n >= levels - 1)
			*p = (struct psc_entry){ .valid = true, .tag = root,
				.dir = lin >> 21, .pt = *e[levels - 2] & MAPS,
				.w = out->w, .u = out->u };
		if (n < levels)
			return false;
		i = levels - 1;
	}
	out->w &= !!(*e[i] & PTE_W);
	out->u &= !!(*e[i] & PTE_U);
	out->x = !(*e[i] & PTE_NX);
	out->phys = *e[i] & MAPS;
	if (!allowed(out->w, out->u, out->x, 0, access).fault) {
		*e[i] |= PTE_A | (access & 2 ? PTE_D : 0);
		out->d = *e[i] & PTE_D;
		out->valid = true;
	}
	return true;
}

struct hw_result hw_access(u32 lin, u32 access)
{
	struct tlb_entry *t = &tlb[(lin >> 12) * 7 % TLB_SIZE], new;
	struct hw_result r;

	if (t->valid && t->tag == root && t->page == lin >> 12 && rnd(8)) {
		r = allowed(t->w, t->u, t->x, t->phys | (lin & 0xfff), access);
		if (!r.fault && (!(access & 2) || t->d))
			return r;
		/* A fault may come from the TLB; it drops the entry. */
		t->valid = false;
		if (r.fault && rnd(2))
			return r;
	}
	if (!walk(lin, access, &new)) {
		r = (struct hw_result){ .fault = true, .error = access & 0x16 };
		return r;
	}
	if (new.valid)
		*t = new;
	return allowed(new.w, new.u, new.x, new.phys | (lin & 0xfff), access);
}

static void check_mon(u32 lin, u64 leaf, bool u)
{
	u32 off = lin - vcpu.mon_base;
	s64 idx = phys_to_pool(leaf & MAPS);
	bool w = leaf & PTE_W, data = off < VMBT_MON_HASH1;

	if (idx != (s64)(mon_pool_idx() + off / 4096))
		broken("monitor area +%x maps %llx", off, leaf);
	if (w != data)
		broken("monitor area +%x: writable %d", off, w);
	if (u && !vcpu.mmu->mon_user)
		broken("monitor area +%x visible to the guest's user", off);
	if (!(leaf & PTE_NX) && off < VMBT_MON_RT)
		broken("monitor area +%x: data is executable", off);
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
	s64 gfn = phys_to_gfn(leaf & MAPS);
	struct ref_result ref;
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

static void check_tlb(const struct tlb_entry *t)
{
	int levels = config.la57 ? 5 : 4, n, i;
	u64 *e[5];
	bool w = true, u = true;

	n = walk_up(t->tag, t->page << 12, e);
	if (n < levels)
		broken("TLB maps %x, the tables do not", t->page << 12);
	for (i = 0; i < levels; i++) {
		w &= !!(*e[i] & PTE_W);
		u &= !!(*e[i] & PTE_U);
	}
	i = levels - 1;
	if ((*e[i] & MAPS) != t->phys || (t->w && !w) || (t->u && !u) ||
	    (t->x && (*e[i] & PTE_NX)))
		broken("TLB entry for %x is stale: %llx %d%d%d, tables %llx",
		       t->page << 12, t->phys, t->w, t->u, t->x, *e[i]);
}

static void check_psc(const struct psc_entry *p)
{
	int levels = config.la57 ? 5 : 4, n;
	u64 *e[5];

	n = walk_up(p->tag, p->dir << 21, e);
	if (n < levels - 1 || (*e[levels - 2] & MAPS) != p->pt)
		broken("cached directory entry for %x is stale", p->dir << 21);
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
}
