// SPDX-License-Identifier: GPL-2.0
/*
 * What threads do besides ioctls: the memory behind guests and run pages taken
 * away, moved and shared; descriptors duplicated, passed on, inherited by
 * children that outlive their parent or run another program, and closed while
 * others use them; signals; other CPUs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abifuzz.h"
#include "guest.h"

#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static __thread unsigned int op_now;

static long done(long r)
{
	return count(op_now, r);
}

/* Some of a guest's memory: often a page, sometimes all. */
static uint8_t *stretch(struct self *t, struct machine *m, size_t *len)
{
	uint32_t pages = GUEST_END / PAGE, n = 1;

	if (one_in(&t->rng, 3))
		n = 1 + below(&t->rng, 64);
	if (one_in(&t->rng, 20))
		n = pages;
	*len = n * PAGE;
	return m->ram + below(&t->rng, pages - n + 1) * PAGE;
}

static void do_dontneed(struct self *t, struct machine *m)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLD,
		MADV_PAGEOUT, MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_REMOVE, MADV_POPULATE_WRITE,
	};
	size_t len;
	uint8_t *p = stretch(t, m, &len);

	done(madvise(p, len, advices[below(&t->rng, ARRAY_SIZE(advices))]));
}

/* Gone for a moment, then new and empty. */
static void do_unmap(struct self *t, struct machine *m)
{
	size_t len;
	uint8_t *p = stretch(t, m, &len);

	if (one_in(&t->rng, 3)) {
		munmap(p, len);
		if (one_in(&t->rng, 2))
			sched_yield();
	}
	done(mmap(p, len, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
}

static void do_protect(struct self *t, struct machine *m)
{
	size_t len;
	uint8_t *p = stretch(t, m, &len);

	done(mprotect(p, len, below(&t->rng, 8)));
	if (!one_in(&t->rng, 30))
		mprotect(p, len, RW);
}

/* Away and back; what is under the guest for a while is nothing. */
static void do_remap(struct self *t, struct machine *m)
{
	size_t len;
	uint8_t *p = stretch(t, m, &len);
	void *away = t->arena + ARENA + PAGE;
	void *q = mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, away);

	done(q == MAP_FAILED ? -1 : 0);
	if (q == MAP_FAILED)
		return;
	if (!one_in(&t->rng, 4))
		mremap(q, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	mmap(away, len, PROT_NONE, ANON | MAP_FIXED, -1, 0);
}

/* Memory of another kind: a file, which shrinks or gets holes, or the device. */
static void do_file(struct self *t, struct machine *m)
{
	size_t len;
	uint8_t *p = stretch(t, m, &len);
	int fd = one_in(&t->rng, 6) ? READ_ONCE(m->cpu) :
		 one_in(&t->rng, 6) ? open("/dev/zero", O_RDWR | O_CLOEXEC) :
		 (int)memfd_create("abifuzz", MFD_CLOEXEC);
	bool own = fd >= 0 && fd != m->cpu;

	if (own)
		(void)!ftruncate(fd, len);
	done(mmap(p, len, RW, (one_in(&t->rng, 2) ? MAP_SHARED : MAP_PRIVATE) |
		  MAP_FIXED, fd, 0) == MAP_FAILED ? -1 : 0);
	if (own && one_in(&t->rng, 2))
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, len / 2);
	if (own && one_in(&t->rng, 2))
		(void)!ftruncate(fd, len / 2);
	if (own)
		close(fd);
	if (!one_in(&t->rng, 4))
		mmap(p, len, RW, ANON | MAP_FIXED, -1, 0);
}

/* Code and data change under the guest; now and then it is told. */
static void do_write(struct self *t, struct machine *m)
{
	uint64_t v[8];
	uint32_t at = below(&t->rng, one_in(&t->rng, 2) ? 0x10000 : GUEST_RAM - 64);
	struct vmbt_written w = { .gpa = at, .size = sizeof(v) };
	int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);

	/* As a debugger does it: without a fault of this thread. */
	scramble(&t->rng, v, sizeof(v));
	done(pwrite64(fd, v, sizeof(v), (uintptr_t)m->ram + at));
	close(fd);
	if (one_in(&t->rng, 2))
		call_known(VMBT_MEMORY_WRITTEN, READ_ONCE(m->vm), &w);
}

/* The run page while KVM_RUN is in the kernel. */
static void do_run_page(struct self *t, struct machine *m)
{
	unsigned int i, n = 1 + below(&t->rng, 64);
	uint8_t *end = m->run + RUN_PAGES * PAGE;
	uint64_t v;

	for (i = 0; i < n; i++) {
		uint8_t *p = m->run + below(&t->rng, one_in(&t->rng, 2) ? 256 :
					    RUN_PAGES * PAGE);
		size_t len = 1u << below(&t->rng, 4);

		/* What the driver reads of the others: the ring's ends, live[]. */
		if (one_in(&t->rng, 4))
			p = m->run + VMBT_COALESCED_PAGE * PAGE + below(&t->rng, 8);
		else if (one_in(&t->rng, 4))
			p = m->run + VMBT_RUN_EXT_PAGE * PAGE + below(&t->rng, 32);

		v = odd_value(&t->rng);
		if (p + len > end)
			continue;
		errno = EFAULT;
		done(poke(p, &v, len) ? 0 : -1);
	}
}

static void do_map_run(struct self *t, struct machine *m)
{
	int cpu = READ_ONCE(m->cpu), prot = below(&t->rng, 8);

	switch (below(&t->rng, 5)) {
	case 0:
		done(munmap(m->run + below(&t->rng, RUN_PAGES) * PAGE, PAGE));
		break;
	case 1:
		done(mprotect(m->run, PAGE, prot));
		break;
	case 2:
		done(madvise(m->run, RUN_PAGES * PAGE, below(&t->rng, 26)));
		break;
	default:
		done(mmap(m->run, RUN_PAGES * PAGE, RW, MAP_SHARED | MAP_FIXED, cpu,
			  0) == MAP_FAILED ? -1 : 0);
	}
}

/* Each page, read and written: a mapping is not made of pages before. */
static void touch(struct self *t, uint8_t *p, size_t pages)
{
	uint8_t byte;

	while (pages--) {
		size_t at = pages * PAGE + below(&t->rng, PAGE);

		if (peek(&byte, p + at, 1))
			poke(p + at, &byte, 1);
	}
}

/*
 * Mappings that begin or end about where the vCPU's has its end, made so, or grown,
 * doubled and shifted until they are.
 */
static void do_map_bound(struct self *t, struct machine *m)
{
	size_t off = below(&t->rng, RUN_PAGES + 2), end = RUN_PAGES - 1 + below(&t->rng, 3);
	size_t n = end > off ? end - off : 1, more = 1 + below(&t->rng, RUN_PAGES + 1);
	int prot = one_in(&t->rng, 4) ? (int)below(&t->rng, 8) : RW;
	int flags = one_in(&t->rng, 4) ? MAP_PRIVATE : MAP_SHARED;
	uint8_t *p, *q = MAP_FAILED;

	if (one_in(&t->rng, 6))
		flags |= MAP_POPULATE;
	p = mmap64(NULL, n * PAGE, prot, flags, READ_ONCE(m->cpu),
		   one_in(&t->rng, 8) ? odd_value(&t->rng) & -PAGE : off * PAGE);
	done(p == MAP_FAILED ? -1 : 0);
	if (p == MAP_FAILED)
		return;
	touch(t, p, n);
	switch (below(&t->rng, 4)) {
	case 0:
		q = mremap(p, n * PAGE, (n + more) * PAGE, MREMAP_MAYMOVE);
		if (q != MAP_FAILED) {
			p = q;
			n += more;
			q = MAP_FAILED;
		}
		break;
	case 1:		/* once more, and larger */
		q = mremap(p, 0, more * PAGE, MREMAP_MAYMOVE);
		break;
	case 2:
		remap_file_pages(p, n * PAGE, 0, more, 0);
		break;
	}
	touch(t, p, n);
	munmap(p, n * PAGE);
	if (q == MAP_FAILED)
		return;
	touch(t, q, more);
	munmap(q, more * PAGE);
}

/* The vCPU that another thread is running, again and again: one of them has to wait. */
static void do_rush(struct self *t, struct machine *m)
{
	unsigned int n = 1 + below(&t->rng, 12), i;

	for (i = 0; i < VMS; i++)
		if (READ_ONCE(t->life->m[i].running))
			m = &t->life->m[i];
	while (n-- && !READ_ONCE(t->life->over))
		done(ioctl(READ_ONCE(m->cpu), KVM_RUN, 0));
}

static int some_fd(struct self *t, struct machine *m)
{
	switch (below(&t->rng, 4)) {
	case 0:
		return READ_ONCE(t->life->dev);
	case 1:
		return READ_ONCE(m->vm);
	default:
		return READ_ONCE(m->cpu);
	}
}

static void do_close(struct self *t, struct machine *m)
{
	int fd, *p;

	switch (below(&t->rng, 8)) {
	case 0:
		p = &t->life->dev;
		break;
	case 1 ... 3:
		p = &m->vm;
		break;
	default:
		p = &m->cpu;
	}
	fd = __atomic_exchange_n(p, -1, __ATOMIC_SEQ_CST);
	if (p == &t->life->dev)
		WRITE_ONCE(*p, open("/dev/vmbt", O_RDWR | O_CLOEXEC));
	done(fd > 2 ? close(fd) : 0);
}

static void do_dup(struct self *t, struct machine *m)
{
	int fd = some_fd(t, m), other;

	if (one_in(&t->rng, 4)) {
		/* One VM's descriptor becomes another's under a running ioctl. */
		other = some_fd(t, &t->life->m[below(&t->rng, VMS)]);
		done(other > 2 && fd > 2 ? dup3(fd, other, O_CLOEXEC) : 0);
		return;
	}
	other = fcntl(fd, one_in(&t->rng, 2) ? F_DUPFD : F_DUPFD_CLOEXEC, 20);
	done(other);
	if (other > 2 && !one_in(&t->rng, 8))
		close(other);
}

/* In flight between two sockets, and perhaps for ever. */
static void do_pass(struct self *t, struct machine *m)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			  .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = sizeof(c),
	};
	int s[2], fd = some_fd(t, m);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
		return;
	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	done(sendmsg(s[0], &msg, MSG_DONTWAIT));
	if (one_in(&t->rng, 2)) {
		close(s[0]);
		close(s[1]);
		return;
	}
	if (recvmsg(s[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) > 0 &&
	    msg.msg_controllen >= CMSG_LEN(sizeof(int))) {
		memcpy(&fd, CMSG_DATA(&c.head), sizeof(fd));
		close(fd);
	}
	close(s[0]);
	close(s[1]);
}

/* What the file operations lack must be refused. */
static void do_other(struct self *t, struct machine *m)
{
	int fd = some_fd(t, m), e;
	struct epoll_event ev = { .events = EPOLLIN };
	struct pollfd p = { fd, POLLIN, 0 };
	char b[16];

	switch (below(&t->rng, 7)) {
	case 0:
		done(read(fd, b, sizeof(b)));
		break;
	case 1:
		done(write(fd, b, sizeof(b)));
		break;
	case 2:
		done(lseek(fd, 5, SEEK_SET));
		break;
	case 3:
		done(poll(&p, 1, 0));
		break;
	case 4:
		done(ftruncate(fd, 4096));
		break;
	case 5:
		done(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
		break;
	default:
		e = epoll_create1(EPOLL_CLOEXEC);
		done(epoll_ctl(e, EPOLL_CTL_ADD, fd, &ev));
		close(e);
	}
}

/* Statistics and leaves, which look into VMs that are about to go. */
static void do_stats(struct self *t, struct machine *m)
{
	char text[300];

	done(machine_look(m, "stats", text, 2 + below(&t->rng, sizeof(text) - 2)));
}

static void do_leaves(struct self *t, struct machine *m)
{
	(void)t;
	done(machine_leaves(m));
}

/* All of it in another process: only to be closed. */
static void in_child(struct self *t, int fds[3])
{
	unsigned int i, first = below(&t->rng, 3);
	char text[4][12];
	void *run;

	run = mmap(NULL, RUN_PAGES * PAGE, RW, MAP_SHARED, fds[2], 0);
	for (i = 0; i < 10; i++)
		random_call(t);
	if (one_in(&t->rng, 4))
		while (getppid() != 1 && i++ < 200)
			usleep(5000);
	if (one_in(&t->rng, 4)) {
		for (i = 0; i < 3; i++) {
			fcntl(fds[i], F_SETFD, 0);
			snprintf(text[i], sizeof(text[i]), "%d", fds[i]);
		}
		execl("/proc/self/exe", "abifuzz", "--inherited", text[0], text[1],
		      text[2], NULL);
		_exit(0);
	}
	for (i = 0; i < 3; i++)
		close(fds[(first + i) % 3]);
	if (run != MAP_FAILED && one_in(&t->rng, 2))
		munmap(run, RUN_PAGES * PAGE);
	if (one_in(&t->rng, 4))
		raise(SIGKILL);
	_exit(0);
}

static void do_fork(struct self *t, struct machine *m)
{
	int fds[3] = { t->life->dev, m->vm, m->cpu };
	pid_t pid = fork();

	done(pid);
	if (pid)
		return;
	t->fail_fd = -1;
	alarm(10);
	signal(SIGALRM, SIG_DFL);
	in_child(t, fds);
}

/* Borrows the address space: what the parent may, the child may. */
static void do_vfork(struct self *t, struct machine *m)
{
	int cpu = READ_ONCE(m->cpu);
	pid_t pid = vfork();

	(void)t;
	if (!pid) {
		ioctl(cpu, KVM_GET_API_VERSION, 0);
		_exit(0);
	}
	done(pid);
}

static void do_affinity(struct self *t, struct machine *m)
{
	cpu_set_t set;
	uint64_t bits = 1 + below(&t->rng, 3);

	(void)m;
	CPU_ZERO(&set);
	memcpy(&set, &bits, sizeof(bits));
	done(sched_setaffinity(0, sizeof(set), &set));
}

static void do_lock(struct self *t, struct machine *m)
{
	size_t len;
	uint8_t *p = stretch(t, m, &len);

	if (len > 64 * PAGE)
		len = 64 * PAGE;
	done(one_in(&t->rng, 2) ? mlock(p, len) : munlock(p, len));
}

const struct deed deeds[] = {
	{ "madvise", do_dontneed, 12 },
	{ "unmap", do_unmap, 6 },
	{ "mprotect", do_protect, 6 },
	{ "mremap", do_remap, 4 },
	{ "file", do_file, 4 },
	{ "mlock", do_lock, 2 },
	{ "write", do_write, 10 },
	{ "run-page", do_run_page, 12 },
	{ "map-run", do_map_run, 5 },
	{ "map-bound", do_map_bound, 4 },
	{ "rush", do_rush, 4 },
	{ "close", do_close, 3 },
	{ "dup", do_dup, 3 },
	{ "pass", do_pass, 2 },
	{ "other", do_other, 3 },
	{ "stats", do_stats, 2 },
	{ "leaves", do_leaves, 3 },
	{ "fork", do_fork, 1 },
	{ "vfork", do_vfork, 1 },
	{ "affinity", do_affinity, 2 },
};

const unsigned int ndeeds = ARRAY_SIZE(deeds);

void random_deed(struct self *t)
{
	static unsigned int total;
	unsigned int sum = READ_ONCE(total), n, i;

	if (!sum) {
		for (i = 0; i < ndeeds; i++)
			sum += deeds[i].weight;
		WRITE_ONCE(total, sum);
	}
	n = below(&t->rng, sum);
	for (i = 0; n >= deeds[i].weight; i++)
		n -= deeds[i].weight;
	op_now = ncalls + i;
	deeds[i].act(t, &t->life->m[below(&t->rng, VMS)]);
}

/* Another program with descriptors of a VM that is not its own. */
int inherited(int n, char *const fds[])
{
	struct kvm_regs regs;
	int i, fd, ours = 0;

	for (i = 0; i < n; i++) {
		fd = atoi(fds[i]);
		ours += !ioctl(fd, KVM_GET_REGS, &regs);
		ours += !ioctl(fd, KVM_RUN, 0);
		close(fd);
	}
	return ours != 0;
}
