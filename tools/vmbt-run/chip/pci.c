// SPDX-License-Identifier: GPL-2.0
/*
 * PCI configuration space: mechanism 1, and the registers of each function.
 *
 * From the PCI local bus specification 2.1, chapters 3.7.4 and 6. There is one
 * bus. A function's registers are bytes and a mask of the bits that can be
 * written, which is all that base address registers need as well: the low bits
 * of one that decodes 2^n bytes are not writable, and that is how software
 * learns its size. Who owns the function hears of each write.
 */
#include "pci.h"

#define ENABLE		0x80000000
#define ADDRESS_KEPT	0x80fffffc
#define BUS		0x00ff0000

static void put32(u8 *p, u32 val)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		p[i] = val >> 8 * i;
}

/* The function that the address register names, or NULL. */
static struct pci_func *addressed(const struct pci *pci)
{
	if (!(pci->address & ENABLE) || pci->address & BUS)
		return NULL;
	return pci->func[pci->address >> 8 & 0xff];
}

/**
 * pci_reset() - the mechanism's power-on state; functions have their own
 * @pci: the bus
 */
void pci_reset(struct pci *pci)
{
	pci->address = 0;
}

/**
 * pci_func_init() - registers that every function has
 * @f: the function, with @changed and @arg filled in
 * @id: device and vendor
 * @class_rev: class code and revision
 */
void pci_func_init(struct pci_func *f, u32 id, u32 class_rev)
{
	memset(f->config, 0, sizeof(f->config));
	memset(f->writable, 0, sizeof(f->writable));
	memset(f->bar_size, 0, sizeof(f->bar_size));
	put32(f->config, id);
	put32(f->config + PCI_REVISION, class_rev);
	f->writable[PCI_COMMAND] = PCI_CMD_IO | PCI_CMD_MEMORY | PCI_CMD_MASTER;
	f->writable[PCI_INT_LINE] = 0xff;
}

/**
 * pci_func_bar() - a base address register
 * @f: the function
 * @n: which one
 * @size: bytes it decodes, a power of 2
 * @type: its low bits, PCI_BAR_*
 */
void pci_func_bar(struct pci_func *f, unsigned int n, u32 size, u32 type)
{
	f->bar_size[n] = size;
	put32(f->config + PCI_BAR0 + 4 * n, type);
	put32(f->writable + PCI_BAR0 + 4 * n, -size);
}

/**
 * pci_func_get() - read a register of 4 bytes
 * @f: the function
 * @reg: its offset, a multiple of 4
 *
 * Return: its value.
 */
u32 pci_func_get(const struct pci_func *f, unsigned int reg)
{
	const u8 *p = f->config + reg;

	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

/**
 * pci_func_bar_at() - where a base address register decodes now
 * @f: the function
 * @n: which register
 * @base: filled with the address
 *
 * Return: false if it decodes nothing: disabled, or still at 0.
 */
bool pci_func_bar_at(const struct pci_func *f, unsigned int n, u32 *base)
{
	u32 bar = pci_func_get(f, PCI_BAR0 + 4 * n);
	u8 enable = bar & PCI_BAR_IO ? PCI_CMD_IO : PCI_CMD_MEMORY;

	if (!f->bar_size[n] || !(f->config[PCI_COMMAND] & enable))
		return false;
	*base = bar & -f->bar_size[n];
	return *base && *base + f->bar_size[n] - 1 >= *base;
}

/**
 * pci_func_write() - software writes a function's registers
 * @f: the function
 * @reg: the first one
 * @val: the value
 * @size: 1, 2 or 4 bytes, not beyond offset FFh
 */
void pci_func_write(struct pci_func *f, unsigned int reg, u32 val, unsigned int size)
{
	unsigned int i;
	u8 mask;

	for (i = 0; i < size; i++) {
		mask = f->writable[reg + i];
		f->config[reg + i] = (f->config[reg + i] & ~mask) | (val >> 8 * i & mask);
	}
	if (f->changed)
		f->changed(f->arg, reg, size);
}

/**
 * pci_read() - the guest reads CF8h to CFFh
 * @pci: the bus
 * @port: the port
 * @size: 1, 2 or 4 bytes
 *
 * Return: the value. Nobody there reads all ones.
 */
u32 pci_read(struct pci *pci, u16 port, unsigned int size)
{
	const struct pci_func *f;
	unsigned int reg, i;
	u32 val = 0;

	if (port < PCI_DATA)
		return port == PCI_ADDRESS && size == 4 ? pci->address : ~0U;
	f = addressed(pci);
	reg = (pci->address & 0xfc) | (port & 3);
	for (i = 0; i < size; i++)
		val |= (u32)(f && (port & 3) + i < 4 ? f->config[reg + i] : 0xff) << 8 * i;
	return val;
}

/**
 * pci_write() - the guest writes CF8h to CFFh
 * @pci: the bus
 * @port: the port
 * @val: the value
 * @size: 1, 2 or 4 bytes
 *
 * CF8h is the address register only for an access of 4 bytes.
 */
void pci_write(struct pci *pci, u16 port, u32 val, unsigned int size)
{
	struct pci_func *f;

	if (port < PCI_DATA) {
		if (port == PCI_ADDRESS && size == 4)
			pci->address = val & ADDRESS_KEPT;
		return;
	}
	f = addressed(pci);
	if (!f)
		return;
	if (size > 4U - (port & 3))
		size = 4 - (port & 3);
	pci_func_write(f, (pci->address & 0xfc) | (port & 3), val, size);
}

/**
 * pci_state() - save or restore
 * @pci: the bus, with the functions of the machine that was saved
 * @s: where to
 *
 * Bits that the guest can't write stay as they are. Owners are told of all
 * registers.
 */
void pci_state(struct pci *pci, struct state *s)
{
	struct pci_func *f;
	unsigned int i, k;
	u8 config[256];

	STATE(s, pci->address);
	pci->address &= ADDRESS_KEPT;
	for (i = 0; i < ARRAY_SIZE(pci->func); i++) {
		f = pci->func[i];
		if (!f)
			continue;
		memcpy(config, f->config, sizeof(config));
		STATE(s, config);
		if (!s->load || s->bad)
			continue;
		for (k = 0; k < sizeof(config); k++)
			f->config[k] = (f->config[k] & ~f->writable[k]) |
				       (config[k] & f->writable[k]);
		if (f->changed)
			f->changed(f->arg, 0, sizeof(config));
	}
}
