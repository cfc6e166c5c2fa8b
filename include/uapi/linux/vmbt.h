/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The user-space interface of /dev/vmbt.
 *
 * It is KVM's, bit for bit, wherever the semantics match: the same ioctl
 * numbers, structures, exit reasons and errors, from <linux/kvm.h>. This file
 * has only what vmbt adds. What it leaves out or does differently stands in
 * one table in Documentation/vmbt/api.rst.
 */
#ifndef _UAPI_LINUX_VMBT_H
#define _UAPI_LINUX_VMBT_H

#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/types.h>

/*
 * Argument of KVM_CHECK_EXTENSION that only vmbt knows: answers VMBT_ABI, where
 * KVM answers 0. The ABI grows by additions; a number never changes meaning.
 */
#define VMBT_CAP_ABI		0x564d4254
#define VMBT_ABI		1

/*
 * What this host gives the VMM: answers VMBT_HOSTCAP_*.
 */
#define VMBT_CAP_HOST		0x564d4255
#define VMBT_HOSTCAP_LIMITS	(1 << 0)	/* the CPU checks segment limits */
#define VMBT_HOSTCAP_PCID	(1 << 1)
#define VMBT_HOSTCAP_NX		(1 << 2)
#define VMBT_HOSTCAP_SYSENTER	(1 << 3)	/* offered to guests */
#define VMBT_HOSTCAP_CPUID_FAULT (1 << 4)	/* CPUID follows the policy in DE too */

/*
 * Answers 1 if VMBT_CREATE_CHIPS is there.
 */
#define VMBT_CAP_CHIPS		0x564d4256

/*
 * KVM_GET_VCPU_MMAP_SIZE answers three pages: struct kvm_run, the data of
 * KVM_EXIT_IO (kvm_run.io.data_offset leads there) and struct vmbt_run_ext.
 */
#define VMBT_RUN_EXT_PAGE	2

#define VMBT_TEXT_MAX		256

/**
 * struct vmbt_run_ext - third page of the vCPU's mapping
 * @suberror: as kvm_run.internal.suberror of the last KVM_EXIT_INTERNAL_ERROR
 * @text_len: length of @text without its NUL
 * @text: what happened and where, in words; one line, NUL-terminated
 *
 * Written by the kernel before KVM_RUN returns with KVM_EXIT_INTERNAL_ERROR,
 * never read by it.
 */
struct vmbt_run_ext {
	__u32 suberror;
	__u32 text_len;
	__u64 reserved[7];
	char text[VMBT_TEXT_MAX];
};

/*
 * kvm_run.internal.suberror, besides KVM's own. data[] then holds, ndata
 * entries of: EIP, CS selector, CS base, EFLAGS, CR0, CR2, CR3, CR4, ESP,
 * SS selector, CPL.
 */
/* The guest did something that vmbt does not support. The VM can not go on. */
#define VMBT_INTERNAL_ERROR_UNSUPPORTED	0x1001
/* vmbt is broken. KVM_RUN fails with EIO from now on. */
#define VMBT_INTERNAL_ERROR_BROKEN	0x1002
/* User memory behind the guest's RAM is gone, or can't be used as RAM. */
#define VMBT_INTERNAL_ERROR_MEMORY	0x1003

/**
 * struct vmbt_stat - one counter
 * @name: what it counts, NUL-terminated; never changes meaning
 * @value: counted since the VM was created, or a level (see api.rst)
 */
struct vmbt_stat {
	char name[24];
	__u64 value;
};

/**
 * struct vmbt_stats - argument of VMBT_GET_STATS
 * @nstats: in: room in @stats; out: how many counters there are
 * @flags: must be 0
 * @stats: filled
 *
 * Fails with E2BIG, @nstats filled, when the room is too small.
 */
struct vmbt_stats {
	__u32 nstats;
	__u32 flags;
	struct vmbt_stat stats[];
};

/* ioctls on the VM's descriptor */
#define VMBTIO			0xbe
#define VMBT_GET_STATS		_IOWR(VMBTIO, 0x00, struct vmbt_stats)
/*
 * Interrupt controllers (8259A pair), timer (8254, port 61h) and port 80h in
 * the VMM, as firmware leaves them. Before KVM_CREATE_VCPU; no argument. From
 * then on their ports cause no exits, interrupts come by KVM_IRQ_LINE (irq 0 is
 * the timer's) and KVM_INTERRUPT fails with ENXIO, and KVM_EXIT_HLT comes only
 * if the guest halts with interrupts off. Their state can't be read or set.
 */
#define VMBT_CREATE_CHIPS	_IO(VMBTIO, 0x01)

#endif /* _UAPI_LINUX_VMBT_H */
