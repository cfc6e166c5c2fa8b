// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration device by which firmware learns about a virtual machine.
 *
 * SeaBIOS as Debian builds it takes option ROMs, the memory map and what the
 * user wants from such a device, found at ports 510h and 511h by its signature.
 * Its interface is public: a key is written to the selector, bytes are read one
 * after the other; key 19h is a directory of named files (big-endian). Only
 * reading by port is offered, not the device's own DMA, and nothing can be
 * written, so that there is nothing for a guest to break.
 */
#include "fwcfg.h"

#define KEY_SIGNATURE	0x00
#define KEY_ID		0x01
#define KEY_DIRECTORY	0x19
#define KEY_FILE_FIRST	0x20
#define ID_TRADITIONAL	0x01

static void be32(u8 *p, u32 val)
{
	p[0] = val >> 24;
	p[1] = val >> 16;
	p[2] = val >> 8;
	p[3] = val;
}

static bool add(struct fwcfg *f, u16 key, const char *name, const void *data, u32 size)
{
	struct fwcfg_item *it;

	if (f->nitems == FWCFG_ITEMS || strlen(name) >= FWCFG_NAME)
		return false;
	it = &f->item[f->nitems++];
	*it = (struct fwcfg_item){ .key = key, .data = data, .size = size };
	memcpy(it->name, name, strlen(name));
	return true;
}

/* An entry: size, key, 2 reserved bytes, name. */
static void make_directory(struct fwcfg *f)
{
	u8 *p = f->directory + 4;
	unsigned int i, n = 0;

	for (i = 0; i < f->nitems; i++) {
		const struct fwcfg_item *it = &f->item[i];

		if (!it->name[0])
			continue;
		be32(p, it->size);
		p[4] = it->key >> 8;
		p[5] = it->key;
		p[6] = 0;
		p[7] = 0;
		memcpy(p + 8, it->name, FWCFG_NAME);
		p += 64;
		n++;
	}
	be32(f->directory, n);
}

/**
 * fwcfg_reset() - a device that has nothing but its signature
 * @f: the device
 */
void fwcfg_reset(struct fwcfg *f)
{
	static const u8 id[4] = { ID_TRADITIONAL };

	memset(f, 0, sizeof(*f));
	add(f, KEY_SIGNATURE, "", "QEMU", 4);
	add(f, KEY_ID, "", id, sizeof(id));
	add(f, KEY_DIRECTORY, "", f->directory, sizeof(f->directory));
}

/**
 * fwcfg_add_file() - add something with a name
 * @f: the device
 * @name: its name
 * @data: the bytes, not copied
 * @size: how many
 *
 * Return: false if there is no room.
 */
bool fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, u32 size)
{
	if (!add(f, KEY_FILE_FIRST + f->nitems, name, data, size))
		return false;
	make_directory(f);
	return true;
}

/**
 * fwcfg_add_number() - add a number
 * @f: the device
 * @key: its key, or 0 if it has a name
 * @name: its name, or ""
 * @val: the number
 * @size: bytes, at most 8; little-endian
 *
 * Return: false if there is no room.
 */
bool fwcfg_add_number(struct fwcfg *f, u16 key, const char *name, u64 val, unsigned int size)
{
	u64 *n;

	if (f->nnumbers == FWCFG_ITEMS)
		return false;
	n = &f->number[f->nnumbers++];
	*n = val;
	if (name[0])
		return fwcfg_add_file(f, name, n, size);
	return add(f, key, "", n, size);
}

/**
 * fwcfg_read() - the guest reads a byte from the data port
 * @f: the device
 *
 * Return: the byte; behind an item's end, and for no item, 0.
 */
u8 fwcfg_read(struct fwcfg *f)
{
	unsigned int i;

	for (i = 0; i < f->nitems; i++) {
		const struct fwcfg_item *it = &f->item[i];

		if (it->key != f->selected)
			continue;
		if (f->offset >= it->size)
			return 0;
		return ((const u8 *)it->data)[f->offset++];
	}
	return 0;
}

/**
 * fwcfg_select() - the guest writes the selector
 * @f: the device
 * @key: what it wants to read
 */
void fwcfg_select(struct fwcfg *f, u16 key)
{
	f->selected = key;
	f->offset = 0;
}

/**
 * fwcfg_state() - save or restore where the guest is
 * @f: the device, with the items of the machine that was saved
 * @s: where to
 */
void fwcfg_state(struct fwcfg *f, struct state *s)
{
	STATE(s, f->selected);
	STATE(s, f->offset);
}
