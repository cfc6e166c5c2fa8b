// SPDX-License-Identifier: GPL-2.0
/*
 * Creative's Sound Blaster 16: its DSP, version 4.05, and a MIDI port.
 *
 * From Creative's "Sound Blaster Series Hardware Programming Guide" (1996). Samples
 * are moved by DMA at the rate that was set: sb16_run() moves those that are due
 * and interrupts at the end of a block, sb16_next() says when to call it. Transfers
 * of 8- and of 16-bit samples go on independently. Bytes written to the converter
 * directly are played as they come; compressed ones are sbadpcm.c's. What is recorded
 * is silence; the MIDI port swallows what it is sent. There is no ASP chip.
 */
#include "sb16.h"

#define REG_MIXER_INDEX	0x4
#define REG_MIXER	0x5
#define REG_RESET	0x6
#define REG_READ	0xa
#define REG_WRITE	0xc
#define REG_STATUS	0xe
#define REG_ACK16	0xf

#define STATUS_8	0x01
#define STATUS_16	0x02

#define MIX_INTERRUPT	0x80
#define MIX_DMA		0x81

#define MODE_SIGNED	0x10
#define MODE_STEREO	0x20
#define CMD_AUTO	0x04
#define CMD_IN		0x08

#define MPU_ACK		0xfe
#define MPU_RESET	0xff
#define MPU_UART	0x3f
#define MPU_NO_DATA	0x80

#define NS		1000000000ULL
#define STEP_NS		10000000ULL	/* not more at once */
#define LATE_NS		250000000ULL	/* what is due after a pause of the host's */
#define CHUNK		1024		/* samples */
#define DIRECT_RATE	22050

static void update(struct sb16 *s)
{
	u8 line = s->status ? sb16_line(s) : 16;

	if (line == s->line)
		return;
	if (s->line < 16)
		s->set_irq(s->arg, s->line, false);
	s->line = line;
	if (line < 16)
		s->set_irq(s->arg, line, true);
}

static void give(struct sb16 *s, u8 byte)
{
	if (s->data_count < SB_DATA)
		s->data[(s->data_at + s->data_count++) % SB_DATA] = byte;
}

static s16 sample(const struct sb_dma *d, bool wide, const u8 *p)
{
	u16 raw = wide ? p[0] | p[1] << 8 : p[0] << 8;

	return d->is_signed ? raw : raw ^ 0x8000;
}

/* Play samples: frames are complete when the right one is there. */
static void play(struct sb16 *s, struct sb_dma *d, bool wide, const u8 *p, u32 count)
{
	s16 frames[2 * CHUNK], val;
	u32 i, n = 0;

	for (i = 0; i < count; i++) {
		val = sample(d, wide, p + (i << wide));
		if (d->stereo && !d->half) {
			d->first = val;
			d->half = true;
			continue;
		}
		frames[2 * n] = d->stereo ? d->first : val;
		frames[2 * n++ + 1] = val;
		d->half = false;
	}
	sb16_volume(s, SB_VOICE, frames, n);
	if (n)
		s->play(s->arg, frames, n, d->rate);
}

/* Compressed samples: what a byte has takes as long as so many. */
static void play_adpcm(struct sb16 *s, struct sb_dma *d, const u8 *p, u32 count)
{
	unsigned int per = adpcm_samples(d->adpcm), k;
	s16 frames[2 * CHUNK];
	u8 samples[ADPCM_MOST];
	u32 n = 0;

	for (; count; count--, p++) {
		if (d->reference) {
			adpcm_reference(&s->adpcm, *p);
			memset(samples, *p, sizeof(samples));
			d->reference = false;
		} else {
			adpcm_decode(&s->adpcm, d->adpcm, *p, samples);
		}
		for (k = 0; k < per; k++, n++) {
			frames[2 * n] = (samples[k] << 8) ^ 0x8000;
			frames[2 * n + 1] = frames[2 * n];
		}
		if (count > 1 && n + per <= CHUNK)
			continue;
		sb16_volume(s, SB_VOICE, frames, n);
		s->play(s->arg, frames, n, d->rate);
		n = 0;
	}
}

static void block_end(struct sb16 *s, struct sb_dma *d, bool wide)
{
	d->left = d->block;
	d->active = d->again;
	s->status |= wide ? STATUS_16 : STATUS_8;
	update(s);
}

/* Move some samples; how many, 0 if the DMA controller does not want to. */
static u32 transfer(struct sb16 *s, struct sb_dma *d, bool wide, u32 want)
{
	u32 n = want < CHUNK ? want : CHUNK;
	unsigned int channel = sb16_channel(s, wide);
	u8 buf[2 * CHUNK];

	if (d->silence)
		return n;
	if (channel > 7)
		return 0;
	if (d->in) {
		memset(buf, d->is_signed ? 0 : 0x80, sizeof(buf));
		if (wide && !d->is_signed)
			for (u32 i = 0; i < n; i++)
				buf[2 * i] = 0;
	}
	n = s->dma(s->arg, channel, buf, n << wide, d->in) >> wide;
	if (d->adpcm)
		play_adpcm(s, d, buf, n);
	else if (!d->in)
		play(s, d, wide, buf, n);
	return n;
}

static void run(struct sb16 *s, bool wide, u64 now)
{
	struct sb_dma *d = &s->ch[wide];
	u64 frames;
	u32 due, n, per = d->adpcm ? adpcm_samples(d->adpcm) : 1;

	if (!d->active || d->paused || now <= d->since)
		return;
	if (now - d->since > LATE_NS)
		d->since = now - LATE_NS;
	frames = (now - d->since) * d->rate / NS / per;
	d->since += frames * per * NS / d->rate;
	for (due = frames << d->stereo; due && d->active; due -= n) {
		n = transfer(s, d, wide, due < d->left ? due : d->left);
		if (!n)
			break;
		d->left -= n;
		if (!d->left)
			block_end(s, d, wide);
	}
}

/* The answer to E2h is written to memory: as soon as the DMA controller is ready to. */
static void answer_id(struct sb16 *s, u64 now)
{
	unsigned int channel = sb16_channel(s, false);
	u8 byte = s->id[0];

	s->id_tried = now;
	s->id_waits = channel > 7 || !s->dma(s->arg, channel, &byte, 1, true);
}

/**
 * sb16_run() - move the samples that are due
 * @s: the card
 * @now: time in nanoseconds
 */
void sb16_run(struct sb16 *s, u64 now)
{
	if (s->id_waits)
		answer_id(s, now);
	run(s, false, now);
	run(s, true, now);
}

/**
 * sb16_next() - when samples are due
 * @s: the card
 *
 * Return: when to call sb16_run(), or SB_NEVER.
 */
u64 sb16_next(const struct sb16 *s)
{
	const struct sb_dma *d;
	u64 next = s->id_waits ? s->id_tried + STEP_NS : SB_NEVER, wait, count;

	for (d = s->ch; d < s->ch + 2; d++) {
		if (!d->active || d->paused)
			continue;
		count = ((u64)d->left + d->stereo) >> d->stereo;
		if (d->adpcm)
			count *= adpcm_samples(d->adpcm);
		wait = count * NS / d->rate + 1;
		if (wait > STEP_NS)
			wait = STEP_NS;
		if (d->since + wait < next)
			next = d->since + wait;
	}
	return next;
}

static u32 bound_rate(u32 rate)
{
	return rate < SB_RATE_MIN ? SB_RATE_MIN : rate > SB_RATE_MAX ? SB_RATE_MAX : rate;
}

static void start(struct sb16 *s, bool wide, struct sb_dma how, u64 now)
{
	how.active = true;
	how.left = how.block;
	how.since = now;
	s->ch[wide] = how;
}

/* B0h to CFh: everything is said by the command and its parameters. */
static void start_general(struct sb16 *s, u64 now)
{
	bool in = s->command & CMD_IN;

	start(s, s->command < 0xc0, (struct sb_dma){
		.in = in, .again = s->command & CMD_AUTO,
		.is_signed = s->params[0] & MODE_SIGNED,
		.stereo = s->params[0] & MODE_STEREO,
		.block = (s->params[1] | s->params[2] << 8) + 1U,
		.rate = in ? s->rate_in : s->rate_out }, now);
}

/* Older commands: 8-bit mono at the rate of the time constant. */
static void start_old(struct sb16 *s, bool in, bool again, u32 block, u64 now)
{
	struct sb_dma how = { .in = in, .again = again, .block = block, .rate = s->rate };

	start(s, false, how, now);
}

/* Bit 1 of 74h to 7Fh says which format, bit 0 that it begins with a reference. */
static void start_adpcm(struct sb16 *s, bool again, u32 block, u64 now)
{
	u8 kind = s->command < 0x70 ? ADPCM_2 : s->command & 2 ? ADPCM_26 : ADPCM_4;

	start_old(s, false, again, block, now);
	s->ch[0].adpcm = kind;
	s->ch[0].reference = s->command & 1;
}

/* DMA identification: what comes back tells whether a DSP or a clone's has calculated it. */
static void identify(struct sb16 *s, u8 challenge, u64 now)
{
	s->id[0] += s->id[1] ^ challenge;
	s->id[1] = s->id[1] >> 2 | s->id[1] << 6;
	answer_id(s, now);
}

static void resume(struct sb_dma *d, u64 now)
{
	if (d->paused)
		d->since = now;
	d->paused = false;
}

/* The converter is written without DMA; the time between the writes is the rate. */
static void direct(struct sb16 *s, u8 val, u64 now)
{
	u64 frames = (now - s->level_since) * DIRECT_RATE / NS;
	s16 out[2 * CHUNK];
	u32 i;

	if (now < s->level_since || frames > CHUNK)
		frames = 0;
	for (i = 0; i < 2 * frames; i++)
		out[i] = s->level;
	sb16_volume(s, SB_VOICE, out, frames);
	if (frames)
		s->play(s->arg, out, frames, DIRECT_RATE);
	s->level = (val << 8) ^ 0x8000;
	s->level_since = frames ? s->level_since + frames * NS / DIRECT_RATE : now;
}

/* How many parameters a command has. */
static u8 parameters(u8 command)
{
	switch (command) {
	case 0x04: case 0x0f: case 0x10: case 0x38: case 0x40: case 0xe0: case 0xe2: case 0xe4:
		return 1;
	case 0x05: case 0x0e: case 0x14: case 0x16: case 0x17: case 0x24: case 0x41: case 0x42:
	case 0x48: case 0x74: case 0x75: case 0x76: case 0x77: case 0x80:
		return 2;
	default:
		return command >= 0xb0 && command < 0xd0 ? 3 : 0;
	}
}

static void copyright(struct sb16 *s)
{
	static const char text[] = "COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.";
	unsigned int i;

	for (i = 0; i < sizeof(text); i++)
		give(s, text[i]);
}

static void execute(struct sb16 *s, u64 now)
{
	u32 two = s->params[0] | s->params[1] << 8;

	switch (s->command) {
	case 0x10:
		direct(s, s->params[0], now);
		break;
	case 0x14: case 0x91:
		start_old(s, false, false, s->command == 0x14 ? two + 1 : s->block, now);
		break;
	case 0x16: case 0x17: case 0x74: case 0x75: case 0x76: case 0x77:
		start_adpcm(s, false, two + 1, now);
		break;
	case 0x1f: case 0x7d: case 0x7f:
		start_adpcm(s, true, s->block, now);
		break;
	case 0x1c: case 0x90:
		start_old(s, false, true, s->block, now);
		break;
	case 0x20:
		give(s, 0x80);
		break;
	case 0x24: case 0x99:
		start_old(s, true, false, s->command == 0x24 ? two + 1 : s->block, now);
		break;
	case 0x2c: case 0x98:
		start_old(s, true, true, s->block, now);
		break;
	case 0x40:		/* time constant: the rate is 1000000 / (256 - it) */
		s->rate = bound_rate(1000000 / (256 - s->params[0]));
		s->rate_out = s->rate;
		s->rate_in = s->rate;
		break;
	case 0x41: case 0x42:	/* high byte first */
		*(s->command == 0x41 ? &s->rate_out : &s->rate_in) =
			bound_rate(s->params[0] << 8 | s->params[1]);
		s->rate = s->rate_out;
		break;
	case 0x45:
		s->ch[0].again = true;
		resume(&s->ch[0], now);
		break;
	case 0x47:
		s->ch[1].again = true;
		resume(&s->ch[1], now);
		break;
	case 0x48:
		s->block = two + 1;
		break;
	case 0x80:
		start_old(s, false, false, two + 1, now);
		s->ch[0].silence = true;
		break;
	case 0xd0:
		s->ch[0].paused = true;
		break;
	case 0xd1: case 0xd3:
		s->speaker = s->command == 0xd1;
		break;
	case 0xd4:
		resume(&s->ch[0], now);
		break;
	case 0xd5:
		s->ch[1].paused = true;
		break;
	case 0xd6:
		resume(&s->ch[1], now);
		break;
	case 0xd8:
		give(s, s->speaker ? 0xff : 0x00);
		break;
	case 0xd9:
		s->ch[1].again = false;
		break;
	case 0xda:
		s->ch[0].again = false;
		break;
	case 0xe0:
		give(s, ~s->params[0]);
		break;
	case 0xe1:
		give(s, 4);
		give(s, 5);
		break;
	case 0xe2:
		identify(s, s->params[0], now);
		break;
	case 0xe3:
		copyright(s);
		break;
	case 0xe4:
		s->test = s->params[0];
		break;
	case 0xe8:
		give(s, s->test);
		break;
	case 0xf2: case 0xf3:
		s->status |= s->command == 0xf2 ? STATUS_8 : STATUS_16;
		update(s);
		break;
	default:
		if (s->command >= 0xb0 && s->command < 0xd0)
			start_general(s, now);
		break;
	}
}

static void write_dsp(struct sb16 *s, u8 val, u64 now)
{
	if (s->reset)
		return;
	if (s->want) {
		s->params[s->nparams++] = val;
		s->want--;
	} else {
		s->command = val;
		s->nparams = 0;
		memset(s->params, 0, sizeof(s->params));
		s->want = parameters(val);
	}
	if (!s->want)
		execute(s, now);
}

static void reset_dsp(struct sb16 *s)
{
	s->want = 0;
	s->nparams = 0;
	s->data_at = 0;
	s->data_count = 0;
	s->speaker = false;
	s->rate = 22050;
	s->rate_out = 22050;
	s->rate_in = 22050;
	s->block = 2048;
	memset(s->ch, 0, sizeof(s->ch));
	s->ch[0].rate = s->rate;
	s->ch[1].rate = s->rate;
	adpcm_reset(&s->adpcm);
	s->id[0] = 0xaa;
	s->id[1] = 0x96;
	s->id_waits = false;
	s->status = 0;
	update(s);
}

static u8 read_data(struct sb16 *s)
{
	if (s->data_count) {
		s->last = s->data[s->data_at];
		s->data_at = (s->data_at + 1) % SB_DATA;
		s->data_count--;
	}
	return s->last;
}

/**
 * sb16_reset() - power-on state
 * @s: the card, with its functions and its lines filled in
 */
void sb16_reset(struct sb16 *s)
{
	static const u8 lines[] = { 9, 5, 7, 10 };
	unsigned int i;

	s->line = 16;
	opl3_reset(&s->opl);
	memset(s->mixer, 0, sizeof(s->mixer));
	sb16_mixer_reset(s);
	s->index = 0;
	s->mixer[MIX_INTERRUPT] = 0xf0;
	for (i = 0; i < sizeof(lines); i++)
		if (lines[i] == s->irq)
			s->mixer[MIX_INTERRUPT] |= BIT(i);
	s->mixer[MIX_DMA] = BIT(s->dma8) | BIT(s->dma16);
	s->reset = false;
	s->command = 0;
	s->last = 0xff;
	s->test = 0;
	s->level = 0;
	s->level_since = 0;
	s->mpu_uart = false;
	s->mpu_data = 0;
	reset_dsp(s);
}

/**
 * sb16_read() - the guest reads a port of the card
 * @s: the card
 * @reg: its offset, below SB_PORTS
 * @now: time in nanoseconds
 *
 * Return: the byte.
 */
u8 sb16_read(struct sb16 *s, unsigned int reg, u64 now)
{
	sb16_run(s, now);
	switch (reg) {
	case 0 ... 3:
		return opl3_read(&s->opl, reg, now);
	case 8: case 9:
		return opl3_read(&s->opl, reg & 1, now);
	case REG_MIXER_INDEX:
		return s->index;
	case REG_MIXER:
		return sb16_mixer_read(s);
	case REG_READ:
		return read_data(s);
	case REG_WRITE:
		return s->reset ? 0xff : 0x7f;	/* not busy */
	case REG_STATUS:
		s->status &= ~STATUS_8;
		update(s);
		return s->data_count ? 0xff : 0x7f;
	case REG_ACK16:
		s->status &= ~STATUS_16;
		update(s);
		return 0xff;
	default:
		return 0xff;
	}
}

/**
 * sb16_write() - the guest writes a port of the card
 * @s: the card
 * @reg: its offset, below SB_PORTS
 * @val: the byte
 * @now: time in nanoseconds
 */
void sb16_write(struct sb16 *s, unsigned int reg, u8 val, u64 now)
{
	sb16_run(s, now);
	switch (reg) {
	case 0 ... 3:
		opl3_write(&s->opl, reg, val, now);
		break;
	case 8: case 9:
		opl3_write(&s->opl, reg & 1, val, now);
		break;
	case REG_MIXER_INDEX:
		s->index = val;
		break;
	case REG_MIXER:
		sb16_mixer_write(s, val);
		update(s);
		break;
	case REG_RESET:
		if (s->reset && !(val & 1)) {
			reset_dsp(s);
			give(s, 0xaa);
		}
		s->reset = val & 1;
		break;
	case REG_WRITE:
		write_dsp(s, val, now);
		break;
	}
}

/**
 * sb16_mpu_read() - the guest reads a port of the MIDI interface
 * @s: the card
 * @reg: 0 data, 1 status
 *
 * Return: the byte.
 */
u8 sb16_mpu_read(struct sb16 *s, unsigned int reg)
{
	if (reg)
		return (s->mpu_data ? 0 : MPU_NO_DATA) | 0x3f;
	if (s->mpu_data)
		s->mpu_data--;
	return MPU_ACK;
}

/**
 * sb16_mpu_write() - the guest writes a port of the MIDI interface
 * @s: the card
 * @reg: 0 data, 1 command
 * @val: the byte
 */
void sb16_mpu_write(struct sb16 *s, unsigned int reg, u8 val)
{
	if (!reg)
		return;
	if (val == MPU_RESET || val == MPU_UART) {
		s->mpu_uart = val == MPU_UART;
		s->mpu_data = 1;
	} else if (!s->mpu_uart) {
		s->mpu_data = 1;
	}
}

static void dma_state(struct sb_dma *d, struct state *st, u64 now)
{
	u64 ago = now - d->since;

	state_bool(st, &d->active);
	state_bool(st, &d->paused);
	state_bool(st, &d->in);
	state_bool(st, &d->stereo);
	state_bool(st, &d->is_signed);
	state_bool(st, &d->again);
	state_bool(st, &d->silence);
	STATE(st, d->adpcm);
	state_bool(st, &d->reference);
	state_bool(st, &d->half);
	STATE(st, d->first);
	STATE(st, d->block);
	STATE(st, d->left);
	STATE(st, d->rate);
	STATE(st, ago);
	state_sane(st, d->adpcm < ADPCM_KINDS && (!d->adpcm || (!d->stereo && !d->in)));
	state_sane(st, d->rate >= SB_RATE_MIN && d->rate <= SB_RATE_MAX && d->block <= 0x10000 &&
		   d->left <= d->block && (!d->active || d->left));
	if (st->load)
		d->since = now - ago % (STEP_NS + 1);
}

/**
 * sb16_state() - save or restore
 * @s: the card
 * @st: where to
 * @now: time in nanoseconds
 */
void sb16_state(struct sb16 *s, struct state *st, u64 now)
{
	sb16_run(s, now);
	state_bool(st, &s->reset);
	STATE(st, s->command);
	STATE(st, s->want);
	STATE(st, s->nparams);
	STATE(st, s->params);
	STATE(st, s->data);
	STATE(st, s->data_at);
	STATE(st, s->data_count);
	STATE(st, s->last);
	STATE(st, s->test);
	state_bool(st, &s->speaker);
	STATE(st, s->rate);
	STATE(st, s->rate_out);
	STATE(st, s->rate_in);
	STATE(st, s->block);
	dma_state(&s->ch[0], st, now);
	dma_state(&s->ch[1], st, now);
	STATE(st, s->adpcm.level);
	STATE(st, s->adpcm.scale);
	STATE(st, s->id);
	state_bool(st, &s->id_waits);
	state_sane(st, s->adpcm.scale && s->adpcm.scale <= 32);
	STATE(st, s->status);
	STATE(st, s->index);
	STATE(st, s->mixer);
	STATE(st, s->level);
	state_bool(st, &s->mpu_uart);
	STATE(st, s->mpu_data);
	opl3_state(&s->opl, st, now);
	state_sane(st, s->want + s->nparams <= 4 && s->data_at < SB_DATA &&
		   s->data_count <= SB_DATA && s->rate == bound_rate(s->rate) &&
		   s->rate_out == bound_rate(s->rate_out) &&
		   s->rate_in == bound_rate(s->rate_in) && s->block && s->block <= 0x10000);
	if (!st->load)
		return;
	s->level_since = now;
	s->id_tried = now;
	if (st->bad)
		reset_dsp(s);
	s->line = 16;
	update(s);
}
