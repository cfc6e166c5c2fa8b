/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A channel of the PIIX3's IDE controller, with its drives and bus master.
 */
#ifndef VMBT_RUN_IDE_H
#define VMBT_RUN_IDE_H

#include "disk.h"
#include "state.h"
#include "types.h"

#define IDE_CHUNK	(128 * 1024)	/* moved at once, 256 sectors */
#define IDE_PACKET	12
#define IDE_CD_SECTOR	2048

#define IDE_REGS	8	/* command block */
#define IDE_BM_REGS	8	/* bus master's, of a channel */

enum ide_kind {
	IDE_NONE,
	IDE_DISK,
	IDE_CD,
};

enum ide_phase {
	IDE_IDLE,
	IDE_BUSY,	/* a request is on its way */
	IDE_IN,		/* the guest reads data */
	IDE_OUT,	/* the guest writes data */
	IDE_PACKET_OUT,	/* the guest writes a packet command */
	IDE_DMA_WAIT,	/* for the bus master to be started */
};

/**
 * struct ide_drive - a drive
 * @kind: what it is
 * @disk: its medium; NULL in a CD-ROM drive that is empty
 * @cylinders: of the geometry that it names itself
 * @heads: of the geometry in use
 * @spt: sectors per track, likewise
 * @multiple: sectors per block of READ and WRITE MULTIPLE
 * @sense: key of the last packet command's failure
 * @asc: its additional code
 * @ascq: and that one's qualifier
 * @mode: transfer mode that was set, as SET FEATURES codes it
 * @write_through: the write cache is off
 * @attention: the next packet command fails, the medium may be another
 * @tray_open: of a CD-ROM drive
 * @locked: the guest wants the medium to stay
 * @moved: the medium was taken out or changed while a command was being done
 * @event: what the guest has not yet asked for, IDE_EVENT_*
 */
struct ide_drive {
	enum ide_kind kind;
	struct disk *disk;
	u16 cylinders;
	u8 heads;
	u8 spt;
	u8 multiple;
	u8 sense;
	u8 asc;
	u8 ascq;
	u8 mode;
	bool write_through;
	bool attention;
	bool tray_open;
	bool locked;
	bool moved;
	u8 event;
};

/**
 * struct ide - a channel
 * @drive: master and slave
 * @features: register; [1] is the byte written before, for 48-bit commands
 * @count: likewise
 * @lba: three registers, likewise
 * @device: device register
 * @status: status register
 * @error: error register
 * @control: device control register
 * @command: that is being done
 * @phase: what happens
 * @write: data go to the drive
 * @dma: by the bus master
 * @lba48: the command is of 48 bits
 * @sector: next sector of the medium, in the drive's own sectors
 * @left: sectors to do
 * @chunk: bytes in @buffer
 * @pos: of them, done
 * @block: bytes moved before the next interrupt
 * @block_end: end of the current block in @buffer
 * @irq: level of the interrupt
 * @reset_waits: reset when the request is done
 * @buffer: IDE_CHUNK bytes
 * @bm_command: bus master's command register
 * @bm_status: its status register
 * @bm_table: address of its descriptor table
 * @prd_next: next descriptor
 * @prd_addr: address of the current region
 * @prd_left: bytes left of it
 * @prd_last: it is the last
 * @req: request on its way
 * @set_irq: drives the interrupt
 * @memory: reads or writes guest memory; false if it is not RAM
 * @tray: a tray has moved, or NULL if nobody wants to know
 * @lock: a guest has locked its drive or lets it open again, or NULL likewise
 * @arg: first argument of these
 */
struct ide {
	struct ide_drive drive[2];
	u8 features[2];
	u8 count[2];
	u8 lba[3][2];
	u8 device;
	u8 status;
	u8 error;
	u8 control;
	u8 command;
	enum ide_phase phase;
	bool write;
	bool dma;
	bool lba48;
	u64 sector;
	u32 left;
	u32 chunk;
	u32 pos;
	u32 block;
	u32 block_end;
	bool irq;
	bool reset_waits;
	u8 *buffer;
	u8 bm_command;
	u8 bm_status;
	u32 bm_table;
	u32 prd_next;
	u32 prd_addr;
	u32 prd_left;
	bool prd_last;
	struct disk_req req;
	void (*set_irq)(void *arg, bool level);
	bool (*memory)(void *arg, u64 gpa, void *buf, u32 len, bool write);
	void (*tray)(void *arg, unsigned int n, bool open);
	void (*lock)(void *arg, unsigned int n, bool locked);
	void *arg;
};

void ide_reset(struct ide *c);
void ide_attach(struct ide *c, unsigned int n, enum ide_kind kind, struct disk *disk);
u8 ide_read(struct ide *c, unsigned int reg);
void ide_write(struct ide *c, unsigned int reg, u8 val);
u32 ide_data_read(struct ide *c, unsigned int size);
void ide_data_write(struct ide *c, u32 val, unsigned int size);
u8 ide_alt_status(const struct ide *c);
void ide_control(struct ide *c, u8 val);
u8 ide_bm_read(const struct ide *c, unsigned int reg);
void ide_bm_write(struct ide *c, unsigned int reg, u8 val);
void ide_tray(struct ide *c, unsigned int n, bool open);
void ide_medium(struct ide *c, unsigned int n, struct disk *disk);
void ide_eject_wanted(struct ide *c, unsigned int n);
void ide_state(struct ide *c, struct state *s);

/* Between ide.c, idebm.c and atapi.c. */
#define IDE_MULTIPLE_MAX 16
#define IDE_LBA28	0x0fffffff
#define IDE_UDMA5	0x45
#define IDE_ERR		0x01
#define IDE_DRQ		0x08
#define IDE_DSC		0x10
#define IDE_DRDY	0x40
#define IDE_BSY		0x80
#define IDE_ABRT	0x04
#define IDE_BM_START	0x01	/* bus master's command */
#define IDE_BM_ACTIVE	0x01	/* its status */
#define IDE_BM_ERROR	0x02
#define IDE_BM_INTERRUPT 0x04
#define IDE_EVENT_EJECT	0x01	/* somebody wants the medium: MMC-3, 6.7 */
#define IDE_EVENT_NEW	0x02
#define IDE_EVENT_REMOVED 0x03
#define IDE_REASON_CD	0x01	/* interrupt reason, in the count register */
#define IDE_REASON_IO	0x02

struct ide_drive *ide_selected(struct ide *c);
void ide_interrupt(struct ide *c);
void ide_read_medium(struct ide *c, u64 sector, u32 count);
void ide_data_in(struct ide *c, u32 len);
void ide_identify(struct ide *c);
void ide_dma_start(struct ide *c);
void ide_bm_begin(struct ide *c);
bool ide_bm_move(struct ide *c, bool to_memory);
void ide_packet(struct ide *c, const u8 *packet);
void ide_packet_block(struct ide *c);
void ide_packet_done(struct ide *c, u8 sense, u8 asc);
void ide_packet_no_medium(struct ide *c);

#endif
