/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct vcpu: the VMM's own view of one guest CPU, the argument of almost
 * every function in the image.
 *
 * Architectural state is in struct vmbt_guest (shared with the host); each
 * module keeps its state in a structure of its own that hangs off here, so
 * that more than one vCPU can come later. The rules of the floors (layout of
 * the image: core; bt, direct; interp; cpu; desc; mmu; lib, decode) hold: a
 * module calls only those below it, and tells those above through the flags
 * in @events.
 */
#ifndef VMBT_VCPU_H
#define VMBT_VCPU_H

#include "../include/types.h"
#include "../include/guest.h"
#include "../include/hostcall.h"
#include "../include/monitor.h"

struct mmu;
struct desc;
struct bt;

/*
 * What functions that act for a guest instruction return. On X_FAULT,
 * v->exc holds the guest's exception and nothing else of the guest's state
 * has changed (but accessed/dirty bits).
 */
#undef X_OK			/* unistd.h's, in user-space tests */
enum x_result {
	X_OK,
	X_FAULT,
	X_UNSUPPORTED,		/* v->shared->text says what; stop the VM */
	X_RETRY,		/* mapping changed underneath: do it again */
	X_HLT,			/* interpreter: HLT was executed */
};

/* unistd.h after this header must not compile. */
#define X_OK X_OK

/* An exception raised by the instruction at hand. */
struct vcpu_exc {
	u8 vector;
	u8 has_error;
	u8 soft;		/* enum vmbt_event_type when not a fault */
	u8 pad;
	u32 error;
	u32 cr2;		/* for #PF; not yet in guest->cr2 */
	u32 insn_len;		/* soft ones */
};

/* Things that happened below and concern those above; core looks at them. */
#define VCPU_EV_MODE		0x01	/* CR0/CR4/EFER/CPL/EFLAGS.VM changed: decide again */
#define VCPU_EV_EPOCH		0x02	/* mapping of some code page changed */
#define VCPU_EV_MON_WANTED	0x04	/* guest maps the monitor area's place */
#define VCPU_EV_SEGS		0x08	/* hidden segment state changed */

/*
 * Registers as the CPU had them when it left the guest, and as it shall have
 * them when it enters. In DE they are the guest's; under BT they are the
 * translated code's, to be mapped back (bt_sync()) before anyone uses
 * v->guest. metal/ fixes the layout by assembly.
 */
struct vmbt_frame {
	u64 gpr[8];		/* enum vmbt_gpr order; [VMBT_ESP] unused */
	u64 vector;		/* set on exit; VMBT_VEC_SYSENTER too */
	u64 error;
	/* as IRETQ wants them */
	u64 rip;
	u64 cs;
	u64 rflags;
	u64 rsp;
	u64 ss;
	/* live in the CPU; read on exit, loaded on entry if seg_load says so */
	u16 ds, es, fs, gs;
	u32 seg_load;		/* bit per enum vmbt_sreg: ES DS FS GS */
	u32 entry_fault;	/* vector is from loading this frame: no guest ran */
	u64 cr2;		/* read on exit for #PF */
	u64 dr6;		/* read on exit for #DB */
};

enum vcpu_mode {
	VCPU_DE,		/* direct execution at ring 3 */
	VCPU_BT1,		/* translated code at ring 1 */
	VCPU_BT3,		/* translated code at ring 3 */
};

struct vcpu {
	struct vmbt_guest *guest;
	struct vmbt_shared *shared;
	struct vmbt_vmm_stats *stats;
	struct vmbt_mon *mon;	/* the writable alias of the data page */
	struct mmu *mmu;
	struct desc *desc;
	struct bt *bt;

	struct vmbt_frame frame;
	enum vcpu_mode mode;	/* what frame belongs to */
	bool raw;		/* frame is live; guest state not synced */

	struct vcpu_exc exc;
	u32 events;		/* VCPU_EV_* */
	u32 mon_base;		/* linear base of the monitor area: code and tables */
	u32 mon_data;		/* that of its data page, %gs */
	u64 entry_rip;		/* frame.rip at the last metal_run() */
	bool interpreted;	/* since then the interpreter ran */
	u32 special;		/* accesses of the VMM's to frames with a trace, or to none */
	u8 dr_hits;		/* breakpoints that the instruction at hand met */
	u8 dr_held;		/* those that MOV SS holds back */
	u8 dr_late;		/* those the CPU reported in the VMM's own code */
	u8 nr_avoid;		/* addresses that no translation may contain */
	u32 avoid[4];
	u32 posts;		/* mon->post_left as the guest was given it */
	u8 *const *mon_page;	/* the monitor area's pages, NULL where none is */
};

static inline u8 vcpu_cpl(const struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;

	if (!(g->cr0 & VMBT_CR0_PE))
		return 0;
	if (g->eflags & VMBT_X86_EFLAGS_VM)
		return 3;
	return (g->seg[VMBT_SS].attr & VMBT_ATTR_DPL) >> VMBT_ATTR_DPL_SHIFT;
}

static inline bool vcpu_protected(const struct vcpu *v)
{
	return (v->guest->cr0 & VMBT_CR0_PE) &&
	       !(v->guest->eflags & VMBT_X86_EFLAGS_VM);
}

static inline bool vcpu_paging(const struct vcpu *v)
{
	return v->guest->cr0 & VMBT_CR0_PG;
}

/* Is this the linear address of an instruction that is never translated? */
static inline bool vcpu_avoids(const struct vcpu *v, u32 lin)
{
	for (u8 i = 0; unlikely(i < v->nr_avoid); i++)
		if (v->avoid[i] == lin)
			return true;
	return false;
}

/* Record a guest exception and return X_FAULT. */
static inline int vcpu_fault(struct vcpu *v, u8 vector)
{
	v->exc = (struct vcpu_exc){ .vector = vector,
				    .soft = VMBT_EV_FAULT };
	return X_FAULT;
}

static inline int vcpu_fault_err(struct vcpu *v, u8 vector, u32 error)
{
	v->exc = (struct vcpu_exc){ .vector = vector, .has_error = 1,
				    .soft = VMBT_EV_FAULT, .error = error };
	return X_FAULT;
}

/**
 * vcpu_unsupported() - stop the VM and say why
 * @v: the vCPU
 * @fmt: what the guest did, as printf; where it did it is added
 * Return: X_UNSUPPORTED
 */
int vcpu_unsupported(struct vcpu *v, const char *fmt, ...) __printf(2, 3);

#endif
