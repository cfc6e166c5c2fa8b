// SPDX-License-Identifier: GPL-2.0
/*
 * Every ioctl of /dev/vmbt, with an argument that is right: the table that
 * known.sh holds against the driver's. What gets through to the depths of the
 * driver is mostly such an argument with one or two fields changed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abifuzz.h"
#include "guest.h"

static uint64_t extension(struct self *t)
{
	static const uint32_t own[] = {
		VMBT_CAP_ABI, VMBT_CAP_HOST, VMBT_CAP_CHIPS, VMBT_CAP_A20,
		VMBT_CAP_MEMORY_WRITTEN, VMBT_CAP_HOSTILE, VMBT_CAP_PAIRS,
	};

	return one_in(&t->rng, 4) ? own[below(&t->rng, ARRAY_SIZE(own))] :
	       below(&t->rng, 250);
}

static uint64_t page_address(struct self *t)
{
	return (uint64_t)below(&t->rng, 0x100000) << 12;
}

static uint64_t tsc_khz(struct self *t)
{
	return one_in(&t->rng, 2) ? 0 : 1000000 + below(&t->rng, 4000000);
}

static void fill_cpuid(struct self *t, struct machine *m, void *arg)
{
	struct kvm_cpuid2 *c = arg;

	(void)m;
	memset(arg, 0, ARENA);
	c->nent = one_in(&t->rng, 8) ? below(&t->rng, 100) : 64;
	/* A policy to set, or room for one. */
	if (!one_in(&t->rng, 4))
		call_known(KVM_GET_SUPPORTED_CPUID, t->life->dev, arg);
}

static void fill_msr_list(struct self *t, struct machine *m, void *arg)
{
	struct kvm_msr_list *l = arg;

	(void)m;
	l->nmsrs = one_in(&t->rng, 4) ? below(&t->rng, 8) : 200;
}

static void fill_msrs(struct self *t, struct machine *m, void *arg)
{
	static const uint32_t msrs[] = {
		0x10, 0x1b, 0x174, 0x175, 0x176, 0x277, 0x1d9, 0xfe, 0x2ff,
		0x200, 0x250, 0x3a, 0x8b, 0xc0000080, 0xc0000081, 0xc0000100,
		0x4b564d00, 0x4b564d01, 0x11, 0x12, 0x40000000,
	};
	struct kvm_msrs *s = arg;
	unsigned int i;

	(void)m;
	memset(arg, 0, ARENA);
	s->nmsrs = 1 + below(&t->rng, 20);
	for (i = 0; i < s->nmsrs; i++) {
		s->entries[i].index = msrs[below(&t->rng, ARRAY_SIZE(msrs))];
		if (one_in(&t->rng, 2))
			s->entries[i].data = odd_value(&t->rng);
	}
}

static void fill_region(struct self *t, struct machine *m, void *arg)
{
	struct kvm_userspace_memory_region *r = arg;
	uint32_t n = 1 + below(&t->rng, 0x200);
	uint32_t at = below(&t->rng, (GUEST_END >> 12) - n);

	/* Slots come and go behind the guest's RAM; 0, which is that, now and then. */
	r->slot = one_in(&t->rng, 60) ? 0 : 1 + below(&t->rng, 9);
	r->flags = one_in(&t->rng, 3) ? below(&t->rng, 4) : 0;
	r->guest_phys_addr = one_in(&t->rng, 3) ?
		(uint64_t)below(&t->rng, 0x1000) << 12 :
		GUEST_FAR + GUEST_MORE + (uint64_t)below(&t->rng, 0x200) * PAGE;
	r->memory_size = one_in(&t->rng, 3) ? 0 : n * PAGE;
	if (one_in(&t->rng, 6)) {
		r->guest_phys_addr = (uint64_t)below(&t->rng, 1 << 24) << 12;
		r->memory_size = (uint64_t)below(&t->rng, 1 << 24) << 12;
	}
	r->userspace_addr = (uintptr_t)m->ram + at * PAGE;
	/* The guest writes what the kernel tells user space. */
	if (one_in(&t->rng, 12))
		r->userspace_addr = (uintptr_t)t->life->m[below(&t->rng, VMS)].run;
}

static void fill_dirty_log(struct self *t, struct machine *m, void *arg)
{
	struct kvm_dirty_log *l = arg;

	(void)m;
	l->slot = one_in(&t->rng, 2) ? 0 : below(&t->rng, 9);
	l->dirty_bitmap = one_in(&t->rng, 4) ? (void *)m->ram : t->arena + 2 * PAGE;
}

static void fill_irq_level(struct self *t, struct machine *m, void *arg)
{
	struct kvm_irq_level *l = arg;

	(void)m;
	l->irq = below(&t->rng, 16);
	l->level = below(&t->rng, 2);
}

static void fill_irqchip(struct self *t, struct machine *m, void *arg)
{
	struct kvm_irqchip *c = arg;

	(void)m;
	memset(c, 0, sizeof(*c));
	c->chip_id = below(&t->rng, 2);
}

static void fill_written(struct self *t, struct machine *m, void *arg)
{
	struct vmbt_written *w = arg;

	(void)m;
	w->gpa = below(&t->rng, GUEST_END);
	w->size = 1 + below(&t->rng, one_in(&t->rng, 4) ? GUEST_END : 8192);
}

/* A port that the guest has for something, or any. */
static uint32_t some_port(struct self *t)
{
	static const uint16_t ports[] = { GUEST_INDEX, GUEST_DATA, 0x3f8, 0x84, 0x20 };

	return one_in(&t->rng, 3) ? below(&t->rng, 0x100) :
	       ports[below(&t->rng, ARRAY_SIZE(ports))];
}

static void fill_zone(struct self *t, struct machine *m, void *arg)
{
	struct kvm_coalesced_mmio_zone *z = arg;

	(void)m;
	z->pio = one_in(&t->rng, 2);
	/* Where the guest's ports are, and its accesses without memory. */
	z->addr = z->pio ? some_port(t) : GUEST_FAR + below(&t->rng, 0x800000);
	z->size = 1 + below(&t->rng, z->pio ? 0x100 : 0x100000);
	if (!z->pio && one_in(&t->rng, 2)) {
		z->addr = GUEST_ABSENT;
		z->size = 0x1000;
	}
}

static void fill_pair(struct self *t, struct machine *m, void *arg)
{
	struct vmbt_pair *p = arg;
	unsigned int i;

	(void)m;
	memset(p, 0, sizeof(*p));
	p->pair = below(&t->rng, VMBT_MAX_PAIRS);
	p->size = one_in(&t->rng, 2) ? 2 : 2 * below(&t->rng, 3);
	p->index_port = one_in(&t->rng, 2) ? GUEST_INDEX : some_port(t);
	p->data_port = one_in(&t->rng, 2) ? GUEST_DATA : some_port(t);
	p->nregs = below(&t->rng, VMBT_PAIR_REGS_MAX + 1);
	p->max = 1 + below(&t->rng, 200);
	p->index_mask = below(&t->rng, 4);
	for (i = 0; i < VMBT_PAIR_REGS_MAX; i++) {
		p->reg[i].index = below(&t->rng, 4);
		p->reg[i].flags = below(&t->rng, 16);
		p->reg[i].mask = odd_value(&t->rng);
		p->reg[i].kept = odd_value(&t->rng);
		p->reg[i].value = odd_value(&t->rng);
	}
}

static void fill_stats(struct self *t, struct machine *m, void *arg)
{
	struct vmbt_stats *s = arg;

	(void)m;
	s->nstats = one_in(&t->rng, 4) ? below(&t->rng, 16) : 250;
	s->flags = 0;
}

static void fill_interrupt(struct self *t, struct machine *m, void *arg)
{
	struct kvm_interrupt *i = arg;

	(void)m;
	i->irq = below(&t->rng, 256);
}

static void fill_signal_mask(struct self *t, struct machine *m, void *arg)
{
	struct kvm_signal_mask *s = arg;

	(void)m;
	s->len = 8;
	/* Mostly one that lets what ends a run through. */
	if (one_in(&t->rng, 4))
		scramble(&t->rng, s->sigset, 8);
	else
		memset(s->sigset, 0, 8);
}

static void fill_attr(struct self *t, struct machine *m, void *arg)
{
	struct kvm_device_attr *a = arg;

	(void)m;
	a->flags = 0;
	a->group = KVM_VCPU_TSC_CTRL;
	a->attr = KVM_VCPU_TSC_OFFSET;
	a->addr = (uintptr_t)t->arena + 2 * PAGE;
}

static void fill_mp_state(struct self *t, struct machine *m, void *arg)
{
	struct kvm_mp_state *s = arg;

	(void)m;
	s->mp_state = one_in(&t->rng, 3) ? KVM_MP_STATE_HALTED :
					   KVM_MP_STATE_RUNNABLE;
}

static void fill_hostile(struct self *t, struct machine *m, void *arg)
{
	static const uint8_t programs[][4] = {
		{ 0x0f, 0x0b }, { 0xf4 }, { 0xcd, 0x80 }, { 0xeb, 0xfe },
		{ 0x0f, 0x20, 0xc0 }, { 0xff, 0xe0 },
	};
	struct vmbt_hostile_run *h = arg;

	memset(h, 0, sizeof(*h));
	h->warm_eip = GUEST_CODE;
	h->gpa = 0xd000;
	h->count = 1 + below(&t->rng, 4);
	h->deliver = below(&t->rng, 16);
	h->flags = below(&t->rng, 4);
	poke(m->ram + h->gpa, programs[below(&t->rng, ARRAY_SIZE(programs))], 4);
}

#define NUMBER(cmd, where, number, weight) \
	{ #cmd, cmd, where, 0, NULL, number, 0, weight }
#define STRUCT(cmd, where, fill, weight) \
	{ #cmd, cmd, where, _IOC_SIZE(cmd), fill, NULL, 0, weight }
#define SIZED(cmd, where, size, fill, weight) \
	{ #cmd, cmd, where, size, fill, NULL, 0, weight }
#define SETTER(set, get, where, weight) \
	{ #set, set, where, _IOC_SIZE(set), NULL, NULL, get, weight }

const struct call calls[] = {
	NUMBER(KVM_GET_API_VERSION, ON_DEV, NULL, 1),
	NUMBER(KVM_CREATE_VM, ON_DEV, NULL, 1),
	NUMBER(KVM_CHECK_EXTENSION, ON_DEV, extension, 2),
	NUMBER(KVM_GET_VCPU_MMAP_SIZE, ON_DEV, NULL, 1),
	SIZED(KVM_GET_SUPPORTED_CPUID, ON_DEV, ARENA, fill_cpuid, 1),
	SIZED(KVM_GET_MSR_INDEX_LIST, ON_DEV, PAGE, fill_msr_list, 1),

	NUMBER(KVM_CREATE_VCPU, ON_VM, NULL, 3),
	STRUCT(KVM_SET_USER_MEMORY_REGION, ON_VM, fill_region, 20),
	STRUCT(KVM_GET_DIRTY_LOG, ON_VM, fill_dirty_log, 8),
	NUMBER(KVM_SET_TSS_ADDR, ON_VM, page_address, 1),
	STRUCT(KVM_SET_IDENTITY_MAP_ADDR, ON_VM, NULL, 1),
	STRUCT(KVM_IRQ_LINE, ON_VM, fill_irq_level, 8),
	STRUCT(KVM_GET_IRQCHIP, ON_VM, fill_irqchip, 2),
	SETTER(KVM_SET_IRQCHIP, KVM_GET_IRQCHIP, ON_VM, 3),
	STRUCT(KVM_GET_PIT2, ON_VM, NULL, 2),
	SETTER(KVM_SET_PIT2, KVM_GET_PIT2, ON_VM, 3),
	STRUCT(KVM_GET_CLOCK, ON_VM, NULL, 2),
	SETTER(KVM_SET_CLOCK, KVM_GET_CLOCK, ON_VM, 2),
	NUMBER(VMBT_CREATE_CHIPS, ON_VM, NULL, 1),
	STRUCT(VMBT_MEMORY_WRITTEN, ON_VM, fill_written, 10),
	STRUCT(KVM_REGISTER_COALESCED_MMIO, ON_VM, fill_zone, 4),
	STRUCT(KVM_UNREGISTER_COALESCED_MMIO, ON_VM, fill_zone, 3),
	SIZED(VMBT_GET_STATS, ON_VM, ARENA, fill_stats, 3),
	NUMBER(VMBT_HOSTILE_ENABLE, ON_VM, NULL, 1),

	NUMBER(KVM_RUN, ON_CPU, NULL, 4),
	STRUCT(KVM_GET_REGS, ON_CPU, NULL, 2),
	SETTER(KVM_SET_REGS, KVM_GET_REGS, ON_CPU, 4),
	STRUCT(KVM_GET_SREGS, ON_CPU, NULL, 2),
	SETTER(KVM_SET_SREGS, KVM_GET_SREGS, ON_CPU, 4),
	STRUCT(KVM_GET_SREGS2, ON_CPU, NULL, 2),
	SETTER(KVM_SET_SREGS2, KVM_GET_SREGS2, ON_CPU, 4),
	STRUCT(KVM_GET_FPU, ON_CPU, NULL, 2),
	SETTER(KVM_SET_FPU, KVM_GET_FPU, ON_CPU, 3),
	STRUCT(KVM_GET_DEBUGREGS, ON_CPU, NULL, 1),
	SETTER(KVM_SET_DEBUGREGS, KVM_GET_DEBUGREGS, ON_CPU, 3),
	STRUCT(KVM_GET_VCPU_EVENTS, ON_CPU, NULL, 1),
	SETTER(KVM_SET_VCPU_EVENTS, KVM_GET_VCPU_EVENTS, ON_CPU, 4),
	STRUCT(KVM_GET_MP_STATE, ON_CPU, NULL, 1),
	STRUCT(KVM_SET_MP_STATE, ON_CPU, fill_mp_state, 2),
	SIZED(KVM_GET_MSRS, ON_CPU, PAGE, fill_msrs, 2),
	SIZED(KVM_SET_MSRS, ON_CPU, PAGE, fill_msrs, 3),
	SIZED(KVM_SET_CPUID2, ON_CPU, ARENA, fill_cpuid, 2),
	SIZED(KVM_GET_CPUID2, ON_CPU, ARENA, fill_cpuid, 2),
	STRUCT(KVM_INTERRUPT, ON_CPU, fill_interrupt, 4),
	NUMBER(KVM_NMI, ON_CPU, NULL, 2),
	SIZED(KVM_SET_SIGNAL_MASK, ON_CPU, 12, fill_signal_mask, 1),
	STRUCT(VMBT_SET_PAIR, ON_CPU, fill_pair, 6),
	STRUCT(KVM_HAS_DEVICE_ATTR, ON_CPU, fill_attr, 1),
	STRUCT(KVM_GET_DEVICE_ATTR, ON_CPU, fill_attr, 1),
	STRUCT(KVM_SET_DEVICE_ATTR, ON_CPU, fill_attr, 2),
	NUMBER(KVM_GET_TSC_KHZ, ON_CPU, NULL, 1),
	NUMBER(KVM_SET_TSC_KHZ, ON_CPU, tsc_khz, 1),
	SIZED(VMBT_HOSTILE_RUN, ON_CPU, sizeof(struct vmbt_hostile_run), fill_hostile, 2),
};

const unsigned int ncalls = ARRAY_SIZE(calls);
