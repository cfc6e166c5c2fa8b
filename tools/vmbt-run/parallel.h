/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The printer port: how chip, machine and the host's end are wired.
 */
#ifndef VMBT_RUN_PARALLEL_H
#define VMBT_RUN_PARALLEL_H

#include "loop.h"
#include "lpt.h"

struct machine;

/**
 * struct parallel - the port
 * @on: there is one
 * @chip: the chip
 * @machine: the machine
 * @fd: where bytes go, -1: nowhere
 * @failed: that could not be written once; said only once
 * @retry: when to try again what had no room
 */
struct parallel {
	bool on;
	struct lpt chip;
	struct machine *machine;
	int fd;
	bool failed;
	struct loop_timer retry;
};

void parallel_init(struct machine *m);
void parallel_power_on(struct machine *m);
void parallel_fini(struct parallel *p);

#endif
