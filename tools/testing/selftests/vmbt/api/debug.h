/* SPDX-License-Identifier: GPL-2.0 */
/* The guest of debug.c: where it has its things in physical memory. */
#ifndef VMBT_TEST_DEBUG_H
#define VMBT_TEST_DEBUG_H

#define DBG_CODE	0x1000
#define DBG_GDT		0x3000
#define DBG_IDT		0x3800
#define DBG_TSS		0x4000
#define DBG_LOG		0x5000	/* where the next record goes */
#define DBG_KEEP_DR6	0x5004
#define DBG_RECORDS	0x5010
#define DBG_WATCH	0x6100
#define DBG_STACK0	0x8000
#define DBG_STACK3	0x9000

#ifndef __ASSEMBLER__
/* In debug_guest.S. */
extern const char debug_guest[], debug_guest_end[];
extern const char on_debug[], on_end[], on_other[];
extern const char t_exec[], t_exec_here[], t_write[], t_write_after[];
extern const char t_overlap[], t_overlap_after[], t_read[], t_read_after[];
extern const char t_modify[], t_modify_after[], t_push[], t_push_after[];
extern const char t_rep[], t_rep_here[], t_two[], t_two_after[];
extern const char t_mov_ss[], t_mov_ss_after[], t_guard[], t_port[], t_port_after[];
extern const char t_arm[], t_arm_after[];
#endif

#endif
