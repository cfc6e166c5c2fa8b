/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Intel's 82441FX: the host bridge, whose registers say what is RAM below 1 MiB.
 */
#ifndef VMBT_RUN_I440FX_H
#define VMBT_RUN_I440FX_H

#include "pci.h"

#define PAM_RANGES	13

/**
 * struct i440fx - the host bridge
 * @pci: its configuration space
 * @pam_changed: called when what is RAM below 1 MiB changed
 * @arg: its first argument
 */
struct i440fx {
	struct pci_func pci;
	void (*pam_changed)(void *arg);
	void *arg;
};

/**
 * struct pam - what answers in a range below 1 MiB
 * @start: first address
 * @end: first address behind it
 * @read: reads go to RAM, else to the ROM
 * @write: writes go to RAM, else nowhere
 */
struct pam {
	u32 start;
	u32 end;
	bool read;
	bool write;
};

void i440fx_reset(struct i440fx *h);
struct pam i440fx_pam(const struct i440fx *h, unsigned int range);

#endif
