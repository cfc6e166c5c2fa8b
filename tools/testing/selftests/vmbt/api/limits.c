// SPDX-License-Identifier: GPL-2.0
/*
 * What a user without privileges may take from the host: the number of VMs, and
 * the memory that can't be swapped. Both must hold over processes and come back
 * when those die; memcg must see the same memory.
 *
 * Runs as root in the test host, and as other users from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/vm.h"

#define PARAMS	"/sys/module/vmbt/parameters/"
#define CGROUP	"/sys/fs/cgroup/vmbt-limits"
#define USER	65534
#define OTHER	65533
#define MANY	16	/* more than any limit here */
#define CODE	0x1000

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void param(const char *name, unsigned long value)
{
	char path[100], text[24];

	snprintf(path, sizeof(path), PARAMS "%s", name);
	snprintf(text, sizeof(text), "%lu", value);
	put(path, text);
}

static unsigned long get_number(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[200];
	unsigned long n = 0;
	size_t len = strlen(key);

	if (!f)
		die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len))
			n = strtoul(line + len, NULL, 0);
	fclose(f);
	return n;
}

static void locked(unsigned long bytes)
{
	struct rlimit r = { bytes, bytes };

	if (setrlimit(RLIMIT_MEMLOCK, &r))
		die("RLIMIT_MEMLOCK");
}

static void become(unsigned int uid)
{
	if (uid && (setgroups(0, NULL) || setgid(uid) || setuid(uid)))
		die("setuid");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* How many VMs there can be, and why not one more. They stay. */
static int create_all(int *why)
{
	int dev = vm_dev(), n;

	*why = 0;
	for (n = 0; n < MANY; n++) {
		if (ioctl(dev, KVM_CREATE_VM, 0) < 0) {
			*why = errno;
			break;
		}
	}
	return n;
}

struct answer {
	int n, why;
};

/* A process of a user with all VMs it can get, until it is killed. */
static pid_t holder(unsigned int uid, unsigned long memlock, struct answer *a)
{
	int pipes[2];
	pid_t pid;

	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		locked(memlock);
		become(uid);
		a->n = create_all(&a->why);
		if (write(pipes[1], a, sizeof(*a)) == sizeof(*a))
			for (;;)
				pause();
		_exit(1);
	}
	close(pipes[1]);
	if (read(pipes[0], a, sizeof(*a)) != sizeof(*a))
		die("a process that makes VMs died");
	close(pipes[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void expect(const char *name, const struct answer *a, int n, int why)
{
	test_result(name, a->n == n && (n == MANY || a->why == why),
		    "%d VMs, then %s; expected %d, then %s", a->n,
		    strerror(a->why), n, strerror(why));
}

static void get(const char *name, unsigned int uid, unsigned long memlock, int n,
		int why)
{
	struct answer a;

	end(holder(uid, memlock, &a));
	expect(name, &a, n, why);
}

static void number(void)
{
	struct answer a, b;
	pid_t one, two;

	param("max_vms", 3);
	get("limit-vms", USER, 0, 3, ENOSPC);
	/* Killed with three: all are back. */
	one = holder(USER, 0, &a);
	expect("limit-vms-again", &a, 3, ENOSPC);
	two = holder(USER, 0, &b);
	expect("limit-vms-second-process", &b, 0, ENOSPC);
	end(two);
	two = holder(OTHER, 0, &b);
	expect("limit-vms-other-user", &b, 3, ENOSPC);
	end(two);
	two = holder(0, 0, &b);
	expect("limit-vms-root", &b, MANY, 0);
	end(two);
	end(one);
	param("max_vms", 0);
	get("limit-vms-none", USER, 0, 0, ENOSPC);
	param("max_vms", 64);
}

/* A child that only inherits them keeps them. */
static void inherited(void)
{
	struct answer a;
	int pipes[2];
	pid_t pid, child;

	param("max_vms", 3);
	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		become(USER);
		a.n = create_all(&a.why);
		child = fork();
		if (!child)
			for (;;)
				pause();
		if (write(pipes[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		_exit(0);
	}
	if (read(pipes[0], &child, sizeof(child)) != sizeof(child))
		die("pipe");
	waitpid(pid, NULL, 0);
	get("limit-vms-inherited", USER, 0, 0, ENOSPC);
	kill(child, SIGKILL);
	while (!kill(child, 0))
		sleep_ms(10);
	get("limit-vms-inherited-gone", USER, 0, 3, ENOSPC);
	param("max_vms", 64);
	close(pipes[0]);
	close(pipes[1]);
}

static void memory(void)
{
	struct answer a, b;
	pid_t pid;

	param("user_kb", 0);
	get("limit-locked-none", USER, 0, 0, ENOMEM);
	/* A VM is charged for 4 MiB of pool, and for less than 2 of image and tables. */
	get("limit-locked-4m", USER, 4 << 20, 0, ENOMEM);
	get("limit-locked-6m", USER, 6 << 20, 1, ENOMEM);
	pid = holder(USER, 6 << 20, &a);
	end(holder(USER, 6 << 20, &b));
	expect("limit-locked-second-process", &b, 0, ENOMEM);
	end(holder(OTHER, 6 << 20, &b));
	expect("limit-locked-other-user", &b, 1, ENOMEM);
	end(pid);
	get("limit-locked-18m", USER, 18 << 20, 3, ENOMEM);
	get("limit-locked-root", 0, 0, MANY, 0);
	param("user_kb", 6 << 10);
	get("limit-locked-param", USER, 0, 1, ENOMEM);
	get("limit-locked-larger", USER, 18 << 20, 3, ENOMEM);
	param("user_kb", 256 << 10);
}

/*
 * 1: inc dword [esi]; add esi,0x200000; cmp esi,0xb0000000; jb 1b; hlt: each
 * step takes the VMM two tables.
 */
static const uint8_t hungry[] = {
	0xff, 0x06, 0x81, 0xc6, 0x00, 0x00, 0x20, 0x00, 0x81, 0xfe, 0x00, 0x00,
	0x00, 0xb0, 0x72, 0xf0, 0xf4,
};

struct grown {
	int r;
	unsigned int reason;
	unsigned long pages;
	char text[100];
};

static void grow(struct grown *g)
{
	struct kvm_regs regs = { .rip = CODE, .rsi = 0x300000, .rflags = 2 };
	struct vm vm;
	void *mem;

	vm_create(&vm, 0);
	mem = mmap(NULL, 0xb0000000, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	madvise(mem, 0xb0000000, MADV_NOHUGEPAGE);
	if (mem == MAP_FAILED || vm_set_slot(&vm, 0, 0, 0, 0xb0000000, mem))
		die("guest memory");
	memcpy((char *)mem + CODE, hungry, sizeof(hungry));
	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &regs);
	g->r = vm_run(&vm);
	g->reason = vm.run->exit_reason;
	g->pages = vm_stat(&vm, "pool_pages");
	snprintf(g->text, sizeof(g->text), "%s", vm_exit_text(&vm));
}

static struct grown grow_as(unsigned int uid, unsigned long memlock)
{
	struct grown g = { -1 };
	int pipes[2];
	pid_t pid;

	if (pipe(pipes))
		die("pipe");
	pid = fork();
	if (!pid) {
		locked(memlock);
		become(uid);
		grow(&g);
		_exit(write(pipes[1], &g, sizeof(g)) != sizeof(g));
	}
	close(pipes[1]);
	if (read(pipes[0], &g, sizeof(g)) != sizeof(g))
		g.r = -1;
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	return g;
}

/*
 * A guest whose VMM wants more than the user may have stops, and says why: the
 * window on guest memory needs a table for each 2 MiB that is used.
 */
static void growth(void)
{
	struct grown free_one, bound;

	param("user_kb", 0);
	free_one = grow_as(0, 0);
	test_result("limit-growth-free", !free_one.r &&
		    free_one.reason == KVM_EXIT_HLT && free_one.pages > 3072,
		    "%d, %s, %lu pages", free_one.r, free_one.text,
		    free_one.pages);
	bound = grow_as(USER, 12 << 20);
	test_result("limit-growth-bound", !bound.r &&
		    bound.reason == KVM_EXIT_INTERNAL_ERROR &&
		    strstr(bound.text, "pool exhausted") && bound.pages > 2048 &&
		    bound.pages <= 3072,
		    "%d, %s, %lu pages", bound.r, bound.text, bound.pages);
	param("user_kb", 256 << 10);
}

static void into_cgroup(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	put(CGROUP "/cgroup.procs", pid);
}

static void cgroups(void)
{
	unsigned long before, after;
	int status, why, fd;
	pid_t pid;

	fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY);
	if (fd < 0 || write(fd, "+memory", 7) != 7 || mkdir(CGROUP, 0755)) {
		test_skip("limit-memcg", "no memory controller");
		close(fd);
		return;
	}
	close(fd);
	pid = fork();
	if (!pid) {
		into_cgroup();
		before = get_number(CGROUP "/memory.current", "");
		create_all(&why);
		after = get_number(CGROUP "/memory.current", "");
		test_result("limit-memcg-charged",
			    after - before >= MANY * (2ul << 20),
			    "%lu kB for %d VMs", (after - before) >> 10, MANY);
		_exit(test_exit());
	}
	waitpid(pid, &status, 0);
	test_result("limit-memcg", WIFEXITED(status) && !WEXITSTATUS(status),
		    "status %#x", status);
	put(CGROUP "/memory.max", "8388608");
	pid = fork();
	if (!pid) {
		into_cgroup();
		_exit(create_all(&why));
	}
	waitpid(pid, &status, 0);
	/* Killed, or refused: what memcg does to any other. */
	test_result("limit-memcg-max", (WIFSIGNALED(status) &&
					WTERMSIG(status) == SIGKILL) ||
		    (WIFEXITED(status) && WEXITSTATUS(status) < 4),
		    "status %#x", status);
	test_result("limit-memcg-events",
		    get_number(CGROUP "/memory.events", "max ") > 0, "none");
	rmdir(CGROUP);
}

int main(void)
{
	alarm(1500);
	if (geteuid() || access(PARAMS "max_vms", W_OK)) {
		test_skip("limits", "not root, or no module with parameters");
		return 0;
	}
	if (chmod("/dev/vmbt", 0666))
		die("/dev/vmbt");
	number();
	inherited();
	memory();
	growth();
	cgroups();
	return test_exit();
}
