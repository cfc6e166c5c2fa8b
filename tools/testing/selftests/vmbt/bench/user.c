// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's program in the guest: one workload a row, each a number of
 * the same operation between two marks (mark.h), for processes under an
 * unmodified kernel. What needs ring 0 is in bare.c.
 *
 *   vmbt-bench [-a] ROW...	these rows; -a: before and after each
 *				row, wait for a byte on the serial port
 *   vmbt-bench -m		only a mark: the boot is over
 *
 * Lines of output: "@begin ROW", "@end ROW OPERATIONS ALL", ALL with those before
 * the first mark: every row does some of its operations there, so that what is
 * made on demand is there.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mark.h"

#define PAGE	4096
#define PIPE_WARM	10
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char self[] = "/proc/self/exe";

static void die(const char *what)
{
	printf("@failed %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

static void need(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

/* Integer work without memory; an operation is a thousand rounds. */
static void compute(unsigned int n)
{
	unsigned int a = 1, b = 2, c = 3, i;

	for (i = 0; i < n * 1000; i++) {
		a = a * 1664525 + 1013904223;
		b ^= a >> 7;
		c += (b << 3) - (a & 0xff);
		b = (b << 5 | b >> 27) + c;
	}
	asm volatile("" : : "r" (a), "r" (b), "r" (c));
}

/* An operation is a page copied by REP MOVSD, one by MOV. */
static void copy(unsigned int n)
{
	static unsigned int from[16 * 1024], to[16 * 1024];
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		unsigned int *d = to + i % 16 * 1024, *s = from + i % 16 * 1024;
		unsigned int words = 1024;

		asm volatile("rep movsl" : "+D" (d), "+S" (s), "+c" (words) : : "memory");
		d = to + (i + 1) % 16 * 1024;
		s = from + (i + 1) % 16 * 1024;
		for (j = 0; j < 1024; j += 4) {
			d[j] = s[j];
			d[j + 1] = s[j + 1];
			d[j + 2] = s[j + 2];
			d[j + 3] = s[j + 3];
			asm volatile("" : : : "memory");
		}
	}
}

static void int80(unsigned int n)
{
	unsigned int i, r;

	for (i = 0; i < n; i++)
		asm volatile("int $0x80" : "=a" (r) : "0" (SYS_getppid) : "memory");
}

/* The kernel's own way in, which is SYSENTER where the CPU has it. */
static void vdso(unsigned int n)
{
	unsigned long entry = getauxval(AT_SYSINFO);
	unsigned int i, r;

	need(entry, "AT_SYSINFO");
	for (i = 0; i < n; i++)
		asm volatile("call *%1" : "=a" (r) : "r" (entry), "0" (SYS_getppid) : "memory");
}

/* Memory never touched before, 256 pages at a time. */
static void fault(unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i += 256) {
		char *p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		need(p != MAP_FAILED, "mmap");
		for (j = 0; j < 256; j++)
			*(volatile char *)(p + j * PAGE) = 1;
		munmap(p, 256 * PAGE);
	}
}

static void map(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		void *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		need(p != MAP_FAILED, "mmap");
		munmap(p, 4 * PAGE);
	}
}

/* A page's protection changed, and the page written. */
static void protect(unsigned int n)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	unsigned int i;

	for (i = 0; i < n; i++) {
		mprotect(page, PAGE, PROT_READ);
		mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)page = 1;
	}
}

static volatile unsigned int signals;

static void handler(int sig)
{
	signals += sig == SIGUSR1;
}

static void send_signals(unsigned int n)
{
	unsigned int i;

	signal(SIGUSR1, handler);
	signals = 0;
	for (i = 0; i < n; i++)
		kill(getpid(), SIGUSR1);
	need(signals == n, "signals");
}

/* A byte to another process and one back: two switches of context. */
static void ping_pong(unsigned int n)
{
	int there[2], back[2];
	unsigned int i;
	pid_t pid;
	char c = 0;

	need(!pipe(there) && !pipe(back), "pipe");
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid) {
		close(there[1]);
		while (read(there[0], &c, 1) == 1)
			need(write(back[1], &c, 1) == 1, "write");
		_exit(0);
	}
	for (i = 0; i < PIPE_WARM; i++)
		need(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1, "pipe");
	mark();
	for (i = 0; i < n; i++)
		need(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1, "pipe");
	mark();
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void fork_wait(unsigned int n)
{
	unsigned int i;
	pid_t pid;

	for (i = 0; i < n; i++) {
		pid = fork();
		need(pid >= 0, "fork");
		if (!pid)
			_exit(0);
		need(waitpid(pid, NULL, 0) == pid, "waitpid");
	}
}

static void fork_exec(unsigned int n)
{
	char * const argv[] = { (char *)"vmbt-bench", (char *)"-n", NULL };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < n; i++) {
		pid = fork();
		need(pid >= 0, "fork");
		if (!pid) {
			execv(self, argv);
			_exit(1);
		}
		need(waitpid(pid, NULL, 0) == pid, "waitpid");
	}
}

static void file_read(unsigned int n)
{
	static char buf[PAGE];
	unsigned int i;
	int fd = open(self, O_RDONLY);

	need(fd >= 0, self);
	for (i = 0; i < n; i++)
		need(pread(fd, buf, PAGE, i % 64 * PAGE) == PAGE, "pread");
	close(fd);
}

/* Sleeps until a clock tick: what a timer costs, the time asleep not counted. */
static void timer(unsigned int n)
{
	struct timespec ts = { .tv_nsec = 1000000 };
	unsigned int i;

	for (i = 0; i < n; i++)
		need(!nanosleep(&ts, NULL), "nanosleep");
}

/* What bench.py has put there: Debian's gcc, and a source of this tree's. */
static void compile_c(unsigned int n)
{
	static const char gcc[] = "/usr/bin/i686-linux-gnu-gcc-12";
	char * const argv[] = { (char *)gcc, (char *)"-O2", (char *)"-ffreestanding",
				(char *)"-c", (char *)"/compile.i", (char *)"-o",
				(char *)"/tmp/compile.o", NULL };
	char * const envp[] = { (char *)"PATH=/usr/bin", (char *)"TMPDIR=/tmp", NULL };
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < n; i++) {
		pid = fork();
		need(pid >= 0, "fork");
		if (!pid) {
			execve(gcc, argv, envp);
			_exit(1);
		}
		need(waitpid(pid, &status, 0) == pid && !status, "gcc");
	}
}

/* @warm: operations before the first mark; 0: the row does that, and marks, itself. */
static const struct row {
	const char *name;
	void (*run)(unsigned int n);
	unsigned int warm, n;
} rows[] = {
	{ "compute", compute, 10, 20000 },
	{ "memcopy", copy, 32, 50000 },
	{ "int80", int80, 500, 5000 },
	{ "sysenter", vdso, 500, 5000 },
	{ "pagefault", fault, 512, 2048 },
	{ "mmap", map, 200, 1000 },
	{ "mprotect", protect, 200, 1000 },
	{ "signal", send_signals, 200, 1000 },
	{ "pipe", ping_pong, 0, 1000 },
	{ "forkwait", fork_wait, 20, 100 },
	{ "forkexec", fork_exec, 10, 50 },
	{ "fileread", file_read, 200, 2000 },
	{ "timer", timer, 5, 50 },
	{ "compile", compile_c, 1, 1 },
};

static bool acknowledged;

static void meet(const char *fmt, const char *name, unsigned int n, unsigned int all)
{
	char c;

	printf(fmt, name, n, all);
	fflush(stdout);
	if (acknowledged)
		need(read(STDIN_FILENO, &c, 1) == 1, "no answer");
}

static void run(const struct row *row)
{
	meet("@begin %s\n", row->name, 0, 0);
	if (row->warm) {
		row->run(row->warm);
		mark();
		row->run(row->n);
		mark();
	} else {
		row->run(row->n);
	}
	meet("@end %s %u %u\n", row->name, row->n,
	     row->n + (row->warm ? row->warm : PIPE_WARM));
}

int main(int argc, char **argv)
{
	unsigned int i;
	int arg = 1, fd;

	if (argc > 1 && !strcmp(argv[1], "-n"))
		return 0;
	if (argc > 1 && !strcmp(argv[1], "-m")) {
		mark();
		return 0;
	}
	fd = open("/dev/ttyS0", O_RDWR);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
	}
	if (arg < argc && !strcmp(argv[arg], "-a")) {
		acknowledged = true;
		arg++;
	}
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool wanted = false;
		int j;

		for (j = arg; j < argc; j++)
			wanted |= !strcmp(argv[j], rows[i].name);
		if (wanted)
			run(&rows[i]);
	}
	return 0;
}
