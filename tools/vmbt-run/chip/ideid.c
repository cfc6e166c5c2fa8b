// SPDX-License-Identifier: GPL-2.0
/*
 * What an IDE drive says that it is.
 *
 * From ATA/ATAPI-6, 8.15 and 8.16. Drivers believe it to the word: a disk that
 * does not name its write cache is never told to flush it, and one that names a
 * mode which it was not set to is set again.
 */
#include "ide.h"

#define CACHE		0x0020	/* words 82, 85: write cache */

static void put16(u8 *id, unsigned int word, u16 val)
{
	id[2 * word] = val;
	id[2 * word + 1] = val >> 8;
}

/* Characters of a word are swapped, and padded with blanks. */
static void put_text(u8 *id, unsigned int word, unsigned int words, const char *text)
{
	unsigned int i;

	for (i = 0; i < 2 * words; i++)
		id[2 * word + (i ^ 1)] = *text ? *text++ : ' ';
}

/* Fill the buffer with the answer of IDENTIFY (PACKET) DEVICE of the drive selected. */
void ide_identify(struct ide *c)
{
	struct ide_drive *d = ide_selected(c);
	u64 total = d->kind == IDE_CD ? 0 : d->disk->sectors, chs;
	u32 lba28 = total > IDE_LBA28 ? IDE_LBA28 : total;
	bool cd = d->kind == IDE_CD;
	u8 *id = c->buffer;
	unsigned int i;

	memset(id, 0, DISK_SECTOR);
	put16(id, 0, cd ? 0x8580 : 0x0040);
	put_text(id, 10, 10, d == &c->drive[1] ? "VMBT00002" : "VMBT00001");
	put_text(id, 23, 4, "1.0");
	put_text(id, 27, 20, cd ? "VMBT CD-ROM" : "VMBT DISK");
	put16(id, 49, 0x0300);			/* LBA and DMA */
	put16(id, 51, 0x0200);
	put16(id, 53, 0x0007);
	put16(id, 63, 0x0007 | (d->mode >> 3 == 4 ? 0x100 << (d->mode & 7) : 0));
	put16(id, 64, 0x0003);			/* PIO 3 and 4 */
	for (i = 65; i < 69; i++)
		put16(id, i, 120);
	put16(id, 80, 0x0070);			/* ATA/ATAPI-4 to 6 */
	put16(id, 82, cd ? 0x4210 : 0x4000 | CACHE);
	put16(id, 83, cd ? 0x4000 : 0x7400);
	put16(id, 84, 0x4000);
	put16(id, 85, cd ? 0x4210 : 0x4000 | (d->write_through ? 0 : CACHE));
	put16(id, 86, cd ? 0x0000 : 0x3400);
	put16(id, 87, 0x4000);
	put16(id, 88, 0x003f | (d->mode >> 3 == 8 ? 0x100 << (d->mode & 7) : 0));
	if (!cd) {
		put16(id, 1, d->cylinders);
		put16(id, 3, 16);
		put16(id, 6, 63);
		put16(id, 47, 0x8000 | IDE_MULTIPLE_MAX);
		put16(id, 54, d->cylinders);
		put16(id, 55, d->heads);
		put16(id, 56, d->spt);
		chs = (u64)d->cylinders * d->heads * d->spt;
		put16(id, 57, chs);
		put16(id, 58, chs >> 16);
		put16(id, 59, d->multiple ? 0x0100 | d->multiple : 0);
		put16(id, 60, lba28);
		put16(id, 61, lba28 >> 16);
		for (i = 0; i < 4; i++)
			put16(id, 100 + i, total >> 16 * i);
	}
}
