/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where modules are: the parts of vmbt-run that need a library of their own.
 */
#ifndef VMBT_RUN_MODULE_H
#define VMBT_RUN_MODULE_H

void *module_load(const char *name);

#endif
