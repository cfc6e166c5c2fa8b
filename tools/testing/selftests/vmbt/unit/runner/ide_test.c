// SPDX-License-Identifier: GPL-2.0
/*
 * IDE disks, a CD-ROM drive and the bus master, against ATA/ATAPI-6, SFF-8020i
 * and the bus master's programming interface.
 */
#include "check.h"
#include "fakedisk.h"
#include "ide.h"

#define RAM	0x40000

static struct ide c;
static struct disk disk = { .sectors = 2880 }, cd = { .sectors = 4096, .readonly = true };
static u8 buffer[IDE_CHUNK], ram[RAM];
static bool irq;

static void set_irq(void *arg, bool level)
{
	(void)arg;
	irq = level;
}

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	(void)arg;
	if (gpa >= RAM || len > RAM - gpa)
		return false;
	if (write)
		memcpy(ram + gpa, buf, len);
	else
		memcpy(buf, ram + gpa, len);
	return true;
}

/* Master a disk, slave a CD-ROM drive. */
static void start(void)
{
	fake_fill();
	memset(ram, 0, sizeof(ram));
	c = (struct ide){ .buffer = buffer, .set_irq = set_irq, .memory = memory };
	ide_reset(&c);
	ide_attach(&c, 0, IDE_DISK, &disk);
	ide_attach(&c, 1, IDE_CD, &cd);
	irq = false;
}

static void lba(u32 sector, u8 count, u8 cmd)
{
	ide_write(&c, 2, count);
	ide_write(&c, 3, sector);
	ide_write(&c, 4, sector >> 8);
	ide_write(&c, 5, sector >> 16);
	ide_write(&c, 6, 0xe0 | (sector >> 24 & 15));
	ide_write(&c, 7, cmd);
}

static u16 word(void)
{
	return ide_data_read(&c, 2);
}

static void read_sector(u8 *to)
{
	unsigned int i;
	u16 w;

	for (i = 0; i < 256; i++) {
		w = word();
		to[2 * i] = w;
		to[2 * i + 1] = w >> 8;
	}
}

static void write_sector(u8 fill)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		ide_data_write(&c, fill * 0x101U, 2);
}

/* After power-on and SRST: the signatures of 9.12. */
static void signatures(void)
{
	start();
	ide_control(&c, 0x04);
	EXPECT_EQ(ide_alt_status(&c), 0x80);
	ide_control(&c, 0x00);
	EXPECT_EQ(ide_read(&c, 7), 0x50);
	EXPECT_EQ(ide_read(&c, 1), 0x01);
	EXPECT_EQ(ide_read(&c, 2), 0x01);
	EXPECT_EQ(ide_read(&c, 3), 0x01);
	EXPECT_EQ(ide_read(&c, 4), 0x00);
	EXPECT_EQ(ide_read(&c, 5), 0x00);
	/* nobody there: the bus floats; beside a drive the other is silent */
	c.drive[1].kind = IDE_NONE;
	ide_write(&c, 6, 0xb0);
	EXPECT_EQ(ide_read(&c, 7), 0x00);
	c.drive[0].kind = IDE_NONE;
	EXPECT_EQ(ide_read(&c, 7), 0xff);
}

static void identify(void)
{
	u8 id[512];

	start();
	lba(0, 0, 0xec);
	EXPECT(irq);
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	EXPECT(!irq);				/* reading the status takes it back */
	read_sector(id);
	EXPECT_EQ(ide_read(&c, 7), 0x50);
	EXPECT_EQ(id[0] | id[1] << 8, 0x0040);	/* a fixed disk */
	EXPECT_EQ(id[2] | id[3] << 8, 2880 / 1008);
	EXPECT_EQ(id[6], 16);
	EXPECT_EQ(id[12], 63);
	EXPECT_EQ(id[99] & 0x03, 0x03);		/* word 49: LBA, DMA */
	EXPECT_EQ(id[120] | id[121] << 8, 2880);
	EXPECT_EQ(id[167] & 0x04, 0x04);	/* word 83: 48-bit commands */
	EXPECT_EQ(id[200] | id[201] << 8, 2880);
	EXPECT_EQ(id[54], 'M');			/* words 27 on: characters swapped */
	EXPECT_EQ(id[55], 'V');
	/* a CD-ROM drive refuses it, with its signature */
	ide_write(&c, 6, 0xb0);
	ide_write(&c, 7, 0xec);
	EXPECT_EQ(ide_read(&c, 7) & 0x09, 0x01);
	EXPECT_EQ(ide_read(&c, 1), 0x04);
	EXPECT_EQ(ide_read(&c, 4), 0x14);
	EXPECT_EQ(ide_read(&c, 5), 0xeb);
	ide_write(&c, 7, 0xa1);
	read_sector(id);
	EXPECT_EQ(id[0] | id[1] << 8, 0x8580);
}

static void read_pio(void)
{
	u8 got[512];
	unsigned int i;

	start();
	lba(5, 3, 0x20);
	EXPECT_EQ(ide_read(&c, 7), 0x80);	/* busy, no interrupt yet */
	EXPECT(!irq);
	ide_write(&c, 3, 77);			/* a busy drive does not listen */
	ide_write(&c, 7, 0xec);
	fake_done();
	for (i = 0; i < 3; i++) {
		EXPECT(irq);
		EXPECT_EQ(ide_read(&c, 7), 0x58);
		read_sector(got);
		EXPECT(!memcmp(got, fake_data + (5 + i) * 512, 512));
	}
	EXPECT(!irq);				/* none behind the last block */
	EXPECT_EQ(ide_read(&c, 7), 0x50);
	EXPECT_EQ(word(), 0);			/* nothing more */
}

static void write_pio(void)
{
	start();
	lba(9, 2, 0x30);
	EXPECT(!irq);				/* the first block without */
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	write_sector(0xaa);
	EXPECT_EQ(ide_read(&c, 7), 0x80);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	write_sector(0xbb);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(ide_read(&c, 7), 0x50);
	EXPECT_EQ(fake_data[9 * 512], 0xaa);
	EXPECT_EQ(fake_data[10 * 512 + 511], 0xbb);
	lba(0, 0, 0xe7);
	EXPECT_EQ(ide_read(&c, 7), 0x80);
	fake_done();
	EXPECT_EQ(fake_flushes, 1);
	EXPECT(irq);
}

static void words(u8 *id)
{
	lba(0, 0, 0xec);
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	read_sector(id);
}

/* 8.46: SET FEATURES, and what IDENTIFY DEVICE says of it in words 82, 85, 63, 88. */
static void features(void)
{
	u8 id[512];

	start();
	words(id);
	EXPECT_EQ(id[164] & 0x20, 0x20);	/* there is a write cache, and it is on */
	EXPECT_EQ(id[170] & 0x20, 0x20);
	EXPECT_EQ(id[177], 0x20);		/* Ultra DMA 5 */
	ide_write(&c, 1, 0x03);
	lba(0, 0x22, 0xef);			/* multiword DMA 2 */
	words(id);
	EXPECT_EQ(id[127], 0x04);
	EXPECT_EQ(id[177], 0x00);
	ide_write(&c, 1, 0x82);
	lba(0, 0, 0xef);
	words(id);
	EXPECT_EQ(id[164] & 0x20, 0x20);
	EXPECT_EQ(id[170] & 0x20, 0x00);
	lba(3, 1, 0x30);
	write_sector(0x33);
	EXPECT_EQ(fake_req->op, DISK_WRITE);
	fake_done();
	EXPECT(!irq);				/* not before it is on the medium */
	EXPECT_EQ(fake_req->op, DISK_FLUSH);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(ide_read(&c, 7), 0x50);
	ide_write(&c, 1, 0x02);
	lba(0, 0, 0xef);
	words(id);
	EXPECT_EQ(id[170] & 0x20, 0x20);
	lba(3, 1, 0x30);
	write_sector(0x34);
	fake_done();
	EXPECT(irq);
	EXPECT(!fake_req);
	EXPECT_EQ(fake_flushes, 1);
}

static void read_only(void)
{
	start();
	disk.readonly = true;
	lba(9, 1, 0x30);
	EXPECT_EQ(ide_read(&c, 7), 0x51);
	EXPECT_EQ(ide_read(&c, 1), 0x04);
	lba(9, 1, 0xca);
	EXPECT_EQ(ide_read(&c, 7), 0x51);
	lba(9, 1, 0x20);
	EXPECT(fake_req);
	fake_done();
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	disk.readonly = false;
}

static void multiple(void)
{
	u8 got[512];

	start();
	lba(0, 4, 0xc4);			/* not set yet */
	EXPECT_EQ(ide_read(&c, 7) & 1, 1);
	EXPECT_EQ(ide_read(&c, 1), 0x04);
	ide_write(&c, 2, 3);
	ide_write(&c, 7, 0xc6);			/* not a power of 2 */
	EXPECT_EQ(ide_read(&c, 7) & 1, 1);
	ide_write(&c, 2, 4);
	ide_write(&c, 7, 0xc6);
	EXPECT_EQ(ide_read(&c, 7) & 1, 0);
	lba(0, 5, 0xc4);
	fake_done();
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	read_sector(got);
	read_sector(got);
	read_sector(got);
	EXPECT(!irq);				/* one interrupt for four */
	read_sector(got);
	EXPECT(irq);
	EXPECT_EQ(ide_read(&c, 7), 0x58);
	read_sector(got);
	EXPECT(!memcmp(got, fake_data + 4 * 512, 512));
	EXPECT_EQ(ide_read(&c, 7), 0x50);
}

static void bounds(void)
{
	start();
	lba(2880, 1, 0x20);
	EXPECT_EQ(ide_read(&c, 7) & 1, 1);
	EXPECT_EQ(ide_read(&c, 1), 0x10);	/* IDNF */
	lba(2879, 2, 0x20);
	EXPECT_EQ(ide_read(&c, 1), 0x10);
	lba(0x0fffffff, 0, 0xca);
	EXPECT_EQ(ide_read(&c, 1), 0x10);
	ide_write(&c, 6, 0xa0);			/* cylinder, head, sector */
	ide_write(&c, 3, 0);
	ide_write(&c, 7, 0x20);
	EXPECT_EQ(ide_read(&c, 1), 0x10);	/* sectors count from 1 */
	ide_write(&c, 3, 64);
	ide_write(&c, 7, 0x20);
	EXPECT_EQ(ide_read(&c, 1), 0x10);
	EXPECT(!fake_req);
	ide_write(&c, 7, 0x55);			/* no such command */
	EXPECT_EQ(ide_read(&c, 1), 0x04);
}

static void chs(void)
{
	u8 got[512];

	start();
	ide_write(&c, 2, 1);
	ide_write(&c, 3, 2);
	ide_write(&c, 4, 1);
	ide_write(&c, 5, 0);
	ide_write(&c, 6, 0xa3);			/* cylinder 1, head 3, sector 2 */
	ide_write(&c, 7, 0x20);
	fake_done();
	read_sector(got);
	EXPECT(!memcmp(got, fake_data + ((1 * 16 + 3) * 63 + 1) * 512, 512));
}

static void lba48(void)
{
	u8 got[512];

	start();
	ide_write(&c, 6, 0xe0);
	ide_write(&c, 2, 0);
	ide_write(&c, 2, 1);
	ide_write(&c, 3, 0);			/* bits 24 to 31 first */
	ide_write(&c, 3, 7);
	ide_write(&c, 4, 0);
	ide_write(&c, 4, 0);
	ide_write(&c, 5, 0);
	ide_write(&c, 5, 0);
	ide_write(&c, 7, 0x24);
	fake_done();
	read_sector(got);
	EXPECT(!memcmp(got, fake_data + 7 * 512, 512));
	ide_write(&c, 7, 0x27);			/* native max address: 2879 */
	EXPECT_EQ(ide_read(&c, 3), 2879 & 0xff);
	EXPECT_EQ(ide_read(&c, 4), 2879 >> 8);
	ide_control(&c, 0x80);			/* HOB */
	EXPECT_EQ(ide_read(&c, 3), 0);
}

static void no_interrupts(void)
{
	start();
	ide_control(&c, 0x02);
	lba(0, 1, 0x20);
	fake_done();
	EXPECT(!irq);
	ide_control(&c, 0x00);
	EXPECT(irq);
}

static void prd(u32 at, u32 addr, u16 len, bool last)
{
	const u8 d[8] = { addr, addr >> 8, addr >> 16, addr >> 24, len, len >> 8, 0,
			  last ? 0x80 : 0 };

	memcpy(ram + at, d, 8);
}

static void table(u32 at)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		ide_bm_write(&c, 4 + i, at >> 8 * i);
}

static void read_dma(void)
{
	start();
	prd(0x100, 0x1000, 512, false);
	prd(0x108, 0x3000, 1024, true);
	table(0x100);
	lba(20, 3, 0xc8);
	EXPECT(!fake_req);			/* waits for the bus master */
	ide_bm_write(&c, 0, 0x09);
	EXPECT_EQ(ide_bm_read(&c, 2) & 7, 1);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(ide_bm_read(&c, 2) & 7, 4);
	EXPECT(!memcmp(ram + 0x1000, fake_data + 20 * 512, 512));
	EXPECT(!memcmp(ram + 0x3000, fake_data + 21 * 512, 1024));
	EXPECT_EQ(ram[0x3400], 0);
	ide_bm_write(&c, 0, 0);
	ide_bm_write(&c, 2, 0x04);
	EXPECT_EQ(ide_bm_read(&c, 2) & 7, 0);
	EXPECT_EQ(ide_read(&c, 7), 0x50);
}

static void write_dma(void)
{
	start();
	memset(ram + 0x2000, 0xc3, 1024);
	prd(0x100, 0x2000, 1024, true);
	table(0x100);
	ide_bm_write(&c, 0, 0x01);
	lba(30, 2, 0xca);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(fake_data[30 * 512], 0xc3);
	EXPECT_EQ(fake_data[31 * 512 + 511], 0xc3);
	EXPECT_EQ(fake_data[32 * 512], (u8)(32 * 7 + 32 * 512 % 251));
}

/* A table that ends too soon, lies outside RAM, or points there. */
static void bad_tables(void)
{
	u32 at;

	start();
	prd(0x100, 0x1000, 512, true);
	table(0x100);
	lba(0, 2, 0xc8);
	ide_bm_write(&c, 0, 0x09);
	fake_done();
	EXPECT_EQ(ide_bm_read(&c, 2) & 7, 6);
	EXPECT_EQ(ide_read(&c, 7) & 0x89, 0x01);
	for (at = 0x80000000; at; at <<= 1) {	/* 80000000h, then 0 */
		start();
		table(at);
		lba(0, 2, 0xca);
		ide_bm_write(&c, 0, 0x01);
		EXPECT_EQ(ide_bm_read(&c, 2) & 2, 2);
	}
	start();
	prd(0x100, 0xfffffffe, 0, false);	/* 64 KiB, around the end of it all */
	prd(0x108, 0x3f000, 0, true);
	table(0x100);
	lba(0, 0, 0xc8);
	ide_bm_write(&c, 0, 0x09);
	fake_done();
	EXPECT_EQ(ide_bm_read(&c, 2) & 2, 2);
	EXPECT(!fake_req);
}

/* A reset while the thread has the buffer waits for it. */
static void reset_while_busy(void)
{
	start();
	lba(0, 1, 0x20);
	ide_control(&c, 0x04);
	ide_control(&c, 0x00);
	EXPECT_EQ(ide_alt_status(&c) & 0x80, 0x80);
	lba(1, 1, 0x20);
	fake_done();
	EXPECT(!irq);
	EXPECT_EQ(ide_alt_status(&c), 0x50);
	EXPECT(!fake_req);
}

static void medium_error(void)
{
	start();
	fake_error = -EIO;
	lba(0, 1, 0x20);
	fake_done();
	EXPECT_EQ(ide_read(&c, 7), 0x51);
	EXPECT_EQ(ide_read(&c, 1), 0x40);	/* UNC */
	lba(0, 1, 0x30);
	write_sector(1);
	fake_done();
	EXPECT_EQ(ide_read(&c, 7) & 0x21, 0x21);	/* DF */
}

/* SFF-8020i: packet, count and interrupt reason. */
static void packet(const u8 *cmd, u16 limit, bool dma)
{
	unsigned int i;

	ide_write(&c, 6, 0xb0);
	ide_write(&c, 1, dma);
	ide_write(&c, 4, limit);
	ide_write(&c, 5, limit >> 8);
	ide_write(&c, 7, 0xa0);
	EXPECT_EQ(ide_read(&c, 7) & 0x88, 0x08);
	EXPECT_EQ(ide_read(&c, 2), 1);		/* CoD */
	for (i = 0; i < 12; i += 2)
		ide_data_write(&c, cmd[i] | cmd[i + 1] << 8, 2);
}

static void cd_ready(void)
{
	static const u8 ready[12] = { 0 }, sense[12] = { 0x03, 0, 0, 0, 18 };
	u8 got[18];
	unsigned int i;
	u16 w;

	packet(ready, 0, false);
	EXPECT_EQ(ide_read(&c, 7) & 1, 1);
	EXPECT_EQ(ide_read(&c, 1) >> 4, 6);	/* unit attention */
	EXPECT_EQ(ide_read(&c, 2), 3);
	packet(sense, 64, false);
	EXPECT_EQ(ide_read(&c, 4), 18);
	EXPECT_EQ(ide_read(&c, 2), 2);		/* IO */
	for (i = 0; i < 18; i += 2) {
		w = word();
		got[i] = w;
		got[i + 1] = w >> 8;
	}
	EXPECT_EQ(got[0], 0x70);
	EXPECT_EQ(got[2], 6);
	EXPECT_EQ(got[12], 0x28);
	EXPECT_EQ(ide_read(&c, 2), 3);
	packet(ready, 0, false);
	EXPECT_EQ(ide_read(&c, 7) & 1, 0);
}

static void cd_read(void)
{
	static const u8 cmd[12] = { 0x28, 0, 0, 0, 0, 3, 0, 0, 2 };
	static const u8 behind[12] = { 0x28, 0, 0, 0, 4, 0, 0, 0, 1 };
	static const u8 capacity[12] = { 0x25 };
	u8 got[2048];
	unsigned int i, block;
	u16 w;

	start();
	cd_ready();
	packet(capacity, 8, false);
	EXPECT_EQ(word(), 0);
	EXPECT_EQ(word(), 0xff03);		/* 1,023 */
	EXPECT_EQ(word(), 0);
	EXPECT_EQ(word(), 0x0008);		/* 2,048 */
	packet(cmd, 2048, false);
	EXPECT_EQ(ide_read(&c, 7), 0x80);
	fake_done();
	for (block = 0; block < 2; block++) {
		EXPECT_EQ(ide_read(&c, 7) & 0x88, 0x08);
		EXPECT_EQ(ide_read(&c, 4) | ide_read(&c, 5) << 8, 2048);
		for (i = 0; i < 2048; i += 2) {
			w = word();
			got[i] = w;
			got[i + 1] = w >> 8;
		}
		EXPECT(!memcmp(got, fake_data + (3 + block) * 2048, 2048));
	}
	EXPECT_EQ(ide_read(&c, 7) & 0x89, 0);
	EXPECT_EQ(ide_read(&c, 2), 3);
	packet(behind, 2048, false);
	EXPECT_EQ(ide_read(&c, 1) >> 4, 5);
	EXPECT(!fake_req);
	/* the same by the bus master */
	prd(0x100, 0x8000, 4096, true);
	table(0x100);
	packet(cmd, 0, true);
	ide_bm_write(&c, 0, 0x09);
	fake_done();
	EXPECT_EQ(ide_bm_read(&c, 2) & 7, 4);
	EXPECT(!memcmp(ram + 0x8000, fake_data + 3 * 2048, 4096));
}

static void cd_refuses(void)
{
	static const u8 odd[12] = { 0xe9 };
	static const u8 huge[12] = { 0xa8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	start();
	cd_ready();
	packet(odd, 0, false);
	EXPECT_EQ(ide_read(&c, 1) >> 4, 5);
	packet(huge, 0xffff, true);
	EXPECT_EQ(ide_read(&c, 1) >> 4, 5);
	lba(0, 1, 0x20);			/* the disk is another drive */
	EXPECT(fake_req);
}

/* A packet command without data; sense key, or 0. */
static u8 simple(u8 op, u8 byte4)
{
	const u8 cmd[12] = { [0] = op, [4] = byte4 };

	packet(cmd, 0, false);
	return ide_read(&c, 7) & 1 ? ide_read(&c, 1) >> 4 : 0;
}

/* REQUEST SENSE: key, code and qualifier as one number. */
static u32 sense(void)
{
	static const u8 cmd[12] = { 0x03, 0, 0, 0, 18 };
	u8 got[18];
	unsigned int i;
	u16 w;

	packet(cmd, 64, false);
	for (i = 0; i < 18; i += 2) {
		w = word();
		got[i] = w;
		got[i + 1] = w >> 8;
	}
	return got[2] << 16 | got[12] << 8 | got[13];
}

/* GET EVENT STATUS NOTIFICATION, media class: event and status. */
static u16 event(void)
{
	static const u8 cmd[12] = { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8 };
	u16 w;

	packet(cmd, 8, false);
	EXPECT_EQ(word(), 0x0600);	/* 6 bytes behind the length */
	EXPECT_EQ(word(), 0x1004);	/* media; media is what there is */
	w = word();
	EXPECT_EQ(word(), 0);
	return w;
}

static unsigned int trays;
static bool tray_is;

static void tray(void *arg, unsigned int n, bool open)
{
	(void)arg;
	EXPECT_EQ(n, 1);
	trays++;
	tray_is = open;
}

/* MMC-3: what a guest sees when somebody takes the disc and brings another one. */
static void cd_changes(void)
{
	static struct disk other = { .sectors = 800, .readonly = true };
	static const u8 capacity[12] = { 0x25 };

	start();
	c.tray = tray;
	cd_ready();
	EXPECT_EQ(event(), 0x0200);		/* nothing new, a disc */
	trays = 0;
	ide_tray(&c, 1, true);
	EXPECT(trays == 1 && tray_is);
	EXPECT_EQ(simple(0x00, 0), 2);
	EXPECT_EQ(sense(), 0x023a02);		/* no medium, tray open */
	EXPECT_EQ(event(), 0x0103);		/* removed; door open, no disc */
	EXPECT_EQ(event(), 0x0100);		/* told once */
	ide_medium(&c, 1, NULL);
	EXPECT_EQ(simple(0x00, 0), 2);
	EXPECT_EQ(sense(), 0x023a02);
	ide_tray(&c, 1, false);
	EXPECT(trays == 2 && !tray_is);
	EXPECT_EQ(simple(0x00, 0), 2);
	EXPECT_EQ(sense(), 0x023a01);		/* no medium, tray closed */
	EXPECT_EQ(event(), 0x0000);
	EXPECT_EQ(simple(0x28, 0), 2);
	EXPECT(!fake_req);
	ide_medium(&c, 1, &other);
	EXPECT_EQ(simple(0x12, 36), 0);		/* INQUIRY does not take the attention */
	while (ide_read(&c, 7) & 8)
		word();
	EXPECT_EQ(simple(0x00, 0), 6);
	EXPECT_EQ(sense(), 0x062800);		/* may have changed */
	EXPECT_EQ(simple(0x00, 0), 0);
	EXPECT_EQ(event(), 0x0202);		/* new */
	packet(capacity, 8, false);
	EXPECT_EQ(word(), 0);
	EXPECT_EQ(word(), 0xc700);		/* 199 */
	while (ide_read(&c, 7) & 8)
		word();
	/* at once, without the tray being seen open */
	ide_tray(&c, 1, true);
	ide_medium(&c, 1, &cd);
	ide_tray(&c, 1, false);
	EXPECT_EQ(simple(0x25, 0), 6);
	EXPECT_EQ(sense(), 0x062800);
	EXPECT_EQ(event(), 0x0202);
}

static void cd_guest_ejects(void)
{
	static const u8 mode[12] = { 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 28 };
	unsigned int i;

	start();
	c.tray = tray;
	cd_ready();
	trays = 0;
	EXPECT_EQ(simple(0x1e, 1), 0);		/* PREVENT */
	EXPECT(c.drive[1].locked);
	EXPECT_EQ(simple(0x1b, 2), 5);		/* START STOP UNIT: eject */
	EXPECT_EQ(sense(), 0x055302);		/* removal prevented */
	EXPECT(!trays);
	packet(mode, 28, false);
	for (i = 0; i < 7; i++)
		word();
	EXPECT_EQ(word() & 0xff, 0x2b);		/* tray, eject, locked now, can lock */
	while (ide_read(&c, 7) & 8)
		word();
	ide_eject_wanted(&c, 1);
	EXPECT_EQ(event(), 0x0201);		/* somebody wants it */
	EXPECT_EQ(simple(0x1e, 0), 0);
	EXPECT_EQ(simple(0x1b, 0), 0);		/* stop: the tray stays */
	EXPECT(!trays);
	EXPECT_EQ(simple(0x1b, 2), 0);
	EXPECT(trays == 1 && tray_is);
	EXPECT_EQ(simple(0x1b, 2), 0);
	EXPECT_EQ(trays, 1);
	EXPECT_EQ(simple(0x00, 0), 2);
	packet(mode, 28, false);
	word();
	EXPECT_EQ(word() & 0xff, 0x71);		/* medium type: door open */
	while (ide_read(&c, 7) & 8)
		word();
	EXPECT_EQ(simple(0x1b, 3), 0);		/* load */
	EXPECT(trays == 2 && !tray_is);
	EXPECT_EQ(simple(0x00, 0), 6);
	EXPECT_EQ(simple(0x00, 0), 0);
	/* a reset unlocks */
	EXPECT_EQ(simple(0x1e, 1), 0);
	ide_control(&c, 0x04);
	ide_control(&c, 0);
	EXPECT(!c.drive[1].locked);
}

/* Taken out while a command reads: what was read is given, the rest is an error. */
static void cd_gone_midway(void)
{
	static const u8 cmd[12] = { 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 100 };
	static struct disk other = { .sectors = 4096, .readonly = true };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		start();
		cd_ready();
		prd(0x100, 0x10000, 0, false);
		prd(0x108, 0x20000, 0, false);
		prd(0x110, 0x30000, 0, true);
		table(0x100);
		packet(cmd, 0, true);
		ide_bm_write(&c, 0, 0x09);
		EXPECT(fake_req);
		ide_medium(&c, 1, i ? &other : NULL);
		fake_done();
		EXPECT(!fake_req);
		EXPECT_EQ(ide_read(&c, 7) & 0x81, 1);
		EXPECT_EQ(ide_read(&c, 1) >> 4, i ? 6 : 2);
		EXPECT(!memcmp(ram + 0x10000, fake_data, 0x20000));
		EXPECT_EQ(simple(0x00, 0), i ? 0 : 2);
	}
}

static void cd_empty(void)
{
	static const u8 configuration[12] = { 0x46, 0, 0, 0, 0, 0, 0, 0, 28 };
	unsigned int i;

	fake_fill();
	c = (struct ide){ .buffer = buffer, .set_irq = set_irq, .memory = memory };
	ide_reset(&c);
	ide_attach(&c, 1, IDE_CD, NULL);
	ide_write(&c, 6, 0xb0);
	ide_write(&c, 7, 0xa1);			/* IDENTIFY PACKET DEVICE */
	EXPECT_EQ(word(), 0x8580);
	for (i = 1; i < 256; i++)
		word();
	EXPECT_EQ(simple(0x00, 0), 2);
	EXPECT_EQ(sense(), 0x023a01);
	packet(configuration, 28, false);
	word();
	word();
	word();
	EXPECT_EQ(word(), 0);			/* no current profile */
	while (ide_read(&c, 7) & 8)
		word();
}

static void saved(void)
{
	static u8 kept[IDE_CHUNK + 512];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u8 got[512];

	start();
	lba(5, 2, 0x20);
	fake_done();
	EXPECT_EQ(word(), fake_data[5 * 512] | fake_data[5 * 512 + 1] << 8);
	ide_state(&c, &s);
	EXPECT(!s.bad);
	start();
	memset(buffer, 0, sizeof(buffer));
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	ide_state(&c, &s);
	EXPECT(!s.bad);
	EXPECT(irq);
	EXPECT_EQ(word(), fake_data[5 * 512 + 2] | fake_data[5 * 512 + 3] << 8);
	c.pos = 512;
	c.block_end = 1024;
	read_sector(got);
	EXPECT(!memcmp(got, fake_data + 6 * 512, 512));
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	ide_state(&c, &s);
	EXPECT(s.bad);
	EXPECT_EQ(ide_alt_status(&c), 0x50);
}

int main(void)
{
	CASE(signatures);
	CASE(identify);
	CASE(read_pio);
	CASE(write_pio);
	CASE(features);
	CASE(read_only);
	CASE(multiple);
	CASE(bounds);
	CASE(chs);
	CASE(lba48);
	CASE(no_interrupts);
	CASE(read_dma);
	CASE(write_dma);
	CASE(bad_tables);
	CASE(reset_while_busy);
	CASE(medium_error);
	CASE(cd_read);
	CASE(cd_refuses);
	CASE(cd_changes);
	CASE(cd_guest_ejects);
	CASE(cd_gone_midway);
	CASE(cd_empty);
	CASE(saved);
	return check_failed != 0;
}
