// SPDX-License-Identifier: GPL-2.0
/*
 * The sandbox: what each kind of thread can still do, and what it can't.
 *
 * A process of its own has a thread of each kind, begun before the sandbox as the
 * disk's and the network's are, or after it as the vCPU's is. Each makes the calls
 * that must be refused with EPERM; their arguments are such that without a filter
 * they fail otherwise, which a process without one shows, or would succeed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/cdrom.h>
#include <linux/kvm.h>

#include "check.h"
#include "sandbox.h"

__printf(1, 2) __noreturn void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	_exit(99);
}

#define ALL	-1

static char buf[64];

/* Never allowed. */
static const struct {
	const char *name;
	long nr, a, b, c, d;
	int except;		/* the kind of thread that may, or ALL */
} calls[] = {
#define P(s)	((long)(s))
	/* clone: CLONE_SIGHAND alone; unshare: CLONE_VM; TIOCSTI */
	{ "execve", SYS_execve, P("/none"), 0, 0, 0, ALL },
	{ "execveat", SYS_execveat, AT_FDCWD, P("/none"), 0, 0, ALL },
	{ "open", SYS_open, P("/none"), O_RDONLY, 0, 0, ALL },
	{ "open of what is there", SYS_open, P("/"), O_RDONLY, 0, 0, ALL },
	{ "openat", SYS_openat, AT_FDCWD, P("/none"), O_RDONLY, 0, ALL },
	{ "openat2", SYS_openat2, AT_FDCWD, P("/none"), 0, 0, ALL },
	{ "creat", SYS_creat, P("/none/none"), 0600, 0, 0, ALL },
	{ "open_by_handle_at", SYS_open_by_handle_at, -1, 0, 0, 0, ALL },
	{ "ptrace", SYS_ptrace, PTRACE_PEEKDATA, 0, 0, 0, ALL },
	{ "process_vm_readv", SYS_process_vm_readv, 1 << 30, 0, 0, 0, ALL },
	{ "process_vm_writev", SYS_process_vm_writev, 1 << 30, 0, 0, 0, ALL },
	{ "pidfd_open", SYS_pidfd_open, -1, 0, 0, 0, ALL },
	{ "a new process", SYS_clone, 0x800 | SIGCHLD, 0, 0, 0, ALL },
	{ "a namespace", SYS_unshare, 0x100, 0, 0, 0, ALL },
	{ "a signal to another", SYS_kill, 1, 0, 0, 0, ALL },
	{ "a signal to all", SYS_kill, -1, 99, 0, 0, ALL },
	{ "code from data", SYS_mprotect, 1, 4096, PROT_READ | PROT_EXEC, 0, ALL },
	{ "code", SYS_mmap, 0, 0, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, ALL },
	{ "unlink", SYS_unlink, P("/none"), 0, 0, 0, ALL },
	{ "unlinkat", SYS_unlinkat, AT_FDCWD, P("/none"), 0, 0, ALL },
	{ "rename", SYS_rename, P("/none"), P("/no"), 0, 0, ALL },
	{ "link", SYS_link, P("/none"), P("/no"), 0, 0, ALL },
	{ "symlink", SYS_symlink, P(""), P("/no"), 0, 0, ALL },
	{ "mkdir", SYS_mkdir, P("/none/none"), 0, 0, 0, ALL },
	{ "mknod", SYS_mknod, P("/none/none"), S_IFIFO, 0, 0, ALL },
	{ "chmod", SYS_chmod, P("/none"), 0, 0, 0, ALL },
	{ "fchmod", SYS_fchmod, -1, 0, 0, 0, ALL },
	{ "chown", SYS_chown, P("/none"), 0, 0, 0, ALL },
	{ "truncate", SYS_truncate, P("/none"), 0, 0, 0, ALL },
	{ "readlink", SYS_readlink, P("/none"), P(buf), sizeof(buf), 0, ALL },
	{ "access", SYS_access, P("/none"), 0, 0, 0, ALL },
	{ "chdir", SYS_chdir, P("/none"), 0, 0, 0, ALL },
	{ "a terminal's input", SYS_ioctl, -1, 0x5412, P(buf), 0, ALL },
	{ "a device's ioctl", SYS_ioctl, -1, KVM_CREATE_IRQCHIP, 0, 0, ALL },
	{ "a signal's owner", SYS_fcntl, -1, F_SETOWN, 0, 0, ALL },
	{ "io_uring_setup", SYS_io_uring_setup, 0, 0, 0, 0, ALL },
	{ "keyctl", SYS_keyctl, 99, 0, 0, 0, ALL },
	{ "seccomp's listener", SYS_prctl, PR_SET_SECCOMP, 99, 0, 0, ALL },
	{ "setuid", SYS_setuid, -1, 0, 0, 0, ALL },
	{ "a limit", SYS_prlimit64, 0, 99, P(buf), 0, ALL },
	{ "socket", SYS_socket, 99, 0, 0, 0, SANDBOX_NET },
	{ "connect", SYS_connect, -1, P(buf), 16, 0, SANDBOX_NET },
	{ "bind", SYS_bind, -1, P(buf), 16, 0, SANDBOX_NET },
	{ "listen", SYS_listen, -1, 0, 0, 0, SANDBOX_NET },
};

#define CALLS	ARRAY_SIZE(calls)

/* One call: its error. Done again and again without harm. */
static int call(unsigned int i)
{
	errno = 0;
	if (syscall(calls[i].nr, calls[i].a, calls[i].b, calls[i].c, calls[i].d, -1, 0) >= 0)
		return 0;
	return errno;
}

/* What threads found, for the process that began all this. */
struct found {
	int error[SANDBOX_THREADS][CALLS];
	char works[SANDBOX_THREADS][32];
	char status[SANDBOX_THREADS][2048];
};

static struct found *found;
static int status_fd[SANDBOX_THREADS];

/* Opened before; read with the filter in place. */
static int own_status(void)
{
	return open("/proc/thread-self/status", O_RDONLY);
}

/* The call got as far as to the descriptor, which is none. */
static bool no_descriptor(long result)
{
	return result < 0 && errno == EBADF;
}

/* Everyday calls, and those of its kind; the name of the first that fails. */
static const char *works(enum sandbox_thread kind)
{
	bool runs = kind == SANDBOX_MAIN || kind == SANDBOX_VCPU;
	bool images = kind == SANDBOX_DISK || kind == SANDBOX_DRIVE;
	struct pollfd p = { .fd = -1 };
	struct timespec t;
	bool tells, ejects;
	char *m;
	int s;

	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED || mprotect(m, 4096, PROT_READ) || munmap(m, 4096))
		return "memory";
	if (clock_gettime(CLOCK_MONOTONIC, &t) || poll(&p, 1, 0) || getpid() <= 0 || raise(0))
		return "time, poll, itself";
	if (no_descriptor(ioctl(-1, KVM_RUN, 0)) != runs)
		return "KVM_RUN";
	if (no_descriptor(pread(-1, buf, 1, 0)) != (kind == SANDBOX_MAIN || images))
		return "pread";
	ejects = no_descriptor(ioctl(-1, CDROMEJECT, 0));
	if (kind == SANDBOX_DRIVE ? !ejects : ejects)
		return "CDROMEJECT";
	if (kind != SANDBOX_DISK && !no_descriptor(recvmsg(-1, NULL, 0)))
		return "recvmsg";
	/* What is connected; those that have images or drives tell no socket where to send. */
	if (!no_descriptor(send(-1, buf, 1, 0)) || !no_descriptor(recv(-1, buf, 1, 0)))
		return "send, recv";
	tells = no_descriptor(sendto(-1, buf, 1, 0, (struct sockaddr *)buf, 16));
	if (images ? tells : !tells)
		return "sendto";
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0)
		return kind == SANDBOX_NET ? "socket" : "";
	close(s);
	return kind == SANDBOX_NET ? "" : "no socket";
}

static void look(enum sandbox_thread kind)
{
	unsigned int i;
	ssize_t n;

	for (i = 0; i < CALLS; i++)
		found->error[kind][i] = call(i);
	snprintf(found->works[kind], sizeof(found->works[kind]), "%s", works(kind));
	n = read(status_fd[kind], found->status[kind], sizeof(found->status[kind]) - 1);
	found->status[kind][n > 0 ? n : 0] = 0;
}

static pthread_barrier_t opened;

static void *early(void *arg)
{
	enum sandbox_thread kind = (unsigned long)arg;

	status_fd[kind] = own_status();
	pthread_barrier_wait(&opened);
	sandbox_thread(kind);
	look(kind);
	return NULL;
}

/* Its status, which it can't open, is a relative's: of the same process. */
static void *late(void *arg)
{
	(void)arg;
	sandbox_thread(SANDBOX_VCPU);
	look(SANDBOX_VCPU);
	return NULL;
}

static void process(bool sandbox)
{
	pthread_t disk, drive, net, vcpu;

	pthread_barrier_init(&opened, NULL, 4);
	if (sandbox)
		sandbox_prepare();
	status_fd[SANDBOX_MAIN] = own_status();
	status_fd[SANDBOX_VCPU] = -1;
	sandbox_expect();
	sandbox_expect();
	sandbox_expect();
	pthread_create(&disk, NULL, early, (void *)SANDBOX_DISK);
	pthread_create(&drive, NULL, early, (void *)SANDBOX_DRIVE);
	pthread_create(&net, NULL, early, (void *)SANDBOX_NET);
	pthread_barrier_wait(&opened);
	if (sandbox)
		sandbox_enter(true, true);
	pthread_create(&vcpu, NULL, late, NULL);
	look(SANDBOX_MAIN);
	pthread_join(disk, NULL);
	pthread_join(drive, NULL);
	pthread_join(net, NULL);
	pthread_join(vcpu, NULL);
	_exit(0);
}

/* In a child, since there is no way back; the sanitizer's thread is not there. */
static void run(bool sandbox)
{
	int status;
	pid_t child;

	memset(found, 0, sizeof(*found));
	fflush(stdout);
	child = fork();
	if (!child)
		process(sandbox);
	EXPECT_EQ(waitpid(child, &status, 0), child);
	EXPECT_EQ(status, 0);
}

static const char *const kind_name[SANDBOX_THREADS] = { "main", "vCPU", "disk", "drive", "net" };

/* Without it every call gets further than to the filter. */
static void the_calls_are_real(void)
{
	unsigned int i;

	run(false);
	for (i = 0; i < CALLS; i++)
		if (found->error[SANDBOX_MAIN][i] == EPERM)
			check_fail("%s: EPERM without a sandbox", calls[i].name);
}

static void refused(void)
{
	unsigned int i, kind;

	run(true);
	for (kind = 0; kind < SANDBOX_THREADS; kind++) {
		for (i = 0; i < CALLS; i++) {
			bool may = calls[i].except == (int)kind;
			bool got = found->error[kind][i] != EPERM;

			if (may != got)
				check_fail("%s thread: %s: error %d", kind_name[kind],
					   calls[i].name, found->error[kind][i]);
		}
	}
}

static void works_on(void)
{
	unsigned int kind;

	for (kind = 0; kind < SANDBOX_THREADS; kind++)
		if (found->works[kind][0])
			check_fail("%s thread: %s", kind_name[kind], found->works[kind]);
}

static void status(void)
{
	static const char *const lines[] = {
		"\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n", "\nCapEff:\t0000000000000000\n",
		"\nCapPrm:\t0000000000000000\n", "\nCapInh:\t0000000000000000\n",
		"\nCapAmb:\t0000000000000000\n",
	};
	unsigned int i, kind;

	for (kind = 0; kind < SANDBOX_THREADS; kind++)
		for (i = 0; kind != SANDBOX_VCPU && i < ARRAY_SIZE(lines); i++)
			if (!strstr(found->status[kind], lines[i]))
				check_fail("%s thread: no '%s'", kind_name[kind], lines[i] + 1);
}

/* Without a card that has a NAT, nobody makes connections: not a tap's thread either. */
static void no_network(void)
{
	pthread_t net;
	int status;
	pid_t child;

	memset(found, 0, sizeof(*found));
	fflush(stdout);
	child = fork();
	if (!child) {
		pthread_barrier_init(&opened, NULL, 2);
		sandbox_prepare();
		sandbox_expect();
		pthread_create(&net, NULL, early, (void *)SANDBOX_NET);
		pthread_barrier_wait(&opened);
		sandbox_enter(false, false);
		pthread_join(net, NULL);
		_exit(strcmp(found->works[SANDBOX_NET], "socket"));
	}
	waitpid(child, &status, 0);
	EXPECT_EQ(status, 0);
}

static void *many(void *arg)
{
	enum sandbox_thread kind = (unsigned long)arg & 1 ? SANDBOX_NET : SANDBOX_DISK;
	unsigned int i;

	sandbox_thread(kind);
	if (works(kind)[0])
		_exit(1);
	for (i = 0; i < CALLS; i++) {
		bool may = calls[i].except == (int)kind;

		if (may != (call(i) != EPERM))
			_exit(2);
	}
	return NULL;
}

/* Threads of one kind, set free at once: each gets all of its filter. */
static void together(void)
{
	pthread_t thread[12];
	int status = 0, n;
	unsigned long i;
	pid_t child;

	fflush(stdout);
	for (n = 0; n < 20 && !status; n++) {
		child = fork();
		if (!child) {
			alarm(60);
			sandbox_prepare();
			for (i = 0; i < ARRAY_SIZE(thread); i++) {
				sandbox_expect();
				pthread_create(&thread[i], NULL, many, (void *)i);
			}
			sandbox_enter(true, true);
			for (i = 0; i < ARRAY_SIZE(thread); i++)
				pthread_join(thread[i], NULL);
			_exit(0);
		}
		EXPECT_EQ(waitpid(child, &status, 0), child);
		EXPECT_EQ(status, 0);
	}
}

int main(void)
{
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (found == MAP_FAILED)
		return 1;
	CASE(the_calls_are_real);
	CASE(refused);
	CASE(works_on);
	CASE(status);
	CASE(no_network);
	CASE(together);
	return check_failed != 0;
}
