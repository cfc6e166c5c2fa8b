// SPDX-License-Identifier: GPL-2.0
/*
 * What vmbt-run gives up before the guest runs.
 *
 * Allowed is what stands in the tables below, everything else is EPERM: not death, so
 * that a library that tries something goes on without. The filter of the process is
 * the sum of all tables and comes to every thread, those of libraries too; each of
 * our own threads then takes one more that is its own table's. Threads that began
 * before that wait at sandbox_thread(), since a filter for all of them needs them to
 * have the same so far.
 *
 * Threads share their memory, so the narrower filters bound a mistake rather than
 * an attacker: what holds whatever happens is the filter of the process.
 */
#include "sandbox.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/cdrom.h>
#include <linux/fd.h>
#include <linux/fs.h>
#include <linux/vmbt.h>
#include <seccomp.h>

#include "util.h"

#define NARGS	1

/* In the tables: which threads. */
#define M	BIT(SANDBOX_MAIN)
#define V	BIT(SANDBOX_VCPU)
#define D	BIT(SANDBOX_DISK)
#define H	BIT(SANDBOX_DRIVE)
#define N	BIT(SANDBOX_NET)
#define ALL	(M | V | D | H | N)
/* The process as a whole, but none of our threads once they have their own. */
#define LATE	0x80000000

/* Calls that are allowed whatever their arguments. */
static const struct {
	u32 threads;
	int nr;
} calls[] = {
	/* Descriptors that are open */
	{ ALL, SCMP_SYS(read) }, { ALL, SCMP_SYS(write) }, { ALL, SCMP_SYS(close) },
	{ ALL, SCMP_SYS(poll) }, { ALL, SCMP_SYS(ppoll) }, { ALL, SCMP_SYS(fstat) },
	{ M | V | N, SCMP_SYS(readv) }, { M | V | N, SCMP_SYS(writev) },
	{ ALL, SCMP_SYS(lseek) },
	{ M | D | H, SCMP_SYS(pread64) }, { M | D | H, SCMP_SYS(pwrite64) },
	{ M | D | H, SCMP_SYS(preadv) }, { M | D | H, SCMP_SYS(pwritev) },
	{ M | D | H, SCMP_SYS(fdatasync) }, { M | D | H, SCMP_SYS(fsync) },
	{ M | D, SCMP_SYS(ftruncate) }, { M | D, SCMP_SYS(fallocate) },
	{ M | D | H, SCMP_SYS(flock) },
	{ M, SCMP_SYS(dup) }, { M, SCMP_SYS(dup2) }, { M, SCMP_SYS(dup3) },
	{ M, SCMP_SYS(pipe2) }, { M | N, SCMP_SYS(select) }, { M | N, SCMP_SYS(pselect6) },
	{ M, SCMP_SYS(memfd_create) },
	{ M, SCMP_SYS(shmget) }, { M, SCMP_SYS(shmat) }, { M, SCMP_SYS(shmdt) },
	{ M, SCMP_SYS(shmctl) },

	/* Waiting, time */
	{ M, SCMP_SYS(epoll_create1) }, { M, SCMP_SYS(epoll_ctl) },
	{ M, SCMP_SYS(epoll_wait) }, { M, SCMP_SYS(epoll_pwait) },
	{ M, SCMP_SYS(eventfd2) }, { M, SCMP_SYS(timerfd_create) },
	{ M | V, SCMP_SYS(timerfd_settime) }, { M | V, SCMP_SYS(timerfd_gettime) },
	{ ALL, SCMP_SYS(nanosleep) }, { ALL, SCMP_SYS(clock_nanosleep) },
	{ ALL, SCMP_SYS(clock_gettime) }, { ALL, SCMP_SYS(clock_getres) },
	{ ALL, SCMP_SYS(gettimeofday) }, { ALL, SCMP_SYS(time) },
	{ ALL, SCMP_SYS(restart_syscall) },

	/* Threads, signals, memory */
	{ ALL, SCMP_SYS(futex) }, { ALL, SCMP_SYS(sched_yield) },
	{ ALL, SCMP_SYS(exit) }, { ALL, SCMP_SYS(exit_group) },
	{ ALL, SCMP_SYS(rt_sigaction) }, { ALL, SCMP_SYS(rt_sigprocmask) },
	{ ALL, SCMP_SYS(rt_sigreturn) }, { ALL, SCMP_SYS(sigaltstack) },
	{ ALL, SCMP_SYS(munmap) }, { ALL, SCMP_SYS(madvise) }, { ALL, SCMP_SYS(brk) },
	{ ALL, SCMP_SYS(set_robust_list) }, { ALL, SCMP_SYS(rseq) },
	{ M, SCMP_SYS(mremap) }, { M, SCMP_SYS(mlock) }, { M, SCMP_SYS(munlock) },
	{ M, SCMP_SYS(membarrier) }, { M, SCMP_SYS(wait4) },

	/* What is so */
	{ ALL, SCMP_SYS(getpid) }, { ALL, SCMP_SYS(gettid) }, { ALL, SCMP_SYS(getrandom) },
	{ ALL, SCMP_SYS(sched_getaffinity) },
	{ M, SCMP_SYS(getppid) }, { M | N, SCMP_SYS(getuid) }, { M | N, SCMP_SYS(geteuid) },
	{ M | N, SCMP_SYS(getgid) }, { M | N, SCMP_SYS(getegid) },
	{ M, SCMP_SYS(getrusage) }, { M, SCMP_SYS(times) }, { M, SCMP_SYS(sysinfo) },
	{ M | N, SCMP_SYS(uname) }, { M, SCMP_SYS(getpriority) },

	/* Sockets: what is connected, or comes to one that listens */
	{ M | V | N, SCMP_SYS(sendto) }, { M | V | N, SCMP_SYS(sendmsg) },
	{ M | N, SCMP_SYS(sendmmsg) }, { M | N, SCMP_SYS(recvmmsg) },
	{ ALL, SCMP_SYS(recvfrom) }, { M | V | H | N, SCMP_SYS(recvmsg) },
	{ M | N, SCMP_SYS(accept) }, { M | N, SCMP_SYS(accept4) },
	{ M | N, SCMP_SYS(shutdown) }, { M | N, SCMP_SYS(getsockname) },
	{ M | N, SCMP_SYS(getpeername) }, { M | N, SCMP_SYS(getsockopt) },
	{ M | N, SCMP_SYS(setsockopt) },
	/* New ones are the network's alone. It looks whether the resolver's file changed. */
	{ N, SCMP_SYS(socket) }, { N, SCMP_SYS(connect) }, { N, SCMP_SYS(bind) },
	{ N, SCMP_SYS(listen) }, { N, SCMP_SYS(stat) }, { N, SCMP_SYS(newfstatat) },

	/* What the threads still have to do to take what is theirs */
	{ LATE | M, SCMP_SYS(seccomp) }, { LATE | M, SCMP_SYS(capset) },
};

/* Calls that are allowed with one argument that is one of these, or has or lacks bits. */
static const struct {
	u32 threads;
	int nr;
	unsigned int arg;
	enum scmp_compare op;
	u64 a, b;
} with[] = {
	/* The VM */
#define IOCTL(t, request) { t, SCMP_SYS(ioctl), 1, SCMP_CMP_MASKED_EQ, 0xffffffff, request }
	IOCTL(M | V, KVM_RUN), IOCTL(M | V, KVM_IRQ_LINE), IOCTL(M | V, KVM_INTERRUPT),
	IOCTL(M | V, VMBT_MEMORY_WRITTEN), IOCTL(M | V, KVM_SET_USER_MEMORY_REGION),
	IOCTL(M | V, KVM_REGISTER_COALESCED_MMIO), IOCTL(M | V, KVM_UNREGISTER_COALESCED_MMIO),
	IOCTL(M | V, VMBT_SET_PAIR),
	IOCTL(M | V, KVM_GET_REGS), IOCTL(M | V, KVM_GET_SREGS),
	IOCTL(M, KVM_SET_REGS), IOCTL(M, KVM_SET_SREGS), IOCTL(M, VMBT_GET_STATS),
	IOCTL(M, KVM_GET_API_VERSION), IOCTL(M, KVM_CHECK_EXTENSION), IOCTL(M, KVM_CREATE_VM),
	IOCTL(M, VMBT_CREATE_CHIPS), IOCTL(M, KVM_CREATE_VCPU),
	IOCTL(M, KVM_GET_VCPU_MMAP_SIZE), IOCTL(M, KVM_GET_SUPPORTED_CPUID),
	IOCTL(M, KVM_SET_CPUID2),
	/* A terminal's modes, never its input (TIOCSTI); serial lines; sizes of media. Who
	 * crashes restores the terminal.
	 */
	IOCTL(M, TCGETS), IOCTL(ALL, TCSETS), IOCTL(M, TCSETSW), IOCTL(M, TCSETSF),
	IOCTL(M | V, TCGETS2), IOCTL(M | V, TCSETS2), IOCTL(M | V, TCSBRK),
	IOCTL(M | V, TIOCSBRK), IOCTL(M | V, TIOCCBRK), IOCTL(M | V, TIOCMGET),
	IOCTL(M | V, TIOCMSET), IOCTL(M | V, TIOCMBIS), IOCTL(M | V, TIOCMBIC),
	IOCTL(M, TIOCGWINSZ), IOCTL(M | N, FIONREAD), IOCTL(M | N, FIONBIO),
	IOCTL(M, BLKGETSIZE64),

	/* The host's drives */
	IOCTL(H, CDROM_DRIVE_STATUS), IOCTL(H, CDROM_TIMED_MEDIA_CHANGE), IOCTL(H, CDROMEJECT),
	IOCTL(H, CDROMCLOSETRAY), IOCTL(H, CDROM_LOCKDOOR), IOCTL(H, BLKGETSIZE64),
	IOCTL(H, FDGETDRVSTAT), IOCTL(H, FDGETPRM),

	/* An NBD server or the broker, and no socket that has to be told where to */
	{ D | H, SCMP_SYS(sendto), 4, SCMP_CMP_EQ, 0, 0 },

	/* Memory that is data */
	{ ALL, SCMP_SYS(mmap), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
	{ ALL, SCMP_SYS(mprotect), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
	/* Another thread, not another process */
	{ M, SCMP_SYS(clone), 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD },
	/* A descriptor's own status; libc's fstat() */
	{ ALL, SCMP_SYS(newfstatat), 3, SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ ALL, SCMP_SYS(prctl), 0, SCMP_CMP_EQ, PR_SET_NAME, 0 },
	{ ALL, SCMP_SYS(prlimit64), 2, SCMP_CMP_EQ, 0, 0 },
#define FCNTL(t, cmd) { t, SCMP_SYS(fcntl), 1, SCMP_CMP_EQ, cmd, 0 }
	FCNTL(M | N, F_GETFL), FCNTL(M | N, F_SETFL), FCNTL(M | N, F_GETFD),
	FCNTL(M | N, F_SETFD), FCNTL(M, F_DUPFD_CLOEXEC), FCNTL(M, F_ADD_SEALS),
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t entered = PTHREAD_COND_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static unsigned int expected;
static enum { OFF, COMING, ON } state;
static scmp_filter_ctx own[SANDBOX_THREADS];

static void check(int rc, const char *what)
{
	if (rc < 0)
		die("sandbox: %s: %s (-sandbox off runs without)", what, strerror(-rc));
}

/* Signals go to ourselves only. */
static void add_signals(scmp_filter_ctx f)
{
	struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, getpid());

	check(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self), "tgkill");
	check(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1, &self), "kill");
}

/* Has a thread the call without condition? */
static bool always(u32 threads, int nr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].nr == nr && calls[i].threads & threads)
			return true;
	return false;
}

static scmp_filter_ctx make(u32 threads)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	struct scmp_arg_cmp arg;
	unsigned int i;

	if (!f)
		die("sandbox: out of memory");
	/* 32-bit calls, and the x32 ones: none. */
	check(seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "filter");
	/* The guest's own way comes first. */
	seccomp_syscall_priority(f, SCMP_SYS(ioctl), 255);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].threads & threads)
			check(seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i].nr, 0), "filter");
	for (i = 0; i < ARRAY_SIZE(with); i++) {
		if (!(with[i].threads & threads) || always(threads, with[i].nr))
			continue;
		arg = SCMP_CMP(with[i].arg, with[i].op, with[i].a, with[i].b);
		check(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, with[i].nr, NARGS, &arg),
		      "filter");
	}
	add_signals(f);
	/* The C library takes clone() then, whose flags a filter can see. */
	check(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "filter");
	return f;
}

/* A thread's own capabilities: what it may, might and would hand on. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capset, &head, none))
		die("sandbox: capabilities: %s", strerror(errno));
}

/* The narrower filter; the thread's lists of calls are in memory already. */
static void narrow(enum sandbox_thread kind)
{
	check(seccomp_load(own[kind]), "filter");
}

/**
 * sandbox_prepare() - there will be a sandbox
 *
 * Threads that call sandbox_thread() from now on wait for it.
 */
void sandbox_prepare(void)
{
	state = COMING;
}

/**
 * sandbox_enter() - give up what the guest's running does not need
 * @network: connections are made, by threads of SANDBOX_NET
 * @drives: there are drives of the host's, with threads of SANDBOX_DRIVE
 *
 * On the main thread, everything being open; ends the program if that fails.
 */
void sandbox_enter(bool network, bool drives)
{
	u32 threads = LATE;
	unsigned int i;
	scmp_filter_ctx f;

	/* What the C library would read from files at some time. */
	tzset();
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	drop_capabilities();
	for (i = 0; i < SANDBOX_THREADS; i++) {
		/* A tap's thread then has what is left of both. */
		if ((i != SANDBOX_NET || network) && (i != SANDBOX_DRIVE || drives))
			threads |= BIT(i);
		own[i] = make(BIT(i));
		/* That is said with the first filter, and can't be said again. */
		check(seccomp_attr_set(own[i], SCMP_FLTATR_CTL_NNP, 0), "filter");
	}
	f = make(threads);
	check(seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1), "filter");
	check(seccomp_load(f), "filter");
	seccomp_release(f);
	narrow(SANDBOX_MAIN);
	pthread_mutex_lock(&lock);
	state = ON;
	pthread_cond_broadcast(&entered);
	while (expected)
		pthread_cond_wait(&arrived, &lock);
	pthread_mutex_unlock(&lock);
}

/**
 * sandbox_expect() - a thread is about to be made that will call sandbox_thread()
 *
 * sandbox_enter() does not return before it is where it should be.
 */
void sandbox_expect(void)
{
	pthread_mutex_lock(&lock);
	expected += state == COMING;
	pthread_mutex_unlock(&lock);
}

/**
 * sandbox_thread() - a thread of ours begins
 * @kind: which
 *
 * Returns when it may do no more than its kind. Whoever made it before sandbox_enter()
 * has called sandbox_expect().
 */
void sandbox_thread(enum sandbox_thread kind)
{
	pthread_mutex_lock(&lock);
	while (state == COMING)
		pthread_cond_wait(&entered, &lock);
	pthread_mutex_unlock(&lock);
	if (state != ON)
		return;
	drop_capabilities();
	/* libseccomp knows no threads, and a filter is made out of its rules as it is loaded. */
	pthread_mutex_lock(&lock);
	narrow(kind);
	if (expected && !--expected)
		pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&lock);
}
