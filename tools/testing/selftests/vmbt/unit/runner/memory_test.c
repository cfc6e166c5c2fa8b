// SPDX-License-Identifier: GPL-2.0
/*
 * Guest RAM as the host's kernel sees it: where a huge page of its own can be behind
 * 2 MiB of the guest's, and no byte more than was asked for.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "memory.h"
#include "vmm.h"

#define MIB	(1024 * 1024ull)

/* memory_attach() is not called here. */
int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *host, bool readonly)
{
	(void)vmm, (void)slot, (void)gpa, (void)size, (void)host, (void)readonly;
	return -1;
}

/* Pages of this process's address space. */
static unsigned long space(void)
{
	unsigned long n = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

/* Flags of the mapping of an address, as /proc/self/smaps has them. */
static bool has_flag(const u8 *at, const char *flag)
{
	unsigned long start, end;
	bool here = false, found = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (unsigned long)at >= start && (unsigned long)at < end;
		else if (here && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	if (f)
		fclose(f);
	return found;
}

static void alignment(void)
{
	static const u64 sizes[] = { 2 * MIB, 3 * MIB, 64 * MIB, 64 * MIB + 4096 };
	struct memory m[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		memory_create(&m[i], sizes[i]);
		EXPECT_EQ((unsigned long)m[i].base % (2 * MIB), 0);
		EXPECT_EQ(m[i].size, sizes[i]);
		m[i].base[0] = 1;
		m[i].base[sizes[i] - 1] = 1;
	}
	for (i = 0; i < 4; i++)
		memory_destroy(&m[i]);
}

/* Nothing is left of what was mapped for the alignment's sake. */
static void nothing_else(void)
{
	unsigned long before, all = 0;
	struct memory m;
	unsigned int i;

	/* What the C library maps for the first file stays. */
	space();
	before = space();
	EXPECT(before);
	for (i = 0; i < 8; i++) {
		memory_create(&m, 3 * MIB);
		all = space() - before;
		EXPECT_EQ(all, 3 * MIB / 4096);
		memory_destroy(&m);
		EXPECT(!m.base);
		EXPECT_EQ(space(), before);
	}
}

static void huge_pages(void)
{
	struct memory m;

	memory_create(&m, 8 * MIB);
	/* A kernel without them has no such file, and no such flag. */
	EXPECT_EQ(has_flag(m.base, " hg"),
		  !access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK));
	memory_destroy(&m);
}

int main(void)
{
	CASE(alignment);
	CASE(nothing_else);
	CASE(huge_pages);
	return check_failed != 0;
}
