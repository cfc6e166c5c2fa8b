/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A SCSI-2 disk: what a target on the bus makes of command blocks.
 */
#ifndef VMBT_RUN_SCSIDISK_H
#define VMBT_RUN_SCSIDISK_H

#include "disk.h"
#include "state.h"
#include "types.h"

#define SCSI_CDB_MAX	16
#define SCSI_SENSE	18
#define SCSI_CHUNK	0x10000		/* bytes that are moved at a time */

#define SCSI_GOOD	0x00
#define SCSI_CHECK	0x02

enum scsi_dir {
	SCSI_NO_DATA,
	SCSI_IN,
	SCSI_OUT,
};

/**
 * struct scsi_disk - a disk
 * @disk: its contents, or NULL for no disk
 * @id: its number on the bus
 * @write_through: a write is done when it is on the medium
 * @stopped: START STOP UNIT stopped it
 * @attention: the next command is told that there was a reset
 * @sense: of the last command that failed, if nobody fetched it yet
 * @sense_valid: there is some
 */
struct scsi_disk {
	struct disk *disk;
	u8 id;
	bool write_through;
	bool stopped;
	bool attention;
	u8 sense[SCSI_SENSE];
	bool sense_valid;
};

/**
 * struct scsi_cmd - a command under way
 * @cdb: the command block, zeros behind it
 * @lun: logical unit that the initiator wants
 * @want: which way the initiator expects data to go
 * @checked: and it insists
 * @buf: SCSI_CHUNK bytes of room
 * @move: moves @len bytes between @buf and the initiator; how many were moved
 * @done: called when the command has ended
 * @arg: first argument of these
 * @status: how it ended
 * @short_buffer: the initiator had less room, or less data, than the command
 * @wrong_way: the data would have gone the other way
 * @aborted: nobody wants it any more; set by the initiator
 * @disk: who executes it
 * @dir: which way its data go
 * @moved: bytes moved so far
 * @sector: next one
 * @left: sectors to be done
 * @flush: what is written has to be on the medium
 * @req: request to the image
 */
struct scsi_cmd {
	u8 cdb[SCSI_CDB_MAX];
	u8 lun;
	enum scsi_dir want;
	bool checked;
	u8 *buf;
	u32 (*move)(struct scsi_cmd *cmd, u32 len, bool in);
	void (*done)(struct scsi_cmd *cmd);
	void *arg;
	u8 status;
	bool short_buffer;
	bool wrong_way;
	bool aborted;
	struct scsi_disk *disk;
	enum scsi_dir dir;
	u64 moved;
	u64 sector;
	u32 left;
	bool flush;
	struct disk_req req;
};

void scsi_disk_reset(struct scsi_disk *d);
void scsi_start(struct scsi_disk *d, struct scsi_cmd *cmd);
void scsi_take_sense(struct scsi_disk *d, u8 *sense);
void scsi_disk_state(struct scsi_disk *d, struct state *s);

#endif
