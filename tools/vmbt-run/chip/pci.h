/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI configuration space: mechanism 1, and the registers of each function.
 */
#ifndef VMBT_RUN_PCI_H
#define VMBT_RUN_PCI_H

#include "state.h"
#include "types.h"

#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc

#define PCI_DEVFN(dev, fn)	((dev) << 3 | (fn))

#define PCI_COMMAND	0x04
#define PCI_CMD_IO	0x01
#define PCI_CMD_MEMORY	0x02
#define PCI_CMD_MASTER	0x04
#define PCI_STATUS	0x06
#define PCI_REVISION	0x08
#define PCI_HEADER_TYPE	0x0e
#define PCI_BAR0	0x10
#define PCI_BARS	6
#define PCI_SUBSYSTEM	0x2c
#define PCI_INT_LINE	0x3c
#define PCI_INT_PIN	0x3d

#define PCI_BAR_IO	0x01
#define PCI_BAR_PREFETCH 0x08

/**
 * struct pci_func - a function's configuration space
 * @config: its registers
 * @writable: the bits of them that the guest can change
 * @bar_size: bytes that a base address register decodes, 0: none
 * @changed: called after the guest wrote @len bytes at @reg
 * @arg: its first argument
 */
struct pci_func {
	u8 config[256];
	u8 writable[256];
	u32 bar_size[PCI_BARS];
	void (*changed)(void *arg, unsigned int reg, unsigned int len);
	void *arg;
};

/**
 * struct pci - bus 0
 * @address: port CF8h
 * @func: its functions, by device << 3 | function
 */
struct pci {
	u32 address;
	struct pci_func *func[256];
};

void pci_reset(struct pci *pci);
void pci_func_init(struct pci_func *f, u32 id, u32 class_rev);
void pci_func_bar(struct pci_func *f, unsigned int n, u32 size, u32 type);
u32 pci_func_get(const struct pci_func *f, unsigned int reg);
bool pci_func_bar_at(const struct pci_func *f, unsigned int n, u32 *base);
void pci_func_write(struct pci_func *f, unsigned int reg, u32 val, unsigned int size);
u32 pci_read(struct pci *pci, u16 port, unsigned int size);
void pci_write(struct pci *pci, u16 port, u32 val, unsigned int size);
void pci_state(struct pci *pci, struct state *s);

#endif
