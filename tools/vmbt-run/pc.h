/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a PC with firmware has beyond the machine that a kernel boots without.
 */
#ifndef VMBT_RUN_PC_H
#define VMBT_RUN_PC_H

#include "disk.h"
#include "dma.h"
#include "fdc.h"
#include "fwcfg.h"
#include "hostdrive.h"
#include "i440fx.h"
#include "ide.h"
#include "nics.h"
#include "options.h"
#include "parallel.h"
#include "pci.h"
#include "pcmem.h"
#include "piix.h"
#include "scsi.h"
#include "sound.h"
#include "vga.h"

struct machine;

#define IDE_CHANNELS	2

/**
 * struct pc_ide - a channel and where it is
 * @chip: the channel
 * @machine: the machine
 * @n: its number
 */
struct pc_ide {
	struct ide chip;
	struct machine *machine;
	unsigned int n;
};

/**
 * struct pc - its devices
 * @on: the machine has them
 * @firmware: and starts with firmware, which has a display
 * @machine: the machine
 * @mem: the memory map
 * @pci: bus 0
 * @host: host bridge
 * @piix: ISA bridge and power management
 * @fwcfg: what firmware is told
 * @vga: display adapter
 * @vga_late: its registers' writes are told in batches
 * @dma: DMA controllers
 * @ide_pci: configuration space of the IDE controller
 * @ide: its channels
 * @bm_dev: number of its bus masters on the bus
 * @bm_base: where they are, 0: nowhere
 * @fdc: floppy controller
 * @io: reads and writes the images
 * @disk: of the IDE drives
 * @floppy: of the floppy drives
 * @host_drive: those of them that are the host's, IDE first
 * @nics: network cards
 * @scsi: SCSI host adapter
 * @sound: sound card
 * @parallel: printer port
 * @pm_dev: number of the power management's ports on the bus
 * @e820: the memory map as firmware is told
 * @vgabios: the VGA BIOS
 * @vgabios_size: bytes of it
 * @nicrom: what boots from the network, or NULL
 * @nicrom_size: bytes of it
 */
struct pc {
	bool on;
	bool firmware;
	struct machine *machine;
	struct pcmem mem;
	struct pci pci;
	struct i440fx host;
	struct piix piix;
	struct fwcfg fwcfg;
	struct vga vga;
	bool vga_late;
	struct dma dma;
	struct pci_func ide_pci;
	struct pc_ide ide[IDE_CHANNELS];
	unsigned int bm_dev;
	u16 bm_base;
	struct fdc fdc;
	struct disk_io io;
	struct disk disk[MAX_IDE];
	struct disk floppy[MAX_FLOPPY];
	struct hostdrive host_drive[MAX_IDE + MAX_FLOPPY];
	struct nics nics;
	struct scsi scsi;
	struct sound sound;
	struct parallel parallel;
	unsigned int pm_dev;
	u8 e820[2 * 20];
	u8 *vgabios;
	u32 vgabios_size;
	u8 *nicrom;
	u32 nicrom_size;
};

void pc_init(struct machine *m);
void pc_attach(struct machine *m);
void pc_power_on(struct machine *m);
void pc_off(struct machine *m);
void pc_fini(struct machine *m);
void pc_written(struct machine *m, u64 gpa, u64 len);
bool pc_memory(void *arg, u64 gpa, void *buf, u32 len, bool write);
void pc_mmio(struct machine *m, u64 gpa, u8 *data, unsigned int len, bool write);

#endif
