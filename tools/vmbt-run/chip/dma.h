/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two 8237A DMA controllers of a PC, with their page registers.
 */
#ifndef VMBT_RUN_DMA_H
#define VMBT_RUN_DMA_H

#include "state.h"
#include "types.h"

#define DMA_CHANNELS	8
#define DMA_LOW		0x00	/* ports 00h to 0Fh: channels 0 to 3 */
#define DMA_HIGH	0xc0	/* C0h to DFh, every other one: channels 4 to 7 */
#define DMA_PAGE	0x81	/* 81h to 8Fh: page registers */

/**
 * struct dma_channel - a channel
 * @base_addr: address that was written
 * @base_count: count that was written
 * @addr: current address, in units of the channel
 * @count: current count, one less than what is left
 * @page: address bits above
 * @mode: mode register
 * @masked: its requests are not served
 * @tc: terminal count was reached
 */
struct dma_channel {
	u16 base_addr;
	u16 base_count;
	u16 addr;
	u16 count;
	u8 page;
	u8 mode;
	bool masked;
	bool tc;
};

/**
 * struct dma - the controllers
 * @ch: their channels
 * @command: command registers
 * @flip: byte pointers: the high byte is next
 * @temp: page registers that belong to no channel
 * @memory: reads or writes guest memory; false if it is not RAM
 * @arg: its first argument
 */
struct dma {
	struct dma_channel ch[DMA_CHANNELS];
	u8 command[2];
	bool flip[2];
	u8 temp[16];
	bool (*memory)(void *arg, u64 gpa, void *buf, u32 len, bool write);
	void *arg;
};

void dma_reset(struct dma *d);
u8 dma_read(struct dma *d, u16 port);
void dma_write(struct dma *d, u16 port, u8 val);
u32 dma_run(struct dma *d, unsigned int n, u8 *buf, u32 len, bool to_memory, bool *tc);
void dma_state(struct dma *d, struct state *s);

#endif
