// SPDX-License-Identifier: GPL-2.0
/*
 * The host's drives, on a double of the kernel's: what is looked at and when, what is
 * ordered and in which order, and what becomes of it. Requests wait until the test lets the
 * thread have its turn. Real drives and real drivers are boot/host.sh's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/cdrom.h>
#include <linux/fd.h>
#include <linux/fs.h>

#include "broker.h"
#include "check.h"
#include "hostdrive.h"

__printf(1, 2) __noreturn void die(const char *fmt, ...)
{
	printf("not ok: %s\n", fmt);
	exit(1);
}

u64 now_ns(void)
{
	return 1000;
}

/* The kernel's drive. */
static struct {
	int status;
	s64 changed;
	u64 bytes;
	int generation;
	unsigned int sectors;
	int rw_error, ro_error;
	unsigned int opened;
	char did[64];		/* a letter for each order: l lock, u unlock, e eject, c close */
} host;

int broker_open(const char *path, int flags)
{
	bool writes = (flags & O_ACCMODE) == O_RDWR;

	EXPECT(!strcmp(path, "/dev/drive"));
	/* What a guest wrote to a disk is on it. */
	EXPECT(!writes || flags & O_DSYNC);
	errno = writes ? host.rw_error : flags & O_NONBLOCK ? 0 : host.ro_error;
	if (errno)
		return -1;
	host.opened++;
	return open("/dev/null", O_RDONLY);
}

void broker_allow(const char *path, int flags)
{
	(void)path;
	(void)flags;
}

static void did(char what)
{
	host.did[strlen(host.did)] = what;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct cdrom_timed_media_change_info *info = arg;

	EXPECT(fd >= 0);
	switch (request) {
	case CDROM_DRIVE_STATUS:
		return host.status;
	case CDROM_TIMED_MEDIA_CHANGE:
		info->media_flags = host.changed > info->last_media_change ? MEDIA_CHANGED_FLAG : 0;
		info->last_media_change = host.changed;
		return 0;
	case BLKGETSIZE64:
		*(u64 *)arg = host.bytes;
		return 0;
	case CDROM_LOCKDOOR:
		did(arg ? 'l' : 'u');
		return 0;
	case CDROMEJECT:
		did('e');
		host.status = CDS_TRAY_OPEN;
		return 0;
	case CDROMCLOSETRAY:
		did('c');
		host.status = CDS_DISC_OK;
		return 0;
	case FDGETDRVSTAT:
		((struct floppy_drive_struct *)arg)->generation = host.generation;
		return 0;
	case FDGETPRM:
		((struct floppy_struct *)arg)->size = host.sectors;
		return 0;
	case FDGETDRVPRM:
		((struct floppy_drive_params *)arg)->cmos = 5;
		return 0;
	}
	check_fail("ioctl %lx", request);
	return -1;
}

/* The thread: a turn does what was submitted first. */
static struct disk_req *queue;

void disk_io_init(struct disk_io *io, struct loop *loop, enum sandbox_thread kind)
{
	EXPECT_EQ(kind, SANDBOX_DRIVE);
	io->loop = loop;
}

void disk_io_start(struct disk_io *io)
{
	(void)io;
}

static bool work(bool tell)
{
	struct disk_req *r = queue;
	int rc;

	if (!r)
		return false;
	queue = r->next;
	rc = r->call(r->arg);
	r->busy = false;
	if (tell)
		r->done(r->arg, rc);
	return true;
}

static bool turn(void)
{
	return work(true);
}

void disk_io_settle(struct disk_io *io)
{
	(void)io;
	while (work(false))
		;
}

void disk_io_fini(struct disk_io *io)
{
	(void)io;
}

void disk_submit(struct disk_req *r)
{
	struct disk_req **at = &queue;

	EXPECT(!r->busy);
	while (*at)
		at = &(*at)->next;
	r->busy = true;
	r->next = NULL;
	*at = r;
}

void loop_add_timer(struct loop *loop, struct loop_timer *t,
		    void (*expired)(void *arg, u64 now), void *arg)
{
	(void)loop;
	*t = (struct loop_timer){ .deadline = TIMER_OFF, .expired = expired, .arg = arg };
}

void loop_set_timer(struct loop *loop, struct loop_timer *t, u64 deadline)
{
	(void)loop;
	t->deadline = deadline;
}

static struct hostdrive h;
static struct disk disk;
static unsigned int told;

static void changed(void *arg, struct hostdrive *which)
{
	(void)arg;
	EXPECT(which == &h);
	told++;
}

static void start(enum disk_drive kind)
{
	queue = NULL;
	told = 0;
	memset(host.did, 0, sizeof(host.did));
	hostdrive_open(&h, &disk, NULL, "/dev/drive", kind, false);
	h.changed = changed;
	hostdrive_power_on(&h);
}

/* As disk_close() does. */
static void finish(void)
{
	hostdrive_close(&h);
	if (disk.fd >= 0)
		close(disk.fd);
	free(disk.path);
}

static void second(void)
{
	h.timer.expired(h.timer.arg, 0);
}

static void cd(bool loaded)
{
	memset(&host, 0, sizeof(host));
	host.status = loaded ? CDS_DISC_OK : CDS_NO_DISC;
	host.changed = 5;
	host.bytes = 2048 * 100;
	start(DISK_CD);
}

/* Empty at the start, a disc, another one of another size, none. */
static void discs(void)
{
	unsigned int before;

	cd(false);
	EXPECT_EQ(disk.sectors, 0);
	EXPECT_EQ(h.timer.deadline, 1000 + 1000000000ULL);
	host.status = CDS_DISC_OK;
	second();
	EXPECT(turn());
	EXPECT_EQ(told, 1);
	EXPECT(h.fresh && h.present && h.stale);
	EXPECT_EQ(disk.sectors, 0);		/* until the guest takes it */
	hostdrive_take(&h);
	EXPECT_EQ(disk.sectors, 400);
	EXPECT(disk.readonly && !h.stale && !h.fresh);
	before = host.opened;
	second();
	turn();
	EXPECT(!h.fresh && h.present && !h.stale);
	EXPECT_EQ(host.opened, before);		/* the same disc */
	host.changed = 6;
	host.bytes = 2048 * 50;
	second();
	turn();
	EXPECT(h.fresh && h.stale);
	EXPECT_EQ(host.opened, before + 1);
	hostdrive_take(&h);
	EXPECT_EQ(disk.sectors, 200);
	host.status = CDS_DRIVE_NOT_READY;
	second();
	turn();
	EXPECT(!h.present && h.stale && !h.open);
	hostdrive_take(&h);
	EXPECT_EQ(disk.sectors, 0);
	host.status = CDS_TRAY_OPEN;
	second();
	turn();
	EXPECT(h.open);
	finish();
}

/* What the guest orders: once each, unlocked before opened, unlocked at the end. */
static void orders(void)
{
	cd(true);
	EXPECT_EQ(disk.sectors, 400);
	hostdrive_lock(&h, true);
	hostdrive_lock(&h, true);
	EXPECT(turn());
	EXPECT(turn());				/* a look follows */
	EXPECT(!turn());
	EXPECT(!strcmp(host.did, "l"));
	hostdrive_tray(&h, true);
	hostdrive_tray(&h, true);
	while (turn())
		;
	EXPECT(!strcmp(host.did, "lue"));
	EXPECT(h.open);
	hostdrive_take(&h);
	hostdrive_tray(&h, false);
	while (turn())
		;
	EXPECT(!strcmp(host.did, "luec"));
	hostdrive_take(&h);
	hostdrive_lock(&h, true);
	while (turn())
		;
	finish();
	EXPECT(!strcmp(host.did, "lueclu"));
}

/* A look that began before an order is no news: the tray would close again. */
static void overtaken(void)
{
	cd(true);
	second();
	hostdrive_tray(&h, true);
	EXPECT(turn());
	EXPECT_EQ(told, 0);
	EXPECT(turn());
	EXPECT_EQ(told, 0);
	EXPECT(turn());
	EXPECT_EQ(told, 1);
	EXPECT(h.open);
	finish();
}

/* The drive does not obey: the host has a use for the disc. */
static void disobeyed(void)
{
	cd(true);
	hostdrive_tray(&h, true);
	turn();
	host.status = CDS_DISC_OK;
	while (turn())
		;
	EXPECT(!h.open);
	EXPECT_EQ(told, 1);
	hostdrive_take(&h);
	EXPECT(!h.tray_open);
	hostdrive_tray(&h, true);		/* it can be tried again */
	while (turn())
		;
	EXPECT(!strcmp(host.did, "ee"));
	finish();
}

/* What was under way when the machine was reset is forgotten. */
static void reset(void)
{
	cd(true);
	hostdrive_lock(&h, true);
	while (turn())
		;
	second();
	disk_io_settle(&h.io);
	hostdrive_power_on(&h);
	while (turn())
		;
	EXPECT(!strcmp(host.did, "lu"));
	second();
	EXPECT(turn());
	finish();
}

/* Looked at while the guest's motor runs; each change of the kernel's count is another disk. */
static void disks(void)
{
	memset(&host, 0, sizeof(host));
	host.rw_error = ENXIO;
	start(DISK_FLOPPY);
	EXPECT_EQ(h.type, 5);
	EXPECT_EQ(disk.sectors, 0);
	second();
	EXPECT(!turn());			/* the motor is off */
	host.rw_error = 0;
	host.generation = 1;
	host.sectors = 2880;
	hostdrive_motor(&h, true);
	EXPECT(turn());
	EXPECT(h.fresh);
	hostdrive_take(&h);
	EXPECT_EQ(disk.sectors, 2880);
	EXPECT(!disk.readonly && disk.fd >= 0);
	hostdrive_motor(&h, true);
	EXPECT(!turn());
	second();
	EXPECT(turn());
	EXPECT(!h.fresh && !h.stale);
	/* Another one, which can't be written. */
	host.rw_error = EROFS;
	host.generation = 2;
	host.sectors = 1440;
	hostdrive_motor(&h, false);
	hostdrive_motor(&h, true);
	EXPECT(turn());
	EXPECT(h.fresh && h.stale);
	hostdrive_take(&h);
	EXPECT_EQ(disk.sectors, 1440);
	EXPECT(disk.readonly);
	host.rw_error = ENXIO;
	second();
	turn();
	EXPECT(!h.present && h.stale);
	hostdrive_take(&h);
	EXPECT(disk.fd < 0);
	hostdrive_lock(&h, true);		/* there is no lock */
	EXPECT(!turn());
	finish();
	EXPECT(!host.did[0]);
}

int main(void)
{
	CASE(discs);
	CASE(orders);
	CASE(overtaken);
	CASE(disobeyed);
	CASE(reset);
	CASE(disks);
	return check_failed != 0;
}
