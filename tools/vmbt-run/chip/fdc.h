/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Intel's 82077AA floppy disk controller with two drives.
 */
#ifndef VMBT_RUN_FDC_H
#define VMBT_RUN_FDC_H

#include "disk.h"
#include "state.h"
#include "types.h"

#define FDC_PORT	0x3f0
#define FDC_DIR		0x3f7
#define FDC_IRQ		6
#define FDC_DMA		2
#define FDC_DRIVES	2
#define FDC_TRACK	(36 * 512)	/* bytes of a side, at most */
#define FDC_PIO_BUFFER	1024		/* a sector, and one to compare it with */

/**
 * struct fdc_drive - a drive
 * @disk: its medium, or NULL
 * @type: as CMOS memory names it, 0: no drive
 * @tracks: of the medium
 * @heads: of it
 * @spt: sectors per track
 * @rate: data rate that its medium was written with
 * @track: where its head is
 * @changed: the disk change line
 */
struct fdc_drive {
	struct disk *disk;
	u8 type;
	u8 tracks;
	u8 heads;
	u8 spt;
	u8 rate;
	u8 track;
	bool changed;
};

/**
 * struct fdc - the controller
 * @drive: its drives
 * @dor: digital output register
 * @tdr: tape drive register
 * @dsr: data rate
 * @busy: a command is being taken, done or answered
 * @in: bytes of the command
 * @nin: how many there are
 * @out: bytes of the answer
 * @nout: how many
 * @out_pos: of these, read
 * @moving: data are on their way
 * @irq: level of the interrupt
 * @sense: a bit for each drive whose end of seek waits to be asked for
 * @reset_sense: drives to be asked for behind a reset
 * @st0: status register 0 of each drive's last seek
 * @config: CONFIGURE's three bytes
 * @specify: SPECIFY's two
 * @perpendicular: PERPENDICULAR MODE's byte
 * @locked: LOCK was given
 * @cylinder: of the data on their way
 * @head: of them
 * @side: the head that was used last
 * @sector: of them
 * @last: last sector of the track, as the guest says
 * @both: both sides of the track
 * @count: sectors in the buffer
 * @left: sectors that VERIFY has still to look at
 * @pio: the guest is to take or to bring bytes through the FIFO
 * @pio_at: where in the buffer they begin
 * @pio_pos: of them, moved
 * @pio_len: how many
 * @waits: since when the guest has seen that and done nothing, or 0
 * @buffer: FDC_TRACK bytes
 * @req: request on its way
 * @drop: what it does is not wanted any more
 * @set_irq: drives the interrupt
 * @dma: moves data; bytes moved, and whether it was the last
 * @motor: a drive's motor was started or stopped, or NULL if nobody wants to know
 * @now: time in nanoseconds, or NULL: nobody is ever late
 * @arg: first argument of these
 */
struct fdc {
	struct fdc_drive drive[FDC_DRIVES];
	u8 dor;
	u8 tdr;
	u8 dsr;
	bool busy;
	u8 in[9];
	u8 nin;
	u8 out[10];
	u8 nout;
	u8 out_pos;
	bool moving;
	bool irq;
	u8 sense;
	u8 reset_sense;
	u8 st0[4];
	u8 config[3];
	u8 specify[2];
	u8 perpendicular;
	bool locked;
	u8 cylinder;
	u8 head;
	u8 side;
	u8 sector;
	u8 last;
	bool both;
	u8 count;
	u16 left;
	bool pio;
	u16 pio_at;
	u16 pio_pos;
	u16 pio_len;
	u64 waits;
	u8 buffer[FDC_TRACK];
	struct disk_req req;
	bool drop;
	void (*set_irq)(void *arg, bool level);
	void (*motor)(void *arg, unsigned int n, bool on);
	u64 (*now)(void *arg);
	u32 (*dma)(void *arg, u8 *buf, u32 len, bool to_memory, bool *tc);
	void *arg;
};

void fdc_reset(struct fdc *f);
void fdc_attach(struct fdc *f, unsigned int n, struct disk *disk);
void fdc_medium(struct fdc *f, unsigned int n, struct disk *disk);
u8 fdc_read(struct fdc *f, u16 port);
void fdc_write(struct fdc *f, u16 port, u8 val);
void fdc_state(struct fdc *f, struct state *s);

/* Between fdc.c and fdcdata.c. */
#define FDC_ST0_ABNORMAL	0x40
#define FDC_ST1_NO_ADDRESS	0x01
#define FDC_ST1_PROTECTED	0x02
#define FDC_ST1_NO_DATA		0x04
#define FDC_ST1_OVERRUN		0x10
#define FDC_ST1_CRC		0x20
#define FDC_ST1_END		0x80
#define FDC_NO_FIFO		0x20	/* CONFIGURE, second byte */
#define FDC_CMD_MASK		0x1f
#define FDC_CMD_READ_TRACK	0x02
#define FDC_CMD_WRITE		0x05
#define FDC_CMD_READ		0x06
#define FDC_CMD_WRITE_DELETED	0x09
#define FDC_CMD_READ_DELETED	0x0c
#define FDC_CMD_FORMAT		0x0d
#define FDC_CMD_SCAN_EQUAL	0x11
#define FDC_CMD_VERIFY		0x16
#define FDC_CMD_SCAN_LOW	0x19
#define FDC_CMD_SCAN_HIGH	0x1d

void fdc_irq(struct fdc *f, bool level);
struct fdc_drive *fdc_drive_of(struct fdc *f, unsigned int n);
void fdc_result(struct fdc *f, u8 st0, u8 st1, u8 st2);
void fdc_step_to(struct fdc_drive *d, u8 track);
unsigned int fdc_command_length(u8 cmd);
bool fdc_readable(const struct fdc *f, const struct fdc_drive *d);
bool fdc_protected(const struct fdc_drive *d);
void fdc_data(struct fdc *f);
void fdc_format(struct fdc *f);
void fdc_request_done(void *arg, int rc);
bool fdc_pio_status(struct fdc *f, bool *to_guest);
u8 fdc_pio_read(struct fdc *f);
void fdc_pio_write(struct fdc *f, u8 val);
bool fdc_pio_sane(const struct fdc *f);

#endif
