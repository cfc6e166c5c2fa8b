// SPDX-License-Identifier: GPL-2.0
/*
 * A test program for guests, built for i386: what a process may do, from fork
 * to segment tricks, each test with a digest of all it saw. boot/compare.sh
 * runs it natively (qemu-system-i386) and under vmbt and compares the lines.
 *
 *   guestprog		every test: `ok NAME DIGEST`
 *   guestprog NAME...	these tests
 *   guestprog -v NAME	with each value that goes into the digest, to find
 *			the one that differs
 *   guestprog --tsc	the time stamp counter, for interpreted.sh
 *
 * Each test runs in a process of its own, so that one that dies or hangs is a
 * failure and the others still run.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "forktree", test_forktree },
	{ "exec", test_exec },
	{ "vfork", test_vfork },
	{ "threads", test_threads },
	{ "clone", test_clone },
	{ "pipes", test_pipes },
	{ "poll", test_poll },
	{ "statuses", test_statuses },
	{ "atomics", test_atomics },
	{ "segv", test_segv },
	{ "sweep", test_sweep },
	{ "fpe", test_fpe },
	{ "intn", test_intn },
	{ "singlestep", test_singlestep },
	{ "alarm", test_alarm },
	{ "altstack", test_altstack },
	{ "sigreturn", test_sigreturn },
	{ "restart", test_restart },
	{ "mmap", test_mmap },
	{ "mremap", test_mremap },
	{ "cow", test_cow },
	{ "files", test_files },
	{ "referenced", test_referenced },
	{ "stack", test_stack },
	{ "selfmod", test_selfmod },
	{ "jit", test_jit },
	{ "x87", test_x87 },
	{ "x87-funcs", test_x87_funcs },
	{ "x87-env", test_x87_env },
	{ "mmx", test_mmx },
	{ "sse", test_sse },
	{ "sse4", test_sse4 },
	{ "avx", test_avx },
	{ "fpu-switch", test_fpu_switch },
	{ "alu", test_alu },
	{ "strings", test_strings },
	{ "tls-wrap", test_tls_wrap },
	{ "selectors", test_selectors },
	{ "lar", test_lar },
	{ "ldt", test_ldt },
	{ "code16", test_code16 },
	{ "stack16", test_stack16 },
	{ "ptrace-step", test_ptrace_step },
	{ "ptrace-poke", test_ptrace_poke },
	{ "ptrace-watch", test_ptrace_watch },
	{ "ptrace-calls", test_ptrace_calls },
	{ "privileged", test_privileged },
	{ "flags", test_flags },
	{ "tables", test_tables },
	{ "ports", test_ports },
	{ "syscalls", test_syscalls },
};

#define NTESTS	((int)ARRAY_SIZE(tests))

/* The result travels from the test's process in shared memory. */
static struct result {
	__u64 digest;
	bool done;
	bool bad;
	char why[160];
} *result;

static bool verbose;
static __u64 digest;
static __u32 lcg;

/**
 * dmem() - put memory into the digest
 * @tag: its name, for -v
 * @p: what was seen
 * @len: bytes
 *
 * FNV-1a: order matters, and each byte.
 */
void dmem(const char *tag, const void *p, size_t len)
{
	const __u8 *b = p;
	size_t i;

	for (i = 0; i < len; i++)
		digest = (digest ^ b[i]) * 0x100000001b3ull;
	if (!verbose)
		return;
	fprintf(stderr, "  %s", tag);
	for (i = 0; i < len && i < 64; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", b[i]);
	fputc('\n', stderr);
}

/**
 * d() - put a number into the digest
 * @tag: its name, for -v
 * @value: what was seen
 */
void d(const char *tag, __u32 value)
{
	bool v = verbose;

	verbose = false;
	dmem(tag, &value, sizeof(value));
	verbose = v;
	if (verbose)
		fprintf(stderr, "  %s %08x\n", tag, value);
}

/**
 * d64() - put a number of 64 bits into the digest
 * @tag: its name, for -v
 * @value: what was seen
 */
void d64(const char *tag, __u64 value)
{
	d(tag, value);
	d(tag, value >> 32);
}

/**
 * must() - what the manual or Linux promises
 * @good: it was so
 * @what: says what was wrong if not
 */
void must(bool good, const char *what)
{
	if (good || result->bad)
		return;
	result->bad = true;
	snprintf(result->why, sizeof(result->why), "%s", what);
}

void seed(__u32 value)
{
	lcg = value;
}

/**
 * random32() - the next number of a sequence that seed() began
 *
 * Return: 32 bits, of which all are good enough to be operands.
 */
__u32 random32(void)
{
	__u32 x = lcg += 0x9e3779b9;

	x = (x ^ (x >> 16)) * 0x85ebca6b;
	x = (x ^ (x >> 13)) * 0xc2b2ae35;
	return x ^ (x >> 16);
}

static void one(int i)
{
	struct timespec limit = { .tv_sec = 120 };
	sigset_t child, old;
	pid_t pid, got;
	int status;

	/* No polling: it would be load beside the test. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &old);
	memset(result, 0, sizeof(*result));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, &old, NULL);
		digest = 0xcbf29ce484222325ull;
		seed(i + 1);
		tests[i].run();
		result->digest = digest;
		result->done = true;
		_exit(0);
	}
	sigtimedwait(&child, NULL, &limit);
	got = waitpid(pid, &status, WNOHANG);
	kill(-pid, SIGKILL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (got != pid) {
		waitpid(pid, &status, 0);
		printf("not ok %s: not done after two minutes\n", tests[i].name);
	} else if (result->bad) {
		printf("not ok %s: %s\n", tests[i].name, result->why);
	} else if (!result->done) {
		printf("not ok %s: ended with status %x\n", tests[i].name, status);
	} else {
		printf("ok %s %016llx\n", tests[i].name, result->digest);
		return;
	}
}

int main(int argc, char **argv, char **envp)
{
	bool bad = false;
	int i, k, first = 1;

	if (argc > 1 && !strcmp(argv[1], "--again"))
		return exec_again(argc, argv, envp);
	if (argc > 1 && !strcmp(argv[1], "--tsc")) {
		printf("%llu\n", __builtin_ia32_rdtsc());
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "-v")) {
		verbose = true;
		first = 2;
	}
	result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		return 1;
	for (i = 0; i < NTESTS; i++) {
		for (k = first; k < argc; k++)
			if (!strcmp(argv[k], tests[i].name))
				break;
		if (argc > first && k == argc)
			continue;
		one(i);
		bad |= result->bad || !result->done;
	}
	return bad;
}
