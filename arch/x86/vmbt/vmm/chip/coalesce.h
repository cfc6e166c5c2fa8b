/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses to user space's devices that do not leave the VMM.
 */
#ifndef VMBT_CHIP_COALESCE_H
#define VMBT_CHIP_COALESCE_H

#include "../../include/types.h"

bool coalesce_pio(u16 port, u8 dir, u8 size, void *data);
bool coalesce_mmio(u64 gpa, const void *data, u32 len);

#endif
