// SPDX-License-Identifier: GPL-2.0
/*
 * Single-stepping arbitrary instructions in compatibility mode.
 *
 * INT3 brings us into the signal handler, which returns into the LDT's code
 * segment with TF set; the signal that ends the instruction returns to where
 * INT3 was. Data segment registers are not in the signal's frame: the handler
 * loads them itself.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "step.h"

#define EFL_FIXED	0x2u
#define EFL_TF		0x100u

#define SEL_CODE16	((0 << 3) | 7)
#define SEL_CODE32	((1 << 3) | 7)
#define SEL_STACK16	((2 << 3) | 7)
#define SEL_STACK32	((3 << 3) | 7)

static struct step *current;
static gregset_t home;
static bool at_home = true;
static unsigned long fs_base;
static unsigned char altstack[65536];

/* Registers of the frame in the order of their encoding. */
static const int gpr_index[8] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
};

u8 *step_stack(void)
{
	return (u8 *)(unsigned long)STEP_STACK_BASE;
}

/* The same x87 and SSE state for each instruction; upper halves are zero. */
static void set_fpu(mcontext_t *m)
{
	unsigned long *xstate_bv = (unsigned long *)((char *)m->fpregs + 512);
	u8 *xmm = (u8 *)m->fpregs->_xmm;
	unsigned int i;

	m->fpregs->cwd = 0x37f;
	m->fpregs->swd = 0;
	m->fpregs->ftw = 0;
	m->fpregs->mxcsr = 0x1f80;
	memset(m->fpregs->_st, 0, sizeof(m->fpregs->_st));
	for (i = 0; i < 8 * 16; i++)
		xmm[i] = i * 37 + 11;
	*xstate_bv = 3;
}

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	mcontext_t *m = &uc->uc_mcontext;
	greg_t *g = m->gregs;
	struct step *s;
	unsigned int i, sel;

	/* The guest may have loaded FS; thread-local storage is behind it. */
	__asm__ volatile("wrfsbase %0" : : "r" (fs_base));
	(void)sig;
	(void)info;
	s = current;
	set_fpu(m);
	if (at_home) {
		at_home = false;
		memcpy(home, g, sizeof(home));
		memcpy((void *)(unsigned long)(STEP_CODE_BASE + STEP_PAGE - s->nr),
		       s->bytes, s->nr);
		for (i = 0; i < 8; i++)
			g[gpr_index[i]] = s->gpr[i];
		g[REG_RIP] = STEP_PAGE - s->nr;
		g[REG_EFL] = s->eflags | EFL_FIXED | EFL_TF;
		sel = s->code32 ? SEL_STACK32 : SEL_STACK16;
		g[REG_CSGSFS] = s->code32 ? SEL_CODE32 : SEL_CODE16;
		g[REG_CSGSFS] |= (greg_t)sel << 48;
		if (!s->data)
			sel = 0;
		__asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r" (sel));
		return;
	}
	for (i = 0; i < 8; i++)
		s->gpr[i] = g[gpr_index[i]];
	s->eflags = g[REG_EFL];
	s->trapno = g[REG_TRAPNO];
	s->err = g[REG_ERR];
	s->eip = g[REG_RIP];
	s->cr2 = g[REG_CR2];
	memcpy(g, home, sizeof(home));
	at_home = true;
}

void step(struct step *s)
{
	current = s;
	__asm__ volatile("int3" : : : "memory", "xmm0", "xmm1", "xmm2", "xmm3",
			 "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
			 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static int set_ldt(unsigned int sel, unsigned int base, unsigned int limit,
		   bool code, bool seg32)
{
	struct user_desc d = {
		.entry_number = sel >> 3,
		.base_addr = base,
		.limit = limit,
		.seg_32bit = seg32,
		.contents = code ? MODIFY_LDT_CONTENTS_CODE : MODIFY_LDT_CONTENTS_DATA,
		.read_exec_only = code,
	};

	/* The raw system call returns an int in a long. */
	return (int)syscall(SYS_modify_ldt, 1, &d, sizeof(d));
}

/* Segments, pages, signal handlers. Non-zero: not possible here (errno). */
static int setup(void)
{
	struct sigaction sa = { .sa_sigaction = handler };
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
	static const int signals[] = {
		SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE,
	};
	unsigned int i;
	void *p;

	/* The page of code, and behind it nothing that the segment reaches. */
	p = mmap((void *)(unsigned long)STEP_CODE_BASE, 0x20000, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != (void *)(unsigned long)STEP_CODE_BASE ||
	    mprotect(p, STEP_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		return -1;
	p = mmap(step_stack(), STEP_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != step_stack())
		return -1;
	if (set_ldt(SEL_CODE16, STEP_CODE_BASE, 0xffff, true, false) ||
	    set_ldt(SEL_CODE32, STEP_CODE_BASE, 0xffff, true, true) ||
	    set_ldt(SEL_STACK16, STEP_STACK_BASE, STEP_PAGE - 1, false, false) ||
	    set_ldt(SEL_STACK32, STEP_STACK_BASE, STEP_PAGE - 1, false, true))
		return -1;
	/* Faults here where the kernel does not allow it: every host since 5.9 does. */
	__asm__ volatile("rdfsbase %0" : "=r" (fs_base));
	sigaltstack(&ss, NULL);
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
	return 0;
}

static u64 rng_state = 0x243f6a8885a308d3ull;

static void seed_rng(u64 seed)
{
	rng_state ^= seed * 0x9e3779b97f4a7c15ull;
}

u32 step_rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state >> 16;
}

/* Prefixes, a map, then noise: every opcode with all kinds of ModRM. */
static void generate(u8 *b)
{
	static const u8 prefixes[] = {
		0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
	};
	unsigned int n = 0, i, nr = step_rng() % 4;

	if (step_rng() % 64 == 0)
		nr = step_rng() % 15;
	for (i = 0; i < VMBT_INSN_MAX; i++)
		b[i] = step_rng();
	for (; n < nr; n++)
		b[n] = prefixes[step_rng() % sizeof(prefixes)];
	switch (step_rng() % 8) {
	case 0:
	case 1:
		break;
	case 2:
	case 3:
		b[n] = 0x0f;
		break;
	case 4:
		b[n] = 0x0f;
		b[n + 1 < VMBT_INSN_MAX ? n + 1 : n] = 0x38;
		break;
	case 5:
		b[n] = 0x0f;
		b[n + 1 < VMBT_INSN_MAX ? n + 1 : n] = 0x3a;
		break;
	case 6:
	case 7:
		/* VEX, mostly without the prefixes it forbids */
		if (step_rng() % 8)
			n = 0;
		if (step_rng() % 2) {
			b[n] = 0xc5;
			b[n + 1] |= 0xc0;
		} else if (n + 2 < VMBT_INSN_MAX) {
			b[n] = 0xc4;
			b[n + 1] = 0xc0 | (step_rng() & 0x20) | (step_rng() % 5);
			if (step_rng() % 2)
				b[n + 2] |= 0x78;
		}
		break;
	}
}

bool step_main(const char *name, int argc, char **argv,
	       void (*check)(const u8 *bytes, bool code32))
{
	unsigned long i, count = argc > 1 ? strtoul(argv[1], NULL, 0) : 200000;
	u8 bytes[VMBT_INSN_MAX + 1];

	if (argc > 2)
		seed_rng(strtoul(argv[2], NULL, 0));
	if (setup()) {
		printf("skip %s: no LDT or no low memory here: %s\n", name,
		       strerror(errno));
		return false;
	}
	for (i = 0; i < count; i++) {
		generate(bytes);
		check(bytes, i & 1);
	}
	return true;
}
