/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a PC with firmware has beyond the machine that a kernel boots without.
 */
#ifndef VMBT_RUN_PC_H
#define VMBT_RUN_PC_H

#include "fwcfg.h"
#include "i440fx.h"
#include "pci.h"
#include "pcmem.h"
#include "piix.h"
#include "vga.h"

struct machine;

/**
 * struct pc - its devices
 * @on: the machine has them
 * @machine: the machine
 * @mem: the memory map
 * @pci: bus 0
 * @host: host bridge
 * @piix: ISA bridge and power management
 * @fwcfg: what firmware is told
 * @vga: display adapter
 * @pm_dev: number of the power management's ports on the bus
 * @e820: the memory map as firmware is told
 * @vgabios: the VGA BIOS
 * @vgabios_size: bytes of it
 */
struct pc {
	bool on;
	struct machine *machine;
	struct pcmem mem;
	struct pci pci;
	struct i440fx host;
	struct piix piix;
	struct fwcfg fwcfg;
	struct vga vga;
	unsigned int pm_dev;
	u8 e820[2 * 20];
	u8 *vgabios;
	u32 vgabios_size;
};

void pc_init(struct machine *m);
void pc_attach(struct machine *m);
void pc_power_on(struct machine *m);
void pc_mmio(struct machine *m, u64 gpa, u8 *data, unsigned int len, bool write);

#endif
