/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that the interpreter's tests run instructions on: a vCPU and 1 MiB of
 * memory in this process. A test is one file and includes this once.
 */
#ifndef VMBT_UNIT_INTERP_MACHINE_H
#define VMBT_UNIT_INTERP_MACHINE_H

#include <stdarg.h>
#include <stdio.h>

#include "../../lib/engine.h"
#include "../runner/check.h"
#include "../../../../../../arch/x86/vmbt/include/layout.h"
#include "../../../../../../arch/x86/vmbt/vmm/cpu/cpu.h"
#include "../../../../../../arch/x86/vmbt/vmm/desc/desc.h"
#include "../../../../../../arch/x86/vmbt/vmm/interp/interp.h"
#include "../../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../../arch/x86/vmbt/vmm/plat.h"
#include "../../../../../../arch/x86/vmbt/vmm/vcpu.h"

static u8 ram[0x100000] __aligned(4096);
static struct vcpu cpu;

/* Why it stops is in the text that both worlds share, as in the image. */
int vcpu_unsupported(struct vcpu *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->shared->text, sizeof(v->shared->text), fmt, ap);
	va_end(ap);
	return X_UNSUPPORTED;
}

static void machine_init(void)
{
	engine_plat(ram, sizeof(ram));
	cpu.shared = engine_shared();
	cpu.guest = &cpu.shared->guest;
	cpu.stats = &cpu.shared->stats;
	mmu_init(&cpu, 4, 2048);
	mmu_set_template(&cpu, 1, false, 0);
	mmu_monitor_init(&cpu);
	desc_init(&cpu);
}

#endif
