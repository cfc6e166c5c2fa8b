/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drives' contents in memory, the same for all of them: requests wait until the test
 * lets them be done, one at a time, so that a test decides what a guest does meanwhile.
 */
#ifndef VMBT_UNIT_FAKEDISK_H
#define VMBT_UNIT_FAKEDISK_H

#include <errno.h>
#include <stdlib.h>

#include "disk.h"

#define FAKE_SECTORS	5760

static u8 fake_data[FAKE_SECTORS * DISK_SECTOR];
static struct disk_req *fake_req;
static unsigned int fake_flushes;
static int fake_error;

/* In the place of backend/disk.c's. */
void disk_submit(struct disk_req *r)
{
	struct disk_req **at = &fake_req;

	if (r->busy || r->count * DISK_SECTOR > 128 * 1024)
		abort();
	while (*at)
		at = &(*at)->next;
	r->busy = true;
	r->next = NULL;
	*at = r;
}

static inline void fake_done(void)
{
	struct disk_req *r = fake_req;
	int rc = fake_error;

	if (!r)
		return;
	fake_req = r->next;
	if (r->op == DISK_FLUSH)
		fake_flushes++;
	else if (r->sector > r->disk->sectors || r->count > r->disk->sectors - r->sector)
		rc = -EINVAL;
	else if (r->op == DISK_READ)
		memcpy(r->buf, fake_data + r->sector * DISK_SECTOR, r->count * DISK_SECTOR);
	else if (r->disk->readonly)
		rc = -EROFS;
	else
		memcpy(fake_data + r->sector * DISK_SECTOR, r->buf, r->count * DISK_SECTOR);
	r->busy = false;
	r->done(r->arg, rc);
}

static inline void fake_fill(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(fake_data); i++)
		fake_data[i] = i / DISK_SECTOR * 7 + i % 251;
	fake_req = NULL;
	fake_flushes = 0;
	fake_error = 0;
}

#endif
