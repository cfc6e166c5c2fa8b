// SPDX-License-Identifier: GPL-2.0
/*
 * The translator against real-mode single-step tests measured on hardware
 * (lib/vectors.c).
 *
 * The tests use all of the first MiB; a process may not have the beginning of
 * it. So RAM lies elsewhere, and the segments that the real CPU uses have their
 * bases moved with it.
 *
 * usage: vectors DIRECTORY [OPCODE...]
 */
#include <stdio.h>

#include "native.h"
#include "../lib/vectors.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"

#define SHIFT	0x20000000u

static void start(void)
{
	bt_invalidate_phys(&native_vcpu, 0, VECTORS_RAM);
	native_fpu_reset();
	native_vcpu.shared->text[0] = 0;
}

static int run(void)
{
	switch (native_bt()) {
	case NS_HLT:
		return X_HLT;
	case NS_FAULT:
		return X_FAULT;
	case NS_LIMIT:
		snprintf(native_vcpu.shared->text,
			 sizeof(native_vcpu.shared->text), "no end");
		return X_RETRY;
	default:
		return X_UNSUPPORTED;
	}
}

int main(int argc, char **argv)
{
	struct vectors_engine translator = {
		.name = "translated", .cpu = &native_vcpu, .start = start,
		.run = run };
	int r;

	setvbuf(stdout, NULL, _IOLBF, 0);
	native_init();
	native_shift_ram(SHIFT, VECTORS_RAM);
	native_reset(false, 0);
	native_vcpu.guest->cr0 = 0;
	mmu_mode_changed(&native_vcpu);
	translator.ram = native_ram(0);
	r = vectors_main(&translator, argc, argv);
	printf("# %llu units, %llu instructions interpreted\n",
	       native_vcpu.stats->units, native_vcpu.stats->insns_interpreted);
	return r;
}
