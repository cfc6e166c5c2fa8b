// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a few instructions and says how they ended: with RET, or with which
 * signal, error code, address and registers.
 *
 * The handler does not jump out: it writes the way out into the context that
 * sigreturn loads, segments too, so that whatever the instructions broke is
 * whole again behind run_code(). It runs on a stack of its own, and reloads
 * %gs first, because C library code reads thread data through it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "guest.h"

#define EFL_KEEP	0x247fd5	/* status flags, TF, IF, DF, IOPL, NT, RF, AC, ID */

/* What trap_asm.S reads and writes. */
__u32 run_esp, run_gpr[8], run_flags, run_target;

static struct trap last;
static bool running;
static bool (*first_look)(struct trap *t, void *ucontext);
static __u16 own_cs, own_ss, own_ds, own_gs, own_fs;

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;
	struct trap t;

	asm volatile("movw %0, %%gs" : : "m"(own_gs));
	memset(&t, 0, sizeof(t));
	t.sig = sig;
	t.code = info->si_code;
	if (info->si_code > 0 && info->si_code != SI_KERNEL)
		t.addr = (__u32)info->si_addr;
	t.trapno = r[REG_TRAPNO];
	t.err = r[REG_ERR];
	t.cr2 = uc->uc_mcontext.cr2;
	t.eip = r[REG_EIP];
	t.flags = r[REG_EFL] & EFL_KEEP;
	t.cs = r[REG_CS];
	t.ss = r[REG_SS];
	t.gpr[EAX] = r[REG_EAX];
	t.gpr[ECX] = r[REG_ECX];
	t.gpr[EDX] = r[REG_EDX];
	t.gpr[EBX] = r[REG_EBX];
	t.gpr[ESP] = r[REG_UESP];
	t.gpr[EBP] = r[REG_EBP];
	t.gpr[ESI] = r[REG_ESI];
	t.gpr[EDI] = r[REG_EDI];
	if (first_look && first_look(&t, context))
		return;
	if (!running) {
		signal(sig, SIG_DFL);
		return;
	}
	running = false;
	last = t;
	r[REG_EIP] = (greg_t)run_out;
	r[REG_EFL] = 0x202;
	r[REG_CS] = own_cs;
	r[REG_SS] = own_ss;
	r[REG_DS] = own_ds;
	r[REG_ES] = own_ds;
	r[REG_FS] = own_fs;
	r[REG_GS] = own_gs;
}

/**
 * at_trap() - have a function look at each signal first
 * @look: returns true if it dealt with the signal and the code goes on
 */
void at_trap(bool (*look)(struct trap *t, void *ucontext))
{
	first_look = look;
}

/**
 * traps_on() - handle the signals of faults from now on
 */
void traps_on(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	struct sigaction sa = { .sa_sigaction = handler };
	static __u8 stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	size_t i;

	asm volatile("movw %%cs, %0" : "=m"(own_cs));
	asm volatile("movw %%ss, %0" : "=m"(own_ss));
	asm volatile("movw %%ds, %0" : "=m"(own_ds));
	asm volatile("movw %%fs, %0" : "=m"(own_fs));
	asm volatile("movw %%gs, %0" : "=m"(own_gs));
	sigaltstack(&ss, NULL);
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
}

/**
 * run_code() - call code and say how it ended
 * @code: its address
 * @gpr: registers to begin with, and afterwards those it ended with; or NULL
 *
 * Return: the trap it ended with; with sig 0, the flags at its end.
 */
struct trap run_code(const void *code, __u32 gpr[8])
{
	static const __u32 zero[8];

	memset(&last, 0, sizeof(last));
	memcpy(run_gpr, gpr ? gpr : zero, sizeof(run_gpr));
	run_target = (__u32)code;
	running = true;
	run_asm();
	running = false;
	if (last.sig) {
		memcpy(run_gpr, last.gpr, sizeof(run_gpr));
	} else {
		memcpy(last.gpr, run_gpr, sizeof(run_gpr));
		last.flags = run_flags & EFL_KEEP;
	}
	run_gpr[ESP] = 0;
	last.gpr[ESP] = 0;
	if (gpr)
		memcpy(gpr, run_gpr, sizeof(run_gpr));
	return last;
}

/**
 * run_bytes() - the same for instructions given as bytes, at CODE_AT
 * @bytes: the instructions; a RET is added
 * @len: how many bytes
 * @gpr: as for run_code()
 *
 * Return: as run_code().
 */
struct trap run_bytes(const void *bytes, size_t len, __u32 gpr[8])
{
	static __u8 *code;

	if (!code) {
		code = map_at(CODE_AT, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
		memset(code, 0xc3, PAGE);
		traps_on();
	}
	memcpy(code, bytes, len);
	code[len] = 0xc3;
	return run_code(code, gpr);
}

/**
 * touch() - access one address and say how that ended
 * @addr: the address
 * @how: 'r'ead, 'w'rite, 'm'odify, 's'tring instruction, e'x'ecute
 *
 * Return: as run_code().
 */
struct trap touch(__u32 addr, char how)
{
	__u32 gpr[8] = { [EAX] = 0xc3c3c3c3, [ECX] = 1, [EDX] = addr, [ESI] = RETS_AT,
			 [EDI] = addr };

	switch (how) {
	case 'r':
		return run_bytes("\x8b\x02", 2, gpr);		/* mov (%edx),%eax */
	case 'w':
		return run_bytes("\x89\x02", 2, gpr);		/* mov %eax,(%edx) */
	case 'm':
		return run_bytes("\x83\x02\x01", 3, gpr);	/* addl $1,(%edx) */
	case 's':
		return run_bytes("\xf3\xa5", 2, gpr);		/* rep movsl */
	default:
		return run_bytes("\xff\xe2", 2, gpr);		/* jmp *%edx */
	}
}

/**
 * map_at() - memory at an address of our choice
 * @addr: where
 * @len: how much
 * @prot: as for mmap()
 *
 * Return: the address as a pointer; without it the test ends.
 */
void *map_at(__u32 addr, size_t len, int prot)
{
	void *p = mmap((void *)addr, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED) {
		must(false, "mmap at a fixed address");
		_exit(1);
	}
	return p;
}

/**
 * dtrap() - put a trap into the digest
 * @tag: its name, for -v
 * @t: the trap; registers are not included, they may hold addresses
 */
void dtrap(const char *tag, const struct trap *t)
{
	__u32 v[8] = { t->sig, t->code, t->addr, 0, 0, 0, 0, t->flags };

	if (t->sig) {
		v[3] = t->trapno;
		v[4] = t->err;
		v[5] = t->eip;
		v[6] = t->trapno == 14 ? t->cr2 : 0;
	}
	dmem(tag, v, sizeof(v));
}
