// SPDX-License-Identifier: GPL-2.0
/*
 * Opens files for a process that can't any more.
 *
 * The process behind it is forked before there are threads, back ends or a guest,
 * and ends with vmbt-run, however that ends. It believes nothing that comes after
 * broker_seal(): a guest that has taken over vmbt-run could ask it, too. So it opens
 * what the command line named, to read what is in a folder that it named, and beyond
 * that, where the user has a monitor to ask
 * from, only regular files and block devices, none of them the kernel's own (/proc,
 * /sys), and for writing nothing that is hidden or in a hidden directory, where
 * people's programs keep what they run at the next login; and it connects to NBD servers,
 * and to nobody else (nbdreach.c), one of which it starts itself, for an image of another
 * format.
 */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/openat2.h>

#include "diskformat.h"
#include "nbdname.h"
#include "qemunbd.h"
#include "util.h"

#define PATHS		64
#define FOLDERS		4
#define PATIENCE	5	/* seconds, of a server: the guest may be waiting */
#define START		60	/* of one that has to start, or before the guest does */
#define CONFIGFS_MAGIC	0x62656570
#define FLAGS		(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_TMPFILE | O_NONBLOCK | \
			 O_DSYNC | O_CLOEXEC)

enum op {
	OPEN,		/* a file */
	INSIDE,		/* a file in one of the folders, to read */
	LOCAL,		/* connect to an NBD server at a UNIX socket */
	REMOTE,		/* to one elsewhere; the path is PORT:HOST */
	SERVE,		/* start one for an image; the path is FORMAT:PATH */
	ALLOW,		/* remember the name: it may be opened later */
	FOLDER,		/* remember the folder: what is in it may be read later */
	REMOVE,		/* remember the name: it is to be removed at the end */
	SEAL,		/* the guest will run; flags: nothing but remembered names */
};

struct request {
	u32 op;
	s32 flags;
	char path[PATH_MAX];
};

/* A message with a descriptor. */
union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

/**
 * struct broker - what the process remembers
 * @sock: to vmbt-run
 * @path: names
 * @flags: how they may be opened
 * @remove: it is one to be removed
 * @paths: how many
 * @folder: folders whose files may be read
 * @folders: how many
 * @sealed: no more of them
 * @named_only: and nothing else
 */
struct broker {
	int sock;
	char *path[PATHS];
	int flags[PATHS];
	bool remove[PATHS];
	unsigned int paths;
	char *folder[FOLDERS];
	unsigned int folders;
	bool sealed;
	bool named_only;
};

/* vmbt-run's half; what is remembered where there is no process */
static struct broker here;
static int sock = -1;
static pid_t process;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *to_remove[PATHS];
static unsigned int removals;

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
}

/* The kernel's own file systems: a "regular file" there can be a process's memory. */
static bool pseudo(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return true;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case BPF_FS_MAGIC:
	case EFIVARFS_MAGIC:
	case CONFIGFS_MAGIC:
		return true;
	}
	return false;
}

/* Is what a descriptor stands for hidden, or in a hidden directory? */
static bool hidden(int fd)
{
	char self[64], path[PATH_MAX];
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, path, sizeof(path) - 1);
	if (n <= 0 || n == sizeof(path) - 1)
		return true;
	path[n] = 0;
	return strstr(path, "/.");
}

static int reopen(int fd, int flags)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open(self, flags);
}

/* An image: what it is decides, not what it was when its name was looked at. */
static int open_image(const char *path, int flags)
{
	int at = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct stat st;

	if (at < 0)
		return -1;
	if (fstat(at, &st) || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) ||
	    (S_ISREG(st.st_mode) && pseudo(at)) || (writes(flags) && hidden(at)))
		errno = EPERM;
	else
		fd = reopen(at, flags);
	close(at);
	return fd;
}

/* A file that may have to be made: in a directory, and no link to elsewhere. */
static int create(const char *path, int flags)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char dir[PATH_MAX] = ".";
	struct stat st;
	int at, fd;

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -1;
	if (*name == '.' || pseudo(at) || hidden(at)) {
		close(at);
		errno = EPERM;
		return -1;
	}
	fd = openat(at, name, (flags & ~O_TRUNC) | O_NOFOLLOW | O_NONBLOCK, 0666);
	close(at);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	if ((flags & O_TRUNC && ftruncate(fd, 0)) || fcntl(fd, F_SETFL, 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int do_open(const struct broker *b, const char *path, int flags)
{
	unsigned int i;

	if (flags & ~FLAGS) {
		errno = EINVAL;
		return -1;
	}
	flags |= O_CLOEXEC | O_NOCTTY;
	for (i = 0; i < b->paths; i++)
		if (!strcmp(b->path[i], path) && (b->flags[i] | O_CLOEXEC | O_NOCTTY) == flags)
			return open(path, flags, 0666);
	/* A file without a name is room on a disk and no more. */
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open(path, flags | O_EXCL, 0600);
	if (b->named_only) {
		errno = EPERM;
		return -1;
	}
	return flags & O_CREAT ? create(path, flags) : open_image(path, flags);
}

/* What stands behind a folder's name and slashes (clients ask for "/boot"), or NULL. */
static const char *behind(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	if (strncmp(path, folder, len) || path[len] != '/')
		return NULL;
	path += len;
	return path + strspn(path, "/");
}

/* A regular file in a folder, to which neither dots nor links lead out of it. */
static int open_behind(const char *folder, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat st;

	if (at < 0)
		return -1;
	fd = syscall(SYS_openat2, at, name, &how, sizeof(how));
	close(at);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

static int do_open_inside(const struct broker *b, const char *path)
{
	const char *name;
	unsigned int i;

	for (i = 0; i < b->folders; i++) {
		name = behind(b->folder[i], path);
		if (name)
			return open_behind(b->folder[i], name);
	}
	errno = EPERM;
	return -1;
}

/* For a medium that changes. */
static int do_connect(const struct broker *b, const struct request *r)
{
	if (!b->named_only)
		return nbd_reach(r->path, r->op == LOCAL, b->sealed ? PATIENCE : START);
	errno = EPERM;
	return -1;
}

/* The same of an image: what may be read, with a server that can't do more with it. */
static int do_serve(const struct broker *b, const struct request *r)
{
	const char *colon = strchr(r->path, ':'), *format;
	char name[16], socket[64], why[600];
	int fd = -1;

	snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - r->path) : 0, r->path);
	format = disk_format_named(name);
	if (b->named_only)
		errno = EPERM;
	else if (!format)
		errno = EINVAL;
	else
		fd = open_image(colon + 1, O_RDONLY);
	if (fd < 0)
		return -1;
	close(fd);
	if (qemunbd_start(colon + 1, format, QEMUNBD_CONFINED, socket, sizeof(socket), why,
			  sizeof(why)) < 0)
		return -1;
	fd = nbd_reach(socket, true, START);
	qemunbd_connected(socket);
	return fd;
}

static int remember_folder(struct broker *b, const char *path)
{
	if (b->sealed)
		return -EPERM;
	if (b->folders == FOLDERS)
		return -ENOSPC;
	b->folder[b->folders] = strdup(path);
	if (!b->folder[b->folders])
		return -ENOMEM;
	b->folders++;
	return 0;
}

static int remember(struct broker *b, const struct request *r)
{
	bool remove = r->op == REMOVE;
	unsigned int i;

	if (b->sealed)
		return -EPERM;
	for (i = 0; i < b->paths; i++)
		if (!strcmp(b->path[i], r->path) && b->flags[i] == r->flags &&
		    b->remove[i] == remove)
			return 0;
	if (b->paths == PATHS)
		return -ENOSPC;
	b->path[b->paths] = strdup(r->path);
	if (!b->path[b->paths])
		return -ENOMEM;
	/* The name of what is removed is no permission to open it. */
	b->flags[b->paths] = remove ? -1 : r->flags;
	b->remove[b->paths++] = remove;
	return 0;
}

/* The descriptor stays open here until it has been sent. */
static bool answer(int to, int error, int fd)
{
	struct iovec iov = { .iov_base = &error, .iov_len = sizeof(error) };
	union rights rights = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &rights;
		msg.msg_controllen = sizeof(rights);
		rights.head.cmsg_level = SOL_SOCKET;
		rights.head.cmsg_type = SCM_RIGHTS;
		rights.head.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&rights.head), &fd, sizeof(fd));
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL) >= 0;
}

static bool serve(struct broker *b, struct request *r)
{
	int fd = -1, error = 0;
	bool ok;

	switch (r->op) {
	case OPEN:
		fd = do_open(b, r->path, r->flags);
		if (fd < 0)
			error = errno;
		break;
	case INSIDE:
		fd = do_open_inside(b, r->path);
		if (fd < 0)
			error = errno;
		break;
	case LOCAL:
	case REMOTE:
		fd = do_connect(b, r);
		if (fd < 0)
			error = errno;
		break;
	case SERVE:
		fd = do_serve(b, r);
		if (fd < 0)
			error = errno;
		break;
	case FOLDER:
		error = -remember_folder(b, r->path);
		break;
	case ALLOW:
	case REMOVE:
		error = -remember(b, r);
		break;
	case SEAL:
		b->named_only |= r->flags != 0;
		b->sealed = true;
		break;
	default:
		error = EINVAL;
	}
	ok = answer(b->sock, error, fd);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* The process: until vmbt-run is gone. */
static __noreturn void run(int s)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct broker b = { .sock = s };
	struct request r;
	unsigned int i;
	ssize_t n;
	int null;

	/* The terminal's keys are vmbt-run's; so are its standard streams. */
	for (i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "vmbt-broker");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	null = open("/dev/null", O_RDWR);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	close_range(3, s - 1, 0);
	close_range(s + 1, ~0U, 0);

	for (;;) {
		n = recv(s, &r, sizeof(r), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)offsetof(struct request, path) + 1)
			break;
		r.path[n - offsetof(struct request, path) - 1] = 0;
		/* Servers that have ended. */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!serve(&b, &r))
			break;
	}
	for (i = 0; i < b.paths; i++)
		if (b.remove[i])
			unlink(b.path[i]);
	_exit(0);
}

/* It removes what is to be removed, and that is done when we end. */
static void end(void)
{
	unsigned int i;

	for (i = 0; i < removals; i++)
		unlink(to_remove[i]);
	removals = 0;
	if (sock < 0)
		return;
	close(sock);
	sock = -1;
	waitpid(process, NULL, 0);
}

/**
 * broker_start() - fork the process; ends the program if that fails
 *
 * Called before there are threads. Without it, broker_open() is open(2).
 */
void broker_start(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("broker: %s", strerror(errno));
	process = fork();
	if (process < 0)
		die("broker: %s", strerror(errno));
	if (!process)
		run(pair[1]);
	close(pair[1]);
	sock = pair[0];
	atexit(end);
}

static int receive(int *error)
{
	struct iovec iov = { .iov_base = error, .iov_len = sizeof(*error) };
	union rights rights = { .room = { 0 } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights,
			      .msg_controllen = sizeof(rights) };
	struct cmsghdr *head;
	ssize_t n;
	int fd = -1;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(*error)) {
		*error = EPIPE;
		return -1;
	}
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

static int ask(enum op op, const char *path, int flags)
{
	struct request r = { .op = op, .flags = flags };
	size_t len = strlen(path);
	int error = EPIPE, fd = -1;

	if (len >= sizeof(r.path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(r.path, path, len);
	pthread_mutex_lock(&lock);
	if (send(sock, &r, offsetof(struct request, path) + len + 1, MSG_NOSIGNAL) >= 0)
		fd = receive(&error);
	pthread_mutex_unlock(&lock);
	errno = error;
	return error ? -1 : fd;
}

/**
 * broker_open() - open a file, whether or not this process still can
 * @path: its name
 * @flags: as open(2)'s; a file that is made is the user's to read and write
 *
 * Also before broker_start(), and without it: the file is opened right here then.
 *
 * Return: a descriptor, closed on exec, or -1 and errno; EPERM for what the broker
 * does not open.
 */
int broker_open(const char *path, int flags)
{
	int fd;

	if (sock < 0)
		return open(path, flags | O_CLOEXEC, 0666);
	fd = ask(OPEN, path, flags);
	/* It was opened, but there was no number left for it here. */
	if (fd < 0 && !errno)
		errno = EMFILE;
	return fd;
}

/**
 * broker_open_inside() - open a file of a folder's, to read
 * @path: the folder as it was given to broker_allow_inside(), and behind it the file
 *
 * Links that lead out of the folder are not followed, and only regular files opened.
 *
 * Return: a descriptor, closed on exec, or -1 and errno.
 */
int broker_open_inside(const char *path)
{
	int fd;

	if (sock < 0)
		return do_open_inside(&here, path);
	fd = ask(INSIDE, path, 0);
	if (fd < 0 && !errno)
		errno = EMFILE;
	return fd;
}

/**
 * broker_connect() - connect to an NBD server
 * @where: as nbd_reach()'s
 * @local: as nbd_reach()'s
 *
 * Return: a socket, closed on exec, or -1 and errno, for nbd_reach_why(); EPERM where
 * nothing is opened but what the command line named.
 */
int broker_connect(const char *where, bool local)
{
	int fd;

	if (sock < 0)
		return nbd_reach(where, local, START);
	fd = ask(local ? LOCAL : REMOTE, where, 0);
	if (fd < 0 && !errno)
		errno = EMFILE;
	return fd;
}

/**
 * broker_serves() - can an image's server be started, though this process can't any more
 *
 * Return: whether broker_serve() does it.
 */
bool broker_serves(void)
{
	return sock >= 0;
}

/**
 * broker_serve() - start a server for an image, to be read only, and connect to it
 * @path: the image
 * @format: its format
 *
 * It has no way to the network, whatever the image names.
 *
 * Return: a socket, closed on exec, or -1 and errno: of the image, EPROTO if it is not of
 * that format, ENOPKG if there is no such server.
 */
int broker_serve(const char *path, const char *format)
{
	char request[PATH_MAX];
	int fd;

	if ((size_t)snprintf(request, sizeof(request), "%s:%s", format, path) >=
	    sizeof(request)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = ask(SERVE, request, 0);
	if (fd < 0 && !errno)
		errno = EMFILE;
	return fd;
}

/**
 * broker_allow_inside() - a folder of the command line's, whose files are read later
 * @folder: its name
 */
void broker_allow_inside(const char *folder)
{
	int error;

	if (sock < 0)
		error = -remember_folder(&here, folder);
	else
		error = ask(FOLDER, folder, 0) < 0 ? errno : 0;
	if (error)
		die("%s: %s", folder, strerror(error));
}

/**
 * broker_allow() - a file of the command line's, which will be opened later
 * @path: its name
 * @flags: as broker_open()'s will be
 */
void broker_allow(const char *path, int flags)
{
	if (sock >= 0 && ask(ALLOW, path, flags) < 0 && errno)
		die("%s: %s", path, strerror(errno));
}

/**
 * broker_remove_at_end() - a file of ours that shall be gone when the program ends
 * @path: its name; kept until then
 */
void broker_remove_at_end(const char *path)
{
	if (sock >= 0) {
		if (ask(REMOVE, path, 0) < 0 && errno)
			die("%s: %s", path, strerror(errno));
		return;
	}
	if (!removals)
		atexit(end);
	if (removals < PATHS)
		to_remove[removals++] = path;
}

/**
 * broker_seal() - the guest is about to run
 * @named_only: nothing is opened but what broker_allow() named
 */
void broker_seal(bool named_only)
{
	if (sock >= 0)
		ask(SEAL, "", named_only);
}
