/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opens files for a process that can't any more.
 *
 * Once the guest runs, a filter keeps vmbt-run from opening anything (sandbox.h).
 * What is needed later all the same - another CD, the kernel after a reset, a file
 * for a screen dump - comes from a small process that was forked before. It opens
 * under the user's own rights and hands back a descriptor.
 */
#ifndef VMBT_RUN_BROKER_H
#define VMBT_RUN_BROKER_H

#include "types.h"

void broker_start(void);
int broker_open(const char *path, int flags);
int broker_open_inside(const char *path);
int broker_connect(const char *where, bool local);
bool broker_serves(void);
int broker_serve(const char *path, const char *format);
void broker_allow(const char *path, int flags);
void broker_allow_inside(const char *folder);
void broker_remove_at_end(const char *path);
void broker_seal(bool named_only);

#endif
