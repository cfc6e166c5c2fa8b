// SPDX-License-Identifier: GPL-2.0
/*
 * The printer port: how chip, machine and the host's end are wired.
 *
 * What is printed goes to a file byte by byte, as soon as it is strobed, or to a port of
 * the host's, through ppdev or lp, which do the handshake with a real printer. A printer
 * that has no room is tried again by a timer; the guest sees it busy meanwhile.
 */
#include "parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/major.h>
#include <linux/ppdev.h>

#include "machine.h"
#include "util.h"

#define RETRY_NS	10000000ULL

static void set_irq(void *arg, bool level)
{
	struct parallel *p = arg;

	irq_set(p->machine, LPT_IRQ, level);
}

static bool print(void *arg, u8 byte)
{
	struct parallel *p = arg;
	ssize_t n;

	if (p->fd < 0)
		return true;
	do {
		n = write(p->fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		return true;
	if (n < 0 && errno != EAGAIN && !p->failed) {
		warn("%s: %s", p->machine->o->parallel, strerror(errno));
		p->failed = true;
	}
	loop_set_timer(&p->machine->loop, &p->retry, now_ns() + RETRY_NS);
	return false;
}

static void retry(void *arg, u64 now)
{
	struct parallel *p = arg;

	(void)now;
	lpt_room(&p->chip);
}

static u32 port_read(void *arg, u16 port, unsigned int size)
{
	struct parallel *p = arg;

	(void)size;
	return lpt_read(&p->chip, port - LPT_PORT);
}

static void port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct parallel *p = arg;

	(void)size;
	lpt_write(&p->chip, port - LPT_PORT, val);
}

/**
 * parallel_power_on() - what a reset resets
 * @m: the machine
 */
void parallel_power_on(struct machine *m)
{
	struct parallel *p = &m->pc.parallel;

	if (!p->on)
		return;
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = "lpt1", .read = port_read, .write = port_write, .arg = p }),
		LPT_PORT, LPT_PORTS);
	p->chip.ready = true;
	p->chip.print = print;
	p->chip.set_irq = set_irq;
	p->chip.arg = p;
	lpt_reset(&p->chip);
	loop_set_timer(&m->loop, &p->retry, TIMER_OFF);
}

/* ppdev's, which is ours alone then, or that of the kernel's printer driver. */
static void open_port(struct parallel *p, const char *where)
{
	struct stat st;

	if (stat(where, &st))
		die("parallel port: %s: %s", where, strerror(errno));
	if (!S_ISCHR(st.st_mode) || (major(st.st_rdev) != PP_MAJOR &&
				     major(st.st_rdev) != LP_MAJOR))
		die("parallel port: %s: neither /dev/parportN nor /dev/lpN", where);
	p->fd = open(where, (major(st.st_rdev) == PP_MAJOR ? O_RDWR : O_WRONLY) | O_NONBLOCK |
		     O_CLOEXEC);
	if (p->fd < 0)
		die("parallel port: %s: %s", where, strerror(errno));
	if (major(st.st_rdev) == PP_MAJOR && ioctl(p->fd, PPCLAIM))
		die("parallel port: %s: %s", where, strerror(errno));
}

/**
 * parallel_init() - what lives as long as the program
 * @m: the machine
 */
void parallel_init(struct machine *m)
{
	struct parallel *p = &m->pc.parallel;
	const char *where = m->o->parallel;

	p->on = where;
	p->fd = -1;
	if (!p->on)
		return;
	p->machine = m;
	loop_add_timer(&m->loop, &p->retry, retry, p);
	if (!strncmp(where, "file:", 5)) {
		where += 5;
		p->fd = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (p->fd < 0)
			die("parallel port: %s: %s", where, strerror(errno));
	} else if (*where == '/') {
		open_port(p, where);
	}
}

/**
 * parallel_fini() - give back what parallel_init() took
 * @p: the port; the machine is off
 */
void parallel_fini(struct parallel *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
