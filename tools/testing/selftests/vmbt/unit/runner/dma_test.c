// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA controllers, against the 8237A's data sheet and the PC's page registers.
 */
#include "check.h"
#include "dma.h"

#define RAM	0x40000

static struct dma d;
static u8 ram[RAM];
static unsigned int calls;

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	(void)arg;
	calls++;
	if (gpa >= RAM || len > RAM - gpa)
		return false;
	if (write)
		memcpy(ram + gpa, buf, len);
	else
		memcpy(buf, ram + gpa, len);
	return true;
}

static void start(void)
{
	d = (struct dma){ .memory = memory };
	dma_reset(&d);
	memset(ram, 0, sizeof(ram));
	calls = 0;
}

/* Channel 2 as a floppy driver sets it up: 1,024 bytes at 12340h. */
static void program(u8 mode)
{
	dma_write(&d, 0x0a, 0x06);		/* mask it */
	dma_write(&d, 0x0c, 0x00);
	dma_write(&d, 0x0b, mode | 2);
	dma_write(&d, 0x04, 0x40);
	dma_write(&d, 0x04, 0x23);
	dma_write(&d, 0x81, 0x01);
	dma_write(&d, 0x05, 0xff);
	dma_write(&d, 0x05, 0x03);
	dma_write(&d, 0x0a, 0x02);
}

static void to_memory(void)
{
	u8 buf[2048];
	bool tc;

	memset(buf, 0x5a, sizeof(buf));
	start();
	program(0x44);				/* single, write to memory */
	EXPECT_EQ(dma_run(&d, 2, buf, 512, true, &tc), 512);
	EXPECT(!tc);
	EXPECT_EQ(dma_read(&d, 0x08), 0x00);
	EXPECT_EQ(dma_run(&d, 2, buf, 2048, true, &tc), 512);
	EXPECT(tc);
	EXPECT_EQ(ram[0x1233f], 0);
	EXPECT_EQ(ram[0x12340], 0x5a);
	EXPECT_EQ(ram[0x1273f], 0x5a);
	EXPECT_EQ(ram[0x12740], 0);
	/* terminal count masks the channel; reading the status clears its bit */
	EXPECT_EQ(dma_read(&d, 0x08), 0x04);
	EXPECT_EQ(dma_read(&d, 0x08), 0x00);
	EXPECT_EQ(dma_read(&d, 0x0f) & 0x0f, 0x0f);
	EXPECT_EQ(dma_run(&d, 2, buf, 1, true, &tc), 0);
	/* the count has gone below 0, the address stands behind the last byte */
	dma_write(&d, 0x0c, 0);
	EXPECT_EQ(dma_read(&d, 0x04), 0x40);
	EXPECT_EQ(dma_read(&d, 0x04), 0x27);
	EXPECT_EQ(dma_read(&d, 0x05), 0xff);
	EXPECT_EQ(dma_read(&d, 0x05), 0xff);
}

static void direction(void)
{
	u8 buf[16] = { 0 };
	bool tc;

	start();
	program(0x48);				/* read from memory */
	ram[0x12340] = 0x11;
	EXPECT_EQ(dma_run(&d, 2, buf, 16, true, &tc), 0);
	EXPECT_EQ(dma_run(&d, 2, buf, 16, false, &tc), 16);
	EXPECT_EQ(buf[0], 0x11);
	start();
	program(0x40);				/* verify: moves nothing, counts */
	EXPECT_EQ(dma_run(&d, 2, buf, 16, true, &tc), 16);
	EXPECT_EQ(calls, 0);
	dma_write(&d, 0x08, 0x04);		/* controller disabled */
	EXPECT_EQ(dma_run(&d, 2, buf, 16, true, &tc), 0);
}

static void auto_init(void)
{
	u8 buf[1024];
	bool tc;

	memset(buf, 0x77, sizeof(buf));
	start();
	program(0x54);
	EXPECT_EQ(dma_run(&d, 2, buf, 1024, true, &tc), 1024);
	EXPECT(tc);
	memset(buf, 0x78, sizeof(buf));
	EXPECT_EQ(dma_run(&d, 2, buf, 1024, true, &tc), 1024);
	EXPECT_EQ(ram[0x12340], 0x78);
}

/* The page register does not count: 16 bits of address wrap. */
static void wrap(void)
{
	u8 buf[32];
	bool tc;
	unsigned int i;

	for (i = 0; i < 32; i++)
		buf[i] = i + 1;
	start();
	program(0x44);
	dma_write(&d, 0x0c, 0);
	dma_write(&d, 0x04, 0xf0);
	dma_write(&d, 0x04, 0xff);
	EXPECT_EQ(dma_run(&d, 2, buf, 32, true, &tc), 32);
	EXPECT_EQ(ram[0x1fff0], 1);
	EXPECT_EQ(ram[0x1ffff], 16);
	EXPECT_EQ(ram[0x10000], 17);
	EXPECT_EQ(ram[0x20000], 0);
	/* decrement: byte by byte downwards */
	program(0x64);
	EXPECT_EQ(dma_run(&d, 2, buf, 4, true, &tc), 4);
	EXPECT_EQ(ram[0x12340], 1);
	EXPECT_EQ(ram[0x1233d], 4);
}

/* The second controller moves words: address and count are in words. */
static void words(void)
{
	u8 buf[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	bool tc;

	start();
	dma_write(&d, 0xd6, 0x45);		/* channel 5 */
	dma_write(&d, 0xd8, 0);
	dma_write(&d, 0xc4, 0x00);
	dma_write(&d, 0xc4, 0x10);
	dma_write(&d, 0x8b, 0x03);		/* bit 0 is not used */
	dma_write(&d, 0xc6, 0x03);
	dma_write(&d, 0xc6, 0x00);
	dma_write(&d, 0xd4, 0x01);
	EXPECT_EQ(dma_run(&d, 5, buf, 7, true, &tc), 6);	/* whole words */
	EXPECT_EQ(dma_run(&d, 5, buf + 6, 2, true, &tc), 2);
	EXPECT(tc);
	EXPECT_EQ(ram[0x22000], 1);
	EXPECT_EQ(ram[0x22007], 8);
	EXPECT_EQ(dma_read(&d, 0xd0), 0x02);
	EXPECT_EQ(dma_read(&d, 0x8b), 0x03);
}

/* Where there is no RAM: writes go nowhere, reads find ones. */
static void outside(void)
{
	u8 buf[16] = { 0 };
	bool tc;

	start();
	program(0x48);
	dma_write(&d, 0x81, 0xff);
	EXPECT_EQ(dma_run(&d, 2, buf, 16, false, &tc), 16);
	EXPECT_EQ(buf[15], 0xff);
	program(0x44);
	dma_write(&d, 0x81, 0xff);
	EXPECT_EQ(dma_run(&d, 2, buf, 16, true, &tc), 16);
}

static void saved(void)
{
	static u8 kept[512];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u8 buf[16];
	bool tc;

	memset(buf, 9, sizeof(buf));
	start();
	program(0x44);
	dma_run(&d, 2, buf, 16, true, &tc);
	dma_state(&d, &s);
	EXPECT(!s.bad);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	dma_state(&d, &s);
	EXPECT(!s.bad);
	EXPECT_EQ(dma_run(&d, 2, buf, 16, true, &tc), 16);
	EXPECT_EQ(ram[0x12350], 9);
	EXPECT_EQ(ram[0x12340], 0);
}

int main(void)
{
	CASE(to_memory);
	CASE(direction);
	CASE(auto_init);
	CASE(wrap);
	CASE(words);
	CASE(outside);
	CASE(saved);
	return check_failed != 0;
}
