/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Offsets of struct vmbt_frame and bits of its seg_load for entry.S, checked
 * in metal.c.
 */
#ifndef VMBT_METAL_FRAME_H
#define VMBT_METAL_FRAME_H

#define F_EAX		0
#define F_ECX		8
#define F_EDX		16
#define F_EBX		24
#define F_EBP		40
#define F_ESI		48
#define F_EDI		56
#define F_VECTOR	64
#define F_ERROR		72
#define F_RIP		80
#define F_CS		88
#define F_RFLAGS	96
#define F_RSP		104
#define F_SS		112
#define F_DS		120
#define F_ES		122
#define F_FS		124
#define F_GS		126
#define F_SEG_LOAD	128
#define F_ENTRY_FAULT	132

#define F_LOAD_ES	0x01
#define F_LOAD_DS	0x08
#define F_LOAD_FS	0x10
#define F_LOAD_GS	0x20

#endif
