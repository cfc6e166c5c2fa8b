// SPDX-License-Identifier: GPL-2.0
/*
 * A VMM that does what a test tells it, under the real driver.
 *
 * The driver's own sources are linked with this file in place of the world
 * switch: a vCPU "in the VMM world" is this C code with interrupts off. The
 * test chooses the next host call through the guest's registers, so it can say
 * what a sound VMM never would, and it can stay in the VMM world while pages
 * are taken away. Whatever is used there must still be granted: that is
 * checked at each access, against the driver's own records.
 *
 * EAX selects (enum fake_op in ../fake.h); results go to EDX and ESI.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "vmbt.h"
#include "fake.h"

#define FAKE_MAPPED	64

struct vmbt_space {
	struct vmbt_shared *shared;
	u32 pool;
};

/* One page of the fake's window on guest memory. */
struct fake_map {
	u64 gfn;
	u64 phys;
	bool writable;
};

struct vmbt_hv_vcpu {
	struct vmbt_space *space;
	bool (*ready)(void *data);
	struct vmbt_vcpu *vcpu;
	bool in_world;
	int cpu;
	bool asked;		/* a host call has been made and answered */
	u32 op;
	u64 gfn;
	u32 stays;
	unsigned int nmaps;
	struct fake_map maps[FAKE_MAPPED];
};

int vmbt_host_init(bool force)
{
	return 0;
}

void vmbt_host_exit(void)
{
}

u32 vmbt_host_caps(void)
{
	return VMBT_HOST_NX | VMBT_HOST_INTEL;
}

struct vmbt_space *vmbt_space_create(u32 pool_pages)
{
	struct vmbt_space *space = kzalloc(sizeof(*space), GFP_KERNEL);

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->shared = vzalloc(sizeof(*space->shared));
	space->pool = pool_pages;
	if (!space->shared) {
		kfree(space);
		return ERR_PTR(-ENOMEM);
	}
	return space;
}

unsigned long vmbt_space_cost(u32 pool_pages)
{
	return pool_pages;
}

unsigned long vmbt_space_pages(const struct vmbt_space *space)
{
	return space->pool;
}

void vmbt_space_destroy(struct vmbt_space *space)
{
	vfree(space->shared);
	kfree(space);
}

struct vmbt_shared *vmbt_space_shared(struct vmbt_space *space)
{
	return space->shared;
}

u32 vmbt_space_pool_grow(struct vmbt_space *space, u32 want, u32 *end)
{
	*end = space->pool += want;
	return want;
}

/* It only has a number: pages go from the end. */
u32 vmbt_space_pool_shrink(struct vmbt_space *space, const u32 *list, u32 count,
			   u32 *end)
{
	u32 n = 0;

	while (n < count && list[n] == space->pool - 1) {
		space->pool--;
		n++;
	}
	*end = space->pool;
	return n;
}

int vmbt_space_leaves(struct vmbt_space *space,
		      bool (*granted)(void *data, u64 pfn, bool write),
		      void *data, struct vmbt_leaves *out)
{
	return -EOPNOTSUPP;
}

const char *vmbt_leaf_name(enum vmbt_leaf_owner owner)
{
	return "none";
}

struct vmbt_hv_vcpu *vmbt_hv_vcpu_create(struct vmbt_space *space,
					 bool (*ready)(void *data), void *data)
{
	struct vmbt_hv_vcpu *v = kzalloc(sizeof(*v), GFP_KERNEL);

	if (!v)
		return ERR_PTR(-ENOMEM);
	v->space = space;
	v->ready = ready;
	v->vcpu = data;
	return v;
}

void vmbt_hv_vcpu_destroy(struct vmbt_hv_vcpu *v)
{
	kfree(v);
}

int vmbt_hostile_watch(struct vmbt_hv_vcpu *v)
{
	return 0;
}

u32 vmbt_hostile_compare(struct vmbt_hv_vcpu *v, u64 *what)
{
	return 0;
}

static void kicked(void *unused)
{
}

void vmbt_mitigations(const struct vmbt_hv_vcpu *v, struct vmbt_mitigated *out)
{
	*out = (struct vmbt_mitigated){};
}

void vmbt_world_kick(struct vmbt_hv_vcpu *v)
{
	smp_mb(); /* pairs with the one in vmbt_world_run() */
	if (READ_ONCE(v->in_world))
		smp_call_function_single(READ_ONCE(v->cpu), kicked, NULL, 1);
}

void vmbt_world_nudge(struct vmbt_hv_vcpu *v)
{
	smp_mb(); /* pairs with the one in vmbt_world_run() */
	if (READ_ONCE(v->in_world))
		smp_call_function_single(READ_ONCE(v->cpu), kicked, NULL, 0);
}

static int call(struct vmbt_hv_vcpu *v, u32 nr, u64 arg0, u64 arg1)
{
	struct vmbt_shared *sh = v->space->shared;

	sh->hc_nr = nr;
	sh->hc_ret = ~0u;
	sh->hc_arg[0] = arg0;
	sh->hc_arg[1] = arg1;
	sh->hc_out[2] = 0;
	v->asked = true;
	return nr;
}

static int leave(struct vmbt_hv_vcpu *v, u32 kind)
{
	v->space->shared->exit.kind = kind;
	call(v, VMBT_HC_EXIT, 0, 0);
	v->asked = false;
	return VMBT_HC_EXIT;
}

static void zap(struct vmbt_hv_vcpu *v)
{
	struct vmbt_shared *sh = v->space->shared;
	unsigned int i, n = 0;

	for (i = 0; i < v->nmaps; i++)
		if (v->maps[i].gfn < sh->zap_start ||
		    v->maps[i].gfn >= sh->zap_end)
			v->maps[n++] = v->maps[i];
	v->nmaps = n;
	sh->requests &= ~VMBT_REQ_ZAP;
}

/*
 * Is the page still granted? In the VMM world nothing may be used that isn't,
 * unless it is being revoked just now: then somebody waits for us to leave, and
 * the sequence has moved since we looked at it on the way in.
 */
static void check_grant(struct vmbt_hv_vcpu *v, const struct fake_map *m)
{
	struct vmbt_vm *vm = v->vcpu->vm;
	bool writable;
	struct page *page = vmbt_mem_grant(vm, m->gfn, &writable);
	bool ok = page && page_to_phys(page) == m->phys && (!m->writable || writable);

	smp_rmb(); /* the grant goes after the sequence has moved */
	WARN(!ok && vmbt_mem_current(vm, v->vcpu->mem_seq),
	     "vmbt: frame %llx used without a grant\n", m->gfn);
}

/* A while in the VMM world, using all pages. */
static int stay(struct vmbt_hv_vcpu *v)
{
	struct vmbt_guest *g = &v->space->shared->guest;
	unsigned int i, round;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < v->nmaps; i++) {
			u32 *p = phys_to_virt(v->maps[i].phys);

			if (v->maps[i].writable)
				WRITE_ONCE(*p, READ_ONCE(*p) + 1);
			else
				g->gpr[VMBT_ESI] += READ_ONCE(*p);
		}
		udelay(1);
	}
	for (i = 0; i < v->nmaps; i++)
		check_grant(v, &v->maps[i]);
	v->space->shared->hc_nr = VMBT_HC_INTR;
	return VMBT_HC_INTR;
}

static void count_up(struct vmbt_hv_vcpu *v)
{
	unsigned int i;

	for (i = 0; i < v->nmaps; i++) {
		u32 *p = phys_to_virt(v->maps[i].phys);

		if (v->maps[i].writable)
			WRITE_ONCE(*p, READ_ONCE(*p) + 1);
	}
}

/*
 * Stay, interrupts off, until something is revoked and @ms longer. Nobody may
 * go on with revoked pages before this is over.
 */
static int linger(struct vmbt_hv_vcpu *v, u32 ms)
{
	u64 end = ktime_get_ns() + 5ull * NSEC_PER_SEC;
	bool seen = false;

	/* Tells the test that this has begun. */
	count_up(v);
	while (ktime_get_ns() < end) {
		if (!seen && !vmbt_mem_current(v->vcpu->vm, v->vcpu->mem_seq)) {
			seen = true;
			end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
		}
		cpu_relax();
	}
	/* The last moment at which the pages may be used. */
	count_up(v);
	return leave(v, VMBT_EXIT_HLT);
}

static void use_page(struct vmbt_hv_vcpu *v, u64 gfn, u64 phys)
{
	struct vmbt_shared *sh = v->space->shared;
	unsigned int i;

	for (i = 0; i < v->nmaps; i++)
		if (v->maps[i].gfn == gfn)
			break;
	if (i == FAKE_MAPPED)
		return;
	v->maps[i] = (struct fake_map){ gfn, phys, sh->hc_out[1] };
	if (i == v->nmaps)
		v->nmaps++;
	check_grant(v, &v->maps[i]);
	sh->guest.gpr[VMBT_EDI] = v->nmaps;
}

/* Of a large grant the first and last page are used, too. */
static void got_page(struct vmbt_hv_vcpu *v)
{
	struct vmbt_shared *sh = v->space->shared;
	u64 at = v->gfn % VMBT_LARGE_FRAMES, base;

	if (sh->hc_ret != VMBT_PAGE_RAM && sh->hc_ret != VMBT_PAGE_ROM)
		return;
	use_page(v, v->gfn, sh->hc_out[0]);
	if (!sh->hc_out[2])
		return;
	base = sh->hc_out[0] - at * PAGE_SIZE;
	use_page(v, v->gfn - at, base);
	use_page(v, v->gfn - at + VMBT_LARGE_FRAMES - 1,
		 base + (VMBT_LARGE_FRAMES - 1) * PAGE_SIZE);
}

/* The answer to the last host call. Returns the next, or 0 to ask anew. */
static int answered(struct vmbt_hv_vcpu *v)
{
	struct vmbt_shared *sh = v->space->shared;
	struct vmbt_guest *g = &sh->guest;

	v->asked = false;
	if (v->op == FAKE_GET_PAGE) {
		if (sh->hc_ret == VMBT_PAGE_RETRY)
			return 0;
		got_page(v);
	}
	g->gpr[VMBT_EDX] = sh->hc_ret;
	g->gpr[VMBT_ESI] = sh->hc_out[1] | sh->hc_out[2] << 1;
	if (v->op == FAKE_IO)
		g->gpr[VMBT_EDX] = *(u32 *)sh->io_data;
	if (v->op == FAKE_MMIO)
		g->gpr[VMBT_EDX] = *(u32 *)sh->exit.mmio_data;
	if (v->op == FAKE_GROW || v->op == FAKE_SHRINK)
		g->gpr[VMBT_EDX] = sh->hc_out[0];
	return leave(v, VMBT_EXIT_HLT);
}

static int step(struct vmbt_hv_vcpu *v)
{
	struct vmbt_shared *sh = v->space->shared;
	struct vmbt_guest *g = &sh->guest;
	u32 ebx = g->gpr[VMBT_EBX], ecx = g->gpr[VMBT_ECX], i;
	struct vmbt_exit *e = &sh->exit;

	if (v->asked) {
		int r = answered(v);

		if (r)
			return r;
	} else if (sh->requests & VMBT_REQ_EXIT) {
		sh->requests &= ~VMBT_REQ_EXIT;
		return leave(v, VMBT_EXIT_INTR);
	}

	v->op = g->gpr[VMBT_EAX];
	switch (v->op) {
	case FAKE_GET_PAGE:
		v->gfn = ebx;
		return call(v, VMBT_HC_GET_PAGE, ebx, ecx);
	case FAKE_STAY:
		if (ebx && v->stays++ == ebx) {
			v->stays = 0;
			return leave(v, VMBT_EXIT_HLT);
		}
		return stay(v);
	case FAKE_LINGER:
		return linger(v, ebx);
	case FAKE_GROW:
		return call(v, VMBT_HC_POOL_GROW, ebx, 0);
	case FAKE_SHRINK:
		for (i = 0; i < VMBT_SHRINK_LIST; i++)
			sh->shrink_list[i] = ecx - i;
		return call(v, VMBT_HC_POOL_SHRINK, ebx, 1);
	case FAKE_LOG:
		memset(sh->text, 'x', sizeof(sh->text));
		return call(v, VMBT_HC_LOG, 0, 0);
	case FAKE_PANIC:
		strscpy(sh->text, "as the test wished\n\x01", sizeof(sh->text));
		return call(v, VMBT_HC_PANIC, 0, 0);
	case FAKE_CALL:
		call(v, ebx, ecx, 0);
		return VMBT_HC_EXIT;
	case FAKE_IO:
		memset(e, 0xff, sizeof(*e));
		memset(sh->io_data, 0x5a, sizeof(sh->io_data));
		e->port = 0x80;
		e->dir = ebx & 0xff;
		e->size = ebx >> 8 & 0xff;
		e->count = ecx;
		leave(v, VMBT_EXIT_IO);
		v->asked = true;
		return VMBT_HC_EXIT;
	case FAKE_MMIO:
		memset(e, 0xff, sizeof(*e));
		memset(e->mmio_data, 0x5a, sizeof(e->mmio_data));
		e->gpa = 0xfee00000;
		e->is_write = ebx;
		e->len = ecx;
		leave(v, VMBT_EXIT_MMIO);
		v->asked = true;
		return VMBT_HC_EXIT;
	case FAKE_LATE:
		memset(sh->coalesced.late, 0xa5, sizeof(sh->coalesced.late));
		sh->coalesced.late[0].len = ecx;
		sh->coalesced.count = ebx;
		return leave(v, VMBT_EXIT_HLT);
	case FAKE_FORGE:
		sh->extint = ebx;
		sh->tsc_khz = ebx;
		sh->ncpuid = ebx;
		sh->nwritten = ebx;
		return leave(v, VMBT_EXIT_HLT);
	case FAKE_EXIT:
		strscpy(sh->text, "text of the exit", sizeof(sh->text));
		return leave(v, ebx);
	default:
		return leave(v, VMBT_EXIT_HLT);
	}
}

int vmbt_world_run(struct vmbt_hv_vcpu *v)
{
	struct vmbt_shared *sh = v->space->shared;
	int r = 0;

	might_sleep();
	preempt_disable();
	local_irq_disable();
	v->cpu = smp_processor_id();
	WRITE_ONCE(v->in_world, true);
	smp_mb(); /* pairs with the one in vmbt_world_kick() */
	if (v->ready(v->vcpu)) {
		sh->stats.world_switches++;
		if (sh->requests & VMBT_REQ_ZAP)
			zap(v);
		sh->requests &= VMBT_REQ_EXIT;
		r = step(v);
	}
	WRITE_ONCE(v->in_world, false);
	local_irq_enable();
	preempt_enable();
	return r;
}
