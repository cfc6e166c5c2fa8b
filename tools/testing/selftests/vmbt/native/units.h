/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Short programs through the translator: how one is run, and what must come of it.
 */
#ifndef VMBT_NATIVE_UNITS_H
#define VMBT_NATIVE_UNITS_H

#include "native.h"

#define CODE	0x00200000u
#define OTHER	0x00210000u	/* a page that no test makes mixed */
#define STACK	0x00400000u

static struct vcpu *const v = &native_vcpu;
extern u32 *eax;			/* the guest's */

/* One expectation; @got is shown if it is not met. */
void check(bool ok, const char *name, const char *what, u64 got);
void load(u32 at, const void *code, u32 len);	/* a program, or what it works on */
enum native_stop go(u32 eip);			/* to its HLT */
u64 callouts(void);				/* so far */
/* Enter the unit at EIP, which goes to a routine of ring1/; that is told by whom. */
void enter_site(const char *name);

/* alone.c */
void test_sti(void);
void test_popf_nt(void);
void test_shadow(void);
void test_shadow_fpu(void);
void test_loads(void);
void test_load_halves(void);
void test_load_commits(void);
void test_verw(void);
void test_sysexit_commits(void);
void test_reads(void);
void test_iret(void);
void test_iret_stopped(void);

/* post.c */
void test_posts(void);
void test_posts_values(void);
void test_posts_full(void);
void test_posts_stopped(void);

/* fpu.c */
void test_fxsave(void);
void test_fxsave_stopped(void);
void test_fxsave_faults(void);

/* adapt.c */
void test_adapt(void);
void test_adapt_misled(void);
void test_adapt_elsewhere(void);
void test_adapt_alone(void);
void test_adapt_both(void);
void test_adapt_device(void);
void test_adapt_off(void);
void test_alias(void);
void test_alias_not(void);
void test_alias_gdt(void);
void test_alias_stopped(void);

/* heads.c */
void test_heads(void);
void test_heads_faults(void);
void test_heads_sp(void);
void test_heads_stopped(void);

#endif
