// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile kernels and initial RAM disks against vmbt-run's loader.
 *
 * The input is the two files, the command line and the size of memory. RAM is
 * between two pages that nobody may touch, behind as much room as a loader
 * gone wrong could reach. If the loader takes it, all that the boot protocol
 * promises must hold: where things are, that they do not overlap, that they are
 * what the files say, and that the kernel is told the truth about memory.
 *
 *   2 bytes   RAM in pages beyond 2 MiB
 *   1 byte    length of the command line / 8
 *   2 bytes   length of the initial RAM disk
 *   1 byte    bit 0: the rest has changes to a kernel that is right, in triples
 *             of offset (2 bytes) and value; else the rest is the kernel
 *             bit 1: with an upper bound for the RAM disk, bit 2: not relocatable
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/bootparam.h>
#include <linux/kvm.h>

#include "input.h"

#include "loader.h"
#include "memory.h"
#include "options.h"
#include "util.h"
#include "vmm.h"

#define MAX_RAM		(3U << 20)
#define GUARD		(64U << 20)
#define KERNEL_AT	0x100000
#define HEADER_AT	0x1f1
#define MADE		8192		/* bytes of a kernel that is made here */

#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz/loader: %s\n", #cond);		\
		abort();						\
	}								\
} while (0)

static u8 *ram;
static int kernel_fd = -1, initrd_fd = -1;
static char kernel_path[32], initrd_path[32], text[2048];
static u8 kernel[0x10000], initrd[0x10000];

/* There is no VM to attach the RAM to. */
int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	(void)vmm;
	(void)slot;
	(void)gpa;
	(void)size;
	(void)where;
	(void)readonly;
	abort();
}

__noreturn void die(const char *fmt, ...)
{
	fprintf(stderr, "fuzz/loader: %s\n", fmt);
	abort();
}

static int file(const char *name, char *path, size_t size)
{
	int fd = memfd_create(name, 0);

	REQUIRE(fd >= 0);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

static void setup(void)
{
	u8 *p = mmap(NULL, MAX_RAM + 2 * GUARD, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	REQUIRE(p != MAP_FAILED);
	ram = p + GUARD;
	kernel_fd = file("kernel", kernel_path, sizeof(kernel_path));
	initrd_fd = file("initrd", initrd_path, sizeof(initrd_path));
}

static void fill(int fd, const void *data, size_t size)
{
	REQUIRE(!ftruncate(fd, 0));
	REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
}

/* A kernel that the loader takes, but for what the input changes. */
static size_t make_kernel(struct input *in, u8 how)
{
	struct setup_header *h = (void *)(kernel + HEADER_AT);
	u32 i, at;

	for (i = 0; i < MADE; i++)
		kernel[i] = i * 7 + (i >> 8);
	memset(h, 0, sizeof(*h));
	h->setup_sects = 3;
	h->boot_flag = 0xaa55;
	h->header = 0x53726448;
	h->jump = 0x66eb;
	h->version = 0x20f;
	h->loadflags = LOADED_HIGH;
	h->syssize = (MADE - 4 * 512) / 16;
	h->cmdline_size = 2047;
	h->initrd_addr_max = how & 2 ? 0x1fffff : 0x7fffffff;
	h->kernel_alignment = 0x1000;
	h->relocatable_kernel = !(how & 4);
	h->pref_address = KERNEL_AT;
	h->init_size = 0x20000;
	while (in->left) {
		at = input_take(in, 2) % MADE;
		kernel[at] = input_take(in, 1);
	}
	return MADE;
}

static bool zero(u64 from, u64 to)
{
	return from == to || (!ram[from] && !memcmp(ram + from, ram + from + 1, to - from - 1));
}

static void check(const struct memory *mem, const struct boot_entry *entry,
		  size_t kernel_size, size_t initrd_size)
{
	const struct boot_params *p = (void *)(ram + LOADER_PARAMS);
	const struct setup_header *h = (void *)(kernel + HEADER_AT);
	u64 setup = ((h->setup_sects ? h->setup_sects : 4) + 1) * 512;
	u64 end = KERNEL_AT + kernel_size - setup, last = 0, start, need;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	u32 i;

	REQUIRE(entry->eip == KERNEL_AT && entry->params == LOADER_PARAMS);
	REQUIRE(setup < kernel_size && end <= mem->size);
	REQUIRE(!memcmp(ram + KERNEL_AT, kernel + setup, kernel_size - setup));
	REQUIRE(p->hdr.header == 0x53726448 && p->hdr.version >= 0x20a);
	REQUIRE(p->hdr.type_of_loader == 0xff && p->hdr.code32_start == KERNEL_AT);
	REQUIRE(p->hdr.cmd_line_ptr == LOADER_CMDLINE);
	REQUIRE(!strcmp((char *)ram + LOADER_CMDLINE, text));
	REQUIRE(strlen(text) <= p->hdr.cmdline_size);

	/* What the kernel needs to unpack itself is there and free. */
	start = h->pref_address;
	if (h->relocatable_kernel && start < KERNEL_AT)
		start = KERNEL_AT;
	need = start + h->init_size;
	REQUIRE(need <= mem->size);
	if (initrd_size) {
		u64 at = p->hdr.ramdisk_image;

		REQUIRE(p->hdr.ramdisk_size == initrd_size && !(at & 0xfff));
		REQUIRE(at >= end && at >= need && at + initrd_size <= mem->size);
		REQUIRE(!h->initrd_addr_max ||
			at + initrd_size - 1 <= h->initrd_addr_max);
		REQUIRE(!memcmp(ram + at, initrd, initrd_size));
		REQUIRE(zero(end, at) && zero(at + initrd_size, mem->size));
	} else {
		REQUIRE(!p->hdr.ramdisk_image && !p->hdr.ramdisk_size && zero(end, mem->size));
	}
	REQUIRE(!p->hdr.setup_data);
	REQUIRE(p->e820_entries && p->e820_entries <= 8);
	for (i = 0; i < p->e820_entries; i++) {
		REQUIRE(p->e820_table[i].size && p->e820_table[i].addr >= last);
		last = p->e820_table[i].addr + p->e820_table[i].size;
	}
	REQUIRE(last == mem->size);
	REQUIRE(zero(MEMORY_LOW_END, KERNEL_AT));

	loader_registers(entry, &regs, &sregs);
	REQUIRE(regs.rip == entry->eip && regs.rsi == entry->params);
	REQUIRE(memory_at(mem, regs.rsp - 4, 4));
	REQUIRE(memory_at(mem, sregs.gdt.base, sregs.gdt.limit + 1));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct memory mem = { .size = MEMORY_MIN };
	struct boot_entry entry;
	struct options o = { .append = text };
	char *why = malloc(64);
	size_t len, kernel_size, initrd_size;
	u8 how;

	if (!ram)
		setup();
	mem.size += input_take(&in, 2) % ((MAX_RAM - MEMORY_MIN) / 4096 + 1) * 4096;
	mem.base = ram;
	len = input_take(&in, 1) * 8;
	if (len > sizeof(text) - 1)
		len = sizeof(text) - 1;
	memset(text, 'x', len);
	text[len] = 0;
	initrd_size = input_take(&in, 2);
	memset(initrd, 0x5a, initrd_size);
	how = input_take(&in, 1);
	if (how & 1) {
		kernel_size = make_kernel(&in, how);
	} else {
		kernel_size = in.left < sizeof(kernel) ? in.left : sizeof(kernel);
		memcpy(kernel, in.p, kernel_size);
	}
	fill(kernel_fd, kernel, kernel_size);
	fill(initrd_fd, initrd, initrd_size);
	o.kernel = kernel_path;
	o.initrd = initrd_size ? initrd_path : NULL;

	REQUIRE(mmap(ram, MAX_RAM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		     MAP_FIXED | MAP_NORESERVE, -1, 0) == ram);
	REQUIRE(!mprotect(ram, mem.size, PROT_READ | PROT_WRITE));
	why[0] = 0;
	if (loader_linux(&mem, &o, &entry, why, 64))
		check(&mem, &entry, kernel_size, initrd_size);
	else
		REQUIRE(why[0] && strlen(why) < 64);
	free(why);
	return 0;
}
