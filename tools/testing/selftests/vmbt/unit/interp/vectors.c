// SPDX-License-Identifier: GPL-2.0
/*
 * The interpreter against real-mode single-step tests measured on hardware
 * (lib/vectors.c).
 *
 * usage: vectors DIRECTORY [OPCODE...]
 */
#include <stdarg.h>
#include <stdio.h>

#include "../../lib/engine.h"
#include "../../lib/vectors.h"
#include "../../../../../../arch/x86/vmbt/vmm/cpu/cpu.h"
#include "../../../../../../arch/x86/vmbt/vmm/desc/desc.h"
#include "../../../../../../arch/x86/vmbt/vmm/interp/interp.h"
#include "../../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../../arch/x86/vmbt/vmm/plat.h"

#define MAX_STEPS	200000

static u8 ram[VECTORS_RAM] __aligned(4096);
static struct vcpu cpu;

int vcpu_unsupported(struct vcpu *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->shared->text, sizeof(v->shared->text), fmt, ap);
	va_end(ap);
	return X_UNSUPPORTED;
}

static int run(void)
{
	int r = X_OK, steps;

	for (steps = 0; steps < MAX_STEPS && r == X_OK; steps++)
		r = interp_step(&cpu);
	return r;
}

int main(int argc, char **argv)
{
	const struct vectors_engine interp = {
		.name = "vectors", .cpu = &cpu, .ram = ram, .run = run };

	engine_plat(ram, sizeof(ram));
	cpu.shared = engine_shared();
	cpu.guest = &cpu.shared->guest;
	cpu.stats = &cpu.shared->stats;
	mmu_init(&cpu, 4, 2048);
	mmu_set_template(&cpu, 1, false, 0);
	mmu_monitor_init(&cpu);
	desc_init(&cpu);
	cpu_reset(&cpu);
	mmu_mode_changed(&cpu);
	return vectors_main(&interp, argc, argv);
}
