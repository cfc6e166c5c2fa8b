/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the steps of random guests share: the guest, in VMM and reference, and how
 * it is written to.
 */
#ifndef VMBT_UNIT_MMU_RANDOM_H
#define VMBT_UNIT_MMU_RANDOM_H

#include "fake.h"

/* random.c */
extern bool traced[RAM_FRAMES];		/* by the translator's client */
u32 random_lin(void);
u64 random_pte(bool pae);
void both_write(u64 gpa, const void *data, u32 len);	/* without the VMM */
bool enter(void);			/* false: the VM has to stop */
void interpret(u32 lin, u32 access, u32 len);

/* random_alias.c */
void alias_begin(void);			/* of a run */
void gdt_step(void);			/* LGDT, or desc/table.c changes its mind */
void alias_step(void);
bool alias_writes(void);		/* false: the VM has to stop */
void alias_report(bool all);		/* @all: of all configurations, so something happened */

#endif
