/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interpreter's step, wrapped by the linker (--wrap=interp_step).
 *
 * The engine in a process knows no signals: whoever runs it has to look, every
 * now and then, whether it should stop.
 */
#ifndef VMBT_UNIT_ENGINE_VMM_H
#define VMBT_UNIT_ENGINE_VMM_H

struct vcpu;

int __real_interp_step(struct vcpu *v);
int __wrap_interp_step(struct vcpu *v);

#endif
