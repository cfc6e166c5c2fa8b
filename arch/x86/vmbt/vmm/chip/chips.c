// SPDX-License-Identifier: GPL-2.0
/*
 * The chips that live in the VMM when user space asks for it.
 *
 * Nearly all port accesses of a booting Linux go to the interrupt controllers
 * and the timer, and to port 80h, whose write is its way to wait a moment. Here
 * they cost a callout instead of a round trip to a program in user space. Port
 * 80h is served here even when the others are not. The
 * other devices stay where they are: they drive the interrupt lines from
 * outside, through two words that the host sets and we take.
 *
 * Time is the host's counter, which runs at one rate. When the timer wants to
 * be looked at again is told to the host, which sees to it that somebody does.
 * Their state is in the shared memory: the host makes it, in the state in which
 * firmware leaves it, and may read and replace it between two runs.
 */
#include "chips.h"
#include "pic.h"
#include "pit.h"
#include "../plat.h"
#include "../vcpu.h"

#define PORT_DELAY	0x80
#define IRQ_CLOCK	0
#define NS_PER_MS	1000000ULL

static u64 to_tsc(const struct vmbt_shared *s, u64 ns)
{
	return ns / NS_PER_MS * s->tsc_khz + ns % NS_PER_MS * s->tsc_khz / NS_PER_MS + 1;
}

static u64 now_ns(const struct vmbt_shared *s)
{
	return vmbt_chips_ns(plat_tsc(), s->tsc_khz);
}

/* Deliver the clock interrupt if it is due, and say when the next one is. */
static void clock_check(struct vmbt_shared *s, u64 now)
{
	struct vmbt_chips *c = &s->chip;
	u64 next;

	if (pit_poll(&c->pit, now, c->pic.chip[0].irr & 1, pic_masked(&c->pic, IRQ_CLOCK))) {
		pic_set_line(&c->pic, IRQ_CLOCK, false);
		pic_set_line(&c->pic, IRQ_CLOCK, true);
	}
	next = pit_next(&c->pit, now);
	WRITE_ONCE(s->clock_tsc, next == PIT_NEVER ? next : to_tsc(s, next));
}

/*
 * A guest in one-shot mode programs the next tick only after the host has come by for the
 * last, so the host needs a guess: as far from this one as this was from the one before.
 * A little later, since what comes too early has to come again.
 */
static void clock_guess(struct vmbt_shared *s)
{
	struct vmbt_chips *c = &s->chip;
	u64 from = c->last;

	if (s->clock_tsc != PIT_NEVER) {
		from = s->clock_tsc;
		c->interval = c->last && from > c->last ? from - c->last : 0;
	}
	WRITE_ONCE(s->clock_again,
		   c->interval ? from + c->interval + vmbt_clock_slack(s->tsc_khz) / 2 : 0);
}

/* Will the host come by too late for what the guest has just programmed? */
static bool host_is_late(const struct vmbt_shared *s)
{
	u64 at = s->clock_tsc, armed = READ_ONCE(s->clock_armed);

	return at < armed && armed - at > vmbt_clock_slack(s->tsc_khz);
}

static bool pic_port(u16 port)
{
	return port == PIC_MASTER_CMD || port == PIC_MASTER_DATA || port == PIC_SLAVE_CMD ||
	       port == PIC_SLAVE_DATA || port == PIC_ELCR_MASTER || port == PIC_ELCR_SLAVE;
}

static bool pit_port(u16 port)
{
	return (port >= PIT_COUNTER0 && port <= PIT_CONTROL) || port == PIT_PORT61;
}

/**
 * chips_pio() - the guest accesses a port with one byte
 * @port: the port
 * @dir: VMBT_IO_IN or VMBT_IO_OUT
 * @val: what is written, or room for what is read
 *
 * Return: true if it was one of ours.
 */
bool chips_pio(u16 port, u8 dir, u8 *val)
{
	struct vmbt_shared *s = plat_shared();
	struct vmbt_chips *c = &s->chip;
	u64 now;

	if (port == PORT_DELAY) {
		if (dir == VMBT_IO_OUT)
			c->post = *val;
		else
			*val = c->post;
		return true;
	}
	if (!s->chips)
		return false;
	if (pic_port(port)) {
		if (dir == VMBT_IO_OUT)
			pic_write(&c->pic, port, *val);
		else
			*val = pic_read(&c->pic, port);
		return true;
	}
	if (!pit_port(port))
		return false;
	now = now_ns(s);
	if (dir == VMBT_IO_IN) {
		*val = pit_read(&c->pit, port, now);
	} else {
		pit_write(&c->pit, port, *val, now);
		clock_check(s, now);
		clock_guess(s);
		c->hurry = host_is_late(s);
	}
	return true;
}

/**
 * chips_hurry() - must the host be told at once?
 *
 * The host learns of a new time whenever the VMM comes by. That is late if the
 * guest has just programmed the timer. A guest that programs it for each tick
 * does so right behind a tick, and the host, which guesses that the next
 * interval will be like the last (clock_guess()), comes by in time without being told.
 *
 * Return: true once after a time was set that the host would miss.
 */
bool chips_hurry(void)
{
	struct vmbt_chips *c = &plat_shared()->chip;
	bool hurry = c->hurry;

	c->hurry = false;
	return hurry;
}

/**
 * chips_service() - let time pass and interrupt lines move
 *
 * Return: true if an interrupt waits for the guest.
 */
bool chips_service(void)
{
	struct vmbt_shared *s = plat_shared();
	struct vmbt_chips *c = &s->chip;
	u64 edges, lines;

	edges = READ_ONCE(s->irq_edges);
	if (edges)
		edges = __atomic_exchange_n(&s->irq_edges, 0, __ATOMIC_SEQ_CST);
	lines = READ_ONCE(s->irq_lines);
	if (edges || lines != c->lines) {
		pic_move_lines(&c->pic, edges, lines);
		c->lines = lines;
	}
	if (plat_tsc() >= s->clock_tsc) {
		c->last = s->clock_tsc;
		clock_check(s, now_ns(s));
		clock_guess(s);
	}
	return pic_intr(&c->pic);
}

/**
 * chips_ack() - the guest takes the interrupt
 *
 * Return: its vector.
 */
u8 chips_ack(void)
{
	struct vmbt_shared *s = plat_shared();
	u8 vector = pic_ack(&s->chip.pic);

	if (s->chip.pit.owed)
		clock_check(s, now_ns(s));
	return vector;
}

/**
 * chips_posted() - do what translated code has written to the interrupt controllers
 * @v: the vCPU, just back from the guest, nothing else has been looked at
 *
 * An entry is written before it is counted. So the one that comes next may be: it stays,
 * as it will be counted if the guest goes on from there. Each that is over is cleared,
 * since what is counted then may be less than what is here by now.
 *
 * All of it is the guest's to forge: what comes of it is what it could have written.
 */
void chips_posted(struct vcpu *v)
{
	struct vmbt_shared *s = v->shared;
	struct vmbt_mon *mon = v->mon;
	u32 left = READ_ONCE(mon->post_left), i;
	u16 post;

	mon->post_left = v->posts;
	for (i = VMBT_MON_POSTS; i-- > left;) {
		post = READ_ONCE(mon->post[i]);
		mon->post[i] = 0;
		if (!s->chips || !pic_port(post >> 8))
			continue;
		pic_write(&s->chip.pic, post >> 8, post);
		s->stats.chip_io++;
	}
}

/*
 * While nothing is requested a mask or the end of an interrupt has no effect but on what
 * comes later, for which the VMM has the CPU. What is no mask or end of an interrupt
 * is not posted: that is seen by its value, but for initialisation words.
 */
static bool may_post(const struct vcpu *v)
{
	const struct pic_chip *c = v->shared->chip.pic.chip;

	return v->shared->chips && !c[0].irr && !c[1].irr && !c[0].icw && !c[1].icw &&
	       !c[0].poll && !c[1].poll && !(v->guest->dr[7] & VMBT_DR7_ENABLED) &&
	       !(v->shared->no_offers & VMBT_OFFER_POSTS);
}

/**
 * chips_show() - tell translated code the masks, which it then reads by itself
 * @v: the vCPU, about to run
 *
 * Not while a read is to acknowledge an interrupt (poll), and not while the
 * guest has breakpoints, which may be on ports. And whether it may write them.
 *
 * Return: true if it might and may not any more: what it is in the midst of has to begin
 * anew
 */
bool chips_show(struct vcpu *v)
{
	const struct vmbt_shared *s = v->shared;
	const struct pic *p = &s->chip.pic;
	u32 posts = v->posts;

	v->posts = may_post(v) ? VMBT_MON_POSTS : 0;
	v->mon->post_left = v->posts;
	v->mon->ask_imr = !s->chips || p->chip[0].poll || p->chip[1].poll ||
			  (v->guest->dr[7] & VMBT_DR7_ENABLED);
	v->mon->imr[0] = p->chip[0].imr;
	v->mon->imr[1] = p->chip[1].imr;
	return posts && !v->posts;
}
