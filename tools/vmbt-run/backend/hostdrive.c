// SPDX-License-Identifier: GPL-2.0
/*
 * The host's own CD-ROM and floppy drives, whose media come and go.
 *
 * A guest has the drive, not what happens to be in it: it may be empty at the start, and
 * who changes the medium or opens the tray does so for the guest as well. All that can take
 * its time - looking at the drive, its tray, its lock, reading - is done by a thread that
 * the drive has for itself, in order. What it finds goes to the main thread.
 *
 * Linux forgets what it has read of a medium, and learns the size of the next, when
 * the device is opened: the descriptor is another one with each medium, from the broker.
 * A CD-ROM drive is opened as one that may be empty (O_NONBLOCK), which neither locks it
 * nor closes its tray, and once only, since it ejects for its single user alone. A floppy
 * drive is opened like that for its state, and to be read only while it has a medium.
 * Reading a floppy drive's state starts its motor, so we look only while the guest's runs.
 */
#include "hostdrive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/cdrom.h>
#include <linux/fd.h>
#include <linux/fs.h>
#include <linux/major.h>

#include "broker.h"
#include "sandbox.h"
#include "util.h"

#define LOOK_NS		1000000000ULL
#define CD_FLAGS	(O_RDONLY | O_NONBLOCK)
/* A disk may be taken out when the guest believes it written. */
#define RW_FLAGS	(O_RDWR | O_DSYNC)

static bool is_floppy(const struct hostdrive *h)
{
	return h->control >= 0;
}

/* On the drive's thread: the medium is another one, or none. */
static void forget(struct hostdrive *h)
{
	h->stale = true;
	h->fresh = false;
	h->present = false;
	h->sectors = 0;
}

static void close_medium(struct hostdrive *h)
{
	if (h->disk->fd >= 0)
		close(h->disk->fd);
	h->disk->fd = -1;
}

static void found(struct hostdrive *h, u64 sectors, bool protected)
{
	h->present = sectors;
	h->fresh = sectors;
	h->sectors = sectors;
	h->protected = protected;
}

/* Was the disc changed since we asked last? Others who ask take no notice from us. */
static bool disc_changed(struct hostdrive *h)
{
	struct cdrom_timed_media_change_info info = { .last_media_change = h->stamp };

	if (ioctl(h->disk->fd, CDROM_TIMED_MEDIA_CHANGE, &info))
		return false;
	h->stamp = info.last_media_change;
	return info.media_flags & MEDIA_CHANGED_FLAG;
}

static void look_cd(struct hostdrive *h)
{
	int status;
	u64 bytes;

	if (h->disk->fd < 0)
		h->disk->fd = broker_open(h->path, CD_FLAGS);
	status = h->disk->fd < 0 ? CDS_NO_DISC :
		 ioctl(h->disk->fd, CDROM_DRIVE_STATUS, CDSL_CURRENT);
	h->open = status == CDS_TRAY_OPEN;
	if (status != CDS_DISC_OK) {
		if (h->present || !h->stale)
			forget(h);
		return;
	}
	if (!disc_changed(h) && h->present)
		return;
	forget(h);
	close_medium(h);
	h->disk->fd = broker_open(h->path, CD_FLAGS);
	if (h->disk->fd >= 0 && !ioctl(h->disk->fd, BLKGETSIZE64, &bytes))
		found(h, bytes / DISK_SECTOR, true);
}

/* Opening the device has the kernel look whether there is a disk, and of which kind. */
static int open_floppy(struct hostdrive *h, bool *protected)
{
	int fd = -1;

	*protected = h->readonly;
	if (!h->readonly)
		fd = broker_open(h->path, RW_FLAGS);
	if (fd < 0 && (h->readonly || errno == EROFS || errno == EACCES)) {
		*protected = true;
		fd = broker_open(h->path, O_RDONLY);
	}
	return fd;
}

static void look_floppy(struct hostdrive *h)
{
	struct floppy_drive_struct state = { .generation = 0 };
	struct floppy_struct geometry = { .size = 0 };
	bool protected;
	int fd = open_floppy(h, &protected);

	if (fd < 0 || ioctl(fd, FDGETDRVSTAT, &state)) {
		if (h->present || !h->stale)
			forget(h);
	} else if (!h->present || h->generation != (unsigned int)state.generation) {
		forget(h);
		close_medium(h);
		h->generation = state.generation;
		if (!ioctl(fd, FDGETPRM, &geometry)) {
			h->disk->fd = fd;
			found(h, geometry.size, protected);
			return;
		}
	}
	if (fd >= 0)
		close(fd);
	if (!h->present)
		close_medium(h);
}

static int look(void *arg)
{
	struct hostdrive *h = arg;

	if (is_floppy(h))
		look_floppy(h);
	else
		look_cd(h);
	return 0;
}

/* On the thread: what was ordered last. A drive that does not obey is seen by a look. */
static int obey(void *arg)
{
	struct hostdrive *h = arg;
	u32 wanted = __atomic_load_n(&h->wanted, __ATOMIC_ACQUIRE);
	u32 changed = wanted ^ h->done;
	int fd = h->disk->fd;

	h->done = wanted;
	if (fd < 0)
		return 0;
	if (changed & HOSTDRIVE_LOCK)
		ioctl(fd, CDROM_LOCKDOOR, !!(wanted & HOSTDRIVE_LOCK));
	if (changed & HOSTDRIVE_OPEN)
		ioctl(fd, wanted & HOSTDRIVE_OPEN ? CDROMEJECT : CDROMCLOSETRAY, 0);
	return 0;
}

static void look_now(struct hostdrive *h)
{
	if (h->look.busy)
		return;
	h->looked = h->orders;
	disk_submit(&h->look);
}

/* On the main thread. What was seen before an order was carried out is not news. */
static void looked(void *arg, int rc)
{
	struct hostdrive *h = arg;

	(void)rc;
	if (h->looked == h->orders)
		h->changed(h->arg, h);
	loop_set_timer(h->loop, &h->timer, now_ns() + LOOK_NS);
}

static void obeyed(void *arg, int rc)
{
	struct hostdrive *h = arg;

	(void)rc;
	if (h->wanted != h->done)
		disk_submit(&h->order);
	else
		look_now(h);
}

static void order(struct hostdrive *h, u32 bit, bool on)
{
	u32 wanted = on ? h->wanted | bit : h->wanted & ~bit;

	if (wanted == h->wanted)
		return;
	__atomic_store_n(&h->wanted, wanted, __ATOMIC_RELEASE);
	h->orders++;
	if (!h->order.busy)
		disk_submit(&h->order);
}

static void expired(void *arg, u64 now)
{
	struct hostdrive *h = arg;

	(void)now;
	if (!is_floppy(h) || h->motor)
		look_now(h);
}

/**
 * hostdrive_is() - is that a drive of the host's, of the kind that the guest has
 * @path: the name
 * @drive: the guest's
 *
 * Return: whether it is. A CD-ROM drive given as a disk is the disc that is in it.
 */
bool hostdrive_is(const char *path, enum disk_drive drive)
{
	struct stat st;
	bool is;
	int fd;

	if (drive == DISK_FIXED || stat(path, &st) || !S_ISBLK(st.st_mode))
		return false;
	if (drive == DISK_FLOPPY)
		return major(st.st_rdev) == FLOPPY_MAJOR;
	fd = broker_open(path, CD_FLAGS);
	is = fd >= 0 && ioctl(fd, CDROM_GET_CAPABILITY, 0) >= 0;
	if (fd >= 0)
		close(fd);
	return is;
}

static void first_look(struct hostdrive *h)
{
	struct floppy_drive_params params;

	if (h->type) {
		broker_allow(h->path, RW_FLAGS);
		broker_allow(h->path, O_RDONLY);
		h->control = broker_open(h->path, O_RDONLY | O_NONBLOCK);
		if (h->control < 0)
			die("%s: %s", h->path, strerror(errno));
		if (flock(h->control, (h->readonly ? LOCK_SH : LOCK_EX) | LOCK_NB))
			die("%s: in use by another program", h->path);
		if (!ioctl(h->control, FDGETDRVPRM, &params) && params.cmos >= 1 &&
		    params.cmos <= 5)
			h->type = params.cmos;
	} else {
		broker_allow(h->path, CD_FLAGS);
		h->disk->fd = broker_open(h->path, CD_FLAGS);
		if (h->disk->fd < 0)
			die("%s: %s", h->path, strerror(errno));
	}
	look(h);
}

/**
 * hostdrive_open() - have a drive of the host's; ends the program if that fails
 * @h: filled
 * @d: filled; its medium, if there is one
 * @loop: the event loop
 * @path: the drive
 * @drive: of which kind
 * @readonly: a floppy drive's medium is never written
 */
void hostdrive_open(struct hostdrive *h, struct disk *d, struct loop *loop, const char *path,
		    enum disk_drive drive, bool readonly)
{
	*d = (struct disk){ .path = strdup(path), .fd = -1, .overlay = -1, .host = h };
	if (!d->path)
		die("%s: out of memory", path);
	*h = (struct hostdrive){ .disk = d, .path = d->path, .loop = loop, .readonly = readonly,
				 .control = -1, .type = drive == DISK_FLOPPY ? 4 : 0,
				 .stale = true };
	h->look = (struct disk_req){ .disk = d, .op = DISK_CALL, .call = look, .done = looked,
				     .arg = h };
	h->order = (struct disk_req){ .disk = d, .op = DISK_CALL, .call = obey, .done = obeyed,
				      .arg = h };
	loop_add_timer(loop, &h->timer, expired, h);
	disk_io_init(&h->io, loop, SANDBOX_DRIVE);
	d->io = &h->io;
	first_look(h);
	disk_io_start(&h->io);
}

/**
 * hostdrive_take() - the guest gets to know what is in the drive
 * @h: the drive; nothing is being read or written
 */
void hostdrive_take(struct hostdrive *h)
{
	h->disk->sectors = h->present ? h->sectors : 0;
	h->disk->readonly = h->protected;
	h->stale = !h->present;
	h->fresh = false;
	h->tray_open = h->open;
	/* Whoever has moved it, the next order is another one than this. */
	h->wanted = (h->wanted & ~HOSTDRIVE_OPEN) | (h->open ? HOSTDRIVE_OPEN : 0);
	h->done = h->wanted;
}

/**
 * hostdrive_power_on() - the machine starts anew
 * @h: the drive; nothing is under way
 */
void hostdrive_power_on(struct hostdrive *h)
{
	h->look.busy = false;
	h->order.busy = false;
	h->motor = false;
	hostdrive_take(h);
	hostdrive_lock(h, false);
	loop_set_timer(h->loop, &h->timer, now_ns() + LOOK_NS);
}

/**
 * hostdrive_tray() - the guest or the monitor moves the tray
 * @h: the drive
 * @open: where to
 */
void hostdrive_tray(struct hostdrive *h, bool open)
{
	if (h->tray_open == open)
		return;
	h->tray_open = open;
	/* A drive that is locked does not open, not even for us. */
	if (open)
		order(h, HOSTDRIVE_LOCK, false);
	order(h, HOSTDRIVE_OPEN, open);
}

/**
 * hostdrive_lock() - the guest wants the medium to stay, or not
 * @h: the drive
 * @locked: which
 */
void hostdrive_lock(struct hostdrive *h, bool locked)
{
	if (!is_floppy(h))
		order(h, HOSTDRIVE_LOCK, locked);
}

/**
 * hostdrive_motor() - the guest starts or stops a floppy drive's motor
 * @h: the drive
 * @on: which
 *
 * What the guest reads then waits for what a look finds.
 */
void hostdrive_motor(struct hostdrive *h, bool on)
{
	if (on && !h->motor)
		look_now(h);
	h->motor = on;
}

/**
 * hostdrive_close() - give the drive back, unlocked
 * @h: the drive; its medium is closed by the caller
 */
void hostdrive_close(struct hostdrive *h)
{
	loop_set_timer(h->loop, &h->timer, TIMER_OFF);
	disk_io_settle(&h->io);
	h->order.busy = false;
	hostdrive_lock(h, false);
	disk_io_settle(&h->io);
	disk_io_fini(&h->io);
	if (h->control >= 0)
		close(h->control);
	h->control = -1;
	h->disk = NULL;
}
