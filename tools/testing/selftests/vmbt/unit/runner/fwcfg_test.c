// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration device, as firmware uses it: the published interface (keys
 * 0, 1 and 19h, big-endian directory entries of 64 bytes).
 */
#include "check.h"
#include "fwcfg.h"

static struct fwcfg f;

static u64 be(unsigned int n)
{
	u64 val = 0;

	while (n--)
		val = val << 8 | fwcfg_read(&f);
	return val;
}

static void signature(void)
{
	fwcfg_reset(&f);
	fwcfg_select(&f, 0);
	EXPECT_EQ(be(4), 0x51454d55);
	EXPECT_EQ(fwcfg_read(&f), 0);		/* behind the end */
	fwcfg_select(&f, 1);
	EXPECT_EQ(be(4), 0x01000000);		/* bit 0: this interface, bit 1: no DMA */
	fwcfg_select(&f, 0x1234);
	EXPECT_EQ(be(8), 0);
}

static void files(void)
{
	static const char text[] = "contents";
	char name[57] = "";
	u16 key[2];
	unsigned int i, k;

	fwcfg_reset(&f);
	EXPECT(fwcfg_add_file(&f, "etc/first", text, 8));
	EXPECT(fwcfg_add_number(&f, 0, "etc/second", 0x1122334455667788, 8));
	EXPECT(fwcfg_add_number(&f, 3, "", 0x10000000, 8));
	fwcfg_select(&f, 0x19);
	EXPECT_EQ(be(4), 2);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(be(4), 8);
		key[i] = be(2);
		EXPECT(key[i] >= 0x20);
		EXPECT_EQ(be(2), 0);
		for (k = 0; k < 56; k++)
			name[k] = fwcfg_read(&f);
		EXPECT(!strcmp(name, i ? "etc/second" : "etc/first"));
	}
	EXPECT(key[0] != key[1]);
	fwcfg_select(&f, key[0]);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(fwcfg_read(&f), (u8)text[i]);
	fwcfg_select(&f, key[1]);
	EXPECT_EQ(be(8), 0x8877665544332211);	/* numbers are little-endian */
	fwcfg_select(&f, 3);
	EXPECT_EQ(be(8), 0x0000001000000000);
}

static void full(void)
{
	char name[80];
	unsigned int n = 0;

	fwcfg_reset(&f);
	memset(name, 'x', sizeof(name));
	name[56] = 0;
	EXPECT(!fwcfg_add_file(&f, name, name, 1));	/* no room for its end */
	name[55] = 0;
	while (n < 100 && fwcfg_add_file(&f, name, name, 1))
		n++;
	EXPECT_EQ(n, FWCFG_ITEMS - 3);
	fwcfg_select(&f, 0x19);
	EXPECT_EQ(be(4), n);
}

static void saved(void)
{
	u8 kept[16];
	struct state s = { .data = kept, .size = sizeof(kept) };

	fwcfg_reset(&f);
	fwcfg_select(&f, 0);
	be(2);
	fwcfg_state(&f, &s);
	fwcfg_reset(&f);
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	fwcfg_state(&f, &s);
	EXPECT(!s.bad);
	EXPECT_EQ(be(2), 0x4d55);
	/* any offset can be in a file */
	memset(kept, 0xff, sizeof(kept));
	kept[0] = 0;
	kept[1] = 0;
	s.pos = 0;
	fwcfg_state(&f, &s);
	EXPECT_EQ(fwcfg_read(&f), 0);
}

int main(void)
{
	CASE(signature);
	CASE(files);
	CASE(full);
	CASE(saved);
	return check_failed != 0;
}
