// SPDX-License-Identifier: GPL-2.0
/*
 * Delivery of exceptions and interrupts to the guest.
 *
 * One event goes through the real-mode vector table or the IDT: interrupt and
 * trap gates of 16 and 32 bits, task gates, to the same or an inner ring, out
 * of v86 mode. What goes wrong on the way is itself an exception; SDM vol. 3,
 * table 6-5 says whether it replaces the first, becomes a double fault, or is
 * the end. Each attempt leaves the registers alone until nothing can fault any
 * more. Documentation/vmbt/exceptions.rst has the table.
 */
#include "cpu_int.h"

/* One event on its way. */
struct event {
	u8 vector;
	u8 type;		/* enum vmbt_event_type */
	bool has_error;
	u32 error;
	u32 insn_len;
	u32 ext;		/* ERR_EXT unless software asked for it */
};

enum class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum class class_of(const struct event *e)
{
	if (e->type != VMBT_EV_FAULT)
		return BENIGN;
	switch (e->vector) {
	case VMBT_VEC_DE:
	case VMBT_VEC_TS:
	case VMBT_VEC_NP:
	case VMBT_VEC_SS:
	case VMBT_VEC_GP:
		return CONTRIBUTORY;
	case VMBT_VEC_PF:
		return PAGE_FAULT;
	case VMBT_VEC_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

static bool pushes_error(u8 vector)
{
	return vector == VMBT_VEC_DF || vector == VMBT_VEC_AC ||
	       (vector >= VMBT_VEC_TS && vector <= VMBT_VEC_PF);
}

/*
 * EFLAGS as pushed: faults set RF, so that an instruction breakpoint does not
 * hit again on the way back (SDM vol. 3, 18.3.1.1). Debug exceptions of other
 * kinds, traps, aborts and interrupts do not.
 */
static u32 flags_image(const struct vcpu *v, const struct event *e)
{
	u32 flags = v->guest->eflags;

	/* The instruction is complete. */
	if (e->type == VMBT_EV_SOFT || e->type == VMBT_EV_ICEBP)
		return flags & ~VMBT_X86_EFLAGS_RF;
	if (e->type != VMBT_EV_FAULT)
		return flags;
	switch (e->vector) {
	case VMBT_VEC_DB:
	case VMBT_VEC_BP:
	case VMBT_VEC_OF:
	case VMBT_VEC_DF:
	case VMBT_VEC_MC:
		return flags;
	default:
		return flags | VMBT_X86_EFLAGS_RF;
	}
}

/* The EIP to come back to. */
static u32 return_eip(const struct vcpu *v, const struct event *e)
{
	u32 eip = v->guest->eip;

	if (e->type == VMBT_EV_SOFT || e->type == VMBT_EV_ICEBP)
		eip += e->insn_len;
	return eip;
}

static int idt_fault(struct vcpu *v, u8 vector, const struct event *e)
{
	return vcpu_fault_err(v, vector, e->vector * 8 | ERR_IDT | e->ext);
}

/* Real mode: SDM vol. 3, 20.1.4. No error codes. */
static int deliver_real(struct vcpu *v, const struct event *e)
{
	struct vmbt_guest *g = v->guest;
	struct cpu_stack st;
	u16 vec[2];
	int r;

	if (e->vector * 4 + 3 > g->idtr.limit)
		return idt_fault(v, VMBT_VEC_GP, e);
	r = mmu_read(v, g->idtr.base + e->vector * 4, vec, 4, 0);
	if (r)
		return r;
	cpu_stack_now(v, &st);
	r = cpu_stack_push(v, &st, flags_image(v, e), 2);
	if (!r)
		r = cpu_stack_push(v, &st, g->seg[VMBT_CS].sel, 2);
	if (!r)
		r = cpu_stack_push(v, &st, return_eip(v, e), 2);
	if (r)
		return r;
	if (vec[0] > g->seg[VMBT_CS].limit)
		return vcpu_fault_err(v, VMBT_VEC_GP, e->ext);
	g->gpr[VMBT_ESP] = st.esp;
	g->eip = vec[0];
	g->eflags &= ~(VMBT_X86_EFLAGS_IF | VMBT_X86_EFLAGS_TF |
		       VMBT_X86_EFLAGS_AC | VMBT_X86_EFLAGS_RF);
	cpu_seg_real(v, VMBT_CS, vec[1]);
	return X_OK;
}

/* Read and check the gate. */
static int read_gate(struct vcpu *v, const struct event *e,
		     struct cpu_desc *gate)
{
	const struct vmbt_guest *g = v->guest;
	int r;

	if (e->vector * 8 + 7 > g->idtr.limit)
		return idt_fault(v, VMBT_VEC_GP, e);
	*gate = (struct cpu_desc){ .lin = g->idtr.base + e->vector * 8 };
	r = mmu_read(v, gate->lin, &gate->raw, 8, 0);
	if (r)
		return r;
	desc_unpack(gate->raw, &gate->seg);
	if (gate->seg.attr & VMBT_ATTR_S)
		return idt_fault(v, VMBT_VEC_GP, e);
	switch (seg_type(&gate->seg)) {
	case SYS_TASK_GATE:
	case SYS_INT16:
	case SYS_TRAP16:
	case SYS_INT32:
	case SYS_TRAP32:
		break;
	default:
		return idt_fault(v, VMBT_VEC_GP, e);
	}
	if (e->type == VMBT_EV_SOFT && seg_dpl(&gate->seg) < vcpu_cpl(v))
		return idt_fault(v, VMBT_VEC_GP, e);
	if (!(gate->seg.attr & VMBT_ATTR_P))
		return idt_fault(v, VMBT_VEC_NP, e);
	return X_OK;
}

/* The handler's code segment; *cpl is the ring it runs in. */
static int read_handler(struct vcpu *v, const struct event *e,
			const struct cpu_desc *gate, struct cpu_desc *cs,
			u8 *cpl)
{
	u16 sel = gate_selector(gate);
	u8 old = vcpu_cpl(v), dpl;
	int r;

	if (SEL_NULL(sel))
		return vcpu_fault_err(v, VMBT_VEC_GP, e->ext);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, e->ext, cs);
	if (r)
		return r;
	dpl = seg_dpl(&cs->seg);
	if (!seg_is_code(&cs->seg) || dpl > old)
		return fault_sel(v, VMBT_VEC_GP, sel, e->ext);
	*cpl = seg_is_conforming(&cs->seg) ? old : dpl;
	/* Out of v86 mode there is one way only: to ring 0. */
	if (vcpu_v86(v) && *cpl)
		return fault_sel(v, VMBT_VEC_GP, sel, e->ext);
	if (!(cs->seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, e->ext);
	return cpu_check_ring(v, *cpl);
}

/* The words of a frame in the order of their pushes. */
struct frame_words {
	u32 word[10];
	u32 n;
};

static void word(struct frame_words *w, u32 val)
{
	w->word[w->n++] = val;
}

/*
 * All of a frame of dwords with one write, if that is within a page: it does
 * what the pushes would do. False: nothing was written, push word by word, and
 * meet the fault where the CPU meets it.
 */
static bool push_at_once(struct vcpu *v, struct cpu_stack *st,
			 const struct frame_words *w)
{
	u32 len = w->n * 4, off = st->esp - len, lin = st->ss.base + off;
	u32 image[ARRAY_SIZE(w->word)], i;
	struct vcpu_exc exc = v->exc;

	if (!(st->ss.attr & VMBT_ATTR_DB) || !(st->ss.attr & VMBT_ATTR_P) ||
	    (lin & 4095) + len > 4096 || off > st->esp ||
	    !cpu_seg_check(&st->ss, off, len))
		return false;
	for (i = 0; i < w->n; i++)
		image[w->n - 1 - i] = w->word[i];
	if (mmu_write(v, lin, image, len, st->access) != X_OK) {
		v->exc = exc;
		return false;
	}
	st->esp = off;
	return true;
}

/* The frame that the handler finds: segments out of v86 mode, then the rest. */
static int push_frame(struct vcpu *v, const struct event *e,
		      struct cpu_stack *st, bool inner, u8 size)
{
	static const enum vmbt_sreg v86_segs[] = {
		VMBT_GS, VMBT_FS, VMBT_DS, VMBT_ES,
	};
	const struct vmbt_guest *g = v->guest;
	struct frame_words w = { .n = 0 };
	u32 i;
	int r = X_OK;

	if (vcpu_v86(v))
		for (i = 0; i < ARRAY_SIZE(v86_segs); i++)
			word(&w, g->seg[v86_segs[i]].sel);
	if (inner) {
		word(&w, g->seg[VMBT_SS].sel);
		word(&w, g->gpr[VMBT_ESP]);
	}
	word(&w, flags_image(v, e));
	word(&w, g->seg[VMBT_CS].sel);
	word(&w, return_eip(v, e));
	if (e->has_error)
		word(&w, e->error);
	if (size == 4 && push_at_once(v, st, &w))
		return X_OK;
	for (i = 0; i < w.n && !r; i++)
		r = cpu_stack_push(v, st, w.word[i], size);
	return r;
}

static int deliver_gate(struct vcpu *v, const struct event *e,
			const struct cpu_desc *gate)
{
	struct vmbt_guest *g = v->guest;
	u8 type = seg_type(&gate->seg), old = vcpu_cpl(v), cpl;
	bool wide = type == SYS_INT32 || type == SYS_TRAP32;
	u32 eip = gate_offset(gate, wide);
	struct cpu_desc cs, ss;
	struct cpu_stack st;
	bool inner, v86 = vcpu_v86(v);
	int r;

	r = read_handler(v, e, gate, &cs, &cpl);
	if (r)
		return r;
	inner = cpl < old;
	if (inner) {
		r = cpu_inner_stack(v, cpl, e->ext, &st, &ss);
	} else {
		cpu_stack_now(v, &st);
		st.error = e->ext;
	}
	if (!r)
		r = push_frame(v, e, &st, inner, wide ? 4 : 2);
	if (r)
		return r;
	if (eip > cs.seg.limit)
		return vcpu_fault_err(v, VMBT_VEC_GP, e->ext);
	r = cpu_desc_accessed(v, &cs);
	if (r)
		return r;

	g->eflags &= ~(VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_NT |
		       VMBT_X86_EFLAGS_RF | VMBT_X86_EFLAGS_VM);
	if (type == SYS_INT32 || type == SYS_INT16)
		g->eflags &= ~VMBT_X86_EFLAGS_IF;
	cpu_seg_store(v, VMBT_CS, &cs, (cs.sel & ~SEL_RPL) | cpl);
	if (inner)
		cpu_seg_store(v, VMBT_SS, &ss, ss.sel);
	if (v86) {
		cpu_seg_store(v, VMBT_ES, NULL, 0);
		cpu_seg_store(v, VMBT_DS, NULL, 0);
		cpu_seg_store(v, VMBT_FS, NULL, 0);
		cpu_seg_store(v, VMBT_GS, NULL, 0);
	}
	g->gpr[VMBT_ESP] = st.esp;
	g->eip = eip;
	return X_OK;
}

/* One attempt at one event. Registers are unchanged unless X_OK. */
static int deliver_once(struct vcpu *v, const struct event *e)
{
	struct cpu_desc gate;
	int r;

	if (!(v->guest->cr0 & VMBT_CR0_PE))
		return deliver_real(v, e);
	/* INT n in v86 mode is IOPL-sensitive; INT3, INTO and INT1 are not. */
	r = read_gate(v, e, &gate);
	if (r)
		return r;
	if (seg_is_system(&gate.seg, SYS_TASK_GATE))
		return cpu_task_switch_from(v, gate_selector(&gate),
					    CPU_TASK_GATE, return_eip(v, e),
					    e->ext, e->has_error, e->error);
	return deliver_gate(v, e, &gate);
}

/* What follows from a fault met while delivering @e; false: triple fault. */
static bool escalate(struct vcpu *v, struct event *e)
{
	struct event next = {
		.vector = v->exc.vector, .type = VMBT_EV_FAULT,
		.has_error = pushes_error(v->exc.vector),
		.error = v->exc.error, .ext = ERR_EXT,
	};
	enum class first = class_of(e), second = class_of(&next);

	if (first == DOUBLE_FAULT && second != BENIGN)
		return false;
	if ((first == CONTRIBUTORY && second == CONTRIBUTORY) ||
	    (first == PAGE_FAULT && second != BENIGN)) {
		next.vector = VMBT_VEC_DF;
		next.has_error = true;
		next.error = 0;
	}
	*e = next;
	return true;
}

static enum cpu_delivery deliver(struct vcpu *v, struct event e)
{
	struct vmbt_guest *g = v->guest;
	int r;

	for (;;) {
		if (e.vector == VMBT_VEC_PF && e.type == VMBT_EV_FAULT)
			g->cr2 = v->exc.cr2;
		if (e.vector == VMBT_VEC_DB && e.type != VMBT_EV_SOFT)
			g->dr[7] &= ~DR7_GD;
		r = deliver_once(v, &e);
		switch (r) {
		case X_OK:
			if (e.type == VMBT_EV_NMI)
				g->nmi_masked = 1;
			g->int_shadow = 0;
			g->halted = 0;
			v->events |= VCPU_EV_MODE;
			return CPU_DELIVERED;
		case X_FAULT:
			/* CR2 shows the last page fault, delivered or not. */
			if (v->exc.vector == VMBT_VEC_PF)
				g->cr2 = v->exc.cr2;
			if (!escalate(v, &e))
				return CPU_TRIPLE_FAULT;
			break;
		case X_RETRY:
			break;
		default:
			return CPU_STOP;
		}
	}
}

/**
 * cpu_deliver_exc() - deliver v->exc, just raised
 * @v: the vCPU, state as of the start of the faulting instruction
 * Return: enum cpu_delivery
 */
enum cpu_delivery cpu_deliver_exc(struct vcpu *v)
{
	struct event e = {
		.vector = v->exc.vector,
		.type = v->exc.soft ? v->exc.soft : VMBT_EV_FAULT,
		.error = v->exc.error, .insn_len = v->exc.insn_len,
	};

	e.ext = e.type == VMBT_EV_SOFT ? 0 : ERR_EXT;
	e.has_error = e.type == VMBT_EV_FAULT && pushes_error(e.vector);
	return deliver(v, e);
}

/**
 * cpu_deliver_event() - deliver an interrupt, NMI, or an event from outside
 * @v: the vCPU; EIP is that of the next instruction, but for VMBT_EV_SOFT and
 *	ICEBP
 * @ev: the event
 * Return: enum cpu_delivery
 */
enum cpu_delivery cpu_deliver_event(struct vcpu *v, const struct vmbt_event *ev)
{
	v->exc = (struct vcpu_exc){
		.vector = ev->vector, .soft = ev->type, .error = ev->error,
		.insn_len = ev->insn_len, .cr2 = v->guest->cr2,
	};
	return cpu_deliver_exc(v);
}

/**
 * cpu_can_take_extint() - may an external interrupt be delivered now?
 * @v: the vCPU
 * Return: true if IF is set and no shadow or pending event is in the way
 */
bool cpu_can_take_extint(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;

	return (g->eflags & VMBT_X86_EFLAGS_IF) && !g->int_shadow &&
	       g->pending.type == VMBT_EV_NONE;
}

/**
 * cpu_can_take_nmi() - may an NMI be delivered now?
 * @v: the vCPU
 * Return: true if none is being handled and MOV SS is not in the way
 */
bool cpu_can_take_nmi(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;

	return !g->nmi_masked && !g->int_shadow &&
	       g->pending.type == VMBT_EV_NONE;
}
