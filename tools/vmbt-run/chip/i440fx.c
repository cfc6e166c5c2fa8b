// SPDX-License-Identifier: GPL-2.0
/*
 * Intel's 82441FX: the host bridge, whose registers say what is RAM below 1 MiB.
 *
 * From its data sheet (order number 290549). Of its registers only the
 * programmable attribute map, 59h to 5Fh, does something here: firmware copies
 * itself from ROM to the RAM behind it and then forbids writes. There is no
 * SMRAM: system management mode is a CPU's that vmbt does not have, and the bit
 * that opens it can't be set. The subsystem is the one by which SeaBIOS
 * knows that it runs in a virtual machine (its src/fw/paravirt.c).
 */
#include "i440fx.h"

#define ID		0x12378086
#define CLASS_REV	0x06000002
#define SUBSYSTEM	0x11001af4
#define PAM0		0x59
#define PAM6		0x5f

#define PAM_READ	0x01
#define PAM_WRITE	0x02

static void changed(void *arg, unsigned int reg, unsigned int len)
{
	struct i440fx *h = arg;

	if (reg <= PAM6 && reg + len > PAM0)
		h->pam_changed(h->arg);
}

/**
 * i440fx_reset() - power-on state
 * @h: the bridge, with @pam_changed and @arg filled in
 */
void i440fx_reset(struct i440fx *h)
{
	struct pci_func *f = &h->pci;
	unsigned int i;

	f->changed = changed;
	f->arg = h;
	pci_func_init(f, ID, CLASS_REV);
	/* It decodes memory and is a master whatever software thinks. */
	f->config[PCI_COMMAND] = PCI_CMD_MEMORY | PCI_CMD_MASTER;
	f->writable[PCI_COMMAND] = 0;
	f->config[PCI_STATUS] = 0x80;
	f->config[PCI_STATUS + 1] = 0x02;
	for (i = 0; i < 4; i++)
		f->config[PCI_SUBSYSTEM + i] = (u32)SUBSYSTEM >> 8 * i;
	f->writable[PAM0] = 0x30;
	for (i = PAM0 + 1; i <= PAM6; i++)
		f->writable[i] = 0x33;
}

/**
 * i440fx_pam() - a range of the attribute map
 * @h: the bridge
 * @range: 0 to PAM_RANGES - 1, in order of addresses
 *
 * 16 KiB each from C0000h on, and 64 KiB at F0000h.
 *
 * Return: what answers there.
 */
struct pam i440fx_pam(const struct i440fx *h, unsigned int range)
{
	struct pam p = { .start = 0xf0000, .end = 0x100000 };
	u8 bits = h->pci.config[PAM0] >> 4;

	if (range < PAM_RANGES - 1) {
		p.start = 0xc0000 + range * 0x4000;
		p.end = p.start + 0x4000;
		bits = h->pci.config[PAM0 + 1 + range / 2] >> 4 * (range & 1);
	}
	p.read = bits & PAM_READ;
	p.write = bits & PAM_WRITE;
	return p;
}
