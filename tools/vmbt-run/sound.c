// SPDX-License-Identifier: GPL-2.0
/*
 * The sound card: how chip, machine and the host's end are wired.
 *
 * The card's ports are its own 16, those of an AdLib card and a MIDI port's two, which
 * a SCSI adapter's ISA-compatible ports can't take away. A timer moves the samples that
 * are due.
 */
#include "sound.h"

#include "machine.h"
#include "util.h"

#define ADLIB		0x388
#define ADLIB_PORTS	4
#define MPU		0x330

static void set_irq(void *arg, unsigned int irq, bool level)
{
	struct sound *s = arg;

	irq_set(s->machine, irq, level);
}

static u32 move(void *arg, unsigned int channel, u8 *buf, u32 len, bool to_memory)
{
	struct sound *s = arg;
	bool tc;

	return dma_run(&s->machine->pc.dma, channel, buf, len, to_memory, &tc);
}

static void play(void *arg, const s16 *frames, u32 count, u32 rate)
{
	struct sound *s = arg;

	audio_play(&s->audio, frames, count, rate);
}

static void fm_check(struct sound *s, u64 now)
{
	u64 next = fm_next(&s->fm, now);

	loop_set_timer(&s->machine->loop, &s->fm_timer, next == FM_OFF ? TIMER_OFF : next);
}

static void fm_due(void *arg, u64 now)
{
	struct sound *s = arg;

	fm_run(&s->fm, now);
	fm_check(s, now);
}

static void fm_written(void *arg, u16 reg, u8 val, u64 now)
{
	struct sound *s = arg;
	bool off = s->fm.since == FM_OFF;

	fm_write(&s->fm, reg, val, now);
	if (off)
		fm_check(s, now);
}

static void check(struct sound *s)
{
	u64 next = sb16_next(&s->chip);

	loop_set_timer(&s->machine->loop, &s->timer, next == SB_NEVER ? TIMER_OFF : next);
}

static void due(void *arg, u64 now)
{
	struct sound *s = arg;

	sb16_run(&s->chip, now);
	check(s);
}

static u32 port_read(void *arg, u16 port, unsigned int size)
{
	struct sound *s = arg;
	u32 val;

	(void)size;
	val = sb16_read(&s->chip, port - s->machine->o->sb16.io, now_ns());
	check(s);
	return val;
}

static void port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct sound *s = arg;

	(void)size;
	sb16_write(&s->chip, port - s->machine->o->sb16.io, val, now_ns());
	check(s);
}

static u32 adlib_read(void *arg, u16 port, unsigned int size)
{
	struct sound *s = arg;

	(void)size;
	return opl3_read(&s->chip.opl, port - ADLIB, now_ns());
}

static void adlib_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct sound *s = arg;

	(void)size;
	opl3_write(&s->chip.opl, port - ADLIB, val, now_ns());
}

static u32 mpu_read(void *arg, u16 port, unsigned int size)
{
	struct sound *s = arg;

	(void)size;
	return sb16_mpu_read(&s->chip, port - MPU);
}

static void mpu_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct sound *s = arg;

	(void)size;
	sb16_mpu_write(&s->chip, port - MPU, val);
}

/**
 * sound_power_on() - what a reset resets
 * @m: the machine
 */
void sound_power_on(struct machine *m)
{
	struct sound *s = &m->pc.sound;

	if (!s->on)
		return;
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = "sb16", .read = port_read, .write = port_write, .arg = s }),
		m->o->sb16.io, SB_PORTS);
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = "adlib", .read = adlib_read, .write = adlib_write, .arg = s }),
		ADLIB, ADLIB_PORTS);
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = "mpu401", .read = mpu_read, .write = mpu_write, .arg = s }),
		MPU, SB_MPU_PORTS);
	s->chip.irq = m->o->sb16.irq;
	s->chip.dma8 = m->o->sb16.dma;
	s->chip.dma16 = m->o->sb16.dma16;
	s->chip.set_irq = set_irq;
	s->chip.dma = move;
	s->chip.play = play;
	s->chip.arg = s;
	s->chip.opl.written = fm_written;
	s->chip.opl.arg = s;
	fm_reset(&s->fm);
	sb16_reset(&s->chip);
	loop_set_timer(&m->loop, &s->timer, TIMER_OFF);
	loop_set_timer(&m->loop, &s->fm_timer, TIMER_OFF);
}

/**
 * sound_init() - what lives as long as the program
 * @m: the machine
 */
void sound_init(struct machine *m)
{
	struct sound *s = &m->pc.sound;

	s->on = m->o->sb16.on;
	if (!s->on)
		return;
	s->machine = m;
	audio_open(&s->audio, m->o->sb16.audiodev);
	loop_add_timer(&m->loop, &s->timer, due, s);
	fm_open(&s->fm, &s->chip, &s->audio);
	loop_add_timer(&m->loop, &s->fm_timer, fm_due, s);
}

/**
 * sound_fini() - give back what sound_init() took
 * @s: the card; the machine is off
 */
void sound_fini(struct sound *s)
{
	if (s->on)
		audio_close(&s->audio);
}
