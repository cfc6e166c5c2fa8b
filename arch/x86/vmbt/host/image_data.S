/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMM image, as data of the module: the module's signature covers it.
 */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign 4096
SYM_DATA_START(vmbt_image_start)
	.incbin VMBT_IMAGE_FILE
SYM_DATA_END_LABEL(vmbt_image_start, SYM_L_GLOBAL, vmbt_image_end)
