// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile page tables: arbitrary bytes as the guest's tables, control
 * registers and accesses, nothing well-formed about them.
 *
 * Each input is a guest. Every access goes through mmu_fault() as a hardware
 * fault would and through mmu_read() and mmu_write() as the interpreter's
 * would; the outcome must be the reference's, and in the end no shadow table
 * may map what the guest's tables do not. The sanitizers watch the rest.
 *
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "../unit/mmu/fake.h"

/* Tables lie in the first frames; an input names places in them. */
static void poke(u32 where, u64 val)
{
	u64 gpa = (where % (64 * 512)) * 8ull;

	memcpy(ram_ptr(gpa >> 12) + (gpa & 0xfff), &val, 8);
	memcpy(&ref_ram[gpa >> 12][gpa & 0xfff], &val, 8);
}

static void poke_at(u64 gpa, u64 val, u32 size)
{
	if (gpa + size > 64 * 4096)
		return;
	memcpy(ram_ptr(gpa >> 12) + (gpa & 0xfff), &val, size);
	memcpy(&ref_ram[gpa >> 12][gpa & 0xfff], &val, size);
}

/* One of few addresses, so that what is mapped is what is accessed. */
static u32 address(u32 pick)
{
	static const u32 base[] = {
		0, 0x1000, 0x400000, 0x7ff000, 0xc0000000, 0xffbff000, 0x3fffff, 0x80001000,
	};

	return base[pick & 7] + (pick >> 3);
}

/*
 * All the tables of an address, which random bytes rarely make: flags of both
 * levels and the frames are the input's.
 */
static void map(u32 lin, u64 pde_flags, u64 pte_flags, u32 pt, u32 gfn)
{
	struct vmbt_guest *g = &shared.guest;
	u64 pd = g->cr3 & 0xfffff000;
	u32 size = g->cr4 & VMBT_CR4_PAE ? 8 : 4;

	mmu_zap(&vcpu, 0, 64);
	if (size == 8) {
		pd = (u64)(pt & 3) + 8;
		poke_at((g->cr3 & ~31U) + (lin >> 30) * 8, pd << 12 | 1, 8);
		pd <<= 12;
		lin &= 0x3fffffff;
		pde_flags = (pde_flags & 0xfff) | (pde_flags & 0x1000) << 51;
		pte_flags = (pte_flags & 0xfff) | (pte_flags & 0x1000) << 51;
	} else {
		pde_flags &= 0xfff;
		pte_flags &= 0xfff;
	}
	pt = 16 + pt % 32;
	poke_at(pd + lin / (size == 8 ? 0x200000 : 0x400000) * size,
		(u64)(pde_flags & PTE_PS ? gfn & ~0x3ffU : pt) << 12 | pde_flags | PTE_P, size);
	poke_at(((u64)pt << 12) + (lin >> 12) % (4096 / size) * size,
		(u64)gfn << 12 | pte_flags | PTE_P, size);
	mmu_load_cr3(&vcpu, g->cr3);
}

/* What the CPU would let through now, without a fault, is the guest's to have. */
static void probe(u32 lin)
{
	static const u32 kind[] = { 0, MMU_USER, MMU_WRITE, MMU_WRITE | MMU_USER };
	struct ref_result ref;
	struct hw_result hw;
	struct ref_cpu c;
	u32 i;

	mmu_activate(&vcpu);
	if (mon_contains(&vcpu, lin))
		return;
	ref_from_guest(&c);
	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		hw_invlpg(lin);
		hw = hw_access(lin, kind[i]);
		if (hw.fault)
			continue;
		ref = ref_walk(&c, lin, kind[i], false);
		if (ref.fault || !ref.accessed || ((kind[i] & MMU_WRITE) && !ref.dirty) ||
		    phys_to_gfn(hw.phys & ~0xfffULL) != (s64)(ref.gpa >> 12))
			broken("access %x at %x goes to %llx, reference %d %llx", kind[i], lin,
			       hw.phys, ref.fault, ref.gpa);
	}
}

static void one_access(u32 lin, u32 access)
{
	struct ref_result ref;
	struct ref_cpu c;
	u8 byte = 0;
	bool fault;
	int r, f;

	if (access & MMU_EXEC)
		access &= ~MMU_WRITE;
	ref_from_guest(&c);
	ref = ref_walk(&c, lin, access, true);
	f = mmu_fault(&vcpu, lin, access | (rnd(2) ? VMBT_PF_P : 0));
	fault = f == MMU_FAULT_TRUE;
	if (fault != ref.fault ||
	    (ref.fault && vcpu.exc.error != ref.error))
		broken("access %x at %x: fault %d error %x, reference %d %x",
		       access, lin, f, vcpu.exc.error, ref.fault, ref.error);
	mmio_log.n = 0;
	if (access & MMU_WRITE)
		r = mmu_write(&vcpu, lin, &byte, 1, access & MMU_USER);
	else
		r = mmu_read(&vcpu, lin, &byte, 1, access & MMU_USER);
	if (access & MMU_EXEC)
		ref = ref_walk(&c, lin, access & MMU_USER, true);
	fault = r == X_FAULT;
	if (fault != ref.fault)
		broken("access %x at %x: result %d, reference %d", access, lin,
		       r, ref.fault);
	if (r == X_OK && (access & MMU_WRITE) && gfn_is_ram(ref.gpa >> 12))
		ref_ram[ref.gpa >> 12][ref.gpa & 0xfff] = byte;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct fake_config c = { .pool_pages = 700, .pool_max = 700,
					      .grants = true };
	struct vmbt_guest *g = &shared.guest;
	struct input in = { data, size };
	u32 op, where;
	u64 val;

	/* Where the host's pages are, when it grants writes, when it is asked. */
	rnd_state = (input_take(&in, 2) + 1) * 0x9e3779b97f4a7c15ULL;
	fake_init(&c);
	memset(ref_ram, 0, sizeof(ref_ram));
	val = input_take(&in, 1);
	g->cr0 = VMBT_CR0_PE | (val & 1 ? VMBT_CR0_WP : 0) |
		 (val & 0xe ? VMBT_CR0_PG : 0);
	g->cr4 = (val & 0x10 ? VMBT_CR4_PAE : 0) | (val & 0x20 ? VMBT_CR4_PSE : 0);
	g->efer = val & 0x40 ? VMBT_EFER_NXE : 0;
	g->a20_masked = (val & 0x80) && !input_take(&in, 1);
	mmu_mode_changed(&vcpu);
	while (in.left) {
		op = (u32)input_take(&in, 1);
		switch (op >> 5) {
		case 0:
			where = address(input_take(&in, 2));
			val = input_take(&in, 4);
			map(where, val & 0xffff, val >> 16, op, input_take(&in, 2) % RAM_FRAMES);
			break;
		case 1:
		case 2:		/* a word anywhere in the tables, before use */
			where = (u32)input_take(&in, 2);
			val = input_take(&in, 8);
			mmu_zap(&vcpu, 0, 64);
			poke(where, val);
			break;
		case 3:		/* the guest's store to one */
			where = (u32)input_take(&in, 2) % (64 * 4096 - 8);
			val = input_take(&in, 8);
			mmu_write_phys(&vcpu, where, &val, 1 + (op & 7));
			memcpy((u8 *)ref_ram + where, &val, 1 + (op & 7));
			break;
		case 4:
			mmu_load_cr3(&vcpu, (u32)input_take(&in, 4) & (op & 1 ? ~0u : 0x3ffff));
			break;
		case 5:
			mmu_activate(&vcpu);
			mmu_place_monitor(&vcpu);
			mmu_code_page(&vcpu, (u32)input_take(&in, 4), input_take(&in, 3));
			break;
		default:
			where = op & 1 ? address(input_take(&in, 2)) : input_take(&in, 4);
			one_access(where, op & (MMU_USER | MMU_WRITE | MMU_EXEC));
			if (op & 8)
				probe(where);
			break;
		}
	}
	hw_check();
	return 0;
}

/* Mostly small numbers and table-like words, so that something is mapped. */
size_t random_input(u8 *buf, size_t max, u32 (*below)(u32 n))
{
	size_t n = 64 + below((u32)max - 64), i;
	u64 e;

	for (i = 0; i < n; i++)
		buf[i] = below(256);
	for (i = 4; i + 11 < n; i += 11) {
		if (below(4) == 0)
			continue;
		buf[i] = below(0x60);
		e = (u64)below(64) << 12 | below(4096);
		if (below(2))
			e = e << 32 | ((u64)below(64) << 12 | below(4096));
		if (below(2))
			e |= PTE_P | PTE_W | PTE_U;
		memcpy(buf + i + 3, &e, 8);
	}
	return n;
}
