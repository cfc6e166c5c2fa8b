/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a chip as a string of bytes, to be kept and put back.
 *
 * Each chip has one function that names its registers in order; the same
 * function saves and restores, so that the two can't disagree. What is restored
 * is input from a file that anybody may have written: state_sane() bounds it.
 */
#ifndef VMBT_RUN_STATE_H
#define VMBT_RUN_STATE_H

#include <string.h>

#include "types.h"

/**
 * struct state - where state goes or comes from
 * @data: the bytes
 * @size: room, or how many there are
 * @pos: how many were used
 * @load: restoring
 * @bad: too little room, or a value that can't be
 */
struct state {
	u8 *data;
	size_t size;
	size_t pos;
	bool load;
	bool bad;
};

static inline void state_bytes(struct state *s, void *where, size_t len)
{
	if (s->bad || len > s->size - s->pos) {
		s->bad = true;
		return;
	}
	if (s->load)
		memcpy(where, s->data + s->pos, len);
	else
		memcpy(s->data + s->pos, where, len);
	s->pos += len;
}

#define STATE(s, var)	state_bytes(s, &(var), sizeof(var))

/* A bool that was restored from anything but 0 and 1 would be undefined. */
static inline void state_bool(struct state *s, bool *where)
{
	u8 val = *where;

	state_bytes(s, &val, 1);
	if (val > 1)
		s->bad = true;
	else
		*where = val;
}

static inline void state_sane(struct state *s, bool sane)
{
	if (!sane)
		s->bad = true;
}

#endif
