// SPDX-License-Identifier: GPL-2.0
/*
 * The BT-958 and its disks by port I/O: registers and commands as its drivers and
 * Adaptec's manual have them, mailboxes and CCBs in both formats, SCSI-2 commands, and
 * what a guest must not be able to do with them.
 */
#include "check.h"
#include "fakedisk.h"

#include "buslogic.h"

#define RAM	0x40000
#define BOX	0x1000
#define CCB	0x2000
#define SG	0x3000
#define SENSE	0x4000
#define DATA	0x10000
#define BOXES	4

static struct buslogic b;
static struct disk disk[3] = {
	{ .sectors = 4096, .overlay = -1 },
	{ .sectors = 100, .overlay = -1, .readonly = true },
	{ .sectors = 0x100000000ULL + 8, .overlay = -1 },
};

static u8 ram[RAM], buffers[BL_SLOTS * SCSI_CHUNK];
static bool irq;
static u16 isa;
static unsigned int in_box;

static void set_irq(void *arg, bool level)
{
	(void)arg;
	irq = level;
}

static void isa_moved(void *arg, u16 port)
{
	(void)arg;
	isa = port;
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

static void start(void)
{
	memset(&b, 0, sizeof(b));
	b.set_irq = set_irq;
	b.memory = memory;
	b.isa_moved = isa_moved;
	b.target[0].disk = &disk[0];
	b.target[3].disk = &disk[1];
	b.target[6].disk = &disk[2];
	memset(ram, 0, sizeof(ram));
	fake_fill();
	irq = false;
	in_box = 0;
	buslogic_init(&b, buffers);
	buslogic_reset(&b);
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

/* A command with parameters; its reply, as a driver takes it. */
static unsigned int command(u8 op, const void *params, unsigned int n, u8 *reply)
{
	const u8 *p = params;
	unsigned int got = 0;

	EXPECT(buslogic_read(&b, 0) & 0x10);
	buslogic_write(&b, 1, op);
	while (n--)
		buslogic_write(&b, 1, *p++);
	while (buslogic_read(&b, 0) & 0x04 && got < 300) {
		EXPECT(!(buslogic_read(&b, 0) & 0x10));
		reply[got++ % 256] = buslogic_read(&b, 1);
	}
	return got;
}

/* The same, with the interrupt that ends it. */
static unsigned int command_irq(u8 op, const void *params, unsigned int n, u8 *reply)
{
	unsigned int got = command(op, params, n, reply);

	EXPECT_EQ(buslogic_read(&b, 2), 0x84);
	EXPECT(irq);
	buslogic_write(&b, 0, 0x20);
	EXPECT_EQ(buslogic_read(&b, 2), 0);
	EXPECT(!irq);
	return got;
}

static void registers(void)
{
	start();
	EXPECT_EQ(buslogic_read(&b, 0), 0x30);	/* ready, mailboxes wanted */
	EXPECT_EQ(buslogic_read(&b, 2), 0x00);
	EXPECT_EQ(buslogic_read(&b, 3), 0x83);	/* extended translation, disk 0 */
	EXPECT_EQ(pci_func_get(&b.pci, 0), 0x1040104b);
	EXPECT_EQ(pci_func_get(&b.pci, 8) >> 16, 0x0100);
	EXPECT_EQ(b.pci.bar_size[0], 4);
	EXPECT_EQ(b.pci.config[PCI_INT_PIN], 1);
	buslogic_write(&b, 0, 0x80);		/* hard reset: the self test is seen */
	EXPECT_EQ(buslogic_read(&b, 0), 0x80);
	EXPECT_EQ(buslogic_read(&b, 0), 0x30);
	buslogic_write(&b, 0, 0x40);
	EXPECT_EQ(buslogic_read(&b, 0), 0x80);
	EXPECT_EQ(buslogic_read(&b, 0), 0x30);
}

static void inquiries(void)
{
	u8 r[256], len = 34, p[5];

	start();
	b.pci.config[PCI_INT_LINE] = 11;
	EXPECT_EQ(command_irq(0x00, NULL, 0, r), 0);
	EXPECT_EQ(command_irq(0x04, NULL, 0, r), 4);
	EXPECT(r[2] == '5' && r[3] == '0');
	EXPECT_EQ(command_irq(0x84, NULL, 0, r), 1);
	EXPECT_EQ(r[0], '7');
	EXPECT_EQ(command_irq(0x85, NULL, 0, r), 1);
	EXPECT_EQ(r[0], 'B');
	p[0] = 5;
	EXPECT_EQ(command_irq(0x8b, p, 1, r), 5);
	EXPECT(!memcmp(r, "958", 3));
	EXPECT_EQ(command_irq(0x0b, NULL, 0, r), 3);
	EXPECT(r[0] == 0 && r[1] == 0x04 && r[2] == 7);	/* IRQ 11, ID 7 */
	EXPECT_EQ(command_irq(0x0a, NULL, 0, r), 8);
	EXPECT(!memcmp(r, "\1\0\0\1\0\0\1\0", 8));
	EXPECT_EQ(command_irq(0x23, NULL, 0, r), 8);
	EXPECT(!memcmp(r, "\0\0\0\0\0\0\0\0", 8));
	EXPECT_EQ(command_irq(0x24, NULL, 0, r), 2);
	EXPECT(r[0] == 0x49 && !r[1]);
	EXPECT_EQ(command_irq(0x0d, &len, 1, r), 34);
	EXPECT(r[0] == 3 && r[8] == 0x8f && !r[9] && r[17] == 'B' && r[18] == 'D');
	len = 14;
	EXPECT_EQ(command_irq(0x8d, &len, 1, r), 14);
	EXPECT(r[0] == 'E' && r[2] + r[3] * 256 == 8192 && r[9] == 0x40 &&
	       !memcmp(r + 10, "07B", 3) && r[13] & 1);
	len = 255;
	EXPECT_EQ(command_irq(0x8c, &len, 1, r), 255);
	EXPECT(r[0] == 5 && !r[1] && r[3] == 5 && !r[16]);
	EXPECT_EQ(command_irq(0x86, NULL, 0, r), 4);
	EXPECT(r[0] == 6 && r[1] == 11);
	p[0] = 0x5a;
	EXPECT_EQ(command_irq(0x1f, p, 1, r), 1);
	EXPECT_EQ(r[0], 0x5a);
	p[0] = 64;
	p[1] = 64;
	EXPECT_EQ(command_irq(0x91, p, 2, r), 64);
	EXPECT(!memcmp(r, "FA", 2) && r[2] == 64 && r[14] == 7);
	EXPECT_EQ(command_irq(0x90, "\x10\x02\xaa\xbb", 4, r), 0);
	EXPECT_EQ(command_irq(0x91, "\x10\x02", 2, r), 2);
	EXPECT(r[0] == 0xaa && r[1] == 0xbb);
	EXPECT_EQ(command_irq(0x21, "\x02\x00\x00", 3, r), 0);
}

static void invalid(void)
{
	u8 r[256], big[258] = { 0, 255 };

	start();
	EXPECT_EQ(command(0x77, NULL, 0, r), 0);
	EXPECT_EQ(buslogic_read(&b, 0) & 0x11, 0x11);
	EXPECT_EQ(buslogic_read(&b, 2), 0x84);
	buslogic_write(&b, 0, 0x20);
	command_irq(0x00, NULL, 0, r);
	EXPECT(!(buslogic_read(&b, 0) & 1));
	command(0x91, "\xff\x02", 2, r);		/* behind the end of the RAM */
	EXPECT(buslogic_read(&b, 0) & 1);
	buslogic_write(&b, 0, 0x20);
	command(0x90, big, 257, r);			/* up to the very end */
	EXPECT(!(buslogic_read(&b, 0) & 1));
	buslogic_write(&b, 0, 0x20);
	big[0] = 2;
	command(0x90, big, 257, r);
	EXPECT(buslogic_read(&b, 0) & 1);
	buslogic_write(&b, 0, 0x20);
	command(0x81, "\0\0\x10\0\0", 5, r);		/* no mailboxes at all */
	EXPECT(buslogic_read(&b, 0) & 1 && buslogic_read(&b, 0) & 0x20);
	buslogic_write(&b, 0, 0x20);
	command(0x1b, "\x7f\xff\xff", 3, r);		/* where no RAM is */
	EXPECT(buslogic_read(&b, 0) & 1);
	EXPECT(b.pci.config[PCI_STATUS + 1] & 0x20);
	EXPECT_EQ(buslogic_read(&b, 1), 0);
}

static void isa_ports(void)
{
	u8 r[256];

	start();
	isa = 1;
	command(0x95, "\0", 1, r);
	EXPECT_EQ(buslogic_read(&b, 2), 0);		/* without an interrupt */
	EXPECT_EQ(isa, 0x330);
	command(0x95, "\5", 1, r);
	EXPECT_EQ(isa, 0x134);
	command(0x95, "\6", 1, r);
	EXPECT_EQ(isa, 0);
	command(0x95, "\x08", 1, r);
	EXPECT(buslogic_read(&b, 0) & 1);
}

static void guest_buffers(void)
{
	u8 r[256];
	unsigned int i;

	start();
	for (i = 0; i < 64; i++)
		ram[0x1234 + i] = i * 3 + 1;
	command_irq(0x1a, "\0\x12\x34", 3, r);
	command_irq(0x1b, "\0\x20\0", 3, r);
	EXPECT(!memcmp(ram + 0x2000, ram + 0x1234, 64));
	command_irq(0x1c, "\0\x12\x34", 3, r);
	command_irq(0x1d, "\0\x30\0", 3, r);
	EXPECT(!memcmp(ram + 0x3000, ram + 0x1234, 54) && !ram[0x3000 + 54]);
}

static void mailboxes(bool wide)
{
	u8 r[256];

	if (wide)
		command_irq(0x81, "\4\0\x10\0\0", 5, r);
	else
		command_irq(0x01, "\4\0\x10\0", 4, r);
	EXPECT(!(buslogic_read(&b, 0) & 0x20));
}

/* A 32-bit CCB. */
static void ccb(u32 at, u8 op, u8 target, const void *cdb, u8 len, u32 addr, u32 bytes)
{
	memset(ram + at, 0, 40);
	ram[at] = op;
	ram[at + 2] = len;
	ram[at + 3] = 18;
	put(at + 4, bytes, 4);
	put(at + 8, addr, 4);
	ram[at + 16] = target;
	memcpy(ram + at + 18, cdb, len);
	put(at + 36, SENSE, 4);
}

static void box(unsigned int n, u32 addr, u8 action)
{
	put(BOX + n * 8, addr, 4);
	ram[BOX + n * 8 + 7] = action;
}

/* What came back: adapter's status, target's, completion code; it frees the mailbox. */
static u32 answer(u32 addr)
{
	u32 at = BOX + BOXES * 8 + in_box * 8, val = get(at + 4, 4);

	EXPECT_EQ(get(at, 4), addr);
	EXPECT_EQ(buslogic_read(&b, 2), 0x81);
	EXPECT(irq);
	buslogic_write(&b, 0, 0x20);
	ram[at + 7] = 0;
	in_box = (in_box + 1) % BOXES;
	return val;
}

static u32 run(u8 op, u8 target, const void *cdb, u8 len, u32 addr, u32 bytes)
{
	ccb(CCB, op, target, cdb, len, addr, bytes);
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(ram[BOX + 7], 0);
	while (fake_req)
		fake_done();
	EXPECT_EQ(get(CCB + 14, 1), get(BOX + BOXES * 8 + in_box * 8 + 4, 1));
	EXPECT_EQ(get(CCB + 15, 1), get(BOX + BOXES * 8 + in_box * 8 + 5, 1));
	return answer(CCB);
}

#define GOOD	0x01000000
#define CHECK	0x04000200
#define HOST(n)	(0x04000000 | (n))

/* Key, code and qualifier of the sense data that came with it. */
static u32 sense(void)
{
	EXPECT_EQ(ram[SENSE], 0x70);
	return ram[SENSE + 2] << 16 | ram[SENSE + 12] << 8 | ram[SENSE + 13];
}

/* With mailboxes, and the disks' first complaints, of the reset, taken. */
static void ready(void)
{
	static const u8 tur[6] = { 0 };

	start();
	mailboxes(true);
	EXPECT_EQ(run(0, 0, tur, 6, 0, 0), CHECK);
	EXPECT_EQ(sense(), 0x062900);
	EXPECT_EQ(run(0, 0, tur, 6, 0, 0), GOOD);
	run(0, 3, tur, 6, 0, 0);
	run(0, 6, tur, 6, 0, 0);
}

static void disk_commands(void)
{
	ready();
	EXPECT_EQ(run(0, 0, "\x12\0\0\0\x24", 6, DATA, 36), GOOD);
	EXPECT(!memcmp(ram + DATA, "\0\0\2\2\x1f", 5) && !memcmp(ram + DATA + 8, "VMBT    ", 8));
	EXPECT_EQ(run(0, 0, "\x12\1\x80\0\xff", 6, DATA, 255), GOOD);
	EXPECT(ram[DATA + 1] == 0x80 && ram[DATA + 3] == 5 && ram[DATA + 8] == '0');
	EXPECT_EQ(run(0, 0, "\x12\1\x99\0\xff", 6, DATA, 255), CHECK);
	EXPECT_EQ(sense(), 0x052400);
	EXPECT_EQ(run(0, 0, "\x25\0\0\0\0\0\0\0\0", 10, DATA, 8), GOOD);
	EXPECT(!memcmp(ram + DATA, "\0\0\x0f\xff\0\0\2\0", 8));
	EXPECT_EQ(run(0, 6, "\x25\0\0\0\0\0\0\0\0", 10, DATA, 8), GOOD);
	EXPECT(!memcmp(ram + DATA, "\xff\xff\xff\xff\0\0\2\0", 8));
	EXPECT_EQ(run(0, 0, "\xa0\0\0\0\0\0\0\0\0\x10\0\0", 12, DATA, 16), GOOD);
	EXPECT(!memcmp(ram + DATA, "\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0", 16));
	EXPECT_EQ(run(0, 0, "\x1a\x08\x08\0\xff", 6, DATA, 255), GOOD);	/* caching, no block */
	EXPECT(ram[DATA] == 15 && ram[DATA + 2] == 0x10 && ram[DATA + 4] == 8 &&
	       ram[DATA + 6] == 4);
	EXPECT_EQ(run(0, 3, "\x5a\0\x3f\0\0\0\0\0\xff", 10, DATA, 255), GOOD);
	EXPECT(ram[DATA + 3] == 0x90 && ram[DATA + 7] == 8 && get(DATA + 8, 4) == 0x64000000);
	EXPECT_EQ(run(0, 0, "\x1a\0\xc8\0\xff", 6, DATA, 255), CHECK);
	EXPECT_EQ(sense(), 0x053900);
	EXPECT_EQ(run(0, 0, "\x04\0\0\0\0", 6, DATA, 0), CHECK);		/* FORMAT UNIT */
	EXPECT_EQ(sense(), 0x052000);
	EXPECT_EQ(run(0, 0, "\x16\0\0\0\0", 6, 0, 0), GOOD);
	EXPECT_EQ(run(0, 0, "\x17\0\0\0\0", 6, 0, 0), GOOD);
	EXPECT_EQ(run(0, 0, "\x2f\0\0\0\x0f\xff\0\0\1", 10, 0, 0), GOOD);
	EXPECT_EQ(run(0, 0, "\x2f\0\0\0\x0f\xff\0\0\2", 10, 0, 0), CHECK);
	EXPECT_EQ(sense(), 0x052100);
	EXPECT_EQ(run(0, 0, "\x1b\0\0\0\0", 6, 0, 0), GOOD);		/* stop */
	EXPECT_EQ(run(0, 0, "\x08\0\0\0\1", 6, DATA, 512), CHECK);
	EXPECT_EQ(sense(), 0x020402);
	EXPECT_EQ(run(0, 0, "\x1b\0\0\0\1", 6, 0, 0), GOOD);
	EXPECT_EQ(run(0, 0, "\0\0\0\0\0\1", 6, 0, 0), CHECK);		/* linked */
	EXPECT_EQ(sense(), 0x052400);
}

static void reads_and_writes(void)
{
	unsigned int i;

	ready();
	EXPECT_EQ(run(0, 0, "\x08\0\0\5\2", 6, DATA, 1024), GOOD);
	EXPECT(!memcmp(ram + DATA, fake_data + 5 * 512, 1024));
	EXPECT_EQ(run(0, 0, "\x28\0\0\0\0\7\0\1\0", 10, DATA, 128 * 1024), GOOD);
	EXPECT(!memcmp(ram + DATA, fake_data + 7 * 512, 128 * 1024));
	EXPECT_EQ(run(0, 0, "\xa8\0\0\0\0\x08\0\0\0\3\0\0", 12, DATA, 1536), GOOD);
	EXPECT(!memcmp(ram + DATA, fake_data + 8 * 512, 1536));
	for (i = 0; i < 4096; i++)
		ram[DATA + i] = i * 5 + 3;
	EXPECT_EQ(run(0, 0, "\x0a\0\0\x64\2", 6, DATA, 1024), GOOD);
	EXPECT(!memcmp(fake_data + 100 * 512, ram + DATA, 1024));
	EXPECT_EQ(run(0, 0, "\x2a\0\0\0\0\x70\0\0\4", 10, DATA, 2048), GOOD);
	EXPECT(!memcmp(fake_data + 112 * 512, ram + DATA, 2048));
	EXPECT_EQ(run(0, 0, "\xaa\0\0\0\0\x80\0\0\0\1\0\0", 12, DATA + 512, 512), GOOD);
	EXPECT(!memcmp(fake_data + 128 * 512, ram + DATA + 512, 512));
	EXPECT_EQ(fake_flushes, 0);
	EXPECT_EQ(run(0, 0, "\x35\0\0\0\0\0\0\0\0", 10, 0, 0), GOOD);
	EXPECT_EQ(fake_flushes, 1);
	EXPECT_EQ(run(0, 0, "\x2a\x08\0\0\0\1\0\0\1", 10, DATA, 512), GOOD);	/* FUA */
	EXPECT_EQ(fake_flushes, 2);
	memcpy(ram + DATA, "\0\0\0\0\x08\x0a\0\0\0\0\0\0\0\0\0\0", 16);
	EXPECT_EQ(run(0, 0, "\x15\x10\0\0\x10", 6, DATA, 16), GOOD);	/* no write cache */
	EXPECT_EQ(run(0, 0, "\x0a\0\0\1\1", 6, DATA, 512), GOOD);
	EXPECT_EQ(fake_flushes, 3);
	ram[DATA + 8] = 1;
	EXPECT_EQ(run(0, 0, "\x15\x10\0\0\x10", 6, DATA, 16), CHECK);
	EXPECT_EQ(sense(), 0x052600);
	EXPECT_EQ(run(0, 0, "\x28\0\0\0\x0f\xff\0\0\2", 10, DATA, 1024), CHECK);
	EXPECT_EQ(sense(), 0x052100);
	EXPECT_EQ(run(0, 3, "\x0a\0\0\0\1", 6, DATA, 512), CHECK);
	EXPECT_EQ(sense(), 0x072700);
	fake_error = -EIO;
	EXPECT_EQ(run(0, 0, "\x08\0\0\0\1", 6, DATA, 512), CHECK);
	EXPECT_EQ(sense(), 0x031100);
	EXPECT_EQ(run(0, 0, "\x0a\0\0\0\1", 6, DATA, 512), CHECK);
	EXPECT_EQ(sense(), 0x030c00);
	fake_error = 0;
	EXPECT_EQ(run(0, 0, "\x28\0\0\0\0\0\0\0\0", 10, DATA, 0), GOOD);	/* none at all */
}

static void piece(unsigned int n, u32 addr, u32 len)
{
	put(SG + n * 8, len, 4);
	put(SG + n * 8 + 4, addr, 4);
}

static void scatter_gather(void)
{
	ready();
	piece(0, DATA, 100);
	piece(1, DATA + 0x1000, 0);
	piece(2, DATA + 0x2000, 412);
	piece(3, DATA + 0x3000, 1000);
	EXPECT_EQ(run(2, 0, "\x08\0\0\1\2", 6, SG, 32), GOOD);
	EXPECT(!memcmp(ram + DATA, fake_data + 512, 100));
	EXPECT(!memcmp(ram + DATA + 0x2000, fake_data + 612, 412));
	EXPECT(!memcmp(ram + DATA + 0x3000, fake_data + 1024, 512) && !ram[DATA + 0x3000 + 512]);
	EXPECT_EQ(run(4, 0, "\x08\0\0\1\2", 6, SG, 32), GOOD);
	EXPECT_EQ(get(CCB + 4, 4), 488);		/* not used */
	piece(4, DATA, 7);
	piece(5, DATA, 70);
	EXPECT_EQ(run(4, 0, "\x08\0\0\1\2", 6, SG, 48), GOOD);
	EXPECT_EQ(get(CCB + 4, 4), 488 + 7 + 70);
	EXPECT_EQ(run(3, 0, "\x12\0\0\0\xff", 6, DATA, 255), GOOD);
	EXPECT_EQ(get(CCB + 4, 4), 255 - 36);
	EXPECT_EQ(run(4, 0, "\x0a\0\0\x09\2", 6, SG, 32), GOOD);
	EXPECT(!memcmp(fake_data + 9 * 512, ram + DATA, 100));
	EXPECT(!memcmp(fake_data + 9 * 512 + 100, ram + DATA + 0x2000, 412));
	EXPECT_EQ(run(2, 0, "\x08\0\0\1\4", 6, SG, 32), HOST(0x12));	/* too little room */
	EXPECT_EQ(run(2, 0, "\x0a\0\0\1\4", 6, SG, 32), HOST(0x12));
}

static void hostile(void)
{
	unsigned int i;

	ready();
	EXPECT_EQ(run(0, 0, "\x08\0\0\0\2", 6, RAM - 512, 1024), HOST(0x20));
	EXPECT_EQ(run(0, 0, "\x0a\0\0\0\1", 6, 0xffffff00, 512), HOST(0x20));
	EXPECT(b.pci.config[PCI_STATUS + 1] & 0x20);
	EXPECT_EQ(run(2, 0, "\x08\0\0\0\1", 6, RAM - 4, 8), HOST(0x20));
	EXPECT_EQ(run(2, 0, "\x08\0\0\0\1", 6, SG, 0xffffffff), HOST(0x1a));
	/* A list of itself: entries that say they are long end with the list. */
	for (i = 0; i < 8192; i++)
		put(RAM - 0x10000 + i * 8, i % 2 ? 1 : 0, 4);
	EXPECT_EQ(run(4, 0, "\x08\0\0\0\xff", 6, RAM - 0x10000, 0x10000), HOST(0x12));
	EXPECT_EQ(run(0, 5, "\0\0\0\0\0", 6, 0, 0), HOST(0x11));
	EXPECT_EQ(run(0, 77, "\0\0\0\0\0", 6, 0, 0), HOST(0x11));
	EXPECT_EQ(run(9, 0, "\0\0\0\0\0", 6, 0, 0), HOST(0x16));
	EXPECT_EQ(run(0, 0, "\0\0\0\0\0\0\0\0\0\0\0\0", 13, 0, 0), HOST(0x1a));
	EXPECT_EQ(run(0, 0, "", 0, 0, 0), HOST(0x1a));
	/* The direction that the CCB says is not the command's. */
	ccb(CCB, 0, 0, "\x08\0\0\0\1", 6, DATA, 512);
	ram[CCB + 1] = 0x10;
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	fake_done();
	EXPECT_EQ(answer(CCB), HOST(0x14));
	/* Nor is there a CCB, nor such an action. */
	box(0, 0xfffffff0, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(0xfffffff0), HOST(0x20));
	box(0, CCB, 7);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(CCB), HOST(0x15));
	/* Mailboxes where no memory is. */
	command_irq(0x81, "\4\0\0\xff\xff", 5, buffers);
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(buslogic_read(&b, 2), 0);
}

static void units(void)
{
	ready();
	ccb(CCB, 0, 0, "\0\0\0\0\0", 6, 0, 0);
	ram[CCB + 17] = 1;
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(CCB), CHECK);
	EXPECT_EQ(sense(), 0x052500);
	ccb(CCB, 0, 0, "\x12\0\0\0\x24", 6, DATA, 36);
	ram[CCB + 17] = 2;
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(CCB), GOOD);
	EXPECT_EQ(ram[DATA], 0x7f);
	/* A length of 0 stands for 14 bytes. */
	ccb(CCB, 0, 0, "\x04\0\0\0\0", 6, 0, 0);
	ram[CCB + 3] = 0;
	box(0, CCB, 1);
	b.out = 0;
	memset(ram + SENSE, 0xee, 18);
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(CCB), CHECK);
	EXPECT(ram[SENSE + 12] == 0x20 && !ram[SENSE + 13] && ram[SENSE + 14] == 0xee);
	/* Without automatic sense the target keeps it. */
	ccb(CCB, 0, 0, "\x04\0\0\0\0", 6, 0, 0);
	ram[CCB + 3] = 1;
	box(0, CCB, 1);
	b.out = 0;
	memset(ram + SENSE, 0, 18);
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(CCB), CHECK);
	EXPECT_EQ(ram[SENSE], 0);
	EXPECT_EQ(run(0, 0, "\x03\0\0\0\x12", 6, DATA, 18), GOOD);
	EXPECT(ram[DATA] == 0x70 && ram[DATA + 2] == 5 && ram[DATA + 12] == 0x20);
	EXPECT_EQ(run(0, 0, "\x03\0\0\0\x12", 6, DATA, 18), GOOD);
	EXPECT_EQ(ram[DATA + 2], 0);
}

/* Four commands at once, in the order of the mailboxes; then more than these hold. */
static void queues(void)
{
	u8 r[256];
	unsigned int i;

	ready();
	command_irq(0x8f, "\1", 1, r);			/* strict round robin */
	b.out = 0;
	for (i = 0; i < BOXES; i++) {
		ccb(CCB + i * 64, 0, 0, "\x08\0\0\0\1", 6, DATA + i * 512, 512);
		ram[CCB + i * 64 + 18 + 3] = i;
		box(i, CCB + i * 64, 1);
	}
	box(1, 0, 0);					/* a hole: it stops there */
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(ram[BOX + 7], 0);
	EXPECT_EQ(ram[BOX + 2 * 8 + 7], 1);
	box(1, CCB + 64, 1);
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(ram[BOX + 3 * 8 + 7], 0);
	for (i = 0; i < BOXES; i++)
		fake_done();
	EXPECT(!fake_req);
	for (i = 0; i < BOXES; i++) {
		u32 at = BOX + BOXES * 8 + (in_box + i) % BOXES * 8;

		EXPECT_EQ(get(at, 4), CCB + i * 64);
		EXPECT_EQ(get(at + 4, 4), GOOD);
		EXPECT(!memcmp(ram + DATA + i * 512, fake_data + i * 512, 512));
	}
	/* All incoming mailboxes are full: completions wait. */
	EXPECT(!buslogic_waits(&b));
	ccb(CCB, 0, 0, "\0\0\0\0\0", 6, 0, 0);
	box(0, CCB, 1);
	buslogic_write(&b, 1, 0x02);
	EXPECT(buslogic_waits(&b));
	buslogic_write(&b, 0, 0x20);
	EXPECT_EQ(buslogic_read(&b, 2), 0);
	ram[BOX + BOXES * 8 + in_box * 8 + 7] = 0;
	buslogic_retry(&b);
	EXPECT(!buslogic_waits(&b));
	EXPECT_EQ(get(BOX + BOXES * 8 + in_box * 8, 4), CCB);
	EXPECT_EQ(buslogic_read(&b, 2), 0x81);
}

/* More commands than slots: the rest stays in the mailboxes and is taken later. */
static void many(void)
{
	u8 r[256];
	unsigned int i, done = 0;

	start();
	b.target[0].attention = false;
	command_irq(0x81, "\x64\0\x10\0\0", 5, r);
	for (i = 0; i < 100; i++) {
		ccb(0x8000 + i * 64, 0, 0, "\x08\0\0\0\1", 6, DATA, 512);
		box(i, 0x8000 + i * 64, 1);
	}
	buslogic_write(&b, 1, 0x02);
	for (i = 0; i < 100; i++)
		done += !ram[BOX + i * 8 + 7];
	EXPECT_EQ(done, BL_SLOTS);
	while (fake_req)
		fake_done();
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(ram[BOX + i * 8 + 7], 0);
		EXPECT_EQ(get(BOX + 800 + i * 8, 4), 0x8000 + i * 64);
		EXPECT_EQ(get(BOX + 800 + i * 8 + 4, 4), GOOD);
	}
}

static void aborts_and_resets(void)
{
	ready();
	ccb(CCB, 0, 0, "\x28\0\0\0\0\0\0\2\0", 10, DATA, 0x20000);
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	box(1, CCB, 2);
	buslogic_write(&b, 1, 0x02);
	fake_done();
	EXPECT(!fake_req);				/* the rest is not read */
	EXPECT_EQ(answer(CCB), 0x02000000);
	box(2, CCB, 2);
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(answer(CCB), 0x03000000);		/* no such command */
	/* A reset of the bus ends what is under way, and targets say so. */
	box(3, CCB, 1);
	buslogic_write(&b, 1, 0x02);
	buslogic_write(&b, 0, 0x10);
	fake_done();
	EXPECT_EQ(answer(CCB), HOST(0x22));
	EXPECT_EQ(run(0, 0, "\0\0\0\0\0", 6, 0, 0), CHECK);
	EXPECT_EQ(sense(), 0x062900);
	/* A bus device reset. */
	EXPECT_EQ(run(0x81, 0, "", 0, 0, 0), GOOD);
	EXPECT_EQ(run(0, 0, "\0\0\0\0\0", 6, 0, 0), CHECK);
	/* After a hard reset nobody hears of what was under way. */
	ccb(CCB, 0, 0, "\x08\0\0\0\1", 6, DATA, 512);
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	buslogic_write(&b, 0, 0x80);
	memset(ram + DATA, 0, 512);
	fake_done();
	EXPECT_EQ(buslogic_read(&b, 2), 0);
	EXPECT(!buslogic_waits(&b));
	EXPECT(!memcmp(ram + DATA, ram + DATA + 1, 511) && !ram[DATA]);
}

/* Mailboxes and CCBs as the AHA-1540 has them. */
static void narrow(void)
{
	static const u8 c[24] = {
		2, 0x60, 6, 18, 0, 0, 12, 0, 0x30, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0,
		0x08, 0, 0, 3, 1, 0,
	};

	start();
	mailboxes(false);
	b.target[3].attention = false;
	memcpy(ram + CCB, c, sizeof(c));		/* target 3 */
	memcpy(ram + SG, "\0\0\x0a\1\0\0\0\x01\xf6\1\x10\0", 12);
	memcpy(ram + BOX, "\1\0\x20\0", 4);
	buslogic_write(&b, 1, 0x02);
	fake_done();
	EXPECT_EQ(get(BOX, 1), 0);
	EXPECT(!memcmp(ram + BOX + 16, "\1\0\x20\0", 4));
	EXPECT_EQ(get(CCB + 14, 2), 0);
	EXPECT(!memcmp(ram + 0x10000, fake_data + 3 * 512, 10));
	EXPECT(!memcmp(ram + 0x11000, fake_data + 3 * 512 + 10, 502));
	buslogic_write(&b, 0, 0x20);
	/* Sense data follow the command. */
	ram[CCB] = 0;
	ram[CCB + 18] = 0x04;
	memcpy(ram + BOX + 4, "\1\0\x20\0", 4);
	buslogic_write(&b, 1, 0x02);
	EXPECT(!memcmp(ram + BOX + 20, "\4\0\x20\0", 4));
	EXPECT_EQ(get(CCB + 14, 2), 0x0200);
	EXPECT(ram[CCB + 24] == 0x70 && ram[CCB + 26] == 5 && ram[CCB + 36] == 0x20);
}

static void interrupts(void)
{
	u8 r[256];

	ready();
	command(0x05, "\1", 1, r);			/* tell of free mailboxes */
	EXPECT_EQ(buslogic_read(&b, 2), 0);
	ccb(CCB, 0, 0, "\0\0\0\0\0", 6, 0, 0);
	box(0, CCB, 1);
	b.out = 0;
	buslogic_write(&b, 1, 0x02);
	EXPECT_EQ(buslogic_read(&b, 2), 0x82);		/* one cause at a time */
	buslogic_write(&b, 0, 0x20);
	EXPECT_EQ(buslogic_read(&b, 2), 0x81);
	command(0x00, NULL, 0, r);
	EXPECT_EQ(buslogic_read(&b, 2), 0x81);
	buslogic_write(&b, 0, 0x20);
	EXPECT_EQ(buslogic_read(&b, 2), 0x84);
	EXPECT(irq);
	buslogic_write(&b, 0, 0x20);
	EXPECT(!irq);
	command(0x25, "\0", 1, r);
	EXPECT_EQ(buslogic_read(&b, 2), 0x84);
	EXPECT(!irq);					/* the line is off */
}

static void state(void)
{
	static u8 kept[16384];
	struct state s = { .data = kept, .size = sizeof(kept) };
	u8 r[256];

	ready();
	command_irq(0x8f, "\1", 1, r);
	command(0x95, "\2", 1, r);
	buslogic_write(&b, 1, 0x91);
	buslogic_write(&b, 1, 64);
	b.target[0].write_through = true;
	buslogic_state(&b, &s);
	EXPECT(!s.bad);
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	start();
	isa = 0;
	buslogic_state(&b, &s);
	EXPECT(!s.bad && s.pos == s.size);
	EXPECT_EQ(isa, 0x230);
	EXPECT(b.strict && b.wide && b.base == BOX && b.mailboxes == BOXES);
	EXPECT(b.target[0].write_through && !b.target[0].attention);
	buslogic_write(&b, 1, 2);			/* the command goes on */
	EXPECT_EQ(buslogic_read(&b, 1), 'F');
	EXPECT_EQ(buslogic_read(&b, 1), 'A');
	EXPECT(irq);
	/* What can't be is refused. */
	memset(kept, 0xff, sizeof(kept));
	s.pos = 0;
	buslogic_state(&b, &s);
	EXPECT(s.bad);
	EXPECT_EQ(b.mailboxes, 0);
	EXPECT_EQ(b.posts, 0);
}

int main(void)
{
	CASE(registers);
	CASE(inquiries);
	CASE(invalid);
	CASE(isa_ports);
	CASE(guest_buffers);
	CASE(disk_commands);
	CASE(reads_and_writes);
	CASE(scatter_gather);
	CASE(hostile);
	CASE(units);
	CASE(queues);
	CASE(many);
	CASE(aborts_and_resets);
	CASE(narrow);
	CASE(interrupts);
	CASE(state);
	return check_failed != 0;
}
