// SPDX-License-Identifier: GPL-2.0
/*
 * Loads a Linux kernel by the boot protocol, without firmware.
 *
 * Documentation/arch/x86/boot.rst of Linux: a bzImage is a real-mode part with
 * a header, and a protected-mode part that goes to 1 MiB. We use the 32-bit
 * entry point: the header is copied into boot parameters, which say where the
 * initial RAM disk, the command line and the memory are, and the kernel starts
 * in flat, unpaged protected mode. A few bytes of BIOS data are left where
 * kernels look for them. The file is untrusted: every number in it is checked.
 */
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asm/bootparam.h>
#include <linux/kvm.h>

#include "broker.h"
#include "memory.h"
#include "options.h"

#define SECTOR		512
#define PAGE		4096ULL
#define HEADER_AT	0x1f1
#define HEADER_MIN	0x268	/* up to and with init_size, protocol 2.10 */
#define BOOT_FLAG	0xaa55
#define HDRS		0x53726448
#define PROTOCOL_MIN	0x020a	/* tells how much memory the kernel needs */
#define KERNEL_AT	0x100000

#define E820_RAM	1
#define E820_RESERVED	2

#define COM1		0x3f8

/* Where the text of what is wrong goes. */
struct complaint {
	char *text;
	size_t size;
};

__printf(2, 3)
static bool complain(const struct complaint *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, why->size, fmt, ap);
	va_end(ap);
	return false;
}

static bool read_at(int fd, u64 offset, void *where, u64 len)
{
	u8 *p = where;
	ssize_t n;

	while (len) {
		n = pread(fd, p, len, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		offset += n;
		len -= n;
	}
	return true;
}

static int open_file(const char *path, u64 *size, const struct complaint *why)
{
	struct stat st;
	int fd;

	fd = broker_open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st)) {
		complain(why, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		complain(why, "%s: not a file", path);
		close(fd);
		return -1;
	}
	*size = st.st_size;
	return fd;
}

static u64 round_up(u64 v, u64 to)
{
	return (v + to - 1) / to * to;
}

/* Check the header of protocol 2.10 or later. */
static bool read_header(int fd, u64 size, const char *path, struct setup_header *hdr,
			const struct complaint *why)
{
	u8 start[HEADER_MIN];
	unsigned int len;

	if (size < sizeof(start) || !read_at(fd, 0, start, sizeof(start)))
		return complain(why, "%s: not a Linux kernel: too short", path);
	if (!memcmp(start, "\177ELF", 4))
		return complain(why, "%s: an ELF file; the bzImage is wanted", path);
	memset(hdr, 0, sizeof(*hdr));
	memcpy(hdr, start + HEADER_AT, HEADER_MIN - HEADER_AT);
	if (hdr->boot_flag != BOOT_FLAG || hdr->header != HDRS)
		return complain(why, "%s: not a Linux kernel (no boot header)", path);
	if (hdr->version < PROTOCOL_MIN)
		return complain(why, "%s: boot protocol %u.%02u is too old, 2.10 is needed", path,
				hdr->version >> 8, hdr->version & 255);
	if (!(hdr->loadflags & LOADED_HIGH))
		return complain(why, "%s: a zImage; the bzImage is wanted", path);

	/* The second byte of the jump at 200h tells where the header ends. */
	len = 0x202 + (hdr->jump >> 8) - HEADER_AT;
	if (len > sizeof(*hdr))
		len = sizeof(*hdr);
	if (len < HEADER_MIN - HEADER_AT || size < HEADER_AT + len ||
	    !read_at(fd, HEADER_AT, hdr, len))
		return complain(why, "%s: not a Linux kernel (bad boot header)", path);
	return true;
}

/*
 * Load the protected-mode part. @end is set to the end of all the memory that
 * the kernel needs before it knows its way about.
 */
static bool load_kernel(const struct memory *mem, const char *path, struct setup_header *hdr,
			u64 *end, const struct complaint *why)
{
	u64 size, setup, payload, align, start;
	bool ok = false;
	void *where;
	int fd;

	fd = open_file(path, &size, why);
	if (fd < 0)
		return false;
	if (!read_header(fd, size, path, hdr, why))
		goto out;

	setup = ((hdr->setup_sects ? hdr->setup_sects : 4) + 1) * SECTOR;
	payload = hdr->syssize * 16ULL;
	if (!payload || setup >= size || size - setup + 15 < payload) {
		complain(why, "%s: truncated: %llu bytes, %llu expected", path, size,
			 setup + payload);
		goto out;
	}
	payload = size - setup;

	/* It may decompress itself where it likes to be, if it can move. */
	start = hdr->pref_address < MEMORY_MAX ? hdr->pref_address : MEMORY_MAX;
	if (hdr->relocatable_kernel && start < KERNEL_AT)
		start = KERNEL_AT;
	align = hdr->kernel_alignment;
	if (hdr->relocatable_kernel && align && !(align & (align - 1)))
		start = round_up(start, align);
	*end = start + hdr->init_size;
	if (*end > mem->size || KERNEL_AT + payload > mem->size) {
		complain(why, "%s: too little memory: the kernel needs %lluM, there is %lluM",
			 path, (round_up(*end, 1 << 20) >> 20), mem->size >> 20);
		goto out;
	}
	if (*end < KERNEL_AT + payload)
		*end = KERNEL_AT + payload;

	where = memory_at(mem, KERNEL_AT, payload);
	if (!where || !read_at(fd, setup, where, payload)) {
		complain(why, "%s: %s", path, strerror(errno));
		goto out;
	}
	ok = true;
out:
	close(fd);
	return ok;
}

/* As high as the kernel permits, so that it is in nobody's way. */
static bool load_initrd(const struct memory *mem, const char *path, struct setup_header *hdr,
			u64 kernel_end, const struct complaint *why)
{
	u64 size, top, at;
	bool ok = false;
	void *where;
	int fd;

	fd = open_file(path, &size, why);
	if (fd < 0)
		return false;
	top = mem->size;
	if (hdr->initrd_addr_max && top > hdr->initrd_addr_max + 1ULL)
		top = hdr->initrd_addr_max + 1ULL;
	kernel_end = round_up(kernel_end, PAGE);
	if (top < kernel_end || size > top - kernel_end) {
		complain(why, "%s: too little memory: %lluM for the initial RAM disk, %lluM left",
			 path, round_up(size, 1 << 20) >> 20,
			 top < kernel_end ? 0 : (top - kernel_end) >> 20);
		goto out;
	}
	at = (top - size) & ~(PAGE - 1);
	where = memory_at(mem, at, size);
	if (size && (!where || !read_at(fd, 0, where, size))) {
		complain(why, "%s: %s", path, strerror(errno));
		goto out;
	}
	hdr->ramdisk_image = size ? at : 0;
	hdr->ramdisk_size = size;
	ok = true;
out:
	close(fd);
	return ok;
}

static bool load_cmdline(const struct memory *mem, const char *text, struct setup_header *hdr,
			 const struct complaint *why)
{
	size_t len = strlen(text);
	void *where;

	if (len > hdr->cmdline_size)
		return complain(why, "the command line is too long: %zu characters, at most %u",
				len, hdr->cmdline_size);
	where = memory_at(mem, LOADER_CMDLINE, len + 1);
	if (!where || LOADER_CMDLINE + len + 1 > LOADER_EBDA)
		return complain(why, "the command line is too long: %zu characters", len);
	memcpy(where, text, len + 1);
	hdr->cmd_line_ptr = LOADER_CMDLINE;
	return true;
}

static void e820(struct boot_params *params, u64 start, u64 end, u32 type)
{
	params->e820_table[params->e820_entries++] = (struct boot_e820_entry){
		.addr = start,
		.size = end - start,
		.type = type,
	};
}

/* What a BIOS would have left: base memory, the serial port, the extended area. */
static void bios_data(const struct memory *mem)
{
	u8 *bda = memory_at(mem, LOADER_BDA, 256);
	u8 *ebda = memory_at(mem, LOADER_EBDA, 1);

	bda[0x00] = COM1 & 255;
	bda[0x01] = COM1 >> 8;
	bda[0x0e] = (LOADER_EBDA >> 4) & 255;
	bda[0x0f] = LOADER_EBDA >> 12;
	bda[0x13] = (LOADER_EBDA >> 10) & 255;
	bda[0x14] = LOADER_EBDA >> 18;
	ebda[0] = 1;			/* KiB */
}

/**
 * loader_linux() - load a kernel, its initial RAM disk and command line
 * @mem: guest RAM, all zero
 * @o: says which
 * @entry: filled
 * @why: filled with one line if it fails
 * @size: size of @why
 *
 * Return: true if the guest can start.
 */
bool loader_linux(const struct memory *mem, const struct options *o, struct boot_entry *entry,
		  char *why, size_t size)
{
	static const u64 gdt[] = {
		0, 0,
		0x00cf9b000000ffffULL,	/* 10h: flat code */
		0x00cf93000000ffffULL,	/* 18h: flat data */
	};
	const struct complaint complaint = { why, size };
	struct boot_params *params;
	struct setup_header hdr;
	u64 end;

	if (!load_kernel(mem, o->kernel, &hdr, &end, &complaint))
		return false;
	/* The loader's fields, whatever the file has there (boot.rst, Type: write). */
	hdr.ramdisk_image = 0;
	hdr.ramdisk_size = 0;
	hdr.setup_data = 0;
	if (o->initrd && !load_initrd(mem, o->initrd, &hdr, end, &complaint))
		return false;
	if (!load_cmdline(mem, o->append, &hdr, &complaint))
		return false;

	hdr.type_of_loader = 0xff;	/* a loader without a number */
	hdr.vid_mode = 0xffff;		/* the mode that is set: text */
	hdr.code32_start = KERNEL_AT;

	/* The screen is left all zero: there is no display to find. */
	params = memory_at(mem, LOADER_PARAMS, sizeof(*params));
	memset(params, 0, sizeof(*params));
	params->hdr = hdr;
	params->alt_mem_k = (mem->size - MEMORY_HIGH) >> 10;
	e820(params, 0, LOADER_EBDA, E820_RAM);
	e820(params, LOADER_EBDA, MEMORY_LOW_END, E820_RESERVED);
	e820(params, 0xf0000, MEMORY_HIGH, E820_RESERVED);
	e820(params, MEMORY_HIGH, mem->size, E820_RAM);

	bios_data(mem);
	memcpy(memory_at(mem, LOADER_GDT, sizeof(gdt)), gdt, sizeof(gdt));
	*entry = (struct boot_entry){ .eip = KERNEL_AT, .params = LOADER_PARAMS };
	return true;
}

/**
 * loader_registers() - the state in which a kernel is entered
 * @entry: from loader_linux()
 * @regs: filled
 * @sregs: filled
 */
void loader_registers(const struct boot_entry *entry, struct kvm_regs *regs,
		      struct kvm_sregs *sregs)
{
	const struct kvm_segment code = {
		.selector = LOADER_CS, .limit = 0xffffffff,
		.type = 11, .present = 1, .db = 1, .s = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.selector = LOADER_DS, .limit = 0xffffffff,
		.type = 3, .present = 1, .db = 1, .s = 1, .g = 1,
	};
	/* No task and no local descriptors, but a busy TSS as after any reset. */
	const struct kvm_segment tss = { .limit = 0xffff, .type = 11, .present = 1 };
	const struct kvm_segment ldt = { .limit = 0xffff, .type = 2, .present = 1 };

	*regs = (struct kvm_regs){
		.rip = entry->eip,
		.rsi = entry->params,
		.rsp = LOADER_STACK + PAGE,
		.rflags = 2,
	};
	*sregs = (struct kvm_sregs){
		.cs = code,
		.ds = data,
		.es = data,
		.fs = data,
		.gs = data,
		.ss = data,
		.tr = tss,
		.ldt = ldt,
		.gdt = { .base = LOADER_GDT, .limit = 4 * 8 - 1 },
		.idt = { .limit = 0 },
		.cr0 = 0x11,		/* PE, ET */
	};
}

/**
 * loader_reset() - the state of a CPU behind a reset: SDM vol. 3, table 10-1
 * @regs: filled
 * @sregs: filled
 */
void loader_reset(struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	const struct kvm_segment data = { .limit = 0xffff, .type = 3, .present = 1, .s = 1 };
	struct kvm_segment code = data;

	code.selector = 0xf000;
	code.base = 0xffff0000;
	code.type = 11;
	*regs = (struct kvm_regs){ .rip = 0xfff0, .rflags = 2 };
	*sregs = (struct kvm_sregs){
		.cs = code,
		.ds = data,
		.es = data,
		.fs = data,
		.gs = data,
		.ss = data,
		.tr = { .limit = 0xffff, .type = 11, .present = 1 },
		.ldt = { .limit = 0xffff, .type = 2, .present = 1 },
		.gdt = { .limit = 0xffff },
		.idt = { .limit = 0xffff },
		.cr0 = 0x60000010,	/* CD, NW, ET */
	};
}
