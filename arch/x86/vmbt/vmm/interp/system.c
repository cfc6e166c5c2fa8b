// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: system instructions. The semantics are in cpu/; here they meet
 * their operands.
 */
#include "interp_int.h"
#include "../desc/desc.h"

static int exec_if(struct ictx *c)
{
	struct vmbt_guest *g = c->g;
	u32 iopl = (g->eflags & VMBT_X86_EFLAGS_IOPL) >> 12;

	if ((g->cr0 & VMBT_CR0_PE) && vcpu_cpl(c->v) > iopl)
		return igp0(c);
	if (c->in.op == VMBT_OP_CLI) {
		g->eflags &= ~VMBT_X86_EFLAGS_IF;
		return X_OK;
	}
	if (!(g->eflags & VMBT_X86_EFLAGS_IF))
		c->shadow = VMBT_SHADOW_STI;
	g->eflags |= VMBT_X86_EFLAGS_IF;
	return X_OK;
}

/*
 * SGDT, SIDT store 32 bits of base whatever the operand size: the 24-bit form
 * ended with the 286 (SDM vol. 2, SGDT). LGDT and LIDT still know it.
 */
static int exec_table(struct ictx *c)
{
	bool gdt = c->in.op == VMBT_OP_SGDT || c->in.op == VMBT_OP_LGDT;
	bool load = c->in.op == VMBT_OP_LGDT || c->in.op == VMBT_OP_LIDT;
	struct vmbt_dtable *t = gdt ? &c->g->gdtr : &c->g->idtr;
	u32 lin, base;
	u8 buf[6];
	int r;

	r = imem_linear(c, 6, load ? MMU_READ : MMU_WRITE, &lin);
	if (r)
		return r;
	if (!load) {
		buf[0] = t->limit;
		buf[1] = t->limit >> 8;
		for (int i = 0; i < 4; i++)
			buf[2 + i] = t->base >> (8 * i);
		return mmu_write(c->v, lin, buf, 6, imem_user(c));
	}
	r = mmu_read(c->v, lin, buf, 6, imem_user(c));
	if (r)
		return r;
	base = buf[2] | buf[3] << 8 | buf[4] << 16 | (u32)buf[5] << 24;
	t->base = c->in.opsize == 2 ? base & 0xffffff : base;
	t->limit = buf[0] | buf[1] << 8;
	if (gdt)
		desc_tables_changed(c->v);
	return X_OK;
}

/* SLDT, STR, SMSW: a word to memory, the operand size to a register. */
static int store_word(struct ictx *c, u32 val)
{
	struct vmbt_opd o = c->in.opd[0];

	o.size = o.kind == VMBT_OPD_MEM ? 2 : c->in.opsize;
	return iopd_write(c, &o, val);
}

static int exec_selector(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 sel, val;
	bool ok;
	int r;

	r = iopd_read(c, &in->opd[in->nr_opds - 1], &sel);
	if (r)
		return r;
	switch (in->op) {
	case VMBT_OP_LLDT:
		return cpu_load_ldtr(c->v, sel);
	case VMBT_OP_LTR:
		return cpu_load_tr(c->v, sel);
	case VMBT_OP_VERR:
	case VMBT_OP_VERW:
		ok = cpu_verify(c->v, sel, in->op == VMBT_OP_VERW);
		break;
	case VMBT_OP_LAR:
		ok = cpu_lar(c->v, sel, &val);
		break;
	default:
		ok = cpu_lsl(c->v, sel, &val);
		break;
	}
	if (ok && (in->op == VMBT_OP_LAR || in->op == VMBT_OP_LSL))
		ireg_set(c, in->opd[0].reg, in->opsize, val);
	if (ok)
		c->g->eflags |= VMBT_X86_EFLAGS_ZF;
	else
		c->g->eflags &= ~VMBT_X86_EFLAGS_ZF;
	return X_OK;
}

static int exec_arpl(struct ictx *c)
{
	u32 dst, src;
	int r;

	r = iopd_read(c, &c->in.opd[1], &src);
	if (!r)
		r = iopd_read_rmw(c, &c->in.opd[0], &dst);
	if (r)
		return r;
	if ((dst & 3) >= (src & 3)) {
		c->g->eflags &= ~VMBT_X86_EFLAGS_ZF;
		return X_OK;
	}
	r = iopd_write(c, &c->in.opd[0], (dst & ~3U) | (src & 3));
	if (!r)
		c->g->eflags |= VMBT_X86_EFLAGS_ZF;
	return r;
}

static int exec_cr(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 val;
	int r;

	switch (in->op) {
	case VMBT_OP_MOV_TO_CR:
		return cpu_write_cr(c->v, in->reg, ireg_get(c, in->rm, 4));
	case VMBT_OP_MOV_FROM_CR:
		r = cpu_read_cr(c->v, in->reg, &val);
		break;
	case VMBT_OP_MOV_TO_DR:
		return cpu_write_dr(c->v, in->reg, ireg_get(c, in->rm, 4));
	default:
		r = cpu_read_dr(c->v, in->reg, &val);
		break;
	}
	if (!r)
		ireg_set(c, in->rm, 4, val);
	return r;
}

static int exec_lmsw(struct ictx *c)
{
	u32 val;
	int r;

	r = iopd_read(c, &c->in.opd[0], &val);
	if (r)
		return r;
	/* LMSW sets PE but does not clear it (SDM vol. 2, LMSW). */
	val = (c->g->cr0 & ~0xeU) | (val & 0xf);
	return cpu_write_cr(c->v, 0, val);
}

static int exec_msr(struct ictx *c)
{
	u32 *g = c->g->gpr;
	u64 val;
	int r;

	if (c->in.op == VMBT_OP_WRMSR)
		return cpu_wrmsr(c->v, g[VMBT_ECX],
				 (u64)g[VMBT_EDX] << 32 | g[VMBT_EAX]);
	r = cpu_rdmsr(c->v, g[VMBT_ECX], &val);
	if (r)
		return r;
	g[VMBT_EAX] = val;
	g[VMBT_EDX] = val >> 32;
	return X_OK;
}

static int exec_tsc(struct ictx *c)
{
	u64 tsc;

	if ((c->g->cr4 & VMBT_CR4_TSD) && vcpu_cpl(c->v))
		return igp0(c);
	tsc = cpu_rdtsc(c->v);
	c->g->gpr[VMBT_EAX] = tsc;
	c->g->gpr[VMBT_EDX] = tsc >> 32;
	if (c->in.op == VMBT_OP_RDTSCP)
		c->g->gpr[VMBT_ECX] = c->g->tsc_aux;
	return X_OK;
}

int iexec_system(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 out[4];

	switch (in->op) {
	case VMBT_OP_CLI:
	case VMBT_OP_STI:
		return exec_if(c);
	case VMBT_OP_SGDT:
	case VMBT_OP_SIDT:
	case VMBT_OP_LGDT:
	case VMBT_OP_LIDT:
		return exec_table(c);
	case VMBT_OP_SLDT:
		return store_word(c, c->g->ldtr.sel);
	case VMBT_OP_STR:
		return store_word(c, c->g->tr.sel);
	case VMBT_OP_SMSW:
		return store_word(c, c->g->cr0);
	case VMBT_OP_LLDT:
	case VMBT_OP_LTR:
	case VMBT_OP_VERR:
	case VMBT_OP_VERW:
	case VMBT_OP_LAR:
	case VMBT_OP_LSL:
		return exec_selector(c);
	case VMBT_OP_ARPL:
		return exec_arpl(c);
	case VMBT_OP_LMSW:
		return exec_lmsw(c);
	case VMBT_OP_CLTS:
		return cpu_write_cr(c->v, 0, c->g->cr0 & ~VMBT_CR0_TS);
	case VMBT_OP_INVLPG:
		return cpu_invlpg(c->v, c->g->seg[in->mem.seg].base +
				  vmbt_insn_ea(in, c->g->gpr));
	case VMBT_OP_MOV_TO_CR:
	case VMBT_OP_MOV_FROM_CR:
	case VMBT_OP_MOV_TO_DR:
	case VMBT_OP_MOV_FROM_DR:
		return exec_cr(c);
	case VMBT_OP_RDMSR:
	case VMBT_OP_WRMSR:
		return exec_msr(c);
	case VMBT_OP_RDTSC:
	case VMBT_OP_RDTSCP:
		return exec_tsc(c);
	case VMBT_OP_RDPMC:
		/* No performance counters are offered: no valid index. */
		return igp0(c);
	case VMBT_OP_CPUID:
		cpu_cpuid(c->v, c->g->gpr[VMBT_EAX], c->g->gpr[VMBT_ECX], out);
		c->g->gpr[VMBT_EAX] = out[0];
		c->g->gpr[VMBT_EBX] = out[1];
		c->g->gpr[VMBT_ECX] = out[2];
		c->g->gpr[VMBT_EDX] = out[3];
		return X_OK;
	case VMBT_OP_HLT:
		return X_HLT;
	case VMBT_OP_XGETBV:
	case VMBT_OP_XSETBV:
	case VMBT_OP_RDPID:
	case VMBT_OP_CLAC:
	case VMBT_OP_STAC:
		/* CR4.OSXSAVE and CR4.SMAP are never set, RDPID not offered. */
		return iud(c);
	case VMBT_OP_NOP:
	case VMBT_OP_PAUSE:
	case VMBT_OP_HINT_NOP:
	case VMBT_OP_ENDBR:
	case VMBT_OP_PREFETCH:
	case VMBT_OP_CLFLUSH:
	case VMBT_OP_CLFLUSHOPT:
	case VMBT_OP_CLWB:
	case VMBT_OP_LFENCE:
	case VMBT_OP_MFENCE:
	case VMBT_OP_SFENCE:
	case VMBT_OP_INVD:
	case VMBT_OP_WBINVD:
		return X_OK;
	default:
		return X_NOT_MINE;
	}
}
