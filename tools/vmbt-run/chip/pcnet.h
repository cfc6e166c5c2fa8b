/* SPDX-License-Identifier: GPL-2.0 */
/*
 * AMD's PCnet-PCI II (Am79C970A), an Ethernet controller.
 */
#ifndef VMBT_RUN_PCNET_H
#define VMBT_RUN_PCNET_H

#include <linux/vmbt.h>

#include "pci.h"
#include "state.h"
#include "types.h"

#define PCNET_PORTS	32	/* of the chip, in I/O space and in memory */
#define PCNET_PROM	16
#define PCNET_RDP	0x10
#define PCNET_CSRS	128
#define PCNET_BCRS	32
#define PCNET_FRAME_MAX	1518	/* with a VLAN tag, without FCS */
#define PCNET_FCS	4
#define PCNET_BATCH	16
#define PCNET_NEVER	(~0ULL)

/**
 * struct pcnet_fill - a receive descriptor that is filled
 * @at: its place
 * @raw: its word with OWN, which is clear
 * @total: bytes of the frame
 * @last: it is the frame's last
 */
struct pcnet_fill {
	u32 at;
	u32 raw;
	u32 total;
	bool last;
};

/**
 * struct pcnet - the chip
 * @pci: its configuration space
 * @prom: address PROM
 * @csr: control and status registers; 72 and 74 count up to zero
 * @bcr: bus configuration registers
 * @rap: register address port
 * @dwio: registers are 4 bytes wide
 * @line: level driven on the interrupt
 * @more: the transmitter has more to do, or the network had no room: call
 *	pcnet_transmit() again
 * @demanded: the guest asked for transmission since the ring was last polled
 * @polled: when polling last found a frame, in nanoseconds; 0: long ago
 * @poll: when to poll next, PCNET_NEVER if the chip does not
 * @fill: receive descriptors that the guest gets with the next pcnet_received()
 * @filled: how many
 * @set_irq: drives the interrupt
 * @memory: reads or writes guest memory; false if it is not RAM
 * @settle: before the guest may know of what was written
 * @send: gives a frame to the network; false if it has no room
 * @arg: first argument of these
 */
struct pcnet {
	struct pci_func pci;
	u8 prom[PCNET_PROM];
	u16 csr[PCNET_CSRS];
	u16 bcr[PCNET_BCRS];
	u8 rap;
	bool dwio;
	bool line;
	bool more;
	bool demanded;
	u64 polled;
	u64 poll;
	struct pcnet_fill fill[PCNET_BATCH];
	unsigned int filled;
	void (*set_irq)(void *arg, bool level);
	bool (*memory)(void *arg, u64 gpa, void *buf, u32 len, bool write);
	void (*settle)(void *arg);
	bool (*send)(void *arg, const u8 *frame, u32 len);
	void *arg;
};

void pcnet_reset(struct pcnet *p, const u8 *mac);
u32 pcnet_read(struct pcnet *p, unsigned int reg, unsigned int size);
void pcnet_write(struct pcnet *p, unsigned int reg, u32 val, unsigned int size);
unsigned int pcnet_rap_port(const struct pcnet *p);
unsigned int pcnet_quick(const struct pcnet *p, struct vmbt_pair_reg *reg);
void pcnet_transmit(struct pcnet *p);
u64 pcnet_poll(struct pcnet *p, u64 now);
bool pcnet_receive(struct pcnet *p, const u8 *frame, u32 len);
void pcnet_received(struct pcnet *p);
void pcnet_miss(struct pcnet *p);
void pcnet_state(struct pcnet *p, struct state *s);

/* Between pcnet.c and pcnetring.c. */
#define CSR0_INIT	0x0001
#define CSR0_STRT	0x0002
#define CSR0_STOP	0x0004
#define CSR0_TDMD	0x0008
#define CSR0_TXON	0x0010
#define CSR0_RXON	0x0020
#define CSR0_IENA	0x0040
#define CSR0_INTR	0x0080
#define CSR0_IDON	0x0100
#define CSR0_TINT	0x0200
#define CSR0_RINT	0x0400
#define CSR0_MERR	0x0800
#define CSR0_MISS	0x1000
#define CSR0_CERR	0x2000
#define CSR0_BABL	0x4000
#define CSR0_ERR	0x8000
#define CSR3_DXSUFLO	0x0040
#define CSR4_TXSTRT	0x0008
#define CSR4_MFCO	0x0200
#define CSR4_ASTRP	0x0400
#define CSR4_APAD	0x0800
#define CSR4_DPOLL	0x1000
#define CSR5_SPND	0x0001
#define CSR5_SINT	0x0800
#define CSR5_LTINTEN	0x4000
#define CSR5_TOKINTD	0x8000
#define MODE_DRX	0x0001
#define MODE_DTX	0x0002
#define MODE_LOOP	0x0004
#define MODE_DXMTFCS	0x0008
#define MODE_DRCVPA	0x2000
#define MODE_DRCVBC	0x4000
#define MODE_PROM	0x8000
#define CSR_IADR	1
#define CSR_LADRF	8
#define CSR_PADR	12
#define CSR_MODE	15
#define CSR_RX_BASE	24
#define CSR_TX_BASE	30
#define CSR_RX_AT	72
#define CSR_TX_AT	74
#define CSR_RX_LEN	76
#define CSR_TX_LEN	78
#define CSR_POLLINT	47
#define CSR_MISSED	112
#define BCR_SWS		20
#define SWS_STYLE	0x00ff
#define SWS_32BIT	0x0100

void pcnet_stop(struct pcnet *p);
void pcnet_abort(struct pcnet *p);
void pcnet_update(struct pcnet *p);
bool pcnet_init_block(struct pcnet *p);

#endif
