// SPDX-License-Identifier: GPL-2.0
/*
 * The SCSI host adapter: how chip, machine and images are wired.
 *
 * Everything here runs with the machine's lock held: the guest's accesses on the
 * vCPU's thread, what the images have to say on the main one. A guest says nothing when
 * it frees a mailbox, so that completions without one are tried again by a timer.
 */
#include "scsi.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"
#include "util.h"

#define SLOT		6
#define RETRY_NS	1000000ULL

static void set_irq(void *arg, bool level)
{
	struct scsi *s = arg;

	piix_set_pin(&s->machine->pc.piix, SLOT, 0, level);
}

static void check(struct scsi *s)
{
	if (buslogic_waits(&s->chip) && s->retry.deadline == TIMER_OFF)
		loop_set_timer(&s->machine->loop, &s->retry, now_ns() + RETRY_NS);
}

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	struct scsi *s = arg;

	/* The guest forbids it with the bus master bit of the command register. */
	return s->chip.pci.config[PCI_COMMAND] & PCI_CMD_MASTER &&
	       pc_memory(s->machine, gpa, buf, len, write);
}

static void retry(void *arg, u64 now)
{
	struct scsi *s = arg;

	(void)now;
	buslogic_retry(&s->chip);
	check(s);
}

static u32 port_read(void *arg, u16 port, unsigned int size)
{
	struct scsi *s = arg;

	(void)size;
	/* Both places are multiples of the number of ports. */
	return buslogic_read(&s->chip, port % BL_PORTS);
}

static void port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct scsi *s = arg;

	(void)size;
	buslogic_write(&s->chip, port % BL_PORTS, val);
	check(s);
}

static void place(struct scsi *s, u16 *where, u16 to)
{
	struct bus *bus = &s->machine->bus;

	if (*where == to)
		return;
	if (*where)
		bus_release(bus, s->dev, *where, BL_PORTS);
	*where = to;
	if (to)
		bus_claim_free(bus, s->dev, to, BL_PORTS);
}

static void moved(void *arg, unsigned int reg, unsigned int len)
{
	struct scsi *s = arg;
	u32 base;

	(void)reg;
	(void)len;
	if (!pci_func_bar_at(&s->chip.pci, 0, &base) || base > 0xfffc)
		base = 0;
	place(s, &s->io, base);
}

static void isa_moved(void *arg, u16 port)
{
	struct scsi *s = arg;

	place(s, &s->isa, port);
}

/**
 * scsi_power_on() - what a reset resets
 * @m: the machine, its PCI bus empty of this device, no request under way
 */
void scsi_power_on(struct machine *m)
{
	struct scsi *s = &m->pc.scsi;

	if (!s->on)
		return;
	s->io = 0;
	s->isa = 0;
	s->dev = bus_add(&m->bus, &(struct bus_dev){
		.name = "buslogic", .read = port_read, .write = port_write, .arg = s });
	s->chip.pci.changed = moved;
	s->chip.pci.arg = s;
	s->chip.set_irq = set_irq;
	s->chip.memory = memory;
	s->chip.isa_moved = isa_moved;
	s->chip.arg = s;
	buslogic_reset(&s->chip);
	m->pc.pci.func[PCI_DEVFN(SLOT, 0)] = &s->chip.pci;
	loop_set_timer(&m->loop, &s->retry, TIMER_OFF);
}

/**
 * scsi_init() - what lives as long as the program
 * @m: the machine
 */
void scsi_init(struct machine *m)
{
	struct scsi *s = &m->pc.scsi;
	const struct drive *d;
	unsigned int i;
	void *buffers;

	s->on = m->o->buslogic;
	if (!s->on)
		return;
	s->machine = m;
	buffers = mmap(NULL, BL_SLOTS * SCSI_CHUNK, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffers == MAP_FAILED)
		die("no memory for the SCSI adapter: %s", strerror(errno));
	for (i = 0; i < MAX_SCSI; i++) {
		d = &m->o->scsi[i];
		if (!d->file)
			continue;
		disk_open(&s->disk[i], &m->pc.io, d->file, &(struct disk_how){
			.format = d->format, .readonly = d->readonly,
			.snapshot = m->o->snapshot || d->snapshot });
		s->chip.target[i].disk = &s->disk[i];
	}
	buslogic_init(&s->chip, buffers);
	loop_add_timer(&m->loop, &s->retry, retry, s);
}

/**
 * scsi_fini() - give back what scsi_init() took
 * @s: the adapter; the machine is off
 */
void scsi_fini(struct scsi *s)
{
	unsigned int i;

	for (i = 0; i < MAX_SCSI; i++)
		disk_close(&s->disk[i]);
}
