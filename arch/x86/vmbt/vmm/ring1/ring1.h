/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring-1 runtime: what it shares with the translator.
 *
 * Assembly includes this file: offsets in struct vmbt_mon and map entries are
 * numbers here. bt/ring1.c holds them against their types.
 */
#ifndef VMBT_RING1_H
#define VMBT_RING1_H

#define RING1_VIF		0
#define RING1_PENDING		4
#define RING1_EAX		8
#define RING1_ECX		12
#define RING1_EDX		16
#define RING1_JUMP		24
#define RING1_TARGET		28
#define RING1_FLAGS_VIRT	36
#define RING1_SITE		40
#define RING1_SEL		44
#define RING1_SAME		68
#define RING1_SAME_SIZE		16
#define RING1_OFFER		164
#define RING1_LOAD		676
#define RING1_NO_USER		708
#define RING1_GDT_OFF		712
#define RING1_GDT_N		716
#define RING1_GDT		720
#define RING1_FLAGS_SLOW	976
#define RING1_COLD_LEFT		1008
#define RING1_HOT		1012
#define RING1_ESP		3072
#define RING1_FRAME		3076
#define RING1_ALIAS		3100
#define RING1_ALIAS_DS		3228
#define RING1_ALIAS_AT		3232
#define RING1_LOG		3236
#define RING1_LOG_LEFT		3364
#define RING1_LOG_NEXT		3368
#define RING1_GDT_LOG		3372
#define RING1_GDT_LEFT		3500
#define RING1_GDT_DELTA		3504
#define RING1_GDT_BYTES		3508
#define RING1_GDT_SPARED	3512
/*
 * One of so many writes that do not look like meeting a trace goes to the VMM, or 50
 * instructions each; to ask costs 25.
 */
#define RING1_COLD		64
#define RING1_NEG_SEL		0
#define RING1_OFF		4
#define RING1_NEG_LO		8
#define RING1_NEG_HI		12
#define RING1_ALIAS_SIZE	8
#define RING1_DELTA		4
#define RING1_HOT_ALIAS		2
#define RING1_GDT_ALIAS		15
#define RING1_NOTES		32

/* enum vmbt_sreg */
#define RING1_SREG_ES		0
#define RING1_SREG_CS		1
#define RING1_SREG_DS		3
#define RING1_SREG_FS		4
#define RING1_SREG_GS		5
#define RING1_SAME_GS		(RING1_SAME + RING1_SREG_GS * RING1_SAME_SIZE)

#define RING1_EFLAGS_IF		0x00000200
/* Flags that IRET may change only with the VMM's knowledge: TF IOPL NT RF VM VIF VIP */
#define RING1_IRET_SLOW		0x001b7100
#define RING1_EFLAGS_RF		0x00010000
#define RING1_EFLAGS_IOPL	0x00003000

/* enum bt_map_kind and the repairs of struct bt_map.fix */
#define RING1_M_START		0
#define RING1_M_TARGET		5
#define RING1_M_INTERP		7
#define RING1_M_IRET_FLAGS	12
#define RING1_M_IRET_DONE	13
#define RING1_M_LOADED		14
#define RING1_M_LOOKUP		15
#define RING1_M_MISS		16
#define RING1_M_AWAY		17
#define RING1_M_SYSEXIT		18
#define RING1_F_EAX		0x01
#define RING1_F_ECX		0x02
#define RING1_F_EDX		0x04
#define RING1_F_REGS		0x07

/* The JMP that leads here, behind which a routine returns. */
#define RING1_JMP_LEN		5
/* Behind it, what a lookup in the second table has done already. */
#define RING1_FOUND_LEN		18
/* Behind it, the guest's own instruction, in front of that for an alias. */
#define RING1_ALIAS_LEN		17

#ifndef __ASSEMBLER__
#include "../../include/types.h"

/**
 * struct ring1_map - state of the guest at one instruction of a routine
 * @off: from ring1_code
 * @kind: enum bt_map_kind
 * @fix: as in struct bt_map
 */
struct ring1_map {
	u16 off;
	u8 kind;
	u8 fix;
};

extern const u8 ring1_code[], ring1_code_end[];
extern const struct ring1_map ring1_map[], ring1_map_end[];

/* Entry points; they are jumped to, at their offset in the monitor area. */
extern const u8 ring1_iret[], ring1_sysexit[];
extern const u8 ring1_load_es[], ring1_load_ds[], ring1_load_fs[],
		ring1_load_gs[];
extern const u8 ring1_lookup[];
extern const u8 ring1_verw[];
extern const u8 ring1_write[], ring1_alias[];
extern const u8 ring1_away[];
#endif

#endif
