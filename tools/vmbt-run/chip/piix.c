// SPDX-License-Identifier: GPL-2.0
/*
 * Intel's PIIX: the ISA bridge that routes PCI interrupts, and power management.
 *
 * The bridge is a PIIX3 (82371SB, order number 290550), power management that of
 * the PIIX4 (82371AB, order number 290562): the pair that firmware and guests
 * know from other virtual machines. The four PIRQ lines are wired as on most
 * boards: pin A of device n to line (n - 1) modulo 4, the next pin to the next
 * line. Of power management there are the timer, the fixed registers with the
 * power button, and soft off. There is no system management mode: the register
 * that would enable its interrupts says that firmware has been there already. What
 * SeaBIOS's ACPI tables promise of it, the change to ACPI mode and back, is done here.
 */
#include "piix.h"

#define ISA_ID		0x70008086
#define ISA_CLASS_REV	0x06010000
#define PM_ID		0x71138086
#define PM_CLASS_REV	0x06800003
#define SUBSYSTEM	0x11001af4

#define PIRQRC		0x60
#define PIRQ_OFF	0x80
#define PIRQ_IRQS	0xdef8	/* those that a PIRQ can be routed to */

#define PMBASE		0x40
#define DEVACTB		0x58
#define DEVACTB_APMC	0x02	/* in its byte 3 */
#define PMREGMISC	0x80
#define PMIOSE		0x01

#define PMSTS		0x00
#define PMEN		0x02
#define PMCNTRL		0x04
#define PMTMR		0x08
#define GPSTS		0x0c
#define GPEN		0x0e

#define STS_TIMER	0x0001
#define STS_BUTTON	0x0100
#define STS_KNOWN	0x8d31
#define EN_KNOWN	0x0521
#define CNT_SCI		0x0001
#define CNT_SUS_TYP	0x1c00
#define CNT_SUS_EN	0x2000

/* The FADT's ACPI_ENABLE and ACPI_DISABLE, for its SMI_CMD: APMC. */
#define APMC_ACPI_ON	0xf1
#define APMC_ACPI_OFF	0xf0

#define SCI_IRQ		9
#define NS_PER_SEC	1000000000ULL

/* What the PIRQ lines and the SCI make of the ISA interrupts. */
static void route(struct piix *p)
{
	u16 want = 0, change;
	unsigned int i;
	u8 rc;

	for (i = 0; i < PIIX_PIRQS; i++) {
		rc = p->isa.config[PIRQRC + i];
		if (p->pins[i] && !(rc & PIRQ_OFF) && PIRQ_IRQS & BIT(rc & 15))
			want |= BIT(rc & 15);
	}
	if (p->pm_control & CNT_SCI && p->pm_status & p->pm_enable & STS_BUTTON)
		want |= BIT(SCI_IRQ);
	change = want ^ p->level;
	p->level = want;
	for (i = 0; change; i++, change >>= 1)
		if (change & 1)
			p->set_irq(p->arg, i, want & BIT(i));
}

static void isa_changed(void *arg, unsigned int reg, unsigned int len)
{
	if (reg < PIRQRC + PIIX_PIRQS && reg + len > PIRQRC)
		route(arg);
}

static void pm_changed(void *arg, unsigned int reg, unsigned int len)
{
	struct piix *p = arg;
	u16 base = 0, was = p->pm_base;

	(void)reg;
	(void)len;
	if (p->pm.config[PMREGMISC] & PMIOSE)
		base = pci_func_get(&p->pm, PMBASE) & 0xffc0;
	if (base == was)
		return;
	p->pm_base = base;
	p->pm_moved(p->arg, was, base);
}

static void functions(struct piix *p)
{
	unsigned int i;

	p->isa.changed = isa_changed;
	p->isa.arg = p;
	pci_func_init(&p->isa, ISA_ID, ISA_CLASS_REV);
	p->isa.config[PCI_COMMAND] = PCI_CMD_IO | PCI_CMD_MEMORY | PCI_CMD_MASTER;
	p->isa.writable[PCI_COMMAND] = 0;
	p->isa.config[PCI_HEADER_TYPE] = 0x80;	/* more than one function */
	for (i = 0; i < PIIX_PIRQS; i++) {
		p->isa.config[PIRQRC + i] = PIRQ_OFF;
		p->isa.writable[PIRQRC + i] = 0x8f;
	}

	p->pm.changed = pm_changed;
	p->pm.arg = p;
	pci_func_init(&p->pm, PM_ID, PM_CLASS_REV);
	p->pm.writable[PCI_COMMAND] = PCI_CMD_IO;
	for (i = 0; i < 4; i++) {
		p->isa.config[PCI_SUBSYSTEM + i] = (u32)SUBSYSTEM >> 8 * i;
		p->pm.config[PCI_SUBSYSTEM + i] = (u32)SUBSYSTEM >> 8 * i;
	}
	p->pm.config[PCI_INT_PIN] = 1;
	p->pm.config[PMBASE] = 0x01;
	p->pm.writable[PMBASE] = 0xc0;
	p->pm.writable[PMBASE + 1] = 0xff;
	p->pm.config[DEVACTB + 3] = DEVACTB_APMC;
	p->pm.writable[PMREGMISC] = PMIOSE;
}

/**
 * piix_reset() - power-on state
 * @p: the chip, with its functions filled in
 */
void piix_reset(struct piix *p)
{
	*p = (struct piix){
		.set_irq = p->set_irq,
		.pm_moved = p->pm_moved,
		.power_off = p->power_off,
		.arg = p->arg,
	};
	functions(p);
}

/**
 * piix_set_pin() - a PCI device drives an interrupt pin
 * @p: the chip
 * @dev: number of the device
 * @pin: 0 for INTA# to 3 for INTD#
 * @level: asserted
 */
void piix_set_pin(struct piix *p, unsigned int dev, unsigned int pin, bool level)
{
	u32 *pins = &p->pins[(dev + pin + PIIX_PIRQS - 1) % PIIX_PIRQS];

	if (level)
		*pins |= BIT(dev);
	else
		*pins &= ~BIT(dev);
	route(p);
}

static u8 pm_byte(const struct piix *p, unsigned int reg, u32 timer)
{
	unsigned int shift = 8 * (reg & 1);

	switch (reg & ~1U) {
	case PMSTS:
		return p->pm_status >> shift;
	case PMEN:
		return p->pm_enable >> shift;
	case PMCNTRL:
		return p->pm_control >> shift;
	case PMTMR:
	case PMTMR + 2:
		return timer >> 8 * (reg & 3);
	case GPSTS:
		return p->gpe_status >> shift;
	case GPEN:
		return p->gpe_enable >> shift;
	default:
		return 0;
	}
}

/**
 * piix_pm_read() - the guest reads the ports of power management
 * @p: the chip
 * @reg: offset of the port
 * @size: 1, 2 or 4 bytes
 * @now: time in nanoseconds
 *
 * Return: the value.
 */
u32 piix_pm_read(struct piix *p, unsigned int reg, unsigned int size, u64 now)
{
	u32 timer = (now / NS_PER_SEC * PM_CLOCK + now % NS_PER_SEC * PM_CLOCK / NS_PER_SEC) &
		    0xffffff;
	unsigned int i;
	u32 val = 0;

	for (i = 0; i < size; i++)
		val |= (u32)pm_byte(p, reg + i, timer) << 8 * i;
	return val;
}

static u16 merge(u16 old, unsigned int reg, u8 val)
{
	return reg & 1 ? (old & 0x00ff) | val << 8 : (old & 0xff00) | val;
}

static void pm_write_byte(struct piix *p, unsigned int reg, u8 val)
{
	switch (reg & ~1U) {
	case PMSTS:	/* written ones clear */
		p->pm_status &= ~(merge(0, reg, val) & STS_KNOWN);
		break;
	case PMEN:
		p->pm_enable = merge(p->pm_enable, reg, val) & EN_KNOWN;
		break;
	case PMCNTRL:
		p->pm_control = merge(p->pm_control, reg, val);
		/* Suspend type 0 is soft off, the others want a wake-up that is not there. */
		if (p->pm_control & CNT_SUS_EN) {
			p->pm_control &= ~CNT_SUS_EN;
			if (!(p->pm_control & CNT_SUS_TYP))
				p->power_off(p->arg);
		}
		break;
	case GPSTS:
		p->gpe_status &= ~merge(0, reg, val);
		break;
	case GPEN:
		p->gpe_enable = merge(p->gpe_enable, reg, val);
		break;
	}
}

/**
 * piix_pm_write() - the guest writes the ports of power management
 * @p: the chip
 * @reg: offset of the port
 * @val: the value
 * @size: 1, 2 or 4 bytes
 */
void piix_pm_write(struct piix *p, unsigned int reg, u32 val, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		pm_write_byte(p, reg + i, val >> 8 * i);
	route(p);
}

/**
 * piix_apm_write() - the guest writes port B2h or B3h
 * @p: the chip
 * @reg: 0 for APMC, 1 for APMS
 * @val: the value
 */
void piix_apm_write(struct piix *p, unsigned int reg, u8 val)
{
	p->apm[reg & 1] = val;
	if (reg & 1)
		return;
	if (val == APMC_ACPI_ON)
		p->pm_control |= CNT_SCI;
	else if (val == APMC_ACPI_OFF)
		p->pm_control &= ~CNT_SCI;
	route(p);
}

/**
 * piix_gpe_read() - the guest reads the block of general-purpose events
 * @p: the chip
 * @reg: offset of the port: two of status, two of what is enabled
 *
 * It is where SeaBIOS's tables have it, not in the data sheet: for devices that come and
 * go. None do, but a guest must not take an empty bus for all events at once.
 *
 * Return: the value.
 */
u8 piix_gpe_read(struct piix *p, unsigned int reg)
{
	return reg < 2 ? 0 : p->hotplug_enable >> 8 * (reg & 1);
}

/**
 * piix_gpe_write() - the guest writes there
 * @p: the chip
 * @reg: offset of the port
 * @val: the value
 */
void piix_gpe_write(struct piix *p, unsigned int reg, u8 val)
{
	if (reg >= 2)
		p->hotplug_enable = merge(p->hotplug_enable, reg, val);
}

/**
 * piix_power_button() - somebody presses the button
 * @p: the chip
 */
void piix_power_button(struct piix *p)
{
	p->pm_status |= STS_BUTTON;
	route(p);
}

/**
 * piix_state() - save or restore all but the configuration space
 * @p: the chip
 * @s: where to
 */
void piix_state(struct piix *p, struct state *s)
{
	STATE(s, p->pins);
	STATE(s, p->pm_status);
	STATE(s, p->pm_enable);
	STATE(s, p->pm_control);
	STATE(s, p->gpe_status);
	STATE(s, p->gpe_enable);
	STATE(s, p->apm);
	STATE(s, p->hotplug_enable);
	if (s->load)
		route(p);
}
