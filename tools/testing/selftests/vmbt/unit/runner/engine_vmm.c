// SPDX-License-Identifier: GPL-2.0
/*
 * A vmm.c on the VMM in this process: whole guests without a kernel module.
 *
 * lib/engine.c runs the image's pure sources as a coroutine that interprets.
 * Behind vmm.h this makes vmbt-run a complete, slow virtual machine in user
 * space: an unmodified Debian meets every device of the runner, with real
 * interrupts, clocks and signals, where nothing but a compiler is to be had.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/vmbt.h>

#include "../../lib/engine.h"
#include "engine_vmm.h"
#include "memory.h"
#include "util.h"
#include "vmm.h"

#define PAGE		4096
#define LOOK_EVERY	64	/* instructions between looks at immediate_exit */

static union {
	struct kvm_run run;
	u8 bytes[3 * PAGE];
} page;

static u64 instructions;
static bool io_pending;
static bool zap_waits;

int __wrap_interp_step(struct vcpu *v)
{
	if (!(++instructions % LOOK_EVERY) &&
	    __atomic_load_n(&page.run.immediate_exit, __ATOMIC_RELAXED))
		engine_request(VMBT_REQ_EXIT);
	/* The host's clock tick, at which the driver finds that writes wait. */
	if (!(instructions % 65536) && engine_shared()->coalesced.count)
		engine_request(VMBT_REQ_EXIT);
	return __real_interp_step(v);
}

static void offer_cpuid(struct vmbt_shared *s)
{
	static const struct vmbt_cpuid leaf[] = {
		{ 0, 0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69, 0 },
		/* FPU PSE TSC MSR PAE CX8 PGE CMOV FXSR SSE SSE2 */
		{ 1, 0, 0, 0x6f0, 0, 0, 0x07008179, 0 },
		{ 0x80000000, 0, 0, 0x80000001, 0, 0, 0, 0 },
		{ 0x80000001, 0, 0, 0, 0, 0, 0x00100000, 0 },
	};

	memcpy(s->cpuid, leaf, sizeof(leaf));
	s->ncpuid = ARRAY_SIZE(leaf);
	s->tsc_khz = 2000000;
}

void vmm_create(struct vmm *vmm, const char *device, bool chips)
{
	(void)chips;
	*vmm = (struct vmm){ .device = device, .run = &page.run, .run_size = sizeof(page) };
}

void vmm_destroy(struct vmm *vmm)
{
	(void)vmm;
}

#define SLOTS	32

static struct slot {
	u64 gfn;
	u64 frames;
	u8 *where;
	bool readonly;
} slots[SLOTS];

void *engine_frame(u64 gfn, bool *writable)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (gfn - slots[i].gfn < slots[i].frames) {
			*writable = !slots[i].readonly;
			return slots[i].where + ((gfn - slots[i].gfn) << 12);
		}
	}
	return NULL;
}

static void zap(u64 start, u64 end)
{
	struct vmbt_shared *s = engine_shared();
	unsigned int i;
	u64 n;

	if (!zap_waits) {
		s->zap_start = start;
		s->zap_end = end;
	}
	zap_waits = true;
	s->zap_start = start < s->zap_start ? start : s->zap_start;
	s->zap_end = end > s->zap_end ? end : s->zap_end;
	engine_request(VMBT_REQ_ZAP);
	memset(s->slot_map, 0, sizeof(s->slot_map));
	for (i = 0; i < SLOTS; i++)
		for (n = slots[i].gfn >> 10; slots[i].frames &&
		     n <= (slots[i].gfn + slots[i].frames - 1) >> 10; n++)
			s->slot_map[n / 64] |= 1ULL << n % 64;
}

int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	struct slot *s = &slots[slot];

	(void)vmm;
	if (slot >= SLOTS)
		return -EINVAL;
	if (s->frames)
		zap(s->gfn, s->gfn + s->frames);
	*s = (struct slot){ gpa >> 12, size >> 12, where, readonly };
	if (size)
		zap(s->gfn, s->gfn + s->frames);
	return 0;
}

int vmm_memory_written(struct vmm *vmm, u64 gpa, u64 size)
{
	(void)vmm;
	zap(gpa >> 12, (gpa + size + PAGE - 1) >> 12);
	return 0;
}

static struct vmbt_seg segment(const struct kvm_segment *s)
{
	return (struct vmbt_seg){
		.sel = s->selector,
		.base = s->base,
		.limit = s->limit,
		.attr = s->type | s->s << 4 | s->dpl << 5 | s->present << 7 |
			s->avl << 12 | s->l << 13 | s->db << 14 | s->g << 15,
	};
}

int vmm_set_regs(struct vmm *vmm, const struct kvm_regs *r, const struct kvm_sregs *s)
{
	struct vmbt_shared *sh = engine_shared();
	struct vmbt_guest *g = &sh->guest;

	(void)vmm;
	engine_create(NULL, 1ULL << 32);
	offer_cpuid(sh);
	g->gpr[VMBT_ESI] = r->rsi;
	g->gpr[VMBT_ESP] = r->rsp;
	g->eip = r->rip;
	g->eflags = r->rflags;
	g->seg[VMBT_CS] = segment(&s->cs);
	g->seg[VMBT_SS] = segment(&s->ss);
	g->seg[VMBT_DS] = segment(&s->ds);
	g->seg[VMBT_ES] = segment(&s->es);
	g->seg[VMBT_FS] = segment(&s->fs);
	g->seg[VMBT_GS] = segment(&s->gs);
	g->tr = segment(&s->tr);
	g->ldtr = segment(&s->ldt);
	g->gdtr.base = s->gdt.base;
	g->gdtr.limit = s->gdt.limit;
	g->cr0 = s->cr0;
	g->idtr.base = s->idt.base;
	g->idtr.limit = s->idt.limit;
	engine_request(VMBT_REQ_STATE);
	return 0;
}

int vmm_get_regs(struct vmm *vmm, struct kvm_regs *r, struct kvm_sregs *s)
{
	const struct vmbt_guest *g = &engine_shared()->guest;

	(void)vmm;
	memset(r, 0, sizeof(*r));
	memset(s, 0, sizeof(*s));
	r->rax = g->gpr[VMBT_EAX];
	r->rsp = g->gpr[VMBT_ESP];
	r->rip = g->eip;
	r->rflags = g->eflags;
	s->cs.selector = g->seg[VMBT_CS].sel;
	s->cs.base = g->seg[VMBT_CS].base;
	s->cr0 = g->cr0;
	s->cr2 = g->cr2;
	s->cr3 = g->cr3;
	s->cr4 = g->cr4;
	return 0;
}

void vmm_irq_line(struct vmm *vmm, unsigned int irq, bool level)
{
	(void)vmm;
	(void)irq;
	(void)level;
}

int vmm_interrupt(struct vmm *vmm, u8 vector)
{
	struct vmbt_shared *sh = engine_shared();

	(void)vmm;
	if (sh->extint)
		return -EEXIST;
	sh->extint = vector + 1;
	return 0;
}

/* What user space has answered goes back to the instruction that asked. */
static void complete(struct vmbt_shared *sh)
{
	struct vmbt_exit *e = &sh->exit;

	if (e->kind == VMBT_EXIT_IO && e->dir == VMBT_IO_IN)
		memcpy(sh->io_data, page.bytes + PAGE, e->size * e->count);
	else if (e->kind == VMBT_EXIT_MMIO && !e->is_write)
		memcpy(e->mmio_data, page.run.mmio.data, 8);
	io_pending = false;
}

int vmm_run(struct vmm *vmm)
{
	struct vmbt_shared *sh = engine_shared();
	struct kvm_run *run = &page.run;
	struct vmbt_exit *e = &sh->exit;
	int rc = 0;

	(void)vmm;
	if (io_pending)
		complete(sh);
	sh->irq_window = run->request_interrupt_window;
	zap_waits = false;
	switch (engine_run()) {
	case VMBT_EXIT_IO:
		run->exit_reason = KVM_EXIT_IO;
		run->io.direction = e->dir == VMBT_IO_OUT ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
		run->io.size = e->size;
		run->io.port = e->port;
		run->io.count = e->count;
		run->io.data_offset = PAGE;
		if (e->dir == VMBT_IO_OUT)
			memcpy(page.bytes + PAGE, sh->io_data, e->size * e->count);
		io_pending = true;
		break;
	case VMBT_EXIT_MMIO:
		run->exit_reason = KVM_EXIT_MMIO;
		run->mmio.phys_addr = e->gpa;
		run->mmio.len = e->len;
		run->mmio.is_write = e->is_write;
		memcpy(run->mmio.data, e->mmio_data, 8);
		io_pending = true;
		break;
	case VMBT_EXIT_HLT:
		run->exit_reason = KVM_EXIT_HLT;
		break;
	case VMBT_EXIT_IRQ_WINDOW:
		run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
		break;
	case VMBT_EXIT_INTR:
		run->exit_reason = KVM_EXIT_INTR;
		rc = -EINTR;
		break;
	case VMBT_EXIT_SHUTDOWN:
		run->exit_reason = KVM_EXIT_SHUTDOWN;
		break;
	default:
		run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
		run->internal.suberror = VMBT_INTERNAL_ERROR_UNSUPPORTED;
		break;
	}
	run->if_flag = !!(sh->guest.eflags & VMBT_X86_EFLAGS_IF);
	run->ready_for_interrupt_injection = run->if_flag && !sh->extint &&
		!sh->guest.int_shadow && sh->guest.pending.type == VMBT_EV_NONE;
	return rc;
}

void *vmm_io_data(struct vmm *vmm)
{
	(void)vmm;
	return page.bytes + PAGE;
}

void vmm_set_a20(struct vmm *vmm, bool open)
{
	(void)vmm;
	engine_shared()->guest.a20_masked = !open;
	engine_request(VMBT_REQ_STATE);
}

const char *vmm_error_text(struct vmm *vmm)
{
	(void)vmm;
	return engine_shared()->text;
}

void vmm_each_stat(struct vmm *vmm, void (*fn)(void *arg, const char *name, u64 value), void *arg)
{
	(void)vmm;
	fn(arg, "instructions", instructions);
}

/* As the driver does: the VMM's own tables, of which all is taken after each run. */
static u32 taken;

bool vmm_zone(struct vmm *vmm, u64 addr, u32 size, bool pio, bool add)
{
	struct vmbt_coalesced *c = &engine_shared()->coalesced;
	u32 i, kept = 0;

	(void)vmm;
	for (i = 0; i < c->nzones; i++)
		if (c->zone[i].addr != addr || c->zone[i].pio != pio)
			c->zone[kept++] = c->zone[i];
	c->nzones = kept;
	if (add)
		c->zone[c->nzones++] = (struct vmbt_zone){ addr, size, pio };
	c->room = VMBT_LATE;
	return true;
}

bool vmm_set_pair(struct vmm *vmm, const struct vmbt_pair *pair)
{
	(void)vmm;
	(void)pair;
	return false;
}

void vmm_set_live(struct vmm *vmm, unsigned int pair, u32 value)
{
	(void)vmm;
	(void)pair;
	(void)value;
}

bool vmm_late(struct vmm *vmm, struct kvm_coalesced_mmio *write)
{
	struct vmbt_coalesced *c = &engine_shared()->coalesced;

	(void)vmm;
	if (taken >= c->count) {
		taken = 0;
		c->count = 0;
		return false;
	}
	*write = (struct kvm_coalesced_mmio){
		.phys_addr = c->late[taken].addr, .len = c->late[taken].len,
		.pio = c->late[taken].pio,
	};
	memcpy(write->data, c->late[taken].data, sizeof(write->data));
	taken++;
	return true;
}
