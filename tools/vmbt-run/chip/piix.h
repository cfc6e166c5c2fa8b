/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Intel's PIIX: the ISA bridge that routes PCI interrupts, and power management.
 */
#ifndef VMBT_RUN_PIIX_H
#define VMBT_RUN_PIIX_H

#include "pci.h"

#define PIIX_PIRQS	4
#define PM_PORTS	64
#define PM_CLOCK	3579545	/* Hz */

#define PIIX_GPE	0xafe0	/* GPE0_BLK in SeaBIOS's FADT */
#define PIIX_GPES	4

/**
 * struct piix - ISA bridge and power management
 * @isa: configuration space of the bridge
 * @pm: that of power management
 * @pins: for each PIRQ line, which device pins hold it down
 * @level: levels driven on the ISA interrupts
 * @pm_status: PMSTS
 * @pm_enable: PMEN
 * @pm_control: PMCNTRL
 * @gpe_status: GPSTS
 * @gpe_enable: GPEN
 * @hotplug_enable: the other half of the events for devices that come and go
 * @apm: APMC and APMS, ports B2h and B3h
 * @pm_base: where the ports of power management are, 0: nowhere
 * @set_irq: drives an interrupt
 * @pm_moved: called when @pm_base changed
 * @power_off: the guest switches the machine off
 * @arg: first argument of these
 */
struct piix {
	struct pci_func isa;
	struct pci_func pm;
	u32 pins[PIIX_PIRQS];
	u16 level;
	u16 pm_status;
	u16 pm_enable;
	u16 pm_control;
	u16 gpe_status;
	u16 gpe_enable;
	u16 hotplug_enable;
	u8 apm[2];
	u16 pm_base;
	void (*set_irq)(void *arg, unsigned int irq, bool level);
	void (*pm_moved)(void *arg, u16 from, u16 to);
	void (*power_off)(void *arg);
	void *arg;
};

void piix_reset(struct piix *p);
void piix_set_pin(struct piix *p, unsigned int dev, unsigned int pin, bool level);
u32 piix_pm_read(struct piix *p, unsigned int reg, unsigned int size, u64 now);
void piix_pm_write(struct piix *p, unsigned int reg, u32 val, unsigned int size);
void piix_apm_write(struct piix *p, unsigned int reg, u8 val);
u8 piix_gpe_read(struct piix *p, unsigned int reg);
void piix_gpe_write(struct piix *p, unsigned int reg, u8 val);
void piix_power_button(struct piix *p);
void piix_state(struct piix *p, struct state *s);

#endif
