// SPDX-License-Identifier: GPL-2.0
/*
 * The reset register and port 92h, against the data sheet of the 82371AB.
 */
#include "board.h"
#include "check.h"

static struct board b;
static unsigned int resets, moves;
static bool line;

static void on_reset(void *arg)
{
	(void)arg;
	resets++;
}

static void on_a20(void *arg, bool open)
{
	(void)arg;
	moves++;
	line = open;
}

static void start(void)
{
	b = (struct board){ .reset = on_reset, .a20 = on_a20 };
	resets = 0;
	moves = 0;
	line = true;
	board_reset(&b);
}

/* 82371AB, reset control: a rising bit 2 resets. */
static void reset_control(void)
{
	start();
	board_write(&b, 0xcf9, 0x02);
	EXPECT_EQ(resets, 0);
	EXPECT_EQ(board_read(&b, 0xcf9), 0x02);
	board_write(&b, 0xcf9, 0x06);
	EXPECT_EQ(resets, 1);
	board_write(&b, 0xcf9, 0x06);
	EXPECT_EQ(resets, 1);
	board_write(&b, 0xcf9, 0x00);
	board_write(&b, 0xcf9, 0xff);
	EXPECT_EQ(resets, 2);
	EXPECT_EQ(board_read(&b, 0xcf9), 0x06);
}

static void port92(void)
{
	start();
	EXPECT_EQ(board_read(&b, 0x92), 0x02);	/* A20 open */
	board_write(&b, 0x92, 0x02);
	EXPECT_EQ(moves, 0);
	board_write(&b, 0x92, 0x00);
	EXPECT_EQ(board_read(&b, 0x92), 0x00);
	EXPECT_EQ(moves, 1);
	EXPECT(!line);
	EXPECT_EQ(resets, 0);
	board_write(&b, 0x92, 0x03);
	EXPECT(line);
	EXPECT_EQ(resets, 1);
	board_write(&b, 0x92, 0x03);			/* only the rising edge */
	EXPECT_EQ(resets, 1);
}

static void saved(void)
{
	u8 kept[16];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	board_write(&b, 0x92, 0x00);
	board_write(&b, 0xcf9, 0x02);
	board_state(&b, &s);
	EXPECT(!s.bad);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	board_state(&b, &s);
	EXPECT(!s.bad);
	EXPECT(!line);
	EXPECT_EQ(board_read(&b, 0x92), 0x00);
	EXPECT_EQ(board_read(&b, 0xcf9), 0x02);
	EXPECT_EQ(resets, 0);
}

int main(void)
{
	CASE(reset_control);
	CASE(port92);
	CASE(saved);
	return check_failed != 0;
}
