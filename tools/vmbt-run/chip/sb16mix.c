// SPDX-License-Identifier: GPL-2.0
/*
 * The mixer of the Sound Blaster 16, a CT1745.
 *
 * From Creative's "Sound Blaster Series Hardware Programming Guide" (1996), chapter 4.
 * Its volumes of voice and master, both in steps of 2 dB down to silence, are applied to
 * what the DSP plays. Registers of older cards show the high bits of the same volumes. Interrupt
 * line and DMA channels are chosen here, too.
 */
#include "sb16.h"

#define MIX_RESET	0x00
#define MIX_MASTER	0x30
#define MIX_VOICE	0x32
#define MIX_MIDI	0x34
#define MIX_INTERRUPT	0x80
#define MIX_DMA		0x81
#define MIX_STATUS	0x82

/* Where an older register's volumes are: left here, right behind it. */
static u8 twin(u8 index)
{
	switch (index) {
	case 0x04:
		return MIX_VOICE;
	case 0x22:
		return MIX_MASTER;
	case 0x26:
		return 0x34;
	case 0x28:
		return 0x36;
	case 0x2e:
		return 0x38;
	default:
		return 0;
	}
}

/**
 * sb16_mixer_reset() - the volumes that a write to register 0 sets
 * @s: the card
 */
void sb16_mixer_reset(struct sb16 *s)
{
	unsigned int i;

	for (i = 0; i < MIX_INTERRUPT; i++)
		s->mixer[i] = 0;
	for (i = MIX_MASTER; i <= 0x35; i++)
		s->mixer[i] = 0xc0;
	s->mixer[0x3c] = 0x1f;
	s->mixer[0x3d] = 0x15;
	s->mixer[0x3e] = 0x0b;
	for (i = 0x44; i <= 0x47; i++)
		s->mixer[i] = 0x80;
}

/**
 * sb16_mixer_write() - the guest writes the mixer's selected register
 * @s: the card
 * @val: the byte
 */
void sb16_mixer_write(struct sb16 *s, u8 val)
{
	u8 to = twin(s->index);

	if (s->index == MIX_RESET) {
		sb16_mixer_reset(s);
	} else if (to) {
		s->mixer[to] = (val & 0xf0) | 0x08;
		s->mixer[to + 1] = val << 4 | 0x08;
	} else if (s->index == 0x0a) {
		s->mixer[0x3a] = val << 5 | 0x18;
	} else if (s->index == MIX_INTERRUPT) {
		s->mixer[MIX_INTERRUPT] = (val & 0x0f) | 0xf0;
	} else if (s->index == MIX_DMA) {
		s->mixer[MIX_DMA] = val & 0xeb;
	} else if (s->index != MIX_STATUS) {
		s->mixer[s->index] = val;
	}
}

/**
 * sb16_mixer_read() - the guest reads the mixer's selected register
 * @s: the card
 *
 * Return: the byte.
 */
u8 sb16_mixer_read(const struct sb16 *s)
{
	u8 from = twin(s->index);

	if (from)
		return (s->mixer[from] & 0xf0) | s->mixer[from + 1] >> 4;
	if (s->index == 0x0a)
		return s->mixer[0x3a] >> 5;
	if (s->index == MIX_STATUS)
		return s->status;
	return s->mixer[s->index];
}

/**
 * sb16_line() - the interrupt line
 * @s: the card
 *
 * Return: its number; 16 if none is chosen.
 */
unsigned int sb16_line(const struct sb16 *s)
{
	static const u8 line[] = { 9, 5, 7, 10 };
	unsigned int i;

	for (i = 0; i < sizeof(line); i++)
		if (s->mixer[MIX_INTERRUPT] & BIT(i))
			return line[i];
	return 16;
}

/**
 * sb16_channel() - the DMA channel
 * @s: the card
 * @wide: for 16-bit samples; without one of their own they use the other
 *
 * Return: its number; 8 if none is chosen.
 */
unsigned int sb16_channel(const struct sb16 *s, bool wide)
{
	unsigned int i;

	for (i = 5; wide && i < 8; i++)
		if (s->mixer[MIX_DMA] & BIT(i))
			return i;
	for (i = 0; i < 4; i++)
		if (s->mixer[MIX_DMA] & BIT(i))
			return i;
	return 8;
}

/* A volume's factor, 65536 * 10^(-n/10) n steps of 2 dB below the top. */
static u32 factor(u8 volume)
{
	static const u32 table[32] = {
		65536, 52057, 41350, 32846, 26090, 20724, 16462, 13076,
		10387, 8250, 6554, 5206, 4135, 3285, 2609, 2072,
		1646, 1308, 1039, 825, 655, 521, 414, 328,
		261, 207, 165, 131, 104, 83, 66, 0,
	};

	return table[31 - (volume >> 3)];
}

/**
 * sb16_volume() - apply the volumes to what is played
 * @s: the card
 * @source: what it is
 * @frames: changed
 * @count: how many
 */
void sb16_volume(const struct sb16 *s, enum sb_source source, s16 *frames, u32 count)
{
	u8 mix = source == SB_MIDI ? MIX_MIDI : MIX_VOICE;
	u32 f[2], i;

	for (i = 0; i < 2; i++)
		f[i] = (u64)factor(s->mixer[MIX_MASTER + i]) * factor(s->mixer[mix + i]) >>
		       16;
	for (i = 0; i < 2 * count; i++)
		frames[i] = (s64)frames[i] * f[i & 1] >> 16;
}
