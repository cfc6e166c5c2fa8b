// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer's supervisor: one life after the other, and what came of them.
 *
 *   abifuzz SECONDS [SEED [LIFE]]	from LIFE on, whose seed follows from SEED
 *   abifuzz --list			the ioctls it knows
 *
 * Which calls a life makes follows from its seed; how they fall together does
 * not. The kernel judges: a report of its own is a failure of the test host.
 * Here it is one if a process can't be killed, if anything is left behind, if
 * another address space may use a VM, or if an ioctl never succeeded: then the
 * fuzzer has not been where it says.
 *
 * Environment: FAIL=1 lets allocations and user accesses fail at random, where
 * the kernel has fault injection (faults.sh); NAME is put in front of results.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abifuzz.h"
#include "guest.h"

#define RUNNERS		2
#define OTHERS		4
#define THREADS		(RUNNERS + OTHERS)
#define ENOUGH		15	/* seconds in which all must have been tried */
#define PATIENCE	240	/* and more of them where the machine is busy */

enum end { END_EXIT, END_KILL, END_EXEC, END_ORDER, END_CRASH, END_LEADER, ENDS };

static const char *const end_names[ENDS] = {
	"exit", "killed", "exec", "closed", "crashed", "leader first",
};

struct counts *counts;
static bool failing;
static unsigned int longest;	/* life, in seconds */
static int failures;

static void result(const char *name, bool good, const char *why)
{
	const char *which = getenv("NAME") ?: "abifuzz";

	if (good)
		printf("ok %s-%s\n", which, name);
	else
		printf("not ok %s-%s: %s\n", which, name, why);
	failures += !good;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void self_init(struct self *t)
{
	t->tid = syscall(SYS_gettid);
	t->fail_fd = failing ? open("/proc/thread-self/fail-nth",
				    O_RDWR | O_CLOEXEC) : -1;
}

static void *other(void *arg)
{
	struct self *t = arg;

	self_init(t);
	while (!READ_ONCE(t->life->over)) {
		if (one_in(&t->rng, 4))
			random_deed(t);
		else
			random_call(t);
	}
	return NULL;
}

static void *run_some(void *arg)
{
	self_init(arg);
	return runner(arg);
}

static struct self *selves(struct life *life, struct rng *r, unsigned int n)
{
	struct self *t = calloc(n, sizeof(*t));
	unsigned int i;

	for (i = 0; t && i < n; i++) {
		t[i].life = life;
		t[i].rng.s = rnd(r);
		t[i].fail_fd = -1;
		/* Arguments, a page that is not there, room for mremap(). */
		t[i].arena = mmap(NULL, ARENA + PAGE + GUEST_END, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (t[i].arena == MAP_FAILED ||
		    mprotect(t[i].arena, ARENA, PROT_READ | PROT_WRITE))
			return NULL;
	}
	return t;
}

/* Signals to single threads until the life is over. */
static void pester(struct life *life, struct self *t, struct rng *r, double until)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGALRM };

	while (now() < until) {
		usleep(500 + below(r, life->mood == PATIENT ? 200000 : 8000));
		syscall(SYS_tgkill, getpid(), t[below(r, THREADS)].tid,
			signals[below(r, ARRAY_SIZE(signals))]);
	}
}

static void end_exec(struct life *life)
{
	char dev[12], vm[12], cpu[12];

	snprintf(dev, sizeof(dev), "%d", life->dev);
	snprintf(vm, sizeof(vm), "%d", life->m[0].vm);
	snprintf(cpu, sizeof(cpu), "%d", life->m[0].cpu);
	fcntl(life->m[0].vm, F_SETFD, 0);
	fcntl(life->m[0].cpu, F_SETFD, 0);
	execl("/proc/self/exe", "abifuzz", "--inherited", vm, cpu, NULL);
	_exit(0);
}

static void end_order(struct life *life, struct self *t, pthread_t *threads)
{
	unsigned int i;

	WRITE_ONCE(life->over, true);
	for (i = 0; i < THREADS; i++)
		while (pthread_tryjoin_np(threads[i], NULL) == EBUSY) {
			syscall(SYS_tgkill, getpid(), t[i].tid, SIGUSR1);
			usleep(2000);
		}
	for (i = 0; i < VMS; i++) {
		machine_tally(t, &life->m[i]);
		machine_close(t, &life->m[i]);
	}
	_exit(0);
}

static void live(uint64_t seed, enum end end, double seconds)
{
	struct life *life = calloc(1, sizeof(*life));
	struct sigaction sa = { .sa_handler = on_signal };
	struct rng r = { seed };
	pthread_t threads[THREADS];
	struct self *t;
	unsigned int i;

	/* To whom limits apply; only root can have faults injected. */
	if (!failing && one_in(&r, 3) && !geteuid() && !chmod("/dev/vmbt", 0666))
		(void)!setuid(65534);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &sa, NULL);
	catch_faults();

	life->seed = seed;
	life->mood = below(&r, MOODS);
	life->dev = open("/dev/vmbt", O_RDWR | O_CLOEXEC);
	for (i = 0; i < VMS; i++) {
		life->m[i].vm = -1;
		life->m[i].cpu = -1;
	}
	t = selves(life, &r, THREADS);
	if (!t)
		_exit(2);
	/* To make a VM takes a while; those that run it make the others. */
	machine_make(&t[0], &life->m[0]);
	for (i = 0; i < VMS; i++)
		machine_room(&life->m[i]);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, i < RUNNERS ? run_some : other,
				   &t[i]))
			_exit(2);
	pester(life, t, &r, now() + seconds);

	switch (end) {
	case END_EXEC:
		end_exec(life);
		break;
	case END_ORDER:
		end_order(life, t, threads);
		break;
	case END_CRASH:
		signal(SIGABRT, SIG_DFL);
		raise(SIGABRT);
		break;
	case END_LEADER:
		syscall(SYS_exit, 0);
		break;
	case END_KILL:
		for (;;)
			pause();
	default:
		break;
	}
	_exit(0);
}

static void print_stacks(pid_t pid)
{
	char cmd[100];

	snprintf(cmd, sizeof(cmd), "head -n 8 /proc/%d/task/*/stack | sed 's/^/# /'", pid);
	(void)!system(cmd);
}

/* Wait, but not for ever: 1 if it has ended. */
static int reap(pid_t pid, double seconds, int *status)
{
	double until = now() + seconds;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (now() > until)
			return 0;
		usleep(5000);
	}
	return 1;
}

static bool supervise(struct rng *r, uint64_t seed)
{
	enum end end = below(r, ENDS);
	double seconds = one_in(r, 4) ? below(r, 1000) / 1000.0 : 1 + below(r, longest);
	bool stop = one_in(r, 4);
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		live(seed, end, seconds);
		_exit(0);
	}
	if (pid < 0)
		return true;
	counts->lives++;
	counts->ends[end]++;
	if (stop) {
		usleep(seconds * 500000);
		kill(pid, SIGSTOP);
		usleep(20000);
		kill(pid, SIGCONT);
	}
	if (!reap(pid, seconds + (end == END_KILL || end == END_LEADER ? 0.3 : 20), &status)) {
		/* On a busy machine it may just be slow: look where it is. */
		if (end != END_KILL && end != END_LEADER && end != END_ORDER) {
			printf("# life %#llx has not ended by itself (%s)\n",
			       (unsigned long long)seed, end_names[end]);
			print_stacks(pid);
		}
		kill(pid, SIGKILL);
		if (!reap(pid, 120, &status)) {
			print_stacks(pid);
			printf("# life %#llx\n", (unsigned long long)seed);
			return false;
		}
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
	    WTERMSIG(status) != SIGABRT)
		counts->crashed++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		counts->foreign++;
	return true;
}

static void print_counts(void)
{
	unsigned int i, e;

	for (i = 0; i < ncalls + ndeeds; i++) {
		uint64_t sum = 0;

		for (e = 0; e < ERRNOS; e++)
			sum += counts->n[i][e];
		printf("# %-28s %8llu calls %8llu ok",
		       i < ncalls ? calls[i].name : deeds[i - ncalls].name,
		       (unsigned long long)sum,
		       (unsigned long long)counts->n[i][0]);
		for (e = 1; e < ERRNOS; e++)
			if (counts->n[i][e])
				printf(" %s %llu", strerrorname_np(e) ?: "?",
				       (unsigned long long)counts->n[i][e]);
		printf("\n");
	}
	printf("# exits:");
	for (i = 0; i < EXITS; i++)
		if (counts->exits[i])
			printf(" %u: %llu", i, (unsigned long long)counts->exits[i]);
	printf("\n# ends:");
	for (i = 0; i < ENDS; i++)
		printf(" %s %llu", end_names[i], (unsigned long long)counts->ends[i]);
	printf("\n# some of the VMs:");
	for (i = 0; i < TALLIES; i++)
		printf(" %s %llu", tallied[i], (unsigned long long)counts->tally[i]);
	printf("\n# %llu lives, %llu crashed by themselves, %llu faults injected\n",
	       (unsigned long long)counts->lives, (unsigned long long)counts->crashed,
	       (unsigned long long)counts->injected);
}

static long users(void)
{
	FILE *f = fopen("/sys/module/vmbt/refcnt", "r");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* The name of an ioctl that has not succeeded yet. */
static const char *never(void)
{
	unsigned int i;

	for (i = 0; i < ncalls; i++)
		if (!counts->n[i][0] && strncmp(calls[i].name, "VMBT_HOSTILE", 12))
			return calls[i].name;
	return NULL;
}

static bool guests_ran(void)
{
	return counts->exits[KVM_EXIT_IO] && counts->exits[KVM_EXIT_MMIO] &&
	       counts->exits[KVM_EXIT_HLT] && counts->tally[0];
}

static void judge(bool ended, double seconds)
{
	char why[100];
	unsigned int i;

	result("ends", ended, "a process could not be killed");
	result("foreign", !counts->foreign,
	       "another address space could use a VM");
	result("leaves", !counts->unknown, "a VM mapped what is not its own");
	for (i = 0; i < 500 && users() > 0; i++)
		usleep(20000);
	result("released", users() <= 0, "the module is still in use");
	if (seconds < ENOUGH)
		return;
	snprintf(why, sizeof(why), "never %s", never());
	result("each-ioctl", !never(), why);
	result("guests-run", guests_ran(),
	       "no guest ran to a port, to memory that is not there and to HLT");
}

int main(int argc, char **argv)
{
	struct rlimit core = { 0, 0 };
	double start = now(), seconds, told = 0;
	uint64_t seed, life = 0;
	bool ended = true;
	struct rng r;
	unsigned int i;
	int fd;

	if (argc > 2 && !strcmp(argv[1], "--inherited"))
		return inherited(argc - 2, argv + 2) ? 3 : 0;
	if (argc > 1 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < ncalls; i++)
			puts(calls[i].name);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	seconds = argc > 1 ? atof(argv[1]) : 20;
	longest = seconds < 100 ? 5 : 20;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	life = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	failing = !!getenv("FAIL");
	setrlimit(RLIMIT_CORE, &core);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 1;
	/* Should memory run out, a life goes first. */
	fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (fd >= 0 && write(fd, "500", 3) != 3)
		close(fd);
	printf("# seed %llu, %zu-bit, %.0f s%s\n", (unsigned long long)seed,
	       sizeof(long) * 8, seconds, failing ? ", faults injected" : "");
	fflush(stdout);
	for (; ended; life++) {
		double t = now() - start;

		/* A busy machine gets more time for what must have been tried. */
		if (t > seconds && (seconds < ENOUGH || t > seconds + PATIENCE ||
				    (!never() && guests_ran())))
			break;
		r.s = seed + life * 0x632be59bd9b4e019;
		ended = supervise(&r, rnd(&r));
		if (now() - told > 60) {
			told = now();
			printf("# %.0f s, life %llu\n", told - start,
			       (unsigned long long)life);
		}
	}
	print_counts();
	judge(ended, seconds);
	return failures != 0;
}
