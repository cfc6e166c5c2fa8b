// SPDX-License-Identifier: GPL-2.0
/*
 * Random programs, raw against translated: the suites.
 *
 * usage: random [SECONDS [SEED [CASES [SUITE...]]]]
 *
 * Each suite runs programs of consecutive seeds until the time or the number
 * of cases is up. A program that fails is made small and printed; the rest of
 * its suite runs on, up to five failures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "case.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"

static const struct {
	const char *name;
	u32 what;
} suites[] = {
	{ "random-32", S_32 },
	{ "random-16", 0 },
	{ "user-32", S_32 | S_USER },
	{ "user-16", S_USER },
	{ "limits-32", S_32 | S_LIMIT },
	{ "limits-16", S_LIMIT },
	{ "privileged-32", S_32 | S_PRIV },
	{ "privileged-16", S_PRIV },
	{ "traced-32", S_32 | S_TRACE },
	{ "traced-16", S_TRACE },
	{ "stack-32", S_32 | S_STACK },
	{ "stack-16", S_STACK },
	{ "user-stack-32", S_32 | S_STACK | S_USER },
	{ "privileged-stack-32", S_32 | S_STACK | S_PRIV },
	{ "privileged-stack-16", S_STACK | S_PRIV },
	{ "interp-32", S_32 | S_INTERP },
	{ "interp-16", S_INTERP },
	{ "interp-stack-32", S_32 | S_STACK | S_INTERP },
	{ "interp-stack-16", S_STACK | S_INTERP },
	{ "interp-user-32", S_32 | S_USER | S_INTERP },
	{ "segments-32", S_32 | S_SEGS | S_USER },
	{ "segments-16", S_SEGS | S_USER },
	{ "interp-segments-32", S_32 | S_SEGS | S_USER | S_INTERP },
	{ "interp-segments-16", S_SEGS | S_USER | S_INTERP },
	{ "kernel-32", S_32 | S_PRIV | S_SEGS },
	{ "kernel-16", S_PRIV | S_SEGS | S_STACK },
	{ "kernel-steps-32", S_32 | S_PRIV | S_SEGS | S_STEP },
	{ "steps-32", S_32 | S_STEP },
	{ "steps-16", S_STEP },
	{ "limits-steps-16", S_LIMIT | S_STEP },
	{ "privileged-steps-32", S_32 | S_PRIV | S_STEP },
};

static const char * const verdict_name[V_NR] = {
	[V_SAME] = "same",
	[V_DIFFERS] = "differ for a reason",
	[V_UNENDING] = "do not end",
	[V_UNSUPPORTED] = "need more than the interpreter",
	[V_CPU_BUG] = "meet a bug of this CPU",
};

/* Reasons that judge() gave, in the order of their coming up. */
static struct {
	const char *why;
	u32 n;
} reasons[32];

static struct program prog;
static u32 count[V_NR];
static u64 total, total_same;
static u32 failures;

static void excuse(const char *why)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reasons) - 1 && reasons[i].why; i++)
		if (!strcmp(reasons[i].why, why))
			break;
	reasons[i].why = why;
	reasons[i].n++;
}

static void show(const char *name, const struct outcome *o)
{
	int i;

	printf("# %-6s why %d vec %d err %x cr2 %x eip %08x fl %08x", name,
	       o->why, o->exc.vector, o->exc.error, o->exc.cr2, o->eip,
	       o->eflags);
	for (i = 0; i < 8; i++)
		printf(" %08x", o->gpr[i]);
	for (i = 0; i < VMBT_NSEG && (prog.what & S_SEGS); i++)
		printf(" %x", o->sel[i]);
	printf("\n");
}

static void show_both(void)
{
	u32 i, shown = 0;

	show(prog.what & S_PRIV ? "interp" : "raw", &out_a);
	show(prog.what & S_INTERP ? "interp" : "bt", &out_b);
	for (i = 0; i < WIN_SIZE && shown < 8; i++)
		if (out_a.mem[i] != out_b.mem[i]) {
			printf("# memory at %x: %02x %02x\n",
			       prog_off(&prog, i), out_a.mem[i], out_b.mem[i]);
			shown++;
		}
}

static void one(const char *suite, u32 what, u64 seed)
{
	const char *why, *reason, *unused;
	enum verdict v;

	gen_program(&prog, what, seed);
	v = compare(&prog, seed, &why);
	count[v]++;
	if (v != V_DIFFERS)
		return;
	reason = judge(&prog, 1000000);
	if (reason) {
		excuse(reason);
		return;
	}
	/* judge() keeps the outcomes; compare() again would not. */
	printf("# seed %llu\n", seed);
	show_both();
	print_program(&prog);
	reduce(&prog);
	compare(&prog, 0, &unused);
	printf("# reduced:\n");
	show_both();
	print_program(&prog);
	printf("not ok %s: seed %llu: %s differ\n", suite, seed, why);
	failures++;
}

static void report(const char *name, u32 before, clock_t start)
{
	u32 i, n = 0;

	for (i = 0; i < V_NR; i++)
		n += count[i];
	total += n;
	total_same += count[V_SAME];
	for (i = V_DIFFERS; i < V_NR; i++)
		if (count[i])
			printf("# %s: %u %s\n", name, count[i], verdict_name[i]);
	for (i = 0; i < ARRAY_SIZE(reasons) && reasons[i].why; i++)
		printf("# %s: %u x %s\n", name, reasons[i].n, reasons[i].why);
	/* Too much left out is a failure, too. */
	if (count[V_UNENDING] > n / 20 + 5 || count[V_DIFFERS] > n / 10 + 5) {
		printf("not ok %s: %u do not end, %u differ for a reason\n",
		       name, count[V_UNENDING], count[V_DIFFERS]);
		failures++;
	}
	if (failures == before)
		printf("ok %s # %u programs, %u the same, %ld ms\n", name, n,
		       count[V_SAME], (clock() - start) / (CLOCKS_PER_SEC / 1000));
	memset(count, 0, sizeof(count));
	memset(reasons, 0, sizeof(reasons));
}

static void suite(const char *name, u32 what, u64 seed, u32 seconds, u64 max)
{
	time_t end = time(NULL) + seconds;
	clock_t start = clock();
	u32 before = failures;
	u64 i;

	/* One of these takes as long as twenty others. */
	if (what & S_STEP)
		max = (max + 15) / 16;
	for (i = 0; i < max && failures < before + 5; i++) {
		if (!(i & 63) && time(NULL) >= end)
			break;
		one(name, what, seed + i);
	}
	report(name, before, start);
}

static bool named(const char *name, char **list, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return true;
	return n <= 0;
}

int main(int argc, char **argv)
{
	u32 seconds = argc > 1 ? atoi(argv[1]) : 8;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u64 max = argc > 3 ? strtoull(argv[3], NULL, 0) : ~0ULL;
	u32 i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	native_init();
	native_window(WIN, WIN + WIN_SIZE);
	printf("# first seed %llu\n", seed);
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		if (named(suites[i].name, argv + 4, argc - 4))
			suite(suites[i].name, suites[i].what, seed,
			      seconds ? seconds : 1, max);
	printf("# %llu programs, %llu the same\n", total, total_same);
	printf("# %llu steps, %llu restarts, %llu units, %llu chains, %llu misses, %llu straight\n",
	       native_steps, native_restarts, native_vcpu.stats->units, native_vcpu.stats->chains,
	       native_vcpu.stats->hash_misses, native_straight);
	return failures ? 1 : 0;
}
