/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration device by which firmware learns about a virtual machine.
 */
#ifndef VMBT_RUN_FWCFG_H
#define VMBT_RUN_FWCFG_H

#include "state.h"
#include "types.h"

#define FWCFG_SELECTOR	0x510
#define FWCFG_DATA	0x511

#define FWCFG_ITEMS	24
#define FWCFG_NAME	56

/**
 * struct fwcfg_item - something that can be read
 * @key: its number
 * @name: its name, empty for what has a number only
 * @data: what it is; belongs to who added it
 * @size: bytes
 */
struct fwcfg_item {
	u16 key;
	char name[FWCFG_NAME];
	const void *data;
	u32 size;
};

/**
 * struct fwcfg - the device
 * @selected: key that was selected
 * @offset: of the next byte that is read
 * @item: what there is
 * @nitems: how many
 * @directory: the list of files, as it is read
 * @number: values of 8 bytes that items point to
 * @nnumbers: how many
 */
struct fwcfg {
	u16 selected;
	u32 offset;
	struct fwcfg_item item[FWCFG_ITEMS];
	unsigned int nitems;
	u8 directory[4 + FWCFG_ITEMS * 64];
	u64 number[FWCFG_ITEMS];
	unsigned int nnumbers;
};

void fwcfg_reset(struct fwcfg *f);
bool fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, u32 size);
bool fwcfg_add_number(struct fwcfg *f, u16 key, const char *name, u64 val, unsigned int size);
u8 fwcfg_read(struct fwcfg *f);
void fwcfg_select(struct fwcfg *f, u16 key);
void fwcfg_state(struct fwcfg *f, struct state *s);

#endif
