/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which name server the host has, for libslirp inside the sandbox.
 */
#ifndef VMBT_RUN_RESOLVER_H
#define VMBT_RUN_RESOLVER_H

#define RESOLVER	"/etc/resolv.conf"

void resolver_allow(void);

#endif
