/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The I/O space: who answers at which port.
 *
 * Looking up a port is one load from a table of 65,536 bytes, because it
 * happens at every port access of the guest.
 */
#ifndef VMBT_RUN_BUS_H
#define VMBT_RUN_BUS_H

#include "types.h"

#define BUS_RANGES	64

/**
 * struct bus_dev - ports of a device
 * @name: for statistics
 * @read: answers a read of @size bytes at @port
 * @write: takes a write
 * @arg: first argument of both
 * @wide: takes accesses of 2 and 4 bytes as they are; for others they are
 *	split into bytes, as the ISA bus does
 * @accesses: how often it was accessed
 */
struct bus_dev {
	const char *name;
	u32 (*read)(void *arg, u16 port, unsigned int size);
	void (*write)(void *arg, u16 port, u32 val, unsigned int size);
	void *arg;
	bool wide;
	u64 accesses;
};

/**
 * struct bus - the I/O space
 * @dev: the devices; entry 0 is nobody's
 * @ndevs: how many, entry 0 included
 * @owner: for each port the index of its device
 */
struct bus {
	struct bus_dev dev[BUS_RANGES];
	unsigned int ndevs;
	u8 owner[65536];
};

void bus_init(struct bus *bus);
unsigned int bus_add(struct bus *bus, const struct bus_dev *dev);
void bus_claim(struct bus *bus, unsigned int dev, u16 port, unsigned int count);
void bus_claim_free(struct bus *bus, unsigned int dev, u16 port, unsigned int count);
void bus_release(struct bus *bus, unsigned int dev, u16 port, unsigned int count);
void bus_io(struct bus *bus, bool out, u16 port, unsigned int size, unsigned int count, void *data);

#endif
