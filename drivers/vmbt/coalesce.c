// SPDX-License-Identifier: GPL-2.0
/*
 * The host's side of accesses that do not leave the VMM (vmm/chip/coalesce.c).
 *
 * KVM_REGISTER_COALESCED_MMIO and VMBT_SET_PAIR say which; what the VMM has kept is
 * copied to a page of user space's, KVM's ring, whenever KVM_RUN returns. The VMM never
 * sees that page: what user space writes there is looked at here, read once and
 * bounded, and can cost it nothing but its own writes.
 *
 * In KVM writes wait until the vCPU exits for another reason. Here they do so too, but
 * a reason is found: the second time that the VMM is left for whatever it is, a clock
 * tick at the latest, KVM_RUN returns. Not the first: at a high rate of writes many
 * would have to do with a world switch of their own.
 */
#include <linux/nospec.h>

#include "vmbt.h"

#define VMBT_RING_ENTRIES	((PAGE_SIZE - sizeof(struct kvm_coalesced_mmio_ring)) / \
				 sizeof(struct kvm_coalesced_mmio))
#define VMBT_REG_FLAGS		(VMBT_REG_PLAIN | VMBT_REG_MASKS | VMBT_REG_LATE | VMBT_REG_LIVE)

/*
 * The tables are the VMM's while it runs: keep it out. Without a vCPU nothing runs,
 * and none is made meanwhile.
 */
static int vmbt_coalesced_change(struct vmbt_vm *vm, const struct kvm_coalesced_mmio_zone *z,
				 int (*change)(struct vmbt_coalesced *c,
					       const struct kvm_coalesced_mmio_zone *z))
{
	struct vmbt_coalesced *c = &vm->shared->coalesced;
	struct vmbt_vcpu *vcpu;
	int r = 0;

	mutex_lock(&vm->lock);
	vcpu = vm->vcpu;
	if (!vcpu)
		r = change(c, z);
	mutex_unlock(&vm->lock);
	if (!vcpu)
		return r;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	r = change(c, z);
	mutex_unlock(&vcpu->mutex);
	return r;
}

static int vmbt_coalesced_add(struct vmbt_coalesced *c, const struct kvm_coalesced_mmio_zone *z)
{
	if (c->nzones >= VMBT_ZONES)
		return -ENOSPC;
	c->zone[c->nzones++] = (struct vmbt_zone){
		.addr = z->addr, .size = z->size, .pio = z->pio,
	};
	return 0;
}

/**
 * vmbt_coalesced_register() - KVM_REGISTER_COALESCED_MMIO
 * @vm: the VM
 * @z: the range
 * Return: 0, -EINVAL, -ENOSPC or -EINTR.
 */
int vmbt_coalesced_register(struct vmbt_vm *vm, const struct kvm_coalesced_mmio_zone *z)
{
	if (z->pio > 1 || !z->size || z->addr + z->size < z->addr)
		return -EINVAL;
	return vmbt_coalesced_change(vm, z, vmbt_coalesced_add);
}

static int vmbt_coalesced_remove(struct vmbt_coalesced *c, const struct kvm_coalesced_mmio_zone *z)
{
	const struct vmbt_zone *old;
	u32 i, kept = 0;

	for (i = 0; i < c->nzones; i++) {
		old = &c->zone[i];
		if (old->pio == z->pio && z->addr >= old->addr && z->size <= old->size &&
		    z->addr - old->addr <= old->size - z->size)
			continue;
		c->zone[kept++] = *old;
	}
	c->nzones = kept;
	return 0;
}

/**
 * vmbt_coalesced_unregister() - KVM_UNREGISTER_COALESCED_MMIO
 * @vm: the VM
 * @z: as in KVM each registered range that it lies in goes
 * Return: 0, -EINVAL or -EINTR.
 */
int vmbt_coalesced_unregister(struct vmbt_vm *vm, const struct kvm_coalesced_mmio_zone *z)
{
	if (z->pio > 1)
		return -EINVAL;
	return vmbt_coalesced_change(vm, z, vmbt_coalesced_remove);
}

static bool vmbt_pair_ok(const struct vmbt_pair *p)
{
	u32 i;

	if (p->pair >= VMBT_PAIRS || p->pad)
		return false;
	if (!p->size)
		return true;
	if ((p->size != 2 && p->size != 4) || p->index_port == p->data_port ||
	    p->nregs > VMBT_PAIR_REGS || !p->max)
		return false;
	for (i = 0; i < p->nregs; i++)
		if (p->reg[i].flags & ~VMBT_REG_FLAGS)
			return false;

	return true;
}

/**
 * vmbt_coalesced_pair() - VMBT_SET_PAIR
 * @vcpu: the vCPU, its mutex held
 * @p: the ports and what is known of them
 * Return: 0 or -EINVAL.
 */
int vmbt_coalesced_pair(struct vmbt_vcpu *vcpu, const struct vmbt_pair *p)
{
	struct vmbt_pair_state s = {
		.index_port = p->index_port,
		.data_port = p->data_port,
		.max = p->max,
		.index_mask = p->index_mask,
		.index = p->index & p->index_mask,
	};
	u32 i;

	BUILD_BUG_ON(VMBT_PAIRS != VMBT_MAX_PAIRS);
	BUILD_BUG_ON(VMBT_PAIR_REGS != VMBT_PAIR_REGS_MAX);
	if (!vmbt_pair_ok(p))
		return -EINVAL;
	s.size = p->size;
	s.nregs = p->size ? p->nregs : 0;
	for (i = 0; i < s.nregs; i++)
		s.reg[i] = (struct vmbt_pair_reg_state){
			.index = p->reg[i].index,
			.flags = p->reg[i].flags,
			.mask = p->reg[i].mask,
			.kept = p->reg[i].kept,
			.value = p->reg[i].value,
		};
	i = array_index_nospec(p->pair, VMBT_PAIRS);
	vcpu->vm->shared->coalesced.pair[i] = s;
	return 0;
}

/* Entries that user space has not taken yet, whatever it says. */
static u32 vmbt_ring_used(const struct kvm_coalesced_mmio_ring *ring, u32 last)
{
	u32 first = READ_ONCE(ring->first);

	if (first >= VMBT_RING_ENTRIES)
		return VMBT_RING_ENTRIES;
	return last >= first ? last - first : last + VMBT_RING_ENTRIES - first;
}

/**
 * vmbt_coalesced_begin() - KVM_RUN is about to begin
 * @vcpu: the vCPU
 *
 * One entry of a ring stays free, and the VMM keeps no more than there is room for.
 */
void vmbt_coalesced_begin(struct vmbt_vcpu *vcpu)
{
	struct vmbt_coalesced *c = &vcpu->vm->shared->coalesced;
	u32 used = vmbt_ring_used(vcpu->ring, vcpu->ring_last);

	c->off = READ_ONCE(vmbt_param_no_io);
	c->room = used >= VMBT_RING_ENTRIES - 1 ? 0 :
		  min_t(u32, VMBT_RING_ENTRIES - 1 - used, VMBT_LATE);
}

/**
 * vmbt_coalesced_ready() - what user space says of its registers
 * @vcpu: the vCPU, about to enter the VMM world
 */
void vmbt_coalesced_ready(struct vmbt_vcpu *vcpu)
{
	struct vmbt_coalesced *c = &vcpu->vm->shared->coalesced;
	u32 i;

	for (i = 0; i < VMBT_PAIRS; i++)
		c->pair[i].live = READ_ONCE(vcpu->ext->live[i]);
}

/**
 * vmbt_coalesced_round() - the VMM was left, for something else
 * @vcpu: the vCPU
 */
void vmbt_coalesced_round(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;

	/* Handed over at the next clean point. */
	if (sh->coalesced.count && vcpu->late)
		sh->requests |= VMBT_REQ_EXIT;
	vcpu->late = sh->coalesced.count;
}

/**
 * vmbt_coalesced_end() - KVM_RUN is about to return: user space gets the writes
 * @vcpu: the vCPU
 *
 * The VMM may have been led astray by its guest: it says how many there are, and a length.
 */
void vmbt_coalesced_end(struct vmbt_vcpu *vcpu)
{
	struct vmbt_coalesced *c = &vcpu->vm->shared->coalesced;
	struct kvm_coalesced_mmio_ring *ring = vcpu->ring;
	u32 i, n = min3(c->count, c->room, (u32)VMBT_LATE);
	struct kvm_coalesced_mmio *e;

	for (i = 0; i < n; i++) {
		e = &ring->coalesced_mmio[vcpu->ring_last];
		e->phys_addr = c->late[i].addr;
		e->len = clamp_t(u32, c->late[i].len, 1, sizeof(e->data));
		e->pio = !!c->late[i].pio;
		memcpy(e->data, c->late[i].data, sizeof(e->data));
		vcpu->ring_last = (vcpu->ring_last + 1) % VMBT_RING_ENTRIES;
	}
	c->count = 0;
	vcpu->late = false;
	for (i = 0; i < VMBT_PAIRS; i++) {
		c->pair[i].late = 0;
		c->pair[i].nlate = 0;
	}
	if (n) {
		/* Pairs with user space's read of it: the entries are there. */
		smp_store_release(&ring->last, vcpu->ring_last);
	}
}
