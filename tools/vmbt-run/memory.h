/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest RAM: one anonymous mapping, shown to the guest in three slots.
 *
 *   00000000 .. 0009ffff   conventional memory
 *   000a0000 .. 000bffff   nothing: the place of a display adapter
 *   000c0000 .. 000fffff   the place of firmware, RAM here
 *   00100000 .. size       extended memory
 *
 * The mapping is as large as the guest's RAM, so an address in it is the
 * guest's physical address.
 */
#ifndef VMBT_RUN_MEMORY_H
#define VMBT_RUN_MEMORY_H

#include "types.h"

#define MEMORY_MIN	(2ULL << 20)
#define MEMORY_MAX	(3ULL << 30)	/* room for devices below 4 GiB */

#define MEMORY_LOW_END	0xa0000
#define MEMORY_ROM	0xc0000
#define MEMORY_HIGH	0x100000

struct vmm;

/**
 * struct memory - guest RAM
 * @base: where it is mapped
 * @size: bytes
 */
struct memory {
	u8 *base;
	u64 size;
};

void memory_create(struct memory *mem, u64 size);
void memory_attach(const struct memory *mem, struct vmm *vmm);
void memory_destroy(struct memory *mem);
void *memory_at(const struct memory *mem, u64 gpa, u64 len);
bool memory_translate(const struct memory *mem, u64 cr0, u64 cr3, u64 cr4, u32 linear, u64 *gpa);

#endif
