/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's own CD-ROM and floppy drives, whose media come and go.
 */
#ifndef VMBT_RUN_HOSTDRIVE_H
#define VMBT_RUN_HOSTDRIVE_H

#include "disk.h"
#include "loop.h"
#include "types.h"

/**
 * struct hostdrive - a drive of the host's
 * @disk: its medium, as a device has it
 * @io: its own thread: drives are slow, and make nobody else wait
 * @loop: the event loop
 * @timer: when to look again
 * @look: request to look at the drive
 * @order: request to move its tray or to lock it
 * @path: its name
 * @readonly: never write
 * @type: floppy drive: as CMOS memory names it, 0 for a CD-ROM drive
 * @control: floppy drive: descriptor for its state alone, else -1
 * @stamp: CD-ROM drive: time of the last change, by the kernel's count
 * @generation: floppy drive: changes of the medium, by the kernel's count
 * @stale: the medium that the guest knows is gone: it is not read or written any more
 * @fresh: there is a medium that the guest does not know
 * @present: there is a medium
 * @open: the tray is open
 * @sectors: of the medium
 * @protected: the medium can't be written
 * @wanted: HOSTDRIVE_*, what was ordered last
 * @done: and carried out
 * @orders: how many there were
 * @looked: that many when the drive was looked at
 * @tray_open: what the guest knows of the tray
 * @motor: the guest has a floppy drive's motor on
 * @changed: it was looked at: what is @present, @fresh and @open may be new
 * @arg: its first argument
 *
 * From @stamp to @protected: the thread's while @look is busy.
 */
struct hostdrive {
	struct disk *disk;
	struct disk_io io;
	struct loop *loop;
	struct loop_timer timer;
	struct disk_req look;
	struct disk_req order;
	char *path;
	bool readonly;
	u8 type;
	int control;
	s64 stamp;
	unsigned int generation;
	bool stale;
	bool fresh;
	bool present;
	bool open;
	u64 sectors;
	bool protected;
	u32 wanted;
	u32 done;
	u32 orders;
	u32 looked;
	bool tray_open;
	bool motor;
	void (*changed)(void *arg, struct hostdrive *h);
	void *arg;
};

#define HOSTDRIVE_OPEN	BIT(0)
#define HOSTDRIVE_LOCK	BIT(1)

bool hostdrive_is(const char *path, enum disk_drive drive);
void hostdrive_open(struct hostdrive *h, struct disk *d, struct loop *loop, const char *path,
		    enum disk_drive drive, bool readonly);
void hostdrive_power_on(struct hostdrive *h);
void hostdrive_tray(struct hostdrive *h, bool open);
void hostdrive_lock(struct hostdrive *h, bool locked);
void hostdrive_motor(struct hostdrive *h, bool on);
void hostdrive_take(struct hostdrive *h);
void hostdrive_close(struct hostdrive *h);

#endif
