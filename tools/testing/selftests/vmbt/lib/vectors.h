/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real-mode single-step tests measured on hardware, for any engine.
 *
 * lib/vectors.c reads the set, prepares registers and memory, and compares;
 * who includes this brings the engine that runs the code.
 */
#ifndef VMBT_TEST_VECTORS_H
#define VMBT_TEST_VECTORS_H

#include "../../../../../arch/x86/vmbt/vmm/vcpu.h"

#define VECTORS_RAM	0x200000	/* what the tests may touch, and more */

/**
 * struct vectors_engine - how the tests are run here
 * @name: of the tests' lines
 * @cpu: the vCPU, after cpu_reset()
 * @ram: guest RAM, VECTORS_RAM bytes
 * @start: memory and registers have changed; may be NULL
 * @run: go on until HLT (X_HLT), a fault (X_FAULT, cpu->exc) or trouble
 */
struct vectors_engine {
	const char *name;
	struct vcpu *cpu;
	u8 *ram;
	void (*start)(void);
	int (*run)(void);
};

/* The program: usage is PROGRAM DIRECTORY [OPCODE...]. Returns its status. */
int vectors_main(const struct vectors_engine *engine, int argc, char **argv);

#endif
