/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every address-space constant of the VMM world, in one place.
 *
 *   0x0000_0000 .. 0xFFFF_FFFF   the guest's linear space, by shadow page
 *                                tables; the monitor area sits in it, at the
 *                                top (fixed) or in a hole (floating)
 *   0xFFFF_FE80_0000_0000 ..     PML4 slot 509, 512 GiB, never used by Linux:
 *       +0x00_0000_0000  IMAGE   text, rodata, data, bss of the VMM image
 *       +0x00_1000_0000  SHARED  struct vmbt_shared, seen by host and VMM
 *       +0x00_2000_0000  STACK   the VMM's stacks, a guard page below each
 *       +0x00_2800_0000  GDT     the home GDT: one page, mapped twice, so that
 *                                Linux's and the VMM's selectors are valid
 *       +0x00_3000_0000  POOLMAP u64 physical address of each pool page
 *       +0x00_4000_0000  POOL    pool pages, page i at POOL + i * 4096
 *       +0x01_0000_0000  ALIAS   4 GiB of stack aliases for returns to
 *                                16-bit stacks (one page, mapped again and
 *                                again)
 *       +0x10_0000_0000  WINDOW  guest physical memory, gpa at WINDOW + gpa
 *   cross text, cross data       at the same addresses as in the host
 *
 * The monitor area (offsets from its base; the translation cache's code segments
 * have that base, and %gs that of the data page, which is the same but where the
 * area is split, mmu/monitor.c: nothing in it depends on where it sits):
 *
 *   0x0000_0000  DATA      1 page: struct vmbt_mon, writable at ring 1 (and,
 *                          while ring-3 code runs under BT, at ring 3)
 *   0x0000_1000  HASH1     512 KiB: struct vmbt_hash_entry[65536], ring 1
 *   0x0008_1000  HASH3     512 KiB: the same for ring-3 code under BT
 *   0x0010_1000  RT        60 KiB: the ring-1 runtime (vmm/ring1/), read-only
 *   0x0011_0000  ALIAS     64 KiB: page tables of the guest's, writable at ring 1
 *                          (mmu/alias.c); beside DATA where that is elsewhere
 *   0x0012_0000  TC        translation cache: ring-1 code, then (bt_int.h,
 *                          BT_TC3) ring-3 code in pages of its own
 *
 * Only what something was written to has memory (mmu/monpages.c).
 *
 * Assembly includes this file, hence no C here.
 */
#ifndef VMBT_LAYOUT_H
#define VMBT_LAYOUT_H

#define VMBT_PML4_SLOT		509
#define VMBT_VMM_BASE		0xfffffe8000000000
#define VMBT_IMAGE_BASE		0xfffffe8000000000
#define VMBT_IMAGE_MAX		0x0000000001000000
#define VMBT_SHARED_BASE	0xfffffe8010000000
#define VMBT_STACK_BASE		0xfffffe8020000000
#define VMBT_GDT_BASE		0xfffffe8028000000
#define VMBT_POOLMAP_BASE	0xfffffe8030000000
#define VMBT_POOL_BASE		0xfffffe8040000000
#define VMBT_POOL_MAX_PAGES	65536
#define VMBT_ALIAS_BASE		0xfffffe8100000000
#define VMBT_WINDOW_BASE	0xfffffe9000000000
#define VMBT_WINDOW_SIZE	0x0000001000000000

/*
 * Stack n lies at the top of the n-th slot of STACK; what is below it in the
 * slot is not mapped. Index 0 is the VMM's own, 1 takes entries from rings 1
 * and 3, the others are IST stacks.
 */
#define VMBT_STACK_SLOT		0x10000
#define VMBT_STACK_MAIN		0
#define VMBT_STACK_ENTRY	1
#define VMBT_STACK_NMI		2
#define VMBT_STACK_DF		3
#define VMBT_STACK_MC		4
#define VMBT_STACKS		5
#define VMBT_STACK_MAIN_PAGES	12
#define VMBT_STACK_IST_PAGES	2
#define VMBT_STACK_TOP(n)	(VMBT_STACK_BASE + ((n) + 1) * VMBT_STACK_SLOT)

#define VMBT_MON_SIZE		0x00400000
#define VMBT_MON_PDE		0x00200000	/* what an entry of a directory maps */
#define VMBT_MON_DATA		0x00000000
#define VMBT_MON_HASH1		0x00001000
#define VMBT_MON_HASH3		0x00081000
#define VMBT_MON_HASH_ENTRIES	65536
#define VMBT_MON_RT		0x00101000
#define VMBT_MON_HASH2		0x00104000
#define VMBT_MON_HASH2_ENTRIES	4352
#define VMBT_MON_INSN		0x0010f000	/* metal/guestinsn.c */
#define VMBT_MON_ALIAS		0x00110000
#define VMBT_MON_ALIASES	16
#define VMBT_MON_TC		0x00120000
#define VMBT_MON_FIXED_BASE	0xffc00000
#define VMBT_MON_SPLIT_DATA	0xffe00000

/*
 * Selectors of the run GDTs that belong to the VMM: the last entries of a
 * 64 KiB table. A guest selector that lands there is cached, never shared.
 */
#define VMBT_SEL_FIRST		0xff80
#define VMBT_SEL_TSS		0xff80	/* 16 bytes */
#define VMBT_SEL_VMM_CS		0xff90	/* 64-bit, DPL 0 */
#define VMBT_SEL_VMM_SS		0xff98	/* DPL 0 data */
#define VMBT_SEL_TC1_CS		0xffa1	/* 32-bit, DPL 1, base = monitor */
#define VMBT_SEL_TC3_CS		0xffab	/* 32-bit, DPL 3, base = monitor */
#define VMBT_SEL_MON1_GS	0xffb1	/* data, DPL 1, base = data page */
#define VMBT_SEL_MON3_GS	0xffbb	/* data, DPL 3, base = data page */
#define VMBT_SEL_CACHED(n)	(0xffc0 + 8 * (n)) /* n = segment, RPL added */
#define VMBT_SEL_LDT		0xfff0	/* 16 bytes */

/* Vectors: gates with DPL > 0 exist at these only (and at 0x80, DPL 3). */
#define VMBT_VEC_CALLOUT1	0x16	/* DPL 1: callouts of ring-1 code */
#define VMBT_VEC_CALLOUT3	0x17	/* DPL 3: callouts of ring-3 BT code */
#define VMBT_VEC_SYSENTER	0x100	/* software numbers, beyond the IDT */

#endif
