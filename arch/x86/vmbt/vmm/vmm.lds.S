/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The image's shape: header and text, read-only data, data, each on pages of
 * its own with one set of rights. Linked at a fixed address, so no relocation
 * is left and none is allowed. Fills the first half of struct
 * vmbt_image_header.
 */
#include "../include/header.h"

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(metal_start)

PHDRS {
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS {
	. = VMBT_IMAGE_BASE;

	.text : {
		metal_header = .;
		LONG(VMBT_IMAGE_MAGIC)
		LONG(VMBT_IMAGE_VERSION)
		QUAD(VMBT_IMAGE_BASE)
		QUAD(metal_start)
		QUAD(metal_idt)
		QUAD(metal_tss)
		QUAD(metal_sysenter)
		LONG(__text_end - VMBT_IMAGE_BASE)
		LONG(__rodata_end - VMBT_IMAGE_BASE)
		LONG(__data_end - VMBT_IMAGE_BASE)
		LONG(__bss_end - VMBT_IMAGE_BASE)
		. += VMBT_STUBS_OFFSET - (. - metal_header);
		*(.stubs)
		*(.text .text.*)
		. = ALIGN(4096);
		__text_end = .;
	} :text = 0xcccccccc

	.rodata : {
		*(.rodata .rodata.*)
		. = ALIGN(4096);
		__rodata_end = .;
	} :rodata = 0

	.data : {
		*(.data .data.*)
		. = ALIGN(4096);
		__data_end = .;
	} :data = 0

	.bss : {
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		__bss_end = .;
	} :data

	.got : { *(.got) *(.got.plt) *(.igot) *(.igot.plt) }
	.plt : { *(.plt) *(.plt.*) *(.iplt) }
	.rela : { *(.rela .rela.*) }
	.dyn : { *(.dynamic) *(.dynsym) *(.dynstr) *(.interp) *(.hash) *(.gnu.hash) }

	.debug_info 0 : { *(.debug_info) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_line 0 : { *(.debug_line) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_str 0 : { *(.debug_str) }
	.debug_str_offsets 0 : { *(.debug_str_offsets) }
	.debug_addr 0 : { *(.debug_addr) }
	.debug_frame 0 : { *(.debug_frame) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.comment 0 : { *(.comment) }
	.symtab 0 : { *(.symtab) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }

	/DISCARD/ : { *(.note .note.* .eh_frame .eh_frame_hdr) }

	ASSERT(SIZEOF(.got) == 0, "the image has a GOT")
	ASSERT(SIZEOF(.plt) == 0, "the image has a PLT")
	ASSERT(SIZEOF(.rela) == 0, "the image has relocations")
	ASSERT(SIZEOF(.dyn) == 0, "the image has dynamic sections")
	ASSERT(__bss_end - VMBT_IMAGE_BASE <= VMBT_IMAGE_MAX, "the image is too big")
}
