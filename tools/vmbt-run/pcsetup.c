// SPDX-License-Identifier: GPL-2.0
/*
 * What a PC's firmware does to PCI devices, for a kernel that starts without.
 *
 * Base addresses, decoding, the routes of the interrupts and the registers that
 * tell a driver about them, shadow RAM below 1 MiB, the IDE channels' decoding:
 * through the same registers that firmware writes. Interrupts go to IRQ 10 and 11,
 * which chip_firmware() makes level-triggered.
 */
#include "pcsetup.h"

#include "pci.h"

#define IO_FROM		0xc000
#define MEMORY_FROM	0xe0000000	/* above all RAM, below the APIC's place */

#define DEV_HOST	PCI_DEVFN(0, 0)
#define PAM0		0x59
#define PAM_COUNT	7
#define PAM_RAM		0x33

#define DEV_ISA		PCI_DEVFN(1, 0)
#define PIRQRC		0x60
#define PIRQ_LINES	4

#define DEV_IDE		PCI_DEVFN(1, 1)
#define IDE_TIMING	0x40
#define IDE_DECODE	0x80008000	/* both channels answer */

static const u8 pirq_irq[PIRQ_LINES] = { 10, 10, 11, 11 };

/* Place what a function decodes, each piece at a multiple of its size. */
static void place(struct pci_func *f, u32 *io, u32 *memory)
{
	unsigned int n;
	u32 size, *at;

	for (n = 0; n < PCI_BARS; n++) {
		size = f->bar_size[n];
		if (!size)
			continue;
		at = f->config[PCI_BAR0 + 4 * n] & PCI_BAR_IO ? io : memory;
		*at = (*at + size - 1) & -size;
		pci_func_write(f, PCI_BAR0 + 4 * n, *at, 4);
		*at += size;
	}
	pci_func_write(f, PCI_COMMAND,
		       f->config[PCI_COMMAND] | PCI_CMD_IO | PCI_CMD_MEMORY, 1);
}

/**
 * pc_setup() - set up all functions of a bus that was reset
 * @pci: the bus, with host bridge, ISA bridge and IDE controller
 */
void pc_setup(struct pci *pci)
{
	u32 io = IO_FROM, memory = MEMORY_FROM;
	struct pci_func *f;
	unsigned int i, pin;

	for (i = 0; i < PAM_COUNT; i++)
		pci_func_write(pci->func[DEV_HOST], PAM0 + i, PAM_RAM, 1);
	for (i = 0; i < PIRQ_LINES; i++)
		pci_func_write(pci->func[DEV_ISA], PIRQRC + i, pirq_irq[i], 1);
	pci_func_write(pci->func[DEV_IDE], IDE_TIMING, IDE_DECODE, 4);

	for (i = 0; i < ARRAY_SIZE(pci->func); i++) {
		f = pci->func[i];
		if (!f)
			continue;
		place(f, &io, &memory);
		pin = f->config[PCI_INT_PIN];
		if (pin)
			pci_func_write(f, PCI_INT_LINE,
				       pirq_irq[((i >> 3) + pin - 2) % PIRQ_LINES], 1);
	}
}
