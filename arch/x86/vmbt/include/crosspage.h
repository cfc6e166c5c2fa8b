/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cross page: what both sides of the world switch share while it happens.
 *
 * One page of data per vCPU and two pages of text for all (host/crosspage.S,
 * host/crossidt.S), mapped at the same linear address in the host and in the
 * VMM world. The host fills the host's half before each switch; metal/ keeps
 * the VMM's half. Everything in the window between the two IDTs is reached
 * through RDI, which points here from before the cross IDT is loaded until
 * after the other side's IDT is: handlers in the window rely on it.
 *
 * Assembly on both sides uses the VMBT_X_ offsets, which are checked
 * against the structure below.
 */
#ifndef VMBT_CROSSPAGE_H
#define VMBT_CROSSPAGE_H

#include "layout.h"

#define VMBT_X_TRAP_VECTOR	0x000
#define VMBT_X_TRAP_ERROR	0x008
#define VMBT_X_TRAP_RIP		0x010
#define VMBT_X_TRAP_CR2		0x018
#define VMBT_X_NMI		0x020
#define VMBT_X_MCE		0x024
#define VMBT_X_FLAGS		0x028
#define VMBT_X_HOST_SS		0x02c
#define VMBT_X_VMM_SPEC_CTRL	0x030
#define VMBT_X_HOST_RSP		0x038
#define VMBT_X_HOST_CR0		0x040
#define VMBT_X_HOST_CR3		0x048
#define VMBT_X_HOST_CR4		0x050
#define VMBT_X_HOST_FS_BASE	0x058
#define VMBT_X_HOST_GS_BASE	0x060
#define VMBT_X_HOST_GDTR	0x068
#define VMBT_X_HOST_IDTR	0x078
#define VMBT_X_VMM_RSP		0x088
#define VMBT_X_VMM_CR0		0x090
#define VMBT_X_VMM_CR3		0x098
#define VMBT_X_VMM_CR4		0x0a0
#define VMBT_X_VMM_GDTR		0x0a8
#define VMBT_X_VMM_IDTR		0x0b8
#define VMBT_X_CROSS_GDTR	0x0c8
#define VMBT_X_CROSS_IDTR	0x0d8
#define VMBT_X_DID_IBPB		0x0f8
#define VMBT_X_DID_BHB		0x100
#define VMBT_X_DID_RSB		0x108
#define VMBT_X_DID_VERW		0x110
#define VMBT_X_DID_SPEC_CTRL	0x118
#define VMBT_X_HOST_SPEC_CTRL	0x120
#define VMBT_X_GDT		0x140
#define VMBT_X_IDT		0x200
#define VMBT_X_STACK_TOP	0x1000

/* No trap in the window yet. */
#define VMBT_X_NO_TRAP		(-1)

/* Selectors of the cross GDT: Linux's own numbers, and one of ours. */
#define VMBT_X_SEL_CS		0x10
#define VMBT_X_SEL_SS		0x18
#define VMBT_X_SEL_HOST_TSS	0x40
#define VMBT_X_SEL_VMM_TSS	0x50
#define VMBT_X_GDT_ENTRIES	12
#define VMBT_X_IDT_ENTRIES	32

/* vmbt_cross.flags: set by the host, see host/mitigate.c. */
#define VMBT_XF_IBPB		0x01	/* barrier to indirect branches on the way back */
#define VMBT_XF_RSB		0x02	/* refill the return stack */
#define VMBT_XF_BHB		0x04	/* clear the branch history in software */
#define VMBT_XF_VERW		0x08	/* clear CPU buffers on guest entry */
#define VMBT_XF_SPEC_CTRL	0x10	/* IBRS is the host kernel's alone */

/* vmbt_cross.mce: where the machine check hit. */
#define VMBT_MCE_GUEST		1
#define VMBT_MCE_VMM		2	/* or the window */

#ifndef __ASSEMBLER__
#include "types.h"

/* An operand of LGDT and LIDT, padded. */
struct vmbt_xdtr {
	u16 limit;
	u64 base;
	u16 pad[3];
} __packed;

/*
 * struct vmbt_cross - the cross data page
 * @trap_vector: first fault in the window, VMBT_X_NO_TRAP before one
 * @nmi: an NMI hit the window, the VMM or the guest; it is blocked until the
 *	host has replayed it
 * @mce: the same for a machine check, VMBT_MCE_*
 * @host_ss: 0x18, or null after an interrupt from user mode
 * @vmm_spec_ctrl: value for MSR_IA32_SPEC_CTRL in the VMM world
 * @host_cr3: with bit 63 set if CR4.PCIDE is: nothing the host's PCID tags is
 *	stale, since shootdowns come as interrupts
 * @vmm_cr3: with bit 63 set if what the VMM's PCID tags is not stale
 * @vmm_gdtr: the home GDT, valid under the cross IDT and the VMM's
 * @pcid_base: the first of the vCPU's block of PCIDs; 0: there are none
 * @pcid_slot: which of them tags what the root in @vmm_cr3 maps
 * @pcid_epoch: changes with the block, see pcid.h
 * @did_ibpb: how often the switch to the host did IBPB
 * @did_bhb: cleared the branch history
 * @did_rsb: refilled the return stack
 * @did_verw: how often the way into the guest cleared the CPU's buffers
 * @did_spec_ctrl: how often the switch to the host wrote host_spec_ctrl
 * @host_spec_ctrl: value for MSR_IA32_SPEC_CTRL there
 * @gdt: Linux's selectors; the two TSS descriptors are loaded from here, as
 *	LTR writes the busy bit
 */
struct vmbt_cross {
	u64 trap_vector;
	u64 trap_error;
	u64 trap_rip;
	u64 trap_cr2;
	u32 nmi;
	u32 mce;
	u32 flags;
	u32 host_ss;
	u64 vmm_spec_ctrl;

	u64 host_rsp;
	u64 host_cr0;
	u64 host_cr3;
	u64 host_cr4;
	u64 host_fs_base;
	u64 host_gs_base;
	struct vmbt_xdtr host_gdtr;
	struct vmbt_xdtr host_idtr;

	u64 vmm_rsp;
	u64 vmm_cr0;
	u64 vmm_cr3;
	u64 vmm_cr4;
	struct vmbt_xdtr vmm_gdtr;
	struct vmbt_xdtr vmm_idtr;

	struct vmbt_xdtr cross_gdtr;
	struct vmbt_xdtr cross_idtr;
	u32 pcid_base;
	u32 pcid_slot;
	u64 pcid_epoch;
	u64 did_ibpb;
	u64 did_bhb;
	u64 did_rsb;
	u64 did_verw;
	u64 did_spec_ctrl;
	u64 host_spec_ctrl;
	u64 pad[3];

	u64 gdt[24];
	u64 idt[VMBT_X_IDT_ENTRIES * 2];
	u8 stack[0xc00];
};

#define VMBT_CROSS_CHECK(field, off)					\
	_Static_assert(offsetof(struct vmbt_cross, field) == (off), #field)

/* Evaluated wherever this is included, never called. */
static inline void vmbt_cross_check_offsets(void)
{
	VMBT_CROSS_CHECK(trap_vector, VMBT_X_TRAP_VECTOR);
	VMBT_CROSS_CHECK(trap_cr2, VMBT_X_TRAP_CR2);
	VMBT_CROSS_CHECK(nmi, VMBT_X_NMI);
	VMBT_CROSS_CHECK(mce, VMBT_X_MCE);
	VMBT_CROSS_CHECK(flags, VMBT_X_FLAGS);
	VMBT_CROSS_CHECK(host_ss, VMBT_X_HOST_SS);
	VMBT_CROSS_CHECK(vmm_spec_ctrl, VMBT_X_VMM_SPEC_CTRL);
	VMBT_CROSS_CHECK(host_rsp, VMBT_X_HOST_RSP);
	VMBT_CROSS_CHECK(host_cr0, VMBT_X_HOST_CR0);
	VMBT_CROSS_CHECK(host_cr3, VMBT_X_HOST_CR3);
	VMBT_CROSS_CHECK(host_cr4, VMBT_X_HOST_CR4);
	VMBT_CROSS_CHECK(host_fs_base, VMBT_X_HOST_FS_BASE);
	VMBT_CROSS_CHECK(host_gs_base, VMBT_X_HOST_GS_BASE);
	VMBT_CROSS_CHECK(host_gdtr, VMBT_X_HOST_GDTR);
	VMBT_CROSS_CHECK(host_idtr, VMBT_X_HOST_IDTR);
	VMBT_CROSS_CHECK(vmm_rsp, VMBT_X_VMM_RSP);
	VMBT_CROSS_CHECK(vmm_cr0, VMBT_X_VMM_CR0);
	VMBT_CROSS_CHECK(vmm_cr3, VMBT_X_VMM_CR3);
	VMBT_CROSS_CHECK(vmm_cr4, VMBT_X_VMM_CR4);
	VMBT_CROSS_CHECK(vmm_gdtr, VMBT_X_VMM_GDTR);
	VMBT_CROSS_CHECK(vmm_idtr, VMBT_X_VMM_IDTR);
	VMBT_CROSS_CHECK(cross_gdtr, VMBT_X_CROSS_GDTR);
	VMBT_CROSS_CHECK(cross_idtr, VMBT_X_CROSS_IDTR);
	VMBT_CROSS_CHECK(did_ibpb, VMBT_X_DID_IBPB);
	VMBT_CROSS_CHECK(did_bhb, VMBT_X_DID_BHB);
	VMBT_CROSS_CHECK(did_rsb, VMBT_X_DID_RSB);
	VMBT_CROSS_CHECK(did_verw, VMBT_X_DID_VERW);
	VMBT_CROSS_CHECK(did_spec_ctrl, VMBT_X_DID_SPEC_CTRL);
	VMBT_CROSS_CHECK(host_spec_ctrl, VMBT_X_HOST_SPEC_CTRL);
	VMBT_CROSS_CHECK(gdt, VMBT_X_GDT);
	VMBT_CROSS_CHECK(idt, VMBT_X_IDT);
	_Static_assert(sizeof(struct vmbt_cross) == VMBT_X_STACK_TOP, "page");
}

#endif /* __ASSEMBLER__ */
#endif
