// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and threads: fork, vfork, exec, clone with thread-local storage,
 * pipes, poll, exit statuses and atomic operations on shared memory.
 *
 * These live on context switches: each one is a CR3 load, a new TSS stack and
 * new TLS descriptors in the guest's GDT.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int tree(int depth)
{
	pid_t pid[3];
	int i, sum = 1;

	if (!depth)
		return 1;
	for (i = 0; i < 3; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(tree(depth - 1));
	}
	for (i = 0; i < 3; i++)
		sum += WEXITSTATUS(wait_for(pid[i]));
	return sum;
}

void test_forktree(void)
{
	int i;

	must(tree(4) == 121, "a tree of 121 processes");
	for (i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(i);
		d("status", wait_for(pid));
	}
	must(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "no child is left");
}

/**
 * exec_again() - what the program does as `guestprog --again N ...`
 * @argc: as main()'s
 * @argv: as main()'s
 * @envp: as main()'s
 *
 * Replaces itself N times, with one argument and one variable more each time,
 * then prints all of them.
 *
 * Return: not 0 if it cannot.
 */
int exec_again(int argc, char **argv, char **envp)
{
	char *args[64], *env[64];
	char count[12], more[24], var[24];
	int i, n = argc > 2 ? atoi(argv[2]) : 0;

	if (n <= 0) {
		for (i = 3; i < argc; i++)
			printf("%s\n", argv[i]);
		for (i = 0; envp[i]; i++)
			printf("%s\n", envp[i]);
		fflush(stdout);
		return 7;
	}
	for (i = 0; i < argc && i < 60; i++)
		args[i] = argv[i];
	snprintf(count, sizeof(count), "%d", n - 1);
	snprintf(more, sizeof(more), "argument-%d", n);
	args[2] = count;
	args[i] = more;
	args[i + 1] = NULL;
	for (i = 0; envp[i] && i < 60; i++)
		env[i] = envp[i];
	snprintf(var, sizeof(var), "V%d=%x", n, n * 0x1234567);
	env[i] = var;
	env[i + 1] = NULL;
	execve("/proc/self/exe", args, env);
	return 1;
}

static __attribute__((noinline)) int spawn(char **args, char **env)
{
	pid_t pid = vfork();

	if (!pid) {
		close(1);
		execve("/proc/self/exe", args, env);
		_exit(1);
	}
	return wait_for(pid);
}

void test_exec(void)
{
	char *args[4] = { "guestprog", "--again", "20" };
	char *env[2] = { "FIRST=1" };
	char buf[4096];
	size_t len = 0;
	ssize_t got;
	int fd[2], i;
	pid_t pid;

	must(!pipe(fd), "pipe");
	pid = fork();
	if (!pid) {
		dup2(fd[1], 1);
		close(fd[0]);
		execve("/proc/self/exe", args, env);
		_exit(1);
	}
	close(fd[1]);
	while ((got = read(fd[0], buf + len, sizeof(buf) - len)) > 0)
		len += got;
	close(fd[0]);
	must(WEXITSTATUS(wait_for(pid)) == 7, "status of the last of 20 exec");
	must(len > 300, "output of the last of 20 exec");
	dmem("output", buf, len);

	args[2] = "1";
	for (i = 0; i < 10; i++)
		d("status", spawn(args, env));
	pid = fork();
	if (!pid) {
		execve("/proc/self/no-such", args, env);
		_exit(errno);
	}
	must(WEXITSTATUS(wait_for(pid)) == ENOENT, "exec of what is not there");
}

static int in_both;

static __attribute__((noinline)) int with_vfork(int i)
{
	pid_t pid = vfork();

	if (!pid) {
		__atomic_store_n(&in_both, i * 3, __ATOMIC_SEQ_CST);
		_exit(i);
	}
	return wait_for(pid);
}

void test_vfork(void)
{
	int i;

	for (i = 1; i <= 30; i++) {
		int status = with_vfork(i);

		must(__atomic_load_n(&in_both, __ATOMIC_SEQ_CST) == i * 3,
		     "what the vfork child wrote");
		must(WEXITSTATUS(status) == i, "status of the vfork child");
	}
	d("in both", in_both);
}

#define THREADS	6
#define TURNS	3000

static __thread __u32 own[700];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static __u32 together, turn;

static void *thread(void *arg)
{
	__u32 i, me = (__u32)arg, sum = 0;

	for (i = 0; i < TURNS; i++) {
		own[i % 700] += me * i + own[(i * 7) % 700];
		pthread_mutex_lock(&lock);
		together += me;
		pthread_mutex_unlock(&lock);
		if (i % 100 == 0)
			sched_yield();
	}
	for (i = 0; i < 60; i++) {
		pthread_mutex_lock(&lock);
		while (turn % THREADS != me - 1)
			pthread_cond_wait(&turn_changed, &lock);
		turn++;
		pthread_cond_broadcast(&turn_changed);
		pthread_mutex_unlock(&lock);
	}
	for (i = 0; i < 700; i++)
		sum = sum * 31 + own[i];
	return (void *)sum;
}

void test_threads(void)
{
	pthread_t t[THREADS];
	void *r;
	__u32 i;

	for (i = 0; i < THREADS; i++)
		must(!pthread_create(&t[i], NULL, thread, (void *)(i + 1)), "pthread_create");
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], &r);
		d("thread", (__u32)r);
	}
	must(together == TURNS * THREADS * (THREADS + 1) / 2, "sum under the mutex");
	d("turn", turn);
}

/* A block of thread data, used through %fs from its end, with its own memory. */
struct block {
	__u32 data[64];
};

static __u32 seen[8];
static struct block blocks[8];

static __u32 fs_before_end(void)
{
	__u32 v;

	asm volatile("movl %%fs:0xfffffffc, %0" : "=r"(v));
	return v;
}

static int with_tls(void *arg)
{
	__u32 i, me = (__u32)arg;

	for (i = 0; i < 400; i++) {
		asm volatile("addl %0, %%fs:0xffffff80" : : "r"(me) : "cc");
		if (i % 20 == 0)
			sched_yield();
	}
	seen[me] = fs_before_end();
	return me;
}

/*
 * set_thread_area() counts entries from the first free one: give the child a
 * segment by it, which clone() with CLONE_SETTLS does for the same entry.
 */
static int tls_child(void *arg)
{
	__u32 me = (__u32)arg;
	struct user_desc u = {
		.entry_number = -1,
		.base_addr = (__u32)(&blocks[me] + 1),
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
	};

	if (syscall(SYS_set_thread_area, &u))
		return 100;
	asm volatile("movw %w0, %%fs" : : "r"(u.entry_number * 8 + 3));
	blocks[me].data[63] = 0x1000 + me;
	return with_tls(arg);
}

void test_clone(void)
{
	static __u8 stacks[8][16384];
	pid_t pid[8];
	__u32 i;

	for (i = 1; i < 8; i++)
		pid[i] = clone(tls_child, stacks[i] + sizeof(stacks[i]),
			       CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, (void *)i);
	for (i = 1; i < 8; i++) {
		must(pid[i] > 0, "clone");
		d("status", wait_for(pid[i]));
		must(seen[i] == 0x1000 + i, "%fs:0xfffffffc in a clone");
		must(blocks[i].data[32] == 400 * i, "%fs:0xffffff80 in a clone");
	}
	dmem("blocks", blocks, sizeof(blocks));
}

void test_pipes(void)
{
	static __u8 big[65536];
	int there[2], back[2], i;
	__u32 v, sum = 0;
	size_t total = 0;
	ssize_t n;
	pid_t pid;

	must(!pipe(there) && !pipe(back), "pipe");
	pid = fork();
	if (!pid) {
		for (i = 0; i < 500; i++) {
			if (read(there[0], &v, 4) != 4)
				_exit(1);
			v = v * 1664525 + 1013904223;
			if (write(back[1], &v, 4) != 4)
				_exit(2);
		}
		close(back[0]);
		for (i = 0; i < 16; i++) {
			memset(big, i, sizeof(big));
			big[i] = 0xee;
			if (write(back[1], big, sizeof(big)) != sizeof(big))
				_exit(3);
		}
		_exit(0);
	}
	for (v = 1, i = 0; i < 500; i++) {
		must(write(there[1], &v, 4) == 4, "write to a pipe");
		must(read(back[0], &v, 4) == 4, "read from a pipe");
	}
	d("ping-pong", v);
	close(back[1]);
	while ((n = read(back[0], big, sizeof(big))) > 0) {
		for (i = 0; i < n; i++)
			sum = sum * 33 + big[i];
		total += n;
	}
	must(total == 16 * sizeof(big), "a megabyte through a pipe");
	d("sum", sum);
	d("status", wait_for(pid));

	fcntl(there[1], F_SETFL, O_NONBLOCK);
	for (i = 0; write(there[1], big, 4096) == 4096; i++)
		;
	d("room", i);
	must(errno == EAGAIN, "a full pipe");
	signal(SIGPIPE, SIG_IGN);
	close(there[0]);
	must(write(there[1], big, 1) == -1 && errno == EPIPE, "a pipe that nobody reads");
}

void test_poll(void)
{
	struct pollfd p[8];
	int fd[8][2], i, k;
	pid_t pid;

	for (i = 0; i < 8; i++) {
		must(!pipe(fd[i]), "pipe");
		p[i].fd = fd[i][0];
		p[i].events = POLLIN;
	}
	for (i = 0; i < 8; i++) {
		must(write(fd[i][1], "x", 1) == 1, "write");
		d("ready", poll(p, 8, 0));
		for (k = 0; k < 8; k++)
			d("revents", p[k].revents);
	}
	for (i = 0; i < 8; i += 2)
		close(fd[i][1]);
	d("closed", poll(p, 8, 0));
	for (k = 0; k < 8; k++) {
		char c;

		d("revents", p[k].revents);
		must(read(p[k].fd, &c, 1) == 1, "read");
	}
	d("empty", poll(p, 8, 20));
	pid = fork();
	if (!pid) {
		for (i = 1; i < 8; i += 2) {
			usleep(2000);
			if (write(fd[i][1], "yz", 2) != 2)
				_exit(1);
		}
		_exit(0);
	}
	for (i = 1; i < 8; i += 2) {
		struct pollfd one = { .fd = fd[i][0], .events = POLLIN };
		char c[2];

		must(poll(&one, 1, 10000) == 1, "poll waits for a child's write");
		must(read(fd[i][0], c, 2) == 2, "read what poll said");
	}
	d("status", wait_for(pid));
}

void test_statuses(void)
{
	struct rlimit none = { 0, 0 };
	int sig;

	setrlimit(RLIMIT_CORE, &none);
	for (sig = 1; sig < 32; sig++) {
		pid_t pid;
		int status;

		if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU)
			continue;
		pid = fork();
		if (!pid) {
			signal(sig, SIG_DFL);
			raise(sig);
			_exit(sig + 100);
		}
		status = wait_for(pid);
		d("status", status & ~0x80);
	}
}

/* Counters that four processes change at once, in the ways that LOCK knows. */
struct counters {
	__u32 inc, xadd, cas, spin, under_lock;
	__u64 wide;
	__u8 bits[64];
};

static void count(struct counters *c, int me)
{
	int i;

	for (i = 0; i < 5000; i++) {
		__u32 v = c->under_lock;
		__u64 w = c->wide;

		asm volatile("lock incl %0" : "+m"(c->inc) : : "cc");
		asm volatile("lock xaddl %1, %0" : "+m"(c->xadd), "+r"(v) : : "cc");
		v = c->cas;
		while (!__atomic_compare_exchange_n(&c->cas, &v, v + 3, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		while (!__atomic_compare_exchange_n(&c->wide, &w, w + 0x100000001ull, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		v = 1;
		do {
			asm volatile("xchgl %0, %1" : "+r"(v), "+m"(c->spin));
			if (v)
				sched_yield();
		} while (v);
		c->under_lock++;
		__atomic_store_n(&c->spin, 0, __ATOMIC_RELEASE);
		asm volatile("lock btsl %1, %0" : "+m"(c->bits)
			     : "r"(me * 128 + i % 128) : "cc");
	}
}

void test_atomics(void)
{
	struct counters *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[4];
	int i;

	must(c != MAP_FAILED, "mmap");
	for (i = 0; i < 4; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			count(c, i);
			_exit(i);
		}
	}
	for (i = 0; i < 4; i++)
		d("status", wait_for(pid[i]));
	must(c->inc == 20000, "lock inc");
	must(c->xadd <= 0xffffffff, "lock xadd");
	must(c->cas == 60000, "lock cmpxchg");
	must(c->wide == 20000 * 0x100000001ull, "lock cmpxchg8b");
	must(c->under_lock == 20000, "a lock by xchg");
	for (i = 0; i < 64; i++)
		must(c->bits[i] == 0xff, "lock bts");
}
