// SPDX-License-Identifier: GPL-2.0
/*
 * AMD's PCnet-PCI II (Am79C970A), an Ethernet controller: its registers.
 *
 * From its data sheet (publication 19436). Behind 32 ports are an address PROM and
 * a window on two sets of registers, CSRs and BCRs, of which one is named in the
 * register address port; the window has two layouts, for 16- and for 32-bit accesses.
 * What the registers have to do with memory, initialization block and descriptor
 * rings, is pcnetring.c's. The link is always up and nobody else is on the wire: no
 * collision, no loss of carrier. There is no EEPROM to program, and the LEDs
 * and bus timings that can be set make no difference.
 */
#include "pcnet.h"

#define PCI_ID		0x20001022
#define PCI_CLASS_REV	0x02000016
#define STATUS_FBTBC	0x80
#define STATUS_MEDIUM	0x02	/* these two in the high byte of the status */
#define STATUS_RMABORT	0x20
#define MIN_GNT		0x3e
#define MAX_LAT		0x3f

#define WIO_RAP		0x12
#define WIO_RESET	0x14
#define WIO_BDP		0x16
#define DWIO_RAP	0x14
#define DWIO_RESET	0x18
#define DWIO_BDP	0x1c

#define CSR0_EVENTS	0x7f00	/* written ones clear */
#define CSR0_CAUSES	(CSR0_BABL | CSR0_MISS | CSR0_MERR | CSR0_RINT | CSR0_TINT | CSR0_IDON)
#define CSR3_KEPT	0x5f7c
#define CSR4_KEPT	0xfd15
#define CSR4_EVENTS	0x022a	/* JAB TXSTRT RCVCCO MFCO, each with its mask below it */
#define CSR4_UINT	0x0040
#define CSR4_UINTCMD	0x0080
#define CSR4_DEFAULT	0x0115
#define CSR5_KEPT	0xc56f
#define CSR5_EVENTS	0x0a90	/* SINT SLPINT EXDINT MPINT, each with its enable below it */
#define CSR5_STOPPED	0x0006	/* magic packet mode ends with STOP */

#define CHIP_ID_LOW	0x1003	/* part 2621h, manufacturer 001h */
#define CHIP_ID_HIGH	0x0262

#define BCR_MC		2
#define BCR_LINK_LED	4
#define BCR_BSBC	18
#define MC_APROMWE	0x0100
#define LED_LINK	0x0040
#define LED_OUT		0x8000
#define BSBC_DWIO	0x0080
#define SWS_PCNET	0x0200
#define SWS_PARITY	0x0400

/* Drive the interrupt as the registers say. */
void pcnet_update(struct pcnet *p)
{
	u16 csr0 = p->csr[0] & ~(CSR0_ERR | CSR0_INTR);
	bool level;

	if (csr0 & (CSR0_BABL | CSR0_CERR | CSR0_MISS | CSR0_MERR))
		csr0 |= CSR0_ERR;
	if (csr0 & CSR0_CAUSES & ~p->csr[3] || p->csr[4] & CSR4_UINT ||
	    p->csr[4] & CSR4_EVENTS & ~(p->csr[4] << 1) ||
	    p->csr[5] & CSR5_EVENTS & p->csr[5] << 1)
		csr0 |= CSR0_INTR;
	p->csr[0] = csr0;
	level = csr0 & CSR0_INTR && csr0 & CSR0_IENA;
	if (level == p->line)
		return;
	p->line = level;
	p->set_irq(p->arg, level);
}

/* What STOP does; the rings and what was configured stay. */
void pcnet_stop(struct pcnet *p)
{
	p->csr[0] = CSR0_STOP;
	p->csr[4] &= ~(CSR4_EVENTS | CSR4_UINT);
	p->csr[5] &= ~(CSR5_EVENTS | CSR5_STOPPED | CSR5_SPND);
	p->more = false;
}

/*
 * No memory answered the bus master. The chip stops, and the PCI status says what it
 * was until the machine is reset.
 */
void pcnet_abort(struct pcnet *p)
{
	pcnet_stop(p);
	p->csr[5] |= CSR5_SINT;
	p->pci.config[PCI_STATUS + 1] |= STATUS_RMABORT;
	pcnet_update(p);
}

/* Reading the reset register: S_RESET. BCRs, address and rings stay. */
static void soft_reset(struct pcnet *p)
{
	pcnet_stop(p);
	p->csr[3] = 0;
	p->csr[4] = CSR4_DEFAULT;
	p->csr[5] = 0;
	p->csr[CSR_MODE] = 0;
	p->csr[CSR_MISSED] = 0;
	p->rap = 0;
	pcnet_update(p);
}

static void start(struct pcnet *p)
{
	p->csr[0] &= ~CSR0_STOP;
	p->csr[0] |= CSR0_STRT;
	if (!(p->csr[CSR_MODE] & MODE_DTX))
		p->csr[0] |= CSR0_TXON;
	if (!(p->csr[CSR_MODE] & MODE_DRX))
		p->csr[0] |= CSR0_RXON;
}

static void write_csr0(struct pcnet *p, u16 val)
{
	p->csr[0] &= ~(val & CSR0_EVENTS);
	p->csr[0] = (p->csr[0] & ~CSR0_IENA) | (val & CSR0_IENA);
	if (val & CSR0_STOP) {
		pcnet_stop(p);
		return;
	}
	if (val & CSR0_INIT && p->csr[0] & CSR0_STOP) {
		if (!pcnet_init_block(p)) {
			pcnet_abort(p);
			return;
		}
		p->csr[0] &= ~CSR0_STOP;
		p->csr[0] |= CSR0_INIT | CSR0_IDON;
	}
	if (val & CSR0_TDMD)
		p->demanded = true;
	if (val & CSR0_STRT && !(p->csr[0] & CSR0_STRT)) {
		start(p);
		val |= CSR0_TDMD;
	}
	if (val & CSR0_TDMD)
		pcnet_transmit(p);
}

static void write_style(struct pcnet *p, u16 val)
{
	static const u16 width[] = { SWS_PCNET, SWS_32BIT, SWS_PCNET | SWS_32BIT,
				     SWS_PCNET | SWS_32BIT };
	u16 style = val & SWS_STYLE;

	/* The data sheet leaves other styles undefined: they do not change it. */
	if (style < ARRAY_SIZE(width))
		p->bcr[BCR_SWS] = (val & SWS_PARITY) | width[style] | style;
}

static bool quiet(const struct pcnet *p)
{
	return p->csr[0] & CSR0_STOP || p->csr[5] & CSR5_SPND;
}

static u16 read_csr(const struct pcnet *p, u8 n)
{
	switch (n) {
	case 16: case 17:
		return p->csr[n - 15];
	case 58:
		return p->bcr[BCR_SWS];
	case 88:
		return CHIP_ID_LOW;
	case 89:
		return CHIP_ID_HIGH;
	default:
		return n < PCNET_CSRS ? p->csr[n] : 0;
	}
}

static void write_csr(struct pcnet *p, u8 n, u16 val)
{
	u16 events;

	switch (n) {
	case 0:
		write_csr0(p, val);
		break;
	case 3:
		p->csr[3] = val & CSR3_KEPT;
		break;
	case 4:
		events = p->csr[4] & (CSR4_EVENTS | CSR4_UINT) & ~val;
		if (val & CSR4_UINTCMD)
			events |= CSR4_UINT;
		p->csr[4] = (val & CSR4_KEPT) | events;
		break;
	case 5:
		events = p->csr[5] & CSR5_EVENTS & ~val;
		p->csr[5] = (val & CSR5_KEPT) | events;
		/* What waited while it was suspended. */
		if (!(val & CSR5_SPND))
			pcnet_transmit(p);
		break;
	case 16: case 17:
		if (quiet(p))
			p->csr[n - 15] = val;
		break;
	case 58:
		if (quiet(p))
			write_style(p, val);
		break;
	case 88: case 89:
		break;
	default:
		if (n < PCNET_CSRS && quiet(p))
			p->csr[n] = val;
		break;
	}
	pcnet_update(p);
}

static u16 read_bcr(const struct pcnet *p, u8 n)
{
	if (n >= PCNET_BCRS)
		return 0;
	if (n == BCR_LINK_LED && p->bcr[n] & LED_LINK)
		return p->bcr[n] | LED_OUT;
	if (n == BCR_BSBC)
		return p->bcr[n] | (p->dwio ? BSBC_DWIO : 0);
	return p->bcr[n];
}

static void write_bcr(struct pcnet *p, u8 n, u16 val)
{
	switch (n) {
	case BCR_MC:
	case 5: case 6: case 7: case 9:
		p->bcr[n] = val;
		break;
	case BCR_LINK_LED:
		p->bcr[n] = val & ~LED_OUT;
		break;
	case BCR_BSBC:
		p->bcr[n] = val & ~BSBC_DWIO;
		break;
	case BCR_SWS:
		if (quiet(p))
			write_style(p, val);
		break;
	}
}

/**
 * pcnet_read() - the guest reads a port of the chip
 * @p: the chip
 * @reg: its offset, below PCNET_PORTS
 * @size: 1, 2 or 4 bytes
 *
 * Return: the value. An access of a width that the layout does not have reads
 * all ones.
 */
u32 pcnet_read(struct pcnet *p, unsigned int reg, unsigned int size)
{
	u32 val = 0;
	unsigned int i;

	if (reg < PCNET_PROM) {
		for (i = 0; i < size && reg + i < PCNET_PROM; i++)
			val |= (u32)p->prom[reg + i] << 8 * i;
		return val;
	}
	/* Any width will do for this one. */
	if (reg == (p->dwio ? DWIO_RESET : WIO_RESET)) {
		soft_reset(p);
		return 0;
	}
	if (size != (p->dwio ? 4 : 2))
		return ~0U;
	if (reg == PCNET_RDP)
		return read_csr(p, p->rap);
	if (reg == (p->dwio ? DWIO_RAP : WIO_RAP))
		return p->rap;
	if (reg == (p->dwio ? DWIO_BDP : WIO_BDP))
		return read_bcr(p, p->rap);
	return ~0U;
}

/**
 * pcnet_write() - the guest writes a port of the chip
 * @p: the chip
 * @reg: its offset, below PCNET_PORTS
 * @val: the value
 * @size: 1, 2 or 4 bytes
 */
void pcnet_write(struct pcnet *p, unsigned int reg, u32 val, unsigned int size)
{
	unsigned int i;

	if (reg < PCNET_PROM) {
		for (i = 0; p->bcr[BCR_MC] & MC_APROMWE && i < size && reg + i < PCNET_PROM; i++)
			p->prom[reg + i] = val >> 8 * i;
		return;
	}
	/* The first 4 bytes at once switch the layout, until a hardware reset. */
	if (reg == PCNET_RDP && size == 4)
		p->dwio = true;
	if (size != (p->dwio ? 4 : 2))
		return;
	if (reg == PCNET_RDP)
		write_csr(p, p->rap, val);
	else if (reg == (p->dwio ? DWIO_RAP : WIO_RAP))
		p->rap = val;
	else if (reg == (p->dwio ? DWIO_BDP : WIO_BDP))
		write_bcr(p, p->rap, val);
}

/**
 * pcnet_rap_port() - where the register address port is in the layout of now
 * @p: the chip
 *
 * Return: its offset.
 */
unsigned int pcnet_rap_port(const struct pcnet *p)
{
	return p->dwio ? DWIO_RAP : WIO_RAP;
}

/**
 * pcnet_quick() - registers that need no look at the chip
 * @p: the chip
 * @reg: filled, two of them
 *
 * CSR0 reads without effects. Asking for transmission may wait, and so may letting
 * interrupts through when there is none. CSR3 has their masks.
 *
 * Return: how many.
 */
unsigned int pcnet_quick(const struct pcnet *p, struct vmbt_pair_reg *reg)
{
	reg[0] = (struct vmbt_pair_reg){
		.index = 0,
		.flags = VMBT_REG_LIVE | VMBT_REG_LATE,
		.mask = ~(u32)(CSR0_IENA | CSR0_TDMD),
		.kept = CSR0_IENA,
		.value = CSR0_CAUSES,
	};
	reg[1] = (struct vmbt_pair_reg){
		.index = 3,
		.flags = VMBT_REG_PLAIN | VMBT_REG_MASKS,
		.mask = CSR3_KEPT,
		.kept = CSR0_CAUSES,
		.value = p->csr[3],
	};
	return 2;
}

/* 6.1 of the data sheet: address, hardware identifier 11h, checksum, "WW". */
static void fill_prom(struct pcnet *p, const u8 *mac)
{
	unsigned int i;
	u16 sum = 0;

	memset(p->prom, 0, sizeof(p->prom));
	memcpy(p->prom, mac, 6);
	p->prom[9] = 0x11;
	p->prom[14] = 'W';
	p->prom[15] = 'W';
	for (i = 0; i < PCNET_PROM; i++)
		sum += p->prom[i];
	p->prom[12] = sum;
	p->prom[13] = sum >> 8;
}

static void functions(struct pcnet *p)
{
	struct pci_func *f = &p->pci;

	pci_func_init(f, PCI_ID, PCI_CLASS_REV);
	pci_func_bar(f, 0, PCNET_PORTS, PCI_BAR_IO);
	pci_func_bar(f, 1, PCNET_PORTS, 0);
	f->config[PCI_STATUS] = STATUS_FBTBC;
	f->config[PCI_STATUS + 1] = STATUS_MEDIUM;
	f->config[PCI_INT_PIN] = 1;
	f->config[MIN_GNT] = 0x06;
	f->config[MAX_LAT] = 0xff;
}

/**
 * pcnet_reset() - power-on state
 * @p: the chip, with its functions and those of @pci filled in
 * @mac: its address, 6 bytes
 */
void pcnet_reset(struct pcnet *p, const u8 *mac)
{
	static const struct { u8 n; u16 val; } defaults[] = {
		{ 0, 0x0005 }, { 1, 0x0005 }, { BCR_MC, 0x0002 }, { BCR_LINK_LED, 0x00c0 },
		{ 5, 0x0084 }, { 6, 0x0088 }, { 7, 0x0090 }, { BCR_BSBC, 0x9001 },
		{ 19, 0x0002 }, { BCR_SWS, SWS_PCNET },
	};
	unsigned int i;

	memset(p->csr, 0, sizeof(p->csr));
	memset(p->bcr, 0, sizeof(p->bcr));
	p->dwio = false;
	p->line = false;
	for (i = 0; i < ARRAY_SIZE(defaults); i++)
		p->bcr[defaults[i].n] = defaults[i].val;
	for (i = 0; i < 3; i++)
		p->csr[CSR_PADR + i] = mac[2 * i] | mac[2 * i + 1] << 8;
	p->csr[80] = 0x1410;
	p->demanded = false;
	p->polled = 0;
	p->poll = PCNET_NEVER;
	functions(p);
	fill_prom(p, mac);
	soft_reset(p);
}

/**
 * pcnet_state() - save or restore
 * @p: the chip; its configuration space is pci_state()'s
 * @s: where to
 *
 * Any value of a register is one that the guest could have written.
 */
void pcnet_state(struct pcnet *p, struct state *s)
{
	STATE(s, p->prom);
	STATE(s, p->csr);
	STATE(s, p->bcr);
	STATE(s, p->rap);
	state_bool(s, &p->dwio);
	state_bool(s, &p->more);
	if (!s->load)
		return;
	/* The clock here is another; what polls is found to do so anew. */
	p->polled = 0;
	p->poll = PCNET_NEVER;
	if (s->bad)
		soft_reset(p);
	write_style(p, p->bcr[BCR_SWS]);
	if ((p->bcr[BCR_SWS] & SWS_STYLE) > 3)
		p->bcr[BCR_SWS] = SWS_PCNET;
	pcnet_update(p);
	p->set_irq(p->arg, p->line);
}
