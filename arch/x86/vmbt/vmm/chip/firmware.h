/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state in which a PC's firmware leaves interrupt controllers and timer.
 */
#ifndef VMBT_CHIP_FIRMWARE_H
#define VMBT_CHIP_FIRMWARE_H

#include "pic.h"
#include "pit.h"

void chip_firmware(struct pic *pic, struct pit *pit, u64 now);

#endif
