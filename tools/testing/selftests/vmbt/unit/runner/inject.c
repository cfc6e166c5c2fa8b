// SPDX-License-Identifier: GPL-2.0
/*
 * Has every thread of a running process make system calls, and prints what each gets.
 *
 *   inject PID
 *
 * The sandbox of vmbt-run is to be seen in the program as it runs, without a way in
 * that is made for a test. So this is a debugger: it stops each thread, has it run a
 * SYSCALL instruction that it finds where the thread waits, and puts everything back.
 * Needs to be root, or the process's parent.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "types.h"

#define SYSCALL	0x050f

static const struct {
	const char *name;
	long nr, a, b, c;
} calls[] = {
	/* Addresses that don't exist: who gets to look at them finds EFAULT. */
	{ "execve", SYS_execve, 8, 0, 0 },
	{ "execveat", SYS_execveat, AT_FDCWD, 8, 0 },
	{ "open", SYS_open, 8, O_RDONLY, 0 },
	{ "openat", SYS_openat, AT_FDCWD, 8, O_RDONLY },
	{ "openat2", SYS_openat2, AT_FDCWD, 8, 8 },
	{ "ptrace", SYS_ptrace, PTRACE_PEEKDATA, 0, 0 },
	{ "process_vm_writev", SYS_process_vm_writev, 0, 0, 0 },
	{ "fork", SYS_clone, 0x800, 0, 0 },
	{ "kill", SYS_kill, 1, 0, 0 },
	{ "socket", SYS_socket, AF_UNIX, 99, 0 },
	/* And one that is allowed: the calls are really made. */
	{ "getpid", SYS_getpid, 0, 0, 0 },
};

static void fail(const char *what, int tid)
{
	fprintf(stderr, "inject: %s %d: %s\n", what, tid, strerror(errno));
	exit(1);
}

static void stopped(int tid)
{
	int status;

	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		fail("does not stop", tid);
}

static long make_call(int tid, const struct user_regs_struct *saved, unsigned int i)
{
	struct user_regs_struct r = *saved;

	r.rip = saved->rip - 2;
	r.rax = calls[i].nr;
	r.rdi = calls[i].a;
	r.rsi = calls[i].b;
	r.rdx = calls[i].c;
	r.r10 = 0;
	r.r8 = 0;
	r.orig_rax = -1;
	if (ptrace(PTRACE_SETREGS, tid, 0, &r) || ptrace(PTRACE_SINGLESTEP, tid, 0, 0))
		fail("can't be stepped", tid);
	stopped(tid);
	if (ptrace(PTRACE_GETREGS, tid, 0, &r))
		fail("no registers", tid);
	return r.rax;
}

static void thread(int pid, int tid)
{
	struct user_regs_struct saved;
	char comm[64] = "", path[64];
	unsigned int i;
	FILE *f;
	long at;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, sizeof(comm), f))
		fail("no name", tid);
	fclose(f);
	comm[strcspn(comm, "\n")] = 0;
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) || ptrace(PTRACE_INTERRUPT, tid, 0, 0))
		fail("can't be traced", tid);
	stopped(tid);
	if (ptrace(PTRACE_GETREGS, tid, 0, &saved))
		fail("no registers", tid);
	errno = 0;
	at = ptrace(PTRACE_PEEKTEXT, tid, saved.rip - 2, 0);
	if (errno || (at & 0xffff) != SYSCALL) {
		printf("%d %s: is not in a system call\n", tid, comm);
		exit(1);
	}
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		printf("%d %s: %s: %ld\n", tid, comm, calls[i].name, make_call(tid, &saved, i));
	/* With what it was in, it is begun anew as after any signal. */
	if (ptrace(PTRACE_SETREGS, tid, 0, &saved) || ptrace(PTRACE_DETACH, tid, 0, 0))
		fail("can't go on", tid);
}

int main(int argc, char **argv)
{
	struct dirent *e;
	char path[64];
	DIR *d;

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "/proc/%d/task", atoi(argv[1]));
	d = opendir(path);
	if (!d)
		fail("no process", atoi(argv[1]));
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			thread(atoi(argv[1]), atoi(e->d_name));
	return 0;
}
