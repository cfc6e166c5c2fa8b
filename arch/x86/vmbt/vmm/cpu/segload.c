// SPDX-License-Identifier: GPL-2.0
/*
 * Segment registers, LDTR and TR: loads with every check, and the instructions
 * that only ask (LAR, LSL, VERR, VERW).
 *
 * The order of the checks and the error codes are those of the manual's
 * operation sections (SDM vol. 2, MOV, LLDT, LTR, LAR, LSL, VERR). Each
 * descriptor is read once; the accessed and busy bits are written to the
 * guest's table as the CPU would, and the write tells the shadow tables.
 */
#include "cpu_int.h"

/**
 * cpu_desc_read() - read the guest's descriptor for a selector
 * @v: the vCPU
 * @sel: selector, not null
 * @vector: what to raise where the table has no such entry
 * @ext: ERR_EXT for its error code, or 0
 * @d: filled in
 * Return: X_OK, or X_FAULT: @vector(sel), or #PF on the table
 */
int cpu_desc_read(struct vcpu *v, u16 sel, u8 vector, u32 ext,
		  struct cpu_desc *d)
{
	const struct vmbt_guest *g = v->guest;
	u32 off = sel & 0xfff8, base = g->gdtr.base, limit = g->gdtr.limit;
	bool there = true;
	int r;

	if (sel & SEL_TI) {
		there = g->ldtr.attr & VMBT_ATTR_P;
		base = g->ldtr.base;
		limit = g->ldtr.limit;
	}
	if (!there || off + 7 > limit)
		return fault_sel(v, vector, sel, ext);
	*d = (struct cpu_desc){ .sel = sel, .lin = base + off };
	r = mmu_read(v, d->lin, &d->raw, 8, 0);
	if (!r)
		desc_unpack(d->raw, &d->seg);
	return r;
}

/**
 * cpu_desc_accessed() - set the accessed bit in the guest's table
 * @v: the vCPU
 * @d: descriptor of a segment
 * Return: X_OK, or X_FAULT (#PF)
 */
int cpu_desc_accessed(struct vcpu *v, struct cpu_desc *d)
{
	u8 byte = d->raw >> 40 | VMBT_ATTR_ACCESSED;

	if (d->seg.attr & VMBT_ATTR_ACCESSED)
		return X_OK;
	d->seg.attr |= VMBT_ATTR_ACCESSED;
	return mmu_write(v, d->lin + 5, &byte, 1, 0);
}

/**
 * cpu_desc_set_busy() - set or clear the busy bit in the guest's table
 * @v: the vCPU
 * @d: descriptor of a TSS
 * @busy: what to write
 * Return: X_OK, or X_FAULT (#PF)
 */
int cpu_desc_set_busy(struct vcpu *v, const struct cpu_desc *d, bool busy)
{
	u8 byte = d->raw >> 40;

	byte = busy ? byte | SYS_BUSY : byte & ~SYS_BUSY;
	return mmu_write(v, d->lin + 5, &byte, 1, 0);
}

/**
 * cpu_seg_real() - load a segment register in real or v86 mode
 * @v: the vCPU
 * @s: register
 * @sel: paragraph
 *
 * In real mode the limit and the D/B bit stay what they were: big real mode.
 */
void cpu_seg_real(struct vcpu *v, enum vmbt_sreg s, u16 sel)
{
	struct vmbt_seg *seg = &v->guest->seg[s];
	u16 keep = seg->attr & (VMBT_ATTR_DB | VMBT_ATTR_G);

	seg->sel = sel;
	seg->base = sel << 4;
	if (vcpu_v86(v)) {
		seg->limit = 0xffff;
		seg->attr = ATTR_V86;
	} else {
		if (!(seg->attr & VMBT_ATTR_P))
			seg->limit = 0xffff;
		seg->attr = keep | (s == VMBT_CS ? ATTR_REAL_CS : ATTR_REAL);
	}
	desc_seg_loaded(v, s);
}

/**
 * cpu_seg_store() - put a checked descriptor into a segment register
 * @v: the vCPU
 * @s: register
 * @d: its descriptor; NULL makes the register null
 * @sel: what the selector shall read
 */
void cpu_seg_store(struct vcpu *v, enum vmbt_sreg s,
		   const struct cpu_desc *d, u16 sel)
{
	struct vmbt_seg *seg = &v->guest->seg[s], was = *seg;

	if (d)
		*seg = d->seg;
	else
		*seg = (struct vmbt_seg){ 0 };
	seg->sel = sel;
	/* Kernels load at each entry what is there already. */
	if (seg->sel != was.sel || seg->base != was.base ||
	    seg->limit != was.limit || seg->attr != was.attr)
		desc_seg_loaded(v, s);
}

/**
 * cpu_null_data_segs() - what a return to an outer ring does to data segments
 * @v: the vCPU
 * @cpl: the outer ring
 */
void cpu_null_data_segs(struct vcpu *v, u8 cpl)
{
	static const enum vmbt_sreg data[] = {
		VMBT_ES, VMBT_DS, VMBT_FS, VMBT_GS,
	};

	for (u32 i = 0; i < ARRAY_SIZE(data); i++) {
		const struct vmbt_seg *seg = &v->guest->seg[data[i]];

		if ((seg->attr & VMBT_ATTR_P) && !seg_is_conforming(seg) &&
		    seg_dpl(seg) < cpl)
			cpu_seg_store(v, data[i], NULL, 0);
	}
}

/**
 * cpu_check_ring() - rings 1 and 2 are not there
 * @v: the vCPU
 * @cpl: ring that would be entered
 * Return: X_OK or X_UNSUPPORTED
 */
int cpu_check_ring(struct vcpu *v, u8 cpl)
{
	if (cpl == 1 || cpl == 2)
		return vcpu_unsupported(v, "the guest enters ring %u", cpl);
	return X_OK;
}

/**
 * cpu_check_ss() - may this be the stack segment at ring @cpl?
 * @v: the vCPU
 * @sel: selector, not null
 * @cpl: ring
 * @vector: #GP for loads and returns, #TS for stacks out of a TSS
 * @ext: ERR_EXT or 0
 * @d: filled in, accessed bit set
 * Return: X_OK or X_FAULT
 */
int cpu_check_ss(struct vcpu *v, u16 sel, u8 cpl, u8 vector, u32 ext,
		 struct cpu_desc *d)
{
	int r;

	r = cpu_desc_read(v, sel, vector, ext, d);
	if (r)
		return r;
	if ((sel & SEL_RPL) != cpl || seg_dpl(&d->seg) != cpl ||
	    !seg_is_writable(&d->seg))
		return fault_sel(v, vector, sel, ext);
	if (!(d->seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_SS, sel, ext);
	return cpu_desc_accessed(v, d);
}

/**
 * cpu_load_seg() - MOV, POP, LDS and kin to a segment register, not CS
 * @v: the vCPU
 * @s: register
 * @sel: selector
 * Return: X_OK or X_FAULT
 */
int cpu_load_seg(struct vcpu *v, enum vmbt_sreg s, u16 sel)
{
	u8 cpl = vcpu_cpl(v), rpl = sel & SEL_RPL, dpl;
	struct cpu_desc d;
	int r;

	if (!vcpu_protected(v)) {
		cpu_seg_real(v, s, sel);
		return X_OK;
	}
	if (SEL_NULL(sel)) {
		if (s == VMBT_SS)
			return gp0(v);
		cpu_seg_store(v, s, NULL, sel);
		return X_OK;
	}
	if (s == VMBT_SS) {
		r = cpu_check_ss(v, sel, cpl, VMBT_VEC_GP, 0, &d);
		if (!r)
			cpu_seg_store(v, s, &d, sel);
		return r;
	}
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, &d);
	if (r)
		return r;
	dpl = seg_dpl(&d.seg);
	if (!(d.seg.attr & VMBT_ATTR_S) ||
	    (seg_is_code(&d.seg) && !(d.seg.attr & VMBT_ATTR_W)))
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	if (!seg_is_conforming(&d.seg) && (rpl > dpl || cpl > dpl))
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	if (!(d.seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, 0);
	r = cpu_desc_accessed(v, &d);
	if (!r)
		cpu_seg_store(v, s, &d, sel);
	return r;
}

static int system_load_allowed(struct vcpu *v)
{
	if (!vcpu_protected(v))
		return vcpu_fault(v, VMBT_VEC_UD);
	return vcpu_cpl(v) ? gp0(v) : X_OK;
}

/**
 * cpu_load_ldtr() - LLDT
 * @v: the vCPU
 * @sel: selector
 * Return: X_OK or X_FAULT
 */
int cpu_load_ldtr(struct vcpu *v, u16 sel)
{
	struct cpu_desc d;
	int r;

	r = system_load_allowed(v);
	if (r)
		return r;
	if (SEL_NULL(sel)) {
		v->guest->ldtr = (struct vmbt_seg){ .sel = sel };
		desc_tables_changed(v);
		return X_OK;
	}
	if (sel & SEL_TI)
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, &d);
	if (r)
		return r;
	if (!seg_is_system(&d.seg, SYS_LDT))
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	if (!(d.seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, 0);
	v->guest->ldtr = d.seg;
	v->guest->ldtr.sel = sel;
	desc_tables_changed(v);
	return X_OK;
}

/**
 * cpu_load_tr() - LTR
 * @v: the vCPU
 * @sel: selector
 * Return: X_OK or X_FAULT
 */
int cpu_load_tr(struct vcpu *v, u16 sel)
{
	struct cpu_desc d;
	int r;

	r = system_load_allowed(v);
	if (r)
		return r;
	if (SEL_NULL(sel))
		return gp0(v);
	if (sel & SEL_TI)
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	r = cpu_desc_read(v, sel, VMBT_VEC_GP, 0, &d);
	if (r)
		return r;
	if (!seg_is_system(&d.seg, SYS_TSS16) &&
	    !seg_is_system(&d.seg, SYS_TSS32))
		return fault_sel(v, VMBT_VEC_GP, sel, 0);
	if (!(d.seg.attr & VMBT_ATTR_P))
		return fault_sel(v, VMBT_VEC_NP, sel, 0);
	r = cpu_desc_set_busy(v, &d, true);
	if (r)
		return r;
	v->guest->tr = d.seg;
	v->guest->tr.sel = sel;
	v->guest->tr.attr |= SYS_BUSY;
	return X_OK;
}

/*
 * The common part of the four that ask. A page fault on the guest's table reads
 * as "not accessible": these have no way to report one, and no system pages
 * its descriptor tables out.
 */
static bool ask(struct vcpu *v, u16 sel, struct cpu_desc *d)
{
	struct vcpu_exc exc = v->exc;
	bool ok;

	ok = !SEL_NULL(sel) &&
	     cpu_desc_read(v, sel, VMBT_VEC_GP, 0, d) == X_OK;
	v->exc = exc;
	if (!ok)
		return false;
	if (seg_is_conforming(&d->seg))
		return true;
	return seg_dpl(&d->seg) >= vcpu_cpl(v) &&
	       seg_dpl(&d->seg) >= (sel & SEL_RPL);
}

static bool is_tss(const struct vmbt_seg *seg)
{
	return !(seg->attr & VMBT_ATTR_S) &&
	       (seg_type(seg) & ~(SYS_BUSY | 8)) == SYS_TSS16;
}

/**
 * cpu_lar() - access rights of a selector
 * @v: the vCPU
 * @sel: selector
 * @out: the descriptor's upper half, masked; the caller cuts it to 16 bits
 * Return: true if the selector is valid and visible
 */
bool cpu_lar(struct vcpu *v, u16 sel, u32 *out)
{
	struct cpu_desc d;

	if (!ask(v, sel, &d))
		return false;
	if (!(d.seg.attr & VMBT_ATTR_S) && !is_tss(&d.seg) &&
	    seg_type(&d.seg) != SYS_LDT && seg_type(&d.seg) != SYS_CALL16 &&
	    seg_type(&d.seg) != SYS_CALL32 &&
	    seg_type(&d.seg) != SYS_TASK_GATE)
		return false;
	*out = d.raw >> 32 & 0x00f0ff00;
	return true;
}

/**
 * cpu_lsl() - limit of a selector's segment, in bytes
 * @v: the vCPU
 * @sel: selector
 * @out: limit
 * Return: true if the selector is valid and visible
 */
bool cpu_lsl(struct vcpu *v, u16 sel, u32 *out)
{
	struct cpu_desc d;

	if (!ask(v, sel, &d))
		return false;
	if (!(d.seg.attr & VMBT_ATTR_S) && !is_tss(&d.seg) &&
	    seg_type(&d.seg) != SYS_LDT)
		return false;
	*out = d.seg.limit;
	return true;
}

/**
 * cpu_verify() - VERR and VERW
 * @v: the vCPU
 * @sel: selector
 * @write: VERW
 * Return: true if the segment could be read or written
 */
bool cpu_verify(struct vcpu *v, u16 sel, bool write)
{
	struct cpu_desc d;

	if (!ask(v, sel, &d) || !(d.seg.attr & VMBT_ATTR_S))
		return false;
	if (write)
		return seg_is_writable(&d.seg);
	return !seg_is_code(&d.seg) || (d.seg.attr & VMBT_ATTR_W);
}
