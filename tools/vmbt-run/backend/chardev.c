// SPDX-License-Identifier: GPL-2.0
/*
 * The host's end of a serial line: terminal, file, pseudo terminal, a port of the
 * host's or nothing; sockets are charsock.c's.
 *
 * A guest sends its output byte by byte, and a write(2) for each would cost
 * more than all the rest. Output is collected until a line is complete, the
 * guest halts, or a few milliseconds have passed. It is written by the vCPU's
 * thread, without the machine's lock: a terminal that blocks stops the guest,
 * and nothing else.
 */
#include "chardev.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "charsock.h"
#include "terminal.h"
#include "util.h"

#define HOLD_NS		3000000
#define LONG_LINE	512
#define DRAIN_STEP_MS	10
#define DRAIN_STEPS	100

static void open_pty(struct chardev *c, const char *label)
{
	struct termios t;
	int master, slave;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0 || grantpt(master) || unlockpt(master))
		die("%s: no pseudo terminal: %s", label, strerror(errno));
	/* Held open by us too, so that nobody's coming and going is an error. */
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &t))
		die("%s: %s: %s", label, ptsname(master), strerror(errno));
	cfmakeraw(&t);
	tcsetattr(slave, TCSANOW, &t);
	warn("%s is %s", label, ptsname(master));
	c->in = master;
	c->out = master;
	c->lossy = true;
	c->slave = slave;
}

/*
 * When we close our end the kernel drops what is not read yet, so whoever reads it gets
 * a second. What was written is on its way for a moment in which nothing is there
 * to be read: that nothing is there counts the second time.
 */
static void drain_pty(struct chardev *c)
{
	unsigned int i, empty = 0;
	int unread;

	for (i = 0; i < DRAIN_STEPS && empty < 2; i++) {
		if (i)
			poll(NULL, 0, DRAIN_STEP_MS);
		if (ioctl(c->slave, FIONREAD, &unread))
			return;
		empty = unread ? 0 : empty + 1;
	}
}

/* From the guest's serial port to the monitor, and back. */
static void change_over(struct chardev *c)
{
	if (!c->shared)
		return;
	c->at_console = !c->at_console;
	/* An empty line has the monitor show its prompt. */
	if (c->at_console)
		c->console(c->owner, '\n');
}

/* Called with the machine's lock held. */
static void on_input(void *arg, u32 events)
{
	struct chardev *c = arg;
	unsigned int room = CHARDEV_IN - c->in_count, i;
	u8 buf[CHARDEV_IN];
	ssize_t n;

	(void)events;
	n = read(c->in, buf, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {			/* the other end is closed */
		loop_remove_fd(c->loop, &c->lfd);
		if (c->is_socket)
			charsock_hang_up(c);
		c->in = -1;
		return;
	}
	for (i = 0; i < n; i++) {
		switch (c->keys ? terminal_key(&c->escaped, buf[i]) : KEY_BYTE) {
		case KEY_CONSOLE:
			change_over(c);
			break;
		case KEY_BYTE:
			if (c->at_console) {
				c->console(c->owner, buf[i]);
				break;
			}
			c->input[(c->in_head + c->in_count++) % CHARDEV_IN] = buf[i];
			break;
		case KEY_LEAVE:
			c->leave(c->owner);
			return;
		case KEY_HELP:
			if (write(STDERR_FILENO, terminal_help, strlen(terminal_help)) < 0)
				return;
			break;
		default:
			break;
		}
	}
	chardev_feed(c);
	/*
	 * Somebody must read the terminal for the leave key to work, so it is
	 * read on when the guest takes nothing; what does not fit is lost.
	 */
	if (c->in_count == CHARDEV_IN) {
		if (c->keys) {
			c->in_count = CHARDEV_IN / 2;
		} else {
			loop_remove_fd(c->loop, &c->lfd);
			c->paused = true;
		}
	}
}

static void write_out(struct chardev *c)
{
	unsigned int done = 0;
	ssize_t n;

	while (done < c->out_count && c->out >= 0) {
		n = write(c->out, c->output + done, c->out_count - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !c->lossy) {
			struct pollfd p = { .fd = c->out, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (n < 0)
			break;
		done += n;
	}
	c->out_count = 0;
	c->want_flush = false;
}

/* Runs on the main thread, which must not block: that is the vCPU's part. */
static void on_flush_timer(void *arg, u64 now)
{
	struct chardev *c = arg;
	struct pollfd p = { .fd = c->out, .events = POLLOUT };

	if (pthread_mutex_trylock(&c->out_lock)) {
		loop_set_timer(c->loop, &c->flush_timer, now + HOLD_NS);
		return;
	}
	if (c->out_count) {
		if (poll(&p, 1, 0) == 1)
			write_out(c);
		else
			loop_set_timer(c->loop, &c->flush_timer, now + HOLD_NS);
	}
	pthread_mutex_unlock(&c->out_lock);
}

/* A port of the host's: its speed is what stty has set. */
static void open_port(struct chardev *c, const char *label, const char *path)
{
	struct termios t;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("%s: %s: %s%s", label, path, strerror(errno), errno == EACCES ?
		    " (its group may use it, dialout in Debian)" : "");
	if (tcgetattr(fd, &t))
		die("%s: %s: not a serial port", label, path);
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	tcsetattr(fd, TCSANOW, &t);
	c->in = fd;
	c->out = fd;
}

/**
 * chardev_wait() - wait for input
 * @c: the line, whose @in is open and no file
 */
void chardev_wait(struct chardev *c)
{
	c->lfd = (struct loop_fd){ .fd = c->in, .ready = on_input, .arg = c };
	loop_add_fd(c->loop, &c->lfd, EPOLLIN);
}

/**
 * chardev_open() - open the host's end
 * @c: the line; the functions are filled in afterwards
 * @loop: the event loop
 * @label: what it is for, for messages
 * @where: "stdio", "null", "pty", "file:PATH", "/dev/PORT" or an address of charsock.h
 *
 * Ends the program if that is not possible.
 */
void chardev_open(struct chardev *c, struct loop *loop, const char *label, const char *where)
{
	struct charsock a;
	struct stat st;

	memset(c, 0, sizeof(*c));
	c->loop = loop;
	c->in = -1;
	c->out = -1;
	pthread_mutex_init(&c->out_lock, NULL);
	loop_add_timer(loop, &c->flush_timer, on_flush_timer, c);

	if (!strcmp(where, "stdio")) {
		c->in = STDIN_FILENO;
		c->out = STDOUT_FILENO;
		c->keys = terminal_raw();
	} else if (!strcmp(where, "pty")) {
		open_pty(c, label);
	} else if (!strncmp(where, "file:", 5)) {
		c->out = open(where + 5, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (c->out < 0)
			die("%s: %s: %s", label, where + 5, strerror(errno));
	} else if (*where == '/') {
		open_port(c, label, where);
	} else if (!strncmp(where, "unix:", 5) || !strncmp(where, "tcp:", 4)) {
		charsock_parse(&a, where);
		charsock_open(c, label, &a);
	}
	c->file = c->in >= 0 && !fstat(c->in, &st) && S_ISREG(st.st_mode);
	if (c->in >= 0 && !c->file)
		chardev_wait(c);
}

/**
 * chardev_close() - write what is left
 * @c: the line
 */
void chardev_close(struct chardev *c)
{
	unsigned int i;

	/* What was held back as the beginning of an exit line was none. */
	for (i = 0; i < c->exit_line.len && c->out_count < CHARDEV_OUT; i++)
		c->output[c->out_count++] = c->exit_line.held[i];
	c->exit_line.len = 0;
	chardev_flush(c);
	if (c->slave > 0)
		drain_pty(c);
}

static void put(struct chardev *c, const u8 *bytes, unsigned int count)
{
	unsigned int i;

	pthread_mutex_lock(&c->out_lock);
	if (!c->out_count)
		loop_set_timer(c->loop, &c->flush_timer, now_ns() + HOLD_NS);
	for (i = 0; i < count; i++) {
		if (c->out_count == CHARDEV_OUT)
			write_out(c);
		c->output[c->out_count++] = bytes[i];
		if (bytes[i] == '\n' || c->out_count == LONG_LINE)
			c->want_flush = true;
	}
	pthread_mutex_unlock(&c->out_lock);
}

/**
 * chardev_put() - the guest sends a byte
 * @c: the line
 * @byte: the byte
 *
 * Called with the machine's lock held.
 */
void chardev_put(struct chardev *c, u8 byte)
{
	u8 shown[EXIT_LINE_MAX];
	bool found = c->exit_line.found;
	unsigned int n;

	if (!c->exit_line.prefix) {
		if (c->out >= 0)
			put(c, &byte, 1);
		return;
	}
	n = exit_line_filter(&c->exit_line, byte, shown);
	if (n)
		put(c, shown, n);
	if (c->exit_line.found && !found)
		c->exit_status(c->owner, c->exit_line.status);
}

/**
 * chardev_flush() - write what the guest has sent
 * @c: the line
 *
 * Called without the machine's lock; may block.
 */
void chardev_flush(struct chardev *c)
{
	pthread_mutex_lock(&c->out_lock);
	write_out(c);
	pthread_mutex_unlock(&c->out_lock);
}

/* A regular file can't be waited for: it is read whenever there is room. */
static void read_file(struct chardev *c)
{
	ssize_t n;

	if (!c->file || c->in < 0 || c->in_count)
		return;
	n = read(c->in, c->input, CHARDEV_IN);
	c->in_head = 0;
	if (n > 0)
		c->in_count = n;
	else
		c->in = -1;
}

/**
 * chardev_feed() - give the guest as many bytes as it can take
 * @c: the line
 *
 * Called with the machine's lock held, when there is input or room for it.
 */
void chardev_feed(struct chardev *c)
{
	unsigned int room;

	read_file(c);
	while (c->in_count && (room = c->room(c->arg))) {
		for (; room && c->in_count; room--) {
			c->receive(c->arg, c->input[c->in_head]);
			c->in_head = (c->in_head + 1) % CHARDEV_IN;
			c->in_count--;
		}
		read_file(c);
	}
	if (!c->in_count)
		c->idle(c->arg);
	if (c->paused && c->in_count < CHARDEV_IN / 2) {
		c->paused = false;
		loop_add_fd(c->loop, &c->lfd, EPOLLIN);
	}
}
