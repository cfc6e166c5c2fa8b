// SPDX-License-Identifier: GPL-2.0
/*
 * The floppy controller, against the 82077AA's data sheet.
 */
#include "check.h"
#include "fakedisk.h"
#include "fdc.h"

static struct fdc f;
static struct disk disk = { .sectors = 2880, .overlay = -1 };
static bool irq;
static unsigned int edges;
static u64 clock_ns;
static u8 mem[64 * 1024];
static u32 mem_pos, mem_len;

static void set_irq(void *arg, bool level)
{
	(void)arg;
	edges += level && !irq;
	irq = level;
}

static u64 now(void *arg)
{
	(void)arg;
	return clock_ns;
}

/* A DMA channel whose count ends behind @mem_len bytes. */
static u32 dma(void *arg, u8 *buf, u32 len, bool to_memory, bool *tc)
{
	u32 n = len < mem_len - mem_pos ? len : mem_len - mem_pos;

	(void)arg;
	if (to_memory)
		memcpy(mem + mem_pos, buf, n);
	else
		memcpy(buf, mem + mem_pos, n);
	mem_pos += n;
	*tc = n && mem_pos == mem_len;
	return n;
}

static void put(u8 val)
{
	EXPECT_EQ(fdc_read(&f, 0x3f4) & 0xc0, 0x80);
	fdc_write(&f, 0x3f5, val);
}

static u8 get(void)
{
	EXPECT_EQ(fdc_read(&f, 0x3f4) & 0xd0, 0xd0);
	return fdc_read(&f, 0x3f5);
}

static void idle(void)
{
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0x80);
}

static void send(const u8 *cmd, unsigned int n)
{
	while (n--)
		put(*cmd++);
}

/* Power-on, out of reset, motor on, and the four answers behind it. */
static void start(void)
{
	unsigned int i;

	fake_fill();
	disk.readonly = false;
	f = (struct fdc){ .set_irq = set_irq, .dma = dma, .now = now };
	clock_ns = 1000;
	fdc_reset(&f);
	EXPECT_EQ(f.dsr, 2);			/* 250 kb/s */
	fdc_attach(&f, 0, &disk);
	irq = false;
	mem_pos = 0;
	mem_len = 0;
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0);	/* in reset */
	fdc_write(&f, 0x3f2, 0x1c);
	fdc_write(&f, 0x3f7, 0);		/* 500 kb/s */
	EXPECT(irq);
	for (i = 0; i < 4; i++) {
		put(0x08);
		EXPECT_EQ(get(), 0xc0 | i);
		get();
	}
	EXPECT(!irq);
	put(0x08);
	EXPECT_EQ(get(), 0x80);			/* nothing more to tell */
	idle();
}

static void seek_to(u8 track)
{
	send((u8 []){ 0x0f, 0x00, track }, 3);
	EXPECT(irq);
	put(0x08);
	EXPECT_EQ(get(), 0x20);
	EXPECT_EQ(get(), track);
	EXPECT(!irq);
}

static void result(u8 st0, u8 st1, u8 c, u8 h, u8 r)
{
	EXPECT(irq);
	EXPECT_EQ(get(), st0);
	EXPECT_EQ(get(), st1);
	get();
	EXPECT_EQ(get(), c);
	EXPECT_EQ(get(), h);
	EXPECT_EQ(get(), r);
	EXPECT_EQ(get(), 2);
	EXPECT(!irq);
	idle();
}

static void basics(void)
{
	start();
	put(0x10);
	EXPECT_EQ(get(), 0x90);			/* an enhanced controller */
	put(0x1f);
	EXPECT_EQ(get(), 0x80);			/* no such command */
	send((u8 []){ 0x03, 0xaf, 0x02 }, 3);
	idle();
	put(0x94);				/* LOCK */
	EXPECT_EQ(get(), 0x10);
	send((u8 []){ 0x13, 0, 0x57, 0 }, 4);
	put(0x0e);
	get(); get(); get(); get();
	EXPECT_EQ(get(), 0xaf);
	EXPECT_EQ(get(), 0x02);
	get();
	EXPECT_EQ(get(), 0x80);
	EXPECT_EQ(get(), 0x57);
	get();
	idle();
}

static void seeks(void)
{
	start();
	EXPECT_EQ(fdc_read(&f, 0x3f7), 0x80);	/* the disk was changed */
	seek_to(10);
	EXPECT_EQ(fdc_read(&f, 0x3f7), 0x00);	/* a step resets the line */
	send((u8 []){ 0x04, 0x00 }, 2);
	EXPECT_EQ(get(), 0x28);
	send((u8 []){ 0x07, 0x00 }, 2);		/* recalibrate */
	put(0x08);
	EXPECT_EQ(get(), 0x20);
	EXPECT_EQ(get(), 0);
	send((u8 []){ 0x04, 0x00 }, 2);
	EXPECT_EQ(get(), 0x38);			/* on track 0 */
	send((u8 []){ 0x07, 0x01 }, 2);		/* no drive: equipment check */
	put(0x08);
	EXPECT_EQ(get(), 0x71);
	get();
}

static void reads(void)
{
	start();
	seek_to(1);
	mem_len = 1024;
	send((u8 []){ 0xe6, 0x04, 1, 1, 17, 2, 18, 0x1b, 0xff }, 9);
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0x10);	/* busy, the FIFO is nobody's */
	fdc_write(&f, 0x3f5, 0x08);		/* ignored */
	EXPECT(!irq);
	fake_done();
	result(0x04, 0, 2, 0, 1);		/* terminal count at the track's end */
	EXPECT(!memcmp(mem, fake_data + ((1 * 2 + 1) * 18 + 16) * 512, 1024));
	/* both sides in one command */
	start();
	mem_len = 36 * 512;
	send((u8 []){ 0xe6, 0x00, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	EXPECT(!irq);
	fake_done();
	result(0x04, 0, 1, 0, 1);
	EXPECT(!memcmp(mem, fake_data, 36 * 512));
	/* part of a sector */
	start();
	memset(mem, 0, sizeof(mem));
	mem_len = 100;
	send((u8 []){ 0x46, 0x00, 0, 0, 3, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x00, 0, 0, 0, 4);
	EXPECT(!memcmp(mem, fake_data + 2 * 512, 100));
	EXPECT_EQ(mem[100], 0);
}

/* Data sheet, READ TRACK: from the first sector on, whatever the command's is. */
static void read_track(void)
{
	start();
	seek_to(2);
	mem_len = 64 * 512;
	send((u8 []){ 0x42, 0x04, 2, 1, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(get(), 0x04);
	EXPECT_EQ(get(), 0x00);
	EXPECT_EQ(mem_pos, 18 * 512);
	EXPECT(!memcmp(mem, fake_data + (2 * 2 + 1) * 18 * 512, 18 * 512));
	/* Another sector than asked for: it is read, and said. */
	start();
	mem_len = 512;
	send((u8 []){ 0x42, 0x00, 0, 0, 5, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	EXPECT_EQ(get(), 0x00);
	EXPECT_EQ(get(), 0x04);
	EXPECT(!memcmp(mem, fake_data, 512));
	/* The track has not so many. */
	start();
	mem_len = 64 * 512;
	send((u8 []){ 0x42, 0x00, 0, 0, 1, 2, 21, 0x1b, 0xff }, 9);
	fake_done();
	EXPECT_EQ(get(), 0x40);
	EXPECT_EQ(get(), 0x01);
	EXPECT_EQ(mem_pos, 18 * 512);
}

/* Data sheet, VERIFY: nothing moves; it ends with the track or behind so many sectors. */
static void verify(void)
{
	start();
	send((u8 []){ 0x56, 0x00, 0, 0, 3, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x00, 0, 1, 0, 1);
	send((u8 []){ 0x56, 0x80, 0, 0, 3, 2, 18, 0x1b, 4 }, 9);
	fake_done();
	result(0x00, 0, 0, 0, 7);
	/* Both sides, and a part of the second one. */
	send((u8 []){ 0xd6, 0x00, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	EXPECT(!irq);
	fake_done();
	result(0x04, 0, 1, 0, 1);
	send((u8 []){ 0xd6, 0x80, 0, 0, 1, 2, 18, 0x1b, 20 }, 9);
	fake_done();
	fake_done();
	result(0x04, 0, 0, 1, 3);
	/* More than there are: on this side, on the track as the guest says it is. */
	send((u8 []){ 0x56, 0x80, 0, 0, 3, 2, 18, 0x1b, 17 }, 9);
	fake_done();
	result(0x40, 0x80, 1, 0, 1);
	send((u8 []){ 0x56, 0x00, 0, 0, 3, 2, 21, 0x1b, 0xff }, 9);
	fake_done();
	result(0x40, 0x04, 0, 0, 19);
	EXPECT_EQ(mem_pos, 0);
	/* The medium can't be read. */
	send((u8 []){ 0x56, 0x00, 0, 0, 3, 2, 18, 0x1b, 0xff }, 9);
	fake_error = -EIO;
	fake_done();
	result(0x40, 0x20, 0, 0, 3);
}

static void writes(void)
{
	start();
	memset(mem, 0xd1, sizeof(mem));
	mem_len = 512;
	send((u8 []){ 0xc5, 0x00, 0, 0, 5, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x00, 0, 0, 0, 6);
	EXPECT_EQ(fake_data[4 * 512], 0xd1);
	EXPECT_EQ(fake_data[5 * 512], (u8)(5 * 7 + 5 * 512 % 251));
	disk.readonly = true;
	send((u8 []){ 0xc5, 0x00, 0, 0, 5, 2, 18, 0x1b, 0xff }, 9);
	EXPECT(!fake_req);
	result(0x40, 0x02, 0, 0, 5);		/* write protected */
	send((u8 []){ 0x04, 0x00 }, 2);
	EXPECT_EQ(get(), 0x78);
	disk.readonly = false;
	mem_pos = 0;
	mem_len = 72;
	send((u8 []){ 0x4d, 0x00, 2, 18, 0x54, 0xf6 }, 6);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(fake_data[0], 0xf6);
	EXPECT_EQ(fake_data[18 * 512 - 1], 0xf6);
	EXPECT(fake_data[18 * 512] != 0xf6 || fake_data[18 * 512 + 1] != 0xf6);
}

static void refuses(void)
{
	start();
	mem_len = 512;
	send((u8 []){ 0xe6, 0x01, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	result(0x41, 0x01, 0, 0, 1);		/* no medium */
	send((u8 []){ 0xe6, 0x00, 5, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	result(0x40, 0x04, 5, 0, 1);		/* the head is elsewhere */
	send((u8 []){ 0xe6, 0x00, 0, 0, 19, 2, 18, 0x1b, 0xff }, 9);
	result(0x40, 0x04, 0, 0, 19);
	send((u8 []){ 0xe6, 0x00, 0, 0, 0, 2, 255, 0x1b, 0xff }, 9);
	result(0x40, 0x04, 0, 0, 0);
	seek_to(200);
	send((u8 []){ 0xe6, 0x00, 200, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	result(0x40, 0x04, 200, 0, 1);
	EXPECT(!fake_req);
	seek_to(0);
	mem_len = 0;				/* nobody takes the data */
	send((u8 []){ 0xe6, 0x00, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x40, 0x10, 0, 0, 1);
	mem_len = 2048;				/* more than the track has */
	mem_pos = 0;
	send((u8 []){ 0x46, 0x00, 0, 0, 17, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x40, 0x80, 1, 0, 1);		/* end of cylinder */
	fake_error = -EIO;
	send((u8 []){ 0x46, 0x00, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x40, 0x20, 0, 0, 1);
}

/* A reset in the middle: the request's end changes nothing any more. */
static void reset_while_busy(void)
{
	start();
	mem_len = 512;
	send((u8 []){ 0xe6, 0x00, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fdc_write(&f, 0x3f2, 0x18);
	fdc_write(&f, 0x3f2, 0x1c);
	EXPECT(irq);
	fdc_write(&f, 0x3f5, 0x08);		/* not while the buffer is in use */
	fake_done();
	EXPECT_EQ(mem_pos, 0);
	put(0x08);
	EXPECT_EQ(get(), 0xc0);
	get();
}

static void saved(void)
{
	static u8 kept[256];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	seek_to(7);
	put(0x0f);
	put(0x00);
	fdc_state(&f, &s);
	EXPECT(!s.bad);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	fdc_state(&f, &s);
	EXPECT(!s.bad);
	put(9);					/* the command goes on */
	put(0x08);
	EXPECT_EQ(get(), 0x20);
	EXPECT_EQ(get(), 9);
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	fdc_state(&f, &s);
	EXPECT(s.bad);
}

/* The change line: bit 7 of the digital input register, until a step finds a medium. */
static void changes(void)
{
	static struct disk small = { .sectors = 1440, .overlay = -1 };

	start();
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0x80);	/* power-on */
	seek_to(1);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0);
	fdc_medium(&f, 0, NULL);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0x80);
	seek_to(2);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0x80);	/* a step without a medium does not */
	send((u8 []){ 0xe6, 0, 2, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	result(0x40, 0x01, 2, 0, 1);			/* no address mark */
	EXPECT_EQ(f.drive[0].type, 4);
	fdc_medium(&f, 0, &small);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0x80);
	fdc_write(&f, 0x3f2, 0x0c);			/* without the motor it can't be seen */
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0);
	fdc_write(&f, 0x3f2, 0x1c);
	seek_to(3);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0);
	EXPECT_EQ(f.drive[0].type, 4);			/* the drive is the same */
	fdc_write(&f, 0x3f7, 2);			/* 250 kb/s */
	mem_len = 512;
	send((u8 []){ 0xe6, 0, 3, 0, 9, 2, 9, 0x1b, 0xff }, 9);
	fake_done();
	result(0x00, 0x00, 3, 1, 1);
	EXPECT(!memcmp(mem, fake_data + (3 * 18 + 8) * 512, 512));
	send((u8 []){ 0xe6, 0, 3, 0, 10, 2, 18, 0x1b, 0xff }, 9);
	result(0x40, 0x04, 3, 0, 10);			/* there are nine */
}

/* Only a step pulse resets the change line, and where the head already is there is none. */
static void no_step(void)
{
	start();
	seek_to(0);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0x80);
	send((u8 []){ 0x07, 0x00 }, 2);			/* recalibrate, on track 0 */
	put(0x08);
	EXPECT_EQ(get(), 0x20);
	EXPECT_EQ(get(), 0);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0x80);
	seek_to(1);
	EXPECT_EQ(fdc_read(&f, 0x3f7) & 0x80, 0);
}

static void read_id(u8 st0, u8 st1)
{
	send((u8 []){ 0x4a, 0 }, 2);
	result(st0, st1, 0, 0, 1);
}

/*
 * A driver that looks for the kind of a disk tries one data rate after another: at the
 * wrong one there is no address mark (status register 1, MA). At the right one a sector
 * behind the track's last is not found (ND), whatever the guest says the last one is; the
 * end of the cylinder (EN) is behind that one.
 */
static void rates(void)
{
	static struct disk small = { .sectors = 1440, .overlay = -1 };
	static struct disk old = { .sectors = 720, .overlay = -1 };
	static struct disk old_high = { .sectors = 2400, .overlay = -1 };
	unsigned int rate;

	start();
	fdc_attach(&f, 0, &small);
	for (rate = 0; rate < 4; rate++) {
		fdc_write(&f, 0x3f7, rate);
		read_id(rate == 2 ? 0x00 : 0x40, rate == 2 ? 0 : 0x01);
	}
	/* Eighteen sectors a track, at 500 kb/s, is the first that Linux tries. */
	mem_len = 18 * 512;
	fdc_write(&f, 0x3f4, 0);
	send((u8 []){ 0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	EXPECT(!fake_req);
	result(0x40, 0x01, 0, 0, 1);
	fdc_write(&f, 0x3f4, 2);
	send((u8 []){ 0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x40, 0x04, 0, 0, 10);
	EXPECT_EQ(mem_pos, 9 * 512);
	send((u8 []){ 0x46, 0, 0, 0, 1, 2, 9, 0x1b, 0xff }, 9);
	fake_done();
	EXPECT_EQ(mem_pos, 18 * 512);
	result(0x00, 0, 1, 0, 1);
	fdc_write(&f, 0x3f4, 0);
	memset(mem, 0, 36);				/* a write of it, and a format */
	mem_pos = 0;
	send((u8 []){ 0xc5, 0, 0, 0, 1, 2, 9, 0x1b, 0xff }, 9);
	EXPECT(!fake_req);
	result(0x40, 0x01, 0, 0, 1);
	send((u8 []){ 0x4d, 0, 2, 9, 0x54, 0xf6 }, 6);
	EXPECT(!fake_req);
	result(0x40, 0x04, 0, 0, 1);

	/* A drive for 1.2 MB turns at 360 rpm: what was written at 250 kb/s comes at 300. */
	fdc_attach(&f, 0, &old);
	fdc_write(&f, 0x3f7, 2);
	read_id(0x00, 0);
	fdc_attach(&f, 0, &old_high);
	fdc_medium(&f, 0, &old);
	read_id(0x40, 0x01);
	fdc_write(&f, 0x3f7, 1);
	read_id(0x00, 0);
	fdc_medium(&f, 0, &old_high);
	fdc_write(&f, 0x3f7, 0);
	read_id(0x00, 0);
}

/* Taken out between the sides of a track. */
static void gone_midway(void)
{
	start();
	mem_len = sizeof(mem);
	send((u8 []){ 0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	EXPECT(fake_req);
	fdc_medium(&f, 0, NULL);
	fake_done();
	EXPECT(!fake_req);
	result(0x44, 0x01, 0, 1, 1);
}

/* SPECIFY with ND: no DMA. */
static void start_pio(void)
{
	start();
	send((u8 []){ 0x03, 0xaf, 0x03 }, 3);
	mem_len = sizeof(mem);			/* DMA would have it */
}

/* Take or bring bytes: each is asked for in the main status register and by an interrupt. */
static void take(u8 *buf, unsigned int n)
{
	unsigned int before = edges;

	while (n--) {
		EXPECT_EQ(fdc_read(&f, 0x3f4), 0xf0);
		EXPECT(irq);
		*buf++ = fdc_read(&f, 0x3f5);
		EXPECT(!n || edges == ++before);
	}
}

static void bring(const u8 *buf, unsigned int n)
{
	while (n--) {
		EXPECT_EQ(fdc_read(&f, 0x3f4), 0xb0);
		EXPECT(irq);
		fdc_write(&f, 0x3f5, *buf++);
	}
}

/* Nobody tells the end but the track: it is "end of cylinder", as the data sheet says. */
static void pio_reads(void)
{
	static u8 got[512];

	start_pio();
	seek_to(1);
	send((u8 []){ 0x46, 0x04, 1, 1, 17, 2, 18, 0x1b, 0xff }, 9);
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0x10);	/* nothing there yet */
	EXPECT(!irq);
	fake_done();
	take(got, 512);
	EXPECT(!memcmp(got, fake_data + ((1 * 2 + 1) * 18 + 16) * 512, 512));
	EXPECT(!irq);
	fake_done();
	fdc_write(&f, 0x3f5, 0x08);		/* the direction is the other one */
	take(got, 512);
	EXPECT(!memcmp(got, fake_data + ((1 * 2 + 1) * 18 + 17) * 512, 512));
	result(0x44, 0x80, 2, 1, 1);
	/* both sides, the first one's last sector and the second one's first */
	send((u8 []){ 0xc6, 0x00, 1, 0, 18, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	take(got, 512);
	fake_done();
	take(got, 512);
	EXPECT(!memcmp(got, fake_data + (1 * 2 + 1) * 18 * 512, 512));
	fdc_write(&f, 0x3f2, 0x18);		/* a reset in the middle */
	EXPECT(!irq);
	fdc_write(&f, 0x3f2, 0x1c);
	fake_done();				/* the next sector, which nobody wants */
	put(0x08);
	EXPECT_EQ(get(), 0xc0);
	get();
	EXPECT_EQ(mem_pos, 0);
}

static void pio_tracks(void)
{
	static u8 got[512];
	unsigned int i;

	start_pio();
	seek_to(2);
	send((u8 []){ 0x42, 0x04, 2, 1, 1, 2, 18, 0x1b, 0xff }, 9);
	for (i = 0; i < 18; i++) {
		fake_done();
		take(got, 512);
		EXPECT(!memcmp(got, fake_data + ((2 * 2 + 1) * 18 + i) * 512, 512));
	}
	EXPECT_EQ(get(), 0x04);
	EXPECT_EQ(get(), 0x00);
	/* VERIFY moves nothing, and needs nobody. */
	start_pio();
	send((u8 []){ 0x56, 0x80, 0, 0, 3, 2, 18, 0x1b, 4 }, 9);
	fake_done();
	result(0x00, 0, 0, 0, 7);
}

static void pio_writes(void)
{
	static u8 data[512];

	start_pio();
	memset(data, 0xd7, sizeof(data));
	send((u8 []){ 0x45, 0x00, 0, 0, 18, 2, 18, 0x1b, 0xff }, 9);
	EXPECT(!fake_req);
	EXPECT_EQ(fdc_read(&f, 0x3f5), 0);	/* the direction is the other one */
	bring(data, 511);
	EXPECT(!fake_req);
	bring(data, 1);
	fake_done();
	result(0x40, 0x80, 1, 0, 1);
	EXPECT(!memcmp(fake_data + 17 * 512, data, 512));
	/* The disk is taken out while the guest brings a sector. */
	send((u8 []){ 0x45, 0x00, 0, 0, 18, 2, 18, 0x1b, 0xff }, 9);
	bring(data, 100);
	fdc_medium(&f, 0, NULL);
	bring(data, 412);
	EXPECT(!fake_req);
	result(0x40, 0x01, 0, 0, 18);
	fdc_medium(&f, 0, &disk);
	/* FORMAT: four bytes for each sector. */
	send((u8 []){ 0x4d, 0x00, 2, 18, 0x54, 0xf6 }, 6);
	bring(data, 72);
	fake_done();
	EXPECT(irq);
	EXPECT_EQ(get(), 0);
	EXPECT_EQ(fake_data[0], 0xf6);
	EXPECT_EQ(fake_data[18 * 512 - 1], 0xf6);
}

/* With the FIFO an interrupt is for as many bytes as it has: 16 less the threshold. */
static void pio_threshold(void)
{
	unsigned int i, before;

	start_pio();
	send((u8 []){ 0x13, 0, 0x08, 0 }, 4);
	send((u8 []){ 0x46, 0x00, 0, 0, 1, 2, 1, 0x1b, 0xff }, 9);
	fake_done();
	before = edges;
	for (i = 0; i < 512; i++) {
		EXPECT(irq);
		EXPECT_EQ(fdc_read(&f, 0x3f5), fake_data[i]);
	}
	EXPECT_EQ(edges - before, 512 / 8);	/* and one for the result */
	result(0x40, 0x80, 1, 0, 1);
}

/* A guest that sees bytes and takes none: data sheet, OR in status register 1. */
static void pio_overrun(void)
{
	static u8 got[100];

	start_pio();
	send((u8 []){ 0x46, 0x00, 0, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	take(got, 100);
	clock_ns += 10000000000ULL;		/* it was away: nobody has looked */
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0xf0);
	clock_ns += 100000000;
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0xf0);
	clock_ns += 200000000;
	EXPECT_EQ(fdc_read(&f, 0x3f4), 0xd0);
	result(0x40, 0x10, 0, 0, 1);
}

/* CONFIGURE's EIS: the head goes where the command says. */
static void implied(void)
{
	start();
	mem_len = 512;
	send((u8 []){ 0x13, 0, 0x60, 0 }, 4);
	EXPECT_EQ(fdc_read(&f, 0x3f7), 0x80);
	send((u8 []){ 0x46, 0x00, 5, 0, 1, 2, 18, 0x1b, 0xff }, 9);
	fake_done();
	result(0x00, 0, 5, 0, 2);
	EXPECT_EQ(fdc_read(&f, 0x3f7), 0x00);	/* that was a step */
	EXPECT(!memcmp(mem, fake_data + 5 * 36 * 512, 512));
}

/* A SCAN of track 0; how it ends. */
static void scan(u8 cmd, u8 from, u8 last, u8 by, u8 st0, u8 st1, u8 st2, u8 h, u8 r)
{
	mem_pos = 0;
	send((u8 []){ cmd, 0x00, 0, 0, from, 2, last, 0x1b, by }, 9);
	while (fake_req)
		fake_done();
	EXPECT(irq);
	EXPECT_EQ(get(), st0);
	EXPECT_EQ(get(), st1);
	EXPECT_EQ(get(), st2);
	get();
	EXPECT_EQ(get(), h);
	EXPECT_EQ(get(), r);
	get();
	idle();
}

/*
 * Data sheet, SCAN: SH (08h) is equality, SN (04h) that no sector up to the last has met
 * the condition, neither that one was lower or higher. FFh meets any.
 */
static void scans(void)
{
	unsigned int i;

	start();
	for (i = 0; i < 36; i++)
		memset(fake_data + i * 512, i + 1, 512);
	memset(mem, 5, sizeof(mem));
	mem_len = sizeof(mem);
	scan(0x51, 1, 18, 1, 0x00, 0, 0x08, 0, 5);
	EXPECT_EQ(mem_pos, 5 * 512);		/* each was brought anew */
	scan(0x51, 6, 18, 1, 0x00, 0, 0x04, 0, 18);
	scan(0x59, 6, 18, 1, 0x00, 0, 0x04, 0, 18);	/* low or equal */
	scan(0x59, 5, 18, 1, 0x00, 0, 0x08, 0, 5);
	scan(0x59, 3, 18, 1, 0x00, 0, 0x00, 0, 3);
	scan(0x5d, 1, 4, 1, 0x00, 0, 0x04, 0, 4);	/* high or equal */
	scan(0x5d, 1, 18, 1, 0x00, 0, 0x08, 0, 5);
	scan(0x5d, 9, 18, 1, 0x00, 0, 0x00, 0, 9);
	/* Every other sector: 1, 3, 5; and past the last one, which is not among them. */
	scan(0x51, 1, 18, 2, 0x00, 0, 0x08, 0, 5);
	scan(0x51, 2, 17, 2, 0x40, 0x04, 0x04, 0, 16);
	/* On to the other side: sector 20 is the second there. */
	memset(mem, 20, sizeof(mem));
	scan(0xd1, 15, 18, 1, 0x04, 0, 0x08, 1, 2);
	scan(0x51, 15, 18, 1, 0x00, 0, 0x04, 0, 18);
	/* A byte that differs, one that is a mask on either side, one that is lower. */
	memset(mem, 1, 512);
	mem[511] = 2;
	scan(0x51, 1, 1, 1, 0x00, 0, 0x04, 0, 1);
	scan(0x59, 1, 1, 1, 0x00, 0, 0x00, 0, 1);
	scan(0x5d, 1, 1, 1, 0x00, 0, 0x04, 0, 1);
	mem[511] = 0xff;
	scan(0x51, 1, 1, 1, 0x00, 0, 0x08, 0, 1);
	mem[511] = 1;
	fake_data[7] = 0xff;
	scan(0x51, 1, 1, 1, 0x00, 0, 0x08, 0, 1);
	/* Terminal count ends it; where nobody brings data it is an overrun. */
	mem_len = 1024;
	memset(mem, 9, sizeof(mem));
	scan(0x51, 1, 18, 1, 0x00, 0, 0x04, 0, 2);
	mem_len = 0;
	scan(0x51, 1, 18, 1, 0x40, 0x10, 0x00, 0, 1);
	mem_len = sizeof(mem);
	scan(0x51, 19, 21, 1, 0x40, 0x04, 0x00, 0, 19);	/* no such sector */
}

static void pio_scan(void)
{
	static u8 data[512];

	start_pio();
	memcpy(data, fake_data + 2 * 512, 512);
	send((u8 []){ 0x51, 0x00, 0, 0, 2, 2, 18, 0x1b, 1 }, 9);
	fake_done();
	bring(data, 512);
	fake_done();
	bring(data, 512);
	EXPECT(irq);
	EXPECT_EQ(get(), 0x00);
	EXPECT_EQ(get(), 0x00);
	EXPECT_EQ(get(), 0x08);
	get(); get();
	EXPECT_EQ(get(), 3);
}

/* In the middle of a sector, in either direction. */
static void pio_saved(void)
{
	static u8 kept[2048], got[512];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start_pio();
	send((u8 []){ 0x46, 0x00, 0, 0, 3, 2, 3, 0x1b, 0xff }, 9);
	fake_done();
	take(got, 200);
	fdc_state(&f, &s);
	EXPECT(!s.bad);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	fdc_state(&f, &s);
	EXPECT(!s.bad && s.pos == s.size);
	take(got + 200, 312);
	EXPECT(!memcmp(got, fake_data + 2 * 512, 512));
	result(0x40, 0x80, 1, 0, 1);
	/* A position that can't be. */
	send((u8 []){ 0x45, 0x00, 0, 0, 3, 2, 3, 0x1b, 0xff }, 9);
	bring(got, 10);
	f.pio_pos = 600;
	s = (struct state){ .data = kept, .size = sizeof(kept) };
	fdc_state(&f, &s);
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	fdc_state(&f, &s);
	EXPECT(s.bad);
	idle();
}

int main(void)
{
	CASE(basics);
	CASE(seeks);
	CASE(reads);
	CASE(read_track);
	CASE(verify);
	CASE(writes);
	CASE(refuses);
	CASE(reset_while_busy);
	CASE(changes);
	CASE(no_step);
	CASE(rates);
	CASE(gone_midway);
	CASE(saved);
	CASE(pio_reads);
	CASE(pio_tracks);
	CASE(pio_writes);
	CASE(pio_threshold);
	CASE(pio_overrun);
	CASE(pio_scan);
	CASE(pio_saved);
	CASE(implied);
	CASE(scans);
	return check_failed != 0;
}
