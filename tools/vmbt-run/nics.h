/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network cards: how the chips, the machine and the host's ends are wired.
 */
#ifndef VMBT_RUN_NICS_H
#define VMBT_RUN_NICS_H

#include <linux/vmbt.h>

#include "net.h"
#include "options.h"
#include "pcnet.h"

struct machine;

/**
 * struct net_card - a network card
 * @chip: the chip
 * @machine: the machine
 * @net: the host's end
 * @mac: its address
 * @slot: its number on the PCI bus
 * @dev: number of its ports on the bus
 * @io: where they are, 0: nowhere
 * @pair: what the VMM was told of the register window
 * @retry: when to try again what had no room, or to poll
 * @written: where RAM begins that the chip wrote and the VMM was not told of
 * @written_end: where it ends, 0: there is none
 * @waits: since when a frame waits for a buffer of the guest's, 0: none does
 */
struct net_card {
	struct pcnet chip;
	struct machine *machine;
	struct net *net;
	const u8 *mac;
	unsigned int slot;
	unsigned int dev;
	u16 io;
	struct vmbt_pair pair;
	struct loop_timer retry;
	u64 written;
	u64 written_end;
	u64 waits;
};

/**
 * struct nics - the network cards
 * @card: the cards
 * @count: how many
 */
struct nics {
	struct net_card card[MAX_NIC];
	unsigned int count;
};

void nics_init(struct machine *m);
void nics_power_on(struct machine *m);
void nics_fini(struct nics *nics);
bool nics_mmio(struct nics *nics, u64 gpa, u8 *data, unsigned int len, bool write);

#endif
