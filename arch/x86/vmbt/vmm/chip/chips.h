/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The chips that live in the VMM when user space asks for it.
 */
#ifndef VMBT_CHIP_CHIPS_H
#define VMBT_CHIP_CHIPS_H

#include "../../include/types.h"

struct vcpu;

bool chips_pio(u16 port, u8 dir, u8 *val);
bool chips_hurry(void);
bool chips_service(void);
u8 chips_ack(void);
bool chips_show(struct vcpu *v);
void chips_posted(struct vcpu *v);

#endif
