// SPDX-License-Identifier: GPL-2.0
/*
 * Memory as an instruction sees it: through a segment, then by linear address.
 *
 * The checks are those of SDM vol. 3, 5.3 to 5.5: null or unusable segment,
 * type, limit (expand-up, expand-down, and the operand's last byte). A fault is
 * #SS(0) for the stack segment and #GP(0) for all others. Real and v86 mode
 * check limits only.
 *
 * What no manual settles: an operand that straddles 4 GiB in a segment whose
 * limit is 4 GiB wraps, as on the P6 family and its successors.
 */
#include "cpu_int.h"

/**
 * cpu_seg_check() - are all bytes within the limit?
 * @seg: segment
 * @off: offset of the first byte
 * @len: number of bytes, at least 1
 * Return: true if so
 */
bool cpu_seg_check(const struct vmbt_seg *seg, u32 off, u32 len)
{
	u32 last = off + len - 1, top;

	if ((seg->attr & (VMBT_ATTR_CODE | VMBT_ATTR_E)) != VMBT_ATTR_E) {
		if (seg->limit == 0xffffffff)
			return true;
		return last >= off && last <= seg->limit;
	}
	top = seg->attr & VMBT_ATTR_DB ? 0xffffffff : 0xffff;
	return last >= off && off > seg->limit && last <= top;
}

static bool type_allows(const struct vmbt_seg *seg, bool write)
{
	if (seg->attr & VMBT_ATTR_CODE)
		return !write && (seg->attr & VMBT_ATTR_W);
	return !write || (seg->attr & VMBT_ATTR_W);
}

/**
 * cpu_seg_linear() - check a segmented access and make it linear
 * @v: the vCPU
 * @s: segment register
 * @off: offset
 * @len: bytes
 * @access: MMU_READ or MMU_WRITE
 * @lin: result
 * Return: X_OK, or X_FAULT with #GP(0) or #SS(0)
 */
int cpu_seg_linear(struct vcpu *v, enum vmbt_sreg s, u32 off, u32 len,
		   u32 access, u32 *lin)
{
	const struct vmbt_seg *seg = &v->guest->seg[s];

	if (unlikely(!(seg->attr & VMBT_ATTR_P) ||
		     !cpu_seg_check(seg, off, len) ||
		     (vcpu_protected(v) &&
		      !type_allows(seg, access & MMU_WRITE))))
		return vcpu_fault_err(v, s == VMBT_SS ? VMBT_VEC_SS :
				      VMBT_VEC_GP, 0);
	desc_note_access(v, s, off);
	*lin = seg->base + off;
	return X_OK;
}

/* #AC of user accesses that are not aligned to their size (SDM vol. 3, 6.15). */
static int check_align(struct vcpu *v, u32 lin, u32 len)
{
	if (likely(!(v->guest->eflags & VMBT_X86_EFLAGS_AC)) ||
	    !(v->guest->cr0 & VMBT_CR0_AM) || vcpu_cpl(v) != 3)
		return X_OK;
	if ((len == 2 || len == 4 || len == 8) && (lin & (len - 1)))
		return vcpu_fault_err(v, VMBT_VEC_AC, 0);
	return X_OK;
}

static u32 user_access(const struct vcpu *v)
{
	return vcpu_cpl(v) == 3 ? MMU_USER : 0;
}

/**
 * cpu_mem_read() - read an operand
 * @v: the vCPU
 * @s: segment register
 * @off: offset
 * @buf: where it goes
 * @len: bytes
 * Return: X_OK or X_FAULT
 */
int cpu_mem_read(struct vcpu *v, enum vmbt_sreg s, u32 off, void *buf, u32 len)
{
	u32 lin;
	int r;

	r = cpu_seg_linear(v, s, off, len, MMU_READ, &lin);
	if (!r)
		r = check_align(v, lin, len);
	return r ? r : mmu_read(v, lin, buf, len, user_access(v));
}

/**
 * cpu_mem_write() - write an operand
 * @v: the vCPU
 * @s: segment register
 * @off: offset
 * @buf: what to write
 * @len: bytes
 * Return: X_OK or X_FAULT
 */
int cpu_mem_write(struct vcpu *v, enum vmbt_sreg s, u32 off, const void *buf,
		  u32 len)
{
	u32 lin;
	int r;

	r = cpu_seg_linear(v, s, off, len, MMU_WRITE, &lin);
	if (!r)
		r = check_align(v, lin, len);
	return r ? r : mmu_write(v, lin, buf, len, user_access(v));
}

static u32 stack_mask(const struct vmbt_seg *ss)
{
	return ss->attr & VMBT_ATTR_DB ? 0xffffffff : 0xffff;
}

static u32 stack_add(const struct vmbt_seg *ss, u32 esp, u32 n)
{
	u32 mask = stack_mask(ss);

	return (esp & ~mask) | ((esp + n) & mask);
}

/**
 * cpu_push() - push a word or dword on the guest's stack
 * @v: the vCPU
 * @val: value
 * @opsize: 2 or 4
 * Return: X_OK with ESP moved, or X_FAULT
 */
int cpu_push(struct vcpu *v, u32 val, u8 opsize)
{
	const struct vmbt_seg *ss = &v->guest->seg[VMBT_SS];
	u32 esp = stack_add(ss, v->guest->gpr[VMBT_ESP], -opsize);
	int r;

	r = cpu_mem_write(v, VMBT_SS, esp & stack_mask(ss), &val, opsize);
	if (!r)
		v->guest->gpr[VMBT_ESP] = esp;
	return r;
}

/**
 * cpu_pop() - pop a word or dword from the guest's stack
 * @v: the vCPU
 * @val: value, zero-extended
 * @opsize: 2 or 4
 * Return: X_OK with ESP moved, or X_FAULT
 */
int cpu_pop(struct vcpu *v, u32 *val, u8 opsize)
{
	const struct vmbt_seg *ss = &v->guest->seg[VMBT_SS];
	u32 esp = v->guest->gpr[VMBT_ESP], got = 0;
	int r;

	r = cpu_mem_read(v, VMBT_SS, esp & stack_mask(ss), &got, opsize);
	if (r)
		return r;
	*val = got;
	v->guest->gpr[VMBT_ESP] = stack_add(ss, esp, opsize);
	return X_OK;
}

/**
 * cpu_stack_now() - the present stack, to work on without committing
 * @v: the vCPU
 * @st: filled in
 */
void cpu_stack_now(struct vcpu *v, struct cpu_stack *st)
{
	st->ss = v->guest->seg[VMBT_SS];
	st->esp = v->guest->gpr[VMBT_ESP];
	st->access = user_access(v);
	st->error = 0;
}

/**
 * cpu_stack_push() - push on a stack that is not committed
 * @v: the vCPU
 * @st: the stack
 * @val: value
 * @size: 2 or 4
 * Return: X_OK with @st moved, or X_FAULT
 */
int cpu_stack_push(struct vcpu *v, struct cpu_stack *st, u32 val, u8 size)
{
	u32 esp = stack_add(&st->ss, st->esp, -size);
	u32 off = esp & stack_mask(&st->ss);
	int r;

	if (!(st->ss.attr & VMBT_ATTR_P) || !cpu_seg_check(&st->ss, off, size))
		return vcpu_fault_err(v, VMBT_VEC_SS, st->error);
	r = mmu_write(v, st->ss.base + off, &val, size, st->access);
	if (!r)
		st->esp = esp;
	return r;
}

/**
 * cpu_stack_pop() - pop from a stack that is not committed
 * @v: the vCPU
 * @st: the stack
 * @val: value, zero-extended
 * @size: 2 or 4
 * Return: X_OK with @st moved, or X_FAULT
 */
int cpu_stack_pop(struct vcpu *v, struct cpu_stack *st, u32 *val, u8 size)
{
	u32 off = st->esp & stack_mask(&st->ss), got = 0;
	int r;

	if (!(st->ss.attr & VMBT_ATTR_P) || !cpu_seg_check(&st->ss, off, size))
		return vcpu_fault_err(v, VMBT_VEC_SS, st->error);
	r = mmu_read(v, st->ss.base + off, &got, size, st->access);
	if (r)
		return r;
	*val = got;
	st->esp = stack_add(&st->ss, st->esp, size);
	return X_OK;
}
