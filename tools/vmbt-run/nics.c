// SPDX-License-Identifier: GPL-2.0
/*
 * Network cards: how the chips, the machine and the host's ends are wired.
 *
 * Everything here runs with the machine's lock held: the guest's accesses on the
 * vCPU's thread, frames from the network on the main one. A guest says nothing when
 * it gives a card new receive buffers. A frame without one is therefore tried again
 * after each access and by a timer, and is lost, as it would be on a wire, only
 * after some time: until then it holds back the host's end of the connections.
 */
#include "nics.h"

#include <string.h>

#include "machine.h"
#include "util.h"

#define FIRST_SLOT	3
#define PAGE		4096
/* Frames that the guest hands over before we look; Linux's ring has room for so many. */
#define COMBINED	16
#define RETRY_NS	1000000ULL
#define LOST_NS		2000000000ULL

/* The guest's driver reads the reason of an interrupt without asking us. */
static void tell_status(struct net_card *c)
{
	if (c->pair.size)
		vmm_set_live(&c->machine->vmm, c->pair.pair, c->chip.csr[0]);
}

static void set_irq(void *arg, bool level)
{
	struct net_card *c = arg;

	tell_status(c);
	piix_set_pin(&c->machine->pc.piix, c->slot, 0, level);
}

/* What the VMM was not told of yet: each time costs a trip out of it. */
static void settle(void *arg)
{
	struct net_card *c = arg;

	if (c->written_end)
		pc_written(c->machine, c->written, c->written_end - c->written);
	c->written_end = 0;
}

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	struct net_card *c = arg;
	u64 start = gpa & ~(u64)(PAGE - 1), end = (gpa + len + PAGE - 1) & ~(u64)(PAGE - 1);

	/* The guest forbids it with the bus master bit of the command register. */
	if (!(c->chip.pci.config[PCI_COMMAND] & PCI_CMD_MASTER) ||
	    !pcmem_copy(&c->machine->pc.mem, gpa, buf, len, write))
		return false;
	if (!write)
		return true;
	if (c->written_end && (start > c->written_end || end < c->written))
		settle(c);
	if (!c->written_end) {
		c->written = start;
		c->written_end = end;
	}
	c->written = start < c->written ? start : c->written;
	c->written_end = end > c->written_end ? end : c->written_end;
	return true;
}

static bool send_frame(void *arg, const u8 *frame, u32 len)
{
	struct net_card *c = arg;

	return net_send(c->net, frame, len);
}

/* Give the chip what came, as far as the guest has room for it; true if it has not. */
static bool give(struct net_card *c)
{
	const u8 *frame;
	u64 now;
	u32 len;

	while ((frame = net_peek(c->net, &len))) {
		if (!pcnet_receive(&c->chip, frame, len)) {
			now = now_ns();
			if (!c->waits)
				c->waits = now;
			if (now - c->waits < LOST_NS)
				return true;
			pcnet_miss(&c->chip);
		}
		c->waits = 0;
		net_drop(c->net);
	}
	return false;
}

static void deliver(struct net_card *c)
{
	if (!give(c))
		c->waits = 0;
	pcnet_received(&c->chip);
}

/*
 * Tell the VMM what it can do by itself with the window of registers, which guest and
 * chip use for each frame: the address register, the interrupt masks (CSR3), and of the
 * status (CSR0) reading it and asking for transmission. Only if it has changed.
 */
static void tell_registers(struct net_card *c, bool again)
{
	struct vmbt_pair pair = { .pair = c - c->machine->pc.nics.card };
	u16 data = c->io + PCNET_RDP, index = c->io + pcnet_rap_port(&c->chip);
	const u8 *owner = c->machine->bus.owner;

	if (c->io && owner[data] == c->dev && owner[index] == c->dev) {
		pair.size = c->chip.dwio ? 4 : 2;
		pair.index_port = index;
		pair.data_port = data;
		pair.max = COMBINED;
		pair.index_mask = 0xff;
		pair.nregs = pcnet_quick(&c->chip, pair.reg);
	}
	if (!again && pair.size == c->pair.size && pair.index_port == c->pair.index_port)
		return;
	c->pair = pair;
	pair.index = c->chip.rap;
	if (!vmm_set_pair(&c->machine->vmm, &pair))
		c->pair.size = 0;
	tell_status(c);
}

/* After whatever happened: does something have to be tried again? */
static void check(struct net_card *c)
{
	u64 now = now_ns(), next = pcnet_poll(&c->chip, now);

	settle(c);
	tell_status(c);
	if (c->waits)
		deliver(c);
	if ((c->waits || c->chip.more) && next > now + RETRY_NS)
		next = now + RETRY_NS;
	if (next < c->retry.deadline)
		loop_set_timer(&c->machine->loop, &c->retry, next);
}

static void retry(void *arg, u64 now)
{
	struct net_card *c = arg;

	(void)now;
	if (c->chip.more)
		pcnet_transmit(&c->chip);
	check(c);
}

static void arrived(void *arg)
{
	struct net_card *c = arg;

	deliver(c);
	check(c);
}

static u32 port_read(void *arg, u16 port, unsigned int size)
{
	struct net_card *c = arg;
	u32 val = pcnet_read(&c->chip, port - c->io, size);

	/* It may have been the register that resets all others. */
	if (port - c->io >= PCNET_RDP)
		tell_registers(c, port - c->io != PCNET_RDP);
	check(c);
	return val;
}

static void port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct net_card *c = arg;

	pcnet_write(&c->chip, port - c->io, val, size);
	/* The first write may have been the one that changes the layout. */
	tell_registers(c, false);
	check(c);
}

static void moved(void *arg, unsigned int reg, unsigned int len)
{
	struct net_card *c = arg;
	struct bus *bus = &c->machine->bus;
	u32 base;

	(void)reg;
	(void)len;
	if (!pci_func_bar_at(&c->chip.pci, 0, &base) || base > 0xffe0)
		base = 0;
	if (base == c->io)
		return;
	if (c->io)
		bus_release(bus, c->dev, c->io, PCNET_PORTS);
	c->io = base;
	if (base)
		bus_claim_free(bus, c->dev, base, PCNET_PORTS);
	tell_registers(c, false);
}

/**
 * nics_mmio() - the guest accesses an address where no memory is mapped
 * @nics: the cards
 * @gpa: guest physical address
 * @data: the bytes, or room for them
 * @len: how many
 * @write: a write
 *
 * Return: true if it is a card's.
 */
bool nics_mmio(struct nics *nics, u64 gpa, u8 *data, unsigned int len, bool write)
{
	struct net_card *c;
	unsigned int i;
	u32 base, val = 0;

	for (i = 0; i < nics->count; i++) {
		c = &nics->card[i];
		if (!pci_func_bar_at(&c->chip.pci, 1, &base) || gpa < base ||
		    gpa + len > (u64)base + PCNET_PORTS)
			continue;
		if (len > 4)
			return true;
		if (write) {
			memcpy(&val, data, len);
			pcnet_write(&c->chip, gpa - base, val, len);
		} else {
			val = pcnet_read(&c->chip, gpa - base, len);
			memcpy(data, &val, len);
		}
		/* The VMM does not see this: the index may be another. */
		tell_registers(c, true);
		check(c);
		return true;
	}
	return false;
}

/**
 * nics_power_on() - what a reset resets
 * @m: the machine, its PCI bus empty of these devices
 */
void nics_power_on(struct machine *m)
{
	static const char *const name[MAX_NIC] = { "nic0", "nic1", "nic2" };
	struct nics *nics = &m->pc.nics;
	struct net_card *c;
	unsigned int i;

	for (i = 0; i < nics->count; i++) {
		c = &nics->card[i];
		c->io = 0;
		c->pair = (struct vmbt_pair){ 0 };
		c->waits = 0;
		c->dev = bus_add(&m->bus, &(struct bus_dev){
			.name = name[i], .read = port_read, .write = port_write, .arg = c,
			.wide = true });
		c->chip.pci.changed = moved;
		c->chip.pci.arg = c;
		c->chip.set_irq = set_irq;
		c->chip.memory = memory;
		c->chip.settle = settle;
		c->chip.send = send_frame;
		c->chip.arg = c;
		pcnet_reset(&c->chip, c->mac);
		m->pc.pci.func[PCI_DEVFN(c->slot, 0)] = &c->chip.pci;
		loop_set_timer(&m->loop, &c->retry, TIMER_OFF);
	}
}

/**
 * nics_init() - what lives as long as the program
 * @m: the machine
 */
void nics_init(struct machine *m)
{
	struct nics *nics = &m->pc.nics;
	struct net_card *c;
	unsigned int i;

	for (i = 0; i < m->o->nnics; i++) {
		c = &nics->card[nics->count++];
		c->machine = m;
		c->slot = FIRST_SLOT + i;
		c->mac = m->o->nic[i].mac;
		c->net = net_open(&m->loop, m->o->nic[i].netdev);
		c->net->ready = arrived;
		c->net->arg = c;
		loop_add_timer(&m->loop, &c->retry, retry, c);
		net_start(c->net);
	}
}

/**
 * nics_fini() - give back what nics_init() took
 * @nics: the cards; the machine is off
 */
void nics_fini(struct nics *nics)
{
	for (; nics->count; nics->count--)
		net_close(nics->card[nics->count - 1].net);
}
