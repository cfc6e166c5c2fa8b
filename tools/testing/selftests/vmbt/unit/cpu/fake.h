/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest CPU for the tests of cpu/ and desc/: a fake mmu over 2 MiB of memory
 * whose linear pages can be mapped, write-protected and taken away one by one,
 * and short ways to build descriptor tables in it.
 *
 * The fake keeps the promises of mmu.h (all or nothing writes, traces told
 * before a write) and nothing else, so that what is tested is cpu/ and desc/.
 */
#ifndef VMBT_TEST_CPU_FAKE_H
#define VMBT_TEST_CPU_FAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../../../../arch/x86/vmbt/include/layout.h"
#include "../../../../../../arch/x86/vmbt/vmm/cpu/cpu_int.h"
#include "../../../../../../arch/x86/vmbt/vmm/desc/desc_int.h"

#define FAKE_PAGES	512
#define FAKE_RAM	(FAKE_PAGES * 4096)

struct fake_page {
	u32 gfn;
	bool present, writable;
	u8 traces;
	bool super;		/* the guest's mapping keeps ring 3 out */
};

extern struct vcpu cpu;
extern struct vmbt_shared shared;
extern u8 ram[FAKE_RAM];
extern struct fake_page page[FAKE_PAGES];	/* by linear page; traces by gfn */
extern u32 fake_cr3_fails;			/* next loads of CR3: #GP(0) */
extern u32 fake_mode_changes;
extern u32 fake_writes;
extern u64 fake_alias;				/* the frame of mmu_alias_gdt() */
extern u64 fake_tsc;				/* mmu_write() that went through */

/* Where the tests put things. */
#define GDT		0x1000
#define LDT		0x2000
#define IDT		0x3000
#define TSS		0x4000
#define TSS_B		0x5000
#define CODE0		0x10000
#define STACK0		0x21000		/* ring 0, top */
#define STACK3		0x31000		/* ring 3, top */

#define SEL_CODE0	0x08
#define SEL_DATA0	0x10
#define SEL_CODE3	0x1b
#define SEL_DATA3	0x23
#define SEL_TSS		0x28
#define SEL_LDT		0x30
#define SEL_TSS_B	0x38
#define SEL_TEST	0x40		/* the entry a test is about */
#define SEL_TEST2	0x48
#define SEL_TEST3	0x50

#define A_CODE0		0xc09b
#define A_DATA0		0xc093
#define A_CODE3		0xc0fb
#define A_DATA3		0xc0f3

void fake_reset(void);			/* zero memory, identity map, real mode */
void fake_flat(int ring);		/* protected, flat, in ring 0 or 3, IF on */
void fake_v86(void);			/* v86 mode at 1000:0000, IOPL 0 */
void put_desc(u32 table, u16 sel, u32 base, u32 limit, u16 attr);
void put_raw(u32 table, u16 sel, u64 raw);
u64 get_raw(u32 table, u16 sel);
void put_gate(u32 at, u16 sel, u32 off, u16 attr, u8 count);
u32 rd32(u32 lin);
u16 rd16(u32 lin);
void wr32(u32 lin, u32 val);
void wr16(u32 lin, u16 val);

/* Expectations; the format says what happened. */
bool expect(bool good, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 2 + 1, 4)));
/* @r is X_FAULT with this vector and error code. */
bool expect_fault(const char *name, int r, u8 vector, u32 error);
int test_status(void);

/* One line `ok NAME` for all expectations since the last, or what failed. */
void done(const char *name);

u32 rnd(void);
void rnd_seed(u64 seed);		/* not 0 */

#endif
