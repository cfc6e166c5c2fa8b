/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports that the VMM answers itself.
 *
 * A guest that waits by writing to the POST code port (80h, a microsecond of
 * the ISA bus) does so some 100,000 times while it boots; nobody looks at the
 * codes, and a trip to user space would make each wait a hundred times longer.
 */
#ifndef VMBT_CHIP_HOT_H
#define VMBT_CHIP_HOT_H

#include "../../include/types.h"

#define HOT_POST_PORT	0x80

/**
 * hot_port_write() - does a write end here?
 * @port: the port
 * @size: bytes written
 *
 * Return: true if there is nothing more to do
 */
static inline bool hot_port_write(u16 port, u8 size)
{
	return port == HOT_POST_PORT && size == 1;
}

#endif
