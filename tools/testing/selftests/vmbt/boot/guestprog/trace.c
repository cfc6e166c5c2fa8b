// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace(): a tracer single-steps another process, reads and writes its
 * registers and memory, sets breakpoints into its code and into the CPU, and
 * watches its system calls. The kernel sets TF for it in the frame that IRET takes, and writes
 * through mappings that are read-only for the process itself.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

/* What the traced process runs: arithmetic, a string instruction, calls. */
static const __u8 body[] = {
	0xb8, 1, 0, 0, 0,		/* mov $1,%eax */
	0xb9, 5, 0, 0, 0,		/* mov $5,%ecx */
	0x0f, 0xaf, 0xc1,		/* imul %ecx,%eax */
	0xe2, 0xfb,			/* loop -5 */
	0xbf, 0, 0, 0, 0x24,		/* mov $DATA_AT,%edi */
	0xb9, 4, 0, 0, 0,
	0xf3, 0xab,			/* rep stosl */
	0xe8, 2, 0, 0, 0,		/* call +2 */
	0xeb, 3,			/* jmp +3 */
	0x9c, 0x58, 0xc3,		/* pushf; pop %eax; ret */
	0x8c, 0xd2, 0x8e, 0xd2,		/* mov %ss,%edx; mov %edx,%ss */
	0x90,
	0xb8, 20, 0, 0, 0,		/* getpid */
	0xcd, 0x80,
	0x0f, 0xa2,			/* cpuid */
	0x31, 0xc0, 0x31, 0xc9,		/* what it said is the CPU's: xor %eax,%eax */
	0x90,
	0xcc,				/* int3: the end */
};

static pid_t start(void)
{
	pid_t pid;
	__u8 *code;

	pid = fork();
	if (pid)
		return pid;
	code = map_at(CODE_AT, PAGE, PROT_READ | PROT_WRITE);
	memcpy(code, body, sizeof(body));
	mprotect(code, PAGE, PROT_READ | PROT_EXEC);
	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	asm volatile("call *%0" : : "S"(code) : "memory", "cc", "eax", "ecx", "edx", "ebx", "edi");
	_exit(0);
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Goes on until the process is in its code page, stopped by SIGTRAP. */
static bool to_code(pid_t pid, struct user_regs_struct *r)
{
	int status, n;

	for (n = 0; n < 5000; n++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0))
			return false;
		waitpid(pid, &status, 0);
		ptrace(PTRACE_GETREGS, pid, 0, r);
		if (r->eip == (long)CODE_AT) {
			r->eflags = 0x202;
			return !ptrace(PTRACE_SETREGS, pid, 0, r);
		}
	}
	return false;
}

void test_ptrace_step(void)
{
	struct user_regs_struct r;
	int status, n;
	pid_t pid = start();

	waitpid(pid, &status, 0);
	must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "stopped before it begins");
	must(to_code(pid, &r), "steps into the code");
	for (n = 0; n < 60; n++) {
		siginfo_t info;

		d("eip", r.eip - CODE_AT);
		d("flags", r.eflags);
		/* Not before they are set, nor behind GETPID and CPUID. */
		if (r.eip >= (long)CODE_AT + 10 && r.eip < (long)CODE_AT + 48) {
			d("eax", r.eax);
			d("ecx", r.ecx);
		}
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		waitpid(pid, &status, 0);
		d("status", status);
		ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
		d("code", info.si_code);
		ptrace(PTRACE_GETREGS, pid, 0, &r);
		if (r.eip == (long)(CODE_AT + sizeof(body)))
			break;
	}
	must(n < 60, "steps to the end of the code");
	d("steps", n);
	stop(pid);
}

void test_ptrace_poke(void)
{
	struct user_fpxregs_struct fx;
	struct user_regs_struct r, set;
	struct user_fpregs_struct fp;
	__u32 word, i, at;
	int status;
	pid_t pid = start();

	waitpid(pid, &status, 0);
	must(to_code(pid, &r), "steps into the code");
	/* A breakpoint on each instruction of the loop, in a page it can't write. */
	for (i = 0; i < 12; i++) {
		at = CODE_AT + (i % 3 == 1 ? 13 : 10);
		word = ptrace(PTRACE_PEEKTEXT, pid, at, 0);
		d("word", word);
		must(!ptrace(PTRACE_POKETEXT, pid, at, (word & ~0xffu) | 0xcc), "POKETEXT");
		must(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
		waitpid(pid, &status, 0);
		ptrace(PTRACE_GETREGS, pid, 0, &r);
		d("status", status);
		d("eip", r.eip - CODE_AT);
		d("eax", r.eax);
		d("ecx", r.ecx);
		must(!ptrace(PTRACE_POKETEXT, pid, at, word), "POKETEXT");
		r.eip = at;
		ptrace(PTRACE_SETREGS, pid, 0, &r);
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		waitpid(pid, &status, 0);
		if (i == 6)
			break;
	}
	/* All its registers anew: the loop's counter and operand, flags, x87, SSE. */
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	set = r;
	set.eip = CODE_AT + 10;
	set.eax = 3;
	set.ecx = 4;
	set.ebx = 0x12345678;
	set.eflags ^= 0x8d5;
	must(!ptrace(PTRACE_SETREGS, pid, 0, &set), "SETREGS");
	memset(&fp, 0, sizeof(fp));
	must(!ptrace(PTRACE_GETFPREGS, pid, 0, &fp), "GETFPREGS");
	fp.cwd = 0xffff027f;
	must(!ptrace(PTRACE_SETFPREGS, pid, 0, &fp), "SETFPREGS");
	must(!ptrace(PTRACE_GETFPXREGS, pid, 0, &fx), "GETFPXREGS");
	memset(fx.xmm_space, 0x5a, sizeof(fx.xmm_space));
	must(!ptrace(PTRACE_SETFPXREGS, pid, 0, &fx), "SETFPXREGS");
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	d("status", status);
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	must(r.eip == (long)(CODE_AT + sizeof(body)), "runs to its end");
	memset(&fx, 0, sizeof(fx));
	ptrace(PTRACE_GETFPXREGS, pid, 0, &fx);
	d("cwd", fx.cwd);
	dmem("xmm", fx.xmm_space, 64);
	for (i = 0; i < 20; i += 4)
		d("data", ptrace(PTRACE_PEEKDATA, pid, DATA_AT + i, 0));
	stop(pid);
}

static long get_dr(pid_t pid, int n)
{
	return ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[n]), 0);
}

static void set_dr(pid_t pid, int n, long value)
{
	must(!ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[n]), value),
	     "a debug register can be set");
}

/* Goes on to the next stop, and notes why and where that is. */
static void watch_stop(pid_t pid)
{
	struct user_regs_struct r;
	siginfo_t info;
	int status;

	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	d("status", status);
	ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
	d("code", info.si_code);
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	d("eip", r.eip - CODE_AT);
	d("eax", r.eax);
	d("ecx", r.ecx);
	d("dr6", get_dr(pid, 6));
	set_dr(pid, 6, 0);
}

/* The CPU's own breakpoints: on an instruction, on what a REP writes, on both. */
void test_ptrace_watch(void)
{
	struct user_regs_struct r;
	int status, n;
	pid_t pid = start();

	waitpid(pid, &status, 0);
	must(to_code(pid, &r), "steps into the code");
	set_dr(pid, 0, CODE_AT + 13);
	set_dr(pid, 7, 0x1);
	for (n = 0; n < 3; n++)
		watch_stop(pid);
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	must(r.eip == (long)CODE_AT + 13 && r.ecx == 3, "stops at the loop's end, three times");
	/* The second dword, for writing. */
	set_dr(pid, 7, 0);
	set_dr(pid, 1, DATA_AT + 4);
	set_dr(pid, 7, 0xd00004);
	watch_stop(pid);
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	must(r.eip == (long)CODE_AT + 25 && r.ecx == 2, "stops in the middle of STOS");
	/* The last one for any access, and the CALL behind it. */
	set_dr(pid, 7, 0);
	set_dr(pid, 2, DATA_AT + 12);
	set_dr(pid, 3, CODE_AT + 27);
	set_dr(pid, 7, 0x0f000050);
	watch_stop(pid);
	watch_stop(pid);
	d("dr7", get_dr(pid, 7));
	set_dr(pid, 7, 0);
	watch_stop(pid);
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	must(r.eip == (long)(CODE_AT + sizeof(body)), "runs to its end");
	stop(pid);
}

void test_ptrace_calls(void)
{
	struct user_regs_struct r;
	int status, n;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (n = 0; n < 10; n++) {
			syscall(SYS_getppid);
			syscall(SYS_dup, 100 + n);
		}
		_exit(syscall(SYS_umask, 022) == 0x55);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	for (n = 0; n < 200; n++) {
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		waitpid(pid, &status, 0);
		if (!WIFSTOPPED(status))
			break;
		ptrace(PTRACE_GETREGS, pid, 0, &r);
		d("call", r.orig_eax);
		if (r.orig_eax == SYS_dup) {
			d("ebx", r.ebx);
			d("eax", r.eax);
		}
		/* The tracer answers for the kernel. */
		if (r.orig_eax == SYS_umask) {
			r.eax = 0x55;
			ptrace(PTRACE_SETREGS, pid, 0, &r);
		}
	}
	d("calls", n);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 1, "a result that the tracer made");
}
