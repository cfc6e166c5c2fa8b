/* SPDX-License-Identifier: GPL-2.0 */
/* Where guest.S and tscreset.c meet: guest physical addresses below 64 KiB. */
#ifndef VMBT_TSCRESET_GUEST_H
#define VMBT_TSCRESET_GUEST_H

#define CODE	0x1000
#define COUNT	0x2000		/* eight bytes: RDTSC at the end of a part */
#define TICKS	0x2010		/* how often the timer came */
#define DONE	0x84		/* the port that ends a part */

#ifndef __ASSEMBLER__
#include <stdint.h>
extern const uint8_t tscreset_guest[], tscreset_guest_end[];
#endif

#endif
