/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads a Linux kernel by the boot protocol, without firmware.
 */
#ifndef VMBT_RUN_LOADER_H
#define VMBT_RUN_LOADER_H

#include "types.h"

struct memory;
struct options;
struct kvm_regs;
struct kvm_sregs;

/* Where the loader puts things below 1 MiB. */
#define LOADER_BDA	0x400
#define LOADER_GDT	0x500
#define LOADER_PARAMS	0x7000
#define LOADER_STACK	0x8000
#define LOADER_CMDLINE	0x20000
#define LOADER_EBDA	0x9fc00

/* Selectors that the 32-bit boot protocol prescribes. */
#define LOADER_CS	0x10
#define LOADER_DS	0x18

/**
 * struct boot_entry - how the loaded kernel wants to be entered
 * @eip: its entry point
 * @params: guest physical address of its boot parameters, for ESI
 */
struct boot_entry {
	u32 eip;
	u32 params;
};

bool loader_linux(const struct memory *mem, const struct options *o, struct boot_entry *entry,
		  char *why, size_t size);
void loader_reset(struct kvm_regs *regs, struct kvm_sregs *sregs);
void loader_registers(const struct boot_entry *entry, struct kvm_regs *regs,
		      struct kvm_sregs *sregs);

#endif
