// SPDX-License-Identifier: GPL-2.0
/*
 * Guest RAM, and the walk of the guest's page tables that an error dump needs.
 *
 * RAM is ordinary anonymous memory that the host may swap, merge or take back;
 * it is given to the VM as KVM's user memory regions are. It begins at a multiple
 * of 2 MiB and asks for huge pages: then the VMM needs one question, and the
 * guest's big pages one entry, for 512 pages.
 */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "util.h"
#include "vmm.h"

#define HUGE_SIZE	(2ul << 20)
#define CR0_PG		0x80000000
#define CR4_PSE		0x10
#define CR4_PAE		0x20
#define PTE_P		1
#define PTE_PS		0x80
#define PTE_FRAME	0x000ffffffffff000ULL

/**
 * memory_create() - allocate RAM; ends the program if there is none
 * @mem: filled
 * @size: bytes, a multiple of the page size
 *
 * A host that has no huge pages for it gives others.
 */
void memory_create(struct memory *mem, u64 size)
{
	char *p = mmap(NULL, size + HUGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t skip;

	if (p == MAP_FAILED)
		die("no memory for the guest: %llu MiB: %s", size >> 20, strerror(errno));
	skip = -(unsigned long)p % HUGE_SIZE;
	if (skip)
		munmap(p, skip);
	munmap(p + skip + size, HUGE_SIZE - skip);
	mem->base = (void *)(p + skip);
	mem->size = size;
	madvise(mem->base, size, MADV_HUGEPAGE);
}

/**
 * memory_attach() - give the RAM to a VM; ends the program if that fails
 * @mem: the RAM
 * @vmm: the VM
 */
void memory_attach(const struct memory *mem, struct vmm *vmm)
{
	static const u64 start[] = { 0, MEMORY_ROM, MEMORY_HIGH };
	const u64 end[] = { MEMORY_LOW_END, MEMORY_HIGH, mem->size };
	unsigned int i;
	int rc;

	for (i = 0; i < ARRAY_SIZE(start); i++) {
		rc = vmm_set_memory(vmm, i, start[i], end[i] - start[i],
				    mem->base + start[i], false);
		if (rc)
			die("memory slot %u at %#llx: %s", i, start[i], strerror(-rc));
	}
}

/**
 * memory_destroy() - free RAM that no VM uses any more
 * @mem: the RAM
 */
void memory_destroy(struct memory *mem)
{
	munmap(mem->base, mem->size);
	mem->base = NULL;
	mem->size = 0;
}

/**
 * memory_at() - a range of guest RAM
 * @mem: the RAM
 * @gpa: guest physical address
 * @len: bytes
 *
 * Return: where it is, or NULL if any byte of it is not RAM.
 */
void *memory_at(const struct memory *mem, u64 gpa, u64 len)
{
	if (gpa >= mem->size || len > mem->size - gpa)
		return NULL;
	if (gpa < MEMORY_ROM && gpa + len > MEMORY_LOW_END)
		return NULL;
	return mem->base + gpa;
}

static bool entry(const struct memory *mem, u64 gpa, unsigned int size, u64 *val)
{
	const void *p = memory_at(mem, gpa, size);

	*val = 0;
	if (p)
		memcpy(val, p, size);
	return *val & PTE_P;
}

/**
 * memory_translate() - walk the guest's page tables
 * @mem: the RAM
 * @cr0: the guest's CR0
 * @cr3: the guest's CR3
 * @cr4: the guest's CR4
 * @linear: linear address
 * @gpa: filled with the guest physical address
 *
 * For messages to people: no permission is checked and no bit is set.
 *
 * Return: true if the address is mapped.
 */
bool memory_translate(const struct memory *mem, u64 cr0, u64 cr3, u64 cr4, u32 linear, u64 *gpa)
{
	u64 e;

	if (!(cr0 & CR0_PG)) {
		*gpa = linear;
		return true;
	}
	if (!(cr4 & CR4_PAE)) {
		if (!entry(mem, (cr3 & 0xfffff000) + (linear >> 22) * 4, 4, &e))
			return false;
		if (e & PTE_PS && cr4 & CR4_PSE) {
			*gpa = (e & 0xffc00000) | (e >> 13 & 0xff) << 32 | (linear & 0x3fffff);
			return true;
		}
		if (!entry(mem, (e & 0xfffff000) + (linear >> 12 & 0x3ff) * 4, 4, &e))
			return false;
		*gpa = (e & 0xfffff000) | (linear & 0xfff);
		return true;
	}
	if (!entry(mem, (cr3 & 0xffffffe0) + (linear >> 30) * 8, 8, &e))
		return false;
	if (!entry(mem, (e & PTE_FRAME) + (linear >> 21 & 0x1ff) * 8, 8, &e))
		return false;
	if (e & PTE_PS) {
		*gpa = (e & PTE_FRAME & ~0x1fffffULL) | (linear & 0x1fffff);
		return true;
	}
	if (!entry(mem, (e & PTE_FRAME) + (linear >> 12 & 0x1ff) * 8, 8, &e))
		return false;
	*gpa = (e & PTE_FRAME) | (linear & 0xfff);
	return true;
}
