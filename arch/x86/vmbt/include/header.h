/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The header at the start of the VMM image.
 *
 * The image is a flat binary whose first bytes are this structure. The linker
 * script fills the first group; the loader in the host half validates those
 * before it maps anything, and fills the second group per VM before the first
 * entry. The VMM only reads it.
 */
#ifndef VMBT_HEADER_H
#define VMBT_HEADER_H

#include "layout.h"

#define VMBT_IMAGE_MAGIC	0x54424d56	/* "VMBT" */
#define VMBT_IMAGE_VERSION	2

/* A 64-bit TSS without I/O bitmap: every port is out of bounds. */
#define VMBT_TSS_LIMIT		103
/* The linker script keeps this much for the header. */
#define VMBT_HEADER_SIZE	256
/* Offset of the entry stubs, 16 bytes each, vector 0 first. */
#define VMBT_STUBS_OFFSET	0x1000

/* What assembly reads of it. */
#define VMBT_H_CROSS_DATA	0x40
#define VMBT_H_SWITCH		0x48

#ifndef __ASSEMBLER__
#include "types.h"

struct vmbt_image_header {
	/* Filled by the linker script. Offsets are from VMBT_IMAGE_BASE. */
	u32 magic;
	u32 version;
	u64 base;		/* must be VMBT_IMAGE_BASE */
	u64 entry;		/* void entry(void) on the VMM's stack */
	u64 idt;		/* 256 gates */
	u64 tss;		/* VMBT_TSS_LIMIT + 1 bytes */
	u64 sysenter;		/* for MSR_IA32_SYSENTER_EIP */
	u32 text_end;		/* [0, text_end): read, execute */
	u32 rodata_end;		/* [text_end, rodata_end): read */
	u32 data_end;		/* [rodata_end, data_end): read, write; in file */
	u32 bss_end;		/* [data_end, bss_end): read, write, zero */

	/* Filled by the loader, per VM. */
	u64 cross_data;		/* address of struct vmbt_cross, both worlds */
	u64 switch_to_host;	/* address of the cross text's VMM-side entry */
	u64 base_root_phys;	/* top-level table without low half (template) */
	u64 pte_enc;		/* bits to OR into every entry (SME) */
	u32 base_root_idx;	/* its pool index (PML5 if LA57, else PML4) */
	u32 vmm_pdpt_idx;	/* pool index of the PDPT of slot 509 */
	u32 pool_pages;		/* pool pages at start */
	u32 pool_first_free;	/* the loader used [0, pool_first_free) */
	u32 la57;
	u32 pad;
};

_Static_assert(offsetof(struct vmbt_image_header, cross_data) ==
	       VMBT_H_CROSS_DATA, "cross_data");
_Static_assert(offsetof(struct vmbt_image_header, switch_to_host) ==
	       VMBT_H_SWITCH, "switch_to_host");
_Static_assert(sizeof(struct vmbt_image_header) <= VMBT_HEADER_SIZE, "size");

#endif /* __ASSEMBLER__ */
#endif
