/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A serial line that leads to a socket: where, as the command line spells it.
 */
#ifndef VMBT_RUN_CHARSOCK_H
#define VMBT_RUN_CHARSOCK_H

#include "chardev.h"

/**
 * struct charsock - an address
 * @path: of a UNIX socket, or NULL
 * @host: of a TCP socket; empty: this machine
 * @port: of a TCP socket
 * @server: wait for others there, do not go there
 * @wait: the guest does not start before somebody came
 */
struct charsock {
	const char *path;
	const char *host;
	const char *port;
	bool server;
	bool wait;
};

const char *charsock_parse(struct charsock *a, const char *where);
void charsock_open(struct chardev *c, const char *label, const struct charsock *a);
void charsock_hang_up(struct chardev *c);

#endif
