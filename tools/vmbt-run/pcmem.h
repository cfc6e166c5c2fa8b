/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory map of a PC with firmware: ROM, shadow RAM, display, A20.
 */
#ifndef VMBT_RUN_PCMEM_H
#define VMBT_RUN_PCMEM_H

#include "i440fx.h"
#include "types.h"

struct memory;
struct vmm;

#define ROM_MAX		(2U << 20)
#define ROM_MIN		0x10000

/**
 * struct pcmem - what is mapped besides RAM
 * @mem: RAM
 * @vmm: the VM
 * @rom: the firmware's image, which ends at 4 GiB
 * @rom_size: bytes of it, a multiple of 64 KiB
 * @pam: what each range below 1 MiB shows now, PAM_*
 * @pam_write: ranges whose writes reach the RAM behind
 * @window: what is mapped in the display's window, or NULL
 * @window_gpa: where
 * @window_size: bytes of it
 * @lfb: address of the frame buffer, 0: not mapped
 */
struct pcmem {
	struct memory *mem;
	struct vmm *vmm;
	u8 *rom;
	u32 rom_size;
	u8 pam[PAM_RANGES];
	u16 pam_write;
	u8 *window;
	u32 window_gpa;
	u32 window_size;
	u32 lfb;
};

void pcmem_load(struct pcmem *p, const char *path);
void pcmem_attach(struct pcmem *p, struct memory *mem, struct vmm *vmm);
void pcmem_set_pam(struct pcmem *p, const struct i440fx *h);
void pcmem_set_window(struct pcmem *p, u32 gpa, u8 *where, u32 size);
void pcmem_set_lfb(struct pcmem *p, u32 gpa, u8 *ram);
void *pcmem_dma(const struct pcmem *p, u64 gpa, u32 len, bool write);
bool pcmem_copy(const struct pcmem *p, u64 gpa, void *buf, u32 len, bool write);
bool pcmem_rom_write(struct pcmem *p, u64 gpa, const u8 *data, unsigned int len);

#endif
