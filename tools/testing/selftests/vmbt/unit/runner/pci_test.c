// SPDX-License-Identifier: GPL-2.0
/*
 * PCI configuration mechanism 1, the host bridge and the PIIX, against the PCI
 * specification 2.1 and the data sheets of the 82441FX, 82371SB and 82371AB.
 */
#include "check.h"
#include "i440fx.h"
#include "pci.h"
#include "pcsetup.h"
#include "piix.h"

static struct pci pci;
static struct i440fx host;
static struct piix piix;
static struct pci_func card;
static unsigned int pams, changes, offs, irq_level, pm_from, pm_to;

static void on_pam(void *arg)
{
	(void)arg;
	pams++;
}

static void on_change(void *arg, unsigned int reg, unsigned int len)
{
	(void)arg;
	(void)reg;
	(void)len;
	changes++;
}

static void on_irq(void *arg, unsigned int irq, bool level)
{
	(void)arg;
	irq_level = level ? irq_level | BIT(irq) : irq_level & ~BIT(irq);
}

static void on_moved(void *arg, u16 from, u16 to)
{
	(void)arg;
	pm_from = from;
	pm_to = to;
}

static void on_off(void *arg)
{
	(void)arg;
	offs++;
}

static void start(void)
{
	memset(&pci, 0, sizeof(pci));
	pci_reset(&pci);
	host.pam_changed = on_pam;
	i440fx_reset(&host);
	piix = (struct piix){ .set_irq = on_irq, .pm_moved = on_moved, .power_off = on_off };
	piix_reset(&piix);
	card.changed = on_change;
	pci_func_init(&card, 0x11112222, 0x01000003);
	pci_func_bar(&card, 0, 0x1000, 0);
	pci_func_bar(&card, 1, 0x20, PCI_BAR_IO);
	pci.func[PCI_DEVFN(0, 0)] = &host.pci;
	pci.func[PCI_DEVFN(1, 0)] = &piix.isa;
	pci.func[PCI_DEVFN(1, 3)] = &piix.pm;
	pci.func[PCI_DEVFN(5, 0)] = &card;
	pams = 0;
	changes = 0;
	offs = 0;
	irq_level = 0;
	pm_from = 0;
	pm_to = 0;
}

static u32 get(u32 dev, u32 fn, u32 reg)
{
	pci_write(&pci, 0xcf8, 0x80000000 | dev << 11 | fn << 8 | (reg & 0xfc), 4);
	return pci_read(&pci, 0xcfc, 4);
}

static void put(u32 dev, u32 fn, u32 reg, u32 val, unsigned int size)
{
	pci_write(&pci, 0xcf8, 0x80000000 | dev << 11 | fn << 8 | (reg & 0xfc), 4);
	pci_write(&pci, 0xcfc | (reg & 3), val, size);
}

static void address_register(void)
{
	start();
	pci_write(&pci, 0xcf8, 0xffffffff, 4);
	EXPECT_EQ(pci_read(&pci, 0xcf8, 4), 0x80fffffc);
	/* bytes and words there are not the register's */
	pci_write(&pci, 0xcf8, 0x12, 1);
	pci_write(&pci, 0xcf8, 0x1234, 2);
	EXPECT_EQ(pci_read(&pci, 0xcf8, 4), 0x80fffffc);
	/* Linux's test for the mechanism */
	pci_write(&pci, 0xcfb, 0x01, 1);
	pci_write(&pci, 0xcf8, 0x80000000, 4);
	EXPECT_EQ(pci_read(&pci, 0xcf8, 4), 0x80000000);
	EXPECT_EQ(pci_read(&pci, 0xcfa, 1) & 0xff, 0xff);
}

static void sizes(void)
{
	start();
	EXPECT_EQ(get(0, 0, 0x00), 0x12378086);
	EXPECT_EQ(get(0, 0, 0x08) >> 8, 0x060000);
	EXPECT_EQ(get(0, 0, 0x0c), 0);		/* one function, header type 0 */
	pci_write(&pci, 0xcf8, 0x80000000, 4);
	EXPECT_EQ(pci_read(&pci, 0xcfc, 2), 0x8086);
	EXPECT_EQ(pci_read(&pci, 0xcfe, 2), 0x1237);
	EXPECT_EQ(pci_read(&pci, 0xcff, 1), 0x12);
	put(0, 0, 0, 0, 4);			/* an identification stays */
	EXPECT_EQ(get(0, 0, 0x00), 0x12378086);
	/* the bridge decodes memory and is a master for ever: data sheet, PCICMD */
	put(0, 0, 4, 0, 2);
	EXPECT_EQ(get(0, 0, 4) & 0xffff, 0x0006);
	/* past the register: nothing is written there, and reads find ones */
	put(5, 0, 0x3f, 0xffff, 2);
	EXPECT_EQ(get(5, 0, 0x40), 0);
	pci_write(&pci, 0xcf8, 0x80000000, 4);
	EXPECT_EQ(pci_read(&pci, 0xcff, 2), 0xff12);
}

static void nobody(void)
{
	u32 dev, fn;

	start();
	for (dev = 0; dev < 32; dev++)
		for (fn = 0; fn < 8; fn++)
			if (!pci.func[PCI_DEVFN(dev, fn)])
				EXPECT_EQ(get(dev, fn, 0), 0xffffffff);
	pci_write(&pci, 0xcf8, 0x80010000, 4);		/* bus 1 */
	EXPECT_EQ(pci_read(&pci, 0xcfc, 4), 0xffffffff);
	pci_write(&pci, 0xcf8, 0x00000000, 4);		/* not enabled */
	EXPECT_EQ(pci_read(&pci, 0xcfc, 4), 0xffffffff);
	pci_write(&pci, 0xcfc, 0, 4);
	EXPECT_EQ(changes, 0);
}

/* Specification, 6.2.5.1: all ones are written, what stays 0 is the size. */
static void bars(void)
{
	u32 base;

	start();
	put(5, 0, 0x10, 0xffffffff, 4);
	put(5, 0, 0x14, 0xffffffff, 4);
	put(5, 0, 0x18, 0xffffffff, 4);
	EXPECT_EQ(get(5, 0, 0x10), 0xfffff000);
	EXPECT_EQ(get(5, 0, 0x14), 0xffffffe1);
	EXPECT_EQ(get(5, 0, 0x18), 0);
	put(5, 0, 0x10, 0xe0001234, 4);
	put(5, 0, 0x14, 0xc040, 4);
	EXPECT(!pci_func_bar_at(&card, 0, &base));	/* not enabled yet */
	put(5, 0, 4, 0x0003, 2);
	EXPECT(pci_func_bar_at(&card, 0, &base));
	EXPECT_EQ(base, 0xe0001000);
	EXPECT(pci_func_bar_at(&card, 1, &base));
	EXPECT_EQ(base, 0xc040);
	EXPECT(!pci_func_bar_at(&card, 2, &base));
	put(5, 0, 4, 0x0001, 2);
	EXPECT(!pci_func_bar_at(&card, 0, &base));
	EXPECT_EQ(changes, 7);
}

/* 82441FX, 59h to 5Fh: bit 0 of each half read, bit 1 write. */
static void attribute_map(void)
{
	struct pam p;
	unsigned int i;

	start();
	for (i = 0; i < PAM_RANGES; i++) {
		p = i440fx_pam(&host, i);
		EXPECT(!p.read && !p.write);
		EXPECT_EQ(p.end - p.start, i == 12 ? 0x10000 : 0x4000);
		EXPECT_EQ(p.start, 0xc0000 + i * 0x4000);
	}
	put(0, 0, 0x59, 0xff, 1);	/* F0000h: high half only */
	EXPECT_EQ(get(0, 0, 0x58) >> 8 & 0xff, 0x30);
	EXPECT_EQ(pams, 1);
	p = i440fx_pam(&host, 12);
	EXPECT(p.read && p.write);
	put(0, 0, 0x5a, 0x12, 1);	/* C4000h read, C0000h write */
	p = i440fx_pam(&host, 0);
	EXPECT(!p.read && p.write);
	p = i440fx_pam(&host, 1);
	EXPECT(p.read && !p.write);
	put(0, 0, 0x5f, 0x10, 1);	/* EC000h */
	p = i440fx_pam(&host, 11);
	EXPECT(p.read && !p.write);
	put(0, 0, 0x60, 0xff, 1);	/* not one of them */
	EXPECT_EQ(pams, 3);
}

/* 82371SB, 60h to 63h: bit 7 off, else the interrupt. */
static void pirqs(void)
{
	start();
	piix_set_pin(&piix, 5, 0, true);	/* (5 + 0 - 1) % 4: PIRQA */
	EXPECT_EQ(irq_level, 0);
	put(1, 0, 0x60, 0x0b, 1);
	EXPECT_EQ(irq_level, BIT(11));
	put(1, 0, 0x60, 0x0a, 1);
	EXPECT_EQ(irq_level, BIT(10));
	put(1, 0, 0x61, 0x0a, 1);
	piix_set_pin(&piix, 6, 0, true);	/* PIRQB, the same interrupt */
	piix_set_pin(&piix, 5, 0, false);
	EXPECT_EQ(irq_level, BIT(10));
	piix_set_pin(&piix, 5, 1, true);	/* PIRQB as well */
	piix_set_pin(&piix, 6, 0, false);
	EXPECT_EQ(irq_level, BIT(10));
	piix_set_pin(&piix, 5, 1, false);
	EXPECT_EQ(irq_level, 0);
	piix_set_pin(&piix, 5, 0, true);
	put(1, 0, 0x60, 0x82, 1);
	EXPECT_EQ(irq_level, 0);
	put(1, 0, 0x60, 0x02, 1);		/* reserved: 0, 1, 2, 8, 13 */
	EXPECT_EQ(irq_level, 0);
	put(1, 0, 0x60, 0x0d, 1);
	EXPECT_EQ(irq_level, 0);
}

/* 82371AB, 7.1 and 7.2: power management's registers. */
static void power(void)
{
	u32 t;

	start();
	put(1, 3, 0x40, 0xffff, 2);
	EXPECT_EQ(get(1, 3, 0x40), 0xffc1);
	put(1, 3, 0x40, 0xb000, 2);
	EXPECT_EQ(pm_to, 0);
	put(1, 3, 0x80, 1, 1);
	EXPECT_EQ(pm_to, 0xb000);
	put(1, 3, 0x40, 0x600, 2);
	EXPECT_EQ(pm_from, 0xb000);
	EXPECT_EQ(pm_to, 0x600);
	/* the timer: 3.579545 MHz, 24 bits */
	t = piix_pm_read(&piix, 8, 4, 1000000000);
	EXPECT_EQ(t, 3579545);
	EXPECT_EQ(piix_pm_read(&piix, 8, 4, 5000000000ULL), 5 * 3579545 & 0xffffff);
	EXPECT_EQ(piix_pm_read(&piix, 9, 1, 1000000000), t >> 8 & 0xff);
	/* the power button is an SCI, IRQ 9, if enabled; 1 clears */
	piix_power_button(&piix);
	EXPECT_EQ(irq_level, 0);
	piix_pm_write(&piix, 2, 0x0100, 2);
	piix_pm_write(&piix, 4, 0x0001, 2);
	EXPECT_EQ(irq_level, BIT(9));
	EXPECT_EQ(piix_pm_read(&piix, 0, 2, 0), 0x0100);
	piix_pm_write(&piix, 0, 0x0100, 2);
	EXPECT_EQ(irq_level, 0);
	/* SUS_EN with type 0 is soft off; with another type nothing */
	piix_pm_write(&piix, 4, 0x2401, 2);
	EXPECT_EQ(offs, 0);
	piix_pm_write(&piix, 4, 0x2001, 2);
	EXPECT_EQ(offs, 1);
	EXPECT_EQ(piix_pm_read(&piix, 4, 2, 0), 0x0001);
}

/* FADT of SeaBIOS: F1h to B2h is ACPI_ENABLE, F0h ACPI_DISABLE, GPE0_BLK at AFE0h. */
static void acpi_mode(void)
{
	start();
	put(1, 3, 0x40, 0x600, 2);
	put(1, 3, 0x80, 1, 1);
	piix_power_button(&piix);
	piix_pm_write(&piix, 2, 0x0100, 2);
	piix_apm_write(&piix, 1, 0xf1);
	piix_apm_write(&piix, 0, 0x12);
	EXPECT_EQ(piix_pm_read(&piix, 4, 2, 0), 0);
	EXPECT_EQ(irq_level, 0);
	piix_apm_write(&piix, 0, 0xf1);
	EXPECT_EQ(piix_pm_read(&piix, 4, 2, 0), 1);
	EXPECT_EQ(irq_level, BIT(9));
	piix_apm_write(&piix, 0, 0xf0);
	EXPECT_EQ(piix_pm_read(&piix, 4, 2, 0), 0);
	EXPECT_EQ(irq_level, 0);
	EXPECT_EQ(piix.apm[0], 0xf0);
	EXPECT_EQ(piix.apm[1], 0xf1);

	/* No event ever; what is enabled is kept. */
	piix_gpe_write(&piix, 0, 0xff);
	piix_gpe_write(&piix, 2, 0x12);
	piix_gpe_write(&piix, 3, 0x34);
	EXPECT_EQ(piix_gpe_read(&piix, 0), 0);
	EXPECT_EQ(piix_gpe_read(&piix, 1), 0);
	EXPECT_EQ(piix_gpe_read(&piix, 2), 0x12);
	EXPECT_EQ(piix_gpe_read(&piix, 3), 0x34);
}

static void saved(void)
{
	static u8 kept[4096];
	struct state s = { .data = kept, .size = sizeof(kept) };

	start();
	put(1, 0, 0x60, 0x0b, 1);
	put(1, 3, 0x40, 0x600, 2);
	put(1, 3, 0x80, 1, 1);
	put(0, 0, 0x5a, 0x12, 1);
	piix_set_pin(&piix, 5, 0, true);
	piix_pm_write(&piix, 2, 0x0100, 2);
	pci_state(&pci, &s);
	piix_state(&piix, &s);
	EXPECT(!s.bad);
	start();
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	pci_state(&pci, &s);
	piix_state(&piix, &s);
	EXPECT(!s.bad);
	EXPECT_EQ(irq_level, BIT(11));
	EXPECT_EQ(pm_to, 0x600);
	EXPECT_EQ(piix_pm_read(&piix, 2, 2, 0), 0x0100);
	EXPECT_EQ(pams, 1);
	EXPECT(i440fx_pam(&host, 0).write);
	/* what is cut off is refused, and what can't be written stays */
	memset(kept, 0xff, sizeof(kept));
	s = (struct state){ .data = kept, .size = 100, .load = true };
	pci_state(&pci, &s);
	EXPECT(s.bad);
	EXPECT_EQ(get(0, 0, 0), 0x12378086);
}

/* What firmware leaves behind: addresses, routes, decoding, as the data sheets code it. */
static void set_up(void)
{
	struct pci_func ide;
	u32 base;

	start();
	pci_func_bar(&card, 2, 0x20, PCI_BAR_IO);
	card.config[PCI_INT_PIN] = 1;
	ide = (struct pci_func){ .changed = on_change };
	pci_func_init(&ide, 0x70108086, 0x01018000);
	memset(ide.writable + 0x40, 0xff, 4);
	pci.func[PCI_DEVFN(1, 1)] = &ide;
	pci.func[PCI_DEVFN(5, 0)] = NULL;
	pci.func[PCI_DEVFN(3, 0)] = &card;
	pc_setup(&pci);
	EXPECT(pci_func_bar_at(&card, 0, &base));
	EXPECT_EQ(base & 0xfff, 0);
	EXPECT(base >= 0xc0000000);
	EXPECT(pci_func_bar_at(&card, 1, &base));
	EXPECT_EQ(base, 0xc000);
	EXPECT(pci_func_bar_at(&card, 2, &base));
	EXPECT_EQ(base, 0xc020);
	EXPECT_EQ(pci_func_get(&ide, 0x40), 0x80008000);	/* IDETIM: both decode */
	EXPECT(i440fx_pam(&host, 0).write && i440fx_pam(&host, 12).read);
	/* where the register says that it goes is where it goes */
	irq_level = 0;
	piix_set_pin(&piix, 3, 0, true);
	EXPECT_EQ(irq_level, BIT(card.config[PCI_INT_LINE]));
	EXPECT_EQ(card.config[PCI_INT_LINE], 11);
}

int main(void)
{
	CASE(address_register);
	CASE(sizes);
	CASE(nobody);
	CASE(bars);
	CASE(attribute_map);
	CASE(pirqs);
	CASE(power);
	CASE(acpi_mode);
	CASE(saved);
	CASE(set_up);
	return check_failed != 0;
}
