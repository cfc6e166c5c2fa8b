// SPDX-License-Identifier: GPL-2.0
/*
 * The decoder held against binutils on real code.
 *
 * Reads the output of `objdump -d -z --insn-width=16` from standard input:
 * address, bytes, text. Our decoder must find each instruction valid and just
 * as long. Real code says little about rare opcodes (zydis.c has those), but
 * an error here would be one in every guest.
 *
 * Known habits of objdump: FWAIT joins the x87 instruction behind it, and
 * prefixes that it finds meaningless stand on lines of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../../../../arch/x86/vmbt/vmm/decode/decode.h"

static unsigned long nr_insns, nr_bad, nr_skipped;

static bool is_prefix(u8 b)
{
	return b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3 ||
	       b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x64 ||
	       b == 0x65;
}

static void check(const char *line, bool code32)
{
	const char *p = strchr(line, '\t');
	struct vmbt_insn in;
	unsigned int n = 0, val, i;
	u8 bytes[24], *b = bytes;
	int used, r;

	if (!p)
		return;
	p++;
	while (n < 16 && p[0] != '\t' &&
	       sscanf(p, "%2x%n", &val, &used) == 1 && used == 2) {
		bytes[n++] = val;
		p += used;
		while (*p == ' ')
			p++;
	}
	if (!n || *p != '\t')
		return;
	if (strstr(p, "(bad)") || strstr(p, ".byte")) {
		nr_skipped++;
		return;
	}
	if (bytes[0] == 0x9b && n > 1) {
		b++;
		n--;
	}
	for (i = 0; i < n && is_prefix(b[i]); i++)
		;
	if (i == n) {
		nr_skipped++;
		return;
	}
	nr_insns++;
	r = vmbt_decode(&in, b, n, code32);
	if (r == VMBT_DEC_OK && in.len == n)
		return;
	if (nr_bad++ < 20)
		printf("not ok decode/realcode: result %d, length %u: %s", r, in.len,
		       line);
}

int main(int argc, char **argv)
{
	bool code32 = argc < 2 || atoi(argv[1]) != 16;
	const char *name = argc > 2 ? argv[2] : "-";
	char line[512];

	while (fgets(line, sizeof(line), stdin))
		check(line, code32);
	if (!nr_insns) {
		printf("not ok decode/realcode %s: no instructions\n", name);
		return 1;
	}
	if (!nr_bad)
		printf("ok decode/realcode %s: %lu instructions, %lu lines without one\n",
		       name, nr_insns, nr_skipped);
	return nr_bad != 0;
}
