// SPDX-License-Identifier: GPL-2.0
/*
 * The pool of pages, a case at a time: what is taken from it, what goes back to the host
 * when it asks and when it does not, and what is made again afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

/* Records and list nodes that say nothing go back, too. */
static void mmu_trims(void)
{
	struct fake_config c = plain;
	u32 t, i, left, pages;

	c.pool_pages = 60;
	c.bare = true;
	start_with(&c, VMBT_CR0_PG, 0, 0, PD << 12);
	left = pool_now();
	/* Sixteen frames, each mapped 60 times: lists of nodes. */
	for (t = 0; t < 60; t++) {
		put(PD << 12 | t * 4, (320 + t) << 12 | 7, 4);
		for (i = 0; i < 16; i++)
			put((320 + t) << 12 | i * 4, (512 + i) << 12 | 7, 4);
	}
	go();
	for (t = 0; t < 60; t++)
		for (i = 0; i < 16; i++)
			EXPECT_EQ(hw(t << 22 | i << 12, MMU_READ), HW_OK);
	EXPECT(vcpu.mmu->node_head && pool_now() > left + 60);
	pages = 0;
	for (i = 0; i < RAM_FRAMES; i += 256)
		pages += !!frame_peek(vcpu.mmu, i);
	EXPECT_EQ(pages, 3);
	/* Of what is in use nothing goes. */
	frame_trim(&vcpu);
	node_trim(&vcpu);
	EXPECT_EQ(frame_peek(vcpu.mmu, 512)->nrmap, 60);
	EXPECT(frame_peek(vcpu.mmu, 320)->trace & MMU_TRACE_SHADOW);
	mmu_shrink(&vcpu, 5000);
	EXPECT_EQ(vcpu.stats->pool_free, 64);
	EXPECT(pool_now() < left + 40);
	EXPECT_EQ(vcpu.mmu->node_head, 0);
	/* What is still traced or mapped is known. */
	EXPECT(frame_peek(vcpu.mmu, PD)->trace & MMU_TRACE_SHADOW);
	EXPECT(!frame_peek(vcpu.mmu, 256) && !frame_peek(vcpu.mmu, 512));
	for (i = 0; i < RAM_FRAMES; i++)
		if (ram_ptr(i))
			memcpy(ref_ram[i], ram_ptr(i), 4096);
	hw_check();
	for (t = 0; t < 60; t++)
		for (i = 0; i < 16; i++)
			EXPECT_EQ(hw(t << 22 | i << 12, MMU_READ), HW_OK);
	hw_check();
}

/* What is free in plenty goes back unasked, and no more than that. */
static void mmu_gives_unasked(void)
{
	struct fake_config c = plain;
	u32 idx[900], i, n, first, had;

	c.pool_pages = 200;
	c.bare = true;
	start_with(&c, 0, 0, 0, 0);
	first = pool_now();
	for (i = 0; i < 900; i++)
		idx[i] = pool_alloc(&vcpu);
	for (i = 0; i < 400; i++)
		pool_free(&vcpu, idx[i]);
	had = pool_now();
	for (n = 0; n < 20; n++)
		mmu_halted(&vcpu);
	EXPECT_EQ(pool_now(), had);
	for (; i < 601; i++)
		pool_free(&vcpu, idx[i]);
	/* Not while the guest takes pages between its halts. */
	idx[600] = pool_alloc(&vcpu);
	for (n = 0; n < 7; n++)
		mmu_halted(&vcpu);
	EXPECT_EQ(pool_now(), had);
	mmu_halted(&vcpu);
	EXPECT_EQ(vcpu.stats->pool_free, 128);
	EXPECT_EQ(pool_now(), had - vcpu.stats->pool_given);
	EXPECT(vcpu.stats->pool_given > 400 && pool_now() > first);
	for (i = 600; i < 900; i++)
		EXPECT(!pool_gone(idx[i]));
}

static void mmu_pool(void)
{
	u32 i, a, b;

	start_with(&plain, 0, 0, 0, 0);
	a = pool_alloc(&vcpu);
	b = pool_alloc(&vcpu);
	EXPECT(a != b);
	memset(plat_pool_virt(a), 0xff, 4096);
	pool_free(&vcpu, a);
	EXPECT_EQ(pool_alloc(&vcpu), a);
	EXPECT_EQ(*(u64 *)plat_pool_virt(a), 0);
	for (i = 0; pool_alloc(&vcpu) != ~0u; i++)
		;
	/* Those of the area that are the guest's page tables come from no pool. */
	EXPECT(i > 1800 && i < 2000 + VMBT_MON_ALIASES);
}

/* Free pages go back, the last ones first, and come again where they were. */
static void mmu_gives_back(void)
{
	struct fake_config c = plain;
	u32 idx[600], i, k, first, end;

	c.pool_pages = 200;
	start_with(&c, 0, 0, 0, 0);
	first = pool_now();
	for (i = 0; i < 600; i++)
		idx[i] = pool_alloc(&vcpu);
	end = pool_end();
	EXPECT(end >= first + 600 - 200 && pool_now() == end);
	/* What is in use, stays: the end of the pool, too. */
	for (i = 100; i < 500; i++)
		pool_free(&vcpu, idx[i]);
	mmu_shrink(&vcpu, 300);
	EXPECT_EQ(shared.stats.pool_given, 300);
	EXPECT_EQ(pool_now(), end - 300);
	EXPECT_EQ(shared.stats.pool_pages, pool_now());
	for (i = 0, k = 0; i < 600; i++) {
		if (i >= 100 && i < 500)
			k += pool_gone(idx[i]);
		else
			EXPECT(!pool_gone(idx[i]));
	}
	EXPECT(k > 0 && pool_end() > idx[599]);
	/* The holes are filled: no new numbers. */
	end = pool_end();
	for (i = 100; i < 100 + k; i++) {
		idx[i] = pool_alloc(&vcpu);
		EXPECT(idx[i] < end && !pool_gone(idx[i]));
		EXPECT_EQ(*(u64 *)plat_pool_virt(idx[i]), 0);
		*(u64 *)plat_pool_virt(idx[i]) = 1;
	}
	EXPECT_EQ(pool_end(), end);
	/* Some free pages stay, and what the VM began with. */
	for (i = 0; i < 600; i++)
		if (i < 100 + k || i >= 500)
			pool_free(&vcpu, idx[i]);
	mmu_shrink(&vcpu, 5000);
	EXPECT_EQ(pool_now(), first);
	mmu_shrink(&vcpu, 5000);
	EXPECT_EQ(pool_now(), first);
	EXPECT(vcpu.mmu->pool_fresh <= vcpu.mmu->pool_pages);
	for (i = 0; i < 600; i++) {
		idx[i] = pool_alloc(&vcpu);
		EXPECT(!pool_gone(idx[i]));
	}
}

/* Shadow pages are recycled for it, and made again. */
static void mmu_gives_shadows_back(void)
{
	struct fake_config c = plain;
	u32 t, i, round, had, left;

	c.pool_pages = 200;
	start_with(&c, VMBT_CR0_PG, 0, 0, PD << 12);
	left = pool_now();
	for (t = 0; t < 300; t++) {
		put(PD << 12 | t * 4, (320 + t) << 12 | 7, 4);
		put((320 + t) << 12 | 4, DATA << 12 | 7, 4);
	}
	go();
	for (round = 0; round < 3; round++) {
		for (t = 0; t < 300; t++)
			EXPECT_EQ(hw(t << 22 | 0x1000, MMU_READ), HW_OK);
		had = vcpu.mmu->nsp;
		EXPECT(had > 300 && pool_now() > left + 250);
		mmu_shrink(&vcpu, 5000);
		EXPECT(vcpu.mmu->nsp < had / 4);
		EXPECT_EQ(pool_now(), left);
		for (i = 0; i < RAM_FRAMES; i++)
			if (ram_ptr(i))
				memcpy(ref_ram[i], ram_ptr(i), 4096);
		hw_check();
	}
	/* When the host has none for us, and then has. */
	while (pool_alloc(&vcpu) != ~0u)
		;
	EXPECT(!vcpu.mmu->growable);
	left = pool_now();
	pool_free(&vcpu, left - 1);
	for (t = 0; t < 200; t++)
		pool_free(&vcpu, left - 2 - t);
	mmu_shrink(&vcpu, 100);
	EXPECT_EQ(pool_now(), left - 100);
	EXPECT(vcpu.mmu->growable);
}

int main(void)
{
	CASE(mmu_trims);
	CASE(mmu_gives_unasked);
	CASE(mmu_pool);
	CASE(mmu_gives_back);
	CASE(mmu_gives_shadows_back);
	return check_failed ? 1 : 0;
}
