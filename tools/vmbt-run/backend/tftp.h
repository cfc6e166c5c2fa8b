/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files that libslirp hands out by TFTP, opened by the broker.
 */
#ifndef VMBT_RUN_TFTP_H
#define VMBT_RUN_TFTP_H

void tftp_allow(const char *folder);

#endif
