// SPDX-License-Identifier: GPL-2.0
/*
 * Random guests against the reference.
 *
 * Each step does what a guest, its host or the translator may do: access
 * memory through the shadow tables (falling back to the interpreter's calls
 * when told to), write page-table entries, load CR3, change paging modes, lose
 * frames to the host, gain and lose traces. After each access the outcome is
 * what the reference says, down to accessed and dirty flags; in between the
 * shadow tables are searched for anything the guest's tables do not allow.
 *
 * random [steps [seed]]: without arguments a fixed set of configurations.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

/* Where the guests keep their tables; everything above is data. */
#define PD2_FROM	8
#define PD2_N		4
#define PT2_FROM	12
#define PT2_N		12
#define PDPT_GFN	24
#define PDP_FROM	25
#define PDP_N		8
#define PTP_FROM	33
#define PTP_N		12
#define TABLES_END	45

static const u32 slots[] = { 0, 1, 2, 255, 256, 513, 767, 768, 769, 1021 };
static const u32 leaves[] = { 0, 1, 2, 3, 17, 255, 256, 509, 510, 511, 512, 513,
			      767, 768, 1022, 1023 };

static u64 steps_done;
bool traced[RAM_FRAMES];
static u64 told[RAM_FRAMES];
static u64 now;
static u32 pool_held[32], pool_nheld;
static struct { u32 lin; u64 gfn; bool user, exec; } code[64];
static u32 ncode;
static u64 stat_access, stat_true, stat_fixed, stat_emul, stat_hit, stat_epoch;
static u64 stat_given, stat_large, stat_inherited;

static u32 pick_slot(void)
{
	return slots[rnd(ARRAY_SIZE(slots))];
}

static u32 pick_leaf(void)
{
	return leaves[rnd(ARRAY_SIZE(leaves))];
}

static void on_trace(struct vcpu *v, u64 gpa, u32 len)
{
	(void)v;
	if (gpa >> 12 >= RAM_FRAMES || (gpa & 0xfff) + len > 4096)
		broken("trace told of %llx, %u bytes", gpa, len);
	told[gpa >> 12] = now;
}

u32 random_lin(void)
{
	return pick_slot() << 22 | pick_leaf() << 12 | rnd(4096);
}

static u64 random_gfn(void)
{
	switch (rnd(20)) {
	case 0:
		return rnd(2) ? HOLE_FROM + rnd(HOLE_TO - HOLE_FROM) :
				ROM_FROM + rnd(ROM_TO - ROM_FROM);
	case 1:
		return rnd(4) ? RAM_FRAMES + rnd(16) : rnd(1u << 24);
	case 2:
		/* A part of what big pages map, too. */
		return HUGE_GFN(rnd(HUGE_GROUPS)) + rnd(512);
	case 3:
	case 4:
		return PD2_FROM + rnd(TABLES_END - PD2_FROM);
	default:
		return TABLES_END + rnd(64);
	}
}

static u64 random_flags(bool pae)
{
	u64 f = 0;

	f |= rnd(8) ? PTE_P : 0;
	f |= rnd(4) ? PTE_W : 0;
	f |= rnd(4) ? PTE_U : 0;
	f |= rnd(2) ? PTE_A : 0;
	f |= rnd(2) ? PTE_D : 0;
	f |= rnd(4) ? 0 : PTE_G;
	f |= (u64)rnd(8) << 9;
	f |= rnd(8) ? 0 : rnd(4) << 3;
	if (pae) {
		f |= rnd(5) ? 0 : PTE_NX;
		f |= rnd(100) ? 0 : 1ull << (36 + rnd(27));
	}
	return f;
}

u64 random_pte(bool pae)
{
	return random_gfn() << 12 | random_flags(pae) | (rnd(20) ? 0 : PTE_PS);
}

static u64 random_pde(bool pae)
{
	u64 f = random_flags(pae), base;

	if (rnd(config.huge ? 2 : 8)) {
		if (rnd(4))
			f |= PTE_P | PTE_W | PTE_U;
		base = rnd(12) ? (pae ? PTP_FROM + rnd(PTP_N) :
					PT2_FROM + rnd(PT2_N)) : random_gfn();
		return base << 12 | f;
	}
	f |= PTE_PS;
	/* Large leaves are not executable. */
	if (config.huge && rnd(2))
		f = (f & ~PTE_U) | PTE_P;
	/* Most to where the host has a huge page and there are no tables. */
	if (pae)
		return f | (rnd(2) ? 1ull : rnd(3)) << 21 | (rnd(20) ? 0 : 1u << (13 + rnd(8)));
	return f | (u64)rnd(2) << 22 | (rnd(20) ? 0 : 1u << (13 + rnd(9)));
}

void both_write(u64 gpa, const void *data, u32 len)
{
	memcpy(ram_ptr(gpa >> 12) + (gpa & 0xfff), data, len);
	memcpy(&ref_ram[gpa >> 12][gpa & 0xfff], data, len);
}

static void fill_tables(void)
{
	u32 t, i, j;
	u64 e;

	for (t = 0; t < PD2_N; t++) {
		for (i = 0; i < ARRAY_SIZE(slots); i++) {
			e = random_pde(false);
			both_write((u64)(PD2_FROM + t) << 12 | slots[i] * 4, &e, 4);
		}
	}
	for (t = 0; t < PT2_N; t++) {
		for (i = 0; i < ARRAY_SIZE(leaves); i++) {
			e = random_pte(false);
			both_write((u64)(PT2_FROM + t) << 12 | leaves[i] * 4, &e, 4);
		}
	}
	for (i = 0; i < 512; i++) {
		e = (u64)(PDP_FROM + rnd(PDP_N)) << 12 | (rnd(16) ? PTE_P : 0) |
		    (rnd(2) ? 0 : 0xe18);
		e |= rnd(200) ? 0 : 0x20;
		both_write((u64)PDPT_GFN << 12 | i * 8, &e, 8);
	}
	for (t = 0; t < PDP_N; t++) {
		for (i = 0; i < ARRAY_SIZE(slots); i++) {
			for (j = 0; j < 2; j++) {
				e = random_pde(true);
				both_write((u64)(PDP_FROM + t) << 12 |
					   ((slots[i] * 2 + j) & 511) * 8, &e, 8);
			}
		}
	}
	for (t = 0; t < PTP_N; t++) {
		for (i = 0; i < ARRAY_SIZE(leaves); i++) {
			e = random_pte(true);
			both_write((u64)(PTP_FROM + t) << 12 |
				   (leaves[i] & 511) * 8, &e, 8);
		}
	}
	for (t = TABLES_END; t < RAM_FRAMES; t++) {
		if (!gfn_is_ram(t) || (t >= TABLES_END + 64 && t % 61))
			continue;
		for (i = 0; i < 4096; i += 4) {
			e = rnd(0);
			e = rnd_state >> 11;
			both_write((u64)t << 12 | i, &e, 4);
		}
	}
}

static void compare_ram(void)
{
	u32 gfn, i;
	u8 *p;

	for (gfn = 0; gfn < RAM_FRAMES; gfn++) {
		p = ram_ptr(gfn);
		if (!p || !memcmp(p, ref_ram[gfn], 4096))
			continue;
		for (i = 0; p[i] == ref_ram[gfn][i]; i++)
			;
		broken("memory at %x is %02x, reference %02x", gfn << 12 | i,
		       p[i], ref_ram[gfn][i]);
	}
}

/* What core does with events before the guest goes on. */
static bool serve(void)
{
	if (vcpu.events & VCPU_EV_MON_WANTED) {
		vcpu.events &= ~VCPU_EV_MON_WANTED;
		if (!mmu_place_monitor(&vcpu))
			return false;
	}
	if (vcpu.events & VCPU_EV_EPOCH) {
		vcpu.events &= ~VCPU_EV_EPOCH;
		ncode = 0;
		stat_epoch++;
		if (rnd(2))
			mmu_code_pages_reset(&vcpu);
	}
	return true;
}

bool enter(void)
{
	do {
		if (!serve())
			return false;
		mmu_activate(&vcpu);
	} while (vcpu.events);
	hw_trip(16);
	return true;
}

static void check_code(void)
{
	struct ref_result r;
	struct ref_cpu c;
	u32 i;

	if (vcpu.events & VCPU_EV_EPOCH)
		return;
	ref_from_guest(&c);
	for (i = 0; i < ncode; i++) {
		r = ref_walk(&c, code[i].lin, 0, false);
		if (r.fault || r.gpa >> 12 != code[i].gfn ||
		    r.user != code[i].user || r.executable != code[i].exec)
			broken("code page %x was frame %llx, now %llx (fault %d), no epoch end",
			       code[i].lin, code[i].gfn, r.gpa >> 12, r.fault);
	}
}

/* The write that the guest's instruction does, in the reference. */
static void ref_write(u64 gpa, const u8 *data, u32 len)
{
	u64 gfn = gpa >> 12;
	u32 i;

	if (gfn_is_ram(gfn)) {
		memcpy(&ref_ram[gfn][gpa & 0xfff], data, len);
		if (traced[gfn] && told[gfn] != now)
			broken("write to traced %llx was not told", gpa);
		return;
	}
	for (i = 0; i < len; i++)
		if (i >= mmio_log.n || mmio_log.w[i].gpa != gpa + i ||
		    mmio_log.w[i].byte != data[i])
			broken("device at %llx did not see the write", gpa + i);
	mmio_log.n -= len;
	memmove(mmio_log.w, mmio_log.w + len,
		sizeof(mmio_log.w) - len * sizeof(mmio_log.w[0]));
}

static u8 ref_byte(u64 gpa)
{
	if (gfn_is_ram(gpa >> 12) || gfn_is_rom(gpa >> 12))
		return ref_ram[gpa >> 12][gpa & 0xfff];
	return mmio_byte(gpa);
}

/* The interpreter's way, against the reference. */
void interpret(u32 lin, u32 access, u32 len)
{
	struct ref_result r[2] = { 0 };
	u32 first = 4096 - (lin & 0xfff), n, i, k, got = 0;
	u8 data[16], want[16], early[16];
	struct ref_cpu c;
	int res;

	for (i = 0; i < len; i++)
		data[i] = (u8)rnd(256);
	memcpy(want, data, len);
	if (first > len)
		first = len;
	n = first < len ? 2 : 1;
	mmio_log.n = 0;
	do {
		if (access & MMU_EXEC)
			res = mmu_fetch(&vcpu, lin, data, len, access & MMU_USER, &got);
		else if (access & MMU_WRITE)
			res = mmu_write(&vcpu, lin, data, len, access & MMU_USER);
		else
			res = mmu_read(&vcpu, lin, data, len, access & MMU_USER);
	} while (res == X_RETRY);

	ref_from_guest(&c);
	for (i = 0; i < n; i++) {
		r[i] = ref_walk(&c, i ? lin + first : lin, access, true);
		if (r[i].fault)
			break;
		/* The entry that the second page is found by may be read before. */
		for (k = 0; !i && k < first; k++)
			early[k] = ref_byte(r[0].gpa + k);
	}
	if (i < n) {
		if (res != X_FAULT || vcpu.exc.vector != VMBT_VEC_PF ||
		    vcpu.exc.error != r[i].error ||
		    vcpu.exc.cr2 != (i ? lin + first : lin))
			broken("access %x at %x: result %d error %x, reference %x",
			       access, lin, res, vcpu.exc.error, r[i].error);
		if ((access & MMU_EXEC) && got != (i ? first : 0))
			broken("fetch at %x got %u", lin, got);
		stat_true++;
		return;
	}
	if (res != X_OK)
		broken("access %x at %x: result %d error %x, reference allows",
		       access, lin, res, vcpu.exc.error);
	for (i = 0; i < n; i++) {
		u32 part = i ? len - first : first, off = i ? first : 0, j;

		if (access & MMU_WRITE) {
			ref_write(r[i].gpa, want + off, part);
			continue;
		}
		for (j = 0; j < part; j++)
			if (data[off + j] != ref_byte(r[i].gpa + j) &&
			    (i || data[off + j] != early[j]))
				broken("read at %x gives %02x", lin + off + j,
				       data[off + j]);
	}
	if ((access & MMU_WRITE) && mmio_log.n)
		broken("device saw %u writes too many", mmio_log.n);
}

static bool access_step(u32 lin, u32 access)
{
	struct hw_result h;
	struct ref_result r;
	struct ref_cpu c;
	u32 len, tries;
	s64 gfn;
	u8 data;

	stat_access++;
	/* Ring-1 code is never fetched from the guest's pages, and the
	 * monitor area is out of its segments' limits or its own risk.
	 */
	if (!(access & MMU_USER) &&
	    ((access & MMU_EXEC) || mon_contains(&vcpu, lin))) {
		interpret(lin, access, 1 + rnd(8));
		return true;
	}
	for (tries = 0; tries < 40; tries++) {
		if (!enter())
			return false;
		if (mon_contains(&vcpu, lin) && !(access & MMU_USER))
			return true;
		h = hw_access(lin, access);
		if (!h.fault)
			break;
		switch (mmu_fault(&vcpu, lin, h.error)) {
		case MMU_FAULT_FIXED:
			stat_fixed++;
			continue;
		case MMU_FAULT_TRUE:
			ref_from_guest(&c);
			r = ref_walk(&c, lin, access, true);
			if (!r.fault || r.error != vcpu.exc.error ||
			    vcpu.exc.cr2 != lin || !vcpu.exc.has_error ||
			    vcpu.exc.vector != VMBT_VEC_PF)
				broken("access %x at %x: #PF(%x), reference %d %x",
				       access, lin, vcpu.exc.error, r.fault, r.error);
			stat_true++;
			return true;
		case MMU_FAULT_MONITOR:
			if (!mon_contains(&vcpu, lin))
				broken("%x is not the monitor area", lin);
			fallthrough;
		case MMU_FAULT_EMULATE:
			stat_emul++;
			len = 1u << rnd(4);
			interpret(lin, access, len);
			return true;
		}
	}
	if (h.fault)
		broken("access %x at %x never gets anywhere", access, lin);
	if (mon_contains(&vcpu, lin)) {
		if (!vcpu.mmu->mon_user)
			broken("user access to the monitor area at %x", lin);
		return true;
	}
	if (access & MMU_USER && vcpu.mmu->mon_user && mon_contains(&vcpu, lin))
		return true;
	ref_from_guest(&c);
	r = ref_walk(&c, lin, access, true);
	gfn = phys_to_gfn(h.phys & ~0xfffull);
	if (r.fault || gfn < 0 || r.gpa != ((u64)gfn << 12 | (lin & 0xfff)))
		broken("access %x at %x reaches frame %llx, reference %d %x %llx",
		       access, lin, gfn, r.fault, r.error, r.gpa);
	stat_hit++;
	if (access & MMU_WRITE) {
		if (!gfn_is_ram((u64)gfn) || traced[gfn])
			broken("write at %x reaches frame %llx unseen", lin, gfn);
		data = (u8)rnd(256);
		*phys_ptr(h.phys) = data;
		ref_ram[gfn][lin & 0xfff] = data;
	}
	return true;
}

/* The guest writes a page-table entry, whole, in halves or in bytes. */
static void pte_write(void)
{
	bool pae = shared.guest.cr4 & VMBT_CR4_PAE;
	u64 gpa, e, old;
	u32 size, n;

	if (pae) {
		if (rnd(3)) {
			gpa = (u64)(PTP_FROM + rnd(PTP_N)) << 12 |
			      (pick_leaf() & 511) * 8;
			e = random_pte(true);
		} else {
			gpa = (u64)(PDP_FROM + rnd(PDP_N)) << 12 |
			      ((pick_slot() * 2 + rnd(2)) & 511) * 8;
			e = random_pde(true);
		}
		size = 8;
	} else {
		if (rnd(3)) {
			gpa = (u64)(PT2_FROM + rnd(PT2_N)) << 12 | pick_leaf() * 4;
			e = random_pte(false);
		} else {
			gpa = (u64)(PD2_FROM + rnd(PD2_N)) << 12 | pick_slot() * 4;
			e = random_pde(false);
		}
		size = 4;
	}
	memcpy(&old, &ref_ram[gpa >> 12][gpa & 0xfff], 8);
	switch (rnd(4)) {
	case 0:		/* change one flag */
		e = old ^ (1ull << rnd(9));
		break;
	case 1:
		e = old & ~(PTE_A | PTE_D);
		break;
	}
	n = size;
	switch (rnd(12)) {
	case 0:
		n = 1;
		break;
	case 1:
		n = 2;
		gpa += rnd(2);
		break;
	case 2:
		n = 4;
		break;
	}
	mmio_log.n = 0;
	while (!mmu_write_phys(&vcpu, gpa, &e, n))
		;
	ref_write(gpa, (u8 *)&e, n);
}

/* A new address space: what a directory says from 3 GiB on is copied to another. */
static void copy_kernel(void)
{
	bool pae = shared.guest.cr4 & VMBT_CR4_PAE;
	u32 tables = pae ? PDP_N : PD2_N, first = pae ? PDP_FROM : PD2_FROM;
	u64 from = first + rnd(tables), to = first + rnd(tables);
	u32 i, off, size = pae ? 8 : 4;

	for (i = 0; i < ARRAY_SIZE(slots) * (pae ? 2 : 1); i++) {
		off = pae ? (slots[i / 2] * 2 + i % 2) * 8 & 0xfff : slots[i] * 4;
		/* In PAE mode any directory may be the fourth. */
		if ((!pae && slots[i] < 768) || !rnd(8))
			continue;
		mmio_log.n = 0;
		while (!mmu_write_phys(&vcpu, to << 12 | off, ref_ram[from] + off, size))
			;
		ref_write(to << 12 | off, ref_ram[from] + off, size);
	}
}

static void load_cr3(u32 cr3)
{
	struct vmbt_guest *g = &shared.guest, old = *g;
	struct ref_cpu c;
	bool bad = false;
	int r, i;

	do
		r = mmu_load_cr3(&vcpu, cr3);
	while (r == X_RETRY);
	ref_from_guest(&c);
	if ((c.cr0 >> 31) && (c.cr4 & VMBT_CR4_PAE)) {
		c.cr3 = cr3;
		ref_load_pdptes(&c);
		for (i = 0; i < 4; i++)
			bad |= (c.pdpte[i] & 1) && (c.pdpte[i] & 0xfffffff0000001e6);
	}
	if (r != (bad ? X_FAULT : X_OK) || (bad && vcpu.exc.vector != VMBT_VEC_GP))
		broken("CR3 load gives %d, PDPTEs %s", r, bad ? "bad" : "good");
	if (bad && memcmp(&old, g, sizeof(old)))
		broken("faulting CR3 load changed something");
	if (!bad && (g->cr3 != cr3 || ((c.cr0 >> 31) && (c.cr4 & 0x20) &&
				       memcmp(g->pdpte, c.pdpte, 32))))
		broken("CR3 load did not load");
}

static u32 random_cr3(void)
{
	if (shared.guest.cr4 & VMBT_CR4_PAE)
		return PDPT_GFN << 12 | rnd(6) * 32 | (rnd(8) ? 0 : 0x18);
	return (PD2_FROM + (rnd(12) ? rnd(PD2_N) : rnd(600))) << 12 |
	       (rnd(8) ? 0 : 0x18);
}

static void change_mode(void)
{
	struct vmbt_guest *g = &shared.guest, old = *g;
	u64 pdpte[4];

	switch (rnd(8)) {
	case 0:
		g->cr0 ^= VMBT_CR0_PG;
		break;
	case 1:
	case 2:
		g->cr4 ^= VMBT_CR4_PAE;
		break;
	case 3:
		g->cr4 ^= VMBT_CR4_PSE;
		break;
	case 4:
		g->efer ^= VMBT_EFER_NXE;
		break;
	case 5:
		g->a20_masked ^= 1;
		break;
	default:
		g->cr0 ^= VMBT_CR0_WP;
		mmu_mode_changed(&vcpu);
		return;
	}
	while (mmu_load_cr3(&vcpu, random_cr3()) != X_OK) {
		memcpy(pdpte, g->pdpte, sizeof(pdpte));
		if (rnd(2))
			continue;
		*g = old;
		return;
	}
}

static void lose_frames(void)
{
	u64 from = rnd(4) ? rnd(TABLES_END + 64) : rnd(RAM_FRAMES), n = 1 + rnd(4), g;
	bool change = !rnd(5);
	u8 *p;

	if (config.huge && !rnd(3)) {
		from = HUGE_GFN(rnd(HUGE_GROUPS));
		host_collapse(from);
		mmu_zap(&vcpu, from, from + 512);
		return;
	}

	for (g = from; g < from + n; g++) {
		if (!gfn_is_ram(g))
			continue;
		host_move(g);
		p = ram_ptr(g);
		if (change && g >= TABLES_END) {
			p[rnd(4096)] ^= 0x55;
			memcpy(ref_ram[g], p, 4096);
		}
		told[g] = 0;
	}
	mmu_zap(&vcpu, from, from + n);
	for (g = from; g < from + n && g < RAM_FRAMES; g++)
		if (gfn_is_ram(g) && traced[g] && told[g] != now)
			broken("zap of traced frame %llx was not told", g);
}

static void trace_step(void)
{
	u64 gfn = rnd(8) ? rnd(TABLES_END + 64) : rnd(RAM_FRAMES + 10);
	struct mmu_xlat x;
	u32 lin = random_lin();

	if (rnd(2) && mmu_walk(&vcpu, lin, MMU_PEEK, &x) == X_OK)
		gfn = x.gpa >> 12;
	if (rnd(2)) {
		mmu_trace_add(&vcpu, gfn, MMU_TRACE_CODE);
		if (gfn < RAM_FRAMES)
			traced[gfn] = true;
	} else {
		mmu_trace_del(&vcpu, gfn, MMU_TRACE_CODE);
		if (gfn < RAM_FRAMES)
			traced[gfn] = false;
	}
	/* Or there is one in every 2 MiB soon. */
	for (gfn = rnd(20) ? RAM_FRAMES : HUGE_GFN(1); config.huge && gfn < HUGE_GFN(2); gfn++) {
		mmu_trace_del(&vcpu, gfn, MMU_TRACE_CODE);
		traced[gfn] = false;
	}
}

static void code_step(void)
{
	u32 lin = random_lin();
	struct ref_result r;
	struct ref_cpu c;

	if (!serve())
		return;
	ref_from_guest(&c);
	r = ref_walk(&c, lin, 0, false);
	if (ncode == ARRAY_SIZE(code) || r.fault)
		return;
	if (r.gpa >> 12 >= RAM_FRAMES)
		return;
	mmu_code_page(&vcpu, lin, r.gpa >> 12);
	if (vcpu.events & VCPU_EV_EPOCH)
		return;
	code[ncode].lin = lin;
	code[ncode].gfn = r.gpa >> 12;
	code[ncode].user = r.user;
	code[ncode++].exec = r.executable;
}

static void pool_step(void)
{
	u32 idx;

	if (rnd(2) && pool_nheld < ARRAY_SIZE(pool_held)) {
		idx = pool_alloc(&vcpu);
		if (idx == ~0u)
			return;
		for (u32 i = 0; i < 4096; i++)
			if (((u8 *)plat_pool_virt(idx))[i])
				broken("pool page %u is not zeroed", idx);
		memset(plat_pool_virt(idx), 0x7b, 4096);
		pool_held[pool_nheld++] = idx;
	} else if (pool_nheld) {
		idx = pool_held[--pool_nheld];
		for (u32 i = 0; i < 4096; i++)
			if (((u8 *)plat_pool_virt(idx))[i] != 0x7b)
				broken("pool page %u was written to", idx);
		pool_free(&vcpu, idx);
	}
}

/*
 * The host wants pages back. What was held stays as it was; what is given may be asked
 * for again, neighbours among them.
 */
static void shrink_step(void)
{
	u32 before = pool_now(), want = 1 + rnd(rnd(4) ? 40 : 2000), i, k;

	mmu_shrink(&vcpu, want);
	if (pool_now() > before || before - pool_now() > want)
		broken("asked for %u pages of %u, left %u", want, before, pool_now());
	if (pool_now() < vcpu.mmu->pool_least && pool_now() < before)
		broken("%u pages left, of at least %u", pool_now(), vcpu.mmu->pool_least);
	stat_given += before - pool_now();
	for (i = 0; i < pool_nheld; i++) {
		if (pool_gone(pool_held[i]))
			broken("pool page %u was given back and is held",
			       pool_held[i]);
		for (k = 0; k < 4096; k++)
			if (((u8 *)plat_pool_virt(pool_held[i]))[k] != 0x7b)
				broken("pool page %u was written to", pool_held[i]);
	}
}

/* Pages of the monitor area come and go; whose they are is theirs alone. */
static void monitor_step(void)
{
	u32 n = 1 + rnd(MON_PAGES - 1), to = n + 1 + rnd(20), i, k;
	u8 *page;

	if (rnd(3)) {
		if (alias_page(n) || mmu_monitor_has(&vcpu, n) || !mmu_monitor_fill(&vcpu, n))
			return;
		for (k = 0; k < 4096; k++)
			if (vcpu.mon_page[n][k])
				broken("monitor page %u is not zeroed", n);
		memset(vcpu.mon_page[n], 0x3c, 4096);
		return;
	}
	for (i = n; i < to && i < MON_PAGES; i++) {
		page = vcpu.mon_page[i];
		for (k = 0; mmu_monitor_has(&vcpu, i) && k < 4096; k++)
			if (page[k] != 0x3c && page[k])
				broken("monitor page %u was written to", i);
	}
	mmu_monitor_drop(&vcpu, n, to < MON_PAGES ? to : MON_PAGES);
	page = vcpu.mmu->mon_empty;
	for (k = 0; k < 4096; k++)
		if (page[k])
			broken("the empty page of the monitor area was written to");
}

static bool step(void)
{
	static const u32 kinds[] = { 0, MMU_WRITE, MMU_EXEC };
	u32 access, lin;

	now++;
	switch (rnd(64)) {
	default:
		access = kinds[rnd(3)] | (rnd(2) ? MMU_USER : 0);
		lin = random_lin();
		if (vcpu.mmu->mon_placed && !rnd(40))
			lin = rnd(4) ? vcpu.mon_base + rnd(VMBT_MON_SIZE) :
				       vcpu.mon_data + rnd(VMBT_MON_PDE);
		return access_step(lin, access);
	case 0: case 1: case 2: case 3: case 4: case 5: case 6: case 7:
	case 8: case 9: case 10: case 11:
		pte_write();
		break;
	case 12:
		lin = random_lin() | 0xff0;
		interpret(lin, kinds[rnd(3)] | (rnd(2) ? MMU_USER : 0), 1 + rnd(16));
		break;
	case 13: case 14: case 15:
		load_cr3(random_cr3());
		break;
	case 16:
		if (!rnd(4))
			change_mode();
		break;
	case 17:
		mmu_invlpg(&vcpu, random_lin());
		break;
	case 18:
		if (!rnd(2))
			lose_frames();
		break;
	case 19:
		trace_step();
		break;
	case 20:
		mmu_monitor_user(&vcpu, rnd(2));
		break;
	case 21: case 22:
		code_step();
		break;
	case 23:
		pool_step();
		break;
	case 24:
		if (!rnd(50))
			shadow_reclaim(&vcpu, 1 + rnd(20));
		break;
	case 25:
		if (!rnd(20))
			return mmu_place_monitor(&vcpu);
		break;
	case 26:
		if (!rnd(30))
			shrink_step();
		break;
	case 27:
		monitor_step();
		break;
	case 28:
		if (!rnd(4))
			copy_kernel();
		break;
	case 33:
		gdt_step();
		break;
	case 29: case 30: case 31:
		alias_step();
		fallthrough;
	case 32:
		return alias_writes();
	}
	return true;
}

static bool run(const struct fake_config *c, u64 seed, u64 steps, u32 check_every, u32 off)
{
	u64 i;

	rnd_state = seed * 0x9e3779b97f4a7c15ull + 1;
	fake_init(c);
	memset(ref_ram, 0, sizeof(ref_ram));
	memset(traced, 0, sizeof(traced));
	ncode = 0;
	pool_nheld = 0;
	fill_tables();
	mmu_trace_register(&vcpu, MMU_TRACE_CODE, on_trace);
	alias_begin();
	shared.no_offers = off;
	shared.guest.cr4 = rnd(2) ? VMBT_CR4_PSE : rnd(2) ? VMBT_CR4_PAE : 0;
	shared.guest.efer = rnd(2) ? VMBT_EFER_NXE : 0;
	shared.guest.cr0 = VMBT_CR0_PE | (rnd(2) ? VMBT_CR0_WP : 0);
	mmu_mode_changed(&vcpu);
	if (rnd(4)) {
		shared.guest.cr0 |= VMBT_CR0_PG;
		while (mmu_load_cr3(&vcpu, random_cr3()) != X_OK)
			;
	}
	if (!mmu_place_monitor(&vcpu))
		broken("no place for the monitor area");
	for (i = 0; i < steps; i++) {
		/* No hole left: the VM would stop. */
		if (!step())
			break;
		check_code();
		if (i % check_every == 0) {
			compare_ram();
			if (!enter())
				break;
			hw_check();
		}
	}
	steps_done += i;
	stat_large += shared.stats.large_fills;
	stat_inherited += shared.stats.links_inherited;
	compare_ram();
	return true;
}

int main(int argc, char **argv)
{
#define P(n, max) .pool_pages = (n), .pool_max = (max)
	static const struct {
		const char *name;
		struct fake_config c;
		u32 runs, steps, every;
	} set[] = {
		{ "floating", { P(4000, 4000), .busy = true }, 12, 40000, 97 },
		{ "floating_checked", { P(4000, 4000) }, 20, 2000, 1 },
		{ "fixed", { P(4000, 4000), .fixed = true, .grants = true }, 8, 40000, 97 },
		{ "split", { P(4000, 4000), .split = true, .grants = true }, 8, 40000, 97 },
		{ "split_checked", { P(4000, 4000), .split = true }, 20, 2000, 1 },
		{ "pcid", { P(4000, 4000), .pcid = true, .trips = true,
		  .grants = true }, 8, 40000, 97 },
		{ "pcid_checked", { P(4000, 4000), .pcid = true, .trips = true }, 20, 2000, 1 },
		{ "la57_encrypted", { P(4000, 4000), .la57 = true,
		  .pte_enc = 1ull << 47 }, 4, 40000, 97 },
		{ "grow", { P(60, 4000), .busy = true }, 4, 40000, 97 },
		{ "grow_pcid", { P(60, 4000), .pcid = true, .trips = true }, 4, 40000, 41 },
		{ "grow_checked", { P(60, 400), .pcid = true }, 20, 2000, 1 },
		{ "huge", { P(4000, 4000), .huge = true, .busy = true }, 8, 40000, 97 },
		{ "huge_checked", { P(4000, 4000), .huge = true }, 12, 2000, 1 },
		{ "huge_pcid", { P(4000, 4000), .huge = true, .pcid = true, .trips = true,
		  .grants = true, .split = true }, 20, 10000, 11 },
		{ "huge_tight", { P(160, 160), .huge = true, .la57 = true,
		  .pte_enc = 1ull << 47 }, 8, 40000, 41 },
		{ "tight_pool", { P(160, 160), .pcid = true, .trips = true }, 8, 40000, 41 },
		{ "tiny_pool", { P(100, 100) }, 8, 40000, 41 },
	};
	u64 scale = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u32 i, r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		if (argc > 3 && strcmp(argv[3], set[i].name))
			continue;
		for (r = 0; r < set[i].runs * scale; r++)
			run(&set[i].c, seed * 1000003 + i * 1009 + r, set[i].steps,
			    set[i].every, r % 4 == 3 ? ~0u : 0);
		printf("ok mmu_random_%s\n", set[i].name);
	}
	printf("# %llu steps: %llu accesses, %llu hits, %llu hidden, ", steps_done,
	       stat_access, stat_hit, stat_fixed);
	printf("%llu true, %llu interpreted, %llu epochs, %llu pages given back, ",
	       stat_true, stat_emul, stat_epoch, stat_given);
	printf("%llu large leaves, %llu times one was looked at, ", stat_large, hw_large);
	printf("%llu links inherited\n", stat_inherited);
	if (argc < 4 && (!stat_large || !hw_large || !stat_inherited))
		broken("no large leaf, or no inherited link, in all of this");
	alias_report(argc < 4);
	return 0;
}
