/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The version, as people and programs are told it.
 */
#ifndef VMBT_RUN_VERSION_H
#define VMBT_RUN_VERSION_H

#include <jansson.h>

#ifndef VMBT_VERSION
#define VMBT_VERSION "0.1"
#endif

json_t *version_json(void);

#endif
