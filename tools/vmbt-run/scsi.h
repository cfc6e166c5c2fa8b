/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SCSI host adapter: how chip, machine and images are wired.
 */
#ifndef VMBT_RUN_SCSI_H
#define VMBT_RUN_SCSI_H

#include "buslogic.h"
#include "disk.h"
#include "loop.h"
#include "options.h"

struct machine;

/**
 * struct scsi - the adapter
 * @on: there is one
 * @chip: the chip
 * @machine: the machine
 * @disk: its disks' contents
 * @dev: number of its ports on the bus
 * @io: where they are, 0: nowhere
 * @isa: where they are, too
 * @retry: when to try again what had no room
 */
struct scsi {
	bool on;
	struct buslogic chip;
	struct machine *machine;
	struct disk disk[MAX_SCSI];
	unsigned int dev;
	u16 io;
	u16 isa;
	struct loop_timer retry;
};

void scsi_init(struct machine *m);
void scsi_power_on(struct machine *m);
void scsi_fini(struct scsi *s);

#endif
