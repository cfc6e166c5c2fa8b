// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables that ring 1 writes to by itself (mmu/alias.c), and the GDT: when there is an
 * alias, what comes of what was written by it, and each way in which one has to go, or to be
 * withdrawn, one after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

/* The kernel's address of PT, whose entry 2 maps LIN; of PT_B; of PD. */
#define AT_PT	0x00800000u
#define AT_PT_B	0x00801000u
#define AT_PD	0x00802000u
#define KPT	12ull
#define FAR_PT	1060ull

/* The alias that is shown for the page at @lin, or -1. */
static int alias_of(u32 lin)
{
	for (u32 k = 0; k < VMBT_MON_ALIASES; k++)
		if (vcpu.mon->alias[k].neg_page == -(lin >> 12))
			return k;
	return -1;
}

/* The guest's kernel writes there by a callout, as adaption has it. */
static int write_at(u32 lin, u32 val)
{
	EXPECT_EQ(mmu_write(&vcpu, lin, &val, 4, 0), X_OK);
	mmu_alias(&vcpu, lin);
	mmu_activate(&vcpu);
	return alias_of(lin);
}

/* And so by itself, up to the write, or to its end; the VMM has not seen it yet. */
static void by_alias(u32 lin, u32 val, bool counted)
{
	u32 left = vcpu.mon->log_left, at;
	struct hw_result r;
	int k = alias_of(lin);

	EXPECT(k >= 0);
	if (k < 0)
		return;
	at = lin + vcpu.mon->alias[k].delta;
	r = hw_access(vcpu.mon_data + at, MMU_WRITE);
	vcpu.mon->log[left - 1] = at;
	EXPECT(!r.fault);
	if (!r.fault)
		memcpy(phys_ptr(r.phys & ~0xfffull) + (at & 0xfff), &val, 4);
	if (counted)
		vcpu.mon->log_left = left - 1;
}

/* Is what the CPU does at @lin an access to @gfn? */
static bool leads_to(u32 lin, u64 gfn)
{
	struct hw_result r;

	mmu_activate(&vcpu);
	r = hw_access(lin, MMU_READ);
	return !r.fault && phys_to_gfn(r.phys & ~0xfffull) == (s64)gfn;
}

static void sound_now(void)
{
	mmu_activate(&vcpu);
	sound();
}

static void begin_with(const struct fake_config *c)
{
	start_with(c, VMBT_CR0_PG | VMBT_CR0_WP, 0, 0, PD << 12);
	put(PD << 12 | 1 * 4, PT << 12 | 3, 4);
	put(PT << 12 | 2 * 4, DATA << 12 | 3, 4);
	put(PD << 12 | 2 * 4, KPT << 12 | 3, 4);
	put(KPT << 12 | 0 * 4, PT << 12 | 3, 4);
	put(KPT << 12 | 1 * 4, PT_B << 12 | 3, 4);
	put(KPT << 12 | 2 * 4, PD << 12 | 3, 4);
	put(PD_B << 12 | 2 * 4, KPT << 12 | 0x23, 4);
	go();
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
}

static void begin(void)
{
	begin_with(&plain);
}

static void written_by_ring1(void)
{
	begin();
	EXPECT_EQ(alias_of(AT_PT), -1);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT(!mmu_alias_noted(&vcpu));
	/* Another frame, as of the VMM's next look; nothing stays in the TLB. */
	by_alias(AT_PT + 2 * 4, DATA_B << 12 | 3, true);
	EXPECT(mmu_alias_noted(&vcpu));
	EXPECT_EQ(get(PT << 12 | 2 * 4, 4), DATA_B << 12 | 3);
	mmu_alias_drain(&vcpu);
	EXPECT(!mmu_alias_noted(&vcpu));
	EXPECT_EQ(shared.stats.alias_writes, 1);
	sound_now();
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT(leads_to(LIN, DATA_B));
	/* What is accessed already is there before it is used. */
	by_alias(AT_PT + 4 * 4, DATA << 12 | 0x23, true);
	by_alias(AT_PT + 2 * 4, 0, true);
	mmu_alias_drain(&vcpu);
	EXPECT(leads_to(0x00404000, DATA));
	EXPECT_EQ(hw(LIN, MMU_READ), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 0);
	sound_now();
}

/* What the VMM keeps of the way to a place ends with a note of the table on it. */
static void kept_by_it(void)
{
	u32 val;

	begin();
	put(DATA << 12 | (LIN & 0xfff), 0x1111, 4);
	put(DATA_B << 12 | (LIN & 0xfff), 0x2222, 4);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT(mmu_pin(&vcpu, 0, LIN, 8, false));
	EXPECT(mmu_pins_hold(&vcpu, 0, 1));
	EXPECT_EQ(mmu_read(&vcpu, LIN, &val, 4, 0), X_OK);
	EXPECT_EQ(val, 0x1111);
	by_alias(AT_PT + 2 * 4, DATA_B << 12 | 0x23, true);
	mmu_alias_drain(&vcpu);
	EXPECT(!mmu_pins_hold(&vcpu, 0, 1));
	EXPECT_EQ(mmu_read(&vcpu, LIN, &val, 4, 0), X_OK);
	EXPECT_EQ(val, 0x2222);
}

/* The VMM comes between the write and its count; then it is counted after all. */
static void stopped_in_the_middle(void)
{
	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	by_alias(AT_PT + 2 * 4, DATA_B << 12 | 3, false);
	EXPECT(mmu_alias_noted(&vcpu));
	mmu_alias_drain(&vcpu);
	sound_now();
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT(leads_to(LIN, DATA_B));
	/* The note is made, the write is not done: it is looked at again. */
	put(PT << 12 | 2 * 4, DATA << 12 | 0x23, 4);
	vcpu.mon->log_left = VMBT_MON_LOG - 1;
	mmu_alias_drain(&vcpu);
	EXPECT(leads_to(LIN, DATA));
	EXPECT(!mmu_alias_noted(&vcpu));
	/* From ring 3 nobody goes on there. */
	by_alias(AT_PT + 2 * 4, DATA_B << 12 | 0x23, false);
	vcpu.frame.cs = 0x23;
	mmu_alias_drain(&vcpu);
	EXPECT(!mmu_alias_noted(&vcpu));
	EXPECT(leads_to(LIN, DATA_B));
}

/* Entry 2 of PT with other flags than it has now. */
static void other_flags(u32 less, u32 more)
{
	u32 pte = (u32)get(PT << 12 | 2 * 4, 4);

	by_alias(AT_PT + 2 * 4, (pte & ~less) | more, true);
	mmu_alias_drain(&vcpu);
	sound_now();
}

/* The same page with other rights: what is less stays in place, and is flushed. */
static void rights_change(void)
{
	static const struct fake_config grants = {
		.pool_pages = 2000, .pool_max = 2000, .grants = true,
	};
	u32 i, none = 0;

	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
	/* More writes than a table survives that is used no more. */
	for (i = 0; i < 6; i++) {
		other_flags(2, 0);
		EXPECT(leads_to(LIN, DATA));
		EXPECT_EQ(hw(LIN, MMU_WRITE), MMU_FAULT_TRUE);
		EXPECT_EQ(vcpu.exc.error, 3);
		other_flags(0, 2);
		EXPECT_EQ(hw(LIN, MMU_WRITE), HW_OK);
		EXPECT_EQ(hw_faults, 0);
	}
	EXPECT(alias_of(AT_PT) >= 0);
	/* What is in the TLB is known to be there, whatever was changed before. */
	other_flags(0, 0x200);
	by_alias(AT_PT + 2 * 4, 0, true);
	mmu_alias_drain(&vcpu);
	sound_now();
	EXPECT_EQ(hw(LIN, MMU_READ), MMU_FAULT_TRUE);
	/* A flag that the CPU would have to set again. */
	by_alias(AT_PT + 2 * 4, DATA << 12 | 0x63, true);
	mmu_alias_drain(&vcpu);
	EXPECT(leads_to(LIN, DATA));
	other_flags(PTE_A, 0);
	EXPECT(!leads_to(LIN, DATA));
	/* The host has not granted writes, to some of these. */
	begin_with(&grants);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	for (i = 8; i < 16; i++) {
		put(PT << 12 | i * 4, (DATA + i) << 12 | 3, 4);
		EXPECT_EQ(hw(0x00400000 + i * 4096, MMU_READ), HW_OK);
		by_alias(AT_PT + i * 4, (u32)(DATA + i) << 12 | 0x63, true);
		mmu_alias_drain(&vcpu);
		none += !granted_write(DATA + i);
		sound_now();
		EXPECT_EQ(hw(0x00400000 + i * 4096, MMU_WRITE), HW_OK);
	}
	EXPECT(none);
}

/* PAE: half an entry, which becomes a bad one, and one that is not executable. */
static void half_an_entry(void)
{
	start_with(&plain, VMBT_CR0_PG | VMBT_CR0_WP, VMBT_CR4_PAE, VMBT_EFER_NXE, PDPT << 12);
	put(PDPT << 12, PD << 12 | 1, 8);
	put(PD << 12 | 2 * 8, PT << 12 | 7, 8);
	put(PT << 12 | 2 * 8, DATA << 12 | 7, 8);
	put(PD << 12 | 4 * 8, KPT << 12 | 3, 8);
	put(KPT << 12, PT << 12 | 3, 8);
	go();
	EXPECT_EQ(hw(LIN, MMU_USER | MMU_EXEC), HW_OK);
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 8, 0) >= 0);
	by_alias(AT_PT + 2 * 8 + 4, 1u << 31, true);
	mmu_alias_drain(&vcpu);
	sound_now();
	EXPECT_EQ(hw(LIN, MMU_USER), HW_OK);
	EXPECT_EQ(hw(LIN, MMU_USER | MMU_EXEC), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, MMU_USER | MMU_EXEC | 1);
	by_alias(AT_PT + 2 * 8, DATA << 12 | 0x23, true);
	mmu_alias_drain(&vcpu);
	sound_now();
	EXPECT_EQ(hw(LIN, MMU_USER), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, MMU_USER | 1);
	by_alias(AT_PT + 2 * 8 + 4, 1u << 4, true);
	mmu_alias_drain(&vcpu);
	sound_now();
	EXPECT_EQ(hw(LIN, MMU_READ), MMU_FAULT_TRUE);
	EXPECT_EQ(vcpu.exc.error, 9);
}

/* While nobody is told of writes to a table on the way, nothing is known of that way. */
static void way_let_go(void)
{
	const struct frame *f;

	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT(alias_of(AT_PT) >= 0);
	f = frame_peek(vcpu.mmu, KPT);
	while (f->sps)
		sp_zap(&vcpu, sp_of(vcpu.mmu, f->sps));
	tlb_sync(&vcpu);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
	put(KPT << 12, DATA << 12 | 0x63, 4);
	EXPECT_EQ(hw(AT_PT + 4096, MMU_READ), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
	sound_now();
}

/* Two tables by big pages, one of which is elsewhere in another space. */
static void by_big_pages(void)
{
	u32 a = 0x00800000 + PT * 4096, b = 0x00c00000 + PT_B * 4096;

	start_with(&plain, VMBT_CR0_PG | VMBT_CR0_WP, VMBT_CR4_PSE, 0, PD << 12);
	put(PD << 12 | 1 * 4, PT << 12 | 3, 4);
	put(PT << 12 | 2 * 4, DATA << 12 | 3, 4);
	put(PD << 12 | 4 * 4, PT_B << 12 | 3, 4);
	put(PT_B << 12, DATA << 12 | 3, 4);
	put(PD << 12 | 2 * 4, 0xe3, 4);
	put(PD << 12 | 3 * 4, 0xe3, 4);
	put(PD_B << 12 | 2 * 4, 0xe3, 4);
	put(PD_B << 12 | 4 * 4, PT_B << 12 | 3, 4);
	go();
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(0x01000000, MMU_READ), HW_OK);
	EXPECT_EQ(hw(a, MMU_READ), HW_OK);
	EXPECT_EQ(hw(b, MMU_READ), HW_OK);
	EXPECT(write_at(a + 3 * 4, 0) >= 0);
	EXPECT(write_at(b + 3 * 4, 0) >= 0);
	/* The second one's place is nowhere there. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(hw(0x01000000, MMU_READ), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT(alias_of(a) >= 0 && alias_of(b) >= 0);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT(alias_of(a) >= 0);
	EXPECT_EQ(alias_of(b), -1);
	sound_now();
	/* By the same entry, of which only the first has been looked at since it changed. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(hw(0x00800000 + PT_B * 4096, MMU_READ), HW_OK);
	EXPECT(write_at(0x00800000 + PT_B * 4096 + 3 * 4, 0) >= 0);
	store(PD << 12 | 2 * 4, 0x4000e3, 4);
	EXPECT_EQ(alias_of(a), -1);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(a), -1);
	EXPECT_EQ(alias_of(0x00800000 + PT_B * 4096), -1);
}

/* Where a big page is elsewhere in the other space, an alias found by it is not shown. */
static void another_big_page(void)
{
	u32 a = 0x00800000 + PT * 4096, c = 0x00800000 + (FAR_PT - 1024) * 4096;

	start_with(&plain, VMBT_CR0_PG | VMBT_CR0_WP, VMBT_CR4_PSE, 0, PD_B << 12);
	put(PD_B << 12 | 1 * 4, FAR_PT << 12 | 3, 4);
	put(FAR_PT << 12 | 2 * 4, DATA << 12 | 3, 4);
	put(PD_B << 12 | 2 * 4, 0x4000e3, 4);
	put(PD << 12 | 1 * 4, PT << 12 | 3, 4);
	put(PT << 12 | 2 * 4, DATA << 12 | 3, 4);
	put(PD << 12 | 2 * 4, 0xe3, 4);
	go();
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(c, MMU_READ), HW_OK);
	EXPECT_EQ(write_at(c + 3 * 4, 0), 0);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT_EQ(hw(a, MMU_READ), HW_OK);
	EXPECT_EQ(write_at(a + 3 * 4, 0), 1);
	EXPECT_EQ(alias_of(c), -1);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(c), 0);
	EXPECT_EQ(alias_of(a), -1);
}

static void full_and_forged(void)
{
	u32 i, k;

	begin();
	k = write_at(AT_PT + 3 * 4, 0);
	EXPECT(k < VMBT_MON_ALIASES);
	for (i = 0; i < VMBT_MON_LOG; i++)
		by_alias(AT_PT + (8 + i) * 4, DATA << 12 | 0x23, true);
	EXPECT_EQ(vcpu.mon->log_left, 0);
	mmu_alias_drain(&vcpu);
	EXPECT(!mmu_alias_noted(&vcpu));
	/* The fourth without use is the end of it as a table. */
	EXPECT_EQ(shared.stats.alias_writes, 4);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	k = write_at(AT_PT + 3 * 4, 0);
	EXPECT(k < VMBT_MON_ALIASES);
	/* No alias there, none at all; more notes than there is room for. */
	vcpu.mon->log[VMBT_MON_LOG - 1] = VMBT_MON_ALIAS + (k + 1) % VMBT_MON_ALIASES * 4096;
	vcpu.mon->log[VMBT_MON_LOG - 2] = VMBT_MON_ALIAS + VMBT_MON_ALIASES * 4096;
	vcpu.mon->log[VMBT_MON_LOG - 3] = VMBT_MON_ALIAS - 4;
	vcpu.mon->log[VMBT_MON_LOG - 4] = 0xffffffff;
	vcpu.mon->log[0] = VMBT_MON_ALIAS + k * 4096 + 0xfff;
	vcpu.mon->log_left = 0xffffffff;
	mmu_alias_drain(&vcpu);
	EXPECT_EQ(shared.stats.alias_writes, 4 + 1);
	EXPECT(!mmu_alias_noted(&vcpu));
	sound_now();
}

/* What must not have one. */
static void refused(void)
{
	u32 zero = 0;

	begin();
	/* A directory, which is in use as one. */
	EXPECT_EQ(hw(AT_PD, MMU_READ), HW_OK);
	EXPECT_EQ(write_at(AT_PD + 9 * 4, 0), -1);
	/* Who has no trace needs none; a client's writes are its own. */
	EXPECT_EQ(hw(AT_PT_B, MMU_READ), HW_OK);
	EXPECT_EQ(write_at(AT_PT_B + 4, 0), -1);
	mmu_trace_add(&vcpu, PT, MMU_TRACE_DESC);
	EXPECT_EQ(write_at(AT_PT + 3 * 4, 0), -1);
	mmu_trace_del(&vcpu, PT, MMU_TRACE_DESC);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	/* The table that it is found by itself; no other one that way, either. */
	put(KPT << 12 | 3 * 4, KPT << 12 | 3, 4);
	EXPECT_EQ(hw(0x00803000, MMU_READ), HW_OK);
	EXPECT_EQ(write_at(0x00803000 + 9 * 4, 0), -1);
	/* An address that it has not been written by yet: the CPU has flags to set. */
	begin();
	put(KPT << 12 | 4 * 4, PT << 12 | 0x23, 4);
	EXPECT_EQ(mmu_write(&vcpu, AT_PT + 3 * 4, &zero, 4, 0), X_OK);
	mmu_alias(&vcpu, 0x00804000);
	EXPECT_EQ(alias_of(0x00804000), -1);
	/* Breakpoints are by the guest's addresses. Each with as few writes as leave a table. */
	begin();
	vcpu.guest->dr[7] |= 1;
	EXPECT_EQ(write_at(AT_PT + 3 * 4, 0), -1);
	vcpu.guest->dr[7] &= ~1u;
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	begin();
	shared.no_offers = VMBT_OFFER_ALIASES;
	EXPECT_EQ(write_at(AT_PT + 3 * 4, 0), -1);
	shared.no_offers = 0;
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	sound_now();
}

/* The table of AT_PT's own mapping gets one only if PT has none then, and back. */
static void found_by_one(void)
{
	begin();
	put(PD << 12 | 3 * 4, PT_B << 12 | 3, 4);
	put(PT_B << 12, KPT << 12 | 3, 4);
	EXPECT_EQ(hw(0x00c00000, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT(write_at(0x00c00000 + 9 * 4, 0) >= 0);
	EXPECT_EQ(alias_of(AT_PT), -1);
	EXPECT_EQ(write_at(AT_PT + 3 * 4, 0), -1);
	sound_now();
	/* A directory that is traced as a page table, and has not been used yet. */
	begin();
	put(PD << 12 | 3 * 4, PD_B << 12 | 3, 4);
	put(KPT << 12 | 4 * 4, PD_B << 12 | 3, 4);
	EXPECT_EQ(hw(0x00c02000, MMU_READ), HW_OK);
	EXPECT(write_at(0x00804000 + 9 * 4, 0) >= 0);
	vcpu.guest->cr3 = PD_B << 12;
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(write_at(AT_PT + 3 * 4, 0), -1);
	/* Nobody would say when that one is written that has no trace any more. */
	begin();
	put(PD << 12 | 3 * 4, PT_B << 12 | 3, 4);
	put(PT_B << 12, KPT << 12 | 3, 4);
	EXPECT_EQ(hw(0x00c00000, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT(mmu_drop_traces(&vcpu, 0x00c00000));
	EXPECT_EQ(alias_of(AT_PT), -1);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
}

static bool closed(void)
{
	return !frame_peek(vcpu.mmu, PT)->alias && alias_of(AT_PT) == -1;
}

/* Ways in which it goes for good, and no mapping stays behind. */
static void goes(void)
{
	static const struct fake_config pcid = {
		.pool_pages = 2000, .pool_max = 2000, .pcid = true,
	};

	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	by_alias(AT_PT + 3 * 4, 0, true);
	mmu_alias_drain(&vcpu);
	mmu_trace_add(&vcpu, PT, MMU_TRACE_DESC);
	EXPECT(closed());
	sound_now();
	mmu_trace_del(&vcpu, PT, MMU_TRACE_DESC);
	/* The host takes the frame. */
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	by_alias(AT_PT + 3 * 4, 0, true);
	mmu_alias_drain(&vcpu);
	host_move(PT);
	mmu_zap(&vcpu, PT, PT + 1);
	EXPECT(closed());
	sound_now();
	/* It becomes a directory. */
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	by_alias(AT_PT + 3 * 4, 0, true);
	mmu_alias_drain(&vcpu);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PT << 12), X_OK);
	mmu_activate(&vcpu);
	hw(LIN, MMU_READ);
	EXPECT(closed());
	sound_now();
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	/* There is code behind it. */
	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	mmu_code_page(&vcpu, LIN, DATA);
	EXPECT(closed());
	/* Another root's TLB has it, by a number of its own. */
	begin_with(&pcid);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	by_alias(AT_PT + 3 * 4, 0, true);
	mmu_alias_drain(&vcpu);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	mmu_activate(&vcpu);
	mmu_trace_add(&vcpu, PT, MMU_TRACE_DESC);
	EXPECT(closed());
	sound_now();
	/* It is let go: four writes without use. */
	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	for (u32 i = 0; i < 4; i++)
		by_alias(AT_PT + (3 + i) * 4, 0, true);
	mmu_alias_drain(&vcpu);
	EXPECT(closed());
	sound_now();
}

/* Ways in which it is withdrawn, and comes back if all is as it was. */
static void withdrawn(void)
{
	u32 val = KPT << 12 | 0x23, i;

	begin();
	put(PD_B << 12 | 3 * 4, PT_B << 12 | 3, 4);
	put(PT_B << 12, DATA_B << 12 | 3, 4);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	/* Another address space that has the same table there, and one that has not. */
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(alias_of(AT_PT), -1);
	EXPECT_EQ(hw(0x00c00000, MMU_READ), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT(alias_of(AT_PT) >= 0);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT(alias_of(AT_PT) >= 0);
	store(PD_B << 12 | 2 * 4, 0, 4);
	EXPECT_EQ(alias_of(AT_PT), -1);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT(alias_of(AT_PT) >= 0);
	/* The tables on the way to the address. */
	store(KPT << 12 | 0, PT_B << 12 | 0x63, 4);
	EXPECT_EQ(alias_of(AT_PT), -1);
	mmu_activate(&vcpu);
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
	EXPECT_EQ(alias_of(AT_PT), -1);
	store(KPT << 12 | 0, PT << 12 | 0x63, 4);
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	store(PD << 12 | 2 * 4, val, 4);
	EXPECT_EQ(alias_of(AT_PT), -1);
	mmu_activate(&vcpu);
	/* Twice. */
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	for (i = 0; i < 2; i++) {
		store(KPT << 12 | (600 + i) * 4, 0x1000, 4);
		EXPECT_EQ(alias_of(AT_PT), -1);
		mmu_activate(&vcpu);
		EXPECT(alias_of(AT_PT) >= 0);
	}
	/* Breakpoints, and another way of paging. */
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	vcpu.guest->dr[7] |= 1;
	mmu_alias_forget(&vcpu, false);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
	vcpu.guest->dr[7] &= ~1u;
	mmu_activate(&vcpu);
	EXPECT(alias_of(AT_PT) >= 0);
	vcpu.guest->cr0 &= ~VMBT_CR0_PG;
	mmu_mode_changed(&vcpu);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
	/* What was forged is told anew. */
	vcpu.mon->alias[3].neg_page = -7u;
	mmu_alias_restore(&vcpu);
	EXPECT_EQ(vcpu.mon->alias[3].neg_page, VMBT_MON_NONE);
	sound_now();
}

/* A directory that nothing has been found by yet. */
static void new_directory(void)
{
	begin();
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(alias_of(AT_PT), -1);
	mmu_activate(&vcpu);
	EXPECT(alias_of(AT_PT) >= 0);
	sound_now();
}

/* The kernel may not write there in the other space, or has not: the walk says so. */
static void not_so_there(u32 i)
{
	begin();
	put(PD_B << 12 | 3 * 4, PT_B << 12 | 3, 4);
	put(PT_B << 12, DATA_B << 12 | 3, 4);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	put(PD_B << 12 | 2 * 4, KPT << 12 | (i ? 0x21 : 3), 4);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(hw(0x00c00000, MMU_READ), HW_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
	EXPECT_EQ(get(PD_B << 12 | 2 * 4, 4), KPT << 12 | (i ? 0x21 : 3));
}

static void read_only_there(void)
{
	not_so_there(0);
	not_so_there(1);
	/* Nor where CR0.WP begins to count. */
	begin();
	vcpu.guest->cr0 &= ~VMBT_CR0_WP;
	mmu_mode_changed(&vcpu);
	store(KPT << 12, PT << 12 | 0x61, 4);
	EXPECT_EQ(hw(AT_PT, MMU_READ), HW_OK);
	EXPECT_EQ(hw(LIN, MMU_READ), HW_OK);
	EXPECT(write_at(AT_PT + 3 * 4, 0) >= 0);
	vcpu.guest->cr0 |= VMBT_CR0_WP;
	mmu_mode_changed(&vcpu);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_PT), -1);
}

/* More tables than aliases: the first ones go, each is of its own table. */
static void more_than_there_are(void)
{
	static const struct fake_config split = {
		.pool_pages = 2000, .pool_max = 2000, .split = true, .pcid = true,
	};
	u32 n, k, have = 0;

	begin_with(&split);
	for (n = 0; n < VMBT_MON_ALIASES + 4; n++) {
		put(PD << 12 | (16 + n) * 4, (40 + n) << 12 | 3, 4);
		put((40 + n) << 12, DATA << 12 | 3, 4);
		put(KPT << 12 | (16 + n) * 4, (40 + n) << 12 | 3, 4);
		EXPECT_EQ(hw((16 + n) << 22, MMU_READ), HW_OK);
		EXPECT_EQ(hw(0x00810000 + n * 4096, MMU_READ), HW_OK);
		EXPECT(write_at(0x00810000 + n * 4096 + 4, 0) >= 0);
		by_alias(0x00810000 + n * 4096 + 4, 0, true);
		mmu_alias_drain(&vcpu);
		sound_now();
	}
	for (n = 0; n < VMBT_MON_ALIASES + 4; n++) {
		k = frame_peek(vcpu.mmu, 40 + n)->alias;
		have += !!k;
		EXPECT_EQ(alias_of(0x00810000 + n * 4096), (int)k - 1);
	}
	/* The last one is the GDT's. */
	EXPECT_EQ(have, VMBT_MON_ALIASES - 1);
	EXPECT_EQ(vcpu.mon->alias[VMBT_MON_GDT_ALIAS].neg_page, VMBT_MON_NONE);
}

/* The kernel's address of the GDT's page, and another; its frame, and another. */
#define AT_GDT	0x00805000u
#define AT_GDT2	0x00806000u
#define GDT	30ull
#define GDT_B	31ull

/* The clients that are told of writes to the GDT. */
static u32 told;

static void desc_told(struct vcpu *v, u64 gpa, u32 len)
{
	(void)v;
	(void)len;
	told += gpa >> 12 == GDT;
}

static void begin_gdt(void)
{
	begin();
	put(KPT << 12 | 5 * 4, GDT << 12 | 3, 4);
	put(KPT << 12 | 6 * 4, GDT_B << 12 | 3, 4);
	EXPECT_EQ(hw(AT_GDT, MMU_READ), HW_OK);
	mmu_trace_register(&vcpu, MMU_TRACE_DESC, desc_told);
	mmu_trace_add(&vcpu, GDT, MMU_TRACE_DESC);
	mmu_alias_gdt(&vcpu, GDT);
	told = 0;
	EXPECT_EQ(write_at(AT_GDT + 48, 1), VMBT_MON_GDT_ALIAS);
	EXPECT_EQ(told, 1);
	sound_now();
}

/* Ring 1 writes there, and notes it for somebody else. */
static void to_gdt(u32 off, u32 val)
{
	u32 at = AT_GDT + off + vcpu.mon->alias[VMBT_MON_GDT_ALIAS].delta;
	struct hw_result r = hw_access(vcpu.mon_data + at, MMU_WRITE);

	EXPECT(!r.fault && at == VMBT_MON_ALIAS + VMBT_MON_GDT_ALIAS * 4096 + off);
	if (!r.fault)
		memcpy(phys_ptr(r.phys & ~0xfffull) + off, &val, 4);
	vcpu.mon->gdt_log[--vcpu.mon->gdt_left] = at;
}

static bool gdt_closed(void)
{
	struct frame *f = frame_peek(vcpu.mmu, GDT);
	struct hw_result r;

	sound_now();
	r = hw_access(vcpu.mon_data + VMBT_MON_ALIAS + VMBT_MON_GDT_ALIAS * 4096, MMU_WRITE);
	return r.fault && !f->alias && alias_of(AT_GDT) == -1;
}

static void gdt_written(void)
{
	begin_gdt();
	to_gdt(48, 0x1234);
	EXPECT_EQ(get(GDT << 12 | 48, 4), 0x1234);
	/* That is not for here, and nobody has been told. */
	EXPECT(!mmu_alias_noted(&vcpu));
	mmu_alias_drain(&vcpu);
	EXPECT_EQ(vcpu.mon->gdt_left, VMBT_MON_LOG - 1);
	EXPECT_EQ(told, 1);
	/* Nor is what ring 1 says of it where notes of page tables are. */
	vcpu.mon->log[VMBT_MON_LOG - 1] = VMBT_MON_ALIAS + VMBT_MON_GDT_ALIAS * 4096;
	vcpu.mon->log_left = VMBT_MON_LOG - 1;
	mmu_alias_drain(&vcpu);
	EXPECT_EQ(shared.stats.alias_writes, 0);
	/* By any other way it is traced as before. */
	EXPECT_EQ(hw(AT_GDT, MMU_WRITE), MMU_FAULT_EMULATE);
	mmu_written(&vcpu, GDT, GDT + 1);
	EXPECT_EQ(told, 2);
}

static void gdt_refused(void)
{
	u32 i;

	begin_gdt();
	/* A page of another table of descriptors, and this one's when it is not agreed to. */
	EXPECT_EQ(hw(AT_GDT2, MMU_READ), HW_OK);
	mmu_trace_add(&vcpu, GDT_B, MMU_TRACE_DESC);
	EXPECT_EQ(write_at(AT_GDT2, 1), -1);
	mmu_alias_gdt(&vcpu, ~0ull);
	EXPECT(gdt_closed());
	EXPECT_EQ(write_at(AT_GDT + 48, 1), -1);
	/* Code is there, too. */
	mmu_alias_gdt(&vcpu, GDT);
	mmu_trace_add(&vcpu, GDT, MMU_TRACE_CODE);
	EXPECT_EQ(write_at(AT_GDT + 48, 1), -1);
	mmu_trace_del(&vcpu, GDT, MMU_TRACE_CODE);
	EXPECT_EQ(write_at(AT_GDT + 48, 1), VMBT_MON_GDT_ALIAS);
	shared.no_offers = VMBT_OFFER_ALIASES;
	mmu_alias_gdt(&vcpu, ~0ull);
	mmu_alias_gdt(&vcpu, GDT);
	EXPECT_EQ(write_at(AT_GDT + 48, 1), -1);
	shared.no_offers = 0;
	/* Page tables that share the entry of its hint keep it. */
	i = vmbt_hot_index(AT_GDT);
	vcpu.mon->hot[i] = VMBT_MON_HOT_ALIAS + 2;
	EXPECT_EQ(write_at(AT_GDT + 48, 1), VMBT_MON_GDT_ALIAS);
	EXPECT_EQ(vcpu.mon->hot[i], VMBT_MON_HOT_ALIAS + 2);
}

static void gdt_goes(void)
{
	static const u32 clients[] = { MMU_TRACE_CODE, MMU_TRACE_DIRTYLOG };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		begin_gdt();
		mmu_trace_add(&vcpu, GDT, clients[i]);
		EXPECT(gdt_closed());
	}
	begin_gdt();
	mmu_trace_del(&vcpu, GDT, MMU_TRACE_DESC);
	EXPECT(gdt_closed());
	/* It is a page table of some process as well. */
	begin_gdt();
	put(PD << 12 | 5 * 4, GDT << 12 | 3, 4);
	put(GDT << 12, DATA << 12 | 3, 4);
	EXPECT_EQ(hw(0x01400000, MMU_READ), HW_OK);
	EXPECT(gdt_closed());
	/* The host takes it, which counts as a write. */
	begin_gdt();
	host_move(GDT);
	mmu_zap(&vcpu, GDT, GDT + 1);
	EXPECT(gdt_closed());
	EXPECT_EQ(told, 2);
	/* LGDT: another page. */
	begin_gdt();
	EXPECT_EQ(hw(AT_GDT2, MMU_READ), HW_OK);
	mmu_trace_del(&vcpu, GDT, MMU_TRACE_DESC);
	mmu_trace_add(&vcpu, GDT_B, MMU_TRACE_DESC);
	mmu_alias_gdt(&vcpu, GDT_B);
	EXPECT(gdt_closed());
	EXPECT_EQ(write_at(AT_GDT2 + 48, 1), VMBT_MON_GDT_ALIAS);
	sound_now();
	/* Its mapping: the alias is withdrawn at once, and not shown for another page. */
	begin_gdt();
	store(KPT << 12 | 5 * 4, GDT_B << 12 | 0x63, 4);
	EXPECT_EQ(alias_of(AT_GDT), -1);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_GDT), -1);
	/* Another address space, and back. */
	begin_gdt();
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD_B << 12), X_OK);
	EXPECT_EQ(alias_of(AT_GDT), -1);
	EXPECT_EQ(mmu_load_cr3(&vcpu, PD << 12), X_OK);
	mmu_activate(&vcpu);
	EXPECT_EQ(alias_of(AT_GDT), VMBT_MON_GDT_ALIAS);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	CASE(written_by_ring1);
	CASE(kept_by_it);
	CASE(stopped_in_the_middle);
	CASE(rights_change);
	CASE(half_an_entry);
	CASE(way_let_go);
	CASE(by_big_pages);
	CASE(another_big_page);
	CASE(full_and_forged);
	CASE(refused);
	CASE(found_by_one);
	CASE(goes);
	CASE(withdrawn);
	CASE(new_directory);
	CASE(read_only_there);
	CASE(more_than_there_are);
	CASE(gdt_written);
	CASE(gdt_refused);
	CASE(gdt_goes);
	return check_failed ? 1 : 0;
}
