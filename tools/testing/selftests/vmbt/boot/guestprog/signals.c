// SPDX-License-Identifier: GPL-2.0
/*
 * Faults as a process sees them, and signals: what the CPU reported of each
 * (trap number, error code, address, EIP, flags) goes into the digest, so that
 * every exception's way through the monitor and the guest's kernel is compared.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static const char accesses[] = "rwmsx";

void test_segv(void)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	size_t i, k;
	__u32 at;

	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		__u8 *p = map_at(DATA_AT, 4 * PAGE, PROT_READ | PROT_WRITE);

		memset(p, 0xc3, 4 * PAGE);
		mprotect(p + PAGE, PAGE, prots[i]);
		/* Inside, and across the border in both directions. */
		for (k = 0; accesses[k]; k++) {
			for (at = DATA_AT + PAGE - 2; at < DATA_AT + 2 * PAGE + 8; at += PAGE / 2) {
				struct trap t = touch(at, accesses[k]);

				d("prot", prots[i] << 8 | accesses[k]);
				dtrap("at", &t);
			}
		}
		/* Not present yet: the first access to the page is the faulting one. */
		for (k = 0; accesses[k]; k++) {
			struct trap t;

			map_at(DATA_AT, PAGE, prots[i]);
			t = touch(DATA_AT + 16, accesses[k]);
			dtrap("fresh", &t);
			t = touch(DATA_AT + 16, 'r');
			dtrap("again", &t);
		}
	}
}

/*
 * Everywhere in 4 GiB where nothing is mapped for the process, its kernel's
 * part included: the monitor's own pages are somewhere there, and must look
 * like what the guest's kernel would have there.
 */
void test_sweep(void)
{
	static const char how[] = "rwx";
	__u32 at;
	int k;

	for (at = 0xc0000000; at; at += 0x400000)
		for (k = 0; how[k]; k++) {
			struct trap t = touch(at + 0x1000, how[k]);

			must(t.sig == SIGSEGV, "access to kernel memory");
			must(t.addr == at + 0x1000, "address of an access to kernel memory");
			dtrap("kernel", &t);
		}
	for (at = 0xffc00000; at; at += 0x1000) {
		struct trap t = touch(at, 'r');

		dtrap("top", &t);
	}
	for (at = 0x30000000; at < 0x90000000; at += 0x1000000) {
		struct trap t = touch(at, 'w');

		dtrap("user", &t);
	}
	for (k = 0; accesses[k]; k++) {
		struct trap t = touch(0, accesses[k]);

		dtrap("null", &t);
		t = touch(0xfffffffe, accesses[k]);
		dtrap("wrap", &t);
	}
}

#define BYTES(tag, s)	do {							\
		struct trap t_ = run_bytes(s, sizeof(s) - 1, gpr);		\
										\
		dtrap(tag, &t_);						\
	} while (0)

void test_fpe(void)
{
	/* Loads of x87 operands, then an operation with one exception unmasked. */
	static const struct {
		const char *tag, *code;
		size_t len;
		__u16 cw;
	} x87[] = {
		{ "zero divide", "\xd9\xe8\xd9\xee\xde\xf9\x9b", 7, 0x37b },
		{ "invalid", "\xd9\xee\xd9\xe0\xd9\xe8\xd9\xe0\xd9\xfa\x9b", 11, 0x37e },
		{ "stack", "\xdd\xd8\xdd\xd8\xdd\xd8\x9b", 7, 0x37e },
		{ "precision", "\xd9\xe8\xd9\xeb\xde\xf9\x9b", 7, 0x35f },
		{ "overflow", "\xd9\xeb\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8"
			      "\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\xdc\xc8\x9b",
			      31, 0x377 },
		{ "masked", "\xd9\xe8\xd9\xee\xde\xf9\x9b", 7, 0x37f },
	};
	__u32 gpr[8] = { [EAX] = 5, [ECX] = 0, [EDX] = 0, [EBX] = 7 };
	size_t i;

	BYTES("div by 0", "\xf7\xf1");
	BYTES("idiv by 0", "\xf7\xf9");
	BYTES("div byte", "\xf6\xf1");
	BYTES("div word", "\x66\xf7\xf1");
	BYTES("aam 0", "\xd4\x00");
	gpr[EDX] = 8;
	BYTES("div overflow", "\xf7\xf3");
	gpr[EAX] = 0x80000000;
	gpr[EDX] = 0xffffffff;
	gpr[ECX] = 0xffffffff;
	BYTES("idiv overflow", "\xf7\xf9");
	BYTES("prefixed", "\x26\x67\xf7\xf9");
	BYTES("into", "\xb0\x7f\xfe\xc0\xce");
	BYTES("into not", "\x31\xc0\xce");
	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	((__u32 *)DATA_AT)[0] = 10;
	((__u32 *)DATA_AT)[1] = 20;
	gpr[EDX] = DATA_AT;
	for (i = 9; i < 22; i += 3) {
		gpr[EAX] = i;
		BYTES("bound", "\x62\x02");
	}
	for (i = 0; i < ARRAY_SIZE(x87); i++) {
		struct trap t;
		__u16 cw = x87[i].cw, sw;

		asm volatile("fninit\n\tfldcw %0" : : "m"(cw));
		t = run_bytes(x87[i].code, x87[i].len, gpr);
		/* The handler ran with the FPU cleared; sigreturn gives it back. */
		asm volatile("fnstsw %0\n\tfnclex\n\tfninit" : "=m"(sw));
		d(x87[i].tag, sw);
		dtrap(x87[i].tag, &t);
		/* An emulator may not know of x87 stack faults. */
		must(!t.sig == (x87[i].cw == 0x37f) || !strcmp(x87[i].tag, "stack"),
		     "an unmasked x87 exception");
	}
}

void test_intn(void)
{
	int n;

	for (n = 0; n < 256; n++) {
		__u8 code[2] = { 0xcd, n };
		__u32 gpr[8] = { [EAX] = 20 };	/* getpid */
		struct trap t = run_bytes(code, sizeof(code), gpr);

		if (n == 0x80) {
			must(!t.sig && gpr[EAX] == (__u32)getpid(), "int 0x80");
			continue;
		}
		must(t.sig, "int n");
		must(n == 3 || n == 4 || t.err == (__u32)n * 8 + 2, "error code of int n");
		dtrap("int", &t);
	}
	struct trap t = run_bytes("\xcc\x90", 2, NULL);

	must(t.sig == SIGTRAP && t.trapno == 3 && t.eip == CODE_AT + 1, "int3");
	dtrap("int3", &t);
	t = run_bytes("\xf1\x90", 2, NULL);
	dtrap("icebp", &t);
}

static int steps;

static bool step(struct trap *t, void *ucontext)
{
	(void)ucontext;
	if (t->sig != SIGTRAP || t->trapno != 1)
		return false;
	if (t->eip >= CODE_AT && t->eip < CODE_AT + PAGE) {
		d("step", t->eip - CODE_AT);
		d("flags", t->flags);
	}
	return ++steps < 2000;
}

/* Sets its own TF, and is told of each instruction from the second on. */
void test_singlestep(void)
{
	static const __u8 code[] = {
		0x9c,				/* pushf */
		0x81, 0x0c, 0x24, 0, 1, 0, 0,	/* orl $0x100,(%esp) */
		0x9d,				/* popf */
		0x90,
		0xb9, 3, 0, 0, 0,		/* mov $3,%ecx */
		0xf3, 0xaa,			/* rep stosb */
		0x9c, 0x58,			/* pushf; pop %eax: TF is seen */
		0x8c, 0xd3,			/* mov %ss,%ebx */
		0x8e, 0xd3,			/* mov %ebx,%ss: no trap behind it */
		0x90,
		0xb8, 20, 0, 0, 0,		/* mov $20,%eax */
		0xcd, 0x80,			/* int $0x80 */
		0x90,
		0x16, 0x17,			/* push %ss; pop %ss: shadow too */
		0x90,
		0xe8, 1, 0, 0, 0,		/* call +1 */
		0x90,				/* skipped, then returned to */
		0x58,				/* pop %eax */
		0x0f, 0xa2,			/* cpuid */
		0x9c,				/* pushf */
		0x81, 0x24, 0x24, 0xff, 0xfe, 0xff, 0xff, /* andl $~0x100,(%esp) */
		0x9d,				/* popf */
		0x90,
	};
	__u32 gpr[8] = { [EDI] = DATA_AT };

	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	at_trap(step);
	struct trap t = run_bytes(code, sizeof(code), gpr);

	at_trap(NULL);
	must(!t.sig, "single-step to the end");
	must(!(t.flags & 0x100), "TF is clear in the end");
	must(steps > 15 && steps < 40, "number of steps");
	d("steps", steps);
	dtrap("end", &t);
}

static int alarms;

static void alarm_handler(int sig, siginfo_t *info, void *context)
{
	__u32 junk[8];
	int i;

	(void)info;
	(void)context;
	/* Another's x87 and SSE state, on top of the interrupted one. */
	asm volatile("fninit\n\tfldpi\n\tfldl2t\n\tpcmpeqd %%xmm0, %%xmm0\n\t"
		     "pcmpeqd %%xmm7, %%xmm7" : : : "xmm0", "xmm7");
	for (i = 0; i < 8; i++)
		junk[i] = sig * i;
	asm volatile("" : : "r"(junk) : "memory");
	__atomic_add_fetch(&alarms, 1, __ATOMIC_SEQ_CST);
}

/*
 * A timer interrupts a loop that holds known values in all registers, which
 * must be there whenever the handler returned.
 */
void test_alarm(void)
{
	struct sigaction sa = { .sa_sigaction = alarm_handler, .sa_flags = SA_SIGINFO };
	struct itimerval every = { { 0, 3000 }, { 0, 3000 } }, none = { { 0, 0 }, { 0, 0 } };
	__u32 bad = 0, rounds = 0;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (__atomic_load_n(&alarms, __ATOMIC_SEQ_CST) < 60) {
		__u32 sum, n = 2000;
		__u8 flag;
		double f = 1.5;
		float s[4] = { 1, 2, 3, 4 }, out[4];

		asm volatile("fldl %[f]\n\t"
			     "movups %[s], %%xmm7\n\t"
			     "movl $0x11111111, %%eax\n\t"
			     "movl $0x22222222, %%edx\n\t"
			     "movl $0x33333333, %%esi\n\t"
			     "movl $0x44444444, %%edi\n\t"
			     "stc\n"
			     "1:	jnc 2f\n\t"
			     "loop 1b\n"
			     "2:	setc %[flag]\n\t"
			     "xorl %%edx, %%eax\n\t"
			     "xorl %%esi, %%eax\n\t"
			     "xorl %%edi, %%eax\n\t"
			     "fstpl %[f]\n\t"
			     "movups %%xmm7, %[out]"
			     : [flag] "=q"(flag), "=&a"(sum), [f] "+m"(f), "+c"(n),
			       [out] "=m"(out)
			     : [s] "m"(s)
			     : "edx", "esi", "edi", "cc", "xmm7", "st");
		if (sum != (0x11111111 ^ 0x22222222 ^ 0x33333333 ^ 0x44444444) || n || !flag ||
		    f != 1.5 || memcmp(s, out, sizeof(s)))
			bad++;
		rounds++;
	}
	setitimer(ITIMER_REAL, &none, NULL);
	must(!bad, "registers changed by a signal's handler");
	must(rounds > 0, "no round");
}

static int depth;
static __u32 low, high;

static void deeper(int sig)
{
	__u8 here;

	if ((__u32)&here < low)
		low = (__u32)&here;
	if ((__u32)&here > high)
		high = (__u32)&here;
	if (++depth % 8)
		raise(sig);
	d("depth", depth);
	d("sig", sig);
}

static sigjmp_buf back;

static void jump_out(int sig)
{
	siglongjmp(back, sig);
}

void test_altstack(void)
{
	static __u8 alt[65536];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct sigaction sa = { .sa_handler = deeper, .sa_flags = SA_ONSTACK | SA_NODEFER };
	int i;

	must(!sigaltstack(&ss, NULL), "sigaltstack");
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	low = -1;
	raise(SIGUSR1);
	raise(SIGUSR2);
	must(low >= (__u32)alt && high < (__u32)alt + sizeof(alt), "handlers on the other stack");
	must(depth == 16, "nested signals");

	/* Recursion off the end of the stack, survived on the other one. */
	sa.sa_handler = jump_out;
	sigaction(SIGSEGV, &sa, NULL);
	for (i = 0; i < 20; i++) {
		int sig = sigsetjmp(back, 1);

		if (!sig)
			*(__u32 *)0x30000000 = 1;
		d("jumped", sig);
	}
}

static bool skip_ud2(struct trap *t, void *ucontext)
{
	ucontext_t *uc = ucontext;
	greg_t *r = uc->uc_mcontext.gregs;

	if (t->sig != SIGILL)
		return false;
	/* All registers anew, the flags and x87's control word too. */
	r[REG_EIP] += 2;
	r[REG_EAX] = r[REG_EAX] * 3;
	r[REG_ECX] ^= 0xffff;
	r[REG_EDX] += 1;
	r[REG_EBX] = 0x12345678;
	r[REG_ESI] = r[REG_EDI];
	r[REG_EDI] = 0x87654321;
	r[REG_EBP] = 0xaabbccdd;
	r[REG_EFL] ^= 0x8d5;
	return true;
}

void test_sigreturn(void)
{
	__u32 gpr[8];
	int i, k;

	at_trap(skip_ud2);
	for (i = 0; i < 50; i++) {
		struct trap t;

		for (k = 0; k < 8; k++)
			gpr[k] = random32();
		t = run_bytes("\x01\xc8\x0f\x0b\x11\xd1\x0f\x0b\x19\xf7", 10, gpr);
		must(!t.sig, "code that the handler lets go on");
		dmem("registers", gpr, sizeof(gpr));
		d("flags", t.flags);
	}
	at_trap(NULL);
}

static void nothing(int sig)
{
	(void)sig;
}

void test_restart(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
	union sigval value = { .sival_int = 0x1234 };
	siginfo_t info;
	sigset_t set, old;
	int fd[2], i;
	char c;
	pid_t pid;

	must(!pipe(fd), "pipe");
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	must(read(fd[0], &c, 1) == -1 && errno == EINTR, "an interrupted read");
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	pid = fork();
	if (!pid) {
		usleep(100000);
		_exit(write(fd[1], "r", 1));
	}
	setitimer(ITIMER_REAL, &soon, NULL);
	must(read(fd[0], &c, 1) == 1 && c == 'r', "a restarted read");
	waitpid(pid, NULL, 0);

	/* Blocked signals queue, real-time ones in order and with their values. */
	sigemptyset(&set);
	for (i = 0; i < 4; i++)
		sigaddset(&set, SIGRTMIN + i);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (i = 7; i >= 0; i--) {
		value.sival_int = i * 11;
		sigqueue(getpid(), SIGRTMIN + i % 4, value);
	}
	for (i = 0; i < 8; i++) {
		d("signal", sigwaitinfo(&set, &info) - SIGRTMIN);
		d("value", info.si_value.sival_int);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
}
