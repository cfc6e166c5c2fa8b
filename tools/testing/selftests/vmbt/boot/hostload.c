// SPDX-License-Identifier: GPL-2.0
/*
 * Measures from inside the test host, where a guest runs on the only CPU.
 *
 *   hostload spin SECONDS	take what nobody else wants (SCHED_IDLE) and print
 *				how many rounds of a loop a millisecond had
 *   hostload wake MICROSECONDS	wake up again and again, so that interrupts come
 *				out of step with the guest's clock
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS	20000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int spin(double seconds)
{
	struct sched_param idle = { 0 };
	unsigned long n = 0;
	double start, end;

	if (sched_setscheduler(0, SCHED_IDLE, &idle)) {
		perror("sched_setscheduler(SCHED_IDLE)");
		return 1;
	}
	start = now();
	do {
		for (int i = 0; i < ROUNDS; i++)
			asm volatile("" : "+r" (n));
		n += ROUNDS;
		end = now();
	} while (end - start < seconds);
	printf("rounds %.0f\n", n / ((end - start) * 1000));
	return 0;
}

static int wake(long us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (!nanosleep(&t, NULL))
		;
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "spin"))
		return spin(atof(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "wake"))
		return wake(atol(argv[2]));
	fprintf(stderr, "usage: hostload spin SECONDS | wake MICROSECONDS\n");
	return 2;
}
