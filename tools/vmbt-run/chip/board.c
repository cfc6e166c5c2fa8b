// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of the board: PCI configuration space with a host bridge, the
 * reset register at CF9h, and port 92h.
 *
 * From the PCI local bus specification 2.1 (configuration mechanism 1) and the
 * data sheets of Intel's 82441FX and 82371AB. The only PCI function is the host
 * bridge: it makes guests trust the mechanism, and tells them that the bus is
 * empty. Address line A20 is always open; port 92h only remembers what it was
 * told, since no 32-bit system closes it.
 */
#include "board.h"

#define CONFIG_ENABLE	0x80000000
#define CF9_RESET	0x04
#define CF9_KEPT	0x02	/* hard or soft reset */
#define P92_RESET	0x01
#define P92_A20		0x02
#define P92_KEPT	0x03

/* The 82441FX at bus 0, device 0: vendor, device, revision, class. */
static u32 host_bridge(unsigned int reg)
{
	switch (reg) {
	case 0x00:
		return 0x12378086;
	case 0x08:
		return 0x06000002;	/* host bridge */
	default:
		return 0;
	}
}

static u32 config_read(const struct board *b, unsigned int offset, unsigned int size)
{
	u32 val = ~0U;

	if (b->config_address & CONFIG_ENABLE && !(b->config_address & 0x00ffff00))
		val = host_bridge(b->config_address & 0xfc) >> 8 * offset;
	return size == 4 ? val : val & ((1U << 8 * size) - 1);
}

/**
 * board_reset() - power-on state
 * @b: the board, with its functions filled in
 */
void board_reset(struct board *b)
{
	*b = (struct board){ .port92 = P92_A20, .reset = b->reset, .arg = b->arg };
}

/**
 * board_read() - the guest reads a register
 * @b: the board
 * @port: CF8h to CFFh, or 92h
 * @size: 1, 2 or 4 bytes
 *
 * Return: the value.
 */
u32 board_read(struct board *b, u16 port, unsigned int size)
{
	if (port == BOARD_PORT92)
		return b->port92;
	if (port >= BOARD_PCI + 4)
		return config_read(b, port & 3, size);
	if (port == BOARD_PCI && size == 4)
		return b->config_address;
	if (port == BOARD_CF9 && size == 1)
		return b->reset_control;
	return ~0U;
}

/**
 * board_write() - the guest writes a register
 * @b: the board
 * @port: CF8h to CFFh, or 92h
 * @val: the value
 * @size: 1, 2 or 4 bytes
 *
 * CF8h is the address register only for an access of 4 bytes; a byte at CF9h
 * is the reset register. The bridge has nothing that can be written.
 */
void board_write(struct board *b, u16 port, u32 val, unsigned int size)
{
	if (port == BOARD_PORT92) {
		if (val & ~b->port92 & P92_RESET)
			b->reset(b->arg);
		b->port92 = val & P92_KEPT;
	} else if (port == BOARD_PCI && size == 4) {
		b->config_address = val & 0x80fffffc;
	} else if (port == BOARD_CF9 && size == 1) {
		if (val & ~b->reset_control & CF9_RESET)
			b->reset(b->arg);
		b->reset_control = val & (CF9_KEPT | CF9_RESET);
	}
}
