// SPDX-License-Identifier: GPL-2.0
/*
 * Did a program have to end in the same way on the CPU and translated?
 *
 * Programs run into their data and write over themselves, so any instruction
 * may come up; a few of them mean something else to a process at ring 3 (the
 * oracle) than to a guest. When two runs differ, the oracle's is repeated one
 * instruction at a time, and each one looked at before it is executed: only if
 * the path holds such an instruction may the outcomes differ.
 */
#include <string.h>

#include "case.h"
#include "../../../../../arch/x86/vmbt/include/layout.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"
#include "../../../../../arch/x86/vmbt/vmm/interp/interp.h"

static const struct program *prog;
static const char *found;
static u32 steps, max_steps;
static bool refused;	/* the decoder did, the CPU is about to be asked */
static bool pushed_flags;

/* The REP under way: what happens when it overwrites itself is up to the CPU. */
static struct {
	u32 lin;
	u8 len;
	u8 bytes[VMBT_INSN_MAX];
} rep;

static void rep_note(const struct vmbt_insn *in, u32 lin)
{
	rep.len = in->flags & VMBT_IF_REP ? in->len : 0;
	rep.lin = lin;
	memcpy(rep.bytes, in->bytes, in->len);
}

static bool rep_changed(void)
{
	bool changed = memcmp(rep.bytes, native_ram(rep.lin), rep.len);

	rep.len = 0;
	return changed;
}

/* The program's segment registers, as far as they matter here. */
static struct vmbt_seg code, stack;

static u32 linear(const struct vmbt_seg *s, u32 off)
{
	return s->base + off;
}

static bool in_window(u32 lin, u32 len)
{
	return lin - WIN <= WIN_SIZE - len;
}

/* Its result is another one the next time. */
static bool unsteady(u16 op)
{
	switch (op) {
	case VMBT_OP_RDTSC:
	case VMBT_OP_RDTSCP:
	case VMBT_OP_RDPMC:
	case VMBT_OP_RDRAND:
	case VMBT_OP_RDSEED:
		return true;
	}
	return false;
}

/* #UD for a guest, which is not offered them; the process may have them. */
static bool not_offered(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_XSAVE:
	case VMBT_OP_XSAVEC:
	case VMBT_OP_XSAVEOPT:
	case VMBT_OP_XSAVES:
	case VMBT_OP_XRSTOR:
	case VMBT_OP_XRSTORS:
	case VMBT_OP_XGETBV:
	case VMBT_OP_XSETBV:
		return true;
	}
	return in->map >= VMBT_MAP_VEX_0F;
}

/* Computed by hand in the interpreter, with flags that the manual leaves open. */
static bool flags_open(u16 op)
{
	switch (op) {
	case VMBT_OP_DIV:
	case VMBT_OP_IDIV:
	case VMBT_OP_AAA:
	case VMBT_OP_AAS:
	case VMBT_OP_DAA:
	case VMBT_OP_DAS:
	case VMBT_OP_AAM:
	case VMBT_OP_AAD:
	case VMBT_OP_TZCNT:
	case VMBT_OP_LZCNT:
		return true;
	}
	return false;
}

/* #GP at ring 3, something else at ring 0. */
static bool ring0_only(const struct vmbt_insn *in)
{
	switch (in->op) {
	case VMBT_OP_CLI:
	case VMBT_OP_STI:
	case VMBT_OP_IN:
	case VMBT_OP_OUT:
	case VMBT_OP_INS:
	case VMBT_OP_OUTS:
		return true;
	}
	return in->flags & VMBT_IF_PRIV;
}

/* The flags that POPF is about to load, as they matter for the oracle. */
static const char *flags_popped(u32 image, u8 opsize)
{
	u32 ring0 = VMBT_X86_EFLAGS_IF | VMBT_X86_EFLAGS_IOPL;

	if (image & VMBT_X86_EFLAGS_TF)
		return "POPF sets TF";
	if (opsize == 4 && (image & VMBT_X86_EFLAGS_AC))
		return "POPF sets AC";
	if (!(prog->what & S_USER) &&
	    (image & ring0) != (prog->guest.eflags & ring0))
		return "POPF changes IF or IOPL";
	return NULL;
}

static bool near_by(u32 addr, u32 start, u32 len)
{
	return addr - (start - 64) < len + 128;
}

/*
 * In flat segments: whether an access from the last to the first byte of 4 GiB
 * faults is up to the CPU (SDM vol. 3, 6.3). A stray access to the monitor
 * area finds it, as said in the architecture, section 4; so does a process.
 * And where RAM ends, the interpreter has stored a part when the rest faults.
 */
static bool special(u32 addr)
{
	return near_by(addr, 0, 0) || near_by(addr, WIN, 0) ||
	       near_by(addr, WIN + WIN_SIZE, 0) ||
	       near_by(addr, MON_BASE, VMBT_MON_SIZE) ||
	       near_by(addr, TRAMP, 4096);
}

#define SPECIAL	"access at the edge of memory or to the monitor area"

/* ENTER probes what will be the top of the stack. */
static u32 enter_top(const struct vmbt_insn *in, const u32 *gpr)
{
	u32 level = in->imm2 & 31;

	return gpr[VMBT_ESP] - in->opsize * (level + 1) - in->imm;
}

/*
 * Which of two faults comes first, that of the target or that of the push?
 * The manual says the former, an AMD EPYC of family 26 does the latter.
 */
static bool call_past_limit(const struct vmbt_insn *in, const u32 *gpr, u32 eip)
{
	u32 limit = code.limit, to = 0, lin;
	struct vmbt_seg other;

	if (in->op == VMBT_OP_CALL_FAR && in->imm2_size) {
		other = ldt_seg(in->imm2);
		return in->imm > other.limit;
	}
	if (in->branch == VMBT_BR_CALL)
		return vmbt_insn_target(in, eip) > limit;
	if (in->branch != VMBT_BR_CALL_IND)
		return false;
	if (in->flags & VMBT_IF_MEM) {
		lin = linear(&prog->guest.seg[VMBT_DS],
			     vmbt_insn_ea(in, gpr));
		if (in_window(lin, 4))
			memcpy(&to, native_ram(lin), in->opsize);
	} else {
		to = gpr[in->rm];
	}
	return (in->opsize == 2 ? (u16)to : to) > limit;
}

/*
 * RETF looks at 16 bytes behind what it releases first, on that CPU: #SS, not
 * what is wrong with the selector.
 */
static bool retf_past_stack(const struct vmbt_insn *in, const u32 *gpr)
{
	u32 esp = gpr[VMBT_ESP];

	if (!(stack.attr & VMBT_ATTR_DB))
		esp = (u16)esp;
	return in->op == VMBT_OP_RETF && esp + in->imm + 16 > 0x10000;
}

/*
 * A PUSHA that comes to a traced page has overwritten what is before that; if
 * that is PUSHA itself, another instruction is there when it is tried again.
 */
static bool pusha_itself(const struct vmbt_insn *in, const u32 *gpr, u32 lin)
{
	u32 esp = gpr[VMBT_ESP], len = 8 * in->opsize;

	if (!(stack.attr & VMBT_ATTR_DB))
		esp = (u16)esp;
	return in->op == VMBT_OP_PUSHA && lin + in->len - 1 - linear(&stack, esp - len) <
					  len + in->len - 1;
}

/*
 * Operands of more than eight bytes (FBSTP, FLDENV, FRSTOR...) go on at offset 0
 * behind 0FFFFh on that CPU, the limit of 64 KiB notwithstanding; the interpreter,
 * which a traced page there calls, faults.
 */
static bool fpu_wraps(const struct vmbt_insn *in, const u32 *gpr)
{
	/* FSAVE's image is the longest of those whose size is not the opcode's. */
	u32 len = in->mem.size ? in->mem.size : 108;

	return (in->flags & VMBT_IF_FPU) && (in->flags & VMBT_IF_MEM) && in->asize == 2 &&
	       len > 8 && vmbt_insn_ea(in, gpr) > 0x10000 - len;
}

/* The CPU's POPA and PUSHA may have done a part when they fault. */
static bool part_of_all(const struct vmbt_insn *in, const u32 *gpr)
{
	u16 sp = gpr[VMBT_ESP];

	return (in->op == VMBT_OP_POPA || in->op == VMBT_OP_PUSHA) &&
	       (u16)(sp + 32) < 64;
}

/*
 * Reserved by the manual (SDM vol. 2, 2.1.1). That CPU has F2 turn LOOPE into
 * LOOPNE and F3 the reverse; the translator and the interpreter ignore both.
 */
static bool rep_loop(const struct vmbt_insn *in)
{
	return (in->op == VMBT_OP_LOOPE && in->prefixes & VMBT_PFX_REPNE) ||
	       (in->op == VMBT_OP_LOOPNE && in->prefixes & VMBT_PFX_REP);
}

/* ENTER with levels reads the frames that EBP points behind. */
static bool enter_display(const struct vmbt_insn *in, const u32 *gpr)
{
	u32 level = in->imm2 & 31, at = gpr[VMBT_EBP] - in->opsize * level;

	return level > 1 && (special(at) || special(gpr[VMBT_EBP]));
}

static bool at_special(const struct vmbt_insn *in, const u32 *gpr)
{
	if (!(prog->what & S_32) || (prog->what & S_BASED))
		return false;
	return (in->flags & VMBT_IF_MEM && special(vmbt_insn_ea(in, gpr))) ||
	       (in->flags & VMBT_IF_STR_SRC && special(gpr[VMBT_ESI])) ||
	       (in->flags & VMBT_IF_STR_DST && special(gpr[VMBT_EDI])) ||
	       (in->flags & VMBT_IF_STACK && special(gpr[VMBT_ESP])) ||
	       (in->op == VMBT_OP_LEAVE && special(gpr[VMBT_EBP])) ||
	       (in->op == VMBT_OP_ENTER && (!in_window(enter_top(in, gpr), 4) ||
					    enter_display(in, gpr)));
}

static bool on_intel(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_is("intel");
}

/*
 * What the manual leaves open, and Intel's CPUs do otherwise than AMD's and vmbt: a
 * 32-bit PUSH of a segment register writes zeros above it or nothing at all (SDM vol. 2,
 * PUSH); CMPS may look at its second operand first, where both fault; OF is another one
 * behind shifts and rotations by more than one; and a REP that a fault ends has the flags
 * that it began with (SDM vol. 2, REP). ENTER that overwrites the display it copies has
 * not been looked into.
 */
static const char *left_open(const struct vmbt_insn *in)
{
	if (!on_intel())
		return NULL;
	if (in->op == VMBT_OP_PUSH_SREG && in->opsize == 4)
		return "the upper half of a pushed selector";
	if (in->op == VMBT_OP_CMPS &&
	    (in->seg_override == VMBT_SEG_SS || (prog->what & S_BASED)))
		return "CMPS by two segments";
	if ((prog->what & (S_INTERP | S_PRIV)) && in->fl_undef &&
	    in->op >= VMBT_OP_ROL && in->op <= VMBT_OP_SHRD)
		return "undefined flags of a shift";
	if ((prog->what & (S_INTERP | S_PRIV)) &&
	    (in->op == VMBT_OP_CMPS || in->op == VMBT_OP_SCAS) &&
	    (in->prefixes & (VMBT_PFX_REP | VMBT_PFX_REPNE)))
		return "flags of a REP that did not end";
	if ((prog->what & (S_INTERP | S_PRIV)) && in->op == VMBT_OP_ENTER &&
	    (in->imm2 & 31) > 1)
		return "ENTER's display";
	return NULL;
}

/* What a process may not do, or not see, as a guest would. */
static const char *not_raw(const struct vmbt_insn *in)
{
	if (in->op == VMBT_OP_HLT)
		return NULL;
	if (ring0_only(in))
		return prog->what & S_USER ? NULL : "privileged";
	if (unsteady(in->op))
		return "another result each time";
	if ((prog->what & S_INTERP) && flags_open(in->op))
		return "undefined flags";
	if ((prog->what & S_INTERP) &&
	    (in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD)))
		return "x87 or SSE under the interpreter";
	if (in->map >= VMBT_MAP_VEX_0F)
		return "AVX: the upper halves are not reset";
	if (left_open(in))
		return left_open(in);
	switch (in->op) {
	case VMBT_OP_PUSH_SREG:
	case VMBT_OP_MOV_FROM_SREG:
	case VMBT_OP_PUSHF:
	case VMBT_OP_POPF:
	case VMBT_OP_BOUND:
		return NULL;
	case VMBT_OP_ARPL:
		/* Does it need the right to write if it changes nothing? */
		return in->flags & VMBT_IF_MEM ? "ARPL of memory" : NULL;
	case VMBT_OP_POP_SREG:
	case VMBT_OP_MOV_TO_SREG:
	case VMBT_OP_LOAD_FAR:
	case VMBT_OP_JMP_FAR:
	case VMBT_OP_CALL_FAR:
	case VMBT_OP_RETF:
		if (prog->what & S_SEGS)
			return NULL;
	}
	if (in->cls == VMBT_CLS_COPY) {
		/* The interpreter's, then. */
		if (!(in->flags & (VMBT_IF_USES_CS | VMBT_IF_USES_GS)))
			return NULL;
		if (in->flags & (VMBT_IF_FPU | VMBT_IF_SIMD))
			return "x87 or SSE through CS or GS";
		return flags_open(in->op) ? "undefined flags" : NULL;
	}
	if (in->cls == VMBT_CLS_REWRITE)
		return NULL;
	return vmbt_op_name(in->op);
}

static const char *path(const struct vmbt_insn *in, const struct native_exit *x)
{
	if (at_special(in, x->gpr))
		return SPECIAL;
	if (pusha_itself(in, x->gpr, linear(&code, x->eip)))
		return "PUSHA overwrites itself";
	if (fpu_wraps(in, x->gpr))
		return "an x87 operand across 64 KiB";
	if (call_past_limit(in, x->gpr, x->eip))
		return "CALL past the limit";
	if (retf_past_stack(in, x->gpr))
		return "RETF past the end of the stack";
	if (rep_loop(in))
		return "REP before LOOPcc";
	if ((prog->what & (S_INTERP | S_TRACE)) && part_of_all(in, x->gpr))
		return "POPA or PUSHA at the edge of the stack";
	return not_raw(in);
}

/* No trap comes behind a load of SS: look at the next one, too. */
static const char *in_shadow(u32 lin, const u32 *gpr)
{
	struct vmbt_insn in;

	if (!in_window(lin, VMBT_INSN_MAX) ||
	    vmbt_decode(&in, native_ram(lin), VMBT_INSN_MAX,
			code.attr & VMBT_ATTR_DB) != VMBT_DEC_OK)
		return NULL;
	if (in.op == VMBT_OP_PUSHF || in.op == VMBT_OP_POPF)
		return "PUSHF or POPF behind a load of SS";
	if ((prog->what & (S_INTERP | S_TRACE)) && part_of_all(&in, gpr))
		return "POPA or PUSHA at the edge of the stack";
	return flags_open(in.op) ? "undefined flags" : not_raw(&in);
}

/* POPF would end single-stepping: do it for the CPU. */
static void popf(struct native_exit *x, const struct vmbt_insn *in)
{
	u32 can = VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_DF | VMBT_X86_EFLAGS_NT |
		  (in->opsize == 4 ? VMBT_X86_EFLAGS_ID : 0);
	u32 esp = x->gpr[VMBT_ESP], lin, image = 0;
	bool big = stack.attr & VMBT_ATTR_DB;

	lin = linear(&stack, big ? esp : (u16)esp);
	/* It faults, then: let it. */
	if (!in_window(lin, in->opsize))
		return;
	memcpy(&image, native_ram(lin), in->opsize);
	found = flags_popped(image, in->opsize);
	x->eflags = (x->eflags & ~can) | (image & can);
	esp += in->opsize;
	x->gpr[VMBT_ESP] = big ? esp : (x->gpr[VMBT_ESP] & 0xffff0000) |
				       (u16)esp;
	x->eip += in->len;
}

/* What PUSHF has just stored shows single-stepping. */
static void hide_tf(const struct native_exit *x)
{
	u32 esp = x->gpr[VMBT_ESP], lin;

	lin = linear(&stack, stack.attr & VMBT_ATTR_DB ? esp : (u16)esp);
	if (in_window(lin, 2))
		native_ram(lin)[1] &= ~1;
}

#define KNOWN	"the CPU knows it, the decoder does not"
#define FOREIGN	"a segment of the process's"

static bool not_in_ldt(u16 sel)
{
	return sel > 3 && !(sel & 4);
}

/* Segment registers that the guest could not have. */
static const char *not_guests(const struct native_exit *x)
{
	if (not_in_ldt(x->cs) || not_in_ldt(x->ss) || not_in_ldt(x->ds) ||
	    not_in_ldt(x->es) || not_in_ldt(x->fs) || not_in_ldt(x->gs))
		return FOREIGN;
	return ldt_changed(prog) ? "the LDT overwritten" : NULL;
}

/* In the signal handler: about to execute what is at x->eip. */
static bool watch(struct native_exit *x)
{
	struct vmbt_insn in;
	u32 lin;

	if (prog->what & S_SEGS) {
		code = ldt_seg(x->cs);
		stack = ldt_seg(x->ss);
		found = not_guests(x);
	}
	if (pushed_flags)
		hide_tf(x);
	pushed_flags = false;
	if (refused)
		found = KNOWN;
	if (rep_changed())
		found = "REP overwrites itself";
	if (found)
		return false;
	for (;;) {
		lin = linear(&code, x->eip);
		if (!in_window(lin, 1)) {
			if (special(lin))
				found = SPECIAL;
			return !found;
		}
		if (!in_window(lin, VMBT_INSN_MAX))
			found = "at the end of memory";
		refused = vmbt_decode(&in, native_ram(lin), VMBT_INSN_MAX,
				      code.attr & VMBT_ATTR_DB) != VMBT_DEC_OK ||
			  in.cls == VMBT_CLS_UD;
		if (!refused && !found)
			found = path(&in, x);
		if (!found && (in.flags & VMBT_IF_BLOCKS_INTR))
			found = in_shadow(lin + in.len, x->gpr);
		if (++steps > max_steps)
			found = "too long to judge";
		if (found)
			return false;
		pushed_flags = !refused && in.op == VMBT_OP_PUSHF;
		if (!refused)
			rep_note(&in, lin);
		if (refused || in.op != VMBT_OP_POPF)
			return true;
		lin = x->eip;
		popf(x, &in);
		if (found)
			return false;
		if (x->eip == lin)
			return true;
	}
}

/* #SS for its place, or #GP for its alignment: the manual has no order. */
static bool crooked_past_stack(const struct vmbt_insn *in, const struct vmbt_guest *g)
{
	u32 ea;

	if (!(in->flags & VMBT_IF_SIMD) || !(in->flags & VMBT_IF_MEM) || in->mem.seg != VMBT_SS)
		return false;
	ea = vmbt_insn_ea(in, g->gpr);
	return ea & 15 && ea + 15 > g->seg[VMBT_SS].limit;
}

/* What even the interpreter and the translator need not agree on. */
static const char *not_interp(void)
{
	const struct vmbt_guest *g = native_vcpu.guest;
	u32 lin = g->seg[VMBT_CS].base + g->eip;
	u32 len = VMBT_INSN_MAX;
	struct vmbt_insn in;

	if (rep_changed())
		return "REP overwrites itself";
	/* The guest is at ring 0, the process that has its AC is not. */
	if (!(prog->what & S_USER) && (g->eflags & VMBT_X86_EFLAGS_AC))
		return "POPF sets AC";
	if (!in_window(lin, 1))
		return NULL;
	if (!in_window(lin, len))
		len = WIN + WIN_SIZE - lin;
	if (vmbt_decode(&in, native_ram(lin), len,
			g->seg[VMBT_CS].attr & VMBT_ATTR_DB) != VMBT_DEC_OK)
		return NULL;
	if (unsteady(in.op))
		return "another result each time";
	if (flags_open(in.op))
		return "undefined flags";
	if (left_open(&in))
		return left_open(&in);
	if (not_offered(&in))
		return "AVX or XSAVE";
	/* LMSW can set them; the process's own CR0 stays. */
	if ((in.flags & (VMBT_IF_FPU | VMBT_IF_SIMD)) &&
	    (g->cr0 & (VMBT_CR0_TS | VMBT_CR0_EM)))
		return "x87 or SSE while CR0.TS or EM is set";
	/* PREFETCHW of a register: a NOP for Intel, #UD for AMD. */
	if (in.map == VMBT_MAP_0F && in.opcode == 0x0d && in.mod == 3)
		return "PREFETCHW of a register";
	if (at_special(&in, g->gpr))
		return SPECIAL;
	if (part_of_all(&in, g->gpr))
		return "POPA or PUSHA at the edge of the stack";
	if (fpu_wraps(&in, g->gpr))
		return "an x87 operand across 64 KiB";
	if (crooked_past_stack(&in, g))
		return "a misaligned operand past the end of the stack";
	rep_note(&in, lin);
	return NULL;
}

static void interpret(void)
{
	while (!found && ++steps < max_steps) {
		found = not_interp();
		if (found || interp_step(&native_vcpu) != X_OK)
			return;
	}
}

const char *judge(const struct program *p, u32 most)
{
	u32 i;

	prog = p;
	code = p->guest.seg[VMBT_CS];
	stack = p->guest.seg[VMBT_SS];
	max_steps = most;
	found = NULL;
	steps = 0;
	refused = false;
	pushed_flags = false;
	rep.len = 0;
	/* Traces are for translated code. */
	bt_invalidate_phys(&native_vcpu, WIN, WIN_SIZE);
	compare_start(p);
	if (p->what & S_PRIV) {
		interpret();
		return found;
	}
	if (p->what & S_SEGS)
		ldt_load(p);
	native_watch = watch;
	native_vcpu.guest->eflags |= VMBT_X86_EFLAGS_TF;
	native_raw();
	native_watch = NULL;
	/* VMLOAD, for one: #UD for a guest, #GP where there is SVM. */
	if (refused && native_vcpu.exc.vector != VMBT_VEC_UD && !found)
		found = KNOWN;
	/* A fault right behind a far transfer or load is not watched. */
	for (i = 0; (p->what & S_SEGS) && i < VMBT_NSEG; i++)
		if (not_in_ldt(native_vcpu.guest->seg[i].sel) && !found)
			found = FOREIGN;
	return found;
}
