/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a PC's firmware does to PCI devices, for a kernel that starts without.
 */
#ifndef VMBT_RUN_PCSETUP_H
#define VMBT_RUN_PCSETUP_H

struct pci;

void pc_setup(struct pci *pci);

#endif
