// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O space: who answers at which port.
 *
 * A port that nobody claims reads all ones and swallows writes, as an ISA bus
 * with its pull-up resistors does.
 */
#include "bus.h"

#include <string.h>

#include "util.h"

static u32 nobody_read(void *arg, u16 port, unsigned int size)
{
	(void)arg;
	(void)port;
	(void)size;
	return ~0U;
}

static void nobody_write(void *arg, u16 port, u32 val, unsigned int size)
{
	(void)arg;
	(void)port;
	(void)val;
	(void)size;
}

/**
 * bus_init() - an empty I/O space
 * @bus: filled
 */
void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
	bus->dev[0] = (struct bus_dev){
		.name = "nobody",
		.read = nobody_read,
		.write = nobody_write,
	};
	bus->ndevs = 1;
}

/**
 * bus_add() - add a device
 * @bus: the I/O space
 * @dev: the device, copied
 *
 * Return: its number for bus_claim().
 */
unsigned int bus_add(struct bus *bus, const struct bus_dev *dev)
{
	if (bus->ndevs == BUS_RANGES)
		die("too many devices");
	bus->dev[bus->ndevs] = *dev;
	return bus->ndevs++;
}

/**
 * bus_claim() - give ports to a device
 * @bus: the I/O space
 * @dev: from bus_add()
 * @port: first port
 * @count: number of ports
 */
void bus_claim(struct bus *bus, unsigned int dev, u16 port, unsigned int count)
{
	memset(bus->owner + port, dev, count);
}

/**
 * bus_claim_free() - give those ports to a device that are nobody's
 * @bus: the I/O space
 * @dev: from bus_add()
 * @port: first port
 * @count: number of ports
 *
 * For ports whose address the guest chooses: it can't hide another device.
 */
void bus_claim_free(struct bus *bus, unsigned int dev, u16 port, unsigned int count)
{
	for (; count; count--, port++)
		if (!bus->owner[port])
			bus->owner[port] = dev;
}

/**
 * bus_release() - take ports away from a device
 * @bus: the I/O space
 * @dev: from bus_add()
 * @port: first port
 * @count: number of ports, some of which may be another's
 */
void bus_release(struct bus *bus, unsigned int dev, u16 port, unsigned int count)
{
	for (; count; count--, port++)
		if (bus->owner[port] == dev)
			bus->owner[port] = 0;
}

static u32 read_one(struct bus *bus, u16 port, unsigned int size)
{
	struct bus_dev *d = &bus->dev[bus->owner[port]];
	unsigned int i;
	u32 val = 0;

	d->accesses++;
	if (size == 1 || d->wide)
		return d->read(d->arg, port, size);
	for (i = 0; i < size; i++) {
		d = &bus->dev[bus->owner[(u16)(port + i)]];
		val |= (d->read(d->arg, port + i, 1) & 0xff) << 8 * i;
	}
	return val;
}

static void write_one(struct bus *bus, u16 port, u32 val, unsigned int size)
{
	struct bus_dev *d = &bus->dev[bus->owner[port]];
	unsigned int i;

	d->accesses++;
	if (size == 1 || d->wide) {
		d->write(d->arg, port, val, size);
		return;
	}
	for (i = 0; i < size; i++) {
		d = &bus->dev[bus->owner[(u16)(port + i)]];
		d->write(d->arg, port + i, val >> 8 * i & 0xff, 1);
	}
}

/**
 * bus_io() - the guest accesses a port
 * @bus: the I/O space
 * @out: a write
 * @port: the port
 * @size: 1, 2 or 4 bytes
 * @count: times, all at the same port
 * @data: @size * @count bytes to write, or room for what is read
 */
void bus_io(struct bus *bus, bool out, u16 port, unsigned int size, unsigned int count, void *data)
{
	u8 *p = data;
	u32 val;

	for (; count; count--, p += size) {
		if (out) {
			val = 0;
			memcpy(&val, p, size);
			write_one(bus, port, val, size);
		} else {
			val = read_one(bus, port, size);
			memcpy(p, &val, size);
		}
	}
}
