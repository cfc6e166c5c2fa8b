// SPDX-License-Identifier: GPL-2.0
/*
 * The hostile-guest test: bytes of a test's choice at ring 1.
 *
 * The isolation invariant supposes a guest that executes anything at ring 1 and
 * writes anything into the monitor area. This makes one. Core's loop asks here
 * first: a program begins with ordinary translated code, so that the cache has
 * something to forge; then its fragments are entered one after the other in the
 * cache, like translated code or through the guest's own flat segment. Exits go
 * on to core as they do from any guest, or are looked at and dropped, so that
 * one program can try many things.
 *
 * Off unless the host has asked for it (vmbt_shared.hostile.on).
 */
#include "core.h"
#include "../bt/bt.h"
#include "../desc/desc.h"
#include "../lib/string.h"
#include "../metal/metal.h"
#include "../mmu/mmu.h"
#include "../plat.h"
#include "../../include/hostile.h"
#include "../../include/layout.h"

/* Of the uapi, which the image does not include. */
#define STEP		0x01
#define FLAT		0x02

#define BAD_IF		0x0001
#define BAD_IOPL	0x0002
#define BAD_CS		0x0004
#define BAD_TABLE	0x0008
#define BAD_CANARY	0x0010
#define BAD_DONE	0x0400
#define DONE		0x656e6f44

/* The guest's flat code segment, by the test's GDT. */
#define GUEST_CS	0x08
/* A place in the cache that the few units of a test don't reach. */
#define TC_PLACE	VMBT_HOSTILE_PLACE
#define FRAGMENT	VMBT_HOSTILE_FRAGMENT

#define WARM_TURNS	2000	/* until the guest's own code must have halted */
#define LIVE_TURNS	24	/* exits of a guest that the core goes on with */
#define FRAGMENT_TRIES	64	/* repairs (shadow fills) of one fragment */
#define STEPS		64	/* counted instructions of one fragment */

enum phase {
	IDLE,
	WARM,			/* ordinary code, until it halts */
	READY,
	ATTACK,			/* a fragment has the CPU */
	LIVE,			/* core has taken over with what came of it */
};

static struct {
	enum phase phase;
	u32 fragment;
	u32 turns;
	u32 tries;
	u32 ticks;
	u32 steps;
} run;

/* In memory that only the VMM has mapped. */
static u64 canary[VMBT_HOSTILE_CANARIES];

static u64 canary_word(u32 i)
{
	return 0x9e3779b97f4a7c15ULL * (i + 1);
}

static void bad(struct vmbt_hostile *h, u32 what, u64 a, u64 b)
{
	if (!h->found) {
		h->what[0] = a;
		h->what[1] = b;
	}
	h->found |= what;
}

static void begin(struct vcpu *v)
{
	struct vmbt_hostile *h = &v->shared->hostile;

	h->start = 0;
	h->found = 0;
	h->ran = 0;
	h->insns = 0;
	h->exits = 0;
	for (u32 i = 0; i < VMBT_HOSTILE_CANARIES; i++)
		WRITE_ONCE(canary[i], canary_word(i));
	bt_restore(v);
	v->raw = false;
	v->dr_hits = 0;
	v->dr_held = 0;
	v->dr_late = 0;
	run.phase = WARM;
	run.turns = 0;
}

/**
 * core_hostile_leave() - something leaves to user space: is all well?
 */
void core_hostile_leave(void)
{
	struct vmbt_hostile *h = &plat_shared()->hostile;

	if (run.phase == IDLE)
		return;
	run.phase = IDLE;
	for (u32 i = 0; i < VMBT_HOSTILE_CANARIES; i++)
		if (READ_ONCE(canary[i]) != canary_word(i))
			bad(h, BAD_CANARY, i, canary[i]);
}

static void end(struct vcpu *v)
{
	struct vmbt_hostile *h = &v->shared->hostile;
	u64 raw;
	u32 sel;

	v->raw = false;
	if (!desc_audit(v, &sel, &raw))
		bad(h, BAD_TABLE, sel, raw);
	plat_exit(VMBT_EXIT_INTR);
}

/*
 * Put fragment @n where ring 1 may execute: in the cache, behind the units. The
 * pages of the guest's kernel are never executable.
 */
static void place(struct vcpu *v, u32 n)
{
	const struct vmbt_hostile *h = &v->shared->hostile;
	u32 at = TC_PLACE + n * FRAGMENT;
	struct vmbt_frame *f = &v->frame;

	_Static_assert(4096 % FRAGMENT == 0, "a fragment is in one page");
	if (!mmu_monitor_fill(v, at / 4096))
		plat_panic("no pool page for the test's code");
	mmu_read_phys(v, h->gpa + n * FRAGMENT, v->mon_page[at / 4096] + at % 4096,
		      FRAGMENT);
	f->cs = VMBT_SEL_TC1_CS;
	f->rip = at;
	if (h->flags & FLAT) {
		f->cs = GUEST_CS | 1;
		f->rip += v->mon_base;
	}
}

/* False: something came up, once more. */
static bool attack(struct vcpu *v, u32 n)
{
	struct vmbt_hostile *h = &v->shared->hostile;
	struct vmbt_frame *f = &v->frame;

	v->mode = VCPU_BT1;
	mmu_monitor_user(v, false);
	mmu_activate(v);
	desc_fault(v, VMBT_VEC_GP, GUEST_CS);
	if (v->events & ~VCPU_EV_SEGS)
		return false;
	v->events = 0;
	desc_prepare(v, VCPU_BT1);
	/* As if ring 3 had run before: what leads there is accepted. */
	desc_offer_user(v);
	place(v, n);
	for (u32 i = 0; i < 8; i++)
		f->gpr[i] = h->gpr[i];
	f->gpr[VMBT_EBP] = v->mon_base;
	f->gpr[VMBT_EBX] = bt_some_callout(v, h->gpr[VMBT_EBX] + n);
	f->rsp = h->gpr[VMBT_ESP];
	f->rflags = VMBT_X86_EFLAGS_FIXED | VMBT_X86_EFLAGS_IF |
		    (h->flags & STEP ? VMBT_X86_EFLAGS_TF : 0);
	v->raw = true;
	run.phase = ATTACK;
	run.fragment = n;
	run.tries = 0;
	run.ticks = 0;
	run.steps = 0;
	h->ran++;
	return true;
}

/**
 * core_hostile_turn() - the test's word before anything else is done
 * @v: the vCPU
 * Return: true to start over
 */
bool core_hostile_turn(struct vcpu *v)
{
	struct vmbt_hostile *h = &v->shared->hostile;

	core_gate_strayed();
	if (h->start) {
		begin(v);
		return true;
	}
	switch (run.phase) {
	case IDLE:
		v->raw = false;
		plat_exit(VMBT_EXIT_INTR);
		return true;
	case WARM:
		if (!v->guest->halted && ++run.turns < WARM_TURNS)
			return false;
		core_sync(v);
		v->guest->halted = 0;
		run.phase = READY;
		return true;
	case READY:
		/* Whatever the loop wants to do first. */
		if (metal_requests() || v->events)
			return false;
		/* All of the area is theirs to write to. */
		bt_expose(v);
		return !attack(v, 0);
	case ATTACK:
		return false;
	case LIVE:
		if (++run.turns < LIVE_TURNS)
			return false;
		end(v);
		return true;
	}
	return false;
}

/* What the CPU says about how the guest ran. */
static void look(struct vcpu *v)
{
	struct vmbt_hostile *h = &v->shared->hostile;
	const struct vmbt_frame *f = &v->frame;
	u64 raw;

	h->exits++;
	/* Only an emulator goes there from ring 1 (security.rst). */
	if (f->rflags & VMBT_X86_EFLAGS_VM) {
		h->vectors[VMBT_HOSTILE_V86]++;
		return;
	}
	h->vectors[f->vector <= VMBT_VEC_SYSENTER ? f->vector : 0]++;
	if (f->vector == VMBT_VEC_SYSENTER)
		return;
	if (!(f->rflags & VMBT_X86_EFLAGS_IF))
		bad(h, BAD_IF, f->rip, f->rflags);
	if (f->rflags & VMBT_X86_EFLAGS_IOPL)
		bad(h, BAD_IOPL, f->rip, f->rflags);
	if (f->vector == VMBT_VEC_UD && f->gpr[VMBT_EDI] == DONE)
		bad(h, BAD_DONE, f->rip, 0);
	raw = desc_raw(v, f->cs);
	/* L, or a system descriptor, or ring 0 */
	if (raw && ((raw >> 53 & 1) || !(raw >> 44 & 1) || !(f->cs & 3)))
		bad(h, BAD_CS, f->cs | (u64)f->rip << 32, raw);
}

static bool next(struct vcpu *v)
{
	/* The state of the fragment that was is of no interest. */
	v->raw = false;
	if (++run.fragment >= v->shared->hostile.count || !attack(v, run.fragment))
		end(v);
	return true;
}

/* Was it a shadow entry that was merely not there yet? */
static bool repaired(struct vcpu *v)
{
	const struct vmbt_frame *f = &v->frame;
	u32 error = f->error;

	if (++run.tries > FRAGMENT_TRIES)
		return false;
	switch (f->vector) {
	case VMBT_VEC_PF:
		return mmu_fault(v, f->cr2, error) == MMU_FAULT_FIXED;
	case VMBT_VEC_TS:
	case VMBT_VEC_NP:
	case VMBT_VEC_SS:
	case VMBT_VEC_GP:
		return (error & 0xfffc) && !(error & 2) &&
		       desc_fault(v, f->vector, error);
	}
	return false;
}

static bool from_host(const struct vmbt_frame *f)
{
	return f->vector == VMBT_VEC_NMI || f->vector == VMBT_VEC_MC ||
	       (f->vector >= 32 && f->vector < 256 && f->vector != 0x80);
}

/**
 * core_hostile_exit() - the guest has left
 * @v: the vCPU, its frame live
 * Return: true if nobody else is to handle it
 */
bool core_hostile_exit(struct vcpu *v)
{
	struct vmbt_hostile *h = &v->shared->hostile;
	struct vmbt_frame *f = &v->frame;
	bool host = from_host(f);

	if (run.phase != ATTACK && run.phase != LIVE)
		return false;
	if (!f->entry_fault)
		look(v);
	if (run.phase == LIVE) {
		if (!(f->rflags & VMBT_X86_EFLAGS_VM))
			return false;
		end(v);
		return true;
	}
	if (host) {
		metal_host_interrupt(v);
		/* A loop; or virtual-8086 mode, which is not entered again. */
		return ++run.ticks < 2 && !(f->rflags & VMBT_X86_EFLAGS_VM) ?
		       true : next(v);
	}
	if (f->entry_fault || (f->rflags & VMBT_X86_EFLAGS_VM))
		return next(v);
	if ((h->flags & STEP) && f->vector == VMBT_VEC_DB &&
	    ++run.steps <= STEPS) {
		h->insns++;
		h->vectors[VMBT_VEC_DB]--;
		if (run.steps == STEPS)
			f->rflags &= ~(u64)VMBT_X86_EFLAGS_TF;
		return true;
	}
	if (repaired(v))
		return true;
	if (!(h->deliver >> run.fragment & 1))
		return next(v);
	run.phase = LIVE;
	run.turns = 0;
	return false;
}
