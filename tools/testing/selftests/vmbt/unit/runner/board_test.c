// SPDX-License-Identifier: GPL-2.0
/*
 * PCI configuration mechanism 1, the reset register and port 92h, against the
 * PCI specification 2.1 and the data sheets of the 82441FX and 82371AB.
 */
#include "board.h"
#include "check.h"

static struct board b;
static unsigned int resets;

static void on_reset(void *arg)
{
	(void)arg;
	resets++;
}

static void start(void)
{
	b = (struct board){ .reset = on_reset };
	resets = 0;
	board_reset(&b);
}

static u32 config(u32 address)
{
	board_write(&b, 0xcf8, address, 4);
	return board_read(&b, 0xcfc, 4);
}

static void address_register(void)
{
	start();
	board_write(&b, 0xcf8, 0xffffffff, 4);
	EXPECT_EQ(board_read(&b, 0xcf8, 4), 0x80fffffc);
	/* bytes and words there are not the register's */
	board_write(&b, 0xcf8, 0x12, 1);
	board_write(&b, 0xcf8, 0x1234, 2);
	EXPECT_EQ(board_read(&b, 0xcf8, 4), 0x80fffffc);
	/* Linux's test for the mechanism */
	board_write(&b, 0xcfb, 0x01, 1);
	board_write(&b, 0xcf8, 0x80000000, 4);
	EXPECT_EQ(board_read(&b, 0xcf8, 4), 0x80000000);
}

static void host_bridge(void)
{
	start();
	EXPECT_EQ(config(0x80000000), 0x12378086);
	EXPECT_EQ(config(0x80000008) >> 8, 0x060000);
	EXPECT_EQ(config(0x8000000c), 0);	/* one function, header type 0 */
	board_write(&b, 0xcf8, 0x80000000, 4);
	EXPECT_EQ(board_read(&b, 0xcfc, 2), 0x8086);
	EXPECT_EQ(board_read(&b, 0xcfe, 2), 0x1237);
	EXPECT_EQ(board_read(&b, 0xcff, 1), 0x12);
	board_write(&b, 0xcfc, 0, 4);
	EXPECT_EQ(board_read(&b, 0xcfc, 4), 0x12378086);
}

static void empty_bus(void)
{
	u32 dev, fn;

	start();
	for (dev = 0; dev < 32; dev++)
		for (fn = 0; fn < 8; fn++)
			if (dev || fn)
				EXPECT_EQ(config(0x80000000 | dev << 11 | fn << 8), 0xffffffff);
	EXPECT_EQ(config(0x80010000), 0xffffffff);	/* bus 1 */
	EXPECT_EQ(config(0x00000000), 0xffffffff);	/* not enabled */
	EXPECT_EQ(board_read(&b, 0xcfd, 1), 0xff);
}

/* 82371AB, reset control: a rising bit 2 resets. */
static void reset_control(void)
{
	start();
	board_write(&b, 0xcf9, 0x02, 1);
	EXPECT_EQ(resets, 0);
	EXPECT_EQ(board_read(&b, 0xcf9, 1), 0x02);
	board_write(&b, 0xcf9, 0x06, 1);
	EXPECT_EQ(resets, 1);
	board_write(&b, 0xcf8, 0x00000600, 4);	/* an address, not a reset */
	EXPECT_EQ(resets, 1);
	board_write(&b, 0xcf9, 0x00, 1);
	board_write(&b, 0xcf9, 0x06, 2);	/* not a byte */
	board_write(&b, 0xcfa, 0x06, 1);
	EXPECT_EQ(resets, 1);
	EXPECT_EQ(board_read(&b, 0xcfa, 1) & 0xff, 0xff);
	EXPECT_EQ(board_read(&b, 0xcf9, 2) & 0xffff, 0xffff);
	EXPECT_EQ(board_read(&b, 0xcf8, 1) & 0xff, 0xff);
}

static void port92(void)
{
	start();
	EXPECT_EQ(board_read(&b, 0x92, 1), 0x02);	/* A20 open */
	board_write(&b, 0x92, 0x00, 1);
	EXPECT_EQ(board_read(&b, 0x92, 1), 0x00);
	EXPECT_EQ(resets, 0);
	board_write(&b, 0x92, 0x03, 1);
	EXPECT_EQ(resets, 1);
	board_write(&b, 0x92, 0x03, 1);			/* only the rising edge */
	EXPECT_EQ(resets, 1);
}

int main(void)
{
	CASE(address_register);
	CASE(host_bridge);
	CASE(empty_bus);
	CASE(reset_control);
	CASE(port92);
	return check_failed != 0;
}
