/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Creative's Sound Blaster 16.
 */
#ifndef VMBT_RUN_SB16_H
#define VMBT_RUN_SB16_H

#include "opl3.h"
#include "sbadpcm.h"
#include "state.h"
#include "types.h"

#define SB_PORTS	16
#define SB_MPU_PORTS	2
#define SB_NEVER	(~0ULL)
#define SB_DATA		64
#define SB_RATE_MIN	4000
#define SB_RATE_MAX	48000

/**
 * struct sb_dma - one of the DSP's two transfers: 8-bit and 16-bit samples
 * @active: it is under way
 * @paused: and the guest halted it
 * @in: from the converter to memory
 * @stereo: two channels
 * @is_signed: samples are
 * @again: it goes on at its end
 * @silence: there are no data, only their time
 * @adpcm: the data are compressed; @block and @left are bytes then
 * @reference: the first byte of them is to come, a sample as it is
 * @block: samples of a block
 * @left: samples to go
 * @rate: frames a second
 * @since: time up to which frames were moved
 * @half: a left sample waits for its right one
 * @first: that sample
 */
struct sb_dma {
	bool active;
	bool paused;
	bool in;
	bool stereo;
	bool is_signed;
	bool again;
	bool silence;
	u8 adpcm;
	bool reference;
	u32 block;
	u32 left;
	u32 rate;
	u64 since;
	bool half;
	s16 first;
};

/**
 * struct sb16 - the card
 * @irq: interrupt line it is jumpered to at power-on
 * @dma8: DMA channel, likewise
 * @dma16: DMA channel for 16-bit samples
 * @opl: FM synthesizer
 * @reset: the DSP's reset is held
 * @command: command whose parameters are written
 * @want: parameters to come
 * @nparams: parameters that came
 * @params: they
 * @data: bytes that can be read
 * @data_at: the first
 * @data_count: how many
 * @last: the last byte that was read
 * @test: test register
 * @speaker: as far as D8h says
 * @rate: frames a second of commands that don't name it
 * @rate_out: of those that do, to be played
 * @rate_in: to be recorded
 * @block: samples of commands that don't name it
 * @ch: transfers of 8- and of 16-bit samples
 * @adpcm: decoder of compressed samples
 * @id: what DMA identification calculates with
 * @id_waits: its answer waits for the DMA controller
 * @id_tried: when that was asked last
 * @status: interrupts that were not acknowledged
 * @line: level of the interrupt line
 * @index: mixer register that is selected
 * @mixer: mixer registers
 * @level: what was written to the converter directly
 * @level_since: since when
 * @mpu_uart: the MIDI port is a UART
 * @mpu_data: bytes that it has for the guest
 * @set_irq: drives the interrupt lines
 * @dma: moves data by DMA; bytes moved
 * @play: takes frames, two samples each
 * @arg: first argument of these
 */
struct sb16 {
	u8 irq;
	u8 dma8;
	u8 dma16;
	struct opl3 opl;
	bool reset;
	u8 command;
	u8 want;
	u8 nparams;
	u8 params[4];
	u8 data[SB_DATA];
	u8 data_at;
	u8 data_count;
	u8 last;
	u8 test;
	bool speaker;
	u32 rate;
	u32 rate_out;
	u32 rate_in;
	u32 block;
	struct sb_dma ch[2];
	struct adpcm adpcm;
	u8 id[2];
	bool id_waits;
	u64 id_tried;
	u8 status;
	u8 line;
	u8 index;
	u8 mixer[256];
	s16 level;
	u64 level_since;
	bool mpu_uart;
	u8 mpu_data;
	void (*set_irq)(void *arg, unsigned int irq, bool level);
	u32 (*dma)(void *arg, unsigned int channel, u8 *buf, u32 len, bool to_memory);
	void (*play)(void *arg, const s16 *frames, u32 count, u32 rate);
	void *arg;
};

void sb16_reset(struct sb16 *s);
u8 sb16_read(struct sb16 *s, unsigned int reg, u64 now);
void sb16_write(struct sb16 *s, unsigned int reg, u8 val, u64 now);
u8 sb16_mpu_read(struct sb16 *s, unsigned int reg);
void sb16_mpu_write(struct sb16 *s, unsigned int reg, u8 val);
void sb16_run(struct sb16 *s, u64 now);
u64 sb16_next(const struct sb16 *s);
void sb16_state(struct sb16 *s, struct state *st, u64 now);

/* The mixer: sb16mix.c. */
void sb16_mixer_reset(struct sb16 *s);
void sb16_mixer_write(struct sb16 *s, u8 val);
u8 sb16_mixer_read(const struct sb16 *s);
unsigned int sb16_channel(const struct sb16 *s, bool wide);
unsigned int sb16_line(const struct sb16 *s);

enum sb_source {
	SB_VOICE,	/* samples by DMA or from the processor */
	SB_MIDI,	/* the FM synthesizer */
};

void sb16_volume(const struct sb16 *s, enum sb_source source, s16 *frames, u32 count);

#endif
