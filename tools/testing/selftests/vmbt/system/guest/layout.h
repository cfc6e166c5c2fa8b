/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where things are in a guest of these tests, for C, assembler and linker.
 *
 * The image lies at 2 MiB, where address line 20 is zero: it can be reached
 * with the A20 gate closed as well. Below 1 MiB is what runs in real and in
 * virtual-8086 mode, behind the image are page tables and pages to try.
 */
#ifndef SYSTEM_LAYOUT_H
#define SYSTEM_LAYOUT_H

#define IMAGE_AT	0x200000
#define IMAGE_END	0x300000
#define POOL_AT		0x400000	/* page tables, pages */
#define POOL_END	0x800000
#define RAM_SIZE	0x1000000
#define BOOT_BUFFER	0x10000		/* the boot sector reads to here */

/* Real mode: a segment for what leads there and back, and one to play with. */
#define REAL_AT		0x8000
#define REAL_SEG	0x800
#define LOW_AT		0x20000		/* 64 KiB of 16-bit code and data */
#define LOW_SEG		0x2000
#define LOW_STACK	0x3000		/* a segment */

/* Ports: text, the end, and what only the host half of vmbt knows. */
#define PORT_TEXT	0xe9
#define PORT_END	0xf4
#define PORT_BOCHS	0x8900
#define PORT_A20	0x92
#define PORT_PLACE	0x8904		/* 32 bits: where the monitor area is */
#define PORT_COUNT	0x8908		/* 32 bits: how often the VMM ran since a write */
#define PORT_AGAIN	0x890c		/* 32 bits: short ways into the kernel since then */
#define PORT_STRAIGHT	0x8910		/* 32 bits: of those, those at once */
#define PLACE_NONE	0xffffffff	/* and no VMM */

/* Selectors. From SEL_TEST on the tests fill in what they like. */
#define SEL_CODE0	0x08
#define SEL_DATA0	0x10
#define SEL_CODE3	0x1b
#define SEL_DATA3	0x23
#define SEL_TSS		0x28
#define SEL_LDT		0x30
#define SEL_CODE16	0x38		/* base REAL_AT, 64 KiB */
#define SEL_DATA16	0x40		/* base 0, 64 KiB */
#define SEL_TSS_DF	0x48
#define SEL_TEST	0x80
#define GDT_ENTRIES	128
#define LDT_ENTRIES	32

/* INT 40h ends a piece of code that ran through. */
#define VEC_END		0x40

/* Offsets in struct cpu. */
#define C_EAX		0
#define C_ESP		16
#define C_EIP		32
#define C_EFLAGS	36
#define C_ES		40
#define C_CS		44
#define C_SS		48
#define C_DS		52
#define C_FS		56
#define C_GS		60

#define FL_CF		0x00000001
#define FL_ONE		0x00000002
#define FL_ZF		0x00000040
#define FL_TF		0x00000100
#define FL_IF		0x00000200
#define FL_DF		0x00000400
#define FL_OF		0x00000800
#define FL_IOPL		0x00003000
#define FL_NT		0x00004000
#define FL_RF		0x00010000
#define FL_VM		0x00020000
#define FL_AC		0x00040000

#endif
