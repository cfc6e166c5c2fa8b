// SPDX-License-Identifier: GPL-2.0
/*
 * The reference: what the guest's page tables mean, written from the SDM
 * (vol. 3, 4.3 figures 4-2 to 4-4 and tables 4-3 to 4-6; 4.4 tables 4-7 to
 * 4-11; 4.6 access rights; 4.7 error codes; 4.8 flags), on a copy of the
 * guest's memory of its own. Slow and plain.
 */
#include <string.h>

#include "fake.h"

u8 ref_ram[RAM_FRAMES][4096];

static u64 a20(const struct ref_cpu *c, u64 gpa)
{
	return c->a20 ? gpa & ~0x100000ull : gpa;
}

static u64 entry(u64 gpa, int size)
{
	u64 v = 0;

	if (gpa >> 12 < RAM_FRAMES &&
	    !((gpa >> 12) >= HOLE_FROM && (gpa >> 12) < HOLE_TO))
		memcpy(&v, &ref_ram[gpa >> 12][gpa & 0xfff], (size_t)size);
	return v;
}

static void entry_or(u64 gpa, u8 bits)
{
	if (gfn_is_ram(gpa >> 12))
		ref_ram[gpa >> 12][gpa & 0xfff] |= bits;
}

static bool bits(u64 v, int hi, int lo)
{
	return (v >> lo) & ((2ull << (hi - lo)) - 1);
}

void ref_from_guest(struct ref_cpu *c)
{
	const struct vmbt_guest *g = &shared.guest;

	c->cr0 = g->cr0;
	c->cr3 = g->cr3;
	c->cr4 = g->cr4;
	c->efer = g->efer;
	memcpy(c->pdpte, g->pdpte, sizeof(c->pdpte));
	c->a20 = g->a20_masked;
}

void ref_load_pdptes(struct ref_cpu *c)
{
	int i;

	for (i = 0; i < 4; i++)
		c->pdpte[i] = entry(a20(c, (c->cr3 & ~31u) + 8 * i), 8);
}

struct ref_result ref_walk(const struct ref_cpu *c, u32 lin, u32 access, bool update)
{
	bool wr = access & 2, us = access & 4, ex = access & 16;
	bool pae = c->cr4 & 0x20, pse = c->cr4 & 0x10;
	bool nxe = pae && (c->efer & 0x800), wp = c->cr0 & 0x10000;
	struct ref_result r = { 0 };
	u64 e[2], ea[2], mask = 0xfffffffffull;
	bool rsvd, large;
	int n = 1, i;

	if (!(c->cr0 >> 31)) {
		r.gpa = a20(c, lin);
		return (struct ref_result){ .gpa = r.gpa, .user = true,
			.writable = true, .executable = true,
			.dirty = true, .accessed = true };
	}
	r.error = (wr ? 2 : 0) | (us ? 4 : 0) | (ex && nxe ? 16 : 0);
	r.fault = true;
	if (pae) {
		u64 pdpte = c->pdpte[lin >> 30];

		if (!(pdpte & 1))
			return r;
		ea[0] = a20(c, pdpte & mask & ~0xfffull) + 8 * ((lin >> 21) % 512);
		e[0] = entry(ea[0], 8);
		if (!(e[0] & 1))
			return r;
		large = e[0] & 0x80;
		rsvd = bits(e[0], 62, 36) || (!nxe && e[0] >> 63) ||
		       (large && bits(e[0], 20, 13));
	} else {
		ea[0] = a20(c, c->cr3 & 0xfffff000) + 4 * (lin >> 22);
		e[0] = entry(ea[0], 4);
		if (!(e[0] & 1))
			return r;
		large = pse && (e[0] & 0x80);
		rsvd = large && bits(e[0], 21, 17);
	}
	if (rsvd) {
		r.error |= 9;
		return r;
	}
	if (large && pae) {
		r.gpa = (e[0] & mask & ~0x1fffffull) | (lin & 0x1fffff);
	} else if (large) {
		r.gpa = (e[0] & 0xffc00000) | ((e[0] >> 13 & 15) << 32) |
			(lin & 0x3fffff);
	} else {
		ea[1] = a20(c, e[0] & mask & ~0xfffull) +
			(pae ? 8 * ((lin >> 12) % 512) : 4 * ((lin >> 12) % 1024));
		e[1] = entry(ea[1], pae ? 8 : 4);
		if (!(e[1] & 1))
			return r;
		if (pae && (bits(e[1], 62, 36) || (!nxe && e[1] >> 63))) {
			r.error |= 9;
			return r;
		}
		r.gpa = (e[1] & mask & ~0xfffull) | (lin & 0xfff);
		n = 2;
	}
	r.gpa = a20(c, r.gpa);
	r.user = true;
	r.writable = true;
	r.executable = true;
	r.accessed = true;
	for (i = 0; i < n; i++) {
		r.user &= e[i] >> 2 & 1;
		r.writable &= e[i] >> 1 & 1;
		r.executable &= !(nxe && e[i] >> 63);
		r.accessed &= e[i] >> 5 & 1;
	}
	r.dirty = e[n - 1] >> 6 & 1;
	if ((us && !r.user) || (wr && !r.writable && (us || wp)) ||
	    (ex && !r.executable)) {
		r.error |= 1;
		return r;
	}
	r.fault = false;
	for (i = 0; update && i < n; i++)
		entry_or(ea[i], i == n - 1 && wr ? 0x60 : 0x20);
	return r;
}
