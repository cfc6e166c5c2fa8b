// SPDX-License-Identifier: GPL-2.0
/*
 * Formats of images that are not raw: their names, and how each begins.
 *
 * An image is never opened as what it looks like: a guest with a raw disk could make it
 * look like a format whose header names another of the host's files, and read that at the
 * next start. Whoever has an image of another format says so; the look is for a hint.
 */
#include "diskformat.h"

#include <string.h>
#include <unistd.h>

#define AT_MOST	80

/* Names are QEMU's. Signatures are from its documentation of each format. */
static const struct format {
	const char *name;
	u8 at;
	u8 len;
	const char *bytes;
} formats[] = {
	{ "qcow2", 0, 8, "QFI\xfb\0\0\0\2" },
	{ "qcow2", 0, 8, "QFI\xfb\0\0\0\3" },
	{ "qcow", 0, 8, "QFI\xfb\0\0\0\1" },
	{ "qed", 0, 4, "QED\0" },
	{ "vdi", 64, 4, "\x7f\x10\xda\xbe" },
	{ "vhdx", 0, 8, "vhdxfile" },
	{ "vmdk", 0, 4, "KDMV" },
	{ "vmdk", 0, 4, "COWD" },
	{ "vmdk", 0, 21, "# Disk DescriptorFile" },
	{ "vpc", 0, 8, "conectix" },
	{ "parallels", 0, 16, "WithoutFreeSpace" },
	{ "parallels", 0, 16, "WithouFreSpacExt" },
};

/**
 * disk_format() - what an image looks like
 * @fd: the file
 *
 * Return: the name of a format, or NULL for none that is known.
 */
const char *disk_format(int fd)
{
	const struct format *f;
	u8 head[AT_MOST];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	for (f = formats; f < formats + ARRAY_SIZE(formats); f++)
		if (n >= f->at + f->len && !memcmp(head + f->at, f->bytes, f->len))
			return f->name;
	return NULL;
}

/**
 * disk_format_named() - a format that qemu-nbd knows
 * @name: its name
 *
 * Return: the name, or NULL if it is none of them.
 */
const char *disk_format_named(const char *name)
{
	const struct format *f;

	for (f = formats; f < formats + ARRAY_SIZE(formats); f++)
		if (!strcmp(f->name, name))
			return f->name;
	return NULL;
}
