// SPDX-License-Identifier: GPL-2.0
/*
 * A failing program made small.
 *
 * Parts of it are taken out, one after the other, and stay out while the
 * program still fails: instructions become NOPs (so that all others stay where
 * they are), the end comes sooner, data and registers become zero. What is
 * left usually shows the cause without a debugger.
 */
#include <stdio.h>
#include <string.h>

#include "case.h"

/* Runs that a change must survive: what is random about them may matter. */
#define TRIES	8
/* Steps of the judge: a smaller program that runs longer is no progress. */
#define STEPS	5000

static struct program trial;

static bool fails(const struct program *p)
{
	u32 tries = p->what & (S_STEP | S_TRACE) ? TRIES : 1, i;
	const char *why;

	for (i = 0; i < tries; i++)
		if (compare(p, i, &why) == V_DIFFERS)
			return !judge(p, STEPS);
	return false;
}

static bool keep_if_fails(struct program *p)
{
	if (!memcmp(p, &trial, sizeof(trial)) || !fails(&trial))
		return false;
	*p = trial;
	return true;
}

/* Bytes that go together: an instruction, or one byte that is none. */
static u32 part(const struct program *p, u32 at)
{
	struct vmbt_insn in;

	if (vmbt_decode(&in, p->mem + CODE + at, VMBT_INSN_MAX,
			p->what & S_32) != VMBT_DEC_OK || at + in.len > p->len)
		return 1;
	return in.len;
}

static bool fewer_insns(struct program *p)
{
	bool any = false;
	u32 at, n;

	for (at = 0; at + 1 < p->len; at += n) {
		n = part(p, at);
		trial = *p;
		memset(trial.mem + CODE + at, 0x90, n);
		any |= keep_if_fails(p);
	}
	return any;
}

static bool sooner(struct program *p)
{
	bool any = false;
	u32 at;

	for (at = 0; at + 1 < p->len; at++) {
		trial = *p;
		memset(trial.mem + CODE + at, 0, p->len - at);
		trial.mem[CODE + at] = 0xf4;
		trial.len = at + 1;
		if (keep_if_fails(p)) {
			any = true;
			break;
		}
	}
	return any;
}

/* Zero [start, start + len), or the halves of it that may be. */
static bool less_data(struct program *p, u32 start, u32 len)
{
	bool any;

	trial = *p;
	memset(trial.mem + start, 0, len);
	if (!memcmp(trial.mem, p->mem, WIN_SIZE))
		return false;
	if (keep_if_fails(p))
		return true;
	if (len == 1)
		return false;
	any = less_data(p, start, len / 2);
	return less_data(p, start + len / 2, len - len / 2) || any;
}

static bool plainer_registers(struct program *p)
{
	bool any = false;
	u32 i, k;

	for (i = 0; i < 8; i++)
		for (k = 0; k < 3; k++) {
			trial = *p;
			trial.guest.gpr[i] &= k == 0 ? 0 : k == 1 ? 0xff : 0xffff;
			any |= keep_if_fails(p);
		}
	trial = *p;
	trial.guest.eflags &= ~VMBT_EFLAGS_ARITH;
	return keep_if_fails(p) || any;
}

void reduce(struct program *p)
{
	bool any;

	if (!fails(p)) {
		printf("# not reduced: it does not fail every time\n");
		return;
	}
	do {
		any = sooner(p);
		any |= fewer_insns(p);
		any |= less_data(p, DATA, WIN_SIZE - DATA);
		any |= plainer_registers(p);
	} while (any);
}

void print_program(const struct program *p)
{
	u32 at, n, i;
	struct vmbt_insn in;
	char text[80];

	printf("# from");
	for (i = 0; i < 8; i++)
		printf(" %08x", p->guest.gpr[i]);
	printf(" fl %08x limit %x\n", p->guest.eflags,
	       p->guest.seg[VMBT_CS].limit);
	for (at = 0; at < p->len; at += n) {
		n = part(p, at);
		if (p->mem[CODE + at] == 0x90)
			continue;
		printf("#   %08x", prog_off(p, CODE + at));
		for (i = 0; i < n; i++)
			printf(" %02x", p->mem[CODE + at + i]);
		if (vmbt_decode(&in, p->mem + CODE + at, VMBT_INSN_MAX,
				p->what & S_32) == VMBT_DEC_OK)
			vmbt_disasm(&in, prog_off(p, CODE + at), text,
				    sizeof(text));
		else
			snprintf(text, sizeof(text), "(bad)");
		printf("%*s %s\n", (int)(n < 11 ? 33 - 3 * n : 0), "", text);
	}
	for (i = DATA, n = 0; i < WIN_SIZE; i++)
		n += !!p->mem[i];
	for (i = DATA; n <= 32 && i < WIN_SIZE; i++)
		if (p->mem[i])
			printf("#   [%08x] %02x\n", prog_off(p, i), p->mem[i]);
}
