// SPDX-License-Identifier: GPL-2.0
/*
 * Task switches, and what else the CPU reads from a TSS.
 *
 * Long mode has no task switch, so the guest's are done here, for 286 and 386
 * TSSs (SDM vol. 3, 7.2 and 7.3). Up to the point where the manual says that
 * the switch is committed, faults are those of the old task and leave it
 * unchanged: the new TSS is read and the old one probed for writing before.
 * Behind it, faults (#TS, #NP, #SS, #GP, #PF) belong to the new task: its
 * general registers, selectors and EIP are loaded, hidden parts that could not
 * be loaded are unusable, and v->exc is to be delivered there.
 */
#include "cpu_int.h"
#include "../decode/decode.h"

#define TSS32_MIN	0x67
#define TSS16_MIN	0x2b

/* The parts of a TSS that a switch loads, in either format. */
struct task {
	u32 cr3, eip, eflags;
	u32 gpr[8];
	u16 seg[VMBT_NSEG];
	u16 ldt;
	bool trap;
};

/* Order in the TSS: ES CS SS DS FS GS, that of enum vmbt_sreg. */
#define T32_LINK	0x00
#define T32_CR3		0x1c
#define T32_EIP		0x20
#define T32_EFLAGS	0x24
#define T32_GPR		0x28
#define T32_SEG		0x48
#define T32_LDT		0x60
#define T32_TRAP	0x64
#define T32_IOMAP	0x66
#define T16_EIP		0x0e
#define T16_FLAGS	0x10
#define T16_GPR		0x12
#define T16_SEG		0x22
#define T16_NSEG	4
#define T16_LDT		0x2a

static bool tss_is_32(const struct vmbt_seg *tr)
{
	return seg_type(tr) & 8;
}

static u16 get16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static u32 get32(const u8 *p)
{
	return get16(p) | (u32)get16(p + 2) << 16;
}

static void put16(u8 *p, u16 val)
{
	p[0] = val;
	p[1] = val >> 8;
}

static void put32(u8 *p, u32 val)
{
	put16(p, val);
	put16(p + 2, val >> 16);
}

/**
 * cpu_tss_stack() - SSn and ESPn of the current TSS
 * @v: the vCPU
 * @cpl: ring n
 * @ext: ERR_EXT or 0
 * @ss: selector
 * @esp: stack pointer
 * Return: X_OK or X_FAULT (#TS, #PF)
 */
int cpu_tss_stack(struct vcpu *v, u8 cpl, u32 ext, u16 *ss, u32 *esp)
{
	const struct vmbt_seg *tr = &v->guest->tr;
	bool wide = tss_is_32(tr);
	u32 off = wide ? 4 + cpl * 8 : 2 + cpl * 4, len = wide ? 6 : 4;
	u8 buf[6];
	int r;

	if (!(tr->attr & VMBT_ATTR_P) || off + len - 1 > tr->limit)
		return fault_sel(v, VMBT_VEC_TS, tr->sel, ext);
	r = mmu_read(v, tr->base + off, buf, len, 0);
	if (r)
		return r;
	*esp = wide ? get32(buf) : get16(buf);
	*ss = get16(buf + (wide ? 4 : 2));
	return X_OK;
}

/*
 * Reads two bytes of the bitmap, as the CPU does, so the byte behind the last
 * one must be within the limit, too (SDM vol. 1, 19.5.2).
 */
static int io_allowed(struct vcpu *v, u16 port, u8 size)
{
	const struct vmbt_seg *tr = &v->guest->tr;
	u32 off, mask = (1u << size) - 1;
	u8 buf[2];
	int r;

	if (!(v->guest->cr0 & VMBT_CR0_PE) ||
	    (!vcpu_v86(v) && vcpu_cpl(v) <= flags_iopl(v)))
		return X_OK;
	if (!(tr->attr & VMBT_ATTR_P) || !tss_is_32(tr) ||
	    tr->limit < TSS32_MIN)
		return gp0(v);
	r = mmu_read(v, tr->base + T32_IOMAP, buf, 2, 0);
	if (r)
		return r;
	off = get16(buf) + port / 8;
	if (off + 1 > tr->limit)
		return gp0(v);
	r = mmu_read(v, tr->base + off, buf, 2, 0);
	if (r)
		return r;
	return get16(buf) >> (port & 7) & mask ? gp0(v) : X_OK;
}

/* I/O breakpoints exist with CR4.DE only (SDM vol. 3, 18.2.4). */
static void io_watch(struct vcpu *v, u16 port, u8 size)
{
	static const u8 last[] = { 0, 1, 7, 3 };
	u32 dr7 = v->guest->dr[7], from, len, n;

	if (!(v->guest->cr4 & VMBT_CR4_DE))
		return;
	for (n = 0; n < 4; n++) {
		if (!VMBT_DR7_ON(dr7, n) || VMBT_DR7_RW(dr7, n) != VMBT_DR7_RW_IO)
			continue;
		len = last[VMBT_DR7_LEN(dr7, n)];
		from = v->guest->dr[n] & ~len;
		if (port - from <= len || from - port < size)
			v->dr_hits |= 1u << n;
	}
}

/**
 * cpu_io_allowed() - may this port be used?
 * @v: the vCPU
 * @port: first port
 * @size: 1, 2 or 4
 *
 * The guest's I/O breakpoints take note if it is.
 *
 * Return: X_OK, or X_FAULT with #GP(0) or #PF
 */
int cpu_io_allowed(struct vcpu *v, u16 port, u8 size)
{
	int r = io_allowed(v, port, size);

	if (!r && unlikely(v->guest->dr[7] & VMBT_DR7_ENABLED))
		io_watch(v, port, size);
	return r;
}

/**
 * cpu_next_eip() - EIP behind the instruction at hand
 * @v: the vCPU
 * @next: result
 *
 * Only task switches by JMP and IRET need it: the outgoing TSS gets it.
 *
 * Return: X_OK or X_FAULT
 */
int cpu_next_eip(struct vcpu *v, u32 *next)
{
	const struct vmbt_seg *cs = &v->guest->seg[VMBT_CS];
	bool wide = cs->attr & VMBT_ATTR_DB;
	u8 bytes[VMBT_INSN_MAX];
	struct vmbt_insn in;
	u32 got = 0;
	int r;

	r = mmu_fetch(v, cs->base + v->guest->eip, bytes, sizeof(bytes),
		      vcpu_cpl(v) == 3 ? MMU_USER : 0, &got);
	if (r && !got)
		return r;
	if (vmbt_decode(&in, bytes, got, wide) != VMBT_DEC_OK)
		return vcpu_fault(v, VMBT_VEC_UD);
	*next = v->guest->eip + in.len;
	return X_OK;
}

static void parse32(const u8 *p, struct task *t)
{
	t->cr3 = get32(p + T32_CR3);
	t->eip = get32(p + T32_EIP);
	t->eflags = get32(p + T32_EFLAGS);
	for (int i = 0; i < 8; i++)
		t->gpr[i] = get32(p + T32_GPR + i * 4);
	for (int i = 0; i < VMBT_NSEG; i++)
		t->seg[i] = get16(p + T32_SEG + i * 4);
	t->ldt = get16(p + T32_LDT);
	t->trap = p[T32_TRAP] & 1;
}

/* A 286 task has no upper halves (ones in registers), no FS and GS. */
static void parse16(const u8 *p, struct task *t)
{
	t->eip = get16(p + T16_EIP);
	t->eflags = get16(p + T16_FLAGS);
	for (int i = 0; i < 8; i++)
		t->gpr[i] = 0xffff0000 | get16(p + T16_GPR + i * 2);
	for (int i = 0; i < T16_NSEG; i++)
		t->seg[i] = get16(p + T16_SEG + i * 2);
	t->ldt = get16(p + T16_LDT);
}

/* Read, change and write back the dynamic fields of the outgoing TSS. */
static int save_old(struct vcpu *v, u32 eip, u32 eflags)
{
	const struct vmbt_guest *g = v->guest;
	bool wide = tss_is_32(&g->tr);
	u32 first = wide ? T32_EIP : T16_EIP;
	u32 len = (wide ? T32_LDT : T16_LDT) - first;
	u8 buf[T32_LDT], *p = buf;
	int r;

	/* The reserved upper words of selectors stay as they are. */
	r = mmu_read(v, g->tr.base + first, buf, len, 0);
	if (r)
		return r;
	if (wide) {
		put32(p + T32_EIP - first, eip);
		put32(p + T32_EFLAGS - first, eflags);
		for (int i = 0; i < 8; i++)
			put32(p + T32_GPR - first + i * 4, g->gpr[i]);
		for (int i = 0; i < VMBT_NSEG; i++)
			put16(p + T32_SEG - first + i * 4, g->seg[i].sel);
	} else {
		put16(p + T16_EIP - first, eip);
		put16(p + T16_FLAGS - first, eflags);
		for (int i = 0; i < 8; i++)
			put16(p + T16_GPR - first + i * 2, g->gpr[i]);
		for (int i = 0; i < T16_NSEG; i++)
			put16(p + T16_SEG - first + i * 2, g->seg[i].sel);
	}
	return mmu_write(v, g->tr.base + first, buf, len, 0);
}

/* The selector of the TSS to switch to, and its descriptor, checked. */
static int check_tss(struct vcpu *v, u16 sel, int reason, u32 ext,
		     struct cpu_desc *d)
{
	const struct vmbt_seg *tr = &v->guest->tr;
	bool back = reason == CPU_TASK_IRET;
	u8 bad = back ? VMBT_VEC_TS : VMBT_VEC_GP;
	u8 link[2];
	int r;

	if (back) {
		r = mmu_read(v, tr->base + T32_LINK, link, 2, 0);
		if (r)
			return r;
		sel = get16(link);
	}
	if (SEL_NULL(sel) || (sel & SEL_TI))
		return fault_sel(v, bad, sel, ext);
	r = cpu_desc_read(v, sel, bad, ext, d);
	if (r)
		return r;
	if ((d->seg.attr & VMBT_ATTR_S) ||
	    (seg_type(&d->seg) & ~8) !=
	    (back ? SYS_TSS16 | SYS_BUSY : SYS_TSS16))
		return fault_sel(v, bad, sel, ext);
	if (!(d->seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, ext);
	if (d->seg.limit < (tss_is_32(&d->seg) ? TSS32_MIN : TSS16_MIN))
		return fault_sel(v, VMBT_VEC_TS, sel, ext);
	return X_OK;
}

/* The busy bit of the task that is left. */
static int clear_busy(struct vcpu *v)
{
	struct cpu_desc d;
	int r;

	r = cpu_desc_read(v, v->guest->tr.sel, VMBT_VEC_TS, 0, &d);
	return r ? r : cpu_desc_set_busy(v, &d, false);
}

/* Everything that may fault before the switch, without effect so far. */
static int probe(struct vcpu *v, const struct cpu_desc *d, u8 *image)
{
	const struct vmbt_seg *tr = &v->guest->tr;
	bool wide = tss_is_32(tr);
	u32 first = wide ? T32_EIP : T16_EIP;
	int r;

	if (!(tr->attr & VMBT_ATTR_P) ||
	    tr->limit < (wide ? TSS32_MIN : TSS16_MIN))
		return fault_sel(v, VMBT_VEC_TS, tr->sel, 0);
	r = mmu_read(v, d->seg.base, image,
		     tss_is_32(&d->seg) ? TSS32_MIN + 1 : TSS16_MIN + 1, 0);
	if (!r)
		r = mmu_probe_write(v, tr->base + first,
				    (wide ? T32_LDT : T16_LDT) - first, 0);
	if (!r)
		r = mmu_probe_write(v, d->seg.base + T32_LINK, 2, 0);
	if (!r)
		r = mmu_probe_write(v, d->lin + 5, 1, 0);
	return r;
}

/* LDTR of the new task. */
static int load_ldt(struct vcpu *v, u16 sel)
{
	struct cpu_desc d;
	int r;

	v->guest->ldtr = (struct vmbt_seg){ .sel = sel };
	desc_tables_changed(v);
	if (SEL_NULL(sel))
		return X_OK;
	if (sel & SEL_TI)
		return fault_sel(v, VMBT_VEC_TS, sel, 0);
	r = cpu_desc_read(v, sel, VMBT_VEC_TS, 0, &d);
	if (r)
		return r;
	if (!seg_is_system(&d.seg, SYS_LDT) || !(d.seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_TS, sel, 0);
	v->guest->ldtr = d.seg;
	v->guest->ldtr.sel = sel;
	desc_tables_changed(v);
	return X_OK;
}

static int load_task_cs(struct vcpu *v, u16 sel, u8 cpl)
{
	struct cpu_desc d;
	u8 dpl;
	int r;

	if (SEL_NULL(sel))
		return fault_sel(v, VMBT_VEC_TS, sel, 0);
	r = cpu_desc_read(v, sel, VMBT_VEC_TS, 0, &d);
	if (r)
		return r;
	dpl = seg_dpl(&d.seg);
	if (!seg_is_code(&d.seg) ||
	    (seg_is_conforming(&d.seg) ? dpl > cpl : dpl != cpl))
		return fault_sel(v, VMBT_VEC_TS, sel, 0);
	if (!(d.seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, 0);
	r = cpu_desc_accessed(v, &d);
	if (!r)
		cpu_seg_store(v, VMBT_CS, &d, sel);
	return r;
}

/* DS, ES, FS, GS: as MOV, but #TS where that raises #GP. */
static int load_task_data(struct vcpu *v, enum vmbt_sreg s, u16 sel)
{
	int r;

	r = cpu_load_seg(v, s, sel);
	if (r == X_FAULT && v->exc.vector == VMBT_VEC_GP)
		v->exc.vector = VMBT_VEC_TS;
	return r;
}

/* All segment registers of the new task, whose selectors are loaded. */
static int load_segments(struct vcpu *v, const struct task *t)
{
	static const enum vmbt_sreg data[] = {
		VMBT_ES, VMBT_DS, VMBT_FS, VMBT_GS,
	};
	u8 cpl = t->seg[VMBT_CS] & SEL_RPL;
	struct cpu_desc ss;
	int r;

	if (t->eflags & VMBT_X86_EFLAGS_VM) {
		for (int s = 0; s < VMBT_NSEG; s++)
			cpu_seg_real(v, s, t->seg[s]);
		return load_ldt(v, t->ldt);
	}
	r = load_ldt(v, t->ldt);
	if (r)
		return r;
	r = cpu_check_ring(v, cpl);
	if (r)
		return r;
	if (SEL_NULL(t->seg[VMBT_SS]))
		return fault_sel(v, VMBT_VEC_TS, t->seg[VMBT_SS], 0);
	r = cpu_check_ss(v, t->seg[VMBT_SS], cpl, VMBT_VEC_TS, 0, &ss);
	if (r)
		return r;
	cpu_seg_store(v, VMBT_SS, &ss, ss.sel);
	r = load_task_cs(v, t->seg[VMBT_CS], cpl);
	for (u32 i = 0; i < ARRAY_SIZE(data) && !r; i++)
		r = load_task_data(v, data[i], t->seg[data[i]]);
	return r;
}

/*
 * From here on the new task is the current one. Hidden parts are unusable until
 * each is loaded, but SS already has the new task's ring, which is where a
 * fault of the loads is raised.
 */
static int enter_task(struct vcpu *v, const struct task *t, bool wide)
{
	struct vmbt_guest *g = v->guest;
	u8 cpl = t->eflags & VMBT_X86_EFLAGS_VM ? 3 :
						  t->seg[VMBT_CS] & SEL_RPL;
	int r;

	for (int i = 0; i < 8; i++)
		g->gpr[i] = t->gpr[i];
	g->eip = t->eip;
	g->eflags = (t->eflags & 0x003f7fd5) | VMBT_X86_EFLAGS_FIXED;
	for (int s = 0; s < VMBT_NSEG; s++)
		g->seg[s] = (struct vmbt_seg){ .sel = t->seg[s] };
	g->seg[VMBT_SS].attr = cpl << VMBT_ATTR_DPL_SHIFT;
	desc_segs_changed(v);
	v->events |= VCPU_EV_MODE;
	g->cr0 |= VMBT_CR0_TS;
	g->dr[7] &= ~0x155U;

	if (wide && vcpu_paging(v)) {
		u32 old = g->cr3;

		g->cr3 = t->cr3;
		r = mmu_load_cr3(v, t->cr3);
		if (r) {
			g->cr3 = old;
			return r;
		}
		desc_mappings_changed(v);
	}
	r = load_segments(v, t);
	if (r)
		return r;
	if (g->eip > g->seg[VMBT_CS].limit)
		return gp0(v);
	return X_OK;
}

/**
 * cpu_task_switch_from() - switch tasks
 * @v: the vCPU
 * @sel: TSS selector; unused for CPU_TASK_IRET
 * @reason: CPU_TASK_*
 * @next_eip: what the outgoing TSS shall have as EIP
 * @ext: ERR_EXT or 0, for faults of the old task
 * @has_error: an exception through a task gate has an error code
 * @error: which is pushed on the new task's stack
 * Return: X_OK, X_FAULT (see the top of this file), X_UNSUPPORTED
 */
int cpu_task_switch_from(struct vcpu *v, u16 sel, int reason, u32 next_eip,
			 u32 ext, bool has_error, u32 error)
{
	struct vmbt_guest *g = v->guest;
	bool nested = reason == CPU_TASK_CALL || reason == CPU_TASK_GATE;
	u8 image[TSS32_MIN + 1] = { 0 };
	struct task t = { 0 };
	struct cpu_stack st;
	struct cpu_desc d;
	u16 old = g->tr.sel;
	u32 flags = g->eflags;
	u8 link[2];
	bool wide;
	int r;

	r = check_tss(v, sel, reason, ext, &d);
	if (!r)
		r = probe(v, &d, image);
	if (r)
		return r;
	wide = tss_is_32(&d.seg);
	if (wide)
		parse32(image, &t);
	else
		parse16(image, &t);

	if (reason == CPU_TASK_IRET)
		flags &= ~VMBT_X86_EFLAGS_NT;
	if (!nested)
		r = clear_busy(v);
	if (!r)
		r = save_old(v, next_eip, flags);
	if (!r && nested) {
		put16(link, old);
		r = mmu_write(v, d.seg.base + T32_LINK, link, 2, 0);
	}
	if (!r && reason != CPU_TASK_IRET)
		r = cpu_desc_set_busy(v, &d, true);
	if (r)
		return r;
	if (nested)
		t.eflags |= VMBT_X86_EFLAGS_NT;

	g->tr = d.seg;
	g->tr.sel = d.sel;
	g->tr.attr |= SYS_BUSY;
	r = enter_task(v, &t, wide);
	if (r)
		return r;
	if (has_error) {
		cpu_stack_now(v, &st);
		r = cpu_stack_push(v, &st, error, wide ? 4 : 2);
		if (r)
			return r;
		g->gpr[VMBT_ESP] = st.esp;
	}
	if (t.trap) {
		g->dr[6] |= DR6_BT;
		return vcpu_fault(v, VMBT_VEC_DB);
	}
	return X_OK;
}

/**
 * cpu_task_switch() - switch tasks, EIP already that of the next instruction
 * @v: the vCPU
 * @sel: TSS selector; unused for CPU_TASK_IRET
 * @reason: CPU_TASK_*
 * @has_error: push @error on the new task's stack
 * @error: error code
 * Return: X_OK, X_FAULT, X_UNSUPPORTED
 */
int cpu_task_switch(struct vcpu *v, u16 sel, int reason, bool has_error,
		    u32 error)
{
	return cpu_task_switch_from(v, sel, reason, v->guest->eip, 0,
				    has_error, error);
}
