// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: slots of user memory, and the grants the VMM holds on it.
 *
 * The VMM asks for the page behind a guest frame when it needs it, and gets a
 * grant, to read or to write, recorded in vm->grants. A grant is no reference
 * to the page: it lasts until the host's memory management wants the page
 * back, as told by an MMU notifier. Then, for the range that goes away:
 *
 *   1. the notifier takes the grants out (a write grant dirties its page) and
 *      adds the frames to vm->zap_start..zap_end, all under mem_lock;
 *   2. it kicks the vCPU if that is in the VMM world, and waits until it is
 *      out (vmbt_vcpu_kick());
 *   3. before the vCPU enters again, vmbt_mem_entry() hands the range to the
 *      VMM as VMBT_REQ_ZAP; the VMM drops its window and shadow entries and
 *      flushes before it does anything else.
 *
 * A grant in the making is protected by a sequence number: looked at before
 * the page is looked up, again when the grant is recorded, and once more at
 * entry, where an answer that has gone stale turns into VMBT_PAGE_RETRY.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmbt.h"

#define VMBT_GRANT_WRITE	1

#define VMBT_SLOT_FRAMES	(VMBT_SLOT_MAP_SHIFT - PAGE_SHIFT)

/* Grants taken out in one go with the spinlock held. */
#define VMBT_REVOKE_BATCH	512

static struct vmbt_slot *vmbt_slot_find(struct vmbt_vm *vm, u64 gfn)
{
	unsigned int lo = 0, hi = vm->nslots;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;
		struct vmbt_slot *s = &vm->slots[mid];

		if (gfn < s->base_gfn)
			hi = mid;
		else if (gfn >= s->base_gfn + s->npages)
			lo = mid + 1;
		else
			return s;
	}
	return NULL;
}

/* The sequence moves with each, so that vmbt_mem_current() sees all of them. */
static void vmbt_zap_add(struct vmbt_vm *vm, u64 start, u64 end)
{
	vm->inv_seq++;
	if (vm->zap_start == vm->zap_end) {
		vm->zap_start = start;
		vm->zap_end = end;
	} else {
		vm->zap_start = min(vm->zap_start, start);
		vm->zap_end = max(vm->zap_end, end);
	}
}

/* Somebody may want the lock, and the CPU, after so many of them. */
static void vmbt_revoke_pause(struct vmbt_vm *vm, unsigned int n)
	__must_hold(&vm->mem_lock)
{
	if (n % VMBT_REVOKE_BATCH == 0) {
		spin_unlock(&vm->mem_lock);
		cpu_relax();
		spin_lock(&vm->mem_lock);
	}
}

/*
 * Take out the grants of frames [start, end), with mem_lock held, and all of a
 * large one of which a part goes. Many are done in batches with the lock dropped
 * in between, which is safe because the caller has raised inv_active or owns the
 * slots: no grant can come back. Returns true if there was any.
 */
static bool vmbt_revoke(struct vmbt_vm *vm, u64 start, u64 end)
	__must_hold(&vm->mem_lock)
{
	unsigned int n = 0;
	bool any = false;
	unsigned long gfn, i;
	void *entry;

	if (start >= end)
		return false;
	vm->inv_seq++;
	xa_for_each_range(&vm->large, i, entry, start / VMBT_LARGE_FRAMES,
			  (end - 1) / VMBT_LARGE_FRAMES) {
		folio_mark_dirty(page_folio((struct page *)entry));
		xa_erase(&vm->large, i);
		gfn = i * VMBT_LARGE_FRAMES;
		vmbt_zap_add(vm, gfn, gfn + VMBT_LARGE_FRAMES);
		vm->nr_revokes++;
		any = true;
		vmbt_revoke_pause(vm, ++n);
	}
	xa_for_each_range(&vm->grants, gfn, entry, start, end - 1) {
		struct page *page = xa_untag_pointer(entry);

		if (xa_pointer_tag(entry) == VMBT_GRANT_WRITE)
			folio_mark_dirty(page_folio(page));
		xa_erase(&vm->grants, gfn);
		vmbt_zap_add(vm, gfn, gfn + 1);
		vm->nr_revokes++;
		any = true;
		vmbt_revoke_pause(vm, ++n);
	}
	return any;
}

/**
 * vmbt_mem_grant() - the grant that the VMM has on a frame
 * @vm: the VM
 * @gfn: the frame
 * @writable: whether it allows writes
 *
 * Context: mem_lock is held. Return: the page, NULL if there is none.
 */
struct page *vmbt_mem_grant(struct vmbt_vm *vm, u64 gfn, bool *writable)
{
	struct page *page = vmbt_large_page(vm, gfn);
	void *entry;

	*writable = true;
	if (page)
		return page;
	entry = xa_load(&vm->grants, gfn);
	*writable = xa_pointer_tag(entry) == VMBT_GRANT_WRITE;
	return xa_untag_pointer(entry);
}

/*
 * Somebody may rely on frames being out of use that somebody else revoked just
 * now and has not kicked for yet: any zap that waits is reason enough.
 */
static bool vmbt_zap_waits(struct vmbt_vm *vm)
{
	return vm->zap_start != vm->zap_end;
}

static void vmbt_kick(struct vmbt_vm *vm)
{
	/* Pairs with the release in vmbt_vcpu_create(). */
	struct vmbt_vcpu *vcpu = smp_load_acquire(&vm->vcpu);

	if (vcpu)
		vmbt_vcpu_kick(vcpu);
}

/*
 * Revoke what backs user addresses [start, end). The slot array may change
 * while vmbt_revoke() drops the lock, so it is walked by frame number.
 */
static bool vmbt_revoke_hva(struct vmbt_vm *vm, unsigned long start,
			    unsigned long end)
	__must_hold(&vm->mem_lock)
{
	bool any = false;
	u64 next = 0;

	for (;;) {
		struct vmbt_slot *s = NULL;
		unsigned long from, to;
		u64 base, gstart, gend;
		unsigned int i;

		for (i = 0; i < vm->nslots; i++) {
			if (vm->slots[i].base_gfn >= next) {
				s = &vm->slots[i];
				break;
			}
		}
		if (!s)
			return any;
		base = s->base_gfn;
		next = base + s->npages;
		from = max(start, s->hva);
		to = min(end, s->hva + (s->npages << PAGE_SHIFT));
		if (from >= to)
			continue;
		gstart = base + ((from - s->hva) >> PAGE_SHIFT);
		gend = base + ((to - s->hva + PAGE_SIZE - 1) >> PAGE_SHIFT);
		any |= vmbt_revoke(vm, gstart, gend);
	}
}

static int vmbt_inv_start(struct mmu_notifier *mn,
			  const struct mmu_notifier_range *range)
{
	struct vmbt_vm *vm = container_of(mn, struct vmbt_vm, notifier);
	bool kick;

	spin_lock(&vm->mem_lock);
	/* One range covers all invalidations under way: rare, and only slower. */
	if (!vm->inv_active++) {
		vm->inv_start = range->start;
		vm->inv_end = range->end;
	} else {
		vm->inv_start = min(vm->inv_start, range->start);
		vm->inv_end = max(vm->inv_end, range->end);
	}
	vm->inv_seq++;
	vmbt_revoke_hva(vm, range->start, range->end);
	kick = vmbt_zap_waits(vm);
	spin_unlock(&vm->mem_lock);

	if (kick)
		vmbt_kick(vm);
	return 0;
}

static void vmbt_inv_end(struct mmu_notifier *mn,
			 const struct mmu_notifier_range *range)
{
	struct vmbt_vm *vm = container_of(mn, struct vmbt_vm, notifier);
	bool last;

	spin_lock(&vm->mem_lock);
	vm->inv_seq++;
	last = !--vm->inv_active;
	spin_unlock(&vm->mem_lock);
	if (last)
		wake_up_all(&vm->inv_wait);
}

/*
 * Has the guest used these pages? The real accessed bits are in shadow tables
 * that only the VMM reads, so take the grants away: what is used will be asked
 * for again.
 */
static int vmbt_clear_young(struct mmu_notifier *mn, struct mm_struct *mm,
			    unsigned long start, unsigned long end)
{
	struct vmbt_vm *vm = container_of(mn, struct vmbt_vm, notifier);
	bool any, kick;

	spin_lock(&vm->mem_lock);
	any = vmbt_revoke_hva(vm, start, end);
	kick = vmbt_zap_waits(vm);
	spin_unlock(&vm->mem_lock);
	if (kick)
		vmbt_kick(vm);
	return any;
}

static int vmbt_test_young(struct mmu_notifier *mn, struct mm_struct *mm,
			   unsigned long address)
{
	struct vmbt_vm *vm = container_of(mn, struct vmbt_vm, notifier);
	bool writable;
	int young = 0;
	unsigned int i;

	spin_lock(&vm->mem_lock);
	for (i = 0; i < vm->nslots && !young; i++) {
		struct vmbt_slot *s = &vm->slots[i];
		u64 page = (address - s->hva) >> PAGE_SHIFT;

		if (address >= s->hva && page < s->npages)
			young = !!vmbt_mem_grant(vm, s->base_gfn + page, &writable);
	}
	spin_unlock(&vm->mem_lock);
	return young;
}

/* The address space ends. Nobody can run the VM any more. */
static void vmbt_mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct vmbt_vm *vm = container_of(mn, struct vmbt_vm, notifier);

	spin_lock(&vm->mem_lock);
	vmbt_revoke(vm, 0, VMBT_MAX_GFN);
	spin_unlock(&vm->mem_lock);
	vmbt_kick(vm);
}

static const struct mmu_notifier_ops vmbt_notifier_ops = {
	.invalidate_range_start	= vmbt_inv_start,
	.invalidate_range_end	= vmbt_inv_end,
	.clear_flush_young	= vmbt_clear_young,
	.clear_young		= vmbt_clear_young,
	.test_young		= vmbt_test_young,
	.release		= vmbt_mm_release,
};

/**
 * vmbt_mem_init() - prepare a VM's memory and follow its address space
 * @vm: the new VM
 * Return: 0 or a negative error.
 */
int vmbt_mem_init(struct vmbt_vm *vm)
{
	spin_lock_init(&vm->mem_lock);
	xa_init_flags(&vm->grants, XA_FLAGS_ACCOUNT);
	xa_init_flags(&vm->large, XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&vm->inv_wait);
	vm->notifier.ops = &vmbt_notifier_ops;
	return mmu_notifier_register(&vm->notifier, vm->mm);
}

/**
 * vmbt_mem_exit() - stop following the address space, drop all grants
 * @vm: a VM that nobody runs
 */
void vmbt_mem_exit(struct vmbt_vm *vm)
{
	unsigned int i;

	/* Calls vmbt_mm_release() unless the address space ended before. */
	mmu_notifier_unregister(&vm->notifier, vm->mm);
	xa_destroy(&vm->grants);
	xa_destroy(&vm->large);
	for (i = 0; i < vm->nslots; i++)
		kvfree(vm->slots[i].dirty);
}

static void vmbt_mem_top(struct vmbt_vm *vm)
{
	struct vmbt_slot *last;

	unsigned int i, n;
	u64 first, end;

	memset(vm->slot_map, 0, sizeof(vm->slot_map));
	memset(vm->low_map, 0, sizeof(vm->low_map));
	for (i = 0; i < vm->nslots; i++) {
		first = vm->slots[i].base_gfn;
		end = first + vm->slots[i].npages;
		for (n = first; n < end && n < VMBT_LOW_MAP * 64; n++)
			vm->low_map[n / 64] |= 1ULL << n % 64;
		for (n = 0; n < VMBT_SLOT_MAP * 64; n++)
			if (first < (n + 1ULL) << VMBT_SLOT_FRAMES &&
			    end > (u64)n << VMBT_SLOT_FRAMES)
				vm->slot_map[n / 64] |= 1ULL << n % 64;
	}
	vm->mem_top = 0;
	if (vm->nslots) {
		last = &vm->slots[vm->nslots - 1];
		vm->mem_top = (last->base_gfn + last->npages) << PAGE_SHIFT;
	}
}

static void vmbt_slot_remove(struct vmbt_vm *vm, struct vmbt_slot *s)
{
	unsigned int i = s - vm->slots;

	memmove(s, s + 1, (--vm->nslots - i) * sizeof(*s));
}

static void vmbt_slot_insert(struct vmbt_vm *vm, const struct vmbt_slot *new)
{
	unsigned int i;

	for (i = 0; i < vm->nslots; i++)
		if (vm->slots[i].base_gfn > new->base_gfn)
			break;
	memmove(&vm->slots[i + 1], &vm->slots[i],
		(vm->nslots++ - i) * sizeof(*new));
	vm->slots[i] = *new;
}

static struct vmbt_slot *vmbt_slot_by_id(struct vmbt_vm *vm, u32 id)
{
	unsigned int i;

	for (i = 0; i < vm->nslots; i++)
		if (vm->slots[i].id == id)
			return &vm->slots[i];
	return NULL;
}

static bool vmbt_slot_overlaps(struct vmbt_vm *vm, const struct vmbt_slot *new)
{
	unsigned int i;

	for (i = 0; i < vm->nslots; i++) {
		struct vmbt_slot *s = &vm->slots[i];

		if (s->id != new->id && s->base_gfn < new->base_gfn + new->npages &&
		    new->base_gfn < s->base_gfn + s->npages)
			return true;
	}
	return false;
}

/* What KVM refuses, plus what lies beyond the guest's physical space. */
static int vmbt_region_check(const struct kvm_userspace_memory_region *mr)
{
	if (mr->flags & ~VMBT_SLOT_FLAGS)
		return -EINVAL;
	if (mr->slot >= VMBT_MAX_SLOTS)	/* address spaces (SMM) too */
		return -EINVAL;
	if ((mr->memory_size | mr->guest_phys_addr | mr->userspace_addr) &
	    ~PAGE_MASK)
		return -EINVAL;
	if (mr->guest_phys_addr > VMBT_WINDOW_SIZE ||
	    mr->memory_size > VMBT_WINDOW_SIZE - mr->guest_phys_addr)
		return -EINVAL;
	/* A tagged address (LAM) would never match a notifier's. */
	if (mr->userspace_addr > TASK_SIZE_MAX ||
	    mr->memory_size > TASK_SIZE_MAX - mr->userspace_addr)
		return -EINVAL;
	return 0;
}

/**
 * vmbt_mem_set_region() - KVM_SET_USER_MEMORY_REGION
 * @vm: the VM
 * @mr: the region; size 0 deletes the slot
 *
 * As in KVM: a slot can be made, deleted, moved in guest memory or have its
 * flags changed, except KVM_MEM_READONLY; its size and user address stay.
 *
 * Return: 0 or a negative error.
 */
int vmbt_mem_set_region(struct vmbt_vm *vm,
			const struct kvm_userspace_memory_region *mr)
{
	struct vmbt_slot new = {
		.id = mr->slot,
		.flags = mr->flags,
		.base_gfn = mr->guest_phys_addr >> PAGE_SHIFT,
		.npages = mr->memory_size >> PAGE_SHIFT,
		.hva = mr->userspace_addr,
	};
	struct vmbt_slot *s, old = { };
	unsigned long *garbage = NULL;
	int r;

	r = vmbt_region_check(mr);
	if (r)
		return r;

	mutex_lock(&vm->lock);
	s = vmbt_slot_by_id(vm, mr->slot);
	if (s)
		old = *s;
	r = -EINVAL;
	if (!new.npages) {
		if (!s)
			goto out;
	} else {
		if (s && (s->npages != new.npages || s->hva != new.hva ||
			  ((s->flags ^ new.flags) & KVM_MEM_READONLY)))
			goto out;
		r = -EEXIST;
		if (vmbt_slot_overlaps(vm, &new))
			goto out;
		r = 0;
		if (s && s->base_gfn == new.base_gfn && s->flags == new.flags)
			goto out;
		if (new.flags & KVM_MEM_LOG_DIRTY_PAGES) {
			new.dirty = old.dirty;
			if (!new.dirty)
				new.dirty = kvcalloc(BITS_TO_LONGS(new.npages),
						     sizeof(long),
						     GFP_KERNEL_ACCOUNT);
			r = -ENOMEM;
			if (!new.dirty)
				goto out;
		}
	}
	r = 0;
	if (old.dirty != new.dirty)
		garbage = old.dirty;

	spin_lock(&vm->mem_lock);
	s = vmbt_slot_by_id(vm, mr->slot);
	if (s)
		vmbt_slot_remove(vm, s);
	if (new.npages) {
		vmbt_slot_insert(vm, &new);
		/* The VMM may remember that nothing was there. */
		vmbt_zap_add(vm, new.base_gfn, new.base_gfn + new.npages);
	}
	/*
	 * Grants that come back from here on follow the new slot. Taking out
	 * some of those as well does no harm.
	 */
	if (old.npages) {
		vmbt_revoke(vm, old.base_gfn, old.base_gfn + old.npages);
		vmbt_zap_add(vm, old.base_gfn, old.base_gfn + old.npages);
	}
	vmbt_mem_top(vm);
	spin_unlock(&vm->mem_lock);
	vmbt_kick(vm);
out:
	mutex_unlock(&vm->lock);
	kvfree(garbage);
	return r;
}

/**
 * vmbt_mem_dirty_log() - KVM_GET_DIRTY_LOG
 * @vm: the VM
 * @slot: whose log
 * @bitmap: user memory, a bit per page of the slot, in units of 8 bytes
 *
 * A page is dirty from the moment the VMM has a write grant on it. Reading the
 * log takes the write grants of dirty pages away, so that the next write asks
 * again.
 *
 * Return: 0 or a negative error.
 */
int vmbt_mem_dirty_log(struct vmbt_vm *vm, u32 slot, void __user *bitmap)
{
	unsigned long *copy = NULL;
	struct vmbt_slot *s;
	unsigned long i;
	u64 base, npages;
	size_t bytes;
	int r = -ENOENT;

	mutex_lock(&vm->lock);
	s = vmbt_slot_by_id(vm, slot);
	if (!s || !s->dirty)
		goto out;
	base = s->base_gfn;
	npages = s->npages;
	bytes = BITS_TO_LONGS(npages) * sizeof(long);
	copy = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	r = -ENOMEM;
	if (!copy)
		goto out;

	spin_lock(&vm->mem_lock);
	memcpy(copy, s->dirty, bytes);
	memset(s->dirty, 0, bytes);
	/*
	 * vm->lock keeps the slots. A grant that comes back meanwhile marks its page
	 * dirty anew, and one that is still to go is in the copy. There may be as many
	 * as the guest has pages: others need the lock, and the CPU.
	 */
	for_each_set_bit(i, copy, npages) {
		vmbt_revoke(vm, base + i, base + i + 1);
		cond_resched_lock(&vm->mem_lock);
	}
	spin_unlock(&vm->mem_lock);
	vmbt_kick(vm);

	r = copy_to_user(bitmap, copy, bytes) ? -EFAULT : 0;
out:
	mutex_unlock(&vm->lock);
	kvfree(copy);
	return r;
}

/*
 * Look up the page behind @hva. A read request gets a writable page when it is
 * writable anyway: that neither breaks sharing nor faults anything in.
 */
static int vmbt_gup(unsigned long hva, bool write, bool may_write,
		    struct page **page, bool *writable)
{
	long n;

	if (!write && may_write &&
	    get_user_pages_fast_only(hva, 1, FOLL_WRITE, page) == 1) {
		*writable = true;
		return 0;
	}
	*writable = write;
	n = get_user_pages_fast(hva, 1, write ? FOLL_WRITE : 0, page);
	if (n == 1)
		return 0;
	return n ? n : -EFAULT;
}

/**
 * vmbt_mem_get_page() - answer VMBT_HC_GET_PAGE
 * @vm: the VM
 * @gfn: the frame, as the VMM asked
 * @write: it needs a write grant
 * @phys: the page's physical address
 * @writable: whether the grant allows writes
 * @large: whether it is one of the 512 frames around it
 *
 * Return: enum vmbt_page_kind.
 */
int vmbt_mem_get_page(struct vmbt_vm *vm, u64 gfn, bool write, u64 *phys,
		      bool *writable, bool *large)
{
	bool readonly, logged, fits;
	struct vmbt_slot *s;
	unsigned long hva, seq;
	struct page *page;
	int r;

again:
	if (fatal_signal_pending(current))
		return VMBT_PAGE_RETRY;

	spin_lock(&vm->mem_lock);
	/* Every answer is as of this moment, "none" and "error" too. */
	seq = vm->inv_seq;
	vm->grant_seq = seq;
	s = gfn < VMBT_MAX_GFN ? vmbt_slot_find(vm, gfn) : NULL;
	if (!s) {
		spin_unlock(&vm->mem_lock);
		return VMBT_PAGE_NONE;
	}
	readonly = s->flags & KVM_MEM_READONLY;
	logged = s->dirty;
	fits = vmbt_large_fits(s, gfn);
	hva = s->hva + ((gfn - s->base_gfn) << PAGE_SHIFT);
	page = vmbt_mem_grant(vm, gfn, writable);
	if (page && (!write || readonly || *writable)) {
		*phys = page_to_phys(page);
		*large = vmbt_large_page(vm, gfn);
		spin_unlock(&vm->mem_lock);
		return readonly ? VMBT_PAGE_ROM : VMBT_PAGE_RAM;
	}
	if (vm->inv_active && hva >= vm->inv_start && hva < vm->inv_end) {
		spin_unlock(&vm->mem_lock);
		vm->nr_retries++;
		wait_event_killable(vm->inv_wait, !READ_ONCE(vm->inv_active));
		goto again;
	}
	spin_unlock(&vm->mem_lock);

	r = vmbt_gup(hva, write && !readonly, !readonly && !logged, &page,
		     writable);
	if (r) {
		if (fatal_signal_pending(current))
			return VMBT_PAGE_RETRY;
		vm->mem_error = true;
		return VMBT_PAGE_ERROR;
	}
	*large = *writable && fits && vmbt_large_backed(gfn, hva, page) &&
		 !xa_reserve(&vm->large, gfn / VMBT_LARGE_FRAMES, GFP_KERNEL_ACCOUNT);
	r = xa_reserve(&vm->grants, gfn, GFP_KERNEL_ACCOUNT);
	if (r) {
		put_page(page);
		vm->mem_error = true;
		return VMBT_PAGE_ERROR;
	}

	spin_lock(&vm->mem_lock);
	if (seq != vm->inv_seq) {
		spin_unlock(&vm->mem_lock);
		put_page(page);
		vm->nr_retries++;
		goto again;
	}
	/* Reserved above, hence no allocation here. */
	*large = *large && vmbt_large_store(vm, gfn, hva, page);
	if (!*large)
		xa_store(&vm->grants, gfn,
			 xa_tag_pointer(page, *writable ? VMBT_GRANT_WRITE : 0),
			 GFP_NOWAIT);
	if (*writable && logged) {
		s = vmbt_slot_find(vm, gfn);
		__set_bit(gfn - s->base_gfn, s->dirty);
	}
	vm->nr_grants++;
	/* The VMM asks twice: the second time there may be memory. */
	vm->mem_error = false;
	*phys = page_to_phys(page);
	spin_unlock(&vm->mem_lock);
	/* The grant is no reference: the notifier tells when it ends. */
	put_page(page);
	return readonly ? VMBT_PAGE_ROM : VMBT_PAGE_RAM;
}

/* The VMM can write to *n: never trust it beyond the array. */
static void vmbt_frames_add(struct vmbt_frames *f, u32 *n, u64 start, u64 end)
{
	u32 have = min_t(u32, READ_ONCE(*n), VMBT_WRITTEN);

	if (have && start <= f[have - 1].end && end >= f[have - 1].start) {
		have--;
	} else if (have == VMBT_WRITTEN) {
		/* Too many to tell apart: one that has all of the last. */
		have--;
	} else {
		f[have].start = start;
		f[have].end = end;
	}
	f[have].start = min(f[have].start, start);
	f[have].end = max(f[have].end, end);
	WRITE_ONCE(*n, have + 1);
}

/**
 * vmbt_mem_written() - VMBT_MEMORY_WRITTEN
 * @vm: the VM
 * @w: what user space wrote
 *
 * Return: 0 or a negative error.
 */
int vmbt_mem_written(struct vmbt_vm *vm, const struct vmbt_written *w)
{
	if (!w->size || w->gpa > VMBT_WINDOW_SIZE ||
	    w->size > VMBT_WINDOW_SIZE - w->gpa)
		return -EINVAL;

	spin_lock(&vm->mem_lock);
	vmbt_frames_add(vm->written, &vm->nwritten, w->gpa >> PAGE_SHIFT,
			(w->gpa + w->size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	/* As of a revocation: an entry that has not heard of it does not go on. */
	vm->inv_seq++;
	spin_unlock(&vm->mem_lock);
	vmbt_kick(vm);
	return 0;
}

/**
 * vmbt_mem_entry() - hand over what has been revoked, before the VMM world
 * @vm: the VM
 *
 * An answer to VMBT_HC_GET_PAGE that may have gone stale since it was given is
 * taken back: the VMM zaps first, then asks again.
 *
 * Return: a sequence for vmbt_mem_current().
 */
unsigned long vmbt_mem_entry(struct vmbt_vm *vm)
{
	struct vmbt_shared *sh = vm->shared;
	unsigned long seq;
	u32 i;

	spin_lock(&vm->mem_lock);
	seq = vm->inv_seq;
	if (sh->hc_nr == VMBT_HC_GET_PAGE && vm->grant_seq != seq)
		sh->hc_ret = VMBT_PAGE_RETRY;
	if (vm->zap_start != vm->zap_end) {
		if (sh->requests & VMBT_REQ_ZAP) {
			/* The last one has not been acknowledged. */
			sh->zap_start = min(sh->zap_start, vm->zap_start);
			sh->zap_end = max(sh->zap_end, vm->zap_end);
		} else {
			sh->zap_start = vm->zap_start;
			sh->zap_end = vm->zap_end;
		}
		sh->requests |= VMBT_REQ_ZAP;
		vm->zap_start = 0;
		vm->zap_end = 0;
	}
	if (vm->nwritten) {
		for (i = 0; i < vm->nwritten; i++)
			vmbt_frames_add(sh->written, &sh->nwritten,
					vm->written[i].start, vm->written[i].end);
		vm->nwritten = 0;
		sh->requests |= VMBT_REQ_WRITTEN;
	}
	sh->mem_top = vm->mem_top;
	memcpy(sh->slot_map, vm->slot_map, sizeof(sh->slot_map));
	memcpy(sh->low_map, vm->low_map, sizeof(sh->low_map));
	spin_unlock(&vm->mem_lock);
	return seq;
}

/**
 * vmbt_mem_current() - has anything been revoked since vmbt_mem_entry()?
 * @vm: the VM; in_world is set, so whoever comes later kicks
 * @seq: what vmbt_mem_entry() returned
 * Return: true if the VMM may be entered.
 */
bool vmbt_mem_current(struct vmbt_vm *vm, unsigned long seq)
{
	return READ_ONCE(vm->inv_seq) == seq;
}

/**
 * vmbt_mem_read() - read guest memory as user memory
 * @vm: the VM, of the current process
 * @gpa: guest physical address; the range lies in one page
 * @buf: where to
 * @len: how much
 * Return: whether it could be read.
 */
bool vmbt_mem_read(struct vmbt_vm *vm, u64 gpa, void *buf, size_t len)
{
	struct vmbt_slot *s;
	unsigned long hva = 0;

	spin_lock(&vm->mem_lock);
	s = vmbt_slot_find(vm, gpa >> PAGE_SHIFT);
	if (s)
		hva = s->hva + (gpa - (s->base_gfn << PAGE_SHIFT));
	spin_unlock(&vm->mem_lock);
	return s && !copy_from_user(buf, (void __user *)hva, len);
}
