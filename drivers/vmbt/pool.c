// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM's memory: more of it when it asks, less when the host is short.
 *
 * Shadow pages and what belongs to them live in pages of a pool that grows with
 * the guest (VMBT_HC_POOL_GROW). A shrinker tells the host's memory management
 * what VMs have above their first pages, and asks them for it, one after the
 * other. It runs in whatever context is short of memory, maybe our own: so it
 * waits for nobody, and takes no lock but by trying. It leaves a number and gets
 * the vCPU out of the guest or out of HLT; the VMM gives pages back, in KVM_RUN
 * and at a point of its choice (VMBT_HC_POOL_SHRINK). One that is in user space
 * does so when it runs again.
 *
 * What VMs could give is reckoned from the driver's numbers alone. One that had
 * less than it was asked for is not asked again below what it had then.
 */
#include <linux/shrinker.h>

#include "vmbt.h"

/* Each page back may cost the guest some faults: rather dearer than a dentry. */
#define VMBT_SHRINK_SEEKS	(2 * DEFAULT_SEEKS)

static struct shrinker *vmbt_shrinker;

/* Pages that came back since the last scan, which could not wait for them. */
static atomic_long_t vmbt_came_back;

/* The first pages are charged with the VM, whether it has them or not. */
static u32 vmbt_pool_charge(u32 pages)
{
	return max(pages, VMBT_POOL_SURE);
}

/**
 * vmbt_pool_grow() - answer VMBT_HC_POOL_GROW
 * @vm: the VM
 *
 * What the user may not have, or the host has not, the VMM does without.
 */
void vmbt_pool_grow(struct vmbt_vm *vm)
{
	struct vmbt_shared *sh = vm->shared;
	u32 had = vm->pool_pages;
	u32 want = min_t(u64, sh->hc_arg[0], vm->pool_limit - had);
	u32 more = vmbt_pool_charge(had + want) - vmbt_pool_charge(had);
	u32 got, end, kept;

	if (!want || (more && vmbt_user_charge(vm->user, more, vm->above))) {
		want = 0;
		more = 0;
	}
	got = vmbt_space_pool_grow(vm->space, want, &end);
	kept = vmbt_pool_charge(had + got) - vmbt_pool_charge(had);
	vmbt_user_uncharge(vm->user, more - kept);
	vm->charged += kept;
	WRITE_ONCE(vm->pool_pages, had + got);
	sh->hc_out[0] = end;
}

/**
 * vmbt_pool_shrink() - answer VMBT_HC_POOL_SHRINK
 * @vm: the VM
 * Return: false if the VMM named a page that it can't give.
 */
bool vmbt_pool_shrink(struct vmbt_vm *vm)
{
	struct vmbt_shared *sh = vm->shared;
	u64 count = sh->hc_arg[0];
	u32 n, end, left, less;

	if (count > VMBT_SHRINK_LIST)
		return false;
	n = vmbt_space_pool_shrink(vm->space, sh->shrink_list, count, &end);
	left = vm->pool_pages - n;
	less = vmbt_pool_charge(vm->pool_pages) - vmbt_pool_charge(left);
	vmbt_user_uncharge(vm->user, less);
	vm->charged -= less;
	WRITE_ONCE(vm->pool_pages, left);
	WRITE_ONCE(vm->pool_owed, vm->pool_owed - min(vm->pool_owed, n));
	if (left < vm->pool_floor || (sh->hc_arg[1] && vm->pool_owed))
		WRITE_ONCE(vm->pool_floor, left);
	if (sh->hc_arg[1])
		WRITE_ONCE(vm->pool_owed, 0);
	atomic_long_add(n, &vmbt_came_back);
	sh->hc_out[0] = end;
	return n == count;
}

/**
 * vmbt_pool_request() - tell the VMM what is wanted of it
 * @vm: the VM, about to enter the VMM world, vmbt_pool_wanted()
 */
void vmbt_pool_request(struct vmbt_vm *vm)
{
	u32 n = atomic_read(&vm->pool_asked);

	/* In this order: at no moment is it asked for more than it has. */
	WRITE_ONCE(vm->pool_owed, n);
	atomic_sub(n, &vm->pool_asked);
	vm->shared->shrink_want = n;
	vm->shared->requests |= VMBT_REQ_SHRINK;
}

/* What the VM could give back, and has not been asked for. */
static u32 vmbt_pool_spare(struct vmbt_vm *vm)
{
	u32 keep = max(READ_ONCE(vm->pool_floor), VMBT_POOL_START);
	u32 pages = READ_ONCE(vm->pool_pages);

	keep += atomic_read(&vm->pool_asked) + READ_ONCE(vm->pool_owed);
	return pages > keep ? pages - keep : 0;
}

static bool vmbt_count_vm(struct vmbt_vm *vm, void *data)
{
	unsigned long *count = data;

	*count += vmbt_pool_spare(vm);
	return false;
}

static bool vmbt_ask_vm(struct vmbt_vm *vm, void *data)
{
	/* Pairs with the release in vmbt_vcpu_create(). */
	struct vmbt_vcpu *vcpu = smp_load_acquire(&vm->vcpu);
	unsigned long *left = data;
	u32 n = min_t(unsigned long, *left, vmbt_pool_spare(vm));

	if (!n || !vcpu)
		return false;
	atomic_add(n, &vm->pool_asked);
	atomic64_add(n, &vm->nr_pool_asked);
	wake_up(&vm->halt_wait);
	vmbt_vcpu_nudge(vcpu);
	*left -= n;
	return !*left;
}

static unsigned long vmbt_shrink_count(struct shrinker *shrinker,
				       struct shrink_control *sc)
{
	unsigned long count = 0;

	vmbt_vm_try_each(vmbt_count_vm, &count);
	return count;
}

static unsigned long vmbt_shrink_scan(struct shrinker *shrinker,
				      struct shrink_control *sc)
{
	unsigned long left = sc->nr_to_scan;

	vmbt_vm_try_each(vmbt_ask_vm, &left);
	if (left == sc->nr_to_scan)
		return SHRINK_STOP;
	return atomic_long_xchg(&vmbt_came_back, 0);
}

/**
 * vmbt_pool_init() - be there when the host is short of memory
 *
 * Not for each memory cgroup: a module can't tell which of them have something
 * to give (the bit for that is list_lru's, for objects of slabs).
 *
 * Return: 0 or -ENOMEM.
 */
int vmbt_pool_init(void)
{
	vmbt_shrinker = shrinker_alloc(0, "vmbt-pool");
	if (!vmbt_shrinker)
		return -ENOMEM;
	vmbt_shrinker->count_objects = vmbt_shrink_count;
	vmbt_shrinker->scan_objects = vmbt_shrink_scan;
	vmbt_shrinker->seeks = VMBT_SHRINK_SEEKS;
	shrinker_register(vmbt_shrinker);
	return 0;
}

void vmbt_pool_exit(void)
{
	shrinker_free(vmbt_shrinker);
}
