// SPDX-License-Identifier: GPL-2.0
/*
 * The short way from the guest's user code into its kernel.
 *
 * INT 80h, a page fault and SYSENTER lead to the same place every time: the same
 * gate, task state, descriptors, segments and handler. The long way (cpu_deliver_exc(),
 * prepare()) reads and checks all of them and finds out what follows. Here the
 * outcome is kept. When the same thing happens again and all that the outcome came
 * from is as it was, only what differs is left to do: the frame on the kernel's
 * stack, flags, and translated code of the handler.
 *
 * What it came from: registers, which are compared; the guest's memory, of which the
 * eight bytes of each entry used are compared where they lie; page tables, which
 * mmu/reads.c vouches for; run tables (desc/again.c); the translation, which is
 * looked up. Whatever is not as it was goes the long way, and is kept anew, unless that
 * has been of no use several times in a row.
 *
 * And if the guest's kernel has come back to ring 3 by itself, and then the same way again,
 * nothing of the VMM's own can have changed: what is left to look at is what the guest
 * can change without it, its memory and the CPU's registers (at_once()). Page faults may
 * have been served in between: they change the shadow, so pins are asked again, and the
 * translation is.
 */
#include "core.h"
#include "../bt/bt.h"
#include "../desc/desc.h"
#include "../direct/direct.h"
#include "../mmu/mmu.h"

/* Flags that a frame may have without any of them meaning more work. */
#define PLAIN_FLAGS	(VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_DF | VMBT_X86_EFLAGS_IF | \
			 VMBT_X86_EFLAGS_AC | VMBT_X86_EFLAGS_ID | VMBT_X86_EFLAGS_FIXED)

/* What of the guest's memory is read on the way, and written; pins of each gate. */
enum { IDT_GATE, TSS_STACK, GDT_CS, GDT_SS, ENTRIES, STACK = ENTRIES, PINS };

/**
 * struct gate - one way in
 * @raw: the eight bytes of each entry that was read on it; none for SYSENTER
 * @idtr: the registers that it depends on
 * @gdtr: likewise
 * @tr: likewise
 * @cr0: likewise
 * @cr4: likewise
 * @sysenter: SYSENTER's MSRs: CS, ESP, EIP
 * @eip: the handler
 * @esp: its stack pointer
 * @keep_if: it is a trap gate
 * @words: of its frame
 * @ctx: bt_handler_context()
 * @at: where those entries were the last time
 * @stack: and the frame
 * @tc: and the handler's translation
 * @learned: all of this is set
 * @used: since then it was gone again
 * @barren: how often in a row it was not
 * @skip: so often the long way is gone without learning it
 */
struct gate {
	u64 raw[ENTRIES];
	struct vmbt_dtable idtr;
	struct vmbt_dtable gdtr;
	struct vmbt_seg tr;
	u32 cr0, cr4;
	u32 sysenter[3];
	u32 eip, esp;
	bool keep_if;
	u32 words;
	u64 ctx;
	const u8 *at[ENTRIES];
	u32 *stack;
	u32 tc;
	bool learned, used;
	u8 barren, skip;
};

/* Between processes that fork nothing stays: 2^5 - 1 ways are then not learned. */
#define MOST_BARREN	5

static struct gate gates[CORE_GATES];
/* The way that the guest is on, to be learned at its end. */
static enum core_gate on_the_way = CORE_GATES;
/* The one it went last, if the VMM has done nothing since but to let it run. */
static enum core_gate straight = CORE_GATES;
/* And to serve its page faults, and to look at its notes. */
static bool filled;

_Static_assert(CORE_GATES == DESC_WAYS, "a way for each gate");
_Static_assert(CORE_SYSENTER * PINS <= MMU_PINS, "pins for those that read memory");

static bool same_dtable(const struct vmbt_dtable *a, const struct vmbt_dtable *b)
{
	return a->base == b->base && a->limit == b->limit;
}

static bool same_registers(const struct vcpu *v, const struct gate *t, enum core_gate n)
{
	const struct vmbt_guest *g = v->guest;

	if (g->cr0 != t->cr0 || g->cr4 != t->cr4)
		return false;
	if (n == CORE_SYSENTER)
		return g->sysenter_cs == t->sysenter[0] &&
		       g->sysenter_esp == t->sysenter[1] && g->sysenter_eip == t->sysenter[2];
	return same_dtable(&g->idtr, &t->idtr) && same_dtable(&g->gdtr, &t->gdtr) &&
	       g->tr.base == t->tr.base && g->tr.limit == t->tr.limit &&
	       g->tr.attr == t->tr.attr;
}

static bool same_memory(const struct gate *t)
{
	u64 raw;

	for (u32 i = 0; i < ENTRIES; i++) {
		__builtin_memcpy(&raw, t->at[i], 8);
		if (raw != t->raw[i])
			return false;
	}
	return true;
}

/* Find out where they are now. */
static bool memory_there(struct vcpu *v, enum core_gate n)
{
	struct gate *t = &gates[n];

	if (!mmu_pins_hold(v, n * PINS, PINS))
		return false;
	for (u32 i = 0; i < ENTRIES; i++)
		t->at[i] = mmu_pinned(v, n * PINS + i);
	t->stack = (u32 *)mmu_pinned(v, n * PINS + STACK);
	return true;
}

/* EFLAGS at ring 3. The CPU itself has set RF in what it says of a fault. */
static u32 guest_flags(const struct vcpu *v, enum core_gate n)
{
	u32 flags = direct_flags(v) | VMBT_X86_EFLAGS_IF;

	return n == CORE_PF ? flags & ~VMBT_X86_EFLAGS_RF : flags;
}

/* What way @n pushes: @cs and @ss of ring 3, the rest from the frame and @exc. */
static void push_frame(struct vcpu *v, enum core_gate n, const struct vcpu_exc *exc,
		       u32 cs, u32 ss, u32 flags)
{
	const struct vmbt_frame *f = &v->frame;
	u32 *sp = gates[n].stack;

	if (n == CORE_SYSENTER)
		return;
	if (n == CORE_PF) {
		WRITE_ONCE(*sp++, exc->error);
		v->guest->cr2 = exc->cr2;
		flags |= VMBT_X86_EFLAGS_RF;
	}
	WRITE_ONCE(sp[0], (u32)f->rip);
	WRITE_ONCE(sp[1], cs);
	WRITE_ONCE(sp[2], flags);
	WRITE_ONCE(sp[3], (u32)f->rsp);
	WRITE_ONCE(sp[4], ss);
}

/*
 * What serving page faults can have changed: they may be those of one of the guest's tables,
 * and a host call on the way may have taken back what a pin stands for.
 */
static bool as_before(struct vcpu *v, enum core_gate n)
{
	struct gate *t = &gates[n];

	if (v->events || (n != CORE_SYSENTER && !mmu_pins_hold(v, n * PINS, PINS)))
		return false;
	t->tc = bt_handler(v, t->eip, t->ctx);
	filled = false;
	return t->tc;
}

/*
 * The way that was gone last, when the guest has gone from there to ring 3 by itself. All
 * that only the VMM changes is as it was: registers, pins, run tables, translations, and
 * what translated code reads of them.
 */
static bool at_once(struct vcpu *v, enum core_gate n, const struct vcpu_exc *exc)
{
	struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;
	struct gate *t = &gates[n];
	u32 flags = guest_flags(v, n);
	u32 cs = (u16)f->cs, ss = (u16)f->ss;

	if ((flags & ~PLAIN_FLAGS) || (f->rflags & VMBT_X86_EFLAGS_VM) ||
	    (filled && !as_before(v, n)) || (n != CORE_SYSENTER && !same_memory(t)) ||
	    !desc_again_at_once(v, n, n != CORE_SYSENTER))
		return false;
	push_frame(v, n, exc, cs, ss, flags);
	g->eflags = t->keep_if ? flags : flags & ~VMBT_X86_EFLAGS_IF;
	f->rsp = t->esp;
	bt_enter_at_once(v, t->tc);
	v->stats->switches_de_bt += 2;
	v->stats->exceptions_injected += n != CORE_SYSENTER;
	v->stats->gates_again++;
	v->stats->gates_straight++;
	return true;
}

/**
 * core_gate_strayed() - the VMM does something else than to let the guest run
 *
 * To be called before anything that a way into the guest's kernel came from can change.
 */
void core_gate_strayed(void)
{
	straight = CORE_GATES;
}

/**
 * core_gate_filled() - the VMM serves a page fault at ring 3, or looks at notes
 *
 * To be called before anything that a way into the guest's kernel came from can change.
 */
void core_gate_filled(void)
{
	filled = true;
}

/**
 * core_gate() - go the short way into the guest's kernel, if it is the last one
 * @v: the vCPU, back from ring 3: from VCPU_DE or, by the ring-1 runtime's IRET,
 *	from VCPU_BT1; nothing has been made of the frame yet
 * @n: what for
 * @exc: the exception, for CORE_PF
 * Return: true if the frame is that of the handler now; false: nothing has changed
 */
bool core_gate(struct vcpu *v, enum core_gate n, const struct vcpu_exc *exc)
{
	bool ring1 = v->mode == VCPU_BT1;
	struct vmbt_guest *g = v->guest;
	struct vmbt_frame *f = &v->frame;
	struct gate *t = &gates[n];
	u32 flags, tc;

	if (n == straight && at_once(v, n, exc))
		return true;
	core_gate_strayed();
	if (!t->learned || v->events || !same_registers(v, t, n) ||
	    (g->dr[7] & VMBT_DR7_ENABLED) || g->nmi_masked || v->dr_held || v->dr_late)
		return false;
	if (v->mode == VCPU_BT3 || (!ring1 && g->int_shadow) ||
	    (f->rflags & VMBT_X86_EFLAGS_VM))
		return false;
	flags = guest_flags(v, n);
	if ((flags & ~PLAIN_FLAGS) || !desc_again_fits(v, n, n != CORE_SYSENTER))
		return false;
	if (n != CORE_SYSENTER && (!memory_there(v, n) || !same_memory(t)))
		return false;
	tc = bt_handler(v, t->eip, t->ctx);
	if (!tc)
		return false;

	push_frame(v, n, exc, (u16)f->cs, (u16)f->ss, flags);
	g->eflags = t->keep_if ? flags : flags & ~VMBT_X86_EFLAGS_IF;
	g->int_shadow = 0;
	desc_again_take(v, n);
	f->rsp = t->esp;
	bt_enter_handler(v, t->eip, tc);
	t->tc = tc;
	t->used = true;
	straight = n;
	filled = false;
	v->raw = true;
	v->stats->switches_de_bt += ring1 ? 2 : 1;
	v->stats->exceptions_injected += n != CORE_SYSENTER;
	v->stats->gates_again++;
	return true;
}

/**
 * core_gate_begin() - the guest's user code is about to go the long way
 * @v: the vCPU, in VCPU_DE, its frame as the CPU left it
 * @n: what for
 */
void core_gate_begin(struct vcpu *v, enum core_gate n)
{
	struct gate *t = &gates[n];

	if (t->used) {
		t->barren = 0;
	} else if (t->learned) {
		t->barren += t->barren < MOST_BARREN;
		t->skip = (1 << t->barren) - 1;
	}
	t->learned = false;
	t->used = false;
	if (t->skip) {
		t->skip--;
		return;
	}
	if (v->mode != VCPU_DE || !v->raw || (v->shared->no_offers & VMBT_OFFER_GATES))
		return;
	desc_again_begin(v, n);
	on_the_way = n;
}

/* SDM vol. 3, 6.11 and 7.2.1: a gate, the inner stack and two descriptors of 32 bits. */
static bool read_entries(struct vcpu *v, enum core_gate n, u32 vector)
{
	const struct vmbt_guest *g = v->guest;
	struct gate *t = &gates[n];
	u16 cs = g->seg[VMBT_CS].sel, ss = g->seg[VMBT_SS].sel;
	const u32 lin[ENTRIES] = {
		[IDT_GATE] = g->idtr.base + vector * 8, [TSS_STACK] = g->tr.base + 4,
		[GDT_CS] = g->gdtr.base + (cs & ~7U), [GDT_SS] = g->gdtr.base + (ss & ~7U),
	};
	u64 gate, tss;

	/* Both in the GDT, at CPL 0, by a task that has 32 bits (type 9 or 11). */
	if ((cs | ss) & 7 || (g->tr.attr & (VMBT_ATTR_S | 0xd)) != 9)
		return false;
	for (u32 i = 0; i < ENTRIES; i++) {
		const u8 *p = mmu_pin(v, n * PINS + i, lin[i], 8, false);

		if (!p)
			return false;
		__builtin_memcpy(&t->raw[i], p, 8);
	}
	gate = t->raw[IDT_GATE];
	tss = t->raw[TSS_STACK];
	t->eip = (u32)(gate & 0xffff) | (u32)(gate >> 48) << 16;
	t->esp = (u32)tss - 4 * t->words;
	t->keep_if = gate >> 40 & 1;
	/* Is the guest where this leads to, and has nothing else come since? */
	return (gate >> 40 & 0x1e) == 0xe && (u16)(gate >> 16 & ~3U) == cs &&
	       (u16)(tss >> 32) == ss && t->eip == g->eip && t->esp == g->gpr[VMBT_ESP] &&
	       (g->seg[VMBT_SS].attr & VMBT_ATTR_DB);
}

/**
 * core_gate_arrived() - the guest is at the first instruction of its kernel
 * @v: the vCPU, in sync, v->mode set; or it has gone somewhere else
 *
 * Context: may make a host call.
 */
void core_gate_arrived(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	enum core_gate n = on_the_way;
	struct gate *t = &gates[n];
	bool ok;

	if (n == CORE_GATES)
		return;
	if (v->mode != VCPU_BT1) {
		on_the_way = CORE_GATES;
		return;
	}
	t->words = n == CORE_PF ? 6 : 5;
	if (n == CORE_SYSENTER) {
		t->eip = g->sysenter_eip;
		t->esp = g->sysenter_esp;
		t->keep_if = false;
		ok = g->eip == t->eip && g->gpr[VMBT_ESP] == t->esp;
	} else {
		ok = read_entries(v, n, n == CORE_PF ? VMBT_VEC_PF : 0x80) &&
		     mmu_pin(v, n * PINS + STACK, g->seg[VMBT_SS].base + t->esp,
			     4 * t->words, true);
	}
	if (!ok) {
		on_the_way = CORE_GATES;
		return;
	}
	t->idtr = g->idtr;
	t->gdtr = g->gdtr;
	t->tr = g->tr;
	t->cr0 = g->cr0;
	t->cr4 = g->cr4;
	t->sysenter[0] = g->sysenter_cs;
	t->sysenter[1] = g->sysenter_esp;
	t->sysenter[2] = g->sysenter_eip;
	t->ctx = bt_handler_context(v);
}

/**
 * core_gate_learn() - keep the way that has just been gone
 * @v: the vCPU, behind desc_prepare()
 */
void core_gate_learn(struct vcpu *v)
{
	if (on_the_way == CORE_GATES)
		return;
	desc_again_learn(v, on_the_way);
	gates[on_the_way].learned = true;
	on_the_way = CORE_GATES;
}
