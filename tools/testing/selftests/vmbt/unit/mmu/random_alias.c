// SPDX-License-Identifier: GPL-2.0
/*
 * Random guests: page tables that ring 1 writes to by itself, and the GDT.
 *
 * Which frame has the GDT, and whether ring 1 may write there, is desc/table.c's to say;
 * here it changes at random, as the other traces of that frame and its mappings do.
 */
#include <stdio.h>
#include <string.h>

#include "random.h"

#define NO_GDT	(~0ull)

static u64 gdt = NO_GDT;
static bool lent;			/* ring 1 may write to it */
static u64 stat_opened, stat_alias, stat_gdt;

static void on_desc(struct vcpu *v, u64 gpa, u32 len)
{
	(void)v;
	if (gpa >> 12 != gdt || (gpa & 0xfff) + len > 4096)
		broken("the GDT's client told of %llx, %u bytes", gpa, len);
}

void alias_begin(void)
{
	gdt = NO_GDT;
	lent = false;
	mmu_trace_register(&vcpu, MMU_TRACE_DESC, on_desc);
}

void gdt_step(void)
{
	struct mmu_xlat x;
	u64 gfn = NO_GDT;

	if (gdt != NO_GDT && rnd(2)) {
		lent = !lent;
		mmu_alias_gdt(&vcpu, lent ? gdt : NO_GDT);
		return;
	}
	if (rnd(4) && mmu_walk(&vcpu, random_lin(), MMU_PEEK, &x) == X_OK &&
	    gfn_is_ram(x.gpa >> 12))
		gfn = x.gpa >> 12;
	if (gdt != NO_GDT)
		mmu_trace_del(&vcpu, gdt, MMU_TRACE_DESC);
	gdt = gfn;
	if (gdt != NO_GDT)
		mmu_trace_add(&vcpu, gdt, MMU_TRACE_DESC);
	lent = gdt != NO_GDT && rnd(4);
	mmu_alias_gdt(&vcpu, lent ? gdt : NO_GDT);
}

/* Where ring 1 finds page @k of the aliases by the guest's own address, if it may. */
static bool alias_lin(u32 k, u32 *lin)
{
	*lin = -vcpu.mon->alias[k].neg_page << 12;
	return vcpu.mon->alias[k].neg_page != VMBT_MON_NONE;
}

/* A page table, or the GDT, is written to by an address of its own, and may get an alias. */
void alias_step(void)
{
	const struct frame *f;
	struct ref_result r;
	struct ref_cpu c;
	u32 lin, tries;

	ref_from_guest(&c);
	for (tries = 0; tries < 400; tries++) {
		lin = random_lin() & ~3u;
		r = ref_walk(&c, lin, MMU_WRITE, false);
		f = r.fault ? NULL : frame_peek(vcpu.mmu, r.gpa >> 12);
		if (f && (f->trace & MMU_TRACE_DESC) && rnd(2))
			break;
		if (f && (f->trace & MMU_TRACE_SHADOW) && (f->trace == MMU_TRACE_SHADOW || !rnd(8)))
			break;
	}
	if (tries == 400)
		return;
	interpret(lin, MMU_WRITE, 4);
	mmu_alias(&vcpu, lin);
	stat_opened += vcpu.mmu->alias_good != 0;
}

/* One write of ring 1's, as the runtime does it; stopped in the middle if @stop. */
static void alias_write(u32 k, u32 lin, bool stop)
{
	struct vmbt_mon *mon = vcpu.mon;
	u32 at = lin + mon->alias[k].delta, left = mon->log_left, val;
	struct ref_result r;
	struct hw_result h;
	struct ref_cpu c;

	ref_from_guest(&c);
	r = ref_walk(&c, lin, MMU_WRITE, false);
	if (r.fault || !r.dirty || !r.accessed)
		broken("alias %u by %x, where the guest cannot write", k, lin);
	h = hw_access(vcpu.mon_data + at, MMU_WRITE);
	if (h.fault || phys_to_gfn(h.phys & ~0xfffull) != (s64)(r.gpa >> 12))
		broken("alias %u by %x: fault %d, frame %llx, not %llx", k, lin, h.fault,
		       phys_to_gfn(h.phys & ~0xfffull), r.gpa >> 12);
	if (k == VMBT_MON_GDT_ALIAS ? !lent || r.gpa >> 12 != gdt :
				      (frame_peek(vcpu.mmu, r.gpa >> 12)->trace & MMU_TRACE_DESC))
		broken("alias %u of frame %llx, and the GDT is %llx", k, r.gpa >> 12, gdt);
	if (traced[r.gpa >> 12])
		broken("alias %u of a traced frame %llx", k, r.gpa >> 12);
	memcpy(&val, &ref_ram[r.gpa >> 12][r.gpa & 0xfff], 4);
	val = rnd(2) ? val ^ (1u << rnd(10)) :
	      (u32)(rnd(4) ? random_pte(false) : random_pte(true) >> rnd(2) * 32);
	/* What is noted of the GDT is for desc/table.c. */
	if (k == VMBT_MON_GDT_ALIAS) {
		both_write(r.gpa, &val, 4);
		stat_gdt++;
		return;
	}
	mon->log[left - 1] = at;
	both_write(r.gpa, &val, 4);
	if (!stop)
		mon->log_left = left - 1;
	stat_alias++;
}

/* Notes of what was never written, beside @left that are free. */
static void alias_forge(u32 left)
{
	struct vmbt_mon *mon = vcpu.mon;

	if (left < 2)
		return;
	mon->log[rnd(left - 1)] = rnd(2) ? (u32)(rnd_state >> 9) :
				  VMBT_MON_ALIAS + rnd(VMBT_MON_ALIASES * 4096);
	mon->log_left = rnd(2) ? rnd(left) : left + VMBT_MON_LOG + rnd(1u << 30);
}

bool alias_writes(void)
{
	u32 n = 1 + rnd(4), i, k, lin;
	bool stop = false;

	if (!enter())
		return false;
	for (i = 0; i < n && !stop; i++) {
		if (!vcpu.mmu->alias_good)
			break;
		do
			k = rnd(VMBT_MON_ALIASES);
		while (!alias_lin(k, &lin));
		stop = !rnd(8);
		alias_write(k, lin | rnd(1024) * 4, stop);
	}
	if (!rnd(8))
		alias_forge(vcpu.mon->log_left);
	mmu_alias_drain(&vcpu);
	return true;
}

void alias_report(bool all)
{
	printf("# %llu writes by aliases, of %llu; %llu to the GDT\n", stat_alias, stat_opened,
	       stat_gdt);
	if (all && (!stat_alias || !stat_gdt))
		broken("ring 1 has written nothing by itself");
}
