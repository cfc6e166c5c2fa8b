/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows how to talk to /dev/vmbt.
 *
 * Everything else in vmbt-run calls these functions; a test links another
 * vmm.c instead and thereby tests the runner without the kernel module.
 * Functions that return int return 0 or a negative error number.
 */
#ifndef VMBT_RUN_VMM_H
#define VMBT_RUN_VMM_H

#include <linux/kvm.h>

#include "types.h"

struct vmbt_pair;

/**
 * struct vmm - an open virtual machine with its one vCPU
 * @device: path of the device, for messages
 * @sys: descriptor of the device
 * @vm: descriptor of the VM
 * @vcpu: descriptor of the vCPU
 * @run: the shared run page
 * @chips: interrupt controllers and timer live in the VMM
 * @ring: writes of the guest's that did not exit, or NULL
 * @pairs: for how many pairs of ports there is room in the VMM
 * @run_size: size of the mapping that starts with @run
 */
struct vmm {
	const char *device;
	int sys;
	int vm;
	int vcpu;
	struct kvm_run *run;
	bool chips;
	struct kvm_coalesced_mmio_ring *ring;
	unsigned int pairs;
	size_t run_size;
};

void vmm_create(struct vmm *vmm, const char *device, bool chips);
void vmm_destroy(struct vmm *vmm);
int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly);
int vmm_memory_written(struct vmm *vmm, u64 gpa, u64 size);
int vmm_run(struct vmm *vmm);
void vmm_irq_line(struct vmm *vmm, unsigned int irq, bool level);
int vmm_interrupt(struct vmm *vmm, u8 vector);
int vmm_get_regs(struct vmm *vmm, struct kvm_regs *regs, struct kvm_sregs *sregs);
int vmm_set_regs(struct vmm *vmm, const struct kvm_regs *regs, const struct kvm_sregs *sregs);
bool vmm_zone(struct vmm *vmm, u64 addr, u32 size, bool pio, bool add);
bool vmm_set_pair(struct vmm *vmm, const struct vmbt_pair *pair);
void vmm_set_live(struct vmm *vmm, unsigned int pair, u32 value);
bool vmm_late(struct vmm *vmm, struct kvm_coalesced_mmio *write);
void *vmm_io_data(struct vmm *vmm);
void vmm_set_a20(struct vmm *vmm, bool open);
const char *vmm_error_text(struct vmm *vmm);
void vmm_each_stat(struct vmm *vmm, void (*fn)(void *arg, const char *name, u64 value), void *arg);

#endif
