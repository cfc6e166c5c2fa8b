// SPDX-License-Identifier: GPL-2.0
/*
 * Random numbers from a seed, and what makes an argument of an ioctl wrong:
 * values at the edges of what fields mean, put where a good argument has others.
 */
#include <string.h>

#include "abifuzz.h"

/* splitmix64 */
uint64_t rnd(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint32_t below(struct rng *r, uint32_t n)
{
	return (rnd(r) >> 32) * n >> 32;
}

bool one_in(struct rng *r, uint32_t n)
{
	return !below(r, n);
}

uint64_t odd_value(struct rng *r)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 63, 64, 127, 128, 255, 256, 4095,
		4096, 4097, 0x7fff, 0x8000, 0xffff, 0x10000, 0xfffff, 0x100000,
		0x400000, 0x7fffffff, 0x80000000, 0xffc00000, 0xfffff000,
		0xffffffff, 0x100000000, 0xfffffffff, 0x1000000000,
		0x7fffffffefff, 0x7ffffffff000, 0x800000000000,
		0xffff888000000000, 0xffffffff81000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};
	uint64_t v = edges[below(r, ARRAY_SIZE(edges))];

	switch (below(r, 6)) {
	case 0:
		return rnd(r);
	case 1:
		return v + 1;
	case 2:
		return v - 1;
	case 3:
		return 1ull << below(r, 64);
	default:
		return v;
	}
}

void mutate(struct rng *r, void *p, size_t size, unsigned int times)
{
	while (times-- && size) {
		size_t len = 1u << below(r, 4);
		uint64_t v = odd_value(r), old = 0;
		size_t at;

		while (len > size)
			len /= 2;
		/* The first words of a structure say what the rest means. */
		at = below(r, one_in(r, 2) ? size : size < 32 ? size : 32);
		at &= ~(len - 1);
		if (at + len > size)
			continue;
		memcpy(&old, (char *)p + at, len);
		if (one_in(r, 3))
			v = old ^ (1ull << below(r, len * 8));
		else if (one_in(r, 3))
			v = old + (one_in(r, 2) ? 1 : -1);
		memcpy((char *)p + at, &v, len);
	}
}

void scramble(struct rng *r, void *p, size_t size)
{
	uint8_t *b = p;
	uint64_t v;
	size_t i;

	for (i = 0; i < size; i += sizeof(v)) {
		v = rnd(r);
		memcpy(b + i, &v, size - i < sizeof(v) ? size - i : sizeof(v));
	}
}
