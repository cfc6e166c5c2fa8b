// SPDX-License-Identifier: GPL-2.0
/*
 * The PCnet-PCI II against the data sheet of the Am79C970A: registers in both
 * layouts, the initialization block and the rings in each software style, and what
 * a guest must not be able to do with them.
 */
#include "check.h"
#include "pcnet.h"

#define RAM	0x40000
#define INIT	0x1000
#define RX_RING	0x2000
#define TX_RING	0x3000
#define RX_BUF	0x10000
#define TX_BUF	0x20000

static const u8 mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static struct pcnet p;
static u8 ram[RAM], sent[2048];
static u32 sent_len;
static unsigned int frames;
static bool irq, full;

static void set_irq(void *arg, bool level)
{
	(void)arg;
	irq = level;
}

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	(void)arg;
	if (gpa >= RAM || len > RAM - gpa)
		return false;
	if (write)
		memcpy(ram + gpa, buf, len);
	else
		memcpy(buf, ram + gpa, len);
	return true;
}

/* What the guest must not see yet is looked at each time. */
static u16 seen[8];
static unsigned int settled;

static void settle(void *arg)
{
	(void)arg;
	if (settled < ARRAY_SIZE(seen))
		seen[settled] = ram[RX_RING + 7];
	settled++;
}

static bool send_frame(void *arg, const u8 *frame, u32 len)
{
	(void)arg;
	if (full)
		return false;
	EXPECT(len <= sizeof(sent));
	memcpy(sent, frame, len);
	sent_len = len;
	frames++;
	return true;
}

/* A frame comes alone. */
static bool take(const u8 *frame, u32 len)
{
	bool taken = pcnet_receive(&p, frame, len);

	pcnet_received(&p);
	return taken;
}

static void start(void)
{
	p = (struct pcnet){ .set_irq = set_irq, .memory = memory,
			    .settle = settle, .send = send_frame };
	memset(ram, 0, sizeof(ram));
	irq = false;
	full = false;
	frames = 0;
	sent_len = 0;
	pcnet_reset(&p, mac);
}

static u16 csr(u8 n)
{
	pcnet_write(&p, 0x12, n, 2);
	return pcnet_read(&p, 0x10, 2);
}

static void set_csr(u8 n, u16 val)
{
	pcnet_write(&p, 0x12, n, 2);
	pcnet_write(&p, 0x10, val, 2);
}

static u16 bcr(u8 n)
{
	pcnet_write(&p, 0x12, n, 2);
	return pcnet_read(&p, 0x16, 2);
}

static void set_bcr(u8 n, u16 val)
{
	pcnet_write(&p, 0x12, n, 2);
	pcnet_write(&p, 0x16, val, 2);
}

static void put(u32 at, u32 val, unsigned int n)
{
	for (; n; n--, val >>= 8)
		ram[at++] = val;
}

static u32 get(u32 at, unsigned int n)
{
	u32 val = 0;

	while (n--)
		val = val << 8 | ram[at + n];
	return val;
}

/* A descriptor in style 0, 2 or 3; its word with OWN is flags << 16 | BCNT. */
static void desc(unsigned int style, u32 ring, unsigned int i, u32 addr, u16 flags, u32 len)
{
	u32 at = ring + i * (style ? 16 : 8);

	if (!style) {
		put(at, addr & 0xffff, 2);
		put(at + 2, flags | addr >> 16, 2);
		put(at + 4, 0xf000 | (-len & 0xfff), 2);
		put(at + 6, 0, 2);
		return;
	}
	put(at + (style == 3 ? 8 : 0), addr, 4);
	put(at + 4, (u32)flags << 16 | 0xf000 | (-len & 0xfff), 4);
	put(at + (style == 3 ? 0 : 8), 0, 4);
}

static u16 flags(unsigned int style, u32 ring, unsigned int i)
{
	return style ? get(ring + i * 16 + 6, 2) : get(ring + i * 8 + 2, 2) & 0xff00;
}

static u16 count(unsigned int style, u32 ring, unsigned int i)
{
	return style ? get(ring + i * 16 + (style == 3 ? 0 : 8), 2) : get(ring + i * 8 + 6, 2);
}

/* Four descriptors each way, 1 << 2. */
static void init(unsigned int style, u16 mode)
{
	unsigned int i;

	start();
	set_bcr(20, style);
	put(INIT, mode, 2);
	if (style) {
		put(INIT + 2, 0x2020, 2);
		memcpy(ram + INIT + 4, mac, 6);
		put(INIT + 20, RX_RING, 4);
		put(INIT + 24, TX_RING, 4);
	} else {
		memcpy(ram + INIT + 2, mac, 6);
		put(INIT + 16, RX_RING | 2U << 29, 4);
		put(INIT + 20, TX_RING | 2U << 29, 4);
	}
	for (i = 0; i < 4; i++)
		desc(style, RX_RING, i, RX_BUF + i * 0x1000, 0x8000, 1536);
	set_csr(1, INIT);
	set_csr(2, 0);
	set_csr(0, 0x41);
	EXPECT_EQ(csr(0), 0x01c1);		/* INIT IENA INTR IDON */
	EXPECT(irq);
	set_csr(0, 0x142);
	EXPECT_EQ(csr(0), 0x0073);		/* INIT STRT TXON RXON IENA */
	EXPECT(!irq);
}

static void defaults(void)
{
	static const u8 prom[16] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0, 0, 0, 0x11, 0, 0,
				     0x01, 0x02, 'W', 'W' };
	unsigned int i;

	start();
	for (i = 0; i < 16; i++)
		EXPECT_EQ(pcnet_read(&p, i, 1), prom[i]);
	EXPECT_EQ(pcnet_read(&p, 4, 2), 0x5634);
	EXPECT_EQ(csr(0), 0x0004);
	EXPECT_EQ(csr(3), 0x0000);
	EXPECT_EQ(csr(4), 0x0115);
	EXPECT_EQ(csr(12), 0x5452);
	EXPECT_EQ(csr(14), 0x5634);
	EXPECT_EQ(csr(88) | csr(89) << 16, 0x02621003);
	EXPECT_EQ(csr(58), 0x0200);
	EXPECT_EQ(bcr(2), 0x0002);
	EXPECT_EQ(bcr(4), 0x80c0);		/* the link is up */
	EXPECT_EQ(bcr(18), 0x9001);
	EXPECT_EQ(bcr(20), 0x0200);
	EXPECT_EQ(pci_func_get(&p.pci, 0), 0x20001022);
	EXPECT_EQ(pci_func_get(&p.pci, 8), 0x02000016);
	EXPECT_EQ(p.pci.bar_size[0], 32);
	EXPECT_EQ(p.pci.config[PCI_INT_PIN], 1);
}

static void layouts(void)
{
	start();
	pcnet_write(&p, 0x12, 88, 2);
	EXPECT_EQ(pcnet_read(&p, 0x12, 2), 88);
	EXPECT_EQ(pcnet_read(&p, 0x10, 2), 0x1003);
	pcnet_write(&p, 0x12, 0, 2);
	pcnet_write(&p, 0x10, 0, 4);		/* the switch */
	pcnet_write(&p, 0x14, 88, 4);
	EXPECT_EQ(pcnet_read(&p, 0x14, 4), 88);
	EXPECT_EQ(pcnet_read(&p, 0x10, 4), 0x1003);
	pcnet_write(&p, 0x14, 18, 4);
	EXPECT_EQ(pcnet_read(&p, 0x1c, 4), 0x9081);
	EXPECT_EQ(pcnet_read(&p, 0x10, 2), ~0U);
	pcnet_read(&p, 0x18, 4);		/* S_RESET does not switch back */
	EXPECT_EQ(pcnet_read(&p, 0x10, 4), 0x0004);
	pcnet_reset(&p, mac);
	EXPECT_EQ(pcnet_read(&p, 0x10, 2), 0x0004);
}

static void styles(void)
{
	start();
	set_bcr(20, 1);
	EXPECT_EQ(bcr(20), 0x0101);
	set_bcr(20, 2);
	EXPECT_EQ(bcr(20), 0x0302);
	set_csr(58, 3);
	EXPECT_EQ(csr(58), 0x0303);
	set_bcr(20, 0x77);			/* undefined */
	EXPECT_EQ(bcr(20), 0x0303);
}

static void stopped_only(void)
{
	init(2, 0);
	set_csr(76, 0x1234);
	EXPECT_EQ(csr(76), 0xfffc);
	set_csr(15, 0x8000);
	EXPECT_EQ(csr(15), 0);
	set_csr(5, 1);				/* suspended is as good as stopped */
	EXPECT_EQ(csr(5), 1);
	set_csr(15, 0x8000);
	EXPECT_EQ(csr(15), 0x8000);
	set_csr(0, 4);
	EXPECT_EQ(csr(0), 4);
	EXPECT_EQ(csr(5), 0);
}

static void init_block(void)
{
	init(0, 0x0080);
	EXPECT_EQ(csr(15), 0x0080);
	EXPECT_EQ(csr(24) | csr(25) << 16, RX_RING);
	EXPECT_EQ(csr(30) | csr(31) << 16, TX_RING);
	EXPECT_EQ(csr(76), 0xfffc);
	EXPECT_EQ(csr(78), 0xfffc);
	init(3, 0x0080);
	EXPECT_EQ(csr(15), 0x0080);
	EXPECT_EQ(csr(24) | csr(25) << 16, RX_RING);
	EXPECT_EQ(csr(30) | csr(31) << 16, TX_RING);
	EXPECT_EQ(csr(12), 0x5452);
	EXPECT_EQ(csr(78), 0xfffc);
	set_csr(0, 4);				/* 512 is the most of a block */
	put(INIT + 2, 0xf0f0, 2);
	set_csr(0, 1);
	EXPECT_EQ(csr(76), 0xfe00);
}

/* A frame in one buffer, in two, and around the ring's end. */
static void transmit(void)
{
	static const unsigned int all[] = { 0, 2, 3 };
	unsigned int k, s, i;

	for (k = 0; k < ARRAY_SIZE(all); k++) {
		s = all[k];
		init(s, 0);
		for (i = 0; i < 100; i++)
			ram[TX_BUF + i] = i;
		desc(s, TX_RING, 0, TX_BUF, 0x8300, 100);
		set_csr(0, 0x48);
		EXPECT_EQ(frames, 1);
		EXPECT_EQ(sent_len, 100);
		EXPECT(!memcmp(sent, ram + TX_BUF, 100));
		EXPECT_EQ(flags(s, TX_RING, 0), 0x0300);
		EXPECT_EQ(csr(0), 0x02f3);		/* TINT */
		EXPECT(irq);
		set_csr(0, 0x240);
		EXPECT(!irq);
		desc(s, TX_RING, 1, TX_BUF, 0x8200, 40);
		set_csr(0, 0x48);			/* the rest is not there yet */
		EXPECT_EQ(frames, 1);
		desc(s, TX_RING, 2, TX_BUF + 40, 0x8100, 60);
		desc(s, TX_RING, 3, TX_BUF, 0x8200, 90);
		desc(s, TX_RING, 0, TX_BUF + 90, 0x8100, 10);
		set_csr(0, 0x48);
		EXPECT_EQ(frames, 3);
		EXPECT_EQ(sent_len, 100);
		EXPECT(!memcmp(sent, ram + TX_BUF, 100));
		for (i = 0; i < 4; i++)
			EXPECT_EQ(flags(s, TX_RING, i) & 0xc000, 0);
	}
}

#define MS	1000000ULL

/* Frames that nobody demands the sending of go all the same: CSR47, DPOLL. */
static void polling(void)
{
	u64 now = 1000 * MS, next;

	start();
	EXPECT_EQ(pcnet_poll(&p, now), PCNET_NEVER);	/* stopped */
	init(2, 0);
	next = pcnet_poll(&p, now);
	EXPECT(next > now && next <= now + 20 * MS);
	desc(2, TX_RING, 0, TX_BUF, 0x8300, 100);
	EXPECT_EQ(pcnet_poll(&p, next - 1), next);	/* not yet */
	EXPECT_EQ(frames, 0);
	now = next;
	next = pcnet_poll(&p, now);
	EXPECT_EQ(frames, 1);
	EXPECT_EQ(flags(2, TX_RING, 0), 0x0300);
	EXPECT(irq);
	/* The guest relies on it: from now on each 65,536 clocks of 30 ns. */
	EXPECT_EQ(next - now, 65536 * 30);
	desc(2, TX_RING, 1, TX_BUF, 0x8300, 100);
	now = next;
	next = pcnet_poll(&p, now);
	EXPECT_EQ(frames, 2);
	EXPECT_EQ(next - now, 65536 * 30);
	/* Silence: seldom. */
	now += 1000 * MS;
	pcnet_poll(&p, now);
	next = pcnet_poll(&p, now);
	EXPECT(next - now > 10 * MS && next - now <= 20 * MS);
	/* A frame that was demanded, found by chance, is no reason to look more often. */
	full = true;
	desc(2, TX_RING, 2, TX_BUF, 0x8300, 100);
	set_csr(0, 0x48);
	full = false;
	EXPECT_EQ(frames, 2);
	now = next;
	next = pcnet_poll(&p, now);
	EXPECT_EQ(frames, 3);
	EXPECT(next - now > 10 * MS);
	/* DPOLL, and suspension: not at all. */
	set_csr(4, 0x1915);
	desc(2, TX_RING, 3, TX_BUF, 0x8300, 100);
	EXPECT_EQ(pcnet_poll(&p, now + 1000 * MS), PCNET_NEVER);
	set_csr(4, 0x0915);
	set_csr(5, 0x0001);
	EXPECT_EQ(pcnet_poll(&p, now + 2000 * MS), PCNET_NEVER);
	EXPECT_EQ(frames, 3);
}

/* Two's complement; bits 3 to 0 do not count; initialization sets the default. */
static void poll_interval(void)
{
	u64 now = 1000 * MS, next;

	init(2, 0);
	set_csr(5, 0x0001);
	set_csr(47, 0xa00f);
	set_csr(5, 0);
	now = pcnet_poll(&p, now);
	desc(2, TX_RING, 0, TX_BUF, 0x8300, 100);
	next = pcnet_poll(&p, now);
	EXPECT_EQ(frames, 1);
	EXPECT_EQ(next - now, 0x6000 * 30);
	/* 16 clocks: no thread of the host's does nothing else. */
	set_csr(5, 0x0001);
	set_csr(47, 0xfff0);
	set_csr(5, 0);
	desc(2, TX_RING, 1, TX_BUF, 0x8300, 100);
	now = next;
	next = pcnet_poll(&p, now);
	EXPECT_EQ(frames, 2);
	EXPECT(next - now >= 200000);
	set_csr(0, 0x0004);
	set_csr(0, 0x0001);
	EXPECT_EQ(csr(47), 0);
}

/* The network has no room: the descriptor stays the chip's. */
static void no_room(void)
{
	init(2, 0);
	desc(2, TX_RING, 0, TX_BUF, 0x8300, 100);
	full = true;
	set_csr(0, 0x48);
	EXPECT(p.more);
	EXPECT_EQ(flags(2, TX_RING, 0), 0x8300);
	full = false;
	pcnet_transmit(&p);
	EXPECT(!p.more);
	EXPECT_EQ(frames, 1);
	EXPECT_EQ(flags(2, TX_RING, 0), 0x0300);
}

static void transmit_options(void)
{
	init(2, 0x0008);			/* DXMTFCS: the guest's own FCS */
	desc(2, TX_RING, 0, TX_BUF, 0x8300, 104);
	desc(2, TX_RING, 1, TX_BUF, 0xa300, 104);	/* ADD_FCS */
	set_csr(0, 0x48);
	EXPECT_EQ(frames, 2);
	EXPECT_EQ(sent_len, 104);
	init(2, 0);
	set_csr(4, 0x0915);			/* APAD_XMT */
	desc(2, TX_RING, 0, TX_BUF, 0x8300, 20);
	set_csr(0, 0x48);
	EXPECT_EQ(sent_len, 60);
	set_csr(5, 0x8000);			/* TOKINTD */
	set_csr(0, 0x7f40);
	desc(2, TX_RING, 1, TX_BUF, 0x8300, 60);
	set_csr(0, 0x48);
	EXPECT_EQ(frames, 2);
	EXPECT_EQ(csr(0) & 0x0200, 0);
	set_csr(5, 0x4000);			/* LTINTEN: those that ask for it */
	desc(2, TX_RING, 2, TX_BUF, 0x8300, 60);
	set_csr(0, 0x48);
	EXPECT_EQ(csr(0) & 0x0200, 0);
	desc(2, TX_RING, 3, TX_BUF, 0x9300, 60);
	set_csr(0, 0x48);
	EXPECT_EQ(csr(0) & 0x0200, 0x0200);
}

static void frame_for(u8 *f, const u8 *to, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		f[i] = i * 7;
	memcpy(f, to, 6);
}

/* CRC-32 of "123456789" is cbf43926: so the FCS is what everybody computes. */
static u32 fcs(const u8 *data, u32 len)
{
	u32 crc = ~0U;
	unsigned int i;

	while (len--) {
		crc ^= *data++;
		for (i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void receive(void)
{
	static const unsigned int all[] = { 0, 2, 3 };
	unsigned int k, s;
	u8 f[1514];

	EXPECT_EQ(fcs((const u8 *)"123456789", 9), 0xcbf43926);
	for (k = 0; k < ARRAY_SIZE(all); k++) {
		s = all[k];
		init(s, 0);
		frame_for(f, mac, 1514);
		EXPECT(take(f, 1514));
		EXPECT_EQ(csr(0), 0x04f3);		/* RINT */
		EXPECT(irq);
		EXPECT_EQ(flags(s, RX_RING, 0), s ? 0x0340 : 0x0300);	/* PAM */
		EXPECT_EQ(count(s, RX_RING, 0), 1518);
		EXPECT(!memcmp(ram + RX_BUF, f, 1514));
		EXPECT_EQ(get(RX_BUF + 1514, 4), fcs(f, 1514));
		/* short ones are padded */
		EXPECT(take(f, 42));
		EXPECT_EQ(count(s, RX_RING, 1), 64);
		EXPECT_EQ(get(RX_BUF + 0x1000 + 42, 4), 0);
		/* in two buffers */
		desc(s, RX_RING, 2, RX_BUF + 0x2000, 0x8000, 100);
		EXPECT(take(f, 120));
		EXPECT_EQ(flags(s, RX_RING, 2) & 0xff00, 0x0200);
		EXPECT_EQ(flags(s, RX_RING, 3) & 0xff00, 0x0100);
		EXPECT_EQ(count(s, RX_RING, 3), 124);
		EXPECT(!memcmp(ram + RX_BUF + 0x3000, f + 100, 20));
		/* none left */
		EXPECT(!take(f, 120));
		EXPECT_EQ(csr(0) & 0x1000, 0);
		pcnet_miss(&p);
		EXPECT_EQ(csr(0) & 0x9000, 0x9000);	/* ERR MISS */
		EXPECT_EQ(csr(112), 1);
		/* one that is too small alone */
		desc(s, RX_RING, 0, RX_BUF, 0x8000, 64);
		EXPECT(take(f, 120));
		EXPECT_EQ(flags(s, RX_RING, 0) & 0xff00, 0x4600);	/* ERR BUFF STP */
	}
}

/*
 * Frames that come together: the guest gets their descriptors together, when all is true
 * that it can find out by them. A ring that is full of them is given back before a
 * descriptor would be used twice.
 */
static void together(void)
{
	unsigned int i;
	u8 f[64];

	init(2, 0);
	frame_for(f, mac, 64);
	settled = 0;
	for (i = 0; i < 2; i++) {
		f[20] = i;
		EXPECT(pcnet_receive(&p, f, 64));
	}
	EXPECT_EQ(settled, 0);
	EXPECT_EQ(flags(2, RX_RING, 0), 0x8000);
	EXPECT_EQ(ram[RX_BUF + 0x1000 + 20], 1);
	EXPECT(!irq);
	pcnet_received(&p);
	EXPECT(irq);
	EXPECT_EQ(settled, 2);
	EXPECT_EQ(seen[0], 0x80);		/* the data first, then that they are there */
	EXPECT_EQ(seen[1], 0x03);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(flags(2, RX_RING, i), 0x0340);
		EXPECT_EQ(count(2, RX_RING, i), 68);
	}
	pcnet_received(&p);			/* nothing more */
	EXPECT_EQ(settled, 2);
	desc(2, RX_RING, 0, RX_BUF, 0x8000, 0x1000);
	desc(2, RX_RING, 1, RX_BUF + 0x1000, 0x8000, 0x1000);
	for (i = 0; i < 4; i++)
		EXPECT(pcnet_receive(&p, f, 64));
	EXPECT(!pcnet_receive(&p, f, 64));	/* there are four, each of them used once */
	pcnet_received(&p);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(flags(2, RX_RING, i), 0x0340);
}

static void filter(void)
{
	static const u8 all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const u8 group[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };
	static const u8 other[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x57 };
	u32 hash = ~fcs(group, 6) >> 26;
	u8 f[64];

	init(2, 0);
	frame_for(f, other, 64);
	EXPECT(take(f, 64));
	frame_for(f, group, 64);
	EXPECT(take(f, 64));
	EXPECT_EQ(csr(0) & 0x0400, 0);
	frame_for(f, all, 64);
	EXPECT(take(f, 64));
	EXPECT_EQ(flags(2, RX_RING, 0), 0x0310);	/* BAM */
	set_csr(5, 1);
	EXPECT(!take(f, 64));	/* suspended: not now */
	set_csr(8 + hash / 16, 1 << hash % 16);
	set_csr(5, 0);
	frame_for(f, group, 64);
	EXPECT(take(f, 64));
	EXPECT_EQ(flags(2, RX_RING, 1), 0x0320);	/* LAFM */
	set_csr(5, 1);
	set_csr(15, 0x8000);
	set_csr(5, 0);
	frame_for(f, other, 64);
	EXPECT(take(f, 64));
	EXPECT_EQ(flags(2, RX_RING, 2), 0x0300);	/* promiscuous */
	set_csr(5, 1);
	set_csr(15, 0x6000);			/* no broadcast, not even its own */
	set_csr(5, 0);
	frame_for(f, all, 64);
	take(f, 64);
	frame_for(f, mac, 64);
	take(f, 64);
	EXPECT_EQ(flags(2, RX_RING, 3), 0x8000);
}

static void loopback(void)
{
	init(2, 0x0004);
	frame_for(ram + TX_BUF, mac, 80);
	desc(2, TX_RING, 0, TX_BUF, 0x8300, 80);
	set_csr(0, 0x48);
	EXPECT_EQ(frames, 0);
	EXPECT_EQ(csr(0), 0x06f3);
	EXPECT_EQ(count(2, RX_RING, 0), 84);
	EXPECT(!memcmp(ram + RX_BUF, ram + TX_BUF, 80));
}

/* What a guest may try: nothing of it reaches beyond memory, and all of it ends. */
static void hostile(void)
{
	u8 f[64], big[1600];
	unsigned int i;

	start();				/* no initialization block there */
	set_csr(1, 0xfff0);
	set_csr(2, 0xffff);
	set_csr(0, 0x43);
	EXPECT_EQ(csr(0), 0x0004);
	EXPECT_EQ(csr(5) & 0x0800, 0x0800);	/* SINT */
	EXPECT_EQ(p.pci.config[PCI_STATUS + 1] & 0x20, 0x20);

	init(2, 0);				/* a buffer that is no memory */
	desc(2, TX_RING, 0, RAM - 50, 0x8300, 100);
	set_csr(0, 0x48);
	EXPECT_EQ(frames, 0);
	EXPECT_EQ(csr(0), 0x0004);
	init(2, 0);
	desc(2, RX_RING, 0, 0xfffffff0, 0x8000, 1536);
	frame_for(f, mac, 64);
	EXPECT(take(f, 64));
	EXPECT_EQ(csr(0), 0x0004);

	init(2, 0);				/* too long, too short: no frame */
	frame_for(big, mac, sizeof(big));
	EXPECT(take(big, sizeof(big)));
	EXPECT(take(big, 13));
	EXPECT_EQ(csr(0) & 0x0400, 0);

	init(2, 0);				/* babble */
	desc(2, TX_RING, 0, TX_BUF, 0x8200, 4096);
	desc(2, TX_RING, 1, TX_BUF, 0x8100, 4096);
	set_csr(0, 0x48);
	EXPECT_EQ(frames, 0);
	EXPECT_EQ(csr(0) & 0xc000, 0xc000);
	EXPECT_EQ(flags(2, TX_RING, 1) & 0x8000, 0);

	init(2, 0);				/* a ring that is all one frame */
	for (i = 0; i < 4; i++)
		desc(2, TX_RING, i, TX_BUF, 0x8000, 1);
	set_csr(0, 0x48);
	EXPECT_EQ(frames, 0);
	EXPECT_EQ(csr(0) & 0x0010, 0);		/* TXON */
	EXPECT_EQ(get(TX_RING + 8, 4), 0xc0000000);	/* BUFF UFLO */

	init(2, 0);				/* a ring of 65,535 that is itself its buffers */
	set_csr(5, 1);
	set_csr(78, 1);
	set_csr(74, 77);
	set_csr(30, 0);
	set_csr(31, 0);
	memset(ram, 0x83, sizeof(ram));
	set_csr(5, 0);
	for (i = 0; i < 2000 && p.more; i++)
		pcnet_transmit(&p);
	EXPECT(!p.more);
}

static void saved(void)
{
	static u8 kept[1024];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u8 f[64];

	init(3, 0);
	frame_for(f, mac, 64);
	take(f, 64);
	pcnet_state(&p, &s);
	EXPECT(!s.bad);
	p = (struct pcnet){ .set_irq = set_irq, .memory = memory,
			    .settle = settle, .send = send_frame };
	pcnet_reset(&p, mac);
	irq = false;
	s = (struct state){ .data = kept, .size = s.pos, .load = true };
	pcnet_state(&p, &s);
	EXPECT(!s.bad);
	EXPECT(irq);
	EXPECT_EQ(bcr(20), 0x0303);
	EXPECT(take(f, 64));
	EXPECT_EQ(count(3, RX_RING, 1), 68);
	s = (struct state){ .data = kept, .size = 20, .load = true };
	pcnet_state(&p, &s);
	EXPECT(s.bad);
	EXPECT_EQ(csr(0), 4);
}

int main(void)
{
	CASE(defaults);
	CASE(layouts);
	CASE(styles);
	CASE(stopped_only);
	CASE(init_block);
	CASE(transmit);
	CASE(polling);
	CASE(poll_interval);
	CASE(no_room);
	CASE(transmit_options);
	CASE(receive);
	CASE(together);
	CASE(filter);
	CASE(loopback);
	CASE(hostile);
	CASE(saved);
	return check_failed != 0;
}
