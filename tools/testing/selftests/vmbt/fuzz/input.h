/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes that a fuzz target works off, whoever made them.
 *
 * A target takes all its choices from its input, so that an input is a whole
 * test: it can be kept, shrunk and run again. Behind its end everything is 0.
 */
#ifndef VMBT_FUZZ_INPUT_H
#define VMBT_FUZZ_INPUT_H

#include <string.h>

#include "../../../../../arch/x86/vmbt/include/types.h"

/**
 * struct input - what is left of it
 * @p: the next byte
 * @left: how many there are
 */
struct input {
	const u8 *p;
	size_t left;
};

/* A number of @n bytes, 1 to 8. */
static inline u64 input_take(struct input *in, size_t n)
{
	u64 val = 0;

	if (n > in->left)
		n = in->left;
	if (n)
		memcpy(&val, in->p, n);
	in->p += n;
	in->left -= n;
	return val;
}

/* A number below @n, of as few bytes as that takes; any if @n is 0. */
static inline u32 input_below(struct input *in, u32 n)
{
	if (!n)
		return input_take(in, 4);
	return input_take(in, n <= 0x100 ? 1 : n <= 0x10000 ? 2 : 4) % n;
}

/* The first @n bytes as an input of their own. */
static inline struct input input_split(struct input *in, size_t n)
{
	struct input part = { in->p, n < in->left ? n : in->left };

	in->p += part.left;
	in->left -= part.left;
	return part;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* For random.c: fill an input, at most @max bytes; returns how many. */
size_t random_input(u8 *buf, size_t max, u32 (*below)(u32 n));

#endif
