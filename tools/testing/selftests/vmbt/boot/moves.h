/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The linker's names for moves.c: what vmbt-run calls comes to __wrap_X, and
 * __real_X is vmbt-run's own.
 */
#ifndef VMBT_TEST_MOVES_H
#define VMBT_TEST_MOVES_H

struct machine;
struct vmm;

void __real_vcpu_start(struct machine *m);
void __real_vcpu_join(struct machine *m);
int __real_vmm_run(struct vmm *vmm);

void __wrap_vcpu_start(struct machine *m);
void __wrap_vcpu_join(struct machine *m);
int __wrap_vmm_run(struct vmm *vmm);

#endif
