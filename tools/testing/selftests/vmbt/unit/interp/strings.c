// SPDX-License-Identifier: GPL-2.0
/*
 * REP MOVS and REP STOS against the loop of the manual: item by item, upwards
 * and downwards, overlapping, across pages, past the segment's limit, with
 * 16-bit and 32-bit addresses. The interpreter does runs at once, and nobody
 * may be able to tell.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define CODE	0x9000
#define DATA	0x10000
#define ROOM	0x6000
#define BASE	DATA

static u8 want[ROOM + 16];
static u32 seed = 12345;

static u32 rnd(u32 n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

struct rep {
	u32 esi, edi, ecx, eax, limit;
	u32 size, asize;
	bool movs, down;
};

static void setup(const struct rep *t)
{
	struct vmbt_guest *g = cpu.guest;
	u32 i;

	cpu_reset(&cpu);
	g->cr0 = VMBT_CR0_ET | VMBT_CR0_NE | VMBT_CR0_PE;
	for (int s = 0; s < VMBT_NSEG; s++) {
		g->seg[s].sel = 8 * (s + 1);
		g->seg[s].base = s == VMBT_CS ? 0 : BASE;
		g->seg[s].limit = s == VMBT_CS ? ~0U : t->limit;
		g->seg[s].attr = VMBT_ATTR_P | VMBT_ATTR_S | 3 | VMBT_ATTR_G |
				 VMBT_ATTR_DB | (s == VMBT_CS ? VMBT_ATTR_CODE : 0);
	}
	g->gpr[VMBT_ESI] = t->esi;
	g->gpr[VMBT_EDI] = t->edi;
	g->gpr[VMBT_ECX] = t->ecx;
	g->gpr[VMBT_EAX] = t->eax;
	g->eip = CODE;
	g->eflags = VMBT_X86_EFLAGS_FIXED | (t->down ? VMBT_X86_EFLAGS_DF : 0);
	for (i = 0; i < ROOM; i++)
		ram[DATA + i] = i * 7 + (i >> 8);
	memcpy(want, ram + DATA, ROOM);
	i = CODE;
	if (t->asize == 2)
		ram[i++] = 0x67;
	if (t->size == 2)
		ram[i++] = 0x66;
	ram[i++] = 0xf3;
	ram[i] = (t->movs ? 0xa4 : 0xaa) + (t->size > 1);
	mmu_mode_changed(&cpu);
}

static bool fits(const struct rep *t, u32 off)
{
	return off <= t->limit && t->limit - off >= t->size - 1;
}

/* The manual's loop on want[]; true if it ends with a fault. */
static bool reference(struct rep *t)
{
	u32 mask = t->asize == 2 ? 0xffff : ~0U, val, by;

	by = t->down ? 0 - t->size : t->size;
	for (; t->ecx; t->ecx--) {
		val = t->eax;
		if (t->movs) {
			if (!fits(t, t->esi & mask))
				return true;
			memcpy(&val, want + (t->esi & mask), t->size);
		}
		if (!fits(t, t->edi & mask))
			return true;
		memcpy(want + (t->edi & mask), &val, t->size);
		if (t->movs)
			t->esi = (t->esi & ~mask) | ((t->esi + by) & mask);
		t->edi = (t->edi & ~mask) | ((t->edi + by) & mask);
	}
	return false;
}

static void one(struct rep t)
{
	struct vmbt_guest *g = cpu.guest;
	u32 steps = 0;
	bool faults;
	int r;

	setup(&t);
	faults = reference(&t);
	do {
		r = interp_step(&cpu);
	} while (r == X_OK && g->eip == CODE && ++steps < 100000);
	EXPECT_EQ(r, faults ? X_FAULT : X_OK);
	EXPECT(faults == (g->eip == CODE));
	EXPECT_EQ(g->gpr[VMBT_ECX], t.ecx);
	EXPECT_EQ(g->gpr[VMBT_ESI], t.esi);
	EXPECT_EQ(g->gpr[VMBT_EDI], t.edi);
	EXPECT(!memcmp(ram + DATA, want, ROOM));
}

static void rep_random(void)
{
	u32 i;

	for (i = 0; i < 20000; i++) {
		struct rep t = { .size = 1u << rnd(3), .asize = rnd(4) ? 4 : 2,
				 .movs = rnd(2), .down = !rnd(4),
				 .eax = rnd(1 << 24) * 77, .limit = ROOM - 1 };

		t.ecx = rnd(3) ? rnd(600) : rnd(3000);
		t.edi = rnd(ROOM - 16);
		t.esi = rnd(3) ? rnd(ROOM - 16) : (t.edi + rnd(64) - 32) % (ROOM - 16);
		if (!rnd(3))
			t.limit = rnd(ROOM - 1);
		one(t);
	}
}

/* A page cleared must not cost a walk for each item. */
static void rep_page(void)
{
	struct rep t = { .size = 4, .asize = 4, .edi = 0x1000, .ecx = 1024,
			 .limit = ROOM - 1 };

	setup(&t);
	EXPECT_EQ(interp_step(&cpu), X_OK);
	EXPECT(cpu.guest->eip != CODE);
	EXPECT_EQ(cpu.guest->gpr[VMBT_ECX], 0);
}

int main(void)
{
	machine_init();

	CASE(rep_random);
	CASE(rep_page);
	return check_failed != 0;
}
