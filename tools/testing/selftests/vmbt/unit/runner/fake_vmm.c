// SPDX-License-Identifier: GPL-2.0
/*
 * A vmm.c without a kernel module: the test double of vmbt-run's tests.
 *
 * Linked in place of tools/vmbt-run/vmm.c, it turns the whole runner into a
 * program that can be tested anywhere. The "guest" is a C function on a stack
 * of its own, picked by the kernel command line; its inb(), outb(), hlt() and
 * spin() become the exits that a real guest would cause, and interrupts call
 * its handler, with KVM's rules for windows, IF and signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <linux/vmbt.h>

#include "broker.h"
#include "fake_vmm.h"
#include "types.h"
#include "util.h"
#include "vmm.h"

#define PAGE		4096
#define STACK		(256 * 1024)
#define SLOTS		64

static union {
	struct kvm_run run;
	u8 bytes[3 * PAGE];
} page;

static struct {
	u64 gpa, size;
	u8 *where;
} slots[SLOTS];

static const char *cmdline;
static u8 *low_memory;
static ucontext_t host, guest;
static char stack[STACK];
static bool started, iflag;
static int queued = -1;
static u64 interrupts[256];
static u64 entries;
static struct kvm_regs first_regs;
static struct kvm_sregs first_sregs;

/* The guest's side */

static void service_interrupts(void);

static void leave(u32 reason)
{
	page.run.exit_reason = reason;
	swapcontext(&guest, &host);
	service_interrupts();
}

static void io(bool out, u16 port, unsigned int size, unsigned int count, void *data)
{
	page.run.io.direction = out ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	page.run.io.port = port;
	page.run.io.size = size;
	page.run.io.count = count;
	page.run.io.data_offset = PAGE;
	if (out)
		memcpy(page.bytes + PAGE, data, size * count);
	leave(KVM_EXIT_IO);
	if (!out)
		memcpy(data, page.bytes + PAGE, size * count);
}

void outb(u16 port, u8 val)
{
	io(true, port, 1, 1, &val);
}

u8 inb(u16 port)
{
	u8 val;

	io(false, port, 1, 1, &val);
	return val;
}

static u32 inl(u16 port)
{
	u32 val;

	io(false, port, 4, 1, &val);
	return val;
}

void outw(u16 port, u16 val)
{
	io(true, port, 2, 1, &val);
}

void outl(u16 port, u32 val)
{
	io(true, port, 4, 1, &val);
}

/* A store to where no memory is. */
void store(u64 gpa, u8 val)
{
	page.run.mmio.phys_addr = gpa;
	page.run.mmio.len = 1;
	page.run.mmio.is_write = true;
	page.run.mmio.data[0] = val;
	leave(KVM_EXIT_MMIO);
}

/* Memory at an address, or NULL. */
u8 *memory(u64 gpa)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (gpa - slots[i].gpa < slots[i].size)
			return slots[i].where + gpa - slots[i].gpa;
	return NULL;
}

static void puts_serial(const char *s)
{
	for (; *s; s++)
		outb(0x3f8, *s);
}

void hlt(void)
{
	leave(KVM_EXIT_HLT);
}

/* Computes: nothing but an interrupt or a signal gets us out. */
static void spin_once(void)
{
	leave(~0U);
}

void sti(void)
{
	iflag = true;
	if (page.run.request_interrupt_window)
		leave(KVM_EXIT_IRQ_WINDOW_OPEN);
	else
		service_interrupts();
}

static void eoi(int vector)
{
	if (vector >= 0x70)
		outb(0xa0, 0x20);
	outb(0x20, 0x20);
}

void (*handler)(int vector);

static void service_interrupts(void)
{
	int vector;

	while (iflag && queued >= 0) {
		vector = queued;
		queued = -1;
		interrupts[vector]++;
		iflag = false;
		if (handler)
			handler(vector);
		eoi(vector);
		iflag = true;
	}
}

/* Guests */

static void g_hello(void)
{
	puts_serial("hello from the guest\r\n");
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

static void g_halt(void)
{
	puts_serial("halting\n");
	hlt();
}

static void g_cf9(void)
{
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	for (;;)
		spin_once();
}

static void g_port92(void)
{
	outb(0x92, 0x03);
	for (;;)
		spin_once();
}

static void g_triple(void)
{
	puts_serial("falling\n");
	leave(KVM_EXIT_SHUTDOWN);
}

static void g_error(void)
{
	struct vmbt_run_ext *ext = (void *)(page.bytes + 2 * PAGE);

	puts_serial("partial line");
	snprintf(ext->text, sizeof(ext->text), "the guest entered ring 1 at 0008:12345678");
	page.run.internal.suberror = VMBT_INTERNAL_ERROR_UNSUPPORTED;
	leave(KVM_EXIT_INTERNAL_ERROR);
}

static void g_exit(void)
{
	puts_serial("out\r\nput vmbt-ex vmbt-exit: x\r\nlast");
	puts_serial("vmbt-exit: 42\r\n");
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

static void g_exit_stays(void)
{
	puts_serial("vmbt-exit: 0\n");
	iflag = true;
	for (;;)
		hlt();
}

static void g_prompt(void)
{
	puts_serial("no newline> ");
	for (;;)
		spin_once();
}

/* Echo by interrupts, as a driver does it; q ends. */
static bool done;

static void echo(int vector)
{
	u8 c;

	if (vector != 0x0c)
		return;
	while (inb(0x3fd) & 1) {
		c = inb(0x3f8);
		if (c == 'q')
			done = true;
		if (c == 3)
			puts_serial("^C");
		else
			outb(0x3f8, c);
	}
}

static void g_echo(void)
{
	handler = echo;
	outb(0x3fa, 0x81);		/* FIFOs, trigger level 8 */
	outb(0x3fc, 0x0b);
	outb(0x3f9, 0x01);
	outb(0x21, 0xeb);
	puts_serial("ready\n");
	iflag = true;
	while (!done)
		hlt();
	puts_serial("\nbye\n");
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

/* The same without ever halting: interrupts must get in by signal. */
static void g_spin_echo(void)
{
	handler = echo;
	outb(0x3fa, 0x81);
	outb(0x3fc, 0x0b);
	outb(0x3f9, 0x01);
	outb(0x21, 0xeb);
	puts_serial("ready\n");
	sti();
	while (!done)
		spin_once();
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

/* Counts 100 Hz ticks until the RTC has shown two new seconds, and some more. */
static u8 cmos(u8 reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static void g_clock(void)
{
	u64 first, start;
	char line[64];
	u8 was;
	int n;

	outb(0x43, 0x34);
	outb(0x40, 0x9c);
	outb(0x40, 0x2e);
	outb(0x21, 0xfa);
	sti();
	was = cmos(0);
	while (cmos(0) == was)
		hlt();
	first = interrupts[8];
	start = now_ns();
	for (n = 0; n < 2; n++) {
		was = cmos(0);
		while (cmos(0) == was)
			hlt();
	}
	/* On a busy host some are owed still. */
	for (n = 0; n < 50; n++)
		hlt();
	snprintf(line, sizeof(line), "ticks %llu in %llu ms\n", interrupts[8] - first,
		 (now_ns() - start) / 1000000);
	puts_serial(line);
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

/* Interrupts off for 300 ms: the ticks missed must come afterwards. */
static void g_late(void)
{
	char line[64];
	u64 start, n, end;

	outb(0x43, 0x34);
	outb(0x40, 0x9c);
	outb(0x40, 0x2e);
	outb(0x21, 0xfa);
	start = now_ns();
	while (now_ns() < start + 300000000)
		inb(0x80);
	n = interrupts[8];
	sti();
	do {
		hlt();
		end = now_ns();
	} while (end < start + 400000000);
	snprintf(line, sizeof(line), "before %llu after %llu in %llu ms\n", n, interrupts[8],
		 (end - start) / 1000000);
	puts_serial(line);
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

static void g_ports(void)
{
	char line[128];
	u32 data[4] = { 1, 2, 3, 4 };

	snprintf(line, sizeof(line), "%02x %08x", inb(0x278), inl(0x1234));
	puts_serial(line);
	io(false, 0x300, 4, 4, data);
	snprintf(line, sizeof(line), " %08x %08x", data[0], data[3]);
	puts_serial(line);
	io(true, 0x3f8, 1, 5, " rep\n");
	/* PCI: the mechanism is there, with a host bridge and nothing else. */
	data[0] = 0x80000000;
	io(true, 0xcf8, 4, 1, data);
	snprintf(line, sizeof(line), "%08x %08x ", inl(0xcf8), inl(0xcfc));
	puts_serial(line);
	data[0] = 0x80000800;
	io(true, 0xcf8, 4, 1, data);
	snprintf(line, sizeof(line), "%08x\n", inl(0xcfc));
	puts_serial(line);
	/* MMIO finds all ones. */
	page.run.mmio.phys_addr = 0xfee00000;
	page.run.mmio.len = 4;
	page.run.mmio.is_write = 0;
	memset(page.run.mmio.data, 0, 8);
	leave(KVM_EXIT_MMIO);
	memcpy(data, page.run.mmio.data, 4);
	snprintf(line, sizeof(line), "mmio %08x\n", data[0]);
	puts_serial(line);
	outb(0x64, 0xfe);
	for (;;)
		hlt();
}

static void g_reboot(void)
{
	char line[64];
	static int boots;

	snprintf(line, sizeof(line), "boot %d\n", ++boots);
	puts_serial(line);
	if (boots < 3)
		outb(0x64, 0xfe);
	else
		hlt();
	for (;;)
		spin_once();
}

static void g_flood(void)
{
	for (;;)
		puts_serial("0123456789012345678901234567890123456789\n");
}

static void pci_write(u8 devfn, u8 reg, u32 val, unsigned int size)
{
	u32 at = 0x80000000U | devfn << 8 | (reg & ~3);

	io(true, 0xcf8, 4, 1, &at);
	io(true, 0xcfc + (reg & 3), size, 1, &val);
}

static void tell(u8 val)
{
	char line[8];

	snprintf(line, sizeof(line), "%02x\n", val);
	outb(0x402, line[0]);
	outb(0x402, line[1]);
	outb(0x402, line[2]);
}

/*
 * In the place of firmware: tells the date and the keyboard's bytes on the debug port, and
 * switches the machine off when the power button is pushed.
 */
static void g_firmware(void)
{
	u16 status = 0, off = 0x2000;
	u8 reg;

	outb(0x64, 0x60);
	outb(0x60, 0x40);
	outb(0x60, 0xf4);
	pci_write(0x0b, 0x40, 0xb001, 4);
	pci_write(0x0b, 0x80, 1, 1);
	for (reg = 9; reg >= 7; reg--) {	/* year, month, day */
		outb(0x70, reg);
		tell(inb(0x71));
	}
	for (;;) {
		while (inb(0x64) & 1)
			tell(inb(0x60));
		io(false, 0xb000, 2, 1, &status);
		if (status & 0x100)
			io(true, 0xb004, 2, 1, &off);
		spin_once();
	}
}

/* One ATA command for some sectors of the first disk, by PIO; its status. */
static u8 ata(u8 command, u8 lba, u8 sectors, bool write, u8 *data)
{
	u8 *end = data + sectors * 512;
	u16 word;

	outb(0x1f6, 0xe0);
	outb(0x1f2, sectors);
	outb(0x1f3, lba);
	outb(0x1f4, 0);
	outb(0x1f5, 0);
	outb(0x1f7, command);
	while (inb(0x1f7) & 0x80)
		spin_once();
	for (; data != end && !(inb(0x1f7) & 0x01); data += 2) {
		memcpy(&word, data, 2);
		if (write)
			outw(0x1f0, word);
		else
			io(false, 0x1f0, 2, 1, data);
		while (inb(0x1f7) & 0x80)
			spin_once();
	}
	return inb(0x1f7);
}

/*
 * Says what is in sector 0, which it reads together with the next, writes sector 1, flushes,
 * and waits for a key, again and again.
 */
static void g_disk(void)
{
	static const char text[] = "written by the guest";
	u8 data[2 * 512];
	bool bad;

	for (;;) {
		bad = ata(0x20, 0, 2, false, data) & 0x01;
		data[512] = 0;
		puts_serial("sector 0: ");
		puts_serial(bad ? "an error" : (char *)data);
		memset(data, 0, sizeof(data));
		memcpy(data, text, sizeof(text));
		puts_serial(ata(0x30, 1, 1, true, data) & 0x01 ? "\nrefused\n" : "\nwritten\n");
		puts_serial(ata(0xe7, 0, 0, false, data) & 0x01 ? "not flushed\n" : "flushed\n");
		while (!(inb(0x3fd) & 1))
			spin_once();
		inb(0x3f8);
	}
}

static const struct {
	const char *name;
	void (*fn)(void);
} guests[] = {
	{ "hello", g_hello }, { "halt", g_halt }, { "cf9", g_cf9 }, { "port92", g_port92 },
	{ "triple", g_triple }, { "error", g_error }, { "exit", g_exit },
	{ "exit-stays", g_exit_stays }, { "prompt", g_prompt }, { "echo", g_echo },
	{ "spin-echo", g_spin_echo }, { "clock", g_clock }, { "late", g_late },
	{ "ports", g_ports }, { "reboot", g_reboot }, { "flood", g_flood },
	{ "firmware", g_firmware }, { "screen", screen_guest }, { "disk", g_disk },
};

static void guest_main(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(guests); i++)
		if (!strcmp(guests[i].name, cmdline))
			guests[i].fn();
	fprintf(stderr, "no such guest: %s\n", cmdline);
	exit(99);
}

/* The interface of vmm.h */

void vmm_create(struct vmm *vmm, const char *device, bool chips)
{
	int fd = broker_open(device, O_RDWR);

	(void)chips;
	if (fd < 0)
		die("%s: not there: load the module vmbt", device);
	close(fd);
	memset(&page, 0, sizeof(page));
	*vmm = (struct vmm){ .device = device, .run = &page.run, .run_size = sizeof(page) };
	started = false;
	iflag = false;
	handler = NULL;
	queued = -1;
	memset(interrupts, 0, sizeof(interrupts));
}

void vmm_destroy(struct vmm *vmm)
{
	(void)vmm;
}

int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	(void)vmm;
	(void)readonly;
	if (slot < SLOTS) {
		slots[slot].gpa = gpa;
		slots[slot].size = size;
		slots[slot].where = where;
	}
	if (!slot && !gpa)
		low_memory = where;
	return 0;
}

int vmm_memory_written(struct vmm *vmm, u64 gpa, u64 size)
{
	(void)vmm;
	(void)gpa;
	(void)size;
	return 0;
}

int vmm_set_regs(struct vmm *vmm, const struct kvm_regs *regs, const struct kvm_sregs *sregs)
{
	u32 at;

	(void)vmm;
	first_regs = *regs;
	first_sregs = *sregs;
	cmdline = getenv("FAKE_GUEST");
	if (!cmdline)
		cmdline = "firmware";
	if (sregs->cs.selector == 0xf000)
		return regs->rflags == 2 && regs->rip == 0xfff0 ? 0 : -EINVAL;
	if (regs->rflags != 2 || sregs->cr0 != 0x11 || sregs->cs.selector != 0x10)
		return -EINVAL;
	memcpy(&at, low_memory + regs->rsi + 0x228, 4);
	cmdline = (char *)low_memory + at;
	return 0;
}

int vmm_get_regs(struct vmm *vmm, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	(void)vmm;
	*regs = first_regs;
	*sregs = first_sregs;
	if (sregs->cs.selector == 0xf000)
		return 0;
	memset(regs, 0, sizeof(*regs));
	memset(sregs, 0, sizeof(*sregs));
	regs->rax = 0x11223344;
	regs->rip = 0x100000;
	return 0;
}

void vmm_irq_line(struct vmm *vmm, unsigned int irq, bool level)
{
	(void)vmm;
	(void)irq;
	(void)level;
}

int vmm_interrupt(struct vmm *vmm, u8 vector)
{
	(void)vmm;
	if (queued >= 0 || !iflag)
		return -EINVAL;
	queued = vector;
	return 0;
}

static int run_result(void)
{
	page.run.if_flag = iflag;
	page.run.ready_for_interrupt_injection = iflag && queued < 0;
	if (page.run.exit_reason == ~0U) {
		page.run.exit_reason = KVM_EXIT_INTR;
		return -EINTR;
	}
	return 0;
}

int vmm_run(struct vmm *vmm)
{
	sigset_t none;

	(void)vmm;
	entries++;
	if (__atomic_load_n(&page.run.immediate_exit, __ATOMIC_SEQ_CST)) {
		page.run.exit_reason = ~0U;
		return run_result();
	}
	/* The window is open already: no need to enter. */
	if (page.run.request_interrupt_window && iflag && queued < 0) {
		page.run.exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
		return run_result();
	}
	for (;;) {
		if (!started) {
			started = true;
			getcontext(&guest);
			guest.uc_stack.ss_sp = stack;
			guest.uc_stack.ss_size = sizeof(stack);
			guest.uc_link = NULL;
			makecontext(&guest, guest_main, 0);
		}
		swapcontext(&host, &guest);
		if (page.run.exit_reason != ~0U)
			return run_result();
		/* The guest computes. Only a signal ends that. */
		sigemptyset(&none);
		sigaddset(&none, SIGTERM);
		sigaddset(&none, SIGINT);
		sigaddset(&none, SIGHUP);
		if (!__atomic_load_n(&page.run.immediate_exit, __ATOMIC_SEQ_CST))
			ppoll(NULL, 0, &(struct timespec){ .tv_nsec = 20000000 }, &none);
		if (__atomic_load_n(&page.run.immediate_exit, __ATOMIC_SEQ_CST))
			return run_result();
	}
}

void *vmm_io_data(struct vmm *vmm)
{
	(void)vmm;
	return page.bytes + PAGE;
}

void vmm_set_a20(struct vmm *vmm, bool open)
{
	(void)vmm;
	((struct vmbt_run_ext *)(page.bytes + 2 * PAGE))->a20_masked = !open;
}

const char *vmm_error_text(struct vmm *vmm)
{
	(void)vmm;
	return ((struct vmbt_run_ext *)(page.bytes + 2 * PAGE))->text;
}

void vmm_each_stat(struct vmm *vmm, void (*fn)(void *arg, const char *name, u64 value), void *arg)
{
	(void)vmm;
	fn(arg, "fake_entries", entries);
}

bool vmm_zone(struct vmm *vmm, u64 addr, u32 size, bool pio, bool add)
{
	(void)vmm;
	(void)addr;
	(void)size;
	(void)pio;
	(void)add;
	return false;
}

bool vmm_set_pair(struct vmm *vmm, const struct vmbt_pair *pair)
{
	(void)vmm;
	(void)pair;
	return false;
}

void vmm_set_live(struct vmm *vmm, unsigned int pair, u32 value)
{
	(void)vmm;
	(void)pair;
	(void)value;
}

bool vmm_late(struct vmm *vmm, struct kvm_coalesced_mmio *write)
{
	(void)vmm;
	(void)write;
	return false;
}
