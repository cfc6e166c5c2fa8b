// SPDX-License-Identifier: GPL-2.0
/*
 * All state of a VM but its memory: see vmstate.h.
 */
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmstate.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MSR_TSC		0x10
#define NS_PER_S	1000000000ull

#define PART(name, field) \
	{ KVM_GET_##name, KVM_SET_##name, offsetof(struct vm_state, field), \
	  sizeof(((struct vm_state *)0)->field), #name }

/* In the order in which they are set. */
static const struct part {
	unsigned long get, set;
	size_t at, size;
	const char *name;
} parts[] = {
	PART(CPUID2, cpuid),
	PART(SREGS2, sregs),
	PART(REGS, regs),
	PART(FPU, fpu),
	PART(DEBUGREGS, debugregs),
	PART(VCPU_EVENTS, events),
	PART(MP_STATE, mp),
}, chips[] = {
	PART(IRQCHIP, pic[0]),
	PART(IRQCHIP, pic[1]),
	PART(PIT2, pit),
};

static const char *get(struct vm_state *s, int fd, const struct part *p, size_t n)
{
	for (; n; p++, n--)
		if (ioctl(fd, p->get, (char *)s + p->at) < 0)
			return p->name;
	return NULL;
}

static const char *set(struct vm_state *s, int fd, const struct part *p, size_t n)
{
	for (; n; p++, n--)
		if (ioctl(fd, p->set, (char *)s + p->at) < 0)
			return p->name;
	return NULL;
}

static int tsc_offset(struct vm_state *s, int cpu, unsigned long cmd)
{
	struct kvm_device_attr offset = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&s->tsc_offset,
	};

	return ioctl(cpu, cmd, &offset);
}

static int list_msrs(struct vm_state *s, int dev)
{
	struct {
		struct kvm_msr_list head;
		uint32_t indices[VM_STATE_MSRS];
	} list = { .head.nmsrs = VM_STATE_MSRS };
	uint32_t i;

	if (ioctl(dev, KVM_GET_MSR_INDEX_LIST, &list))
		return -1;
	s->msrs.head.nmsrs = list.head.nmsrs;
	for (i = 0; i < list.head.nmsrs; i++)
		s->msrs.entries[i].index = list.indices[i];
	return 0;
}

const char *vm_state_get(struct vm_state *s, const struct vm_fds *vm)
{
	const char *failed;

	memset(s, 0, sizeof(*s));
	s->cpuid.head.nent = VM_STATE_CPUIDS;
	s->pic[1].id = 1;
	if (list_msrs(s, vm->dev) ||
	    ioctl(vm->cpu, KVM_GET_MSRS, &s->msrs) != (int)s->msrs.head.nmsrs)
		return "MSRS";
	if (tsc_offset(s, vm->cpu, KVM_GET_DEVICE_ATTR))
		return "TSC_OFFSET";
	if (ioctl(vm->vm, KVM_GET_CLOCK, &s->clock))
		return "CLOCK";
	failed = get(s, vm->cpu, parts, ARRAY_SIZE(parts));
	if (!failed && vm->chips)
		failed = get(s, vm->vm, chips, ARRAY_SIZE(chips));
	return failed;
}

const char *vm_state_set(struct vm_state *s, const struct vm_fds *vm)
{
	const char *failed = set(s, vm->cpu, parts, ARRAY_SIZE(parts));

	if (failed)
		return failed;
	if (ioctl(vm->cpu, KVM_SET_MSRS, &s->msrs) != (int)s->msrs.head.nmsrs)
		return "MSRS";
	/* After the counter itself, which it makes up for the time that took. */
	if (tsc_offset(s, vm->cpu, KVM_SET_DEVICE_ATTR))
		return "TSC_OFFSET";
	if (ioctl(vm->vm, KVM_SET_CLOCK, &s->clock))
		return "CLOCK";
	return vm->chips ? set(s, vm->vm, chips, ARRAY_SIZE(chips)) : NULL;
}

static bool same_msrs(const struct vm_state *a, const struct vm_state *b)
{
	uint32_t i;

	if (a->msrs.head.nmsrs != b->msrs.head.nmsrs)
		return false;
	for (i = 0; i < a->msrs.head.nmsrs; i++)
		if (a->msrs.entries[i].index != b->msrs.entries[i].index ||
		    (a->msrs.entries[i].index != MSR_TSC &&
		     a->msrs.entries[i].data != b->msrs.entries[i].data))
			return false;
	return true;
}

static bool same_pit(const struct vm_state *a, const struct vm_state *b)
{
	struct kvm_pit_channel_state x, y;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		x = a->pit.channels[i];
		y = b->pit.channels[i];
		/* A waiting count may have been taken over meanwhile. */
		if (a->pit.next[i] & VMBT_PIT_WAITS)
			y.count = x.count;
		y.count_load_time = x.count_load_time;
		if (memcmp(&x, &y, sizeof(x)))
			return false;
	}
	return a->pit.flags == b->pit.flags;
}

const char *vm_state_differs(const struct vm_state *a, const struct vm_state *b)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (memcmp((char *)a + parts[i].at, (char *)b + parts[i].at, parts[i].size))
			return parts[i].name;
	if (memcmp(a->pic, b->pic, sizeof(a->pic)))
		return "IRQCHIP";
	if (!same_pit(a, b))
		return "PIT2";
	if (a->tsc_offset != b->tsc_offset)
		return "TSC_OFFSET";
	/* It goes on, and has lost nothing that matters. */
	if (b->clock.clock < a->clock.clock ||
	    b->clock.clock - a->clock.clock > b->clock.realtime - a->clock.realtime + NS_PER_S ||
	    b->clock.clock - a->clock.clock + NS_PER_S < b->clock.realtime - a->clock.realtime)
		return "CLOCK";
	return same_msrs(a, b) ? NULL : "MSRS";
}
