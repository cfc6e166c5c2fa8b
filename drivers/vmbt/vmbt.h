/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the driver share: the VM, its vCPU and its memory slots.
 *
 * Three locks, taken in this order:
 *   vcpu->mutex	KVM_RUN and the state ioctls; owns struct vmbt_shared
 *			whenever the VMM does not run
 *   vm->lock		changes of slots, creation of the vCPU
 *   vm->mem_lock	slots, grants and the invalidation sequence; a spinlock,
 *			since MMU notifiers take it
 */
#ifndef VMBT_DRIVER_H
#define VMBT_DRIVER_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/kvm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/spinlock.h>
#include <linux/vmbt.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "hostcall.h"
#include "layout.h"
#include "vmbt_host.h"

/* kvm_run, port data, vmbt_run_ext, ring of writes */
#define VMBT_RUN_PAGES		(VMBT_COALESCED_PAGE + 1)
/* Pool pages: what the VMM begins with, and what no VM is made without room for. */
#define VMBT_POOL_START		256u
#define VMBT_POOL_SURE		1024u
#define VMBT_MAX_SLOTS		128
#define VMBT_SLOT_FLAGS		(KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES)
#define VMBT_MAX_GFN		(VMBT_WINDOW_SIZE >> PAGE_SHIFT)
/* What a large grant has, as a directory's entry (large.c). */
#define VMBT_LARGE_ORDER	9
#define VMBT_LARGE_FRAMES	BIT_ULL(VMBT_LARGE_ORDER)

/* One range of guest frames backed by user memory. */
struct vmbt_slot {
	u32 id;
	u32 flags;
	u64 base_gfn;
	u64 npages;
	unsigned long hva;
	unsigned long *dirty;	/* a bit per page, with KVM_MEM_LOG_DIRTY_PAGES */
};

/*
 * How far the VMM's coroutine has come when it is not running, which decides
 * what the next ioctl may do.
 */
enum vmbt_vcpu_state {
	VMBT_VCPU_CLEAN,	/* between instructions: all state can be set */
	VMBT_VCPU_IO,		/* waits for the answer to KVM_EXIT_IO */
	VMBT_VCPU_MMIO,		/* the same for KVM_EXIT_MMIO */
	VMBT_VCPU_MIDWAY,	/* its thread was killed in a host call */
	VMBT_VCPU_BROKEN,	/* panicked: EIO for ever */
};

struct vmbt_vcpu {
	struct vmbt_vm *vm;
	struct mutex mutex;		/* one ioctl at a time */
	struct page *pages[VMBT_RUN_PAGES];
	struct kvm_run *run;
	void *pio;
	struct vmbt_run_ext *ext;
	struct kvm_coalesced_mmio_ring *ring;
	u32 ring_last;			/* ours: what user space sees is a copy */
	bool late;			/* the VMM was left while writes waited */

	enum vmbt_vcpu_state state;
	bool state_set;			/* tell the VMM with VMBT_REQ_STATE */
	struct vmbt_exit pending;	/* of VMBT_VCPU_IO and _MMIO, checked */
	bool sigset_active;
	sigset_t sigset;

	struct vmbt_hv_vcpu *hv;
	struct vmbt_guest *hostile;	/* what each program starts from */
	bool halted;			/* asleep in HLT, with the chips in the VMM */
	unsigned long mem_seq;		/* of vmbt_mem_entry(), for ready() */
	int last_cpu;
};

struct vmbt_vm {
	struct kref ref;
	struct vmbt_user *user;		/* who is charged, and for what */
	unsigned long charged;
	bool above;			/* any limit of locked memory */
	struct mm_struct *mm;
	struct mmu_notifier notifier;
	struct vmbt_space *space;
	struct vmbt_shared *shared;
	struct vmbt_vcpu *vcpu;
	struct mutex lock;		/* slots' writers, the vCPU's birth */
	struct dentry *debugfs;
	struct list_head list;

	spinlock_t mem_lock;		/* the following, up to inv_wait */
	unsigned int nslots;
	struct vmbt_slot slots[VMBT_MAX_SLOTS];	/* sorted by base_gfn */
	struct xarray grants;		/* gfn -> page, tagged if writable */
	struct xarray large;		/* gfn >> 9 -> first of 512 pages (large.c) */
	unsigned long inv_seq;		/* moves whenever a grant may vanish */
	unsigned int inv_active;	/* between invalidate start and end */
	unsigned long inv_start, inv_end;
	u64 zap_start, zap_end;		/* frames the VMM has yet to drop */
	u64 mem_top;
	u64 slot_map[VMBT_SLOT_MAP];	/* as struct vmbt_shared's */
	u64 low_map[VMBT_LOW_MAP];	/* this, too */
	struct vmbt_frames written[VMBT_WRITTEN];	/* the VMM has yet to hear of */
	u32 nwritten;
	u32 pool_pages;			/* the VMM has, and may have at most */
	u32 pool_limit;
	u32 pool_floor;			/* what it had when it had no more to give */
	u32 pool_owed;			/* it has been told to give back */
	atomic_t pool_asked;		/* it has yet to be told */
	bool mem_error;			/* a frame could not be granted */
	wait_queue_head_t inv_wait;

	/* The sequence at the last grant; see vmbt_mem_entry(). */
	unsigned long grant_seq;

	/* Chips in the VMM (chips.c). */
	bool chips;
	spinlock_t irq_lock;		/* irq_lines */
	unsigned long irq_lines;
	wait_queue_head_t halt_wait;
	struct hrtimer clock;
	u64 clock_armed;		/* the count that it is set for */
	int clock_cpu;			/* and where */

	u64 tsc_lost;			/* clock.c: by suspends before it was made */

	/* Statistics of the driver, besides those in vmbt_shared. */
	u64 nr_grants;
	u64 nr_large;
	u64 nr_revokes;
	atomic64_t nr_kicks;
	u64 nr_retries;
	atomic64_t nr_pool_asked;
};

/* What KVM_GET_CLOCK gives, and KVM_SET_CLOCK takes. */
#define VMBT_CLOCK_FLAGS	(KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME)

/* Module parameters (main.c). */
extern bool vmbt_param_no_de;
extern uint vmbt_param_no_offers;
extern uint vmbt_param_no_io;
extern uint vmbt_param_no_large;
extern int vmbt_param_monitor;
extern uint vmbt_param_pool_pages;
extern bool vmbt_param_hostile;

/* main.c: the machine is going down, nobody enters the VMM world any more. */
extern bool vmbt_stopping;

/* vm.c */
int vmbt_vm_create(unsigned long type);
void vmbt_vm_get(struct vmbt_vm *vm);
void vmbt_vm_put(struct vmbt_vm *vm);
void vmbt_vm_kick_all(void);
void vmbt_vm_try_each(bool (*fn)(struct vmbt_vm *vm, void *data), void *data);

/* limits.c */
struct vmbt_user *vmbt_user_get(void);
void vmbt_user_put(struct vmbt_user *user);
int vmbt_user_charge(struct vmbt_user *user, unsigned long pages, bool above);
void vmbt_user_uncharge(struct vmbt_user *user, unsigned long pages);

/* vcpu.c */
int vmbt_vcpu_create(struct vmbt_vm *vm, unsigned long id);
void vmbt_vcpu_free(struct vmbt_vcpu *vcpu);
void vmbt_vcpu_kick(struct vmbt_vcpu *vcpu);
void vmbt_vcpu_nudge(struct vmbt_vcpu *vcpu);

/* pool.c */
int vmbt_pool_init(void);
void vmbt_pool_exit(void);
void vmbt_pool_grow(struct vmbt_vm *vm);
bool vmbt_pool_shrink(struct vmbt_vm *vm);
void vmbt_pool_request(struct vmbt_vm *vm);

/* One request at a time. */
static inline bool vmbt_pool_wanted(struct vmbt_vm *vm)
{
	return unlikely(atomic_read(&vm->pool_asked)) && !vm->pool_owed;
}

/* ioctl.c */
long vmbt_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long vmbt_vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long vmbt_vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#ifdef CONFIG_COMPAT
long vmbt_vm_compat_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg);
long vmbt_vcpu_compat_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg);
#else
#define vmbt_vm_compat_ioctl	NULL
#define vmbt_vcpu_compat_ioctl	NULL
#endif

/* memslot.c */
int vmbt_mem_init(struct vmbt_vm *vm);
void vmbt_mem_exit(struct vmbt_vm *vm);
int vmbt_mem_set_region(struct vmbt_vm *vm,
			const struct kvm_userspace_memory_region *mr);
int vmbt_mem_written(struct vmbt_vm *vm, const struct vmbt_written *w);
int vmbt_mem_dirty_log(struct vmbt_vm *vm, u32 slot, void __user *bitmap);
int vmbt_mem_get_page(struct vmbt_vm *vm, u64 gfn, bool write, u64 *phys,
		      bool *writable, bool *large);
struct page *vmbt_mem_grant(struct vmbt_vm *vm, u64 gfn, bool *writable);
unsigned long vmbt_mem_entry(struct vmbt_vm *vm);
bool vmbt_mem_current(struct vmbt_vm *vm, unsigned long seq);
bool vmbt_mem_read(struct vmbt_vm *vm, u64 gpa, void *buf, size_t len);

/* large.c */
bool vmbt_large_fits(const struct vmbt_slot *s, u64 gfn);
bool vmbt_large_backed(u64 gfn, unsigned long hva, struct page *page);
bool vmbt_large_store(struct vmbt_vm *vm, u64 gfn, unsigned long hva, struct page *page);
struct page *vmbt_large_page(struct vmbt_vm *vm, u64 gfn);

/* runloop.c */
bool vmbt_vcpu_ready(void *data);
int vmbt_vcpu_run(struct vmbt_vcpu *vcpu);

int vmbt_rounds(struct vmbt_vcpu *vcpu);
void vmbt_copy_text(struct vmbt_vcpu *vcpu, char *to, size_t size);

/* hostile.c */
int vmbt_hostile_enable(struct vmbt_vm *vm);
int vmbt_hostile_run(struct vmbt_vcpu *vcpu, struct vmbt_hostile_run __user *arg);
int vmbt_hostile_left(struct vmbt_vcpu *vcpu);

/* irq.c */
int vmbt_irq_queue(struct vmbt_vcpu *vcpu, u32 vector);
int vmbt_irq_nmi(struct vmbt_vcpu *vcpu);
void vmbt_irq_before_run(struct vmbt_vcpu *vcpu);
void vmbt_irq_after_run(struct vmbt_vcpu *vcpu);

/* chips.c */
void vmbt_chips_init(struct vmbt_vm *vm);
void vmbt_chips_exit(struct vmbt_vm *vm);
int vmbt_chips_create(struct vmbt_vm *vm);
int vmbt_chips_irq_line(struct vmbt_vm *vm, u32 irq, bool level);
void vmbt_chips_arm(struct vmbt_vcpu *vcpu);
int vmbt_chips_wait(struct vmbt_vcpu *vcpu);

/* coalesce.c */
int vmbt_coalesced_register(struct vmbt_vm *vm, const struct kvm_coalesced_mmio_zone *z);
int vmbt_coalesced_unregister(struct vmbt_vm *vm, const struct kvm_coalesced_mmio_zone *z);
int vmbt_coalesced_pair(struct vmbt_vcpu *vcpu, const struct vmbt_pair *p);
void vmbt_coalesced_begin(struct vmbt_vcpu *vcpu);
void vmbt_coalesced_ready(struct vmbt_vcpu *vcpu);
void vmbt_coalesced_round(struct vmbt_vcpu *vcpu);
void vmbt_coalesced_end(struct vmbt_vcpu *vcpu);

/* chipstate.c */
void vmbt_chipstate_reset(struct vmbt_vm *vm);
int vmbt_chipstate_get_pic(struct vmbt_vm *vm, struct kvm_irqchip *chip);
int vmbt_chipstate_set_pic(struct vmbt_vm *vm, const struct kvm_irqchip *chip);
int vmbt_chipstate_get_pit(struct vmbt_vm *vm, struct vmbt_pit_state *k);
int vmbt_chipstate_set_pit(struct vmbt_vm *vm, const struct vmbt_pit_state *k);

/* clock.c */
void vmbt_clock_init(struct device *dev);
void vmbt_clock_exit(struct device *dev);
void vmbt_clock_create(struct vmbt_vm *vm);
u64 vmbt_clock_base(const struct vmbt_vm *vm);
u64 vmbt_clock_now(const struct vmbt_vm *vm);
int vmbt_clock_get_khz(void);
int vmbt_clock_set_khz(unsigned long khz);
u64 vmbt_clock_get_tsc(struct vmbt_vm *vm);
void vmbt_clock_set_tsc(struct vmbt_vm *vm, u64 tsc);
void vmbt_clock_get(struct vmbt_vm *vm, struct kvm_clock_data *data);
int vmbt_clock_set(struct vmbt_vm *vm, const struct kvm_clock_data *data);
int vmbt_clock_attr(struct vmbt_vcpu *vcpu, unsigned int cmd,
		    const struct kvm_device_attr *attr);

/* state.c */
void vmbt_state_reset(struct vmbt_vm *vm);
void vmbt_state_get_regs(struct vmbt_vcpu *vcpu, struct kvm_regs *regs);
int vmbt_state_set_regs(struct vmbt_vcpu *vcpu, const struct kvm_regs *regs);
void vmbt_state_get_sregs(struct vmbt_vcpu *vcpu, struct kvm_sregs *sregs);
int vmbt_state_set_sregs(struct vmbt_vcpu *vcpu, const struct kvm_sregs *sregs);
void vmbt_state_get_sregs2(struct vmbt_vcpu *vcpu, struct kvm_sregs2 *sregs);
int vmbt_state_set_sregs2(struct vmbt_vcpu *vcpu,
			  const struct kvm_sregs2 *sregs);
void vmbt_state_get_fpu(struct vmbt_vcpu *vcpu, struct kvm_fpu *fpu);
int vmbt_state_set_fpu(struct vmbt_vcpu *vcpu, const struct kvm_fpu *fpu);
void vmbt_state_get_debugregs(struct vmbt_vcpu *vcpu, struct kvm_debugregs *dr);
int vmbt_state_set_debugregs(struct vmbt_vcpu *vcpu,
			     const struct kvm_debugregs *dr);
void vmbt_state_get_events(struct vmbt_vcpu *vcpu, struct kvm_vcpu_events *ev);
int vmbt_state_set_events(struct vmbt_vcpu *vcpu,
			  const struct kvm_vcpu_events *ev);

/* msr.c */
extern const u32 vmbt_msr_list[];
extern const unsigned int vmbt_msr_count;
int vmbt_msr_get(struct vmbt_vcpu *vcpu, u32 index, u64 *value);
int vmbt_msr_set(struct vmbt_vcpu *vcpu, u32 index, u64 value);

/* cpuid.c */
int vmbt_cpuid_supported(struct kvm_cpuid2 __user *arg);
int vmbt_cpuid_default(struct vmbt_vm *vm);
int vmbt_cpuid_set(struct vmbt_vcpu *vcpu, struct kvm_cpuid2 __user *arg);
int vmbt_cpuid_get(struct vmbt_vcpu *vcpu, struct kvm_cpuid2 __user *arg);

/* stats.c */
void vmbt_stats_init(void);
void vmbt_stats_exit(void);
void vmbt_stats_add_vm(struct vmbt_vm *vm, int fd);
int vmbt_stats_get(struct vmbt_vm *vm, struct vmbt_stats __user *arg);

#endif
