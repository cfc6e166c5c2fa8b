// SPDX-License-Identifier: GPL-2.0
/*
 * Interpreter: x87, MMX and SSE, by the CPU itself.
 *
 * Their registers are live in the CPU, so the instruction is executed, not
 * modelled: re-encoded for 64-bit mode with its memory operand moved to a
 * bounce buffer at [R8]. Checks and memory access are done here, so that the
 * CPU has nothing left to fault for: the VMM could not take it. What only moves
 * state the VMM does itself; the rest, which may raise exceptions of its own, is
 * done at the guest's privilege, on the same buffer.
 *
 * What is stored of the last instruction's address is made presentable where
 * mon->x87_ours says that it may be that of translated code, or of the VMM, which no
 * guest may see. The guest then reads zeros, as after FNINIT.
 */
#include "interp_int.h"
#include "../plat.h"
#include "../../include/layout.h"
#include "../../include/monitor.h"

/* FXSAVE images (SDM vol. 1, table 10-2). Modes without REX end at XMM7. */
#define FX_SIZE		512
#define FX_FOP		6
#define FX_FIP		8
#define FX_FCS		12
#define FX_FDS		20
#define FX_MXCSR	24
#define FX_MXCSR_MASK	28
#define FX_LEGACY	288
#define FX_XMM8_15	128
/* Where the CPU reports none (SDM vol. 1, 11.6.6). */
#define MXCSR_MASK_DEFAULT	0xffbf

/* The largest operand: an FXSAVE image. */
static u8 bounce[FX_SIZE] __aligned(64);
static u8 scratch[FX_SIZE] __aligned(64);

static u32 get16(u32 off)
{
	return bounce[off] | bounce[off + 1] << 8;
}

static u32 get32(const u8 *p)
{
	u32 val;

	__builtin_memcpy(&val, p, 4);
	return val;
}

static void zero(u32 off, u32 len)
{
	__builtin_memset(bounce + off, 0, len);
}

/* One instruction without general registers or flags. */
static bool run(const u8 *code, u32 len, void *mem)
{
	u32 gpr[8] = { 0 }, fl = 0;

	return plat_run_insn(code, len, gpr, &fl, mem);
}

/* What there is only where the operating system says that it saves it? */
static bool names_sse(const struct vmbt_insn *in)
{
	for (u32 i = 0; i < in->nr_opds; i++)
		if (in->opd[i].kind == VMBT_OPD_XMM)
			return true;
	return in->op == VMBT_OP_LDMXCSR || in->op == VMBT_OP_STMXCSR;
}

/*
 * An operand of 16 bytes that has to be aligned: all but those of MOVUPS,
 * MOVUPD, MOVDQU, LDDQU, MASKMOVDQU and PCMPxSTRx (SDM vol. 1, 11.6.8 and vol. 2, 2.4).
 */
static bool wants_alignment(const struct vmbt_insn *in)
{
	if (!(in->flags & VMBT_IF_SIMD) || in->mem.size != 16)
		return false;
	if (in->map == VMBT_MAP_0F3A)
		return in->opcode < 0x60 || in->opcode > 0x63;
	if (in->map != VMBT_MAP_0F)
		return true;
	switch (in->opcode) {
	case 0x10:
	case 0x11:
	case 0xf0:
	case 0xf7:
		return false;
	case 0x6f:
	case 0x7f:
		return in->mandatory != VMBT_MP_F3;
	}
	return true;
}

/* No-wait forms leave a pending exception alone (SDM vol. 1, 8.6). */
static bool waits(const struct vmbt_insn *in)
{
	if (in->flags & VMBT_IF_SIMD)
		return vmbt_names_mmx(in);
	switch (in->op) {
	case VMBT_OP_FNSTENV:
	case VMBT_OP_FNSAVE:
	case VMBT_OP_FXSAVE:
	case VMBT_OP_FXRSTOR:
	case VMBT_OP_FNSTSW_AX:
		return false;
	case VMBT_OP_X87:
		break;
	default:
		return true;
	}
	/* FNSTCW, FNSTSW; FNINIT, FNCLEX and what was next to them once */
	if (in->flags & VMBT_IF_MEM)
		return in->reg != 7 ||
		       (in->opcode != 0xd9 && in->opcode != 0xdd);
	return in->opcode != 0xdb || in->modrm < 0xe0 || in->modrm > 0xe4;
}

static int fpu_allowed(struct ictx *c)
{
	static const u8 fnstsw_ax[] = { 0xdf, 0xe0 };
	u32 cr0 = c->g->cr0, gpr[8] = { 0 }, fl = 0;
	bool off = cr0 & VMBT_CR0_TS;

	if (c->in.op == VMBT_OP_FWAIT) {
		off = off && (cr0 & VMBT_CR0_MP);
	} else if (c->in.flags & VMBT_IF_SIMD) {
		if (cr0 & VMBT_CR0_EM)
			return iud(c);
		if (names_sse(&c->in) && !(c->g->cr4 & VMBT_CR4_OSFXSR))
			return iud(c);
	} else if (cr0 & VMBT_CR0_EM) {
		off = true;
	}
	if (off)
		return vcpu_fault(c->v, VMBT_VEC_NM);
	/* FSW.ES: the VMM must not be the one to meet it. */
	if (waits(&c->in) &&
	    plat_run_insn(fnstsw_ax, sizeof(fnstsw_ax), gpr, &fl, scratch) &&
	    (gpr[VMBT_EAX] & 0x80))
		return vcpu_fault(c->v, VMBT_VEC_MF);
	return X_OK;
}

/* Bytes of the memory operand; the state images have no size in the opcode. */
static u32 operand_size(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_FXSAVE:
	case VMBT_OP_FXRSTOR:
		return FX_SIZE;
	case VMBT_OP_FNSTENV:
	case VMBT_OP_FLDENV:
		return in->opsize == 2 ? 14 : 28;
	case VMBT_OP_FNSAVE:
	case VMBT_OP_FRSTOR:
		return in->opsize == 2 ? 94 : 108;
	default:
		return in->mem.size;
	}
}

/* MASKMOV's operand is not in its encoding. */
static bool moved(const struct vmbt_insn *in)
{
	return (in->flags & VMBT_IF_MEM) && in->op != VMBT_OP_MASKMOV;
}

static u32 encode(const struct vmbt_insn *in, u8 *out)
{
	bool state = in->op == VMBT_OP_FNSTENV || in->op == VMBT_OP_FLDENV ||
		     in->op == VMBT_OP_FNSAVE || in->op == VMBT_OP_FRSTOR;
	u32 n = 0, i;

	if (in->mandatory == VMBT_MP_66 || (state && in->opsize == 2))
		out[n++] = 0x66;
	else if (in->mandatory == VMBT_MP_F3)
		out[n++] = 0xf3;
	else if (in->mandatory == VMBT_MP_F2)
		out[n++] = 0xf2;
	if (moved(in))
		out[n++] = 0x41;	/* REX.B: base is R8 */
	for (i = in->esc_off; i <= in->opcode_off; i++)
		out[n++] = in->bytes[i];
	if (in->flags & VMBT_IF_MODRM)
		out[n++] = moved(in) ? in->reg << 3 : in->modrm;
	for (i = 0; i < in->imm_size; i++)
		out[n++] = in->bytes[in->imm_off + i];
	return n;
}

/* The bits of MXCSR that this CPU lets be set. */
static u32 mxcsr_mask(void)
{
	static const u8 fxsave[] = { 0x41, 0x0f, 0xae, 0x00 };
	u32 mask = 0;

	if (run(fxsave, sizeof(fxsave), scratch))
		mask = get32(scratch + FX_MXCSR_MASK);
	return mask ? mask : MXCSR_MASK_DEFAULT;
}

/*
 * Images of the environment have the last pointers in another form in real
 * and v86 mode. It is not converted: they are neither stored nor loaded there.
 */
static void drop_pointers(struct ictx *c)
{
	if (c->in.opsize == 2)
		zero(6, 8);
	else
		zero(12, 16);
}

/* What is about to be loaded from the bounce buffer. */
static int check_load(struct ictx *c)
{
	u32 mxcsr;

	switch (c->in.op) {
	case VMBT_OP_FXRSTOR:
		mxcsr = get32(bounce + FX_MXCSR);
		zero(FX_LEGACY, FX_XMM8_15);
		break;
	case VMBT_OP_LDMXCSR:
		mxcsr = get32(bounce);
		break;
	case VMBT_OP_FLDENV:
	case VMBT_OP_FRSTOR:
		if (!vcpu_protected(c->v))
			drop_pointers(c);
		return X_OK;
	default:
		return X_OK;
	}
	return mxcsr & ~mxcsr_mask() ? igp0(c) : X_OK;
}

/*
 * An address in translated code has one of its selectors. CPUs that do not
 * keep selectors store zero: the translation cache's range has to tell then.
 */
static bool in_tc(u32 fcs, u32 fip, bool fip16)
{
	if (fcs)
		return fcs >= VMBT_SEL_FIRST;
	return fip16 || (fip >= VMBT_MON_RT && fip < VMBT_MON_SIZE);
}

/* What has been stored, before the guest gets it. */
static void hide_pointers(struct ictx *c)
{
	bool env = c->in.op == VMBT_OP_FNSTENV || c->in.op == VMBT_OP_FNSAVE;

	if (env && !vcpu_protected(c->v)) {
		drop_pointers(c);
		return;
	}
	if (!READ_ONCE(c->v->mon->x87_ours))
		return;
	switch (c->in.op) {
	case VMBT_OP_FXSAVE:
		if (in_tc(get16(FX_FCS), get32(bounce + FX_FIP), false)) {
			zero(FX_FIP, 6);
			zero(FX_FOP, 2);
		}
		if (get16(FX_FDS) >= VMBT_SEL_FIRST)
			zero(FX_FDS, 2);
		break;
	case VMBT_OP_FNSTENV:
	case VMBT_OP_FNSAVE:
		if (c->in.opsize == 2) {
			if (in_tc(get16(8), get16(6), true))
				zero(6, 4);
			if (get16(12) >= VMBT_SEL_FIRST)
				zero(12, 2);
		} else {
			if (in_tc(get16(16), get32(bounce + 12), false))
				zero(12, 8);
			if (get16(24) >= VMBT_SEL_FIRST)
				zero(24, 2);
		}
		break;
	default:
		break;
	}
}

/* The store failed: FNSTENV and FNSAVE have changed what they stored. */
static void take_back(const struct vmbt_insn *in, u8 *code, u32 len)
{
	if (in->op != VMBT_OP_FNSTENV && in->op != VMBT_OP_FNSAVE)
		return;
	code[len - 1] = 4 << 3;		/* FLDENV, FRSTOR */
	run(code, len, bounce);
}

int iexec_fpu(struct ictx *c)
{
	const struct vmbt_insn *in = &c->in;
	u32 size = 0, lin = 0, len, fl = c->g->eflags & VMBT_EFLAGS_ARITH;
	enum vmbt_x87_last last = vmbt_x87_last(in);
	bool store = in->flags & VMBT_IF_MEM_WRITE;
	u8 code[16];
	int r;

	if (!(in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)))
		return X_NOT_MINE;
	/* CR4.OSXSAVE is never set. Vector instructions only: BMI's have no flag. */
	if (in->map >= VMBT_MAP_VEX_0F ||
	    (in->op >= VMBT_OP_XSAVE && in->op <= VMBT_OP_XRSTORS))
		return iud(c);
	r = fpu_allowed(c);
	if (r || in->op == VMBT_OP_FWAIT)
		return r;
	if (in->flags & VMBT_IF_MEM) {
		size = operand_size(in);
		if (!size || size > sizeof(bounce))
			return X_NOT_MINE;
		r = imem_linear(c, size, store ? MMU_WRITE : MMU_READ, &lin);
		if (!r && (lin & 15) && (size == FX_SIZE || wants_alignment(in)))
			r = igp0(c);
		if (!r && store)
			r = mmu_probe_write(c->v, lin, size, imem_user(c));
		if (!r)
			r = mmu_read(c->v, lin, bounce, size, imem_user(c));
		if (!r && !store)
			r = check_load(c);
		if (r)
			return r;
	}
	if (last == VMBT_X87_ITS_OWN)
		c->v->mon->x87_ours = 1;
	len = encode(in, code);
	if (in->op == VMBT_OP_MASKMOV || !plat_run_insn(code, len, c->g->gpr, &fl, bounce)) {
		r = plat_guest_insn(c->v, code, len, c->g->gpr, &fl, bounce);
		if (r)
			return r == X_UNSUPPORTED ? X_NOT_MINE : r;
	}
	if (store) {
		hide_pointers(c);
		r = mmu_write(c->v, lin, bounce,
			      size == FX_SIZE ? FX_LEGACY : size, imem_user(c));
		if (r) {
			take_back(in, code, len);
			return r;
		}
	}
	if (last == VMBT_X87_LOADED)
		c->v->mon->x87_ours = 0;
	c->g->eflags = (c->g->eflags & ~VMBT_EFLAGS_ARITH) | fl;
	return X_OK;
}
