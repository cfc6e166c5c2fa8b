// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzz target without libFuzzer: on random inputs, by any compiler.
 *
 * For machines without clang, for kselftest and for gcov. A target may have a
 * random_input() of its own that knows what a good input looks like; libFuzzer
 * finds that out by itself. The inputs of a corpus are run first.
 *
 * NAME [RUNS [SEED [DIRECTORY]]], or NAME -f FILE...
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "input.h"

#define LONGEST	16384

static u8 buf[LONGEST];
static size_t size;
static u64 state;

/* What failed, to be kept: a line of corpus/. */
static void told(int sig)
{
	size_t i;

	fprintf(stderr, "# the input: ");
	for (i = 0; i < size; i++)
		fprintf(stderr, "%02x", buf[i]);
	fprintf(stderr, "\n");
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The sanitizers' options, read by their runtime if there is one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

static u32 below(u32 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (u32)(state >> 32) % n : (u32)(state >> 32);
}

__attribute__((weak)) size_t random_input(u8 *p, size_t max, u32 (*rnd)(u32 n))
{
	size_t n = 64 + rnd(max - 64), i;

	for (i = 0; i < n; i++)
		p[i] = rnd(256);
	return n;
}

static void one_file(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		exit(2);
	}
	size = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	LLVMFuzzerTestOneInput(buf, size);
}

static u32 directory(const char *path)
{
	struct dirent *e;
	char name[512];
	DIR *d = opendir(path);
	u32 n = 0;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		one_file(name);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	u64 runs = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000, i;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const char *name = strrchr(argv[0], '/');
	u32 kept = 0;
	int k;

	signal(SIGABRT, told);
	if (argc > 1 && !strcmp(argv[1], "-f")) {
		for (k = 2; k < argc; k++)
			one_file(argv[k]);
		return 0;
	}
	if (argc > 3)
		kept = directory(argv[3]);
	for (i = 0; i < runs; i++) {
		state = (seed << 32 | (i + 1)) * 0x9e3779b97f4a7c15ULL;
		size = random_input(buf, sizeof(buf), below);
		LLVMFuzzerTestOneInput(buf, size);
	}
	printf("ok fuzz/%s random # %llu inputs from seed %llu, %u kept ones\n",
	       name ? name + 1 : argv[0], runs, seed, kept);
	return 0;
}
