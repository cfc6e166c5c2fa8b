// SPDX-License-Identifier: GPL-2.0
/*
 * The process that opens files for vmbt-run: what it opens, and what it does not
 * though the user could, once the guest runs. Real files in a directory of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "check.h"

static char dir[32] = "/tmp/broker.XXXXXX";
static char name[PATH_MAX];

__printf(1, 2) __noreturn void die(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static const char *in(const char *file)
{
	snprintf(name, sizeof(name), "%s/%s", dir, file);
	return name;
}

static void make(const char *file)
{
	int fd = open(in(file), O_WRONLY | O_CREAT | O_TRUNC, 0666);

	EXPECT(fd >= 0 && write(fd, "text", 4) == 4);
	close(fd);
}

/* The errno of opening a file by the broker, 0 if it was. */
static int try(const char *path, int flags)
{
	int fd;

	errno = 0;
	fd = broker_open(path, flags);
	if (fd < 0)
		return errno ? errno : -1;
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, flags & O_ACCMODE);
	close(fd);
	return 0;
}

static void without_it(void)
{
	make("image");
	EXPECT_EQ(try(in("image"), O_RDWR), 0);
	EXPECT_EQ(try(in("missing"), O_RDONLY), ENOENT);
}

/* The errno of opening a file in a folder. */
static int try_inside(const char *path)
{
	int fd;

	errno = 0;
	fd = broker_open_inside(path);
	if (fd < 0)
		return errno ? errno : -1;
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	return 0;
}

static void look_inside(void)
{
	EXPECT_EQ(try_inside(in("tftp/file")), 0);
	EXPECT_EQ(try_inside(in("tftp/sub/file")), 0);
	EXPECT_EQ(try_inside(in("tftp/sub/../file")), 0);
	EXPECT_EQ(try_inside(in("tftp//file")), 0);
	EXPECT_EQ(try_inside(in("tftp/")), ENOENT);
	EXPECT_EQ(try_inside(in("tftp/missing")), ENOENT);
	EXPECT_EQ(try_inside(in("tftp/sub")), EPERM);
	EXPECT_EQ(try_inside(in("tftp/fifo")), EPERM);
	/* Out of it: dots, a link, a root, a folder whose name begins the same. */
	EXPECT_EQ(try_inside(in("tftp/../image")), EXDEV);
	EXPECT_EQ(try_inside(in("tftp/sub/../../image")), EXDEV);
	EXPECT_EQ(try_inside(in("tftp/link")), EXDEV);
	EXPECT_EQ(try_inside(in("tftp//etc/passwd")), ENOENT);
	EXPECT_EQ(try_inside(in("tftp-other/file")), EPERM);
	EXPECT_EQ(try_inside(in("image")), EPERM);
	EXPECT_EQ(try_inside("/etc/passwd"), EPERM);
}

static void inside_without_it(void)
{
	mkdir(in("tftp"), 0777);
	mkdir(in("tftp/sub"), 0777);
	mkdir(in("tftp-other"), 0777);
	make("tftp/file");
	make("tftp/sub/file");
	make("tftp-other/file");
	mkfifo(in("tftp/fifo"), 0666);
	EXPECT_EQ(symlink("../image", in("tftp/link")), 0);
	EXPECT_EQ(try_inside(in("tftp/file")), EPERM);
	broker_allow_inside(in("tftp"));
	look_inside();
}

static void opens(void)
{
	char text[5] = "";
	int fd;

	broker_start();
	fd = broker_open(in("image"), O_RDONLY);
	EXPECT(fd >= 0 && read(fd, text, 4) == 4 && !strcmp(text, "text"));
	close(fd);
	EXPECT_EQ(try(in("missing"), O_RDONLY), ENOENT);
	EXPECT_EQ(try(in("dump"), O_WRONLY | O_CREAT | O_TRUNC), 0);
	EXPECT_EQ(access(name, F_OK), 0);
	EXPECT_EQ(try(dir, O_TMPFILE | O_RDWR), 0);
}

static void truncates(void)
{
	struct stat st;

	make("dump");
	EXPECT_EQ(try(in("dump"), O_WRONLY | O_CREAT | O_TRUNC), 0);
	EXPECT(!stat(name, &st) && !st.st_size);
	make("dump");
	EXPECT_EQ(try(in("dump"), O_WRONLY | O_CREAT), 0);
	EXPECT(!stat(name, &st) && st.st_size == 4);
	EXPECT_EQ(try(in("dump"), O_WRONLY | O_CREAT | O_EXCL), EEXIST);
}

static void refuses(void)
{
	char path[PATH_MAX + 10];

	/* Not images: a directory, a terminal, a fifo, others' memory. */
	EXPECT_EQ(try(dir, O_RDONLY), EPERM);
	EXPECT_EQ(try("/dev/null", O_RDWR), EPERM);
	mkfifo(in("fifo"), 0666);
	EXPECT_EQ(try(in("fifo"), O_RDONLY), EPERM);
	EXPECT_EQ(try(in("fifo"), O_RDWR | O_CREAT), EPERM);
	EXPECT_EQ(try("/proc/self/mem", O_RDWR), EPERM);
	EXPECT_EQ(try("/proc/self/maps", O_RDONLY), EPERM);
	EXPECT_EQ(try("/proc/self/comm", O_WRONLY | O_CREAT), EPERM);

	/* Hidden files may be read. */
	mkdir(in(".hidden"), 0777);
	make(".hidden/rc");
	EXPECT_EQ(try(in(".hidden/rc"), O_RDONLY), 0);
	EXPECT_EQ(try(in(".hidden/rc"), O_RDWR), EPERM);
	EXPECT_EQ(try(in(".hidden/new"), O_WRONLY | O_CREAT), EPERM);
	EXPECT_EQ(try(in(".new"), O_WRONLY | O_CREAT), EPERM);
	EXPECT_EQ(try(in("none/../.hidden/rc"), O_RDWR), ENOENT);

	/* Links lead where what is said of the other end holds. */
	snprintf(path, sizeof(path), "%s/.hidden/rc", dir);
	EXPECT_EQ(symlink(path, in("link")), 0);
	EXPECT_EQ(try(in("link"), O_RDWR), EPERM);
	EXPECT_EQ(try(in("link"), O_WRONLY | O_CREAT), ELOOP);
	snprintf(path, sizeof(path), "%s/.hidden", dir);
	EXPECT_EQ(symlink(path, in("there")), 0);
	EXPECT_EQ(try(in("there/new"), O_WRONLY | O_CREAT), EPERM);

	EXPECT_EQ(try(in("image"), O_RDONLY | O_PATH), EINVAL);
	EXPECT_EQ(try(in("image"), O_RDWR | O_APPEND), EINVAL);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	EXPECT_EQ(try(path, O_RDONLY), ENAMETOOLONG);
}

static void named(void)
{
	broker_start();
	broker_allow("/dev/null", O_RDWR);
	broker_allow(in("image"), O_RDONLY);
	broker_seal(true);
	EXPECT_EQ(try("/dev/null", O_RDWR), 0);
	EXPECT_EQ(try("/dev/null", O_RDONLY), EPERM);
	EXPECT_EQ(try(in("image"), O_RDONLY), 0);
	EXPECT_EQ(try(in("image"), O_RDWR), EPERM);
	EXPECT_EQ(try(in("dump"), O_RDONLY), EPERM);
	EXPECT_EQ(try(in("dump"), O_WRONLY | O_CREAT), EPERM);
	EXPECT_EQ(try(dir, O_TMPFILE | O_RDWR), 0);
	/* It stays that way. */
	broker_seal(false);
	EXPECT_EQ(try(in("dump"), O_RDONLY), EPERM);
}

static void inside(void)
{
	broker_start();
	broker_allow_inside(in("tftp"));
	broker_seal(true);
	look_inside();
	/* It is no permission for anything else. */
	EXPECT_EQ(try(in("tftp/file"), O_RDONLY), EPERM);
	EXPECT_EQ(try(in("tftp/file"), O_RDWR), EPERM);
}

static pid_t somebody_is[2];
static unsigned int somebodies;

/* Somebody at a socket who says a word and waits for the other to go. */
static void somebody(const char *file, const char *word)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char c1;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, file);
	EXPECT(!bind(s, (struct sockaddr *)&addr, sizeof(addr)) && !listen(s, 5));
	somebody_is[somebodies] = fork();
	if (somebody_is[somebodies]) {
		somebodies++;
		close(s);
		return;
	}
	while ((c = accept(s, NULL, NULL)) >= 0) {
		if (write(c, word, strlen(word)) < 0)
			_exit(1);
		while (read(c, &c1, 1) > 0)
			;
		close(c);
	}
	_exit(0);
}

/* The errno of connecting, 0 if it was done and the greeting is still to be read. */
static int try_connect(const char *file)
{
	char greeting[9] = "";
	int fd;

	errno = 0;
	fd = broker_connect(in(file), true);
	if (fd < 0)
		return errno ? errno : -1;
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	EXPECT(read(fd, greeting, 8) == 8 && !strcmp(greeting, "NBDMAGIC"));
	close(fd);
	return 0;
}

static void connects(void)
{
	somebody("nbd", "NBDMAGIC");
	somebody("sshd", "SSH-2.0-");
	broker_start();
	broker_seal(false);
	EXPECT_EQ(try_connect("nbd"), 0);
	EXPECT_EQ(try_connect("sshd"), EPROTO);
	EXPECT_EQ(try_connect("none"), ENOENT);
	EXPECT_EQ(try_connect("image"), ECONNREFUSED);
	EXPECT(broker_connect("no port", false) < 0 && errno == EINVAL);
	EXPECT(broker_connect("x:localhost", false) < 0 && errno < 0);
	/* Not an image, and none that a server is started for. */
	EXPECT(broker_serve("/proc/version", "qcow2") < 0 && errno == EPERM);
	EXPECT(broker_serve(in("fifo"), "qcow2") < 0 && errno == EPERM);
	EXPECT(broker_serve(in("image"), "nbd") < 0 && errno == EINVAL);
	EXPECT(broker_serve(in("image"), "") < 0 && errno == EINVAL);
	broker_seal(true);
	EXPECT_EQ(try_connect("nbd"), EPERM);
	EXPECT(broker_serve(in("image"), "qcow2") < 0 && errno == EPERM);
}

/* However the process ends: another one here, killed. */
static void removes(void)
{
	unsigned int i;
	pid_t child;

	make("pid");
	make("other");
	fflush(stdout);
	child = fork();
	if (!child) {
		broker_start();
		broker_remove_at_end(in("pid"));
		broker_seal(false);
		/* The name is no permission, and no more are taken. */
		if (broker_open(in("pid"), -1) >= 0)
			_exit(1);
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
	for (i = 0; i < 500 && !access(in("pid"), F_OK); i++)
		usleep(10000);
	EXPECT(access(in("pid"), F_OK));
	EXPECT(!access(in("other"), F_OK));
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir))
		return 1;
	CASE(without_it);
	CASE(inside_without_it);
	CASE(opens);
	CASE(truncates);
	CASE(refuses);
	CASE(named);
	CASE(inside);
	CASE(removes);
	CASE(connects);
	while (somebodies)
		kill(somebody_is[--somebodies], SIGKILL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || check_failed;
}
