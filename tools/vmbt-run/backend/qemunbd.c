// SPDX-License-Identifier: GPL-2.0
/*
 * qemu-nbd, started for one image: its parsers run in a process that knows nothing of us.
 *
 * The program gets a socket that listens (systemd's protocol: LISTEN_FDS and LISTEN_PID,
 * the socket being descriptor 3), takes one client, and ends when that is gone, however
 * it went. The socket's name lives in a directory of ours from here until we have
 * connected, so that nobody else can be the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "qemunbd.h"

#define PROGRAM		"qemu-nbd"
#define LISTEN_FD	3
#define PID_VAR		"LISTEN_PID="

/* A socket in a new directory that is the user's alone. */
static int listen_somewhere(char *socket_path, size_t room)
{
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (!tmp || strlen(tmp) > room - 32)
		tmp = "/tmp";
	snprintf(socket_path, room, "%s/vmbt-nbd.XXXXXX", tmp);
	if (!mkdtemp(socket_path))
		return -1;
	strcat(socket_path, "/socket");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", socket_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, 1))
		return fd;
	if (fd >= 0)
		close(fd);
	qemunbd_connected(socket_path);
	return -1;
}

/* What QEMU calls an image: as keys, of which none is guessed from its name. */
static char *image_options(const char *path, const char *format)
{
	struct stat st;
	bool device = !stat(path, &st) && S_ISBLK(st.st_mode);
	char *opts = malloc(2 * strlen(path) + 100), *p;

	if (!opts)
		return NULL;
	p = opts + sprintf(opts, "driver=%s,file.driver=%s,file.filename=", format,
			   device ? "host_device" : "file");
	for (; *path; path++) {
		if (*path == ',')
			*p++ = ',';
		*p++ = *path;
	}
	*p = 0;
	return opts;
}

/* Our environment and the two variables; @pid has room for the number. */
static char **environment(char *pid)
{
	char **env;
	unsigned int n = 0, i, k = 0;

	while (environ[n])
		n++;
	env = calloc(n + 3, sizeof(*env));
	for (i = 0; env && i < n; i++)
		if (strncmp(environ[i], "LISTEN_", 7))
			env[k++] = environ[i];
	if (env) {
		env[k++] = "LISTEN_FDS=1";
		env[k] = pid;
	}
	return env;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(op, k, yes, no) BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, k, yes, no)

/*
 * No new socket: what an image names - a backing file, an extent - QEMU would take from other
 * machines, too, and an image that a guest has written may name what it likes.
 */
static bool confine(void)
{
	static struct sock_filter rules[] = {
		LOAD(arch), IF(JEQ, AUDIT_ARCH_X86_64, 0, 5),
		LOAD(nr), IF(JEQ, SYS_socket, 3, 0), IF(JEQ, SYS_io_uring_setup, 2, 0),
		/* Not the x32 ones. */
		IF(JGE, 0x40000000, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	static const struct sock_fprog program = { ARRAY_SIZE(rules), rules };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In the child: nothing but system calls, there may be threads. */
static __noreturn void become(int listener, char *const *argv, char *const *env, char *pid,
			      enum qemunbd_how how)
{
	int null = open("/dev/null", O_RDWR);
	char digits[16], *p = pid + strlen(PID_VAR);
	unsigned int left = getpid(), n = 0;

	for (; left; left /= 10)
		digits[n++] = '0' + left % 10;
	while (n)
		*p++ = digits[--n];
	*p = 0;
	/* The terminal's keys end us, and that ends it; not the two of us at once. */
	setsid();
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(null, 1);
	if (listener == LISTEN_FD)
		fcntl(listener, F_SETFD, 0);
	else
		dup2(listener, LISTEN_FD);
	if (how != QEMUNBD_CONFINED || confine())
		execvpe(PROGRAM, argv, env);
	_exit(127);
}

static bool installed(void)
{
	const char *path = getenv("PATH"), *end;
	char name[512];

	for (; path && *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		snprintf(name, sizeof(name), "%.*s/" PROGRAM, (int)(end - path), path);
		if (!access(name, X_OK))
			return true;
	}
	return false;
}

/**
 * qemunbd_start() - have qemu-nbd serve an image to one client
 * @path: the image
 * @format: its format, as QEMU names it
 * @how: what the program may do with it
 * @socket: filled: where to connect; qemunbd_connected() afterwards
 * @room: room there, at least 64 bytes
 * @why: gets the reason if that is not possible
 * @size: room for it
 *
 * What is wrong with the image the program says on standard error and ends; then nobody
 * answers at the socket.
 *
 * Return: its process, or -1 and errno, ENOPKG if there is no such program.
 */
pid_t qemunbd_start(const char *path, const char *format, enum qemunbd_how how, char *socket,
		    size_t room, char *why, size_t size)
{
	char pid[sizeof(PID_VAR) + 16] = PID_VAR, *opts = image_options(path, format);
	char *const argv[] = { PROGRAM, "--shared=1", "--image-opts", opts,
			 how == QEMUNBD_WRITES ? NULL : "--read-only", NULL };
	char **env = environment(pid);
	bool missing = !installed();
	int fd = -1;
	pid_t child = -1;

	*why = 0;
	if (!opts || !env)
		snprintf(why, size, "out of memory");
	else if (missing)
		snprintf(why, size, QEMUNBD_MISSING, path, format);
	else if (access(path, how == QEMUNBD_WRITES ? R_OK | W_OK : R_OK))
		snprintf(why, size, "%s: %s", path, strerror(errno));
	else
		fd = listen_somewhere(socket, room);
	if (fd >= 0) {
		child = fork();
		if (!child)
			become(fd, argv, env, pid, how);
		close(fd);
		if (child < 0)
			qemunbd_connected(socket);
	}
	if (child < 0 && missing)
		errno = ENOPKG;
	else if (child < 0 && !*why)
		snprintf(why, size, "%s: a server for it: %s", path, strerror(errno));
	free(opts);
	free(env);
	return child;
}

/**
 * qemunbd_connected() - nobody else shall connect
 * @socket: what qemunbd_start() filled
 */
void qemunbd_connected(const char *socket)
{
	char dir[128];

	unlink(socket);
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(socket, '/') - socket), socket);
	rmdir(dir);
}
