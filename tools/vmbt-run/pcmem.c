// SPDX-License-Identifier: GPL-2.0
/*
 * The memory map of a PC with firmware: ROM, shadow RAM, display.
 *
 *   00000000  RAM up to A0000h
 *   000a0000  the display's window, as far as it is plain memory (chip/vga.c)
 *   000c0000  what the host bridge's attribute map says: nothing, ROM, RAM, RAM
 *             that can't be written
 *   00100000  RAM
 *   BAR       the display's frame buffer
 *   4 GiB     the end of the firmware's ROM, whose last 128 KiB are also at E0000h
 *
 * Each line is a slot of the VM, and what changes while the guest runs is a
 * slot taken away and another one made.
 */
#include "pcmem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "util.h"
#include "vga.h"
#include "vmm.h"

enum slot {
	SLOT_LOW,
	SLOT_HIGH,
	SLOT_ROM,
	SLOT_WINDOW,
	SLOT_LFB,
	SLOT_PAM,
};

enum {
	PAM_NONE = 0,
	PAM_ROM,
	PAM_RAM,
	PAM_RAM_READ,
};

#define FOUR_GIB	0x100000000ULL
#define ISA_ROM		0xe0000		/* where the ROM's end is seen below 1 MiB */

static void set(struct pcmem *p, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	int rc = vmm_set_memory(p->vmm, slot, gpa, size, where, readonly);

	if (rc)
		die("memory slot %u at %#llx: %s", slot, gpa, strerror(-rc));
}

static void unset(struct pcmem *p, u32 slot)
{
	set(p, slot, 0, 0, NULL, false);
}

/**
 * pcmem_load() - read the firmware; ends the program if that fails
 * @p: @rom and @rom_size are filled
 * @path: the file
 */
void pcmem_load(struct pcmem *p, const char *path)
{
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < ROM_MIN || st.st_size > ROM_MAX ||
	    st.st_size % ROM_MIN)
		die("%s: not firmware: its size is not a multiple of 64 KiB up to 2 MiB", path);
	p->rom_size = st.st_size;
	p->rom = mmap(NULL, p->rom_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->rom == MAP_FAILED)
		die("no memory for the firmware: %s", strerror(errno));
	n = pread(fd, p->rom, p->rom_size, 0);
	if (n != (ssize_t)p->rom_size)
		die("%s: %s", path, n < 0 ? strerror(errno) : "truncated");
	close(fd);
}

/**
 * pcmem_attach() - give memory to a new VM; ends the program if that fails
 * @p: the map, with firmware if there is any
 * @mem: RAM
 * @vmm: the VM
 */
void pcmem_attach(struct pcmem *p, struct memory *mem, struct vmm *vmm)
{
	p->mem = mem;
	p->vmm = vmm;
	p->window = NULL;
	p->lfb = 0;
	memset(p->pam, PAM_NONE, sizeof(p->pam));
	p->pam_write = 0;
	set(p, SLOT_LOW, 0, MEMORY_LOW_END, mem->base, false);
	set(p, SLOT_HIGH, MEMORY_HIGH, mem->size - MEMORY_HIGH, mem->base + MEMORY_HIGH, false);
	if (p->rom_size)
		set(p, SLOT_ROM, FOUR_GIB - p->rom_size, p->rom_size, p->rom, true);
}

/* The ROM's bytes that are seen at an address below 1 MiB, or NULL. */
static u8 *isa_rom(const struct pcmem *p, u32 start)
{
	u32 back = MEMORY_HIGH - start;

	return start >= ISA_ROM && back <= p->rom_size ? p->rom + p->rom_size - back : NULL;
}

static u8 pam_kind(const struct pcmem *p, const struct pam *pam)
{
	if (pam->read)
		return pam->write ? PAM_RAM : PAM_RAM_READ;
	return isa_rom(p, pam->start) ? PAM_ROM : PAM_NONE;
}

/**
 * pcmem_set_pam() - the attribute map was changed
 * @p: the map
 * @h: the host bridge
 */
void pcmem_set_pam(struct pcmem *p, const struct i440fx *h)
{
	unsigned int i;
	struct pam pam;
	void *where;
	u8 kind;

	for (i = 0; i < PAM_RANGES; i++) {
		pam = i440fx_pam(h, i);
		kind = pam_kind(p, &pam);
		p->pam_write &= ~BIT(i);
		p->pam_write |= pam.write ? BIT(i) : 0;
		if (kind == p->pam[i])
			continue;
		if (p->pam[i] != PAM_NONE)
			unset(p, SLOT_PAM + i);
		p->pam[i] = kind;
		where = kind == PAM_ROM ? isa_rom(p, pam.start) : p->mem->base + pam.start;
		if (kind != PAM_NONE)
			set(p, SLOT_PAM + i, pam.start, pam.end - pam.start, where,
			    kind != PAM_RAM);
	}
}

/**
 * pcmem_set_window() - map or unmap a part of the display's window
 * @p: the map
 * @gpa: where
 * @where: the memory, or NULL
 * @size: bytes
 */
void pcmem_set_window(struct pcmem *p, u32 gpa, u8 *where, u32 size)
{
	if (p->window)
		unset(p, SLOT_WINDOW);
	p->window = where;
	p->window_gpa = gpa;
	p->window_size = size;
	if (where)
		set(p, SLOT_WINDOW, gpa, size, where, false);
}

/**
 * pcmem_set_lfb() - map the display's frame buffer
 * @p: the map
 * @gpa: where, 0: nowhere
 * @ram: display memory
 *
 * Where the guest puts it over RAM or ROM it stays unmapped: then it is not
 * seen there.
 */
void pcmem_set_lfb(struct pcmem *p, u32 gpa, u8 *ram)
{
	if (gpa < p->mem->size || (u64)gpa + VGA_RAM + p->rom_size > FOUR_GIB)
		gpa = 0;
	if (gpa == p->lfb)
		return;
	if (p->lfb)
		unset(p, SLOT_LFB);
	p->lfb = gpa;
	if (gpa)
		set(p, SLOT_LFB, gpa, VGA_RAM, ram, false);
}

/**
 * pcmem_rom_write() - the guest writes where reads find ROM
 * @p: the map
 * @gpa: guest physical address
 * @data: the bytes
 * @len: how many
 *
 * With write enabled and read disabled, writes reach the RAM behind the ROM.
 *
 * Return: false if there is no such place.
 */
bool pcmem_rom_write(struct pcmem *p, u64 gpa, const u8 *data, unsigned int len)
{
	u64 end = gpa + len;
	unsigned int range;

	if (gpa < MEMORY_ROM)
		return false;
	if (end > MEMORY_HIGH)
		return false;
	range = gpa < 0xf0000 ? (gpa - MEMORY_ROM) / 0x4000 : PAM_RANGES - 1;
	if (p->pam_write & BIT(range))
		memcpy(p->mem->base + gpa, data, len);
	return true;
}

/**
 * pcmem_dma() - memory that a device reads or writes
 * @p: the map
 * @gpa: guest physical address
 * @len: bytes
 * @write: the device writes
 *
 * Return: where it is, or NULL if any byte of it is not RAM that devices reach.
 */
void *pcmem_dma(const struct pcmem *p, u64 gpa, u32 len, bool write)
{
	u64 end = gpa + len;
	unsigned int i;
	u32 start;

	for (i = 0; i < PAM_RANGES; i++) {
		start = i < PAM_RANGES - 1 ? MEMORY_ROM + i * 0x4000 : 0xf0000;
		if (end > start && gpa < start + (i < PAM_RANGES - 1 ? 0x4000 : 0x10000) &&
		    p->pam[i] != PAM_RAM && (write || p->pam[i] != PAM_RAM_READ))
			return NULL;
	}
	return memory_at(p->mem, gpa, len);
}

/**
 * pcmem_copy() - a device reads or writes memory
 * @p: the map
 * @gpa: guest physical address
 * @buf: the bytes, or room for them
 * @len: how many
 * @write: the device writes; the VMM has to be told of that
 *
 * Return: false if any byte of it is not RAM that devices reach.
 */
bool pcmem_copy(const struct pcmem *p, u64 gpa, void *buf, u32 len, bool write)
{
	void *at = pcmem_dma(p, gpa, len, write);

	if (!at)
		return false;
	if (write)
		memcpy(at, buf, len);
	else
		memcpy(buf, at, len);
	return true;
}
