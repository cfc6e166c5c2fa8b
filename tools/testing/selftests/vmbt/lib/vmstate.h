/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All state of a VM but its memory: read, set, compare. What tests move guests
 * with; the order is that of Documentation/vmbt/api.rst, "Moving a guest".
 */
#ifndef VMBT_TEST_VMSTATE_H
#define VMBT_TEST_VMSTATE_H

#include <linux/kvm.h>
#include <linux/vmbt.h>
#include <stdbool.h>
#include <stdint.h>

#define VM_STATE_CPUIDS	64
#define VM_STATE_MSRS	64

/**
 * struct vm_fds - the descriptors of a VM
 * @dev: the device
 * @vm: the VM
 * @cpu: its vCPU
 * @chips: made with VMBT_CREATE_CHIPS
 */
struct vm_fds {
	int dev, vm, cpu;
	bool chips;
};

/* kvm_irqchip as vmbt fills it */
union vm_pic {
	struct kvm_irqchip k;
	struct {
		uint32_t id, pad;
		struct vmbt_pic_state s;
	};
};

/*
 * struct vm_state - what makes up a VM besides its memory
 */
struct vm_state {
	struct kvm_regs regs;
	struct kvm_sregs2 sregs;
	struct kvm_fpu fpu;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[VM_STATE_CPUIDS];
	} cpuid;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[VM_STATE_MSRS];
	} msrs;
	uint64_t tsc_offset;
	struct kvm_clock_data clock;
	union vm_pic pic[2];
	struct vmbt_pit_state pit;
};

/* NULL, or the name of the ioctl that failed. The vCPU is between instructions. */
const char *vm_state_get(struct vm_state *s, const struct vm_fds *vm);
const char *vm_state_set(struct vm_state *s, const struct vm_fds *vm);

/*
 * NULL, or the name of the first part that differs. What runs on by itself, the
 * time stamp counter and the timer's counts, is compared where it stands still.
 */
const char *vm_state_differs(const struct vm_state *a, const struct vm_state *b);

#endif
