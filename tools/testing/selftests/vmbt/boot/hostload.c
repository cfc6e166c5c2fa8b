// SPDX-License-Identifier: GPL-2.0
/*
 * Measures from inside the test host, where a guest runs on the only CPU, and
 * what a shell there can't do.
 *
 *   hostload spin SECONDS	take what nobody else wants (SCHED_IDLE) and print
 *				how many rounds of a loop a millisecond had
 *   hostload wake MICROSECONDS	wake up again and again, so that interrupts come
 *				out of step with the guest's clock
 *	hostload trace PID N	N times: stop all threads of it as a debugger does,
 *				look at their registers, let them go on
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS	20000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int spin(double seconds)
{
	struct sched_param idle = { 0 };
	unsigned long n = 0;
	double start, end;

	if (sched_setscheduler(0, SCHED_IDLE, &idle)) {
		perror("sched_setscheduler(SCHED_IDLE)");
		return 1;
	}
	start = now();
	do {
		for (int i = 0; i < ROUNDS; i++)
			asm volatile("" : "+r" (n));
		n += ROUNDS;
		end = now();
	} while (end - start < seconds);
	printf("rounds %.0f\n", n / ((end - start) * 1000));
	return 0;
}

static int wake(long us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (!nanosleep(&t, NULL))
		;
	return 1;
}

static int stop_one(pid_t tid)
{
	struct user_regs_struct regs;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) ||
	    waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GETREGS, tid, NULL, &regs) ||
	    /* Past one more system call, with its stop on either side. */
	    ptrace(PTRACE_SYSCALL, tid, NULL, NULL)) {
		perror("ptrace");
		return 1;
	}
	return 0;
}

static int let_go(pid_t tid)
{
	int status;

	/* It may have come to a system call by itself, or not. */
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) || waitpid(tid, &status, __WALL) != tid ||
	    ptrace(PTRACE_DETACH, tid, NULL, NULL)) {
		perror("ptrace");
		return 1;
	}
	return 0;
}

static int trace(pid_t pid, int times)
{
	struct timespec t = { .tv_nsec = 20000000 };
	pid_t tids[64];
	char name[64];
	int i, n = 0;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	for (; times; times--) {
		struct dirent *d;
		DIR *dir = opendir(name);

		if (!dir) {
			perror(name);
			return 1;
		}
		n = 0;
		while (n < 64 && (d = readdir(dir)))
			if (atoi(d->d_name))
				tids[n++] = atoi(d->d_name);
		closedir(dir);
		for (i = 0; i < n; i++)
			if (stop_one(tids[i]))
				return 1;
		nanosleep(&t, NULL);
		for (i = 0; i < n; i++)
			if (let_go(tids[i]))
				return 1;
		nanosleep(&t, NULL);
	}
	printf("# traced %d threads\n", n);
	return !n;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "spin"))
		return spin(atof(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "wake"))
		return wake(atol(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "trace"))
		return trace(atoi(argv[2]), atoi(argv[3]));
	fprintf(stderr, "usage: hostload spin SECONDS | wake MICROSECONDS | trace PID N\n");
	return 2;
}
