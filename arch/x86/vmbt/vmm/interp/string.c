// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: string instructions and port I/O.
 *
 * A repeated instruction does a bounded number of iterations per step, and
 * each iteration commits on its own, as on the CPU: a fault in the middle
 * leaves the registers as of the iteration that faulted.
 */
#include "alu.h"
#include "interp_int.h"
#include "../plat.h"

/* Iterations of a REP per step, if they take no time; traced ones do. */
#define REP_BUDGET	1024
/* A run of items at once, how many iterations it counts as, and from when. */
#define RUN_COST	64
#define RUN_MIN		8

static u32 step_of(const struct ictx *c)
{
	u32 size = c->in.opsize;

	return c->g->eflags & VMBT_X86_EFLAGS_DF ? 0 - size : size;
}

static void advance(struct ictx *c, u8 reg, u32 by)
{
	ireg_set(c, reg, c->in.asize, c->g->gpr[reg] + by);
}

static u32 offset_of(const struct ictx *c, u8 reg)
{
	return ireg_get(c, reg, c->in.asize);
}

static int src_read(struct ictx *c, u32 *val)
{
	*val = 0;
	return cpu_mem_read(c->v, (enum vmbt_sreg)c->in.mem.seg,
			    offset_of(c, VMBT_ESI), val, c->in.opsize);
}

static int dst_read(struct ictx *c, u32 *val)
{
	*val = 0;
	return cpu_mem_read(c->v, VMBT_ES, offset_of(c, VMBT_EDI), val,
			    c->in.opsize);
}

static int dst_write(struct ictx *c, u32 val)
{
	return cpu_mem_write(c->v, VMBT_ES, offset_of(c, VMBT_EDI), &val,
			     c->in.opsize);
}

static void compare(struct ictx *c, u32 a, u32 b)
{
	u32 fl = c->g->eflags & VMBT_EFLAGS_ARITH;

	alu_binary(VMBT_OP_CMP, a, b, c->in.opsize, &fl);
	c->g->eflags = (c->g->eflags & ~VMBT_EFLAGS_ARITH) | fl;
}

/* May a trap be due after any instruction? */
static bool stepping(const struct ictx *c)
{
	return (c->g->eflags & VMBT_X86_EFLAGS_TF) ||
	       (c->g->dr[7] & VMBT_DR7_ENABLED);
}

/* How many items, up to @want, lie in one page and upwards from here. */
static u32 page_batch(struct ictx *c, u8 reg, u32 want)
{
	u32 size = c->in.opsize, off = offset_of(c, reg);
	u32 lin = c->g->seg[reg == VMBT_EDI ? VMBT_ES : c->in.mem.seg].base +
		  off;
	u32 room = (0x1000 - (lin & 0xfff)) / size;

	if ((c->g->eflags & VMBT_X86_EFLAGS_DF) || stepping(c))
		return 1;
	if (c->in.asize == 2 && room > (0x10000 - off) / size)
		room = (0x10000 - off) / size;
	if (!room)
		room = 1;
	return want < room ? want : room;
}

/*
 * A port transfer does so many at once: memory is checked once and user space
 * is asked once.
 */
static u32 port_batch(struct ictx *c, u8 reg, u32 want)
{
	u32 n = page_batch(c, reg, want);

	return n < VMBT_IO_DATA / c->in.opsize ? n : VMBT_IO_DATA / c->in.opsize;
}

/* Are @len bytes RAM that the instruction may access? One page, see above. */
static bool ram_run(struct ictx *c, enum vmbt_sreg s, u8 reg, u32 len,
		    u32 access, u32 *lin, u64 *gfn)
{
	struct plat_page page;
	struct mmu_xlat x;

	if (cpu_seg_linear(c->v, s, offset_of(c, reg), len, access, lin) ||
	    mmu_walk(c->v, *lin, access | imem_user(c), &x))
		return false;
	*gfn = x.gpa >> 12;
	return plat_gfn_map(*gfn, access & MMU_WRITE, &page) == VMBT_PAGE_RAM;
}

/*
 * Part of a REP STOS or REP MOVS at once: kernels clear and copy whole pages
 * that were page tables or code. Nobody can tell as long as it is all RAM and
 * does not read what it has written. Return: items done, or 0.
 */
static u32 run(struct ictx *c, u32 want)
{
	u32 size = c->in.opsize, n = page_batch(c, VMBT_EDI, want), val, i, to, from;
	static u8 buf[4096];
	u64 gfn, src;

	if (c->in.op == VMBT_OP_MOVS)
		n = page_batch(c, VMBT_ESI, n);
	else if (c->in.op != VMBT_OP_STOS)
		return 0;
	if (n < RUN_MIN ||
	    !ram_run(c, VMBT_ES, VMBT_EDI, n * size, MMU_WRITE, &to, &gfn))
		return 0;
	if (c->in.op == VMBT_OP_MOVS) {
		if (!ram_run(c, (enum vmbt_sreg)c->in.mem.seg, VMBT_ESI, n * size,
			     MMU_READ, &from, &src) || gfn == src ||
		    mmu_read(c->v, from, buf, n * size, imem_user(c)))
			return 0;
	} else {
		val = c->g->gpr[VMBT_EAX];
		for (i = 0; i < n * size; i++)
			buf[i] = val >> (i % size * 8);
	}
	if (mmu_write(c->v, to, buf, n * size, imem_user(c)))
		return 0;
	if (c->in.op == VMBT_OP_MOVS)
		advance(c, VMBT_ESI, n * size);
	advance(c, VMBT_EDI, n * size);
	return n;
}

static int ins(struct ictx *c, u32 want, u32 *done)
{
	u16 port = c->g->gpr[VMBT_EDX];
	u32 size = c->in.opsize, n = port_batch(c, VMBT_EDI, want), lin;
	static u8 buf[VMBT_IO_DATA];
	int r;

	r = cpu_seg_linear(c->v, VMBT_ES, offset_of(c, VMBT_EDI), n * size,
			   MMU_WRITE, &lin);
	if (r && n > 1) {
		n = 1;
		r = cpu_seg_linear(c->v, VMBT_ES, offset_of(c, VMBT_EDI), size,
				   MMU_WRITE, &lin);
	}
	/* The device must not be read if the store would fault. */
	if (!r)
		r = mmu_probe_write(c->v, lin, n * size, imem_user(c));
	if (r)
		return r;
	plat_pio(port, VMBT_IO_IN, size, n, buf);
	r = mmu_write(c->v, lin, buf, n * size, imem_user(c));
	if (!r)
		advance(c, VMBT_EDI, n * step_of(c));
	*done = n;
	return r;
}

static int outs(struct ictx *c, u32 want, u32 *done)
{
	u16 port = c->g->gpr[VMBT_EDX];
	u32 size = c->in.opsize, n = port_batch(c, VMBT_ESI, want), lin;
	enum vmbt_sreg s = (enum vmbt_sreg)c->in.mem.seg;
	static u8 buf[VMBT_IO_DATA];
	int r;

	r = cpu_seg_linear(c->v, s, offset_of(c, VMBT_ESI), n * size, MMU_READ,
			   &lin);
	if (r && n > 1) {
		n = 1;
		r = cpu_seg_linear(c->v, s, offset_of(c, VMBT_ESI), size,
				   MMU_READ, &lin);
	}
	if (!r)
		r = mmu_read(c->v, lin, buf, n * size, imem_user(c));
	if (r)
		return r;
	plat_pio(port, VMBT_IO_OUT, size, n, buf);
	advance(c, VMBT_ESI, n * step_of(c));
	*done = n;
	return X_OK;
}

/* One iteration; *stop is set when a REPE or REPNE ends by ZF. */
static int iterate(struct ictx *c, bool *stop)
{
	u32 a, b;
	int r;

	switch (c->in.op) {
	case VMBT_OP_MOVS:
		r = src_read(c, &a);
		if (!r)
			r = dst_write(c, a);
		if (r)
			return r;
		advance(c, VMBT_ESI, step_of(c));
		advance(c, VMBT_EDI, step_of(c));
		return X_OK;
	case VMBT_OP_STOS:
		r = dst_write(c, ireg_get(c, VMBT_EAX, c->in.opsize));
		if (!r)
			advance(c, VMBT_EDI, step_of(c));
		return r;
	case VMBT_OP_LODS:
		r = src_read(c, &a);
		if (r)
			return r;
		ireg_set(c, VMBT_EAX, c->in.opsize, a);
		advance(c, VMBT_ESI, step_of(c));
		return X_OK;
	case VMBT_OP_SCAS:
		r = dst_read(c, &b);
		if (r)
			return r;
		compare(c, ireg_get(c, VMBT_EAX, c->in.opsize), b);
		advance(c, VMBT_EDI, step_of(c));
		break;
	default:
		r = src_read(c, &a);
		if (!r)
			r = dst_read(c, &b);
		if (r)
			return r;
		compare(c, a, b);
		advance(c, VMBT_ESI, step_of(c));
		advance(c, VMBT_EDI, step_of(c));
		break;
	}
	if (c->in.prefixes & (VMBT_PFX_REP | VMBT_PFX_REPNE))
		*stop = !!(c->g->eflags & VMBT_X86_EFLAGS_ZF) !=
			!!(c->in.prefixes & VMBT_PFX_REP);
	return X_OK;
}

static int exec_string(struct ictx *c)
{
	bool rep = c->in.flags & VMBT_IF_REP;
	bool port = c->in.op == VMBT_OP_INS || c->in.op == VMBT_OP_OUTS;
	bool stop = false;
	u32 budget = REP_BUDGET, n, done;
	int r;

	/* Traps come between two iterations. */
	if (stepping(c))
		budget = 1;

	if (port) {
		r = cpu_io_allowed(c->v, c->g->gpr[VMBT_EDX], c->in.opsize);
		if (r)
			return r;
	}
	if (!rep) {
		if (c->in.op == VMBT_OP_INS)
			return ins(c, 1, &done);
		if (c->in.op == VMBT_OP_OUTS)
			return outs(c, 1, &done);
		return iterate(c, &stop);
	}

	for (;;) {
		n = ireg_get(c, VMBT_ECX, c->in.asize);
		if (!n || stop)
			return X_OK;
		if (!budget--)
			break;
		done = budget >= RUN_COST ? run(c, n) : 0;
		if (done) {
			ireg_set(c, VMBT_ECX, c->in.asize, n - done);
			budget = plat_overdue() ? 0 : budget - RUN_COST;
			continue;
		}
		done = 1;
		if (c->in.op == VMBT_OP_INS)
			r = ins(c, n, &done);
		else if (c->in.op == VMBT_OP_OUTS)
			r = outs(c, n, &done);
		else
			r = iterate(c, &stop);
		if (r)
			return r;
		ireg_set(c, VMBT_ECX, c->in.asize, n - done);
		/* A batch may have taken long: let interrupts in. */
		if (done > 1 || plat_overdue())
			budget = 0;
	}
	c->next = c->g->eip;
	return X_OK;
}

static int exec_inout(struct ictx *c)
{
	bool imm = c->in.imm_size;
	u16 port = imm ? (u8)c->in.imm : (u16)c->g->gpr[VMBT_EDX];
	u32 val = 0;
	int r;

	r = cpu_io_allowed(c->v, port, c->in.opsize);
	if (r)
		return r;
	if (c->in.op == VMBT_OP_IN) {
		plat_pio(port, VMBT_IO_IN, c->in.opsize, 1, &val);
		ireg_set(c, VMBT_EAX, c->in.opsize, val);
	} else {
		val = ireg_get(c, VMBT_EAX, c->in.opsize);
		plat_pio(port, VMBT_IO_OUT, c->in.opsize, 1, &val);
	}
	return X_OK;
}

int iexec_string(struct ictx *c)
{
	switch (c->in.op) {
	case VMBT_OP_MOVS:
	case VMBT_OP_CMPS:
	case VMBT_OP_STOS:
	case VMBT_OP_LODS:
	case VMBT_OP_SCAS:
	case VMBT_OP_INS:
	case VMBT_OP_OUTS:
		return exec_string(c);
	case VMBT_OP_IN:
	case VMBT_OP_OUT:
		return exec_inout(c);
	default:
		return X_NOT_MINE;
	}
}
