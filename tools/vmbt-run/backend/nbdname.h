/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of NBD servers, and the way to one.
 */
#ifndef VMBT_RUN_NBDNAME_H
#define VMBT_RUN_NBDNAME_H

#include "types.h"

/**
 * struct nbd_name - a server's name, taken apart
 * @text: what the others point into
 * @local: it is at a UNIX socket
 * @where: the socket's path, or PORT:HOST
 * @export: which of the server's disks, "" for the usual one
 */
struct nbd_name {
	char text[512];
	bool local;
	char where[512];
	const char *export;
};

bool nbd_name_is(const char *path);
bool nbd_name_parse(struct nbd_name *n, const char *path);

/* nbdreach.c */
int nbd_reach(const char *where, bool local, unsigned int seconds);
const char *nbd_reach_why(int error);

#endif
