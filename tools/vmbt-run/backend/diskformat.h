/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Formats of images that are not raw.
 */
#ifndef VMBT_RUN_DISKFORMAT_H
#define VMBT_RUN_DISKFORMAT_H

#include "types.h"

const char *disk_format(int fd);
const char *disk_format_named(const char *name);

#endif
