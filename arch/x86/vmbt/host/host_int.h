/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared between the files of host/: the address space, the vCPU, and what
 * hostcpu.c saves around a trip to the VMM world.
 */
#ifndef VMBT_HOST_INT_H
#define VMBT_HOST_INT_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/xarray.h>

#include "../include/crosspage.h"
#include "../include/header.h"
#include "../include/pcid.h"
#include "../include/vmbt_host.h"

/* crosspage.S, crossidt.S, replay.S */
void vmbt_cross_enter(struct vmbt_cross *x);
void vmbt_cross_leave(void);
void vmbt_cross_nmi(void);
void vmbt_cross_mce(void);
void vmbt_cross_stub0(void);
extern void (*const vmbt_replay_table[224])(void);

/* image.c: the embedded image */
int vmbt_image_check(void);
extern const u8 vmbt_image_start[], vmbt_image_end[];

/* caps.c */
int vmbt_caps_init(bool force);
void vmbt_caps_set(u32 cap);

/* mitigate.c: VMBT_XF_* */
void vmbt_mitigate_init(void);
u32 vmbt_mitigate_flags(void);

/* run.c */
void vmbt_run_init(void);

/*
 * struct vmbt_space - one VMM world
 * @pool: its pool pages by 512, numbers below @npool, @nholes of which have none;
 *	those below @pool_first are the loader's
 * @owned: page frame number -> vmbt_leaf_owner, for all pages that are the
 *	space's own, tables included (as VMBT_LEAF_OWNERS)
 * @nowned: how many those are
 * @root: the base root, which the VMM copies for every root of its own
 * @hdr: the image's header, by the host's mapping
 */
struct vmbt_space {
	struct page **pool[VMBT_POOL_MAX_PAGES / 512];
	u32 npool, nholes, pool_first;
	struct page **image;
	u32 nimage;
	struct page *stacks[VMBT_STACKS][VMBT_STACK_MAIN_PAGES];
	struct page *gdt;
	struct page *alias;
	struct page *poolmap[VMBT_POOL_MAX_PAGES / 512];
	struct vmbt_shared *shared;
	struct xarray owned;
	unsigned long nowned;
	struct page *root;
	bool la57;
	struct vmbt_image_header *hdr;
	struct vmbt_hv_vcpu *vcpu;
};

/* Where pool page @n is, or is to be: there are as many as POOLMAP has pages for. */
static inline struct page **vmbt_pool_slot(const struct vmbt_space *space, u32 n)
{
	return &space->pool[n / 512][n % 512];
}

#define VMBT_SHARED_PAGES	DIV_ROUND_UP(sizeof(struct vmbt_shared), PAGE_SIZE)

/* What a map of the VMM world allows. */
#define VMBT_MAP_RO	0
#define VMBT_MAP_RW	1
#define VMBT_MAP_RX	2

int vmbt_space_map(struct vmbt_space *space, u64 va, u64 phys, int rights);
u64 vmbt_space_unmap(struct vmbt_space *space, u64 va);
phys_addr_t vmbt_kernel_phys(const void *va);

struct vmbt_snapshot;

/*
 * struct vmbt_saved - what is restored in C after a trip
 */
struct vmbt_saved {
	u64 efer;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 debugctl;
	u64 pebs_enable, perf_global_ctrl, rtit_ctl;
	u64 misc_features;
	u64 kernel_gs_base;
	unsigned long dr7;
	u16 ds, es, fs, gs, ldt;
};

/*
 * struct vmbt_hv_vcpu - a virtual CPU as the switch sees it
 * @cross: the cross data page
 * @cpu: where it is in the VMM world, -1 if it isn't
 * @dead: the VMM is gone; never run again
 * @check: compare the CPU's state before and after (selftest)
 * @watch: what the hostile-guest test compares besides (hostile.c)
 * @pcids: its numbers for this stay on a CPU
 */
struct vmbt_hv_vcpu {
	struct vmbt_space *space;
	struct vmbt_cross *cross;
	struct vmbt_saved saved;
	int cpu;
	bool dead;
	bool (*ready)(void *data);
	void *data;
	struct vmbt_snapshot *check;
	struct vmbt_hostile_watch *watch;
	struct vmbt_pcid_block pcids;
};

/* pcid.c: away() with interrupts off, after host_cr4 was read */
void vmbt_pcid_init(void);
void vmbt_pcid_away(struct vmbt_hv_vcpu *v);
void vmbt_pcid_forget(struct vmbt_hv_vcpu *v);

/* hostcpu.c, with interrupts off */
void vmbt_hostcpu_init(struct vmbt_hv_vcpu *v);
void vmbt_hostcpu_away(struct vmbt_hv_vcpu *v);
void vmbt_hostcpu_back(struct vmbt_hv_vcpu *v);

/* selftest.c, with interrupts off */
void vmbt_snapshot_before(struct vmbt_snapshot *s);
void vmbt_snapshot_after(struct vmbt_snapshot *s);
void vmbt_snapshot_regs(struct vmbt_snapshot *s, u32 bad);
struct vmbt_snapshot *vmbt_snapshot_new(void);
unsigned int vmbt_snapshot_differed(struct vmbt_snapshot *s);
/* vmbt_cross_enter() with known values in the registers C keeps */
u32 vmbt_cross_enter_checked(struct vmbt_cross *x);
int vmbt_selftest_init(void);
s64 vmbt_selftest_bench(u32 rounds, u64 *least);
int vmbt_selftest_leaves(struct vmbt_leaves *out);
int vmbt_selftest_damaged(void);
void vmbt_selftest_exit(void);

/* debugfs.c */
void vmbt_debugfs_init(void);
void vmbt_debugfs_exit(void);

#endif
